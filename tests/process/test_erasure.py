"""What was taken back is in no file of the server once the erasure horizon is over, nor in any file of
the devices."""

import base64
import os
import pathlib
import re
import unittest
import urllib.request

import harness


def files_with(folder, text):
    """The files under the folder that hold the text."""
    return [path for path in pathlib.Path(folder).rglob("*")
            if path.is_file() and text.encode() in path.read_bytes()]


class ErasureTest(harness.ServerCase):
    settings = "erasure_horizon_ms: 1000"

    def runs(self):
        with urllib.request.urlopen(f"http://{self.server.http}/metrics") as answer:
            text = answer.read().decode()
        self.assertNotIn(self.canary, text)
        return int(re.search(r"^unsay_erasure_runs_total (\d+)", text, re.M)[1])

    def test_no_file_holds_it(self):
        # Random, so that no compression can hide it.
        self.canary = base64.b64encode(os.urandom(60)).decode()
        alice = self.server.device("alice", "laptop")
        bob = self.server.device("bob", "phone")
        conversation = alice.open_with("bob")
        seq = alice.send(conversation, self.canary)["seq"]
        bob.ok("watch", conversation, "--until-online", "--json")
        self.assertTrue(files_with(self.server.data, self.canary))
        self.assertTrue(files_with(bob.state, self.canary))

        alice.ok("recall", conversation, str(seq))
        bob.ok("watch", conversation, "--until-online", "--json")
        begun = self.runs()
        harness.wait_until(lambda: self.runs() >= begun + 2)  # one that began after the recall
        self.assertEqual(files_with(self.server.directory, self.canary), [])
        self.assertNotIn(self.canary, harness.run("audit", "export", self.server.data / "audit").out)


if __name__ == "__main__":
    harness.main()
