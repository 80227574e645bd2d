# SPDX-License-Identifier: MIT
"""The files of bench run, prove and micro: what is in them, and directories that cannot take them.

Arguments: bench [PART [MORE]]; a part has needs of its own, `full disk` a bench with a whole proof."""
import json
import os
import re
import resource
import shutil
import stat
import subprocess
import sys
import xml.etree.ElementTree

from cli_common import check, check_refused, finish, make_data, provenance_of, ready_backends, run, scratch, skip, whole_rows
from lanebench.keras import read_keras

bench, *part = sys.argv[1:]
SMALL = ["--hidden", "16", "--threads", "1", "--backend", "naive"]
EPOCHS_COLUMNS = ("schema,run_id,dataset,backend,threads,seed,epoch,steps,samples,train_seconds,val_seconds,gflops,"
                  "loss,accuracy,val_loss,val_accuracy,verified,worst_error_of_bound").split(",")


def test_json(data, directory):
    """--json prints what summary.json holds, and nothing else on stdout."""
    out = os.path.join(directory, "json")
    result = run(bench, "run", *SMALL, "--epochs", "3", "--data", data, "--out", out, "--json")
    check(result.returncode == 0, f"json: exit {result.returncode}: {result.stderr}")
    with open(out + "/summary.json", encoding="utf-8") as f:
        check(f.read() == result.stdout, f"json: {result.stdout[:200]!r} is not summary.json")
    figures = json.loads(result.stdout)["backends"][0]
    seconds = sorted(float(r["train_seconds"]) for r in whole_rows(out + "/epochs.csv")[1:])
    check(abs(figures["median_seconds"] / (sum(seconds) / 2) - 1) < 1e-6, f"json: {figures['median_seconds']}, {seconds}")
    check(figures["later_epochs"] == 2 and figures["interval_95"] == [None, None], f"json: {figures}")
    proof = run(bench, "prove", *SMALL, "--case", "gather *", "--json")
    rows = json.loads(proof.stdout)["proof_rows"]
    check(proof.returncode == 0 and rows and all(r["op"] == "gather" and r["failed"] == 0 for r in rows), f"json: {rows}")
    refused = run(bench, "run", *SMALL, "--batch", "8,16", "--json")
    check(refused.returncode == 2 and "--json" in refused.stderr, f"json of a sweep: {refused}")


def test_run(data, directory):
    out = os.path.join(directory, "new", "run")
    result = run(bench, "run", *SMALL, "--epochs", "3", "--data", data, "--out", out)
    check(result.returncode == 0, f"run: exit {result.returncode}: {result.stderr}")
    names = sorted(os.listdir(out))
    check(names == ["epochs.csv", "history-naive.json", "integrity.csv", "machine.json", "ops.csv", "proof.csv", "summary.json",
                    "topology.xml"],
          f"run: files {names}")
    check(f"results: {out}" in result.stdout, "run: the summary names the directory")
    check(re.search(r"^Epoch 3/3 naive .*val_accuracy: ", result.stderr, re.M), "run: a line per epoch without a terminal")
    check("\r" not in result.stderr and "\033" not in result.stderr, "run: cursor control without a terminal")
    epochs, ops = whole_rows(out + "/epochs.csv"), whole_rows(out + "/ops.csv")
    check(list(epochs[0])[:len(EPOCHS_COLUMNS)] == EPOCHS_COLUMNS, f"epochs.csv: columns {list(epochs[0])}")
    check([(r["backend"], r["epoch"], r["steps"], r["samples"], r["verified"]) for r in epochs] ==
          [("naive", str(i), "5", "640", "1") for i in (1, 2, 3)], f"epochs.csv: rows {epochs}")
    check(len({r["run_id"] for r in epochs + ops}) == 1 and re.fullmatch(r"\d{8}-\d{6}-[0-9a-f]{4}", epochs[0]["run_id"]),
          f"run id {epochs[0]['run_id']}")
    for epoch in epochs:
        parts = [r for r in ops if r["epoch"] == epoch["epoch"]]
        total, whole = sum(float(r["seconds"]) for r in parts), float(epoch["train_seconds"])
        check(abs(total - whole) < 1e-6 * whole + 1e-8, f"ops.csv: parts of epoch {epoch['epoch']}: {total} of {whole}")
        check(abs(sum(float(r["share_of_epoch"]) for r in parts) - 1) < 1e-6, "ops.csv: shares")
        check(parts[-1]["op"] == "other" and parts[-1]["calls"] == "", f"ops.csv: last line {parts[-1]}")
        flop = 640 * 2 * (2 * (784 * 16 + 16 * 10) + 16 * 10)
        check(abs(float(epoch["gflops"]) * whole * 1e9 / flop - 1) < 1e-6, f"epochs.csv: gflops {epoch['gflops']}")
    proof = whole_rows(out + "/proof.csv")
    check(len(proof) > 3 and all(r["failed"] == "0" for r in proof), "proof.csv: rows")
    test_integrity(out, epochs[0]["run_id"])
    check(re.search(r"^integrity: \d+ checks passed, \d+ do not apply", result.stdout, re.M), "run: integrity in the summary")
    test_machine(out, epochs[0]["run_id"])
    test_provenance(out)
    test_noise(epochs)
    test_history(out, epochs)
    return out


