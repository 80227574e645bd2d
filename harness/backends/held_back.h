/* SPDX-License-Identifier: MIT
 *
 * Contenders whose library the environment changes: a rival that a setting slows down must not look slow by
 itself. */
#ifndef LB_HELD_BACK_H
#define LB_HELD_BACK_H

#include "backends/registry.h"

/* One sentence of clean text, without an end: which variables change which library of these contenders, and
 * how to measure without them. free(); NULL when there is nothing to say, or out of memory. */
char *held_back_message(const struct registry_entry *const *entries, int count);

#endif
