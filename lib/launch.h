/* SPDX-License-Identifier: ISC */
/* What whoever started us left: limits, and listening sockets. Descriptors 0 to 2: launch_std.h. */
#ifndef LAUNCH_H
#define LAUNCH_H

#include <stdint.h>

struct listeners;

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

#endif
