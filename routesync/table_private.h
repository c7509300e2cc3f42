/* SPDX-License-Identifier: ISC */
/*
 * What routesync/table.c (keys), table_old.c (the file at start) and table_text.c (order and texts)
 * share.
 */
#ifndef TABLE_PRIVATE_H
#define TABLE_PRIVATE_H

#include "table.h"

/* A line of the file at start: any good key for its NAME takes precedence. */
enum {
	RANK_OLD = RANK_LIVE + 1,	/* of a key that has been malformed since */
	RANK_KEPT	/* by table_keep_old(): it has no key, and is in the order only */
};

/* One key and its line; replaced, never changed, but for a line that no longer counts. */
struct entry {
	uint64_t value;			/* hash of the value, good or not */
	uint32_t round;			/* the last one in which it was met */
	uint32_t key_len;
	uint32_t line_len;		/* 0: no good value yet, or it no longer counts */
	uint16_t name_len;
	uint8_t rank;
	bool malformed : 1;
	bool has_secret : 1;
	bool dead : 1;			/* removed from the hash, still in the order */
	bool odd : 1;			/* reported: it is left out of the line of its NAME, or of
					   the secrets */
	bool nameless : 1;		/* malformed since start, and which line of the file was
					   made from it is not known */
	char text[];			/* key, line, hash of the secret */
};

/*
 * Of the hash table; the key's hash beside the pointer avoids most accesses to entries
 * elsewhere in memory.
 */
struct slot {
	struct entry *entry;		/* owned by the order; NULL: empty */
	uint64_t hash;
};

struct table {
	struct record_reader reader;
	table_report *report;
	void *arg;
	struct lines old, old_secrets;	/* of the files at start, until table_keep_old(): owned */
	struct slot *slots;		/* owned; open addressing by the hash of the key */
	size_t nslots, n, malformed, nameless;
	size_t kept;			/* entries of RANK_KEPT: in the order only */
	struct entry **order;		/* owned; all entries, dead ones too */
	size_t order_n, order_room, sorted_n;	/* the first sorted_n are in order */
	uint64_t seed;
	uint32_t round, ended;		/* the current one; the last that ended */
	bool changed;
};

static inline struct slice
entry_key(const struct entry *e)
{
	return slice_of(e->text, e->key_len);
}

static inline struct slice
entry_line(const struct entry *e)
{
	return slice_of(e->text + e->key_len, e->line_len);
}

static inline struct slice
entry_name(const struct entry *e)
{
	return slice_of(e->text + e->key_len, e->name_len);
}

static inline const uint8_t *
entry_secret(const struct entry *e)
{
	return (const uint8_t *)e->text + e->key_len + e->line_len;
}

/* A node publishes its line. */
static inline bool
is_live(const struct entry *e)
{
	return e->rank == RANK_LIVE && e->line_len > 0;
}

/* It was kept although a round did not meet it. */
static inline bool
is_stale(const struct table *t, const struct entry *e)
{
	return e->round < t->ended;
}

/* ---- table.c ---- */

/* A key (empty: none) with the line of record (NULL: none). Returns NULL when out of memory. */
struct entry *entry_new(struct slice key, const struct record *record);

/* Add e to the order, which takes it over. False: out of memory, and it stays the caller's. */
bool table_add(struct table *t, struct entry *e);

/* ---- table_old.c ---- */

/*
 * The line of a NAME, in any spelling, in the file at start, with the secret it had there.
 * False: there is none.
 */
bool table_find_old(struct table *t, struct slice name, struct record *out);

/* Drop the lines kept because of nameless keys, once there are no such keys. */
void table_drop_kept(struct table *t);

/* ---- table_text.c ---- */

/* Free the dead entries, keeping the order of the rest. */
void table_bury(struct table *t);

/* Free the dead entries and sort the rest. False: out of memory. */
bool table_sort(struct table *t);

#endif