def test_provenance(out):
    for name in ("epochs", "ops", "proof", "integrity"):
        seen = {(r["git_commit"], r["binary_sha256"]) for r in whole_rows(f"{out}/{name}.csv")}
        check(seen == {provenance_of(out, bench)}, f"{name}.csv: code {seen} instead of {provenance_of(out, bench)}")


def test_noise(epochs):
    for row in epochs:
        check(float(row["cpu_seconds"]) > 0 and int(row["invol_ctx"]) >= 0 and int(row["major_faults"]) >= 0, f"{row}")
        check(row["noisy"] in ("", "steal", "switches", "faults", "cache"), f"epochs.csv: noisy {row['noisy']!r}")
        for column in ("steal_ms", "wait_ms", "llc_gbps"):
            check(row[column] == "" or float(row[column]) >= 0, f"epochs.csv: {column} {row[column]!r}")


def test_team_spins(directory):
    """Threads that wait at a barrier spin: one that slept and was woken at each would make every step slower. The
    proof, whose teams are larger than --threads, must have left the runtime's count of threads right."""
    if len(os.sched_getaffinity(0)) < 2:
        skip("one CPU is allowed here: two threads cannot wait for each other")
    data, steps = make_data(os.path.join(directory, "team"), train=6400), 50
    backend = "avx2" if "avx2" in ready_backends(bench) else "naive"
    result = run(bench, "run", "--hidden", "128", "--threads", "2", "--backend", backend, "--epochs", "5", "--data", data,
                 "--out", directory + "/spin", env={"QUICK_PROOF_TEAMS": "1"})
    check(result.returncode == 0, f"two threads: exit {result.returncode}: {result.stderr}")
    sleeps = [int(r["vol_ctx"]) for r in whole_rows(directory + "/spin/epochs.csv")]
    # Without spinning, four times a step. Where other work takes a CPU for longer than a thread spins, it sleeps, too:
    # once a step was seen beside another sanitized test.
    check(len(sleeps) == 5 and min(sleeps) < 2 * steps, f"two threads: slept {sleeps} times in {steps} steps")


def test_history(out, epochs):
    """The curves as Keras has them, read by what reads Keras' own."""
    keras = read_keras(out + "/history-naive.json")
    for name in ("loss", "accuracy", "val_loss", "val_accuracy"):
        check(keras.column(name) == [float(r[name]) for r in epochs], f"history: {name} {keras.column(name)}")


def typed(cell, column):
    """What a cell of CSV is in JSON."""
    if cell == "":
        return None
    if column in ("run_id", "dataset", "backend", "op", "cases", "first_failure", "measured", "env_id", "noisy", "bound_by",
                  "git_commit", "binary_sha256", "kind"):
        return cell
    return float(cell) if cell not in ("nan", "inf", "-inf") else cell


def test_lines(data, directory):
    """The same rows as JSON lines, with types."""
    out = directory + "/lines"
    result = run(bench, "run", *SMALL, "--epochs", "1", "--format", "csv,jsonl", "--data", data, "--out", out)
    check(result.returncode == 0, f"jsonl: exit {result.returncode}: {result.stderr}")
    for name in ("epochs", "ops", "proof"):
        with open(f"{out}/{name}.jsonl", encoding="utf-8") as f:
            lines = [json.loads(line) for line in f]
        rows = whole_rows(f"{out}/{name}.csv")
        check(lines == [{k: typed(v, k) for k, v in row.items()} for row in rows], f"{name}.jsonl: {lines[:1]}")
        check(all(list(line) == list(rows[0]) for line in lines), f"{name}.jsonl: order of the columns")
        check(type(lines[0]["schema"]) is int, f"{name}.jsonl: {lines[0]}")
    bad = run(bench, "run", "--backend", "naive", "--format", "jsonl", "--data", data, "--out", directory + "/bad")
    check(bad.returncode == 2 and "csv,jsonl" in bad.stderr, f"--format jsonl: {bad.stderr}")


