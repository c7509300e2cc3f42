/* SPDX-License-Identifier: ISC */
/* Sockets without surprises: non-blocking, close-on-exec, named results. */
#include "sock.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 65535	/* the kernel cuts it to net.core.somaxconn */
#define ONE_SEGMENT 536u	/* bytes one TCP segment holds anywhere (RFC 9293 3.7.1) */
#define PROBES 3	/* unanswered ones before we give up on a silent peer */
#define REST_MAX_MS (UINT32_MAX / 2)	/* TCP_INFO counts silence in 32 bits: half is safe */

#ifndef RWF_NOWAIT	/* older musl, which has no pwritev2(3) either */
#define RWF_NOWAIT 0x8
#endif

static void
set_int(int fd, int level, int option, int value)
{
	(void)setsockopt(fd, level, option, &value, sizeof(value));
}

static void
close_keeping_errno(int fd)
{
	int saved = errno;

	close(fd);
	errno = saved;
}

/* ---- listening ---- */

/*
 * A socket file that nobody listens on any more is in the way of bind(): remove it. -1: errno says
 * why it can't be removed; bind() would only say that it is there.
 */
static int
remove_stale(const struct sockaddr_storage *sa, socklen_t len)
{
	const struct sockaddr_un *un = (const struct sockaddr_un *)(const void *)sa;
	struct stat st;
	int fd, r = 0;

	if (un->sun_path[0] == '\0' || lstat(un->sun_path, &st) == -1)
		return 0;
	if (!S_ISSOCK(st.st_mode)) {
		errno = ENOTSOCK;
		return -1;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1)
		return 0;
	if (connect(fd, (const struct sockaddr *)sa, len) == -1 && errno == ECONNREFUSED)
		r = unlink(un->sun_path);
	if (r == -1 && errno == ENOENT)		/* its owner came first */
		r = 0;
	close_keeping_errno(fd);
	return r;
}

static void
set_port_options(int fd, bool v6_only)
{
	set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	set_int(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, v6_only);	/* v4 sockets know no such thing */
}

static int
bind_listen(const struct sockaddr_storage *sa, socklen_t len, bool dual, int *fd)
{
	*fd = socket(sa->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (*fd == -1)
		return -1;
	if (sa->ss_family != AF_UNIX)
		set_port_options(*fd, !dual);
	if ((sa->ss_family != AF_UNIX || remove_stale(sa, len) == 0) &&
	    bind(*fd, (const struct sockaddr *)sa, len) == 0 && listen(*fd, BACKLOG) == 0)
		return 0;
	close_keeping_errno(*fd);
	*fd = -1;
	return -1;
}

int
sock_listen(const struct addr *a, int *fd)
{
	struct sockaddr_storage sa;
	socklen_t len = addr_sockaddr(a, &sa);

	if (bind_listen(&sa, len, a->kind == ADDR_ANY, fd) == 0)
		return 0;
	if (a->kind != ADDR_ANY || errno != EAFNOSUPPORT)
		return -1;
	/* kernel without v6 */
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(a->ip.port) };

	memcpy(&sa, &v4, sizeof(v4));
	return bind_listen(&sa, sizeof(v4), false, fd);
}

int
sock_adopt(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags == -1 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) == -1)
		return -1;
	set_int(fd, IPPROTO_TCP, TCP_NODELAY, 1);	/* unix sockets refuse, and don't need it */
	return fcntl(fd, F_SETFD, FD_CLOEXEC);
}

/* ---- connections ---- */

