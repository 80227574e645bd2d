/* SPDX-License-Identifier: MIT
 *
 * Small helpers for result files. */
#ifndef LB_FILE_H
#define LB_FILE_H

#include <stddef.h>

#include "base/error.h"

/* Gives path exactly this content, or leaves it as it was: writes path.tmp, syncs, renames. 0 or e. */
int file_replace(const char *path, const char *bytes, size_t count, struct error *e);

/* The value with nine significant digits and '.' as decimal point whatever the locale. Returns text. */
char *file_format_real(char *text, size_t size, double value);

#endif
