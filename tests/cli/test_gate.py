# SPDX-License-Identifier: MIT
"""bench gate: passes, fails and cannot tell against baselines whose shares of the peak are forged so far from anything
measured that no noise decides; refusals."""
import csv
import json
import math
import os
import shutil
import statistics
import sys

from cli_common import check, check_refused, finish, make_data, run, scratch, skip, whole_rows

bench = os.path.abspath(sys.argv[1])
EPOCHS = 8


def gate(data, baseline, out, *argv):
    return run(bench, "gate", "--baseline", baseline, "--data", data, "--out", out, *argv, timeout=500)


def forge(baseline, directory, factor=None, machine=None, is_old=False):
    """A copy of the baseline, with the speed of epoch e multiplied by factor(e). Old files have no gflops_done."""
    shutil.copytree(baseline, directory)
    if factor:
        with open(directory + "/epochs.csv", newline="", encoding="utf-8") as f:
            rows = list(csv.reader(f))
        if is_old:
            rows = [row[:rows[0].index("gflops_done")] for row in rows]
        speed, epoch = rows[0].index("gflops" if is_old else "gflops_done"), rows[0].index("epoch")
        for row in rows[1:]:
            row[speed] = repr(float(row[speed]) * factor(int(row[epoch])))
        with open(directory + "/epochs.csv", "w", newline="", encoding="utf-8") as f:
            csv.writer(f).writerows(rows)
    if machine:
        with open(directory + "/machine.json", encoding="utf-8") as f:
            content = json.load(f)
        machine(content)
        with open(directory + "/machine.json", "w", encoding="utf-8") as f:
            json.dump(content, f)
    return directory


def share(row):
    """Of the peak that was measured around the epoch."""
    return float(row.get("gflops_done") or row["gflops"]) / float(row["peak_gflops"])


def check_rows(out, baseline, verdict):
    """gate.csv from the epochs of both runs."""
    now, then = whole_rows(out + "/epochs.csv"), whole_rows(baseline + "/epochs.csv")
    rows = whole_rows(out + "/gate.csv")
    check([(r["backend"], r["process"], r["verdict"]) for r in rows] ==
          [("avx2", "1", verdict), ("avx2", "2", verdict)], f"gate.csv: {rows}")
    shares = {int(r["epoch"]): share(r) for r in then if r["backend"] == "avx2"}
    for row, name in zip(rows, ("avx2", "avx2.again")):
        slower = [math.log(shares[int(r["epoch"])] / share(r)) for r in now
                  if r["backend"] == name and r["epoch"] != "1"]
        check(len(slower) == EPOCHS - 1 == int(row["epochs"]), f"{name}: epochs {len(slower)}")
        expected = math.exp(statistics.median(slower))
        check(abs(float(row["slowdown_ratio"]) / expected - 1) < 1e-6, f"{name}: {row} instead of {expected}")
    check({r["baseline_run_id"] for r in rows} == {then[0]["run_id"]}, "gate.csv: the baseline's run id")


def move(machine):
    machine["cpu"]["model"] = "Another CPU"


def drop_id(machine):
    """As before there was an env_id; the facts of the machine are still there."""
    del machine["env_id"]


def verdict_of(data, directory, baseline, verdict, code, *argv):
    out = f"{directory}/gate-{verdict}"
    result = gate(data, baseline, out, *argv)
    check(result.returncode == code, f"{verdict}: exit {result.returncode} instead of {code}: {result.stderr}")
    check(result.stdout.startswith(verdict + ": "), f"{verdict}: the first line: {result.stdout[:100]!r}")
    check_rows(out, baseline, verdict)
    with open(out + "/machine.json", encoding="utf-8") as f:
        machine = json.load(f)
    settings = machine["settings"]
    check((machine["status"], machine["exit_code"]) == ("complete", code), f"{verdict}: machine.json")
    check((settings["epochs"], settings["hidden"], settings["batch"], settings["seed"], settings["threads"]) ==
          (EPOCHS, 16, 64, "5", 1), f"{verdict}: not the baseline's settings: {settings}")
    return out, result


def test_verdicts(data, directory, baseline):
    fast = forge(baseline, directory + "/base-fast", lambda e: 1e-7, drop_id, is_old=True)
    passed, result = verdict_of(data, directory, fast, "PASSED", 0)
    check("NOT GATED" in result.stdout and "naive" in result.stdout, "PASSED: naive is not gated, and named")
    # The directory of a gate is a baseline too; what ran twice there counts once.
    slow = forge(passed, directory + "/base-slow", lambda e: 1e7)
    # A limit so wide that no noise of this machine is too much for a verdict.
    verdict_of(data, directory, slow, "SLOWER", 3, "--max-slowdown", "10000")
    erratic = forge(baseline, directory + "/base-erratic", lambda e: 1e7 if e % 2 else 1e-7, move)
    out, result = verdict_of(data, directory, erratic, "INCONCLUSIVE", 4, "--allow-other-machine")
    check("another machine" in result.stderr, f"another machine, allowed: {result.stderr!r}")
    check(all(r["baseline_env_id"] != r["env_id"] for r in whole_rows(out + "/gate.csv")), "another machine: ids")


def refused(data, baseline, code, names, directory, *argv):
    out = directory + "/refused"
    check_refused(gate(data, baseline, out, *argv), code, names, f"gate {argv}", out)


def test_refusals(data, directory, baseline):
    none = run(bench, "gate", "--data", data)
    check(none.returncode == 2 and "--baseline" in none.stderr, f"no baseline: {none.stderr!r}")
    refused(data, directory + "/nothing", 6, ["nothing", "machine.json"], directory)
    refused(data, baseline, 4, ["naive", "too few epochs"], directory, "--backend", "naive")
    refused(data, baseline, 2, ["avx3"], directory, "--backend", "avx3")
    refused(data, baseline, 2, ["--max-isa", "avx2"], directory, "--max-isa", "avx2")
    refused(make_data(directory + "/other-data", train=320), baseline, 6, ["other images", "--data"], directory)

    def changed(section, key, value):
        number = sum(name.startswith("changed") for name in os.listdir(directory))
        def change(machine):
            (machine[section] if section else machine)[key] = value
        return forge(baseline, f"{directory}/changed{number}", machine=change)

    elsewhere = forge(baseline, directory + "/elsewhere", machine=move)
    refused(data, elsewhere, 4, ["another machine", "env_id", "--allow-other-machine"], directory)
    refused(data, changed("", "status", "interrupted"), 6, ["did not complete"], directory)
    refused(data, changed("settings", "threads", 0), 6, ["settings are incomplete"], directory)
    refused(data, changed("settings", "rounds", 12), 6, ["bench ab"], directory)
    refused(data, forge(baseline, directory + "/zero", lambda e: 0.0), 6, ["epochs.csv", "line 2"], directory)
    missing = forge(baseline, directory + "/missing")
    os.remove(missing + "/epochs.csv")
    refused(data, missing, 6, ["epochs.csv"], directory)


with scratch() as scratch_dir:
    data_dir = make_data(scratch_dir + "/data")
    base = scratch_dir + "/base"
    made = run(bench, "run", "--backend", "naive,avx2", "--hidden", "16", "--batch", "64", "--seed", "5",
               "--threads", "1", "--epochs", str(EPOCHS), "--data", data_dir, "--out", base, timeout=500)
    if made.returncode == 77:
        skip(made.stderr.strip())
    check(made.returncode == 0, f"the baseline: {made.stderr}")
    test_verdicts(data_dir, scratch_dir, base)
    test_refusals(data_dir, scratch_dir, base)
finish()
