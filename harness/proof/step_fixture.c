/* SPDX-License-Identifier: MIT */
#include "proof/step_fixture.h"

#include <math.h>
#include <string.h>

#include "proof/oracle.h"

enum { POOL_IMAGES = 192 };

/* ---- models between guard pages */

int guarded_model_open(struct guarded_model *g, const struct shape *s)
{
    int failed = 0;
    g->shape = *s;
    for (int i = 0; i < TENSOR_COUNT; i++) {
        const size_t bytes = tensor_count(s, i) * sizeof(float);
        failed |= guarded_open(&g->arena[i], bytes) | guarded_open(&g->arena[TENSOR_COUNT + i], bytes);
    }
    return failed;
}

void guarded_model_close(struct guarded_model *g)
{
    for (int i = 0; i < 2 * TENSOR_COUNT; i++) guarded_close(&g->arena[i]);
}

static void place_tensors(struct tensors *t, struct guarded *arena, const struct shape *s)
{
    float **const members[TENSOR_COUNT] = {&t->w1, &t->b1, &t->w2, &t->b2};
    for (int i = 0; i < TENSOR_COUNT; i++)
        *members[i] = guarded_place(&arena[i], tensor_name(i), UNIT_FLOAT, tensor_count(s, i) * sizeof(float),
                                    PLACE_END);
}

void guarded_model_store(struct guarded_model *g, struct trainer *t)
{
    place_tensors(&g->model.w, g->arena, &g->shape);
    place_tensors(&g->model.v, g->arena + TENSOR_COUNT, &g->shape);
    trainer_store(t, &g->model);
}

long long guarded_model_intruded(const struct guarded_model *g)
{
    long long bytes = 0;
    const uint8_t *first;
    for (int i = 0; i < 2 * TENSOR_COUNT; i++) bytes += guarded_intruded(&g->arena[i], &first);
    return bytes;
}

/* ---- images */

static bool has_real_images(const struct step_fixture *r)
{
    const struct dataset *d = r->proof->options->data;
    return d && d->rows * d->cols == r->shape.inputs && d->train.count > 0 &&
           r->shape.classes >= DATASET_CLASSES;
}

static int pool_open(struct step_fixture *r, struct rng *rng)
{
    struct image_pool *pool = &r->pool;
    const struct dataset *data = has_real_images(r) ? r->proof->options->data : NULL;
    const size_t in = (size_t)r->shape.inputs, rows = (size_t)r->plan.batch;
    pool->count = POOL_IMAGES;
    if (guarded_open(&pool->pixel_arena, POOL_IMAGES * in) | guarded_open(&pool->label_arena, POOL_IMAGES) |
        guarded_open(&pool->index_arena, rows * sizeof *pool->index))
        return -1;
    pool->pixels = guarded_place(&pool->pixel_arena, "pixels", UNIT_BYTE, POOL_IMAGES * in, PLACE_END);
    pool->labels = guarded_place(&pool->label_arena, "labels", UNIT_BYTE, POOL_IMAGES, PLACE_END);
    memset(pool->pixels + POOL_ZERO * in, 0, in);
    memset(pool->pixels + POOL_WHITE * in, 255, in);
    for (int i = 0; i < POOL_IMAGES; i++) {
        const uint32_t source = data ? rng_below(rng, data->train.count) : 0;
        uint8_t *image = pool->pixels + (size_t)i * in;
        pool->labels[i] =
            data ? data->train.labels[source] : (uint8_t)rng_below(rng, (uint32_t)r->shape.classes);
        if (i < POOL_DRAWN) continue;
        if (data) memcpy(image, data->train.pixels + (size_t)source * in, in);
        if (!data) cases_image(rng, image, r->shape.inputs);
        if (!data) image[rng_below(rng, (uint32_t)in)] = 255; /* narrow ones must not be empty */
    }
    guarded_protect(&pool->pixel_arena);
    guarded_protect(&pool->label_arena);
    return 0;
}

static void pool_close(struct image_pool *pool)
{
    guarded_close(&pool->pixel_arena);
    guarded_close(&pool->label_arena);
    guarded_close(&pool->index_arena);
}

/* Of a batch that is one image again and again, which one; -1: it is of several. */
static int only_image(const struct image_pool *pool, struct rng *rng, enum fixture_batch kind)
{
    if (kind == BATCH_ONE_IMAGE)
        return POOL_DRAWN + (int)rng_below(rng, (uint32_t)(pool->count - POOL_DRAWN));
    return kind == BATCH_WHITE ? POOL_WHITE : kind == BATCH_ZERO ? POOL_ZERO : -1;
}

