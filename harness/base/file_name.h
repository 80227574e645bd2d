/* SPDX-License-Identifier: MIT */
#ifndef LB_FILE_NAME_H
#define LB_FILE_NAME_H

enum { FILE_NAME_SIZE = 240 }; /* file names have at most 255 bytes */

/* The name of a contender as a part of a file's name: characters that do not belong there become %XX, as in
 * URLs, so that different names stay different. Returns plain. */
const char *file_name_of(const char *name, char plain[FILE_NAME_SIZE]);

#endif
