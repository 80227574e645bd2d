# SPDX-License-Identifier: MIT
"""CSV for Apache Otava (formerly Hunter), a file for each series, and otava.yaml, which lists them as tests. A row must
have every field, so a figure that one run of a series lacks is left out of all its rows.
https://github.com/apache/otava/blob/master/docs/CSV.md"""

import csv
import datetime
import io

from .points import by_series

METRICS = (("share_of_peak", 1, lambda p: p.share), ("seconds", -1, lambda p: p.seconds), ("gflops", 1, lambda p: p.gflops))


def table(points):
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["time", "commit", "run"] + [name for name, _, _ in METRICS])
    for p in points:
        time = datetime.datetime.fromtimestamp(p.time, datetime.timezone.utc)
        writer.writerow([time.strftime("%Y-%m-%d %H:%M:%S +0000"), p.commit, p.run_id]
                        + [f"{value(p):.9g}" for _, _, value in METRICS])
    return text.getvalue()


def configuration(names):
    lines = ["tests:"]
    for name in names:
        lines += [f"  {name}:", "    type: csv", f"    file: {name}.csv", "    time_column: time", "    attributes: [commit, run]",
                  "    metrics:"]
        lines += [f"      {metric}: {{direction: {direction}}}" for metric, direction, _ in METRICS]
    return "\n".join(lines) + "\n"


def files(points):
    series = by_series(points)
    return {f"{name}.csv": table(found) for name, found in series.items()} | {"otava.yaml": configuration(series)}
