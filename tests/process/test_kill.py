"""The server is killed with -9 again and again while ten thousand lines are sent: each arrives once,
in order, at a device that watches and at one that signs in afterwards."""

import json
import pathlib
import random
import subprocess
import threading

from harness import ServerCase, bodies, main, wait_until

FORTUNES = pathlib.Path("/usr/share/games/fortunes")
LINES = 10_000
PIECE = 500
SECONDS = 240
SEED = 7


def fortune_lines():
    """Lines in English and Chinese; numbers where Debian's fortunes are not installed."""
    lines = []
    for name in ("chinese", "tang300", "song100", "literature", "science", "computers", "wisdom",
                 "songs-poems", "linux", "politics", "people"):
        path = FORTUNES / name
        for line in path.read_bytes().split(b"\n") if path.exists() else []:
            try:
                lines.append(line.decode())
            except UnicodeDecodeError:
                continue
    lines = [line for line in lines if line not in ("", "%")]
    random.Random(SEED).shuffle(lines)
    return (lines + [f"第 {number} 行" for number in range(LINES)])[:LINES]


def collect(stream, into):
    for line in stream:
        into.append(json.loads(line))


class KillTest(ServerCase):
    def start(self, device, command, *arguments):
        """A command and the objects that it prints."""
        process = device.popen(command, "--json", *arguments, stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, text=True)
        printed = []
        thread = threading.Thread(target=collect, args=(process.stdout, printed))
        thread.start()
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stdin.close)
        self.addCleanup(thread.join)
        self.addCleanup(lambda: process.poll() is None and process.kill())
        return process, printed

    def test_every_line_arrives_once_and_in_order(self):
        lines = fortune_lines()
        dice = random.Random(SEED)
        alice = self.server.device("alice", "laptop")
        phone = self.server.device("bob", "phone")
        conversation = alice.open_with("bob")
        watch, watched = self.start(phone, "watch", "--count", LINES + 1)
        send, accepted = self.start(alice, "send", conversation, "-")

        # The lines come in pieces, and the server dies once in each, after a part of it was accepted.
        for start in range(0, LINES, PIECE):
            send.stdin.write("".join(line + "\n" for line in lines[start:start + PIECE]))
            send.stdin.flush()
            goal = start + dice.randrange(PIECE)
            wait_until(lambda: len(accepted) >= goal or send.poll() is not None, SECONDS)
            self.server.kill()
            self.server.start()
        send.stdin.close()
        self.assertEqual(send.wait(SECONDS), 0)
        self.assertEqual(watch.wait(SECONDS), 0)
        wait_until(lambda: len(watched) == LINES + 1 and len(accepted) == LINES)

        self.assertEqual(bodies(accepted), lines)
        self.assertEqual([event["seq"] for event in accepted], list(range(2, LINES + 2)))
        self.assertEqual(watched[1:], accepted)
        tablet = self.server.device("bob", "tablet")
        self.assertEqual(tablet.watch("--until-online"), watched)
        self.assertEqual(tablet.history(conversation, "--after", "1"), accepted)


if __name__ == "__main__":
    main()
