# SPDX-License-Identifier: MIT
"""Arithmetic intensity of the matrix products of a training step: flop per byte that has to move at least.

Each operand is read and each result written once, four bytes an element. What a fused phase touches besides its
products (the optimizer's state, say) is not counted, so that the same product has the same place on every roofline.
Needs nothing but the standard library."""

import math

# The products of an op or phase as (m, n, k), in letters: b batch, i inputs, h hidden units, c classes.
PRODUCTS = {"forward1": ("bhi",), "forward2": ("bch",), "dw2": ("hcb",), "dh": ("bhc",), "dw1": ("ihb",),
            "backward1": ("ihb",), "backward2": ("hcb", "bhc")}


def intensity(op, flop_per_call, settings):
    """flop per byte, or None for what is no product known here.

    op: a name from ops.csv. flop_per_call: from the same row; it must fit the products that the name stands for, else
    the phase does something else under the same name. settings: that section of machine.json."""
    products = PRODUCTS.get(op.removeprefix("gemm "))
    sizes = {"b": settings.get("batch"), "i": settings.get("inputs"), "h": settings.get("hidden"),
             "c": settings.get("classes")}
    if not products or not all(isinstance(v, int) and v > 0 for v in sizes.values()):
        return None
    shapes = [[sizes[letter] for letter in product] for product in products]
    flop = sum(2 * m * n * k for m, n, k in shapes)
    if not math.isclose(flop, flop_per_call, rel_tol=0.05):  # the last batch of an epoch is smaller
        return None
    return flop / sum(4 * (m * k + k * n + m * n) for m, n, k in shapes)
