# SPDX-License-Identifier: MIT
"""What `bench ab` concluded, from ab.csv, as it printed it (harness/console/ab_view.c): differences in time in per cent.
Its interval is the one that counts: by rounds, and widened by the bias that the second process of A shows."""

import math

from lanebench import fmt
from lanebench.rows import number_or_nan

from . import integrity, markup
from .markup import tag
from .table import Cell, table

NEEDED = ("comparison", "a", "b", "rounds", "ratio", "ratio_low", "ratio_high", "bias_percent", "min_effect_percent",
          "visible_percent", "verdict")
VERDICTS = ("FASTER", "SLOWER", "SAME", "INCONCLUSIVE")


def rows_of(run):
    return run.read_optional("ab.csv", NEEDED)


def ratio(row):
    """(ratio of the times, its interval or None)."""
    middle, low, high = (number_or_nan(row, c) for c in ("ratio", "ratio_low", "ratio_high"))
    return middle, (low, high) if low <= high else None


def percent(row, column):
    number = number_or_nan(row, column)
    return f"{number:.{1 if number < 100 else 0}f}\u00a0%"


def titled(run, name):
    found = run.find(name)
    return found.titled if found else name


def differences(row):
    """('+1.2 %', interval likewise or None), with the digits that the half width leaves a meaning."""
    middle, interval = ratio(row)
    error = 50 * math.log(interval[1] / interval[0]) if interval else 1
    digits = 2 if error < 0.15 else 1 if error < 5 else 0

    def text(number):
        return f"{100 * (number - 1):+.{digits}f}\u00a0%".replace("-", "−")
    return text(middle), interval and f"{text(interval[0])} to {text(interval[1])}"


def size(row):
    """'+1.2 % (95 % interval +0.4 % to +2.1 %)'."""
    middle, interval = differences(row)
    return middle + (f" (95\u00a0% interval {interval})" if interval else "")


def of_itself(row, rows):
    """What the comparison of A's two processes shows. bias_percent, of B/A, is 0 where their difference may be chance."""
    bias = next((r["bias_percent"] for r in rows if r["comparison"] == "B/A" and r["a"] == row["a"]), "")
    if bias and float(bias) > 0:
        return (f"two processes of one backend differ; that widens the interval of the verdict by "
                f"{float(bias):.1f}\u00a0% on each side")
    return "no difference, as expected" if bias else fmt.NOT_MEASURED


def steps(run, a, b):
    """How the two differ in their training steps, where they do."""
    fused = [backend.facts.get("fused_step") for backend in map(run.find, (a, b)) if backend]
    return " (composed against fused)" if set(fused) == {False, True} else ""


def sentence(run):
    """The verdict of B against A; None where there is none, or an integrity check forbids one."""
    row = next((r for r in rows_of(run) if r["comparison"] == "B/A"), None)
    if row is None or row["verdict"] not in VERDICTS or integrity.violators(run):
        return None
    a, b = titled(run, row["a"]) + steps(run, row["a"], row["b"]), titled(run, row["b"])
    heads = {"FASTER": f"{b} is FASTER than {a}", "SLOWER": f"{b} is SLOWER than {a}",
             "SAME": f"{b} is the SAME as {a} within {percent(row, 'min_effect_percent')}",
             "INCONCLUSIVE": f"INCONCLUSIVE: cannot tell whether {b} is faster than {a}"}
    text = f": a difference in time of {size(row)}, over {fmt.count(int(number_or_nan(row, 'rounds')), 'round')}."
    if row["verdict"] == "INCONCLUSIVE":
        text += f" Such a run can detect a difference of {percent(row, 'visible_percent')}."
    return markup.join((tag("strong", heads[row["verdict"]]), text))


def render(runs):
    found = [(run, row) for run in runs for row in rows_of(run)]
    if not found:
        return ""
    note = ("From ab.csv: differences in the time of an epoch, by rounds in which the contenders took turns. Above 0, "
            "the second one is slower. A/A compares two processes with the same code, so a difference there is not "
            "due to the kernels.")
    columns = [("comparison", False), ("of", False), ("rounds", True), ("in time", True), ("95\u00a0% interval", True),
               ("visible", True, "difference that 8 of 10 such runs would detect"), ("conclusion", False)]
    body = [cells(run, row) for run, row in found]
    return markup.section("ab", "A and B", markup.note(note),
                          table("What bench ab concluded", columns, body, id_="ab-verdict"))


def cells(run, row):
    middle, interval = differences(row)
    pair = f"{titled(run, row['b'])} / {titled(run, row['a'])}" + (f" ({run.tag})" if run.tag else "")
    forbidden = integrity.violators(run)
    return [Cell(row["comparison"]), Cell(pair), Cell(row["rounds"], row["rounds"]),
            Cell(middle, row["ratio"]), Cell(interval or fmt.NOT_MEASURED, row["ratio_low"]),
            Cell(percent(row, "visible_percent") if row["visible_percent"] else fmt.NOT_MEASURED, row["visible_percent"]),
            "none: integrity is violated" if forbidden else conclusion(row, rows_of(run))]


def conclusion(row, rows):
    return of_itself(row, rows) if row["comparison"] == "A/A" else row["verdict"] or fmt.NOT_MEASURED
