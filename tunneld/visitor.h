/* SPDX-License-Identifier: ISC */
/*
 * A visitor, as its parts see it: visitor.c (its states and its end), arrival.c (who it is and what
 * it wants), parked.c (waiting for a client that is away), join.c (its stream), refusal.c (what it
 * gets instead of one).
 */
#ifndef VISITOR_H
#define VISITOR_H

#include "answer.h"
#include "client.h"
#include "kind.h"
#include "proxyhdr.h"

#define READ_ROOM 16384u	/* bytes read at once: a header, and what comes with it */

/*
 * Who it is and what it wants, the session it is for, its stream.
 *
 *            .--- the header tells ----.
 *            |                         v
 *   HEADER --'--> KIND --it shows------+--session there--> JOINED --both ends done--> CLOSED
 *                                      |                    ^  |
 *                                      '--away--> PARKED ---'  |
 *                                      |            |          |
 *                                      '------------'----------'--> REQUEST --> LINGER --> CLOSED
 *
 * REQUEST and LINGER are for visitors that speak HTTP and get an answer instead of a stream; others
 * are reset. RAW stands for JOINED with an ancestor of the first generation. Every state has a
 * deadline (in JOINED the stream's, in RAW the relay's) and can end in CLOSED.
 */
enum visitor_state {
	VISITOR_HEADER,
	VISITOR_KIND,
	VISITOR_PARKED,
	VISITOR_JOINED,
	VISITOR_RAW,
	VISITOR_REQUEST,
	VISITOR_LINGER,
	VISITOR_CLOSED
};

/*
 * What was read of a visitor that has no stream yet: its header, or a part of it,
 * and what came after it.
 */
struct arrival {
	struct arrival *next, **at;	/* PARKED: among the others */
	struct visitor *visitor;
	size_t len;
	uint8_t bytes[];
};

/*
 * An idle one's memory is a figure we document: what it needs only for a while is
 * allocated for that while.
 */
struct visitor {
	struct serve_conn base;
	struct mux_stream stream;	/* its io is the visitor's but in RAW, its deadline but in
					   JOINED and RAW */
	union {
		struct arrival *arrival;	/* before JOINED: owned, or NULL */
		struct raw *raw;		/* RAW, until that has ended */
		uint32_t head_len;		/* REQUEST: bytes of the request passed over */
	};
	struct session *session;	/* JOINED, RAW */
	char *text;			/* owned: the name, and the target behind it once the
					   session was left; NULL: the name is its client's */
	int passed;			/* HEADER: the descriptor that came, -1: none */
	uint32_t rx, tx;		/* bytes besides the stream's */
	int16_t route_at;		/* the route: "*" and the name from here on, 0: the name; or
					   ROUTE_NONE */
	uint16_t header_len;		/* bytes of the header the stream begins with */
	uint8_t name_len, target_len;
	unsigned state : 4;		/* enum visitor_state */
	unsigned kind : 2;		/* enum kind */
	unsigned verdict : 4;		/* enum hello_verdict, of the header */
	unsigned end : 4;		/* enum conn_end, from REQUEST on */
	unsigned leg : 2;		/* enum answer */
	unsigned blank : 2;		/* REQUEST: how much of an empty line was seen */
	unsigned method : 3;		/* bytes of "HEAD " it began with, or METHOD_OTHER */
	bool named : 1;			/* it is a valid name, in normal form */
	bool watched : 1;
	bool is_passed : 1;		/* somebody else may hold the socket too */
	bool readable : 1;		/* as far as is known */
	bool fin : 1;
	bool error : 1;			/* it is broken: what came before may still be read */
};

_Static_assert(END_COUNT <= 16 && HELLO_NONE < 16 && ANSWER_LOCAL < 4,
    "bit fields of struct visitor");

#define ROUTE_NONE (-1)
#define METHOD_OTHER 7u

/* What a visitor's side has said so far. */
struct said {
	struct proxyhdr h;
	struct slice rest;		/* after the header */
};

static inline struct slice
visitor_name(const struct visitor *v)
{
	const char *text = v->text == NULL && v->session != NULL ? client_of(v->session)->name :
	    v->text;

	return slice_of(text, v->name_len);
}

/* ---- visitor.c: its states and its end ---- */

/* The door between the states. */
void visitor_enter(struct visitor *v, enum visitor_state next);

/* Its end, whatever the state. */
void visitor_close(struct visitor *v, enum conn_end end);

/* Watch its descriptor, unless that is done already. False: it had to be closed. */
bool visitor_watch(struct visitor *v);

/* The callback of its descriptor, except while a stream or a relay has it. */
void visitor_on_io(struct ev_io *io, unsigned events);

/* ---- arrival.c: its header and its kind ---- */

void arrival_read(struct visitor *v);		/* HEADER */

/*
 * Look again at one whose header is whole and kept. last: what it has not sent by now
 * is not waited for.
 */
void arrival_again(struct visitor *v, bool last);

/* Keep bytes, all that was read, which may be those kept already. False when out of memory. */
bool arrival_keep(struct visitor *v, struct slice bytes);
void arrival_drop(struct visitor *v);

/* What one said whose header is whole and kept: it points there. */
struct said arrival_said(const struct arrival *a);

/* ---- parked.c: waiting for its client ---- */

/*
 * Park it, or refuse it where that is not possible. bytes: all that was read, the header included.
 */
void parked_enter(struct visitor *v, struct slice bytes, const struct said *said);

/* It is not parked any more. Fine when it never was. */
void parked_leave(struct arrival *a);

/* It was parked long enough. */
void parked_give_up(struct visitor *v);

/* ---- join.c: its session and its stream ---- */

/*
 * Join, park or refuse it, as the name it wants decides. bytes: all that was read,
 * the header included.
 */
void join_by_name(struct visitor *v, struct slice bytes, const struct said *said);

/* Leave the session; its client's id stays for the log. Fine when there is none. */
void join_leave(struct visitor *v);

/* The name or pattern that led to its session, for the log: absent when none did. */
struct slice join_route_text(const struct visitor *v, char room[static CLIENTS_NAME_MAX]);

/* ---- refusal.c: an answer, or a reset ---- */

/*
 * No stream for this visitor, or not any more: an answer once the request is here (bytes:
 * what was read of it and not sent; heard: it went to the client), or a reset.
 */
void refusal_begin(struct visitor *v, enum answer leg, enum conn_end end, struct slice bytes,
    bool heard);

/* The next bytes of a request went by: only what is known to be no HEAD is answered with a page. */
void refusal_note_method(struct visitor *v, struct slice bytes);

void refusal_read(struct visitor *v);		/* REQUEST: go on */

/*
 * Send it, end our direction, and read on, so that closing does not turn into a reset that
 * overtakes the answer.
 */
void refusal_answer(struct visitor *v);

void refusal_linger(struct visitor *v);		/* LINGER: go on */

#endif
