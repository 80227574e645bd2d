# SPDX-License-Identifier: MIT
"""bench doctor: text and JSON, a disturbance that the test makes itself, and the usage errors. Nothing here says how
calm the machine must be."""
import json
import re
import subprocess
import sys

from cli_common import check, finish, run

bench = sys.argv[1]
STATES = {"fine", "warning", "note", "unknown"}
LIMIT = {"OMP_THREAD_LIMIT": "1", "KMP_WARNINGS": "0"}  # libomp would warn of it itself


def examine(threads=1, **more):
    result = run(bench, "doctor", "--json", "--quiet", "--threads", str(threads), **more)
    check(result.returncode == 0 and result.stderr == "", f"doctor: exit {result.returncode}: {result.stderr}")
    return json.loads(result.stdout)


def test_busy():
    """One process per CPU that works all the time: others take half of the time, or at least much of it. And a limit of
    OpenMP's, which keeps the probe from the threads that a run would have: both are said."""
    spin = [sys.executable, "-c", "while True: pass"]
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as f:
        cpus = len(re.findall(r"^processor", f.read(), re.MULTILINE))
    others = [subprocess.Popen(spin) for _ in range(cpus)]
    try:
        report = examine(threads=2, env={"OMP_NUM_THREADS": "1", **LIMIT})
    finally:
        for other in others:
            other.kill()
            other.wait()
    findings = {f["code"]: f for f in report["findings"]}
    check(len(findings) == len(report["findings"]) > 10, f"codes {sorted(findings)}")
    for code, f in findings.items():
        check(re.fullmatch(r"W\d\d", code) and f["state"] in STATES and f["cause"], f"{f}")
        check(f["state"] != "warning" or (f["effect"] and f["advice"]), f"a warning without effect or advice: {f}")
        check("\n" not in f["cause"] + f["effect"] + f["advice"], f"more than a line: {f}")
    if report["probe"]["others_share"] is not None:
        check(findings["W02"]["state"] == "warning", f"other load is not seen: {findings['W02']} {report['probe']}")
    check(findings["W19"]["state"] == "warning" and "OMP_NUM_THREADS=1" in findings["W19"]["cause"],
          f"environment: {findings['W19']}")
    check("fewer were probed" in findings["W19"]["effect"], f"limit: {findings['W19']}")
    probe = report["probe"]
    check(0 < probe["piece_median_seconds"] <= probe["piece_p95_seconds"] <= probe["piece_worst_seconds"], f"{probe}")
    check(probe["threads"] == 1 and probe["visible_share"] >= 0.005 and probe["ghz"]["baseline"] > 0.1, f"{probe}")
    return findings


def test_text(findings):
    result = run(bench, "doctor", "--max-isa", "baseline")
    check(result.returncode == 0 and "nothing is changed" in result.stderr, f"text: {result.stderr}")
    codes = re.findall(r"^(W\d\d)  (\w+) ", result.stdout, re.MULTILINE)
    check(sorted(c for c, _ in codes) == sorted(findings), f"text: codes {codes}")
    check(dict(codes).get("W01") == "unknown", "W01 cannot compare the clock where only one ISA may be used")
    warnings = [c for c, state in codes if state == "warning"]
    check(result.stdout.startswith(f"{len(warnings)} thing"), f"text: {result.stdout[:80]!r}")
    check([c for c, _ in codes[:len(warnings)]] == warnings, f"text: warnings do not come first: {codes}")


def test_other_machine():
    """The output says that what HWLOC_SYNTHETIC describes is not what is measured; and it names the limit."""
    result = run(bench, "doctor", "--threads", "2", env={"HWLOC_SYNTHETIC": "core:3000 pu:2", **LIMIT})
    check("1 thread was probed" in result.stdout.splitlines()[0], f"limit: {result.stdout[:120]!r}")
    check("3000" not in result.stderr and "are ignored" in result.stderr, f"other machine: {result.stderr}")
    check("HWLOC_SYNTHETIC=core:3000" in result.stdout, f"other machine: {result.stdout}")


def test_usage():
    for argv in (["--out", "x"], ["--threads", "0"], ["extra"]):
        result = run(bench, "doctor", *argv)
        check(result.returncode == 2 and len(result.stderr.splitlines()) == 1, f"{argv}: {result.stderr}")


test_usage()
test_text(test_busy())
test_other_machine()
finish()
