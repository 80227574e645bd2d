# SPDX-License-Identifier: MIT
"""Writes the corpus that is committed beside this file: one small input per way through the code.

  python3 tests/fuzz/make_corpus.py"""
import gzip
import os
import random
import struct

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "corpus")


def write(directory, name, content):
    os.makedirs(os.path.join(HERE, directory), exist_ok=True)
    with open(os.path.join(HERE, directory, name), "wb") as f:
        f.write(content)


def idx():
    labels = struct.pack(">II", 0x801, 5) + bytes([0, 1, 9, 3, 4])
    images = struct.pack(">IIII", 0x803, 2, 3, 4) + bytes(range(24))
    packed = gzip.compress(images, mtime=0)
    cases = {
        "empty": (0, b""), "short": (0, images[:3]), "header": (0, images[:16]),
        "images": (4, images), "labels": (5, labels), "images_as_labels": (5, images), "labels_as_images": (4, labels),
        "images_small_cap": (6, images), "longer": (4, images + b"\0"), "shorter": (4, images[:-1]),
        "label_ten": (5, labels[:-1] + b"\x0a"), "type": (4, b"\0\0\x0a\3" + images[4:]),
        "rank": (4, b"\0\0\x08\xff" + images[4:]), "magic": (4, b"\1" + images[1:]),
        "zero_size": (4, struct.pack(">IIII", 0x803, 0, 28, 28)),
        "wraps_32": (4, struct.pack(">IIII", 0x803, 0x10000, 0x100, 0x100)),
        "wraps_64": (4, struct.pack(">IIII", 0x803, 0xffffffff, 0xffffffff, 0xffffffff)),
        "little_endian": (4, struct.pack("<IIII", 0x803, 2, 3, 4) + bytes(24)),
        "gzip": (0, packed), "gzip_labels": (1, gzip.compress(labels, mtime=0)), "gzip_cut_header": (0, packed[:7]),
        "gzip_cut_body": (0, packed[:20]), "gzip_cut_crc": (0, packed[:-6]),
        "gzip_bad_crc": (0, packed[:-8] + bytes([packed[-8] ^ 1]) + packed[-7:]),
        "gzip_bad_size": (0, packed[:-1] + b"\1"), "gzip_two": (0, packed + packed), "gzip_trailing": (0, packed + b"x"),
        "gzip_bomb": (2, gzip.compress(struct.pack(">IIII", 0x803, 100, 28, 28) + bytes(78400), mtime=0)),
    }
    for name, (mode, content) in cases.items():
        write("idx", name, bytes([mode]) + content)


