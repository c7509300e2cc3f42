/* SPDX-License-Identifier: ISC */
/*
 * GET /metrics, answered and closed. It is for a scraper on a private address: requests are read up
 * to their blank line within a deadline, a few at a time, and only the request line matters.
 */
#include "scrape.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "linger.h"
#include "slice.h"
#include "sock.h"

#define CLIENTS_MAX 16
#define REQUEST_MAX 4096
#define DEADLINE_MS 5000
#define RESUME_MS 100	/* how soon to try again after a failure, mostly a lack of descriptors */

/*
 *   REQUEST --blank line read--> ANSWER --all written, FIN sent--> LINGER
 *   LINGER --their FIN, or deadline--> gone
 */
struct client {
	struct ev_io io;		/* fd -1: a free place */
	struct ev_timer deadline;
	enum { CLIENT_REQUEST, CLIENT_ANSWER, CLIENT_LINGER } state;
	size_t len, at;			/* of request, then of answer */
	char request[REQUEST_MAX];
	char *answer;			/* owned */
};

/* One per process; its pages are not touched before the first request. */
static struct scrape {
	struct ev *ev;
	const struct metrics *metrics;
	struct ev_io io;		/* the listener */
	bool watched;
	struct ev_timer resume;
	struct client client[CLIENTS_MAX];
} the;

static void
watch(void)
{
	if (!the.watched)
		the.watched = ev_add(the.ev, &the.io, EV_READ) == 0;
	if (!the.watched)
		ev_timer_in(the.ev, &the.resume, RESUME_MS);
}

static void
on_resume(struct ev_timer *t)
{
	(void)t;
	watch();
}

static void
unwatch(void)
{
	ev_del(the.ev, &the.io);
	the.watched = false;
}

static void
release(struct client *c)
{
	close(c->io.fd);
	c->io.fd = -1;
	free(c->answer);
	c->answer = NULL;
}

static void
client_close(struct client *c)
{
	ev_timer_at(the.ev, &c->deadline, 0);
	ev_del(the.ev, &c->io);		/* a worker forked meanwhile holds it too */
	release(c);
	watch();
}

static void
on_deadline(struct ev_timer *t)
{
	client_close(EV_CONTAINER(t, struct client, deadline));
}

/*
 * What comes before "HTTP/...": "/metrics", also behind "http://HOST" (RFC 9112 3.2.2),
 * with or without a query.
 */
static bool
is_page(struct slice target)
{
	const char *scheme = "http://";

	if (target.len >= strlen(scheme) && strncasecmp(target.p, scheme, strlen(scheme)) == 0) {
		const char *path = memchr(target.p + strlen(scheme), '/',
		    target.len - strlen(scheme));

		if (path == NULL)
			return false;
		target = slice_skip(target, (size_t)(path - target.p));
	}
	return slice_is(slice_cut(&target, '?'), "/metrics");
}

static size_t
put_page(char *out, const struct metrics *m, bool with_body)
{
	size_t max = metrics_text_max(m), len, head;
	char *page = malloc(max);

	if (page == NULL)
		return 0;
	len = metrics_text(m, page, max);
	head = (size_t)sprintf(out, "HTTP/1.1 200 OK\r\n"
	    "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"
	    "Content-Length: %zu\r\nConnection: close\r\n\r\n", len);
	if (with_body)
		memcpy(out + head, page, len);
	free(page);
	return head + (with_body ? len : 0);
}

static size_t
put_refusal(char *out, const char *status, const char *body, bool with_body)
{
	return (size_t)sprintf(out, "HTTP/1.1 %s\r\nContent-Type: text/plain\r\n"
	    "Content-Length: %zu\r\nConnection: close\r\n\r\n%s", status, strlen(body),
	    with_body ? body : "");
}

