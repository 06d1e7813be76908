"""The policy of a running server: shown, read again by command and by signal, all or nothing."""

import signal
import unittest

import harness

SHORT = "rules: [{name: short, actor: [self], decision: allow, window: 2m}]"
NOBODY = "rules: [{name: nobody, decision: refuse}]"


class PolicyTest(harness.ServerCase):
    policy = SHORT

    def officer(self):
        token = harness.run("token", "--data", str(self.server.data), "--user", "carol",
                            "--device", "desk", "--role", "compliance").out.strip()
        return token

    def policy_command(self, *words):
        return harness.run("policy", *words, "--server", self.server.address, "--token",
                           self.officer(), "--state", str(self.directory / "carol"))

    def versions(self):
        return self.policy_command("versions", "--json").objects

    def test_story(self):
        alice = self.server.device("alice", "laptop")
        conversation = alice.open_with("bob")
        first = self.policy_command("show")
        self.assertEqual((first.code, first.out.strip()), (0, SHORT))

        seq = alice.send(conversation, "one")["seq"]
        self.server.policy.write_text(NOBODY + "\n")
        self.assertEqual(self.policy_command("reload").code, 0)
        refused = alice.run("recall", conversation, str(seq), "--json")
        self.assertEqual(refused.objects[0]["refusal"], "not_permitted")

        # What is not valid changes nothing, and is told with its line.
        self.server.policy.write_text("rules:\n  - name: wrong\n    decision: perhaps\n")
        wrong = self.policy_command("reload")
        self.assertEqual(wrong.code, 1, wrong)
        self.assertIn("policy.yaml:3", wrong.err)
        self.assertEqual(self.policy_command("show").out.strip(), NOBODY)

        # The signal does the same; it is done when the new version is on record.
        before = self.policy_command("show").out
        self.server.policy.write_text(SHORT + "\n")
        self.server.process.send_signal(signal.SIGHUP)
        harness.wait_until(lambda: self.policy_command("show").out != before)
        granted = alice.run("recall", conversation, str(seq), "--json")
        self.assertEqual(granted.objects[0]["outcome"], "recalled", granted)
        harness.wait_until(lambda: len(self.versions()) == 2)

    def test_strangers_are_told(self):
        alice = self.server.device("alice", "pad")
        result = harness.run("policy", "show", *alice.options())
        self.assertEqual(result.code, 1, result)
        self.assertIn("system and compliance", result.err)


if __name__ == "__main__":
    harness.main()
