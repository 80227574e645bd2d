/* SPDX-License-Identifier: MIT
 *
 * How bench was built and is run. */
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "doctor/checks.h"
#include "machine/library_env.h"

/* Why a build is not for measuring; NULL for one that is. */
static const char *build_fault(const char *type, const char *flags)
{
    if (strstr(flags, "-fsanitize")) return "with a sanitizer";
    if (strstr(flags, "-fprofile-arcs") || strstr(flags, "--coverage")) return "with coverage counters";
    if (strstr(flags, "-O0") || strcmp(type, "debug") == 0) return "without optimisation";
    return NULL;
}

void check_build(const struct machine_state *p, struct finding *f)
{
    const char *fault = build_fault(p->build_type, p->build_flags);
    f->state = fault ? FINDING_WARNING : FINDING_FINE;
    FINDING_SAY(f->cause, "buildtype %s%s%s", p->build_type, fault ? ", " : "", fault ? fault : "");
    if (!fault) return;
    FINDING_SAY(f->effect, "every measured time is too long; one build cannot show by how much");
    FINDING_SAY(f->advice, "meson setup build-release --buildtype=release && meson compile -C build-release");
}

void check_quota(const struct machine_state *p, struct finding *f)
{
    const double quota = p->topology->quota_cpus, throttled = p->probe.throttled;
    if (!(quota > 0)) {
        f->state = FINDING_FINE;
        FINDING_SAY(f->cause, "none");
        return;
    }
    FINDING_SAY(f->cause, "%.2f CPUs for %d thread%s", quota, p->threads, p->threads == 1 ? "" : "s");
    if (!isnan(throttled))
        FINDING_SAY(f->effect, "threads were throttled for %.1f %% of the time", 100 * throttled);
    const bool short_of = quota < p->threads;
    f->state = FINDING_TAKEN(p, throttled)    ? FINDING_WARNING
               : short_of && isnan(throttled) ? FINDING_NOTE
                                              : FINDING_FINE;
    if (f->state != FINDING_FINE && quota >= 1)
        FINDING_SAY(f->advice, "bench --threads %d    # or a larger quota", (int)quota);
    else if (f->state != FINDING_FINE)
        FINDING_SAY(f->advice, "give a quota of at least one CPU");
}

void check_environment(const struct machine_state *p, struct finding *f)
{
    size_t used = 0;
    int count = 0;
    for (const char *const *variable = p->environment; *variable; variable++) {
        if (!library_env_is_recorded(*variable)) continue;
        count++;
        const int n =
            snprintf(f->cause + used, sizeof f->cause - used, "%s%.60s", used ? " " : "", *variable);
        used += (size_t)n < sizeof f->cause - used ? (size_t)n : sizeof f->cause - used - 1;
    }
    f->state = count ? FINDING_WARNING : FINDING_FINE;
    if (!count) {
        FINDING_SAY(f->cause, "no variable of OpenMP, a BLAS, oneDNN or bench is set");
        return;
    }
    FINDING_SAY(
        f->effect,
        "OpenMP alone would use %d thread%s, bench uses %d (its workers drop OMP_*, not the others)%s%s",
        p->openmp_threads, p->openmp_threads == 1 ? "" : "s", p->threads,
        p->probe.threads < p->threads ? "; fewer were probed than bench uses" : "",
        p->topology->description_ignored ? "; the machine that HWLOC_* describe is ignored" : "");
    FINDING_SAY(f->advice, "env -i HOME=\"$HOME\" PATH=\"$PATH\" bench ...    # a run without any of them");
}

/* What unlike cores do to each other shows only in a run whose team has several kinds. */
void check_core_kinds(const struct machine_state *p, struct finding *f)
{
    const struct topology *t = p->topology;
    size_t used = 0;
    f->state = FINDING_FINE;
    if (t->kinds_count < 2) {
        FINDING_SAY(f->cause, "hwloc reports one kind");
        return;
    }
    for (int i = 0; i < t->kinds_count; i++) {
        const struct core_kind *kind = &t->kinds[i];
        used +=
            (size_t)snprintf(f->cause + used, sizeof f->cause - used, "%s%d %s with %d hardware threads",
                             i ? ", " : "", kind->cores, kind->name[0] ? kind->name : "others", kind->pus);
    }
    FINDING_SAY(f->effect, "bench uses them in this order, and without --threads only the first kind");
    if (p->threads <= topology_kind_pus(t)) return;
    f->state = FINDING_NOTE;
    FINDING_SAY(f->effect, "%d threads have cores of several kinds: the fast ones wait for the slow ones",
                p->threads);
    FINDING_SAY(f->advice, "bench --threads %d", t->kinds[0].cores);
}
