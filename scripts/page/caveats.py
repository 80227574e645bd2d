# SPDX-License-Identifier: MIT
"""Caveats about the figures: each finding with its cause and its size. Thresholds are beside their checks."""

from lanebench import fmt
from lanebench.rows import deviation_of, finite, value
from lanebench.run import difference, interval_of, number, section_of

from . import builds
from .integrity import rows_of
from .markup import join, tag

# Less is not worth a warning: of summary.json, middle_half_share, drift.change and the ratio of peak_range's ends.
SCATTER, DRIFT, STEADY = 0.05, 0.03, 1.1
LEVELS = {"bad": ("✗", "Failure"), "warn": ("!", "Warning"), "note": ("i", "Note")}
OPEN = 3  # that stand before the first figure, the worst ones; the rest is folded
CAUSES = {"steal": "the hypervisor took CPU time", "switches": "threads waited for a CPU",
          "faults": "pages came from disk", "cache": "others used the last-level cache"}


def render(runs, comparison):
    return shown(list(mixed(comparison)) + list(builds.across(runs)) + tagged(runs))


def shown(found):
    """found: (level, text)."""
    order = list(LEVELS)
    found.sort(key=lambda f: order.index(f[0]))
    if not found:
        return tag("p", "✓ The run's files show nothing that casts doubt on these figures.", class_="all-clear")
    rest = found[OPEN:]
    kinds = [fmt.count(sum(level == one for one, _ in rest), LEVELS[level][1].lower()) for level in order
             if any(level == one for one, _ in rest)]
    folded = tag("details", tag("summary", f"{fmt.listed(kinds)} more"), listed(rest), class_="more") if rest else ""
    return join((listed(found[:OPEN]), folded))


def listed(found):
    items = (tag("li", tag("span", LEVELS[level][0], class_="sign", aria_hidden="true"),
                 tag("span", tag("b", LEVELS[level][1] + ": "), text), class_="is-" + level) for level, text in found)
    return tag("ul", *items, class_="warnings", aria_label="Warnings")


def mixed(comparison):
    own = comparison.runs
    if comparison.failure:
        yield "warn", f"the runs are not compared with each other: {comparison.failure}."
    for run in own[1:]:
        what = difference(own[0], run)
        if what:
            yield "bad", (f"runs {own[0].tag} and {run.tag} are not known to be from one machine ({what}): a difference "
                          "in speed between them says nothing about the kernels.")
        work = comparison.other_work(run)
        if work:
            yield "warn", f"runs {own[0].tag} and {run.tag} timed different work: {work}."


def tagged(runs):
    """(level, text) of all runs, with the letters of the runs that a text is true of."""
    tags = {}
    for run in runs:
        for finding in of_peer(run) if run.host else of_run(run):
            tags.setdefault(finding, []).append(run.tag)
    return [(level, f"Run{'s' if len(of) > 1 else ''} {fmt.listed(of)}: {text}" if of[0] else text)
            for (level, text), of in tags.items()]


def of_peer(run):
    """For another framework's run, only what concerns its figures; its host has the findings on machine and build."""
    names = fmt.listed(b.name for b in run.backends)
    yield "note", f"{names} did not take turns with the others; the only ratios are from the rounds of paired.csv, if any."
    for check in (status, files):
        for level, text in check(run):
            yield level, f"{names}: {text}"


def of_run(run):
    for check in (status, resumed, proofs, integrity, machine, build, builds.within, data, files, backends, noise,
                  disturbed, peak):
        yield from check(run)


def status(run):
    if run.status == "interrupted":
        yield "warn", "the run was interrupted; these are the complete rows up to then."
    elif run.status == "running":
        yield "warn", "the run has not ended, or was killed; these are the rows so far."
    elif run.status == "failed":
        yield "bad", f"the run failed (exit code {run.machine.get('exit_code')})."


def resumed(run):
    notes = run.machine.get("resumed")
    if not isinstance(notes, list) or not notes:
        return
    prior = notes[-1].get("kept_epochs") if isinstance(notes[-1], dict) else None
    before = fmt.listed(f"{name} {count}" for name, count in prior.items()) if isinstance(prior, dict) else "unknown"
    yield "warn", (f"the run was resumed {fmt.count(len(notes), 'time')}: the epochs before and after come from "
                   f"different processes and times. Epochs before the last time: {before}.")
    for note in notes:
        again = note.get("trained_again") if isinstance(note, dict) else None
        for name, outcome in again.items() if isinstance(again, dict) else ():
            if outcome != "equal":
                yield "warn", (f"{name}: its earlier epochs, trained again, gave other figures, so its rows are not "
                               "from one training.")


