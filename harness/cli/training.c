/* SPDX-License-Identifier: MIT
 *
 * A run or a proof: its events become rows in files, lines on the terminal and the summary. */
#include "cli/training.h"

#include <math.h>
#include <string.h>

#include "backends/describe.h"
#include "base/atomic_file.h"
#include "base/clean_text.h"
#include "base/clock.h"
#include "base/json_text.h"
#include "cli/integrity_session.h"
#include "cli/interrupt.h"
#include "cli/proof_view.h"
#include "cli/reproduce.h"
#include "cli/resume.h"
#include "cli/saved_roofline.h"
#include "cli/session.h"
#include "proof/prove_training.h"
#include "results/figures.h"
#include "results/history.h"
#include "console/load_view.h"
#include "console/progress_view.h"
#include "console/summary_view.h"
#include "console/table_markdown.h"
#include "console/target_view.h"
#include "console/terminal.h"
#include "console/wrap.h"
#include "results/summary_json.h"
#include "results/target_results.h"
#include "results/weights_file.h"
#include "roof/roofline_cache.h"

/* One of several like it, in processes of their own. */
struct part {
    uint64_t seed;
    int process, rounds_before, epochs, naive_epochs;
};

struct job {
    const struct options *options;
    struct session *session;
    const struct training *extra; /* NULL: a plain run */
    struct resumption *resumed;   /* NULL: a new run */
    bool brief;                   /* a point of a sweep, which prints its own table at the end */
    bool training;
    struct run_files files;
    struct record record;
    struct summary summary;
    struct history histories[REGISTRY_MAX]; /* of summary.rows; of a plain run */
    struct progress_view view;
    struct proof_view proof_view;
    struct options proven;              /* options, with the seed of the part that proof_view shows */
    struct integrity_session integrity; /* of a training run */
    struct part part;                   /* under way */
    struct target_results target;       /* with a target accuracy */
    struct roofline_rates rates;        /* of this machine, where they are known */
    json_t *proof_rows;                 /* of bench prove --json */
    struct error *error;                /* a file could not be written: ends the run */
};

/* After a failed write the rest of the run would be wasted. */
static void note_failure(struct job *job)
{
    if (job->error->code) interrupt_flag = 1;
}

static void on_opened(void *context, const struct registry_entry *entry, const struct contender_info *info)
{
    struct job *job = context;
    summary_row(&job->summary, entry)->info = *info;
    if (session_has_dir(job->session)) record_opened(&job->record, entry->name, info);
}

static void on_proof_row(void *context, const struct registry_entry *entry, const struct proof_row *row)
{
    struct job *job = context;
    if (job->proof_rows) json_array_append_new(job->proof_rows, summary_json_proof_row(entry, row));
    progress_view_clear(&job->view);
    proof_view_row(&job->proof_view, entry, row);
    fflush(job->proof_view.out);
    if (session_has_dir(job->session)) run_files_proof_row(&job->files, entry, row, job->error);
    note_failure(job);
}

static void print_verdict(const struct registry_entry *entry, const struct proof_verdict *verdict,
                          double seconds)
{
    char worst[40];
    if (!proof_passed(verdict))
        terminal_word(stdout, TONE_BAD, "REJECTED");
    else
        terminal_word(stdout, verdict->deviating ? TONE_UNSURE : TONE_GOOD,
                      verdict->deviating ? "DEVIATES" : "PROVEN");
    printf("  %s: %lld cases, %lld failed, worst/bound %s, %.1f s\n", entry->name, verdict->cases,
           verdict->failed + verdict->deviating, proof_share_text(proof_worst(verdict), worst, sizeof worst),
           seconds);
}

static void on_proven(void *context, const struct registry_entry *entry, const struct proof_verdict *verdict,
                      double seconds)
{
    struct job *job = context;
    struct summary_row *row = summary_row(&job->summary, entry);
    row->proven = true;
    row->verdict = *verdict;
    if (session_has_dir(job->session)) record_proven(&job->record, entry->name, verdict, seconds);
    progress_view_clear(&job->view);
    proof_view_end(&job->proof_view, verdict->composed_skipped != 0);
    if (!job->training && !job->options->json)
        print_verdict(entry, verdict, seconds);
    else if (proof_passed(verdict))
        progress_view_line(&job->view, "proven    %s: %lld cases, worst error %.3f of its bound, %.1f s",
                           entry->name, verdict->cases, proof_worst(verdict), seconds);
    fflush(stdout);
    reproduce_warn_deviation(stderr, entry, verdict);
}

