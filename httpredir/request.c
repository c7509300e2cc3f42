/* SPDX-License-Identifier: ISC */
/* The requests that have come: each is answered here, or sent on its way by proxy.c. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "httpredir.h"
#include "log.h"

#define RETRY_LINE "Retry-After: 5\r\n"
#define DROP_MAX 262144u	/* bytes of a body we pass over to keep the connection */

/* ---- names and routes ---- */

struct slice
request_route(const struct client *c, char room[static HOST_PATTERN_MAX])
{
	return routes_rank_name(c->rank, slice_of(c->name, c->name_len), room);
}

struct slice
request_name(const struct client *c, char room[static HOST_MAX + 1])
{
	struct route route;
	size_t len = 0;

	if (!c->named && c->rank == ROUTES_DEFAULT && request_find_route(c, &route) == c->rank)
		len = host_normalize(route.as, room);
	return len > 0 ? slice_of(room, len) : slice_of(c->name, c->name_len);
}

uint64_t
request_max_key(const struct client *c)
{
	char room[HOST_PATTERN_MAX];
	struct slice route = request_route(c, room);

	return quota_key_text(the->serve->quota, route.p, route.len);
}

int
request_find_route(const struct client *c, struct route *route)
{
	struct slice name = c->named ? slice_of(c->name, c->name_len) : slice_of(NULL, 0);

	return routeset_find(the->serve->routes, ROUTES_HTTP, name, slice_of(NULL, 0), route);
}

/*
 * Remember the host asked for; a connection kept for another host is of no
 * more use. False: no memory.
 */
static bool
set_name(struct client *c, struct slice host)
{
	char lower[HOST_MAX + 1];
	size_t len;

	if (c->named && slice_eq(host, slice_of(c->name, c->name_len)))
		return true;
	len = host_normalize(host, lower);
	if (len > 0)
		host = slice_of(lower, len);
	c->named = len > 0;
	if (slice_eq(host, slice_of(c->name, c->name_len)))
		return true;
	backend_close(c->kept, false);
	c->kept = NULL;
	c->rank = ROUTES_NO_MATCH;
	c->redirects = 0;
	free(c->name);
	c->name_len = 0;
	c->name = host.len == 0 ? NULL : malloc(host.len);
	if (c->name == NULL)
		return host.len == 0;
	memcpy(c->name, host.p, host.len);
	c->name_len = (uint8_t)host.len;
	return true;
}

/* ---- answers ---- */

/* A request, by what became of it. */
static void
count(size_t metric)
{
	serve_count(the->serve, metric, 1);
}

/* An error of ours, not counted among the requests: some answer what proxy.c counts, or none. */
static void
add_error(struct text *out, struct client *c, struct answer a, enum conn_end end)
{
	a.last = c->last;
	a.extra = a.status == 503 ? RETRY_LINE :
	    a.status == 405 ? "Allow: GET, HEAD\r\n" : NULL;
	c->end = end;
	answer_count(a.status);
	answer_error(out, &a);
}

void
request_refuse(struct client *c, struct answer a, enum conn_end end)
{
	struct text out = text_in(the->out, OUT_MAX);
	struct iovec iov;

	c->last |= the->serve->draining;
	add_error(&out, c, a, end);
	iov = (struct iovec){ the->out, (size_t)(out.at - the->out) };
	if (c->out == NULL ? client_put(c, &iov, 1, true) :
	    client_put_later(c, slice_of(the->out, iov.iov_len)))
		client_answered(c);
}

void
request_no_room(struct client *c)
{
	c->last = c->linger = true;
	if (c->state == CLIENT_PROXY) {
		proxy_no_room(c->proxy);
	} else if (c->state == CLIENT_HEAD && c->drop == NULL) {
		request_refuse(c, (struct answer){ .status = 503 }, END_LIMIT);
	} else {
		c->end = END_LIMIT;
		client_answered(c);
	}
}

/* ---- one request ---- */

/* A request, and the answers gathered so far. */
struct turn {
	struct http1_request req;
	struct slice rest;	/* bytes after the head */
	struct text out;	/* in the->out */
	bool stale;		/* rest is of no use without more */
	bool answered;		/* a request was taken */
};

