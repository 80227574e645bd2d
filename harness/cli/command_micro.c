/* SPDX-License-Identifier: MIT
 *
 * bench micro: proves each backend in this process, then times its ops in it. What was not proven is not
 * timed. Code from elsewhere, a plug-in or a library, is first proven in a worker: only what survives this is
 * loaded here. */
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/interrupt.h"
#include "cli/output.h"
#include "cli/prove_in_worker.h"
#include "cli/proof_view.h"
#include "cli/reproduce.h"
#include "cli/session.h"
#include "cli/omp_reexec.h"
#include "console/table_markdown.h"
#include "micro/check_shape.h"
#include "micro/gbench.h"
#include "micro/micro.h"
#include "results/provenance.h"
#include "results/verified.h"
#include "roof/memory_available.h"
#include "roof/peak.h"
#include "run/own_threads.h"
#include "backends/plugin_load.h"
#include "backends/tuning.h"

static const char micro_columns[] =
    "schema,run_id,dataset,backend,threads,op,role,m,n,k,repetition,iterations,seconds_per_call,"
    "flop,gflops,bytes,gbytes_per_second,inherited,verified,worst_error_of_bound,transa,transb,"
    "weights,peak_gflops,share_of_peak,env_id," PROVENANCE_COLUMNS;

/* Memory that the matrices of a user's shape may take, and a pool of cold weights: a share of what is there.
 */
enum { MEMORY_SHARE = 4 };

/* Samples of the peak, before and after each measurement of Google Benchmark's, and the seconds of one. The
 * best counts: a measurement may be short enough to meet no other process, and so must a sample be. */
enum { PEAK_SAMPLES = 4 };
static const double peak_seconds = 0.001;

struct micro;

struct micro_contender {
    struct micro *micro;
    const struct registry_entry *entry;
    struct backend shown[2]; /* of plug-ins for a list of names, without open(): not to be called */
    const struct backend *backend, *fallback;
    struct contender contender; /* open while it is proven, and on stage */
    struct own_threads threads;
    bool has_own_threads;
    struct proof_view proof_view;
    struct proof_verdict verdict;
    struct micro_case *cases; /* capacity: micro_max_cases() */
    int count;
};

struct micro {
    struct session session;
    struct gemm_shapes shapes; /* the user's */
    struct micro_operands operands;
    struct micro_contender *contenders; /* one per selected backend; count 0 when it is not timed */
    struct micro_contender *on_stage;   /* the one that is open; NULL: none */
    struct gbench_case *cases;
    int count;
    double best_peak[ISA_TIER_COUNT]; /* GFLOP/s, so far */
    struct csv csv;                   /* fd -1: no file */
    struct table table;               /* of the results, for --export-markdown */
    struct record record;
    struct error *error;
};

static void print_failed_row(void *context, const struct proof_row *row)
{
    struct micro_contender *c = context;
    if (row->failed && !c->micro->session.options->quiet) fputc('\n', stderr); /* after "proof     NAME: " */
    proof_view_row(&c->proof_view, c->entry, row);
}

/* ---- The stage: while one is timed no other is open, and none was opened after it, so that whatever a
 * backend has once for the whole process is as this one wants it. */

static int enter_stage(struct micro *micro, struct micro_contender *c, struct error *e)
{
    const struct session *s = &micro->session;
    struct plan plan = s->plan;
    plan.argument = c->entry->argument;
    plan.blocking = tuning_blocking(registry_op_backend(c->entry, OP_gemm)->name);
    own_threads_team_sleeps(false);
    own_threads_prepare(&s->topology, plan.threads, NULL);
    if (contender_open(&c->contender, c->backend, c->fallback, &plan, e)) return (int)e->code;
    micro->on_stage = c;
    return 0;
}

static void leave_stage(struct micro *micro)
{
    if (micro->on_stage) contender_close(&micro->on_stage->contender);
    micro->on_stage = NULL;
}

