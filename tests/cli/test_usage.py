# SPDX-License-Identifier: MIT
"""The command line: what is refused and how, --help, list, data, prove, ISA caps, stdout."""
import json
import re
import signal
import subprocess
import sys

from cli_common import check, check_refused, finish, make_data, ready_backends, run, scratch

bench = sys.argv[1]

# arguments, what the one line must name
REFUSED = [
    (["--epoch", "5"], ["--epoch: did you mean '--epochs'?"]),
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
    (["lst"], ["'lst'", "did you mean 'list'?", "run, ab, prove, micro"]),
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
    (["--hidden", "16;32"], ["--hidden", "'16;32'", "several separated by commas"]),
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
    (["compare"], ["bench compare", "give 2 to 26"]),
    (["compare", "one"], ["bench compare", "1 directories", "give 2 to 26"]),
    (["compare", *"abcdefghijklmnopqrstuvwxyz", "one"], ["27 directories", "give 2 to 26"]),
    (["compare", "one", ""], ["directory is empty"]),
    (["compare", "one", "two", "--epochs", "3"], ["--epochs", "bench compare"]),
    (["worker"], ["worker"]),
]

SCRIPTS = ["report", "plot", "fetch-mnist"]  # whose flags and exit codes are their own

ENVIRONMENT = [
    ("BENCH_EPOCHS", "none", ["BENCH_EPOCHS", "from 1 to 100000"]),
    ("BENCH_MAX_ISA", "sse", ["BENCH_MAX_ISA", "baseline or avx2 or avx512"]),
    ("BENCH_THREADS", "1,x", ["BENCH_THREADS", "'1,x'"]),
    ("BENCH_QUIET", "yes", ["BENCH_QUIET", "0 or 1"]),
]


def test_refusals():
    for argv, names in REFUSED:
        check_refused(run(bench, *argv), 2, names, "bench " + " ".join(argv))
    for variable, value, names in ENVIRONMENT:
        check_refused(run(bench, env={variable: value}), 2, names, f"{variable}={value} bench")


def page(*argv, columns=80):
    result = run(bench, *argv, env={"COLUMNS": str(columns)})
    check(result.returncode == 0 and result.stderr == "", f"bench {' '.join(argv)}: {result}")
    wide = [line for line in result.stdout.splitlines() if len(line) > columns]
    check(not wide, f"bench {' '.join(argv)}: wider than {columns} columns: {wide}")
    return result.stdout


def commands():
    overview = page("--help")
    return re.findall(r"^  ([a-z][a-z-]+) ", overview[overview.index("Commands:"):overview.index("Common flags:")], re.M)


def test_help():
    overview = page("--help")
    check(len(overview.splitlines()) <= 40, f"--help has {len(overview.splitlines())} lines")
    check({"run", "list", "prove", "micro", "data", "model", "ab", "gate", "help"} <= set(commands()), f"--help: {commands()}")
    check(not {"worker", "help-as"} & set(commands()), "--help shows hidden commands")
    for argv in (["-h"], ["help"], ["help", "--help"], ["help", "-h"], ["--epochs", "5", "--help"]):
        check(page(*argv) == overview, f"bench {' '.join(argv)} is not bench --help")
    for argv in (["-V"], ["--version"], ["run", "-V"]):
        version = run(bench, *argv)
        check(version.returncode == 0 and re.match(r"bench \d+\.\d+\.\d+ \(", version.stdout), f"{argv}: {version}")
    check_refused(run(bench, "help", "worker"), 2, ["'worker'"], "bench help worker")
    check_refused(run(bench, "help", "lst"), 2, ["did you mean 'list'?"], "bench help lst")
    check_refused(run(bench, "help", "ab", "gate"), 2, ["'gate'"], "bench help ab gate")


def test_help_of_commands():
    """Each page names the flags that its command takes, and no other."""
    for command in commands():
        text = page("help", command)
        check(text.startswith(f"usage: bench {command}") and "\nExamples:\n" in text, f"bench help {command}: {text}")
        page("help", command, columns=60)
        if command in ("help", *SCRIPTS):
            continue
        check(page(command, "--help") == text, f"bench {command} --help is not bench help {command}")
        check(len(re.findall(r"^  (?:\S+ )?bench ", text, re.M)) == 3, f"bench help {command}: not three examples")
        check(re.search(r"^  +0  \S", text, re.M) and re.search(r"^  +2  \S", text, re.M), f"{command}: exit codes")
        for flag in re.findall(r"^  --([a-z-]+)(?: |$)", text, re.M):
            taken = run(bench, command, f"--{flag}=?", "--help").stderr
            check("no such flag" not in taken, f"bench help {command} shows --{flag}, which it does not take")
    gate = page("help", "gate")
    check("at least 7 epochs" in " ".join(gate.split()), "bench help gate does not say what a baseline needs")


