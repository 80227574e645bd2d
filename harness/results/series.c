/* SPDX-License-Identifier: MIT */
#include "results/series.h"

#include <stdio.h>
#include <stdlib.h>

#include "stats/order.h"

/* 0, or -1 when out of memory. */
static int series_add(struct series *s, double value)
{
    if (s->count == s->capacity) {
        const int capacity = s->capacity ? 2 * s->capacity : 32;
        double *grown = realloc(s->values, (size_t)capacity * sizeof *grown);
        if (!grown) return -1;
        s->values = grown;
        s->capacity = capacity;
    }
    s->values[s->count++] = value;
    return 0;
}

static void series_free(struct series *s)
{
    free(s->values);
    *s = (struct series){0};
}

double series_median(const struct series *s)
{
    return median_of(s->values, s->count);
}

int op_series_add(struct op_series *s, const struct epoch_report *report)
{
    double rest = report->result.train_seconds;
    if (report->op_count == 0) return 0;
    s->count = report->op_count + 1;
    for (int i = 0; i < report->op_count; i++) {
        rest -= report->ops[i].seconds;
        snprintf(s->names[i], sizeof s->names[i], "%s", report->name_text[i]);
        if (series_add(&s->seconds[i], report->ops[i].seconds) != 0) return -1;
    }
    snprintf(s->names[report->op_count], sizeof s->names[0], "other");
    return series_add(&s->seconds[report->op_count], rest);
}

void op_series_clear(struct op_series *s)
{
    for (int i = 0; i < s->count; i++) s->seconds[i].count = 0;
}

void op_series_free(struct op_series *s)
{
    for (int i = 0; i <= TRAINER_MAX_OP_TIMES; i++) series_free(&s->seconds[i]);
}

int op_series_medians(const struct op_series *s, struct amdahl_part *parts)
{
    for (int i = 0; i < s->count; i++)
        parts[i] = (struct amdahl_part){s->names[i], series_median(&s->seconds[i])};
    return s->count;
}