/* EXIT_OK, EXIT_PROOF, or e's code. */
static int prove(struct micro *micro, struct micro_contender *c, struct error *e)
{
    const struct session *s = &micro->session;
    const struct proof_options options = {
        .seed = s->options->seed,
        .data = &s->data,
        .allow_deviation = registry_may_deviate(c->entry, s->options->allow_deviation != NULL),
        .row = print_failed_row,
        .context = c};
    const bool quiet = s->options->quiet;
    proof_view_open(&c->proof_view, stderr, s->options, PROOF_FAILURES_ONLY);
    if (!quiet) fprintf(stderr, "proof     %s: ", c->entry->name); /* takes seconds */
    const int failed = prove_backend(c->contender.backend, c->contender.fallback, &c->contender.plan,
                                     &options, &c->verdict, e);
    if (!quiet)
        fprintf(stderr, "%lld cases, worst error %.3f of its bound\n", c->verdict.cases,
                proof_worst(&c->verdict));
    proof_view_end(&c->proof_view, c->verdict.composed_skipped != 0);
    if (failed) return failed;
    const bool passed = proof_passed(&c->verdict);
    reproduce_warn_deviation(stderr, c->entry, &c->verdict);
    if (!passed) fprintf(stderr, "bench: %s: proof failed, not timed\n", c->entry->name);
    return passed ? EXIT_OK : EXIT_PROOF;
}

static struct micro_contender *owner_of(const struct micro_case *c)
{
    return (void *)((char *)c->contender - offsetof(struct micro_contender, contender));
}

/* Longer than a library lets idle threads of its own spin: those of the one before must be asleep. */
static const struct timespec silence = {0, 50000000};

static const char *prepare_case(void *context)
{
    struct micro_case *c = context;
    struct micro_contender *owner = owner_of(c);
    struct micro *micro = owner->micro;
    if (micro->on_stage != owner) {
        leave_stage(micro);
        nanosleep(&silence, NULL);
        if (enter_stage(micro, owner, micro->error)) {
            micro->error->code = EXIT_INTERNAL; /* it could be opened before */
            interrupt_flag = 1;
            return micro->error->text;
        }
        own_threads_bind_team(&micro->session.topology, micro->session.plan.threads, owner->has_own_threads,
                              NULL);
    }
    const char *why = micro_prepare(c);
    if (!why) c->call(c); /* the first one after open() may have to set up much */
    return why;
}

/* Of the ISA tier of the case's backend, on the threads that it uses: the best so far, since whatever
 * disturbs a measurement lowers it. */
static double measure_peak(void *context)
{
    const struct micro_case *c = context;
    const struct plan *plan = &c->contender->plan;
    const enum isa_tier tier = isa_tier_of(c->contender->op_backend[OP_gemm], plan->isa);
    double *best = &owner_of(c)->micro->best_peak[tier];
    for (int i = 0; i < PEAK_SAMPLES; i++)
        *best = fmax(*best, peak_gflops(tier, plan->threads, peak_seconds));
    return 1e9 * *best;
}

/* The cases of one user's shape, once gemm is found right for it. EXIT_OK, or EXIT_PROOF. */
static int add_shape(struct micro *micro, struct micro_contender *c, const struct gemm_shape *s,
                     bool names_only)
{
    char message[200];
    if (!names_only && !check_shape(&c->contender, &micro->operands, s, message, sizeof message)) {
        fprintf(stderr, "FAIL  %s gemm shape %c%c %dx%dx%d of %s:%d, not timed: %s\n", c->entry->name,
                s->ta == TRANS ? 'T' : 'N', s->tb == TRANS ? 'T' : 'N', s->m, s->n, s->k, micro->shapes.path,
                s->line, message);
        return EXIT_PROOF;
    }
    c->count += micro_shape_cases(c->cases + c->count, c->entry->name, &c->contender, &micro->operands, s);
    return EXIT_OK;
}

/* EXIT_OK, or EXIT_PROOF when a shape is left out. */
static int register_cases(struct micro *micro, struct micro_contender *c, bool names_only)
{
    int code = EXIT_OK;
    c->count = micro_cases(c->cases, c->entry->name, &c->contender, &micro->operands);
    for (int i = 0; i < micro->shapes.count && !interrupt_flag; i++)
        code = exit_code_worst(code, add_shape(micro, c, &micro->shapes.list[i], names_only));
    for (int i = 0; i < c->count; i++)
        micro->cases[micro->count++] =
            (struct gbench_case){.name = c->cases[i].name,
                                 .call = c->cases[i].call,
                                 .context = &c->cases[i],
                                 .flop = c->cases[i].flop,
                                 .bytes = c->cases[i].bytes,
                                 .label = c->cases[i].label[0] ? c->cases[i].label : NULL,
                                 .prepare = prepare_case,
                                 .peak = measure_peak};
    return code;
}

