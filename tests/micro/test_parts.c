/* SPDX-License-Identifier: MIT
 *
 * Parts of bench micro: the file of shapes, the pool of cold weights, and the check of gemm before a shape is
 * timed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "backends/registry.h"
#include "base/memory.h"
#include "base/rng.h"
#include "micro/check_shape.h"
#include "../support/plan.h"

static char case_file[] = "/tmp/lanebench-shapes-XXXXXX";

static int make_file(void **state)
{
    (void)state;
    const int fd = mkstemp(case_file);
    return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(case_file);
}

static int read_text(struct gemm_shapes *s, const char *text, size_t length, struct error *e)
{
    FILE *f = fopen(case_file, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, length, f), length);
    fclose(f);
    memset(e, 0, sizeof *e);
    return shapes_read(s, case_file, e);
}

static void shapes_are_read(void **state)
{
    (void)state;
    static const char text[] = "# of my network\n\n128 512 784\n  7\t8 9 t N # tail\r\n1 1 1000000 N T";
    struct gemm_shapes s;
    struct error e;
    assert_int_equal(read_text(&s, text, strlen(text), &e), 0);
    assert_int_equal(s.count, 3);
    const struct gemm_shape expected[] = {{NO_TRANS, NO_TRANS, 128, 512, 784, 3},
                                          {TRANS, NO_TRANS, 7, 8, 9, 4},
                                          {NO_TRANS, TRANS, 1, 1, 1000000, 5}};
    for (int i = 0; i < 3; i++) assert_memory_equal(&s.list[i], &expected[i], sizeof expected[i]);
    shapes_free(&s);
}

static void wrong_lines_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *text, *place, *message;
    } wrong[] = {
        {"", "", "has no shape"},
        {"# nothing\n \n", "", "has no shape"},
        {"1 2\n", ":1:", "2 fields"},
        {"1 2 3\n4 5 6 N\n", ":2:", "4 fields"},
        {"1 2 3 N N N\n", ":1:", "6 fields"},
        {"0 2 3\n", ":1:", "'0'"},
        {"1 -2 3\n", ":1:", "'-2'"},
        {"1 2 3.0\n", ":1:", "'3.0'"},
        {"1 2 1000001\n", ":1:", "from 1 to 1000000"},
        {"1 2 99999999999999999999\n", ":1:", "from 1 to 1000000"},
        {"1 2 3 N X\n", ":1:", "'X'"},
        {"1 2 3 NT N\n", ":1:", "'NT'"},
        {"1 2 3\n\n1 2 3 N N\n", ":3:", "line 1 again"},
        {"1000000 1 1000000\n", ":1:", "elements"},
    };
    struct gemm_shapes s;
    struct error e;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(read_text(&s, wrong[i].text, strlen(wrong[i].text), &e), EXIT_USAGE);
        assert_non_null(strstr(e.text, case_file));
        assert_non_null(strstr(e.text, wrong[i].place));
        assert_non_null(strstr(e.text, wrong[i].message));
        shapes_free(&s);
    }
    assert_int_equal(read_text(&s, "1 2 3\n4 \0 5 6\n", 14, &e), EXIT_USAGE);
    assert_non_null(strstr(e.text, ":2:"));
    shapes_free(&s);
    memset(&e, 0, sizeof e);
    assert_int_equal(shapes_read(&s, "/nowhere/at-all", &e), EXIT_USAGE);
    assert_non_null(strstr(e.text, "/nowhere/at-all"));
    shapes_free(&s);
    memset(&e, 0, sizeof e);
    assert_int_equal(shapes_read(&s, "/tmp", &e), EXIT_USAGE); /* opens, but cannot be read */
    shapes_free(&s);
}

static void pool_exceeds_a_cache(void **state)
{
    (void)state;
    struct pool p;
    pool_plan(&p, 1 << 20, 4 << 20, SIZE_MAX, 100);
    assert_string_equal(p.beyond, "l3");
    assert_true(p.floats * sizeof(float) >= 8 << 20);
    pool_plan(&p, 1 << 20, 4 << 20, 7 << 20, 100); /* too little for twice L3 */
    assert_string_equal(p.beyond, "l2");
    assert_in_range(p.floats * sizeof(float), 2 << 20, 3 << 20);
    pool_plan(&p, 1 << 20, 0, SIZE_MAX, 100);
    assert_string_equal(p.beyond, "l2");
    pool_plan(&p, 0, 0, SIZE_MAX, 100);
    assert_null(p.beyond);
    pool_plan(&p, 1 << 20, 0, SIZE_MAX, 5 << 20); /* one part is larger than all that */
    assert_true(p.floats >= 5 << 20);
    pool_free(&p);
}

