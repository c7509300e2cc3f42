/* SPDX-License-Identifier: ISC */
/*
 * tunnelc: services beside it, reached by name through a server it dials out to.
 * The process: its start, signals and end.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "launch.h"
#include "launch_std.h"
#include "listeners.h"
#include "log.h"
#include "metrics.h"
#include "notify.h"
#include "scrape_door.h"
#include "secret.h"
#include "tunnelc.h"

#define PIPES_MAX 64u		/* of relays: an unprivileged user gets 64 of 1 MiB (pipe(7)) */
#define STATUS_MAX 2048u

static const struct metric metrics_table[M_COUNT] = {
	[M_UP] = { "tunnelc_up", NULL, "Servers we have a session with.", METRIC_GAUGE },
	[M_SESSIONS_TOTAL] = { "tunnelc_sessions_total", NULL, "Sessions begun.", METRIC_COUNTER },
	[M_DIALS_FAILED] = { "tunnelc_failed_dials_total", NULL, "Attempts that made no session.",
	    METRIC_COUNTER },
	[M_VISITORS] = { "tunnelc_visitors", NULL, "Visitors now.", METRIC_GAUGE },
	[M_VISITORS_OK] = { "tunnelc_visitors_total", "result=\"served\"",
	    "Visitors that have left.", METRIC_COUNTER },
	[M_VISITORS_REFUSED] = { "tunnelc_visitors_total", "result=\"refused\"",
	    "Visitors that have left.", METRIC_COUNTER },
	[M_RX] = { "tunnelc_received_bytes_total", NULL, "Bytes from visitors that have left.",
	    METRIC_COUNTER },
	[M_TX] = { "tunnelc_sent_bytes_total", NULL, "Bytes to visitors that have left.",
	    METRIC_COUNTER },
};

struct tunnelc *the;

/* What only main knows: the address of --metrics, the end of the grace. */
static struct scrape_door metrics_door;
static struct ev_timer grace;

/* ---- files ---- */

/* Functions here that read a file return 0, or the exit code. */
static int
load_identity(const char *path, struct identity **me)
{
	char why[IDENTITY_WHY_MAX];

	*me = identity_load(path, why);
	return *me != NULL ? 0 : log_wrong(exit_for_file(the->opts->check), "-i %s", why);
}

/* The file without one newline at its end, kept for ever. */
static int
load_secret(const char *path, struct slice *secret)
{
	char why[FILE_WHY_MAX];

	secret->p = file_read(path, SECRET_MAX + 1, true, &secret->len, why);
	if (secret->p == NULL)
		return log_wrong(exit_for_file(the->opts->check), "--secret-file %s: %s", path,
		    why);
	if (secret->len > 0 && secret->p[secret->len - 1] == '\n')
		secret->len--;
	if (secret->len > 0 && secret->len <= SECRET_MAX)
		return 0;
	return log_wrong(EXIT_USAGE, "--secret-file %s: %s", path,
	    secret->len == 0 ? "it is empty" : "longer than 1024 bytes");
}

static void
log_one_error(void *arg, const char *text)
{
	(void)arg;
	log_error("%s", text);
}

/* For -c. A PROGRAM without a slash is looked for in PATH when a visitor comes. */
static int
check_program(char *const *program)
{
	if (program == NULL || strchr(program[0], '/') == NULL || access(program[0], X_OK) == 0)
		return 0;
	return log_wrong(EXIT_USAGE, "%s: %s", program[0], strerror(errno));
}

static int
load(struct tunnelc *t)
{
	const struct options *o = t->opts;
	int code = pins_check(o, o->check ? log_bare : log_one_error);
	struct identity *me;

	if (o->identity != NULL) {
		code = exit_worse(code, load_identity(o->identity, &me));
		t->identity = me;
	}
	if (o->secret_file != NULL)
		code = exit_worse(code, load_secret(o->secret_file, &t->secret));
	if (o->check)
		code = exit_worse(code, check_program(o->program));
	return code;
}

/* ---- errands ---- */

