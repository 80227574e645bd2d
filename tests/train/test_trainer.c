/* SPDX-License-Identifier: MIT
 *
 * The composed step against the same network written out in double precision, the times of its phases, and
 * what counts as a correct row. */
#include "../support/check.h"
#include "../support/plan.h"

#include <float.h>
#include <math.h>

#include "backends/registry.h"
#include "train/trainer.h"

enum { HIDDEN = 13, ROWS = 32, W1 = SMALL_PIXELS * HIDDEN, W2 = HIDDEN * DATASET_CLASSES };

static struct dataset data;
static const struct shape shape = {SMALL_PIXELS, HIDDEN, DATASET_CLASSES};

static struct plan small_plan(void)
{
    return (struct plan)TEST_PLAN(.threads = 1, .inputs = SMALL_PIXELS, .hidden = HIDDEN,
                                  .classes = DATASET_CLASSES, .batch = ROWS);
}

static void open_naive(struct contender *c)
{
    struct error e = {0};
    const struct plan plan = small_plan();
    assert_int_equal(contender_open(c, registry_fallback(), registry_fallback(), &plan, &e), 0);
}

/* ---- The network in double precision, one sample after the other ---- */

struct reference {
    double w1[W1], b1[HIDDEN], w2[W2], b2[DATASET_CLASSES];
};

static void to_reference(struct reference *r, const struct tensors *t)
{
    for (int i = 0; i < W1; i++) r->w1[i] = (double)t->w1[i];
    for (int i = 0; i < HIDDEN; i++) r->b1[i] = (double)t->b1[i];
    for (int i = 0; i < W2; i++) r->w2[i] = (double)t->w2[i];
    for (int i = 0; i < DATASET_CLASSES; i++) r->b2[i] = (double)t->b2[i];
}

/* x -> h -> probabilities. */
static void reference_forward(const struct reference *w, const uint8_t *image, double *x, double *h,
                              double *p)
{
    double sum = 0.0;
    for (int i = 0; i < SMALL_PIXELS; i++) x[i] = (double)((float)image[i] / 255.0f);
    for (int j = 0; j < HIDDEN; j++) {
        double z = w->b1[j];
        for (int i = 0; i < SMALL_PIXELS; i++) z += x[i] * w->w1[i * HIDDEN + j];
        h[j] = z > 0.0 ? z : 0.0;
    }
    for (int k = 0; k < DATASET_CLASSES; k++) {
        double z = w->b2[k];
        for (int j = 0; j < HIDDEN; j++) z += h[j] * w->w2[j * DATASET_CLASSES + k];
        p[k] = exp(z);
        sum += p[k];
    }
    for (int k = 0; k < DATASET_CLASSES; k++) p[k] /= sum;
}

/* Adds one sample's share of the mean gradient to g and returns its loss. */
static double reference_sample(const struct reference *w, const uint8_t *image, int label,
                               struct reference *g)
{
    double x[SMALL_PIXELS], h[HIDDEN], p[DATASET_CLASSES], dh;
    reference_forward(w, image, x, h, p);
    const double loss = -log(p[label]);
    p[label] -= 1.0;
    for (int k = 0; k < DATASET_CLASSES; k++) g->b2[k] += p[k] / ROWS;
    for (int j = 0; j < HIDDEN; j++) {
        dh = 0.0;
        for (int k = 0; k < DATASET_CLASSES; k++) {
            g->w2[j * DATASET_CLASSES + k] += h[j] * p[k] / ROWS;
            dh += p[k] * w->w2[j * DATASET_CLASSES + k];
        }
        if (h[j] <= 0.0) dh = 0.0;
        g->b1[j] += dh / ROWS;
        for (int i = 0; i < SMALL_PIXELS; i++) g->w1[i * HIDDEN + j] += x[i] * dh / ROWS;
    }
    return loss;
}

/* The largest difference between floats and doubles. */
static double distance(const float *a, const double *b, int n)
{
    double worst = 0.0;
    for (int i = 0; i < n; i++) {
        const double d = fabs((double)a[i] - b[i]);
        if (!(d <= worst)) worst = d; /* NaN counts as the worst */
    }
    return worst;
}

/* From a huge v the step is w - lr g / sqrt(rho v), so that every gradient can be read from its weight's
 * change. */
