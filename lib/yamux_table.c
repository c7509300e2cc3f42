/* SPDX-License-Identifier: ISC */
/* The streams of a yamux session by their ids, and the ids of those still to be reset. */
#include "yamux_table.h"

#include <stdlib.h>

#define SIZE_MIN 8u		/* places of the smallest table */

/*
 * The peer chooses the ids, but does not know where the table is in memory,
 * and so which of them collide.
 */
static uint32_t
place(const struct yamux_table *t, uint32_t id)
{
	uint64_t h = (id ^ (uint64_t)(uintptr_t)t->stream) * 0xd6e8feb86659fd93u;

	h ^= h >> 32;
	h *= 0xd6e8feb86659fd93u;
	return (uint32_t)(h >> 32) & (t->size - 1);
}

/* Where this id is, or would be. */
static uint32_t
place_of(const struct yamux_table *t, uint32_t id)
{
	uint32_t i = place(t, id);

	while (t->id[i] != 0 && t->id[i] != id)
		i = (i + 1) & (t->size - 1);
	return i;
}

struct yamux_stream *
yamux_table_find(const struct yamux_table *t, uint32_t id)
{
	return t->stream[place_of(t, id)];
}

void
yamux_table_add(struct yamux_table *t, struct yamux_stream *s)
{
	uint32_t i = place(t, s->id);

	while (t->stream[i] != NULL)
		i = (i + 1) & (t->size - 1);
	t->taken += t->id[i] == 0;
	t->id[i] = s->id;
	t->stream[i] = s;
	t->streams++;
}

void
yamux_table_remove(struct yamux_table *t, uint32_t id)
{
	t->stream[place_of(t, id)] = NULL;
	t->streams--;
}

void
yamux_table_push_reset(struct yamux_table *t, uint32_t id)
{
	t->reset[(t->first_reset + t->resets++) & (t->size - 1)] = id;
}

uint32_t
yamux_table_pop_reset(struct yamux_table *t)
{
	uint32_t id = t->reset[t->first_reset];

	t->first_reset = (t->first_reset + 1) & (t->size - 1);
	t->resets--;
	return id;
}

/* ---- its size ---- */

static bool
make(struct yamux_table *t, uint32_t size)
{
	*t = (struct yamux_table){ .size = size };
	t->stream = calloc(size, sizeof(*t->stream) + sizeof(*t->id) + sizeof(*t->reset));
	if (t->stream == NULL)
		return false;
	t->id = (uint32_t *)(void *)(t->stream + size);
	t->reset = t->id + size;
	return true;
}

bool
yamux_table_open(struct yamux_table *t)
{
	return make(t, SIZE_MIN);
}

void
yamux_table_close(struct yamux_table *t)
{
	free(t->stream);
	t->stream = NULL;
}

/* At most half full with one more stream than there are. False when out of memory. */
static bool
rebuild(struct yamux_table *t)
{
	struct yamux_table old = *t, new;
	uint64_t wanted = 2 * ((uint64_t)old.streams + old.resets + 1);
	uint32_t size = SIZE_MIN;

	while (size < wanted && size < UINT32_C(1) << 31)
		size *= 2;
	if (size < wanted || !make(&new, size))
		return false;
	for (uint32_t i = 0; i < old.size; i++)
		if (old.stream[i] != NULL)
			yamux_table_add(&new, old.stream[i]);
	while (old.resets > 0)
		yamux_table_push_reset(&new, yamux_table_pop_reset(&old));
	free(old.stream);
	*t = new;
	return true;
}

bool
yamux_table_reserve(struct yamux_table *t)
{
	uint32_t limit = t->size - t->size / 4;

	return (t->taken < limit && t->streams + t->resets < limit) || rebuild(t);
}

void
yamux_table_shrink(struct yamux_table *t)
{
	if (t->size > SIZE_MIN && ((uint64_t)t->streams + t->resets) * 8 < t->size)
		rebuild(t);
}
