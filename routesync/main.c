/* SPDX-License-Identifier: ISC */
/* routesync: keep a routes file equal to a key-value store. Options and what to do with them. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "launch_std.h"
#include "log.h"
#include "notify.h"
#include "opts.h"
#include "output.h"
#include "password.h"
#include "redis_tls.h"
#include "routesync.h"
#include "scrape_door.h"
#include "shelf.h"

#define SYNOPSIS                                                                                   \
	"routesync [-o FILE] [options] SOURCE"                                                     \
	OPTS_OR "routesync [-o FILE] [options] - <JSON"                                            \
	OPTS_OR "routesync --put FILE [options] SOURCE"                                            \
	OPTS_OR "routesync --publish FILE [--ttl SECONDS] [options] SOURCE"
#define PREFIX_MAX 256u		/* bytes */
#define VISITORS_MAX 100u	/* bytes: a path of a unix socket */

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

/* ---- options ---- */

/*
 * One word, before or after "--". A second one is not shown: it may be a URL with a password in it.
 */
static const char *
one_word(char **words, char **program)
{
	const char *word = NULL;

	for (unsigned n = 0; *words != NULL || (program != NULL && *program != NULL); n++) {
		if (n > 0)
			diex(EXIT_USAGE, "more than one SOURCE; -h shows the usage");
		word = *words != NULL ? *words++ : *program++;
	}
	return word;
}

static void
parse_opts(struct options *o, int argc, char **argv)
{
	const struct opt table[] = {
		{ 'o', "output", "FILE", OPT_FILE, &o->output, 0, 0,
		    "the routes file to keep (standard output, once)" },
		{ 'i', "interval", "SECONDS", OPT_SECONDS, &o->interval_ms, 0, OPTS_MS_MAX,
		    "read the whole store every SECONDS (5)" },
		{ 0, "once", NULL, OPT_FLAG, &o->once, 0, 0, "write the file once, then exit" },
		{ 0, "password-file", "FILE", OPT_FILE, &o->password_file, 0, 0,
		    "read the store's password from the first line of FILE" },
		{ 0, "prefix", "PREFIX", OPT_TEXT, &o->prefix, 0, 0,
		    "read and write keys that begin with PREFIX (/tcprouter/)" },
		{ 0, "visitors", "PATH", OPT_FILE, &o->visitors, 0, 0,
		    "tunneld's socket, for records with a secret (/run/tunneld/visitors)" },
		{ 0, "secrets", "FILE", OPT_FILE, &o->secrets, 0, 0,
		    "write tunneld's authorizations, with hashes of the secrets, to FILE" },
		{ 0, "max-shrink", "PERCENT", OPT_NUMBER, &o->max_shrink, 0, 100,
		    "wait for USR1 before dropping more than PERCENT of 20 or more routes (50)" },
		{ 0, "put", "FILE", OPT_FILE, &o->put, 0, 0,
		    "write the routes of FILE into the store and exit" },
		{ 0, "publish", "FILE", OPT_FILE, &o->publish, 0, 0,
		    "keep the routes of FILE in the store while running" },
		{ 0, "ttl", "SECONDS", OPT_SECONDS, &o->ttl_ms, 0, OPTS_MS_MAX,
		    "published routes expire SECONDS after their last renewal (60)" },
		{ 'c', "check", NULL, OPT_FLAG, &o->check, 0, 0,
		    "check options and files, print every error, and exit" },
		{ 'n', "notify-fd", "FD", OPT_FD, &o->notify_fd, 0, 0,
		    "write an empty line to FD when ready" },
		{ 'm', "metrics", "ADDR", OPT_TEXT, &o->metrics, 0, 0, "serve /metrics on ADDR" },
		{ 0, "log-time", NULL, OPT_FLAG, &o->log_time, 0, 0,
		    "begin log lines with the time (UTC)" },
		{ 'v', "verbose", NULL, OPT_FLAG, &o->verbose, 0, 0, "log debug lines too" },
		{ 'h', "help", NULL, OPT_HELP, NULL, 0, 0, "print this and exit" },
		{ 'V', "version", NULL, OPT_VERSION, NULL, 0, 0, "print the version and exit" },
	};

	char **words, **program;

	opts_parse_words(argc, argv, SYNOPSIS, table, sizeof(table) / sizeof(table[0]), &words,
	    &program);
	o->source_text = one_word(words, program);
	free(words);
}

static int
check_source(struct options *o)
{
	const char *why;

	if (o->source_text == NULL)
		return log_wrong(EXIT_USAGE, "no SOURCE: give redis://HOST, or - for JSON on "
		    "standard input; -h shows the usage");
	if (!source_parse(slice_str(o->source_text), &o->source, &why))
		return log_wrong(EXIT_USAGE, "SOURCE: %s", why);
	if (o->source.kind == SOURCE_TLS && !redis_tls_built_in())
		return log_wrong(EXIT_USAGE, "SOURCE: rediss:// needs hiredis 1.0 or later "
		    "with hiredis_ssl, which this program was built without");
	return 0;
}

