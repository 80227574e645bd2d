/* SPDX-License-Identifier: MIT */
#include "report/summary.h"

#include <math.h>
#include <string.h>

#include "report/describe.h"
#include "report/summary_ops.h"
#include "report/table.h"

void summary_init(struct summary *s, const struct registry_entry *const *entries, int count)
{
    memset(s, 0, sizeof *s);
    s->count = count;
    for (int i = 0; i < count; i++) s->rows[i].entry = entries[i];
}

void summary_free(struct summary *s)
{
    for (int i = 0; i < s->count; i++) {
        series_free(&s->rows[i].seconds);
        series_free(&s->rows[i].share);
        op_series_free(&s->rows[i].ops);
    }
    s->count = 0;
}

struct summary_row *summary_row(struct summary *s, const struct registry_entry *entry)
{
    int i = 0;
    while (i < s->count - 1 && s->rows[i].entry != entry) i++;
    return &s->rows[i];
}

int summary_epoch(struct summary_row *row, const struct epoch_report *report, double flop)
{
    const double gflops = flop / report->result.train_seconds * 1e-9;
    row->epochs++;
    row->clock_reads = report->clock_reads;
    row->clock_read_seconds = report->clock_read_seconds;
    row->epoch_flop = flop;
    row->val_accuracy = report->result.val_accuracy;
    if (report->result.epoch == 1 && row->seconds.count > 0) return 0;
    if (series_add(&row->seconds, report->result.train_seconds) != 0 ||
        series_add(&row->share, gflops / report->peak_gflops) != 0 || op_series_add(&row->ops, report) != 0)
        return -1;
    return 0;
}

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

static void ratio_cell(struct table *t, const struct summary *s, const struct registry_entry *unit,
                       double median)
{
    const struct summary_row *row = unit ? find_unit(s, unit) : NULL;
    const double reference = row ? series_median(&row->seconds) : NAN;
    if (isfinite(reference) && isfinite(median) && median > 0)
        table_cell(t, "%.2fx", reference / median);
    else
        table_cell(t, "%s", "");
}

static void add_row(struct table *t, const struct summary *s, const struct summary_row *row)
{
    const double median = series_median(&row->seconds);
    table_cell(t, "%s", row->entry->name);
    table_cell(t, "%s", row->verified ? "yes" : row->proven ? "NO" : "");
    if (row->proven)
        table_cell(t, "%.3f", row->verdict.worst_of_bound);
    else
        table_cell(t, "%s", "");
    table_cell(t, "%d", row->epochs);
    if (row->epochs == 0) {
        for (int i = 0; i < 7; i++) table_cell(t, "%s", "");
        return;
    }
    table_cell(t, "%.3f", row->seconds.values[0]);
    table_cell(t, "%.3f", median);
    table_cell(t, "%.1f", row->epoch_flop / median * 1e-9);
    table_cell(t, "%.1f%%", 100 * series_median(&row->share));
    ratio_cell(t, s, fallback_entry(), median);
    ratio_cell(t, s, library_entry(), median);
    table_cell(t, "%.4f", row->val_accuracy);
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
    fputs("seconds are of training one epoch; the median is of the epochs after the first; vs = ratio of "
          "medians;\nof peak = share of the multiply-add peak of the backend's ISA, measured around every "
          "epoch on its threads\n",
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
