/* SPDX-License-Identifier: ISC */
/*
 * From a server's address to a connected socket: names, both address families in a race (RFC 8305),
 * an HTTP proxy on the way.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http1.h"
#include "sock.h"
#include "tunnelc.h"

#define STAGGER_MS 250u		/* until the next address is tried beside the last (RFC 8305 5) */
#define ANSWER_MAX 8192u	/* bytes of a proxy's answer, heads of 1xx included */
#define WHY_MAX 192u
#define SCHEME "http://"

/* One address: waiting for its turn, being connected to, or given up. */
struct attempt {
	struct reach *reach;		/* first: ev_free_later() overwrites it */
	struct ev_io io;		/* fd -1: not under way */
	struct sockaddr_storage sa;
	socklen_t len;
};

/* The exchange with a proxy. */
struct talk {
	char *request;			/* owned; NULL: no proxy */
	size_t size, sent;
	struct http1_scan scan;
	size_t used, total;		/* bytes taken of this head, and in all */
	char answer[ANSWER_MAX];
};

/*
 *   name --addresses--> attempts --first connected--> [ CONNECT --2xx--> ] told
 *     '------ none ---------'---- all failed, deadline ----'--------------^
 */
struct reach {
	void *arg;			/* first: ev_free_later() overwrites it */
	reach_done *done;
	struct ev_io *io;		/* borrowed until done; fd -1: nothing is connected */
	struct addr place;		/* what to connect to: server or proxy; borrows from text */
	struct ev_timer deadline, stagger;
	struct ev_task finish;
	struct resolve question;
	struct attempt *attempt;	/* owned; in the order of their turns */
	size_t attempts, next, under_way;
	struct reach_vain *vain;	/* borrowed until done */
	char why[WHY_MAX];
	struct talk talk;
	char text[];
};

/* ---- the proxy's URL ---- */

static struct slice
proxy_authority(const char *proxy)
{
	struct slice rest = slice_skip(slice_str(proxy), strlen(SCHEME));

	if (rest.len > 0 && rest.p[rest.len - 1] == '/')
		rest.len--;
	return rest;
}

const char *
reach_check_proxy(const char *proxy)
{
	struct addr a;
	enum addr_result r;

	if (!slice_starts(slice_str(proxy), SCHEME))
		return "not " SCHEME "HOST:PORT";
	if (strchr(proxy, '@') != NULL)
		return "a user or password in the URL is not supported";
	r = addr_parse(proxy_authority(proxy), 0, &a);
	if (r == ADDR_OK && a.kind != ADDR_IP && a.kind != ADDR_HOST)
		return "not " SCHEME "HOST:PORT";
	return r == ADDR_OK ? NULL : addr_why(r, 0);
}

/* ---- the end ---- */

static void
attempt_close(struct attempt *a)
{
	if (a->io.fd == -1)
		return;
	close(a->io.fd);
	a->io.fd = -1;
	a->reach->under_way--;
}

static void
attempts_close(struct reach *r)
{
	for (size_t i = 0; i < r->attempts; i++)
		attempt_close(&r->attempt[i]);
}

static void
drop_socket(struct reach *r)
{
	if (r->io->fd != -1)
		close(r->io->fd);
	r->io->fd = -1;
}

static void
stop(struct reach *r)
{
	attempts_close(r);
	resolver_cancel(&r->question);
	ev_timer_at(the->ev, &r->deadline, 0);
	ev_timer_at(the->ev, &r->stagger, 0);
}

/* Attempts may still have an event in this turn's batch. */
static void
reach_free(struct reach *r)
{
	stop(r);
	ev_undefer(the->ev, &r->finish);
	free(r->talk.request);
	if (r->attempt != NULL)
		ev_free_later(the->ev, r->attempt);
	ev_free_later(the->ev, r);
}

/*
 * Watch it again only now: what happened to the socket while it was ours is then reported to
 * its new owner too.
 */
