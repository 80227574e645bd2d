# SPDX-License-Identifier: MIT
"""A chart under construction: shapes in the page's own colours (classes, see report.css), axes, and points with a
tooltip. Lengths are CSS pixels at the chart's natural size."""

from lanebench.fmt import shortened

from .markup import Html, escape, tag
from .theme import marker_path

LETTER = 8.4  # pixels; a wide guess at the mean letter of a name in the bold 12 pixel font
ids = 0


def new_id(prefix):
    """Unique in the page: patterns and clip paths are found by it."""
    global ids
    ids += 1
    return f"{prefix}{ids}"


def attributes(**attrs):
    return Html("".join(f' {k.rstrip("_").replace("_", "-")}="{escape(v)}"' for k, v in attrs.items() if v is not None))


def r2(number):
    return f"{number:.2f}".rstrip("0").rstrip(".")


class Chart:
    def __init__(self, width, height, label):
        self.width, self.height, self.label = width, height, label
        self.parts = []
        self.has_points = False

    def add(self, name, text=None, **attrs):
        if text is None:
            self.parts.append(Html(f"<{name}{attributes(**attrs)}/>"))
        else:
            self.parts.append(Html(f"<{name}{attributes(**attrs)}>{escape(text)}</{name}>"))

    def line(self, x1, y1, x2, y2, class_, **attrs):
        self.add("line", x1=r2(x1), y1=r2(y1), x2=r2(x2), y2=r2(y2), class_=class_, **attrs)

    def rect(self, x, y, width, height, class_, **attrs):
        self.add("rect", x=r2(x), y=r2(y), width=r2(max(width, 0)), height=r2(height), class_=class_, **attrs)

    def text(self, x, y, text, class_="", anchor=None, available=None, **attrs):
        """available: pixels after which the text is shortened."""
        if available is not None:
            text = shortened(str(text), int(available / LETTER))
        self.add("text", text, x=r2(x), y=r2(y), class_=class_ or None, text_anchor=anchor, **attrs)

    def path(self, points, class_, **attrs):
        if points:
            self.add("path", d="M" + "L".join(f"{r2(x)} {r2(y)}" for x, y in points), class_=class_, **attrs)

    def point(self, x, y, shape, radius, class_, tip):
        """A mark that answers to the mouse and the keyboard with the tip."""
        self._tipped(x, y, tag("path", d=marker_path(shape, x, y, radius), class_="mark"), class_, tip)

    def bar(self, x, y, width, height, class_, tip, **attrs):
        attrs = {**attrs, "x": r2(x), "y": r2(y), "width": r2(max(width, 0)), "height": r2(height)}
        self._tipped(x + width / 2, y + height / 2, Html(f"<rect{attributes(class_='mark', **attrs)}/>"), class_, tip)

    def _tipped(self, x, y, shape, class_, tip):
        self.has_points = True
        self.parts.append(tag("g", tag("title", tip), shape, class_="pt " + class_, tabindex="-1", role="img",
                              data_x=r2(x), data_y=r2(y)))

    def hatch(self):
        """Pattern of diagonal lines. Returns its fill."""
        name = new_id("hatch")
        self.parts.append(tag("defs", tag("pattern", tag("path", d="M0 0V6", class_="hatching"), id=name, width="6",
                                          height="6", patternUnits="userSpaceOnUse",
                                          patternTransform="rotate(45)")))
        return f"url(#{name})"

    def x_axis(self, scale, ticks, top, bottom, title="", suffix=""):
        for number, text in ticks:
            x = scale(number)
            self.line(x, top, x, bottom, "grid")
            self.text(x, bottom + 16, text + suffix, "tick", "middle")
        self.line(scale.start, bottom, scale.end, bottom, "axis")
        if title:
            self.text((scale.start + scale.end) / 2, bottom + 34, title, "title", "middle")

    def y_axis(self, scale, ticks, left, right, title="", suffix=""):
        for number, text in ticks:
            y = scale(number)
            self.line(left, y, right, y, "grid")
            self.text(left - 6, y + 4, text + suffix, "tick", "end")
        if title:
            self.text(2, min(scale.start, scale.end) - 9, title, "title")

    def render(self):
        return tag("svg", *self.parts, viewBox=f"0 0 {self.width} {r2(self.height)}", role="group",
                   aria_label=self.label, class_="chart points" if self.has_points else "chart",
                   xmlns="http://www.w3.org/2000/svg")


def legend_button(index, mark, text):
    """Shows and hides what has the class s<index> in its figure."""
    return tag("button", mark, " ", shortened(text, 40), type="button", class_="key", aria_pressed="true",
               data_series=str(index))


def legend(items, toggles=True):
    """items: (mark, text)."""
    if toggles:
        return tag("div", *(legend_button(i, mark, text) for i, (mark, text) in enumerate(items)), class_="legend")
    return tag("div", *(tag("span", mark, " ", text, class_="key") for mark, text in items), class_="legend")


def lines(*texts):
    """The text of a tooltip of several lines."""
    return "\n".join(str(t) for t in texts if t)

