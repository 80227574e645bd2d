/* SPDX-License-Identifier: MIT
 *
 * Who else uses the cores and the last-level cache. */
#include <math.h>

#include "doctor/checks.h"

void check_other_load(const struct machine_state *p, struct finding *f)
{
    const double others = p->probe.others;
    if (isnan(others)) {
        f->state = FINDING_UNKNOWN;
        FINDING_SAY(f->cause, "the kernel does not say how the CPUs spend their time");
        return;
    }
    f->state = FINDING_TAKEN(p, others) ? FINDING_WARNING : FINDING_FINE;
    if (isnan(p->probe.runnable))
        FINDING_SAY(f->cause, "the kernel does not say how many other threads want to run");
    else
        FINDING_SAY(f->cause, "%.1f other threads want to run, on %d allowed CPUs", p->probe.runnable,
                    p->topology->allowed_pus);
    FINDING_SAY(f->effect, "others took %.1f %% of the time of the CPUs that bench uses", 100 * others);
    if (f->state == FINDING_WARNING)
        FINDING_SAY(f->advice, "ps -eo pcpu,pid,comm --sort=-pcpu | head    # shows which");
}

void check_siblings(const struct machine_state *p, struct finding *f)
{
    const double busy = p->probe.siblings;
    if (p->probe.sibling_count == 0) {
        f->state = FINDING_FINE;
        FINDING_SAY(f->cause, "no other hardware threads share the cores that bench uses");
        return;
    }
    FINDING_SAY(f->cause, "%d hardware threads share the cores that bench uses", p->probe.sibling_count);
    if (isnan(busy)) {
        f->state = FINDING_UNKNOWN;
        return;
    }
    f->state = FINDING_TAKEN(p, busy) ? FINDING_WARNING : FINDING_FINE;
    FINDING_SAY(f->effect, "they were busy for %.1f %% of the time", 100 * busy);
    if (f->state == FINDING_WARNING)
        FINDING_SAY(f->advice, "echo off | sudo tee /sys/devices/system/cpu/smt/control    # undo: echo on");
}

void check_steal(const struct machine_state *p, struct finding *f)
{
    const double steal = p->probe.steal;
    const char *host = p->hypervisor;
    FINDING_SAY(f->cause, "%s%s", host ? "under a hypervisor: " : "no hypervisor is seen", host ? host : "");
    if (isnan(steal)) {
        f->state = host ? FINDING_UNKNOWN : FINDING_FINE;
        if (host) FINDING_SAY(f->effect, "the kernel does not say how much time it takes from the CPUs");
        return;
    }
    f->state = FINDING_TAKEN(p, steal) ? FINDING_WARNING : FINDING_FINE;
    FINDING_SAY(f->effect, "it took %.1f %% of the time of the CPUs that bench uses (steal)", 100 * steal);
    if (f->state == FINDING_WARNING)
        FINDING_SAY(f->advice, "use a dedicated host, or more rounds: bench ab A B --rounds 100");
}

void check_scatter(const struct machine_state *p, struct finding *f)
{
    const struct probe *r = &p->probe;
    f->state = r->stretch_p95 > SMALL_EFFECT ? FINDING_WARNING : FINDING_FINE;
    FINDING_SAY(f->cause, "a piece of work that takes %.3f ms: 95th percentile %+.1f %%, worst %+.0f %%",
                1e3 * r->piece_median, 100 * (r->piece_p95 / r->piece_median - 1),
                100 * (r->piece_worst / r->piece_median - 1));
    FINDING_SAY(f->effect, "one in twenty stretches of 30 ms took at least %.1f %% longer than the median",
                100 * r->stretch_p95);
    if (f->state == FINDING_WARNING)
        FINDING_SAY(
            f->advice,
            "bench ab A B --rounds 100    # many rounds show differences that scatter hides in single runs");
}

void check_shared_cache(const struct machine_state *p, struct finding *f)
{
    const struct probe *r = &p->probe;
    if (r->llc_probes == 0) {
        f->state = FINDING_UNKNOWN;
        FINDING_SAY(f->cause,
                    "no last-level cache beyond L2 is known here, so its use by others cannot be seen");
        return;
    }
    f->state = r->llc_low > 0 ? FINDING_WARNING : FINDING_FINE;
    FINDING_SAY(f->cause, "the last-level cache gives at most %.0f GB/s to the threads that bench uses",
                r->llc_best);
    FINDING_SAY(f->effect, "%d of %d probes were well below that%s", r->llc_low, r->llc_probes,
                r->llc_low ? ": a run marks an epoch beside such a probe as disturbed by the cache" : "");
    if (r->llc_low)
        FINDING_SAY(
            f->advice,
            "use a dedicated host, or measure at another time: other programs or guests use the cache");
}
