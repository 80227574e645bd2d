/* SPDX-License-Identifier: MIT */
#include "base/short_id.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const char decimal[] = "0123456789";

/* Decimal digits, perhaps with an exponent; some programs let it begin with d, as Fortran does. */
static bool reads_as_number(const char *id)
{
    const char *rest = id + strspn(id, decimal);
    if (rest == id || !*rest) return rest != id;
    return (*rest == 'e' || *rest == 'd') && rest[1] && !rest[1 + strspn(rest + 1, decimal)];
}

char *short_id(char id[SHORT_ID_SIZE], const char *digits)
{
    char cut[13];
    snprintf(cut, sizeof cut, "%.12s", digits);
    snprintf(id, SHORT_ID_SIZE, "%s%s", reads_as_number(cut) ? "x" : "", cut);
    return id;
}
