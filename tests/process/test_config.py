"""`unsay config check`: everything that is wrong is told at once, each with its place; and `unsay serve`
says the same and does not start."""

import base64
import pathlib
import subprocess
import tempfile
import unittest

import harness

AUTHORITY = """[ca]
default_ca = default
[default]
database = {directory}/index.txt
serial = {directory}/serial
new_certs_dir = {directory}
default_md = sha256
policy = anything
[anything]
commonName = supplied
"""


class Config(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)
        self.config = self.directory / "unsay.yaml"

    def check(self, text, code=1, **variables):
        self.config.write_text(text)
        result = harness.run("config", "check", "--json", "--config", self.config, **variables)
        self.assertEqual(result.code, code, result)
        return [found for found in result.objects if found["level"] != "ok"]

    def one(self, text, code=1):
        found = self.check(text, code)
        self.assertEqual(len(found), 1, found)
        return found[0]

    def test_ports(self):
        for setting in ("listen", "http"):
            for port in ("notaport", "99999", "65536", "-1", ""):
                found = self.one(f"# first\n{setting}: \"127.0.0.1:{port}\"\n")
                self.assertEqual((found["setting"], found["file"], found["line"], found["column"]),
                                 (setting, str(self.config), 2, len(setting) + 3))
                self.assertIn("from 0 to 65535", found["text"])
        self.assertEqual(self.check("listen: 127.0.0.1:65535\nhttp: \"\"\n", code=0), [])

    def test_all_are_told(self):
        """An unknown name, a name that is there twice, a wrong type, files, and two variables."""
        missing = self.directory / "absent"
        found = self.check(
            f"wrokers: 3\nworkers: 2\nworkers: 3\nregion: [eu]\npolicy: {missing}\n"
            f"token_secrets:\n  - file: {missing}\nstore_cache_mib: 0\n",
            UNSAY_SERVE_HEARTBEAT_MAX_MS="soon", UNSAY_SERVE_NOTHING="1")
        self.assertEqual(
            {(each["source"], each["setting"], each["line"]) for each in found},
            {("file", "wrokers", 1), ("file", "workers", 3), ("file", "region", 4),
             ("file", "policy", 5), ("file", "token_secrets", 6), ("file", "store_cache_mib", 8),
             ("environment", "heartbeat_max_ms", None),
             ("environment", "UNSAY_SERVE_NOTHING", None)})
        for each in found:
            self.assertEqual(each["level"], "problem")
            self.assertEqual(each["file"],
                             str(self.config) if each["source"] == "file" else None)
            self.assertTrue(each["text"].isprintable())

    def test_serve_says_the_same(self):
        self.config.write_text("wrokers: 3\nlisten: 127.0.0.1:99999\nhttp: 127.0.0.1:x\n")
        result = harness.run("serve", "--config", self.config, "--data", self.directory / "data",
                             UNSAY_SERVE_WORKERS="many")
        self.assertEqual(result.code, 1, result)
        lines = result.err.splitlines()
        self.assertEqual(len(lines), 4, result)
        for words in (", line 1, column 1: wrokers: ", ", line 2, column 9: listen: ",
                      ", line 3, column 7: http: ", "UNSAY_SERVE_WORKERS: 0 to 64"):
            self.assertIn(words, result.err)
        self.assertFalse((self.directory / "data").exists())

    def test_files_that_cannot_be_read(self):
        for path in (self.directory / "absent.yaml", self.directory):
            result = harness.run("config", "check", "--json", "--config", path)
            self.assertEqual(result.code, 1)
            self.assertEqual([found["file"] for found in result.objects], [str(path)])

    def test_half_of_the_webhooks(self):
        """What is given is looked at, also where the other is missing."""
        secret = self.directory / "secret"
        secret.write_text("not a secret")
        secret.chmod(0o600)
        found = self.check(f"webhook_secret_file: {secret}\n")
        self.assertEqual([each["setting"] for each in found], ["webhook_secret_file"] * 2)
        self.assertIn("webhook_url is needed with it", found[0]["text"])
        self.assertIn("whsec_", found[1]["text"])
        found = self.check("webhook_url: ftp://x\nwebhook_events: [push.send, nothing]\n")
        self.assertEqual([each["setting"] for each in found],
                         ["webhook_url", "webhook_url", "webhook_events"])
        self.assertIn("https://", found[1]["text"])
        self.assertEqual(found[1]["text"].count("webhook_url"), 1)
        secret.write_text("whsec_" + base64.b64encode(bytes(32)).decode())
        self.assertEqual(self.check(f"webhook_url: https://x.example/\n"
                                    f"webhook_secret_file: {secret}\n", code=0), [])

    def openssl(self, *arguments):
        subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)

    def key(self, name, curve="P-256"):
        path = self.directory / name
        self.openssl("genpkey", "-algorithm", "EC", "-pkeyopt", f"ec_paramgen_curve:{curve}",
                     "-out", path)
        path.chmod(0o600)
        return path

    def certificate(self, key, days):
        path = self.directory / f"{days}.pem"
        self.openssl("req", "-x509", "-key", key, "-days", days, "-subj", "/CN=localhost",
                     "-out", path)
        return path

    def dated(self, key, begin, end):
        """A certificate for a time of the past or the future."""
        (self.directory / "ca.cnf").write_text(AUTHORITY.format(directory=self.directory))
        (self.directory / "index.txt").write_text("")
        (self.directory / "serial").write_text("01\n")
        request, path = self.directory / "request.pem", self.directory / "dated.pem"
        self.openssl("req", "-new", "-key", key, "-subj", "/CN=localhost", "-out", request)
        self.openssl("ca", "-selfsign", "-batch", "-notext", "-config", self.directory / "ca.cnf",
                     "-keyfile", key, "-in", request, "-startdate", begin, "-enddate", end,
                     "-out", path)
        return path

    def test_certificates(self):
        key = self.key("key.pem")
        tls = "tls_certificate: {}\ntls_key: {}\n"
        self.assertEqual(self.check(tls.format(self.certificate(key, 30), key), code=0), [])

        found = self.one(tls.format(self.certificate(key, 13), key), code=0)
        self.assertEqual((found["level"], found["setting"], found["line"]),
                         ("warning", "tls_certificate", 1))
        self.assertIn("expires on", found["text"])

        expired = self.dated(key, "20200101000000Z", "20200201000000Z")
        found = self.one(tls.format(expired, key))
        self.assertEqual((found["level"], found["setting"]), ("problem", "tls_certificate"))
        self.assertIn("has expired on 2020-02-01 00:00 UTC", found["text"])

        early = self.dated(key, "20490101000000Z", "20490201000000Z")
        self.assertIn("is not valid before 2049-01-01",
                      self.one(tls.format(early, key))["text"])

    def test_key_of_another_certificate(self):
        key = self.key("key.pem")
        certificate = self.certificate(key, 30)
        rsa = self.directory / "rsa.pem"
        self.openssl("genrsa", "-out", rsa, "2048")
        rsa.chmod(0o600)
        for other in (self.key("other.pem"), self.key("curve.pem", "P-384"), rsa):
            found = self.one(f"tls_certificate: {certificate}\ntls_key: {other}\n")
            self.assertIn("does not belong to the certificate", found["text"])
            self.assertEqual((found["level"], found["line"]), ("problem", 1))

    def test_chain(self):
        """One certificate of the chain that has expired is enough."""
        key = self.key("key.pem")
        chain = self.directory / "chain.pem"
        expired = self.dated(key, "20200101000000Z", "20200201000000Z")
        chain.write_text(self.certificate(key, 30).read_text() + expired.read_text())
        self.assertIn("has expired on 2020-02-01",
                      self.one(f"tls_certificate: {chain}\ntls_key: {key}\n")["text"])

    def test_text_form(self):
        self.config.write_text("workers: many\n")
        result = harness.run("config", "check", "--config", self.config)
        self.assertEqual(result.code, 1)
        self.assertIn(f"{self.config}, line 1, column 10: workers: 0 to 64", result.out)
        self.assertNotIn("is valid", result.out)
        result = harness.run("config", "show", "--config", self.config)
        self.assertEqual(result.code, 1)


if __name__ == "__main__":
    harness.main()
