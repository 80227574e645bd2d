# SPDX-License-Identifier: MIT
"""Ids of hexadecimal digits, as bench writes them."""

import re


def short_id(digits):
    """The first 12 of a hash or commit. What would read as a number has an x before it (harness/base/short_id.h); an id
    that is already short stays as it is, but for old files, whose ids had none."""
    if digits.startswith("x"):
        return digits
    cut = digits[:12]
    return "x" + cut if re.fullmatch(r"[0-9]+([ed][0-9]+)?", cut) else cut
