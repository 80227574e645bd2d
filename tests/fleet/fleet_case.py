# SPDX-License-Identifier: MIT
"""A fleet whose "bench" copies a recorded run, or fails or hangs while a file of that name is beside it."""
import csv
import json
import os
import subprocess
import sys
import tempfile
import unittest

BENCH = """#!/bin/sh
here=$(dirname "$0")
[ "$1" = doctor ] && exit 0
for word; do out=$word; done
case "$*" in
*--may-hang*) while [ -e "$here/hang" ]; do sleep 0.1; done;;
*--may-fail*) [ -e "$here/fail" ] && { echo "bench: it was told to fail" >&2; exit 1; };;
esac
mkdir -p "$out" && cp "$here/summary.json" "$out"
"""
source_root = sys.argv[1]


def backend(name, share, seconds, over=None, **more):
    return {"backend": name, "verified": True, "failure": None, "library": None, "git_commit": "0123456789ab",
            "binary_sha256": "89abcdef0123", "proof": {"worst_error_of_bound": 0.5}, "integrity": {"violations": []},
            "share_of_peak": share, "median_seconds": seconds, "first_seconds": seconds + 0.001, "disturbed": 0,
            "later_epochs": 3, "val_accuracy": 0.98, "speedup_over": over or {}} | more


def summary(env_id, model, scale=1.0):
    """Seconds with digits that nothing else has, for a search of the outputs."""
    over = {"onednn": {"ratio": 1.5 * scale, "interval_95": [1.4 * scale, 1.6 * scale], "rounds": 3}}
    return {"schema": 2, "exit_code": 0, "run_id": "run-" + env_id, "env_id": env_id, "dataset": {"name": "mnist"},
            "settings": {"threads": 2, "batch": 128, "hidden": 512},
            "cpu": {"model": model, "family": 6, "model_number": 173, "stepping": 1, "isa_used": "avx2+fma"},
            "backends": [backend("avx2", 0.5 * scale, 0.7771 * scale, over), backend("onednn", 0.4, 0.8881 * scale, library="3.7")]}


class FleetCase(unittest.TestCase):
    env = None

    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.place, self.fleet = place.name, place.name + "/fleet"
        self.write("bench", BENCH)
        os.chmod(self.place + "/bench", 0o755)
        self.write("summary.json", json.dumps(summary("x000000000001", "CPU One")))

    def write(self, name, text):
        path = os.path.join(self.place, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        return path

    def ini(self, engine, targets):
        return self.write("fleet.ini", f"[fleet]\nengine = {engine}\ncommand = {self.place}/bench run --epochs 4\n{targets}")

    def call(self, *argv, code=0):
        run = subprocess.run([sys.executable, source_root + "/scripts/fleet", *argv], env=self.env, capture_output=True, text=True,
                             check=False, cwd=self.place)
        if code is not None:
            self.assertEqual(run.returncode, code, f"{argv}: {run.stdout}{run.stderr}")
        return run.stdout + run.stderr

    def states(self, code):
        """{target: (state, message)}"""
        lines = [line.split(None, 2) for line in self.call("status", self.fleet, code=code).splitlines()]
        found = {}
        for name, _, rest in lines:
            state = next(s for s in ("not submitted", "complete", "failed", "lost", "running", "pending") if rest.startswith(s))
            found[name] = (state, rest[len(state):].strip())
        return found

    def rows(self):
        with open(self.fleet + "/fleet.csv", newline="", encoding="utf-8") as f:
            return list(csv.DictReader(f))
