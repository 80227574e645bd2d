/* SPDX-License-Identifier: MIT
 *
 * A fused step prefetches the images of the batch announced, every line of each and nothing beside them, and
 * has the same bits as without. The kernels are compiled once more, with prefetches that are noted. Exits 77
 * where the CPU lacks AVX2. */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "machine/cpu.h"
#include "note_prefetch.h"
#include "train/network.h"
#include "../support/plan.h"

extern const struct backend noted_avx2, noted_avx2_sparse;

enum { LINE = 64, CLASSES = 10, ROWS = 24, IMAGES = 2 * ROWS, MOST_INPUTS = 1000 };

/* Of a batch, the images with even numbers; of the next one, the odd ones of as many more. */
static const struct test_case {
    int inputs, hidden, rows, next_rows;
    uint32_t first; /* image of the next batch, a multiple of 2 */
} cases[] = {
    {784, 72, 24, 24, IMAGES}, {784, 40, 5, 24, IMAGES},
    {784, 40, 24, 1, IMAGES},  {1000, 9, 7, 8, IMAGES},
    {1, 8, 3, 24, IMAGES},     {63, 20, 24, 24, IMAGES},
    {64, 20, 24, 23, IMAGES},  {65, 20, 24, 22, IMAGES},
    {66, 200, 1, 24, IMAGES},  {13, 24, 24, 24, UINT32_MAX - IMAGES - 1},
};
static const int teams[] = {1, 3, 9};

/* Address space for all images that an index can name, of which only those of the batch are read. */
static const size_t pixel_bytes = ((size_t)UINT32_MAX + 1) * 13;

/* ---- what is noted: bytes of the images from noted_from on */

static const uint8_t *noted_from;
static _Atomic uint8_t noted[2 * IMAGES * MOST_INPUTS];

void note_prefetch(const void *address)
{
    const uintptr_t offset = (uintptr_t)address - (uintptr_t)noted_from;
    if (offset < sizeof noted) atomic_store_explicit(&noted[offset], 1, memory_order_relaxed);
}

static int noted_in(size_t from, size_t to)
{
    int count = 0;
    for (; from < to; from++) count += noted[from];
    return count;
}

/* Lines of the image at this offset of which no byte is noted. */
static int lines_missed(size_t image, int inputs)
{
    const size_t end = image + (size_t)inputs;
    int missed = 0;
    for (size_t at = image, line_end; at < end; at = line_end) {
        line_end = at + LINE - ((uintptr_t)noted_from + at) % LINE;
        missed += noted_in(at, line_end < end ? line_end : end) == 0;
    }
    return missed;
}

/* All of them where no thread that has images to gather is without weights to update. */
static bool expects_all(const struct test_case *t, int threads)
{
    return threads < 8 || (t->hidden + 7) / 8 * ((t->inputs + 7) / 8) >= threads;
}

static int check_notes(const struct test_case *t, int threads, bool told)
{
    int missed = 0, beside = 0;
    for (int i = 0; i < IMAGES; i++) {
        const size_t image = (size_t)i * (size_t)t->inputs;
        if (told && i % 2 && i / 2 < t->next_rows)
            missed += lines_missed(image, t->inputs);
        else
            beside += noted_in(image, image + (size_t)t->inputs);
    }
    return (expects_all(t, threads) ? missed : 0) + beside;
}

/* ---- one backend, one case, one team */

struct outcome {
    struct step_result result[2];
    struct model model;
    int wrong_notes;
};

static struct batch batch_of(const uint8_t *pixels, const uint8_t *labels, uint32_t *index, uint32_t first,
                             int rows)
{
    for (int i = 0; i < rows; i++) index[i] = first + 2 * (uint32_t)i;
    return (struct batch){.pixels = pixels, .labels = labels, .index = index, .rows = rows};
}

