/* SPDX-License-Identifier: MIT */
#include "results/status_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_text.h"
#include "base/atomic_file.h"

void status_file_init(struct status_file *f, const char *dir, const char *name)
{
    memset(f, 0, sizeof *f);
    snprintf(f->path, sizeof f->path, "%s/%s", dir, name);
    snprintf(f->temporary, sizeof f->temporary, "%s.tmp", f->path);
}

const char *status_of_end(int exit_code)
{
    switch (exit_code) {
    case EXIT_OK:
    case EXIT_REGRESSION:
    case EXIT_INCONCLUSIVE:
        return "complete";
    case EXIT_INTERRUPTED:
        return "interrupted";
    default:
        return "failed";
    }
}

/* NULL when out of memory, or if a text is not UTF-8; free(). */
static char *render(json_t *root, const char *status, int exit_code, size_t *length)
{
    json_t *code = strcmp(status, "running") == 0 ? json_null() : json_integer(exit_code);
    if (json_object_set_new(root, "status", json_string(status)) != 0 ||
        json_object_set_new(root, "exit_code", code) != 0)
        return NULL;
    char *text = json_text(root, JSON_DOCUMENT);
    if (!text) return NULL;
    *length = strlen(text);
    text[(*length)++] = '\n'; /* in the place of the 0 */
    return text;
}

/* What an end that cannot wait writes. */
static void list_ending(struct status_file *f, json_t *root)
{
    size_t length = 0;
    char *text = render(root, "interrupted", EXIT_INTERRUPTED, &length);
    if (!text) return; /* the file says "running", as after a kill */
    f->interrupted = text;
    f->ending = (struct ending){.what = ENDING_REPLACE,
                                .fd = -1,
                                .from = f->temporary,
                                .to = f->path,
                                .content = text,
                                .length = length};
    ending_add(&f->ending);
}

int status_file_write(struct status_file *f, json_t *root, const char *status, int exit_code, struct error *e)
{
    size_t length = 0;
    ending_hold();
    status_file_free(f);
    if (strcmp(status, "running") == 0) list_ending(f, root);
    char *text = render(root, status, exit_code, &length);
    const int code =
        text ? file_replace(f->path, text, length, e)
             : error_set(e, EXIT_INTERNAL, "%s: cannot be written: out of memory, or text that is not UTF-8",
                         f->path);
    free(text);
    ending_let();
    return code;
}

void status_file_free(struct status_file *f)
{
    ending_remove(&f->ending);
    free(f->interrupted);
    f->interrupted = NULL;
}
