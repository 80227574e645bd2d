/* SPDX-License-Identifier: MIT
 *
 * How two runs differ besides their times, from their summary.json. */
#ifndef LB_RUN_FACTS_H
#define LB_RUN_FACTS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* CPU, commit, compiler, data set and every setting that is a single value, as {name: [first, second]}, in
 * text; what only one of them says is left out. A new reference. */
json_t *run_facts_differences(const json_t *first, const json_t *second);

/* Whether an epoch of the two is other work: other images, or other sizes of the network or the batch. text:
 * what differs. */
bool run_facts_other_work(const json_t *first, const json_t *second, char *text, size_t size);

#endif