static bool train(const struct backend *b, const struct test_case *t, int threads, const uint8_t *pixels,
                  bool told, struct outcome *o)
{
    static const uint8_t labels[IMAGES] = {3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5};
    const struct shape shape = {t->inputs, t->hidden, CLASSES};
    const struct plan plan = TEST_PLAN(.threads = threads, .inputs = t->inputs, .hidden = t->hidden,
                                       .classes = CLASSES, .batch = ROWS, .isa = cpu_usable());
    uint32_t index[ROWS], next_index[ROWS];
    const struct batch next = batch_of(pixels, labels, next_index, t->first + 1, t->next_rows);
    struct batch batch = batch_of(pixels, labels, index, 0, t->rows);
    char why[160];
    void *state;
    *o = (struct outcome){0};
    network_alloc(&o->model, &shape);
    if (!o->model.w.w1 || b->open(&plan, &state, why, sizeof why)) return false;
    network_init(&o->model, &shape, 5);
    b->step->load(state, &o->model);
    memset(noted, 0, sizeof noted);
    noted_from = pixels + (size_t)t->first * (size_t)t->inputs;
    if (told) batch.next = &next;
    for (int i = 0; i < 2; i++) b->step->step(state, &batch, &o->result[i]);
    o->wrong_notes = check_notes(t, threads, told);
    b->step->store(state, &o->model);
    b->close(state);
    return true;
}

static bool same_bits(const struct outcome *a, const struct outcome *b, const struct test_case *t)
{
    const struct shape shape = {t->inputs, t->hidden, CLASSES};
    bool same = true;
    for (int i = 0; i < 2; i++)
        same = same && a->result[i].loss_sum == b->result[i].loss_sum &&
               a->result[i].correct == b->result[i].correct;
    for (int i = 0; i < TENSOR_COUNT; i++) {
        const size_t bytes = tensor_count(&shape, i) * sizeof(float);
        same = same && memcmp(tensor_data(&a->model.w, i), tensor_data(&b->model.w, i), bytes) == 0 &&
               memcmp(tensor_data(&a->model.v, i), tensor_data(&b->model.v, i), bytes) == 0;
    }
    return same;
}

static int check(const struct backend *b, const struct test_case *t, int threads, const uint8_t *pixels)
{
    struct outcome o[2];
    int wrong = 0;
    for (int told = 0; told < 2; told++)
        if (!train(b, t, threads, pixels, told, &o[told])) exit(EXIT_FAILURE);
    const bool same = same_bits(&o[0], &o[1], t);
    if (!same || o[0].wrong_notes || o[1].wrong_notes) {
        printf("%s %d-%d-%d, %d images, next %d, %d threads: %d lines missed or touched beside, %d without "
               "next%s\n",
               b->name, t->inputs, t->hidden, CLASSES, t->rows, t->next_rows, threads, o[1].wrong_notes,
               o[0].wrong_notes, same ? "" : "; other bits");
        wrong = 1;
    }
    for (int told = 0; told < 2; told++) network_free(&o[told].model);
    return wrong;
}

int main(void)
{
    const struct backend *const backends[] = {&noted_avx2, &noted_avx2_sparse};
    int wrong = 0;
    if (noted_avx2.needs & ~cpu_usable()) {
        puts("this CPU lacks AVX2");
        return 77;
    }
    uint8_t *pixels =
        mmap(NULL, pixel_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (pixels == MAP_FAILED) {
        puts("no address space for images that any index may name");
        return 77;
    }
    for (int i = 0; i < IMAGES * MOST_INPUTS; i++) pixels[i] = i % 7 ? 0 : (uint8_t)(i % 251);
    for (int b = 0; b < 2; b++)
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
            for (size_t j = 0; j < sizeof teams / sizeof *teams; j++)
                wrong += check(backends[b], &cases[i], teams[j], pixels + 5 * (i % 2));
    munmap(pixels, pixel_bytes);
    printf("%d wrong\n", wrong);
    return wrong ? EXIT_FAILURE : EXIT_SUCCESS;
}
