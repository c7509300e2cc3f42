/* SPDX-License-Identifier: ISC */
/*
 * A tunnel client, as its parts see it: client.c (its states and its end), login.c (before the
 * session), session.c (what is said in it), legacy.c (the ancestors' two handshakes), raw.c
 * (a socket of theirs and its visitor). Visitors (visitor.h) want streams of it.
 *
 * Ancestors are the clients of tcprouter, who come to --legacy: no TLS, no keys, a shared secret
 * (see THE ANCESTORS' HANDSHAKE in tunnel(7)). One of the first generation is a raw socket, which
 * carries one visitor; one of the second has a session of yamux, as our own clients have.
 */
#ifndef CLIENT_H
#define CLIENT_H

#include "control.h"
#include "tunneld.h"

/*
 * It proves a key, is judged, and then carries visitors until it ends.
 *
 *   HEADER -> HANDSHAKE -> HELLO -welcome-> LIVE -drain-> DRAINING -all gone-> PARTING -> CLOSED
 *      '----> SECRET --------^--------------^  '---refused, withdrawn, replaced---^
 *
 * A client that leaves before its visitors have taken all of what it sent goes from LIVE or
 * DRAINING to DELIVERING, which ends with the last of them.
 *
 * HEADER exists only with --accept-proxy, SECRET is an ancestor's. All states up to HELLO share one
 * deadline, counted from accept; a live session has the heartbeat of its mux; PARTING after the
 * last visitor has what is left of the grace, as DRAINING has; after a SECRET that was refused it
 * is a pause. LINGER follows on a HANDSHAKE that failed. Every state can end in CLOSED: an error, a
 * deadline, the end of a drain.
 */
enum client_state {
	CLIENT_HEADER,		/* a PROXY header must come first */
	CLIENT_SECRET,		/* an ancestor: its first bytes */
	CLIENT_HANDSHAKE,	/* TLS */
	CLIENT_HELLO,		/* stream 1 and what it says */
	CLIENT_LIVE,
	CLIENT_DRAINING,	/* told to go elsewhere; ends with its last visitor */
	CLIENT_DELIVERING,	/* it is gone; visitors are still to take what it has sent */
	CLIENT_PARTING,		/* told why, or nothing: the session is being ended in order */
	CLIENT_LINGER,		/* TLS said why: its end is waited for, so that no reset overtakes
				   what it was told */
	CLIENT_CLOSED
};

struct raw;
struct visitor;
struct relay;

struct client {
	struct serve_conn base;
	struct session session;
	struct ev_io io;		/* the mux's from HELLO on, the relay's while raw is set */
	struct ev_timer deadline;
	struct ev_task parting;		/* its last message leaves first */
	struct tls *tls;		/* HANDSHAKE, after its first byte: owned until the mux's */
	struct mux *mux;		/* owned from HELLO on; NULL: a first generation ancestor */
	struct mux_stream control;	/* stream 1 */
	struct raw *raw;		/* first generation: its one visitor; owned by raw.c */
	char *name;			/* owned: for the log; NULL: not known yet */
	struct client *next_login, **login_at;	/* logins under way, in order of arrival; at: NULL
						   if not one */
	uint64_t login_source;		/* its place among the logins of its source, 0: none */
	uint64_t rx, tx;		/* payload, noted when the mux goes */
	uint32_t scanned;		/* control_line()'s */
	uint8_t state;			/* enum client_state */
	uint8_t verdict;		/* enum hello_verdict */
	uint8_t end;			/* enum conn_end, from PARTING on */
	bool ancestor;			/* came to --legacy */
	bool served;			/* first generation: it has, or had, its visitor */
	bool told;			/* first generation: that its visitor has ended */
};

static inline struct client *
client_of(struct session *s)
{
	return EV_CONTAINER(s, struct client, session);
}

/* Whether it is in the registry. */
static inline bool
client_has_joined(const struct client *c)
{
	return c->state == CLIENT_LIVE || c->state == CLIENT_DRAINING;
}

/* ---- client.c: its states and its end ---- */

