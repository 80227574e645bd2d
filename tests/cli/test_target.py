# SPDX-License-Identifier: MIT
"""bench run: the bounds and the cost in ops.csv and machine.json, --attribution, Amdahl's sentence against the files,
--target-accuracy and --seeds.

Arguments: bench [amdahl], which needs a second backend of known phases."""
import json
import math
import os
import re
import statistics
import sys

from cli_common import check, finish, make_data, run, scratch, skip, whole_rows

bench, *part = sys.argv[1:]
SMALL = ["--hidden", "16", "--threads", "1", "--batch", "64"]
PARAMETERS = 784 * 16 + 16 + 160 + 10


def machine_of(out):
    with open(os.path.join(out, "machine.json"), encoding="utf-8") as f:
        return json.load(f)


def figures_of(out):
    with open(os.path.join(out, "summary.json"), encoding="utf-8") as f:
        return {found["backend"]: found for found in json.load(f)["backends"]}


def number(row, column):
    return float(row[column]) if row[column] else math.nan


def keep_roofline(cache, env_id, isa):
    """As bench roofline would; invented rates under which each roof limits something."""
    os.makedirs(os.path.join(cache, "lanebench"), exist_ok=True)
    rates = {"threads": 1, "utc": "2026-01-01T00:00:00Z", "divide": {"baseline": 1e9}, "square_root": {"baseline": 5e8},
             "bytes": {"L1": 3e10, "L2": 1e10, "L3": 5e9, "DRAM": 1e9}, "env_id": env_id, "isa": isa}
    with open(os.path.join(cache, "lanebench", "roofline.json"), "w", encoding="utf-8") as f:
        json.dump({"schema": 1, "rooflines": [rates]}, f)
    return rates


def test_bounds(data, directory, cache):
    """First without bandwidths, then with."""
    out = os.path.join(directory, "plain")
    argv = ["run", *SMALL, "--backend", "naive", "--epochs", "2", "--data", data]
    result = run(bench, *argv, "--out", out, env={"XDG_CACHE_HOME": cache})
    check(result.returncode == 0 and result.stderr.count("bench roofline --threads 1") == 1, f"note: {result.stderr}")
    rows, machine = whole_rows(out + "/ops.csv"), machine_of(out)
    check(all(r["bound_by"] == ("FMA" if r["flop"] else "") for r in rows), f"without bandwidths: {rows}")
    check(machine["roofline"] is None, "machine.json: no roofline")
    check_clocks(out, result.stdout, "on")
    rates = keep_roofline(cache, machine["env_id"], machine["cpu"]["isa_used"])
    out = os.path.join(directory, "bound")
    result = run(bench, *argv, "--out", out, env={"XDG_CACHE_HOME": cache})
    check(result.returncode == 0 and "bench roofline" not in result.stderr, f"with bandwidths: {result.stderr}")
    check(machine_of(out)["roofline"]["bytes"] == rates["bytes"], "machine.json: the roofline that was used")
    peak = 0.0  # the best so far, of the one backend
    for row in whole_rows(out + "/ops.csv"):
        peak = max(peak, number(row, "peak_gflops"))
        check_bound(row, peak, rates, machine["topology"])


def check_bound(row, peak, rates, topology):
    """The row's own figures, computed again from the definitions in results/README.md."""
    seconds, flop, least = number(row, "seconds"), number(row, "flop"), number(row, "bytes_min")
    op = row["op"]
    if op == "other":
        check([row[c] for c in ("bytes_min", "ai", "bound_by", "roof_gflops", "share_of_roof")] == [""] * 5, f"{row}")
        return
    bytes_of = {"gemm forward1": 4 * (640 * 800 + 10 * 784 * 16), "gemm dw1": 4 * (640 * 800 + 10 * 784 * 16),
                "gather": 640 * (5 * 784 + 4), "rmsprop": 10 * 20 * PARAMETERS}
    if op in bytes_of:
        check(least == bytes_of[op], f"{op}: bytes_min {least}, not {bytes_of[op]}")
    limits = {"FMA": flop / (peak * 1e9) if row["flop"] else 0}
    if op == "rmsprop":
        limits["divider"] = 10 * PARAMETERS * (1 / 1e9 + 1 / 5e8)
    if op in bytes_of:
        operands = {"gather": 64 * (5 * 784 + 4), "rmsprop": 12 * 784 * 16}.get(op, 4 * (64 * 800 + 784 * 16))
        level = next(n for n, size in (("L1", topology["l1d_bytes"]), ("L2", topology["l2_bytes"]),
                                       ("L3", topology["l3_bytes"]), ("DRAM", math.inf)) if operands <= size)
        limits[level] = least / rates["bytes"][level]
        by = max(limits, key=limits.get)
        check(row["bound_by"] == by, f"{op}: bound by {row['bound_by']}, not {by}: {limits}")
        check(math.isclose(number(row, "share_of_roof"), limits[by] / seconds, rel_tol=1e-6), f"{op}: share {row}")
    if row["flop"]:
        check(math.isclose(number(row, "ai"), flop / least, rel_tol=1e-6), f"{op}: ai {row}")
        check(math.isclose(number(row, "share_of_roof"), number(row, "gflops") / number(row, "roof_gflops"),
                           rel_tol=1e-6), f"{op}: roof {row}")
    else:
        check(row["ai"] == row["roof_gflops"] == "", f"{op}: without flop {row}")


