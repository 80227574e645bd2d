#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""scripts/export: every format against its golden files and by the rules of the tool that reads it; what is left out, and
what is refused.

Arguments: SOURCE-ROOT [promtool|compare]: only what needs that tool; 77 without it"""
import csv
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
RUNS = [HERE + "/runs/b", HERE + "/runs/a"]  # the later one first
COMPARE = "/usr/share/benchmark/compare.py"


def export(form, out, runs=RUNS):
    return subprocess.run([sys.executable, os.path.join(source_root, "scripts", "export"), *runs, "--to", form, "--out", out],
                          capture_output=True, text=True, check=False)


def python_of_compare():
    """One with what compare.py needs; None: there is none."""
    for python in (sys.executable, "/usr/bin/python3"):
        if subprocess.run([python, "-c", "import numpy, scipy"], capture_output=True, check=False).returncode == 0:
            return python
    return None


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


class Case(unittest.TestCase):
    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.place = place.name

    def exported(self, form):
        """{name: text}"""
        out = os.path.join(self.place, form)
        run = export(form, out)
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        self.assertEqual(sorted(run.stdout.split("\n")[:-1]), sorted(glob.glob(out + "/*")))
        return {name: read(os.path.join(out, name)) for name in os.listdir(out)}

    def changed_run(self, change):
        """A copy of run a whose summary change() has edited."""
        directory = os.path.join(self.place, "run")
        shutil.copytree(HERE + "/runs/a", directory)
        summary = json.loads(read(directory + "/summary.json"))
        change(summary)
        with open(directory + "/summary.json", "w", encoding="utf-8") as f:
            json.dump(summary, f)
        return directory


class Formats(Case):
    def test_golden(self):
        for form in os.listdir(HERE + "/golden"):
            golden = {name: read(f"{HERE}/golden/{form}/{name}") for name in os.listdir(f"{HERE}/golden/{form}")}
            self.assertEqual(self.exported(form), golden, form)

    def test_skipped_products(self):
        """Only GFLOP/s of what was made, and the note wherever a format has a field for one."""
        made, note = {"bmf": "128.0", "otava": ",128\n", "openmetrics": " 128 "}, "skips zero pixels; same bits as avx2"
        for form in os.listdir(HERE + "/golden"):
            text = "".join(self.exported(form).values())
            self.assertNotIn("489.5", text)
            self.assertIn(made.get(form, ""), text)
            self.assertEqual(note in text, form in ("gbench", "github", "openmetrics"), form)

    def test_bmf(self):
        """The JSON schema of https://bencher.dev/docs/reference/bencher-metric-format"""
        for text in self.exported("bmf").values():
            for benchmark, measures in json.loads(text).items():
                self.assertLessEqual(len(benchmark), 1024)
                for measure, metric in measures.items():
                    self.assertRegex(measure, "^[a-z-]{1,64}$")
                    self.assertLessEqual({"value"}, set(metric))
                    self.assertLessEqual(set(metric), {"value", "lower_value", "upper_value"})
                    self.assertTrue(all(isinstance(v, (int, float)) for v in metric.values()), metric)

    def test_github(self):
        for text in self.exported("github").values():
            for entry in json.loads(text):
                self.assertTrue(all(isinstance(entry[key], str) for key in ("name", "unit", "range", "extra")), entry)
                self.assertIsInstance(entry["value"], (int, float))

    def test_lnt(self):
        """The grammar of https://llvm.org/docs/lnt/importing_data.html and the metrics of its suite nts."""
        for text in self.exported("lnt").values():
            report = json.loads(text)
            self.assertEqual((report["format_version"], sorted(report)), ("2", ["format_version", "machine", "run", "tests"]))
            self.assertTrue(all(isinstance(v, str) for part in ("machine", "run") for v in report[part].values()))
            self.assertRegex(report["run"]["start_time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$")
            self.assertTrue(report["machine"]["name"] and report["run"]["llvm_project_revision"] and report["tests"])
            for test in report["tests"]:
                self.assertEqual(sorted(test), ["execution_time", "hash", "name"])
                self.assertTrue(all(isinstance(v, float) for v in test["execution_time"]), test)

    def test_otava(self):
        """Every column that the configuration names is there, every field is filled, and time only rises."""
        found = self.exported("otava")
        tests = re.findall(r"^  (\S+):\n    type: csv\n    file: (\S+)\n    time_column: (\w+)\n    attributes: \[(.*)\]\n"
                           r"    metrics:\n((?:      \w+: .*\n)+)", found.pop("otava.yaml"), re.MULTILINE)
        self.assertEqual(sorted(file for _, file, *_ in tests), sorted(found))
        for _, file, time, attributes, metrics in tests:
            rows = list(csv.DictReader(found[file].splitlines()))
            for column in [time, *attributes.split(", "), *re.findall(r"(\w+): {", metrics)]:
                self.assertTrue(all(row[column] for row in rows), (file, column))
            self.assertEqual([row[time] for row in rows], sorted({row[time] for row in rows}))
            for metric in re.findall(r"(\w+): {", metrics):
                self.assertTrue(all(float(row[metric]) > 0 for row in rows))


class Refused(Case):
    def test_left_out(self):
        """One line each, exit 1, and the other run is exported all the same."""
        changes = (("ended with exit code 5", lambda s: s.update(exit_code=5)), ("was resumed", lambda s: s.update(resumed=[{}])),
                   ("no backend in it", lambda s: [b.update(verified=False) for b in s["backends"]]))
        for why, change in changes:
            run = export("bmf", self.place + "/out", [self.changed_run(change), RUNS[0]])
            self.assertEqual((run.returncode, run.stderr.count("\n"), run.stdout.count("\n")), (1, 1, 1), run.stderr)
            self.assertIn(why, run.stderr)
            shutil.rmtree(self.place + "/run")
        os.mkdir(self.place + "/empty")
        run = export("bmf", self.place + "/none", [self.place + "/empty"])
        self.assertEqual((run.returncode, run.stdout), (1, ""))
        self.assertIn("has no summary.json", run.stderr)
        self.assertFalse(os.path.exists(self.place + "/none"))

    def test_broken(self):
        """File and member, exit 6, nothing written."""
        changes = (("settings.threads is missing", lambda s: s["settings"].pop("threads")),
                   ("median_seconds is 'x', not a number", lambda s: s["backends"][0].update(median_seconds="x")),
                   ("schema 99; only", lambda s: s.update(schema=99)),
                   ("time_utc is 'noon'", lambda s: s.update(time_utc="noon")))
        for why, change in changes:
            directory = self.changed_run(change)
            run = export("otava", self.place + "/out", [directory])
            self.assertEqual((run.returncode, run.stdout, os.path.exists(self.place + "/out")), (6, "", False), run.stderr)
            self.assertIn(f"{directory}/summary.json: {why}", run.stderr)
            shutil.rmtree(directory)

    def test_half_a_pair(self):
        """JSON may hold what UTF-8 cannot."""
        for form in os.listdir(HERE + "/golden"):
            run = export(form, self.place + "/out", [self.changed_run(lambda s: s["cpu"].update(model="\ud800"))])
            self.assertEqual((run.returncode, run.stderr), (0, ""))
            shutil.rmtree(self.place + "/run")

    def test_twice(self):
        run = export("lnt", self.place + "/out", [RUNS[0], RUNS[0]])
        self.assertEqual((run.returncode, "is given twice" in run.stderr), (6, True), run.stderr)

    def test_series_do_not_mix(self):
        """Another machine, other settings and other data are series of their own."""
        for change in (lambda s: s.update(env_id="x1111111111a"), lambda s: s["settings"].update(threads=1),
                       lambda s: s["settings"].update(hidden=64), lambda s: s["dataset"].update(name="generated")):
            out = self.place + "/out"
            run = export("otava", out, [self.changed_run(change), RUNS[0]])
            self.assertEqual(run.returncode, 0, run.stderr)
            self.assertTrue(all(read(path).count("\n") == 2 for path in glob.glob(out + "/*.csv")))
            shutil.rmtree(out)
            shutil.rmtree(self.place + "/run")


class Promtool(Case):
    def load(self, text):
        with open(self.place + "/file.om", "w", encoding="utf-8") as f:
            f.write(text)
        return subprocess.run(["promtool", "tsdb", "create-blocks-from", "openmetrics", self.place + "/file.om",
                               self.place + "/data"], capture_output=True, text=True, check=False).returncode

    def test_whole_and_cut(self):
        text = self.exported("openmetrics")["lanebench.om"]
        lines = text.splitlines(keepends=True)
        self.assertEqual(self.load(text), 0)
        for length in range(len(lines)):
            self.assertNotEqual(self.load("".join(lines[:length])), 0, f"cut after {length} lines")


class Compare(Case):
    def test_compare(self):
        """Two documents of one series, in which the later run takes 0.8 of the time."""
        first, second = (self.place + "/gbench/" + name for name in sorted(self.exported("gbench")))
        run = subprocess.run([python_of_compare(), COMPARE, "--no-color", "benchmarks", first, second], capture_output=True, text=True,
                             check=False)
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertRegex(run.stdout, r"avx2\S*/epoch +-0\.2")


source_root, *part = sys.argv[1:]
if part == ["promtool"] and not shutil.which("promtool"):
    print("skipped: promtool is not here: apt install prometheus")
    sys.exit(77)
if part == ["compare"] and not (os.path.exists(COMPARE) and python_of_compare()):
    print(f"skipped: {COMPARE}, numpy or scipy is not here: apt install libbenchmark-tools python3-scipy")
    sys.exit(77)
unittest.main(argv=[sys.argv[0]] + {(): ["Formats", "Refused"], ("promtool",): ["Promtool"], ("compare",): ["Compare"]}[tuple(part)])
