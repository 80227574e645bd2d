# SPDX-License-Identifier: MIT
"""Plug-ins that start processes or signal their process group: each is caught, bench is not reached, and nothing that a
plug-in has started is left when bench has ended, whatever the command and however it ends.

Arguments: bench DIR-OF-MODULES"""
import os
import re
import signal
import subprocess
import sys
import time

from cli_common import check, clean_environment, finish, make_data, run, scratch, skip, whole_rows

bench, modules = sys.argv[1:]
PLUGIN = modules + "/cheat.so"
SMALL = ["--hidden", "16", "--threads", "1", "--batch", "16"]
EPOCHS = ["--epochs", "7"]  # of 40 steps; it cheats from step 221 on, in epoch 6
MARK = f"LANEBENCH_TEST_MARK={os.getpid()}"
# Kind: what integrity.csv says it has seen.
STARTED = {"forks": r"1 process: \d+ \(", "hides": r"1 process: \d+ \(", "spawns": "have ended"}


def marked():
    """Processes of this user with the mark in their environment, but for the dead."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/environ", "rb") as f:
                if MARK.encode() in f.read().split(b"\0"):
                    found.append(int(pid))
        except OSError:
            continue
    return found


def bench_run(*argv, **env):
    name, value = MARK.split("=")
    result = run(bench, *argv, env={name: value, **env})
    check(marked() == [], f"{argv}: left {marked()}")
    return result


def test_started(data, directory):
    """All kinds in one run, beside an honest contender."""
    out = directory + "/run"
    backends = ",".join(["naive", "cheat"] + ["cheat:" + kind for kind in STARTED])
    result = bench_run("run", *SMALL, *EPOCHS, "--quiet", "--plugin", PLUGIN, "--backend", backends, "--data", data,
                       "--out", out)
    check(result.returncode == 5, f"exit {result.returncode}: {result.stderr}")
    rows = {r["backend"]: r for r in whole_rows(out + "/integrity.csv") if r["check"] == "processes"}
    for honest in ("naive", "cheat"):
        check(rows[honest]["status"] == "pass", f"{honest}: {rows[honest]}")
    for kind, seen in STARTED.items():
        row = rows["cheat:" + kind]
        check(row["status"] == "violation" and re.search(seen, row["seen"]), f"{kind}: {row}")
        check("epoch 6" in row["words"], f"{kind}: {row}")
    for kind in ("forks", "hides"):
        named = re.findall(rf"^bench: cheat:{kind} started 1 process: \d+ \(.*\); all of them have ended$", result.stderr, re.M)
        check(len(named) == 1, f"{kind}: named once on stderr: {result.stderr}")
    check("cheat:spawns started" not in result.stderr, f"spawns: nothing was left: {result.stderr}")


def test_signals(data, directory):
    """The worker dies of it, and no other process."""
    out = directory + "/signals"
    result = bench_run("run", *SMALL, *EPOCHS, "--quiet", "--plugin", PLUGIN, "--backend",
                       "naive,cheat:signals-term,cheat:signals-kill", "--data", data, "--out", out)
    check(result.returncode == 1, f"exit {result.returncode}: {result.stderr}")
    for name in ("TERM", "KILL"):
        check(re.search(rf"cheat:signals-{name.lower()}.*killed by SIG{name}", result.stderr), result.stderr)
    check([r["backend"] for r in whole_rows(out + "/epochs.csv")].count("naive") == 1, "naive trains on")


def test_early(data, directory):
    """A constructor that forks: in the process that asks the plug-in, in each worker, and in bench micro itself."""
    for argv, code, least in ((["list"], 0, 1),
                               (["prove", *SMALL, "--case", "gemm *", "--backend", "cheat"], 0, 2),
                               (["micro", *SMALL, "--backend", "cheat", "--benchmark_filter=^no case$"], 2, 3)):
        result = bench_run(*argv, "--plugin", PLUGIN, CHEAT_FORKS_EARLY="1")
        told = re.findall(r"^bench: .* started 1 process: .*; all of them have ended$", result.stderr, re.M)
        check(result.returncode == code and len(told) == least, f"{argv}: {result}")


def test_interrupted(data, directory):
    """Ended by a signal in the middle of a proof."""
    for sent in (signal.SIGINT, signal.SIGTERM):
        name, value = MARK.split("=")
        process = subprocess.Popen([bench, "run", *SMALL, "--epochs", "1000", "--plugin", PLUGIN, "--backend", "cheat:forks",
                                    "--data", data, "--out", f"{directory}/{sent.name}"], text=True,
                                   env=clean_environment(**{name: value, "CHEAT_FORKS_EARLY": "1"}),
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        while process.poll() is None and len(marked()) < 3:  # bench, its worker, and what that has forked
            time.sleep(0.01)
        process.send_signal(sent)
        _, stderr = process.communicate(timeout=120)
        check(process.returncode == 130, f"{sent.name}: exit {process.returncode}: {stderr}")
        check(marked() == [], f"{sent.name}: left {marked()}")


if not os.access("/proc/self/environ", os.R_OK):
    skip("/proc does not show the environment of a process")
with scratch() as scratch_dir:
    data_dir = make_data(scratch_dir + "/data", 640, 80)
    for test in (test_early, test_started, test_signals, test_interrupted):
        test(data_dir, scratch_dir)
finish()
