# SPDX-License-Identifier: MIT
"""What a backend has only once for the whole process, and what threads of its own inherit: while a contender is timed,
its number of threads is the plan's and no other instance's, and its threads may run on all places of the plan.

Arguments: bench DIR-OF-MODULES"""
import os
import re
import sys

from cli_common import check, finish, make_data, run, scratch, skip, whole_rows

bench, modules = sys.argv[1:]
THREADS = 2
SMALL = ["--hidden", "16", "--batch", "16", "--threads", str(THREADS), "--quiet"]
TEAMS = {"QUICK_PROOF_TEAMS": "1"}  # other instances, of other sizes, before the one that is timed
IMAGES, EPOCHS = 640, 2
TIMED = EPOCHS * IMAGES // 16  # training steps


def read(path):
    with open(path, encoding="ascii") as f:
        return f.read().splitlines()


def test_told(data, directory):
    """A CBLAS library that keeps one number of threads."""
    log = directory + "/told"
    result = run(bench, "run", *SMALL, "--backend", f"cblas:{modules}/told_blas.so", "--epochs", str(EPOCHS),
                 "--data", data, "--out", directory + "/run", env={"TOLD_LOG": log, **TEAMS})
    check(result.returncode == 0, f"told: exit {result.returncode}: {result.stderr}")
    changes = [(what, int(call), int(told)) for what, call, told in
               re.findall(r"^(\w+) (\d+): told (\d+)$", "\n".join(read(log)), re.M)]
    check(len(changes) > 2 and changes[-1][0] == "end", f"told: {changes[-3:]}")
    last, end = changes[-2:]
    check(last[2] == end[2] == THREADS, f"told while timed: {changes[-3:]}")
    check(end[1] - last[1] > 5 * TIMED, f"told: changed during the training: {changes[-3:]}")


def test_two_libraries(data, directory):
    """Two of one name; both are proven before either is timed, and neither is taken for the other."""
    os.mkdir(directory + "/other")
    os.symlink(modules + "/told_blas.so", directory + "/other/told_blas.so")
    backends = f"cblas:{modules}/told_blas.so,cblas:{directory}/other/told_blas.so"
    names = {"cblas:told_blas.so", "cblas:other/told_blas.so"}
    log, out = directory + "/told_micro", directory + "/micro"
    argv = [*SMALL, "--backend", backends, "--data", data]
    result = run(bench, "micro", *argv, "--benchmark_filter=gemm/(forward1|dw1)", "--benchmark_min_time=0.01",
                 "--out", out, env={"TOLD_LOG": log, **TEAMS})
    check(result.returncode == 0, f"told, micro: exit {result.returncode}: {result.stderr}")
    check([line.split()[-1] for line in read(log)[-2:]] == [str(THREADS)] * 2, f"told, micro: {read(log)[-3:]}")
    rows = whole_rows(out + "/micro.csv")
    keys = [(r["backend"], r["role"], r["weights"], r["repetition"]) for r in rows]
    check(len(keys) == len(set(keys)) and {k[0] for k in keys} == names, f"told, micro.csv: {sorted(keys)}")
    shown = set(re.findall(r"^(cblas:\S*)/gemm/dw1/", result.stdout, re.M))
    check(shown == names, f"told, micro: {result.stdout}")


def check_pool(name, log, large):
    """Of the process that had the last product."""
    lines = [line.split(" ", 1) for line in read(log)]
    pid = [p for p, what in lines if what.startswith("large")][-1]
    own = [what for p, what in lines if p == pid]
    cpus = {what for what in own if what.startswith("start")}
    check(cpus == {f"start cpus={THREADS}"}, f"{name}: its threads: {cpus}")
    opened = max(i for i, what in enumerate(own) if what.startswith("open"))
    timed = [what for what in own[opened:] if what.startswith("large")]
    check(own[opened] == f"open threads={THREADS}", f"{name}: last opened: {own[opened]}")
    check(set(timed) == {f"large threads={THREADS}"} and len(timed) >= large, f"{name}: {len(timed)} timed: {set(timed)}")
    return own


def is_alone(own):
    """Whether no other instance was open from the last open() on."""
    opened = max(i for i, what in enumerate(own) if what.startswith("open"))
    before = own[:opened]
    return sum(what.startswith("open") for what in before) == sum(what.startswith("close") for what in before)


def test_pool(data, directory):
    argv = [*SMALL, "--plugin", modules + "/pool.so", "--backend", "pool", "--data", data]
    log = directory + "/pool"
    result = run(bench, "run", *argv, "--epochs", str(EPOCHS), "--out", directory + "/run-pool", env={"POOL_LOG": log, **TEAMS})
    check(result.returncode == 0, f"pool: exit {result.returncode}: {result.stderr}")
    check(is_alone(check_pool("run", log, 2 * TIMED)), "run: another instance is open while it is timed")
    log = directory + "/pool-micro"
    result = run(bench, "micro", *argv, "--benchmark_filter=pool/gemm/forward1", "--benchmark_min_time=0.05",
                 env={"POOL_LOG": log, **TEAMS})
    check(result.returncode == 0, f"pool, micro: exit {result.returncode}: {result.stderr}")
    check(is_alone(check_pool("micro", log, 2)), "micro: another instance is open while it is timed")


if len(os.sched_getaffinity(0)) < THREADS:
    skip("one CPU is allowed: all threads run there")
with scratch() as scratch_dir:
    data_dir = make_data(scratch_dir + "/data", IMAGES)
    test_told(data_dir, scratch_dir)
    test_two_libraries(data_dir, scratch_dir)
    test_pool(data_dir, scratch_dir)
finish()
