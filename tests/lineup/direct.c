/* SPDX-License-Identifier: MIT
 *
 * What a library gives a plain C program that calls it: the products of the training step, by themselves or
 * in whole training epochs. It shares nothing with bench, whose figures it is there to check.
 *
 *   direct gemm  LIBRARY THREADS SECONDS   "NAME SECONDS-PER-CALL", a line for each of the five products
 *   direct epoch LIBRARY THREADS EPOCHS    "SECONDS SECONDS-IN-PRODUCTS MEAN-LOSS", a line for each epoch
 *
 * LIBRARY is the path of a CBLAS library, or "onednn". The images are MNIST's, from the directory MNIST_DIR,
 * or drawn. How threads wait and where they run is the environment's affair (OMP_*). */
#include <dlfcn.h>
#include <math.h>
#include <omp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zlib.h>

#ifdef HAVE_ONEDNN
#include <oneapi/dnnl/dnnl.h>
#endif

enum { BATCH = 128, INPUTS = 784, HIDDEN = 512, CLASSES = 10, IMAGES = 60000, ALIGNMENT = 64 };
static const float rate = 0.001f, rho = 0.9f, epsilon = 1e-7f;

static int threads;

static _Noreturn void fail(const char *what, const char *why)
{
    fprintf(stderr, "direct: %s: %s\n", what, why);
    exit(1);
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static uint32_t drawn(void)
{
    static uint64_t state = 88172645463325252u; /* xorshift64 */
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 32);
}

/* ---- The library ---- */

typedef void cblas_fn(int order, int ta, int tb, int m, int n, int k, float alpha, const float *a, int lda,
                      const float *b, int ldb, float beta, float *c, int ldc);
static cblas_fn *cblas; /* NULL: oneDNN */

static void symbol(void *library, const char *name, void *function)
{
    void *address = dlsym(library, name);
    memcpy(function, &address, sizeof address);
}

static void open_cblas(const char *path)
{
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library) fail(path, dlerror());
    void (*openblas)(int), (*blis)(int64_t);
    symbol(library, "cblas_sgemm", &cblas);
    symbol(library, "openblas_set_num_threads", &openblas);
    symbol(library, "bli_thread_set_num_threads", &blis);
    if (!cblas) fail(path, "has no cblas_sgemm");
    if (openblas) openblas(threads);
    if (blis) blis(threads);
}

static void open_library(const char *name)
{
    omp_set_dynamic(0);
    omp_set_num_threads(threads); /* which is how oneDNN is told */
    if (strcmp(name, "onednn") != 0) open_cblas(name);
#ifndef HAVE_ONEDNN
    if (!cblas) fail(name, "was not there when this program was built");
#endif
}

/* C[m x n] = op(A) op(B), all dense and row-major. */
static void gemm(char ta, char tb, int m, int n, int k, const float *a, const float *b, float *c)
{
    const int lda = ta == 'T' ? m : k, ldb = tb == 'T' ? k : n;
    if (cblas) {
        cblas(101, ta == 'T' ? 112 : 111, tb == 'T' ? 112 : 111, m, n, k, 1.0f, a, lda, b, ldb, 0.0f, c, n);
        return;
    }
#ifdef HAVE_ONEDNN
    if (dnnl_sgemm(ta, tb, m, n, k, 1.0f, a, lda, b, ldb, 0.0f, c, n) != dnnl_success)
        fail("dnnl_sgemm", "failed");
#endif
}

/* ---- The network ---- */

static float *x, *h, *z, *dh;                     /* images, hidden activations, logits and their gradient */
static float *w1, *b1, *w2, *b2;                  /* parameters */
static float *gw1, *gb1, *gw2, *gb2;              /* their gradients */
static float *vw1, *vb1, *vw2, *vb2;              /* mean squares of these */
static float loss[BATCH];                         /* of each row */
static uint8_t *pixels, *labels, labelled[BATCH]; /* of all images, and of the rows of a batch */
static uint32_t *order;

static void *allocate(size_t bytes)
{
    bytes = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    void *memory = aligned_alloc(ALIGNMENT, bytes);
    if (!memory) fail("memory", "there is not enough");
    memset(memory, 0, bytes);
    return memory;
}

static float *uniform(size_t count, float limit)
{
    float *values = allocate(count * sizeof *values);
    for (size_t i = 0; i < count; i++) values[i] = limit * (2.0f * (float)drawn() / 4294967296.0f - 1.0f);
    return values;
}

