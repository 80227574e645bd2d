/* SPDX-License-Identifier: MIT */
#include "integrity/lines.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const check_names[CHECK_COUNT] = {
    [CHECK_COUNTER] = "time stamp counter",
    [CHECK_STOPWATCH] = "stopwatch",
    [CHECK_ROOF] = "roof",
    [CHECK_OP_ROOF] = "roof of ops",
    [CHECK_FLOP_DONE] = "operations done",
    [CHECK_CPU_TIME] = "CPU time",
    [CHECK_THREADS] = "threads",
    [CHECK_PROCESSES] = "processes",
    [CHECK_MEMORY] = "memory",
    [CHECK_CALLS] = "calls",
    [CHECK_LOOKED_AT] = "looked at again",
    [CHECK_TRAINING] = "training",
    [CHECK_LOSS] = "first loss",
    [CHECK_ORDER] = "order",
    [CHECK_MXCSR] = "MXCSR",
    [CHECK_FILE] = "file",
    [CHECK_PRELOAD] = "preload",
    [CHECK_IMPLEMENTATION] = "implementation",
};

const char *integrity_check_name(enum integrity_check check)
{
    return check_names[check];
}

const char *integrity_status_name(enum integrity_status status)
{
    static const char *const names[] = {"not applicable", "pass", "violation"};
    return names[status];
}

/* ---- The ground ---- */

int integrity_ground_open(struct integrity_ground *g, const struct dataset *data, const struct shape *shape,
                          int batch, int threads, uint64_t seed)
{
    const size_t pixels = (size_t)data->train.count * (size_t)shape->inputs;
    size_t nonzero = 0;
    for (size_t i = 0; i < pixels; i++) nonzero += data->train.pixels[i] != 0;
    *g = (struct integrity_ground){.data = data,
                                   .shape = *shape,
                                   .batch = batch,
                                   .threads = threads,
                                   .seed = seed,
                                   .nonzero = pixels ? (double)nonzero / (double)pixels : 0.0,
                                   .order = calloc(data->train.count + 1u, sizeof *g->order)};
    return g->order ? 0 : -1;
}

void integrity_ground_close(struct integrity_ground *g)
{
    free(g->order);
    g->order = NULL;
}

void integrity_ground_seed(struct integrity_ground *g, uint64_t seed)
{
    g->seed = seed;
    g->order_epoch = 0; /* epochs count from 1: no order is saved */
}

/* ---- Lines ---- */

struct integrity_line *lines_take(struct integrity *i, enum integrity_check check, bool right,
                                  double severity)
{
    struct integrity_line *line = &i->line[check];
    if (line->status == INTEGRITY_VIOLATION) return NULL;
    if (right && line->status == INTEGRITY_PASS && !(severity > line->severity)) return NULL;
    *line =
        (struct integrity_line){.status = right ? INTEGRITY_PASS : INTEGRITY_VIOLATION, .severity = severity};
    return line;
}

void lines_not_applicable(struct integrity *i, enum integrity_check check, const char *message)
{
    struct integrity_line *line = &i->line[check];
    if (line->status == INTEGRITY_NOT_APPLICABLE) SAY(line->message, "%s", message);
}

/* A figure that must be equal to what it should be. */
static void equal(struct integrity *i, enum integrity_check check, int epoch, const char *what,
                  long long expected, long long seen)
{
    struct integrity_line *line = lines_take(i, check, expected == seen, 0.0);
    if (!line) return;
    SAY(line->expected, "%lld", expected);
    SAY(line->seen, "%lld", seen);
    SAY(line->message, "%s, epoch %d", what, epoch);
}

/* ---- Clocks ---- */

/* CLOCK_MONOTONIC may be slewed by the kernel, by 500 ppm for its frequency and as much for its offset. */
static const double slewing = 1e-3;

/* Each look at a step begins and ends with a reading of both clocks, which may lie a microsecond apart. */
static void check_counter(struct integrity *i, const struct epoch_report *r)
{
    const double rate = r->observation.ticks_per_second, told = r->result.train_seconds;
    if (!(rate > 0.0)) {
        lines_not_applicable(i, CHECK_COUNTER, "the time stamp counter of this CPU is not invariant");
        return;
    }
    const double counted = (double)(int64_t)r->result.train_ticks / rate;
    const double allowed = slewing * fabs(counted) + 1e-6 * (5.0 + 2.0 * r->result.steps);
    const double apart = fabs(told - counted);
    struct integrity_line *line = lines_take(i, CHECK_COUNTER, apart <= allowed, apart / allowed);
    if (!line) return;
    SAY(line->expected, "%.6f s, within %.6f", counted, allowed);
    SAY(line->seen, "%.6f s", told);
    SAY(line->message, "train_seconds against the CPU's time stamp counter, epoch %d", r->result.epoch);
}

/* What lies between the two: two messages, for which a worker or the parent may have to wait for a CPU
 * (counted by the kernel), or the whole machine may stand still for a while (a hypervisor; not counted). */
