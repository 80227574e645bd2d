/* SPDX-License-Identifier: MIT */
#include "proof/step_rig.h"

#include <math.h>
#include <string.h>

enum { POOL_IMAGES = 192 };

/* ---- models between guard pages */

static int guarded_model_open(struct guarded_model *g, const struct shape *s)
{
    int failed = 0;
    for (int i = 0; i < TENSOR_COUNT; i++) {
        const size_t bytes = tensor_count(s, i) * sizeof(float);
        failed |= guarded_open(&g->arena[i], bytes) | guarded_open(&g->arena[TENSOR_COUNT + i], bytes);
    }
    return failed;
}

static void guarded_model_close(struct guarded_model *g)
{
    for (int i = 0; i < 2 * TENSOR_COUNT; i++) guarded_close(&g->arena[i]);
}

static void place_tensors(struct tensors *t, struct guarded *arena, const struct shape *s)
{
    float **const members[TENSOR_COUNT] = {&t->w1, &t->b1, &t->w2, &t->b2};
    for (int i = 0; i < TENSOR_COUNT; i++)
        *members[i] = guarded_place(&arena[i], tensor_count(s, i) * sizeof(float), PLACE_END);
}

void step_rig_store(struct step_rig *r, struct trainer *t)
{
    place_tensors(&r->stored.model.w, r->stored.arena, &r->shape);
    place_tensors(&r->stored.model.v, r->stored.arena + TENSOR_COUNT, &r->shape);
    trainer_store(t, &r->stored.model);
}

long long step_rig_intruded(const struct step_rig *r)
{
    long long bytes = 0;
    for (int i = 0; i < 2 * TENSOR_COUNT; i++) bytes += guarded_intruded(&r->stored.arena[i]);
    return bytes;
}

/* ---- images */

static bool has_real_images(const struct step_rig *r)
{
    const struct dataset *d = r->proof->options->data;
    return d && d->rows * d->cols == r->shape.inputs && d->train.count > 0 &&
           r->shape.classes >= DATASET_CLASSES;
}

static int pool_open(struct step_rig *r, struct rng *rng)
{
    struct image_pool *pool = &r->pool;
    const struct dataset *data = has_real_images(r) ? r->proof->options->data : NULL;
    const size_t in = (size_t)r->shape.inputs, rows = (size_t)r->plan.batch;
    pool->count = POOL_IMAGES;
    if (guarded_open(&pool->pixel_arena, POOL_IMAGES * in) | guarded_open(&pool->label_arena, POOL_IMAGES) |
        guarded_open(&pool->index_arena, rows * sizeof *pool->index))
        return -1;
    pool->pixels = guarded_place(&pool->pixel_arena, POOL_IMAGES * in, PLACE_END);
    pool->labels = guarded_place(&pool->label_arena, POOL_IMAGES, PLACE_END);
    memset(pool->pixels, 0, in);
    for (int i = 0; i < POOL_IMAGES; i++) {
        const uint32_t source = data ? rng_below(rng, data->train.count) : 0;
        uint8_t *image = pool->pixels + (size_t)i * in;
        pool->labels[i] =
            data ? data->train.labels[source] : (uint8_t)rng_below(rng, (uint32_t)r->shape.classes);
        if (i > 0 && data) memcpy(image, data->train.pixels + (size_t)source * in, in);
        if (i > 0 && !data) cases_image(rng, image, r->shape.inputs);
        if (i > 0 && !data) image[rng_below(rng, (uint32_t)in)] = 255; /* narrow ones must not be empty */
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

void step_rig_draw(struct step_rig *r, struct rng *rng, int rows, enum rig_batch kind)
{
    struct image_pool *pool = &r->pool;
    r->oracle_knows = false;
    guarded_release(&pool->index_arena);
    pool->index = guarded_place(&pool->index_arena, (size_t)rows * sizeof *pool->index, PLACE_END);
    for (int i = 0; i < rows; i++) pool->index[i] = 1 + rng_below(rng, (uint32_t)pool->count - 1);
    if (kind == BATCH_WITH_ZERO_IMAGE) pool->index[0] = pool->index[rows - 1] = 0;
    for (int i = 1; kind == BATCH_REPEATED_IMAGE && i < rows; i += 2) pool->index[i] = pool->index[0];
    pool->index[rows / 2] = (uint32_t)pool->count - 1; /* the image against the guard page */
    guarded_protect(&pool->index_arena);
    r->batch =
        (struct batch){.pixels = pool->pixels, .labels = pool->labels, .index = pool->index, .rows = rows};
}

/* ---- the model given */

/* Exactly: nothing is ever added to these two. */
static void tie_first_and_last_class(struct tensors *w, const struct shape *s)
{
    const int last = s->classes - 1;
    for (int c = 0; c < s->classes; c++) w->b2[c] = c == 0 || c == last ? 0.0f : -8.0f;
    for (int u = 0; u < s->hidden; u++) w->w2[u * s->classes] = w->w2[u * s->classes + last] = 0.0f;
}

void step_rig_fill_model(struct step_rig *r, uint64_t seed, enum rig_model kind, float gain)
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
}

/* ---- the rig */

static int open_trainer(struct step_rig *r, float lr, struct contender *c, struct trainer **t,
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

int step_rig_open(struct step_rig *r, struct proof *p, const char *name, const struct shape *shape, int batch,
                  bool composed, struct error *e)
{
    struct rng rng = rng_seed(p->options->seed, 62);
    *r = (struct step_rig){.proof = p, .plan = *p->plan, .shape = *shape, .composed = composed, .name = name};
    r->plan.inputs = shape->inputs;
    r->plan.hidden = shape->hidden;
    r->plan.classes = shape->classes;
    r->plan.batch = batch;
    network_alloc(&r->given, shape);
    const size_t prob_bytes = (size_t)batch * (size_t)shape->classes * sizeof(float);
    if (!r->given.w.w1 || guarded_model_open(&r->stored, shape) || guarded_open(&r->prob_arena, prob_bytes) ||
        oracle_step_open(&r->oracle, shape, batch) || pool_open(r, &rng))
        error_set(e, EXIT_INTERNAL, "proof of %s: no memory for the oracle's training step",
                  p->backend->name);
    else if (open_trainer(r, p->plan->lr, &r->contender, &r->trainer, e) == 0 &&
             open_trainer(r, READBACK_RATE, &r->readback, &r->readback_trainer, e) == 0)
        return 0;
    step_rig_close(r);
    return (int)e->code;
}

void step_rig_close(struct step_rig *r)
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
