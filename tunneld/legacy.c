/* SPDX-License-Identifier: ISC */
/*
 * The ancestors' clients. Both generations send a secret, in clear and without an answer: the first
 * as the beginning of a connection that then carries one visitor, the second on stream 1 of a yamux
 * session. Their first byte tells them apart.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "client.h"
#include "log.h"
#include "relay.h"
#include "secret.h"
#include "sock.h"

#define YAMUX_FIRST 0x00	/* its version; a first generation begins with the magic, 0x11 */

/* ---- the handshake ---- */

static void
take_secret(struct client *c, struct slice secret)
{
	c->session.by_secret = true;
	c->verdict = HELLO_OK;
	if (sha256(secret, c->session.secret))
		session_judge(c);
	else
		client_part(c, END_LIMIT);
}

static void
malformed(struct client *c)
{
	login_malformed(c, "secret: neither of the ancestors' handshakes");
	client_part(c, END_HELLO);
}

static void
read_raw(struct client *c, uint8_t *buf, size_t len, unsigned events)
{
	struct slice secret;
	size_t used;

	switch (secret_read(buf, len, &secret, &used)) {
	case SECRET_MORE:
		if (!(events & EV_EOF))
			return;
		c->verdict = HELLO_EOF;
		client_close(c, END_HELLO);
		return;
	case SECRET_BAD:
		malformed(c);
		return;
	case SECRET_OK:
		break;
	}
	/* What follows is the service's: it stays in the socket. */
	if (recv(c->io.fd, buf, used, 0) != (ssize_t)used) {
		client_close(c, END_CLIENT_RESET);
		return;
	}
	take_secret(c, slice_of((char *)buf + 4, used - 4));
	if (c->state == CLIENT_LIVE)
		legacy_on_raw(c, events);	/* its end may be there too: it is told once */
}

void
legacy_read(struct client *c, unsigned events)
{
	uint8_t buf[SECRET_FRAME_MAX];
	ssize_t n = recv(c->io.fd, buf, sizeof(buf), MSG_PEEK);

	if (n == -1 && sock_would_block())
		return;
	if (n <= 0) {
		c->verdict = HELLO_EOF;
		client_close(c, n == 0 ? END_HELLO : END_CLIENT_RESET);
		return;
	}
	if (buf[0] == YAMUX_FIRST)
		session_begin(c);
	else
		read_raw(c, buf, (size_t)n, events);
	explicit_bzero(buf, sizeof(buf));
}

/* Stream 1: the secret, then its end, which we answer with ours. */
void
legacy_on_control(struct client *c)
{
	struct slice all = mux_peek(&c->control), secret;
	size_t used;

	if (c->state == CLIENT_HELLO) {
		switch (secret_read((const uint8_t *)all.p, all.len, &secret, &used)) {
		case SECRET_MORE:
			if (mux_ended(&c->control))
				malformed(c);
			return;
		case SECRET_BAD:
			malformed(c);
			return;
		case SECRET_OK:
			take_secret(c, secret);
			break;
		}
	}
	if (c->state >= CLIENT_PARTING)
		return;
	if (mux_ended(&c->control) && !c->said_fin) {
		c->said_fin = true;
		mux_fin(&c->control);
	}
	mux_take(&c->control, all.len);
}

/* ---- the first generation: a socket that waits for its visitor ---- */

/*
 * Nothing is ever sent there before a visitor comes: TCP itself has to notice that the
 * other side is dead.
 */
void
legacy_live(struct client *c)
{
	if (c->mux == NULL)
		sock_keep_alive(c->io.fd, the->opts->heartbeat_ms, the->opts->dead_ms);
}

/*
 * What its service says first stays in the socket; an end means that it can serve nobody any more.
 */
void
legacy_on_raw(struct client *c, unsigned events)
{
	if (c->raw != NULL)
		return;
	if (events & EV_ERROR)
		client_close(c, END_CLIENT_RESET);
	else if (events & EV_EOF)
		client_close(c, END_CLOSED);
}

/* ---- the first generation: with its visitor ---- */

/* end[0] is the visitor, end[1] the client. */
struct raw {
	struct relay relay;
	struct ev_timer deadline;
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
legacy_leave(struct raw *r, enum conn_end end)
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
	else if (state != RELAY_STILL)
		legacy_leave(r, relay_end(state));
}

void
legacy_more(struct relay *relay)
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
		legacy_leave(r, silence(r).end);
}

static bool
preload(struct raw *r, struct slice bytes)
{
	struct relay_spill *spill;

	if (bytes.len == 0)
		return true;
	spill = relay_spill_new(bytes.len);
	if (spill == NULL)
		return false;
	memcpy(spill->bytes, bytes.p, bytes.len);
	spill->len = (uint32_t)bytes.len;
	relay_preload(&r->relay, spill);
	r->ahead = bytes.len;
	return true;
}

struct raw *
legacy_join(struct client *c, struct visitor *v, int fd, struct slice bytes)
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
	c->raw = r;
	c->io.fd = -1;
	client_closing(&c->session);
	ev_timer_in(ev, &r->deadline, silence(r).ms);
	return r;
}
