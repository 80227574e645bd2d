/* SPDX-License-Identifier: MIT
 *
 * How a backend divides a training step among a team, as the backend reports it: nothing runs. */
#ifndef LB_WORK_VIEW_H
#define LB_WORK_VIEW_H

#include <jansson.h>
#include <stdio.h>

#include "backend.h"

/* A line for each pass, and one for each thread. Nothing for a backend that does not report it. */
void work_view_print(const struct backend *b, const struct plan *plan, FILE *out);

/* {"forward": [...], "backward": [...]}: multiply-adds thread by thread; NULL if the backend does not report
 * it, or when out of memory. */
json_t *work_view_json(const struct backend *b, const struct plan *plan);

#endif
