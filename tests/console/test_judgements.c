/* SPDX-License-Identifier: MIT
 *
 * What people and scripts read of a judgement: sentences, the gate's rule, and the files it reads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "machine/env_id.h"
#include "console/ab_view.h"
#include "console/gate_view.h"
#include "results/csv_table.h"

static const struct step_ops some_step;
static const struct backend composed, fused = {.step = &some_step};
static const struct registry_entry contenders[AB_COUNT] = {{.name = "avx2", .backend = &composed},
                                                           {.name = "avx2.again", .backend = &composed},
                                                           {.name = "mine", .backend = &composed}};
static const struct registry_entry fused_mine = {.name = "mine", .backend = &fused};

static struct ab_results made(enum verdict verdict, double effect, double half)
{
    return (struct ab_results){
        .judgement = {.verdict = verdict,
                      .margin = effect_of_percent(2.0),
                      .itself = {48, 0.0, {-0.004, 0.004}},
                      .other = {48, effect, {effect - half, effect + half}},
                      .visible = effect_of_percent(2.6)},
        .contenders = {&contenders[0], &contenders[1], &contenders[2]},
        .median_seconds = {0.5, 0.5, 0.6},
        .epochs_per_turn = 1,
    };
}

static char *printed(const struct ab_results *r)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    ab_print(r, out);
    fclose(out);
    return text;
}

static void assert_says(const struct ab_results *r, const char *message)
{
    char *text = printed(r);
    if (!strstr(text, message)) fail_msg("'%s' lacks '%s'", text, message);
    free(text);
}

static void the_verdict_comes_first(void **state)
{
    (void)state;
    struct ab_results r = made(VERDICT_SLOWER, log(1.20), 0.01);
    char *text = printed(&r);
    static const char slower[] =
        "SLOWER: mine takes more time than avx2: +20.0 % (95 % interval +18.8 % to +21.2 %)";
    assert_int_equal(strncmp(text, slower, strlen(slower)), 0);
    free(text);
    r = made(VERDICT_FASTER, -log(1.25), 0.001);
    assert_says(&r, "FASTER: mine takes less time than avx2: -20.00 % (95 % interval -20.08 % to -19.92 %)");
    r = made(VERDICT_SAME, 0.001, 0.004);
    assert_says(&r, "SAME: mine takes the same time as avx2, within 2 %");
    assert_says(&r, "drift      none found");
    assert_says(&r, "bimodal    none found");
    assert_says(&r, "would detect a difference of 2.6 % or more");
    assert_says(&r, "no difference, as expected");
    r = made(VERDICT_INCONCLUSIVE, 0.01, 0.08);
    assert_says(&r, "INCONCLUSIVE: cannot tell whether mine differs from avx2 by 2 % or more: +1 % (");
    assert_says(&r, "--rounds");
}

static void unlike_steps_are_named(void **state)
{
    (void)state;
    struct ab_results r = made(VERDICT_FASTER, -0.1, 0.02);
    char *text = printed(&r);
    assert_null(strstr(text, "composed"));
    free(text);
    r.contenders[AB_B] = &fused_mine;
    assert_says(&r, "FASTER: mine takes less time than avx2 (composed against fused): -9.5 %");
    assert_says(&r, "the step of avx2 is composed of its ops, that of mine is fused");
    r = made(VERDICT_INCONCLUSIVE, 0.1, 0.2);
    r.contenders[AB_A] = &fused_mine;
    assert_says(&r, "cannot tell whether mine differs from mine (composed against fused) by 2 % or more");
    json_t *figures = ab_results_json(&r);
    assert_string_equal(json_string_value(json_object_get(figures, "steps")), "composed against fused");
    json_decref(figures);
}

static void what_is_odd_is_named(void **state)
{
    (void)state;
    struct ab_results r = made(VERDICT_SLOWER, 0.1, 0.02);
    r.judgement.bias = effect_of_percent(1.5);
    assert_says(&r, "two processes of one backend differ; that widens the interval of the verdict by 1.5 %");
    r.judgement.ratio_drift = (struct drift){true, 0.9, log(0.99), log(1.05)};
    assert_says(&r, "-1.0 % in the first half of the rounds, +5.0 % in the second");
    r.judgement.drift[AB_B] = (struct drift){true, 0.9, log(0.5), log(0.6)};
    assert_says(&r, "mine: 0.500 s an epoch in the first half of the rounds, 0.600 s in the second");
    r.judgement.bimodality[AB_A] = (struct bimodality){true, log(0.4), log(0.5), 0.25};
    assert_says(&r, "avx2: its epochs take either about 0.400 s or about 0.500 s (25 % of them)");
}

static enum gate_verdict gate(double low1, double high1, double low2, double high2)
{
    const struct paired_comparison c[GATE_PROCESSES] = {{9, 0.5 * (low1 + high1), {low1, high1}},
                                                        {9, 0.5 * (low2 + high2), {low2, high2}}};
    return gate_judge(c, 0.05);
}

static void the_gate_wants_both_processes(void **state)
{
    (void)state;
    assert_int_equal(gate(0.06, 0.08, 0.07, 0.09), GATE_SLOWER);
    assert_int_equal(gate(0.06, 0.08, -0.01, 0.01), GATE_INCONCLUSIVE);
    assert_int_equal(gate(-0.02, 0.02, -0.01, 0.01), GATE_PASSED);
    assert_int_equal(gate(0.70, 1.60, 1.10, 1.40), GATE_INCONCLUSIVE); /* disturbed */
    assert_int_equal(gate(1.10, 1.19, 0.70, 1.60), GATE_INCONCLUSIVE);
    assert_int_equal(gate(-0.9, -0.8, -0.9, -0.8), GATE_PASSED); /* faster */
    assert_int_equal(gate(0.01, 0.08, 0.01, 0.08), GATE_INCONCLUSIVE);
    assert_int_equal(gate(-INFINITY, INFINITY, -INFINITY, INFINITY), GATE_INCONCLUSIVE);
    assert_int_equal(gate(NAN, NAN, NAN, NAN), GATE_INCONCLUSIVE);
    const struct gate_line lines[] = {
        {.verdict = GATE_PASSED}, {.verdict = GATE_INCONCLUSIVE}, {.verdict = GATE_SLOWER}};
    assert_int_equal(gate_worst(lines, 1), GATE_PASSED);
    assert_int_equal(gate_worst(lines, 2), GATE_INCONCLUSIVE);
    assert_int_equal(gate_worst(lines, 3), GATE_SLOWER);
}

