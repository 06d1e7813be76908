"""Members and pins of a conversation, from the command line."""

from harness import ServerCase, main, run


class ConversationTest(ServerCase):
    def setUp(self):
        name = self.id().rsplit("_", 1)[-1]
        self.alice = self.server.device(f"alice-{name}", "laptop")
        self.bob = self.server.device(f"bob-{name}", "phone")
        self.group = self.alice.ok("conversation", "create", "club", "--member",
                                   self.bob.user).out.strip()

    def members(self, device):
        found = device.ok("conversation", "members", self.group, "--json").objects
        return {member["user"]: member["role"] for member in found}

    def change(self, device, verb, *words, code=0):
        result = device.run("conversation", verb, self.group, *words, "--json")
        self.assertEqual(result.code, code, result)
        return result.objects[0]["seq"] if code == 0 else result.err

    def test_members(self):
        self.assertEqual(self.members(self.alice),
                         {self.alice.user: "owner", self.bob.user: "member"})
        self.assertEqual(self.change(self.alice, "add", "carol:guest", "dave"), 2)
        self.assertEqual(self.change(self.alice, "role", self.bob.user, "moderator"), 3)
        self.assertIsNone(self.change(self.alice, "role", self.bob.user, "moderator"))
        self.assertEqual(self.change(self.bob, "remove", "carol"), 4)
        self.assertIn("not_permitted", self.change(self.bob, "add", "eve", code=1))
        self.assertIn("last_owner", self.change(self.alice, "leave", code=1))
        self.assertEqual(self.members(self.bob), {self.alice.user: "owner", "dave": "member",
                                                  self.bob.user: "moderator"})
        self.assertEqual(self.change(self.bob, "leave"), 5)
        self.assertIn("not_a_member", self.change(self.bob, "members", code=1))
        text = self.alice.ok("conversation", "members", self.group).out
        self.assertEqual(text, f"{self.alice.user}  owner\ndave  member\n")
        self.assertEqual(self.alice.ok("conversation", "add", self.group, "dave").out,
                         "Nothing had to change.\n")
        self.assertEqual(self.alice.ok("conversation", "remove", self.group, "dave").out,
                         "Done, as #6.\n")

    def test_pins(self):
        for text in ("one", "two", "three"):
            self.bob.send(self.group, text)
        self.assertEqual(self.change(self.alice, "pin", 4), 5)
        self.assertEqual(self.change(self.alice, "pin", 2), 6)
        self.assertIsNone(self.change(self.alice, "pin", 2))
        self.assertIn("not_permitted", self.change(self.bob, "pin", 3, code=1))
        self.assertIn("unknown_message", self.change(self.alice, "pin", 99, code=1))
        self.assertEqual(self.bob.ok("conversation", "pins", self.group).out, "#4\n#2\n")
        self.bob.ok("recall", self.group, 4)
        found = self.bob.ok("conversation", "pins", self.group, "--json").objects
        self.assertEqual(found, [{"origin": 1, "seq": 2}])
        self.assertEqual(self.change(self.alice, "unpin", 2), 8)
        self.assertEqual(self.bob.ok("conversation", "pins", self.group).out, "")

    def test_wrong_command_lines(self):
        for words in (["members"], ["members", "c", "d"], ["add", "c"], ["add", "c", "a:king"],
                      ["remove", "c", "a:guest"], ["remove", "no id", "a"], ["role", "c", "a"],
                      ["role", "c", "a", "none"], ["leave"], ["pin", "c"], ["pin", "c", "0"],
                      ["unpin", "c", "x"], ["pins", "c", "--with", "b"],
                      ["add", "c", *(f"u{i}" for i in range(101))]):
            with self.subTest(words):
                result = run("conversation", *words, "--token", self.alice.token)
                self.assertEqual(result.code, 2, result)
                self.assertEqual(result.out, "")


if __name__ == "__main__":
    main()
