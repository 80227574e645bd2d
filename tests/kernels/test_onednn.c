/* SPDX-License-Identifier: MIT
 *
 * What the oneDNN backend promises beyond the contract that every backend is proven against: refusals
 * with a reason, the ISA limit, padded layouts that store and load without loss, and primitives for further
 * numbers of rows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backend.h"
#include "train/network.h"
#include "../support/plan.h"
#include "../support/skip_test.h"

extern const struct backend backend_onednn;

/* Sizes that no vector length divides, so that the layouts have padding in every dimension. */
enum { INPUTS = 21, HIDDEN = 17, CLASSES = 3, BATCH = 13, IMAGES = 40 };
static const struct shape shape = {INPUTS, HIDDEN, CLASSES};

static struct plan small_plan(void)
{
    struct plan plan = TEST_PLAN(.threads = 2, .inputs = INPUTS, .hidden = HIDDEN, .classes = CLASSES,
                                 .batch = BATCH, .isa = ~0u);
    plan.lr = 0.01f;
    return plan;
}

static void *open_state(const struct plan *plan)
{
    char why[256] = "";
    void *state = NULL;
    if (backend_onednn.open(plan, &state, why, sizeof why) != 0) fail_msg("cannot be opened: %s", why);
    return state;
}

/* Opens, expecting a refusal that contains `word`. */
static void expect_refusal(const struct plan *plan, const char *word)
{
    char why[256] = "";
    void *state = NULL;
    assert_int_not_equal(backend_onednn.open(plan, &state, why, sizeof why), 0);
    if (!strstr(why, word)) fail_msg("'%s' does not mention '%s'", why, word);
}

static void refuses_impossible_plans(void **unused)
{
    (void)unused;
    struct plan p = small_plan();
    p.epsilon = 0.0f;
    expect_refusal(&p, "epsilon");
    p = small_plan();
    p.batch = 0;
    expect_refusal(&p, "batch");
}

/* ---- ISA: fixed once per process, so each case has a process of its own ---- */

static bool has_avx(const char *implementation)
{
    return strstr(implementation, "avx") != NULL;
}

/* Exit codes of the children. */
enum { CHILD_OK = 0, CHILD_WRONG = 1, CHILD_NOTHING_TO_SEE = 2 };

static int narrow_from_the_start(void)
{
    struct plan p = small_plan();
    p.isa = 0;
    char why[256] = "";
    void *state = NULL;
    if (backend_onednn.open(&p, &state, why, sizeof why) != 0) return CHILD_WRONG;
    const int result = has_avx(backend_onednn.implementation(state)) ? CHILD_WRONG : CHILD_OK;
    backend_onednn.close(state);
    return result;
}

static int narrow_too_late(void)
{
    struct plan p = small_plan();
    char why[256] = "";
    void *state = NULL;
    if (backend_onednn.open(&p, &state, why, sizeof why) != 0) return CHILD_WRONG;
    const bool wide = has_avx(backend_onednn.implementation(state));
    backend_onednn.close(state);
    if (!wide) return CHILD_NOTHING_TO_SEE;
    p.isa = 0;
    if (backend_onednn.open(&p, &state, why, sizeof why) == 0) return CHILD_WRONG;
    return strstr(why, "ISA") ? CHILD_OK : CHILD_WRONG;
}

static int in_child(int (*body)(void))
{
    unsetenv("ONEDNN_MAX_CPU_ISA");
    unsetenv("DNNL_MAX_CPU_ISA");
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) _exit(body());
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void keeps_to_a_narrow_isa(void **unused)
{
    (void)unused;
    assert_int_equal(in_child(narrow_from_the_start), CHILD_OK);
}

static void refuses_an_isa_that_comes_too_late(void **unused)
{
    (void)unused;
    const int code = in_child(narrow_too_late);
    if (code == CHILD_NOTHING_TO_SEE) SKIP_TEST("this CPU has no AVX: there is nothing to narrow");
    assert_int_equal(code, CHILD_OK);
}

/* ---- Training a small network ---- */

struct images {
    uint8_t pixels[IMAGES * INPUTS], labels[IMAGES];
    uint32_t index[IMAGES];
};

static void images_make(struct images *d)
{
    uint32_t x = 1;
    for (size_t i = 0; i < sizeof d->pixels; i++)
        d->pixels[i] = (uint8_t)((x = x * 1664525u + 1013904223u) >> 24);
    for (uint32_t i = 0; i < IMAGES; i++) d->labels[i] = (uint8_t)(i % CLASSES), d->index[i] = i * 7 % IMAGES;
}

