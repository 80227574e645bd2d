/* SPDX-License-Identifier: MIT
 *
 * How busy the machine is before anything is measured, in one sentence. */
#ifndef LB_LOAD_VIEW_H
#define LB_LOAD_VIEW_H

#include <stddef.h>

#include "machine/other_load.h"

/* "warning: others take 52 % of the 2 CPUs that bench uses ..."; "" if they take almost nothing, or if that
 * is not known. Returns text. */
char *load_warning(const struct other_load *l, char *text, size_t size);

#endif
