# SPDX-License-Identifier: MIT
"""Learning curves as differences from one of them."""

MARGIN = 0.002  # of accuracy: what the equivalence test over seeds allows its mean to differ
METRICS = (("val_loss", "validation loss"), ("val_accuracy", "validation accuracy"))


def base_of(every, wanted="naive"):
    """The curve that differences are taken from: a Keras file, else the wanted backend, else the first of the longest.
    Never a single epoch if others have more. every: objects with label, is_keras, and count of epochs."""
    for test in (lambda c: c.is_keras, lambda c: c.label == wanted or c.label.startswith(f"{wanted} (")):
        found = next((c for c in every if test(c)), None)
        if found and (found.count > 1 or all(c.count == 1 for c in every)):
            return found
    return max(every, key=lambda c: c.count)


def gaps(points, base):
    """(epoch, difference) where both have the epoch; points: (epoch, number)."""
    there = dict(base)
    return [(epoch, number - there[epoch]) for epoch, number in points if epoch in there]
