# SPDX-License-Identifier: MIT
"""Like with like: composed steps beside fused ones, and one op exchanged in the composed step of another backend. What is
wired to what, by the files of short runs; no verdict is expected of a busy machine.

Arguments: bench DIR-OF-MODULES"""
import json
import os
import signal
import subprocess
import sys

from cli_common import check, clean_environment, finish, make_data, ready_backends, run, scratch, skip, whole_rows

bench, modules = sys.argv[1:]
EVIL, EXAMPLE = modules + "/evil.so", modules + "/my_gemm.so"
# So few hidden units that no gemm comes near the peak, which a busy machine measures far too low: that would violate integrity.
SMALL = ["--hidden", "2", "--threads", "1"]


def read_json(path):
    with open(path, encoding="utf-8") as f:
        return json.load(f)


def ab(out, *argv):
    return run(bench, "ab", *argv, *SMALL, "--rounds", "6", "--data", data, "--out", out)


def names_in(out, file, column="backend"):
    return list(dict.fromkeys(r[column] for r in whole_rows(f"{out}/{file}.csv")))


def sources(machine, name):
    return machine["backends"].get(name, {}).get("op_sources", {})


def test_op(directory):
    """A's composed step for both, but for one op."""
    out, a, b = directory + "/op", f"{isa}:composed", f"{isa}+gemm:same_gemm"
    result = ab(out, isa, SAME, "--op", "gemm")
    check(result.returncode == 0, f"--op: exit {result.returncode}: {result.stderr}")
    check("composed against fused" not in result.stdout, f"--op: {result.stdout}")
    machine, summary = read_json(out + "/machine.json"), read_json(out + "/summary.json")
    found = machine["backends"]
    check(list(found) == [a, a + ".again", b], f"--op: contenders {list(found)}")
    check(set(sources(machine, a).values()) == {isa}, f"--op: A's ops {sources(machine, a)}")
    other = {op: name for op, name in sources(machine, b).items() if name != isa}
    check(other == {"gemm": "same_gemm"} and found[b]["own_ops"] == ["gemm"], f"--op: B's ops {sources(machine, b)}")
    check(not any(f["fused_step"] for f in found.values()), "--op: a fused step")
    check(machine["settings"]["op"] == "gemm" and machine["settings"]["backends"] == [a, a, b], f"{machine['settings']}")
    check(summary["ab"]["steps"] == "composed", f"--op: {summary['ab']['steps']}")
    check([s["step"] for s in summary["backends"]] == ["composed"] * 3, "--op: steps in summary.json")
    check(summary["backends"][2]["op_sources"] == found[b]["op_sources"], "--op: op_sources in summary.json")
    for file in ("epochs", "ops", "proof", "integrity"):
        check(set(names_in(out, file)) == {a, a + ".again", b}, f"--op: {file}.csv: {names_in(out, file)}")
    check([(r["a"], r["b"]) for r in whole_rows(out + "/ab.csv")] == [(a, a + ".again"), (a, b)], "--op: ab.csv")
    mine = {r["op"]: r["inherited"] for r in whole_rows(out + "/ops.csv") if r["backend"] == b}
    check({op for op, inherited in mine.items() if inherited == "0"} == {op for op in mine if op.startswith("gemm ")},
          f"--op: own in ops.csv: {mine}")
    losses = {r["backend"]: r["loss"] for r in whole_rows(out + "/epochs.csv") if r["epoch"] == "7"}
    check(len(set(losses.values())) == 1, f"--op: the same code, other bits: {losses}")


def test_default_opponent(directory):
    """A plug-in without a step meets a composed step; a backend with one, a fused step."""
    out = directory + "/opponent"
    result = ab(out, EXAMPLE)
    backends = read_json(out + "/machine.json")["backends"]
    check(list(backends) == [f"{fastest}:composed", f"{fastest}:composed.again", "my_gemm"], f"opponent: {list(backends)}")
    check("composed against fused" not in result.stdout, f"opponent: {result.stdout}")
    out = directory + "/named"
    result = ab(out, fastest, EXAMPLE)
    check("composed against fused" in result.stdout.split("\n")[0], f"named: {result.stdout}")
    check(f"the step of my_gemm is composed of its ops, that of {fastest} is fused" in result.stdout, f"named: {result.stdout}")
    check(read_json(out + "/summary.json")["ab"]["steps"] == "composed against fused", "named: summary.json")


