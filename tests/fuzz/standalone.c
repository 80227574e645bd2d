/* SPDX-License-Identifier: MIT
 *
 * Runs a fuzz target over the files of a folder, without a fuzzer: standalone FOLDER. */
#include <dirent.h>
#include <string.h>

#include "fuzz.h"

enum { MAX_BYTES = 1 << 20 };

/* An exactly sized block, so that a sanitizer sees a read beyond it. */
static void run_file(const char *path)
{
    FILE *const f = fopen(path, "rb");
    uint8_t *const buffer = malloc(MAX_BYTES);
    FUZZ_DEMAND(f && buffer);
    const size_t size = fread(buffer, 1, MAX_BYTES, f);
    FUZZ_DEMAND(!ferror(f));
    uint8_t *const exact = malloc(size ? size : 1);
    FUZZ_DEMAND(exact);
    memcpy(exact, buffer, size);
    fclose(f);
    free(buffer);
    fprintf(stderr, "%s: %zu bytes\n", path, size); /* the last line before an abort names the culprit */
    LLVMFuzzerTestOneInput(exact, size);
    free(exact);
}

int main(int argc, char **argv)
{
    DIR *const folder = argc == 2 ? opendir(argv[1]) : NULL;
    int files = 0;
    if (!folder) {
        fprintf(stderr, "usage: %s FOLDER-OF-INPUTS\n", argv[0]);
        return 2;
    }
    for (const struct dirent *d; (d = readdir(folder)) != NULL;) {
        char path[4096];
        if (d->d_name[0] == '.') continue;
        FUZZ_DEMAND((size_t)snprintf(path, sizeof path, "%s/%s", argv[1], d->d_name) < sizeof path);
        run_file(path);
        files++;
    }
    closedir(folder);
    printf("%d inputs\n", files);
    return files ? 0 : 1;
}
