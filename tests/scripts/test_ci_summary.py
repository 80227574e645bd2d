# SPDX-License-Identifier: MIT
"""The last line of .ci/run: every skipped test is counted and named, and none counts as passed."""
import json
import os
import subprocess
import sys
import tempfile
import unittest

SUMMARY = os.path.join(sys.argv[1], ".ci", "summary.py")


def test(name, result, stdout="", stderr=""):
    return {"name": name, "result": result, "stdout": stdout, "stderr": stderr}


class Summary(unittest.TestCase):
    def lines(self, *tests, broken=0):
        with tempfile.TemporaryDirectory() as directory:
            logs = [os.path.join(directory, name) for name in ("one", "two", "missing")]
            for log, entries in zip(logs, (tests[:1], tests[1:])):
                with open(log, "w", encoding="utf-8") as f:
                    f.writelines(json.dumps(e) + "\n" for e in entries)
            done = subprocess.run([sys.executable, SUMMARY, str(broken), *logs], capture_output=True, text=True, check=True)
        return done.stdout.splitlines()

    def test_counts(self):
        self.assertEqual(self.lines(test("a", "OK"), test("b", "FAIL"), test("c", "TIMEOUT"), test("d", "EXPECTEDFAIL")),
                         ["2 passed, 2 failed, 0 skipped"])

    def test_skips_are_named(self):
        self.assertEqual(self.lines(test("a", "OK", "fine"), test("b", "SKIP", "skipped: no root\nmore")),
                         ["skipped: b: no root", "1 passed, 0 failed, 1 skipped"])
        self.assertEqual(self.lines(test("a", "SKIP"))[0], "skipped: a: no reason given")

    def test_a_part_left_out_is_no_pass(self):
        for output in ("[ RUN      ] x\n[  SKIPPED ] x", "not tried: y", "ok\nskipped: z"):
            self.assertEqual(self.lines(test("a", "OK", output))[-1], "0 passed, 1 failed, 0 skipped")
        self.assertEqual(self.lines(test("a", "OK", "", "Ran 3 tests\n\nOK (skipped=1)"))[-1],
                         "0 passed, 1 failed, 0 skipped")

    def test_a_broken_step_fails(self):
        self.assertEqual(self.lines(test("a", "OK"), broken=1), ["1 passed, 1 failed, 0 skipped"])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
