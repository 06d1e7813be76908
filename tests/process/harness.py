"""Real processes for the tests: servers on ports of their own, devices, and waiting on conditions.

A test program is started with the path of the unsay binary and of the source tree. Everything it
makes lies in a temporary directory, and what it started is ended by process id."""

import contextlib
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import unittest

COMMAND_SECONDS = 60
UNSAY = pathlib.Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else None


class Result:
    """What a command did."""

    def __init__(self, completed):
        self.code = completed.returncode
        self.out = completed.stdout
        self.err = completed.stderr

    @property
    def objects(self):
        return [json.loads(line) for line in self.out.splitlines()]

    def __repr__(self):
        return f"exit {self.code}\n--- out\n{self.out}\n--- err\n{self.err}"


def environment(**more):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("UNSAY_")}
    return {**kept, "LC_ALL": "C.UTF-8", "TZ": "UTC", **more}


def run(*arguments, stdin=None, seconds=COMMAND_SECONDS, within=(), **variables):
    """A command to its end; `within` is what starts it, as `ip netns exec` does."""
    return Result(subprocess.run(
        [*within, str(UNSAY), *map(str, arguments)], input=stdin if stdin is not None else "",
        capture_output=True, text=True, timeout=seconds, env=environment(**variables)))


def is_sanitized():
    """Whether the binary was built with a sanitizer, whose own memory counts as the program's."""
    binary = UNSAY.read_bytes()
    return any(name in binary for name in (b"__asan_init", b"__tsan_init"))


def wait_until(condition, seconds=COMMAND_SECONDS):
    """The condition's first true value; fails when there was none in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"nothing came of it within {seconds} s")


class Server:
    """`unsay serve` on free ports of the loopback, or of another host; restarted, it takes the same
    ones."""

    def __init__(self, directory, settings="", scheme="tcp", policy="", host="127.0.0.1", within=()):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.policy = self.directory / "policy.yaml"
        if policy:
            self.policy.write_text(policy + "\n")
            settings += f"\npolicy: {json.dumps(str(self.policy))}"
        self.data = self.directory / "data"
        self.config = self.directory / "config.yaml"
        self.config.write_text(settings + "\n" if settings else "development_key: true\n")
        self.scheme = scheme
        self.within = within
        self.listen = f"{host}:0"
        self.http = f"{host}:0"
        self.process = None
        self.log = open(self.directory / "server.log", "ab")
        self.start()

    @property
    def address(self):
        return f"{self.scheme}://{self.listen}"

    def start(self):
        self.process = subprocess.Popen(
            [*self.within, str(UNSAY), "serve", "--config", str(self.config), "--data", str(self.data),
             "--listen", self.listen, "--http", self.http, "--workers", "2", "--json"],
            stdout=subprocess.PIPE, stderr=self.log, text=True, env=environment())
        line = self.process.stdout.readline()
        if not line:
            self.process.wait(COMMAND_SECONDS)
            raise AssertionError("the server did not start: " +
                                 (self.directory / "server.log").read_text(errors="replace"))
        told = json.loads(line)
        self.listen, self.http = told["listen"], told["http"]

    def kill(self, how=signal.SIGKILL):
        self.process.send_signal(how)
        code = self.process.wait(COMMAND_SECONDS)
        self.process.stdout.close()
        return code

    def close(self):
        if self.process.poll() is None:
            self.kill()
        self.process.stdout.close()
        self.log.close()

    def device(self, user, name, within=()):
        result = run("token", "--data", self.data, "--user", user, "--device", name)
        assert result.code == 0, result
        return Device(self, user, name, result.out.strip(), within)


class Device:
    """One device of a user, with a state directory of its own."""

    def __init__(self, server, user, name, token, within=()):
        self.server = server
        self.within = within
        self.user = user
        self.state = server.directory / "state" / f"{user}-{name}"
        self.token = token
        self.ca = None

    def options(self):
        ca = ["--ca", self.ca] if self.ca else []
        return ["--server", self.server.address, "--token", self.token, "--state", self.state, *ca]

    def run(self, command, *arguments, **more):
        return run(command, *self.options(), *arguments, within=self.within, **more)

    def ok(self, command, *arguments, **more):
        result = self.run(command, *arguments, **more)
        assert result.code == 0, result
        return result

    def open_with(self, user):
        return self.ok("conversation", "open", "--with", user).out.strip()

    def send(self, conversation, text):
        return self.ok("send", "--json", "--", conversation, text).objects[0]

    def history(self, conversation, *arguments):
        return self.ok("history", conversation, "--json", *arguments).objects

    def watch(self, *arguments):
        return self.ok("watch", "--json", *arguments).objects

    def popen(self, command, *arguments, **more):
        return subprocess.Popen([*self.within, str(UNSAY), command, *map(str, self.options()),
                                 *map(str, arguments)], env=environment(), **more)


def bodies(events):
    return [event["body"] for event in events if event["kind"] == "message"]


class ServerCase(unittest.TestCase):
    """A server for all tests of the class."""

    settings = ""
    policy = ""  # what the policy file holds; empty: the default policy

    @classmethod
    def setUpClass(cls):
        cls.stack = contextlib.ExitStack()
        cls.directory = pathlib.Path(cls.stack.enter_context(tempfile.TemporaryDirectory()))
        cls.server = Server(cls.directory, cls.settings, policy=cls.policy)
        cls.stack.callback(cls.server.close)

    @classmethod
    def tearDownClass(cls):
        cls.stack.close()


def main():
    if UNSAY is None:
        sys.exit(f"usage: {sys.argv[0]} UNSAY [TEST...]")
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]], verbosity=2)
