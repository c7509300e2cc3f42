/* SPDX-License-Identifier: ISC */
/*
 * Routes files of the names that are live on this node: --clients leads to its visitors address,
 * for the other nodes; --local to its visitors socket, for the routers beside it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "job.h"
#include "log.h"
#include "replace.h"
#include "routes.h"
#include "stamp.h"
#include "tunneld.h"

#define PAUSE_MS 200u		/* between two writes */
#define RETRY_MS 1000u
#define LOOK_MS 1000u		/* how often they are looked at */
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

struct content {
	char *p;		/* owned */
	size_t len;
};

struct file {
	const char *path;
	char *tls, *http;		/* fields of a name that takes such visitors; owned */
	bool on;
	mode_t mode;
	struct content written;		/* what the file holds; NULL: not known */
	struct stamp stamp;		/* of the file with that text */
	struct ev_timer due, look;
	uint64_t last_ms;		/* of the last write */
	bool again, failing;
	struct job job;

	/* the job's while it is busy */
	struct content new;
	struct stamp new_stamp;
	int error;			/* 0, or the errno of the write */
};

static struct file clients_file, local_file;

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
	for (const struct session *s = clients_next(the->clients, NULL); s != NULL;
	    s = clients_next(the->clients, s)) {
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

	*names = (struct names){ .name = calloc(n + 1, sizeof(*names->name)),
		.ids = malloc(ids_bytes) };
	if (names->name == NULL || names->ids == NULL)
		return false;
	id = names->ids;
	for (const struct session *s = clients_next(the->clients, NULL); s != NULL;
	    s = clients_next(the->clients, s))
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
put_line(char *at, const struct file *f, const struct name *name)
{
	memcpy(at, name->text.p, name->text.len);
	at += name->text.len;
	if (name->kinds & CLIENTS_TLS)
		at = put(at, f->tls);
	if (name->kinds & CLIENTS_HTTP)
		at = put(at, f->http);
	return put(at, " proxy=v2\n");
}

static bool
put_content(const struct file *f, const struct names *names, struct content *out)
{
	size_t room = sizeof(HEAD);
	size_t fields = strlen(f->tls) + strlen(f->http) + sizeof(" proxy=v2\n");
	char *at;

	for (size_t i = 0; i < names->n; i++)
		room += names->name[i].text.len + fields;
	out->p = malloc(room);
	if (out->p == NULL)
		return false;
	at = put(out->p, HEAD);
	for (size_t i = 0; i < names->n; i++)
		at = put_line(at, f, &names->name[i]);
	out->len = (size_t)(at - out->p);
	return true;
}

/* False when out of memory. */
static bool
make_content(const struct file *f, struct content *out)
{
	struct names names;
	bool ok = gather(&names) && put_content(f, &names, out);

	free(names.name);
	free(names.ids);
	return ok;
}

/* ---- writing ---- */

static void
write_new(struct file *f)
{
	int r = replace_file(f->path, f->mode, slice_of(f->new.p, f->new.len), &f->new_stamp);

	f->error = r == -1 ? errno : 0;
}

static void
on_work(struct job *j)
{
	write_new(EV_CONTAINER(j, struct file, job));
}

/* Whether the file is there with this text, untouched since we wrote it. */
static bool
is_written(const struct file *f, const struct content *text)
{
	struct stamp now = stamp_of(f->path);

	return f->written.p != NULL && now.error == 0 && stamp_same(&now, &f->stamp) &&
	    slice_eq(slice_of(text->p, text->len), slice_of(f->written.p, f->written.len));
}

static void
note_written(struct file *f)
{
	if (f->error != 0) {
		if (!f->failing)
			log_error("%s cannot be written%s: %s", f->path,
			    f->on ? ", it stays as it is" : "", strerror(f->error));
		f->failing = true;
		free(f->new.p);
	} else {
		if (f->failing)
			log_info("%s can be written again", f->path);
		f->failing = false;
		free(f->written.p);
		f->written = f->new;
		f->stamp = f->new_stamp;
	}
	f->new = (struct content){ 0 };
}

static void
write_later(struct file *f, uint64_t delay_ms)
{
	ev_timer_in(the->serve->ev, &f->due, delay_ms);
}

static void
on_written(struct job *j)
{
	struct file *f = EV_CONTAINER(j, struct file, job);

	note_written(f);
	if (f->failing)
		write_later(f, RETRY_MS);
	else if (f->again)
		write_later(f, PAUSE_MS);
	f->again = false;
}

/* It is synced to disk, and the loop does not wait for that. */
static void
on_due(struct ev_timer *t)
{
	struct file *f = EV_CONTAINER(t, struct file, due);

	if (!make_content(f, &f->new)) {
		write_later(f, RETRY_MS);
		return;
	}
	if (is_written(f, &f->new)) {
		free(f->new.p);
		f->new = (struct content){ 0 };
		return;
	}
	f->last_ms = ev_now_ms(the->serve->ev);
	if (job_start(&f->job) == 0)
		return;
	f->error = errno;
	note_written(f);
	write_later(f, RETRY_MS);
}

static void
changed(struct file *f)
{
	uint64_t now, free_at;

	if (!f->on || f->due.due_ms != 0)
		return;
	if (f->job.busy) {
		f->again = true;
		return;
	}
	now = ev_now_ms(the->serve->ev);
	free_at = f->last_ms + PAUSE_MS;
	write_later(f, free_at > now ? free_at - now : 1);
}

/* Somebody else may have taken it away, or changed it. */
static void
on_look(struct ev_timer *t)
{
	struct file *f = EV_CONTAINER(t, struct file, look);
	struct stamp now = stamp_of(f->path);

	ev_timer_in(the->serve->ev, t, LOOK_MS);
	if (!f->job.busy && !f->failing && (now.error != 0 || !stamp_same(&now, &f->stamp)))
		changed(f);
}

/* Without lines, and not in a thread: it is done on return. */
static void
write_empty(struct file *f)
{
	f->new = (struct content){ strdup(HEAD), strlen(HEAD) };
	f->error = errno;
	if (f->new.p != NULL)
		write_new(f);
	note_written(f);
}

/* ---- one file's life ---- */

/* The target for both kinds, each after its own prefix. False when out of memory. */
static bool
set_fields(struct file *f, const char *tls, const char *http, const char *target)
{
	char *t = NULL, *h = NULL;

	if (asprintf(&t, " tls=%s%s", tls, target) == -1 ||
	    asprintf(&h, " http=%s%s", http, target) == -1) {
		free(t);
		return false;
	}
	f->tls = t;
	f->http = h;
	return true;
}

static int
start(struct file *f, const char *path)
{
	f->path = path;
	f->mode = replace_mode(0644);
	f->due.cb = on_due;
	f->look.cb = on_look;
	f->job.work = on_work;
	f->job.done = on_written;
	write_empty(f);		/* lines left by another run lead nowhere */
	if (f->failing) {
		errno = 0;	/* it is logged */
		return -1;
	}
	if (job_open(&f->job, the->serve->ev) == -1)
		return -1;
	f->on = true;
	ev_timer_in(the->serve->ev, &f->look, LOOK_MS);
	return 0;
}

static void
stop(struct file *f)
{
	if (!f->on)
		return;
	f->on = false;
	ev_timer_at(the->serve->ev, &f->due, 0);
	ev_timer_at(the->serve->ev, &f->look, 0);
	if (f->job.busy) {
		job_wait(&f->job);
		note_written(f);
	}
	job_close(&f->job, the->serve->ev);
	write_empty(f);
	free(f->written.p);
	f->written = (struct content){ 0 };
	free(f->tls);
	free(f->http);
}

/* ---- for the rest of tunneld ---- */

int
published_start(void)
{
	const struct options *o = the->opts;

	if (o->clients != NULL && (!set_fields(&clients_file, "", "", o->advertise) ||
	    start(&clients_file, o->clients) == -1))
		return -1;
	if (o->local != NULL &&
	    (!set_fields(&local_file, "pass:", "unix:", options_visitors_path(o)) ||
	    start(&local_file, o->local) == -1))
		return -1;
	return 0;
}

void
published_changed(void)
{
	changed(&clients_file);
	changed(&local_file);
}

void
published_stop(void)
{
	stop(&clients_file);
	stop(&local_file);
}