/* In its first state, not entered anywhere yet: the caller's to do. NULL when out of memory. */
struct client *client_new(const struct serve_client *from);

/* The door between the states. */
void client_enter(struct client *c, enum client_state next);

/* Its key is known: so is its name, for the log. */
void client_note_name(struct client *c);

/*
 * Its end, whatever the state; not from inside a callback of its mux (except ended()):
 * use client_part() there.
 */
void client_close(struct client *c, enum conn_end end);

/* End its session in order, without a word. */
void client_part(struct client *c, enum conn_end end);

/* It has ended its session, of which only bytes for its visitors are left. */
void client_gone(struct client *c);

/* There is no session, and all was said: wait for the other side's end. */
void client_linger(struct client *c, enum conn_end end);

/*
 * No more is taken for it: it may come back within within_ms, what it has may finish.
 * One not live is closed.
 */
void client_drain(struct client *c, uint64_t within_ms);

/* It takes no more visitors. */
void client_closing(struct session *s);

/* A visitor joined it, or has left. */
void client_visitor_came(struct session *s);
void client_visitor_gone(struct session *s);

/* ---- login.c: from accept to the session ---- */

/* What all logins share. -1 with errno. */
int login_start(void);

void login_read_header(struct client *c, unsigned events);	/* HEADER */
void login_shake(struct client *c);				/* HANDSHAKE */

/* It is no longer a login under way; result is the M_LOGINS_* it counts as. Idempotent. */
void login_over(struct client *c, size_t result);

/* Its end came, or a reset, before its login was whole: it is closed. */
void login_lost(struct client *c, bool reset);

/*
 * Look at its first bytes, which stay in its socket; returns how many. 0: there are none yet, or
 * they will never come, and it is closed.
 */
size_t login_peek(struct client *c, uint8_t *buf, size_t room);

/* What came is not a login; why is for the log. Ending it is left to the caller. */
void login_malformed(struct client *c, const char *why);

/* Logins under way. */
size_t login_count(void);

/* ---- session.c: what is said in its session ---- */

/* Begin it, over tls (the mux takes it over) or plainly. */
void session_begin(struct client *c);

/* Ask the registry, and do what follows from its answer. */
void session_judge(struct client *c);

/* Send the welcome: the first, or one with what has changed. */
void session_welcome(struct client *c);

/* Tell it why (NULL: the usual text for code), and end the session. */
void session_refuse(struct client *c, enum control_code code, const char *why);

/* No id is left for another stream: drain it, and say so. */
void session_used_up(struct client *c);

/* It was forgotten by its client: drain it, and say so. */
void session_superseded(struct client *c);

/*
 * Ask it to go elsewhere, and to come back within within_ms;
 * session_within_ms(): how long all here should take.
 */
void session_drain(struct client *c, uint64_t within_ms);
uint64_t session_within_ms(void);

/* ---- legacy.c ---- */

void legacy_read(struct client *c, unsigned events);		/* SECRET */
void legacy_on_control(struct client *c);			/* something came on stream 1 */
void legacy_on_raw(struct client *c, unsigned events);		/* a raw socket without a visitor */
void legacy_live(struct client *c);				/* it is welcome */

/* Whether there was a session that gave up its place for this one. */
bool legacy_make_room(const struct client *c);

/* ---- raw.c ---- */

/*
 * Join a visitor's descriptor, watched already, to the raw socket of c: both are the relay's
 * then. bytes go there first. NULL when out of memory. At its end join_raw_ended() and
 * client_close() are called.
 */
struct raw *raw_join(struct client *c, struct visitor *v, int fd, struct slice bytes);
void raw_leave(struct raw *r, enum conn_end end);
void raw_more(struct relay *r);		/* the relay pool's */

/* ---- join.c ---- */

/* Whether a visitor of s that came ms ago has had nothing back so far. */
bool join_keeps_waiting(const struct session *s, uint64_t ms);

/* The descriptor is the visitor's again; told: it was told the service's end. */
void join_raw_ended(struct visitor *v, int fd, enum conn_end end, bool told, uint64_t rx,
    uint64_t tx);

#endif
