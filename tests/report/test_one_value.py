# SPDX-License-Identifier: MIT
"""test_one_value.py BENCH | RUN_DIR: each derived figure of a run has one value. What summary.json says is what the console
printed, and what report, charts and README show. Takes a run of BENCH, or a recorded one with console.txt."""

import json
import os
import re
import sys
import tempfile
import xml.etree.ElementTree as ElementTree

from cli_common import check, finish, make_data, ready_backends, run
from with_module import go_on_with

BASES = ("naive", "onednn")
# Figure: where it stands on the console (column, which number of its cell), in the report's table and in the README's
# (column, which number of its cell). shown: in these units.
PLACES = {
    "first_seconds": {"console": ("first s", 0)},
    "median_seconds": {"console": ("median s", 0), "report": 1, "README": (1, 0)},
    "fastest_seconds": {"console": ("fastest - slowest", 0), "README": (2, 0)},
    "slowest_seconds": {"console": ("fastest - slowest", 1), "README": (2, 1)},
    "disturbed": {"console": ("disturbed", 0)},
    "later_epochs": {"console": ("disturbed", 1)},
    "gflops": {"console": ("GFLOP/s", 0), "report": 5, "README": (3, 0)},
    "share_of_peak": {"console": ("of peak", 0), "report": 6},
    "over naive": {"console": ("vs naive", 0), "report": 2, "README": (4, 0)},
    "over onednn": {"console": ("vs onednn", 0), "report": 3, "README": (5, 0)},
    "val_accuracy": {"console": ("val acc", 0), "report": 7, "README": (6, 0)},
    "worst": {"console": ("worst/bound", 0), "report": 8, "README": (7, 0)},
}
PARTS = ("seconds", "share_of_epoch", "calls", "gflops", "share_of_peak", "ai")  # columns of the report's table of ops
NUMBER = re.compile(r"\d+(?:\.\d+)?")
NOTE = re.compile(r" \([^()]*same bits as \w+\)")


def value_of(found, figure):
    """The figure of a backend of summary.json; None where there is none, or where it is not established."""
    if figure.startswith("over "):
        up = found["speedup_over"].get(figure[5:], {})
        return up["ratio"] if up.get("established") else None
    return found["proof"]["worst_error_shown"] if figure == "worst" else found[figure]


def agrees(text, value):
    """Whether the number shown is the value, rounded to its digits; an empty text stands for None."""
    if value is None or not text:
        return value is None and not text
    if text.endswith("%"):
        text, value = text[:-1], 100 * value
    digits = len(text.partition(".")[2])
    return abs(float(text) - value) <= 0.5001 * 10.0 ** -digits


def number_in(cell, which):
    """The which-th number of a cell, with the % after it; '' where the cell is empty."""
    numbers = re.findall(NUMBER.pattern + "%?", cell)
    return numbers[which] if numbers else ""


def console_table(text, names):
    """{backend: {column: cell}}; columns are at least two spaces apart, numbers end where their column does."""
    lines = text.splitlines()
    head = next(i for i, line in enumerate(lines) if line.startswith("backend") and "median s" in line)
    columns = [(m[0], m.start(), m.end()) for m in re.finditer(r"\S+(?: \S+)*", lines[head])]
    rows = {}
    for line in lines[head + 2:]:
        if line.split()[:1] not in [[name] for name in names]:
            break
        ends = [0] + [end for _, _, end in columns]
        rows[line.split()[0]] = {name: line[ends[i]:end].strip() for i, (name, _, end) in enumerate(columns)}
    return rows


def named(cells):
    """The backend of a row; a note may follow it."""
    return cells[0].partition(" (")[0]


def readme_table(reference):
    """{backend: cells}."""
    lines = [line for line in update_readme.region(reference, "README.md") if line.startswith("| ")]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[1:]]
    return {named(cells): cells for cells in rows}


