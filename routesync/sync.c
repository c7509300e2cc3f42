/* SPDX-License-Identifier: ISC */
/* Keep the files equal to the store: refreshes, notifications, and the operator's signals. */
#include <signal.h>
#include <time.h>

#include "files.h"
#include "log.h"
#include "notify.h"
#include "routesync.h"

#define SPACING_MS 50u		/* at least, between two writes of the file */
/* Removed keys leave the file once no other was for REST_MS, or UNREST_MAX_MS after the first. */
#define REST_MS 50u
#define UNREST_MAX_MS 1000u
#define TICK_MS 1000u		/* how often the file is checked, and failed writes are retried */
#define REPORTS_MAX 100u	/* malformed records logged in one refresh */
/* When so many keys are gone, and more than this share of all, the store is read once more. */
#define DOUBT_MIN 20u
#define DOUBT_PERCENT 5u
#define PATIENCE_MS 30000u	/* how long nodes may take to republish what the store has lost */

enum state {
	STATE_PARTIAL,		/* the first refresh is not over */
	STATE_WHOLE,		/* the table holds all of the store */
	STATE_DOUBTED		/* it lost much, to be read again before that is believed */
};

struct sync {
	struct app *app;
	struct redis *redis;
	struct files files;
	struct ev_timer refresh, write, tick;
	uint64_t began_ms, good_ms;	/* the last refresh; the last that was whole */
	uint64_t next_write_ms;		/* not before */
	size_t dropped;			/* keys found to be gone, outside the end of a round, since
					   the last update */
	uint64_t unrest_ms, dropped_ms;	/* when the first and the last of them were */
	unsigned reports;
	uint64_t patient_until_ms;	/* until then, published keys that are missing stay */
	size_t missing;			/* such keys, at the end of the last refresh */
	enum state state;
};

/* ---- reports ---- */

static void
on_report(void *arg, struct slice key, const char *why)
{
	char name[LOG_VALUE_MAX], reason[LOG_VALUE_MAX];
	struct sync *s = arg;

	if (s->reports++ >= REPORTS_MAX)
		return;
	log_value(key, name);
	if (why == NULL)
		log_info("record key=%s is good again", name);
	else
		log_warn("record key=%s malformed why=%s", name,
		    log_value(slice_str(why), reason));
}

static void
end_reports(struct sync *s)
{
	if (s->reports > REPORTS_MAX)
		log_warn("%u more records were malformed or became good again",
		    s->reports - REPORTS_MAX);
	s->reports = 0;
}

static int64_t
age_s(const struct sync *s)
{
	return s->good_ms == 0 ? -1 : (int64_t)(ev_now_ms(s->app->ev) - s->good_ms) / 1000;
}

static void
set_metrics(const struct sync *s)
{
	struct table_counts counts = table_counts(s->files.table);

	app_metric(s->app, M_KEYS, (int64_t)counts.keys);
	app_metric(s->app, M_MALFORMED, (int64_t)counts.malformed);
	app_metric(s->app, M_WATCHED, redis_is_watched(s->redis));
	app_metric(s->app, M_AGE, age_s(s));
}

/* ---- writing ---- */

static void
update(struct sync *s)
{
	uint64_t began = ev_refresh(s->app->ev), now, took;
	enum files_result result;

	ev_timer_at(s->app->ev, &s->write, 0);
	s->dropped = 0;
	result = files_update(&s->files);
	now = ev_refresh(s->app->ev);
	took = now - began;		/* writing a big file must not take all our time */
	s->next_write_ms = now + (took > SPACING_MS ? took : SPACING_MS);
	if (s->app->opts->once)
		app_stop(s->app, result == FILES_GOOD ? 0 : EXIT_TEMP);
}

static bool
is_much(size_t gone, size_t all)
{
	return gone >= DOUBT_MIN && gone * 100 > all * DOUBT_PERCENT;
}

static bool
is_much_dropped(const struct sync *s)
{
	return is_much(s->dropped, table_counts(s->files.table).keys + s->dropped);
}

/*
 * How long keys that were removed must still wait: they may be the beginning of a great loss,
 * and the guard is to see all of it at once.
 */
static uint64_t
unrest_left_ms(const struct sync *s)
{
	uint64_t now = ev_now_ms(s->app->ev), end = s->dropped_ms + REST_MS;

	if (s->dropped == 0)
		return 0;
	if (redis_unread(s->redis) > 0)
		end = now + REST_MS;
	if (end > s->unrest_ms + UNREST_MAX_MS)
		end = s->unrest_ms + UNREST_MAX_MS;
	return end > now ? end - now : 0;
}

