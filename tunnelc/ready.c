/* SPDX-License-Identifier: ISC */
/*
 * The health check: whoever connects to unix:@tunnelc/ID is told at once, in a word or two,
 * if our names are live.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "log.h"
#include "sock.h"
#include "tunnelc.h"

#define RETRY_MS 1000u		/* after the address was taken, or descriptors ran out */
#define ASKERS_A_TURN 16
#define ASK_SECONDS 1		/* to connect, and again to be answered */
#define READY "ready\n"
#define NOT_READY "not ready\n"

struct ready {
	struct ev_io listener;	/* fd -1: the address is not ours yet */
	struct ev_timer retry;
	bool warned;		/* that it is not ours: once it is, that is news */
	struct addr addr;	/* borrows from text */
	char text[sizeof("unix:@tunnelc/") + IDENTITY_ID_LEN];
};

static struct ready here = { .listener.fd = -1 };	/* where this process answers */

static void
set_address(struct ready *r, const char *id)
{
	snprintf(r->text, sizeof(r->text), "unix:@tunnelc/%s", id);
	(void)addr_parse(slice_str(r->text), ADDR_LISTEN, &r->addr);
}

/* ---- the one that answers ---- */

static bool
is_live(void)
{
	for (size_t i = 0; i < the->n_servers; i++)
		if (server_live(the->servers[i]))
			return true;
	return false;
}

/*
 * The answer always fits an empty socket, and stays in it when we close:
 * there is nobody to wait for.
 */
static void
answer(int fd)
{
	const char *word = is_live() ? READY : NOT_READY;

	(void)!send(fd, word, strlen(word), MSG_NOSIGNAL);
	close(fd);
}

static void
on_asker(struct ev_io *io, unsigned events)
{
	struct ready *r = EV_CONTAINER(io, struct ready, listener);
	struct endpoint peer;
	int fd;

	(void)events;
	for (int i = 0; i < ASKERS_A_TURN; i++) {
		switch (sock_accept(io->fd, &fd, &peer)) {
		case SOCK_ACCEPTED:
			answer(fd);
			break;
		case SOCK_GONE:
			break;
		case SOCK_NONE:
			return;
		case SOCK_FULL:
		case SOCK_BROKEN:
			ev_del(the->ev, io);
			ev_timer_in(the->ev, &r->retry, RETRY_MS);
			return;
		}
	}
}

static int
listen_there(struct ready *r)
{
	if (r->listener.fd == -1 && sock_listen(&r->addr, &r->listener.fd) == -1)
		return -1;
	return ev_add(the->ev, &r->listener, EV_READ);
}

static void
on_retry(struct ev_timer *t)
{
	struct ready *r = EV_CONTAINER(t, struct ready, retry);

	if (listen_there(r) == -1) {
		ev_timer_in(the->ev, t, RETRY_MS);
		return;
	}
	if (r->warned)
		log_info("%s is ours now: --ready asks this process", r->text);
	r->warned = false;
}

void
ready_serve(const char *id)
{
	struct ready *r = &here;

	*r = (struct ready){ .listener = { -1, on_asker }, .retry.cb = on_retry };
	set_address(r, id);
	if (listen_there(r) == 0)
		return;
	if (errno == EADDRINUSE)
		log_warn("%s is in use: another tunnelc has the same key here, "
		    "--ready asks that one", r->text);
	else
		log_warn("%s: %s; --ready does not work yet, trying again", r->text,
		    strerror(errno));
	r->warned = true;
	ev_timer_in(the->ev, &r->retry, RETRY_MS);
}

void
ready_leave(void)
{
	struct ready *r = &here;

	ev_timer_at(the->ev, &r->retry, 0);
	if (r->listener.fd != -1)
		close(r->listener.fd);
	r->listener.fd = -1;
}

/* ---- the one that asks ---- */

static int
connect_patiently(const struct addr *a)
{
	struct timeval patience = { .tv_sec = ASK_SECONDS };
	struct sockaddr_storage sa;
	socklen_t len = addr_sockaddr(a, &sa);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), saved;

	if (fd == -1)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) == 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) == 0 &&
	    connect(fd, (const struct sockaddr *)&sa, len) == 0)
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

int
ready_ask(const char *id)
{
	char word[16] = "";
	struct ready r;
	ssize_t n;
	int fd;

	set_address(&r, id);
	fd = connect_patiently(&r.addr);
	if (fd == -1) {
		log_error("%s: %s", r.text, errno == EAGAIN ? "it does not answer" :
		    errno == ECONNREFUSED ?
		    "nobody is there: no tunnelc with this key runs here, or it stops" :
		    strerror(errno));
		return EXIT_TEMP;
	}
	n = recv(fd, word, sizeof(word) - 1, MSG_WAITALL);
	close(fd);
	if (n > 0 && strcmp(word, READY) == 0)
		return 0;
	log_error("%s: %s", r.text, n > 0 && strcmp(word, NOT_READY) == 0 ?
	    "not ready: no server has welcomed it" : "it does not answer");
	return EXIT_TEMP;
}
