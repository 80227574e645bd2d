/* SPDX-License-Identifier: MIT */
#include "report/ab_report.h"

#include <math.h>

#include "report/provenance.h"

/* ---- ab.csv ---- */

static const char *const columns[] = {JUDGEMENT_COLUMNS,
                                      "comparison",
                                      "a",
                                      "b",
                                      "rounds",
                                      "epochs_per_turn",
                                      "a_median_seconds",
                                      "b_median_seconds",
                                      "ratio",
                                      "ratio_low",
                                      "ratio_high",
                                      "bias_percent",
                                      "min_effect_percent",
                                      "visible_percent",
                                      "verdict",
                                      "drift",
                                      "first_half_ratio",
                                      "second_half_ratio",
                                      "a_two_humps",
                                      "b_two_humps",
                                      "a_git_commit",
                                      "a_binary_sha256",
                                      "b_git_commit",
                                      "b_binary_sha256",
                                      NULL};

static void begin_row(struct csv *c, const struct ab_report *r, const struct row_identity *identity,
                      const char *comparison, enum arm over)
{
    row_begin_judgement(c, identity);
    csv_text(c, comparison);
    csv_text(c, r->arms[ARM_A]->name);
    csv_text(c, r->arms[over]->name);
    csv_integer(c, r->judgement.other.rounds);
    csv_integer(c, r->epochs_per_turn);
    csv_real(c, r->median_seconds[ARM_A]);
    csv_real(c, r->median_seconds[over]);
}

static void add_comparison(struct csv *c, const struct paired_comparison *comparison)
{
    csv_real(c, exp(comparison->effect));
    csv_real(c, exp(comparison->interval.low));
    csv_real(c, exp(comparison->interval.high));
}

/* first and second: log ratios of the halves. */
static void add_shape(struct csv *c, const struct ab_report *r, const struct drift *drift, enum arm over)
{
    csv_integer(c, drift->found);
    csv_real(c, exp(drift->first));
    csv_real(c, exp(drift->second));
    csv_integer(c, r->judgement.bimodality[ARM_A].found);
    csv_integer(c, r->judgement.bimodality[over].found);
}

static int end_row(struct csv *c, const struct ab_report *r, enum arm over, struct error *e)
{
    csv_provenance(c, r->arms[ARM_A]);
    csv_provenance(c, r->arms[over]);
    return csv_end_row(c, e);
}

static int add_itself(struct csv *c, const struct ab_report *r, const struct row_identity *identity,
                      struct error *e)
{
    const struct judgement *j = &r->judgement;
    begin_row(c, r, identity, "A/A", ARM_AGAIN);
    add_comparison(c, &j->itself);
    csv_empty(c);
    csv_real(c, effect_percent(j->margin));
    csv_real(c, effect_percent(comparison_visible(&j->itself, 0.0, j->margin)));
    csv_text(c, verdict_name(comparison_verdict(&j->itself, 0.0, j->margin)));
    add_shape(c, r, &j->itself_drift, ARM_AGAIN);
    return end_row(c, r, ARM_AGAIN, e);
}

static int add_other(struct csv *c, const struct ab_report *r, const struct row_identity *identity,
                     struct error *e)
{
    const struct judgement *j = &r->judgement;
    begin_row(c, r, identity, "B/A", ARM_B);
    add_comparison(c, &j->other);
    csv_real(c, effect_percent(j->bias));
    csv_real(c, effect_percent(j->margin));
    csv_real(c, effect_percent(j->visible));
    csv_text(c, verdict_name(j->verdict));
    add_shape(c, r, &j->ratio_drift, ARM_B);
    return end_row(c, r, ARM_B, e);
}

