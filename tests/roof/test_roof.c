/* SPDX-License-Identifier: MIT
 *
 * The roofline's loops do what they are counted for; working sets follow from the caches and the memory; the
 * measurement gives its rows, keeps to the ISA it may use, and ends when asked to. Nothing here depends on
 * time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "machine/cpu.h"
#include "roof/levels.h"
#include "roof/memory_available.h"
#include "roof/roofline.h"
#include "roof/bandwidth.h"
#include "../support/skip_test.h"

enum { FLOATS = 6 * ROOF_BLOCK_FLOATS + 8, BYTES = FLOATS * 4, SPARE = 64 };

static float *memory;

static int make_memory(void **state)
{
    (void)state;
    memory = aligned_alloc(64, ((FLOATS + SPARE) * sizeof *memory + 63) / 64 * 64);
    return memory ? 0 : -1;
}

static int free_memory(void **state)
{
    (void)state;
    free(memory);
    return 0;
}

static void number_memory(void)
{
    for (int i = 0; i < FLOATS + SPARE; i++) memory[i] = (float)(i * 37 % 1000) + 0.5f;
}

static uint32_t bits_of(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static int isas(void)
{
    return 1 + (int)isa_tier_widest(cpu_usable());
}

static void read_reads_every_float_every_pass(void **state)
{
    (void)state;
    const int count = FLOATS / ROOF_BLOCK_FLOATS * ROOF_BLOCK_FLOATS;
    number_memory();
    uint32_t sum = 0;
    for (int i = 0; i < count; i++) sum += bits_of(memory[i]);
    for (int isa = 0; isa < isas(); isa++)
        for (long passes = 1; passes <= 3; passes++) {
            const struct bandwidth_done done =
                bandwidth_run(roof_loops((enum isa_tier)isa), BANDWIDTH_READ, memory, BYTES, passes);
            assert_int_equal(done.checksum, sum * (uint32_t)passes);
            assert_true(done.bytes == 4.0 * count * (double)passes);
        }
}

static void write_writes_every_float_and_no_other(void **state)
{
    (void)state;
    const int count = FLOATS / ROOF_BLOCK_FLOATS * ROOF_BLOCK_FLOATS;
    for (int isa = 0; isa < isas(); isa++) {
        number_memory();
        const struct bandwidth_done done =
            bandwidth_run(roof_loops((enum isa_tier)isa), BANDWIDTH_WRITE, memory, BYTES, 2);
        assert_true(done.bytes == 2.0 * 4 * count);
        for (int i = 1; i < count; i++) assert_true(memory[i] == memory[0]);
        for (int i = count; i < FLOATS + SPARE; i++) assert_true(memory[i] == (float)(i * 37 % 1000) + 0.5f);
    }
}

static void triad_uses_three_arrays(void **state)
{
    (void)state;
    for (int isa = 0; isa < isas(); isa++) {
        number_memory();
        const struct bandwidth_done done =
            bandwidth_run(roof_loops((enum isa_tier)isa), BANDWIDTH_TRIAD, memory, BYTES, 1);
        const int third = (int)(done.bytes / 12);
        assert_int_equal(third, 2 * ROOF_BLOCK_FLOATS);
        for (int i = 0; i < third; i++)
            assert_true(memory[i] == memory[third + i] + 0.5f * memory[2 * third + i]);
        for (int i = third; i < FLOATS + SPARE; i++) assert_true(memory[i] == (float)(i * 37 % 1000) + 0.5f);
    }
}

/* Pages apart, stores would make loads of the same place in another page wait. */
static void triad_arrays_are_not_whole_pages_apart(void **state)
{
    (void)state;
    const size_t bytes = 3 * 4096 * 2;
    float *large = aligned_alloc(64, bytes);
    assert_non_null(large);
    memset(large, 0, bytes);
    const struct bandwidth_done done =
        bandwidth_run(roof_loops(TIER_BASELINE), BANDWIDTH_TRIAD, large, bytes, 1);
    assert_int_not_equal((size_t)(done.bytes / 3) % 4096, 0);
    assert_true(done.bytes > 0.9 * (double)bytes);
    free(large);
}

