/* SPDX-License-Identifier: ISC */
/*
 * The service behind the router under test: reads a hello, answers it,
 * then does what its session id asks for.
 */
#include "bench.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/un.h>

enum state {
	UNUSED,
	LISTEN,		/* visitors connect here */
	LISTEN_PASS,	/* a router connects here to hand a visitor over */
	TAKEOVER,	/* waiting for the one message that carries the socket */
	HELLO,		/* reading the hello */
	ECHO,
	SOURCE,
	SINK,
	PARKED		/* waiting for the peer's end */
};

struct conn {
	int fd;
	enum state state;
	enum bench_mode mode;
	size_t got;		/* HELLO: bytes of it; SINK: bytes since the last answer */
};

static const char usage[] =
    "usage: backend -p PORT [-u PATH] [-y]\n"
    "  -p  serve on this port of 127.0.0.1\n"
    "  -u  take sockets that are handed over here, serve them too\n"
    "  -y  copy bulk bytes to user space instead of dropping them in the kernel\n";

static int ep;
static struct conn *conns;	/* by descriptor */
static size_t max_conns;
static bool copy_bulk;
static char zeros[CHUNK_LEN];

static void
watch(int op, int fd, uint32_t events)
{
	struct epoll_event e = { .events = events, .data.fd = fd };

	if (epoll_ctl(ep, op, fd, &e) == -1)
		die("epoll_ctl");
}

static struct conn *
add(int fd, enum state state)
{
	if ((size_t)fd >= max_conns) {
		close(fd);
		return NULL;
	}
	conns[fd] = (struct conn){ .fd = fd, .state = state };
	return &conns[fd];
}

static void
drop(struct conn *c)
{
	c->state = UNUSED;
	close(c->fd);
}

/* Nothing to read or no room just now, and not the connection's end. */
static bool
would_block(ssize_t n)
{
	return n == -1 && (errno == EAGAIN || errno == EINTR);
}

/* The whole hello is there: reply, then take the state its mode asks for. */
static void
answer(struct conn *c)
{
	if (send(c->fd, zeros, REPLY_LEN, MSG_NOSIGNAL) != REPLY_LEN) {
		drop(c);
		return;
	}
	c->got = 0;
	switch (c->mode) {
	case MODE_CLOSE:
		drop(c);
		return;
	case MODE_IDLE:
		c->state = PARKED;
		return;
	case MODE_ECHO:
		set_nodelay(c->fd);
		c->state = ECHO;
		return;
	case MODE_UP:
		c->state = SINK;
		return;
	case MODE_DOWN:
		c->state = SOURCE;
		return;
	}
	drop(c);	/* an unknown mode */
}

static void
read_hello(struct conn *c)
{
	uint8_t buf[HELLO_LEN];
	ssize_t n = recv(c->fd, buf, HELLO_LEN - c->got, 0);

	if (would_block(n))
		return;
	if (n <= 0) {
		drop(c);
		return;
	}
	if (c->got <= HELLO_MODE_AT && HELLO_MODE_AT < c->got + (size_t)n)
		c->mode = buf[HELLO_MODE_AT - c->got];
	c->got += (size_t)n;
	if (c->got == HELLO_LEN)
		answer(c);
}

/* A new visitor; its hello is often there already, and then it never meets epoll. */
static void
serve(int fd)
{
	struct conn *c = add(fd, HELLO);

	if (c == NULL)
		return;
	read_hello(c);
	if (c->state != UNUSED)
		watch(EPOLL_CTL_ADD, fd, EPOLLIN | (c->state == SOURCE ? EPOLLOUT : 0u));
}

static void
accept_all(struct conn *l)
{
	int fd;

	for (int i = 0; i < 64; i++) {
		fd = accept4(l->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd == -1)
			return;
		if (l->state == LISTEN)
			serve(fd);
		else if (add(fd, TAKEOVER) != NULL)
			watch(EPOLL_CTL_ADD, fd, EPOLLIN);
	}
}

static bool
is_proxy_v2(const uint8_t *buf, ssize_t n)
{
	return n >= 16 && memcmp(buf, "\r\n\r\n\0\r\nQUIT\n", 12) == 0;
}

