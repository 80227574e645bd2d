# SPDX-License-Identifier: MIT
"""Every command ended by signals at random times: it leaves soon, with no process behind, with whole rows only and no
half file under a final name.

Arguments: bench, a plug-in that hangs while it is asked. BENCH_TEST_KILLS=50 ends each command 50 times by each signal;
without it each is ended twice, by signals drawn at random. BENCH_TEST_SEED repeats a draw, BENCH_TEST_COMMANDS=run,tune
takes some of the commands."""
import collections
import concurrent.futures
import json
import os
import random
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree

from cli_common import check, clean_environment, finish, make_data, run, scratch, whole_rows

bench, hanging_plugin = (os.path.abspath(path) for path in sys.argv[1:3])
kills = int(os.environ.get("BENCH_TEST_KILLS", "0"))
seed = int(os.environ.get("BENCH_TEST_SEED", str(random.randrange(10**6))))
chosen = os.environ.get("BENCH_TEST_COMMANDS")
EPOCHS = 80
SMALL = ["--hidden", "16", "--threads", "1", "--backend", "naive"]
SIGNALS = {"INT": [signal.SIGINT], "TERM": [signal.SIGTERM], "TERM twice": [signal.SIGTERM] * 2, "HUP": [signal.SIGHUP],
           "QUIT": [signal.SIGQUIT], "KILL": [signal.SIGKILL]}
# A second on a quiet machine, see the times that are printed; other tests may hold the processors meanwhile.
LONGEST = 8

Command = collections.namedtuple("Command", "seconds argv out", defaults=[True])
Kill = collections.namedtuple("Kill", "command how after out")
End = collections.namedtuple("End", "kill code seconds epochs")


def commands(data, baseline):
    """Name -> the seconds within which it is ended, about those that it takes; its arguments; whether it takes --out."""
    data = ["--data", data]
    return {
        "run": Command(2.5, ["run", *SMALL, "--epochs", str(EPOCHS), "--format", "csv,jsonl", *data]),
        "sweep": Command(1.6, ["run", *SMALL[2:], "--hidden", "8,16", "--epochs", "20", *data]),
        "target": Command(0.8, ["run", *SMALL, "--epochs", "40", "--target-accuracy", "0.999", "--seeds", "2", *data]),
        "prove": Command(0.4, ["prove", *SMALL, *data]),
        "ab": Command(5, ["ab", "naive", "naive", *SMALL[:4], *data]),
        "gate": Command(5, ["gate", "--baseline", baseline, *data]),
        "micro": Command(4, ["micro", *SMALL, *data, "--benchmark_min_time=0.02"]),
        "tune": Command(8, ["tune", "--backend", "avx2", "--threads", "1", "--hidden", "64", *data, "--tuning"]),
        "roofline": Command(6, ["roofline", "--threads", "1"]),
        "doctor": Command(4, ["doctor", "--threads", "1"], False),
        "list": Command(4, ["list", "--plugin", hanging_plugin], False),
        "data": Command(0.3, ["data", *data], False),
        "generated": Command(2, ["data"], False),
    }


# ---- Files

def check_json(path, what, killed):
    """Of a status: how it was left."""
    with open(path, encoding="utf-8") as f:
        status = json.load(f).get("status")
    allowed = (None, "interrupted", "complete", "failed") + (("running",) if killed else ())
    check(status in allowed, f"{what}: {path} says {status}")


def check_lines(path, what):
    """Whole lines, each of which is an object."""
    with open(path, encoding="utf-8") as f:
        text = f.read()
    check(text == "" or text.endswith("\n"), f"{what}: {path} does not end with a whole line: {text[-80:]!r}")
    check(all(isinstance(json.loads(line), dict) for line in text.splitlines()), f"{what}: {path}")


def check_file(path, what, killed):
    """Whenever it was ended."""
    name = os.path.basename(path).removesuffix(".partial")
    check(killed or not path.endswith((".tmp", ".partial")), f"{what}: {path} is left")
    if path.endswith(".tmp"):
        return
    if name.endswith(".json"):
        check_json(path, what, killed)
    elif name.endswith(".xml"):
        xml.etree.ElementTree.parse(path)
    elif name.endswith(".jsonl"):
        check_lines(path, what)
    else:
        check(name.endswith(".csv"), f"{what}: file {name}")
        if os.path.getsize(path) == 0:
            check(killed and path.endswith(".partial"), f"{what}: {name} is empty")
        else:
            whole_rows(path)


def check_files(out, what, killed):
    for directory, _, names in os.walk(out):
        for name in names:
            check_file(os.path.join(directory, name), what, killed)
        check(killed or directory == out or os.listdir(directory), f"{what}: {directory} is left, empty")


def check_epochs(out, what, killed):
    """Of a run: epochs in order, with their ops. Returns how many."""
    names = os.listdir(out) if os.path.isdir(out) else []
    found = [name for name in ("epochs.csv", "epochs.csv.partial") if name in names]
    if not found or os.path.getsize(f"{out}/{found[0]}") == 0:
        return 0
    epochs = [int(r["epoch"]) for r in whole_rows(f"{out}/{found[0]}")]
    check(epochs == list(range(1, len(epochs) + 1)), f"{what}: epochs {epochs}")
    if killed and found[0] == "epochs.csv":
        check(len(epochs) == EPOCHS, f"{what}: epochs.csv has its final name with {len(epochs)} epochs")
    if epochs:
        ops = whole_rows(os.path.join(out, "ops.csv" if "ops.csv" in names else "ops.csv.partial"))
        check(set(epochs) <= {int(r["epoch"]) for r in ops if r["op"] == "other"}, f"{what}: epochs without their ops")
    return len(epochs)


