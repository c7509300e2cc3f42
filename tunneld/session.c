/* SPDX-License-Identifier: ISC */
/* A client's session: what is said on stream 1, the verdict on it, welcome or refusal, its end. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "client.h"
#include "log.h"

#define COME_BACK_MS 60000u	/* for one there is no room for, or that was replaced: no duels */
/* Clients that are asked to come back spread over this: so much for each of them, 40 a second. */
#define WITHIN_EACH_MS 25u
#define WITHIN_MIN_MS 1000u
#define WITHIN_MAX_MS 60000u
#define LEGACY_DEAD_MS 45000u	/* ancestors ping every 30 s: a shorter silence means nothing */
#define RAW_REFUSED_MS 500u	/* an ancestor of the first generation comes back at once, and
				   tunnelc thinks itself welcome after a second */
#define REASON_MAX 512u

/* ---- messages ---- */

static void
tell(struct client *c, const struct control *message)
{
	size_t len;
	char *line = control_write(message, &len);

	if (line != NULL)
		(void)mux_send(&c->control, slice_of(line, len));
	free(line);
}

uint64_t
session_within_ms(void)
{
	uint64_t ms = WITHIN_EACH_MS * clients_sessions(the->clients);

	return ms < WITHIN_MIN_MS ? WITHIN_MIN_MS : ms > WITHIN_MAX_MS ? WITHIN_MAX_MS : ms;
}

void
session_welcome(struct client *c)
{
	char text[CONTROL_NAMES_MAX][CLIENTS_NAME_MAX];
	struct slice names[CONTROL_NAMES_MAX];
	struct control m = { .type = CONTROL_WELCOME, .version = CONTROL_VERSION, .names = names,
		.heartbeat_ms = the->opts->heartbeat_ms, .dead_ms = the->opts->dead_ms,
		.streams = clients_streams(&c->session), .within_ms = session_within_ms() };

	while (m.n_names < CONTROL_NAMES_MAX &&
	    clients_name(the->clients, &c->session, m.n_names, text[m.n_names])) {
		names[m.n_names] = slice_str(text[m.n_names]);
		m.n_names++;
	}
	tell(c, &m);
}

void
session_drain(struct client *c, uint64_t within_ms)
{
	struct control m = { .type = CONTROL_DRAIN, .within_ms = within_ms };

	if (!c->ancestor)
		tell(c, &m);
	if (c->mux != NULL)
		mux_goaway(c->mux);
}

/* ---- the verdict ---- */

/* How each refusal ends, and what it says after the id. */
static const struct refusal {
	enum conn_end end;
	uint32_t after_ms;
	const char *text;
} refusals[] = {
	[CONTROL_REFUSED] = { END_DENIED, 0, "refused" },
	[CONTROL_UNAUTHORISED] = { END_DENIED, 0, "not authorised; to let this client in, "
	    "make its id a line of the server's authorization file" },
	[CONTROL_EXPIRED] = { END_DENIED, 0, "its authorization has expired" },
	[CONTROL_FROM] = { END_DENIED, 0, "not allowed from this address" },
	[CONTROL_LIMIT] = { END_LIMIT, COME_BACK_MS,
	    "as many sessions as it may have are here already" },
	[CONTROL_REPLACED] = { END_CLOSED, COME_BACK_MS,
	    "a newer session of the same process took over" },
	[CONTROL_REVOKED] = { END_DENIED, 0, "its authorization was withdrawn" },
	[CONTROL_VERSION_BAD] = { END_HELLO, 0, "no version in common" },
	[CONTROL_PROTOCOL] = { END_HELLO, 0, "the protocol was not kept" },
};

/* A secret has no id to mention. */
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

/* Why it is refused, draining, or down: in one word, and in more. */
static void
log_end(const struct client *c, const char *state, const char *word, const char *why)
{
	char reason[REASON_MAX], text[LOG_VALUE_MAX], peer[ENDPOINT_TEXT_MAX];

	snprintf(reason, sizeof(reason), "%s: %s", word, why);
	log_info("client=%s conn=%" PRIu64 " peer=%s session=%s reason=%s", client_word(c),
	    c->base.id, endpoint_text(&c->base.peer, peer), state,
	    log_value(slice_str(reason), text));
}

/* It is let go a little later. */
static void
hold(struct client *c, enum conn_end end)
{
	c->end = (uint8_t)end;
	client_enter(c, CLIENT_PARTING);
	ev_timer_in(the->serve->ev, &c->deadline, RAW_REFUSED_MS);
}

