/* SPDX-License-Identifier: ISC */
/* A routes file into the store: once (--put), or while running (--publish). */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "host.h"
#include "log.h"
#include "notify.h"
#include "routesync.h"
#include "shelf.h"
#include "stamp.h"

#define TICK_MS 200u		/* how often the file is checked */
#define RETRY_MS 2000u		/* between attempts to read a file that exists but can't be read */
#define BATCH 1000u		/* outstanding writes */
#define FOLDER_MAX 600u		/* bytes: --prefix, "live/", the name of the host, a number */
#define KEY_MAX (FOLDER_MAX + ROUTES_LINE_MAX)
#define FAREWELL_MS 3000u	/* for withdrawing everything at the end */

/*
 *   IDLE --file changed, time to renew, connected--> DELETE --> WRITE --> IDLE
 *     '------------------- TERM --------------------> DELETE --> TAKE_BACK --> end
 */
enum step {
	STEP_IDLE,
	STEP_DELETE,		/* lines of the old file that are not in the new one */
	STEP_WRITE,
	STEP_TAKE_BACK		/* all of the new file */
};

/* Which lines of the new file a round writes, after it has deleted those that are gone. */
enum round {
	ROUND_CHANGED,		/* those that differ from the old file */
	ROUND_ALL,		/* every one, as the store may have lost it */
	ROUND_RENEW		/* none, but their time to live begins anew, which shows if the
				   store still has them */
};

struct publisher {
	struct app *app;
	struct redis *redis;
	const char *path;
	char folder[FOLDER_MAX];	/* the keys' prefix */
	uint64_t ttl_ms;		/* 0: keys stay */
	struct lines old, now;		/* what may be in the store, what must be */
	bool begun;			/* writing now began: old was deleted in the store, and any
					   part of now may be there */
	enum step step;
	enum round round;
	size_t at;			/* next line of the step */
	struct ev_timer tick, renew, farewell;
	struct stamp_watch watch;
	int stat_error;			/* errno of the last stat */
	uint64_t retry_ms;		/* when to read again a file that exists but could not be
					   read; 0: no need */
	bool good;			/* "now" is what the file held when it was last read */
	bool once, leaving;
};

static struct slice
key_of(const struct publisher *p, struct slice line, char out[static KEY_MAX])
{
	struct slice name = shelf_name(line);

	return slice_of(out, (size_t)snprintf(out, KEY_MAX, "%s" SLICE_FMT, p->folder,
	    SLICE_ARG(name)));
}

/* That the file still can't be read is not reported again; errors in its lines are. */
static void
report(void *arg, const char *text)
{
	const struct publisher *p = arg;
	bool whole = text[strlen(p->path)] == ':' && text[strlen(p->path) + 1] == ' ';

	if (p->retry_ms == 0 || !whole)
		log_error("%s", text);
}

/* ---- rounds: delete what is gone, write the rest, a thousand at a time ---- */

static bool
is_gone(const struct publisher *p, struct slice line)
{
	return p->leaving || lines_find(&p->now, lines_name(line)).p == NULL;
}

static bool
is_unchanged(const struct publisher *p, struct slice line)
{
	return slice_eq(lines_find(&p->old, lines_name(line)), line);
}

static size_t
delete_some(struct publisher *p, const struct lines *from)
{
	char key[KEY_MAX];
	size_t n = 0;

	for (; p->at < from->n && n < BATCH; p->at++)
		if (is_gone(p, from->line[p->at])) {
			redis_delete(p->redis, key_of(p, from->line[p->at], key));
			n++;
		}
	return n;
}

static size_t
write_some(struct publisher *p)
{
	char key[KEY_MAX];
	size_t n = 0;

	p->begun = true;
	for (; p->at < p->now.n && n < BATCH; p->at++) {
		struct slice line = p->now.line[p->at];

		if (p->round == ROUND_CHANGED && is_unchanged(p, line))
			continue;
		if (p->round == ROUND_RENEW)
			redis_renew(p->redis, key_of(p, line, key), p->ttl_ms);
		else
			redis_set(p->redis, key_of(p, line, key), shelf_value(line), p->ttl_ms);
		n++;
	}
	return n;
}

static void
end_round(struct publisher *p)
{
	p->step = STEP_IDLE;
	redis_good(p->redis);
	app_metric(p->app, M_PUBLISHED, (int64_t)p->now.n);
	app_metric(p->app, M_STORE_UP, 1);
	app_count(p->app, M_REFRESH_OK);
	if (p->leaving || p->once)
		app_stop(p->app, 0);
	else if (p->stat_error == 0 && p->good)
		app_ready(p->app);
}

