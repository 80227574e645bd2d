/* SPDX-License-Identifier: MIT
 *
 * Where the four files of a data set are. */
#ifndef LB_DATA_FILES_H
#define LB_DATA_FILES_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

enum data_part { TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS, DATA_PARTS };

/* The usual name of a part, without .gz. */
const char *data_file_name(enum data_part part);

/* Finds in a directory a part under its usual name or with a dot for the first dash after it
 * (train-images.idx3-ubyte), raw before .gz. path: PATH_MAX bytes. False when there is none; whether it can
 * be read is another question. */
bool data_file_find(const char *dir, enum data_part part, char *path);

#endif
