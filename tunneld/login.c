/* SPDX-License-Identifier: ISC */
/*
 * Logins: from accept, within limits, through a PROXY header if one is due and the TLS handshake,
 * up to the session.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/socket.h>

#include "client.h"
#include "log.h"
#include "proxyhdr.h"

#define YIELD_MS 1000u		/* a login keeps its place so long, whoever wants it: an honest one
				   needs far less */
#define QUIET_MS 1000u		/* between two lines about the limit of logins */

/* Logins under way, in order of arrival. */
static struct {
	struct client *first, **last;
	struct quota *per_source;
	uint64_t now, limited, logged_ms;
} logins = { .last = &logins.first };

/* ---- places ---- */

static uint64_t
logins_per_source(void)
{
	return the->opts->max_logins < 4 ? 1 : the->opts->max_logins / 4;
}

static void
log_limited(const struct endpoint *peer)
{
	uint64_t now = ev_now_ms(the->serve->ev);
	char text[ENDPOINT_TEXT_MAX];

	logins.limited++;
	if (logins.logged_ms != 0 && now - logins.logged_ms < QUIET_MS)
		return;
	log_warn("peer=%s closed: %" PRIu64 " logins are under way (%" PRIu64
	    " closed so since the last such line)",
	    endpoint_text(peer, text), logins.now, logins.limited);
	logins.logged_ms = now;
	logins.limited = 0;
}

/* It takes a place; source: the one it already has among its source's logins, 0: none. */
static void
login_begin(struct client *c, uint64_t source)
{
	c->login_source = source;
	c->login_at = logins.last;
	*logins.last = c;
	logins.last = &c->next_login;
	logins.now++;
	tunneld_count(M_LOGINS, 1);
}

void
login_over(struct client *c, size_t result)
{
	if (c->login_at == NULL)
		return;
	*c->login_at = c->next_login;
	if (c->next_login != NULL)
		c->next_login->login_at = c->login_at;
	else
		logins.last = c->login_at;
	c->login_at = NULL;
	logins.now--;
	tunneld_count(M_LOGINS, -1);
	tunneld_count(result, 1);
	quota_drop(logins.per_source, 0, c->login_source);
	c->login_source = 0;
}

static void
login_limited(struct client *c)
{
	log_limited(&c->base.peer);
	login_over(c, M_LOGINS_LIMITED);
	client_close(c, END_LIMIT);
}

/*
 * The login that came first (of this source; 0: of all) yields its place:
 * false when it has not had it for long.
 */
static bool
yield(uint64_t source)
{
	uint64_t now = ev_now_ms(the->serve->ev);

	for (struct client *c = logins.first; c != NULL && now - c->base.started_ms >= YIELD_MS;
	    c = c->next_login)
		if (source == 0 || c->login_source == source) {
			login_limited(c);
			return true;
		}
	return false;
}

/*
 * Take a place among the logins of a source; *source, 0 so far, is then that place.
 * False when all are taken.
 */
static bool
take_source(const struct endpoint *peer, uint64_t *source)
{
	uint64_t key, limit = logins_per_source();

	if (peer->family != AF_INET && peer->family != AF_INET6)
		return true;
	key = quota_key_source(logins.per_source, peer);
	if (!quota_take(logins.per_source, 0, key, limit) &&
	    !(yield(key) && quota_take(logins.per_source, 0, key, limit)))
		return false;
	*source = key;
	return true;
}

/* Make sure that there is a place: false when all are taken. */
static bool
has_place(void)
{
	return logins.now < the->opts->max_logins || yield(0);
}

void
login_malformed(struct client *c, const char *why)
{
	char text[LOG_VALUE_MAX], peer[ENDPOINT_TEXT_MAX];

	log_info("conn=%" PRIu64 " peer=%s hello=malformed reason=%s", c->base.id,
	    endpoint_text(&c->base.peer, peer), log_value(slice_str(why), text));
	c->verdict = HELLO_MALFORMED;
}

size_t
login_count(void)
{
	return logins.now;
}

int
login_start(void)
{
	logins.per_source = quota_new(1, the->opts->max_logins * 2);
	return logins.per_source == NULL ? -1 : 0;
}

void
login_lost(struct client *c, bool reset)
{
	c->verdict = HELLO_EOF;
	client_close(c, reset ? END_CLIENT_RESET : END_HELLO);
}

size_t
login_peek(struct client *c, uint8_t *buf, size_t room)
{
	ssize_t n = recv(c->io.fd, buf, room, MSG_PEEK);

	if (n > 0)
		return (size_t)n;
	if (n == 0 || !sock_would_block())
		login_lost(c, n == -1);
	return 0;
}

