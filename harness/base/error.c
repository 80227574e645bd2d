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
