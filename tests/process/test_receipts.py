"""Levels of delivery: two users with three devices each, and a server that dies in between."""

import json
import subprocess
import threading

from harness import ServerCase, main, run, wait_until


class Watcher:
    """A device that follows, and what it printed so far."""

    def __init__(self, device, conversation):
        self.process = device.popen("watch", "--json", "--levels", conversation,
                                    stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.objects = []
        self.thread = threading.Thread(target=self.read)
        self.thread.start()

    def read(self):
        for line in self.process.stdout:
            self.objects.append(json.loads(line))

    def seqs(self):
        return [each["seq"] for each in self.objects if each["kind"] == "message"]

    def place(self, user):
        """The last that was told of the user; numbers never go back."""
        told = [(each["stored"], each["displayed"]) for each in self.objects
                if each["kind"] == "progress" and each["user"] == user]
        for before, after in zip(told, told[1:]):
            assert after[0] >= before[0] and after[1] >= before[1], told
        return told[-1] if told else (0, 0)

    def read_elsewhere(self):
        return max((each["seq"] for each in self.objects if each["kind"] == "read"), default=0)

    def close(self):
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait(60)
        self.thread.join(60)
        self.process.stdout.close()
        self.process.stderr.close()


class ReceiptsTest(ServerCase):
    def setUp(self):
        name = self.id().rsplit("_", 1)[-1]
        self.alice = [self.server.device(f"alice-{name}", f"d{n}") for n in range(3)]
        self.bob = [self.server.device(f"bob-{name}", f"d{n}") for n in range(3)]
        self.conversation = self.alice[0].open_with(self.bob[0].user)

    def watch(self, device):
        watcher = Watcher(device, self.conversation)
        self.addCleanup(watcher.close)
        return watcher

    def delivery(self, device, seq):
        return next(each["delivery"] for each in device.history(self.conversation)
                    if each["seq"] == seq)

    def test_all_devices_agree(self):
        alice, bob = self.alice[0].user, self.bob[0].user
        watching = [self.watch(device) for device in self.alice[1:]]
        seq = self.alice[0].send(self.conversation, "hello")["seq"]
        for watcher in watching:
            wait_until(lambda: seq in watcher.seqs())
        self.assertEqual(self.delivery(self.alice[0], seq),
                         {"level": "accepted", "receivers": 1, "stored": 0, "displayed": 0})
        # Stored on one of bob's devices, and shown to nobody.
        self.bob[0].ok("search", "nothing")
        wait_until(lambda: self.delivery(self.alice[0], seq)["level"] == "stored")
        history = self.alice[0].ok("history", self.conversation, LC_ALL="C.UTF-8").out
        self.assertEqual(history.splitlines()[-1], f"✓✓ #{seq}")
        for watcher in watching:
            wait_until(lambda: watcher.place(bob) == (seq, 0))
        # Shown on another one, after the server died.
        readers = [self.watch(self.bob[1])]
        for watcher in watching:
            wait_until(lambda: watcher.place(bob) == (seq, seq))
        self.server.kill()
        self.server.start()
        more = self.alice[0].send(self.conversation, "again")["seq"]
        wait_until(lambda: more in readers[0].seqs())
        for watcher in watching:
            wait_until(lambda: watcher.place(bob) == (more, more))
        found = self.alice[0].ok("receipts", self.conversation, more, "--json").objects
        self.assertEqual(found, [
            {"kind": "receiver", "user": bob, "level": "displayed"},
            {"kind": "totals", "conversation": self.conversation, "origin": 1, "seq": more,
             "receivers": 1, "stored": 1, "displayed": 1}])
        self.assertEqual(self.alice[0].ok("receipts", self.conversation, more).out,
                         f"{bob:16} seen\n#{more}: stored by 1 of 1, seen by 1\n")
        history = self.alice[0].ok("history", self.conversation, LC_ALL="C.UTF-8").out
        self.assertEqual(history.splitlines()[-1], f"✓✓ #{more} seen")
        self.assertIn("not_permitted", self.bob[0].run("receipts", self.conversation, more).err)
        # Bob's third device hears how far he has read.
        late = self.watch(self.bob[2])
        wait_until(lambda: more in late.seqs())
        last = self.alice[0].send(self.conversation, "and again")["seq"]
        wait_until(lambda: late.read_elsewhere() >= last or last in late.seqs())
        for watcher in watching:
            wait_until(lambda: watcher.place(bob) == (last, last))
        # Who wrote them was shown them by the watching devices, and bob hears that as well.
        wait_until(lambda: late.place(alice)[0] >= last)

    def test_privacy(self):
        alice, bob = self.alice[0], self.bob[0]
        watching = self.watch(self.alice[1])
        seq = alice.send(self.conversation, "one")["seq"]
        self.assertEqual(bob.ok("privacy", "--json").objects,
                         [{"displayed": "tell", "server": "tell"}])
        self.assertEqual(bob.ok("privacy", "--displayed", "hide").out,
                         "Others are not told what you have seen.\n")
        bob.watch("--until-online", self.conversation)
        wait_until(lambda: watching.place(bob.user)[0] == seq)
        self.assertEqual(self.delivery(alice, seq)["level"], "stored")
        # The windows and conditions of recalls go by what is so.
        refused = alice.run("recall", self.conversation, seq, "--if-unread", "--json")
        self.assertEqual(refused.objects[0]["refusal"], "condition_not_met")
        self.server.kill()
        self.server.start()
        self.assertEqual(self.bob[1].ok("privacy", "--json").objects[0]["displayed"], "hide")
        self.assertEqual(watching.place(bob.user), (seq, 0))
        self.bob[1].ok("privacy", "--displayed", "tell")
        more = alice.send(self.conversation, "two")["seq"]
        self.bob[1].watch("--until-online", self.conversation)
        wait_until(lambda: watching.place(bob.user) == (more, more))
        self.assertEqual(self.delivery(alice, more)["level"], "displayed")

    def test_chat(self):
        chat = self.alice[0].popen("chat", self.conversation, stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(chat.stderr.close)
        self.addCleanup(chat.stdout.close)
        chat.stdin.write("hello\n")
        chat.stdin.flush()
        lines = []
        thread = threading.Thread(target=lambda: lines.extend(chat.stdout))
        thread.start()
        self.bob[0].watch("--count", "2")
        wait_until(lambda: "✓✓ #2 seen\n" in lines or chat.poll() is not None)
        chat.stdin.close()
        self.assertEqual(chat.wait(60), 0)
        thread.join(60)
        self.assertIn("✓ #2\n", lines)

    def test_wrong_command_lines(self):
        for words in (["receipts"], ["receipts", "c"], ["receipts", "c", "0"],
                      ["receipts", "no id", "1"], ["receipts", "c", "1", "2"],
                      ["privacy", "x"], ["privacy", "--displayed", "perhaps"]):
            with self.subTest(words):
                result = run(*words, "--token", self.alice[0].token)
                self.assertEqual(result.code, 2, result)
                self.assertEqual(result.out, "")


class LargeTest(ServerCase):
    settings = "receipt_members: 2\ndisplayed_receipts: false"

    def test_totals(self):
        alice = self.server.device("alice", "laptop")
        bob = self.server.device("bob", "phone")
        group = alice.ok("conversation", "create", "club", "--member", "bob", "--member",
                         "carol").out.strip()
        seq = alice.send(group, "hello")["seq"]
        bob.watch("--until-online", group)
        wait_until(lambda: alice.ok("receipts", group, seq, "--json").objects[-1]["stored"] == 1)
        found = alice.ok("receipts", group, seq, "--json").objects
        self.assertEqual(len(found), 1)
        self.assertEqual((found[0]["receivers"], found[0]["displayed"]), (2, 0))
        self.assertNotIn("delivery", next(each for each in alice.history(group)
                                          if each["seq"] == seq))
        self.assertEqual(bob.ok("privacy").out, "Others are told what you have seen.\n"
                         "This server tells it of nobody.\n")


if __name__ == "__main__":
    main()
