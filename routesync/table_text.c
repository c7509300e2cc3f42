/* SPDX-License-Identifier: ISC */
/* The texts that follow from the keys: their lines in order, one per NAME, and the secrets. */
#include "table_private.h"

#include <stdio.h>
#include <stdlib.h>

#include "identity.h"
#include "live.h"

#define SECRETS_LINE_MAX 1048576u	/* bytes of a line tunneld reads */

/* ---- order ---- */

void
table_bury(struct table *t)
{
	size_t kept = 0, sorted = 0;

	for (size_t i = 0; i < t->order_n; i++) {
		if (i == t->sorted_n)
			sorted = kept;
		if (!t->order[i]->dead)
			t->order[kept++] = t->order[i];
		else
			free(t->order[i]);
	}
	t->sorted_n = t->sorted_n >= t->order_n ? kept : sorted;
	t->order_n = kept;
}

/* By NAME, then by precedence. */
static int
compare(const struct entry *a, const struct entry *b)
{
	int order = routes_name_order(entry_name(a), entry_name(b));

	if (order == 0)
		order = (int)a->rank - (int)b->rank;
	return order != 0 ? order : routes_name_order(entry_key(a), entry_key(b));
}

static int
compare_slots(const void *a, const void *b)
{
	return compare(*(struct entry *const *)a, *(struct entry *const *)b);
}

/* The few new ones at the end are sorted and merged into the rest, starting at the end. */
bool
table_sort(struct table *t)
{
	size_t old, fresh, at;
	struct entry **tail;

	table_bury(t);
	old = t->sorted_n;
	fresh = t->order_n - old;
	if (fresh == 0)
		return true;
	qsort(t->order + old, fresh, sizeof(*t->order), compare_slots);
	tail = malloc(fresh * sizeof(*tail));
	if (tail == NULL)
		return false;
	memcpy(tail, t->order + old, fresh * sizeof(*tail));
	for (at = t->order_n; fresh > 0; at--)
		if (old > 0 && compare(t->order[old - 1], tail[fresh - 1]) > 0)
			t->order[at - 1] = t->order[--old];
		else
			t->order[at - 1] = tail[--fresh];
	free(tail);
	t->sorted_n = t->order_n;
	return true;
}

/* ---- texts ---- */

static char *
put_text(char *at, struct slice text)
{
	memcpy(at, text.p, text.len);
	at[text.len] = '\n';
	return at + text.len + 1;
}

/* The end of the entries that have the same NAME as the given one. */
static size_t
same_name(const struct table *t, size_t from)
{
	size_t to = from + 1;

	while (to < t->order_n && slice_eq(entry_name(t->order[to]), entry_name(t->order[from])))
		to++;
	return to;
}

/* The first of these entries that the store still has; else the first of all. */
static size_t
first_fresh(const struct table *t, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		if (!is_stale(t, t->order[i]))
			return i;
	return from;
}

/*
 * Several nodes publish a NAME: merge their targets in one line, without those the store lost
 * unless it lost all.
 */
static struct slice
merge(struct table *t, size_t from, size_t to)
{
	size_t first = first_fresh(t, from, to);
	bool only_fresh = !is_stale(t, t->order[first]);
	struct live live;

	live_begin(&live, t->reader.line.canonical, entry_line(t->order[first]));
	for (size_t i = first + 1; i < to; i++) {
		struct entry *e = t->order[i];
		const char *why;

		if (only_fresh && is_stale(t, e))
			continue;
		why = live_add(&live, entry_line(e));
		if (why != NULL && !e->odd) {
			t->report(t->arg, entry_key(e), why);
			e->odd = true;
		}
	}
	return live_line(&live);
}

/*
 * Lines of the file at start no longer count once there is a good key for their NAME.
 * Returns the end of the others.
 */
static size_t
drop_old(struct table *t, size_t from, size_t to)
{
	for (; to > from && t->order[to - 1]->rank >= RANK_OLD; to--) {
		t->order[to - 1]->line_len = 0;
		t->order[to - 1]->has_secret = false;
	}
	return to;
}

/* The line for the NAME of these entries; absent: there is none. */
static struct slice
line_of(struct table *t, size_t from, size_t to)
{
	const struct entry *e = t->order[from];

	if (e->line_len == 0)
		return slice_of(NULL, 0);
	if (e->rank >= RANK_OLD)
		return entry_line(e);
	to = drop_old(t, from, to);
	return e->rank == RANK_LIVE && to > from + 1 ? merge(t, from, to) : entry_line(e);
}

