/* SPDX-License-Identifier: MIT */
#include "data/data_files.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const STEM[DATA_PARTS] = {"train-images", "train-labels", "t10k-images", "t10k-labels"};
static const char *const NAME[DATA_PARTS] = {"train-images-idx3-ubyte", "train-labels-idx1-ubyte",
                                             "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"};

const char *data_file_name(enum data_part part)
{
    return NAME[part];
}

/* True also for a path that cannot be accessed: opening it then reports why. */
static bool is_there(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

bool data_file_find(const char *dir, enum data_part part, char *path)
{
    static const char *const suffix[] = {"", ".gz"};
    const int rank = part == TRAIN_IMAGES || part == TEST_IMAGES ? 3 : 1;
    for (int i = 0; i < 2; i++) {
        for (const char *mark = "-."; *mark; mark++) {
            const int n =
                snprintf(path, PATH_MAX, "%s/%s%cidx%d-ubyte%s", dir, STEM[part], *mark, rank, suffix[i]);
            if (n > 0 && n < PATH_MAX && is_there(path)) return true;
        }
    }
    return false;
}
