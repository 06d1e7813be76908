"""The command line, as scripts use it."""

import base64
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
import uuid

from harness import UNSAY, ServerCase, bodies, main, run, wait_until

COMMANDS = ["serve", "token", "conversation", "send", "recall", "history", "watch", "chat",
            "receipts", "privacy", "bench", "doctor"]
FIELDS = ["kind", "conversation", "origin", "seq", "message_id", "sender", "device", "time",
          "content_type", "state", "body", "recall"]
MESSAGE_FIELDS = FIELDS + ["quote", "forwarded_from", "mentions"]


class HelpTest(unittest.TestCase):
    def test_tour_names_every_command(self):
        result = run("help")
        self.assertEqual(result.code, 0)
        for command in COMMANDS:
            self.assertRegex(result.out, rf"(?m)^  {command} ")

    def test_each_command_has_help(self):
        for command in COMMANDS:
            with self.subTest(command):
                result = run(command, "--help")
                self.assertEqual(result.code, 0, result)
                self.assertIn(f"unsay {command}", result.out)
                self.assertEqual(result.err, "")
                self.assertTrue(all(len(line) <= 100 for line in result.out.splitlines()))

    def test_wrong_command_lines_exit_2(self):
        header = base64.urlsafe_b64encode(b'{"alg":"HS256"}').decode().rstrip("=")
        claims = base64.urlsafe_b64encode(
            b'{"sub":"a","device":"d","exp":99999999999}').decode().rstrip("=")
        token = f"{header}.{claims}.AAAA"
        for arguments in [
                [], ["nonsense"], ["send"], ["send", "c"], ["send", "c", "x", "y"],
                ["send", "c", "x", "--nonsense"], ["send", "c", "x", "--token"],
                ["send", "c", "x"], ["send", "c", "x", "--token", "no-token"],
                ["send", "not an id", "x", "--token", token],
                ["send", "c", "x", "--token", token, "--server", "http://h:1"],
                ["send", "c", "x", "--token", token, "--timeout", "soon"],
                ["send", "c", "-", "--token", token, "--from", "0"],
                ["recall", "c"], ["recall", "c", "two", "--token", token],
                ["recall", "c", "0", "--token", token], ["recall", "c", "1:", "--token", token],
                ["recall", "c", "1", "--token", token, "--reason", "x" * 257],
                ["recall", "c", "1", "--token", token, "--request-id", ""],
                ["recall", "c", *["1"] * 101, "--token", token],
                ["history"], ["history", "c", "--last", "0", "--token", token],
                ["watch", "--count", "x", "--token", token], ["chat"],
                ["conversation"], ["conversation", "open"], ["conversation", "create"],
                ["conversation", "create", "n", "--member", "a:king", "--token", token],
                ["token"], ["token", "--data", "d", "--user", "a:b", "--device", "d"],
                ["token", "--data", "d", "--user", "a", "--device", "d", "--ttl", "1w"],
                ["serve", "--workers", "65"], ["serve", "extra"], ["doctor", "extra"]]:
            with self.subTest(arguments):
                result = run(*arguments)
                self.assertEqual(result.code, 2, result)
                self.assertEqual(result.out, "")
                self.assertIn("unsay", result.err)

    def test_nothing_listens_exit_3(self):
        with tempfile.TemporaryDirectory() as directory:
            token = run("token", "--data", directory, "--user", "a", "--device", "d").out.strip()
            for command in (["send", "c", "x"], ["history", "c"], ["recall", "c", "1"],
                            ["conversation", "open", "--with", "b"], ["watch", "--until-online"]):
                result = run(*command, "--token", token, "--state", directory + "/s",
                             "--server", "tcp://127.0.0.1:9", "--timeout", "1")
                self.assertEqual(result.code, 3, result)
                self.assertIn("cannot reach tcp://127.0.0.1:9", result.err)


