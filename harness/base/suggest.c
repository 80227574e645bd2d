/* SPDX-License-Identifier: MIT */
#include "base/suggest.h"

#include <string.h>

enum { LONGEST = 63 };

/* Levenshtein distance, one row at a time. */
static unsigned distance(const char *a, const char *b)
{
    unsigned row[LONGEST + 1];
    const size_t na = strlen(a), nb = strlen(b);
    if (na > LONGEST || nb > LONGEST) return LONGEST;
    for (unsigned j = 0; j <= nb; j++) row[j] = j;
    for (size_t i = 1; i <= na; i++) {
        unsigned diagonal = row[0];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= nb; j++) {
            const unsigned change = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            unsigned best = row[j] + 1 < row[j - 1] + 1 ? row[j] + 1 : row[j - 1] + 1;
            row[j] = change < best ? change : best;
        }
    }
    return row[nb];
}

const char *suggest_nearest(const char *word, const char *const *candidates)
{
    const char *nearest = NULL;
    unsigned best = (unsigned)strlen(word) / 3 + 2;
    for (; *candidates; candidates++) {
        const unsigned d = distance(word, *candidates);
        if (d < best) best = d, nearest = *candidates;
    }
    return nearest;
}