def test_completions_and_manual_have_the_same_flags():
    flags = {flag for command in commands() for flag in re.findall(r"^  (--[a-z-]+)(?: |$)", page("help", command), re.M)}
    check(len(flags) > 30, f"flags: {flags}")
    manual = run(bench, "help-as", "md").stdout
    check(set(re.findall(r"^\| `(--[a-z-]+)", manual, re.M)) == flags, "help-as md has other flags than the help pages")


def test_list():
    page("list")
    table = run(bench, "list", env={"COLUMNS": "200"})
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
            own = " ".join(backend["own_ops"]) or "none"
            check(re.search(rf"^{backend['name']}: .+\n  own ops: {own}$", table.stdout, re.M),
                  f"list: own ops of {backend['name']}")
    for library in ("hwloc", "zlib", "Google Benchmark", "OpenMP"):
        check(library in table.stdout, f"list: version of {library}")


def test_caps():
    capped = json.loads(run(bench, "list", "--json", "--max-isa", "baseline").stdout)
    check(capped["isa_cap"] == "baseline" and capped["isa_used"] == "baseline", "list: the cap")
    by_name = {b["name"]: b for b in capped["backends"]}
    check(by_name["avx2"]["status"] == "unsupported" and by_name["avx2"]["why"], "list: avx2 below a baseline cap")
    for argv, env in ((["--max-isa", "baseline"], {}), ([], {"BENCH_MAX_ISA": "baseline"})):
        result = run(bench, "--backend", "avx2", *argv, env=env)
        check_refused(result, 77, ["avx2", "unsupported"], f"avx2 below a cap {argv or env}")
    listing = run(bench, "list", "--max-isa=avx2", "--json", env={"BENCH_MAX_ISA": "baseline"}).stdout
    check(json.loads(listing)["isa_cap"] == "avx2", "the flag wins over the environment")
    check("avx2" not in ready_backends(bench, "--max-isa=baseline"), "avx2 ready below a baseline cap")


def test_data(directory):
    shown = run(bench, "data", "--data", directory)
    check(shown.returncode == 0 and "640" in shown.stdout, f"data: {shown.stdout!r} {shown.stderr!r}")
    check(run(bench, "data", env={"BENCH_DATA": directory}).stdout == shown.stdout, "data: by environment")
    check_refused(run(bench, "data", "--data", "/nowhere/at-all"), 6, ["/nowhere/at-all"], "data: no such directory")
    out = directory + "/new"
    check_refused(run(bench, "--data", "/nowhere/at-all", "--backend", "naive", "--out", out), 6, ["/nowhere/at-all"],
                  "run: no such directory", out)
    for argv in (["run", "--backend", "naive"], ["ab", "naive", "naive"], ["micro", "--backend", "naive"]):
        check_refused(run(bench, *argv, "--export-markdown", "/nowhere/at/all.md"), 99, ["/nowhere/at/all.md"],
                      f"{argv[0]} --export-markdown: no such directory, before the proof")


def test_model(directory):
    """Of the generated digits, which have MNIST's shape; and of other images."""
    text = page("model")
    for row in (r"input, .*\(128, 784\) +0", r"hidden, .*\(128, 512\) +relu +401,920", r"output, .*\(128, 10\) +softmax +5,130",
                r"total +407,050"):
        check(re.search(rf"^{row}$", text, re.M), f"model: no {row} in {text}")
    small = run(bench, "model", "--data", directory, "--hidden", "8", "--batch", "100", "--lr", "0.01")
    check(small.returncode == 0 and "in 7 steps of up to 100" in small.stdout and "rate 0.01," in small.stdout,
          f"model: {small}")
    check_refused(run(bench, "model", "--data", "/nowhere/at-all"), 6, ["/nowhere/at-all"], "model: no such directory")


def test_stdout():
    with open("/dev/full", "w") as full:
        for argv in (["list"], ["--help"], ["data"], ["model"], ["--backend", "naive"]):
            result = run(bench, *argv, stdout=full, env={"BENCH_OUT": "/nowhere/x"})
            check(result.returncode == 99, f"{argv} to /dev/full: exit {result.returncode}")
            check(result.stderr.count("\n") == 1 and "stdout" in result.stderr and "No space left" in result.stderr,
                  f"{argv} to /dev/full: {result.stderr!r}")
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
    test_help_of_commands()
    test_completions_and_manual_have_the_same_flags()
    test_list()
    test_caps()
    test_data(data)
    test_model(data)
    test_stdout()
finish()
