/* SPDX-License-Identifier: MIT
 *
 * The CSV files of a run; results/README.md is the dictionary of their columns. */
#ifndef LB_RUN_FILES_H
#define LB_RUN_FILES_H

#include "backends/registry.h"
#include "results/attribution.h"
#include "results/csv.h"
#include "results/run_dir.h"
#include "results/prior_epochs.h"
#include "run/run.h"
#include "train/network.h"

/* What every row says. Texts are not owned. */
struct row_identity {
    const char *run_id, *dataset;
    int threads;
    uint64_t seed;
    int process; /* of the contender, from 1 */
    struct shape shape;
    const char *env_id; /* "": not known */
};

#define JUDGEMENT_COLUMNS "schema,run_id,env_id,dataset,threads,seed"

/* The first columns of a judgement's row (ab.csv, gate.csv): schema, run_id, env_id, dataset, threads, seed.
 */
void row_begin_judgement(struct csv *c, int schema, const struct row_identity *identity);

struct run_files {
    struct row_identity identity;
    struct attribution attribution; /* for ops.csv; the caller fills it in before the first epoch */
    struct csv epochs, ops, proof;
};

/* Creates proof.csv and, with training, epochs.csv and ops.csv, all as .partial. On an error none is left. */
int run_files_create(struct run_files *f, const char *dir, const struct row_identity *identity, bool training,
                     struct error *e);

/* All of them also as JSON lines (see csv_also_lines), before the first row. On an error all are gone. */
int run_files_add_lines(struct run_files *f, struct error *e);

/* The same in the directory of an earlier run, whose epochs stay; the proof starts again,
 * and JSON lines, which would have a gap, go. On an error the
 * prior rows are still there. */
int run_files_resume(struct run_files *f, const char *dir, const struct row_identity *identity,
                     const struct prior_epochs *prior, struct error *e);

int run_files_proof_row(struct run_files *f, const struct registry_entry *backend,
                        const struct proof_row *row, struct error *e);

/* Of this run so far, this epoch included: what its row is compared with. */
struct best_so_far {
    double peak_gflops; /* of the backend's ISA tier */
    double llc_gbps;    /* 0: not known */
};

/* The epoch's row in epochs.csv and those of its ops in ops.csv. */
int run_files_epoch(struct run_files *f, const struct registry_entry *backend,
                    const struct proof_verdict *verdict, const struct epoch_report *report,
                    const struct best_so_far *best, struct error *e);

/* Removes what run_files_create made. */
void run_files_discard(struct run_files *f);

/* Whether any file has got a row. */
bool run_files_have_rows(const struct run_files *f);

/* Gives all files their final names, with the rows so far. */
int run_files_finish(struct run_files *f, struct error *e);

#endif
