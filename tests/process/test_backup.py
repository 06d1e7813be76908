"""Backups of a server that runs, and what is restored from them: the audit log agrees with the store,
nothing that was taken back since comes back, and devices go on."""

import base64
import contextlib
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import unittest
import uuid

import harness


def canary():
    """Random, so that no compression can hide it."""
    return base64.b64encode(os.urandom(60)).decode()


def files_with(folder, text):
    return [path for path in pathlib.Path(folder).rglob("*")
            if path.is_file() and text.encode() in path.read_bytes()]


class BackupCase(unittest.TestCase):
    """A server of its own for each test."""

    settings = "development_key: true"

    def setUp(self):
        self.stack = contextlib.ExitStack()
        self.addCleanup(self.stack.close)
        self.directory = pathlib.Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        self.server = harness.Server(self.directory, self.settings)
        self.stack.callback(self.server.close)
        self.place = self.directory / "backups"
        self.alice = self.server.device("alice", "laptop")
        self.bob = self.server.device("bob", "phone")
        self.talk = self.alice.open_with("bob")

    def backup(self):
        result = harness.run("backup", "--data", self.server.data, "--to", self.place, "--json")
        self.assertEqual(result.code, 0, result)
        return result.objects[-1]

    def lose(self):
        """The server is killed and its store is gone; the audit log is kept apart."""
        harness.wait_until(self.log_is_complete)
        self.server.kill()
        log = self.directory / "kept-log"
        shutil.rmtree(log, ignore_errors=True)
        shutil.copytree(self.server.data / "audit", log)
        shutil.move(self.server.data, self.directory / "lost")
        return log

    def log_is_complete(self):
        """Everything that was decided is in the log."""
        told = harness.run("audit", "export", self.server.data / "audit").objects
        return len([entry for entry in told if entry["outcome"] == "recalled"]) >= self.recalls

    recalls = 0

    def recall(self, device, seq):
        device.ok("recall", self.talk, seq)
        self.recalls += 1

    def restore(self, data, *arguments):
        return harness.run("restore", "--from", self.place, "--data", data, "--json", *arguments)

    def restored(self, *arguments):
        """The restored directory in the place of the lost one, looked at."""
        result = self.restore(self.server.data, *arguments)
        self.assertEqual(result.code, 0, result)
        self.verify(self.server.data)
        return result.objects[-1]

    def verify(self, data):
        log = harness.run("audit", "verify", data / "audit", "--key", data / "audit.pub")
        self.assertEqual(log.code, 0, log)
        match = harness.run("audit", "match", "--data", data, "--json")
        self.assertEqual(match.code, 0, match)
        return match.objects[-1]

    def shown(self, device):
        return harness.bodies(device.history(self.talk))


class Making(BackupCase):
    def test_modes_and_list(self):
        made = self.backup()
        self.assertEqual(made["id"], 1)
        for path in [self.place, *self.place.rglob("*")]:
            self.assertEqual(path.stat().st_mode & 0o777, 0o700 if path.is_dir() else 0o600, path)
        names = {path.name for path in (self.place / "1").iterdir()}
        self.assertEqual(names, {"manifest", "store", "audit", "audit.key", "audit.pub", "dev.key"})
        self.backup()
        told = harness.run("backup", "list", "--to", self.place, "--json").objects
        self.assertEqual([backup["id"] for backup in told], [1, 2])
        self.assertFalse(any(backup["is_damaged"] for backup in told))
        self.assertEqual(stat_mode(self.server.data / "control.sock"), 0o600)

    def test_incremental(self):
        """What the first one has costs the second one nothing."""
        bodies = [base64.b64encode(os.urandom(30000)).decode() for _ in range(40)]
        self.alice.ok("send", "--json", self.talk, "-", stdin="\n".join(bodies) + "\n")
        first = self.backup()
        self.alice.send(self.talk, "more")
        second = self.backup()
        self.assertGreater(first["new_bytes"], 1000000)
        self.assertGreater(second["bytes"], first["bytes"])
        self.assertLess(second["new_bytes"], first["new_bytes"] / 10)

    def test_prune(self):
        secret = canary()
        seq = self.alice.send(self.talk, secret)["seq"]
        self.backup()
        self.recall(self.alice, seq)
        self.assertTrue(files_with(self.place, secret))
        self.server.kill(signal.SIGTERM)
        self.server.config.write_text("erasure_horizon_ms: 200\n")
        self.server.start()
        harness.wait_until(lambda: not files_with(self.server.data / "store", secret))
        self.backup()
        result = harness.run("backup", "prune", "--to", self.place, "--keep", "1", "--json")
        self.assertEqual(result.objects, [{"removed": 1}])
        self.assertEqual(files_with(self.place, secret), [])
        self.assertEqual([path.name for path in self.place.iterdir()], ["2"])

    def test_without_a_server(self):
        self.alice.send(self.talk, "hello")
        self.server.kill(signal.SIGTERM)
        self.assertEqual(self.backup()["id"], 1)
        self.assertFalse((self.server.data / "backup.store").exists())

    def test_places_that_do_not_suit(self):
        inside = harness.run("backup", "--data", self.server.data, "--to", self.server.data / "b")
        self.assertEqual(inside.code, 1)
        self.assertIn("inside the data directory", inside.err)
        self.backup()
        other = harness.Server(self.directory / "other")
        self.stack.callback(other.close)
        foreign = harness.run("backup", "--data", other.data, "--to", self.place)
        self.assertEqual(foreign.code, 1)
        self.assertIn("another store", foreign.err)
        nowhere = harness.run("backup", "--data", self.directory / "none", "--to", self.place)
        self.assertEqual(nowhere.code, 1)
        self.assertEqual(harness.run("backup", "--data", self.server.data).code, 2)
        self.assertEqual(harness.run("backup", "prune", "--to", self.place).code, 2)

    def test_interrupted(self):
        """A server that dies in the middle leaves no backup, and the next one begins anew."""
        (self.place / "1.new" / "store").mkdir(parents=True)
        (self.place / "1.new" / "store" / "000001.sst").write_text("half")
        self.server.kill()
        (self.server.data / "backup.store").mkdir()
        (self.server.data / "backup.store" / "000001.sst").write_text("half")
        self.server.start()
        harness.wait_until(lambda: not (self.server.data / "backup.store").exists())
        self.assertEqual(self.backup()["id"], 1)
        self.assertEqual([path.name for path in self.place.iterdir()], ["1"])