void
session_refuse(struct client *c, enum control_code code, const char *why)
{
	const struct refusal *r = &refusals[code];
	char text[CONTROL_TEXT_MAX];
	struct control m = { .type = CONTROL_ERROR, .code = code, .after_ms = r->after_ms };

	if (c->state >= CLIENT_PARTING)
		return;
	if (why == NULL)
		why = refusal_text(c, code);
	if (r->end == END_HELLO)
		c->verdict = HELLO_MALFORMED;
	log_end(c, client_has_joined(c) ? "down" : "refused", control_code_word(code), why);
	login_over(c, r->end == END_HELLO ? M_LOGINS_FAILED : M_LOGINS_REFUSED);
	if (!c->session.by_secret && c->mux != NULL) {
		snprintf(text, sizeof(text), "%s: %s", client_word(c), why);
		m.text = slice_str(text);
		tell(c, &m);
		mux_fin(&c->control);
	}
	if (c->state == CLIENT_SECRET)
		hold(c, r->end);
	else
		client_part(c, r->end);
}

void
session_used_up(struct client *c)
{
	log_end(c, "draining", "used up", "another session is to take its place");
	client_drain(c, 1);		/* at once: it is the only one */
}

void
session_superseded(struct client *c)
{
	log_end(c, "draining", "forgotten", "its visitors wait, and it has registered again");
	client_drain(c, 0);
}

static void
welcome(struct client *c)
{
	char peer[ENDPOINT_TEXT_MAX], name[LOG_VALUE_MAX];

	tunneld_count(M_SESSIONS, 1);
	login_over(c, M_LOGINS_OK);
	client_enter(c, CLIENT_LIVE);
	client_note_name(c);
	log_info("client=%s conn=%" PRIu64 " peer=%s session=up name=%s streams=%" PRIu32
	    " sessions=%zu", client_word(c), c->base.id, endpoint_text(&c->base.peer, peer),
	    log_value(slice_str(c->name), name), clients_streams(&c->session),
	    clients_sessions(the->clients));
	if (c->ancestor)
		legacy_live(c);
	else
		session_welcome(c);
}

void
session_judge(struct client *c)
{
	c->session.peer = c->base.peer;
	if (c->session.closing) {
		session_refuse(c, CONTROL_PROTOCOL, "it went away before it said who it is");
		return;
	}
	if (clients_join(the->clients, &c->session, (int64_t)time(NULL)))
		welcome(c);
	else if (c->session.why == CONTROL_LIMIT && legacy_make_room(c))
		session_judge(c);
	else
		session_refuse(c, c->session.why, NULL);
}

/* ---- stream 1 ---- */

/* The kinds its services take; without a list it may take any. */
static unsigned
kinds_of(const struct control *m)
{
	unsigned kinds = m->n_services == 0 ? CLIENTS_TLS | CLIENTS_HTTP : 0;

	for (size_t i = 0; i < m->n_services; i++)
		if (m->services[i].kind == KIND_TLS)
			kinds |= CLIENTS_TLS;
		else if (m->services[i].kind == KIND_HTTP)
			kinds |= CLIENTS_HTTP;
	return kinds;
}

static void
take_hello(struct client *c, const struct control *m)
{
	if (m->type != CONTROL_HELLO) {
		session_refuse(c, CONTROL_PROTOCOL, "the first message is not a hello");
	} else if (m->version < CONTROL_VERSION) {
		session_refuse(c, CONTROL_VERSION_BAD, NULL);
	} else {
		memcpy(c->session.instance, m->instance, sizeof(c->session.instance));
		c->session.kinds = kinds_of(m);
		session_judge(c);
	}
}

static void
take_message(struct client *c, struct slice line)
{
	struct control m;
	const char *why;

	if (!control_read(line, &m, &why)) {
		session_refuse(c, CONTROL_PROTOCOL, why);
		return;
	}
	if (c->state == CLIENT_HELLO)
		take_hello(c, &m);
	else if (m.type == CONTROL_DRAIN)
		client_closing(&c->session);
	else if (m.type != CONTROL_OTHER)
		session_refuse(c, CONTROL_PROTOCOL, "a message out of place");
	control_free(&m);
}

