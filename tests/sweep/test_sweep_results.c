/* SPDX-License-Identifier: MIT
 *
 * The figures of sweep.csv and its table from the files of made-up points: 1 and 2 threads at hidden size 8,
 * and a point that was killed at 16. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <ftw.h>
#include <math.h>
#include <sys/stat.h>

#include "sweep/sweep_results.h"
#include "../support/widest_line.h"

static char root[64];

static const char machine[] =
    "{\"run_id\": \"r\", \"env_id\": \"e\", \"status\": \"%s\", \"dataset\": {\"name\": \"d\"}, "
    "\"settings\": "
    "{\"seed\": \"7\"}, \"backends\": {\"a\": {\"verified\": true}, \"b\": {\"verified\": false, "
    "\"failure\": \"proof failed: gemm\"}, \"c\": {\"verified\": \"deviates: rules (2 cases)\"}}}";

/* Median of the epochs after the first: 2 s at 30 GFLOP, of a peak of 30 GFLOP/s at best. */
static const char one_thread[] =
    "backend,train_seconds,gflops,peak_gflops,share_of_peak,val_accuracy,git_commit,binary_sha256\r\n"
    "a,9,3,25,0.1,0.5,c,h\r\n"
    "a,1,30,10,0.5,0.6,c,h\r\n"
    "a,2,15,20,0.75,0.7,c,h\r\n"
    "a,3,10,30,0.9,0.8,c,h\r\n";
static const char two_threads[] =
    "backend,train_seconds,gflops,peak_gflops,share_of_peak,val_accuracy,git_commit,binary_sha256\r\n"
    "a,8,3.75,40,0.1,0.5,c,h\r\n"
    "a,1.25,24,40,0.6,0.9,c,h\r\n";

