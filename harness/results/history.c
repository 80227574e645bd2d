/* SPDX-License-Identifier: MIT */
#include "results/history.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_text.h"
#include "base/atomic_file.h"
#include "base/file_name.h"

static const char *const names[] = {"loss", "accuracy", "val_loss", "val_accuracy"};
enum { FIGURES = sizeof names / sizeof *names };

/* JSON has no numbers for these three. */
static json_t *figure_json(double value)
{
    return isnan(value)   ? json_string("nan")
           : isinf(value) ? json_string(value > 0 ? "inf" : "-inf")
                          : json_real(value);
}

static json_t *empty_lists(void)
{
    json_t *object = json_object();
    for (int i = 0; i < FIGURES; i++)
        if (json_object_set_new(object, names[i], json_array()) != 0) {
            json_decref(object);
            return NULL;
        }
    return object;
}

void history_epoch(struct history *h, const struct epoch_result *r)
{
    const double values[FIGURES] = {r->loss, r->accuracy, r->val_loss, r->val_accuracy};
    if (!h->figures) h->figures = empty_lists();
    if (!h->figures) h->lost = true;
    for (int i = 0; i < FIGURES && !h->lost; i++)
        if (json_array_append_new(json_object_get(h->figures, names[i]), figure_json(values[i])) != 0)
            h->lost = true;
}

int history_write(const struct history *h, const char *dir, const char *name, struct error *e)
{
    char path[4096], plain[FILE_NAME_SIZE];
    if (!h->figures && !h->lost) return 0;
    snprintf(path, sizeof path, "%s/history-%s.json", dir, file_name_of(name, plain));
    char *text = h->lost ? NULL : json_text(h->figures, JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(9));
    if (!text) return error_set(e, EXIT_INTERNAL, "%s: out of memory", path);
    const int code = file_replace(path, text, strlen(text), e);
    free(text);
    return code;
}

void history_free(struct history *h)
{
    json_decref(h->figures);
    *h = (struct history){0};
}
