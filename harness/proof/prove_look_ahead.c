/* SPDX-License-Identifier: MIT
 *
 * The batch that a call announces (batch.next) is a hint, which no result may depend on. Two states of the
 * backend run one course, and only one of them is told what comes next. All answers of both must be right;
 * where the backend promises the same bits, those of the two must be equal. */
#include <math.h>
#include <string.h>

#include "proof/course.h"
#include "proof/determinism.h"
#include "proof/prove_step.h"

/* What becomes of the batch announced before the next step. */
enum fate {
    FATE_COMES,
    FATE_AGAIN,      /* it is the batch under way, which comes once more */
    FATE_OTHER,      /* another comes, of as many rows */
    FATE_OTHER_ROWS, /* another comes, of any number of rows */
    FATE_PIXELS,     /* it comes at the same addresses, with other pixels */
    FATE_LABELS,     /* likewise with other labels */
    FATE_LIST,       /* likewise with another list */
    FATE_GONE,       /* its memory holds something else, and another comes */
    FATE_UNKNOWN,    /* none is announced */
    FATES
};

enum { COURSES = 4, STEPS = 2 * FATES, MOST_ROWS = 24 };

static int from_to(struct rng *rng, int least, int most)
{
    return least + (int)rng_below(rng, (uint32_t)(most - least + 1));
}

/* ---- images */

static void draw_pixels(struct course *c, struct rng *rng)
{
    for (int i = 0; i < c->images * c->shape.inputs; i++)
        c->pixels[i] = rng_below(rng, 100) < 30 ? (uint8_t)from_to(rng, 1, 255) : 0;
}

static void draw_labels(struct course *c, struct rng *rng)
{
    for (int i = 0; i < c->images; i++) c->labels[i] = (uint8_t)rng_below(rng, (uint32_t)c->shape.classes);
}

/* The list that begins at c->index[first]. */
static void draw_list(struct course *c, struct rng *rng, int first)
{
    for (int i = 0; i < c->plan.batch; i++) c->index[first + i] = rng_below(rng, (uint32_t)c->images);
}

/* ---- what is announced, and what comes */

static void *moved(struct guarded *g, const char *name, enum guarded_unit unit, const void *from,
                   size_t bytes)
{
    void *to = memcpy(guarded_place(g, name, unit, bytes, PLACE_END), from, bytes);
    guarded_protect(g);
    return to;
}

/* To memory between guard pages, read-only. */
static void move(const struct course *c, struct batch *b)
{
    struct guarded *arena = c->proof->arena;
    const size_t images = (size_t)c->images, rows = (size_t)b->rows;
    b->pixels =
        moved(&arena[ARENA_A], "pixels of next", UNIT_BYTE, b->pixels, images * (size_t)c->shape.inputs);
    b->labels = moved(&arena[ARENA_B], "labels of next", UNIT_BYTE, b->labels, images);
    b->index = moved(&arena[ARENA_C], "index of next", UNIT_INDEX, b->index, rows * sizeof *b->index);
}

/* Canaries instead of the batch that was moved there. */
static void overwrite(const struct course *c)
{
    for (int i = ARENA_A; i <= ARENA_C; i++) {
        struct guarded *g = &c->proof->arena[i];
        guarded_release(g);
        guarded_place(g, g->name, g->unit, g->bytes, PLACE_END);
    }
}

static struct batch announced(const struct course *c, struct rng *rng, enum fate fate)
{
    struct batch b = {.pixels = c->pixels,
                      .labels = c->labels,
                      .index = c->index + (c->plan.batch - c->first),
                      .rows = from_to(rng, 1, c->plan.batch)};
    if (fate == FATE_AGAIN) {
        b.index = c->index + c->first;
        b.rows = c->rows;
    }
    if (fate == FATE_GONE) move(c, &b);
    return b;
}

/* Makes the batch of the next step. */
static void turn(struct course *c, struct rng *rng, enum fate fate, int rows)
{
    const bool elsewhere = fate != FATE_AGAIN && fate != FATE_OTHER && fate != FATE_OTHER_ROWS;
    course_changed(c);
    if (elsewhere) c->first = c->plan.batch - c->first;
    c->rows = fate == FATE_OTHER_ROWS ? from_to(rng, 1, c->plan.batch) : rows;
    if (fate == FATE_PIXELS) draw_pixels(c, rng);
    if (fate == FATE_LABELS) draw_labels(c, rng);
    if (fate == FATE_GONE) overwrite(c);
    if (fate == FATE_OTHER || fate == FATE_OTHER_ROWS || fate == FATE_LIST || fate == FATE_GONE)
        draw_list(c, rng, c->first);
}

