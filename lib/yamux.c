/* SPDX-License-Identifier: ISC */
/* yamux, version 0: frames in, events out; what is due, frames out. */
#include "yamux.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "yamux_table.h"

enum frame_type { FRAME_DATA, FRAME_WINDOW, FRAME_PING, FRAME_GOAWAY };
enum frame_flag { FLAG_SYN = 1, FLAG_ACK = 2, FLAG_FIN = 4, FLAG_RST = 8 };

#define SEEN_BITS (YAMUX_DISORDER + 64u)	/* the newest has one as well */

struct yamux {
	uint64_t next_id;		/* of the next stream we open */
	uint64_t late;			/* bytes that may yet come for ended streams, directions */
	uint64_t seen[SEEN_BITS / 64];	/* ring, a bit for each of the peer's last streams: it was
					   opened */
	uint32_t newest;		/* the peer's newest stream, counted from 1; 0: none yet */
	uint32_t own_parity;
	uint32_t max_peer_streams;
	uint32_t peer_streams, peer_resets;
	uint32_t unacked;		/* of our streams */
	struct yamux_table table;
	struct yamux_stream *out, *out_last;	/* those with a frame to send */
	const char *why;		/* not NULL: the peer broke the rules */

	/* ---- the frame under way ---- */
	uint8_t head[YAMUX_HEADER];
	uint8_t have;			/* bytes of head */
	uint8_t flags;			/* those not dealt with yet */
	bool offered;			/* OPENED was reported, not answered */
	uint32_t left;			/* bytes of data to come, or the increase of the window */
	struct yamux_stream *stream;	/* NULL: none, swallow the data */

	/* ---- what to send ---- */
	uint32_t pong[YAMUX_PINGS_MAX];	/* ring */
	uint8_t pongs, first_pong;
	bool explicit_syn, goaway_heard, goaway_said, goaway_due, ping_due;
	uint32_t goaway, ping;
};

static uint32_t
u32_at(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void
put_u32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> (24 - 8 * i));
}

static void
put_header(uint8_t *out, enum frame_type type, unsigned flags, uint32_t id, uint32_t length)
{
	out[0] = 0;
	out[1] = (uint8_t)type;
	out[2] = 0;
	out[3] = (uint8_t)flags;
	put_u32(out + 4, id);
	put_u32(out + 8, length);
}

/* ---- resets ---- */

static void
push_reset(struct yamux *y, uint32_t id)
{
	yamux_table_push_reset(&y->table, id);
	y->peer_resets += (id & 1) != y->own_parity;
}

static uint32_t
pop_reset(struct yamux *y)
{
	uint32_t id = yamux_table_pop_reset(&y->table);

	y->peer_resets -= (id & 1) != y->own_parity;
	return id;
}

/* ---- the queue of streams with a frame to send ---- */

static void
enqueue(struct yamux *y, struct yamux_stream *s)
{
	if (s->queued)
		return;
	s->queued = true;
	s->next_out = NULL;
	s->prev_out = y->out_last;
	*(y->out_last == NULL ? &y->out : &y->out_last->next_out) = s;
	y->out_last = s;
}

static void
dequeue(struct yamux *y, struct yamux_stream *s)
{
	if (!s->queued)
		return;
	s->queued = false;
	*(s->prev_out == NULL ? &y->out : &s->prev_out->next_out) = s->next_out;
	*(s->next_out == NULL ? &y->out_last : &s->next_out->prev_out) = s->prev_out;
}

/* ---- a stream's life ---- */

static void
enter(struct yamux *y, struct yamux_stream *s, uint32_t id)
{
	*s = (struct yamux_stream){ .id = id, .send_window = YAMUX_WINDOW_START,
	    .recv_window = YAMUX_WINDOW_START };
	yamux_table_add(&y->table, s);
	y->peer_streams += (id & 1) != y->own_parity;
}

static void
leave(struct yamux *y, struct yamux_stream *s)
{
	yamux_table_remove(&y->table, s->id);
	y->peer_streams -= (s->id & 1) != y->own_parity;
	y->unacked -= s->unacked;
	dequeue(y, s);
	if (y->stream == s)
		y->stream = NULL;
	s->id = 0;
}

