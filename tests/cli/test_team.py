# SPDX-License-Identifier: MIT
"""Commands that measure in their own process do so with the OpenMP settings of a worker, whatever the user's are, and
find the same CPUs allowed as without a start of their own. And how a step is divided among a team can be asked for, on
any machine."""
import json
import os
import sys

from cli_common import check, finish, make_data, run, scratch, uses_libomp

bench = sys.argv[1]


def machine_of(directory, name, **env):
    """What bench micro records of the process that would measure."""
    out = os.path.join(directory, name)
    result = run(bench, "micro", "--backend", "naive", "--hidden", "16", "--threads", "1", "--data", directory + "/data",
                 "--benchmark_list_tests", "--out", out, env=env)
    check(result.returncode == 0 and "naive/gather" in result.stdout, f"{name}: exit {result.returncode}: {result.stderr}")
    with open(out + "/machine.json", encoding="utf-8") as f:
        return json.load(f)


def check_team(name, machine, cpus):
    env, topology = machine["environment"], machine["topology"]
    check(topology["allowed_pus"] == len(cpus) and topology["places"][0] in cpus, f"{name}: {topology}, allowed: {cpus}")
    check(env.get("OMP_NUM_THREADS") == "1" and "OMP_SCHEDULE" not in env, f"{name}: {env}")
    if "clang" in json.dumps(machine["build"]["compiler"]):
        check(env.get("OMP_PROC_BIND") == "false" and "OMP_PLACES" not in env, f"{name}: {env}")
        return
    places = [int(p.strip("{}")) for p in env.get("OMP_PLACES", "").split(",") if p]
    check(env.get("OMP_PROC_BIND") == "close" and len(places) >= 8 and set(places[:8]) == {topology["places"][0]}
          and set(places) == cpus, f"{name}: {env}")


def test_closed_stdout(data):
    """The second start must not take /dev/null, which the first put there, for a reader."""
    argv = [bench, "micro", "--backend", "naive", "--data", data, "--benchmark_list_tests"]
    result = run("/bin/sh", "-c", 'exec "$@" >&-', "sh", *argv)
    check(result.returncode == 99 and "stdout" in result.stderr, f"closed: {result.returncode}: {result.stderr}")


def test_work_of_a_team():
    """512 hidden units, 128 images: no thread of 1 to 128 has more than 1.10 times the mean."""
    for threads in (1, 12, 16, 128):
        listing = json.loads(run(bench, "list", "--json", "--threads", str(threads)).stdout)["backends"]
        for backend in listing:
            work = backend.get("step_work")
            check((work is None) == (backend["name"] not in ("avx2", "avx512") or backend["status"] != "ready"),
                  f"{backend['name']}: work of {threads} threads: {work}")
            for name, row in (work or {}).items():
                check(len(row) == threads and sum(row) == 128 * 784 * 512 and max(row) * threads <= 1.10 * sum(row),
                      f"{backend['name']}, {threads} threads, {name}: {row}")
    check("step_work" not in run(bench, "list", "--json").stdout, "work without --threads")


with scratch() as top:
    test_work_of_a_team()
    make_data(top + "/data")
    allowed = os.sched_getaffinity(0)
    one = max(allowed)
    check_team("plain", machine_of(top, "plain"), allowed)
    check_team("user's", machine_of(top, "users", OMP_PROC_BIND="spread", OMP_PLACES=f"{{{one}}}", OMP_NUM_THREADS="5",
                                    OMP_SCHEDULE="dynamic"), {one})
    # The first start is bound to one CPU already; the second must not be. With libomp it is a libgomp of oneDNN's that
    # binds, of whose places libomp knows nothing.
    if not uses_libomp(bench):
        check_team("bound", machine_of(top, "bound", OMP_PROC_BIND="true"), allowed)
    # An inherited mark of another process is no start of this one.
    check_team("inherited", machine_of(top, "inherited", LANEBENCH_TEAM_OF="1"), allowed)
    test_closed_stdout(top + "/data")
finish()
