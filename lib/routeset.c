/* SPDX-License-Identifier: ISC */
/*
 * Routes files that change under us. The loop stats them; a thread reads, checks and
 * hashes; the loop swaps the pointer. Freeing an old table takes milliseconds as
 * well and is a thread's work too.
 */
#include "routeset.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "job.h"
#include "log.h"
#include "stamp.h"

#define POLL_MS 250
#define RETRY_MS 2000u		/* between two tries to read a file that exists and can't be read */

struct file {
	const char *path;
	struct routes *table;		/* owned */
	struct stamp_watch watch;
	bool wanted;			/* to be read in the next round, or in this one */
	uint64_t retry_ms;		/* it exists, unreadable: when to try again, 0: no need */
};

/* What a round found in one file: the thread's until the round has ended. */
struct found {
	enum routes_result result;
	struct stamp stamp;
	struct routes *table;
};

struct routeset {
	struct file *file;
	size_t n;
	struct ev *ev;
	struct ev_timer poll;
	struct job round;		/* reads the files that are wanted */
	struct found *found;		/* one per file */
	bool again;
	int no_thread;			/* why no thread could be started: 0, or an errno */
	unsigned long good, bad;
	unsigned version;		/* counts replacements, by two from 1: it wraps past 0 */
	routeset_round *round_over;
	void *arg;
};

struct routeset *
routeset_new(char *const *paths, size_t n)
{
	struct routeset *rs = calloc(1, sizeof(*rs));

	if (rs == NULL)
		return NULL;
	rs->file = calloc(n == 0 ? 1 : n, sizeof(*rs->file));
	rs->found = calloc(n == 0 ? 1 : n, sizeof(*rs->found));
	if (rs->file == NULL || rs->found == NULL) {
		routeset_free(rs);
		return NULL;
	}
	rs->n = n;
	rs->version = 1;
	for (size_t i = 0; i < n; i++)
		rs->file[i].path = paths[i];
	return rs;
}

void
routeset_free(struct routeset *rs)
{
	/* where a leak checker finds it */
	static struct routeset *volatile left __attribute__((unused));

	if (rs == NULL)
		return;
	if (rs->round.busy) {	/* a thread uses it: only at exit, which must not wait for a disk */
		left = rs;
		return;
	}
	for (size_t i = 0; i < rs->n; i++)
		routes_free(rs->file[i].table);
	job_close(&rs->round, NULL);
	free(rs->file);
	free(rs->found);
	free(rs);
}

/* ---- at start ---- */

typedef enum routes_result routes_opener(const char *path, routes_report *report, void *arg,
    struct routes **out);

static enum routes_result
open_all(struct routeset *rs, routes_opener *opener, routes_report *report, void *arg)
{
	enum routes_result worst = ROUTES_LOADED;
	int saved = 0;

	for (size_t i = 0; i < rs->n; i++) {
		struct file *f = &rs->file[i];
		enum routes_result r;

		f->watch.seen = stamp_of(f->path);
		r = opener(f->path, report, arg, &f->table);
		if (r == ROUTES_FAILED)
			saved = errno;
		if (r > worst)
			worst = r;
	}
	errno = saved;
	return worst;
}

enum routes_result
routeset_load(struct routeset *rs, routes_report *report, void *arg)
{
	return open_all(rs, routes_load, report, arg);
}

static enum routes_result
open_or_load(const char *path, routes_report *report, void *arg, struct routes **out)
{
	enum routes_result r = routes_open_sorted(path, report, arg, out);

	return r == ROUTES_REFUSED ? routes_load(path, report, arg, out) : r;
}

enum routes_result
routeset_open(struct routeset *rs, routes_report *report, void *arg)
{
	return open_all(rs, open_or_load, report, arg);
}

/* ---- while running ---- */

/* A file that still cannot be read is not reported again, but its bad lines are. */
static void
report_from_thread(void *arg, const char *text)
{
	const struct file *file = arg;
	bool whole = text[strlen(file->path)] == ':' && text[strlen(file->path) + 1] == ' ';

	if (file->retry_ms == 0 || !whole)
		log_from_thread(LOG_LEVEL_ERROR, "routes: %s", text);
}

/* Anything that gives its bytes only once, or without end, is not a file to read again. */
static void
read_one(struct file *file, struct found *f)
{
	f->stamp = stamp_of(file->path);
	f->result = ROUTES_REFUSED;
	if (f->stamp.error != 0 || f->stamp.plain)
		f->result = routes_load(file->path, report_from_thread, file, &f->table);
	else
		log_from_thread(LOG_LEVEL_ERROR, "routes: %s: not a plain file", file->path);
}

static void
read_wanted(struct job *j)
{
	struct routeset *rs = EV_CONTAINER(j, struct routeset, round);

	for (size_t i = 0; i < rs->n; i++)
		if (rs->file[i].wanted)
			read_one(&rs->file[i], &rs->found[i]);
}

static void
free_table(void *table)
{
	routes_free(table);
}

void
routeset_replace(struct routeset *rs, size_t i, struct routes *r)
{
	struct routes *old = rs->file[i].table;

	rs->file[i].table = r;
	rs->version += 2;
	if (old != NULL)
		job_aside(free_table, old);
}

/* Read the files that are wanted; at most one round runs. Why there is no thread is logged once. */
static void
start_round(struct routeset *rs)
{
	int error = job_start(&rs->round) == 0 ? 0 : errno;

	rs->again = rs->again || error != 0;
	if (error != 0 && error != rs->no_thread)
		log_warn("routes: no thread to read them with: %s; trying again", strerror(error));
	rs->no_thread = error;
}