def proofs(run):
    for backend in run.backends:
        failed = sum(finite(backend.proof, "failed"))
        failure = backend.facts.get("failure")
        if failed:
            first = next((r.get("first_failure") for r in backend.proof if r.get("first_failure")), "")
            yield "bad", (f"{backend.name}: {fmt.count(int(failed), 'case')} of the proof failed; it was not timed. "
                          f"{first}")
        elif isinstance(failure, str) and failure and not failure.startswith("integrity violated"):
            yield "bad", f"{backend.name} left the run: {failure}"
        if backend.deviation:
            first = next((r.get("first_failure") or "" for r in backend.proof if deviation_of(r)), "")
            yield "warn", (f"{backend.name} {backend.deviation}: it breaks rules for NaN, Inf, alpha and beta, but "
                           f"nothing else, and was timed anyway. {first}")
        if backend.facts.get("reference_implementation"):
            yield "warn", (f"{backend.name} fell back to a reference implementation: "
                           f"{backend.facts['reference_implementation']}.")


def integrity(run):
    for backend in run.timed():
        shares = [s for s in finite(backend.epochs, "share_of_peak") if s > 1.02]
        if shares:
            what = (f"{backend.name}: {fmt.count(len(shares), 'epoch')} faster than the measured multiply-add peak (up to "
                    f"{fmt.percent(max(shares))}): ")
            if roof_held(backend):
                yield "warn", what + "the peak beside it was measured too low: the integrity check of the roof passed."
            else:
                yield "bad", what + "impossible, or the peak was measured too low."
    for row in rows_of(run):
        if row["status"] == "violation":
            limits = (f": expected {row['expected']}, seen {row['seen']}" if row["expected"] else "") + "."
            yield "bad", (f"{row['backend']} violates integrity ({row['check']}): do not trust its figures. "
                          f"{row['words']}{limits}")


def roof_held(backend):
    """Whether the harness, which measures the peak again before it reports, found no epoch above it."""
    return any((r["backend"], r["check"], r["status"]) == (backend.name, "roof", "pass") for r in rows_of(backend.run))


def machine(run):
    cpu, topology = run.section("cpu"), run.section("topology")
    if cpu.get("hypervisor"):
        yield "warn", (f"measured in a virtual machine ({cpu.get('hypervisor_vendor') or 'unnamed hypervisor'}): other "
                       "guests can take time, and the clock rate is not known.")
    quota, threads = topology.get("cgroup_quota_cpus"), run.fact("settings", "threads")
    if isinstance(quota, (int, float)):
        worse = isinstance(threads, int) and quota < threads
        yield "warn" if worse else "note", (f"a cgroup quota of {quota:g} CPUs was in force"
                                            + (f" for {threads} threads: the kernel stops them in turn."
                                               if worse else "."))
    cores = topology.get("allowed_cores")
    if isinstance(threads, int) and isinstance(cores, int) and threads > cores:
        yield "warn", f"{threads} threads on {cores} cores: they share cores."
    kinds = topology.get("core_kinds")
    if isinstance(kinds, list) and len(kinds) > 1 and isinstance(threads, int) and threads > kinds[0].get("pus", threads):
        yield "warn", f"{threads} threads on cores of several kinds: the fast ones wait for the slow ones."
    governor = cpu.get("frequency_governor")
    if governor and governor != "performance":
        yield "warn", f"the frequency governor is {governor}: the clock rate may vary with the load."
    if cpu.get("isa_cap"):
        yield "note", f"ISA tiers were capped (--max-isa {cpu['isa_cap']})."
    held_back = run.machine.get("environment_warning")
    if isinstance(held_back, str) and held_back:
        yield "warn", held_back + "."
    loose = [b.name for b in run.backends if b.facts.get("threads_bound") is False]
    if loose:
        yield "warn", f"threads of {fmt.listed(loose)} were not bound to cores."


def build(run):
    facts = run.section("build")
    if facts.get("dirty"):
        yield "warn", "the program was built from changed files, so the commit does not identify what was measured."
    if facts.get("buildtype") not in (None, "release"):
        yield "warn", f"the program is not a release build ({facts['buildtype']})."
    if "-fsanitize" in str(facts.get("flags")):
        yield "warn", "the program was built with a sanitizer: its speed means nothing."


def data(run):
    if run.dataset == "generated":
        yield "note", "dataset=generated: built-in digits, so these accuracies are not MNIST's."


