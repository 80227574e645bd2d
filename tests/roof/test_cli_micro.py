# SPDX-License-Identifier: MIT
"""bench micro: shapes of the user's, cold weights, the share of the peak, and a JSON file as Google Benchmark's own
compare.py reads it."""
import json
import os
import re
import subprocess
import sys

from test_cli_common import check, finish, is_address_sanitized, make_data, run, scratch, whole_rows

bench = sys.argv[1]
SMALL = ["--hidden", "16", "--threads", "1", "--backend", "naive", "--quiet"]
QUICK = "--benchmark_min_time=0.001"
# Of libbenchmark-tools. Needs python3-scipy.
COMPARE = os.environ.get("BENCH_TEST_COMPARE", "/usr/share/benchmark/compare.py")


def write_shapes(folder, text):
    path = folder + "/shapes"
    with open(path, "w", encoding="ascii") as f:
        f.write(text)
    return path


def test_names(data, folder):
    shapes = write_shapes(folder, "# mine\n5 6 7\n8 9 10 T N\n")
    names = run(bench, "micro", *SMALL, "--data", data, "--shapes", shapes, "--benchmark_list_tests").stdout.split()
    hot = [n for n in names if "/cold-" not in n]
    check([n for n in hot if "/shape/" in n] == ["naive/gemm/shape/5x6x7/NN/real_time",
                                                 "naive/gemm/shape/8x9x10/TN/real_time"], f"names of shapes: {names}")
    check(len(names) == len(set(names)), f"names twice: {names}")
    cold = {re.sub("/cold-l[23]", "", n) for n in names if "/cold-" in n}
    wanted = {n for n in hot if re.search("forward|/dh/|rmsprop|shape", n)}
    check(not cold or cold == wanted, f"cold twins: {sorted(cold ^ wanted)}")
    if not cold:
        print("no cache is known here: no cold cases")
    return bool(cold)


def check_row(row):
    share, speed, peak = row["share_of_peak"], row["gflops"], row["peak_gflops"]
    if row["op"] != "gemm":
        check((share, speed, peak, row["transa"]) == ("", "", "", ""), f"micro.csv: {row}")
        return
    check(float(peak) > 0 and abs(float(share) / (float(speed) / float(peak)) - 1) < 1e-6, f"micro.csv: share of {row}")
    m, n, k = int(row["m"]), int(row["n"]), int(row["k"])
    check(float(row["flop"]) == 2 * m * n * k and float(row["bytes"]) == 4 * (m * k + k * n + m * n), f"counts of {row}")


def test_files(data, folder, has_cold):
    shapes = write_shapes(folder, "5 6 7 N T\n300 200 301\n")
    out, document = folder + "/micro", folder + "/out.json"
    result = run(bench, "micro", *SMALL, "--data", data, "--shapes", shapes, "--out", out, QUICK,
                 "--benchmark_filter=gemm|rmsprop", "--benchmark_repetitions=2", f"--benchmark_out={document}")
    check(result.returncode == 0, f"micro: exit {result.returncode}: {result.stderr}")
    rows = whole_rows(out + "/micro.csv")
    for row in rows:
        check_row(row)
    mine = [r for r in rows if r["role"] == "shape"]
    shape = [(r["m"], r["n"], r["k"], r["transa"] + r["transb"]) for r in mine if r["weights"] == "hot"]
    check(shape == [("5", "6", "7", "NT")] * 2 + [("300", "200", "301", "NN")] * 2, f"rows of shapes: {shape}")
    kinds = {r["role"]: {q["weights"].split("_")[0] for q in rows if q["role"] == r["role"]} for r in rows}
    both = {"hot", "cold"} if has_cold else {"hot"}
    check(kinds == {"forward1": both, "forward2": both, "dh": both, "parameters": both, "shape": both, "dw1": {""},
                    "dw2": {""}}, f"weights: {kinds}")
    transposes = {r["role"]: r["transa"] + r["transb"] for r in rows if r["role"] in ("forward1", "dw1", "dw2", "dh")}
    check(transposes == {"forward1": "NN", "dw1": "TN", "dw2": "TN", "dh": "NT"}, f"transposes: {transposes}")
    test_document(document, rows)
    return document