static void
leave_if_over(struct yamux *y, struct yamux_stream *s)
{
	if (s->fin_sent && s->fin_received)
		leave(y, s);
}

/* Something that was due on s no longer is. */
static void
settle(struct yamux *y, struct yamux_stream *s)
{
	if (!s->ack && !s->grant)
		dequeue(y, s);
}

/* Nothing more is wanted from the peer. What it was allowed to send may still be on its way. */
static void
end_receiving(struct yamux *y, struct yamux_stream *s)
{
	y->late += s->recv_window;
	s->recv_window = s->credit = 0;
	s->grant = false;
	settle(y, s);
}

/*
 * Release the credit once the peer may run short without it:
 * its window was used up since, or the credit grew.
 */
static void
consider_grant(struct yamux *y, struct yamux_stream *s, bool flush)
{
	if (s->credit == 0 || (!flush && s->credit < s->recv_window))
		return;
	s->grant = true;
	enqueue(y, s);
}

/* The flags of a frame that is about to be sent for s. */
static unsigned
take_flags(struct yamux_stream *s)
{
	unsigned flags = (s->syn ? FLAG_SYN : 0u) | (s->ack ? FLAG_ACK : 0u);

	s->syn = s->ack = false;
	return flags;
}

/* ---- from the peer ---- */

/* The step functions below return whether there is an event; this makes the final one. */
static bool
bad(struct yamux *y, const char *why, enum yamux_event *e)
{
	y->why = why;
	yamux_goaway(y, YAMUX_GOAWAY_PROTOCOL);
	*e = YAMUX_BAD;
	return true;
}

/* The n-th stream of its side, from 1. */
static uint32_t
number_of(uint32_t id)
{
	return (id >> 1) + (id & 1);
}

/* A stream of the peer's too old to know whether it was opened. */
static bool
is_late(const struct yamux *y, uint32_t id)
{
	return number_of(id) < y->newest && y->newest - number_of(id) > YAMUX_DISORDER;
}

static bool
was_opened(const struct yamux *y, uint32_t id)
{
	uint32_t n = number_of(id);

	if ((id & 1) == y->own_parity)
		return id < y->next_id;
	if (n >= y->newest)
		return n == y->newest;
	return is_late(y, id) || (y->seen[n % SEEN_BITS / 64] >> n % 64 & 1) != 0;
}

static void
note_opened(struct yamux *y, uint32_t id)
{
	uint32_t n = number_of(id);

	if (n > y->newest && n - y->newest >= SEEN_BITS)
		memset(y->seen, 0, sizeof(y->seen));
	else
		for (uint32_t i = y->newest + 1; i < n; i++)	/* they may come late */
			y->seen[i % SEEN_BITS / 64] &= ~(UINT64_C(1) << i % 64);
	y->seen[n % SEEN_BITS / 64] |= UINT64_C(1) << n % 64;
	if (n > y->newest)
		y->newest = n;
}

/* The first frame that acknowledges a stream of ours. */
static void
note_taken(struct yamux *y, struct yamux_stream *s)
{
	y->unacked -= s->unacked;
	s->unacked = false;
}

static bool
on_ping(struct yamux *y, unsigned flags, uint32_t value, struct yamux_what *what,
    enum yamux_event *e)
{
	if (!(flags & FLAG_SYN)) {
		what->value = value;
		*e = YAMUX_PONG;
		return true;
	}
	if (y->pongs == YAMUX_PINGS_MAX)
		return bad(y, "ping flood", e);
	y->pong[(y->first_pong + y->pongs++) % YAMUX_PINGS_MAX] = value;
	return false;
}

static bool
on_goaway(struct yamux *y, uint32_t code, struct yamux_what *what, enum yamux_event *e)
{
	y->goaway_heard = true;
	what->value = code;
	*e = YAMUX_GOAWAY;
	return true;
}

