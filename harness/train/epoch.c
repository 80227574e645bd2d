/* SPDX-License-Identifier: MIT */
#include "train/epoch.h"

#include "base/timestamp.h"
#include "base/rng.h"

/* Random stream of the first epoch less one; network_init has streams below. */
static const uint64_t order_stream = (uint64_t)1 << 32;

void epoch_order(uint32_t *order, uint32_t count, uint64_t seed, int epoch)
{
    struct rng rng = rng_seed(seed, order_stream + (uint64_t)epoch);
    for (uint32_t i = 0; i < count; i++) order[i] = i;
    for (uint32_t i = count; i > 1; i--) { /* Fisher-Yates, from the end */
        const uint32_t j = rng_below(&rng, i);
        const uint32_t swap = order[i - 1];
        order[i - 1] = order[j];
        order[j] = swap;
    }
}

uint64_t epoch_order_hash(const uint32_t *order, uint32_t count)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (uint32_t i = 0; i < count; i++)
        for (int shift = 0; shift < 32; shift += 8)
            hash = (hash ^ (order[i] >> shift & 0xff)) * 0x100000001b3u;
    return hash;
}

#define PUBLISH(member, value)                                                                               \
    do {                                                                                                     \
        if (progress) atomic_store_explicit(&progress->member, value, memory_order_relaxed);                 \
    } while (0)

/* One walk over a split: which samples in which order, and what came of it. */
struct pass {
    const struct split *split;
    const uint32_t *order;
    int batch;
    bool training;
    struct progress *progress;
    const volatile int *stop;
    const struct epoch_watch *watch; /* NULL: no watch */
    struct timestamp watched;        /* what the watch took */
    int steps;                       /* results from here on */
    long long samples;
    double loss_sum;
    long long correct;
};

static int steps_due(const struct pass *p)
{
    const uint32_t batch = (uint32_t)p->batch;
    return (int)(p->split->count / batch + (p->split->count % batch != 0));
}

static void publish_start(const struct pass *p)
{
    struct progress *progress = p->progress;
    PUBLISH(step, 0);
    PUBLISH(steps, steps_due(p));
    PUBLISH(samples, 0);
    PUBLISH(loss_sum, 0.0);
    PUBLISH(correct, 0);
    PUBLISH(phase_start, clock_seconds());
    PUBLISH(phase, p->training ? PROGRESS_TRAIN : PROGRESS_VALIDATE);
}

static void publish_step(const struct pass *p)
{
    struct progress *progress = p->progress;
    PUBLISH(step, p->steps);
    PUBLISH(samples, p->samples);
    PUBLISH(loss_sum, p->loss_sum);
    PUBLISH(correct, p->correct);
}

static void add_span(struct timestamp *sum, const struct timestamp *start)
{
    const struct timestamp now = timestamp_now();
    sum->seconds += now.seconds - start->seconds;
    sum->ticks += now.ticks - start->ticks;
}

/* A training step; what the watch does around it is not timed. */
static void step(struct trainer *t, struct pass *p, const struct batch *b, struct step_result *r)
{
    if (!p->watch) {
        trainer_step(t, b, r);
        return;
    }
    struct timestamp start = timestamp_now();
    const bool watched = p->watch->before(p->watch->context, t, p->steps, steps_due(p));
    add_span(&p->watched, &start);
    trainer_step(t, b, r);
    if (!watched) return;
    start = timestamp_now();
    p->watch->after(p->watch->context, t, b, r);
    add_span(&p->watched, &start);
}

/* The samples from the order's entry `at` on, as many as a batch has or as there are left. */
static struct batch batch_at(const struct pass *p, uint32_t at)
{
    const uint32_t left = p->split->count - at;
    return (struct batch){.pixels = p->split->pixels,
                          .labels = p->split->labels,
                          .index = p->order + at,
                          .rows = left < (uint32_t)p->batch ? (int)left : p->batch};
}

/* Batch after batch, each with the one that follows it, the last partial one included. Returns what the loop
 * took by either clock. */
static struct timestamp run_pass(struct trainer *t, struct pass *p)
{
    const uint32_t count = p->split->count;
    struct timestamp took = {0.0, 0};
    publish_start(p);
    const struct timestamp start = timestamp_now();
    for (uint32_t at = 0; at < count && !(p->stop && *p->stop);) {
        struct batch b = batch_at(p, at);
        at += (uint32_t)b.rows;
        const struct batch next = batch_at(p, at);
        if (at < count) b.next = &next;
        struct step_result r = {0};
        if (p->training)
            step(t, p, &b, &r);
        else
            trainer_predict(t, &b, NULL, &r);
        p->steps++;
        p->samples += b.rows;
        p->loss_sum += r.loss_sum;
        p->correct += r.correct;
        publish_step(p);
    }
    add_span(&took, &start);
    took.seconds -= p->watched.seconds;
    took.ticks -= p->watched.ticks;
    return took;
}

static double mean(double sum, long long count)
{
    return count ? sum / (double)count : 0.0;
}

void epoch_run(struct trainer *t, const struct dataset *d, int batch, uint64_t seed, int epoch,
               uint32_t *order, struct progress *progress, const volatile int *stop, struct epoch_result *r)
{
    epoch_run_watched(t, d, batch, seed, epoch, order, progress, stop, NULL, r);
}

void epoch_run_watched(struct trainer *t, const struct dataset *d, int batch, uint64_t seed, int epoch,
                       uint32_t *order, struct progress *progress, const volatile int *stop,
                       const struct epoch_watch *watch, struct epoch_result *r)
{
    struct pass train = {.split = &d->train,
                         .order = order,
                         .batch = batch,
                         .training = true,
                         .progress = progress,
                         .stop = stop,
                         .watch = watch};
    struct pass test = train;
    test.split = &d->test;
    test.training = false;
    test.watch = NULL;

    PUBLISH(epoch, epoch);
    epoch_order(order, d->train.count, seed, epoch);
    const struct timestamp train_took = run_pass(t, &train);
    const uint64_t order_hash = epoch_order_hash(order, d->train.count);
    for (uint32_t i = 0; i < d->test.count; i++) order[i] = i;
    const struct timestamp val_took = run_pass(t, &test);
    PUBLISH(phase, PROGRESS_IDLE);

    *r = (struct epoch_result){
        .epoch = epoch,
        .steps = train.steps,
        .samples = train.samples,
        .train_seconds = train_took.seconds,
        .val_seconds = val_took.seconds,
        .loss = mean(train.loss_sum, train.samples),
        .accuracy = mean((double)train.correct, train.samples),
        .val_loss = mean(test.loss_sum, test.samples),
        .val_accuracy = mean((double)test.correct, test.samples),
        .train_ticks = train_took.ticks,
        .order_hash = order_hash,
    };
}
