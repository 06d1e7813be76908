"""The server and its service manager, which the test plays: the socket of NOTIFY_SOCKET."""

import contextlib
import os
import pathlib
import signal
import socket
import tempfile
import unittest

import harness

POLICY = (pathlib.Path(__file__).resolve().parents[2] / "policies/default.yaml").read_text()


class Service(unittest.TestCase):
    def setUp(self):
        stack = contextlib.ExitStack()
        self.addCleanup(stack.close)
        self.directory = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        path = self.directory / "notify"
        self.socket = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
        self.socket.bind(str(path))
        self.socket.settimeout(harness.COMMAND_SECONDS)
        os.environ["NOTIFY_SOCKET"] = str(path)
        try:
            self.server = harness.Server(self.directory / "server", policy=POLICY)
        finally:
            del os.environ["NOTIFY_SOCKET"]
        stack.callback(self.server.close)

    def hear(self):
        return self.socket.recv(4096).decode().splitlines()

    def test_it_hears_of_start_reload_and_end(self):
        self.assertEqual(self.hear(), ["READY=1", "STATUS=Serving"])
        self.server.process.send_signal(signal.SIGHUP)
        self.assertEqual(self.hear()[0], "RELOADING=1")
        self.assertEqual(self.hear(), ["READY=1", "STATUS=Serving"])
        self.server.policy.write_text("rules: nonsense\n")
        self.server.process.send_signal(signal.SIGHUP)
        self.assertEqual(self.hear()[0], "RELOADING=1")
        ready, status = self.hear()
        self.assertEqual(ready, "READY=1")
        self.assertIn("the policy in force stays", status)
        self.server.process.send_signal(signal.SIGTERM)
        self.assertEqual(self.hear(), ["STOPPING=1"])
        self.assertEqual(self.server.process.wait(harness.COMMAND_SECONDS), 0)


if __name__ == "__main__":
    harness.main()
