#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""fetch_mnist.py against an HTTP server on the loopback interface. Small files stand in for MNIST's, with their
checksums in the script's table. With the argument `mnist` those of MNIST_DIR are served. 77 where it is not set, or
where nothing can connect to that interface."""
import contextlib
import gzip
import hashlib
import http.server
import importlib.util
import io
import os
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path
from unittest import mock

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "fetch_mnist.py"
spec = importlib.util.spec_from_file_location("fetch_mnist", SCRIPT)
fetch_mnist = importlib.util.module_from_spec(spec)
sys.dont_write_bytecode = True
spec.loader.exec_module(fetch_mnist)

NAMES = list(fetch_mnist.FILES)
CONTENT = {name: random.Random(i).randbytes(200_000 + i) for i, name in enumerate(NAMES)}
PACKED = {name: gzip.compress(content, 6) for name, content in CONTENT.items()}
TABLE = {name: (len(content), hashlib.sha256(content).hexdigest()) for name, content in CONTENT.items()}


class Mirror:
    """A server of files {name: bytes} that notes the requests. ranges: honours Range. cut: ends every answer after
    so many bytes of body although it announced all. stall: sends nothing after the headers."""

    def __init__(self, files, ranges=True, cut=None, stall=False):
        self.requests = []
        self.release = threading.Event()
        mirror = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                name = self.path.rsplit("/", 1)[-1]
                asked = self.headers.get("Range")
                mirror.requests.append((name, asked))
                if name not in files:
                    self.send_error(404)
                    return
                body, status, headers = files[name], 200, {}
                if asked and ranges:
                    start = int(re.fullmatch(r"bytes=(\d+)-", asked)[1])
                    if start >= len(body):
                        self.send_error(416)
                        return
                    headers["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
                    body, status = body[start:], 206
                self.send_response(status)
                for key, value in headers.items():
                    self.send_header(key, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if stall:
                    mirror.release.wait()
                    return
                with contextlib.suppress(ConnectionError):
                    self.wfile.write(body if cut is None else body[:cut])

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/mnist"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self):
        self.release.set()
        self.server.shutdown()
        self.server.server_close()


def closed_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def packed(**replaced):
    files = {name + ".gz": data for name, data in PACKED.items()}
    files.update({NAMES[int(key[1:])] + ".gz": data for key, data in replaced.items()})
    return files


class FetchTest(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.dest = Path(scratch.name) / "not yet there" / "mnist"
        for patch in (mock.patch.object(fetch_mnist, "FILES", TABLE),
                      mock.patch.dict(os.environ, {"no_proxy": "*"})):
            patch.start()
            self.addCleanup(patch.stop)

    def mirror(self, *args, **kwargs):
        m = Mirror(*args, **kwargs)
        self.addCleanup(m.close)
        return m

    def fetch(self, *mirrors):
        """Returns exit code and what was said on stderr."""
        argv = ["--dest", str(self.dest)]
        for m in mirrors:
            argv += ["--mirror", m if isinstance(m, str) else m.url]
        said = io.StringIO()
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
            status = fetch_mnist.main(argv)
        return status, said.getvalue()

    def assert_complete(self):
        self.assertEqual(sorted(p.name for p in self.dest.iterdir() if not p.name.endswith(".wrong")),
                         sorted(name + ".gz" for name in NAMES))
        for name in NAMES:
            self.assertEqual(gzip.decompress((self.dest / (name + ".gz")).read_bytes()), CONTENT[name])

    def test_good(self):
        m = self.mirror(packed())
        self.assertEqual(self.fetch(m)[0], 0)
        self.assert_complete()
        self.assertEqual(m.requests, [(name + ".gz", None) for name in NAMES])

    def test_right_files_stay(self):
        m = self.mirror(packed())
        self.dest.mkdir(parents=True)
        (self.dest / NAMES[0]).write_bytes(CONTENT[NAMES[0]])
        (self.dest / (NAMES[1].replace("-idx", ".idx") + ".gz")).write_bytes(PACKED[NAMES[1]])
        status, said = self.fetch(m)
        self.assertEqual(status, 0, said)
        self.assertEqual([name for name, _ in m.requests], [NAMES[2] + ".gz", NAMES[3] + ".gz"])
        self.assertEqual(said.count("already there"), 2)
        self.assertEqual(self.fetch(f"http://127.0.0.1:{closed_port()}")[0], 0)  # complete: needs no network

    def test_wrong_file_is_replaced_and_not_lost(self):
        self.dest.mkdir(parents=True)
        (self.dest / NAMES[2]).write_bytes(b"mine")
        status, said = self.fetch(self.mirror(packed()))
        self.assertEqual(status, 0, said)
        self.assert_complete()
        self.assertEqual((self.dest / (NAMES[2] + ".wrong")).read_bytes(), b"mine")

    def test_wrong_file_stays_without_replacement(self):
        self.dest.mkdir(parents=True)
        (self.dest / NAMES[2]).write_bytes(b"mine")
        self.assertEqual(self.fetch(self.mirror({}))[0], 6)
        self.assertEqual([p.name for p in self.dest.iterdir()], [NAMES[2]])

    def test_resume(self):
        self.dest.mkdir(parents=True)
        (self.dest / (NAMES[0] + ".gz.part")).write_bytes(PACKED[NAMES[0]][:12345])
        m = self.mirror(packed())
        self.assertEqual(self.fetch(m)[0], 0)
        self.assert_complete()
        self.assertEqual(m.requests[0], (NAMES[0] + ".gz", "bytes=12345-"))

    def test_resume_after_a_broken_connection(self):
        status, said = self.fetch(self.mirror(packed(), cut=5000))
        self.assertEqual(status, 6, said)
        part = self.dest / (NAMES[0] + ".gz.part")
        self.assertEqual([p.name for p in self.dest.iterdir()], [part.name])
        self.assertEqual(part.read_bytes(), PACKED[NAMES[0]][:5000])
        m = self.mirror(packed())
        self.assertEqual(self.fetch(m)[0], 0)
        self.assert_complete()
        self.assertEqual(m.requests[0][1], "bytes=5000-")

    def test_second_mirror_continues_the_first(self):
        first, second = self.mirror(packed(), cut=5000), self.mirror(packed())
        self.assertEqual(self.fetch(first, second)[0], 0)
        self.assert_complete()
        self.assertEqual(second.requests[0][1], "bytes=5000-")

    def test_server_without_ranges(self):
        self.dest.mkdir(parents=True)
        (self.dest / (NAMES[0] + ".gz.part")).write_bytes(PACKED[NAMES[0]][:12345])
        m = self.mirror(packed(), ranges=False)
        self.assertEqual(self.fetch(m)[0], 0)
        self.assert_complete()
        self.assertEqual([name for name, _ in m.requests], [name + ".gz" for name in NAMES])  # none asked for twice

    def test_part_already_complete(self):
        self.dest.mkdir(parents=True)
        (self.dest / (NAMES[0] + ".gz.part")).write_bytes(PACKED[NAMES[0]])
        self.assertEqual(self.fetch(self.mirror(packed()))[0], 0)
        self.assert_complete()

    def test_part_of_something_else_starts_again(self):
        self.dest.mkdir(parents=True)
        (self.dest / (NAMES[0] + ".gz.part")).write_bytes(b"x" * 100)
        m = self.mirror(packed())
        self.assertEqual(self.fetch(m)[0], 0)
        self.assert_complete()
        self.assertEqual([asked for _, asked in m.requests[:2]], ["bytes=100-", None])

    def corrupt_forms(self):
        good = PACKED[NAMES[1]]
        other = bytearray(CONTENT[NAMES[1]])
        other[1000] ^= 1
        return {
            "other content": gzip.compress(bytes(other)),
            "damaged gzip": good[:1000] + bytes([good[1000] ^ 255]) + good[1001:],
            "bad crc": good[:-8] + bytes([good[-8] ^ 1]) + good[-7:],
            "cut gzip": good[:-3],
            "trailing": good + b"x",
            "two members": good + good,
            "too short": gzip.compress(CONTENT[NAMES[1]][:-1]),
            "too long": gzip.compress(CONTENT[NAMES[1]] + b"x"),
            "bomb": gzip.compress(bytes(50_000_000)),
            "not gzip": b"<html>log in first</html>",
            "nothing": b"",
        }

    def test_corrupt(self):
        for what, data in self.corrupt_forms().items():
            with self.subTest(what):
                status, said = self.fetch(self.mirror(packed(_1=data)))
                self.assertEqual(status, 6, said)
                self.assertEqual([p.name for p in self.dest.iterdir()], [NAMES[0] + ".gz"])
                self.assertIn("MNIST is not there", said)

    def test_members_and_padding(self):
        """What gzip(1) takes."""
        content = CONTENT[NAMES[1]]
        parts = gzip.compress(content[:999]) + gzip.compress(content[999:]) + bytes(512)
        status, said = self.fetch(self.mirror(packed(_1=parts)))
        self.assertEqual(status, 0, said)
        self.assertEqual((self.dest / (NAMES[1] + ".gz")).read_bytes(), parts)

    def test_bomb_is_not_inflated(self):
        limit = 100_000
        pieces = fetch_mnist.plain_content(io.BytesIO(gzip.compress(bytes(50_000_000))), limit)
        self.assertLessEqual(sum(map(len, pieces)), limit + fetch_mnist.CHUNK)

    def test_endless_answer(self):
        status, said = self.fetch(self.mirror(packed(_0=bytes(20_000_000))))
        self.assertEqual(status, 6)
        self.assertIn("more than the file can have", said)

    def test_corrupt_then_good_mirror(self):
        status, said = self.fetch(self.mirror(packed(_1=b"rubbish")), self.mirror(packed()))
        self.assertEqual(status, 0, said)
        self.assert_complete()

    def test_missing(self):
        status, said = self.fetch(self.mirror({}))
        self.assertEqual(status, 6)
        self.assertIn("404", said)
        self.assertIn("By hand", said)
        self.assertIn(str(self.dest), said)
        self.assertEqual(list(self.dest.iterdir()), [])

    def test_silence_is_given_up(self):
        with mock.patch.object(fetch_mnist, "GIVE_UP_SECONDS", 0.3):
            status, said = self.fetch(self.mirror(packed(), stall=True))
        self.assertEqual(status, 6)
        self.assertIn("nothing came", said)
        self.assertIn("By hand", said)

    def test_another_download_is_running(self):
        self.dest.mkdir(parents=True)
        with open(self.dest / (NAMES[0] + ".gz.part"), "wb") as part:
            fetch_mnist.fcntl.flock(part, fetch_mnist.fcntl.LOCK_SH)
            status, said = self.fetch(self.mirror(packed()))
        self.assertEqual(status, 6)
        self.assertIn("another download", said)

    def test_destination_is_a_file(self):
        self.dest.parent.mkdir(parents=True)
        self.dest.write_bytes(b"")
        status, said = self.fetch(self.mirror(packed()))
        self.assertEqual(status, 6)
        self.assertIn(str(self.dest), said)


class ProgramTest(unittest.TestCase):
    """The script as a program, with MNIST's own checksums."""

    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.directory = Path(scratch.name)
        self.environment = dict(os.environ, no_proxy="*", XDG_CACHE_HOME=str(self.directory))

    def start(self, *arguments):
        return subprocess.Popen([sys.executable, SCRIPT, *arguments], env=self.environment, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def run_program(self, *arguments):
        process = self.start(*arguments)
        out, said = process.communicate(timeout=60)
        return process.returncode, out, said

    def test_nothing_listening(self):
        status, out, said = self.run_program("--mirror", f"http://127.0.0.1:{closed_port()}/mnist")
        self.assertEqual((status, out), (6, ""))
        self.assertIn("refused", said)
        self.assertIn("By hand", said)

    def test_usage(self):
        for arguments in (["--mirror", "ftp://x"], ["--nonsense"], ["--mirror"]):
            self.assertEqual(self.run_program(*arguments)[0], 2)
        self.assertEqual(self.run_program("--help")[0], 0)

    def test_interrupt(self):
        m = Mirror({name + ".gz": b"x" for name in NAMES}, stall=True)
        self.addCleanup(m.close)
        process = self.start("--mirror", m.url)
        while not m.requests and process.poll() is None:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130, said)

    def real_mnist(self):
        directory, files = Path(os.environ["MNIST_DIR"]), {}
        for name in NAMES:
            found = next(directory / s for s in fetch_mnist.spellings(name) if (directory / s).exists())
            data = found.read_bytes()
            files[name + ".gz"] = data if data[:2] == b"\x1f\x8b" else gzip.compress(data, 1)
        m = Mirror(files)
        self.addCleanup(m.close)
        status, out, said = self.run_program("--mirror", m.url)
        self.assertEqual(status, 0, said)
        cache = self.directory / "lanebench" / "mnist"
        self.assertEqual(out, f"{cache}\n")
        self.assertEqual(sorted(p.name for p in cache.iterdir()), sorted(files))


def loopback_fault():
    """None where it works. A builder of packages may have cut it off with the network."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        try:
            socket.create_connection(server.getsockname(), timeout=60).close()
        except OSError as e:
            return f"the loopback interface does not work: {e}"
    return None


if __name__ == "__main__":
    mnist = sys.argv[1:] == ["mnist"]
    why = "MNIST_DIR is not set" if mnist and not os.environ.get("MNIST_DIR") else loopback_fault()
    if why:
        print("skipped:", why)
        sys.exit(77)
    unittest.main(argv=sys.argv[:1], defaultTest="ProgramTest.real_mnist" if mnist else None)
