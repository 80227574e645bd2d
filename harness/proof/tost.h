/* SPDX-License-Identifier: MIT
 *
 * Statistical equivalence of paired figures by two one-sided t tests (Schuirmann, "A comparison of the two
 * one-sided tests procedure and the power approach for assessing the equivalence of average bioavailability",
 * Journal of Pharmacokinetics and Biopharmaceutics 15, 1987).
 *
 * The differences d of n pairs have the mean D and the standard deviation s. Two hypotheses stand against
 * equivalence: that the true mean is at most -margin, and that it is at least +margin. Each is tried by
 * Student's t with n - 1 degrees of freedom,
 *
 *   t_low = (D + margin) / (s / sqrt(n)),   t_high = (margin - D) / (s / sqrt(n)),
 *
 * and equivalence is shown only if both are rejected at the level alpha. So the burden of proof is on the
 * backend: figures that spread too much show nothing, and do not pass. The same verdict in other terms: the
 * two-sided confidence interval of 1 - 2 alpha, D +- t(alpha, n - 1) s / sqrt(n), lies within the margin. */
#ifndef LB_TOST_H
#define LB_TOST_H

#include <stdbool.h>

struct tost {
    int n;                  /* pairs */
    double mean, deviation; /* of the differences; deviation with n - 1 */
    double p;               /* the larger of the two tests' p-values */
    double reach;           /* end of the confidence interval that is farther from 0, as a distance */
    bool equivalent;        /* p < alpha, that is reach < margin */
};

/* Of the pairs a[i] - b[i], i < n. n < 2 shows nothing. margin > 0 in the unit of the figures; alpha in (0,
 * 0.5). */
struct tost tost_paired(const double *a, const double *b, int n, double margin, double alpha);

/* P(T > t) of Student's t with df >= 1 degrees of freedom, and the t with that tail, 0 < tail <= 0.5. */
double student_tail(double t, int df);
double student_quantile(double tail, int df);

#endif
