/* SPDX-License-Identifier: ISC */
/*
 * Who is allowed, who is connected, and which session a name leads to. No I/O and no clock:
 * callbacks say what must happen to a session, and the caller says what time it is.
 */
#ifndef CLIENTS_H
#define CLIENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "authfile.h"
#include "control.h"
#include "host.h"
#include "identity.h"
#include "sha256.h"
#include "slice.h"

struct clients;

/*
 * A client's authenticated session; embedded in its owner, which fills the first part
 * before clients_join().
 */
struct session {
	bool by_secret;				/* the ancestors' handshake: no id, no instance */
	char id[IDENTITY_ID_SIZE];
	uint8_t secret[SHA256_SIZE];
	char instance[CONTROL_INSTANCE_LEN + 1];
	struct endpoint peer;
	/* The owner's, kept true by it. */
	uint32_t visitors;	/* open now: the least loaded session gets the next one */
	bool closing;		/* takes no new visitors (drain, goaway, a taken raw socket) */
	unsigned kinds;		/* CLIENTS_TLS | CLIENTS_HTTP: what its services take, for
				   --clients; 0: no line */

	/* ---- clients.c's ---- */
	struct session *next, **at;		/* in the order they joined; at: NULL before that */
	struct session *sibling, **sibling_at;	/* of the same party */
	struct party *party;			/* its key or secret, NULL when it has not joined */
	uint64_t turn;				/* when it last got a visitor, as a count */
	bool tell;				/* this load changed its names or streams= */
	enum control_code why;			/* why it may not join, or the load under way
						   ends it */
};

/* Kinds of visitors that routes to other nodes can name. */
#define CLIENTS_TLS 1u
#define CLIENTS_HTTP 2u

#define CLIENTS_LEAVING 8u	/* closing sessions a key may have at once, beyond its sessions= */

struct clients_ops {
	/* End this session: its line is gone (REVOKED), has expired, no longer allows its address
	   (FROM), allows fewer sessions (LIMIT), or the same instance came back (REPLACED). No name
	   leads to it any more; clients_leave() may come, from inside, later or never. */
	void (*end)(void *arg, struct session *s, enum control_code why);
	/* Its names or its streams= have changed: tell the client. */
	void (*changed)(void *arg, struct session *s);
	/* Names of some session have come or gone: parked visitors may look again, --clients may
	   be written. */
	void (*names)(void *arg);
};

/*
 * domain: normalised, borrowed for ever. open: without a file every key may serve ID.DOMAIN.
 * NULL when out of memory.
 */
struct clients *clients_new(const char *domain, bool open, const struct clients_ops *ops,
    void *arg);
void clients_free(struct clients *c);

/*
 * Put a file's grants in place; takes over list. Sessions whose line is gone or forbids them end,
 * those whose line changed in other ways are told, all others notice nothing. now: Unix time. False
 * when out of memory: all stays as it was.
 */
bool clients_load(struct clients *c, struct grant *list, int64_t now);

/*
 * The same in three steps, for large files: the first and the last are fit for a thread.
 * roster_new() takes over list and wants a number from clients_seed(); NULL when out of memory.
 * clients_change() takes over the roster and returns the previous one, for roster_free().
 */
struct roster;
uint64_t clients_seed(const struct clients *c);
struct roster *roster_new(uint64_t seed, struct grant *list);
struct roster *clients_change(struct clients *c, struct roster *r, int64_t now);
void roster_free(struct roster *r);

/*
 * End the sessions whose grant has expired; the time of the next expiry, INT64_MAX: none.
 * Nearly free when none is due.
 */
int64_t clients_expire(struct clients *c, int64_t now);

/*
 * Let s in if it is welcome: from now on its names lead to it, and a session of the same key and
 * instance is ended as replaced. False: nothing is kept, and s->why is UNAUTHORISED, EXPIRED, FROM,
 * or LIMIT: as many other instances as sessions= allows are there.
 */
bool clients_join(struct clients *c, struct session *s, int64_t now);

/* s has ended. Fine when it never joined. */
void clients_leave(struct clients *c, struct session *s);

enum clients_answer {
	CLIENTS_LIVE,
	CLIENTS_AWAY,		/* known, but nobody is there */
	CLIENTS_UNKNOWN
};

/*
 * The session for a visitor of this name (host_normalize()'s form): exact names (ID.DOMAIN and
 * names=) beat patterns, longer patterns beat shorter ones, a pattern never takes a name shaped
 * like an id; of several sessions the one with the fewest visitors, then the one that waited
 * longest. When LIVE *out is set, and *from to where the suffix of the pattern that led to it
 * begins in name, its dot included; 0: name itself did. AWAY: listed in the file, or (open)
 * connected once since the start; at most CLIENTS_REMEMBERED ids are remembered that way.
 */
#define CLIENTS_REMEMBERED 65536u
enum clients_answer clients_find(struct clients *c, struct slice name, struct session **out,
    size_t *from);

/* The n-th name visitors reach s by, "ID.DOMAIN" first, then names=: false after the last. */
#define CLIENTS_NAME_MAX (HOST_MAX + 3)
bool clients_name(const struct clients *c, const struct session *s, size_t n,
    char out[static CLIENTS_NAME_MAX]);

/*
 * Its names= list, for grant_next_name(): absent when it has none. Borrowed until the next change.
 */
struct slice clients_names(const struct session *s);

/* How many visitors this session may have at once. */
uint32_t clients_streams(const struct session *s);

size_t clients_sessions(const struct clients *c);
size_t clients_grants(const struct clients *c);

/* All sessions that joined, oldest first: NULL after the last; start with NULL. */
struct session *clients_next(const struct clients *c, const struct session *after);

#endif
