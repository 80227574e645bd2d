/* SPDX-License-Identifier: MIT */
#include "train/confusion.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

static void add_batch(struct confusion *c, const struct batch *b, const float *prob)
{
    for (int i = 0; i < b->rows; i++) {
        const int predicted = predicted_class(prob + (size_t)i * DATASET_CLASSES, DATASET_CLASSES);
        if (predicted >= 0) c->counts[b->labels[b->index[i]]][predicted]++;
    }
}

int confusion_count(struct confusion *c, struct trainer *t, const struct split *s, int batch)
{
    uint32_t *index = malloc((size_t)batch * sizeof *index);
    float *prob = memory_floats((size_t)batch * DATASET_CLASSES);
    const int code = index && prob ? 0 : -1;
    memset(c, 0, sizeof *c);
    for (uint32_t at = 0; code == 0 && at < s->count;) {
        const uint32_t left = s->count - at;
        const struct batch b = {.pixels = s->pixels,
                                .labels = s->labels,
                                .index = index,
                                .rows = left < (uint32_t)batch ? (int)left : batch};
        struct step_result unused;
        for (int i = 0; i < b.rows; i++) index[i] = at + (uint32_t)i;
        trainer_predict(t, &b, prob, &unused);
        add_batch(c, &b, prob);
        at += (uint32_t)b.rows;
    }
    free(index);
    free(prob);
    return code;
}
