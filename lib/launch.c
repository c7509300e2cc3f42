/* SPDX-License-Identifier: ISC */
/* Sockets made by whoever started us: socket activation, inetd "wait". */
#include "launch.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "listeners.h"
#include "num.h"

#define LISTEN_FDS_MAX 1024

uint64_t
launch_raise_fd_limit(void)
{
	struct rlimit rl;

	if (getrlimit(RLIMIT_NOFILE, &rl) == -1)
		return 1024;
	rl.rlim_cur = rl.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &rl);
	(void)getrlimit(RLIMIT_NOFILE, &rl);
	return rl.rlim_cur;
}

/* How many there are for us; can be asked only once. */
static int
listen_fds(void)
{
	uint64_t pid = 0, n = 0;
	bool ours = num_parse(slice_str(getenv("LISTEN_PID")), 0, UINT32_MAX, &pid) &&
	    pid == (uint64_t)getpid() &&
	    num_parse(slice_str(getenv("LISTEN_FDS")), 0, LISTEN_FDS_MAX, &n);

	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	return ours ? (int)n : 0;
}

int
launch_systemd(struct listeners *ls)
{
	int n = listen_fds();

	for (int i = 0; i < n; i++) {
		int fd = LAUNCH_FIRST_FD + i;

		if (!sock_is_listening(fd)) {
			errno = ENOTSOCK;
			return -1;
		}
		if (listeners_adopt(ls, fd, slice_of(NULL, 0)) == -1)
			return -1;
	}
	return n;
}

/* What is not a socket is not from a supervisor. */
int
launch_refuse_systemd(void)
{
	int n = listen_fds(), closed = 0;
	struct stat st;

	for (int fd = LAUNCH_FIRST_FD; fd < LAUNCH_FIRST_FD + n; fd++)
		if (fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode) && close(fd) == 0)
			closed++;
	return closed;
}

int
launch_stdin_listener(struct listeners *ls)
{
	if (!sock_is_listening(STDIN_FILENO))
		return 0;
	return listeners_adopt(ls, STDIN_FILENO, slice_of(NULL, 0)) == -1 ? -1 : 1;
}
