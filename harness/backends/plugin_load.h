/* SPDX-License-Identifier: MIT
 *
 * Loads a plug-in's file into this process, which its code can then crash: only for processes that may crash,
 * or after another process has survived it. */
#ifndef LB_PLUGIN_LOAD_H
#define LB_PLUGIN_LOAD_H

#include "backend.h"
#include "base/error.h"

/* What of a plug-in is running, for the message about a crash. */
enum plugin_stage { PLUGIN_STARTS, PLUGIN_LOADS, PLUGIN_ENTERS, PLUGIN_IS_READ, PLUGIN_TELLS_LIBRARY };

/* dlopen, the entry function, and its answer's version and size. NULL and e when one of them is wrong. stage
 * says all the while what is running; it may be NULL. */
const struct backend *plugin_enter(const char *path, volatile enum plugin_stage *stage, struct error *e);

/* Loads it for good; b is the plug-in's struct backend under the given name, which is stored by reference.
 * Runs constructors and lanebench_backend(). EXIT_USAGE. */
int plugin_load(struct backend *b, const char *path, const char *name, struct error *e);

#endif
