# SPDX-License-Identifier: MIT
"""One self-contained HTML page about one or more Lanebench runs, from the files of their folders alone."""
