# SPDX-License-Identifier: MIT
"""What `bench ab` concluded, from ab.csv. Its interval is the one that counts: by rounds, and widened by the bias that
the second process of A shows."""

from lanebench import words
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


def steps(run, a, b):
    """How the two differ in their training steps, where they do."""
    fused = [backend.facts.get("fused_step") for backend in map(run.find, (a, b)) if backend]
    return " (composed against fused)" if set(fused) == {False, True} else ""


def sentence(run):
    """The verdict of B against A; None where there is none, or an integrity check forbids one."""
    row = next((r for r in rows_of(run) if r["comparison"] == "B/A"), None)
    if row is None or row["verdict"] not in VERDICTS or integrity.violators(run):
        return None
    middle, interval = ratio(row)
    size = (f"its epochs take {words.times(middle, interval)} the time"
            + (f" (95\u00a0% interval {words.plain_range(interval)})" if interval else ""))
    a, b = titled(run, row["a"]) + steps(run, row["a"], row["b"]), titled(run, row["b"])
    heads = {"FASTER": f"{b} is FASTER than {a}", "SLOWER": f"{b} is SLOWER than {a}",
             "SAME": f"{b} is the SAME as {a} within {percent(row, 'min_effect_percent')}",
             "INCONCLUSIVE": f"INCONCLUSIVE: whether {b} is faster than {a} cannot be told"}
    text = f": {size}, over {words.count(int(number_or_nan(row, 'rounds')), 'round')}."
    if row["verdict"] == "INCONCLUSIVE":
        text += f" Such a run sees a difference of {percent(row, 'visible_percent')}."
    return markup.join((tag("strong", heads[row["verdict"]]), text))


def render(runs):
    found = [(run, row) for run in runs for row in rows_of(run)]
    if not found:
        return ""
    note = ("From ab.csv: ratios of the time of an epoch, by rounds in which the contenders took turns; above 1, the second "
            "one is slower. A/A holds two processes of the same code against each other: what differs there is not the "
            "kernels, and by as much the interval of B/A is wider.")
    columns = [("comparison", False), ("of", False), ("rounds", True), ("ratio of times", True), ("95\u00a0% interval", True),
               ("bias", True, "how far A was from itself, where that is more than chance"),
               ("visible", True, "difference that 8 of 10 such runs would call"), ("verdict", False)]
    body = [cells(run, row) for run, row in found]
    return markup.section("ab", "A and B", markup.note(note),
                          table("What bench ab concluded", columns, body, id_="ab-verdict"))


def cells(run, row):
    middle, interval = ratio(row)
    pair = f"{titled(run, row['b'])} / {titled(run, row['a'])}" + (f" ({run.tag})" if run.tag else "")
    forbidden = integrity.violators(run)
    return [Cell(row["comparison"]), Cell(pair), Cell(row["rounds"], row["rounds"]),
            Cell(words.rounded(middle, interval), row["ratio"]),
            Cell(words.plain_range(interval) if interval else words.NOT_MEASURED, row["ratio_low"]),
            Cell(percent(row, "bias_percent") if row["bias_percent"] else words.NOT_MEASURED, row["bias_percent"]),
            Cell(percent(row, "visible_percent") if row["visible_percent"] else words.NOT_MEASURED, row["visible_percent"]),
            "none: integrity is violated" if forbidden else row["verdict"] or words.NOT_MEASURED]