static void make_network(void)
{
    x = uniform(BATCH * INPUTS, 1.0f), h = uniform(BATCH * HIDDEN, 1.0f);
    z = uniform(BATCH * CLASSES, 1.0f), dh = uniform(BATCH * HIDDEN, 1.0f);
    w1 = uniform(INPUTS * HIDDEN, sqrtf(6.0f / (INPUTS + HIDDEN))), b1 = uniform(HIDDEN, 0.0f);
    w2 = uniform(HIDDEN * CLASSES, sqrtf(6.0f / (HIDDEN + CLASSES))), b2 = uniform(CLASSES, 0.0f);
    gw1 = uniform(INPUTS * HIDDEN, 0.0f), gb1 = uniform(HIDDEN, 0.0f);
    gw2 = uniform(HIDDEN * CLASSES, 0.0f), gb2 = uniform(CLASSES, 0.0f);
    vw1 = uniform(INPUTS * HIDDEN, 0.0f), vb1 = uniform(HIDDEN, 0.0f);
    vw2 = uniform(HIDDEN * CLASSES, 0.0f), vb2 = uniform(CLASSES, 0.0f);
}

/* ---- The products ---- */

enum product { FORWARD1, FORWARD2, DW2, DH, DW1, PRODUCTS };
static const char *const names[PRODUCTS] = {"forward1", "forward2", "dw2", "dh", "dw1"};
static double product_seconds;

static void product(enum product which, int rows)
{
    switch (which) {
    case FORWARD1:
        gemm('N', 'N', rows, HIDDEN, INPUTS, x, w1, h);
        break;
    case FORWARD2:
        gemm('N', 'N', rows, CLASSES, HIDDEN, h, w2, z);
        break;
    case DW2:
        gemm('T', 'N', HIDDEN, CLASSES, rows, h, z, gw2);
        break;
    case DH:
        gemm('N', 'T', rows, HIDDEN, CLASSES, z, w2, dh);
        break;
    default:
        gemm('T', 'N', INPUTS, HIDDEN, rows, x, dh, gw1);
    }
}

static void timed_product(enum product which, int rows)
{
    const double start = now();
    product(which, rows);
    product_seconds += now() - start;
}

/* Twice as many calls until they take that long; the calls before have warmed up. */
static void time_product(enum product which, double seconds)
{
    double took = 0.0;
    for (long calls = 1;; calls *= 2) {
        const double start = now();
        for (long i = 0; i < calls; i++) product(which, BATCH);
        took = now() - start;
        if (took < seconds) continue;
        printf("%s %.9g\n", names[which], took / (double)calls);
        return;
    }
}

/* ---- The images ---- */

static int read_file(const char *dir, const char *name, size_t head, uint8_t *to, size_t bytes)
{
    char path[4096];
    uint8_t skipped[16];
    gzFile file = NULL;
    for (int packed = 0; packed < 2 && !file; packed++) {
        snprintf(path, sizeof path, "%s/%s%s", dir, name, packed ? ".gz" : "");
        file = gzopen(path, "rb");
    }
    const int whole = file && gzread(file, skipped, (unsigned)head) == (int)head &&
                      gzread(file, to, (unsigned)bytes) == (int)bytes;
    if (file) gzclose(file);
    return whole;
}

/* A bar on noise, whose place is the label. */
static void draw_images(void)
{
    for (size_t i = 0; i < IMAGES; i++) {
        labels[i] = (uint8_t)(drawn() % CLASSES);
        for (int j = 0; j < 100; j++) pixels[INPUTS * i + drawn() % INPUTS] = (uint8_t)drawn();
        memset(pixels + INPUTS * i + 56 * (size_t)labels[i], 255, 50);
    }
}

static void make_images(void)
{
    const char *dir = getenv("MNIST_DIR");
    pixels = allocate((size_t)IMAGES * INPUTS);
    labels = allocate(IMAGES);
    order = allocate(IMAGES * sizeof *order);
    for (uint32_t i = 0; i < IMAGES; i++) order[i] = i;
    if (!dir || !*dir) {
        draw_images();
        return;
    }
    if (!read_file(dir, "train-images-idx3-ubyte", 16, pixels, (size_t)IMAGES * INPUTS) ||
        !read_file(dir, "train-labels-idx1-ubyte", 8, labels, IMAGES))
        fail(dir, "MNIST's training images or labels are missing or cut short");
    for (size_t i = 0; i < IMAGES; i++)
        if (labels[i] >= CLASSES) fail(dir, "a label is not a digit");
}

static void shuffle(void)
{
    for (uint32_t i = IMAGES; i > 1; i--) {
        const uint32_t j = drawn() % i, other = order[j];
        order[j] = order[i - 1];
        order[i - 1] = other;
    }
}

/* ---- What is no product ---- */

#define SHARED_OUT _Pragma("omp parallel for num_threads(threads) schedule(static)")

