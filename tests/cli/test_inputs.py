# SPDX-License-Identifier: MIT
"""Every file that bench is given: anything that is not a regular file, or is too large, is refused in one line, at once
and without a directory left behind, and what a file says cannot write to the terminal."""
import json
import os
import shutil
import sys

from cli_common import check, finish, make_data, run, scratch

bench = sys.argv[1]
SMALL = ["--backend", "naive", "--hidden", "16", "--threads", "1", "--quiet"]
TOO_LARGE = 300 << 20
ESCAPE = "\033[2J\u009b31m\n"
# LeakSanitizer looks at a worker from a process of its own, which bench would report as one that the contender started.
os.environ["ASAN_OPTIONS"] = "detect_leaks=0"


def fifo(path):
    os.mkfifo(path)


def huge(path):
    with open(path, "wb") as f:
        f.write(b'{"schema": 1, "padding": "')
        f.truncate(TOO_LARGE)


def dir_there(path):
    os.mkdir(path)


def escapes(path):
    """No JSON, no CSV, no shapes: what the refusal quotes of it must be clean."""
    with open(path, "w", encoding="utf-8") as f:
        f.write(ESCAPE + "{" + ESCAPE)


KINDS = {fifo: "FIFO", huge: "MiB", dir_there: "directory", escapes: ""}


def refused(what, result, codes, out, *names):
    lines = [line for line in result.stderr.splitlines() if line.startswith(("bench: ", "warning: "))
             and not line.startswith("warning: other programs take")]  # of a busy machine
    check(result.returncode in codes and len(lines) == 1, f"{what}: exit {result.returncode}: {result.stderr!r}")
    check(all(c.isprintable() or c == "\n" for c in result.stdout + result.stderr), f"{what}: {result.stderr!r}")
    check(not out or not os.path.exists(out), f"{what}: leaves {out}")
    for name in names:
        check(name in "".join(lines), f"{what}: {name!r} is not named: {lines}")


def each_kind(directory):
    """A path that is a FIFO, then a huge file, and so on; and what the refusal says of it."""
    for make, says in KINDS.items():
        path = os.path.join(directory, "bad")
        make(path)
        yield make.__name__, path, says
        shutil.rmtree(path) if os.path.isdir(path) else os.remove(path)


def test_named(data, directory):
    out = directory + "/out"
    for kind, path, says in each_kind(directory):
        train = [*SMALL, "--epochs", "1", "--data", data, "--out", out]
        for command in (["run", *train, "--tuning", path], ["micro", *SMALL, "--data", data, "--shapes", path, "--out", out],
                        ["tune", *SMALL, "--data", data, "--tuning", path], ["list", "--plugin", path]):
            # A plug-in is whatever dlopen() takes, and may be large.
            refused(f"{kind}: {command}", run(bench, *command, timeout=60), (2,), out, path,
                    says if command[0] != "list" else "")


def test_library(data, directory):
    """Of cblas: dlopen() would wait for ever at a FIFO. A backend that cannot be opened has not crashed, and the others
    continue."""
    missing = f"cblas:{directory}/none.so"
    for command in (["run", "--backend", missing + ",naive", "--epochs", "1", "--out", directory + "/out"],
                    ["micro", "--backend", missing + ",naive", "--benchmark_filter=gather", "--benchmark_min_time=0.001"]):
        result = run(bench, *command, *SMALL[2:], "--data", data)
        refused(f"missing: {command[0]}", result, (1,), None, "cannot be opened", "No such file")
        check("naive" in result.stdout, f"missing: {command[0]}: the others: {result.stdout}")
    shutil.rmtree(directory + "/out")
    for kind, path, _ in each_kind(directory):
        says = "is not a regular file" if kind in ("fifo", "dir_there") else ""
        for command in ("prove", "micro"):
            result = run(bench, command, "--backend", f"cblas:{path}", *SMALL[2:], "--data", data, timeout=60)
            refused(f"{kind}: {command}", result, (1,), None, "cannot be opened", path, says)
            check("crashed" not in result.stderr, f"{kind}: {command}: {result.stderr}")


def test_cache(data, directory):
    """tuning.json ends a run; what roofline.json would add to it is optional: a warning."""
    for name, codes in (("tuning.json", (2,)), ("roofline.json", (0,))):
        home = os.path.join(directory, "home-" + name)
        os.makedirs(home + "/lanebench")
        for kind, path, says in each_kind(home + "/lanebench"):
            there = os.path.join(os.path.dirname(path), name)
            os.rename(path, there)
            result = run(bench, "run", *SMALL, "--epochs", "1", "--data", data, "--out", directory + "/out", timeout=60,
                         env={"XDG_CACHE_HOME": home, "BENCH_TUNING": "auto"})
            refused(f"{kind}: {name}", result, codes, directory + "/out" if codes == (2,) else None, there, says)
            shutil.rmtree(directory + "/out", ignore_errors=True)
            os.rename(there, path)


def test_run_dirs(data, directory):
    """machine.json, sweep.json and the CSV files of earlier runs."""
    run_dir = directory + "/run"
    made = run(bench, "run", *SMALL, "--epochs", "1", "--data", data, "--out", run_dir)
    check(made.returncode == 0, f"run: {made.stderr}")
    with open(run_dir + "/machine.json", encoding="utf-8") as f:
        machine = json.load(f)
    machine["status"] = "interrupted"
    with open(run_dir + "/machine.json", "w", encoding="utf-8") as f:
        json.dump(machine, f)
    base = directory + "/base"
    shutil.copytree(run_dir, base)
    with open(base + "/machine.json", "w", encoding="utf-8") as f:
        json.dump({**machine, "status": "complete"}, f)
    for kind, path, says in each_kind(directory):
        for name, command, codes in (("machine.json", ["run", "--resume", run_dir], (2, 6)),
                                     ("epochs.csv", ["run", "--resume", run_dir], (2, 6)),
                                     ("sweep.json", ["run", "--resume", run_dir], (2, 6)),
                                     ("machine.json", ["gate", "--baseline", base, "--data", data], (6,)),
                                     ("epochs.csv", ["gate", "--baseline", base, "--data", data], (6,)),
                                     ("machine.json", ["prove", *SMALL, "--out", run_dir], (2,))):
            there = os.path.join(base if command[0] == "gate" else run_dir, name)
            aside = there + ".aside"
            if os.path.exists(there):
                os.rename(there, aside)
            os.rename(path, there)
            refused(f"{kind}: {command}: {name}", run(bench, *command, timeout=60), codes, None,
                    says if command[0] != "prove" else "machine.json")
            os.rename(there, path)
            if os.path.exists(aside):
                os.rename(aside, there)


def test_data(data, directory):
    for kind, path, says in each_kind(directory):
        bad = directory + "/bad-data"
        shutil.copytree(data, bad)
        there = bad + "/train-labels-idx1-ubyte"
        os.remove(there)
        os.rename(path, there)
        refused(f"{kind}: data", run(bench, "data", "--data", bad, timeout=60), (6,), None, "train-labels",
                "" if kind == "huge" else says)
        os.rename(there, path)
        shutil.rmtree(bad)


with scratch() as scratch_dir:
    data_dir = make_data(scratch_dir + "/data")
    test_named(data_dir, scratch_dir)
    test_library(data_dir, scratch_dir)
    test_cache(data_dir, scratch_dir)
    test_run_dirs(data_dir, scratch_dir)
    test_data(data_dir, scratch_dir)
finish()
