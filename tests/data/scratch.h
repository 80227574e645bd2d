/* SPDX-License-Identifier: MIT
 *
 * A directory of a test's own, and files in it. */
#ifndef LB_SCRATCH_H
#define LB_SCRATCH_H

#include <stddef.h>

/* Creates the directory below $TMPDIR or /tmp, readable by everybody; removed with scratch_remove. */
void scratch_create(void);
void scratch_remove(void);

/* The path of a name in the directory ("" for the directory itself); valid until the eighth next call. */
const char *scratch_path(const char *name);

/* Writes a file there and returns its path. */
const char *scratch_write(const char *name, const void *bytes, size_t size);

#endif
