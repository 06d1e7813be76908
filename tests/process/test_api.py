"""The HTTP API: every answer is held to the OpenAPI document that the server serves; every endpoint is tried
with every wrong key; what was asked once is done once, whatever dies; and requests made at random from the
document get an answer that the document knows."""

import http.client
import json
import os
import random
import re
import shutil
import socket
import threading
import unittest
import urllib.parse

import harness
import jsonschema

RUNS = int(os.environ.get("UNSAY_API_RUNS", "600"))
SEED = int(os.environ.get("UNSAY_API_SEED", "1"))
SCOPES = ["conversations.read", "conversations.write", "messages.read", "messages.send", "recalls.read",
          "recalls.write", "compliance", "audit.read", "policy.read", "policy.write"]


class Answer:
    def __init__(self, code, headers, text):
        self.code, self.headers, self.text = code, headers, text

    @property
    def json(self):
        return json.loads(self.text)

    def __repr__(self):
        return f"{self.code} {self.text[:500]}"


class Backend:
    """A holder of a key."""

    def __init__(self, server, key):
        self.server, self.key = server, key

    def ask(self, method, path, body=None, headers=None, raw=None):
        connection = http.client.HTTPConnection(self.server.http, timeout=harness.COMMAND_SECONDS)
        try:
            given = {"Authorization": f"Bearer {self.key}"} if self.key else {}
            data = raw if raw is not None else None if body is None else json.dumps(body)
            connection.request(method, path, data, {**given, **(headers or {})})
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read().decode(errors="surrogateescape"))
        finally:
            connection.close()

    def get(self, path, **query):
        return self.ask("GET", path + ("?" + urllib.parse.urlencode(query) if query else ""))

    def post(self, path, body=None, key=None):
        return self.ask("POST", path, body, {"Idempotency-Key": key} if key else None)


def make_key(server, name, *scopes, user="system", more=()):
    result = harness.run("key", "create", name, "--data", server.data, "--as", user, *more,
                         *(word for scope in scopes for word in ("--scope", scope)))
    assert result.code == 0, result
    return result.out.strip()


def operations(document):
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def resolve(document, part):
    while "$ref" in part:
        found = document
        for name in part["$ref"][2:].split("/"):
            found = found[name]
        part = found
    return part


class Checker:
    """Holds answers to the document."""

    def __init__(self, document):
        self.document = document
        self.resolver = jsonschema.RefResolver("", document)

    def schema_of(self, operation, code):
        for key in (str(code), f"{code // 100}XX"):
            if key in operation["responses"]:
                content = resolve(self.document, operation["responses"][key])["content"]
                return next(iter(content.items()))
        raise AssertionError(f"{operation['operationId']} does not answer {code}")

    def check(self, operation, answer):
        kind, media = self.schema_of(operation, answer.code)
        assert answer.headers["Content-Type"] == kind, answer
        assert answer.headers["X-Request-Id"], answer
        assert answer.code != 500, answer
        if "schema" not in media:
            return
        jsonschema.Draft202012Validator(media["schema"], resolver=self.resolver).validate(answer.json)


class Generator:
    """Values that fit a schema, mostly."""

    def __init__(self, document, prng, likely):
        self.document, self.prng, self.likely = document, prng, likely

    def value(self, schema, name="", depth=0):
        schema = resolve(self.document, schema)
        if self.prng.random() < 0.04:
            return self.prng.choice([None, -1, 2**63, "", "x" * 300, [], {}, True, "\u0000", "\U0001f600", 1.5])
        if name in self.likely and self.prng.random() < 0.8:
            return self.prng.choice(self.likely[name])
        if "anyOf" in schema:
            return self.value(self.prng.choice(schema["anyOf"]), "", depth)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return self.prng.choice(schema["enum"])
        kind = schema["type"]
        if kind == "object":
            required = schema.get("required", [])
            return {key: self.value(part, key, depth + 1) for key, part in schema["properties"].items()
                    if key in required or self.prng.random() < (0.5 if depth < 3 else 0)}
        if kind == "array":
            return [self.value(schema["items"], name, depth + 1) for _ in range(self.prng.randrange(4))]
        if kind == "integer":
            return self.prng.choice([0, 1, 2, 3, self.prng.randrange(200), schema.get("maximum", 9)])
        if kind == "boolean":
            return self.prng.random() < 0.5
        form = schema.get("format") or schema.get("contentEncoding") or ""
        return {"date-time": "2026-01-31T08:00:00Z", "uuid": "0190e0a0-0000-7000-8000-000000000001",
                "base64": "aGVsbG8="}.get(form) or self.prng.choice(["alice", "bob", "text", "g:1", "00ff", "*"])


