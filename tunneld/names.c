/* SPDX-License-Identifier: ISC */
/* Which session a name leads to, and the names of a session. */
#include <stdio.h>

#include "clients_private.h"
#include "hash.h"

/* ---- from the name to the session ---- */

static bool
beats(const struct session *a, const struct session *b)
{
	if (b == NULL || a->visitors != b->visitors)
		return b == NULL || a->visitors < b->visitors;
	return a->turn < b->turn;
}

static void
pick(const struct party *p, struct session **best)
{
	for (struct session *s = p->sessions; s != NULL; s = s->sibling)
		if (!s->closing && beats(s, *best))
			*best = s;
}

/* The label, if name is one label and the domain; else absent. */
static struct slice
id_of(const struct clients *c, struct slice name)
{
	struct slice rest = name, id = slice_cut(&rest, '.');

	return slice_eq(rest, c->domain) ? id : slice_of(NULL, 0);
}

static bool
find_id(const struct clients *c, struct slice name, struct session **best)
{
	struct slice id = id_of(c, name);
	struct party *p = id.p == NULL ? NULL : clients_party(c, id);

	if (p != NULL)
		pick(p, best);
	return p != NULL;
}

static bool
find_places(const struct clients *c, struct slice name, struct session **best)
{
	uint64_t hash = hash_text(clients_seed(c), name);
	size_t i = hash;
	struct party *p;
	bool known = false;

	while ((p = roster_next(c->roster, name, hash, &i)) != NULL) {
		known = true;
		pick(p, best);
	}
	return known;
}

/* After the first label, then after the next: the longest suffix comes first. */
static bool
find_pattern(const struct clients *c, struct slice name, struct session **best, size_t *from)
{
	char text[HOST_MAX + 3] = "*.";
	size_t len = name.len;

	if (name.len > HOST_MAX)
		return false;
	while (slice_cut(&name, '.').p != NULL && name.p != NULL) {
		memcpy(text + 2, name.p, name.len);
		*from = len - name.len - 1;
		if (find_places(c, slice_of(text, name.len + 2), best))
			return true;
	}
	return false;
}

static bool
find_any(const struct clients *c, struct slice name, struct session **best, size_t *from)
{
	*from = 0;
	if (identity_reserved(name))
		return find_id(c, name, best);
	return find_places(c, name, best) || find_pattern(c, name, best, from);
}

enum clients_answer
clients_find(struct clients *c, struct slice name, struct session **out, size_t *from)
{
	struct session *best = NULL;

	if (!find_any(c, name, &best, from))
		return CLIENTS_UNKNOWN;
	if (best == NULL)
		return CLIENTS_AWAY;
	best->turn = ++c->turn;
	*out = best;
	return CLIENTS_LIVE;
}

/* ---- from the session to its names ---- */

struct slice
clients_names(const struct session *s)
{
	return s->party == NULL ? slice_of(NULL, 0) : s->party->grant->names;
}

bool
clients_name(const struct clients *c, const struct session *s, size_t n,
    char out[static CLIENTS_NAME_MAX])
{
	struct slice rest = clients_names(s), name = slice_of(NULL, 0);

	if (!s->by_secret && n-- == 0) {
		snprintf(out, CLIENTS_NAME_MAX, "%s." SLICE_FMT, s->id, SLICE_ARG(c->domain));
		return true;
	}
	do {
		name = grant_next_name(&rest);
	} while (name.p != NULL && n-- > 0);
	if (name.p == NULL)
		return false;
	snprintf(out, CLIENTS_NAME_MAX, SLICE_FMT, SLICE_ARG(name));
	return true;
}
