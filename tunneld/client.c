/* SPDX-License-Identifier: ISC */
/* One tunnel client from its first byte to its end; its states are drawn in client.h. */
#include "client.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "linger.h"
#include "log.h"
#include "relay.h"
#include "sock.h"

#define PART_MS 2000u		/* for a client to take in why it must go, and to close */

static const char *const state_name[] = { "HEADER", "SECRET", "HANDSHAKE", "HELLO", "LIVE",
	"DRAINING", "DELIVERING", "PARTING", "LINGER", "CLOSED" };

/* ---- states ---- */

void
client_enter(struct client *c, enum client_state next)
{
	bool drained = c->state == CLIENT_DRAINING && c->end == END_CLOSED;

	assert(next > c->state);	/* only forward; a new arrow goes in the diagram too */
	log_debug("conn=%" PRIu64 " %s -> %s", c->base.id, state_name[c->state], state_name[next]);
	c->state = (uint8_t)next;
	switch (next) {
	case CLIENT_HEADER:
	case CLIENT_SECRET:
	case CLIENT_HANDSHAKE:
	case CLIENT_HELLO:
		break;		/* one deadline for all of the login: LOGIN_MS from accept */
	case CLIENT_LIVE:
	case CLIENT_DRAINING:
	case CLIENT_DELIVERING:
	case CLIENT_CLOSED:
		ev_timer_at(the->serve->ev, &c->deadline, 0);
		break;
	case CLIENT_PARTING:
		/* A drained one's last visitors' bytes may be under way. */
		ev_timer_in(the->serve->ev, &c->deadline,
		    PART_MS + (drained ? the->serve->conf->grace_ms : 0));
		break;
	case CLIENT_LINGER:
		ev_timer_in(the->serve->ev, &c->deadline, LINGER_MS);
		break;
	}
}

void
client_note_name(struct client *c)
{
	char name[CLIENTS_NAME_MAX];

	if (c->name == NULL && clients_name(the->clients, &c->session, 0, name))
		c->name = strdup(name);
}

/* ---- the end ---- */

static void
leave(struct client *c)
{
	if (client_has_joined(c)) {
		tunneld_count(M_SESSIONS, -1);
		clients_leave(the->clients, &c->session);
	}
	login_over(c, M_LOGINS_FAILED);
}

static void
drop_mux(struct client *c)
{
	struct mux *m = c->mux;

	if (m == NULL)
		return;
	c->rx = mux_rx(m);
	c->tx = mux_tx(m);
	c->mux = NULL;
	mux_free(m);
}

void
client_close(struct client *c, enum conn_end end)
{
	struct connlog line = { .hello = (enum hello_verdict)c->verdict };
	bool cut = c->raw != NULL || (c->served && end != END_CLOSED);

	if (c->state == CLIENT_CLOSED)
		return;
	c->end = (uint8_t)end;		/* its visitors ask */
	leave(c);
	client_enter(c, CLIENT_CLOSED);
	ev_undefer(the->serve->ev, &c->parting);
	drop_mux(c);
	tls_drop(c->tls);
	if (c->raw != NULL)
		raw_leave(c->raw, end == END_DRAIN ? END_DRAIN : END_TARGET_RESET);
	/* An ancestor's one visitor did not end in order: nor does its connection. */
	sock_close(c->io.fd, cut && (end == END_TARGET_RESET || !c->told));
	line.name = slice_str(c->name);
	line.rx = c->rx;
	line.tx = c->tx;
	serve_leave(the->serve, &c->base, end, &line);
	free(c->name);
	ev_free_later(the->serve->ev, c);
}

static void
linger_on(struct client *c)
{
	if (linger(the->serve->ev, &c->io, relay_scratch(the->relays), RELAY_CHUNK_MAX) ==
	    LINGER_OVER)
		client_close(c, (enum conn_end)c->end);
}

void
client_linger(struct client *c, enum conn_end end)
{
	leave(c);
	tls_drop(c->tls);
	c->tls = NULL;
	c->end = (uint8_t)end;
	client_enter(c, CLIENT_LINGER);
	(void)shutdown(c->io.fd, SHUT_WR);
	linger_on(c);
}

/*
 * Everything else under way got this turn to be sent: a closing session sends only what
 * was written by hand.
 */
static void
on_parting(struct ev_task *task)
{
	struct client *c = EV_CONTAINER(task, struct client, parting);

	if (c->mux != NULL)
		mux_close(c->mux);
}