/* Whether only a scan tells how much is gone. */
static bool
is_suspicious(const struct sync *s)
{
	return s->dropped > 0 &&
	    (redis_unread(s->redis) >= DOUBT_MIN || is_much_dropped(s));
}

/* The end of a scan leads to an update, or to another scan. */
static void
on_write(struct ev_timer *t)
{
	struct sync *s = EV_CONTAINER(t, struct sync, write);
	uint64_t left = unrest_left_ms(s);

	if (left > 0) {
		ev_timer_in(s->app->ev, t, left);
	} else if (!is_suspicious(s)) {
		update(s);
	} else if (redis_is_scanning(s->redis)) {
		ev_timer_in(s->app->ev, t, REST_MS);
	} else {
		s->state = STATE_DOUBTED;
		redis_scan(s->redis);
	}
}

/*
 * A single change is written at once, unless another was written just before, or keys were removed.
 */
static void
want_write(struct sync *s)
{
	uint64_t now = ev_now_ms(s->app->ev), due = s->next_write_ms;

	if (s->state == STATE_WHOLE && s->write.due_ms == 0 && table_changed(s->files.table))
		ev_timer_at(s->app->ev, &s->write, due > now + 1 ? due : now + 1);
}

/* ---- the store ---- */

/* A key is gone: perhaps it is the first of many. */
static void
drop(struct sync *s, struct slice key)
{
	if (!table_remove(s->files.table, key) || s->state == STATE_PARTIAL)
		return;
	s->dropped_ms = ev_now_ms(s->app->ev);
	if (s->dropped++ == 0)
		s->unrest_ms = s->dropped_ms;
}

/*
 * A store that was away may have lost what nodes published. Each node publishes again in its own
 * time, and until then its names must keep working.
 */
static void
be_patient(struct sync *s)
{
	s->patient_until_ms = ev_now_ms(s->app->ev) + PATIENCE_MS;
}

static bool
is_patient(const struct sync *s)
{
	return ev_now_ms(s->app->ev) < s->patient_until_ms;
}

static void
on_up(void *arg)
{
	struct sync *s = arg;

	if (s->state != STATE_PARTIAL)
		be_patient(s);
	redis_scan(s->redis);
}

static void
on_down(void *arg)
{
	struct sync *s = arg;

	app_metric(s->app, M_STORE_UP, 0);
	app_metric(s->app, M_WATCHED, 0);
	app_count(s->app, M_REFRESH_FAILED);
	ev_timer_at(s->app->ev, &s->refresh, 0);
	if (s->dropped > 0)
		ev_timer_at(s->app->ev, &s->write, 0);	/* the next scan shows what else is gone */
	end_reports(s);
	if (s->app->opts->once)
		app_stop(s->app, EXIT_TEMP);
}

static void
on_value(void *arg, struct slice key, enum redis_value what, struct slice value)
{
	struct sync *s = arg;
	bool ok = true;

	switch (what) {
	case REDIS_TEXT:
		ok = table_put(s->files.table, key, value);
		break;
	case REDIS_NO_TEXT:
		ok = table_put(s->files.table, key, slice_of(NULL, 0));
		break;
	case REDIS_NO_KEY:
		drop(s, key);
		break;
	case REDIS_EXPIRED:
		if (!is_patient(s) || !table_miss(s->files.table, key))
			drop(s, key);
		break;
	}
	if (!ok)
		redis_out_of_memory(s->redis);
	want_write(s);
}

static void
on_scan_begins(void *arg)
{
	struct sync *s = arg;

	s->began_ms = ev_now_ms(s->app->ev);
	table_begin(s->files.table);
}

/*
 * Remove what is gone. Had nodes withdrawn much of it, there would have been notifications;
 * so the store lost it.
 */
static size_t
end_round(struct sync *s)
{
	size_t missing = table_missing_live(s->files.table);

	if (s->missing == 0 && redis_is_watched(s->redis) &&
	    is_much(missing, table_counts(s->files.table).keys))
		be_patient(s);
	if (!is_patient(s))
		missing = 0;
	if (s->missing == 0 && missing > 0)
		log_warn("%zu published routes are missing from the store: keeping them for %u s",
		    missing, PATIENCE_MS / 1000);
	s->missing = missing;
	return table_end(s->files.table, missing > 0);
}

/* Without --interval, missing keys must still be looked at once more. */
static uint64_t
next_refresh_ms(const struct sync *s)
{
	uint64_t interval_ms = s->app->opts->interval_ms;

	return s->missing > 0 && (interval_ms == 0 || interval_ms > PATIENCE_MS) ? PATIENCE_MS :
	    interval_ms;
}

