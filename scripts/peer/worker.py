# SPDX-License-Identifier: MIT
"""The process that trains: reads one request a line (JSON) on stdin, answers one line on the file descriptor that it
is given, out of the way of what libraries print. Its environment is that of one setting, which is why it is a process
of its own."""

import ctypes
import gc
import hashlib
import json
import os
import re
import signal
import sys
import time
from array import array

import torch

from lanebench.files import short_id

from . import PeerError, images, oracle, settings, start, steps

WARM_UP_STEPS = 50


def die_with_parent():
    """Even while stopped, and however the parent ends."""
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


class Abandoned(Exception):
    """Slower than the setting it would have to beat."""


class Trainer:
    def __init__(self, request):
        self.request, self.device = request, torch.device(request["device"])
        # Before there are other threads, which inherit it. bench's kernels avoid subnormals, torch's can only flush them.
        self.flushes = torch.set_flush_denormal(True)
        torch.set_num_threads(request["threads"])
        data = images.read_images(request["data"])
        self.classes = images.CLASSES
        self.train, self.test = self.prepare(data.train), self.prepare(data.test)
        self.w1, self.w2 = self.start_weights(data.train.pixels)
        self.step = None

    def prepare(self, split):
        pixels = torch.frombuffer(bytearray(split.images), dtype=torch.uint8).view(split.count, split.pixels)
        labels = torch.frombuffer(bytearray(split.labels), dtype=torch.uint8)
        return steps.Data(pixels.to(self.device), labels.to(self.device), self.classes)

    def start_weights(self, inputs):
        seed, hidden = self.request["seed"], self.request["hidden"]
        shapes = ((inputs, hidden), (hidden, self.classes))
        if self.request["start"] == "bench":
            flat = start.weights(seed, inputs, hidden, self.classes)
            ours = [torch.frombuffer(w, dtype=torch.float32).view(shape) for w, shape in zip(flat, shapes)]
        else:
            torch.manual_seed(seed % (1 << 63))
            ours = [torch.nn.init.xavier_uniform_(torch.empty(shape)) for shape in shapes]
        return [w.to(self.device) for w in ours]

    def order(self, epoch):
        count = len(self.train.labels)
        if self.request["start"] == "bench":
            places = array("q", start.order(self.request["seed"], epoch, count))
            return torch.frombuffer(places, dtype=torch.int64).to(self.device)
        return torch.randperm(count).to(self.device)

    def build(self, setting, samples, batch, **changed):
        """A step for that many samples in batches."""
        sizes = sorted({min(batch, samples), samples % batch} - {0})
        options = dict({"lr": self.request["lr"], "sizes": sizes}, **changed)
        return steps.make(setting, self.train, self.w1, self.w2, **options)

    def build_for_epochs(self, setting):
        return self.build(setting, len(self.train.labels), self.request["batch"])

    def wait(self):
        """Until the GPU, if it computes, has done what it was given."""
        if self.device.type == "cuda":
            torch.cuda.synchronize()

    def check(self, setting):
        """The oracle's verdict on that kind of step: distance as a share of the tolerance. Without TF32, which changes the
        operands of products and not the formulas: its rounding moves weights further than a wrong formula would (0.09 of
        their change with operands cut to 11 bits), so that nothing could be told from it."""
        batch = min(self.request["batch"], max(1, len(self.train.labels) // 3))
        count = min(len(self.train.labels), 2 * batch + max(1, 3 * batch // 4))
        step = self.build(settings.without_tf32(setting), count, batch, lr=oracle.LR, epsilon=oracle.EPSILON)
        index = torch.arange(count, device=self.device)
        return oracle.distance(step, self.train, self.w1, self.w2, index, batch) / oracle.TOLERANCE

    def train_epoch(self, step, order, limit=None):
        """Seconds, mean loss, accuracy, number of steps. The loss and the hits of all batches are counted at the end of
        the epoch, inside the clock, because that is the fastest way."""
        logits = torch.empty(len(order), self.classes, device=self.device)
        batches = list(zip(order.split(self.request["batch"]), logits.split(self.request["batch"])))
        gc.collect()
        gc.disable()
        self.wait()
        begin = time.perf_counter()
        for index, out in batches:
            step.train(index, out)
            if limit is not None and time.perf_counter() - begin > limit:
                gc.enable()
                raise Abandoned
        loss, accuracy = score(logits, self.train.labels.index_select(0, order))
        seconds = time.perf_counter() - begin
        gc.enable()
        return seconds, loss, accuracy, len(batches)

    def validate(self, step):
        batch = self.request["batch"]
        logits = torch.empty(len(self.test.labels), self.classes, device=self.device)
        self.wait()
        begin = time.perf_counter()
        for pixels, out in zip(self.test.images.split(batch), logits.split(batch)):
            step.predict(pixels, out)
        loss, accuracy = score(logits, self.test.labels)
        return time.perf_counter() - begin, loss, accuracy

    # ---- requests ----

    def trial(self, setting, limit):
        """The faster of two training epochs of a setting, after its check and a warm-up: a short disturbance must not make
        a good setting lose. An epoch longer than limit is broken off."""
        share = self.check(setting)
        if not share <= 1:
            return {"wrong": share}
        step, order = self.build_for_epochs(setting), self.order(1)
        warm = order[:WARM_UP_STEPS * self.request["batch"]]
        seconds = []
        for samples in (warm, order, order):
            try:
                seconds.append((self.train_epoch(step, samples, limit)[0], samples is order))
            except Abandoned:
                pass
        whole = [taken for taken, is_whole in seconds if is_whole]
        return {"seconds": min(whole), "check": share} if whole else {"slower": True}

    def begin(self, setting):
        share = self.check(setting)
        self.step = self.build_for_epochs(setting)
        return {"check": share} if share <= 1 else {"wrong": share}

    def epoch(self, number):
        seconds, loss, accuracy, count = self.train_epoch(self.step, self.order(number))
        val_seconds, val_loss, val_accuracy = self.validate(self.step)
        return {"epoch": number, "steps": count, "samples": len(self.train.labels), "train_seconds": seconds,
                "val_seconds": val_seconds, "loss": loss, "accuracy": accuracy, "val_loss": val_loss,
                "val_accuracy": val_accuracy}


def score(logits, labels):
    """Mean loss and accuracy; a row with a NaN predicts nothing."""
    loss = steps.functional.cross_entropy(logits, labels, reduction="none").double().mean().item()
    right = (logits.argmax(1) == labels) & ~logits.isnan().any(1)
    return loss, right.double().mean().item()


def provenance(mapped, device):
    """As bench's columns: the commit that PyTorch was built from, None where its packager left it out, and the start
    of the checksum of the library that computes."""
    commit = getattr(torch.version, "git_version", None)
    computes = [path for path in mapped if os.path.basename(path).startswith(f"libtorch_{device.type}.so")]
    digest = hashlib.sha256()
    if computes:
        with open(computes[0], "rb") as f:
            for block in iter(lambda: f.read(1 << 20), b""):
                digest.update(block)
    return {"git_commit": short_id(commit) if commit and re.fullmatch("[0-9a-f]{12,}", commit) else None,
            "binary_sha256": short_id(digest.hexdigest()) if computes else None}


def facts(flushes, device):
    """Of the torch in this process."""
    with open("/proc/self/maps", encoding="utf-8", errors="replace") as f:
        mapped = {line.split()[-1] for line in f if ".so" in line}
    marks = ("libblas", "openblas", "libblis", "mkl", "dnnl", "gomp", "iomp")
    libraries = sorted(path for path in mapped if any(mark in os.path.basename(path) for mark in marks))
    return {"torch": torch.__version__, "python": sys.version.split()[0], "libraries": libraries,
            "provenance": provenance(mapped, device),
            "gpu": torch.cuda.get_device_name() if device.type == "cuda" else None,
            "threads": torch.get_num_threads(), "subnormals": "flushed" if flushes and device.type == "cpu" else "kept",
            "mkldnn": torch.backends.mkldnn.is_available(),
            "parallel": torch.__config__.parallel_info().strip().splitlines()}


def answer(trainer, request):
    if request["do"] == "open":
        trainer = Trainer(request)
        return trainer, facts(trainer.flushes, trainer.device)
    if request["do"] == "epoch":
        return trainer, trainer.epoch(request["epoch"])
    try:
        if request["do"] == "trial":
            return trainer, trainer.trial(request["setting"], request["limit"])
        return trainer, trainer.begin(request["setting"])
    except steps.Unavailable as reason:
        return trainer, {"unavailable": str(reason)}


def one_line(error):
    """The first line of an error that says something, cut to a bearable length."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0] if lines else 'no reason given'}"[:300]


def serve(stream):
    trainer = None
    for line in sys.stdin:
        try:
            trainer, reply = answer(trainer, json.loads(line))
        except PeerError as error:
            reply = {"failed": str(error), "code": error.code}
        except Exception as error:  # whatever torch raises: the parent decides what it means
            reply = {"failed": one_line(error)}
        stream.write(json.dumps(reply) + "\n")
        stream.flush()


def main():
    die_with_parent()
    with os.fdopen(int(sys.argv[1]), "w", encoding="utf-8") as stream:
        serve(stream)


if __name__ == "__main__":
    main()
