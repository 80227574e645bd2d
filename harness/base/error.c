/* SPDX-License-Identifier: MIT */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/clean_text.h"

int error_set(struct error *e, enum exit_code code, const char *format, ...)
{
    if (e->code) return (int)e->code;
    va_list ap;
    va_start(ap, format);
    vsnprintf(e->text, sizeof e->text, format, ap);
    va_end(ap);
    clean_text(e->text);
    e->code = code;
    return (int)code;
}

int exit_code_worst(int a, int b)
{
    static const int ranks[] = {EXIT_INTERNAL, EXIT_INTERRUPTED, EXIT_USAGE,      EXIT_INTEGRITY,
                                EXIT_PROOF,    EXIT_DATA,        EXIT_REGRESSION, EXIT_INCONCLUSIVE,
                                EXIT_NOTHING,  EXIT_OK};
    for (size_t i = 0; i < sizeof ranks / sizeof *ranks; i++)
        if (a == ranks[i] || b == ranks[i]) return ranks[i];
    return EXIT_INTERNAL;
}
