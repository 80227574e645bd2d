/* SPDX-License-Identifier: MIT
 *
 * bench gate --baseline RUN: trains as the baseline did, each backend in two processes, so that a slowdown
 * must show in both, and compares the shares of the peak, each epoch's own; see results/baseline.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/interrupt.h"
#include "cli/output.h"
#include "cli/training.h"
#include "machine/cpu.h"
#include "console/gate_view.h"
#include "stats/order.h"

enum {
    FIRST_EPOCH = 2, /* epoch 1 warms up */
    MAX_BACKENDS = REGISTRY_MAX / GATE_PROCESSES,
};

struct gate {
    struct options options; /* the user's, with the baseline's settings */
    struct session session;
    struct baseline baseline;
    int count; /* backends */
    const struct baseline_series *series[MAX_BACKENDS];
    struct registry_entry entries[MAX_BACKENDS * GATE_PROCESSES]; /* NAME, NAME.again, next NAME ... */
    double *share[MAX_BACKENDS * GATE_PROCESSES];                 /* by epoch */
    struct gate_line lines[MAX_BACKENDS];
    bool judged;
};

static bool is_enough(const struct baseline_series *s)
{
    return s->epochs >= GATE_MIN_EPOCHS;
}

static bool is_second_process(const char *name)
{
    static const char suffix[] = ".again";
    const size_t length = strlen(name);
    return length > sizeof suffix && strcmp(name + length - (sizeof suffix - 1), suffix) == 0;
}

/* ---- What is compared ---- */

static int use_baseline(struct gate *g, const struct options *o, struct error *e)
{
    struct baseline *b = &g->baseline;
    if (!o->baseline)
        return error_set(e, EXIT_USAGE,
                         "bench gate: --baseline is missing; give the directory of a run with at least %d "
                         "epochs of each backend",
                         GATE_MIN_EPOCHS);
    if (baseline_read(b, o->baseline, e)) return (int)e->code;
    const char *cap = cpu_cap_name();
    if (strcmp(cap ? cap : "", b->isa_cap ? b->isa_cap : "") != 0)
        return error_set(e, EXIT_USAGE,
                         "--baseline %.200s: ran with --max-isa %s, this run with %s; give both the same cap",
                         b->path, b->isa_cap ? b->isa_cap : "not given", cap ? cap : "none");
    g->options = *o;
    g->options.epochs = g->options.naive_epochs = b->epochs;
    g->options.batch = b->batch;
    g->options.hidden = b->hidden;
    g->options.lr = b->lr;
    g->options.seed = b->seed;
    g->options.threads = b->threads;
    return 0;
}

/* The baseline's backends that have enough epochs, as a list for registry_select; free(). NULL when out of
 * memory, "" when there is none. */
static char *list_of_baseline(const struct baseline *b)
{
    char *list = strdup("");
    for (int i = 0; list && i < b->count; i++) {
        const struct baseline_series *s = &b->series[i];
        char *longer = NULL;
        if (is_second_process(s->backend) || !is_enough(s)) continue;
        if (asprintf(&longer, "%s%s%s", list, *list ? "," : "", s->spec) < 0) longer = NULL;
        free(list);
        list = longer;
    }
    return list;
}

static int add_backend(struct gate *g, const struct registry_entry *entry, struct error *e)
{
    const struct baseline_series *s = baseline_find(&g->baseline, entry->name);
    if (!s || !is_enough(s))
        return error_set(
            e, EXIT_INCONCLUSIVE,
            "--baseline %.200s: too few epochs of '%s' (%d; %d are needed): no verdict is possible",
            g->baseline.path, entry->name, s ? s->epochs : 0, GATE_MIN_EPOCHS);
    if (g->count == MAX_BACKENDS)
        return error_set(e, EXIT_USAGE, "--backend: more than %d backends", MAX_BACKENDS);
    struct registry_entry *pair = &g->entries[GATE_PROCESSES * g->count];
    char *again = NULL;
    if (asprintf(&again, "%s.again", entry->name) < 0) return error_set(e, EXIT_INTERNAL, "out of memory");
    pair[0] = pair[1] = *entry;
    pair[1].name = again; /* lives as long as the program */
    g->series[g->count++] = s;
    return 0;
}

static int choose_backends(struct gate *g, struct error *e)
{
    const struct registry_entry *chosen[REGISTRY_MAX];
    int count = 0;
    const bool all = strcmp(g->options.backend, "all") == 0;
    char *list = all ? list_of_baseline(&g->baseline) : strdup(g->options.backend);
    if (!list)
        error_set(e, EXIT_INTERNAL, "out of memory");
    else if (all && !*list)
        error_set(e, EXIT_INCONCLUSIVE, "--baseline %.200s: has no backend with enough epochs to compare",
                  g->baseline.path);
    else
        registry_select(list, chosen, &count, e);
    free(list);
    for (int i = 0; i < count && !e->code; i++) add_backend(g, chosen[i], e);
    for (int i = 0; i < g->count * GATE_PROCESSES && !e->code; i++) {
        g->share[i] = calloc((size_t)g->baseline.epochs, sizeof *g->share[i]);
        if (!g->share[i]) error_set(e, EXIT_INTERNAL, "out of memory");
    }
    return (int)e->code;
}

