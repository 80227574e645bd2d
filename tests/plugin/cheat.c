/* SPDX-License-Identifier: MIT
 *
 * A plug-in with a whole training step, plain and right, whose argument (--backend cheat:KIND) says how it
 * cheats once the proof is over. It takes the proof to be over when it was asked for more steps in a row than
 * any proof does, with no load() in between. Without an argument it is honest. */
#include <elf.h>
#include <link.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <xmmintrin.h>

#include "backend.h"

/* Steps since the last load() after which it dares to cheat, and least hidden units: the proof does 200 steps
 * in a row, and more than 1000 with networks of a few hidden units only. */
enum { PROOF_STEPS = 220, PROOF_HIDDEN = 10, TENSORS = 4, CACHED = 8 };

struct state {
    struct plan plan;
    char kind[24];
    size_t size[TENSORS];
    float *w[TENSORS], *v[TENSORS], *g[TENSORS]; /* w1, b1, w2, b2 */
    float *x, *h, *dh, *z;
    long steps;            /* since load() */
    int stored;            /* store() was the last call */
    float *cached[CACHED]; /* gradients of earlier batches, all tensors */
    struct step_result cached_result[CACHED];
};

static int is(const struct state *s, const char *kind)
{
    return strcmp(s->kind, kind) == 0;
}

/* ---- The honest step ---- */

static void forward(struct state *s, const struct batch *b)
{
    const int in = s->plan.inputs, hid = s->plan.hidden, cls = s->plan.classes;
    for (int i = 0; i < b->rows; i++) {
        float *x = s->x + (size_t)i * in, *h = s->h + (size_t)i * hid, *z = s->z + (size_t)i * cls;
        for (int p = 0; p < in; p++) x[p] = b->pixels[(size_t)b->index[i] * in + p] / 255.0f;
        memset(h, 0, (size_t)hid * sizeof *h);
        for (int p = 0; p < in; p++)
            for (int j = 0; j < hid; j++) h[j] += x[p] * s->w[0][(size_t)p * hid + j];
        for (int j = 0; j < hid; j++) {
            const float y = h[j] + s->w[1][j];
            h[j] = y < 0.0f ? 0.0f : y;
        }
        memset(z, 0, (size_t)cls * sizeof *z);
        for (int j = 0; j < hid; j++)
            for (int c = 0; c < cls; c++) z[c] += h[j] * s->w[2][(size_t)j * cls + c];
        for (int c = 0; c < cls; c++) z[c] += s->w[3][c];
    }
}

/* Logits become the gradient of the mean loss, or probabilities where rows is 0. */
static void output(struct state *s, const struct batch *b, int training, float *prob, struct step_result *r)
{
    const int cls = s->plan.classes;
    *r = (struct step_result){0.0, 0};
    for (int i = 0; i < b->rows; i++) {
        float *z = s->z + (size_t)i * cls, most, sum = 0.0f;
        const int label = b->labels[b->index[i]];
        int best = 0;
        for (int c = 1; c < cls; c++)
            if (z[c] > z[best]) best = c;
        most = z[best];
        for (int c = 0; c < cls; c++) sum += expf(z[c] - most);
        r->loss_sum += (double)(logf(sum) + (most - z[label]));
        r->correct += best == label;
        for (int c = 0; c < cls; c++) {
            const float p = expf(z[c] - most) / sum;
            if (prob) prob[(size_t)i * cls + c] = p;
            if (training) z[c] = (p - (c == label ? 1.0f : 0.0f)) * (1.0f / (float)b->rows);
        }
    }
}

static void backward(struct state *s, int rows)
{
    const int in = s->plan.inputs, hid = s->plan.hidden, cls = s->plan.classes;
    for (int t = 0; t < TENSORS; t++) memset(s->g[t], 0, s->size[t] * sizeof *s->g[t]);
    for (int i = 0; i < rows; i++) {
        const float *x = s->x + (size_t)i * in, *h = s->h + (size_t)i * hid, *z = s->z + (size_t)i * cls;
        float *dh = s->dh;
        for (int j = 0; j < hid; j++) {
            dh[j] = 0.0f;
            for (int c = 0; c < cls; c++) {
                s->g[2][(size_t)j * cls + c] += h[j] * z[c];
                dh[j] += z[c] * s->w[2][(size_t)j * cls + c];
            }
            if (!(h[j] > 0.0f)) dh[j] = 0.0f;
            s->g[1][j] += dh[j];
        }
        for (int c = 0; c < cls; c++) s->g[3][c] += z[c];
        for (int p = 0; p < in; p++)
            for (int j = 0; j < hid; j++) s->g[0][(size_t)p * hid + j] += x[p] * dh[j];
    }
}

static void update(struct state *s)
{
    const float rest = 1.0f - s->plan.rho;
    for (int t = 0; t < TENSORS; t++)
        for (size_t i = 0; i < s->size[t]; i++) {
            const float g = s->g[t][i];
            s->v[t][i] = s->plan.rho * s->v[t][i] + rest * g * g;
            s->w[t][i] -= s->plan.lr * g / (sqrtf(s->v[t][i]) + s->plan.epsilon);
        }
}

