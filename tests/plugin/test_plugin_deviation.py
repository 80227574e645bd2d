# SPDX-License-Identifier: MIT
"""Backends that break rules of NaN, Inf, alpha and beta: a library is timed and called deviating, a plug-in on request;
what breaks more than that is rejected.

Arguments: bench DIR-OF-MODULES PART, which is run, or others: prove, micro and ab"""
import json
import os
import re
import subprocess
import sys

from cli_common import check, finish, make_data, run, scratch, whole_rows

bench, modules, part = sys.argv[1:]
SMALL = ["--hidden", "16", "--threads", "1"]
EVIL = ["--plugin", modules + "/evil.so"]
ALLOWED = ["--allow-deviation", "rules"]
LABEL = r"deviates: rules \(\d+ cases\)"
RULE, PLAIN, OUTSIDE = (f"cblas:{modules}/stub_{kind}.so" for kind in ("rule", "plain", "outside"))
SCRIPTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "scripts")


def labels(out, name):
    """The values of `verified` by backend."""
    found = {}
    for row in whole_rows(f"{out}/{name}"):
        found.setdefault(row["backend"], set()).add(row["verified"])
    return found


def check_label(found, backend, where):
    own = found.get(backend, set())
    check(len(own) == 1 and re.fullmatch(LABEL, min(own)), f"{where}: {backend} is {own}")


def test_rejected(data, directory):
    """Without being asked only the library that breaks nothing but rules is timed."""
    out = directory + "/rejected"
    result = run(bench, *SMALL, *EVIL, "--backend", f"{RULE},{PLAIN},{OUTSIDE},evil:rule", "--epochs", "1", "--data", data,
                 "--out", out)
    check(result.returncode == 1, f"rejected: exit {result.returncode}: {result.stderr}")
    check(set(labels(out, "epochs.csv")) == {"cblas:stub_rule.so"}, f"rejected: timed are {labels(out, 'epochs.csv')}")
    for name in ("cblas:stub_plain.so", "cblas:stub_outside.so", "evil:rule"):
        check(f"bench: {name}: proof failed, not timed" in result.stderr, f"{name}: {result.stderr}")
    check("bytes outside the elements were written" in result.stderr, f"stub_outside: the reason: {result.stderr}")
    check(len(re.findall(rf"^warning: cblas:stub_rule\.so {LABEL}", result.stderr, re.M)) == 1, f"warning: {result.stderr}")
    check(len(re.findall(r"^warning: .*deviates", result.stderr, re.M)) == 1, f"warnings: {result.stderr}")


def test_timed(data, directory):
    out = directory + "/timed"
    result = run(bench, *SMALL, *EVIL, *ALLOWED, "--backend", f"naive,{RULE},evil:rule", "--epochs", "2", "--data", data,
                 "--out", out)
    check(result.returncode == 0, f"timed: exit {result.returncode}: {result.stderr}")
    for name in ("epochs.csv", "ops.csv"):
        for backend in ("cblas:stub_rule.so", "evil:rule"):
            check_label(labels(out, name), backend, name)
        check(labels(out, name)["naive"] == {"1"}, f"{name}: naive is {labels(out, name)['naive']}")
    epochs = whole_rows(out + "/epochs.csv")
    check(all(float(r["worst_error_of_bound"]) <= 1 for r in epochs), "epochs.csv: an error beyond its bound")
    proof = [r for r in whole_rows(out + "/proof.csv") if r["verified"] != "1"]
    check({r["backend"] for r in proof} == {"cblas:stub_rule.so", "evil:rule"} and
          all(re.fullmatch(LABEL, r["verified"]) and r["failed"] == "0" and "alpha=0" in r["first_failure"] for r in proof),
          f"proof.csv: {proof}")
    with open(out + "/machine.json", encoding="utf-8") as f:
        machine = json.load(f)
    check(machine["status"] == "complete" and machine["settings"]["allow_deviation"] == "rules", "machine.json")
    with open(out + "/summary.json", encoding="utf-8") as f:
        summary = {b["backend"]: b for b in json.load(f)["backends"]}
    for facts in (machine["backends"], summary):
        check(re.fullmatch(LABEL, str(facts["evil:rule"]["verified"])) and facts["naive"]["verified"] is True
              and facts["evil:rule"]["proof"]["deviating"] > 0 and facts["evil:rule"]["proof"]["failed"] == 0,
              f"verified: {facts['evil:rule']}")
    check(len(re.findall(LABEL, result.stdout)) == 2, f"table: {result.stdout}")
    test_shown(out)