class Control(BackupCase):
    """The socket that a running server is asked over."""

    def ask(self, request):
        link = socket.socket(socket.AF_UNIX)
        self.addCleanup(link.close)
        link.settimeout(harness.COMMAND_SECONDS)
        os.chdir(self.server.data)  # the name of a socket may be too long for its address
        self.addCleanup(os.chdir, "/")
        link.connect("control.sock")
        link.sendall(request)
        return link

    def test_requests(self):
        for request, answer in ((b"nonsense\n", b"failed this server does not know"),
                                (b"backup relative\n", b"failed name the place"),
                                (b"backup /dev/null/x\n", b"failed making the directory")):
            with self.subTest(request):
                self.assertTrue(self.ask(request).recv(8192).startswith(answer))

    def test_one_that_says_nothing_holds_up_nobody(self):
        self.ask(b"back")
        self.assertEqual(self.server.kill(signal.SIGTERM), 0)
        self.assertFalse((self.server.data / "control.sock").exists())

    def test_without_a_socket(self):
        """Where none can be made, the server serves all the same, and says so."""
        self.server.kill(signal.SIGTERM)
        (self.server.data / "control.sock").mkdir()
        self.server.start()
        self.assertIn("control_fails", (self.directory / "server.log").read_text())
        self.alice.send(self.talk, "hello")
        refused = harness.run("backup", "--data", self.server.data, "--to", self.place)
        self.assertEqual(refused.code, 1)
        self.assertIn("no server answers", refused.err)

    def test_a_long_name(self):
        long = self.directory / ("d" * 100)
        server = harness.Server(long)
        self.stack.callback(server.close)
        self.assertEqual(harness.run("backup", "--data", server.data, "--to", self.place).code, 0)

    @unittest.skipUnless(os.geteuid() == 0, "only root can ask as somebody else")
    def test_somebody_else_is_turned_away(self):
        for path in (self.directory, self.server.data):
            path.chmod(0o755)
        (self.server.data / "control.sock").chmod(0o777)
        asked = subprocess.run(
            [sys.executable, "-c",
             "import os, socket; os.setgid(65534); os.setuid(65534)\n"
             "link = socket.socket(socket.AF_UNIX); link.connect('control.sock')\n"
             "print(link.recv(8192).decode())"],
            cwd=self.server.data, capture_output=True, text=True, check=True)
        self.assertIn("failed only root and the user", asked.stdout)


def size_of(log):
    """How many entries the checkpoint vouches for."""
    return int((log / "checkpoint").read_text().split("\n")[1])


def stat_mode(path):
    return path.stat().st_mode & 0o777


