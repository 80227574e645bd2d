# SPDX-License-Identifier: MIT
"""test_compare.py BENCH SOURCE_ROOT: bench compare, of recorded and invented runs: its ratios and intervals from the files'
medians, what it withholds and why, several machines, the width of a terminal, what it refuses."""
import glob
import json
import math
import os
import sys

from cli_common import check, check_refused, finish, run, scratch
from synthetic_run import write_run

bench, root = os.path.abspath(sys.argv[1]), sys.argv[2]
SETTINGS = {"epochs": 10, "batch": 128, "inputs": 784, "hidden": 512, "classes": 10, "threads": 2, "seed": "42",
            "timeout": 600, "backends": ["avx2"]}


def write(directory, env_id="aaaaaaaaaaaa", commit="1" * 40, slowdown=1.0, settings=(), **changes):
    """changes: of avx512's object of summary.json."""
    write_run(directory, epochs=10, slowdown=slowdown, backends=("naive", "avx512", "onednn"))
    with open(directory + "/summary.json", encoding="utf-8") as f:
        summary = json.load(f)
    summary.update(run_id=os.path.basename(directory), env_id=env_id, time_utc="2026-01-01T00:00:00Z", cpu={"model": "CPU"},
                   dataset={"name": "mnist", "train_images": 60000}, settings={**SETTINGS, **dict(settings)},
                   build={"commit": commit, "dirty": False, "compiler": "gcc"})
    summary["backends"][-1]["library"] = "oneDNN"
    next(b for b in summary["backends"] if b["backend"] == "avx512").update(changes)
    for name, content in (("summary", summary), ("machine", {k: v for k, v in summary.items() if k != "backends"})):
        with open(f"{directory}/{name}.json", "w", encoding="utf-8") as f:
            json.dump(content, f)
    return {b["backend"]: b for b in summary["backends"]}


def compare(*argv, columns="80"):
    return run(bench, "compare", *argv, env={"COLUMNS": columns})


def rows_of(*argv):
    result = compare(*argv, "--json")
    check(result.returncode == 0 and result.stderr == "", f"--json: {result}")
    return {(r["backend"], r["run"]): r for r in json.loads(result.stdout)["rows"]}


def test_two_runs(one, two):
    old, new = write(one), write(two, commit="2" * 40, slowdown=0.9, settings={"threads": 4, "timeout": 5})
    rows = rows_of(one, two)
    check(list(rows) == [(name, letter) for name in old for letter in "AB"], f"rows: {list(rows)}")
    for name in old:
        row, a, b = rows[name, "B"], old[name], new[name]
        check(math.isclose(row["speed"], a["median_seconds"] / b["median_seconds"], rel_tol=1e-8), f"{name}: {row}")
        (low, high), (own_low, own_high) = a["interval_95"], b["interval_95"]
        check(rows[name, "A"]["speed"] is None and rows[name, "A"]["over_run"] is None, f"{name}: A: {rows[name, 'A']}")
        if low is None:
            check((row["established"], row["range"]) == (False, [None, None]) and "1 later epochs" in row["reason"], f"{row}")
            continue
        expected = [low / own_high, high / own_low]
        check(row["established"] and row["over_run"] == "A"
              and all(math.isclose(x, y, rel_tol=1e-8) for x, y in zip(row["range"], expected)), f"{name}: {row} {expected}")
        check(row["range"][0] < row["speed"] < row["range"][1], f"{name}: {row}")
    text = compare(one, two).stdout
    row, = (line.split() for line in text.splitlines() if line.startswith("avx512   B"))
    speed, low, high = (f"{x:.2f}" for x in (rows["avx512", "B"]["speed"], *rows["avx512", "B"]["range"]))
    check(row[-5:] == [f"{speed}x", "A", low, "-", high], f"the table: {row}")
    unwrapped = " ".join(text.split())
    check("differs from A in commit (x111111111111 and x222222222222), threads (2 and 4) " in unwrapped, text)
    check("naive of B against naive of A: not established: A: 1 later epochs; an interval takes 6" in unwrapped, text)
    check("did not take turns" in unwrapped and "bench ab" in unwrapped, text)
    check(not any(word in unwrapped for word in ("FASTER", "SLOWER", "faster", "slower")), f"a verdict: {text}")


def test_short_epochs(one, two):
    """Of a small network: three digits of what the table shows."""
    for directory in (one, two):
        write(directory, median_seconds=0.00123456, interval_95=[0.0012, 0.00129])
    check("0.00123  0.00120 - 0.00129" in compare(one, two).stdout, compare(one, two).stdout)


