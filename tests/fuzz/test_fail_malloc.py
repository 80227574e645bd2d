# SPDX-License-Identifier: MIT
"""Each allocation of the program in turn fails: it must say so in one line and leave with an exit code of its own, or
have been able to do without and answer as ever. For subcommands that are quick; a run would prove a backend each time.

Arguments: bench fail_malloc.so b_sanitize WORD..., the command line, in which DATA stands for a small data set"""
import os
import sys
import tempfile

from test_cli_common import SKIP, check, finish, make_data, run

DATA, INTERNAL = 6, 99


def test(bench, preload, words, folder):
    usual = run(bench, *words)
    failed = 0
    for at in range(1, 2000):
        mark = os.path.join(folder, "mark")
        done = run(bench, *words, env={"LD_PRELOAD": preload, "FAIL_MALLOC_AT": str(at), "FAIL_MALLOC_MARK": mark})
        if not os.path.exists(mark):
            break
        os.unlink(mark)
        failed += 1
        lines = done.stderr.strip().splitlines()
        told = done.returncode in (DATA, INTERNAL) and len(lines) == 1 and lines[0].startswith("bench: ")
        spared = (done.returncode, done.stdout) == (0, usual.stdout)
        check(told or spared, f"bench {' '.join(words)}, allocation {at}: exit {done.returncode}, {lines[:3]}, "
                              f"{len(done.stdout)} bytes on stdout")
    check(failed > 0, f"bench {' '.join(words)}: no allocation was made to fail")
    print(f"bench {' '.join(words[:1])}: {failed} allocations failed in turn")


def main():
    bench, preload, sanitize, *words = sys.argv[1:]
    if sanitize != "none":
        print(f"skipped: built with b_sanitize={sanitize}, whose runtime has a malloc of its own")
        sys.exit(SKIP)
    with tempfile.TemporaryDirectory() as folder:
        data = make_data(folder, 64, 16)
        test(bench, os.path.abspath(preload), [data if w == "DATA" else w for w in words], folder)
    finish()


main()
