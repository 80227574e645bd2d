# SPDX-License-Identifier: MIT
"""How a sweep's points compare: speed-up and efficiency against threads, time and share of peak against the sizes."""

from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter, NullLocator

from lanebench.palette import colours_by_name
from lanebench.sweep import AXES, measured

from . import style

LABELS = {"threads": "threads", "batch": "batch size", "hidden": "hidden units"}


def draw_threads(sweep):
    """Speed-up against the fewest threads with the ideal line, and efficiency. None with one number of threads, or from an
    older sweep.csv."""
    curves = [curve for curve in sweep.curves("threads") if measured(curve[2], "speedup")]
    if not curves:
        return None
    figure, (speed, share) = panels(curves)
    for lines, look in styled(sweep, curves, "threads"):
        threads = [line["threads"] for line in lines]
        speed.plot(threads, [line["speedup"] for line in lines], **look)
        share.plot(threads, [100 * line["efficiency"] for line in lines], **look)
    values = sorted({line["threads"] for _, _, lines in curves for line in lines})
    for min_threads in sorted({lines[0]["threads"] for _, _, lines in curves}):
        speed.plot([min_threads, values[-1]], [1, values[-1] / min_threads], color="black", linewidth=1, linestyle="--",
                   label="ideal" if min_threads == values[0] else "_ideal")
    share.axhline(100, color="black", linewidth=1, linestyle="--")
    for axes in (speed, share):
        value_axis(axes, "threads", values)
    share.set_ylim(bottom=0)
    speed.set_yscale("log", base=2)  # where the ideal is a straight line, as against threads in log
    speed.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}x"))
    speed.set_ylabel("against the fewest threads (log)")
    speed.set_title("speed-up")
    share.set_ylabel("% of the ideal speed-up")
    share.set_title("efficiency")
    finish(figure, speed, sweep, "Scaling with threads",
           "Medians of the training epochs after the first.  Thin and black: ideal, N times as fast with N times the "
           "threads.\n")
    return figure


def draw_sizes(sweep, axis):
    """Time of an epoch and share of the peak against batch or hidden. None with one value of it."""
    curves = sweep.curves(axis)
    if not curves:
        return None
    figure, (time, share) = panels(curves)
    for lines, look in styled(sweep, curves, axis):
        values = [line[axis] for line in lines]
        time.plot(values, [line["median_train_seconds"] for line in lines], **look)
        known = measured(lines, "share_of_peak")
        share.plot([line[axis] for line, _ in known], [100 * number for _, number in known], **look)
    for axes in (time, share):
        value_axis(axes, axis, sorted({line[axis] for _, _, lines in curves for line in lines}))
    time.set_yscale("log")
    time.yaxis.set_major_formatter(FuncFormatter(lambda value, _: style.seconds_tick(value)))
    time.yaxis.set_minor_formatter(NullFormatter())
    time.set_ylabel("one training epoch (log)")
    time.set_title("time")
    share.set_ylim(bottom=0)
    share.set_ylabel("% of the multiply-add peak")
    share.set_title("share of peak")
    finish(figure, time, sweep, f"Speed against {LABELS[axis]}",
           "Medians of the training epochs after the first; the peak is measured around every epoch.")
    return figure


def charts(sweep):
    """(name, function that draws it or returns None) for the lists with two values or more."""
    known = (("threads", lambda: draw_threads(sweep)), ("batch", lambda: draw_sizes(sweep, "batch")),
             ("hidden", lambda: draw_sizes(sweep, "hidden")))
    return [("scaling-" + axis, make) for axis, make in known if len(sweep.values(axis)) > 1]


def panels(curves):
    figure = style.new_figure(4.4 + 0.2 * legend_rows(len(curves) + 1))
    grid = figure.add_gridspec(1, 2)
    return figure, (figure.add_subplot(grid[0, 0]), figure.add_subplot(grid[0, 1]))


def legend_rows(entries):
    return -(-entries // 3)


def styled(sweep, curves, axis):
    """Lines of each curve and its look: colour by backend, line and marker by what the other axes are, named where that
    differs between curves."""
    colours = colours_by_name(sweep.backends)
    kinds = list(dict.fromkeys(tuple(others.items()) for _, others, _ in curves))
    varying = [a for a in AXES if a != axis and len({others[a] for _, others, _ in curves}) > 1]
    for backend, others, lines in curves:
        kind = kinds.index(tuple(others.items()))
        deviations = dict.fromkeys(line["deviation"] for line in lines if line["deviation"])
        name = ", ".join([backend] + [f"{a} {others[a]}" for a in varying] + list(deviations))
        yield lines, {"color": colours[backend], "marker": style.MARKERS[kind % len(style.MARKERS)],
                      "linestyle": style.RUN_LINES[kind % len(style.RUN_LINES)], "label": name}


def value_axis(axes, axis, values):
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_locator(FixedLocator(values))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0f}"))
    axes.set_xlabel(LABELS[axis] + " (log)")


def finish(figure, axes, sweep, title, caption):
    handles, names = axes.get_legend_handles_labels()
    caption += ("" if caption.endswith("\n") else "  ") + "Points were measured one after the other."
    style.finish(figure, title, caption, [sweep], 0.1 + 0.2 * legend_rows(len(names)))
    figure.legend(handles, names, loc="upper left", ncols=3, bbox_to_anchor=(0.0, 1 - 0.34 / figure.get_figheight()),
                  frameon=False, fontsize=9, columnspacing=1.4,
                  handlelength=4)  # so long that dashes are seen beside the marker
