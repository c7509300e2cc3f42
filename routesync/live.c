/* SPDX-License-Identifier: ISC */
/* One NAME published by several nodes. */
#include "live.h"

#include "routes.h"

static struct slice
key_of(struct slice field)
{
	return slice_cut(&field, '=');
}

static struct slice
value_of(struct slice field)
{
	slice_cut(&field, '=');
	return field;
}

static bool
has_targets(struct slice field)
{
	struct slice key = key_of(field);

	return slice_is(key, "tls") || slice_is(key, "http") || slice_is(key, "tcp") ||
	    slice_starts(key, "alpn:");
}

/* Only after the NAME, which may itself look like a key. */
static struct slice
find_key(struct slice line, struct slice key)
{
	slice_cut(&line, ' ');
	while (line.p != NULL) {
		struct slice field = slice_cut(&line, ' ');

		if (slice_eq(key_of(field), key))
			return field;
	}
	return slice_of(NULL, 0);
}

/* Whether a line has every option of another. */
static bool
has_options(struct slice line, struct slice other)
{
	slice_cut(&other, ' ');
	while (other.p != NULL) {
		struct slice field = slice_cut(&other, ' ');

		if (!has_targets(field) && !slice_eq(find_key(line, key_of(field)), field))
			return false;
	}
	return true;
}

static bool
same_options(struct slice a, struct slice b)
{
	return has_options(a, b) && has_options(b, a);
}

static bool
has_item(struct slice list, struct slice item)
{
	while (list.p != NULL)
		if (slice_eq(slice_cut(&list, ','), item))
			return true;
	return false;
}

/* Insert mark and text at this place in the line, which has room: live_add() looks first. */
static void
insert(struct live *l, size_t at, char mark, struct slice text)
{
	memmove(l->out + at + 1 + text.len, l->out + at, l->len - at);
	l->out[at] = mark;
	memcpy(l->out + at + 1, text.p, text.len);
	l->len += 1 + text.len;
}

static void
add_field(struct live *l, struct slice field)
{
	struct slice here = find_key(live_line(l), key_of(field)), items = value_of(field);

	if (here.p == NULL) {
		insert(l, l->len, ' ', field);
		return;
	}
	while (items.p != NULL) {
		struct slice item = slice_cut(&items, ',');

		here = find_key(live_line(l), key_of(field));
		if (!has_item(value_of(here), item))
			insert(l, (size_t)(here.p - l->out) + here.len, ',', item);
	}
}

void
live_begin(struct live *l, char *out, struct slice line)
{
	memcpy(out, line.p, line.len);
	*l = (struct live){ .out = out, .len = line.len };
}

static unsigned
count_fields(struct slice line)
{
	unsigned n = 0;

	for (slice_cut(&line, ' '); line.p != NULL; n++)
		slice_cut(&line, ' ');
	return n;
}

const char *
live_add(struct live *l, struct slice line)
{
	struct slice rest = line, field;

	if (!same_options(live_line(l), line))
		return "its options differ from those of the other nodes";
	if (l->len + line.len > ROUTES_LINE_MAX)
		return "there is no room in a line for its targets beside the other nodes'";
	if (count_fields(live_line(l)) + count_fields(line) > ROUTES_KEYS_MAX)
		return "there are too many keys beside the other nodes'";
	slice_cut(&rest, ' ');
	while (rest.p != NULL) {
		field = slice_cut(&rest, ' ');
		if (has_targets(field))
			add_field(l, field);
	}
	return NULL;
}

struct slice
live_line(const struct live *l)
{
	return slice_of(l->out, l->len);
}
