/* SPDX-License-Identifier: ISC */
/* One client and its requests; its states are drawn in httpredir.h. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "httpredir.h"
#include "log.h"
#include "proxyhdr.h"
#include "sock.h"

#define TURN_READS 16		/* a client and turn, then others get theirs */
#define LINGER_MS 2000		/* how long a client may take to read its last answer and close */
#define RETRY_LINE "Retry-After: 5\r\n"

struct httpredir *the;

static const char *const state_name[] = { "HEADER", "HEAD", "ANSWER", "PROXY", "RELAY", "LINGER", "CLOSED" };

/* The states each one may be followed by. */
#define TO(s) (1u << CLIENT_##s)
static const unsigned arrows[] = {
	[CLIENT_HEADER] = TO(HEAD) | TO(CLOSED),
	[CLIENT_HEAD] = TO(ANSWER) | TO(PROXY) | TO(LINGER) | TO(CLOSED),
	[CLIENT_ANSWER] = TO(HEAD) | TO(LINGER) | TO(CLOSED),
	[CLIENT_PROXY] = TO(HEAD) | TO(ANSWER) | TO(RELAY) | TO(LINGER) | TO(CLOSED),
	[CLIENT_RELAY] = TO(CLOSED),
	[CLIENT_LINGER] = TO(CLOSED),
	[CLIENT_CLOSED] = 0,
};

/* ---- states ---- */

static uint64_t
deadline_ms(const struct client *c)
{
	const struct serve_conf *conf = the->serve->conf;

	switch ((enum client_state)c->state) {
	case CLIENT_HEADER:
		return conf->hello_ms;
	case CLIENT_HEAD:
		return c->idle ? conf->idle_ms : conf->hello_ms;
	case CLIENT_ANSWER:
		return conf->idle_ms;
	case CLIENT_PROXY:
		return proxy_deadline_ms(c->proxy);
	case CLIENT_RELAY:
		return tunnel_silence_ms(c->tunnel);
	case CLIENT_LINGER:
		return LINGER_MS;
	case CLIENT_CLOSED:
		break;
	}
	return 0;
}

void
client_rearm(struct client *c)
{
	ev_timer_in(the->serve->ev, &c->deadline, deadline_ms(c));
}

static void
client_enter(struct client *c, enum client_state next)
{
	assert(arrows[c->state] >> next & 1);	/* a new arrow goes in the diagram too */
	log_debug("conn=%llu %s -> %s", (unsigned long long)c->base.id, state_name[c->state], state_name[next]);
	c->state = next;
	client_rearm(c);
}

/* ---- names and routes ---- */

struct slice
client_route(const struct client *c, char room[static ROUTE_TEXT_MAX])
{
	struct slice name = slice_of(c->name, c->name_len);

	if (c->rank == ROUTES_NO_MATCH)
		return slice_of(NULL, 0);
	if (c->rank == ROUTES_DEFAULT)
		return slice_str("*");
	if (c->rank == ROUTES_EXACT)
		return name;
	room[0] = '*';		/* a wildcard's rank is the length of its suffix */
	room[1] = '.';
	memcpy(room + 2, name.p + name.len - c->rank, (size_t)c->rank);
	return slice_of(room, (size_t)c->rank + 2);
}

uint64_t
client_max_key(const struct client *c)
{
	char room[ROUTE_TEXT_MAX];
	struct slice route = client_route(c, room);

	return quota_key_text(the->serve->quota, route.p, route.len);
}

int
client_find_route(const struct client *c, struct route *route)
{
	struct slice name = c->named ? slice_of(c->name, c->name_len) : slice_of(NULL, 0);

	return routeset_find(the->serve->routes, ROUTES_HTTP, name, slice_of(NULL, 0), route);
}

