/* SPDX-License-Identifier: MIT
 *
 * Specs of contenders, the entries they stand for, and whose ops a contender then runs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backends/registry.h"
#include "backends/contender.h"

static const op_set gemm_only = (op_set)1 << OP_gemm;

/* ---- Texts ---- */

static const struct {
    const char *text, *base, *name, *argument;
    bool composed;
    op_set ops;
    const char *same; /* its one text, where that is another */
} right[] = {
    {"avx2", "", "avx2", "", false, 0, NULL},
    {"avx2:composed", "", "avx2", "", true, 0, NULL},
    {"cblas:/usr/lib/g++/x:y.so", "", "cblas", "/usr/lib/g++/x:y.so", false, 0, NULL},
    {"cblas:x.so:composed", "", "cblas", "x.so", true, 0, NULL},
    {"cblas:./composed", "", "cblas", "./composed", false, 0, NULL},
    {"cblas:x-composed", "", "cblas", "x-composed", false, 0, NULL},
    {"avx512+gemm:mine", "avx512", "mine", "", true, gemm_only, NULL},
    {"a+gemm+vlog:b:c", "a", "b", "c", true, gemm_only | (op_set)1 << OP_vlog, NULL},
    {"a+vlog+gemm:b:c:composed", "a", "b", "c", true, gemm_only | (op_set)1 << OP_vlog, "a+gemm+vlog:b:c"},
};

static void texts_are_read_and_written(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof right / sizeof *right; i++) {
        struct backend_spec s;
        struct error e = {0};
        assert_int_equal(backend_spec_parse(&s, right[i].text, &e), 0);
        assert_string_equal(s.base, right[i].base);
        assert_string_equal(s.name, right[i].name);
        assert_string_equal(s.argument, right[i].argument);
        assert_int_equal(s.composed, right[i].composed);
        assert_int_equal(s.ops, right[i].ops);
        char *text = backend_spec_text(&s);
        assert_string_equal(text, right[i].same ? right[i].same : right[i].text);
        free(text);
    }
}

static void wrong_texts_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } wrong[] = {
        {"cblas:", "nothing follows the colon"},
        {"cblas::composed", "nothing follows the colon"},
        {"a+gemm", "the backend that supplies these ops is missing"},
        {"a+gem:b", "did you mean 'gemm'?"},
        {"a+:b", "'' is not an op; allowed are gemm, gather"},
        {"a+gemm+gemm:b", "named twice"},
        {"a+gemmx:b", "'gemmx' is not an op"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct backend_spec s;
        struct error e = {0};
        assert_int_equal(backend_spec_parse(&s, wrong[i].text, &e), EXIT_USAGE);
        assert_non_null(strstr(e.text, wrong[i].message));
    }
    char *text = malloc(BACKEND_SPEC_SIZE + 1);
    struct backend_spec s;
    struct error e = {0};
    assert_non_null(text);
    memset(text, 'x', BACKEND_SPEC_SIZE);
    text[BACKEND_SPEC_SIZE] = 0;
    assert_int_equal(backend_spec_parse(&s, text, &e), EXIT_USAGE);
    free(text);
}

/* ---- Entries ---- */

static const struct registry_entry *resolve(const char *spec)
{
    struct error e = {0};
    const struct registry_entry *entry = registry_resolve(spec, &e);
    assert_string_equal(e.text, "");
    return entry;
}

static void a_composed_entry_has_the_ops_and_no_step(void **state)
{
    (void)state;
    const struct registry_entry *fused = resolve("avx2"), *composed = resolve("avx2:composed");
    assert_non_null(fused->backend->step);
    assert_null(composed->backend->step);
    assert_memory_equal(&composed->backend->ops, &fused->backend->ops, sizeof fused->backend->ops);
    assert_string_equal(composed->name, "avx2:composed");
    assert_string_equal(composed->spec, "avx2:composed");
    assert_string_equal(composed->backend->name, "avx2"); /* what its tuning is saved under */
    assert_ptr_equal(resolve("avx2:composed"), composed);
    assert_string_equal(resolve("cblas:/a/x.so:composed")->name, "cblas:x.so:composed");
    assert_string_equal(resolve("cblas:/a/x.so:composed")->argument, "/a/x.so");
    assert_true(registry_is_fallback(resolve("naive:composed")));
    assert_false(registry_is_fallback(resolve("naive+gemm:avx2")));
}

static void a_combined_entry_takes_its_ops_from_two(void **state)
{
    (void)state;
    const struct registry_entry *base = resolve("avx2"), *both = resolve("avx2+rmsprop:naive");
    assert_string_equal(both->name, "avx2+rmsprop:naive");
    assert_null(both->backend->step);
    assert_ptr_equal(both->base, base);
    for (int op = 0; op < OP_COUNT; op++) {
        const struct backend *b = registry_op_backend(both, (enum op_id)op);
        assert_ptr_equal(b, op == OP_rmsprop ? both->backend : base->backend);
    }
    assert_ptr_equal(both->backend->ops.rmsprop, registry_fallback()->ops.rmsprop);
    assert_null(both->backend->ops.gemm);
    assert_ptr_equal(registry_multiplier(both), base->backend);
    assert_true(registry_is_deterministic(both));
}

