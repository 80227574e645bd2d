/* SPDX-License-Identifier: MIT */
#include "cli/proof_view.h"

#include <string.h>

#include "cli/reproduce.h"
#include "console/terminal.h"
#include "console/wrap.h"

enum { INDENT = 10 }; /* of what belongs to a row */

void proof_view_open(struct proof_view *v, FILE *out, const struct options *o, enum proof_detail detail)
{
    *v = (struct proof_view){.out = out, .options = o, .detail = detail};
}

/* ---- Rows */

/* Of what passed, the worst share of the bounds that correct results need not reach; "tight" where there are
 * no others. */
static const char *share_of(bool passed, double worst, double worst_of_loose, char *text, size_t size)
{
    if (passed && worst_of_loose == 0.0 && worst > 0.0) return "tight";
    return proof_share_text(passed ? worst_of_loose : worst, text, size);
}

/* "pass      gemm          19 classes                      5123  0.731" */
static void print_row(const struct proof_view *v, enum tone tone, const char *status, const char *op,
                      const char *cases, long long count, const char *share, bool inherited)
{
    const int width = terminal_width(v->out);
    terminal_word(v->out, tone, status);
    fprintf(v->out, "%*s", INDENT - (int)strlen(status), "");
    const int at = INDENT + fprintf(v->out, "%-13s %-28s %7lld  %s", op, cases, count, share);
    if (inherited && width > 0 && at + 11 > width) fprintf(v->out, "\n%*s", INDENT - 2, "");
    fputs(inherited ? "  inherited\n" : "\n", v->out);
}

/* What a row says beside its figures, in a line of its own. */
static void print_remark(const struct proof_view *v, const struct proof_row *row)
{
    char text[PROOF_MEASURED_TEXT + 32];
    int used = 0;
    if (v->options->exhaustive) used = snprintf(text, sizeof text, "%.1f s", row->seconds);
    if (row->measured[0])
        used += snprintf(text + used, sizeof text - (size_t)used, "%s%s", used ? ", " : "", row->measured);
    if (used == 0) return;
    fprintf(v->out, "%*s", INDENT, "");
    wrap_print(v->out, text, INDENT, INDENT, terminal_width(v->out));
}

static void print_passed(struct proof_view *v, const struct proof_row *row)
{
    char share[32];
    print_row(v, TONE_PLAIN, "pass", row->op, row->cases, row->count,
              share_of(true, row->worst_of_bound, row->worst_of_loose, share, sizeof share), row->inherited);
    print_remark(v, row);
}

/* Of the rows of determinism, which come op by op after all others. */
static const char every_op[] = "every op";

/* The rows that passed since the last call, in one line. */
static void print_fold(struct proof_view *v)
{
    char classes[40], share[32];
    if (v->classes == 0) return;
    snprintf(classes, sizeof classes, "%d class%s%s", v->classes, v->classes == 1 ? "" : "es",
             strcmp(v->op, every_op) == 0 ? " of determinism" : "");
    print_row(v, TONE_PLAIN, "pass", v->op, classes, v->cases,
              share_of(true, v->worst, v->worst_of_loose, share, sizeof share), v->inherited);
    v->classes = 0;
}

/* The op, or every_op where rows of it were complete before. */
static const char *group_of(const struct proof_view *v, const struct proof_row *row)
{
    for (int i = 0; i < v->earlier_count; i++)
        if (strcmp(v->earlier[i], row->op) == 0) return every_op;
    return row->op;
}

/* Ends the line of the op before, where this row is of another one. */
static void enter_group(struct proof_view *v, const struct proof_row *row)
{
    if (strcmp(v->op, row->op) == 0) return;
    if (v->op[0] && strcmp(v->op, every_op) != 0 && v->earlier_count < PROOF_VIEW_OPS)
        memcpy(v->earlier[v->earlier_count++], v->op, sizeof v->op);
    const char *group = group_of(v, row);
    if (strcmp(v->op, group) == 0) return;
    print_fold(v);
    snprintf(v->op, sizeof v->op, "%s", group);
    v->cases = 0;
    v->worst = v->worst_of_loose = 0.0;
    v->inherited = false;
}

static void fold(struct proof_view *v, const struct proof_row *row)
{
    v->classes++;
    v->cases += row->count;
    v->inherited = row->inherited && strcmp(v->op, every_op) != 0;
    if (row->worst_of_bound > v->worst) v->worst = row->worst_of_bound;
    if (row->worst_of_loose > v->worst_of_loose) v->worst_of_loose = row->worst_of_loose;
}

