# SPDX-License-Identifier: MIT
"""Where an epoch goes: stacked bars by op, as seconds and as shares, and the table behind them."""

from . import amdahl, figures, integrity, markup, scales, stats, theme, words
from .load import finite, number_or_nan, truth
from .markup import tag
from .svg import Chart, legend, lines
from .table import Cell, table

ROW = 56


def render(runs):
    backends = [b for b in figures.timed(runs) if b.ops]
    if not backends:
        return ""
    names = list(dict.fromkeys(op for b in backends for op in b.op_names() if op != "other"))
    colours = theme.part_colours(names)
    text = ("Medians of each part's wall time over the epochs after the first; their sum is close to the median epoch, "
            "not equal to it. A fused step has phases of its own, under the backend's names for them; “other” is what no "
            "line accounts for.")
    if any(inherited(b, n) for b in backends for n in b.op_names()):
        text += " Hatched: inherited from the fallback backend."
    key = legend([(part_swatch(colours[n]), n) for n in names + ["other"]], toggles=False)
    shares = markup.figure("Share of the epoch", "", lambda width: draw(backends, colours, True, width), key)
    seconds = markup.figure("Seconds", "", lambda width: draw(backends, colours, False, width))
    return markup.section("breakdown", "Where the epoch goes", markup.note(text, *limits(backends)),
                          amdahl_list(backends), shares, seconds, part_table(backends))


def part_swatch(colour):
    return tag("svg", tag("rect", x="1", y="1", width="10", height="10", style=f"fill:{colour}", class_="part"),
               viewBox="0 0 12 12", class_="swatch", aria_hidden="true")


def inherited(backend, op):
    return any(truth(r, "inherited") for r in backend.op_rows(op))


def parts_of(backend):
    """(op, median seconds) of the parts that take time, in order."""
    parts = ((op, stats.median(finite(backend.op_rows(op), "seconds"))) for op in backend.op_names())
    return [(op, s) for op, s in parts if s and s > 0]


def limits(backends):
    """One sentence for the fastest backend: what is now the largest part, and what of the rest could be won."""
    fastest = min(filter(integrity.is_believed, backends), key=figures.median_seconds, default=None)
    parts = parts_of(fastest) if fastest else []
    if not parts:
        return
    total = sum(s for _, s in parts)
    op, seconds = max(parts, key=lambda p: p[1])
    share = seconds / total
    gain = f": were it free, an epoch would be {words.times(1 / (1 - share))} as fast" if share < 1 else ""
    yield f" The largest part of {fastest.label}'s epoch is {op}, {words.percent(share)}{gain} (Amdahl's law)."


def measured_parts(backend):
    """(op, median seconds) of all lines, those without time included: which there are says what is fused."""
    found = ((op, stats.median(finite(backend.op_rows(op), "seconds"))) for op in backend.op_names())
    return [(op, s) for op, s in found if s is not None]


def amdahl_list(backends):
    """A sentence for each other backend of a run against the fastest one of that run."""
    lines_of = []
    for run in dict.fromkeys(b.run for b in backends):
        mine = [b for b in backends if b.run is run and integrity.is_believed(b)]
        fast = min(mine, key=figures.median_seconds, default=None)
        for slow in mine:
            found = slow is not fast and amdahl.compare(measured_parts(slow), measured_parts(fast),
                                                        figures.median_seconds(slow), figures.median_seconds(fast))
            if found:
                lines_of.append(tag("li", amdahl.sentence(found, slow.label, fast.label)))
    if not lines_of:
        return ""
    note = markup.note("An op that one of two backends has no line of its own for is inside its products, and is "
                       "counted with the products in both.")
    return tag("div", tag("ul", *lines_of, class_="amdahl"), note)


