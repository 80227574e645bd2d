/* SPDX-License-Identifier: MIT */
#include "roof/roofline.h"

#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "roof/bandwidth.h"

enum { MAX_PROBES = 2 * ISA_TIER_COUNT + LEVEL_COUNT * BANDWIDTH_COUNT };

/* One thing to measure, and what its rounds gave. */
struct probe {
    struct roofline_row row;
    double (*peak)(enum isa_tier, int, double); /* of what stays in registers; else NULL: */
    enum bandwidth bandwidth;
    enum bandwidth_start start;
    size_t bytes; /* of each thread */
    double samples[ROOFLINE_MAX_ROUNDS];
};

struct team {
    const struct roofline_request *request;
    int threads;
    struct level levels[LEVEL_COUNT];
    struct bandwidth_memory memory;
    struct probe probes[MAX_PROBES];
    int count;
};

static void add_register_probe(struct team *t, const char *quantity, const char *unit, enum isa_tier tier,
                               const char *phase, double (*peak)(enum isa_tier, int, double))
{
    t->probes[t->count++] = (struct probe){
        .row = {.threads = t->threads, .quantity = quantity, .unit = unit, .tier = tier, .phase = phase},
        .peak = peak};
}

static void add_bandwidth_probe(struct team *t, const struct level *level, enum bandwidth kind)
{
    const bool cold = level == &t->levels[LEVEL_DRAM];
    t->probes[t->count++] = (struct probe){.row = {.threads = t->threads,
                                                   .quantity = bandwidth_name(kind),
                                                   .unit = "byte",
                                                   .tier = isa_tier_widest(t->request->isa),
                                                   .level = level->name,
                                                   .working_set = level->bytes * (size_t)t->threads},
                                           .bandwidth = kind,
                                           .start = cold ? BANDWIDTH_COLD : BANDWIDTH_WARM,
                                           .bytes = level->bytes};
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void summarise(struct probe *p, int rounds)
{
    qsort(p->samples, (size_t)rounds, sizeof *p->samples, ascending);
    p->row.rounds = rounds;
    p->row.lowest = p->samples[0];
    p->row.highest = p->samples[rounds - 1];
    p->row.median = (p->samples[rounds / 2] + p->samples[(rounds - 1) / 2]) / 2;
}

static double take(const struct team *t, const struct probe *p)
{
    const double seconds = t->request->seconds;
    if (p->peak) return p->peak(p->row.tier, t->threads, seconds);
    return bandwidth_gbytes(&t->memory, p->row.tier, p->bandwidth, p->bytes, p->start, seconds);
}

/* All probes in turns, so that a short disturbance does not hit the rounds of one alone; then their rows. */
static int measure_in_turns(struct team *t)
{
    const struct roofline_request *r = t->request;
    for (int round = 0; round < r->rounds; round++)
        for (int i = 0; i < t->count; i++) {
            if (*r->stop) return EXIT_INTERRUPTED;
            t->probes[i].samples[round] = take(t, &t->probes[i]);
        }
    for (int i = 0; i < t->count; i++) {
        summarise(&t->probes[i], r->rounds);
        const int code = r->row(r->context, &t->probes[i].row);
        if (code) return code;
    }
    return 0;
}

static int measure_peaks(struct team *t, const char *phase)
{
    t->count = 0;
    for (int i = 0; i <= (int)isa_tier_widest(t->request->isa); i++)
        add_register_probe(t, "multiply_add", "flop", (enum isa_tier)i, phase, peak_gflops);
    return measure_in_turns(t);
}

static int measure_rest(struct team *t)
{
    t->count = 0;
    for (int i = 0; i <= (int)isa_tier_widest(t->request->isa); i++) {
        add_register_probe(t, "divide", "result", (enum isa_tier)i, NULL, peak_divisions);
        add_register_probe(t, "square_root", "result", (enum isa_tier)i, NULL, peak_square_roots);
    }
    for (int i = 0; i < LEVEL_COUNT; i++)
        for (int kind = 0; t->levels[i].bytes && kind < BANDWIDTH_COUNT; kind++)
            add_bandwidth_probe(t, &t->levels[i], (enum bandwidth)kind);
    return measure_in_turns(t);
}

static size_t choose_levels(struct team *t)
{
    const struct topology *top = t->request->topology;
    const struct cache_sizes caches = {top->l1d_bytes, top->l2_bytes, top->l3_bytes, top->l3_sharing_cores};
    size_t largest = 0;
    levels_choose(t->levels, &caches, t->threads, t->request->available);
    for (int i = 0; i < LEVEL_COUNT; i++) {
        if (t->levels[i].bytes > largest) largest = t->levels[i].bytes;
        if (!t->levels[i].bytes) t->request->left_out(t->request->context, t->threads, &t->levels[i]);
    }
    return largest;
}

static int measure_team(const struct roofline_request *request, int threads, struct error *e)
{
    struct team *t = calloc(1, sizeof *t);
    if (!t) return error_set(e, EXIT_INTERNAL, "out of memory");
    t->request = request;
    t->threads = threads;
    topology_bind_team(request->topology, threads, NULL);
    int code = bandwidth_memory_init(&t->memory, threads, choose_levels(t), e);
    if (!code) code = measure_peaks(t, "before");
    if (!code) code = measure_rest(t);
    if (!code) code = measure_peaks(t, "after");
    bandwidth_memory_free(&t->memory);
    free(t);
    return code;
}

int roofline_measure(const struct roofline_request *request, struct error *e)
{
    omp_set_dynamic(0);
    /* One thread first: later, others of the team may still spin. */
    int code = measure_team(request, 1, e);
    if (!code && request->threads > 1) code = measure_team(request, request->threads, e);
    return code;
}
