/* SPDX-License-Identifier: ISC */
/* The command line: what it may say, and what fits together. */
#include <string.h>

#include "host.h"
#include "log.h"
#include "tunneld.h"

#define SYNOPSIS                                                                                   \
	"tunneld [-l ADDR]... -i KEYFILE --domain DOMAIN --visitors ADDR... "                      \
	"(-a FILE | --open) [options]"                                                             \
	OPTS_OR "tunneld -i KEYFILE --id"                                                          \
	OPTS_OR "tunneld ... -c"

#define WITHDRAW_MS 2000u	/* for the other nodes to take notice */
#define DOMAIN_MAX (HOST_MAX - IDENTITY_ID_LEN - 1)	/* of a domain that leaves room for "ID." */

static void
parse(struct options *o, int argc, char **argv)
{
	const struct opt table[] = {
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
		SERVE_OPTIONS_WORDED(o->serve, "only 1 is allowed",
		    "connections at once (what descriptors allow)", "has no effect here"),
	};

	opts_parse(argc, argv, SYNOPSIS, table, sizeof(table) / sizeof(table[0]));
}

void
options_parse(struct options *o, int argc, char **argv)
{
	static struct serve_door doors[2];
	static struct opt_file kept[2];

	parse(o, argc, argv);
	doors[0] = (struct serve_door){ "--visitors", &o->visitors, DOOR_VISITORS, true };
	doors[1] = (struct serve_door){ "--legacy", &o->legacy, DOOR_LEGACY, false };
	kept[0] = (struct opt_file){ "--clients", o->clients };
	kept[1] = (struct opt_file){ "--local", o->local };
	o->serve.doors = doors;
	o->serve.n_doors = 2;
	o->serve.kept = kept;
	o->serve.n_kept = 2;
	o->serve.reread = o->authorized;
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
	return r == ADDR_OK || log_wrong(false, "--advertise %s: %s", o->advertise, addr_why(r, 0));
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

bool
options_check(struct options *o)
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