/* Before anything is timed. */
static int check_same_ground(const struct gate *g, struct error *e)
{
    const struct baseline *b = &g->baseline;
    const struct session *s = &g->session;
    if (!record_has_data(b->machine, &s->data))
        return error_set(e, EXIT_DATA,
                         "--baseline %.200s: was trained on other images than dataset=%s; give their "
                         "directory with --data",
                         b->path, s->data.name);
    if (b->env_id[0] && strcmp(b->env_id, s->env_id) == 0) return 0;
    if (g->options.allow_other_machine) {
        fprintf(stderr, "warning: the baseline is from another machine (env_id %s, here %s)\n",
                b->env_id[0] ? b->env_id : "unknown", s->env_id);
        return 0;
    }
    return error_set(e, EXIT_INCONCLUSIVE,
                     "--baseline %.200s: is from another machine (env_id %s, here %s), so the two cannot be "
                     "compared; make a baseline here, or accept it with --allow-other-machine",
                     b->path, b->env_id[0] ? b->env_id : "unknown", s->env_id);
}

/* ---- The run ---- */

static json_t *settings(void *context)
{
    const struct gate *g = context;
    return json_pack("{s:s, s:s, s:f, s:b}", "baseline_run_id", g->baseline.run_id, "baseline_env_id",
                     g->baseline.env_id, "max_slowdown_percent", g->options.max_slowdown,
                     "allow_other_machine", g->options.allow_other_machine);
}

static void on_epoch(void *context, const struct registry_entry *entry, const struct summary_row *row,
                     const struct epoch_report *report)
{
    struct gate *g = context;
    const struct epoch_point *p = &row->points[row->epochs - 1];
    g->share[entry - g->entries][report->result.epoch - 1] =
        p->flop_done / p->seconds * 1e-9 / p->peak_gflops;
}

static int judge(struct gate *g, int backend, struct error *e)
{
    const struct baseline_series *s = g->series[backend];
    const int first = FIRST_EPOCH - 1, epochs = s->epochs - first;
    struct gate_line *line = &g->lines[backend];
    double *slowdown = calloc((size_t)epochs, sizeof *slowdown);
    line->backend = s->backend;
    line->baseline_share = median_of(s->share + first, epochs);
    for (int p = 0; slowdown && p < GATE_PROCESSES; p++) {
        const double *share = g->share[GATE_PROCESSES * backend + p];
        line->processes[p] = &g->entries[GATE_PROCESSES * backend + p];
        for (int i = 0; i < epochs; i++) slowdown[i] = log(s->share[first + i] / share[first + i]);
        compare_rounds(&line->slowdown[p], slowdown, epochs, g->options.seed);
        line->share[p] = median_of(share + first, epochs);
    }
    if (!slowdown) error_set(e, EXIT_INTERNAL, "out of memory");
    free(slowdown);
    line->verdict = gate_judge(line->slowdown, effect_of_percent(g->options.max_slowdown));
    return (int)e->code;
}

static int conclude(void *context, struct error *e)
{
    static const int codes[] = {
        [GATE_PASSED] = EXIT_OK, [GATE_SLOWER] = EXIT_REGRESSION, [GATE_INCONCLUSIVE] = EXIT_INCONCLUSIVE};
    struct gate *g = context;
    const struct row_identity identity = session_identity(&g->session);
    for (int i = 0; i < g->count; i++)
        if (judge(g, i, e)) return (int)e->code;
    if (gate_results_write(g->lines, g->count, &g->baseline, effect_of_percent(g->options.max_slowdown),
                           g->session.dir.path, &identity, e))
        return (int)e->code;
    g->judged = true;
    return codes[gate_worst(g->lines, g->count)];
}

/* Silence about a backend must not look like success. */
static void print_not_gated(const struct gate *g, FILE *out)
{
    for (int i = 0; i < g->baseline.count; i++) {
        const struct baseline_series *s = &g->baseline.series[i];
        bool gated = is_second_process(s->backend);
        for (int j = 0; j < g->count; j++) gated = gated || g->series[j] == s;
        if (!gated)
            fprintf(out, "%-12s %s: only %d epoch%s in the baseline\n", "NOT GATED", s->backend, s->epochs,
                    s->epochs == 1 ? "" : "s");
    }
    fputc('\n', out);
}

static json_t *figures(void *context)
{
    const struct gate *g = context;
    if (!g->judged) return json_null();
    return gate_results_json(g->lines, g->count, &g->baseline, effect_of_percent(g->options.max_slowdown));
}

static void print(void *context, FILE *out, int code)
{
    const struct gate *g = context;
    if (!g->judged) {
        fprintf(out, "NO VERDICT: the run did not complete (exit code %d)\n\n", code);
        return;
    }
    gate_print(g->lines, g->count, &g->baseline, effect_of_percent(g->options.max_slowdown), out);
    print_not_gated(g, out);
}

static int run(struct gate *g, const struct invocation *invocation, struct error *e)
{
    const struct training training = {.epochs_per_turn = 1,
                                      .order = TURNS_BALANCED,
                                      .processes = 1,
                                      .context = g,
                                      .settings = settings,
                                      .epoch = on_epoch,
                                      .conclude = conclude,
                                      .section = "gate",
                                      .figures = figures,
                                      .print = print};
    if (session_open_with(&g->session, &g->options, g->entries, GATE_PROCESSES * g->count, e))
        return (int)e->code;
    if (check_same_ground(g, e)) {
        session_abandon(&g->session);
        return (int)e->code;
    }
    if (!g->options.quiet)
        fprintf(stderr, "baseline  %s: %d epochs; a backend needs at least %d\n", g->baseline.path,
                g->baseline.epochs, GATE_MIN_EPOCHS);
    return training_run(&g->session, &training, invocation, e);
}

int command_gate(const struct options *o, const struct invocation *invocation, struct error *e)
{
    static struct gate g; /* large */
    int code = EXIT_OK;
    if (output_check(e)) return (int)e->code;
    interrupt_install();
    if (use_baseline(&g, o, e) || choose_backends(&g, e))
        code = (int)e->code;
    else
        code = run(&g, invocation, e);
    for (int i = 0; i < g.count * GATE_PROCESSES; i++) free(g.share[i]);
    baseline_free(&g.baseline);
    return code;
}