static void honest_step(struct state *s, const struct batch *b, struct step_result *r)
{
    forward(s, b);
    output(s, b, 1, NULL, r);
    backward(s, b->rows);
    update(s);
}

/* ---- The cheats ---- */

/* No backward pass, no update. */
static void skip(struct state *s, const struct batch *b, struct step_result *r)
{
    forward(s, b);
    output(s, b, 0, NULL, r);
}

/* The gradients and the loss of an earlier batch that it takes for the same: its first image has the same
 * number modulo CACHED. */
static void from_cache(struct state *s, const struct batch *b, struct step_result *r)
{
    const size_t which = b->index[0] % CACHED;
    float *at = s->cached[which];
    if (!at) {
        const size_t all = s->size[0] + s->size[1] + s->size[2] + s->size[3];
        at = s->cached[which] = malloc(all * sizeof *at);
        if (!at) abort();
        honest_step(s, b, r);
        for (int t = 0; t < TENSORS; at += s->size[t++]) memcpy(at, s->g[t], s->size[t] * sizeof *at);
        s->cached_result[which] = *r;
        return;
    }
    for (int t = 0; t < TENSORS; at += s->size[t++]) memcpy(s->g[t], at, s->size[t] * sizeof *at);
    *r = s->cached_result[which];
    update(s);
}

/* ---- Help from other processes ---- */

static _Noreturn void sleep_forever(void)
{
    for (int fd = 0; fd < 3; fd++) close(fd); /* nobody waits for its end */
    for (;;) pause();
}

/* A process that its parent does not know of any more, in a session of its own. */
static void hide(void)
{
    const pid_t child = fork();
    if (child == 0) {
        setsid();
        if (fork() == 0) sleep_forever();
        _exit(0);
    }
    waitpid(child, NULL, 0);
}

static void fork_something(const struct state *s)
{
    if (is(s, "hides")) {
        hide();
    } else if (is(s, "forks") || is(s, "spawns")) {
        const pid_t child = fork();
        if (child == 0 && is(s, "forks")) sleep_forever();
        if (child == 0) _exit(0);
        if (is(s, "spawns")) waitpid(child, NULL, 0);
    }
    if (is(s, "signals-term")) kill(0, SIGTERM);
    if (is(s, "signals-kill")) kill(0, SIGKILL);
}

static void *spin(void *unused)
{
    (void)unused;
    for (volatile int forever = 1; forever;) continue;
    return NULL;
}

/* One for all states. */
static void start_helper(void)
{
    static pthread_t helper;
    static int there;
    if (!there && pthread_create(&helper, NULL, spin, NULL) == 0) there = 1;
}

__attribute__((constructor)) static void in_the_constructor(void)
{
    if (getenv("CHEAT_FORKS_EARLY")) hide();
}

static void leak(size_t size)
{
    char *lost = malloc(size);
    if (lost) memset(lost, 1, size);
    __asm__ volatile("" : : "r"(lost) : "memory"); /* or the compiler would leave it out */
}

static void step(void *state, const struct batch *b, struct step_result *r)
{
    struct state *s = state;
    const int looked_at = s->stored; /* store() right before: somebody compares */
    const int late = ++s->steps > PROOF_STEPS && s->plan.hidden > PROOF_HIDDEN;
    s->stored = 0;
    if (late && is(s, "skips") && s->steps % 2)
        skip(s, b, r);
    else if (late && is(s, "skips-unseen") && s->steps % 2 && !looked_at)
        skip(s, b, r);
    else if (late && is(s, "caches"))
        from_cache(s, b, r);
    else
        honest_step(s, b, r);
    if (late && is(s, "leaks")) leak((size_t)256 << 10);
    if (late && is(s, "leaks-slowly")) leak(8192);
    if (late && (s->steps == PROOF_STEPS + 1 || is(s, "spawns"))) fork_something(s);
    if (late && is(s, "flushes")) _mm_setcsr(_mm_getcsr() | 0x8040); /* FTZ, DAZ */
}

/* ---- The clock: it takes three quarters of the time that it takes */

static int slow_clock(clockid_t clock, struct timespec *t)
{
    static struct timespec first;
    const long result = syscall(SYS_clock_gettime, clock, t);
    if (clock != CLOCK_MONOTONIC || result != 0) return (int)result;
    if (!first.tv_sec) first = *t;
    const long long passed = (t->tv_sec - first.tv_sec) * 1000000000LL + (t->tv_nsec - first.tv_nsec);
    const long long told = first.tv_nsec + passed * 3 / 4;
    *t = (struct timespec){first.tv_sec + told / 1000000000LL, told % 1000000000LL};
    return 0;
}

