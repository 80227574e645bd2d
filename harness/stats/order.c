/* SPDX-License-Identifier: MIT */
#include "stats/order.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

static int compare_values(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

void sort_values(double *values, int count)
{
    if (count > 1) qsort(values, (size_t)count, sizeof *values, compare_values);
}

double quantile_sorted(const double *sorted, int count, double p)
{
    if (count < 1) return NAN;
    const double place = p * (count - 1);
    const int below = (int)place;
    if (below >= count - 1) return sorted[count - 1];
    return sorted[below] + (place - below) * (sorted[below + 1] - sorted[below]);
}

double median_sorted(const double *sorted, int count)
{
    return quantile_sorted(sorted, count, 0.5);
}

double median_of(const double *values, int count)
{
    if (count < 1) return NAN;
    double *sorted = xdoubles(count);
    memcpy(sorted, values, (size_t)count * sizeof *sorted);
    sort_values(sorted, count);
    const double median = median_sorted(sorted, count);
    free(sorted);
    return median;
}
