/* SPDX-License-Identifier: MIT */
#include "proof/proof_context.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xmmintrin.h>

#include "base/clock.h"

static char current_case[PROOF_CASE_TEXT];

const char *proof_current_case(void)
{
    return current_case;
}

/* The control bits of MXCSR; the rest are sticky status flags, which any arithmetic may raise. */
enum { MXCSR_CONTROL = 0xffc0 };

static size_t largest(const size_t *list, size_t count)
{
    size_t max = 0;
    for (size_t i = 0; i < count; i++) max = list[i] > max ? list[i] : max;
    return max;
}

/* Elements of the largest operand of any case: the training shapes with slack, or the other cases' limit. */
static size_t largest_operand(const struct plan *plan)
{
    const size_t slack = 32;
    const size_t in = (size_t)plan->inputs + slack, hidden = (size_t)plan->hidden + slack;
    const size_t classes = (size_t)plan->classes + slack,
                 rows = (size_t)(plan->batch > 128 ? plan->batch : 128) + slack;
    const size_t operands[] = {CASES_MAX_FLOATS, CASES_LONGEST, in * hidden,
                               rows * in,        rows * hidden, hidden * classes};
    return largest(operands, sizeof operands / sizeof *operands);
}

int proof_open(struct proof *p, const struct backend *b, const struct backend *fallback,
               const struct plan *plan, const struct proof_options *options, struct proof_verdict *verdict,
               struct error *e)
{
    *p = (struct proof){.backend = b,
                        .fallback = fallback,
                        .plan = plan,
                        .options = options,
                        .verdict = verdict,
                        .max_floats = largest_operand(plan)};
    bool reserved = true;
    for (int i = 0; i < ARENA_COUNT; i++)
        reserved = guarded_open(&p->arena[i], p->max_floats * sizeof(float)) == 0 && reserved;
    p->before = malloc(p->max_floats * sizeof *p->before);
    p->value = malloc(p->max_floats * sizeof *p->value);
    p->bound = malloc(p->max_floats * sizeof *p->bound);
    if (!reserved || !p->before || !p->value || !p->bound)
        error_set(e, EXIT_INTERNAL,
                  "proof of %s: no memory for operands of %zu floats; use a smaller network", b->name,
                  p->max_floats);
    else if (contender_open(&p->contender, b, fallback, plan, e) == 0)
        return 0;
    proof_close(p);
    return (int)e->code;
}

void proof_close(struct proof *p)
{
    contender_close(&p->contender);
    for (int i = 0; i < ARENA_COUNT; i++) guarded_close(&p->arena[i]);
    free(p->before);
    free(p->value);
    free(p->bound);
    current_case[0] = 0;
}

/* FNV-1a. */
static uint64_t hash_text(uint64_t hash, const char *text)
{
    for (; *text; text++) hash = (hash ^ (uint8_t)*text) * 0x100000001b3u;
    return hash;
}

void proof_begin_stream(struct proof *p, const char *op, const char *cases)
{
    p->stream = hash_text(hash_text(0xcbf29ce484222325u, op), cases);
    p->seeds_drawn = 0;
}

uint64_t proof_case_seed(struct proof *p)
{
    uint64_t x = p->options->seed ^ p->stream ^ (++p->seeds_drawn * 0x9e3779b97f4a7c15u);
    return rng_splitmix(&x);
}

bool proof_may_stop(const struct proof *p)
{
    return p->options->stop_when_wrong && p->verdict->failed > 0;
}

bool proof_wanted(const struct proof *p, const char *name)
{
    const struct proof_options *o = p->options;
    const size_t length = strlen(name);
    if (o->only_case)
        return strncmp(o->only_case, name, length) == 0 &&
               (o->only_case[length] == ' ' || o->only_case[length] == '*');
    return !o->only || strcmp(o->only, name) == 0;
}

bool proof_cases_wanted(const struct proof *p, const char *cases)
{
    const char *only = p->options->only_cases;
    const size_t length = strlen(cases);
    return !only || (strncmp(only, cases, length) == 0 && (only[length] == 0 || only[length] == ':'));
}

/* Whether the case under way is the one asked for, or one of those. */
static bool is_asked_for(const char *only)
{
    const size_t length = only ? strlen(only) : 0;
    if (length == 0) return true;
    if (only[length - 1] == '*') return strncmp(only, current_case, length - 1) == 0;
    return strcmp(only, current_case) == 0;
}

void row_begin(struct proof *p, struct proof_row *row, const char *op, const char *cases, bool inherited)
{
    p->row_start = clock_seconds();
    *row = (struct proof_row){.inherited = inherited};
    snprintf(row->op, sizeof row->op, "%s", op);
    snprintf(row->cases, sizeof row->cases, "%s", cases);
    if (strcmp(p->findings.op, op) == 0) return;
    p->findings = (struct op_findings){.smallest_size = 0.0};
    snprintf(p->findings.op, sizeof p->findings.op, "%s", op);
}

/* What is known by now of the failing cases of the row's op. */
static void tell_findings(struct proof *p, struct proof_row *row)
{
    struct op_findings *f = &p->findings;
    pattern_add_class(&f->pattern, row->cases, row->failed);
    row->op_failed = f->pattern.failed;
    row->op_count = f->count += row->count;
    if (f->pattern.failed == 0) return;
    row->smallest = f->smallest;
    pattern_text(&f->pattern, row->pattern);
}

