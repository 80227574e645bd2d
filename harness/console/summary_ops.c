/* SPDX-License-Identifier: MIT */
#include "console/summary_ops.h"

#include <math.h>

#include "backends/describe.h"
#include "console/amdahl_view.h"
#include "console/wrap.h"
#include "results/figures.h"

/* Above it, the clocks disturb what they measure. */
static const double max_clock_share = 0.01;

void summary_print_amdahl(const struct summary *s, int width, FILE *out)
{
    struct amdahl_part parts[2 * (TRAINER_MAX_OP_TIMES + 1)];
    for (int i = 0; i < s->count; i++) {
        char slow_name[DESCRIBE_NAMED_SIZE], fast_name[DESCRIBE_NAMED_SIZE];
        struct amdahl_side slow, fast;
        struct amdahl a;
        if (!amdahl_figures(&a, s, &s->rows[i], &slow, &fast, parts)) continue;
        slow.name = describe_named(s->rows[i].entry, slow_name);
        fast.name = describe_named(fastest_row(s)->entry, fast_name);
        amdahl_print(out, width, &a, &slow, &fast);
    }
}

void summary_print_clocks(const struct summary *s, int width, FILE *out)
{
    char text[4096] = "";
    size_t used = 0;
    double most = 0;
    for (int i = 0; i < s->count; i++) {
        const struct summary_row *row = &s->rows[i];
        const double share = clock_share(s, row);
        char percent[32] = "unknown";
        if (row->epochs == 0 || used >= sizeof text) continue;
        if (!isnan(share)) snprintf(percent, sizeof percent, "%.3f %%", 100 * share);
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s %s", used ? ", " : "",
                                 row->entry->name, percent);
        most = fmax(most, isnan(share) ? 0 : share);
    }
    if (used)
        wrap_line(out, width, "share of an epoch spent reading clocks for ops.csv: %s%s", text,
                  most > max_clock_share ? "; that is a lot: --attribution off avoids it" : "");
}
