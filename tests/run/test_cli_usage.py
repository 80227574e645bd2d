# SPDX-License-Identifier: MIT
"""The command line: what is refused and how, --help, list, data, prove, ISA caps, stdout."""
import json
import os
import re
import signal
import subprocess
import sys

from test_cli_common import check, finish, make_data, ready_backends, run, scratch

bench = sys.argv[1]

# words, what the one line must name
REFUSED = [
    (["--epoch", "5"], ["--epoch", "did you mean '--epochs'?"]),
    (["--epochs"], ["--epochs", "missing", "from 1 to 100000"]),
    (["--epochs="], ["--epochs", "from 1 to 100000"]),
    (["--epochs", "0"], ["--epochs", "'0'", "from 1 to 100000"]),
    (["--epochs", "-3"], ["--epochs", "'-3'"]),
    (["--epochs", "5x"], ["--epochs", "'5x'"]),
    (["--epochs", "1e3"], ["--epochs", "'1e3'"]),
    (["--epochs", " 5"], ["--epochs", "' 5'"]),
    (["--epochs=99999999999999999999"], ["--epochs", "from 1 to 100000"]),
    (["--batch", "65537"], ["--batch", "from 1 to 65536"]),
    (["--batch=0"], ["--batch", "from 1 to 65536"]),
    (["--hidden", "many"], ["--hidden", "'many'"]),
    (["--lr", "0"], ["--lr", "from 1e-09 to 10"]),
    (["--lr", "nan"], ["--lr", "'nan'"]),
    (["--lr", "inf"], ["--lr", "'inf'"]),
    (["--lr", "10.5"], ["--lr", "from 1e-09 to 10"]),
    (["--lr", "0,001"], ["--lr", "'0,001'"]),
    (["--lr", "0x1p-3"], ["--lr", "'0x1p-3'"]),
    (["--seed", "-1"], ["--seed", "'-1'"]),
    (["--seed", "18446744073709551616"], ["--seed", "18446744073709551615"]),
    (["--threads", "0"], ["--threads", "from 1 to 1024"]),
    (["--threads", "1025"], ["--threads", "from 1 to 1024"]),
    (["--naive-epochs", "0"], ["--naive-epochs", "from 1 to 100000"]),
    (["--data="], ["--data", "empty"]),
    (["--out="], ["--out", "empty"]),
    (["--quiet=1"], ["--quiet", "takes no value"]),
    (["--quite"], ["--quite", "did you mean '--quiet'?"]),
    (["--max-isa", "avx"], ["--max-isa", "baseline or avx2 or avx512", "did you mean 'avx2'?"]),
    (["--backend", "avx3"], ["--backend", "'avx3'", "did you mean 'avx2'?"]),
    (["--backend", ""], ["--backend", "empty"]),
    (["--backend", "naive,"], ["--backend"]),
    (["--backend", "naive,naive"], ["--backend", "twice"]),
    (["--nonsense"], ["--nonsense", "--epochs"]),
    (["-x"], ["-x", "--epochs"]),
    (["--"], ["--"]),
    (["--epochs", "5", "extra"], ["'extra'"]),
    (["lst"], ["'lst'", "did you mean 'list'?", "run, list, prove, micro, data"]),
    (["list", "--epochs", "5"], ["--epochs", "bench list", "--json"]),
    (["data", "--backend", "naive"], ["--backend", "bench data"]),
    (["prove", "--epochs=2"], ["--epochs", "bench prove"]),
    (["micro", "--json"], ["--json", "bench micro"]),
    (["run", "--benchmark_filter=x"], ["--benchmark_filter", "bench run"]),
    (["micro", "--benchmark_filtr=x"], ["--benchmark_filtr", "did you mean '--benchmark_filter'?"]),
    (["micro", "--benchmark_format=xml"], ["--benchmark_format", "console, json, csv"]),
    (["--threads", "1,"], ["--threads", "'1,'", "from 1 to 1024"]),
    (["--threads=1,0"], ["--threads", "'1,0'"]),
    (["--batch", "32,64,32"], ["--batch", "'32,64,32'", "twice"]),
    (["--hidden", "16;32"], ["--hidden", "'16;32'", "several with commas"]),
    (["--batch", ",".join(map(str, range(1, 34)))], ["--batch", "more than 32 values"]),
    ([f"--{flag}={','.join(map(str, range(1, 12)))}" for flag in ("threads", "batch", "hidden")],
     ["more than 1000 combinations"]),
    (["prove", "--threads", "1,2"], ["--threads", "'1,2'", "only 'bench run'"]),
    (["micro", "--batch=32,64"], ["--batch", "only 'bench run'"]),
    (["ab", "naive", "naive", "--hidden=8,16"], ["--hidden", "only 'bench run'"]),
    (["roofline", "--threads=1,2"], ["--threads", "only 'bench run'"]),
    (["tune", "--batch=1,2"], ["--batch", "only 'bench run'"]),
    (["prove", "--resume", "x"], ["--resume", "bench prove"]),
    (["--resume", "x", "--batch", "64"], ["--batch", "--resume"]),
    (["worker"], ["worker"]),
]

