# SPDX-License-Identifier: MIT
"""bench roofline: its rows on stdout, as JSON and in files; the ISA cap; what it refuses; interruption. Nothing here
says how fast anything must be.

Arguments: bench [little memory]"""
import json
import math
import os
import re
import signal
import subprocess
import sys

from cli_common import check, check_refused, clean_environment, finish, is_address_sanitized, run, scratch, skip, whole_rows

bench, *part = sys.argv[1:]
COLUMNS = ("schema,run_id,threads,quantity,unit,isa,level,working_set_bytes,phase,rounds,median_per_second,"
           "min_per_second,max_per_second,env_id,git_commit,binary_sha256").split(",")
UNITS = {"multiply_add": "flop", "divide": "result", "square_root": "result", "read": "byte", "write": "byte",
         "triad": "byte"}
LEVELS = ["L1", "L2", "L3", "DRAM"]


def check_rows(rows, threads, isas, what):
    """Rows as dictionaries of text or of JSON's values."""
    for row in rows:
        low, middle, high = (float(row[c]) for c in ("min_per_second", "median_per_second", "max_per_second"))
        check(0 < low <= middle <= high and math.isfinite(high), f"{what}: {row}")
        check(UNITS.get(row["quantity"]) == row["unit"], f"{what}: unit of {row}")
        in_memory = row["unit"] == "byte"
        check(bool(row["level"]) == bool(row["working_set_bytes"]) == in_memory, f"{what}: level of {row}")
        check(bool(row["phase"]) == (row["quantity"] == "multiply_add"), f"{what}: phase of {row}")
        check(not in_memory or row["isa"] == isas[-1], f"{what}: memory with {row['isa']}")
    for team in threads:
        mine = [r for r in rows if int(r["threads"]) == team]
        for phase in ("before", "after"):
            check([r["isa"] for r in mine if r["phase"] == phase] == isas, f"{what}: {phase}, {team} threads")
        for quantity in ("divide", "square_root"):
            check([r["isa"] for r in mine if r["quantity"] == quantity] == isas, f"{what}: {quantity}, {team} threads")
        sizes = {r["level"]: int(r["working_set_bytes"]) for r in mine if r["level"]}
        shown = [level for level in LEVELS if level in sizes]
        check([sizes[level] for level in shown] == sorted(set(sizes.values())), f"{what}: working sets {sizes}")
        for level in shown:
            check([r["quantity"] for r in mine if r["level"] == level] == ["read", "write", "triad"], f"{what}: {level}")
    check({int(r["threads"]) for r in rows} == set(threads), f"{what}: threads")


def is_steady(rows):
    """Whether the peak after a team's measurement is that before it, to 10 %."""
    peaks = {}
    for row in rows:
        if row["phase"]:
            peaks.setdefault((row["threads"], row["isa"]), []).append(float(row["median_per_second"]))
    return all(max(pair) <= 1.1 * min(pair) for pair in peaks.values())


def test_files(directory):
    out = directory + "/run"
    result = run(bench, "roofline", "--threads", "2", "--max-isa", "baseline", "--out", out)
    check(result.returncode == 0, f"roofline: exit {result.returncode}: {result.stderr}")
    check(sorted(os.listdir(out)) == ["machine.json", "roofline.csv", "topology.xml"], f"files {os.listdir(out)}")
    rows = whole_rows(out + "/roofline.csv")
    check(list(rows[0]) == COLUMNS, f"columns {list(rows[0])}")
    check_rows(rows, [1, 2], ["baseline"], "baseline cap")
    lines = [line for line in result.stdout.splitlines() if re.match(r" *\d+ ", line)]  # beside the head, and what is left out
    check(len(lines) == len(rows), f"one line of the table per row: {result.stdout}")
    if is_steady(rows):
        check_saved(rows, rows[0]["env_id"], [1, 2])
    check(("nothing is saved" in result.stderr) != is_steady(rows), f"steady: {is_steady(rows)}: {result.stderr}")
    with open(out + "/machine.json", encoding="utf-8") as f:
        machine = json.load(f)
    check(machine["status"] == "complete" and machine["dataset"] is None, f"machine.json: {machine['status']}")
    check(machine["run_id"] == rows[0]["run_id"] and machine["settings"]["threads"] == 2, "machine.json: settings")
    again = run(bench, "roofline", "--out", out)
    check(again.returncode == 2 and "already holds roofline.csv" in again.stderr, f"again: {again.stderr!r}")
    os.remove(out + "/roofline.csv")
    with open(out + "/machine.json", encoding="utf-8") as f:
        before = f.read()
    joined = run(bench, "roofline", "--threads", "1", "--quiet", "--max-isa", "baseline", "--out", out)
    check(joined.returncode == 0, f"joined: {joined.stderr}")
    check({r["run_id"] for r in whole_rows(out + "/roofline.csv")} == {machine["run_id"]}, "joined: run id")
    with open(out + "/machine.json", encoding="utf-8") as f:
        check(f.read() == before, "joined: machine.json has changed")


