/* SPDX-License-Identifier: MIT
 *
 * A plug-in with threads of its own: one starts when it is loaded, one in each open(), and one comes and goes
 * with every large product. It keeps its number of threads where a library keeps it: once for the whole
 * process, as the last open() said. The file POOL_LOG gets a line
 *   PID start cpus=N        for each thread that starts, with the number of CPUs that it may use
 *   PID open threads=T
 *   PID large threads=T     for each large product
 *   PID close */
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "backend.h"

static int threads;

/* Products of this size get a thread: the largest of a small training, few of the proof's. */
enum { LARGE = 150000 };

struct state {
    pthread_t thread;
    sem_t end;
};

/* Lines of this length are written whole, whatever other processes write. */
static void note(const char *what, int number)
{
    char line[80];
    const char *path = getenv("POOL_LOG");
    FILE *log = path ? fopen(path, "a") : NULL;
    if (!log) return;
    snprintf(line, sizeof line, "%ld %s%d\n", (long)getpid(), what, number);
    fputs(line, log);
    fclose(log);
}

static void note_start(void)
{
    cpu_set_t cpus;
    note("start cpus=", sched_getaffinity(0, sizeof cpus, &cpus) == 0 ? CPU_COUNT(&cpus) : -1);
}

static void *come_and_go(void *unused)
{
    note_start();
    return unused;
}

static void *stay(void *context)
{
    struct state *s = context;
    note_start();
    while (sem_wait(&s->end) != 0) continue;
    return NULL;
}

__attribute__((constructor)) static void at_load(void)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, come_and_go, NULL) == 0) pthread_join(thread, NULL);
}

static int pool_open(const struct plan *plan, void **state, char *why, size_t why_size)
{
    struct state *s = calloc(1, sizeof *s);
    if (!s || sem_init(&s->end, 0, 0) != 0 || pthread_create(&s->thread, NULL, stay, s) != 0) {
        snprintf(why, why_size, "no thread can be started");
        free(s);
        return 1;
    }
    threads = plan->threads;
    note("open threads=", threads);
    *state = s;
    return 0;
}

static void pool_close(void *state)
{
    struct state *s = state;
    sem_post(&s->end);
    pthread_join(s->thread, NULL);
    sem_destroy(&s->end);
    free(s);
    note("close", 0);
}

static void gemm(void *state, enum transpose ta, enum transpose tb, int m, int n, int k, float alpha,
                 const float *a, int lda, const float *b, int ldb, float beta, float *c, int ldc)
{
    (void)state;
    if ((double)m * n * k >= LARGE) {
        pthread_t thread;
        note("large threads=", threads);
        if (pthread_create(&thread, NULL, come_and_go, NULL) == 0) pthread_join(thread, NULL);
    }
    for (ptrdiff_t i = 0; i < m; i++)
        for (ptrdiff_t j = 0; j < n; j++) {
            float sum = 0.0f, *to = &c[i * ldc + j];
            for (ptrdiff_t p = 0; alpha != 0.0f && p < k; p++)
                sum += (ta == TRANS ? a[p * lda + i] : a[i * lda + p]) *
                       (tb == TRANS ? b[j * ldb + p] : b[p * ldb + j]);
            *to = (alpha != 0.0f ? alpha * sum : 0.0f) + (beta != 0.0f ? beta * *to : 0.0f);
        }
}

static const struct backend pool = {
    .abi_version = BACKEND_ABI_VERSION,
    .struct_size = sizeof(struct backend),
    .name = "pool",
    .summary = "gemm of plain loops, with threads of its own",
    .flags = BACKEND_DETERMINISTIC | BACKEND_INHERITS_FASTEST,
    .open = pool_open,
    .close = pool_close,
    .ops = {.gemm = gemm},
};

const struct backend *lanebench_backend(void)
{
    return &pool;
}
