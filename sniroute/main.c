/* SPDX-License-Identifier: ISC */
/*
 * sniroute: route TLS by the name in its hello, never decrypting. Options and what to do with them.
 */
#include "log.h"
#include "sniroute.h"

#define SYNOPSIS                                                                                   \
	"sniroute [-l ADDR]... (-r FILE... | -t TARGET) [options]"                                 \
	OPTS_OR "sniroute -r FILE... -x NAME[,alpn=P][,src=IP]"                                    \
	OPTS_OR "sniroute -r FILE... -c"

static const struct metric metrics_table[M_COUNT] = {
	SERVE_METRICS("sniroute"), SERVE_ROUTES_METRICS("sniroute"),
#define HELLO_METRIC(v, word)                                                                      \
	[M_HELLO + (v) - HELLO_OK] = { "sniroute_hellos_total", "verdict=\"" word "\"",            \
	    "Hellos, by verdict.", METRIC_COUNTER }
	HELLO_METRIC(HELLO_OK, "ok"), HELLO_METRIC(HELLO_NO_SNI, "no-sni"),
	HELLO_METRIC(HELLO_NOT_TLS, "not-tls"), HELLO_METRIC(HELLO_TOO_BIG, "too-big"),
	HELLO_METRIC(HELLO_MALFORMED, "malformed"),
	HELLO_METRIC(HELLO_TIMEOUT, "timeout"), HELLO_METRIC(HELLO_EOF, "eof"),
};

static void
parse_opts(struct options *o, int argc, char **argv)
{
	const struct opt table[] = {
		{ 't', "target", "TARGET", OPT_TEXT, &o->target, 0, 0,
		    "send everything to TARGET, without peeking" },
		{ 'x', "explain", "NAME[,alpn=P][,src=IP]", OPT_TEXT, &o->explain, 0, 0,
		    "say which line would serve NAME, and why (\"-\": a hello on standard input)" },
		{ 0, "hello-max", "BYTES", OPT_NUMBER, &o->hello_max, 64, HELLO_ABSOLUTE_MAX,
		    "longest hello accepted (16384)" },
		SERVE_OPTIONS(o->serve),
	};

	opts_parse(argc, argv, SYNOPSIS, table, sizeof(table) / sizeof(table[0]));
}

static bool
check_target(struct slice targets)
{
	bool good = true;
	struct addr a;

	do {
		struct slice t = slice_cut(&targets, ',');
		enum addr_result r = addr_parse(t, ADDR_ALLOW_PASS, &a);

		if (r == ADDR_OK)
			continue;
		if (t.len == 0)
			log_error("-t: empty item in the list of targets");
		else
			log_error("-t " SLICE_FMT ": %s", SLICE_ARG(t),
			    addr_why(r, ADDR_ALLOW_PASS));
		good = false;
	} while (targets.p != NULL);
	return good;
}

/* Every bad value is reported, so that -c shows them all. */
static bool
check_opts(const struct options *o)
{
	const struct serve_conf *c = &o->serve;
	bool good = serve_check_opts(c);

	if (o->target != NULL && c->routes.n > 0)
		diex(EXIT_USAGE, "-t and -r exclude each other");
	if (o->target == NULL && c->routes.n == 0)
		diex(EXIT_USAGE,
		    "nowhere to route to: give -r FILE or -t TARGET; -h shows the usage");
	if (o->target != NULL && o->explain != NULL)
		diex(EXIT_USAGE, "-x explains routes files: give -r FILE");
	if (o->target != NULL)
		good &= check_target(slice_str(o->target));
	return good;
}

int
main(int argc, char **argv)
{
	static struct options o = { .serve = { .routes_listen = true, SERVE_CONF_DEFAULTS },
		.hello_max = HELLO_DEFAULT_MAX };
	static struct sniroute sn = { .opts = &o };
	struct routeset *rs;
	bool good;
	int code;

	log_init("sniroute", LOG_LEVEL_INFO, false);
	launch_fill_std();
	parse_opts(&o, argc, argv);
	log_init("sniroute", o.serve.verbose ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO, o.serve.log_time);
	good = check_opts(&o);
	if (!o.serve.check && o.explain == NULL)
		return good ? serve_main(&o.serve, &conn_ops, &sn, metrics_table, M_COUNT) :
		    EXIT_USAGE;
	code = serve_check(&o.serve, &rs);
	if (!good)
		code = EXIT_USAGE;
	if (code == 0 && o.explain != NULL)
		code = explain(&o, rs);
	routeset_free(rs);
	return code;
}
