# SPDX-License-Identifier: MIT
"""bench micro: shapes of the user's, cold weights, the share of the peak, and the JSON file.

Arguments: bench [PART]; a part has needs of its own."""
import json
import re
import subprocess
import sys

from cli_common import check, check_refused, finish, is_address_sanitized, make_data, run, scratch, skip, whole_rows

bench, *part = sys.argv[1:]
SMALL = ["--hidden", "16", "--threads", "1", "--backend", "naive", "--quiet"]
QUICK = "--benchmark_min_time=0.001"


def write_shapes(directory, text):
    path = directory + "/shapes"
    with open(path, "w", encoding="ascii") as f:
        f.write(text)
    return path


def listed(data, shapes):
    return run(bench, "micro", *SMALL, "--data", data, "--shapes", shapes, "--benchmark_list_tests").stdout.split()


def test_names(data, directory):
    shapes = write_shapes(directory, "# mine\n5 6 7\n8 9 10 T N\n")
    names = listed(data, shapes)
    hot = [n for n in names if "/cold-" not in n]
    check([n for n in hot if "/shape/" in n] == ["naive/gemm/shape/5x6x7/NN/real_time",
                                                 "naive/gemm/shape/8x9x10/TN/real_time"], f"names of shapes: {names}")
    check(len(names) == len(set(names)), f"names twice: {names}")


def test_cold(data, directory):
    """Every case with weights has a cold twin, where a cache is known."""
    names = listed(data, write_shapes(directory, "5 6 7\n"))
    cold = {re.sub("/cold-l[23]", "", n) for n in names if "/cold-" in n}
    if not cold:
        skip("no cache is known here: no cold cases")
    wanted = {n for n in names if "/cold-" not in n and re.search("forward|/dh/|rmsprop|shape", n)}
    check(cold == wanted, f"cold twins: {sorted(cold ^ wanted)}")
    kinds = kinds_of_weights(measure(data, directory, write_shapes(directory, "5 6 7\n"))[0])
    both = {"hot", "cold"}
    check(kinds == {"forward1": both, "forward2": both, "dh": both, "parameters": both, "shape": both, "dw1": {""},
                    "dw2": {""}}, f"weights: {kinds}")


def kinds_of_weights(rows):
    return {r["role"]: {q["weights"].split("_")[0] for q in rows if q["role"] == r["role"]} for r in rows}


def measure(data, directory, shapes):
    """Rows of micro.csv and the JSON file of one run."""
    out, document = directory + "/micro", directory + "/out.json"
    result = run(bench, "micro", *SMALL, "--data", data, "--shapes", shapes, "--out", out, QUICK,
                 "--benchmark_filter=gemm|rmsprop", "--benchmark_repetitions=2", f"--benchmark_out={document}")
    check(result.returncode == 0, f"micro: exit {result.returncode}: {result.stderr}")
    return whole_rows(out + "/micro.csv"), document


def check_row(row):
    share, speed, peak = row["share_of_peak"], row["gflops"], row["peak_gflops"]
    if row["op"] != "gemm":
        check((share, speed, peak, row["transa"]) == ("", "", "", ""), f"micro.csv: {row}")
        return
    if float(speed) > float(peak):
        check(share == "", f"micro.csv: a rate above the peak: {row}")
    else:
        check(abs(float(share) / (float(speed) / float(peak)) - 1) < 1e-6, f"micro.csv: share of {row}")
    m, n, k = int(row["m"]), int(row["n"]), int(row["k"])
    check(float(row["flop"]) == 2 * m * n * k and float(row["bytes"]) == 4 * (m * k + k * n + m * n), f"counts of {row}")


