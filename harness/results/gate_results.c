/* SPDX-License-Identifier: MIT */
#include "results/gate_results.h"

#include <math.h>

#include "results/provenance.h"

enum gate_verdict gate_judge(const struct paired_comparison slowdown[GATE_PROCESSES], double limit)
{
    bool above = true, below = true;
    for (int i = 0; i < GATE_PROCESSES; i++) {
        const struct interval *interval = &slowdown[i].interval;
        const bool quiet = interval->high - interval->low <= 2.0 * limit;
        above = above && quiet && interval->low > limit;
        below = below && interval->high < limit;
    }
    return above ? GATE_SLOWER : below ? GATE_PASSED : GATE_INCONCLUSIVE;
}

const char *gate_verdict_name(enum gate_verdict verdict)
{
    static const char *const names[] = {"PASSED", "SLOWER", "INCONCLUSIVE"};
    return names[verdict];
}

enum gate_verdict gate_worst(const struct gate_line *lines, int count)
{
    enum gate_verdict worst = GATE_PASSED;
    for (int i = 0; i < count; i++) {
        if (lines[i].verdict == GATE_SLOWER) return GATE_SLOWER;
        if (lines[i].verdict == GATE_INCONCLUSIVE) worst = GATE_INCONCLUSIVE;
    }
    return worst;
}

/* ---- gate.csv ---- */

/* Raised when a column changes its name or meaning. */
enum { SCHEMA = 1 };

static const char columns[] = JUDGEMENT_COLUMNS
    ",baseline_run_id,baseline_env_id,backend,process,epochs,baseline_median_share,median_share,"
    "slowdown_ratio,slowdown_low,slowdown_high,max_slowdown_percent,verdict," PROVENANCE_COLUMNS;

static int add_row(struct csv *c, const struct gate_line *line, int process, const struct baseline *b,
                   double limit, const struct row_identity *identity, struct error *e)
{
    const struct paired_comparison *s = &line->slowdown[process];
    row_begin_judgement(c, SCHEMA, identity);
    csv_text(c, b->run_id);
    csv_text(c, b->env_id);
    csv_text(c, line->backend);
    csv_integer(c, process + 1);
    csv_integer(c, s->rounds);
    csv_real(c, line->baseline_share);
    csv_real(c, line->share[process]);
    csv_real(c, exp(s->effect));
    csv_real(c, exp(s->interval.low));
    csv_real(c, exp(s->interval.high));
    csv_real(c, effect_percent(limit));
    csv_text(c, gate_verdict_name(line->verdict));
    csv_provenance(c, line->processes[process]);
    return csv_end_row(c, e);
}

int gate_results_write(const struct gate_line *lines, int count, const struct baseline *b, double limit,
                       const char *dir, const struct row_identity *identity, struct error *e)
{
    struct csv c;
    if (csv_create_at_once(&c, dir, "gate.csv", columns, e)) return (int)e->code;
    for (int i = 0; i < count; i++)
        for (int p = 0; p < GATE_PROCESSES && !e->code; p++) add_row(&c, &lines[i], p, b, limit, identity, e);
    if (e->code)
        csv_discard(&c);
    else
        csv_finish(&c, e);
    return (int)e->code;
}

/* ---- JSON ---- */

static json_t *process_json(const struct gate_line *line, int process)
{
    const struct paired_comparison *s = &line->slowdown[process];
    const double low = exp(s->interval.low), high = exp(s->interval.high);
    return json_pack("{s:i, s:f, s:f, s:[o, o]}", "epochs", s->rounds, "median_share", line->share[process],
                     "slowdown", exp(s->effect), "interval_95", isfinite(low) ? json_real(low) : json_null(),
                     isfinite(high) ? json_real(high) : json_null());
}

json_t *gate_results_json(const struct gate_line *lines, int count, const struct baseline *b, double limit)
{
    json_t *list = json_array();
    for (int i = 0; i < count; i++)
        json_array_append_new(list, json_pack("{s:s, s:s, s:f, s:[o, o]}", "backend", lines[i].backend,
                                              "verdict", gate_verdict_name(lines[i].verdict),
                                              "baseline_median_share", lines[i].baseline_share, "processes",
                                              process_json(&lines[i], 0), process_json(&lines[i], 1)));
    return json_pack("{s:s, s:s, s:f, s:o}", "verdict", gate_verdict_name(gate_worst(lines, count)),
                     "baseline_run_id", b->run_id, "max_slowdown_percent", effect_percent(limit), "backends",
                     list);
}
