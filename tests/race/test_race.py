# SPDX-License-Identifier: MIT
"""A program built with ThreadSanitizer runs without a data race.

The sanitizer must know what OpenMP orders. GCC's libgomp does not tell it, and would fill the report with false
alarms; LLVM's libomp does, through its tool Archer, and also serves programs that GCC compiled when it is preloaded.
Before the program is judged, samples show that this combination keeps quiet about right code and reports wrong code.
GCC's instrumentation also sees 32- and 64-byte accesses, clang's does not; neither sees masked loads and stores.

Arguments: COMPILER race_sample PROGRAM [ARGUMENT...]"""
import glob
import os
import subprocess
import sys

from cli_common import SKIP, check, clean_environment, finish, skip

REPORTED = 66  # the sanitizer's exit code
SEEN = {"gcc": ("barrier", "border", "vectors"), "clang": ("barrier", "border")}


def openmp_libraries():
    """(libomp, libarcher) of the newest LLVM that has both: they must be of one version."""
    for directory in sorted(glob.glob("/usr/lib/llvm-*/lib"), key=lambda f: -int(f.split("/")[3].split("-")[1])):
        pair = (directory + "/libomp.so.5", directory + "/libarcher.so")
        if all(os.path.exists(p) for p in pair):
            return pair
    return skip("no libomp with libarcher: apt install libomp-dev")


def watched(command, libraries):
    libomp, libarcher = libraries
    env = clean_environment(LD_PRELOAD=libomp, OMP_TOOL_LIBRARIES=libarcher,
                            OMP_WAIT_POLICY="passive", ARCHER_OPTIONS="verbose=1",
                            TSAN_OPTIONS=f"ignore_noninstrumented_modules=1 halt_on_error=0 exitcode={REPORTED}")
    done = subprocess.run(command, env=env, text=True, timeout=900, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE)
    return done.returncode, done.stdout, done.stderr, done.stderr.count("WARNING: ThreadSanitizer: data race")


def check_samples(compiler, sample, libraries):
    code, output, errors, races = watched([sample, "ordered"], libraries)
    if "unexpected memory mapping" in errors:
        skip("this kernel's address space randomization is more than this ThreadSanitizer knows: setarch -R helps")
    check("Archer detected OpenMP application with TSan" in output, f"Archer does not work: {output}{errors}")
    check(code == 0 and races == 0, f"a right program is accused: exit {code}\n{errors}")
    for kind in SEEN[compiler]:
        code, _, errors, races = watched([sample, kind], libraries)
        if code == SKIP:
            skip(f"this CPU cannot run the sample '{kind}'")
        check(code == REPORTED and races > 0, f"the race '{kind}' is overlooked: exit {code}\n{errors}")


def main():
    compiler, sample, *command = sys.argv[1:]
    libraries = openmp_libraries()
    check_samples(compiler, sample, libraries)
    code, output, errors, races = watched(command, libraries)
    if code == SKIP:
        skip(output.strip())
    check(code == 0 and races == 0, f"{' '.join(command)}: exit {code}, {races} races\n{output}{errors[:8000]}")
    print("\n".join(l for l in output.splitlines() if not l.startswith("Archer ")))
    finish()


main()
