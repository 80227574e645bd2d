# SPDX-License-Identifier: MIT
"""test_browser.py SOURCE_ROOT: the report in a headless Chromium: no console message, nothing loaded, sorting and
tooltips by mouse and by keyboard, no sideways scrolling, no texts that overlap, contrast. With REPORT_SCREENSHOTS=DIR
it leaves pictures to look at. Skipped (77) where there is no Chromium."""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest

import browser
from report_run import HOSTILE, change_machine, make_rich_run, make_run, rename_backend
from synthetic_run import write_sweep

ROOT = os.path.abspath(sys.argv[1])

# One page in every width and colour scheme, the others in each of both.
VIEWS = [("page", width, dark) for width in (1280, 360) for dark in (False, True)]
VIEWS += [("three", 1440, True), ("three", 390, False), ("sweep", 1440, False), ("sweep", 390, True)]
VIEWS += [("two", 1280, True), ("two", 360, False), ("rich", 1280, False), ("rich", 390, True)]

# Pairs of visible texts of one chart whose boxes share more than a hair, and texts cut off by the page. Rotated ones
# are left out: their boxes are larger than they are.
OVERLAPS = """
const found = [];
document.querySelectorAll('svg.chart').forEach(function (chart) {
  const texts = Array.from(chart.querySelectorAll('text:not([transform])')).filter((t) => t.getClientRects().length);
  const boxes = texts.map((t) => t.getBoundingClientRect());
  boxes.forEach(function (a, i) {
    const edge = document.documentElement.clientWidth + 0.5;
    if (a.left < 0 || a.right > edge) found.push('cut off: ' + texts[i].textContent);
    boxes.slice(i + 1).forEach(function (b, j) {
      const x = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const y = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      if (x > 1 && y > 3) found.push(texts[i].textContent + ' / ' + texts[i + 1 + j].textContent);
    });
  });
});
return found;"""

# What sticks out of the page although nothing around it scrolls.
WIDE = """
const edge = document.documentElement.clientWidth + 0.5;
return Array.from(document.querySelectorAll('body *')).filter((e) => !e.closest('.scroll, nav, #tip, .skip, .hidden')
  && e.getClientRects().length && e.getBoundingClientRect().right > edge).map((e) => e.tagName + '.' + e.className);"""

# Rows that are taller than a third of a phone's screen: a long text in a narrow column makes them.
TALL = """
return Array.from(document.querySelectorAll('tbody tr')).filter((r) => r.getBoundingClientRect().height > 280)
  .map((r) => r.textContent);"""

# Texts whose colour has less than 4.5 contrast to the ground they stand on, by WCAG's formula.
PALE = """
function parts(colour) { return colour.match(/[\\d.]+/g).map(Number); }
function light(rgb) {
  const linear = (v) => v <= 0.04045 ? v / 12.92 : Math.pow((v + 0.055) / 1.055, 2.4);
  const c = rgb.slice(0, 3).map((v) => linear(v / 255));
  return 0.2126 * c[0] + 0.7152 * c[1] + 0.0722 * c[2];
}
function ground(element) {
  for (let e = element; e; e = e.parentElement) {
    const colour = parts(getComputedStyle(e).backgroundColor);
    if (colour.length === 3 || colour[3] > 0.99) return colour;
  }
  return [255, 255, 255];
}
const found = new Set();
document.querySelectorAll('body *').forEach(function (e) {
  const own = Array.from(e.childNodes).some((n) => n.nodeType === 3 && n.textContent.trim());
  if (!own || !e.getClientRects().length || e.closest('script, #tip, .skip, .on-part') || e.matches('title')) return;
  const style = getComputedStyle(e), ink = light(parts(e.tagName === 'text' ? style.fill : style.color));
  const under = light(ground(e)), ratio = (Math.max(ink, under) + 0.05) / (Math.min(ink, under) + 0.05);
  if (ratio < 4.5) found.add(e.tagName + '.' + (e.getAttribute('class') || '') + ' ' + ratio.toFixed(2));
});
return Array.from(found);"""


