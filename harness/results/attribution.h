/* SPDX-License-Identifier: MIT
 *
 * What limits each op of an epoch: its compulsory traffic and the measured roof above it, for ops.csv. */
#ifndef LB_ATTRIBUTION_H
#define LB_ATTRIBUTION_H

#include "roof/limiter.h"
#include "run/run.h"
#include "train/op_work.h"

/* The same for all epochs of a run. */
struct attribution {
    const struct topology *topology;
    const struct roofline_rates *rates; /* of this machine and team; NULL: bench roofline has not measured */
    struct shape shape;
    int batch, threads;
};

struct op_attribution {
    bool has_bytes;
    double bytes;           /* that all calls of the epoch must move at least */
    struct limiter limiter; /* seconds: the epoch's calls at the roof */
};

/* Of line `which` of the report; best_peak: of the tier's peaks, in GFLOP/s. */
struct op_attribution attribution_of(const struct attribution *a, const struct epoch_report *report,
                                     double best_peak, int which);

#endif