def test_integrity(out, run_id):
    rows = whole_rows(out + "/integrity.csv")
    check(list(rows[0]) == "schema,run_id,backend,check,status,expected,seen,words,env_id,git_commit,binary_sha256".split(","), f"integrity.csv: {rows[0]}")
    with open(out + "/machine.json", encoding="utf-8") as f:
        found = json.load(f)["backends"]["naive"]["integrity"]
    count = found["passed"] + found["not_applicable"] + len(found["violations"])
    check(len({r["check"] for r in rows}) == len(rows) == count > 10, f"integrity.csv: {[r['check'] for r in rows]}")
    check({(r["run_id"], r["backend"]) for r in rows} == {(run_id, "naive")}, "integrity.csv: identity")
    check({r["status"] for r in rows} <= {"pass", "not applicable"}, f"integrity.csv: {rows}")
    check(all(r["words"] for r in rows), "integrity.csv: a message in every row")


def test_machine(out, run_id):
    with open(out + "/machine.json", encoding="utf-8") as f:
        machine = json.load(f)
    check(machine["status"] == "complete" and machine["exit_code"] == 0, f"machine.json: {machine['status']}")
    check(machine["run_id"] == run_id, "machine.json: run id")
    check(machine["dataset"]["train_images"] == 640 and len(machine["dataset"]["sha256"]["train_images"]) == 64, "data")
    check(machine["command_line"][1] == "run" and machine["settings"]["epochs"] == 3, "machine.json: settings")
    check(machine["backends"]["naive"]["verified"] and machine["backends"]["naive"]["compiler_flags"], "backends")
    found = machine["backends"]["naive"]["integrity"]
    check(found["violations"] == [] and found["passed"] >= 8, f"machine.json: integrity {found}")
    for section in ("build", "cpu", "topology", "system", "libraries", "environment"):
        check(isinstance(machine[section], dict), f"machine.json: {section}")
    check({"commit", "commit_date", "dirty", "compiler", "flags"} <= set(machine["build"]), "machine.json: build")
    xml.etree.ElementTree.parse(out + "/topology.xml")


def test_adding(data, run_dir, directory):
    """micro.csv into the directory of a run, proof.csv into one of its own; never over a file that is there."""
    quick = ["--benchmark_min_time=0.001", "--benchmark_filter=gather|forward2"]
    micro = run(bench, "micro", *SMALL, *quick, "--data", data, "--out", run_dir)
    check(micro.returncode == 0, f"micro: exit {micro.returncode}: {micro.stderr}")
    rows = whole_rows(run_dir + "/micro.csv")
    hot = [r for r in rows if not r["weights"].startswith("cold")]
    check([(r["op"], r["m"], r["n"], r["k"]) for r in hot] == [("gemm", "128", "10", "16"), ("gather", "128", "784", "")],
          f"micro.csv: {rows}")
    rows = hot
    check(rows[0]["run_id"] == whole_rows(run_dir + "/epochs.csv")[0]["run_id"], "micro.csv: run id of the directory")
    check(float(rows[0]["gflops"]) > 0 and rows[1]["gflops"] == "", f"micro.csv: gflops {rows}")
    check("naive/gemm/forward2/128x10x16" in micro.stdout, f"micro: {micro.stdout}")
    again = run(bench, "micro", *SMALL, *quick, "--data", data, "--out", run_dir)
    check(again.returncode == 2 and "already holds micro.csv" in again.stderr, f"micro again: {again.stderr}")
    none = run(bench, "micro", *SMALL, "--quiet", "--benchmark_filter=nothing", "--data", data)
    check(none.returncode == 2 and "no case" in none.stderr, f"micro without a case: {none.stderr!r}")
    names = run(bench, "micro", *SMALL, "--benchmark_list_tests", "--data", data)
    check(names.returncode == 0 and "naive/gemm/dw1/784x16x128" in names.stdout, f"micro names: {names.stdout!r}")

    out = directory + "/proof"
    prove = run(bench, "prove", *SMALL, "--data", data, "--out", out)
    check(prove.returncode == 0 and re.search(r"^PROVEN +naive", prove.stdout, re.M), f"prove: {prove.stdout}")
    check(sorted(os.listdir(out)) == ["machine.json", "proof.csv", "topology.xml"], f"prove: {os.listdir(out)}")
    shown = sum(int(n) for n in re.findall(r"^pass .* (\d+) class(?:es)?\b", prove.stdout, re.M))
    check(shown == len(whole_rows(out + "/proof.csv")) > 3, f"prove: {shown} classes on stdout: {prove.stdout}")


