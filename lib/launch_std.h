/* SPDX-License-Identifier: ISC */
/* Descriptors 0 to 2 as we were given them; one connection on 0 and 1, which others may hold. */
#ifndef LAUNCH_STD_H
#define LAUNCH_STD_H

#include <stdbool.h>

#include "addr.h"

/*
 * Open something on those of descriptors 0 to 2 that are closed, so that no file or socket of ours
 * takes their place: /dev/null, and for standard output /dev/full, so that one-shot commands notice
 * a closed stdout. inetd makes the client's socket standard error too: /dev/null takes its place
 * there, as no word of ours must reach the client. To be called before anything is opened or said.
 */
void launch_fill_std(void);

/* One connection on descriptors 0 and 1. */
struct launch_one {
	int in_fd, out_fd;	/* equal when both are one socket */
	struct endpoint peer;	/* from the socket, else TCPREMOTEIP, TCPREMOTEPORT, else unknown */
};

/*
 * Whether descriptors 0 and 1 are a connection: a connected socket, or two ends of pipes or
 * sockets. Fills *one and makes them non-blocking, which is undone for other processes that share
 * them: by launch_close(), or by launch_restore() when they are another's from now on. With any
 * other launch there is nothing to undo.
 */
bool launch_one_connection(struct launch_one *one);
void launch_restore(void);

/*
 * Close a client's descriptors, as sock_close() does. If they are sockets, the other end of one
 * connection hears of it whoever else holds them.
 */
void launch_close(int in_fd, int out_fd, bool reset);

/*
 * The last byte was written to *out_fd: tell its reader, whoever else holds it. If it is not in_fd,
 * it is restored and closed with that, and then -1.
 */
void launch_last_word(int in_fd, int *out_fd);

/*
 * The address a client connected to: fd's own, else TCPLOCALIP and TCPLOCALPORT, else zeros; of
 * peer's family. AF_UNSPEC when peer is neither AF_INET nor AF_INET6.
 */
void launch_local(int fd, const struct endpoint *peer, struct endpoint *out);

#endif