def interrupted_run(argv, out):
    """Killed amid the epochs."""
    process = subprocess.Popen([bench, "run", *argv, "--out", out], env=clean_environment(), stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    shown = ""
    for line in process.stderr:
        shown += line
        if line.startswith("Epoch 2/"):
            break
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    check(process.returncode == -signal.SIGKILL, f"run: exit {process.returncode}: {shown}")
    return shown


def test_run_and_resume(directory):
    """The opponent is added once; each name stays what it is."""
    out = directory + "/run"
    chosen = [isa, f"{isa}+gemm:same_gemm", f"same_gemm+rmsprop:{isa}", "same_gemm:10:composed", "my_gemm"]
    names = [*chosen, f"{fastest}:composed"]
    shown = interrupted_run([*SMALL, "--epochs", "8", "--backend", ",".join(chosen), "--plugin", SAME, "--plugin", EXAMPLE,
                             "--data", data], out)
    check(f"and {fastest}:composed, because the step of" in shown, f"run: {shown}")
    before = read_json(out + "/machine.json")
    result = run(bench, "run", "--resume", out)
    check(result.returncode == 0, f"resume: exit {result.returncode}: {result.stderr}")
    machine, rows = read_json(out + "/machine.json"), whole_rows(out + "/epochs.csv")
    check(list(machine["backends"]) == names == machine["settings"]["backends"], f"resume: {list(machine['backends'])}")
    check([p["name"] for p in machine["settings"]["plugins"]] == ["same_gemm", "my_gemm"], "resume: plug-ins")
    told = {name: machine["backends"][name]["implementation"] for name in names}  # by the workers
    check(told == {name: "gemm=same" if "same_gemm" in name else None for name in names}, f"implementations: {told}")
    for name in names:
        check(sources(machine, name) == sources(before, name) != {}, f"resume: ops of {name}: {sources(machine, name)}")
        epochs = sorted(int(r["epoch"]) for r in rows if r["backend"] == name)
        check(epochs == list(range(1, 9)), f"resume: epochs of {name}: {epochs}")
    check("composed against fused" in result.stdout, f"run: {result.stdout}")
    ups = {s["backend"]: s["speedup_over"] for s in read_json(out + "/summary.json")["backends"]}
    check(ups["my_gemm"][isa]["steps"] == "composed against fused" and
          ups["my_gemm"][f"{fastest}:composed"]["steps"] == "composed", f"run: summary.json: {ups['my_gemm']}")
    gate = run(bench, "gate", "--baseline", out, "--backend", f"{fastest}:composed,{isa}+gemm:same_gemm", "--plugin", SAME,
               "--plugin", EXAMPLE, "--data", data, "--out", directory + "/gate")
    check(gate.returncode in (0, 3, 4), f"gate: exit {gate.returncode}: {gate.stderr}")
    check(set(names_in(directory + "/gate", "gate")) >= {f"{fastest}:composed", f"{isa}+gemm:same_gemm"}, "gate.csv")


def test_proof():
    """The composed step is what is proven; a wrong op is found whoever lends the others."""
    argv = [*SMALL, "--data", data]
    for spec, case, code in ((isa, "lockstep*", 0), (f"{isa}:composed", "lockstep*", 2), (f"{isa}:composed", "composed lockstep*", 0)):
        result = run(bench, "prove", "--backend", spec, *argv, "--case", case, "--json")
        check(result.returncode == code, f"prove {spec} {case}: exit {result.returncode}: {result.stderr}")
        proven = {r["op"] for r in json.loads(result.stdout)["proof_rows"]}
        check(proven == (set() if code else {case[:-1]}), f"prove {spec} {case}: {proven}")
    for kind, code in (("right", 0), ("input", 1)):
        spec = f"{isa}+gemm:evil:{kind}"
        result = run(bench, "prove", "--backend", spec, *argv, "--plugin", EVIL)
        check(result.returncode == code, f"prove {spec}: exit {result.returncode}: {result.stdout} {result.stderr}")
        check(code == 0 or f"{spec}: crashed: killed by SIGSEGV" in result.stderr, f"prove {spec}: {result.stderr}")


def test_micro():
    names = run(bench, "micro", *SMALL, "--backend", f"{isa}:composed,{isa}+gemm:same_gemm", "--plugin", SAME, "--data", data,
                "--benchmark_list_tests")
    check(names.returncode == 0 and f"{isa}+gemm:same_gemm/gemm/forward1" in names.stdout, f"micro: {names}")
    timed = run(bench, "micro", *SMALL, "--backend", f"{isa}:composed,same_gemm+rmsprop:{isa}", "--plugin", SAME, "--data", data,
                "--benchmark_filter=forward1", "--benchmark_min_time=0.001")
    check(timed.returncode == 0 and f"same_gemm+rmsprop:{isa}/gemm/forward1" in timed.stdout, f"micro: {timed}")


REFUSED = [
    (["naive", "EVIL", "--op", "rmsprop"], ["evil has no rmsprop of its own; it has gemm"]),
    (["naive", "avx2", "--op", "gem"], ["--op: 'gem' is not an op", "allowed are gemm, gather", "did you mean 'gemm'?"]),
    (["naive", "avx2", "--op", "gemm,gemm"], ["--op", "'gemm' is named twice"]),
    (["naive", "avx2", "--op", "gemm,"], ["--op", "'' is not an op"]),
    (["naive", "avx2", "--op", ""], ["--op", "empty"]),
    (["naive", "--op", "gemm"], ["two contenders", "--op gemm"]),
    (["--op", "gemm"], ["two contenders"]),
    (["naive", "BENCH:avx2", "--op", "gemm"], ["is from another build"]),
    (["naive+gemm:avx2", "avx2", "--op", "gemm"], ["naive+gemm:avx2 already has ops of two backends"]),
    (["naive", "avx2:composd"], ["accepts only 'composed' after a colon"]),
    (["naive", "avx2+gemm"], ["the backend that supplies these ops is missing", "avx2+gemm:mine"]),
]


def test_refusals(directory):
    for argv, named in REFUSED:
        argv = [w.replace("EVIL", EVIL).replace("BENCH", bench) for w in argv]
        result = ab(directory + "/refused", *argv)
        check(result.returncode == 2 and result.stderr.count("\n") == 1, f"ab {argv}: {result.returncode} {result.stderr!r}")
        check(all(n in result.stderr for n in named), f"ab {argv}: {result.stderr!r}")
        check(not os.path.exists(directory + "/refused"), f"ab {argv}: left a directory")
    result = run(bench, "list", "--plugin", EVIL + ":composed")
    check(result.returncode == 2 and "'composed'" in result.stderr, f"reserved: {result.stderr!r}")


ready = ready_backends(bench)
own = [name for name in ("avx2", "avx512") if name in ready]
if not own:
    skip("needs AVX2")
isa = fastest = own[-1]
SAME = f"{modules}/same_gemm_{isa}.so"
with scratch() as place:
    data = make_data(place + "/data")
    test_op(place)
    test_default_opponent(place)
    test_run_and_resume(place)
    test_proof()
    test_micro()
    test_refusals(place)
finish()