static void what_cannot_be_combined_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *spec, *message;
    } wrong[] = {
        {"avx2+rmsprop:cblas", "cblas has no rmsprop of its own; it has gemm"},
        {"avx3+gemm:naive", "did you mean 'avx2'?"},
        {"avx2+gemm:naiv", "did you mean 'naive'?"},
        {"avx2:compsed", "accepts only 'composed' after a colon"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct error e = {0};
        assert_null(registry_resolve(wrong[i].spec, &e));
        assert_int_equal(e.code, EXIT_USAGE);
        assert_non_null(strstr(e.text, wrong[i].message));
    }
}

static void an_opponent_is_of_the_same_kind(void **state)
{
    (void)state;
    struct error e = {0};
    const struct backend *rival = registry_rival_of(registry_fallback()); /* NULL on a CPU without AVX2 */
    const struct registry_entry *opponent = registry_opponent_of(resolve("naive"), &e);
    assert_int_equal(opponent != NULL, rival != NULL);
    if (rival) assert_string_equal(opponent->backend->name, rival->name);
    if (rival) assert_null(opponent->backend->step);
    assert_string_not_equal(registry_rival_of(resolve("avx2:composed")->backend)->name, "avx2");
}

/* ---- Contenders ---- */

struct opened {
    int times, kc;
    const char *argument;
} opened[2];

static int note_open(int i, const struct plan *plan, void **state)
{
    opened[i].times++;
    opened[i].kc = plan->blocking.kc;
    opened[i].argument = plan->argument;
    *state = &opened[i];
    return 0;
}

static int open_first(const struct plan *plan, void **state, char *why, size_t size)
{
    (void)why, (void)size;
    return note_open(0, plan, state);
}

static int open_second(const struct plan *plan, void **state, char *why, size_t size)
{
    (void)why, (void)size;
    return note_open(1, plan, state);
}

static int open_fails(const struct plan *plan, void **state, char *why, size_t size)
{
    (void)plan, (void)state;
    snprintf(why, size, "not today");
    return 1;
}

static void note_close(void *state)
{
    ((struct opened *)state)->times--;
}

static void ops_come_from_the_first_that_has_them(void **state)
{
    (void)state;
    const struct backend *naive = registry_fallback();
    struct backend first = {.name = "first", .open = open_first, .close = note_close},
                   second = {.name = "second", .open = open_second, .close = note_close};
    const struct plan plan = {.threads = 1, .blocking = {.kc = 7}, .argument = "text"};
    struct contender c;
    struct error e = {0};
    first.ops.rmsprop = naive->ops.rmsprop;
    second.ops.gemm = naive->ops.gemm;
    second.ops.rmsprop = naive->ops.rmsprop;
    assert_int_equal(contender_open(&c, &first, &second, &plan, &e), 0);
    for (int op = 0; op < OP_COUNT; op++) {
        const struct backend *of = op == OP_rmsprop ? &first : op == OP_gemm ? &second : naive;
        assert_ptr_equal(c.op_backend[op], of);
        assert_int_equal(c.inherited[op], op != OP_rmsprop);
    }
    assert_ptr_equal(c.op_state[OP_rmsprop], &opened[0]);
    assert_ptr_equal(c.op_state[OP_gemm], &opened[1]);
    assert_ptr_equal(contender_multiplier(&c), &second);
    assert_int_equal(opened[0].kc, 0); /* not its gemm */
    assert_int_equal(opened[1].kc, 7);
    assert_string_equal(opened[0].argument, "text");
    assert_null(opened[1].argument);
    contender_close(&c);
    assert_int_equal(opened[0].times + opened[1].times, 0);

    second.open = open_fails; /* what is open by then is closed */
    assert_int_equal(contender_open(&c, &first, &second, &plan, &e), EXIT_NOTHING);
    assert_string_equal(e.text, "not today");
    assert_int_equal(opened[0].times, 0);

    second.ops = (struct ops){.gemm = NULL}; /* nothing comes from it: it is not opened */
    e = (struct error){0};
    assert_int_equal(contender_open(&c, &first, &second, &plan, &e), 0);
    contender_close(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_read_and_written),
        cmocka_unit_test(wrong_texts_are_refused),
        cmocka_unit_test(a_composed_entry_has_the_ops_and_no_step),
        cmocka_unit_test(a_combined_entry_takes_its_ops_from_two),
        cmocka_unit_test(what_cannot_be_combined_is_refused),
        cmocka_unit_test(an_opponent_is_of_the_same_kind),
        cmocka_unit_test(ops_come_from_the_first_that_has_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
