# SPDX-License-Identifier: MIT
"""Charts of Lanebench runs, drawn from the files of a run folder alone."""