static void pool_gives_every_part_before_one_again(void **state)
{
    (void)state;
    struct pool p;
    pool_plan(&p, 1 << 20, 0, SIZE_MAX, 1000);
    assert_int_equal(pool_fill(&p), 0);
    const float *const memory = p.memory;
    assert_int_equal(pool_fill(&p), 0);
    assert_ptr_equal(p.memory, memory);
    for (size_t i = 0; i < p.floats; i++) assert_true(memory[i] > 0.0f && memory[i] < 0.05f);
    const size_t stride = 1008; /* 1000 floats, whole lines of 64 bytes */
    for (int round = 0; round < 2; round++)
        for (size_t i = 0; i < p.floats / stride; i++) {
            const float *part = pool_next(&p, 1000);
            assert_ptr_equal(part, memory + i * stride);
            assert_int_equal((uintptr_t)part % 64, 0);
        }
    pool_free(&p);
}

/* ---- the check of a shape */

static gemm_fn *right_gemm;
static void *right_state;
static enum { RIGHT, LAST_COLUMN, ONE_ELEMENT_NAN, IGNORES_TRANSPOSE, HALF_OF_K, NOTHING } fault;

static void faulty_gemm(void *state, enum transpose ta, enum transpose tb, int m, int n, int k, float alpha,
                        const float *a, int lda, const float *b, int ldb, float beta, float *c, int ldc)
{
    (void)state;
    if (fault == NOTHING) return;
    if (fault == IGNORES_TRANSPOSE && tb == TRANS) tb = NO_TRANS, ldb = n;
    right_gemm(right_state, ta, tb, m, n, fault == HALF_OF_K ? k / 2 : k, alpha, a, lda, b, ldb, beta, c,
               ldc);
    if (fault == LAST_COLUMN)
        for (int i = 0; i < m; i++) c[i * ldc + n - 1] *= 1.001f;
    if (fault == ONE_ELEMENT_NAN) c[(m / 2) * ldc + n / 3] = __builtin_nanf("");
}

static void wrong_products_are_not_timed(void **state)
{
    (void)state;
    const struct gemm_shape shapes[] = {
        {NO_TRANS, NO_TRANS, 40, 30, 20, 1},
        {TRANS, TRANS, 40, 30, 20, 2},
        {NO_TRANS, TRANS, 300, 310, 200, 3}}; /* the last is looked at by sample */
    const struct backend *naive = registry_fallback();
    const struct plan plan = TEST_PLAN(.threads = 1, .inputs = 8, .hidden = 8, .classes = 2, .batch = 2);
    struct contender c;
    struct error e = {.code = EXIT_OK};
    char message[200];
    assert_int_equal(contender_open(&c, naive, naive, &plan, &e), 0);
    right_gemm = c.ops.gemm;
    right_state = c.op_state[OP_gemm];
    c.ops.gemm = faulty_gemm;
    struct micro_operands o = {.shape_a = memory_floats(1 << 17),
                               .shape_b = memory_floats(1 << 17),
                               .shape_c = memory_floats(1 << 17)};
    struct rng r = rng_seed(7, 7);
    for (int i = 0; i < 1 << 17; i++)
        o.shape_a[i] = rng_float(&r, -1, 1), o.shape_b[i] = rng_float(&r, -1, 1);
    for (int i = 0; i < 3; i++)
        for (fault = RIGHT; fault <= NOTHING; fault++) {
            const bool harmless = fault == RIGHT || (fault == IGNORES_TRANSPOSE && shapes[i].tb == NO_TRANS);
            assert_int_equal(check_shape(&c, &o, &shapes[i], message, sizeof message), harmless);
            if (!harmless) assert_non_null(strstr(message, "C["));
        }
    free(o.shape_a);
    free(o.shape_b);
    free(o.shape_c);
    contender_close(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shapes_are_read),
        cmocka_unit_test(wrong_lines_are_named),
        cmocka_unit_test(pool_exceeds_a_cache),
        cmocka_unit_test(pool_gives_every_part_before_one_again),
        cmocka_unit_test(wrong_products_are_not_timed),
    };
    return cmocka_run_group_tests(tests, make_file, remove_file);
}
