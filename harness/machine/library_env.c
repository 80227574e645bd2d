/* SPDX-License-Identifier: MIT */
#include "machine/library_env.h"

#include <stddef.h>
#include <string.h>

#include "machine/cpu.h"

enum { MAX_SETTINGS = 16 };

/* settings: what follows the prefix in those variables that the library's documentation or source lets
 * change its code path, its threads, its precision, or the time of a call. */
#define ONEDNN_SETTINGS "MAX_CPU_ISA", "CPU_ISA_HINTS", "DEFAULT_FPMATH_MODE", "VERBOSE"
static const struct family {
    const char *prefix, *library, *backend; /* library: that the backend calls; NULL: none */
    const char *settings[MAX_SETTINGS];
    bool openmp;
} families[] = {
    {.prefix = "OMP_", .openmp = true},
    {.prefix = "GOMP_", .openmp = true},
    {.prefix = "KMP_", .openmp = true},
    {.prefix = "LIBOMP_", .openmp = true},
    {.prefix = "OPENBLAS_",
     .library = "OpenBLAS",
     .backend = "cblas",
     .settings = {"CORETYPE", "NUM_THREADS", "DEFAULT_NUM_THREADS", "BLOCK_FACTOR", "THREAD_TIMEOUT",
                  "MAIN_FREE"}},
    {.prefix = "GOTO_", .library = "OpenBLAS", .backend = "cblas", .settings = {"NUM_THREADS"}},
    {.prefix = "GOTOBLAS_", .library = "OpenBLAS", .backend = "cblas", .settings = {"MAIN_FREE"}},
    {.prefix = "BLIS_",
     .library = "BLIS",
     .backend = "cblas",
     .settings = {"ARCH_TYPE", "MODEL_TYPE", "NUM_THREADS", "NT", "JC_NT", "PC_NT", "IC_NT", "JR_NT", "IR_NT",
                  "THREAD_IMPL", "TI", "PACK_A", "PACK_B"}},
    {.prefix = "AOCL_", .library = "BLIS", .backend = "cblas", .settings = {"ENABLE_INSTRUCTIONS"}},
    {.prefix = "MKL_",
     .library = "MKL",
     .backend = "cblas",
     .settings = {"ENABLE_INSTRUCTIONS", "DEBUG_CPU_TYPE", "CBWR", "NUM_THREADS", "DOMAIN_NUM_THREADS",
                  "DYNAMIC", "NUM_STRIPES", "THREADING_LAYER", "INTERFACE_LAYER", "DISABLE_FAST_MM",
                  "FAST_MEMORY_LIMIT", "VERBOSE"}},
    {.prefix = "ONEDNN_", .library = "oneDNN", .backend = "onednn", .settings = {ONEDNN_SETTINGS}},
    {.prefix = "DNNL_", .library = "oneDNN", .backend = "onednn", .settings = {ONEDNN_SETTINGS}},
    {.prefix = "BENCH_"},
    {.prefix = "MALLOC_"},
    {.prefix = "HWLOC_"},
    {.prefix = "LD_PRELOAD"},
};

static const struct family *family_of(const char *variable)
{
    for (size_t i = 0; i < sizeof families / sizeof *families; i++)
        if (strncmp(variable, families[i].prefix, strlen(families[i].prefix)) == 0) return &families[i];
    return NULL;
}

bool library_env_is_recorded(const char *variable)
{
    return family_of(variable) != NULL;
}

bool library_env_is_openmp(const char *variable)
{
    const struct family *f = family_of(variable);
    return f && f->openmp;
}

const char *library_env_changes(const char *variable, const char *backend)
{
    const struct family *f = family_of(variable);
    if (!f || !f->backend || strcmp(f->backend, backend) != 0 || cpu_cap_has_set(variable)) return NULL;
    const char *rest = variable + strlen(f->prefix);
    const size_t length = strcspn(rest, "=");
    for (int i = 0; i < MAX_SETTINGS && f->settings[i]; i++)
        if (strlen(f->settings[i]) == length && strncmp(rest, f->settings[i], length) == 0) return f->library;
    return NULL;
}
