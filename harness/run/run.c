/* SPDX-License-Identifier: MIT */
#include "run/run.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "roof/peak.h"
#include "run/process.h"
#include "run/program.h"
#include "run/turns.h"
#include "backends/tuning.h"

static const double tick_seconds = 0.1;
static const double crash_context_seconds =
    1.0;                                  /* between the end of the connection and the end of the process */
static const double close_seconds = 10.0; /* for close(), and for a leak checker at exit */

struct runner { /* one contender and its worker */
    const struct registry_entry *entry;
    struct process process;
    int epochs, done; /* owed in all, trained so far */
    int prior;        /* epochs of an earlier part of the run */
    bool out;         /* failed, or not owed anything any more */
};

struct run {
    const struct run_options *options;
    const struct dataset *data; /* NULL: prove only, on synthetic images */
    const struct topology *topology;
    const struct run_listener *listener;
    const volatile sig_atomic_t *interrupted;
    struct runner *runners;
    int count;
    bool any_failed;          /* but for the reasons in the next lines */
    bool any_untrue;          /* OUTCOME_INTEGRITY */
    int without_case;         /* contenders whose proof has no case like only_case */
    double next_tick;         /* clock_seconds() */
    struct observer observer; /* of the epoch under way */
    struct model weights;     /* of the contender that has just ended its training, where they are wanted */
    struct message message;   /* last one received, or the one to send */
};

/* Calls one of the listener's functions, if it has that one. */
#define TELL(run, event, ...)                                                                                \
    do {                                                                                                     \
        if ((run)->listener->event) (run)->listener->event((run)->listener->context, __VA_ARGS__);           \
    } while (0)

static struct shape shape_of(const struct run_options *o)
{
    return (struct shape){o->plan.inputs, o->plan.hidden, o->plan.classes};
}

static bool is_interrupted(const struct run *run)
{
    return run->interrupted && *run->interrupted;
}

/* ---- The end of a contender ---- */

/* case_text: of the proof's case that it was at; "" where there is none. */
static void fail_at(struct run *run, struct runner *r, enum contender_outcome outcome, const char *reason,
                    const char *case_text)
{
    process_kill(&r->process);
    r->out = true;
    if (outcome == OUTCOME_NO_CASE)
        run->without_case++;
    else if (outcome == OUTCOME_INTEGRITY)
        run->any_untrue = true;
    else
        run->any_failed = true;
    TELL(run, failed, r->entry, outcome, reason, case_text);
}

static void fail(struct run *run, struct runner *r, enum contender_outcome outcome, const char *reason)
{
    fail_at(run, r, outcome, reason, "");
}

/* Of a worker that has closed its socket. */
static void fail_crashed(struct run *run, struct runner *r)
{
    struct process_end end;
    process_finish(&r->process, crash_context_seconds, &end);
    fail_at(run, r, OUTCOME_CRASHED, end.message, end.case_text);
}

static void fail_timeout(struct run *run, struct runner *r)
{
    struct process_end end;
    process_give_up(&r->process, run->options->timeout, &end);
    fail_at(run, r, OUTCOME_CRASHED, end.message, end.case_text);
}

/* Lets a worker that has done all close its backend and leave. */
static void dismiss(struct run *run, struct runner *r)
{
    struct process_end end;
    run->message.kind = MESSAGE_QUIT;
    message_send(r->process.socket, &run->message);
    r->out = true;
    if (!process_finish(&r->process, close_seconds, &end)) fail(run, r, OUTCOME_CRASHED, end.message);
}

/* ---- Listening to a worker ---- */

/* The last progress of a worker: what it counted, and when this was seen to change. */
struct heartbeat {
    uint64_t calls;
    int counts[4];
    double looked, changed; /* clock_seconds() */
};

/* Whether the worker has been silent for too long. Any op called, training step or class of proof cases done
 * is progress. Where this process itself did not look for a while, because it was stopped, nor could
 * the worker work. */
