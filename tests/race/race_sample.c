/* SPDX-License-Identifier: MIT
 *
 * race_sample KIND: two threads on one array, in the patterns that kernels use. "ordered" is right: a loop, a
 * barrier, a sum, a second region. The other kinds each lack one thing, and a race detector that is of any
 * use says so. */
#include <omp.h>
#include <stdio.h>
#include <string.h>

enum { COUNT = 1 << 12, TEAM = 2, LANES = 8 };

static float values[COUNT];

/* Two halves, then each thread reads the other's. */
static void exchange(int with_barrier)
{
#pragma omp parallel num_threads(TEAM)
    {
        const int t = omp_get_thread_num();
        values[t * COUNT / 2] = (float)t;
        if (with_barrier) {
#pragma omp barrier
        }
        volatile const float *const other = &values[(1 - t) * COUNT / 2];
        if (*other > 2.0f) values[t * COUNT / 2] = 0.0f;
    }
}

/* Ranges that share their border. */
static void overlap(void)
{
#pragma omp parallel num_threads(TEAM)
    {
        const int t = omp_get_thread_num();
        for (int i = t * COUNT / 2; i < (t + 1) * COUNT / 2 + (t == 0); i++) values[i] = (float)i;
    }
}

/* The same with whole vectors: only the last one reaches over. */
__attribute__((target("avx2"))) static void overlap_vectors(void)
{
    typedef float vector __attribute__((vector_size(LANES * sizeof(float)), aligned(4), may_alias));
#pragma omp parallel num_threads(TEAM)
    {
        const int t = omp_get_thread_num();
        for (int i = t * COUNT / 2; i < (t + 1) * COUNT / 2 - (t == 1) * LANES + (t == 0); i += LANES)
            *(vector *)&values[i] = (vector){1.0f};
    }
}

static float sum(void)
{
    float total = 0.0f;
#pragma omp parallel for num_threads(TEAM) schedule(static) reduction(+ : total)
    for (int i = 0; i < COUNT; i++) total += values[i];
    return total;
}

int main(int argc, char **argv)
{
    const char *const kind = argc == 2 ? argv[1] : "";
    if (strcmp(kind, "vectors") == 0 && !__builtin_cpu_supports("avx2")) return 77;
#pragma omp parallel for num_threads(TEAM) schedule(static)
    for (int i = 0; i < COUNT; i++) values[i] = (float)(i % 2);
    if (strcmp(kind, "ordered") == 0)
        exchange(1);
    else if (strcmp(kind, "barrier") == 0)
        exchange(0);
    else if (strcmp(kind, "border") == 0)
        overlap();
    else if (strcmp(kind, "vectors") == 0)
        overlap_vectors();
    else
        return 2;
    printf("%g\n", (double)sum());
    return 0;
}
