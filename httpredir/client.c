/* SPDX-License-Identifier: ISC */
/* One client; its states are drawn in httpredir.h. */
#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "httpredir.h"
#include "linger.h"
#include "log.h"
#include "proxyhdr.h"
#include "sock.h"

#define TURN_READS 16		/* per client and turn, then it is the others' turn */
#define LINGER_MOST_MS 30000u	/* for one that goes on sending after our last word */

struct httpredir *the;

static const char *const state_name[] = { "HEADER", "HEAD", "ANSWER", "PROXY", "DROP", "RELAY",
	"LINGER", "CLOSED" };

/* The states each one may be followed by. */
#define TO(s) (1u << CLIENT_##s)
static const unsigned arrows[] __attribute__((unused)) = {	/* without assert() */
	[CLIENT_HEADER] = TO(HEAD) | TO(CLOSED),
	[CLIENT_HEAD] = TO(ANSWER) | TO(PROXY) | TO(DROP) | TO(LINGER) | TO(CLOSED),
	[CLIENT_ANSWER] = TO(HEAD) | TO(DROP) | TO(LINGER) | TO(CLOSED),
	[CLIENT_PROXY] = TO(HEAD) | TO(ANSWER) | TO(RELAY) | TO(LINGER) | TO(CLOSED),
	[CLIENT_DROP] = TO(HEAD) | TO(LINGER) | TO(CLOSED),
	[CLIENT_RELAY] = TO(CLOSED),
	[CLIENT_LINGER] = TO(CLOSED),
	[CLIENT_CLOSED] = 0,
};

/* ---- states ---- */

/* Whoever sends all of a body first has longer for it than one who is silent. */
static uint64_t
linger_ms(const struct client *c)
{
	uint64_t now = ev_now_ms(the->serve->ev);
	uint64_t left = now < c->linger_until_ms ? c->linger_until_ms - now : 1;

	return left < LINGER_MS ? left : LINGER_MS;
}

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
	case CLIENT_DROP:
		return conf->idle_ms;
	case CLIENT_PROXY:
		return proxy_deadline_ms(c->proxy);
	case CLIENT_RELAY:
		return tunnel_silence(c->tunnel).ms;
	case CLIENT_LINGER:
		return linger_ms(c);
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

void
client_enter(struct client *c, enum client_state next)
{
	bool runs_on = c->state == CLIENT_HEADER && next == CLIENT_HEAD;	/* one deadline */

	assert(arrows[c->state] >> next & 1);	/* a new arrow goes in the diagram too */
	log_debug("conn=%" PRIu64 " %s -> %s", c->base.id, state_name[c->state], state_name[next]);
	c->state = next;
	if (!runs_on)
		client_rearm(c);
}

/* ---- the end ---- */

static void
log_end(struct client *c, enum conn_end end)
{
	struct serve *s = the->serve;
	char room[HOST_PATTERN_MAX], name[HOST_MAX + 1];
	struct connlog line = { .name = request_name(c, name),
		.route = request_route(c, room), .hello = c->verdict, .rx = c->rx, .tx = c->tx };

	if (c->target != NULL)
		line.target = slice_str(target_text(c->target));
	serve_leave(s, &c->base, end, &line);
}

void
client_close(struct client *c, enum conn_end end)
{
	enum client_state state = c->state;
	bool proxying = state == CLIENT_PROXY && c->proxy != NULL;
	bool broken = proxying || (c->out != NULL && c->open_ended);

	if (state == CLIENT_CLOSED)
		return;
	client_enter(c, CLIENT_CLOSED);
	ev_undefer(the->serve->ev, &c->more);
	if (proxying)
		proxy_cancel(c->proxy);
	else if (state == CLIENT_RELAY)
		tunnel_free(c->tunnel, end);
	else if (state != CLIENT_LINGER)
		free(c->drop);
	backend_close(c->kept, false);
	launch_close(c->io.fd, c->out_fd, broken);	/* what was cut off must not look whole */
	c->io.fd = c->out_fd = -1;
	log_end(c, end);
	target_forget(c->target);
	source_drop(&c->src);
	free(c->out);
	free(c->name);
	free(c->local);
	ev_free_later(the->serve->ev, c);
}

static void
linger_on(struct client *c)
{
	switch (linger(the->serve->ev, &c->io, relay_scratch(the->relays), RELAY_CHUNK_MAX)) {
	case LINGER_OVER:
		client_close(c, c->end);
		break;
	case LINGER_MORE:
		client_rearm(c);
		break;
	case LINGER_QUIET:
		break;
	}
}

/* The last answer is out. */
static void
depart(struct client *c)
{
	/* Bytes that came after the last read turn close() into a reset, without what MSG_MORE
	   holds back. */
	launch_last_word(c->io.fd, &c->out_fd);
	if (!c->linger && !source_has(&c->src) && !c->src.readable) {
		client_close(c, c->end);
		return;
	}
	source_drop(&c->src);
	free(c->drop);
	c->linger_until_ms = ev_now_ms(the->serve->ev) + LINGER_MOST_MS;
	client_enter(c, CLIENT_LINGER);
	linger_on(c);
}

