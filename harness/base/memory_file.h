/* SPDX-License-Identifier: MIT */
#ifndef LB_MEMORY_FILE_H
#define LB_MEMORY_FILE_H

/* An empty file without a name, which is gone when its last descriptor is closed: a memfd that can be sealed
 * or, where there is none (old kernels, sandboxes), an unlinked file in $TMPDIR, /tmp or /dev/shm. The
 * descriptor, or -1 with the errno of memfd_create. */
int memory_file(const char *name);

#endif
