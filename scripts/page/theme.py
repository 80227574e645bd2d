# SPDX-License-Identifier: MIT
"""Colours of backends and parts as style sheet classes, for light and for dark pages.

A backend has the colour it has in the PNG charts. On a dark page the same hue is lighter, so that it keeps a contrast
of at least 3 to the ground. Colour never stands alone: markers, dashes and labels say the same."""

from lanebench.palette import colours_by_name

from .markup import join, tag

ON_DARK = {"#666666": "#A9AFB8", "#0072B2": "#4BA3E3", "#D55E00": "#F5853F", "#009E73": "#2BC79A",
           "#CC79A7": "#E29CC4", "#E69F00": "#F2B632", "#56B4E9": "#9AD6F8", "#000000": "#FFFFFF",
           "#332288": "#9A8CF0", "#882255": "#DD7FAE"}
MARKERS = ("circle", "square", "diamond", "up", "down", "plus", "cross", "star")
DASHES = ("none", "7 3", "2 3", "8 3 2 3")


def marks_of(names):
    """{name: (class, marker)} of backends."""
    return {name: (f"k{i}", MARKERS[i % len(MARKERS)]) for i, name in enumerate(names)}


def style_sheet(names, series):
    """Of the classes of these backends, and of as many series that a legend hides."""
    colours = colours_by_name(names)
    light, dark = [], []
    for name, (key, _) in marks_of(names).items():
        colour = colours[name]
        light.append(f".{key}{{--k:{colour}}}")
        dark.append(f".{key}{{--k:{ON_DARK.get(colour, colour)}}}")
    hide = "".join(f".off{i} .s{i}{{display:none}}" for i in range(series))
    return "".join(light) + "@media (prefers-color-scheme:dark){" + "".join(dark) + "}" + hide


def assign(runs):
    """Gives every backend its class and marker, the same in all runs. Returns the style sheet of the classes."""
    names = list(dict.fromkeys(b.name for run in runs for b in run.backends))
    marks = marks_of(names)
    for backend in (b for run in runs for b in run.backends):
        backend.key, backend.marker = marks[backend.name]
    return style_sheet(names, sum(len(run.backends) for run in runs) + 8)


def dash(run):
    return DASHES[(ord(run.tag[0]) - ord("A")) % len(DASHES)] if run.tag else "none"


def swatch(key, marker="square"):
    """A small mark in a backend's colour, for text and tables."""
    shape = tag("path", d=marker_path(marker, 6, 6, 4.5), class_="mark " + key)
    return tag("svg", shape, viewBox="0 0 12 12", class_="swatch", aria_hidden="true")


def named(backend):
    """Swatch and name, with what goes with its figures."""
    whole = backend.label if len(backend.short) > 24 else None  # longer ones are cut off in tables
    parts = [swatch(backend.key, backend.marker), tag("span", backend.short, class_="name", title=whole)]
    return join(parts + ([tag("small", backend.note, class_="beside")] if backend.note else []), " ")


def polygon(points):
    return "M" + "L".join(f"{x:.2f} {y:.2f}" for x, y in points) + "Z"


def marker_path(shape, x, y, r):
    """SVG path data of a marker of about that radius around x, y."""
    if shape == "square":
        s = 0.88 * r
        return polygon([(x - s, y - s), (x + s, y - s), (x + s, y + s), (x - s, y + s)])
    if shape == "diamond":
        s = 1.25 * r
        return polygon([(x, y - s), (x + s, y), (x, y + s), (x - s, y)])
    if shape in ("up", "down"):
        s = -1.2 * r if shape == "up" else 1.2 * r
        return polygon([(x, y + s), (x + 1.1 * r, y - 0.7 * s), (x - 1.1 * r, y - 0.7 * s)])
    if shape in ("right", "left"):
        s = r if shape == "right" else -r
        return polygon([(x + s, y), (x - s, y - r), (x - s, y + r)])
    if shape in ("plus", "cross"):
        t, s = 0.38 * r, 1.15 * r
        half = [(-t, -s), (t, -s), (t, -t), (s, -t), (s, t), (t, t)]
        cross = half + [(-a, -b) for a, b in half]
        if shape == "cross":
            cross = [(0.707 * (a - b), 0.707 * (a + b)) for a, b in cross]
        return polygon([(x + a, y + b) for a, b in cross])
    if shape == "star":
        s = 1.35 * r
        return polygon([(x, y - s), (x + 0.4 * r, y - 0.4 * r), (x + s, y), (x + 0.4 * r, y + 0.4 * r), (x, y + s),
                        (x - 0.4 * r, y + 0.4 * r), (x - s, y), (x - 0.4 * r, y - 0.4 * r)])
    return (f"M{x - r:.2f} {y:.2f}a{r} {r} 0 1 0 {2 * r} 0a{r} {r} 0 1 0 {-2 * r} 0Z")
