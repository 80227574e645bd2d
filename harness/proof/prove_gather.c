/* SPDX-License-Identifier: MIT
 *
 * Proof of gather. */
#include "proof/bounds.h"
#include "proof/oracle.h"
#include "proof/prove_rows.h"
#include "proof/sparse.h"

/* ---- every pixel value, any order of images, repetitions, the last image against the guard page */

enum { GATHER_IMAGES = 29 };

static void run_gather(struct proof *p, struct proof_row *row, const struct rows_case *c)
{
    if (!rows_begin(p, "gather", c)) return;
    struct rng r = rng_seed(c->seed, 1);
    const size_t pixel_count = (size_t)GATHER_IMAGES * (size_t)c->n;
    uint8_t *pixels = guarded_place(&p->arena[ARENA_A], "pixels", UNIT_BYTE, pixel_count, c->place);
    uint32_t *index =
        guarded_place(&p->arena[ARENA_B], "index", UNIT_INDEX, (size_t)c->m * sizeof *index, c->place);
    const struct matrix out = place_matrix(p, ARENA_C, "out", c->m, c->n, c->slack, c->place);
    for (size_t i = 0; i < pixel_count; i++) pixels[i] = (uint8_t)(i % 5 ? rng_below(&r, 256) : i / 5);
    for (int i = 0; i < c->m; i++) index[i] = i == 0 ? GATHER_IMAGES - 1 : rng_below(&r, GATHER_IMAGES);
    guarded_protect(&p->arena[ARENA_A]);
    guarded_protect(&p->arena[ARENA_B]);
    CONTENDER_CALL(&p->contender, gather, c->m, c->n, pixels, index, out.data, out.ld);
    guarded_release(&p->arena[ARENA_A]);
    guarded_release(&p->arena[ARENA_B]);
    struct comparison result;
    compare_begin(&result, "out", (long long)c->m * c->n, c->n, idle_if(c->m * c->n < 8));
    for (int i = 0; i < c->m; i++)
        for (int j = 0; j < c->n; j++) {
            const double truth = oracle_gather(pixels[(size_t)index[i] * (size_t)c->n + (size_t)j]);
            const double got = out.data[(size_t)i * (size_t)out.ld + (size_t)j];
            compare_element(&result, got, truth, BOUND_EXACT, BOUND_EXACT, 0.0);
        }
    check_surroundings(p, &result, ARENA_C, &out);
    case_check(p, row, &result);
    case_end(p, row);
}

static void gather_lengths(struct proof *p, struct proof_row *row)
{
    rows_lengths(p, row, run_gather, 1);
}

static void gather_counts(struct proof *p, struct proof_row *row)
{
    rows_counts(p, row, run_gather, 1);
}

static void gather_longer(struct proof *p, struct proof_row *row)
{
    rows_longer(p, row, run_gather, 1);
}

static void gather_batches(struct proof *p, struct proof_row *row)
{
    rows_batches(p, row, run_gather, p->plan->inputs, 1);
}

/* ---- distant images: indices beyond 2^16 and offsets beyond 2^32, in address space of which only the images
 * are there, and the places at which an index or an offset cut short would look for them */

enum { DISTANT_ROWS = 12 };
static const uint64_t distant_bytes = (uint64_t)1 << 36; /* on either side of the first image */

struct distant_case {
    int m, cols;
    uint64_t seed;
};

struct distant_operands {
    struct sparse space;
    const uint8_t *pixels;
    uint32_t index[DISTANT_ROWS];
};

/* The last image that fits, and others of every magnitude from 2^14 to 2^32. */
static void draw_indices(const struct distant_case *c, struct rng *r, uint32_t *index)
{
    const uint64_t images = distant_bytes / (uint64_t)c->cols;
    const uint32_t last = images > UINT32_MAX ? UINT32_MAX : (uint32_t)(images - 1);
    for (int i = 0; i < c->m; i++) {
        const uint32_t below = (uint32_t)1 << (14 + rng_below(r, 18));
        const uint32_t at = below + rng_below(r, below);
        index[i] = i == 0 || at > last ? last - (uint32_t)i : at;
    }
}