enum sock_accept
sock_accept(int lfd, int *fd, struct endpoint *peer)
{
	struct sockaddr_storage sa;
	socklen_t len = sizeof(sa);

	sa.ss_family = AF_UNSPEC;
	*fd = accept4(lfd, (struct sockaddr *)&sa, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (*fd != -1) {
		endpoint_of(&sa, peer);
		return SOCK_ACCEPTED;
	}
	switch (errno) {
	case EAGAIN:
		return SOCK_NONE;
	case EMFILE:
	case ENFILE:
	case ENOBUFS:
	case ENOMEM:
		return SOCK_FULL;
	case EINTR:
	case ECONNABORTED:
	case ENETDOWN:		/* from here on: the client's network, accept(2) */
	case EPROTO:
	case ENOPROTOOPT:
	case EHOSTDOWN:
	case ENONET:
	case EHOSTUNREACH:
	case ENETUNREACH:
		return SOCK_GONE;
	default:		/* a security module's EACCES: the client is still in the queue */
		return SOCK_BROKEN;
	}
}

enum sock_connect
sock_connect(const struct sockaddr_storage *sa, socklen_t len, bool speaks_first, int *fd)
{
	*fd = socket(sa->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (*fd == -1)
		return errno == EMFILE || errno == ENFILE || sock_no_memory() ?
		    SOCK_NO_FDS : SOCK_REFUSED;
	if (speaks_first && sa->ss_family != AF_UNIX)
		set_int(*fd, IPPROTO_TCP, TCP_QUICKACK, 0);
	if (connect(*fd, (const struct sockaddr *)sa, len) == 0)
		return SOCK_CONNECTED;
	if (errno == EINPROGRESS)
		return SOCK_CONNECTING;
	close_keeping_errno(*fd);
	*fd = -1;
	return errno == EAGAIN && sa->ss_family == AF_UNIX ? SOCK_BUSY : SOCK_REFUSED;
}

static ssize_t
read_now(int fd, void *buf, size_t size)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	errno = EAGAIN;
	return poll(&p, 1, 0) == 0 ? -1 : read(fd, buf, size);
}

/* Pipes know RWF_NOWAIT since Linux 6.4; named ones don't. A sandbox may not know the call. */
static ssize_t
write_now(int fd, const struct iovec *iov, int n)
{
	ssize_t w = syscall(SYS_pwritev2, fd, iov, (long)n, -1L, -1L, (long)RWF_NOWAIT);

	return w == -1 && (errno == EOPNOTSUPP || errno == ENOSYS || errno == EPERM) ?
	    writev(fd, iov, n) : w;
}

ssize_t
sock_get(int fd, void *buf, size_t size)
{
	ssize_t n = recv(fd, buf, size, MSG_DONTWAIT);

	return n == -1 && errno == ENOTSOCK ? read_now(fd, buf, size) : n;
}

ssize_t
sock_put(int fd, const struct iovec *iov, int n, int flags)
{
	struct msghdr msg = { .msg_iov = (struct iovec *)(uintptr_t)iov, .msg_iovlen = (size_t)n };
	ssize_t w;

	flags |= MSG_DONTWAIT | MSG_NOSIGNAL;
	w = n == 1 ? send(fd, iov->iov_base, iov->iov_len, flags) : sendmsg(fd, &msg, flags);

	return w == -1 && errno == ENOTSOCK ? write_now(fd, iov, n) : w;
}

void
sock_nodelay(int fd)
{
	set_int(fd, IPPROTO_TCP, TCP_NODELAY, 1);
}

void
sock_before_put(int fd, struct sock_nagle *nagle, size_t len)
{
	if (!nagle->off && (nagle->wrote || len > ONE_SEGMENT)) {
		sock_nodelay(fd);
		nagle->off = true;
	}
	nagle->wrote = true;
}

static int
at_most_an_hour(uint64_t ms)
{
	return ms > 3600000 ? 3600000 : (int)ms;
}

void
sock_probe(int fd, int idle_s, int each_s)
{
	set_int(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
	set_int(fd, IPPROTO_TCP, TCP_KEEPIDLE, idle_s < 1 ? 1 : idle_s);
	set_int(fd, IPPROTO_TCP, TCP_KEEPINTVL, each_s < 1 ? 1 : each_s);
	set_int(fd, IPPROTO_TCP, TCP_KEEPCNT, PROBES);
}

void
sock_keep_alive(int fd, uint64_t beat_ms, uint64_t dead_ms)
{
	int idle = at_most_an_hour(beat_ms) / 1000, timeout = at_most_an_hour(dead_ms);
	int each = (timeout / 1000 - idle) / PROBES;

	if (beat_ms == 0 || dead_ms == 0)
		return;
	sock_probe(fd, idle, each);
	set_int(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, timeout);
}

void
sock_patient(int fd)
{
	set_int(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, 0);
}

bool
sock_is_lost(int fd, uint64_t dead_ms)
{
	struct tcp_info info = { 0 };
	socklen_t len = sizeof(info);

	/* of one sent just now nothing is known: two of them */
	return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) == 0 &&
	    (info.tcpi_retransmits > 1 || info.tcpi_probes > 1) &&
	    info.tcpi_last_ack_recv >= dead_ms;
}

int
sock_error(int fd)
{
	int error = 0;
	socklen_t len = sizeof(error);

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == -1)
		return errno;
	return error;
}

bool
sock_has_ended(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLRDHUP };

	return poll(&p, 1, 0) == 1 && (p.revents & (POLLRDHUP | POLLHUP));
}

typedef int name_call(int, struct sockaddr *, socklen_t *);

static void
ask_name(name_call *call, int fd, struct endpoint *out)
{
	struct sockaddr_storage sa;
	socklen_t len = sizeof(sa);

	sa.ss_family = AF_UNSPEC;
	if (call(fd, (struct sockaddr *)&sa, &len) == -1)
		sa.ss_family = AF_UNSPEC;
	endpoint_of(&sa, out);
}

