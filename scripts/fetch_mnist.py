#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Downloads MNIST's four files into the user's cache directory, where `bench` finds them.

Every file is checked by the SHA-256 of its decompressed content, so it does not matter which mirror it came from.
The next call continues an interrupted download. Correct files that are already there are left alone.
"""
import argparse
import fcntl
import gzip
import hashlib
import http.client
import os
import re
import sys
import threading
import time
import urllib.error
import urllib.request
import zlib
from pathlib import Path

EXIT_OK, EXIT_USAGE, EXIT_DATA, EXIT_INTERRUPTED = 0, 2, 6, 130

# name -> (bytes, SHA-256), both of the decompressed content
FILES = {
    "train-images-idx3-ubyte": (47040016, "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"),
    "train-labels-idx1-ubyte": (60008, "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"),
    "t10k-images-idx3-ubyte": (7840016, "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"),
    "t10k-labels-idx1-ubyte": (10008, "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"),
}
MIRRORS = [
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "https://azureopendatastorage.blob.core.windows.net/mnist/",
    # For systems without certificates; harmless, because the checksums are verified.
    "http://ossci-datasets.s3.amazonaws.com/mnist/",
]
GIVE_UP_SECONDS = 14.0  # without one byte from anywhere
SOCKET_SECONDS = 6.0  # for one connection attempt or one read: leaves time for a second mirror
CHUNK = 1 << 16


class FetchError(Exception):
    """A mirror or a file that cannot be used; the text says why."""


def cache_dir():
    """The directory where bench looks, by the same rules."""
    cache = os.environ.get("XDG_CACHE_HOME", "")
    base = Path(cache) if cache.startswith("/") else Path.home() / ".cache"
    return base / "lanebench" / "mnist"


def spellings(name):
    """The file names that bench accepts for a part, in its order."""
    dotted = name.replace("-idx", ".idx")
    return [name, dotted, name + ".gz", dotted + ".gz"]


def plain_content(f, limit):
    """Yields the content of an open file, decompressed if it is gzip; at most about limit bytes."""
    head = f.read(2)
    f.seek(0)
    content = gzip.GzipFile(fileobj=f) if head == b"\x1f\x8b" else f
    produced = 0
    while produced <= limit and (data := content.read(CHUNK)):
        produced += len(data)
        yield data


def check(path, name):
    """Raises FetchError unless the file has exactly the expected content."""
    size, wanted = FILES[name]
    digest, seen = hashlib.sha256(), 0
    try:
        with open(path, "rb") as f:
            for piece in plain_content(f, size):
                digest.update(piece)
                seen += len(piece)
    except EOFError as e:
        raise FetchError("the gzip data is cut short") from e
    except (gzip.BadGzipFile, zlib.error) as e:
        raise FetchError(f"the gzip data is corrupt ({e})") from e
    except OSError as e:
        raise FetchError(e.strerror or str(e)) from e
    if seen > size:
        raise FetchError(f"it has more than the {size} bytes of MNIST's")
    if seen < size:
        raise FetchError(f"it has {seen} bytes instead of {size}")
    if digest.hexdigest() != wanted:
        raise FetchError("its checksum is not MNIST's")


class Meter:
    """Progress on stderr: one updating line on a terminal, one line a file elsewhere. Also records when the last byte
    came, for the watchdog."""

    def __init__(self):
        self.last_byte = time.monotonic()
        self.silent = False
        self.drawn = 0.0
        self.terminal = sys.stderr.isatty()

    def say(self, text):
        if not self.silent:
            sys.stderr.write(("\r\033[K" if self.terminal else "") + text + "\n")
            sys.stderr.flush()

    def progress(self, name, done, total):
        self.last_byte = now = time.monotonic()
        if self.terminal and not self.silent and now - self.drawn > 0.1:
            self.drawn = now
            share = f"{100 * done / total:5.1f} % of {total / 1e6:.1f} MB" if total else f"{done / 1e6:.1f} MB"
            sys.stderr.write(f"\r\033[K{name}: {share}")
            sys.stderr.flush()


def ask(url, offset):
    """Opens url from byte offset on. Returns the response and the offset where it really starts."""
    request = urllib.request.Request(url, headers={"User-Agent": "lanebench-fetch", "Accept-Encoding": "identity"})
    if offset:
        request.add_header("Range", f"bytes={offset}-")
    response = urllib.request.urlopen(request, timeout=SOCKET_SECONDS)
    if response.status == 206:
        start = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
        if start is None or int(start[1]) != offset:
            response.close()
            raise FetchError("the mirror sent another range than requested")
        return response, offset
    return response, 0


def total_of(response, start):
    length = response.headers.get("Content-Length", "")
    return start + int(length) if length.isdigit() else 0


def download(url, part, name, meter):
    """Brings the .part file to its end, starting where it ends now. part: open for update, at any position."""
    offset = part.seek(0, os.SEEK_END)
    limit = FILES[name][0] + (1 << 20)  # gzip never makes it larger than that
    try:
        response, start = ask(url, offset)
    except urllib.error.HTTPError as e:
        if e.code == 416 and offset:  # nothing left to send: the checksum will show
            return
        raise
    with response:
        if start < offset:
            part.truncate(start)
        part.seek(start)
        done, total = start, total_of(response, start)
        while data := response.read1(CHUNK):
            part.write(data)
            done += len(data)
            meter.progress(name, done, total)
            if done > limit:
                raise FetchError("the mirror sends more than the file can have")
        part.flush()
    if total and done < total:
        raise FetchError(f"the connection ended after {done} of {total} bytes")


def try_mirror(mirror, part, part_path, name, meter):
    """True if .part is complete and correct afterwards; else says why and leaves what is worth continuing."""
    url = mirror.rstrip("/") + "/" + name + ".gz"
    for _ in range(2):
        resumed = part.seek(0, os.SEEK_END) > 0
        try:
            download(url, part, name, meter)
            part.flush()
        except (OSError, http.client.HTTPException, ValueError, FetchError) as e:
            reason = getattr(e, "reason", None) or e
            if isinstance(e, urllib.error.HTTPError):
                reason = f"{e.code} {e.reason}"
                e.close()
            meter.say(f"{url}: {reason}")
            return False
        try:
            check(part_path, name)
            return True
        except FetchError as e:
            meter.say(f"{url}: {e}")
            part.truncate(0)
        if not resumed:  # a file pieced together from two downloads is tried once more in one piece
            return False
    return False


def sync_dir(directory):
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def fetch_file(directory, name, mirrors, meter):
    """Leaves the correct file in directory or raises FetchError."""
    wrong = []
    for spelling in spellings(name):
        path = directory / spelling
        if not path.exists():
            continue
        try:
            check(path, name)
        except FetchError as e:
            wrong.append(path)
            meter.say(f"{path}: {e}; fetching another")
            continue
        if not wrong:
            meter.say(f"{path}: already there")
            return
        set_aside(wrong, meter)
        return
    part_path = directory / (name + ".gz.part")
    with open(part_path, "a+b") as part:
        try:
            fcntl.flock(part, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise FetchError(f"{part_path}: another download is writing it; wait for that one") from None
        if not any(try_mirror(mirror, part, part_path, name, meter) for mirror in mirrors):
            if part.seek(0, os.SEEK_END) == 0:
                part_path.unlink(missing_ok=True)
            raise FetchError(f"{name}.gz: no mirror delivered it")
        os.fsync(part.fileno())
        set_aside(wrong, meter)
        os.replace(part_path, directory / (name + ".gz"))
    sync_dir(directory)
    meter.say(f"{directory / (name + '.gz')}: complete, checksum correct")


def set_aside(paths, meter):
    """Renames files with other content, which may still be needed, so that bench does not find them."""
    for path in paths:
        aside = path.with_name(path.name + ".wrong")
        os.replace(path, aside)
        meter.say(f"{path}: not MNIST's; renamed to {aside.name}")


def fetch_all(directory, mirrors, meter):
    """Returns an error text, or None."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for name in FILES:
            fetch_file(directory, name, mirrors, meter)
    except FetchError as e:
        return str(e)
    except OSError as e:
        return f"{e.filename or directory}: {e.strerror}"
    return None