static bool is_silent(const struct run *run, const struct runner *r, struct heartbeat *heartbeat)
{
    const struct shared_page *page = r->process.shared;
    const struct progress *p = &page->progress;
    const double now = clock_seconds();
    const struct heartbeat seen = {
        .calls = page->trace.calls,
        .counts = {atomic_load_explicit(&p->phase, memory_order_relaxed),
                   atomic_load_explicit(&p->epoch, memory_order_relaxed),
                   atomic_load_explicit(&p->step, memory_order_relaxed),
                   atomic_load_explicit(&p->proof_done, memory_order_relaxed)},
        .looked = now,
        .changed = now,
    };
    if (seen.calls != heartbeat->calls || memcmp(seen.counts, heartbeat->counts, sizeof seen.counts) != 0 ||
        now - heartbeat->looked > 10 * tick_seconds)
        *heartbeat = seen;
    heartbeat->looked = now;
    return run->options->timeout > 0 && now - heartbeat->changed > run->options->timeout;
}

/* A terminal that does not take its line holds this process up, not the worker. */
static void tell_tick(struct run *run, const struct runner *r)
{
    const double start = observer_seconds();
    TELL(run, tick, r->entry, &r->process.shared->progress);
    run->observer.busy += observer_seconds() - start;
}

/* Waits for the next message of a working contender, with ticks. False when there is none to come: the run is
 * interrupted, or the worker has failed, which is then already reported. */
static bool wait_message(struct run *run, struct runner *r)
{
    struct pollfd fd = {.fd = r->process.socket, .events = POLLIN};
    struct heartbeat heartbeat = {.calls = 0};
    for (;;) {
        if (is_interrupted(run)) return false;
        const double left = run->next_tick - clock_seconds();
        const double asked = clock_seconds();
        const int ready = poll(&fd, 1, left > 0.0 ? (int)(left * 1e3) + 1 : 0);
        if (clock_seconds() - asked > 10 * tick_seconds) run->observer.away = true;
        if (ready > 0) break;
        if (clock_seconds() < run->next_tick) continue;
        tell_tick(run, r);
        run->next_tick = clock_seconds() + tick_seconds;
        if (is_silent(run, r, &heartbeat)) {
            fail_timeout(run, r);
            return false;
        }
    }
    if (!message_receive(r->process.socket, &run->message)) {
        fail_crashed(run, r);
        return false;
    }
    if (run->message.kind != MESSAGE_ERROR) return true;
    const struct error e = run->message.u.error;
    const bool no_case = e.code == EXIT_USAGE && run->options->only_case;
    fail(run, r,
         e.code == EXIT_PROOF       ? OUTCOME_PROOF_FAILED
         : e.code == EXIT_INTEGRITY ? OUTCOME_INTEGRITY
         : e.code == EXIT_NOTHING   ? OUTCOME_NOT_OPENED
         : no_case                  ? OUTCOME_NO_CASE
                                    : OUTCOME_CRASHED,
         e.text);
    return false;
}

/* A message out of order: the worker's memory is not what it was. */
static void fail_protocol(struct run *run, struct runner *r)
{
    char reason[64];
    snprintf(reason, sizeof reason, "its worker sent message %d out of order", (int)run->message.kind);
    fail(run, r, OUTCOME_CRASHED, reason);
}

/* ---- Opening and proof ---- */

static void name_plugin(struct job_plugin *to, const struct plugin *p)
{
    if (!p) return;
    snprintf(to->name, sizeof to->name, "%s", p->facts.name);
    snprintf(to->path, sizeof to->path, "%s", p->path);
}

static int start(struct run *run, struct runner *r, struct error *e)
{
    const int data_fd = run->data ? run->data->fd : -1;
    const char *program = r->entry->program ? r->entry->program->path : NULL;
    if (process_start_program(&r->process, r->entry->name, program, data_fd, run->options->plan.threads,
                              run->topology, e))
        return (int)e->code;
    memset(&run->message, 0, sizeof run->message);
    run->message.kind = MESSAGE_JOB;
    struct job *job = &run->message.u.job;
    snprintf(job->backend, sizeof job->backend, "%s", r->entry->spec);
    name_plugin(&job->plugins[0], r->entry->plugin);
    if (r->entry->base) name_plugin(&job->plugins[1], r->entry->base->plugin);
    job->plan = run->options->plan;
    job->plan.blocking = tuning_blocking(registry_op_backend(r->entry, OP_gemm)->name);
    job->seed = run->options->seed;
    job->exhaustive = run->options->exhaustive;
    job->allow_deviation = registry_may_deviate(r->entry, run->options->allow_deviation);
    if (run->options->only_case)
        snprintf(job->only_case, sizeof job->only_case, "%s", run->options->only_case);
    if (r->entry->skip_phases) job->plan.skip_phases = 1;
    job->epochs = r->epochs;
    job->may_end_early = run->options->target > 0;
    job->wants_weights = run->options->weights;
    job->has_data = run->data != NULL;
    if (run->data) job->data = *run->data;
    job->topology = *run->topology;
    message_send(r->process.socket,
                 &run->message); /* a worker that is gone already shows in wait_message() */
    return 0;
}