def test_files(data, directory):
    rows, document = measure(data, directory, write_shapes(directory, "5 6 7 N T\n300 200 301\n"))
    for row in rows:
        check_row(row)
    mine = [r for r in rows if r["role"] == "shape"]
    shape = [(r["m"], r["n"], r["k"], r["transa"] + r["transb"]) for r in mine if r["weights"] == "hot"]
    check(shape == [("5", "6", "7", "NT")] * 2 + [("300", "200", "301", "NN")] * 2, f"rows of shapes: {shape}")
    hot = {role: weights - {"cold"} for role, weights in kinds_of_weights(rows).items()}
    check(hot == {"forward1": {"hot"}, "forward2": {"hot"}, "dh": {"hot"}, "parameters": {"hot"}, "shape": {"hot"},
                  "dw1": {""}, "dw2": {""}}, f"weights: {hot}")
    transposes = {r["role"]: r["transa"] + r["transb"] for r in rows if r["role"] in ("forward1", "dw1", "dw2", "dh")}
    check(transposes == {"forward1": "NN", "dw1": "TN", "dw2": "TN", "dh": "NT"}, f"transposes: {transposes}")
    test_document(document, rows)


def test_document(path, rows):
    with open(path, encoding="utf-8") as f:
        runs = json.load(f)["benchmarks"]
    measured = [r for r in runs if r["run_type"] == "iteration"]
    check(len(measured) == len(rows), f"{len(measured)} results in the JSON, {len(rows)} rows in micro.csv")
    for r in runs:
        check({"name", "run_name", "real_time", "cpu_time", "time_unit"} <= set(r), f"JSON: {r}")
    for r, row in zip(measured, rows):
        is_product = "/gemm/" in r["name"]
        check(("peak_FLOP/s" in r) == ("FLOP/s" in r) == is_product, f"JSON: counters of {r}")
        check("bytes/s" in r, f"JSON: bytes of {r}")
        if is_product:  # its clock is read outside of Google Benchmark's: the share can only be smaller
            limit = 1.01 * r["FLOP/s"] / r["peak_FLOP/s"]
            check(0 < r["share_of_peak"] <= min(1, limit) if "share_of_peak" in r else limit > 1, f"JSON: share of {r}")
            check(abs(r["peak_FLOP/s"] / 1e9 / float(row["peak_gflops"]) - 1) < 1e-6, f"JSON and CSV: {r} {row}")


def test_refusals(data, directory):
    def refused(path, *names):
        out = directory + "/refused"
        result = run(bench, "micro", *SMALL, "--data", data, "--shapes", path, "--out", out)
        check_refused(result, 2, names, f"shapes {path}", out)
    refused(directory + "/missing", "--shapes", directory + "/missing", "No such file")
    shapes = write_shapes(directory, "1 2 3\n1 2 x\n")
    refused(shapes, shapes + ":2:", "'x'")
    shapes = write_shapes(directory, "# empty\n")
    refused(shapes, "has no shape")
    other = run(bench, "prove", "--shapes", shapes)
    check(other.returncode == 2 and "--shapes" in other.stderr, f"prove --shapes: {other.stderr!r}")


def test_little_memory(data, directory):
    """An address space too small for the operands of a shape."""
    if is_address_sanitized(bench):
        skip("AddressSanitizer does not start in little address space")
    limited = write_shapes(directory, "9 9 9\n30000 30000 30000\n")
    result = subprocess.run(["sh", "-c", f'ulimit -v 8000000; exec "{bench}" micro {" ".join(SMALL)} '
                             f'--data "{data}" --shapes "{limited}"'], capture_output=True, text=True)
    check(result.returncode == 2 and limited + ":2:" in result.stderr and "MiB" in result.stderr,
          f"too large: {result}")


with scratch() as scratch_dir:
    data_dir = make_data(scratch_dir + "/data")
    if part == ["cold"]:
        test_cold(data_dir, scratch_dir)
    elif part == ["little memory"]:
        test_little_memory(data_dir, scratch_dir)
    else:
        test_names(data_dir, scratch_dir)
        test_files(data_dir, scratch_dir)
        test_refusals(data_dir, scratch_dir)
finish()
