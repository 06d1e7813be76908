"""What GET /metrics tells: every family of the table and no other, in the format of Prometheus, and
true. The dashboard and the alerts speak of nothing else."""

import json
import pathlib
import re
import subprocess
import unittest
import urllib.request

import harness
import yaml
from prometheus_client import parser

ROOT = pathlib.Path(__file__).resolve().parents[2]
TABLE = re.compile(r'^METRIC\((\w+), (counter|gauge|histogram), "([^"]+)", "([^"]*)", "([^"]+)"\)$')
HELP = re.compile(r"# HELP ([a-z_]+) (\S.*\.)")
TYPE = re.compile(r"# TYPE ([a-z_]+) (counter|gauge|histogram)")
SAMPLE = re.compile(r'([a-z_]+)(?:\{([^}]*)\})? (\+Inf|[0-9.e+-]+)')
LABEL = re.compile(r'([a-z_]+)="([^"\\\n]*)"')
SUFFIXES = {"histogram": {"_bucket", "_sum", "_count"}, "counter": {""}, "gauge": {""}}


def read_table():
    table = {}
    for line in (ROOT / "src/server/metrics.def").read_text().splitlines():
        if line.startswith("METRIC("):
            name, kind, unit, labels, text = TABLE.match(line).groups()
            assert name not in table, name
            table[name] = {"kind": kind, "unit": unit, "help": text,
                           "labels": read_labels(labels)}
    return table


def read_labels(text):
    """name, or name: value, value; the label and the values that it may have."""
    if not text:
        return {}
    name, _, values = text.partition(": ")
    return {name: set(values.split(", ")) if values else None}


def parse(text):
    """Strict: each family once, HELP, TYPE and then its samples, nothing else, ending in a newline."""
    families = {}
    family = None
    assert text.endswith("\n")
    lines = iter(text[:-1].split("\n"))
    for line in lines:
        if match := HELP.fullmatch(line):
            name, words = match.groups()
            assert name not in families, f"{name} twice"
            kind = TYPE.fullmatch(next(lines))
            assert kind and kind[1] == name, line
            family = families[name] = {"kind": kind[2], "help": words, "samples": {}}
            continue
        match = SAMPLE.fullmatch(line)
        assert match and family is not None, line
        suffix = match[1].removeprefix(name)
        assert match[1].startswith(name) and suffix in SUFFIXES[family["kind"]], line
        labels = tuple(LABEL.findall(match[2] or ""))
        assert ",".join(f'{key}="{value}"' for key, value in labels) == (match[2] or ""), line
        assert (suffix, labels) not in family["samples"], line
        family["samples"][suffix, labels] = float(match[3])
    return families


