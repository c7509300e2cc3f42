/* SPDX-License-Identifier: ISC */
/* Tell the supervisor: readiness on a descriptor (s6), state over NOTIFY_SOCKET (systemd). */
#ifndef NOTIFY_H
#define NOTIFY_H

#include <stdint.h>

#define NOTIFY_NO_FD UINT64_MAX	/* of an option -n that was not given */

/*
 * Write line and a newline to fd, then let go of it with notify_close_fd(). With NOTIFY_NO_FD
 * nothing happens. -1, logged: it could not be written.
 */
int notify_ready_fd(uint64_t fd, const char *line);

/*
 * Close it. Standard error stays, and 0 and 1 become /dev/null:
 * their numbers must not become a client's.
 */
void notify_close_fd(int fd);

/*
 * Send state ("READY=1") to the unix datagram socket named by NOTIFY_SOCKET (sd_notify(3)). Without
 * the variable, or with nobody there, nothing happens. The socket's queue may be full when many
 * services start: this waits for room, as a start whose READY=1 is lost has failed, but for no more
 * than a second, and only once if nobody reads at all.
 */
void notify_systemd(const char *state);

/* RELOADING=1 with the MONOTONIC_USEC that Type=notify-reload wants. */
void notify_systemd_reloading(void);

#endif
