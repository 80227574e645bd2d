/* SPDX-License-Identifier: MIT
 *
 * Lists of the pixels of a batch that are not 0, made anew in every step.
 *
 * An entry is position << 16 | second << 8 | first: for a pair of images the two pixels at `position` of an
 * image, for a pair of neighbouring pixels those of image `position` of the batch; not both are 0. A list is
 * in order of its positions, so that a sum over it is made in the order of the dense step. */
#ifndef LB_SPARSE_LISTS_INC_H
#define LB_SPARSE_LISTS_INC_H

#include "../fused/gather.inc.h"
#include "../fused/storage.inc.h"

enum {
    MAX_POSITIONS = 1 << 16,
    LINE_PAIRS = BLOCK / 2,     /* pairs of pixels of a line */
    UNIT_PAIRS = UNIT_ROWS / 2, /* of a block of inputs, the unit in which work is dealt */
    LIST_SLACK = 16,            /* entries that vi_store_selected may write beyond a list's end */
};

/* Lines of pixels whose rows of w1 stay in L1 while all pairs of images are multiplied with them, in bytes of
 * a full panel: about a third of the rows are used by no image of a pair. Epoch of avx512, forward1 on Zen 5:
 * 62 ms with 52 KiB, 95 ms without blocks; 36 to 68 KiB are alike. */
enum { FORWARD_BLOCK_BYTES = 13 * BLOCK * 4 * 64 };

/* What one thread knows of the batch. The arrays are the same for all threads of a team that shares what it
 * gathered; the rest is the thread's own. */
struct lists {
    _Alignas(128) uint32_t *order; /* [R] rows of the batch in order of their labels: two make a pair */
    uint32_t *image_lists;         /* [pairs of images][image_stride] */
    uint32_t *image_ends;   /* [pairs of images][blocks]: entries before the end of each block of lines */
    uint32_t *pixel_lists;  /* [pairs of pixels][pixel_stride] */
    uint32_t *pixel_counts; /* [pairs of pixels]: their entries */
    uint64_t products;      /* of an entry's pixels that are in the batch, with one hidden unit each */
    bool dense;             /* too many pixels: this batch has no lists */
};

struct sparse {
    float value[256];                  /* of a pixel */
    bool possible;                     /* positions have 16 bits */
    int blocks;                        /* of lines, see FORWARD_BLOCK_BYTES */
    size_t image_stride, pixel_stride; /* entries from one list to the next */
    uint32_t steps;                    /* since load; it may turn over, as nobody waits for 2^32 of them */
    uint32_t *current;                 /* [pairs of pixels]: the steps that their v has taken part in */
    struct lists *threads;
    double flop;  /* of all steps since open */
    float *arena; /* holds all arrays */
    size_t arena_bytes;
};

static int pixel_pairs(const struct fused *f)
{
    return f->lines * LINE_PAIRS;
}

/* ---- pairs of images */

/* Stable, so that the pairs depend on the batch alone; the rows that pad it come last. */
static void order_by_label(const struct fused_job *job, uint32_t *order)
{
    const struct batch *b = job->batch;
    uint32_t next[LOGITS + 1] = {0};
    for (int row = 0; row < b->rows; row++) next[b->labels[b->index[row]] + 1]++;
    for (int label = 0; label < LOGITS; label++) next[label + 1] += next[label];
    for (int row = 0; row < b->rows; row++) order[next[b->labels[b->index[row]]]++] = (uint32_t)row;
    for (int row = b->rows; row < job->rows; row++) order[row] = (uint32_t)row;
}

static uint32_t list_image_pair(const struct fused *f, const uint8_t *first, const uint8_t *second,
                                uint32_t *list, uint32_t *ends)
{
    const struct sparse *s = f->sparse;
    const int inputs = f->plan.inputs;
    uint32_t count = 0;
    for (int block = 0; block < s->blocks; block++) {
        const int end = share(f->lines, s->blocks, block + 1);
        for (int p = share(f->lines, s->blocks, block); p < end; p++) {
            uint8_t last[2][BLOCK];
            const uint8_t *a = line_of(first, inputs, p, last[0]), *b = line_of(second, inputs, p, last[1]);
            for (int i = 0; i < BLOCK; i += VL) {
                const vi pixels = vi_or(vi_from_u8(a + i), vi_shl(vi_from_u8(b + i), 8));
                const vi position = vi_shl(vi_add(vi_set1(p * BLOCK + i), vi_lanes()), 16);
                count += vi_store_selected(list + count, pixels, vi_or(position, pixels));
            }
        }
        ends[block] = count;
    }
    return count;
}

/* How many of the two things that begin with number `first` are among `count`. */
static uint32_t present(int first, int count)
{
    return first + 1 < count ? 2 : first < count ? 1 : 0;
}

/* Rows that pad the batch come last in the order. */
static void list_images(const struct fused *f, const struct fused_job *job, struct lists *l,
                        const uint8_t *const *images, int from, int to)
{
    const struct sparse *s = f->sparse;
    for (int pair = from; pair < to; pair++) {
        const uint32_t *rows = l->order + 2 * pair;
        const uint32_t count = list_image_pair(f, images[rows[0]], images[rows[1]],
                                               l->image_lists + (size_t)pair * s->image_stride,
                                               l->image_ends + pair * s->blocks);
        l->products += count * present(2 * pair, job->batch->rows);
    }
}

