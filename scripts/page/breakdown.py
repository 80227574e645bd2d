# SPDX-License-Identifier: MIT
"""Where an epoch goes: stacked bars by op, as seconds and as shares, and their table."""

from lanebench import fmt, palette, scales
from lanebench.run import number, timed

from . import integrity, markup, theme
from .markup import tag
from .svg import Chart, legend, lines
from .table import Cell, figure_cell, table

ROW = 56


def render(runs):
    backends = [b for b in timed(runs) if b.timed_parts()]
    if not backends:
        return ""
    colours = palette.part_colours(dict.fromkeys(p.name for b in backends for p in b.timed_parts()))
    text = ("Medians of each part's wall time over the epochs after the first; their sum is close to the median epoch, "
            "but not equal to it. The same colour means the same work, whether an op of a composed step or a phase of a "
            "fused one; "
            "“other” is what no line accounts for.")
    if any(p.inherited for b in backends for p in b.timed_parts()):
        text += " Hatched: inherited from the fallback backend."
    key = legend([(part_swatch(colour), name) for name, colour in palette.part_legend(colours)], toggles=False)
    shares = markup.figure("Share of the epoch", "", lambda width: draw(backends, colours, True, width), key)
    seconds = markup.figure("Seconds", "", lambda width: draw(backends, colours, False, width))
    return markup.section("breakdown", "Where the epoch goes", markup.note(text, *largest(backends)),
                          amdahl_list(backends), shares, seconds, part_table(backends))


def part_swatch(colour):
    return tag("svg", tag("rect", x="1", y="1", width="10", height="10", style=f"fill:{colour}", class_="part"),
               viewBox="0 0 12 12", class_="swatch", aria_hidden="true")


def largest(backends):
    """One sentence for the fastest backend: its largest part, and how much faster an epoch would be without it."""
    believed = [b for b in backends if integrity.is_believed(b)]
    if not believed:
        return
    fastest = min(believed, key=lambda b: b.seconds)
    part = max(fastest.timed_parts(), key=lambda p: p.seconds)
    gain = f": without it, an epoch would be {fmt.times(part.speedup_if_free)} as fast" if part.speedup_if_free else ""
    yield (f" The largest part of {fastest.label}'s epoch is {part.name}, {fmt.percent(part.share_of_epoch)}{gain} "
           "(Amdahl's law).")


def amdahl_list(backends):
    """What bench concluded of each backend and the fastest one of its run."""
    sentences = [amdahl_sentence(b, b.figures["amdahl"]) for b in backends
                 if integrity.is_believed(b) and isinstance(b.figures.get("amdahl"), dict)]
    if not sentences:
        return ""
    note = markup.note("If one of two backends has no line of its own for an op, the op is part of its products, and "
                       "counts with the products in both.")
    return tag("div", tag("ul", *(tag("li", s) for s in sentences), class_="amdahl"), note)


def amdahl_sentence(backend, found):
    fastest = backend.run.find(found.get("fastest"))
    along = f" with {found['counted_with_products']}" if found.get("counted_with_products") else ""
    text = (f"{fastest.label if fastest else found.get('fastest')} against {backend.label}: GEMM{along} "
            f"{fmt.times(number(found.get('products')))} as fast, epoch {fmt.times(number(found.get('epoch')))}")
    if found.get("largest_other_part"):
        text += (f": {share_text(number(found.get('its_share')))} of the epoch is now {found['largest_other_part']} "
                 f"({share_text(number(found.get('its_share_before')))} before)")
    return text + "."


def share_text(share):
    return fmt.NOT_MEASURED if share is None else fmt.percent(share, 0 if share >= 0.1 else 1)


