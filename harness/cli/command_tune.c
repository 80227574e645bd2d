/* SPDX-License-Identifier: MIT
 *
 * bench tune: searches the blocking of gemm for this machine, proves what it found, and keeps it for later
 * runs. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/paths.h"
#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/output.h"
#include "cli/session.h"
#include "cli/omp_reexec.h"
#include "micro/shapes.h"
#include "machine/build.h"
#include "console/eta.h"
#include "console/table.h"
#include "console/terminal.h"
#include "console/wrap.h"
#include "proof/prove.h"
#include "train/step_parts.h"
#include "tune/search.h"
#include "backends/tuning.h"

struct tune {
    struct session session;
    struct gemm_shape shapes[TUNE_MAX_SHAPES];
    int count;
    struct eta eta;      /* only since when: how many candidates follow is not known */
    char path[PATH_MAX]; /* of the file that keeps the tunings */
};

static void training_shapes(struct tune *t)
{
    const struct session *s = &t->session;
    for (t->count = 0; t->count < PRODUCT_COUNT; t->count++) {
        const struct step_product p =
            step_product((enum step_product_id)t->count, &s->shape, s->options->batch);
        t->shapes[t->count] = (struct gemm_shape){p.ta, p.tb, p.m, p.n, p.k, 0};
    }
}

static int add_own_shapes(struct tune *t, const char *path, struct error *e)
{
    struct gemm_shapes own = {0};
    if (!path) return 0;
    if (shapes_read(&own, path, e) == 0 && own.count > TUNE_MAX_SHAPES - t->count)
        error_set(e, EXIT_USAGE,
                  "--shapes %.300s: %d shapes; bench tune takes at most %d besides those of training", path,
                  own.count, TUNE_MAX_SHAPES - t->count);
    for (int i = 0; i < own.count && !e->code; i++) t->shapes[t->count++] = own.list[i];
    shapes_free(&own);
    return (int)e->code;
}

/* What is proven and raced at the time. */
struct tuned {
    const struct tune *tune;
    const struct registry_entry *entry;
    struct error *error; /* of a proof that could not be made */
};

static void print_tried(void *context, const struct blocking *candidate, double effect, bool better)
{
    char text[TUNING_TEXT], time[ETA_TEXT] = "";
    const struct tuned *tuned = context;
    if (tuned->tune->session.options->quiet) return;
    if (terminal_live(stderr)) eta_text(&tuned->tune->eta, clock_seconds(), time);
    fprintf(stderr, "tried     %s: %+.1f %% time%s%s%s\n", tuning_text(candidate, text),
            effect_percent(effect), better ? ", the best so far" : "", time[0] ? "; " : "", time);
}

static void shape_cells(struct table *table, const struct gemm_shape *s, const double seconds[2])
{
    const double gflop = 2e-9 * s->m * s->n * s->k;
    table_cell(table, "%c%c %dx%dx%d", s->ta ? 'T' : 'N', s->tb ? 'T' : 'N', s->m, s->n, s->k);
    table_cell(table, "%.1f", gflop / seconds[0]);
    table_cell(table, "%.1f", gflop / seconds[1]);
    table_cell(table, "%.3f", seconds[0] / seconds[1]);
}

static int print_result(const struct tune *t, const struct registry_entry *entry,
                        const struct search_result *result, struct error *e)
{
    char text[TUNING_TEXT];
    struct table table;
    table_init(&table, "lrrr", "0000");
    static const char *const head[] = {"shape", "default GFLOP/s", "best GFLOP/s", "faster"};
    for (size_t i = 0; i < sizeof head / sizeof *head; i++) table_cell(&table, "%s", head[i]);
    for (int i = 0; i < t->count; i++) shape_cells(&table, &t->shapes[i], result->seconds + (ptrdiff_t)2 * i);
    const bool failed = table.failed;
    const int width = terminal_width(stdout);
    if (result->better)
        wrap_line(stdout, width,
                  "%s, %d thread%s: %s takes %.1f %% less time than the defaults (95 %%: %.1f to %.1f)",
                  entry->name, t->session.plan.threads, t->session.plan.threads == 1 ? "" : "s",
                  tuning_text(&result->best, text), -effect_percent(result->gain.effect),
                  -effect_percent(result->gain.interval.high), -effect_percent(result->gain.interval.low));
    else
        wrap_line(stdout, width,
                  "%s, %d thread%s: none of %d other blockings is faster than the defaults (%s) by more than "
                  "%.0f %%",
                  entry->name, t->session.plan.threads, t->session.plan.threads == 1 ? "" : "s",
                  result->tried, tuning_text(&result->best, text), 100 * search_margin);
    if (!failed) table_print(&table, stdout);
    table_free(&table);
    return failed ? error_set(e, EXIT_INTERNAL, "out of memory") : 0;
}

/* Without the command that repeats a case: these sizes are saved nowhere that it could read. */
static void print_failed_row(void *context, const struct proof_row *row)
{
    const struct tuned *tuned = context;
    if (row->failed)
        fprintf(stderr, "FAIL  %s %s %s: %lld of %lld failed; first: %s\n", tuned->entry->name, row->op,
                row->cases, row->failed, row->count, row->failures[0].message);
}

/* With this blocking; only: of one op, to the first class that fails, or NULL, everything. Whether the proof
 * passed; not, with tuned->error set, where it could not be made. */
static bool prove(struct tuned *tuned, const struct blocking *b, const char *only, long long *cases)
{
    const struct session *s = &tuned->tune->session;
    const struct backend *backend = tuned->entry->backend;
    struct plan plan = s->plan;
    struct proof_verdict verdict = {0};
    const struct proof_options options = {.seed = s->options->seed,
                                          .data = &s->data,
                                          .only = only,
                                          .stop_when_wrong = only != NULL,
                                          .row = print_failed_row,
                                          .context = tuned};
    plan.blocking = *b;
    if (prove_backend(backend, registry_fallback_of(tuned->entry), &plan, &options, &verdict, tuned->error))
        return false;
    *cases = verdict.cases;
    return proof_passed(&verdict);
}

