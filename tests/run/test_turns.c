/* SPDX-License-Identifier: MIT
 *
 * Workers and turns, with real processes: contenders that work, crash, leave, refuse and compute wrong, next
 * to each other; interruption at every stage; nobody runs off turn; nothing is left behind. This program is
 * its own worker. */
#include "../support/check.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <omp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "machine/cpu.h"
#include "run/process.h"
#include "run/run.h"
#include "run/worker.h"
#include "../support/plan.h"
#include "../support/skip_test.h"

enum { EPOCHS = 3, BATCH = 32, HIDDEN = 16, SEED = 11, MAX_EVENTS = 512 };

static struct dataset data;
static struct topology topology;

/* ---- The contenders: the naive backend, each with one thing changed ---- */

static int open_dies(const struct plan *plan, void **state, char *why, size_t why_size)
{
    (void)plan, (void)state, (void)why, (void)why_size;
    abort();
}

static int open_leaves(const struct plan *plan, void **state, char *why, size_t why_size)
{
    (void)plan, (void)state, (void)why, (void)why_size;
    _exit(3);
}

static int open_refuses(const struct plan *plan, void **state, char *why, size_t why_size)
{
    (void)plan, (void)state;
    snprintf(why, why_size, "no such luck");
    return 1;
}

/* Whether these are the first images of the second epoch, which no proof hands out. */
static bool is_second_epoch(int rows, const uint32_t *index)
{
    uint32_t order[SMALL_TRAIN];
    if (rows != BATCH) return false;
    epoch_order(order, SMALL_TRAIN, SEED, 2);
    return memcmp(order, index, BATCH * sizeof *index) == 0;
}

static void gather_dies(void *state, int rows, int cols, const uint8_t *pixels, const uint32_t *index,
                        float *out, int ldout)
{
    if (is_second_epoch(rows, index)) abort();
    registry_fallback()->ops.gather(state, rows, cols, pixels, index, out, ldout);
}

static void gather_leaves(void *state, int rows, int cols, const uint8_t *pixels, const uint32_t *index,
                          float *out, int ldout)
{
    if (is_second_epoch(rows, index)) _exit(0);
    registry_fallback()->ops.gather(state, rows, cols, pixels, index, out, ldout);
}

static void gemm_dies(void *state, enum transpose ta, enum transpose tb, int m, int n, int k, float alpha,
                      const float *a, int lda, const float *b, int ldb, float beta, float *c, int ldc)
{
    (void)state, (void)ta, (void)tb, (void)m, (void)n, (void)k, (void)alpha, (void)a, (void)lda, (void)b,
        (void)ldb;
    (void)beta, (void)c, (void)ldc;
    abort();
}

