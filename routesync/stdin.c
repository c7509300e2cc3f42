/* SPDX-License-Identifier: ISC */
/*
 * JSON on standard input into the file, once: any other store through a pipe,
 * or a configuration to convert.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "files.h"
#include "log.h"
#include "routesync.h"

#define CHUNK 65536u
#define TEXT_MAX (1u << 30)	/* bytes of standard input */

struct input {
	struct app *app;
	struct ev_io io;		/* standard input */
	char *text;			/* owned; what has been read so far */
	size_t len, room;
};

/* ---- reading ---- */

/* Read what is available. False: that was the end. */
static bool
read_some(struct input *in)
{
	char *bigger;
	ssize_t n;

	if (in->len == in->room) {
		in->room += in->room / 2 + CHUNK;
		errno = EFBIG;
		bigger = in->len > TEXT_MAX ? NULL : realloc(in->text, in->room);
		if (bigger == NULL)
			die(EXIT_TEMP, "standard input");
		in->text = bigger;
	}
	n = read(in->io.fd, in->text + in->len, in->room - in->len);
	if (n == -1 && errno != EINTR && errno != EAGAIN)
		die(EXIT_TEMP, "standard input");
	in->len += n > 0 ? (size_t)n : 0;
	return n != 0;
}

static void
on_readable(struct ev_io *io, unsigned events)
{
	struct input *in = EV_CONTAINER(io, struct input, io);

	(void)events;
	if (read_some(in))
		return;
	ev_del(in->app->ev, io);
	in->io.fd = -1;
	ev_stop(in->app->ev);
}

/*
 * In the event loop, so that signals are handled meanwhile; a plain file never blocks,
 * and epoll does not take one.
 */
static bool
read_all(struct input *in)
{
	if (ev_add(in->app->ev, &in->io, EV_READ) == -1) {
		if (errno != EPERM)
			die(EXIT_TEMP, "standard input");
		while (read_some(in))
			;
		return true;
	}
	if (ev_run(in->app->ev) == -1)
		die(EXIT_TEMP, "event loop");
	return in->io.fd == -1;
}

static void
on_usr1(void *arg, int signo)
{
	const struct input *in = arg;

	(void)signo;
	log_info("status source=- read=%zu", in->len);
}

/* ---- records ---- */

static void
on_report(void *arg, struct slice key, const char *why)
{
	char name[LOG_VALUE_MAX], reason[LOG_VALUE_MAX];

	(void)arg;
	if (why != NULL)
		log_warn("record key=%s malformed why=%s", log_value(key, name),
		    log_value(slice_str(why), reason));
}

static int
fill(const struct input *in, struct files *files)
{
	const char *why;
	bool starved;

	if (!table_put_stream(files->table, slice_of(in->text, in->len), &why, &starved)) {
		log_error("standard input: %s", why);
		return starved ? EXIT_TEMP : EXIT_USAGE;
	}
	return files_update(files) == FILES_GOOD ? 0 : EXIT_TEMP;
}

static int
write_files(const struct input *in)
{
	struct files files;
	int code = files_open(&files, in->app, on_report, NULL) ? fill(in, &files) : EXIT_TEMP;

	files_close(&files);
	return code;
}

int
stdin_run(struct app *app)
{
	struct input in = { .app = app, .io = { STDIN_FILENO, on_readable } };
	int code;

	if (ev_signal(app->ev, SIGUSR1, on_usr1, &in) == -1)
		die(EXIT_TEMP, "signals");
	code = read_all(&in) ? write_files(&in) : app->code;
	free(in.text);
	return code;
}
