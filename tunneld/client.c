/* SPDX-License-Identifier: ISC */
/*
 * One tunnel client: it proves a key, is judged, and then carries visitors until it ends.
 *
 *   HEADER -> HANDSHAKE -> HELLO -welcome-> LIVE -drain-> DRAINING -last visitor gone-> PARTING -> LINGER -> CLOSED
 *      '----> SECRET --------^--------------^  '-----------refused, withdrawn, replaced----^
 *
 * HEADER is there with --accept-proxy only, SECRET is an ancestor's. All states up to HELLO share one deadline, counted
 * from accept; a live session has the heartbeat of its mux. Every state can end in CLOSED: an error, a deadline, the end
 * of a drain.
 */
#include "client.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "proxyhdr.h"
#include "relay.h"
#include "sock.h"

#define PART_MS 2000u		/* for a client to take in why it must go */
#define LINGER_MS 2000u		/* and to close */
#define LINGER_READS 16
#define COME_BACK_MS 60000u	/* for whom there is no room, or who was replaced: no duels */
#define WITHIN_MIN_MS 1000u	/* clients asked to come back do so over at least this long, */
#define WITHIN_EACH_MS 25u	/* this much for each: 40 a second, */
#define WITHIN_MAX_MS 60000u	/* and at most this */
#define NAMES_BYTES (CONTROL_LINE_MAX - 1024u)	/* of the names in a welcome */
#define QUIET_MS 1000u		/* between two lines about the limit of logins */

static const char *const state_name[] = { "HEADER", "SECRET", "HANDSHAKE", "HELLO", "LIVE", "DRAINING", "PARTING",
	"LINGER", "CLOSED" };

/* Logins under way. */
static struct {
	struct quota *per_source;
	uint64_t now, limited, logged_ms;
} logins;

static void
count(size_t metric, int64_t by)
{
	metrics_add(the->serve->metrics, the->serve->worker, metric, by);
}

/* ---- states ---- */

static void
client_enter(struct client *c, enum client_state next)
{
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
	case CLIENT_CLOSED:
		ev_timer_at(the->serve->ev, &c->deadline, 0);
		break;
	case CLIENT_PARTING:
		ev_timer_in(the->serve->ev, &c->deadline, PART_MS);
		break;
	case CLIENT_LINGER:
		ev_timer_in(the->serve->ev, &c->deadline, LINGER_MS);
		break;
	}
}

/* ---- logins under way ---- */

static uint64_t
logins_per_source(void)
{
	return the->opts->max_logins < 4 ? 1 : the->opts->max_logins / 4;
}

/* Take a place among the logins of its source: false when they are all taken. */
static bool
take_source(const struct endpoint *peer, uint64_t *key)
{
	*key = 0;
	if (peer->family != AF_INET && peer->family != AF_INET6)
		return true;
	*key = quota_key_source(logins.per_source, peer);
	if (quota_take(logins.per_source, 0, *key, logins_per_source()))
		return true;
	*key = 0;
	return false;
}

static void
log_limited(const struct endpoint *peer)
{
	uint64_t now = ev_now_ms(the->serve->ev);
	char text[ENDPOINT_TEXT_MAX];

	logins.limited++;
	if (logins.logged_ms != 0 && now - logins.logged_ms < QUIET_MS)
		return;
	log_warn("peer=%s closed: %" PRIu64 " logins are under way (%" PRIu64 " closed so since the last such line)",
	    endpoint_text(peer, text), logins.now, logins.limited);
	logins.logged_ms = now;
	logins.limited = 0;
}

/* It is no login under way any more. */
static void
login_over(struct client *c, size_t result)
{
	if (!c->login)
		return;
	c->login = false;
	logins.now--;
	count(M_LOGINS, -1);
	count(result, 1);
	if (c->login_source != 0)
		quota_drop(logins.per_source, 0, c->login_source);
	c->login_source = 0;
}

size_t
client_logins(void)
{
	return logins.now;
}

/* ---- the end ---- */

