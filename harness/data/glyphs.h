/* SPDX-License-Identifier: MIT
 *
 * How people write the ten digits: the skeletons that digits.c bends and inks. */
#ifndef LB_GLYPHS_H
#define LB_GLYPHS_H

#include <stdint.h>

enum { GLYPH_MAX_POINTS = 16, GLYPH_MAX_VARIANTS = 4 };

struct glyph {
    int frequency;       /* relative to the other variants of the digit; 0 = unused entry */
    const char *strokes; /* smooth strokes separated by spaces, each a run of point names 'a'..'p'; a stroke
                            that ends at its first point is a closed curve */
    int points;
    struct {
        int8_t x, y; /* percent of the digit's box; y grows downwards */
    } at[GLYPH_MAX_POINTS];
};

/* GLYPHS[digit][variant] */
extern const struct glyph GLYPHS[10][GLYPH_MAX_VARIANTS];

#endif