def test_withheld(one, two):
    """The ratio is not a result, and the console does not show it."""
    write(one)
    for changes, reason in (({"disturbed": 5}, "B: 5 of 9 later epochs disturbed"),
                            ({"integrity": {"violations": ["calls"]}}, "B: violates integrity"),
                            ({"interval_95": None, "later_epochs": 3}, "B: 3 later epochs; an interval takes 6"),
                            ({"settings": {"hidden": 128}}, "A and B timed different work: hidden 512 and 128"),
                            ({"settings": {"batch": 64}}, "A and B timed different work: batch 128 and 64")):
        write(two, slowdown=0.9, **changes)
        rows = rows_of(one, two)
        row = rows["avx512", "B"]
        check((row["established"], row["reason"]) == (False, reason), f"{changes}: {row}")
        text = compare(one, two).stdout
        line, = (line for line in text.splitlines() if line.startswith("avx512   B"))
        check("x A" not in line and reason in " ".join(text.split()), f"{changes}: {text}")
    write(two, note="skips zero pixels")
    check(compare(one, two).stdout.count("\navx512: skips zero pixels\n") == 1, "a note of the second run alone")
    write(one, note="skips zero pixels")
    check(compare(one, two).stdout.count("\navx512: skips zero pixels\n") == 1, "a note of both runs")
    write(one)
    write(two, disturbed=4)
    check(rows_of(one, two)["avx512", "B"]["established"], "4 of 9 disturbed")
    write(two, verified="deviates: rules (110 cases)")
    check(rows_of(one, two)["avx512", "B"]["proof"] == "deviates", "deviates")
    write(two, verified=False, median_seconds=None, interval_95=None, later_epochs=0)
    row = rows_of(one, two)["avx512", "B"]
    check((row["proof"], row["speed"], row["over_run"]) == ("NO", None, None), f"failed proof: {row}")


def test_several_machines(one, two):
    old = write(one)
    for env_id in ("bbbbbbbbbbbb", ""):
        new = write(two, env_id=env_id, slowdown=3.0)
        rows = rows_of(one, two)
        for letter, figures in (("A", old), ("B", new)):
            row, up = rows["avx512", letter], figures["avx512"]["speedup_over"]["onednn"]
            check((row["over_run"], row["over_backend"]) == (letter, "onednn") and row["established"], f"{env_id}: {row}")
            check(math.isclose(row["speed"], up["ratio"], rel_tol=1e-8), f"{env_id}: {row}")
            check(not rows["naive", letter]["established"], f"{env_id}: naive {rows['naive', letter]}")
        text = compare(one, two).stdout
        check("vs onednn" in text and "median s" not in text and "seconds are not compared" in " ".join(text.split()), text)
    write(one, env_id="123456789012")
    write(two, env_id="x123456789012")
    check(rows_of(one, two)["avx512", "B"]["over_run"] == "A", "an id of digits, in old and in new files")


def test_width_and_files(directory, one, two):
    reference = sorted(glob.glob(root + "/results/reference/*/"))[0]
    write(two, env_id="bbbbbbbbbbbb")
    for runs in ((one, two), (one, one, one), (reference, reference), (reference, two), (reference, reference + "peers/torch")):
        for columns in ("80", "60"):
            result = compare(*runs, columns=columns)
            check(result.returncode == (4 if runs[1].endswith("torch") else 0), f"{runs}: {result}")
            wide = [line for line in result.stdout.splitlines() if len(line) > int(columns)
                    and not line.split()[-1].startswith(("/", root))]
            check(not wide, f"{runs}, {columns} columns: {wide}")
    exported = directory + "/table.md"
    compare(reference, reference, "--export-markdown", exported)
    with open(exported, encoding="utf-8") as f:
        text = f.read()
    check(text.startswith("# bench compare, run ") and "\n| avx512 | B | yes | " in text and " | 1.00x A | " in text, text)


def test_refused(directory, one, two):
    write(one)
    write(two)
    empty = directory + "/empty"
    os.makedirs(empty)
    check_refused(compare(one, directory + "/nowhere"), 6, ["nowhere", "summary.json", "No such file"], "no directory")
    check_refused(compare(one, empty), 6, ["empty", "summary.json", "when it ends"], "no summary")

    def broken(text, names):
        with open(two + "/summary.json", "w", encoding="utf-8") as f:
            f.write(text)
        check_refused(compare(one, two), 6, ["summary.json", *names], text[:60])

    broken("{", [])
    broken("[]", [])
    broken('{"schema": 3}', ["schema"])
    broken('{"schema": 2}', ["backends"])
    broken('{"schema": 2, "backends": [{}]}', ["name"])
    for change, name in (({"median_seconds": "x"}, "median_seconds"), ({"median_seconds": -1}, "median_seconds"),
                         ({"median_seconds": 0}, "median_seconds"), ({"interval_95": [2, 1]}, "interval_95"),
                         ({"interval_95": [1]}, "interval_95"), ({"interval_95": [1, None]}, "interval_95")):
        write(two, **change)
        check_refused(compare(one, two), 6, ["summary.json", name, "avx512"], str(change))
    with open(two + "/sweep.json", "w", encoding="utf-8") as f:
        f.write("{}")
    check_refused(compare(one, two), 6, ["is a sweep"], "a sweep")
    os.remove(two + "/sweep.json")
    write_run(two, backends=("avx2",))
    alone = compare(one, two)
    check(alone.returncode == 4 and alone.stderr.count("\n") == 1 and "nothing to compare" in alone.stderr, f"{alone}")


with scratch() as place:
    first, second = place + "/first", place + "/second"
    test_two_runs(first, second)
    test_short_epochs(first, second)
    test_withheld(first, second)
    test_several_machines(first, second)
    test_width_and_files(place, first, second)
    test_refused(place, first, second)
finish()
