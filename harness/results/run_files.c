/* SPDX-License-Identifier: MIT */
#include "results/run_files.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "results/provenance.h"
#include "results/verified.h"
#include "roof/peak.h"
#include "train/step_parts.h"

/* Raised when a column changes its meaning; columns are only ever added, at the end. */
enum { SCHEMA = 1 };

static const char epochs_columns[] =
    "schema,run_id,dataset,backend,threads,seed,epoch,steps,samples,train_seconds,val_seconds,"
    "gflops,loss,accuracy,val_loss,val_accuracy,verified,worst_error_of_bound,round,position,"
    "peak_gflops,share_of_peak,env_id,steal_ms,wait_ms,invol_ctx,major_faults,cpu_seconds,noisy,"
    "vol_ctx,process," PROVENANCE_COLUMNS ",rss_mb,llc_gbps,gflops_done";

static const char ops_columns[] =
    "schema,run_id,dataset,backend,threads,seed,epoch,op,calls,seconds,flop,gflops,share_of_epoch,"
    "inherited,peak_gflops,env_id,bytes_min,ai,bound_by,roof_gflops,share_of_roof,process," PROVENANCE_COLUMNS
    ",kind,verified";

static const char proof_columns[] =
    "schema,run_id,dataset,backend,op,cases,count,failed,worst_error_of_bound,inherited,"
    "first_failure,measured,seconds,env_id,seed," PROVENANCE_COLUMNS ",verified,worst_error_of_loose_bound";

int run_files_create(struct run_files *f, const char *dir, const struct row_identity *identity, bool training,
                     struct error *e)
{
    f->identity = *identity;
    f->epochs.fd = f->ops.fd = f->proof.fd = -1;
    if (csv_create(&f->proof, dir, "proof.csv", proof_columns, e)) return (int)e->code;
    if (!training) return 0;
    if (csv_create(&f->epochs, dir, "epochs.csv", epochs_columns, e) ||
        csv_create(&f->ops, dir, "ops.csv", ops_columns, e))
        run_files_discard(f);
    return (int)e->code;
}

int run_files_add_lines(struct run_files *f, struct error *e)
{
    struct csv *const all[] = {&f->proof, &f->epochs, &f->ops};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i]->fd >= 0 && csv_also_lines(all[i], e)) {
            run_files_discard(f);
            return (int)e->code;
        }
    return 0;
}

int run_files_resume(struct run_files *f, const char *dir, const struct row_identity *identity,
                     const struct prior_epochs *prior, struct error *e)
{
    static const char *const old[] = {
        "proof.csv",   "proof.csv.partial",    "proof.csv.partial.tmp", "epochs.jsonl",       "ops.jsonl",
        "proof.jsonl", "epochs.jsonl.partial", "ops.jsonl.partial",     "proof.jsonl.partial"};
    char path[3700];
    f->identity = *identity;
    f->epochs.fd = f->ops.fd = f->proof.fd = -1;
    for (size_t i = 0; i < sizeof old / sizeof *old; i++) {
        snprintf(path, sizeof path, "%s/%s", dir, old[i]);
        unlink(path); /* where it cannot be, csv_create says so */
    }
    if (csv_create(&f->proof, dir, "proof.csv", proof_columns, e) ||
        csv_reopen(&f->epochs, dir, "epochs.csv", epochs_columns, &prior->epochs, prior_epoch_row, prior,
                   e) ||
        csv_reopen(&f->ops, dir, "ops.csv", ops_columns, &prior->ops, prior_op_row, prior, e)) {
        csv_close(&f->epochs);
        csv_close(&f->ops);
        csv_discard(&f->proof);
    }
    return (int)e->code;
}

void run_files_discard(struct run_files *f)
{
    csv_discard(&f->epochs);
    csv_discard(&f->ops);
    csv_discard(&f->proof);
}

static void begin_row(struct csv *c, const struct row_identity *identity,
                      const struct registry_entry *backend)
{
    csv_integer(c, SCHEMA);
    csv_text(c, identity->run_id);
    csv_text(c, identity->dataset);
    csv_text(c, backend->name);
}

static void begin_epoch_row(struct csv *c, const struct row_identity *identity,
                            const struct registry_entry *backend, int epoch)
{
    begin_row(c, identity, backend);
    csv_integer(c, identity->threads);
    csv_unsigned(c, identity->seed);
    csv_integer(c, epoch);
}

int run_files_proof_row(struct run_files *f, const struct registry_entry *backend,
                        const struct proof_row *row, struct error *e)
{
    struct csv *c = &f->proof;
    begin_row(c, &f->identity, backend);
    csv_text(c, row->op);
    csv_text(c, row->cases);
    csv_integer(c, row->count);
    csv_integer(c, row->failed);
    csv_real(c, row->worst_of_bound);
    csv_integer(c, row->inherited != 0);
    csv_text(c, row->failures[0].message);
    csv_text(c, row->measured);
    csv_real(c, row->seconds);
    csv_text(c, f->identity.env_id);
    csv_unsigned(c, f->identity.seed);
    csv_provenance(c, backend);
    csv_verified(
        c, &(struct proof_verdict){.cases = row->count, .failed = row->failed, .deviating = row->deviating});
    csv_real(c, row->worst_of_loose);
    return csv_end_row(c, e);
}

static void add_noise(struct csv *c, const struct turn_noise *noise, double best_llc_gbps)
{
    csv_real_or_empty(c, noise->steal_ms);
    csv_real_or_empty(c, noise->wait_ms);
    csv_integer(c, noise->invol_ctx);
    csv_integer(c, noise->major_faults);
    csv_real(c, noise->cpu_seconds);
    csv_text(c, turn_noise_cause(noise, best_llc_gbps));
    csv_integer(c, noise->vol_ctx);
}