static void on_turn(void *context, const struct registry_entry *entry, int epoch, int epochs)
{
    struct job *job = context;
    char note[DESCRIBE_NOTE_SIZE];
    const double flop = network_train_flop(&job->session->shape, 1.0);
    progress_view_turn(&job->view, entry->name, epoch, epochs, *describe_note(entry, note) ? 0.0 : flop);
}

static void on_tick(void *context, const struct registry_entry *entry, const struct progress *progress)
{
    struct job *job = context;
    (void)entry;
    progress_view_tick(&job->view, progress);
}

/* In the part of the run that is under way. */
static int contender_epochs(const struct job *job, const struct registry_entry *entry)
{
    return run_contender_epochs(entry, job->session->count, job->part.epochs, job->part.naive_epochs);
}

/* Of the first seed, where there are several. */
static void keep_history(struct job *job, const struct summary_row *row, const struct epoch_report *report)
{
    if (!job->extra && job->part.seed == job->options->seed)
        history_epoch(&job->histories[row - job->summary.rows], &report->result);
}

static void on_epoch(void *context, const struct registry_entry *entry, const struct epoch_report *report)
{
    struct job *job = context;
    struct summary_row *row = summary_row(&job->summary, entry);
    const double flop = network_train_flop(&job->session->shape, (double)report->result.samples);
    const struct summary *s = &job->summary;
    const struct best_so_far best = {fmax(s->best_peak[report->tier], report->peak_gflops),
                                     fmax(s->best_llc_gbps, report->noise.llc_gbps)};
    if (run_files_epoch(&job->files, entry, &row->verdict, report, &best, job->error) == 0 &&
        summary_epoch(&job->summary, row, report, job->part.seed, flop) != 0)
        error_set(job->error, EXIT_INTERNAL, "out of memory");
    keep_history(job, row, report);
    integrity_epoch(integrity_session_of(&job->integrity, entry), &job->integrity.ground, report);
    if (job->options->target_accuracy > 0)
        target_epoch(&job->target, entry, job->part.seed, &report->result, contender_epochs(job, entry),
                     job->error);
    if (job->extra) job->extra->epoch(job->extra->context, entry, row, report);
    note_failure(job);
    progress_view_epoch(&job->view, entry->name, &report->result, contender_epochs(job, entry),
                        epoch_flop_done(report, flop));
}

/* The weights of the first seed, where there are several. */
static void on_trained(void *context, const struct registry_entry *entry,
                       const struct training_outcome *outcome)
{
    struct job *job = context;
    struct summary_row *row = summary_row(&job->summary, entry);
    const struct session *s = job->session;
    char path[WEIGHTS_PATH];
    row->confusion = outcome->confusion;
    row->has_confusion = true;
    if (!outcome->weights.w1) return;
    if (weights_path(path, job->options->save, entry->name, s->count, job->error) ||
        weights_write(path, &outcome->weights, &s->shape, job->error))
        note_failure(job);
    else
        progress_view_line(&job->view, "weights   %s: %s", entry->name, path);
}

static const char *on_replayed(void *context, const struct registry_entry *entry,
                               const struct epoch_report *report)
{
    static char reason[256];
    struct job *job = context;
    const char *why = resume_replayed(job->resumed, job->session, entry, report, reason, sizeof reason);
    keep_history(job, summary_row(&job->summary, entry), report);
    progress_view_line(&job->view, "again     %s: epoch %d, %s", entry->name, report->result.epoch,
                       why ? "not as before" : "whose row stays");
    return why;
}

