/* SPDX-License-Identifier: MIT
 *
 * A peer: gemm of any CBLAS library found at run time; everything else is inherited. The library is named by
 * --backend cblas:PATH, or the usual sonames are tried in turn. */
#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "backend.h"

/* The CBLAS interface (netlib): order and transpositions are enums with these values. */
enum { CBLAS_ROW_MAJOR = 101, CBLAS_NO_TRANS = 111, CBLAS_TRANS = 112 };
typedef void cblas_sgemm_fn(int order, int ta, int tb, int m, int n, int k, float alpha, const float *a,
                            int lda, const float *b, int ldb, float beta, float *c, int ldc);

struct cblas {
    void *library;
    int threads;
    cblas_sgemm_fn *sgemm;
    char implementation[512];
};

static const char *const usual_names[] = {"libopenblas.so.0", "libblis.so.4", "libmkl_rt.so.2",
                                          "libcblas.so.3",    "libblas.so.3", NULL};

/* Symbols are looked up as data and used as functions, which POSIX promises to work. */
static void symbol(void *library, const char *name, void *function)
{
    void *address = dlsym(library, name);
    *(void **)function = address;
}

/* The number set last: a library has one number of threads for the whole process, while instances for several
 * numbers may be open. */
static struct {
    const void *library;
    int threads;
} told;

/* Each library has its own function to set it; the variables of OpenMP are already set. */
static void tell_threads(const struct cblas *s)
{
    void (*openblas)(int), (*mkl)(int), (*blis)(int64_t);
    symbol(s->library, "openblas_set_num_threads", &openblas);
    symbol(s->library, "MKL_Set_Num_Threads", &mkl);
    symbol(s->library, "bli_thread_set_num_threads", &blis);
    if (openblas) openblas(s->threads);
    if (mkl) mkl(s->threads);
    if (blis) blis(s->threads);
    told.library = s->library;
    told.threads = s->threads;
}

static void describe(struct cblas *s, const char *name)
{
    const char *(*openblas)(void), *(*blis)(void);
    char *(*openblas_core)(void);
    symbol(s->library, "openblas_get_config", &openblas);
    symbol(s->library, "openblas_get_corename", &openblas_core);
    symbol(s->library, "bli_info_get_version_str", &blis);
    snprintf(s->implementation, sizeof s->implementation, "gemm=%s%s%s%s%s%s", name, openblas ? ", " : "",
             openblas ? openblas() : "", openblas_core ? ", core " : "", openblas_core ? openblas_core() : "",
             blis ? ", BLIS " : "");
    if (blis) {
        const size_t used = (size_t)snprintf(NULL, 0, "%s", s->implementation);
        snprintf(s->implementation + used, sizeof s->implementation - used, "%s", blis());
    }
}

/* dlopen() of a FIFO would wait for ever. A name without '/' is looked for in the system's directories. */
static bool is_irregular(const char *path)
{
    struct stat s;
    return strchr(path, '/') && stat(path, &s) == 0 && !S_ISREG(s.st_mode);
}

static void *open_library(const char *wanted, const char **name)
{
    if (wanted) {
        *name = wanted;
        return is_irregular(wanted) ? NULL : dlopen(wanted, RTLD_NOW | RTLD_LOCAL);
    }
    for (int i = 0; usual_names[i]; i++) {
        void *library = dlopen(usual_names[i], RTLD_NOW | RTLD_LOCAL);
        *name = usual_names[i];
        if (library && dlsym(library, "cblas_sgemm")) return library;
        if (library) dlclose(library);
    }
    return NULL;
}

static void cblas_close(void *state)
{
    struct cblas *s = state;
    /* The library stays loaded: its thread pools do not survive being unloaded. */
    free(s);
}

static int cblas_open(const struct plan *plan, void **state, char *why, size_t why_size)
{
    const char *name = "";
    struct cblas *s = calloc(1, sizeof *s);
    if (!s) {
        snprintf(why, why_size, "out of memory");
        return 1;
    }
    s->library = open_library(plan->argument, &name);
    if (s->library) symbol(s->library, "cblas_sgemm", &s->sgemm);
    if (!s->sgemm) {
        if (!plan->argument)
            snprintf(why, why_size,
                     "no CBLAS library among libopenblas.so.0, libblis.so.4, libmkl_rt.so.2, libcblas.so.3; "
                     "install "
                     "libopenblas0 or name one: --backend cblas:PATH");
        else if (is_irregular(name))
            snprintf(why, why_size, "%s is not a regular file; name a shared library", name);
        else if (!s->library)
            snprintf(why, why_size, "%s", dlerror());
        else
            snprintf(why, why_size, "%s has no cblas_sgemm", name);
        free(s);
        return 1;
    }
    s->threads = plan->threads;
    tell_threads(s);
    describe(s, name);
    *state = s;
    return 0;
}

static const char *cblas_implementation(void *state)
{
    return ((const struct cblas *)state)->implementation;
}

static void gemm(void *state, enum transpose ta, enum transpose tb, int m, int n, int k, float alpha,
                 const float *a, int lda, const float *b, int ldb, float beta, float *c, int ldc)
{
    const struct cblas *s = state;
    if (told.library != s->library || told.threads != s->threads) tell_threads(s);
    s->sgemm(CBLAS_ROW_MAJOR, ta ? CBLAS_TRANS : CBLAS_NO_TRANS, tb ? CBLAS_TRANS : CBLAS_NO_TRANS, m, n, k,
             alpha, a, lda, b, ldb, beta, c, ldc);
}

extern const struct backend backend_cblas;
const struct backend backend_cblas = {
    .abi_version = BACKEND_ABI_VERSION,
    .struct_size = sizeof(struct backend),
    .name = "cblas",
    .summary = "gemm of a CBLAS library (OpenBLAS, BLIS, MKL), loaded at run time: cblas or cblas:PATH",
    .needs = 0,
    .flags = BACKEND_ON_REQUEST | BACKEND_TAKES_ARGUMENT | BACKEND_INHERITS_FASTEST | BACKEND_MAY_DEVIATE,
    .open = cblas_open,
    .close = cblas_close,
    .implementation = cblas_implementation,
    .ops = {.gemm = gemm},
};
