/* SPDX-License-Identifier: MIT */
#include "console/summary_view.h"

#include <math.h>
#include <string.h>

#include "backends/describe.h"
#include "console/summary_ops.h"
#include "console/table.h"
#include "results/figures.h"
#include "results/verified.h"

/* The contender whose speed is the unit of a column: NULL when it did not run. */
static const struct summary_row *find_unit(const struct summary *s, const struct registry_entry *entry)
{
    for (int i = 0; i < s->count; i++)
        if (s->rows[i].entry == entry) return &s->rows[i];
    return NULL;
}

/* The two yardsticks: the backend behind inherited ops, and the first one that is a library. */
static const struct registry_entry *fallback_entry(void)
{
    return registry_find(registry_fallback()->name);
}

static const struct registry_entry *library_entry(void)
{
    for (int i = 0; i < registry_count(); i++)
        if (registry_at(i)->backend && registry_at(i)->backend->library) return registry_at(i);
    return NULL;
}

static void ratio_cell(struct table *t, const struct summary *s, const struct summary_row *row,
                       const struct registry_entry *unit)
{
    const struct summary_row *base = unit ? find_unit(s, unit) : NULL;
    const double ratio = base ? speedup_over(s, row, base).ratio : NAN;
    if (isfinite(ratio))
        table_cell(t, "%.2fx", ratio);
    else
        table_cell(t, "%s", "");
}

static void add_row(struct table *t, const struct summary *s, const struct summary_row *row)
{
    const struct time_figures f = time_figures(s, row);
    table_cell(t, "%s", row->entry->name);
    char verified[PROOF_DEVIATION_TEXT];
    table_cell(t, "%s", row->proven ? verified_words(&row->verdict, verified) : "");
    if (row->proven)
        table_cell(t, "%.3f", row->verdict.worst_of_bound);
    else
        table_cell(t, "%s", "");
    table_cell(t, "%d", f.epochs);
    if (f.epochs == 0) {
        for (int i = 0; i < 7; i++) table_cell(t, "%s", "");
        return;
    }
    table_cell(t, "%.3f", f.first);
    table_cell(t, "%.3f", f.median);
    table_cell(t, "%.1f", f.gflops);
    if (isfinite(f.share_of_peak))
        table_cell(t, "%.1f%%", 100 * f.share_of_peak);
    else
        table_cell(t, "%s", "");
    ratio_cell(t, s, row, fallback_entry());
    ratio_cell(t, s, row, library_entry());
    table_cell(t, "%.4f", row->last.result.val_accuracy);
}

static void print_notes(const struct summary *s, const struct summary_row *row, FILE *out)
{
    char text[256];
    const char *name = row->entry->name;
    if (row->failure[0]) fprintf(out, "%s: %s\n", name, row->failure);
    if (row->epochs > 0 && row->epochs < s->wanted_epochs && !row->failure[0])
        fprintf(out, "%s: trained %d epoch%s of %d; compare its accuracy with theirs after as many\n", name,
                row->epochs, row->epochs == 1 ? "" : "s", s->wanted_epochs);
    if (*describe_ops(row->entry->backend, false, text, sizeof text))
        fprintf(out, "%s: inherits from %s: %s\n", name, registry_fallback_for(row->entry->backend)->name,
                text);
    if (describe_reference(row->info.implementation, text, sizeof text))
        fprintf(out, "%s: uses a reference implementation, so it is no fair yardstick: %s\n", name, text);
    if (row->proven && !row->info.bound) fprintf(out, "%s: its threads could not be bound to cores\n", name);
}

int summary_print(const struct summary *s, FILE *out)
{
    struct table t;
    const struct registry_entry *library = library_entry();
    table_init(&t, "llrrrrrrrrr");
    static const char *const head[] = {"backend", "verified", "worst/bound", "epochs",
                                       "first s", "median s", "GFLOP/s",     "of peak"};
    for (size_t i = 0; i < sizeof head / sizeof *head; i++) table_cell(&t, "%s", head[i]);
    table_cell(&t, "vs %s", registry_fallback()->name);
    table_cell(&t, "vs %s", library ? library->name : "library");
    table_cell(&t, "%s", "val acc");
    for (int i = 0; i < s->count; i++) add_row(&t, s, &s->rows[i]);
    const int code = t.failed ? -1 : 0;
    table_print(&t, out);
    table_free(&t);
    fputs("seconds are of training one epoch; the median is of the epochs after the first; vs = how many "
          "times its\n"
          "speed, median of the rounds' ratios; of peak = share of the best multiply-add peak of the "
          "backend's ISA,\n"
          "measured around every epoch on its threads\n",
          out);
    summary_print_amdahl(s, out);
    for (int i = 0; i < s->count; i++) print_notes(s, &s->rows[i], out);
    summary_print_clocks(s, out);
    fprintf(out, "dataset=%s%s\n", s->dataset,
            strcmp(s->dataset, "generated") == 0
                ? ": built-in digits, not MNIST; accuracies are not comparable with MNIST's"
                : "");
    return code;
}
