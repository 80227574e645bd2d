# SPDX-License-Identifier: MIT
"""Google Benchmark's JSON, a file for each run: epochs are repetitions. For its compare.py, and whatever reads that
format. https://github.com/google/benchmark/blob/main/docs/user_guide.md#output-formats"""

import datetime
import json

from .points import by_run


def repetitions(point):
    name = f"{point.series}/epoch"
    for i, seconds in enumerate(point.epochs or [point.seconds]):
        yield {"name": name, "run_name": name, "run_type": "iteration", "repetitions": len(point.epochs) or 1,
               "repetition_index": i, "threads": point.threads, "iterations": 1, "real_time": 1e3 * seconds,
               "cpu_time": 1e3 * seconds, "time_unit": "ms", "share_of_peak": point.share,
               **({"label": point.note} if point.note else {})}


def document(points):
    first = points[0]
    date = datetime.datetime.fromtimestamp(first.time, datetime.timezone.utc).isoformat()
    context = {"date": date, "host_name": first.env_id, "executable": "bench", "num_cpus": first.threads,
               "library_build_type": "release", "run_id": first.run_id, "cpu": first.cpu, "commit": first.commit}
    return {"context": context, "benchmarks": [r for point in points for r in repetitions(point)]}


def files(points):
    return {f"{run_id}.json": json.dumps(document(found), indent=2) + "\n" for run_id, found in by_run(points).items()}
