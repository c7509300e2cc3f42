/* SPDX-License-Identifier: ISC */
/* Readiness and state notifications. */
#include "notify.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "log.h"

int
notify_ready_fd(uint64_t fd, const char *line)
{
	const struct iovec part[] = { { (void *)(uintptr_t)line, strlen(line) }, { "\n", 1 } };

	if (fd == NOTIFY_NO_FD)
		return 0;
	if (writev((int)fd, part, 2) != (ssize_t)part[0].iov_len + 1)
		return log_wrong(-1, "notify fd %" PRIu64 ": %s", fd, strerror(errno));
	notify_close_fd((int)fd);
	return 0;
}

void
notify_close_fd(int fd)
{
	int null;

	if (fd > STDERR_FILENO)
		close(fd);
	if (fd >= STDERR_FILENO)
		return;
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null != -1) {
		dup2(null, fd);
		close(null);
	}
}

void
notify_systemd(const char *state)
{
	static const struct timeval wait = { .tv_sec = 1 };
	static bool deaf;	/* it left us waiting: not again until it reads */
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	size_t len = path == NULL ? 0 : strlen(path);
	int fd;

	if (len < 2 || len >= sizeof(un.sun_path) || (path[0] != '/' && path[0] != '@'))
		return;
	memcpy(un.sun_path, path, len);
	if (path[0] == '@')
		un.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | (deaf ? SOCK_NONBLOCK : 0), 0);
	if (fd == -1)
		return;
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
	deaf = sendto(fd, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&un,
	    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) == -1 && errno == EAGAIN;
	close(fd);
}

void
notify_systemd_reloading(void)
{
	struct timespec now;
	char state[64];

	clock_gettime(CLOCK_MONOTONIC, &now);
	snprintf(state, sizeof(state), "RELOADING=1\nMONOTONIC_USEC=%lld",
	    (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
	notify_systemd(state);
}
