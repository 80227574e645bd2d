/* SPDX-License-Identifier: MIT */
#include "console/wrap.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "console/terminal.h"

int wrap_columns(const char *text, size_t bytes)
{
    int columns = 0;
    for (size_t i = 0; i < bytes; i++) {
        if (text[i] == '\033')
            while (i < bytes && text[i] != 'm') i++;
        else
            columns += (text[i] & 0xc0) != 0x80;
    }
    return columns;
}

size_t wrap_piece(const char *text, int width)
{
    size_t fits = 0, end = 0;
    while (text[fits] && wrap_columns(text, fits + 1) <= width) {
        if (text[fits] == ' ') end = fits;
        if (text[fits] == '+') end = fits + 1;
        fits++;
    }
    if (!text[fits] || text[fits] == ' ') return fits;
    return end ? end : fits;
}

void wrap_print(FILE *out, const char *text, int at, int indent, int width)
{
    bool first = true;
    for (text += strspn(text, " "); *text; text += strspn(text, " ")) {
        const size_t length = strcspn(text, " ");
        const int columns = wrap_columns(text, length);
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

void wrap_line(FILE *out, int width, const char *format, ...)
{
    char *text = NULL;
    va_list ap;
    va_start(ap, format);
    const int length = vasprintf(&text, format, ap);
    va_end(ap);
    if (length >= 0) {
        wrap_print(out, text, 0, 2, width);
        free(text);
        return;
    }
    va_start(ap, format);
    vfprintf(out, format, ap);
    va_end(ap);
    fputc('\n', out);
}

FILE *wrap_open(struct wrapped *w, FILE *out)
{
    *w = (struct wrapped){.out = out, .lines = out};
    FILE *lines = terminal_width(out) > 0 ? open_memstream(&w->text, &w->size) : NULL;
    if (lines) w->lines = lines;
    return w->lines;
}

void wrap_close(struct wrapped *w, int indent)
{
    const int width = terminal_width(w->out);
    if (w->lines == w->out) return;
    fclose(w->lines);
    for (char *text = w->text, *next; text && *text; text = next) {
        const size_t length = strcspn(text, "\n");
        size_t label = length < (size_t)indent ? length : (size_t)indent;
        label += strspn(text + label, " ");
        next = text + length + (text[length] == '\n');
        text[length] = 0;
        fwrite(text, 1, label, w->out);
        wrap_print(w->out, text + label, wrap_columns(text, label), indent, width);
    }
    free(w->text);
}
