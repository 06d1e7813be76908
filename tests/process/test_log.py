"""What a server says on stderr: events of the table, as text or JSON, and each on a line of its own
whatever paths and files hold."""

import contextlib
import json
import pathlib
import re
import signal
import tempfile
import unittest

import harness

ROOT = pathlib.Path(__file__).resolve().parents[2]
EVENT = re.compile(r'^LOG_EVENT\((\w+), (error|warning|info), "([^"]+)"\)$')
LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (error|warning|info) (\w+): (.*)")
HOSTILE = "a\n2026-01-01T00:00:00.000Z error forged: \x1b[2J\"} \u202e"


def read_events():
    return {match[1]: (match[2], match[3])
            for line in (ROOT / "src/server/log.def").read_text().splitlines()
            if (match := EVENT.match(line))}


class Log(unittest.TestCase):
    def setUp(self):
        stack = contextlib.ExitStack()
        self.addCleanup(stack.close)
        self.directory = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        self.events = read_events()

    def serve(self, *settings):
        self.policy = self.directory / HOSTILE / "policy.yaml"
        self.policy.parent.mkdir()
        self.policy.write_text((ROOT / "policies/default.yaml").read_text())
        server = harness.Server(self.directory, "\n".join(
            [f"policy: {json.dumps(str(self.policy))}", *settings]))
        self.addCleanup(server.close)
        return server

    def lines(self):
        text = (self.directory / "server.log").read_text()
        self.assertTrue(text == "" or text.endswith("\n"))
        return text.split("\n")[:-1]

    def story(self, server):
        """Starts, refuses a policy, takes one, stops."""
        before = len(self.lines())
        whole = self.policy.read_text()
        self.policy.write_text("nonsense: 1\n")
        server.process.send_signal(signal.SIGHUP)
        harness.wait_until(lambda: len(self.lines()) > before)
        self.policy.write_text(whole)
        server.process.send_signal(signal.SIGHUP)
        return before

    def test_json(self):
        server = self.serve("log: json")
        before = self.story(server)
        harness.wait_until(lambda: len(self.lines()) > before + 1)
        server.kill(signal.SIGTERM)
        told = [json.loads(line) for line in self.lines()]
        self.assertEqual([event["event"] for event in told],
                         ["server_started", "policy_refused", "policy_loaded", "server_stopping",
                          "server_stopped"])
        for event in told:
            self.assertEqual((event["level"], event["text"]), self.events[event["event"]])
            self.assertRegex(event["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        self.assertEqual(told[0]["listen"], server.listen)
        self.assertEqual(told[0]["workers"], 2)
        self.assertIn(HOSTILE, told[1]["reason"])
        self.assertEqual(told[2]["file"], str(self.policy))
        self.assertEqual(told[3]["signal"], "SIGTERM")

    def test_text(self):
        server = self.serve()
        before = self.story(server)
        harness.wait_until(lambda: len(self.lines()) > before + 1)
        server.kill(signal.SIGINT)
        told = [LINE.fullmatch(line) for line in self.lines()]
        self.assertTrue(all(told), self.lines())
        self.assertEqual([match[2] for match in told],
                         ["server_started", "policy_refused", "policy_loaded", "server_stopping",
                          "server_stopped"])
        for match in told:
            level, sentence = self.events[match[2]]
            self.assertEqual(match[1], level)
            self.assertTrue(match[3].startswith(sentence))
            self.assertTrue(match[3].isprintable(), match[3])

    def test_level(self):
        server = self.serve("log: json", "log_level: warning")
        self.story(server)
        server.kill(signal.SIGTERM)
        self.assertEqual([json.loads(line)["event"] for line in self.lines()], ["policy_refused"])

    def test_bodies_are_not_told(self):
        server = self.serve("log: json")
        alice = server.device("alice", "laptop")
        conversation = alice.open_with("bob")
        message = alice.send(conversation, "the secret of the log")
        alice.ok("recall", conversation, str(message["seq"]), "--reason", "a reason of the log")
        server.kill(signal.SIGTERM)
        self.assertNotIn("of the log", (self.directory / "server.log").read_text())

    def test_documented(self):
        document = (ROOT / "docs/configuration.md").read_text()
        table = document[document.index("| event | level |"):]
        rows = re.findall(r"^\| `(\w+)` \| (\w+) \| (.*) \|$", table, re.MULTILINE)
        self.assertEqual({name: (level, text) for name, level, text in rows}, self.events)

    def test_one_place(self):
        """Nothing else of the running server writes to stderr."""
        for folder in ("server", "routing", "storage"):
            for path in sorted((ROOT / "src" / folder).rglob("*.[ch]")):
                if path.name != "log.c":
                    self.assertNotRegex(path.read_text(), r"\bstderr[,)]|\bperror\(|STDERR_FILENO",
                                        str(path))


if __name__ == "__main__":
    harness.main()