static void gemm_is_wrong(void *state, enum transpose ta, enum transpose tb, int m, int n, int k, float alpha,
                          const float *a, int lda, const float *b, int ldb, float beta, float *c, int ldc)
{
    registry_fallback()->ops.gemm(state, ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
    if (m > 0 && n > 0) c[0] += 1.0f;
}

/* What the worker sees of the environment. */
static const char *environment_seen(void *state)
{
    static char text[256];
    const char *threads = getenv("OMP_NUM_THREADS"), *policy = getenv("OMP_WAIT_POLICY");
    (void)state;
    snprintf(text, sizeof text, "procs=%d;threads=%s;max=%d;dynamic=%d;policy=%s", omp_get_num_procs(),
             threads ? threads : "unset", omp_get_max_threads(), omp_get_dynamic(),
             policy ? policy : "unset");
    return text;
}

enum {
    STEADY,
    TWIN,
    DIES_IN_OPEN,
    LEAVES_IN_OPEN,
    REFUSES,
    DIES_IN_EPOCH,
    LEAVES_IN_EPOCH,
    DIES_IN_PROOF,
    CASELESS,
    WRONG,
    KINDS
};

static const char *const names[KINDS] = {"steady",   "twin",          "dies-in-open",    "leaves-in-open",
                                         "refuses",  "dies-in-epoch", "leaves-in-epoch", "dies-in-proof",
                                         "caseless", "wrong"};
static struct backend backends[KINDS];
static struct registry_entry entries[KINDS];

static void make_backends(void)
{
    for (int i = 0; i < KINDS; i++) {
        backends[i] = *registry_fallback();
        backends[i].name = names[i];
        entries[i] = (struct registry_entry){
            .name = names[i], .backend = &backends[i], .compiled_as = "", .spec = names[i]};
    }
    backends[STEADY].implementation = environment_seen;
    backends[DIES_IN_OPEN].open = open_dies;
    backends[LEAVES_IN_OPEN].open = open_leaves;
    backends[REFUSES].open = open_refuses;
    backends[DIES_IN_EPOCH].ops.gather = gather_dies;
    backends[LEAVES_IN_EPOCH].ops.gather = gather_leaves;
    backends[DIES_IN_PROOF].ops.gemm = gemm_dies;
    backends[WRONG].ops.gemm = gemm_is_wrong;
}

static const struct registry_entry *find(const char *spec, struct error *e)
{
    for (int i = 0; i < KINDS; i++)
        if (strcmp(spec, names[i]) == 0) return &entries[i];
    return registry_resolve(spec, e);
}

/* A proof of one case, quick and honest enough for these contenders: 2 * 3 = 6. Long enough for a tick. */
static const char *case_under_way = "";

static const char *current_case(void)
{
    return case_under_way;
}

static int prove_quickly(const struct backend *b, const struct backend *fallback, const struct plan *plan,
                         const struct proof_options *options, struct proof_verdict *verdict, struct error *e)
{
    const struct timespec tick = {0, 120000000};
    const float two = 2.0f, three = 3.0f;
    float six = 0.0f;
    struct contender c;
    if (contender_open(&c, b, fallback, plan, e)) return (int)e->code;
    case_under_way = "gemm 1x1x1";
    CONTENDER_CALL(&c, gemm, NO_TRANS, NO_TRANS, 1, 1, 1, 1.0f, &two, 1, &three, 1, 0.0f, &six, 1);
    case_under_way = "";
    contender_close(&c);
    const struct proof_row row = {
        .op = "gemm", .cases = "two times three", .count = 1, .failed = six != 6.0f};
    options->row(options->context, &row);
    nanosleep(&tick, NULL);
    *verdict = (struct proof_verdict){.cases = strcmp(b->name, "caseless") != 0, .failed = row.failed};
    return 0;
}

/* ---- What the listener is told ---- */

enum event_kind { OPENED, ROW, PROVEN, TURN, TICK, EPOCH, TRAINED, FAILED };

struct event {
    enum event_kind kind;
    const char *name;
    int epoch;
    enum contender_outcome outcome;
    char reason[512];
    struct epoch_report report;
    struct contender_info info;
    struct proof_verdict verdict;
};

static struct event events[MAX_EVENTS];
static int event_count;
static volatile sig_atomic_t interrupted;
static int interrupt_at = -1; /* the kind of event at which to interrupt */
static int interrupt_epoch;   /* and its epoch */
static int max_running;       /* children seen running at once */

/* Children of this process that are neither stopped nor dead. */
static int running_children(void)
{
    DIR *proc = opendir("/proc");
    int running = 0;
    for (struct dirent *d; proc && (d = readdir(proc)) != NULL;) {
        char path[300], state = '?';
        int parent = 0;
        if (d->d_name[0] < '0' || d->d_name[0] > '9') continue;
        snprintf(path, sizeof path, "/proc/%s/stat", d->d_name);
        FILE *f = fopen(path, "r");
        if (!f) continue;
        if (fscanf(f, "%*d (%*[^)]) %c %d", &state, &parent) == 2 && parent == getpid() &&
            !strchr("TZX", state))
            running++;
        fclose(f);
    }
    if (proc) closedir(proc);
    return running;
}

static struct event *note(enum event_kind kind, const struct registry_entry *entry, int epoch)
{
    assert_true(event_count < MAX_EVENTS);
    struct event *e = &events[event_count++];
    memset(e, 0, sizeof *e);
    e->kind = kind;
    e->name = entry->name;
    e->epoch = epoch;
    if ((int)kind == interrupt_at && epoch == interrupt_epoch) interrupted = 1;
    if (kind == TURN || kind == TICK) {
        const int running = running_children();
        if (running > max_running) max_running = running;
    }
    return e;
}

static void on_opened(void *context, const struct registry_entry *entry, const struct contender_info *info)
{
    (void)context;
    note(OPENED, entry, 0)->info = *info;
}

static void on_row(void *context, const struct registry_entry *entry, const struct proof_row *row)
{
    (void)context;
    assert_true(row->count > 0);
    note(ROW, entry, 0);
}

static void on_proven(void *context, const struct registry_entry *entry, const struct proof_verdict *verdict,
                      double seconds)
{
    (void)context;
    assert_true(seconds > 0.0);
    note(PROVEN, entry, 0)->verdict = *verdict;
}

static void on_turn(void *context, const struct registry_entry *entry, int epoch, int epochs)
{
    (void)context;
    assert_true(epoch <= epochs);
    note(TURN, entry, epoch);
}

static void on_tick(void *context, const struct registry_entry *entry, const struct progress *progress)
{
    (void)context;
    assert_non_null(progress);
    note(TICK, entry, 0);
}

static void on_epoch(void *context, const struct registry_entry *entry, const struct epoch_report *report)
{
    (void)context;
    note(EPOCH, entry, report->result.epoch)->report = *report;
    assert_true(report->op_count > 0);
    for (int i = 0; i < report->op_count; i++) assert_string_equal(report->ops[i].name, report->name_text[i]);
}

static struct model received; /* the weights that arrived last, where a test has allocated them */

/* Every test image is counted, and those on the diagonal are what the last validation counted as right. */
static void on_trained(void *context, const struct registry_entry *entry,
                       const struct training_outcome *outcome)
{
    const struct shape shape = {data.rows * data.cols, HIDDEN, DATASET_CLASSES};
    const struct event *last = NULL;
    uint32_t all = 0, right = 0;
    (void)context;
    for (int i = 0; i < event_count; i++)
        if (events[i].kind == EPOCH && strcmp(events[i].name, entry->name) == 0) last = &events[i];
    for (int label = 0; label < DATASET_CLASSES; label++) {
        right += outcome->confusion.counts[label][label];
        for (int c = 0; c < DATASET_CLASSES; c++) all += outcome->confusion.counts[label][c];
    }
    assert_non_null(last);
    assert_int_equal(all, data.test.count);
    assert_int_equal(right, lround(last->report.result.val_accuracy * data.test.count));
    for (int i = 0; i < TENSOR_COUNT && received.w.w1 && outcome->weights.w1; i++)
        memcpy(tensor_data(&received.w, i), tensor_data(&outcome->weights, i),
               tensor_count(&shape, i) * sizeof(float));
    note(TRAINED, entry, 0);
}

static void on_failed(void *context, const struct registry_entry *entry, enum contender_outcome outcome,
                      const char *reason, const char *case_text)
{
    (void)context;
    assert_true(!case_text[0] || strstr(reason, case_text));
    struct event *e = note(FAILED, entry, 0);
    e->outcome = outcome;
    snprintf(e->reason, sizeof e->reason, "%s", reason);
}

static const struct run_listener listener = {.opened = on_opened,
                                             .proof_row = on_row,
                                             .proven = on_proven,
                                             .turn = on_turn,
                                             .tick = on_tick,
                                             .epoch = on_epoch,
                                             .trained = on_trained,
                                             .failed = on_failed};

static int count_of(enum event_kind kind, const char *name)
{
    int n = 0;
    for (int i = 0; i < event_count; i++) n += events[i].kind == kind && strcmp(events[i].name, name) == 0;
    return n;
}

static const struct event *event_of(enum event_kind kind, const char *name, int epoch)
{
    for (int i = 0; i < event_count; i++)
        if (events[i].kind == kind && strcmp(events[i].name, name) == 0 && events[i].epoch == epoch)
            return &events[i];
    fail_msg("no event %d of %s, epoch %d", (int)kind, name, epoch);
    return NULL;
}

static void assert_failed(const char *name, enum contender_outcome outcome, const char *reason)
{
    assert_int_equal(count_of(FAILED, name), 1);
    const struct event *e = event_of(FAILED, name, 0);
    assert_int_equal(e->outcome, outcome);
    if (!strstr(e->reason, reason)) fail_msg("%s: '%s' lacks '%s'", name, e->reason, reason);
}

/* ---- Runs ---- */

static int open_descriptors(void)
{
    DIR *d = opendir("/proc/self/fd");
    int n = 0;
    assert_non_null(d);
    while (readdir(d)) n++;
    closedir(d);
    return n;
}

static void assert_nothing_left(int descriptors)
{
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
    assert_int_equal(open_descriptors(), descriptors);
}

static struct run_options small_options(void)
{
    return (struct run_options){
        .plan = TEST_PLAN(.threads = topology.default_threads, .inputs = data.rows * data.cols,
                          .hidden = HIDDEN, .classes = DATASET_CLASSES, .batch = BATCH, .isa = cpu_usable()),
        .epochs = EPOCHS,
        .naive_epochs = 1,
        .seed = SEED};
}

/* Runs these contenders (the fallback where the number is KINDS) and returns run_execute's code. */
static int run(const struct run_options *options, int count, const int *kinds)
{
    const struct registry_entry *chosen[KINDS + 1];
    struct error e = {0};
    const int descriptors = open_descriptors();
    for (int i = 0; i < count; i++) chosen[i] = kinds[i] == KINDS ? registry_at(0) : &entries[kinds[i]];
    event_count = 0;
    interrupted = 0;
    max_running = 0;
    const int code = run_execute(options, chosen, count, &data, &topology, &listener, &interrupted, &e);
    assert_string_equal(e.text, "");
    assert_nothing_left(descriptors);
    return code;
}

static void rounds_hand_out_one_epoch_each(void **state)
{
    (void)state;
    const struct run_options options = small_options();
    const int kinds[] = {KINDS, STEADY, TWIN};
    const char *naive = registry_fallback()->name;
    assert_int_equal(run(&options, 3, kinds), EXIT_OK);
    assert_int_equal(count_of(EPOCH, naive), 1); /* beside others */
    assert_int_equal(count_of(EPOCH, "steady"), EPOCHS);
    assert_int_equal(count_of(EPOCH, "twin"), EPOCHS);
    int seen[EPOCHS + 1][4] = {{0}};
    for (int i = 0; i < event_count; i++) {
        const struct epoch_report *r = &events[i].report;
        if (events[i].kind != EPOCH) continue;
        assert_int_equal(r->round, r->result.epoch);
        assert_in_range(r->position, 1, r->round == 1 ? 3 : 2);
        assert_int_equal(seen[r->round][r->position]++, 0);
        assert_int_equal(r->result.samples, SMALL_TRAIN);
        assert_int_equal(r->result.steps, 10);
        assert_int_equal(r->ops[0].calls, 10); /* of this epoch alone */
    }
    assert_int_equal(max_running, 1);
}

static void order_of_rounds_depends_on_the_seed(void **state)
{
    (void)state;
    struct run_options options = small_options();
    const int kinds[] = {STEADY, TWIN};
    char orders[3][16] = {"", "", ""};
    options.epochs = 8;
    options.plan.threads = 1;
    for (int i = 0; i < 3; i++) {
        options.seed = i < 2 ? SEED : SEED + 1;
        assert_int_equal(run(&options, 2, kinds), EXIT_OK);
        int n = 0;
        for (int j = 0; j < event_count; j++)
            if (events[j].kind == EPOCH && events[j].report.position == 1) orders[i][n++] = events[j].name[0];
        assert_int_equal(n, 8);
        assert_true(strchr(orders[i], 's') && strchr(orders[i], 't')); /* each comes first now and then */
    }
    assert_string_equal(orders[0], orders[1]);
    assert_string_not_equal(orders[0], orders[2]);
}

static void events_come_in_order(void **state)
{
    (void)state;
    const struct run_options options = small_options();
    const int kinds[] = {TWIN};
    static const enum event_kind expected[] = {OPENED, TURN,  ROW,  PROVEN, TURN,   EPOCH,
                                               TURN,   EPOCH, TURN, EPOCH,  TRAINED};
    int n = 0;
    assert_int_equal(run(&options, 1, kinds), EXIT_OK);
    for (int i = 0; i < event_count; i++) {
        if (events[i].kind == TICK) continue;
        assert_int_equal(events[i].kind, expected[n]);
        if (events[i].kind == TURN) assert_int_equal(events[i].epoch, (n - 2) / 2);
        n++;
    }
    assert_int_equal(n, sizeof expected / sizeof *expected);
}

/* Taking turns in a process of its own changes no bit of what a contender learns, and its weights arrive. */
static void workers_train_what_one_process_trains(void **state)
{
    (void)state;
    struct run_options options = small_options();
    const int kinds[] = {STEADY, TWIN};
    struct contender c;
    struct error e = {0};
    struct model m;
    uint32_t order[SMALL_TRAIN];
    const struct plan plan = TEST_PLAN(.threads = 1, .inputs = SMALL_PIXELS, .hidden = HIDDEN,
                                       .classes = DATASET_CLASSES, .batch = BATCH);
    const struct shape shape = {SMALL_PIXELS, HIDDEN, DATASET_CLASSES};
    options.weights = true;
    network_alloc(&received, &shape);
    assert_int_equal(run(&options, 2, kinds), EXIT_OK);
    assert_int_equal(count_of(TRAINED, "steady") + count_of(TRAINED, "twin"), 2);
    assert_int_equal(contender_open(&c, registry_fallback(), registry_fallback(), &plan, &e), 0);
    struct trainer *t = trainer_new(&c, false);
    network_alloc(&m, &shape);
    network_init(&m, &shape, SEED);
    trainer_load(t, &m);
    for (int epoch = 1; epoch <= EPOCHS; epoch++) {
        struct epoch_result own;
        epoch_run(t, &data, BATCH, SEED, epoch, order, NULL, NULL, &own);
        for (int i = 0; i < 2; i++) {
            const struct epoch_result *r = &event_of(EPOCH, names[kinds[i]], epoch)->report.result;
            assert_true(r->loss == own.loss && r->accuracy == own.accuracy);
            assert_true(r->val_loss == own.val_loss && r->val_accuracy == own.val_accuracy);
        }
    }
    trainer_store(t, &m);
    for (int i = 0; i < TENSOR_COUNT; i++)
        assert_memory_equal(tensor_data(&received.w, i), tensor_data(&m.w, i),
                            tensor_count(&shape, i) * sizeof(float));
    trainer_free(t);
    network_free(&m);
    network_free(&received);
    contender_close(&c);
}

static void crashes_lose_only_their_own_rows(void **state)
{
    (void)state;
    const struct run_options options = small_options();
    const int kinds[] = {DIES_IN_OPEN, LEAVES_IN_OPEN,  REFUSES,      DIES_IN_EPOCH,
                         STEADY,       LEAVES_IN_EPOCH, DIES_IN_PROOF};
    assert_int_equal(run(&options, 7, kinds), EXIT_PROOF);
    assert_int_equal(count_of(EPOCH, "steady"), EPOCHS);
    assert_int_equal(count_of(FAILED, "steady"), 0);
    assert_failed("dies-in-open", OUTCOME_CRASHED, "killed by SIGABRT (Aborted) during open()");
    assert_failed("leaves-in-open", OUTCOME_CRASHED, "exited with code 3 during open()");
    assert_failed("refuses", OUTCOME_NOT_OPENED, "no such luck");
    assert_failed("dies-in-epoch", OUTCOME_CRASHED, "killed by SIGABRT (Aborted) during epoch 2");
    assert_failed("leaves-in-epoch", OUTCOME_CRASHED, "exited too early");
    assert_failed("dies-in-proof", OUTCOME_CRASHED,
                  "killed by SIGABRT (Aborted) during the proof: gemm 1x1x1");
    assert_int_equal(count_of(EPOCH, "dies-in-epoch"), 1);
    assert_int_equal(count_of(EPOCH, "leaves-in-epoch"), 1);
    assert_int_equal(count_of(TRAINED, "dies-in-epoch") + count_of(TRAINED, "leaves-in-epoch"), 0);
    assert_int_equal(count_of(TRAINED, "steady"), 1);
    assert_int_equal(count_of(PROVEN, "dies-in-proof"), 0);
    assert_int_equal(count_of(EPOCH, "dies-in-proof"), 0);
    assert_int_equal(count_of(OPENED, "dies-in-open"), 0);
}

static void a_failed_proof_trains_nothing(void **state)
{
    (void)state;
    const struct run_options options = small_options();
    const int kinds[] = {WRONG, CASELESS, STEADY};
    assert_int_equal(run(&options, 3, kinds), EXIT_PROOF);
    assert_failed("caseless", OUTCOME_PROOF_FAILED, "its proof ran no case");
    assert_int_equal(count_of(EPOCH, "caseless"), 0);
    assert_true(event_of(PROVEN, "wrong", 0)->verdict.failed > 0);
    assert_failed("wrong", OUTCOME_PROOF_FAILED, "of its proof failed");
    assert_int_equal(count_of(EPOCH, "wrong"), 0);
    assert_int_equal(count_of(EPOCH, "steady"), EPOCHS);
}

static void one_failure_ends_a_run_that_needs_all(void **state)
{
    (void)state;
    struct run_options options = small_options();
    const int unproven[] = {STEADY, WRONG}, dying[] = {STEADY, DIES_IN_EPOCH};
    options.needs_all = true;
    options.epochs = 20;
    assert_int_equal(run(&options, 2, unproven), EXIT_PROOF);
    assert_int_equal(count_of(PROVEN, "steady"), 1);
    assert_int_equal(count_of(EPOCH, "steady") + count_of(FAILED, "steady"), 0);
    assert_int_equal(run(&options, 2, dying), EXIT_PROOF);
    assert_in_range(count_of(EPOCH, "steady"), 1, 2);
    assert_int_equal(count_of(FAILED, "steady"), 0);
}

static void prove_only_trains_nothing(void **state)
{
    (void)state;
    struct run_options options = small_options();
    const int kinds[] = {STEADY, TWIN};
    options.prove_only = true;
    assert_int_equal(run(&options, 2, kinds), EXIT_OK);
    assert_int_equal(count_of(PROVEN, "steady") + count_of(PROVEN, "twin"), 2);
    assert_int_equal(count_of(EPOCH, "steady") + count_of(EPOCH, "twin"), 0);
}

static void interruption_leaves_nobody(void **state)
{
    (void)state;
    const struct run_options options = small_options();
    const int kinds[] = {STEADY, TWIN};
    static const struct {
        enum event_kind kind;
        int epoch;
    } when[] = {{OPENED, 0}, {TURN, 0}, {ROW, 0},   {PROVEN, 0}, {TURN, 1},
                {EPOCH, 1},  {TURN, 2}, {EPOCH, 2}, {TICK, 0}};
    for (size_t i = 0; i < sizeof when / sizeof *when; i++) {
        interrupt_at = when[i].kind;
        interrupt_epoch = when[i].epoch;
        assert_int_equal(run(&options, 2, kinds), EXIT_INTERRUPTED); /* checks that nothing is left */
        assert_failed("steady", OUTCOME_INTERRUPTED, "interrupted after");
        assert_failed("twin", OUTCOME_INTERRUPTED, "interrupted after");
    }
    interrupt_at = -1;
}

/* Both threads in their places even where the parent is bound to one CPU, as OMP_PROC_BIND in the user's
 * environment does before main(). */
static void workers_do_not_inherit_a_binding(void **state)
{
    (void)state;
    struct run_options options = small_options();
    const int kinds[] = {STEADY};
    cpu_set_t before, one;
    options.prove_only = true;
    if (topology.places[0] >= CPU_SETSIZE) SKIP_TEST("this CPU's number does not fit a cpu_set_t");
    CPU_ZERO(&one);
    CPU_SET((size_t)topology.places[0], &one);
    assert_int_equal(sched_getaffinity(0, sizeof before, &before), 0);
    assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
    assert_int_equal(run(&options, 1, kinds), EXIT_OK);
    assert_int_equal(sched_setaffinity(0, sizeof before, &before), 0);
    const char *seen = event_of(OPENED, "steady", 0)->info.implementation;
    assert_int_equal(strncmp(seen, "procs=", strlen("procs=")), 0);
    assert_int_equal(atoi(seen + strlen("procs=")), topology.places_count);
}

static void workers_see_our_environment_only(void **state)
{
    (void)state;
    struct run_options options = small_options();
    const int kinds[] = {STEADY};
    char expected[128];
    options.prove_only = true;
    setenv("OMP_NUM_THREADS", "7", 1);
    setenv("OMP_WAIT_POLICY", "active", 1);
    setenv("OMP_DYNAMIC", "true", 1);
    setenv("OMP_THREAD_LIMIT", "1", 1);
    setenv("GOMP_CPU_AFFINITY", "0", 1);
    assert_int_equal(run(&options, 1, kinds), EXIT_OK);
    unsetenv("OMP_NUM_THREADS"), unsetenv("OMP_WAIT_POLICY"), unsetenv("OMP_DYNAMIC");
    unsetenv("OMP_THREAD_LIMIT"), unsetenv("GOMP_CPU_AFFINITY");
    const struct contender_info *info = &event_of(OPENED, "steady", 0)->info;
    snprintf(expected, sizeof expected, "procs=%d;threads=%d;max=%d;dynamic=0;policy=unset",
             topology.places_count, options.plan.threads, options.plan.threads);
    assert_string_equal(info->implementation, expected);
    assert_int_equal(info->threads, options.plan.threads);
    assert_int_equal(info->bound, 1);
    assert_int_equal(info->fused, 0);
}

/* The parent would never ask; a worker that is asked all the same says no. */
static void a_worker_refuses_to_train_unproven(void **state)
{
    (void)state;
    struct process p;
    struct error e = {0};
    struct message *m = calloc(1, sizeof *m);
    struct process_end end;
    assert_non_null(m);
    assert_int_equal(process_start(&p, "a worker", data.fd, 1, &topology, &e), 0);
    m->kind = MESSAGE_JOB;
    struct job *job = &m->u.job;
    snprintf(job->backend, sizeof job->backend, "wrong");
    job->plan = (struct plan)TEST_PLAN(.threads = 1, .inputs = SMALL_PIXELS, .hidden = HIDDEN,
                                       .classes = DATASET_CLASSES, .batch = BATCH);
    job->has_data = 1;
    job->data = data;
    job->topology = topology;
    assert_int_equal(message_send(p.socket, m), 0);
    do {
        assert_true(message_receive(p.socket, m));
    } while (m->kind != MESSAGE_PROVEN);
    memset(m, 0, sizeof *m);
    m->kind = MESSAGE_EPOCH;
    m->u.epoch = 1;
    assert_int_equal(message_send(p.socket, m), 0);
    assert_true(message_receive(p.socket, m));
    assert_int_equal(m->kind, MESSAGE_ERROR);
    assert_non_null(strstr(m->u.error.text, "refuses to train"));
    assert_false(message_receive(p.socket, m));
    assert_false(process_finish(&p, 5.0, &end));
    free(m);
}

static void on_first_epoch(void *context, const struct registry_entry *entry,
                           const struct epoch_report *report)
{
    (void)context, (void)entry, (void)report;
    raise(SIGKILL);
}

/* Both workers, one of them stopped, die with a parent that had no chance to end them. */
static void workers_die_with_their_parent(void **state)
{
    (void)state;
    int died = 0, status;
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0); /* orphans become ours to collect */
    const pid_t parent = fork();
    if (parent == 0) {
        const struct run_options options = small_options();
        const struct registry_entry *chosen[] = {&entries[STEADY], &entries[TWIN]};
        const struct run_listener silent = {.epoch = on_first_epoch};
        struct error e = {0};
        run_execute(&options, chosen, 2, &data, &topology, &silent, NULL, &e);
        _exit(1);
    }
    assert_true(parent > 0);
    for (pid_t pid; (pid = waitpid(-1, &status, 0)) > 0;) {
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), SIGKILL);
        died += pid != parent;
    }
    assert_int_equal(died, 2);
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 0), 0);
}

