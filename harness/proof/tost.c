/* SPDX-License-Identifier: MIT */
#include "proof/tost.h"

#include <math.h>

static const double pi = 3.14159265358979323846;

/* Finite sums for whole degrees of freedom: Abramowitz and Stegun, Handbook of Mathematical Functions, 26.7.3
 * (odd) and 26.7.4 (even), of P(|T| < t) with theta = atan(t / sqrt(df)). */
static double two_sided(double t, int df)
{
    const double theta = atan(t / sqrt((double)df)), cosine = cos(theta), square = cosine * cosine;
    const int first = df % 2 ? 3 : 2;
    double term = df % 2 ? cosine : 1.0, sum = 0.0;
    for (int i = first; i <= df; i += 2) {
        sum += term;
        term *= square * (i - 1.0) / i;
    }
    return df % 2 ? 2.0 / pi * (theta + sin(theta) * sum) : sin(theta) * sum;
}

double student_tail(double t, int df)
{
    const double half = 0.5 * (1.0 - two_sided(fabs(t), df));
    return t >= 0.0 ? half : 1.0 - half;
}

/* The tail falls with t. */
double student_quantile(double tail, int df)
{
    double low = 0.0, high = 1.0;
    while (student_tail(high, df) > tail) high *= 2.0;
    for (int i = 0; i < 100; i++) {
        const double middle = 0.5 * (low + high);
        if (student_tail(middle, df) > tail)
            low = middle;
        else
            high = middle;
    }
    return high;
}

/* Infinite for no spread at all, where D lies inside the margin. */
static double t_of(double distance, double error)
{
    if (error > 0.0) return distance / error;
    return distance > 0.0 ? (double)INFINITY : -(double)INFINITY;
}

struct tost tost_paired(const double *a, const double *b, int n, double margin, double alpha)
{
    struct tost r = {.n = n, .p = 1.0, .reach = (double)INFINITY};
    double squares = 0.0;
    if (n < 2) return r;
    for (int i = 0; i < n; i++) r.mean += (a[i] - b[i]) / n;
    for (int i = 0; i < n; i++) squares += (a[i] - b[i] - r.mean) * (a[i] - b[i] - r.mean);
    r.deviation = sqrt(squares / (n - 1));
    const double error = r.deviation / sqrt((double)n);
    r.p = fmax(student_tail(t_of(r.mean + margin, error), n - 1),
               student_tail(t_of(margin - r.mean, error), n - 1));
    r.reach = fabs(r.mean) + student_quantile(alpha, n - 1) * error;
    r.equivalent = r.p < alpha; /* false for NaN */
    return r;
}