static void gradients_match_double_precision(void **state)
{
    (void)state;
    struct contender c;
    struct model m;
    static struct reference before, gradient;
    struct step_result result;
    uint32_t index[ROWS];
    double loss = 0.0;
    open_naive(&c);
    c.plan.lr = 1.0f;
    struct trainer *t = trainer_new(&c, true);
    network_alloc(&m, &shape);
    network_init(&m, &shape, 3);
    for (int i = 0; i < TENSOR_COUNT; i++)
        for (size_t j = 0; j < tensor_count(&shape, i); j++) tensor_data(&m.v, i)[j] = 0x1p20f;
    to_reference(&before, &m.w);
    trainer_load(t, &m);
    for (uint32_t i = 0; i < ROWS; i++) index[i] = 7 * i + 3;
    const struct batch b = {
        .pixels = data.train.pixels, .labels = data.train.labels, .index = index, .rows = ROWS};
    trainer_step(t, &b, &result);
    trainer_store(t, &m);
    for (int i = 0; i < ROWS; i++)
        loss += reference_sample(&before, data.train.pixels + index[i] * SMALL_PIXELS,
                                 data.train.labels[index[i]], &gradient);
    assert_true(fabs(result.loss_sum - loss) < 1e-5 * loss);
    /* v' = 0.9 * 2^20 (g^2 is far below its last bit), so the change is g / sqrt(v'), less than 2^-10 in size
     * and known to half an ulp of the weight (at most 2^-25), which is 2^-15 in units of g. */
    const double scale = sqrt((double)(0.9f * 0x1p20f)), slack = scale * 0x1p-25 + 1e-6;
    double *const w[] = {before.w1, before.b1, before.w2, before.b2};
    double *const g[] = {gradient.w1, gradient.b1, gradient.w2, gradient.b2};
    for (int i = 0; i < TENSOR_COUNT; i++) {
        const int n = (int)tensor_count(&shape, i);
        double largest = 0.0;
        for (int j = 0; j < n; j++) largest = fmax(largest, fabs(g[i][j]));
        assert_true(largest > 100 * slack); /* the check has something to see */
        for (int j = 0; j < n; j++) w[i][j] -= g[i][j] / scale;
        assert_true(distance(tensor_data(&m.w, i), w[i], n) * scale <= slack);
    }
    trainer_free(t);
    network_free(&m);
    contender_close(&c);
}

/* One RMSprop step from v = 0: every weight moves by lr / sqrt(1 - rho), whatever the size of its gradient.
 */
static void first_step_has_known_length(void **state)
{
    (void)state;
    struct contender c;
    struct model m, start;
    struct step_result result;
    uint32_t index[ROWS];
    open_naive(&c);
    struct trainer *t = trainer_new(&c, true);
    network_alloc(&m, &shape);
    network_alloc(&start, &shape);
    network_init(&start, &shape, 3);
    trainer_load(t, &start);
    for (uint32_t i = 0; i < ROWS; i++) index[i] = i;
    const struct batch b = {
        .pixels = data.train.pixels, .labels = data.train.labels, .index = index, .rows = ROWS};
    trainer_step(t, &b, &result);
    trainer_store(t, &m);
    for (int k = 0; k < DATASET_CLASSES; k++)
        assert_true(fabs(fabs((double)(m.w.b2[k] - start.w.b2[k])) - 0.001 / sqrt(0.1)) < 1e-6);
    for (int i = 0; i < TENSOR_COUNT; i++) assert_true(tensor_data(&m.v, i)[0] >= 0.0f);
    trainer_free(t);
    network_free(&m);
    network_free(&start);
    contender_close(&c);
}

static void learns(void **state)
{
    (void)state;
    struct contender c;
    struct model m;
    struct step_result first = {0}, last = {0};
    uint32_t index[ROWS];
    open_naive(&c);
    struct trainer *t = trainer_new(&c, false);
    assert_false(trainer_is_fused(t));
    network_alloc(&m, &shape);
    network_init(&m, &shape, 3);
    trainer_load(t, &m);
    for (int step = 0; step < 2000; step++) {
        for (uint32_t i = 0; i < ROWS; i++) index[i] = ((uint32_t)step * ROWS + i) % SMALL_TRAIN;
        const struct batch b = {
            .pixels = data.train.pixels, .labels = data.train.labels, .index = index, .rows = ROWS};
        trainer_step(t, &b, step == 0 ? &first : &last);
    }
    assert_true(first.loss_sum > 1.8 * ROWS && first.loss_sum < 3.0 * ROWS); /* ln 10 = 2.3 */
    assert_true(last.loss_sum < 0.1 * ROWS);
    assert_int_equal(last.correct, ROWS);
    trainer_free(t);
    network_free(&m);
    contender_close(&c);
}

