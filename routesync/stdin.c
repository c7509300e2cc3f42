/* SPDX-License-Identifier: ISC */
/* JSON on standard input into the file, once: any other store through a pipe, or a configuration to convert. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "files.h"
#include "log.h"
#include "routesync.h"

#define CHUNK 65536u
#define TEXT_MAX (1u << 30)	/* bytes of standard input */

struct input {
	struct table *table;
	struct record_reader *reader;
	struct lines at_start;		/* of the file that was there */
	bool out_of_memory;
};

static char *
read_all(size_t *len)
{
	char *text = NULL, *bigger;
	size_t room = 0;
	ssize_t n = 1;

	for (*len = 0; n != 0; *len += n > 0 ? (size_t)n : 0) {
		if (*len == room) {
			room += room / 2 + CHUNK;
			errno = EFBIG;
			bigger = *len > TEXT_MAX ? NULL : realloc(text, room);
			if (bigger == NULL)
				die(EXIT_TEMP, "standard input");
			text = bigger;
		}
		n = read(STDIN_FILENO, text + *len, room - *len);
		if (n == -1 && errno != EINTR)
			die(EXIT_TEMP, "standard input");
	}
	return text;
}

static void
on_report(void *arg, struct slice key, const char *why)
{
	char name[LOG_VALUE_MAX], reason[LOG_VALUE_MAX];

	(void)arg;
	if (why != NULL)
		log_warn("record key=%s malformed why=%s", log_value(key, name), log_value(slice_str(why), reason));
}

/* A malformed record leaves the line alone that its NAME has in the file. */
static void
keep_old(struct input *in, struct slice key)
{
	char out[ROUTES_LINE_MAX], why[ROUTES_WHY_MAX];
	struct slice name = key, line;
	enum record_rank rank;
	struct record record = { 0 };

	record_key(slice_str(in->reader->prefix), key, &rank, &name);
	line = lines_find(&in->at_start, name);
	if (line.p != NULL && line.len <= ROUTES_LINE_MAX && routes_line_canonical(line, out, &record.text, why))
		in->out_of_memory |= !table_put_record(in->table, key, &record);
}

static void
on_told(void *arg, struct slice key, const struct record *record, const char *why)
{
	struct input *in = arg;

	if (record != NULL) {
		in->out_of_memory |= !table_put_record(in->table, key, record);
		return;
	}
	on_report(in, key, why);
	keep_old(in, key);
}

static int
fill(struct input *in)
{
	size_t len;
	char *text = read_all(&len);
	bool ok = record_stream(in->reader, slice_of(text, len), on_told, in);

	free(text);
	if (!ok)
		log_error("standard input: %s", in->reader->why);
	else if (in->out_of_memory)
		log_error("out of memory");
	return !ok ? EXIT_USAGE : in->out_of_memory ? EXIT_TEMP : 0;
}

int
stdin_run(struct app *app)
{
	static struct record_reader reader;
	struct input in = { .reader = &reader };
	struct files files;
	int code;

	reader.prefix = app->opts->prefix;
	reader.visitors = app->opts->visitors;
	in.table = table_new(app->opts->prefix, app->opts->visitors, on_report, NULL);
	if (in.table == NULL)
		die(EXIT_TEMP, "start");
	files_open(&files, app, in.table);
	if (!lines_read(output_text(&files.routes), &in.at_start))
		die(EXIT_TEMP, "start");
	code = fill(&in);
	if (code == 0)
		code = files_update(&files) == FILES_GOOD ? 0 : EXIT_TEMP;
	if (code == 0)
		app_ready(app);
	lines_free(&in.at_start);
	files_close(&files);
	table_free(in.table);
	return code;
}
