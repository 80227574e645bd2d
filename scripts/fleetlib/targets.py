# SPDX-License-Identifier: MIT
"""The targets of a fleet: read from an .ini file, saved in fleet.json, each with a place of its own for its job and result.

[fleet]
engine = slurm                 ; or local: one after the other, here
command = build/bench run --backend all --epochs 20

[zen4]                         ; a target: a name of yours for a kind of node
sbatch = --constraint=zen4 --exclusive --time=30
flags = --threads 16           ; more flags of the command
repeats = 3"""

import configparser
import json
import os
import re
import shlex

from lanebench.files import DataError, put, read_json

SCHEMA = 1
ENGINES = ("slurm", "local")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")

# bench's --out is on the node's own disk; what arrives here arrives whole.
JOB = """#!/bin/sh
work=$(mktemp -d "${{TMPDIR:-/tmp}}/lanebench-fleet.XXXXXX") || exit 99
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP
{bench} doctor > "$work/doctor.txt" 2>&1
{command} --out "$work/run" > "$work/stdout.txt" 2> "$work/stderr.txt"
code=$?
echo $code > "$work/exit.txt"
cp -r "$work" {place}/result.partial && mv {place}/result.partial {place}/result || exit 99
exit $code
"""


def number_of_repeats(text, where):
    if not re.fullmatch("[0-9]{1,3}", text) or int(text) == 0:
        raise DataError(f"{where}: repeats is {text[:40]!r}, not a number from 1 to 999")
    return int(text)


def read_ini(path):
    """A new fleet: {"engine", "command", "targets"}."""
    ini = configparser.ConfigParser(interpolation=None, inline_comment_prefixes=(";",))
    try:
        with open(path, encoding="utf-8") as f:
            ini.read_file(f)
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}") from None
    except (configparser.Error, UnicodeDecodeError) as error:
        raise DataError(f"{path}: {str(error).splitlines()[0]}") from None
    if not ini.has_section("fleet") or not ini.get("fleet", "command", fallback="").strip():
        raise DataError(f"{path}: has no [fleet] with a command")
    engine = ini.get("fleet", "engine", fallback="slurm")
    if engine not in ENGINES:
        raise DataError(f"{path}: engine is {engine[:40]!r}, not one of {', '.join(ENGINES)}")
    targets = []
    for name in [section for section in ini.sections() if section != "fleet"]:
        unknown = set(ini[name]) - {"sbatch", "flags", "repeats"}
        if unknown or not NAME.fullmatch(name):
            raise DataError(f"{path}: [{name}]: " + (f"{min(unknown)} is unknown" if unknown else
                                                     "a name has letters, digits, dots, dashes and underscores"))
        for repeat in range(1, number_of_repeats(ini.get(name, "repeats", fallback="1"), f"{path}: [{name}]") + 1):
            targets.append({"name": name, "repeat": repeat, "sbatch": shlex.split(ini.get(name, "sbatch", fallback="")),
                            "flags": shlex.split(ini.get(name, "flags", fallback="")), "job": None, "words": "not submitted"})
    if not targets:
        raise DataError(f"{path}: has no target: a section for each kind of node")
    return {"schema": SCHEMA, "engine": engine, "command": shlex.split(ini["fleet"]["command"]), "targets": targets}


def load(directory):
    fleet = read_json(os.path.join(directory, "fleet.json"))
    if fleet.get("schema") != SCHEMA or not isinstance(fleet.get("targets"), list):
        raise DataError(f"{directory}/fleet.json: is not the record of a fleet of this version")
    return fleet


def save(directory, fleet):
    put(os.path.join(directory, "fleet.json"), json.dumps(fleet, indent=1) + "\n")


def place_of(directory, target):
    return os.path.join(os.path.abspath(directory), target["name"], str(target["repeat"]))


def read_result(directory, target, name):
    """Text of a file of a result that arrived; "": none did."""
    try:
        with open(os.path.join(place_of(directory, target), "result", name), encoding="utf-8", errors="replace") as f:
            return f.read(1 << 20)
    except OSError:
        return ""


def exit_code_of(directory, target):
    """None: no result arrived."""
    text = read_result(directory, target, "exit.txt").strip()
    return int(text) if text.isdigit() else None


def write_job(directory, fleet, target):
    """The path of the script; takes away what an earlier try has left."""
    place = place_of(directory, target)
    os.makedirs(place, exist_ok=True)
    for name in ("result", "result.partial"):
        left = os.path.join(place, name)
        if os.path.isdir(left):
            os.rename(left, f"{left}.{len(os.listdir(place))}.old")
    text = JOB.format(bench=shlex.quote(fleet["command"][0]), command=shlex.join(fleet["command"] + target["flags"]),
                      place=shlex.quote(place))
    path = os.path.join(place, "job.sh")
    put(path, text)
    return path
