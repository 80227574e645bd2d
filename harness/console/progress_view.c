/* SPDX-License-Identifier: MIT */
#include "console/progress_view.h"

#include <stdarg.h>
#include <string.h>

#include "base/clock.h"
#include "console/terminal.h"
#include "console/wrap.h"

static const double redraw_seconds = 0.1;
enum {
    BAR_CELLS = 20,
    FULL_LINE_COLUMNS = 132 /* of an epoch's line with its bar */
};

void progress_view_open(struct progress_view *v, FILE *out, bool quiet)
{
    memset(v, 0, sizeof *v);
    v->out = out;
    v->quiet = quiet;
    v->live = !quiet && terminal_live(out);
}

static int line_width(const struct progress_view *v)
{
    const int width = terminal_width(v->out);
    return width > 0 ? width : TERMINAL_USUAL_WIDTH;
}

/* "[=====>....]" */
static const char *draw_bar(int done, int total, char bar[BAR_CELLS + 3])
{
    const int cells = total > 0 ? (int)((long long)done * BAR_CELLS / total) : 0;
    bar[0] = '[';
    for (int i = 0; i < BAR_CELLS; i++) bar[i + 1] = i < cells ? '=' : i == cells ? '>' : '.';
    bar[BAR_CELLS + 1] = ']';
    bar[BAR_CELLS + 2] = 0;
    return bar;
}

static char *training_text(const struct progress_view *v, const struct progress *p, double now, char *text,
                           size_t size)
{
    char bar[BAR_CELLS + 3];
    const int step = atomic_load_explicit(&p->step, memory_order_relaxed);
    const int steps = atomic_load_explicit(&p->steps, memory_order_relaxed);
    const long long samples = atomic_load_explicit(&p->samples, memory_order_relaxed);
    const double seconds = now - atomic_load_explicit(&p->phase_start, memory_order_relaxed);
    char speed[32] = "";
    const int used =
        snprintf(text, size, "%*d/%d %s", steps > 99 ? 3 : 1, step, steps, draw_bar(step, steps, bar));
    if (samples <= 0 || step <= 0 || seconds <= 0) return text;
    if (v->flop_per_row > 0.0)
        snprintf(speed, sizeof speed, " %.0f GFLOP/s", v->flop_per_row * (double)samples / seconds * 1e-9);
    snprintf(text + used, size - (size_t)used, " %.1fms/step%s loss: %.4f accuracy: %.4f",
             seconds * 1e3 / step, speed,
             atomic_load_explicit(&p->loss_sum, memory_order_relaxed) / (double)samples,
             (double)atomic_load_explicit(&p->correct, memory_order_relaxed) / (double)samples);
    return text;
}

static char *validation_text(const struct progress *p, char *text, size_t size)
{
    char bar[BAR_CELLS + 3];
    const int step = atomic_load_explicit(&p->step, memory_order_relaxed);
    const int steps = atomic_load_explicit(&p->steps, memory_order_relaxed);
    const long long samples = atomic_load_explicit(&p->samples, memory_order_relaxed);
    const int used = snprintf(text, size, "%d/%d %s validation", step, steps, draw_bar(step, steps, bar));
    if (samples <= 0) return text;
    snprintf(text + used, size - (size_t)used, " val_loss: %.4f val_accuracy: %.4f",
             atomic_load_explicit(&p->loss_sum, memory_order_relaxed) / (double)samples,
             (double)atomic_load_explicit(&p->correct, memory_order_relaxed) / (double)samples);
    return text;
}

char *progress_view_text(const struct progress_view *v, const struct progress *p, double now, char *text,
                         size_t size)
{
    char bar[BAR_CELLS + 3];
    text[0] = 0;
    switch ((enum progress_phase)atomic_load_explicit(&p->phase, memory_order_relaxed)) {
    case PROGRESS_IDLE:
        return text;
    case PROGRESS_TRAIN:
        return training_text(v, p, now, text, size);
    case PROGRESS_VALIDATE:
        return validation_text(p, text, size);
    case PROGRESS_PROOF: {
        const int done = atomic_load_explicit(&p->proof_done, memory_order_relaxed);
        const int total = atomic_load_explicit(&p->proof_total, memory_order_relaxed);
        snprintf(text, size, "%d/%d %s proof", done, total, draw_bar(done, total, bar));
        return text;
    }
    }
    return text;
}

void progress_view_clear(struct progress_view *v)
{
    if (!v->line_open) return;
    fputs("\r\033[K", v->out);
    fflush(v->out);
    v->line_open = false;
}

void progress_view_tick(struct progress_view *v, const struct progress *p)
{
    const double now = clock_seconds();
    if (!v->live || now - v->drawn_at < redraw_seconds) return;
    char text[256], time[ETA_TEXT];
    progress_view_text(v, p, now, text, sizeof text);
    if (!text[0]) return;
    eta_text(&v->eta, now, time);
    char line[sizeof text + sizeof time + 2];
    snprintf(line, sizeof line, "%s%s%s", time, time[0] ? "  " : "", text);
    fprintf(v->out, "\r%.*s\033[K", line_width(v) - 1, line); /* a wrapped line could not be redrawn */
    fflush(v->out);
    v->drawn_at = now;
    v->line_open = true;
}

void progress_view_turn(struct progress_view *v, const char *name, int epoch, int epochs, double flop_per_row)
{
    v->flop_per_row = flop_per_row;
    eta_begin(&v->eta, name, epoch, clock_seconds());
    if (!v->live) return;
    progress_view_clear(v);
    if (epoch > 0)
        fprintf(v->out, "Epoch %d/%d ", epoch, epochs);
    else
        fputs("Proof ", v->out);
    terminal_word(v->out, TONE_STRONG, name);
    fputc('\n', v->out);
    fflush(v->out);
    v->drawn_at = 0;
}

void progress_view_epoch(struct progress_view *v, const char *name, const struct epoch_result *r, int epochs,
                         double flop)
{
    eta_end(&v->eta, clock_seconds());
    if (v->quiet) return;
    progress_view_clear(v);
    struct wrapped w;
    FILE *lines = wrap_open(&w, v->out);
    char bar[BAR_CELLS + 3];
    if (!v->live) fprintf(lines, "Epoch %d/%d %s ", r->epoch, epochs, name);
    fprintf(lines, "%d/%d", r->steps, r->steps);
    if (v->live && line_width(v) >= FULL_LINE_COLUMNS)
        fprintf(lines, " %s", draw_bar(r->steps, r->steps, bar));
    fprintf(lines,
            " %.3fs %.1fms/step %.0f GFLOP/s loss: %.4f accuracy: %.4f val_loss: %.4f val_accuracy: %.4f\n",
            r->train_seconds, r->train_seconds * 1e3 / (r->steps > 0 ? r->steps : 1),
            flop / r->train_seconds * 1e-9, r->loss, r->accuracy, r->val_loss, r->val_accuracy);
    wrap_close(&w, 2);
    fflush(v->out);
}

void progress_view_line(struct progress_view *v, const char *format, ...)
{
    if (v->quiet) return;
    progress_view_clear(v);
    struct wrapped w;
    FILE *lines = wrap_open(&w, v->out);
    va_list ap;
    va_start(ap, format);
    vfprintf(lines, format, ap);
    va_end(ap);
    fputc('\n', lines);
    wrap_close(&w, WRAP_LABEL);
    fflush(v->out);
}