static void
make_answer(struct client *c)
{
	struct slice rest = slice_of(c->request, strcspn(c->request, "\r\n"));
	struct slice method = slice_cut(&rest, ' '), target = slice_cut(&rest, ' ');
	bool head = slice_is(method, "HEAD");

	c->state = CLIENT_ANSWER;
	c->at = c->len = 0;
	c->answer = malloc(metrics_text_max(the.metrics) + 256);
	if (c->answer == NULL)
		return;
	if (rest.p == NULL || !is_page(target))
		c->len = put_refusal(c->answer, "404 Not Found",
		    "there is /metrics here.\n", !head);
	else if (!head && !slice_is(method, "GET"))
		c->len = put_refusal(c->answer, "405 Method Not Allowed\r\nAllow: GET, HEAD",
		    "there is GET here.\n", true);
	else
		c->len = put_page(c->answer, the.metrics, !head);
}

static void
read_request(struct client *c)
{
	ssize_t n = read(c->io.fd, c->request + c->len, sizeof(c->request) - 1 - c->len);

	if (n == -1 && errno == EAGAIN)
		return;
	if (n <= 0 || c->len + (size_t)n >= sizeof(c->request) - 1) {
		client_close(c);
		return;
	}
	c->len += (size_t)n;
	c->request[c->len] = '\0';
	if (strstr(c->request, "\r\n\r\n") != NULL || strstr(c->request, "\n\n") != NULL)
		make_answer(c);
}

static void
write_answer(struct client *c)
{
	ssize_t n = write(c->io.fd, c->answer + c->at, c->len - c->at);

	if (n == -1) {
		if (errno != EAGAIN)
			client_close(c);
		return;
	}
	c->at += (size_t)n;
	if (c->at == c->len) {
		shutdown(c->io.fd, SHUT_WR);
		c->state = CLIENT_LINGER;
	}
}

static void
on_client(struct ev_io *io, unsigned events)
{
	struct client *c = EV_CONTAINER(io, struct client, io);

	(void)events;
	if (c->state == CLIENT_REQUEST)
		read_request(c);
	if (c->io.fd != -1 && c->state == CLIENT_ANSWER)
		write_answer(c);
	if (c->io.fd != -1 && c->state == CLIENT_LINGER &&
	    linger(the.ev, io, c->request, sizeof(c->request)) == LINGER_OVER)
		client_close(c);
	if (c->io.fd != -1)
		ev_mod(the.ev, io, c->state == CLIENT_ANSWER ? EV_WRITE : EV_READ);
}

static struct client *
free_place(void)
{
	for (size_t i = 0; i < CLIENTS_MAX; i++)
		if (the.client[i].io.fd == -1)
			return &the.client[i];
	return NULL;
}

static void
on_accept(struct ev_io *io, unsigned events)
{
	struct client *c = free_place();
	struct endpoint peer;
	int fd;

	(void)events;
	if (c == NULL) {	/* they wait in the backlog */
		unwatch();
		return;
	}
	switch (sock_accept(io->fd, &fd, &peer)) {
	case SOCK_ACCEPTED:
		break;
	case SOCK_FULL:
	case SOCK_BROKEN:
		unwatch();
		ev_timer_in(the.ev, &the.resume, RESUME_MS);
		return;
	case SOCK_NONE:
	case SOCK_GONE:
		return;
	}
	c->io = (struct ev_io){ fd, on_client };
	c->deadline.cb = on_deadline;
	c->state = CLIENT_REQUEST;
	c->len = 0;
	ev_timer_in(the.ev, &c->deadline, DEADLINE_MS);
	if (ev_add(the.ev, &c->io, EV_READ) == -1)
		client_close(c);
}

void
scrape_start(struct ev *ev, const struct metrics *metrics, int fd)
{
	the.ev = ev;
	the.metrics = metrics;
	the.io = (struct ev_io){ fd, on_accept };
	the.resume.cb = on_resume;
	for (size_t i = 0; i < CLIENTS_MAX; i++)
		the.client[i].io.fd = -1;
	the.watched = false;
	watch();
}

void
scrape_abandon(void)
{
	for (size_t i = 0; the.ev != NULL && i < CLIENTS_MAX; i++)
		if (the.client[i].io.fd != -1)
			release(&the.client[i]);
	the.ev = NULL;
}
