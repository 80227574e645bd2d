/* SPDX-License-Identifier: MIT */
#include "roof/bandwidth.h"

#include <omp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/clock.h"

static const char *const names[BANDWIDTH_COUNT] = {"read", "write", "triad"};

enum {
    PAGE_BYTES = 4096,
    HUGE_PAGE_BYTES = 1 << 21,
    PIECE_BYTES = 1 << 20,
    SMALL_BYTES = 1 << 22
}; /* between two readings of the clock: of a large working set, of a small one */

const char *bandwidth_name(enum bandwidth kind)
{
    return names[kind];
}

/* Floats in whole blocks. */
static size_t whole_blocks(size_t bytes)
{
    return bytes / sizeof(float) / ROOF_BLOCK_FLOATS * ROOF_BLOCK_FLOATS;
}

/* A third of the memory for each array, but no distance of whole pages, at which a load waits for a store to
 * the same place of another page. */
static size_t third(size_t bytes)
{
    const size_t count = whole_blocks(bytes / 3);
    return count * sizeof(float) % PAGE_BYTES == 0 && count ? count - ROOF_BLOCK_FLOATS : count;
}

struct bandwidth_done bandwidth_run(const struct roof_loops *loops, enum bandwidth kind, float *memory,
                                    size_t bytes, long passes)
{
    struct bandwidth_done done = {0, 0};
    const size_t count = kind == BANDWIDTH_TRIAD ? third(bytes) : whole_blocks(bytes);
    const double array = (double)count * sizeof(float) * (double)passes;
    switch (kind) {
    case BANDWIDTH_READ:
        done.checksum = loops->read(memory, count, passes);
        done.bytes = array;
        break;
    case BANDWIDTH_WRITE:
        loops->write(memory, count, 1.25f, passes);
        done.bytes = array;
        break;
    case BANDWIDTH_TRIAD:
        loops->triad(memory, memory + count, memory + 2 * count, count, 0.5f, passes);
        done.bytes = 3 * array;
        break;
    case BANDWIDTH_COUNT:
        break;
    }
    return done;
}

/* Memory of its own pages, huge ones where the system gives them; NULL when it is not there. */
static float *map(size_t bytes)
{
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) return NULL;
    madvise(p, bytes, MADV_HUGEPAGE); /* a wish: without it the figures include more misses of the TLB */
    return p;
}

int bandwidth_memory_init(struct bandwidth_memory *m, int threads, size_t bytes, struct error *e)
{
    memset(m, 0, sizeof *m);
    m->threads = threads;
    m->bytes = (bytes + HUGE_PAGE_BYTES - 1) / HUGE_PAGE_BYTES * HUGE_PAGE_BYTES;
    m->memory = calloc((size_t)threads, sizeof *m->memory);
    m->cursor = calloc((size_t)threads, sizeof *m->cursor);
    int missing = !m->memory || !m->cursor;
    for (int i = 0; i < threads && !missing; i++) missing = !(m->memory[i] = map(m->bytes));
    if (missing)
        return error_set(e, EXIT_INTERNAL,
                         "roofline: %d threads with %zu MiB each is more memory than this process may have; "
                         "use fewer --threads",
                         threads, m->bytes >> 20);
#pragma omp parallel num_threads(threads)
    memset(m->memory[omp_get_thread_num()], 0x3f, m->bytes); /* floats of 0.747 */
    return 0;
}

void bandwidth_memory_free(struct bandwidth_memory *m)
{
    for (int i = 0; m->memory && i < m->threads; i++)
        if (m->memory[i]) munmap(m->memory[i], m->bytes);
    free(m->memory);
    free(m->cursor);
    memset(m, 0, sizeof *m);
}

/* One look's worth of work from *at on: a small working set several times, of a large one the next piece. */
static struct bandwidth_done run_piece(const struct roof_loops *loops, enum bandwidth kind, float *memory,
                                       size_t bytes, size_t *at)
{
    if (bytes <= PIECE_BYTES) return bandwidth_run(loops, kind, memory, bytes, (long)(SMALL_BYTES / bytes));
    const size_t left = bytes - *at, piece = left < 2 * PIECE_BYTES ? left : PIECE_BYTES;
    const struct bandwidth_done done = bandwidth_run(loops, kind, memory + *at / sizeof *memory, piece, 1);
    *at = piece == left ? 0 : *at + piece;
    return done;
}

/* One thread's part: the bytes it moved, and how long that took. */
static struct bandwidth_done run_for(const struct roof_loops *loops, enum bandwidth kind, float *memory,
                                     size_t bytes, size_t *at, double seconds, double *took)
{
    struct bandwidth_done sum = {0, 0};
    const double start = clock_seconds();
    do {
        const struct bandwidth_done done = run_piece(loops, kind, memory, bytes, at);
        sum.bytes += done.bytes;
        sum.checksum += done.checksum;
        *took = clock_seconds() - start;
    } while (*took < seconds);
    return sum;
}

double bandwidth_gbytes(const struct bandwidth_memory *m, enum isa_tier tier, enum bandwidth kind,
                        size_t bytes, enum bandwidth_start start, double seconds)
{
    const struct roof_loops *loops = roof_loops(tier);
    double total = 0, slowest = 0;
    uint32_t used = 0;
#pragma omp parallel num_threads(m->threads) reduction(+ : total, used) reduction(max : slowest)
    {
        const int me = omp_get_thread_num();
        size_t beginning = 0, *at = start == BANDWIDTH_COLD ? &m->cursor[me] : &beginning;
        if (start == BANDWIDTH_WARM) do
                used += run_piece(loops, kind, m->memory[me], bytes, at).checksum;
            while (*at != 0);
#pragma omp barrier
        const struct bandwidth_done done = run_for(loops, kind, m->memory[me], bytes, at, seconds, &slowest);
        total += done.bytes;
        used += done.checksum;
    }
    __asm__ volatile("" : : "r"(used)); /* what was read is used */
    return 1e-9 * total / slowest;
}