static void
leave(struct client *c)
{
	if (c->joined) {
		c->joined = false;
		count(M_SESSIONS, -1);
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

	if (c->state == CLIENT_CLOSED)
		return;
	c->end = (uint8_t)end;		/* its visitors ask */
	leave(c);
	client_enter(c, CLIENT_CLOSED);
	ev_undefer(the->serve->ev, &c->parting);
	drop_mux(c);
	tls_free(c->tls);
	if (c->raw != NULL)
		legacy_leave(c->raw, end == END_DRAIN ? END_DRAIN : END_TARGET_RESET);
	if (end == END_TARGET_RESET)	/* an ancestor's one visitor was reset: so is its way here */
		sock_reset(c->io.fd);
	else
		close(c->io.fd);
	line.name = slice_str(c->name);
	line.rx = c->rx;
	line.tx = c->tx;
	serve_leave(the->serve, &c->base, end, &line);
	free(c->name);
	ev_free_later(the->serve->ev, c);
}

/* Read what the client still sends, so that closing does not turn into a reset that overtakes what it was told. */
static void
linger(struct client *c)
{
	int turns = LINGER_READS;
	ssize_t n = 1;

	while (n > 0 && turns-- > 0)
		n = read(c->io.fd, relay_scratch(the->relays), TLS_RECORD_MAX);
	if (n > 0)
		(void)ev_mod(the->serve->ev, &c->io, EV_READ | EV_WRITE | EV_EDGE);	/* a later turn */
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		client_close(c, (enum conn_end)c->end);
}

static void on_client(struct ev_io *io, unsigned events);

/* All was said: wait for its end. A mux has taken its descriptor out of the loop. */
static void
begin_linger(struct client *c, bool watched)
{
	tls_free(c->tls);
	c->tls = NULL;
	client_enter(c, CLIENT_LINGER);
	(void)shutdown(c->io.fd, SHUT_WR);
	c->io.cb = on_client;
	if (watched || ev_add(the->serve->ev, &c->io, EV_READ | EV_WRITE | EV_EDGE) == 0)
		linger(c);
	else
		client_close(c, (enum conn_end)c->end);
}

/* The GOAWAY goes in front of any data: it is asked for when the turn of that has been. */
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
	leave(c);
	if (c->mux == NULL) {
		client_close(c, end);
		return;
	}
	c->end = (uint8_t)end;
	client_enter(c, CLIENT_PARTING);
	ev_defer(the->serve->ev, &c->parting);
}

/* ---- messages ---- */

static void
send_control(struct client *c, const struct control *message)
{
	size_t len;
	char *line;

	if (!c->has_control || mux_of(&c->control) == NULL)
		return;
	line = control_write(message, &len);
	if (line != NULL)
		(void)mux_send(&c->control, slice_of(line, len));
	free(line);
}

/* How long the clients there are now should take to come back. */
static uint64_t
within_ms(void)
{
	uint64_t ms = WITHIN_EACH_MS * clients_sessions(the->clients);

	return ms < WITHIN_MIN_MS ? WITHIN_MIN_MS : ms > WITHIN_MAX_MS ? WITHIN_MAX_MS : ms;
}

static void
send_welcome(struct client *c)
{
	char text[CONTROL_NAMES_MAX][CLIENTS_NAME_MAX];
	struct slice names[CONTROL_NAMES_MAX];
	struct control m = { .type = CONTROL_WELCOME, .version = CONTROL_VERSION, .names = names,
		.heartbeat_ms = the->opts->heartbeat_ms, .dead_ms = the->opts->dead_ms,
		.streams = clients_streams(&c->session), .within_ms = within_ms() };
	size_t bytes = 0;

	while (m.n_names < CONTROL_NAMES_MAX && clients_name(the->clients, &c->session, m.n_names, text[m.n_names])) {
		names[m.n_names] = slice_str(text[m.n_names]);
		bytes += names[m.n_names].len + 3;	/* quotes and a comma */
		if (bytes > NAMES_BYTES)
			break;
		m.n_names++;
	}
	send_control(c, &m);
}

/* How each refusal ends, and what it says behind the id. */
static const struct refusal {
	enum conn_end end;
	uint32_t after_ms;
	const char *text;
} refusals[] = {
	[CONTROL_REFUSED] = { END_DENIED, 0, "refused" },
	[CONTROL_UNAUTHORISED] = { END_DENIED, 0, "not authorised; to let this client in, make its id a line of the "
	    "server's authorization file" },
	[CONTROL_EXPIRED] = { END_DENIED, 0, "its authorization has expired" },
	[CONTROL_FROM] = { END_DENIED, 0, "not allowed from this address" },
	[CONTROL_LIMIT] = { END_LIMIT, COME_BACK_MS, "as many sessions as it may have are here already" },
	[CONTROL_REPLACED] = { END_CLOSED, COME_BACK_MS, "a newer session of the same process took over" },
	[CONTROL_REVOKED] = { END_DENIED, 0, "its authorization was withdrawn" },
	[CONTROL_VERSION_BAD] = { END_HELLO, 0, "no version in common" },
	[CONTROL_PROTOCOL] = { END_HELLO, 0, "the protocol was not kept" },
};

