# SPDX-License-Identifier: MIT
"""Reads what bench wrote, and puts it into words. Computes no figure: summary.json has them. Needs only the standard
library."""
