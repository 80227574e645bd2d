/* SPDX-License-Identifier: MIT
 *
 * Short names made of a hash or a commit, for cells of tables. */
#ifndef LB_SHORT_ID_H
#define LB_SHORT_ID_H

enum { SHORT_ID_SIZE = 14 };

/* The first 12 of these hexadecimal digits. If they look like a number (123456789012, 12e345678901), as which
 * pandas and spreadsheets would read them, an x comes first. "" stays "". Returns id. */
char *short_id(char id[SHORT_ID_SIZE], const char *digits);

#endif
