/* SPDX-License-Identifier: MIT
 *
 * Where this program belongs: the checkout in whose build directory it is, or the tree that it was installed
 * into, wherever that is now. */
#ifndef LB_PLACES_H
#define LB_PLACES_H

#include <stddef.h>

/* The checkout's root, absolute; NULL: the program is installed, or was copied out of its build directory. */
const char *places_checkout(void);

/* The path of a file in scripts/, whether it exists or not; absolute. Returns path, or NULL if the program
 * cannot find its own file, which needs /proc. */
const char *places_script(const char *name, char *path, size_t size);

#endif
