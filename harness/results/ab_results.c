/* SPDX-License-Identifier: MIT */
#include "results/ab_results.h"

#include <math.h>

#include "backends/describe.h"
#include "results/provenance.h"

/* ---- ab.csv ---- */

/* Raised when a column changes its name or meaning. */
enum { SCHEMA = 2 };

static const char columns[] = JUDGEMENT_COLUMNS
    ",comparison,a,b,rounds,epochs_per_turn,a_median_seconds,b_median_seconds,ratio,ratio_low,"
    "ratio_high,bias_percent,min_effect_percent,visible_percent,verdict,drift,first_half_ratio,"
    "second_half_ratio,a_bimodal,b_bimodal,a_git_commit,a_binary_sha256,b_git_commit,b_binary_sha256";

static void begin_row(struct csv *c, const struct ab_results *r, const struct row_identity *identity,
                      const char *comparison, enum ab_contender over)
{
    row_begin_judgement(c, SCHEMA, identity);
    csv_text(c, comparison);
    csv_text(c, r->contenders[AB_A]->name);
    csv_text(c, r->contenders[over]->name);
    csv_integer(c, r->judgement.other.rounds);
    csv_integer(c, r->epochs_per_turn);
    csv_real(c, r->median_seconds[AB_A]);
    csv_real(c, r->median_seconds[over]);
}

static void add_comparison(struct csv *c, const struct paired_comparison *comparison)
{
    csv_real(c, exp(comparison->effect));
    csv_real(c, exp(comparison->interval.low));
    csv_real(c, exp(comparison->interval.high));
}

/* first and second: log ratios of the halves. */
static void add_shape(struct csv *c, const struct ab_results *r, const struct drift *drift,
                      enum ab_contender over)
{
    csv_integer(c, drift->found);
    csv_real(c, exp(drift->first));
    csv_real(c, exp(drift->second));
    csv_integer(c, r->judgement.bimodality[AB_A].found);
    csv_integer(c, r->judgement.bimodality[over].found);
}

static int end_row(struct csv *c, const struct ab_results *r, enum ab_contender over, struct error *e)
{
    csv_provenance(c, r->contenders[AB_A]);
    csv_provenance(c, r->contenders[over]);
    return csv_end_row(c, e);
}

static int add_itself(struct csv *c, const struct ab_results *r, const struct row_identity *identity,
                      struct error *e)
{
    const struct judgement *j = &r->judgement;
    begin_row(c, r, identity, "A/A", AB_AGAIN);
    add_comparison(c, &j->itself);
    csv_empty(c);
    csv_real(c, effect_percent(j->margin));
    csv_real(c, effect_percent(comparison_visible(&j->itself, 0.0, j->margin)));
    csv_text(c, verdict_name(comparison_verdict(&j->itself, 0.0, j->margin)));
    add_shape(c, r, &j->itself_drift, AB_AGAIN);
    return end_row(c, r, AB_AGAIN, e);
}

static int add_other(struct csv *c, const struct ab_results *r, const struct row_identity *identity,
                     struct error *e)
{
    const struct judgement *j = &r->judgement;
    begin_row(c, r, identity, "B/A", AB_B);
    add_comparison(c, &j->other);
    csv_real(c, effect_percent(j->bias));
    csv_real(c, effect_percent(j->margin));
    csv_real(c, effect_percent(j->visible));
    csv_text(c, verdict_name(j->verdict));
    add_shape(c, r, &j->ratio_drift, AB_B);
    return end_row(c, r, AB_B, e);
}

int ab_results_write(const struct ab_results *r, const char *dir, const struct row_identity *identity,
                     struct error *e)
{
    struct csv c;
    if (csv_create_at_once(&c, dir, "ab.csv", columns, e)) return (int)e->code;
    if (add_itself(&c, r, identity, e) || add_other(&c, r, identity, e))
        csv_discard(&c);
    else
        csv_finish(&c, e);
    return (int)e->code;
}

/* ---- JSON ---- */

static json_t *real(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

static json_t *comparison_json(const struct paired_comparison *c, enum verdict verdict, double visible)
{
    return json_pack("{s:s, s:i, s:o, s:[o, o], s:o}", "verdict", verdict_name(verdict), "rounds", c->rounds,
                     "ratio", real(exp(c->effect)), "interval_95", real(exp(c->interval.low)),
                     real(exp(c->interval.high)), "visible_percent", real(effect_percent(visible)));
}

json_t *ab_results_json(const struct ab_results *r)
{
    const struct judgement *j = &r->judgement;
    json_t *contenders = json_array();
    for (enum ab_contender which = AB_A; which < AB_COUNT; which++)
        json_array_append_new(contenders,
                              json_pack("{s:s, s:o, s:b, s:b}", "backend", r->contenders[which]->name,
                                        "median_seconds", real(r->median_seconds[which]), "drift",
                                        j->drift[which].found, "bimodal", j->bimodality[which].found));
    return json_pack("{s:o, s:s, s:o, s:o, s:f, s:f, s:b}", "arms", contenders, "steps",
                     describe_steps(r->contenders[AB_A], r->contenders[AB_B]), "b_over_a",
                     comparison_json(&j->other, j->verdict, j->visible), "a_over_a",
                     comparison_json(&j->itself, comparison_verdict(&j->itself, 0.0, j->margin),
                                     comparison_visible(&j->itself, 0.0, j->margin)),
                     "bias_percent", effect_percent(j->bias), "min_effect_percent", effect_percent(j->margin),
                     "drift", j->ratio_drift.found);
}
