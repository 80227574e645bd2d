# SPDX-License-Identifier: MIT
"""Variables that slow a library down: recorded, and one warning if a contender calls that library.

Arguments: bench, a CBLAS library"""
import json
import os
import re
import subprocess
import sys

from cli_common import check, finish, make_data, ready_backends, run, scratch

bench, library = sys.argv[1:]
CBLAS = "cblas:" + library
NAME = "cblas:" + os.path.basename(library)
SMALL = ["--hidden", "16", "--threads", "1"]
REPORT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../scripts/report.py")
# What a variable changes, by backend
CHANGE = {
    CBLAS: {"OpenBLAS": ["OPENBLAS_CORETYPE", "OPENBLAS_NUM_THREADS", "GOTO_NUM_THREADS", "GOTOBLAS_MAIN_FREE"],
            "BLIS": ["BLIS_ARCH_TYPE", "BLIS_JC_NT", "BLIS_NUM_THREADS"],
            "MKL": ["MKL_ENABLE_INSTRUCTIONS", "MKL_DEBUG_CPU_TYPE", "MKL_CBWR", "MKL_NUM_THREADS"]},
    "onednn": {"oneDNN": ["ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA", "ONEDNN_CPU_ISA_HINTS", "DNNL_VERBOSE"]},
}
# Where libraries lie, and what only looks like a setting
NO_CHANGE = {"OPENBLAS_ROOT": "/opt", "MKL_DIR": "/opt", "BLIS_ARCH": "zen3", "ONEDNN_MAX_CPU": "x", "BENCHMARK": "x"}


def warnings(result):
    return [line[9:] for line in result.stderr.splitlines() if line.startswith("warning: the environment")]


def prove(data, backend, variables, *argv):
    result = run(bench, "prove", *SMALL, "--backend", backend, "--case", "gather *", "--data", data, *argv, env=variables)
    check(result.returncode == 0, f"{backend}: exit {result.returncode}: {result.stderr}")
    return warnings(result)


def test_each(data, ready):
    """One line for all of a backend's variables; none beside another backend."""
    for backend, changes in CHANGE.items():
        if backend == "onednn" and backend not in ready:
            continue
        values = {name: "0" if name.endswith("VERBOSE") else "1" for names in changes.values() for name in names}
        told = prove(data, backend, {**values, **NO_CHANGE})
        check(len(told) == 1, f"{backend}: {told}")
        text = "".join(told)
        for lib, names in changes.items():
            for name in names:
                check(f"{name}={values[name]} ({lib})" in text, f"{name} is not named: {told}")
                check(re.search(rf" -u {name}\b", text), f"{name}: the way out: {told}")
        check(f"slow down {NAME if backend == CBLAS else backend};" in text, f"{backend}: whom it concerns: {told}")
        check(not any(name + "=" in text for name in NO_CHANGE), f"{backend}: no settings: {told}")
        check(prove(data, "naive", values) == [], "naive calls no library")
        check(prove(data, backend, NO_CHANGE) == [], f"{backend}: a warning about no setting")


def test_cap(data, ready):
    """No warning about a variable that bench itself sets for oneDNN."""
    if "onednn" in ready:
        check(prove(data, "onednn", {}, "--max-isa", "baseline") == [], "a cap warns")
        check(len(prove(data, "onednn", {"DNNL_VERBOSE": "0"}, "--max-isa", "baseline")) == 1, "a cap hides other settings")


def test_run(data, directory):
    out = directory + "/run"
    variables = {"OPENBLAS_CORETYPE": "Prescott\n\033[31m", "BLIS_ROOT": "/opt", "LIBOMP_X": "1"}
    result = run(bench, "run", *SMALL, "--backend", f"naive,{CBLAS}", "--epochs", "1", "--data", data, "--out", out,
                 env=variables)
    told = warnings(result)
    check(result.returncode == 0 and len(told) == 1, f"run: exit {result.returncode}: {result.stderr}")
    text = "".join(told)
    with open(out + "/machine.json", encoding="utf-8") as f:
        machine = json.load(f)
    check(machine["environment_warning"] == text and text.isprintable(), f"machine.json: {told}")
    for name, value in variables.items():
        check(machine["environment"].get(name, "").startswith(value[:8]), f"machine.json: {name}: {machine['environment']}")
    report = subprocess.run([sys.executable, REPORT, out], capture_output=True, text=True, timeout=300)
    check(report.returncode == 0, f"report: {report.stderr}")
    with open(out + "/report.html", encoding="utf-8") as f:
        check(text in f.read(), "report.html does not warn")
    plain = directory + "/plain"
    run(bench, "run", *SMALL, "--backend", "naive", "--epochs", "1", "--data", data, "--out", plain, env=variables)
    with open(plain + "/machine.json", encoding="utf-8") as f:
        check(json.load(f)["environment_warning"] is None, "machine.json: naive calls no library")


def test_others(data, directory):
    """They warn before they find that there is no such library."""
    none = f"cblas:{directory}/none.so"
    for command in (["micro", "--backend", none], ["ab", none, none, "--out", directory + "/ab"]):
        result = run(bench, *command, *SMALL, "--data", data, env={"MKL_DYNAMIC": "FALSE"})
        check(len(warnings(result)) == 1 and "MKL_DYNAMIC=FALSE (MKL)" in result.stderr, f"{command}: {result.stderr}")


with scratch() as scratch_dir:
    there = ready_backends(bench)
    data_dir = make_data(scratch_dir + "/data", 128, 32)
    test_each(data_dir, there)
    test_cap(data_dir, there)
    test_run(data_dir, scratch_dir)
    test_others(data_dir, scratch_dir)
finish()
