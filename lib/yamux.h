/* SPDX-License-Identifier: ISC */
/*
 * yamux, version 0 (hashicorp/yamux spec.md): streams within one connection, as a pure byte
 * machine. Bytes from the peer go in and come out as events; what is to be sent comes out as bytes.
 * Data is never kept here, in either direction.
 */
#ifndef YAMUX_H
#define YAMUX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "slice.h"

#define YAMUX_HEADER 12u		/* bytes of a frame's header */
#define YAMUX_FRAME_MAX 16384u		/* bytes of a frame of ours, with header: one TLS record */
#define YAMUX_DATA_MAX (YAMUX_FRAME_MAX - YAMUX_HEADER)
#define YAMUX_WINDOW_START 262144u	/* bytes each may send on a new stream, by specification */
#define YAMUX_PINGS_MAX 8u		/* unanswered pings of the peer; more is a flood */
#define YAMUX_RESETS_MAX 256u		/* unsent resets beyond the stream limit; more is a flood */
#define YAMUX_BACKLOG 256u		/* our streams untaken by an ancestor; it resets others */
#ifndef YAMUX_ID_MAX
#define YAMUX_ID_MAX UINT32_MAX		/* a test may build with fewer */
#endif
#define YAMUX_DISORDER 1024u		/* how many streams behind the newest a SYN may be */

enum yamux_role { YAMUX_CLIENT /* opens odd ids */, YAMUX_SERVER /* even ids */ };

enum yamux_goaway { YAMUX_GOAWAY_NORMAL, YAMUX_GOAWAY_PROTOCOL, YAMUX_GOAWAY_INTERNAL };

/*
 * One stream; embedded in its owner's struct, zeroed,
 * and known to one machine from open or accept until it is over.
 */
struct yamux_stream {
	struct yamux_stream *next_out, *prev_out;	/* in the queue of those with a frame due */
	uint32_t id;			/* 0: not in a machine */
	uint32_t send_window;		/* bytes we may send */
	uint32_t recv_window;		/* bytes the peer may still send */
	uint32_t credit;		/* bytes to grant with the next window update */
	bool queued : 1;
	bool syn : 1;			/* SYN still to be sent, with the first frame */
	bool ack : 1;			/* ACK still to be sent */
	bool grant : 1;			/* credit is to be sent */
	bool unacked : 1;		/* ours, and not yet acknowledged by the peer */
	bool fin_sent : 1, fin_received : 1;
};

/* Opaque; owned by its creator. */
struct yamux;

/*
 * max_peer_streams: how many the peer may have open at once; its opens beyond that are reset
 * without an event. explicit_syn: open with a separate WINDOW frame, as the ancestors do,
 * instead of with the first data frame; and have no more than YAMUX_BACKLOG waiting for their
 * ACK. NULL when out of memory.
 */
struct yamux *yamux_new(enum yamux_role role, uint32_t max_peer_streams, bool explicit_syn);
void yamux_free(struct yamux *y);

/* ---- what the peer sends ---- */

enum yamux_event {
	YAMUX_MORE,	/* every byte was used: bring more */
	YAMUX_OPENED,	/* the peer opened a stream: yamux_accept() or yamux_refuse() it now */
	YAMUX_DATA,	/* bytes of a stream: all or part of a frame's, within its window */
	YAMUX_WINDOW,	/* a stream may send more than before */
	YAMUX_FIN,	/* the peer's direction has ended */
	YAMUX_RESET,	/* the peer reset the stream: it has already left the machine */
	YAMUX_PONG,	/* the answer to a ping of ours: its value (theirs are answered here) */
	YAMUX_GOAWAY,	/* the peer opens and accepts no more streams: its code */
	YAMUX_BAD	/* the peer broke the rules, see yamux_why(): over, a GOAWAY is queued */
};

struct yamux_what {
	struct yamux_stream *stream;	/* DATA, WINDOW, FIN, RESET */
	struct slice data;		/* DATA: borrowed from the input */
	uint32_t value;			/* PONG, GOAWAY; OPENED: the id */
};

