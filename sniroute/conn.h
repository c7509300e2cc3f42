/* SPDX-License-Identifier: ISC */
/*
 * A client's connection, as its three parts see it: conn.c (its states, relay and end),
 * greeting.c (what it says first), route.c (where it goes).
 */
#ifndef CONN_H
#define CONN_H

#include "proxyhdr.h"
#include "sniroute.h"

#define INBOX_TOTAL_MAX (64u * 1024u * 1024u)	/* bytes of all unfinished hellos of this process */

enum conn_state { CONN_HELLO, CONN_DIAL, CONN_RELAY, CONN_LINGER, CONN_CLOSED };

struct inbox;

struct conn {
	struct serve_conn base;
	struct relay relay;		/* in HELLO and DIAL bytes[0] counts what was looked at,
					   peeked bytes included */
	struct ev_timer deadline;
	union {
		struct inbox *inbox;	/* HELLO: owned, or NULL */
		struct dial *dial;	/* DIAL */
		struct target *target;	/* later: held, or NULL */
	};
	char *name;			/* owned: the name asked for, or reported in its place; may
					   hold any byte */
	uint8_t name_len;
	int16_t rank;			/* of the route, or below ROUTES_DEFAULT */
	/* One word: an idle connection's memory is a figure we document. */
	unsigned state : 3;		/* enum conn_state */
	unsigned verdict : 4;		/* enum hello_verdict */
	unsigned end : 4;		/* enum conn_end, once in LINGER */
	unsigned pass_len : 11;		/* bytes of the spill that are only for pass: targets */
	unsigned tls_minor : 2;		/* version for alerts: 0x0300 + this */
	bool peek : 1;			/* bytes of the hello stay in the socket */
	bool proxied : 1;		/* a PROXY header must come first, and has not yet */
	bool plain : 1;			/* no hello: -t, or a listening address of the routes */
	bool lowat : 1;			/* SO_RCVLOWAT is set */
	bool passed : 1;		/* handed over: the socket is no longer ours to read */
	bool counted : 1;		/* has a place in its route's max= */
};

_Static_assert(END_COUNT <= 16 && HELLO_NONE < 16 && PROXYHDR_MAX < 1 << 11,
    "bit fields of struct conn");

extern struct sniroute *the;	/* this process's; set once when it starts */

/* ---- conn.c ---- */

/* The one door between states. */
void conn_enter(struct conn *c, enum conn_state next);

/*
 * Its end, whatever the state: log, close both sides, give everything back.
 * c is freed after the event loop's turn.
 */
void conn_close(struct conn *c, enum conn_end end);

/*
 * Say no: a TLS client gets an alert that it will really see, others are closed without a byte.
 * Takes over the hold on target, which may be NULL.
 */
void conn_refuse(struct conn *c, enum hello_alert alert, enum conn_end end, struct target *target);

/*
 * Relay what the events of one end allow; events 0: go on with those noted before,
 * or with what was left.
 */
void conn_pump(struct conn *c, int end, unsigned events);

/* ---- greeting.c ---- */

/*
 * Read, or peek at, what is there of the PROXY header and the hello;
 * once complete it goes to route.c.
 */
void greeting_read(struct conn *c);

/* An unfinished hello, or NULL. */
void inbox_free(struct inbox *in);

/* Wake for every byte again, where greeting_read() had asked for several. */
void greeting_lowat(struct conn *c);

/* ---- route.c ---- */

/* Everything known when the route is chosen; borrowed for the call. */
struct question {
	struct slice name;		/* normalised, or absent */
	struct slice alpn;		/* wire list */
	struct slice bytes;		/* read already and to be replayed */
	struct endpoint local;		/* from a PROXY header, else AF_UNSPEC */
};

/* Route a whole hello: dial, or refuse. */
void route_tls(struct conn *c, const struct hello *hello, struct question *q);

/*
 * Route without a hello: what is not TLS on a TLS port, a listening address of the
 * routes file, or -t.
 */
void route_plain(struct conn *c, struct question *q);

/*
 * The NAME of the route, the same for every spelling of it: for the log, and the key of its max=.
 */
struct slice route_text(const struct conn *c, char room[static HOST_PATTERN_MAX]);

/* Give back its place in the route's max=. */
void route_leave(struct conn *c);

#endif
