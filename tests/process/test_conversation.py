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

    def test_invitations(self):
        carol = self.server.device("carol-invited", "tv")
        self.assertEqual(self.change(self.alice, "invite", carol.user), 2)
        self.assertIn("not_permitted", self.change(self.bob, "invite", "dave", code=1))
        found = carol.ok("conversation", "settings", self.group, "--json").objects[0]
        self.assertEqual((found["role"], found["name"], found["peer"], found["settings"]),
                         ("invited", "club", self.alice.user, None))
        self.assertIn("not_a_member", self.change(carol, "members", code=1))
        self.assertEqual(self.members(self.alice)[carol.user], "invited")
        self.assertEqual(self.change(carol, "decline"), 3)
        self.assertIn("not_open", self.change(carol, "accept", code=1))
        self.assertIn("not_a_member", self.change(carol, "settings", code=1))
        self.assertEqual(self.change(self.alice, "invite", carol.user), 4)
        self.assertEqual(self.change(carol, "accept"), 5)
        self.assertEqual(self.members(carol)[carol.user], "member")

    def test_settings(self):
        self.bob.send(self.group, "secret")
        self.assertEqual(self.change(self.alice, "rename", "Club"), 3)
        self.assertEqual(self.change(self.alice, "settings", "--join", "open", "--history",
                                     "joining", "--description", "About"), 4)
        self.assertIn("not_permitted", self.change(self.bob, "rename", "mine", code=1))
        carol = self.server.device("carol-joining", "tv")
        self.assertEqual(self.change(carol, "join"), 5)
        events = carol.ok("history", self.group, "--json").objects
        self.assertEqual([event["seq"] for event in events], [5])
        found = carol.ok("conversation", "settings", self.group, "--json").objects[0]
        self.assertEqual(found["settings"], {
            "name": "Club", "description": "About", "read_only": False, "join": "open",
            "history": "joining", "history_last": 0, "dissolved": False})
        text = carol.ok("conversation", "settings", self.group).out
        self.assertIn("history      joining\n", text)
        self.assertEqual(self.change(self.alice, "settings", "--read-only", "yes"), 6)
        refused = carol.run("send", self.group, "me too")
        self.assertEqual(refused.code, 1, refused)
        self.assertIn("read_only", refused.err)
        self.assertEqual(self.change(self.alice, "dissolve"), 7)
        self.assertIn("dissolved", self.change(carol, "leave", code=1))
        self.assertEqual(self.bob.ok("recall", self.group, 2).code, 0)
        text = self.bob.ok("history", self.group).out
        self.assertIn("dissolved the conversation", text)
        self.assertIn("named the conversation Club", text)

    def test_muting(self):
        self.assertEqual(self.change(self.alice, "mute", self.bob.user, "--for", "1h"), 2)
        refused = self.bob.run("send", self.group, "loud")
        self.assertEqual(refused.code, 1, refused)
        self.assertRegex(refused.err, r"muted here until \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
        self.assertEqual(self.change(self.alice, "unmute", self.bob.user), 3)
        self.bob.send(self.group, "fine")
        self.assertEqual(self.change(self.alice, "mute", self.bob.user), 5)
        found = self.alice.ok("conversation", "members", self.group, "--json").objects
        self.assertEqual({member["user"]: member["muted_until"] for member in found},
                         {self.alice.user: None, self.bob.user: "forever"})
        text = self.alice.ok("history", self.group).out
        self.assertIn(f"lets {self.bob.user} write again", text)

    def test_channel(self):
        channel = self.alice.ok("conversation", "create", "news", "--channel", "--member",
                                self.bob.user).out.strip()
        refused = self.bob.run("send", channel, "me too")
        self.assertIn("read_only", refused.err)
        self.alice.send(channel, "hello")

    def test_wrong_command_lines(self):
        for words in (["members"], ["members", "c", "d"], ["add", "c"], ["add", "c", "a:king"],
                      ["remove", "c", "a:guest"], ["remove", "no id", "a"], ["role", "c", "a"],
                      ["role", "c", "a", "none"], ["leave"], ["pin", "c"], ["pin", "c", "0"],
                      ["unpin", "c", "x"], ["join"], ["rename", "c"], ["rename", "c", ""],
                      ["settings", "c", "--join", "all"], ["settings", "c", "--history", "last:0"],
                      ["settings", "c", "--read-only", "maybe"], ["mute", "c"],
                      ["mute", "c", "a", "--for", "soon"], ["unmute", "c", "a", "--for", "1h"],
                      ["leave", "c", "--read-only", "yes"], ["dissolve", "c", "now"],
                      ["members", "c", "--channel"], ["create", "n", "--for", "1h"], ["pins", "c", "--with", "b"],
                      ["add", "c", *(f"u{i}" for i in range(1001))]):
            with self.subTest(words):
                result = run("conversation", *words, "--token", self.alice.token)
                self.assertEqual(result.code, 2, result)
                self.assertEqual(result.out, "")


if __name__ == "__main__":
    main()