def test_json():
    isa = json.loads(run(bench, "list", "--json").stdout)["isa_used"].split("+")
    isas = ["baseline"] + ["avx2"] * ("avx2" in isa and "fma" in isa) + ["avx512"] * ("avx512f" in isa)
    result = run(bench, "roofline", "--threads", "1", "--json", "--quiet")
    check(result.returncode == 0, f"--json: exit {result.returncode}: {result.stderr!r}")
    document = json.loads(result.stdout)
    check_rows(document["rows"], [1], isas, "--json")
    shown = {r["level"] for r in document["rows"] if r["level"]}
    left_out = {r["level"] for r in document["left_out"]}
    check(shown | left_out == set(LEVELS) and not shown & left_out, f"levels {shown}, left out {left_out}")
    check(document["threads"] == 1 and document["isa_cap"] is None, "--json: threads and cap")
    capped = json.loads(run(bench, "roofline", "--threads", "1", "--json", env={"BENCH_MAX_ISA": "avx2"}).stdout)
    check(capped["isa_cap"] == "avx2" and {r["isa"] for r in capped["rows"]} == set(isas[:2]), "BENCH_MAX_ISA")


def test_little_memory():
    """An address space too small for DRAM's working set."""
    if is_address_sanitized(bench):
        skip("AddressSanitizer does not start in little address space")
    limited = subprocess.run(["sh", "-c", f'ulimit -v 700000; exec "{bench}" roofline --threads 1 --json'],
                             env=clean_environment(), capture_output=True, text=True)
    if limited.returncode == 0:
        document = json.loads(limited.stdout)
        sizes = [r["working_set_bytes"] or 0 for r in document["rows"]]
        reasons = [r["why"] for r in document["left_out"] if r["level"] == "DRAM"]
        check(reasons or max(sizes) <= 700000 * 1024 / 4, f"little memory: {max(sizes)} bytes, {reasons}")
        for why in reasons:
            check("MiB of memory" in why and why in limited.stderr, f"little memory: {why}")
    else:
        check(limited.returncode == 99 and limited.stderr.count("bench: ") == 1, f"little memory: {limited}")


def refused(argv, names):
    check_refused(run(bench, "roofline", *argv), 2, names, f"roofline {argv}")


def test_refusals():
    refused(["--threads", "0"], ["--threads", "from 1 to 1024"])
    refused(["--backend", "naive"], ["--backend", "bench roofline", "--json"])
    refused(["--epochs=2"], ["--epochs", "bench roofline"])
    refused(["--out", bench], [bench, "is a file"])
    refused(["--out", os.path.dirname(bench)], ["machine.json"])
    refused(["--max-isa", "avx"], ["--max-isa", "did you mean 'avx2'?"])
    refused(["L1"], ["'L1'"])
    typo = run(bench, "rooflin")
    check(typo.returncode == 2 and "did you mean 'roofline'?" in typo.stderr, f"typo: {typo.stderr!r}")


def test_interruption(directory):
    """SIGINT once the files are there: whole rows stay under the final name."""
    out = directory + "/interrupted"
    process = subprocess.Popen([bench, "roofline", "--threads", "2", "--out", out], env=clean_environment(), text=True,
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stderr.readline()  # the machine: the files are open by then
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=300)
    check(process.returncode in (130, 0), f"interrupted: exit {process.returncode}: {errors}")
    with open(out + "/machine.json", encoding="utf-8") as f:
        status = json.load(f)["status"]
    check(status == ("interrupted" if process.returncode == 130 else "complete"), f"interrupted: {status}")
    check(not [n for n in os.listdir(out) if n.endswith((".partial", ".tmp"))], f"interrupted: {os.listdir(out)}")
    whole_rows(out + "/roofline.csv")
    check(process.returncode == 0 or re.search("^bench: interrupted", errors, re.M), f"interrupted: {errors!r}")


def check_saved(rows, env_id, threads):
    """For later runs: an entry for each team, with the rows' medians; of bandwidths the fastest kind."""
    with open(os.environ["XDG_CACHE_HOME"] + "/lanebench/roofline.json", encoding="utf-8") as f:
        entries = {e["threads"]: e for e in json.load(f)["rooflines"] if e["isa"] == "baseline"}
    check(set(entries) <= set(threads) and 1 in entries, f"saved: {entries}")
    for team, entry in entries.items():
        mine = [r for r in rows if int(r["threads"]) == team]
        check(entry["env_id"] == env_id, f"saved: {entry}")
        levels = {r["level"] for r in mine} - {""}
        expected = {n: max(float(r["median_per_second"]) for r in mine if r["level"] == n) for n in levels}
        check(set(entry["bytes"]) == levels and all(math.isclose(entry["bytes"][n], expected[n], rel_tol=1e-6)
                                                    for n in levels), f"saved: {entry}, not {expected}")
        for quantity in ("divide", "square_root"):
            rate = next(float(r["median_per_second"]) for r in mine if r["quantity"] == quantity)
            check(math.isclose(entry[quantity]["baseline"], rate, rel_tol=1e-6), f"saved: {quantity} {entry}, not {rate}")


with scratch() as scratch_dir:
    os.environ["XDG_CACHE_HOME"] = scratch_dir + "/cache"  # not the user's
    if part == ["little memory"]:
        test_little_memory()
    else:
        test_files(scratch_dir)
        test_json()
        test_refusals()
        test_interruption(scratch_dir)
finish()