/* ---- Times ---- */

static void composed_times_cover_training_only(void **state)
{
    (void)state;
    struct contender c;
    struct model m;
    struct step_result result;
    struct op_time times[TRAINER_MAX_OP_TIMES], again[TRAINER_MAX_OP_TIMES];
    uint32_t index[ROWS] = {0};
    double flop = 0.0;
    open_naive(&c);
    struct trainer *t = trainer_new(&c, true);
    network_alloc(&m, &shape);
    network_init(&m, &shape, 3);
    trainer_load(t, &m);
    const struct batch whole = {
        .pixels = data.train.pixels, .labels = data.train.labels, .index = index, .rows = ROWS};
    const struct batch tail = {
        .pixels = data.train.pixels, .labels = data.train.labels, .index = index, .rows = 5};
    trainer_step(t, &whole, &result);
    trainer_step(t, &tail, &result);
    const int n = trainer_times(t, times);
    for (int i = 0; i < n; i++) {
        flop += times[i].flop;
        assert_true(times[i].calls >= 2 && times[i].seconds > 0.0);
        assert_true((times[i].flop > 0.0) == (strncmp(times[i].name, "gemm ", 5) == 0));
        assert_false(times[i].inherited);
    }
    assert_true(flop == network_train_flop(&shape, ROWS + 5));
    trainer_predict(t, &whole, NULL, &result);
    assert_int_equal(trainer_times(t, again), n);
    for (int i = 0; i < n; i++) {
        assert_true(again[i].seconds == times[i].seconds && again[i].flop == times[i].flop);
        assert_int_equal(again[i].calls, times[i].calls);
    }
    trainer_free(t);
    network_free(&m);
    contender_close(&c);
}

static void inherited_ops_are_marked(void **state)
{
    (void)state;
    struct error e = {0};
    struct contender c;
    struct op_time times[TRAINER_MAX_OP_TIMES];
    struct backend partial = *registry_fallback();
    const struct plan plan = small_plan();
    partial.ops.rmsprop = NULL;
    partial.ops.gemm = NULL;
    assert_int_equal(contender_open(&c, &partial, registry_fallback(), &plan, &e), 0);
    struct trainer *t = trainer_new(&c, false);
    const int n = trainer_times(t, times);
    for (int i = 0; i < n; i++)
        assert_int_equal(times[i].inherited,
                         strncmp(times[i].name, "gemm ", 5) == 0 || strcmp(times[i].name, "rmsprop") == 0);
    trainer_free(t);
    contender_close(&c);
}

/* A fused step whose phases tick by fixed amounts, in prediction too. */
static double phase_clock[3] = {100.0, 100.0, 100.0};
static uint64_t phase_reads = 50;

static void ticking_load(void *state, const struct model *m)
{
    (void)state, (void)m;
}

static void ticking_store(void *state, struct model *m)
{
    (void)state, (void)m;
}

static void ticking_step(void *state, const struct batch *b, struct step_result *r)
{
    (void)state, (void)b;
    phase_clock[0] += 1.0, phase_clock[1] += 2.0, phase_clock[2] += 4.0;
    phase_reads += 3;
    *r = (struct step_result){0};
}

static void ticking_predict(void *state, const struct batch *b, float *prob, struct step_result *r)
{
    (void)state, (void)b, (void)prob;
    phase_clock[0] += 64.0;
    phase_reads += 2;
    *r = (struct step_result){0};
}

static void ticking_seconds(void *state, double *seconds)
{
    (void)state;
    for (int i = 0; i < 3; i++) seconds[i] += phase_clock[i];
}

/* Three readings a step, two a prediction. */
static uint64_t ticking_reads(void *state)
{
    (void)state;
    return phase_reads;
}