/* ---- pairs of pixels */

/* The transpose of 8 x 8 numbers, a row in each vector: a perfect shuffle of all 64 turns the six bits of a
 * number's place by one, three of them exchange row and column. */
ALWAYS_INLINE void transpose_eights(__m128i *row)
{
#pragma GCC unroll 3
    for (int turn = 0; turn < 3; turn++) {
        __m128i to[8];
#pragma GCC unroll 4
        for (int i = 0; i < 4; i++) {
            to[2 * i] = _mm_unpacklo_epi16(row[i], row[i + 4]);
            to[2 * i + 1] = _mm_unpackhi_epi16(row[i], row[i + 4]);
        }
#pragma GCC unroll 8
        for (int i = 0; i < 8; i++) row[i] = to[i];
    }
}

/* Pairs of line p: images VL at a time. `images` has zero images up to a multiple of that. */
static void list_pixel_line(const struct fused *f, const struct fused_job *job, const uint8_t *const *images,
                            struct lists *l, int p)
{
    const struct sparse *s = f->sparse;
    uint32_t *list = l->pixel_lists + (size_t)(p * LINE_PAIRS) * s->pixel_stride;
    uint32_t count[LINE_PAIRS] = {0};
    for (int image = 0; image < job->rows; image += VL) {
        __m128i pairs[LINE_PAIRS][VL / 8];
        const vi position = vi_shl(vi_add(vi_set1(image), vi_lanes()), 16);
#pragma GCC unroll 2
        for (int eight = 0; eight < VL / 8; eight++) {
            uint8_t last[BLOCK];
            __m128i row[8];
#pragma GCC unroll 8
            for (int i = 0; i < 8; i++)
                row[i] = _mm_loadu_si128((const __m128i *)(const void *)line_of(images[image + eight * 8 + i],
                                                                                f->plan.inputs, p, last));
            transpose_eights(row);
#pragma GCC unroll 8
            for (int i = 0; i < 8; i++) pairs[i][eight] = row[i];
        }
#pragma GCC unroll 8
        for (int i = 0; i < LINE_PAIRS; i++) {
            const vi pixels = vi_from_u16(pairs[i]);
            count[i] += vi_store_selected(list + (size_t)i * s->pixel_stride + count[i], pixels,
                                          vi_or(position, pixels));
        }
    }
    for (int i = 0; i < LINE_PAIRS; i++) {
        const int pair = p * LINE_PAIRS + i;
        l->pixel_counts[pair] = count[i];
        l->products += count[i] * present(2 * pair, f->plan.inputs);
    }
}

/* ---- all of a batch */

/* How many images, from the first on, every thread looks at before it chooses between lists and dense
 * kernels: all of them, or in a team that shares as many as a thread's share has. */
static int images_looked_at(const struct fused *f, const struct fused_part *part)
{
    const int threads = f->shares_gather ? part->threads : 1;
    return (part->job->rows + threads - 1) / threads;
}

/* Before any other use of the batch: its images, and zero images up to a multiple of VL. */
static void find_batch(const struct fused *f, const struct fused_part *part)
{
    const struct fused_job *job = part->job;
    const uint8_t **images = part->own->images;
    find_images(f, job, 0, job->rows, images);
    for (int row = job->rows; row < job->rows + VL; row++) images[row] = f->zero_image;
    prefetch_images(f, images, 0, images_looked_at(f, part));
}

/* counts, one for each 16 bits of a vector, plus 1 where the 32 pixels from p on have a pair of zeros. */
ALWAYS_INLINE __m256i count_zero(__m256i counts, const uint8_t *p)
{
    const __m256i pairs = _mm256_loadu_si256((const __m256i *)(const void *)p);
    return _mm256_sub_epi16(counts, _mm256_cmpeq_epi16(pairs, _mm256_setzero_si256()));
}

/* Pairs of neighbouring pixels of which one is not 0; inputs: MAX_POSITIONS at most. */
static int set_pairs(const uint8_t *image, int inputs)
{
    enum { PIXELS = 32 };
    uint8_t last[PIXELS] = {0};
    __m256i zeros = _mm256_setzero_si256();
    int i = 0;
    for (; i + PIXELS <= inputs; i += PIXELS) zeros = count_zero(zeros, image + i);
    memcpy(last, image + i, (size_t)(inputs - i));
    zeros = count_zero(zeros, last);
    int32_t counts[8];
    _mm256_storeu_si256((__m256i *)(void *)counts, _mm256_madd_epi16(zeros, _mm256_set1_epi16(1)));
    int pairs = (i + PIXELS) / 2;
    for (int j = 0; j < 8; j++) pairs -= counts[j];
    return pairs;
}

/* A batch with more than two thirds of all pairs is dense. On Zen 5, one thread, random pixels: lists that
 * hold 0.44 of the pairs take 0.60 of the dense step's time, 0.75 of them 0.945, all of them 1.30. On Granite
 * Rapids 0.65 of the pairs take 0.97, 0.69 of them 1.05 to 1.07. */
