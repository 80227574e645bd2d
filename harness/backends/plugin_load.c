/* SPDX-License-Identifier: MIT */
#include "backends/plugin_load.h"

#include <dlfcn.h>
#include <string.h>
#include <xmmintrin.h>

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
        error_set(e, EXIT_USAGE,
                  "--plugin %.200s: loading it changes MXCSR from 0x%x to 0x%x%s, which affects everything "
                  "measured with it; if it was linked with -ffast-math, link it without",
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
    b->blocking_of = NULL; /* a plug-in is not tuned, and `blocking` was checked */
    return 0;
}
