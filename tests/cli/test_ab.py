# SPDX-License-Identifier: MIT
"""bench ab: what its rows say follows from the epochs it measured, whatever the noise; other builds and plug-ins as
contenders; refusals; interruption. No verdict is expected of a busy machine: tests of the arithmetic are elsewhere."""
import json
import math
import os
import shutil
import signal
import statistics
import subprocess
import sys

from cli_common import check, check_refused, clean_environment, finish, make_data, provenance_of, run, scratch, whole_rows
from page import ab as report_of_ab

bench, plugin = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
SMALL = ["--hidden", "16", "--threads", "1"]
CODES = {"SLOWER": 3, "INCONCLUSIVE": 4, "SAME": 0, "FASTER": 0}


def ab(data, out, *argv):
    return run(bench, "ab", *argv, *SMALL, "--data", data, "--out", out, timeout=500)


def turns_of(epochs):
    """{round: {backend: [seconds]}} and {round: backends in their order}."""
    seconds, order = {}, {}
    for row in epochs:
        number = int(row["round"])
        seconds.setdefault(number, {}).setdefault(row["backend"], []).append(float(row["train_seconds"]))
        order.setdefault(number, {})[int(row["position"])] = row["backend"]
    return seconds, order


def check_row(row, seconds, rounds, what):
    """The ratio of ab.csv from epochs.csv, and the verdict from the row's own interval."""
    ratios = [sum(seconds[r][row["b"]]) / sum(seconds[r][row["a"]]) for r in range(1, rounds + 1)]
    median = math.exp(statistics.median(math.log(x) for x in ratios))
    check(abs(float(row["ratio"]) / median - 1) < 1e-6, f"{what}: ratio {row['ratio']} instead of {median}")
    low, high, ratio = (math.log(float(row[c])) for c in ("ratio_low", "ratio_high", "ratio"))
    bias = math.log1p(float(row["bias_percent"] or 0) / 100)
    margin = math.log1p(float(row["min_effect_percent"]) / 100)
    check(low <= ratio <= high, f"{what}: interval {row}")
    expected = "INCONCLUSIVE"
    if low > 0 and ratio - bias > margin:
        expected = "SLOWER"
    elif high < 0 and ratio + bias < -margin:
        expected = "FASTER"
    elif low > -margin and high < margin:
        expected = "SAME"
    check(row["verdict"] == expected, f"{what}: {row['verdict']} instead of {expected}: {row}")
    return bias


def test_two_backends(data, directory):
    out = directory + "/two"
    result = ab(data, out, "naive", "avx2", "--rounds", "12", "--epochs-per-turn", "2", "--fail-on", "slower",
                "--export-markdown", out + ".md")
    epochs, rows = whole_rows(out + "/epochs.csv"), whole_rows(out + "/ab.csv")
    with open(out + ".md", encoding="utf-8") as f:
        exported = f.read()
    check(rows[1]["verdict"] + ": " in exported and "\n| avx2 | yes |" in exported and "\n|---|---|---:|" in exported,
          f"--export-markdown: {exported}")
    check([(r["comparison"], r["a"], r["b"]) for r in rows] ==
          [("A/A", "naive", "naive.again"), ("B/A", "naive", "avx2")], f"ab.csv: {rows}")
    check(result.returncode == CODES[rows[1]["verdict"]], f"ab: exit {result.returncode}: {result.stderr}")
    check(result.stdout.startswith(rows[1]["verdict"] + ": "), f"ab: the first line: {result.stdout[:80]!r}")
    seconds, order = turns_of(epochs)
    check(sorted(seconds) == list(range(13)), f"rounds {sorted(seconds)}")
    for number, turn in seconds.items():
        check(sorted(turn) == ["avx2", "naive", "naive.again"], f"round {number}: {turn}")
        check(all(len(s) == (2 if number else 1) for s in turn.values()), f"round {number}: epochs {turn}")
    for block in (range(1, 7), range(7, 13)):
        orders = {tuple(order[r][p] for p in (1, 2, 3)) for r in block}
        check(len(orders) == 6, f"rounds {block}: not balanced: {orders}")
    check_row(rows[0], seconds, 12, "A/A")
    bias = check_row(rows[1], seconds, 12, "B/A")
    itself = abs(math.log(float(rows[0]["ratio"])))
    holds_one = float(rows[0]["ratio_low"]) <= 1 <= float(rows[0]["ratio_high"])
    check(abs(bias - (0 if holds_one else itself)) < 1e-6, f"bias {bias}, A/A {rows[0]}")
    check(all(r["verified"] == "1" for r in epochs), "ab: unproven epochs")
    for row, end in zip(rows, (report_of_ab.of_itself(rows[0], rows), "12 rounds")):
        parts = [text.replace("\u00a0", " ").replace("−", "-") for text in (report_of_ab.size(row), end)]
        check(any(all(part in line for part in parts) for line in result.stdout.replace("\n           ", " ").splitlines()),
              f"{row['comparison']}: the report says {parts}, the console {result.stdout}")
    check({r["backend"] for r in whole_rows(out + "/proof.csv")} == {"naive", "naive.again", "avx2"}, "ab: proofs")
    with open(out + "/machine.json", encoding="utf-8") as f:
        machine = json.load(f)
    check((machine["status"], machine["exit_code"]) == ("complete", result.returncode), "ab: machine.json: the end")
    settings = machine["settings"]
    check((settings["a"], settings["rounds"], settings["epochs_per_turn"], settings["epochs"]) == ("naive", 12, 2, 25),
          f"ab: settings {settings}")
    ids = {r["env_id"] for name in ("epochs", "ops", "proof", "ab") for r in whole_rows(f"{out}/{name}.csv")}
    check(ids == {machine["env_id"]} and len(machine["env_id"].lstrip("x")) == 12, f"env_id {ids}, {machine['env_id']}")


