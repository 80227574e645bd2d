# SPDX-License-Identifier: MIT
"""What the external judges share: when they cannot run, and running a program with the shim preloaded."""
import glob
import os
import re
import subprocess
import sys
import tempfile

from cli_common import SKIP, clean_environment, skip


def preload(shim):
    """The shim for LD_PRELOAD; where it is built with a sanitizer that is a library, that one first, as it demands."""
    shim = os.path.abspath(shim)
    linked = subprocess.run(["ldd", shim], text=True, stdout=subprocess.PIPE, check=True).stdout
    return " ".join(re.findall(r"=> (\S*/lib(?:[at]san|clang_rt\.asan)\S*)", linked) + [shim])


def skip_if_unloadable(shim, option):
    """Clang by default links its sanitizers into programs only, so that no library brings them."""
    if option != "none" and " " not in preload(shim):
        skip(f"built with b_sanitize={option} by a compiler whose sanitizer is no library that could be preloaded")


def judge(command, shim, backend, threads=2, broken=None, text=None):
    """Runs a tester on the shim: its exit code, all it wrote, and how many products the backend computed."""
    with tempfile.TemporaryDirectory() as scratch:
        count = os.path.join(scratch, "count")
        env = clean_environment(LD_PRELOAD=preload(shim), BENCH_BLAS_BACKEND=backend, BENCH_BLAS_COUNT=count,
                                OMP_NUM_THREADS=str(threads), OMP_WAIT_POLICY="passive",
                                PYTHONDONTWRITEBYTECODE="1",
                                ASAN_OPTIONS="detect_leaks=0")  # what the tester itself does not free
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
