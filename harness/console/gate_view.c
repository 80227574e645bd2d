/* SPDX-License-Identifier: MIT */
#include "console/gate_view.h"

#include <math.h>

#include "console/ab_view.h"
#include "console/terminal.h"
#include "console/wrap.h"

static const char *verdict_word(enum gate_verdict verdict, FILE *terminal, char text[TERMINAL_WORD])
{
    static const enum tone tones[] = {
        [GATE_PASSED] = TONE_GOOD, [GATE_SLOWER] = TONE_BAD, [GATE_INCONCLUSIVE] = TONE_UNSURE};
    return terminal_paint(terminal, tones[verdict], gate_verdict_name(verdict), text);
}

static void print_first_line(enum gate_verdict worst, const struct baseline *b, double limit, FILE *terminal,
                             FILE *out)
{
    char word[TERMINAL_WORD];
    const double percent = effect_percent(limit);
    fprintf(out, "%s: ", verdict_word(worst, terminal, word));
    if (worst == GATE_PASSED)
        fprintf(out, "nothing is slower than the baseline by %g %% or more", percent);
    else if (worst == GATE_SLOWER)
        fprintf(out, "a slowdown of more than %g %% against the baseline, in each of two processes", percent);
    else
        fprintf(out, "cannot tell whether anything is slower than the baseline by %g %% or more", percent);
    fprintf(out, " (run %s)\n", b->run_id);
}

static void print_line(const struct gate_line *line, FILE *out)
{
    fprintf(out, "%-12s %s: slowdown ", gate_verdict_name(line->verdict), line->backend);
    for (int p = 0; p < GATE_PROCESSES; p++) {
        char effect[32], low[32], high[32];
        const struct paired_comparison *s = &line->slowdown[p];
        const double half = 0.5 * (s->interval.high - s->interval.low);
        fprintf(out, "%s%s (95 %% interval %s to %s)", p ? ", again " : "",
                ab_percent(s->effect, half, effect, sizeof effect),
                ab_percent(s->interval.low, half, low, sizeof low),
                ab_percent(s->interval.high, half, high, sizeof high));
    }
    fprintf(out, "; of peak %.1f %% then, %.1f %% and %.1f %% now\n", 100 * line->baseline_share,
            100 * line->share[0], 100 * line->share[1]);
}

static void print_lines(const struct gate_line *lines, int count, FILE *out)
{
    for (enum gate_verdict v = GATE_SLOWER; v <= GATE_INCONCLUSIVE; v++) /* offenders first */
        for (int i = 0; i < count; i++)
            if (lines[i].verdict == v) print_line(&lines[i], out);
    for (int i = 0; i < count; i++)
        if (lines[i].verdict == GATE_PASSED) print_line(&lines[i], out);
}

void gate_print(const struct gate_line *lines, int count, const struct baseline *b, double limit, FILE *out)
{
    static const int label = 13; /* "INCONCLUSIVE " */
    struct wrapped w;
    FILE *wrapped = wrap_open(&w, out);
    print_first_line(gate_worst(lines, count), b, limit, out, wrapped);
    print_lines(lines, count, wrapped);
    wrap_close(&w, label);
    wrap_line(out, terminal_page_width(out),
              "The two runs did not take turns, so their seconds are not compared. What is compared, epoch "
              "by epoch, is the share of the peak measured around each epoch. Anything that slows a program "
              "but not that "
              "peak counts as a slowdown; 'bench ab' with both builds is the sharper test.");
}
