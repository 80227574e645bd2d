/* SPDX-License-Identifier: MIT
 *
 * Short names made of a hash or a commit, for cells of tables. */
#ifndef LB_SHORT_ID_H
#define LB_SHORT_ID_H

enum { SHORT_ID_SIZE = 14 };

/* The first 12 of these hexadecimal digits. Where they read as a number (123456789012, 12e345678901), which
 * pandas and spreadsheets would make of them, an x comes before them. "" stays "". Returns id. */
char *short_id(char id[SHORT_ID_SIZE], const char *digits);

#endif
