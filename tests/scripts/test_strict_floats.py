# SPDX-License-Identifier: MIT
"""Flags by which floating point no longer means what the source says end the configuration, however they are spelt.

Arguments: the source's root, and the C and C++ compilers"""
import os
import shutil
import subprocess
import sys
import tempfile

root, cc, cxx = sys.argv[1:]
GCC, CLANG = ["--fast-math", "-fsingle-precision-constant"], ["-ffp-model=fast"]
FLAGS = ["-ffast-math", "-Ofast", "-funsafe-math-optimizations", "-ffinite-math-only", "-ffp-contract=fast",
         "-fassociative-math -fno-signed-zeros -fno-trapping-math", "-freciprocal-math"]


def configure(directory, **variables):
    env = {k: v for k, v in os.environ.items() if k not in ("CFLAGS", "CXXFLAGS", "LDFLAGS", "CPPFLAGS")}
    shutil.rmtree(directory, ignore_errors=True)
    done = subprocess.run([meson, "setup", directory, root], env={**env, "CC": cc, "CXX": cxx, **variables},
                          stdin=subprocess.DEVNULL, capture_output=True, text=True)
    return done.returncode != 0 and "changes results" in done.stdout


meson = shutil.which("meson")
if not meson:
    print("skipped: needs meson")
    sys.exit(77)
clang = "clang" in subprocess.run(cc.split() + ["--version"], capture_output=True, text=True).stdout
cases = [("CFLAGS", flag) for flag in FLAGS + (CLANG if clang else GCC)]
cases += [("CXXFLAGS", "-ffp-contract=fast"), ("LDFLAGS", "-ffast-math")]
with tempfile.TemporaryDirectory(prefix="lanebench-test-") as scratch:
    accepted = [case for case in cases if not configure(scratch + "/build", **dict([case]))]
for variable, flag in accepted:
    print(f"FAILED: {variable}={flag} is not refused")
print(f"{len(cases)} flags, {len(accepted)} not refused")
sys.exit(1 if accepted else 0)
