/* SPDX-License-Identifier: MIT
 *
 * The oracle against things that do not share its code: central differences for its gradients, a sum in long
 * double for its products, libm's identities for its softmax; and the bounds against float arithmetic at
 * their edges. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "proof/bounds.h"
#include "proof/oracle.h"
#include "proof/oracle_step.h"

/* ---- gradients by central differences */

enum { IN = 5, HIDDEN = 4, CLASSES = 3, ROWS = 7 };

/* A power of two; weights are multiples of it, so that w +- h are floats. */
static const float h = 0x1p-12f;

struct small_network {
    struct shape shape;
    struct model model;
    struct oracle_step oracle;
    uint8_t pixels[ROWS * IN], labels[ROWS];
    uint32_t index[ROWS];
    struct batch batch;
};

static void small_network_open(struct small_network *n, uint64_t seed)
{
    struct rng r = rng_seed(seed, 1);
    n->shape = (struct shape){IN, HIDDEN, CLASSES};
    network_alloc(&n->model, &n->shape);
    assert_non_null(n->model.w.w1);
    assert_int_equal(oracle_step_open(&n->oracle, &n->shape, ROWS), 0);
    for (int t = 0; t < TENSOR_COUNT; t++)
        for (size_t i = 0; i < tensor_count(&n->shape, t); i++)
            tensor_data(&n->model.w, t)[i] = h * (float)((int)rng_below(&r, 8192) - 4096);
    for (int i = 0; i < ROWS * IN; i++) n->pixels[i] = rng_below(&r, 3) ? (uint8_t)rng_below(&r, 256) : 0;
    for (int i = 0; i < ROWS; i++) {
        n->labels[i] = (uint8_t)rng_below(&r, CLASSES);
        n->index[i] = (uint32_t)((i * 3 + 1) % ROWS);
    }
    n->batch = (struct batch){.pixels = n->pixels, .labels = n->labels, .index = n->index, .rows = ROWS};
}

static void small_network_close(struct small_network *n)
{
    network_free(&n->model);
    oracle_step_close(&n->oracle);
}

/* Mean loss, and which hidden units are on. */
static double loss_at(struct small_network *n, uint8_t *on)
{
    oracle_forward(&n->oracle, &n->model.w, &n->batch);
    for (int i = 0; i < ROWS * HIDDEN; i++) on[i] = n->oracle.z1.value[i] > 0.0;
    return n->oracle.loss_sum / ROWS;
}

static int check_coordinate(struct small_network *n, int tensor, size_t i, double gradient)
{
    uint8_t on_above[ROWS * HIDDEN], on_below[ROWS * HIDDEN];
    float *w = &tensor_data(&n->model.w, tensor)[i];
    const float old = *w;
    *w = old + h;
    const double above = loss_at(n, on_above);
    *w = old - h;
    const double below = loss_at(n, on_below);
    *w = old;
    if (memcmp(on_above, on_below, sizeof on_above) != 0) return 0; /* a kink in between */
    const double difference = (above - below) / (2.0 * (double)h);
    const double scale =
        fmax(fabs(gradient), 1e-2); /* of the order of these gradients: no free pass for small ones */
    if (fabs(difference - gradient) > 1e-6 * scale)
        fail_msg("%s[%zu]: gradient %.12g, central difference %.12g", tensor_name(tensor), i, gradient,
                 difference);
    return 1;
}

static void gradients_match_central_differences(void **state)
{
    (void)state;
    int checked = 0, nonzero = 0;
    for (uint64_t seed = 1; seed <= 8; seed++) {
        struct small_network n;
        small_network_open(&n, seed);
        for (int t = 0; t < TENSOR_COUNT; t++)
            for (size_t i = 0; i < tensor_count(&n.shape, t); i++) {
                oracle_forward(&n.oracle, &n.model.w, &n.batch);
                oracle_backward(&n.oracle, &n.model.w);
                const double gradient = n.oracle.gradient[t].value[i];
                checked += check_coordinate(&n, t, i, gradient);
                nonzero += gradient != 0.0;
            }
        small_network_close(&n);
    }
    assert_true(checked > 250); /* of 8 * 39; kinks are rare */
    assert_true(nonzero > 200);
}

