/* SPDX-License-Identifier: MIT */
#include "console/target_view.h"

#include <math.h>

#include "backends/describe.h"
#include "console/table.h"
#include "console/terminal.h"
#include "console/wrap.h"

static void seconds_cell(struct table *table, double seconds)
{
    if (isfinite(seconds))
        table_cell(table, "%.3f", seconds);
    else
        table_cell(table, "%s", "not reached");
}

static void add_line(struct table *table, const struct target_results *t, const struct registry_entry *entry,
                     int seeds)
{
    const struct target_figures f = target_figures(t, entry);
    table_cell(table, "%s", entry->name);
    table_cell(table, "%d of %d", f.reached, seeds);
    if (f.trainings == 0) {
        for (int i = 0; i < 4; i++) table_cell(table, "%s", "");
        return;
    }
    seconds_cell(table, f.median);
    seconds_cell(table, f.fastest);
    seconds_cell(table, f.slowest);
    table_cell(table, "%g", f.median_epochs);
}

void target_table(struct table *table, const struct target_results *t,
                  const struct registry_entry *const *entries, int count, int seeds)
{
    static const char *const head[] = {"backend",   "seeds reached", "median s",
                                       "fastest s", "slowest s",     "epochs"};
    table_init(table, "lrrrrr", "000112");
    for (size_t i = 0; i < sizeof head / sizeof *head; i++) table_cell(table, "%s", head[i]);
    for (int i = 0; i < count; i++) add_line(table, t, entries[i], seeds);
}

int target_print(const struct target_results *t, const struct registry_entry *const *entries, int count,
                 int seeds, FILE *out)
{
    struct table table;
    target_table(&table, t, entries, count, seeds);
    const int code = table.failed ? -1 : 0;
    wrap_line(out, terminal_page_width(out),
              "time to a validation accuracy of %g: seconds of training steps alone, checked after whole "
              "epochs; median and spread over the seeds",
              t->accuracy);
    table_print(&table, out);
    for (int i = 0; i < count; i++) {
        char note[DESCRIBE_NOTE_SIZE];
        if (*describe_note(entries[i], note))
            wrap_line(out, terminal_width(out), "%s: %s", entries[i]->name, note);
    }
    fputc('\n', out);
    table_free(&table);
    return code;
}
