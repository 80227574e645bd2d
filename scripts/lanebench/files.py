# SPDX-License-Identifier: MIT
"""What the scripts read and say: files through one door, paths on stdout, and how a program ends. One line for each
thing that is wrong, and an exit code."""

import json
import os
import re
import stat
import sys

EXIT_DATA, EXIT_INTERNAL = 6, 99

# Of a kind of file, the most bytes; the largest CSV file is read within ten seconds.
MAX_BYTES = {".json": 16 << 20, ".csv": 32 << 20}


# Text that a spreadsheet would evaluate instead of showing it, including the apostrophes of text_cell().
FORMULA = re.compile("'*[=+\\-@\t\r]")


def text_cell(text):
    """Text as a cell of a CSV file (results/README.md)."""
    return "'" + text if FORMULA.match(text) else text


def cell_text(cell):
    """The text of such a cell."""
    return cell[1:] if cell.startswith("'") and FORMULA.match(cell) else cell


def short_id(digits):
    """The first 12 of a hash or commit. What would read as a number has an x before it (harness/base/short_id.h); an id
    that is already short stays as it is, but for old files, whose ids had none."""
    if digits.startswith("x"):
        return digits
    cut = digits[:12]
    return "x" + cut if re.fullmatch(r"[0-9]+([ed][0-9]+)?", cut) else cut


class DataError(Exception):
    """A file or directory that cannot be used. The text is one line: what, where."""


def read_text(path, kind=".csv", encoding="utf-8"):
    """The whole file. Only a regular one (a FIFO would never end), and only up to a size that no real one reaches."""
    try:
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), newline="", encoding=encoding) as f:
            found = os.fstat(f.fileno())
            if not stat.S_ISREG(found.st_mode):
                raise DataError(f"{path}: is not a regular file")
            if found.st_size > MAX_BYTES[kind]:
                raise DataError(f"{path}: has {found.st_size >> 20} MiB, more than the {MAX_BYTES[kind] >> 20} that are read")
            return f.read()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: {getattr(error, 'strerror', None) or error}") from None


def read_json(path):
    """The object in the file."""
    try:
        found = json.loads(read_text(path, ".json"))
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: {error}") from None
    if not isinstance(found, dict):
        raise DataError(f"{path}: not an object")
    return found


def utf8(value):
    """The value with every byte of a path or a variable that is not UTF-8 as \\xNN, inside lists and dictionaries
    too."""
    if isinstance(value, str):
        return value.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    if isinstance(value, dict):
        return {utf8(key): utf8(one) for key, one in value.items()}
    return [utf8(one) for one in value] if isinstance(value, (list, tuple)) else value


def field(value):
    """Nine significant digits; None is an empty field."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.9g}"
    return text_cell(utf8(value)) if isinstance(value, str) else str(value)


def put(path, text):
    """The whole file, or the one that was there, and nothing beside it even when interrupted. What UTF-8 has no bytes for,
    such as the half of a surrogate pair that JSON may hold, is written as \\uNNNN."""
    beside = path + ".tmp"
    try:
        with open(beside, "w", encoding="utf-8", errors="backslashreplace", newline="") as f:
            f.write(text)
            f.flush()
            os.fsync(f.fileno())
        os.replace(beside, path)
    except BaseException:
        if os.path.exists(beside):
            os.unlink(beside)
        raise


def print_paths(paths):
    """As the file system has them, whatever the encoding of stdout is."""
    lines = b"".join(os.fsencode(path) + b"\n" for path in paths)
    if hasattr(sys.stdout, "buffer"):
        sys.stdout.buffer.write(lines)
    else:  # a program that runs inside another one
        sys.stdout.write(os.fsdecode(lines))


def run_program(name, work):
    """work()'s exit code. What fails on the way, stdout included, is one line on stderr."""
    try:
        try:
            return work()
        finally:
            sys.stdout.flush()
    except DataError as error:
        print(f"{name}: {error}", file=sys.stderr)
        return EXIT_DATA
    except OSError as error:
        print(f"{name}: {error.filename or 'stdout'}: {error.strerror or error}", file=sys.stderr)
        if error.filename is None:  # what could not be written would fail again at the end
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return EXIT_INTERNAL
