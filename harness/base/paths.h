/* SPDX-License-Identifier: MIT
 *
 * Directories: made with those above them, and the user's cache. */
#ifndef LB_PATHS_H
#define LB_PATHS_H

#include <stdbool.h>

#include "base/error.h"

/* Makes the directory and those above it, as `mkdir -p` does. made, if not NULL: 1 when the last one was not
 * there before, else left alone. path: shorter than PATH_MAX. EXIT_INTERNAL names the directory that cannot
 * be made. */
int paths_make_dir(const char *path, int *made, struct error *e);

/* The path of `name` in the user's cache directory for this program, by the XDG base directory rules; path:
 * PATH_MAX bytes. False when the user has no home. Nothing is made. */
bool paths_in_cache(const char *name, char *path);

#endif