/* Remember the host asked for; a connection kept for another one's sake is of no more use. False: no memory. */
static bool
set_name(struct client *c, struct slice host)
{
	char lower[HOST_MAX + 1];
	size_t len = host_normalize(host, lower);

	if (len > 0)
		host = slice_of(lower, len);
	c->named = len > 0;
	if (slice_eq(host, slice_of(c->name, c->name_len)))
		return true;
	backend_close(c->kept, false);
	c->kept = NULL;
	c->rank = ROUTES_NO_MATCH;
	free(c->name);
	c->name_len = 0;
	c->name = host.len == 0 ? NULL : malloc(host.len);
	if (c->name == NULL)
		return host.len == 0;
	memcpy(c->name, host.p, host.len);
	c->name_len = (uint8_t)host.len;
	return true;
}

/* ---- the end ---- */

static void
log_end(struct client *c, enum conn_end end)
{
	struct serve *s = the->serve;
	char room[ROUTE_TEXT_MAX];
	struct connlog line = { .name = slice_of(c->name, c->name_len), .route = client_route(c, room),
		.hello = c->verdict, .rx = c->rx, .tx = c->tx };

	if (c->target != NULL)
		line.target = slice_str(target_text(c->target));
	serve_leave(s, &c->base, end, &line);
}

/* A reset where an answer was cut off: it must not look like a whole one. */
static void
close_fds(struct client *c, bool reset)
{
	if (c->out_fd != c->io.fd && c->out_fd != -1)
		close(c->out_fd);
	if (c->io.fd != -1 && reset)
		sock_reset(c->io.fd);
	else if (c->io.fd != -1)
		close(c->io.fd);
	c->io.fd = c->out_fd = -1;
}

void
client_close(struct client *c, enum conn_end end)
{
	enum client_state state = c->state;
	bool broken = state == CLIENT_PROXY && c->proxy != NULL;

	if (state == CLIENT_CLOSED)
		return;
	client_enter(c, CLIENT_CLOSED);
	if (broken)
		proxy_cancel(c->proxy, true);
	if (state == CLIENT_RELAY)
		tunnel_free(c->tunnel, end);
	backend_close(c->kept, false);
	close_fds(c, broken);
	log_end(c, end);
	target_forget(the->dialer, c->target);
	source_drop(&c->src);
	free(c->out);
	free(c->name);
	free(c->local);
	ev_free_later(the->serve->ev, c);
}

/* There is more to read, in a later turn: being looked at anew, the descriptor tells its state again. */
static void
yield_turn(struct client *c)
{
	(void)ev_mod(the->serve->ev, &c->io, EV_READ | EV_WRITE | EV_EDGE);
}

/* Read what the client still sends, so that closing does not turn into a reset that overtakes the answer. */
static void
linger(struct client *c)
{
	int turns = TURN_READS;
	ssize_t n = 1;

	while (n > 0 && turns-- > 0)
		n = read(c->io.fd, relay_scratch(the->relays), SOURCE_CHUNK);
	if (n > 0)
		yield_turn(c);
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		client_close(c, c->end);
}

/* The last answer is out. */
static void
depart(struct client *c)
{
	if (!c->linger && !source_has(&c->src) && (!c->src.readable || c->src.fin)) {
		client_close(c, c->end);
		return;
	}
	source_drop(&c->src);
	client_enter(c, CLIENT_LINGER);
	if (c->out_fd != c->io.fd) {
		close(c->out_fd);
		c->out_fd = -1;
	} else {
		(void)shutdown(c->out_fd, SHUT_WR);
	}
	linger(c);
}

/* ---- writing ---- */

bool
client_put(struct client *c, struct iovec *iov, int n, bool done)
{
	switch (put(c->out_fd, iov, n, done && c->last, &c->out, &c->tx)) {
	case PUT_ALL:
		return true;
	case PUT_PART:
		c->writable = false;
		return true;
	case PUT_GONE:
		break;
	}
	return false;
}

bool
client_flush(struct client *c)
{
	if (!c->writable)
		return true;
	switch (put_left(c->out_fd, &c->out, &c->tx)) {
	case PUT_ALL:
		return true;
	case PUT_PART:
		c->writable = false;
		return true;
	case PUT_GONE:
		break;
	}
	return false;
}

static void
count(size_t metric, unsigned status)
{
	struct serve *s = the->serve;

	metrics_add(s->metrics, s->worker, metric, 1);
	metrics_add(s->metrics, s->worker, M_ANSWER + status / 100 - 2, 1);
}

