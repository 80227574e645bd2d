# SPDX-License-Identifier: MIT
"""Plug-ins that are wrong from the start: one line that says how, the documented exit code, and nothing is run."""
import json
import os
import re
import shutil
import sys

from cli_common import check, check_refused, finish, run, scratch

bench, modules = sys.argv[1:]


def header_version():
    """The ABI that the program was built with; evil_abi says one more."""
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../kernels/backend.h"), encoding="utf-8") as f:
        return int(re.search(r"#define BACKEND_ABI_VERSION (\d+)u", f.read()).group(1))


ABI = header_version()


def module(name):
    return f"{modules}/{name}.so"


def refused(code, names, *argv):
    check_refused(run(bench, *argv), code, names, " ".join(argv))


# the module, what its line must name
WRONG = [
    ("evil_no_symbol", ["exports no function lanebench_backend()"]),
    ("evil_null", ["lanebench_backend() returned NULL"]),
    ("evil_abi", [f"version {ABI + 1} of the plug-in ABI", f"has {ABI};", "rebuild"]),
    ("evil_size", ["struct_size", "sizeof(struct backend)"]),
    ("evil_name", ["'Evil One'", "PATH:NAME"]),
    ("evil_taken", ["'naive' is taken by a built-in backend", "PATH:NAME"]),
    ("evil_empty", ["nothing to measure"]),
    ("evil_half_step", ["load, step, predict and store"]),
    ("evil_promise", ["same_bits_as", "is no backend's name"]),
    ("evil_flags", ["flags 0x40000005"]),
    ("evil_blocking", ["blocking"]),
    ("evil_crash", ["SIGSEGV", "in lanebench_backend()"]),
    ("evil_exit", ["exited with code 0", "in lanebench_backend()"]),
    ("evil_hang", ["did not answer for 5 s", "in lanebench_backend()"]),
    ("evil_constructor", ["SIGABRT", "constructors"]),
    ("evil_ftz", ["MXCSR from 0x1f80 to 0x9fc0", "subnormals become 0", "-ffast-math"]),
]


def test_files(directory):
    refused(2, ["No such file"], "list", "--plugin", directory + "/none.so")
    refused(2, ["No such file", "none.so"], "run", "--plugin", directory + "/none.so:name")
    refused(2, ["is not a regular file"], "prove", "--plugin", directory)
    with open(directory + "/text.so", "w", encoding="utf-8") as f:
        f.write("no shared object\n")
    refused(2, ["cannot be loaded", "text.so"], "micro", "--plugin", directory + "/text.so")
    refused(2, ["'all'"], "list", "--plugin", module("evil") + ":all")
    refused(2, ["'UPPER'"], "list", "--plugin", module("evil") + ":UPPER")
    refused(2, ["1 to 32 characters"], "list", "--plugin", module("evil") + ":")
    refused(2, ["'" + "x" * 29 + "...'", "1 to 32 characters"], "list", "--plugin", module("evil") + ":" + "x" * 33)
    refused(2, ["--plugin", "empty"], "list", "--plugin=")
    refused(2, ["longer than"], "list", "--plugin", "x" * 5000)
    refused(2, ["'evil' is taken by the plug-in", "evil.so"], "list", "--plugin", module("evil"), "--plugin",
            module("evil"))
    refused(2, ["more than 16"], "list", *[f"--plugin={module('evil')}:e{i}" for i in range(17)])
    refused(2, ["'evl'", "did you mean 'evil'?"], "prove", "--plugin", module("evil"), "--backend", "evl")
    refused(2, ["--plugin", "bench data"], "data", "--plugin", module("evil"))


def test_isa():
    """Known from data alone; the list shows it, the others end with 77."""
    for command in ("run", "prove", "micro"):
        refused(77, ["avx512f", "evil_avx512.so"], command, "--max-isa", "avx2", "--plugin", module("evil_avx512"))
    result = run(bench, "list", "--json", "--max-isa", "avx2", "--plugin", module("evil_avx512"))
    entry = json.loads(result.stdout)["backends"][-1]
    check(result.returncode == 0 and entry["status"] == "unsupported" and "avx512f" in entry["why"], f"list: {entry}")


def test_names(directory):
    """Renamed, several times the same file, a colon in the path, foreign text made clean."""
    odd = directory + "/a:b.so"
    shutil.copy(module("evil"), odd)
    result = run(bench, "list", "--json", "--plugin", odd, "--plugin", odd + ":other", "--plugin",
                 module("evil_taken") + ":free", "--plugin", module("evil_name") + ":good")
    check(result.returncode == 0, f"list: {result.stderr}")
    entries = json.loads(result.stdout)["backends"][-4:]
    check([b["name"] for b in entries] == ["evil", "other", "free", "good"], f"list: {entries}")
    check(entries[0]["plugin"] == os.path.realpath(odd) and entries[0]["own_ops"] == ["gemm"], f"list: {entries[0]}")
    check(entries[0]["summary"] == "does harm  [31m\\xff", f"list: summary {entries[0]['summary']!r}")
    table = run(bench, "list", "--plugin", module("evil"))
    check(f"plug-in: {os.path.realpath(module('evil'))}" in table.stdout, f"list: {table.stdout}")
    check("\033" not in table.stdout, "list: control characters of the plug-in")


with scratch() as scratch_dir:
    for name, named in WRONG:
        refused(2, named, "list", "--plugin", module(name))
    test_files(scratch_dir)
    test_isa()
    test_names(scratch_dir)
finish()