def draw(backends, colours, as_share, width):
    end = 1.0 if as_share else scales.axis_end([b.seconds for b in backends])
    top, left, right = 4, 8, width - 14
    bottom = top + ROW * len(backends)
    chart = Chart(width, bottom + 42, "Epoch by op, as " + ("shares" if as_share else "seconds"))
    if as_share:
        scale, title = scales.Linear(0, 1, left, right), "% of the epoch"
        ticks = [(i / 4, str(25 * i)) for i in range(5)]
    else:
        unit, name = fmt.unit_of(end)
        scale, title = scales.Linear(0, end * 1.02, left, right), f"time of one training epoch ({name})"
        ticks = [(v * unit, t) for v, t in scales.Linear(0, end * 1.02 / unit, 0, 1).ticks(width // 70)]
    chart.x_axis(scale, ticks, top, bottom, title)
    hatching = chart.hatch()
    for i, backend in enumerate(backends):
        y = top + i * ROW
        is_cut = backend.seconds > end and not as_share
        chart.text(width - 14, y + 15, fmt.seconds(backend.seconds) + (" ▸" if is_cut else ""), "halo strong", "end")
        chart.point(14, y + 11, backend.marker, 4.5, backend.key, backend.label)
        chart.text(24, y + 15, backend.label, "halo name", available=width - 120)
        stack(chart, backend, scale, y + 22, colours, as_share, end, hatching)
        if is_cut:
            torn = [(scale(end) - 7 + 6 * (k % 2), y + 20 + 4 * k) for k in range(8)]
            chart.path(torn, "torn")
    return chart.render()


def stack(chart, backend, scale, y, colours, as_share, end, hatching):
    at = 0.0
    for part in backend.timed_parts():
        size = part.share_of_epoch if as_share else part.seconds
        x, stop = scale(min(at, end)), scale(min(at + size, end))
        at += size
        if stop - x < 0.05:
            continue
        tip = lines(f"{backend.label}: {part.name}",
                    f"{fmt.seconds(part.seconds)}, {fmt.percent(part.share_of_epoch, 1)} of the epoch",
                    speed_text(part), "inherited" if part.inherited else "")
        chart.bar(x, y, stop - x, 24, "part", tip, style=f"fill:{colours[part.name]}")
        if part.inherited:
            chart.rect(x, y, stop - x, 24, "over", fill=hatching)
        if backend.seconds > end and not as_share:
            continue  # the bar is longer than what is seen of it
        text = f"{100 * size:.0f}" if as_share else fmt.rounded(size / fmt.unit_of(end)[0])
        if stop - x > 6.9 * len(f"{part.name} {text}") + 6:
            chart.text((x + stop) / 2, y + 16, f"{part.name} {text}", "on-part", "middle")
        elif stop - x > 6.9 * len(text) + 6:
            chart.text((x + stop) / 2, y + 16, text, "on-part", "middle")


def speed_text(part):
    if not part.gflops:
        return ""
    return f"{fmt.rounded(part.gflops)} GFLOP/s" + (f", {fmt.percent(part.share_of_peak)} of peak" if part.share_of_peak
                                                    else "")


def part_table(backends):
    columns = [("backend", False), ("op", False), ("median s", True), ("share %", True), ("calls", True),
               ("GFLOP/s", True), ("of peak", True), ("flop/byte", True, "arithmetic intensity"),
               ("bound by", False, "the measured roof that limits the op"), ("of roof", True),
               ("", False, "whether the op is the backend's own")]
    rows = [[Cell(theme.named(backend), backend.label), Cell(part.name), figure_cell(part.seconds, fmt.seconds),
             figure_cell(part.share_of_epoch, lambda share: f"{100 * share:.1f}"),
             figure_cell(part.calls, lambda calls: f"{calls:.0f}"), figure_cell(part.gflops, fmt.rounded),
             figure_cell(part.share_of_peak, fmt.percent), figure_cell(part.ai, fmt.rounded), part.bound_by,
             figure_cell(part.share_of_roof, share_text), "inherited" if part.inherited else ""]
            for backend in backends for part in backend.timed_parts()]
    return tag("details", tag("summary", "Every part, medians"), table("Parts of an epoch", columns, rows, id_="parts"))