/* Loads what may be loaded here. For a list of names the stubs of plug-ins serve, because nothing of them is
 * called. EXIT_OK, EXIT_PROOF, EXIT_INTERRUPTED, or e's code. */
static int load(const struct session *s, const struct micro_contender *c, bool names_only, struct error *e)
{
    const struct registry_entry *entry = c->entry;
    const bool is_foreign = registry_plugin_of(entry) || entry->argument;
    const int verdict = is_foreign && !names_only ? prove_in_worker(s, entry, e) : EXIT_OK;
    return verdict != EXIT_OK || names_only ? verdict : registry_load(entry, e);
}

static void choose_backends(struct micro_contender *c, bool names_only)
{
    const struct registry_entry *entry = c->entry, *base = entry->base;
    c->backend = entry->backend;
    c->fallback = registry_fallback_of(entry);
    if (names_only && entry->plugin) {
        c->shown[0] = *c->backend;
        c->shown[0].open = NULL;
        c->backend = &c->shown[0];
    }
    if (names_only && base && base->plugin) {
        c->shown[1] = *c->fallback;
        c->shown[1].open = NULL;
        c->fallback = &c->shown[1];
    }
}

/* Every op of its own, once. */
static void call_own_ops(void *context)
{
    const struct micro_contender *c = context;
    for (int i = 0; i < c->count; i++)
        if (!c->cases[i].inherited && !c->cases[i].cold) c->cases[i].call(&c->cases[i]);
}

/* Proves what is on stage, and reopens it for its cases. EXIT_OK, EXIT_PROOF, or e's code. */
static int prove_and_register(struct micro *micro, struct micro_contender *c, bool names_only,
                              struct error *e)
{
    if (names_only) return register_cases(micro, c, true);
    const int verdict = prove(micro, c, e);
    if (verdict != EXIT_OK) return verdict;
    leave_stage(micro);
    if (enter_stage(micro, c, e)) return (int)e->code;
    const int code = register_cases(micro, c, false);
    c->has_own_threads = own_threads_found(&c->threads, micro->session.plan.threads, call_own_ops, c);
    return code;
}

/* EXIT_OK, EXIT_PROOF when it is left out, or e's code. */
static int admit(struct micro *micro, struct micro_contender *c, bool names_only, struct error *e)
{
    int verdict = enter_stage(micro, c, e);
    if (verdict == EXIT_OK) verdict = prove_and_register(micro, c, names_only, e);
    leave_stage(micro);
    if (e->code != EXIT_NOTHING) return verdict;
    fprintf(stderr, "bench: %s: cannot be opened, not timed: %s\n", c->entry->name, e->text);
    *e = (struct error){.code = EXIT_OK};
    return EXIT_PROOF;
}

/* Opens and, unless only names are asked for, proves every backend. EXIT_PROOF when one is left out. */
static int prepare(struct micro *micro, bool names_only, struct error *e)
{
    const struct session *s = &micro->session;
    int code = EXIT_OK;
    for (int i = 0; i < s->count && !interrupt_flag; i++) {
        struct micro_contender *c = &micro->contenders[i];
        c->micro = micro;
        c->entry = s->entries[i];
        own_threads_prepare(&s->topology, s->plan.threads, NULL);
        own_threads_begin(&c->threads, s->plan.threads);
        const int admitted = load(s, c, names_only, e);
        if (e->code) return (int)e->code;
        code = exit_code_worst(code, admitted);
        if (admitted != EXIT_OK) continue;
        choose_backends(c, names_only);
        code = exit_code_worst(code, admit(micro, c, names_only, e));
        if (e->code) return (int)e->code;
    }
    return code;
}

static void extent_field(struct csv *csv, int extent)
{
    if (extent)
        csv_integer(csv, extent);
    else
        csv_empty(csv);
}

/* What only matrix products have, but for `weights`, which RMSprop has too. */
static void add_product_fields(struct csv *csv, const struct micro_case *c,
                               const struct gbench_result *result)
{
    const char *const trans[] = {"N", "T"};
    csv_text(csv, c->k ? trans[c->ta] : "");
    csv_text(csv, c->k ? trans[c->tb] : "");
    csv_text(csv, !c->has_weights                               ? ""
                  : !c->cold                                    ? "hot"
                  : strcmp(c->operands->pool.beyond, "l3") == 0 ? "cold_l3"
                                                                : "cold_l2");
    if (result->peak > 0) {
        csv_real(csv, result->peak * 1e-9);
        csv_real_or_empty(csv, peak_share(c->flop / result->seconds_per_call, result->peak));
    } else {
        csv_empty(csv);
        csv_empty(csv);
    }
}

