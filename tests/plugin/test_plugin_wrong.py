# SPDX-License-Identifier: MIT
"""What bench prove shows of a wrong plug-in: how its failures are summed up, and that the printed command shows the
same case again. test_plugin_wrong.py BENCH DIR-OF-MODULES BENCH-WITH-A-SHORT-PROOF"""
import re
import shlex
import sys

from cli_common import check, finish, run

bench, modules, quick = sys.argv[1:]
EVIL = ["--plugin", modules + "/evil.so", "--threads", "1", "--quiet"]
COLUMNS = 80


def prove(program, *argv, columns=COLUMNS):
    return run(program, "prove", *EVIL, *argv, env={"COLUMNS": str(columns)} if columns else {})


def narrow(text, what):
    """Results fit the terminal, but for text that cannot be broken, such as a path."""
    wide = [line for line in text.splitlines() if len(line) > COLUMNS and modules not in line]
    check(not wide, f"{what}: wider than {COLUMNS} columns: {wide}")


def command_of(text):
    """The command after `again:`, as a shell reads it."""
    lines = text[text.index("again: ") + len("again: "):].split("\n")
    command = lines.pop(0)
    while command.count("'") % 2 or command.endswith("\\"):
        command += "\n" + lines.pop(0)
    return [word for word in shlex.split(command) if word.strip()]


def test_findings():
    """gemm leaves its last column alone where n mod 32 is in 17..31."""
    shown = prove(bench, "--backend", "evil:tail", "--hidden", "16", "--case", "gemm NT*")
    check(shown.returncode == 1 and "REJECTED  evil:tail" in shown.stdout, f"evil:tail: {shown}")
    narrow(shown.stdout, "a failed proof")
    end = shown.stdout[shown.stdout.index("\nevil:tail: gemm: "):]
    check(re.search(r"gemm: (\d+) of (\d+) cases failed", end), f"evil:tail: {end}")
    text = " ".join(end.split())
    check("in common: all in column n-1; n mod 32 in 17..31; the training shapes pass" in text, f"in common: {end}")
    check(re.search(r"smallest: gemm NT 1x\d+x\d+ ", text), f"smallest: {end}")
    check(re.search(r"wrong where #; a cell of the 1 x \d+ is ", text) and re.search(r"^ +\.*#$", end, re.M),
          f"map: {end}")
    command = command_of(end)
    check(command[:2] == ["bench", "prove"], f"again: {command}")
    again = run(bench, *command[1:], "--quiet")  # to a file or a pipe the command is one line
    check(again.returncode == 1 and "gemm: 1 of 1 cases failed" in again.stdout, f"{command}: {again}")
    check([" ".join(word.split()) for word in command] == command_of(again.stdout), f"again, again: {again.stdout}")


def test_crash():
    """A write beyond an operand: what, how far, and the case again."""
    shown = prove(bench, "--backend", "evil:beyond", "--hidden", "16")
    check(shown.returncode == 1 and ": 1 float beyond the end of C" in shown.stderr, f"evil:beyond: {shown}")
    again = run(bench, *command_of(shown.stderr)[1:], "--quiet")
    check(again.returncode == 1 and ": 1 float beyond the end of C" in again.stderr, f"evil:beyond again: {again}")


def test_rows():
    """One line per op of what passed, every row with --verbose; the composed step only where every op is right."""
    folded = prove(quick, "--backend", "evil", "--hidden", "16")
    rows = re.findall(r"^pass +(\w+(?: lockstep)?) +(\d+) class", folded.stdout, re.M)
    check(folded.returncode == 0 and len(rows) > 6 and len(rows) == len({op for op, _ in rows}), f"folded: {folded}")
    narrow(folded.stdout, "a proof")
    check("pass      composed lockstep" in folded.stdout, f"composed: {folded.stdout}")
    check("not tried" not in folded.stdout, f"composed: {folded.stdout}")
    verbose = prove(quick, "--backend", "evil", "--hidden", "16", "--verbose")
    check(verbose.stdout.count("\npass ") == sum(int(n) for _, n in rows) > len(rows), f"--verbose: {verbose.stdout}")
    narrow(verbose.stdout, "a proof with --verbose")
    wrong = prove(quick, "--backend", "evil:tail", "--hidden", "17")
    check(wrong.returncode == 1 and "the composed step was not tried" in wrong.stdout, f"skipped: {wrong.stdout}")
    check("pass      composed" not in wrong.stdout, f"skipped, but proven: {wrong.stdout}")


def test_seeds():
    """Each seed has a proof of its own, and the command names that seed."""
    shown = run(quick, "run", *EVIL, "--backend", "evil:tail", "--hidden", "17", "--epochs", "1", "--seed", "7",
                "--target-accuracy", "0.9", "--seeds", "2")
    seeds = re.findall(r"--seed (\d+)", " ".join(shown.stderr.split()))
    check(shown.returncode == 1 and seeds == sorted(seeds) and set(seeds) == {"7", "8"}, f"seeds {seeds}: {shown}")


test_findings()
test_crash()
test_rows()
test_seeds()
finish()
