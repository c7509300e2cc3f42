/* SPDX-License-Identifier: ISC */
/*
 * routesync: keep a routes file equal to a key-value store.
 * The process: its start, signals and end.
 */
#include <signal.h>

#include "launch_std.h"
#include "log.h"
#include "notify.h"
#include "routesync.h"
#include "scrape_door.h"
#include "shelf.h"

static const struct metric metrics_table[M_COUNT] = {
	[M_STORE_UP] = { "routesync_store_up", NULL, "Whether the store answers (1) or not (0).",
	    METRIC_GAUGE },
	[M_WATCHED] = { "routesync_store_watched", NULL,
	    "Whether the store sends notifications of changes.", METRIC_GAUGE },
	[M_KEYS] = { "routesync_keys", NULL, "Keys with the prefix in the store.", METRIC_GAUGE },
	[M_MALFORMED] = { "routesync_malformed_keys", NULL, "Keys whose value is malformed.",
	    METRIC_GAUGE },
	[M_ROUTES] = { "routesync_routes", NULL, "Names in the routes file.", METRIC_GAUGE },
	[M_HELD] = { "routesync_held_routes", NULL, "Routes whose loss is held back.",
	    METRIC_GAUGE },
	[M_PUBLISHED] = { "routesync_published_routes", NULL,
	    "Names published or put into the store.", METRIC_GAUGE },
	[M_AGE] = { "routesync_refresh_age_seconds", NULL,
	    "Time since the last whole refresh, -1: none yet.", METRIC_GAUGE },
	[M_LAST] = { "routesync_refresh_timestamp_seconds", NULL,
	    "When the last whole refresh was (Unix time).", METRIC_GAUGE },
	[M_DURATION] = { "routesync_refresh_duration_seconds", NULL,
	    "How long the last refresh took.", METRIC_GAUGE_MS },
	[M_REFRESH_OK] = { "routesync_refreshes_total", "result=\"ok\"",
	    "Refreshes, or rounds of publishing.", METRIC_COUNTER },
	[M_REFRESH_FAILED] = { "routesync_refreshes_total", "result=\"failed\"",
	    "Refreshes, or rounds of publishing.", METRIC_COUNTER },
	[M_WRITE_OK] = { "routesync_writes_total", "result=\"ok\"", "Files written.",
	    METRIC_COUNTER },
	[M_WRITE_FAILED] = { "routesync_writes_total", "result=\"failed\"", "Files written.",
	    METRIC_COUNTER },
};

/* The file that goes into the store. */
static bool
check_file(const struct options *o)
{
	const char *path = o->put != NULL ? o->put : o->publish;
	struct lines lines;
	enum routes_result result;

	if (path == NULL)
		return true;
	result = (path == o->put ? shelf_read : shelf_read_plain)(path, log_bare, NULL, &lines);
	lines_free(&lines);
	return result == ROUTES_LOADED;
}

/* ---- what the modes share ---- */

void
app_metric(const struct app *app, int metric, int64_t value)
{
	metrics_set(app->metrics, 0, (size_t)metric, value);
}

void
app_count(const struct app *app, int metric)
{
	metrics_add(app->metrics, 0, (size_t)metric, 1);
}

void
app_ready(struct app *app)
{
	if (app->ready)
		return;
	app->ready = true;
	(void)notify_ready_fd(app->opts->notify_fd, "");
	notify_systemd("READY=1");
}

void
app_stop(struct app *app, int code)
{
	app->code = code;
	ev_stop(app->ev);
}

static void
on_term(void *arg, int signo)
{
	(void)signo;
	notify_systemd("STOPPING=1");
	app_stop(arg, 0);
}

/*
 * In modes with no status to log and nothing to read again these do nothing,
 * but they must not end the process.
 */
static void
on_other_signal(void *arg, int signo)
{
	(void)arg;
	(void)signo;
}

static int
run(struct app *app)
{
	const struct options *o = app->opts;

	if (o->put != NULL)
		return put_run(app);
	if (o->publish != NULL)
		return publish_run(app);
	return o->source.kind == SOURCE_STDIN ? stdin_run(app) : sync_run(app);
}

static void
set_up(struct app *app)
{
	const struct options *o = app->opts;

	app->conf = (struct redis_conf){ .source = &o->source, .name = o->source_text,
		.password_file = o->password_file, .prefix = o->prefix };
	app->metrics = metrics_new(metrics_table, M_COUNT, 1);
	app->ev = ev_new();
	if (app->metrics == NULL || app->ev == NULL)
		die(EXIT_TEMP, "start");
	if (ev_signal(app->ev, SIGTERM, on_term, app) == -1 ||
	    ev_signal(app->ev, SIGINT, on_term, app) == -1 ||
	    ev_signal(app->ev, SIGHUP, on_other_signal, app) == -1 ||
	    ev_signal(app->ev, SIGUSR1, on_other_signal, app) == -1)
		die(EXIT_TEMP, "signals");
	ev_before_wait(app->ev, log_turn);
}

int
main(int argc, char **argv)
{
	static struct options o = { .prefix = "/tcprouter/", .visitors = "/run/tunneld/visitors",
		.interval_ms = 5000, .ttl_ms = 60000, .max_shrink = 50, .notify_fd = NOTIFY_NO_FD };
	struct app app = { .opts = &o };
	struct scrape_door metrics_door = { 0 };
	int code;

	log_init("routesync", LOG_LEVEL_INFO, false);
	launch_fill_std();
	options_parse(&o, argc, argv);
	log_init("routesync", o.verbose ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO, o.log_time);
	code = options_check(&o);
	if (o.check)
		return check_file(&o) && code == 0 ? 0 : EXIT_USAGE;
	if (code != 0)
		return code;
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_IGN);	/* orphans left to process 1 are reaped */
	set_up(&app);
	code = scrape_door_bind(&metrics_door, o.metrics);
	if (code == 0) {
		scrape_door_serve(&metrics_door, app.ev, app.metrics);
		code = run(&app);
	}
	listeners_close_all(&metrics_door.listeners, true);
	ev_free(app.ev);
	log_flush();
	return code;
}
