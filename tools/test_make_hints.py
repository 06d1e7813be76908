#!/usr/bin/env python3
"""test_make_hints.py MAKE-HINTS FOLDER: the languages of FOLDER with one thing broken are refused,
with the file and line of it; what a translator's editor does to a file is not."""

import os
import shutil
import subprocess
import sys
import tempfile

# In which language the line of which key is replaced by what, how many lines further the complaint
# is, and what it says.
BROKEN = [
    ("en", "member", "", -1, "member is missing"),
    ("ja", "own.video.other", "", -1, "own.video.other is missing"),
    ("ru", "own.file.few", "", -1, "own.file.few is missing"),
    ("ru", "removed.voice.one", "", -1, "removed.voice.one is missing"),
    ("ar", "own.video.two", "", -1, "own.video.two is missing"),
    ("ar", "removed.file.other", "", -1, "removed.file.other is missing"),
    ("de", "own.file.1", "own.file.one = x", 0, "there is no key own.file.one"),
    ("de", "own.file.1", "own.file.1 = x\nown.file.1 = x", 1, "own.file.1 stands in line "),
    ("en", "own.file.1", "own.file.1 a file", 0, "neither"),
    ("en", "own.file.1", "own.file.1 =", 0, "has no text"),
    ("en", "own.file.1", "own.file.1 = {count} file", 0, "has no {count} to fill in"),
    ("en", "own.file.other", "own.file.other = files", 0, "lacks {count}"),
    ("en", "theirs.file.1", "theirs.file.1 = a file", 0, "lacks {author}"),
    ("en", "you", "you = You {wht}", 0, "has no {wht} to fill in"),
    ("en", "you", "you = You {wht}", 0, "lacks {what}"),
    ("en", "you", "you = {operator} {what}", 0, "has no {operator} to fill in"),
    ("en", "you", "you = You {what} {what}", 0, "has {what} twice"),
    ("en", "you", "you = You {what} }", 0, "has a brace that belongs to no placeholder"),
    ("en", "you", "you = You { what }", 0, "has a brace that belongs to no placeholder"),
    ("en", "you", "you = You {what}" + 160 * "x", 0, "is longer than 160 characters"),
    ("ar", "you", "you = \u202eYou {what}", 0, "has the character U+202E"),
    ("en", "you", "you = You\t{what}", 0, "has the character U+0009"),
    ("fr", "own.video.1", "own.video.1 = vid\udce9o", 0, "is not UTF-8"),
]
FINE = [
    ("own.file.1", "  own.file.1=a file \t"),
    ("own.file.1", "# a note\n\nown.file.1 = a = b"),
    ("own.file.1", 'own.file.1 = a "file" \\ ??/ %s'),
]


def read_lines(path):
    with open(path, "rb") as file:
        return file.read().split(b"\n")


def write_lines(path, lines, end=b"\n"):
    with open(path, "wb") as file:
        file.write(end.join(lines))


def replace_key(path, key, new):
    """The number of the line that was replaced."""
    lines = read_lines(path)
    [index] = [i for i, line in enumerate(lines) if line.startswith(f"{key} =".encode())]
    lines[index] = new.encode(errors="surrogateescape")
    write_lines(path, lines)
    return index + 1


def run_changed(make, folder, change, output="--check"):
    """What make-hints says of a copy of the folder that was changed, and what `change` returned."""
    with tempfile.TemporaryDirectory() as root:
        copy = shutil.copytree(folder, os.path.join(root, "hints"))
        changed = change(copy)
        return subprocess.run([sys.executable, make, copy, output], capture_output=True,
                              encoding="utf-8", env=os.environ | {"LC_ALL": "C"}), changed


def find_taken(make, folder):
    """Broken files that were not refused, or not with the right words."""
    for language, key, new, offset, what in BROKEN:
        result, line = run_changed(make, folder,
                                   lambda copy: replace_key(f"{copy}/{language}.txt", key, new))
        place = f"/{language}.txt:{line + offset}: "
        if result.returncode != 1 or not any(place in said and what in said
                                             for said in result.stdout.splitlines()):
            yield f"{new!r} should be refused with {place}... {what}: {result}"
    for name, what, change in [
            ("no Thai", "/th.txt:1: the file is missing",
             lambda copy: os.remove(f"{copy}/th.txt")),
            ("Klingon", "/tlh.txt:1: tools/make-hints knows no such language",
             lambda copy: shutil.copy(f"{copy}/en.txt", f"{copy}/tlh.txt"))]:
        result, _ = run_changed(make, folder, change)
        if result.returncode != 1 or what not in result.stdout:
            yield f"{name} should be refused with {what}: {result}"


def find_refused(make, folder):
    """Good files that were refused."""
    changes = [lambda copy, key=key, new=new: replace_key(f"{copy}/en.txt", key, new)
               for key, new in FINE]
    changes.append(lambda copy: write_lines(
        f"{copy}/en.txt", [b"\xef\xbb\xbf"] + read_lines(f"{copy}/en.txt"), b"\r\n"))
    for number, change in enumerate(changes):
        result, _ = run_changed(make, folder, change, os.devnull)
        if (result.returncode, result.stdout, result.stderr) != (0, "", ""):
            yield f"change {number} should be taken: {result}"


def main():
    make, folder = sys.argv[1:]
    failures = list(find_taken(make, folder)) + list(find_refused(make, folder))
    for failure in failures:
        print(failure)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