/* The derivative of ReLU at 0 is 0. */
static void an_empty_image_has_no_hidden_gradient(void **state)
{
    (void)state;
    struct small_network n;
    small_network_open(&n, 3);
    memset(n.pixels, 0, sizeof n.pixels);
    memset(n.model.w.b1, 0, HIDDEN * sizeof(float));
    oracle_forward(&n.oracle, &n.model.w, &n.batch);
    oracle_backward(&n.oracle, &n.model.w);
    for (int j = 0; j < HIDDEN; j++) {
        assert_true(n.oracle.gradient[TENSOR_B1].value[j] == 0.0);
        assert_true(n.oracle.gradient[TENSOR_B1].bound[j] == 0.0); /* and it is known exactly */
    }
    assert_int_equal(n.oracle.ambiguous, 0);
    small_network_close(&n);
}

/* Running error bounds must mean something: far smaller than what they bound, and never 0 where something
 * rounds. */
static void bounds_are_meaningful(void **state)
{
    (void)state;
    struct small_network n;
    small_network_open(&n, 4);
    oracle_forward(&n.oracle, &n.model.w, &n.batch);
    oracle_backward(&n.oracle, &n.model.w);
    assert_int_equal(n.oracle.ambiguous, 0);
    assert_true(n.oracle.loss_bound > 0.0 && n.oracle.loss_bound < 1e-4 * n.oracle.loss_sum);
    for (int i = 0; i < ROWS * CLASSES; i++) {
        const double p = n.oracle.prob.value[i], bound = n.oracle.prob.bound[i];
        assert_true(bound > 0x1p-24 * p && bound < 1e-4);
    }
    for (int t = 0; t < TENSOR_COUNT; t++) {
        double largest = 0.0, widest = 0.0;
        for (size_t i = 0; i < tensor_count(&n.shape, t); i++) {
            largest = fmax(largest, fabs(n.oracle.gradient[t].value[i]));
            widest = fmax(widest, n.oracle.gradient[t].bound[i]);
        }
        assert_true(widest > 0.0 && widest < 1e-4 * largest);
    }
    small_network_close(&n);
}

/* Two pixels that cancel to less than the rounding of their products: the unit may be on or off, and the
 * bounds of either answer must reach the other. */
static void ambiguous_units_cover_both_answers(void **state)
{
    (void)state;
    struct oracle_tensor answers[2];
    struct small_network n[2];
    for (int side = 0; side < 2; side++) {
        small_network_open(&n[side], 5);
        float *w1 = n[side].model.w.w1;
        for (int i = 0; i < ROWS * IN; i++) n[side].pixels[i] = 0;
        n[side].pixels[0] = n[side].pixels[1] = 255;
        n[side].model.w.b1[0] = 0.0f;
        w1[0] = 0.5f;
        w1[HIDDEN] = side ? -0x1.fffffep-2f : -0x1.000002p-1f;
        oracle_forward(&n[side].oracle, &n[side].model.w, &n[side].batch);
        oracle_backward(&n[side].oracle, &n[side].model.w);
        assert_int_equal(n[side].oracle.ambiguous, 1);
        answers[side] = n[side].oracle.gradient[TENSOR_W1];
    }
    assert_true(answers[0].value[0] == 0.0 && answers[1].value[0] != 0.0);
    for (int side = 0; side < 2; side++) {
        assert_true(answers[side].bound[0] >= fabs(answers[1].value[0]));
        small_network_close(&n[side]);
    }
}

/* ---- products */

