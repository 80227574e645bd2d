/* SPDX-License-Identifier: MIT
 *
 * Numbers in result files keep their decimal point in a locale that writes a comma. Where none is installed,
 * one is made with localedef in a directory of its own; where that cannot be had, the test is skipped. */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "results/csv.h"
#include "base/atomic_file.h"

static int failures;

static void expect(const char *got, const char *expected)
{
    if (strcmp(got, expected) == 0) return;
    printf("got \"%s\", expected \"%s\"\n", got, expected);
    failures++;
}

static const char *set_comma_locale(void)
{
    static const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "pl_PL.UTF-8"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (setlocale(LC_ALL, names[i])) return names[i];
    return NULL;
}

static int run_shell(const char *format, const char *dir)
{
    char command[300];
    snprintf(command, sizeof command, format, dir);
    return system(command);
}

static void check_file(const char *dir)
{
    static const char columns[] = "a,b";
    struct csv c;
    struct error e = {.code = EXIT_OK};
    char line[100] = "";
    csv_create(&c, dir, "t.csv", columns, &e);
    csv_real(&c, 0.25);
    csv_real(&c, -1234567.5);
    csv_end_row(&c, &e);
    csv_finish(&c, &e);
    FILE *f = fopen(c.path, "r");
    if (e.code || !f || !fgets(line, sizeof line, f) || !fgets(line, sizeof line, f)) failures++;
    if (f) fclose(f);
    expect(line, "0.25,-1234567.5\r\n");
}

int main(void)
{
    char dir[] = "/tmp/lanebench-locale-XXXXXX", text[48];
    if (!mkdtemp(dir)) return EXIT_INTERNAL;
    const char *name = set_comma_locale();
    if (!name && run_shell("localedef -i de_DE -f UTF-8 %s/de_DE.UTF-8 2>/dev/null", dir) == 0) {
        setenv("LOCPATH", dir, 1);
        name = set_comma_locale();
    }
    if (name) {
        printf("locale %s\n", name);
        snprintf(text, sizeof text, "%.1f", 0.5);
        expect(text, "0,5"); /* it is in force */
        expect(file_format_real(text, sizeof text, 1234.5), "1234.5");
        expect(file_format_real(text, sizeof text, 1.5e-9), "1.5e-09");
        expect(file_format_real(text, sizeof text, 3.0), "3");
        check_file(dir);
    }
    if (run_shell("rm -r %s", dir) != 0) failures++;
    if (name) return failures ? 1 : 0;
    printf("no locale with a decimal comma is installed, and localedef cannot make one\n");
    return EXIT_NOTHING;
}