static void check_stopwatch(struct integrity *i, const struct epoch_report *r)
{
    static const double standing = 0.05;
    const struct observation *t = &r->observation;
    const double told = r->notes.seconds;
    if (t->away || !(t->seconds > 0.0)) {
        lines_not_applicable(i, CHECK_STOPWATCH, "bench itself was stopped during the epoch");
        return;
    }
    const double allowed = slewing * t->seconds + t->delays + standing;
    const double apart = t->seconds - told;
    const bool right = apart <= allowed && -apart <= slewing * t->seconds + 1e-4;
    struct integrity_line *line = lines_take(i, CHECK_STOPWATCH, right, fabs(apart) / allowed);
    if (!line) return;
    SAY(line->expected, "%.6f s, or up to %.6f less", t->seconds, allowed);
    SAY(line->seen, "%.6f s", told);
    SAY(line->message,
        "the worker's clock against bench's CLOCK_MONOTONIC_RAW around epoch %d, peak and checks included",
        r->result.epoch);
}

/* ---- Work ---- */

/* A tick of the kernel's accounting for each thread that runs, beside the wall time of all. */
static void check_cpu_time(struct integrity *i, const struct integrity_ground *g,
                           const struct epoch_report *r)
{
    static const double tick = 0.01;
    const struct observation *t = &r->observation;
    if (t->cpu_seconds < 0.0) {
        lines_not_applicable(i, CHECK_CPU_TIME, "the kernel does not report the CPU time of another process");
        return;
    }
    const double allowed = g->threads * (1.01 * t->seconds + tick);
    struct integrity_line *line =
        lines_take(i, CHECK_CPU_TIME, t->cpu_seconds <= allowed, t->cpu_seconds / allowed);
    if (!line) return;
    SAY(line->expected, "at most %.6f s", allowed);
    SAY(line->seen, "%.6f s", t->cpu_seconds);
    SAY(line->message, "CPU time of the process during %.6f s with %d declared thread%s, epoch %d",
        t->seconds, g->threads, g->threads == 1 ? "" : "s", r->result.epoch);
}

static void check_threads(struct integrity *i, const struct integrity_ground *g, const struct epoch_report *r)
{
    const int tasks = r->observation.tasks, busy = r->observation.busy;
    struct integrity_line *line = busy > g->threads ? lines_take(i, CHECK_THREADS, false, 0.0) : NULL;
    if (line) {
        SAY(line->expected, "at most %d", g->threads);
        SAY(line->seen, "%d", busy);
        SAY(line->message, "the first thread, and those that worked more than half as long, epoch %d",
            r->result.epoch);
    }
    if (tasks == 0) {
        lines_not_applicable(i, CHECK_THREADS, "/proc does not show the threads of another process");
        return;
    }
    if (i->epochs == 0) i->tasks = tasks;
    equal(i, CHECK_THREADS, r->result.epoch, "threads of the process, as after its first epoch", i->tasks,
          tasks);
}

/* The worker's own CPU time and threads say nothing of what another process does for it. */
static void check_processes(struct integrity *i, const struct epoch_report *r)
{
    const struct observation *t = &r->observation;
    if (t->started < 0) {
        lines_not_applicable(i, CHECK_PROCESSES, "/proc does not show the processes");
        return;
    }
    struct integrity_line *line = lines_take(i, CHECK_PROCESSES, t->started == 0 && !t->collected, 0.0);
    if (!line) return;
    SAY(line->expected, "none");
    SAY(line->seen, "%s",
        t->started > 0 ? t->started_text
        : t->collected ? "one or more that have ended"
                       : "none");
    SAY(line->message, "processes started by the backend, at the end of epoch %d", r->result.epoch);
}

/* What the first epoch has not touched yet: the kernel may round what little a mapping has touched up to a
 * huge page of 2 MiB, which matters where the mapping is larger: a stack and an allocator's arena for each
 * thread, and as many as four threads have for the program and the C library. */
static double memory_available_mb(int threads)
{
    return 2.097152 * 2 * (threads + 4);
}

/* Each epoch does the same work, so an allocator that takes memory back has found space for all of it in the
 * first. It may ask for more once or twice when it has scattered what is free, but not three times in a row
 * for a page of every step. A leak through malloc can fill what the proof has freed, so that the mappings do
 * not grow: the heap shows it. */
