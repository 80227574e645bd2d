/* SPDX-License-Identifier: MIT */
#include "console/summary_view.h"

#include <math.h>
#include <string.h>

#include "backends/describe.h"
#include "console/speedup_view.h"
#include "console/summary_ops.h"
#include "console/table.h"
#include "console/terminal.h"
#include "console/wrap.h"
#include "data/dataset.h"
#include "results/figures.h"
#include "results/verified.h"
#include "train/step_parts.h"

/* The contender whose speed is the unit of a column: NULL when it did not run. */
static const struct summary_row *find_unit(const struct summary *s, const struct registry_entry *entry)
{
    for (int i = 0; i < s->count; i++)
        if (s->rows[i].entry == entry) return &s->rows[i];
    return NULL;
}

/* The two references: the backend that inherited ops come from, and the first one that is a library. */
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

/* Only what is established: see figures.h. */
static void ratio_cell(struct table *t, const struct summary *s, const struct summary_row *row,
                       const struct registry_entry *unit)
{
    const struct summary_row *base = unit ? find_unit(s, unit) : NULL;
    const struct speedup up = base ? speedup_over(s, row, base) : (struct speedup){.established = false};
    if (up.established)
        table_cell(t, "%.2fx", up.ratio);
    else
        table_cell(t, "%s", "");
}

static void proof_cells(struct table *t, const struct summary_row *row)
{
    const struct proof_verdict *v = &row->verdict;
    char share[16];
    if (!row->proven) {
        for (int i = 0; i < 3; i++) table_cell(t, "%s", "");
        return;
    }
    table_cell(t, "%s", !proof_passed(v) ? "NO" : v->deviating ? "deviates" : "yes");
    table_cell(t, "%lld", v->cases);
    table_cell(t, "%s", proof_share_text(proof_worst(v), share, sizeof share));
}

static void add_row(struct table *t, const struct summary *s, const struct summary_row *row)
{
    const struct time_figures f = time_figures(s, row);
    table_cell(t, "%s", row->entry->name);
    proof_cells(t, row);
    table_cell(t, "%d", f.epochs);
    if (f.epochs == 0) {
        for (int i = 0; i < 9; i++) table_cell(t, "%s", "");
        return;
    }
    table_cell(t, "%.3f", f.first);
    table_cell(t, "%.3f", f.median);
    table_cell(t, "%.3f - %.3f", f.fastest, f.slowest);
    table_cell(t, "%d/%d", f.disturbed, f.later);
    table_cell(t, "%.1f", f.gflops);
    if (isfinite(f.share_of_peak))
        table_cell(t, "%.1f%%", 100 * f.share_of_peak);
    else
        table_cell(t, "%s", "");
    ratio_cell(t, s, row, fallback_entry());
    ratio_cell(t, s, row, library_entry());
    table_cell(t, "%.4f", row->last.result.val_accuracy);
}

/* Which of these ops its timed step calls. */
static op_set called_ops(const struct summary_row *row, op_set ops)
{
    op_set called = 0;
    for (int op = 0; op < OP_COUNT; op++)
        if (!row->info.fused && step_calls_op((enum op_id)op)) called |= ops & (op_set)1 << op;
    return called;
}

/* ops: those that come from there. */
static void print_inherited_from(const struct summary_row *row, const char *from, op_set ops, int width,
                                 FILE *out)
{
    char in_step[OP_NAMES_SIZE], others[OP_NAMES_SIZE];
    const op_set called = called_ops(row, ops);
    const char *name = row->entry->name;
    op_set_names(called, " ", in_step, sizeof in_step);
    op_set_names(ops & ~called, " ", others, sizeof others);
    if (in_step[0])
        wrap_line(out, width, "%s: its timed step uses ops of %s: %s%s%s", name, from, in_step,
                  others[0] ? "; only bench micro would use " : "", others);
    else
        wrap_line(out, width, "%s: its timed step uses no op of %s; only bench micro would: %s", name, from,
                  others);
}

static void print_inherited(const struct summary_row *row, int width, FILE *out)
{
    op_set told = backend_ops(row->entry->backend);
    for (int op = 0; op < OP_COUNT && row->epochs > 0; op++) {
        if (told >> op & 1) continue;
        const op_set ops = describe_ops_beside(row->entry, (enum op_id)op);
        print_inherited_from(row, registry_op_backend(row->entry, (enum op_id)op)->name, ops, width, out);
        told |= ops;
    }
}

