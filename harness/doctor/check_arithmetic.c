/* SPDX-License-Identifier: MIT
 *
 * What makes the same instructions take longer. */
#include "doctor/checks.h"

/* A core that computes subnormals in hardware needs a few cycles more for them; one that calls microcode, a
 * hundred. */
static const double many_times = 8;

void check_subnormals(const struct machine_state *p, struct finding *f)
{
    const double normal = p->probe.multiply_seconds, subnormal = p->probe.multiply_subnormal_seconds;
    if (!(normal > 0)) {
        f->state = FINDING_UNKNOWN;
        FINDING_SAY(f->cause, "multiplications were not timed");
        return;
    }
    FINDING_SAY(f->cause,
                "a multiplication takes %.2g ns, and %.2g ns with a subnormal operand (below 2^-126)",
                1e9 * normal, 1e9 * subnormal);
    f->state = subnormal > many_times * normal ? FINDING_NOTE : FINDING_FINE;
    if (f->state == FINDING_FINE) return;
    FINDING_SAY(f->effect, "%.0f times the time", subnormal / normal);
    FINDING_SAY(f->advice, "bench run --epochs 20    # do later epochs take longer? RMSprop's v decays that "
                           "far, unless the backend scales it by a power of two");
}
