"""A bad network between real processes: three packets in ten are lost each way, links go dead without a
word, homes change their addresses, server and clients are killed with -9 again and again. Every line
arrives once, in order, on every device.

`make check` runs a part of it; UNSAY_SOAK=1, as `make soak` sets it, all: a million lines in a hundred
conversations."""

import json
import os
import random
import signal
import subprocess
import threading
import time
import unittest

import harness
from hosts import Hosts

SEED = int(os.environ.get("UNSAY_SEED", "1"))
IS_SOAK = os.environ.get("UNSAY_SOAK") == "1"
HOMES = 3
CONVERSATIONS = 100 if IS_SOAK else 4
LINES = 10_000 if IS_SOAK else 500
WATCHING = (("bob", "phone"), ("bob", "laptop"), ("carol", "tablet"))
LOSS_PERCENT = 30
LOSSY_SECONDS = 900 if IS_SOAK else 15  # the network is bad for so long at most
SECONDS = 7200 if IS_SOAK else 240
PAGE = 200  # events that a watch may print again when it was killed before it could note them


class Life:
    """A command that is started again whenever it was killed."""

    def __init__(self, story):
        self.story = story
        self.lock = threading.Lock()
        self.process = None
        self.problem = None
        self.thread = threading.Thread(target=self.live)

    def live(self):
        try:
            self.run()
        except Exception as problem:  # told by the test's own thread
            self.problem = problem

    def start(self, device, command, *arguments, **more):
        with self.lock:
            self.process = device.popen(command, *arguments, stderr=subprocess.DEVNULL, **more)
        return self.process

    def kill(self):
        with self.lock:
            if self.process is not None and self.process.poll() is None:
                self.process.kill()

    def is_over(self):
        return self.story.is_over.is_set()


