/* SPDX-License-Identifier: MIT
 *
 * The training loop hands out each sample once, in the epoch's order, last partial batch included, and
 * reports running means. A backend that only takes notes stands in for a real one. */
#include "../support/check.h"

#include "train/epoch.h"

enum { COUNT = 300, TEST_COUNT = 50, BATCH = 64, MAX_BATCHES = 16 };

/* What the note-taking backend has seen. */
static struct {
    int trained, predicted;   /* batches */
    int rows[2][MAX_BATCHES]; /* [0] trained, [1] predicted */
    uint32_t samples[2][MAX_BATCHES * BATCH];
    const uint8_t *pixels[2], *labels[2];
    volatile int stop;
    int stop_after; /* trained batches; 0 = never */
    struct progress *progress;
    int step_seen[MAX_BATCHES];    /* progress->step during each trained batch */
    int announced[2][MAX_BATCHES]; /* rows of the batch announced with each; 0: none was */
    uint32_t announced_samples[2][MAX_BATCHES * BATCH];
} notes;

/* What is announced, after that of the batches before: each but the first should be announced once. */
static void take_note_of_next(int predict, int batch, const struct batch *b)
{
    const struct batch *next = b->next;
    uint32_t *at = notes.announced_samples[predict];
    if (!next) return;
    for (int i = 0; i < batch; i++) at += notes.announced[predict][i];
    assert_in_range(next->rows, 1, BATCH);
    assert_ptr_equal(next->pixels, b->pixels);
    assert_ptr_equal(next->labels, b->labels);
    memcpy(at, next->index, (size_t)next->rows * sizeof *at);
    notes.announced[predict][batch] = next->rows;
}

static void take_note(int predict, const struct batch *b, struct step_result *r)
{
    int *batches = predict ? &notes.predicted : &notes.trained;
    uint32_t *at = notes.samples[predict];
    for (int i = 0; i < *batches; i++) at += notes.rows[predict][i];
    assert_true(*batches < MAX_BATCHES && b->rows <= BATCH);
    memcpy(at, b->index, (size_t)b->rows * sizeof *at);
    take_note_of_next(predict, *batches, b);
    notes.rows[predict][*batches] = b->rows;
    notes.pixels[predict] = b->pixels;
    notes.labels[predict] = b->labels;
    if (!predict && notes.progress) notes.step_seen[*batches] = atomic_load(&notes.progress->step);
    ++*batches;
    if (!predict && *batches == notes.stop_after) notes.stop = 1;
    r->loss_sum = predict ? 0.25 * b->rows : (double)*batches; /* the n-th batch of training adds n */
    r->correct = predict ? (uint32_t)b->rows : 1;
}

static void note_load(void *state, const struct model *m)
{
    (void)state, (void)m;
}

static void note_store(void *state, struct model *m)
{
    (void)state, (void)m;
}

static void note_step(void *state, const struct batch *b, struct step_result *r)
{
    (void)state;
    take_note(0, b, r);
}

static void note_predict(void *state, const struct batch *b, float *prob, struct step_result *r)
{
    (void)state;
    assert_null(prob);
    take_note(1, b, r);
}

static const struct step_ops note_steps = {
    .load = note_load, .step = note_step, .predict = note_predict, .store = note_store};
static const struct backend note_backend = {.name = "notes", .step = &note_steps};

static const uint8_t train_pixels[1], test_pixels[1], train_labels[1], test_labels[1];
static const struct dataset data = {
    .train = {train_pixels, train_labels, COUNT},
    .test = {test_pixels, test_labels, TEST_COUNT},
    .rows = 1,
    .cols = 1,
};

static struct epoch_result run(int epoch, struct progress *progress)
{
    struct contender c = {.backend = &note_backend,
                          .plan = {.inputs = 1, .hidden = 1, .classes = 1, .batch = BATCH}};
    struct trainer *t = trainer_new(&c, false);
    struct epoch_result r;
    uint32_t order[COUNT];
    assert_non_null(t);
    epoch_run(t, &data, BATCH, 42, epoch, order, progress, &notes.stop, &r);
    trainer_free(t);
    return r;
}

static int reset(void **state)
{
    (void)state;
    memset(&notes, 0, sizeof notes);
    return 0;
}

static void order_is_a_permutation(void **state)
{
    (void)state;
    static const uint32_t counts[] = {0, 1, 2, 3, 1000, 60000};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        uint32_t *order = calloc(counts[i] + 1u, sizeof *order);
        uint8_t *seen = calloc(counts[i] + 1u, 1);
        order[counts[i]] = 0xabcdef;
        epoch_order(order, counts[i], 1, 1);
        for (uint32_t j = 0; j < counts[i]; j++) {
            assert_true(order[j] < counts[i]);
            assert_int_equal(seen[order[j]]++, 0);
        }
        assert_int_equal(order[counts[i]], 0xabcdef);
        free(order);
        free(seen);
    }
}

