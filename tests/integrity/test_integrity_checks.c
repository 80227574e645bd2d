/* SPDX-License-Identifier: MIT
 *
 * Each integrity check on made-up epochs: an honest one passes all, and one thing wrong at a time is found by
 * the check that is there for it, and by no other. */
#include "../support/check.h"

#include <math.h>

#include "integrity/checks.h"

enum { STEPS = 10, BATCH = 30, INPUTS = 16, HIDDEN = 100, CLASSES = 10, THREADS = 2, SEED = 9 };

static const double rate = 2.5e9, seconds = 0.4; /* of the counter; of training */

static struct dataset data;
static struct integrity_ground ground;
static uint8_t pixels[STEPS * BATCH * INPUTS];

static struct epoch_report honest_epoch(int epoch)
{
    static uint32_t order[STEPS * BATCH];
    struct epoch_report r = {.result = {.epoch = epoch,
                                        .steps = STEPS,
                                        .samples = STEPS * BATCH,
                                        .train_seconds = seconds,
                                        .val_seconds = 0.05,
                                        .loss = 0.5,
                                        .val_loss = 0.4,
                                        .train_ticks = (uint64_t)(seconds * rate)},
                             .op_count = 2,
                             .ops = {{.calls = STEPS, .seconds = 0.1, .flop = 1e9, .calls_per_step = 1},
                                     {.calls = 4 * STEPS, .seconds = 0.1, .calls_per_step = 4}},
                             .name_text = {"gemm forward2", "rmsprop"},
                             .peak_gflops = 100.0,
                             .notes = {0.6, 2, 1, 0x1f80, 0x1f80, 20.0},
                             .observation = {.seconds = 0.601,
                                             .cpu_seconds = 1.1,
                                             .tasks = 5,
                                             .ticks_per_second = rate,
                                             .busy = THREADS,
                                             .rss_mb = 50.0,
                                             .data_mb = 80.0}};
    epoch_order(order, STEPS * BATCH, SEED, epoch);
    r.result.order_hash = epoch_order_hash(order, STEPS * BATCH);
    r.flop_done = network_train_flop(&ground.shape, STEPS * BATCH);
    return r;
}

static double same_peak(void *context)
{
    return *(double *)context;
}

/* Three epochs, the second one as given. */
static void judge(struct integrity *i, const struct epoch_report *second, double machine_peak)
{
    memset(i, 0, sizeof *i);
    for (int epoch = 1; epoch <= 3; epoch++) {
        const struct epoch_report honest = honest_epoch(epoch);
        integrity_epoch(i, &ground, epoch == 2 ? second : &honest);
    }
    integrity_judge_roof(i, same_peak, &machine_peak);
}

/* Only this check is violated, and the line names the epoch. */
static void assert_found(const struct epoch_report *second, enum integrity_check check)
{
    struct integrity i;
    judge(&i, second, 100.0);
    for (int c = 0; c < CHECK_COUNT; c++)
        if ((i.line[c].status == INTEGRITY_VIOLATION) != (c == (int)check))
            fail_msg("%s: %s %s", integrity_check_name((enum integrity_check)c),
                     integrity_status_name(i.line[c].status), i.line[c].message);
    if (check != CHECK_COUNT && check != CHECK_ROOF && check != CHECK_OP_ROOF)
        assert_non_null(strstr(i.line[check].message, "epoch 2"));
}

static void an_honest_contender_passes(void **state)
{
    (void)state;
    struct integrity i;
    const struct epoch_report second = honest_epoch(2);
    judge(&i, &second, 100.0);
    for (int c = CHECK_COUNTER; c <= CHECK_MXCSR; c++)
        if (c != CHECK_LOSS && i.line[c].status != INTEGRITY_PASS)
            fail_msg("%s: %s %s", integrity_check_name((enum integrity_check)c), i.line[c].message,
                     i.line[c].seen);
    assert_int_equal(integrity_violated(&i), CHECK_COUNT);
}

