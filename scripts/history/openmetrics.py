# SPDX-License-Identifier: MIT
"""OpenMetrics with time stamps, one file: `promtool tsdb create-blocks-from openmetrics FILE DATA`, then Prometheus or
Grafana. https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md: samples of one metric stand
together, a series in order of time, and the file ends with "# EOF", without which nothing of it is loaded."""

from .points import by_series

FAMILIES = (
    ("lanebench_share_of_peak_ratio", "ratio", "Share of the multiply-add peak measured in the same run.", lambda p: p.share),
    ("lanebench_epoch_seconds", "seconds", "Median training time of the later epochs.", lambda p: p.seconds),
    ("lanebench_epoch_low_seconds", "seconds", "Lower end of its 95 % interval.", lambda p: p.low),
    ("lanebench_epoch_high_seconds", "seconds", "Upper end of its 95 % interval.", lambda p: p.high),
    ("lanebench_epoch_gflops", None, "GFLOP/s of the operations that the median epoch did.", lambda p: p.gflops),
    ("lanebench_validation_accuracy_ratio", "ratio", "Validation accuracy after the last epoch.", lambda p: p.accuracy),
    ("lanebench_disturbed_epochs", None, "Later epochs that something disturbed.", lambda p: p.disturbed),
)


def escaped(text):
    return str(text).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def labels(point):
    pairs = (("backend", point.backend), ("env_id", point.env_id), ("threads", point.threads), ("batch", point.batch),
             ("hidden", point.hidden), ("dataset", point.dataset), ("cpu", point.cpu),
             ("verified", "yes" if point.verified is True else "deviates"))  # how often would split the series
    pairs += (("note", point.note),) if point.note else ()
    return ",".join(f'{name}="{escaped(value)}"' for name, value in pairs)


def family(name, unit, text, value, series):
    lines = [f"# TYPE {name} gauge"] + ([f"# UNIT {name} {unit}"] if unit else []) + [f"# HELP {name} {text}"]
    for points in series.values():
        lines += [f"{name}{{{labels(p)}}} {value(p):.9g} {p.time}" for p in points if value(p) is not None]
    return lines


def files(points):
    series = by_series(points)
    lines = [line for name, unit, text, value in FAMILIES for line in family(name, unit, text, value, series)]
    return {"lanebench.om": "\n".join(lines + ["# EOF"]) + "\n"}