class Restoring(BackupCase):
    def test_story(self):
        """Send, back up, take back, back up, lose; each backup restored brings no body back."""
        early, late, kept = canary(), canary(), canary()
        first_seq = self.alice.send(self.talk, early)["seq"]
        self.alice.send(self.talk, kept)
        self.bob.ok("watch", self.talk, "--until-online", "--json")
        self.backup()
        late_seq = self.alice.send(self.talk, late)["seq"]
        self.recall(self.alice, first_seq)
        self.backup()
        self.recall(self.alice, late_seq)
        log = self.lose()
        for number in ("1", "2"):
            with self.subTest(backup=number):
                result = self.restore(self.directory / f"data{number}", "--id", number,
                                      "--against", log)
                self.assertEqual(result.code, 0, result)
                data = self.directory / f"data{number}"
                self.assertEqual(files_with(data, early), [])
                self.assertEqual(files_with(data, late), [])
                self.assertTrue(files_with(data, kept))
                self.verify(data)
        told = self.restored("--id", "1", "--against", log)
        self.assertEqual((told["taken_back"], told["waiting"]), (1, 1))
        self.server.start()
        self.assertEqual(self.shown(self.bob), [None, kept])
        self.bob.ok("watch", self.talk, "--until-online", "--json")
        self.assertEqual(files_with(self.bob.state, early), [])
        self.alice.send(self.talk, "after")
        self.assertEqual(self.shown(self.bob), [None, kept, "after"])
        self.server.kill(signal.SIGTERM)
        self.verify(self.server.data)
        self.assertEqual(files_with(self.server.data, early), [])

    def test_unknown_recalls(self):
        seq = self.alice.send(self.talk, "body")["seq"]
        self.backup()
        self.recall(self.alice, seq)
        self.lose()
        refused = self.restore(self.server.data)
        self.assertEqual(refused.code, 1)
        self.assertIn("--accept-unknown-recalls", refused.err)
        self.assertFalse(self.server.data.exists())
        self.restored("--accept-unknown-recalls")
        told = [entry for entry in self.exported_after_start() if entry["kind"] == "restore"]
        self.assertEqual([entry["restored"]["recalls_unknown"] for entry in told], [True])

    def exported_after_start(self):
        self.server.start()
        self.assertEqual(self.server.kill(signal.SIGTERM), 0)
        return harness.run("audit", "export", self.server.data / "audit").objects

    def test_logs_that_do_not_fit(self):
        self.backup()
        older = self.directory / "older"
        shutil.copytree(self.server.data / "audit", older)
        seq = self.alice.send(self.talk, "body")["seq"]
        self.recall(self.alice, seq)
        harness.wait_until(self.log_is_complete)
        self.backup()
        log = self.lose()
        result = self.restore(self.server.data, "--against", older)
        self.assertEqual(result.code, 1, result)
        other = harness.Server(self.directory / "other")
        self.stack.callback(other.close)
        result = self.restore(self.server.data, "--against", other.data / "audit")
        self.assertEqual(result.code, 1, result)
        for bundle in (log / "tile" / "entries").rglob("*"):
            if bundle.is_file():
                changed = bytearray(bundle.read_bytes())
                changed[-1] ^= 1
                bundle.write_bytes(changed)
        result = self.restore(self.server.data, "--against", log)
        self.assertEqual(result.code, 1, result)
        self.assertIn("is not a later state", result.err)
        self.assertFalse(self.server.data.exists())

    def entries(self, count):
        """Waits until the log has as many."""
        harness.wait_until(lambda: size_of(self.server.data / "audit") >= count)

    def test_copies_of_the_log_while_it_grows(self):
        """Parts of different ages, or without a state: what the checkpoint vouches for is there."""
        seq = self.alice.send(self.talk, "body")["seq"]
        self.backup()
        audit = self.server.data / "audit"
        early = self.directory / "early"
        early.mkdir()
        shutil.copy(audit / "state", early)
        self.recall(self.alice, seq)
        many = [str(seq)] * 100
        for _ in range(2):
            self.alice.run("recall", self.talk, *many)
        self.entries(202)
        middle = self.directory / "middle"
        shutil.copytree(audit, middle)
        self.alice.run("recall", self.talk, *many)
        self.entries(302)
        log = self.lose()
        for name, parts in (("without-state", (log, None)), ("old-state", (log, early)),
                            ("old-checkpoint", (middle, log)), ("new-tiles", (middle, middle))):
            with self.subTest(name):
                copy = self.directory / name
                copy.mkdir()
                shutil.copytree(log / "tile", copy / "tile")
                shutil.copy(parts[0] / "checkpoint", copy)
                if parts[1] is not None:
                    shutil.copy(parts[1] / "state", copy)
                data = self.directory / f"data-{name}"
                result = self.restore(data, "--against", copy)
                self.assertEqual(result.code, 0, result)
                self.assertEqual(result.objects[-1]["taken_back"], 1)
                expected = middle if name == "new-tiles" else log
                self.assertEqual(result.objects[-1]["audit_entries"], size_of(expected))
                self.verify(data)
                self.server.data = data
                self.server.start()
                self.assertEqual(self.shown(self.bob), [None])
                self.assertEqual(self.server.kill(signal.SIGTERM), 0)
                self.verify(data)

    def test_targets_that_do_not_suit(self):
        self.backup()
        self.lose()
        full = self.directory / "full"
        full.mkdir()
        (full / "file").write_text("mine")
        result = self.restore(full, "--accept-unknown-recalls")
        self.assertEqual(result.code, 1)
        self.assertIn("not empty", result.err)
        self.assertEqual([path.name for path in full.iterdir()], ["file"])
        table = next((self.place / "1" / "store").glob("*.sst"))
        data = bytearray(table.read_bytes())
        data[10] ^= 1
        table.write_bytes(data)
        result = self.restore(self.server.data, "--accept-unknown-recalls")
        self.assertEqual(result.code, 1)
        self.assertIn("not as it was backed up", result.err)
        with self.assertRaises(AssertionError) as refused:
            self.server.start()
        self.assertIn("did not come to its end", str(refused.exception))

    def test_sent_since(self):
        """What was sent after the backup comes back from the devices that sent it, once, and what was
        taken back of it does not, even from a device that was away then."""
        self.alice.send(self.talk, "before")
        self.backup()
        stays, secret = canary(), canary()
        self.alice.send(self.talk, stays)
        gone = self.alice.send(self.talk, secret)["seq"]
        self.alice.ok("watch", self.talk, "--until-online", "--json")
        away = self.directory / "away"
        shutil.copytree(self.alice.state, away)
        self.recall(self.server.device("alice", "tablet"), gone)
        log = self.lose()
        self.assertTrue(files_with(away, secret))
        shutil.rmtree(self.alice.state)
        shutil.move(away, self.alice.state)
        told = self.restored("--against", log)
        self.assertEqual((told["taken_back"], told["waiting"]), (0, 1))
        self.server.start()
        for _ in range(2):
            self.alice.ok("watch", self.talk, "--until-online", "--json")
        harness.wait_until(lambda: self.shown(self.bob) == ["before", stays, None])
        self.assertEqual(files_with(self.server.data, secret), [])
        self.assertEqual(self.server.kill(signal.SIGTERM), 0)
        self.verify(self.server.data)

    def test_a_recall_that_waits(self):
        """One that came before its message waits in the restored store as well."""
        self.backup()
        told = self.alice.run("recall", self.talk, str(uuid.uuid4()), "--json").objects
        self.assertEqual([target["outcome"] for target in told], ["pending"])
        harness.wait_until(lambda: "pending" in [
            entry["outcome"] for entry in
            harness.run("audit", "export", self.server.data / "audit").objects])
        told = self.restored("--against", self.lose())
        self.assertEqual((told["taken_back"], told["waiting"]), (0, 1))

    def receipts(self, seq):
        """What the report tells of each device's receipt."""
        devices = self.alice.ok("exposure", self.talk, seq, "--json").objects[1:]
        return {device["device"]: device["receipt"] for device in devices}

    def test_receipts(self):
        """What a device signed before holds for the restored store, too."""
        seq = self.alice.send(self.talk, "body")["seq"]
        self.bob.ok("watch", self.talk, "--until-online", "--json")
        self.recall(self.alice, seq)
        self.bob.ok("watch", self.talk, "--until-online", "--json")
        harness.wait_until(lambda: self.receipts(seq)["phone"] == "signed")
        self.backup()
        self.restored("--against", self.lose())
        self.server.start()
        self.assertEqual(self.receipts(seq)["phone"], "signed")

    def test_while_it_is_used(self):
        """Backups taken in the middle of sending and taking back agree in themselves: each recall has
        its entry."""
        done = threading.Event()
        failures = []

        def use():
            try:
                while not done.is_set():
                    seq = self.alice.send(self.talk, "text")["seq"]
                    self.alice.ok("recall", self.talk, seq)
            except AssertionError as failure:
                failures.append(failure)

        user = threading.Thread(target=use)
        user.start()
        try:
            for _ in range(6):
                self.backup()
        finally:
            done.set()
            user.join()
        self.assertEqual(failures, [])
        self.server.kill()
        for number in range(1, 7):
            data = self.directory / f"data{number}"
            result = self.restore(data, "--id", number, "--accept-unknown-recalls")
            self.assertEqual(result.code, 0, result)
            self.verify(data)


if __name__ == "__main__":
    harness.main()
