/* SPDX-License-Identifier: ISC */
/*
 * One request on its way through a backend: up goes the request, down comes the answer, each as
 * far as the other end takes it. What cannot be passed on whole is broken off, so that nobody
 * takes a part for the whole.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "httpredir.h"
#include "log.h"
#include "proxyhdr.h"
#include "sock.h"

#define TURN_MAX (1024u * 1024u)	/* bytes per direction and turn, then others have theirs */

struct proxy {
	struct client *client;		/* borrowed; it ends us by proxy_cancel() */
	struct backend *backend;	/* owned */
	struct dial *dial;		/* owned while connecting, else NULL */
	struct spill *up;		/* owned: bytes the target has yet to take */
	struct spill *again;		/* owned: the whole request, while it may be sent again */
	struct ev_task more;		/* work left for a later turn */
	struct body req, res;
	uint64_t got;			/* bytes the target has sent */
	uint64_t sent;			/* bytes it has taken */
	uint64_t taken;			/* bytes of the body, as it came, taken from the client */
	uint64_t max_key;		/* a place in its route's max=, 0: none */
	enum proxyhdr_version introduced;	/* a PROXY header about the client came first: the
						   connection is for no other */
	bool to_head, old;		/* HEAD; version 1.0 */
	bool upgrade;			/* asked for */
	bool expects;			/* Expect: a body is to come, no 100 has asked for it yet */
	bool deaf;			/* the target takes no more, or no more is read for it */
	bool broken;			/* a write reported the target's reset: no read will */
	bool answering;			/* a final head has gone to the client */
	unsigned status;		/* of the final head */
	size_t counts_as;		/* the series of requests it will be in; 0: none yet */
};

enum flow { FLOW_OPEN, FLOW_OVER };	/* FLOW_OVER: stop, p is gone or waits for a dial */

/* ---- the end ---- */

static void
proxy_free(struct proxy *p, bool reset)
{
	struct serve *s = the->serve;

	dial_cancel(p->dial);
	backend_close(p->backend, reset);
	free(p->up);
	free(p->again);
	ev_undefer(s->ev, &p->more);
	quota_drop(s->quota, s->worker, p->max_key);
	if (p->counts_as != 0)
		serve_count(s, p->counts_as, 1);
	ev_free_later(s->ev, p);
}

void
proxy_cancel(struct proxy *p)
{
	proxy_free(p, true);
}

/*
 * Whether an answer's bytes show that it is incomplete. A reset would show it too,
 * but would destroy what the client has yet to read of earlier answers.
 */
static bool
shows_its_break(const struct proxy *p)
{
	return p->res.done || p->res.out == HTTP1_LENGTH || p->res.out == HTTP1_CHUNKED;
}

/*
 * Nobody takes the rest of the body any more: see to it, if it is short and sure to come.
 * False: the client's connection ends with our answer.
 */
static bool
drop_rest(const struct proxy *p)
{
	struct client *c = p->client;

	return p->req.done || (!c->last && !p->expects && request_drop_rest(c, &p->req, p->taken));
}

/*
 * No answer, or a broken one: ours instead, if nothing of it was passed on;
 * else the client must see it break.
 */
static enum flow
fail(struct proxy *p, unsigned status, enum conn_end end)
{
	struct client *c = p->client;
	struct answer ours = { .status = status, .to_head = p->to_head, .old = p->old };
	bool answering = p->answering;

	if (answering && !shows_its_break(p)) {
		client_close(c, end);
		return FLOW_OVER;
	}
	c->proxy = NULL;
	if (answering || !drop_rest(p))
		c->last = c->linger = true;
	if (!answering)
		p->counts_as = M_REQ_FAILED;
	proxy_free(p, true);
	if (answering) {
		c->end = end;
		client_answered(c);
	} else {
		request_refuse(c, ours, end);
	}
	return FLOW_OVER;
}

static enum flow
client_gone(struct proxy *p)
{
	client_close(p->client, END_CLIENT_RESET);
	return FLOW_OVER;
}

