/* SPDX-License-Identifier: MIT */
#include "backends/plugin.h"

#include <dlfcn.h>
#include <errno.h>
#include <sha256.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <xmmintrin.h>

#include "base/clean_text.h"
#include "backends/plugin_probe.h"

/* Those that this version can judge. */
static const uint32_t known_needs =
    ISA_AVX2 | ISA_FMA | ISA_AVX512F | ISA_AVX512BW | ISA_AVX512DQ | ISA_AVX512VL | ISA_AVX512BF16;
static const uint32_t known_flags =
    BACKEND_DETERMINISTIC | BACKEND_ON_REQUEST | BACKEND_TAKES_ARGUMENT | BACKEND_INHERITS_FASTEST;
enum { MAX_BLOCKING = 1 << 24 };

/* ---- The text of --plugin ---- */

/* Splits PATH[:NAME] and resolves the path. */
static int find_file(struct plugin *p, const char **given_name, const char *argument, struct error *e)
{
    char path[PLUGIN_PATH_SIZE];
    struct stat s;
    *given_name = NULL;
    if (strlen(argument) >= sizeof path)
        return error_set(e, EXIT_USAGE, "--plugin: the path is longer than %d bytes", PLUGIN_PATH_SIZE - 1);
    snprintf(path, sizeof path, "%s", argument);
    char *colon = strrchr(path, ':');
    if (colon && stat(path, &s) != 0) {
        *colon = 0;
        *given_name = argument + (colon + 1 - path);
    }
    char *resolved = realpath(path, NULL);
    if (!resolved || strlen(resolved) >= sizeof p->path || stat(resolved, &s) != 0) {
        free(resolved);
        return error_set(e, EXIT_USAGE, "--plugin %.200s: %s", path, strerror(errno));
    }
    strcpy(p->path, resolved);
    free(resolved);
    clean_copy(p->shown_path, sizeof p->shown_path, p->path);
    if (!S_ISREG(s.st_mode))
        return error_set(e, EXIT_USAGE, "--plugin %.200s: is not a file; needed is a shared object", path);
    return 0;
}

/* ---- What is wrong with an answer ---- */

/* The rule of backend.h. */
static bool is_name(const char *name)
{
    const size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-");
    return length > 0 && length <= BACKEND_NAME_MAX && !name[length] && *name != '-' &&
           strcmp(name, "all") != 0;
}

void plugin_take_name(char to[PLUGIN_NAME_SIZE], const char *name)
{
    static const char cut[] = "...";
    const bool fits = !name || strlen(name) <= BACKEND_NAME_MAX;
    clean_copy(to, fits ? PLUGIN_NAME_SIZE : PLUGIN_NAME_SIZE - strlen(cut), name);
    if (!fits) strcat(to, cut);
}

static bool is_blocking(const struct blocking *b)
{
    const int sizes[] = {b->mr, b->nr, b->mc, b->nc, b->kc};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        if (sizes[i] < 0 || sizes[i] > MAX_BLOCKING) return false;
    return true;
}

static int check_facts(const struct plugin *p, struct error *e)
{
    const struct plugin_facts *f = &p->facts;
    bool measurable = f->has_step;
    for (int i = 0; i < OP_COUNT; i++) measurable = measurable || f->has_op[i];
    if (!is_name(f->name))
        return error_set(e, EXIT_USAGE,
                         "--plugin %.200s: the name '%s' is not 1 to %d characters of a-z, 0-9, '_' and '-', "
                         "begins with '-', or is 'all'; PATH:NAME gives it another",
                         p->shown_path, f->name, BACKEND_NAME_MAX);
    if (!measurable)
        return error_set(e, EXIT_USAGE,
                         "--plugin %.200s: it has neither an op nor a step: nothing to measure",
                         p->shown_path);
    if (f->needs & ~known_needs)
        return error_set(e, EXIT_USAGE,
                         "--plugin %.200s: its needs 0x%x have bits that are no ISA of this version's "
                         "backend.h",
                         p->shown_path, f->needs);
    if (f->flags & ~known_flags)
        return error_set(e, EXIT_USAGE,
                         "--plugin %.200s: its flags 0x%x have bits that mean nothing in this version's "
                         "backend.h",
                         p->shown_path, f->flags);
    if (!is_blocking(&f->blocking))
        return error_set(e, EXIT_USAGE, "--plugin %.200s: its blocking has a size that is not from 0 to %d",
                         p->shown_path, MAX_BLOCKING);
    return 0;
}

/* ---- The stub ---- */

