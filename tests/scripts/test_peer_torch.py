# SPDX-License-Identifier: MIT
"""scripts/peer_torch.py. test_peer_torch.py SOURCE_ROOT PEER_START: what needs no torch. With BENCH as a third
argument: what does; exits with 77 where no Python has torch."""

import csv
import gzip
import json
import os
import re
import random
import signal
import struct
import subprocess
import sys
import tempfile
import time
import unittest
from array import array

from lanebench.run import load_runs, timed, with_peers
from peer import EXIT_DATA, EXIT_USAGE, PeerError, child, images, paired, records, settings, start, summary
from synthetic_run import write_run

ROOT = os.path.abspath(sys.argv[1])
PEER_START = os.path.abspath(sys.argv[2])
BENCH = os.path.abspath(sys.argv[3]) if len(sys.argv) > 3 else None
PEER = os.path.join(ROOT, "scripts", "peer_torch.py")

ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "MNIST_DIR"}
ENVIRONMENT.update(PYTHONDONTWRITEBYTECODE="1", HOME="/nonexistent", XDG_CACHE_HOME="/nonexistent")
MANUAL = "blas=system,step=manual,mkldnn=on,threads=1,wait=passive,bind=no"
SETTLED = ("--setting", MANUAL, "--threads", "1", "--hidden", "24", "--batch", "32")


def peer(*arguments):
    return subprocess.run([sys.executable, PEER, *arguments], capture_output=True, text=True, env=ENVIRONMENT)


def idx(rank, sizes, data):
    return bytes((0, 0, 8, rank)) + struct.pack(f">{rank}I", *sizes) + bytes(data)


def write_images(directory, train=300, test=70, side=6):
    """Images in which the label is visible: a bright pixel, and noise."""
    chance = random.Random(5)
    os.makedirs(directory, exist_ok=True)
    for stem, count in (("train", train), ("t10k", test)):
        labels = [chance.randrange(10) for _ in range(count)]
        pixels = bytearray()
        for label in labels:
            image = [chance.randrange(60) for _ in range(side * side)]
            image[label * 3] = 255
            pixels += bytes(image)
        write(os.path.join(directory, f"{stem}-images-idx3-ubyte"), idx(3, (count, side, side), pixels))
        with gzip.open(os.path.join(directory, f"{stem}-labels-idx1-ubyte.gz"), "wb") as f:
            f.write(idx(1, (count,), labels))


def write(path, content):
    with open(path, "wb" if isinstance(content, bytes) else "w") as f:
        f.write(content)


def read_csv(*path):
    with open(os.path.join(*path), newline="", encoding="utf-8") as f:
        return list(csv.DictReader(f))


def read_json(*path):
    with open(os.path.join(*path), encoding="utf-8") as f:
        return json.load(f)