static int
run_errand(const struct options *o)
{
	struct identity *me;
	int code;

	if (o->new_key != NULL && identity_new_file(o->new_key) == -1) {
		if (errno == EEXIST)
			diex(EXIT_USAGE, "--new-key %s: it is there already, and stays as it is",
			    o->new_key);
		die(EXIT_TEMP, "--new-key %s", o->new_key);
	}
	code = load_identity(o->new_key != NULL ? o->new_key : o->identity, &me);
	if (code != 0)
		return code;
	if (o->ready)
		code = ready_ask(identity_id(me));
	else
		puts(identity_id(me));
	log_stdout_done();
	identity_free(me);
	return code;
}

/* ---- what the parts report ---- */

void
app_count(int metric, int64_t by)
{
	metrics_add(the->metrics, 0, (size_t)metric, by);
}

uint64_t
app_visitor_came(void)
{
	the->visitors++;
	app_count(M_VISITORS, 1);
	return ++the->last_conn;
}

void
app_visitor_left(const struct connlog *line, bool served)
{
	connlog_write(line);
	the->visitors--;
	app_count(M_VISITORS, -1);
	app_count(served ? M_VISITORS_OK : M_VISITORS_REFUSED, 1);
	app_count(M_RX, (int64_t)line->rx);
	app_count(M_TX, (int64_t)line->tx);
}

void
app_turned_away(void)
{
	app_visitor_left(&(struct connlog){ .id = app_visitor_came(), .peer.family = AF_UNSPEC,
	    .hello = HELLO_NONE, .end = END_LIMIT }, false);
}

void
app_welcomed(void)
{
	if (the->welcomed)
		return;
	the->welcomed = true;
	(void)notify_ready_fd(the->opts->notify_fd, "");
	notify_systemd("READY=1");
}

void
app_link_ended(void)
{
	for (size_t i = 0; i < the->n_servers; i++)
		if (!server_over(the->servers[i]))
			return;
	ev_stop(the->ev);
}

/* ---- signals ---- */

static void
on_grace_over(struct ev_timer *t)
{
	(void)t;
	stream_cut_all();
	ev_stop(the->ev);
}

static void
drain(void)
{
	log_info("stopping: %u visitor%s %g s to finish", the->visitors,
	    the->visitors == 1 ? " has" : "s have", (double)the->opts->grace_ms / 1000);
	notify_systemd("STOPPING=1");
	the->draining = true;
	ready_leave();
	scrape_door_give_up(&metrics_door);
	for (size_t i = 0; i < the->n_servers; i++)
		server_drain(the->servers[i]);
	if (the->opts->grace_ms == 0) {
		on_grace_over(NULL);
		return;
	}
	ev_timer_in(the->ev, &grace, the->opts->grace_ms);
	app_link_ended();
}

static void
on_stop_signal(void *arg, int signo)
{
	(void)arg;
	(void)signo;
	if (the->draining)
		on_grace_over(NULL);
	else
		drain();
}

static void
on_hup(void *arg, int signo)
{
	(void)arg;
	(void)signo;
	if (the->welcomed)
		notify_systemd_reloading();
	dialer_reload(the->dialer);
	resolver_reload(the->resolver);
	if (the->welcomed)
		notify_systemd("READY=1");	/* which would be a lie before the welcome */
}

static void
on_usr1(void *arg, int signo)
{
	char text[STATUS_MAX];

	(void)arg;
	(void)signo;
	for (size_t i = 0; i < the->n_servers; i++)
		log_info("status %s draining=%s",
		    server_status(the->servers[i], text, sizeof(text)),
		    the->draining ? "yes" : "no");
}

static void
on_child(void *arg, int signo)
{
	(void)arg;
	(void)signo;
	program_reap();
}

/* Set for each signal: PID 1 has no default actions, and what we inherit may be anything. */
static int
watch_signals(void)
{
	static const struct {
		int signo;
		ev_signal_cb *cb;
	} row[] = { { SIGTERM, on_stop_signal }, { SIGINT, on_stop_signal }, { SIGHUP, on_hup },
		{ SIGUSR1, on_usr1 }, { SIGCHLD, on_child } };

	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		if (ev_signal(the->ev, row[i].signo, row[i].cb, NULL) == -1)
			return -1;
	return 0;
}