/* ---- CSV tables ---- */

static int read_text(struct csv_table *t, const char *text, struct error *e)
{
    char path[] = "/tmp/lanebench-test-XXXXXX";
    const int fd = mkstemp(path);
    const size_t size = strlen(text);
    assert_true(fd >= 0 && write(fd, text, size) == (ssize_t)size);
    close(fd);
    memset(e, 0, sizeof *e);
    const int code = csv_table_read(t, path, e);
    unlink(path);
    return code;
}

static void tables_are_read(void **state)
{
    (void)state;
    struct csv_table t;
    struct error e;
    assert_int_equal(read_text(&t, "a,\"b\"\"c\",d\r\n1,\"x,\r\ny\",\r\n2,,\"\"\n", &e), 0);
    assert_int_equal(t.columns, 3);
    assert_int_equal(t.rows, 2);
    assert_int_equal(csv_table_column(&t, "b\"c"), 1);
    assert_int_equal(csv_table_column(&t, "nothing"), -1);
    assert_string_equal(csv_table_cell(&t, 0, 1), "x,  y"); /* clean text: it may reach a terminal */
    assert_string_equal(csv_table_cell(&t, 0, 2), "");
    assert_string_equal(csv_table_cell(&t, 1, 0), "2");
    assert_string_equal(csv_table_cell(&t, 1, 2), "");
    csv_table_free(&t);
    assert_int_equal(read_text(&t, "a,b\r\n1,2", &e), 0); /* the last line end may be missing */
    assert_int_equal(t.rows, 1);
    csv_table_free(&t);
    static const char *const malformed[] = {"", "a,b\r\n1\r\n", "a,b\r\n1,2,3\r\n", "a,b\r\n1,",
                                            "a,b\r\n\"1\"x,2\r\n"};
    for (size_t i = 0; i < sizeof malformed / sizeof *malformed; i++) {
        if (read_text(&t, malformed[i], &e) != EXIT_DATA) fail_msg("'%s' was read", malformed[i]);
        csv_table_free(&t);
    }
    memset(&e, 0, sizeof e);
    assert_int_equal(csv_table_read(&t, "/nowhere/at/all.csv", &e), EXIT_DATA);
    csv_table_free(&t);
}

