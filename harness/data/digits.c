/* SPDX-License-Identifier: MIT
 *
 * Every random number is uniform from the harness' own generator, and every float operation is one of + - * /
 * sqrt, which IEEE 754 rounds correctly: no C library, compiler or thread count changes a pixel. */
#include "data/digits.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "data/glyphs.h"

/* The constants below were chosen by training the 784-512-10 network on the result (20 epochs, RMSprop, batch
 * 128). */
static const uint64_t DIGITS_SEED = 0x6c616e6562656e63u;
enum { SPAN_STEPS = 5, MAX_SEGMENTS = GLYPH_MAX_POINTS * SPAN_STEPS };

struct point {
    float x, y;
};

/* One image's handwriting. */
struct hand {
    float jitter;    /* spread of each skeleton point, share of the box */
    float width;     /* of the box, share of its height */
    float slant;     /* x per y */
    float tan_turn;  /* tangent of the rotation */
    float bow, sway; /* curvature of verticals and of horizontals */
    float height;    /* of the finished digit, pixels */
    float shift_x, shift_y;
    float pen;  /* half the stroke's width at half ink, pixels */
    float edge; /* width of the grey rim, pixels */
    float ink;  /* of a stroke's core, 0..255 */
};

static float uniform(struct rng *r, float lo, float hi)
{
    return rng_float(r, lo, hi);
}

/* Bell-shaped, mean 0, standard deviation 1, within +-3.47: the sum of four uniforms. */
static float bell(struct rng *r)
{
    const double sum = rng_unit(r) + rng_unit(r) + rng_unit(r) + rng_unit(r);
    return (float)((sum - 2.0) * 1.7320508075688772);
}

static struct hand hand_of(struct rng *r)
{
    /* Most hands are tidy; the cube gives the few sloppy ones that make the last per cents hard. */
    const float sloppy = uniform(r, 0, 1);
    const float cube = sloppy * sloppy * sloppy;
    return (struct hand){
        .jitter = 0.025f + 0.085f * cube,
        .width = uniform(r, 0.55f, 0.95f),
        .slant = 0.20f * bell(r),
        .tan_turn = 0.12f * bell(r),
        .bow = 0.10f * bell(r),
        .sway = 0.08f * bell(r),
        .height = uniform(r, 16.5f, 20.5f),
        .shift_x = 0.9f * bell(r),
        .shift_y = 0.9f * bell(r),
        .pen = uniform(r, 0.85f, 1.80f),
        .edge = uniform(r, 1.2f, 1.8f),
        .ink = uniform(r, 245.0f, 285.0f),
    };
}

static const struct glyph *glyph_of(struct rng *r, int digit)
{
    const struct glyph *variants = GLYPHS[digit];
    int total = 0;
    for (int v = 0; v < GLYPH_MAX_VARIANTS; v++) total += variants[v].frequency;
    int pick = (int)rng_below(r, (uint32_t)total);
    int v = 0;
    while (pick >= variants[v].frequency) pick -= variants[v++].frequency;
    return &variants[v];
}

/* Bends the skeleton; afterwards its centre is near (0, 0) and its height near 1. */
static void bend(struct rng *r, const struct glyph *g, const struct hand *h, struct point *p)
{
    const float cosine = 1.0f / sqrtf(1.0f + h->tan_turn * h->tan_turn);
    const float sine = h->tan_turn * cosine;
    for (int i = 0; i < g->points; i++) {
        float x = (float)g->at[i].x * 0.01f - 0.5f + h->jitter * bell(r);
        float y = (float)g->at[i].y * 0.01f - 0.5f + h->jitter * bell(r);
        const float bowed = x + h->bow * (4.0f * y * y - 0.5f);
        y += h->sway * (4.0f * x * x - 0.5f);
        x = h->width * bowed - h->slant * y;
        p[i] = (struct point){cosine * x - sine * y, sine * x + cosine * y};
    }
}

/* A point of the Catmull-Rom spline between b and c, t in 0..1. */
static struct point spline(struct point a, struct point b, struct point c, struct point d, float t)
{
    const float wa = 0.5f * t * ((2.0f - t) * t - 1.0f);
    const float wb = 0.5f * (t * t * (3.0f * t - 5.0f) + 2.0f);
    const float wc = 0.5f * t * ((4.0f - 3.0f * t) * t + 1.0f);
    const float wd = 0.5f * t * t * (t - 1.0f);
    return (struct point){wa * a.x + wb * b.x + wc * c.x + wd * d.x,
                          wa * a.y + wb * b.y + wc * c.y + wd * d.y};
}

struct segment {
    struct point from, to;
};

/* One stroke's points, names[0..n-1], as segments; returns how many. */
static int stroke_segments(const struct point *p, const char *names, int n, struct segment *out)
{
    const int closed = names[0] == names[n - 1];
    int count = 0;
    for (int i = 0; i + 1 < n; i++) {
        const int before = i > 0 ? i - 1 : closed ? n - 2 : 0;
        const int after = i + 2 < n ? i + 2 : closed ? 1 : n - 1;
        const struct point b = p[names[i] - 'a'], c = p[names[i + 1] - 'a'];
        struct point last = b;
        for (int s = 1; s <= SPAN_STEPS; s++) {
            const struct point next =
                spline(p[names[before] - 'a'], b, c, p[names[after] - 'a'], (float)s / (float)SPAN_STEPS);
            out[count++] = (struct segment){last, next};
            last = next;
        }
    }
    return count;
}

