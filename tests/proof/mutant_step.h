/* SPDX-License-Identifier: MIT
 *
 * The small backend of level 2 that mutant_step.c makes and breaks; mutant_lazy.c and mutant_values.c hold
 * those of its bugs that need more than a line. */
#ifndef LB_MUTANT_STEP_H
#define LB_MUTANT_STEP_H

#include <stdbool.h>

#include "backend.h"
#include "train/network.h"

/* Every way to be broken: a name, and what it means. */
#define BUGS(X)                                                                                              \
    X(none)                 /* nothing is broken */                                                          \
    X(lazy)                 /* neither: v of a pixel without images decays when it is needed */              \
    X(loses_partial_batch)  /* rows beyond the last multiple of 8 are not trained */                         \
    X(mean_over_full_batch) /* divides by plan->batch, not by the rows there are */                          \
    X(summed_gradient)      /* does not divide at all */                                                     \
    X(skips_bias_update)    /* b1 and b2 stay */                                                             \
    X(stale_predict)        /* predicts with the parameters loaded */                                        \
    X(stale_w2)             /* backward pass with the W2 loaded */                                           \
    X(updates_w2_early)     /* dH from the W2 already updated */                                             \
    X(ignores_index)        /* takes the first images */                                                     \
    X(labels_unindexed)     /* label of the row, not of the image */                                         \
    X(label_off_by_one)     /* the next class */                                                             \
    X(bf16_weights)         /* forward pass with short weights */                                            \
    X(bf16_gradient)        /* gradients rounded to bf16 */                                                  \
    X(no_relu_gradient)     /* dH not masked */                                                              \
    X(epsilon_in_root)      /* sqrt(v + epsilon) */                                                          \
    X(flushes_v)            /* v below the least normal float becomes 0 */                                   \
    X(stale_store)          /* store gives the v loaded */                                                   \
    X(store_overruns)       /* store writes one float past b2 */                                             \
    X(predict_updates)      /* predict decays v */                                                           \
    X(mean_loss)            /* loss of the batch's mean, not its sum */                                      \
    X(counts_all)           /* says that every row is right */                                               \
    X(counts_ties)          /* a row is right where the label is one of several largest */                   \
    X(last_unit_frozen)     /* the last hidden unit is never trained when their number is odd or 512 */      \
    X(drops_last_pixel)     /* the last column of X is not read */                                           \
    X(drifts)               /* one last bit is another in every third step */                                \
    X(wrong_with_2_threads) /* one last bit is another for a team of two */                                  \
    X(wrong_with_33)        /* one last bit is another for a team of 33 */                                   \
    X(depends_on_alignment) /* one last bit is another where the index list is not aligned to 16 bytes */    \
    X(resets_mxcsr)         /* leaves rounding to nearest, no flushing */                                    \
    X(predict_lags)         /* predict sees an update only when the next call has made it good */            \
    X(relu_clamped)         /* hidden values end at 1000 */                                                  \
    X(softmax_unshifted)    /* exp of the logits themselves */                                               \
    X(loss_of_sum)          /* -log(p + 1e-7) */                                                             \
    X(loss_capped)          /* at 50 for each row */                                                         \
    X(strassen)             /* the large products by Strassen's algorithm */                                 \
    X(units_beyond_512)     /* are not trained */                                                            \
    X(pixels_beyond_784)    /* are not read */                                                               \
    X(rows_beyond_512)      /* are not trained */                                                            \
    X(tail_of_29)           /* the last unit is not trained where a tail of 29 units ends with it */         \
    X(fixed_rho)            /* 0.9, whatever the plan says */                                                \
    X(fixed_epsilon)        /* 1e-7 */                                                                       \
    X(byte_count)           /* of an image's pixels that are set, modulo 256 */                              \
    X(zeros_skipped)        /* a batch without any set pixel trains nothing */                               \
    X(equal_counted_once)   /* of neighbours that are the same image, the first alone */                     \
    X(lazy_short)           /* one step too few after 16 idle ones */                                        \
    X(lazy_wraps)           /* idle steps counted in a byte */                                               \
    X(lazy_unflushed)       /* store does not make good */                                                   \
    X(lazy_through_load)    /* load does not begin anew */                                                   \
    X(caches_images)        /* for the same list at the same place */                                        \
    X(caches_labels)        /* likewise */                                                                   \
    X(lists_64_images)      /* pixels that are set in none of the first 64 images are taken for black */     \
    X(shares_constants)     /* rho and epsilon of the state loaded last */                                   \
    X(shares_means)         /* v in static memory */                                                         \
    X(keeps_nan)            /* clears h by multiplication */                                                 \
    X(next_trusted)         /* the images announced are taken for those of the next call */                  \
    X(next_as_many)         /* likewise where they are as many */                                            \
    X(next_same_list)       /* likewise where memory and list are the same, too */                           \
    X(next_labels)          /* labels, in that case */                                                       \
    X(next_shows)           /* one last bit of the loss is another where a batch is announced */

enum bug {
#define X(name) BUG_##name,
    BUGS(X)
#undef X
        BUG_COUNT,
    FIRST_BUG = BUG_lazy + 1
};

struct fused {
    void *ops_state;
    struct plan plan;
    struct shape shape;
    enum bug bug;
    struct model model, loaded, gradient;
    float *x, *h, *z, *dh, *loss, *prob;
    uint8_t *labels;
    uint32_t *index;
    struct model behind; /* predict_lags: before the last step */
    long steps, *last;   /* lazy: since load; the last one that touched each pixel */
    const uint8_t *seen; /* caches: pixels and list of the last batch */
    uint32_t *seen_index;
    int seen_rows;
    const uint8_t *next_pixels; /* next_...: of the batch announced with the last step */
    uint32_t *next_index;
    int next_rows; /* 0: none */
    float *next_x;
    uint8_t *next_labels;
};

/* ---- mutant_lazy.c: what is put off or carried over */

bool is_lazy(const struct fused *f);
/* After a load. */
void lazy_begin(struct fused *f);
/* Of w1, by the gradient of these rows. */
void lazy_update(struct fused *f, int rows);
/* Makes good what pixels have missed. */
void lazy_flush(struct fused *f);
/* Whether pixels (or labels) of the last batch are taken again; remembers this one. */
bool cache_hits(struct fused *f, const struct batch *b);
/* Keeps what the batch announced has; NULL: nothing. */
void keep_next(struct fused *f, const struct batch *next);
/* Takes what was kept for the pixels or labels of this batch, if the bug does. */
void take_next(struct fused *f, const struct batch *b);
/* Static memory instead of the model's own for v. */
void share_means(struct fused *f);

/* ---- mutant_values.c: what is wrong for some values and sizes only */

/* Of the rows of x. */
void lose_pixels(struct fused *f, int rows);
/* Adds up the loss of the rows, or what is taken for it. */
void lose_loss(const struct fused *f, int rows, const float *prob, struct step_result *r);
/* z to its gradient without the shift. */
void unshifted_softmax(struct fused *f, int rows, float scale, float *grad, float *prob);
/* A gemm for alpha 1, beta 0. */
gemm_fn strassen_gemm;
/* The batch without images equal to their neighbour. */
struct batch without_repetitions(struct fused *f, const struct batch *b);
bool is_zero(const struct fused *f, int rows);

#endif