ENVIRONMENT = [
    ("BENCH_EPOCHS", "none", ["BENCH_EPOCHS", "from 1 to 100000"]),
    ("BENCH_MAX_ISA", "sse", ["BENCH_MAX_ISA", "baseline or avx2 or avx512"]),
    ("BENCH_THREADS", "1,x", ["BENCH_THREADS", "'1,x'"]),
    ("BENCH_QUIET", "yes", ["BENCH_QUIET", "0 or 1"]),
]


def refused(result, code, names, what):
    lines = result.stderr.splitlines()
    check(result.returncode == code, f"{what}: exit {result.returncode} instead of {code}: {result.stderr!r}")
    check(len(lines) == 1 and lines[0].startswith("bench: "), f"{what}: not one line: {result.stderr!r}")
    check(result.stdout == "", f"{what}: something on stdout: {result.stdout!r}")
    for name in names:
        check(name in result.stderr, f"{what}: {name!r} is not named: {result.stderr!r}")


def test_refusals():
    for words, names in REFUSED:
        refused(run(bench, *words), 2, names, "bench " + " ".join(words))
    for variable, value, names in ENVIRONMENT:
        refused(run(bench, env={variable: value}), 2, names, f"{variable}={value} bench")


def test_help():
    page = run(bench, "--help")
    check(page.returncode == 0 and page.stderr == "", "--help: exit code or stderr")
    flags = "backend epochs naive-epochs batch hidden lr seed threads data out max-isa quiet json help version".split()
    for flag in flags:
        check(f"  --{flag} " in page.stdout, f"--help: --{flag} is missing")
    for code in (0, 1, 2, 3, 4, 5, 6, 77, 99, 130):
        check(re.search(rf"^ +{code}  \S", page.stdout, re.M), f"--help: exit code {code} is missing")
    for command in "run list prove micro data".split():
        check(re.search(rf"^  {command} ", page.stdout, re.M), f"--help: command {command} is missing")
        one = run(bench, command, "--help")
        check(one.returncode == 0 and f"bench {command}" in one.stdout, f"{command} --help")
    check("worker" not in page.stdout, "--help: shows the hidden command")
    # Every flag that --help shows is taken by some command, whether or not its value then is.
    for flag in re.findall(r"^  --([a-z-]+) [A-Z]", page.stdout, re.M):
        refusals = [run(bench, command, f"--{flag}=?", "--help").stderr for command in ("run", "prove", "micro", "ab", "gate")]
        check(not all("no such flag" in text for text in refusals), f"--{flag} is shown but not taken")
    version = run(bench, "--version")
    check(version.returncode == 0 and re.match(r"bench \d+\.\d+\.\d+ \(", version.stdout), "--version")


