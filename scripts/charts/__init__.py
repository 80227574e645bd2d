# SPDX-License-Identifier: MIT
"""Charts of runs with matplotlib."""

import os

# Charts look the same for every user: matplotlib reads no matplotlibrc and needs no window system. Set before anything
# imports matplotlib, which fails on a backend that it does not know.
os.environ["MATPLOTLIBRC"] = os.devnull
os.environ["MPLBACKEND"] = "agg"
