"""`unsay policy explain` and `policy diff`: attempts of a running server, asked about again."""

import re
import signal
import unittest

import harness

SHORT = """
rules:
  - {name: mandate, actor: [compliance], decision: allow, keep: seal, keep_for: 30d}
  - {name: read-once, conversation: [group], displayed: yes, decision: refuse}
  - {name: author, actor: [self], decision: allow, window: 1h}
"""
PLAIN = "rules: [{name: author, actor: [self], decision: allow}]"
LATE = """
rules:
  - {name: author, actor: [self], decision: allow, window: 1h, window_from: first_delivery, keep: keep, keep_for: 1d}
"""
NOBODY = "rules: [{name: nobody, decision: refuse}]"


class RecordCase(harness.ServerCase):
    policy = PLAIN

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.alice = cls.server.device("alice", "laptop")
        cls.bob = cls.server.device("bob", "phone")
        token = harness.run("token", "--data", cls.server.data, "--user", "carol", "--device",
                            "desk", "--role", "compliance").out.strip()
        cls.carol = harness.Device(cls.server, "carol", "desk", token)

    def file(self, name, text):
        path = self.directory / f"{name}.yaml"
        path.write_text(text)
        return path

    def policy_command(self, *words, **variables):
        word, *more = words
        return harness.run("policy", word, *self.carol.options(), *more, **variables)

    def reload(self, text):
        self.server.policy.write_text(text)
        result = self.policy_command("reload", "--json")
        self.assertEqual(result.code, 0, result)
        return result.objects[0]["version"]

    def recall(self, device, conversation, *words):
        return device.run("recall", conversation, *map(str, words), "--json").objects

    def attempts(self, count):
        """All attempts, latest first, once there are so many."""
        def listed():
            found = self.carol.ok("recalls", "list", "--json", "--limit", "1000").objects
            return found if len(found) == count else None
        return harness.wait_until(listed)


class ExplainTest(RecordCase):
    def test_story(self):
        conversation = self.alice.open_with("bob")
        short = self.reload(SHORT)
        kept, forbidden = (self.alice.send(conversation, text)["seq"] for text in "ab")
        self.recall(self.alice, conversation, kept, "--request-id", "mine")
        self.recall(self.alice, conversation, kept, "--request-id", "again")
        self.recall(self.bob, conversation, forbidden, "--request-id", "not-mine")
        self.bob.watch("--until-online")
        self.recall(self.alice, conversation, forbidden, "--if-unread", "--request-id", "unread")
        self.recall(self.carol, conversation, forbidden, "--request-id", "law")
        self.reload(NOBODY)
        *_, first = attempts = self.attempts(5)
        law, unread, not_mine, again, mine = attempts
        self.assertEqual(mine, first)

        # By its index: the rules that did not match, the one that did, and what is left.
        result = self.policy_command("explain", mine["index"])
        self.assertEqual(result.code, 0, result)
        for said in (f"Attempt {mine['index']}, {mine['time']}", "Operator: alice, as self, member",
                     "From: device laptop, 127.0.0.1:", "Request: mine", "direct, text",
                     "Author: alice, role now: member", f"Policy: {short}", "On record: recalled",
                     "Granted.", "Rule mandate does not match: actor: compliance.",
                     "Rule read-once does not match: conversation: group.",
                     "Rule author decides; the operator acts as self.",
                     "The window of 1h is open for another 59m ", "The body is erased.",
                     "Asked again, the same policy gives the same answer."):
            self.assertIn(said, result.out)
        told = self.policy_command("explain", mine["index"], "--json").objects
        self.assertEqual(len(told), 1)
        judged = told[0]["judged"]
        self.assertEqual((told[0]["reproduced"], judged["verdict"], judged["rule"],
                          judged["policy"]), (True, "granted", "author", short))
        self.assertEqual([passed["unmet"] for passed in judged["passed"]],
                         ["actor", "conversation"])
        self.assertLess(3500000, judged["window_left_ms"])
        self.assertLessEqual(judged["window_left_ms"], 3600000)

        # By the message: all attempts on it, latest first; by the recall: the one.
        told = self.policy_command("explain", conversation, kept, "--json").objects
        self.assertEqual([each["index"] for each in told], [again["index"], mine["index"]])
        self.assertEqual([each["not_judged"] for each in told], ["not_asked", None])
        told = self.policy_command("explain", conversation, law["recall_seq"], "--json").objects
        self.assertEqual([each["index"] for each in told], [law["index"]])
        self.assertEqual((told[0]["judged"]["keep"], told[0]["judged"]["actor"]),
                         ("seal", "compliance"))

        # By the request; and what the policy refused, or granted and the condition did not allow.
        request = ("explain", "--conversation", conversation, "--request-id")
        told = self.policy_command(*request, "not-mine", "--json").objects
        self.assertEqual([(each["index"], each["judged"]["verdict"], each["judged"]["refusal"],
                           each["judged"]["rule"], each["reproduced"]) for each in told],
                         [(not_mine["index"], "refused", "not_permitted", None, True)])
        result = self.policy_command(*request, "unread")
        self.assertEqual(result.code, 0, result)
        self.assertIn("How far it had got: displayed", result.out)
        self.assertRegex(result.out, r"First delivered: \S+, [0-9.msh ]+ before")
        self.assertIn("Granted.", result.out)
        self.assertIn("the condition of the request was not met", result.out)
        self.assertIn("On record: refused (condition_not_met)", result.out)
        self.assertEqual(unread["refusal"], "condition_not_met")

        result = self.policy_command("explain", mine["index"], LC_ALL="zh_CN.UTF-8")
        self.assertIn("规则 author", result.out)
        self.assertIn("再次裁决，同一策略给出相同结果。", result.out)

        # None of that; and what is no attempt.
        for words in ((1 << 40,), (0,), (conversation, 999), request[1:] + ("nothing",)):
            result = self.policy_command("explain", *words)
            self.assertEqual((result.code, result.out), (1, ""), result)
            self.assertIn("there is no such attempt", result.err)

    def test_usage(self):
        for words in ([], ["x"], ["1", "2", "3"], ["c", "0"], ["c", "x"], ["no such", "1"],
                      ["--request-id", "r"], ["--conversation", "c"], ["-1"],
                      ["1", "--conversation", "c"], ["1", "--conversation", "c", "--request-id", "r"]):
            with self.subTest(words):
                result = self.policy_command("explain", *words)
                self.assertEqual((result.code, result.out), (2, ""), result)


