/* SPDX-License-Identifier: ISC */
/* Descriptors 0 to 2, and one connection on 0 and 1: inetd "nowait" and UCSPI. */
#include "launch_std.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "num.h"
#include "sock.h"

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
	num_parse(slice_str(getenv(port_name)), 0, UINT16_MAX, &port);
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