static void must_not_run(void)
{
    fputs("bench: internal error: a function of a plug-in was called outside its worker\n", stderr);
    abort();
}

void plugin_make_stub(struct plugin *p)
{
    const struct plugin_facts *f = &p->facts;
    p->stub = (struct backend){
        .abi_version = BACKEND_ABI_VERSION,
        .struct_size = sizeof p->stub,
        .name = f->name,
        .summary = f->summary,
        .needs = f->needs,
        .flags = f->flags,
        .blocking = f->blocking,
        .open = (int (*)(const struct plan *, void **, char *, size_t))must_not_run,
    };
#define OP(op)                                                                                               \
    if (f->has_op[OP_##op]) p->stub.ops.op = (op##_fn *)must_not_run;
#include "ops.def"
#undef OP
    p->stub_step = (struct step_ops){
        .load = (void (*)(void *, const struct model *))must_not_run,
        .step = (void (*)(void *, const struct batch *, struct step_result *))must_not_run,
        .predict = (void (*)(void *, const struct batch *, float *, struct step_result *))must_not_run,
        .store = (void (*)(void *, struct model *))must_not_run,
    };
    if (f->has_step) p->stub.step = &p->stub_step;
}

int plugin_probe(struct plugin *p, const char *argument, struct error *e)
{
    const char *given_name;
    memset(p, 0, sizeof *p);
    if (find_file(p, &given_name, argument, e) || plugin_ask(&p->facts, p->path, e)) return (int)e->code;
    if (given_name) plugin_take_name(p->facts.name, given_name);
    if (check_facts(p, e)) return (int)e->code;
    if (!SHA256File(p->path, p->sha256)) p->sha256[0] = 0;
    plugin_make_stub(p);
    return 0;
}

/* ---- Loading ---- */

/* Of MXCSR: all but the sticky status flags; FTZ and DAZ. */
enum { MXCSR_CONTROL = 0xffc0, MXCSR_FLUSH = 0x8040 };

const struct backend *plugin_enter(const char *path, volatile enum plugin_stage *stage, struct error *e)
{
    volatile enum plugin_stage unwatched;
    if (!stage) stage = &unwatched;
    const unsigned control = _mm_getcsr() & MXCSR_CONTROL;
    *stage = PLUGIN_LOADS;
    void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!object) {
        const char *why = dlerror();
        error_set(e, EXIT_USAGE, "--plugin: cannot be loaded: %.400s", why ? why : path);
        return NULL;
    }
    const struct backend *(*entry)(void);
    void *symbol = dlsym(object, BACKEND_PLUGIN_SYMBOL);
    if (!symbol) {
        error_set(e, EXIT_USAGE,
                  "--plugin %.200s: exports no function " BACKEND_PLUGIN_SYMBOL "(); see backend.h", path);
        return NULL;
    }
    memcpy(&entry, &symbol, sizeof entry); /* C has no cast from an object pointer to a function pointer */
    *stage = PLUGIN_ENTERS;
    const struct backend *b = entry();
    *stage = PLUGIN_IS_READ;
    const unsigned now = _mm_getcsr() & MXCSR_CONTROL;
    if (now != control)
        error_set(
            e, EXIT_USAGE,
            "--plugin %.200s: to load it changes MXCSR from 0x%x to 0x%x%s, and with it what is measured "
            "beside it: was it linked with -ffast-math? Link it without",
            path, control, now, now & ~control & MXCSR_FLUSH ? " (subnormals become 0)" : "");
    else if (!b)
        error_set(e, EXIT_USAGE, "--plugin %.200s: " BACKEND_PLUGIN_SYMBOL "() returned NULL", path);
    else if (b->abi_version != BACKEND_ABI_VERSION)
        error_set(
            e, EXIT_USAGE,
            "--plugin %.200s: was built for version %u of the plug-in ABI, this program has %u; rebuild "
            "it with this program's backend.h",
            path, b->abi_version, BACKEND_ABI_VERSION);
    else if (b->struct_size != sizeof *b)
        error_set(e, EXIT_USAGE,
                  "--plugin %.200s: its struct_size is %u, this program's struct backend has %zu bytes; set "
                  ".struct_size = sizeof(struct backend) and rebuild it with this program's backend.h",
                  path, b->struct_size, sizeof *b);
    else
        return b;
    return NULL;
}

int plugin_load(struct backend *b, const char *path, const char *name, struct error *e)
{
    const struct backend *own = plugin_enter(path, NULL, e);
    if (!own) return (int)e->code;
    *b = *own;
    b->name = name;
    return 0;
}
