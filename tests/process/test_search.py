"""Searching what a device has stored, and what becomes of it when it is taken back."""

from harness import ServerCase, main, run

CANARY = "Quetzalcoatlus 金丝雀 at midnight"


class SearchTest(ServerCase):
    def setUp(self):
        name = self.id().rsplit("_", 1)[-1]
        self.alice = self.server.device(f"alice-{name}", "laptop")
        self.bob = self.server.device(f"bob-{name}", "phone")
        self.direct = self.alice.open_with(self.bob.user)

    def find(self, device, *words):
        return [found["seq"] for found in device.ok("search", "--json", *words).objects]

    def files_hold(self, device, text):
        return any(text.encode() in path.read_bytes() for path in device.state.glob("unsay.db*"))

    def test_words(self):
        seqs = [self.alice.send(self.direct, text)["seq"]
                for text in ("Lunch at noon?", "我们明天去北京开会", "No lunch today", "\x1b[31m red lunch")]
        self.assertEqual(self.find(self.bob, "lunch"), [seqs[3], seqs[2], seqs[0]])
        self.assertEqual(self.find(self.bob, "LUNCH", "today"), [seqs[2]])
        self.assertEqual(self.find(self.bob, '"at lunch"'), [])
        self.assertEqual(self.find(self.bob, "北京"), [seqs[1]])
        self.assertEqual(self.find(self.bob, "lunch", "--limit", "1"), [seqs[3]])
        self.assertEqual(self.find(self.bob, "lunch", "--in", "g:elsewhere"), [])
        self.assertEqual(self.find(self.bob, "lunch", "--in", self.direct), [seqs[3], seqs[2], seqs[0]])
        self.assertEqual(self.find(self.bob, "*", '"', "OR"), [])
        found = self.bob.ok("search", "--json", "北京").objects[0]
        self.assertEqual(found["sender"], self.alice.user)
        start, size = found["hits"][0]["start"], found["hits"][0]["bytes"]
        self.assertEqual(found["snippet"].encode()[start:start + size].decode(), "北京")
        text = self.bob.ok("search", "red").out
        self.assertIn(f"{self.direct} #{seqs[3]}  {self.alice.user}  ", text)
        self.assertNotIn("\x1b", text)
        self.assertEqual(self.bob.ok("search", "nowhere").out, "Nothing found.\n")

    def test_recall(self):
        seq = self.alice.send(self.direct, CANARY)["seq"]
        self.assertEqual(self.find(self.bob, "quetzalcoatlus"), [seq])
        self.assertEqual(self.find(self.alice, "丝雀"), [seq])
        self.assertTrue(self.files_hold(self.bob, "Quetzalcoatlus"))
        self.alice.ok("recall", self.direct, seq)
        for device in (self.alice, self.bob):
            self.assertEqual(self.find(device, "quetzalcoatlus"), [])
            self.assertEqual(self.find(device, "雀"), [])
            for text in ("Quetzalcoatlus", "quetzalcoatlus", "丝雀"):
                self.assertFalse(self.files_hold(device, text))

    def test_offline(self):
        seq = self.alice.send(self.direct, "stored before")["seq"]
        self.assertEqual(self.find(self.bob, "stored"), [seq])
        self.server.kill()
        try:
            result = self.bob.ok("search", "--json", "stored", "--timeout", "2")
            self.assertEqual([found["seq"] for found in result.objects], [seq])
            self.assertIn("Not connected", result.err)
        finally:
            self.server.process.stdout.close()
            self.server.start()

    def test_wrong_command_lines(self):
        for words in ([], ["--limit", "0", "x"], ["--in", "no id", "x"], ["x" * 5000]):
            with self.subTest(words):
                self.assertEqual(run("search", *words, "--token", self.alice.token).code, 2)


if __name__ == "__main__":
    main()
