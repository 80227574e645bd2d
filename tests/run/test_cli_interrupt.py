# SPDX-License-Identifier: MIT
"""Runs ended by SIGINT, SIGTERM and SIGKILL at random moments: whole rows only, no half file under a final name.
BENCH_TEST_KILLS=50 tries each signal 50 times."""
import concurrent.futures
import json
import math
import os
import random
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree

from test_cli_common import check, clean_environment, finish, make_data, run, scratch, whole_rows

bench = os.path.abspath(sys.argv[1])
kills = int(os.environ.get("BENCH_TEST_KILLS", "2"))
seed = int(os.environ.get("BENCH_TEST_SEED", str(random.randrange(10**6))))
EPOCHS = 80
WORDS = ["--hidden", "16", "--threads", "1", "--backend", "naive", "--epochs", str(EPOCHS),
         "--format", "csv,jsonl"]


def check_lines(path, what, killed):
    """Whole lines, each of which is an object."""
    with open(path, encoding="utf-8") as f:
        text = f.read()
    check(text == "" or text.endswith("\n"), f"{what}: {path} does not end with a whole line: {text[-80:]!r}")
    check(all(isinstance(json.loads(line), dict) for line in text.splitlines()), f"{what}: {path}")
    check(killed or not path.endswith(".partial"), f"{what}: {path} is left")


def check_files(out, what, killed):
    """Every file of the folder, whatever moment it was left at. Returns the epochs that are complete."""
    names = sorted(os.listdir(out)) if os.path.isdir(out) else []
    trained = []
    for name in names:
        path = os.path.join(out, name)
        if name.endswith(".tmp"):
            check(killed, f"{what}: {name} is left")
        elif name == "machine.json":
            with open(path, encoding="utf-8") as f:
                status = json.load(f)["status"]
            check(status in ("running", "complete") if killed else status in ("interrupted", "complete"),
                  f"{what}: machine.json says {status}")
        elif name == "summary.json":
            with open(path, encoding="utf-8") as f:
                check(json.load(f)["exit_code"] in (0, 130), f"{what}: {name}")
        elif name == "topology.xml":
            xml.etree.ElementTree.parse(path)
        elif name == "history-naive.json":
            with open(path, encoding="utf-8") as f:
                check(len({len(figures) for figures in json.load(f).values()}) == 1, f"{what}: {name}")
        elif ".jsonl" in name:
            check_lines(path, what, killed)
        else:
            check(name.removesuffix(".partial") in ("epochs.csv", "ops.csv", "proof.csv", "integrity.csv"),
                  f"{what}: file {name}")
            check(killed or not name.endswith(".partial"), f"{what}: {name} is left")
            if os.path.getsize(path) == 0:
                check(killed and name.endswith(".partial"), f"{what}: {name} is empty")
                continue
            rows = whole_rows(path)
            if name.startswith("epochs.csv"):
                trained = [int(r["epoch"]) for r in rows]
    check(trained == list(range(1, len(trained) + 1)), f"{what}: epochs {trained}")
    if killed and "epochs.csv" in names:
        check(len(trained) == EPOCHS, f"{what}: epochs.csv has its final name with {len(trained)} epochs")
    if trained:
        ops = whole_rows(os.path.join(out, "ops.csv" if "ops.csv" in names else "ops.csv.partial"))
        complete = {int(r["epoch"]) for r in ops if r["op"] == "other"}
        check(set(trained) <= complete, f"{what}: epochs without their ops")
    return trained


def start(data, out):
    return subprocess.Popen([bench, *WORDS, "--data", data, "--out", out], env=clean_environment(), text=True,
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def end_by(sent, after, data, out):
    """Ends a run by a signal after some seconds."""
    what = f"{sent.name} after {after:.3f} s"
    process = start(data, out)
    time.sleep(after)
    process.send_signal(sent)
    _, stderr = process.communicate(timeout=120)
    early = not os.path.isdir(out) and process.returncode == -sent  # before the handler stands
    if sent == signal.SIGKILL:
        check(process.returncode in (-signal.SIGKILL, 0), f"{what}: exit {process.returncode}: {stderr}")
    else:
        check(process.returncode in (130, 0) or early, f"{what}: exit {process.returncode}: {stderr}")
        if process.returncode == 130:
            check("interrupted" in stderr and out in stderr, f"{what}: the last line: {stderr[-200:]!r}")
    return len(check_files(out, what, sent == signal.SIGKILL)), process.returncode


def test_twice(data, out):
    """The second signal ends at once, without the orderly end."""
    process = start(data, out)
    while not os.path.isfile(out + "/machine.json"):
        check(process.poll() is None, "the run ended before it began")
        time.sleep(0.01)
    process.send_signal(signal.SIGSTOP)  # so that both arrive before the run can end
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGTERM)
    process.send_signal(signal.SIGCONT)
    process.communicate(timeout=60)
    check(process.returncode in (-signal.SIGINT, -signal.SIGTERM, 130), f"two signals: exit {process.returncode}")


with scratch() as folder:
    make_data(folder)
    r = random.Random(seed)
    print(f"seed {seed}, {kills} of each signal")
    begin = time.monotonic()
    whole = run(bench, *WORDS, "--data", folder, "--out", folder + "/whole")
    seconds = time.monotonic() - begin
    check(whole.returncode == 0, f"the whole run: exit {whole.returncode}: {whole.stderr}")
    check(len(check_files(folder + "/whole", "the whole run", False)) == EPOCHS, "the whole run: epochs")
    # The root moves the moments towards the end, from the proof into the training.
    plans = [(sent, seconds * math.sqrt(r.random()), folder, f"{folder}/{number}-{sent.name}")
             for number in range(kills) for sent in (signal.SIGINT, signal.SIGKILL, signal.SIGTERM)]
    ends = {}
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for (sent, *_), (trained, code) in zip(plans, pool.map(lambda plan: end_by(*plan), plans)):
            ends.setdefault(f"{sent.name}: exit {code}", []).append(trained)
    for end, counts in sorted(ends.items()):
        print(f"{end}, after epochs {sorted(counts)}")
    test_twice(folder, folder + "/twice")
finish()
