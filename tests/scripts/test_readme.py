# SPDX-License-Identifier: MIT
"""test_readme.py SOURCE_ROOT: the README is short and names every backend of the table, the links of all documents lead
somewhere, and update_readme.py writes what the files say. test_readme.py SOURCE_ROOT BENCH: docs/bench.md is what
`bench help-as md` prints."""

import json
import os
import re
import subprocess
import sys
import tempfile
import unittest

from synthetic_run import write_run

ROOT = os.path.abspath(sys.argv[1])
BENCH = os.path.abspath(sys.argv[2]) if len(sys.argv) > 2 else None
UPDATE = os.path.join(ROOT, "scripts", "update_readme.py")
ENVIRONMENT = dict(os.environ, PYTHONDONTWRITEBYTECODE="1")


def update(*arguments):
    return subprocess.run([sys.executable, UPDATE, *arguments], capture_output=True, text=True, env=ENVIRONMENT)


def read(*path):
    with open(os.path.join(ROOT, *path), encoding="utf-8") as f:
        return f.read()


class Readme(unittest.TestCase):
    def test_every_local_link_leads_somewhere(self):
        documents = ["README.md", "CONTRIBUTING.md", "results/README.md",
                     *(f"docs/{name}" for name in os.listdir(os.path.join(ROOT, "docs")))]
        for name in documents:
            for target, anchor in re.findall(r"\]\(([^)#:]*)(?:#([^)]*))?\)", read(name)):
                path = os.path.normpath(os.path.join(ROOT, os.path.dirname(name), target)) if target else os.path.join(ROOT, name)
                self.assertTrue(os.path.exists(path), f"{name}: {target}")
                if anchor:
                    heads = [re.sub(r"[^a-z0-9 -]", "", h.lower()).strip().replace(" ", "-")
                             for h in re.findall(r"^#+ (.*)", read(path), re.MULTILINE)]
                    self.assertIn(anchor, heads, f"{name}: {target}#{anchor}")

    def test_every_document_is_in_the_index(self):
        index = read("docs", "README.md")
        for name in os.listdir(os.path.join(ROOT, "docs")):
            self.assertTrue(name == "README.md" or f"]({name})" in index, f"docs/README.md does not name {name}")

    def test_is_short(self):
        text = read("README.md")
        self.assertLessEqual(len(text.splitlines()), 150)
        self.assertLessEqual(len(text.split()), 1600)

    def test_names_every_backend(self):
        names = re.findall(r"\{'name' : '(\w+)'", read("kernels", "meson.build"))
        self.assertGreater(len(names), 1)
        for name in names:
            self.assertTrue(f"\n| `{name}` |" in read("README.md"), f"README.md has no row of {name}")


class Help(unittest.TestCase):
    def test_the_page_of_commands_is_the_programs(self):
        page = subprocess.run([BENCH, "help-as", "md"], capture_output=True, text=True, check=True).stdout
        self.assertEqual(read("docs", "bench.md"), page, "run: bench help-as md > docs/bench.md")


