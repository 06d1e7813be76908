#!/usr/bin/env python3
"""unsay bench: a second of each measurement reports what it should, loses nothing, and leaves
nothing behind."""

import os
import signal
import subprocess
import tempfile
import unittest

import harness
from harness import UNSAY, environment, is_sanitized, main, run, wait_until

SECOND = ("--seconds", "1", "--warmup", "0", "--connections", "8", "--json")


class BenchTest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.parent = temporary.name

    def measure(self, *arguments):
        result = run("bench", *arguments, *SECOND, "--data-parent", self.parent)
        self.assertEqual(result.code, 0, result)
        self.assertEqual(os.listdir(self.parent), [])
        return result.objects[0]

    def assert_sound(self, checks):
        self.assertGreater(checks["accepted"], 0)
        self.assertTrue(checks["settled"])
        for fault in ("lost", "doubled", "misordered"):
            self.assertEqual(checks[fault], 0, checks)

    def assert_stretch(self, stretch):
        self.assertGreater(stretch["count"], 0)
        self.assertGreater(stretch["per_second"], 0)
        self.assertGreater(stretch["server_cpu_us"], 0)
        self.assertGreater(stretch["generator_cpu_us"], 0)

    def assert_durations(self, histogram):
        self.assertGreater(histogram["count"], 0)
        self.assertGreater(histogram["p50_ms"], 0)
        self.assertLessEqual(histogram["p50_ms"], histogram["p99_ms"])
        self.assertLessEqual(histogram["p99_ms"], histogram["p999_ms"])
        self.assertLessEqual(histogram["p999_ms"], histogram["max_ms"])

    def assert_sends(self, report):
        self.assertEqual((report["bench"], report["connections"]), ("send", 8))
        self.assert_stretch(report["sends"])
        self.assertGreater(report["sends"]["syncs_per_second"], 0)
        self.assertGreater(report["delivered_per_second"], 0)
        self.assert_durations(report["accept"])
        self.assert_durations(report["deliver"])
        self.assert_sound(report["checks"])

    def test_send(self):
        self.assert_sends(self.measure("send"))

    def test_idle(self):
        for how in ((), ("--tls",), ("--websocket",)):
            result = run("bench", "idle", "--connections", "200", "--json", *how, "--data-parent",
                         self.parent)
            self.assertEqual(result.code, 0, result)
            [report] = result.objects
            self.assertEqual((report["bench"], report["connections"]), ("idle", 200))
            for way in ("with_token", "with_ticket"):
                self.assertEqual(report[way]["count"], 200)
                self.assertGreater(report[way]["per_second"], 0)
            self.assertGreater(report["resident_bytes"], 0)
            # So few connections are lost among pages; only what is far off shows.
            if not is_sanitized():
                self.assertLess(report["heap_bytes_each"], 65536)

    def test_send_over_websocket_in_tls(self):
        self.assert_sends(self.measure("send", "--tls", "--websocket", "--body", "5000"))

    def test_recall(self):
        report = self.measure("recall", "--conversation-size", "3000")
        for part in ("fill", "sends", "recalls"):
            self.assert_stretch(report[part])
        for part in ("accept", "recall", "notice"):
            self.assert_durations(report[part])
            self.assert_durations(report["first_conversation"][part])
        self.assertEqual(report["fill"]["count"], 3000 + 3 * 1000)
        self.assertEqual(report["recall"]["count"], report["checks"]["recalled"])
        self.assertEqual(report["notice"]["count"], report["checks"]["recalled"])
        self.assertGreater(report["cpu_ratio"], 0)
        self.assert_sound(report["checks"])

    def test_a_batch_shares_its_sync(self):
        report = self.measure("recall", "--batch", "100", "--connections", "2", "--window", "1")
        batch = report["batch"]
        self.assertEqual(batch["targets"], 100)
        for part in (report["recalls"], batch["recalls"]):
            self.assert_stretch(part)
            self.assertGreater(part["thread_cpu_us"]["workers"], 0)
        for part in ("recall", "notice"):
            self.assert_durations(batch[part])
        self.assertGreater(batch["syncs_ratio"], 0)
        self.assertLess(batch["syncs_ratio"], 0.1)
        self.assert_sound(report["checks"])

    def test_recalls_at_a_rate(self):
        report = self.measure("recall", "--rate", "200")
        self.assertEqual(report["rate"], 200)
        self.assertLessEqual(report["recalls"]["count"], 201)
        self.assertGreater(report["recalls"]["thread_cpu_us"]["audit"], 0)
        self.assert_durations(report["notice"])
        self.assert_sound(report["checks"])

    def test_reading_among_tombstones(self):
        report = self.measure("recall", "--tombstones", "20000")
        self.assertEqual(report["tombstones"], 20000)
        for question in ("last_page", "middle_page", "list"):
            for conversation in ("taken_back", "live"):
                self.assert_durations(report[question][conversation])
            self.assertGreater(report[question]["p50_ratio"], 0)
        self.assert_sound(report["checks"])

    def test_floor(self):
        report = self.measure("floor")
        self.assertGreater(report["log"]["syncs_per_second"], 0)
        self.assert_durations(report["log"]["sync"])
        self.assert_stretch(report["echo"])
        self.assert_durations(report["deliver"])

    def test_a_running_server(self):
        server = harness.Server(self.parent)
        self.addCleanup(server.close)
        result = run("bench", "send", *SECOND, "--server", server.listen, "--data", server.data,
                     "--http", server.http, "--pid", server.process.pid)
        self.assertEqual(result.code, 0, result)
        self.assert_sends(result.objects[0])
        self.assertIsNone(server.process.poll())

    def test_an_interrupted_run_ends_its_server(self):
        bench = subprocess.Popen(
            [str(UNSAY), "bench", "send", "--data-parent", self.parent, "--connections", "8"],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environment())
        self.addCleanup(bench.kill)
        children = f"/proc/{bench.pid}/task/{bench.pid}/children"
        wait_until(lambda: any("dev.key" in files for _, _, files in os.walk(self.parent)))
        with open(children, encoding="ascii") as file:
            child = int(file.read())
        bench.send_signal(signal.SIGINT)
        _, complaint = bench.communicate(timeout=60)
        self.assertEqual(bench.returncode, 1)
        self.assertIn("interrupted", complaint)
        self.assertFalse(os.path.exists(f"/proc/{child}"))
        self.assertEqual(os.listdir(self.parent), [])

    def test_what_cannot_be(self):
        self.assertEqual(run("bench").code, 2)
        self.assertEqual(run("bench", "everything").code, 2)
        self.assertEqual(run("bench", "send", "--connections", "7").code, 2)
        self.assertEqual(run("bench", "send", "--rate", "7").code, 2)
        self.assertEqual(run("bench", "recall", "--batch", "101").code, 2)
        self.assertEqual(run("bench", "send", "--server", "127.0.0.1:1").code, 2)
        self.assertEqual(run("bench", "send", "--data-parent", "/nonexistent").code, 1)
        result = run("bench", "send", "--server", "127.0.0.1:1", "--data", self.parent)
        self.assertEqual(result.code, 1)
        self.assertIn("dev.key", result.err)
        run("token", "--data", self.parent, "--user", "u", "--device", "d")
        result = run("bench", "send", "--server", "127.0.0.1:1", "--data", self.parent)
        self.assertEqual(result.code, 3)


if __name__ == "__main__":
    main()
