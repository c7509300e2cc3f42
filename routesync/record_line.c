/* SPDX-License-Identifier: ISC */
/* NAME and the right-hand side of a route -> a line, or what is wrong with them. */
#include "record_line.h"

#include <stdio.h>
#include <string.h>

static bool
has_odd_byte(struct slice name)
{
	for (size_t i = 0; i < name.len; i++) {
		unsigned char c = (unsigned char)name.p[i];	/* plain char may be signed */

		if (c <= ' ' || c >= 0x7f)
			return true;
	}
	return false;
}

/* Why they can't even be put on one line; NULL: they can. */
static const char *
why_no_line(struct slice name, struct slice fields)
{
	if (name.len == 0 || name.p[0] == '#')
		return "no name";
	if (has_odd_byte(name))
		return "blank, control or non-ASCII character in the name";
	if (name.len + 1 + fields.len > ROUTES_LINE_MAX)
		return "longer than a line may be";
	return NULL;
}

static struct slice
join(struct record_line *l, struct slice name, struct slice fields)
{
	memcpy(l->raw, name.p, name.len);
	l->raw[name.len] = ' ';
	if (fields.len > 0)
		memcpy(l->raw + name.len + 1, fields.p, fields.len);
	return slice_of(l->raw, name.len + 1 + fields.len);
}

bool
record_line_make(struct record_line *l, struct slice name, struct slice fields,
    struct routes_text *out, char why[static RECORD_WHY_MAX])
{
	const char *no_line = why_no_line(name, fields);
	struct routes_why bad;

	bad.discreet = true;
	if (no_line != NULL)
		snprintf(why, RECORD_WHY_MAX, "%s", no_line);
	else if (routes_line_canonical(join(l, name, fields), l->canonical, out, &bad))
		return true;
	else if (bad.word == 0)
		snprintf(why, RECORD_WHY_MAX, "%s", bad.text);
	else
		snprintf(why, RECORD_WHY_MAX, "word %u: %s", bad.word, bad.text);
	return false;
}

bool
record_line_takes_name(struct record_line *l, struct slice name)
{
	static const char *const fields[] = { "tls=127.0.0.1:1", "tcp=127.0.0.1:1" };
	char line[RECORD_NAME_MAX + 32];
	struct routes_why why = { .discreet = true };
	struct routes_text text;

	if (name.len > RECORD_NAME_MAX || why_no_line(name, slice_of(NULL, 0)) != NULL)
		return false;
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		int n = snprintf(line, sizeof(line), SLICE_FMT " %s", SLICE_ARG(name), fields[i]);

		if (routes_line_canonical(slice_of(line, (size_t)n), l->canonical, &text, &why))
			return true;
	}
	return false;
}