void
client_part(struct client *c, enum conn_end end)
{
	if (c->state >= CLIENT_PARTING)
		return;
	if (c->mux == NULL) {
		client_close(c, end);
		return;
	}
	leave(c);
	c->end = (uint8_t)end;
	client_enter(c, CLIENT_PARTING);
	ev_defer(the->serve->ev, &c->parting);
}

void
client_gone(struct client *c)
{
	leave(c);
	client_enter(c, CLIENT_DELIVERING);
}

/* ---- events ---- */

static void
on_client(struct ev_io *io, unsigned events)
{
	struct client *c = EV_CONTAINER(io, struct client, io);

	switch ((enum client_state)c->state) {
	case CLIENT_HEADER:
		if (events & (EV_READ | EV_EOF | EV_ERROR))
			login_read_header(c, events);
		break;
	case CLIENT_SECRET:
		if (events & (EV_READ | EV_EOF | EV_ERROR))
			legacy_read(c, events);
		break;
	case CLIENT_HANDSHAKE:
		login_shake(c);
		break;
	case CLIENT_LIVE:		/* without a mux, which has a callback: a raw socket */
	case CLIENT_DRAINING:
		if (c->mux == NULL)
			legacy_on_raw(c, events);
		break;
	case CLIENT_LINGER:
		linger_on(c);
		break;
	case CLIENT_HELLO:
	case CLIENT_DELIVERING:
	case CLIENT_PARTING:
	case CLIENT_CLOSED:		/* fired in the batch that closed it */
		break;
	}
}

static void
on_deadline(struct ev_timer *t)
{
	struct client *c = EV_CONTAINER(t, struct client, deadline);

	if (c->state >= CLIENT_PARTING) {
		client_close(c, (enum conn_end)c->end);
		return;
	}
	c->verdict = HELLO_TIMEOUT;
	client_close(c, END_HELLO);
}

struct client *
client_new(const struct serve_client *from)
{
	struct client *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->io = (struct ev_io){ from->in_fd, on_client };
	c->control.io.fd = -1;
	c->deadline.cb = on_deadline;
	c->parting.cb = on_parting;
	c->session.kinds = CLIENTS_TLS | CLIENTS_HTTP;
	c->verdict = HELLO_NONE;
	c->ancestor = from->via->role == DOOR_LEGACY;
	return c;
}

/* ---- what others want of it ---- */

void
client_cut(struct serve_conn *base)
{
	client_close(EV_CONTAINER(base, struct client, base), END_DRAIN);
}

void
client_end(void *arg, struct session *s, enum control_code why)
{
	(void)arg;
	session_refuse(client_of(s), why, NULL);
}

void
client_changed(void *arg, struct session *s)
{
	struct client *c = client_of(s);

	(void)arg;
	if (c->state == CLIENT_LIVE && !c->ancestor)
		session_welcome(c);
}

void
client_closing(struct session *s)
{
	if (s->closing)
		return;
	s->closing = true;
	if (client_has_joined(client_of(s)))
		published_changed();
}

void
client_visitor_came(struct session *s)
{
	struct client *c = client_of(s);

	c->served = c->mux == NULL;
	s->visitors++;
	tunneld_count(M_VISITORS, 1);
}

void
client_visitor_gone(struct session *s)
{
	struct client *c = client_of(s);

	s->visitors--;
	tunneld_count(M_VISITORS, -1);
	if (c->state == CLIENT_DRAINING && s->visitors == 0 &&
	    c->mux != NULL)		/* else it ends as its visitor did */
		client_part(c, END_CLOSED);
}

void
client_drain(struct client *c, uint64_t within_ms)
{
	if (c->state < CLIENT_LIVE) {
		client_close(c, END_DRAIN);
		return;
	}
	if (c->state != CLIENT_LIVE)
		return;
	client_closing(&c->session);
	client_enter(c, CLIENT_DRAINING);
	session_drain(c, within_ms);
	if (c->session.visitors == 0)
		client_part(c, END_CLOSED);
}

void
client_drain_all(void)
{
	uint64_t ms = session_within_ms();	/* for all here now: some leave on the way */

	for (struct serve_conn *next, *base = the->serve->conns; base != NULL; base = next) {
		next = base->next;
		if (base->via->role != DOOR_VISITORS)
			client_drain(EV_CONTAINER(base, struct client, base), ms);
	}
}