static void order_depends_on_seed_and_epoch_alone(void **state)
{
    (void)state;
    uint32_t a[COUNT], b[COUNT];
    epoch_order(a, COUNT, 5, 3);
    memset(b, 0xff, sizeof b);
    epoch_order(b, COUNT, 5, 3);
    assert_memory_equal(a, b, sizeof a);
    epoch_order(b, COUNT, 5, 4);
    assert_memory_not_equal(a, b, sizeof a);
    epoch_order(b, COUNT, 6, 3);
    assert_memory_not_equal(a, b, sizeof a);
}

/* All 24 orders of 4 samples come up about equally often: chi-squared with 23 degrees of freedom, 0.01 %
 * level. */
static void orders_are_uniform(void **state)
{
    (void)state;
    enum { DRAWS = 24000, ORDERS = 24 };
    int seen[256] = {0};
    double chi = 0.0;
    int distinct = 0;
    for (int i = 0; i < DRAWS; i++) {
        uint32_t o[4];
        epoch_order(o, 4, 99, i + 1);
        seen[o[0] << 6 | o[1] << 4 | o[2] << 2 | o[3]]++;
    }
    for (int i = 0; i < 256; i++) {
        const double d = seen[i] - (double)DRAWS / ORDERS;
        if (!seen[i]) continue;
        distinct++;
        chi += d * d * ORDERS / DRAWS;
    }
    assert_int_equal(distinct, ORDERS);
    assert_true(chi < 56.0);
}

static void every_sample_once_in_order(void **state)
{
    (void)state;
    uint32_t order[COUNT];
    run(2, NULL);
    epoch_order(order, COUNT, 42, 2);
    assert_int_equal(notes.trained, 5);
    for (int i = 0; i < 4; i++) assert_int_equal(notes.rows[0][i], BATCH);
    assert_int_equal(notes.rows[0][4], 300 - 4 * BATCH);
    assert_memory_equal(notes.samples[0], order, sizeof order);
    assert_ptr_equal(notes.pixels[0], train_pixels);
    assert_ptr_equal(notes.labels[0], train_labels);
}

static void each_batch_announces_the_one_after_it(void **state)
{
    (void)state;
    run(2, NULL);
    for (int i = 0; i + 1 < notes.trained; i++) assert_int_equal(notes.announced[0][i], notes.rows[0][i + 1]);
    assert_int_equal(notes.announced[0][notes.trained - 1], 0);
    assert_memory_equal(notes.announced_samples[0], notes.samples[0] + BATCH,
                        (COUNT - BATCH) * sizeof(uint32_t));
    assert_int_equal(notes.announced[1][notes.predicted - 1], 0);
}

static void validates_on_the_test_split_in_file_order(void **state)
{
    (void)state;
    run(1, NULL);
    assert_int_equal(notes.predicted, 1);
    assert_int_equal(notes.rows[1][0], TEST_COUNT);
    for (uint32_t i = 0; i < TEST_COUNT; i++) assert_int_equal(notes.samples[1][i], i);
    assert_ptr_equal(notes.pixels[1], test_pixels);
    assert_ptr_equal(notes.labels[1], test_labels);
}

static void results_are_means_over_samples(void **state)
{
    (void)state;
    const struct epoch_result r = run(3, NULL);
    assert_int_equal(r.epoch, 3);
    assert_int_equal(r.steps, 5);
    assert_int_equal(r.samples, COUNT);
    assert_true(r.loss == (1.0 + 2.0 + 3.0 + 4.0 + 5.0) / COUNT);
    assert_true(r.accuracy == 5.0 / COUNT);
    assert_true(r.val_loss == 0.25);
    assert_true(r.val_accuracy == 1.0);
    assert_true(r.train_seconds > 0.0 && r.val_seconds > 0.0);
}

static void progress_follows(void **state)
{
    (void)state;
    static struct progress p;
    notes.progress = &p;
    run(4, &p);
    for (int i = 0; i < 5; i++) assert_int_equal(notes.step_seen[i], i);
    assert_int_equal(atomic_load(&p.phase), PROGRESS_IDLE);
    assert_int_equal(atomic_load(&p.epoch), 4);
    assert_int_equal(atomic_load(&p.step), 1); /* of the validation pass, the last one */
    assert_int_equal(atomic_load(&p.steps), 1);
    assert_int_equal(atomic_load(&p.samples), TEST_COUNT);
    assert_int_equal(atomic_load(&p.correct), TEST_COUNT);
}

static void stops_when_told(void **state)
{
    (void)state;
    notes.stop_after = 2;
    run(1, NULL);
    assert_int_equal(notes.trained, 2);
    assert_int_equal(notes.predicted, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(order_is_a_permutation),
        cmocka_unit_test(order_depends_on_seed_and_epoch_alone),
        cmocka_unit_test(orders_are_uniform),
        cmocka_unit_test_setup(every_sample_once_in_order, reset),
        cmocka_unit_test_setup(each_batch_announces_the_one_after_it, reset),
        cmocka_unit_test_setup(validates_on_the_test_split_in_file_order, reset),
        cmocka_unit_test_setup(results_are_means_over_samples, reset),
        cmocka_unit_test_setup(progress_follows, reset),
        cmocka_unit_test_setup(stops_when_told, reset),
    };
    return cmocka_run_group_tests_name("epoch", tests, NULL, NULL);
}