/* The answer is out. The connection rests if both sides are where the next request may begin. */
static enum flow
finish(struct proxy *p)
{
	struct client *c = p->client;
	struct backend *b = p->backend;
	/* A target that answers in place of a 100 may take the body for the next request. */
	bool clean = p->req.done && p->up == NULL && !p->deaf && !p->expects && !b->src.readable &&
	    !b->src.fin;

	if (clean && !p->upgrade && !the->serve->draining) {
		backend_rest(b, p->introduced != PROXYHDR_NONE ? c : NULL);
		p->backend = NULL;
	}
	c->open_ended = p->res.out == HTTP1_TO_CLOSE;
	c->proxy = NULL;
	proxy_free(p, !p->req.done);
	c->end = END_CLOSED;
	client_answered(c);
	return FLOW_OVER;
}

/* ---- reaching the target ---- */

static void on_dialled(void *arg, enum dial_result result, struct target *t, unsigned events);

static void
engage(struct proxy *p, struct backend *b)
{
	p->backend = b;
	b->proxy = p;
	b->src.client = p->client->base.source;
}

/* avoided: a target that has not answered, or NULL. False: no memory. */
static bool
dial(struct proxy *p, const struct route *route, const struct target *avoided)
{
	static const struct dial_ops ops = { .done = on_dialled };
	struct backend *b = backend_new();

	p->backend = NULL;
	if (b == NULL)
		return false;
	engage(p, b);
	p->dial = dial_start(the->dialer, route->targets, route->balance, &p->client->base.peer,
	    true, &p->backend->io, &ops, p);
	if (p->dial != NULL && avoided != NULL)
		dial_avoid(p->dial, avoided);
	serve_count(the->serve, M_TARGET_CONNECTS, 1);
	return p->dial != NULL;
}

/*
 * The table may be a different one by now: what was made for the old route must suit the new one.
 */
static bool
find_route_again(const struct proxy *p, struct route *route)
{
	return request_find_route(p->client, route) >= ROUTES_DEFAULT &&
	    slice_is(route->key, "http") && route->proxy == p->introduced &&
	    route_admits(route, &p->client->base.peer);
}

/*
 * The connection ended without a byte of answer: it was a kept one, or a target with a spare one
 * goes down. Send a repeatable request again, once, on a new one; to another target, if that was
 * not the end of a kept one.
 */
static bool
retry(struct proxy *p)
{
	const struct target *t = p->backend->probed ? NULL : p->backend->target;
	struct route route;

	if (p->again == NULL || p->got > 0 || !find_route_again(p, &route))
		return false;
	log_debug("conn=%" PRIu64 " target=%s ended without an answer: sent again",
	    p->client->base.id, target_text(p->backend->target));
	backend_close(p->backend, false);
	free(p->up);
	p->up = p->again;
	p->again = NULL;
	p->deaf = p->broken = false;
	p->sent = 0;
	if (dial(p, &route, t))
		client_rearm(p->client);
	else
		fail(p, 503, END_LIMIT);
	return true;
}

static enum flow
target_gone(struct proxy *p)
{
	if (retry(p))
		return FLOW_OVER;
	return fail(p, 502, END_TARGET_RESET);
}

static void
note_target(struct client *c, struct target *t)
{
	if (c->target == t)
		return;
	target_keep(t);
	target_forget(c->target);
	c->target = t;
}

/* ---- up: the request ---- */

/*
 * The target takes nothing more. It may have said why before it went: reading will show that,
 * but not a reset that this write has reported. EPIPE means that it had ended its direction before.
 */
static void
turn_deaf(struct proxy *p)
{
	p->broken = errno != EPIPE;
	p->deaf = true;
	p->backend->src.readable = true;
	free(p->up);
	p->up = NULL;
}

/* What came of it; false: we are out of memory. */
static bool
wrote(struct proxy *p, enum put_result result)
{
	switch (result) {
	case PUT_ALL:
		break;
	case PUT_PART:
		p->backend->writable = false;
		break;
	case PUT_GONE:
		turn_deaf(p);
		break;
	case PUT_NO_MEMORY:
		return false;
	}
	return true;
}

static bool
put_up(struct proxy *p, struct wire *w)
{
	return wrote(p, put(p->backend->io.fd, w->iov, w->n, false, &p->up, &p->sent));
}

static bool
flush_up(struct proxy *p)
{
	return !p->backend->writable || wrote(p, put_left(p->backend->io.fd, &p->up, &p->sent));
}

/* No memory for what the client sends: where its next request begins is lost as well. */
static enum flow
lost_body(struct proxy *p)
{
	struct client *c = p->client;

	c->last = c->linger = true;
	return fail(p, 503, END_LIMIT);
}