/* A PROXY header as data, the visitor's socket as ancillary data. */
static void
take_over(struct conn *c)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
	uint8_t buf[1024];
	struct iovec iov = { buf, sizeof(buf) };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
		.msg_controllen = sizeof(control) };
	ssize_t n = recvmsg(c->fd, &m, MSG_CMSG_CLOEXEC);
	struct cmsghdr *h;
	int fd;

	if (would_block(n))
		return;
	drop(c);
	h = n > 0 ? CMSG_FIRSTHDR(&m) : NULL;
	if (h == NULL || h->cmsg_type != SCM_RIGHTS)
		return;
	memcpy(&fd, CMSG_DATA(h), sizeof(fd));
	if (!is_proxy_v2(buf, n) || fcntl(fd, F_SETFL, O_NONBLOCK) == -1) {
		close(fd);
		return;
	}
	serve(fd);
}

static void
echo(struct conn *c)
{
	char buf[4096];
	ssize_t n = recv(c->fd, buf, sizeof(buf), 0);

	if (would_block(n))
		return;
	if (n <= 0 || send(c->fd, buf, (size_t)n, MSG_NOSIGNAL) != n)
		drop(c);
}

static void
source(struct conn *c, uint32_t events)
{
	ssize_t n;

	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {	/* "enough" */
		shutdown(c->fd, SHUT_WR);
		watch(EPOLL_CTL_MOD, c->fd, EPOLLIN);
		c->state = PARKED;
		return;
	}
	n = send(c->fd, zeros, sizeof(zeros), MSG_NOSIGNAL);
	if (n == -1 && !would_block(n))
		drop(c);
}

static void
sink(struct conn *c)
{
	ssize_t n = take(c->fd, copy_bulk);

	if (would_block(n))
		return;
	if (n <= 0) {
		drop(c);
		return;
	}
	for (c->got += (size_t)n; c->got >= UNIT_LEN; c->got -= UNIT_LEN) {
		if (send(c->fd, zeros, 1, MSG_NOSIGNAL) != 1) {
			drop(c);
			return;
		}
	}
}

static void
wait_for_end(struct conn *c)
{
	ssize_t n = take(c->fd, false);

	if (n == 0 || (n == -1 && !would_block(n)))
		drop(c);
}

static void
on_event(struct conn *c, uint32_t events)
{
	switch (c->state) {
	case UNUSED:	/* closed earlier in this batch */
		break;
	case LISTEN:
	case LISTEN_PASS:
		accept_all(c);
		break;
	case TAKEOVER:
		take_over(c);
		break;
	case HELLO:
		read_hello(c);
		if (c->state == SOURCE)
			watch(EPOLL_CTL_MOD, c->fd, EPOLLIN | EPOLLOUT);
		break;
	case ECHO:
		echo(c);
		break;
	case SOURCE:
		source(c, events);
		break;
	case SINK:
		sink(c);
		break;
	case PARKED:
		wait_for_end(c);
		break;
	}
}

static void
listen_on(int fd, const void *address, socklen_t len, enum state state)
{
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int));
	if (fd == -1 || bind(fd, address, len) == -1 || listen(fd, 4096) == -1)
		die("listen");
	if (add(fd, state) == NULL)
		die("descriptor limit");
	watch(EPOLL_CTL_ADD, fd, EPOLLIN);
}

static void
listen_tcp(unsigned port)
{
	struct sockaddr_in a = loopback(port);

	listen_on(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), &a,
	    sizeof(a), LISTEN);
}

static void
listen_pass(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	listen_on(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), &a,
	    sizeof(a), LISTEN_PASS);
}

static void
prepare(void)
{
	struct rlimit r;

	signal(SIGPIPE, SIG_IGN);
	if (getrlimit(RLIMIT_NOFILE, &r) == -1)
		die("getrlimit");
	max_conns = r.rlim_cur;
	conns = calloc(max_conns, sizeof(*conns));
	ep = epoll_create1(EPOLL_CLOEXEC);
	if (conns == NULL || ep == -1)
		die("start");
}

int
main(int argc, char **argv)
{
	struct epoll_event e[256];
	int opt, n;

	prepare();
	while ((opt = getopt(argc, argv, "p:u:y")) != -1) {
		switch (opt) {
		case 'p':
			listen_tcp((unsigned)atoi(optarg));
			break;
		case 'u':
			listen_pass(optarg);
			break;
		case 'y':
			copy_bulk = true;
			break;
		default:
			fputs(usage, stderr);
			return 100;
		}
	}
	for (;;) {
		n = epoll_wait(ep, e, 256, -1);
		if (n == -1 && errno != EINTR)
			die("epoll_wait");
		for (int i = 0; i < n; i++)
			on_event(&conns[e[i].data.fd], e[i].events);
	}
}