def test_quiet(data, directory):
    result = run(bench, *SMALL, "--epochs", "1", "--data", data, "--out", directory + "/quiet", "--quiet")
    check(result.returncode == 0 and result.stderr == "", f"--quiet: {result.stderr!r}")
    check(result.stdout.startswith("backend "), "--quiet: the summary")


def refused(argv, code, names, data):
    check_refused(run(bench, *SMALL, "--quiet", "--data", data, "--out", *argv), code, names, f"--out {argv}")


def test_bad_dirs(data, directory, run_dir):
    refused([run_dir], 2, [run_dir, "not empty"], data)
    refused([run_dir + "/epochs.csv"], 2, ["is a file"], data)
    refused(["/dev/full"], 2, ["/dev/full", "is a file"], data)
    refused(["/proc/new"], 99, ["/proc/new"], data)
    refused(["/dev/null/new"], 2, ["/dev/null/new", "lies below one"], data)
    refused([directory + "/" + "x" * 300], 99, ["File name too long"], data)


def mounted(directory, options, body):
    """Runs body with a file system on directory, in a mount name space of its own; exit code 42 where that is not allowed."""
    script = f'mount -t tmpfs -o {options} none "{directory}" || exit 42; {body}'
    return subprocess.run(["unshare", "-m", "sh", "-c", script], capture_output=True, text=True)


def test_nearly_full(data, directory, place):
    """Whichever of a proof's files meets the full disk: a directory that is left has a row, else the next try is refused."""
    fates = set()
    for size in range(4, 48, 4):
        command = f'env -i "{bench}" prove {" ".join(SMALL)} --quiet --case "gather *" --data "{data}" --out "{place}/run"'
        result = mounted(place, f"size={size}k", f'{command} >/dev/null; code=$?; ls -A "{place}/run" >"{directory}/left" 2>&1;'
                         f' cat "{place}"/run/proof.csv* >"{directory}/rows" 2>/dev/null; exit $code')
        if result.returncode == 42:
            skip("mounting is not allowed here")
        with open(directory + "/left", encoding="utf-8") as f, open(directory + "/rows", encoding="utf-8") as rows:
            left, count = f.read().split("\n"), len(rows.readlines())
        gone = "No such file" in left[0]
        fates.add((result.returncode, gone))
        check(result.returncode in (0, 99) and (gone or count > 1), f"{size} KiB: {result}: {left}, {count} lines")
    check((99, True) in fates and (0, False) in fates, f"nearly full: {fates}")


def test_full_and_read_only(data, directory):
    if not shutil.which("unshare") or os.geteuid() != 0:
        skip("full and read-only file systems need root and unshare")
    name_space = subprocess.run(["unshare", "-m", "true"], capture_output=True, text=True)
    if name_space.returncode != 0:  # a chroot whose root is no mount point, or a container without the right to it
        skip(name_space.stderr.strip())
    place = directory + "/mount"
    os.mkdir(place)
    command = f'env -i "{bench}" {" ".join(SMALL)} --quiet --epochs 200 --data "{data}" --out "{place}/run"'
    read_only = mounted(place, "ro", f"{command}; exit $?")
    if read_only.returncode == 42:
        skip("mounting is not allowed here")
    check(read_only.returncode == 99 and "Read-only file system" in read_only.stderr, f"read-only: {read_only}")
    check(read_only.stderr.count("\n") == 1 and place in read_only.stderr, f"read-only: {read_only.stderr!r}")
    test_nearly_full(data, directory, place)
    # Full at once: nothing is proven or trained. Full after a while: whole rows stay.
    full = mounted(place, "size=4k", f"{command}; exit $?")
    check(full.returncode == 99 and "No space left" in full.stderr and full.stdout == "", f"full: {full}")
    check(full.stderr.count("\n") == 1, f"full: {full.stderr!r}")
    saved = directory + "/saved"
    filling = mounted(place, "size=200k", f'{command}; code=$?; cp -r "{place}/run" "{saved}"; exit $code')
    check(filling.returncode == 99 and "No space left" in filling.stderr, f"filling up: {filling}")
    check(filling.stderr.count("\n") == 1, f"filling up: {filling.stderr!r}")
    lost = check_saved(saved, "filling up")
    check(lost in (["epochs.csv"], ["ops.csv"]), f"filling up: {lost} has the name of a file that is not whole")
    # A proof that does not fit; --benchmark_out that does not, beside a CSV file that does.
    shutil.rmtree(saved)
    command = f'env -i "{part[1]}" prove {" ".join(SMALL)} --quiet --data "{data}" --out "{place}/run"'
    proof = mounted(place, "size=28k", f'{command} >"{directory}/rows"; code=$?; cp -r "{place}/run" "{saved}"; exit $code')
    check(proof.returncode == 99 and "No space left" in proof.stderr, f"prove: {proof}")
    check(check_saved(saved, "prove") == ["proof.csv"], "prove: proof.csv has its final name without all its rows")
    command = (f'env -i "{bench}" micro {" ".join(SMALL)} --quiet --data "{data}" --benchmark_filter=gather '
               f'--benchmark_min_time=0.001 --benchmark_repetitions=40 --benchmark_out="{place}/out.json"')
    out = mounted(place, "size=8k", f'{command}; code=$?; ls "{place}"; exit $code')
    check(out.returncode == 99 and "No space left" in out.stderr and "out.json" in out.stderr, f"micro: {out}")
    check(out.stdout.splitlines()[-1] != "out.json", f"micro: out.json is cut: {out.stdout[-200:]}")


