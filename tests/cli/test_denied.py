# SPDX-License-Identifier: MIT
"""System calls that containers deny, and no /sys: nothing hangs or crashes; if one is indispensable, one line says so.

Arguments: bench, deny_syscalls [COMMAND]."""
import json
import os
import subprocess
import sys

from cli_common import check, clean_environment, finish, make_data, scratch, skip, uses_libomp, whole_rows

bench, denier, *command = sys.argv[1:]
SMALL = ["--backend", "naive", "--hidden", "8", "--batch", "16", "--threads", "1", "--quiet"]
NEEDED = {"ftruncate": "shared memory", "socketpair": "cannot start a worker"}
# glibc starts no thread at all where clone3 is answered by anything but ENOSYS.
BEYOND_US = {("EPERM", "clone3")}
# Google Benchmark 1.9 throws where the load average cannot be read.
ENDS_MICRO = "sysinfo"


def denied(error, names, argv, timeout=580):
    return subprocess.run([denier, error, *names, "--", bench, *argv], env=clean_environment(), timeout=timeout,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True)


def recorded(out):
    with open(out + "/machine.json", encoding="utf-8") as f:
        machine = json.load(f)
    check(machine["status"] == "complete", f"{out}: status {machine['status']}")
    return machine["backends"]


def test_needed(prove):
    """A call that cannot be replaced ends the program with one line."""
    for name, message in NEEDED.items():
        for error in ("EPERM", "ENOSYS"):
            result = denied(error, [name], prove)
            check(result.returncode == 99 and message in result.stderr and result.stderr.count("\n") == 1,
                  f"{name} {error}: {result}")


def test_prove(prove, directory, optional):
    for error in ("EPERM", "ENOSYS"):
        names = [name for name in optional if (error, name) not in BEYOND_US]
        result = denied(error, names, [*prove, "--out", f"{directory}/{error}"])
        check(result.returncode == 0 and result.stderr == "", f"all that can be missing, {error}: {result}")
        check(recorded(f"{directory}/{error}")["naive"]["threads_bound"] is False, f"{error}: the threads cannot be bound")
    for name in ("sched_setaffinity", "sched_getaffinity", "memfd_create"):
        result = denied("EPERM", [name], prove)
        check(result.returncode == 0 and result.stderr == "", f"{name}: {result}")
    result = denied("EINVAL", ["fsync"], [*prove, "--out", directory + "/fsync"])
    check(result.returncode == 0 and len(whole_rows(directory + "/fsync/proof.csv")) > 2, f"fsync: {result}")


def test_command(name, data, directory, optional):
    commands = {"run": ["run", *SMALL, "--epochs", "2", "--data", data],
                "micro": ["micro", *SMALL, "--data", data, "--benchmark_filter=gather", "--benchmark_min_time=0.001"],
                "ab": ["ab", "naive", "naive", *SMALL[2:], "--rounds", "12", "--data", data],
                "roofline": ["roofline", "--threads", "2", "--quiet"]}
    out = f"{directory}/{name}"
    names = [call for call in optional if ("EPERM", call) not in BEYOND_US and (name, call) != ("micro", ENDS_MICRO)]
    result = denied("EPERM", names, [*commands[name], "--out", out])
    check(result.returncode == 0, f"{name}: {result}")
    check(not [file for file in os.listdir(out) if file.endswith((".partial", ".tmp"))], f"{name}: {os.listdir(out)}")
    backends = recorded(out)
    if name in ("run", "ab"):
        check(all(b["threads_bound"] is False and b["threads"] == 1 for b in backends.values()), f"{name}: {backends}")
    if name == "micro":
        result = denied("EPERM", [ENDS_MICRO], commands[name])
        check(result.returncode == 0 or
              (result.returncode == 99 and result.stderr.startswith("bench: Google Benchmark failed: ")
               and result.stderr.count("\n") == 1), f"{ENDS_MICRO}: {result}")


def test_sys():
    """Where /sys is missing, no library writes lines of its own."""
    hidden = ["unshare", "--mount", "sh", "-c", 'umount --lazy /sys && exec "$@"', "sh"]
    if subprocess.run([*hidden, "true"], capture_output=True).returncode != 0:
        skip("/sys cannot be hidden here: not root, or no unshare")
    result = subprocess.run([*hidden, bench, "list"], env=clean_environment(), capture_output=True, text=True)
    check(result.returncode == 0 and result.stderr == "", f"no /sys: {result}")


with scratch() as scratch_dir:
    data_dir = make_data(scratch_dir + "/data")
    if command == ["sys"]:
        test_sys()
        finish()
    if uses_libomp(bench):
        skip("libomp ends a process that may not ask for its affinity or have shared memory")
    known = subprocess.run([denier], capture_output=True, text=True, check=True).stdout.split()
    if subprocess.run([denier, "EPERM", "ptrace", "--", "true"], capture_output=True).returncode != 0:
        skip("the kernel takes no filter of system calls here")
    able = [name for name in known if name not in NEEDED]
    quick = ["prove", *SMALL, "--case", "gather *", "--data", data_dir]
    if command:
        test_command(command[0], data_dir, scratch_dir, able)
    else:
        test_needed(quick)
        test_prove(quick, scratch_dir, able)
finish()
