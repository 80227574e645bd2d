/* SPDX-License-Identifier: MIT */
#include "run/protocol.h"

#include <errno.h>
#include <sys/socket.h>

/* The sockets are SOCK_SEQPACKET: a message arrives whole or not at all, so any other length is the end of
 * the talk. */

int message_send(int fd, const struct message *m)
{
    ssize_t n;
    do {
        n = send(fd, m, sizeof *m, MSG_NOSIGNAL);
    } while (n < 0 && errno == EINTR);
    return n == (ssize_t)sizeof *m ? 0 : -1;
}

int message_receive(int fd, struct message *m)
{
    ssize_t n;
    do {
        n = recv(fd, m, sizeof *m, 0);
    } while (n < 0 && errno == EINTR);
    return n == (ssize_t)sizeof *m;
}
