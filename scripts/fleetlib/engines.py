# SPDX-License-Identifier: MIT
"""Two ways to run the jobs of targets. submit() sets target["job"] and target["words"]; state() is one of STATES, in the
scheduler's message in target["words"] where the result does not say more."""

import os
import re
import subprocess

from .targets import exit_code_of, place_of, read_result, write_job

STATES = ("complete", "failed", "lost", "running", "pending", "not submitted")
RUNNING = ("RUNNING", "COMPLETING", "SUSPENDED", "STAGE_OUT", "SIGNALING", "STOPPED", "RESIZING")
PENDING = ("PENDING", "CONFIGURING", "REQUEUED", "REQUEUE_HOLD", "SPECIAL_EXIT")


class Unreachable(Exception):
    """The scheduler does not answer: what was not submitted yet stays so."""


def last_line(text, otherwise):
    lines = [line for line in text.strip().splitlines() if line.strip()]
    return lines[-1].strip() if lines else otherwise


def call(argv):
    try:
        return subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", check=False)
    except OSError as error:
        raise Unreachable(f"{argv[0]}: {error.strerror}") from None


def result_state(directory, target):
    """Of a result that arrived; None: none did."""
    code = exit_code_of(directory, target)
    if code is None:
        return None
    if code != 0:
        told = read_result(directory, target, "stderr.txt")
        target["words"] = f"exit code {code}: " + last_line(told, "nothing on stderr")
    else:
        target["words"] = ""
    return "complete" if code == 0 else "failed"


class Local:
    """Runs each job to its end before the next."""

    def submit(self, directory, fleet, target):
        run = call(["sh", write_job(directory, fleet, target)])
        target["job"] = "local"
        target["words"] = "" if run.returncode == 0 else last_line(run.stderr, f"exit code {run.returncode}")

    def state(self, directory, target):
        return result_state(directory, target) or ("not submitted" if target["job"] is None else "lost")


class Slurm:
    """sbatch and scontrol; no accounting is needed. Slurm forgets a job after MinJobAge (300 s), so what it said last stays
    in fleet.json."""

    def submit(self, directory, fleet, target):
        job = write_job(directory, fleet, target)
        output = os.path.join(place_of(directory, target), "slurm.txt")
        run = call(["sbatch", "--parsable", f"--job-name=lanebench-{target['name']}.{target['repeat']}", f"--output={output}",
                    *target["sbatch"], job])
        if run.returncode == 0:
            target["job"], target["words"] = run.stdout.strip().split(";")[0], "submitted"
            return
        target["job"], target["words"] = None, last_line(run.stderr, f"sbatch: exit code {run.returncode}")
        if "contact" in target["words"] or "socket" in target["words"].lower():
            raise Unreachable(target["words"])

    def state(self, directory, target):
        if target["job"] is None:
            return "not submitted"
        told = call(["scontrol", "--oneliner", "show", "job", target["job"]])
        found = dict(re.findall(r"(\w+)=(\S*)", told.stdout))
        state = found.get("JobState")
        if state in RUNNING or state in PENDING:
            target["words"] = state if found.get("Reason", "None") == "None" else f"{state}: {found['Reason']}"
            return "running" if state in RUNNING else "pending"
        arrived = result_state(directory, target)
        if arrived:
            return arrived
        if state:
            target["words"] = f"{state}: exit code {found.get('ExitCode', '?')}, {found.get('Reason', 'None')}"
        elif target["words"] == "submitted" or target["words"].split(":")[0] in RUNNING + PENDING:
            target["words"] = last_line(told.stderr, "no answer") + f"; last: {target['words']}"
        return "lost"


def engine_of(fleet):
    return {"local": Local, "slurm": Slurm}[fleet["engine"]]()
