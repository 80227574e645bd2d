/* SPDX-License-Identifier: MIT
 *
 * Small helpers for result files. */
#ifndef LB_ATOMIC_FILE_H
#define LB_ATOMIC_FILE_H

#include <stddef.h>

#include "base/error.h"

/* Gives path exactly this content, or leaves it as it was: writes path.tmp, syncs, renames. An existing path
 * that is not a regular file (a device, a pipe, a symbolic link) is written to directly. 0 or e
 * (EXIT_INTERNAL). */
int file_replace(const char *path, const char *bytes, size_t count, struct error *e);

/* Whether file_replace could begin: for a path that is written only after long work. Leaves no file. 0 or e.
 * */
int file_check_place(const char *path, struct error *e);

/* fsync(), except on file systems and devices without it, and in sandboxes that forbid it. 0, or -1 with
 * errno. */
int file_sync(int fd);

/* The value with nine significant digits and '.' as decimal point whatever the locale. Returns text. */
char *file_format_real(char *text, size_t size, double value);

#endif
