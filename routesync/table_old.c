/* SPDX-License-Identifier: ISC */
/*
 * The lines the table takes from the files that existed at start, for keys that have
 * been malformed since.
 */
#include "table_private.h"

#include <stdio.h>
#include <stdlib.h>

#include "host.h"

/* Of the file at start, had it been written, the lines that follow from the secrets. */
static bool
read_tunnels(struct table *t)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	bool ok;

	if (out == NULL)
		return false;
	for (size_t i = 0; i < t->old_secrets.n; i++)
		fprintf(out, SLICE_FMT " " RECORD_TUNNEL_FORMAT "\n",
		    SLICE_ARG(lines_name(t->old_secrets.line[i])), t->reader.visitors,
		    t->reader.visitors);
	ok = fclose(out) == 0 && lines_read(slice_of(text, len), &t->old);
	free(text);
	return ok;
}

bool
table_fall_back(struct table *t, struct slice routes, struct slice secrets)
{
	return lines_read_secrets(secrets, &t->old_secrets) &&
	    (routes.p == NULL ? read_tunnels(t) : lines_read(routes, &t->old));
}

/* A line of the file at start as a record, with the secret it had there. */
static bool
read_old(struct table *t, struct slice line, struct record *out)
{
	struct slice name = slice_cut(&line, ' ');
	char why[RECORD_WHY_MAX];

	*out = (struct record){ 0 };
	if (name.p == NULL || !record_line_make(&t->reader.line, name, line, &out->text, why))
		return false;
	out->has_secret = lines_secret(&t->old_secrets, out->text.name, out->secret);
	return true;
}

/* The line of a NAME, in any spelling. */
static struct slice
old_line(const struct table *t, struct slice name)
{
	char canonical[HOST_PATTERN_MAX + 1];
	size_t n;

	if (slice_is(name, RECORD_CATCH_ALL))
		return lines_find(&t->old, slice_str("*"));
	n = host_normalize_pattern(name, canonical);
	return lines_find(&t->old, n == 0 ? name : slice_of(canonical, n));
}

bool
table_find_old(struct table *t, struct slice name, struct record *out)
{
	return read_old(t, old_line(t, name), out);
}

/*
 * Whether some key has a line of this NAME. *at, where to look, moves on:
 * call this with NAMEs in order.
 */
static bool
is_given(const struct table *t, size_t *at, struct slice name)
{
	int order = -1;

	while (*at < t->sorted_n &&
	    (order = routes_name_order(entry_name(t->order[*at]), name)) < 0)
		(*at)++;
	return *at < t->sorted_n && order == 0;
}

static bool
keep_line(struct table *t, struct slice line)
{
	struct record record;
	struct entry *e;

	if (!read_old(t, line, &record))
		return true;
	e = entry_new(slice_of("", 0), &record);
	if (e == NULL || !table_add(t, e)) {
		free(e);
		return false;
	}
	e->rank = RANK_KEPT;
	t->kept++;
	t->changed = true;
	return true;
}

static bool
keep_lines(struct table *t)
{
	const struct lines *old = &t->old;
	size_t at = 0;

	if (!table_sort(t))
		return false;
	for (size_t i = 0; i < old->n; i++) {
		struct slice name = lines_name(old->line[i]);

		if ((i == 0 || !slice_eq(name, lines_name(old->line[i - 1]))) &&
		    !is_given(t, &at, name) && !keep_line(t, old->line[i]))
			return false;
	}
	return true;
}

bool
table_keep_old(struct table *t, size_t *kept)
{
	*kept = 0;
	if (t->old.line == NULL)
		return true;
	if (t->nameless > 0 && !keep_lines(t))
		return false;
	*kept = t->kept;
	lines_free(&t->old);
	lines_free(&t->old_secrets);
	return true;
}

void
table_drop_kept(struct table *t)
{
	if (t->kept == 0 || t->nameless > 0)
		return;
	for (size_t i = 0; i < t->order_n; i++)
		t->order[i]->dead |= t->order[i]->rank == RANK_KEPT;
	t->kept = 0;
}