int ab_report_write(const struct ab_report *r, const char *folder, const struct row_identity *identity,
                    struct error *e)
{
    struct csv c;
    if (csv_create_at_once(&c, folder, "ab.csv", columns, e)) return (int)e->code;
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

json_t *ab_report_json(const struct ab_report *r)
{
    const struct judgement *j = &r->judgement;
    json_t *arms = json_array();
    for (enum arm arm = ARM_A; arm < ARM_COUNT; arm++)
        json_array_append_new(arms, json_pack("{s:s, s:o, s:b, s:b}", "backend", r->arms[arm]->name,
                                              "median_seconds", real(r->median_seconds[arm]), "drift",
                                              j->drift[arm].found, "two_humps", j->bimodality[arm].found));
    return json_pack("{s:o, s:o, s:o, s:f, s:f, s:b}", "arms", arms, "b_over_a",
                     comparison_json(&j->other, j->verdict, j->visible), "a_over_a",
                     comparison_json(&j->itself, comparison_verdict(&j->itself, 0.0, j->margin),
                                     comparison_visible(&j->itself, 0.0, j->margin)),
                     "bias_percent", effect_percent(j->bias), "min_effect_percent", effect_percent(j->margin),
                     "drift", j->ratio_drift.found);
}

/* ---- Words ---- */

enum { PERCENT_SIZE = 32 };

char *ab_percent(double effect, double half_width, char *text, size_t size)
{
    const double error = 100.0 * half_width;
    const int digits = error < 0.15 ? 2 : error < 5.0 ? 1 : 0;
    snprintf(text, size, "%+.*f %%", digits, effect_percent(effect));
    return text;
}

static double half_width(const struct paired_comparison *c)
{
    return 0.5 * (c->interval.high - c->interval.low);
}

/* "+1.2 % (95 % interval +0.4 % to +2.1 %)" */
static void print_comparison(FILE *out, const struct paired_comparison *c)
{
    char effect[PERCENT_SIZE], low[PERCENT_SIZE], high[PERCENT_SIZE];
    const double half = half_width(c);
    fprintf(out, "%s (95 %% interval %s to %s)", ab_percent(c->effect, half, effect, sizeof effect),
            ab_percent(c->interval.low, half, low, sizeof low),
            ab_percent(c->interval.high, half, high, sizeof high));
}

static void print_verdict(const struct ab_report *r, FILE *out)
{
    const struct judgement *j = &r->judgement;
    const char *a = r->arms[ARM_A]->name, *b = r->arms[ARM_B]->name;
    const double margin = effect_percent(j->margin);
    fprintf(out, "%s: ", verdict_name(j->verdict));
    switch (j->verdict) {
    case VERDICT_FASTER:
    case VERDICT_SLOWER:
        fprintf(out, "%s takes %s time than %s: ", b, j->verdict == VERDICT_FASTER ? "less" : "more", a);
        break;
    case VERDICT_SAME:
        fprintf(out, "%s takes the time of %s within %g %%: ", b, a, margin);
        break;
    case VERDICT_INCONCLUSIVE:
        fprintf(out, "whether %s differs from %s by %g %% or more cannot be told: ", b, a, margin);
        break;
    }
    print_comparison(out, &j->other);
    fprintf(out, ", %d rounds\n", j->other.rounds);
    if (j->verdict == VERDICT_INCONCLUSIVE)
        fputs("           more rounds (--rounds), or a quieter machine, make the interval narrower\n", out);
}

static void print_check(const struct ab_report *r, FILE *out)
{
    const struct judgement *j = &r->judgement;
    char text[PERCENT_SIZE];
    fprintf(out, "A/A check  %s in a second process: ", r->arms[ARM_A]->name);
    print_comparison(out, &j->itself);
    if (j->bias > 0.0)
        fprintf(
            out,
            "\n           two processes of one backend differ; the interval of the verdict is wider by %s "
            "on each side for it\n",
            ab_percent(j->bias, 0.01, text, sizeof text) + 1);
    else
        fputs(", no difference seen, as it must be\n", out);
    if (isfinite(j->visible))
        fprintf(out,
                "visible    %s or more, either way, would be called in 8 of 10 such runs; less than %g %% "
                "counts as none (--min-effect)\n",
                ab_percent(j->visible, 0.01, text, sizeof text) + 1, effect_percent(j->margin));
}

static void print_drift(const struct ab_report *r, FILE *out)
{
    const struct judgement *j = &r->judgement;
    char first[PERCENT_SIZE], second[PERCENT_SIZE];
    bool any = false;
    if (j->ratio_drift.found) {
        any = true;
        fprintf(out,
                "drift      of the comparison: %s in the first half of the rounds, %s in the second; the "
                "verdict is on all of them\n",
                ab_percent(j->ratio_drift.first, 0.01, first, sizeof first),
                ab_percent(j->ratio_drift.second, 0.01, second, sizeof second));
    }
    for (enum arm arm = ARM_A; arm < ARM_COUNT; arm++) {
        const struct drift *d = &j->drift[arm];
        if (!d->found || fabs(d->second - d->first) < j->margin) continue;
        any = true;
        fprintf(out, "drift      %s: %.3f s an epoch in the first half of the rounds, %.3f s in the second\n",
                r->arms[arm]->name, exp(d->first), exp(d->second));
    }
    if (!any) fputs("drift      none found\n", out);
}

static void print_bimodality(const struct ab_report *r, FILE *out)
{
    bool any = false;
    for (enum arm arm = ARM_A; arm < ARM_COUNT; arm++) {
        const struct bimodality *h = &r->judgement.bimodality[arm];
        if (!h->found) continue;
        any = true;
        fprintf(out,
                "bimodal    %s: its epochs take either about %.3f s or about %.3f s (%.0f %% of them); a "
                "median hides that\n",
                r->arms[arm]->name, exp(h->low), exp(h->high), 100.0 * h->share_high);
    }
    if (!any) fputs("bimodal    none found\n", out);
}

void ab_report_print(const struct ab_report *r, FILE *out)
{
    print_verdict(r, out);
    print_check(r, out);
    print_drift(r, out);
    print_bimodality(r, out);
    fputc('\n', out);
}
