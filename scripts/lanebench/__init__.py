# SPDX-License-Identifier: MIT
"""Reads what bench wrote, and formats it. Computes no figure: summary.json has them. Needs only the standard
library."""
