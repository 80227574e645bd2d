/* SPDX-License-Identifier: MIT */
#include "console/speedup_view.h"

#include "backends/describe.h"
#include "console/wrap.h"

static void print_speedup(const char *fast, const char *slow, const struct speedup *up, int width, FILE *out)
{
    const int places = up->ratio >= 10 ? 1 : 2;
    const double low = up->interval.low, high = up->interval.high;
    if (up->established)
        wrap_line(out, width, "%s is %.*fx as fast as %s (95 %%: %.*f to %.*f)%s", fast, places, up->ratio,
                  slow, places, low, places, high,
                  low <= 1 ? ": which of them is faster is not established" : "");
    else
        wrap_line(out, width, "%s against %s: not established: %s", fast, slow, up->reason);
}

void speedups_print(const struct summary *s, int width, FILE *out)
{
    char fast[DESCRIBE_NAMED_SIZE], name[DESCRIBE_NAMED_SIZE], slow[DESCRIBE_NAMED_SIZE + 32];
    const struct summary_row *best = fastest_row(s);
    for (int i = 0; best && i < s->count; i++) {
        const struct summary_row *row = &s->rows[i];
        if (row == best || row->epochs == 0) continue;
        const struct speedup up = speedup_over(s, best, row);
        const bool differ = steps_differ(best->entry, row->entry);
        snprintf(slow, sizeof slow, "%s%s%s", describe_named(row->entry, name), differ ? ", " : "",
                 differ ? describe_steps(best->entry, row->entry) : "");
        print_speedup(describe_named(best->entry, fast), slow, &up, width, out);
    }
}
