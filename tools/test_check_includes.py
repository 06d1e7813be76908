#!/usr/bin/env python3
"""test_check_includes.py CHECK-INCLUDES: each include below, alone in a tree of its own, passes or is
found with its file and line."""

import os
import subprocess
import sys
import tempfile

HEADERS = ["base/view.h", "core/frame.h", "storage/store.h", "storage/keys.h", "routing/worker.h",
           "access/transport.h", "access/identity.h", "access/inner.h", "server/server.h",
           "server/config.h", "server/inner.h", "client/link.h", "cli/main.h", "unsay/unsay.h"]

FINE = [
    ("base", "base/view.h"), ("core", "base/view.h"), ("core", "unsay/v1/frame.pb-c.h"),
    ("storage", "core/frame.h"), ("routing", "storage/store.h"), ("server", "routing/worker.h"),
    ("client", "access/transport.h"), ("client", "unsay/unsay.h"), ("cli", "server/server.h"),
]
WRONG = [
    ("base", "core/frame.h"), ("core", "storage/store.h"), ("storage", "access/transport.h"),
    ("access", "storage/store.h"), ("access", "routing/worker.h"), ("routing", "storage/keys.h"),
    ("routing", "access/transport.h"), ("server", "client/link.h"), ("server", "cli/main.h"),
    ("client", "server/server.h"), ("client", "access/inner.h"), ("client", "routing/worker.h"),
    ("cli", "server/inner.h"), ("cli", "client/link.h"), ("cli", "routing/worker.h"),
    ("base", "view.h"), ("core", "base/missing.h"), ("storage", "unsay/unsay.h"),
]


def run_check(check, layer, include):
    with tempfile.TemporaryDirectory() as root:
        for header in HEADERS:
            top = "include" if header.startswith("unsay/") else "src"
            os.makedirs(os.path.dirname(f"{root}/{top}/{header}"), exist_ok=True)
            open(f"{root}/{top}/{header}", "w").close()
        os.makedirs(f"{root}/src/{layer}", exist_ok=True)
        with open(f"{root}/src/{layer}/it.c", "w") as source:
            source.write(f"#include <stdio.h>\n\n#include {include}\n")
        return subprocess.run([sys.executable, check, root], capture_output=True, text=True)


def main():
    failures = []
    for layer, header in FINE:
        result = run_check(sys.argv[1], layer, f'"{header}"')
        if result.returncode != 0:
            failures.append(f"{layer} may include {header}: {result.stdout}")
    for layer, header in WRONG:
        for include in [f'"{header}"'] + ([f"<{header}>"] if "/" in header else []):
            result = run_check(sys.argv[1], layer, include)
            if result.returncode != 1 or f"src/{layer}/it.c:3: " not in result.stdout:
                failures.append(f"{layer} may not include {include}: {result}")
    for failure in failures:
        print(failure)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