/* Reports the verdict and draws the consequence. */
static void judge(struct run *run, struct runner *r, const struct worker_verdict *proven)
{
    char reason[128];
    const struct proof_verdict *v = &proven->verdict;
    TELL(run, proven, r->entry, v, proven->seconds);
    if (v->cases <= 0)
        fail(run, r, OUTCOME_PROOF_FAILED, "its proof ran no case");
    else if (!proof_passed(v)) {
        snprintf(reason, sizeof reason, "%lld of %lld cases of its proof failed", v->failed, v->cases);
        fail(run, r, OUTCOME_PROOF_FAILED, reason);
    } else if (run->options->prove_only || (r->prior == r->epochs && !run->options->weights))
        dismiss(run, r);
    else
        process_pause(&r->process);
}

static int open_and_prove(struct run *run, struct runner *r, struct error *e)
{
    if (start(run, r, e)) return (int)e->code;
    if (!wait_message(run, r)) return 0;
    if (run->message.kind != MESSAGE_OPENED) {
        fail_protocol(run, r);
        return 0;
    }
    const struct contender_info info = run->message.u.info;
    TELL(run, opened, r->entry, &info);
    TELL(run, turn, r->entry, 0, r->epochs);
    while (wait_message(run, r)) {
        if (run->message.kind == MESSAGE_PROOF_ROW) {
            TELL(run, proof_row, r->entry, &run->message.u.row);
            continue;
        }
        const struct worker_verdict proven = run->message.u.proven;
        if (run->message.kind == MESSAGE_PROVEN)
            judge(run, r, &proven);
        else
            fail_protocol(run, r);
        break;
    }
    return 0;
}

/* ---- After the training ---- */

/* Whether the piece is the one that follows the `had` values of the tensor, which is then continued. */
static bool take_piece(const struct weights_piece *p, const struct shape *s, const struct tensors *to,
                       int tensor, uint64_t had)
{
    const uint64_t left = tensor_count(s, tensor) - had;
    const uint64_t most = sizeof p->values / sizeof *p->values;
    if (p->tensor != tensor || p->first != had || p->count < 1 || (uint64_t)p->count > most ||
        (uint64_t)p->count > left)
        return false;
    memcpy(tensor_data(to, tensor) + had, p->values, (size_t)p->count * sizeof *p->values);
    return true;
}

/* All four tensors, into run->weights. False when there is no more to come: interrupted, or failed. */
static bool receive_weights(struct run *run, struct runner *r)
{
    const struct shape shape = shape_of(run->options);
    for (int tensor = 0; tensor < TENSOR_COUNT; tensor++)
        for (uint64_t had = 0; had < tensor_count(&shape, tensor);) {
            if (!wait_message(run, r)) return false;
            const struct weights_piece *p = &run->message.u.piece;
            if (run->message.kind != MESSAGE_WEIGHTS ||
                !take_piece(p, &shape, &run->weights.w, tensor, had)) {
                fail_protocol(run, r);
                return false;
            }
            had += (uint64_t)p->count;
        }
    return true;
}

/* Asks a worker that has trained its last epoch what came of it, and lets it leave. */
static void finish_training(struct run *run, struct runner *r)
{
    struct training_outcome outcome = {.weights = run->weights.w};
    memset(&run->message, 0, sizeof run->message);
    run->message.kind = MESSAGE_FINISH;
    message_send(r->process.socket, &run->message);
    if (run->options->weights && !receive_weights(run, r)) return;
    if (!wait_message(run, r)) return;
    if (run->message.kind != MESSAGE_OUTCOME) {
        fail_protocol(run, r);
        return;
    }
    outcome.confusion = run->message.u.confusion;
    TELL(run, trained, r->entry, &outcome);
    dismiss(run, r);
}

/* ---- Training in turns ---- */