static int add_epoch(struct run_files *f, const struct registry_entry *backend,
                     const struct proof_verdict *verdict, const struct epoch_report *report,
                     const struct best_so_far *best, struct error *e)
{
    struct csv *c = &f->epochs;
    const struct epoch_result *r = &report->result;
    begin_epoch_row(c, &f->identity, backend, r->epoch);
    csv_integer(c, r->steps);
    csv_integer(c, r->samples);
    csv_real(c, r->train_seconds);
    csv_real(c, r->val_seconds);
    const double flop = network_train_flop(&f->identity.shape, (double)r->samples);
    const double done = epoch_flop_done(report, flop) / r->train_seconds * 1e-9;
    csv_real(c, flop / r->train_seconds * 1e-9);
    csv_real(c, r->loss);
    csv_real(c, r->accuracy);
    csv_real(c, r->val_loss);
    csv_real(c, r->val_accuracy);
    csv_verified(c, verdict);
    csv_real(c, verdict->worst_of_bound);
    csv_integer(c, report->round);
    csv_integer(c, report->position);
    csv_real(c, report->peak_gflops);
    csv_real_or_empty(c, peak_share(done, best->peak_gflops));
    csv_text(c, f->identity.env_id);
    add_noise(c, &report->noise, best->llc_gbps);
    csv_integer(c, f->identity.process);
    csv_provenance(c, backend);
    csv_real_or_empty(c, report->observation.rss_mb < 0.0 ? NAN : report->observation.rss_mb);
    csv_real_or_empty(c, report->noise.llc_gbps);
    csv_real(c, done);
    return csv_end_row(c, e);
}

/* The columns that say what limits the op. */
static void add_bound(struct csv *c, const struct op_attribution *a, double seconds, double flop)
{
    const bool limited = a->limiter.by[0] && seconds > 0;
    csv_real_or_empty(c, a->has_bytes ? a->bytes : NAN);
    csv_real_or_empty(c, a->has_bytes && flop > 0 ? flop / a->bytes : NAN);
    csv_text(c, a->limiter.by);
    csv_real_or_empty(c, limited && flop > 0 ? flop / a->limiter.seconds * 1e-9 : NAN);
    csv_real_or_empty(c, limited ? a->limiter.seconds / seconds : NAN);
}

/* calls < 0: not counted; inherited < 0: does not apply. */
static int add_op(struct run_files *f, const struct registry_entry *backend,
                  const struct proof_verdict *verdict, const struct epoch_report *report, const char *op,
                  long long calls, double seconds, double flop, int inherited,
                  const struct op_attribution *attribution, struct error *e)
{
    struct csv *c = &f->ops;
    const struct epoch_result *r = &report->result;
    begin_epoch_row(c, &f->identity, backend, r->epoch);
    csv_text(c, op);
    if (calls >= 0)
        csv_integer(c, calls);
    else
        csv_empty(c);
    csv_real(c, seconds);
    if (flop > 0)
        csv_real(c, flop);
    else
        csv_empty(c);
    if (flop > 0 && seconds > 0)
        csv_real(c, flop / seconds * 1e-9);
    else
        csv_empty(c);
    csv_real(c, seconds / r->train_seconds);
    if (inherited >= 0)
        csv_integer(c, inherited);
    else
        csv_empty(c);
    csv_real(c, report->peak_gflops);
    csv_text(c, f->identity.env_id);
    add_bound(c, attribution, seconds, flop);
    csv_integer(c, f->identity.process);
    csv_provenance(c, backend);
    csv_text(c, step_part_kind_name(step_part_find(op)));
    csv_verified(c, verdict);
    return csv_end_row(c, e);
}

static int add_ops(struct run_files *f, const struct registry_entry *backend,
                   const struct proof_verdict *verdict, const struct epoch_report *report,
                   const struct best_so_far *best, struct error *e)
{
    double rest = report->result.train_seconds;
    for (int i = 0; i < report->op_count; i++) {
        const struct op_time *op = &report->ops[i];
        rest -= op->seconds;
        const struct op_attribution attribution =
            attribution_of(&f->attribution, report, best->peak_gflops, i);
        if (add_op(f, backend, verdict, report, report->name_text[i], (long long)op->calls, op->seconds,
                   op->flop, op->inherited, &attribution, e))
            return (int)e->code;
    }
    const struct op_attribution none = {.limiter = {"", 0.0}};
    return add_op(f, backend, verdict, report, "other", -1, rest, 0, -1, &none, e);
}

int run_files_epoch(struct run_files *f, const struct registry_entry *backend,
                    const struct proof_verdict *verdict, const struct epoch_report *report,
                    const struct best_so_far *best, struct error *e)
{
    /* The ops first: after a kill, an epoch that is in epochs.csv has all its ops in ops.csv. */
    if (add_ops(f, backend, verdict, report, best, e) || add_epoch(f, backend, verdict, report, best, e))
        return (int)e->code;
    return 0;
}

bool run_files_have_rows(const struct run_files *f)
{
    return csv_has_rows(&f->proof) || csv_has_rows(&f->ops) || csv_has_rows(&f->epochs);
}

int run_files_finish(struct run_files *f, struct error *e)
{
    csv_finish(&f->proof, e);
    csv_finish(&f->epochs, e);
    csv_finish(&f->ops, e);
    return (int)e->code;
}

void row_begin_judgement(struct csv *c, int schema, const struct row_identity *identity)
{
    csv_integer(c, schema);
    csv_text(c, identity->run_id);
    csv_text(c, identity->env_id);
    csv_text(c, identity->dataset);
    csv_integer(c, identity->threads);
    csv_unsigned(c, identity->seed);
}
