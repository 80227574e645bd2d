# SPDX-License-Identifier: MIT
"""One self-contained HTML page about one or more runs."""