/* A secret has no id that could be told. */
static const char *
refusal_text(const struct client *c, enum control_code code)
{
	return code == CONTROL_UNAUTHORISED && c->session.by_secret ?
	    "no line of the authorization file has its hash" : refusals[code].text;
}

static const char *
client_word(const struct client *c)
{
	return c->session.by_secret ? "secret" : c->session.id[0] != '\0' ? c->session.id : "-";
}

/* Tell the client why, and end its session. */
static void
refuse(struct client *c, enum control_code code, const char *why)
{
	const struct refusal *r = &refusals[code];
	char text[CONTROL_TEXT_MAX], peer[ENDPOINT_TEXT_MAX];
	struct control m = { .type = CONTROL_ERROR, .code = code, .after_ms = r->after_ms };

	if (c->state >= CLIENT_PARTING)
		return;
	if (why == NULL)
		why = refusal_text(c, code);
	if (r->end == END_HELLO)
		c->verdict = HELLO_MALFORMED;
	log_info("client=%s conn=%" PRIu64 " peer=%s %s: %s", client_word(c), c->base.id,
	    endpoint_text(&c->base.peer, peer), control_code_word(code), why);
	login_over(c, r->end == END_HELLO ? M_LOGINS_FAILED : M_LOGINS_REFUSED);
	if (!c->session.by_secret && c->mux != NULL) {
		snprintf(text, sizeof(text), "%s: %s", client_word(c), why);
		m.text = slice_str(text);
		send_control(c, &m);
		if (c->has_control && mux_of(&c->control) != NULL)
			mux_fin(&c->control);
	}
	client_part(c, r->end);
}

/* ---- welcome ---- */

static void
name_it(struct client *c)
{
	char name[CLIENTS_NAME_MAX];

	if (c->name == NULL && clients_name(the->clients, &c->session, 0, name))
		c->name = strdup(name);
}

static void
welcome(struct client *c)
{
	char peer[ENDPOINT_TEXT_MAX], name[LOG_VALUE_MAX];

	c->joined = true;
	count(M_SESSIONS, 1);
	login_over(c, M_LOGINS_OK);
	client_enter(c, CLIENT_LIVE);
	name_it(c);
	log_info("client=%s conn=%" PRIu64 " peer=%s up: name=%s streams=%" PRIu32 " sessions=%zu", client_word(c),
	    c->base.id, endpoint_text(&c->base.peer, peer), log_value(slice_str(c->name), name), clients_streams(&c->session),
	    clients_sessions(the->clients));
	if (c->ancestor)
		legacy_live(c);
	else
		send_welcome(c);
}

void
client_judge(struct client *c)
{
	c->session.peer = c->base.peer;
	switch (clients_join(the->clients, &c->session, (int64_t)time(NULL))) {
	case CLIENTS_WELCOME:
		welcome(c);
		break;
	case CLIENTS_UNAUTHORISED:
		refuse(c, CONTROL_UNAUTHORISED, NULL);
		break;
	case CLIENTS_EXPIRED:
		refuse(c, CONTROL_EXPIRED, NULL);
		break;
	case CLIENTS_FROM:
		refuse(c, CONTROL_FROM, NULL);
		break;
	case CLIENTS_LIMIT:
		refuse(c, CONTROL_LIMIT, NULL);
		break;
	}
}

/* ---- stream 1 ---- */

/* The kinds its services take; without a list it may take any. */
static unsigned
kinds_of(const struct control *m)
{
	unsigned kinds = m->n_services == 0 ? CLIENTS_TLS | CLIENTS_HTTP : 0;

	for (size_t i = 0; i < m->n_services; i++)
		if (strcmp(m->services[i].kind, "tls") == 0)
			kinds |= CLIENTS_TLS;
		else if (strcmp(m->services[i].kind, "http") == 0)
			kinds |= CLIENTS_HTTP;
	return kinds;
}

static void
take_hello(struct client *c, const struct control *m)
{
	if (m->type != CONTROL_HELLO) {
		refuse(c, CONTROL_PROTOCOL, "the first message is no hello");
	} else if (m->version < CONTROL_VERSION) {
		refuse(c, CONTROL_VERSION_BAD, NULL);
	} else {
		memcpy(c->session.instance, m->instance, sizeof(c->session.instance));
		c->session.kinds = kinds_of(m);
		client_judge(c);
	}
}

