"""Everything a stranger can get wrong, on purpose or not: each gets its own exact answer, and the server
goes on serving the others."""

import json
import os
import pathlib
import socket
import struct
import subprocess
import tempfile
import time
import unittest

import harness
import wire

ROOT = pathlib.Path(__file__).resolve().parents[2]
EVENTS, FRAMES = wire.load_schema(str(ROOT))


def code(name):
    return FRAMES.ErrorCode.Value("ERROR_CODE_" + name)


class Case(harness.ServerCase):
    def secret(self):
        return (self.server.data / "dev.key").read_bytes()

    def connect(self):
        client = wire.WireClient(FRAMES, self.server.listen)
        self.addCleanup(client.close)
        return client

    def signed_in(self, user, device="phone"):
        client = self.connect()
        welcome = client.hello(wire.make_token(self.secret(), user, device))
        self.assertEqual(welcome.WhichOneof("body"), "welcome", welcome)
        return client

    def assertRefused(self, frame, name, closing=None):
        self.assertEqual(frame.WhichOneof("body"), "error", frame)
        self.assertEqual(FRAMES.ErrorCode.Name(frame.error.code), "ERROR_CODE_" + name, frame)
        self.assertTrue(frame.error.detail)
        if closing is not None:
            self.assertEqual(frame.error.closing, closing)

    def assertClosed(self, client):
        with self.assertRaises(wire.Closed):
            while True:
                client.receive()


class Frames(Case):
    def test_first_frame_must_be_hello(self):
        client = self.connect()
        self.assertRefused(client.ask(heartbeat=FRAMES.Heartbeat()), "HELLO_EXPECTED", True)
        self.assertClosed(client)

    def test_second_hello(self):
        client = self.signed_in("again")
        self.assertRefused(client.hello("x"), "HELLO_EXPECTED", False)

    def test_malformed(self):
        client = self.connect()
        client.send_bytes(struct.pack(">I", 5) + b"\xff\xff\xff\xff\xff")
        self.assertRefused(client.receive(), "MALFORMED", True)
        self.assertClosed(client)

    def test_oversized(self):
        client = self.signed_in("large")
        client.send_bytes(struct.pack(">I", 131073) + b"x" * 1000)
        self.assertRefused(client.receive(), "FRAME_TOO_LARGE", True)
        self.assertClosed(client)

    def test_neither_protocol(self):
        client = self.connect()
        client.send_bytes(b"SSH-2.0-OpenSSH_9.2\r\n")
        self.assertClosed(client)

    def test_half_frame_and_gone(self):
        client = self.signed_in("half")
        client.send_bytes(struct.pack(">I", 1000) + b"x" * 10)
        client.close()
        self.signed_in("half", "other")

    def test_unknown_body(self):
        client = self.signed_in("future")
        request = client.send()
        self.assertRefused(client.answer(request), "MALFORMED", False)

    def test_unsupported_version(self):
        client = self.connect()
        answer = client.ask(hello=FRAMES.Hello(version_min=2, version_max=9, token="x"))
        self.assertRefused(answer, "UNSUPPORTED_VERSION", True)

    def test_hello_is_due(self):
        client = wire.WireClient(FRAMES, self.server.listen, timeout=20)
        self.addCleanup(client.close)
        client.send_bytes(b"\0")  # raw TCP, and then nothing
        self.assertRefused(client.receive(), "HELLO_TIMEOUT", True)
        self.assertClosed(client)


class Tokens(Case):
    def refused(self, token, name):
        client = self.connect()
        self.assertRefused(client.hello(token), name, True)
        self.assertClosed(client)

    def test_wrong(self):
        self.refused("", "TOKEN_INVALID")
        self.refused("not.a.token", "TOKEN_INVALID")
        self.refused("x" * 5000, "TOKEN_INVALID")

    def test_foreign(self):
        self.refused(wire.make_token(b"k" * 32, "mallory", "phone"), "TOKEN_INVALID")

    def test_expired(self):
        self.refused(wire.make_token(self.secret(), "late", "phone", ttl_s=-5), "TOKEN_EXPIRED")

    def test_unsigned(self):
        header = wire.base64url(json.dumps({"alg": "none"}).encode())
        claims = {"sub": "mallory", "device": "x", "exp": int(time.time()) + 60}
        self.refused(header + "." + wire.base64url(json.dumps(claims).encode()) + ".",
                     "TOKEN_INVALID")

    def test_expires_while_connected(self):
        client = self.connect()
        client.hello(wire.make_token(self.secret(), "brief", "phone", ttl_s=2))
        self.assertRefused(client.receive(), "TOKEN_EXPIRED", True)
        self.assertClosed(client)

    def test_two_devices_with_one_name(self):
        first = self.signed_in("twin", "same")
        second = self.signed_in("twin", "same")
        self.assertRefused(first.receive(), "SESSION_REPLACED", True)
        self.assertClosed(first)
        self.assertEqual(second.ask(heartbeat=FRAMES.Heartbeat()).WhichOneof("body"), "heartbeat")


