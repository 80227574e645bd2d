/* SPDX-License-Identifier: MIT
 *
 * integrity.csv: one row for each contender and check. */
#ifndef LB_INTEGRITY_FILE_H
#define LB_INTEGRITY_FILE_H

#include <jansson.h>

#include "integrity/checks.h"
#include "results/run_files.h"

/* Writes the file, whole. names[i] is the contender of all[i]. */
int integrity_file_write(const struct integrity *all, const struct registry_entry *const *entries, int count,
                         const char *dir, const struct row_identity *identity, struct error *e);

/* What machine.json says of one contender; a new reference, NULL when out of memory. */
json_t *integrity_json(const struct integrity *i);

#endif
