/* SPDX-License-Identifier: MIT */
#ifndef LB_SUGGEST_H
#define LB_SUGGEST_H

/* The candidate nearest to word by edit distance, or NULL when none is near (more than a third of its letters
 * differ). candidates ends with NULL. */
const char *suggest_nearest(const char *word, const char *const *candidates);

#endif
