/* SPDX-License-Identifier: MIT */
#include "results/weights_file.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/atomic_file.h"
#include "base/file_name.h"

int weights_path(char to[WEIGHTS_PATH], const char *path, const char *name, int count, struct error *e)
{
    static const char end[] = ".npz";
    char plain[FILE_NAME_SIZE];
    const size_t length = strlen(path), stem = length - (sizeof end - 1);
    if (length < sizeof end || strcmp(path + stem, end) != 0)
        return error_set(e, EXIT_USAGE, "--save '%.200s': the file's name must end in .npz", path);
    const int used =
        count == 1 ? snprintf(to, WEIGHTS_PATH, "%s", path)
                   : snprintf(to, WEIGHTS_PATH, "%.*s-%s%s", (int)stem, path, file_name_of(name, plain), end);
    if (used < WEIGHTS_PATH) return 0;
    return error_set(e, EXIT_USAGE, "--save '%.200s...': the path is too long", path);
}

int weights_fit(const struct shape *s, struct error *e)
{
    size_t bytes = 4096; /* all headers */
    for (int i = 0; i < TENSOR_COUNT; i++) bytes += tensor_count(s, i) * sizeof(float);
    if (bytes <= UINT32_MAX) return 0;
    return error_set(e, EXIT_USAGE, "--save: weights of %zu bytes exceed the 4 GiB of a zip archive", bytes);
}

/* ---- The archive ---- */

enum {
    NPY_HEADER = 128,      /* a multiple of 64 that holds the longest one */
    ZIP_VERSION = 20,      /* of the format, that can be read by */
    ZIP_DATE = 1 | 1 << 5, /* 1980-01-01: the same weights give the same file */
};

struct member {
    char name[8]; /* "w1.npy" */
    char header[NPY_HEADER];
    const float *data;
    size_t bytes; /* of data */
    uint32_t crc, size, at;
};

/* Numbers are little-endian, as in this CPU's memory: as many of its low bytes as are asked for. */
static void put(FILE *out, uint32_t number, size_t bytes)
{
    fwrite(&number, 1, bytes, out);
}

/* Version 1.0 of the format: magic, version, length of the text, text, spaces and a line end. */
static void fill_header(struct member *m, const char *shape)
{
    static const char magic[] = "\x93NUMPY\x01"; /* its last byte is the minor version, 0 */
    enum { PREFIX = sizeof magic + 2 };
    char text[NPY_HEADER];
    snprintf(text, sizeof text, "{'descr': '<f4', 'fortran_order': False, 'shape': (%s), }", shape);
    memset(m->header, ' ', NPY_HEADER);
    memcpy(m->header, magic, sizeof magic);
    m->header[sizeof magic] = NPY_HEADER - PREFIX;
    m->header[sizeof magic + 1] = 0;
    memcpy(m->header + PREFIX, text, strlen(text));
    m->header[NPY_HEADER - 1] = '\n';
}

static struct member make_member(const struct tensors *w, const struct shape *s, int tensor)
{
    struct member m = {.data = tensor_data(w, tensor), .bytes = tensor_count(s, tensor) * sizeof(float)};
    const int rows = tensor == TENSOR_W1 ? s->inputs : s->hidden;
    const int columns = tensor == TENSOR_W1 || tensor == TENSOR_B1 ? s->hidden : s->classes;
    char shape[32];
    if (tensor == TENSOR_W1 || tensor == TENSOR_W2)
        snprintf(shape, sizeof shape, "%d, %d", rows, columns);
    else
        snprintf(shape, sizeof shape, "%d,", columns);
    snprintf(m.name, sizeof m.name, "%s.npy", tensor_name(tensor));
    fill_header(&m, shape);
    m.size = (uint32_t)(NPY_HEADER + m.bytes);
    m.crc =
        (uint32_t)crc32_z(crc32_z(0, (const Bytef *)m.header, NPY_HEADER), (const Bytef *)m.data, m.bytes);
    return m;
}

/* What a member's own header and its entry in the directory share: from the version needed to the length of
 * what follows the name. */
static void put_facts(FILE *out, const struct member *m)
{
    put(out, ZIP_VERSION, 2);
    put(out, 0, 2); /* flags */
    put(out, 0, 2); /* stored, not compressed */
    put(out, 0, 2); /* midnight */
    put(out, ZIP_DATE, 2);
    put(out, m->crc, 4);
    put(out, m->size, 4);
    put(out, m->size, 4);
    put(out, (uint32_t)strlen(m->name), 2);
    put(out, 0, 2);
}

static void put_member(FILE *out, struct member *m)
{
    m->at = (uint32_t)ftell(out);
    put(out, 0x04034b50, 4);
    put_facts(out, m);
    fputs(m->name, out);
    fwrite(m->header, 1, NPY_HEADER, out);
    fwrite(m->data, 1, m->bytes, out);
}

static void put_entry(FILE *out, const struct member *m)
{
    put(out, 0x02014b50, 4);
    put(out, ZIP_VERSION, 2);
    put_facts(out, m);
    put(out, 0, 2); /* comment */
    put(out, 0, 2); /* disk */
    put(out, 0, 2); /* attributes, inner and outer */
    put(out, 0, 4);
    put(out, m->at, 4);
    fputs(m->name, out);
}

static void put_directory(FILE *out, const struct member *members)
{
    const uint32_t at = (uint32_t)ftell(out);
    for (int i = 0; i < TENSOR_COUNT; i++) put_entry(out, &members[i]);
    const uint32_t size = (uint32_t)ftell(out) - at;
    put(out, 0x06054b50, 4);
    put(out, 0, 4); /* disks */
    put(out, TENSOR_COUNT, 2);
    put(out, TENSOR_COUNT, 2);
    put(out, size, 4);
    put(out, at, 4);
    put(out, 0, 2); /* comment */
}

int weights_write(const char *path, const struct tensors *w, const struct shape *s, struct error *e)
{
    struct member members[TENSOR_COUNT];
    char *bytes = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&bytes, &size);
    for (int i = 0; out && i < TENSOR_COUNT; i++) {
        members[i] = make_member(w, s, i);
        put_member(out, &members[i]);
    }
    if (out) put_directory(out, members);
    const bool lost = !out || ferror(out);
    if ((out && fclose(out) != 0) || lost) {
        free(bytes);
        return error_set(e, EXIT_INTERNAL, "%s: out of memory", path);
    }
    const int code = file_replace(path, bytes, size, e);
    free(bytes);
    return code;
}
