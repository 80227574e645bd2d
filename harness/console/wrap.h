/* SPDX-License-Identifier: MIT
 *
 * Text broken at its spaces. */
#ifndef LB_WRAP_H
#define LB_WRAP_H

#include <stddef.h>
#include <stdio.h>

/* Columns that so many bytes of UTF-8 take, each character taken to be a column wide; a colour takes none. */
int wrap_columns(const char *text, size_t bytes);

/* Bytes at the beginning of text that fit into `width` > 0 columns: all of it, or up to a space or after a
 * '+', or, where a word is longer than that, what fits of it. */
size_t wrap_piece(const char *text, int width);

/* Prints text in lines of at most `width` columns (0: one line) and a line end. The first line begins in
 * column `at`, where the cursor is; the others are indented by `indent`. A word longer than a line has one of
 * its own. */
void wrap_print(FILE *out, const char *text, int at, int indent, int width);

/* The same of a formatted text that begins a line; further lines are indented by two. Where memory is short,
 * in one line. */
void wrap_line(FILE *out, int width, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Lines that are printed piece by piece: between wrap_open and wrap_close what is printed to the stream that
 * wrap_open returns. Each line may begin with a label of `indent` columns and continues below the text after
 * it. Where out has no width, or memory is short, they are as they were printed. */
enum { WRAP_LABEL = 10 }; /* columns of the labels above a run's table: "machine   " */
struct wrapped {
    FILE *out, *lines;
    char *text;
    size_t size;
};
FILE *wrap_open(struct wrapped *w, FILE *out);
void wrap_close(struct wrapped *w, int indent);

#endif
