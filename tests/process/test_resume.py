"""Tickets with real servers: over another transport, after a kill, without the token's key; and the
client library that comes back with one."""

import pathlib
import socket
import ssl
import subprocess
import sys
import tempfile
import time

from harness import Server, ServerCase, UNSAY, main, run
import wire

ROOT = pathlib.Path(__file__).resolve().parents[2]
EVENTS, FRAMES = wire.load_schema(str(ROOT))


class TlsWireClient(wire.WireClient):
    def __init__(self, frames, address):
        super().__init__(frames, address)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        self.socket = context.wrap_socket(self.socket)


class ResumeTest(ServerCase):
    @classmethod
    def setUpClass(cls):
        with tempfile.TemporaryDirectory() as keys:
            cls.certificate = pathlib.Path(keys) / "certificate.pem"
            cls.key = pathlib.Path(keys) / "key.pem"
            subprocess.run(
                ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                 "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=unsay test",
                 "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", cls.key, "-out",
                 cls.certificate], check=True, capture_output=True)
            directory = pathlib.Path(tempfile.mkdtemp())
            for name in ("certificate", "key"):
                kept = directory / f"{name}.pem"
                kept.write_bytes(getattr(cls, name).read_bytes())
                setattr(cls, name, kept)
            cls.settings = (f"tls_certificate: {cls.certificate}\ntls_key: {cls.key}\n"
                            "ticket_life_ms: 3600000")
            super().setUpClass()

    def client(self, kind=wire.WireClient):
        client = kind(FRAMES, self.server.listen)
        self.addCleanup(client.close)
        return client

    def sign_in(self, user, device="phone", **options):
        token = run("token", "--data", self.server.data, "--user", user, "--device", device)
        client = self.client()
        welcome = client.ask(hello=FRAMES.Hello(version_min=1, version_max=1,
                                                token=token.out.strip(), **options)).welcome
        return client, welcome

    def resume(self, ticket, kind=wire.WireClient, **options):
        client = self.client(kind)
        return client, client.ask(hello=FRAMES.Hello(version_min=1, version_max=1, ticket=ticket,
                                                     **options))

    def code(self, frame):
        self.assertEqual(frame.WhichOneof("body"), "error", frame)
        self.assertTrue(frame.error.closing)
        return FRAMES.ErrorCode.Name(frame.error.code)[len("ERROR_CODE_"):]

    def wait_for_ticket(self, ticket, **options):
        """The sign-in that the ticket is of becomes durable a moment after its Welcome."""
        for _ in range(500):
            client, frame = self.resume(ticket, **options)
            if frame.WhichOneof("body") == "welcome":
                return client, frame.welcome
            time.sleep(0.01)
        raise AssertionError("the ticket does not become good")

    def test_kill_and_other_transport(self):
        _, welcome = self.sign_in("alice")
        client, again = self.wait_for_ticket(welcome.ticket)
        self.assertEqual((again.user, again.device), ("alice", "phone"))
        opened = client.ask(open_conversation=FRAMES.OpenConversation(user="bob")).opened
        client.ask(ack=FRAMES.Ack(cursors=[FRAMES.Cursor(conversation=opened.conversation,
                                                         origin=1, stored=1)]))
        self.server.kill()
        self.server.start()
        other, frame = self.resume(again.ticket, TlsWireClient, resume=True)
        self.assertTrue(frame.welcome.resumed)
        self.assertEqual(len(frame.welcome.news), 0)
        sent = other.ask(send=FRAMES.Send(conversation=opened.conversation, content_type=1,
                                          message_id=wire.new_message_id(), body=b"one"))
        self.assertEqual(sent.accepted.seq, 2)
        _, frame = self.resume(frame.welcome.ticket, resume=True)
        [news] = frame.welcome.news
        self.assertEqual((news.conversation, news.heads[0].seq, news.heads[0].stored),
                         (opened.conversation, 2, 1))

    def test_bad_tickets(self):
        _, welcome = self.sign_in("carol")
        self.wait_for_ticket(welcome.ticket)
        self.assertLessEqual(len(welcome.ticket), 1024)
        self.assertNotIn(b"carol", welcome.ticket)
        for bad in (welcome.ticket[:-1], welcome.ticket + b"x", b"x", b"x" * 4096,
                    bytes([welcome.ticket[0] ^ 1]) + welcome.ticket[1:],
                    welcome.ticket[:-1] + bytes([welcome.ticket[-1] ^ 1])):
            _, frame = self.resume(bad)
            self.assertEqual(self.code(frame), "TICKET_INVALID")
        # A ticket of another server is as good as none, and so is one from before a new sign-in.
        other = Server(self.directory / "other", self.settings)
        self.addCleanup(other.close)
        mine, self.server = self.server, other
        try:
            _, frame = self.resume(welcome.ticket)
        finally:
            self.server = mine
        self.assertEqual(self.code(frame), "TICKET_INVALID")
        _, newer = self.sign_in("carol")
        self.wait_for_ticket(newer.ticket)
        _, frame = self.resume(welcome.ticket)
        self.assertEqual(self.code(frame), "TICKET_INVALID")

    def test_life(self):
        server = Server(self.directory / "short", self.settings.replace("3600000", "1"))
        self.addCleanup(server.close)
        mine, self.server = self.server, server
        try:
            _, welcome = self.sign_in("dora")
            time.sleep(0.01)  # longer than the ticket's life
            _, frame = self.resume(welcome.ticket)
            self.assertEqual(self.code(frame), "TICKET_EXPIRED")
            server.kill()
            server.config.write_text("ticket_life_ms: 0\n")
            server.start()
            _, welcome = self.sign_in("dora")
            self.assertEqual(welcome.ticket, b"")
        finally:
            self.server = mine

    def test_heartbeat_is_granted(self):
        for asked, granted in ((0, 30000), (1, 5000), (60000, 60000), (4000000000, 300000)):
            _, welcome = self.sign_in("frank", heartbeat_ms=asked)
            self.assertEqual(welcome.heartbeat_interval_ms, granted)

    def test_a_storm_is_told_when_to_come(self):
        server = Server(self.directory / "storm", "sign_ins_per_second: 20\n")
        self.addCleanup(server.close)
        mine, self.server = self.server, server
        try:
            pauses, welcomes = [], 0
            secret = (server.data / "dev.key").read_bytes()
            clients = [self.client() for _ in range(100)]
            for number, client in enumerate(clients):
                token = wire.make_token(secret, f"user{number}", "phone")
                client.send(hello=FRAMES.Hello(version_min=1, version_max=1, token=token))
            for client in clients:
                frame = client.receive()
                if frame.WhichOneof("body") == "welcome":
                    welcomes += 1
                    continue
                self.assertEqual(self.code(frame), "OVERLOADED")
                self.assertTrue(frame.error.retryable)
                pauses.append(frame.error.retry_after_ms)
            self.assertGreaterEqual(welcomes, 32)  # two workers, 16 at once
            self.assertGreater(len(pauses), 20)
            self.assertTrue(all(1000 <= pause <= 60000 for pause in pauses))
            self.assertGreater(max(pauses) - min(pauses), 500)
        finally:
            self.server = mine

    def test_library_needs_no_token_to_come_back(self):
        server = Server(self.directory / "library", self.settings)
        self.addCleanup(server.close)
        alice, bob = server.device("alice", "phone"), server.device("bob", "laptop")
        conversation = alice.open_with("bob")
        watch = bob.popen("watch", "--count", "3", "--json", "--idle", "60",
                          stdout=subprocess.PIPE, text=True)
        self.addCleanup(watch.kill)
        self.addCleanup(watch.stdout.close)
        self.assertIn("creation", watch.stdout.readline())
        alice.send(conversation, "before")
        self.assertIn("before", watch.stdout.readline())
        server.kill()
        # Nobody's token is good any more; alice gets a new one.
        (server.data / "dev.key").unlink()
        server.start()
        self.assertEqual(alice.run("send", conversation, "x", "--timeout", "5").code, 1)
        server.device("alice", "tablet").send(conversation, "after")
        out, _ = watch.communicate(timeout=60)
        self.assertIn("after", out)


if __name__ == "__main__":
    main()
