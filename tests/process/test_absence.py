"""Devices that were away for longer than the retention, and much that was missed at once."""

import json
import os
import re
import signal
import subprocess
import time

from harness import UNSAY, ServerCase, main, wait_until

RETENTION_S = 2
MANY = int(os.environ.get("UNSAY_TEST_MISSED", "100000"))

# Memory beyond what the program needs with an empty log, whatever was missed.
GROWTH_MIB_MAX = 48


def resident_mib(pid, field="VmHWM"):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return int(re.search(rf"{field}:\s+(\d+) kB", status.read())[1]) / 1024


def is_sanitized():
    return b"__asan_init" in UNSAY.read_bytes() or b"__tsan_init" in UNSAY.read_bytes()


def send_lines(device, conversation, count):
    device.ok("send", conversation, "-", stdin="".join(f"line {i}\n" for i in range(count)),
              seconds=300)


class AbsenceTest(ServerCase):
    settings = f"offline_retention_ms: {RETENTION_S * 1000}"

    def test_what_is_older_than_the_retention_is_skipped(self):
        alice = self.server.device("alice", "laptop")
        bob = self.server.device("bob", "phone")
        direct = alice.open_with(bob.user)
        first = alice.send(direct, "a body that is taken back while bob is away")["seq"]
        shown = bob.ok("watch", "--json", "--until-online").objects
        self.assertEqual(shown[-1]["seq"], first)
        send_lines(alice, direct, 500)
        alice.ok("recall", direct, str(first))
        recalled = alice.send(direct, "the end of what is old")["seq"] - 1
        time.sleep(RETENTION_S + 0.5)
        send_lines(alice, direct, 30)
        watch = bob.ok("watch", "--json", "--until-online")
        self.assertIn(f"{direct}: skipped #{first + 1}-#", watch.err)
        self.assertIn(f"unsay history {direct}", watch.err)
        seqs = [event["seq"] for event in watch.objects]
        self.assertEqual(seqs, list(range(seqs[0], recalled + 32)))
        self.assertGreater(seqs[0], recalled)
        self.assertLessEqual(seqs[0], recalled + 2)
        stored = b"".join(path.read_bytes() for path in bob.state.glob("unsay.db*"))
        self.assertNotIn(b"taken back while bob is away", stored)
        history = bob.ok("history", direct, "--json", "--after", str(first), "--before", str(seqs[0]))
        self.assertEqual([event["seq"] for event in history.objects],
                         list(range(first + 1, seqs[0])))


class MissedTest(ServerCase):
    settings = "store_cache_mib: 8\nrequests_per_second: 0"

    def test_memory_stays_bounded_while_much_is_fetched(self):
        alice = self.server.device("carol", "laptop")
        bob = self.server.device("dave", "phone")
        direct = alice.open_with(bob.user)
        bob.ok("watch", "--until-online")
        before = self.peak_of_watch(bob, direct, 0)
        send_lines(alice, direct, MANY)
        server_before = resident_mib(self.server.process.pid)
        after = self.peak_of_watch(bob, direct, MANY)
        server_after = resident_mib(self.server.process.pid)
        print(f"{MANY} events missed: the device grew by {after - before:.1f} MiB, "
              f"the server by {server_after - server_before:.1f} MiB")
        if is_sanitized():
            self.skipTest("a sanitizer keeps what was freed")
        self.assertLess(after - before, GROWTH_MIB_MAX)
        self.assertLess(server_after - server_before, GROWTH_MIB_MAX)

    def peak_of_watch(self, device, conversation, count):
        """Watches until it has printed so many events; its memory at the most."""
        process = device.popen("watch", "--json", conversation, stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL, text=True)
        try:
            last = 0
            for _ in range(count):
                event = json.loads(process.stdout.readline())
                self.assertGreater(event["seq"], last)
                last = event["seq"]
            if count == 0:
                wait_until(lambda: "unsay.db" in os.listdir(device.state))
                time.sleep(0.5)
            return resident_mib(process.pid)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(20)
            process.stdout.close()


if __name__ == "__main__":
    main()
