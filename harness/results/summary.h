/* SPDX-License-Identifier: MIT
 *
 * The data that a run is summarised from, collected as it goes. */
#ifndef LB_SUMMARY_H
#define LB_SUMMARY_H

#include <stdbool.h>
#include <stdint.h>

#include "results/attribution.h"
#include "results/series.h"

/* One trained epoch. */
struct epoch_point {
    uint64_t seed;
    int epoch, round; /* round 0: a warm-up, or not known */
    double seconds, flop;
    double flop_done;   /* of them, by the backend's word; all where it gives none */
    double peak_gflops; /* measured around it */
    bool disturbed;     /* by what was counted during it: turn_noise_cause() names a cause */
    double llc_gbps;    /* measured around it; NAN: not known */
};

/* One contender's part. */
struct summary_row {
    const struct registry_entry *entry;
    struct contender_info info;
    bool proven; /* the proof was done; the verdict says how it went */
    struct proof_verdict verdict;
    struct epoch_point *points; /* `epochs` of them */
    int epochs, capacity;
    int later;                  /* of them, not the first of a training */
    int tier;                   /* enum isa_tier of the peaks */
    struct op_series ops;       /* of the later epochs; of the very first until there is one */
    struct epoch_report last;   /* of the latest epoch */
    struct confusion confusion; /* of the latest training that ended, if has_confusion */
    bool has_confusion;
    char failure[500]; /* why it left the run; "" when it did not */
};

struct summary {
    struct summary_row rows[REGISTRY_MAX];
    int count;
    double best_peak[ISA_TIER_COUNT];      /* GFLOP/s, of any contender's epochs so far; 0: none */
    double best_llc_gbps;                  /* likewise */
    uint64_t seed;                         /* of all resampling */
    const struct attribution *attribution; /* NULL: bounds of ops are not wanted */
    int wanted_epochs;
    const char *dataset;
    bool judged; /* the command has its own verdict on who is faster */
};

/* For these contenders; free with summary_free. */
void summary_init(struct summary *s, const struct registry_entry *const *entries, int count, uint64_t seed);
void summary_free(struct summary *s);

/* The row of a contender of this run. */
struct summary_row *summary_row(struct summary *s, const struct registry_entry *entry);

/* Adds an epoch of so many operations to a row; 0, or -1 when out of memory. */
int summary_epoch(struct summary *s, struct summary_row *row, const struct epoch_report *report,
                  uint64_t seed, double flop);

#endif