class TokenTest(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.data = directory.name + "/data"

    def make(self, *more):
        return run("token", "--data", self.data, "--user", "a", "--device", "d", *more)

    def test_claims(self):
        token = self.make("--ttl", "15m").out.strip()
        claims = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
        self.assertEqual((claims["sub"], claims["device"]), ("a", "d"))
        self.assertAlmostEqual(claims["exp"], time.time() + 900, delta=5)

    def test_directory_and_key_are_private(self):
        self.assertEqual(self.make().code, 0)
        self.assertEqual(os.stat(self.data).st_mode & 0o777, 0o700)
        self.assertEqual(os.stat(self.data + "/dev.key").st_mode & 0o777, 0o600)

    def test_open_key_is_refused(self):
        self.make()
        os.chmod(self.data + "/dev.key", 0o644)
        result = self.make()
        self.assertEqual(result.code, 1)
        self.assertIn("chmod 600", result.err)


class ServeTest(ServerCase):
    def test_printed_lines_work(self):
        directory = self.directory / "tour with space"
        directory.mkdir()
        with subprocess.Popen(
                [str(UNSAY), "serve", "--listen", "127.0.0.1:0", "--http",
                 "127.0.0.1:0"], cwd=directory, stdout=subprocess.PIPE, text=True) as process:
            text = ""
            while "Ctrl-C" not in text:
                line = process.stdout.readline()
                self.assertTrue(line, text)
                text += line
            script = "\n".join(re.findall(r"(?m)^  (.+)$", text))
            done = subprocess.run(
                ["sh", "-c", script], capture_output=True, text=True, timeout=60,
                env={**os.environ, "XDG_STATE_HOME": str(directory / "state"), "LC_ALL": "C"})
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(30), 0)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        self.assertEqual(done.stdout.count("hello, bob"), 1)
        self.assertIn("alice took back a message", done.stdout)

    def test_config_is_checked_before_it_is_used(self):
        secret = self.directory / "short.secret"
        secret.write_text("short")
        config = self.directory / "unsay.yaml"
        config.write_text(f"workers: 99\nhttp: \"\"\ntoken_secrets:\n  - file: {secret}\n")
        result = run("config", "check", "--json", "--config", config)
        found = [json.loads(line) for line in result.out.splitlines()]
        self.assertEqual(result.code, 1, result)
        self.assertEqual([one["level"] for one in found], ["problem", "problem", "warning"])
        self.assertIn(f"{config}, line 1, column 10: workers: 0 to 64", found[0]["text"])
        self.assertIn("line 3, column 1: token_secrets", found[1]["text"])
        self.assertIn("at least 32", found[1]["text"])
        self.assertIn("chmod 600", found[2]["text"])
        config.write_text("http: \"\"\n")
        self.assertEqual(run("config", "check", "--config", config).code, 0)

        result = run("config", "show", "--json", "--config", config, UNSAY_SERVE_WORKERS="2")
        shown = {one["setting"]: one for one in map(json.loads, result.out.splitlines())}
        self.assertEqual((shown["workers"]["value"], shown["workers"]["source"]),
                         ("2", "environment"))
        self.assertEqual((shown["http"]["value"], shown["http"]["source"]), ("", "file"))
        self.assertEqual(shown["listen"]["source"], "default")

    def test_environment_stops_a_start_that_it_spoils(self):
        result = run("serve", "--data", self.directory / "new", "--http", "",
                     UNSAY_SERVE_WROKERS="2")
        self.assertEqual(result.code, 1, result)
        self.assertIn("UNSAY_SERVE_WROKERS: there is no such setting", result.err)
        self.assertFalse((self.directory / "new").exists())

    def test_cannot_start_exit_1(self):
        for arguments, reason in [
                (["--data", self.server.data, "--listen", "127.0.0.1:0"], "another process"),
                (["--data", self.directory / "other", "--listen", self.server.listen], "in use"),
                (["--config", self.directory / "absent.yaml"], "absent.yaml")]:
            result = run("serve", "--http", "", *arguments)
            self.assertEqual(result.code, 1, result)
            self.assertIn(reason, result.err)

    def test_doctor(self):
        result = run("doctor", "--json", "--config", self.server.config, "--data", self.server.data,
                     "--server", self.server.address)
        self.assertEqual(result.code, 0, result)
        found = {finding["subject"]: finding["level"] for finding in result.objects}
        self.assertEqual((found["server"], found["data"], found["disk"]), ("ok", "ok", "ok"))
        result = run("doctor", "--server", "tcp://127.0.0.1:9", "--data", self.server.data)
        self.assertEqual(result.code, 1)
        self.assertRegex(result.out, r"(?m)^problem  server ")


