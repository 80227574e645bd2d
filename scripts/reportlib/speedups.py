# SPDX-License-Identifier: MIT
"""How many times faster, with whiskers: against chosen backends of the same run, and run against run."""

from . import figures, load, markup, scales, stats, words
from .svg import Chart, lines

ROW = 44


def render(runs, bases):
    panels = [panel(runs, base) for base in bases]
    panels += [paired(run) for run in runs]
    panels += [between(runs[0], run) for run in runs[1:] if not run.host]
    panels = [p for p in panels if p]
    if not panels:
        return ""
    text = ("Ratio of the medians of the epochs after the first. Whiskers: 95\u00a0% bootstrap interval; where both ran in "
            "the same rounds, whole rounds are resampled, so that what disturbed both cancels. An interval that "
            "crosses 1 shows no difference. Without whiskers there are fewer than five epochs on one side.")
    return markup.section("speed-up", "Speed-up", markup.note(text), markup.pair(*panels))


def panel(runs, base):
    """None when no run has that backend beside another."""
    rows = []
    for backend in figures.timed(runs):
        other = backend.run.base(base)
        if other and other is not backend:
            rows.append((backend, backend.label) + figures.speedup(other, backend))
    return markup.figure(f"Against {base}", "", lambda width: draw(rows, base, width), half=True) if rows else None


def paired_rows(run):
    """What paired.csv says of a framework that took turns with runs of bench: how much longer it takes, by rounds."""
    rounds = {}
    for row in run.read_optional("paired.csv", ("contender", "torch_times_longer")):
        factor = load.number_or_nan(row, "torch_times_longer")
        if factor > 0:
            rounds.setdefault(row["contender"], []).append(factor)
    rows = []
    for name, factors in rounds.items():
        backend = run.host and run.host.find(name)
        if backend:
            rows.append((backend, backend.label, stats.median(factors), stats.median_interval(tuple(factors)), True))
    return rows


def paired(run):
    rows = paired_rows(run)
    if not rows:
        return None
    caption = "From paired.csv: turns of the framework and runs of bench in alternation; the median over the rounds."
    return markup.figure("Against torch", caption, lambda width: draw(rows, "torch", width), half=True)


def between(first, second):
    """The same backends in two runs. These were not interleaved, which the caption says."""
    rows = []
    for backend in second.timed():
        other = first.find(backend.name)
        if other in first.timed():
            rows.append((backend, backend.label) + figures.speedup(other, backend))
    if not rows:
        return None
    caption = ("Two separate runs: nothing protects this comparison from what changed on the machine between them.")
    name = f"run {first.tag}"
    return markup.figure(f"Run {second.tag} against run {first.tag}", caption, lambda width: draw(rows, name, width),
                         half=True)


def bounds(rows):
    """Range of the axis: all of the whiskers, and 1. Those that are several times slower than all others are left
    beyond its end, so that the others can be told apart."""
    ends = sorted([1.0] + [end for r in rows for end in (r[2], *(r[3] or ()))])
    slowest = 1 / figures.axis_end([1.0] + [1 / r[2] for r in rows if r[2] < 1])
    low, high = min(e for e in ends if e > slowest / figures.CUT), ends[-1]
    air = max(high / low, 1.1) ** 0.1
    return low / air, high * air


def draw(rows, base, width):
    top, left, right = 6, 12, width - 16
    bottom = top + ROW * len(rows)
    chart = Chart(width, bottom + 42, f"Speed-up against {base}")
    scale = scales.Log(*bounds(rows), left, right)
    chart.x_axis(scale, scale.ticks(width // 60), top, bottom, "times faster (log scale)", "×")
    for i, (backend, label, factor, interval, paired) in enumerate(rows):
        draw_row(chart, backend, label, factor, interval, paired, base, scale, top + i * ROW)
    return chart.render()


def draw_row(chart, backend, label, factor, interval, paired, base, scale, y):
    text = words.faster_or_slower(factor, interval)
    chart.text(chart.width - 14, y + 15, text, "halo strong", "end")
    chart.text(14, y + 15, label, "halo name", room=chart.width - 40 - 7 * len(text))
    middle = y + 31
    chart.line(scale.start, middle, scale.end, middle, "lane")
    tip = lines(f"{label} against {base}: {text}",
                "no difference shown: the interval holds 1" if interval and interval[0] <= 1 <= interval[1] else "",
                "by rounds" if paired else "", "" if interval else "too few epochs for an interval")
    seen = factor >= scale.low
    chart.line(scale(1), middle, scale(factor) if seen else scale.start, middle, "stem " + backend.key)
    chart.line(scale(1), middle - 10, scale(1), middle + 10, "one")
    if not seen:
        chart.point(scale.start - 4, middle, "left", 6, backend.key, lines(tip, "beyond the end of the axis"))
        return
    chart.point(scale(factor), middle, backend.marker, 5, backend.key, tip)
    if interval:
        whisker(chart, scale(interval[0]), scale(interval[1]), middle)


def whisker(chart, low, high, y):
    chart.line(low, y, high, y, "whisker")
    for x in (low, high):
        chart.line(x, y - 7, x, y + 7, "whisker")
