/* SPDX-License-Identifier: ISC */
/* The session a visitor is for: found by name, joined by a stream, left again. */
#include <stdlib.h>

#include "sock.h"
#include "visitor.h"

/* ---- the route ---- */

struct slice
join_route_text(const struct visitor *v, char room[static CLIENTS_NAME_MAX])
{
	struct slice name = visitor_name(v);

	if (v->route_at == ROUTE_NONE)
		return slice_of(NULL, 0);
	if (v->route_at == 0)
		return name;
	room[0] = '*';
	memcpy(room + 1, name.p + v->route_at, name.len - (size_t)v->route_at);
	return slice_of(room, 1 + name.len - (size_t)v->route_at);
}

/* ---- its end ---- */

/* Keep what the log wants to know, for when the session is gone. Without memory it does without. */
static void
note_target(struct visitor *v, struct slice target)
{
	struct slice name = visitor_name(v);
	char *text = malloc(name.len + target.len);

	if (text != NULL) {
		memcpy(text, name.p, name.len);
		memcpy(text + name.len, target.p, target.len);
		free(v->text);
		v->text = text;
		v->target_len = (uint8_t)target.len;
	} else if (v->text == NULL) {
		v->name_len = 0;
		v->route_at = ROUTE_NONE;
	}
}

void
join_leave(struct visitor *v)
{
	struct session *s = v->session;

	if (s == NULL)
		return;
	note_target(v, slice_str(s->by_secret ? "secret" : s->id));
	v->session = NULL;
	client_visitor_gone(s);
}

/* It has ended. Where not a byte came back, a visitor that speaks HTTP can still be told why. */
static void
on_stream_ended(struct mux_stream *s, enum mux_end end)
{
	struct visitor *v = EV_CONTAINER(s, struct visitor, stream);
	bool draining = client_of(v->session)->end == END_DRAIN && end == MUX_LOST;

	s->io.cb = visitor_on_io;
	join_leave(v);
	if (draining)
		visitor_close(v, END_DRAIN);
	else if ((end == MUX_PEER_RESET || end == MUX_LOST) && s->rx == 0)
		refusal_begin(v, end == MUX_LOST ? ANSWER_OFFLINE : ANSWER_LOCAL, END_TARGET_RESET,
		    slice_of(NULL, 0), s->tx > v->header_len);
	else
		visitor_close(v, mux_conn_end(end, END_CLIENT_RESET, END_TARGET_RESET));
}

static const struct mux_stream_ops stream_ops = { .ended = on_stream_ended };

void
join_raw_ended(struct visitor *v, int fd, enum conn_end end, bool told, uint64_t rx, uint64_t tx)
{
	v->stream.io.fd = fd;
	v->stream.shut = told;
	v->stream.tx = rx;
	v->stream.rx = tx;
	v->raw = NULL;
	join_leave(v);
	if (ev_mod(the->serve->ev, &v->stream.io, EV_READ | EV_WRITE | EV_EDGE) == 0 &&
	    end == END_TARGET_RESET && tx == 0)
		refusal_begin(v, ANSWER_LOCAL, end, slice_of(NULL, 0), rx > 0);
	else
		visitor_close(v, end);
}

bool
join_keeps_waiting(const struct session *s, uint64_t ms)
{
	uint64_t now = ev_now_ms(the->serve->ev);

	for (struct serve_conn *base = the->serve->conns; base != NULL; base = base->next) {
		const struct visitor *v = EV_CONTAINER(base, struct visitor, base);

		if (base->via->role == DOOR_VISITORS && v->session == s &&
		    v->state == VISITOR_JOINED && v->stream.rx == 0 && !mux_ended(&v->stream) &&
		    now - base->started_ms >= ms)
			return true;
	}
	return false;
}

/* ---- joining ---- */

