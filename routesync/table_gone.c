/* SPDX-License-Identifier: ISC */
/*
 * The keys that were removed since the files last followed the table: they tell a client that left
 * from a store that lost its data.
 */
#include "table_private.h"

#include <stdlib.h>

/* By NAME, published keys after those of the store itself. */
static int
compare(const void *a, const void *b)
{
	const struct entry *x = *(struct entry *const *)a, *y = *(struct entry *const *)b;
	int order = routes_name_order(entry_name(x), entry_name(y));

	return order != 0 ? order : (int)x->rank - (int)y->rank;
}

/* Of each NAME only the first stays. */
static void
sort(struct table *t)
{
	size_t kept = 0;

	if (t->gone_n > 0)
		qsort(t->gone, t->gone_n, sizeof(*t->gone), compare);
	for (size_t i = 0; i < t->gone_n; i++)
		if (kept > 0 && slice_eq(entry_name(t->gone[i]), entry_name(t->gone[kept - 1])))
			free(t->gone[i]);
		else
			t->gone[kept++] = t->gone[i];
	t->gone_n = kept;
}

static bool
make_room(struct table *t)
{
	size_t room = t->gone_room * 2 + 16;
	struct entry **bigger;

	if (t->gone_n < t->gone_room)
		return true;
	bigger = reallocarray(t->gone, room, sizeof(*bigger));
	if (bigger == NULL)
		return false;
	t->gone = bigger;
	t->gone_room = room;
	return true;
}

/* Without memory it is forgotten, and counts as lost by the store. */
void
table_note_gone(struct table *t, struct entry *e)
{
	if (make_room(t))
		t->gone[t->gone_n++] = e;
	else
		free(e);
}

bool
table_withdrawn(struct table *t, struct lines *out)
{
	*out = (struct lines){ .line = malloc((t->gone_n + 1) * sizeof(*out->line)) };
	if (out->line == NULL)
		return false;
	sort(t);
	for (size_t i = 0; i < t->gone_n; i++)
		if (t->gone[i]->rank == RANK_LIVE)
			out->line[out->n++] = entry_name(t->gone[i]);
	return true;
}

void
table_settle(struct table *t)
{
	for (size_t i = 0; i < t->gone_n; i++)
		free(t->gone[i]);
	free(t->gone);
	t->gone = NULL;
	t->gone_n = t->gone_room = 0;
	for (size_t i = 0; i < t->order_n; i++)
		t->order[i]->written = t->order[i]->line_len > 0 && !t->order[i]->dead;
}
