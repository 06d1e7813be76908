"""A device's database: encrypted, exported, wiped."""

import json
import os

from harness import ServerCase, main, run

CANARY = "Archaeopteryx at dusk"


class StateTest(ServerCase):
    def setUp(self):
        name = self.id().rsplit("_", 1)[-1]
        self.alice = self.server.device(f"alice-{name}", "laptop")
        self.bob = self.server.device(f"bob-{name}", "phone")
        self.direct = self.alice.open_with(self.bob.user)
        self.key = self.bob.state.parent / f"{self.bob.user}.key"
        self.key.write_bytes(os.urandom(32))

    def files_hold(self, device, text):
        return any(text.encode() in path.read_bytes() for path in device.state.glob("unsay.db*"))

    def kind(self, device):
        return run("state", "info", "--json", "--state", device.state, "--token", "").objects[0]["kind"]

    def test_rekey(self):
        seq = self.alice.send(self.direct, CANARY)["seq"]
        self.assertEqual(self.bob.ok("search", "--json", "dusk").objects[0]["seq"], seq)
        self.assertTrue(self.files_hold(self.bob, CANARY))
        self.assertEqual(self.kind(self.bob), "plain")
        self.bob.ok("state", "rekey", "--new-key-file", self.key)
        self.assertEqual(self.kind(self.bob), "encrypted")
        self.assertFalse(self.files_hold(self.bob, CANARY))

        refused = self.bob.run("search", "dusk")
        self.assertEqual(refused.code, 1)
        self.assertIn("no key was given", refused.err)
        found = self.bob.ok("search", "--json", "dusk", "--key-file", self.key).objects
        self.assertEqual([one["seq"] for one in found], [seq])

        digits = self.key.with_suffix(".hex")
        digits.write_text(os.urandom(32).hex() + "\n")
        self.bob.ok("state", "rekey", "--key-file", self.key, "--new-key-file", digits)
        wrong = self.bob.run("search", "dusk", "--key-file", self.key)
        self.assertEqual(wrong.code, 1)
        self.assertIn("another key", wrong.err)
        self.bob.ok("state", "rekey", "--key-file", digits, "--plain")
        self.assertEqual(self.kind(self.bob), "plain")
        self.assertEqual(self.bob.ok("search", "--json", "dusk").objects[0]["seq"], seq)

    def test_export(self):
        seqs = [self.alice.send(self.direct, text)["seq"] for text in ("kept", CANARY)]
        self.bob.ok("search", "kept")
        self.alice.ok("recall", self.direct, seqs[1])
        target = self.key.with_suffix(".jsonl")
        self.bob.ok("state", "export", "--to", target)
        lines = [json.loads(line) for line in target.read_text().splitlines()]
        self.assertEqual((lines[0]["kind"], lines[0]["user"]), ("export", self.bob.user))
        messages = {line["seq"]: line for line in lines if line["kind"] == "message"}
        self.assertEqual(messages[seqs[0]]["body"], "kept")
        self.assertEqual(messages[seqs[1]]["state"], "recalled")
        self.assertNotIn(CANARY, target.read_text())
        self.assertEqual(self.bob.run("state", "export", "--to", target).code, 1)
        self.assertEqual(self.bob.ok("state", "export").objects[1:], lines[1:])

    def test_wipe(self):
        self.alice.send(self.direct, CANARY)
        self.bob.ok("search", "dusk")
        self.assertEqual(self.bob.run("state", "wipe").code, 2)
        self.assertEqual(self.kind(self.bob), "plain")
        self.bob.ok("state", "wipe", "--yes")
        self.assertEqual(self.kind(self.bob), "none")
        self.assertEqual(sorted(path.name for path in self.bob.state.iterdir()), ["lock"])
        self.assertEqual(self.bob.ok("search", "--json", "dusk").objects[0]["conversation"], self.direct)

    def test_wrong_command_lines(self):
        for words in ([], ["burn"], ["rekey"], ["rekey", "--plain", "--new-key-file", self.key],
                      ["info", "more"], ["info", "--key-file", "/nonexistent"]):
            with self.subTest(words):
                self.assertEqual(self.bob.run("state", *words).code, 2)
        self.key.write_bytes(b"short")
        self.assertEqual(self.bob.run("state", "rekey", "--new-key-file", self.key).code, 1)


if __name__ == "__main__":
    main()