static void on_failed(void *context, const struct registry_entry *entry, enum contender_outcome outcome,
                      const char *reason, const char *case_text)
{
    struct job *job = context;
    struct summary_row *row = summary_row(&job->summary, entry);
    static const char *const kinds[] = {[OUTCOME_OK] = "",
                                        [OUTCOME_PROOF_FAILED] = "proof failed, not timed",
                                        [OUTCOME_CRASHED] = "crashed",
                                        [OUTCOME_NOT_OPENED] = "cannot be opened",
                                        [OUTCOME_INTERRUPTED] = "interrupted",
                                        [OUTCOME_INTEGRITY] = "integrity violated",
                                        [OUTCOME_NO_CASE] = "nothing to prove"};
    snprintf(row->failure, sizeof row->failure, "%s: %s", kinds[outcome], reason);
    clean_text(row->failure); /* it may be cut inside a character */
    if (outcome == OUTCOME_INTEGRITY) integrity_untrue(integrity_session_of(&job->integrity, entry), reason);
    if (session_has_dir(job->session)) record_failed(&job->record, entry->name, row->failure);
    progress_view_clear(&job->view);
    eta_drop(&job->view.eta, entry->name);
    proof_view_end(&job->proof_view, false);
    fflush(job->proof_view.out);
    if (outcome == OUTCOME_INTERRUPTED) return;
    fprintf(stderr, "bench: %s: %s\n", entry->name, row->failure);
    reproduce_print_command(stderr, job->options, entry, case_text);
}

/* machine.json first: from here on a kill leaves a run that says so. */
static int reopen_files(struct job *job, const struct invocation *invocation,
                        const struct row_identity *identity, struct error *e)
{
    const char *dir = job->session->dir.path;
    session_record(job->session, invocation, &job->record);
    if (resume_record(job->resumed, job->session, &job->record, e) || record_begin(&job->record, dir, e) ||
        run_files_resume(&job->files, dir, identity, &job->resumed->prior, e))
        record_free(&job->record);
    return (int)e->code;
}

static int open_files(struct job *job, const struct invocation *invocation, struct error *e)
{
    if (!session_has_dir(job->session)) return 0;
    const struct row_identity identity = session_identity(job->session);
    if (job->resumed) return reopen_files(job, invocation, &identity, e);
    const struct options *o = job->options;
    const char *dir = job->session->dir.path;
    if (run_files_create(&job->files, dir, &identity, job->training, e) ||
        (o->format && strcmp(o->format, "csv") != 0 && run_files_add_lines(&job->files, e)) ||
        (o->target_accuracy > 0 && target_open(&job->target, o->target_accuracy, dir, &identity, e)))
        return (int)e->code;
    if (job->session->dir.continued) return 0;
    session_record(job->session, invocation, &job->record);
    if (job->extra) record_more_settings(&job->record, job->extra->settings(job->extra->context));
    return record_begin(&job->record, dir, e);
}

/* Leaves nothing of a run without a row, so that the directory is taken by the next try. What a resumed run
 * finds stays. */
static void discard_files(struct job *job)
{
    struct run_dir *dir = &job->session->dir;
    if (job->resumed || !session_has_dir(job->session)) return;
    run_files_discard(&job->files);
    target_discard(&job->target);
    if (!dir->continued) record_discard(&job->record, dir->path);
    run_dir_abandon(dir);
}

static int write_histories(struct job *job, struct error *e)
{
    for (int i = 0; i < job->summary.count; i++) {
        history_write(&job->histories[i], job->session->dir.path, job->summary.rows[i].entry->name, e);
        history_free(&job->histories[i]);
    }
    return (int)e->code;
}

/* What ops.csv and machine.json need to know for the bounds of ops. */
static void prepare_attribution(struct job *job)
{
    const struct session *s = job->session;
    if (!job->training) return;
    const bool known = saved_roofline_find(s, &job->rates);
    job->files.attribution = (struct attribution){.topology = &s->topology,
                                                  .rates = known ? &job->rates : NULL,
                                                  .shape = s->shape,
                                                  .batch = s->plan.batch,
                                                  .threads = s->plan.threads};
    job->summary.attribution = &job->files.attribution;
    record_section(&job->record, "roofline", known ? roofline_rates_json(&job->rates) : json_null());
}

static void record_all_clocks(struct job *job)
{
    for (int i = 0; i < job->summary.count; i++) {
        const struct summary_row *row = &job->summary.rows[i];
        if (row->epochs > 0)
            record_clocks(&job->record, row->entry->name, row->last.clock_reads, row->last.clock_read_seconds,
                          clock_share(&job->summary, row));
    }
}