/* ---- the course */

/* The same for the same seed, but for the announcements. */
static void run(struct course *c, uint64_t seed, bool announces, struct step_result *answers)
{
    struct rng rng = rng_seed(seed, 73);
    draw_pixels(c, &rng);
    draw_labels(c, &rng);
    for (int i = 0; i < 2; i++) draw_list(c, &rng, i * c->plan.batch);
    course_changed(c);
    course_load(c);
    for (int step = 0; step < STEPS; step++) {
        const enum fate fate = (enum fate)(step % FATES);
        const struct batch next = announced(c, &rng, fate);
        c->next = announces && fate != FATE_UNKNOWN ? &next : NULL;
        if (rng_below(&rng, 4) == 0) course_predict(c);
        course_step(c);
        answers[step] = c->result;
        c->next = NULL;
        turn(c, &rng, fate, next.rows);
    }
    course_predict(c);
    answers[STEPS] = c->result;
    course_store(c);
}

static void compare_bits(const struct course c[2], struct step_result answers[2][STEPS + 1])
{
    struct proof *p = c->proof;
    const size_t prob_bytes = (size_t)c->rows * (size_t)c->shape.classes * sizeof(float);
    for (int i = 0; i <= STEPS; i++) {
        const struct step_result *told = &answers[0][i], *not_told = &answers[1][i];
        if (memcmp(&told->loss_sum, &not_told->loss_sum, sizeof told->loss_sum) != 0 ||
            told->correct != not_told->correct)
            case_fail(p, c->row, "answer %d: loss %.17g and %u right, without next %.17g and %u", i + 1,
                      told->loss_sum, told->correct, not_told->loss_sum, not_told->correct);
    }
    if (memcmp(c[0].prob, c[1].prob, prob_bytes) != 0)
        case_fail(p, c->row, "probabilities differ from those without next");
    for (int i = 0; i < TENSOR_COUNT; i++) {
        const struct model *told = &c[0].stored.model, *not_told = &c[1].stored.model;
        const size_t bytes = tensor_count(&c->shape, i) * sizeof(float);
        if (memcmp(tensor_data(&told->w, i), tensor_data(&not_told->w, i), bytes) != 0 ||
            memcmp(tensor_data(&told->v, i), tensor_data(&not_told->v, i), bytes) != 0)
            case_fail(p, c->row, "%s or its v differs from that without next", tensor_name(i));
    }
}

static int open_both(struct course c[2], struct proof *p, struct proof_row *row, const struct plan *plan,
                     uint64_t seed, struct error *e)
{
    for (int i = 0; i < 2; i++) {
        if (course_open(&c[i], p, plan, plan->batch + 3, false, seed, e)) return (int)e->code;
        c[i].row = row;
    }
    return 0;
}

static void prove_both(struct proof *p, struct proof_row *row, struct rng *rng, int threads)
{
    static struct step_result answers[2][STEPS + 1];
    const struct shape shape = {from_to(rng, 1, 200), from_to(rng, 2, 40), from_to(rng, 2, 16)};
    struct plan plan = step_fixture_plan(p, &shape, from_to(rng, 2, MOST_ROWS));
    struct course c[2] = {0};
    struct error refusal = {0};
    const uint64_t seed = proof_case_seed(p);
    plan.threads = threads;
    if (!case_begin(p, "step look-ahead: %d-%d-%d rows=%d threads=%d seed=0x%llx", shape.inputs, shape.hidden,
                    shape.classes, plan.batch, threads, (unsigned long long)seed))
        return;
    if (open_both(c, p, row, &plan, seed, &refusal)) {
        case_fail(p, row, "%s", refusal.text);
    } else {
        for (int i = 0; i < 2; i++) run(&c[i], seed, i == 0, answers[i]);
        if (determinism_promised(p, false)) compare_bits(c, answers);
    }
    for (int i = 0; i < 2; i++) course_close(&c[i]);
    case_end(p, row);
}

int prove_look_ahead(struct proof *p, bool composed, struct error *e)
{
    struct proof_row row;
    struct rng rng = rng_seed(p->options->seed, 78);
    (void)composed;
    (void)e;
    row_begin(p, &row, "step", "look-ahead", false);
    proof_begin_stream(p, "step", "look-ahead");
    for (int i = 0; i < COURSES; i++) prove_both(p, &row, &rng, i ? 1 : p->plan->threads);
    row_end(p, &row);
    return 0;
}
