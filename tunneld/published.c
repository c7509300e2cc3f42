/* SPDX-License-Identifier: ISC */
/* The --clients file: a routes file of the names that are live on this node, for the others. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "job.h"
#include "log.h"
#include "replace.h"
#include "routes.h"
#include "stamp.h"
#include "tunneld.h"

#define PAUSE_MS 200u		/* between two writes */
#define RETRY_MS 1000u
#define HEAD ROUTES_SORTED_MARK "\n"

/* A live name and the kinds some session of it takes. */
struct name {
	struct slice text;	/* borrowed from the list's ids, or from a grant */
	unsigned kinds;
};

struct names {
	struct name *name;	/* owned */
	size_t n;
	char *ids;		/* texts of ID.DOMAIN; owned */
};

struct text {
	char *p;		/* owned */
	size_t len;
};

static struct {
	bool on;
	mode_t mode;
	struct text written;		/* what the file holds; NULL: not known */
	struct stamp stamp;		/* of the file with that text */
	struct ev_timer due;
	uint64_t last_ms;		/* of the last write */
	bool again, failing;
	struct job job;

	/* the job's while it is busy */
	struct text new;
	struct stamp new_stamp;
	int error;			/* 0, or the errno of the write */
} file;

/* ---- the names ---- */

static bool
is_live(const struct session *s)
{
	return !s->closing && s->kinds != 0;
}

static size_t
count_names(size_t *ids_bytes)
{
	size_t n = 0;

	*ids_bytes = 1;
	for (const struct session *s = clients_next(the->clients, NULL); s != NULL; s = clients_next(the->clients, s)) {
		struct slice rest = clients_names(s);

		if (!is_live(s))
			continue;
		while (grant_next_name(&rest).p != NULL)
			n++;
		if (s->by_secret)
			continue;
		n++;
		*ids_bytes += CLIENTS_NAME_MAX;
	}
	return n;
}

static void
put_names(struct names *names, const struct session *s, char **id)
{
	struct slice rest = clients_names(s), name;

	if (!s->by_secret) {
		clients_name(the->clients, s, 0, *id);
		names->name[names->n++] = (struct name){ slice_str(*id), s->kinds };
		*id += CLIENTS_NAME_MAX;
	}
	while ((name = grant_next_name(&rest)).p != NULL)
		names->name[names->n++] = (struct name){ name, s->kinds };
}

static int
compare(const void *a, const void *b)
{
	return routes_name_order(((const struct name *)a)->text, ((const struct name *)b)->text);
}

/* Sorted, each once. */
static void
join_same(struct names *names)
{
	size_t kept = 0;

	qsort(names->name, names->n, sizeof(*names->name), compare);
	for (size_t i = 0; i < names->n; i++)
		if (kept > 0 && slice_eq(names->name[kept - 1].text, names->name[i].text))
			names->name[kept - 1].kinds |= names->name[i].kinds;
		else
			names->name[kept++] = names->name[i];
	names->n = kept;
}

/* False when out of memory; free both parts in any case. */
static bool
gather(struct names *names)
{
	size_t ids_bytes, n = count_names(&ids_bytes);
	char *id;

	*names = (struct names){ .name = calloc(n + 1, sizeof(*names->name)), .ids = malloc(ids_bytes) };
	if (names->name == NULL || names->ids == NULL)
		return false;
	id = names->ids;
	for (const struct session *s = clients_next(the->clients, NULL); s != NULL; s = clients_next(the->clients, s))
		if (is_live(s))
			put_names(names, s, &id);
	join_same(names);
	return true;
}

/* ---- the text ---- */

static char *
put(char *at, const char *text)
{
	size_t n = strlen(text);

	memcpy(at, text, n);
	return at + n;
}

static char *
put_line(char *at, const struct name *name)
{
	memcpy(at, name->text.p, name->text.len);
	at += name->text.len;
	if (name->kinds & CLIENTS_TLS)
		at = put(put(at, " tls="), the->opts->advertise);
	if (name->kinds & CLIENTS_HTTP)
		at = put(put(at, " http="), the->opts->advertise);
	return put(at, " proxy=v2\n");
}