def check_clocks(out, stdout, mode):
    """The clocks that ops.csv costs are counted; without them, a step is one line and two readings."""
    machine, rows = machine_of(out), whole_rows(out + "/ops.csv")
    cost = machine["backends"]["naive"]["attribution"]
    # naive's step is composed: 16 ops and updates end a stretch, and three times one begins.
    reads = 10 * (16 + 3 if mode == "on" else 2)
    check(cost["clock_reads_per_epoch"] == reads, f"{mode}: {cost}, not {reads}")
    median = float(whole_rows(out + "/epochs.csv")[1]["train_seconds"])
    stated = 100 * reads * cost["ns_per_clock_read"] * 1e-9 / median
    check(math.isclose(cost["percent_of_epoch"], stated, rel_tol=1e-5), f"{mode}: {cost}, not {stated} %")
    check(f"share of an epoch spent reading clocks for ops.csv: naive {stated:.3f} %" in stdout, f"{mode}: {stdout}")
    check(({r["op"] for r in rows} == {"step", "other"}) == (mode == "off"), f"{mode}: {rows}")
    check(machine["settings"]["attribution"] == mode, "settings")


def test_amdahl(data, directory):
    """summary.json has the figures that follow from the files, where they are established (on a busy machine they are not),
    and the sentence has those of summary.json."""
    out = os.path.join(directory, "pair")
    listing = json.loads(run(bench, "list", "--json").stdout)["backends"]
    other = next((b["name"] for b in listing if b["status"] == "ready" and b["name"] in ("avx512", "avx2")), None)
    if other is None:
        skip("this CPU runs no second backend of known phases")
    result = run(bench, "run", *SMALL, "--backend", f"naive,{other}", "--epochs", "7", "--naive-epochs", "7", "--data",
                 data, "--out", out)
    check(result.returncode == 0, f"pair: {result.stderr}")
    figures, ops, parts = figures_of(out), whole_rows(out + "/ops.csv"), {}
    for row in ops:
        if row["epoch"] != "1":
            parts.setdefault(row["backend"], {}).setdefault(row["op"], []).append(float(row["seconds"]))
    parts = {name: {op: statistics.median(s) for op, s in of_one.items()} for name, of_one in parts.items()}
    slow, fast = sorted(parts, key=lambda name: -figures[name]["median_seconds"])
    found, up = figures[slow]["amdahl"], figures[fast]["speedup_over"][slow]
    said = re.search(rf"^{fast} against {slow}: GEMM with ([\w, ]+) ([\d.]+)x as fast, epoch ([\d.]+)x: ([\d.]+) % of the "
                     r"epoch is now (\w+) \(([\d.]+) % before\)$", result.stdout, re.M)
    check(up["rounds"] == 6 and up["established"] == (up["disturbed_rounds"] < 3), f"established: {up}")
    check((said is not None) == up["established"] == (found is not None), f"Amdahl: {up} {result.stdout}")
    check((up["reason"] is None) == up["established"] and (up["reason"] or f"{fast} is ") in result.stdout,
          f"{up}: {result.stdout}")
    if said:
        check_amdahl(found, parts[slow], parts[fast], [figures[name]["median_seconds"] for name in (slow, fast)])
        check((found["fastest"], found["epoch"]) == (fast, up["ratio"]), f"amdahl: {found}, {up}")
        check((said[1], said[5]) == (found["counted_with_products"], found["largest_other_part"]), f"{said[0]}: {found}")
        for text, value in zip((said[2], said[3], said[4], said[6]), (found["products"], found["epoch"], 100 * found["its_share"],
                                                                      100 * found["its_share_before"])):
            digits = len(text.partition(".")[2])
            check(abs(float(text) - value) <= 0.51 * 10 ** -digits, f"Amdahl: {text}, not {value}: {said[0]}")


def check_amdahl(found, slow, fast, epochs):
    """slow, fast: median seconds by op. epochs: of the two."""
    along = ("bias_act", "bias_grad", "relu_grad", "rmsprop")

    def is_product(op):
        return op.startswith(("gemm ", "forward", "backward")) or op in along

    products = [sum(seconds for op, seconds in parts.items() if is_product(op)) for parts in (slow, fast)]
    largest = max((op for op in fast if not is_product(op)), key=fast.get)
    check(found["counted_with_products"].replace(" and ", ", ").split(", ") == list(along), f"along: {found}")
    check(found["largest_other_part"] == largest, f"largest: {found}, not {largest}")
    for name, value in (("products", products[0] / products[1]), ("its_share", fast[largest] / epochs[1]),
                        ("its_share_before", slow.get(largest, 0.0) / epochs[0])):
        check(math.isclose(found[name], value, rel_tol=1e-5), f"amdahl: {name} {found[name]}, not {value}")