static size_t
do_some(struct publisher *p)
{
	switch (p->step) {
	case STEP_IDLE:
		break;
	case STEP_DELETE:
		return delete_some(p, &p->old);
	case STEP_WRITE:
		return write_some(p);
	case STEP_TAKE_BACK:
		return delete_some(p, &p->now);
	}
	return 0;
}

/*
 * Everything so far is acknowledged: go on with the next thousand, in the next step
 * if this one is done.
 */
static void
go_on(struct publisher *p)
{
	if (p->leaving && p->step == STEP_WRITE) {
		p->step = STEP_DELETE;
		p->at = 0;
	}
	while (p->step != STEP_IDLE && do_some(p) == 0) {
		p->at = 0;
		if (p->step == STEP_DELETE)
			p->step = p->leaving ? STEP_TAKE_BACK : STEP_WRITE;
		else
			end_round(p);
	}
}

static void
begin_round(struct publisher *p, enum round round)
{
	p->round = round;
	p->step = round == ROUND_RENEW ? STEP_WRITE : STEP_DELETE;
	p->at = 0;
	go_on(p);
}

/* ---- the store ---- */

static void
on_up(void *arg)
{
	begin_round(arg, ROUND_ALL);
}

static void
on_down(void *arg)
{
	struct publisher *p = arg;

	p->step = STEP_IDLE;
	app_metric(p->app, M_STORE_UP, 0);
	app_count(p->app, M_REFRESH_FAILED);
	if (p->once || p->leaving)
		app_stop(p->app, p->leaving ? 0 : EXIT_TEMP);
}

static void
on_written(void *arg)
{
	go_on(arg);
}

/* Where one line is gone, others may be: the round begins again, and writes them all. */
static void
on_lost(void *arg)
{
	struct publisher *p = arg;

	p->round = ROUND_ALL;
	p->at = 0;
}

static const struct redis_ops ops = {
	.up = on_up, .down = on_down, .written = on_written, .lost = on_lost,
};

/* ---- the file ---- */

static void
note_missing(struct publisher *p, int error)
{
	if (error != 0 && error != p->stat_error)
		log_warn("%s: %s; %s", p->path, strerror(error), p->now.n > 0 ?
		    "what is published stays" : "nothing is published until it is there");
	p->stat_error = error;
}

/* A system error, such as a lack of descriptors, may have passed in a while. */
static void
note_bad(struct publisher *p, enum routes_result result)
{
	bool known = p->retry_ms != 0;

	p->retry_ms = result == ROUTES_FAILED ? ev_now_ms(p->app->ev) + RETRY_MS : 0;
	if (!known || p->retry_ms == 0)
		log_warn("%s %s; what is published stays", p->path,
		    result == ROUTES_FAILED ? "cannot be read" : "was refused");
}

/*
 * Whether the file was written to while it was read: it may have been incomplete,
 * and is checked again soon.
 */
static bool
changed_meanwhile(const struct publisher *p)
{
	struct stamp now = stamp_of(p->path);

	return !stamp_same(&now, &p->watch.seen);
}

/*
 * new is what must be in the store. What had to be so far may be there, if writing it began; if
 * not, for lack of a connection, it can be forgotten, and what may be there is still p->old.
 */
static void
take(struct publisher *p, const struct lines *new)
{
	p->good = true;
	if (p->begun) {
		lines_free(&p->old);
		p->old = p->now;
	} else {
		lines_free(&p->now);
	}
	p->now = *new;
	p->begun = false;
	log_debug("%s has %zu routes", p->path, new->n);
}

/* True: there is something new to publish. */
static bool
load(struct publisher *p)
{
	struct lines new;
	enum routes_result result = shelf_read_plain(p->path, report, p, &new);

	if (result != ROUTES_LOADED) {
		p->good = false;
		note_bad(p, result);
		return false;
	}
	p->retry_ms = 0;
	if (changed_meanwhile(p)) {
		lines_free(&new);
		p->watch.seen = (struct stamp){ 0 };	/* it may come back as it was */
		return false;
	}
	take(p, &new);
	return true;
}

static bool
is_due(struct publisher *p, const struct stamp *now)
{
	uint64_t now_ms = ev_now_ms(p->app->ev);

	return stamp_due(&p->watch, now, now_ms) || (p->retry_ms != 0 && now_ms >= p->retry_ms);
}

/* A round that is in progress continues with the file it started with. */
static void
look_at_file(struct publisher *p, bool always)
{
	struct stamp now = stamp_of(p->path);

	note_missing(p, now.error);
	if (now.error != 0 || p->step != STEP_IDLE || (!is_due(p, &now) && !always))
		return;
	p->watch.seen = now;
	if (always)
		p->retry_ms = 0;	/* the operator asked, so report it again */
	if (load(p) && redis_is_up(p->redis))
		begin_round(p, ROUND_CHANGED);
}