class Writer(Life):
    """Sends the lines of one conversation, from a device of its own."""

    def __init__(self, story, device, conversation, path):
        super().__init__(story)
        self.device = device
        self.conversation = conversation
        self.path = path
        self.is_done = False

    def finish(self, command, *arguments):
        """What it prints when it came to its end; None when it was killed."""
        process = self.start(self.device, command, "--json", "--timeout", "0", *arguments,
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        out, _ = process.communicate()
        return [json.loads(line) for line in out.splitlines()] if process.returncode == 0 else None

    def count(self):
        """How many lines are in the log, once nothing of this device is on its way any more."""
        while not self.is_over():
            if self.finish("send", self.conversation, "-") is None:
                continue
            last = self.finish("history", self.conversation, "--last", "1")
            if last is not None:
                return int(last[0]["body"].split()[0]) if last and last[0]["body"] else 0
        return 0

    def run(self):
        done = 0
        while done < LINES and not self.is_over():
            with open(self.path, encoding="utf-8") as lines:
                process = self.start(self.device, "send", self.conversation, "-", "--from", done + 1,
                                     stdin=lines, stdout=subprocess.DEVNULL)
                process.wait()
            done = self.count()
        self.is_done = done == LINES


class Watcher(Life):
    """A device that follows everything: what it prints is in order, without a gap, and nothing but
    the end of what it had printed before it was killed comes again."""

    def __init__(self, story, device):
        super().__init__(story)
        self.device = device
        self.printed = {}  # conversation -> bodies by seq
        self.begun = {}    # conversation -> how many were printed when this life began
        self.lives = 0

    def take(self, event):
        printed = self.printed.setdefault(event["conversation"], [])
        begun = self.begun.get(event["conversation"], 0)
        at = event["seq"] - 1
        if at < len(printed):
            assert at >= begun - PAGE and printed[at] == event["body"], ("doubled", event, begun)
            return
        assert at == len(printed), ("gap", event, len(printed))
        printed.append(event["body"])

    def run(self):
        while not self.is_over() and not self.has_all():
            self.lives += 1
            self.begun = {name: len(bodies) for name, bodies in self.printed.items()}
            process = self.start(self.device, "watch", "--json", "--timeout", "0",
                                 stdout=subprocess.PIPE, text=True)
            for line in process.stdout:
                if line.endswith("}\n"):
                    self.take(json.loads(line))
                if self.has_all():
                    process.kill()
            process.stdout.close()
            process.wait()

    def has_all(self):
        return (len(self.printed) == CONVERSATIONS and
                all(len(bodies) == LINES + 1 for bodies in self.printed.values()))


class NetworkTest(unittest.TestCase):
    def setUp(self):
        self.is_over = threading.Event()
        self.dice = random.Random(SEED)
        self.hosts = Hosts(HOMES)
        self.addCleanup(self.hosts.close)
        directory = harness.tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = directory.name
        self.server = harness.Server(self.directory, "development_key: true\nheartbeat_interval_ms: 2000",
                                     host=self.hosts.server(), within=self.hosts.within("server"))
        self.addCleanup(self.server.close)

    def device(self, user, name):
        home = self.hosts.home(self.dice.randrange(HOMES) + 1)
        return self.server.device(user, name, self.hosts.within(home))

    def write_lines(self, conversation):
        path = harness.pathlib.Path(self.directory) / f"{conversation}.txt"
        path.write_text("".join(f"{number} 第 {number} 行 of {conversation}\n"
                                for number in range(1, LINES + 1)), encoding="utf-8")
        return path

    def begin(self):
        owner = self.server.device("alice", "desk", self.hosts.within("server"))
        self.writers = []
        for number in range(CONVERSATIONS):
            conversation = owner.ok("conversation", "create", f"room {number}", "--member", "bob",
                                    "--member", "carol").out.strip()
            writer = self.device("alice", f"writer-{number}")
            self.writers.append(Writer(self, writer, conversation, self.write_lines(conversation)))
        self.watchers = [Watcher(self, self.device(*who)) for who in WATCHING]
        self.lives = [*self.writers, *self.watchers]
        for life in self.lives:
            life.thread.start()
        self.addCleanup(self.end)

    def end(self):
        self.is_over.set()
        for life in self.lives:
            while life.thread.is_alive():
                life.kill()
                life.thread.join(0.1)

    def harm(self):
        """Something goes wrong."""
        number = self.dice.randrange(HOMES) + 1
        what = self.dice.choice(("server", "watcher", "watcher", "writer", "cut", "move"))
        if what == "server":
            self.server.kill(signal.SIGKILL)
            self.server.start()
        elif what == "watcher":
            self.dice.choice(self.watchers).kill()
        elif what == "writer":
            self.dice.choice(self.writers).kill()
        elif what == "move":
            self.hosts.move(number)
        else:
            self.hosts.cut(number)
            self.is_over.wait(self.dice.uniform(0.2, 3))
            self.hosts.join(number)

    def is_done(self):
        for life in self.lives:
            if life.problem is not None:
                raise life.problem
        return (all(writer.is_done for writer in self.writers) and
                all(watcher.has_all() for watcher in self.watchers))

    def test_every_line_arrives_once_and_in_order(self):
        self.begin()
        self.hosts.lose(LOSS_PERCENT)
        harms = 0
        lossy_until = time.monotonic() + LOSSY_SECONDS
        while not self.is_done() and time.monotonic() < lossy_until:
            self.harm()
            harms += 1
            self.is_over.wait(self.dice.uniform(0.2, 1.5))
        self.hosts.heal()
        harness.wait_until(self.is_done, SECONDS)
        self.assertGreater(harms, 5)
        for watcher in self.watchers:
            for writer in self.writers:
                lines = writer.path.read_text(encoding="utf-8").splitlines()
                self.assertEqual(watcher.printed[writer.conversation][1:], lines)
        stored = self.server.device("bob", "new", self.hosts.within("server"))
        events = stored.watch("--until-online", "--timeout", "0")
        self.assertEqual(len(events), CONVERSATIONS * (LINES + 1))


if __name__ == "__main__":
    harness.main()