/* What summary.json holds, or of a proof, its verdicts and rows. */
static json_t *figures_json(const struct job *job, int code)
{
    const bool has_target = job->options->target_accuracy > 0;
    json_t *root = summary_json(&job->summary, &job->record, has_target ? &job->target : NULL, code);
    if (job->extra) json_object_set_new(root, job->extra->section, job->extra->figures(job->extra->context));
    if (job->proof_rows) json_object_set(root, "proof_rows", job->proof_rows);
    return root;
}

/* The files get their final names however the run ended. */
static int close_files(struct job *job, int code, struct error *e)
{
    if (!session_has_dir(job->session)) return code;
    if ((e->code || code == EXIT_USAGE) && !job->resumed && !run_files_have_rows(&job->files)) {
        discard_files(job);
        return code;
    }
    code = exit_code_worst(code, run_files_finish(&job->files, e));
    code = exit_code_worst(code, write_histories(job, e));
    if (job->options->target_accuracy > 0) code = exit_code_worst(code, target_finish(&job->target, e));
    if (job->session->dir.continued) return code;
    if (job->training) record_all_clocks(job);
    code = exit_code_worst(code, record_write(&job->record, code, e));
    if (job->training) {
        json_t *figures = figures_json(job, code);
        code = exit_code_worst(code, summary_json_write(figures, job->session->dir.path, e));
        json_decref(figures);
    }
    return code;
}

static int execute_part(struct job *job, const struct part *part, struct error *e)
{
    const struct options *o = job->options;
    const struct session *s = job->session;
    const struct run_options run = {.plan = s->plan,
                                    .epochs = part->epochs,
                                    .naive_epochs = part->naive_epochs,
                                    .seed = part->seed,
                                    .prove_only = !job->training,
                                    .only_case = o->only_case,
                                    .exhaustive = o->exhaustive,
                                    .allow_deviation = o->allow_deviation != NULL,
                                    .timeout = o->timeout,
                                    .prior = job->resumed ? job->resumed->prior_count : NULL,
                                    .order = job->extra ? job->extra->order : TURNS_SHUFFLED,
                                    .warm_up = job->extra && job->extra->warm_up,
                                    .epochs_per_turn = job->extra ? job->extra->epochs_per_turn : 1,
                                    .rounds_before = part->rounds_before,
                                    .weights = o->save && part->seed == o->seed,
                                    .target = o->target_accuracy,
                                    .needs_all = job->extra && job->extra->needs_all};
    const struct run_listener listener = {.context = job,
                                          .opened = on_opened,
                                          .proof_row = on_proof_row,
                                          .proven = on_proven,
                                          .turn = on_turn,
                                          .tick = on_tick,
                                          .replayed = on_replayed,
                                          .epoch = on_epoch,
                                          .trained = on_trained,
                                          .failed = on_failed};
    job->part = *part;
    job->proven = *o;
    job->proven.seed = part->seed;
    job->proof_view.options = &job->proven;
    job->files.identity.seed = part->seed;
    job->files.identity.process = part->process;
    if (job->training) integrity_ground_seed(&job->integrity.ground, part->seed);
    const int code =
        run_execute(&run, s->entries, s->count, &s->data, &s->topology, &listener, &interrupt_flag, e);
    progress_view_clear(&job->view);
    return e->code ? (int)e->code : code;
}

/* The trainings of one seed after the other. */
static int execute_seeds(struct job *job, struct error *e)
{
    const struct options *o = job->options;
    int code = EXIT_OK;
    for (int i = 0; i < o->seeds && !e->code; i++) {
        const struct part part = {o->seed + (uint64_t)i, 1, 0, o->epochs, o->naive_epochs};
        if (interrupt_flag) return exit_code_worst(code, EXIT_INTERRUPTED);
        if (o->seeds > 1)
            progress_view_line(&job->view, "seed      %llu, %d of %d", (unsigned long long)part.seed, i + 1,
                               o->seeds);
        code = exit_code_worst(code, execute_part(job, &part, e));
    }
    return code;
}