def test_target(data, directory):
    """Two seeds to a target that is reached after some epochs, and one that never is."""
    out = os.path.join(directory, "target")
    argv = ["run", *SMALL, "--backend", "naive", "--data", data, "--quiet"]
    result = run(bench, *argv, "--epochs", "12", "--target-accuracy", "0.8", "--seed", "7", "--seeds", "2", "--out", out)
    check(result.returncode == 0, f"target: exit {result.returncode}: {result.stderr}")
    check(sorted(os.listdir(out)) == ["epochs.csv", "history-naive.json", "integrity.csv", "machine.json", "ops.csv", "proof.csv",
                                       "summary.json", "target.csv", "topology.xml"],
          f"target: files {os.listdir(out)}")
    rows, epochs = whole_rows(out + "/target.csv"), whole_rows(out + "/epochs.csv")
    check([r["seed"] for r in rows] == ["7", "8"], f"target: seeds {rows}")
    with open(out + "/history-naive.json", encoding="utf-8") as f:
        history = json.load(f)
    check(history["loss"] == [float(r["loss"]) for r in epochs if r["seed"] == "7"], f"target: history {history}")
    for row in rows:
        mine = [e for e in epochs if e["seed"] == row["seed"]]
        accuracies = [float(e["val_accuracy"]) for e in mine]
        check(1 < len(mine) < 12 and int(row["epochs"]) == len(mine), f"target: left the turns: {row}, {accuracies}")
        check(accuracies[-1] >= 0.8 and all(a < 0.8 for a in accuracies[:-1]), f"target: at the first: {accuracies}")
        total = sum(float(e["train_seconds"]) for e in mine)
        check(row["reached"] == "1" and row["seconds_to_target"] == row["train_seconds"] and
              math.isclose(float(row["train_seconds"]), total, rel_tol=1e-6), f"target: {row}, {total} s")
        check(float(row["val_accuracy"]) == accuracies[-1] and row["target_accuracy"] == "0.8", f"target: {row}")
    seconds = sorted(float(r["train_seconds"]) for r in rows)
    line = re.search(r"^naive +(\d of \d) +([\d.]+) +([\d.]+) +([\d.]+) +([\d.]+)$", result.stdout, re.M)
    check(line and line[1] == "2 of 2" and all(abs(float(a) - b) < 6e-4 for a, b in zip(
        line.groups()[1:4], (sum(seconds) / 2, seconds[0], seconds[1]))), f"target: table {result.stdout}")
    found = figures_of(out)["naive"]["target"]
    for name, value in (("accuracy", 0.8), ("trainings", 2), ("reached", 2), ("median_seconds", sum(seconds) / 2),
                        ("fastest_seconds", seconds[0]), ("slowest_seconds", seconds[1]),
                        ("median_epochs", sum(int(r["epochs"]) for r in rows) / 2)):
        check(math.isclose(found[name], value, rel_tol=1e-6), f"target: summary.json: {name} {found}, not {value}")
    check({r["seed"] for r in whole_rows(out + "/proof.csv")} == {"7", "8"}, "target: each process proves itself")
    out = os.path.join(directory, "far")
    result = run(bench, *argv, "--epochs", "2", "--target-accuracy", "1", "--attribution", "off", "--out", out)
    check_clocks(out, result.stdout, "off")
    row = whole_rows(out + "/target.csv")[0]
    check(result.returncode == 0 and (row["reached"], row["epochs"], row["seconds_to_target"]) == ("0", "2", ""),
          f"far: {result.stderr} {row}")
    found = figures_of(out)["naive"]["target"]
    check((found["trainings"], found["reached"], found["median_seconds"]) == (1, 0, None), f"far: summary.json: {found}")
    check(re.search(r"^naive +0 of 1 +not reached +not reached +not reached +2$", result.stdout, re.M),
          f"far: {result.stdout}")


def test_refused():
    for argv, what in ((["--seeds", "2"], "--target-accuracy"), (["--attribution", "a-only"], "bench ab"),
                       (["--attribution", "no"], "allowed is on or off or a-only"), (["--target-accuracy", "1.1"], "0.001 to 1"),
                       (["--seed", str(2 ** 64 - 1), "--seeds", "2", "--target-accuracy", "1"], "exceed")):
        result = run(bench, "run", *argv)
        check(result.returncode == 2 and what in result.stderr and result.stderr.count("\n") == 1, f"{argv}: {result}")


with scratch() as directory:
    data = make_data(directory + "/data")
    if part == ["amdahl"]:
        test_amdahl(data, directory)
    else:
        test_refused()
        test_bounds(data, directory, os.path.join(directory, "cache"))
        test_target(data, directory)
finish()
