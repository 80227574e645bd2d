/* SPDX-License-Identifier: MIT
 *
 * Courses of steps: what may be postponed (the decay of v of a pixel that no image has), saved (lists of
 * pixels, labels) or shared between two states, and must not show. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "proof/cases.h"
#include "proof/course.h"
#include "proof/prove_step.h"

enum course_row { ROW_SIZES, ROW_IDLE, ROW_REUSE, ROW_WHOLE, ROW_STATES, ROW_NAN, ROW_COUNT };

static const char *const row_names[ROW_COUNT] = {
    [ROW_SIZES] = "course: every size to 67",  [ROW_IDLE] = "course: idle pixels",
    [ROW_REUSE] = "course: memory used again", [ROW_WHOLE] = "course: whole batches",
    [ROW_STATES] = "course: two states",       [ROW_NAN] = "course: after a model of NaN",
};

static int from_to(struct rng *rng, int least, int most)
{
    return least + (int)rng_below(rng, (uint32_t)(most - least + 1));
}

/* A small network; constants of which none is the usual one. */
static struct plan draw_plan(const struct proof *p, struct rng *rng, int batch)
{
    const struct shape shape = {from_to(rng, 34, 70), from_to(rng, 2, 9), from_to(rng, 2, 16)};
    struct plan plan = step_fixture_plan(p, &shape, batch);
    plan.rho = rng_float(rng, 0.5f, 0.99f);
    plan.epsilon = ldexpf(rng_float(rng, 1.0f, 2.0f), -from_to(rng, 4, 20));
    return plan;
}

/* Begins a case of one course. False when it is not wanted, or cannot be. */
static bool begin(struct course *c, struct proof *p, struct proof_row *row, const struct plan *plan,
                  int images, bool composed, const char *parameters)
{
    struct error refusal = {0};
    const uint64_t seed = proof_case_seed(p);
    if (!case_begin(p, "%s course, %s: %d-%d-%d rows=%d rho=%.9g epsilon=%.9g seed=0x%llx",
                    composed ? "composed step" : "step", parameters, plan->inputs, plan->hidden,
                    plan->classes, plan->batch, (double)plan->rho, (double)plan->epsilon,
                    (unsigned long long)seed))
        return false;
    if (course_open(c, p, plan, images, composed, seed, &refusal)) {
        case_fail(p, row, "%s", refusal.text);
        case_end(p, row);
        return false;
    }
    c->row = row;
    return true;
}

static void end(struct course *c)
{
    struct proof *p = c->proof;
    struct proof_row *row = c->row;
    course_close(c);
    case_end(p, row);
}

/* ---- images */

static uint8_t ink(struct rng *rng)
{
    return (uint8_t)from_to(rng, 1, 255);
}

/* New images with about so many pixels in 100 set, new labels, a new list. */
static void draw_images(struct course *c, struct rng *rng, int percent)
{
    course_changed(c);
    for (int i = 0; i < c->images * c->shape.inputs; i++)
        c->pixels[i] = rng_below(rng, 100) < (uint32_t)percent ? ink(rng) : 0;
    for (int i = 0; i < c->images; i++) c->labels[i] = (uint8_t)rng_below(rng, (uint32_t)c->shape.classes);
    for (int i = 0; i < c->plan.batch; i++) c->index[i] = rng_below(rng, (uint32_t)c->images);
}

/* In images that the batch has: black for all, or set in one or all of them. */
static void set_pixel(struct course *c, struct rng *rng, int pixel, bool set)
{
    const uint32_t one = c->index[rng_below(rng, (uint32_t)c->rows)];
    const bool all = rng_below(rng, 4) == 0;
    course_changed(c);
    for (int i = 0; i < c->images; i++)
        c->pixels[i * c->shape.inputs + pixel] = set && (all || (uint32_t)i == one) ? ink(rng) : 0;
}

/* ---- sizes */

static void shuffle(struct rng *rng, int *list, int count)
{
    for (int i = count - 1; i > 0; i--) {
        const int j = (int)rng_below(rng, (uint32_t)i + 1), other = list[i];
        list[i] = list[j];
        list[j] = other;
    }
}

