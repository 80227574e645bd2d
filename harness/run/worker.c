/* SPDX-License-Identifier: MIT */
#include "run/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "backends/describe.h"
#include "base/clock.h"
#include "machine/cpu.h"
#include "proof/prove_training.h"
#include "proof/reverify.h"
#include "run/mxcsr.h"
#include "run/crash_context.h"
#include "run/own_threads.h"
#include "run/program.h"
#include "run/protocol.h"
#include "roof/llc.h"
#include "roof/peak.h"

struct worker {
    int socket, data_fd;
    struct shared_page *shared;
    struct message out; /* a member, since it is large; every byte of it is defined */
    struct job job;
    const struct registry_entry *entry;
    struct dataset data; /* mapped when job.has_data */
    struct contender contender;
    int bound; /* 1: every thread of the team could be bound to its place */
    bool proven;
    struct own_threads threads;
    bool has_own_threads;
    struct trainer *trainer; /* from the first epoch on */
    struct llc_probe llc;    /* from the first epoch on */
    struct reverify reverify;
    unsigned control_start; /* mxcsr() before anything of a backend ran */
    uint32_t *order;
    int op_count;
    struct op_time ops[TRAINER_MAX_OP_TIMES]; /* at the end of the epoch before */
    long long clock_reads;                    /* likewise */
    double clock_read_seconds;
    double flop_done; /* likewise, at the end of the epoch before */
};

#define DOING(w, ...) snprintf((w)->shared->doing, sizeof(w)->shared->doing, __VA_ARGS__)

/* Ready to be filled in and sent. */
static struct message *new_message(struct worker *w, enum message_kind kind)
{
    memset(&w->out, 0, sizeof w->out);
    w->out.kind = kind;
    return &w->out;
}

static int send_message(struct worker *w, struct error *e)
{
    if (message_send(w->socket, &w->out) == 0) return 0;
    return error_set(e, EXIT_INTERNAL, "worker %s: the parent is gone", w->job.backend);
}

/* ---- Open ---- */

static int send_opened(struct worker *w, struct error *e)
{
    struct contender_info *info = &new_message(w, MESSAGE_OPENED)->u.info;
    info->threads = topology_team_size(w->job.plan.threads);
    info->bound = w->bound;
    info->fused = w->contender.backend->step != NULL;
    describe_library(&w->contender, info->library, sizeof info->library);
    describe_implementation(&w->contender, w->entry->ops_only, info->implementation,
                            sizeof info->implementation);
    return send_message(w, e);
}

/* The cap that the parent exported holds here too. */
static int apply_cap(struct error *e)
{
    const char *cap = getenv("BENCH_MAX_ISA");
    return cap && *cap ? cpu_set_cap(cap, "BENCH_MAX_ISA", e) : 0;
}

/* Of this program, or from the plug-ins' files. */
static int find_backend(struct worker *w, const struct worker_parts *parts, struct error *e)
{
    for (size_t i = 0; i < sizeof w->job.plugins / sizeof *w->job.plugins; i++) {
        const struct job_plugin *p = &w->job.plugins[i];
        if (!p->path[0] || registry_find(p->name)) continue;
        DOING(w, "the loading of its file");
        if (registry_add_loaded(p->name, p->path, e))
            return (int)(e->code = EXIT_NOTHING); /* it could be loaded when the user named it */
    }
    w->entry = parts->lookup(w->job.backend, e);
    if (w->entry) return 0;
    return (int)(e->code = EXIT_INTERNAL); /* the parent has found it */
}

static int open_contender(struct worker *w, struct error *e)
{
    const struct plan *plan = &w->job.plan;
    own_threads_prepare(&w->job.topology, plan->threads, &w->bound);
    return contender_open(&w->contender, w->entry->backend, registry_fallback_of(w->entry), plan, e);
}

static double heap_mb(void)
{
    const struct mallinfo2 heap = mallinfo2();
    return 1e-6 * (double)(heap.uordblks + heap.hblkhd);
}

/* The proof has opened instances for other plans: whatever a backend has once for the whole process, such as
 * the number of threads of a library, is the last one's. */
static int open_again(struct worker *w, struct error *e)
{
    DOING(w, "open() for the training");
    contender_close(&w->contender);
    malloc_trim(0); /* rss_mb should not begin with what the proof has freed */
    return open_contender(w, e);
}

static int open_job(struct worker *w, const struct worker_parts *parts, struct error *e)
{
    own_threads_prepare(&w->job.topology, w->job.plan.threads, NULL);
    own_threads_begin(&w->threads, w->job.plan.threads);
    char why[256];
    if (find_backend(w, parts, e) || apply_cap(e)) return (int)e->code;
    if (registry_status(w->entry, why, sizeof why) != BACKEND_READY)
        return error_set(e, EXIT_INTERNAL, "worker: cannot run '%s': %s", w->entry->name, why);
    if (w->job.has_data && dataset_map(&w->data, &w->job.data, w->data_fd, e)) return (int)e->code;
    DOING(w, "open()");
    w->job.plan.argument = w->entry->argument;
    if (open_contender(w, e)) return (int)e->code;
    return send_opened(w, e);
}

