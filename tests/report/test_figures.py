# SPDX-License-Identifier: MIT
"""test_figures.py SOURCE_ROOT: the statistics, the rounding, the axes and the intensity behind the report."""

import random
import sys
import unittest

from plotlib.intensity import intensity
from reportlib import figures, markup, scales, stats, words


class Statistics(unittest.TestCase):
    def test_interval_holds_the_median_about_as_often_as_it_says(self):
        """19 epochs with log-normal noise, 300 times: a 95 % interval misses on each side in about 7.5 of them. A right
        one is outside 1 to 17 on a side in less than 1 of 1000 such tests."""
        draw = random.Random(7)
        above = below = 0
        for _ in range(300):
            low, high = stats.median_interval(tuple(draw.lognormvariate(0, 0.05) for _ in range(19)))
            above += low > 1
            below += high < 1
        for missed in (above, below):
            self.assertTrue(1 <= missed <= 17, (above, below))

    def test_few_values_have_no_interval(self):
        self.assertIsNone(stats.median_interval((1.0,) * 4))
        self.assertEqual(stats.median_interval((2.0,) * 5), (2.0, 2.0))
        self.assertIsNone(stats.ratio_interval((1.0,) * 9, (1.0,) * 4, False))

    def test_rounds_cancel_what_both_saw(self):
        draw = random.Random(3)
        noise = [draw.lognormvariate(0, 0.2) for _ in range(25)]
        base, other = (tuple(scale * n * draw.lognormvariate(0, 0.005) for n in noise) for scale in (1.3, 1.0))
        paired, apart = stats.ratio_interval(base, other, True), stats.ratio_interval(base, other, False)
        self.assertTrue(paired[0] <= 1.3 <= paired[1] or abs(paired[0] / 1.3 - 1) < 0.02)
        self.assertLess(paired[1] - paired[0], 0.5 * (apart[1] - apart[0]))

    def test_spread_and_shift(self):
        self.assertAlmostEqual(stats.spread_share([9.0, 9.5, 10.0, 10.5, 11.0]), 0.1)
        self.assertAlmostEqual(stats.halves_shift([10.0] * 5 + [11.0] * 5), 0.1)
        self.assertEqual(stats.halves_shift([10.0] * 9), 0.0)

    def test_same_values_same_interval(self):
        values = tuple(float(v * v % 17) for v in range(20))
        stats.median_interval.cache_clear()
        first = stats.median_interval(values)
        stats.median_interval.cache_clear()
        self.assertEqual(first, stats.median_interval(values))


class Words(unittest.TestCase):
    def test_digits_follow_the_uncertainty(self):
        self.assertEqual(words.rounded(1.42525, (1.366, 1.471)), "1.43")
        self.assertEqual(words.rounded(1.42525, (1.41, 1.44)), "1.425")
        self.assertEqual(words.rounded(1.42525, (1.0, 2.0)), "1.4")
        self.assertEqual(words.rounded(0.29764), "0.298")
        self.assertEqual([words.rounded(v) for v in (99.97, 9.996, 0.09996, -99.97)], ["100", "10.0", "0.100", "−100"])
        self.assertEqual(words.rounded(12625.4), "12\u202f625")
        self.assertEqual([words.rounded(v) for v in (None, float("nan"), float("inf"), 0.0)], ["–", "–", "∞", "0.00"])

    def test_units(self):
        self.assertEqual(words.seconds(0.2976, (0.2748, 0.309)), "298 ms")
        self.assertEqual(words.seconds_range((0.2748, 0.309), 0.2976).replace("\u2060", ""), "275–309 ms")
        self.assertEqual([words.seconds(s) for s in (12.6, 0.0421, 3e-5)], ["12.6 s", "42.1 ms", "30.0 µs"])
        self.assertEqual(words.faster_or_slower(1 / 30), "30.0× slower")
        self.assertEqual(words.listed(["a", "b", "c"]), "a, b and c")


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
        self.assertEqual(figures.axis_end([0.3, 0.6, 12.6, 13.5]), 0.6)
        self.assertEqual(figures.axis_end([0.3, 0.6, 2.0]), 2.0)
        self.assertEqual(figures.axis_end([5.0]), 5.0)


class Intensity(unittest.TestCase):
    SETTINGS = {"batch": 128, "inputs": 784, "hidden": 512, "classes": 10}

    def test_products(self):
        flop = 2 * 128 * 512 * 784
        self.assertAlmostEqual(intensity("gemm forward1", flop, self.SETTINGS),
                               flop / (4 * (128 * 784 + 784 * 512 + 128 * 512)))
        self.assertEqual(intensity("forward1", flop, self.SETTINGS), intensity("gemm forward1", flop, self.SETTINGS))
        both = 2 * 2 * 128 * 512 * 10
        self.assertAlmostEqual(intensity("backward2", both, self.SETTINGS), both / (
            4 * (512 * 128 + 128 * 10 + 512 * 10 + 128 * 10 + 10 * 512 + 128 * 512)))

    def test_what_is_not_known(self):
        self.assertIsNone(intensity("rmsprop", 1.0, self.SETTINGS))
        self.assertIsNone(intensity("forward1", 1e9, self.SETTINGS))  # not the product of that name
        self.assertIsNone(intensity("forward1", 1e9, {}))


class Markup(unittest.TestCase):
    def test_escapes_all_but_markup(self):
        self.assertEqual(markup.tag("p", "<&>", title="\"'"), '<p title="&quot;&#39;">&lt;&amp;&gt;</p>')
        self.assertEqual(markup.tag("p", markup.tag("b", "x")), "<p><b>x</b></p>")
        self.assertEqual(markup.escape("a\x00\x1b\x85\ud800\ufffe\u202eb"), "a" + "\ufffd" * 6 + "b")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
