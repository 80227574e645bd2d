/* SPDX-License-Identifier: MIT */
#include "roof/peak.h"

#include <omp.h>
#include <stdbool.h>

#include "base/clock.h"
#include "roof/fma.h"

static const struct fma_loop *const loops[ROOF_COUNT] = {&fma_baseline, &fma_avx2, &fma_avx512};
static const char *const names[ROOF_COUNT] = {"baseline", "avx2", "avx512"};

const char *roof_name(enum roof roof)
{
    return names[roof];
}

static enum roof widest(uint32_t isa)
{
    if (isa & ISA_AVX512F) return ROOF_AVX512;
    return isa & ISA_AVX2 && isa & ISA_FMA ? ROOF_AVX2 : ROOF_BASELINE;
}

enum roof roof_of(const struct backend *backend, uint32_t usable_isa)
{
    const bool library = backend->library || backend->flags & BACKEND_INHERITS_FASTEST;
    return widest(backend->needs ? backend->needs : library ? usable_isa : 0);
}

/* Steps between two looks at the clock: some microseconds. */
enum { STEPS_PER_LOOK = 4096 };

double peak_gflops(enum roof roof, int threads, double seconds)
{
    const struct fma_loop *loop = loops[roof];
    double rate = 0, used = 0;
#pragma omp parallel num_threads(threads) reduction(+ : rate, used)
    {
        long steps = 0;
        used += loop->run(STEPS_PER_LOOK); /* wakes the vector units */
#pragma omp barrier
        const double start = clock_seconds();
        double now = start;
        do {
            used += loop->run(STEPS_PER_LOOK);
            steps += STEPS_PER_LOOK;
            now = clock_seconds();
        } while (now - start < seconds);
        rate += 1e-9 * (double)steps * loop->flop_per_step / (now - start);
    }
    return used > 0 ? rate : 0; /* always positive: the sums converge to 2 */
}
