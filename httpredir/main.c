/* SPDX-License-Identifier: ISC */
/*
 * httpredir: redirect plain HTTP to https, answer ACME, proxy what has an http= route.
 * Options and their use.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "httpredir.h"
#include "log.h"

#define SYNOPSIS "httpredir [-l ADDR]... [-r FILE]... [-s STATUS] [-p PORT] [-w DIR] [options]"

static const struct metric metrics_table[M_COUNT] = {
	SERVE_METRICS("httpredir"), SERVE_ROUTES_METRICS("httpredir"),
#define REQUESTS(i, word)                                                                          \
	[i] = { "httpredir_requests_total", "by=\"" word "\"",                                     \
	    "Requests, by what became of them.", METRIC_COUNTER }
	REQUESTS(M_REQ_REDIRECT, "redirect"), REQUESTS(M_REQ_ACME, "acme"),
	REQUESTS(M_REQ_PROXY, "proxy"), REQUESTS(M_REQ_FAILED, "failed"),
	REQUESTS(M_REQ_REFUSED, "refused"),
#define ANSWERS(i, word)                                                                           \
	[M_ANSWER + (i)] = { "httpredir_answers_total", "class=\"" word "\"",                      \
	    "Answers sent, by class of status.", METRIC_COUNTER }
	ANSWERS(0, "2xx"), ANSWERS(1, "3xx"), ANSWERS(2, "4xx"), ANSWERS(3, "5xx"),
	[M_TARGET_CONNECTS] = { "httpredir_target_connects_total", NULL,
	    "Connections to targets begun.", METRIC_COUNTER },
	[M_TARGET_REUSES] = { "httpredir_target_reuses_total", NULL,
	    "Requests sent on a kept connection to a target.", METRIC_COUNTER },
	[M_TARGET_CONNS] = { "httpredir_target_connections", NULL,
	    "Connections to targets open now, kept ones included.", METRIC_GAUGE },
};

static void
parse_opts(struct options *o, int argc, char **argv)
{
	const struct opt table[] = {
		{ 's', "status", "301|302|307|308", OPT_NUMBER, &o->status, 301, 308,
		    "status of redirects (308)" },
		{ 'p', "port", "PORT", OPT_NUMBER, &o->port, 1, 65535,
		    "port redirects lead to (443)" },
		{ 'w', "webroot", "DIR", OPT_FILE, &o->webroot, 0, 0,
		    "answer ACME challenges with the files of DIR" },
		{ 0, "https", NULL, OPT_FLAG, &o->https, 0, 0,
		    "TLS was taken off in front: proxy only, never redirect" },
		{ 0, "trust", "CIDR,...", OPT_COMMAS, &o->trust, 0, 0,
		    "clients whose forwarding fields are kept and added to" },
		{ 0, "response-timeout", "SECONDS", OPT_SECONDS, &o->response_ms, 0, OPTS_MS_MAX,
		    "time limit for the first byte of an answer (30)" },
		SERVE_OPTIONS(o->serve),
	};

	opts_parse(argc, argv, SYNOPSIS, table, sizeof(table) / sizeof(table[0]));
}

static bool
check_status(uint64_t status)
{
	if (status == 301 || status == 302 || status == 307 || status == 308)
		return true;
	log_error("--status: %u is not one of 301, 302, 307, 308", (unsigned)status);
	return false;
}

static bool
check_https(const struct options *o)
{
	if (!o->https || o->serve.routes.n > 0)
		return true;
	log_error("--https proxies and needs to know where to: give -r FILE; -h shows the usage");
	return false;
}

/* What certbot calls its webroot: the tokens are two folders below. */
static void
warn_of_deep_tokens(int fd, const char *dir)
{
	size_t len = strlen(dir);

	if (faccessat(fd, ".well-known/acme-challenge/", F_OK, 0) == -1)
		return;
	while (len > 0 && dir[len - 1] == '/')
		len--;
	log_warn("webroot %s: .well-known/acme-challenge is in it, but tokens are looked for in "
	    "the folder itself: give -w %.*s/.well-known/acme-challenge", dir, (int)len, dir);
}

/* The folder may be replaced later, but one that is not there now is a mistake. */
static bool
check_webroot(const char *dir)
{
	int fd;

	if (dir == NULL)
		return true;
	fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1) {
		log_error("--webroot %s: %s", dir, strerror(errno));
		return false;
	}
	warn_of_deep_tokens(fd, dir);
	close(fd);
	return true;
}

/* Every error is reported. 0, or the exit code. */
static int
check_opts(const struct options *o)
{
	bool good = check_status(o->status), webroot;

	good &= check_https(o);
	good &= serve_check_opts(&o->serve);
	good &= opts_check_cidrs("--trust", o->trust);
	webroot = check_webroot(o->webroot);
	return !good ? EXIT_USAGE : webroot ? 0 : EXIT_TEMP;
}

int
main(int argc, char **argv)
{
	static struct options o = { .serve = { SERVE_CONF_DEFAULTS },
		.status = 308, .port = 443, .response_ms = 30000 };
	static struct httpredir ht = { .opts = &o };
	struct routeset *rs;
	int code, checked;

	log_init("httpredir", LOG_LEVEL_INFO, false);
	launch_fill_std();
	parse_opts(&o, argc, argv);
	o.serve.folder = o.webroot;
	log_init("httpredir", o.serve.verbose ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO, o.serve.log_time);
	code = check_opts(&o);
	if (!o.serve.check)
		return code != 0 ? code :
		    serve_main(&o.serve, &client_ops, &ht, metrics_table, M_COUNT);
	checked = serve_check(&o.serve, &rs);
	routeset_free(rs);
	return code == 0 ? checked : EXIT_USAGE;
}
