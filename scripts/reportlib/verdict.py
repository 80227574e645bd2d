# SPDX-License-Identifier: MIT
"""The first sentence of the page: who is fastest, by how much, how sure that is, and whether it is right."""

from . import ab, figures, integrity, speedups, words
from .load import finite
from .markup import join, tag


def render(runs, bases):
    return tag("div", *(tag("p", text, class_="verdict") for text in sentences(runs, bases)), class_="verdicts")


def sentences(runs, bases):
    peers = [r for r in runs if r.host]
    runs = [r for r in runs if not r.host]
    if len(runs) > 1:
        yield from across(runs)
    for run in runs:
        lead = f"Run {run.tag}: " if run.tag else ""
        if ab.sentence(run):
            yield join((lead, ab.sentence(run)))
        timed = believed(run)
        yield join((lead, *(speed(timed, bases) if timed else [nothing(run)]), rightness(run),
                    *(beside(timed[0], p) for p in peers if timed and p.host is run)))


def believed(run):
    """Timed backends without those that violate integrity, the fastest first: a cheat is no winner."""
    return sorted(filter(integrity.is_believed, run.timed()), key=figures.median_seconds)


def nothing(run):
    return "no figure here is to be believed. " if run.timed() else "nothing was timed. "


def speed(timed, bases):
    """The parts of the sentence about the fastest."""
    best = timed[0]
    seconds, interval = figures.median_seconds(best), figures.interval(best)
    yield tag("strong", f"{best.name} trains an epoch in {words.seconds(seconds, interval)}")
    text = ""
    if interval:
        text += f" (95\u00a0% interval {words.seconds_range(interval, seconds)})"
    if len(timed) == 1:
        yield text + ("; it ran alone. " if len(best.run.timed()) == 1 else ". ")
        return
    second = timed[1]
    factor, spread, _ = figures.speedup(second, best)
    if spread and spread[0] <= 1 <= spread[1]:
        text += (f", but cannot be told from {second.name} here "
                 f"({words.times(factor, spread)}, {words.plain_range(spread)})")
    named = [b for b in dict.fromkeys([second.name, *bases]) if b != best.name]
    phrases = [faster(best, other) for other in timed if other.name in named
               and not (other is second and spread and spread[0] <= 1 <= spread[1])]
    yield text + (": " + words.listed(phrases) if phrases else "") + ". "


def faster(best, other):
    factor, spread, _ = figures.speedup(other, best)
    certain = f" ({words.plain_range(spread)})" if spread else ""
    return f"{words.times(factor, spread)}{certain} as fast as {other.name}"


def rightness(run):
    proven = [b for b in run.backends if b.proof]
    failed = [b for b in proven if sum(finite(b.proof, "failed"))]
    gone = [b for b in run.backends if b.facts.get("failure") and b not in failed]
    doubtful = integrity.violators(run)
    text = ""
    if doubtful:
        text += (f"{words.listed(doubtful)} VIOLATED integrity: "
                 f"{'their' if len(doubtful) > 1 else 'its'} figures are left out here. ")
    if failed:
        text += f"{words.listed(b.name for b in failed)} FAILED the proof. "
    if gone:
        text += f"{words.listed(b.name for b in gone)} left the run. "
    for backend in run.backends:
        if backend.deviation:
            text += f"{backend.name} {backend.deviation}. "
    good = [b for b in proven if b not in failed and not b.deviation]
    if good:
        cases = sum(int(sum(finite(b.proof, "count"))) for b in good)
        everyone = len(good) == len(run.backends) and len(good) > 1
        who = "Every backend" if everyone else words.listed(b.name for b in good)
        text += f"{who} passed the proof, {words.count(cases, 'case')}{' in all' if len(good) > 1 else ''}."
    return text or "No proof is on record."


def beside(best, peer):
    """The fastest backend against a framework that is kept beside the run."""
    for backend, _, factor, spread, _ in speedups.paired_rows(peer):
        if backend is best:
            certain = f" ({words.plain_range(spread)})" if spread else ""
            return f" In paired rounds {best.name} was {words.times(factor, spread)}{certain} as fast as torch."
    phrases = [faster(best, other) for other in peer.timed()]
    return f" {best.name} is {words.listed(phrases)}, which ran apart." if phrases else ""


def across(runs):
    first = runs[0]
    for run in runs[1:]:
        phrases = []
        for backend in filter(integrity.is_believed, run.timed()):
            other = first.find(backend.name)
            if other in believed(first):
                factor, spread, _ = figures.speedup(other, backend)
                same = spread and spread[0] <= 1 <= spread[1]
                certain = f" ({words.plain_range(spread)})" if spread else ""
                phrases.append(f"{backend.name} {words.times(factor, spread)}{certain}"
                               + (", no difference shown" if same else ""))
        if phrases:
            yield (f"Run {run.tag} against run {first.tag}, times as fast: {'; '.join(phrases)}. These runs were not "
                   "interleaved.")
