#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Trains bench's network in PyTorch, at the fastest setting on this machine, for comparison.

On the CPU, or with --device cuda on an NVIDIA GPU, where images, parameters and results stay in the GPU's memory.

The network, batches, optimizer, initial weights and sample order are bench's (--start torch: torch's own weights and
order). First it looks for the best setting: the BLAS library, the way the step is written, MKL-DNN, the number of
threads and how they wait and are bound, each tried for two epochs after a check against the formulas in double
precision. Then it trains, and writes epochs.csv and machine.json as bench does, with backend "torch"; draw them beside
a run of bench with bench plot RUN PEER_RUN.

With --paired, turns of torch alternate with runs of bench on the same data, threads and seed, and paired.csv has the
ratio of their epochs, round by round: only this comparison is protected from changes of the machine between runs.
"""

import argparse
import os
import signal
import sys

from peer import (EXIT_INTERNAL, EXIT_INTERRUPTED, EXIT_NOTHING, EXIT_PROOF, PeerError, child, images, paired,
                  records, settings, summary)

EPILOG = """steps (key step of --setting):
""" + "\n".join(f"  {name:<15} {text}" for name, text in settings.STEPS.items()) + """
mkldnn:
""" + "\n".join(f"  {name:<15} {text}" for name, text in settings.MKLDNN.items()) + """
graph, tf32 (with --device cuda, where the other keys but step mean nothing):
""" + "\n".join(f"  graph={name:<9} {text}" for name, text in settings.GRAPH.items()) + """
""" + "\n".join(f"  tf32={name:<10} {text}" for name, text in settings.TF32.items()) + """
blas: system, or a directory of /usr/lib/*/ that holds a libblas.so.3; wait: passive, active; bind: no, yes

exit codes: 0 done; 1 no setting trains the network correctly, or bench's proof failed; 2 usage; 6 images missing or
malformed; 77 no Python with torch, or no GPU; 99 the system failed; 130 interrupted, complete rows are on disk; another
one: bench's, in --paired.

example: scripts/peer_torch.py --paired 'build/bench --backend avx512,onednn --epochs 4' --rounds 5
"""


class Interrupted(Exception):
    pass


def interrupt(number, _):
    signal.signal(number, signal.SIG_IGN)
    raise Interrupted


def bounded(kind, low, high):
    """An argparse type: a number from low to high."""
    def parse(text):
        value = kind(text)
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"{text} is not from {low} to {high}")
        return value
    parse.__name__ = "number"
    return parse


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, epilog=EPILOG,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--epochs", type=bounded(int, 1, 100000), default=20, metavar="N", help="in all (default 20)")
    add("--batch", type=bounded(int, 1, 65536), default=128, metavar="N", help="default 128; the last one is smaller")
    add("--hidden", type=bounded(int, 1, 65536), default=512, metavar="N", help="hidden units (default 512)")
    add("--lr", type=bounded(float, 1e-9, 10), default=0.001, metavar="X", help="learning rate (default 0.001)")
    add("--seed", type=bounded(int, 0, (1 << 64) - 1), default=42, metavar="S", help="as bench's (default 42)")
    add("--threads", type=bounded(int, 1, 4096), metavar="T",
        help="at most (default: one per allowed physical core, within the cgroup's quota)")
    add("--data", metavar="DIR", help="MNIST's four files (default: MNIST_DIR, else ~/.cache/lanebench/mnist)")
    add("--out", metavar="DIR", help="new or empty directory for the files (default: results/<run id>)")
    add("--start", choices=("bench", "torch"), default="bench",
        help="whose initial weights and sample order (default: bench's, bit for bit)")
    add("--setting", default="", metavar="K=V,...",
        help="fixed values, which are not searched for: " + ", ".join(settings.all_values("cpu", 1)) + "; with "
             "--device cuda of: " + ", ".join(settings.all_values("cuda", 1)))
    add("--device", choices=tuple(settings.CONTENDERS), default="cpu", help="where torch computes (default: cpu)")
    add("--paired", metavar="COMMAND", help="a bench command to alternate with, as one word in quotes")
    add("--rounds", type=bounded(int, 1, 1000), metavar="N", help="of --paired (default 5)")
    add("--python", metavar="PATH", help="the Python that has torch (default: this one, else /usr/bin/python3)")
    add("--quiet", action="store_true", help="only results")
    arguments = parser.parse_args()
    if arguments.rounds and not arguments.paired:
        parser.error("--rounds is for --paired")
    arguments.rounds = arguments.rounds or 5
    if arguments.paired and arguments.epochs < arguments.rounds:
        parser.error(f"--epochs {arguments.epochs}: fewer than the {arguments.rounds} rounds")
    if arguments.data is not None and not arguments.data:
        parser.error("--data: the name is empty")
    arguments.threads = arguments.threads or records.default_threads()
    return arguments


class Session:
    """One run of this program: the search, then the training."""

    def __init__(self, arguments):
        self.arguments = arguments
        self.values = settings.all_values(arguments.device, arguments.threads)
        self.fixed = settings.parse_fixed(arguments.setting, self.values)
        self.name = settings.CONTENDERS[arguments.device]
        self.command = paired.parse_command(arguments.paired) if arguments.paired else None
        self.python = child.find_python(arguments.python)
        if arguments.device == "cuda":
            child.require_gpu(self.python)
        self.data = images.read_images(images.dir_of(arguments.data))
        self.worker, self.worker_environment = None, None
        self.facts, self.trials = {}, []
        now = records.utc_now()
        self.run_id = records.new_run_id(now)
        self.directory = records.make_dir(arguments.out, self.run_id)
        self.machine = records.Machine(self.directory, self.run_id, now, sys.argv)
        self.files = []
        self.rows, self.turns = [], []  # of epochs.csv and paired.csv

    def say(self, text):
        if not self.arguments.quiet:
            print(f"torch: {text}", file=sys.stderr, flush=True)

    # ---- worker processes ----

    def worker_for(self, setting):
        """The open worker, or a new one when the setting needs another environment."""
        environment = settings.environment(setting)
        if self.worker and environment == self.worker_environment:
            return self.worker
        self.close_worker()
        self.worker = child.Child(self.python, setting, self.arguments.quiet)
        self.worker_environment = environment
        options = self.arguments
        self.facts = self.worker.ask(do="open", data=self.data.directory, seed=options.seed, batch=options.batch,
                                     hidden=options.hidden, lr=options.lr, start=options.start,
                                     threads=setting.get("threads", 1), device=options.device)
        return self.worker

    def close_worker(self):
        if self.worker:
            self.worker.close()
        self.worker = None

    # ---- the search ----

    def try_setting(self, setting, limit):
        """Seconds of an epoch, or None; every trial is printed and recorded."""
        trial = {"setting": setting, "seconds": None, "outcome": "measured"}
        try:
            reply = self.worker_for(setting).ask(do="trial", setting=setting, limit=limit)
        except PeerError as error:
            if error.code != EXIT_INTERNAL:
                raise
            self.close_worker()
            reply = {"unavailable": str(error)}
        trial["seconds"] = reply.get("seconds")
        if "unavailable" in reply:
            trial["outcome"] = reply["unavailable"]
        elif "wrong" in reply:
            trial["outcome"] = f"trains another network: {reply['wrong']:.3g} times the tolerance"
        elif "slower" in reply:
            trial["outcome"] = "stopped: slower than the best so far"
        self.trials.append(trial)
        seconds = trial["seconds"]
        self.say(f"{settings.text_of(setting)}: " + (f"{seconds:.4g} s" if seconds else trial["outcome"]))
        return seconds

    def values_to_search(self):
        values = {**self.values, **{key: [value] for key, value in self.fixed.items()}}
        if len(values.get("blas", ())) > 1:
            self.worker_for({axis: of_axis[0] for axis, of_axis in values.items()})
            if not any(os.path.basename(path).startswith("libblas.so") for path in self.facts["libraries"]):
                values["blas"] = [settings.SYSTEM_BLAS]  # this torch has its own BLAS inside
        return values

    def find_setting(self):
        values = self.values_to_search()
        if all(len(of_one) == 1 for of_one in values.values()):
            return {axis: of_axis[0] for axis, of_axis in values.items()}
        self.say("searching for the best setting (each trial: the faster of two epochs)")
        found = settings.search(values, self.try_setting)
        if not found:
            raise PeerError(EXIT_PROOF, f"no setting works; the last one failed because: {self.trials[-1]['outcome']}")
        self.say(f"best: {settings.text_of(found[0])}")
        return found[0]

    def begin(self, setting):
        reply = self.worker_for(setting).ask(do="begin", setting=setting)
        if "unavailable" in reply:
            raise PeerError(EXIT_NOTHING, f"{settings.text_of(setting)}: {reply['unavailable']}")
        if "wrong" in reply:
            raise PeerError(EXIT_PROOF, f"{settings.text_of(setting)}: does not train the same network: error "
                                        f"{reply['wrong']:.3g} times the tolerance")
        self.record_torch(setting, reply["check"])

    # ---- records ----

    def record_run(self):
        options, data = self.arguments, self.data
        content = self.machine.content
        content["settings"] = {
            "epochs": options.epochs, "batch": options.batch, "inputs": data.train.pixels, "hidden": options.hidden,
            "classes": images.CLASSES, "lr": options.lr, "rho": 0.9, "epsilon": 1e-7, "threads": options.threads,
            "seed": str(options.seed), "start": options.start, "device": options.device, "paired": self.command,
            "rounds": options.rounds if self.command else None}
        names = ("train_images", "train_labels", "test_images", "test_labels")
        content["dataset"] = {"name": data.name, "source": data.directory, "rows": data.rows, "cols": data.cols,
                              "train_images": data.train.count, "test_images": data.test.count,
                              "sha256": dict(zip(names, data.checksums))}
        content.update(records.machine_sections(), env_id=None)
        self.machine.write("running")

    def record_torch(self, setting, check):
        library = f"PyTorch {self.facts['torch']}" + (f" on {self.facts['gpu']}" if self.facts["gpu"] else "")
        self.machine.content["backends"] = {self.name: {
            "name": self.name, "library": library, "verified": None, "setting": setting, "gpu": self.facts["gpu"],
            "environment": settings.environment(setting), "error_of_tolerance": check,
            "loaded": self.facts["libraries"], "subnormals": self.facts["subnormals"], **self.facts["provenance"],
            "python": self.facts["python"], "parallel": self.facts["parallel"], "trials": self.trials}}
        self.machine.write("running")

    def open_csv(self, name, columns):
        file = records.Csv(self.directory, name, columns)
        self.files.append(file)
        return file

    def identity(self):
        return {"schema": records.SCHEMA, "run_id": self.run_id, "dataset": self.data.name,
                "env_id": self.machine.content["env_id"]}

    def flop(self, samples):
        """As bench counts: forward, both weight gradients, hidden gradient; a multiply-add is two."""
        return 2.0 * samples * self.arguments.hidden * (2.0 * self.data.train.pixels + 3.0 * images.CLASSES)

    # ---- the training ----

    def epoch(self, number, setting, place):
        """One epoch, its row on disk. Returns its row."""
        result = self.worker.ask(do="epoch", epoch=number)
        rate = self.flop(result["samples"]) / result["train_seconds"] * 1e-9
        row = dict(self.identity(), backend=self.name, threads=setting.get("threads", 1), seed=self.arguments.seed,
                   gflops=rate, gflops_done=rate, **place, **result,
                   **self.facts["provenance"])
        self.epochs_csv.add(row)
        self.rows.append(row)
        self.say(f"epoch {number}/{self.arguments.epochs}: {row['train_seconds']:.4g} s, {row['gflops']:.4g} GFLOP/s, "
                 f"loss {row['loss']:.4f}, val_accuracy {row['val_accuracy']:.4f}")
        return row

    def train_alone(self, setting):
        for number in range(1, self.arguments.epochs + 1):
            self.epoch(number, setting, {})
        found = summary.backend_of(self.rows, self.flop(self.data.train.count), {})
        print(f"{self.name:<12} {found['median_seconds']:.4g} s an epoch (median), {found['gflops']:.4g} "
              f"GFLOP/s, validation accuracy {found['val_accuracy']:.4f} after {found['epochs']}")

    def train_in_turns(self, setting):
        file = self.open_csv("paired.csv", records.PAIRED_COLUMNS)
        bench = paired.Bench(self.command, self.arguments, self.data.directory)
        threads = {"torch": setting.get("threads", 1), "bench": self.arguments.threads}
        provenances = {self.name: self.facts["provenance"]}
        done = 0
        for turn, count in enumerate(paired.shares(self.arguments.epochs, self.arguments.rounds)):
            seconds = {}
            for position, who in enumerate(("torch", "bench") if paired.torch_first(turn) else ("bench", "torch"), 1):
                if who == "bench":
                    self.say(f"round {turn + 1}/{self.arguments.rounds}: bench's turn")
                    self.worker.pause()
                    directory = os.path.join(self.directory, "rounds", f"{turn + 1:02d}")
                    seconds[who] = bench.run(directory)
                    self.machine.content["env_id"] = paired.read_env_id(directory)
                    provenances.update(paired.read_provenances(directory))
                    continue
                self.worker.resume()
                place = {"round": turn + 1, "position": position}
                of_turn = [self.epoch(done + i, setting, place) for i in range(1, count + 1)]
                done += count
                seconds[who] = [row["train_seconds"] for row in of_turn]
            for row in paired.rows_of_round(turn, self.name, seconds["torch"], seconds["bench"], threads):
                self.turns.append(row)
                file.add(dict(self.identity(), **row, **provenances[row["contender"]]))
        print("\n".join(paired.summary(self.turns)))

    def run(self):
        """Everything. Returns the exit code; the files have their final names whatever it is."""
        status, code = "failed", EXIT_INTERNAL
        try:
            self.record_run()
            self.epochs_csv = self.open_csv("epochs.csv", records.EPOCH_COLUMNS)
            setting = self.find_setting()
            self.begin(setting)
            print(f"setting      {settings.text_of(setting)}")
            (self.train_in_turns if self.command else self.train_alone)(setting)
            status, code = "complete", 0
        except Interrupted:
            status, code = "interrupted", EXIT_INTERRUPTED
        except PeerError as error:
            print(f"peer_torch.py: {error}", file=sys.stderr)
            status, code = ("interrupted" if error.code == EXIT_INTERRUPTED else "failed"), error.code
        finally:
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, signal.SIG_IGN)
            self.close_worker()
            for file in self.files:
                file.finish()
            self.machine.write(status, code)
            summary.write(self.directory, self.machine.content, code, self.rows, self.flop(self.data.train.count), self.turns)
        print(f"files        {self.directory}")
        return code


def main():
    arguments = parse_arguments()
    signal.signal(signal.SIGINT, interrupt)
    signal.signal(signal.SIGTERM, interrupt)
    try:
        return Session(arguments).run()
    except Interrupted:
        return EXIT_INTERRUPTED
    except PeerError as error:
        print(f"peer_torch.py: {error}", file=sys.stderr)
        return error.code
    except OSError as error:
        print(f"peer_torch.py: {error.filename or 'the system'}: {error.strerror or error}", file=sys.stderr)
        return EXIT_INTERNAL


if __name__ == "__main__":
    sys.exit(main())