static void print_label(const struct proof_view *v, const char *label, const char *text)
{
    const int at = fprintf(v->out, "%*s%s ", INDENT, "", label);
    wrap_print(v->out, text, at, INDENT + 2, terminal_width(v->out));
}

/* What is wrong with a case, without its text. */
static const char *what_of(const struct proof_failure *f)
{
    const size_t length = strlen(f->case_text);
    return length > 0 && strncmp(f->message, f->case_text, length) == 0 ? f->message + length + 2
                                                                        : f->message;
}

static void print_wrong(const struct proof_view *v, const struct proof_row *row)
{
    char text[PROOF_FAILURE_TEXT + 64], share[32];
    print_row(v, TONE_BAD, "FAIL", row->op, row->cases, row->count,
              proof_share_text(row->worst_of_bound, share, sizeof share), false);
    snprintf(text, sizeof text, "%lld of %lld failed%s; the first: %s", row->failed, row->count,
             row->inherited ? ", of an inherited op" : "", what_of(&row->failures[0]));
    fprintf(v->out, "%*s", INDENT, "");
    wrap_print(v->out, text, INDENT, INDENT, terminal_width(v->out));
    for (int i = 0; v->detail == PROOF_ROWS && i < row->failures_saved; i++)
        print_label(v, "case:", row->failures[i].message);
}

static void print_deviating(const struct proof_view *v, const struct registry_entry *entry,
                            const struct proof_row *row)
{
    char share[32];
    print_row(v, TONE_UNSURE, "deviates", row->op, row->cases, row->count,
              proof_share_text(row->worst_of_bound, share, sizeof share), false);
    reproduce_print_deviations(v->out, v->options, entry, row);
}

/* ---- Findings */

static void add_finding(struct proof_view *v, const struct proof_row *row)
{
    struct proof_finding *f = v->findings_count ? &v->findings[v->findings_count - 1] : NULL;
    const bool goes_on = f && strcmp(f->op, row->op) == 0 && f->count < row->op_count;
    if (!goes_on && v->findings_count == PROOF_VIEW_FINDINGS) return;
    if (!goes_on) f = &v->findings[v->findings_count++];
    snprintf(f->op, sizeof f->op, "%s", row->op);
    f->failed = row->op_failed;
    f->count = row->op_count;
    f->smallest = row->smallest;
    memcpy(f->pattern, row->pattern, sizeof f->pattern);
}

static void print_finding(const struct proof_view *v, const struct proof_finding *f)
{
    fprintf(v->out, "\n%s: %s: %lld of %lld cases failed\n", v->entry->name, f->op, f->failed, f->count);
    if (f->pattern[0]) print_label(v, "in common:", f->pattern);
    print_label(v, "smallest: ", f->smallest.message);
    reproduce_print_map(v->out, &f->smallest);
    reproduce_print_command(v->out, v->options, v->entry, f->smallest.case_text);
}

/* ---- The proof of a contender */

static void begin(struct proof_view *v, const struct registry_entry *entry)
{
    v->entry = entry;
    v->findings_count = v->classes = v->earlier_count = 0;
    v->op[0] = 0;
    if (v->detail == PROOF_FAILURES_ONLY) return;
    const int at = fprintf(v->out, "%s", entry->name);
    fprintf(v->out, "%*s%-13s %-28s %7s  %s\n", at < INDENT ? INDENT - at : 1, "", "op", "class of cases",
            "cases", "worst/bound");
}

void proof_view_row(struct proof_view *v, const struct registry_entry *entry, const struct proof_row *row)
{
    if (v->entry != entry) begin(v, entry);
    enter_group(v, row);
    if (row->op_failed > 0) add_finding(v, row);
    const bool passed = row->failed == 0 && row->deviating == 0;
    if (passed && v->detail == PROOF_OPS && !row->measured[0]) {
        fold(v, row);
        return;
    }
    if (v->detail == PROOF_FAILURES_ONLY && row->failed == 0) return;
    if (row->failed)
        print_wrong(v, row);
    else if (row->deviating)
        print_deviating(v, entry, row);
    else
        print_passed(v, row);
}

void proof_view_end(struct proof_view *v, bool composed_skipped)
{
    if (!v->entry) return;
    print_fold(v);
    for (int i = 0; i < v->findings_count; i++) print_finding(v, &v->findings[i]);
    if (composed_skipped)
        fprintf(v->out, "\n%s: the composed step was not tried, because an op that it calls failed\n",
                v->entry->name);
    v->entry = NULL;
}