static void fused_times_cover_training_only(void **state)
{
    (void)state;
    static const char *const phases[] = {"forward1", "backward2", "barrier", NULL};
    const struct step_ops steps = {ticking_load, ticking_step,    ticking_predict, ticking_store,
                                   phases,       ticking_seconds, ticking_reads,   NULL};
    const struct backend backend = {.name = "ticking", .step = &steps};
    struct contender c = {.backend = &backend, .plan = small_plan()};
    struct op_time times[TRAINER_MAX_OP_TIMES];
    struct step_result result;
    const struct batch b = {
        .pixels = data.train.pixels, .labels = data.train.labels, .index = NULL, .rows = 10};
    struct trainer *t = trainer_new(&c, false);
    assert_true(trainer_is_fused(t));
    trainer_step(t, &b, &result);
    trainer_predict(t, &b, NULL, &result);
    trainer_step(t, &b, &result);
    assert_int_equal(trainer_times(t, times), 3);
    for (int i = 0; i < 3; i++) {
        assert_string_equal(times[i].name, phases[i]);
        assert_int_equal(times[i].calls, 2);
        assert_true(times[i].seconds == (double)(2 << i));
    }
    assert_true(times[0].flop == 2.0 * 20 * SMALL_PIXELS * HIDDEN);
    assert_true(times[1].flop == 4.0 * 20 * HIDDEN * DATASET_CLASSES);
    assert_true(times[2].flop == 0.0);
    assert_int_equal(trainer_clock_reads(t), 2 * 3); /* not the prediction's */
    trainer_free(t);
}

static double ticking_flop(void *state)
{
    (void)state;
    return 1e6 + phase_clock[1];
}

/* A step that leaves out products says how many it has made, but not where. */
static void flop_done_belongs_to_no_phase(void **state)
{
    (void)state;
    static const char *const phases[] = {"forward1", "backward2", "barrier", NULL};
    const struct step_ops steps = {ticking_load, ticking_step,    ticking_predict, ticking_store,
                                   phases,       ticking_seconds, ticking_reads,   ticking_flop};
    const struct backend backend = {.name = "ticking", .step = &steps};
    struct contender c = {.backend = &backend, .plan = small_plan()};
    struct op_time times[TRAINER_MAX_OP_TIMES];
    struct step_result result;
    const struct batch b = {
        .pixels = data.train.pixels, .labels = data.train.labels, .index = NULL, .rows = 10};
    for (int skip = 0; skip < 2; skip++) {
        c.plan.skip_phases = skip;
        struct trainer *t = trainer_new(&c, false);
        const double before = trainer_flop_done(t);
        trainer_step(t, &b, &result);
        assert_true(trainer_flop_done(t) - before == 2.0);
        assert_int_equal(trainer_times(t, times), skip ? 1 : 3);
        assert_true(times[0].flop == (skip ? before + 2.0 : 0.0));
        if (!skip) assert_true(times[1].flop == 4.0 * 10 * HIDDEN * DATASET_CLASSES);
        trainer_free(t);
    }
}

/* Without the clocks around ops, a step is one line of two readings, whatever it is made of, and the results
 * are the same. */
static void skipped_phases_leave_one_line(void **state)
{
    (void)state;
    static const char *const phases[] = {"forward1", "backward2", "barrier", NULL};
    const struct step_ops steps = {ticking_load, ticking_step,    ticking_predict, ticking_store,
                                   phases,       ticking_seconds, ticking_reads,   NULL};
    const struct backend fused = {.name = "ticking", .step = &steps};
    const struct backend *const both[] = {&fused, registry_fallback()};
    struct op_time times[TRAINER_MAX_OP_TIMES];
    struct step_result with = {0}, without = {0};
    uint32_t index[10];
    for (uint32_t i = 0; i < 10; i++) index[i] = i;
    const struct batch b = {
        .pixels = data.train.pixels, .labels = data.train.labels, .index = index, .rows = 10};
    for (int i = 0; i < 2; i++) {
        for (int skip = 0; skip < 2; skip++) {
            struct error e = {.code = EXIT_OK};
            struct contender c;
            struct plan plan = small_plan();
            plan.skip_phases = skip;
            assert_int_equal(contender_open(&c, both[i], registry_fallback(), &plan, &e), 0);
            struct trainer *t = trainer_new(&c, false);
            assert_non_null(t);
            trainer_step(t, &b, skip ? &without : &with);
            trainer_predict(t, &b, NULL, &(struct step_result){0});
            assert_int_equal(trainer_times(t, times) == 1, skip);
            if (skip) {
                assert_string_equal(times[0].name, "step");
                assert_int_equal(times[0].calls, 1);
                assert_int_equal(trainer_clock_reads(t), 2);
                assert_true(times[0].flop > 0 && times[0].seconds > 0);
            } else {
                assert_true(trainer_clock_reads(t) > 2);
            }
            trainer_free(t);
            contender_close(&c);
        }
        assert_true(with.loss_sum == without.loss_sum);
    }
}