static void
take_message(struct client *c, struct slice line)
{
	struct control m;
	const char *why;

	if (!control_read(line, &m, &why)) {
		refuse(c, CONTROL_PROTOCOL, why);
		return;
	}
	if (c->state == CLIENT_HELLO)
		take_hello(c, &m);
	else if (m.type == CONTROL_DRAIN)
		client_closing(&c->session);
	else if (m.type != CONTROL_OTHER)
		refuse(c, CONTROL_PROTOCOL, "a message out of place");
	control_free(&m);
}

/* The next whole line, without its newline: absent when there is none yet. */
static struct slice
next_line(struct client *c, struct slice all)
{
	const char *end = all.len <= c->scanned ? NULL : memchr(all.p + c->scanned, '\n', all.len - c->scanned);

	if (end == NULL) {
		c->scanned = (uint32_t)all.len;
		return slice_of(NULL, 0);
	}
	c->scanned = 0;
	return slice_of(all.p, (size_t)(end - all.p));
}

static void
on_control(struct mux_stream *s)
{
	struct client *c = EV_CONTAINER(s, struct client, control);
	struct slice all, line;

	if (c->ancestor) {
		legacy_on_control(c);
		return;
	}
	while (c->state < CLIENT_PARTING) {
		all = mux_peek(s);
		line = next_line(c, all);
		if ((line.p == NULL ? all.len : line.len) >= CONTROL_LINE_MAX) {
			refuse(c, CONTROL_PROTOCOL, "a message is too long");
			return;
		}
		if (line.p == NULL)
			break;
		take_message(c, line);
		mux_take(s, line.len + 1);
	}
	if (c->state == CLIENT_HELLO && mux_ended(s)) {
		c->verdict = HELLO_EOF;
		client_part(c, END_HELLO);
	}
}

static void
on_control_ended(struct mux_stream *s, enum mux_end end)
{
	struct client *c = EV_CONTAINER(s, struct client, control);

	if (end != MUX_LOST && end != MUX_CLOSED && c->state < CLIENT_PARTING)
		refuse(c, CONTROL_PROTOCOL, "stream 1 was reset");
}

static const struct mux_stream_ops control_ops = { .data = on_control, .ended = on_control_ended };

/* ---- the session ---- */

static void
on_opened(struct mux *m)
{
	struct client *c = mux_arg(m);

	if (c->state != CLIENT_HELLO || c->has_control) {
		mux_refuse(m);
		return;
	}
	mux_accept(m, &c->control, &control_ops);
	c->has_control = true;
	if (c->control.y.id != 1) {
		mux_reset(&c->control);
		refuse(c, CONTROL_PROTOCOL, "its first stream is not stream 1");
	}
}

static void
on_goaway(struct mux *m)
{
	struct client *c = mux_arg(m);

	client_closing(&c->session);
}

static void
log_down(const struct client *c, enum mux_end end)
{
	const char *why = mux_why(c->mux);
	char text[LOG_VALUE_MAX], peer[ENDPOINT_TEXT_MAX];

	log_info("client=%s conn=%" PRIu64 " peer=%s down: %s: %s", client_word(c), c->base.id,
	    endpoint_text(&c->base.peer, peer), mux_end_word(end), log_value(slice_str(why), text));
}

static enum conn_end
session_end(struct client *c, enum mux_end end)
{
	switch (end) {
	case MUX_CLOSED:
		return END_CLOSED;
	case MUX_SILENT:
		return END_IDLE;
	case MUX_PROTOCOL:
		c->verdict = HELLO_MALFORMED;
		return END_HELLO;
	case MUX_LOCAL_RESET:
	case MUX_PEER_RESET:
	case MUX_IDLE:
	case MUX_HALF_CLOSE:
	case MUX_MEMORY:
	case MUX_LOST:
		break;
	}
	return END_CLIENT_RESET;
}

static void
on_session_ended(struct mux *m, enum mux_end end)
{
	struct client *c = mux_arg(m);
	bool login = c->state == CLIENT_HELLO;

	if (c->state == CLIENT_PARTING) {
		drop_mux(c);
		begin_linger(c, false);
		return;
	}
	if (end != MUX_CLOSED)
		log_down(c, end);
	if (login && (end == MUX_CLOSED || end == MUX_LOST))
		c->verdict = HELLO_EOF;
	client_close(c, login && end == MUX_CLOSED ? END_HELLO : session_end(c, end));
}