static void put(const char *dir, const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", root, dir);
    mkdir(path, 0755);
    snprintf(path, sizeof path, "%s/%s/%s", root, dir, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    assert_int_equal(fclose(f), 0);
}

static void put_machine(const char *dir, const char *status)
{
    char text[sizeof machine + 32];
    const char *at = strstr(machine, "%s");
    snprintf(text, sizeof text, "%.*s%s%s", (int)(at - machine), machine, status, at + 2);
    put(dir, "machine.json", text);
}

static int make_points(void **state)
{
    (void)state;
    snprintf(root, sizeof root, "/tmp/lanebench-sweep-XXXXXX");
    if (!mkdtemp(root)) return -1;
    put_machine("t2-b4-h8", "complete");
    put("t2-b4-h8", "epochs.csv", two_threads);
    put_machine("t1-b4-h8", "complete");
    put("t1-b4-h8", "epochs.csv", one_thread);
    put_machine("t1-b4-h16", "running");
    put("t1-b4-h16", "epochs.csv.partial", two_threads);
    return 0;
}

static int remove_one(const char *path, const struct stat *s, int type, struct FTW *at)
{
    (void)s, (void)type, (void)at;
    return remove(path);
}

static int remove_points(void **state)
{
    (void)state;
    return nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* Points 2 1 x 4 x 8 16; that of 2 threads at 16 has not begun. */
static struct sweep_results read_points(void)
{
    const struct grid grid = {
        .axis = {[GRID_THREADS] = {2, {2, 1}}, [GRID_BATCH] = {1, {4}}, [GRID_HIDDEN] = {2, {8, 16}}}};
    struct sweep_results r;
    struct error e = {.code = EXIT_OK};
    if (sweep_results_read(&r, root, &grid, &e)) fail_msg("%s", e.text);
    return r;
}

static const struct sweep_line *line_of(const struct sweep_results *r, const char *dir, const char *backend)
{
    for (int i = 0; i < r->count; i++)
        if (strcmp(r->lines[i].dir, dir) == 0 && strcmp(r->lines[i].backend, backend) == 0)
            return &r->lines[i];
    fail_msg("no line of %s at %s", backend, dir);
    return NULL;
}

static void expect_figures(const struct sweep_line *l, int epochs, double seconds, double gflops, double peak,
                           double share, double accuracy)
{
    assert_int_equal(l->epochs, epochs);
    assert_float_equal(l->train_seconds, seconds, 1e-12);
    assert_float_equal(l->gflops, gflops, 1e-12);
    assert_float_equal(l->peak_gflops, peak, 1e-12);
    assert_float_equal(l->share_of_peak, share, 1e-12);
    assert_float_equal(l->val_accuracy, accuracy, 1e-12);
}

static void figures_are_medians_without_the_first_epoch(void **state)
{
    struct sweep_results r = read_points();
    (void)state;
    assert_int_equal(r.count, 9);
    const struct sweep_line *one = line_of(&r, "t1-b4-h8", "a"), *none = line_of(&r, "t1-b4-h8", "b");
    expect_figures(one, 4, 2, 15, 30, 0.5, 0.8);
    expect_figures(line_of(&r, "t2-b4-h8", "a"), 2, 1.25, 24, 40, 0.6, 0.9);
    assert_true(one->verified && !none->verified && none->epochs == 0 && isnan(none->train_seconds));
    assert_true(line_of(&r, "t1-b4-h8", "c")->verified);
    assert_string_equal(one->outcome, "ok");
    assert_string_equal(none->outcome, "proof failed");
    assert_string_equal(line_of(&r, "t1-b4-h16", "a")->outcome, "incomplete");
    assert_string_equal(one->commit, "c");
    assert_string_equal(one->hash, "h");
    sweep_results_free(&r);
}

static void speed_up_is_against_the_smallest_team_of_the_same_sizes(void **state)
{
    struct sweep_results r = read_points();
    (void)state;
    const struct sweep_scaling two = sweep_scaling(&r, line_of(&r, "t2-b4-h8", "a"));
    assert_float_equal(two.speedup, 1.6, 1e-12);
    assert_float_equal(two.efficiency, 0.8, 1e-12);
    assert_float_equal(sweep_scaling(&r, line_of(&r, "t1-b4-h8", "a")).speedup, 1, 1e-12);
    assert_float_equal(sweep_scaling(&r, line_of(&r, "t1-b4-h16", "a")).speedup, 1, 1e-12);
    assert_true(isnan(sweep_scaling(&r, line_of(&r, "t2-b4-h8", "b")).speedup));
    sweep_results_free(&r);
}

/* The text of a file, or of what the table prints. */
static void expect_line(FILE *f, const char *want)
{
    char line[512];
    while (fgets(line, sizeof line, f))
        if (strstr(line, want)) return;
    fail_msg("no line with: %s", want);
}

static void print_table(void *context, FILE *out)
{
    assert_int_equal(sweep_results_print(context, out), 0);
}

static void file_and_table_have_each_figure_in_its_place(void **state)
{
    struct sweep_results r = read_points();
    struct error e = {.code = EXIT_OK};
    char path[128];
    (void)state;
    assert_int_equal(sweep_results_write(&r, root, "s", &e), 0);
    snprintf(path, sizeof path, "%s/sweep.csv", root);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    expect_line(
        f, "schema,run_id,dataset,point,threads,batch,hidden,seed,backend,epochs,median_train_seconds,gflops,"
           "peak_gflops,share_of_peak,val_accuracy,verified,outcome,point_run_id,env_id,");
    rewind(f);
    expect_line(f, "1,s,d,t1-b4-h8,1,4,8,7,a,4,2,15,30,0.5,0.8,1,ok,r,e,c,h,1,1\r\n");
    rewind(f);
    expect_line(f, "1,s,d,t2-b4-h8,2,4,8,7,a,2,1.25,24,40,0.6,0.9,1,ok,r,e,c,h,1.6,0.8\r\n");
    rewind(f);
    expect_line(f, "1,s,d,t1-b4-h8,1,4,8,7,b,0,,,,,,0,proof failed,r,e,,,,\r\n");
    rewind(f);
    expect_line(f, "1,s,d,t1-b4-h8,1,4,8,7,c,0,,,,,,deviates: rules (2 cases),ok,r,e,,,,\r\n");
    fclose(f);
    setenv("COLUMNS", "130", 1); /* all columns of the table */
    FILE *table = tmpfile();
    assert_non_null(table);
    assert_int_equal(sweep_results_print(&r, table), 0);
    rewind(table);
    /* threads, batch, hidden; 1.6 times as fast on twice the threads is an efficiency of 80 %. */
    char line[512], rest[512] = "";
    while (fgets(line, sizeof line, table))
        if (sscanf(line, " 2 4 8 a %511[^\n]", rest) == 1) break;
    fclose(table);
    char cells[9][32];
    assert_int_equal(sscanf(rest, "%31s %31s %31s %31s %31s %31s %31s %31s %31s", cells[0], cells[1],
                            cells[2], cells[3], cells[4], cells[5], cells[6], cells[7], cells[8]),
                     9);
    static const char *const want[] = {"yes", "2", "1.2500", "24.0", "60.0%", "1.60x", "80%", "0.9000", "ok"};
    for (int i = 0; i < 9; i++) assert_string_equal(cells[i], want[i]);
    assert_fits(print_table, &r);
    sweep_results_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(figures_are_medians_without_the_first_epoch),
        cmocka_unit_test(speed_up_is_against_the_smallest_team_of_the_same_sizes),
        cmocka_unit_test(file_and_table_have_each_figure_in_its_place),
    };
    return cmocka_run_group_tests(tests, make_points, remove_points);
}
