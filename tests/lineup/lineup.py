#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Whether bench gives the libraries that it measures what they give a plain C program that calls them.

For each library and number of threads, the program (direct.c) and bench take turns, the program first and last. A
round's ratio is bench's time divided by the mean of the two turns of the program around it; the median of the rounds
counts, unless it is outside the 5 % while single rounds are inside or on the other side: then they scatter too much to
tell. The program runs under the best of the OpenMP settings below, which it has tried first, several times each. Both
get an environment without variables of OpenMP runtimes and libraries. Everything is timed, so nothing else should run."""
import argparse
import csv
import glob
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile

SKIP = 77
WITHIN = 0.05
TRIES = 3  # of each setting: one alone, beside a passing load, would choose the wrong one
PRODUCTS = ["forward1", "forward2", "dw2", "dh", "dw1"]
INSTALLED = [("OpenBLAS, pthreads", "openblas-pthread/libopenblas.so.0"),
             ("OpenBLAS, OpenMP", "openblas-openmp/libopenblas.so.0"),
             ("BLIS, pthreads", "blis-pthread/libblis.so.4"),
             ("BLIS, OpenMP", "blis-openmp/libblis.so.4")]
SETTINGS = [{"OMP_WAIT_POLICY": "active", "OMP_PROC_BIND": "close", "OMP_PLACES": "cores"},
            {"OMP_WAIT_POLICY": "active", "OMP_PROC_BIND": "false"},
            {"OMP_WAIT_POLICY": "passive", "OMP_PROC_BIND": "false"}]
SETTING_OF_OTHERS = re.compile("(OMP|GOMP|KMP|LIBOMP|OPENBLAS|GOTO|BLIS|MKL|ONEDNN|DNNL|BENCH|BENCHMARK)_")
# Of the columns: library, threads, what, direct, bench, ratio, its spread, verdict
ROW = "{:<19} {:>7}  {:<18} {:>12} {:>12} {:>6}  {:>13}  {}"


class NotTimed(Exception):
    """Why bench does not time a peer."""


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bench")
    parser.add_argument("direct")
    parser.add_argument("--onednn", action="store_true", help="both programs were built with oneDNN")
    parser.add_argument("--library", action="append", metavar="PATH", help="CBLAS library in place of the installed ones")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", dest="settings",
                        help="environment variable of both programs, such as BLIS_ARCH_TYPE=0")
    parser.add_argument("--threads", default="1,2", type=lambda text: [int(word) for word in text.split(",")])
    parser.add_argument("--rounds", default=5, type=int)
    parser.add_argument("--epochs", default=4, type=int, help="of each turn; the first does not count")
    parser.add_argument("--seconds", default=0.5, type=float, help="that each product is repeated in each turn")
    args = parser.parse_args()
    if (args.rounds < 1 or args.epochs < 2 or args.seconds <= 0 or min(args.threads) < 1
            or not all("=" in setting for setting in args.settings)):
        parser.error("at least 1 round, 1 thread, 2 epochs, some seconds, and settings as NAME=VALUE are needed")
    return args


def find_libraries(args):
    """[(name for people, path or "onednn")]"""
    found = [("oneDNN", "onednn")] if args.onednn else []
    if args.library:
        return found + [(os.path.basename(path), path) for path in args.library]
    for name, path in INSTALLED:
        found += [(name, hit) for hit in glob.glob(f"/usr/lib/*-linux-gnu/{path}")[:1]]
    return found


def environment(args, **more):
    given = dict(setting.split("=", 1) for setting in args.settings)
    return {k: v for k, v in os.environ.items() if not SETTING_OF_OTHERS.match(k)} | given | more


class Direct:
    """The plain C program. A turn is the seconds of each line of the table."""

    def __init__(self, args, library, threads):
        self.args, self.library, self.threads = args, library, threads
        self.setting = None

    def lines(self, mode, amount):
        argv = [self.args.direct, mode, self.library, str(self.threads), str(amount)]
        run = subprocess.run(argv, env=environment(self.args, **self.setting), stdin=subprocess.DEVNULL, text=True,
                             stdout=subprocess.PIPE, check=True, timeout=1800)
        return [line.split() for line in run.stdout.splitlines()]

    def gemm(self):
        return {name: float(seconds) for name, seconds in self.lines("gemm", self.args.seconds)}

    def epoch(self):
        rows = self.lines("epoch", self.args.epochs)[1:]
        return {"epoch": statistics.median(float(row[0]) for row in rows),
                "products in epoch": statistics.median(float(row[1]) for row in rows)}

    def choose(self, mode):
        """The setting under which a turn is fastest, were each line of it as fast as in its best try."""
        tries = [[] for _ in SETTINGS]
        for _ in range(TRIES):
            for self.setting, turns in zip(SETTINGS, tries):
                turns.append(getattr(self, mode)())
        best = [sum(min(turn[what] for turn in turns) for what in turns[0]) for turns in tries]
        self.setting = SETTINGS[best.index(min(best))]


class Bench:
    """bench on the same library; each turn proves it first, which is not timed."""

    def __init__(self, args, library, threads):
        self.args = args
        backend = library if library == "onednn" else "cblas:" + library
        self.argv = ["--backend", backend, "--threads", str(threads), "--tuning", "off", "--quiet"]

    def call(self, command, *argv):
        run = subprocess.run([self.args.bench, command, *self.argv, *argv], env=environment(self.args),
                             stdin=subprocess.DEVNULL, text=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False, timeout=1800)
        if run.returncode == 0:
            return
        told = [line for line in run.stderr.splitlines() if "crashed" in line or "proof failed" in line]
        if run.returncode == 1 and told:
            raise NotTimed(told[-1])
        raise RuntimeError(f"bench {command}: exit {run.returncode}: {run.stderr}")

    def gemm(self):
        with tempfile.TemporaryDirectory(prefix="lanebench-line-up-") as directory:
            path = os.path.join(directory, "micro.json")
            self.call("micro", "--benchmark_filter=/gemm/[a-z0-9]+/[0-9x]+/real_time$", "--benchmark_out=" + path,
                      f"--benchmark_min_time={self.args.seconds}")
            with open(path, encoding="utf-8") as f:
                cases = json.load(f)["benchmarks"]
        unit = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0}
        return {case["name"].split("/gemm/")[1].split("/")[0]: case["real_time"] * unit[case["time_unit"]]
                for case in cases}

    def epoch(self):
        with tempfile.TemporaryDirectory(prefix="lanebench-line-up-") as directory:
            out = os.path.join(directory, "run")
            self.call("run", "--epochs", str(self.args.epochs), "--out", out)
            seconds, products = {}, {}
            with open(os.path.join(out, "epochs.csv"), newline="", encoding="utf-8") as f:
                for row in csv.DictReader(f):
                    seconds[row["epoch"]] = float(row["train_seconds"])
            with open(os.path.join(out, "ops.csv"), newline="", encoding="utf-8") as f:
                for row in csv.DictReader(f):
                    if row["op"].startswith("gemm "):
                        products[row["epoch"]] = products.get(row["epoch"], 0.0) + float(row["seconds"])
        turn = {"epoch": statistics.median(v for epoch, v in seconds.items() if epoch != "1")}
        if products:  # a step of the backend's own has other phases
            turn["products in epoch"] = statistics.median(v for epoch, v in products.items() if epoch != "1")
        return turn


def with_sum(turn):
    return turn | ({"five products": sum(turn[name] for name in PRODUCTS)} if "dw1" in turn else {})


def show(seconds):
    return f"{seconds:.4f} s" if seconds >= 0.1 else f"{1e6 * seconds:.2f} us"


def verdict(ratios):
    ratio = statistics.median(ratios)
    if abs(ratio - 1.0) <= WITHIN:
        return "yes"
    if min(ratios) <= 1.0 + WITHIN and max(ratios) >= 1.0 - WITHIN:
        return "cannot tell"
    return f"no, {abs(ratio - 1.0):.1%} " + ("slower" if ratio > 1.0 else "faster")


def compare(name, threads, direct, bench, mode, rounds):
    """Takes turns; prints a row for each thing that both time. Returns the verdicts."""
    direct.choose(mode)
    turns, others = [with_sum(getattr(direct, mode)())], []
    try:
        for _ in range(rounds):
            others.append(with_sum(getattr(bench, mode)()))
            turns.append(with_sum(getattr(direct, mode)()))
    except NotTimed as why:
        for what, seconds in turns[0].items():
            print(ROW.format(name, threads, what, show(seconds), "-", "-", "-", "not timed"))
        print(f"    not timed: {why}", flush=True)
        return []
    verdicts = []
    for what in [w for w in turns[0] if w in others[0]]:
        ratios = [2.0 * b[what] / (turns[i][what] + turns[i + 1][what]) for i, b in enumerate(others)]
        verdicts.append(verdict(ratios))
        print(ROW.format(name, threads, what, show(statistics.median(t[what] for t in turns)),
                         show(statistics.median(b[what] for b in others)), f"{statistics.median(ratios):.3f}",
                         f"{min(ratios):.3f}..{max(ratios):.3f}", verdicts[-1]), flush=True)
    return verdicts


def main():
    args = arguments()
    libraries = find_libraries(args)
    if not libraries:
        print("skipped: no library to measure: apt install libopenblas0-pthread libopenblas0-openmp libblis4-openmp "
              "libblis4-pthread, or libdnnl-dev before the build")
        return SKIP
    print(ROW.format("library", "threads", "what", "direct", "bench", "ratio", "min..max", "within 5 %"))
    verdicts, failed = [], False
    for name, library in libraries:
        for threads in args.threads:
            if threads > len(os.sched_getaffinity(0)):
                print(ROW.format(name, threads, "", "-", "-", "-", "-", "not timed: fewer CPUs are allowed"))
                continue
            direct, bench = Direct(args, library, threads), Bench(args, library, threads)
            for mode in ("gemm", "epoch"):
                try:
                    verdicts += compare(name, threads, direct, bench, mode, args.rounds)
                except (RuntimeError, subprocess.SubprocessError) as e:
                    print(f"{name}, {threads} threads: FAILED: {e}", flush=True)
                    failed = True
    print(f"{verdicts.count('yes')} of {len(verdicts)} rows are within 5 %")
    if args.onednn:
        print("oneDNN's epoch: the program calls dnnl_sgemm; bench, whose step is oneDNN's own primitives, may be faster")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