/* A whole header of a stream that exists, or existed. */
static bool
on_known(struct yamux *y, uint32_t id, enum yamux_event *e)
{
	uint64_t window = y->late;

	if (!was_opened(y, id))
		return bad(y, "a frame of a stream never opened", e);
	y->stream = yamux_table_find(&y->table, id);
	if (y->stream != NULL && y->stream->syn)
		return bad(y, "a frame of a stream never opened", e);
	if (y->stream != NULL && y->flags & FLAG_ACK)
		note_taken(y, y->stream);
	if (y->stream != NULL && y->head[1] == FRAME_DATA && y->stream->fin_received)
		y->stream = NULL;
	if (y->stream != NULL)
		window = y->stream->recv_window;
	return y->head[1] == FRAME_DATA && y->left > window && bad(y, "data beyond the window", e);
}

/* A whole header that opens a stream. */
static bool
on_syn(struct yamux *y, uint32_t id, enum yamux_event *e)
{
	if ((id & 1) == y->own_parity)
		return bad(y, "a stream opened with an id of ours", e);
	if (was_opened(y, id))
		return bad(y,
		    is_late(y, id) ? "a stream opened too late" : "a stream opened twice", e);
	if (y->head[1] == FRAME_DATA && y->left > YAMUX_WINDOW_START)
		return bad(y, "data beyond the window", e);
	if (y->peer_resets >= (uint64_t)y->max_peer_streams + YAMUX_RESETS_MAX)
		return bad(y, "reset flood", e);
	if (!yamux_table_reserve(&y->table)) {
		bad(y, "out of memory", e);
		yamux_goaway(y, YAMUX_GOAWAY_INTERNAL);
		return true;
	}
	note_opened(y, id);
	y->offered = true;
	if (y->goaway_said || (uint64_t)y->peer_streams + y->peer_resets >= y->max_peer_streams)
		yamux_refuse(y);
	return false;
}

static bool
on_header(struct yamux *y, struct yamux_what *what, enum yamux_event *e)
{
	uint32_t id = u32_at(y->head + 4), length = u32_at(y->head + 8);

	y->flags = y->head[3];
	y->left = 0;
	y->stream = NULL;
	if (y->head[1] == FRAME_PING)
		return on_ping(y, y->flags, length, what, e);
	if (y->head[1] == FRAME_GOAWAY)
		return on_goaway(y, length, what, e);
	if (id == 0)
		return bad(y, "a stream with the id 0", e);
	y->left = length;
	return y->flags & FLAG_SYN ? on_syn(y, id, e) : on_known(y, id, e);
}

/* Collect a header and look at it as soon as it is whole. */
static bool
take_header(struct yamux *y, struct slice *in, struct yamux_what *what, enum yamux_event *e)
{
	size_t n = YAMUX_HEADER - y->have;

	if (n > in->len)
		n = in->len;
	if (n > 0) {
		memcpy(y->head + y->have, in->p, n);
		*in = slice_skip(*in, n);
		y->have += (uint8_t)n;
	}
	if (y->have >= 1 && y->head[0] != 0)
		return bad(y, "not yamux version 0", e);
	if (y->have >= 2 && y->head[1] > FRAME_GOAWAY)
		return bad(y, "a frame of unknown type", e);
	if (y->have == YAMUX_HEADER)
		return on_header(y, what, e);
	*e = YAMUX_MORE;
	return true;
}

static bool
take_data(struct yamux *y, struct slice *in, struct yamux_what *what, enum yamux_event *e)
{
	uint32_t n = in->len < y->left ? (uint32_t)in->len : y->left;
	struct slice data;

	if (n == 0) {
		*e = YAMUX_MORE;
		return true;
	}
	data = slice_of(in->p, n);
	*in = slice_skip(*in, n);
	y->left -= n;
	if (y->stream == NULL) {
		y->late -= n;
		return false;
	}
	y->stream->recv_window -= n;
	consider_grant(y, y->stream, false);
	what->stream = y->stream;
	what->data = data;
	*e = YAMUX_DATA;
	return true;
}

static bool
widen(struct yamux *y, struct yamux_what *what, enum yamux_event *e)
{
	struct yamux_stream *s = y->stream;
	uint32_t by = y->left;

	y->left = 0;
	if (s == NULL)
		return false;
	if (by > UINT32_MAX - s->send_window)
		return bad(y, "a window over 2^32-1", e);
	s->send_window += by;
	if (s->fin_sent)
		return false;
	what->stream = s;
	*e = YAMUX_WINDOW;
	return true;
}

