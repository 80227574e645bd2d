# SPDX-License-Identifier: MIT
"""Puts the sections together into one page that needs nothing else: style sheet and script are inside, and the page's
own policy forbids it to load anything or to run any other script."""

import base64
import hashlib
import os

from lanebench import fmt
from lanebench.comparison import Comparison
from lanebench.run import timed

from . import (ab, accuracy_seconds, breakdown, builds, caveats, confusion, error_speed, files, history, integrity, letters,
               machine, proof, roofline, speedups, svg, theme, times, verdict)
from .markup import Html, join, tag

ASSETS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "assets")
ANCHORS = (("threads", "Threads"), ("batch", "Batch"), ("hidden", "Hidden"), ("points", "Points"),
           ("ab", "A and B"), ("time", "Time"), ("speed-up", "Speed-up"), ("breakdown", "By op"), ("roofline", "Roofline"),
           ("history", "Curves"), ("seconds", "Accuracy"), ("confusion", "Confusion"), ("proof", "Proof"),
           ("integrity", "Integrity"), ("error", "Error"), ("machine", "Machine"), ("files", "Files"))


class Options:
    """What the command line chose. bases: backends that speed-ups are taken against; reference: the one that curves
    are; keras: KerasHistory objects; target: validation accuracy, None for the runs' own."""

    def __init__(self, bases, reference, keras=(), target=None):
        self.bases, self.reference, self.keras, self.target = bases, reference, keras, target


def asset(name):
    with open(os.path.join(ASSETS, name), encoding="utf-8") as f:
        return f.read()


def policy(script):
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return (f"default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'sha256-{digest}'; "
            "base-uri 'none'; form-action 'none'")


def head(title, classes, script):
    style = Html("/*<![CDATA[*/\n" + asset("report.css") + classes + "\n/*]]>*/")
    return tag("head", tag("meta", charset="utf-8"),
               tag("meta", http_equiv="Content-Security-Policy", content=policy(script)),
               tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
               tag("meta", name="color-scheme", content="light dark"),
               tag("meta", name="generator", content="Lanebench, bench report"),
               tag("link", rel="icon", href="data:,"), tag("title", title), tag("style", style))


def build(runs, options, out):
    """The page as text. out is where it will be, for relative links."""
    svg.ids = 0
    classes, comparison = theme.assign(runs), Comparison(runs)
    title = "Lanebench: " + fmt.listed(f"run {r.run_id}" for r in runs if not r.host)
    sections = [ab.render(runs), times.render(runs, options.bases), speedups.render(runs, options.bases, comparison),
                breakdown.render(runs), roofline.render(runs), history.render(runs, options.keras, options.reference),
                accuracy_seconds.render(runs, options.target), confusion.render(runs), proof.render(runs),
                integrity.render(runs), error_speed.render(runs), machine.render(runs), files.render(runs, out)]
    top = (tag("h1", subtitle(runs)), letters.render(runs), verdict.render(runs, options.bases, comparison),
           caveats.render(runs, comparison))
    return page(title, classes, top, sections, footer(runs))


def page(title, classes, top, sections, foot):
    """The document. classes: style sheet of the backends; top: what stands before the sections."""
    links = [tag("a", text, href=f"#{anchor}") for anchor, text in ANCHORS
             if any(f'<section id="{anchor}"' in s for s in sections)]
    script = "//<![CDATA[\n" + asset("report.js") + "//]]>"
    body = tag("body", tag("a", "Skip to the figures", href="#main", class_="skip"),
               tag("header", tag("p", "Lanebench", class_="brand"), *top),
               tag("nav", *links, aria_label="Sections"), tag("main", *sections, id="main"), foot,
               tag("div", "", id="tip", role="tooltip", hidden="hidden"),
               tag("script", Html(script)))
    return Html("<!DOCTYPE html>\n") + tag("html", head(title, classes, script), Html("\n"), body, lang="en") + "\n"


def subtitle(runs):
    count = sum(not r.host for r in runs)
    if count > 1:
        return f"{fmt.count(count, 'run')} compared"
    names = fmt.listed(b.name for b in timed(runs))
    return f"{names} on {runs[0].dataset}" if names else f"Run {runs[0].run_id}"


def binaries(run):
    """The hash of the program, if all backends of the run are part of it."""
    text = builds.binary_text(run)
    return f"binary {text}" if text and len(builds.grouped(run)) == 1 else ""


def footer(runs):
    texts = (" · ".join(p for p in (f"{r.tag}: run {r.run_id}" if r.tag else f"run {r.run_id}", r.env_id and
                                    f"environment {r.env_id}", f"commit {r.commit}", binaries(r), f"dataset={r.dataset}",
                                    str(r.machine.get("time_utc") or "")) if p) for r in runs)
    return tag("footer", join((tag("p", t) for t in texts)),
               tag("p", "Drawn from the files of the run by bench report."))
