/* SPDX-License-Identifier: MIT */
#include "results/target_results.h"

#include <math.h>
#include <stdlib.h>

#include "base/xalloc.h"
#include "results/provenance.h"
#include "stats/order.h"

static const char columns[] =
    "schema,run_id,dataset,backend,threads,seed,target_accuracy,reached,epochs,train_seconds,"
    "seconds_to_target,val_accuracy,env_id," PROVENANCE_COLUMNS;

int target_open(struct target_results *t, double accuracy, const char *dir,
                const struct row_identity *identity, struct error *e)
{
    *t = (struct target_results){.accuracy = accuracy, .identity = *identity, .csv = {.fd = -1}};
    return csv_create(&t->csv, dir, "target.csv", columns, e);
}

static int write_row(struct target_results *t, const struct target_outcome *o, struct error *e)
{
    struct csv *c = &t->csv;
    csv_integer(c, 1);
    csv_text(c, t->identity.run_id);
    csv_text(c, t->identity.dataset);
    csv_text(c, o->entry->name);
    csv_integer(c, t->identity.threads);
    csv_unsigned(c, o->seed);
    csv_real(c, t->accuracy);
    csv_integer(c, o->reached);
    csv_integer(c, o->epochs);
    csv_real(c, o->train_seconds);
    if (o->reached)
        csv_real(c, o->train_seconds);
    else
        csv_empty(c);
    csv_real(c, o->val_accuracy);
    csv_text(c, t->identity.env_id);
    csv_provenance(c, o->entry);
    return csv_end_row(c, e);
}

/* The training under way, a new one where there is none. NULL when out of memory. */
static struct target_outcome *outcome_of(struct target_results *t, const struct registry_entry *entry,
                                         uint64_t seed)
{
    for (int i = 0; i < t->count; i++)
        if (t->outcomes[i].entry == entry && t->outcomes[i].seed == seed) return &t->outcomes[i];
    if (t->count == t->capacity) {
        const int capacity = t->capacity ? 2 * t->capacity : 16;
        struct target_outcome *grown = realloc(t->outcomes, (size_t)capacity * sizeof *grown);
        if (!grown) return NULL;
        t->outcomes = grown;
        t->capacity = capacity;
    }
    t->outcomes[t->count] = (struct target_outcome){.entry = entry, .seed = seed};
    return &t->outcomes[t->count++];
}

int target_epoch(struct target_results *t, const struct registry_entry *entry, uint64_t seed,
                 const struct epoch_result *result, int all_epochs, struct error *e)
{
    struct target_outcome *o = outcome_of(t, entry, seed);
    if (!o) return error_set(e, EXIT_INTERNAL, "out of memory");
    o->epochs = result->epoch;
    o->train_seconds += result->train_seconds;
    o->val_accuracy = result->val_accuracy;
    o->reached = result->val_accuracy >= t->accuracy;
    o->finished = o->reached || o->epochs >= all_epochs;
    return o->finished ? write_row(t, o, e) : 0;
}

/* Of ascending values, which may be infinite. */
static double middle_of(const double *sorted, int count)
{
    if (count == 0) return NAN;
    return count % 2 ? sorted[count / 2] : 0.5 * (sorted[count / 2 - 1] + sorted[count / 2]);
}

struct target_figures target_figures(const struct target_results *t, const struct registry_entry *entry)
{
    struct target_figures f = {0};
    double *seconds = xdoubles(t->count), *epochs = xdoubles(t->count);
    for (int i = 0; i < t->count; i++) {
        const struct target_outcome *o = &t->outcomes[i];
        if (o->entry != entry || !o->finished) continue;
        seconds[f.trainings] = o->reached ? o->train_seconds : INFINITY;
        epochs[f.trainings++] = o->epochs;
        f.reached += o->reached;
    }
    sort_values(seconds, f.trainings);
    sort_values(epochs, f.trainings);
    f.median = middle_of(seconds, f.trainings);
    f.fastest = f.trainings ? seconds[0] : NAN;
    f.slowest = f.trainings ? seconds[f.trainings - 1] : NAN;
    f.median_epochs = middle_of(epochs, f.trainings);
    free(seconds);
    free(epochs);
    return f;
}

int target_finish(struct target_results *t, struct error *e)
{
    return csv_finish(&t->csv, e);
}

void target_discard(struct target_results *t)
{
    csv_discard(&t->csv);
}

void target_free(struct target_results *t)
{
    free(t->outcomes);
    t->outcomes = NULL;
    t->count = t->capacity = 0;
}