class Scratch(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.scratch = scratch.name
        self.data = os.path.join(self.scratch, "data")
        self.out = os.path.join(self.scratch, "out")

    def refuse(self, code, *parts):
        """Of what follows in `with`: it ends with that code and a text with these parts."""
        test = self

        class Refusal:
            def __enter__(self):
                return self

            def __exit__(self, kind, error, _):
                test.assertIsInstance(error, PeerError)
                test.assertEqual(error.code, code)
                for part in parts:
                    test.assertIn(part, str(error))
                return True

        return Refusal()


class Start(unittest.TestCase):
    def test_is_bit_for_bit_that_of_bench(self):
        # The last one is long enough to meet numbers that rng_below rejects.
        for seed, epoch, count, inputs, hidden, classes in ((42, 1, 60000, 784, 16, 10), (0, 7, 1000, 5, 3, 2),
                                                            (2 ** 64 - 1, 2, 1, 1, 1, 1), (1 << 63, 99, 4097, 30, 7, 4),
                                                            (3, 1, 400000, 1, 1, 1)):
            numbers = [str(n) for n in (seed, epoch, count, inputs, hidden, classes)]
            theirs = subprocess.run([PEER_START, *numbers], stdout=subprocess.PIPE, check=True).stdout
            first, last = start.weights(seed, inputs, hidden, classes)
            ours = array("I", start.order(seed, epoch, count)).tobytes() + first.tobytes() + last.tobytes()
            self.assertEqual(len(ours), len(theirs))
            self.assertTrue(ours == theirs, f"seed {seed}, epoch {epoch}")


class Images(Scratch):
    def setUp(self):
        super().setUp()
        write_images(self.data)
        self.train = os.path.join(self.data, "train-images-idx3-ubyte")

    def test_reads(self):
        data = images.read_images(self.data)
        self.assertEqual((data.train.count, data.test.count, data.train.pixels, data.name), (300, 70, 36, "data"))
        self.assertEqual(data.train.images[data.train.labels[0] * 3], 255)
        self.assertEqual(images.name_of("/x/mnist", ("0",) * 4), "other-mnist")

    def test_refuses(self):
        with open(self.train, "rb") as f:
            right = f.read()
        cases = (("empty", b"", "header"), ("magic", b"\1" + right[1:], "does not start"),
                 ("rank", right[:3] + b"\1" + right[4:], "does not start"), ("short", right[:-1], "declares"),
                 ("long", right + b"x", "declares"), ("no images", idx(3, (0, 6, 6), b""), "empty"),
                 ("count", idx(3, (299, 6, 6), right[16:-36]), "labels for 299"),
                 ("shape", idx(3, (300, 4, 9), right[16:]), "6 x 6"), ("gzip", b"\x1f\x8b" + right, "cannot be read"),
                 ("cut gzip", gzip.compress(right)[:-9], "cannot be read"))
        for name, content, word in cases:
            write(self.train, content)
            with self.subTest(name), self.refuse(EXIT_DATA, self.data, word):
                images.read_images(self.data)
        os.remove(self.train)
        with self.refuse(EXIT_DATA, "holds no train-images"):
            images.read_images(self.data)

    def test_refuses_a_label_that_is_no_class(self):
        with gzip.open(os.path.join(self.data, "t10k-labels-idx1-ubyte.gz"), "wb") as f:
            f.write(idx(1, (70,), [10] * 70))
        with self.refuse(EXIT_DATA, "label 10"):
            images.read_images(self.data)


class Files(Scratch):
    def test_columns_are_those_of_bench(self):
        with open(os.path.join(ROOT, "harness", "results", "run_files.c"), encoding="utf-8") as f:
            table = f.read().partition("epochs_columns[] =")[2].partition(";")[0]
        with open(os.path.join(ROOT, "harness", "results", "provenance.h"), encoding="utf-8") as f:
            columns = f.read().partition("#define PROVENANCE_COLUMNS ")[2].partition("\n")[0]
        table = table.replace("PROVENANCE_COLUMNS", columns)
        header = "".join(re.findall(r'"([^"]*)"', table))
        self.assertEqual(list(records.EPOCH_COLUMNS), header.split(","))

    def test_columns_are_in_the_dictionary(self):
        with open(os.path.join(ROOT, "results", "README.md"), encoding="utf-8") as f:
            section = f.read().partition("## paired.csv")[2].partition("\n## ")[0]
        for column in records.PAIRED_COLUMNS:
            self.assertIn(f"`{column}`", section)

    def test_rows_are_whole_until_the_end(self):
        file = records.Csv(self.scratch, "x.csv", ("a", "b", "c"))
        file.add({"a": 1 / 3, "b": 'x,"y"', "d": 5})
        partial = os.path.join(self.scratch, "x.csv.partial")
        self.assertEqual(os.listdir(self.scratch), ["x.csv.partial"])
        with open(partial, "rb") as f:
            self.assertEqual(f.read(), b'a,b,c\r\n0.333333333,"x,""y""",\r\n')
        file.add({"a": float("nan"), "b": -float("inf"), "c": 7})
        file.finish()
        self.assertEqual(os.listdir(self.scratch), ["x.csv"])
        self.assertEqual(read_csv(self.scratch, "x.csv")[1], {"a": "nan", "b": "-inf", "c": "7"})

    def test_dir_must_be_new_or_empty(self):
        self.assertEqual(records.make_dir(self.out, "id"), self.out)
        write(os.path.join(self.out, "x"), "")
        with self.refuse(EXIT_USAGE, "not empty"):
            records.make_dir(self.out, "id")
        with self.refuse(EXIT_USAGE, "is a file"):
            records.make_dir(os.path.join(self.out, "x"), "id")

    def test_readme_and_charts_show_a_peer(self):
        run, readme = os.path.join(self.scratch, "run"), os.path.join(self.scratch, "README.md")
        write_run(run, backends=("naive", "avx512"), epochs=2)
        of_peer = os.path.join(run, "peers", "torch")
        write_run(of_peer, backends=("onednn",), epochs=3, slowdown=2.0)
        for name in ("epochs.csv", "machine.json"):
            with open(os.path.join(of_peer, name), encoding="utf-8", newline="") as f:
                text = f.read().replace("onednn", "torch").replace("0.31\r\n", "\r\n")
            write(os.path.join(of_peer, name), text)
        rows = [{"backend": row["backend"]} | {name: float(row[name]) for name in ("epoch", "train_seconds", *summary.LAST)}
                for row in read_csv(of_peer, "epochs.csv")]
        turns = [{"contender": name, "torch_times_longer": ratio} for ratio in (2.0, 2.5, 2.2)
                 for name, ratio in (("torch", None), ("avx512", ratio))]
        summary.write(of_peer, {}, 0, rows, 1e11, turns)
        write(readme, "<!-- reference run: written by scripts/update_readme.py --><!-- end of reference run -->")
        subprocess.run([sys.executable, os.path.join(ROOT, "scripts", "update_readme.py"), run, "--readme", readme],
                       check=True, env=ENVIRONMENT)
        with open(readme, encoding="utf-8") as f:
            text = f.read()
        row = next(line for line in text.splitlines() if line.startswith("| torch (peer) |"))
        self.assertRegex(row, r"^\| torch \(peer\) \| 1\.\d+ s \|.*\|  \|  \| 0\.\d+ after 3 epochs \|  \|$")
        self.assertIn("its epoch took 2.20x the time of avx512 (by round 2.00 – 2.50)", text)
        read = with_peers(load_runs([run]))
        self.assertEqual([b.label for b in timed(read)], ["naive", "avx512", "torch"])
        self.assertTrue(read[1].footer().startswith("peer torch:  run torch"))
        self.assertEqual([b.label for b in timed(with_peers(load_runs([run, of_peer])))],
                         ["naive (A)", "avx512 (A)", "torch (A)", "torch (B)"])


class Search(unittest.TestCase):
    VALUES = {"blas": ["system", "other"], "step": ["manual", "eager"], "mkldnn": ["on", "off"], "threads": [4, 1],
              "wait": ["passive", "active"], "bind": ["no", "yes"]}
    COST = {"other": -3, "eager": 2, "off": -1, 1: 5, "active": -0.5, "yes": 1}

    def measure(self, setting, limit):
        self.calls += 1
        seconds = 10 + sum(self.COST.get(value, 0) for value in setting.values())
        return seconds if limit is None or seconds <= limit else None

    def test_finds_the_best_of_each_axis(self):
        self.calls = 0
        best, seconds = settings.search(self.VALUES, self.measure)
        self.assertEqual(settings.text_of(best),
                         "blas=other step=manual mkldnn=off threads=4 wait=active bind=no")
        self.assertEqual(seconds, 5.5)
        self.assertLess(self.calls, 16)

    def test_survives_settings_that_do_not_work(self):
        def measure(setting, _):
            return 1.0 if setting["step"] == "eager" else None
        self.assertEqual(settings.search(self.VALUES, measure)[0]["step"], "eager")
        self.assertIsNone(settings.search(self.VALUES, lambda *_: None))

    def test_fixed_values(self):
        self.assertEqual(settings.parse_fixed("step=eager,threads=3", self.VALUES), {"step": "eager", "threads": 3})
        for text in ("step=fast", "threads=0", "threads=x", "color=red", "step", "wait=", "="):
            with self.subTest(text), self.assertRaises(PeerError):
                settings.parse_fixed(text, self.VALUES)
        self.assertEqual(settings.thread_counts(6), [6, 4, 2, 1])


class Paired(unittest.TestCase):
    def test_ratio_of_a_round(self):
        rows = list(paired.rows_of_round(0, "torch", [9.0, 3.0, 5.0], {"a": [7.0, 2.0, 2.0], "b": [8.0]},
                                         {"torch": 1, "bench": 2}))
        self.assertEqual([r["contender"] for r in rows], ["torch", "a", "b"])
        self.assertEqual([r["median_seconds"] for r in rows], [4.0, 2.0, 8.0])
        self.assertEqual([r["torch_times_longer"] for r in rows], [None, 2.0, 0.5])
        self.assertEqual([r["position"] for r in rows], [2, 1, 1])
        self.assertNotEqual(paired.torch_first(0), paired.torch_first(1))
        self.assertIn("a                      2 s   2.00x the time (2.00 - 2.00 in 1 rounds)",
                      paired.summary(rows))

    def test_interval_of_a_median(self):
        """Order statistics: of the binomial distribution's tails, each end has at most 2.5 %."""
        for count, ends in ((5, [None, None]), (6, [1, 6]), (9, [2, 8]), (15, [4, 12]), (20, [6, 15])):
            self.assertEqual(summary.median_interval(list(range(count, 0, -1))), ends)

    def test_figures(self):
        rows = [dict.fromkeys(summary.LAST, 0.5) | {"backend": "torch", "epoch": e, "train_seconds": s}
                for e, s in ((1, 9.0), (2, 2.0), (3, 4.0))]
        found = summary.backend_of(rows, 6e9, {"library": "PyTorch"})
        self.assertEqual([found[name] for name in ("epochs", "later_epochs", "first_seconds", "median_seconds", "interval_95",
                                                   "fastest_seconds", "slowest_seconds", "gflops", "last_epoch", "library")],
                         [3, 2, 9.0, 3.0, [None, None], 2.0, 4.0, 2.0, 3, "PyTorch"])

    def test_epochs_of_the_turns(self):
        self.assertEqual(paired.shares(20, 5), [4] * 5)
        self.assertEqual(paired.shares(7, 3), [3, 2, 2])


class CommandLine(Scratch):
    """With stand-ins for Python."""

    def setUp(self):
        super().setUp()
        write_images(self.data)

    def stand_in(self, body):
        path = os.path.join(self.scratch, "python")
        write(path, "#!/bin/sh\n" + body)
        os.chmod(path, 0o755)
        return path

    def expect(self, code, word, *arguments):
        result = peer(*arguments)
        self.assertEqual(result.returncode, code, result.stderr)
        self.assertIn(word, result.stderr.strip().splitlines()[-1])
        self.assertNotIn("Traceback", result.stderr)

    def test_usage(self):
        has_torch = self.stand_in("exit 0\n")
        for word, *arguments in (("--epochs", "--epochs", "0"), ("--batch", "--batch", "x"), ("--lr", "--lr", "nan"),
                                 ("--frobnicate", "--frobnicate"), ("--rounds is for", "--rounds", "2"),
                                 ("no such key", "--setting", "speed=high"), ("fewer than", "--paired", "true",
                                                                               "--epochs", "2"),
                                 ("no such program", "--paired", "/nonexistent/bench"),
                                 ("hands it on", "--paired", "true --seed=3"), ("--paired", "--paired", "'"),
                                 ("not empty", "--out", self.scratch, "--data", self.data)):
            with self.subTest(arguments):
                self.expect(2, word, "--python", has_torch, *arguments)

    def test_no_torch(self):
        self.expect(77, "cannot import torch", "--python", self.stand_in("exit 1\n"), "--data", self.data)
        self.expect(77, "cannot import torch", "--python", "/nonexistent", "--data", self.data)

    def test_no_data(self):
        has_torch = self.stand_in("exit 0\n")
        self.expect(6, "give --data", "--python", has_torch)
        self.expect(6, "holds no train-images", "--python", has_torch, "--data", "/nonexistent")

    def test_worker_that_dies(self):
        dies = self.stand_in('[ "$1" = -c ] || kill -SEGV $$\n')
        self.expect(99, "SIGSEGV", "--python", dies, "--data", self.data, "--out", self.out, *SETTLED)
        self.assertEqual(sorted(os.listdir(self.out)), ["epochs.csv", "machine.json", "summary.json"])
        machine = read_json(self.out, "machine.json")
        self.assertEqual((machine["status"], machine["exit_code"]), ("failed", 99))

    def test_keys_of_the_device(self):
        has_torch = self.stand_in("exit 0\n")
        self.expect(2, "there are step, graph, tf32", "--python", has_torch, "--device", "cuda", "--setting", "threads=2")
        self.expect(2, "no such key", "--python", has_torch, "--setting", "tf32=on")
        self.expect(2, "--device", "--python", has_torch, "--device", "tpu")

    def with_module(self, torch):
        """A Python whose module torch is that text."""
        write(os.path.join(self.scratch, "torch.py"), torch)
        return self.stand_in(f'PYTHONPATH="{self.scratch}" exec "{sys.executable}" "$@"\n')

    def test_no_gpu(self):
        blind = "class cuda: is_available = staticmethod(lambda: False)\n__version__ = '2.1'\n"
        for word, module in (("PyTorch 2.1 (CUDA 12.1) finds no GPU", blind + "class version: cuda = '12.1'\n"),
                             ("PyTorch 2.1 is built without CUDA", blind + "class version: cuda = None\n"),
                             ("libcudart.so.12", "raise ImportError('libcudart.so.12: cannot open shared object file')\n")):
            with self.subTest(word):
                result = peer("--device", "cuda", "--python", self.with_module(module), "--data", self.data,
                              "--out", self.out)
                self.assertEqual(result.returncode, 77, result.stderr)
                self.assertEqual(result.stderr.count("\n"), 1, result.stderr)
                self.assertIn(word, result.stderr)
                self.assertFalse(os.path.exists(self.out))

    def test_gpu(self):
        """The search, the files and their names, with a worker that invents its times."""
        worker = os.path.join(self.scratch, "worker.py")
        write(worker, GPU_WORKER)
        gpu = self.stand_in(f'[ "$1" = -c ] || exec "{sys.executable}" "{worker}" "$3"\n')
        result = peer("--device", "cuda", "--python", gpu, "--data", self.data, "--out", self.out, "--epochs", "2")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("setting      step=manual graph=on tf32=on", result.stdout)
        self.assertRegex(result.stdout, r"(?m)^torch-cuda +0\.25 s an epoch")
        self.assertEqual([(r["backend"], r["threads"]) for r in read_csv(self.out, "epochs.csv")], [("torch-cuda", "1")] * 2)
        machine = read_json(self.out, "machine.json")
        entry = machine["backends"]["torch-cuda"]
        self.assertEqual((entry["library"], entry["gpu"], entry["environment"]), ("PyTorch 2.1 on GPU 9", "GPU 9", {}))
        self.assertEqual((entry["setting"], machine["settings"]["device"]),
                         ({"step": "manual", "graph": "on", "tf32": "on"}, "cuda"))
        tried = {tuple(t["setting"].values()): t["outcome"] for t in entry["trials"]}
        self.assertEqual(tried[("manual", "on", "off")], "measured")
        self.assertEqual(tried[("foreach", "on", "off")], "not in a graph")
        self.assertEqual(read_json(self.out, "summary.json")["backends"][0]["backend"], "torch-cuda")

    def test_help(self):
        page = peer("--help")
        self.assertEqual(page.returncode, 0)
        for word in ("--paired", "manual-compile", "exit codes"):
            self.assertIn(word, page.stdout)


# Answers as worker.py does; a graph takes half of the time, TF32 half of it again.
GPU_WORKER = """
import json, os, sys
with os.fdopen(int(sys.argv[1]), "w") as answers:
    for line in sys.stdin:
        request = json.loads(line)
        setting = request.get("setting", {})
        seconds = 1.0 / (1 + (setting.get("graph") == "on")) / (1 + (setting.get("tf32") == "on"))
        if request["do"] == "open":
            assert request["device"] == "cuda", request
            reply = {"torch": "2.1", "gpu": "GPU 9", "libraries": [], "subnormals": "kept", "python": "3", "parallel": [],
                     "provenance": {"git_commit": None, "binary_sha256": None}}
        elif request["do"] == "epoch":
            reply = {"epoch": request["epoch"], "steps": 3, "samples": 300, "train_seconds": 0.25, "val_seconds": 0.1,
                     "loss": 1.0, "accuracy": 0.5, "val_loss": 1.0, "val_accuracy": 0.5}
        elif setting["graph"] == "on" and not setting["step"].startswith("manual"):
            reply = {"unavailable": "not in a graph"}
        else:
            reply = {"check": 0.5, "seconds": seconds if setting["step"] == "manual" else 2 * seconds}
        print(json.dumps(reply), file=answers, flush=True)
"""

# What steps.Recorded asks of torch, on one number a tensor; a step adds the index to the state.
RECORDING = """
import contextlib, sys, types

class Tensor:
    def __init__(self, value=0, rows=0): self.value, self.rows = value, rows
    def __len__(self): return self.rows
    def clone(self): return Tensor(self.value, self.rows)
    def copy_(self, other): self.value = other.value
    def new_zeros(self, rows): return Tensor(0, rows)
    def new_empty(self, rows, _): return Tensor(None, rows)

class Graph:
    def replay(self): self.work()

@contextlib.contextmanager
def graph(of):
    global capturing
    capturing = of
    yield
    capturing = None

capturing = None
cuda = types.SimpleNamespace(CUDAGraph=Graph, graph=graph, stream=lambda s: contextlib.nullcontext(),
                             current_stream=lambda: types.SimpleNamespace(wait_stream=lambda s: None),
                             Stream=lambda: types.SimpleNamespace(wait_stream=lambda s: None))
nothing = lambda: (lambda f: f)
sys.modules["torch"] = types.SimpleNamespace(cuda=cuda, nn=types.SimpleNamespace(Module=object), no_grad=nothing)
sys.modules["torch.nn"] = types.SimpleNamespace(functional=None)
from peer import steps

class Step:
    shape = (1, 1, 1)
    def __init__(self):
        self.all, self.data = Tensor(100), types.SimpleNamespace(labels=Tensor())
        self.trained = 0
    def state(self): return (self.all,)
    def parameters(self): return [self.all.value]
    def train(self, index, logits):
        def work():
            self.all.value += index.value
            logits.value = (index.value, len(index))
        if capturing is None:
            self.trained += 1
            self.all.value += 7  # a warm-up changes the state, whatever the index
            return work()
        capturing.work = work

step = Step()
recorded = steps.Recorded(step, [32, 12])
assert step.trained == 2 * steps.Recorded.WARM_UPS, step.trained
assert recorded.parameters() == [100], "recording has trained"
logits = Tensor()
for value, rows in ((3, 32), (5, 32), (1, 12)):
    recorded.train(Tensor(value, rows), logits)
    assert logits.value == (value, rows), logits.value
assert recorded.parameters() == [109], recorded.parameters()
assert step.trained == 2 * steps.Recorded.WARM_UPS, "trained beside the graph"
try:
    steps.Recorded(object(), [32])
except steps.Unavailable:
    print("right")
"""


class Recording(unittest.TestCase):
    def test_of_a_step_changes_nothing_and_replays_it(self):
        environment = dict(ENVIRONMENT, PYTHONPATH=os.path.join(ROOT, "scripts"))
        result = subprocess.run([sys.executable, "-c", RECORDING], capture_output=True, text=True, env=environment)
        self.assertEqual((result.returncode, result.stdout), (0, "right\n"), result.stderr)


# ---- with torch ----

MUTANTS = """
import sys, torch
from peer import oracle, steps
torch.manual_seed(1)
data = steps.Data(torch.randint(0, 256, (352, 20), dtype=torch.uint8), torch.randint(0, 10, (352,)), 10)
w1, w2 = torch.randn(20, 16) * 0.3, torch.randn(16, 10) * 0.3
index = torch.arange(352)

def distance(kind="manual", change=lambda step: None, **options):
    options = dict({"lr": oracle.LR, "epsilon": oracle.EPSILON}, **options)
    step = steps.make({"step": kind, "mkldnn": "on"}, data, w1, w2, **options)
    change(step)
    return oracle.distance(step, data, w1, w2, index, 128)

def root(w, v, g, scratch, lr, epsilon):
    v.mul_(0.9).addcmul_(g, g, value=0.1)
    w.addcdiv_(g, (v + epsilon).sqrt(), value=-lr)

def decay(w, v, g, scratch, lr, epsilon):
    v.mul_(0.95).addcmul_(g, g, value=0.05)
    w.addcdiv_(g, v.sqrt() + epsilon, value=-lr)

def gradient_sum(step):
    step.start_gradient = lambda p, t, scale: p.sub_(t)

def no_mask(step):
    step.mask = lambda dh, h: None

def no_clip(step):
    step.clip = lambda h: None

def lost_batch(step):
    train = step.train
    step.train = lambda part, out: train(part, out) if len(part) == 128 else None

def not_a_number(step):
    step.start_gradient = lambda p, t, scale: p.mul_(float("nan"))

for kind in ("manual", "eager", "foreach", "jit"):
    print(kind, distance(kind))
print("fusible", distance(change=lambda step: setattr(step, "rmsprop", steps.rmsprop_fusible)))
for name, change in (("root", lambda s: setattr(s, "rmsprop", root)), ("decay", lambda s: setattr(s, "rmsprop", decay)),
                     ("sum", gradient_sum), ("no mask", no_mask), ("no clip", no_clip), ("lost batch", lost_batch),
                     ("nan", not_a_number)):
    print("mutant", distance(change=change))
print("mutant", distance("eager", lr=1.1 * oracle.LR))
"""


class Torch(Scratch):
    def setUp(self):
        super().setUp()
        write_images(self.data)

    def train(self, out, *arguments):
        result = peer("--data", self.data, "--out", out, *arguments)
        self.assertEqual(result.returncode, 0, result.stderr)
        return read_csv(out, "epochs.csv")

    def test_the_check_of_a_step_tells_right_from_wrong(self):
        environment = dict(ENVIRONMENT, PYTHONPATH=os.path.join(ROOT, "scripts"), OMP_NUM_THREADS="1")
        result = subprocess.run([PYTHON, "-c", MUTANTS], capture_output=True, text=True, env=environment)
        self.assertEqual(result.returncode, 0, result.stderr)
        lines = [line.rsplit(" ", 1) for line in result.stdout.splitlines()]
        self.assertEqual(len(lines), 13)
        for name, distance in lines:
            if name == "mutant":
                self.assertFalse(float(distance) <= 1e-2, result.stdout)
            else:
                self.assertLess(float(distance), 1e-4, result.stdout)

    def test_trains_as_bench_does(self):
        out = os.path.join(self.scratch, "bench")
        bench = subprocess.run([BENCH, "run", "--backend", "naive", "--epochs", "3", "--hidden", "24", "--batch", "32",
                                "--threads", "1", "--data", self.data, "--out", out, "--quiet"],
                               capture_output=True, text=True, env=ENVIRONMENT)
        self.assertEqual(bench.returncode, 0, bench.stderr)
        theirs = read_csv(out, "epochs.csv")
        for step in ("manual", "foreach"):
            ours = self.train(self.out + step, "--epochs", "3", "--setting", MANUAL.replace("manual", step),
                              *SETTLED[2:])
            self.assertEqual(len(ours), 3)
            for a, b in zip(ours, theirs):
                for same in ("schema", "dataset", "seed", "epoch", "steps", "samples", "threads"):
                    self.assertEqual(a[same], b[same], same)
                for close in ("loss", "val_loss"):
                    self.assertAlmostEqual(float(a[close]), float(b[close]), delta=1e-4)
                self.assertEqual(a["backend"], "torch")
                self.assertEqual(a["verified"], "")
                flop = [float(row["gflops"]) * float(row["train_seconds"]) for row in (a, b)]
                self.assertAlmostEqual(flop[0] / flop[1], 1.0, places=6)

    def test_finds_a_setting_and_says_which(self):
        fixed = "blas=system,threads=1,wait=passive,bind=no"
        self.train(self.out, "--epochs", "1", "--setting", fixed, *SETTLED[2:])
        machine = read_json(self.out, "machine.json")
        entry = machine["backends"]["torch"]
        measured = [t for t in entry["trials"] if t["seconds"]]
        self.assertEqual(entry["setting"], min(measured, key=lambda t: t["seconds"])["setting"])
        self.assertGreater(len(entry["trials"]), 5)
        self.assertLess(entry["error_of_tolerance"], 1)
        self.assertEqual((machine["status"], machine["exit_code"], machine["settings"]["seed"]), ("complete", 0, "42"))

    def test_own_start_differs(self):
        ours = self.train(self.out, "--epochs", "1", *SETTLED)
        own = self.train(self.out + "2", "--epochs", "1", "--start", "torch", *SETTLED)
        self.assertNotEqual(ours[0]["loss"], own[0]["loss"])

    def test_takes_turns_with_bench(self):
        rows = self.train(self.out, "--epochs", "5", "--rounds", "2", "--paired",
                          f"{BENCH} run --backend naive --epochs 2", *SETTLED)
        self.assertEqual([(r["epoch"], r["round"], r["position"]) for r in rows],
                         [("1", "1", "2"), ("2", "1", "2"), ("3", "1", "2"), ("4", "2", "1"), ("5", "2", "1")])
        turns = read_csv(self.out, "paired.csv")
        self.assertEqual([(r["round"], r["contender"], r["epochs"]) for r in turns],
                         [("1", "torch", "3"), ("1", "naive", "2"), ("2", "torch", "2"), ("2", "naive", "2")])
        for ours, theirs in (turns[:2], turns[2:]):
            ratio = float(ours["median_seconds"]) / float(theirs["median_seconds"])
            self.assertAlmostEqual(float(theirs["torch_times_longer"]) / ratio, 1.0, places=6)
        code = {row["contender"]: row["binary_sha256"] for row in turns}
        self.assertEqual(code["torch"], rows[0]["binary_sha256"])
        self.assertEqual(code["naive"], read_csv(self.out, "rounds", "01", "epochs.csv")[0]["binary_sha256"])
        # One that reads as a number has an x before it.
        self.assertTrue(all(re.fullmatch("x?[0-9a-f]{12}", digest) for digest in code.values()), code)
        found, = read_json(self.out, "summary.json")["paired"]
        self.assertEqual((found["contender"], found["rounds"]), ("naive", 2))
        bench = read_json(self.out, "rounds", "01", "machine.json")
        self.assertEqual(bench["settings"]["hidden"], 24)

    def test_bench_that_fails_ends_the_run_with_its_code(self):
        result = peer("--data", self.data, "--out", self.out, "--epochs", "5", "--paired", "sh -c 'exit 5'", *SETTLED)
        self.assertEqual(result.returncode, 5, result.stderr)
        self.assertEqual(read_csv(self.out, "epochs.csv"), [])
        self.assertEqual(read_json(self.out, "machine.json")["status"], "failed")

    def begin_long_run(self):
        """A run that would go on for long, once it has a row on disk; its process and its worker's id."""
        run = subprocess.Popen([sys.executable, PEER, "--data", self.data, "--out", self.out, "--epochs", "100000",
                                *SETTLED], env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(run.wait)
        self.addCleanup(run.kill)
        path = os.path.join(self.out, "epochs.csv.partial")
        while run.poll() is None and not (os.path.exists(path) and read_csv(path)):
            time.sleep(0.1)
        self.assertIsNone(run.poll())
        with open(f"/proc/{run.pid}/task/{run.pid}/children", encoding="utf-8") as f:
            return run, int(f.read().split()[0])

    def wait_until_gone(self, pid):
        for _ in range(600):
            if not os.path.exists(f"/proc/{pid}"):
                return
            time.sleep(0.1)
        self.fail(f"process {pid} is still there")

    def test_interrupt_keeps_the_rows(self):
        run, worker = self.begin_long_run()
        run.send_signal(signal.SIGINT)
        self.assertEqual(run.wait(), 130)
        self.wait_until_gone(worker)
        self.assertGreater(len(read_csv(self.out, "epochs.csv")), 0)
        self.assertEqual(sorted(os.listdir(self.out)), ["epochs.csv", "machine.json", "summary.json"])
        self.assertEqual(read_json(self.out, "machine.json")["status"], "interrupted")

    def test_kill_leaves_whole_rows_and_no_process(self):
        run, worker = self.begin_long_run()
        os.kill(worker, signal.SIGSTOP)
        run.kill()
        self.wait_until_gone(worker)
        for row in read_csv(self.out, "epochs.csv.partial"):
            self.assertNotIn(None, row.values())
        self.assertEqual(read_json(self.out, "machine.json")["status"], "running")


if __name__ == "__main__":
    names = ("Start", "Images", "Files", "Search", "Paired", "CommandLine", "Recording")
    if BENCH:
        try:
            PYTHON = child.find_python(None)
        except PeerError as missing:
            print(f"skipped: {missing}")
            sys.exit(77)
        names = ("Torch",)
    unittest.main(argv=sys.argv[:1] + sys.argv[4:], defaultTest=names)