static void teams_move_at_least_a_working_set(void **state)
{
    (void)state;
    struct bandwidth_memory m;
    struct error e = {.code = EXIT_OK};
    assert_int_equal(bandwidth_memory_init(&m, 2, (size_t)5 << 20, &e), 0);
    for (int kind = 0; kind < BANDWIDTH_COUNT; kind++) {
        assert_true(bandwidth_gbytes(&m, TIER_BASELINE, (enum bandwidth)kind, (size_t)5 << 20, BANDWIDTH_WARM,
                                     0) > 0);
        assert_true(bandwidth_gbytes(&m, TIER_BASELINE, (enum bandwidth)kind, 24 << 10, BANDWIDTH_WARM, 0) >
                    0);
        assert_true(bandwidth_gbytes(&m, TIER_BASELINE, (enum bandwidth)kind, (size_t)5 << 20, BANDWIDTH_COLD,
                                     0) > 0);
        /* One piece each, and the next time goes on behind it. */
        for (int i = 0; i < 2; i++) assert_int_equal(m.cursor[i], ((size_t)kind + 1) << 20);
    }
    bandwidth_memory_free(&m);
    assert_int_equal(bandwidth_memory_init(&m, 2, SIZE_MAX / 8, &e), EXIT_INTERNAL);
    assert_non_null(strstr(e.text, "memory"));
    bandwidth_memory_free(&m);
}

static void levels_follow_the_caches(void **state)
{
    (void)state;
    struct level l[LEVEL_COUNT];
    const size_t KiB = 1024, MiB = KiB * KiB;
    const struct cache_sizes desktop = {32 * KiB, MiB, 32 * MiB, 8};
    levels_choose(l, &desktop, 1, SIZE_MAX);
    assert_int_equal(l[LEVEL_L1].bytes, 16 * KiB);
    assert_in_range(l[LEVEL_L2].bytes, 180 * KiB, 182 * KiB);
    assert_in_range(l[LEVEL_L3].bytes, 5 * MiB, 6 * MiB);
    assert_int_equal(l[LEVEL_DRAM].bytes, 128 * MiB);
    levels_choose(l, &desktop, 4, SIZE_MAX); /* one L3 for four */
    assert_in_range(l[LEVEL_L3].bytes, 5 * MiB / 2, 3 * MiB);
    assert_int_equal(l[LEVEL_DRAM].bytes, 32 * MiB);
    levels_choose(l, &desktop, 16, SIZE_MAX); /* two L3: 4 MiB for each, four times what L2 holds */
    assert_int_equal(l[LEVEL_L3].bytes, 2 * MiB);
    assert_int_equal(l[LEVEL_DRAM].bytes, 16 * MiB);
    const struct cache_sizes large_l2 = {48 * KiB, 2 * MiB, 32 * MiB, 16};
    levels_choose(l, &large_l2, 16, SIZE_MAX); /* a share of 2 MiB beside an L2 of 2 MiB shows nothing */
    assert_int_equal(l[LEVEL_L3].bytes, 0);
    assert_non_null(strstr(l[LEVEL_L3].why, "2048 KiB"));
    for (int i = 0; i < LEVEL_COUNT; i++) assert_int_equal(l[i].bytes % (ROOF_BLOCK_FLOATS * 4), 0);
}

static void levels_do_without_caches_and_memory(void **state)
{
    (void)state;
    struct level l[LEVEL_COUNT];
    const struct cache_sizes no_l3 = {32 << 10, 1 << 20, 0, 0}, unknown = {0, 0, 0, 0};
    levels_choose(l, &no_l3, 2, SIZE_MAX);
    assert_int_equal(l[LEVEL_L3].bytes, 0);
    assert_non_null(strstr(l[LEVEL_L3].why, "such a cache"));
    assert_int_equal(l[LEVEL_DRAM].bytes, 4 << 20); /* four times what both L2 hold, by two */
    levels_choose(l, &no_l3, 2, 5 << 20);           /* less than four times, more than twice */
    assert_int_equal(l[LEVEL_DRAM].bytes, 5 << 19);
    levels_choose(l, &no_l3, 2, 3 << 20);
    assert_int_equal(l[LEVEL_DRAM].bytes, 0);
    assert_non_null(strstr(l[LEVEL_DRAM].why, "needs 4 MiB of memory, and this process may use 3 MiB"));
    levels_choose(l, &unknown, 1, SIZE_MAX);
    for (int i = 0; i < LEVEL_DRAM; i++) assert_int_equal(l[i].bytes, 0);
    assert_int_equal(l[LEVEL_DRAM].bytes, 1 << 30);
}