/* Only what belongs to this request, a tunnel after it included, is missed. */
static enum flow
no_room(struct proxy *p)
{
	struct client *c = p->client;

	if (!p->req.done || p->upgrade)
		return lost_body(p);
	c->last = c->linger = true;
	return FLOW_OPEN;
}

void
proxy_no_room(struct proxy *p)
{
	no_room(p);
}

/* An invalid chunk: the target sees its connection break, never a last chunk. */
static enum flow
bad_body(struct proxy *p)
{
	struct client *c = p->client;

	c->verdict = HELLO_MALFORMED;
	c->last = c->linger = true;
	return fail(p, 400, END_HELLO);
}

/*
 * The client has ended its direction in the middle of the body. It may still want the answer
 * that is on its way.
 */
static enum flow
cut_short(struct proxy *p)
{
	struct client *c = p->client;

	if (!p->answering)
		return client_gone(p);
	c->src.fin = true;
	c->last = c->linger = true;
	p->deaf = true;
	return FLOW_OPEN;
}

/* One read's worth of it. *more: there may be more of it to read. */
static enum flow
send_some(struct proxy *p, size_t *total, bool *more)
{
	struct client *c = p->client;
	size_t max = p->req.in == HTTP1_LENGTH && p->req.left < SOURCE_CHUNK ?
	    (size_t)p->req.left : SOURCE_CHUNK;
	size_t used, held = source_peek(&c->src).len;
	struct wire w = { .n = 0 };
	struct slice bytes;

	*more = false;
	switch (source_get(&c->src, c->io.fd, relay_scratch(the->relays), max, &bytes)) {
	case SOURCE_NONE:
		return FLOW_OPEN;
	case SOURCE_END:
		return cut_short(p);
	case SOURCE_BROKEN:
		return client_gone(p);
	case SOURCE_FULL:
		return lost_body(p);
	case SOURCE_BYTES:
		break;
	}
	*more = true;
	c->rx += bytes.len - held;
	if (body_take(&p->req, bytes, &used, &w) == BODY_BAD)
		return bad_body(p);
	*total += used;
	p->taken += used;
	if (!put_up(p, &w))
		return lost_body(p);
	return source_keep(&c->src, slice_skip(bytes, used), !p->req.done) ? FLOW_OPEN : no_room(p);
}

static enum flow
pump_up(struct proxy *p)
{
	size_t total = 0;
	bool more = true;

	while (more) {
		if (p->up != NULL && !flush_up(p))
			return fail(p, 503, END_LIMIT);
		if (p->up != NULL || p->deaf || p->req.done)
			break;
		if (total > TURN_MAX) {
			ev_defer(the->serve->ev, &p->more);
			break;
		}
		if (send_some(p, &total, &more) == FLOW_OVER)
			return FLOW_OVER;
	}
	return FLOW_OPEN;
}

/* ---- down: the answer ---- */

/* The framing the client gets: a body of unknown length is chunked, or ends with its connection. */
static enum http1_framing
framing_down(const struct proxy *p, const struct http1_response *res)
{
	enum http1_framing in = res->msg.framing;

	if (in == HTTP1_NO_BODY || in == HTTP1_LENGTH)
		return in;
	return p->old ? HTTP1_TO_CLOSE : HTTP1_CHUNKED;
}

/* Whether the client's connection ends with this answer. */
static bool
is_last(const struct proxy *p)
{
	/* an upload that is still under way may never end */
	return p->client->last || !p->req.done || the->serve->draining ||
	    p->res.out == HTTP1_TO_CLOSE;
}

/* The final head. */
static void
begin_answer(struct proxy *p, const struct http1_response *res, struct wire *w)
{
	struct onward how = { .framing = framing_down(p, res), .old = p->old };

	body_init(&p->res, &res->msg, how.framing);
	p->res.chunked.padded = true;
	how.last = is_last(p);
	if (!res->msg.keep_alive)
		p->backend->src.fin = true;	/* it will close: not to be kept */
	p->status = res->status;
	wire_add(w, the->out, forward_response(&how, res, the->out));
}

/* Nothing is wrong with what has come of it: from now on it is the answer, and no other. */
static void
settle_on_answer(struct proxy *p)
{
	struct client *c = p->client;

	c->last = is_last(p);
	c->linger |= !p->req.done;
	free(p->again);		/* the answer may go on for days */
	p->again = NULL;
	answer_count(p->status);
	p->answering = true;
}