def test_other_build_and_plugin(data, directory):
    copy = directory + "/bench-copy"
    shutil.copy(bench, copy)
    with open(copy, "ab") as f:
        f.write(b"\0")  # the same program, another file
    out = directory + "/build"
    result = ab(data, out, copy + ":naive", plugin, "--rounds", "6")
    check(result.returncode == 0, f"another build: exit {result.returncode}: {result.stderr}")
    with open(out + "/machine.json", encoding="utf-8") as f:
        backends = json.load(f)["backends"]
    program = backends["naive"].get("program", {})
    check(list(backends) == ["naive", "naive.again", "my_gemm"], f"another build: {list(backends)}")
    check(program.get("path") == os.path.realpath(copy) and len(program["sha256"]) == 64, f"another build: {program}")
    check("program" not in backends["my_gemm"], "another build: the plug-in is of this one")
    ours, theirs = provenance_of(out, plugin), provenance_of(out, copy)
    check(ours[1] != theirs[1] != provenance_of(out, bench)[1], "another build: three files")
    code = {r["backend"]: (r["git_commit"], r["binary_sha256"]) for r in whole_rows(out + "/epochs.csv")}
    check(code == {"naive": theirs, "naive.again": theirs, "my_gemm": ours}, f"another build: code {code}")
    itself, other = ([r[side + name] for side in "ab" for name in ("_git_commit", "_binary_sha256")]
                     for r in whole_rows(out + "/ab.csv"))
    check((itself, other) == ([*theirs, *theirs], [*theirs, *ours]), f"another build: ab.csv {itself} {other}")
    check(backends["naive"]["verified"] and backends["naive"]["own_ops"], "another build: its proof and its ops")


def test_processes(data, directory):
    """Seven rounds in two processes of each contender, forth and back."""
    out = directory + "/processes"
    result = ab(data, out, "naive", "naive", "--rounds", "7", "--processes", "2", "--order", "abba")
    check(result.returncode == 0, f"processes: exit {result.returncode}: {result.stderr}")
    epochs, rows = whole_rows(out + "/epochs.csv"), whole_rows(out + "/ab.csv")
    of_each = {backend: [(r["process"], r["round"], r["epoch"]) for r in epochs if r["backend"] == backend]
               for backend in ("naive", "naive.again", "naive.b")}
    shares = [("1", "0", "1"), ("1", "1", "2"), ("1", "2", "3"), ("1", "3", "4"),
              ("2", "0", "1"), ("2", "4", "2"), ("2", "5", "3"), ("2", "6", "4"), ("2", "7", "5")]
    check(all(seen == shares for seen in of_each.values()), f"processes: {of_each}")
    order = {r["round"]: [] for r in epochs}
    for row in epochs:
        order[row["round"]].append(row["backend"])
    for number in range(1, 8):
        forth = ["naive", "naive.again", "naive.b"]
        check(order[str(number)] == (forth if number % 2 else forth[::-1]), f"abba: round {number}: {order[str(number)]}")
    check_row(rows[1], turns_of([r for r in epochs if r["round"] != "0"])[0], 7, "processes")
    check(rows[1]["rounds"] == "7", f"processes: {rows[1]}")
    check({r["process"] for r in whole_rows(out + "/ops.csv")} == {"1", "2"}, "processes: ops.csv")
    proofs = [r for r in whole_rows(out + "/proof.csv") if r["backend"] == "naive"]
    check(len(proofs) == 2 * len({(r["op"], r["cases"]) for r in proofs}), "processes: each is proven")
    with open(out + "/machine.json", encoding="utf-8") as f:
        settings = json.load(f)["settings"]
    check((settings["processes"], settings["order"]) == (2, "abba"), f"processes: settings {settings}")