static void
want_all(struct routeset *rs)
{
	for (size_t i = 0; i < rs->n; i++) {
		rs->file[i].wanted = true;
		rs->file[i].retry_ms = 0;	/* an explicit reload reports it again */
	}
}

void
routeset_reload(struct routeset *rs)
{
	if (rs->ev == NULL || rs->n == 0)
		return;
	if (rs->round.busy) {
		rs->again = true;
		return;
	}
	want_all(rs);
	start_round(rs);
}

static bool
is_due(struct file *f, uint64_t now_ms)
{
	struct stamp now = stamp_of(f->path);

	return stamp_due(&f->watch, &now, now_ms) || (f->retry_ms != 0 && now_ms >= f->retry_ms);
}

static void
look(struct ev_timer *t)
{
	struct routeset *rs = EV_CONTAINER(t, struct routeset, poll);
	bool any = false;

	ev_timer_in(rs->ev, t, POLL_MS);
	if (rs->round.busy)
		return;
	if (rs->again) {
		rs->again = false;
		routeset_reload(rs);
		return;
	}
	for (size_t i = 0; i < rs->n; i++) {
		rs->file[i].wanted = is_due(&rs->file[i], ev_now_ms(rs->ev));
		any = any || rs->file[i].wanted;
	}
	if (any)
		start_round(rs);
}

/* If the system refused, for lack of descriptors, say, a later try may succeed. */
static void
note_failure(struct routeset *rs, struct file *f, const struct found *r)
{
	bool known = f->retry_ms != 0;

	f->retry_ms = r->result == ROUTES_FAILED && r->stamp.error == 0 ?
	    ev_now_ms(rs->ev) + RETRY_MS : 0;
	if (known && f->retry_ms != 0)
		return;
	rs->bad++;
	log_error("routes: %s: %s; the table read before stays", f->path,
	    r->result == ROUTES_REFUSED ? "refused" : "cannot be read");
}

static bool
take_result(struct routeset *rs, size_t i)
{
	struct found *r = &rs->found[i];
	struct file *f = &rs->file[i];

	if (!f->wanted)
		return false;
	f->watch.seen = r->stamp;
	f->wanted = false;
	if (r->result != ROUTES_LOADED) {
		note_failure(rs, f, r);
		return false;
	}
	f->retry_ms = 0;
	rs->good++;
	log_info("routes: %s: read, %zu line%s", f->path, routes_count(r->table),
	    routes_count(r->table) == 1 ? "" : "s");
	routeset_replace(rs, i, r->table);
	return true;
}

static void
on_read(struct job *j)
{
	struct routeset *rs = EV_CONTAINER(j, struct routeset, round);
	bool changed = false;

	for (size_t i = 0; i < rs->n; i++)
		changed |= take_result(rs, i);
	if (rs->again) {
		rs->again = false;
		routeset_reload(rs);
	}
	rs->round_over(rs->arg, changed);
}

int
routeset_watch(struct routeset *rs, struct ev *ev, routeset_round *round_over, void *arg)
{
	rs->ev = ev;
	rs->round_over = round_over;
	rs->arg = arg;
	if (rs->n == 0)
		return 0;
	rs->round.work = read_wanted;
	rs->round.done = on_read;
	if (job_open(&rs->round, ev) == -1)
		return -1;
	rs->poll.cb = look;
	ev_timer_in(ev, &rs->poll, POLL_MS);
	return 0;
}

/* ---- answers ---- */

void
routeset_counts(const struct routeset *rs, unsigned long *good, unsigned long *bad)
{
	*good = rs->good;
	*bad = rs->bad;
}

unsigned
routeset_version(const struct routeset *rs)
{
	return rs->version;
}

bool
routeset_busy(const struct routeset *rs)
{
	return rs->round.busy || rs->again;
}

int
routeset_find(const struct routeset *rs, enum routes_kind kind, struct slice name,
    struct slice alpn, struct route *out)
{
	int best = ROUTES_NO_MATCH;
	struct route route;

	for (size_t i = 0; i < rs->n && best < ROUTES_EXACT; i++) {
		const struct routes *table = rs->file[i].table;
		int rank = table == NULL ? ROUTES_NO_MATCH :
		    routes_find(table, kind, name, alpn, &route);

		if (rank < ROUTES_NO_MATCH)
			return rank;
		if (rank > best) {
			best = rank;
			*out = route;
		}
	}
	return best;
}

unsigned
routeset_line_number(const struct routeset *rs, const struct route *answer)
{
	for (size_t i = 0; i < rs->n; i++)
		if (strcmp(rs->file[i].path, answer->file) == 0)
			return routes_line_number(rs->file[i].table, answer);
	return 0;
}

bool
routeset_has_pass(const struct routeset *rs)
{
	for (size_t i = 0; i < rs->n; i++)
		if (rs->file[i].table != NULL && routes_has_pass(rs->file[i].table))
			return true;
	return false;
}

size_t
routeset_lines(const struct routeset *rs)
{
	size_t n = 0;

	for (size_t i = 0; i < rs->n; i++)
		n += rs->file[i].table == NULL ? 0 : routes_count(rs->file[i].table);
	return n;
}

size_t
routeset_bytes(const struct routeset *rs)
{
	size_t n = 0;

	for (size_t i = 0; i < rs->n; i++)
		n += rs->file[i].table == NULL ? 0 : routes_bytes(rs->file[i].table);
	return n;
}

size_t
routeset_files(const struct routeset *rs)
{
	return rs->n;
}

const char *
routeset_path(const struct routeset *rs, size_t i)
{
	return rs->file[i].path;
}

const struct routes *
routeset_table(const struct routeset *rs, size_t i)
{
	return rs->file[i].table;
}
