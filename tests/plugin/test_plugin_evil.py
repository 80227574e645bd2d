# SPDX-License-Identifier: MIT
"""A plug-in that crashes, leaves, hangs, writes where it must not: it is reported with the current op and case, and the
backends beside it have all their rows.

Arguments: bench DIR-OF-MODULES PART, which is where the harm is done, proof or epoch, or else micro"""
import json
import os
import re
import sys

from cli_common import check, finish, make_data, run, scratch, whole_rows

bench, modules, part = sys.argv[1:]
EVIL = modules + "/evil.so"
TIMEOUT = 5
SMALL = ["--hidden", "16", "--threads", "1", "--timeout", str(TIMEOUT)]

CASE = r"the proof: gemm .*seed=.*, in gemm \(op call \d+\)"


def killed(signal, where):
    return rf"killed by {signal} \(.*\) during {where}"


def silent(where):
    return rf"no progress for {TIMEOUT} s during {where}; killed \(--timeout\)"


def found_out(where):
    """By the allocator, or at once by AddressSanitizer where the program is built with it, which leaves with a code."""
    return rf"(killed by SIG(ABRT|SEGV) \(.*\)|exited with code \d+) during {where}"


LEFT = "exited too early, with code 0 during "
EPOCH = r"epoch 1, in gemm \(op call \d+\)"
# kind of harm, the message
HARM = {
    "segv": killed("SIGSEGV", CASE),
    "ill": killed("SIGILL", CASE),
    "fpe": killed("SIGFPE", CASE),
    "abort": killed("SIGABRT", CASE),
    "exit0": LEFT + CASE,
    "exit3": "exited with code 3 during " + CASE,
    "leave0": LEFT + r"the proof, in gemm \(op call 1\)",  # _exit() reports nothing
    "hang": silent(CASE),
    "deaf": silent(r"the proof, in gemm \(op call 1\)"),
    "input": killed("SIGSEGV", CASE) + ": inside A, which is read-only",
    "beyond": killed("SIGSEGV", CASE) + ": 1 float beyond the end of C",
    "heap": found_out("the proof"),
    "close-segv": killed("SIGSEGV", "the proof"),
    "refuse": r"^cannot be opened: not today  \[31m\?$",
    "late-segv": killed("SIGSEGV", EPOCH),
    "late-sleep": silent(EPOCH),
    "late-exit0": LEFT + EPOCH,
    "late-heap": found_out(""),
}


def test_run(data, directory):
    """All of one part in one run, between two honest contenders."""
    out = directory + "/run"
    harm = {kind: message for kind, message in HARM.items() if kind.startswith("late-") == (part == "epoch")}
    backends = "naive," + ",".join("evil:" + kind for kind in harm)
    result = run(bench, *SMALL, "--plugin", EVIL, "--plugin", EVIL + ":honest", "--backend", backends, "--epochs", "1",
                 "--data", data, "--out", out, "--quiet")
    check(result.returncode == 1, f"exit {result.returncode}: {result.stderr}")
    reports = dict(re.findall(r"^bench: evil:(\S+): (?:crashed: )?(.*)$", result.stderr, re.M))
    for kind, message in harm.items():
        check(re.search(message, reports.get(kind, "")), f"{kind}: {reports.get(kind)!r} is not {message!r}")
    check("honest: " not in result.stderr and "naive: " not in result.stderr, f"the honest ones: {result.stderr}")

    alone = directory + "/alone"
    run(bench, *SMALL, "--backend", "naive", "--epochs", "1", "--data", data, "--out", alone)
    for name, columns in (("epochs.csv", ("epoch", "samples", "loss", "verified")), ("ops.csv", ("epoch", "op", "calls")),
                          ("proof.csv", ("op", "cases", "count", "failed", "worst_error_of_bound"))):
        rows = whole_rows(f"{out}/{name}")
        want = [[row[c] for c in columns] for row in whole_rows(f"{alone}/{name}")]
        got = [[row[c] for c in columns] for row in rows if row["backend"] == "naive"]
        check(len(want) > 0 and got == want, f"{name}: naive's rows: {got} instead of {want}")
        check(any(row["backend"] == "honest" for row in rows), f"{name}: the honest plug-in's rows")
    trained = {r["backend"] for r in whole_rows(out + "/epochs.csv")} - {"evil:late-heap"}  # whose harm shows later
    check(trained == {"naive", "honest"}, f"epochs.csv: {trained}")
    test_machine(out)


def test_machine(out):
    with open(out + "/machine.json", encoding="utf-8") as f:
        machine = json.load(f)
    check(machine["status"] == "failed" and machine["exit_code"] == 1, "machine.json: status")
    plugins = machine["settings"]["plugins"]
    check([p["name"] for p in plugins] == ["evil", "honest"], f"machine.json: {plugins}")
    check(len({p["sha256"] for p in plugins}) == 1, f"machine.json: {plugins}")
    check(plugins[0]["path"] == os.path.realpath(EVIL) and len(plugins[0]["sha256"]) == 64, f"machine.json: {plugins[0]}")


def test_micro(data):
    """Times in its own process, but not what crashed in another."""
    argv = [*SMALL, "--plugin", EVIL, "--backend", "evil:segv,naive", "--data", data]
    micro = run(bench, "micro", *argv, "--benchmark_filter=gather", "--benchmark_min_time=0.001")
    check(micro.returncode == 1 and "evil:segv: crashed, not timed: " in micro.stderr, f"micro: {micro.stderr}")
    check("naive/gather" in micro.stdout and "evil" not in micro.stdout, f"micro: {micro.stdout}")
    library = "cblas:" + os.path.join(os.path.dirname(EVIL), "stub_crash.so")
    micro = run(bench, "micro", *SMALL, "--backend", library, "--data", data, "--benchmark_filter=gather")
    check(micro.returncode == 1 and "stub_crash.so: crashed, not timed: killed by SIGSEGV" in micro.stderr,
          f"micro of a library: exit {micro.returncode}: {micro.stderr}")


with scratch() as scratch_dir:
    data_dir = make_data(scratch_dir + "/data", 256, 77)  # 77: see evil.c
    if part == "micro":
        test_micro(data_dir)
    else:
        test_run(data_dir, scratch_dir)
finish()
