# SPDX-License-Identifier: MIT
"""MNIST's four files, or others in their format, from a directory: found, checked and named by bench's rules."""

import gzip
import hashlib
import os
import struct
import zlib

from lanebench.files import utf8

from . import EXIT_DATA, PeerError

# The parts: file stem, number of dimensions, SHA-256 of MNIST's, decompressed.
PARTS = (
    ("train-images", 3, "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"),
    ("train-labels", 1, "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"),
    ("t10k-images", 3, "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"),
    ("t10k-labels", 1, "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"),
)
CLASSES = 10
MAX_PIXELS = 65536  # of one image
MAX_BYTES = 1 << 30  # of one file, decompressed


class Split:
    """count images of `pixels` bytes each, row-major, and their labels."""

    def __init__(self, count, pixels, images, labels):
        self.count, self.pixels, self.images, self.labels = count, pixels, images, labels


class Images:
    def __init__(self, directory, name, train, test, rows, cols, checksums):
        self.directory, self.name, self.train, self.test = directory, name, train, test
        self.rows, self.cols, self.checksums = rows, cols, checksums


def fail(path, what):
    raise PeerError(EXIT_DATA, f"{path}: {what}")


def dir_of(asked):
    """--data, else MNIST_DIR, else the user's cache directory."""
    directory = asked or os.environ.get("MNIST_DIR")
    if directory:
        return directory
    cache = os.environ.get("XDG_CACHE_HOME", "")
    base = cache if cache.startswith("/") else os.path.join(os.path.expanduser("~"), ".cache")
    directory = os.path.join(base, "lanebench", "mnist")
    if not os.path.isdir(directory):
        raise PeerError(EXIT_DATA, "no images: give --data DIR, set MNIST_DIR, or run bench fetch-mnist")
    return directory


def find(directory, stem, rank):
    for suffix in ("", ".gz"):
        for mark in "-.":
            path = os.path.join(directory, f"{stem}{mark}idx{rank}-ubyte{suffix}")
            if os.path.lexists(path):
                return path
    return fail(directory, f"holds no {stem}-idx{rank}-ubyte, with or without .gz")


def read_limited(path):
    try:
        if not os.path.isfile(path):
            fail(path, "is not a regular file")
        with open(path, "rb") as f:
            zipped = f.read(2) == b"\x1f\x8b"
        with (gzip.open if zipped else open)(path, "rb") as f:
            content = f.read(MAX_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        fail(path, f"cannot be read: {getattr(error, 'strerror', None) or error}")
    if len(content) > MAX_BYTES:
        fail(path, "is larger than 1 GiB")
    return content


def read_part(directory, stem, rank):
    """path, dimensions, data, checksum of one file."""
    path = find(directory, stem, rank)
    content = read_limited(path)
    head = 4 + 4 * rank
    if len(content) < head:
        fail(path, f"holds {len(content)} bytes, less than an IDX header")
    if content[:4] != bytes((0, 0, 8, rank)):
        fail(path, f"does not start as an IDX file of bytes with {rank} dimension{'s' if rank > 1 else ''}")
    dimensions = struct.unpack(f">{rank}I", content[4:head])
    size = 1
    for n in dimensions:
        size *= n
    if not size:
        fail(path, "declares an empty array")
    if len(content) != head + size:
        fail(path, f"declares {size} bytes of data and holds {len(content) - head}")
    return path, dimensions, memoryview(content)[head:], hashlib.sha256(content).hexdigest()


def read_split(directory, parts):
    image_path, shape, pixels, image_sum = read_part(directory, *parts[0][:2])
    label_path, count, labels, label_sum = read_part(directory, *parts[1][:2])
    if shape[1] * shape[2] > MAX_PIXELS:
        fail(image_path, f"its images have {shape[1]} x {shape[2]} pixels")
    if shape[0] != count[0]:
        fail(label_path, f"holds {count[0]} labels for {shape[0]} images")
    if max(labels) >= CLASSES:
        fail(label_path, f"label {max(labels)} is not below {CLASSES}")
    return Split(shape[0], shape[1] * shape[2], pixels, labels), shape[1:], (image_sum, label_sum)


def name_of(directory, checksums):
    """As in bench's files; the names that mean something are not given to other data."""
    if checksums == tuple(part[2] for part in PARTS):
        return "mnist"
    base = utf8(os.path.basename(os.path.realpath(directory))) or "data"
    base = "".join("_" if c <= " " or c == "\x7f" or c in ",;\"'" else c for c in base)
    return "other-" + base if base in ("mnist", "generated") else base


def read_images(directory):
    train, shape, train_sums = read_split(directory, PARTS[:2])
    test, test_shape, test_sums = read_split(directory, PARTS[2:])
    if test_shape != shape:
        fail(directory, f"images to test on have {test_shape[0]} x {test_shape[1]} pixels, "
                     f"those to train on {shape[0]} x {shape[1]}")
    checksums = train_sums + test_sums
    return Images(directory, name_of(directory, checksums), train, test, shape[0], shape[1], checksums)