static char dir[] = "/tmp/lanebench-roof-XXXXXX";

static void put(const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static size_t available(void)
{
    char meminfo[256], cgroup[256];
    snprintf(meminfo, sizeof meminfo, "%s/meminfo", dir);
    snprintf(cgroup, sizeof cgroup, "%s/cgroup", dir);
    return memory_available(meminfo, cgroup, dir);
}

static void available_is_the_smallest_limit(void **state)
{
    (void)state;
    char command[256];
    assert_non_null(mkdtemp(dir));
    snprintf(command, sizeof command, "mkdir -p %s/a/b %s/memory/c", dir, dir);
    assert_int_equal(system(command), 0);
    const size_t unlimited = available(); /* no file at all */
    put("meminfo", "MemTotal: 900 kB\nMemAvailable:     500 kB\n");
    assert_int_equal(available(), 500 * 1024);
    put("cgroup", "0::/a/b\n");
    put("a/b/memory.max", "max\n");
    assert_int_equal(available(), 500 * 1024);
    put("a/memory.max", "400000\n"); /* of the group above */
    put("a/memory.current", "300000\n");
    assert_int_equal(available(), 100000);
    put("a/memory.stat", "anon 1\ninactive_file 50000\n");
    assert_int_equal(available(), 150000);
    put("a/memory.current", "500000\n");
    assert_int_equal(available(), 0);
    put("cgroup", "4:memory:/c\n3:cpu:/\n");
    put("memory/c/memory.limit_in_bytes", "300000\n");
    put("memory/c/memory.usage_in_bytes", "20000\n");
    assert_int_equal(available(), 280000);
    put("cgroup", "4:memory:/elsewhere\n");
    assert_int_equal(available(), 500 * 1024);
    assert_true(unlimited > 500 * 1024);
    snprintf(command, sizeof command, "rm -r %s", dir);
    assert_int_equal(system(command), 0);
}

/* ---- the whole measurement */

struct seen {
    int rows, left_out;
    int by_roof[ISA_TIER_COUNT], memory_rows, before, after, l3_rows;
    volatile sig_atomic_t stop, stop_after;
};

static int see_row(void *context, const struct roofline_row *row)
{
    struct seen *s = context;
    s->rows++;
    s->by_roof[row->tier]++;
    s->memory_rows += row->level != NULL;
    s->l3_rows += row->level && strcmp(row->level, "L3") == 0;
    s->before += row->phase && strcmp(row->phase, "before") == 0;
    s->after += row->phase && strcmp(row->phase, "after") == 0;
    assert_true(row->lowest > 0 && row->lowest <= row->median && row->median <= row->highest);
    assert_int_equal(row->working_set > 0, row->level != NULL);
    assert_int_equal(row->rounds, 2);
    if (s->stop_after && s->rows == s->stop_after) s->stop = 1;
    return 0;
}

static void see_left_out(void *context, int threads, const struct level *level)
{
    struct seen *s = context;
    assert_true(threads == 1 || threads == 2);
    assert_true(level->why[0]);
    s->left_out++;
}

static int measure(struct seen *s, uint32_t isa, const struct topology *t, struct error *e)
{
    const struct roofline_request request = {.threads = 2,
                                             .isa = isa,
                                             .topology = t,
                                             .available = (size_t)16 << 20,
                                             .rounds = 2,
                                             .seconds = 0,
                                             .stop = &s->stop,
                                             .row = see_row,
                                             .left_out = see_left_out,
                                             .context = s};
    return roofline_measure(&request, e);
}

static const struct topology small = {.places_count = 1,
                                      .l1d_bytes = 32 << 10,
                                      .l2_bytes = 256 << 10,
                                      .l3_bytes = 2 << 20,
                                      .l3_sharing_cores = 2};

static void rows_keep_to_the_isa(void **state)
{
    (void)state;
    struct seen s = {0};
    struct error e = {.code = EXIT_OK};
    assert_int_equal(measure(&s, 0, &small, &e), 0);
    /* One and two threads: a peak before and after, two of the divider, three loops in four levels. */
    assert_int_equal(s.by_roof[TIER_BASELINE], 2 * (2 + 2 + 12));
    assert_int_equal(s.rows, s.by_roof[TIER_BASELINE]);
    assert_int_equal(s.before, 2);
    assert_int_equal(s.after, 2);
}

static void a_wider_isa_adds_its_rows(void **state)
{
    (void)state;
    struct error e = {.code = EXIT_OK};
    if (isa_tier_widest(cpu_usable()) == TIER_BASELINE) SKIP_TEST("this CPU has neither AVX2 nor AVX-512");
    struct seen wide = {0};
    assert_int_equal(measure(&wide, ISA_AVX2 | ISA_FMA, &small, &e), 0);
    assert_int_equal(wide.by_roof[TIER_BASELINE], 2 * (2 + 2));
    assert_int_equal(wide.by_roof[TIER_AVX2], 2 * (2 + 2 + 12));
    assert_int_equal(wide.by_roof[TIER_AVX512], 0);
}

static void no_l3_leaves_its_rows_out(void **state)
{
    (void)state;
    struct topology t = small;
    struct seen s = {0};
    struct error e = {.code = EXIT_OK};
    t.l3_bytes = 0;
    t.l3_sharing_cores = 0;
    assert_int_equal(measure(&s, 0, &t, &e), 0);
    assert_int_equal(s.l3_rows, 0);
    assert_int_equal(s.memory_rows, 2 * 9);
    assert_int_equal(s.left_out, 2);
}

static void a_request_to_stop_keeps_whole_rows(void **state)
{
    (void)state;
    struct seen at_once = {.stop = 1}, later = {.stop_after = 1};
    struct error e = {.code = EXIT_OK};
    assert_int_equal(measure(&at_once, 0, &small, &e), EXIT_INTERRUPTED);
    assert_int_equal(at_once.rows, 0);
    assert_int_equal(measure(&later, 0, &small, &e), EXIT_INTERRUPTED);
    assert_int_equal(later.rows, 1);
}

static void widest_needs_all_its_bits(void **state)
{
    (void)state;
    assert_int_equal(isa_tier_widest(0), TIER_BASELINE);
    assert_int_equal(isa_tier_widest(ISA_AVX2), TIER_BASELINE);
    assert_int_equal(isa_tier_widest(ISA_AVX2 | ISA_FMA), TIER_AVX2);
    assert_int_equal(isa_tier_widest(ISA_AVX2 | ISA_FMA | ISA_AVX512F), TIER_AVX2);
    assert_int_equal(isa_tier_widest(~0u), TIER_AVX512);
}

static enum isa_tier tier_of(uint32_t needs, uint32_t usable)
{
    const struct backend b = {.needs = needs};
    return isa_tier_of(&b, usable);
}

static void a_backend_is_held_against_the_narrowest_tier_that_has_its_bits(void **state)
{
    (void)state;
    assert_int_equal(tier_of(0, ~0u), TIER_BASELINE);
    assert_int_equal(tier_of(ISA_AVX2 | ISA_FMA, ~0u), TIER_AVX2);
    assert_int_equal(tier_of(ISA_AVX512F, ~0u), TIER_AVX512);
    assert_int_equal(tier_of(ISA_AVX512BF16, ~0u), TIER_AVX512); /* beyond all tiers */
    assert_int_equal(tier_of(ISA_AVX512F, ISA_AVX2 | ISA_FMA | ISA_AVX512F), TIER_AVX2); /* loops need more */
    const struct backend library = {.flags = BACKEND_INHERITS_FASTEST};
    assert_int_equal(isa_tier_of(&library, ISA_AVX2 | ISA_FMA), TIER_AVX2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read_reads_every_float_every_pass),
        cmocka_unit_test(write_writes_every_float_and_no_other),
        cmocka_unit_test(triad_uses_three_arrays),
        cmocka_unit_test(triad_arrays_are_not_whole_pages_apart),
        cmocka_unit_test(teams_move_at_least_a_working_set),
        cmocka_unit_test(levels_follow_the_caches),
        cmocka_unit_test(levels_do_without_caches_and_memory),
        cmocka_unit_test(available_is_the_smallest_limit),
        cmocka_unit_test(rows_keep_to_the_isa),
        cmocka_unit_test(a_wider_isa_adds_its_rows),
        cmocka_unit_test(no_l3_leaves_its_rows_out),
        cmocka_unit_test(a_request_to_stop_keeps_whole_rows),
        cmocka_unit_test(widest_needs_all_its_bits),
        cmocka_unit_test(a_backend_is_held_against_the_narrowest_tier_that_has_its_bits),
    };
    return group_result(cmocka_run_group_tests(tests, make_memory, free_memory));
}
