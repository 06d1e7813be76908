"""TCP, WebSocket, TLS and WebSocket over TLS on one port: two users with two devices each."""

import pathlib
import subprocess
import tempfile

from harness import ServerCase, bodies, main


class TransportTest(ServerCase):
    @classmethod
    def setUpClass(cls):
        with tempfile.TemporaryDirectory() as keys:
            certificate = pathlib.Path(keys) / "certificate.pem"
            key = pathlib.Path(keys) / "key.pem"
            subprocess.run(
                ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                 "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=unsay test",
                 "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate],
                check=True, capture_output=True)
            cls.settings = f"tls_certificate: {certificate}\ntls_key: {key}"
            super().setUpClass()
            cls.ca = cls.directory / "ca.pem"
            cls.ca.write_bytes(certificate.read_bytes())

    def device(self, user, name):
        device = self.server.device(user, name)
        device.ca = self.ca
        return device

    def check(self, scheme):
        self.server.scheme = scheme
        alices = [self.device(f"alice-{scheme}", name) for name in ("laptop", "phone")]
        bobs = [self.device(f"bob-{scheme}", name) for name in ("laptop", "phone")]
        everyone = alices + bobs
        conversation = alices[0].open_with(bobs[0].user)
        large = "長" * 21845
        first = alices[0].send(conversation, large)
        alices[1].send(conversation, "from the other device")
        bobs[0].send(conversation, "an answer")
        for device in everyone:
            self.assertEqual(bodies(device.watch("--count", "4")),
                             [large, "from the other device", "an answer"])
        alices[1].ok("recall", conversation, str(first["seq"]), "--reason", scheme)
        for device in everyone:
            [recall] = device.watch("--count", "1")
            self.assertEqual((recall["kind"], recall["target"]["message_id"]),
                             ("recall", first["message_id"]))
            self.assertEqual(bodies(device.history(conversation)),
                             [None, "from the other device", "an answer"])

    def test_tcp(self):
        self.check("tcp")

    def test_ws(self):
        self.check("ws")

    def test_tls(self):
        self.check("tls")

    def test_wss(self):
        self.check("wss")

    def test_live_across_transports(self):
        """Each device on a transport of its own sees the others' messages as they come."""
        devices = []
        for index, scheme in enumerate(("tcp", "ws", "tls", "wss")):
            self.server.scheme = scheme
            device = self.device(("carol", "dave")[index % 2], scheme)
            devices.append(device)
            if index == 0:
                conversation = device.open_with("dave")
            process = device.popen("watch", "--count", "3", "--json", "--idle", "60",
                                   stdout=subprocess.PIPE, text=True)
            self.addCleanup(process.kill)
            self.addCleanup(process.stdout.close)
            device.process = process
            self.assertIn("creation", process.stdout.readline())
        self.server.scheme = "wss"
        sender = self.device("carol", "sender")
        texts = [sender.send(conversation, text)["body"] for text in ("one", "two")]
        for device in devices:
            out, _ = device.process.communicate(timeout=60)
            self.assertEqual(out.count("\n"), 2)
            for text, line in zip(texts, out.splitlines()):
                self.assertIn(f'"body":"{text}"', line)

    def test_unknown_authority(self):
        for scheme in ("tls", "wss"):
            self.server.scheme = scheme
            device = self.server.device("eve", scheme)
            result = device.run("conversation", "open", "--with", "x", "--timeout", "2")
            self.assertEqual(result.code, 3, result)
            self.assertRegex(result.err, "(?i)certificate")


if __name__ == "__main__":
    main()