# arguments, exit code, what the one line names
REFUSED = [
    ([], 2, ["two contenders", "bench ab avx512 ./mine.so"]),
    (["naive", "--max-isa", "baseline"], 77, ["there is no other backend to compare naive with"]),
    (["naive", "avx2", "onednn"], 2, ["'onednn'", "unexpected word"]),
    (["naive", ""], 2, ["empty"]),
    (["naive", "avx3"], 2, ["'avx3'", "did you mean 'avx2'?"]),
    (["naive", "avx2", "--max-isa", "baseline"], 77, ["avx2", "unsupported here"]),
    (["naive", "/bin/sh"], 2, ["'/bin/sh'", "PATH/bench:BACKEND"]),
    (["naive", "/bin/sh:"], 2, ["'/bin/sh:'", "PATH/bench:BACKEND"]),
    (["/nowhere/bench:naive", "naive"], 2, ["/nowhere/bench", "No such file"]),
    (["/bin:naive", "naive"], 2, ["/bin", "not a program"]),
    (["/bin/true:naive", "naive"], 2, ["does not answer"]),
    ([bench + ":avx3", "naive"], 2, [bench, "'avx3'"]),
    (["naive", "/nowhere/mine.so"], 2, ["/nowhere/mine.so"]),
    (["naive", "naive", "--rounds", "5"], 2, ["--rounds", "from 6 to 10000"]),
    (["naive", "naive", "--rounds", "10000", "--epochs-per-turn", "1000"], 2, ["--rounds 10000", "100000"]),
    (["naive", "naive", "--rounds", "6", "--processes", "7"], 2, ["--processes 7", "--rounds 6"]),
    (["naive", "naive", "--order", "baab"], 2, ["--order", "random", "abba"]),
    (["naive", "naive", "--min-effect", "0"], 2, ["--min-effect"]),
    (["naive", "naive", "--fail-on", "faster"], 2, ["--fail-on", "slower"]),
    (["naive", "naive", "--epochs", "3"], 2, ["--epochs", "bench ab"]),
]


def test_refusals(data, directory):
    for argv, code, names in REFUSED:
        out = directory + "/refused"
        check_refused(ab(data, out, *argv), code, names, f"ab {argv}", out)


def test_other_protocol(data, directory):
    """A program that answers as a bench does, with another version."""
    answer = subprocess.run([bench, "worker", "answer", "naive"], capture_output=True, check=True).stdout
    check(answer.startswith(b"lanebench-worker"), f"worker answer: {answer[:20]!r}")
    other = bytearray(answer)
    other[16] ^= 1
    for name, content, message in (("other", bytes(other), "protocol"), ("cut", answer[:-1], "protocol"),
                                   ("short", answer[:20], "does not answer")):
        with open(f"{directory}/{name}.bin", "wb") as f:
            f.write(content)
        program = f"{directory}/{name}"
        with open(program, "w", encoding="utf-8") as f:
            f.write(f'#!/bin/sh\nexec cat "{directory}/{name}.bin"\n')
        os.chmod(program, 0o755)
        result = ab(data, directory + "/refused", program + ":naive", "naive")
        check(result.returncode == 2 and message in result.stderr, f"{name}: {result.returncode} {result.stderr!r}")


def test_interrupted(data, directory):
    """One backend against itself, ended too early for a verdict."""
    out = directory + "/interrupted"
    argv = ["ab", "naive", "naive", *SMALL, "--rounds", "9000", "--data", data, "--out", out]
    process = subprocess.Popen([bench, *argv],
                               env=clean_environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    for line in process.stderr:
        if line.startswith("Epoch 2/"):
            break
    process.send_signal(signal.SIGINT)
    stdout, _ = process.communicate(timeout=120)
    check(process.returncode == 130, f"interrupted: exit {process.returncode}")
    check(stdout.startswith("NO VERDICT"), f"interrupted: {stdout!r}")
    names = sorted(os.listdir(out))
    check(names == ["epochs.csv", "integrity.csv", "machine.json", "ops.csv", "proof.csv", "summary.json", "topology.xml"],
          f"interrupted: {names}")
    contenders = {r["backend"] for r in whole_rows(out + "/epochs.csv")}
    check(contenders == {"naive", "naive.again", "naive.b"}, f"interrupted: {contenders}")


with scratch() as scratch_dir:
    data_dir = make_data(scratch_dir + "/data")
    test_two_backends(data_dir, scratch_dir)
    test_other_build_and_plugin(data_dir, scratch_dir)
    test_processes(data_dir, scratch_dir)
    test_refusals(data_dir, scratch_dir)
    test_other_protocol(data_dir, scratch_dir)
    test_interrupted(data_dir, scratch_dir)
finish()
