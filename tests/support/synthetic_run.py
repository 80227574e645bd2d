# SPDX-License-Identifier: MIT
"""Writes a run directory with plausible, invented numbers, for tests of what reads run directories."""

import csv
import json
import os
import statistics

EPOCH_COLUMNS = ("schema,run_id,dataset,backend,threads,seed,epoch,steps,samples,train_seconds,val_seconds,gflops,"
                 "loss,accuracy,val_loss,val_accuracy,verified,worst_error_of_bound").split(",")

LOSS = (0.2586, 0.1042, 0.0698, 0.0502, 0.0381, 0.0289, 0.0223, 0.0170, 0.0131, 0.0101)
VAL_LOSS = (0.1350, 0.0890, 0.0755, 0.0690, 0.0701, 0.0660, 0.0672, 0.0688, 0.0701, 0.0713)
EPOCH_FLOP = 98.2e9

# Seconds of an epoch and its parts: name, share of the epoch, share of the flop, flop per byte, inherited.
BACKENDS = {
    "naive": (34.0, (("gemm forward1", 0.965, 1.0, 45.3, 0), ("rmsprop", 0.02, 0, 0, 0), ("gather", 0.008, 0, 0, 0))),
    "avx2": (0.62, (("forward1", 0.34, 0.49, 45.3, 0), ("forward2", 0.03, 0.01, 4.5, 0), ("softmax_xent", 0.02, 0, 0, 0),
                    ("backward1", 0.51, 0.49, 14.5, 0), ("barrier", 0.03, 0, 0, 0))),
    "avx512": (0.51, (("forward1", 0.33, 0.49, 45.3, 0), ("forward2", 0.04, 0.01, 4.5, 0),
                      ("softmax_xent", 0.02, 0, 0, 0), ("backward1", 0.48, 0.49, 14.5, 0), ("barrier", 0.04, 0, 0, 0))),
    "onednn": (0.60, (("forward1", 0.74, 1.0, 45.3, 0), ("gather", 0.07, 0, 0, 1), ("softmax_xent", 0.02, 0, 0, 1),
                      ("rmsprop", 0.13, 0, 0, 0), ("bias_grad", 0.02, 0, 0, 0))),
}


def epoch_rows(run_id, backends, epochs, slowdown):
    for order, name in enumerate(backends):
        for epoch in range(1, (1 if name == "naive" else epochs) + 1):
            k = min(epoch, len(LOSS)) - 1
            seconds = BACKENDS[name][0] * slowdown * (1 + 0.012 * ((epoch * 7 + order * 3) % 5))
            loss = LOSS[k] * (1 + 0.002 * order)
            yield dict(zip(EPOCH_COLUMNS, (
                1, run_id, "generated", name, 2, 1, epoch, 469, 60000, f"{seconds:.6f}", f"{seconds / 20:.6f}",
                f"{EPOCH_FLOP / seconds / 1e9:.3f}", f"{loss:.6f}", f"{1 - 0.29 * loss:.6f}", f"{VAL_LOSS[k]:.6f}",
                f"{1 - 0.3 * VAL_LOSS[k]:.6f}", 1, 0.31, epoch, order + 1)))


def part_objects(name, seconds, peak):
    """`ops` of summary.json."""
    parts = BACKENDS[name][1]
    rest = 1 - sum(part[1] for part in parts)
    for op, share, flop_share, intensity, inherited in parts:
        gflops = EPOCH_FLOP * flop_share / (seconds * share) / 1e9 if flop_share else None
        of_peak = gflops / peak if gflops and peak else None
        yield {"op": op, "kind": "product" if flop_share else "wait" if op == "barrier" else "op",
               "seconds": seconds * share, "share_of_epoch": share, "speedup_if_free": 1 / (1 - share),
               "inherited": bool(inherited), "calls": 469, "flop": EPOCH_FLOP * flop_share or None, "gflops": gflops,
               "share_of_peak": of_peak, "bytes_min": 1e9, "ai": intensity or None, "bound_by": "FMA" if gflops else None,
               "share_of_roof": of_peak}
    yield {"op": "other", "kind": "wait", "seconds": seconds * rest, "share_of_epoch": rest,
           "speedup_if_free": 1 / (1 - rest)}


def established(rounds):
    reason = f"{rounds} later epochs; an interval takes 6, so train 7 epochs"
    return {"established": rounds > 5, "reason": None if rounds > 5 else reason}


