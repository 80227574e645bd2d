/* SPDX-License-Identifier: MIT
 *
 * The code that a row comes from: the last columns of every CSV file that has figures of a backend. */
#ifndef LB_PROVENANCE_H
#define LB_PROVENANCE_H

#include "backends/registry.h"
#include "base/short_id.h"
#include "results/csv.h"

#define PROVENANCE_COLUMNS "git_commit,binary_sha256"

enum {
    PROVENANCE_COMMIT_SIZE = SHORT_ID_SIZE - 1 + sizeof "+changes",
    PROVENANCE_HASH_SIZE = SHORT_ID_SIZE,
};

struct provenance {
    char commit[PROVENANCE_COMMIT_SIZE]; /* of the program that measured or, for a backend in another build,
                                        of that; ends in "+changes" when tracked files differed; "" unknown */
    char hash[PROVENANCE_HASH_SIZE];     /* start of the SHA-256 of the plug-in, the other build, or this
                                        program; "" when the file cannot be read */
};

/* Of a backend, or with NULL of what this program itself measured. */
struct provenance provenance_of(const struct registry_entry *entry);

/* The two fields. */
void csv_provenance(struct csv *c, const struct registry_entry *entry);

#endif