/* ---- a process ---- */

static void
name_instance(char out[static CONTROL_INSTANCE_LEN + 1])
{
	uint8_t random[CONTROL_INSTANCE_LEN / 2];

	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		die(EXIT_TEMP, "random bytes");
	for (size_t i = 0; i < sizeof(random); i++)
		snprintf(out + 2 * i, 3, "%02x", random[i]);
}

/* The way in: keys, or the ancestors' secret. */
static void
set_up_transport(void)
{
	char why[TLS_WHY_MAX];

	if (the->identity != NULL)
		ready_serve(identity_id(the->identity));
	if (by_secret()) {
		the->relays = relay_pool_new(the->ev, PIPES_MAX, raw_more);
		if (the->relays == NULL)
			die(EXIT_TEMP, "start");
		return;
	}
	the->tls = tls_context_new(TLS_CLIENT, the->identity, why);
	if (the->tls == NULL)
		diex(EXIT_TEMP, "tls: %s", why);
}

static void
set_up(void)
{
	int code;
	const struct options *o = the->opts;

	(void)getrlimit(RLIMIT_NOFILE, &the->descriptors);
	launch_raise_fd_limit();
	name_instance(the->instance);
	grace.cb = on_grace_over;
	the->ev = ev_new();
	the->metrics = metrics_new(metrics_table, M_COUNT, 1);
	if (the->ev == NULL || the->metrics == NULL || watch_signals() == -1)
		die(EXIT_TEMP, "start");
	ev_before_wait(the->ev, log_turn);
	the->resolver = resolver_new(the->ev, REACH_MS);
	the->dialer = dialer_new(the->ev, o->connect_ms);
	the->muxes = mux_pool_new(the->ev);
	the->servers = calloc(o->servers.n, sizeof(struct server *));
	if (the->resolver == NULL || the->dialer == NULL || the->muxes == NULL ||
	    the->servers == NULL)
		die(EXIT_TEMP, "start");
	set_up_transport();
	code = scrape_door_bind(&metrics_door, o->metrics);
	if (code != 0)
		exit(code);
	scrape_door_serve(&metrics_door, the->ev, the->metrics);
}

static void
tear_down(void)
{
	for (size_t i = 0; i < the->n_servers; i++)
		server_free(the->servers[i]);
	free(the->servers);
	listeners_close_all(&metrics_door.listeners, true);
	mux_pool_free(the->muxes);
	relay_pool_free(the->relays);
	dialer_free(the->dialer);
	resolver_free(the->resolver);
	tls_context_free(the->tls);
	ev_free(the->ev);
	log_flush();
}

static int
run(void)
{
	const struct opt_list *servers = &the->opts->servers;
	int code = 0;

	set_up();
	for (size_t i = 0; i < servers->n; i++) {
		the->servers[i] = server_new(servers->item[i]);
		if (the->servers[i] == NULL)
			die(EXIT_TEMP, "start");
		the->n_servers++;
	}
	if (ev_run(the->ev) == -1) {
		log_error("event loop: %s", strerror(errno));
		code = EXIT_TEMP;
	}
	tear_down();
	return code;
}

int
main(int argc, char **argv)
{
	static struct options o = { .notify_fd = NOTIFY_NO_FD, .grace_ms = 30000,
		.connect_ms = 5000, .idle_ms = 600000, .half_close_ms = 60000, .hello_ms = 5000 };
	static struct tunnelc tunnelc;
	bool good;
	int code;

	the = &tunnelc;
	the->opts = &o;
	log_init("tunnelc", LOG_LEVEL_INFO, false);
	launch_fill_std();
	options_parse(&o, argc, argv);
	log_init("tunnelc", o.verbose ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO, o.log_time);
	good = options_check(&o, &the->words);
	if (options_errand(&o))
		return run_errand(&o);
	code = load(the);
	if (!good || code != 0)
		return good ? code : EXIT_USAGE;
	return o.check ? 0 : run();
}
