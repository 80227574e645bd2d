# SPDX-License-Identifier: MIT
"""The example plug-in: proven, trained, timed; and compiled by its own one line from what `meson install` leaves.

Arguments: bench DIR-OF-MODULES SOURCE-OF-THE-EXAMPLE [installed]"""
import json
import os
import re
import shutil
import subprocess
import sys

from cli_common import check, finish, make_data, provenance_of, run, scratch, skip, whole_rows

bench, modules, source, *part = sys.argv[1:]
EXAMPLE = modules + "/my_gemm.so"
SMALL = ["--hidden", "16", "--threads", "1"]
TEAM = ["--hidden", "16", "--threads", "2"]


def listed(*argv):
    result = run(bench, "list", "--json", *argv)
    return json.loads(result.stdout)["backends"] if result.returncode == 0 else []


def test_run(data, directory):
    out = directory + "/run"
    result = run(bench, *TEAM, "--plugin", EXAMPLE, "--backend", "naive", "--epochs", "1", "--data", data, "--out", out,
                 env={"QUICK_PROOF_TEAMS": "1"})
    check(result.returncode == 0, f"run: exit {result.returncode}: {result.stderr}")
    epochs = {r["backend"]: r for r in whole_rows(out + "/epochs.csv")}
    check(set(epochs) == {"naive", "my_gemm"} and epochs["my_gemm"]["verified"] == "1", f"epochs.csv: {epochs}")
    if len(epochs) == 2:
        losses = [float(epochs[name]["loss"]) for name in ("naive", "my_gemm")]
        check(abs(losses[0] - losses[1]) < 1e-3, f"epochs.csv: losses {losses}")
    for name in ("epochs", "ops", "proof", "integrity"):
        code = {r["backend"]: (r["git_commit"], r["binary_sha256"]) for r in whole_rows(f"{out}/{name}.csv")}
        check(code == {"naive": provenance_of(out, bench), "my_gemm": provenance_of(out, EXAMPLE)}, f"{name}.csv: code {code}")
    inherited = {r["op"]: r["inherited"] for r in whole_rows(out + "/ops.csv") if r["backend"] == "my_gemm"}
    check(inherited.get("gather") == "1" and "0" in inherited.values(), f"ops.csv: {inherited}")


def test_proof(data):
    """With all cases of its own op."""
    result = run(bench, "prove", *SMALL, "--backend", "my_gemm", "--plugin", EXAMPLE, "--case", "gemm *", "--data", data)
    classes = re.search(r"^pass +gemm +(\d+) classes ", result.stdout, re.M)
    check(result.returncode == 0 and classes and int(classes.group(1)) > 15, f"prove: {result}")


def test_choice(data):
    """Which backends a list means, and in which order."""
    for argv, want in ((["--backend", "naive"], ["naive", "my_gemm"]),
                       (["--backend", "my_gemm"], ["my_gemm"]),
                       (["--backend", "my_gemm,naive"], ["my_gemm", "naive"]),
                       ([], [b["name"] for b in listed() if b["status"] == "ready" and b["name"] != "cblas"] + ["my_gemm"])):
        names = run(bench, "micro", *SMALL, *argv, "--plugin", EXAMPLE, "--data", data, "--benchmark_list_tests")
        seen = list(dict.fromkeys(re.findall(r"^([^/\n]+)/", names.stdout, re.M)))
        check(names.returncode == 0 and seen == want, f"{argv}: {seen} instead of {want}: {names.stderr}")


def test_micro(data):
    micro = run(bench, "micro", *SMALL, "--backend", "mine", "--plugin", EXAMPLE + ":mine", "--data", data,
                "--benchmark_filter=forward1", "--benchmark_min_time=0.001")
    check(micro.returncode == 0 and "mine/gemm/forward1" in micro.stdout, f"micro: {micro.stdout} {micro.stderr}")


def test_installed(directory):
    """The line in the example's head, run in a directory that has nothing but the example."""
    meson, pkg_config = shutil.which("meson"), shutil.which("pkg-config")
    if not meson or not pkg_config or not shutil.which("cc"):
        skip("compiling against an installed tree needs meson, pkg-config and cc")
    root = directory + "/root"
    installed = subprocess.run([meson, "install", "--no-rebuild", "--destdir", root, "-C", os.path.dirname(bench)],
                               capture_output=True, text=True)
    check(installed.returncode == 0, f"meson install: {installed.stdout}{installed.stderr}")
    found = {name: os.path.join(at, name) for at, _, names in os.walk(root) for name in names
             if not at.endswith("completions")}  # where a file is called lanebench, too
    check({"backend.h", "ops.def", "lanebench.pc", "lanebench"} <= set(found), f"meson install: {sorted(found)}")
    if "lanebench.pc" not in found or "lanebench" not in found:
        return
    env = {**os.environ, "PKG_CONFIG_PATH": os.path.dirname(found["lanebench.pc"]), "PKG_CONFIG_SYSROOT_DIR": root}
    abi = subprocess.run([pkg_config, "--variable=plugin_abi", "lanebench"], env=env, capture_output=True, text=True)
    with open(found["backend.h"], encoding="utf-8") as f:
        want = re.search(r"#define BACKEND_ABI_VERSION (\d+)u", f.read()).group(1)
    check(abi.stdout.strip() == want, f"plugin_abi: {abi.stdout!r} instead of {want}")
    with open(source, encoding="utf-8") as f:
        line = re.search(r"^ \* +(cc .*my_gemm\.so)$", f.read(), re.M).group(1)
    work = directory + "/work"
    os.mkdir(work)
    shutil.copy(source, work)
    built = subprocess.run(["sh", "-c", line], cwd=work, env=env, capture_output=True, text=True)
    check(built.returncode == 0 and built.stderr == "", f"{line}: {built.stderr}")
    shown = run(found["lanebench"], "list", "--plugin", work + "/my_gemm.so")
    check(shown.returncode == 0 and "my_gemm: " in shown.stdout, f"installed lanebench: {shown.stderr}")


if listed("--plugin", EXAMPLE)[-1]["status"] != "ready":
    skip("the example needs AVX2 and FMA")
with scratch() as scratch_dir:
    data_dir = make_data(scratch_dir + "/data")
    if part == ["installed"]:
        test_installed(scratch_dir)
    else:
        test_proof(data_dir)
        test_run(data_dir, scratch_dir)
        test_choice(data_dir)
        test_micro(data_dir)
finish()
