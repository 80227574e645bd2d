/* SPDX-License-Identifier: MIT */
#include "report/amdahl.h"

#include <string.h>

/* What a line may be. The first ones are ops besides the products, each a bit of a set. */
enum kind {
    KIND_BIAS_ACT,
    KIND_BIAS_GRAD,
    KIND_GATHER,
    KIND_RELU_GRAD,
    KIND_RMSPROP,
    KIND_SOFTMAX_XENT,
    KIND_OPS,
    KIND_PRODUCT = KIND_OPS,
    KIND_REST, /* waiting, and what no line accounts for */
    KIND_UNKNOWN,
};

static const char *const op_names[KIND_OPS] = {"bias_act",  "bias_grad", "gather",
                                               "relu_grad", "rmsprop",   "softmax_xent"};

static enum kind kind_of(const char *name)
{
    static const char *const products[] = {"forward1", "forward2", "backward1", "backward2"};
    for (int i = 0; i < KIND_OPS; i++)
        if (strcmp(name, op_names[i]) == 0) return (enum kind)i;
    for (size_t i = 0; i < sizeof products / sizeof *products; i++)
        if (strcmp(name, products[i]) == 0) return KIND_PRODUCT;
    if (strncmp(name, "gemm ", 5) == 0) return KIND_PRODUCT;
    return strcmp(name, "barrier") == 0 || strcmp(name, "other") == 0 ? KIND_REST : KIND_UNKNOWN;
}

/* The ops that this side has a line for. False for a line of an unknown name. */
static bool own_lines(const struct amdahl_side *s, unsigned *own)
{
    *own = 0;
    for (int i = 0; i < s->count; i++) {
        const enum kind kind = kind_of(s->parts[i].name);
        if (kind == KIND_UNKNOWN) return false;
        if (kind < KIND_OPS) *own |= 1u << kind;
    }
    return true;
}

static bool is_along(const char *name, unsigned apart)
{
    const enum kind kind = kind_of(name);
    return kind == KIND_PRODUCT || (kind < KIND_OPS && !(apart & (1u << kind)));
}

static double seconds_along(const struct amdahl_side *s, unsigned apart)
{
    double seconds = 0;
    for (int i = 0; i < s->count; i++)
        if (is_along(s->parts[i].name, apart)) seconds += s->parts[i].seconds;
    return seconds;
}

static double seconds_of_all(const struct amdahl_side *s)
{
    double seconds = 0;
    for (int i = 0; i < s->count; i++) seconds += s->parts[i].seconds;
    return seconds;
}

/* "a, b and c" of the ops outside the set. */
static void list_along(char *text, unsigned apart)
{
    int left = 0;
    for (int i = 0; i < KIND_OPS; i++) left += !(apart & (1u << i));
    *text = 0;
    for (int i = 0; i < KIND_OPS; i++) {
        if (apart & (1u << i)) continue;
        left--;
        const size_t used = strlen(text);
        snprintf(text + used, AMDAHL_ALONG - used, "%s%s", op_names[i],
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
    list_along(a->along, apart);
    double most = 0;
    for (int i = 0; i < fast->count; i++) {
        if (is_along(fast->parts[i].name, apart) || fast->parts[i].seconds <= most) continue;
        most = fast->parts[i].seconds;
        a->largest = fast->parts[i].name;
    }
    if (!a->largest) return true;
    a->share = most / seconds_of_all(fast);
    for (int i = 0; i < slow->count; i++)
        if (strcmp(slow->parts[i].name, a->largest) == 0)
            a->before += slow->parts[i].seconds / seconds_of_all(slow);
    return true;
}

/* Decimal places of a ratio; of percents, one less. */
static int places(double value)
{
    return value >= 10 ? 1 : 2;
}

void amdahl_print(FILE *out, const struct amdahl *a, const struct amdahl_side *slow,
                  const struct amdahl_side *fast)
{
    fprintf(out, "%s against %s: GEMM%s%s %.*fx as fast, epoch %.*fx", fast->name, slow->name,
            a->along[0] ? " with " : "", a->along, places(a->products), a->products, places(a->epoch),
            a->epoch);
    const double share = 100 * a->share, before = 100 * a->before;
    if (a->largest)
        fprintf(out, ": %.*f %% of the epoch is now %s (%.*f %% before)", places(share) - 1, share,
                a->largest, places(before) - 1, before);
    fputc('\n', out);
}
