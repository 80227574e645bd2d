# SPDX-License-Identifier: MIT
"""Netlib's tester of level-3 BLAS, as Debian's libblas-test installs it, judges SGEMM of one backend through the
Fortran and the C interface; and it rejects a library that is wrong on purpose.

Arguments: shim.so backend b_sanitize"""
import glob
import re
import sys

from judge_common import judge, skip, skip_if_unloadable
from cli_common import check, finish

TESTERS = (("xblat3s", "sblat3.in", "SGEMM"), ("xscblat3", "sin3", "cblas_sgemm"))
SIZES = "0 1 2 3 5 9 17 33 65"  # the tester's arrays end at 65, its list at 9 values


def instructions(path, routine):
    """The installed input file with every routine but ours switched off, larger sizes, and results on stdout."""
    lines = []
    with open(path, encoding="ascii") as f:
        for line in f.read().splitlines():
            if re.search(r"NUMBER OF VALUES OF N\b", line):
                line = f"{len(SIZES.split())} NUMBER OF VALUES OF N"
            elif re.search(r"VALUES OF N\b", line):
                line = f"{SIZES} VALUES OF N"
            elif re.search(r"PUT F FOR NO TEST", line) and line.split()[0] != routine:
                line = re.sub(r"^(\S+\s+)T", r"\1F", line)
            lines.append(line)
    return "\n".join(lines) + "\n"


def verdict(output, routine):
    """What the tester says: (passes error exits, passes computations in how many layouts)."""
    exits = re.search(rf"{routine}\s+PASSED THE TESTS OF ERROR-EXITS", output) is not None
    exact = len(re.findall(rf"{routine}\s+PASSED THE (?:ROW-MAJOR|COLUMN-MAJOR|)\s*COMPUTATIONAL TESTS", output))
    complaints = re.search(r"\*{3,}|FAIL|SUSPECT", output)
    return exits, exact, complaints is None


def main():
    shim, backend, sanitize = sys.argv[1:4]
    skip_if_unloadable(shim, sanitize)
    where = glob.glob("/usr/lib/*/blas/xblat3s") + glob.glob("/usr/lib/blas/xblat3s")
    if not where:
        skip("netlib's BLAS tester is not here: apt install libblas-test")
    directory = where[0].rsplit("/", 1)[0]
    for program, file, routine in TESTERS:
        layouts = 2 if program == "xscblat3" else 1
        text = instructions(f"{directory}/{file}", routine)
        for threads in (1, 3):
            code, output, calls = judge([f"{directory}/{program}"], shim, backend, threads, text=text)
            exits, exact, quiet = verdict(output, routine)
            good = code == 0 and exits and exact == layouts and quiet and calls > 10000
            check(good, f"{program} on {backend}, {threads} threads: exit {code}, {calls} products\n{output}")
            print(f"{program}: {backend}, {threads} threads: {calls} products judged")
        for broken in ("column", "arguments", "bf16"):
            code, output, calls = judge([f"{directory}/{program}"], shim, backend, broken=broken, text=text)
            exits, exact, quiet = verdict(output, routine)
            caught = not exits if broken == "arguments" else exact < layouts
            check(caught and not quiet, f"{program} accepts a library broken by '{broken}'\n{output}")
    finish()


main()