/* The others have just been stopped: gives the kernel time to settle. */
static void settle(void)
{
    const struct timespec gap = {0, 5000000};
    nanosleep(&gap, NULL);
}

/* Trains the next epoch. False when there is none to come: interrupted, or failed. */
static bool train_one(struct run *run, struct runner *r, int round, int position)
{
    const int epoch = r->done + 1;
    TELL(run, turn, r->entry, epoch, r->epochs);
    memset(&run->message, 0, sizeof run->message);
    run->message.kind = MESSAGE_EPOCH;
    run->message.u.epoch = epoch;
    observer_begin(&run->observer, r->process.pid);
    message_send(r->process.socket, &run->message);
    if (!wait_message(run, r)) return false;
    struct observation observation;
    observer_end(&run->observer, &observation);
    struct epoch_report *report = &run->message.u.report;
    if (run->message.kind != MESSAGE_REPORT || report->result.epoch != epoch || report->op_count < 0 ||
        report->op_count > TRAINER_MAX_OP_TIMES || report->tier < 0 || report->tier >= ISA_TIER_COUNT) {
        fail_protocol(run, r);
        return false;
    }
    process_observe(&r->process, &observation);
    report->observation = observation;
    report->round = round > 0 ? round + run->options->rounds_before : 0;
    report->position = position;
    r->done = epoch;
    if (run->options->target > 0 && report->result.val_accuracy >= run->options->target) r->epochs = epoch;
    return true;
}

/* Trains the prior epochs again; those of a contender that owes no more, for its weights. */
static void replay(struct run *run, struct runner *r)
{
    process_continue(&r->process);
    settle();
    while (r->done < r->prior) {
        if (!train_one(run, r, 0, 0)) return;
        const struct epoch_report report = run->message.u.report;
        const char *reason = run->listener->replayed(run->listener->context, r->entry, &report);
        if (!reason) continue;
        fail(run, r, OUTCOME_CRASHED, reason);
        return;
    }
    if (r->done == r->epochs)
        finish_training(run, r);
    else
        process_pause(&r->process);
}

static void take_turn(struct run *run, struct runner *r, int round, int position)
{
    const int per_turn = run->options->epochs_per_turn > 0 ? run->options->epochs_per_turn : 1;
    const int last = r->done + (round == 0 ? 1 : per_turn);
    process_continue(&r->process);
    settle();
    while (r->done < last && r->done < r->epochs) {
        if (!train_one(run, r, round, position)) return;
        struct epoch_report report = run->message.u.report;
        for (int i = 0; i < report.op_count; i++) report.ops[i].name = report.name_text[i];
        const bool turn_ends = r->done == last || r->done == r->epochs;
        if (turn_ends) process_pause(&r->process);
        TELL(run, epoch, r->entry, &report);
    }
    if (r->done < r->epochs) return;
    process_continue(&r->process);
    finish_training(run, r);
}

/* Whether a contender that an earlier part of the run has brought to its end would be in this round. */
static bool was_in_round(const struct runner *r, int round)
{
    return r->prior > 0 && r->prior == r->epochs && round <= r->epochs;
}

/* Fills in who is still owed an epoch, in this round's order. Returns how many. */
static int draw_round(const struct run *run, int round, struct runner **order)
{
    int places[REGISTRY_MAX], n = 0;
    struct runner *owed[REGISTRY_MAX];
    for (int i = 0; i < run->count; i++)
        if (!run->runners[i].out || was_in_round(&run->runners[i], round)) owed[n++] = &run->runners[i];
    if (n == 0) return 0;
    const struct run_options *o = run->options;
    turns_of_round(round > 0 ? o->order : TURNS_SHUFFLED, places, n, o->seed, round + o->rounds_before);
    for (int i = 0; i < n; i++) order[i] = owed[places[i]];
    return n;
}

/* Lets all go that are still training. */
static void dismiss_all(struct run *run)
{
    for (int i = 0; i < run->count; i++) {
        struct runner *r = &run->runners[i];
        if (r->out) continue;
        process_continue(&r->process);
        dismiss(run, r);
    }
}

