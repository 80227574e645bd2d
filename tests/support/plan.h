/* SPDX-License-Identifier: MIT
 *
 * What the plans of tests have in common. */
#ifndef LB_TEST_PLAN_H
#define LB_TEST_PLAN_H

#include "backend.h"

/* Initializer of a struct plan: the optimizer as bench sets it by default. Arguments: the threads, the
 * network, the batch and whatever else the test needs, as designated members; the rest is 0. */
#define TEST_PLAN(...)                                                                                       \
    {                                                                                                        \
        .struct_size = sizeof(struct plan), .lr = 0.001f, .rho = 0.9f, .epsilon = 1e-7f, __VA_ARGS__         \
    }

#endif