class DiffTest(RecordCase):
    def setUp(self):
        self.plain = self.file("plain", PLAIN)

    def diff(self, *words, **variables):
        return self.policy_command("diff", *words, **variables)

    def told(self, *words):
        *each, result = self.diff(*words, "--json").objects
        self.assertEqual(result["kind"], "result")
        self.assertEqual(result["attempts"],
                         sum(result[kind] for kind in
                             ("not_asked", "same", "newly_granted", "newly_refused",
                              "granted_otherwise", "refused_otherwise", "not_recorded",
                              "delivery_not_recorded", "clock_not_recorded")))
        return each, result

    def test_story(self):
        conversation = self.alice.open_with("bob")
        self.reload(PLAIN)
        first, second, third, fourth = (self.alice.send(conversation, text)["seq"]
                                        for text in "abcd")
        self.recall(self.alice, conversation, first, "--request-id", "old")
        self.recall(self.bob, conversation, second, "--request-id", "others")
        self.recall(self.alice, conversation, first, "--request-id", "again")
        self.recall(self.carol, conversation, third, "--request-id", "law")
        sealed = self.reload(SHORT)  # asks how far a message got
        self.recall(self.alice, conversation, fourth, "--request-id", "new")
        self.recall(self.carol, conversation, third, "--request-id", "law-again")
        asked = {each["request_id"]: each["index"] for each in self.attempts(6)}

        each, result = self.told("current", "current", "--against", "LAST_24_HOURS")
        self.assertEqual((each, result["a"], result["same"], result["not_asked"]),
                         ([], sealed, 5, 1))
        self.assertEqual(self.diff("current", "current", "--against", "1d", "--exit-code").code, 0)
        self.assertIn("No attempt is decided otherwise.",
                      self.diff("current", "current", "--against", "LAST_HOUR").out)

        # From the policy that was to the one that is, by the first digits of its version.
        each, result = self.told(self.plain, sealed[:12], "--against", "LAST_24_HOURS")
        self.assertEqual([(one["kind"], one["index"]) for one in each],
                         [("newly_granted", asked["law-again"]), ("newly_granted", asked["law"])])
        granted = each[-1]
        self.assertEqual((granted["a"]["verdict"], granted["b"]["verdict"], granted["b"]["rule"],
                          granted["b"]["keep"]), ("refused", "granted", "mandate", "seal"))

        # What nobody asked at the time is not guessed: it is said, and counted.
        late = self.file("late", LATE)
        each, result = self.told(self.plain, late, "--against", "..")
        kinds = {one["request_id"]: one["kind"] for one in each}
        self.assertEqual(kinds["old"], "granted_otherwise")  # an hour from sending is not over
        self.assertEqual(kinds["new"], "granted_otherwise")
        strict = self.file("strict", PLAIN.replace("self]", "self], delivered: no"))
        each, result = self.told(self.plain, strict, "--against", "LAST_7_DAYS")
        self.assertEqual([(one["kind"], one["request_id"], one["b"] is None) for one in each],
                         [("newly_refused", "new", False), ("delivery_not_recorded", "old", True)])
        self.assertEqual(result["delivery_not_recorded"], 1)
        code = self.diff(self.plain, strict, "--against", "LAST_7_DAYS", "--exit-code")
        self.assertEqual(code.code, 1)
        self.assertIn("cannot be judged: how far the message had got is not on record", code.out)

        # Somebody's, somewhere, sometime.
        nobody = self.file("nobody", NOBODY)
        each, result = self.told(self.plain, nobody, "--against", "..", "--operator", "alice")
        self.assertEqual((result["attempts"], result["newly_refused"]), (3, 2))
        each, result = self.told(self.plain, nobody, "--against", "..", "--conversation", "other")
        self.assertEqual(result["attempts"], 0)
        each, result = self.told(self.plain, nobody, "--against", "2026-01-01..2026-01-02")
        self.assertEqual(result["attempts"], 0)

        result = self.diff(self.plain, nobody, "--against", "LAST_7_DAYS")
        self.assertEqual(result.code, 0, result)
        self.assertRegex(result.out, r"(?m)^newly refused: \d+ .* recalled by alice \(self\), rule "
                                     r"author\n    A: granted by author, acting as self; erase\n"
                                     r"    B: refused by nobody \(not_permitted\)$")
        self.assertRegex(result.out, r"(?m)^6 attempts, of which 1 were decided without a policy$")
        self.assertRegex(result.out, r"(?m)^2 newly refused$")
        chinese = self.diff(self.plain, nobody, "--against", "LAST_7_DAYS", LC_ALL="zh_CN.UTF-8")
        self.assertIn("改为拒绝", chinese.out)

        # With files, one's own attempts need no role.
        mine = harness.run("policy", "diff", *self.alice.options(), self.plain, nobody,
                           "--against", "..", "--json")
        self.assertEqual(mine.objects[-1]["newly_refused"], 2, mine)
        self.assertEqual(harness.run("policy", "diff", *self.alice.options(), "current", nobody,
                                     "--against", "..").code, 1)

        # The record outlives the process, and so do the policies that it names.
        self.server.kill(signal.SIGKILL)
        self.server.start()
        told = self.policy_command("explain", asked["old"], "--json").objects[0]
        self.assertIs(told["reproduced"], True)
        self.assertTrue(re.fullmatch("[0-9a-f]{64}", told["judged"]["policy"]))

    def test_usage(self):
        wrong = self.file("wrong", "rules: []\n- x")
        for words in ([], [self.plain, self.plain], [self.plain, "--against", "7d"],
                      [self.plain, self.plain, self.plain, "--against", "7d"],
                      [self.plain, self.plain, "--against", "LAST_WEEKEND"],
                      [self.plain, self.plain, "--against", "2026-01-02..2026-01-01"],
                      [self.plain, self.plain, "--against", "7d", "--operator", "no user"],
                      [self.plain, self.plain, "--against", "7d", "--conversation", "no such"],
                      ["/nonexistent", self.plain, "--against", "7d"],
                      [self.plain, wrong, "--against", "7d"]):
            with self.subTest(words):
                result = self.diff(*words)
                self.assertEqual((result.code, result.out), (2, ""), result)


if __name__ == "__main__":
    harness.main()
