# SPDX-License-Identifier: MIT
"""Whether the figures are what they say: the integrity checks, by check and backend, and what each of them saw."""

from lanebench import fmt

from . import markup, theme
from .markup import tag
from .table import Cell, table

NEEDED = ("backend", "check", "status", "expected", "seen", "words")
SIGNS = {"pass": ("pass", "✓"), "violation": ("fail", "✗"), "not applicable": ("inherited", "–")}


def rows_of(run):
    return run.read_optional("integrity.csv", NEEDED)


def violators(run):
    """Names of backends whose numbers are not to be trusted."""
    return list(dict.fromkeys(r["backend"] for r in rows_of(run) if r["status"] == "violation"))


def is_believed(backend):
    return backend.name not in violators(backend.run)


def render(runs):
    found = [(run, rows_of(run)) for run in runs if run.paths.get("integrity.csv")]
    found = [(run, rows) for run, rows in found if rows]
    if not found:
        return ""
    text = ("What is checked besides the proof: clocks, speed against the roof, CPU time, threads, calls, and "
            "training steps against the oracle. A plug-in is native code in the process that measures it: the checks "
            "find accidents and lazy tricks, but not everything that malice could do.")
    details = [one_backend(run, name, rows) for run, rows in found for name in names_of(rows)]
    return markup.section("integrity", "Integrity", markup.note(text), matrix(found), *details)


def names_of(rows):
    return list(dict.fromkeys(r["backend"] for r in rows))


def label(run, name):
    backend = run.find(name)
    return backend.label if backend else name


def matrix(found):
    backends = [(run, name, {r["check"]: r for r in rows if r["backend"] == name})
                for run, rows in found for name in names_of(rows)]
    checks = list(dict.fromkeys(r["check"] for _, rows in found for r in rows))
    columns = [("check", False)] + [(label(run, name), False) for run, name, _ in backends]
    rows = [[check] + [cell(rows.get(check)) for _, _, rows in backends] for check in checks]
    return table("Integrity by check and backend", columns, rows, id_="integrity-matrix")


def cell(row):
    if row is None:
        return Cell(fmt.NOT_MEASURED, "")
    state, sign = SIGNS.get(row["status"], ("fail", "?"))
    return Cell(tag("span", f"{sign} {row['status']}", class_="proof " + state), row["status"])


def counts(rows):
    """'12 checks passed, 3 do not apply'."""
    passed = sum(r["status"] == "pass" for r in rows)
    left = len(rows) - passed
    return f"{fmt.count(passed, 'check')} passed" + (f", {left} {'does' if left == 1 else 'do'} not apply" if left else "")


def one_backend(run, name, rows):
    own = [r for r in rows if r["backend"] == name]
    violated = [r["check"] for r in own if r["status"] == "violation"]
    backend = run.find(name)
    outcome = f"VIOLATED: {fmt.listed(violated)}" if violated else counts(own)
    head = tag("summary", theme.named(backend) if backend else name, ": " + outcome)
    columns = [("check", False), ("status", False), ("expected", False), ("seen", False), ("message", False)]
    body = [[r["check"], Cell(r["status"], r["status"], "failed" if r["status"] == "violation" else None),
             r["expected"], r["seen"], Cell(r["words"], None, "long")] for r in sorted(own, key=lambda r: r["status"] != "violation")]
    return tag("details", head, table(f"Integrity of {label(run, name)}", columns, body),
               open="open" if violated else None)
