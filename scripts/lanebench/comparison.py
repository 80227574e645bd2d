# SPDX-License-Identifier: MIT
"""Separate runs against the first of them, as `bench compare` compares them: only it computes the ratios."""

import json
import os
import shutil
import subprocess

from .run import Speedup, interval_of, number, objects_in

BUILT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "build", "bench")
EXIT_INCONCLUSIVE = 4  # no ratio, but everything else


def program():
    """The bench that started this (bench report says so), else the one built here, else an installed one; or None."""
    names = (os.environ.get("LANEBENCH_PROGRAM"), BUILT, "lanebench")
    return next((found for found in (shutil.which(name) for name in names if name) if found), None)


class Comparison:
    """failure: why nothing is compared; "" where it is, or where there is one run."""

    def __init__(self, runs):
        self.runs = [run for run in runs if not run.host]
        self.failure, self._found = "", {}
        if len(self.runs) > 1:
            self._ask()
        self._work = {found.get("run"): found.get("other_work") for found in objects_in(self._found, "runs")}

    def _ask(self):
        bench = program()
        if not bench:
            self.failure = "bench, which compares them, was not found: neither build/bench of this checkout, nor lanebench in PATH"
            return
        directories = [os.path.abspath(run.directory) for run in self.runs]
        try:
            done = subprocess.run([bench, "compare", "--json", *directories], stdin=subprocess.DEVNULL, capture_output=True,
                                  encoding="utf-8", errors="replace", check=False)
            self._found = json.loads(done.stdout) if done.returncode in (0, EXIT_INCONCLUSIVE) else {}
        except (OSError, ValueError) as error:
            self.failure = f"{bench} compare: {error}"
            return
        if not self._found:
            self.failure = (done.stderr.strip().splitlines() or [f"{bench} compare: exit code {done.returncode}"])[-1]
        elif not self._found.get("same_machine"):
            self.failure = "bench compare cannot tell that they are from one machine (env_id)"

    def other_work(self, run):
        """How the work of an epoch differs from that of the first run, as text; "" if it does not."""
        return self._work.get(run.tag) or ""

    def speedups(self, run):
        """[(backend, Speedup)] for those of its backends that the first run has timed too."""
        rows = {row.get("backend"): row for row in objects_in(self._found, "rows")
                if row.get("run") == run.tag and row.get("over_run") == self.runs[0].tag != run.tag and number(row.get("speed"))}
        return [(backend, Speedup(number(row["speed"]), interval_of(row, "range"), 0,
                                  "" if row.get("established") else row.get("reason") or "unknown"))
                for backend, row in ((b, rows.get(b.name)) for b in run.timed()) if row]