/* Take its next message; false when there is none yet, or it is too long. */
static bool
next_message(struct client *c)
{
	struct slice line;

	switch (control_line(mux_peek(&c->control), &c->scanned, &line)) {
	case CONTROL_LINE_MORE:
		return false;
	case CONTROL_LINE_LONG:
		session_refuse(c, CONTROL_PROTOCOL, "a message is too long");
		return false;
	case CONTROL_LINE_OK:
		break;
	}
	take_message(c, line);
	mux_take(&c->control, line.len + 1);
	return true;
}

static void
on_control(struct mux_stream *s)
{
	struct client *c = EV_CONTAINER(s, struct client, control);

	if (c->ancestor) {
		legacy_on_control(c);
		return;
	}
	while (c->state < CLIENT_PARTING && next_message(c))
		;
	if (!mux_ended(s))
		return;
	if (c->state == CLIENT_HELLO) {
		c->verdict = HELLO_EOF;
		client_part(c, END_HELLO);
	} else {
		session_refuse(c, CONTROL_PROTOCOL, "stream 1 was ended");
	}
}

static void
on_control_ended(struct mux_stream *s, enum mux_end end)
{
	struct client *c = EV_CONTAINER(s, struct client, control);

	if (end != MUX_LOST && end != MUX_CLOSED && c->state < CLIENT_PARTING)
		session_refuse(c, CONTROL_PROTOCOL, "stream 1 was reset");
}

static const struct mux_stream_ops control_ops = { .data = on_control, .ended = on_control_ended };

/* ---- the session ---- */

static void
on_opened(struct mux *m)
{
	struct client *c = mux_arg(m);

	if (c->state != CLIENT_HELLO || mux_of(&c->control) != NULL) {
		mux_refuse(m);
		return;
	}
	mux_accept(m, &c->control, &control_ops);
	if (c->control.y.id != 1) {
		mux_reset(&c->control);
		session_refuse(c, CONTROL_PROTOCOL, "its first stream is not stream 1");
	}
}

static void
on_goaway(struct mux *m)
{
	struct client *c = mux_arg(m);

	if (mux_has_ended(m) && client_has_joined(c))
		client_gone(c);
	else
		client_closing(&c->session);
}

/* An ancestor has taken streams: there may be visitors that wait for that. */
static void
on_room(struct mux *m)
{
	(void)m;
	parked_look_again();
}

static void
log_down(const struct client *c, enum mux_end end)
{
	log_end(c, "down", mux_end_word(end), mux_why(c->mux));
}

static enum conn_end
end_of(struct client *c, enum mux_end end)
{
	switch (end) {
	case MUX_CLOSED:
		return END_CLOSED;
	case MUX_SILENT:
		return END_IDLE;
	case MUX_MEMORY:
		return END_LIMIT;
	case MUX_PROTOCOL:
		c->verdict = HELLO_MALFORMED;
		return END_HELLO;
	case MUX_LOCAL_RESET:
	case MUX_PEER_RESET:
	case MUX_IDLE:
	case MUX_HALF_CLOSE:
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

	/* Lost while it was to end in order, its last visitors' bytes may be lost, too. */
	if (c->state == CLIENT_PARTING && (end == MUX_CLOSED || c->end != END_CLOSED)) {
		client_close(c, (enum conn_end)c->end);
		return;
	}
	if (end != MUX_CLOSED)
		log_down(c, end);
	if (login && (end == MUX_CLOSED || end == MUX_LOST))
		c->verdict = HELLO_EOF;
	client_close(c, login && end == MUX_CLOSED ? END_HELLO : end_of(c, end));
}

static const struct mux_ops session_ops = { .opened = on_opened, .goaway = on_goaway,
	.ended = on_session_ended, .room = on_room };

void
session_begin(struct client *c)
{
	const struct serve_conf *conf = the->serve->conf;
	struct mux_conf m = { .role = YAMUX_SERVER, .ancestor = c->ancestor,
		.heartbeat_ms = the->opts->heartbeat_ms, .dead_ms = the->opts->dead_ms,
		.idle_ms = conf->idle_ms, .half_close_ms = conf->half_close_ms, .max_streams = 1 };

	if (c->ancestor && m.dead_ms != 0 && m.dead_ms < LEGACY_DEAD_MS)
		m.dead_ms = LEGACY_DEAD_MS;
	client_enter(c, CLIENT_HELLO);
	c->mux = mux_new(the->muxes, &m, &session_ops, &c->io, c->tls, c);
	if (c->mux == NULL)
		client_close(c, END_LIMIT);
	else
		c->tls = NULL;
}