static void
on_finish(struct ev_task *task)
{
	struct reach *r = EV_CONTAINER(task, struct reach, finish);

	if (r->io->fd != -1)
		(void)ev_mod(the->ev, r->io, EV_READ | EV_WRITE | EV_EDGE);
	r->done(r->arg, r->io->fd != -1 ? NULL : r->why);
	reach_free(r);
}

static void
end(struct reach *r)
{
	stop(r);
	ev_defer(the->ev, &r->finish);
}

/* The next try may be in another network: what resolv.conf says by then counts. */
static void
failed(struct reach *r)
{
	drop_socket(r);
	resolver_reload(the->resolver);
	end(r);
}

static void
proxy_failed(struct reach *r, const char *what)
{
	snprintf(r->why, sizeof(r->why), "the proxy %s", what);
	failed(r);
}

static void
on_deadline(struct ev_timer *t)
{
	struct reach *r = EV_CONTAINER(t, struct reach, deadline);

	if (r->io->fd != -1) {
		proxy_failed(r, r->talk.total == 0 ? "does not answer" :
		    "does not finish its answer");
		return;
	}
	snprintf(r->why, sizeof(r->why), "%s",
	    r->attempts == 0 ? "no answer from DNS" : "timed out");
	failed(r);
}

/* ---- through a proxy: RFC 9110 9.3.6 ---- */

/* An error here is left to reading, which finds it, and before it what the proxy has said. */
static void
ask_proxy(struct reach *r)
{
	struct talk *t = &r->talk;
	ssize_t n;

	if (t->sent == t->size)
		return;
	n = send(r->io->fd, t->request + t->sent, t->size - t->sent, MSG_NOSIGNAL);
	if (n > 0)
		t->sent += (size_t)n;
}

/* Take what was only peeked at so far: never a byte of what follows the head. */
static void
take_answer(struct reach *r, size_t n)
{
	r->talk.total += n;
	while (n > 0) {
		ssize_t got = recv(r->io->fd, r->talk.answer + r->talk.used, n, 0);

		if (got <= 0)
			return;		/* can't happen with bytes at hand */
		r->talk.used += (size_t)got;
		n -= (size_t)got;
	}
}

static void
read_status(struct reach *r, const struct http1_response *answer)
{
	char what[32];

	if (answer->status < 200 && answer->status != 101) {	/* another head follows */
		r->talk.used = 0;
		r->talk.scan = (struct http1_scan){ 0 };
	} else if (answer->status / 100 == 2) {
		end(r);
	} else {
		snprintf(what, sizeof(what), "answers %u", answer->status);
		proxy_failed(r, what);
	}
}

/* n more bytes are at hand. */
static void
read_answer(struct reach *r, size_t n)
{
	struct talk *t = &r->talk;
	struct http1_response answer;

	switch (http1_response_to_connect(&t->scan, t->answer, t->used + n, &answer)) {
	case HTTP1_OK:
		take_answer(r, answer.msg.size - t->used);
		read_status(r, &answer);
		break;
	case HTTP1_MORE:
		take_answer(r, n);
		break;
	case HTTP1_BAD:
	case HTTP1_CONNECT:
	case HTTP1_TARGET_LONG:
	case HTTP1_HEAD_LONG:
	case HTTP1_CODING:
	case HTTP1_VERSION:
	case HTTP1_TLS:
		proxy_failed(r, "does not answer in HTTP");
		break;
	}
}

static void
hear_proxy(struct reach *r)
{
	struct talk *t = &r->talk;

	while (!r->finish.queued) {
		ssize_t n = recv(r->io->fd, t->answer + t->used, ANSWER_MAX - t->total, MSG_PEEK);

		if (t->total == ANSWER_MAX)
			proxy_failed(r, "sends too long an answer");
		else if (n > 0)
			read_answer(r, (size_t)n);
		else if (n == -1 && errno == EAGAIN)
			return;
		else
			proxy_failed(r, "closed the connection");
	}
}

