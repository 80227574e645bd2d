/* SPDX-License-Identifier: MIT
 *
 * Every case of bench micro, called once on small and odd sizes, with a page that nobody may touch right
 * after each of its operands. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "backends/registry.h"
#include "base/memory.h"
#include "micro/micro.h"
#include "../support/plan.h"

/* ---- Memory that ends at a page that nobody may touch ---- */

void *__wrap_memory_zeroed(size_t count, size_t size);
float *__wrap_memory_floats(size_t count);
void __real_free(void *memory);
void __wrap_free(void *memory);

enum { MAX_BLOCKS = 64 };

static struct {
    char *map;
    size_t bytes;
    void *array;
} blocks[MAX_BLOCKS];

void *__wrap_memory_zeroed(size_t count, size_t size)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE), wanted = count * size;
    const size_t bytes = (wanted + page - 1) / page * page + page;
    int i = 0;
    while (i < MAX_BLOCKS && blocks[i].map) i++;
    assert_true(i < MAX_BLOCKS);
    char *map = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(map, MAP_FAILED);
    assert_int_equal(mprotect(map + bytes - page, page, PROT_NONE), 0);
    blocks[i].map = map;
    blocks[i].bytes = bytes;
    return blocks[i].array = map + bytes - page - wanted;
}

float *__wrap_memory_floats(size_t count)
{
    return __wrap_memory_zeroed(count, sizeof(float));
}

void __wrap_free(void *memory)
{
    for (int i = 0; memory && i < MAX_BLOCKS; i++)
        if (blocks[i].map && blocks[i].array == memory) {
            munmap(blocks[i].map, blocks[i].bytes);
            blocks[i].map = NULL;
            return;
        }
    __real_free(memory);
}

/* ---- The cases ---- */

enum { IMAGES = 20, PIXELS = 30 };

static void call_all(const struct backend *b, int hidden, int batch, size_t l2_bytes)
{
    static uint8_t pixels[IMAGES * PIXELS], labels[IMAGES];
    const struct dataset data = {.train = {pixels, labels, IMAGES}, .rows = 1, .cols = PIXELS, .fd = -1};
    const struct shape shape = {PIXELS, hidden, DATASET_CLASSES};
    const struct micro_machine machine = {l2_bytes, 0, (size_t)1 << 30};
    const struct gemm_shapes none = {0};
    const struct plan plan = TEST_PLAN(.threads = 1, .inputs = PIXELS, .hidden = hidden,
                                       .classes = DATASET_CLASSES, .batch = batch, .isa = b->needs);
    struct micro_operands operands;
    struct contender contender = {0};
    struct error e = {0};
    struct micro_case cases[MICRO_MAX_TRAINING_CASES];
    for (size_t i = 0; i < sizeof pixels; i++) pixels[i] = (uint8_t)(i * 37);
    for (int i = 0; i < IMAGES; i++) labels[i] = (uint8_t)(i % DATASET_CLASSES);
    assert_int_equal(contender_open(&contender, b, registry_fallback(), &plan, &e), 0);
    assert_int_equal(micro_operands_init(&operands, &data, &shape, batch, 1, &none, &machine, &e), 0);
    const int count = micro_cases(cases, b->name, &contender, &operands);
    assert_in_range(count, OP_COUNT, MICRO_MAX_TRAINING_CASES);
    for (int i = 0; i < count; i++) {
        fprintf(stderr, "%s\n", cases[i].name); /* the last one is what a crash was in */
        assert_null(micro_prepare(&cases[i]));
        cases[i].call(&cases[i]);
    }
    micro_operands_free(&operands);
    contender_close(&contender);
    for (int i = 0; i < MAX_BLOCKS; i++) assert_null(blocks[i].map);
}

static void call_sizes(const struct backend *b)
{
    static const int hidden[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 17}, batch[] = {1, 3, 7, 129};
    for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++)
        for (size_t j = 0; j < sizeof batch / sizeof *batch; j++) {
            call_all(b, hidden[i], batch[j], 0);
            call_all(b, hidden[i], batch[j], 4096);
        }
}

static void no_case_leaves_its_operands(void **state)
{
    char why[256];
    int tried = 0;
    (void)state;
    for (int i = 0; i < registry_count(); i++) {
        const struct registry_entry *entry = registry_at(i);
        if (!entry->backend || entry->backend->flags & BACKEND_ON_REQUEST ||
            registry_status(entry, why, sizeof why) != BACKEND_READY)
            continue;
        call_sizes(entry->backend);
        tried++;
    }
    assert_true(tried > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(no_case_leaves_its_operands)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
