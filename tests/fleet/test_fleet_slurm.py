#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""scripts/fleet with Slurm itself, two nodes on the loopback device: good targets, one that fails, one that is cancelled, one
that loses its node, one that no node can take; then --again completes the rest. 77 where Slurm cannot be tried.

Arguments: SOURCE-ROOT"""
import os
import sys
import tempfile
import time
import unittest

import slurm
from fleet_case import FleetCase

TARGETS = """[good-1]
sbatch = --nodelist=n1
[good-2]
sbatch = --nodelist=n2
[bad]
flags = --may-fail
[gone]
sbatch = --nodelist=n1
flags = --may-hang
[lost]
sbatch = --nodelist=n2
flags = --may-hang
"""


class WithSlurm(FleetCase):
    def setUp(self):
        super().setUp()
        place = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)  # its orphans may still write
        self.addCleanup(place.cleanup)
        self.slurm = slurm.Slurm(place.name)
        self.addCleanup(self.slurm.close)
        self.env = self.slurm.env | {"TMPDIR": self.place}

    def wait_for(self, wanted, code):
        for _ in range(1200):
            found = self.states(code)
            if all(found[name][0] == state for name, state in wanted.items()):
                return found
            time.sleep(0.1)
        return self.fail(f"{found} instead of {wanted}")

    def test_a_fleet(self):
        for name in ("fail", "hang"):
            self.write(name, "")
        self.call("submit", self.ini("slurm", TARGETS), "--out", self.fleet)
        done = {"good-1": "complete", "good-2": "complete", "bad": "failed"}
        self.wait_for(done | {"gone": "running", "lost": "running"}, 1)
        jobs = dict(line.split()[::-1] for line in self.slurm.call("squeue", "-h", "-o", "%i %j").splitlines())
        self.slurm.call("scancel", jobs["lanebench-gone.1"])
        self.slurm.kill_node("n2")
        found = self.wait_for(done | {"gone": "lost", "lost": "lost"}, 1)
        self.assertRegex(found["gone"][1], "^CANCELLED")
        self.assertRegex(found["lost"][1], "^NODE_FAIL")
        self.assertEqual(found["bad"][1], "exit code 1: bench: it was told to fail")
        self.call("collect", self.fleet, code=1)
        self.assertEqual([r["state"] for r in self.rows()], ["complete"] * 4 + ["failed", "lost", "lost"])

        self.slurm.revive_node("n2")
        for name in ("fail", "hang"):
            os.unlink(f"{self.place}/{name}")
        told = self.call("submit", "--again", self.fleet)
        self.assertEqual([line for line in told.splitlines() if line.startswith("submit")], ["submit bad 1", "submit gone 1", "submit lost 1"])
        self.wait_for(dict.fromkeys(found, "complete"), None)
        self.call("collect", self.fleet)
        self.assertEqual([r["state"] for r in self.rows()], ["complete"] * 10)

    def test_no_such_node(self):
        """Slurm's message; the other target runs."""
        told = self.call("submit", self.ini("slurm", "[none]\nsbatch = --constraint=zen9\n[good]\n"), "--out", self.fleet, code=1)
        self.assertRegex(told, r"none +1  not submitted +sbatch: error: .*feature")
        self.wait_for({"good": "complete"}, 1)


why = slurm.why_not()
if why:
    print("skipped:", why)
    sys.exit(77)
unittest.main(argv=["test_fleet_slurm"])
