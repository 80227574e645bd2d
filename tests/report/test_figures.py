# SPDX-License-Identifier: MIT
"""test_figures.py SOURCE_ROOT: the rounding and the axes behind charts and report, and that figures come from
summary.json alone: Python computes none."""

import ast
import glob
import os
import re
import sys
import types
import unittest

from lanebench import fmt, palette, scales
from page import markup

ROOT = os.path.abspath(sys.argv[1])


class Sources(unittest.TestCase):
    """bench measures, decides and writes every derived figure. Of scripts/, only peer/ and peer_torch.py compute
    any: a framework's runs are not bench's."""

    LIBRARIES = {"statistics", "random", "numpy", "scipy", "pandas"}
    MEASURED = re.compile("(median_|train_)*seconds$|gflops|peak|share_of|speedup|efficiency|half_seconds|interval")
    COMPUTES = re.compile("median|quantile|quartile|percentile|bootstrap|resampl|intensity|mean$|amdahl_of|compare$")

    def computations(self, path):
        """What in a source looks like it."""
        with open(path, encoding="utf-8") as f:
            tree = ast.parse(f.read())
        for node in ast.walk(tree):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names if alias.name.partition(".")[0] in self.LIBRARIES]
            elif isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in self.LIBRARIES:
                names = [node.module]
            elif isinstance(node, ast.FunctionDef):
                names = [node.name]
            elif isinstance(node, ast.Call):
                names = [getattr(node.func, "id", None) or getattr(node.func, "attr", "")]
            elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) and self.is_measured(node.right):
                yield f"{os.path.relpath(path, ROOT)}:{node.lineno}: {ast.unparse(node)}"
            for name in names:
                if name in self.LIBRARIES or self.COMPUTES.search(name):
                    yield f"{os.path.relpath(path, ROOT)}:{node.lineno}: {name}"

    def is_measured(self, divisor):
        """Whether it has a figure by name: backend.seconds, row["gflops"]. A quotient by one is a figure of its own."""
        names = [getattr(node, "attr", None) or getattr(node, "value", None) for node in ast.walk(divisor)]
        return any(isinstance(name, str) and self.MEASURED.match(name) for name in names)

    def test_compute_no_figure(self):
        every = glob.glob(os.path.join(ROOT, "scripts", "**", "*.py"), recursive=True)
        sources = [p for p in every if not os.path.relpath(p, ROOT).startswith(os.path.join("scripts", "peer"))]
        self.assertGreater(len(sources), 30)
        self.assertEqual([found for path in sources for found in self.computations(path)], [])


class Formats(unittest.TestCase):
    def test_digits_follow_the_uncertainty(self):
        self.assertEqual(fmt.rounded(1.42525, (1.366, 1.471)), "1.43")
        self.assertEqual(fmt.rounded(1.42525, (1.41, 1.44)), "1.425")
        self.assertEqual(fmt.rounded(1.42525, (1.0, 2.0)), "1.4")
        self.assertEqual(fmt.rounded(0.29764), "0.298")
        self.assertEqual([fmt.rounded(v) for v in (99.97, 9.996, 0.09996, -99.97)], ["100", "10.0", "0.100", "−100"])
        self.assertEqual(fmt.rounded(12625.4), "12\u202f625")
        self.assertEqual([fmt.rounded(v) for v in (None, float("nan"), float("inf"), 0.0)], ["–", "–", "∞", "0.00"])

    def test_units(self):
        self.assertEqual(fmt.seconds(0.2976, (0.2748, 0.309)), "298 ms")
        self.assertEqual(fmt.seconds_range((0.2748, 0.309), 0.2976).replace("\u2060", ""), "275–309 ms")
        self.assertEqual([fmt.seconds(s) for s in (12.6, 0.0421, 3e-5)], ["12.6 s", "42.1 ms", "30.0 µs"])
        self.assertEqual([fmt.seconds(s) for s in (0.9994, 0.9996)], ["999 ms", "1.00 s"])
        ratios = ((1 / 30, None), (0.5, (0.4, 0.6)), (1.0104, (0.99, 1.02)), (9.994, None), (12.345, (11.0, 13.04)), (None, None))
        self.assertEqual([fmt.times_and_range(*ratio).replace("\u2060", "") for ratio in ratios],
                         ["0.0333x", "0.50x (0.40–0.60)", "1.01x (0.99–1.02)", "9.99x", "12.3x (11.0–13.0)", "–"])
        self.assertEqual(fmt.listed(["a", "b", "c"]), "a, b and c")