/* ---- TLS ---- */

/* What cannot be TLS is not worth a handshake, nor an alert. */
static bool
looks_like_tls(struct client *c)
{
	uint8_t first[2];
	size_t n = login_peek(c, first, sizeof(first));

	if (n == 0)
		return false;
	if (first[0] == 0x16 && (n == 1 || first[1] == 3))
		return true;
	c->verdict = HELLO_NOT_TLS;
	client_close(c, END_HELLO);
	return false;
}

/* A silent client costs little: the handshake's memory is there from the first byte on. */
static bool
begin_handshake(struct client *c)
{
	if (c->tls != NULL)
		return true;
	if (!looks_like_tls(c))
		return false;
	c->tls = tls_new(the->tls, c->io.fd, NULL);
	if (c->tls == NULL)
		client_close(c, END_LIMIT);
	return c->tls != NULL;
}

void
login_shake(struct client *c)
{
	char why[TLS_WHY_MAX + 16];

	if (!begin_handshake(c))
		return;
	switch (tls_handshake(c->tls)) {
	case TLS_OK:
		c->verdict = HELLO_OK;
		memcpy(c->session.id, tls_peer_id(c->tls), sizeof(c->session.id));
		client_note_name(c);
		session_begin(c);
		break;
	case TLS_AGAIN:
		break;
	case TLS_EOF:
		login_lost(c, false);
		break;
	case TLS_CUT:
		login_lost(c, errno != 0);
		break;
	case TLS_BAD:
		snprintf(why, sizeof(why), "handshake: %s", tls_why(c->tls));
		login_malformed(c, why);
		client_linger(c, END_HELLO);
		break;
	case TLS_NO_MEMORY:
		client_close(c, END_LIMIT);
		break;
	}
}

/* ---- the PROXY header ---- */

/* After the header, or without one: the client's own first bytes come next. */
static void
greet(struct client *c, unsigned events)
{
	client_enter(c, c->ancestor ? CLIENT_SECRET : CLIENT_HANDSHAKE);
	if (c->ancestor)
		legacy_read(c, events);
	else
		login_shake(c);
}

/* It counts among its own source's from now on. False: there are too many, it is closed. */
static bool
take_peer(struct client *c, const struct proxyhdr *h)
{
	if (h->src.family != AF_UNSPEC)
		c->base.peer = h->src;
	if (!serve_count_source(the->serve, &c->base)) {
		client_close(c, END_LIMIT);
		return false;
	}
	if (!take_source(&c->base.peer, &c->login_source)) {
		login_limited(c);
		return false;
	}
	return true;
}

void
login_read_header(struct client *c, unsigned events)
{
	uint8_t buf[PROXYHDR_READ_MAX];
	size_t n = login_peek(c, buf, sizeof(buf)), used;
	struct proxyhdr h;

	if (n == 0)
		return;
	switch (proxyhdr_read(buf, n, &h, &used)) {
	case PROXYHDR_MORE:
		if (events & EV_EOF)
			login_lost(c, (events & EV_ERROR) != 0);
		return;
	case PROXYHDR_ABSENT:
		login_malformed(c, "header: it does not begin with a PROXY header");
		client_close(c, END_HELLO);
		return;
	case PROXYHDR_BAD:
		login_malformed(c, "header: its PROXY header is broken or too long");
		client_close(c, END_HELLO);
		return;
	case PROXYHDR_OK:
		break;
	}
	if (recv(c->io.fd, buf, used, 0) != (ssize_t)used)
		login_lost(c, true);
	else if (take_peer(c, &h))
		greet(c, events);
}

/* ---- accept ---- */

void
login_accept(const struct serve_client *from)
{
	bool proxied = serve_wants_proxyhdr(the->serve->conf, &from->peer);
	uint64_t source = 0;
	struct client *c = NULL;

	/* Its source comes first: where one of its logins yields, no other has to. */
	if ((proxied || take_source(&from->peer, &source)) && has_place()) {
		c = client_new(from);
	} else {
		log_limited(&from->peer);
		tunneld_count(M_LOGINS_LIMITED, 1);
	}
	if (c == NULL) {
		quota_drop(logins.per_source, 0, source);
		serve_turn_away(the->serve, from);
		return;
	}
	serve_enter(the->serve, &c->base, from);
	login_begin(c, source);
	if (!proxied)
		client_enter(c, c->ancestor ? CLIENT_SECRET : CLIENT_HANDSHAKE);
	ev_timer_in(the->serve->ev, &c->deadline, LOGIN_MS);
	if (ev_add(the->serve->ev, &c->io, EV_READ | EV_WRITE | EV_EDGE) == -1)
		client_close(c, END_LIMIT);
}