static bool
take_fin(struct yamux *y, struct yamux_what *what, enum yamux_event *e)
{
	struct yamux_stream *s = y->stream;

	y->flags &= (uint8_t)~FLAG_FIN;
	if (s == NULL || s->fin_received)
		return false;
	s->fin_received = true;
	end_receiving(y, s);
	leave_if_over(y, s);
	what->stream = s;
	*e = YAMUX_FIN;
	return true;
}

static bool
take_rst(struct yamux *y, struct yamux_what *what, enum yamux_event *e)
{
	struct yamux_stream *s = y->stream;

	y->flags &= (uint8_t)~FLAG_RST;
	if (s == NULL)
		return false;
	end_receiving(y, s);	/* a peer of several threads may have sent it too early */
	leave(y, s);
	what->stream = s;
	*e = YAMUX_RESET;
	return true;
}

/*
 * The next step through the input: a header, then what the frame contains, part by part.
 * True: it made an event.
 */
static bool
step(struct yamux *y, struct slice *in, struct yamux_what *what, enum yamux_event *e)
{
	if (y->have < YAMUX_HEADER)
		return take_header(y, in, what, e);
	if (y->offered) {
		what->value = u32_at(y->head + 4);
		*e = YAMUX_OPENED;
		return true;
	}
	if (y->left > 0)
		return y->head[1] == FRAME_DATA ? take_data(y, in, what, e) : widen(y, what, e);
	if (y->flags & FLAG_FIN)
		return take_fin(y, what, e);
	if (y->flags & FLAG_RST)
		return take_rst(y, what, e);
	y->have = 0;
	return false;
}

enum yamux_event
yamux_next(struct yamux *y, const uint8_t *buf, size_t len, size_t *used, struct yamux_what *what)
{
	struct slice in = slice_of((const char *)buf, len);
	enum yamux_event e = YAMUX_BAD;

	assert(!y->offered);
	*what = (struct yamux_what){ 0 };
	while (y->why == NULL && !step(y, &in, what, &e))
		;
	*used = len - in.len;
	if (e == YAMUX_MORE)
		yamux_table_shrink(&y->table);
	return e;
}

void
yamux_accept(struct yamux *y, struct yamux_stream *s)
{
	assert(y->offered);
	y->offered = false;
	enter(y, s, u32_at(y->head + 4));
	s->ack = true;
	enqueue(y, s);
	y->stream = s;
}

void
yamux_refuse(struct yamux *y)
{
	assert(y->offered);
	y->offered = false;
	y->late += YAMUX_WINDOW_START;
	push_reset(y, u32_at(y->head + 4));
}

const char *
yamux_why(const struct yamux *y)
{
	return y->why;
}

/* ---- to the peer ---- */

bool
yamux_open(struct yamux *y, struct yamux_stream *s)
{
	struct yamux_stream *last;

	if (yamux_is_used_up(y) || y->goaway_heard || y->goaway_said || yamux_must_wait(y) ||
	    !yamux_table_reserve(&y->table))
		return false;
	last = y->next_id > 2 ? yamux_table_find(&y->table, (uint32_t)y->next_id - 2) : NULL;
	if (last != NULL && last->syn)
		enqueue(y, last);
	enter(y, s, (uint32_t)y->next_id);
	y->next_id += 2;
	y->unacked++;
	s->syn = s->unacked = true;
	if (y->explicit_syn)
		enqueue(y, s);
	return true;
}

bool
yamux_is_used_up(const struct yamux *y)
{
	return y->next_id > YAMUX_ID_MAX;
}

bool
yamux_must_wait(const struct yamux *y)
{
	return y->explicit_syn && y->unacked >= YAMUX_BACKLOG;
}

uint32_t
yamux_may_send(const struct yamux_stream *s)
{
	return s->id == 0 || s->fin_sent ? 0 : s->send_window;
}