static int glyph_segments(const struct glyph *g, const struct point *p, struct segment *out)
{
    int count = 0;
    for (const char *s = g->strokes; *s;) {
        const int n = (int)strcspn(s, " ");
        assert(count + (n - 1) * SPAN_STEPS <= MAX_SEGMENTS);
        count += stroke_segments(p, s, n, out + count);
        s += n + (s[n] == ' ');
    }
    return count;
}

/* Scales and moves the digit into its place among the pixels: as high as the hand writes, but never wider
 * than that either, centred but for the hand's shift. */
static void place(struct segment *s, int count, const struct hand *h)
{
    struct point lo = {1e6f, 1e6f}, hi = {-1e6f, -1e6f};
    for (int i = 0; i < count; i++) {
        const struct point t = s[i].to;
        lo = (struct point){t.x < lo.x ? t.x : lo.x, t.y < lo.y ? t.y : lo.y};
        hi = (struct point){t.x > hi.x ? t.x : hi.x, t.y > hi.y ? t.y : hi.y};
    }
    const float extent = hi.y - lo.y > hi.x - lo.x ? hi.y - lo.y : hi.x - lo.x;
    const float scale = (h->height - 2.0f * h->pen) / (extent > 0.25f ? extent : 0.25f);
    const float dx = 0.5f * DIGITS_SIDE + h->shift_x - 0.5f * scale * (lo.x + hi.x);
    const float dy = 0.5f * DIGITS_SIDE + h->shift_y - 0.5f * scale * (lo.y + hi.y);
    for (int i = 0; i < count; i++) {
        s[i].from = (struct point){scale * s[i].from.x + dx, scale * s[i].from.y + dy};
        s[i].to = (struct point){scale * s[i].to.x + dx, scale * s[i].to.y + dy};
    }
}

/* A coordinate as a pixel index, clamped to the paper: 0..28. */
static int pixel_floor(float x)
{
    return x <= 0.0f ? 0 : x >= (float)DIGITS_SIDE ? DIGITS_SIDE : (int)x;
}

/* distance2: per pixel, the squared distance to the nearest segment so far, for pixels within reach. */
static void stamp(struct segment s, float reach, float *distance2)
{
    const float dx = s.to.x - s.from.x, dy = s.to.y - s.from.y;
    const float length2 = dx * dx + dy * dy;
    const float inverse = length2 > 1e-12f ? 1.0f / length2 : 0.0f;
    const int x0 = pixel_floor((dx < 0 ? s.to.x : s.from.x) - reach);
    const int x1 = pixel_floor((dx < 0 ? s.from.x : s.to.x) + reach + 1.0f);
    const int y0 = pixel_floor((dy < 0 ? s.to.y : s.from.y) - reach);
    const int y1 = pixel_floor((dy < 0 ? s.from.y : s.to.y) + reach + 1.0f);
    for (int y = y0; y < y1; y++) {
        for (int x = x0; x < x1; x++) {
            const float px = (float)x + 0.5f - s.from.x, py = (float)y + 0.5f - s.from.y;
            float t = (px * dx + py * dy) * inverse;
            t = t < 0.0f ? 0.0f : t > 1.0f ? 1.0f : t;
            const float ex = px - t * dx, ey = py - t * dy;
            const float d2 = ex * ex + ey * ey;
            float *best = &distance2[y * DIGITS_SIDE + x];
            if (d2 < *best) *best = d2;
        }
    }
}

/* The pen leaves full ink in the stroke's core and a grey rim of width edge around distance pen. */
static void ink(const struct hand *h, const float *distance2, uint8_t *pixels)
{
    const float outer = h->pen + 0.5f * h->edge;
    for (int i = 0; i < DIGITS_PIXELS; i++) {
        const float cover = (outer - sqrtf(distance2[i])) / h->edge;
        const float value = h->ink * (cover < 0.0f ? 0.0f : cover > 1.0f ? 1.0f : cover);
        pixels[i] = (uint8_t)(value > 255.0f ? 255.0f : value);
    }
}

static uint8_t draw_one(struct rng *r, uint8_t *pixels)
{
    const int digit = (int)rng_below(r, 10);
    const struct hand h = hand_of(r);
    const struct glyph *g = glyph_of(r, digit);
    struct point points[GLYPH_MAX_POINTS];
    struct segment segments[MAX_SEGMENTS];
    float distance2[DIGITS_PIXELS];
    bend(r, g, &h, points);
    const int count = glyph_segments(g, points, segments);
    place(segments, count, &h);
    for (int i = 0; i < DIGITS_PIXELS; i++) distance2[i] = 1e6f;
    for (int i = 0; i < count; i++) stamp(segments[i], h.pen + 0.5f * h.edge, distance2);
    ink(&h, distance2, pixels);
    return (uint8_t)digit;
}

void digits_draw(enum digits_split split, uint32_t first, uint32_t count, uint8_t *pixels, uint8_t *labels)
{
    for (uint32_t i = 0; i < count; i++) {
        struct rng r = rng_seed(DIGITS_SEED, ((uint64_t)split << 32) | (first + i));
        labels[i] = draw_one(&r, pixels + (size_t)i * DIGITS_PIXELS);
    }
}
