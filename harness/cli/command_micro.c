/* SPDX-License-Identifier: MIT
 *
 * bench micro: proves each backend in this process, then times its ops in it. What was not proven is not
 * timed. A plug-in is first proven in a process of its own; only one that survives this is loaded here. */
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "cli/interrupt.h"
#include "cli/output.h"
#include "cli/prove_apart.h"
#include "cli/session.h"
#include "micro/gbench.h"
#include "micro/micro.h"

static const char *const micro_columns[] = {"schema",
                                            "run_id",
                                            "dataset",
                                            "backend",
                                            "threads",
                                            "op",
                                            "role",
                                            "m",
                                            "n",
                                            "k",
                                            "repetition",
                                            "iterations",
                                            "seconds_per_call",
                                            "flop",
                                            "gflops",
                                            "bytes",
                                            "gbytes_per_second",
                                            "inherited",
                                            "verified",
                                            "worst_error_of_bound",
                                            NULL};

struct contestant {
    const struct registry_entry *entry;
    struct backend plugin; /* for an entry that is one */
    struct contender contender;
    struct proof_verdict verdict;
    struct micro_case cases[MICRO_MAX_CASES];
    int count;
};

struct micro {
    struct session session;
    struct micro_operands operands;
    struct contestant *contestants; /* one per selected backend; count 0 when it is not timed */
    struct gbench_case *cases;
    int count;
    struct csv csv; /* fd -1: no file */
    struct record record;
    struct error *error;
};

static void print_failed_row(void *context, const struct proof_row *row)
{
    const struct contestant *c = context;
    if (row->failed)
        fprintf(stderr, "FAIL  %s %s %s: %lld of %lld failed; first: %s\n", c->entry->name, row->op,
                row->cases, row->failed, row->count, row->first_failure);
}

/* EXIT_OK, EXIT_PROOF, or e's code. */
static int prove(struct micro *micro, struct contestant *c, struct error *e)
{
    const struct session *s = &micro->session;
    const struct proof_options options = {
        .seed = s->options->seed, .data = &s->data, .row = print_failed_row, .context = c};
    const bool quiet = s->options->quiet;
    if (!quiet) fprintf(stderr, "proof     %s: ", c->entry->name); /* takes seconds: say what is going on */
    const int failed = prove_backend(c->contender.backend, c->contender.fallback, &c->contender.plan,
                                     &options, &c->verdict, e);
    if (!quiet)
        fprintf(stderr, "%lld cases, worst error %.3f of its bound\n", c->verdict.cases,
                c->verdict.worst_of_bound);
    if (failed) return failed;
    const bool passed = c->verdict.failed == 0 && c->verdict.cases > 0;
    if (!passed) fprintf(stderr, "bench: %s: proof failed, not timed\n", c->entry->name);
    return passed ? EXIT_OK : EXIT_PROOF;
}

static void register_cases(struct micro *micro, struct contestant *c)
{
    c->count = micro_cases(c->cases, &c->contender, &micro->operands);
    for (int i = 0; i < c->count; i++)
        micro->cases[micro->count++] = (struct gbench_case){
            c->cases[i].name, c->cases[i].call,  &c->cases[i],
            c->cases[i].flop, c->cases[i].bytes, c->cases[i].inherited ? "inherited" : NULL};
}

/* Loads a plug-in that a worker has proven. For a list of names its shadow serves, for nothing of it is
 * called. EXIT_OK, EXIT_PROOF, EXIT_INTERRUPTED, or e's code. */
static int admit_plugin(const struct session *s, struct contestant *c, bool names_only, struct error *e)
{
    if (names_only) {
        c->plugin = c->entry->plugin->shadow;
        c->plugin.open = NULL;
        return EXIT_OK;
    }
    const int verdict = prove_apart(s, c->entry, e);
    if (verdict != EXIT_OK) return verdict;
    return plugin_load(&c->plugin, c->entry->plugin->path, c->entry->plugin->facts.name, e);
}

/* Opens and, unless only names are asked for, proves every backend. EXIT_PROOF when one is left out. */
static int prepare(struct micro *micro, bool names_only, struct error *e)
{
    const struct session *s = &micro->session;
    int code = EXIT_OK;
    for (int i = 0; i < s->count && !interrupt_flag; i++) {
        struct contestant *c = &micro->contestants[i];
        c->entry = s->entries[i];
        const int admitted = c->entry->plugin ? admit_plugin(s, c, names_only, e) : EXIT_OK;
        if (e->code) return (int)e->code;
        code = exit_code_worst(code, admitted);
        if (admitted != EXIT_OK) continue;
        const struct backend *b = c->entry->plugin ? &c->plugin : c->entry->backend;
        struct plan plan = s->plan;
        plan.argument = c->entry->argument;
        if (contender_open(&c->contender, b, registry_fallback_for(b), &plan, e)) return (int)e->code;
        const int verdict = names_only ? EXIT_OK : prove(micro, c, e);
        if (e->code) return (int)e->code;
        if (verdict == EXIT_OK) register_cases(micro, c);
        code = exit_code_worst(code, verdict);
    }
    return code;
}

static const struct contestant *contestant_of(const struct micro *micro, const struct micro_case *c)
{
    int i = 0;
    while (&micro->contestants[i].contender != c->contender) i++;
    return &micro->contestants[i];
}

