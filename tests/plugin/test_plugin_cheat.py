# SPDX-License-Identifier: MIT
"""Plug-ins that pass the proof and then cheat while they are timed: each is caught, by the check that is named here,
and an honest copy of the same plug-in passes everything.

Arguments: bench DIR-OF-MODULES [clock]; the clock's cheat is a separate test, because only a CPU whose counter is a
clock can see it."""
import json
import re
import sys

from cli_common import check, finish, make_data, run, scratch, skip, whole_rows

bench, modules, *part = sys.argv[1:]
PLUGIN = modules + "/cheat.so"
SMALL = ["--hidden", "16", "--threads", "1", "--batch", "16", "--quiet"]
EPOCHS = 10  # of 40 steps; it cheats from step 221 on, in epochs 6 to 10
CHECKED = r"(step|steps) \d+( to \d+)? of epoch \d+, checked (as a span )?during training: .*its training is not"
# Kind: the check that finds it, and its message.
CHEATS = {"skips": ("training", CHECKED),
          "skips-unseen": ("training", CHECKED.replace("again|", "")),
          "caches": ("training", CHECKED),
          "flushes": ("MXCSR", r"MXCSR .* after epoch 6")}
if part == ["clock"]:
    CHEATS = {"clock": ("time stamp counter", "train_seconds against the CPU's time stamp counter")}


def judged(out):
    """backend -> check -> row"""
    table = {}
    for row in whole_rows(out + "/integrity.csv"):
        table.setdefault(row["backend"], {})[row["check"]] = row
    return table


def has_counter():
    """Whether the time stamp counter is a clock here: elsewhere its check does not apply."""
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        return "nonstop_tsc" in f.read()


def test_cheats(data, directory):
    """All in one run."""
    out = directory + "/run"
    backends = ",".join("cheat:" + kind for kind in CHEATS)
    result = run(bench, *SMALL, "--plugin", PLUGIN, "--backend", backends, "--epochs", str(EPOCHS), "--data", data, "--out", out)
    check(result.returncode == 5, f"exit {result.returncode}: {result.stderr}")
    table, epochs = judged(out), whole_rows(out + "/epochs.csv")
    check(set(table) == {"cheat:" + kind for kind in CHEATS}, f"integrity.csv: {set(table)}")
    check(len({len(rows) for rows in table.values()}) == 1, "integrity.csv: as many checks for each")
    for kind, (name, message) in CHEATS.items():
        row = table["cheat:" + kind][name]
        check(row["status"] == "violation" and re.search(message, row["words"]), f"{kind}: {row}")
        check(f"INTEGRITY VIOLATED by cheat:{kind}: {name}: " in result.stdout, f"{kind}: {result.stdout}")
        rows = [r for r in epochs if r["backend"] == "cheat:" + kind]
        check(len(rows) >= 5, f"{kind}: its rows stay: {len(rows)}")
    test_machine(out)


def test_machine(out):
    with open(out + "/machine.json", encoding="utf-8") as f:
        machine = json.load(f)
    check(machine["exit_code"] == 5 and machine["status"] == "failed", f"machine.json: {machine['status']}")
    for kind, (name, _) in CHEATS.items():
        found = machine["backends"]["cheat:" + kind]["integrity"]
        check(name in [v["check"] for v in found["violations"]], f"machine.json: {kind}: {found}")


def test_honest(data, directory):
    """The same plug-in without a cheat, beside naive: nothing is found."""
    out = directory + "/honest"
    result = run(bench, *SMALL, "--plugin", PLUGIN, "--backend", "naive,cheat", "--epochs", "2", "--data", data, "--out", out)
    check(result.returncode == 0 and re.search(r"^integrity: \d+ checks passed", result.stdout, re.M), f"honest: {result}")
    table = judged(out)
    for name in ("naive", "cheat"):
        found = [row for row in table[name].values() if row["status"] == "violation"]
        check(found == [], f"honest: {found}")
    for name in ("file", "first loss", "training", "looked at again", "calls", "order", "MXCSR", "roof"):
        check(table["cheat"][name]["status"] == "pass", f"honest: {table['cheat'][name]}")
    check(table["naive"]["first loss"]["status"] == "not applicable", f"naive: {table['naive']['first loss']}")


with scratch() as scratch_dir:
    data_dir = make_data(scratch_dir + "/data", 640, 80)
    if part == ["clock"] and not has_counter():
        skip("the time stamp counter of this CPU is not invariant")
    test_cheats(data_dir, scratch_dir)
    if not part:
        test_honest(data_dir, scratch_dir)
finish()
