# SPDX-License-Identifier: MIT
"""Run directories with everything that the report shows, invented: the synthetic run of tests/scripts and more."""

import csv
import json
import os

from synthetic_run import write_csv, write_json, write_run

PROOF_COLUMNS = ("schema,run_id,dataset,backend,op,cases,count,failed,worst_error_of_bound,inherited,"
                 "first_failure").split(",")
ROOF_COLUMNS = ("schema,run_id,threads,quantity,unit,isa,level,working_set_bytes,phase,rounds,median_per_second,"
                "min_per_second,max_per_second").split(",")
INTEGRITY_COLUMNS = "schema,run_id,backend,check,status,expected,seen,words,env_id".split(",")
HOSTILE = '</script><script>window.hacked = 1</script>"\' onload=\'window.hacked=2\' &amp; \x07\u202e'
BACKENDS = ("naive", "avx2", "avx512", "onednn")


def proof_rows(run_id, backends):
    for k, name in enumerate(backends):
        for op, cases, count, worst, inherited in (
                ("gemm", "exact integers", 240, 0, 0), ("gemm", "rules of NaN, Inf", 1029, 0.983056152, 0),
                ("rmsprop", "training shapes", 4, 0.996586067 - 0.01 * k, int(name == "onednn")),
                ("vexp", "one ulp, sampled", 32, 0.501572963 + 0.1 * k, 0), ("gather", "training shapes", 5, 0, 0),
                ("step", "plan: update", 5, 0.9, 0)):
            yield dict(zip(PROOF_COLUMNS, (1, run_id, "generated", name, op, cases, count, 0, f"{worst:.9g}", inherited,
                                           "")))


def roof_rows(run_id):
    for threads in (1, 2):
        for phase in ("before", "after"):
            for isa, peak in (("avx2", 110e9), ("avx512", 215e9)):
                yield (1, run_id, threads, "multiply_add", "flop", isa, "", "", phase, 11, peak * threads, 1, 1)
        for level, rate in (("L1", 400e9), ("L2", 180e9), ("L3", 60e9), ("DRAM", 25e9)):
            yield (1, run_id, threads, "read", "byte", "avx512", level, 1000, "", 11, rate * threads, 1, 1)


def integrity_rows(run_id, backends):
    for name in backends:
        for check, status, expected, seen in (("time stamp counter", "pass", "0.4 s, within 0.001", "0.4001 s"),
                                              ("calls", "pass", "469", "469"), ("file", "not applicable", "", "")):
            yield dict(zip(INTEGRITY_COLUMNS, (1, run_id, name, check, status, expected, seen, "a message, epoch 1", "")))


def machine(backends):
    """A machine that nothing speaks against."""
    return {
        "schema": 1, "run_id": "20260101-000000-abcd", "time_utc": "2026-01-01T00:00:00Z", "status": "complete",
        "exit_code": 0, "command_line": ["build/bench", "run", "--backend", "all", "--out", "my results"],
        "settings": {"epochs": 10, "batch": 128, "inputs": 784, "hidden": 512, "classes": 10, "lr": 0.001, "threads": 2,
                     "seed": "1"},
        "dataset": {"name": "mnist", "train_images": 60000, "test_images": 10000},
        "backends": {name: {"name": name, "fused_step": True, "threads_bound": True} for name in backends},
        "build": {"compiler": "gcc 12.2.0", "buildtype": "release", "flags": "-O3",
                  "commit": "0123456789abcdef0123456789abcdef01234567", "dirty": False},
        "cpu": {"model": "Synthetic CPU of a test", "family": 1, "model_number": 2, "stepping": 3,
                "isa_found": "avx2+fma", "isa_used": "avx2+fma", "isa_cap": None, "hypervisor": False,
                "hypervisor_vendor": None, "frequency_governor": "performance"},
        "topology": {"packages": 1, "cores": 2, "pus": 2, "allowed_cores": 2, "cgroup_quota_cpus": None,
                     "places": [0, 1], "l1d_bytes": 49152, "l2_bytes": 1048576, "l3_bytes": 33554432},
        "system": {"kernel": "Linux", "kernel_release": "6.1", "memory_bytes": 1 << 34},
        "environment": {"OMP_WAIT_POLICY": "active now"}}


