/* SPDX-License-Identifier: MIT
 *
 * Runs a fuzz target over the files of a directory, without a fuzzer: standalone DIR. */
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
    DIR *const dir = argc == 2 ? opendir(argv[1]) : NULL;
    int files = 0;
    if (!dir) {
        fprintf(stderr, "usage: %s DIR-OF-INPUTS\n", argv[0]);
        return 2;
    }
    for (const struct dirent *d; (d = readdir(dir)) != NULL;) {
        char path[4096];
        if (d->d_name[0] == '.') continue;
        FUZZ_DEMAND((size_t)snprintf(path, sizeof path, "%s/%s", argv[1], d->d_name) < sizeof path);
        run_file(path);
        files++;
    }
    closedir(dir);
    printf("%d inputs\n", files);
    return files ? 0 : 1;
}
