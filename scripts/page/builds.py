# SPDX-License-Identifier: MIT
"""What code was measured: the commit and the hash of the binary or plug-in that every row names."""

from lanebench import fmt

UNKNOWN = ("", "")


def builds_of(backend):
    """(commit, hash) of the backend's rows, each once. For rows from before the files had these columns, the commit of
    machine.json, as far as it is known."""
    rows = backend.epochs or backend.proof
    found = dict.fromkeys((r.get("git_commit") or "", r.get("binary_sha256") or "") for r in rows)
    if list(found) == [UNKNOWN] and backend.run.commit != "unknown":
        return [(backend.run.commit, "")]
    return [b for b in found if b != UNKNOWN]


def grouped(run):
    """(commit, hash) -> names of the backends whose rows have it."""
    found = {}
    for backend in run.backends:
        for build in builds_of(backend):
            found.setdefault(build, []).append(backend.name)
    return found


def named(build):
    """'commit cb5ec71c0827, binary 9860634e46f1', as far as known."""
    return ", ".join(f"{what} {text}" for what, text in zip(("commit", "binary"), build) if text)


def binary_text(run):
    """Hashes for the machine box: one for all, or each with the backends that it is of."""
    found = grouped(run)
    if len(found) == 1:
        return next(iter(found))[1]
    same = len({commit for commit, _ in found}) == 1
    return "; ".join(f"{build[1] or 'unknown' if same else named(build)} ({fmt.listed(names)})"
                     for build, names in found.items())


def within(run):
    """Findings about backends of one run that differ in their code, and about a backend whose rows do."""
    for backend in run.backends:
        own = builds_of(backend)
        if len(own) > 1:
            yield "bad", (f"rows of {backend.name} come from different code ({'; '.join(map(named, own))}), so not "
                          "from one training.")
    commits = {}
    for (commit, _), names in grouped(run).items():
        if commit:
            commits.setdefault(commit, []).extend(names)
    if len(commits) > 1:
        listed = "; ".join(f"{fmt.listed(names)} {commit}" for commit, names in commits.items())
        yield "note", f"backends of this run were built from different commits: {listed}."


def across(runs):
    """Findings about runs whose own backends were built from different code."""
    own = [run for run in runs if not run.host]
    for run in own[1:]:
        differing = []
        for backend in run.backends:
            other = own[0].find(backend.name)
            here, there = builds_of(backend), builds_of(other) if other else []
            if here and there and differ(here[0], there[0]):
                differing.append((named(there[0]), named(here[0]), backend.name))
        for there, here, names in merged(differing):
            yield "note", (f"runs {own[0].tag} and {run.tag} were built from different code: {there} and {here} "
                           f"({fmt.listed(names)}).")


def differ(first, second):
    """Whether they differ in what both name."""
    return any(a != b for a, b in zip(first, second) if a and b)


def merged(differing):
    """(there, here, names) once for each pair of builds."""
    found = {}
    for there, here, name in differing:
        found.setdefault((there, here), []).append(name)
    return [(there, here, names) for (there, here), names in found.items()]