def test_list():
    table = run(bench, "list")
    check(table.returncode == 0 and table.stderr == "", "list: exit code or stderr")
    listing = json.loads(run(bench, "list", "--json").stdout)
    names = [b["name"] for b in listing["backends"]]
    check(names[:1] == ["naive"], f"list --json: {names}")
    for backend in listing["backends"]:
        check(re.search(rf"^{backend['name']} +{backend['status']}", table.stdout, re.M), f"list: {backend['name']}")
        check((backend["status"] == "ready") == (backend["why"] is None), f"list: reason of {backend['name']}")
        if backend["status"] != "not built":
            both = backend["own_ops"] + backend["inherited_ops"]
            check(len(both) == len(set(both)) and "gemm" in both, f"list: ops of {backend['name']}: {both}")
    for library in ("hwloc", "zlib", "Google Benchmark", "OpenMP"):
        check(library in table.stdout, f"list: version of {library}")


def test_caps():
    capped = json.loads(run(bench, "list", "--json", "--max-isa", "baseline").stdout)
    check(capped["isa_cap"] == "baseline" and capped["isa_used"] == "baseline", "list: the cap")
    by_name = {b["name"]: b for b in capped["backends"]}
    check(by_name["avx2"]["status"] == "unsupported" and by_name["avx2"]["why"], "list: avx2 below a baseline cap")
    for words, env in ((["--max-isa", "baseline"], {}), ([], {"BENCH_MAX_ISA": "baseline"})):
        result = run(bench, "--backend", "avx2", *words, env=env)
        refused(result, 77, ["avx2", "unsupported"], f"avx2 below a cap {words or env}")
    listing = run(bench, "list", "--max-isa=avx2", "--json", env={"BENCH_MAX_ISA": "baseline"}).stdout
    check(json.loads(listing)["isa_cap"] == "avx2", "the flag wins over the environment")
    check("avx2" not in ready_backends(bench, "--max-isa=baseline"), "avx2 ready below a baseline cap")


def test_data(folder):
    shown = run(bench, "data", "--data", folder)
    check(shown.returncode == 0 and "640" in shown.stdout, f"data: {shown.stdout!r} {shown.stderr!r}")
    check(run(bench, "data", env={"BENCH_DATA": folder}).stdout == shown.stdout, "data: by environment")
    refused(run(bench, "data", "--data", "/nowhere/at-all"), 6, ["/nowhere/at-all"], "data: no such folder")
    refused(run(bench, "--data", "/nowhere/at-all", "--backend", "naive", "--out", folder + "/new"), 6,
            ["/nowhere/at-all"], "run: no such folder")
    check(not os.path.exists(folder + "/new"), "a run without data leaves its folder")


def test_stdout():
    with open("/dev/full", "w") as full:
        for words in (["list"], ["--help"], ["data"], ["--backend", "naive"]):
            result = run(bench, *words, stdout=full, env={"BENCH_OUT": "/nowhere/x"})
            check(result.returncode == 99, f"{words} to /dev/full: exit {result.returncode}")
            check(result.stderr.count("\n") == 1 and "stdout" in result.stderr and "No space left" in result.stderr,
                  f"{words} to /dev/full: {result.stderr!r}")
    closed = subprocess.run(["sh", "-c", f'exec "{bench}" list >&-'], capture_output=True, text=True)
    check(closed.returncode == 99 and "stdout" in closed.stderr, f"stdout closed: {closed}")
    gone = subprocess.Popen([bench, "list"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    gone.stdout.close()
    noise = gone.stderr.read()
    check(gone.wait() == 0 and noise == "", f"reader gone: exit {gone.returncode}, {noise!r}")
    check(gone.returncode != -signal.SIGPIPE, "killed by SIGPIPE")


with scratch() as data:
    make_data(data)
    test_refusals()
    test_help()
    test_list()
    test_caps()
    test_data(data)
    test_stdout()
finish()
