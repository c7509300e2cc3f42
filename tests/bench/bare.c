/* SPDX-License-Identifier: ISC */
/*
 * A yardstick: the plainest event loop that relays a connection, or answers a request. One backend,
 * no names, no log, no deadlines, limits or failover; whatever goes wrong ends the connection.
 */
#include "bench.h"

#include <signal.h>

#define MAX_FDS 65536
#define READABLE (EPOLLIN | EPOLLRDHUP)

static const char usage[] = "usage: bare relay PORT BACKEND_PORT\n"
			    "       bare redirect PORT\n";

static const char kept_answer[] = "HTTP/1.1 308 Permanent Redirect\r\n"
				  "Location: https://redirect.test/\r\nContent-Length: 0\r\n\r\n";
static const char last_answer[] = "HTTP/1.1 308 Permanent Redirect\r\n"
				  "Location: https://redirect.test/\r\nContent-Length: 0\r\n"
				  "Connection: close\r\n\r\n";

struct conn {
	bool open;
	int peer;		/* relay: 0 until the hello has come */
	bool eof;
	bool connecting;
	size_t hello_len;	/* connecting: bytes of it waiting in hellos */
};

static int ep;
static struct conn conns[MAX_FDS];	/* by descriptor */
static char hellos[MAX_FDS][HELLO_LEN];
static char buf[CHUNK_LEN];
static struct sockaddr_in backend;

static void
watch(int fd, uint32_t events)
{
	struct epoll_event e = { .events = events | EPOLLET, .data.fd = fd };

	if (epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e) == -1)
		die("epoll_ctl");
}

/* With its peer. */
static void
drop(int fd)
{
	int peer = conns[fd].peer;

	conns[fd].open = false;
	conns[fd].peer = 0;
	close(fd);
	if (peer > 0) {
		conns[peer].peer = 0;
		drop(peer);
	}
}

static bool
would_block(ssize_t n)
{
	return n == -1 && errno == EAGAIN;
}

/* ---- relay ---- */

static void
speak(int fd, const char *bytes, size_t len)
{
	struct conn *c = &conns[fd];
	ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);

	c->connecting = would_block(n);
	if (c->connecting)
		memmove(hellos[fd], bytes, c->hello_len = len);
	else if (n != (ssize_t)len)
		drop(fd);
}

static void
dial(int client, size_t len)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd == -1 || (connect(fd, (struct sockaddr *)&backend, sizeof(backend)) == -1 &&
	    errno != EINPROGRESS)) {
		close(fd);
		drop(client);
		return;
	}
	conns[client].peer = fd;
	conns[fd] = (struct conn){ .open = true, .peer = client };
	speak(fd, buf, len);
	if (conns[fd].open)
		watch(fd, conns[fd].connecting ? READABLE | EPOLLOUT : READABLE);
}

static void
pump(int fd)
{
	int peer = conns[fd].peer;
	ssize_t n = recv(fd, buf, sizeof(buf), 0);

	if (n > 0) {
		if (send(peer, buf, (size_t)n, MSG_NOSIGNAL) != n)
			drop(fd);
	} else if (n == 0 && !conns[peer].eof) {
		conns[fd].eof = true;
		shutdown(peer, SHUT_WR);
	} else if (!would_block(n)) {
		drop(fd);
	}
}

static void
on_relayed(int fd, uint32_t events)
{
	struct conn *c = &conns[fd];
	ssize_t n;

	if (c->connecting && (events & EPOLLOUT))
		speak(fd, hellos[fd], c->hello_len);
	if (c->peer > 0 && (events & READABLE))
		pump(fd);
	if (c->peer > 0 && (events & EPOLLRDHUP) && !c->eof)	/* the end follows what was read */
		pump(fd);
	if (c->peer > 0 || (events & READABLE) == 0)
		return;
	n = recv(fd, buf, HELLO_LEN, 0);
	if (n > 0)
		dial(fd, (size_t)n);
	else if (!would_block(n))
		drop(fd);
}

/* ---- redirect ---- */

static void
on_requested(int fd, uint32_t events)
{
	ssize_t n = recv(fd, buf, sizeof(buf), 0);

	(void)events;
	if (n <= 0) {
		if (!would_block(n))
			drop(fd);
	} else if (memmem(buf, (size_t)n, "onnection: close", 16) != NULL) {
		(void)send(fd, last_answer, sizeof(last_answer) - 1, MSG_NOSIGNAL);
		drop(fd);
	} else if (send(fd, kept_answer, sizeof(kept_answer) - 1, MSG_NOSIGNAL) == -1) {
		drop(fd);
	}
}

/* ---- the loop ---- */

typedef void on_event(int fd, uint32_t events);

/* What a client has to say is often there already. */
static void
accept_all(int lfd, on_event *cb)
{
	int fd;

	while ((fd = accept4(lfd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) != -1) {
		if (fd >= MAX_FDS)
			die("descriptor limit");
		conns[fd] = (struct conn){ .open = true };
		cb(fd, EPOLLIN);
		if (conns[fd].open)
			watch(fd, READABLE);
	}
}

static int
listen_on(unsigned port)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct sockaddr_in a = loopback(port);

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int));
	set_nodelay(fd);	/* those that are accepted inherit it */
	if (fd == -1 || bind(fd, (struct sockaddr *)&a, sizeof(a)) == -1 || listen(fd, 4096) == -1)
		die("listen");
	watch(fd, EPOLLIN);
	return fd;
}

static void
serve(int lfd, on_event *cb)
{
	struct epoll_event e[256];
	int n;

	for (;;) {
		n = epoll_wait(ep, e, 256, -1);
		for (int i = 0; i < n; i++) {
			if (e[i].data.fd == lfd)
				accept_all(lfd, cb);
			else if (conns[e[i].data.fd].open)
				cb(e[i].data.fd, e[i].events);
		}
	}
}

int
main(int argc, char **argv)
{
	bool relay = argc == 4 && strcmp(argv[1], "relay") == 0;

	if (!relay && (argc != 3 || strcmp(argv[1], "redirect") != 0)) {
		fputs(usage, stderr);
		return 100;
	}
	signal(SIGPIPE, SIG_IGN);
	ep = epoll_create1(EPOLL_CLOEXEC);
	if (relay)
		backend = loopback((unsigned)atoi(argv[3]));
	serve(listen_on((unsigned)atoi(argv[2])), relay ? on_relayed : on_requested);
}
