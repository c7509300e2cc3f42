/* SPDX-License-Identifier: ISC */
/*
 * One connection to a server.
 *
 *   REACH --connected--> HANDSHAKE --TLS, right key--> HELLO --welcome--> LIVE --drain--> DRAINING
 *     |                      '--- an ancestor's: no TLS --^ '- still there -^                |
 *     |                                                     after a second, with ancestors'  |
 *     |                                                                                      |
 *     '---- an error, a deadline, the server's wish ----> PARTING <---last visitor gone------'
 *                                                            '--all was said--> CLOSED
 *
 * PARTING ends a session in order; without one, or when that is lost, every state ends in CLOSED at
 * once. With the ancestors' first handshake the connection itself serves one visitor: it goes from
 * LIVE to DRAINING when that one comes.
 */
#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "log.h"
#include "secret.h"
#include "sock.h"
#include "tunnelc.h"

#define LOGIN_MS 10000u		/* from being connected to the welcome */
#define HEARTBEAT_MS 10000u	/* until the welcome says otherwise */
#define PART_MS 2000u		/* for a failed session to end in order */
#define SILENT_YES_MS 1000u	/* an ancestor that has not hung up by then has taken us */
#define STREAMS_MAX 65536u	/* the most visitors we take at once, whatever a server announces */

enum link_state {
	LINK_REACH, LINK_HANDSHAKE, LINK_HELLO, LINK_LIVE, LINK_DRAINING, LINK_PARTING, LINK_CLOSED
};

struct link {
	struct server *server;
	const char *address;		/* its -s, borrowed for ever */
	uint8_t state;
	bool raw;			/* the ancestors' first handshake */
	bool heard;			/* an ancestor said something on stream 1 */
	struct ev_io io;		/* the mux watches its descriptor once there is one */
	struct ev_timer deadline;
	struct reach *reach;		/* REACH */
	struct tls *tls;		/* owned until the mux takes it */
	struct mux *mux;		/* owned */
	struct mux_stream control;	/* stream 1 */
	uint32_t scanned;		/* control_line()'s */
	struct raw *visitor;		/* of a raw connection; frees itself, borrowed until then */
	uint32_t visitors;
	char why[LINK_WHY_MAX];		/* why it is to end; empty: not known yet, or in order */
	char wrong_pin[2 * IDENTITY_WHY_MAX];	/* what is wrong with the server's key; or empty */
};

static const char *const state_name[] = { "reach", "handshake", "hello", "live", "draining",
	"parting", "closed" };

/* ---- states ---- */

static uint64_t
deadline_ms(const struct link *l)
{
	uint64_t grace = the->opts->grace_ms;

	switch ((enum link_state)l->state) {
	case LINK_HANDSHAKE:
		return LOGIN_MS;
	case LINK_HELLO:
		return SILENT_YES_MS;
	case LINK_PARTING:		/* the last visitors' bytes may be under way: they
					   get as long as visitors */
		return l->why[0] == '\0' && grace > PART_MS ? grace : PART_MS;
	case LINK_REACH:		/* has its own */
	case LINK_LIVE:			/* the mux notices silence, TCP does where there is none */
	case LINK_DRAINING:
	case LINK_CLOSED:
		break;
	}
	return 0;
}

static void
enter(struct link *l, enum link_state next)
{
	assert(next > l->state);	/* only forward; a new arrow goes in the diagram too */
	log_debug("server=%s %s -> %s", l->address, state_name[l->state], state_name[next]);
	l->state = next;
	if (next != LINK_HELLO || by_secret())	/* else what is left of LOGIN_MS */
		ev_timer_in(the->ev, &l->deadline, deadline_ms(l));
}

static void
release(struct link *l)
{
	enter(l, LINK_CLOSED);
	reach_cancel(l->reach);
	raw_cut(l->visitor);
	mux_free(l->mux);		/* tells its streams that they are lost */
	tls_drop(l->tls);
	if (l->io.fd != -1)
		close(l->io.fd);
	ev_free_later(the->ev, l);
}

