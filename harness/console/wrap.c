/* SPDX-License-Identifier: MIT */
#include "console/wrap.h"

#include <stdbool.h>
#include <string.h>

/* Characters of UTF-8 text, each taken to be a column wide. */
static int columns_of(const char *text, size_t bytes)
{
    int columns = 0;
    for (size_t i = 0; i < bytes; i++) columns += (text[i] & 0xc0) != 0x80;
    return columns;
}

void wrap_print(FILE *out, const char *text, int at, int indent, int width)
{
    bool first = true;
    for (text += strspn(text, " "); *text; text += strspn(text, " ")) {
        const size_t length = strcspn(text, " ");
        const int columns = columns_of(text, length);
        if (!first && width > 0 && at + 1 + columns > width) {
            fprintf(out, "\n%*s", indent, "");
            at = indent;
        } else if (!first) {
            fputc(' ', out);
            at++;
        }
        fwrite(text, 1, length, out);
        at += columns;
        text += length;
        first = false;
    }
    fputc('\n', out);
}
