/* SPDX-License-Identifier: MIT */
#ifndef LB_SAVED_ROOFLINE_H
#define LB_SAVED_ROOFLINE_H

#include "cli/session.h"
#include "roof/limiter.h"

/* What bench roofline has saved of this machine, ISA and number of threads. If there is nothing, says on
 * stderr, unless quiet, how to get it; that is not an error. */
bool saved_roofline_find(const struct session *s, struct roofline_rates *rates);

/* Saves a whole measurement in the cache directory and says so; where that is impossible, says why. */
void saved_roofline_save(const char *env_id, const struct roofline_rates *rates, bool quiet);

#endif