void
reach_on_io(struct reach *r, unsigned events)
{
	if (events & EV_WRITE)
		ask_proxy(r);
	if (events & EV_READ)
		hear_proxy(r);
}

/* ---- addresses, side by side ---- */

static void try_next(struct reach *r);

static void
won(struct attempt *a)
{
	struct reach *r = a->reach;

	r->io->fd = a->io.fd;
	a->io.fd = -1;
	r->under_way--;
	endpoint_of(&a->sa, &r->vain->addr[r->vain->n++ % REACH_ADDRESSES_MAX]);
	attempts_close(r);
	ev_timer_at(the->ev, &r->stagger, 0);
	sock_nodelay(r->io->fd);
	if (r->talk.request == NULL)
		end(r);
	else
		(void)ev_mod(the->ev, r->io, EV_READ | EV_WRITE | EV_EDGE);
}

static void
note_error(struct attempt *a, int error)
{
	struct reach *r = a->reach;
	char text[ENDPOINT_TEXT_MAX];
	struct endpoint e;

	endpoint_of(&a->sa, &e);
	snprintf(r->why, sizeof(r->why), "%s%s: %s", r->talk.request == NULL ? "" : "proxy ",
	    endpoint_text(&e, text), strerror(error));
}

static void
on_attempt(struct ev_io *io, unsigned events)
{
	struct attempt *a = EV_CONTAINER(io, struct attempt, io);

	if (events & EV_ERROR) {
		note_error(a, sock_error(io->fd));
		attempt_close(a);
		try_next(a->reach);
	} else if (events & EV_WRITE) {
		won(a);
	}
}

/* Whether it is under way: one that is connected at once has its event for that, too. */
static bool
attempt_start(struct attempt *a)
{
	struct reach *r = a->reach;
	enum sock_connect c = sock_connect(&a->sa, a->len, true, &a->io.fd);

	if (c == SOCK_CONNECTED || c == SOCK_CONNECTING) {
		r->under_way++;
		if (ev_add(the->ev, &a->io, EV_READ | EV_WRITE | EV_EDGE) == 0)
			return true;
	}
	note_error(a, errno);
	attempt_close(a);
	return false;
}

/* The next address; one that fails at once makes room for the one after it. */
static void
try_next(struct reach *r)
{
	while (r->next < r->attempts) {
		if (attempt_start(&r->attempt[r->next++])) {
			ev_timer_in(the->ev, &r->stagger, STAGGER_MS);
			return;
		}
	}
	if (r->under_way == 0)
		failed(r);
}

static void
on_stagger(struct ev_timer *t)
{
	try_next(EV_CONTAINER(t, struct reach, stagger));
}

static void
put_last(struct reach *r, const struct endpoint *e)
{
	for (size_t i = 0; i < r->attempts; i++) {
		struct attempt a = r->attempt[i];
		struct endpoint at;

		endpoint_of(&a.sa, &at);
		if (!endpoint_same_ip(&at, e))
			continue;
		memmove(&r->attempt[i], &r->attempt[i + 1], (r->attempts - i - 1) * sizeof(a));
		r->attempt[r->attempts - 1] = a;
		return;
	}
}

/* Those that were connected to in vain: the later, the farther behind. */
static void
put_off_the_vain(struct reach *r)
{
	const struct reach_vain *v = r->vain;
	unsigned at = v->n > REACH_ADDRESSES_MAX ? v->n - REACH_ADDRESSES_MAX : 0;

	for (; at < v->n; at++)
		put_last(r, &v->addr[at % REACH_ADDRESSES_MAX]);
}

