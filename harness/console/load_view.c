/* SPDX-License-Identifier: MIT */
#include "console/load_view.h"

#include <stdio.h>

char *load_warning(const struct other_load *l, char *text, size_t size)
{
    char stolen[64] = "";
    text[0] = 0;
    if (!load_is_high(l)) return text;
    if (l->steal > l->blur) snprintf(stolen, sizeof stolen, " and the hypervisor %.0f %%", 100 * l->steal);
    snprintf(text, size,
             "warning: other programs take %.0f %%%s of the %d CPU%s that bench uses, which disturbs the "
             "measurement; bench doctor says more",
             100 * l->others, stolen, l->cpus, l->cpus == 1 ? "" : "s");
    return text;
}
