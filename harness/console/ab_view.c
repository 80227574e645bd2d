/* SPDX-License-Identifier: MIT */
#include "console/ab_view.h"

#include <math.h>

#include "backends/describe.h"
#include "console/terminal.h"
#include "console/wrap.h"

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

/* terminal: where the text goes in the end. */
static void print_verdict(const struct ab_results *r, FILE *terminal, FILE *out)
{
    static const enum tone tones[] = {[VERDICT_FASTER] = TONE_GOOD,
                                      [VERDICT_SLOWER] = TONE_BAD,
                                      [VERDICT_SAME] = TONE_STRONG,
                                      [VERDICT_INCONCLUSIVE] = TONE_UNSURE};
    char word[TERMINAL_WORD];
    const struct judgement *j = &r->judgement;
    char name[2][DESCRIBE_NAMED_SIZE];
    const char *a = describe_named(r->contenders[AB_A], name[0]),
               *b = describe_named(r->contenders[AB_B], name[1]);
    const double margin = effect_percent(j->margin);
    const bool differ = steps_differ(r->contenders[AB_A], r->contenders[AB_B]);
    char steps[32] = "";
    if (differ)
        snprintf(steps, sizeof steps, " (%s)", describe_steps(r->contenders[AB_A], r->contenders[AB_B]));
    fprintf(out, "%s: ", terminal_paint(terminal, tones[j->verdict], verdict_name(j->verdict), word));
    switch (j->verdict) {
    case VERDICT_FASTER:
    case VERDICT_SLOWER:
        fprintf(out, "%s takes %s time than %s%s: ", b, j->verdict == VERDICT_FASTER ? "less" : "more", a,
                steps);
        break;
    case VERDICT_SAME:
        fprintf(out, "%s takes the same time as %s%s, within %g %%: ", b, a, steps, margin);
        break;
    case VERDICT_INCONCLUSIVE:
        fprintf(out, "cannot tell whether %s differs from %s%s by %g %% or more: ", b, a, steps, margin);
        break;
    }
    print_comparison(out, &j->other);
    fprintf(out, ", %d rounds\n", j->other.rounds);
    if (differ)
        fprintf(out,
                "           the step of %s is composed of its ops, that of %s is fused; to compare like with "
                "like: NAME:composed, or --op\n",
                r->contenders[AB_A]->backend->step ? b : a, r->contenders[AB_A]->backend->step ? a : b);
    if (j->verdict == VERDICT_INCONCLUSIVE)
        fputs("           more rounds (--rounds), or a quieter machine, make the interval narrower\n", out);
}

static void print_check(const struct ab_results *r, FILE *out)
{
    const struct judgement *j = &r->judgement;
    char text[PERCENT_SIZE];
    fprintf(out, "A/A check  %s in a second process: ", r->contenders[AB_A]->name);
    print_comparison(out, &j->itself);
    if (j->bias > 0.0)
        fprintf(out,
                "\n           two processes of one backend differ; that widens the interval of the verdict "
                "by %s on each side\n",
                ab_percent(j->bias, 0.01, text, sizeof text) + 1);
    else
        fputs(", no difference, as expected\n", out);
    if (isfinite(j->visible))
        fprintf(out,
                "visible    8 of 10 such runs would detect a difference of %s or more; less than %g %% "
                "counts as none (--min-effect)\n",
                ab_percent(j->visible, 0.01, text, sizeof text) + 1, effect_percent(j->margin));
}

static void print_drift(const struct ab_results *r, FILE *out)
{
    const struct judgement *j = &r->judgement;
    char first[PERCENT_SIZE], second[PERCENT_SIZE];
    bool any = false;
    if (j->ratio_drift.found) {
        any = true;
        fprintf(out,
                "drift      of the comparison: %s in the first half of the rounds, %s in the second; the "
                "verdict uses all of them\n",
                ab_percent(j->ratio_drift.first, 0.01, first, sizeof first),
                ab_percent(j->ratio_drift.second, 0.01, second, sizeof second));
    }
    for (enum ab_contender which = AB_A; which < AB_COUNT; which++) {
        const struct drift *d = &j->drift[which];
        if (!d->found || fabs(d->second - d->first) < j->margin) continue;
        any = true;
        fprintf(out, "drift      %s: %.3f s an epoch in the first half of the rounds, %.3f s in the second\n",
                r->contenders[which]->name, exp(d->first), exp(d->second));
    }
    if (!any) fputs("drift      none found\n", out);
}

static void print_bimodality(const struct ab_results *r, FILE *out)
{
    bool any = false;
    for (enum ab_contender which = AB_A; which < AB_COUNT; which++) {
        const struct bimodality *h = &r->judgement.bimodality[which];
        if (!h->found) continue;
        any = true;
        fprintf(out,
                "bimodal    %s: its epochs take either about %.3f s or about %.3f s (%.0f %% of them); a "
                "median hides that\n",
                r->contenders[which]->name, exp(h->low), exp(h->high), 100.0 * h->share_high);
    }
    if (!any) fputs("bimodal    none found\n", out);
}

void ab_print(const struct ab_results *r, FILE *out)
{
    static const int label = 11; /* "A/A check  " */
    struct wrapped w;
    FILE *lines = wrap_open(&w, out);
    print_verdict(r, out, lines);
    print_check(r, lines);
    print_drift(r, lines);
    print_bimodality(r, lines);
    wrap_close(&w, label);
    fputc('\n', out);
}
