# SPDX-License-Identifier: MIT
"""Names from outside: bytes that are not UTF-8, characters across the length at which a name is cut, names that a
spreadsheet computes, plug-ins whose name breaks the rule. And a directory that a failed command must not keep.

Arguments: bench, the plug-ins called -x and with 33 characters, a CBLAS library."""
import json
import os
import shutil
import sys

from cli_common import check, finish, make_data, run, scratch, whole_rows
from lanebench.rows import read_rows

bench, dash, long_name, library = sys.argv[1:]
SMALL = ["--hidden", "16", "--batch", "16", "--threads", "1", "--quiet"]
NAIVE = ["--backend", "naive", *SMALL]
TRAIN = ["--epochs", "1", *SMALL]


def read_json(path):
    with open(path, encoding="utf-8") as f:
        return json.load(f)


def check_files(result, out, what):
    """All files are whole, and UTF-8."""
    check(result.returncode == 0, f"{what}: exit {result.returncode}: {result.stderr!a}")
    names = os.listdir(out) if os.path.isdir(out) else []
    check("machine.json" in names and "topology.xml" in names, f"{what}: {names}")
    for name in names:
        check(not name.endswith((".partial", ".tmp")), f"{what}: {name} is left")
        with open(os.path.join(out, name), encoding="utf-8") as f:
            text = f.read()
        if name.endswith(".json"):
            json.loads(text)


def moved(data, directory, name):
    """The same images under another name, which may have any bytes."""
    place = os.path.join(directory, name)
    os.makedirs(place)
    for file in os.listdir(data):
        os.link(os.path.join(data, file), os.path.join(place, file))
    return place


def data_is_named(data, directory, name, dataset):
    """In both kinds of files of a proof, which is done at once."""
    out = directory + "/out"
    shutil.rmtree(out, ignore_errors=True)
    place = moved(data, directory, name)
    result = run(bench, "prove", *NAIVE, "--case", "gather *", "--data", place, "--out", out,
                 env={"OMP_X\udce9": "\udcff", "BENCH_" + "é" * 100: "1"})
    check_files(result, out, f"{name!a}")
    if result.returncode == 0:
        found = read_json(out + "/machine.json")
        check(found["dataset"]["name"] == dataset, f"{name!a}: {found['dataset']['name']!a}")
        check({r["dataset"] for r in read_rows(out + "/proof.csv", ("dataset",), print)} == {dataset}, f"{name!a}: in proof.csv")
        check(found["environment"].get("OMP_X\\xe9") == "\\xff", f"environment: {found['environment']}")
        check("BENCH_" + "é" * 100 in found["environment"], f"environment: {found['environment']}")
    return out


def test_data(data, directory):
    data_is_named(data, directory, "donn\udce9es", "donn\\xe9es")
    data_is_named(data, directory, "\udcff" * 70, "\\xff" * 15)
    data_is_named(data, directory, "é" * 40, "é" * 31)  # the 64th byte is the second one of a character
    data_is_named(data, directory, "a" * 62 + "€", "a" * 62)
    for name in ("=cmd|A0", "+1", "-1+2", "@x"):
        out = data_is_named(data, directory, name, name)
        raw = {r["dataset"] for r in whole_rows(out + "/proof.csv")}
        check(raw == {"'" + name}, f"{name}: a cell that a spreadsheet computes: {raw}")
        worst = [r["worst_error_of_bound"] for r in whole_rows(out + "/proof.csv")]
        check(not any(w.startswith("'") for w in worst), f"{name}: numbers are not touched: {worst}")


def test_long_path(data, directory):
    """The 512th byte is inside a character, whatever the directory's own length."""
    for shift in range(2):
        place = directory + "/" + "x" * (shift + 1)
        while len(os.fsencode(place)) < 600:
            place += "/" + "é" * 50
        out = f"{directory}/long{shift}"
        result = run(bench, "prove", *NAIVE, "--case", "gather *", "--data", moved(data, directory, place), "--out", out)
        check_files(result, out, "long path")
        source = read_json(out + "/machine.json")["dataset"]["source"]
        check(place.startswith(source) and 509 < len(os.fsencode(source)) < 512, f"long path: {source}")


def library_specs(directory, names):
    return ",".join("cblas:" + os.path.join(directory, name) for name in names)