static void draw_index(const struct image_pool *pool, struct rng *rng, int rows, enum fixture_batch kind)
{
    const int only = only_image(pool, rng, kind);
    for (int i = 0; i < rows; i++)
        pool->index[i] =
            only >= 0 ? (uint32_t)only : POOL_DRAWN + rng_below(rng, (uint32_t)(pool->count - POOL_DRAWN));
    if (kind == BATCH_WITH_ZERO_IMAGE) pool->index[0] = pool->index[rows - 1] = POOL_ZERO;
    for (int i = 1; kind == BATCH_REPEATED_IMAGE && i < rows; i += 2) pool->index[i] = pool->index[0];
    if (only < 0) pool->index[rows / 2] = (uint32_t)pool->count - 1; /* the image against the guard page */
}

void step_fixture_draw(struct step_fixture *r, struct rng *rng, int rows, enum fixture_batch kind)
{
    struct image_pool *pool = &r->pool;
    r->oracle_knows = r->learned = false;
    r->kind = kind;
    guarded_release(&pool->index_arena);
    pool->index =
        guarded_place(&pool->index_arena, "index", UNIT_INDEX, (size_t)rows * sizeof *pool->index, PLACE_END);
    draw_index(pool, rng, rows, kind);
    guarded_protect(&pool->index_arena);
    r->batch =
        (struct batch){.pixels = pool->pixels, .labels = pool->labels, .index = pool->index, .rows = rows};
}

void step_fixture_blacken(struct step_fixture *r, struct rng *rng)
{
    const int in = r->shape.inputs;
    r->oracle_knows = false;
    guarded_release(&r->pool.pixel_arena);
    for (int p = 0; p < in; p++) {
        if (rng_below(rng, 3) > 0) continue;
        for (int i = 0; i < r->pool.count; i++) r->pool.pixels[i * in + p] = 0;
    }
    guarded_protect(&r->pool.pixel_arena);
}

/* ---- the model given */

/* Exactly: nothing is ever added to these two. */
static void tie_first_and_last_class(struct tensors *w, const struct shape *s)
{
    const int last = s->classes - 1;
    for (int c = 0; c < s->classes; c++) w->b2[c] = c == 0 || c == last ? 0.0f : -8.0f;
    for (int u = 0; u < s->hidden; u++) w->w2[u * s->classes] = w->w2[u * s->classes + last] = 0.0f;
}

/* Both signs, from half of most to most. */
static float around(struct rng *rng, float most)
{
    const float size = rng_float(rng, 0.5f * most, most);
    return rng_below(rng, 2) ? size : -size;
}

static void name_every_third(struct image_pool *pool, int label)
{
    guarded_release(&pool->label_arena);
    for (int i = 0; i < pool->count; i += 3) pool->labels[i] = (uint8_t)label;
    guarded_protect(&pool->label_arena);
}

/* Every unit and every class has a size of its own; W2 takes back the one and gives the other. */
static void enlarge(struct step_fixture *r, struct rng *rng)
{
    const struct shape *s = &r->shape;
    struct tensors *w = &r->given.w;
    const int least = (int)rng_below(rng, (uint32_t)s->classes);
    float logit[ORACLE_MAX_CLASSES];
    for (int c = 0; c < s->classes; c++) logit[c] = ldexpf(1.0f, 4 + (int)rng_below(rng, 6));
    for (int c = 0; c < s->classes; c++) w->b2[c] = around(rng, logit[c]);
    w->b2[least] = -ldexpf(1.0f, 9 + (int)rng_below(rng, 6));
    for (int u = 0; u < s->hidden; u++) {
        const float unit = ldexpf(1.0f, 6 + (int)rng_below(rng, 12));
        w->b1[u] = around(rng, 0.5f * unit);
        for (int i = 0; i < s->inputs; i++) w->w1[i * s->hidden + u] = around(rng, unit);
        for (int c = 0; c < s->classes; c++)
            w->w2[u * s->classes + c] = around(rng, logit[c]) / (unit * sqrtf((float)s->hidden));
    }
    name_every_third(&r->pool, least);
}

static bool is_black(const struct step_fixture *r, int pixel)
{
    for (int i = 0; i < r->pool.count; i++)
        if (r->pool.pixels[i * r->shape.inputs + pixel] > 0) return false;
    return true;
}

/* A black pixel, a unit that is off and one that no logit needs have gradients of exactly 0; and the zero
 * image has hidden values that are exactly b1. */