/* ---- Prove ---- */

static void send_row(void *context, const struct proof_row *row)
{
    struct worker *w = context;
    struct error ignored = {0}; /* a parent that is gone shows at the verdict */
    new_message(w, MESSAGE_PROOF_ROW)->u.row = *row;
    send_message(w, &ignored);
}

static int prove_job(struct worker *w, const struct worker_parts *parts, struct error *e)
{
    struct proof_verdict verdict = {0};
    const struct backend *const rival = registry_rival_of(w->contender.backend);
    const bool slow = registry_is_fallback(w->entry) || rival == registry_fallback();
    const struct proof_options options = {
        .seed = w->job.seed,
        .progress = &w->shared->progress,
        .data = w->job.has_data ? &w->data : NULL,
        .row = send_row,
        .only_case = w->job.only_case[0] ? w->job.only_case : NULL,
        .exhaustive = w->job.exhaustive != 0,
        .allow_deviation = w->job.allow_deviation != 0,
        .reference = rival,
        .training_epochs = slow ? TRAINING_EPOCHS_SLOW : TRAINING_EPOCHS,
        .context = w,
    };
    DOING(w, "the proof");
    atomic_store_explicit(&w->shared->progress.phase_start, clock_seconds(), memory_order_relaxed);
    atomic_store_explicit(&w->shared->progress.phase, PROGRESS_PROOF, memory_order_relaxed);
    const double start = clock_seconds();
    if (parts->prove(w->contender.backend, w->contender.fallback, &w->job.plan, &options, &verdict, e))
        return (int)e->code;
    w->proven = proof_passed(&verdict);
    atomic_store_explicit(&w->shared->progress.phase, PROGRESS_IDLE, memory_order_relaxed);
    struct worker_verdict *proven = &new_message(w, MESSAGE_PROVEN)->u.proven;
    proven->verdict = verdict;
    proven->seconds = clock_seconds() - start;
    return send_message(w, e);
}

/* ---- Train ---- */

/* The least of some bursts: what disturbs can only add. */
static double time_of_a_clock_read(void)
{
    enum { BURSTS = 5, READS = 2000 };
    double least = INFINITY;
    for (int i = 0; i < BURSTS; i++) {
        double now = 0.0;
        const double start = clock_seconds();
        for (int j = 0; j < READS; j++) now = clock_seconds();
        least = fmin(least, (now - start) / READS);
    }
    return least;
}

/* On the first image again and again. */
static void make_one_step(void *context)
{
    struct worker *w = context;
    const int images = (int)w->data.train.count;
    const struct batch b = {.pixels = w->data.train.pixels,
                            .labels = w->data.train.labels,
                            .index = w->order,
                            .rows = w->job.plan.batch < images ? w->job.plan.batch : images};
    struct step_result unused;
    trainer_step(w->trainer, &b, &unused);
}

static int prepare_training(struct worker *w, struct error *e)
{
    const struct plan *plan = &w->job.plan;
    const struct shape shape = {plan->inputs, plan->hidden, plan->classes};
    const size_t most = w->data.train.count > w->data.test.count ? w->data.train.count : w->data.test.count;
    struct model start;
    network_alloc(&start, &shape);
    w->order = calloc(most ? most : 1, sizeof *w->order);
    w->trainer = trainer_new(&w->contender, false);
    if (!start.w.w1 || !w->order || !w->trainer) {
        network_free(&start);
        return error_set(e, EXIT_INTERNAL, "worker %s: out of memory", w->job.backend);
    }
    network_init(&start, &shape, w->job.seed);
    trainer_load(w->trainer, &start);
    w->has_own_threads = own_threads_found(&w->threads, plan->threads, make_one_step, w);
    trainer_load(w->trainer, &start);
    network_free(&start);
    if (reverify_open(&w->reverify, plan, e)) return (int)e->code;
    w->op_count = trainer_times(w->trainer, w->ops);
    w->clock_reads = trainer_clock_reads(w->trainer);
    w->clock_read_seconds = time_of_a_clock_read();
    w->flop_done = trainer_flop_done(w->trainer);
    atomic_store_explicit(&w->shared->progress.epochs, w->job.epochs, memory_order_relaxed);
    return 0;
}