static struct answer
answer_to(const struct http1_request *req, unsigned status)
{
	return (struct answer){ .status = status, .to_head = req->is_head,
		.old = req->msg.minor == 0 };
}

/* The request is refused with an error of ours, and counted so. */
static void
add_refusal(struct client *c, struct turn *t, unsigned status, enum conn_end end)
{
	count(M_REQ_REFUSED);
	add_error(&t->out, c, answer_to(&t->req, status), end);
}

/* ---- bodies of requests we answer ourselves ---- */

struct drop {
	struct body body;
	size_t room;		/* bytes it may still have */
};

enum drop_result { DROP_OVER, DROP_MORE, DROP_LONG, DROP_BAD };

/* Advance *bytes past what belongs to the body. */
static enum drop_result
drop_take(struct drop *d, struct slice *bytes)
{
	struct wire nowhere = { .n = 0 };
	size_t used;

	if (body_take(&d->body, *bytes, &used, &nowhere) == BODY_BAD)
		return DROP_BAD;
	*bytes = slice_skip(*bytes, used);
	if (used > d->room)
		return DROP_LONG;
	d->room -= used;
	return d->body.done ? DROP_OVER : DROP_MORE;
}

/* Whether the rest of the body is worth waiting for. */
static bool
is_short(const struct drop *d)
{
	return d->body.in != HTTP1_LENGTH || d->body.left <= d->room;
}

static bool
drop_later(struct client *c, const struct drop *d)
{
	c->drop = malloc(sizeof(*c->drop));
	if (c->drop != NULL)
		*c->drop = *d;
	return c->drop != NULL;
}

/* Pass over the part of the body that is here, and see to the rest; false: it was refused. */
static bool
pass_over_body(struct client *c, struct turn *t)
{
	struct drop d = { .room = DROP_MAX };

	body_init(&d.body, &t->req.msg, HTTP1_LENGTH);
	if (d.body.done || c->linger)
		return true;
	switch (drop_take(&d, &t->rest)) {
	case DROP_OVER:
		return true;
	case DROP_MORE:
		if (!c->last && is_short(&d) && !t->req.msg.expects && drop_later(c, &d))
			return true;
		break;
	case DROP_LONG:
		break;
	case DROP_BAD:
		c->verdict = HELLO_MALFORMED;
		c->last = c->linger = true;
		add_refusal(c, t, 400, END_HELLO);
		return false;
	}
	c->last = c->linger = true;
	return true;
}

bool
request_drop_rest(struct client *c, const struct body *rest, uint64_t taken)
{
	struct drop d = { .body = *rest, .room = taken < DROP_MAX ? DROP_MAX - (size_t)taken : 0 };

	d.body.out = HTTP1_LENGTH;
	if (d.room == 0 || !is_short(&d) || !drop_later(c, &d))
		return false;
	client_enter(c, CLIENT_ANSWER);		/* in PROXY c->drop would be taken for c->proxy */
	return true;
}

/* The body is over, or is not waited for any longer. */
static void
drop_end(struct client *c, enum drop_result r)
{
	free(c->drop);
	c->drop = NULL;
	if (r == DROP_BAD) {
		c->verdict = HELLO_MALFORMED;
		c->end = END_HELLO;
	}
	c->linger |= r != DROP_OVER;
	c->last |= c->linger || the->serve->draining;
	if (c->last) {
		client_answered(c);
		return;
	}
	c->idle = true;
	client_enter(c, CLIENT_HEAD);
}

void
request_drop(struct client *c, struct slice bytes)
{
	enum drop_result r = drop_take(c->drop, &bytes);

	if (!source_keep(&c->src, bytes, r == DROP_MORE))
		request_no_room(c);
	else if (r == DROP_MORE)
		client_rearm(c);
	else
		drop_end(c, r);
}

/* ---- its answer ---- */

static void
refuse(struct client *c, struct turn *t, unsigned status, enum conn_end end)
{
	if (pass_over_body(c, t))
		add_refusal(c, t, status, end);
}

