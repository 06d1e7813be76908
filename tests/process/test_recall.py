"""What recall, exposure, recalls and evidence say, and what send takes beside a text."""

from harness import ServerCase, main, run, wait_until


class RecallTest(ServerCase):
    def setUp(self):
        name = self.id().rsplit("_", 1)[-1]
        self.alice = self.server.device(f"alice-{name}", "laptop")
        self.bob = self.server.device(f"bob-{name}", "phone")
        self.conversation = self.alice.open_with(self.bob.user)

    def recall(self, *words, code=0):
        result = self.alice.run("recall", self.conversation, *map(str, words), "--json")
        self.assertEqual(result.code, code, result)
        return result.objects

    def send(self, text):
        return self.alice.send(self.conversation, text)["seq"]

    def test_wait(self):
        seq = self.send("regret")
        self.bob.watch("--until-online")
        answer = self.recall(seq, "--wait", "all", "--wait-ms", 300)[0]
        self.assertEqual(answer["outcome"], "recalled")
        self.assertEqual(answer["recall_seq"], seq + 1)
        self.assertEqual(answer["reach"]["devices"], 2)
        self.assertEqual(answer["reach"]["missing"],
                         [{"user": self.bob.user, "device": "phone"}])

        # The other device comes back, applies it, and signs so before it goes.
        self.bob.watch("--until-online")
        totals, *devices = self.alice.ok("exposure", self.conversation, str(seq), "--json").objects
        self.assertEqual(totals["outstanding"], 0, devices)
        self.assertEqual({(device["user"], device["receipt"]) for device in devices},
                         {(self.alice.user, "signed"), (self.bob.user, "signed")})
        text = self.alice.ok("exposure", self.conversation, str(seq + 1)).out
        self.assertIn("2 have applied the recall (2 receipts signed, 0 not), 0 are outstanding", text)

    def test_condition(self):
        seq = self.send("regret")
        self.bob.watch("--until-online")  # which shows it
        refused = self.recall(seq, "--if-unread", code=1)[0]
        self.assertEqual(refused["refusal"], "condition_not_met")
        self.assertEqual(self.recall(seq)[0]["outcome"], "recalled")
        # The record is written a moment after the commit.
        wait_until(lambda: len(self.alice.ok("recalls", "list", "--json").objects) == 2)
        mine = self.alice.ok("recalls", "list", "--json").objects
        self.assertEqual([entry["outcome"] for entry in mine], ["recalled", "refused"])
        refused = self.alice.ok("recalls", "list", "--outcome", "refused", "--refusal",
                                "condition_not_met", "--since", "1h", "--json").objects
        self.assertEqual([entry["target_seq"] for entry in refused], [seq])
        self.assertEqual(self.alice.ok("recalls", "list", "--limit", "1").out.count("\n"), 1)

    def test_range(self):
        seqs = [self.send(str(i)) for i in range(5)]
        done = self.recall("--from", self.alice.user, "--since", "1h", "--request-id", "job")[0]
        self.assertEqual((done["done"], done["recalled"], done["refused"]), (True, len(seqs), 0))
        again = self.recall("--from", self.alice.user, "--since", "1h", "--request-id", "job")[0]
        self.assertEqual(again["recalled"], len(seqs))
        states = {event["state"] for event in self.bob.history(self.conversation)
                  if event["kind"] == "message"}
        self.assertEqual(states, {"recalled"})

    def test_details(self):
        first = self.send("question")
        sent = self.alice.run("send", self.conversation, "answer", "--quote", str(first),
                              "--mention", self.bob.user, "--json")
        self.assertEqual(sent.code, 0, sent)
        copy = self.alice.run("send", self.conversation, "--forward",
                              f"{self.conversation}:{first}", "--json")
        self.assertEqual(copy.code, 0, copy)
        self.assertEqual(copy.objects[0]["body"], None)
        *_, answer, forward = self.bob.watch("--until-online")
        self.assertEqual(answer["quote"], {"origin": 1, "seq": first})
        self.assertEqual(answer["mentions"], [self.bob.user])
        self.assertEqual(forward["body"], "question")
        self.assertEqual(forward["forwarded_from"]["seq"], first)
        self.recall(answer["seq"])
        tombstone = self.bob.history(self.conversation, "--after", str(answer["seq"] - 1))[0]
        self.assertEqual((tombstone["quote"], tombstone["mentions"]), (None, []))
        self.assertEqual(tombstone["recall"]["actor"], "self")

    def test_evidence(self):
        seq = self.send("not kept")
        self.recall(seq)
        refused = self.alice.run("evidence", self.conversation, str(seq))
        self.assertEqual((refused.code, refused.out), (1, ""), refused)

    def test_usage(self):
        for command, *words in (
                ["recall", "c"], ["recall", "c", "1", "--from", "u"], ["recall", "c", "1", "--since", "1h"],
                ["recall", "c", "1", "--wait", "some"], ["recall", "c", "1", "--wait-ms", "0"],
                ["recall", "c", "--from", "no user"], ["recall", "c", "--from", "u", "--since", "soon"],
                ["recall", "c", "--from", "u", "--since", "1h", "--until", "2h"],
                ["recall", "c", "--from", "u", "--wait", "all"], ["recalls"], ["recalls", "drop"],
                ["recalls", "list", "--outcome", "maybe"], ["recalls", "list", "--limit", "0"],
                ["exposure", "c"], ["exposure", "c", "x"], ["evidence", "c", "0"],
                ["send", "c", "-", "--quote", "1"], ["send", "c", "x", "--forward", "c:1"],
                ["send", "c", "--forward", "c"], ["send", "c", "x", "--mention", "no user"]):
            with self.subTest([command, *words]):
                result = run(command, *words, "--token", self.alice.token)
                self.assertEqual(result.code, 2, result)
                self.assertEqual(result.out, "")


if __name__ == "__main__":
    main()