/* The ops' times since the last report. */
static void fill_op_times(struct worker *w, struct epoch_report *report)
{
    struct op_time now[TRAINER_MAX_OP_TIMES];
    report->op_count = trainer_times(w->trainer, now);
    for (int i = 0; i < report->op_count; i++) {
        struct op_time *op = &report->ops[i];
        snprintf(report->name_text[i], sizeof report->name_text[i], "%s", now[i].name);
        op->inherited = now[i].inherited;
        op->calls = now[i].calls - w->ops[i].calls;
        op->seconds = now[i].seconds - w->ops[i].seconds;
        op->flop = now[i].flop - w->ops[i].flop;
        op->calls_per_step = now[i].calls_per_step;
        w->ops[i] = now[i];
    }
    const long long reads = trainer_clock_reads(w->trainer);
    report->clock_reads = reads < 0 ? -1 : reads - w->clock_reads;
    report->clock_read_seconds = w->clock_read_seconds;
    w->clock_reads = reads;
    const double done = trainer_flop_done(w->trainer);
    report->flop_done = done < 0.0 ? -1.0 : done - w->flop_done;
    w->flop_done = done;
}

static enum isa_tier peak_tier(const struct worker *w)
{
    return isa_tier_of(contender_multiplier(&w->contender), w->contender.plan.isa);
}

/* A few milliseconds before and after each epoch, outside its clock; the better of both counts, since
 * whatever disturbs the measurement can only lower it. */
static double measure_peak(const struct worker *w)
{
    static const double seconds = 0.004;
    return peak_gflops(peak_tier(w), w->job.plan.threads, seconds);
}

/* Every image was trained once, every step was counted, and the steps that were checked again were correct.
 * */
static int check_epoch(struct worker *w, const struct epoch_report *report, struct error *e)
{
    const struct epoch_result *r = &report->result;
    if (w->reverify.failure[0])
        return error_set(e, EXIT_INTEGRITY, "%s; its training is not what was proven", w->reverify.failure);
    if (r->samples != w->data.train.count || report->ops[0].calls != (uint64_t)r->steps)
        return error_set(e, EXIT_PROOF, "epoch %d: %lld images of %u, %llu calls of %s in %d steps", r->epoch,
                         r->samples, w->data.train.count, (unsigned long long)report->ops[0].calls,
                         report->name_text[0], r->steps);
    return 0;
}

static int train_epoch(struct worker *w, int epoch, struct error *e)
{
    if (!w->proven || !w->job.has_data)
        return error_set(e, EXIT_INTERNAL, "worker %s: refuses to train: %s", w->job.backend,
                         w->proven ? "there is no data" : "its proof did not pass");
    const double start = clock_seconds();
    const int steps_before = w->reverify.verified, spans_before = w->reverify.spans_verified;
    const bool first = !w->trainer;
    if (first && (open_again(w, e) || prepare_training(w, e))) return (int)e->code;
    DOING(w, "epoch %d", epoch);
    /* The proof may have used teams of other sizes, after which the runtime has new threads. */
    own_threads_bind_team(&w->job.topology, w->job.plan.threads, w->has_own_threads, NULL);
    if (first) llc_probe_open(&w->llc, &w->job.topology, w->job.plan.threads, w->job.plan.isa);
    struct epoch_report *report = &new_message(w, MESSAGE_REPORT)->u.report;
    const double llc_before = llc_probe_gbps(&w->llc);
    const double peak_before = measure_peak(w);
    struct turn_noise_start noise;
    reverify_begin_epoch(&w->reverify, epoch, epoch == w->job.epochs || w->job.may_end_early);
    turn_noise_begin(&noise, &w->job.topology, w->job.plan.threads);
    epoch_run_watched(w->trainer, &w->data, w->job.plan.batch, w->job.seed, epoch, w->order,
                      &w->shared->progress, NULL, &w->reverify.watch, &report->result);
    report->noise = turn_noise_end(&noise);
    struct epoch_notes *notes = &report->notes;
    notes->control_start = w->control_start;
    notes->control_end = mxcsr_of_team(w->job.plan.threads, w->control_start);
    notes->steps_verified = w->reverify.verified - steps_before;
    notes->spans_verified = w->reverify.spans_verified - spans_before;
    notes->heap_mb = heap_mb();
    fill_op_times(w, report);
    if (check_epoch(w, report, e)) return (int)e->code;
    report->tier = (int)peak_tier(w);
    report->peak_gflops = fmax(peak_before, measure_peak(w));
    report->noise.llc_gbps = fmin(llc_before, llc_probe_gbps(&w->llc));
    notes->seconds = clock_seconds() - start;
    return send_message(w, e);
}

/* ---- After the training ---- */

