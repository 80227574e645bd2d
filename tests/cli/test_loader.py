# SPDX-License-Identifier: MIT
"""A start through the dynamic loader: /proc/self/exe is the loader then, but bench starts its workers, and itself again,
by the same loader with the same options, and knows which file it is itself."""
import glob
import hashlib
import json
import os
import sys

from cli_common import check, finish, make_data, run, scratch, skip

LOADER = "/lib64/ld-linux-x86-64.so.2"
bench = sys.argv[1]


def try_command(top, name, *argv):
    """bench starts twice, and searches the directory that the loader was told; returns what the machine's file says."""
    directory, out = f"{top}/{name}-libraries", f"{top}/{name}"
    os.mkdir(directory)
    result = run(LOADER, "--library-path", directory, "--argv0", "another-name", bench, *argv, "--data", top + "/data",
                 "--out", out, env={"LD_DEBUG": "libs", "LD_DEBUG_OUTPUT": directory + "/log"})
    check(result.returncode == 0, f"{name}: exit {result.returncode}: {result.stderr}")
    starts = []
    for path in glob.glob(directory + "/log.*"):
        with open(path, encoding="utf-8", errors="replace") as f:
            starts += f.read().split("transferring control: another-name")[:-1]
    told = sum(f"search path={directory}" in start for start in starts)
    check(told == len(starts) == 2, f"{name}: {told} of {len(starts)} starts with the loader's options")
    with open(out + "/machine.json", encoding="utf-8") as f:
        return json.load(f)


if not os.access(LOADER, os.X_OK):
    skip("no " + LOADER)
with open(bench, "rb") as f:
    digest = hashlib.sha256(f.read()).hexdigest()
with scratch() as top:
    make_data(top + "/data")
    small = ["--backend", "naive", "--hidden", "16", "--threads", "1"]
    # The one starts a worker, the other itself again.
    for name, *argv in (("prove", *small, "--case", "vexp*"), ("micro", *small, "--benchmark_list_tests")):
        machine = try_command(top, name, name, *argv)
        check(machine["build"]["program_sha256"] == digest, f"{name}: {machine['build']['program_sha256']} is not {digest}")
finish()