static bool
put_routes(struct table *t, struct table_text *out)
{
	size_t room = sizeof(ROUTES_SORTED_MARK "\n"), to;
	char *at;

	for (size_t i = 0; i < t->order_n; i++)
		room += t->order[i]->line_len + 1u;
	at = out->routes = malloc(room);
	if (at == NULL)
		return false;
	at = put_text(at, slice_str(ROUTES_SORTED_MARK));
	for (size_t from = 0; from < t->order_n; from = to) {
		struct slice line = line_of(t, from, to = same_name(t, from));

		if (line.p == NULL)
			continue;
		at = put_text(at, line);
		out->names++;
	}
	out->routes_len = (size_t)(at - out->routes);
	return true;
}

/* The NAMEs whose first key is published: no other has precedence. */
static bool
put_published(const struct table *t, struct table_text *out)
{
	struct lines *names = &out->published;
	size_t n = 0, room = 1;
	char *at;

	for (size_t i = 0; i < t->order_n; i++)
		if (is_live(t->order[i])) {
			n++;
			room += t->order[i]->name_len;
		}
	names->line = malloc((n + 1) * sizeof(*names->line));
	at = names->text = malloc(room);
	if (names->line == NULL || at == NULL)
		return false;
	for (size_t i = 0; i < t->order_n; i++) {
		struct slice name = entry_name(t->order[i]);

		if (!is_live(t->order[i]) ||
		    (i > 0 && slice_eq(name, entry_name(t->order[i - 1]))))
			continue;
		memcpy(at, name.p, name.len);
		names->line[names->n++] = slice_of(at, name.len);
		at += name.len;
	}
	return true;
}

static int
by_secret(const void *a, const void *b)
{
	const struct entry *x = *(struct entry *const *)a, *y = *(struct entry *const *)b;
	int order = memcmp(entry_secret(x), entry_secret(y), SHA256_SIZE);

	return order != 0 ? order : compare(x, y);
}

/* Why tunneld would refuse the whole file for a secret with this NAME; NULL: it takes it. */
static const char *
why_barred(struct slice name)
{
	if (slice_is(name, "*"))
		return "* can't be the name of a tunnel";
	if (identity_reserved(name))
		return "names shaped like an id are reserved";
	return NULL;
}

/* The secret is left out, which is told once. */
static void
note_barred(struct entry *e, const char *why, struct table_text *out)
{
	if (e->odd)
		return;
	e->odd = true;
	out->barred++;
	out->barred_key = entry_key(e);
	out->barred_why = why;
}

/* The entries that are used and have a secret. */
static size_t
gather_secrets(const struct table *t, struct entry **list, struct table_text *out)
{
	size_t n = 0, to;

	for (size_t from = 0; from < t->order_n; from = to) {
		struct entry *e = t->order[from];
		const char *why;

		to = same_name(t, from);
		if (!e->has_secret)
			continue;
		why = why_barred(entry_name(e));
		if (why == NULL)
			list[n++] = e;
		else
			note_barred(e, why, out);
	}
	return n;
}

static char *
put_secret(char *at, const struct entry *e)
{
	char hex[SHA256_HEX_SIZE];

	return at + sprintf(at, "secret=sha256:%s names=", sha256_hex(entry_secret(e), hex));
}

/* One line per secret, with as many names as tunneld reads. */
static char *
put_grants(char *at, struct entry *const *list, size_t n, struct table_text *out)
{
	const uint8_t *secret = NULL;
	const char *line = at;

	for (size_t i = 0; i < n; i++) {
		struct slice name = entry_name(list[i]);

		if (secret == NULL || memcmp(entry_secret(list[i]), secret, SHA256_SIZE) != 0) {
			line = at;
			at = put_secret(at, list[i]);
			secret = entry_secret(list[i]);
		} else if ((size_t)(at - line) + name.len > SECRETS_LINE_MAX) {
			note_barred(list[i], "too many names share it", out);
			continue;
		} else {
			at[-1] = ',';
		}
		at = put_text(at, name);
	}
	return at;
}

static bool
put_secrets(struct table *t, struct table_text *out)
{
	struct entry **list = malloc((t->order_n + 1) * sizeof(*list));
	size_t n = list == NULL ? 0 : gather_secrets(t, list, out), room = 1;

	for (size_t i = 0; i < n; i++)
		room += list[i]->name_len + 100;
	out->secrets = malloc(room);
	if (list == NULL || out->secrets == NULL) {
		free(list);
		return false;
	}
	qsort(list, n, sizeof(*list), by_secret);
	out->secrets_len = (size_t)(put_grants(out->secrets, list, n, out) - out->secrets);
	free(list);
	return true;
}

bool
table_text(struct table *t, struct table_text *out)
{
	*out = (struct table_text){ 0 };
	table_drop_kept(t);
	if (!table_sort(t) || !put_routes(t, out) || !put_published(t, out) ||
	    !put_secrets(t, out)) {
		table_text_free(out);
		return false;
	}
	t->changed = false;
	return true;
}

void
table_text_free(struct table_text *text)
{
	free(text->routes);
	free(text->secrets);
	lines_free(&text->published);
	*text = (struct table_text){ 0 };
}