class Update(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.run_dir = os.path.join(scratch.name, "run")
        write_run(self.run_dir, backends=("naive", "avx512", "onednn"), epochs=7)
        self.readme = os.path.join(scratch.name, "README.md")
        self.write("before\n<!-- reference run: written by scripts/update_readme.py -->\nold\n"
                   "<!-- end of reference run -->\nafter\n")

    def write(self, text):
        with open(self.readme, "w", encoding="utf-8") as f:
            f.write(text)

    def test_writes_and_checks(self):
        arguments = (self.run_dir, "--readme", self.readme)
        self.assertEqual(update("--check", *arguments).returncode, 1)
        self.assertEqual(update(*arguments).returncode, 0)
        self.assertEqual(update("--check", *arguments).returncode, 0)
        with open(self.readme, encoding="utf-8") as f:
            text = f.read()
        self.assertTrue(text.startswith("before\n") and text.endswith("\nafter\n"))
        self.assertNotIn("old", text)
        # Nothing is established against naive, which trained one epoch.
        self.assertIn("| avx512 | 0.522 s | 0.510 – 0.534 s | 188.0 |  | 1.17x | 0.9798 after 7 epochs | 0.31 |", text)
        self.write(text.replace("| 0.522", "| 0.422"))
        self.assertEqual(update("--check", *arguments).returncode, 1)

    def test_console(self):
        with open(self.readme, "a", encoding="utf-8") as f:
            f.write("<!-- reference console: written by scripts/update_readme.py -->\n<!-- end of reference console -->\n")
        missing = update(self.run_dir, "--readme", self.readme)
        self.assertEqual((missing.returncode, "console.txt" in missing.stderr), (6, True))
        with open(os.path.join(self.run_dir, "console.txt"), "w", encoding="utf-8") as f:
            f.write("backend  median s\navx512   0.522\n")
        self.assertEqual(update(self.run_dir, "--readme", self.readme).returncode, 0)
        with open(self.readme, encoding="utf-8") as f:
            self.assertIn("-->\n```\nbackend  median s\navx512   0.522\n```\n<!-- end of reference console", f.read())

    def test_a_note_goes_with_the_figures(self):
        """In the table, and in the block of what the run printed."""
        note = "skips zero pixels; same bits as avx2"
        with open(self.readme, "a", encoding="utf-8") as f:
            f.write("<!-- reference console: written by scripts/update_readme.py -->\n<!-- end of reference console -->\n")
        for name, change in (("machine.json", lambda m: m["backends"]["avx512"].update(note=note)),
                             ("summary.json", lambda s: s["backends"][1].update(gflops_done=80.0))):
            path = os.path.join(self.run_dir, name)
            with open(path, encoding="utf-8") as f:
                content = json.load(f)
            change(content)
            with open(path, "w", encoding="utf-8") as f:
                json.dump(content, f)
        with open(os.path.join(self.run_dir, "console.txt"), "w", encoding="utf-8") as f:
            f.write(f"backend\n-\nnaive\navx512\nonednn\nmore\navx512: {note}; it does 80.0 GFLOP/s\nstill more\n")
        self.assertEqual(update(self.run_dir, "--readme", self.readme).returncode, 0)
        with open(self.readme, encoding="utf-8") as f:
            text = f.read()
        self.assertIn(f"| avx512 ({note}) | 0.522 s | 0.510 – 0.534 s | 188.0 (80.0 done) |", text)
        self.assertIn(f"\nonednn\navx512: {note}; it does 80.0 GFLOP/s\n```\n", text)

    def test_verdict(self):
        with open(self.readme, "a", encoding="utf-8") as f:
            f.write("<!-- reference verdict: written by scripts/update_readme.py -->\n<!-- end of reference verdict -->\n")
        missing = update(self.run_dir, "--readme", self.readme)
        self.assertEqual((missing.returncode, "ab/console.txt" in missing.stderr), (6, True))
        os.mkdir(os.path.join(self.run_dir, "ab"))
        with open(os.path.join(self.run_dir, "ab", "console.txt"), "w", encoding="utf-8") as f:
            f.write("SAME: b takes the time of a\nA/A check  a again\n\nbackend  median s\n")
        self.assertEqual(update(self.run_dir, "--readme", self.readme).returncode, 0)
        with open(self.readme, encoding="utf-8") as f:
            self.assertIn("-->\n```\nSAME: b takes the time of a\nA/A check  a again\n```\n<!-- end of reference verdict", f.read())

    def test_refuses_a_run_without_figures(self):
        os.remove(os.path.join(self.run_dir, "summary.json"))
        refused = update(self.run_dir, "--readme", self.readme)
        self.assertEqual((refused.returncode, "no summary.json" in refused.stderr), (6, True))

    def test_refuses(self):
        self.write("no markers\n")
        self.assertEqual(update(self.run_dir, "--readme", self.readme).returncode, 6)
        self.assertEqual(update(self.run_dir + "x", "--readme", self.readme).returncode, 6)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], defaultTest=("Help",) if BENCH else ("Readme", "Update"))