static void measured_cell(struct table *t, int decimals, double value)
{
    if (value > 0)
        table_cell(t, "%.*f", decimals, value);
    else
        table_cell(t, "%s", "");
}

/* A row of the table for --export-markdown. */
static void add_table_row(struct table *t, const struct micro_case *c, const struct gbench_result *result)
{
    const double rate = c->flop / result->seconds_per_call;
    table_cell(t, "%s", c->name);
    table_cell(t, "%d", result->repetition + 1);
    table_cell(t, "%.3f", 1e6 * result->seconds_per_call);
    measured_cell(t, 1, 1e-9 * rate);
    measured_cell(t, 1, 1e-9 * c->bytes / result->seconds_per_call);
    measured_cell(t, 1, result->peak > 0 ? 100 * rate / result->peak : 0);
    table_cell(t, "%lld", result->iterations);
}

static int export_markdown(struct micro *micro, int code, struct error *e)
{
    struct markdown m;
    const char *path = micro->session.options->export_markdown;
    if (!path || e->code) return code;
    markdown_begin(&m, "micro", micro->session.dir.run_id);
    markdown_add(&m, &micro->table);
    return exit_code_worst(code, markdown_write(&m, path, e));
}

static void on_result(void *context, const struct gbench_result *result)
{
    struct micro *micro = context;
    struct csv *csv = &micro->csv;
    const struct micro_case *c = result->context;
    const struct micro_contender *owner = owner_of(c);
    add_table_row(&micro->table, c, result);
    if (csv->fd < 0) return;
    csv_integer(csv, 1);
    csv_text(csv, micro->session.dir.run_id);
    csv_text(csv, micro->session.data.name);
    csv_text(csv, owner->entry->name);
    csv_integer(csv, micro->session.plan.threads);
    csv_text(csv, c->op);
    csv_text(csv, c->role);
    csv_integer(csv, c->m);
    extent_field(csv, c->n);
    extent_field(csv, c->k);
    csv_integer(csv, result->repetition);
    csv_integer(csv, result->iterations);
    csv_real(csv, result->seconds_per_call);
    if (c->flop > 0) {
        csv_real(csv, c->flop);
        csv_real(csv, c->flop / result->seconds_per_call * 1e-9);
    } else {
        csv_empty(csv);
        csv_empty(csv);
    }
    csv_real(csv, c->bytes);
    csv_real(csv, c->bytes / result->seconds_per_call * 1e-9);
    csv_integer(csv, c->inherited);
    csv_verified(csv, &owner->verdict);
    csv_real(csv, owner->verdict.worst_of_bound);
    add_product_fields(csv, c, result);
    csv_text(csv, micro->session.env_id);
    csv_provenance(csv, owner->entry);
    if (csv_end_row(csv, micro->error)) interrupt_flag = 1;
}

static int open_files(struct micro *micro, const struct invocation *invocation, struct error *e)
{
    const struct session *s = &micro->session;
    if (!session_has_dir(s)) return 0;
    if (csv_create(&micro->csv, s->dir.path, "micro.csv", micro_columns, e)) return (int)e->code;
    if (s->dir.continued) return 0;
    session_record(s, invocation, &micro->record);
    return record_begin(&micro->record, s->dir.path, e);
}

/* Leaves nothing of a run without a row, so that the directory is taken by the next try. */
static void discard_files(struct micro *micro)
{
    struct run_dir *dir = &micro->session.dir;
    csv_discard(&micro->csv);
    if (!dir->continued) record_discard(&micro->record, dir->path);
    record_free(&micro->record);
    run_dir_abandon(dir);
}

static int close_files(struct micro *micro, int code, struct error *e)
{
    const struct session *s = &micro->session;
    if (!session_has_dir(s)) return code;
    if (e->code && !csv_has_rows(&micro->csv)) {
        discard_files(micro);
        return code;
    }
    code = exit_code_worst(code, csv_finish(&micro->csv, e));
    if (s->dir.continued) return code;
    for (int i = 0; i < s->count; i++)
        if (micro->contenders[i].verdict.cases)
            record_proven(&micro->record, s->entries[i]->name, &micro->contenders[i].verdict, 0.0);
    code = exit_code_worst(code, record_write(&micro->record, code, e));
    record_free(&micro->record);
    return code;
}

