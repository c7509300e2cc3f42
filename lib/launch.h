/* SPDX-License-Identifier: ISC */
/*
 * How we were started: with addresses to bind, listening sockets,
 * or one connection on descriptors 0 and 1.
 */
#ifndef LAUNCH_H
#define LAUNCH_H

#include "addr.h"
#include "listeners.h"

/*
 * Open something on those of descriptors 0 to 2 that are closed, so that no file or socket of ours
 * takes their place: /dev/null, and for standard output /dev/full, so that one-shot commands notice
 * a closed stdout. inetd makes the client's socket standard error too: /dev/null takes its place
 * there, as no word of ours must reach the client. To be called before anything is opened or said.
 */
void launch_fill_std(void);

/*
 * Raise the limit of descriptors as far as we may, and return it. epoll has no trouble with high
 * ones, so the soft limit is only in the way (systemd.exec(5) says so too).
 */
uint64_t launch_raise_fd_limit(void);

#define LAUNCH_FIRST_FD 3	/* of LISTEN_FDS, sd_listen_fds(3) */

/*
 * Adopt the sockets of LISTEN_FDS when LISTEN_PID is ours (sd_listen_fds(3)), and clear the
 * variables. The number, -1 with errno; ENOTSOCK: the descriptor after those adopted is not a
 * listening stream socket.
 */
int launch_systemd(struct listeners *ls);

/*
 * Close these sockets instead, so that nobody waits for an answer there, and clear the
 * variables. The number.
 */
int launch_refuse_systemd(void);

/*
 * Adopt descriptor 0 if a listening socket (inetd "wait", s6-tcpserver-socketbinder):
 * 1, else 0. -1 with errno.
 */
int launch_stdin_listener(struct listeners *ls);

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
 * The last byte was written to *out_fd: tell its reader, whoever else holds it. One that is not
 * in_fd is closed with that, restored, and then -1.
 */
void launch_last_word(int in_fd, int *out_fd);

/*
 * The address a client connected to: fd's own, else TCPLOCALIP and TCPLOCALPORT, else zeros; of
 * peer's family. AF_UNSPEC when peer is neither AF_INET nor AF_INET6.
 */
void launch_local(int fd, const struct endpoint *peer, struct endpoint *out);

#endif
