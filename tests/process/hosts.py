"""Hosts of the tests' own, in network namespaces: a server's and several homes, with a router between
them that loses packets, cuts links, and can give a home another address.

    server 10.77.0.2 --- router --- home N: 10.77.N.2, another time 10.77.N.3

Nothing of it touches the machine's own network. Whoever may not make namespaces skips."""

import os
import subprocess
import unittest

NET = "10.77"
LOSSES = """
table inet bad {{
    set cut {{ type ifname; }}
    chain forward {{
        type filter hook forward priority 0;
        iifname @cut drop
        oifname @cut drop
        numgen random mod 100 < {percent} drop
    }}
}}
"""


def command(*words, stdin=None):
    return subprocess.run(words, input=stdin, capture_output=True, text=True, check=True).stdout


class Hosts:
    def __init__(self, homes):
        self.name = f"unsay-{os.getpid()}"
        self.made = []
        self.addresses = {home: 2 for home in range(1, homes + 1)}
        try:
            self.make("router")
            self.set("router", "ip_forward")
            for number, host in enumerate(["server", *(self.home(n) for n in self.addresses)]):
                self.connect(host, number)
        except (OSError, subprocess.CalledProcessError) as why:
            self.close()
            raise unittest.SkipTest(f"network namespaces are not to be had here: {why}") from why

    def close(self):
        for space in self.made:
            subprocess.run(["ip", "netns", "del", space], check=False, capture_output=True)

    @staticmethod
    def home(number):
        return f"home{number}"

    @staticmethod
    def server():
        return f"{NET}.0.2"

    def space(self, host):
        return f"{self.name}-{host}"

    def within(self, host):
        """What starts a command on that host."""
        return "ip", "netns", "exec", self.space(host)

    def run(self, host, *words, stdin=None):
        return command(*self.within(host), *words, stdin=stdin)

    def set(self, host, switch):
        self.run(host, "tee", f"/proc/sys/net/ipv4/{switch}", stdin="1\n")

    def make(self, host):
        command("ip", "netns", "add", self.space(host))
        self.made.append(self.space(host))
        self.run(host, "ip", "link", "set", "lo", "up")
        self.set(host, "conf/all/promote_secondaries")

    def connect(self, host, number):
        self.make(host)
        command("ip", "-n", self.space(host), "link", "add", "net0", "type", "veth", "peer", "name",
                host, "netns", self.space("router"))
        self.run("router", "ip", "address", "add", f"{NET}.{number}.1/24", "dev", host)
        self.run("router", "ip", "link", "set", host, "up")
        self.run(host, "ip", "address", "add", f"{NET}.{number}.2/24", "dev", "net0")
        self.run(host, "ip", "link", "set", "net0", "up")
        self.run(host, "ip", "route", "add", "default", "via", f"{NET}.{number}.1")

    def lose(self, percent):
        """That many of a hundred packets, each way."""
        self.run("router", "nft", "flush", "ruleset")
        self.run("router", "nft", "-f", "-", stdin=LOSSES.format(percent=percent))

    def heal(self):
        self.run("router", "nft", "flush", "ruleset")

    def cut(self, number):
        """The home's link carries nothing, and nobody is told."""
        self.run("router", "nft", "add", "element", "inet", "bad", "cut", "{ %s }" % self.home(number))

    def join(self, number):
        self.run("router", "nft", "delete", "element", "inet", "bad", "cut",
                 "{ %s }" % self.home(number))

    def move(self, number):
        """The home gets another address; what was connected from the old one is dead."""
        host = self.home(number)
        old = self.addresses[number]
        new = self.addresses[number] = 5 - old
        self.run(host, "ip", "address", "add", f"{NET}.{number}.{new}/24", "dev", "net0")
        self.run(host, "ip", "address", "del", f"{NET}.{number}.{old}/24", "dev", "net0")
        self.run(host, "ip", "route", "replace", "default", "via", f"{NET}.{number}.1")