def check_saved(saved, what):
    """Whole rows, whatever the name. Returns the files that still have their .partial name, without it."""
    names = [name for name in os.listdir(saved) if ".csv" in name]
    for name in names:
        check(len(whole_rows(f"{saved}/{name}")) > 2, f"{what}: {name}")
    return sorted(name.removesuffix(".partial") for name in names if name.endswith(".partial"))


def test_limited_files(data, directory):
    """Under `ulimit -f` a write fails; without care the signal would kill bench without a message."""
    def limit(size):
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    small = run(bench, *SMALL, "--epochs", "1", "--data", data, "--out", directory + "/limited",
                preexec_fn=lambda: limit(100000))
    check(small.returncode == 99 and "ulimit -f" in small.stderr and small.stderr.count("\n") == 1, f"data: {small}")
    check(not os.path.exists(directory + "/limited"), "data: the directory is left")
    rows = run(bench, *SMALL, "--quiet", "--epochs", "400", "--data", data, "--out", directory + "/limited",
               preexec_fn=lambda: limit(700000))
    check(rows.returncode == 99 and "File too large" in rows.stderr, f"rows: {rows}")
    check(check_saved(directory + "/limited", "rows") == ["ops.csv"], f"rows: {os.listdir(directory + '/limited')}")


def test_nowhere(data, directory):
    """A file that --benchmark_out cannot make is refused before the proof, a full one after it."""
    quick = ["--benchmark_min_time=0.001", "--benchmark_filter=gather", "--quiet", "--data", data]
    for path in (directory + "/no/such/out.json", directory, "/proc/out.json"):
        result = run(bench, "micro", *SMALL, *quick, f"--benchmark_out={path}", "--out", directory + "/nowhere")
        check(result.returncode == 99 and path in result.stderr and result.stdout == "", f"{path}: {result}")
        check(result.stderr.count("\n") == 1 and not os.path.exists(directory + "/nowhere"), f"{path}: {result.stderr!r}")
    full = run(bench, "micro", *SMALL, *quick, "--benchmark_out=/dev/full")
    check(full.returncode == 99 and "/dev/full: cannot be written" in full.stderr, f"/dev/full: {full}")
    check(stat.S_ISCHR(os.stat("/dev/full").st_mode), "/dev/full was replaced by a file")
    for argv in (["list"], ["list", "--json"], ["--help"], ["--version"], ["data", "--data", data], ["help-as", "man"],
                 ["prove", *SMALL, "--data", data], ["roofline"], ["doctor", "--json"], ["micro", *SMALL, *quick]):
        with open("/dev/full", "w", encoding="utf-8") as device:
            result = run(bench, *argv, stdout=device)
        check(result.returncode == 99 and "stdout: cannot be written: No space left" in result.stderr,
              f"{argv} >/dev/full: {result}")


with scratch() as scratch_dir:
    data_dir = make_data(scratch_dir + "/data")
    if part == ["team"]:
        test_team_spins(scratch_dir)
    elif part[:1] == ["full disk"]:
        test_full_and_read_only(data_dir, scratch_dir)
    else:
        run_out = test_run(data_dir, scratch_dir)
        test_json(data_dir, scratch_dir)
        test_lines(data_dir, scratch_dir)
        test_adding(data_dir, run_out, scratch_dir)
        test_quiet(data_dir, scratch_dir)
        test_bad_dirs(data_dir, scratch_dir, run_out)
        test_limited_files(data_dir, scratch_dir)
        test_nowhere(data_dir, scratch_dir)
finish()
