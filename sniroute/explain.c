/* SPDX-License-Identifier: ISC */
/* --explain: which line would serve a name, why, and what would be dialled. */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ev.h"
#include "host.h"
#include "log.h"
#include "sniroute.h"

struct asked {
	struct slice name;		/* as given */
	char norm[HOST_MAX + 1];
	struct slice lookup;		/* normalised, or absent */
	struct slice alpn;		/* wire list */
	uint8_t alpn_wire[1024];
	struct endpoint src;
	bool proxied;			/* a PROXY header must come first, and hasn't yet */
	size_t header_len;		/* of the one that has */
	enum hello_verdict verdict;
};

static void
take_name(struct asked *a, struct slice name)
{
	size_t len = host_normalize(name, a->norm);

	a->name = name;
	a->lookup = len > 0 ? slice_of(a->norm, len) : slice_of(NULL, 0);
	if (len == 0 && a->verdict == HELLO_OK)
		a->verdict = HELLO_NO_SNI;
}

static void
take_alpn(struct asked *a, struct slice proto)
{
	uint8_t *at = a->alpn_wire + a->alpn.len;

	if (proto.len == 0 || proto.len > 255 || a->alpn.len + 1 + proto.len > sizeof(a->alpn_wire))
		diex(EXIT_USAGE,
		    "-x: alpn= wants a protocol of 1 to 255 bytes, and not too many of them");
	at[0] = (uint8_t)proto.len;
	memcpy(at + 1, proto.p, proto.len);
	a->alpn = slice_of((char *)a->alpn_wire, a->alpn.len + 1 + proto.len);
}

/* NAME[,alpn=P]...[,src=IP] */
static void
parse_question(struct asked *a, struct slice text)
{
	struct slice name = slice_cut(&text, ',');

	a->src.family = AF_UNSPEC;
	a->verdict = HELLO_OK;
	while (text.p != NULL) {
		struct slice item = slice_cut(&text, ',');

		if (slice_starts(item, "alpn="))
			take_alpn(a, slice_skip(item, 5));
		else if (!slice_starts(item, "src=") ||
		    !endpoint_parse_ip(slice_skip(item, 4), &a->src))
			diex(EXIT_USAGE, "-x: \"" SLICE_FMT "\" is neither alpn=PROTOCOL "
			    "nor src=IP", SLICE_ARG(item));
	}
	take_name(a, name);
}

/* False: nothing came in time. */
static bool
await_stdin(uint64_t deadline_ms)
{
	struct pollfd in = { STDIN_FILENO, POLLIN, 0 };
	uint64_t now = ev_clock_ms(), left = now < deadline_ms ? deadline_ms - now : 0;

	return poll(&in, 1, left > INT_MAX ? INT_MAX : (int)left) != 0;
}

/* All that has come so far, as sniroute would judge it with these options. */
static enum hello_verdict
judge(struct asked *a, struct hello *h, const uint8_t *buf, size_t len)
{
	static uint8_t scratch[HELLO_ABSOLUTE_MAX];
	struct proxyhdr header;
	enum proxyhdr_result r;

	if (a->proxied) {
		r = proxyhdr_read(buf, len, &header, &a->header_len);
		if (r != PROXYHDR_OK)
			return r == PROXYHDR_MORE ? HELLO_MORE : HELLO_MALFORMED;
		a->proxied = false;
		if (header.src.family != AF_UNSPEC)
			a->src = header.src;
	}
	return hello_parse(h, buf + a->header_len, len - a->header_len, scratch);
}

