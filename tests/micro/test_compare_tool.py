# SPDX-License-Identifier: MIT
"""Google Benchmark's own flags in bench micro, and its compare.py on the JSON that they make: file against
file, and two backends of one file by filters. 77 without compare.py (Debian's libbenchmark-tools) or a Python with numpy and scipy."""
import json
import os
import subprocess
import sys

from cli_common import check, finish, make_data, ready_backends, run, scratch, skip

bench = sys.argv[1]
COMPARE = "/usr/share/benchmark/compare.py"
REPETITIONS = 9  # as many as compare.py wants for its U test
NAME = "gemm/forward2"


def find_python():
    if not os.path.exists(COMPARE):
        skip("compare.py is not here: apt install libbenchmark-tools")
    for python in (sys.executable, "/usr/bin/python3"):
        if os.path.exists(python) and subprocess.run([python, "-c", "import numpy, scipy"],
                                                     capture_output=True).returncode == 0:
            return python
    return skip("no Python with numpy and scipy: apt install python3-numpy python3-scipy")


def measure(path, data, backends):
    result = run(bench, "micro", "--backend", ",".join(backends), "--hidden", "16", "--threads", "1", "--quiet", "--data",
                 data, f"--benchmark_out={path}", "--benchmark_out_format=json", "--benchmark_min_time=0.0005",
                 f"--benchmark_repetitions={REPETITIONS}", "--benchmark_enable_random_interleaving=true",
                 f"--benchmark_filter={NAME}/[0-9x]*/real_time$")
    check(result.returncode == 0, f"micro: exit {result.returncode}: {result.stderr}")
    with open(path, encoding="utf-8") as f:
        measured = [r for r in json.load(f)["benchmarks"] if r["run_type"] == "iteration"]
    check({r["name"].split("/")[0] for r in measured} == set(backends), f"backends: {measured}")
    for backend in backends:
        mine = [r for r in measured if r["name"].startswith(backend + "/" + NAME)]
        check(sorted(r["repetition_index"] for r in mine) == list(range(REPETITIONS)), f"{backend}: {mine}")
        check(len({r["name"] for r in mine}) == 1 and all(r["repetitions"] == REPETITIONS for r in mine), f"{mine}")
    return measured[0]["name"]


def compare(python, *argv):
    result = subprocess.run([python, COMPARE, "--no-color", *argv], capture_output=True, text=True, timeout=100)
    check(result.returncode == 0, f"compare.py {argv}: {result.stderr}")
    return result.stdout


python3 = find_python()
with scratch() as directory:
    data_dir = make_data(directory + "/data")
    pair = ["naive", next((b for b in ready_backends(bench) if b != "naive"), "naive")]
    if pair[0] == pair[1]:
        skip("this CPU runs no second backend")
    document = directory + "/micro.json"
    name = measure(document, data_dir, pair)
    files = compare(python3, "benchmarks", document, document)
    check(files.count(name) >= REPETITIONS and f"U Test, Repetitions: {REPETITIONS} vs {REPETITIONS}" in files, files)
    filtered = compare(python3, "filters", document, *pair)
    check(f"[{pair[0]} vs. {pair[1]}]" in filtered and "U Test" in filtered, filtered)
finish()
