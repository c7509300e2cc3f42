/* SPDX-License-Identifier: ISC */
/* Tell the supervisor: readiness on a descriptor (s6), state over NOTIFY_SOCKET (systemd). */
#ifndef NOTIFY_H
#define NOTIFY_H

/* Write line and a newline to fd, then let go of it with notify_close_fd(); -1 with errno. */
int notify_ready_fd(int fd, const char *line);

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