def test_shown(out):
    report = subprocess.run([sys.executable, SCRIPTS + "/report.py", out], capture_output=True, text=True)
    check(report.returncode == 0, f"report.py: {report.stderr}")
    with open(out + "/report.html", encoding="utf-8") as f:
        page = f.read()
    for place, text in (("summary", page.split('id="summary"')[1].split("</table>")[0]),
                        ("proof", page.split('id="proof-matrix"')[1].split("</table>")[0]),
                        ("warnings", page.split('aria-label="Warnings"')[1].split("</ul>")[0])):
        check(re.search(LABEL, text), f"report.html: {place}: {text[:800]}")
    check("FAILED the proof" not in page and "do not trust" not in page, "report.html: called a failure")
    code = (f"from lanebench import run; "
            f"print(*[b.label for b in run.load_runs([{out!r}])[0].backends], sep='\\n')")
    charts = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.splitlines()
    check("naive" in charts and any(re.fullmatch(rf"evil:rule, {LABEL}", s) for s in charts), f"labels of charts: {charts}")


def test_prove(data):
    argv = ["prove", *SMALL, *EVIL, "--data", data, "--case", "gemm TN 1x*"]
    without = run(bench, *argv, "--backend", "evil:rule")
    check(without.returncode == 1 and "REJECTED  evil:rule" in without.stdout, f"prove: {without.stdout}")
    allowed = run(bench, *argv, "--backend", "evil:rule", *ALLOWED)
    check(allowed.returncode == 0 and "DEVIATES  evil:rule" in allowed.stdout, f"prove: {allowed.stdout} {allowed.stderr}")
    check("again: bench prove --backend evil:rule" in allowed.stdout and "alpha=0" in allowed.stdout,
          f"prove: no case is listed: {allowed.stdout}")
    check(len(re.findall(rf"^warning: evil:rule {LABEL}", allowed.stderr, re.M)) == 1, f"prove: {allowed.stderr}")


def test_micro(data, directory):
    out = directory + "/micro"
    argv = ["micro", *SMALL, *EVIL, "--data", data, "--benchmark_filter=forward1", "--benchmark_min_time=0.001"]
    without = run(bench, *argv, "--backend", "evil:rule")
    check(without.returncode == 1 and "evil:rule/gemm" not in without.stdout, f"micro: {without.stdout}")
    allowed = run(bench, *argv, "--backend", f"evil:rule,{RULE}", *ALLOWED, "--out", out)
    check(allowed.returncode == 0, f"micro: exit {allowed.returncode}: {allowed.stderr}")
    for backend in ("cblas:stub_rule.so", "evil:rule"):
        check_label(labels(out, "micro.csv"), backend, "micro.csv")


def test_ab(data, directory):
    out = directory + "/ab"
    result = run(bench, "ab", "evil:rule", RULE, *EVIL, *ALLOWED, *SMALL, "--rounds", "6", "--data", data, "--out", out)
    check(result.returncode == 0, f"ab: exit {result.returncode}: {result.stderr}")
    for backend in ("evil:rule", "evil:rule.again", "cblas:stub_rule.so"):
        check_label(labels(out, "epochs.csv"), backend, "ab: epochs.csv")
    without = run(bench, "ab", "evil:rule", "naive", *EVIL, *SMALL, "--rounds", "6", "--data", data, "--out", out + "2")
    check(without.returncode == 1 and "NO VERDICT" in without.stdout, f"ab: {without.returncode} {without.stdout}")


with scratch() as scratch_dir:
    data_dir = make_data(scratch_dir + "/data", 256, 77)
    if part == "run":
        test_rejected(data_dir, scratch_dir)
        test_timed(data_dir, scratch_dir)
    else:
        test_prove(data_dir)
        test_micro(data_dir, scratch_dir)
        test_ab(data_dir, scratch_dir)
finish()
