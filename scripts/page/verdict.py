# SPDX-License-Identifier: MIT
"""The first sentence of the page: which backend is fastest, by how much, how sure that is, and whether it is
correct."""

from lanebench import fmt
from lanebench.rows import finite

from . import ab, integrity, speedups
from .markup import join, tag


def render(runs, bases, comparison):
    texts = (*across(comparison), *sentences(runs, bases))
    return tag("div", *(tag("p", text, class_="verdict") for text in texts), class_="verdicts")


def sentences(runs, bases):
    peers = [r for r in runs if r.host]
    runs = [r for r in runs if not r.host]
    for run in runs:
        lead = f"Run {run.tag}: " if run.tag else ""
        if ab.sentence(run):
            yield join((lead, ab.sentence(run)))
        timed = believed(run)
        yield join((lead, *(speed(timed, bases) if timed else [nothing(run)]), rightness(run),
                    *(beside(timed[0], p) for p in peers if timed and p.host is run)))


def believed(run):
    """Timed backends without those that violate integrity, the fastest first."""
    return sorted((b for b in run.timed() if b.seconds and integrity.is_believed(b)), key=lambda b: b.seconds)


def nothing(run):
    if not run.timed():
        return "nothing was timed. "
    known = any(b.seconds for b in run.timed())
    return "do not trust any figure here. " if known else "no summary.json, so the fastest backend is unknown. "


def speed(timed, bases):
    """The parts of the sentence about the fastest."""
    best = timed[0]
    seconds, interval = best.seconds, best.interval
    yield tag("strong", f"{best.titled} trains an epoch in {fmt.seconds(seconds, interval)}")
    text = ""
    if interval:
        text += f" (95\u00a0% interval {fmt.seconds_range(interval, seconds)})"
    if len(timed) == 1:
        yield text + ("; it ran alone. " if len(best.run.timed()) == 1 else ". ")
        return
    second = timed[1]
    up = best.speedup_over(second)
    is_open = up is not None and not up.reason and up.shows_no_difference
    if up and up.reason:
        text += f", but how it compares with {second.titled} is not established ({up.reason})"
    elif is_open:
        text += (f", but cannot be told apart from {second.titled} here ({fmt.times(up.factor)}, "
                 f"{fmt.times_range(up.factor, up.interval)})")
    named = [b for b in dict.fromkeys([second.name, *bases]) if b != best.name]
    phrases = [faster(best, other) for other in timed if other.name in named and not (other is second and is_open)]
    phrases = [phrase for phrase in phrases if phrase]
    yield text + (": " + fmt.listed(phrases) if phrases else "") + ". "


def faster(best, other):
    """'' where it is not established."""
    up = best.speedup_over(other)
    return f"{speedup_text(up)} as fast as {other.titled}" if up and not up.reason else ""


def speedup_text(up):
    return fmt.times_and_range(up.factor, up.interval)


def rightness(run):
    proven = [b for b in run.backends if b.proof]
    failed = [b for b in proven if sum(finite(b.proof, "failed"))]
    gone = [b for b in run.backends if b.facts.get("failure") and b not in failed]
    doubtful = integrity.violators(run)
    text = ""
    if doubtful:
        text += (f"{fmt.listed(doubtful)} VIOLATED integrity: "
                 f"{'their' if len(doubtful) > 1 else 'its'} figures are left out here. ")
    if failed:
        text += f"{fmt.listed(b.name for b in failed)} FAILED the proof. "
    if gone:
        text += f"{fmt.listed(b.name for b in gone)} left the run. "
    for backend in run.backends:
        if backend.deviation:
            text += f"{backend.name} {backend.deviation}. "
    good = [b for b in proven if b not in failed and not b.deviation]
    if good:
        cases = sum(int(sum(finite(b.proof, "count"))) for b in good)
        everyone = len(good) == len(run.backends) and len(good) > 1
        who = "Every backend" if everyone else fmt.listed(b.name for b in good)
        text += f"{who} passed the proof, {fmt.count(cases, 'case')}{' in all' if len(good) > 1 else ''}."
    return text or "There is no record of a proof."


def beside(best, peer):
    """The fastest backend against a framework that took turns with it, whose run lies beside."""
    for backend, up in speedups.paired_rows(peer):
        if backend is best:
            return f" In paired rounds {best.titled} was {speedup_text(up)} as fast as {peer.backends[0].name}."
    return ""


def across(comparison):
    stated = False
    for run in comparison.runs[1:]:
        first, ups = comparison.runs[0], comparison.speedups(run)
        phrases = [f"{backend.titled} {speedup_text(up)}" for backend, up in ups if not up.reason]
        if phrases:
            stated = True
            yield f"Run {run.tag} against run {first.tag}, times as fast: {'; '.join(phrases)}."
        elif ups:
            yield (f"How run {run.tag} compares with run {first.tag} is not established: "
                   f"{'; '.join(dict.fromkeys(up.reason for _, up in ups))}.")
    if stated:
        yield ("These runs did not take turns: if the machine changed between them, that changes the ratios but "
               "widens no interval.")
