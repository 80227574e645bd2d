# SPDX-License-Identifier: MIT
"""github-action-benchmark's own format: for each run a file in which more is better and one in which less is.
https://github.com/benchmark-action/github-action-benchmark: customBiggerIsBetter, customSmallerIsBetter"""

import json

from .points import by_run


def entry(point, unit, value, spread):
    return {"name": point.series, "unit": unit, "value": value, "range": spread,
            "extra": f"run {point.run_id}, commit {point.commit}, {point.cpu}, {point.later} epochs, {point.disturbed} disturbed"
                     + (f", {point.note}" if point.note else "")}


def interval(point):
    return "95 %: unknown" if point.low is None or point.high is None else f"95 %: {point.low:.6g} to {point.high:.6g}"


def files(points):
    found = {}
    for run_id, group in by_run(points).items():
        found[f"{run_id}.bigger.json"] = [entry(p, "share of peak", p.share, "") for p in group]
        found[f"{run_id}.smaller.json"] = [entry(p, "seconds per epoch", p.seconds, interval(p)) for p in group]
    return {name: json.dumps(entries, indent=2) + "\n" for name, entries in found.items()}
