/* SPDX-License-Identifier: MIT
 *
 * What a run was asked to do, as "settings" of machine.json and sweep.json: written so that --resume can
 * repeat it. */
#ifndef LB_SETTINGS_H
#define LB_SETTINGS_H

#include <jansson.h>

#include "backends/registry.h"
#include "cli/options.h"

/* Adds backends, plug-ins, data, tuning and ISA cap to the numbers that are there. 0, or -1 when out of
 * memory. */
int settings_add_choices(json_t *settings, const struct options *o,
                         const struct registry_entry *const *entries, int count);

/* The settings of a sweep. NULL when out of memory. */
json_t *settings_of_sweep(const struct options *o, const struct registry_entry *const *entries, int count);

/* Puts the settings into o; --data stays when o has it. Loads plug-ins, which must be the same files, and
 * sets the ISA cap. o points into settings from then on. path names their file in errors. EXIT_DATA when one
 * is missing or malformed, EXIT_USAGE when a plug-in or the cap cannot be as it was. *list is the memory
 * that o->backend points to; free(). */
int settings_read(struct options *o, const json_t *settings, const char *path, char **list, struct error *e);

#endif
