"""What the compiler and the linker were asked to do against attackers is in the binaries."""

import os
import pathlib
import platform
import subprocess
import unittest

import harness

LIBRARY = pathlib.Path(os.environ.get("UNSAY_TEST_LIBRARY", ""))


def read(binary, *options):
    return subprocess.run(["readelf", "--wide", *options, str(binary)], check=True,
                          capture_output=True, text=True).stdout


class Hardening(unittest.TestCase):
    def for_both(self, check):
        for binary in (harness.UNSAY, LIBRARY):
            with self.subTest(binary.name):
                check(binary)

    def test_the_program_lies_at_another_address_each_time(self):
        self.assertRegex(read(harness.UNSAY, "--file-header"), r"Type:\s+DYN")
        self.assertRegex(read(harness.UNSAY, "--dynamic"), r"FLAGS_1.*\bPIE\b")

    def test_tables_of_functions_are_read_only_before_main(self):
        def check(binary):
            self.assertIn("GNU_RELRO", read(binary, "--program-headers"))
            self.assertRegex(read(binary, "--dynamic"), r"FLAGS_1.*\bNOW\b")
            self.assertNotIn("TEXTREL", read(binary, "--dynamic"))
        self.for_both(check)

    def test_nothing_can_be_written_and_run(self):
        def check(binary):
            headers = read(binary, "--program-headers")
            self.assertRegex(headers, r"GNU_STACK.* RW +0x")
            self.assertNotIn(" RWE ", headers)
        self.for_both(check)

    def test_the_stack_is_guarded(self):
        self.for_both(lambda binary: self.assertIn("__stack_chk_fail", read(binary, "--dyn-syms")))

    @unittest.skipUnless(os.environ.get("UNSAY_TEST_FORTIFIED") == "1", "built without optimisation")
    def test_copies_are_checked(self):
        self.for_both(lambda binary: self.assertRegex(read(binary, "--dyn-syms"), r"__\w+_chk@"))

    @unittest.skipUnless(platform.machine() == "x86_64", "the marks of other machines differ")
    def test_jumps_land_on_marks(self):
        code = subprocess.run(["objdump", "--disassemble=main", str(harness.UNSAY)], check=True,
                              capture_output=True, text=True).stdout
        self.assertIn("endbr64", code)


if __name__ == "__main__":
    harness.main()
