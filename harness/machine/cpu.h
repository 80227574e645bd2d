/* SPDX-License-Identifier: MIT
 * What this CPU and operating system can run, as the ISA bits of backend.h, and the cap that hides some of
 * it. */
#ifndef LB_CPU_H
#define LB_CPU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* ISA bits that both CPU and operating system support, uncapped. */
uint32_t cpu_found(void);

/* ISA bits that may be used: cpu_found() less what the cap hides. */
uint32_t cpu_usable(void);

/* Caps cpu_usable() from now on. name is that of a tier of isa_tiers.def; where says which flag or variable
 * it came from. Also exported to the environment as BENCH_MAX_ISA for worker processes, and to oneDNN as
 * ONEDNN_MAX_CPU_ISA/DNNL_MAX_CPU_ISA, so that a cap means the same for every backend. */
int cpu_set_cap(const char *name, const char *where, struct error *e);

/* Name of the tier, or NULL when uncapped. */
const char *cpu_cap_name(void);

/* Whether this NAME=VALUE is a limit of oneDNN's that cpu_set_cap() has set. */
bool cpu_cap_has_set(const char *variable);

/* "avx2+fma+avx512f" for a mask, "baseline" for 0. Returns text. */
char *cpu_isa_names(uint32_t mask, char *text, size_t size);

/* Model name as the CPU reports it, trimmed. */
const char *cpu_model(void);

#endif
