/* SPDX-License-Identifier: MIT */
#include "console/amdahl_view.h"

#include "console/wrap.h"

/* Decimal places of a ratio; of percents, one less. */
static int places(double value)
{
    return value >= 10 ? 1 : 2;
}

void amdahl_print(FILE *out, int width, const struct amdahl *a, const struct amdahl_side *slow,
                  const struct amdahl_side *fast)
{
    char rest[96] = "";
    const double share = 100 * a->share, before = 100 * a->before;
    if (a->largest)
        snprintf(rest, sizeof rest, ": %.*f %% of the epoch is now %s (%.*f %% before)", places(share) - 1,
                 share, a->largest, places(before) - 1, before);
    wrap_line(out, width, "%s against %s: GEMM%s%s %.*fx as fast, epoch %.*fx%s", fast->name, slow->name,
              a->along[0] ? " with " : "", a->along, places(a->products), a->products, places(a->epoch),
              a->epoch, rest);
}