static int
check_modes(const struct options *o)
{
	bool from_file = o->put != NULL || o->publish != NULL;

	if (o->put != NULL && o->publish != NULL)
		return log_wrong(EXIT_USAGE, "--put and --publish cannot be used together");
	if (from_file && (o->output != NULL || o->secrets != NULL))
		return log_wrong(EXIT_USAGE,
		    "-o and --secrets cannot be used with --put or --publish, "
		    "which write into the store");
	if (from_file && o->source_text != NULL && strcmp(o->source_text, "-") == 0)
		return log_wrong(EXIT_USAGE, "--put and --publish need a store, not -");
	if (o->publish != NULL && (o->once || o->ttl_ms < 1000))
		return log_wrong(EXIT_USAGE,
		    "--publish keeps running and needs a --ttl of 1 or more; "
		    "use --put to write once");
	return 0;
}

/* The path becomes part of a routes line, as pass:PATH and unix:PATH. */
static int
check_visitors(const char *path)
{
	struct addr a;
	char text[VISITORS_MAX + sizeof("pass:")];

	if (strlen(path) > VISITORS_MAX || strpbrk(path, " \t\r\n,#") != NULL)
		return log_wrong(EXIT_USAGE,
		    "--visitors: longer than %u bytes, or contains a blank, ',' or '#'",
		    VISITORS_MAX);
	snprintf(text, sizeof(text), "pass:%s", path);
	if (addr_parse(slice_str(text), ADDR_ALLOW_PASS, &a) != ADDR_OK)
		return log_wrong(EXIT_USAGE, "--visitors %s: not an absolute path", path);
	return 0;
}

static int
check_prefix(const char *prefix)
{
	if (strlen(prefix) > PREFIX_MAX || prefix[strspn(prefix, "/")] == '\0')
		return log_wrong(EXIT_USAGE, "--prefix: empty, or longer than %u bytes",
		    PREFIX_MAX);
	return 0;
}

static int
check_password_file(const char *path)
{
	char password[PASSWORD_MAX + 1], why[FILE_WHY_MAX];

	if (path == NULL)
		return 0;
	if (!password_read(path, password, why))
		return log_wrong(exit_for_file(false), "--password-file %s: %s", path, why);
	explicit_bzero(password, sizeof(password));
	return 0;
}

/* The file to be replaced must be a plain file; a symbolic link is followed. NULL stays NULL. */
static int
check_output(const struct options *o, const char *option, const char **path)
{
	char why[FILE_WHY_MAX];
	struct stat st;
	char *real;

	if (*path == NULL)
		return 0;
	if ((*path)[strlen(*path) - 1] == '/')
		return log_wrong(EXIT_USAGE, "\"%s\" is not the name of a file", *path);
	if (lstat(*path, &st) == 0 && S_ISLNK(st.st_mode)) {
		real = realpath(*path, NULL);	/* never freed */
		if (real == NULL)
			return log_wrong(EXIT_USAGE, "%s is a broken symbolic link: %s", *path,
			    strerror(errno));
		*path = real;
	}
	if (stat(*path, &st) == 0 && !S_ISREG(st.st_mode))
		return log_wrong(EXIT_USAGE, "%s is not a plain file", *path);
	if (o->check && !output_is_readable(*path, why))
		return log_wrong(EXIT_TEMP, "%s cannot be read: %s", *path, why);
	return !o->check || opts_check_replaceable(option, *path) ? 0 : EXIT_TEMP;
}

static bool
check_files_differ(const struct options *o)
{
	const struct opt_file file[] = { { "-o", o->output }, { "--secrets", o->secrets },
		{ "--password-file", o->password_file } };

	return opts_check_differ(file, sizeof(file) / sizeof(file[0]));
}

static int
check_opts(struct options *o)
{
	int code = check_source(o);

	code = exit_worse(code, check_modes(o));
	code = exit_worse(code, check_visitors(o->visitors));
	code = exit_worse(code, check_prefix(o->prefix));
	code = exit_worse(code, opts_check_listen("--metrics", o->metrics) ? 0 : EXIT_USAGE);
	code = exit_worse(code, check_password_file(o->password_file));
	code = exit_worse(code, check_output(o, "-o", &o->output));
	code = exit_worse(code, check_output(o, "--secrets", &o->secrets));
	code = exit_worse(code, check_files_differ(o) ? 0 : EXIT_USAGE);
	if (o->output == NULL || o->source.kind == SOURCE_STDIN)
		o->once = o->publish == NULL;
	return code;
}

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
	parse_opts(&o, argc, argv);
	log_init("routesync", o.verbose ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO, o.log_time);
	code = check_opts(&o);
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
