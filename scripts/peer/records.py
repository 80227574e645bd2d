# SPDX-License-Identifier: MIT
"""The files of a peer's run, in the form and with the promises of bench's (results/README.md)."""

import csv
import datetime
import io
import json
import math
import os
import platform
import secrets
import subprocess

from lanebench.files import field, put, utf8

from . import EXIT_INTERNAL, EXIT_USAGE, PeerError

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SCHEMA = 1

EPOCH_COLUMNS = ("schema", "run_id", "dataset", "backend", "threads", "seed", "epoch", "steps", "samples",
                 "train_seconds", "val_seconds", "gflops", "loss", "accuracy", "val_loss", "val_accuracy", "verified",
                 "worst_error_of_bound", "round", "position", "peak_gflops", "share_of_peak", "env_id", "steal_ms",
                 "wait_ms", "invol_ctx", "major_faults", "cpu_seconds", "noisy", "vol_ctx", "process",
                 "git_commit", "binary_sha256", "rss_mb", "llc_gbps", "gflops_done")
PAIRED_COLUMNS = ("schema", "run_id", "dataset", "round", "position", "contender", "threads", "epochs",
                  "median_seconds", "torch_times_longer", "env_id", "git_commit", "binary_sha256")
RECORDED_VARIABLES = ("OMP_", "GOMP_", "KMP_", "DNNL_", "ONEDNN_", "BENCH_", "MALLOC_", "OPENBLAS_", "BLIS_", "MKL_",
                      "LD_LIBRARY_PATH", "LD_PRELOAD")


class Csv:
    """NAME.partial holds only whole rows at any time, because every row puts a new copy in its place; finish() gives
    it its name."""

    def __init__(self, directory, name, columns):
        self.path = os.path.join(directory, name)
        self.columns = columns
        self.text = io.StringIO()
        self.writer = csv.writer(self.text, lineterminator="\r\n")
        self.writer.writerow(columns)
        put(self.path + ".partial", self.text.getvalue())

    def add(self, values):
        """values: by column; a column that is not named was not measured."""
        self.writer.writerow([field(values.get(column)) for column in self.columns])
        put(self.path + ".partial", self.text.getvalue())

    def finish(self):
        os.replace(self.path + ".partial", self.path)


def new_run_id(now):
    return now.strftime("%Y%m%d-%H%M%S-") + secrets.token_hex(2)


def make_dir(out, run_id):
    """--out, which must be new or empty, else results/<run id>: that of the source tree, or here where it is installed."""
    home = ROOT if os.path.exists(os.path.join(ROOT, "meson.build")) else ""
    directory = out or os.path.join(home, "results", run_id)
    try:
        os.makedirs(directory, exist_ok=True)
        if os.listdir(directory):
            raise PeerError(EXIT_USAGE, f"--out {directory}: is not empty; give a new or an empty directory")
    except (FileExistsError, NotADirectoryError):
        raise PeerError(EXIT_USAGE, f"--out {directory}: is a file, or lies below one; give a directory") from None
    except OSError as error:
        raise PeerError(EXIT_INTERNAL, f"{directory}: the directory cannot be created: {error.strerror}") from None
    return directory


def first_line(path, default=None):
    try:
        with open(path, encoding="utf-8", errors="replace") as f:
            return f.readline().strip() or default
    except OSError:
        return default


def cpu_model():
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as f:
            for line in f:
                key, _, value = line.partition(":")
                if key.strip() == "model name":
                    return value.strip()
    except OSError:
        pass
    return platform.processor() or "unknown"


def cgroup_quota():
    """CPUs' worth of time that the process' group may use; None: no limit, or not known."""
    quota, _, period = (first_line("/sys/fs/cgroup/cpu.max", "max")).partition(" ")
    return int(quota) / int(period) if quota.isdecimal() and period.isdecimal() else None


def default_threads():
    """One per allowed physical core, within the cgroup's quota."""
    cores = set()
    for cpu in os.sched_getaffinity(0):
        place = f"/sys/devices/system/cpu/cpu{cpu}/topology/"
        core = first_line(place + "core_id")
        cores.add((first_line(place + "physical_package_id"), core) if core is not None else cpu)
    quota = cgroup_quota()
    return max(1, min(len(cores), math.ceil(quota)) if quota else len(cores))


def commit():
    """The commit of this source and whether tracked files differ from it; (None, None) where it is not known."""
    run = subprocess.run(["sh", os.path.join(ROOT, "harness", "machine", "commit.sh"), ROOT], capture_output=True, text=True)
    if run.returncode != 0:
        return None, None
    name, _, dirty = run.stdout.strip().partition("-")
    return name, dirty == "dirty"


def machine_sections():
    name, dirty = commit()
    return {
        "build": {"commit": name, "dirty": dirty},
        "cpu": {"model": cpu_model(),
                "frequency_governor": first_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")},
        "topology": {"allowed_pus": len(os.sched_getaffinity(0)), "cgroup_quota_cpus": cgroup_quota(),
                     "default_threads": default_threads()},
        "system": {"kernel": platform.system(), "kernel_release": platform.release(), "machine": platform.machine(),
                   "libc": platform.libc_ver()[1],
                   "transparent_hugepages": first_line("/sys/kernel/mm/transparent_hugepage/enabled"),
                   "clocksource": first_line("/sys/devices/system/clocksource/clocksource0/current_clocksource"),
                   "memory_bytes": os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")},
        "environment": {name: value for name, value in os.environ.items() if name.startswith(RECORDED_VARIABLES)},
    }


class Machine:
    """machine.json. `content` may be added to; write() puts the file in place with a status."""

    def __init__(self, directory, run_id, now, command_line):
        self.path = os.path.join(directory, "machine.json")
        self.content = {"schema": SCHEMA, "run_id": run_id, "time_utc": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
                        "status": "running", "exit_code": None, "command_line": command_line}

    def write(self, status, exit_code=None):
        self.content.update(status=status, exit_code=exit_code)
        put(self.path, json.dumps(utf8(self.content), indent=2) + "\n")


def utc_now():
    return datetime.datetime.now(datetime.timezone.utc)