static bool
make_attempts(struct reach *r, size_t n)
{
	r->attempt = calloc(n, sizeof(*r->attempt));
	if (r->attempt == NULL) {
		snprintf(r->why, sizeof(r->why), "%s", strerror(errno));
		failed(r);
		return false;
	}
	r->attempts = n;
	for (size_t i = 0; i < n; i++)
		r->attempt[i] = (struct attempt){ .reach = r, .io = { -1, on_attempt } };
	return true;
}

/* The next address of a family (of any other when v6 is false) from *at on; n: none. */
static size_t
next_of(const struct endpoint *addr, size_t n, size_t at, bool v6)
{
	while (at < n && (addr[at].family == AF_INET6) != v6)
		at++;
	return at;
}

/* Families take turns, v6 first, each in the order the resolver gave (RFC 8305 4). */
static void
take_turns(struct reach *r, const struct endpoint *addr, size_t n)
{
	size_t at[2] = { next_of(addr, n, 0, true), next_of(addr, n, 0, false) };
	bool v6 = true;

	for (size_t i = 0; i < r->attempts; i++, v6 = !v6) {
		if (at[v6 ? 0 : 1] == n)
			v6 = !v6;
		size_t *from = &at[v6 ? 0 : 1];
		struct endpoint e = addr[*from];

		e.port = r->place.ip.port;
		r->attempt[i].len = endpoint_sockaddr(&e, &r->attempt[i].sa);
		*from = next_of(addr, n, *from + 1, v6);
	}
}

static void
on_addresses(struct resolve *q, const struct endpoint *addr, size_t n)
{
	struct reach *r = EV_CONTAINER(q, struct reach, question);

	resolver_doubt(the->resolver, r->place.host);	/* the next dial asks again */
	if (n == 0) {
		snprintf(r->why, sizeof(r->why), "no address found for the name%s",
		    r->talk.request == NULL ? "" : " of the proxy");
		failed(r);
	} else if (make_attempts(r, n > REACH_ADDRESSES_MAX ? REACH_ADDRESSES_MAX : n)) {
		take_turns(r, addr, n);
		put_off_the_vain(r);
		try_next(r);
	}
}

static void
begin(struct reach *r)
{
	if (r->place.kind == ADDR_HOST) {
		r->question.cb = on_addresses;
		resolver_ask(the->resolver, &r->question, r->place.host);
	} else if (make_attempts(r, 1)) {
		r->attempt[0].len = addr_sockaddr(&r->place, &r->attempt[0].sa);
		try_next(r);
	}
}

/* ---- the life of a reach ---- */

static bool
write_request(struct talk *t, const char *server)
{
	int n = asprintf(&t->request, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n", server, server);

	if (n == -1)
		return false;
	t->size = (size_t)n;
	return true;
}

struct reach *
reach_start(const char *server, uint64_t timeout_ms, struct reach_vain *vain, struct ev_io *io,
    reach_done *done, void *arg)
{
	const char *proxy = the->opts->proxy;
	struct slice place;
	struct reach *r;

	if (slice_starts(slice_str(server), "unix:"))	/* no proxy leads there, and none has to */
		proxy = NULL;
	place = proxy == NULL ? slice_str(server) : proxy_authority(proxy);
	r = calloc(1, sizeof(*r) + place.len);
	if (r == NULL)
		return NULL;
	memcpy(r->text, place.p, place.len);
	if (addr_parse(slice_of(r->text, place.len), 0, &r->place) != ADDR_OK ||
	    (proxy != NULL && !write_request(&r->talk, server))) {
		free(r);
		return NULL;
	}
	io->fd = -1;
	r->vain = vain;
	r->io = io;
	r->done = done;
	r->arg = arg;
	r->deadline.cb = on_deadline;
	r->stagger.cb = on_stagger;
	r->finish.cb = on_finish;
	ev_timer_in(the->ev, &r->deadline, timeout_ms);
	begin(r);
	return r;
}

void
reach_cancel(struct reach *r)
{
	if (r == NULL)
		return;
	drop_socket(r);
	reach_free(r);
}