static void clocks(void **state)
{
    (void)state;
    struct epoch_report r = honest_epoch(2);
    r.result.train_seconds = 0.398; /* half a percent */
    assert_found(&r, CHECK_COUNTER);
    r.result.train_seconds = 0.402;
    assert_found(&r, CHECK_COUNTER);
    r.result.train_seconds = 0.4003; /* slewed */
    assert_found(&r, CHECK_COUNT);
    r = honest_epoch(2);
    r.notes.seconds = 0.5;
    assert_found(&r, CHECK_STOPWATCH);
    r.observation.delays = 0.1; /* bench had to wait for a CPU */
    assert_found(&r, CHECK_COUNT);
    r.notes.seconds = 0.61; /* more than there was */
    assert_found(&r, CHECK_STOPWATCH);
    r = honest_epoch(2);
    r.notes.seconds = 0.1;
    r.observation.away = true;
    assert_found(&r, CHECK_COUNT);
}

/* Slowly: a page for each step, which only shows as often as it comes. */
static void memory_that_grows(void **state)
{
    (void)state;
    for (int of_heap = 0; of_heap < 2; of_heap++)
        for (int growing = 3; growing <= 4; growing++) {
            struct integrity i = {0};
            for (int epoch = 1; epoch <= 4; epoch++) {
                struct epoch_report r = honest_epoch(epoch);
                *(of_heap ? &r.notes.heap_mb : &r.observation.data_mb) +=
                    4097e-6 * STEPS * (epoch < growing ? epoch : growing);
                integrity_epoch(&i, &ground, &r);
            }
            assert_int_equal(i.line[CHECK_MEMORY].status,
                             growing == 4 ? INTEGRITY_VIOLATION : INTEGRITY_PASS);
            if (growing == 4) assert_non_null(strstr(i.line[CHECK_MEMORY].message, "epoch 4"));
        }
}

/* A second worker of the same contender begins anew. */
static void memory_of_another_worker(void **state)
{
    (void)state;
    struct integrity i = {0};
    for (int worker = 0; worker < 4; worker++)
        for (int epoch = 1; epoch <= 2; epoch++) {
            struct epoch_report r = honest_epoch(epoch);
            r.observation.rss_mb += 100.0 * worker;
            r.observation.data_mb += 100.0 * worker;
            integrity_epoch(&i, &ground, &r);
        }
    assert_int_equal(i.line[CHECK_MEMORY].status, INTEGRITY_PASS);
}

static void without_an_invariant_counter(void **state)
{
    (void)state;
    struct integrity i = {0};
    struct epoch_report r = honest_epoch(1);
    r.observation.ticks_per_second = 0.0;
    r.observation.cpu_seconds = -1.0;
    r.observation.tasks = 0;
    r.observation.started = -1;
    r.observation.rss_mb = r.observation.data_mb = -1.0;
    r.observation.away = true;
    integrity_epoch(&i, &ground, &r);
    static const enum integrity_check checks[] = {CHECK_COUNTER, CHECK_STOPWATCH, CHECK_CPU_TIME,
                                                  CHECK_THREADS, CHECK_PROCESSES, CHECK_MEMORY};
    for (int c = 0; c < 6; c++) {
        assert_int_equal(i.line[checks[c]].status, INTEGRITY_NOT_APPLICABLE);
        assert_true(i.line[checks[c]].message[0]);
    }
}

static void work(void **state)
{
    (void)state;
    struct epoch_report r = honest_epoch(2);
    r.observation.cpu_seconds = 1.3; /* 2 threads for 0.601 s */
    assert_found(&r, CHECK_CPU_TIME);
    r = honest_epoch(2);
    r.observation.tasks = 6;
    assert_found(&r, CHECK_THREADS);
    r = honest_epoch(2);
    r.observation.rss_mb += 30.0;
    assert_found(&r, CHECK_MEMORY);
    r.observation.rss_mb -= 10.0; /* a huge page for every stack */
    assert_found(&r, CHECK_COUNT);
    r = honest_epoch(2);
    r.observation.busy = THREADS + 1; /* some of those that were always there */
    assert_found(&r, CHECK_THREADS);
    r.observation.busy = THREADS;
    assert_found(&r, CHECK_COUNT);
    r = honest_epoch(2);
    r.observation.started = 1; /* still there */
    assert_found(&r, CHECK_PROCESSES);
    r.observation.started = 0;
    r.observation.collected = true; /* ended */
    assert_found(&r, CHECK_PROCESSES);
    r = honest_epoch(2);
    r.ops[1].calls--;
    assert_found(&r, CHECK_CALLS);
    r = honest_epoch(2);
    r.result.samples--;
    r.flop_done = network_train_flop(&ground.shape, STEPS * BATCH - 1);
    assert_found(&r, CHECK_CALLS);
    r = honest_epoch(2);
    r.notes.steps_verified = 0;
    assert_found(&r, CHECK_LOOKED_AT);
    r = honest_epoch(2);
    r.notes.spans_verified = 0;
    assert_found(&r, CHECK_LOOKED_AT);
    r.result.loss = NAN; /* diverges: there is nothing to look at */
    assert_found(&r, CHECK_COUNT);
    r = honest_epoch(2);
    r.result.order_hash ^= 1;
    assert_found(&r, CHECK_ORDER);
    r = honest_epoch(2);
    r.notes.control_end |= 0x8000;
    assert_found(&r, CHECK_MXCSR);
}

