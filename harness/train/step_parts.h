/* SPDX-License-Identifier: MIT
 *
 * THE PARTS OF A TRAINING STEP: its five matrix products, and what each line of ops.csv stands for. Whatever
 * needs their names, shapes or kinds reads them here. */
#ifndef LB_STEP_PARTS_H
#define LB_STEP_PARTS_H

#include <stdbool.h>

#include "backends/contender.h"
#include "train/network.h"

/* The products, in the order in which the composed step does them. X: images, H: hidden activations, dZ and
 * dH: gradients of the logits and of H. */
enum step_product_id {
    PRODUCT_FORWARD1, /* X W1 */
    PRODUCT_FORWARD2, /* H W2 */
    PRODUCT_DW2,      /* H^T dZ */
    PRODUCT_DH,       /* dZ W2^T */
    PRODUCT_DW1,      /* X^T dH */
    PRODUCT_COUNT
};

/* One of them as a call of gemm. */
struct step_product {
    const char *name; /* "forward1", "dw2", ... */
    enum transpose ta, tb;
    int m, n, k;
    bool reads_images;  /* A is X: products with zero pixels may be skipped */
    bool reads_weights; /* B is a weight matrix */
};

/* For a batch of `rows` images. */
struct step_product step_product(enum step_product_id id, const struct shape *shape, int rows);

/* 2 m n k. */
double step_product_flop(const struct step_product *p);

/* Floats of all three operands: m k + k n + m n. */
double step_product_floats(const struct step_product *p);

enum part_kind {
    PART_PRODUCT, /* one or two of the products, with what a fused step does inside them */
    PART_OP,      /* an op of level 1 other than gemm */
    PART_WAIT     /* waiting, and what no line accounts for */
};

/* A line of ops.csv: an op of the composed step, or a phase of a fused one. */
struct step_part {
    const char *name;
    enum part_kind kind;
    unsigned products; /* of PART_PRODUCT: bit 1 << id of each */
    enum op_id op;     /* of PART_OP, and of the composed step's products: OP_gemm */
    bool is_phase;     /* a fused step may use the name for a phase */
};

/* The part of this name; NULL: an unspecific name such as "step", or one that the backend invented. */
const struct step_part *step_part_find(const char *name);

/* Whether the composed step calls this op: all but those that only the proof and bench micro do. */
bool step_calls_op(enum op_id op);

/* "product", "op", "wait"; "" for NULL: the column `kind` of ops.csv. */
const char *step_part_kind_name(const struct step_part *part);

/* Whether it works with the pixels: the gather, and matrix products in which products with zeros may be
 * skipped. False for NULL. */
bool step_part_reads_images(const struct step_part *part);

/* Flop of the part's products for one row of a batch; 0 for other kinds and for NULL. */
double step_part_flop(const struct step_part *part, const struct shape *shape);

#endif