def gz():
    """Mode 4: level, strategy, header options, block size, damage, its place (2 bytes) and value, then the content."""
    labels = struct.pack(">II", 0x801, 5) + bytes([0, 1, 9, 3, 4])
    images = struct.pack(">IIII", 0x803, 2, 3, 4) + bytes(range(24))
    unhurt, cut, changed, followed, twice, split = range(6)
    ways = {"images": (9, 0, 0, 0, unhurt, 0, 0, 0), "stored": (0, 0, 0, 0, unhurt, 0, 0, 0),
            "huffman": (6, 2, 0, 0, unhurt, 0, 0, 0), "runs": (6, 3, 0, 0, unhurt, 0, 0, 0),
            "fixed": (6, 4, 0, 0, unhurt, 0, 0, 0), "header_parts": (6, 0, 15, 0, unhurt, 0, 0, 0),
            "name": (6, 0, 4, 0, unhurt, 0, 0, 0), "header_check": (6, 0, 1, 0, unhurt, 0, 0, 0),
            "blocks": (6, 0, 0, 7, unhurt, 0, 0, 0), "stored_blocks": (0, 0, 0, 1, unhurt, 0, 0, 0),
            "cut_header": (6, 0, 15, 0, cut, 12, 0, 0), "cut_body": (6, 0, 0, 0, cut, 20, 0, 0),
            "cut_trailer": (0, 0, 0, 0, cut, 60, 0, 0), "length": (6, 0, 0, 0, changed, 0, 0, 1),
            "checksum": (6, 0, 0, 0, changed, 5, 0, 1), "reserved_flag": (0, 0, 0, 0, changed, 59, 0, 0x80),
            "followed": (6, 0, 0, 0, followed, 0, 0, 65), "magic_follows": (6, 0, 0, 0, followed, 1, 0, 0x1f),
            "padded": (6, 0, 0, 0, followed, 6, 0, 0), "twice": (6, 0, 0, 0, twice, 0, 0, 0),
            "split": (6, 0, 0, 0, split, 21, 0, 0), "split_at_start": (6, 0, 15, 0, split, 0, 0, 0),
            "split_at_end": (0, 0, 1, 0, split, 40, 0, 0)}
    for name, way in ways.items():
        write("gz", name, bytes([4, *way]) + images)
    plain = bytes(ways["images"])
    write("gz", "labels", bytes([5]) + plain + labels)
    write("gz", "small_cap", bytes([6]) + plain + images + bytes(100))
    write("gz", "longer", bytes([4]) + plain + images + b"x")
    write("gz", "shorter", bytes([4]) + plain + images[:-1])
    write("gz", "empty", bytes([4]) + plain)
    write("gz", "bomb", bytes([4]) + plain + struct.pack(">IIII", 0x803, 1, 2, 2) + bytes(3000))
    write("gz", "bytes", bytes([0]) + gzip.compress(images, mtime=0))
    write("gz", "bytes_zeros_between", bytes([0]) + gzip.compress(images, mtime=0) + bytes(9) + gzip.compress(b"", mtime=0))
    write("gz", "bytes_bad_checksum", bytes([0]) + gzip.compress(images, mtime=0)[:-8] + bytes(8))


def cli():
    cases = {
        "nothing": [], "run": ["run", "--epochs", "2", "--batch=64", "--hidden", "32", "--seed", "18446744073709551615"],
        "list": ["list", "--json"], "micro": ["micro", "--benchmark_filter=gemm", "--backend", "naive"],
        "prove": ["prove", "--backend", "all", "--threads", "2"], "data": ["data", "--data", "/nowhere"],
        "typo": ["--epohcs", "3"], "command_typo": ["lst"], "no_value": ["--epochs"], "empty_value": ["--epochs="],
        "negative": ["--epochs", "-1"], "huge": ["--epochs", "99999999999999999999"], "real": ["--lr", "1e-3"],
        "not_finite": ["--lr", "nan"], "twice": ["--backend", "naive", "--backend", "avx2"],
        "plugins": ["--plugin", "a.so", "--plugin", "b.so:name"], "isa": ["--max-isa", "avx2"], "bad_isa": ["--max-isa", "mmx"],
        "help": ["--help"], "version": ["--version"], "environment": ["BENCH_EPOCHS=3", "BENCH_BACKEND=naive", "run"],
        "bad_environment": ["BENCH_EPOCHS=three", "BENCH_MAX_ISA=x", "run"], "dashes": ["--", "-", "---"],
        "not_text": ["--backend", "\udcff\x01\udcc0\x1b[31m"], "long": ["--" + "x" * 2000],
    }
    for name, argv in cases.items():
        write("cli", name, "\n".join(argv).encode("utf-8", "surrogateescape"))


def gemm():
    r = random.Random(7)
    shapes = [(0, 3, 3), (3, 0, 3), (3, 3, 0), (1, 1, 1), (6, 16, 8), (7, 17, 9), (12, 32, 31), (13, 33, 64), (14, 48, 65),
              (49, 67, 97), (5, 10, 90), (31, 7, 33)]
    for number, (m, n, k) in enumerate(shapes * 4):
        form = (number // len(shapes)) | r.randrange(6) << 2 | r.randrange(6) << 5 & 0xe0
        data = bytes(r.randrange(256) for _ in range(r.choice((0, 64, 1500))))
        slack = r.randrange(216) if number % 4 else 216 + number % 40  # from 216 on: two threads
        write("gemm", f"{number:02d}_{m}x{n}x{k}", bytes([m, n, k, form, slack]) + data)


idx()
gz()
cli()
gemm()
