# SPDX-License-Identifier: MIT
"""Charts of runs with matplotlib."""

import os

# Charts look the same for everybody: no matplotlibrc of the user's is read, and no window system is asked for. Before
# anything imports matplotlib, which fails on a backend that it does not know.
os.environ["MATPLOTLIBRC"] = os.devnull
os.environ["MPLBACKEND"] = "agg"