/* ---- writing ---- */

/* What came of it; false: the client is closed. */
static bool
wrote(struct client *c, enum put_result result)
{
	switch (result) {
	case PUT_ALL:
		return true;
	case PUT_PART:
		c->writable = false;
		return true;
	case PUT_GONE:
		client_close(c, END_CLIENT_RESET);
		break;
	case PUT_NO_MEMORY:
		client_close(c, END_LIMIT);
		break;
	}
	return false;
}

bool
client_put(struct client *c, struct iovec *iov, int n, bool done)
{
	return wrote(c, put(c->out_fd, iov, n, done && c->last, &c->out, &c->tx));
}

bool
client_put_later(struct client *c, struct slice more)
{
	return spill_add(&c->out, more.p, more.len, 0) || wrote(c, PUT_NO_MEMORY);
}

bool
client_flush(struct client *c)
{
	return !c->writable || wrote(c, put_left(c->out_fd, &c->out, &c->tx));
}

static void serve_requests(struct client *c);

bool
client_has_begun(const struct client *c)
{
	struct slice held = source_peek(&c->src);

	return held.len > 0 && !slice_is(held, "\r");
}

void
client_answered(struct client *c)
{
	if (c->out != NULL && !client_flush(c))		/* its event may have come already */
		return;
	if (c->out != NULL) {
		if (c->state != CLIENT_ANSWER)
			client_enter(c, CLIENT_ANSWER);
		return;
	}
	if (the->serve->draining) {
		c->linger |= c->drop != NULL;
		c->last = true;
	}
	if (c->last) {
		depart(c);
		return;
	}
	c->idle = !client_has_begun(c);
	client_enter(c, c->drop == NULL ? CLIENT_HEAD : CLIENT_DROP);
	serve_requests(c);
}

/* ---- what comes ---- */

/* The client has ended its direction, or nobody reads its answers any more. */
static void
on_end(struct client *c)
{
	if (c->state != CLIENT_DROP && (client_has_begun(c) || c->verdict == HELLO_NONE)) {
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
		if (!serve_count_source(the->serve, &c->base)) {
			client_close(c, END_LIMIT);
			return;
		}
		c->src.client = c->base.source;
	}
	client_enter(c, CLIENT_HEAD);
	if (used < bytes.len)
		request_take(c, slice_skip(bytes, used));
	else
		source_drop(&c->src);
}

/* Not even the next bytes have room. */
static void
on_full(struct client *c)
{
	if (c->state == CLIENT_HEADER)
		client_close(c, END_LIMIT);
	else
		request_no_room(c);
}

static void
serve_requests(struct client *c)
{
	int turns = TURN_READS;

	while (c->state == CLIENT_HEAD || c->state == CLIENT_HEADER || c->state == CLIENT_DROP) {
		size_t held = source_peek(&c->src).len;
		struct slice bytes;

		if (turns-- == 0) {
			ev_defer(the->serve->ev, &c->more);
			return;
		}
		switch (source_get(&c->src, c->io.fd, relay_scratch(the->relays), SOURCE_CHUNK,
		    &bytes)) {
		case SOURCE_NONE:
			return;
		case SOURCE_END:
			on_end(c);
			return;
		case SOURCE_BROKEN:
			client_close(c, END_CLIENT_RESET);
			return;
		case SOURCE_FULL:
			on_full(c);
			return;
		case SOURCE_BYTES:
			break;
		}
		c->rx += bytes.len - held;
		if (c->state == CLIENT_HEADER)
			take_header(c, bytes);
		else if (c->state == CLIENT_HEAD)
			request_take(c, bytes);
		else
			request_drop(c, bytes);
	}
}

static void
on_more(struct ev_task *task)
{
	serve_requests(EV_CONTAINER(task, struct client, more));
}

/* ---- events ---- */

/* Served, and then silent: it ends the way its last request did. */
static void
close_idle(struct client *c)
{
	int code = conn_end_exit(c->end, c->verdict);

	client_close(c, END_IDLE);
	the->serve->one_exit = code;
}

/* No whole head has come in time: a 408, if a part of it has. */
static void
give_up_head(struct client *c)
{
	bool begun = client_has_begun(c);

	if (c->idle) {
		close_idle(c);
		return;
	}
	c->verdict = HELLO_TIMEOUT;
	c->last = c->linger = true;
	source_drop(&c->src);
	if (begun)
		request_refuse(c, (struct answer){ .status = 408 }, END_HELLO);
	else
		client_close(c, END_HELLO);
}

/*
 * How long what was written may still be on its way to the client, or to the target
 * after 101; 0: nothing is.
 */
static uint64_t
still_sending_ms(const struct client *c)
{
	switch ((enum client_state)c->state) {
	case CLIENT_ANSWER:
		return sock_rest_ms(c->out_fd, deadline_ms(c));
	case CLIENT_PROXY:
		return proxy_still_sending_ms(c->proxy);
	case CLIENT_RELAY:
		return tunnel_still_sending_ms(c->tunnel);
	case CLIENT_HEADER:
	case CLIENT_HEAD:
	case CLIENT_DROP:
	case CLIENT_LINGER:
	case CLIENT_CLOSED:
		break;
	}
	return 0;
}