static void extent_field(struct csv *csv, int extent)
{
    if (extent)
        csv_integer(csv, extent);
    else
        csv_empty(csv);
}

static void on_result(void *context, const struct gbench_result *result)
{
    struct micro *micro = context;
    struct csv *csv = &micro->csv;
    const struct micro_case *c = result->context;
    const struct contestant *contestant = contestant_of(micro, c);
    if (csv->fd < 0) return;
    csv_integer(csv, 1);
    csv_text(csv, micro->session.folder.run_id);
    csv_text(csv, micro->session.data.name);
    csv_text(csv, contestant->entry->name);
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
    csv_integer(csv, 1);
    csv_real(csv, contestant->verdict.worst_of_bound);
    if (csv_end_row(csv, micro->error)) interrupt_flag = 1;
}

static int open_files(struct micro *micro, const struct invocation *words, struct error *e)
{
    const struct session *s = &micro->session;
    if (!session_has_folder(s)) return 0;
    if (csv_create(&micro->csv, s->folder.path, "micro.csv", micro_columns, e)) return (int)e->code;
    if (s->folder.continued) return 0;
    session_record(s, words, &micro->record);
    if (record_topology(s->folder.path, e) || record_write(&micro->record, "running", 0, e))
        csv_discard(&micro->csv);
    return (int)e->code;
}

static int close_files(struct micro *micro, int code, struct error *e)
{
    const struct session *s = &micro->session;
    if (!session_has_folder(s)) return code;
    code = exit_code_worst(code, csv_finish(&micro->csv, e));
    if (s->folder.continued) return code;
    for (int i = 0; i < s->count; i++)
        if (micro->contestants[i].verdict.cases)
            record_proven(&micro->record, s->entries[i]->name, &micro->contestants[i].verdict, 0.0);
    const char *status = code == EXIT_OK ? "complete" : code == EXIT_INTERRUPTED ? "interrupted" : "failed";
    code = exit_code_worst(code, record_write(&micro->record, status, code, e));
    record_free(&micro->record);
    return code;
}

/* The threads that the ops will use, where a training worker has its own. */
static void bind(const struct session *s)
{
    int bound = 0;
    omp_set_dynamic(0);
    omp_set_num_threads(s->plan.threads);
    topology_bind_team(&s->topology, s->plan.threads, &bound);
    if (!bound && !s->options->quiet) fputs("warning: the threads could not be bound to cores\n", stderr);
}

static int measure(struct micro *micro, bool names_only, struct error *e)
{
    const struct session *s = &micro->session;
    bind(s);
    const int code = prepare(micro, names_only, e);
    if (e->code) return (int)e->code;
    gbench_context("dataset", s->data.name);
    gbench_context("run_id", s->folder.run_id);
    if (micro->count && !interrupt_flag &&
        !gbench_run(micro->cases, micro->count, &interrupt_flag, on_result, micro))
        return error_set(e, EXIT_USAGE,
                         "--benchmark_filter: no case has such a name; --benchmark_list_tests shows them");
    if (e->code) return (int)e->code;
    return interrupt_flag ? exit_code_worst(code, EXIT_INTERRUPTED) : code;
}

static int run(struct micro *micro, const struct invocation *words, bool names_only, struct error *e)
{
    struct session *s = &micro->session;
    const struct options *o = s->options;
    micro->contestants = calloc((size_t)s->count, sizeof *micro->contestants);
    micro->cases = calloc((size_t)s->count * MICRO_MAX_CASES, sizeof *micro->cases);
    if (!micro->contestants || !micro->cases ||
        micro_operands_init(&micro->operands, &s->data, &s->shape, o->batch, o->seed))
        return error_set(e, EXIT_INTERNAL, "out of memory");
    if (open_files(micro, words, e)) return (int)e->code;
    if (!o->quiet && !names_only) session_print(s, stderr);
    const int code = close_files(micro, measure(micro, names_only, e), e);
    if (code == EXIT_INTERRUPTED)
        fputs("bench: interrupted; complete rows were kept\n", stderr);
    else if (session_has_folder(s) && code == EXIT_OK)
        fprintf(stderr, "results: %s/micro.csv\n", s->folder.path);
    for (int i = 0; i < s->count; i++) contender_close(&micro->contestants[i].contender);
    return code;
}

int command_micro(const struct options *o, const struct invocation *words, struct error *e)
{
    static struct micro micro = {.csv = {.fd = -1}};
    char text[400];
    micro.error = e;
    /* Google Benchmark expects the program's name before its flags. */
    char **flags = calloc((size_t)o->passed_count + 2, sizeof *flags);
    if (!flags) return error_set(e, EXIT_INTERNAL, "out of memory");
    flags[0] = words->argv[0];
    memcpy(flags + 1, o->passed, (size_t)o->passed_count * sizeof *flags);
    const bool names_only = gbench_lists_only(o->passed_count + 1, flags);
    const bool wrong = gbench_flags(o->passed_count + 1, flags, text, sizeof text) != NULL;
    free(flags);
    if (wrong) return error_set(e, EXIT_USAGE, "%s", text);
    if (output_check(e)) return (int)e->code;
    interrupt_install();
    if (session_open(&micro.session, o, "micro.csv", e)) return (int)e->code;
    const int code = run(&micro, words, names_only, e);
    micro_operands_free(&micro.operands);
    free(micro.contestants);
    free(micro.cases);
    session_close(&micro.session);
    return code;
}