static const struct mux_ops session_ops = { .opened = on_opened, .goaway = on_goaway, .ended = on_session_ended };

void
client_begin(struct client *c)
{
	const struct serve_conf *conf = the->serve->conf;
	struct mux_conf m = { .role = YAMUX_SERVER, .ancestor = c->ancestor, .heartbeat_ms = the->opts->heartbeat_ms,
		.dead_ms = the->opts->dead_ms, .idle_ms = conf->idle_ms, .half_close_ms = conf->half_close_ms,
		.max_streams = 1 };

	if (c->ancestor && m.dead_ms != 0 && m.dead_ms < LEGACY_DEAD_MS)
		m.dead_ms = LEGACY_DEAD_MS;
	client_enter(c, CLIENT_HELLO);
	c->mux = mux_new(the->muxes, &m, &session_ops, &c->io, c->tls, c);
	if (c->mux == NULL)
		client_close(c, END_LIMIT);
	else
		c->tls = NULL;
}

/* ---- before the session ---- */

static void
broken(struct client *c, ssize_t n)
{
	c->verdict = HELLO_EOF;
	client_close(c, n == 0 ? END_HELLO : END_CLIENT_RESET);
}

/* What cannot be TLS is not worth a handshake, nor an alert. */
static bool
looks_like_tls(struct client *c)
{
	uint8_t first[2];
	ssize_t n;

	n = recv(c->io.fd, first, sizeof(first), MSG_PEEK);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n <= 0) {
		broken(c, n);
		return false;
	}
	if (first[0] == 0x16 && (n == 1 || first[1] == 3))
		return true;
	c->verdict = HELLO_NOT_TLS;
	client_close(c, END_HELLO);
	return false;
}

/* Who says nothing costs little: the handshake's memory is there from the first byte on. */
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

static void
shake(struct client *c)
{
	char text[LOG_VALUE_MAX], peer[ENDPOINT_TEXT_MAX];

	if (!begin_handshake(c))
		return;
	switch (tls_handshake(c->tls)) {
	case TLS_OK:
		c->verdict = HELLO_OK;
		memcpy(c->session.id, tls_peer_id(c->tls), sizeof(c->session.id));
		name_it(c);
		client_begin(c);
		break;
	case TLS_AGAIN:
		break;
	case TLS_EOF:
		broken(c, 0);
		break;
	case TLS_CUT:
		broken(c, errno == 0 ? 0 : -1);
		break;
	case TLS_BAD:
		log_info("conn=%" PRIu64 " peer=%s handshake: %s", c->base.id, endpoint_text(&c->base.peer, peer),
		    log_value(slice_str(tls_why(c->tls)), text));
		c->verdict = HELLO_MALFORMED;
		c->end = END_HELLO;
		leave(c);
		begin_linger(c, true);
		break;
	}
}

/* Behind the header, or from the start: whoever it is shows itself. */
static void
greet(struct client *c, unsigned events)
{
	client_enter(c, c->ancestor ? CLIENT_SECRET : CLIENT_HANDSHAKE);
	if (c->ancestor)
		legacy_read(c, events);
	else
		shake(c);
}

static void
read_header(struct client *c, unsigned events)
{
	uint8_t buf[PROXYHDR_READ_MAX];
	ssize_t n = recv(c->io.fd, buf, sizeof(buf), MSG_PEEK);
	struct proxyhdr h;
	size_t used;

	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		broken(c, n);
		return;
	}
	switch (proxyhdr_read(buf, (size_t)n, &h, &used)) {
	case PROXYHDR_MORE:
		if (events & EV_EOF)
			broken(c, 0);
		return;
	case PROXYHDR_ABSENT:
	case PROXYHDR_BAD:
		c->verdict = HELLO_MALFORMED;
		client_close(c, END_HELLO);
		return;
	case PROXYHDR_OK:
		break;
	}
	if (recv(c->io.fd, buf, used, 0) != (ssize_t)used) {
		broken(c, -1);
		return;
	}
	if (h.src.family != AF_UNSPEC)
		c->base.peer = h.src;
	if (!take_source(&c->base.peer, &c->login_source)) {
		log_limited(&c->base.peer);
		login_over(c, M_LOGINS_LIMITED);
		client_close(c, END_LIMIT);
		return;
	}
	greet(c, events);
}

/* ---- events ---- */

