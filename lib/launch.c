/* SPDX-License-Identifier: ISC */
/* The launches without -l: socket activation, inetd "wait", inetd "nowait" and UCSPI. */
#include "launch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "num.h"

#define LISTEN_FDS_MAX 1024

static bool
same_file(int a, int b)
{
	struct stat x, y;

	return fstat(a, &x) == 0 && fstat(b, &y) == 0 &&
	    x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static bool
is_connected(int fd)
{
	struct sockaddr_storage sa;
	socklen_t len = sizeof(sa);

	return sock_is_stream(fd) && getpeername(fd, (struct sockaddr *)&sa, &len) == 0;
}

/* Where there is no /dev, what can be neither read nor written, as if it were closed. */
static int
open_null(int flags)
{
	int fd = open("/dev/null", O_RDWR | flags);

	return fd != -1 ? fd : open("/", O_PATH | flags);
}

/* What is logged must not reach a client. */
static void
silence(void)
{
	int fd = open_null(O_CLOEXEC);

	if (fd == -1 || dup2(fd, STDERR_FILENO) == -1)
		close(STDERR_FILENO);
	if (fd != -1)
		close(fd);
}

/*
 * inetd makes the client's socket standard error, too. A local one is more likely to be the
 * socketpair of whoever started us (sshd, a script in another language), who wants to read it.
 */
static bool
is_stderr_a_client(void)
{
	struct endpoint peer;

	sock_peer(STDIN_FILENO, &peer);
	return endpoint_is_ip(&peer) && same_file(STDERR_FILENO, STDIN_FILENO);
}

void
launch_fill_std(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) == -1 &&
		    (fd != STDOUT_FILENO || open("/dev/full", O_RDWR) == -1))
			(void)!open_null(0);
	if (is_stderr_a_client())
		silence();
}

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

static bool
env_number(const char *name, uint64_t max, uint64_t *out)
{
	const char *text = getenv(name);

	return text != NULL && num_parse(slice_str(text), 0, max, out);
}

/* How many there are for us; can be asked only once. */
static int
listen_fds(void)
{
	uint64_t pid = 0, n = 0;
	bool ours = env_number("LISTEN_PID", UINT32_MAX, &pid) && pid == (uint64_t)getpid() &&
	    env_number("LISTEN_FDS", LISTEN_FDS_MAX, &n);

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

static bool
is_channel(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode));
}

/* tcpserver(1), s6-tcpserver(8): an end of the connection that the descriptors do not reveal. */
static void
endpoint_from_env(const char *ip_name, const char *port_name, struct endpoint *out)
{
	const char *ip = getenv(ip_name);
	uint64_t port = 0;

	if (ip == NULL || !endpoint_parse_ip(slice_str(ip), out)) {
		out->family = AF_UNSPEC;
		return;
	}
	env_number(port_name, UINT16_MAX, &port);
	out->port = (uint16_t)port;
}

void
launch_local(int fd, const struct endpoint *peer, struct endpoint *out)
{
	*out = (struct endpoint){ .family = AF_UNSPEC };
	if (!endpoint_is_ip(peer))
		return;
	sock_local(fd, out);
	if (out->family != peer->family)
		endpoint_from_env("TCPLOCALIP", "TCPLOCALPORT", out);
	if (out->family != peer->family)
		*out = (struct endpoint){ .family = peer->family };
}

/* ---- one connection on descriptors 0 and 1 ---- */

static bool one_connection;	/* descriptors 0 and 1, until they are closed or another's */
static bool was_blocking[2];	/* these descriptors, as long as they are a connection */

static void
unblock(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	was_blocking[fd] = flags != -1 && (flags & O_NONBLOCK) == 0 &&
	    fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0;
}

static void
restore(int fd)
{
	int flags = was_blocking[fd] ? fcntl(fd, F_GETFL) : -1;

	if (flags != -1)
		(void)fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
	was_blocking[fd] = false;
}

/* A unix socket does not tell who is behind it, the environment may. */
static void
find_peer(int fd, struct endpoint *out)
{
	struct endpoint env;

	*out = (struct endpoint){ .family = AF_UNSPEC };
	if (is_connected(fd))
		sock_peer(fd, out);
	endpoint_from_env("TCPREMOTEIP", "TCPREMOTEPORT", &env);
	if (!endpoint_is_ip(out) && endpoint_is_ip(&env))
		*out = env;
}

bool
launch_one_connection(struct launch_one *one)
{
	bool one_socket = is_connected(STDIN_FILENO) &&
	    (same_file(STDIN_FILENO, STDOUT_FILENO) || !is_channel(STDOUT_FILENO));

	if (!one_socket && (!is_channel(STDIN_FILENO) || !is_channel(STDOUT_FILENO)))
		return false;
	one->in_fd = STDIN_FILENO;
	one->out_fd = one_socket ? STDIN_FILENO : STDOUT_FILENO;
	find_peer(one->in_fd, &one->peer);
	sock_nodelay(one->out_fd);
	if (same_file(STDERR_FILENO, one->in_fd) || same_file(STDERR_FILENO, one->out_fd))
		silence();
	unblock(one->in_fd);
	if (!one_socket)
		unblock(one->out_fd);
	one_connection = true;
	return true;
}

void
launch_restore(void)
{
	restore(STDIN_FILENO);
	restore(STDOUT_FILENO);
	one_connection = false;
}

/* Others may hold the socket too. Only TCP knows resets. */
static void
end_for_all(int fd, bool reset)
{
	static const struct sockaddr nowhere = { .sa_family = AF_UNSPEC };

	if (!reset || connect(fd, &nowhere, sizeof(nowhere)) == -1)
		(void)shutdown(fd, SHUT_RDWR);
}

void
launch_close(int in_fd, int out_fd, bool reset)
{
	if (one_connection) {
		end_for_all(in_fd, reset);
		end_for_all(out_fd, reset);
	}
	launch_restore();
	if (out_fd != in_fd)
		sock_close(out_fd, reset);
	sock_close(in_fd, reset);
}

void
launch_last_word(int in_fd, int *out_fd)
{
	(void)shutdown(*out_fd, SHUT_WR);	/* if a socket: others may hold it too */
	if (*out_fd == in_fd)
		return;
	if (*out_fd == STDIN_FILENO || *out_fd == STDOUT_FILENO)
		restore(*out_fd);
	close(*out_fd);
	*out_fd = -1;
}