/* The rounds, shared out to the processes. A contender that left one leaves nothing to judge. */
static int execute_processes(struct job *job, struct error *e)
{
    const struct training *t = job->extra;
    int code = EXIT_OK;
    struct part part = {job->options->seed, 1, 0, 0, 0};
    for (; part.process <= t->processes && code == EXIT_OK && !e->code; part.process++) {
        const int rounds_after = (int)((long long)t->rounds * part.process / t->processes);
        part.epochs = part.naive_epochs = 1 + (rounds_after - part.rounds_before) * t->epochs_per_turn;
        if (interrupt_flag) return EXIT_INTERRUPTED;
        progress_view_line(&job->view, "processes %d of %d of each contender", part.process, t->processes);
        code = execute_part(job, &part, e);
        part.rounds_before = rounds_after;
    }
    return code;
}

/* What the estimate of the remaining time knows. With a target a training may end at any epoch. */
static void plan_time(struct job *job)
{
    const struct options *o = job->options;
    const struct session *s = job->session;
    eta_start(&job->view.eta, clock_seconds());
    for (int i = 0; job->training && o->target_accuracy <= 0 && i < s->count; i++) {
        const int prior = job->resumed ? job->resumed->prior_count[i] : 0;
        eta_plan(&job->view.eta, s->entries[i]->name,
                 run_contender_epochs(s->entries[i], s->count, o->epochs, o->naive_epochs) - prior);
    }
}

static int execute(struct job *job, struct error *e)
{
    const struct options *o = job->options;
    const struct session *s = job->session;
    job->error = e;
    if (o->exhaustive && !o->only_case && !training_has_data(&s->data, &s->plan))
        fputs("note: the data set is smaller than MNIST: whole trainings are not compared with those of a "
              "reference\n",
              stderr);
    progress_view_open(&job->view, stderr, o->quiet);
    plan_time(job);
    const bool results_follow = job->training || o->json; /* on stdout */
    proof_view_open(&job->proof_view, results_follow ? stderr : stdout, o,
                    results_follow ? PROOF_FAILURES_ONLY
                    : o->verbose   ? PROOF_ROWS
                                   : PROOF_OPS);
    return job->extra && job->extra->processes > 1 ? execute_processes(job, e) : execute_seeds(job, e);
}

/* Of what there was to judge, however the run ended. */
static int judge_integrity(struct job *job, int code, struct error *e)
{
    if (!job->training || e->code) return code;
    return exit_code_worst(code, integrity_session_conclude(&job->integrity, &job->summary, &job->record, e));
}

/* The tables of print_end, and the verdict as it is printed. */
static int export_markdown(struct job *job, int code, struct error *e)
{
    const struct options *o = job->options;
    struct markdown m;
    struct table t;
    if (!o->export_markdown || !job->training || e->code) return code;
    markdown_begin(&m, command_of(o->command)->name, job->session->dir.run_id);
    if (job->extra && m.out) {
        fputs("```text\n", m.out);
        job->extra->print(job->extra->context, m.out, code);
        fputs("```\n\n", m.out);
    }
    if (o->target_accuracy > 0) {
        target_table(&t, &job->target, job->session->entries, job->session->count, o->seeds);
        markdown_add(&m, &t);
    }
    summary_table(&t, &job->summary);
    markdown_add(&m, &t);
    return exit_code_worst(code, markdown_write(&m, o->export_markdown, e));
}

/* Returns code, or a worse one where not all could be printed. */
static int print_end(struct job *job, int code)
{
    const char *path = job->session->dir.path;
    if (job->options->json && !job->brief) {
        code = exit_code_worst(code, json_print(figures_json(job, code), stdout, job->error));
    } else if (job->training && !job->brief) {
        if (job->extra) job->extra->print(job->extra->context, stdout, code);
        job->summary.dataset = job->session->data.name;
        job->summary.judged = job->extra != NULL;
        /* With a target, who stopped early had reached it. */
        job->summary.wanted_epochs = job->options->target_accuracy > 0 ? 0 : job->options->epochs;
        if (job->options->target_accuracy > 0 &&
            target_print(&job->target, job->session->entries, job->session->count, job->options->seeds,
                         stdout))
            code = exit_code_worst(
                code, error_set(job->error, EXIT_INTERNAL,
                                "out of memory for the times to the target; target.csv is complete"));
        if (summary_print(&job->summary, stdout))
            code = exit_code_worst(code, error_set(job->error, EXIT_INTERNAL,
                                                   "out of memory for the table; the files are complete"));
        if (job->resumed) resume_print(job->resumed, job->session, stdout);
        integrity_session_print(&job->integrity, stdout);
        if (path[0]) printf("results: %s\n", path);
    }
    if (code == EXIT_INTERRUPTED && !job->brief)
        fprintf(stderr, "bench: interrupted; %s%s\n",
                path[0] ? "the complete rows so far are in " : "no files were requested", path);
    if (code == EXIT_INTERRUPTED && !job->brief && job->training && !job->extra)
        fprintf(stderr, "bench: resume with: bench run --resume %s\n", path);
    return code;
}