static void
serve_acme(struct client *c, struct turn *t)
{
	struct answer a = answer_to(&t->req, 200);
	struct slice token = slice_skip(t->req.path, strlen(ACME_PREFIX));
	char text[ACME_MAX];
	long len;

	if (!t->req.is_head && !slice_is(t->req.method, "GET")) {
		refuse(c, t, 405, END_DENIED);
		return;
	}
	len = acme_read(the->opts->webroot, slice_cut(&token, '?'), text);
	if (len == -1) {
		refuse(c, t, 404, END_NO_ROUTE);
		return;
	}
	if (!pass_over_body(c, t))
		return;
	a.last = c->last;
	answer_text(&t->out, &a, slice_of(text, (size_t)len));
	c->end = END_CLOSED;
	count(M_REQ_ACME);
	answer_count(a.status);
}

static void
redirect(struct client *c, struct turn *t)
{
	struct answer a = answer_to(&t->req, (unsigned)the->opts->status);

	if (c->name_len == 0) {		/* version 1.0 without Host: there is no place to name */
		refuse(c, t, 404, END_NO_ROUTE);
		return;
	}
	if (!pass_over_body(c, t))
		return;
	a.last = c->last;
	answer_redirect(&t->out, &a, slice_of(c->name, c->name_len), t->req.path);
	c->end = END_CLOSED;
	count(M_REQ_REDIRECT);
	answer_count(a.status);
}

/* False: the client is closed. */
static bool
flush_turn(struct client *c, struct turn *t, bool done)
{
	struct iovec iov = { the->out, (size_t)(t->out.at - the->out) };

	t->out.at = the->out;
	return iov.iov_len == 0 || client_put(c, &iov, 1, done);
}

static void
send_on(struct client *c, struct turn *t, const struct route *route)
{
	struct serve *s = the->serve;

	if (!flush_turn(c, t, false))
		return;
	if (c->out != NULL) {	/* earlier answers first; this one's turn comes again */
		c->last = false;
		t->rest = slice_of(t->rest.p - t->req.msg.size, t->rest.len + t->req.msg.size);
		return;
	}
	if (route->max != 0 && !quota_take(s->quota, s->worker, request_max_key(c), route->max)) {
		refuse(c, t, 503, END_LIMIT);
		return;
	}
	switch (proxy_start(c, &t->req, route, &t->rest)) {
	case PROXY_STARTED:
		client_enter(c, CLIENT_PROXY);
		return;
	case PROXY_BAD_BODY:
		c->verdict = HELLO_MALFORMED;
		c->last = c->linger = true;
		refuse(c, t, 400, END_HELLO);
		break;
	case PROXY_NO_MEMORY:
		c->last = c->linger = true;
		refuse(c, t, 503, END_LIMIT);
		break;
	}
	if (route->max != 0)
		quota_drop(s->quota, s->worker, request_max_key(c));
}

/* So will all requests of the client for this name be, while the routes stay as they are. */
static void
redirect_from_now_on(struct client *c, struct turn *t)
{
	c->redirects = routeset_version(the->serve->routes);
	redirect(c, t);
}

static void
follow_route(struct client *c, struct turn *t)
{
	struct route route;
	int rank = request_find_route(c, &route);

	c->rank = (int16_t)rank;
	if (rank == ROUTES_UNREADABLE)
		refuse(c, t, 503, END_LIMIT);
	else if (rank < ROUTES_DEFAULT)
		refuse(c, t, 404, END_NO_ROUTE);
	else if (!route_admits(&route, &c->base.peer))
		refuse(c, t, 403, END_DENIED);
	else if (slice_is(route.key, "http"))
		send_on(c, t, &route);
	else if (the->opts->https)
		refuse(c, t, 404, END_NO_ROUTE);
	else
		redirect_from_now_on(c, t);
}

static void
log_request(const struct client *c, const struct http1_request *req)
{
	char method[LOG_VALUE_MAX], name[LOG_VALUE_MAX], target[LOG_VALUE_MAX];

	if (log_wants(LOG_LEVEL_DEBUG))
		log_debug("conn=%" PRIu64 " method=%s name=%s target=%s", c->base.id,
		    log_value(req->method, method), log_value(req->host, name),
		    log_value(req->target, target));
}

static void
take_request(struct client *c, struct turn *t)
{
	c->verdict = HELLO_OK;
	c->last = !t->req.msg.keep_alive || the->serve->draining;
	if (!set_name(c, t->req.host)) {
		c->last = c->linger = true;
		refuse(c, t, 503, END_LIMIT);
		return;
	}
	log_request(c, &t->req);
	if (the->opts->webroot != NULL && slice_starts(t->req.path, ACME_PREFIX))
		serve_acme(c, t);
	else if (the->serve->conf->routes.n == 0 ||
	    c->redirects == routeset_version(the->serve->routes))
		redirect(c, t);
	else
		follow_route(c, t);
}

