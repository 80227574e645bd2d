# SPDX-License-Identifier: MIT
"""What was proven: a matrix of ops and backends, and below it every class of cases."""

from lanebench import fmt
from lanebench.rows import deviation_of, finite, truth, value

from . import markup, theme
from .markup import join, tag
from .table import Cell, raw, table

LOOSE = "worst_error_of_loose_bound"
ORDER = ("step", "lockstep", "composed step", "composed lockstep")  # after the ops


def ops_of(backends):
    names = list(dict.fromkeys(r["op"] for b in backends for r in b.proof))
    return [n for n in names if n not in ORDER] + [n for n in ORDER if n in names]


def total(rows, column):
    return int(sum(finite(rows, column)))


def render(runs):
    backends = [b for run in runs for b in run.backends if b.proof]
    if not backends:
        return markup.section("proof", "Proof", markup.note("No proof.csv, or no rows in it: what was proven cannot be "
                                                            "shown."))
    text = ("Largest error of any element as a share of the error that rounding can explain for that element; 1 is the "
            "limit. 0: the results had to be equal bit for bit and were, or there are no bounded cases. A tight bound "
            "allows one rounding, and correct results nearly reach it. “Inherited” ops are the fallback backend's, "
            "not this backend's own work. ≠: breaks rules for NaN, Inf, alpha and beta, and nothing else.")
    details = (classes(b) for b in backends)
    return markup.section("proof", "Proof", markup.note(text), matrix(backends), *details)


def matrix(backends):
    columns = [("op", False)] + [(b.label, True, f"worst share of the bound, {b.label}") for b in backends]
    rows = [[op] + [matrix_cell([r for r in b.proof if r["op"] == op]) for b in backends] for op in ops_of(backends)]
    return table("Worst error as a share of the bound, by op and backend", columns, rows, id_="proof-matrix")


def matrix_cell(rows):
    if not rows:
        return Cell(fmt.NOT_MEASURED, "")
    failed, worst = total(rows, "failed"), worst_of(rows)
    deviations = [d for d in map(deviation_of, rows) if d]
    cases = fmt.count(total(rows, "count"), "case")
    inherited = all(truth(r, "inherited") for r in rows)
    state = "fail" if failed else "deviates" if deviations else "inherited" if inherited else "pass"
    mark = f"✗ {failed} failed" if failed else f"{'≠' if deviations else '✓'} {share_text(worst)}{tight(rows)}"
    meter = tag("span", tag("span", "", style=f"width:{100 * min(worst, 1):.0f}%"), class_="meter", aria_hidden="true")
    text = tag("span", mark, meter, tag("small", cases),
               tag("small", "inherited") if inherited else "", *(tag("small", d) for d in deviations), class_="proof " + state)
    return Cell(text, f"{1e9 + failed:.0f}" if failed else repr(worst))


def worst_of(rows):
    """Without classes that deviate: how far a result is from a rule says nothing about the error of others."""
    return max(finite([r for r in rows if not deviation_of(r)], "worst_error_of_bound") or [0.0])


def tight(rows):
    """" (tight)" if the largest share is of a tight bound, which correct results nearly reach."""
    shares = [(value(r, "worst_error_of_bound"), value(r, LOOSE)) for r in rows if not deviation_of(r)]
    return " (tight)" if any(worst > loose and worst == worst_of(rows) for worst, loose in shares) else ""


def classes(backend):
    failed, cases = total(backend.proof, "failed"), total(backend.proof, "count")
    worst = share_text(worst_of(backend.proof) if backend.worst is None else backend.worst)
    verdict = f"{fmt.count(failed, 'case')} FAILED" if failed else backend.deviation or "none failed"
    head = tag("summary", theme.named(backend),
               f": {fmt.count(cases, 'case')} in {fmt.count(len(backend.proof), 'class', 'classes')}, {verdict}, "
               f"worst {worst} of the bound")
    columns = [("op", False), ("cases", False), ("count", True), ("failed", True), ("worst / bound", True),
               ("inherited", False), ("first failure", False)]
    measured = any(r.get("measured") for r in backend.proof)
    if measured:
        columns.append(("measured", False))
    rows = [class_row(r) + ([long_text(r["measured"])] if measured else [])
            for r in sorted(backend.proof, key=lambda r: not (value(r, "failed") > 0 or deviation_of(r)))]
    return tag("details", head, table(f"Proof of {backend.label} by class of cases", columns, rows),
               open="open" if failed or backend.deviation else None)


def class_row(row):
    cases = join((row["cases"], tag("small", deviation_of(row))), " ") if deviation_of(row) else row["cases"]
    return [Cell(row["op"]), Cell(cases, row["cases"]), raw(row, "count"),
            Cell(row["failed"], row["failed"], failure_class(row)),
            Cell(share_text(value(row, "worst_error_of_bound"), 3) + tight([row]), row["worst_error_of_bound"]),
            "inherited" if truth(row, "inherited") else "own", long_text(row.get("first_failure"))]


def long_text(text):
    return Cell(text, None, "long") if text else ""


def failure_class(row):
    return "failed" if value(row, "failed") > 0 else None


def share_text(worst, places=2):
    """If no share can say how wrong an element is (it had to be equal, or is not a number), bench writes 1e30."""
    return "beyond any share" if worst >= 1e29 else f"{worst:.{places}f}" if worst == worst else fmt.NOT_MEASURED