static void make_zeros(struct step_fixture *r, struct rng *rng)
{
    const struct shape *s = &r->shape;
    struct tensors *w = &r->given.w, *v = &r->given.v;
    for (int u = 0; u < s->hidden; u++) {
        const uint32_t kind = rng_below(rng, 4);
        for (int c = 0; kind == 0 && c < s->classes; c++) v->w2[u * s->classes + c] = 0.0f;
        for (int c = 0; kind == 1 && c < s->classes; c++) w->w2[u * s->classes + c] = 0.0f;
        if (kind > 1) continue;
        if (kind == 0) w->b1[u] = -0x1p20f;
        v->b1[u] = 0.0f;
        for (int i = 0; i < s->inputs; i++) v->w1[i * s->hidden + u] = 0.0f;
    }
    for (int i = 0; i < s->inputs; i++) {
        const bool black = is_black(r, i);
        for (int u = 0; black && u < s->hidden; u++) v->w1[i * s->hidden + u] = 0.0f;
    }
    for (size_t j = 0; j < tensor_count(s, TENSOR_W1); j++) w->w1[j] *= 0x1p12f;
    for (size_t j = 0; j < tensor_count(s, TENSOR_W2); j++) w->w2[j] *= 0.25f;
}

void step_fixture_fill_model(struct step_fixture *r, uint64_t seed, enum fixture_model kind, float gain)
{
    struct rng rng = rng_seed(seed, 61);
    r->oracle_knows = false;
    network_init(&r->given, &r->shape, seed);
    for (int i = 0; i < TENSOR_COUNT; i++) {
        float *w = tensor_data(&r->given.w, i), *v = tensor_data(&r->given.v, i);
        const bool bias = i == TENSOR_B1 || i == TENSOR_B2;
        for (size_t j = 0; j < tensor_count(&r->shape, i); j++) {
            w[j] = bias ? rng_float(&rng, -0.1f, 0.1f) : gain * w[j];
            const bool idle = rng_below(&rng, 8) == 0; /* as of a weight that no image has reached for long */
            v[j] = fabsf(idle ? cases_log_uniform(&rng, -150, -120) : cases_log_uniform(&rng, -32, -8));
        }
    }
    if (kind == MODEL_TIED) tie_first_and_last_class(&r->given.w, &r->shape);
    if (kind == MODEL_LARGE) enlarge(r, &rng);
    if (kind == MODEL_ZEROS) make_zeros(r, &rng);
}

/* ---- the fixture */

static int open_trainer(struct step_fixture *r, float lr, struct contender *c, struct trainer **t,
                        struct error *e)
{
    struct plan plan = r->plan;
    plan.lr = lr;
    if (contender_open(c, r->proof->backend, r->proof->fallback, &plan, e)) return (int)e->code;
    *t = trainer_new(c, r->composed);
    return *t ? 0
              : error_set(e, EXIT_INTERNAL, "proof of %s: no memory for a training step",
                          r->proof->backend->name);
}

struct plan step_fixture_plan(const struct proof *p, const struct shape *shape, int batch)
{
    struct plan plan = *p->plan;
    plan.inputs = shape->inputs;
    plan.hidden = shape->hidden;
    plan.classes = shape->classes;
    plan.batch = batch;
    return plan;
}

int step_fixture_open(struct step_fixture *r, struct proof *p, const char *name, const struct plan *plan,
                      bool composed, struct error *e)
{
    struct rng rng = rng_seed(p->options->seed, 62);
    const struct shape of_plan = {plan->inputs, plan->hidden, plan->classes}, *const shape = &of_plan;
    const int batch = plan->batch;
    *r = (struct step_fixture){
        .proof = p, .plan = *plan, .shape = of_plan, .composed = composed, .name = name};
    network_alloc(&r->given, shape);
    const size_t prob_bytes = (size_t)batch * (size_t)shape->classes * sizeof(float);
    if (!r->given.w.w1 || guarded_model_open(&r->stored, shape) ||
        guarded_open(&r->prob_arena, 2 * prob_bytes) || oracle_step_open(&r->oracle, shape, batch) ||
        pool_open(r, &rng))
        error_set(e, EXIT_INTERNAL, "proof of %s: no memory for the oracle's training step",
                  p->backend->name);
    else if (open_trainer(r, plan->lr, &r->contender, &r->trainer, e) == 0 &&
             open_trainer(r, READBACK_RATE, &r->readback, &r->readback_trainer, e) == 0)
        return 0;
    step_fixture_close(r);
    return (int)e->code;
}

void step_fixture_close(struct step_fixture *r)
{
    trainer_free(r->trainer);
    trainer_free(r->readback_trainer);
    contender_close(&r->contender);
    contender_close(&r->readback);
    network_free(&r->given);
    guarded_model_close(&r->stored);
    guarded_close(&r->prob_arena);
    pool_close(&r->pool);
    oracle_step_close(&r->oracle);
}
