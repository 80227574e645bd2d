/* SPDX-License-Identifier: MIT
 *
 * What gemm does with NaN, Inf, alpha = 0, beta = 0 and empty extents: 18 rules, each over tails of m, n and
 * k.
 *
 *    1  beta = 0 does not read C: C full of signalling NaN       8  m = 0 or n = 0 touches nothing
 *    2  the same with C infinite                                 9  NaN in A: its row of C, no other
 *    3  k = 0, beta = 0 gives zeros                             10  NaN in B: its column of C, no other
 *    4  k = 0, beta = 1 leaves C bit by bit                     11  Inf * 0 is NaN
 *    5  k = 0, beta = 1.3 scales C                              12  +Inf and -Inf in one sum give NaN
 *    6  alpha = 0 does not read A and B: both NaN               13  overflow gives Inf of the right sign
 *    7  alpha = beta = 0 gives zeros                            14  NaN between and after rows stays there
 *   15  NaN and Inf in C with beta: these elements             17  beta NaN does so, with products or without
 *   16  alpha NaN makes all of C NaN                           18  beta Inf: Inf of the sign of C
 *
 * -0 counts as 0. */
#include <math.h>

#include "proof/prove_gemm.h"

enum extent { EXTENT_ANY, EXTENT_NO_K, EXTENT_NO_MN };

static const struct {
    int rule;
    enum gemm_fill fill;
    float alpha, beta;
    enum extent extent;
} rules[] = {
    {1, FILL_UNIFORM, 0.7f, 0.0f, EXTENT_ANY},        {2, FILL_INFINITE_C, 1.0f, 0.0f, EXTENT_ANY},
    {3, FILL_UNIFORM, 1.0f, 0.0f, EXTENT_NO_K},       {4, FILL_UNIFORM, 1.0f, 1.0f, EXTENT_NO_K},
    {5, FILL_UNIFORM, 0.7f, 1.3f, EXTENT_NO_K},       {6, FILL_NAN_INPUTS, 0.0f, 1.3f, EXTENT_ANY},
    {6, FILL_NAN_INPUTS, 0.0f, 1.0f, EXTENT_ANY},     {7, FILL_NAN_INPUTS, 0.0f, 0.0f, EXTENT_ANY},
    {8, FILL_UNIFORM, 1.0f, 1.3f, EXTENT_NO_MN},      {8, FILL_UNIFORM, 1.0f, 0.0f, EXTENT_NO_MN},
    {9, FILL_NAN_A, 1.0f, 0.0f, EXTENT_ANY},          {9, FILL_NAN_A, 0.7f, 1.0f, EXTENT_ANY},
    {10, FILL_NAN_B, 1.0f, 0.0f, EXTENT_ANY},         {10, FILL_NAN_B, 0.7f, 1.0f, EXTENT_ANY},
    {11, FILL_INF_ZERO, 1.0f, 0.0f, EXTENT_ANY},      {11, FILL_INF_ZERO, -1.0f, 1.0f, EXTENT_ANY},
    {12, FILL_INF_PAIR, 1.0f, 0.0f, EXTENT_ANY},      {13, FILL_OVERFLOW, 1.0f, 0.0f, EXTENT_ANY},
    {13, FILL_OVERFLOW, -0.7f, 1.0f, EXTENT_ANY},     {14, FILL_UNIFORM, 1.0f, 0.0f, EXTENT_ANY},
    {14, FILL_ACTIVATIONS, 1.0f, 1.0f, EXTENT_ANY},   {2, FILL_INFINITE_C, 1.0f, -0.0f, EXTENT_ANY},
    {6, FILL_NAN_INPUTS, -0.0f, 0.7f, EXTENT_ANY},    {7, FILL_NAN_INPUTS, -0.0f, -0.0f, EXTENT_ANY},
    {15, FILL_NONFINITE_C, 1.0f, 1.0f, EXTENT_ANY},   {15, FILL_NONFINITE_C, 0.7f, -0.3f, EXTENT_ANY},
    {15, FILL_NONFINITE_C, 0.0f, 1.3f, EXTENT_ANY},   {15, FILL_NONFINITE_C, 1.0f, 0.5f, EXTENT_NO_K},
    {16, FILL_POSITIVE, NAN, 0.0f, EXTENT_ANY},       {16, FILL_POSITIVE, NAN, 0.7f, EXTENT_ANY},
    {17, FILL_UNIFORM, 0.7f, NAN, EXTENT_ANY},        {17, FILL_NAN_INPUTS, 0.0f, NAN, EXTENT_ANY},
    {17, FILL_UNIFORM, 0.7f, NAN, EXTENT_NO_K},       {18, FILL_POSITIVE, 0.7f, -INFINITY, EXTENT_ANY},
    {18, FILL_POSITIVE, 1.0f, INFINITY, EXTENT_NO_K},
};

void gemm_rules(struct proof *p, struct proof_row *row)
{
    /* 0, 1 and one less than vectors of 8 and 16 */
    static const int tails[] = {1, 7, 8, 15, 16, 17, 33}, depths[] = {2, 7, 8, 15, 16, 17, 33};
    enum { TAILS = sizeof tails / sizeof *tails, RULES = sizeof rules / sizeof *rules };
    struct rng r = rng_seed(p->options->seed, 27);
    row->is_of_rules = 1;
    for (int i = 0; i < RULES * TAILS * TAILS; i++) {
        const int rule = i / (TAILS * TAILS), m = i / TAILS % TAILS, n = i % TAILS;
        struct gemm_case c = gemm_random_case(p, &r, rules[rule].fill);
        c.rule = rules[rule].rule;
        c.alpha = rules[rule].alpha;
        c.beta = rules[rule].beta;
        c.m = tails[m];
        c.n = tails[n];
        c.k = rules[rule].extent == EXTENT_NO_K ? 0 : depths[(m + n + i) % TAILS];
        if (rules[rule].extent == EXTENT_NO_MN && n % 3 != 0) c.m = 0;
        if (rules[rule].extent == EXTENT_NO_MN && n % 3 != 1) c.n = 0;
        if (c.rule == 14) { /* canaries, which are NaN, after every row and after the last one */
            c.slack_a = c.slack_b = c.slack_c = cases_slacks[1 + i % 3];
            c.place = PLACE_START;
        }
        gemm_run(p, row, &c);
    }
}
