/* SPDX-License-Identifier: MIT */
#include "console/eta.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* What is over so soon needs no estimate. */
static const double short_seconds = 10.0;

void eta_start(struct eta *e, double now)
{
    *e = (struct eta){.start = now, .at = -1};
}

static int find(const struct eta *e, const char *name)
{
    for (int i = 0; i < e->count; i++)
        if (strcmp(e->kinds[i].name, name) == 0) return i;
    return -1;
}

void eta_plan(struct eta *e, const char *name, int owed)
{
    int at = find(e, name);
    if (at < 0 && e->count < ETA_MAX) {
        at = e->count++;
        e->kinds[at] = (struct eta_kind){.name = name};
    }
    if (at >= 0) e->kinds[at].owed += owed;
}

void eta_drop(struct eta *e, const char *name)
{
    const int at = find(e, name);
    if (at >= 0) e->kinds[at].owed = e->kinds[at].done;
}

void eta_begin(struct eta *e, const char *name, int part, double now)
{
    e->at = part > 0 ? find(e, name) : -1;
    e->part_start = now;
}

void eta_end(struct eta *e, double now)
{
    if (e->at < 0) return;
    struct eta_kind *k = &e->kinds[e->at];
    k->done++;
    k->seconds += now - e->part_start;
    e->at = -1;
}

double eta_remaining(const struct eta *e, double now)
{
    double left = 0.0;
    for (int i = 0; i < e->count; i++) {
        const struct eta_kind *k = &e->kinds[i];
        if (k->done >= k->owed) continue;
        if (k->done == 0) return NAN;
        const double mean = k->seconds / k->done;
        left += mean * (k->owed - k->done);
        if (i == e->at) left -= fmin(mean, now - e->part_start);
    }
    return e->count > 0 ? left : (double)NAN;
}

/* "0:07", "12:30", "1:02:03" */
static int print_time(char *text, size_t size, double seconds)
{
    const long long s = (long long)(seconds + 0.5);
    if (s < 3600) return snprintf(text, size, "%lld:%02lld", s / 60, s % 60);
    return snprintf(text, size, "%lld:%02lld:%02lld", s / 3600, s / 60 % 60, s % 60);
}

char *eta_text(const struct eta *e, double now, char text[ETA_TEXT])
{
    const double left = eta_remaining(e, now);
    text[0] = 0;
    if (e->start <= 0.0 || now - e->start < short_seconds) return text;
    const int used = print_time(text, ETA_TEXT, now - e->start);
    if (isnan(left)) return text;
    const int separator = snprintf(text + used, ETA_TEXT - (size_t)used, ", ");
    const int end =
        used + separator + print_time(text + used + separator, ETA_TEXT - (size_t)(used + separator), left);
    snprintf(text + end, ETA_TEXT - (size_t)end, " left");
    return text;
}
