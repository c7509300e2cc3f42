/* SPDX-License-Identifier: ISC */
/* A raw socket of the ancestors' first generation, joined to its one visitor. */
#include <stdlib.h>

#include "client.h"
#include "relay.h"
#include "sock.h"

/* end[0] is the visitor, end[1] the client. */
struct raw {
	struct relay relay;
	struct ev_timer deadline, look;
	struct client *client;
	struct visitor *visitor;
	uint64_t ahead;			/* the visitor's bytes that the relay did not read itself */
};

static struct relay_silence
silence(const struct raw *r)
{
	const struct serve_conf *conf = the->serve->conf;

	return relay_silence(relay_half_closed(&r->relay), conf->half_close_ms, conf->idle_ms);
}

void
raw_leave(struct raw *r, enum conn_end end)
{
	struct client *c = r->client;
	uint64_t rx = r->relay.bytes[0] + r->ahead, tx = r->relay.bytes[1];
	int fd = r->relay.end[0].fd;
	bool told;

	if (c->raw == NULL)
		return;
	c->raw = NULL;
	c->io.fd = r->relay.end[1].fd;
	c->rx = tx;
	c->tx = rx;
	c->told = relay_was_told(&r->relay, 1);
	told = relay_was_told(&r->relay, 0);
	relay_release(the->relays, &r->relay);
	r->relay.end[0].fd = r->relay.end[1].fd = r->relay.out_fd = -1;
	ev_timer_at(the->serve->ev, &r->deadline, 0);
	ev_timer_at(the->serve->ev, &r->look, 0);
	join_raw_ended(r->visitor, fd, end, told, rx, tx);
	ev_free_later(the->serve->ev, r);
	client_close(c, end == END_CLIENT_RESET ? END_TARGET_RESET :
	    end == END_TARGET_RESET ? END_CLIENT_RESET : end);
}

static void
pump(struct raw *r, int end, unsigned events)
{
	enum relay_state state;

	if (r->client->raw == NULL)	/* fired in the batch that ended it */
		return;
	state = relay_pump(the->relays, &r->relay, end, events);
	if (state == RELAY_MOVED)
		ev_timer_in(the->serve->ev, &r->deadline, silence(r).ms);
	else if (state == RELAY_OVER)
		raw_leave(r, relay_end(&r->relay));
}

void
raw_more(struct relay *relay)
{
	pump(EV_CONTAINER(relay, struct raw, relay), 0, 0);
}

static void
on_visitor(struct ev_io *io, unsigned events)
{
	pump(EV_CONTAINER(io, struct raw, relay.end[0]), 0, events);
}

static void
on_client(struct ev_io *io, unsigned events)
{
	pump(EV_CONTAINER(io, struct raw, relay.end[1]), 1, events);
}

static void
on_deadline(struct ev_timer *t)
{
	struct raw *r = EV_CONTAINER(t, struct raw, deadline);
	uint64_t rest_ms = relay_rest_ms(&r->relay, silence(r).ms);

	if (rest_ms > 0)
		ev_timer_in(the->serve->ev, t, rest_ms);
	else
		raw_leave(r, silence(r).end);
}

/* What the visitor sends counts as moved though nobody takes it. */
static void
look(struct ev_timer *t)
{
	struct raw *r = EV_CONTAINER(t, struct raw, look);

	if (sock_is_lost(r->relay.end[1].fd, the->opts->dead_ms))
		raw_leave(r, END_TARGET_RESET);
	else
		ev_timer_in(the->serve->ev, t, the->opts->dead_ms);
}

static bool
preload(struct raw *r, struct slice bytes)
{
	struct spill *spill = NULL;

	if (bytes.len == 0)
		return true;
	if (!spill_add(&spill, bytes.p, bytes.len, 0))
		return false;
	relay_preload(&r->relay, 1, spill);
	r->ahead = bytes.len;
	return true;
}

struct raw *
raw_join(struct client *c, struct visitor *v, int fd, struct slice bytes)
{
	struct ev *ev = the->serve->ev;
	struct raw *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	relay_init(&r->relay);
	r->relay.end[0] = (struct ev_io){ fd, on_visitor };
	r->relay.end[1] = (struct ev_io){ c->io.fd, on_client };
	r->relay.out_fd = fd;
	relay_is_unix(&r->relay, 0);	/* it may be one */
	r->deadline.cb = on_deadline;
	r->look.cb = look;
	r->client = c;
	r->visitor = v;
	if (!preload(r, bytes) ||
	    ev_mod(ev, &r->relay.end[0], EV_READ | EV_WRITE | EV_EDGE) == -1) {
		relay_release(the->relays, &r->relay);
		free(r);
		return NULL;
	}
	/* It is watched: that can't fail. */
	(void)ev_mod(ev, &r->relay.end[1], EV_READ | EV_WRITE | EV_EDGE);
	sock_patient(c->io.fd);		/* from here on the limits of visitors hold */
	c->raw = r;
	c->io.fd = -1;
	client_closing(&c->session);
	ev_timer_in(ev, &r->deadline, silence(r).ms);
	ev_timer_in(ev, &r->look, the->opts->dead_ms);
	return r;
}