/* Each number of pixels, hidden units and images once, in combinations drawn: a tail of any length. */
static void prove_sizes(struct proof *p, struct proof_row *row, bool composed, struct rng *rng)
{
    int size[3][CASES_ALL_RESIDUES];
    for (int i = 0; i < 3 * CASES_ALL_RESIDUES; i++)
        size[i / CASES_ALL_RESIDUES][i % CASES_ALL_RESIDUES] = i % CASES_ALL_RESIDUES + 1;
    for (int i = 0; i < 3; i++) shuffle(rng, size[i], CASES_ALL_RESIDUES);
    for (int i = 0; i < CASES_ALL_RESIDUES; i++) {
        struct plan plan = draw_plan(p, rng, size[0][i]);
        struct course c;
        plan.inputs = size[1][i];
        plan.hidden = size[2][i];
        if (!begin(&c, p, row, &plan, plan.batch, composed, "sizes")) continue;
        draw_images(&c, rng, 40);
        course_load(&c);
        course_step(&c);
        course_step(&c);
        course_predict(&c);
        course_store(&c);
        end(&c);
    }
}

/* ---- pixels that are black for a while */

enum between { NOTHING, PREDICT, PREDICT_AND_STORE, LOAD, STORE_LAST, BETWEEN_KINDS };
static const char *const between_names[BETWEEN_KINDS] = {"nothing", "predict", "predict,store", "load",
                                                         "store-last"};

static void idle(struct course *c, struct rng *rng, const bool *dark, int length, enum between between)
{
    const int middle = length / 2;
    draw_images(c, rng, 40);
    for (int p = 0; p < c->shape.inputs; p++)
        if (dark[p]) set_pixel(c, rng, p, false);
    for (int step = 0; step < length; step++) {
        if (step == middle && between == LOAD) course_load(c);
        if (step == middle && (between == PREDICT || between == PREDICT_AND_STORE)) course_predict(c);
        if (step == middle && between == PREDICT_AND_STORE) course_store(c);
        course_step(c);
    }
    if (between == STORE_LAST) course_store(c);
}

/* All pixels are set, some are black for so many steps, set again, black for one step. */
static void idle_course(struct course *c, struct rng *rng, int length, enum between between)
{
    bool dark[128] = {false};
    for (int p = 0; p < c->shape.inputs; p++) dark[p] = rng_below(rng, 2);
    course_load(c);
    draw_images(c, rng, 60);
    for (int i = from_to(rng, 0, 2); i > 0; i--) course_step(c);
    idle(c, rng, dark, length, between);
    for (int p = 0; p < c->shape.inputs; p++)
        if (dark[p] && rng_below(rng, 3) > 0) set_pixel(c, rng, p, true);
    course_step(c);
    course_predict(c);
    course_store(c);
    idle(c, rng, dark, 1, STORE_LAST);
}

/* Lengths around the powers of two at which counters and loops turn. The long ones are about counting: one
 * thread will do, nothing interrupts them, and rho is such that v is a normal number all the time, but for
 * the last but one, in which it vanishes. */
static void prove_idle(struct proof *p, struct proof_row *row, bool composed, struct rng *rng)
{
    const int lengths[] = {0,   1,   2,    from_to(rng, 3, 14),     15,
                           16,  17,  18,   from_to(rng, 19, 250),   255,
                           256, 257, 1000, from_to(rng, 1025, 1200)};
    const int count = sizeof lengths / sizeof *lengths;
    for (int i = 0; i < count; i++) {
        const int length = lengths[i];
        for (int between = 0; between < BETWEEN_KINDS; between++) {
            struct plan plan = draw_plan(p, rng, from_to(rng, 1, 4));
            struct course c;
            char parameters[64];
            if (length > 20 && between != (i % 2 ? NOTHING : STORE_LAST)) continue;
            if (length > 20 && i != count - 2) plan.rho = 1.0f - ldexpf(rng_float(rng, 1.0f, 2.0f), -9);
            if (length > 20) plan.threads = 1;
            snprintf(parameters, sizeof parameters, "idle for %d, between=%s", length,
                     between_names[between]);
            if (!begin(&c, p, row, &plan, plan.batch, composed, parameters)) continue;
            idle_course(&c, rng, length, (enum between)between);
            end(&c);
        }
    }
}

