/* SPDX-License-Identifier: MIT
 *
 * Every way in which an IDX file can be wrong, each with a name for scripts and an advice for people. */
#ifndef LB_IDX_STATUS_H
#define LB_IDX_STATUS_H

#define IDX_AGAIN  "fetch it again (bench fetch-mnist)"
#define IDX_MNIST  "give a data set in MNIST's format"
#define IDX_PATH   "check the directory given with --data or MNIST_DIR"
#define IDX_PAIR   "take images and labels from one data set"
#define IDX_WRITER "write sizes big-endian and equal to the data that follows"

/* X(enumerator, name, what to do) */
#define IDX_STATUS_LIST(X)                                                                                   \
    X(IDX_OK, "idx-ok", "")                                                                                  \
    X(IDX_MISSING, "idx-missing", IDX_PATH)                                                                  \
    X(IDX_DIRECTORY, "idx-directory", IDX_PATH)                                                              \
    X(IDX_FIFO, "idx-fifo", "give a regular file")                                                           \
    X(IDX_NOT_REGULAR, "idx-not-regular", "give a regular file")                                             \
    X(IDX_UNREADABLE, "idx-unreadable", "check the permissions of the file and its directories")             \
    X(IDX_READ_FAILED, "idx-read-failed", "check the disk, then fetch the file again")                       \
    X(IDX_OUT_OF_MEMORY, "idx-out-of-memory", "free memory or use a smaller data set")                       \
    X(IDX_EMPTY, "idx-empty", IDX_AGAIN)                                                                     \
    X(IDX_TRUNCATED_HEADER, "idx-truncated-header", IDX_AGAIN)                                               \
    X(IDX_BAD_MAGIC, "idx-bad-magic", IDX_MNIST)                                                             \
    X(IDX_UNKNOWN_TYPE, "idx-unknown-type", IDX_MNIST)                                                       \
    X(IDX_WRONG_TYPE, "idx-wrong-type", "store pixels and labels as unsigned bytes (type 0x08)")             \
    X(IDX_IMPOSSIBLE_RANK, "idx-impossible-rank", IDX_MNIST)                                                 \
    X(IDX_WRONG_RANK, "idx-wrong-rank", "check that images and labels are not mixed up")                     \
    X(IDX_LITTLE_ENDIAN, "idx-little-endian", IDX_WRITER)                                                    \
    X(IDX_ZERO_DIMENSION, "idx-zero-dimension", IDX_MNIST)                                                   \
    X(IDX_DIMENSION_RANGE, "idx-dimension-range", IDX_WRITER)                                                \
    X(IDX_OVERFLOW_32, "idx-overflow-32", IDX_WRITER)                                                        \
    X(IDX_OVERFLOW_64, "idx-overflow-64", IDX_WRITER)                                                        \
    X(IDX_OVER_CAP, "idx-over-cap", "use a smaller data set")                                                \
    X(IDX_PAYLOAD_SHORT, "idx-payload-short", IDX_AGAIN)                                                     \
    X(IDX_PAYLOAD_LONG, "idx-payload-long", IDX_AGAIN)                                                       \
    X(IDX_GZIP_HEADER_BAD, "idx-gzip-header-bad", IDX_AGAIN)                                                 \
    X(IDX_GZIP_HEADER_SHORT, "idx-gzip-header-short", IDX_AGAIN)                                             \
    X(IDX_GZIP_BODY_SHORT, "idx-gzip-body-short", IDX_AGAIN)                                                 \
    X(IDX_GZIP_TRAILER_SHORT, "idx-gzip-trailer-short", IDX_AGAIN)                                           \
    X(IDX_GZIP_CORRUPT, "idx-gzip-corrupt", IDX_AGAIN)                                                       \
    X(IDX_GZIP_CRC, "idx-gzip-crc", IDX_AGAIN)                                                               \
    X(IDX_GZIP_LENGTH, "idx-gzip-length", IDX_AGAIN)                                                         \
    X(IDX_GZIP_MEMBERS, "idx-gzip-members", "compress one IDX file, not several in a row")                   \
    X(IDX_GZIP_GARBAGE, "idx-gzip-garbage",                                                                  \
      "decompress it with gzip -dc, which leaves that out, and give the result")                             \
    X(IDX_GZIP_BOMB, "idx-gzip-bomb", "do not trust the file; " IDX_AGAIN)                                   \
    X(IDX_LABEL_RANGE, "idx-label-range", "use labels 0 to 9")                                               \
    X(IDX_LABELS_MORE, "idx-labels-more", IDX_PAIR)                                                          \
    X(IDX_LABELS_FEWER, "idx-labels-fewer", IDX_PAIR)                                                        \
    X(IDX_IMAGE_SIZE, "idx-image-size", "use images of at most 65536 pixels")                                \
    X(IDX_IMAGE_MISMATCH, "idx-image-mismatch", "take the train and test images from one data set")

enum idx_status {
#define X(enumerator, name, advice) enumerator,
    IDX_STATUS_LIST(X)
#undef X
        IDX_STATUS_COUNT
};

/* "idx-truncated-header" and so on. */
const char *idx_status_name(enum idx_status s);

/* What the user can do about it; "" for IDX_OK. */
const char *idx_status_advice(enum idx_status s);

#endif