/*
 * Take the next event from the len bytes at buf; *used is how many to drop before the next call.
 * Any split of the input works: a header is kept inside until it is whole, data comes out in the
 * pieces it came in. A frame may make several events, the last of them without any bytes: call
 * until YAMUX_MORE. Frames that arrive for streams this side has finished with, and data after a
 * FIN, are swallowed, up to what the windows of those streams allowed. Opens beyond the peer's
 * limit and after yamux_goaway() are reset without an event.
 *
 * A data frame longer than its stream's window, a version other than 0, an unknown type, data or
 * window for a stream that was never opened, a SYN with an id of the wrong parity, used before,
 * or over YAMUX_DISORDER streams behind the newest (Go's yamux sends them a little out of
 * order), a window grown past 2^32-1, a flood of pings or of streams to reset: YAMUX_BAD, and
 * nothing more comes after it.
 */
enum yamux_event yamux_next(struct yamux *y, const uint8_t *buf, size_t len,
    size_t *used, struct yamux_what *what);

/*
 * Take the stream of YAMUX_OPENED as s; the first frame sent for it carries the ACK,
 * and one is queued.
 */
void yamux_accept(struct yamux *y, struct yamux_stream *s);
void yamux_refuse(struct yamux *y);

/* Why it was YAMUX_BAD, for the log. Static; NULL before that. */
const char *yamux_why(const struct yamux *y);

/* ---- what we send ---- */

/*
 * Open a stream: false when the ids are used up, either side sent a GOAWAY, yamux_must_wait(), or
 * out of memory. Nothing is sent before the first frame, unless another stream is opened
 * meanwhile: SYNs go in order.
 */
bool yamux_open(struct yamux *y, struct yamux_stream *s);

/* Whether none can be opened ever again: every id has been used. */
bool yamux_is_used_up(const struct yamux *y);

/* Whether none can be opened before the peer has taken, or reset, one of those that are open. */
bool yamux_must_wait(const struct yamux *y);

/* Bytes of data s may send now: 0 once our direction has ended. */
uint32_t yamux_may_send(const struct yamux_stream *s);

/*
 * The header of a data frame of n bytes, at most yamux_may_send() and YAMUX_DATA_MAX (0 is allowed
 * with fin): the caller puts those bytes after it. SYN and ACK that are due go along; with fin this
 * is our direction's end. With explicit_syn a frame without bytes is of type WINDOW: that is how
 * the ancestors end a direction.
 */
void yamux_data(struct yamux *y, struct yamux_stream *s, uint32_t n, bool fin,
    uint8_t out[static YAMUX_HEADER]);

/*
 * Grant the peer n more bytes on s. They are sent once they are at least half of what it may then
 * send, or if flush, or along with another frame. Nothing happens after its FIN.
 */
void yamux_grant(struct yamux *y, struct yamux_stream *s, uint32_t n, bool flush);

/* Forget s at once, with a RST for the peer if it knows of s. No later event names it. */
void yamux_reset(struct yamux *y, struct yamux_stream *s);

/* Both directions have ended: s has left the machine (its id is 0). */
bool yamux_over(const struct yamux_stream *s);

/* At most one ping waits to be sent: a second replaces it. */
void yamux_ping(struct yamux *y, uint32_t value);
void yamux_goaway(struct yamux *y, enum yamux_goaway code);

/*
 * Write control frames that are due (pongs, pings, acks, windows, resets, goaway) into the size
 * bytes at out; returns how many bytes it wrote, 0: none is due. They go before data. GOAWAY
 * comes after all others.
 */
size_t yamux_out(struct yamux *y, uint8_t *out, size_t size);
bool yamux_has_out(const struct yamux *y);

/* Streams in the machine, whoever opened them; for tests. */
uint32_t yamux_streams(const struct yamux *y);

#endif
