# SPDX-License-Identifier: MIT
"""Plug-ins that take more than they are given, memory or threads: each is caught, and an honest copy of the same plug-in
is not.

Arguments: bench DIR-OF-MODULES"""
import re
import sys

from cli_common import check, finish, make_data, run, scratch, whole_rows

bench, modules = sys.argv[1:]
PLUGIN = modules + "/cheat.so"
EPOCHS = 5  # of 160 steps; it leaks from step 221 on, in epochs 2 to 5: 256 KiB or 8 KiB in each step
# Kind: the check that finds it, its message, what it has seen.
CAUGHT = {"leaks": ("memory", r"resident memory after epoch [23],", r"^\d\d\.\d MB more$"),
          "leaks-slowly": ("memory", "resident memory after epoch [45],", r"^\d\.\d MB more, a page a step"),
          "thread": ("threads", "those that worked more than half as long, epoch 1$", "^2$")}


with scratch() as directory:
    data = make_data(directory + "/data", 2560, 80)
    backends = ",".join(["cheat"] + ["cheat:" + kind for kind in CAUGHT])
    result = run(bench, "run", "--hidden", "16", "--threads", "1", "--batch", "16", "--epochs", str(EPOCHS),
                 "--quiet", "--plugin", PLUGIN, "--backend", backends, "--data", data, "--out", directory + "/run", timeout=550)
    check(result.returncode == 5, f"exit {result.returncode}: {result.stderr}")
    rows = {(r["backend"], r["check"]): r for r in whole_rows(directory + "/run/integrity.csv")}
    for kind, (name, message, seen) in CAUGHT.items():
        row = rows["cheat:" + kind, name]
        check(row["status"] == "violation" and re.search(message, row["words"]) and re.search(seen, row["seen"]), f"{kind}: {row}")
    for name in ("memory", "threads"):
        check(rows["cheat", name]["status"] == "pass", f"honest: {rows['cheat', name]}")
    resident = {}
    for row in whole_rows(directory + "/run/epochs.csv"):
        resident.setdefault(row["backend"], []).append(float(row["rss_mb"]))
    print(resident)
    check(all(1 < mb < 1000 for mb in resident["cheat"]), f"rss_mb: {resident['cheat']}")
    check(resident["cheat:leaks"][-1] - resident["cheat:leaks"][0] > 100, f"rss_mb: {resident['cheat:leaks']}")
finish()
