# SPDX-License-Identifier: MIT
"""test_report.py SOURCE_ROOT [BENCH]: the page that bench report writes, without a browser. It is well-formed, needs nothing
from outside, shows exactly what the files say, and lets no text of a file become markup."""

import base64
import contextlib
import hashlib
import io
import json
import math
import os
import re
import statistics
import subprocess
import sys
import tempfile
import unittest
import unittest.mock
import urllib.parse
import xml.etree.ElementTree as ElementTree

import report  # scripts/report.py
from lanebench import comparison, fmt
from lanebench.run import Speedup, load_runs
from page import speedups
from report_run import (CONFUSION, HOSTILE, change_figures, change_json, change_machine, change_rows, figures_of, make_run,
                        read_rows, rename_backend, write_csv)
from synthetic_run import write_sweep

ROOT = os.path.abspath(sys.argv[1])
BENCH = os.path.abspath(sys.argv[2]) if len(sys.argv) > 2 else None
if BENCH:
    os.environ["LANEBENCH_PROGRAM"] = BENCH

SVG = "{http://www.w3.org/2000/svg}"


def run_report(*arguments):
    """report.py's main() in this process: the result as of a process."""
    out, err = io.StringIO(), io.StringIO()
    argv, sys.argv = sys.argv, ["report", *arguments]
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = report.main()
    except SystemExit as end:
        code = end.code
    finally:
        sys.argv = argv
    return subprocess.CompletedProcess(argv, code, out.getvalue(), err.getvalue())


class Page:
    def __init__(self, path):
        with open(path, encoding="utf-8") as f:
            self.text = f.read()
        self.root = ElementTree.fromstring(self.text)

    def all(self, path):
        return self.root.findall(path)

    def by_id(self, id_):
        return self.root.find(f".//*[@id='{id_}']")

    def by_class(self, class_):
        return self.root.find(f".//*[@class='{class_}']")

    def table(self, id_):
        """Cells' data-v (text without one), row by row."""
        body = self.by_id(id_).find("tbody")
        return [[c.get("data-v", "".join(c.itertext()).strip()) for c in row] for row in body]

    def shown(self, element=None):
        return re.sub(r"\s+", " ", "".join((self.root if element is None else element).itertext()))

    def charts(self, section):
        """SVG elements of a section's wide layout, in order."""
        return [d.find(f"{SVG}svg") for d in self.by_id(section).iter("div") if d.get("class") == "wide"]

    def tips(self, section, layout="wide"):
        """Tooltip texts of the points of a section, in one of its two layouts."""
        found = []
        for chart in self.by_id(section).iter("div"):
            if chart.get("class") == layout:
                found += [t.text for g in chart.iter(f"{SVG}g") if "pt" in (g.get("class") or "").split()
                          for t in g.iter(f"{SVG}title")]
        return found


def points_of(chart, pattern):
    """(number that the pattern finds in the tooltip, data-x, data-y) of the points whose tooltip it fits."""
    found = ((re.search(pattern, g.findtext(f"{SVG}title") or ""), g) for g in chart.iter(f"{SVG}g"))
    return [(float(m[1].replace("−", "-")), float(g.get("data-x")), float(g.get("data-y"))) for m, g in found if m]