static enum flow
put_down(struct proxy *p, struct wire *w)
{
	return w->n == 0 || client_put(p->client, w->iov, w->n, p->answering && p->res.done) ?
	    FLOW_OPEN : FLOW_OVER;
}

/* A 100 or its like: passed on, if the client's version knows them. */
static enum flow
interim(struct proxy *p, const struct http1_response *res)
{
	struct onward how = { .framing = HTTP1_NO_BODY };
	struct wire w = { .n = 0 };

	if (res->status == 100)
		p->expects = false;
	if (p->old)
		return FLOW_OPEN;
	wire_add(&w, the->out, forward_response(&how, res, the->out));
	return put_down(p, &w);
}

/* The answer is not HTTP, or no answer to what was asked. */
static enum flow
bad_answer(struct proxy *p, const char *what)
{
	log_debug("conn=%" PRIu64 " target=%s: %s", p->client->base.id,
	    target_text(p->backend->target), what);
	return fail(p, 502, END_TARGET_RESET);
}

static enum flow
switch_protocols(struct proxy *p, const struct http1_response *res, struct slice behind)
{
	struct client *c = p->client;
	struct onward how = { .upgrade = true };
	struct wire w = { .n = 0 };

	if (!p->upgrade || !res->msg.upgrade)
		return bad_answer(p, "101 that nobody asked for");
	wire_add(&w, the->out, forward_response(&how, res, the->out));
	if (put_down(p, &w) == FLOW_OVER)
		return FLOW_OVER;
	p->answering = true;
	c->end = END_CLOSED;
	if (!tunnel_start(c, p->backend, p->max_key, behind))
		return fail(p, 502, END_LIMIT);
	p->backend = NULL;
	p->max_key = 0;
	proxy_free(p, false);
	return FLOW_OVER;
}

/* Body bytes, and what follows the body: nobody asked for that. */
static enum flow
answer_body(struct proxy *p, struct slice bytes, struct wire *w)
{
	struct backend *b = p->backend;
	size_t used;

	if (body_take(&p->res, bytes, &used, w) == BODY_BAD)
		return bad_answer(p, "malformed chunks or trailers");
	if (!p->answering)
		settle_on_answer(p);
	if (put_down(p, w) == FLOW_OVER)
		return FLOW_OVER;
	if (p->res.done && used < bytes.len)
		b->src.fin = true;
	else if (!p->res.done && !source_keep(&b->src, slice_skip(bytes, used), true))
		return fail(p, 502, END_LIMIT);
	if (p->res.done)
		source_drop(&b->src);
	return FLOW_OPEN;
}

/* Interim heads, and the answer's own; then the bytes of its body that came with it. */
static enum flow
answer_heads(struct proxy *p, struct slice bytes)
{
	struct backend *b = p->backend;
	struct http1_response res;
	struct wire w = { .n = 0 };

	for (;;) {
		struct http1_scan *scan = &p->res.chunked.scan;

		if (p->client->out != NULL)	/* it is slow to take even the interim ones */
			return source_keep(&b->src, bytes, false) ? FLOW_OPEN :
			    fail(p, 502, END_LIMIT);
		switch (http1_response(scan, bytes.p, bytes.len, p->to_head, &res)) {
		case HTTP1_OK:
			break;
		case HTTP1_MORE:
			return source_keep(&b->src, bytes, true) ? FLOW_OPEN :
			    fail(p, 502, END_LIMIT);
		default:
			return bad_answer(p, "malformed or too long head");
		}
		*scan = (struct http1_scan){ 0 };
		bytes = slice_skip(bytes, res.msg.size);
		if (res.status == 101)
			return switch_protocols(p, &res, bytes);
		if (res.status >= 200)
			break;
		if (interim(p, &res) == FLOW_OVER)
			return FLOW_OVER;
	}
	begin_answer(p, &res, &w);
	return answer_body(p, bytes, &w);
}

/* The target's end: the answer ends that way, or too early. */
static enum flow
answer_end(struct proxy *p)
{
	struct wire w = { .n = 0 };

	if (!p->answering || p->res.in != HTTP1_TO_CLOSE || p->broken)
		return target_gone(p);
	body_end(&p->res, &w);
	return put_down(p, &w);
}

