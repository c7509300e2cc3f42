/* SPDX-License-Identifier: ISC */
/* The mapping that holds a loaded routes file. */
#include "routes_table.h"

#include "hash.h"

static size_t
round_up(size_t n)
{
	return (n + 7) / 8 * 8;
}

size_t
routes_table_place(struct routes_table *t, void *map)
{
	char *base = map;
	size_t at = sizeof(struct routes_head);

	t->head = map;
	t->text = base + at;
	at = round_up(at + t->head->text_len);
	t->marks = (uint32_t *)(void *)(base + at);
	at = round_up(at + (t->head->text_len / ROUTES_MARK_BYTES + 1) * sizeof(*t->marks));
	t->slots = (struct routes_slot *)(void *)(base + at);
	at += t->head->nslots * sizeof(*t->slots);
	t->listens = (uint32_t *)(void *)(base + at);
	return at + t->head->nlistens * sizeof(*t->listens);
}

struct slice
routes_table_line(const struct routes_table *t, uint32_t at)
{
	const char *p = (const char *)t->head + at;
	size_t left = (size_t)(t->text + t->head->text_len - p);
	const char *end = memchr(p, '\n', left);

	return slice_of(p, end != NULL ? (size_t)(end - p) : left);
}

unsigned
routes_table_line_number(const struct routes_table *t, const char *p)
{
	size_t mark = (size_t)(p - t->text) / ROUTES_MARK_BYTES;
	const char *from = t->text + mark * ROUTES_MARK_BYTES;
	unsigned line = t->marks[mark];

	while ((from = memchr(from, '\n', (size_t)(p - from))) != NULL) {
		line++;
		from++;
	}
	return line;
}

uint64_t
routes_table_hash(const struct routes_table *t, struct slice name)
{
	return hash_nocase(t->head->seed, host_without_dot(name));
}

static uint32_t
first_slot(const struct routes_table *t, uint64_t hash)
{
	return (uint32_t)(((hash >> 32) * t->head->nslots) >> 32);
}

void
routes_table_expect(const struct routes_table *t, uint64_t hash)
{
	__builtin_prefetch(&t->slots[first_slot(t, hash)]);
}

uint32_t
routes_table_collect(const struct routes_table *t, struct slice name, uint64_t hash,
    struct routes_fields *f)
{
	uint32_t i;

	for (i = first_slot(t, hash); t->slots[i].at != 0;
	    i = i + 1 == t->head->nslots ? 0 : i + 1) {
		if (t->slots[i].tag != (uint32_t)hash)
			continue;

		struct slice line = routes_table_line(t, t->slots[i].at);

		if (routes_line_is_of(line, name))
			routes_line_add(line, f);
	}
	return i;
}