/* ---- life ---- */

static void
on_tick(struct ev_timer *t)
{
	struct publisher *p = EV_CONTAINER(t, struct publisher, tick);

	ev_timer_in(p->app->ev, t, TICK_MS);
	if (!p->leaving)
		look_at_file(p, false);
}

static void
on_renew(struct ev_timer *t)
{
	struct publisher *p = EV_CONTAINER(t, struct publisher, renew);

	ev_timer_in(p->app->ev, t, p->ttl_ms / 3);
	if (!redis_is_up(p->redis) || p->step != STEP_IDLE || p->leaving)
		return;
	begin_round(p, ROUND_RENEW);
}

static void
on_farewell(struct ev_timer *t)
{
	struct publisher *p = EV_CONTAINER(t, struct publisher, farewell);

	log_warn("published routes could not be withdrawn; they will expire");
	app_stop(p->app, 0);
}

/* Withdraw everything, including what is being written. */
static void
on_term(void *arg, int signo)
{
	struct publisher *p = arg;

	(void)signo;
	notify_systemd("STOPPING=1");
	if (p->leaving || !redis_is_up(p->redis)) {
		app_stop(p->app, 0);
		return;
	}
	p->leaving = true;
	ev_timer_in(p->app->ev, &p->farewell, FAREWELL_MS);
	if (p->step == STEP_IDLE)
		begin_round(p, ROUND_CHANGED);
}

static void
on_hup(void *arg, int signo)
{
	struct publisher *p = arg;

	(void)signo;
	notify_systemd_reloading();
	look_at_file(p, true);
	if (!redis_is_up(p->redis))
		redis_open(p->redis);
	if (p->app->ready)
		notify_systemd("READY=1");
}

static void
on_usr1(void *arg, int signo)
{
	const struct publisher *p = arg;

	(void)signo;
	log_info("status store=%s published=%zu file=%s", redis_is_up(p->redis) ? "up" : "down",
	    p->now.n, p->stat_error != 0 ? "missing" : p->good ? "good" : "refused");
}

static void
set_up(struct publisher *p, struct app *app)
{
	p->app = app;
	p->tick.cb = on_tick;
	p->renew.cb = on_renew;
	p->farewell.cb = on_farewell;
	p->redis = redis_new(app->ev, &app->conf, &ops, p);
	if (p->redis == NULL)
		die(EXIT_TEMP, "start");
}

static int
run(struct publisher *p)
{
	redis_open(p->redis);
	if (ev_run(p->app->ev) == -1)
		die(EXIT_TEMP, "event loop");
	redis_free(p->redis);
	lines_free(&p->old);
	lines_free(&p->now);
	return p->app->code;
}

int
put_run(struct app *app)
{
	struct publisher p = { .path = app->opts->put, .good = true, .once = true };
	enum routes_result result = shelf_read(p.path, report, &p, &p.now);

	if (result != ROUTES_LOADED)
		return result == ROUTES_FAILED ? EXIT_TEMP : EXIT_USAGE;
	set_up(&p, app);
	if (ev_signal(app->ev, SIGUSR1, on_usr1, &p) == -1)
		die(EXIT_TEMP, "signals");
	snprintf(p.folder, sizeof(p.folder), "%sservice/", app->opts->prefix);
	return run(&p);
}

/* A folder of our own: no other node, and no other run on this one, has the same. */
static void
name_folder(struct publisher *p)
{
	char host[HOST_MAX + 1] = "", normal[HOST_MAX + 1];
	uint64_t number = 0;

	gethostname(host, sizeof(host) - 1);
	if (host_normalize(slice_str(host), normal) == 0)
		strcpy(normal, "node");
	if (getrandom(&number, sizeof(number), 0) != sizeof(number))
		die(EXIT_TEMP, "getrandom");
	snprintf(p->folder, sizeof(p->folder), "%slive/%s.%016" PRIx64 "/", p->app->opts->prefix,
	    normal, number);
}

int
publish_run(struct app *app)
{
	struct publisher p = { .path = app->opts->publish, .ttl_ms = app->opts->ttl_ms };

	set_up(&p, app);
	name_folder(&p);
	if (ev_signal(app->ev, SIGHUP, on_hup, &p) == -1 ||
	    ev_signal(app->ev, SIGUSR1, on_usr1, &p) == -1 ||
	    ev_signal(app->ev, SIGTERM, on_term, &p) == -1 ||
	    ev_signal(app->ev, SIGINT, on_term, &p) == -1)
		die(EXIT_TEMP, "signals");
	look_at_file(&p, true);
	ev_timer_in(app->ev, &p.tick, TICK_MS);
	ev_timer_in(app->ev, &p.renew, p.ttl_ms / 3);
	return run(&p);
}