class Flood(Case):
    settings = "requests_per_second: 50\n"

    def test_flood_is_slowed_down_and_nobody_else_notices(self):
        frames, burst = 40000, 100
        flooder, other = self.signed_in("flooder"), self.signed_in("other")
        for _ in range(frames):
            flooder.send(heartbeat=FRAMES.Heartbeat())
        for _ in range(20):
            self.assertEqual(other.ask(heartbeat=FRAMES.Heartbeat()).WhichOneof("body"),
                             "heartbeat")
        answers, told = 0, []
        flooder.socket.settimeout(0.2)
        try:
            while True:
                frame = flooder.receive()
                if frame.WhichOneof("body") == "error":
                    told.append(frame)
                else:
                    answers += 1
        except TimeoutError:
            pass
        # What was read at once is answered; then it is told, once, and read at its rate.
        self.assertEqual(len(told), 1)
        self.assertRefused(told[0], "RATE_LIMITED", False)
        self.assertEqual(told[0].error.retry_after_ms, 1000)
        self.assertGreaterEqual(answers, burst)
        self.assertLess(answers, frames // 2)
        self.assertEqual(other.ask(heartbeat=FRAMES.Heartbeat()).WhichOneof("body"), "heartbeat")


class Requests(Case):
    def setUp(self):
        self.owner = self.signed_in("owner")
        opened = self.owner.ask(open_conversation=FRAMES.OpenConversation(user="friend"))
        self.talk = opened.opened.conversation

    def send(self, client, **fields):
        message = {"conversation": self.talk, "message_id": wire.new_message_id(),
                   "content_type": EVENTS.CONTENT_TYPE_TEXT, "body": b"x", **fields}
        return client.ask(send=FRAMES.Send(**message))

    def recall(self, client, *targets, **fields):
        request = {"conversation": self.talk, "request_id": b"r", "targets": targets, **fields}
        return client.ask(recall=FRAMES.RecallRequest(**request))

    def test_send(self):
        for name, fields in [
                ("UNKNOWN_CONVERSATION", {"conversation": "no-such"}),
                ("INVALID_ID", {"conversation": "white space"}),
                ("INVALID_ID", {"conversation": "x" * 65}),
                ("INVALID_ID", {"message_id": b"short"}),
                ("INVALID_ID", {"message_id": b"\0" * 16}),
                ("INVALID_ID", {"after": b"short"}),
                ("FIELD_INVALID", {"content_type": 0}),
                ("FIELD_INVALID", {"content_type": 8}),
                ("BODY_TOO_LARGE", {"body": b"x" * 65537}),
                ("OUT_OF_ORDER", {"after": wire.new_message_id()})]:
            with self.subTest(name=name, fields=str(fields)[:60]):
                self.assertRefused(self.send(self.owner, **fields), name, False)
        self.assertEqual(self.send(self.owner, body=b"x" * 65536).WhichOneof("body"), "accepted")

    def test_stranger(self):
        stranger = self.signed_in("stranger")
        self.assertRefused(self.send(stranger), "NOT_A_MEMBER")
        self.assertRefused(self.recall(stranger, FRAMES.Target(seq=1)), "NOT_A_MEMBER")
        self.assertRefused(stranger.read(self.talk)[1], "NOT_A_MEMBER")
        ack = FRAMES.Ack(cursors=[FRAMES.Cursor(conversation=self.talk, origin=1, stored=1)])
        self.assertRefused(stranger.ask(ack=ack), "NOT_A_MEMBER")

    def test_recall(self):
        for name, fields in [
                ("FIELD_INVALID", {"targets": []}),
                ("FIELD_INVALID", {"targets": [FRAMES.Target(seq=1)] * 101}),
                ("FIELD_INVALID", {"targets": [FRAMES.Target()]}),
                ("INVALID_ID", {"request_id": b""}),
                ("INVALID_ID", {"request_id": b"x" * 65}),
                ("FIELD_INVALID", {"reason": "x" * 257}),
                ("FIELD_INVALID", {"extension": b"x" * 1025}),
                ("UNKNOWN_CONVERSATION", {"conversation": "no-such"})]:
            with self.subTest(name=name, fields=str(fields)[:60]):
                targets = fields.pop("targets", [FRAMES.Target(seq=1)])
                self.assertRefused(self.recall(self.owner, *targets, **fields), name, False)

    def test_recall_of_what_is_not_there(self):
        outcomes = self.recall(self.owner, FRAMES.Target(seq=1), FRAMES.Target(seq=10 ** 12),
                               FRAMES.Target(origin=7, seq=1), request_id=b"strange").recall.outcomes
        self.assertEqual([FRAMES.ErrorCode.Name(outcome.refusal) for outcome in outcomes],
                         ["ERROR_CODE_NOT_A_MESSAGE", "ERROR_CODE_UNKNOWN_MESSAGE",
                          "ERROR_CODE_UNKNOWN_MESSAGE"])

    def test_someone_elses_message(self):
        seq = self.send(self.owner).accepted.seq
        friend = self.signed_in("friend")
        outcome = self.recall(friend, FRAMES.Target(seq=seq)).recall.outcomes[0]
        self.assertEqual(outcome.refusal, code("NOT_PERMITTED"))

    def test_cursors(self):
        for stored, displayed in [(10 ** 9, 0), (0, 1)]:
            ack = FRAMES.Ack(cursors=[FRAMES.Cursor(conversation=self.talk, origin=1,
                                                    stored=stored, displayed=displayed)])
            self.assertRefused(self.owner.ask(ack=ack), "CURSOR_INVALID")
        many = FRAMES.Ack(cursors=[FRAMES.Cursor(conversation=self.talk, origin=1)] * 257)
        self.assertRefused(self.owner.ask(ack=many), "FIELD_INVALID")

    def test_read(self):
        self.assertRefused(self.owner.read("no-such")[1], "UNKNOWN_CONVERSATION")
        self.assertRefused(self.owner.read(self.talk, limit=201)[1], "FIELD_INVALID")
        self.assertEqual(self.owner.read(self.talk, after=2 ** 64 - 1)[0], [])


class Files(unittest.TestCase):
    def setUp(self):
        self.directory = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))

    def refused(self, *arguments):
        result = harness.run("serve", "--data", self.directory / "data", "--listen", "127.0.0.1:0",
                             "--http", "127.0.0.1:0", *arguments)
        self.assertEqual(result.code, 1, result)
        self.assertTrue(result.err.strip(), result)
        return result.err

    def start(self):
        server = harness.Server(self.directory)
        self.addCleanup(server.close)
        return server

    def test_directory_in_use(self):
        self.start()
        self.assertIn("another process has this directory", self.refused())

    def test_port_in_use(self):
        holder = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(holder.close)
        told = self.refused("--listen", "127.0.0.1:%d" % holder.getsockname()[1])
        self.assertIn("in use by another process", told)

    def test_newer_data(self):
        server = self.start()
        server.kill()
        formats = list((self.directory / "data").rglob("FORMAT"))
        self.assertEqual(len(formats), 1)
        formats[0].write_text("unsay-store 999\n")
        self.assertIn("version", self.refused().lower())
        formats[0].write_text("gibberish")
        self.refused()

    def test_configuration(self):
        config = self.directory / "wrong.yaml"
        for text, part in [("workers: 1000\n", "workers"), ("colour: red\n", "colour"),
                           ("workers: many\n", "workers"), ("tls_key: /tmp/k\n", "tls_certificate"),
                           ("listen: nowhere\n", "listen"), ("[\n", "wrong.yaml")]:
            with self.subTest(text=text):
                config.write_text(text)
                result = harness.run("serve", "--config", config, "--data", self.directory / "data",
                                     "--http", "127.0.0.1:0")
                self.assertEqual(result.code, 1, result)
                self.assertIn(part, result.err)


