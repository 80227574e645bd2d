# SPDX-License-Identifier: MIT
"""On a terminal of 80 columns no line is wider, whatever a command draws on the way.

Argument: bench."""
import fcntl
import os
import pty
import re
import struct
import sys
import termios

from cli_common import check, clean_environment, finish, make_data, scratch

bench = sys.argv[1]
COLUMNS = 80
SMALL = ["--hidden", "16", "--batch", "16", "--threads", "1"]
COLOURS = re.compile(r"\x1b\[[0-9;]*[mK]")


def on_terminal(*argv):
    """What bench prints there. Of a line that it draws again and again, no state may be too wide."""
    child, terminal = pty.fork()
    if child == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 50, COLUMNS, 0, 0))
        os.execve(bench, [bench, *argv], clean_environment(TERM="xterm", MNIST_DIR=data))
    output = b""
    while True:
        try:
            piece = os.read(terminal, 1 << 16)
        except OSError:  # the other end is closed
            piece = b""
        if not piece:
            break
        output += piece
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    text = COLOURS.sub("", output.decode()).replace("\r\n", "\n")
    check(code == 0, f"bench {' '.join(argv)}: exit {code}: {text[-2000:]}")
    drawn = [state for line in text.splitlines() for state in line.split("\r")]
    wide = [line for line in drawn if len(line) > COLUMNS]
    check(not wide, f"bench {' '.join(argv)}: wider than {COLUMNS} columns: {wide}")
    return text


with scratch() as directory:
    data = os.path.join(directory, "data")
    make_data(data)
    text = on_terminal("run", "--backend", "naive,onednn", "--epochs", "2", "--naive-epochs", "2", *SMALL,
                       "--out", os.path.join(directory, "run"))
    for part in ("machine   ", "Epoch 2/2 naive\n", " val_accuracy: ", "integrity: "):
        check(part in text, f"no {part!r}: {text}")
    on_terminal("ab", "naive", "onednn:composed", "--rounds", "6", *SMALL, "--out", os.path.join(directory, "ab"))
    on_terminal("run", "--backend", "naive", "--epochs", "1", "--hidden", "16,24", "--batch", "16", "--threads", "1",
                "--out", os.path.join(directory, "sweep"))
    on_terminal("prove", "--backend", "naive", "--case", "gemm *", *SMALL)
    on_terminal("list")
finish()