void row_end(struct proof *p, struct proof_row *row)
{
    if (row->count == 0 && p->options->only_case) return; /* the case asked for is of another class */
    row->seconds = clock_seconds() - p->row_start;
    if (row->count == 0) {
        row->failed = 1;
        row->failures_saved = 1;
        snprintf(row->failures[0].message, sizeof row->failures[0].message, "no case was run");
    }
    tell_findings(p, row);
    p->verdict->cases += row->count;
    p->verdict->failed += row->failed;
    p->verdict->deviating += row->deviating;
    if (row->deviating == 0 && row->worst_of_bound > p->verdict->worst_of_bound)
        p->verdict->worst_of_bound = row->worst_of_bound;
    if (row->deviating == 0 && row->worst_of_loose > p->verdict->worst_of_loose)
        p->verdict->worst_of_loose = row->worst_of_loose;
    current_case[0] = 0;
    if (p->options->row) p->options->row(p->options->context, row);
}

bool case_begin(struct proof *p, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(current_case, sizeof current_case, format, arguments);
    va_end(arguments);
    p->case_wrong = p->case_harmful = false;
    p->case_unwanted = !is_asked_for(p->options->only_case);
    p->mxcsr = _mm_getcsr() & MXCSR_CONTROL;
    return !p->case_unwanted;
}

/* Whether what is wrong with the case under way is a declared deviation. */
static bool case_deviates(const struct proof *p, const struct proof_row *row)
{
    return row->is_of_rules && p->options->allow_deviation && !p->case_harmful;
}

/* Of a case that is wrong in several ways, the first one stands for it. */
static void note_failure(struct proof *p, const char *message, const struct comparison *c)
{
    struct proof_failure *f = &p->failure;
    if (p->case_wrong) return;
    p->case_wrong = true;
    *f = (struct proof_failure){.region = c ? c->region : (struct compare_region){0}};
    snprintf(f->case_text, sizeof f->case_text, "%s", current_case);
    snprintf(f->message, sizeof f->message, "%s: %s", current_case, message);
    if (c) compare_map(c, f->map);
}

void case_fail(struct proof *p, struct proof_row *row, const char *format, ...)
{
    char message[160];
    va_list arguments;
    (void)row;
    if (p->case_unwanted) return;
    p->case_harmful = true;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    note_failure(p, message, NULL);
}

void case_check(struct proof *p, struct proof_row *row, const struct comparison *c)
{
    char message[160];
    if (p->case_unwanted) return;
    const bool tight = c->flags & COMPARE_TIGHT && c->worst <= 1.0;
    if (c->worst > row->worst_of_bound) row->worst_of_bound = c->worst;
    if (c->worst > row->worst_of_loose && !tight) row->worst_of_loose = c->worst;
    if (compare_passed(c)) return;
    p->case_harmful = p->case_harmful || c->intruded > 0;
    note_failure(p, compare_describe(c, message, sizeof message), c);
}

/* Deviations only where nothing else failed. */
static void keep_failure(const struct proof *p, struct proof_row *row, bool deviates)
{
    if (deviates && row->failed > 0) return;
    if (!deviates && row->failed == 0) row->failures_saved = 0;
    if (row->failures_saved == PROOF_FAILURES_SAVED) return;
    for (int i = 0; i < row->failures_saved; i++)
        if (strcmp(row->failures[i].case_text, p->failure.case_text) == 0) return;
    row->failures[row->failures_saved++] = p->failure;
}

static double size_of(const char *case_text)
{
    int extents[PATTERN_EXTENTS];
    double size = 1.0;
    pattern_extents_of(case_text, extents);
    for (int i = 0; i < PATTERN_EXTENTS; i++) size *= extents[i] > 0 ? extents[i] : 1;
    return size;
}

static void add_finding(struct proof *p)
{
    struct op_findings *f = &p->findings;
    pattern_add(&f->pattern, current_case, p->case_wrong ? &p->failure.region : NULL);
    if (!p->case_wrong) return;
    const double size = size_of(current_case);
    if (f->pattern.failed > 1 && size >= f->smallest_size) return;
    f->smallest = p->failure;
    f->smallest_size = size;
}

void case_end(struct proof *p, struct proof_row *row)
{
    const unsigned now = _mm_getcsr();
    if ((now & MXCSR_CONTROL) != p->mxcsr) {
        case_fail(p, row, "MXCSR's control bits were left as 0x%x, found as 0x%x", now & MXCSR_CONTROL,
                  p->mxcsr);
        _mm_setcsr((now & ~(unsigned)MXCSR_CONTROL) | p->mxcsr);
    }
    if (p->case_unwanted) return;
    row->count++;
    const bool deviates = p->case_wrong && case_deviates(p, row);
    if (p->case_wrong) keep_failure(p, row, deviates);
    if (!deviates) add_finding(p);
    if (deviates)
        row->deviating++;
    else
        row->failed += p->case_wrong;
}

struct matrix place_matrix(struct proof *p, int arena, const char *name, int rows, int cols, int slack,
                           enum placement place)
{
    struct matrix m = {.rows = rows, .cols = cols, .ld = cols + slack > 0 ? cols + slack : 1};
    m.data = guarded_place(&p->arena[arena], name, UNIT_FLOAT,
                           matrix_floats(rows, cols, m.ld) * sizeof(float), place);
    return m;
}

void check_margins(struct comparison *c, const struct guarded *g)
{
    const uint8_t *first = NULL;
    c->intruded += guarded_intruded(g, &first);
    if (first && !c->intruded_at[0]) guarded_describe(first, c->intruded_at);
}

void check_surroundings(struct proof *p, struct comparison *c, int arena, const struct matrix *m)
{
    int row;
    check_margins(c, &p->arena[arena]);
    c->intruded += matrix_intruded(m->data, m->rows, m->cols, m->ld, &row);
    if (row >= 0 && !c->intruded_at[0])
        snprintf(c->intruded_at, sizeof c->intruded_at, "between rows %d and %d", row, row + 1);
}