class Metrics(harness.ServerCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.table = read_table()

    def text(self):
        with urllib.request.urlopen(f"http://{self.server.http}/metrics", timeout=10) as answer:
            self.assertEqual(answer.headers["Content-Type"],
                             "text/plain; version=0.0.4; charset=utf-8")
            return answer.read().decode()

    def sample(self, name, suffix="", **labels):
        return parse(self.text())[name]["samples"][suffix, tuple(labels.items())]

    def test_table(self):
        families = parse(self.text())
        self.assertEqual(set(families), set(self.table))
        for name, told in families.items():
            self.assertEqual((told["kind"], told["help"]),
                             (self.table[name]["kind"], self.table[name]["help"]), name)
            self.assertTrue(told["samples"], name)

    def test_names(self):
        for name, row in self.table.items():
            self.assertRegex(name, r"^(unsay|process)_[a-z_]+$")
            self.assertEqual(name.endswith("_total"), row["kind"] == "counter", name)
            self.assertEqual(row["unit"] == "seconds",
                             name.removesuffix("_total").endswith("_seconds"), name)
            self.assertEqual(row["unit"] == "bytes", name.endswith("_bytes"), name)
            self.assertNotRegex(name, "_(ms|us|ns|kb|mb|mib)(_|$)")

    def test_labels(self):
        """What a label may say is in the table; what users are called is in no sample."""
        device = self.server.device("mallory-the-user", "mallory-phone")
        conversation = device.open_with("trent-the-user")
        device.send(conversation, "a body of mallory")
        text = self.text()
        for word in ("mallory", "trent", conversation):
            self.assertNotIn(word, text)
        for name, family in parse(text).items():
            allowed = dict(self.table[name]["labels"])
            for (suffix, labels) in family["samples"]:
                told = dict(labels)
                bound = told.pop("le", None)
                self.assertEqual(bound is not None, suffix == "_bucket", name)
                self.assertEqual(set(told), set(allowed), name)
                for label, value in told.items():
                    if label == "worker":
                        self.assertIn(value, ("0", "1"))
                    elif allowed[label] is not None:
                        self.assertIn(value, allowed[label])

    def test_histograms(self):
        for name, family in parse(self.text()).items():
            if family["kind"] != "histogram":
                continue
            buckets = [(float(dict(labels)["le"]), value)
                       for (suffix, labels), value in family["samples"].items()
                       if suffix == "_bucket"]
            self.assertEqual(buckets, sorted(buckets), name)
            self.assertEqual(buckets[-1][0], float("inf"))
            counts = [value for _, value in buckets]
            self.assertEqual(counts, sorted(counts), name)
            self.assertEqual(family["samples"]["_count", ()], counts[-1], name)

    def test_second_implementation(self):
        """What the Prometheus client library reads is the same."""
        text = self.text()
        read = {family.name: family for family in parser.text_string_to_metric_families(text)}
        ours = parse(text)
        self.assertEqual(set(read), {name.removesuffix("_total") if told["kind"] == "counter"
                                     else name for name, told in ours.items()})
        for name, told in ours.items():
            family = read[name.removesuffix("_total") if told["kind"] == "counter" else name]
            self.assertEqual((family.type, family.documentation), (told["kind"], told["help"]))
            self.assertEqual({(sample.name.removeprefix(name), tuple(sample.labels.items())):
                              sample.value for sample in family.samples}, told["samples"])

    def test_delivery_and_recall(self):
        """A device that is connected is told of a recall, and how long that took is on record."""
        alice = self.server.device("alice", "laptop")
        bob = self.server.device("bob", "phone")
        conversation = alice.open_with("bob")
        watch = bob.popen("watch", "--json", "--idle", "60", stdout=subprocess.PIPE, text=True)
        self.addCleanup(watch.stdout.close)
        self.addCleanup(watch.wait)
        self.addCleanup(watch.kill)
        before = parse(self.text())
        reached = before["unsay_recall_reach_seconds"]["samples"]["_count", ()]
        message = alice.send(conversation, "hello")
        while json.loads(watch.stdout.readline()).get("seq") != message["seq"]:
            pass
        self.assertEqual(self.sample("unsay_connections_signed_in", transport="tcp"), 1)
        alice.ok("recall", conversation, str(message["seq"]))
        alice.run("recall", conversation, str(message["seq"]))
        alice.run("recall", conversation, "1")
        harness.wait_until(
            lambda: self.sample("unsay_recall_reach_seconds", "_count") > reached)
        after = parse(self.text())

        def grown(name, **labels):
            key = ("", tuple(labels.items()))
            return after[name]["samples"][key] - before[name]["samples"][key]

        self.assertGreaterEqual(grown("unsay_messages_accepted_total"), 1)
        self.assertEqual(grown("unsay_recalls_total", outcome="recalled"), 1)
        self.assertEqual(grown("unsay_recalls_total", outcome="already_recalled"), 1)
        self.assertEqual(grown("unsay_recalls_total", outcome="refused"), 1)
        self.assertGreaterEqual(grown("unsay_notices_acknowledged_total"), 1)
        self.assertGreater(after["unsay_store_commit_seconds"]["samples"]["_count", ()], 0)
        self.assertGreater(after["unsay_accept_seconds"]["samples"]["_sum", ()], 0)
        self.assertLess(after["unsay_recall_reach_seconds"]["samples"]["_sum", ()], 60)

    def test_levels_return(self):
        harness.wait_until(lambda: sum(
            parse(self.text())["unsay_sessions"]["samples"].values()) == 0)
        self.assertEqual(sum(
            parse(self.text())["unsay_connections_signed_in"]["samples"].values()), 0)

    def test_process(self):
        pid = self.server.process.pid
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
        resident = int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) * 1024
        told = self.sample("process_resident_memory_bytes")
        self.assertLess(abs(told - resident), resident / 4)
        self.assertGreater(self.sample("process_open_fds"), 10)
        self.assertLess(self.sample("unsay_uptime_seconds"), 3600)
        version = harness.run("--version").out.split()[-1]
        self.assertEqual(self.sample("unsay_build_info", version=version), 1)

    def exposed(self):
        """Names that a query may use, and the labels of each."""
        names = {}
        for name, family in parse(self.text()).items():
            for suffix, labels in family["samples"]:
                names.setdefault(name + suffix, set()).update(key for key, _ in labels)
        return names

    def check_query(self, query, names):
        found = re.findall(r"\b((?:unsay|process)[_:][\w:]+)(?:\{([^}]*)\})?", query)
        self.assertTrue(found or query.startswith("up{"), query)
        labels = set()
        for name, selector in found:
            self.assertIn(name, names, query)
            labels |= names[name]
            for label in re.findall(r"(\w+)=", selector):
                self.assertIn(label, names[name] | {"instance", "job"}, query)
        for grouping in re.findall(r"\bby \(([^)]*)\)", query):
            for label in grouping.split(","):
                self.assertIn(label.strip(), labels | {"instance"}, query)
        self.assertEqual(query.count("("), query.count(")"), query)

    def test_dashboard(self):
        board = json.loads((ROOT / "config/grafana/unsay.json").read_text())
        names = self.exposed()
        panels = [panel for panel in board["panels"] if panel["type"] != "row"]
        self.assertEqual([panel["title"] for panel in board["panels"] if panel["type"] == "row"],
                         ["Delivery", "Recall", "Storage", "Queues", "Webhooks", "Audit",
                          "Clock and process"])
        self.assertEqual(len({panel["id"] for panel in board["panels"]}), len(board["panels"]))
        shown = set()
        for panel in panels:
            self.assertTrue(panel["description"], panel["title"])
            self.assertTrue(panel["targets"], panel["title"])
            for target in panel["targets"]:
                query = target["expr"].replace("$__rate_interval", "5m").replace("$instance", ".*")
                self.check_query(query, names)
                shown.update(re.findall(r"\b(?:unsay|process)_\w+", query))
                for label in re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]):
                    self.assertIn(f"{label}", {"instance"} | set().union(
                        *(names[name] for name in re.findall(r"\b(?:unsay|process)_\w+", query))))
            place = panel["gridPos"]
            self.assertLessEqual(place["x"] + place["w"], 24, panel["title"])
        places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in board["panels"]]
        self.assertEqual(len(set(places)), len(places))

    def test_alerts(self):
        rules = yaml.safe_load((ROOT / "config/prometheus/alerts.yaml").read_text())
        names = self.exposed()
        events = (ROOT / "src/server/log.def").read_text()
        for group in rules["groups"]:
            for rule in group["rules"]:
                self.check_query(rule["expr"], names)
                if "record" in rule:
                    names[rule["record"]] = {"instance"}
                    continue
                self.assertIn(rule["labels"]["severity"], ("page", "ticket"))
                self.assertEqual(set(rule["annotations"]), {"summary", "runbook"}, rule["alert"])
                self.assertGreater(len(rule["annotations"]["runbook"].split()), 15, rule["alert"])
                runbook = rule["annotations"]["runbook"]
                for event in re.findall(r"the log for\s+(\w+)", runbook):
                    self.assertIn(f"({event},", events)
                for command in re.findall(r"`unsay (\w+)", runbook):
                    self.assertEqual(harness.run(command, "--help").code, 0, command)


if __name__ == "__main__":
    harness.main()
