/* SPDX-License-Identifier: MIT
 *
 * bench ab A B: A, A in a second process and B train in balanced rounds, each proven first in the process
 * that is timed; then the verdict. The number of rounds is fixed in advance, without an early stop. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_text.h"
#include "cli/ab_contenders.h"
#include "cli/interrupt.h"
#include "cli/output.h"
#include "cli/training.h"
#include "console/ab_view.h"
#include "stats/order.h"

struct ab {
    struct options options; /* the user's, with the epochs that the rounds make */
    struct ab_operands operands;
    struct session session;
    struct registry_entry contenders[AB_COUNT];
    double *seconds[AB_COUNT]; /* per round: sum over its epochs */
    struct ab_results report;
    bool judged;
};

static json_t *settings(void *context)
{
    const struct ab *ab = context;
    const struct options *o = &ab->options;
    return json_pack("{s:o, s:o, s:s?, s:i, s:i, s:s, s:i, s:f, s:b, s:s}", "a",
                     json_string_of_bytes(ab->operands.a ? ab->operands.a : ab->contenders[AB_A].spec), "b",
                     json_string_of_bytes(ab->operands.b), "op", o->op, "rounds", o->rounds, "processes",
                     o->processes, "order", o->order, "epochs_per_turn", o->epochs_per_turn,
                     "min_effect_percent", o->min_effect, "fail_on_slower", o->fail_on != NULL, "attribution",
                     o->attribution);
}

static void on_epoch(void *context, const struct registry_entry *entry, const struct summary_row *row,
                     const struct epoch_report *report)
{
    struct ab *ab = context;
    (void)row;
    if (report->round > 0)
        ab->seconds[entry - ab->contenders][report->round - 1] += report->result.train_seconds;
}

static int judge(struct ab *ab, struct error *e)
{
    const struct options *o = &ab->options;
    const int rounds = o->rounds;
    struct ab_results *r = &ab->report;
    struct round_times *times = calloc((size_t)rounds, sizeof *times);
    if (!times) return error_set(e, EXIT_INTERNAL, "out of memory");
    for (int i = 0; i < rounds; i++)
        times[i] = (struct round_times){log(ab->seconds[AB_A][i] / o->epochs_per_turn),
                                        log(ab->seconds[AB_AGAIN][i] / o->epochs_per_turn),
                                        log(ab->seconds[AB_B][i] / o->epochs_per_turn)};
    judge_rounds(&r->judgement, times, rounds, effect_of_percent(o->min_effect), o->seed);
    free(times);
    r->epochs_per_turn = o->epochs_per_turn;
    for (enum ab_contender which = AB_A; which < AB_COUNT; which++) {
        r->contenders[which] = &ab->contenders[which];
        r->median_seconds[which] = median_of(ab->seconds[which], rounds) / o->epochs_per_turn;
    }
    return (int)e->code;
}

static int conclude(void *context, struct error *e)
{
    struct ab *ab = context;
    const struct row_identity identity = session_identity(&ab->session);
    if (judge(ab, e) || ab_results_write(&ab->report, ab->session.dir.path, &identity, e))
        return (int)e->code;
    ab->judged = true;
    if (!ab->options.fail_on) return EXIT_OK;
    switch (ab->report.judgement.verdict) {
    case VERDICT_SLOWER:
        return EXIT_REGRESSION;
    case VERDICT_INCONCLUSIVE:
        return EXIT_INCONCLUSIVE;
    case VERDICT_SAME:
    case VERDICT_FASTER:
        break;
    }
    return EXIT_OK;
}

static json_t *figures(void *context)
{
    const struct ab *ab = context;
    return ab->judged ? ab_results_json(&ab->report) : json_null();
}

static void print(void *context, FILE *out, int code)
{
    const struct ab *ab = context;
    if (ab->judged)
        ab_print(&ab->report, out);
    else
        fprintf(out, "NO VERDICT: the run did not complete (exit code %d)\n\n", code);
}

/* Every contender trains one epoch to warm up in each process, and all of the rounds; so does the fallback
 * backend. */
static int read_options(struct ab *ab, const struct options *o, struct error *e)
{
    enum { MAX_EPOCHS = 100000 };
    if (o->operand_count == 0 || (o->op && o->operand_count == 1))
        return error_set(e, EXIT_USAGE,
                         "bench ab: two contenders are needed, as in: bench ab avx512 ./mine.so%s; each a "
                         "backend, PATH.so, or PATH/bench:BACKEND of another build",
                         o->op ? " --op gemm" : "");
    if (o->rounds > (MAX_EPOCHS - o->processes) / o->epochs_per_turn)
        return error_set(e, EXIT_USAGE, "--rounds %d with --epochs-per-turn %d: more than %d epochs",
                         o->rounds, o->epochs_per_turn, MAX_EPOCHS);
    if (o->processes > o->rounds)
        return error_set(e, EXIT_USAGE,
                         "--processes %d with --rounds %d: each process needs at least one round",
                         o->processes, o->rounds);
    ab->options = *o;
    ab->operands.a = o->operand_count == 2 ? o->operands[0] : NULL;
    ab->operands.b = o->operands[o->operand_count - 1];
    ab->operands.ops = o->op;
    ab->options.epochs = ab->options.naive_epochs = o->processes + o->rounds * o->epochs_per_turn;
    return 0;
}

static int run(struct ab *ab, const struct invocation *invocation, struct error *e)
{
    const struct training training = {.warm_up = true,
                                      .needs_all = true,
                                      .epochs_per_turn = ab->options.epochs_per_turn,
                                      .order = strcmp(ab->options.order, "abba") == 0 ? TURNS_MIRRORED
                                                                                      : TURNS_BALANCED,
                                      .rounds = ab->options.rounds,
                                      .processes = ab->options.processes,
                                      .context = ab,
                                      .settings = settings,
                                      .epoch = on_epoch,
                                      .conclude = conclude,
                                      .section = "ab",
                                      .figures = figures,
                                      .print = print};
    for (enum ab_contender which = AB_A; which < AB_COUNT; which++) {
        ab->seconds[which] = calloc((size_t)ab->options.rounds, sizeof *ab->seconds[which]);
        if (!ab->seconds[which]) return error_set(e, EXIT_INTERNAL, "out of memory");
    }
    if (session_open_with(&ab->session, &ab->options, ab->contenders, AB_COUNT, e)) return (int)e->code;
    return training_run(&ab->session, &training, invocation, e);
}

int command_ab(const struct options *o, const struct invocation *invocation, struct error *e)
{
    static struct ab ab; /* large */
    if (output_check(e) || read_options(&ab, o, e) || ab_contenders_resolve(ab.contenders, &ab.operands, e))
        return (int)e->code;
    ab.contenders[AB_B].skip_phases = strcmp(o->attribution, "a-only") == 0;
    interrupt_install();
    const int code = run(&ab, invocation, e);
    for (enum ab_contender which = AB_A; which < AB_COUNT; which++) free(ab.seconds[which]);
    return code;
}
