# SPDX-License-Identifier: MIT
"""Whether a step trains the network correctly: a few steps compared with the same formulas in double precision."""

import torch

from . import steps

LR = 1e-3
# Of the size of the gradients, so that an epsilon in the wrong place, or a wrong scale of the gradient, shows.
EPSILON = 1e-3
# Of the weights' change, by norm. Rounding gives 1e-6; a unit that rounding puts on the other side of ReLU's kink gives
# a few 1e-4; every wrong formula that the tests try gives more than 1e-2.
TOLERANCE = 2e-3


def with_biases(w1, w2):
    """w1, b1, w2, b2 at the start."""
    return w1, w1.new_zeros(w1.shape[1]), w2, w2.new_zeros(w2.shape[1])


class Double:
    """The step in float64, straight from the formulas."""

    def __init__(self, data, w1, w2, lr, epsilon):
        self.data, self.lr, self.epsilon = data, lr, epsilon
        self.w = [w.double() for w in with_biases(w1, w2)]
        self.v = [torch.zeros_like(w) for w in self.w]

    def train(self, index):
        w1, b1, w2, b2 = self.w
        x, targets = self.data.images[index].double(), self.data.targets[index].double()
        pre = x @ w1 + b1
        h = pre.clamp(min=0)
        dz = (torch.softmax(h @ w2 + b2, 1) - targets) / len(index)
        dh = (dz @ w2.t()) * (pre > 0)
        for w, v, g in zip(self.w, self.v, (x.t() @ dh, dh.sum(0), h.t() @ dz, dz.sum(0))):
            v.mul_(steps.RHO).add_((1 - steps.RHO) * g * g)
            w.sub_(self.lr * g / (v.sqrt() + self.epsilon))


def distance(step, data, w1, w2, index, batch):
    """Trains `step` and the oracle on the batches of index, the last one smaller. Returns the largest difference of any
    tensor's change, as a share of that change."""
    oracle = Double(data, w1, w2, LR, EPSILON)
    for part in index.split(batch):
        step.train(part, w2.new_empty(len(part), w2.shape[1]))
        oracle.train(part)
    worst = 0.0
    for before, ours, theirs in zip(with_biases(w1, w2), step.parameters(), oracle.w):
        change = theirs - before.double()
        gap = ((ours.double() - theirs).norm() / change.norm().clamp(min=1e-30)).item()
        if not gap <= worst:  # a NaN stays
            worst = gap
    return worst