static void gemm_matches_long_double(void **state)
{
    (void)state;
    enum { CAPACITY = 40 * 40 };
    static float a[CAPACITY], b[CAPACITY], c[CAPACITY];
    static double value[CAPACITY], gauge[CAPACITY];
    struct rng r = rng_seed(5, 1);
    for (int repeat = 0; repeat < 200; repeat++) {
        const int m = 1 + (int)rng_below(&r, 8), n = 1 + (int)rng_below(&r, 8), k = (int)rng_below(&r, 9);
        const enum transpose ta = rng_below(&r, 2), tb = rng_below(&r, 2);
        const int lda = 20, ldb = 25, ldc = 30;
        const float alpha = rng_float(&r, -2.0f, 2.0f),
                    beta = rng_below(&r, 3) ? rng_float(&r, -2.0f, 2.0f) : 0.0f;
        for (int i = 0; i < CAPACITY; i++) {
            a[i] = rng_float(&r, -1.0f, 1.0f);
            b[i] = rng_float(&r, -1.0f, 1.0f);
            c[i] = beta == 0.0f ? NAN : rng_float(&r, -1.0f, 1.0f);
        }
        oracle_gemm(ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc, value, gauge);
        for (int i = 0; i < m; i++)
            for (int j = 0; j < n; j++) {
                long double sum = 0.0L, size = 0.0L;
                for (int p = 0; p < k; p++) {
                    const long double x = (long double)(ta ? a[p * lda + i] : a[i * lda + p]) *
                                          (long double)(tb ? b[j * ldb + p] : b[p * ldb + j]);
                    sum += x;
                    size += fabsl(x);
                }
                sum *= (long double)alpha;
                size *= fabsl((long double)alpha);
                if (beta != 0.0f) {
                    sum += (long double)beta * (long double)c[i * ldc + j];
                    size += fabsl((long double)beta * (long double)c[i * ldc + j]);
                }
                assert_true(fabsl(sum - (long double)value[i * n + j]) <= 1e-14L);
                assert_true(fabsl(size - (long double)gauge[i * n + j]) <= 1e-14L);
            }
    }
}

/* ---- softmax */

static void softmax_known_values(void **state)
{
    (void)state;
    struct oracle_softmax s;
    const double equal[4] = {7.0, 7.0, 7.0, 7.0};
    oracle_softmax_xent(4, equal, 2, &s);
    assert_true(fabs(s.loss - log(4.0)) < 1e-15);
    assert_true(s.p[1] == 0.25 && s.rest[1] == 0.75);
    const double far[3] = {-200.0, 0.0, -300.0};
    oracle_softmax_xent(3, far, 0, &s);
    assert_true(fabs(s.loss - 200.0) < 1e-12);
    assert_true(s.rest[1] > 0.0 && s.rest[1] < 1e-80); /* 1 - p without cancellation */
}

/* A loss of 200 is known to 2 ulp, as the contract of log-sum-exp promises. */
static void loss_bound_is_tight(void **state)
{
    (void)state;
    assert_true(bound_loss(10, 0.0, 200.0, 200.0) <= 2.0 * bound_ulp(200.0));
    assert_true(bound_probability(10, 1.0, 0.0) <= 20.1 * BOUND_UNIT);
    assert_true(bound_probability_sum(10) <= 12.1 * BOUND_UNIT);
}

/* ---- RMSprop: whatever the gradient inside its interval, float arithmetic stays inside the allowance */

static void rmsprop_intervals_hold(void **state)
{
    (void)state;
    struct rng r = rng_seed(6, 1);
    const float lr = 0.001f, rho = 0.9f, epsilon = 1e-7f;
    const struct rmsprop_constants k = rmsprop_constants(lr, rho, epsilon);
    double worst = 0.0;
    for (int i = 0; i < 200000; i++) {
        const float w = rng_float(&r, -0.1f, 0.1f);
        float v = rng_below(&r, 4) ? ldexpf(rng_float(&r, 1.0f, 2.0f), -(int)rng_below(&r, 40)) : 0.0f;
        const float g = ldexpf(rng_float(&r, -1.0f, 1.0f), -(int)rng_below(&r, 30));
        const double center = g * rng_unit(&r) * 2.0, error = fabs(center - (double)g) * (1.0 + 0x1p-40);
        const struct allowance av = bound_rmsprop_v(&k, v, center, error);
        const struct allowance aw = bound_rmsprop_w(&k, v, w, center, error);
        const double true_v = oracle_rmsprop_v(&k, center, v), true_w = oracle_rmsprop_w(&k, center, v, w);
        v = rho * v + (1.0f - rho) * (g * g);
        const float new_w = w - lr * g / (sqrtf(v) + epsilon);
        assert_true(v - true_v <= av.above && true_v - v <= av.below);
        assert_true(new_w - true_w <= aw.above && true_w - new_w <= aw.below);
        const double side = new_w > true_w ? aw.above : aw.below;
        if (side > 0.0) worst = fmax(worst, fabs(new_w - true_w) / side);
    }
    assert_true(worst > 0.9); /* the allowance is not wider than it need be */
}