def test_run(data, directory):
    """A whole run, with all its files."""
    names, shown = ("lib\udce9.so", "lib\udce8.so"), ["cblas:lib\\xe9.so", "cblas:lib\\xe8.so"]
    for name in names:
        shutil.copy(library, os.path.join(directory, name))
    out = directory + "/run"
    result = run(bench, "run", "--backend", library_specs(directory, names), *TRAIN, "--data", moved(data, directory, "=caf\udce9"),
                 "--out", out)
    check_files(result, out, "run")
    check(list(read_json(out + "/machine.json")["backends"]) == shown, "run: names in machine.json")
    for name in ("epochs.csv", "ops.csv", "proof.csv", "integrity.csv"):
        rows = read_rows(f"{out}/{name}", ("backend",), print)
        check({r["backend"] for r in rows} == set(shown), f"{name}: {[r['backend'] for r in rows][:4]}")
    check({r["dataset"] for r in read_rows(out + "/epochs.csv", ("dataset",), print)} == {"=caf\\xe9"}, "run: dataset")


def test_missing_libraries(data, directory):
    """The bytes 64 and 512 of what is said of them are inside a character."""
    out = directory + "/missing"
    names = ["é" * 40 + ".so", "n\udce9.so", "x" + "é" * 110 + ".so"]
    result = run(bench, "run", "--backend", library_specs(directory, names), *TRAIN, "--data", data, "--out", out)
    check(result.returncode == 1, f"missing: exit {result.returncode}: {result.stderr!a}")
    found = read_json(out + "/machine.json")["backends"]
    check(list(found) == ["cblas:" + names[0], "cblas:n\\xe9.so", "cblas:" + names[2]], f"missing: {list(found)}")
    check(all("cannot be opened" in b["failure"] for b in found.values()), f"missing: {found}")
    refused(["run", "--backend", "cblas:" + "/é" * 300, *TRAIN], ["more than 511 bytes"], directory + "/too-long")


def refused(argv, named, out):
    """One line, exit code 2, and nothing left in the directory, be it new or there before."""
    for made in (False, True):
        shutil.rmtree(out, ignore_errors=True)
        if made:
            os.mkdir(out)
        result = run(bench, *argv, "--out", out)
        check(result.returncode in (2, 6), f"{argv}: exit {result.returncode}: {result.stderr!r}")
        check("bench: " in result.stderr and all(name in result.stderr for name in named), f"{argv}: {result.stderr!r}")
        left = os.listdir(out) if os.path.isdir(out) else None
        check(left == ([] if made else None), f"{argv}: the directory keeps {left}")
    shutil.rmtree(out, ignore_errors=True)


def test_retry(data, directory):
    """A command that has no row to show leaves no directory, so that the next try is taken."""
    out = directory + "/retry"
    refused(["prove", *NAIVE, "--case", "nonsense *"], ["no such case"], out)
    refused(["micro", *NAIVE, "--benchmark_filter=nonsense", "--data", data], ["--benchmark_filter"], out)
    refused(["run", "--backend", "naive", *TRAIN, "--data", directory + "/nowhere"], ["nowhere"], out)
    refused(["run", "--backend", "naive", "--batch", "16,32", "--threads", "1", "--quiet", "--data", directory + "/nowhere"],
            ["nowhere"], out)
    # What was there before stays: a run's directory that gets no second file.
    earlier = directory + "/run"
    before = sorted(os.listdir(earlier))
    result = run(bench, "micro", *NAIVE, "--benchmark_filter=nonsense", "--data", data, "--out", earlier)
    check(result.returncode == 2 and sorted(os.listdir(earlier)) == before, f"micro into a run: {os.listdir(earlier)}")


def test_plugins():
    for argv, shown in (((dash,), "'-x'"), ((long_name,), "'a-name-of-33-characters-xxxxx...'"), ((dash + ":-y",), "'-y'"),
                        ((dash + ":" + "é" * 20,), "'" + "é" * 14 + "...'"), ((dash + ":",), "''")):
        result = run(bench, "list", "--plugin", *argv)
        check(result.returncode == 2 and result.stderr.count("\n") == 1, f"{argv}: {result}")
        check(shown in result.stderr and "1 to 32 characters of a-z" in result.stderr, f"{argv}: {result.stderr!a}")
    result = run(bench, "list", "--json", "--plugin", dash + ":" + "y" * 32, "--plugin", long_name + ":a-")
    names = [b["name"] for b in json.loads(result.stdout or '{"backends": []}')["backends"][-2:]]
    check(names == ["y" * 32, "a-"], f"renamed: {result}")


with scratch() as scratch_dir:
    images = make_data(scratch_dir + "/data")
    test_plugins()
    test_data(images, scratch_dir)
    test_long_path(images, scratch_dir)
    test_run(images, scratch_dir)
    test_missing_libraries(images, scratch_dir)
    test_retry(images, scratch_dir)
finish()
