# SPDX-License-Identifier: MIT
"""Reads what bench wrote, and words for it. Computes no figure: those are in summary.json. Needs nothing but the standard
library."""