class FullDisk(unittest.TestCase):
    """A small file system of its own; needs the right to mount one."""

    def setUp(self):
        self.directory = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=400m", "tmpfs",
                                  str(self.directory)], capture_output=True)
        if mounted.returncode != 0:
            self.skipTest("no right to mount a file system")
        self.addCleanup(subprocess.run, ["umount", "-l", str(self.directory)], check=True)

    def test_refuses_keeps_and_recovers(self):
        server = harness.Server(self.directory)
        self.addCleanup(server.close)
        secret = (server.data / "dev.key").read_bytes()
        client = wire.WireClient(FRAMES, server.listen)
        self.addCleanup(client.close)
        client.hello(wire.make_token(secret, "alice", "phone"))
        talk = client.ask(open_conversation=FRAMES.OpenConversation(user="bob")).opened.conversation

        def send():
            return client.ask(send=FRAMES.Send(conversation=talk, body=b"x" * 60000,
                                               message_id=wire.new_message_id(),
                                               content_type=EVENTS.CONTENT_TYPE_FILE))
        accepted = [send().accepted.seq]
        filler = self.directory / "filler"
        free = os.statvfs(self.directory).f_bavail * os.statvfs(self.directory).f_frsize
        filler.write_bytes(b"\0" * max(0, free - (60 << 20)))  # less than the server wants free

        def refusal():
            answer = send()
            if answer.WhichOneof("body") == "accepted":
                accepted.append(answer.accepted.seq)
                return None
            return answer
        answer = harness.wait_until(refusal)
        self.assertEqual(answer.error.code, code("STORAGE_FULL"))
        self.assertTrue(answer.error.retryable)
        events, _ = client.read(talk)
        self.assertEqual([event.seq for event in events if event.HasField("message")], accepted)

        filler.unlink()
        harness.wait_until(lambda: refusal() is None)
        server.kill()
        server.start()
        again = wire.WireClient(FRAMES, server.listen)
        self.addCleanup(again.close)
        again.hello(wire.make_token(secret, "bob", "phone"))
        seqs = []
        while True:
            events, end = again.read(talk, after=seqs[-1] if seqs else 0)
            seqs += [event.seq for event in events]
            if not end.page_end.more:
                break
        self.assertEqual(seqs, list(range(1, len(accepted) + 2)))


if __name__ == "__main__":
    harness.main()