void
sock_local(int fd, struct endpoint *out)
{
	ask_name(getsockname, fd, out);
}

void
sock_peer(int fd, struct endpoint *out)
{
	ask_name(getpeername, fd, out);
}

const char *
sock_name(int fd, char out[static SOCK_NAME_MAX])
{
	union {
		struct sockaddr any;
		struct sockaddr_un un;
		struct sockaddr_storage room;
	} sa;
	socklen_t len = sizeof(sa);
	char text[ENDPOINT_TEXT_MAX];
	struct endpoint e;
	int path_len;

	sa.any.sa_family = AF_UNSPEC;
	if (getsockname(fd, &sa.any, &len) == -1 || sa.any.sa_family != AF_UNIX) {
		endpoint_of(&sa.room, &e);
		snprintf(out, SOCK_NAME_MAX, "%s", endpoint_text(&e, text));
		return out;
	}
	path_len = (int)(len - offsetof(struct sockaddr_un, sun_path));
	if (path_len > 0 && sa.un.sun_path[0] == '\0')
		snprintf(out, SOCK_NAME_MAX, "unix:@%.*s", path_len - 1, sa.un.sun_path + 1);
	else
		snprintf(out, SOCK_NAME_MAX, "unix:%.*s", path_len < 0 ? 0 : path_len,
		    sa.un.sun_path);
	return out;
}

static int
int_option(int fd, int option)
{
	int value = 0;
	socklen_t len = sizeof(value);

	return getsockopt(fd, SOL_SOCKET, option, &value, &len) == -1 ? -1 : value;
}

bool
sock_is_listening(int fd)
{
	return int_option(fd, SO_ACCEPTCONN) == 1 && sock_is_stream(fd);
}

bool
sock_is_stream(int fd)
{
	return int_option(fd, SO_TYPE) == SOCK_STREAM;
}

void
sock_close(int fd, bool reset)
{
	struct linger now = { .l_onoff = 1, .l_linger = 0 };

	if (fd == -1)
		return;
	if (reset)
		(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(fd);
}

/*
 * Probes of a closed window are answered, but send no bytes;
 * what is resent to a peer that is gone is not answered.
 * Kernels that are not Linux (gVisor) fill in neither time, nor the segment size, which is never 0.
 */
uint64_t
sock_rest_ms(int fd, uint64_t limit_ms)
{
	struct tcp_info info = { 0 };
	socklen_t len = sizeof(info);
	uint32_t quiet;

	if (limit_ms > REST_MAX_MS ||
	    getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) == -1 || info.tcpi_snd_mss == 0)
		return 0;
	quiet = info.tcpi_last_data_sent > info.tcpi_last_ack_recv ?
	    info.tcpi_last_data_sent : info.tcpi_last_ack_recv;
	return quiet < limit_ms ? limit_ms - quiet : 0;
}

/* ---- descriptors over unix sockets ---- */

union fd_control {
	char buf[CMSG_SPACE(4 * sizeof(int))];	/* room to receive, and close, more than we want */
	struct cmsghdr align;
};

int
sock_send_fd(int fd, const void *data, size_t len, int pass)
{
	union fd_control control = { 0 };
	struct iovec iov = { .iov_base = (void *)(uintptr_t)data, .iov_len = len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.buf,
	    .msg_controllen = CMSG_SPACE(sizeof(int)) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	ssize_t n;

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &pass, sizeof(int));
	n = sendmsg(fd, &msg, MSG_NOSIGNAL);
	if (n == -1)
		return -1;
	errno = EMSGSIZE;
	return (size_t)n == len ? 0 : -1;
}

static void
take_fds(const struct cmsghdr *c, int *passed)
{
	size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	int fd;

	for (size_t i = 0; i < n; i++) {
		memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
		if (*passed == -1)
			*passed = fd;
		else
			close(fd);
	}
}

ssize_t
sock_recv_fd(int fd, void *data, size_t len, int *passed)
{
	union fd_control control;
	struct iovec iov = { .iov_base = data, .iov_len = len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.buf,
	    .msg_controllen = sizeof(control.buf) };
	ssize_t n = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC);

	*passed = -1;
	if (n == -1)
		return -1;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c != NULL; c = CMSG_NXTHDR(&msg, c))
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
			take_fds(c, passed);
	if (!(msg.msg_flags & MSG_CTRUNC))
		return n;
	if (*passed != -1)
		close(*passed);
	errno = *passed == -1 ? EMFILE : EMSGSIZE;
	*passed = -1;
	return -1;
}
