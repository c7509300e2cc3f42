/* SPDX-License-Identifier: ISC */
/* What the file says, as a table: the party of a key, the parties of a name. */
#include <stdlib.h>

#include "clients_private.h"
#include "hash.h"

/* ---- parties by key ---- */

static struct party **
bucket_of(const struct parties *ps, struct slice key)
{
	return &ps->bucket[hash_text(ps->seed, key) & ps->mask];
}

struct party *
parties_find(const struct parties *ps, struct slice key)
{
	struct party *p = *bucket_of(ps, key);

	while (p != NULL && !slice_eq(grant_key(p->grant), key))
		p = p->chain;
	return p;
}

struct party *
parties_add(struct parties *ps, struct grant *g)
{
	struct party *p = calloc(1, sizeof(*p)), **bucket = bucket_of(ps, grant_key(g));

	if (p == NULL)
		return NULL;
	p->grant = g;
	p->chain = *bucket;
	*bucket = p;
	ps->n++;
	return p;
}

void
parties_remove(struct parties *ps, struct party *p)
{
	struct party **at = bucket_of(ps, grant_key(p->grant));

	while (*at != p)
		at = &(*at)->chain;
	*at = p->chain;
	ps->n--;
	free(p);
}

static size_t
power_above(size_t n)
{
	size_t power = 1;

	while (power <= n)
		power *= 2;
	return power;
}

bool
parties_make(struct parties *ps, size_t n, uint64_t seed)
{
	size_t buckets = power_above(n);

	*ps = (struct parties){ .mask = buckets - 1, .seed = seed };
	ps->bucket = calloc(buckets, sizeof(struct party *));
	return ps->bucket != NULL;
}

void
parties_widen(struct parties *old)
{
	struct parties wide;

	if (old->n <= old->mask || !parties_make(&wide, old->n * 2, old->seed))
		return;
	for (size_t i = 0; i <= old->mask; i++)
		for (struct party *p = old->bucket[i], *next; p != NULL; p = next) {
			struct party **bucket = bucket_of(&wide, grant_key(p->grant));

			next = p->chain;
			p->chain = *bucket;
			*bucket = p;
		}
	wide.n = old->n;
	free(old->bucket);
	*old = wide;
}

void
parties_free(struct parties *ps)
{
	for (size_t i = 0; ps->bucket != NULL && i <= ps->mask; i++)
		for (struct party *p = ps->bucket[i], *next; p != NULL; p = next) {
			next = p->chain;
			free(p);
		}
	free(ps->bucket);
}

/* ---- the roster ---- */

static void
add_place(struct roster *r, struct party *p, struct slice name)
{
	uint64_t hash = hash_text(r->parties.seed, name);
	size_t i = hash & r->mask;

	while (r->places[i].party != NULL)
		i = (i + 1) & r->mask;
	r->places[i] = (struct place){ p, name.p, (uint32_t)name.len, (uint32_t)(hash >> 32) };
}

struct party *
roster_next(const struct roster *r, struct slice name, uint64_t hash, size_t *i)
{
	for (*i &= r->mask; r->places[*i].party != NULL; *i = (*i + 1) & r->mask) {
		const struct place *at = &r->places[*i];

		if (at->tag != (uint32_t)(hash >> 32) ||
		    !slice_eq(slice_of(at->name, at->len), name))
			continue;
		++*i;
		return at->party;
	}
	return NULL;
}

static size_t
count_names(const struct grant *g)
{
	struct slice rest = g->names;
	size_t n = 0;

	while (grant_next_name(&rest).p != NULL)
		n++;
	return n;
}

static bool
add_grant(struct roster *r, struct grant *g)
{
	struct slice rest = g->names, name;
	struct party *p = parties_add(&r->parties, g);

	if (p == NULL)
		return false;
	while ((name = grant_next_name(&rest)).p != NULL)
		add_place(r, p, name);
	return true;
}

void
roster_free(struct roster *r)
{
	if (r == NULL)
		return;
	parties_free(&r->parties);
	free(r->places);
	grants_free(r->list);
	free(r);
}

static bool
fill_roster(struct roster *r, uint64_t seed)
{
	size_t grants = 0, names = 0;
	bool ok;

	for (const struct grant *g = r->list; g != NULL; g = g->next) {
		grants++;
		names += count_names(g);
	}
	r->mask = power_above(names + names / 2) - 1;
	r->places = calloc(r->mask + 1, sizeof(*r->places));
	ok = parties_make(&r->parties, grants, seed) && r->places != NULL;
	for (struct grant *g = r->list; ok && g != NULL; g = g->next)
		ok = add_grant(r, g);
	return ok;
}

struct roster *
roster_new(uint64_t seed, struct grant *list)
{
	struct roster *r = calloc(1, sizeof(*r));

	if (r == NULL) {
		grants_free(list);
		return NULL;
	}
	r->list = list;
	if (fill_roster(r, seed))
		return r;
	roster_free(r);
	return NULL;
}