/* An error of ours, to out; its length. */
static size_t
write_error(struct client *c, unsigned status, bool to_head, bool old, enum conn_end end, char *out)
{
	const struct answer a = { .status = status, .to_head = to_head, .old = old, .last = c->last,
		.extra = status == 503 ? RETRY_LINE : status == 405 ? "Allow: GET, HEAD\r\n" : NULL };

	c->end = end;
	count(M_REQ_REFUSED, status);
	return answer_error(&a, out);
}

static void serve_requests(struct client *c);

/* An answer is out, or waits in c->out: go on with the next request, or end. */
void
client_answered(struct client *c)
{
	if (c->out != NULL) {
		if (c->state != CLIENT_ANSWER)
			client_enter(c, CLIENT_ANSWER);
		return;
	}
	c->last |= the->serve->draining;
	if (c->last) {
		depart(c);
		return;
	}
	c->idle = true;
	client_enter(c, CLIENT_HEAD);
	serve_requests(c);
}

void
client_refuse(struct client *c, unsigned status, bool to_head, bool old, enum conn_end end)
{
	struct iovec iov = { the->out, 0 };

	c->last |= the->serve->draining;
	iov.iov_len = write_error(c, status, to_head, old, end, the->out);
	if (c->out != NULL || !client_put(c, &iov, 1, true))
		client_close(c, END_CLIENT_RESET);
	else
		client_answered(c);
}

/* ---- one request ---- */

/* A request and the answers gathered in the->out so far. */
struct turn {
	struct http1_request req;
	struct slice rest;	/* bytes behind the head */
	size_t out;		/* bytes of the->out */
	bool stale;		/* rest is of no use without more */
};

/* The body of a request we answer ourselves: passed over when it is here, else the connection ends with the answer. */
static void
pass_over_body(struct client *c, struct turn *t)
{
	if (t->req.msg.framing == HTTP1_NO_BODY)
		return;
	if (t->req.msg.framing == HTTP1_LENGTH && t->req.msg.length <= t->rest.len)
		t->rest = slice_skip(t->rest, (size_t)t->req.msg.length);
	else
		c->last = c->linger = true;
}

static void
refuse(struct client *c, struct turn *t, unsigned status, enum conn_end end)
{
	pass_over_body(c, t);
	t->out += write_error(c, status, t->req.is_head, t->req.msg.minor == 0, end, the->out + t->out);
}

static void
serve_acme(struct client *c, struct turn *t)
{
	struct answer a = { .status = 200, .to_head = t->req.is_head, .old = t->req.msg.minor == 0 };
	struct slice token = slice_skip(t->req.path, strlen(ACME_PREFIX));
	char text[ACME_MAX];
	long len;

	if (!t->req.is_head && !slice_is(t->req.method, "GET")) {
		refuse(c, t, 405, END_CLOSED);
		return;
	}
	len = acme_read(the->opts->webroot, token, text);
	if (len == -1) {
		refuse(c, t, 404, END_NO_ROUTE);
		return;
	}
	pass_over_body(c, t);
	a.last = c->last;
	t->out += answer_text(&a, (size_t)len, the->out + t->out);
	if (!a.to_head) {
		memcpy(the->out + t->out, text, (size_t)len);
		t->out += (size_t)len;
	}
	c->end = END_CLOSED;
	count(M_REQ_ACME, 200);
}

static void
redirect(struct client *c, struct turn *t)
{
	struct answer a = { .status = (unsigned)the->opts->status, .old = t->req.msg.minor == 0 };

	if (c->name_len == 0) {		/* version 1.0 without Host: there is no place to name */
		c->last = c->linger = true;
		refuse(c, t, 400, END_NO_ROUTE);
		return;
	}
	pass_over_body(c, t);
	a.last = c->last;
	t->out += answer_redirect(&a, slice_of(c->name, c->name_len), t->req.path, the->out + t->out);
	c->end = END_CLOSED;
	count(M_REQ_REDIRECT, a.status);
}

