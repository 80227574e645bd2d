/* SPDX-License-Identifier: MIT */
#include "data/show.h"

#include <string.h>

#include "data/data_files.h"

enum { END_LABELS = 3, DRAWN = 4, SCREEN_COLUMNS = 78, GAP = 2 };

static double nonzero_share(const struct split *s, size_t pixels)
{
    const size_t n = (size_t)s->count * pixels;
    size_t nonzero = 0;
    for (size_t i = 0; i < n; i++) nonzero += s->pixels[i] != 0;
    return (double)nonzero / (double)n;
}

/* As numpy prints an array that is too long: "[5, 0, 4, ..., 5, 6, 8]". */
static void show_labels(const struct split *s, FILE *out)
{
    fputc('[', out);
    for (uint32_t i = 0; i < s->count; i++) {
        if (i == END_LABELS && s->count > 2 * END_LABELS) {
            fputs(", ...", out);
            i = s->count - END_LABELS;
        }
        fprintf(out, "%s%d", i ? ", " : "", s->labels[i]);
    }
    fputs("]\n", out);
}

/* The two arrays of a split, under the names that Keras' users give them. */
static void show_split(const struct dataset *d, const char *name, const struct split *s, FILE *out)
{
    char array[16], shape[48];
    snprintf(array, sizeof array, "%s_images", name);
    snprintf(shape, sizeof shape, "(%u, %d, %d)", s->count, d->rows, d->cols);
    fprintf(out, "%-12s  %-15s  uint8  %.2f %% of the pixels are not 0\n", array, shape,
            100.0 * nonzero_share(s, (size_t)d->rows * (size_t)d->cols));
    snprintf(array, sizeof array, "%s_labels", name);
    snprintf(shape, sizeof shape, "(%u,)", s->count);
    fprintf(out, "%-12s  %-15s  uint8  ", array, shape);
    show_labels(s, out);
}

static void show_counts(const char *name, const struct split *s, FILE *out)
{
    uint32_t counts[DATASET_CLASSES] = {0};
    for (uint32_t i = 0; i < s->count; i++) counts[s->labels[i]]++;
    fprintf(out, "%-8s", name);
    for (int c = 0; c < DATASET_CLASSES; c++) fprintf(out, " %6u", counts[c]);
    fputc('\n', out);
}

/* Mean of the pixels in [y0, y1) x [x0, x1) of one image, cut at its edges; 0 when nothing is left. */
static int mean_ink(const struct dataset *d, const uint8_t *image, int y0, int y1, int x0, int x1)
{
    int sum = 0, n = 0;
    for (int y = y0; y < y1 && y < d->rows; y++)
        for (int x = x0; x < x1 && x < d->cols; x++, n++) sum += image[y * d->cols + x];
    return n ? sum / n : 0;
}

/* Draws row y of one image; to: width characters. A character stands for step columns and twice as many rows,
 * because a terminal's characters are about twice as high as wide. */
static void draw_row(const struct dataset *d, const uint8_t *image, int y, int step, int width, char *to)
{
    static const char ramp[] = " .:-=+*#%@";
    const int levels = (int)sizeof ramp - 1;
    for (int i = 0; i < width; i++)
        to[i] = ramp[mean_ink(d, image, y, y + 2 * step, i * step, (i + 1) * step) * levels / 256];
}

static void print_line(char *line, int length, FILE *out)
{
    while (length > 0 && line[length - 1] == ' ') length--;
    fprintf(out, "%.*s\n", length, line);
}

/* Draws train images first .. first+count-1 side by side, a gap of GAP between them. */
static void draw_band(const struct dataset *d, uint32_t first, uint32_t count, int step, int width, FILE *out)
{
    const size_t pixels = (size_t)d->rows * (size_t)d->cols;
    char line[SCREEN_COLUMNS + GAP + 1];
    for (int y = -2 * step; y < d->rows; y += 2 * step) {
        memset(line, ' ', sizeof line);
        for (uint32_t i = 0; i < count; i++) {
            char *to = line + i * (uint32_t)(width + GAP);
            if (y < 0)
                snprintf(to, (size_t)width + 1, "train %u: %d%*s", first + i, d->train.labels[first + i],
                         width, "");
            else
                draw_row(d, d->train.pixels + (first + i) * pixels, y, step, width, to);
            to[width] = ' ';
        }
        print_line(line, (int)(count * (uint32_t)(width + GAP)), out);
    }
}

static void draw_digits(const struct dataset *d, FILE *out)
{
    enum { LABEL_WIDTH = 10 };
    const int step = (d->cols + SCREEN_COLUMNS / 2 - 1) / (SCREEN_COLUMNS / 2);
    const int columns = (d->cols + step - 1) / step;
    const int width = columns < LABEL_WIDTH ? LABEL_WIDTH : columns;
    const uint32_t per_band = (uint32_t)((SCREEN_COLUMNS + GAP) / (width + GAP));
    const uint32_t drawn = d->train.count < DRAWN ? d->train.count : DRAWN;
    for (uint32_t i = 0; i < drawn; i += per_band)
        draw_band(d, i, per_band < drawn - i ? per_band : drawn - i, step, width, out);
}

int data_show(const struct dataset *d, FILE *out)
{
    fprintf(out, "dataset  %s\nsource   %s\n\n", d->name, d->source);
    fprintf(out, "array         shape            dtype  values\n");
    show_split(d, "train", &d->train, out);
    show_split(d, "test", &d->test, out);
    fprintf(out, "\nlabels  ");
    for (int c = 0; c < DATASET_CLASSES; c++) fprintf(out, " %6d", c);
    fputc('\n', out);
    show_counts("train", &d->train, out);
    show_counts("test", &d->test, out);
    fputc('\n', out);
    draw_digits(d, out);
    fprintf(out, "\nSHA-256 of the decompressed content\n");
    for (enum data_part p = 0; p < DATA_PARTS; p++) fprintf(out, "%s  %s\n", d->sha256[p], data_file_name(p));
    return fflush(out) != 0 || ferror(out) ? EXIT_INTERNAL : 0;
}