void
link_free(struct link *l)
{
	if (l != NULL && l->state != LINK_CLOSED)
		release(l);
}

/* The one door out. l->why outlives release(): only l's first bytes are lost in this turn. */
static void
end(struct link *l)
{
	struct server *s = l->server;

	if (l->state == LINK_CLOSED)
		return;
	release(l);
	server_down(s, l, l->why[0] == '\0' ? NULL : l->why);
}

/* Say goodbye and end, later, as this may be a callback of its mux; at once where there is none. */
static void
part(struct link *l)
{
	if (l->mux == NULL) {
		end(l);
	} else if (l->state < LINK_PARTING) {
		enter(l, LINK_PARTING);
		mux_close(l->mux);
	}
}

static void fail(struct link *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The same because something is wrong: the first reason counts. */
static void
fail(struct link *l, const char *fmt, ...)
{
	va_list ap;

	if (l->why[0] == '\0') {
		va_start(ap, fmt);
		vsnprintf(l->why, sizeof(l->why), fmt, ap);
		va_end(ap);
	}
	part(l);
}

/* An ancestor has no word for a welcome: it stays silent for a while, or sends a visitor. */
static void
taken(struct link *l)
{
	enter(l, LINK_LIVE);
	server_up(l->server, l, "");
}

/* ---- control messages ---- */

static bool
say(struct link *l, const struct control *c)
{
	size_t len;
	char *line = control_write(c, &len);
	bool ok = line != NULL && mux_send(&l->control, slice_of(line, len));

	free(line);
	return ok;
}

static void
offer(struct control_service list[static CONTROL_SERVICES_MAX], size_t *n, enum kind kind,
    struct slice name)
{
	if (*n < CONTROL_SERVICES_MAX)
		list[(*n)++] = (struct control_service){ kind, name };
}

/* What we serve: the words, and with a program every kind. */
static size_t
services(struct control_service list[static CONTROL_SERVICES_MAX])
{
	const struct slice any = slice_of(NULL, 0);
	size_t n = 0;

	for (size_t i = 0; i < the->words.n; i++) {
		const struct word *w = &the->words.word[i];

		offer(list, &n, w->kind, w->name[0] == '\0' ? any : slice_str(w->name));
	}
	for (enum kind kind = KIND_TLS; the->opts->program != NULL && kind <= KIND_TCP; kind++)
		if (words_find(&the->words, kind, any) == NULL)
			offer(list, &n, kind, any);
	return n;
}

static bool
say_hello(struct link *l)
{
	struct control_service list[CONTROL_SERVICES_MAX];
	struct control hello = { .type = CONTROL_HELLO, .version = CONTROL_VERSION,
		.services = list };

	memcpy(hello.instance, the->instance, sizeof(hello.instance));
	hello.n_services = services(list);
	return say(l, &hello);
}

static void
join_names(const struct control *c, char out[static LINK_NAMES_MAX])
{
	size_t len = 0;

	out[0] = '\0';
	for (size_t i = 0; i < c->n_names && len < LINK_NAMES_MAX; i++)
		len += (size_t)snprintf(out + len, LINK_NAMES_MAX - len, "%s" SLICE_FMT,
		    i == 0 ? "" : ",", SLICE_ARG(c->names[i]));
}

static void
on_welcome(struct link *l, const struct control *c)
{
	char names[LINK_NAMES_MAX];

	if (c->version != CONTROL_VERSION) {
		fail(l, "the server speaks version %u, not %u", c->version, CONTROL_VERSION);
		return;
	}
	join_names(c, names);
	mux_heartbeat(l->mux, c->heartbeat_ms, c->dead_ms);
	server_hint(l->server, c->after_ms, c->within_ms);
	if (l->state == LINK_HELLO)
		enter(l, LINK_LIVE);
	server_up(l->server, l, names);
}

/* Too many sessions, or a newer one of ours: coming back at once would be a duel. */
static uint64_t
duel_free(const struct control *c)
{
	bool duel = c->code == CONTROL_LIMIT || c->code == CONTROL_REPLACED;

	return duel && c->after_ms == 0 ? RETRY_MAX_MS : c->after_ms;
}

static void
on_error(struct link *l, const struct control *c)
{
	server_hint(l->server, duel_free(c), c->within_ms);
	if (c->code == CONTROL_REPLACED)
		server_replaced(l->server);
	fail(l, "refused: %s%s" SLICE_FMT, control_code_word(c->code), c->text.len > 0 ? ": " : "",
	    SLICE_ARG(c->text));
}

/* On a drain or a GOAWAY: both come, in any order, and the drain says when to come back. */
static void
leave(struct link *l)
{
	if (l->state == LINK_HELLO) {
		fail(l, "the server is going away%s",	/* ancestors have no word for a refusal */
		    by_secret() ? ", or does not know the secret" : "");
		return;
	}
	if (l->state != LINK_LIVE || l->why[0] != '\0')	/* a GOAWAY follows each error message */
		return;
	enter(l, LINK_DRAINING);
	server_leaving(l->server, l);
	if (l->visitors == 0)
		part(l);
}

static void
obey(struct link *l, const struct control *c)
{
	switch (c->type) {
	case CONTROL_WELCOME:
		on_welcome(l, c);
		break;
	case CONTROL_ERROR:
		on_error(l, c);
		break;
	case CONTROL_DRAIN:
		server_hint(l->server, c->after_ms, c->within_ms);
		if (l->state == LINK_DRAINING || l->state == LINK_PARTING)
			server_plan_anew(l->server, l);
		else
			leave(l);
		break;
	case CONTROL_HELLO:
		fail(l, "the server says hello like a client");
		break;
	case CONTROL_OTHER:
		break;
	}
}

/* Obey the server's next message; false when there is none yet, or the link is to end. */
static bool
next_message(struct link *l)
{
	struct slice line;
	struct control c;
	const char *why;

	switch (control_line(mux_peek(&l->control), &l->scanned, &line)) {
	case CONTROL_LINE_MORE:
		return false;
	case CONTROL_LINE_LONG:
		fail(l, "a control message is longer than %u bytes", CONTROL_LINE_MAX);
		return false;
	case CONTROL_LINE_OK:
		break;
	}
	if (!control_read(line, &c, &why)) {
		fail(l, "a control message is malformed: %s", why);
		return false;
	}
	mux_take(&l->control, line.len + 1);
	obey(l, &c);
	control_free(&c);
	return l->why[0] == '\0';
}

static void
on_control_data(struct mux_stream *s)
{
	struct link *l = EV_CONTAINER(s, struct link, control);

	if (by_secret()) {	/* an ancestor's end of stream 1; nothing is said on it */
		l->heard = true;
		mux_take(s, mux_peek(s).len);
		return;
	}
	while (l->why[0] == '\0' && next_message(l))
		;
	if (l->why[0] == '\0' && mux_ended(s))
		fail(l, "the server ended the control stream");
}

static void
on_control_ended(struct mux_stream *s, enum mux_end how)
{
	struct link *l = EV_CONTAINER(s, struct link, control);

	if (how == MUX_LOST)		/* the session's end, which is reported next */
		return;
	l->heard = true;
	if (!by_secret())
		fail(l, "the server reset the control stream");
}

/* ---- the mux ---- */

static void
on_opened(struct mux *m)
{
	struct link *l = mux_arg(m);

	if (l->state == LINK_HELLO && by_secret())
		taken(l);
	if (l->state == LINK_LIVE)
		stream_opened(m, l);
	else
		mux_refuse(m);
}

static void
on_goaway(struct mux *m)
{
	leave(mux_arg(m));
}

/* It was to end in order, and its visitors' log lines say that they did. */
static void
warn_of_loss(const struct link *l, const char *why)
{
	char text[LOG_VALUE_MAX];

	if (l->state == LINK_PARTING && l->why[0] == '\0')
		log_warn("server=%s link=parting reason=%s", l->address,
		    log_value(slice_str(why), text));
}

static void
on_ended(struct mux *m, enum mux_end how)
{
	struct link *l = mux_arg(m);
	bool drained = l->state >= LINK_DRAINING && how == MUX_CLOSED;

	if (by_secret() && l->state == LINK_HELLO && !l->heard &&
	    (how == MUX_CLOSED || how == MUX_LOST))
		server_other_handshake(l->server);
	if (how != MUX_CLOSED)
		warn_of_loss(l, mux_why(m));
	if (l->why[0] == '\0' && !drained)
		snprintf(l->why, sizeof(l->why), "%s: %s", mux_end_word(how), mux_why(m));
	end(l);
}

static const struct mux_ops link_ops = { .opened = on_opened, .goaway = on_goaway,
	.ended = on_ended };
static const struct mux_stream_ops control_ops = { .data = on_control_data,
	.ended = on_control_ended };

/* The ancestors' server reads header and secret with one read each: they are one frame. */
static bool
say_secret(struct link *l)
{
	uint8_t frame[SECRET_FRAME_MAX];
	size_t len = secret_write(the->secret, frame);
	bool ok = mux_send(&l->control, slice_of((char *)frame, len));

	mux_fin(&l->control);
	return ok;
}

static void
begin_mux(struct link *l)
{
	const struct options *o = the->opts;
	struct mux_conf conf = { .role = YAMUX_CLIENT, .ancestor = by_secret(),
		.heartbeat_ms = HEARTBEAT_MS, .dead_ms = DEAD_MS, .idle_ms = o->idle_ms,
		.half_close_ms = o->half_close_ms, .max_streams = STREAMS_MAX };

	l->mux = mux_new(the->muxes, &conf, &link_ops, &l->io, l->tls, l);
	if (l->mux == NULL) {
		fail(l, "%s", strerror(ENOMEM));
		return;
	}
	l->tls = NULL;
	enter(l, LINK_HELLO);
	if (!mux_open(l->mux, &l->control, &control_ops) ||
	    !(by_secret() ? say_secret(l) : say_hello(l)))
		fail(l, "%s", strerror(ENOMEM));
}

/* ---- the ancestors' first handshake ---- */

static void
begin_raw(struct link *l)
{
	uint8_t frame[SECRET_FRAME_MAX];
	size_t len = secret_write(the->secret, frame);

	sock_keep_alive(l->io.fd, HEARTBEAT_MS, DEAD_MS);
	if (send(l->io.fd, frame, len, MSG_NOSIGNAL) != (ssize_t)len) {
		fail(l, "the secret could not be sent: %s", strerror(errno));
		return;
	}
	enter(l, LINK_HELLO);
}

/* A visitor, or the end. */
static void
look_raw(struct link *l)
{
	char byte;
	ssize_t n = recv(l->io.fd, &byte, 1, MSG_PEEK);

	if (n == -1 && sock_would_block())
		return;
	if (n <= 0) {
		if (l->state == LINK_HELLO)
			server_other_handshake(l->server);
		fail(l, "%s", n == 0 ? "closed: the peer ended it" : strerror(errno));
		return;
	}
	ev_del(the->ev, &l->io);
	l->visitor = raw_new(l, l->io.fd);
	if (l->visitor == NULL) {
		fail(l, "%s", strerror(ENOMEM));
		return;
	}
	l->io.fd = -1;			/* the visitor's now */
	if (l->state == LINK_HELLO)
		taken(l);
	enter(l, LINK_DRAINING);
}

/* ---- the way there ---- */

static const char *
sni_of(const char *server, char out[static HOST_MAX + 1])
{
	struct addr a;

	if (addr_parse(slice_str(server), 0, &a) != ADDR_OK || a.kind != ADDR_HOST)
		return NULL;
	return host_normalize(a.host, out) > 0 ? out : NULL;
}

/* The server's key, known before it hears anything of ours. */
static const char *
check_pin(void *arg, const char *id)
{
	struct link *l = arg;
	char why[IDENTITY_WHY_MAX];

	if (pin_ok(l->address, id, why)) {
		server_met(l->server, id);
		return NULL;
	}
	snprintf(l->wrong_pin, sizeof(l->wrong_pin), "wrong server key: it has %s, %s", id, why);
	return l->wrong_pin;
}

static void
shake_hands(struct link *l)
{
	switch (tls_handshake(l->tls)) {
	case TLS_OK:
		begin_mux(l);
		break;
	case TLS_AGAIN:
		break;
	case TLS_EOF:
		fail(l, "tls: the server ended it");
		break;
	case TLS_CUT:
	case TLS_BAD:
	case TLS_NO_MEMORY:
		if (l->wrong_pin[0] != '\0')
			fail(l, "%s", l->wrong_pin);
		else
			fail(l, "tls: %s", tls_why(l->tls));
		break;
	}
}

static void
begin_tls(struct link *l)
{
	char host[HOST_MAX + 1];

	l->tls = tls_new(the->tls, l->io.fd, sni_of(l->address, host));
	if (l->tls == NULL) {
		fail(l, "%s", strerror(ENOMEM));
		return;
	}
	tls_expect(l->tls, check_pin, l);
	shake_hands(l);
}

static void
on_reached(void *arg, const char *why)
{
	struct link *l = arg;

	l->reach = NULL;
	if (why != NULL) {
		fail(l, "%s", why);
		return;
	}
	enter(l, LINK_HANDSHAKE);
	if (!by_secret())
		begin_tls(l);
	else if (l->raw)
		begin_raw(l);
	else
		begin_mux(l);
}

static void
on_io(struct ev_io *io, unsigned events)
{
	struct link *l = EV_CONTAINER(io, struct link, io);

	switch ((enum link_state)l->state) {
	case LINK_REACH:
		reach_on_io(l->reach, events);
		break;
	case LINK_HANDSHAKE:
		shake_hands(l);
		break;
	case LINK_HELLO:
	case LINK_LIVE:		/* raw: else the mux watches */
		if (events & (EV_READ | EV_ERROR))
			look_raw(l);
		break;
	case LINK_DRAINING:
	case LINK_PARTING:
	case LINK_CLOSED:	/* fired in the batch that closed it */
		break;
	}
}

static void
on_deadline(struct ev_timer *t)
{
	struct link *l = EV_CONTAINER(t, struct link, deadline);

	if (l->state == LINK_HELLO && by_secret()) {
		taken(l);
	} else if (l->state < LINK_LIVE) {
		fail(l, "no welcome within %u s", LOGIN_MS / 1000);
	} else if (l->state == LINK_PARTING) {
		if (!mux_is_delivered(l->mux))
			warn_of_loss(l, "the last bytes were not taken in time");
		end(l);
	}
}

/* ---- for the server ---- */

struct link *
link_new(struct server *s, const char *address, bool raw, struct reach_vain *vain)
{
	struct link *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return NULL;
	l->server = s;
	l->address = address;
	l->raw = raw;
	l->io = (struct ev_io){ -1, on_io };
	l->deadline.cb = on_deadline;
	l->control.io.fd = -1;
	l->reach = reach_start(address, REACH_MS, vain, &l->io, on_reached, l);
	if (l->reach != NULL)
		return l;
	free(l);
	return NULL;
}

void
link_drain(struct link *l)
{
	if (l->state < LINK_LIVE || (l->raw && l->visitor == NULL)) {
		fail(l, "stopping");
		return;
	}
	if (l->state != LINK_LIVE)
		return;
	enter(l, LINK_DRAINING);
	if (!by_secret())
		(void)say(l, &(struct control){ .type = CONTROL_DRAIN });
	mux_goaway(l->mux);
	if (l->visitors == 0)
		part(l);
}

void
link_visitor(struct link *l, int by)
{
	l->visitors += (uint32_t)by;
	if (l->visitors > 0 || l->state != LINK_DRAINING)
		return;
	l->visitor = NULL;
	part(l);
}

const char *
link_state_word(const struct link *l)
{
	return l->state == LINK_LIVE ? "up" : state_name[l->state];	/* as in its other lines */
}

uint32_t
link_visitors(const struct link *l)
{
	return l->visitors;
}
