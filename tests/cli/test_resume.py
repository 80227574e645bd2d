# SPDX-License-Identifier: MIT
"""Runs and sweeps ended at random times by SIGKILL and SIGINT, and gone on with by --resume, which is itself ended
again: the rows are those of an undisturbed run. Then directories that cannot be resumed.
A proof takes seconds, so by itself it ends one run by SIGKILL and one sweep by SIGINT, both amid the epochs.
BENCH_TEST_KILLS=50 ends a run by each signal 50 times, and a sweep as often, at any time; BENCH_TEST_SEED repeats the
times."""
import fcntl
import json
import math
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import time

from cli_common import check, check_refused, clean_environment, finish, make_data, ready_backends, run, scratch, whole_rows

bench, evil = (os.path.abspath(word) for word in sys.argv[1:3])  # evil: a plug-in that does harm as it is told
kills = int(os.environ.get("BENCH_TEST_KILLS", "0"))
seed = int(os.environ.get("BENCH_TEST_SEED", str(random.randrange(10**6))))
rng = random.Random(seed)
EPOCHS = 40
FIGURES = ("loss", "accuracy", "val_loss", "val_accuracy", "round", "position", "verified")


def read_json(path):
    with open(path, encoding="utf-8") as f:
        return json.load(f)


def change_json(path, change):
    content = read_json(path)
    change(content)
    with open(path, "w", encoding="utf-8") as f:
        json.dump(content, f)


def rows_by_key(path, key, values=()):
    """Duplicates are a failed check."""
    rows = whole_rows(path)
    found = {tuple(r[k] for k in key): tuple(r[v] for v in values) for r in rows}
    check(len(found) == len(rows), f"{path}: rows of the same {', '.join(key)}")
    return found


def check_same(directory, whole, what):
    """A run's directory against that of an undisturbed one."""
    check(sorted(os.listdir(directory)) == sorted(os.listdir(whole)), f"{what}: files {sorted(os.listdir(directory))}")
    for name, key, values in (("epochs.csv", ("backend", "seed", "epoch"), FIGURES),
                              ("ops.csv", ("backend", "epoch", "op"), ("calls",)),
                              ("proof.csv", ("backend", "op", "cases"), ("count", "failed"))):
        paths = [os.path.join(place, name) for place in (directory, whole)]
        if all(os.path.isfile(path) for path in paths):
            one, other = (rows_by_key(path, key, values) for path in paths)
            check(one == other, f"{what}: {name}: {sorted(set(one.items()) ^ set(other.items()))[:4]}")
    for name in os.listdir(whole):
        if name.startswith("history-"):
            check(read_json(f"{directory}/{name}") == read_json(f"{whole}/{name}"), f"{what}: {name}")
    ids = {row["run_id"] for row in whole_rows(directory + "/epochs.csv")}
    check(ids == {read_json(directory + "/machine.json")["run_id"]}, f"{what}: run ids {ids}")


def row_count(directories):
    """Lines in the epochs.csv of these directories."""
    count = 0
    for directory in directories:
        for name in ("epochs.csv", "epochs.csv.partial"):
            try:
                with open(os.path.join(directory, name), "rb") as f:
                    count += f.read().count(b"\n")
            except FileNotFoundError:
                pass
    return count