/* Float sums at their worst: all terms alike and rounding the same way come close to the bound, and stay
 * inside. */
/* Steps in a row of which only the gradients are known: v and w lie in their ranges, of which no more than
 * the roundings make the width; and a weight that must stay stays. */
static void rmsprop_ranges_hold(void **state)
{
    (void)state;
    enum { STEPS = 1000 };
    struct rng r = rng_seed(7, 1);
    const float lr = 0x1p-80f, rho = 0.997f, epsilon = 1e-5f;
    const struct rmsprop_constants k = rmsprop_constants(lr, rho, epsilon);
    for (int i = 0; i < 100; i++) {
        float v = ldexpf(rng_float(&r, 1.0f, 2.0f), -(int)rng_below(&r, 20)), w = 0.0f, fixed = 0.05f;
        struct range known_v = {v, v}, known_w = {w, w};
        for (int step = 0; step < STEPS; step++) {
            const float g =
                rng_below(&r, 20) ? 0.0f : ldexpf(rng_float(&r, -1.0f, 1.0f), -(int)rng_below(&r, 12));
            assert_true(bound_rmsprop_stays(&k, known_v, fixed, g, 0.0));
            known_w = bound_rmsprop_w_range(&k, known_v, known_w, g, 0.0);
            known_v = bound_rmsprop_v_range(&k, known_v, g, 0.0);
            v = rho * v + (1.0f - rho) * (g * g);
            w -= lr * g / (sqrtf(v) + epsilon);
            fixed -= lr * g / (sqrtf(v) + epsilon);
            assert_true(known_v.low <= v && v <= known_v.high);
            assert_true(known_w.low <= w && w <= known_w.high);
        }
        assert_true(known_v.high - known_v.low < STEPS * 8.0 * BOUND_UNIT * known_v.high);
        assert_true(fixed == 0.05f);
    }
    const struct range one = {1.0, 1.0};
    assert_true(bound_rmsprop_stays(&k, one, 0x1p-50, 1.0, 0.0));
    assert_false(bound_rmsprop_stays(&k, one, 0x1p-60, 1.0, 0.0));
    assert_false(bound_rmsprop_stays(&k, one, 0.0, 1.0, 0.0));
}

static void gamma_is_needed_and_enough(void **state)
{
    (void)state;
    float sum = 1.0f;
    const float term = 0x1p-24f * 1.0001f; /* rounds up to an ulp each time */
    const int m = 1000;
    for (int i = 1; i < m; i++) sum += term;
    const double truth = 1.0 + (m - 1) * (double)term, bound = bound_bias_grad(m, truth);
    assert_true(fabs(sum - truth) <= bound);
    assert_true(fabs(sum - truth) > 0.9 * bound);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients_match_central_differences),
        cmocka_unit_test(an_empty_image_has_no_hidden_gradient),
        cmocka_unit_test(bounds_are_meaningful),
        cmocka_unit_test(ambiguous_units_cover_both_answers),
        cmocka_unit_test(gemm_matches_long_double),
        cmocka_unit_test(softmax_known_values),
        cmocka_unit_test(loss_bound_is_tight),
        cmocka_unit_test(rmsprop_intervals_hold),
        cmocka_unit_test(rmsprop_ranges_hold),
        cmocka_unit_test(gamma_is_needed_and_enough),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