/* Whether others use the CPUs that will be measured on; before a worker does. */
static void print_load(const struct session *s)
{
    static const double seconds = 0.3;
    const struct topology *t = &s->topology;
    const int count = s->plan.threads < t->places_count ? s->plan.threads : t->places_count;
    const struct other_load load = load_look("/proc/stat", t->places, count, seconds);
    char warning[200];
    if (*load_warning(&load, warning, sizeof warning))
        wrap_line(stderr, terminal_width(stderr), "%s", warning);
}

/* Whether the weights can be saved, before the work that ends with them. 0 or e. */
static int check_weights(const struct session *s, struct error *e)
{
    const char *save = s->options->save;
    char path[WEIGHTS_PATH];
    if (save && weights_fit(&s->shape, e)) return (int)e->code;
    for (int i = 0; save && i < s->count; i++)
        if (weights_path(path, save, s->entries[i]->name, s->count, e) || file_check_place(path, e))
            return (int)e->code;
    return 0;
}

/* The session is open; closes it. */
static int run_job(struct job *job, const struct invocation *invocation, struct error *e)
{
    job->files.epochs.fd = job->files.ops.fd = job->files.proof.fd = job->target.csv.fd = -1;
    if (job->training && integrity_session_open(&job->integrity, job->session) != 0)
        error_set(e, EXIT_INTERNAL, "out of memory");
    if (e->code || check_weights(job->session, e) || open_files(job, invocation, e)) {
        discard_files(job);
        record_free(&job->record);
        integrity_session_close(&job->integrity);
        session_close(job->session);
        return (int)e->code;
    }
    if (!job->options->quiet) session_print(job->session, stderr);
    if (!job->options->quiet && job->training) print_load(job->session);
    summary_init(&job->summary, job->session->entries, job->session->count, job->options->seed);
    prepare_attribution(job);
    if (job->resumed && resume_summary(job->resumed, job->session, &job->summary) != 0)
        error_set(e, EXIT_INTERNAL, "out of memory");
    if (job->options->json && !job->training) job->proof_rows = json_array();
    int code = e->code ? (int)e->code : execute(job, e);
    code = judge_integrity(job, code, e);
    if (job->extra && code == EXIT_OK) code = job->extra->conclude(job->extra->context, e);
    code = close_files(job, code, e);
    code = print_end(job, code);
    code = export_markdown(job, code, e);
    record_free(&job->record);
    json_decref(job->proof_rows);
    summary_free(&job->summary);
    integrity_session_close(&job->integrity);
    target_free(&job->target);
    session_close(job->session);
    return code;
}

int training_run(struct session *session, const struct training *training,
                 const struct invocation *invocation, struct error *e)
{
    static struct job job; /* large */
    memset(&job, 0, sizeof job);
    job.options = session->options;
    job.session = session;
    job.extra = training;
    job.training = true;
    return run_job(&job, invocation, e);
}

int training_once(const struct options *o, const struct invocation *invocation, struct resumption *resumed,
                  bool brief, struct error *e)
{
    static struct job job; /* large */
    static struct session session;
    memset(&job, 0, sizeof job);
    job.options = o;
    job.session = &session;
    job.resumed = resumed;
    job.brief = brief;
    job.training = o->command == COMMAND_RUN;
    if (session_open(&session, o, job.training ? NULL : "proof.csv", e)) return (int)e->code;
    if (resumed && resume_match(resumed, &session, e)) {
        session_close(&session);
        return (int)e->code;
    }
    return run_job(&job, invocation, e);
}