enum { DENSE_THIRDS = 2 };

/* Counted before a list is made, in the pairs of pixels alone: pairs of images alike are about as full. All
 * threads of a team look at the same images, and so agree without waiting for each other. */
static bool too_full(const struct fused *f, const struct fused_part *part)
{
    const int images = images_looked_at(f, part), pairs = (f->plan.inputs + 1) / 2;
    int64_t set = 0;
    for (int i = 0; i < images; i++) set += set_pairs(part->own->images[i], f->plan.inputs);
    return 3 * set > DENSE_THIRDS * (int64_t)images * pairs;
}

/* A team that shares divides the lists, which end at its next barrier; otherwise every thread makes all. */
static void make_lists(const struct fused *f, const struct fused_part *part)
{
    const struct fused_job *job = part->job;
    struct lists *l = &f->sparse->threads[part->t];
    const uint8_t *const *images = part->own->images;
    const int threads = f->shares_gather ? part->threads : 1, t = f->shares_gather ? part->t : 0;
    const int pairs = job->rows / 2;
    if (threads > 1)
        prefetch_images(f, images, share(job->rows, threads, t), share(job->rows, threads, t + 1));
    l->products = 0;
    order_by_label(job, l->order);
    list_images(f, job, l, images, share(pairs, threads, t), share(pairs, threads, t + 1));
    const int end = job->train ? share(f->lines, threads, t + 1) : 0;
    for (int p = share(f->lines, threads, t); p < end; p++) list_pixel_line(f, job, images, l, p);
}

/* In all lists of the batch, which the first thread has made, or the team. */
static uint64_t all_products(const struct fused *f)
{
    const struct lists *l = f->sparse->threads;
    uint64_t sum = l[0].products;
    for (int t = 1; f->shares_gather && t < f->team; t++) sum += l[t].products;
    return sum;
}

/* After a step on so many images: its matrix products' floating-point operations. Those of the second layer
 * are forward, for dh and for w2's gradient. */
static void count_flop(const struct fused *f, double images)
{
    struct sparse *s = f->sparse;
    const double hidden = f->plan.hidden, all = 2.0 * images * f->plan.inputs;
    const double products = s->threads[0].dense ? all : (double)all_products(f);
    s->flop += 2.0 * hidden * (products + 3.0 * images * f->plan.classes);
}

/* ---- memory */

static uint32_t *take_u32(float *base, size_t *used, size_t count)
{
    return (uint32_t *)(void *)take(base, used, count);
}

static size_t lay_out_lists(const struct fused *f, struct sparse *s, float *base)
{
    const size_t rows = (size_t)f->rows_max, pixels = (size_t)pixel_pairs(f);
    size_t used = 0;
    s->current = take_u32(base, &used, pixels);
    for (int t = 0; s->possible && t < f->plan.threads; t++) {
        struct lists *l = &s->threads[t];
        if (t > 0 && f->shares_gather) {
            *l = s->threads[0];
            l->order = take_u32(base, &used, rows);
            continue;
        }
        l->order = take_u32(base, &used, rows);
        l->image_lists = take_u32(base, &used, rows / 2 * s->image_stride);
        l->image_ends = take_u32(base, &used, rows / 2 * (size_t)s->blocks);
        l->pixel_lists = take_u32(base, &used, pixels * s->pixel_stride);
        l->pixel_counts = take_u32(base, &used, pixels);
    }
    return used * sizeof(float);
}

static void sparse_free(struct sparse *s)
{
    if (!s) return;
    if (s->arena) munmap(s->arena, s->arena_bytes);
    free(s->threads);
    free(s);
}

/* For the plan and sizes of f; NULL when out of memory. */
static struct sparse *sparse_new(const struct fused *f)
{
    const int block_lines = FORWARD_BLOCK_BYTES / (BLOCK * LIST_VECS * VL * (int)sizeof(float));
    struct sparse *s = calloc(1, sizeof *s);
    if (!s) return NULL;
    s->possible = f->lines <= MAX_POSITIONS / BLOCK && f->rows_max <= MAX_POSITIONS - VL;
    s->blocks = (f->lines + block_lines - 1) / block_lines;
    s->image_stride = (size_t)f->lines * BLOCK + LIST_SLACK;
    s->pixel_stride = (size_t)f->rows_max + LIST_SLACK;
    for (int i = 0; i < 256; i += VL)
        vf_store(s->value + i, vf_pixel(vf_from_vi(vi_add(vi_set1(i), vi_lanes()))));
    s->threads = aligned_zeros((size_t)f->plan.threads * sizeof *s->threads);
    s->arena_bytes =
        s->threads ? (lay_out_lists(f, s, NULL) + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE : HUGE_PAGE;
    void *arena = mmap(NULL, s->arena_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (arena != MAP_FAILED) s->arena = arena;
    if (!s->threads || !s->arena) {
        sparse_free(s);
        return NULL;
    }
    madvise(s->arena, s->arena_bytes, MADV_HUGEPAGE);
    lay_out_lists(f, s, s->arena);
    return s;
}

#endif
