/* SPDX-License-Identifier: ISC */
/*
 * The streams of a yamux session by their ids, and the ids of those still to be reset.
 * Only for lib/yamux.c. Pure.
 */
#ifndef YAMUX_TABLE_H
#define YAMUX_TABLE_H

#include "yamux.h"

/*
 * Open addressing. Nothing moves when a stream leaves: its id stays without a
 * stream until the table is rebuilt.
 */
struct yamux_table {
	struct yamux_stream **stream;	/* owned, one piece with the two below; NULL: none here */
	uint32_t *id;			/* 0: free */
	uint32_t *reset;		/* ring of ids to be reset, with room for one per stream */
	uint32_t size;			/* places, a power of two */
	uint32_t taken;			/* places whose id is not 0 */
	uint32_t streams;
	uint32_t resets, first_reset;
};

/* False when out of memory. */
bool yamux_table_open(struct yamux_table *t);
void yamux_table_close(struct yamux_table *t);

/* Room for one more stream, or reset. False when out of memory. Moves streams to other places. */
bool yamux_table_reserve(struct yamux_table *t);

/*
 * Give memory back after a crowd, if there is memory for a smaller table.
 * Moves streams to other places.
 */
void yamux_table_shrink(struct yamux_table *t);

/* The stream with this id, not 0; NULL: none. */
struct yamux_stream *yamux_table_find(const struct yamux_table *t, uint32_t id);

/* Room was reserved, and its id is not there. s is borrowed. */
void yamux_table_add(struct yamux_table *t, struct yamux_stream *s);
void yamux_table_remove(struct yamux_table *t, uint32_t id);

/* In the order they came. Room was reserved, or was the stream's; pop: there is one. */
void yamux_table_push_reset(struct yamux_table *t, uint32_t id);
uint32_t yamux_table_pop_reset(struct yamux_table *t);

#endif