def report_table(page, id_):
    """Values behind the cells, row by row."""
    body = page.find(f".//*[@id='{id_}']/tbody")
    return [[cell.get("data-v", "".join(cell.itertext()).strip()) for cell in row] for row in body]


def check_figures(figures, console, report, readme):
    for name, found in figures.items():
        for figure, places in PLACES.items():
            if figure == f"over {name}":  # 1 by definition
                continue
            value = value_of(found, figure)
            where = f"{name}: {figure}: summary.json has {value}"
            if "console" in places:
                column, which = places["console"]
                cell = console[name].get(column, "")
                check(agrees(number_in(cell, which), value), f"{where}, the console {cell!r}")
            if "README" in places:
                column, which = places["README"]
                check(agrees(number_in(readme[name][column], which), value), f"{where}, the README {readme[name][column]!r}")
            if "report" in places:
                cell = report[name][places["report"]]
                check(cell == ("" if value is None else repr(float(value))), f"{where}, the report {cell!r}")


def check_parts(figures, table):
    """The report's table of ops, exactly."""
    expected = []
    for name, found in figures.items():
        for part in (p for p in found["ops"] if p["seconds"] > 0):
            numbers = ["" if part.get(key) is None else repr(float(part[key])) for key in PARTS]
            of_roof = part.get("share_of_roof")
            expected.append([name, part["op"], *numbers, part.get("bound_by") or "", repr(of_roof) if of_roof else "",
                             "inherited" if part.get("inherited") else ""])
    shown = [[named(row), *row[1:]] for row in table]
    check(shown == expected, f"ops: the report has {shown}, summary.json {expected}")


def check_amdahl(figures, console, page):
    """One sentence for each backend that has one, with the figures of summary.json; less notes, and in one line each."""
    shown = [NOTE.sub("", "".join(item.itertext())) for item in page.findall(".//ul[@class='amdahl']/li")]
    printed = re.findall(r"^\S+ against \S+: GEMM.*", NOTE.sub("", re.sub(r"\n +", " ", console)), re.M)
    expected = [(name, found["amdahl"]) for name, found in figures.items() if found["amdahl"]]
    check(len(shown) == len(printed) == len(expected), f"Amdahl: {shown}, {printed}, {expected}")
    for report, text, (name, found) in zip(shown, printed, expected):
        for sentence in (report, text):
            plain = sentence.replace("\u00a0%", "%").replace(" %", "%")
            numbers = re.findall(r"(\d[\d.]*)(?:x|(?=%))", plain)
            values = [found["products"], found["epoch"]] + (
                [100 * found["its_share"], 100 * found["its_share_before"]] if found["largest_other_part"] else [])
            check(f"{found['fastest']} against {name}" in sentence and len(numbers) == len(values)
                  and all(agrees(number, value) for number, value in zip(numbers, values)), f"Amdahl: {sentence}: {found}")


def check_text(figures, warnings, proof):
    """What the report says in sentences: of the epochs, and how many cases were proven."""
    for name, found in figures.items():
        check((f"{name} {found['disturbed']} of {found['later_epochs']}" in warnings) == (found["disturbed"] > 0),
              f"{name}: disturbed {found['disturbed']}: {warnings}")
        spread, change = found.get("middle_half_share") or 0, found["drift"].get("change") or 0
        check(spread <= 0.05 or f"{name} {fmt.percent(spread)}" in warnings, f"{name}: scatter {spread}: {warnings}")
        check(not found["drift"]["found"] or abs(change) <= 0.03 or f"{name} {fmt.signed_percent(change)}" in warnings,
              f"{name}: drift {change}: {warnings}")
        cases = fmt.count(found["proof"]["cases"], "case")
        check(re.search(rf"\b{name}\b[^:]*: {cases} in ", proof), f"{name}: {cases}: {proof[:2000]}")


def same_numbers(drawn, values):
    return len(drawn) == len(values) and all(abs(d - v) <= 1e-9 * abs(v) for d, v in zip(drawn, values))


