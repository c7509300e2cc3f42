/* SPDX-License-Identifier: ISC */
/* A routes file's text as lines in order of NAME. */
#include "lines.h"

#include <stdio.h>
#include <stdlib.h>

#include "routes.h"

#define SECRET_MARK "secret=sha256:"
#define HEX_LEN (SHA256_HEX_SIZE - 1)

struct slice
lines_name(struct slice line)
{
	return slice_cut(&line, ' ');
}

static int
by_name(const void *a, const void *b)
{
	const struct slice *x = a, *y = b;
	int order = routes_name_order(lines_name(*x), lines_name(*y));

	return order != 0 ? order : (x->p > y->p) - (x->p < y->p);
}

static size_t
count_lines(struct slice text)
{
	size_t n = 0;

	for (; text.len > 0; n++)
		slice_cut(&text, '\n');
	return n;
}

/*
 * Whether a good line is as routes_line_canonical() would write it: words with single blanks
 * between, no comment.
 */
static bool
is_canonical(struct slice line)
{
	char before = ' ';

	for (size_t i = 0; i < line.len; before = line.p[i++])
		if (line.p[i] == '\t' || line.p[i] == '\r' ||
		    (before == ' ' && (line.p[i] == ' ' || line.p[i] == '#')))
			return false;
	return before != ' ' && routes_name_is_canonical(lines_name(line));
}

/*
 * Our own files are already canonical and sorted: their lines need no copies.
 * False: this one is not.
 */
static bool
take_sorted(struct slice text, struct lines *out)
{
	slice_cut(&text, '\n');
	while (text.len > 0) {
		struct slice line = slice_cut(&text, '\n');

		if (line.len == 0 || *line.p == '#')
			continue;
		if (!is_canonical(line))
			return false;
		out->line[out->n++] = line;
	}
	return true;
}

static void
take_any(struct slice text, struct lines *out)
{
	struct routes_why why = { .discreet = true };
	struct routes_text canonical;
	char *at = out->text;

	while (text.len > 0) {
		struct slice line = slice_cut(&text, '\n');

		if (!routes_line_canonical(line, at, &canonical, &why) || canonical.line.p == NULL)
			continue;
		out->line[out->n++] = canonical.line;
		at += canonical.line.len;
	}
	qsort(out->line, out->n, sizeof(*out->line), by_name);
}

static bool
in_order(const struct lines *l)
{
	for (size_t i = 1; i < l->n; i++)
		if (routes_name_order(lines_name(l->line[i - 1]), lines_name(l->line[i])) > 0)
			return false;
	return true;
}

bool
lines_read(struct slice text, struct lines *out)
{
	*out = (struct lines){ 0 };
	out->line = malloc((count_lines(text) + 1) * sizeof(*out->line));
	if (out->line == NULL)
		return false;
	if (slice_starts(text, ROUTES_SORTED_MARK "\n") && take_sorted(text, out) && in_order(out))
		return true;
	out->n = 0;
	out->text = malloc(text.len + 1);
	if (out->text == NULL) {
		lines_free(out);
		return false;
	}
	take_any(text, out);
	return true;
}

/* ---- secrets ---- */

/* "secret=sha256:HEX names=A,B" -> "A HEX" and "B HEX"; returns the end of the text. */
static char *
take_secret(struct slice line, struct lines *out, char *at)
{
	struct slice rest = line, names, hex;

	if (!slice_starts(line, SECRET_MARK))
		return at;
	hex = slice_skip(slice_cut(&rest, ' '), sizeof(SECRET_MARK) - 1);
	names = slice_cut(&rest, ' ');
	if (hex.len != HEX_LEN || names.p == NULL || !slice_starts(names, "names="))
		return at;
	for (names = slice_skip(names, 6); names.p != NULL;) {
		struct slice name = slice_cut(&names, ',');
		int n = sprintf(at, SLICE_FMT " " SLICE_FMT, SLICE_ARG(name), SLICE_ARG(hex));

		out->line[out->n++] = slice_of(at, (size_t)n);
		at += n;
	}
	return at;
}

bool
lines_read_secrets(struct slice text, struct lines *out)
{
	size_t names = count_lines(text);
	char *at;

	for (size_t i = 0; i < text.len; i++)
		names += text.p[i] == ',';
	*out = (struct lines){ 0 };
	out->line = malloc((names + 1) * sizeof(*out->line));
	at = out->text = malloc(text.len + names * (HEX_LEN + 1) + 1);
	if (out->line == NULL || at == NULL) {
		lines_free(out);
		return false;
	}
	while (text.len > 0)
		at = take_secret(slice_cut(&text, '\n'), out, at);
	qsort(out->line, out->n, sizeof(*out->line), by_name);
	return true;
}

bool
lines_secret(const struct lines *l, struct slice name, uint8_t out[static SHA256_SIZE])
{
	struct slice hex = lines_find(l, name);

	slice_cut(&hex, ' ');
	return sha256_from_hex(hex, out);
}

/* ---- any lines ---- */

void
lines_free(struct lines *l)
{
	free(l->line);
	free(l->text);
	*l = (struct lines){ 0 };
}

struct slice
lines_find(const struct lines *l, struct slice name)
{
	size_t from = 0, to = l->n;

	while (from < to) {
		size_t mid = from + (to - from) / 2;

		if (routes_name_order(lines_name(l->line[mid]), name) < 0)
			from = mid + 1;
		else
			to = mid;
	}
	if (from < l->n && slice_eq(lines_name(l->line[from]), name))
		return l->line[from];
	return slice_of(NULL, 0);
}

struct lines_loss
lines_loss(const struct lines *l, const struct lines *next, const struct lines *spare)
{
	struct lines_loss loss = { 0 };
	size_t at = 0;

	for (size_t i = 0; i < l->n; i++) {
		struct slice name = lines_name(l->line[i]);
		int order = 1;

		if (i > 0 && slice_eq(name, lines_name(l->line[i - 1])))
			continue;
		while (at < next->n &&
		    (order = routes_name_order(lines_name(next->line[at]), name)) < 0)
			at++;
		loss.names++;
		loss.lost += (at == next->n || order != 0) && lines_find(spare, name).p == NULL;
	}
	return loss;
}