/* The header the stream begins with; 0: an ancestor, which wants none. */
static size_t
write_header(const struct visitor *v, const struct session *s, const struct said *said,
    uint8_t out[static PROXYHDR_MAX])
{
	struct proxyhdr h = { .src = v->base.peer, .dst = said->h.dst, .authority = visitor_name(v),
		.alpn = said->h.alpn, .kind = slice_str(kind_word((enum kind)v->kind)) };

	if (s->by_secret)
		return 0;
	if (said->h.src.family == AF_UNSPEC && v->is_passed)
		sock_local(v->stream.io.fd, &h.dst);
	return proxyhdr_write(&h, PROXYHDR_V2, out);
}

/* What is known of the descriptor. A hello or a request that was announced can be read at once. */
static unsigned
known_events(const struct visitor *v)
{
	return EV_WRITE | (v->readable || (v->is_passed && v->kind != KIND_TCP) ? EV_READ : 0) |
	    (v->fin ? EV_EOF : 0) | (v->error ? EV_ERROR | EV_READ : 0);
}

static bool
send_first(struct visitor *v, const struct session *s, const struct said *said)
{
	uint8_t header[PROXYHDR_MAX];

	v->header_len = (uint16_t)write_header(v, s, said, header);
	return mux_send(&v->stream, slice_of((char *)header, v->header_len)) &&
	    mux_send(&v->stream, said->rest);
}

/* Most ask for a client's first name: one copy will do. */
static void
share_name(struct visitor *v)
{
	const char *name = client_of(v->session)->name;

	if (name == NULL || !slice_is(visitor_name(v), name))
		return;
	free(v->text);
	v->text = NULL;
}

static void
joined(struct visitor *v, struct session *s, enum visitor_state state, struct raw *raw,
    const struct said *said)
{
	struct arrival *kept = v->arrival;

	refusal_note_method(v, said->rest);
	if (kept != NULL)
		parked_leave(kept);
	visitor_enter(v, state);
	v->raw = raw;
	v->session = s;
	share_name(v);
	client_visitor_came(s);
	free(kept);
}

static bool
join_raw(struct visitor *v, struct session *s, const struct said *said)
{
	struct raw *raw = raw_join(client_of(s), v, v->stream.io.fd, said->rest);

	if (raw == NULL) {
		refusal_begin(v, ANSWER_BUSY, END_LIMIT, said->rest, false);
		return true;
	}
	joined(v, s, VISITOR_RAW, raw, said);
	return true;
}

/* False: the session takes no visitors right now. */
static bool
join(struct visitor *v, struct session *s, const struct said *said)
{
	struct client *c = client_of(s);
	unsigned events;

	if (!visitor_watch(v))
		return true;
	if (c->mux == NULL)
		return join_raw(v, s, said);
	if (mux_must_wait(c->mux))	/* parked visitors look again when there is room */
		return false;
	events = known_events(v);
	if (!mux_open(c->mux, &v->stream, &stream_ops) || !send_first(v, s, said)) {
		mux_reset(&v->stream);
		v->stream.tx = 0;
		refusal_begin(v, ANSWER_BUSY, END_LIMIT, said->rest, false);
		return true;
	}
	joined(v, s, VISITOR_JOINED, NULL, said);
	mux_join(&v->stream, events);
	if (mux_is_used_up(c->mux))
		session_used_up(c);
	return true;
}

void
join_by_name(struct visitor *v, struct slice bytes, const struct said *said)
{
	struct session *s;
	size_t from;

	switch (v->named ? clients_find(the->clients, visitor_name(v), &s, &from) :
	    CLIENTS_UNKNOWN) {
	case CLIENTS_LIVE:
		v->route_at = (int16_t)from;
		if (s->visitors >= clients_streams(s))
			refusal_begin(v, ANSWER_BUSY, END_LIMIT, said->rest, false);
		else if (!join(v, s, said))
			parked_enter(v, bytes, said);
		break;
	case CLIENTS_AWAY:
		parked_enter(v, bytes, said);
		break;
	case CLIENTS_UNKNOWN:
		refusal_begin(v, ANSWER_NAME, END_NO_ROUTE, said->rest, false);
		break;
	}
}
