# SPDX-License-Identifier: MIT
"""What the outside judges share: when they cannot sit, and running a program with the shim preloaded."""
import glob
import os
import subprocess
import sys
import tempfile

from test_cli_common import SKIP, clean_environment


def skip(why):
    print("skipped:", why)
    sys.exit(SKIP)


def skip_if_sanitized(option):
    """A sanitizer's runtime must be the first library of a process, so the shim cannot be preloaded with one."""
    if option != "none":
        skip(f"built with b_sanitize={option}: such a library cannot be preloaded into a foreign program")


def judge(command, shim, backend, threads=2, broken=None, text=None):
    """Runs a tester on the shim: its exit code, all it wrote, and how many products the backend computed."""
    with tempfile.TemporaryDirectory() as scratch:
        count = os.path.join(scratch, "count")
        env = clean_environment(LD_PRELOAD=os.path.abspath(shim), BENCH_BLAS_BACKEND=backend, BENCH_BLAS_COUNT=count,
                                OMP_NUM_THREADS=str(threads), OMP_WAIT_POLICY="passive",
                                PYTHONDONTWRITEBYTECODE="1")
        if broken:
            env["BENCH_BLAS_BREAK"] = broken
        done = subprocess.run(command, env=env, input=text, cwd=scratch, text=True, timeout=500,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        output = done.stdout
        for name in glob.glob(os.path.join(scratch, "*.out")):
            with open(name, encoding="ascii") as f:
                output += f.read()
        calls = 0
        if os.path.exists(count):
            with open(count, encoding="ascii") as f:
                calls = int(f.read())
    if done.returncode == SKIP:
        skip(output.strip().splitlines()[-1])
    return done.returncode, output, calls
