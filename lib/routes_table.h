/* SPDX-License-Identifier: ISC */
/* The mapping that holds a loaded routes file. Only for lib/routes*.c. */
#ifndef ROUTES_TABLE_H
#define ROUTES_TABLE_H

#include "routes_line.h"

/*
 * A table is one mapping:
 *
 *   head | text of the file | marks | slots | listens
 *
 * marks: for every ROUTES_MARK_BYTES of text, the number of the line that the first of them
 *        belongs to.
 * slots: a hash of NAMEs, linear probing, one slot a line. Lines are never removed, so the lines of
 *        one NAME are met in file order, and the first empty slot ends the search.
 * listens: where each listening address stands, in file order.
 *
 * Places are counted from the first byte of the mapping: 0 is the head, so it can mean "empty".
 */
#define ROUTES_MAGIC 0x3165747571747273u
#define ROUTES_MARK_BYTES 256u
#define ROUTES_DEPTHS 128		/* labels in a name: HOST_MAX bytes, every second a dot */

struct routes_head {
	uint64_t magic;
	uint64_t seed;			/* of the hash */
	uint64_t depths[ROUTES_DEPTHS / 64];	/* bit n: a wildcard's suffix has n labels */
	uint32_t text_len;
	uint32_t nslots;		/* at least one is empty */
	uint32_t nlistens;
	uint32_t count;			/* lines with a key */
	uint32_t has_pass;
};

struct routes_slot {
	uint32_t at;			/* first byte of a line's NAME, 0: empty */
	uint32_t tag;			/* half of NAME's hash: spares most comparisons of text */
};

/* The parts of a mapping. */
struct routes_table {
	struct routes_head *head;
	char *text;
	uint32_t *marks;
	struct routes_slot *slots;
	uint32_t *listens;
};

/*
 * Find the parts of a mapping whose head is complete; returns the size it must have.
 * Nothing else is read.
 */
size_t routes_table_place(struct routes_table *t, void *map);

/* The line with a byte at this place of the mapping, from there to its end. */
struct slice routes_table_line(const struct routes_table *t, uint32_t at);

/* The number of the line that p, borrowed from the text, belongs to. */
unsigned routes_table_line_number(const struct routes_table *t, const char *p);

/* The hash of a NAME, whatever its case and trailing dot. */
uint64_t routes_table_hash(const struct routes_table *t, struct slice name);

/*
 * This hash will soon be looked up: its slot is far away in memory,
 * so have it fetched meanwhile.
 */
void routes_table_expect(const struct routes_table *t, uint64_t hash);

/*
 * Add the fields of every line of this NAME to *f;
 * returns the empty slot where one more line would go.
 */
uint32_t routes_table_collect(const struct routes_table *t, struct slice name, uint64_t hash,
    struct routes_fields *f);

#endif