static bool prove_tile(void *context, const struct blocking *candidate)
{
    struct tuned *tuned = context;
    long long cases;
    if (interrupt_flag || prove(tuned, candidate, "gemm", &cases)) return true; /* the race sees the flag */
    if (tuned->error->code == EXIT_OK)
        fprintf(stderr, "bench: %s: the proof failed with tiles of %d x %d; they are not timed\n",
                tuned->entry->name, candidate->mr, candidate->nr);
    return false;
}

/* The whole proof, with the new blocking. EXIT_OK, EXIT_PROOF, or the error's code. */
static int prove_best(struct tuned *tuned, const struct blocking *b)
{
    long long cases;
    const char *name = tuned->entry->name;
    if (prove(tuned, b, NULL, &cases)) {
        if (!tuned->tune->session.options->quiet)
            fprintf(stderr, "proven    %s: %lld cases with this blocking\n", name, cases);
        return EXIT_OK;
    }
    if (tuned->error->code) return (int)tuned->error->code;
    fprintf(stderr, "bench: %s: the proof failed with this blocking; it is not saved\n", name);
    return EXIT_PROOF;
}

static int keep(const struct tune *t, const struct registry_entry *entry, const struct search_result *result,
                struct error *e)
{
    const struct session *s = &t->session;
    struct tuning tuning = {.threads = s->plan.threads,
                            .blocking = result->best,
                            .gain_percent = -effect_percent(result->gain.effect)};
    snprintf(tuning.backend, sizeof tuning.backend, "%s", entry->backend->name);
    snprintf(tuning.commit, sizeof tuning.commit, "%s", build_get()->commit);
    snprintf(tuning.utc, sizeof tuning.utc, "%s", s->dir.utc);
    if (tuning_keep(t->path, &tuning, e)) return (int)e->code;
    printf("saved in %s; bench run, prove and micro use it from now on (--tuning off: the defaults)\n",
           t->path);
    return EXIT_OK;
}

static int tune_backend(const struct tune *t, const struct registry_entry *entry, struct error *e)
{
    struct race race = {.backend = entry->backend,
                        .fallback = registry_fallback_of(entry),
                        .plan = t->session.plan,
                        .count = t->count,
                        .interrupted = &interrupt_flag};
    struct search_result result;
    struct tuned tuned = {t, entry, e};
    const struct search_listener listener = {&tuned, prove_tile, print_tried};
    memcpy(race.shapes, t->shapes, sizeof race.shapes);
    int code = race_open(&race, e);
    if (!code) code = search_blocking(&race, &listener, &result, e);
    if (!code) code = (int)e->code;
    race_close(&race);
    if (!code) code = print_result(t, entry, &result, e);
    if (code || interrupt_flag) return code ? code : EXIT_INTERRUPTED;
    if (!result.better) return tuning_drop(t->path, entry->backend->name, t->session.plan.threads, e);
    code = prove_best(&tuned, &result.best);
    return code ? code : keep(t, entry, &result, e);
}

static int tune_all(const struct tune *t, struct error *e)
{
    int code = EXIT_OK, tuned = 0;
    for (int i = 0; i < t->session.count && !interrupt_flag && !e->code; i++) {
        const struct registry_entry *entry = t->session.entries[i];
        if (entry->plugin || !entry->backend->choices) {
            if (!t->session.options->quiet)
                fprintf(stderr, "bench: %s: %s\n", entry->name,
                        entry->plugin ? "a plug-in chooses its own blocking" : "declares nothing to tune");
            continue;
        }
        code = exit_code_worst(code, tune_backend(t, entry, e));
        tuned++;
    }
    if (interrupt_flag && !e->code) {
        fputs("bench: interrupted; earlier results stay saved\n", stderr);
        return EXIT_INTERRUPTED;
    }
    if (!tuned && !e->code)
        return error_set(e, EXIT_NOTHING, "none of the selected backends declares anything to tune");
    return code;
}

/* Before the search: a file that could not be added to afterwards. */
static int check_file(const struct tune *t, struct error *e)
{
    struct tuning unused;
    bool found;
    return tuning_find(t->path, "", 0, &unused, &found, e);
}

static int open_file(struct tune *t, struct error *e)
{
    const char *mode = t->session.options->tuning;
    if (mode && strcmp(mode, "auto") != 0) {
        if (strcmp(mode, "off") == 0)
            return error_set(
                e, EXIT_USAGE,
                "--tuning off: bench tune needs a file to save its result; allowed are auto and a path");
        snprintf(t->path, sizeof t->path, "%s", mode);
        return check_file(t, e);
    }
    if (paths_in_cache(TUNING_FILE, t->path)) return check_file(t, e);
    return error_set(e, EXIT_USAGE,
                     "bench tune: there is no home directory for the cache; name a file with --tuning");
}

int command_tune(const struct options *o, struct error *e)
{
    struct tune t = {0};
    if (output_check(e)) return (int)e->code;
    interrupt_install();
    int code = session_open(&t.session, o, "", e);
    if (!code) code = open_file(&t, e);
    if (!code) {
        training_shapes(&t);
        code = add_own_shapes(&t, o->shapes, e);
    }
    if (!code) {
        if (!o->quiet) session_print(&t.session, stderr);
        team_bind(&t.session);
        eta_start(&t.eta, clock_seconds());
        code = tune_all(&t, e);
    }
    session_close(&t.session);
    return code;
}
