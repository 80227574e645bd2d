/* SPDX-License-Identifier: MIT
 *
 * The learning curves of one contender, in the shape of Keras' History.history: an object of four lists, so
 * that any reader of Keras histories can read a run's too. */
#ifndef LB_HISTORY_H
#define LB_HISTORY_H

#include <jansson.h>

#include "train/epoch.h"

struct history {
    json_t *figures; /* NULL: no epoch so far */
    bool lost;       /* out of memory, on the way */
};

void history_epoch(struct history *h, const struct epoch_result *r);

/* Writes dir/history-NAME.json, with what no file name should hold in NAME as %XX; nothing
 * without an epoch. 0 or e. */
int history_write(const struct history *h, const char *dir, const char *name, struct error *e);

void history_free(struct history *h);

#endif