/* ---- env_id ---- */

static char *id_with(const char *section, const char *fact, json_t *value, char id[ENV_ID_SIZE])
{
    json_t *cpu =
        json_pack("{s:s, s:i, s:i, s:i, s:s, s:n, s:s}", "model", "A CPU", "family", 6, "model_number", 1,
                  "stepping", 2, "isa_found", "avx2", "hypervisor_vendor", "isa_cap", "avx2");
    json_t *topology = json_pack("{s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:n, s:n, s:f, s:s}", "packages",
                                 1, "cores", 2, "pus", 4, "allowed_pus", 4, "allowed_cores", 2, "numa_nodes",
                                 1, "l1d_bytes", 32768, "l2_bytes", 1048576, "l3_bytes", "l3_sharing_cores",
                                 "cgroup_quota_cpus", 1.5, "hwloc_version", "2.9");
    assert_non_null(cpu);
    assert_non_null(topology);
    json_t *changed = strcmp(section, "cpu") == 0 ? cpu : topology;
    if (value)
        json_object_set_new(changed, fact, value);
    else
        json_object_del(changed, fact);
    env_id_of(cpu, topology, id);
    json_decref(cpu);
    json_decref(topology);
    return id;
}

static void the_id_knows_the_machine(void **state)
{
    (void)state;
    char id[ENV_ID_SIZE], other[ENV_ID_SIZE], again[ENV_ID_SIZE];
    id_with("cpu", "isa_cap", json_null(), id);
    assert_int_equal(strspn(id + (*id == 'x'), "0123456789abcdef"), 12);
    assert_string_equal(id_with("cpu", "isa_cap", json_string("baseline"), other), id); /* a setting */
    assert_string_equal(id_with("topology", "cgroup_quota_cpus", json_real(1.500000001), other), id);
    assert_string_not_equal(id_with("cpu", "model", json_string("Another"), other), id);
    assert_string_not_equal(id_with("cpu", "stepping", json_integer(3), other), id);
    assert_string_not_equal(id_with("cpu", "hypervisor_vendor", json_string("KVMKVMKVM"), other), id);
    assert_string_not_equal(id_with("topology", "allowed_cores", json_integer(1), other), id);
    assert_string_not_equal(id_with("topology", "l3_bytes", json_integer(1), other), id);
    assert_string_not_equal(id_with("topology", "cgroup_quota_cpus", json_null(), other), id);
    assert_string_equal(id_with("topology", "cores", NULL, other), ""); /* a fact is missing */
    struct topology t;
    struct error e = {0};
    assert_int_equal(topology_read(&t, &e), 0);
    env_id_here(&t, id);
    assert_int_equal(strlen(id + (*id == 'x')), 12);
    assert_string_equal(env_id_here(&t, again), id);
}

static void no_id_reads_as_a_number(void **state)
{
    (void)state;
    static const char *const ids[][2] = {
        {"123456789012345678", "x123456789012"}, {"000000000000", "x000000000000"},
        {"12e345678901", "x12e345678901"},       {"1d2345678901", "x1d2345678901"},
        {"e12345678901", "e12345678901"},        {"12345678901e", "12345678901e"},
        {"1e2345e78901", "1e2345e78901"},        {"12345678901f2", "12345678901f"},
        {"12345678901ea", "12345678901e"},       {"", ""}};
    char id[SHORT_ID_SIZE], *end;
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++)
        assert_string_equal(short_id(id, ids[i][0]), ids[i][1]);
    /* One machine in 200 has such an id. */
    int marked = 0;
    for (int i = 0; i < 2000; i++) {
        char model[32];
        snprintf(model, sizeof model, "CPU %d", i);
        id_with("cpu", "model", json_string(model), id);
        marked += *id == 'x';
        strtod(id, &end);
        assert_true(*end);
    }
    assert_in_range(marked, 1, 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_verdict_comes_first), cmocka_unit_test(unlike_steps_are_named),
        cmocka_unit_test(what_is_odd_is_named),    cmocka_unit_test(the_gate_wants_both_processes),
        cmocka_unit_test(tables_are_read),         cmocka_unit_test(the_id_knows_the_machine),
        cmocka_unit_test(no_id_reads_as_a_number),
    };
    return cmocka_run_group_tests_name("judgements", tests, NULL, NULL);
}
