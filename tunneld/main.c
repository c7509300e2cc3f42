/* SPDX-License-Identifier: ISC */
/*
 * tunneld: visitors reach services of clients that dialled out and proved a key.
 * Options and what to do with them.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "client.h"
#include "host.h"
#include "log.h"
#include "relay.h"

#define SYNOPSIS                                                                                   \
	"tunneld [-l ADDR]... -i KEYFILE --domain DOMAIN --visitors ADDR... "                      \
	"(-a FILE | --open) [options]"                                                             \
	OPTS_OR "tunneld -i KEYFILE --id"                                                          \
	OPTS_OR "tunneld ... -c"

#define WITHDRAW_MS 2000u	/* for the other nodes to take notice */
#define DOMAIN_MAX (HOST_MAX - IDENTITY_ID_LEN - 1)	/* of a domain that leaves room for "ID." */

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

/* ---- options ---- */

static void
parse_opts(struct options *o, int argc, char **argv)
{
	struct opt table[] = {
		SERVE_OPTION_LISTEN(o->serve),
		{ 'i', "identity", "KEYFILE", OPT_FILE, &o->identity, 0, 0, "this server's key" },
		{ 0, "id", NULL, OPT_FLAG, &o->id, 0, 0, "print the id of the key and exit" },
		{ 0, "domain", "DOMAIN", OPT_TEXT, &o->domain, 0, 0,
		    "clients are reached as ID.DOMAIN" },
		{ 0, "visitors", "ADDR", OPT_LIST, &o->visitors, 0, 0,
		    "where visitors are handed over (repeatable)" },
		{ 0, "peers", "CIDR,...", OPT_COMMAS, &o->peers, 0, 0,
		    "who may hand over visitors by TCP (loopback only)" },
		{ 'a', "authorized", "FILE", OPT_FILE, &o->authorized, 0, 0,
		    "the clients that are welcome, one a line" },
		{ 0, "open", NULL, OPT_FLAG, &o->open, 0, 0,
		    "every key is welcome, as its own ID.DOMAIN" },
		{ 0, "park", "SECONDS", OPT_SECONDS, &o->park_ms, 0, OPTS_MS_MAX,
		    "let visitors wait for a client that is away (5)" },
		{ 0, "heartbeat", "SECONDS", OPT_SECONDS, &o->heartbeat_ms, 0, 86400000,
		    "ping after SECONDS without sending anything (10)" },
		{ 0, "dead-after", "SECONDS", OPT_SECONDS, &o->dead_ms, 0, 86400000,
		    "end a session after SECONDS of silence (20)" },
		{ 0, "max-logins", "N", OPT_NUMBER, &o->max_logins, 1, 65536,
		    "logins under way at once, a quarter of it per source (128)" },
		{ 0, "legacy", "ADDR", OPT_LIST, &o->legacy, 0, 0,
		    "listen for tcprouter's clients, unencrypted (repeatable)" },
		{ 0, "clients", "FILE", OPT_FILE, &o->clients, 0, 0,
		    "keep a routes file of the names that are live" },
		{ 0, "advertise", "ADDR", OPT_TEXT, &o->advertise, 0, 0,
		    "its target: a visitors address, as others reach it" },
		{ 0, "local", "FILE", OPT_FILE, &o->local, 0, 0,
		    "the same for this node: targets are the visitors socket" },
		{ 0, "withdraw", "SECONDS", OPT_SECONDS, &o->serve.leave_ms, 0, OPTS_MS_MAX,
		    "on TERM empty --clients and --local, then keep serving for SECONDS "
		    "(2 with --clients)" },
		SERVE_OPTIONS_WORDED(o->serve, "connections at once (what descriptors allow)",
		    "has no effect here"),
	};
	size_t n = sizeof(table) / sizeof(table[0]);

	for (size_t i = 0; i < n; i++)
		if (table[i].letter == 'j')	/* a row all servers share: only 1 here */
			table[i].help = "only 1 is allowed";
	opts_parse(argc, argv, SYNOPSIS, table, n);
}

static bool
check_domain(struct options *o)
{
	static char domain[HOST_MAX + 1];
	size_t len = host_normalize(slice_str(o->domain), domain);

	if (len == 0)
		return log_wrong(false, "--domain %s: no host name", o->domain);
	if (len > DOMAIN_MAX)
		return log_wrong(false, "--domain %s: over %u characters", o->domain,
		    (unsigned)DOMAIN_MAX);
	if (identity_reserved(slice_of(domain, len)))
		return log_wrong(false, "--domain %s: its first label looks like an id", o->domain);
	o->domain = domain;
	return true;
}

/* What others dial is a target of routes(5). */
static bool
check_advertise(const struct options *o)
{
	struct addr a;
	enum addr_result r;

	if ((o->clients == NULL) != (o->advertise == NULL))
		return log_wrong(false, "--clients FILE and --advertise ADDR go together");
	r = o->advertise == NULL ? ADDR_OK : addr_parse(slice_str(o->advertise), 0, &a);
	return r == ADDR_OK || log_wrong(false, "--advertise %s: %s", o->advertise, addr_reason(r));
}

const char *
options_visitors_path(const struct options *o)
{
	for (size_t i = 0; i < o->visitors.n; i++)
		if (strncmp(o->visitors.item[i], "unix:/", 6) == 0)
			return o->visitors.item[i] + 5;
	return NULL;
}