def end_by(sent, argv, directories, seconds, total):
    """Starts bench and ends it: at a random time, or once a random number of rows is there. Returns the exit code."""
    process = subprocess.Popen([bench, *argv], env=clean_environment(), stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if kills and rng.random() < 0.4:
        time.sleep(seconds * rng.random())
    else:
        wanted = rng.randrange(*(row_count(directories), total + 1) if kills else (total // 8, total // 2))
        while row_count(directories) < wanted and process.poll() is None:
            time.sleep(0.0005)
        time.sleep(0.01 * rng.random())
    process.send_signal(sent)
    _, stderr = process.communicate(timeout=300)
    check(process.returncode in (0, 130, -sent), f"{sent.name}: exit {process.returncode}: {stderr}")
    return process.returncode


def disturb(argv, out, begun, points, seconds, total, whole, once):
    """Ends and resumes until as many ends as wished for have found something to end. A run that went to its end is
    compared and begun anew. once: the only signal, unless there are more to be sent. Returns how many were ended, and
    how many of them had rows of epochs by then."""
    ended, with_rows, number = 0, 0, 0
    wanted = [signal.SIGKILL, signal.SIGINT] * kills or [once]
    while ended < len(wanted):
        place = f"{out}-{number}"
        directories = [os.path.join(place, point) for point in points]
        resumable = os.path.isfile(os.path.join(place, begun))
        if os.path.isdir(place) and not resumable:  # killed before it wrote its settings
            refused(["--resume", place], 2, [place, begun, "before it measured"])
            shutil.rmtree(place)
        sent = wanted[ended]
        code = end_by(sent, ["run", "--resume", place] if resumable else [*argv, "--out", place], directories, seconds,
                      total)
        if code != 0:
            ended += 1
            with_rows += row_count(directories) > len(directories)
        if code == 0 or ended == len(wanted):
            complete(place, begun, directories, whole, points)
            number += 1
    return ended, with_rows


def complete(place, begun, directories, whole, points):
    if os.path.isfile(os.path.join(place, begun)):
        prior = {f: rows_by_key(f + "/epochs.csv", ("backend", "epoch"), ("train_seconds",))
                 for f in directories if os.path.isfile(f + "/epochs.csv")}
        result = run(bench, "run", "--resume", place)
        check(result.returncode == 0, f"{place}: resumed: exit {result.returncode}: {result.stderr}")
        state = read_json(os.path.join(place, begun))
        check(state["status"] == "complete" and state["exit_code"] == 0, f"{place}: {state['status']}")
        for directory, point in zip(directories, points):
            check_same(directory, os.path.join(whole, point), directory)
        for directory, rows in prior.items():
            after = rows_by_key(directory + "/epochs.csv", ("backend", "epoch"), ("train_seconds",))
            check(rows.items() <= after.items(), f"{directory}: a measured time was lost")
        names = [name for _, _, names in os.walk(place) for name in names if name.endswith((".partial", ".tmp"))]
        check(not names, f"{place}: {names} are left")
    shutil.rmtree(place, ignore_errors=True)


def refused(argv, code, names):
    check_refused(run(bench, "run", *argv), code, names, f"run {argv}")


def test_run(data, directory, backends):
    argv = ["run", "--data", data, "--hidden", "16", "--threads", "1", "--epochs", str(EPOCHS), "--naive-epochs",
            str(EPOCHS // 2), "--backend", ",".join(backends)]
    whole = directory + "/whole"
    begin = time.monotonic()
    result = run(bench, *argv, "--out", whole, "--save", directory + "/whole.npz")
    check(result.returncode == 0, f"the whole run: exit {result.returncode}: {result.stderr}")
    counts = disturb(argv, directory + "/run", "machine.json", [""], time.monotonic() - begin,
                     row_count([whole]), whole, signal.SIGKILL)
    print("runs ended: %d, %d of them with rows" % counts)
    return whole


def test_sweep(data, directory, backend):
    argv = ["run", "--data", data, "--hidden", "16,8", "--threads", "1", "--epochs", str(EPOCHS), "--backend",
            backend]
    points = ["t1-b128-h16", "t1-b128-h8"]
    whole = directory + "/sweep"
    begin = time.monotonic()
    result = run(bench, *argv, "--out", whole)
    check(result.returncode == 0, f"the whole sweep: exit {result.returncode}: {result.stderr}")
    check(sorted(os.listdir(whole)) == ["sweep.csv", "sweep.json", *points], f"sweep: {os.listdir(whole)}")
    rows = whole_rows(whole + "/sweep.csv")
    check([(r["point"], r["hidden"], r["backend"], r["epochs"], r["verified"], r["outcome"]) for r in rows]
          == [(p, p.rpartition("h")[2], backend, str(EPOCHS), "1", "ok") for p in points], f"sweep.csv: {rows}")
    for row in rows:
        seconds = sorted(float(r["train_seconds"]) for r in whole_rows(f"{whole}/{row['point']}/epochs.csv")[1:])
        check(math.isclose(float(row["median_train_seconds"]), statistics.median(seconds), rel_tol=1e-8),
              f"sweep.csv: median of {row['point']}")
    check("speed-up" in result.stdout and "efficiency" in result.stdout, f"sweep: {result.stdout!r}")
    counts = disturb(argv, directory + "/killed", "sweep.json", points, time.monotonic() - begin,
                     row_count([f"{whole}/{p}" for p in points]), whole, signal.SIGINT)
    print("sweeps ended: %d, %d of them with rows" % counts)
    return whole


def test_failing_contender(data, directory):
    """It stops no other point, and decides the exit code, also when nothing is left to do."""
    place = directory + "/failing"
    result = run(bench, "run", "--data", data, "--hidden", "16,8", "--threads", "1", "--epochs", "1", "--plugin", evil,
                 "--backend", "evil:segv", "--quiet", "--out", place)
    check(result.returncode == 1, f"a failing contender: exit {result.returncode}: {result.stderr}")
    rows = whole_rows(place + "/sweep.csv")
    check([(r["point"], r["backend"], r["epochs"], r["median_train_seconds"], r["verified"], r["outcome"]) for r in rows]
          == [(p, "evil:segv", "0", "", "0", "crashed") for p in ("t1-b128-h16", "t1-b128-h8")], f"failing: {rows}")
    refused(["--resume", place, "--quiet"], 1, ["the sweep is complete (exit code 1): nothing to do"])
    # As after a kill between the points: the plug-in is loaded and asked again.
    change_json(place + "/sweep.json", lambda s: s.update(status="running", exit_code=None))
    shutil.rmtree(place + "/t1-b128-h8")
    result = run(bench, "run", "--resume", place, "--quiet")
    check(result.returncode == 1, f"failing, resumed: exit {result.returncode}: {result.stderr}")
    check([r["outcome"] for r in whole_rows(place + "/sweep.csv")] == ["crashed"] * 2, "failing, resumed: sweep.csv")


def unfinished(whole, directory, **texts):
    """A copy as a kill would leave it; texts: file name (with _ for .) and what changes its content."""
    shutil.copytree(whole, directory)
    change_json(directory + "/machine.json", lambda m: m.update(status="running", exit_code=None))
    for name in ("epochs.csv", "ops.csv", "proof.csv"):
        path = f"{directory}/{name}"
        with open(path, newline="", encoding="utf-8") as f:
            text = f.read()
        os.remove(path)
        with open(path + ".partial", "w", newline="", encoding="utf-8") as f:
            f.write(texts.get(name.replace(".", "_"), lambda t: t)(text))
    return directory


def lines_where(text, wanted):
    """Header, and the rows for which wanted(row as a dictionary) is true."""
    lines = text.splitlines(keepends=True)
    names = lines[0].rstrip().split(",")
    return lines[0] + "".join(line for line in lines[1:] if wanted(dict(zip(names, line.rstrip().split(",")))))


def test_torn(whole, directory, backends):
    """epochs.csv ends in half a line, ops.csv in a line without its end, and one backend has an epoch of which an op is
    missing, as after a loss of power; another backend was at its end."""
    last = backends[-1]

    def epochs(text):
        whole = lines_where(text, lambda r: r["backend"] != last or int(r["epoch"]) <= 4)
        return whole + lines_where(text, lambda r: r["backend"] == last and r["epoch"] == "5").splitlines()[1][:-20]

    def ops(text):
        whole = lines_where(text, lambda r: r["backend"] != last or int(r["epoch"]) <= 4 and r["op"] != "other"
                            or int(r["epoch"]) <= 3)
        return whole + lines_where(text, lambda r: r["backend"] == last and (r["epoch"], r["op"]) == ("4", "other"))[:-2] \
            .splitlines()[1]
    place = unfinished(whole, directory + "/torn", epochs_csv=epochs, ops_csv=ops, proof_csv=lambda t: "")
    result = run(bench, "run", "--resume", place)
    check(result.returncode == 0, f"torn: exit {result.returncode}: {result.stderr}")
    check("resumed once" in result.stdout, f"torn: {result.stdout!r}")
    check_same(place, whole, "torn")
    note = read_json(place + "/machine.json")["resumed"]
    check(read_json(place + "/summary.json")["resumed"] == note, "torn: summary.json: resumed")
    check(len(note) == 1 and note[0]["status_before"] == "running", f"torn: {note}")
    full = {name: count for name, count in zip(backends, (EPOCHS // 2, EPOCHS))}
    check(note[0]["kept_epochs"] == dict(full, **{last: 3}), f"torn: {note}")
    check(note[0]["trained_again"] == {last: "equal"}, f"torn: trained again {note}")


def test_saved(whole, directory, backends):
    """Weights of a resumed run are those of the whole one, also of a backend that was at its end."""
    place = unfinished(whole, directory + "/saved", epochs_csv=lambda t: lines_where(
        t, lambda r: r["backend"] != backends[-1] or int(r["epoch"]) <= 4))
    result = run(bench, "run", "--resume", place, "--save", directory + "/saved.npz")
    check(result.returncode == 0, f"saved: exit {result.returncode}: {result.stderr}")
    check_same(place, whole, "saved")
    found = [sorted(n[len(stem):] for n in os.listdir(directory) if n.startswith(stem) and n.endswith(".npz"))
             for stem in ("saved", "whole")]
    check(found[0] == found[1] and len(found[0]) == len(backends), f"saved: {found}")
    for name in found[0]:
        with open(f"{directory}/saved{name}", "rb") as one, open(f"{directory}/whole{name}", "rb") as other:
            check(one.read() == other.read(), f"saved{name} differs from whole{name}")


def test_not_deterministic(point, directory):
    """A row whose figures the backend does not give again: the check of determinism can fail."""
    place = unfinished(point, directory + "/forged", epochs_csv=lambda t: lines_where(t, lambda r: int(r["epoch"]) <= 3))
    path = place + "/epochs.csv.partial"
    rows = whole_rows(path)
    with open(path, newline="", encoding="utf-8") as f:
        text = f.read()
    with open(path, "w", newline="", encoding="utf-8") as f:
        f.write(text.replace(rows[1]["loss"], "0.123456789"))
    result = run(bench, "run", "--resume", place)
    check(result.returncode == 1, f"forged: exit {result.returncode}: {result.stderr}")
    check("epoch 2, repeated" in result.stderr and "0.123456789" in result.stderr, f"forged: {result.stderr!r}")


def test_refused(whole, sweep, directory):
    for place, word in ((whole, "the run"), (sweep, "the sweep")):
        done = run(bench, "run", "--resume", place)
        check(done.returncode == 0 and f"{word} is complete (exit code 0): nothing to do" in done.stderr,
              f"{word} again: exit {done.returncode}: {done.stderr!r}")
    refused(["--resume", directory + "/nowhere"], 2, ["/nowhere", "machine.json"])
    refused(["--resume", directory], 2, [directory, "machine.json", "not a run"])
    refused(["--resume", sweep, "--save", directory + "/w.npz"], 2, ["--save", sweep, "is a sweep"])
    refused(["--resume", whole, "--epochs", "5"], 2, ["--epochs", "--resume", "leave this flag out"])
    refused(["--resume", whole, "--out", directory + "/x"], 2, ["--out", "--resume"])
    place = unfinished(whole, directory + "/damaged")
    path = place + "/machine.json"
    for change, code, names in (
            (lambda m: m.update(env_id="000000000000"), 2, ["another machine", "000000000000"]),
            (lambda m: m["build"].update(program_sha256="0" * 64), 2, ["another build"]),
            (lambda m: m["settings"].pop("hidden"), 6, ["'hidden'", "missing or malformed"]),
            (lambda m: m["settings"].update(epochs="many"), 6, ["'epochs'"]),
            (lambda m: m["dataset"]["sha256"].update(test_labels="0"), 6, ["other images", "--data"]),
            (lambda m: m.update(command_line=["bench", "ab", "naive", "naive"]), 2, ["'bench ab'"]),
            (lambda m: m.pop("status"), 6, ["damaged", "no status"])):
        saved = read_json(path)
        change_json(path, change)
        refused(["--resume", place, "--quiet"], code, ["machine.json", *names])
        change_json(path, lambda m: (m.clear(), m.update(saved)))
    lock = os.open(place, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    refused(["--resume", place, "--quiet"], 2, [place, "another bench is writing"])
    os.close(lock)
    with open(path, "w", encoding="utf-8") as f:
        f.write('{"status": "runn')
    refused(["--resume", place], 6, [path, "damaged", "start a new one"])


with scratch() as scratch_dir:
    data_dir = make_data(scratch_dir + "/data")
    print(f"seed {seed}, {kills} of each signal")
    backends = ["naive"] + [b for b in ready_backends(bench) if b == "avx2"]
    single = test_run(data_dir, scratch_dir, backends)
    swept = test_sweep(data_dir, scratch_dir, backends[-1])
    test_torn(single, scratch_dir, backends)
    test_saved(single, scratch_dir, backends)
    test_not_deterministic(swept + "/t1-b128-h8", scratch_dir)
    test_failing_contender(data_dir, scratch_dir)
    test_refused(single, swept, scratch_dir)
finish()