static void
on_deadline(struct ev_timer *timer)
{
	struct client *c = EV_CONTAINER(timer, struct client, deadline);
	uint64_t rest_ms = still_sending_ms(c);

	if (rest_ms > 0) {
		ev_timer_in(the->serve->ev, timer, rest_ms);
		return;
	}
	switch ((enum client_state)c->state) {
	case CLIENT_HEADER:
		c->verdict = HELLO_TIMEOUT;
		client_close(c, END_HELLO);
		break;
	case CLIENT_HEAD:
		give_up_head(c);
		break;
	case CLIENT_ANSWER:
		client_close(c, END_IDLE);
		break;
	case CLIENT_DROP:
		close_idle(c);
		break;
	case CLIENT_PROXY:
		proxy_on_deadline(c->proxy);
		break;
	case CLIENT_RELAY:
		client_close(c, tunnel_silence(c->tunnel).end);
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
	uint64_t before = c->tx;

	if (!client_flush(c))
		return;
	if (c->out == NULL)
		client_answered(c);
	else if (c->tx != before)
		client_rearm(c);
}

static void
on_proxying(struct client *c, unsigned events)
{
	if (events & EV_ERROR)
		client_close(c, END_CLIENT_RESET);
	else
		proxy_pump(c->proxy);
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
	case CLIENT_DROP:
		serve_requests(c);
		break;
	case CLIENT_ANSWER:
		on_answer(c);
		break;
	case CLIENT_PROXY:
		on_proxying(c, events);
		break;
	case CLIENT_LINGER:
		linger_on(c);
		break;
	case CLIENT_RELAY:	/* the tunnel's own callback has it */
	case CLIENT_CLOSED:	/* fired in the batch that closed it */
		break;
	}
}

static void
on_out(struct serve_conn *base, unsigned events)
{
	struct client *c = EV_CONTAINER(base, struct client, base);
	bool awaited = c->state == CLIENT_HEADER || c->state == CLIENT_HEAD ||
	    c->state == CLIENT_DROP;

	c->writable = true;
	if (awaited && (events & EV_ERROR))	/* who could read the answer? */
		on_end(c);
	else if (c->state == CLIENT_ANSWER)
		on_answer(c);
	else if (c->state == CLIENT_PROXY)
		on_proxying(c, events);
	else if (c->state == CLIENT_RELAY)
		tunnel_on_out(c->tunnel, events);
}

void
client_relay(struct client *c, struct tunnel *t)
{
	c->tunnel = t;
	client_enter(c, CLIENT_RELAY);
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
	c->more.cb = on_more;
	c->src.readable = c->writable = true;
	c->src.urgent = client->peer.family == AF_UNIX;
	c->verdict = HELLO_NONE;
	c->rank = ROUTES_NO_MATCH;
	c->end = END_CLOSED;
	c->state = serve_wants_proxyhdr(s->conf, &client->peer) ? CLIENT_HEADER : CLIENT_HEAD;
	serve_enter(s, &c->base, client);
	c->src.client = c->base.source;
	client_rearm(c);
	serve_requests(c);
	if (c->state != CLIENT_CLOSED &&
	    serve_watch(s, &c->io, EV_READ | EV_WRITE, c->out_fd) == -1)
		client_close(c, END_LIMIT);
}

static int
start(struct serve *s)
{
	the = s->arg;
	the->serve = s;
	the->dialer = dialer_new(s->ev, s->conf->connect_ms);
	the->relays = relay_pool_new(s->ev, s->max_pipes, tunnel_more);
	if (the->opts->webroot != NULL && s->worker == 0)	/* the others would say the same */
		acme_check(the->opts->webroot);
	return the->dialer == NULL || the->relays == NULL ? -1 : source_open(s->most_conns);
}

static void
on_hup(struct serve *s)
{
	(void)s;
	dialer_reload(the->dialer);
}

/*
 * Nothing to wait for: clients with no request under way, and the rest of
 * requests already answered.
 */
static void
on_drain(struct serve *s)
{
	for (struct serve_conn *next, *base = s->conns; base != NULL; base = next) {
		struct client *c = EV_CONTAINER(base, struct client, base);

		next = base->next;
		if (c->state == CLIENT_HEAD && !client_has_begun(c)) {
			source_note(&c->src, EV_READ);	/* that may still wait for its turn */
			serve_requests(c);
		}
		if (c->state == CLIENT_HEAD && !client_has_begun(c)) {
			client_close(c, END_DRAIN);
		} else if (c->state == CLIENT_DROP) {
			c->last = c->linger = true;
			depart(c);
		}
	}
	backend_drop_resting();
}

static void
cut(struct serve *s, struct serve_conn *base)
{
	struct client *c = EV_CONTAINER(base, struct client, base);

	(void)s;
	client_close(c, c->state == CLIENT_LINGER ? c->end : END_DRAIN);
}

const struct serve_ops client_ops = {
	.start = start,
	.accept = on_accept,
	.out = on_out,
	.cut = cut,
	.hup = on_hup,
	.drain = on_drain,
};
