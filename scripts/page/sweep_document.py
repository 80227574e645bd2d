# SPDX-License-Identifier: MIT
"""The page of a sweep: how its points compare, each point with its figures, and the machine they share."""

import os

from lanebench import fmt
from lanebench.files import DataError
from lanebench.run import Run
from lanebench.sweep import AXES, measured

from . import caveats, document, files, machine, markup, scaling as charts, svg, theme
from .markup import tag
from .table import Cell, raw, table


def build(sweep, out):
    """The page as text. out is where it will be, for relative links."""
    svg.ids = 0
    names = sweep.backends
    point = first_point(sweep)
    top = (tag("h1", f"Sweep of {fmt.listed(names)} on {sweep.dataset}"),
           tag("div", *(tag("p", text, class_="verdict") for text in sentences(sweep)), class_="verdicts"),
           caveats.shown(list(findings(sweep, point))))
    sections = [*(charts.render(sweep, axis) for axis in AXES), points(sweep, out), of_machine(point), of_files(sweep, out)]
    foot = tag("footer", tag("p", sweep.footer()), tag("p", "Drawn from the files of the sweep by bench report."))
    return document.page(f"Lanebench: sweep {sweep.run_id}", theme.style_sheet(names, len(names)), top, sections, foot)


def first_point(sweep):
    """The run of the first point that was timed, for what all of them share; None where it cannot be read."""
    try:
        return Run(os.path.join(sweep.directory, sweep.timed[0]["point"]))
    except DataError:
        return None


def sentences(sweep):
    lists = [f"{axis} {fmt.listed(map(str, sweep.values(axis)))}" for axis in AXES]
    count = len({tuple(line[axis] for axis in AXES) for line in sweep.timed})
    yield f"{fmt.count(count, 'point')} of {fmt.listed(sweep.backends)}: {'; '.join(lists)}."
    curves = sweep.curves("threads")
    if not curves:
        return
    largest = max(tuple(others.items())[::-1] for _, others, _ in curves)
    phrases = []
    for backend, others, lines in curves:
        known = measured(lines, "speedup")
        if known and tuple(others.items())[::-1] == largest:
            line, gain = known[-1]
            phrases.append(f"{backend} is {fmt.times(gain)} as fast with {fmt.count(line['threads'], 'thread')} as with "
                           f"{lines[0]['threads']} ({fmt.percent(line['efficiency'])} of the ideal)")
    if phrases:
        yield f"With {', '.join(f'{name} {number}' for name, number in largest)}, by medians alone: {fmt.listed(phrases)}."


def findings(sweep, point):
    for text in sweep.notes:
        yield "warn", text
    for note in sweep.noted():
        yield "note", note + "."
    deviating = dict.fromkeys((line["backend"], line["deviation"]) for line in sweep.lines if line["deviation"])
    for backend, deviation in deviating:
        yield "warn", f"{backend} {deviation}, and was timed anyway."
    yield "note", ("points were measured one after the other, not in turns, so the load on the machine may differ "
                   "between them: compare shares of the peak rather than seconds. Backends of one point took turns.")
    for check in (caveats.machine, caveats.build, caveats.data) if point else ():
        yield from check(point)


def points(sweep, out):
    columns = [("backend", False), *((axis, True) for axis in AXES), ("epoch", True, "median training time"),
               ("of\u00a0peak", True), ("GFLOP/s", True), ("epochs", True), ("validation accuracy", True), ("outcome", False),
               ("point", False, "its report, or its files")]
    marks = theme.marks_of(sweep.backends)
    rows = [[name_cell(line, marks), *(Cell(str(line[axis]), line[axis]) for axis in AXES),
             raw(line["row"], "median_train_seconds", lambda _, s=line["median_train_seconds"]: fmt.seconds(s)),
             raw(line["row"], "share_of_peak", lambda _, s=line["share_of_peak"]: fmt.percent(s)),
             raw(line["row"], "gflops", lambda _, g=line["gflops"]: fmt.rounded(g)), raw(line["row"], "epochs"),
             raw(line["row"], "val_accuracy"), Cell(line["outcome"], class_=None if line["outcome"] == "ok" else "failed"),
             link(sweep, line, out)] for line in sweep.lines]
    return markup.section("points", "Points", table("Each backend at each point", columns, rows, id_="sweep-points"))


def name_cell(line, marks):
    name = line["backend"]
    mark = theme.swatch(*marks[name]) if name in marks else ""
    return Cell(markup.join((mark, tag("span", name, class_="name")), " "), name)


def link(sweep, line, out):
    point = line["point"]
    directory = os.path.join(sweep.directory, point)
    if not point or not os.path.isdir(directory):
        return Cell(point, class_="whole")
    report = os.path.join(directory, "report.html")
    return Cell(files.link(report if os.path.isfile(report) else directory, out, point), point, "whole")


def of_machine(point):
    if not point:
        return ""
    return markup.section("machine", "First point and machine", tag("div", machine.box(point), class_="boxes"))


def of_files(sweep, out):
    links = [files.link(path, out) for name in ("sweep.csv", "sweep.json", "charts")
             for path in [os.path.join(sweep.directory, name)] if os.path.exists(path)]
    return markup.section("files", "Files, and how to repeat the run", files.block("", links, files.reproduce(sweep)))