static void train(void *state, const struct images *d, int steps, int rows)
{
    for (int i = 0; i < steps; i++) {
        const struct batch b = {
            .pixels = d->pixels, .labels = d->labels, .index = d->index + i, .rows = rows};
        struct step_result r;
        backend_onednn.step->step(state, &b, &r);
    }
}

static void assert_same_bits(const struct tensors *a, const struct tensors *b)
{
    for (int t = 0; t < TENSOR_COUNT; t++)
        assert_memory_equal(tensor_data(a, t), tensor_data(b, t), sizeof(float) * tensor_count(&shape, t));
}

static void resumes_bit_for_bit_from_stored_parameters(void **unused)
{
    (void)unused;
    struct images d;
    struct model start, straight, resumed;
    images_make(&d);
    network_alloc(&start, &shape), network_alloc(&straight, &shape), network_alloc(&resumed, &shape);
    network_init(&start, &shape, 5);
    const struct plan p = small_plan();
    void *one = open_state(&p), *two = open_state(&p);
    /* Nothing but the parameters, whose padding storing and loading drops, may carry over between steps. */
    backend_onednn.step->load(one, &start);
    train(one, &d, 6, BATCH);
    backend_onednn.step->store(one, &resumed);
    backend_onednn.step->load(two, &resumed);
    train(one, &d, 6, BATCH);
    train(two, &d, 6, BATCH);
    backend_onednn.step->store(one, &straight);
    backend_onednn.step->store(two, &resumed);
    assert_same_bits(&straight.w, &resumed.w);
    assert_same_bits(&straight.v, &resumed.v);
    /* and they did train */
    assert_true(memcmp(start.w.w1, straight.w.w1, sizeof(float) * INPUTS * HIDDEN) != 0);
    backend_onednn.close(one), backend_onednn.close(two);
    network_free(&start), network_free(&straight), network_free(&resumed);
}

static void a_smaller_batch_is_the_same_in_any_plan(void **unused)
{
    (void)unused;
    enum { ROWS = 5 };
    struct images d;
    struct model start, large, exact;
    images_make(&d);
    network_alloc(&start, &shape), network_alloc(&large, &shape), network_alloc(&exact, &shape);
    network_init(&start, &shape, 6);
    /* With v = 1 the update is proportional to the gradient; near v = 0 its sign alone would decide. */
    for (int t = 0; t < TENSOR_COUNT; t++)
        for (size_t i = 0; i < tensor_count(&shape, t); i++) tensor_data(&start.v, t)[i] = 1.0f;
    struct plan p = small_plan();
    void *in_large = open_state(&p);
    p.batch = ROWS;
    void *in_exact = open_state(&p);
    backend_onednn.step->load(in_large, &start), backend_onednn.step->load(in_exact, &start);
    train(in_large, &d, 3, ROWS), train(in_exact, &d, 3, ROWS);
    backend_onednn.step->store(in_large, &large), backend_onednn.step->store(in_exact, &exact);
    for (int t = 0; t < TENSOR_COUNT; t++)
        for (size_t i = 0; i < tensor_count(&shape, t); i++) {
            /* 3 steps of about lr * gradient, gradients below 1: a few roundings of weights below 1. */
            assert_float_equal(tensor_data(&large.w, t)[i], tensor_data(&exact.w, t)[i], 1e-6);
        }
    backend_onednn.close(in_large), backend_onednn.close(in_exact);
    network_free(&start), network_free(&large), network_free(&exact);
}

static void names_the_code_behind_each_primitive(void **unused)
{
    (void)unused;
    static const char *const names[] = {
        "gemm=",           "forward1=",  "forward2=", "softmax=", "backward2_weights=",
        "backward2_data=", "relu_grad=", "backward1="};
    const struct plan p = small_plan();
    void *state = open_state(&p);
    const char *text = backend_onednn.implementation(state);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strstr(text, names[i])) fail_msg("no %s in %s", names[i], text);
    assert_null(strstr(text, "ref"));
    backend_onednn.close(state);
    assert_non_null(strstr(backend_onednn.library(), "oneDNN"));
}

int main(void)
{
    /* The forking tests come first: a child must not inherit a process that has started OpenMP threads. */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_to_a_narrow_isa),
        cmocka_unit_test(refuses_an_isa_that_comes_too_late),
        cmocka_unit_test(refuses_impossible_plans),
        cmocka_unit_test(names_the_code_behind_each_primitive),
        cmocka_unit_test(resumes_bit_for_bit_from_stored_parameters),
        cmocka_unit_test(a_smaller_batch_is_the_same_in_any_plan),
    };
    return group_result(cmocka_run_group_tests_name("onednn", tests, NULL, NULL));
}