# ---- Processes

def marked(mark):
    """Processes that are alive and have this in their environment: what the command has started, and itself."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/environ", "rb") as f:
                if mark.encode() in f.read():
                    found.append(pid)
        except OSError:
            pass
    return found


def check_orphans(mark, what):
    """The kernel ends the worker of a parent that was killed, soon after."""
    deadline = time.monotonic() + LONGEST
    while (left := marked(mark)) and time.monotonic() < deadline:
        time.sleep(0.01)
    check(not left, f"{what}: processes {left} are left")


def argv_of(kill, all_commands):
    command = all_commands[kill.command]
    if kill.command == "tune":
        return [*command.argv, f"{kill.out}/tuning.json"]
    return [*command.argv, "--out", kill.out] if command.out else command.argv


def end_by(kill, all_commands):
    what = f"{kill.command}, {kill.how} after {kill.after:.3f} s"
    mark = f"LANEBENCH_TEST_MARK={kill.out}"
    argv = argv_of(kill, all_commands)
    process = subprocess.Popen([bench, *argv], text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, start_new_session=True,
                               env=clean_environment(LANEBENCH_TEST_MARK=kill.out, XDG_CACHE_HOME=kill.out + ".cache"))
    try:
        process.communicate(timeout=kill.after)
    except subprocess.TimeoutExpired:
        pass
    start = time.monotonic()
    for sent in SIGNALS[kill.how]:
        process.send_signal(sent)
        time.sleep(0.01)  # or the kernel makes one of two
    _, stderr = process.communicate(timeout=120)
    seconds = time.monotonic() - start
    killed = kill.how == "KILL"
    expected = {-sent for sent in SIGNALS[kill.how]} | ({0} if killed else {0, 1, 3, 4, 77, 130})
    check(process.returncode in expected, f"{what}: exit {process.returncode}: {stderr[-300:]}")
    by_default = not killed and process.returncode < 0  # before the handler stands, or a command that has no files
    check(not by_default or not os.path.isdir(kill.out), f"{what}: died of its signal with files: {stderr[-300:]}")
    check(process.returncode != 130 or "interrupted" in stderr, f"{what}: the last line: {stderr[-200:]!r}")
    check(seconds < LONGEST, f"{what}: took {seconds:.1f} s to end")
    check_orphans(mark, what)
    check_files(kill.out, what, killed)
    check_files(kill.out + ".cache", what, killed)
    epochs = check_epochs(kill.out, what, killed) if kill.command == "run" else None
    return End(kill, process.returncode, seconds, epochs)


def test_later(data, out):
    """A second signal, more than half a second after the first, ends at once."""
    process = subprocess.Popen([bench, "micro", *SMALL, "--batch", "2048", "--data", data, "--out", out],
                               env=clean_environment(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    while not os.path.isfile(out + "/machine.json"):
        check(process.poll() is None, "the command ended before it began")
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    time.sleep(0.6)
    process.send_signal(signal.SIGTERM)
    process.wait(timeout=60)
    check(process.returncode in (-signal.SIGTERM, 130), f"a later second signal: exit {process.returncode}")


def draw(r, all_commands, directory):
    plans = []
    for name, command in all_commands.items():
        hows = list(SIGNALS) * kills if kills else r.sample(list(SIGNALS), 2)
        plans += [Kill(name, how, command.seconds * r.random(), f"{directory}/{name}-{i}") for i, how in enumerate(hows)]
    return plans


def report(ends):
    for name in dict.fromkeys(end.kill.command for end in ends):
        for how in SIGNALS:
            mine = [end for end in ends if (end.kill.command, end.kill.how) == (name, how)]
            if not mine:
                continue
            codes = collections.Counter(end.code for end in mine)
            epochs = "" if name != "run" else f"; after epochs {sorted(end.epochs for end in mine)}"
            print(f"{name}, {how}: ended within {max(end.seconds for end in mine):.2f} s, exit codes {dict(codes)}{epochs}")


for ignored in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):  # by nohup, or by a shell's background
    signal.signal(ignored, signal.SIG_DFL)
with scratch() as scratch_dir:
    data_dir = make_data(scratch_dir + "/data")
    rng = random.Random(seed)
    print(f"seed {seed}")
    whole = run(bench, "run", *SMALL, "--epochs", "20", "--data", data_dir, "--out", scratch_dir + "/whole")
    check(whole.returncode == 0, f"the whole run: exit {whole.returncode}: {whole.stderr}")
    check_files(scratch_dir + "/whole", "the whole run", False)
    every = commands(data_dir, scratch_dir + "/whole")
    if chosen:
        every = {name: every[name] for name in chosen.split(",")}
    plans_drawn = draw(rng, every, scratch_dir)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        report(list(pool.map(lambda plan: end_by(plan, every), plans_drawn)))
    test_later(data_dir, scratch_dir + "/later")
finish()
