#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""scripts/bisect finds a planted slowdown in a generated repository, whose "bench" judges by the numbers in two files.

Arguments: SOURCE-ROOT"""
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

# bench ab A:x B:x ...: beside each build lies the file `speed` of its commit.
BENCH = """#!/bin/sh
a=$(cat "$(dirname "${2%:*}")/../speed"); b=$(cat "$(dirname "${3%:*}")/../speed")
echo "$a $b $*" >> "$JUDGED"
case $b in unsure) exit 4;; wrong) exit 1;; esac
[ "$b" -gt "$a" ] && exit 3; exit 0
"""
BUILD = "mkdir -p build && grep -qv broken speed && cp bench.sh build/bench"


class Bisect(unittest.TestCase):
    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.root, self.judged = place.name + "/repo", place.name + "/judged"
        self.script = shutil.copy(os.path.join(source_root, "scripts", "bisect"), place.name)
        os.mkdir(self.root)
        self.git("init", "-q")
        self.write("bench.sh", BENCH)
        os.chmod(self.root + "/bench.sh", 0o755)

    def write(self, name, text):
        with open(os.path.join(self.root, name), "w", encoding="utf-8") as f:
            f.write(text)

    def git(self, *argv, code=0):
        env = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
        env |= {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b",
                "GIT_CONFIG_GLOBAL": os.devnull, "JUDGED": self.judged}
        run = subprocess.run(["git", *argv], cwd=self.root, env=env, text=True, capture_output=True, check=False)
        self.assertTrue((run.returncode == 0) == (code == 0), f"git {argv}: {run.returncode} {run.stdout} {run.stderr}")
        return run.stdout + run.stderr

    def search(self, speeds, code=0):
        """Commits with these speeds, the first good and the last bad."""
        for i, speed in enumerate(speeds):
            self.write("speed", str(speed))
            self.write("count", str(i))
            self.git("add", ".")
            self.git("commit", "-q", "-m", f"commit {i}")
        self.git("bisect", "start", "HEAD", f"HEAD~{len(speeds) - 1}")
        return self.git("bisect", "run", self.script, "--backend", "x", "--min-effect", "3", "--build", BUILD, "--",
                        "--rounds", "9", code=code)

    def test_found(self):
        told = self.search([10, 10, 10, 10, 20, 20])
        self.assertRegex(told, r"is the first bad commit(?s:.*)commit 4")
        with open(self.judged, encoding="utf-8") as f:
            lines = f.read().splitlines()
        self.assertTrue(lines[0].startswith("10 20 ab "), lines)  # the bad commit first
        self.assertTrue(all(line.endswith("--fail-on slower --min-effect 3 --rounds 9") for line in lines), lines)

    def test_not_told(self):
        """Between a good and a bad commit: neither."""
        self.assertRegex(self.search([10, 10, "unsure", 20], code=1), "There are only 'skip'ped commits left to test")

    def test_not_built(self):
        self.assertRegex(self.search([10, 10, "broken", 20], code=1), "There are only 'skip'ped commits left to test")

    def test_skipped_aside(self):
        self.assertRegex(self.search([10, "unsure", 10, 20, "broken", 20]), r"is the first bad commit(?s:.*)commit 3")

    def test_nothing_to_find(self):
        self.assertRegex(self.search([10, 10, 20, 10], code=1), "is not SLOWER than the good one")

    def test_a_proof_fails(self):
        self.assertRegex(self.search([10, 10, "wrong", 10, 20], code=1), "bench ab ended with exit code 1")


source_root = sys.argv.pop(1)
unittest.main()