/* One read's worth of it. *more: there may be more of it to read. */
static enum flow
answer_some(struct proxy *p, size_t *total, bool *more)
{
	struct source *src = &p->backend->src;
	size_t held = source_peek(src).len;
	struct wire w = { .n = 0 };
	struct slice bytes;

	*more = true;
	switch (source_get(src, p->backend->io.fd, relay_scratch(the->relays), SOURCE_CHUNK,
	    &bytes)) {
	case SOURCE_NONE:
		*more = false;
		return FLOW_OPEN;
	case SOURCE_END:
		return answer_end(p);
	case SOURCE_BROKEN:
		return target_gone(p);
	case SOURCE_FULL:
		return fail(p, 502, END_LIMIT);
	case SOURCE_BYTES:
		break;
	}
	*total += bytes.len;
	p->got += bytes.len - held;
	return p->answering ? answer_body(p, bytes, &w) : answer_heads(p, bytes);
}

static enum flow
pump_down(struct proxy *p)
{
	struct client *c = p->client;
	size_t total = 0;
	bool more = true;

	while (more) {
		if (c->out != NULL && !client_flush(c))
			return FLOW_OVER;
		if (p->answering && p->res.done)
			return finish(p);
		if (c->out != NULL)
			break;
		if (total > TURN_MAX) {
			ev_defer(the->serve->ev, &p->more);
			break;
		}
		if (answer_some(p, &total, &more) == FLOW_OVER)
			return FLOW_OVER;
	}
	return FLOW_OPEN;
}

/* ---- events ---- */

void
proxy_pump(struct proxy *p)
{
	uint64_t before = p->sent + p->got + p->client->rx + p->client->tx;

	if (p->dial != NULL || pump_up(p) == FLOW_OVER || pump_down(p) == FLOW_OVER)
		return;
	if (p->sent + p->got + p->client->rx + p->client->tx != before)
		client_rearm(p->client);
}

static void
on_more(struct ev_task *t)
{
	proxy_pump(EV_CONTAINER(t, struct proxy, more));
}

void
proxy_on_backend(struct proxy *p, unsigned events)
{
	struct backend *b = p->backend;

	if (p->dial != NULL) {
		dial_on_io(p->dial, events);
		return;
	}
	source_note(&b->src, events);
	if (events & EV_WRITE)
		b->writable = true;
	proxy_pump(p);
}

static void
on_dialled(void *arg, enum dial_result result, struct target *t, unsigned events)
{
	struct proxy *p = arg;
	struct backend *b = p->backend;

	p->dial = NULL;
	b->target = t;
	note_target(p->client, t);
	switch (result) {
	case DIAL_UNREACHABLE:
		fail(p, 502, END_UNREACHABLE);
		return;
	case DIAL_NO_FDS:
		backend_drop_resting();
		serve_out_of_fds(the->serve);
		fail(p, 503, END_LIMIT);
		return;
	case DIAL_OK:
		break;
	}
	sock_nodelay(b->io.fd);
	b->writable = true;
	b->src.urgent = target_is_unix(t);
	source_note(&b->src, events);
	client_rearm(p->client);
	proxy_pump(p);
}

/* Half closed: an answer is on its way to a client that has ended its direction. */
static struct relay_silence
silence(const struct proxy *p)
{
	const struct serve_conf *conf = the->serve->conf;

	return relay_silence(p->answering && p->client->src.fin, conf->half_close_ms,
	    conf->idle_ms);
}

/*
 * Before an answer it is the target's turn, unless that waits for the rest of the request.
 * A 100 is its turn too.
 */
static bool
is_clients_turn(const struct proxy *p)
{
	bool wants_100 = p->expects && p->taken == 0;

	return !p->req.done && !p->deaf && p->up == NULL && !wants_100;
}

uint64_t
proxy_deadline_ms(const struct proxy *p)
{
	if (p->dial != NULL)
		return 0;	/* the dial has its own, per attempt */
	if (p->answering || is_clients_turn(p))
		return silence(p).ms;
	return the->opts->response_ms;
}

uint64_t
proxy_still_sending_ms(const struct proxy *p)
{
	if (p->answering)
		return sock_rest_ms(p->client->out_fd, silence(p).ms);
	return is_clients_turn(p) ? 0 : sock_rest_ms(p->backend->io.fd, the->opts->response_ms);
}