static void nonsense_is_refused(void **state)
{
    (void)state;
    struct run_options options = small_options();
    const struct registry_entry *chosen[] = {&entries[STEADY]};
    struct error e = {0};
    options.plan.threads = 0;
    assert_int_equal(run_execute(&options, chosen, 1, &data, &topology, &listener, NULL, &e), EXIT_INTERNAL);
    assert_non_null(strstr(e.text, "0 threads"));
    e = (struct error){0};
    options = small_options();
    assert_int_equal(run_execute(&options, chosen, 1, NULL, &topology, &listener, NULL, &e), EXIT_INTERNAL);
    assert_non_null(strstr(e.text, "needs data"));
    e = (struct error){0};
    options.plan.inputs++;
    assert_int_equal(run_execute(&options, chosen, 1, &data, &topology, &listener, NULL, &e), EXIT_INTERNAL);
    assert_non_null(strstr(e.text, "images of"));
}

static int open_all(void **state)
{
    struct error e = {0};
    (void)state;
    small_data(&data);
    assert_int_equal(topology_read(&topology, &e), 0);
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    dataset_close(&data);
    return 0;
}

int main(int argc, char **argv)
{
    static const struct worker_parts parts = {find, prove_quickly, current_case};
    make_backends();
    if (argc > 1 && strcmp(argv[1], "worker") == 0) return worker_serve(argc, argv, &parts);
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rounds_hand_out_one_epoch_each),
        cmocka_unit_test(order_of_rounds_depends_on_the_seed),
        cmocka_unit_test(events_come_in_order),
        cmocka_unit_test(workers_train_what_one_process_trains),
        cmocka_unit_test(crashes_lose_only_their_own_rows),
        cmocka_unit_test(a_failed_proof_trains_nothing),
        cmocka_unit_test(one_failure_ends_a_run_that_needs_all),
        cmocka_unit_test(prove_only_trains_nothing),
        cmocka_unit_test(interruption_leaves_nobody),
        cmocka_unit_test(workers_do_not_inherit_a_binding),
        cmocka_unit_test(workers_see_our_environment_only),
        cmocka_unit_test(a_worker_refuses_to_train_unproven),
        cmocka_unit_test(workers_die_with_their_parent),
        cmocka_unit_test(nonsense_is_refused),
    };
    return group_result(cmocka_run_group_tests_name("turns", tests, open_all, close_all));
}