static void check_memory(struct integrity *i, const struct integrity_ground *g, const struct epoch_report *r)
{
    enum { IN_A_ROW = 3 };
    static const double page_mb = 4096e-6;
    const struct observation *t = &r->observation;
    const bool first = i->epochs == 0 || r->result.epoch == 1; /* of a worker */
    const double grown = t->rss_mb - i->first_rss_mb, allowed = memory_available_mb(g->threads);
    const double more = fmax(t->data_mb - i->last_data_mb, r->notes.heap_mb - i->last_heap_mb);
    const bool grows = more >= page_mb * r->result.steps;
    i->last_data_mb = t->data_mb;
    i->last_heap_mb = r->notes.heap_mb;
    i->growing = grows && !first ? i->growing + 1 : 0;
    if (first) i->first_rss_mb = t->rss_mb;
    if (first || t->rss_mb < 0.0 || i->first_rss_mb < 0.0) {
        lines_not_applicable(i, CHECK_MEMORY,
                             first ? "there is no second epoch"
                                   : "/proc does not show the memory of another process");
        return;
    }
    struct integrity_line *line =
        lines_take(i, CHECK_MEMORY, grown <= allowed && i->growing < IN_A_ROW, grown / allowed);
    if (!line) return;
    SAY(line->expected, "at most %.1f MB more, and not a page a step in each of %d epochs", allowed,
        IN_A_ROW);
    SAY(line->seen, "%.1f MB more%s", grown, i->growing >= IN_A_ROW ? ", a page a step or more in each" : "");
    SAY(line->message, "resident memory after epoch %d, %.1f MB, against that after the worker's first",
        r->result.epoch, t->rss_mb);
}

static void check_calls(struct integrity *i, const struct integrity_ground *g, const struct epoch_report *r)
{
    const uint32_t images = g->data->train.count, batch = (uint32_t)g->batch;
    const long long steps = images / batch + (images % batch != 0);
    const int epoch = r->result.epoch;
    equal(i, CHECK_CALLS, epoch, "images", images, r->result.samples);
    equal(i, CHECK_CALLS, epoch, "steps", steps, r->result.steps);
    for (int op = 0; op < r->op_count; op++) {
        char what[48];
        SAY(what, "calls of %s", r->name_text[op]);
        equal(i, CHECK_CALLS, epoch, what, steps * r->ops[op].calls_per_step, (long long)r->ops[op].calls);
    }
}

/* Where training diverges, steps are looked at but there is nothing to compare. */
static void check_looked_at(struct integrity *i, const struct epoch_report *r)
{
    const struct epoch_notes *n = &r->notes;
    const bool has_span = r->result.steps >= SPAN_MIN;
    if (!(fabs(r->result.loss) < 1e3) || !(fabs(r->result.val_loss) < 1e3)) {
        lines_not_applicable(i, CHECK_LOOKED_AT, "the training diverges");
        return;
    }
    const bool right = n->steps_verified >= 1 && n->spans_verified >= has_span;
    struct integrity_line *line = lines_take(i, CHECK_LOOKED_AT, right, 0.0);
    if (line) {
        SAY(line->expected, "a step or more%s", has_span ? " and a span of steps" : "");
        SAY(line->seen, "%d step%s, %d span%s", n->steps_verified, n->steps_verified == 1 ? "" : "s",
            n->spans_verified, n->spans_verified == 1 ? "" : "s");
        SAY(line->message, "of epoch %d, drawn at random and compared with the oracle", r->result.epoch);
    }
    line = lines_take(i, CHECK_TRAINING, true,
                      0.0); /* a worker that finds something else leaves: integrity_untrue */
    if (line) SAY(line->message, "all steps that were checked were right");
}

void integrity_untrue(struct integrity *i, const char *message)
{
    struct integrity_line *line = lines_take(i, CHECK_TRAINING, false, 0.0);
    if (line) SAY(line->message, "%s", message);
}

static void check_order(struct integrity *i, struct integrity_ground *g, const struct epoch_report *r)
{
    const int epoch = r->result.epoch;
    if (g->order_epoch != epoch) {
        epoch_order(g->order, g->data->train.count, g->seed, epoch);
        g->order_hash = epoch_order_hash(g->order, g->data->train.count);
        g->order_epoch = epoch;
    }
    struct integrity_line *line = lines_take(i, CHECK_ORDER, r->result.order_hash == g->order_hash, 0.0);
    if (!line) return;
    SAY(line->expected, "%016llx", (unsigned long long)g->order_hash);
    SAY(line->seen, "%016llx", (unsigned long long)r->result.order_hash);
    SAY(line->message, "hash of the order of the samples after training in it, epoch %d", epoch);
}

static void check_mxcsr(struct integrity *i, const struct epoch_report *r)
{
    const struct epoch_notes *n = &r->notes;
    struct integrity_line *line = lines_take(i, CHECK_MXCSR, n->control_end == n->control_start, 0.0);
    if (!line) return;
    SAY(line->expected, "0x%04x", n->control_start);
    SAY(line->seen, "0x%04x", n->control_end);
    SAY(line->message, "MXCSR without its flags, of all threads, after epoch %d", r->result.epoch);
}

void integrity_epoch(struct integrity *i, struct integrity_ground *g, const struct epoch_report *r)
{
    check_counter(i, r);
    check_stopwatch(i, r);
    roof_note_rates(i, g, r);
    check_cpu_time(i, g, r);
    check_threads(i, g, r);
    check_processes(i, r);
    check_memory(i, g, r);
    check_calls(i, g, r);
    check_looked_at(i, r);
    check_order(i, g, r);
    check_mxcsr(i, r);
    if (r->result.epoch == 1) i->first_loss = r->result.loss;
    i->epochs++;
}
