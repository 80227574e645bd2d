/* SPDX-License-Identifier: MIT
 *
 * What `bench roofline` measured, saved in the user's cache directory for later runs: one JSON
 * file for all machines, ISA caps and team sizes.
 *
 *   {"schema": 1, "rooflines": [{"env_id": id, "isa": usable ISA, "threads": n, "utc": when,
 *     "divide": {isa: results a second, ...}, "square_root": {...}, "bytes": {level: bytes a second, ...}}]}
 */
#ifndef LB_ROOFLINE_CACHE_H
#define LB_ROOFLINE_CACHE_H

#include <jansson.h>
#include <stdbool.h>

#include "base/error.h"
#include "roof/limiter.h"
#include "roof/roofline.h"

/* Its name in the cache directory; see paths.h. */
#define ROOFLINE_CACHE "roofline.json"

/* Adds what a row says, if its team is the one of rates. */
void roofline_rates_add(struct roofline_rates *rates, const struct roofline_row *row);

/* By how much the multiply-add peak of any ISA tier differs before and after all else, as a share of the
 * lower one. Above roofline_max_change, something else was using the machine: such rates must not be saved.
 * */
double roofline_rates_change(const struct roofline_rates *rates);
static const double roofline_max_change = 0.1;

/* As in the file; NULL when out of memory. The flop rates are not in it. */
json_t *roofline_rates_json(const struct roofline_rates *rates);

/* The entry of this machine, the usable ISA and the team size. *found tells. A file that is not there has no
 * entries; one that is not such a file is EXIT_USAGE with its path and what is wrong. */
int roofline_cache_find(const char *path, const char *env_id, int threads, struct roofline_rates *rates,
                        bool *found, struct error *e);

/* Adds the entry or replaces the one it supersedes; makes the directory. 0; or e, and the file is unchanged.
 */
int roofline_cache_save(const char *path, const char *env_id, const struct roofline_rates *rates,
                        struct error *e);

#endif