def test_document(path, rows):
    with open(path, encoding="utf-8") as f:
        runs = json.load(f)["benchmarks"]
    measured = [r for r in runs if r["run_type"] == "iteration"]
    check(len(measured) == len(rows), f"{len(measured)} results in the JSON, {len(rows)} rows in micro.csv")
    for r in runs:
        check({"name", "run_name", "real_time", "cpu_time", "time_unit"} <= set(r), f"JSON: {r}")
    for r, row in zip(measured, rows):
        is_product = "/gemm/" in r["name"]
        check(("share_of_peak" in r) == ("peak_FLOP/s" in r) == ("FLOP/s" in r) == is_product, f"JSON: counters of {r}")
        check("bytes/s" in r, f"JSON: bytes of {r}")
        if is_product:  # its clock is read outside of Google Benchmark's: the share can only be smaller
            check(0 < r["share_of_peak"] <= 1.01 * r["FLOP/s"] / r["peak_FLOP/s"], f"JSON: share of {r}")
            check(abs(r["peak_FLOP/s"] / 1e9 / float(row["peak_gflops"]) - 1) < 1e-6, f"JSON and CSV: {r} {row}")


def test_compare(document):
    if not os.path.exists(COMPARE):
        print("not tried: compare.py (apt install libbenchmark-tools)")
        return
    result = subprocess.run([sys.executable, COMPARE, "--no-color", "benchmarks", document, document],
                            capture_output=True, text=True)
    if "ModuleNotFoundError" in result.stderr:
        print("not tried: compare.py:", result.stderr.splitlines()[-1])
        return
    check(result.returncode == 0 and "naive/gemm/shape/5x6x7/NT" in result.stdout, f"compare.py: {result}")


def test_refusals(data, folder):
    def refused(path, *names):
        out = folder + "/refused"
        result = run(bench, "micro", *SMALL, "--data", data, "--shapes", path, "--out", out)
        check(result.returncode == 2 and result.stdout == "", f"{names}: exit {result.returncode}")
        check(result.stderr.count("\n") == 1, f"{names}: not one line: {result.stderr!r}")
        check(not os.path.exists(out), f"{names}: the folder is left")
        for name in names:
            check(name in result.stderr, f"{names}: {result.stderr!r}")
    refused(folder + "/missing", "--shapes", folder + "/missing", "No such file")
    shapes = write_shapes(folder, "1 2 3\n1 2 x\n")
    refused(shapes, shapes + ":2:", "'x'")
    shapes = write_shapes(folder, "# empty\n")
    refused(shapes, "has no shape")
    if is_address_sanitized(bench):
        print("not tried: little address space, which AddressSanitizer does not start in")
    else:
        limited = write_shapes(folder, "9 9 9\n30000 30000 30000\n")
        result = subprocess.run(["sh", "-c", f'ulimit -v 8000000; exec "{bench}" micro {" ".join(SMALL)} '
                                 f'--data "{data}" --shapes "{limited}"'], capture_output=True, text=True)
        check(result.returncode == 2 and limited + ":2:" in result.stderr and "MiB" in result.stderr,
              f"too large: {result}")
    other = run(bench, "prove", "--shapes", shapes)
    check(other.returncode == 2 and "--shapes" in other.stderr, f"prove --shapes: {other.stderr!r}")


with scratch() as scratch_folder:
    data_folder = scratch_folder + "/data"
    os.mkdir(data_folder)
    make_data(data_folder)
    cold_there = test_names(data_folder, scratch_folder)
    test_compare(test_files(data_folder, scratch_folder, cold_there))
    test_refusals(data_folder, scratch_folder)
finish()
