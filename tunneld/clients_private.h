/* SPDX-License-Identifier: ISC */
/*
 * The parts of the registry among themselves: clients.c (who is connected),
 * roster.c (what the file says), guests.c (who came without a line), names.c (where a name leads).
 *
 * A party is one key or one secret: what it may do, and its sessions. Those of the file lie in a
 * roster, which a load replaces as a whole, with a table of all their names; ids that came without
 * a line (open) are guests. ID.DOMAIN needs no table.
 */
#ifndef CLIENTS_PRIVATE_H
#define CLIENTS_PRIVATE_H

#include "clients.h"

struct party {
	struct party *chain;			/* of its bucket */
	struct grant *grant;			/* owned by the roster's list, or a guest's own */
	struct session *sessions;
	struct party *next_away, **away_at;	/* a guest without sessions; at: NULL if not one */
};

struct parties {
	struct party **bucket;			/* owned, with the parties */
	size_t mask;				/* buckets - 1, a power of two */
	size_t n;
	uint64_t seed;
};

/* A name or pattern of a party; of one name there may be several. */
struct place {
	struct party *party;			/* NULL: empty */
	const char *name;			/* in its grant */
	uint32_t len;
	uint32_t tag;				/* bits of the hash: saves most looks at the name */
};

struct roster {
	struct grant *list;			/* owned */
	struct parties parties;
	struct place *places;			/* owned, hashed */
	size_t mask;				/* places - 1, a power of two */
};

struct clients {
	struct slice domain;
	bool open;
	const struct clients_ops *ops;
	void *arg;
	struct roster *roster;
	struct parties guests;
	struct party *away, **last_away;	/* guests, in the order they left */
	size_t n_away;
	struct session *sessions, **last;
	size_t n_sessions;
	struct session *cursor;			/* a walk that calls back: its next session */
	uint64_t turn;
	int64_t next_expiry;			/* of a session's grant; none is earlier */
};

static inline bool
party_is_guest(const struct party *p)
{
	return p->grant->line == 0;
}

/* ---- clients.c ---- */

/* The party of a key: a line of the file, else a guest; NULL: neither. */
struct party *clients_party(const struct clients *c, struct slice key);

/* ---- roster.c: parties by key ---- */

/* An empty table with room for n. False when out of memory; parties_free() is fine then too. */
bool parties_make(struct parties *ps, size_t n, uint64_t seed);
void parties_free(struct parties *ps);

/* By its grant_key(). */
struct party *parties_find(const struct parties *ps, struct slice key);

/* NULL when out of memory; g is borrowed for the party's life. */
struct party *parties_add(struct parties *ps, struct grant *g);
void parties_remove(struct parties *ps, struct party *p);

/* Keep chains short; without memory they grow longer. */
void parties_widen(struct parties *ps);

/* ---- roster.c: parties by name ---- */

/*
 * Go through the places of a name: NULL after the last. *i is the cursor, which starts as the hash.
 */
struct party *roster_next(const struct roster *r, struct slice name, uint64_t hash, size_t *i);

/* ---- guests.c ---- */

/* One for an id that has no party yet. NULL when out of memory. */
struct party *guests_add(struct clients *c, const char id[static IDENTITY_ID_SIZE]);

/* A guest's last session has ended: it is remembered from now on, as long as there is room. */
void guests_left(struct clients *c, struct party *guest);

/* It is back. */
void guests_forget(struct clients *c, struct party *guest);

#endif