void
yamux_data(struct yamux *y, struct yamux_stream *s, uint32_t n, bool fin,
    uint8_t out[static YAMUX_HEADER])
{
	uint32_t id = s->id;

	assert(id != 0 && n <= yamux_may_send(s) && n <= YAMUX_DATA_MAX && !s->fin_sent);
	s->send_window -= n;
	s->fin_sent = fin;
	put_header(out, n == 0 && y->explicit_syn ? FRAME_WINDOW : FRAME_DATA,
	    take_flags(s) | (fin ? FLAG_FIN : 0u), id, n);
	settle(y, s);
	leave_if_over(y, s);
}

void
yamux_grant(struct yamux *y, struct yamux_stream *s, uint32_t n, bool flush)
{
	uint32_t most = UINT32_MAX - s->recv_window - s->credit;

	if (s->id == 0 || s->fin_received)
		return;
	s->credit += n < most ? n : most;
	consider_grant(y, s, flush);
}

void
yamux_reset(struct yamux *y, struct yamux_stream *s)
{
	if (s->id == 0)
		return;
	if (!s->syn) {
		end_receiving(y, s);
		push_reset(y, s->id);
	}
	leave(y, s);
}

bool
yamux_over(const struct yamux_stream *s)
{
	return s->id == 0;
}

void
yamux_ping(struct yamux *y, uint32_t value)
{
	y->ping = value;
	y->ping_due = true;
}

void
yamux_goaway(struct yamux *y, enum yamux_goaway code)
{
	y->goaway = code;
	y->goaway_said = y->goaway_due = true;
}

/* All that is due on s in one frame. */
static void
write_window(struct yamux *y, struct yamux_stream *s, uint8_t *out)
{
	put_header(out, FRAME_WINDOW, take_flags(s), s->id, s->credit);
	s->recv_window += s->credit;
	s->credit = 0;
	s->grant = false;
	dequeue(y, s);
}

/*
 * The next control frame. Resets come before what may open streams: the peer counts its
 * open ones. True: there was one.
 */
static bool
write_control(struct yamux *y, uint8_t *out)
{
	if (y->pongs > 0) {
		put_header(out, FRAME_PING, FLAG_ACK, 0, y->pong[y->first_pong]);
		y->first_pong = (y->first_pong + 1) % YAMUX_PINGS_MAX;
		y->pongs--;
	} else if (y->ping_due) {
		put_header(out, FRAME_PING, FLAG_SYN, 0, y->ping);
		y->ping_due = false;
	} else if (y->table.resets > 0) {
		put_header(out, FRAME_WINDOW, FLAG_RST, pop_reset(y), 0);
	} else if (y->out != NULL) {
		write_window(y, y->out, out);
	} else if (y->goaway_due) {
		put_header(out, FRAME_GOAWAY, 0, 0, y->goaway);
		y->goaway_due = false;
	} else {
		return false;
	}
	return true;
}

size_t
yamux_out(struct yamux *y, uint8_t *out, size_t size)
{
	size_t n = 0;

	while (size - n >= YAMUX_HEADER && write_control(y, out + n))
		n += YAMUX_HEADER;
	return n;
}

bool
yamux_has_out(const struct yamux *y)
{
	return y->pongs > 0 || y->ping_due || y->table.resets > 0 ||
	    y->out != NULL || y->goaway_due;
}

/* ---- the machine ---- */

struct yamux *
yamux_new(enum yamux_role role, uint32_t max_peer_streams, bool explicit_syn)
{
	struct yamux *y = calloc(1, sizeof(*y));

	if (y == NULL)
		return NULL;
	y->own_parity = role == YAMUX_CLIENT;
	y->next_id = role == YAMUX_CLIENT ? 1 : 2;
	y->max_peer_streams = max_peer_streams;
	y->explicit_syn = explicit_syn;
	if (!yamux_table_open(&y->table)) {
		free(y);
		return NULL;
	}
	return y;
}

void
yamux_free(struct yamux *y)
{
	if (y == NULL)
		return;
	yamux_table_close(&y->table);
	free(y);
}

uint32_t
yamux_streams(const struct yamux *y)
{
	return y->table.streams;
}