static void roof(void **state)
{
    (void)state;
    struct integrity i;
    struct epoch_report r = honest_epoch(2);
    /* Half of the pixels are zero: of 2 * 2 * 16 * 100 flop an image half, and all of 3 * 2 * 100 * 10. */
    const double flop = STEPS * BATCH * (0.5 * 2 * 2 * INPUTS * HIDDEN + 3.0 * 2 * HIDDEN * CLASSES);
    r.result.train_seconds = flop / 103e9; /* of 100 GFLOP/s */
    r.result.train_ticks = (uint64_t)(r.result.train_seconds * rate);
    assert_found(&r, CHECK_ROOF);
    judge(&i, &r, 102.0); /* bench itself sees a better peak */
    assert_int_equal(i.line[CHECK_ROOF].status, INTEGRITY_PASS);
    r.result.train_seconds = flop / 101e9;
    r.result.train_ticks = (uint64_t)(r.result.train_seconds * rate);
    assert_found(&r, CHECK_COUNT);
    r = honest_epoch(2);
    r.ops[0].flop = 10.3e9; /* in 0.1 s */
    assert_found(&r, CHECK_OP_ROOF);
    strcpy(r.name_text[0], "gemm forward1"); /* where half need not be made */
    assert_found(&r, CHECK_COUNT);
    strcpy(r.name_text[0], "forward2"); /* a phase of its own, by its own word */
    assert_found(&r, CHECK_COUNT);
}

/* Half of the pixels are zero: of the first layer's products half can be left out. */
static void operations_done(void **state)
{
    (void)state;
    struct integrity i;
    struct epoch_report r = honest_epoch(2);
    const double all = r.flop_done, first_layer = STEPS * BATCH * 2.0 * 2 * INPUTS * HIDDEN;
    r.flop_done = all - 0.5 * first_layer;
    assert_found(&r, CHECK_COUNT);
    r.flop_done -= 2.0; /* one multiply-add */
    assert_found(&r, CHECK_FLOP_DONE);
    r.flop_done = all + 2.0;
    assert_found(&r, CHECK_FLOP_DONE);
    r.flop_done = 0.0;
    assert_found(&r, CHECK_FLOP_DONE);
    for (int epoch = 1; epoch <= 3; epoch++) {
        struct epoch_report silent = honest_epoch(epoch);
        if (epoch == 1) memset(&i, 0, sizeof i);
        silent.flop_done = -1.0;
        integrity_epoch(&i, &ground, &silent);
    }
    assert_int_equal(i.line[CHECK_FLOP_DONE].status, INTEGRITY_NOT_APPLICABLE);
}

