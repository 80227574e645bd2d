/* SPDX-License-Identifier: MIT
 *
 * A JSON file that says how far something is: its members "status" and "exit_code". */
#ifndef LB_STATUS_FILE_H
#define LB_STATUS_FILE_H

#include <jansson.h>

#include "base/error.h"
#include "base/ending.h"

struct status_file {
    char path[3600], temporary[3610];
    struct ending ending; /* listed while the status is "running" */
    char *interrupted;    /* the text that it then writes */
};

/* Zeroes the rest. */
void status_file_init(struct status_file *f, const char *dir, const char *name);

/* What the status of a run that has ended is called by its exit code: "complete", also where its verdict is a
 * regression or none, "interrupted" or "failed". */
const char *status_of_end(int exit_code);

/* Gives root the two members and writes the file, whole or not at all; status is "running" or that of the
 * end. A kill leaves the last one written. EXIT_INTERNAL; also where root is NULL. */
int status_file_write(struct status_file *f, json_t *root, const char *status, int exit_code,
                      struct error *e);

void status_file_free(struct status_file *f);

#endif
