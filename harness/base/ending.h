/* SPDX-License-Identifier: MIT
 *
 * What an interrupted program must still do with its files if it cannot wait for the current work: a long
 * call of an op, a proof, a write to a stopped terminal. Open files are listed here, and a signal handler
 * puts all of them in order. */
#ifndef LB_ENDING_H
#define LB_ENDING_H

#include <stdbool.h>
#include <stddef.h>

/* Owned by the caller, and unchanged while it is listed, unless ending_hold() is in force. */
struct ending {
    enum {
        ENDING_RENAME,    /* syncs fd, and renames `from` to `to` */
        ENDING_REPLACE,   /* writes `content` to `from`, and renames that to `to`; after all of the above */
        ENDING_DIRECTORY, /* removes the directory `from` if it is empty and `made`; after all of the above */
    } what;
    int fd;
    bool made;
    const char *from, *to;
    const char *content;
    size_t length;
};

/* Listing a file twice has no further effect. If the list is full, the file stays as a kill leaves it. */
void ending_add(struct ending *what);
/* Does nothing when it is not listed. */
void ending_remove(struct ending *what);

/* Between these two, which nest, the program does not end, because files are being written. For the main
 * thread only. */
void ending_hold(void);
void ending_let(void);

/* For signal handlers: puts the files in order. False when they are being written: try again soon. After
 * true, only _exit() may follow; *dir is the directory of the files, or NULL. */
bool ending_now(const char **dir);

#endif
