/* SPDX-License-Identifier: ISC */
/*
 * A tunnel client, as those who deal with it see it: client.c (its states, TLS, control messages), legacy.c (the
 * ancestors' two handshakes), visitor.c (who wants a stream of it).
 */
#ifndef CLIENT_H
#define CLIENT_H

#include "control.h"
#include "tunneld.h"

enum client_state {
	CLIENT_HEADER,		/* a PROXY header must come first */
	CLIENT_SECRET,		/* an ancestor: its first bytes */
	CLIENT_HANDSHAKE,	/* TLS */
	CLIENT_HELLO,		/* stream 1 and what it says */
	CLIENT_LIVE,
	CLIENT_DRAINING,	/* told to go elsewhere; ends with its last visitor */
	CLIENT_PARTING,		/* told why, or nothing: the session is being ended in order */
	CLIENT_LINGER,		/* all is said: its end is waited for, so that no reset overtakes what it was told */
	CLIENT_CLOSED
};

#define LEGACY_DEAD_MS 45000u	/* ancestors ping every 30 s: silence of less means nothing */

struct raw;
struct visitor;
struct relay;

struct client {
	struct serve_conn base;
	struct session session;
	struct ev_io io;		/* the mux's from HELLO on, the relay's while raw is set */
	struct ev_timer deadline;
	struct ev_task parting;		/* its last message leaves first */
	struct tls *tls;		/* HANDSHAKE, once something came: owned until the mux takes it over */
	struct mux *mux;		/* owned from HELLO on; NULL: an ancestor of the first generation */
	struct mux_stream control;	/* stream 1 */
	struct raw *raw;		/* first generation: its one visitor; owned by legacy.c */
	char *name;			/* owned: for the log; NULL: not known yet */
	uint64_t login_source;		/* its place among the logins of its source, 0: none */
	uint64_t rx, tx;		/* payload, noted when the mux goes */
	uint32_t scanned;		/* bytes of the control line looked at */
	uint8_t state;			/* enum client_state */
	uint8_t verdict;		/* enum hello_verdict */
	uint8_t end;			/* enum conn_end, from PARTING on */
	bool ancestor;			/* came to --legacy */
	bool login;			/* counts among the logins under way */
	bool joined;			/* in the registry */
	bool has_control, said_fin;
};

static inline struct client *
client_of(struct session *s)
{
	return EV_CONTAINER(s, struct client, session);
}

/* ---- client.c ---- */

/* What all clients share. -1 with errno. */
int client_start(void);

/* Its end, whatever the state; not from inside a callback of its mux (but ended()): client_part() then. */
void client_close(struct client *c, enum conn_end end);

/* End its session in order, without a word. */
void client_part(struct client *c, enum conn_end end);

/* Ask the registry; what comes of it is done. */
void client_judge(struct client *c);

/* Begin the session, over tls (the mux takes it over) or plainly. */
void client_begin(struct client *c);

/* It takes no new visitors any more. */
void client_closing(struct session *s);

/* A visitor joined it, or has left. */
void client_visitor_came(struct session *s);
void client_visitor_gone(struct session *s);

size_t client_logins(void);

/* ---- legacy.c ---- */

void legacy_read(struct client *c, unsigned events);		/* SECRET */
void legacy_on_control(struct client *c);			/* something came on stream 1 */
void legacy_on_raw(struct client *c, unsigned events);		/* a raw socket without a visitor */
void legacy_live(struct client *c);				/* it is welcome */
void legacy_more(struct relay *r);				/* the relay pool's */

/*
 * Join a visitor's descriptor, watched already, to the raw socket of c: both are the relay's then. bytes go there first.
 * NULL when out of memory. At its end visitor_raw_ended() and client_close() are called.
 */
struct raw *legacy_join(struct client *c, struct visitor *v, int fd, struct slice bytes);
void legacy_leave(struct raw *r, enum conn_end end);

/* ---- visitor.c ---- */

/* The descriptor is the visitor's again. */
void visitor_raw_ended(struct visitor *v, int fd, enum conn_end end, uint64_t rx, uint64_t tx);
void visitor_drain(void);		/* parked ones wait for nobody any more */

#endif