static void fused_step_without_phases_is_one_line(void **state)
{
    (void)state;
    const struct step_ops steps = {
        .load = ticking_load, .step = ticking_step, .predict = ticking_predict, .store = ticking_store};
    const struct backend backend = {.name = "ticking", .step = &steps};
    struct contender c = {.backend = &backend, .plan = small_plan()};
    struct op_time times[TRAINER_MAX_OP_TIMES];
    struct step_result result;
    const struct batch b = {
        .pixels = data.train.pixels, .labels = data.train.labels, .index = NULL, .rows = 10};
    struct trainer *t = trainer_new(&c, false);
    trainer_step(t, &b, &result);
    assert_int_equal(trainer_times(t, times), 1);
    assert_string_equal(times[0].name, "step");
    assert_int_equal(times[0].calls, 1);
    assert_true(times[0].flop == network_train_flop(&shape, 10));
    trainer_free(t);
}

/* ---- Correct rows ---- */

/* With zero weights the logits are b2. */
static uint32_t correct_with_logits(const float *logits, uint8_t label)
{
    struct contender c;
    struct model m;
    struct step_result result;
    const uint8_t image[SMALL_PIXELS] = {0};
    const uint32_t index = 0;
    const struct batch b = {.pixels = image, .labels = &label, .index = &index, .rows = 1};
    open_naive(&c);
    struct trainer *t = trainer_new(&c, true);
    network_alloc(&m, &shape);
    memcpy(m.w.b2, logits, DATASET_CLASSES * sizeof *logits);
    trainer_load(t, &m);
    trainer_predict(t, &b, NULL, &result);
    trainer_free(t);
    network_free(&m);
    contender_close(&c);
    return result.correct;
}

static void first_largest_logit_decides(void **state)
{
    (void)state;
    const float tie[DATASET_CLASSES] = {0, 1, 3, 2, 3, 3, 0, 0, 0, 0};
    const float nan[DATASET_CLASSES] = {0, 1, 3, 2, 0, NAN, 0, 0, 0, 0};
    const float all_nan[DATASET_CLASSES] = {NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN};
    assert_int_equal(correct_with_logits(tie, 2), 1);
    assert_int_equal(correct_with_logits(tie, 4), 0);
    assert_int_equal(correct_with_logits(tie, 0), 0);
    assert_int_equal(correct_with_logits(nan, 2), 0);
    assert_int_equal(correct_with_logits(nan, 5), 0);
    assert_int_equal(correct_with_logits(all_nan, 0), 0);
}

static void predict_gives_probabilities(void **state)
{
    (void)state;
    struct contender c;
    struct model m;
    static struct reference w;
    struct step_result result;
    float prob[ROWS][DATASET_CLASSES];
    uint32_t index[ROWS];
    open_naive(&c);
    struct trainer *t = trainer_new(&c, true);
    network_alloc(&m, &shape);
    network_init(&m, &shape, 5);
    to_reference(&w, &m.w);
    trainer_load(t, &m);
    for (uint32_t i = 0; i < ROWS; i++) index[i] = SMALL_TEST - 1 - i;
    const struct batch b = {
        .pixels = data.test.pixels, .labels = data.test.labels, .index = index, .rows = ROWS};
    trainer_predict(t, &b, prob[0], &result);
    for (int i = 0; i < ROWS; i++) {
        double x[SMALL_PIXELS], h[HIDDEN], p[DATASET_CLASSES];
        reference_forward(&w, data.test.pixels + index[i] * SMALL_PIXELS, x, h, p);
        assert_true(distance(prob[i], p, DATASET_CLASSES) < 1e-6);
    }
    trainer_free(t);
    network_free(&m);
    contender_close(&c);
}

static int open_data(void **state)
{
    (void)state;
    small_data(&data);
    return 0;
}

static int close_data(void **state)
{
    (void)state;
    dataset_close(&data);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients_match_double_precision),
        cmocka_unit_test(first_step_has_known_length),
        cmocka_unit_test(learns),
        cmocka_unit_test(composed_times_cover_training_only),
        cmocka_unit_test(inherited_ops_are_marked),
        cmocka_unit_test(fused_times_cover_training_only),
        cmocka_unit_test(flop_done_belongs_to_no_phase),
        cmocka_unit_test(fused_step_without_phases_is_one_line),
        cmocka_unit_test(skipped_phases_leave_one_line),
        cmocka_unit_test(first_largest_logit_decides),
        cmocka_unit_test(predict_gives_probabilities),
    };
    return cmocka_run_group_tests_name("trainer", tests, open_data, close_data);
}
