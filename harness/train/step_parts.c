/* SPDX-License-Identifier: MIT */
#include "train/step_parts.h"

#include <string.h>

#define BIT(id) (1u << (id))

static const struct step_part parts[] = {
    {"forward1", PART_PRODUCT, BIT(PRODUCT_FORWARD1), OP_gemm, true},
    {"forward2", PART_PRODUCT, BIT(PRODUCT_FORWARD2), OP_gemm, true},
    {"backward2", PART_PRODUCT, BIT(PRODUCT_DW2) | BIT(PRODUCT_DH), OP_gemm, true},
    {"backward1", PART_PRODUCT, BIT(PRODUCT_DW1), OP_gemm, true},
    {"gemm forward1", PART_PRODUCT, BIT(PRODUCT_FORWARD1), OP_gemm, false},
    {"gemm forward2", PART_PRODUCT, BIT(PRODUCT_FORWARD2), OP_gemm, false},
    {"gemm dw2", PART_PRODUCT, BIT(PRODUCT_DW2), OP_gemm, false},
    {"gemm dh", PART_PRODUCT, BIT(PRODUCT_DH), OP_gemm, false},
    {"gemm dw1", PART_PRODUCT, BIT(PRODUCT_DW1), OP_gemm, false},
    {"gather", PART_OP, 0, OP_gather, true},
    {"bias_act", PART_OP, 0, OP_bias_act, true},
    {"softmax_xent", PART_OP, 0, OP_softmax_xent, true},
    {"relu_grad", PART_OP, 0, OP_relu_grad, true},
    {"bias_grad", PART_OP, 0, OP_bias_grad, true},
    {"rmsprop", PART_OP, 0, OP_rmsprop, true},
    {"barrier", PART_WAIT, 0, OP_COUNT, true},
    {"other", PART_WAIT, 0, OP_COUNT, false},
};

struct step_product step_product(enum step_product_id id, const struct shape *shape, int rows)
{
    const int in = shape->inputs, hidden = shape->hidden, classes = shape->classes;
    switch (id) {
    case PRODUCT_FORWARD1:
        return (struct step_product){"forward1", NO_TRANS, NO_TRANS, rows, hidden, in, true, true};
    case PRODUCT_FORWARD2:
        return (struct step_product){"forward2", NO_TRANS, NO_TRANS, rows, classes, hidden, false, true};
    case PRODUCT_DW2:
        return (struct step_product){"dw2", TRANS, NO_TRANS, hidden, classes, rows, false, false};
    case PRODUCT_DH:
        return (struct step_product){"dh", NO_TRANS, TRANS, rows, hidden, classes, false, true};
    default:
        return (struct step_product){"dw1", TRANS, NO_TRANS, in, hidden, rows, true, false};
    }
}

double step_product_flop(const struct step_product *p)
{
    return 2.0 * p->m * p->n * p->k;
}

double step_product_floats(const struct step_product *p)
{
    const double m = p->m, n = p->n, k = p->k;
    return m * k + k * n + m * n;
}

const struct step_part *step_part_find(const char *name)
{
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (strcmp(parts[i].name, name) == 0) return &parts[i];
    return NULL;
}

bool step_calls_op(enum op_id op)
{
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (parts[i].op == op) return true;
    return false;
}

const char *step_part_kind_name(const struct step_part *part)
{
    static const char *const names[] = {"product", "op", "wait"};
    return part ? names[part->kind] : "";
}

bool step_part_reads_images(const struct step_part *part)
{
    const struct shape any = {1, 1, 1};
    if (!part) return false;
    for (int id = 0; id < PRODUCT_COUNT; id++)
        if (part->products & BIT(id) && step_product((enum step_product_id)id, &any, 1).reads_images)
            return true;
    return part->op == OP_gather;
}

double step_part_flop(const struct step_part *part, const struct shape *shape)
{
    double flop = 0.0;
    for (int id = 0; part && id < PRODUCT_COUNT; id++) {
        const struct step_product p = step_product((enum step_product_id)id, shape, 1);
        if (part->products & BIT(id)) flop += step_product_flop(&p);
    }
    return flop;
}
