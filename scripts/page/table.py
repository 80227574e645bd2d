# SPDX-License-Identifier: MIT
"""Sortable tables. A header is a button, so that the keyboard sorts too; a cell carries the value it is sorted by,
which for a number from a file is that file's own text."""

from .markup import join, tag


class Cell:
    """text is shown; key is what the column is sorted by (text without one)."""

    def __init__(self, text, key=None, class_=None):
        self.text, self.key, self.class_ = text, key, class_


def raw(row, column, show=None):
    """A number as the file has it: sorted by and found under exactly that text; shown by show(text), or as it is."""
    text = row.get(column) or ""
    return Cell(show(text) if show and text else text, text)


def figure_cell(figure, show, missing=""):
    """A figure of summary.json, sorted by its own value; shown by show(figure), as `missing` where it is None."""
    return Cell(missing, "") if figure is None else Cell(show(figure), repr(figure))


def header(name, numeric, explanation):
    button = tag("button", name, tag("span", "", class_="arrow", aria_hidden="true"), type="button",
                 title=explanation or None)
    return tag("th", button, scope="col", aria_sort="none", class_="n" if numeric else None)


def body_cell(cell, numeric, first):
    cell = cell if isinstance(cell, Cell) else Cell(cell)
    classes = " ".join(c for c in ("n" if numeric else "", cell.class_ or "") if c) or None
    if first:
        return tag("th", cell.text, scope="row", data_v=cell.key, class_=classes)
    return tag("td", cell.text, data_v=cell.key, class_=classes)


def table(caption, columns, rows, id_=None):
    """columns: (name, numeric) or (name, numeric, explanation). rows: lists of text, markup or Cell."""
    columns = [c if len(c) == 3 else c + ("",) for c in columns]
    head = tag("tr", *(header(*c) for c in columns))
    body = (tag("tr", *(body_cell(cell, c[1], i == 0) for i, (cell, c) in enumerate(zip(row, columns))))
            for row in rows)
    whole = tag("table", tag("caption", caption, class_="hidden"), tag("thead", head),
                tag("tbody", join(body, "\n")), class_="sortable", id=id_)
    return tag("div", whole, class_="scroll", tabindex="0", role="region", aria_label=caption)
