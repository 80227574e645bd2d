# SPDX-License-Identifier: MIT
"""bench tune, and the runs that use what it saved."""
import json
import os
import re
import sys

from cli_common import check, finish, make_data, ready_backends, run, scratch, skip

bench = sys.argv[1]
SMALL = ["--hidden", "32", "--batch", "16", "--threads", "1"]


def refusals(directory):
    shapes = os.path.join(directory, "many")
    with open(shapes, "w") as f:
        f.writelines(f"{i} 4 4\n" for i in range(1, 40))
    new = os.path.join(directory, "new.json")
    broken = os.path.join(directory, "broken.json")
    with open(broken, "w") as f:
        f.write("{")
    for argv, code, parts in (
            (["tune", "--backend", "avx2", "--tuning", "off"], 2, ["--tuning off"]),
            (["tune", "--backend", "naive", "--tuning", new], 77, ["anything to tune"]),
            (["tune", "--backend", "avx2", "--tuning", new, "--shapes", shapes], 2, [shapes, "39 shapes"]),
            (["tune", "--backend", "avx2", "--tuning", new, "--shapes", "/nowhere"], 2, ["/nowhere"]),
            (["tune", "--backend", "avx2", "--tuning", broken], 2, [broken]),
            (["run", "--backend", "avx2", "--tuning", broken], 2, [broken, "--tuning off"]),
            (["prove", "--backend", "avx2", "--tuning", "/nowhere/t"], 2, ["--tuning", "/nowhere/t", "auto, off"])):
        r = run(bench, *argv, *SMALL)
        check(r.returncode == code, f"{argv}: exit {r.returncode}, not {code}: {r.stderr}")
        line = r.stderr.strip().splitlines()[-1] if r.stderr.strip() else ""
        check(all(p in line for p in parts), f"{argv}: {line!r} lacks one of {parts}")


def write_tunings(path, *entries):
    with open(path, "w", encoding="utf-8") as f:
        json.dump({"schema": 1, "tunings": entries}, f)
    return path


def entry_of(**changes):
    listing = json.loads(run(bench, "list", "--json").stdout)
    return {"cpu": listing["cpu"], "isa": listing["isa_used"], "backend": "avx2", "threads": 1,
            "blocking": {"mr": 4, "nr": 24, "mc": 96, "nc": 512, "kc": 256}, "gain_percent": 2.5,
            "commit": "abc", "utc": "2026-01-02T03:04:05Z", **changes}


def refuses_and_cleans(directory, data):
    """Sizes that bench tune would not try, and no word of the time that they would save; text that would clear the
    screen."""
    def train(name, **changes):
        saved = write_tunings(os.path.join(directory, name + ".json"), entry_of(**changes))
        return run(bench, "run", "--backend", "avx2", "--epochs", "1", "--data", data, "--out", os.path.join(directory, name),
                   "--tuning", saved, *SMALL)
    r = train("other", blocking={"mr": 4, "nr": 5, "mc": 96, "nc": 512, "kc": 256})
    check(r.returncode == 2 and r.stderr.count("\n") == 1 and " nr " in r.stderr, f"nr 5: exit {r.returncode}: {r.stderr}")
    check("less time" not in r.stderr + r.stdout, f"nr 5: refused, and praised: {r.stderr}")
    check(not os.path.exists(os.path.join(directory, "other")), "nr 5: leaves its directory")
    r = train("escapes", utc="\033[2J\n", commit="\u009b31m")
    check(r.returncode == 0 and "2.5 % less time" in r.stderr, f"escapes: exit {r.returncode}: {r.stderr}")
    check(all(c.isprintable() or c == "\n" for c in r.stderr), f"escapes: {r.stderr!r}")


def tunes(directory, data):
    """Which blocking wins depends on this machine (tests/tune/test_search.c checks the verdict, on known times). The
    file must say what the verdict says: the sizes that it names, in place of an entry from before, or no such entry any
    more."""
    other = entry_of(threads=3)
    saved = write_tunings(os.path.join(directory, "saved.json"), entry_of(), other)
    r = run(bench, "tune", "--backend", "avx2", "--data", data, "--tuning", saved, *SMALL, timeout=900)
    check(r.returncode == 0, f"tune: exit {r.returncode}: {r.stderr[-500:]}")
    check("NN 16x32x784" in r.stdout, f"tune: {r.stdout}")
    with open(saved, encoding="utf-8") as f:
        entries = json.load(f)["tunings"]
    check([e for e in entries if e["threads"] == 3] == [other], f"tune: another team's entry: {entries}")
    mine = [e for e in entries if e["threads"] == 1]
    better = re.search(r"^avx2, 1 thread: (.*) takes ([0-9.]+) % less time than the defaults", r.stdout, re.M)
    none = re.search(r"^avx2, 1 thread: none of \d+ other blockings is faster than the defaults", r.stdout, re.M)
    check(bool(better) != bool(none), f"tune: not one verdict: {r.stdout}")
    if better:
        fields = better[1].replace("tiles by product", "mr 0 nr 0").split()
        named = dict(zip(fields[::2], map(int, fields[1::2])))
        check([(e["blocking"], f"{e['gain_percent']:.1f}") for e in mine] == [(named, better[2])], f"{mine}: {r.stdout}")
    else:
        check(mine == [], f"tune: the defaults were not beaten, and an entry stays: {mine}")
    check(("saved in " + saved in r.stdout) == bool(better) == ("proven    avx2" in r.stderr), f"{r.stdout}{r.stderr}")


def uses(directory, data):
    entry = entry_of()
    saved = write_tunings(os.path.join(directory, "mine.json"), entry)
    for mode, blocking in ((saved, entry["blocking"]), ("off", None)):
        out = os.path.join(directory, "run-" + os.path.basename(mode))
        r = run(bench, "run", "--backend", "avx2", "--epochs", "1", "--data", data, "--out", out, "--tuning", mode,
                *SMALL, timeout=600)
        check(r.returncode == 0, f"run --tuning {mode}: exit {r.returncode}: {r.stderr[-500:]}")
        check(("mr 4 nr 24 kc 256" in r.stderr) == (blocking is not None), f"--tuning {mode}: {r.stderr[:900]}")
        with open(os.path.join(out, "machine.json")) as f:
            record = json.load(f)["backends"]["avx2"]
        check(record["tuned"] == (blocking is not None), f"machine.json, --tuning {mode}: {record}")
        if blocking:
            check(record["blocking"] == blocking, f"machine.json: {record['blocking']}")


if "avx2" not in ready_backends(bench):
    skip("this CPU has no AVX2: nothing to tune here")
with scratch() as directory:
    data = make_data(directory + "/data")
    refusals(directory)
    refuses_and_cleans(directory, data)
    tunes(directory, data)
    uses(directory, data)
finish()