def backend_objects(rows, backends, peak, worst):
    """`backends` of summary.json. Intervals are not computed but of a fixed width, where there are epochs enough."""
    seconds = {name: [float(r["train_seconds"]) for r in rows if r["backend"] == name] for name in backends}
    later = {name: s[1:] or s for name, s in seconds.items()}
    median = {name: statistics.median(s) for name, s in later.items()}

    def interval(name, middle, half):
        return [middle * (1 - half), middle * (1 + half)] if len(later[name]) > 5 else [None, None]

    for name in backends:
        last = [r for r in rows if r["backend"] == name][-1]
        gflops = EPOCH_FLOP / median[name] / 1e9
        over = {base: {"ratio": median[base] / median[name],
                       "interval_95": interval(min((base, name), key=lambda n: len(later[n])), median[base] / median[name], 0.03),
                       "rounds": min(len(later[base]), len(later[name])),
                       **established(min(len(later[base]), len(later[name])))} for base in backends if base != name}
        yield {"backend": name, "verified": True, "proof": {"cases": 1315, "failed": 0, "worst_error_of_bound": 1.0, "worst_error_shown": worst},
               "failure": None, "epochs": len(seconds[name]), "later_epochs": len(later[name]), "disturbed": 0,
               "first_seconds": seconds[name][0], "median_seconds": median[name],
               "interval_95": interval(name, median[name], 0.01), "fastest_seconds": min(later[name]),
               "slowest_seconds": max(later[name]), "gflops": gflops, "peak_gflops": peak,
               "share_of_peak": gflops / peak if peak else None, "speedup_over": over, "amdahl": None,
               "ops": list(part_objects(name, median[name], peak)),
               "middle_half_seconds": interval(name, median[name], 0.01), "middle_half_share": 0.02, "drift": {"found": False},
               "bimodal": False, "peak_range": [peak, peak],
               "last_epoch": int(last["epoch"]),
               **{figure: float(last[figure]) for figure in ("loss", "accuracy", "val_loss", "val_accuracy")}}


def write_csv(path, columns, rows):
    with open(path, "w", newline="", encoding="utf-8") as f:
        writer = csv.DictWriter(f, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)


def write_json(directory, name, content):
    with open(os.path.join(directory, name), "w", encoding="utf-8") as f:
        json.dump(content, f)


def write_run(directory, backends=tuple(BACKENDS), epochs=10, peak=None, slowdown=1.0, env_id="e"):
    """Without ops.csv, for its figures are in summary.json."""
    os.makedirs(directory, exist_ok=True)
    rows = list(epoch_rows(os.path.basename(directory), backends, epochs, slowdown))
    figures = list(backend_objects(rows, backends, peak, 0.31))
    rows.sort(key=lambda row: (row["epoch"], row["backend"]))  # not the order of the table, as after shuffled turns
    write_csv(os.path.join(directory, "epochs.csv"), EPOCH_COLUMNS + ["env_id"], (dict(row, env_id=env_id) for row in rows))
    write_json(directory, "summary.json", {"schema": 2, "exit_code": 0, "backends": figures})
    write_json(directory, "machine.json", {"build": {"commit": "0123456789abcdef0123", "dirty": False},
                                           "cpu": {"model": "Synthetic CPU of a test"},
                                           "backends": {name: {} for name in backends}})


SWEEP_COLUMNS = ("schema,run_id,dataset,point,threads,batch,hidden,seed,backend,epochs,median_train_seconds,gflops,"
                 "peak_gflops,share_of_peak,val_accuracy,verified,outcome,point_run_id,env_id,speedup,efficiency").split(",")


def sweep_rows(run_id, backends, threads, batches, hidden):
    for h in hidden:
        for b in batches:
            for t in threads:
                for name in backends:
                    seconds = BACKENDS[name][0] * 2 * (h / 512) * (1 + 16 / b) / t ** 0.8
                    gflops = EPOCH_FLOP / 1e9 * h / 512 / seconds
                    yield dict(zip(SWEEP_COLUMNS, (
                        1, run_id, "generated", f"t{t}-b{b}-h{h}", t, b, h, 1, name, 3, f"{seconds:.6f}",
                        f"{gflops:.3f}", 150 * t, f"{gflops / 150 / t:.4f}", 0.98, 1, "ok", f"{run_id}-p", "e",
                        (t / threads[0]) ** 0.8, (t / threads[0]) ** -0.2)))


def write_sweep(directory, backends=("avx2", "onednn"), threads=(1, 2, 4), batches=(32, 128), hidden=(128, 512)):
    os.makedirs(directory, exist_ok=True)
    run_id = os.path.basename(directory)
    write_csv(os.path.join(directory, "sweep.csv"), SWEEP_COLUMNS,
              sweep_rows(run_id, backends, threads, batches, hidden))
    write_json(directory, "sweep.json", {"status": "complete", "build": {"commit": "0123456789abcdef0123", "dirty": False}})
