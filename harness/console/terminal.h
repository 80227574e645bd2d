/* SPDX-License-Identifier: MIT
 *
 * What an output stream can show: its width, lines that are redrawn, colours. */
#ifndef LB_TERMINAL_H
#define LB_TERMINAL_H

#include <stdbool.h>
#include <stdio.h>

enum { TERMINAL_USUAL_WIDTH = 80, TERMINAL_MIN_WIDTH = 40, TERMINAL_MAX_WIDTH = 500 };

/* Columns of a line: COLUMNS from the environment, else the terminal's own; 0 where there is neither, as in a
 * file or a pipe. Never less than TERMINAL_MIN_WIDTH. */
int terminal_width(FILE *out);

/* For tables, what explains them, and help: the same, but TERMINAL_USUAL_WIDTH where there is neither. */
int terminal_page_width(FILE *out);

/* A terminal that can redraw a line. */
bool terminal_live(FILE *out);

/* A terminal with colours, unless NO_COLOR is set. */
bool terminal_colour(FILE *out);

enum tone { TONE_PLAIN, TONE_GOOD, TONE_BAD, TONE_UNSURE, TONE_STRONG };

/* A word in the colour of its meaning, where the terminal shows colours; else the bare word. Returns text. */
enum { TERMINAL_WORD = 64 };
char *terminal_paint(FILE *terminal, enum tone tone, const char *word, char text[TERMINAL_WORD]);

/* Prints it. */
void terminal_word(FILE *out, enum tone tone, const char *word);

#endif
