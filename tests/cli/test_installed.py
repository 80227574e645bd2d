# SPDX-License-Identifier: MIT
"""test_installed.py BENCH WHAT NAMES: what `meson install` leaves, in a tree that was moved since: `tree`: the files, their
links, and the program under its NAMES; `report`, `plot`: the commands that are scripts; `results`: where a program outside
its build directory writes."""
import os
import re
import shutil
import subprocess
import sys

from cli_common import check, check_refused, finish, make_data, run, scratch, skip
from synthetic_run import write_run
from with_module import go_on_with

bench, what, NAMES = os.path.abspath(sys.argv[1]), sys.argv[2], sys.argv[3].split()
# Python finds the installed modules by itself, and would compile them.
PLAIN = {"PYTHONPATH": "", "PYTHONDONTWRITEBYTECODE": ""}

# Below share/.
SHARED = ["lanebench/scripts/report.py", "lanebench/scripts/plot.py", "lanebench/scripts/fetch_mnist.py",
          "lanebench/scripts/page/assets/report.css", "lanebench/scripts/lanebench/run.py", "doc/lanebench/README.md",
          "doc/lanebench/LICENSE", "doc/lanebench/CHANGELOG.md", "doc/lanebench/docs/plug-ins.md",
          "doc/lanebench/results/README.md", "doc/lanebench/examples/plugin/my_gemm.c"]


def install(directory):
    """The directory that holds bin/ and share/."""
    meson = shutil.which("meson")
    if not meson:
        skip("meson is not installed")
    done = subprocess.run([meson, "install", "--no-rebuild", "--destdir", directory + "/first", "-C", os.path.dirname(bench)],
                          capture_output=True, text=True)
    check(done.returncode == 0, f"meson install: {done.stdout}{done.stderr}")
    os.rename(directory + "/first", directory + "/moved")
    found = [at for at, directories, _ in os.walk(directory + "/moved") if {"bin", "share"} <= set(directories)]
    check(len(found) == 1, f"bin/ and share/ in {found}")
    return found[0]


def files_below(directory):
    return {os.path.relpath(os.path.join(at, name), directory) for at, _, names in os.walk(directory) for name in names}


def call(program, *argv, **more):
    return run(program, *argv, env={**PLAIN, **more})


def check_links(documentation):
    for page in (name for name in files_below(documentation) if name.endswith(".md")):
        with open(os.path.join(documentation, page), encoding="utf-8") as f:
            links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", f.read())
        for link in links:
            check(os.path.exists(os.path.join(documentation, os.path.dirname(page), link)), f"{page}: {link} leads nowhere")


def test_tree(directory):
    root = install(directory)
    files, scripts = files_below(root + "/share"), root + "/share/lanebench/scripts"
    check(set(SHARED) <= files, f"not installed: {set(SHARED) - files}")
    check(not any(name.endswith(".pyc") for name in files), "compiled Python is installed")
    check_links(root + "/share/doc/lanebench")
    check(set(os.listdir(root + "/bin")) == set(NAMES), f"bin/ has {os.listdir(root + '/bin')}")
    for name in NAMES:
        check(os.path.realpath(f"{root}/bin/{name}") == f"{os.path.realpath(root)}/bin/lanebench", f"bin/{name} is another program")
        listed = call(f"{root}/bin/{name}", "list")
        check(listed.returncode == 0 and "naive" in listed.stdout, f"{name} list: {listed}")
    fetch = call(root + "/bin/lanebench", "fetch-mnist", "--help")
    check(fetch.returncode == 0 and "--mirror" in fetch.stdout, f"fetch-mnist: {fetch}")
    for script in ("export", "fleet", "peer_torch.py"):
        helped = run(sys.executable, "-B", f"{scripts}/{script}", "--help", env=PLAIN)
        check(helped.returncode == 0 and "usage: " in helped.stdout, f"{script}: {helped}")
    peer = "from peer import records; print(records.make_dir(None, 'id'), *records.commit())"
    made = run(sys.executable, "-B", "-c", peer, env={**PLAIN, "PYTHONPATH": scripts}, cwd=directory)
    check(made.stdout == "results/id None None\n" and os.path.isdir(directory + "/results/id"), f"peer: {made}")
    check(files_below(root + "/share") == files, "a command has written into the installed tree")


def test_report(directory):
    root, recorded = install(directory), directory + "/a run"
    write_run(recorded, backends=("naive", "avx512", "onednn"), epochs=7)
    files = files_below(root + "/share")
    program = root + "/bin/lanebench"
    done = call(program, "report", recorded)
    check(done.returncode == 0 and done.stdout == recorded + "/report.html\n", f"report: {done}")
    check(os.path.exists(recorded + "/report.html"), "report: no page")
    check(call(bench, "report", recorded, "-o", directory + "/page.html").stdout == directory + "/page.html\n",
          "report: does not work in the build directory")
    check(call(program, "report").returncode == 2, "report: the exit code is not that of the script")
    check(files_below(root + "/share") == files, "report has written into the installed tree")
    os.mkdir(directory + "/empty")
    check_refused(call(program, "report", recorded, PATH=directory + "/empty"), 99,
                  ["python3", "No such file", "apt install python3", "PYTHON"], "report without Python")
    check(call(program, "report", recorded, PATH=directory + "/empty", PYTHON=sys.executable).returncode == 0,
          "report: PYTHON does not name the Python")
    check_refused(call(program, "report", recorded, PYTHON="/nonexistent/python3"), 99, ["/nonexistent/python3"],
                  "report with a PYTHON that is not there")
    os.rename(root + "/share/lanebench", directory + "/elsewhere")
    check_refused(call(program, "report", recorded), 99, ["scripts/report.py", "No such file", "install"],
                  "report without its script")


def test_plot(directory):
    go_on_with("matplotlib")
    root, recorded = install(directory), directory + "/a run"
    write_run(recorded, backends=("naive", "avx512", "onednn"), epochs=7)
    done = call(root + "/bin/lanebench", "plot", recorded, PYTHON=sys.executable)
    check(done.returncode == 0 and os.path.exists(recorded + "/charts/epoch-time.png"), f"plot: {done}")


def test_results(directory):
    """Copied away, the program knows nothing of its checkout."""
    program, here = directory + "/bench", directory + "/here"
    shutil.copy(bench, program)
    os.mkdir(here)
    argv = ["--backend", "naive", "--hidden", "16", "--threads", "1", "--epochs", "1", "--data", make_data(directory + "/data")]
    done = run(program, *argv, cwd=here)
    runs = os.listdir(here + "/results") if os.path.isdir(here + "/results") else []
    check(done.returncode == 0 and len(runs) == 1 and f"results: results/{runs[0]}" in done.stdout, f"{runs}: {done}")


with scratch() as scratch_dir:
    {"tree": test_tree, "report": test_report, "plot": test_plot, "results": test_results}[what](scratch_dir)
finish()