/* What the figures of a backend that skips products count. */
static void print_done(const struct summary *s, const struct summary_row *row, int width, FILE *out)
{
    char note[DESCRIBE_NOTE_SIZE];
    if (row->epochs == 0 || !*describe_note(row->entry, note)) return;
    wrap_line(out, width,
              "%s: %s; GFLOP/s counts all products of the network, the skipped ones too; it does %.1f "
              "GFLOP/s, and 'of peak' is computed from that",
              row->entry->name, note, time_figures(s, row).gflops_done);
}

static void print_notes(const struct summary *s, const struct summary_row *row, int width, FILE *out)
{
    char text[256], verified[PROOF_DEVIATION_TEXT];
    const char *name = row->entry->name;
    if (row->failure[0]) wrap_line(out, width, "%s: %s", name, row->failure);
    if (row->proven && proof_passed(&row->verdict) && row->verdict.deviating)
        wrap_line(out, width, "%s: %s", name, verified_text(&row->verdict, verified));
    if (row->epochs > 0 && row->epochs < s->wanted_epochs && !row->failure[0])
        wrap_line(
            out, width,
            "%s: trained only %d epoch%s of %d; compare its accuracy with that of the others after as many",
            name, row->epochs, row->epochs == 1 ? "" : "s", s->wanted_epochs);
    if (first_is_fastest(s, row))
        wrap_line(out, width,
                  "%s: its first epoch was its fastest, so warm-up cannot explain the slower ones after it",
                  name);
    print_inherited(row, width, out);
    if (describe_reference(row->info.implementation, text, sizeof text))
        wrap_line(out, width, "%s: uses a reference implementation, so a comparison with it is not fair: %s",
                  name, text);
    if (row->proven && !row->info.bound)
        wrap_line(out, width, "%s: its threads could not be bound to cores", name);
}

/* What Keras' evaluate() gives on the test images after the last epoch. */
static void print_evaluation(const struct summary *s, int width, FILE *out)
{
    for (int i = 0; i < s->count; i++) {
        const struct epoch_result *r = &s->rows[i].last.result;
        if (s->rows[i].epochs > 0)
            wrap_line(out, width, "%s: test_loss: %.4f, test_acc: %.4f", s->rows[i].entry->name, r->val_loss,
                      r->val_accuracy);
    }
}

void summary_table(struct table *t, const struct summary *s)
{
    static const char *const head[] = {"backend",   "verified", "cases",    "worst/bound",
                                       "epochs",    "first s",  "median s", "fastest - slowest",
                                       "disturbed", "GFLOP/s",  "of peak"};
    const struct registry_entry *library = library_entry();
    table_init(t, "llrrrrrrrrrrrr", "00766400043211");
    for (size_t i = 0; i < sizeof head / sizeof *head; i++) table_cell(t, "%s", head[i]);
    table_cell(t, "vs %s", registry_fallback()->name);
    table_cell(t, "vs %s", library ? library->name : "library");
    table_cell(t, "%s", "val acc");
    for (int i = 0; i < s->count; i++) add_row(t, s, &s->rows[i]);
}

int summary_print(const struct summary *s, FILE *out)
{
    struct table t;
    const int width = terminal_width(out);
    const char *advice = dataset_advice(s->dataset);
    summary_table(&t, s);
    table_print(&t, out);
    const int code = t.failed ? -1 : 0;
    table_free(&t);
    wrap_line(
        out, terminal_page_width(out),
        "median, fastest, slowest: seconds per training epoch, without the first epoch; disturbed: epochs "
        "that lost more than 1 %% to something else on this machine; of peak: share of the best multiply-add "
        "peak of the backend's ISA, measured around every epoch on its threads; vs: the speed as a multiple "
        "of that backend's, the median of the rounds' ratios, if that is established");
    for (int i = 0; i < s->count; i++) print_done(s, &s->rows[i], width, out);
    fputc('\n', out);
    if (!s->judged) {
        print_evaluation(s, width, out);
        speedups_print(s, width, out);
    }
    summary_print_amdahl(s, width, out);
    for (int i = 0; i < s->count; i++) print_notes(s, &s->rows[i], width, out);
    summary_print_clocks(s, width, out);
    wrap_line(out, width, "dataset=%s%s%s", s->dataset, *advice ? ": " : "", advice);
    return code;
}
