# SPDX-License-Identifier: MIT
"""Writes a run folder with plausible, invented numbers, for tests of what reads run folders."""

import csv
import json
import os

EPOCH_COLUMNS = ("schema,run_id,dataset,backend,threads,seed,epoch,steps,samples,train_seconds,val_seconds,gflops,"
                 "loss,accuracy,val_loss,val_accuracy,verified,worst_error_of_bound").split(",")
OP_COLUMNS = ("schema,run_id,dataset,backend,threads,seed,epoch,op,calls,seconds,flop,gflops,share_of_epoch,"
              "inherited").split(",")

LOSS = (0.2586, 0.1042, 0.0698, 0.0502, 0.0381, 0.0289, 0.0223, 0.0170, 0.0131, 0.0101)
VAL_LOSS = (0.1350, 0.0890, 0.0755, 0.0690, 0.0701, 0.0660, 0.0672, 0.0688, 0.0701, 0.0713)
EPOCH_FLOP = 98.2e9

# Seconds of an epoch and its parts: name, share of the epoch, share of the flop, inherited.
BACKENDS = {
    "naive": (34.0, (("gemm", 0.965, 1.0, 0), ("rmsprop", 0.02, 0, 0), ("gather", 0.008, 0, 0))),
    "avx2": (0.62, (("forward 1", 0.34, 0.49, 0), ("forward 2", 0.03, 0.01, 0), ("softmax", 0.02, 0, 0),
                    ("backward", 0.05, 0.01, 0), ("weights 1 + rmsprop", 0.51, 0.49, 0), ("barrier", 0.03, 0, 0))),
    "avx512": (0.51, (("forward 1", 0.33, 0.49, 0), ("forward 2", 0.04, 0.01, 0), ("softmax", 0.02, 0, 0),
                      ("backward", 0.06, 0.01, 0), ("weights 1 + rmsprop", 0.48, 0.49, 0), ("barrier", 0.04, 0, 0))),
    "onednn": (0.60, (("gemm", 0.74, 1.0, 0), ("gather", 0.07, 0, 1), ("softmax_xent", 0.02, 0, 1),
                      ("rmsprop", 0.13, 0, 0), ("bias_grad", 0.02, 0, 0))),
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


def op_rows(run_id, epochs, peak):
    for row in epochs:
        seconds = float(row["train_seconds"])
        parts = BACKENDS[row["backend"]][1]
        rest = 1 - sum(p[1] for p in parts)
        for op, share, flop_share, inherited in parts + (("other", rest, 0, 0),):
            flop = EPOCH_FLOP * flop_share
            rest_of_epoch = op == "other"
            line = [1, run_id, "generated", row["backend"], 2, 1, row["epoch"], op, "" if rest_of_epoch else 469,
                    f"{seconds * share:.6f}", f"{flop:.0f}" if flop else "",
                    f"{flop / (seconds * share) / 1e9:.3f}" if flop else "", f"{share:.6f}",
                    "" if rest_of_epoch else inherited]
            yield dict(zip(OP_COLUMNS + ["peak_gflops"], line + [peak]))


def write_csv(path, columns, rows):
    with open(path, "w", newline="", encoding="utf-8") as f:
        writer = csv.DictWriter(f, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)


def write_run(folder, backends=tuple(BACKENDS), epochs=10, peak="", slowdown=1.0, env_id=""):
    os.makedirs(folder, exist_ok=True)
    run_id = os.path.basename(folder)
    rows = list(epoch_rows(run_id, backends, epochs, slowdown))
    rows.sort(key=lambda row: (row["epoch"], row["backend"]))  # not the order of the table, as after shuffled turns
    if env_id:
        rows = [dict(row, env_id=env_id) for row in rows]
    write_csv(os.path.join(folder, "epochs.csv"), EPOCH_COLUMNS + (["env_id"] if env_id else []), rows)
    write_csv(os.path.join(folder, "ops.csv"), OP_COLUMNS + (["peak_gflops"] if peak else []),
              op_rows(run_id, rows, peak))
    with open(os.path.join(folder, "machine.json"), "w", encoding="utf-8") as f:
        json.dump({"build": {"commit": "0123456789abcdef0123", "dirty": False},
                   "cpu": {"model": "Synthetic CPU of a test"},
                   "backends": {name: {} for name in backends}}, f)


SWEEP_COLUMNS = ("schema,run_id,dataset,point,threads,batch,hidden,seed,backend,epochs,median_train_seconds,gflops,"
                 "peak_gflops,share_of_peak,val_accuracy,verified,outcome,point_run_id,env_id").split(",")


def sweep_rows(run_id, backends, threads, batches, hidden):
    for h in hidden:
        for b in batches:
            for t in threads:
                for name in backends:
                    seconds = BACKENDS[name][0] * 2 * (h / 512) * (1 + 16 / b) / t ** 0.8
                    gflops = EPOCH_FLOP / 1e9 * h / 512 / seconds
                    yield dict(zip(SWEEP_COLUMNS, (
                        1, run_id, "generated", f"t{t}-b{b}-h{h}", t, b, h, 1, name, 3, f"{seconds:.6f}",
                        f"{gflops:.3f}", 150 * t, f"{gflops / 150 / t:.4f}", 0.98, 1, "ok", f"{run_id}-p", "e")))


def write_sweep(folder, backends=("avx2", "onednn"), threads=(1, 2, 4), batches=(32, 128), hidden=(128, 512)):
    os.makedirs(folder, exist_ok=True)
    run_id = os.path.basename(folder)
    write_csv(os.path.join(folder, "sweep.csv"), SWEEP_COLUMNS,
              sweep_rows(run_id, backends, threads, batches, hidden))
    with open(os.path.join(folder, "sweep.json"), "w", encoding="utf-8") as f:
        json.dump({"status": "complete", "build": {"commit": "0123456789abcdef0123", "dirty": False}}, f)
