/* SPDX-License-Identifier: ISC */
/* A routes file in the form it has in the store. */
#include "shelf.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "log.h"
#include "record.h"
#include "stamp.h"

struct slice
shelf_name(struct slice line)
{
	struct slice name = lines_name(line);

	return slice_is(name, "*") ? slice_str(RECORD_CATCH_ALL) : name;
}

struct slice
shelf_value(struct slice line)
{
	slice_cut(&line, ' ');
	return line;
}

/* Lines of one NAME are adjacent: all but the first lose the NAME and are appended to the first. */
static bool
join(const struct lines *all, struct lines *out)
{
	size_t room = 1;
	char *at;

	for (size_t i = 0; i < all->n; i++)
		room += all->line[i].len;
	at = out->text = malloc(room);
	out->line = malloc((all->n + 1) * sizeof(*out->line));
	if (out->text == NULL || out->line == NULL)
		return false;
	for (size_t i = 0; i < all->n; i++) {
		struct slice line = all->line[i], *last = out->line + out->n;
		bool more = i > 0 && slice_eq(lines_name(line), lines_name(all->line[i - 1]));

		if (more)
			line = slice_skip(line, lines_name(line).len);
		memcpy(at, line.p, line.len);
		if (more)
			last[-1].len += line.len;
		else
			out->line[out->n++] = slice_of(at, line.len);
		at += line.len;
	}
	return true;
}

static bool
fill(const struct routes *r, struct lines *out)
{
	struct lines all;
	bool ok = lines_read(routes_whole_text(r), &all) && join(&all, out);

	lines_free(&all);
	return ok;
}

/*
 * A reader makes one line of a NAME and its value. routes_load() has looked at the lines of the
 * file one by one.
 */
static bool
fits(const char *path, const struct lines *l, routes_report *report, void *arg)
{
	char text[PATH_MAX + LOG_VALUE_MAX + 100], quoted[LOG_VALUE_MAX];
	bool ok = true;

	for (size_t i = 0; i < l->n; i++) {
		struct slice line = l->line[i];

		if (line.len <= ROUTES_LINE_MAX)
			continue;
		snprintf(text, sizeof(text), "%s: the lines of %s together: longer than %u bytes",
		    path, log_value(lines_name(line), quoted), ROUTES_LINE_MAX);
		report(arg, text);
		ok = false;
	}
	return ok;
}

enum routes_result
shelf_read(const char *path, routes_report *report, void *arg, struct lines *out)
{
	struct routes *r;
	enum routes_result result = routes_load(path, report, arg, &r);

	*out = (struct lines){ 0 };
	if (result != ROUTES_LOADED)
		return result;
	if (!fill(r, out)) {
		lines_free(out);
		errno = ENOMEM;
		result = ROUTES_FAILED;
	} else if (!fits(path, out, report, arg)) {
		lines_free(out);
		result = ROUTES_REFUSED;
	}
	routes_free(r);
	return result;
}

enum routes_result
shelf_read_plain(const char *path, routes_report *report, void *arg, struct lines *out)
{
	struct stamp now = stamp_of(path);
	char text[PATH_MAX + 32];

	if (now.error != 0 || now.plain)
		return shelf_read(path, report, arg, out);
	*out = (struct lines){ 0 };
	snprintf(text, sizeof(text), "%s: not a plain file", path);
	report(arg, text);
	return ROUTES_REFUSED;
}
