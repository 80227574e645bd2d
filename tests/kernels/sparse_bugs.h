/* SPDX-License-Identifier: MIT
 *
 * Faults that the broken backend of sparse_mutants.py can have, one at a time. */
#ifndef LB_SPARSE_BUGS_H
#define LB_SPARSE_BUGS_H

enum sparse_bug {
    SPARSE_BUG_NONE,
    SPARSE_BUG_THROUGH_LOAD,       /* load does not begin to count anew */
    SPARSE_BUG_DECAY_SHORT,        /* one step too few after 16 idle ones */
    SPARSE_BUG_UNFLUSHED,          /* store does not make good */
    SPARSE_BUG_DENSE_FORGETS,      /* a dense batch does not */
    SPARSE_BUG_CACHED_LISTS,       /* lists of the last step, for a batch at the same addresses */
    SPARSE_BUG_WRONG_SIDE,         /* few entries take the dense kernels, many the lists */
    SPARSE_BUG_ODD_ENTRIES,        /* the last entry of a list of odd length is left out */
    SPARSE_BUG_ODD_IMAGES,         /* the last image of an odd number has no list */
    SPARSE_BUG_LAST_FORWARD_LINE,  /* the last line of pixels is not listed, forward */
    SPARSE_BUG_LAST_BACKWARD_LINE, /* likewise, backward */
    SPARSE_BUG_HALF_PAIR,          /* of a pair that two threads share, one takes the other's pixels */
    SPARSE_BUG_SWAPPED_PIXELS,     /* each pixel of a pair gets the other's gradient */
    SPARSE_BUG_COUNT
};

extern enum sparse_bug sparse_bug;

#endif