static int send_tensor(struct worker *w, const float *values, int tensor, size_t count, struct error *e)
{
    const size_t most = sizeof w->out.u.piece.values / sizeof *w->out.u.piece.values;
    for (size_t first = 0; first < count && !e->code; first += most) {
        struct weights_piece *p = &new_message(w, MESSAGE_WEIGHTS)->u.piece;
        p->tensor = tensor;
        p->first = first;
        p->count = (int)(count - first < most ? count - first : most);
        memcpy(p->values, values + first, (size_t)p->count * sizeof *p->values);
        send_message(w, e);
    }
    return (int)e->code;
}

static int send_weights(struct worker *w, struct error *e)
{
    const struct plan *plan = &w->job.plan;
    const struct shape shape = {plan->inputs, plan->hidden, plan->classes};
    struct model m;
    network_alloc(&m, &shape);
    if (!m.w.w1) return error_set(e, EXIT_INTERNAL, "worker %s: out of memory", w->job.backend);
    trainer_store(w->trainer, &m);
    for (int i = 0; i < TENSOR_COUNT && !e->code; i++)
        send_tensor(w, tensor_data(&m.w, i), i, tensor_count(&shape, i), e);
    network_free(&m);
    return (int)e->code;
}

static int finish_training(struct worker *w, struct error *e)
{
    struct confusion confusion;
    if (!w->trainer) return error_set(e, EXIT_INTERNAL, "worker %s: has not trained", w->job.backend);
    DOING(w, "the test after its last epoch");
    if (w->job.wants_weights && send_weights(w, e)) return (int)e->code;
    if (confusion_count(&confusion, w->trainer, &w->data.test, w->job.plan.batch))
        return error_set(e, EXIT_INTERNAL, "worker %s: out of memory", w->job.backend);
    new_message(w, MESSAGE_OUTCOME)->u.confusion = confusion;
    return send_message(w, e);
}

/* ---- The connection ---- */

static int serve(struct worker *w, const struct worker_parts *parts, struct error *e)
{
    struct message m;
    if (!message_receive(w->socket, &m) || m.kind != MESSAGE_JOB)
        return error_set(e, EXIT_INTERNAL, "worker: the first message is not a job");
    w->job = m.u.job;
    if (open_job(w, parts, e) || prove_job(w, parts, e)) return (int)e->code;
    while (message_receive(w->socket, &m) && (m.kind == MESSAGE_EPOCH || m.kind == MESSAGE_FINISH))
        if (m.kind == MESSAGE_EPOCH ? train_epoch(w, m.u.epoch, e) : finish_training(w, e))
            return (int)e->code;
    DOING(w, "close()");
    return 0;
}

static void release(struct worker *w)
{
    trainer_free(w->trainer);
    llc_probe_close(&w->llc);
    reverify_close(&w->reverify);
    free(w->order);
    contender_close(&w->contender);
    if (w->data.map) dataset_close(&w->data);
}

/* One argument that names an open descriptor, or "-1". */
static bool read_descriptor(const char *text, int *fd)
{
    char *end;
    errno = 0;
    const long value = strtol(text, &end, 10);
    if (errno || end == text || *end || value < -1 || value > 1 << 20) return false;
    *fd = (int)value;
    /* What a backend may start has no business here, and would hide this process's end from the parent. */
    return value == -1 || fcntl(*fd, F_SETFD, FD_CLOEXEC) == 0;
}

int worker_serve(int argc, char **argv, const struct worker_parts *parts)
{
    struct worker w = {.socket = -1, .data_fd = -1, .control_start = mxcsr()};
    struct error e = {0};
    int page = -1;
    if (argc < 4 || !read_descriptor(argv[argc - 3], &w.socket) || !read_descriptor(argv[argc - 2], &page) ||
        !read_descriptor(argv[argc - 1], &w.data_fd)) {
        fprintf(stderr, "bench: worker: can be started by 'bench run' only\n");
        return EXIT_USAGE;
    }
    void *map = mmap(NULL, sizeof *w.shared, PROT_READ | PROT_WRITE, MAP_SHARED, page, 0);
    if (map == MAP_FAILED) {
        fprintf(stderr, "bench: worker: cannot map the shared page: %s\n", strerror(errno));
        return EXIT_INTERNAL;
    }
    w.shared = map;
    contender_trace = &w.shared->trace;
    crash_context_install(&w.shared->crash, parts->current_case);
    if (serve(&w, parts, &e)) {
        new_message(&w, MESSAGE_ERROR)->u.error = e;
        if (message_send(w.socket, &w.out) != 0) fprintf(stderr, "bench: %s\n", e.text);
    }
    release(&w);
    /* The page stays mapped: the crash context at exit goes there. */
    return (int)e.code;
}

int worker_main(int argc, char **argv)
{
    static const struct worker_parts parts = {registry_resolve, prove_backend, proof_current_case};
    if (argc == 4 && strcmp(argv[2], PROGRAM_QUESTION) == 0) return program_answer(argv[3]);
    return worker_serve(argc, argv, &parts);
}
