"""Webhooks, received by a small backend: signed, in order, at least once, whatever dies; and never a
body that was taken back."""

import base64
import contextlib
import hashlib
import hmac
import http.server
import json
import os
import random
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.request

import harness

SECRET = b"0123456789abcdef0123456789abcdef"
CANARY = "canary-"


class Receiver:
    """Takes webhooks on a port of its own, which it keeps when it is stopped and started again."""

    def __init__(self):
        self.port = 0
        self.taken = []      # in the order in which they came: (webhook-id, object)
        self.wrong = []      # what no receiver should ever see
        self.refuse = lambda told: 0  # the status to answer instead of 204
        self.lock = threading.Lock()
        self.server = None
        self.start()

    def start(self):
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                size = int(self.headers["content-length"])
                body = self.rfile.read(size)
                if len(body) < size:  # the sender died in the middle: no request came
                    self.close_connection = True
                    return
                status = receiver.take(self.headers, body)
                self.send_response(status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            allow_reuse_address = True

            def handle_error(self, *_):
                pass

        self.server = Server(("127.0.0.1", self.port), Handler)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/hooks"

    def take(self, headers, body):
        name, stamp = headers["webhook-id"], headers["webhook-timestamp"]
        signed = hmac.new(SECRET, f"{name}.{stamp}.".encode() + body, hashlib.sha256).digest()
        with self.lock:
            if headers["webhook-signature"] != "v1," + base64.b64encode(signed).decode():
                self.wrong.append("signature")
            if abs(int(stamp) - time.time()) > 300 or headers["content-type"] != "application/json":
                self.wrong.append("headers")
            told = json.loads(body)
            status = self.refuse(told)
            if not status:
                self.taken.append((name, told))
            return status or 204

    def told(self, kind, conversation=None):
        """What came of a kind, each once, in the order in which it came first."""
        found = {}
        with self.lock:
            for name, told in self.taken:
                if told["type"] == kind and conversation in (None, told["data"]["conversation"]):
                    found.setdefault(name, told["data"])
        return list(found.values())

    def everything(self):
        with self.lock:
            return json.dumps([told for _, told in self.taken])


class WebhookCase(unittest.TestCase):
    settings = "webhook_bodies: true\nwebhook_push_delay_ms: 200\nwebhook_attempts_max: 3"

    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.receiver = Receiver()
        self.addCleanup(self.receiver.stop)
        secret = os.path.join(scratch.name, "secret")
        with open(secret, "w", encoding="utf-8") as file:
            file.write("whsec_" + base64.b64encode(SECRET).decode() + "\n")
        settings = (f"development_key: true\nwebhook_url: {self.receiver.url}\n"
                    f"webhook_secret_file: {secret}\nwebhook_private: true\n{self.settings}")
        self.server = harness.Server(scratch.name, settings)
        self.addCleanup(self.server.close)
        self.alice = self.server.device("alice", "laptop")
        self.bob = self.server.device("bob", "phone")
        self.conversation = self.alice.open_with("bob")
        self.bob.watch("--until-online")

    def tearDown(self):
        self.assertEqual(self.receiver.wrong, [])

    def metric(self, name):
        with urllib.request.urlopen(f"http://{self.server.http}/metrics", timeout=10) as answer:
            for line in answer.read().decode().splitlines():
                if line.startswith(name + " "):
                    return float(line.split()[1])
        raise AssertionError(f"no metric {name}")

    def wait_for(self, kind, count, seconds=60):
        harness.wait_until(lambda: len(self.receiver.told(kind)) >= count, seconds)
        told = self.receiver.told(kind)
        self.assertEqual(len(told), count)
        return told


class WebhookTest(WebhookCase):
    def test_story(self):
        seq = self.alice.send(self.conversation, "good news")["seq"]
        message = self.wait_for("message.committed", 1)[0]
        self.assertEqual({name: message[name] for name in (
            "conversation", "origin", "seq", "sender", "device", "content_type", "state", "body")},
            {"conversation": self.conversation, "origin": 1, "seq": seq, "sender": "alice",
             "device": "laptop", "content_type": "text", "state": "normal", "body": "good news"})

        # Bob's phone is away: a push, without the text, and how much is unread.
        push = self.wait_for("push.send", 1)[0]
        self.assertEqual(push["devices"], [{"user": "bob", "device": "phone", "unread": 1}])
        self.assertEqual((push["silent"], "body" in push), (False, False))

        recall = self.alice.ok("recall", self.conversation, seq, "--reason", "typo", "--json")
        told = self.wait_for("recall.committed", 1)[0]
        self.assertEqual((told["seq"], told["target"]["seq"], told["operator"], told["actor"],
                          told["reason"]),
                         (recall.objects[0]["recall_seq"], seq, "alice", "self", "typo"))
        withdrawal = self.wait_for("push.withdraw", 1)[0]
        self.assertEqual((withdrawal["collapse_key"], withdrawal["silent"], withdrawal["target_seq"]),
                         (push["collapse_key"], True, seq))
        self.assertEqual(withdrawal["devices"], [{"user": "bob", "device": "phone", "unread": 0}])

        # What is stored needs no push; what is taken back before it gets none.
        watching = self.bob.popen("watch", stdout=subprocess.DEVNULL)
        self.addCleanup(watching.wait)
        self.addCleanup(watching.terminate)
        second = self.alice.send(self.conversation, "seen")["seq"]
        harness.wait_until(lambda: self.metric("unsay_cursors_stored_total") >= 1)
        self.wait_for("message.committed", 2)
        harness.wait_until(lambda: self.metric("unsay_webhooks_waiting") == 0)
        self.assertEqual([push["seq"] for push in self.receiver.told("push.send")], [seq])
        self.assertLess(seq, second)
        self.assertEqual(self.metric("unsay_webhooks_dead_total"), 0)

    def test_bodies_that_were_taken_back_are_not_told(self):
        """The receiver is away; what is taken back meanwhile is told without its body."""
        self.receiver.stop()
        seqs = [self.alice.send(self.conversation, f"{CANARY}{i}")["seq"] for i in range(6)]
        self.alice.ok("recall", self.conversation, *seqs[::2])
        self.receiver.start()
        messages = self.wait_for("message.committed", 6)
        self.wait_for("recall.committed", 3)
        self.assertEqual([message.get("body") for message in messages],
                         [None if i % 2 == 0 else f"{CANARY}{i}" for i in range(6)])
        self.assertEqual([message["state"] for message in messages], ["recalled", "normal"] * 3)
        self.wait_for("push.withdraw", 3)
        self.assertEqual([push["seq"] for push in self.wait_for("push.send", 3)], seqs[1::2])
        for i in range(0, 6, 2):
            self.assertNotIn(f"{CANARY}{i}", self.receiver.everything())

    def test_a_try_after_the_recall_has_no_body(self):
        """What was refused with its body is told again as it is then."""
        tries = []

        def refuse(told):
            tries.append(told)
            return 500 if "body" in told["data"] else 0
        self.receiver.refuse = refuse
        seq = self.alice.send(self.conversation, CANARY)["seq"]
        harness.wait_until(lambda: tries)
        self.alice.ok("recall", self.conversation, seq)
        before = len(tries)
        self.assertEqual(self.wait_for("message.committed", 1)[0]["state"], "recalled")
        self.assertEqual(tries[0]["data"]["body"], CANARY)
        self.assertNotIn(CANARY, json.dumps(tries[before:]))

    def test_a_body_under_way_is_stopped(self):
        """A receiver that reads slowly does not get the rest of a body that was taken back."""
        self.receiver.stop()
        listener = socket.create_server(("127.0.0.1", self.receiver.port), backlog=8)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        listener.settimeout(60)
        last = "the-last-words"
        seq = self.alice.send(self.conversation, "x" * 60000 + last)["seq"]
        connection, _ = listener.accept()
        self.addCleanup(connection.close)
        start = time.monotonic()
        first = connection.recv(100)
        self.assertTrue(first.startswith(b"POST /hooks"), first)
        self.alice.ok("recall", self.conversation, seq)
        self.assertLess(time.monotonic() - start, 20)
        data = first
        connection.settimeout(60)
        with contextlib.suppress(ConnectionError):
            while chunk := connection.recv(65536):
                data += chunk
        self.assertNotIn(last.encode(), data)
        listener.close()
        self.receiver.start()
        message = self.wait_for("message.committed", 1)[0]
        self.assertEqual((message["state"], "body" in message), ("recalled", False))

    def test_chaos(self):
        """The receiver fails at random and is stopped, the server is killed: all of it comes, each
        conversation in order."""
        chance = random.Random(7)
        self.receiver.refuse = lambda told: 503 if chance.random() < 0.3 else 0
        groups = [self.alice.ok("conversation", "create", f"g{i}", "--member", "bob").out.strip()
                  for i in range(3)]
        sent = {group: [] for group in groups}
        recalled = {group: [] for group in groups}
        for turn in range(12):
            for group in groups:
                seq = self.alice.send(group, f"{turn}")["seq"]
                sent[group].append(seq)
                if turn % 4 == 3:
                    self.alice.ok("recall", group, seq)
                    recalled[group].append(seq)
            if turn % 4 == 1:
                self.server.kill(signal.SIGKILL)
                self.server.start()
            if turn == 6:
                self.receiver.stop()
            if turn == 8:
                self.receiver.start()
        self.receiver.refuse = lambda told: 0
        for group in groups:
            harness.wait_until(lambda: len(self.receiver.told("message.committed", group)) >= 12
                               and len(self.receiver.told("recall.committed", group)) >= 3)
            messages = self.receiver.told("message.committed", group)
            recalls = self.receiver.told("recall.committed", group)
            self.assertEqual([told["seq"] for told in messages], sent[group])
            self.assertEqual([told["target"]["seq"] for told in recalls], recalled[group])
            # In order between kinds, too, when each is taken for the first time.
            order = []
            for _, told in list(self.receiver.taken):
                if told["data"]["conversation"] == group and not told["type"].startswith("push"):
                    if told["data"]["seq"] not in order:
                        order.append(told["data"]["seq"])
            self.assertEqual(order, sorted(order))
        harness.wait_until(lambda: self.metric("unsay_webhooks_waiting") == 0)
        # Settled for good: nothing is told again after another start.
        self.server.kill(signal.SIGTERM)
        count = len(self.receiver.taken)
        self.server.start()
        self.alice.send(groups[0], "the last one")
        harness.wait_until(lambda: len(self.receiver.taken) > count)
        harness.wait_until(lambda: self.metric("unsay_webhooks_waiting") == 0)
        self.assertEqual({told["data"]["seq"] for _, told in self.receiver.taken[count:]},
                         {sent[groups[0]][-1] + 2 if recalled[groups[0]][-1:] == sent[groups[0]][-1:]
                          else sent[groups[0]][-1] + 1})

    def test_dead_letters(self):
        """What is refused again and again is given up, and then what is behind it comes."""
        self.receiver.refuse = lambda told: 500 if told["data"].get("body") == "poison" else 0
        self.alice.send(self.conversation, "poison")
        behind = self.alice.send(self.conversation, "behind")["seq"]
        other = self.bob.open_with("carol")
        self.bob.send(other, "elsewhere")
        # Another conversation does not wait for it.
        harness.wait_until(lambda: self.receiver.told("message.committed", other))
        harness.wait_until(lambda: self.receiver.told("message.committed", self.conversation))
        self.assertEqual([told["seq"] for told in
                          self.receiver.told("message.committed", self.conversation)], [behind])
        self.assertEqual(self.metric("unsay_webhooks_dead_total"), 1)
        self.assertGreaterEqual(self.metric("unsay_webhooks_failures_total"), 3)

        # The letter is kept, and sent again when somebody says so.
        letters = ("webhooks", "list", "--data", self.server.data)
        self.assertEqual(harness.run(*letters).code, 1)  # the server has the store
        self.assertEqual(self.server.kill(signal.SIGTERM), 0)
        found = harness.run(*letters, "--json").objects
        self.assertEqual([(one["number"], one["type"], one["conversation"], one["seq"],
                           one["attempts"], one["reason"]) for one in found],
                         [(1, "message.committed", self.conversation, behind - 1, 3, "status 500")])
        self.assertIn("message.committed of ", harness.run(*letters).out)
        replay = ("webhooks", "replay", "--data", self.server.data)
        self.assertEqual(harness.run(*replay, "2").code, 1)
        self.assertEqual(harness.run(*replay, "1").code, 0)
        self.assertEqual(harness.run(*letters, "--json").objects, [])
        pushes = len(self.receiver.told("push.send", self.conversation))
        self.receiver.refuse = lambda told: 0
        self.server.start()
        harness.wait_until(lambda: "poison" in [told.get("body") for told in self.receiver.told(
            "message.committed", self.conversation)])
        harness.wait_until(lambda: self.metric("unsay_webhooks_waiting") == 0)
        self.assertEqual(len(self.receiver.told("push.send", self.conversation)), pushes)

    def test_a_receiver_that_is_away_holds_up_nothing(self):
        self.receiver.stop()
        start = time.monotonic()
        for i in range(10):
            seq = self.alice.send(self.conversation, str(i))["seq"]
        self.alice.ok("recall", self.conversation, seq)
        harness.wait_until(lambda: self.metric("unsay_webhooks_unreachable") == 1)
        self.assertEqual(self.server.kill(signal.SIGTERM), 0)
        self.assertLess(time.monotonic() - start, 30)
        self.server.start()
        self.receiver.start()
        self.wait_for("message.committed", 10)


class PlainTest(WebhookCase):
    settings = "webhook_events: [message.committed, recall.committed]"

    def test_no_body_unless_configured(self):
        seq = self.alice.send(self.conversation, CANARY)["seq"]
        self.alice.ok("recall", self.conversation, seq, "--reason", CANARY)
        self.wait_for("message.committed", 1)
        self.wait_for("recall.committed", 1)
        harness.wait_until(lambda: self.metric("unsay_webhooks_waiting") == 0)
        self.assertNotIn(CANARY, self.receiver.everything())
        self.assertEqual(self.receiver.told("push.withdraw"), [])


class ConfigTest(unittest.TestCase):
    def test_command_line(self):
        with tempfile.TemporaryDirectory() as directory:
            for words, code in ((["list"], 2), (["drop", "--data", directory], 2), ([], 2),
                                (["list", "1", "--data", directory], 2),
                                (["replay", "x", "--data", directory], 2),
                                (["list", "--data", directory], 1)):
                result = harness.run("webhooks", *words)
                self.assertEqual((result.code, result.out), (code, ""), words)
            self.assertEqual(os.listdir(directory), [])

    def test_mistakes_are_told(self):
        with tempfile.TemporaryDirectory() as directory:
            secret = os.path.join(directory, "secret")
            for text, told in (
                    ("webhook_url: http://127.0.0.1:1/", "webhook_secret_file"),
                    ("webhook_url: ftp://example.net/\nwebhook_secret_file: x", "webhook_url"),
                    (f"webhook_url: http://127.0.0.1/\nwebhook_secret_file: {secret}", "whsec_"),
                    (f"webhook_url: http://127.0.0.1/\nwebhook_secret_file: {secret}\n"
                     "webhook_events: [everything]", "everything"),
                    ("webhook_attempts_max: 0", "webhook_attempts_max")):
                with open(secret, "w", encoding="utf-8") as file:
                    file.write("not a secret")
                config = os.path.join(directory, "config.yaml")
                with open(config, "w", encoding="utf-8") as file:
                    file.write(text + "\n")
                result = harness.run("serve", "--config", config, "--data",
                                     os.path.join(directory, "data"), "--listen", "127.0.0.1:0",
                                     "--http", "127.0.0.1:0")
                self.assertNotEqual(result.code, 0, result)
                self.assertIn(told, result.err)

    def test_private_addresses_are_refused(self):
        receiver = Receiver()
        self.addCleanup(receiver.stop)
        with tempfile.TemporaryDirectory() as directory:
            secret = os.path.join(directory, "secret")
            with open(secret, "w", encoding="utf-8") as file:
                file.write("whsec_" + base64.b64encode(SECRET).decode())
            server = harness.Server(os.path.join(directory, "server"),
                                    f"development_key: true\nwebhook_url: {receiver.url}\n"
                                    f"webhook_secret_file: {secret}")
            try:
                alice = server.device("alice", "laptop")
                alice.send(alice.open_with("bob"), "hello")
                log = server.directory / "server.log"
                harness.wait_until(lambda: "address is not public" in log.read_text())
                self.assertEqual(receiver.taken, [])
            finally:
                server.close()


if __name__ == "__main__":
    harness.main()