class Palette(unittest.TestCase):
    def test_the_same_work_has_one_colour(self):
        colours = palette.part_colours(["other", "gemm forward1", "gemm dw2", "mine", "forward1", "gemm dh", "backward2",
                                        "rmsprop"])
        self.assertEqual(colours["gemm forward1"], colours["forward1"])
        self.assertEqual(len({colours[name] for name in ("gemm dw2", "gemm dh", "backward2")}), 1)
        self.assertEqual(len(set(colours.values())), 5)
        self.assertEqual([text for text, _ in palette.part_legend(colours)],
                         ["forward1", "backward2 (dw2, dh)", "mine", "rmsprop", "other"])
        self.assertEqual(palette.part_colours(["rmsprop"])["rmsprop"], colours["rmsprop"])

    def test_roles_are_those_of_the_harness(self):
        """Lines of ops.csv that are made of the same products have one role; each known line has one."""
        with open(os.path.join(ROOT, "harness", "train", "step_parts.c"), encoding="utf-8") as f:
            parts = re.findall(r'\{"([\w ]+)", PART_(\w+), ([^,]+),', f.read())
        self.assertGreater(len(parts), 15)
        products = {palette.role_of(name): set() for name, _, _ in parts}
        for name, _, bits in parts:
            products[palette.role_of(name)] |= set(re.findall(r"PRODUCT_\w+", bits))
        self.assertEqual(set(products), {*palette.ROLES, "other"})
        told = [product for made_of in products.values() for product in made_of]
        self.assertEqual(len(told), len(set(told)), "a product of two roles")
        for name, _, bits in parts:
            if not name.startswith("gemm "):
                self.assertEqual(products[palette.role_of(name)], set(re.findall(r"PRODUCT_\w+", bits)), name)


class Scales(unittest.TestCase):
    def test_ticks_are_round_few_and_inside(self):
        for low, high in ((0, 0.68), (0.93, 1.003), (-0.011, 0.004), (0, 14), (3, 3), (0, 1e-4)):
            scale = scales.Linear(low, high, 0, 100)
            ticks = scale.ticks(6)
            self.assertTrue(1 <= len(ticks) <= 7, ticks)
            self.assertTrue(all(low - 1e-9 <= v <= high + 1e-9 for v, _ in ticks))
            self.assertEqual(len({t for _, t in ticks}), len(ticks), ticks)
        for low, high in ((0.03, 55), (0.9, 1.1), (1, 1e6), (250, 460)):
            ticks = scales.Log(low, high, 0, 100).ticks(7)
            self.assertTrue(1 <= len(ticks) <= 8, ticks)
            self.assertTrue(all(low * 0.99 <= v <= high * 1.01 for v, _ in ticks))

    def test_places(self):
        self.assertEqual(scales.Linear(0, 10, 100, 200)(2.5), 125)
        self.assertAlmostEqual(scales.Log(1, 100, 0, 50)(10), 25)
        self.assertEqual([t for t, _ in scales.epoch_ticks(20, 8)], [1, 5, 10, 15, 20])

    def test_axis_ends_before_what_is_far_slower(self):
        self.assertEqual(scales.axis_end([0.3, 0.6, 12.6, 13.5]), 0.6)
        self.assertEqual(scales.axis_end([0.3, 0.6, 2.0]), 2.0)
        self.assertEqual(scales.axis_end([5.0]), 5.0)

    def test_a_disturbed_epoch_cuts_no_backend_off(self):
        naive, fast, disturbed = (types.SimpleNamespace(seconds=median, epochs=[{"train_seconds": str(s)} for s in seconds])
                                  for median, seconds in ((34.0, (34, 35)), (0.5, (0.5, 0.6)), (0.7, (0.7, 0.7, 16.0))))
        self.assertEqual(scales.time_axis_end([naive, fast, disturbed]), 16.0)
        self.assertEqual(scales.time_axis_end([naive, fast]), 0.6)


class Markup(unittest.TestCase):
    def test_escapes_all_but_markup(self):
        self.assertEqual(markup.tag("p", "<&>", title="\"'"), '<p title="&quot;&#39;">&lt;&amp;&gt;</p>')
        self.assertEqual(markup.tag("p", markup.tag("b", "x")), "<p><b>x</b></p>")
        self.assertEqual(markup.escape("a\x00\x1b\x85\ud800\ufffe\u202eb"), "a" + "\ufffd" * 6 + "b")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
