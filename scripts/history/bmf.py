# SPDX-License-Identifier: MIT
"""Bencher Metric Format, a file for each run: `bencher run --adapter json --file FILE --testbed ENV_ID`.
https://bencher.dev/docs/reference/bencher-metric-format"""

import json

from .points import by_run


def measures(point):
    seconds = {"value": point.seconds}
    if point.low is not None and point.high is not None:
        seconds |= {"lower_value": point.low, "upper_value": point.high}
    return {"epoch-seconds": seconds, "share-of-peak": {"value": point.share}, "gflops": {"value": point.gflops}}


def files(points):
    return {f"{run_id}.json": json.dumps({p.series: measures(p) for p in found}, indent=2) + "\n"
            for run_id, found in by_run(points).items()}
