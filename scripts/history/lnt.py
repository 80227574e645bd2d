# SPDX-License-Identifier: MIT
"""LNT's report, a file for each run, for its suite "nts": `lnt submit URL FILE`. All samples go there, not a median.
https://llvm.org/docs/lnt/importing_data.html#lnt-report-file-format"""

import datetime
import json

from .points import by_run


def report(points):
    first = points[0]
    time = datetime.datetime.fromtimestamp(first.time, datetime.timezone.utc)
    run = {"start_time": time.strftime("%Y-%m-%dT%H:%M:%S"), "end_time": time.strftime("%Y-%m-%dT%H:%M:%S"),
           "llvm_project_revision": time.strftime("%Y%m%d%H%M%S"), "commit": first.commit, "run_id": first.run_id}
    tests = [{"name": p.series, "execution_time": p.epochs or [p.seconds], "hash": p.binary} for p in points]
    return {"format_version": "2", "machine": {"name": first.env_id, "cpu": first.cpu}, "run": run, "tests": tests}


def files(points):
    return {f"{run_id}.json": json.dumps(report(found), indent=2) + "\n" for run_id, found in by_run(points).items()}