static void gather(const uint32_t *index, int rows)
{
    SHARED_OUT
    for (int i = 0; i < rows; i++) {
        const uint8_t *image = pixels + (size_t)index[i] * INPUTS;
        float *row = x + (size_t)i * INPUTS;
        for (int j = 0; j < INPUTS; j++) row[j] = (float)image[j] / 255.0f;
        labelled[i] = labels[index[i]];
    }
}

static void bias_relu(int rows)
{
    SHARED_OUT
    for (int i = 0; i < rows; i++) {
        float *row = h + (size_t)i * HIDDEN;
        for (int j = 0; j < HIDDEN; j++) row[j] = row[j] + b1[j] > 0.0f ? row[j] + b1[j] : 0.0f;
    }
}

/* Logits in z become the gradient of the mean loss. Returns the sum of the losses. */
static double bias_softmax(int rows)
{
    SHARED_OUT
    for (int i = 0; i < rows; i++) {
        float *row = z + (size_t)i * CLASSES, most = -INFINITY, sum = 0.0f;
        for (int j = 0; j < CLASSES; j++) row[j] += b2[j];
        for (int j = 0; j < CLASSES; j++) most = row[j] > most ? row[j] : most;
        const float right = row[labelled[i]] - most;
        for (int j = 0; j < CLASSES; j++) sum += row[j] = expf(row[j] - most);
        loss[i] = logf(sum) - right;
        for (int j = 0; j < CLASSES; j++)
            row[j] = (row[j] / sum - (j == labelled[i] ? 1.0f : 0.0f)) / (float)rows;
    }
    double all = 0.0;
    for (int i = 0; i < rows; i++) all += (double)loss[i];
    return all;
}

static void relu_gradient(int rows)
{
    SHARED_OUT
    for (int i = 0; i < rows * HIDDEN; i++) dh[i] = h[i] > 0.0f ? dh[i] : 0.0f;
}

/* Sums of columns, a block of them by one thread. */
static void bias_gradient(int rows, int columns, const float *d, float *out)
{
    enum { BLOCK = 64 };
    SHARED_OUT
    for (int from = 0; from < columns; from += BLOCK) {
        const int count = columns - from < BLOCK ? columns - from : BLOCK;
        float sum[BLOCK] = {0.0f};
        for (int i = 0; i < rows; i++)
            for (int j = 0; j < count; j++) sum[j] += d[i * columns + from + j];
        memcpy(out + from, sum, (size_t)count * sizeof *out);
    }
}

static void rmsprop(int count, const float *g, float *v, float *w)
{
    SHARED_OUT
    for (int i = 0; i < count; i++) {
        v[i] = rho * v[i] + (1.0f - rho) * g[i] * g[i];
        w[i] -= rate * g[i] / (sqrtf(v[i]) + epsilon);
    }
}

/* ---- The epoch ---- */

static double step(const uint32_t *index, int rows)
{
    gather(index, rows);
    timed_product(FORWARD1, rows);
    bias_relu(rows);
    timed_product(FORWARD2, rows);
    const double losses = bias_softmax(rows);
    timed_product(DW2, rows);
    bias_gradient(rows, CLASSES, z, gb2);
    timed_product(DH, rows);
    relu_gradient(rows);
    timed_product(DW1, rows);
    bias_gradient(rows, HIDDEN, dh, gb1);
    rmsprop(INPUTS * HIDDEN, gw1, vw1, w1);
    rmsprop(HIDDEN, gb1, vb1, b1);
    rmsprop(HIDDEN * CLASSES, gw2, vw2, w2);
    rmsprop(CLASSES, gb2, vb2, b2);
    return losses;
}

static void train_epoch(void)
{
    double losses = 0.0;
    shuffle();
    product_seconds = 0.0;
    const double start = now();
    for (int at = 0; at < IMAGES; at += BATCH)
        losses += step(order + at, IMAGES - at < BATCH ? IMAGES - at : BATCH);
    printf("%.9g %.9g %.6f\n", now() - start, product_seconds, losses / IMAGES);
}

int main(int argc, char **argv)
{
    const double amount = argc == 5 ? atof(argv[4]) : 0.0;
    threads = argc == 5 ? atoi(argv[3]) : 0;
    if (threads < 1 || amount <= 0.0 || (strcmp(argv[1], "gemm") != 0 && strcmp(argv[1], "epoch") != 0))
        fail("usage", "direct gemm|epoch LIBRARY THREADS SECONDS|EPOCHS");
    open_library(argv[2]);
    make_network();
    if (strcmp(argv[1], "gemm") == 0) {
        for (int p = 0; p < PRODUCTS; p++) time_product((enum product)p, amount);
        return 0;
    }
    make_images();
    for (int i = 0; i < (int)amount; i++) train_epoch();
    return 0;
}