static void
note_refresh(struct sync *s)
{
	const struct app *app = s->app;

	s->good_ms = ev_now_ms(app->ev);
	app_metric(app, M_STORE_UP, 1);
	app_metric(app, M_LAST, (int64_t)time(NULL));
	app_metric(app, M_DURATION, (int64_t)(s->good_ms - s->began_ms));
	app_count(app, M_REFRESH_OK);
}

/* Nothing, in a place that is most often a slip: say so before the file is empty. */
static void
note_prefix(const struct sync *s)
{
	struct slice prefix = slice_str(s->app->opts->prefix);

	if (table_counts(s->files.table).keys == 0 && prefix.p[prefix.len - 1] != '/')
		log_warn("no key is below " SLICE_FMT "service/: "
		    "is a slash missing at the end of --prefix?", SLICE_ARG(prefix));
}

/*
 * A store that is emptied while being read shows only part of the loss at first, perhaps too little
 * for the guard: it is read a second time then.
 */
static void
on_scanned(void *arg)
{
	struct sync *s = arg;
	const struct app *app = s->app;
	size_t gone = end_round(s) + s->dropped;

	end_reports(s);
	if (s->state == STATE_WHOLE && is_much(gone, table_counts(s->files.table).keys + gone)) {
		s->state = STATE_DOUBTED;
		ev_timer_at(app->ev, &s->write, 0);
		redis_scan(s->redis);
		return;
	}
	if (s->state == STATE_PARTIAL)
		note_prefix(s);
	s->state = STATE_WHOLE;
	note_refresh(s);
	ev_timer_in(app->ev, &s->refresh, next_refresh_ms(s));
	if (unrest_left_ms(s) == 0)
		update(s);
	else
		want_write(s);
	set_metrics(s);
}

static const struct redis_ops ops = {
	.up = on_up, .down = on_down, .value = on_value, .scan_begins = on_scan_begins,
	.scanned = on_scanned,
};

/* ---- timers and signals ---- */

static void
on_refresh(struct ev_timer *t)
{
	redis_scan(EV_CONTAINER(t, struct sync, refresh)->redis);
}

/*
 * A few removals that wait for a scan must not leave a spoilt file as it is while
 * the store is away.
 */
static bool
may_repair(const struct sync *s)
{
	return s->dropped == 0 || (!redis_is_up(s->redis) && !is_much_dropped(s));
}

static void
on_tick(struct ev_timer *t)
{
	struct sync *s = EV_CONTAINER(t, struct sync, tick);

	ev_timer_in(s->app->ev, t, TICK_MS);
	set_metrics(s);
	end_reports(s);
	if (s->state == STATE_WHOLE && may_repair(s) && s->write.due_ms == 0 &&
	    files_want_update(&s->files))
		update(s);
}

static void
on_hup(void *arg, int signo)
{
	struct sync *s = arg;

	(void)signo;
	notify_systemd_reloading();
	if (redis_is_up(s->redis))
		redis_scan(s->redis);
	else
		redis_open(s->redis);
	if (s->app->ready)
		notify_systemd("READY=1");
}

static void
on_usr1(void *arg, int signo)
{
	struct sync *s = arg;
	struct table_counts counts = table_counts(s->files.table);

	(void)signo;
	log_info("status store=%s watched=%s keys=%zu malformed=%zu routes=%zu held=%zu age=%lld",
	    redis_is_up(s->redis) ? "up" : "down", redis_is_watched(s->redis) ? "yes" : "no",
	    counts.keys, counts.malformed, s->files.names, s->files.held.lost,
	    (long long)age_s(s));
	if (s->files.held.lost == 0)
		return;
	files_confirm(&s->files);
	update(s);
}

static bool
set_up(struct sync *s, struct app *app)
{
	s->app = app;
	s->refresh.cb = on_refresh;
	s->write.cb = on_write;
	s->tick.cb = on_tick;
	s->redis = redis_new(app->ev, &app->conf, &ops, s);
	return s->redis != NULL && ev_signal(app->ev, SIGHUP, on_hup, s) == 0 &&
	    ev_signal(app->ev, SIGUSR1, on_usr1, s) == 0;
}

static void
follow(struct sync *s)
{
	ev_timer_in(s->app->ev, &s->tick, TICK_MS);
	set_metrics(s);
	redis_open(s->redis);
	if (ev_run(s->app->ev) == -1)
		die(EXIT_TEMP, "event loop");
}

int
sync_run(struct app *app)
{
	struct sync s = { 0 };

	if (!set_up(&s, app))
		die(EXIT_TEMP, "start");
	if (files_open(&s.files, app, on_report, &s))
		follow(&s);
	else
		app->code = EXIT_TEMP;
	redis_free(s.redis);
	files_close(&s.files);
	return app->code;
}