static bool
put_text(const struct names *names, struct text *out)
{
	size_t room = sizeof(HEAD), fields = sizeof(" tls= http= proxy=v2\n") + 2 * strlen(the->opts->advertise);
	char *at;

	for (size_t i = 0; i < names->n; i++)
		room += names->name[i].text.len + fields;
	out->p = malloc(room);
	if (out->p == NULL)
		return false;
	at = put(out->p, HEAD);
	for (size_t i = 0; i < names->n; i++)
		at = put_line(at, &names->name[i]);
	out->len = (size_t)(at - out->p);
	return true;
}

/* False when out of memory. */
static bool
make_text(struct text *out)
{
	struct names names;
	bool ok = gather(&names) && put_text(&names, out);

	free(names.name);
	free(names.ids);
	return ok;
}

/* ---- writing ---- */

static void
write_new(struct job *j)
{
	int r = replace_file(the->opts->clients, file.mode, slice_of(file.new.p, file.new.len));

	(void)j;
	file.error = r == -1 ? errno : 0;
	file.new_stamp = stamp_of(the->opts->clients);
}

/* Whether the file is there with this text, and nobody touched it since we wrote it. */
static bool
is_written(const struct text *text)
{
	struct stamp now = stamp_of(the->opts->clients);

	return file.written.p != NULL && now.error == 0 && stamp_same(&now, &file.stamp) &&
	    slice_eq(slice_of(text->p, text->len), slice_of(file.written.p, file.written.len));
}

static void
note_written(void)
{
	if (file.error != 0) {
		if (!file.failing)
			log_error("%s cannot be written, it stays as it is: %s", the->opts->clients,
			    strerror(file.error));
		file.failing = true;
		free(file.new.p);
	} else {
		if (file.failing)
			log_info("%s can be written again", the->opts->clients);
		file.failing = false;
		free(file.written.p);
		file.written = file.new;
		file.stamp = file.new_stamp;
	}
	file.new = (struct text){ 0 };
}

static void
write_later(uint64_t delay_ms)
{
	ev_timer_in(the->serve->ev, &file.due, delay_ms);
}

static void
on_written(struct job *j)
{
	(void)j;
	note_written();
	if (file.failing)
		write_later(RETRY_MS);
	else if (file.again)
		write_later(PAUSE_MS);
	file.again = false;
}

/* It is synced to disk, and the loop does not wait for that. */
static void
on_due(struct ev_timer *t)
{
	(void)t;
	if (!make_text(&file.new)) {
		write_later(RETRY_MS);
		return;
	}
	if (is_written(&file.new)) {
		free(file.new.p);
		file.new = (struct text){ 0 };
		return;
	}
	file.last_ms = ev_now_ms(the->serve->ev);
	if (job_start(&file.job) == 0)
		return;
	file.error = errno;
	note_written();
	write_later(RETRY_MS);
}

/* Without lines, and not before it is done. */
static void
write_empty(void)
{
	file.new = (struct text){ strdup(HEAD), strlen(HEAD) };
	file.error = errno;
	if (file.new.p != NULL)
		write_new(NULL);
	note_written();
}

/* ---- for the rest of tunneld ---- */

int
published_start(void)
{
	mode_t mask;

	if (the->opts->clients == NULL)
		return 0;
	mask = umask(0);
	umask(mask);
	file.mode = 0644 & ~mask;
	file.due.cb = on_due;
	file.job.work = write_new;
	file.job.done = on_written;
	write_empty();		/* lines another run left lead nowhere */
	if (file.failing) {
		errno = file.error;
		return -1;
	}
	if (job_open(&file.job, the->serve->ev) == -1)
		return -1;
	file.on = true;
	return 0;
}

void
published_changed(void)
{
	uint64_t now, free_at;

	if (!file.on || file.due.due_ms != 0)
		return;
	if (file.job.busy) {
		file.again = true;
		return;
	}
	now = ev_now_ms(the->serve->ev);
	free_at = file.last_ms + PAUSE_MS;
	write_later(free_at > now ? free_at - now : 1);
}

void
published_stop(void)
{
	if (!file.on)
		return;
	file.on = false;
	ev_timer_at(the->serve->ev, &file.due, 0);
	if (file.job.busy) {
		job_wait(&file.job);
		note_written();
	}
	job_close(&file.job, the->serve->ev);
	write_empty();
	free(file.written.p);
	file.written = (struct text){ 0 };
}