def make_run(directory, backends=BACKENDS, epochs=10, slowdown=1.0, roof=False):
    """Everything in order: no failure, no warning. Peaks and rounds are in epochs.csv as in a real run."""
    write_run(directory, backends, epochs, peak=430.5, slowdown=slowdown)
    run_id = os.path.basename(directory)
    change_rows(directory, "epochs.csv", real_columns)
    write_csv(os.path.join(directory, "proof.csv"), PROOF_COLUMNS, proof_rows(run_id, backends))
    write_csv(os.path.join(directory, "integrity.csv"), INTEGRITY_COLUMNS, integrity_rows(run_id, backends))
    if roof:
        write_csv(os.path.join(directory, "roofline.csv"), ROOF_COLUMNS,
                  (dict(zip(ROOF_COLUMNS, row)) for row in roof_rows(run_id)))
    change_machine(directory, lambda m: m.update(machine(backends), run_id=run_id))
    shared = ("time_utc", "dataset", "settings", "build", "cpu")
    change_json(directory, "summary.json", lambda s: s.update({k: machine(backends)[k] for k in shared}, run_id=run_id, env_id="e"))


LONG = "step 227 of epoch 1, looked at again during training: w1[70,0]: expected 0.0400280469, got 0.0400231928; " * 2


# Of 10,000 images; a 4 is taken for a 9 more often than anything else for another digit.
CONFUSION = [[1000 - 9 * 2 if label == taken else 40 if (label, taken) == (4, 9) else 25 if (label, taken) == (9, 4) else 2
              for taken in range(10)] for label in range(10)]


def make_rich_run(directory):
    """Something in every section: a verdict of bench ab, a target over seeds, a roofline, a violation of integrity that
    says much, a proof that failed, curves that differ by the last digit only."""
    make_run(directory, roof=True)
    ab = {"comparison": "B/A", "a": "avx2", "b": "avx512", "rounds": 48, "ratio": 0.612, "ratio_low": 0.6,
          "ratio_high": 0.63, "bias_percent": 0.1, "min_effect_percent": 2, "visible_percent": 1.5, "verdict": "FASTER"}
    write_csv(os.path.join(directory, "ab.csv"), list(ab), [ab])
    change_figures(directory, "avx2", target={"accuracy": 0.97, "trainings": 2, "reached": 2, "median_seconds": 2.5,
                                              "fastest_seconds": 2.5, "slowest_seconds": 2.5, "median_epochs": 3.0})
    change_figures(directory, "avx2", confusion=CONFUSION)
    change_rows(directory, "integrity.csv", lambda rows: [
        r | {"status": "violation", "words": LONG} if (r["backend"], r["check"]) == ("onednn", "calls") else r for r in rows])
    change_rows(directory, "proof.csv", lambda rows: [
        dict(r, failed=3, first_failure=LONG) if (r["backend"], r["op"]) == ("naive", "vexp") else r for r in rows])
    change_rows(directory, "epochs.csv", lambda rows: [
        dict(r, val_loss=f"{0.1 + 1e-9 * (i % 7):.10f}") for i, r in enumerate(rows)])


def real_columns(rows):
    for row in rows:
        row.update(dataset="mnist", round=row["epoch"], position=1, peak_gflops="430.5",
                   share_of_peak=f"{float(row['gflops']) / 430.5:.9g}", noisy="")
    return rows


def read_rows(directory, name):
    with open(os.path.join(directory, name), newline="", encoding="utf-8") as f:
        return list(csv.DictReader(f))


def change_rows(directory, name, change):
    rows = change(read_rows(directory, name))
    write_csv(os.path.join(directory, name), list(rows[0]), rows)


def read_json(directory, name):
    with open(os.path.join(directory, name), encoding="utf-8") as f:
        return json.load(f)


def change_json(directory, name, change):
    content = read_json(directory, name)
    change(content)
    write_json(directory, name, content)


def change_machine(directory, change):
    change_json(directory, "machine.json", change)


def figures_of(directory):
    """`backends` of summary.json, by name."""
    return {found["backend"]: found for found in read_json(directory, "summary.json")["backends"]}


def change_figures(directory, name, /, **figures):
    """Of that backend."""
    change_json(directory, "summary.json", lambda summary: [
        found.update(figures) for found in summary["backends"] if found["backend"] == name])


def rename_backend(directory, old, new):
    for name in ("epochs.csv", "proof.csv", "integrity.csv"):
        change_rows(directory, name, lambda rows: [dict(r, backend=new) if r["backend"] == old else r for r in rows])
    change_figures(directory, old, backend=new)
    change_json(directory, "summary.json", lambda summary: [
        found["speedup_over"].update({new: found["speedup_over"].pop(old)}) for found in summary["backends"]
        if old in found["speedup_over"]])
    change_machine(directory, lambda m: m["backends"].update({new: m["backends"].pop(old)}))
