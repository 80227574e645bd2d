/* SPDX-License-Identifier: MIT */
#include "run/own_threads.h"

#include <dirent.h>
#include <omp.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "run/omp_environment.h"

void own_threads_prepare(const struct topology *t, int team, int *bound)
{
    omp_set_dynamic(0);
    omp_set_num_threads(team);
    topology_bind_team(t, team, bound);
    topology_spread_self(t, team);
}

/* ---- Who is there ---- */

/* Longer than threads of a runtime spin, so that none works while it is examined. */
static const struct timespec nap = {0, 20000000};
enum { SAMPLES = 25 };

/* The first number of schedstat: nanoseconds on a CPU; -1: this kernel has none. */
static long long nanoseconds_of(const char *thread)
{
    char path[320];
    long long spent = -1;
    snprintf(path, sizeof path, "/proc/self/task/%s/schedstat", thread);
    FILE *f = fopen(path, "re");
    if (f && fscanf(f, "%lld", &spent) != 1) spent = -1;
    if (f) fclose(f);
    return spent;
}

struct census {
    int threads;
    long long others_spent; /* CPU time of the living but for the calling thread, in nanoseconds */
    bool known;
};

static long long clock_nanoseconds(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return 1000000000LL * t.tv_sec + t.tv_nsec;
}

/* Without the calling thread's time, whose file lags while it runs. */
static struct census look(void)
{
    struct census c = {0, 0, true};
    char self[24];
    snprintf(self, sizeof self, "%ld", (long)gettid());
    DIR *threads = opendir("/proc/self/task");
    for (struct dirent *d; threads && (d = readdir(threads));) {
        if (d->d_name[0] == '.') continue;
        c.threads++;
        if (strcmp(d->d_name, self) == 0) continue;
        const long long spent = nanoseconds_of(d->d_name);
        c.others_spent += spent;
        c.known = c.known && spent >= 0;
    }
    if (threads) closedir(threads);
    return c;
}

/* A team of another size may have left threads, which end after the first region of this one. Returns the sum
 * of the team's thread ids: another one once the runtime has replaced some of its threads. */
static long long settle(int team)
{
    long long ids = 0;
#pragma omp parallel num_threads(team) reduction(+ : ids)
    ids += gettid();
    nanosleep(&nap, NULL);
    return ids;
}

/* libomp keeps the threads of a larger team, such as the proof's will be: they must be there already. */
void own_threads_begin(struct own_threads *w, int team)
{
    settle(team > LARGEST_TEAM ? team : LARGEST_TEAM);
    settle(team);
    w->before = look().threads;
}

/* Also when a runtime needs some time to end threads of its own. */
static bool more_stay(int before)
{
    for (int i = 0; i < SAMPLES; i++) {
        if (look().threads <= before) return false;
        nanosleep(&nap, NULL);
    }
    return true;
}

/* The time of the ended is what all have spent less what the living have. The readings are in such an order
 * that what runs between two of them counts for it before the work and against it afterwards. The calling
 * thread's clock is read beside the process's, so that the time it takes to look at the others, a hundred
 * with libomp, counts for neither. libgomp ends threads of a team when a smaller one follows, and makes new
 * ones for the next: where it has done so, it is taken for the cause. */
static bool some_come_and_go(int team, void (*work)(void *), void *context)
{
    const long long ids = settle(team);
    const struct census before = look();
    const long long own_before = clock_nanoseconds(CLOCK_THREAD_CPUTIME_ID);
    const long long all_before = clock_nanoseconds(CLOCK_PROCESS_CPUTIME_ID);
    work(context);
    nanosleep(&nap, NULL);
    const long long all_after = clock_nanoseconds(CLOCK_PROCESS_CPUTIME_ID);
    const long long own_after = clock_nanoseconds(CLOCK_THREAD_CPUTIME_ID);
    const struct census after = look();
    const long long ended_before = all_before - own_before - before.others_spent;
    const long long ended_after = all_after - own_after - after.others_spent;
    return before.known && after.known && ended_after > ended_before && settle(team) == ids;
}

bool own_threads_found(const struct own_threads *w, int team, void (*work)(void *), void *context)
{
    settle(team);
    return more_stay(w->before) || some_come_and_go(team, work, context) || look().threads > w->before;
}

/* ---- What follows ---- */

#ifdef __clang__

void own_threads_team_sleeps(bool asleep)
{
    kmp_set_blocktime(asleep ? 0 : 5); /* milliseconds, as in omp_environment */
}

#else

/* libgomp lets threads spin for GOMP_SPINCOUNT turns, or for 100 (1000 with OMP_WAIT_POLICY=active) while it
 * has more threads than CPUs: its manual says so, and nothing else can be changed in a running process. So
 * idle teams of their own make up the number. They are no larger than the list of places, whose end libgomp
 * does not survive well; see omp_environment. */
enum { MAX_IN_TEAM = 8, MAX_TEAMS = 512 };

static struct {
    pthread_t threads[MAX_TEAMS];
    int count, size;
    sem_t ready, end;
} idle;

static void *have_idle_team(void *unused)
{
    (void)unused;
#pragma omp parallel num_threads(idle.size)
    {
#pragma omp barrier
    } sem_post(&idle.ready);
    while (sem_wait(&idle.end) != 0) continue;
    return NULL;
}

static void start_idle_teams(void)
{
    const int cpus = omp_get_num_procs();
    idle.size = cpus + 1 < MAX_IN_TEAM ? cpus + 1 : MAX_IN_TEAM;
    const int teams = (cpus + idle.size - 2) / (idle.size - 1);
    sem_init(&idle.ready, 0, 0);
    sem_init(&idle.end, 0, 0);
    while (idle.count < teams && idle.count < MAX_TEAMS &&
           pthread_create(&idle.threads[idle.count], NULL, have_idle_team, NULL) == 0)
        idle.count++;
    for (int i = 0; i < idle.count; i++)
        while (sem_wait(&idle.ready) != 0) continue;
}

static void end_idle_teams(void)
{
    for (int i = 0; i < idle.count; i++) sem_post(&idle.end);
    while (idle.count > 0) pthread_join(idle.threads[--idle.count], NULL);
    sem_destroy(&idle.ready);
    sem_destroy(&idle.end);
}

void own_threads_team_sleeps(bool asleep)
{
    if (asleep && !idle.count) start_idle_teams();
    if (!asleep && idle.count) end_idle_teams();
}

#endif

void own_threads_bind_team(const struct topology *t, int team, bool own, int *bound)
{
    topology_bind_team(t, team, bound);
    if (own) topology_spread_self(t, team);
    own_threads_team_sleeps(own);
}