def run_watched(directory, mirrors, meter):
    """fetch_all in a thread, because a look-up of a host's name cannot be timed out. Returns like it."""
    result = []
    worker = threading.Thread(target=lambda: result.append(fetch_all(directory, mirrors, meter)), daemon=True)
    meter.last_byte = time.monotonic()
    worker.start()
    while worker.is_alive():
        worker.join(0.05)
        if worker.is_alive() and time.monotonic() - meter.last_byte > GIVE_UP_SECONDS:
            meter.silent = True
            return f"nothing came from any mirror for {GIVE_UP_SECONDS:.0f} seconds"
    return result[0] if result else "the download ended unexpectedly"


def by_hand(directory):
    names = "\n".join(f"  {name}.gz" for name in FILES)
    return (f"By hand: get these four files, for instance from {MIRRORS[0]}\n{names}\n"
            f"and put them into {directory}, or into any directory that you then name with\n"
            "bench --data DIR or MNIST_DIR=DIR. Without them bench uses its built-in digits.")


def parse_arguments(argv):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
                                     epilog="exit codes: 0 all four files are there and correct, 6 they are not, 2 "
                                            "usage, 130 interrupted")
    parser.add_argument("--dest", type=Path, default=None, metavar="DIR",
                        help="where to put the files (default: the user's cache directory)")
    parser.add_argument("--mirror", action="append", metavar="URL",
                        help="take the files from URL/NAME.gz instead of the public mirrors; repeatable")
    arguments = parser.parse_args(argv)
    for url in arguments.mirror or []:
        if not re.match(r"https?://[^/]", url):
            parser.error(f"argument --mirror: '{url}' is not an http:// or https:// address")
    return arguments


def main(argv=None):
    arguments = parse_arguments(argv)
    try:
        directory = arguments.dest or cache_dir()
    except RuntimeError:
        sys.stderr.write("there is no home directory to hold the files; name a directory with --dest\n")
        return EXIT_USAGE
    try:
        problem = run_watched(directory, arguments.mirror or MIRRORS, meter := Meter())
    except KeyboardInterrupt:
        sys.stderr.write("\ninterrupted; the next call continues where this one stopped\n")
        return EXIT_INTERRUPTED
    if problem is None:
        print(directory)
        return EXIT_OK
    sys.stderr.write(("\r\033[K" if meter.terminal else "") + f"MNIST is not there: {problem}\n{by_hand(directory)}\n")
    return EXIT_DATA


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)  # does not wait for a thread that may hang in a name look-up
