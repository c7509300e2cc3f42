/* SPDX-License-Identifier: ISC */
/* After 101: two descriptors and a relay between them. */
#include <stdlib.h>

#include "httpredir.h"

struct tunnel {
	struct client *client;		/* first: ev_free_later() writes there, and closed
					   descriptors must stay -1 */
	struct target *target;		/* held */
	uint64_t max_key;		/* a place in its route's max=, 0: none */
	struct relay relay;
};

struct relay_silence
tunnel_silence(const struct tunnel *t)
{
	const struct serve_conf *conf = the->serve->conf;

	return relay_silence(relay_half_closed(&t->relay), conf->half_close_ms, conf->idle_ms);
}

uint64_t
tunnel_still_sending_ms(const struct tunnel *t)
{
	return relay_rest_ms(&t->relay, tunnel_silence(t).ms);
}

static void
pump(struct tunnel *t, int end, unsigned events)
{
	enum relay_state state = relay_pump(the->relays, &t->relay, end, events);

	if (state == RELAY_MOVED)
		client_rearm(t->client);
	else if (state == RELAY_OVER)
		client_close(t->client, relay_end(&t->relay));
}

void
tunnel_more(struct relay *r)
{
	pump(EV_CONTAINER(r, struct tunnel, relay), 0, 0);
}

static void
on_client(struct ev_io *io, unsigned events)
{
	pump(EV_CONTAINER(io, struct tunnel, relay.end[0]), 0, events);
}

static void
on_target(struct ev_io *io, unsigned events)
{
	pump(EV_CONTAINER(io, struct tunnel, relay.end[1]), 1, events);
}

void
tunnel_on_out(struct tunnel *t, unsigned events)
{
	if (t->relay.out_fd != -1)
		pump(t, 0, events & (EV_WRITE | EV_ERROR));
}

/*
 * What was read beyond the heads goes first; what the client has yet to take of our head goes
 * before that. The relay counts only what it reads itself.
 */
static bool
preload(struct tunnel *t, struct client *c, struct slice behind)
{
	struct slice early = source_peek(&c->src);
	struct spill *up = NULL;

	if (early.len > 0 && !spill_add(&up, early.p, early.len, 0))
		return false;
	if (behind.len > 0 && !spill_add(&c->out, behind.p, behind.len, 0)) {
		free(up);
		return false;
	}
	source_drop(&c->src);
	relay_preload(&t->relay, 1, up);
	if (c->out != NULL)
		c->tx += c->out->len;
	relay_preload(&t->relay, 0, c->out);
	c->out = NULL;
	return true;
}

/* New callbacks for the same descriptors; the change makes epoll report their state again. */
static bool
watch(struct tunnel *t)
{
	struct ev *ev = the->serve->ev;

	return ev_mod(ev, &t->relay.end[0], EV_READ | EV_WRITE | EV_EDGE) == 0 &&
	    ev_mod(ev, &t->relay.end[1], EV_READ | EV_WRITE | EV_EDGE) == 0;
}

bool
tunnel_start(struct client *c, struct backend *b, uint64_t max_key, struct slice behind)
{
	struct tunnel *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return false;
	relay_init(&t->relay);
	if (!preload(t, c, behind)) {
		free(t);
		return false;
	}
	t->client = c;
	t->target = b->target;
	t->max_key = max_key;
	t->relay.end[0] = (struct ev_io){ c->io.fd, on_client };
	t->relay.end[1] = (struct ev_io){ b->io.fd, on_target };
	t->relay.out_fd = c->out_fd;
	if (c->src.urgent)
		relay_is_unix(&t->relay, 0);
	if (b->src.urgent)
		relay_is_unix(&t->relay, 1);
	relay_note(&t->relay, 0, EV_READ | EV_WRITE);
	relay_note(&t->relay, 1, EV_READ | EV_WRITE);
	b->io.fd = -1;
	b->target = NULL;
	backend_close(b, false);
	c->io.fd = c->out_fd = -1;
	client_relay(c, t);
	if (watch(t))
		pump(t, 0, 0);
	else
		client_close(c, END_LIMIT);
	return true;
}

void
tunnel_free(struct tunnel *t, enum conn_end end)
{
	struct serve *s = the->serve;
	struct relay *r = &t->relay;

	relay_release(the->relays, r);
	relay_close(r, end);
	t->client->rx += r->bytes[0];
	t->client->tx += r->bytes[1];
	target_release(t->target);
	quota_drop(s->quota, s->worker, t->max_key);
	ev_free_later(s->ev, t);
}
