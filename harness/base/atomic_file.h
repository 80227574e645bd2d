/* SPDX-License-Identifier: MIT
 *
 * Small helpers for result files. */
#ifndef LB_ATOMIC_FILE_H
#define LB_ATOMIC_FILE_H

#include <stddef.h>

#include "base/error.h"

/* Gives path exactly this content, or leaves it as it was: writes path.tmp, syncs, renames. What is there and
 * no regular file (a device, a pipe, a symbolic link) is written to as it is. 0 or e (EXIT_INTERNAL). */
int file_replace(const char *path, const char *bytes, size_t count, struct error *e);

/* Whether file_replace could begin: for a path that is written after long work. Leaves nothing. 0 or e. */
int file_check_place(const char *path, struct error *e);

/* fsync(), but for file systems and devices that know none, and sandboxes that forbid it. 0, or -1 with
 * errno. */
int file_sync(int fd);

/* The value with nine significant digits and '.' as decimal point whatever the locale. Returns text. */
char *file_format_real(char *text, size_t size, double value);

#endif
