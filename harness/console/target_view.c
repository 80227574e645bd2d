/* SPDX-License-Identifier: MIT */
#include "console/target_view.h"

#include <math.h>
#include <stdlib.h>

#include "console/table.h"
#include "console/terminal.h"
#include "console/wrap.h"
#include "stats/order.h"

static void seconds_cell(struct table *table, double seconds)
{
    if (isfinite(seconds))
        table_cell(table, "%.3f", seconds);
    else
        table_cell(table, "%s", "not reached");
}

/* Sorts them. What was not reached is infinite, and so may the median be. */
static double middle_of(double *values, int count)
{
    sort_values(values, count);
    return count % 2 ? values[count / 2] : 0.5 * (values[count / 2 - 1] + values[count / 2]);
}

/* seconds and epochs have room for every outcome. */
static void add_line(struct table *table, const struct target_results *t, const struct registry_entry *entry,
                     int seeds, double *seconds, double *epochs)
{
    int count = 0, reached = 0;
    double least = INFINITY, most = 0.0;
    for (int i = 0; i < t->count; i++) {
        const struct target_outcome *o = &t->outcomes[i];
        if (o->entry != entry || !o->finished) continue;
        seconds[count] = o->reached ? o->train_seconds : INFINITY;
        epochs[count] = o->epochs;
        least = fmin(least, seconds[count]);
        most = fmax(most, seconds[count++]);
        reached += o->reached;
    }
    table_cell(table, "%s", entry->name);
    table_cell(table, "%d of %d", reached, seeds);
    if (count == 0) {
        for (int i = 0; i < 4; i++) table_cell(table, "%s", "");
        return;
    }
    seconds_cell(table, middle_of(seconds, count));
    seconds_cell(table, least);
    seconds_cell(table, most);
    table_cell(table, "%g", middle_of(epochs, count));
}

int target_print(const struct target_results *t, const struct registry_entry *const *entries, int count,
                 int seeds, FILE *out)
{
    struct table table;
    double *seconds = calloc((size_t)t->count + 1, sizeof *seconds);
    double *epochs = calloc((size_t)t->count + 1, sizeof *epochs);
    static const char *const head[] = {"backend", "seeds reached", "median s", "least s", "most s", "epochs"};
    table_init(&table, "lrrrrr", "000112");
    for (size_t i = 0; i < sizeof head / sizeof *head; i++) table_cell(&table, "%s", head[i]);
    for (int i = 0; i < count && seconds && epochs; i++)
        add_line(&table, t, entries[i], seeds, seconds, epochs);
    const int code = table.failed || !seconds || !epochs ? -1 : 0;
    wrap_line(
        out, terminal_width(out),
        "time to a validation accuracy of %g: seconds of training steps alone, looked at after whole epochs; "
        "median and spread over the seeds",
        t->accuracy);
    table_print(&table, out);
    fputc('\n', out);
    table_free(&table);
    free(seconds);
    free(epochs);
    return code;
}