static void train(struct run *run)
{
    struct runner *order[REGISTRY_MAX];
    int n = 1;
    for (int round = run->options->warm_up ? 0 : 1; n > 0 && !is_interrupted(run); round++) {
        if (run->options->needs_all && (run->any_failed || run->any_untrue)) dismiss_all(run);
        n = draw_round(run, round, order);
        for (int i = 0; i < n && !is_interrupted(run); i++)
            if (order[i]->prior == 0 || order[i]->prior < round) take_turn(run, order[i], round, i + 1);
    }
}

/* ---- The run ---- */

int run_contender_epochs(const struct registry_entry *entry, int contenders, int epochs, int naive_epochs)
{
    return contenders > 1 && registry_is_fallback(entry) ? naive_epochs : epochs;
}

static void report_interrupted(struct run *run)
{
    for (int i = 0; i < run->count; i++) process_kill(&run->runners[i].process);
    for (int i = 0; i < run->count; i++) {
        char reason[96];
        struct runner *r = &run->runners[i];
        if (r->out) continue;
        snprintf(reason, sizeof reason, "interrupted after %d of %d epochs",
                 r->done > r->prior ? r->done : r->prior, r->epochs);
        fail(run, r, OUTCOME_INTERRUPTED, reason);
    }
}

static int run_all(struct run *run, struct error *e)
{
    for (int i = 0; i < run->count && !is_interrupted(run); i++)
        if (open_and_prove(run, &run->runners[i], e)) return (int)e->code;
    for (int i = 0; i < run->count && !is_interrupted(run); i++)
        if (!run->runners[i].out && run->runners[i].prior > 0) replay(run, &run->runners[i]);
    train(run);
    if (!is_interrupted(run))
        return run->any_untrue                   ? EXIT_INTEGRITY
               : run->any_failed                 ? EXIT_PROOF
               : run->without_case == run->count ? EXIT_USAGE
                                                 : EXIT_OK;
    report_interrupted(run);
    return EXIT_INTERRUPTED;
}

static int check_arguments(int count, const struct run_options *o, const struct dataset *data,
                           const struct topology *t, struct error *e)
{
    const struct plan *p = &o->plan;
    if (count < 1 || count > REGISTRY_MAX || p->threads < 1 || p->batch < 1 || p->hidden < 1)
        return error_set(e, EXIT_INTERNAL,
                         "run: %d contenders, %d threads, batch %d, hidden %d: each must be >= 1", count,
                         p->threads, p->batch, p->hidden);
    if (t->places_count < 1) return error_set(e, EXIT_INTERNAL, "run: the topology has no places");
    if (!o->prove_only && (!data || data->fd < 0 || o->epochs < 1 || o->naive_epochs < 1))
        return error_set(e, EXIT_INTERNAL,
                         "run: training needs data that workers can map, and an epoch at least");
    if (data && p->inputs != data->rows * data->cols)
        return error_set(e, EXIT_INTERNAL, "run: a plan for %d inputs, images of %dx%d", p->inputs,
                         data->rows, data->cols);
    return 0;
}

int run_execute(const struct run_options *options, const struct registry_entry *const *entries, int count,
                const struct dataset *data, const struct topology *topology,
                const struct run_listener *listener, const volatile sig_atomic_t *interrupted,
                struct error *e)
{
    struct runner runners[REGISTRY_MAX] = {0};
    struct run run = {
        .options = options,
        .data = data && data->fd >= 0 ? data : NULL,
        .topology = topology,
        .listener = listener,
        .interrupted = interrupted,
        .runners = runners,
        .count = count,
    };
    if (check_arguments(count, options, data, topology, e)) return (int)e->code;
    const struct shape shape = shape_of(options);
    if (options->weights) network_alloc(&run.weights, &shape);
    if (options->weights && !run.weights.w.w1)
        return error_set(e, EXIT_INTERNAL, "out of memory for weights");
    observer_prepare();
    _Static_assert((int)REGISTRY_MAX <= (int)TURNS_MAX, "every contender gets a turn");
    for (int i = 0; i < count; i++) {
        runners[i].entry = entries[i];
        runners[i].process.socket = -1;
        runners[i].epochs = options->prove_only ? 0
                                                : run_contender_epochs(entries[i], count, options->epochs,
                                                                       options->naive_epochs);
        runners[i].prior = options->prior ? options->prior[i] : 0;
    }
    const int code = run_all(&run, e);
    for (int i = 0; i < count; i++) process_kill(&runners[i].process);
    network_free(&run.weights);
    return code;
}
