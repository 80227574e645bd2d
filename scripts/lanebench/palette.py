# SPDX-License-Identifier: MIT
"""Colours of the charts and of the HTML report; needs nothing but the standard library."""

# Okabe and Ito's palette and two colours of Paul Tol's, distinguishable with every common kind of colour blindness. A
# backend has its colour in every chart of every run; one that is not listed (a plug-in) takes the next free one in order
# of its name.
BACKEND_COLOURS = {"naive": "#666666", "avx2": "#0072B2", "avx512": "#D55E00", "onednn": "#009E73",
                   "cblas": "#CC79A7", "torch": "#E69F00", "avx2_sparse": "#332288", "avx512_sparse": "#882255"}
FREE_COLOURS = ("#56B4E9", "#000000")

# Parts of an epoch: Paul Tol's "light" scheme, pale enough for black print and unlike the backends' colours.
PART_COLOURS = ("#77AADD", "#EE8866", "#EEDD88", "#44BB99", "#FFAABB", "#99DDFF", "#BBCC33", "#AAAA00", "#C8A2D0",
                "#D2B48C", "#AABBCC", "#CCAA99", "#E6F598", "#9CA3DB", "#B0E0C8", "#F4C2A1", "#B8A9C9", "#8FBFBF")
OTHER_COLOUR = "#DDDDDD"

KERAS_COLOUR = "#7A3FB0"  # a Keras run laid over the learning curves


# The products of a composed step that do the work of a phase of a fused one, as in harness/train/step_parts.c. A role
# has one colour, whichever op or phase does its work; those below have the same one in every chart.
SAME_WORK = {"dw2": "backward2", "dh": "backward2", "dw1": "backward1"}
ROLES = ("forward1", "forward2", "softmax_xent", "backward2", "backward1", "rmsprop", "gather", "bias_act", "relu_grad",
         "bias_grad", "barrier")


def role_of(part):
    """Of a line of ops.csv."""
    bare = part.removeprefix("gemm ")
    return SAME_WORK.get(bare, bare)


def part_colours(names):
    """Colour by name for the parts of an epoch, "other" last."""
    names = [n for n in names if n != "other"]
    roles = list(dict.fromkeys([*ROLES, *map(role_of, names)]))
    return {**{n: PART_COLOURS[roles.index(role_of(n)) % len(PART_COLOURS)] for n in names}, "other": OTHER_COLOUR}


def part_legend(colours):
    """[(text, colour)], one for each role: "backward2 (dw2, dh)" where parts of it have other names."""
    found = {}
    for name in colours:
        found.setdefault(role_of(name), []).append(name)
    others = {role: [n.removeprefix("gemm ") for n in names] for role, names in found.items()}
    others = {role: [n for n in dict.fromkeys(names) if n != role] for role, names in others.items()}
    return [(role + (f" ({', '.join(others[role])})" if others[role] else ""), colours[names[0]])
            for role, names in found.items()]


def colours_by_name(names):
    """Colour by backend name, for these names and all listed ones."""
    colours = dict(BACKEND_COLOURS)
    for i, name in enumerate(sorted(set(names) - set(BACKEND_COLOURS))):
        colours[name] = FREE_COLOURS[i % len(FREE_COLOURS)]
    return colours
