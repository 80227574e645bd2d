# SPDX-License-Identifier: MIT
"""Each allocation of the program in turn fails, alone and then with all that follow: the program must say so and exit
with one of its own codes, or do without the memory and give the usual results, whole. Where it is built with
AddressSanitizer, nothing may be lost or touched in a wrong way meanwhile.

A run allocates so often that only some of its allocations are tried, evenly spread; how many is printed. Its proof is a
short one. FAIL_MALLOC_ALL=1 tries every one. A run that made fewer allocations than the one they were counted in may end
before the last of them; then it must have the usual results.

Arguments: bench_failing WHAT, one of the commands below"""
import concurrent.futures
import json
import os
import re
import shutil
import sys

from cli_common import check, finish, make_data, run, scratch, whole_rows

FAILED, DATA, INTERNAL = 1, 6, 99
TIMED = re.compile(r"seconds|gflops|gbps|share|run_id|version_of|_ms|rss_mb|vol_ctx|major_faults|noisy|^expected$|^seen$|^words$")
SMALL = ["run", "--backend", "naive", "--epochs", "1", "--hidden", "16", "--batch", "16", "--threads", "1", "--quiet"]
# command line, process, most allocations to try
COMMANDS = {
    "list": (["list"], "parent", 1000000),
    "list-json": (["list", "--json"], "parent", 1000000),
    "data": (["data", "--data", "DATA"], "parent", 1000000),
    "run": ([*SMALL, "--data", "DATA", "--out", "OUT"], "parent", 48),
    "run-worker": ([*SMALL, "--data", "DATA", "--out", "OUT"], "worker", 24),
}


def form(value):
    """JSON with its keys and the kinds of its values, without what changes from run to run: a share above 1 is left out."""
    if isinstance(value, dict):
        return {k: None if TIMED.search(k) else form(v) for k, v in value.items()}
    if isinstance(value, list):
        return [form(v) for v in value]
    return type(value).__name__


def results(done, out):
    """What a command leaves, as far as it is the same each time."""
    if not os.path.isdir(out):
        return done.stdout
    left = {"stdout": len(done.stdout.splitlines())}
    for name in sorted(os.listdir(out)):
        path = os.path.join(out, name)
        if name.endswith(".csv"):
            left[name] = [{k: v for k, v in row.items() if not TIMED.search(k)} for row in whole_rows(path)]
        elif name in ("machine.json", "summary.json"):
            with open(path, encoding="utf-8") as f:
                left[name] = form(json.load(f))
        else:
            left[name] = os.path.getsize(path) > 0
    return left


class Trial:
    """One command, with the allocations from `at` failing as it says."""

    def __init__(self, bench, argv, process, data, directory):
        self.bench, self.argv, self.process, self.data, self.directory = bench, argv, process, data, directory

    def __call__(self, at):
        place = os.path.join(self.directory, at or "usual")
        out, mark, count = place + "/out", place + "/mark", place + "/count"
        os.mkdir(place)
        argv = [{"DATA": self.data, "OUT": out}.get(w, w) for w in self.argv]
        env = {"FAIL_MALLOC_IN": self.process, "FAIL_MALLOC_AT": at or "0", "FAIL_MALLOC_MARK": mark,
               "FAIL_MALLOC_COUNT": count,
               "COLUMNS": "200",  # for all columns: a share of peak that is not trusted is left out, which may save a line
               "XDG_CACHE_HOME": "/nonexistent"}  # a roofline saved there is optional: runs warn, and go without
        done = run(self.bench, *argv, env=env)
        left = results(done, out)
        failed = os.path.exists(mark)
        allocations = 0  # not told by a worker that had to be killed
        if os.path.exists(count):
            with open(count, encoding="ascii") as f:
                allocations = int(f.read() or 0)
        shutil.rmtree(place)
        return done, left, failed, allocations


def difference(usual, left):
    """The parts that differ, for people."""
    if isinstance(usual, str) or isinstance(left, str):
        return f"{len(left)} bytes on stdout instead of {len(usual)}"
    return {k: (usual.get(k), left.get(k)) for k in {**usual, **left} if usual.get(k) != left.get(k)}


def judge(what, usual, done, left):
    lines = done.stderr.strip().splitlines()
    # A proof that lacks memory names its case first.
    told = (done.returncode in (FAILED, DATA, INTERNAL) and lines and lines[-1].startswith("bench: ")
            and "memory" in done.stderr and "killed by" not in done.stderr)
    if done.returncode == 0:
        check(left == usual and not lines, f"{what}: exit 0 with other results: {difference(usual, left)}, {lines[:3]}")
    else:
        check(told, f"{what}: exit {done.returncode}: {lines[:4]}")
    check("Sanitizer" not in done.stderr, f"{what}: {done.stderr[:3000]}")


def main():
    bench, name = sys.argv[1:]
    argv, process, most = COMMANDS[name]
    with scratch() as directory:
        data = make_data(directory + "/data", 64, 16)
        trial = Trial(os.path.abspath(bench), argv, process, data, directory)
        done, usual, failed, allocations = trial(None)
        check(done.returncode == 0 and not failed and allocations > 0, f"unhurt: exit {done.returncode}: {done.stderr}")
        step = 1 if os.environ.get("FAIL_MALLOC_ALL") else max(1, -(-allocations // most))
        tried = sorted(set(range(1, allocations + 1, step)) | {allocations})
        places = [str(n) for n in tried] + [f"{n}+" for n in tried[::5]]
        reached = 0
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            for at, (done, left, failed, made) in zip(places, pool.map(trial, places)):
                reached += failed
                what = f"{name}, allocation {at} of {allocations}"
                check(failed or (done.returncode == 0 and 0 < made < int(at.rstrip("+"))),
                      f"{what}: did not fail, exit {done.returncode} after {made} allocations")
                judge(what, usual, done, left)
        check(reached * 10 >= len(places) * 9, f"{name}: only {reached} of {len(places)} failures happened")
        print(f"{name}: {len(tried)} of {allocations} allocations of the {process} to fail in turn, "
              f"{len(tried[::5])} times all from one on; {reached} of these {len(places)} failures happened")
    finish()


main()
