/* SPDX-License-Identifier: MIT
 *
 * Order statistics. Values must be finite. */
#ifndef LB_STATS_ORDER_H
#define LB_STATS_ORDER_H

/* Ascending, in place. */
void sort_values(double *values, int count);

/* Of ascending values; linear between neighbours, p from 0 to 1: quantile 0 is the smallest value, 1 the
 * largest. NAN when there is none. */
double quantile_sorted(const double *sorted, int count, double p);

double median_sorted(const double *sorted, int count);

/* Of values in any order; NAN when there is none. */
double median_of(const double *values, int count);

#endif