class Api(harness.ServerCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.key = make_key(cls.server, "everything", *SCOPES)
        cls.backend = Backend(cls.server, cls.key)
        cls.document = Backend(cls.server, None).get("/v1/openapi.json").json
        cls.checker = Checker(cls.document)
        cls.by_id = {operation["operationId"]: operation for _, _, operation in operations(cls.document)}

    def test_who_reads_the_policy_does_not_change_it(self):
        reader = Backend(self.server, make_key(self.server, "reader", "policy.read"))
        for path in ("/v1/policy", "/v1/policy/versions", "/v1/policy/versions/" + "00" * 32):
            self.assertEqual(reader.get(path, action="reload").json["title"], "field_invalid")
        self.assertEqual(reader.post("/v1/policy/reload").json["title"], "scope_missing")

    def made(self, answer, operation, code=200):
        self.assertEqual(answer.code, code, answer)
        self.checker.check(self.by_id[operation], answer)
        return answer.json

    def refused(self, answer, operation, code, title):
        self.assertEqual(answer.code, code, answer)
        self.checker.check(self.by_id[operation], answer)
        self.assertEqual(answer.json["title"], title, answer)
        return answer.json

    def create(self, name="team", **more):
        answer = self.backend.post("/v1/conversations", {"owner": "alice", "name": name,
                                                         "members": [{"user": "bob"}], **more})
        return "/v1/conversations/" + self.made(answer, "create_conversation", 201)["conversation"]

    def test_first_hour(self):
        """A conversation from creation to recall, from the outside, with a device that follows."""
        team = self.create()
        conversation = team.rsplit("/", 1)[1]
        bob = self.server.device("bob", "phone")
        first = self.made(self.backend.post(f"{team}/messages", {"body": "canary-1"}), "send_message")
        second = self.made(self.backend.post(f"{team}/messages", {"sender": "alice", "body": "canary-2"}),
                           "send_message")
        self.assertEqual([first["seq"], second["seq"]], [2, 3])
        self.assertEqual(harness.bodies(bob.history(conversation)), ["canary-1", "canary-2"])

        page = self.made(self.backend.get(f"{team}/messages", limit=2), "read_messages")
        self.assertEqual([event["seq"] for event in page["events"]], [1, 2])
        page = self.made(self.backend.get(f"{team}/messages", limit=2, **page["next"]), "read_messages")
        self.assertEqual([event["seq"] for event in page["events"]], [3])
        self.assertFalse(page["more"])

        receipts = self.made(self.backend.get(f"{team}/messages/3/receipts"), "read_receipts")
        self.assertEqual(receipts["receivers"], 1)
        self.made(self.backend.ask("PUT", f"{team}/pins/2"), "pin")
        pins = self.made(self.backend.get(f"{team}/pins"), "list_pins")
        self.assertEqual([pin["seq"] for pin in pins["pins"]], [2])
        self.made(self.backend.ask("DELETE", f"{team}/pins/2"), "unpin")

        result = self.made(self.backend.post(f"{team}/recalls", {
            "targets": [{"seq": 2}, {"message_id": second["message_id"]}], "as": "alice", "reason": "typo"}),
            "recall")
        self.assertEqual([outcome["outcome"] for outcome in result["outcomes"]], ["recalled"] * 2)
        self.assertNotIn("canary", self.backend.get(f"{team}/messages").text)
        self.assertEqual(harness.bodies(bob.history(conversation)), [None, None])
        seq = result["outcomes"][0]["recall_seq"]
        exposure = self.made(self.backend.get(f"{team}/recalls/{seq}/exposure"), "read_exposure")
        self.assertEqual(exposure["target_seq"], 2)

        def listed():
            found = self.made(self.backend.get("/v1/recalls", conversation=conversation), "list_recalls")
            return found["entries"] if len(found["entries"]) == 2 else None
        entries = harness.wait_until(listed)
        self.assertEqual({entry["entry"]["operator"] for entry in entries}, {"alice"})
        self.assertTrue(entries[0]["entry"]["address"].startswith("127.0.0.1:"))

    def test_members_and_settings(self):
        team = self.create()
        self.made(self.backend.ask("PATCH", team, {"name": "Team 2", "read_only": True}), "change_settings")
        self.refused(self.backend.post(f"{team}/messages", {"sender": "bob", "body": "x"}), "send_message", 403,
                     "read_only")
        self.made(self.backend.post(f"{team}/members", {"members": [{"user": "carol", "role": "admin"}]}),
                  "change_members")
        self.made(self.backend.ask("DELETE", f"{team}/members/bob"), "remove_member")
        members = self.made(self.backend.get(f"{team}/members"), "list_members")
        self.assertEqual([(member["user"], member["role"]) for member in members["members"]],
                         [("alice", "owner"), ("carol", "admin")])
        self.assertEqual(members["conversation"], team.rsplit("/", 1)[1])
        listed = self.made(self.backend.get("/v1/users/carol/conversations"), "list_conversations")
        self.assertIn("Team 2", [entry["name"] for entry in listed["conversations"]])
        info = self.made(self.backend.get(team), "read_conversation")
        self.assertEqual((info["settings"]["name"], info["members"], info["creator"]), ("Team 2", 2, "alice"))
        self.refused(self.backend.get(team, **{"as": "bob"}), "read_conversation", 403, "not_a_member")
        self.refused(self.backend.get("/v1/conversations/g:none"), "read_conversation", 404, "unknown_conversation")
        self.made(self.backend.post(f"{team}/members", {
            "mutes": True, "members": [{"user": "carol", "muted_until": "forever"}]}), "change_members")
        direct = self.made(self.backend.post("/v1/direct-conversations", {"as": "dave", "user": "erin"}),
                           "open_conversation", 201)
        again = self.made(self.backend.post("/v1/direct-conversations", {"as": "erin", "user": "dave"}),
                          "open_conversation")
        self.assertEqual(direct["conversation"], again["conversation"])

    def test_once_whatever_dies(self):
        """The same Idempotency-Key gets the first answer, also behind a crash; another request does not."""
        team = self.create()
        sent = [self.made(self.backend.post(f"{team}/messages", {"body": "once"}, key="m"), "send_message")]
        sent.append(self.made(self.backend.post(f"{team}/messages", {"body": "once"}, key="m"), "send_message"))
        self.refused(self.backend.post(f"{team}/messages", {"body": "twice"}, key="m"), "send_message", 422,
                     "idempotency_key_reused")
        targets = {"targets": [{"seq": 2}], "as": "alice"}
        recalled = [self.made(self.backend.post(f"{team}/recalls", targets, key="r"), "recall")]
        self.server.kill()
        self.server.start()
        sent.append(self.made(self.backend.post(f"{team}/messages", {"body": "once"}, key="m"), "send_message"))
        recalled.append(self.made(self.backend.post(f"{team}/recalls", targets, key="r"), "recall"))
        self.assertEqual({answer["seq"] for answer in sent}, {2})
        self.assertEqual(sent[2]["state"], "recalled")
        self.assertEqual(recalled[0], recalled[1])
        self.assertEqual(self.made(self.backend.get(f"{team}/messages"), "read_messages")["head"], 3)

    def test_range_as_a_job(self):
        team = self.create()
        for number in range(5):
            self.made(self.backend.post(f"{team}/messages", {"sender": "bob", "body": str(number)}), "send_message")

        def progress():
            answer = self.backend.post(f"{team}/recall-ranges", {
                "as": "alice", "user": "bob", "from": "2026-01-01T00:00:00Z"}, key="job")
            told = self.made(answer, "recall_range")
            return told if told["is_done"] else None
        done = harness.wait_until(progress)
        self.assertEqual((done["examined"], done["recalled"]), (5, 5))

    def test_compliance_needs_its_scope(self):
        team = self.create()
        self.made(self.backend.post(f"{team}/messages", {"body": "x"}), "send_message")
        plain = Backend(self.server, make_key(self.server, "plain", "recalls.write"))
        body = {"targets": [{"seq": 2}], "capacity": "compliance"}
        self.refused(plain.post(f"{team}/recalls", body), "recall", 403, "scope_missing")
        self.refused(plain.post(f"{team}/recalls", {**body, "capacity": "owner"}), "recall", 422, "field_invalid")
        legal = Backend(self.server, make_key(self.server, "legal", "recalls.write", "compliance", user="lee"))
        self.assertEqual(legal.post(f"{team}/recalls", body).code, 200)
        self.refused(self.backend.post(f"{team}/messages/2/evidence"), "open_evidence", 404, "no_evidence")

    def test_a_key_expires(self):
        short = Backend(self.server, make_key(self.server, "short", "policy.read", more=("--ttl", "1s")))
        harness.wait_until(lambda: short.get("/v1/policy").code == 401)

    def test_policy(self):
        current = self.made(self.backend.get("/v1/policy"), "get_policy")
        self.assertIn("rules", current["content"])
        versions = harness.wait_until(
            lambda: self.made(self.backend.get("/v1/policy/versions"), "list_policies")["versions"])
        self.assertEqual(versions[0]["version"], current["version"])
        version = self.made(self.backend.get(f"/v1/policy/versions/{current['version']}"), "get_policy_version")
        self.assertEqual(version["content"], current["content"])
        self.refused(self.backend.get("/v1/policy/versions/" + "00" * 32), "get_policy_version", 422,
                     "field_invalid")

    def concrete(self, path):
        values = {"conversation": "g:none", "seq": "2", "recall_seq": "2", "target_seq": "2", "user": "bob",
                  "as": "bob", "version": "00" * 32, "tile": "0/000.p/1"}
        return re.sub(r"\{(\w+)\}", lambda found: values[found[1]], path)

    def test_every_endpoint_with_every_wrong_key(self):
        """Without a key, with one that is wrong, revoked, expired, or lacks the scope: nothing is done or told."""
        revoked = make_key(self.server, "revoked", *SCOPES)
        harness.run("key", "revoke", "revoked", "--data", self.server.data)
        near = self.key[:-1] + ("A" if self.key[-1] != "A" else "B")
        for method, path, operation in operations(self.document):
            scope = re.search(r"Scope: `([a-z.]+)`", operation["description"])[1]
            others = [other for other in SCOPES if other != scope]
            name = f"not-{operation['operationId'].replace('_', '-')}"
            lacking = make_key(self.server, name, *others)
            body = {} if "requestBody" in operation else None
            with self.subTest(method=method, path=path):
                for key in (None, "", near, revoked, "unsay_", self.key[:20], self.key * 2):
                    answer = Backend(self.server, key).ask(method, self.concrete(path), body)
                    self.refused(answer, operation["operationId"], 401, "key_invalid")
                    self.assertIn("Bearer", answer.headers["WWW-Authenticate"])
                answer = Backend(self.server, lacking).ask(method, self.concrete(path), body)
                problem = self.refused(answer, operation["operationId"], 403, "scope_missing")
                self.assertIn(scope, problem["detail"])

    def test_for_a_user_only_what_the_user_may(self):
        """In a user's name nothing is seen or done that is not theirs."""
        team = self.create()
        self.made(self.backend.post(f"{team}/messages", {"body": "canary-secret"}), "send_message")
        for answer in (self.backend.get(f"{team}/messages", **{"as": "eve"}),
                       self.backend.get(f"{team}/members", **{"as": "eve"}),
                       self.backend.get(f"{team}/pins", **{"as": "eve"}),
                       self.backend.get(f"{team}/messages/2/receipts", **{"as": "eve"}),
                       self.backend.post(f"{team}/recalls", {"targets": [{"seq": 2}], "as": "eve"}),
                       self.backend.ask("PATCH", team, {"name": "x", "as": "eve"}),
                       self.backend.post(f"{team}/members", {"members": [{"user": "eve"}], "as": "eve"}),
                       self.backend.ask("PUT", f"{team}/pins/2?as=eve"),
                       self.backend.post(f"{team}/messages", {"sender": "eve", "body": "x"})):
            if answer.code == 200:  # a recall answers each target
                self.assertEqual([one["outcome"] for one in answer.json["outcomes"]], ["refused"])
            else:
                self.assertIn(answer.code, (403, 404), answer)
            self.assertNotIn("canary", answer.text)
        self.assertEqual(self.made(self.backend.get(f"{team}/messages"), "read_messages")["head"], 2)

    def test_nothing_but_what_is_documented(self):
        """No field of the protocol that an operation does not name gets in by the query or the body."""
        text = (harness.pathlib.Path(__file__).parents[2] / "proto/unsay/v1/frame.proto").read_text()
        fields = sorted({name.removesuffix("_ms")
                         for name in re.findall(r"^ +[\w ]* (\w+) = \d+;", text, re.MULTILINE)})
        self.assertIn("action", fields)
        callers = [Backend(self.server, make_key(self.server, f"prober-{number}", *SCOPES)) for number in range(8)]
        probes = 0
        for method, path, operation in operations(self.document):
            known = {resolve(self.document, one)["name"] for one in operation["parameters"]} | {"as", "capacity"}
            body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
            for name in fields if "/audit/" not in path else ():
                probes += 1
                caller = callers[probes % len(callers)]
                if name not in known:
                    answer = caller.ask(method, f"{self.concrete(path)}?{name}=reload", {} if body else None)
                    self.assertIn(answer.code, (422, 429), (method, path, name, answer))
                if body and name not in body["properties"]:
                    answer = caller.ask(method, self.concrete(path), {name: "x"})
                    self.assertIn(answer.code, (422, 429), (method, path, name, answer))

    def test_bad_requests(self):
        team = self.create()
        path = f"{team}/messages"
        for raw, code, title in (("{", 400, "malformed"), ("[]", 400, "malformed"), ("", 400, "malformed"),
                                 ('{"body":"a","body":"b"}', 400, "malformed"),
                                 ("[" * 10000, 400, "malformed"), ('{"a":' * 20 + "1" + "}" * 20, 400, "malformed"),
                                 ('{"body":"' + "x" * 300000 + '"}', 413, "body_too_large"),
                                 ('{"body":"' + "x" * 70000 + '"}', 413, "body_too_large"),
                                 ('{"bodi":"a"}', 422, "field_invalid"),
                                 ('{"body":"a","sender":7}', 422, "field_invalid"),
                                 ('{"body":"a","sender":"a b"}', 422, "field_invalid"),
                                 ('{"body":"a","content_type":"poem"}', 422, "field_invalid"),
                                 ('{"body":"a","message_id":"1"}', 422, "field_invalid"),
                                 ('{"body_base64":"%%"}', 422, "field_invalid"),
                                 ('{"body":"a","quote":{"seq":-1}}', 422, "field_invalid")):
            with self.subTest(raw=raw[:60]):
                self.refused(self.backend.ask("POST", path, raw=raw), "send_message", code, title)
        problem = self.backend.ask("POST", path, raw='{"body":"a","quote":{"seq":"x"}}').json
        self.assertEqual(problem["pointer"], "/quote/seq")
        self.refused(self.backend.get(path, limit="many"), "read_messages", 422, "field_invalid")
        self.refused(self.backend.get(path, nothing="1"), "read_messages", 422, "field_invalid")
        self.refused(self.backend.get(path, limit="201"), "read_messages", 422, "field_invalid")
        self.assertEqual(self.backend.get("/v1/nothing").code, 404)
        answer = self.backend.ask("DELETE", path)
        self.assertEqual((answer.code, answer.headers["Allow"]), (405, "GET, POST"))
        answer = self.backend.ask("GET", path, headers={"X-Request-Id": "mine-1"})
        self.assertEqual(answer.headers["X-Request-Id"], "mine-1")
        answer = self.backend.ask("GET", path, headers={"X-Request-Id": 'a"b'})
        self.assertNotIn('"', answer.headers["X-Request-Id"])
        self.assertEqual(self.made(self.backend.get(path), "read_messages")["head"], 1)

    def fetch_log(self, to, key):
        """The audit log as any client of tlog-tiles fetches it: the checkpoint, and each tile that it implies."""
        def fetch(name, operation, file=None):
            answer = self.backend.get(f"/v1/audit/{name}")
            self.assertEqual(answer.code, 200, answer)
            self.checker.check(self.by_id[operation], answer)
            file = file or to / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(answer.text.encode(errors="surrogateescape"))
            return answer.text
        size = int(fetch("checkpoint", "audit_checkpoint").splitlines()[1])
        fetch("key", "audit_key", key)
        for kind, count in (("entries", size), ("0", size), ("1", size // 256)):
            for index in range((count + 255) // 256):
                width = min(count - 256 * index, 256)
                self.assertLess(index, 1000)
                fetch(f"tile/{kind}/{index:03}" + ("" if width == 256 else f".p/{width}"), "audit_tile")
        return size

    def test_a_copy_of_the_audit_log(self):
        """What is fetched verifies without the server; nothing else in the data directory can be fetched."""
        team = self.create()
        for _ in range(3):
            self.made(self.backend.post(f"{team}/messages", {"sender": "alice", "body": "x"}), "send_message")
        self.made(self.backend.post(f"{team}/recalls", {"as": "alice", "targets": [{"seq": 2}, {"seq": 3}]}), "recall")
        with harness.tempfile.TemporaryDirectory() as directory:
            copy = harness.pathlib.Path(directory) / "log"
            key = copy.parent / "key"

            def fetched():
                shutil.rmtree(copy, ignore_errors=True)
                return self.fetch_log(copy, key) >= 3
            harness.wait_until(fetched)
            verified = harness.run("audit", "verify", copy, "--key", key)
            self.assertEqual(verified.code, 0, verified)
            tile = next((copy / "tile/entries").rglob("*.p/*"), None) or next((copy / "tile/entries").glob("*"))
            tile.write_bytes(tile.read_bytes()[:-1] + b"?")
            self.assertNotEqual(harness.run("audit", "verify", copy, "--key", key).code, 0)
        for name in ("state", "tile", "tile/", "tile/0", "tile/0/999", "tile/../state", "../audit.key", "tile/0/../../state",
                     "%2e%2e/audit.key", "tile/%2e%2e/%2e%2e/audit.key", "tile//0", "audit.key", "", "tile/0/" + "x000/" * 40,
                     "checkpoint/", "checkpoint%00"):
            with self.subTest(name=name):
                answer = self.backend.get(f"/v1/audit/{name}")
                if name != "checkpoint%00":
                    self.assertEqual((answer.code, answer.json["title"]), (404, "no_such_path"), answer)
        answer = self.backend.ask("POST", "/v1/audit/checkpoint", {})
        self.assertEqual((answer.code, answer.headers["Allow"]), (405, "GET"))

    def test_a_damaged_file_of_keys(self):
        """The keys that were in force stay, the log says so once, and a file that is whole again counts."""
        file = self.server.data / "api-keys.json"
        self.assertEqual(self.backend.get("/v1/policy").code, 200)
        whole = file.read_bytes()
        damaged = file.with_suffix(".damaged")
        damaged.write_bytes(whole[:-9])
        damaged.chmod(0o600)
        damaged.replace(file)
        log = self.server.directory / "server.log"
        for _ in range(3):
            self.assertEqual(self.backend.get("/v1/policy").code, 200)
        self.assertEqual(log.read_text().count("keys_refused"), 1)
        damaged.write_bytes(whole)
        damaged.chmod(0o600)
        damaged.replace(file)
        self.assertEqual(self.backend.get("/v1/policy").code, 200)
        self.assertEqual(log.read_text().count("keys_loaded"), 1)

    def test_rate(self):
        """A key that asks too much is told when to come back; another key is not slowed down."""
        greedy = make_key(self.server, "greedy", "policy.read")
        codes = set()
        connection = http.client.HTTPConnection(self.server.http, timeout=harness.COMMAND_SECONDS)
        for _ in range(20000):
            connection.request("GET", "/v1/policy/versions/00", headers={"Authorization": f"Bearer {greedy}"})
            answer = connection.getresponse()
            answer.read()
            codes.add(answer.status)
            if answer.status == 429:
                self.assertEqual(answer.headers["Retry-After"], "1")
                self.assertEqual(answer.headers["RateLimit-Remaining"], "0")
                break
        connection.close()
        self.assertIn(429, codes)
        self.assertEqual(self.backend.get("/v1/policy").code, 200)

    def test_many_at_once(self):
        """Requests side by side are each answered, and their messages stand in the log once."""
        team = self.create()
        answers = []

        def send(number):
            answers.append(self.backend.post(f"{team}/messages", {"body": f"text {number}"}, key=f"n{number}"))
        threads = [threading.Thread(target=send, args=(number % 40,)) for number in range(80)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(harness.COMMAND_SECONDS)
        self.assertEqual([answer.code for answer in answers], [200] * 80)
        self.assertEqual(len({answer.json["seq"] for answer in answers}), 40)
        self.assertEqual(self.made(self.backend.get(f"{team}/messages"), "read_messages")["head"], 41)

    def test_whoever_leaves_early(self):
        """A caller that is gone before its answer leaves nothing behind that hinders others."""
        team = self.create()
        host, port = self.server.http.rsplit(":", 1)
        for _ in range(50):
            with socket.create_connection((host, int(port)), harness.COMMAND_SECONDS) as gone:
                body = b'{"body":"gone"}'
                gone.sendall(f"POST {team}/messages HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self.key}\r\n"
                             f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
        self.made(self.backend.post(f"{team}/messages", {"body": "here"}), "send_message")

    def test_shutting_down(self):
        """A server that stops answers what it was asked, and then nothing; it does not hang."""
        with harness.tempfile.TemporaryDirectory() as directory:
            server = harness.Server(directory)
            backend = Backend(server, make_key(server, "all", *SCOPES))
            team = backend.post("/v1/conversations", {"owner": "alice", "name": "t", "members": [{"user": "bob"}]})
            team = "/v1/conversations/" + team.json["conversation"]
            server.device("bob", "phone").history(team.rsplit("/", 1)[1])
            backend.post(f"{team}/messages", {"body": "x"})
            answers = []
            waiting = threading.Thread(target=lambda: answers.append(backend.post(
                f"{team}/recalls", {"targets": [{"seq": 2}], "as": "alice", "wait": "all", "wait_ms": 60000})))
            waiting.start()
            harness.wait_until(lambda: backend.get(f"{team}/messages").json["head"] == 3)
            self.assertEqual(server.kill(harness.signal.SIGTERM), 0)
            waiting.join(harness.COMMAND_SECONDS)
            self.assertEqual([(answer.code, answer.json["title"]) for answer in answers], [(503, "shutting_down")])
            server.close()

    def test_at_random_from_the_document(self):
        """Whatever is asked gets an answer that the document knows, and the server goes on."""
        prng = random.Random(SEED)
        team = self.create().rsplit("/", 1)[1]
        likely = {"conversation": [team], "as": ["alice", "bob"], "owner": ["alice"], "sender": ["alice", "bob"],
                  "user": ["alice", "bob", "zoe"], "seq": [1, 2, 3], "recall_seq": [2, 3], "limit": [0, 1, 200],
                  "target_seq": [2, 3], "wait_ms": [0, 1], "wait": ["committed"]}
        generator = Generator(self.document, prng, likely)
        caller = Backend(self.server, make_key(self.server, "random", *SCOPES))
        every = list(operations(self.document))
        for run in range(RUNS):
            method, path, operation = prng.choice(every)
            parts, query, body = {}, {}, None
            for one in operation["parameters"]:
                one = resolve(self.document, one)
                value = str(generator.value(one["schema"], one["name"]))
                if one["in"] == "path":
                    parts[one["name"]] = urllib.parse.quote(value or "x", safe="")
                elif one["in"] == "query" and prng.random() < 0.4:
                    query[one["name"]] = value
            if "requestBody" in operation:
                body = generator.value(operation["requestBody"]["content"]["application/json"]["schema"])
            target = re.sub(r"\{(\w+)\}", lambda found: parts[found[1]], path)
            target += "?" + urllib.parse.urlencode(query) if query else ""
            answer = caller.ask(method, target, body)
            with self.subTest(run=run, method=method, target=target, body=body):
                if answer.code not in (404, 405) or answer.json["title"] not in ("no_such_path",
                                                                                 "method_not_allowed"):
                    self.checker.check(operation, answer)
        self.assertEqual(self.backend.get("/v1/policy").code, 200)


class Keys(unittest.TestCase):
    def test_life_of_a_key(self):
        with harness.tempfile.TemporaryDirectory() as directory:
            key = harness.run("key", "create", "shop", "--data", directory, "--scope", "policy.read", "--ttl", "1h")
            self.assertEqual(key.code, 0, key)
            file = os.path.join(directory, "api-keys.json")
            self.assertEqual(os.stat(file).st_mode & 0o777, 0o600)
            with open(file, encoding="utf-8") as text:
                self.assertNotIn(key.out.strip()[15:], text.read())
            listed = harness.run("key", "list", "--data", directory, "--json").objects[0]["keys"]
            self.assertEqual([(one["name"], one["scopes"]) for one in listed], [("shop", ["policy.read"])])
            for arguments, code in ((("create", "shop", "--scope", "policy.read"), 1), (("revoke", "none"), 1),
                                    (("create", "a b", "--scope", "policy.read"), 2), (("create", "b"), 2),
                                    (("create", "b", "--scope", "everything"), 2), (("make",), 2), ((), 2)):
                self.assertEqual(harness.run("key", *arguments, "--data", directory).code, code, arguments)
            self.assertEqual(harness.run("key", "revoke", "shop", "--data", directory).code, 0)
            self.assertEqual(harness.run("key", "list", "--data", directory, "--json").objects[0]["keys"], [])

    def test_many_keys_at_once(self):
        """Keys that are made at the same time are all there."""
        with harness.tempfile.TemporaryDirectory() as directory:
            made = [threading.Thread(target=harness.run, args=(
                "key", "create", f"key-{number}", "--data", directory, "--scope", "policy.read")) for number in range(24)]
            for one in made:
                one.start()
            for one in made:
                one.join(harness.COMMAND_SECONDS)
            listed = harness.run("key", "list", "--data", directory, "--json").objects[0]["keys"]
            self.assertEqual(len({one["name"] for one in listed}), 24)

    def test_the_first_key_is_told_once(self):
        with harness.tempfile.TemporaryDirectory() as directory:
            told = []
            for _ in range(2):
                process = harness.subprocess.Popen(
                    [str(harness.UNSAY), "serve", "--data", directory, "--listen", "127.0.0.1:0", "--http",
                     "127.0.0.1:0"], stdout=harness.subprocess.PIPE, text=True, env=harness.environment())
                lines = []
                while not lines or "Ctrl-C" not in lines[-1]:
                    lines.append(process.stdout.readline())
                process.send_signal(harness.signal.SIGTERM)
                rest = process.stdout.read()
                process.stdout.close()
                self.assertEqual(process.wait(harness.COMMAND_SECONDS), 0)
                told.append(re.findall(r"unsay_[a-z0-9]{8}_[A-Za-z0-9_-]{43}", "".join(lines) + rest))
            self.assertEqual([len(keys) for keys in told], [1, 0])


if __name__ == "__main__":
    harness.main()