/* ---- memory used again with other contents */

enum change {
    CHANGE_ALL,
    CHANGE_A_PIXEL,
    CHANGE_A_LABEL,
    CHANGE_LABELS,
    CHANGE_INDEX,
    CHANGE_LAST_INDEX,
    CHANGE_ROWS,
    CHANGE_NOTHING,
    CHANGE_KINDS
};

static void change(struct course *c, struct rng *rng, enum change kind)
{
    const int in = c->shape.inputs;
    const uint32_t image = c->index[rng_below(rng, (uint32_t)c->rows)];
    uint8_t *pixel = &c->pixels[image * (uint32_t)in + rng_below(rng, (uint32_t)in)];
    course_changed(c);
    switch (kind) {
    case CHANGE_ALL:
        for (int i = 0; i < c->images * in; i++) c->pixels[i] = rng_below(rng, 100) < 30 ? ink(rng) : 0;
        break;
    case CHANGE_A_PIXEL:
        *pixel = *pixel ? 0 : ink(rng);
        break;
    case CHANGE_A_LABEL:
        c->labels[image] = (uint8_t)((c->labels[image] + 1) % c->shape.classes);
        break;
    case CHANGE_LABELS:
        for (int i = 0; i < c->images; i++)
            c->labels[i] = (uint8_t)rng_below(rng, (uint32_t)c->shape.classes);
        break;
    case CHANGE_INDEX:
        for (int i = 0; i < c->plan.batch; i++) c->index[i] = rng_below(rng, (uint32_t)c->images);
        break;
    case CHANGE_LAST_INDEX:
        c->index[c->rows - 1] = (c->index[c->rows - 1] + 1) % (uint32_t)c->images;
        break;
    case CHANGE_ROWS:
        c->rows = from_to(rng, 1, c->plan.batch);
        break;
    default:
        break;
    }
}

/* Predictions and steps in any order, a change before each; every answer is looked at. */
static void reuse_course(struct course *c, struct rng *rng)
{
    enum { CALLS = 40 };
    draw_images(c, rng, 30);
    course_load(c);
    course_step(c);
    for (int call = 0; call < CALLS; call++) {
        change(c, rng, (enum change)(call % CHANGE_KINDS));
        switch (rng_below(rng, 8)) {
        case 0:
            course_store(c);
            course_step(c);
            break;
        case 1:
        case 2:
            course_predict(c);
            break;
        case 3:
            course_predict(c);
            course_step(c);
            break;
        default:
            course_step(c);
        }
    }
    course_store(c);
}

static void prove_reuse(struct proof *p, struct proof_row *row, bool composed, struct rng *rng)
{
    for (int i = 0; i < 4; i++) {
        const struct plan plan = draw_plan(p, rng, from_to(rng, 2, 12));
        struct course c;
        if (!begin(&c, p, row, &plan, plan.batch + 3, composed, "memory used again")) continue;
        reuse_course(&c, rng);
        end(&c);
    }
}

/* ---- batches that are all alike, or where each pixel is set in one image */

static void scatter(struct course *c, struct rng *rng)
{
    memset(c->pixels, 0, (size_t)c->images * (size_t)c->shape.inputs);
    for (int p = 0; p < c->shape.inputs; p++) set_pixel(c, rng, p, true);
}

static void whole_course(struct course *c, struct rng *rng)
{
    const size_t bytes = (size_t)c->images * (size_t)c->shape.inputs;
    course_load(c);
    for (int round = 0; round < 6; round++) {
        draw_images(c, rng, 20);
        if (round == 0) scatter(c, rng);
        if (round == 1) memset(c->pixels, 0, bytes);
        if (round == 2) memset(c->pixels, 255, bytes);
        for (int i = 0; round == 3 && i < c->rows; i++) c->index[i] = c->index[0];
        for (int i = 0; round == 4 && i < c->rows; i++) c->index[i] = (uint32_t)i;
        course_step(c);
        if (rng_below(rng, 2)) course_predict(c);
        if (round % 2) course_store(c);
    }
    scatter(c, rng);
    course_predict(c);
    course_step(c);
    course_store(c);
}

