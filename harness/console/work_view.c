/* SPDX-License-Identifier: MIT */
#include "console/work_view.h"

#include "console/table.h"

/* What the threads have to do, and who has how much of it. */
struct work_shares {
    double mean, most; /* multiply-adds of a thread */
    int idle;          /* threads without any */
};

static const char *const pass_names[2] = {"forward", "backward"};

static double pass_work(const struct backend *b, const struct plan *plan, int thread, int pass)
{
    struct thread_work work;
    b->work_of(plan, thread, &work);
    return pass == 0 ? work.forward : work.backward;
}

static void work_shares_of(const struct backend *b, const struct plan *plan, struct work_shares shares[2])
{
    for (int pass = 0; pass < 2; pass++) {
        struct work_shares *s = &shares[pass];
        *s = (struct work_shares){0};
        for (int t = 0; t < plan->threads; t++) {
            const double own = pass_work(b, plan, t, pass);
            s->mean += own / plan->threads;
            if (own > s->most) s->most = own;
            if (own <= 0.0) s->idle++;
        }
    }
}

void work_view_print(const struct backend *b, const struct plan *plan, FILE *out)
{
    struct work_shares shares[2];
    struct table table;
    if (!b->work_of) return;
    work_shares_of(b, plan, shares);
    fprintf(out, "\n%s: first layer of %d-%d-%d, batch %d, %d thread%s\n", b->name, plan->inputs,
            plan->hidden, plan->classes, plan->batch, plan->threads, plan->threads == 1 ? "" : "s");
    for (int pass = 0; pass < 2; pass++)
        fprintf(out,
                "  %s: %.3f million multiply-adds per thread, at most %.3f times that; idle threads: %d; "
                "efficiency %.3f\n",
                pass_names[pass], shares[pass].mean * 1e-6, shares[pass].most / shares[pass].mean,
                shares[pass].idle, shares[pass].mean / shares[pass].most);
    table_init(&table, "rrr", "000");
    table_cell(&table, "thread");
    for (int pass = 0; pass < 2; pass++) table_cell(&table, "%s, share of mean", pass_names[pass]);
    for (int t = 0; t < plan->threads; t++) {
        table_cell(&table, "%d", t);
        for (int pass = 0; pass < 2; pass++)
            table_cell(&table, "%.3f", pass_work(b, plan, t, pass) / shares[pass].mean);
    }
    table_print(&table, out);
    table_free(&table);
}

json_t *work_view_json(const struct backend *b, const struct plan *plan)
{
    if (!b->work_of) return NULL;
    json_t *object = json_object();
    for (int pass = 0; pass < 2; pass++) {
        json_t *row = json_array();
        for (int t = 0; t < plan->threads; t++)
            json_array_append_new(row, json_real(pass_work(b, plan, t, pass)));
        json_object_set_new(object, pass_names[pass], row);
    }
    return object;
}