static void
on_client(struct ev_io *io, unsigned events)
{
	struct client *c = EV_CONTAINER(io, struct client, io);

	switch ((enum client_state)c->state) {
	case CLIENT_HEADER:
		if (events & (EV_READ | EV_EOF | EV_ERROR))
			read_header(c, events);
		break;
	case CLIENT_SECRET:
		if (events & (EV_READ | EV_EOF | EV_ERROR))
			legacy_read(c, events);
		break;
	case CLIENT_HANDSHAKE:
		shake(c);
		break;
	case CLIENT_LIVE:		/* without a mux: a raw socket; the mux has a callback of its own */
	case CLIENT_DRAINING:
		if (c->mux == NULL)
			legacy_on_raw(c, events);
		break;
	case CLIENT_LINGER:
		linger(c);
		break;
	case CLIENT_HELLO:
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

static struct client *
client_new(const struct serve_client *from, bool ancestor)
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
	c->ancestor = ancestor;
	return c;
}

static void
accept_client(const struct serve_client *from, bool ancestor)
{
	bool proxied = serve_wants_proxyhdr(the->serve->conf, &from->peer);
	uint64_t source = 0;
	struct client *c = NULL;

	if (logins.now >= the->opts->max_logins || (!proxied && !take_source(&from->peer, &source))) {
		log_limited(&from->peer);
		count(M_LOGINS_LIMITED, 1);
	} else {
		c = client_new(from, ancestor);
	}
	if (c == NULL) {
		if (source != 0)
			quota_drop(logins.per_source, 0, source);
		serve_turn_away(the->serve, from);
		return;
	}
	c->login = true;
	c->login_source = source;
	logins.now++;
	count(M_LOGINS, 1);
	serve_enter(the->serve, &c->base, from);
	if (!proxied)
		client_enter(c, ancestor ? CLIENT_SECRET : CLIENT_HANDSHAKE);
	ev_timer_in(the->serve->ev, &c->deadline, LOGIN_MS);
	if (ev_add(the->serve->ev, &c->io, EV_READ | EV_WRITE | EV_EDGE) == -1)
		client_close(c, END_LIMIT);
}

void
client_accept(const struct serve_client *from)
{
	accept_client(from, false);
}

void
legacy_accept(const struct serve_client *from)
{
	accept_client(from, true);
}

/* ---- what others want of it ---- */

void
client_cut(struct serve_conn *base)
{
	client_close(EV_CONTAINER(base, struct client, base), END_DRAIN);
}

void
client_end(struct session *s, enum control_code why)
{
	refuse(client_of(s), why, NULL);
}

void
client_changed(struct session *s)
{
	struct client *c = client_of(s);

	if (c->state == CLIENT_LIVE && !c->ancestor)
		send_welcome(c);
}

void
client_closing(struct session *s)
{
	s->closing = true;
	published_changed();
}

void
client_visitor_came(struct session *s)
{
	s->visitors++;
	count(M_VISITORS, 1);
}

void
client_visitor_gone(struct session *s)
{
	struct client *c = client_of(s);

	s->visitors--;
	count(M_VISITORS, -1);
	if (c->state == CLIENT_DRAINING && s->visitors == 0 && c->mux != NULL)	/* else it ends as its visitor did */
		client_part(c, END_CLOSED);
}

static void
drain(struct client *c, uint64_t all_within_ms)
{
	struct control m = { .type = CONTROL_DRAIN, .within_ms = all_within_ms };

	if (c->state < CLIENT_LIVE) {
		client_close(c, END_DRAIN);
		return;
	}
	if (c->state != CLIENT_LIVE)
		return;
	client_closing(&c->session);
	client_enter(c, CLIENT_DRAINING);
	if (!c->ancestor)
		send_control(c, &m);
	if (c->mux != NULL)
		mux_goaway(c->mux);
	if (c->session.visitors == 0)
		client_part(c, END_CLOSED);
}

void
client_drain_all(void)
{
	uint64_t ms = within_ms();	/* of all who are here now: some leave on the way */

	for (struct serve_conn *next, *base = the->serve->conns; base != NULL; base = next) {
		next = base->next;
		if (base->via->role != DOOR_VISITORS)
			drain(EV_CONTAINER(base, struct client, base), ms);
	}
}

/* ---- the process ---- */

int
client_start(void)
{
	logins.per_source = quota_new(1, the->opts->max_logins * 2);
	return logins.per_source == NULL ? -1 : 0;
}
