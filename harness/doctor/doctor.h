/* SPDX-License-Identifier: MIT
 *
 * What disturbs measurements on a machine: one finding per known cause, judged by the effect that the probe
 * saw. Changes nothing in the system. */
#ifndef LB_DOCTOR_H
#define LB_DOCTOR_H

#include "doctor/probe.h"

enum finding_state {
    FINDING_FINE,    /* not the case here, or no effect that the probe could see */
    FINDING_WARNING, /* and its effect was seen */
    FINDING_NOTE,    /* is the case, but its effect cannot be measured without changing it */
    FINDING_UNKNOWN, /* the system does not say */
};

/* Texts are one line each, "" when there is nothing to say. */
struct finding {
    const char *code;    /* "W01", for good: later checks get later numbers */
    const char *subject; /* "clock speed" */
    enum finding_state state;
    char cause[280];  /* what is the case */
    char effect[200]; /* what the probe saw of it */
    char advice[240]; /* what the user could do: a command where there is one */
};

/* What is examined; tests bring their own. */
struct machine_state {
    const char *proc, *sys; /* "/proc", "/sys" */
    const struct topology *topology;
    int threads;
    const char *hypervisor; /* its name; NULL: none */
    const char *build_type, *build_flags;
    const char *const *environment;
    size_t memory_available; /* bytes that can still be taken */
    int openmp_threads;      /* that OpenMP would take, left to itself */
    struct probe probe;
};

enum { DOCTOR_MAX = 24 };

/* Fills in all findings, in the order of their codes; how many. */
int doctor_examine(const struct machine_state *p, struct finding findings[DOCTOR_MAX]);

/* "fine", "warning", "note", "unknown" */
const char *finding_state_name(enum finding_state state);

#endif
