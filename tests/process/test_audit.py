"""The audit log, verified by a second implementation that shares nothing with the first: RFC 6962
trees by hashlib, Ed25519 as RFC 8032 writes it down, tlog-tiles read from the specification."""

import base64
import datetime
import hashlib
import os
import pathlib
import random
import shutil
import signal
import subprocess
import tempfile
import unittest

import harness

MAKE_LOG = os.environ.get("UNSAY_TEST_MAKE_LOG")

# ---- Ed25519, RFC 8032, 5.1 ----

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_1 = pow(2, (P - 1) // 4, P)


def recover_x(y, sign):
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P != 0:
        x = x * ROOT_OF_MINUS_1 % P
    if (x * x - square) % P != 0 or (x == 0 and sign):
        return None
    return P - x if x & 1 != sign else x


def point_of(data):
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & ((1 << 255) - 1)
    x = recover_x(y, sign)
    return None if x is None else (x, y, 1, x * y % P)


def add(a, b):
    e = (a[1] - a[0]) * (b[1] - b[0])
    f = (a[1] + a[0]) * (b[1] + b[0])
    g = 2 * a[3] * b[3] * D
    h = 2 * a[2] * b[2]
    i, j, k, m = f - e, h - g, h + g, f + e
    return i * j % P, k * m % P, j * k % P, i * m % P


def multiply(number, point):
    total = (0, 1, 1, 0)
    while number:
        if number & 1:
            total = add(total, point)
        point = add(point, point)
        number >>= 1
    return total


BASE_Y = 4 * pow(5, P - 2, P) % P
BASE_X = recover_x(BASE_Y, 0)
BASE = (BASE_X, BASE_Y, 1, BASE_X * BASE_Y % P)


def is_signed(public, message, signature):
    key, r = point_of(public), point_of(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if key is None or r is None or s >= ORDER:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % ORDER
    left, right = multiply(s, BASE), add(r, multiply(k, key))
    return ((left[0] * right[2] - right[0] * left[2]) % P == 0 and
            (left[1] * right[2] - right[1] * left[2]) % P == 0)


# ---- Merkle trees, RFC 6962, 2.1 ----

def leaf_hash(entry):
    return hashlib.sha256(b"\0" + entry).digest()


def tree_hash(hashes):
    if len(hashes) <= 1:
        return hashes[0] if hashes else hashlib.sha256().digest()
    split = 1 << (len(hashes) - 1).bit_length() - 1
    return hashlib.sha256(b"\1" + tree_hash(hashes[:split]) + tree_hash(hashes[split:])).digest()


def root_of_proof(index, size, leaf, proof):
    """RFC 9162, 2.1.3.2."""
    node, last, result = index, size - 1, leaf
    for step in proof:
        if last == 0:
            return None
        if node & 1 or node == last:
            result = hashlib.sha256(b"\1" + step + result).digest()
            while node & 1 == 0 and node:
                node, last = node >> 1, last >> 1
        else:
            result = hashlib.sha256(b"\1" + result + step).digest()
        node, last = node >> 1, last >> 1
    return result if last == 0 else None


# ---- C2SP signed-note, tlog-checkpoint, tlog-tiles, tlog-proof ----

class Wrong(Exception):
    pass


def require(condition, text):
    if not condition:
        raise Wrong(text)


def read_checkpoint(note, key_line):
    name, key_id, key = key_line.strip().split("+", 2)
    key = base64.b64decode(key, validate=True)
    require(key[:1] == b"\1" and len(key) == 33, "no Ed25519 key")
    digest = hashlib.sha256(name.encode() + b"\n" + key).digest()
    require(digest[:4].hex() == key_id, "the key's id is not its own")
    text, signatures = note.rsplit("\n\n", 1)
    text += "\n"
    require(signatures.endswith("\n"), "no newline at the end")
    is_found = False
    for line in signatures[:-1].split("\n"):
        dash, signer, signature = line.split(" ")
        require(dash == "\u2014", "no signature line")
        signature = base64.b64decode(signature, validate=True)
        if signer != name or signature[:4] != digest[:4]:
            continue
        require(is_signed(key[1:], text.encode(), signature[4:]), "the signature is wrong")
        is_found = True
    require(is_found, "not signed by the key")
    origin, size, root, end = text.split("\n")
    require(origin == name and end == "" and str(int(size)) == size, "not a checkpoint")
    return int(size), base64.b64decode(root, validate=True)


def tile_path(level, index, width):
    groups = []
    while not groups or index:
        groups.insert(0, f"{index % 1000:03}")
        index //= 1000
    path = "/".join([f"tile/{level}"] + ["x" + group for group in groups[:-1]] + groups[-1:])
    return path if width == 256 else f"{path}.p/{width}"


def read_bundle(data):
    entries, at = [], 0
    while at < len(data):
        size = int.from_bytes(data[at:at + 2], "big")
        require(at + 2 + size <= len(data), "a bundle ends within an entry")
        entries.append(data[at + 2:at + 2 + size])
        at += 2 + size
    return entries


def verify(directory, key_line):
    """The entries and the root of a log; raises when anything is wrong."""
    size, root = read_checkpoint((directory / "checkpoint").read_text(encoding="utf-8"), key_line)
    entries = []
    for start in range(0, size, 256):
        width = min(256, size - start)
        bundle = read_bundle((directory / tile_path("entries", start // 256, width)).read_bytes())
        require(len(bundle) == width, f"the bundle from {start} on has {len(bundle)} entries")
        entries += bundle
    hashes = [leaf_hash(entry) for entry in entries]
    require(tree_hash(hashes) == root, "the entries do not give the root")
    for level in range(8):
        for start in range(0, len(hashes), 256):
            tile = hashes[start:start + 256]
            data = (directory / tile_path(level, start // 256, len(tile))).read_bytes()
            require(data == b"".join(tile), f"tile {start // 256} of level {level}")
        hashes = [tree_hash(hashes[start:start + 256])
                  for start in range(0, len(hashes) - len(hashes) % 256, 256)]
    return entries, root


def verify_proof(text, key_line):
    """The index and the entry that the proof is about; raises when it proves nothing."""
    proof, note = text.split("\n\n", 1)
    first, extra, index, *hashes = proof.split("\n")
    require(first == "c2sp.org/tlog-proof@v1", "no proof")
    entry = base64.b64decode(extra.removeprefix("extra "), validate=True)
    index = int(index.removeprefix("index "))
    size, root = read_checkpoint(note, key_line)
    hashes = [base64.b64decode(line, validate=True) for line in hashes]
    require(index < size and root_of_proof(index, size, leaf_hash(entry), hashes) == root,
            "the proof does not lead to the root")
    return index, entry


class Log:
    """A log with its key, and both verifiers."""

    def __init__(self, data):
        self.directory = pathlib.Path(data) / "audit"
        self.key_file = pathlib.Path(data) / "audit.pub"
        self.key_line = self.key_file.read_text(encoding="utf-8")

    def verify(self):
        return verify(self.directory, self.key_line)

    def run(self, command, *arguments):
        return harness.run("audit", command, *arguments)

    def run_verify(self, *arguments):
        return self.run("verify", self.directory, "--key", self.key_file, "--json", *arguments)

    def export(self, *arguments):
        return self.run("export", self.directory, *arguments).objects

    def both_verify(self, case):
        entries, root = self.verify()
        result = self.run_verify()
        case.assertEqual(result.code, 0, result)
        told = result.objects[-1]
        case.assertEqual((told["size"], told["root"]),
                         (len(entries), base64.b64encode(root).decode()))
        return entries


class Arithmetic(unittest.TestCase):
    """The second implementation itself: examples of RFC 8032, 7.1 and of Certificate Transparency."""

    def test_signature(self):
        public = bytes.fromhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
        signature = bytes.fromhex(
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
            "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00")
        self.assertTrue(is_signed(public, b"\x72", signature))
        self.assertFalse(is_signed(public, b"\x73", signature))

    def test_tree(self):
        leaves = [leaf_hash(entry) for entry in (b"", b"\0", b"\x10")]
        self.assertEqual(tree_hash(leaves).hex(),
                         "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77")


@unittest.skipUnless(MAKE_LOG, "UNSAY_TEST_MAKE_LOG is not set")
class MadeLogs(unittest.TestCase):
    """Logs of chosen sizes."""

    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.data = pathlib.Path(scratch.name)

    def make(self, size, batch):
        subprocess.run([MAKE_LOG, str(self.data), str(size), str(batch)], check=True)
        return Log(self.data)

    def test_sizes(self):
        for size in (0, 1, 2, 255, 256, 257, 1000, 66000):
            with self.subTest(size=size):
                entries = self.make(size, 1 if size < 3 else 500).both_verify(self)
                self.assertEqual(len(entries), size)

    def test_proofs(self):
        log = self.make(700, 300)
        entries, _ = log.verify()
        for index in (0, 1, 255, 256, 511, 512, 698, 699):
            text = log.run("prove", log.directory, index).out
            self.assertEqual(verify_proof(text, log.key_line), (index, entries[index]))
            proof = self.data / "proof"
            proof.write_text(text)
            shown = log.run("verify-proof", proof, "--key", log.key_file, "--json")
            self.assertEqual(shown.code, 0, shown)
            self.assertEqual(shown.objects[0]["index"], index)
            for old, new in ((f"index {index}", f"index {index + 1}"), ("extra CA", "extra CB"),
                             ("\n700\n", "\n701\n")):
                proof.write_text(text.replace(old, new, 1))
                self.assertEqual(
                    log.run("verify-proof", proof, "--key", log.key_file).code, 1, (index, old))
        self.assertEqual(log.run("prove", log.directory, 700).code, 1)

    def test_tampering(self):
        """What one finds, the other finds: a byte of any file that is part of the tree."""
        log = self.make(600, 600)
        chance = random.Random(1)
        files = [path for path in sorted(log.directory.rglob("*"))
                 if path.is_file() and path.name != "state"]
        for _ in range(60):
            path = chance.choice(files)
            data = path.read_bytes()
            changed = bytearray(data)
            changed[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
            path.write_bytes(changed)
            with self.assertRaises((Wrong, ValueError)):
                log.verify()
            result = log.run_verify()
            self.assertEqual(result.code, 1, (path, result))
            self.assertIn(str(path.relative_to(log.directory)),
                          [found.get("file") for found in result.objects])
            path.write_bytes(data)
        log.both_verify(self)

    def test_named_entry(self):
        log = self.make(600, 600)
        path = log.directory / tile_path("entries", 1, 256)
        entries = read_bundle(path.read_bytes())
        del entries[44]
        path.write_bytes(b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries))
        result = log.run("verify", log.directory, "--key", log.key_file)
        self.assertEqual(result.code, 1)
        self.assertIn("entry 300: it is missing", result.out)
        self.assertNotIn("entry 299", result.out)

    def test_earlier_checkpoint(self):
        log = self.make(300, 300)
        since = self.data / "since"
        since.write_bytes((log.directory / "checkpoint").read_bytes())
        log = self.make(900, 100)
        self.assertEqual(log.run_verify("--since", since).code, 0)
        since.write_bytes((log.directory / "checkpoint").read_bytes())
        subprocess.run(["rm", "-r", str(log.directory)], check=True)
        log = self.make(800, 100)
        log.both_verify(self)
        result = log.run_verify("--since", since)
        self.assertEqual(result.code, 1)
        self.assertIn("had 900 entries", result.objects[0]["text"])

    def test_command_line(self):
        log = self.make(20, 5)
        self.assertEqual([entry["index"] for entry in log.export()], list(range(20)))
        self.assertEqual([entry["index"] for entry in log.export("--from", 5, "--until", 8)],
                         [5, 6, 7])
        shown = log.run("show", log.directory, "--last", 2, "--json").objects
        self.assertEqual([entry["index"] for entry in shown], [18, 19])
        entry = log.run("show", log.directory, 5, "--json").objects[0]
        self.assertEqual((entry["operator"], entry["outcome"], entry["refusal"]),
                         ("user5", "refused", "window_closed"))
        self.assertEqual(entry["target"]["content_type"], "image")
        self.assertIn("refused: window_closed", log.run("show", log.directory, 5).out)
        self.assertEqual(log.run("show", log.directory, 20).code, 1)
        self.assertEqual(log.run("show", log.directory).code, 2)
        self.assertEqual(log.run("verify", log.directory).code, 2)
        self.assertEqual(log.run("verify", log.directory, "--key", "nothing").code, 1)
        self.assertEqual(log.run("verify", self.data / "none", "--key", log.key_file).code, 1)
        self.assertEqual(log.run("export", log.directory, "--last", 3).code, 2)
        self.assertEqual(log.run("unknown").code, 2)


class Served(harness.ServerCase):
    """The log of a real server."""

    def stopped(self):
        """The log after the server has ended by itself; another one is started when the test ends."""
        self.addCleanup(self.server.start)
        self.assertEqual(self.server.kill(signal.SIGTERM), 0)
        return Log(self.server.data)

    def test_attempts(self):
        alice, bob = self.server.device("alice", "phone"), self.server.device("bob", "phone")
        carol = self.server.device("carol", "phone")
        conversation = alice.open_with("bob")
        seq = alice.send(conversation, "canary-of-the-body")["seq"]
        self.assertEqual(bob.run("recall", conversation, seq).code, 1)
        self.assertEqual(carol.run("recall", conversation, seq).code, 1)
        alice.ok("recall", conversation, seq, "--reason", "canary-of-the-reason")
        alice.ok("recall", conversation, seq)
        log = self.stopped()
        entries = log.both_verify(self)
        attempts = [entry for entry in log.export() if entry["conversation"] == conversation]
        self.assertEqual([(entry["operator"], entry["outcome"]) for entry in attempts],
                         [("bob", "refused"), ("carol", "refused"), ("alice", "recalled"),
                          ("alice", "already_recalled")])
        self.assertEqual([entry["target"]["seq"] for entry in attempts], [seq, seq, seq, seq])
        self.assertFalse(any(b"canary" in entry for entry in entries))

    def test_while_it_grows(self):
        """A log is verified while the server writes to it."""
        alice = self.server.device("alice", "tablet")
        log = Log(self.server.data)
        conversation = alice.open_with("erin")
        seqs = [alice.send(conversation, "hello")["seq"] for _ in range(5)]
        for seq in seqs:
            alice.ok("recall", conversation, seq)
            result = log.run_verify()
            self.assertEqual(result.code, 0, result)
        harness.wait_until(lambda: len(log.export()) >= len(seqs))
        self.assertEqual(log.run_verify().code, 0)

    def test_killed(self):
        """Killed right after each answer: nothing that was answered is missing."""
        alice = self.server.device("alice", "laptop")
        conversation = alice.open_with("dave")
        seqs = []
        for _ in range(4):
            seqs.append(alice.send(conversation, "hello")["seq"])
            alice.ok("recall", conversation, seqs[-1])
            self.server.kill(signal.SIGKILL)
            self.server.start()
        alice.history(conversation)  # it serves, so it also hears signals
        log = self.stopped()
        log.both_verify(self)
        recalled = [entry["target"]["seq"] for entry in log.export()
                    if entry["conversation"] == conversation and entry["outcome"] == "recalled"]
        self.assertEqual(recalled, seqs)


class Matched(harness.ServerCase):
    """The store's recalls held against the log's entries, and copies of either that were changed."""

    policy = """on_clock_unsure: decide
clock_error_max: 500ms
rules:
  - name: along
    actor: [self]
    decision: allow
    forwards: recalled"""
    settings = "development_key: true"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.alice = cls.server.device("alice", "phone")
        cls.bob = cls.server.device("bob", "phone")
        cls.talk = cls.alice.open_with("bob")
        other = cls.alice.open_with("carol")
        for text in ("one", "two"):
            seq = cls.alice.send(cls.talk, text)["seq"]
            cls.alice.ok("recall", cls.talk, seq)
        cls.alice.run("recall", cls.talk, seq)
        cls.bob.run("recall", cls.talk, seq)
        cls.before = cls.stopped_copy("before")
        seq = cls.alice.send(cls.talk, "three")["seq"]
        cls.alice.ok("send", "--forward", f"{cls.talk}:{seq}", other)
        cls.alice.ok("recall", cls.talk, seq)
        cls.after = cls.stopped_copy("after")

    @classmethod
    def stopped_copy(cls, name):
        assert cls.server.kill(signal.SIGTERM) == 0
        copy = cls.directory / name
        shutil.copytree(cls.server.data, copy)
        cls.server.start()
        return copy

    def scratch(self, store, log):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        data = pathlib.Path(directory.name)
        shutil.copytree(store / "store", data / "store")
        shutil.copytree(log / "audit", data / "audit")
        return data

    def match(self, data):
        """What was found, and the result."""
        result = harness.run("audit", "match", "--data", data, "--json")
        objects = result.objects
        self.assertEqual(result.code, 0 if objects[-1]["problems"] == 0 else 1, result)
        self.assertEqual(objects[-1]["problems"], len(objects) - 1)
        return objects[:-1], objects[-1]

    def found(self, data):
        return [(found["kind"], found["index"], found["recall"]) for found in self.match(data)[0]]

    def granted(self, data):
        """Of the log: (index, "CONVERSATION@SEQ") of each granted entry."""
        entries = harness.run("audit", "export", data / "audit").objects
        return [(entry["index"], f"{entry['conversation']}@{entry['recall_seq']}")
                for entry in entries if entry["outcome"] == "recalled"]

    def rewrite(self, data, change):
        """Changes the entries in the log's only bundle, as somebody with an editor could."""
        size = int((data / "audit" / "checkpoint").read_text(encoding="utf-8").split("\n")[1])
        path = data / "audit" / tile_path("entries", 0, size)
        entries = read_bundle(path.read_bytes())
        change(entries)
        path.write_bytes(b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries))

    def test_untouched(self):
        data = self.scratch(self.after, self.after)
        found, result = self.match(data)
        self.assertEqual(found, [])
        self.assertEqual((result["recalls"], result["entries"], result["in_journal"]), (4, 4, 0))
        text = harness.run("audit", "match", "--data", data)
        self.assertEqual((text.code, text.out), (0, "matched: 4 recalls, 4 granted entries\n"))

    def test_dropped_entry(self):
        data = self.scratch(self.after, self.after)
        index, recall = self.granted(data)[1]

        def drop(entries):
            entries[index] = entries[0]
        self.rewrite(data, drop)
        self.assertEqual(self.found(data), [("no_entry", None, recall)])
        text = harness.run("audit", "match", "--data", data)
        self.assertEqual(text.code, 1)
        self.assertIn(f"recall {recall}: alice took back message", text.out)
        self.assertIn("NOT matched: 4 recalls, 3 granted entries, 1 problem\n", text.out)

    def test_doubled_entry(self):
        data = self.scratch(self.after, self.after)
        (one, recall), (other, lost) = self.granted(data)[:2]

        def double(entries):
            entries[other] = entries[one]
        self.rewrite(data, double)
        self.assertEqual(sorted(self.found(data), key=str),
                         sorted([("doubled", other, recall), ("no_entry", None, lost)], key=str))

    def test_changed_entry(self):
        data = self.scratch(self.after, self.after)
        index, recall = self.granted(data)[0]
        original = []

        def change(old, new):
            def edit(entries):
                original[:] = original or entries
                entries[:] = original
                self.assertIn(old, entries[index])
                entries[index] = entries[index].replace(old, new)
            return edit
        time = harness.run("audit", "show", data / "audit", index, "--json").objects[0]["time"]
        for old, new, text in ((b"\x52\x05alice", b"\x52\x05alicf", "another operator"),
                               (b"\x3a\x05alice", b"\x3a\x05alicf", "another target"),
                               (b"\x6a\x05phone", b"\x6a\x05phony", "another device")):
            self.rewrite(data, change(old, new))
            found, _ = self.match(data)
            self.assertEqual([(each["kind"], each["index"], each["recall"]) for each in found],
                             [("different", index, recall)])
            self.assertIn(text, found[0]["text"])
        stamp = round(datetime.datetime.fromisoformat(time).timestamp() * 1000)
        self.rewrite(data, change(b"\x11" + stamp.to_bytes(8, "little"),
                                  b"\x11" + (stamp + 1000).to_bytes(8, "little")))
        found, _ = self.match(data)
        self.assertEqual([(each["kind"], each["index"]) for each in found], [("different", index)])
        self.assertIn("another time", found[0]["text"])

    def test_dropped_recall(self):
        """An older store under the log: what was taken back since then is not in it."""
        data = self.scratch(self.before, self.after)
        known = len(self.granted(self.before))
        self.assertEqual(self.found(data),
                         [("no_recall", index, recall)
                          for index, recall in self.granted(data)[known:]])

    def test_older_log(self):
        data = self.scratch(self.after, self.before)
        known = len(self.granted(self.before))
        self.assertEqual(sorted(self.found(data)[0:9]),
                         sorted(("no_entry", None, recall)
                                for _, recall in self.granted(self.after)[known:]))

    def test_journal(self):
        """Killed right after an answer, the entry may still wait in the store."""
        waiting = 0
        for _ in range(3):
            seq = self.alice.send(self.talk, "again")["seq"]
            self.alice.ok("recall", self.talk, seq)
            self.server.kill(signal.SIGKILL)
            found, result = self.match(self.scratch(self.server.data, self.server.data))
            self.assertEqual(found, [])
            self.assertEqual(result["recalls"], result["entries"])
            waiting += result["in_journal"]
            self.server.start()
        self.assertGreater(waiting, 0)

    def test_new_store(self):
        """The store is deleted; the log goes on, under its old name, and knows more than the store."""
        data = self.scratch(self.after, self.after)
        shutil.rmtree(data / "store")
        for name in ("audit.key", "audit.pub", "development.key"):
            if (self.after / name).exists():
                shutil.copy(self.after / name, data / name)
        server = harness.Server(data.parent / (data.name + "-new"), "development_key: true")
        self.addCleanup(shutil.rmtree, server.directory, True)
        server.kill(signal.SIGTERM)
        server.data = data
        server.start()
        self.addCleanup(server.close)
        alice = server.device("alice", "new")
        talk = alice.open_with("bob")
        alice.ok("recall", talk, alice.send(talk, "in the new store")["seq"])
        server.kill(signal.SIGTERM)
        Log(data).both_verify(self)
        self.assertGreater(len(self.found(data)), 0)
        known = len(harness.run("audit", "export", self.after / "audit").objects)
        text = harness.run("audit", "match", "--data", data, "--from", known)
        self.assertEqual((text.code, text.out), (0, "matched: 1 recall, 1 granted entry\n"))

    def test_command_line(self):
        result = harness.run("audit", "match", "--data", self.server.data)
        self.assertEqual(result.code, 1)
        self.assertIn("another process has this directory", result.err)
        empty = self.directory / "empty"
        result = harness.run("audit", "match", "--data", empty)
        self.assertEqual(result.code, 1)
        self.assertIn("there is no store", result.err)
        self.assertFalse(empty.exists())
        self.assertEqual(harness.run("audit", "match").code, 2)
        self.assertEqual(harness.run("audit", "match", "--data", empty, "--last", 3).code, 2)


if __name__ == "__main__":
    harness.main()