/* Like a client's: no more is read than the verdict needs, and --hello-timeout waited for it. */
static enum hello_verdict
read_hello(struct asked *a, struct hello *h, uint64_t timeout_ms)
{
	static uint8_t buf[7 * HELLO_ABSOLUTE_MAX];
	uint64_t deadline_ms = timeout_ms == 0 ? UINT64_MAX : ev_clock_ms() + timeout_ms;
	enum hello_verdict verdict = HELLO_MORE;
	size_t len = 0;
	ssize_t n;

	while (verdict == HELLO_MORE && len < sizeof(buf)) {
		if (!await_stdin(deadline_ms))
			return HELLO_TIMEOUT;
		n = read(STDIN_FILENO, buf + len, sizeof(buf) - len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			die(EXIT_TEMP, "-x -: standard input");
		if (n == 0)
			return HELLO_EOF;
		len += (size_t)n;
		verdict = judge(a, h, buf, len);
	}
	return verdict;
}

static void
parse_stdin(struct asked *a, const struct options *o)
{
	struct hello h = { .max = (uint32_t)o->hello_max };

	a->proxied = serve_wants_proxyhdr(&o->serve, &a->src);
	a->verdict = read_hello(a, &h, o->serve.hello_ms);
	if (a->verdict == HELLO_OK || a->verdict == HELLO_NO_SNI)
		take_name(a, h.name);
	if (h.alpn.p != NULL)
		a->alpn = h.alpn;
}

static void
print_question(const struct asked *a)
{
	char value[LOG_VALUE_MAX], room[ENDPOINT_TEXT_MAX];
	struct slice list = a->alpn, proto, src = endpoint_ip_text(&a->src, room);

	printf("hello=%s name=%s", hello_word(a->verdict),
	    log_value(a->lookup.p != NULL ? a->lookup : a->name, value));
	while ((proto = hello_alpn_next(&list)).p != NULL)
		printf(" alpn=%s", log_value(proto, value));
	if (src.len > 0)
		printf(" src=" SLICE_FMT, SLICE_ARG(src));
	printf("\n");
}

static void
print_targets(const struct asked *a, const struct route *r)
{
	static const char *const order[] = {
		[BALANCE_LEAST] = "fewest connections first, ties in this order",
		[BALANCE_FIRST] = "in this order",
		[BALANCE_SOURCE] = "by the client's address, in this order for the one asked about",
	};
	struct slice target;

	if (r->balance == BALANCE_SOURCE && a->src.family == AF_UNSPEC)
		printf("dial: by the client's address, in some order (ask with ,src=IP)\n");
	else
		printf("dial: %s\n", order[r->balance]);
	for (size_t n = 0; (target = dial_order(r->targets, r->balance, &a->src, n)).p != NULL; n++)
		printf("  %zu. " SLICE_FMT "%s\n", n + 1, SLICE_ARG(target),
		    slice_starts(target, "pass:") ? " (the socket is handed over)" :
		    r->proxy == PROXYHDR_V1 ? " with a PROXY v1 header" :
		    r->proxy == PROXYHDR_V2 ? " with a PROXY v2 header" : "");
}

static bool
print_admission(const struct asked *a, const struct route *r)
{
	bool denied = r->deny.p != NULL && cidr_list_has(r->deny, &a->src);
	bool allowed = r->allow.p == NULL || cidr_list_has(r->allow, &a->src);

	if (r->allow.p != NULL || r->deny.p != NULL)
		printf("client: %s\n", a->src.family == AF_UNSPEC ? "has rules (ask with ,src=IP)" :
		    denied ? "denied by deny=" : allowed ? "admitted" : "denied: not in allow=");
	if (r->max != 0)
		printf("limit: %" PRIu64 " connections at once\n", r->max);
	return a->src.family == AF_UNSPEC || (allowed && !denied);
}

static const char *
why(const struct asked *a, enum routes_kind kind, int rank)
{
	if (kind == ROUTES_LISTEN)
		return "the listening address";
	if (rank == ROUTES_EXACT)
		return "the exact name";
	if (rank > ROUTES_DEFAULT)
		return "the longest wildcard above the name";
	if (a->verdict == HELLO_NOT_TLS)
		return "what is not TLS goes to tcp= of \"*\"";
	return a->lookup.p == NULL ? "no valid name was given" : "no other name fits";
}

/* Whoever looks for a name's http= here is told who serves it. */
static void
print_http(const struct asked *a, const struct routeset *rs)
{
	struct route r;

	if (a->lookup.p != NULL &&
	    routeset_find(rs, ROUTES_HTTP, a->lookup, a->alpn, &r) >= ROUTES_DEFAULT &&
	    slice_is(r.key, "http"))
		printf("plain HTTP, which httpredir serves: %s:%u: " SLICE_FMT " http=" SLICE_FMT
		    "\n", r.file, routeset_line_number(rs, &r), SLICE_ARG(r.name),
		    SLICE_ARG(r.targets));
}

static int
print_route(const struct asked *a, const struct routeset *rs, enum routes_kind kind)
{
	struct slice name = kind == ROUTES_LISTEN ? a->name : a->lookup;
	struct route r;
	int rank = routeset_find(rs, kind, name, a->alpn, &r);

	if (rank < ROUTES_DEFAULT) {
		printf("refused: no line fits%s\n",
		    kind == ROUTES_TLS ? " (alert 112, unrecognized_name)" :
		    kind == ROUTES_LISTEN ? "; to ask about a host, give a host name alone" : "");
		if (kind == ROUTES_TLS)
			print_http(a, rs);
		return EXIT_USAGE;
	}
	printf("line: %s:%u: " SLICE_FMT " " SLICE_FMT "=" SLICE_FMT "\n", r.file,
	    routeset_line_number(rs, &r), SLICE_ARG(r.name), SLICE_ARG(r.key),
	    SLICE_ARG(r.targets));
	printf("why: %s%s\n", why(a, kind, rank),
	    slice_starts(r.key, "alpn:") ? ", and the hello offers the protocol" : "");
	if (!print_admission(a, &r)) {
		printf("refused: denied%s\n",
		    kind == ROUTES_TLS ? " (alert 49, access_denied)" : "");
		return EXIT_USAGE;
	}
	print_targets(a, &r);
	return 0;
}

static int
answer(const struct options *o, const struct routeset *rs)
{
	struct slice text = slice_str(o->explain);
	static struct asked a;

	parse_question(&a, text);
	if (a.name.len > 0 && memchr(a.name.p, ':', a.name.len) != NULL) {
		printf("listening address " SLICE_FMT "\n", SLICE_ARG(a.name));
		return print_route(&a, rs, ROUTES_LISTEN);
	}
	if (slice_is(a.name, "-"))
		parse_stdin(&a, o);
	print_question(&a);
	switch (a.verdict) {
	case HELLO_OK:
	case HELLO_NO_SNI:
		return print_route(&a, rs, ROUTES_TLS);
	case HELLO_NOT_TLS:
		return print_route(&a, rs, ROUTES_TCP);
	case HELLO_TOO_BIG:
	case HELLO_MALFORMED:
		if (a.proxied)
			printf("refused: the PROXY header is broken or missing\n");
		else
			printf("refused: the hello is %s (alert 50, decode_error)\n",
			    hello_word(a.verdict));
		break;
	case HELLO_EOF:
	case HELLO_MORE:
	case HELLO_TIMEOUT:
	case HELLO_NONE:
		printf("refused: the hello is not whole\n");
		break;
	}
	return EXIT_USAGE;
}

int
explain(const struct options *o, const struct routeset *rs)
{
	int code = answer(o, rs);

	log_stdout_done();
	return code;
}
