/* SPDX-License-Identifier: ISC */
/*
 * tunneld: visitors reach services of clients that dialled out and proved a key.
 * The process: its start, signals and end.
 */
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "client.h"
#include "log.h"
#include "relay.h"

struct tunneld *the;

/* What main() has read; start() puts it in place. */
static struct grant *grants;

static const struct metric metrics_table[M_COUNT] = {
	SERVE_METRICS("tunneld"),
	[M_SESSIONS] = { "tunneld_sessions", NULL, "Tunnel clients connected and welcome.",
	    METRIC_GAUGE },
	[M_VISITORS] = { "tunneld_visitors", NULL, "Visitors joined to a client.", METRIC_GAUGE },
	[M_LOGINS] = { "tunneld_logins", NULL, "Logins under way.", METRIC_GAUGE },
	[M_PARKED] = { "tunneld_parked_visitors", NULL,
	    "Visitors waiting for a client that is away.", METRIC_GAUGE },
#define LOGINS(i, word)                                                                            \
	[i] = { "tunneld_logins_total", "result=\"" word "\"", "Logins, by how they went.",        \
	    METRIC_COUNTER }
	LOGINS(M_LOGINS_OK, "ok"), LOGINS(M_LOGINS_REFUSED, "refused"),
	LOGINS(M_LOGINS_FAILED, "failed"), LOGINS(M_LOGINS_LIMITED, "limited"),
#define VISITORS(i, word)                                                                          \
	[i] = { "tunneld_visitors_total", "kind=\"" word "\"", "Visitors, by kind.",               \
	    METRIC_COUNTER }
	VISITORS(M_VISITORS_TLS, "tls"), VISITORS(M_VISITORS_HTTP, "http"),
	VISITORS(M_VISITORS_TCP, "tcp"),
	[M_GRANTS] = { "tunneld_authorized_lines", NULL, "Lines of the authorization file in use.",
	    METRIC_GAUGE },
	[M_AUTH_OK] = { "tunneld_authorized_reloads_total", "result=\"ok\"",
	    "Authorization file read again.", METRIC_COUNTER },
	[M_AUTH_FAILED] = { "tunneld_authorized_reloads_total", "result=\"failed\"",
	    "Authorization file read again.", METRIC_COUNTER },
};

/* ---- what is read before anything is opened ---- */

/* 0, or the exit code. */
static int
load_identity(const struct options *o, struct identity **me)
{
	char why[IDENTITY_WHY_MAX];

	*me = identity_load(o->identity, why);
	return *me != NULL ? 0 : log_wrong(exit_for_file(o->serve.check), "-i %s", why);
}

static void
log_line(void *arg, const char *text)
{
	(void)arg;
	log_error("authorized: %s", text);
}

/* 0, or the exit code. */
static int
check(const struct options *o)
{
	struct routeset *rs;
	int code = serve_check(&o->serve, &rs), bad = 0;

	routeset_free(rs);
	if (o->authorized != NULL)
		bad = authorized_load(o->authorized, log_bare, NULL, &grants);
	return code == 0 && bad == 0 ? 0 : EXIT_USAGE;
}

static void
print_id(const struct identity *key)
{
	puts(identity_id(key));
	log_stdout_done();
}

/* ---- a serving process ---- */

static void
on_names(void *arg)
{
	(void)arg;
	parked_look_again();
	published_changed();
}

static const struct clients_ops registry_ops = { .end = client_end, .changed = client_changed,
	.names = on_names };

static bool
load_grants(void)
{
	struct grant *list = grants;

	grants = NULL;
	return clients_load(the->clients, list, (int64_t)time(NULL));
}

static int
start(struct serve *s)
{
	const struct options *o;

	the = s->arg;
	the->serve = s;
	o = the->opts;
	the->muxes = mux_pool_new(s->ev);
	the->relays = relay_pool_new(s->ev, s->max_pipes, raw_more);
	the->clients = clients_new(o->domain, o->open, &registry_ops, NULL);
	if (the->muxes == NULL || the->relays == NULL || the->clients == NULL ||
	    login_start() == -1)
		return -1;
	if (published_start() == -1)
		return -1;
	if (o->authorized != NULL && !load_grants())
		return -1;
	return authorized_watch();
}

static void
stop(struct serve *s)
{
	(void)s;
	if (the == NULL)
		return;
	clients_free(the->clients);
	relay_pool_free(the->relays);
	mux_pool_free(the->muxes);
}

static void
on_accept(struct serve *s, const struct serve_client *from)
{
	(void)s;
	if (from->via->role == DOOR_VISITORS)
		visitor_accept(from);
	else
		login_accept(from);
}

static void
cut(struct serve *s, struct serve_conn *base)
{
	(void)s;
	if (base->via->role == DOOR_VISITORS)
		visitor_cut(base);
	else
		client_cut(base);
}

static void
on_hup(struct serve *s)
{
	(void)s;
	authorized_reload();
}

static void
on_drain(struct serve *s)
{
	(void)s;
	published_stop();
	parked_drain();
	client_drain_all();
}

static void
on_leaving(struct serve *s)
{
	(void)s;
	published_stop();
}

static void
on_status(struct serve *s)
{
	log_info("status sessions=%zu visitors=%" PRId64 " parked=%" PRId64
	    " logins=%zu authorized=%zu",
	    clients_sessions(the->clients), metrics_sum(s->metrics, M_VISITORS),
	    metrics_sum(s->metrics, M_PARKED), login_count(), clients_grants(the->clients));
}

static const struct serve_ops ops = {
	.start = start,
	.accept = on_accept,
	.cut = cut,
	.hup = on_hup,
	.status = on_status,
	.leaving = on_leaving,
	.drain = on_drain,
	.stop = stop,
};

/* ---- the process ---- */

static int
serve(struct options *o, struct tunneld *me)
{
	char why[TLS_WHY_MAX];
	int code;

	ev_signal_hold();	/* a file of many lines takes a while */
	if (o->authorized != NULL) {
		code = authorized_load(o->authorized, log_line, NULL, &grants);
		if (code != 0)
			return code;
	}
	me->tls = tls_context_new(TLS_SERVER, me->identity, why);
	if (me->tls == NULL)
		diex(EXIT_TEMP, "TLS: %s", why);
	log_info("id=%s domain=%s", identity_id(me->identity), o->domain);
	code = serve_main(&o->serve, &ops, me, metrics_table, M_COUNT);
	tls_context_free(me->tls);
	return code;
}

int
main(int argc, char **argv)
{
	static struct options o = {
		.serve = { .no_one = true, SERVE_CONF_DEFAULTS, .leave_ms = SERVE_UNSET },
		.park_ms = 5000, .heartbeat_ms = 10000, .dead_ms = 20000, .max_logins = 128,
	};
	static struct tunneld me = { .opts = &o };
	struct identity *key;
	bool good;
	int code;

	log_init("tunneld", LOG_LEVEL_INFO, false);
	launch_fill_std();
	options_parse(&o, argc, argv);
	log_init("tunneld", o.serve.verbose ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO, o.serve.log_time);
	good = options_check(&o);
	code = load_identity(&o, &key);
	me.identity = key;
	if (!good)
		code = EXIT_USAGE;
	if (o.serve.check && !o.id)
		code = exit_worse(code, check(&o));
	else if (code == 0 && o.id)
		print_id(key);
	else if (code == 0)
		code = serve(&o, &me);
	grants_free(grants);
	identity_free(key);
	return code;
}
