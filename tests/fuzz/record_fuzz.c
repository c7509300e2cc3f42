/* SPDX-License-Identifier: ISC */
/*
 * Fuzz routesync's records: any bytes as a key, a value and a stream;
 * what comes out must be a file that loads.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../routesync/shelf.h"
#include "../../routesync/source.h"
#include "../../routesync/table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
on_report(void *arg, struct slice key, const char *why)
{
	(void)arg;
	(void)key;
	(void)why;
}

static bool
on_told(void *arg, struct slice key, const struct record *record, const char *why)
{
	(void)arg;
	(void)key;
	if ((record == NULL) == (why == NULL))
		abort();
	return true;
}

static void
print_error(void *arg, const char *text)
{
	(void)arg;
	fprintf(stderr, "%s\n", text);
}

/* The file loads, has every name once, and what would be put into a store is as much. */
static void
check_text(const struct table_text *text)
{
	int fd = memfd_create("record_fuzz", MFD_CLOEXEC);
	struct routes *routes;
	struct lines lines;
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (fd == -1 || write(fd, text->routes, text->routes_len) != (ssize_t)text->routes_len)
		abort();
	if (routes_load(path, print_error, NULL, &routes) != ROUTES_LOADED ||
	    routes_count(routes) != text->names)
		abort();
	if (shelf_read(path, print_error, NULL, &lines) != ROUTES_LOADED ||
	    lines.n != text->names)
		abort();
	lines_free(&lines);
	routes_free(routes);
	close(fd);
}

static void
check_table(struct table *t)
{
	struct table_text text;

	if (!table_text(t, &text))
		abort();
	check_text(&text);
	table_text_free(&text);
}

/* Lines "KEY=VALUE", an empty VALUE for a key that goes. */
static void
put_lines(struct table *t, struct slice text)
{
	table_begin(t);
	while (text.p != NULL) {
		struct slice value = slice_cut(&text, '\n'), key = slice_cut(&value, '=');

		if (value.len > 0)
			table_put(t, key, value);
		else
			table_remove(t, key);
	}
	table_end(t, false);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct record_reader reader = { .prefix = "/tcprouter/", .visitors = "/v" };
	struct slice text = slice_of((const char *)data, size);
	struct table *t = table_new("/tcprouter/", "/v", on_report, NULL);
	struct record record;
	struct source source;
	const char *why;
	bool starved;

	if (t == NULL)
		abort();
	source_parse(text, &source, &why);
	record_read(&reader, slice_str("a.example"), text, &record);
	record_stream(&reader, text, on_told, NULL);
	if (table_put_stream(t, text, &why, &starved))
		check_table(t);
	put_lines(t, text);
	check_table(t);
	table_free(t);
	return 0;
}
