# SPDX-License-Identifier: MIT
"""HTML and SVG as strings that are already safe.

Html marks text that may go into the page as it is; every other string is escaped where it enters an element or an
attribute. So what a file says (a plug-in may be called <script>) can only ever be text. The result is well-formed XML
as well as HTML, which is what the tests check."""

import re

VOID = {"br", "hr", "meta", "link", "input", "col"}
# Not allowed in XML 1.0, and of no use in a page: control characters, halves of surrogate pairs, non-characters; and
# the marks that reverse the direction of the text after them.
UNFIT = re.compile("[^\t\n\r -\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|[\u202a-\u202e\u2066-\u2069]")


class Html(str):
    """Markup that needs no escaping."""


def escape(text):
    if isinstance(text, Html):
        return text
    text = UNFIT.sub("\ufffd", str(text))
    for plain, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"), ("'", "&#39;")):
        text = text.replace(plain, entity)
    return Html(text)


def join(parts, between=""):
    return Html(between.join(escape(p) for p in parts))


def tag(name, /, *children, **attributes):
    """An element. In attribute names a trailing _ is dropped and other _ become -; None leaves one out."""
    parts = [name]
    for key, content in attributes.items():
        if content is not None:
            parts.append(f'{key.rstrip("_").replace("_", "-")}="{escape(content)}"')
    if name in VOID and not children:
        return Html(f"<{' '.join(parts)}/>")
    return Html(f"<{' '.join(parts)}>{join(children)}</{name}>")


def section(anchor, title, *children):
    return tag("section", tag("h2", title, id=f"{anchor}-title"), *children, id=anchor,
               aria_labelledby=f"{anchor}-title")


def note(*children):
    return tag("p", *children, class_="note")


def figure(title, caption, chart, legend="", half=False):
    """A chart drawn twice, for a wide and for a narrow page; style sheet shows one. chart(width) returns SVG."""
    wide = 448 if half else 920
    return tag("figure", tag("h3", title) if title else "", legend,
               tag("div", chart(wide), class_="wide"), tag("div", chart(340), class_="narrow"),
               tag("figcaption", caption) if caption else "", class_="half" if half else "full")


def pair(*figures):
    return tag("div", *figures, class_="pair")
