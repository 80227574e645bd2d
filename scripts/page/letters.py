# SPDX-License-Identifier: MIT
"""Which run each letter stands for, and what differs between them: next to the verdict that speaks of A, B and C."""

from lanebench.run import cpu_text

from .markup import join, tag

TIME = "of"  # "run 20261124-101502-3f9a, of 2026-11-24T10:15:02Z"
# Of machine.json's settings, with what they are called here.
SETTINGS = (("epochs", "epochs"), ("batch", "batch"), ("hidden", "hidden units"), ("lr", "learning rate"), ("seed", "seed"),
            ("target_accuracy", "target accuracy"))


def render(runs):
    own = [run for run in runs if not run.host]
    if len(own) < 2:
        return ""
    facts = [facts_of(run) for run in own]
    names = list(dict.fromkeys(name for found in facts for name in found))
    equal = [name for name in names if name != TIME and len({found.get(name) for found in facts}) == 1]
    lines = [tag("li", tag("b", run.tag), join((f": run {run.run_id}", *(f"{name} {found[name]}" for name in names
                                                if name in found and name not in equal)), ", "))
             for run, found in zip(own, facts)]
    same = ", ".join(f"{name} {facts[0][name]}" for name in equal)
    return tag("ul", *lines, tag("li", f"The same in all: {same}.") if same else "", class_="runs", aria_label="Runs")


def facts_of(run):
    """By name, as far as known."""
    settings, build = run.section("settings"), run.section("build")
    found = {TIME: run.machine.get("time_utc"), "commit": run.commit if run.commit != "unknown" else None,
             "compiler": build.get("compiler"), "CPU": cpu_text(run.section("cpu")), "data": run.dataset,
             "threads": run.threads, **{name: settings.get(key) for key, name in SETTINGS}}
    return {name: str(fact) for name, fact in found.items() if fact not in (None, "")}
