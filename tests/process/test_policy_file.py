"""`unsay policy`: a file is checked, and asked how it decides, without a server."""

import hashlib
import json
import pathlib
import tempfile
import unittest

from harness import main, run

POLICIES = pathlib.Path(__file__).resolve().parents[2] / "policies"
DEFAULT = POLICIES / "default.yaml"


class CheckTest(unittest.TestCase):
    def test_every_shipped_policy_is_valid(self):
        files = sorted(POLICIES.glob("*.yaml"))
        self.assertGreaterEqual(len(files), 6)
        for file in files:
            with self.subTest(file.name):
                version = hashlib.sha256(file.read_bytes()).hexdigest()
                result = run("policy", "check", file)
                self.assertEqual(result.code, 0, result)
                self.assertIn(version, result.out)
                object = run("policy", "check", file, "--json").objects[0]
                self.assertIs(object["valid"], True)
                self.assertEqual(object["version"], version)
                for rule in object["rules"]:
                    self.assertRegex(result.out, rf"(?m)^{rule['name']} ")

    def test_a_mistake_is_said_with_its_line(self):
        with tempfile.TemporaryDirectory() as directory:
            file = pathlib.Path(directory) / "policy.yaml"
            file.write_text("rules:\n  - name: a\n    decision: allow\n    window: 2 minutes\n")
            said = (f'{file}:4: rules[0].window: "2 minutes" is not a duration; '
                    "write 90s, 2m, 24h, 7d or none (at most 3650d)")
            result = run("policy", "check", file)
            self.assertEqual((result.code, result.out, result.err), (1, "", said + "\n"))
            result = run("policy", "check", file, "--json")
            self.assertEqual(result.code, 1)
            self.assertEqual(result.objects, [{"file": str(file), "valid": False, "error": said}])
            result = run("policy", "test", file, "--as", "self")
            self.assertEqual((result.code, result.err), (2, said + "\n"))

    def test_a_file_cannot_command_the_terminal(self):
        with tempfile.TemporaryDirectory() as directory:
            file = pathlib.Path(directory) / "policy.yaml"
            file.write_text('"\\e[2J\\u202e\\u009b": 1\n', encoding="utf-8")
            result = run("policy", "check", file)
            self.assertEqual(result.code, 1)
            self.assertIn(f"{file}:1: there is no field", result.err)
            for character in "\x1b\u202e\x9b":
                self.assertNotIn(character, result.err)

    def test_the_table_speaks_chinese(self):
        result = run("policy", "check", DEFAULT, LC_ALL="zh_CN.UTF-8")
        self.assertIn("是有效的策略", result.out)
        self.assertRegex(result.out, "(?m)^规则 +决定 +时限 +正文 +其他 +条件$")


class TestTest(unittest.TestCase):
    def judge(self, *arguments, file=DEFAULT):
        result = run("policy", "test", file, *arguments, "--json")
        self.assertIn(result.code, (0, 1), result)
        object = json.loads(result.out)
        self.assertEqual(object["verdict"], "refused" if result.code else "granted")
        return object

    def test_verdicts(self):
        for arguments, verdict, refusal, rule, actor in [
                ("--as self,member --age 2m", "granted", None, "author", "self"),
                ("--as self --age 120001ms", "refused", "window_closed", "author", "self"),
                ("--as self", "granted", None, "author", "self"),
                ("--as self,owner --age 7d", "granted", None, "owners-and-admins", "owner"),
                ("--as admin --target former --type channel", "granted", None,
                 "owners-and-admins", "admin"),
                ("--as owner --type direct", "refused", "not_permitted", None, "owner"),
                ("--as member,system --type direct --age 3650d", "granted", None,
                 "system-and-compliance", "system")]:
            with self.subTest(arguments):
                object = self.judge(*arguments.split())
                self.assertEqual((object["verdict"], object["refusal"], object["rule"],
                                  object["actor"]), (verdict, refusal, rule, actor))

    def test_what_is_kept_and_what_was_passed_over(self):
        object = self.judge("--as", "self", "--age", "1m", file=POLICIES / "retain.yaml")
        self.assertEqual((object["keep"], object["keep_for_ms"]), ("seal", 180 * 86400 * 1000))
        self.assertEqual(object["passed"][0], {"rule": "mandate", "unmet": "actor"})
        self.assertEqual(object["why"], "The window of 2m is open for another 1m.")

    def test_delivery_region_and_clock(self):
        slow = POLICIES / "slow-network.yaml"
        late = ["--as", "self", "--type", "direct", "--age", "1h", "--delivered"]
        self.assertEqual(self.judge(*late, "2m", file=slow)["verdict"], "granted")
        self.assertEqual(self.judge(*late, "121s", file=slow)["refusal"], "window_closed")
        waiting = ["--as", "self", "--age", "1h", "--delivered", "50m"]
        self.assertEqual(self.judge(*waiting, file=slow)["verdict"], "granted")
        self.assertEqual(self.judge(*waiting, "--delivered-all", "3m", file=slow)["refusal"],
                         "window_closed")
        erasure = POLICIES / "erasure.yaml"
        old = ["--as", "self", "--age", "999d"]
        self.assertEqual(self.judge(*old, "--region", "uk", file=erasure)["verdict"], "granted")
        self.assertEqual(self.judge(*old, file=erasure)["verdict"], "refused")
        retain = POLICIES / "retain.yaml"
        self.assertEqual(self.judge("--as", "self", "--clock-unsure", file=retain)["refusal"],
                         "clock_unsure")
        self.assertEqual(self.judge("--as", "owner", "--type", "channel", "--age", "1m",
                                    "--delivered", "1m", "--displayed", file=retain)["rule"],
                         "announcements-that-were-read")

    def test_people_read_why(self):
        result = run("policy", "test", DEFAULT, "--as", "self,member", "--age", "3m")
        self.assertEqual(result.code, 1)
        self.assertIn("Refused (window_closed).", result.out)
        self.assertIn("The window of 2m ended 1m ago.", result.out)
        result = run("policy", "test", DEFAULT, "--as", "self", LC_ALL="zh_CN.UTF-8")
        self.assertIn("允许撤回。", result.out)
        self.assertIn("由规则 author 裁决", result.out)

    def test_wrong_command_lines_exit_2(self):
        for arguments in [
                [], ["nonsense"], ["check"], ["check", DEFAULT, DEFAULT], ["check", "--nonsense"],
                ["test", DEFAULT], ["test", "--as", "self"], ["test", DEFAULT, "--as", ""],
                ["test", DEFAULT, "--as", "self,"], ["test", DEFAULT, "--as", "boss"],
                ["test", DEFAULT, "--as", "self,admin", "--target", "owner"],
                ["test", DEFAULT, "--as", "self", "--target", "former"],
                ["test", DEFAULT, "--as", "self", "--age", "soon"],
                ["test", DEFAULT, "--as", "self", "--displayed"],
                ["test", DEFAULT, "--as", "self", "--age", "1m", "--delivered", "2m"],
                ["test", DEFAULT, "--as", "self", "--type", "room"],
                ["test", "/nonexistent", "--as", "self"]]:
            with self.subTest(arguments):
                result = run("policy", *arguments)
                self.assertEqual(result.code, 2, result)
                self.assertTrue(result.err)


if __name__ == "__main__":
    main()