class Report(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.scratch.cleanup)
        directory = os.path.join(cls.scratch.name, "20260101-000000-abcd")
        make_run(directory, epochs=12, roof=True)
        rename_backend(directory, "avx2", HOSTILE)
        change_machine(directory, lambda m: (m["cpu"].update(hypervisor=True, model=HOSTILE), m.update(status="failed")))
        cls.page = os.path.join(directory, "report.html")
        cls.two = os.path.join(directory, "two.html")
        other = os.path.join(cls.scratch.name, "other")
        make_run(other, epochs=5, slowdown=1.1)
        keras = os.path.join(cls.scratch.name, "keras.csv")
        with open(keras, "w", encoding="utf-8") as f:
            f.write("epoch,accuracy,loss,val_accuracy,val_loss\n0,0.92,0.26,0.958,0.139\n1,0.97,0.1,0.97,0.096\n")
        rich = os.path.join(cls.scratch.name, "rich")
        make_rich_run(rich)
        cls.rich = os.path.join(rich, "report.html")
        third, fourth = (os.path.join(cls.scratch.name, name) for name in ("third", "fourth"))
        make_run(third, epochs=8, slowdown=0.95)
        make_run(fourth, epochs=9)
        change_machine(fourth, lambda m: m["backends"]["avx512"].update(note="skips zero pixels; same bits as avx2"))
        cls.three = os.path.join(directory, "three.html")
        swept = os.path.join(cls.scratch.name, "swept")
        write_sweep(swept)
        make_run(os.path.join(swept, "t1-b32-h128"), epochs=2)
        cls.sweep = os.path.join(swept, "report.html")
        for arguments in ((swept,), (third, fourth, rich, "-o", cls.three), (directory, "--keras", keras), (directory, other, "-o", cls.two, "--mixed-machines"), (rich,)):
            subprocess.run([os.path.join(ROOT, "scripts", "report"), *arguments], check=True, capture_output=True)
        cls.browser = browser.Browser(os.path.join(cls.scratch.name, "profile"))
        cls.addClassCleanup(cls.browser.close)

    def tearDown(self):
        self.assertEqual(self.browser.messages(), [])
        self.assertIsNone(self.browser.run("return window.hacked === undefined ? null : window.hacked"))

    def press(self, *keys):
        from selenium.webdriver.common.action_chains import ActionChains
        ActionChains(self.browser.driver).send_keys(*keys).perform()

    def find(self, selector):
        from selenium.webdriver.common.by import By
        return self.browser.driver.find_element(By.CSS_SELECTOR, selector)

    def column(self, table, column):
        return self.browser.run("return Array.from(document.getElementById(arguments[0]).tBodies[0].rows)"
                                ".map((r) => r.cells[arguments[1]].dataset.v)", table, column)

    def tip(self):
        return self.browser.run("const t = document.getElementById('tip'); return t.hidden ? null : t.textContent")

    def test_loads_nothing(self):
        self.browser.open(self.page)
        self.assertEqual(self.browser.run("return performance.getEntriesByType('resource').length"), 0)
        self.assertEqual(self.browser.run("return document.scripts.length"), 1)
        self.assertEqual(self.browser.run("return document.compatMode"), "CSS1Compat")

    def test_every_look(self):
        for name, width, dark in VIEWS:
            with self.subTest(page=name, width=width, dark=dark):
                self.browser.open(getattr(self, name), width, dark)
                self.keep(name, width, dark)
                self.browser.run("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
                self.assertLessEqual(self.browser.run("return document.documentElement.scrollWidth"), width)
                self.assertEqual(self.browser.run(WIDE), [])
                self.assertEqual(self.browser.run(TALL), [])
                self.assertEqual(self.browser.run(OVERLAPS), [])
                self.assertEqual(self.browser.run(PALE), [])
                ground = self.browser.run("return getComputedStyle(document.body).backgroundColor")
                self.assertEqual(ground, "rgb(20, 23, 27)" if dark else "rgb(255, 255, 255)")
                shown = self.browser.run("return [...document.querySelectorAll('.wide, .narrow')].filter("
                                         "(e) => e.getClientRects().length).map((e) => e.className)")
                self.assertEqual(set(shown), {"wide" if width > 760 else "narrow"})

    def keep(self, name, width, dark):
        directory = os.environ.get("REPORT_SCREENSHOTS")
        if directory:
            self.browser.screenshot(os.path.join(directory, f"{name}-{width}-{'dark' if dark else 'light'}.png"))

    def test_every_section_of_a_rich_run(self):
        self.browser.open(self.rich)
        shown = self.browser.run("return [...document.querySelectorAll('section')].filter((s) => s.offsetHeight > 60)"
                                 ".map((s) => s.id)")
        self.assertEqual(shown, ["ab", "time", "speed-up", "breakdown", "roofline", "history", "seconds",
                                 "confusion", "proof", "integrity", "error", "machine", "files"])
        links = self.browser.run("return [...document.querySelectorAll('nav a')].map((a) => a.getAttribute('href'))")
        self.assertEqual(links, ["#" + name for name in shown])

    def test_speed_ups_without_scrolling(self):
        """On a phone: those of the table are inside its frame, those of the sentence on the first screen."""
        for page in (self.page, self.two, self.three, self.rich):
            self.browser.open(page, 390)
            edges = self.browser.run("return [...document.querySelectorAll('#summary thead th')].filter((h) => "
                                     "h.textContent.startsWith('vs')).map((h) => h.getBoundingClientRect().right)")
            self.assertEqual(len(edges), 2)
            self.assertLessEqual(max(edges), 390)
            places = self.browser.run("return [...document.querySelectorAll('.verdict')].filter((p) => "
                                      "/[0-9]x /.test(p.textContent)).map((p) => p.getBoundingClientRect().bottom)")
            self.assertLessEqual(min(places), 844)

    def test_focus_is_visible(self):
        """Tab through the page: whatever has the focus has an outline, or is a point with its tooltip."""
        from selenium.webdriver.common.keys import Keys
        self.browser.open(self.rich, 390)
        kinds = set()
        for _ in range(70):
            self.press(Keys.TAB)
            kind, outline, width = self.browser.run("const e = document.activeElement, s = getComputedStyle(e);"
                                                    "return [e.tagName.toLowerCase(), s.outlineStyle, s.outlineWidth]")
            kinds.add(kind)
            if kind == "g":
                self.assertIsNotNone(self.tip())
            else:
                self.assertEqual((outline, width), ("solid", "2px"), kind)
        self.assertLessEqual({"a", "button", "g", "div", "summary"}, kinds)

    def test_sort_by_mouse(self):
        self.browser.open(self.page)
        before = self.column("summary", 1)
        button = self.find("#summary thead th:nth-child(2) button")
        button.click()
        ascending = sorted(before, key=float)
        self.assertNotEqual(before, ascending)
        self.assertEqual(self.column("summary", 1), ascending)
        head = self.find("#summary thead th:nth-child(2)")
        self.assertEqual(head.get_attribute("aria-sort"), "ascending")
        button.click()
        self.assertEqual(self.column("summary", 1), ascending[::-1])
        self.assertEqual(head.get_attribute("aria-sort"), "descending")
        self.find("#summary thead th:nth-child(5) button").click()
        self.assertEqual(head.get_attribute("aria-sort"), "none")
        self.assertEqual(self.column("summary", 4)[-1], "", "what is not measured is last")

    def test_sort_by_keyboard(self):
        from selenium.webdriver.common.keys import Keys
        self.browser.open(self.page)
        self.browser.run("document.querySelector('#summary thead th button').focus()")
        for key in (Keys.ENTER, Keys.SPACE):
            names = self.column("summary", 0)
            self.press(key)
            self.assertNotEqual(self.column("summary", 0), names)
            self.assertEqual(sorted(self.column("summary", 0)), sorted(names))

    def test_tooltip_by_mouse(self):
        from selenium.webdriver.common.action_chains import ActionChains
        for width in (1280, 360):
            self.browser.open(self.page, width)
            layout = "wide" if width > 760 else "narrow"
            point = self.find(f"#time .{layout} .pt.soft .mark")
            self.browser.run("arguments[0].scrollIntoView({block: 'center'})", point)
            self.browser.settle()
            expected = self.browser.run("return arguments[0].parentElement.getAttribute('aria-label')", point)
            self.assertIsNone(self.tip())
            ActionChains(self.browser.driver).move_to_element(point).perform()
            self.assertEqual(self.tip(), expected)
            self.assertRegex(expected, r"epoch \d+\n0\.\d+ s\n")
            box = self.browser.run("const b = document.getElementById('tip').getBoundingClientRect();"
                                   "return [b.left, b.top, b.right, b.bottom]")
            self.assertTrue(box[0] >= 0 and box[1] >= 0 and box[2] <= width and box[3] <= 900, box)
            ActionChains(self.browser.driver).move_to_element(self.find("h2")).perform()
            self.assertIsNone(self.tip())

    def test_tooltip_by_keyboard(self):
        from selenium.webdriver.common.keys import Keys
        self.browser.open(self.page)
        self.browser.run("document.querySelector('#speed-up h2').setAttribute('tabindex', '-1');"
                         "document.querySelector('#speed-up h2').focus()")
        self.press(Keys.TAB)
        first = self.tip()
        self.assertIn("against naive", first or "")
        self.press(Keys.ARROW_RIGHT)
        second = self.tip()
        self.assertIn("against naive", second)
        self.assertNotEqual(first, second)
        self.press(Keys.HOME)
        self.assertEqual(self.tip(), first)
        self.press(Keys.ESCAPE)
        self.assertIsNone(self.tip())
        self.press(Keys.TAB)
        self.assertIn("against onednn", self.tip() or "", "one stop a chart")

    def test_legend_shows_and_hides(self):
        self.browser.open(self.page)
        count = ("return [...document.querySelectorAll('#history .wide .s1')]"
                 ".filter((e) => e.getClientRects().length).length")
        shown = self.browser.run(count)
        self.assertGreater(shown, 10)
        button = self.find("#history button.key[data-series='1']")
        button.click()
        self.assertEqual((self.browser.run(count), button.get_attribute("aria-pressed")), (0, "false"))
        button.click()
        self.assertEqual((self.browser.run(count), button.get_attribute("aria-pressed")), (shown, "true"))

    def test_command_can_be_copied(self):
        self.browser.open(self.page)
        self.find(".copy").click()
        self.browser.driver.implicitly_wait(0)
        from selenium.webdriver.support.ui import WebDriverWait
        WebDriverWait(self.browser.driver, 30).until(lambda d: self.find(".copy").text in ("Copied", "Selected"))

    def test_paper(self):
        self.browser.open(self.page, media="print")
        self.browser.run("window.dispatchEvent(new Event('beforeprint'))")
        self.assertEqual(self.browser.run("return document.querySelectorAll('details:not([open])').length"), 0)
        self.assertFalse(self.find("nav").is_displayed())
        self.browser.run("window.dispatchEvent(new Event('afterprint'))")
        self.assertGreater(self.browser.run("return document.querySelectorAll('details:not([open])').length"), 0)

    def test_without_script_tooltips_are_the_browsers(self):
        self.browser.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
        try:
            self.browser.open(self.page)
        finally:
            self.browser.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
        self.assertGreater(self.browser.run("return document.querySelectorAll('.pt > title').length"), 50)

    def test_reduced_motion(self):
        self.browser.open(self.page)
        self.assertEqual(self.browser.run("return getComputedStyle(document.documentElement).scrollBehavior"), "auto")


if __name__ == "__main__":
    absent = browser.missing()
    if absent:
        print(f"skipped: not here: {absent} ({browser.NEEDED})")
        sys.exit(77)
    python = browser.python_with_selenium()
    if python != shutil.which(sys.executable):
        os.execv(python, [python, *sys.argv])
    unittest.main(argv=sys.argv[:1])