/* Random pixels for the image that lies so many bytes from the first one. */
static bool place_image(struct distant_operands *o, struct rng *r, int64_t offset, int cols)
{
    const uint64_t limit = distant_bytes;
    if (offset < -(int64_t)limit || offset >= (int64_t)limit) return true; /* it would fault */
    uint8_t *image = sparse_back(&o->space, (size_t)((int64_t)limit + offset), (size_t)cols);
    for (int j = 0; image && j < cols; j++) image[j] = (uint8_t)rng_u64(r);
    return image != NULL;
}

static bool place_images(const struct distant_case *c, struct rng *r, struct distant_operands *o)
{
    bool placed = sparse_open(&o->space, 2 * distant_bytes + (uint64_t)c->cols) == 0;
    o->pixels = o->space.map + distant_bytes;
    draw_indices(c, r, o->index);
    for (int i = 0; placed && i < c->m; i++) {
        const int64_t index = o->index[i], cols = c->cols;
        const int64_t cut_short[] = {(uint16_t)index * cols,
                                     (int16_t)index * cols,
                                     (int32_t)index * cols,
                                     (int64_t)(float)index * cols,
                                     (uint32_t)(index * cols),
                                     (int32_t)(index * cols),
                                     (int64_t)(index & 0xffffff) * cols};
        for (size_t k = 0; k < sizeof cut_short / sizeof *cut_short; k++)
            placed = placed && place_image(o, r, cut_short[k], c->cols);
    }
    for (int i = 0; placed && i < c->m; i++)
        placed = place_image(o, r, (int64_t)o->index[i] * c->cols, c->cols);
    return placed;
}

static void compare_distant(struct proof *p, struct proof_row *row, const struct distant_case *c,
                            const struct distant_operands *o)
{
    const struct matrix out = place_matrix(p, ARENA_C, "out", c->m, c->cols, 0, PLACE_END);
    struct comparison result;
    CONTENDER_CALL(&p->contender, gather, c->m, c->cols, o->pixels, o->index, out.data, out.ld);
    compare_begin(&result, "out", (long long)c->m * c->cols, c->cols, idle_if(c->m * c->cols < 8));
    for (int i = 0; i < c->m; i++)
        for (int j = 0; j < c->cols; j++) {
            const double truth = oracle_gather(o->pixels[(size_t)o->index[i] * (size_t)c->cols + (size_t)j]);
            compare_element(&result, out.data[(size_t)i * (size_t)out.ld + (size_t)j], truth, BOUND_EXACT,
                            BOUND_EXACT, 0.0);
        }
    check_surroundings(p, &result, ARENA_C, &out);
    case_check(p, row, &result);
}

static void run_distant(struct proof *p, struct proof_row *row, const struct distant_case *c)
{
    if (!case_begin(p, "gather %dx%d of distant images seed=0x%llx", c->m, c->cols,
                    (unsigned long long)c->seed))
        return;
    struct rng r = rng_seed(c->seed, 1);
    struct distant_operands o;
    if (place_images(c, &r, &o))
        compare_distant(p, row, c, &o);
    else
        case_fail(
            p, row,
            "the system refuses to reserve %llu GiB of address space (no memory is used); raise ulimit -v",
            (unsigned long long)(distant_bytes >> 29));
    sparse_close(&o.space);
    case_end(p, row);
}

static void gather_distant(struct proof *p, struct proof_row *row)
{
    enum { DRAWN = 16 };
    const int fixed[] = {1, 2, 3, 8, 16, 28, 64, p->plan->inputs, CASES_MAX_EXTENT};
    const int fixed_count = sizeof fixed / sizeof *fixed;
    struct rng r = rng_seed(p->options->seed, 35);
    for (int i = 0; i < fixed_count + DRAWN; i++) {
        const struct distant_case c = {.m = 4 + (int)rng_below(&r, DISTANT_ROWS - 3),
                                       .cols = i < fixed_count ? fixed[i] : 1 + (int)rng_below(&r, 900),
                                       .seed = proof_case_seed(p)};
        run_distant(p, row, &c);
    }
}

const struct case_class classes_gather[] = {
    {"all row lengths to 67", gather_lengths},
    {"row counts to 67 and beyond", gather_counts},
    {"longer rows", gather_longer},
    {"training shapes", gather_batches},
    {"distant images", gather_distant},
    {0},
};
