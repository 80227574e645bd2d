/* SPDX-License-Identifier: MIT */
#include "machine/other_load.h"

#include <math.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

static double seconds_of(struct timeval t)
{
    return (double)t.tv_sec + 1e-6 * (double)t.tv_usec;
}

void load_read(struct load_reading *r, const char *stat_file, const int *cpus, int count)
{
    struct rusage usage;
    r->known = cpu_time_read(stat_file, cpus, count, &r->cpus);
    getrusage(RUSAGE_SELF, &usage);
    r->own = seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
    r->seconds = clock_seconds();
}

static double share(double part, double whole)
{
    return fmin(fmax(part / whole, 0.0), 1.0);
}

struct other_load load_between(const struct load_reading *before, const struct load_reading *after, int count)
{
    const double seconds = after->seconds - before->seconds, wall = seconds * count;
    struct other_load l = {.cpus = count, .others = NAN, .steal = NAN};
    l.blur = 1.0 / (double)sysconf(_SC_CLK_TCK) / seconds;
    if (!before->known || !after->known) return l;
    const double steal = after->cpus.steal - before->cpus.steal;
    l.others = share(after->cpus.busy - before->cpus.busy - (after->own - before->own), wall);
    if (!isnan(steal)) l.steal = share(steal, wall);
    return l;
}

struct other_load load_look(const char *stat_file, const int *cpus, int count, double seconds)
{
    struct load_reading before, after;
    const struct timespec rest = {(time_t)seconds, (long)(1e9 * (seconds - floor(seconds)))};
    load_read(&before, stat_file, cpus, count);
    nanosleep(&rest, NULL);
    load_read(&after, stat_file, cpus, count);
    return load_between(&before, &after, count);
}

bool load_is_high(const struct other_load *l)
{
    const double taken = l->others + (isnan(l->steal) ? 0.0 : l->steal);
    return taken > l->blur + 0.01;
}
