# SPDX-License-Identifier: MIT
"""test_save.py BENCH: --save writes archives that a reader of the standard library accepts, whole or not at all, and
refuses before the proof what cannot work. test_save.py BENCH numpy BACKEND: from its weights numpy computes the loss, the
accuracy and the confusion matrix that the run states. 77 without numpy, or on a CPU without the backend."""
import ast
import json
import os
import struct
import sys
import zipfile

from cli_common import check, check_refused, finish, make_data, ready_backends, run, scratch, skip
from with_module import go_on_with

bench = os.path.abspath(sys.argv[1])
SMALL = ["run", "--epochs", "2", "--hidden", "24", "--batch", "16", "--quiet"]
SHAPES = {"w1.npy": (784, 24), "b1.npy": (24,), "w2.npy": (24, 10), "b2.npy": (10,)}


def check_archive(path):
    with zipfile.ZipFile(path) as archive:
        check(archive.testzip() is None, f"{path}: a wrong checksum")
        check(archive.namelist() == list(SHAPES), f"{path}: {archive.namelist()}")
        check(all(m.compress_type == zipfile.ZIP_STORED for m in archive.infolist()), f"{path}: compressed")
        for name, shape in SHAPES.items():
            check_array(f"{path}: {name}", archive.read(name), shape)


def check_array(what, content, shape):
    """As the description of numpy.lib.format demands."""
    magic, length = content[:8], struct.unpack("<H", content[8:10])[0]
    header, data = content[10:10 + length], content[10 + length:]
    check(magic == b"\x93NUMPY\x01\x00" and (10 + length) % 64 == 0, f"{what}: {content[:12]}")
    check(header.endswith(b"\n") and ast.literal_eval(header.decode("ascii")) ==
          {"descr": "<f4", "fortran_order": False, "shape": shape}, f"{what}: {header}")
    size = shape[0] * (shape[1] if len(shape) > 1 else 1)
    check(len(data) == 4 * size and any(data), f"{what}: {len(data)} bytes for {shape}")


def test_files(data, directory):
    """Of two backends; test_numpy has one."""
    result = run(bench, *SMALL, "--backend", "naive,avx2:composed", "--data", data, "--out", directory + "/out",
                 "--save", directory + "/several.npz")
    check(result.returncode == 0, f"--save of two: {result}")
    left = sorted(n for n in os.listdir(directory) if n.startswith("several"))
    check(left == ["several-avx2%3Acomposed.npz", "several-naive.npz"], f"files: {left}")
    for name in left:
        check_archive(os.path.join(directory, name))


def test_full(data, directory):
    path = directory + "/full.npz"
    os.symlink("/dev/full", path)
    result = run(bench, *SMALL, "--backend", "naive", "--data", data, "--out", directory + "/full", "--save", path)
    check(result.returncode == 99 and f"{path}: cannot be written: No space left" in result.stderr, f"full: {result}")


def write_large_images(directory):
    """Two images whose weights, with the largest hidden layer, take more than 4 GiB."""
    side = 130
    os.mkdir(directory)
    for name in ("train", "t10k"):
        with open(f"{directory}/{name}-images-idx3-ubyte", "wb") as f:
            f.write(struct.pack(">IIII", 2051, 2, side, side) + bytes(2 * side * side))
        with open(f"{directory}/{name}-labels-idx1-ubyte", "wb") as f:
            f.write(struct.pack(">II", 2049, 2) + bytes(2))
    return directory


def test_refused(data, directory):
    small = [*SMALL, "--backend", "naive", "--data", data, "--out", directory + "/nowhere"]
    for path, code, names in (("weights", 2, [".npz"]), (directory + "/no/such/w.npz", 99, ["/no/such/w.npz"]),
                              ("/proc/w.npz", 99, ["/proc/w.npz"]), ("x" * 4000 + ".npz", 2, ["too long"])):
        check_refused(run(bench, *small, "--save", path), code, names, f"--save {path[:60]}", directory + "/nowhere")
    check_refused(run(bench, "run", "--hidden", "65536", "--quiet", "--backend", "naive", "--data",
                      write_large_images(directory + "/large"), "--out", directory + "/nowhere", "--save", directory + "/large.npz"),
                  2, ["--save", "4 GiB"], "--save of too many weights", directory + "/nowhere")
    check_refused(run(bench, *small, "--threads", "1,2", "--save", "w.npz"), 2, ["--save", "sweep"], "--save in a sweep")
    check_refused(run(bench, "ab", "naive", "naive", "--save", "w.npz"), 2, ["--save"], "ab --save")
    check_refused(run(bench, *small, env={"BENCH_SAVE": "/nowhere/w.npz"}), 99, ["/nowhere/w.npz"], "BENCH_SAVE")


def images_of(data):
    """Test images as rows of numbers from 0 to 1, and labels."""
    import numpy
    found = []
    for name, offset in (("t10k-images-idx3-ubyte", 16), ("t10k-labels-idx1-ubyte", 8)):
        with open(os.path.join(data, name), "rb") as f:
            found.append(numpy.frombuffer(f.read(), numpy.uint8, offset=offset))
    return found[0].reshape(-1, 784).astype(numpy.float64) / 255, found[1]


def test_numpy(data, directory, backend):
    import numpy
    out, path = directory + "/out", directory + "/w.npz"
    result = run(bench, *SMALL, "--lr", "0.0001", "--backend", backend, "--data", data, "--out", out, "--save", path)
    check(result.returncode == 0, f"--save: {result}")
    with open(out + "/summary.json", encoding="utf-8") as f:
        figures = json.load(f)["backends"][0]
    w = numpy.load(path, allow_pickle=False)
    x, labels = images_of(data)
    z = numpy.maximum(x @ w["w1"] + w["b1"], 0) @ w["w2"] + w["b2"]
    z -= z.max(axis=1, keepdims=True)
    loss = numpy.mean(numpy.log(numpy.exp(z).sum(axis=1)) - z[numpy.arange(len(z)), labels])
    predicted = z.argmax(axis=1)
    counts = numpy.zeros((10, 10), int)
    numpy.add.at(counts, (labels, predicted), 1)
    check(abs(counts - counts.T).sum() > 10, f"a network that makes too few mistakes to tell rows from columns: {counts}")
    # In single precision an image between two classes may fall on the other side.
    check(abs(loss - figures["val_loss"]) < 1e-5 * loss, f"loss: {loss}, stated {figures['val_loss']}")
    check(abs(numpy.mean(predicted == labels) - figures["val_accuracy"]) <= 1 / len(x),
          f"accuracy: {numpy.mean(predicted == labels)}, stated {figures['val_accuracy']}")
    check(abs(counts - numpy.array(figures["confusion"])).sum() <= 2, f"confusion: {counts}, stated {figures['confusion']}")


if sys.argv[2:]:
    go_on_with("numpy")
needed = sys.argv[3] if sys.argv[2:] else "avx2"
if needed not in ready_backends(bench):
    skip(f"this CPU cannot run {needed}")
with scratch() as scratch_dir:
    images = make_data(scratch_dir + "/data")
    if sys.argv[2:]:
        test_numpy(images, scratch_dir, needed)
    else:
        test_files(images, scratch_dir)
        test_full(images, scratch_dir)
        test_refused(images, scratch_dir)
finish()
