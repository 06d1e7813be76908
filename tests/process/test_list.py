"""The user's list of conversations: the same on all devices, and what the user sets for one of them."""

from harness import ServerCase, main, run


class ListTest(ServerCase):
    def setUp(self):
        name = self.id().rsplit("_", 1)[-1]
        self.alice = self.server.device(f"alice-{name}", "laptop")
        self.phone = self.server.device(f"alice-{name}", "phone")
        self.bob = self.server.device(f"bob-{name}", "phone")
        self.direct = self.alice.open_with(self.bob.user)
        self.groups = [self.alice.ok("conversation", "create", name, "--member",
                                     self.bob.user).out.strip() for name in ("one", "two", "three")]

    def entries(self, device, *words):
        return device.ok("conversation", "list", "--json", *words).objects

    def order(self, device, *words):
        return [entry["conversation"] for entry in self.entries(device, *words)]

    def entry(self, device, conversation, *words):
        return next(entry for entry in self.entries(device, "--all", *words)
                    if entry["conversation"] == conversation)

    def set(self, device, verb, *words):
        return device.ok("conversation", verb, "--json", *words).objects[0]

    def test_order(self):
        one, two, three = self.groups
        self.assertEqual(self.order(self.phone), [three, two, one, self.direct])
        sent = self.bob.send(one, "hello\nsecond line")
        self.bob.send(self.direct, "secret-of-the-list")
        self.assertEqual(self.order(self.phone), [self.direct, one, three, two])
        self.bob.ok("recall", self.direct, 2)
        self.bob.ok("recall", one, sent["seq"])
        for device in (self.alice, self.phone, self.bob):
            self.assertEqual(self.order(device), [self.direct, one, three, two])
            self.assertNotIn("secret-of-the-list", device.ok("conversation", "list").out)
        entry = self.entry(self.phone, self.direct)
        self.assertEqual((entry["type"], entry["peer"], entry["name"], entry["role"]),
                         ("direct", self.bob.user, None, "member"))
        self.assertEqual(entry["preview"]["state"], "recalled")
        self.assertEqual(self.entry(self.phone, one)["role"], "owner")
        text = self.phone.ok("conversation", "list", LC_ALL="zh_CN.UTF-8").out
        self.assertIn("撤回", text.splitlines()[0])
        self.alice.ok("conversation", "remove", two, self.bob.user)
        self.assertEqual(self.order(self.bob), [self.direct, one, three])

    def test_counts(self):
        one = self.groups[0]
        for i in range(3):
            self.bob.send(one, f"message {i}\nand more")
        self.alice.send(one, "mine")
        entry = self.entry(self.phone, one)
        self.assertEqual((entry["unread"], entry["mentions"]), (3, 0))
        self.assertIn("3 unread", self.phone.ok("conversation", "list").out.splitlines()[0])
        self.bob.ok("recall", one, 3)
        self.assertEqual(self.entry(self.phone, one)["unread"], 2)
        self.phone.watch("--until-online")
        self.assertEqual(self.entry(self.phone, one)["unread"], 0)
        self.assertIn("mine", self.phone.ok("conversation", "list").out.splitlines()[0])
        self.bob.send(one, "first line\n" + "x" * 3000)
        line = self.phone.ok("conversation", "list").out.splitlines()[0]
        self.assertTrue(line.endswith(f"{self.bob.user}  [a message]"), line)
        self.bob.send(one, "first line\nsecond line")
        line = self.phone.ok("conversation", "list").out.splitlines()[0]
        self.assertTrue(line.endswith(f"{self.bob.user}  first line…"), line)

    def test_settings(self):
        one, two, three = self.groups
        self.assertIsNotNone(self.set(self.alice, "top", one)["pinned"])
        self.assertEqual(self.order(self.phone), [one, three, two, self.direct])
        self.assertIn("▲ one", self.phone.ok("conversation", "list").out.splitlines()[0])
        self.set(self.phone, "top", self.direct)
        self.assertEqual(self.order(self.alice), [self.direct, one, three, two])
        self.set(self.phone, "untop", one)
        self.assertEqual(self.order(self.alice), [self.direct, three, two, one])
        self.assertEqual(self.set(self.alice, "silence", three)["silent_until"], "always")
        self.assertEqual(self.entry(self.phone, three)["silent_until"], "always")
        self.assertIn("silenced", self.phone.ok("conversation", "list").out.splitlines()[1])
        self.assertTrue(self.set(self.alice, "silence", three, "8h")["silent_until"].endswith("Z"))
        self.assertIsNone(self.set(self.phone, "unsilence", three)["silent_until"])
        self.set(self.alice, "hide", three)
        self.assertEqual(self.order(self.phone), [self.direct, two, one])
        self.assertEqual(self.order(self.phone, "--all"), [self.direct, three, two, one])
        self.bob.send(three, "back again")
        self.assertEqual(self.order(self.phone), [self.direct, three, two, one])
        self.set(self.phone, "archive", two)
        self.bob.send(two, "anybody?")
        self.assertEqual(self.order(self.alice), [self.direct, three, one])
        self.assertEqual(self.entry(self.alice, two)["hiding"], "always")
        self.assertEqual(self.set(self.alice, "show", two)["hiding"], "none")
        self.assertEqual(self.order(self.phone), [self.direct, two, three, one])
        # Nobody else's list knows.
        self.assertTrue(all(entry["pinned"] is None and entry["silent_until"] is None
                            for entry in self.entries(self.bob)))
        result = self.bob.run("conversation", "top", "g:none")
        self.assertEqual(result.code, 1, result)
        self.assertIn("unknown_conversation", result.err)

    def test_settings_survive_the_server(self):
        one, two, three = self.groups
        self.set(self.alice, "top", one)
        self.set(self.alice, "archive", two)
        self.server.kill()
        try:
            result = self.phone.run("conversation", "list", "--json", "--timeout", "2")
            self.assertEqual(result.code, 0, result)
            self.assertIn("Not connected", result.err)
        finally:
            self.server.process.stdout.close()
            self.server.start()
        self.assertEqual(self.order(self.phone), [one, three, self.direct])
        self.assertEqual(self.order(self.alice), [one, three, self.direct])

    def test_wrong_command_lines(self):
        for words in (["list", "x"], ["top"], ["top", "no id"], ["hide", "c", "8h"],
                      ["silence", "c", "x"], ["silence", "c", "8h", "8h"], ["show", "c", "--all"],
                      ["list", "--with", "b"], ["members", "c", "--all"]):
            with self.subTest(words):
                result = run("conversation", *words, "--token", self.alice.token)
                self.assertEqual(result.code, 2, result)
                self.assertEqual(result.out, "")


if __name__ == "__main__":
    main()
