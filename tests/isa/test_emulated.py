# SPDX-License-Identifier: MIT
"""The program on CPUs with less than it was built for, in qemu's user mode: nothing illegal is executed before or
after the choice of a backend, and the choice is right.

Of the proof a few cases are enough: it is slow here, and qemu keeps some memory for every page of the proof's sparse
mappings. On the CPU with AVX2 the ops and steps run without it: qemu's vmaskmovps reads all lanes, masked off or not,
and faults on the proof's guard pages where a real CPU must not.

Arguments: bench exec_emulated.so train_few b_sanitize"""
import os
import shutil
import subprocess
import sys
import tempfile

from cli_common import SKIP, check, clean_environment, finish, make_data, skip

BASELINE, WITH_AVX2 = "Nehalem", "Haswell"


def emulated(qemu, cpu, command, preload=None, timeout=500):
    env = clean_environment(EMULATOR=qemu, EMULATED_CPU=cpu, OMP_WAIT_POLICY="passive")
    if preload:
        env["LD_PRELOAD"] = os.path.abspath(preload)
    done = subprocess.run([qemu, "-cpu", cpu, *command], env=env, text=True, timeout=timeout,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    complaints = [l for l in done.stderr.splitlines() if "TCG doesn't support" not in l]
    return done.returncode, done.stdout, "\n".join(complaints)


def statuses(table):
    return {l.split()[0]: l.split()[1] for l in table.splitlines()[2:] if l and len(l.split()) > 2 and l[0] != " "}


def test_list(qemu, bench):
    for cpu, avx2 in ((BASELINE, "unsupported"), (WITH_AVX2, "ready")):
        code, output, errors = emulated(qemu, cpu, [bench, "list"])
        seen = statuses(output)
        check(code == 0, f"bench list on {cpu}: exit {code}\n{output}{errors}")
        check((seen.get("naive"), seen.get("avx2"), seen.get("avx512")) == ("ready", avx2, "unsupported"),
              f"bench list on {cpu}: {seen}")


def test_prove(qemu, bench, preload):
    with tempfile.TemporaryDirectory() as directory:
        make_data(directory, 64, 16)
        argv = ["prove", "--case", "vexp *", "--threads", "1", "--data", directory]
        out = os.path.join(directory, "out")
        code, output, errors = emulated(qemu, BASELINE, [bench, *argv, "--backend", "naive", "--out", out], preload)
        check(code == 0 and "PROVEN" in output, f"bench prove on {BASELINE}: exit {code}\n{output}{errors}")
        with open(os.path.join(out, "machine.json"), encoding="utf-8") as f:
            check("TCG" in f.read(), f"bench prove was not emulated: see {out}")
        code, output, errors = emulated(qemu, BASELINE, [bench, *argv, "--backend", "avx2"], preload)
        check(code == SKIP and "lacks avx2" in errors, f"avx2 on {BASELINE}: exit {code}\n{output}{errors}")


def test_train(qemu, train_few):
    for cpu, name, wanted in ((BASELINE, "naive", 0), (BASELINE, "avx2", SKIP), (WITH_AVX2, "naive", 0),
                              (WITH_AVX2, "avx2", 0), (WITH_AVX2, "avx512", SKIP)):
        code, output, errors = emulated(qemu, cpu, [train_few, name])
        check(code == wanted, f"train_few {name} on {cpu}: exit {code}, not {wanted}\n{output}{errors}")
        print(f"{cpu}: {output.strip()}")


def main():
    bench, preload, train_few, sanitize = sys.argv[1:5]
    qemu = shutil.which("qemu-x86_64")
    if not qemu:
        skip("no qemu-x86_64: apt install qemu-user")
    if sanitize != "none":
        skip(f"built with b_sanitize={sanitize}: sanitizers do not run in user-mode emulation")
    test_list(qemu, bench)
    test_train(qemu, train_few)
    test_prove(qemu, bench, preload)
    finish()


main()