def draw(backends, colours, as_share, width):
    totals = [sum(s for _, s in parts_of(b)) for b in backends]
    end = 1.0 if as_share else figures.axis_end(totals)
    top, left, right = 4, 8, width - 14
    bottom = top + ROW * len(backends)
    chart = Chart(width, bottom + 42, "Epoch by op, as " + ("shares" if as_share else "seconds"))
    if as_share:
        scale, title = scales.Linear(0, 1, left, right), "% of the epoch"
        ticks = [(i / 4, str(25 * i)) for i in range(5)]
    else:
        unit, name = words.unit_of(end)
        scale, title = scales.Linear(0, end * 1.02, left, right), f"time of one training epoch ({name})"
        ticks = [(v * unit, t) for v, t in scales.Linear(0, end * 1.02 / unit, 0, 1).ticks(width // 70)]
    chart.x_axis(scale, ticks, top, bottom, title)
    hatching = chart.hatch()
    for i, (backend, total) in enumerate(zip(backends, totals)):
        y = top + i * ROW
        text = words.seconds(total) + (" ▸" if total > end and not as_share else "")
        chart.text(width - 14, y + 15, text, "halo strong", "end")
        chart.point(14, y + 11, backend.marker, 4.5, backend.key, backend.label)
        chart.text(24, y + 15, backend.label, "halo name", room=width - 120)
        stack(chart, backend, total, scale, y + 22, colours, as_share, end, hatching)
        if total > end and not as_share:
            torn = [(scale(end) - 7 + 6 * (k % 2), y + 20 + 4 * k) for k in range(8)]
            chart.path(torn, "torn")
    return chart.render()


def stack(chart, backend, total, scale, y, colours, as_share, end, hatching):
    at = 0.0
    for op, seconds in parts_of(backend):
        share = seconds / total
        size = share if as_share else seconds
        x, stop = scale(min(at, end)), scale(min(at + size, end))
        at += size
        if stop - x < 0.05:
            continue
        borrowed = inherited(backend, op)
        tip = lines(f"{backend.label}: {op}", f"{words.seconds(seconds)}, {words.percent(share, 1)} of the epoch",
                    speed_text(backend, op), "inherited" if borrowed else "")
        chart.bar(x, y, stop - x, 24, "part", tip, style=f"fill:{colours[op]}")
        if borrowed:
            chart.rect(x, y, stop - x, 24, "over", fill=hatching)
        if total > end and not as_share:
            continue  # the bar is longer than what is seen of it
        number = f"{100 * share:.0f}" if as_share else words.rounded(seconds / words.unit_of(end)[0])
        if stop - x > 6.9 * len(f"{op} {number}") + 6:
            chart.text((x + stop) / 2, y + 16, f"{op} {number}", "on-part", "middle")
        elif stop - x > 6.9 * len(number) + 6:
            chart.text((x + stop) / 2, y + 16, number, "on-part", "middle")


def speed_text(backend, op):
    speed = stats.median(finite(backend.op_rows(op), "gflops"))
    peak = stats.median(finite(backend.op_rows(op), "peak_gflops"))
    if not speed:
        return ""
    return f"{words.rounded(speed)} GFLOP/s" + (f", {words.percent(speed / peak)} of peak" if peak else "")


def part_table(backends):
    columns = [("backend", False), ("op", False), ("median s", True), ("share %", True), ("calls", True),
               ("GFLOP/s", True), ("of peak", True), ("bound by", False, "the measured roof that holds the op"),
               ("of roof", True), ("", False, "whether the op is the backend's own")]
    rows = []
    for backend in backends:
        parts = parts_of(backend)
        total = sum(s for _, s in parts)
        for op, seconds in parts:
            found = backend.op_rows(op)
            speed, peak = (stats.median(finite(found, c)) for c in ("gflops", "peak_gflops"))
            of_roof = stats.median([v for v in (number_or_nan(r, "share_of_roof") for r in found) if v == v])
            rows.append([Cell(theme.named(backend), backend.label), Cell(op),
                         Cell(words.seconds(seconds), repr(seconds)),
                         Cell(f"{100 * seconds / total:.1f}", repr(seconds / total)),
                         Cell(found[-1].get("calls") or "", found[-1].get("calls") or ""),
                         Cell(words.rounded(speed) if speed else "", repr(speed) if speed else ""),
                         Cell(words.percent(speed / peak) if speed and peak else "",
                              repr(speed / peak) if speed and peak else ""),
                         found[-1].get("bound_by") or "",
                         Cell(words.percent(of_roof, 0 if of_roof >= 0.1 else 1) if of_roof else "",
                              repr(of_roof) if of_roof else ""),
                         "inherited" if inherited(backend, op) else ""])
    return tag("details", tag("summary", "Every part, medians"), table("Parts of an epoch", columns, rows, id_="parts"))