def check_charts(runs, figures):
    """What is drawn, at the precision of doubles."""
    axes = times.draw_times(runs).get_axes()
    medians = [line.get_xdata()[0] for line in axes[0].get_lines() if line.get_gid() == "median"]
    check(same_numbers(medians, [f["median_seconds"] for f in figures.values()]), f"charts: medians {medians}")
    for name, text in zip(figures, (text.get_text() for text in axes[0].texts)):
        speed = re.search(r"\(([\d.]+) GFLOP/s\)", text)
        check(speed and agrees(speed[1], figures[name]["gflops"]), f"charts: {name}: {text}")
    for panel in axes[1:]:
        base = panel.get_title("left").removeprefix("against ")
        bars = [bar.get_x() + bar.get_width() for bar in panel.patches]
        values = [1.0 if name == base else value_of(found, f"over {base}") for name, found in figures.items()]
        check(same_numbers(bars, [v for v in values if v is not None]), f"charts: over {base}: {bars}, {values}")
    parts_of = [part for found in figures.values() for part in found["ops"] if part["seconds"] > 0]
    speeds = [bar.get_width() for bar in parts.draw_op_speeds(runs).get_axes()[0].patches]
    check(same_numbers(speeds, [p["gflops"] for p in parts_of if p.get("gflops")]), f"charts: speeds of ops {speeds}")
    for panel, key, scale in zip(parts.draw_breakdown(runs).get_axes(), ("seconds", "share_of_epoch"), (1, 100)):
        widths = [bar.get_width() for bar in panel.patches]
        check(same_numbers(widths, [scale * p[key] for p in parts_of]), f"charts: {key} of ops {widths}")


def make_run(bench, directory):
    """A run with console.txt. Where something else takes the CPU, no ratio is established, and none may be shown."""
    backends = ["naive"] + [name for name in ("avx2", "onednn") if name in ready_backends(bench)]
    out = os.path.join(directory, "run")
    argv = ["run", "--backend", ",".join(backends), "--epochs", "8", "--naive-epochs", "8", "--hidden", "32", "--batch", "64",
            "--lr", "0.0001", "--threads", "1", "--data", make_data(os.path.join(directory, "data")), "--out", out]
    result = run(bench, *argv, env={"COLUMNS": "400"})
    check(result.returncode == 0, f"bench run: exit {result.returncode}: {result.stderr}")
    with open(os.path.join(out, "console.txt"), "w", encoding="utf-8") as f:
        f.write(result.stdout)
    return out


def check_run(directory):
    with open(os.path.join(directory, "summary.json"), encoding="utf-8") as f:
        figures = {found["backend"]: found for found in json.load(f)["backends"]}
    with open(os.path.join(directory, "console.txt"), encoding="utf-8") as f:
        console = f.read()
    runs = load_runs([directory])
    runs[0].peers = []  # theirs are not on the console
    page = ElementTree.fromstring(document.build(runs, document.Options(list(BASES), "naive"), "report.html"))
    report = {named(row): row for row in report_table(page, "summary")}
    readme = readme_table(runs[0])
    printed = console_table(console, figures)
    check(list(figures) == list(printed) == list(report) == list(readme), f"{list(figures)} {list(printed)} {list(report)}")
    check_figures(figures, printed, report, readme)
    check_parts(figures, report_table(page, "parts"))
    check_text(figures, "".join(page.find(".//header").itertext()), "".join(page.find(".//*[@id='proof']").itertext()))
    check_amdahl(figures, console, page)
    check_charts(runs, figures)


go_on_with("matplotlib")
import update_readme  # noqa: E402  (under the Python that has matplotlib)
from charts import parts, times  # noqa: E402
from lanebench import fmt  # noqa: E402
from lanebench.run import load_runs  # noqa: E402
from page import document  # noqa: E402

if os.path.isdir(sys.argv[1]):
    check_run(sys.argv[1])
else:
    with tempfile.TemporaryDirectory() as scratch:
        check_run(make_run(sys.argv[1], scratch))
finish()