static bool
flush_turn(struct client *c, struct turn *t, bool done)
{
	struct iovec iov = { the->out, t->out };

	t->out = 0;
	if (iov.iov_len == 0 || client_put(c, &iov, 1, done))
		return true;
	client_close(c, END_CLIENT_RESET);
	return false;
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
	if (route->max != 0 && !quota_take(s->quota, s->worker, client_max_key(c), route->max)) {
		refuse(c, t, 503, END_LIMIT);
		return;
	}
	switch (proxy_start(c, &t->req, route, &t->rest)) {
	case PROXY_STARTED:
		metrics_add(s->metrics, s->worker, M_REQ_PROXY, 1);
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
		quota_drop(s->quota, s->worker, client_max_key(c));
}

static void
follow_route(struct client *c, struct turn *t)
{
	struct route route;
	int rank = client_find_route(c, &route);

	c->rank = (int16_t)rank;
	if (rank == ROUTES_NO_MATCH)
		refuse(c, t, 404, END_NO_ROUTE);
	else if ((route.deny.p != NULL && cidr_list_has(route.deny, &c->base.peer)) ||
	    (route.allow.p != NULL && !cidr_list_has(route.allow, &c->base.peer)))
		refuse(c, t, 403, END_DENIED);
	else if (slice_is(route.key, "http"))
		send_on(c, t, &route);
	else if (the->opts->https)
		refuse(c, t, 404, END_NO_ROUTE);
	else
		redirect(c, t);
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
	log_debug("conn=%llu method=" SLICE_FMT " name=" SLICE_FMT " target=" SLICE_FMT, (unsigned long long)c->base.id,
	    SLICE_ARG(t->req.method), SLICE_ARG(t->req.host), SLICE_ARG(t->req.target));
	if (the->opts->webroot != NULL && slice_starts(t->req.path, ACME_PREFIX))
		serve_acme(c, t);
	else if (the->serve->conf->routes.n > 0)
		follow_route(c, t);
	else
		redirect(c, t);
}

/* What is no request: nothing behind it is read as one. */
static void
refuse_head(struct client *c, struct turn *t, enum http1_result r)
{
	bool big = r == HTTP1_TARGET_LONG || r == HTTP1_HEAD_LONG;

	c->verdict = big ? HELLO_TOO_BIG : HELLO_MALFORMED;
	c->last = c->linger = true;
	if (r == HTTP1_TLS) {
		uint16_t version = t->rest.len < 11 ? 0x0301 : (uint16_t)(0x0300 | (t->rest.p[10] & 3));

		hello_alert(ALERT_HANDSHAKE_FAILURE, version, (uint8_t *)the->out + t->out);
		t->out += HELLO_ALERT_LEN;
		c->end = END_HELLO;
	} else {
		t->out += write_error(c, http1_status(r), false, false, END_HELLO, the->out + t->out);
	}
	t->rest = slice_of(NULL, 0);
}

/* ---- all that has come ---- */

/* Requests, as many as are here whole; their answers go out in one write. */
static void
take_bytes(struct client *c, struct slice bytes)
{
	struct turn t = { .rest = bytes };
	bool answered = false;

	if (slice_is(bytes, "\r\n")) {	/* some clients end a request so: it begins no other one (RFC 9112 2.2) */
		source_drop(&c->src);
		return;
	}
	while (t.rest.len > 0 && c->state == CLIENT_HEAD && c->out == NULL && !(answered && c->last)) {
		enum http1_result r = http1_request(&c->scan, t.rest.p, t.rest.len, &t.req);

		if (r == HTTP1_MORE) {
			t.stale = true;
			break;
		}
		c->scan = (struct http1_scan){ 0 };
		answered = true;
		if (r == HTTP1_OK) {
			t.rest = slice_skip(t.rest, t.req.msg.size);
			take_request(c, &t);
		} else {
			refuse_head(c, &t, r);
		}
		if (c->state != CLIENT_CLOSED && t.out > OUT_MAX / 2 && !flush_turn(c, &t, false))
			return;
	}
	if (c->state == CLIENT_CLOSED || !flush_turn(c, &t, answered && c->state == CLIENT_HEAD))
		return;
	if (!source_keep(&c->src, t.rest, t.stale)) {
		client_close(c, END_LIMIT);
		return;
	}
	if (c->state != CLIENT_HEAD)
		return;
	if (answered && (c->out != NULL || c->last)) {
		client_answered(c);
		return;
	}
	if (t.rest.len == 0 || answered || c->idle) {
		c->idle = t.rest.len == 0;
		client_rearm(c);
	}
}

/* The client has ended its direction. */
static void
on_end(struct client *c)
{
	if (source_has(&c->src) || c->verdict == HELLO_NONE) {
		c->verdict = HELLO_EOF;
		client_close(c, END_HELLO);
	} else {
		client_close(c, c->end);
	}
}

/* Take a PROXY header off the front of the bytes. */
static void
take_header(struct client *c, struct slice bytes)
{
	struct proxyhdr h;
	size_t used;

	switch (proxyhdr_read((const uint8_t *)bytes.p, bytes.len, &h, &used)) {
	case PROXYHDR_MORE:
		if (!source_keep(&c->src, bytes, true))
			client_close(c, END_LIMIT);
		return;
	case PROXYHDR_ABSENT:
	case PROXYHDR_BAD:
		c->verdict = HELLO_MALFORMED;
		client_close(c, END_HELLO);
		return;
	case PROXYHDR_OK:
		break;
	}
	c->rx -= used;
	if (h.src.family != AF_UNSPEC) {
		c->base.peer = h.src;
		c->local = malloc(sizeof(*c->local));
		if (c->local != NULL)
			*c->local = h.dst;
	}
	if (!source_keep(&c->src, slice_skip(bytes, used), false)) {
		client_close(c, END_LIMIT);
		return;
	}
	c->state = CLIENT_HEAD;		/* its deadline runs since the client came */
}

static void
serve_requests(struct client *c)
{
	int turns = TURN_READS;

	while (c->state == CLIENT_HEAD || c->state == CLIENT_HEADER) {
		size_t held = source_peek(&c->src).len;
		bool fresh = held == 0 || c->src.stale;
		struct slice bytes;

		if (turns-- == 0) {
			yield_turn(c);
			return;
		}
		switch (source_get(&c->src, c->io.fd, relay_scratch(the->relays), SOURCE_CHUNK, &bytes)) {
		case SOURCE_NONE:
			return;
		case SOURCE_END:
			on_end(c);
			return;
		case SOURCE_BROKEN:
			client_close(c, END_CLIENT_RESET);
			return;
		case SOURCE_FULL:
			client_close(c, END_LIMIT);
			return;
		case SOURCE_BYTES:
			break;
		}
		c->rx += fresh ? bytes.len - held : 0;
		if (c->state == CLIENT_HEADER)
			take_header(c, bytes);
		else
			take_bytes(c, bytes);
	}
}

/* ---- events ---- */

static void
on_deadline(struct ev_timer *timer)
{
	struct client *c = EV_CONTAINER(timer, struct client, deadline);
	bool begun = source_has(&c->src);

	switch ((enum client_state)c->state) {
	case CLIENT_HEADER:
		c->verdict = HELLO_TIMEOUT;
		client_close(c, END_HELLO);
		break;
	case CLIENT_HEAD:
		if (c->idle && !begun) {
			client_close(c, END_IDLE);
			break;
		}
		c->verdict = HELLO_TIMEOUT;
		c->last = c->linger = true;
		source_drop(&c->src);
		if (begun)
			client_refuse(c, 408, false, false, END_HELLO);
		else
			client_close(c, END_HELLO);
		break;
	case CLIENT_ANSWER:
		client_close(c, END_IDLE);
		break;
	case CLIENT_PROXY:
		proxy_on_deadline(c->proxy);
		break;
	case CLIENT_RELAY:
		tunnel_on_deadline(c->tunnel);
		break;
	case CLIENT_LINGER:
		client_close(c, c->end);
		break;
	case CLIENT_CLOSED:
		break;
	}
}

static void
on_answer(struct client *c)
{
	if (!client_flush(c))
		client_close(c, END_CLIENT_RESET);
	else if (c->out == NULL)
		client_answered(c);
}

static void
on_client(struct ev_io *io, unsigned events)
{
	struct client *c = EV_CONTAINER(io, struct client, io);

	source_note(&c->src, events);
	if (events & EV_WRITE)
		c->writable = true;
	switch ((enum client_state)c->state) {
	case CLIENT_HEADER:
	case CLIENT_HEAD:
		serve_requests(c);
		break;
	case CLIENT_ANSWER:
		on_answer(c);
		break;
	case CLIENT_PROXY:
		if (events & EV_ERROR)
			client_close(c, END_CLIENT_RESET);
		else
			proxy_on_client(c->proxy);
		break;
	case CLIENT_LINGER:
		linger(c);
		break;
	case CLIENT_RELAY:	/* the tunnel's own callback has it */
	case CLIENT_CLOSED:	/* fired in the batch that closed it */
		break;
	}
}

/* The pipe we write to, of one connection over two pipes. */
static void
on_out(struct ev_io *io, unsigned events)
{
	struct client *c = EV_CONTAINER(the->serve->conns, struct client, base);

	(void)io;
	if (the->serve->conns == NULL)
		return;
	c->writable = true;
	if (c->state == CLIENT_ANSWER)
		on_answer(c);
	else if (c->state == CLIENT_PROXY)
		proxy_on_client(c->proxy);
	else if (c->state == CLIENT_RELAY)
		tunnel_on_out(c->tunnel, events);
}

void
client_relay(struct client *c, struct tunnel *t)
{
	c->tunnel = t;
	client_enter(c, CLIENT_RELAY);
}

static int
watch(struct client *c)
{
	if (c->out_fd != c->io.fd && c->out_fd != -1) {
		the->out_io = (struct ev_io){ c->out_fd, on_out };
		if (ev_add(the->serve->ev, &the->out_io, EV_WRITE | EV_EDGE) == -1)
			return -1;
	}
	return ev_add(the->serve->ev, &c->io, EV_READ | EV_WRITE | EV_EDGE);
}

/* ---- serve_ops ---- */

static void
on_accept(struct serve *s, const struct serve_client *client)
{
	struct client *c = calloc(1, sizeof(*c));

	if (c == NULL) {
		serve_turn_away(s, client);
		return;
	}
	c->io = (struct ev_io){ client->in_fd, on_client };
	c->out_fd = client->out_fd;
	c->deadline.cb = on_deadline;
	c->src.readable = c->writable = true;
	c->verdict = HELLO_NONE;
	c->rank = ROUTES_NO_MATCH;
	c->end = END_CLOSED;
	c->state = serve_wants_proxyhdr(s->conf, &client->peer) ? CLIENT_HEADER : CLIENT_HEAD;
	serve_enter(s, &c->base, client);
	client_rearm(c);
	serve_requests(c);
	if (c->state != CLIENT_CLOSED && watch(c) == -1)
		client_close(c, END_LIMIT);
}

static int
start(struct serve *s)
{
	the = s->arg;
	the->serve = s;
	the->dialer = dialer_new(s->ev, s->conf->connect_ms);
	the->relays = relay_pool_new(s->ev, s->max_pipes, tunnel_more);
	return the->dialer == NULL || the->relays == NULL ? -1 : 0;
}

static void
on_hup(struct serve *s)
{
	(void)s;
	dialer_reload(the->dialer);
}

/* Who has no request under way has nothing to wait for. */
static void
on_drain(struct serve *s)
{
	for (struct serve_conn *next, *base = s->conns; base != NULL; base = next) {
		struct client *c = EV_CONTAINER(base, struct client, base);

		next = base->next;
		if (c->state == CLIENT_HEAD && !source_has(&c->src))
			client_close(c, END_DRAIN);
	}
	backend_drop_resting();
}

static void
cut(struct serve *s, struct serve_conn *base)
{
	(void)s;
	client_close(EV_CONTAINER(base, struct client, base), END_DRAIN);
}

const struct serve_ops client_ops = {
	.start = start,
	.accept = on_accept,
	.cut = cut,
	.hup = on_hup,
	.drain = on_drain,
};