class MessageTest(ServerCase):
    def setUp(self):
        name = self.id().rsplit("_", 1)[-1]
        self.alice = self.server.device(f"alice-{name}", "laptop")
        self.bob = self.server.device(f"bob-{name}", "phone")
        self.conversation = self.alice.open_with(self.bob.user)

    def recall(self, device, *arguments, code=0):
        result = device.run("recall", self.conversation, "--json", *arguments)
        self.assertEqual(result.code, code, result)
        return result.objects

    def test_json_fields(self):
        sent = self.alice.send(self.conversation, 'quotes " and 中文 \n\t')
        self.assertEqual(list(sent), MESSAGE_FIELDS)
        [creation, message] = self.bob.history(self.conversation)
        self.assertEqual(creation["kind"], "creation")
        self.assertEqual(message, sent)
        self.assertEqual(message["body"], 'quotes " and 中文 \n\t')
        self.assertEqual((message["kind"], message["origin"], message["seq"], message["state"]),
                         ("message", 1, 2, "normal"))
        self.assertEqual((message["sender"], message["device"]), (self.alice.user, "laptop"))
        self.assertEqual(uuid.UUID(message["message_id"]).version, 7)
        self.assertRegex(message["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        self.assertIsNone(message["recall"])
        self.alice.ok("recall", self.conversation, "2", "--reason", "tests")
        [_, message, recall] = self.bob.history(self.conversation)
        self.assertEqual(list(message), MESSAGE_FIELDS)
        self.assertEqual((message["state"], message["body"]), ("recalled", None))
        self.assertEqual(message["recall"]["operator"], self.alice.user)
        self.assertEqual(list(recall), FIELDS + ["target"])
        self.assertEqual(recall["recall"]["reason"], "tests")
        self.assertEqual(recall["target"],
                         {"origin": 1, "seq": 2, "message_id": sent["message_id"]})

    def test_bytes_that_are_not_text(self):
        result = subprocess.run(
            [str(UNSAY), "send", *map(str, self.alice.options()),
             self.conversation, "-"], input=b"\xff\xfe\nok\n", capture_output=True, timeout=60)
        self.assertEqual(result.returncode, 0, result.stderr)
        [_, binary, text] = self.bob.history(self.conversation)
        self.assertIsNone(binary["body"])
        self.assertEqual(base64.b64decode(binary["body_base64"]), b"\xff\xfe")
        self.assertEqual(text["body"], "ok")

    def test_terminal_is_not_commanded(self):
        self.alice.send(self.conversation, "\033[2Jred\nline \u202eevil")
        text = self.bob.ok("history", self.conversation).out
        self.assertNotIn("\033", text)
        self.assertNotIn("\u202e", text)
        self.assertIn("\n    line", text)

    def test_conversations(self):
        self.assertEqual(self.bob.open_with(self.alice.user), self.conversation)
        again = self.alice.ok("conversation", "open", "--with", self.bob.user, "--json").objects[0]
        self.assertEqual(again, {"conversation": self.conversation, "created": False})
        group = self.alice.ok("conversation", "create", "A name", "--member", self.bob.user,
                              "--member", "carol:admin").out.strip()
        self.assertTrue(group.startswith("g:"), group)
        self.alice.send(group, "to all")
        self.assertEqual(bodies(self.bob.history(group)), ["to all"])

    def test_refused(self):
        stranger = self.server.device("stranger", "d")
        for result in (stranger.run("send", self.conversation, "x"),
                       stranger.run("history", self.conversation),
                       stranger.run("recall", self.conversation, "2"),
                       stranger.run("send", "g:unknown", "x")):
            self.assertEqual(result.code, 1, result)
            self.assertRegex(result.err, r"refused \((not_a_member|unknown_conversation)\)")
        other = run("token", "--data", self.directory / "other", "--user", "a", "--device", "d")
        result = run("history", self.conversation, "--server", self.server.address, "--token",
                     other.out.strip(), "--state", self.directory / "other-state")
        self.assertEqual(result.code, 1, result)
        self.assertIn("token_invalid", result.err)

    def test_state_of_someone_else(self):
        self.alice.send(self.conversation, "x")
        result = run("history", self.conversation, "--server", self.server.address,
                     "--token", self.bob.token, "--state", self.alice.state)
        self.assertEqual(result.code, 1, result)

    def test_options_anywhere(self):
        text = "--not-an-option"
        self.assertEqual(self.alice.send(self.conversation, text)["body"], text)
        result = run("send", self.conversation, "--json", "in between", *self.alice.options())
        self.assertEqual((result.code, result.objects[0]["body"]), (0, "in between"))

    def test_environment(self):
        result = run("send", self.conversation, "x", UNSAY_SERVER=self.server.address,
                     UNSAY_TOKEN=self.alice.token, XDG_STATE_HOME=str(self.directory / "xdg"))
        self.assertEqual(result.code, 0, result)
        self.assertTrue((self.directory / "xdg/unsay" / f"{self.alice.user}-laptop").is_dir())

    def test_lines(self):
        lines = ["one", "", "  three  ", "四"] + [str(number) for number in range(5, 1001)]
        sent = self.alice.ok("send", self.conversation, "-", "--json", stdin="\n".join(lines))
        self.assertEqual(bodies(sent.objects), lines)
        self.assertEqual([event["seq"] for event in sent.objects], list(range(2, 1002)))
        self.assertEqual(bodies(self.bob.history(self.conversation, "--after", "1")), lines)
        self.assertEqual(bodies(self.bob.history(self.conversation, "--last", "450")), lines[-450:])
        self.assertEqual(bodies(self.bob.history(self.conversation, "--after", "2", "--before",
                                                 "5")), lines[1:3])
        self.assertEqual(len(self.bob.history(self.conversation)), 20)
        more = self.alice.ok("send", self.conversation, "-", "--from", "999", "--progress",
                             stdin="\n".join(lines) + "\n")
        self.assertIn("2 sent, 2 accepted", more.err)
        self.assertEqual(bodies(self.bob.history(self.conversation, "--last", "2")), lines[-2:])

    def test_line_too_long(self):
        longest = "x" * 65536
        result = self.alice.run("send", self.conversation, "-",
                                stdin=f"first\n{longest}\n{longest}y\nlast\n")
        self.assertEqual(result.code, 1, result)
        self.assertIn("line 3 is longer than 65536 bytes", result.err)
        self.assertIn("--from 3", result.err)
        self.assertEqual(bodies(self.bob.history(self.conversation)), ["first", longest])

    def test_refused_line(self):
        stranger = self.server.device("stranger-too", "d")
        result = stranger.run("send", self.conversation, "-", stdin="a\nb\n")
        self.assertEqual(result.code, 1, result)
        self.assertIn("line 1 was not sent", result.err)
        self.assertIn("--from 1", result.err)

    def test_interrupted(self):
        process = self.alice.popen("send", self.conversation, "-", stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        process.stdin.write("one\n")
        process.stdin.flush()
        wait_until(lambda: bodies(self.bob.history(self.conversation)) == ["one"])
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
        self.assertEqual(process.returncode, 3, err)
        self.assertIn("--from 2", err)

    def test_watch(self):
        self.alice.send(self.conversation, "one")
        self.assertEqual(bodies(self.bob.watch("--until-online")), ["one"])
        self.assertEqual(self.bob.watch("--until-online"), [])
        with self.bob.popen("watch", "--json", "--count", "2", stdout=subprocess.PIPE,
                            text=True) as watch:
            two = self.alice.send(self.conversation, "two")
            self.assertEqual(json.loads(watch.stdout.readline()), two)
            self.alice.ok("recall", self.conversation, str(two["seq"]))
            recall = json.loads(watch.stdout.readline())
            self.assertEqual((recall["kind"], recall["target"]["seq"]), ("recall", two["seq"]))
            self.assertEqual(watch.wait(30), 0)

    def test_watch_leaves_what_it_did_not_print(self):
        for text in ("one", "two", "three"):
            self.alice.send(self.conversation, text)
        self.bob.send(self.conversation, "another command fetches first")
        shown = []
        for _ in range(5):
            events = self.bob.watch("--count", "1")
            self.assertEqual(len(events), 1)
            shown += events
        self.assertEqual([event["seq"] for event in shown], [1, 2, 3, 4, 5])
        self.assertEqual(self.bob.watch("--idle", "1"), [])

    def test_watch_shows_the_tombstone_of_what_it_had_not_shown(self):
        secret = self.alice.send(self.conversation, "secret")
        self.assertEqual(self.bob.watch("--until-online", "another"), [])
        self.assertIn(f"0 0 {self.conversation}\n", (self.bob.state / "shown").read_text())
        self.alice.ok("recall", self.conversation, str(secret["seq"]))
        result = self.bob.ok("watch", "--json", "--until-online")
        self.assertNotIn("secret", result.out)
        self.assertEqual([event["state"] for event in result.objects
                          if event["kind"] == "message"], ["recalled"])

    def test_watch_shows_what_was_stored_and_never_noted(self):
        """As after a death between storing and the first note."""
        self.alice.send(self.conversation, "one")
        shown = self.bob.watch("--until-online")
        (self.bob.state / "shown").unlink()
        self.assertEqual(self.bob.watch("--until-online"), shown)

    def test_watch_only_some(self):
        other = self.alice.ok("conversation", "create", "other", "--member",
                              self.bob.user).out.strip()
        self.alice.send(self.conversation, "here")
        self.alice.send(other, "there")
        self.assertEqual(bodies(self.bob.watch("--until-online", other)), ["there"])
        self.assertEqual(bodies(self.bob.watch("--until-online")), ["here"])

    def test_recall_by_each_name(self):
        one, two, three = (self.alice.send(self.conversation, text) for text in "abc")
        outcomes = self.recall(self.alice, str(one["seq"]), f"1:{two['seq']}", three["message_id"])
        self.assertEqual([outcome["outcome"] for outcome in outcomes], ["recalled"] * 3)
        self.assertEqual([(outcome["seq"], outcome["message_id"]) for outcome in outcomes],
                         [(event["seq"], event["message_id"]) for event in (one, two, three)])
        self.assertEqual(bodies(self.bob.history(self.conversation)), [None] * 3)

    def test_recall_repeated(self):
        seq = str(self.alice.send(self.conversation, "x")["seq"])
        first = self.recall(self.alice, seq, "--request-id", "r1")
        self.assertEqual(first[0]["outcome"], "recalled")
        self.assertEqual(self.recall(self.alice, seq, "--request-id", "r1"), first)
        other = self.recall(self.alice, seq, "--request-id", "r2")
        self.assertEqual(other[0]["outcome"], "already_recalled")
        events = self.bob.history(self.conversation)
        self.assertEqual([event["kind"] for event in events], ["creation", "message", "recall"])

    def test_recall_refused(self):
        seq = str(self.alice.send(self.conversation, "mine")["seq"])
        [outcome] = self.recall(self.bob, seq, code=1)
        self.assertEqual((outcome["outcome"], outcome["refusal"]), ("refused", "not_permitted"))
        [unknown, creation, mine] = self.recall(self.alice, "999", "1", seq, code=1)
        self.assertEqual((unknown["outcome"], unknown["refusal"]), ("refused", "unknown_message"))
        self.assertEqual((creation["outcome"], creation["refusal"]), ("refused", "not_a_message"))
        self.assertEqual(mine["outcome"], "recalled")

    def test_recall_of_what_has_not_arrived(self):
        [outcome] = self.recall(self.alice, "0193f000-0000-7000-8000-000000000001")
        self.assertEqual(outcome["outcome"], "pending")

    def test_new_device_sees_the_tombstone(self):
        self.alice.send(self.conversation, "gone")
        self.alice.ok("recall", self.conversation, "2")
        tablet = self.server.device(self.bob.user, "tablet")
        result = tablet.ok("watch", "--json", "--until-online")
        self.assertNotIn("gone", result.out)
        self.assertEqual([event["state"] for event in result.objects], [None, "recalled", None])

    def test_languages(self):
        self.alice.send(self.conversation, "x")
        self.alice.ok("recall", self.conversation, "2")
        english = self.bob.ok("history", self.conversation).out
        self.assertIn(f"— {self.alice.user} took back a message —", english)
        self.assertIn("— You took back a message —",
                      self.alice.ok("history", self.conversation).out)
        chinese = self.alice.ok("history", self.conversation, LC_ALL="zh_CN.UTF-8").out
        self.assertIn("— 你撤回了一条消息 —", chinese)
        arabic = self.bob.ok("history", self.conversation, LC_ALL="ar_EG.UTF-8").out
        self.assertIn(f"— تم حذف رسالة بواسطة \u2068{self.alice.user}\u2069 —", arabic)

    def test_chat(self):
        self.bob.send(self.conversation, "before")
        result = self.alice.ok("chat", "--with", self.bob.user,
                               stdin="hello\n/reason oops\n/recall\n//slash\n/nothing\n/quit\n")
        self.assertIn("before", result.out)
        self.assertIn("✓ #3", result.out)
        self.assertIn("There is no command /nothing", result.out)
        events = self.bob.history(self.conversation)
        self.assertEqual(bodies(events), ["before", None, "/slash"])
        self.assertEqual([event["recall"]["reason"] for event in events
                          if event["kind"] == "recall"], ["oops"])


class NewDataTest(ServerCase):
    """The server's data is deleted and begun anew; devices keep their state directories."""

    def begin_anew(self):
        self.assertEqual(self.server.kill(signal.SIGTERM), 0)
        shutil.rmtree(self.server.data)
        self.server.start()
        self.alice, self.bob = (self.server.device(device.user, "d")
                                for device in (self.alice, self.bob))

    def open_devices(self, name):
        self.alice = self.server.device(f"alice-{name}", "d")
        self.bob = self.server.device(f"bob-{name}", "d")
        return self.alice.open_with(self.bob.user)

    def test_watch_shows_the_new_log(self):
        # The new log is shorter, as long as, and longer than what had been shown of the old one.
        for count in (1, 2, 3):
            with self.subTest(count):
                conversation = self.open_devices(f"new{count}")
                for text in ("old one", "old two"):
                    self.alice.send(conversation, text)
                self.assertEqual(bodies(self.bob.watch("--until-online")), ["old one", "old two"])
                self.begin_anew()
                self.assertEqual(self.alice.open_with(self.bob.user), conversation)
                texts = [f"new {number}" for number in range(count)]
                for text in texts:
                    self.alice.send(conversation, text)
                # Another command meets the new store first, and fetches its events.
                self.assertEqual(bodies(self.bob.history(conversation)), texts)
                self.bob.send(conversation, "reply")
                self.assertEqual(bodies(self.bob.watch("--until-online")), [*texts, "reply"])
                self.assertEqual(self.bob.watch("--until-online"), [])
                self.assertEqual(bodies(self.alice.watch("--until-online")), [*texts, "reply"])
                self.assertFalse(any(b"old one" in file.read_bytes()
                                     for file in self.bob.state.iterdir()))

    def test_watch_that_is_running_goes_on(self):
        conversation = self.open_devices("running")
        self.alice.send(conversation, "old")
        with self.bob.popen("watch", "--json", "--count", "4", "--idle", "20",
                            stdout=subprocess.PIPE, text=True) as watch:
            events = (json.loads(line) for line in watch.stdout)
            self.assertEqual(bodies([next(events), next(events)]), ["old"])
            self.assertEqual(self.server.kill(signal.SIGTERM), 0)
            shutil.rmtree(self.server.data / "store")  # the key stays, and so the tokens
            self.server.start()
            self.alice.open_with(self.bob.user)
            self.alice.send(conversation, "new")
            self.assertEqual(bodies(events), ["new"])
            self.assertEqual(watch.wait(30), 0)


class WindowTest(ServerCase):
    policy = "rules: [{name: author, actor: [self], decision: allow, window: 1s}]"

    def test_window_closes(self):
        alice = self.server.device("alice", "laptop")
        conversation = alice.open_with("bob")
        seq = alice.send(conversation, "too late")["seq"]
        sent = time.monotonic()
        wait_until(lambda: time.monotonic() > sent + 1)
        result = alice.run("recall", conversation, str(seq), "--json")
        self.assertEqual(result.code, 1, result)
        self.assertEqual(result.objects[0]["refusal"], "window_closed")
        self.assertEqual(bodies(alice.history(conversation)), ["too late"])


if __name__ == "__main__":
    main()
