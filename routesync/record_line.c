/* SPDX-License-Identifier: ISC */
/* NAME and the right-hand side of a route -> a line, or what is wrong with them. */
#include "record_line.h"

#include <stdio.h>
#include <string.h>

#include "addr.h"

/* What is wrong with a line; "": nothing. It quotes the line, so it must not be logged. */
static const char *
try_line(struct record_line *l, struct slice line, char why[static ROUTES_WHY_MAX])
{
	struct routes_text text;

	return routes_line_canonical(line, l->canonical, &text, why) ? "" : why;
}

static const char *
bad_target(struct slice targets)
{
	struct addr a;

	while (targets.p != NULL) {
		enum addr_result result = addr_parse(slice_cut(&targets, ','), ADDR_ALLOW_PASS, &a);

		if (result != ADDR_OK)
			return addr_reason(result);
	}
	return "";
}

/*
 * Reports the number of a word, and its key if that is a known one:
 * anything else may hold a secret.
 */
static bool
refuse_word(char why[static ROUTES_WHY_MAX], unsigned number, struct slice word, const char *reason)
{
	struct slice value = word;
	const char *key = routes_known_key(slice_cut(&value, '='));

	if (number > ROUTES_KEYS_MAX)
		return routes_refuse(why, "more than %u words", ROUTES_KEYS_MAX);
	if (value.p == NULL)
		return routes_refuse(why, "word %u is not KEY=VALUE", number);
	if (key == NULL)
		return routes_refuse(why, "word %u: unknown key", number);
	if (strncmp(reason, "bad address", 11) == 0)
		return routes_refuse(why, "word %u: bad address in %s=: %s", number, key,
		    bad_target(value));
	if (strncmp(reason, "duplicate", 9) == 0)
		return routes_refuse(why, "word %u: %s= appears twice", number, key);
	if (strstr(reason, "in the wrong place") != NULL)
		return routes_refuse(why, "word %u: %s= is not allowed for this name", number, key);
	return routes_refuse(why, "word %u: %s= %s", number, key,
	    value.len == 0 ? "is empty" : "has a bad value");
}

static struct slice
next_word(struct slice line, size_t *end)
{
	size_t from = *end;

	while (from < line.len && (line.p[from] == ' ' || line.p[from] == '\t'))
		from++;
	for (*end = from; *end < line.len && line.p[*end] != ' ' && line.p[*end] != '\t';)
		++*end;
	return slice_of(line.p + from, *end - from);
}

/*
 * The bad word is the last one of the shortest prefix of the line that is refused
 * for the same reason.
 */
static bool
refuse_line(struct record_line *l, struct slice line, size_t name_len,
    char why[static ROUTES_WHY_MAX])
{
	char whole[ROUTES_WHY_MAX], part[ROUTES_WHY_MAX];
	struct slice word = slice_of(NULL, 0);
	unsigned number = 0;

	try_line(l, line, whole);
	for (size_t end = name_len; strcmp(try_line(l, slice_of(line.p, end), part), whole) != 0;
	    number++)
		word = next_word(line, &end);
	if (number > 0)
		return refuse_word(why, number, word, whole);
	return routes_refuse(why, "%s", strncmp(whole, "no target", 9) == 0 ? whole :
	    "bad name: neither a host name, *.SUFFIX, * nor a listening address");
}

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

bool
record_line_make(struct record_line *l, struct slice name, struct slice fields,
    struct routes_text *out, char why[static ROUTES_WHY_MAX])
{
	struct slice line;

	if (name.len == 0 || name.p[0] == '#')
		return routes_refuse(why, "no name");
	if (has_odd_byte(name))
		return routes_refuse(why, "blank, control or non-ASCII character in the name");
	if (name.len + 1 + fields.len > ROUTES_LINE_MAX)
		return routes_refuse(why, "longer than a line of %u bytes", ROUTES_LINE_MAX);
	if (fields.len > 0 && (memchr(fields.p, '\n', fields.len) != NULL ||
	    memchr(fields.p, '\0', fields.len) != NULL))
		return routes_refuse(why, "line feed or NUL byte");
	memcpy(l->raw, name.p, name.len);
	l->raw[name.len] = ' ';
	if (fields.len > 0)
		memcpy(l->raw + name.len + 1, fields.p, fields.len);
	line = slice_of(l->raw, name.len + 1 + fields.len);
	return routes_line_canonical(line, l->canonical, out, why) ||
	    refuse_line(l, line, name.len, why);
}

bool
record_line_takes_name(struct record_line *l, struct slice name)
{
	static const char *const fields[] = { "tls=127.0.0.1:1", "tcp=127.0.0.1:1" };
	char line[RECORD_NAME_MAX + 32], why[ROUTES_WHY_MAX];

	if (name.len == 0 || name.len > RECORD_NAME_MAX || has_odd_byte(name))
		return false;
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		int n = snprintf(line, sizeof(line), SLICE_FMT " %s", SLICE_ARG(name), fields[i]);

		if (*try_line(l, slice_of(line, (size_t)n), why) == '\0')
			return true;
	}
	return false;
}
