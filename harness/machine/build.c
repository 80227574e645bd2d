/* SPDX-License-Identifier: MIT */
#include "machine/build.h"

#include <fcntl.h>
#include <sha256.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/own_program.h"
#include "machine/build_commit.h"
#include "machine/build_config.h"
#include "machine/places.h"

extern char **environ;

/* Splits "<commit>-dirty" into commit and flag. */
static void split_description(const char *description, char *commit, size_t size, int *dirty)
{
    snprintf(commit, size, "%.*s", (int)strcspn(description, "-\r\n"), description);
    *dirty = strstr(description, "-dirty") != NULL;
}

/* The first line that a program writes, or "" when it fails. */
static void first_line_of(const char *const argv[], char *line, size_t size)
{
    int ends[2];
    pid_t child;
    line[0] = 0;
    if (pipe2(ends, O_CLOEXEC) != 0) return;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    const int failed = posix_spawnp(&child, argv[0], &actions, NULL, (char *const *)argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    size_t used = 0;
    for (ssize_t n; !failed && used + 1 < size && (n = read(ends[0], line + used, size - used - 1)) > 0;)
        used += (size_t)n;
    close(ends[0]);
    line[used] = 0;
    line[strcspn(line, "\n")] = 0;
    int status = 0;
    if (!failed && (waitpid(child, &status, 0) != child || status != 0)) line[0] = 0;
}

/* What the checkout is at now, asked without taking git's lock: a run may be killed at any time. */
static void read_source_tree(struct build *b)
{
    static const char *const tell[] = {"sh", SOURCE_ROOT "/harness/machine/commit.sh", SOURCE_ROOT, NULL};
    char line[256];
    int dirty = 0;
    first_line_of(tell, line, sizeof line);
    split_description(line, b->tree_commit, sizeof b->tree_commit, &dirty);
    b->tree_dirty = dirty;
}

static const char unknown[] = "unknown"; /* of commit_header.sh */

const char *build_commit_text(const char *commit)
{
    return strcmp(commit, unknown) == 0 ? "not known" : commit;
}

const struct build *build_get(void)
{
    static struct build b;
    if (b.version) return &b;
    b.compiler = BUILD_COMPILER;
    b.type = BUILD_TYPE;
    b.flags = BUILD_FLAGS;
    b.benchmark = GOOGLE_BENCHMARK_VERSION;
    b.source_root = SOURCE_ROOT;
    b.names = PROGRAM_NAMES;
    split_description(BUILD_COMMIT, b.commit, sizeof b.commit, &b.dirty);
    b.commit_date = BUILD_COMMIT_DATE;
    if (strcmp(b.commit, unknown) == 0) b.dirty = -1;
    if (places_checkout()) read_source_tree(&b);
    if (!SHA256File(own_program_file(), b.program_sha256)) b.program_sha256[0] = 0;
    b.version = BENCH_VERSION;
    return &b;
}
