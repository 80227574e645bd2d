/* SPDX-License-Identifier: MIT */
#include "results/amdahl.h"

#include <stdio.h>
#include <string.h>

#include "train/step_parts.h"

#define BIT(op) (1u << (op))

/* All ops that a line of its own may stand for. */
static const unsigned all_ops = BIT(OP_bias_act) | BIT(OP_bias_grad) | BIT(OP_gather) | BIT(OP_relu_grad) |
                                BIT(OP_rmsprop) | BIT(OP_softmax_xent);

/* The ops that this side has a line for. False for a line of an unknown name. */
static bool own_lines(const struct amdahl_side *s, unsigned *own)
{
    *own = 0;
    for (int i = 0; i < s->count; i++) {
        const struct step_part *part = step_part_find(s->parts[i].name);
        if (!part) return false;
        if (part->kind == PART_OP) *own |= BIT(part->op);
    }
    return true;
}

static bool is_along(const char *name, unsigned apart)
{
    const struct step_part *part = step_part_find(name);
    return part->kind == PART_PRODUCT || (part->kind == PART_OP && !(apart & BIT(part->op)));
}

static double seconds_along(const struct amdahl_side *s, unsigned apart)
{
    double seconds = 0;
    for (int i = 0; i < s->count; i++)
        if (is_along(s->parts[i].name, apart)) seconds += s->parts[i].seconds;
    return seconds;
}

/* "a, b and c" of the ops in the set, in the order of the alphabet. */
static void list_ops(char *text, unsigned set)
{
    static const enum op_id order[] = {OP_bias_act,  OP_bias_grad, OP_gather,
                                       OP_relu_grad, OP_rmsprop,   OP_softmax_xent};
    int left = __builtin_popcount(set);
    *text = 0;
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        if (!(set & BIT(order[i]))) continue;
        left--;
        const size_t used = strlen(text);
        snprintf(text + used, AMDAHL_ALONG - used, "%s%s", op_name(order[i]),
                 left > 1 ? ", "
                 : left   ? " and "
                          : "");
    }
}

bool amdahl_of(struct amdahl *a, const struct amdahl_side *slow, const struct amdahl_side *fast)
{
    unsigned of_slow, of_fast;
    if (!own_lines(slow, &of_slow) || !own_lines(fast, &of_fast)) return false;
    const unsigned apart = of_slow & of_fast;
    const double before = seconds_along(slow, apart), now = seconds_along(fast, apart);
    if (!(before > 0) || !(now > 0) || !(slow->epoch > 0) || !(fast->epoch > 0)) return false;
    *a = (struct amdahl){.products = before / now, .epoch = slow->epoch / fast->epoch};
    list_ops(a->along, all_ops & ~apart);
    double most = 0;
    for (int i = 0; i < fast->count; i++) {
        if (is_along(fast->parts[i].name, apart) || fast->parts[i].seconds <= most) continue;
        most = fast->parts[i].seconds;
        a->largest = fast->parts[i].name;
    }
    if (!a->largest) return true;
    a->share = most / fast->epoch;
    for (int i = 0; i < slow->count; i++)
        if (strcmp(slow->parts[i].name, a->largest) == 0) a->before += slow->parts[i].seconds / slow->epoch;
    return true;
}