def files(run):
    if run.unfinished:
        yield "warn", f"the run did not end: {fmt.listed(run.unfinished)} hold the rows so far."
    for text in run.notes:
        yield "warn", text
    for text in run.remarks:
        yield "note", text


def backends(run):
    few = [b.name for b in run.timed() if b.seconds and not b.interval]
    if few:
        yield "note", f"{fmt.listed(few)}: too few epochs after the first for an interval."
    for backend in run.timed():
        inherited = backend.facts.get("inherited_ops")
        if isinstance(inherited, list) and inherited and not backend.facts.get("fused_step"):
            yield "note", f"{backend.name} inherits {inherited_text(backend, list(map(str, inherited)))}."
        if backend.note:
            yield "note", (f"{backend.titled}: its GFLOP/s count all products of the network, the skipped ones too; "
                           "its share of the peak counts only those that it does.")
    yield from steps(run)


def inherited_text(backend, inherited):
    """"gather and vexp from avx512"; older files, without op_sources, do not name the backend."""
    sources, of = backend.facts.get("op_sources"), {}
    for op in inherited:
        of.setdefault(sources.get(op) if isinstance(sources, dict) else None, []).append(op)
    return fmt.listed(f"{fmt.listed(ops)} from {source or 'the fallback backend'}" for source, ops in of.items())


def steps(run):
    """A composed step and a fused one differ in more than their ops."""
    kinds = {fused: [b.name for b in run.timed() if b.facts.get("fused_step") is fused] for fused in (False, True)}
    if kinds[False] and kinds[True]:
        yield "note", (f"{fmt.listed(kinds[False])} train{'s' if len(kinds[False]) == 1 else ''} in a step composed of single "
                       f"ops, {fmt.listed(kinds[True])} in a fused one: a ratio between them is composed against "
                       "fused.")


def noise(run):
    wide, moved, two = [], [], []
    for backend in run.timed():
        spread, drift = backend.figure("middle_half_share"), section_of(backend.figures, "drift")
        change = number(drift.get("change"))
        if spread and spread > SCATTER:
            wide.append(f"{backend.name} {fmt.percent(spread)}")
        if drift.get("found") and change and abs(change) > DRIFT:
            moved.append(f"{backend.name} {fmt.signed_percent(change)}")
        if backend.figures.get("bimodal"):
            two.append(backend.name)
    if wide:
        yield "warn", (f"epochs scatter. The middle half of them spans this share of the median: {fmt.listed(wide)}. "
                       "Look at the intervals, not at the medians alone.")
    if moved:
        turns = " Backends that took turns were affected alike." if len(run.timed()) > 1 else ""
        yield "warn", (f"the run drifts. Epoch time in its second half relative to the first: {fmt.listed(moved)}."
                       + turns)
    if two:
        yield "warn", f"{fmt.listed(two)}: epochs have two typical times, so the median may be neither."


def disturbed(run):
    """Epochs whose `noisy` names a cause, by results/README.md."""
    found = [f"{b.name} {b.figure('disturbed'):.0f} of {b.figure('later_epochs') or 0:.0f}" for b in run.timed()
             if b.figure("disturbed")]
    causes = {CAUSES.get(e["noisy"], e["noisy"]) for b in run.timed() for e in b.epochs if e.get("noisy")}
    if found:
        yield "note", (f"epochs after the first disturbed by more than 1\u00a0%: {fmt.listed(found)}"
                       + (f" ({fmt.listed(sorted(causes))})" if causes else "")
                       + ". They still count; bench doctor shows what disturbs.")
    first = [b.name for b in run.timed() if b.figures.get("first_is_fastest")]
    if first:
        yield "note", f"{fmt.listed(first)}: the first epoch was the fastest, which warm-up cannot explain."


def peak(run):
    moved = []
    for backend in run.timed():
        peaks = interval_of(backend.figures, "peak_range")
        if peaks and peaks[1] > STEADY * peaks[0]:
            moved.append(f"{fmt.rounded(peaks[0])}–{fmt.rounded(peaks[1])} GFLOP/s beside {backend.name}")
    if moved:
        yield "warn", ("the machine's own speed was not steady. Its multiply-add peak, measured at every epoch: "
                       f"{fmt.listed(moved)}.")
    verified = [b.name for b in run.timed() if any(value(e, "worst_error_of_bound") > 1 for e in b.epochs)]
    if verified:
        yield "bad", f"{fmt.listed(verified)}: timed although an error exceeds its bound."