static bool
check_local(const struct options *o)
{
	return o->local == NULL || options_visitors_path(o) != NULL ||
	    log_wrong(false, "--local %s: its lines need a socket, --visitors unix:/PATH",
		o->local);
}

/* What is written must not be what is read, nor the other thing that is written. */
static bool
check_files(const struct options *o)
{
	const struct opt_file file[] = { { "-i", o->identity }, { "-a", o->authorized },
		{ "--clients", o->clients }, { "--local", o->local } };

	return opts_check_differ(file, sizeof(file) / sizeof(file[0]));
}

static bool
check_times(const struct options *o)
{
	if (o->heartbeat_ms == 0 && o->dead_ms != 0)
		return log_wrong(false,
		    "--heartbeat 0 requires --dead-after 0: a side that never pings may be silent");
	if (o->dead_ms != 0 && o->dead_ms <= o->heartbeat_ms)
		return log_wrong(false, "--dead-after must be longer than --heartbeat");
	return true;
}

static bool
check_opts(struct options *o)
{
	bool good;

	if (o->identity == NULL)
		diex(EXIT_USAGE, "no key: give -i KEYFILE (tunnelc --new-key KEYFILE makes one); "
		    "-h shows the usage");
	if (o->id)
		return true;
	if (o->domain == NULL)
		diex(EXIT_USAGE, "no domain: give --domain DOMAIN; -h shows the usage");
	if (o->visitors.n == 0)
		diex(EXIT_USAGE,
		    "no way in for visitors: give --visitors ADDR; -h shows the usage");
	if (o->authorized == NULL && !o->open)
		diex(EXIT_USAGE,
		    "who is welcome? give -a FILE, or --open for every key; -h shows the usage");
	if (o->authorized != NULL && o->open)
		diex(EXIT_USAGE, "-a and --open exclude each other");
	if (o->open && o->legacy.n > 0)
		diex(EXIT_USAGE, "--legacy wants -a FILE: a secret has no name of its own");
	if (o->serve.workers > 1)
		diex(EXIT_USAGE, "-j: tunneld is one process, clients and visitors have to meet");
	good = check_domain(o);
	good &= opts_check_cidrs("--peers", o->peers);
	good &= serve_check_opts(&o->serve);
	good &= check_advertise(o);
	good &= check_local(o);
	good &= check_files(o);
	good &= check_times(o);
	if (o->serve.leave_ms == SERVE_UNSET)
		o->serve.leave_ms = o->clients != NULL ? WITHDRAW_MS : 0;
	return good;
}

/* ---- what is read before anything is opened ---- */

/* 0, or the exit code. */
static int
load_identity(const struct options *o, struct identity **me)
{
	char why[IDENTITY_WHY_MAX];
	int code;

	*me = identity_load(o->identity, why);
	if (*me != NULL)
		return 0;
	code = errno != 0 && !o->serve.check ? EXIT_TEMP : EXIT_USAGE;
	log_error("-i %s", why);
	return code;
}

static void
log_line(void *arg, const char *text)
{
	(void)arg;
	log_error("authorized: %s", text);
}

static void
print_line(void *arg, const char *text)
{
	(void)arg;
	log_bare(text);
}

/* 0, or the exit code. */
static int
check(const struct options *o)
{
	struct routeset *rs;
	int code = serve_check(&o->serve, &rs), bad = 0;

	routeset_free(rs);
	if (o->authorized != NULL)
		bad = authorized_load(o->authorized, print_line, NULL, &grants);
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

const struct serve_ops tunneld_ops = {
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
	code = serve_main(&o->serve, &tunneld_ops, me, metrics_table, M_COUNT);
	tls_context_free(me->tls);
	return code;
}

int
main(int argc, char **argv)
{
	static struct options o = {
		.serve = { .tool = "tunneld", .no_one = true, SERVE_CONF_DEFAULTS,
		    .leave_ms = SERVE_UNSET },
		.park_ms = 5000, .heartbeat_ms = 10000, .dead_ms = 20000, .max_logins = 128,
	};
	static const struct serve_door doors[] = {
		{ "--visitors", &o.visitors, DOOR_VISITORS, true },
		{ "--legacy", &o.legacy, DOOR_LEGACY, false },
	};
	static struct opt_file kept[] = { { "--clients", NULL }, { "--local", NULL } };
	static struct tunneld me = { .opts = &o };
	struct identity *key;
	bool good;
	int code;

	o.serve.doors = doors;
	o.serve.n_doors = sizeof(doors) / sizeof(doors[0]);
	log_init("tunneld", LOG_LEVEL_INFO, false);
	launch_fill_std();
	parse_opts(&o, argc, argv);
	o.serve.reread = o.authorized;
	kept[0].path = o.clients;
	kept[1].path = o.local;
	o.serve.kept = kept;
	o.serve.n_kept = sizeof(kept) / sizeof(kept[0]);
	log_init("tunneld", o.serve.verbose ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO, o.serve.log_time);
	good = check_opts(&o);
	code = load_identity(&o, &key);
	me.identity = key;
	if (!good)
		code = EXIT_USAGE;
	if (o.serve.check && !o.id)
		code = check(&o) == 0 && code == 0 ? 0 : EXIT_USAGE;
	else if (code == 0 && o.id)
		print_id(key);
	else if (code == 0)
		code = serve(&o, &me);
	grants_free(grants);
	identity_free(key);
	return code;
}