static void first_loss_from_both_sides(void **state)
{
    (void)state;
    const double band = 8 * 0.5 / sqrt(STEPS * BATCH);
    for (int side = -1; side <= 1; side += 2)
        for (int far = 0; far < 2; far++) {
            struct integrity a = {0}, b = {0};
            struct epoch_report r = honest_epoch(1);
            integrity_epoch(&a, &ground, &r);
            r.result.loss += side * (far ? 1.01 : 0.99) * band;
            integrity_epoch(&b, &ground, &r);
            integrity_judge_loss(&b, &ground, &a, "other");
            assert_int_equal(b.line[CHECK_LOSS].status, far ? INTEGRITY_VIOLATION : INTEGRITY_PASS);
        }
    struct integrity alone = {0}, wild = {0};
    struct epoch_report r = honest_epoch(1);
    integrity_epoch(&alone, &ground, &r);
    integrity_judge_loss(&alone, &ground, NULL, "");
    assert_int_equal(alone.line[CHECK_LOSS].status, INTEGRITY_NOT_APPLICABLE);
    r.result.loss = 7.0;
    integrity_epoch(&wild, &ground, &r);
    integrity_judge_loss(&alone, &ground, &wild, "wild");
    assert_int_equal(alone.line[CHECK_LOSS].status, INTEGRITY_NOT_APPLICABLE);
    r.result.loss = NAN;
    struct integrity broken = {0};
    integrity_epoch(&broken, &ground, &r);
    integrity_judge_loss(&broken, &ground, &alone, "other");
    assert_int_equal(broken.line[CHECK_LOSS].status, INTEGRITY_VIOLATION);
}

static void files_and_preloads(void **state)
{
    (void)state;
    static const struct {
        const char *before, *after, *preload, *home;
        enum integrity_status file, clock;
    } cases[] = {
        {"ab", "ab", NULL, "?", INTEGRITY_PASS, INTEGRITY_PASS},
        {"ab", "ac", "", "?", INTEGRITY_VIOLATION, INTEGRITY_PASS},
        {"ab", "", "a.so", "/lib/x86_64-linux-gnu/libc.so.6", INTEGRITY_VIOLATION, INTEGRITY_PASS},
        {"", "", "a.so", "/tmp/a.so", INTEGRITY_NOT_APPLICABLE, INTEGRITY_VIOLATION},
        {"", "", "libasan.so.8", "/usr/lib/libasan.so.8", INTEGRITY_NOT_APPLICABLE, INTEGRITY_PASS},
    };
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        struct integrity i = {0};
        integrity_judge_file(&i, cases[c].before, cases[c].after);
        integrity_judge_preload(&i, cases[c].preload, cases[c].home);
        assert_int_equal(i.line[CHECK_FILE].status, cases[c].file);
        assert_int_equal(i.line[CHECK_PRELOAD].status, cases[c].clock);
    }
}

static void implementations_are_notes(void **state)
{
    (void)state;
    struct integrity i = {0};
    integrity_judge_implementation(&i, "gemm=ref:any");
    assert_int_equal(i.line[CHECK_IMPLEMENTATION].status, INTEGRITY_PASS);
    assert_non_null(strstr(i.line[CHECK_IMPLEMENTATION].message, "note: uses a reference implementation"));
}

static void the_first_violation_stays(void **state)
{
    (void)state;
    struct integrity i = {0};
    integrity_untrue(&i, "wrong at step 7");
    const struct epoch_report r = honest_epoch(1);
    integrity_epoch(&i, &ground, &r);
    assert_int_equal(integrity_violated(&i), CHECK_TRAINING);
    assert_string_equal(i.line[CHECK_TRAINING].message, "wrong at step 7");
}

static int open_ground(void **state)
{
    (void)state;
    const struct shape shape = {INPUTS, HIDDEN, CLASSES};
    for (size_t i = 0; i < sizeof pixels; i++) pixels[i] = i % 2 ? 255 : 0;
    data.train = (struct split){pixels, NULL, STEPS * BATCH};
    return integrity_ground_open(&ground, &data, &shape, BATCH, THREADS, SEED);
}

static int close_ground(void **state)
{
    (void)state;
    integrity_ground_close(&ground);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_honest_contender_passes),
        cmocka_unit_test(clocks),
        cmocka_unit_test(memory_that_grows),
        cmocka_unit_test(memory_of_another_worker),
        cmocka_unit_test(without_an_invariant_counter),
        cmocka_unit_test(work),
        cmocka_unit_test(roof),
        cmocka_unit_test(operations_done),
        cmocka_unit_test(first_loss_from_both_sides),
        cmocka_unit_test(files_and_preloads),
        cmocka_unit_test(implementations_are_notes),
        cmocka_unit_test(the_first_violation_stays),
    };
    return cmocka_run_group_tests_name("integrity", tests, open_ground, close_ground);
}