static int measure(struct micro *micro, bool names_only, struct error *e)
{
    const struct session *s = &micro->session;
    team_bind(s);
    const int code = prepare(micro, names_only, e);
    if (e->code) return (int)e->code;
    gbench_context("dataset", s->data.name);
    gbench_context("run_id", s->dir.run_id);
    if (micro->count && !interrupt_flag) {
        const int selected = gbench_run(micro->cases, micro->count, &interrupt_flag, on_result, micro, e);
        if (!selected && !e->code)
            error_set(e, EXIT_USAGE,
                      "--benchmark_filter: no case matches; --benchmark_list_tests lists them");
    }
    if (e->code) return (int)e->code;
    return interrupt_flag ? exit_code_worst(code, EXIT_INTERRUPTED) : code;
}

static int allocate(struct micro *micro, struct error *e)
{
    const struct session *s = &micro->session;
    const size_t most = (size_t)micro_max_cases(&micro->shapes);
    const struct micro_machine machine = {s->topology.l2_bytes, s->topology.l3_bytes,
                                          memory_available_here() / MEMORY_SHARE};
    micro->contenders = calloc((size_t)s->count, sizeof *micro->contenders);
    micro->cases = calloc((size_t)s->count * most, sizeof *micro->cases);
    if (!micro->contenders || !micro->cases) return error_set(e, EXIT_INTERNAL, "out of memory");
    for (int i = 0; i < s->count; i++)
        if (!(micro->contenders[i].cases = calloc(most, sizeof *micro->contenders[i].cases)))
            return error_set(e, EXIT_INTERNAL, "out of memory");
    return micro_operands_init(&micro->operands, &s->data, &s->shape, s->options->batch, s->options->seed,
                               &micro->shapes, &machine, e);
}

static int run(struct micro *micro, const struct invocation *invocation, bool names_only, struct error *e)
{
    struct session *s = &micro->session;
    const struct options *o = s->options;
    if (allocate(micro, e) || open_files(micro, invocation, e)) {
        if (session_has_dir(s)) discard_files(micro);
        return (int)e->code;
    }
    if (!o->quiet && !names_only) session_print(s, stderr);
    static const char *const head[] = {"case", "repetition", "us",        "GFLOP/s",
                                       "GB/s", "% of peak",  "iterations"};
    table_init(&micro->table, "lrrrrrr", "0000000");
    for (size_t i = 0; i < sizeof head / sizeof *head; i++) table_cell(&micro->table, "%s", head[i]);
    int code = close_files(micro, measure(micro, names_only, e), e);
    if (!names_only) code = export_markdown(micro, code, e);
    table_free(&micro->table);
    if (code == EXIT_INTERRUPTED)
        fputs("bench: interrupted; the complete rows are saved\n", stderr);
    else if (session_has_dir(s) && code == EXIT_OK)
        fprintf(stderr, "results: %s/micro.csv\n", s->dir.path);
    leave_stage(micro);
    return code;
}

int command_micro(const struct options *o, const struct invocation *invocation, struct error *e)
{
    static struct micro micro = {.csv = {.fd = -1}};
    char text[400];
    micro.error = e;
    /* Google Benchmark expects the program's name before its flags. */
    char **flags = calloc((size_t)o->passed_count + 2, sizeof *flags);
    if (!flags) return error_set(e, EXIT_INTERNAL, "out of memory");
    flags[0] = invocation->argv[0];
    memcpy(flags + 1, o->passed, (size_t)o->passed_count * sizeof *flags);
    const bool names_only = gbench_lists_only(o->passed_count + 1, flags);
    const bool wrong = gbench_flags(o->passed_count + 1, flags, text, sizeof text) != NULL;
    free(flags);
    if (wrong) return error_set(e, EXIT_USAGE, "%s", text);
    if (output_check(e) || gbench_check_out(e)) return (int)e->code;
    interrupt_install();
    if ((o->shapes && shapes_read(&micro.shapes, o->shapes, e)) ||
        session_open(&micro.session, o, "micro.csv", e)) {
        shapes_free(&micro.shapes);
        return (int)e->code;
    }
    const int code = run(&micro, invocation, names_only, e);
    micro_operands_free(&micro.operands);
    for (int i = 0; micro.contenders && i < micro.session.count; i++) free(micro.contenders[i].cases);
    free(micro.contenders);
    shapes_free(&micro.shapes);
    free(micro.cases);
    session_close(&micro.session);
    return code;
}
