/* SPDX-License-Identifier: ISC */
/*
 * The ancestors' clients. Both generations send a secret, in clear and without an answer: the first
 * as the beginning of a connection that then carries one visitor, the second on stream 1 of a yamux
 * session. Their first byte tells them apart.
 */
#include <string.h>
#include <sys/socket.h>

#include "client.h"
#include "secret.h"
#include "sock.h"

#define FORGOTTEN_MS 4000u	/* the second generation registers again after 5 s */
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
		if (events & EV_EOF)
			login_lost(c, (events & EV_ERROR) != 0);
		return;
	case SECRET_BAD:
		malformed(c);
		return;
	case SECRET_OK:
		break;
	}
	/* What follows is the service's: it stays in the socket. */
	if (recv(c->io.fd, buf, used, 0) != (ssize_t)used) {
		login_lost(c, true);
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
	size_t n = login_peek(c, buf, sizeof(buf));

	if (n == 0)
		return;
	if (buf[0] == YAMUX_FIRST)
		session_begin(c);
	else
		read_raw(c, buf, n, events);
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
	if (mux_ended(&c->control))
		mux_fin(&c->control);
	mux_take(&c->control, all.len);
}

/* ---- the second generation: a session its client has forgotten ---- */

static bool
is_forgotten(struct session *old, const struct session *s)
{
	return old->by_secret && !old->closing && client_of(old)->mux != NULL &&
	    memcmp(old->secret, s->secret, sizeof(old->secret)) == 0 &&
	    endpoint_same_ip(&old->peer, &s->peer) &&
	    join_keeps_waiting(old, FORGOTTEN_MS);
}

/*
 * An ancestor whose service has refused a visitor lets it wait, forgets the session without ending
 * it, and registers again. What looks like that takes no more visitors; if it was another client
 * after all, those it has can finish.
 */
bool
legacy_make_room(const struct client *c)
{
	struct session *old = NULL;

	if (!c->session.by_secret || c->mux == NULL)
		return false;
	while ((old = clients_next(the->clients, old)) != NULL)
		if (is_forgotten(old, &c->session)) {
			session_superseded(client_of(old));
			return true;
		}
	return false;
}

/* ---- the first generation: a socket that waits for its visitor (with it: raw.c) ---- */

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