class Case(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.scratch = scratch.name
        self.run_dir = os.path.join(self.scratch, "20260101-000000-abcd")
        self.out = os.path.join(self.run_dir, "report.html")

    def page(self, *arguments):
        result = run_report(self.run_dir, *arguments)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        return Page(self.out)

    def refuse(self, code, *parts, arguments=None):
        result = run_report(*(arguments or (self.run_dir,)))
        self.assertEqual(result.returncode, code, result.stderr)
        for part in parts:
            self.assertIn(part, result.stderr)
        self.assertEqual(len(result.stderr.splitlines()), 1)


class Structure(Case):
    def test_sections_and_no_warning(self):
        make_run(self.run_dir, roof=True)
        page = self.page()
        for anchor in ("time", "speed-up", "breakdown", "roofline", "history", "seconds", "proof", "integrity", "error",
                       "machine", "files"):
            self.assertIsNotNone(page.by_id(anchor), anchor)
        self.assertEqual([e.get("class") for e in page.all(".//header/ul/li")], ["is-note"])  # naive: 1 epoch
        header = page.shown(page.root.find(".//header"))
        self.assertLess(header.index("avx512 trains an epoch in"), header.index("Note"))

    def test_nothing_from_outside(self):
        make_run(self.run_dir, roof=True)
        page = self.page()
        for element in page.root.iter():
            self.assertNotIn(element.tag.rpartition("}")[2], ("img", "iframe", "object", "embed", "base", "video"))
            for name, text in element.attrib.items():
                if name.rpartition("}")[2] in ("src", "href", "action", "srcset", "data"):
                    self.assertRegex(text, r"^(#[\w-]+|\./[^:]*|data:,)$")
        outside = re.findall(r"(?:https?:)?//[\w.]+", page.text.replace("http://www.w3.org/2000/svg", ""))
        self.assertEqual(outside, [])
        self.assertNotIn("@import", page.text)
        self.assertEqual(set(re.findall(r"url\((.)", page.text)), {"#"})

    def test_policy_allows_only_the_pages_own_script(self):
        make_run(self.run_dir)
        page = self.page()
        scripts = re.findall(r"<script>(.*?)</script>", page.text, re.DOTALL)
        self.assertEqual(len(scripts), 1)
        digest = base64.b64encode(hashlib.sha256(scripts[0].encode()).digest()).decode()
        policy = page.root.find(".//meta[@http-equiv='Content-Security-Policy']").get("content")
        self.assertIn("default-src 'none'", policy)
        self.assertIn(f"script-src 'sha256-{digest}';", policy)

    def test_ids_are_unique_and_anchors_lead_somewhere(self):
        make_run(self.run_dir, roof=True)
        page = self.page()
        ids = [e.get("id") for e in page.root.iter() if e.get("id")]
        self.assertEqual(len(ids), len(set(ids)))
        targets = [a.get("href")[1:] for a in page.all(".//a") if a.get("href").startswith("#")]
        targets += re.findall(r"url\(#([\w-]+)\)", page.text)
        self.assertGreater(len(targets), 5)
        for target in targets:
            self.assertIn(target, ids)

    def test_links_lead_to_files(self):
        make_run(self.run_dir)
        for name in ("history-avx2.json", "history-a%2Fb.json", "gate.csv", "ops.jsonl", "notes.txt"):
            with open(os.path.join(self.run_dir, name), "w", encoding="utf-8"):
                pass
        out = os.path.join(self.scratch, "else where", "a.html")
        os.makedirs(os.path.dirname(out))
        self.assertEqual(run_report(self.run_dir, "-o", out).returncode, 0)
        found = Page(out).all(".//section[@id='files']//a")
        self.assertEqual([a.text for a in found], ["epochs.csv", "proof.csv", "gate.csv", "integrity.csv",
                                                   "summary.json", "machine.json", "history-a%2Fb.json",
                                                   "history-avx2.json", "ops.jsonl"])
        links = [a.get("href") for a in found]
        for link in links:
            path = os.path.join(os.path.dirname(out), urllib.parse.unquote(link))
            self.assertTrue(os.path.isfile(path), path)

    def test_hostile_names(self):
        make_run(self.run_dir, roof=True)
        rename_backend(self.run_dir, "avx2", HOSTILE)
        change_json(self.run_dir, "summary.json", lambda summary: [
            part.update(op=part["op"] + "<i>&\x1b", bound_by="<img src=x>") for found in summary["backends"]
            for part in found["ops"]])
        change_rows(self.run_dir, "proof.csv", lambda rows: [dict(r, cases="<img src=x>", first_failure="]]><b>")
                                                             for r in rows])
        change_machine(self.run_dir, lambda m: (m.update(run_id="<u>\ud800", status="interrupted",
                                                         command_line=["bench", "</script>", "$(x)"]),
                                                m["cpu"].update(model="<svg onload=x>")))
        page = self.page()
        self.assertEqual(len(re.findall("<script", page.text)), 1)
        for wrong in ("<i>", "<img", "<u>", "<svg onload"):
            self.assertNotIn(wrong, page.text)
        names = {e.tag.rpartition("}")[2] for e in page.root.iter()}
        self.assertFalse(names & {"img", "i", "u"})
        for element in page.root.iter():
            self.assertFalse([a for a in element.attrib if a.lower().startswith("on")])
        shown = page.shown(page.root.find(".//header"))
        self.assertIn(HOSTILE.replace("\x07", "\ufffd").replace("\u202e", "\ufffd"), shown)
        self.assertIn("bench '</script>' '$(x)'", page.shown(page.root.find(".//code")))

    def test_same_rows_same_page(self):
        make_run(self.run_dir, roof=True)
        self.assertEqual(self.page().text, self.page().text)


class Numbers(Case):
    def setUp(self):
        super().setUp()
        make_run(self.run_dir, roof=True)
        self.rows = read_rows(self.run_dir, "epochs.csv")
        self.figures = figures_of(self.run_dir)

    def test_every_epoch(self):
        names = ("backend", "epoch", "train_seconds", "val_seconds", "gflops", "share_of_peak", "loss", "accuracy",
                 "val_loss", "val_accuracy", "noisy")
        expected = sorted([r[n] for n in names] for r in self.rows)
        self.assertEqual(sorted(self.page().table("every-epoch")), expected)

    def test_summary(self):
        """Exactly what summary.json says."""
        shown = self.page().table("summary")
        self.assertEqual([row[0] for row in shown], list(self.figures))
        for name, *cells in shown:
            found = self.figures[name]
            ratios = [1.0 if base == name else found["speedup_over"][base]["ratio"] if "naive" not in (base, name) else None
                      for base in ("naive", "onednn")]  # naive: one epoch, so that nothing is established
            expected = [found["median_seconds"], *ratios, found["interval_95"][0], found["gflops"], found["share_of_peak"],
                        found["val_accuracy"], found["proof"]["worst_error_shown"]]
            self.assertEqual(cells, ["" if figure is None else repr(figure) for figure in expected])

    def test_a_note_goes_with_the_figures(self):
        """Wherever a backend that leaves out products is compared, and both of its speeds."""
        note = "skips zero pixels; same bits as avx2"
        self.assertNotIn(note, self.page().shown())
        change_machine(self.run_dir, lambda m: m["backends"]["avx512"].update(note=note))
        change_figures(self.run_dir, "avx512", gflops=1133.0, gflops_done=430.0)
        page = self.page()
        verdict = page.shown(page.by_class("verdicts"))
        self.assertIn(f"avx512 ({note}) trains an epoch in", verdict)
        self.assertIn(f"Note: avx512 ({note}): its GFLOP/s count all products", page.shown(page.root.find(".//header")))
        row = next(r for r in page.by_id("summary").find("tbody") if "avx512" in page.shown(r))
        self.assertIn(note, page.shown(row))
        self.assertIn("1133, 430 done", page.shown(row))
        for section in ("time", "speed-up", "roofline"):
            self.assertIn(f"avx512 ({note})", page.shown(page.by_id(section)), section)

    def test_a_point_for_every_epoch(self):
        page = self.page()
        for layout in ("wide", "narrow"):
            tips = page.tips("time", layout)
            for row in self.rows:
                found = [t for t in tips if re.match(rf"{row['backend']}, epoch {row['epoch']}\b", t)]
                self.assertEqual(len(found), 1)
                self.assertIn(f"\n{row['train_seconds']} s\n", found[0])
            curves = page.tips("history", layout)
            for row in self.rows:
                for what, column in (("training loss", "loss"), ("validation accuracy", "val_accuracy")):
                    tip = f"{row['backend']}, epoch {row['epoch']}\n{what} {row[column]}"
                    self.assertEqual(curves.count(tip), 2, tip)  # together, and each by itself

    def test_points_lie_where_their_values_are(self):
        """Heights of the validation accuracies on the chart are a linear function of the values."""
        chart = next(d for d in self.page().by_id("seconds").iter("div") if d.get("class") == "wide")
        values, heights = [], []
        for g in chart.iter(f"{SVG}g"):
            found = re.search(r"validation accuracy ([\d.]+)", g.findtext(f"{SVG}title") or "")
            if found:
                values.append(float(found[1]))
                heights.append(float(g.get("data-y")))
        self.assertEqual(len(values), len(self.rows))
        self.assertAlmostEqual(statistics.correlation(values, heights), -1, 4)

    def test_curves_lie_where_their_values_are(self):
        """In the pair of all together and in the differences: higher is more, to the right is later."""
        change_rows(self.run_dir, "epochs.csv", lambda rows: [
            dict(r, **{c: f"{float(r[c]) + 1e-4 * ((7 * i) % 11):.6f}" for c in ("val_loss", "val_accuracy")})
            for i, r in enumerate(rows)])
        charts = self.page().charts("history")
        for chart, what in ((charts[0], "loss"), (charts[1], "accuracy")):
            for kind in ("training", "validation"):
                points = points_of(chart, rf"{kind} {what} ([\d.]+)")
                self.assertEqual(len(points), len(self.rows))
                self.assertAlmostEqual(statistics.correlation([p[0] for p in points], [p[2] for p in points]), -1, 4)
            epochs = points_of(chart, r"epoch (\d+)")
            self.assertAlmostEqual(statistics.correlation([p[0] for p in epochs], [p[1] for p in epochs]), 1, 4)
        for chart in charts[2:4]:
            points = points_of(chart, r"val_\w+ ([+−\d.]+)")
            self.assertGreater(len({p[0] for p in points}), 3)
            self.assertAlmostEqual(statistics.correlation([p[0] for p in points], [p[2] for p in points]), -1, 4)

    def test_lines_go_through_the_validation_points(self):
        page = self.page()
        for chart, what in zip(page.charts("history")[:2], ("loss", "accuracy")):
            lines = [p.get("d")[1:].split("L") for p in chart.findall(f"{SVG}path") if "curve" in p.get("class").split()]
            self.assertEqual(len(lines), len({r["backend"] for r in self.rows}))
            for backend, line in zip([row[0] for row in page.table("summary")], lines):
                if len(line) > 2:
                    points = points_of(chart, rf"^{backend}, epoch \d+\nvalidation {what} ([\d.]+)")
                    ends = [tuple(map(float, place.split())) for place in line]
                    self.assertEqual(ends, [(x, y) for _, x, y in points])

    def test_whiskers_span_the_interval(self):
        """Whiskers are at the ends of the interval on the log axis."""
        chart = self.page().charts("speed-up")[1]  # against onednn
        ones = [float(e.get("x1")) for e in chart.iter(f"{SVG}line") if e.get("class") == "one"]
        spans = [(float(e.get("x1")), float(e.get("x2")), float(e.get("y1"))) for e in chart.iter(f"{SVG}line")
                 if e.get("class") == "whisker" and e.get("y1") == e.get("y2")]
        self.assertEqual(len(spans), 2)  # naive has one epoch
        for backend, (start, end, height) in zip(("avx2", "avx512"), spans):
            over = self.figures[backend]["speedup_over"]["onednn"]
            factor, interval = over["ratio"], over["interval_95"]
            (_, x, y), = points_of(chart, rf"^{backend} against onednn: ([\d.]+)x .*\n9 rounds")
            scale = (x - ones[0]) / math.log(factor)
            self.assertEqual(height, y)
            for at, number in ((start, interval[0]), (end, interval[1])):
                self.assertAlmostEqual(at, ones[0] + scale * math.log(number), delta=0.3)

    def test_confusion(self):
        """As the file says, for the backends that have one; what is no matrix of counts is left out."""
        self.assertIsNone(self.page().by_id("confusion"))
        change_figures(self.run_dir, "avx2", confusion=CONFUSION)
        change_figures(self.run_dir, "naive", confusion=[[1, 2], [3, -4]])
        section = self.page().by_id("confusion")
        tables = list(section.iter("tbody"))
        self.assertEqual([[int("".join(c.itertext())) for c in row[1:]] for row in tables[0]], CONFUSION)
        self.assertEqual(len(tables), 1)
        marked = [(i, j) for i, row in enumerate(tables[0]) for j, c in enumerate(row[1:]) if "miss" in c.get("class")]
        self.assertEqual(marked, [(4, 9), (9, 4)])

    def test_axis_of_the_speed_ups(self):
        """Holds 1 and the bars, however far off or near these are; what is far slower than all others is beyond its end."""
        def inside(*ups):
            low, high = speedups.bounds([(None, Speedup(*up)) for up in ups])
            self.assertTrue(low < 1 < high)
            self.assertTrue(all(low <= end <= high for up in ups if up[0] >= low for end in up[1] or ()))
            return [low <= up[0] <= high for up in ups], high / low
        self.assertEqual(inside((0.03, None), (0.029, (0.028, 0.03)))[0], [True, True])
        self.assertEqual(inside((1.3, (1.25, 1.35)), (0.03, (0.02, 0.04)))[0], [True, False])
        self.assertEqual(inside((12.0, (11.0, 13.0)), (17.0, None))[0], [True, True])
        near, span = inside((1.001, (0.999, 1.003)), (0.9995, None))
        self.assertEqual((near, span < 1.02), ([True, True], True))

    def test_proof(self):
        page = self.page()
        rows = read_rows(self.run_dir, "proof.csv")
        shown = []
        for table in page.by_id("proof").findall(".//details//table"):
            shown += [[c.get("data-v") for c in row][2:5] for row in table.find("tbody")]
        self.assertEqual(sorted(shown), sorted([r["count"], r["failed"], r["worst_error_of_bound"]] for r in rows))
        matrix = {row[0]: row[1:] for row in page.table("proof-matrix")}
        self.assertEqual(list(map(float, matrix["gemm"])), [0.983056152] * 4)
        self.assertIn("1269 cases", page.shown(page.by_id("proof-matrix")))

    def test_parts(self):
        """Exactly what summary.json says of each op."""
        change_figures(self.run_dir, "avx2", ops=[dict(part, bound_by="L3", share_of_roof=0.25, speedup_if_free=7.5)
                                                  for part in self.figures["avx2"]["ops"]])
        names = ("seconds", "share_of_epoch", "calls", "gflops", "share_of_peak", "ai")
        expected = []
        for backend, found in figures_of(self.run_dir).items():
            for part in found["ops"]:
                numbers = [part.get(name) for name in names]
                expected.append([backend, part["op"], *("" if n is None else repr(float(n)) for n in numbers),
                                 part.get("bound_by") or "", "" if part.get("share_of_roof") is None else
                                 repr(part["share_of_roof"]), "inherited" if part.get("inherited") else ""])
        self.assertEqual(self.page().table("parts"), expected)
        change_figures(self.run_dir, "avx2", median_seconds=0.1)
        self.assertIn("The largest part of avx2's epoch is backward1, 51 %: without it, an epoch would be 7.50x as fast",
                      self.page().shown(self.page().by_id("breakdown")).replace("\u2060", ""))

    def test_amdahl(self):
        self.assertIsNone(self.page().root.find(".//ul[@class='amdahl']"))
        change_figures(self.run_dir, "naive", amdahl={
            "fastest": "avx512", "products": 103.0, "epoch": 85.0, "counted_with_products": "bias_act and rmsprop",
            "largest_other_part": "gather", "its_share": 0.4, "its_share_before": 0.088})
        change_figures(self.run_dir, "onednn", amdahl={
            "fastest": "avx512", "products": 0.8, "epoch": 1.25, "counted_with_products": "", "largest_other_part": None,
            "its_share": None, "its_share_before": None})
        self.assertEqual([e.text for e in self.page().root.find(".//ul[@class='amdahl']")], [
            "avx512 against naive: GEMM with bias_act and rmsprop 103.0x as fast, epoch 85.0x: 40\u00a0% of the epoch is now "
            "gather (8.8\u00a0% before).", "avx512 against onednn: GEMM 0.80x as fast, epoch 1.25x."])

    def test_target_over_seeds(self):
        target = {"accuracy": 0.97, "trainings": 3, "reached": 3, "median_seconds": 2.5, "fastest_seconds": 2.0,
                  "slowest_seconds": 4.0, "median_epochs": 3.0}
        change_figures(self.run_dir, "avx2", target=target)
        change_figures(self.run_dir, "onednn", target=dict(target, reached=1, median_seconds=None, slowest_seconds=None))
        page = self.page()
        self.assertEqual([r[1:] for r in page.table("target")], [["3", "2.5", "2.0", "4.0", "3.0"], ["1", "", "2.0", "", "3.0"]])
        self.assertIn("not reached", page.shown(page.by_id("target")))
        self.assertIn("to 0.97", page.shown(page.by_id("to-target")))  # the run's own target
        wished = self.page("--target-accuracy", "0.9")
        self.assertRegex(wished.shown(wished.by_id("to-target")), r"accuracy of 0\.9backend")

    def test_epochs_of_the_first_seed(self):
        first = self.page().table("to-target")
        change_rows(self.run_dir, "epochs.csv", lambda rows: rows + [dict(r, seed=2, train_seconds=99) for r in rows])
        page = self.page()
        self.assertEqual(page.table("to-target"), first)
        self.assertIn("2 seeds", page.shown(page.root))

    def test_time_to_target(self):
        page = self.page("--target-accuracy", "0.975")
        for name, seconds, epoch, _ in page.table("to-target"):
            rows = [r for r in self.rows if r["backend"] == name]
            hit = next((i for i, r in enumerate(rows) if float(r["val_accuracy"]) >= 0.975), None)
            if hit is None:
                self.assertEqual((seconds, epoch), ("", ""))
            else:
                self.assertAlmostEqual(float(seconds), sum(float(r["train_seconds"]) for r in rows[:hit + 1]))
                self.assertEqual(epoch, rows[hit]["epoch"])

    def test_roofline(self):
        """Products lie where summary.json has them; a level's ceiling is the best of read, write and triad."""
        page = self.page()
        tips = page.tips("roofline")
        self.assertEqual(len(tips), 1 + 3 + 3 + 1)
        part = next(p for p in self.figures["avx512"]["ops"] if p["op"] == "backward1")
        tip, = (t for t in tips if t.startswith("avx512: backward1\n"))
        self.assertRegex(tip, rf"^.*\n{part['gflops']:.0f} GFLOP/s at 14\.5 flop per byte\n48\u00a0% of the epoch\n"
                              rf"{100 * part['share_of_peak']:.0f}\u00a0% of the peak\n")
        change_rows(self.run_dir, "roofline.csv", lambda rows: rows + [
            dict(rows[-1], quantity="triad", level="L1", median_per_second=9e11)])
        for rates, found in (("L1 800 GB/s", page), ("L1 900 GB/s", self.page())):
            self.assertIn(rates, found.shown(found.by_id("roofline")))

    def test_command(self):
        self.assertEqual(self.page().root.find(".//code").text.splitlines(), [
            "git checkout 0123456789abcdef0123456789abcdef01234567",
            "meson setup build --buildtype=release && meson compile -C build",
            "OMP_WAIT_POLICY='active now' build/bench run --backend all --out 'my results'"])


class Findings(Case):
    def setUp(self):
        super().setUp()
        make_run(self.run_dir)

    def finding(self, level, *parts):
        page = self.page()
        found = [page.shown(e) for e in page.all(".//header//li") if e.get("class") == "is-" + level]
        for part in parts:
            self.assertTrue(any(part in f for f in found), f"{part!r} is not in {found}")
        return page

    def test_three_before_the_first_figure(self):
        """The worst ones; the rest is folded, and its line says what it is."""
        change_machine(self.run_dir, lambda m: (m["cpu"].update(hypervisor=True, frequency_governor="powersave", isa_cap="avx2"),
                                                m["build"].update(dirty=True, buildtype="debug"), m.update(status="failed")))
        page = self.finding("note", "ISA tiers were capped")
        self.assertEqual([e.get("class") for e in page.all(".//header/ul/li")], ["is-bad", "is-warn", "is-warn"])
        folded = page.root.find(".//header/details")
        self.assertEqual(folded.find("summary").text, "2 warnings and 2 notes more")
        self.assertEqual([e.get("class") for e in folded.iter("li")], ["is-warn", "is-warn", "is-note", "is-note"])
        self.assertIsNone(folded.get("open"))

    def test_machine(self):
        change_machine(self.run_dir, lambda m: (m["cpu"].update(hypervisor=True, frequency_governor="powersave"),
                                                m["topology"].update(cgroup_quota_cpus=1.5)))
        self.finding("warn", "virtual machine", "governor is powersave", "quota of 1.5 CPUs was in force for 2 threads")

    def test_threads_and_build(self):
        change_machine(self.run_dir, lambda m: (m["cpu"].update(isa_cap="avx2"), m["topology"].update(allowed_cores=1),
                                                m["backends"]["avx2"].update(threads_bound=False),
                                                m["backends"]["onednn"].update(reference_implementation="ref:any"),
                                                m["build"].update(flags="-O3 -fsanitize=address")))
        self.finding("warn", "2 threads on 1 cores", "threads of avx2 were not bound", "with a sanitizer",
                     "onednn fell back to a reference implementation: ref:any")
        self.finding("note", "ISA tiers were capped (--max-isa avx2)")

    def test_hybrid(self):
        kinds = [{"name": "IntelCore", "cores": 1, "pus": 1}, {"name": None, "cores": 1, "pus": 1}]
        change_machine(self.run_dir, lambda m: m["topology"].update(core_kinds=kinds))
        page = self.finding("warn", "2 threads on cores of several kinds")
        self.assertIn("of several kinds: 1 IntelCore, 1 others", page.shown())
        change_machine(self.run_dir, lambda m: m["topology"].update(core_kinds=kinds[:1]))
        self.assertNotIn("of several kinds", self.page().shown())

    def test_timed_although_wrong(self):
        change_rows(self.run_dir, "epochs.csv", lambda rows: [
            dict(r, worst_error_of_bound="1.5" if r["backend"] == "avx2" else "0.9") for r in rows])
        self.finding("bad", "avx2: timed although an error exceeds its bound.")

    def test_build_and_status(self):
        change_machine(self.run_dir, lambda m: (m.update(status="interrupted"),
                                                m["build"].update(dirty=True, buildtype="debug")))
        self.finding("warn", "interrupted", "changed files", "not a release build (debug)")

    def test_resumed(self):
        note = {"time_utc": "t", "status_before": "running", "kept_epochs": {"avx2": 2, "naive": 1},
                "trained_again": {"avx2": "equal"}}
        change_machine(self.run_dir, lambda m: m.update(resumed=[note, note]))
        page = self.finding("warn", "resumed 2 times", "Epochs before the last time: avx2 2 and naive 1")
        self.assertNotIn("gave other figures", page.shown())
        change_machine(self.run_dir, lambda m: m.update(resumed=[dict(note, trained_again={"avx2": "different"})]))
        self.finding("warn", "resumed 1 time:", "avx2: its earlier epochs, trained again, gave other figures")

    def test_failed_proof(self):
        change_rows(self.run_dir, "epochs.csv", lambda rows: [r for r in rows if r["backend"] != "avx2"])
        change_rows(self.run_dir, "proof.csv", lambda rows: [
            dict(r, failed="3", worst_error_of_bound="17.5", first_failure="at [3][7]")
            if (r["backend"], r["op"]) == ("avx2", "vexp") else r for r in rows])
        page = self.finding("bad", "avx2: 3 cases of the proof failed; it was not timed. at [3][7]")
        self.assertIn("avx2 FAILED the proof", page.shown(page.root.find(".//header")))
        opened = [page.shown(d.find("summary")) for d in page.by_id("proof").findall(".//details") if d.get("open")]
        self.assertEqual(len(opened), 1)
        self.assertIn("avx2: 1315 cases", opened[0])
        self.assertIn("3 cases FAILED", opened[0])

    def test_impossible_speed(self):
        change_rows(self.run_dir, "epochs.csv", lambda rows: [dict(r, share_of_peak="1.5") for r in rows])
        self.finding("bad", "faster than the measured multiply-add peak (up to 150 %)")

    def test_disturbed_epochs(self):
        change_rows(self.run_dir, "epochs.csv", lambda rows: [
            dict(r, noisy="steal" if r["backend"] == "avx2" and r["epoch"] in "23" else "") for r in rows])
        change_figures(self.run_dir, "avx2", disturbed=2, first_is_fastest=True)
        self.finding("note", "more than 1 %: avx2 2 of 9 (the hypervisor took CPU time).", "avx2: the first epoch was the fastest")

    def test_integrity(self):
        change_rows(self.run_dir, "integrity.csv", lambda rows: [
            r | {"status": "violation", "expected": "469", "seen": "235", "words": "calls of step, epoch 3"}
            if (r["backend"], r["check"]) == ("avx2", "calls") else r for r in rows])
        page = self.finding("bad", "avx2 violates integrity (calls): do not trust its figures. calls of "
                            "step, epoch 3: expected 469, seen 235.")
        matrix = page.table("integrity-matrix")
        self.assertEqual([row[0] for row in matrix], ["time stamp counter", "calls", "file"])
        self.assertEqual(matrix[1][1:], ["pass", "violation", "pass", "pass"])
        opened = [page.shown(d.find("summary")) for d in page.by_id("integrity").findall(".//details") if d.get("open")]
        self.assertEqual(len(opened), 1)
        self.assertIn("VIOLATED: calls", opened[0])

    def test_a_violator_never_wins(self):
        """avx512 is the fastest, and its figures cannot be trusted."""
        change_rows(self.run_dir, "integrity.csv", lambda rows: [
            dict(r, status="violation") if (r["backend"], r["check"]) == ("avx512", "calls") else r for r in rows])
        page = self.page()
        first = page.shown(page.root.find(".//header"))
        self.assertRegex(first, r"(avx2|onednn) trains an epoch in .* avx512 VIOLATED integrity: its figures are left out")
        self.assertNotIn("ran alone", first)
        self.assertIn("violates integrity", page.shown(page.by_id("summary")))
        self.assertNotIn("largest part of avx512's", page.shown(page.by_id("breakdown")))
        for backends, base in ((("avx2", "avx512"), ["avx2"]), (("avx512",), [])):
            change_rows(self.run_dir, "epochs.csv", lambda rows, b=backends: [r for r in rows if r["backend"] in b])
            self.assertEqual(report.choose_bases(load_runs([self.run_dir]), None), base)
        header = self.page().shown(self.page().root.find(".//header"))
        self.assertIn("do not trust any figure here", header)

    def test_roof_that_was_measured_again(self):
        change_rows(self.run_dir, "epochs.csv", lambda rows: [dict(r, share_of_peak="1.5") for r in rows])
        change_rows(self.run_dir, "integrity.csv", lambda rows: rows + [
            dict(r, check="roof") for r in rows if (r["backend"], r["check"]) == ("avx2", "calls")])
        self.finding("warn", "avx2: 10 epochs faster than the measured multiply-add peak (up to 150 %): the peak beside it "
                     "was measured too low")
        self.finding("bad", "avx512: 10 epochs faster")

    def test_builds(self):
        change_rows(self.run_dir, "epochs.csv", lambda rows: [
            dict(r, git_commit="aaaaaaaaaaaa", binary_sha256="111111111111") for r in rows])
        page = self.page()
        self.assertIn("binary111111111111", page.shown(page.by_id("machine")))
        self.assertIn("commit 0123456789ab · binary 111111111111", page.shown(page.root.find(".//footer")))
        self.assertNotIn("different code", page.shown(page.root.find(".//header")))
        change_rows(self.run_dir, "epochs.csv", lambda rows: [
            dict(r, binary_sha256="222222222222") if r["backend"] == "avx2" else r for r in rows])
        self.assertIn("111111111111 (naive, avx512 and onednn); 222222222222 (avx2)",
                      self.page().shown(self.page().by_id("machine")))
        change_rows(self.run_dir, "epochs.csv", lambda rows: [
            dict(r, git_commit="bbbbbbbbbbbb") if r["backend"] == "avx2" else r for r in rows])
        self.finding("note", "were built from different commits: naive, avx512 and onednn aaaaaaaaaaaa; avx2 "
                             "bbbbbbbbbbbb.")
        change_rows(self.run_dir, "epochs.csv", lambda rows: [
            dict(r, binary_sha256="333333333333") if (r["backend"], r["epoch"]) == ("avx2", "3") else r for r in rows])
        self.finding("bad", "rows of avx2 come from different code (commit bbbbbbbbbbbb, binary 222222222222; commit "
                     "bbbbbbbbbbbb, binary 333333333333)")

    def test_without_integrity(self):
        os.remove(os.path.join(self.run_dir, "integrity.csv"))
        self.assertIsNone(self.page().by_id("integrity"))

    def test_noise_drift_and_peak(self):
        change_figures(self.run_dir, "avx2", middle_half_share=0.06, bimodal=True, drift={"found": True, "change": 0.1},
                       peak_range=[300.0, 400.0])
        change_figures(self.run_dir, "onednn", middle_half_share=0.04, drift={"found": True, "change": 0.01},
                       peak_range=[390.0, 400.0])
        self.finding("warn", "share of the median: avx2 6 %.", "relative to the first: avx2 +10.0 %.",
                     "avx2: epochs have two typical times", "at every epoch: 300–400 GFLOP/s beside avx2.")

    def test_generated_data(self):
        change_rows(self.run_dir, "epochs.csv", lambda rows: [dict(r, dataset="generated") for r in rows])
        self.finding("note", "dataset=generated")

    def test_killed_run(self):
        path = os.path.join(self.run_dir, "epochs.csv")
        os.rename(path, path + ".partial")
        with open(path + ".partial", "a", encoding="utf-8") as f:
            f.write("1,cut,gener")
        change_machine(self.run_dir, lambda m: m.update(status="running"))
        self.finding("warn", "has not ended, or was killed", "the run did not end", "not as many fields")

    def test_without_machine_and_proof(self):
        for name in ("machine.json", "proof.csv"):
            os.remove(os.path.join(self.run_dir, name))
        self.assertIn("There is no record of a proof", self.finding("warn", "no machine.json").shown())

    def test_run_of_an_older_version(self):
        """Without summary.json: every epoch and every curve, but no derived figure; it says so once."""
        os.remove(os.path.join(self.run_dir, "summary.json"))
        page = self.finding("warn", "no summary.json (an older version made the run, or it was killed)")
        self.assertEqual(page.shown(page.root.find(".//header")).count("no summary.json (an older"), 1)
        self.assertIn("so the fastest backend is unknown", page.shown())
        self.assertEqual({cell for row in page.table("summary") for cell in row[1:]}, {"", "1.0"})  # 1.0: of itself
        self.assertIsNone(page.by_id("breakdown"))
        self.assertIsNone(page.by_id("speed-up"))
        self.assertEqual(len(page.tips("time")), len(read_rows(self.run_dir, "epochs.csv")) + 4)

    def test_summary_that_cannot_be_read(self):
        change_json(self.run_dir, "summary.json", lambda summary: summary.update(schema=99))
        self.finding("warn", "summary.json: schema 99; only 1 and 2 are known here: medians, speed-ups and shares are left out")

    def test_proof_alone(self):
        os.remove(os.path.join(self.run_dir, "epochs.csv"))
        page = self.page()
        self.assertIn("nothing was timed", page.shown(page.root.find(".//header")))
        self.assertIsNone(page.by_id("time"))

    def test_nan_and_empty_fields(self):
        change_rows(self.run_dir, "epochs.csv", lambda rows: [
            dict(r, loss="nan", val_loss="inf", gflops="", peak_gflops="", share_of_peak="", accuracy="")
            for r in rows])
        self.page()

    def test_no_difference_is_said(self):
        change_figures(self.run_dir, "avx512", speedup_over={
            "onednn": {"ratio": 1.01, "interval_95": [0.99, 1.02], "rounds": 9, "established": True}})
        self.assertIn("but cannot be told apart from onednn here (1.01x, 0.99–1.02)", self.page().shown().replace("\u2060", ""))


    def test_what_is_not_established_is_not_stated(self):
        change_figures(self.run_dir, "avx512", speedup_over={"onednn": {
            "ratio": 3.21, "interval_95": [2.9, 3.5], "rounds": 9, "established": False, "reason": "9 later epochs, all disturbed"}})
        page = self.page()
        header = page.shown(page.root.find(".//header"))
        self.assertIn("how it compares with onednn is not established (9 later epochs, all disturbed)", header)
        self.assertEqual([row[3] for row in page.table("summary") if row[0] == "avx512"], [""])
        self.assertNotIn("3.21x", header)
        tip, = (t for t in page.tips("speed-up") if t.startswith("avx512 against onednn"))
        self.assertTrue(tip.startswith("avx512 against onednn: not established\n9 later epochs, all disturbed; measured: 3.2"), tip)


@unittest.skipUnless(BENCH, "bench is not part of this build")
class SeveralRuns(Case):
    def setUp(self):
        super().setUp()
        make_run(self.run_dir)
        self.other = os.path.join(self.scratch, "other")
        make_run(self.other, slowdown=0.9)

    def change_settings(self, **settings):
        """Of the other run."""
        for name in ("machine.json", "summary.json"):
            change_json(self.other, name, lambda found: found["settings"].update(settings))

    def test_figures_are_those_of_bench_compare(self):
        """Each ratio and range as `bench compare --json` has them, which alone computes them."""
        change_figures(self.other, "avx2", disturbed=5)
        change_figures(self.run_dir, "onednn", integrity={"violations": ["calls"]})
        done = subprocess.run([BENCH, "compare", "--json", self.run_dir, self.other], capture_output=True, text=True, check=True)
        rows = [row for row in json.loads(done.stdout)["rows"] if row["over_run"]]
        self.assertEqual([row["reason"] for row in rows], ["A: 1 later epochs; an interval takes 6",
                                                           "B: 5 of 9 later epochs disturbed", None, "A: violates integrity"])
        tips = {t.partition(" ")[0]: t for t in self.page(self.other).tips("speed-up") if "against run A: " in t}
        for row in rows:
            measured = fmt.times_and_range(row["speed"], None if None in row["range"] else row["range"])
            text = f"not established\n{row['reason']}; measured: {measured}" if row["reason"] else measured
            self.assertTrue(tips[row["backend"]].startswith(f"{row['backend']} (B) against run A: {text}\n"), (tips, text))

    def test_without_bench(self):
        """One line says what is missing, and no ratio of the two runs is anywhere."""
        for places, why in (({"LANEBENCH_PROGRAM": "", "PATH": ""}, "bench, which compares them, was not found: neither build/bench "
                             "of this checkout, nor lanebench in PATH."),
                            ({"LANEBENCH_PROGRAM": "/bin/false"}, "/bin/false compare: exit code 1.")):
            with unittest.mock.patch.dict(os.environ, places), unittest.mock.patch.object(comparison, "BUILT", "/nowhere"):
                page = self.page(self.other)
            header = page.shown(page.root.find(".//header"))
            self.assertIn("Warning: the runs are not compared with each other: " + why, header)
            self.assertNotIn("against run A", page.shown())
        os.remove(os.path.join(self.other, "summary.json"))
        header = self.page(self.other).shown(self.page(self.other).root.find(".//header"))
        self.assertIn("not compared with each other: bench: " + self.other + ": summary.json", header)

    def test_compared(self):
        page = self.page(self.other)
        text = page.shown(page.root.find(".//header"))
        self.assertIn("Run B against run A", text)
        self.assertIn("avx512 1.11x", text)
        self.assertIn("did not take turns", text)
        change_figures(self.other, "avx512", disturbed=5)
        text = self.page(self.other).shown(self.page(self.other).root.find(".//header"))
        self.assertNotIn("avx512 1.11x", text)
        self.change_settings(hidden=128)
        text = self.page(self.other).shown(self.page(self.other).root.find(".//header"))
        self.assertIn("How run B compares with run A is not established: A and B timed different work: hidden 512 and 128.", text)
        self.assertEqual(len(page.table("every-epoch")), 2 * len(read_rows(self.run_dir, "epochs.csv")))

    def test_what_the_letters_stand_for(self):
        """Next to the verdict: each run with what differs, and what is the same in all."""
        change_machine(self.run_dir, lambda m: m.update(time_utc="2026-01-01T00:00:00Z"))
        change_machine(self.other, lambda m: m.update(time_utc="2026-02-02T00:00:00Z"))
        self.change_settings(batch=64)
        page = self.page(self.other)
        shown = [page.shown(e) for e in page.root.find(".//header/ul[@class='runs']")]
        self.assertEqual(shown[:2], ["A: run 20260101-000000-abcd, of 2026-01-01T00:00:00Z, batch 128",
                                     "B: run other, of 2026-02-02T00:00:00Z, batch 64"])
        self.assertIn("The same in all: commit 0123456789ab, compiler gcc 12.2.0, CPU Synthetic CPU of a test", shown[2])
        self.assertEqual(len(shown), 3)
        header = page.shown(page.root.find(".//header"))
        self.assertLess(header.index("A: run"), header.index("How run B compares"))
        self.assertIn("runs A and B timed different work: batch 128 and 64.", header)
        self.assertIsNone(self.page().root.find(".//header/ul[@class='runs']"))

    def test_other_machine(self):
        change_rows(self.other, "epochs.csv", lambda rows: [dict(r, env_id="f") for r in rows])
        self.refuse(6, "not known to be from one machine", "env_id: e and f", arguments=(self.run_dir, self.other))
        self.assertFalse(os.path.exists(self.out))
        change_json(self.other, "summary.json", lambda s: s.update(env_id="f"))
        page = self.page(self.other, "--mixed-machines")
        header = page.shown(page.root.find(".//header"))
        self.assertIn("runs A and B are not known to be from one machine (env_id: e and f)", header)
        self.assertIn("bench compare cannot tell that they are from one machine (env_id).", header)
        self.assertNotIn("against run A", page.shown())

    def test_env_id_of_digits_is_the_same_in_old_files(self):
        for directory, env in ((self.run_dir, "123456789012"), (self.other, "x123456789012")):
            change_rows(directory, "epochs.csv", lambda rows, e=env: [dict(r, env_id=e) for r in rows])
        self.assertIn("Run B against run A", self.page(self.other).shown())

    def test_different_code(self):
        for directory, commit in ((self.run_dir, "aaa"), (self.other, "bbb")):
            change_rows(directory, "epochs.csv", lambda rows, c=commit: [dict(r, git_commit=c, binary_sha256="1") for r in rows])
        header = self.page(self.other).shown(self.page(self.other).root.find(".//header"))
        self.assertIn("runs A and B were built from different code: commit aaa, binary 1 and commit bbb, binary 1 "
                      "(naive, avx2, avx512 and onednn)", header)

    def test_unknown_machines(self):
        """What both say of the CPU does not count: bench compare would not compare them either."""
        for directory in (self.run_dir, self.other):
            change_rows(directory, "epochs.csv", lambda rows: [dict(r, env_id="") for r in rows])
        self.refuse(6, "env_id: unknown and unknown", arguments=(self.run_dir, self.other))


class Sweep(Case):
    def setUp(self):
        super().setUp()
        write_sweep(self.run_dir)
        self.rows = read_rows(self.run_dir, "sweep.csv")

    def test_sections(self):
        page = self.page()
        self.assertEqual([s.get("id") for s in page.all(".//section")], ["threads", "batch", "hidden", "points", "files"])
        header = page.shown(page.root.find(".//header"))
        self.assertIn("12 points of avx2 and onednn: threads 1, 2 and 4; batch 32 and 128; hidden 128 and 512.", header)
        self.assertIn("With hidden 512, batch 128, by medians alone: avx2 is 3.03x as fast with 4 threads as with 1 (76 % of the ideal)", header)
        self.assertIn("not in turns", header)
        self.assertEqual(len(page.by_id("threads").findall(".//details//figure")), 2 * 3)  # one combination is open

    def test_every_point(self):
        """Exactly what sweep.csv says."""
        names = ("backend", "threads", "batch", "hidden", "median_train_seconds", "share_of_peak", "gflops", "epochs",
                 "val_accuracy")
        self.assertEqual([row[:9] for row in self.page().table("sweep-points")], [[r[n] for n in names] for r in self.rows])

    def test_points_lie_where_their_values_are(self):
        """Of the largest combination: what is on the axes is what sweep.csv says, and the ideal is beside it."""
        speed, efficiency = self.page().charts("threads")[:2]
        found = points_of(speed, r"^avx2, threads (\d+), batch 128, hidden 512\n")
        self.assertEqual([threads for threads, _, _ in found], [1, 2, 4])
        ideal, = (p.get("d") for p in speed.iter(f"{SVG}path") if p.get("class") == "ideal")
        ends = [tuple(map(float, place.split())) for place in ideal[1:].split("L")]
        self.assertEqual([x for x, _ in ends], [x for _, x, _ in found])
        full = ends[2][1] - ends[0][1]  # of log 4
        for threads, _, height in found:
            self.assertAlmostEqual((height - ends[0][1]) / full, math.log(threads ** 0.8) / math.log(4), delta=0.01)
        shares = points_of(efficiency, r"^avx2, .*\n(\d+)\u00a0% of the ideal")
        self.assertEqual([share for share, _, _ in shares], [100, 87, 76])
        time, share = self.page().charts("hidden")[:2]
        for chart in (time, share):
            heights = [y for _, _, y in points_of(chart, r"^avx2, threads (\d+)")]
            self.assertEqual(len(heights), 2)
            self.assertTrue(all(24 <= y <= 208 for y in heights), heights)

    def test_one_list_and_a_failure(self):
        write_sweep(self.run_dir, threads=(1, 2), batches=(32,), hidden=(128,))
        change_rows(self.run_dir, "sweep.csv", lambda rows: [
            dict(r, outcome="crashed", median_train_seconds="", gflops="", share_of_peak="", val_accuracy="")
            if (r["backend"], r["threads"]) == ("onednn", "2") else r for r in rows])
        page = self.page()
        self.assertEqual([s.get("id") for s in page.all(".//section")], ["threads", "points", "files"])
        self.assertIn("onednn with threads 2, batch 32, hidden 128: crashed", page.shown(page.root.find(".//header")))
        self.assertIn("crashed", page.table("sweep-points")[-1])

    def test_sweep_of_an_older_version(self):
        """Without the columns of speed-up and efficiency nothing is said of them."""
        change_rows(self.run_dir, "sweep.csv", lambda rows: [
            {k: v for k, v in r.items() if k not in ("speedup", "efficiency")} for r in rows])
        page = self.page()
        self.assertNotIn("of the ideal", page.text)
        self.assertIn("not measured", page.shown(page.by_id("threads")))
        self.assertIn("avx2, threads 4", page.text)

    def test_points_have_links_and_the_machine_of_the_first(self):
        make_run(os.path.join(self.run_dir, "t1-b32-h128"), epochs=2)
        change_machine(os.path.join(self.run_dir, "t1-b32-h128"), lambda m: m["cpu"].update(hypervisor=True))
        page = self.page()
        links = [a.get("href") for a in page.by_id("sweep-points").iter("a")]
        self.assertEqual(links, ["./t1-b32-h128"] * 2)
        self.assertIn("Synthetic CPU of a test", page.shown(page.by_id("machine")))
        self.assertIn("measured in a virtual machine", page.shown(page.root.find(".//header")))
        self.assertEqual(run_report(os.path.join(self.run_dir, "t1-b32-h128")).returncode, 0)
        links = [a.get("href") for a in self.page().by_id("sweep-points").iter("a")]
        self.assertEqual(links, ["./t1-b32-h128/report.html"] * 2)

    def test_hostile_names(self):
        change_rows(self.run_dir, "sweep.csv", lambda rows: [
            dict(r, backend=HOSTILE, outcome="<img src=x>", point="<b>") if r["backend"] == "avx2" else r for r in rows])
        page = self.page()
        self.assertEqual(len(re.findall("<script", page.text)), 1)
        self.assertNotIn("<img", page.text)


class Peers(Case):
    """Another framework's run, in the directory of the run that it is shown beside."""

    def setUp(self):
        super().setUp()
        make_run(self.run_dir)
        self.peer = os.path.join(self.run_dir, "peers", "torch")
        make_run(self.peer, backends=("onednn",), slowdown=2.0)
        rename_backend(self.peer, "onednn", "torch")
        for name in ("proof.csv", "integrity.csv"):
            os.remove(os.path.join(self.peer, name))
        change_json(self.peer, "summary.json", lambda summary: summary.update(paired=[
            {"contender": "avx512", "rounds": 6, "torch_times_longer": 2.2, "interval_95": [2.1, 2.4]}]))

    def test_beside_the_run(self):
        page = self.page()
        header = page.shown(page.root.find(".//header"))
        self.assertRegex(header, r"In paired rounds avx512 was 2\.2\d*x \(.*\) as fast as torch\.")
        self.assertIn("torch did not take turns with the others", header)
        self.assertEqual([row[0] for row in page.table("summary")], ["naive", "avx2", "avx512", "onednn", "torch"])
        torch = page.table("summary")[-1]
        self.assertEqual(float(torch[1]), figures_of(self.peer)["torch"]["median_seconds"])
        self.assertEqual(torch[2:4], ["", ""])  # it did not take turns with them

    def test_machine_that_is_half_known(self):
        change_machine(self.peer, lambda m: m.update(topology={"cgroup_quota_cpus": None}))
        box = self.page().shown(self.page().by_id("machine"))
        self.assertNotIn("None", box)

    def test_without_paired_rounds(self):
        change_json(self.peer, "summary.json", lambda summary: summary.pop("paired"))
        self.assertNotIn("as fast as torch", self.page().shown())

    def test_paired_rounds(self):
        tips = [t for t in self.page().tips("speed-up") if "against torch" in t]
        self.assertEqual(len(tips), 1)
        self.assertIn("avx512 against torch: 2.2", tips[0])


class Ab(Case):
    """What bench ab concluded stands first."""

    def write(self, verdict, **more):
        make_run(self.run_dir, backends=("avx2", "avx512"))
        row = {"comparison": "B/A", "a": "avx2", "b": "avx512", "rounds": 48, "ratio": 0.61234, "ratio_low": 0.60,
               "ratio_high": 0.625, "bias_percent": 0, "min_effect_percent": 2, "visible_percent": 1.53, "verdict": verdict}
        rows = [dict(row, comparison="A/A", b="avx2.again", ratio=1, ratio_low=0.99, ratio_high=1.01, verdict="SAME",
                     bias_percent=""), dict(row, **more)]
        write_csv(os.path.join(self.run_dir, "ab.csv"), list(row), rows)

    def first(self):
        return self.page().shown(self.page().root.find(".//header")).split("avx512 trains")[0]

    def test_verdicts(self):
        for verdict, text in (("FASTER", "avx512 is FASTER than avx2: a difference in time of −38.8 % (95 % interval "
                                         "−40.0 % to −37.5 %), over 48 rounds."),
                              ("SLOWER", "avx512 is SLOWER than avx2: "),
                              ("SAME", "avx512 is the SAME as avx2 within 2.0 %: "),
                              ("INCONCLUSIVE", "INCONCLUSIVE: cannot tell whether avx512 is faster than avx2: ")):
            self.write(verdict)
            found = self.first()
            self.assertIn(text, found)
            self.assertEqual("Such a run can detect a difference of 1.5 %." in found, verdict == "INCONCLUSIVE")
        table = self.page().table("ab-verdict")
        self.assertEqual([(r[0], r[1], r[3], r[6]) for r in table], [
            ("A/A", "avx2.again / avx2", "1", "no difference, as expected"),
            ("B/A", "avx512 / avx2", "0.61234", "INCONCLUSIVE")])
        self.write("FASTER", bias_percent=1.23)
        self.assertEqual(self.page().table("ab-verdict")[0][6], "two processes of one backend differ; that widens the "
                                                                "interval of the verdict by 1.2\u00a0% on each side")

    def test_none_where_integrity_is_violated(self):
        self.write("FASTER")
        change_rows(self.run_dir, "integrity.csv", lambda rows: [
            dict(r, status="violation") if r["backend"] == "avx2" else r for r in rows])
        self.assertNotIn("FASTER", self.page().shown())
        self.assertIn("none: integrity is violated", self.page().shown(self.page().by_id("ab-verdict")))


class Keras(Case):
    def setUp(self):
        super().setUp()
        make_run(self.run_dir)
        self.log = os.path.join(self.scratch, "notebook.csv")

    def write(self, text):
        with open(self.log, "w", encoding="utf-8") as f:
            f.write(text)

    def test_logger_file(self):
        self.write("epoch,accuracy,loss,val_accuracy,val_loss\n0,0.92,0.26,0.958,0.139\n1,0.97,0.1029,0.97,0.096\n")
        tips = self.page("--keras", self.log).tips("history")
        self.assertIn("Keras: notebook, epoch 1\ntraining loss 0.26", tips)
        self.assertIn("Keras: notebook, epoch 2\nvalidation accuracy 0.97", tips)
        gap = float(next(r for r in read_rows(self.run_dir, "epochs.csv")
                         if (r["backend"], r["epoch"]) == ("avx2", "2"))["val_loss"]) - 0.096
        self.assertIn(f"avx2 − Keras: notebook, epoch 2\nval_loss {gap:+.6f}".replace("-", "−"), tips)

    def test_history_as_json(self):
        self.write('{"loss": [0.26, 0.1], "acc": [0.9, 0.97]}')
        tips = self.page("--keras", self.log).tips("history")
        self.assertIn("Keras: notebook, epoch 2\ntraining accuracy 0.97", tips)

    def test_names_of_the_accuracy(self):
        for name in ("sparse_categorical_accuracy", "categorical_accuracy"):
            self.write(f"epoch,loss,{name},val_{name}\n0,0.26,0.9,0.96\n")
            tips = self.page("--keras", self.log).tips("history")
            self.assertIn("Keras: notebook, epoch 1\ntraining accuracy 0.9", tips)
            self.assertIn("Keras: notebook, epoch 1\nvalidation accuracy 0.96", tips)
        self.write("epoch,loss\n0,0.26\n")
        titles = [f.find("h3").text for f in self.page("--keras", self.log).by_id("history").iter("figure")]
        self.assertIn("Keras: notebook: loss", titles)
        self.assertNotIn("Keras: notebook: accuracy", titles)

    def test_refused(self):
        for text, word in (("a,b\n1,2\n", "no column epoch, loss"), ("", "no column"), ("{]", "notebook.csv"),
                           ("epoch,loss\n0,fast\n", "not a number"), ("epoch,loss\n", "no epochs"),
                           ("epoch,loss\n99999999999999999999,1\n", "no epoch"), ("epoch,loss\n0,1e308\n", "loss in line 2"),
                           ('{"loss": [1' + "0" * 400 + "]}", "not a number")):
            self.write(text)
            self.refuse(6, word, arguments=(self.run_dir, "--keras", self.log))
        self.refuse(6, "nowhere", arguments=(self.run_dir, "--keras", "nowhere.csv"))


class Refusals(Case):
    def test_no_dir(self):
        self.refuse(6, "no such directory")

    def test_sweep(self):
        write_sweep(self.run_dir)
        other = os.path.join(self.scratch, "other")
        make_run(other)
        for more in ((other,), ("--against", "avx2"), ("--target-accuracy", "0.9"), ("--mixed-machines",)):
            self.refuse(2, "is a sweep", "given alone", arguments=(self.run_dir, *more))
        os.remove(os.path.join(self.run_dir, "sweep.csv"))
        self.refuse(6, "no sweep.csv", "--resume")

    def test_no_run(self):
        os.mkdir(self.run_dir)
        self.refuse(6, "not the directory of a run")

    def test_not_a_number(self):
        make_run(self.run_dir)
        change_rows(self.run_dir, "epochs.csv", lambda rows: [dict(r, val_loss="low") for r in rows])
        self.refuse(6, "epochs.csv:2: val_loss is 'low'")

    def test_values_that_nothing_can_have(self):
        for name, column, value in (
                ("epochs.csv", "train_seconds", "0"), ("epochs.csv", "train_seconds", "-1"),
                ("epochs.csv", "train_seconds", "1e308"), ("epochs.csv", "epoch", "12345678901234567890"),
                ("epochs.csv", "epoch", "nan"), ("epochs.csv", "val_loss", "1e308"), ("proof.csv", "count", "1e308")):
            make_run(self.run_dir)
            change_rows(self.run_dir, name, lambda rows: [rows[0], dict(rows[1], **{column: value})] + rows[2:])
            self.refuse(6, f"{name}:3: {column} is '{value}'")

    def test_a_row_that_was_cut(self):
        make_run(self.run_dir)
        path = os.path.join(self.run_dir, "epochs.csv")
        os.truncate(path, os.path.getsize(path) - 2)
        self.assertEqual(run_report(self.run_dir).returncode, 0)
        self.assertTrue("the file ends inside this row" in Page(self.out).shown())

    def test_a_file_that_is_too_large(self):
        make_run(self.run_dir)
        os.truncate(os.path.join(self.run_dir, "proof.csv"), 100 << 20)
        self.refuse(6, "proof.csv: has 100 MiB")

    def test_paths_that_stdout_cannot_encode(self):
        directory = os.path.join(self.scratch, "caf\u00e9\udce9")
        make_run(self.run_dir)
        os.rename(self.run_dir, directory)
        result = subprocess.run([sys.executable, report.__file__, directory], capture_output=True,
                                env={**os.environ, "PYTHONIOENCODING": "ascii"})
        self.assertEqual((result.returncode, result.stderr), (0, b""))
        self.assertEqual(result.stdout, os.fsencode(os.path.join(directory, "report.html")) + b"\n")

    def test_stdout_that_is_full(self):
        make_run(self.run_dir)
        with open("/dev/full", "w", encoding="utf-8") as full:
            result = subprocess.run([sys.executable, report.__file__, self.run_dir], stdout=full, stderr=subprocess.PIPE,
                                    text=True)
        self.assertEqual((result.returncode, result.stderr), (99, "report: stdout: No space left on device\n"))

    def test_usage(self):
        make_run(self.run_dir)
        self.refuse(2, "no timed backend of that name", arguments=(self.run_dir, "--against", "mkl"))
        self.assertEqual(run_report().returncode, 2)
        self.assertEqual(run_report(self.run_dir, "--target-accuracy", "2").returncode, 2)

    def test_not_writable(self):
        make_run(self.run_dir)
        self.refuse(99, "nowhere", arguments=(self.run_dir, "-o", os.path.join(self.scratch, "nowhere", "a.html")))

    def test_command(self):
        make_run(self.run_dir)
        command = os.path.join(ROOT, "scripts", "report")
        result = subprocess.run([command, self.run_dir], capture_output=True, text=True, cwd="/")
        self.assertEqual((result.returncode, result.stdout, result.stderr), (0, self.out + "\n", ""))
        self.assertEqual([n for n in os.listdir(self.run_dir) if "partial" in n], [])
        self.assertIn("--mixed-machines", subprocess.run([command, "--help"], capture_output=True, text=True).stdout)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