static void prove_whole(struct proof *p, struct proof_row *row, bool composed, struct rng *rng)
{
    for (int i = 0; i < 3; i++) {
        const struct plan plan = draw_plan(p, rng, i ? from_to(rng, 100, 300) : 128);
        struct course c;
        if (!begin(&c, p, row, &plan, plan.batch, composed, "whole batches")) continue;
        whole_course(&c, rng);
        end(&c);
    }
}

/* ---- two states */

static void call_one(struct course *c, struct rng *rng)
{
    switch (rng_below(rng, 8)) {
    case 0:
        course_load(c);
        break;
    case 1:
        course_predict(c);
        break;
    case 2:
        course_store(c);
        break;
    case 3:
        draw_images(c, rng, 40);
        break;
    default:
        course_step(c);
    }
}

/* Both are loaded before either steps; then the two in random order; one is closed before the other's last
 * steps.
 */
static void two_courses(struct course *x, struct course *y, struct rng *rng)
{
    enum { CALLS = 40 };
    struct course *const both[2] = {x, y};
    for (int i = 0; i < 2; i++) {
        draw_images(both[i], rng, 40);
        course_load(both[i]);
    }
    for (int i = 0; i < 2; i++) course_step(both[i]);
    for (int i = 0; i < 2; i++) course_predict(both[i]);
    for (int i = 0; i < 2; i++) course_store(both[i]);
    for (int i = 0; i < CALLS; i++) call_one(both[rng_below(rng, 2)], rng);
    course_store(y);
    course_close(y);
    course_step(x);
    course_predict(x);
    course_store(x);
}

/* Of the same sizes, of others with the larger one first, and with the smaller. */
static void prove_states(struct proof *p, struct proof_row *row, bool composed, struct rng *rng)
{
    for (int i = 0; i < 4; i++) {
        struct plan plan[2] = {draw_plan(p, rng, 5), draw_plan(p, rng, from_to(rng, 1, 12))};
        struct course x, y;
        struct error refusal = {0};
        if (i % 2) {
            plan[1].inputs = plan[0].inputs;
            plan[1].hidden = plan[0].hidden;
            plan[1].classes = plan[0].classes;
            plan[1].batch = plan[0].batch;
        }
        if (i >= 2) plan[i - 2].threads = 1;
        if (!begin(&x, p, row, &plan[0], plan[0].batch, composed, "two states")) continue;
        if (course_open(&y, p, &plan[1], plan[1].batch, composed, proof_case_seed(p), &refusal)) {
            case_fail(p, row, "%s", refusal.text);
        } else {
            y.row = row;
            two_courses(&x, &y, rng);
        }
        end(&x);
    }
}

/* ---- after NaN */

static void prove_after_nan(struct proof *p, struct proof_row *row, bool composed, struct rng *rng)
{
    for (int i = 0; i < 3; i++) {
        const struct plan plan = draw_plan(p, rng, from_to(rng, 1, 9));
        struct course c;
        if (!begin(&c, p, row, &plan, plan.batch, composed, "after NaN")) continue;
        draw_images(&c, rng, 40);
        course_ruin(&c);
        course_load(&c);
        course_predict(&c);
        course_step(&c);
        course_step(&c);
        course_predict(&c);
        course_store(&c);
        end(&c);
    }
}

int prove_course(struct proof *p, bool composed, struct error *e)
{
    void (*const prove[ROW_COUNT])(struct proof *, struct proof_row *, bool, struct rng *) = {
        [ROW_SIZES] = prove_sizes, [ROW_IDLE] = prove_idle,     [ROW_REUSE] = prove_reuse,
        [ROW_WHOLE] = prove_whole, [ROW_STATES] = prove_states, [ROW_NAN] = prove_after_nan};
    const char *op = composed ? "composed step" : "step";
    for (int i = 0; i < ROW_COUNT; i++) {
        struct rng rng = rng_seed(p->options->seed, 72 + (uint64_t)i);
        struct proof_row row;
        row_begin(p, &row, op, row_names[i], false);
        proof_begin_stream(p, op, row_names[i]);
        prove[i](p, &row, composed, &rng);
        row_end(p, &row);
    }
    return (int)e->code;
}
