#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes a sparse backend that can be broken: sparse_mutants.py SOURCE OUTPUT.

OUTPUT is SOURCE with its templates pasted in, and at each place below a choice between what is there and a fault,
taken at run time by sparse_bug (sparse_bugs.h)."""
import os
import re
import sys

# (name as in sparse_bugs.h, text, what it becomes where that bug is on)
EDITS = [
    ("THROUGH_LOAD", "    s->steps = 0;\n    memset(s->current",
     "    if (sparse_bug == {bug}) return;\n    s->steps = 0;\n    memset(s->current"),
    ("DECAY_SHORT", "    return s->steps - s->current[pair];",
     "    const uint32_t missed = s->steps - s->current[pair];\n"
     "    return missed - (sparse_bug == {bug} && missed >= 16);"),
    ("UNFLUSHED", "    for (int vec = 0; vec < f->vecs; vec++) catch_up(f, &c, vec, 0, pixel_pairs(f), 1);",
     "    for (int vec = 0; sparse_bug != {bug} && vec < f->vecs; vec++)\n"
     "        catch_up(f, &c, vec, 0, pixel_pairs(f), 1);"),
    ("DENSE_FORGETS", "    DISPATCH_WIDTH(piece->to - piece->from, catch_up, f, c,",
     "    if (sparse_bug != {bug}) DISPATCH_WIDTH(piece->to - piece->from, catch_up, f, c,"),
    ("CACHED_LISTS", "        make_lists(f, part);",
     "        if (!(sparse_bug == {bug} && listed_before(part))) make_lists(f, part);"),
    ("WRONG_SIDE", "    return 3 * set > DENSE",
     "    if (sparse_bug == {bug} && set > 0) return 3 * set <= DENSE_THIRDS * (int64_t)images * pairs;\n"
     "    return 3 * set > DENSE"),
    ("ODD_ENTRIES", "    const uint32_t *end = list + count;",
     "    const uint32_t *end = list + (sparse_bug == {bug} ? count & ~1u : count);"),
    ("ODD_IMAGES", "    const int pairs = job->rows / 2;",
     "    const int pairs = (sparse_bug == {bug} ? job->batch->rows : job->rows) / 2;"),
    ("LAST_FORWARD_LINE", "        const int end = share(f->lines, s->blocks, block + 1);",
     "        const int end = share(f->lines, s->blocks, block + 1) -\n"
     "                        (sparse_bug == {bug} && block == s->blocks - 1);"),
    ("LAST_BACKWARD_LINE", "    const int end = job->train ? share(f->lines, threads, t + 1) : 0;",
     "    const int end = job->train ? share(f->lines, threads, t + 1) -\n"
     "                                     (sparse_bug == {bug} && t == threads - 1) : 0;"),
    ("HALF_PAIR", "            forward_pair(b, pair, rows + 1, 1, 8, vecs);",
     "            forward_pair(b, pair, rows + 1, 1, sparse_bug == {bug} ? 0 : 8, vecs);"),
    ("SWAPPED_PIXELS", "            float *w = p->w + (size_t)v * p->vec_floats + (size_t)(2 * pair + pixel) * VL;",
     "            float *w = p->w + (size_t)v * p->vec_floats +\n"
     "                       (size_t)(2 * pair + (sparse_bug == {bug} ? 1 - pixel : pixel)) * VL;"),
]

# The lists are those of the last call if it had the same addresses: one set for each thread.
LISTED_BEFORE = """
static bool listed_before(const struct fused_part *part)
{
    static struct {
        const void *pixels, *index;
        int rows;
    } last[64];
    const struct batch *b = part->job->batch;
    const bool same = last[part->t].pixels == b->pixels && last[part->t].index == b->index &&
                      last[part->t].rows == b->rows && part->job->train;
    last[part->t].pixels = part->job->train ? b->pixels : NULL;
    last[part->t].index = b->index;
    last[part->t].rows = b->rows;
    return same;
}

"""
# Of headers, which are not warned about.
UNUSED = "".join(f'#pragma GCC diagnostic ignored "-Wunused-{what}"\n' for what in ("const-variable", "function"))

LISTS_MADE_IN = ("static void layer_gather(struct fused *f, const struct fused_part *part)\n"
                 "{\n    struct lists *l = ")


def paste(path, seen):
    """The file with what it includes from beside it; each file once."""
    directory = os.path.dirname(path)

    def included(match):
        other = os.path.normpath(os.path.join(directory, match.group(1)))
        if other in seen or not os.path.exists(other):
            return "" if other in seen else match.group(0)
        seen.add(other)
        return paste(other, seen)

    with open(path, encoding="utf-8") as file:
        return re.sub(r'^#include "(.+)"\n', included, file.read(), flags=re.M)


def replace_once(text, old, new):
    if text.count(old) != 1:
        sys.exit(f"{text.count(old)} places read {old!r}; bring the mutation up to date")
    return text.replace(old, new)


if len(sys.argv) != 3:
    sys.exit(__doc__)
source = paste(os.path.normpath(sys.argv[1]), set())
for name, old, new in EDITS:
    source = replace_once(source, old, new.replace("{bug}", "SPARSE_BUG_" + name))
source = replace_once(source, LISTS_MADE_IN, LISTED_BEFORE + LISTS_MADE_IN)
with open(sys.argv[2], "w", encoding="utf-8") as out:
    out.write('#include "sparse_bugs.h"\n' + UNUSED + source)