void
proxy_on_deadline(struct proxy *p)
{
	struct client *c = p->client;

	if (p->answering) {
		client_close(c, silence(p).end);
	} else if (is_clients_turn(p)) {
		c->last = true;
		fail(p, 408, END_IDLE);
	} else {
		fail(p, 504, END_UNREACHABLE);
	}
}

/* ---- the beginning ---- */

/* What a PROXY header tells the target about the client. */
static size_t
introduce(const struct client *c, const struct route *route, char *out)
{
	struct proxyhdr h = { .src = c->base.peer, .kind = slice_str("http") };
	char name[HOST_MAX + 1];
	size_t len = host_normalize(slice_of(c->name, c->name_len), name);

	if (c->local != NULL)
		h.dst = *c->local;
	else
		launch_local(c->io.fd, &h.src, &h.dst);
	if (len == 0)
		len = host_normalize(route->as, name);
	if (len > 0)
		h.authority = slice_of(name, len);
	return proxyhdr_write(&h, route->proxy, (uint8_t *)out);
}

/*
 * HTTP/2 in clear would carry requests past the routes; everything else a client and a target agree
 * on is theirs. Not with a body: 101 may come while it is still under way.
 */
static bool
wants_upgrade(const struct http1_message *m, const struct body *body)
{
	struct slice fields = m->fields;
	struct http1_field f;

	if (!m->upgrade || !body->done)
		return false;
	while (http1_next_field(&fields, &f))
		if (f.known == HTTP1_N_UPGRADE && http1_list_has(f.value, "h2c"))
			return false;
	return true;
}

static bool
has_spare(const struct route *route)
{
	return memchr(route->targets.p, ',', route->targets.len) != NULL;
}

/* On a resting connection at once, else when a new one is there. False: no memory. */
static bool
send_first(struct proxy *p, const struct route *route, bool may_repeat, struct wire *w,
    size_t intro)
{
	struct backend *b = backend_take(p->client, route);

	if (may_repeat && (b != NULL || has_spare(route)))
		(void)spill_add_pieces(&p->again, w->iov, w->n, 0, 0);
	if (b == NULL)
		return spill_add_pieces(&p->up, w->iov, w->n, 0, 0) && dial(p, route, NULL);
	serve_count(the->serve, M_TARGET_REUSES, 1);
	w->iov[0].iov_base = (char *)w->iov[0].iov_base + intro;	/* introduced when opened */
	w->iov[0].iov_len -= intro;
	engage(p, b);
	note_target(p->client, b->target);
	return put_up(p, w);
}

static struct proxy *
proxy_new(struct client *c, const struct http1_request *req, const struct route *route)
{
	struct proxy *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	p->client = c;
	p->more.cb = on_more;
	p->to_head = req->is_head;
	p->old = req->msg.minor == 0;
	p->introduced = route->proxy;
	body_init(&p->req, &req->msg, req->msg.framing);
	p->upgrade = wants_upgrade(&req->msg, &p->req);
	return p;
}

enum proxy_begun
proxy_start(struct client *c, const struct http1_request *req, const struct route *route,
    struct slice *rest)
{
	struct proxy *p = proxy_new(c, req, route);
	struct wire w = { .n = 0 };
	size_t used = 0, intro = 0;
	bool may_repeat;

	if (p == NULL)
		return PROXY_NO_MEMORY;
	may_repeat = req->is_safe && p->req.done;	/* before the part that is here is taken */
	if (p->introduced != PROXYHDR_NONE)
		intro = introduce(c, route, the->out);
	wire_add(&w, the->out, intro + forward_request(c, req, p->upgrade, the->out + intro));
	p->expects = !p->req.done && req->msg.expects;
	if (!p->req.done && rest->len > 0 && body_take(&p->req, *rest, &used, &w) == BODY_BAD) {
		proxy_free(p, false);
		return PROXY_BAD_BODY;
	}
	*rest = slice_skip(*rest, used);
	p->taken = used;
	if (!send_first(p, route, may_repeat, &w, intro)) {
		proxy_free(p, true);
		return PROXY_NO_MEMORY;
	}
	p->max_key = route->max == 0 ? 0 : request_max_key(c);
	p->counts_as = M_REQ_PROXY;
	c->proxy = p;
	if (p->dial == NULL)	/* what the client has sent meanwhile brings no event of its own */
		ev_defer(the->serve->ev, &p->more);
	return PROXY_STARTED;
}