/* Not a request: nothing after it is read as one. */
static void
refuse_head(struct client *c, struct turn *t, enum http1_result r)
{
	bool big = r == HTTP1_TARGET_LONG || r == HTTP1_HEAD_LONG;

	c->verdict = big ? HELLO_TOO_BIG : HELLO_MALFORMED;
	c->last = c->linger = true;
	if (r == HTTP1_TLS) {
		uint16_t version = t->rest.len < 11 ? 0x0301 :
		    (uint16_t)(0x0300 | (t->rest.p[10] & 3));

		hello_alert(ALERT_HANDSHAKE_FAILURE, version, (uint8_t *)t->out.at);
		t->out.at += HELLO_ALERT_LEN;
		c->end = END_HELLO;
	} else {
		count(M_REQ_REFUSED);
		add_error(&t->out, c, (struct answer){ .status = http1_status(r) }, END_HELLO);
	}
	t->rest = slice_of(NULL, 0);
}

/* ---- all that has come ---- */

/* Empty lines begin no request: some clients end one so (RFC 9112 2.2). */
static void
skip_empty_lines(struct client *c, struct turn *t)
{
	while (slice_starts(t->rest, "\r\n")) {
		c->scan = (struct http1_scan){ 0 };
		t->rest = slice_skip(t->rest, 2);
	}
}

/* Answer the next request of what is left, or send it on its way. False: it is not here whole. */
static bool
take_first(struct client *c, struct turn *t)
{
	enum http1_result r;

	skip_empty_lines(c, t);
	if (t->rest.len == 0)
		return false;
	r = http1_request(&c->scan, t->rest.p, t->rest.len, &t->req);
	if (r == HTTP1_MORE) {
		t->stale = true;
		return false;
	}
	c->scan = (struct http1_scan){ 0 };
	t->answered = true;
	if (r == HTTP1_OK) {
		t->rest = slice_skip(t->rest, t->req.msg.size);
		take_request(c, t);
	} else {
		refuse_head(c, t, r);
	}
	return true;
}

/*
 * Whether another request may be taken now: nothing of the last one is under way,
 * and it was not the last.
 */
static bool
is_free(const struct client *c, const struct turn *t)
{
	return c->state == CLIENT_HEAD && c->out == NULL && c->drop == NULL &&
	    !(t->answered && c->last);
}

/* All is answered that can be: what comes next? */
static void
end_turn(struct client *c, const struct turn *t)
{
	bool idle = !client_has_begun(c) && c->verdict != HELLO_NONE;	/* none yet: slow */

	if (t->answered && (c->out != NULL || c->last)) {
		client_answered(c);
	} else if (c->drop != NULL) {
		client_enter(c, CLIENT_DROP);
	} else if (t->answered || c->idle != idle) {
		c->idle = idle;
		client_rearm(c);
	}
}

_Static_assert(OUT_MAX / 2 >= ACME_MAX + OUT_ANSWER &&
    OUT_MAX / 2 >= HTTP1_TARGET_MAX + HOST_MAX + OUT_ANSWER, "one more answer has room");

void
request_take(struct client *c, struct slice bytes)
{
	struct turn t;

	t.rest = bytes;
	t.out = text_in(the->out, OUT_MAX);
	t.stale = t.answered = false;
	while (t.rest.len > 0 && is_free(c, &t) && take_first(c, &t))
		if (c->state != CLIENT_CLOSED && (size_t)(t.out.at - the->out) > OUT_MAX / 2 &&
		    !flush_turn(c, &t, false))
			return;
	if (c->state == CLIENT_CLOSED || !flush_turn(c, &t, t.answered && c->state == CLIENT_HEAD))
		return;
	if (c->state == CLIENT_HEAD && c->last) {	/* nobody will look at it */
		c->linger |= t.rest.len > 0;
		t.rest.len = 0;
	}
	if (!source_keep(&c->src, t.rest, t.stale))
		request_no_room(c);
	else if (c->state == CLIENT_HEAD)
		end_turn(c, &t);
}