/* Enters it where the relocations of one table put the C library's. */
static void patch(const struct dl_phdr_info *info, const ElfW(Rela) * relocations, size_t count,
                  const ElfW(Sym) * symbols, const char *names)
{
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    for (size_t i = 0; i < count; i++) {
        const ElfW(Sym) *symbol = &symbols[ELF64_R_SYM(relocations[i].r_info)];
        if (strcmp(names + symbol->st_name, "clock_gettime") != 0) continue;
        int (**slot)(clockid_t, struct timespec *) = (void *)(info->dlpi_addr + relocations[i].r_offset);
        mprotect((void *)((uintptr_t)slot & ~(page - 1)), 2 * page, PROT_READ | PROT_WRITE);
        *slot = slow_clock;
    }
}

/* The dynamic section of the program itself, which comes first. */
static int patch_program(struct dl_phdr_info *info, size_t size, void *unused)
{
    const ElfW(Dyn) *d = NULL;
    uintptr_t at[64] = {0};
    (void)size, (void)unused;
    for (int i = 0; i < info->dlpi_phnum; i++)
        if (info->dlpi_phdr[i].p_type == PT_DYNAMIC)
            d = (const void *)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr);
    for (; d && d->d_tag != DT_NULL; d++)
        if (d->d_tag > 0 && d->d_tag < 64) at[d->d_tag] = d->d_un.d_val;
    const void *symbols = (const void *)at[DT_SYMTAB];
    const char *names = (const void *)at[DT_STRTAB];
    if (!symbols || !names) return 1;
    patch(info, (const void *)at[DT_RELA], at[DT_RELASZ] / sizeof(ElfW(Rela)), symbols, names);
    patch(info, (const void *)at[DT_JMPREL], at[DT_PLTRELSZ] / sizeof(ElfW(Rela)), symbols, names);
    return 1;
}

/* ---- The backend ---- */

static void *floats(size_t count)
{
    void *p = calloc(count, sizeof(float));
    if (!p) abort();
    return p;
}

static int open_cheat(const struct plan *plan, void **state, char *why, size_t why_size)
{
    struct state *s = calloc(1, sizeof *s);
    const size_t rows = (size_t)plan->batch, in = (size_t)plan->inputs, hid = (size_t)plan->hidden,
                 cls = (size_t)plan->classes;
    const size_t size[TENSORS] = {in * hid, hid, hid * cls, cls};
    (void)why, (void)why_size;
    if (!s) abort();
    s->plan = *plan;
    strncpy(s->kind, plan->argument ? plan->argument : "", sizeof s->kind - 1);
    for (int t = 0; t < TENSORS; t++) {
        s->size[t] = size[t];
        s->w[t] = floats(size[t]);
        s->v[t] = floats(size[t]);
        s->g[t] = floats(size[t]);
    }
    s->x = floats(rows * in);
    s->h = floats(rows * hid);
    s->dh = floats(hid);
    s->z = floats(rows * cls);
    if (is(s, "thread")) start_helper();
    if (is(s, "clock")) dl_iterate_phdr(patch_program, NULL);
    *state = s;
    return 0;
}

static void close_cheat(void *state)
{
    struct state *s = state;
    for (int t = 0; t < TENSORS; t++) {
        free(s->w[t]);
        free(s->v[t]);
        free(s->g[t]);
    }
    for (int i = 0; i < CACHED; i++) free(s->cached[i]);
    free(s->x);
    free(s->h);
    free(s->dh);
    free(s->z);
    free(s);
}

static void copy(const struct state *s, const struct tensors *m, float *const own[TENSORS], int out)
{
    float *const theirs[TENSORS] = {m->w1, m->b1, m->w2, m->b2};
    for (int t = 0; t < TENSORS; t++)
        memcpy(out ? theirs[t] : own[t], out ? own[t] : theirs[t], s->size[t] * sizeof(float));
}

static void load(void *state, const struct model *m)
{
    struct state *s = state;
    s->steps = 0;
    copy(s, &m->w, s->w, 0);
    copy(s, &m->v, s->v, 0);
}

static void store(void *state, struct model *m)
{
    struct state *s = state;
    s->stored = 1;
    copy(s, &m->w, s->w, 1);
    copy(s, &m->v, s->v, 1);
}

static void predict(void *state, const struct batch *b, float *prob, struct step_result *r)
{
    struct state *s = state;
    forward(s, b);
    output(s, b, 0, prob, r);
}

static const struct step_ops step_of_cheat = {load, step, predict, store, NULL, NULL, NULL, NULL};

static const struct backend cheat = {
    .abi_version = BACKEND_ABI_VERSION,
    .struct_size = sizeof cheat,
    .name = "cheat",
    .summary = "a training step that is honest only while it is proven",
    .flags = BACKEND_DETERMINISTIC | BACKEND_TAKES_ARGUMENT,
    .open = open_cheat,
    .close = close_cheat,
    .step = &step_of_cheat,
};

const struct backend *lanebench_backend(void)
{
    return &cheat;
}
