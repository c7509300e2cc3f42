/* SPDX-License-Identifier: ISC */
/* Tests of loaded routes files: every key, every error, who beats whom. */
#include "routes_help.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "routes_line.h"

/* The kernel: this definition stands before libc's. */
static int memfd_errno;		/* what it refuses memory with, 0: nothing */

int
memfd_create(const char *name, unsigned flags)
{
	errno = memfd_errno;
	return memfd_errno != 0 ? -1 : (int)syscall(SYS_memfd_create, name, flags);
}

/* ---- names ---- */

static void
exact_beats_the_longest_wildcard_beats_a_shorter_one_beats_the_rest(void **state)
{
	struct routes *r = load("* tls=a:1\n*.org tls=b:1\n*.example.org tls=c:1\n"
	    "www.example.org tls=d:1\n");

	(void)state;
	assert_string_equal(find(r, ROUTES_TLS, "www.example.org"),
	    "1000 www.example.org:4 tls=d:1");
	assert_string_equal(find(r, ROUTES_TLS, "ftp.example.org"), "11 *.example.org:3 tls=c:1");
	assert_string_equal(find(r, ROUTES_TLS, "a.b.c.example.org"), "11 *.example.org:3 tls=c:1");
	assert_string_equal(find(r, ROUTES_TLS, "x.www.example.org"), "11 *.example.org:3 tls=c:1");
	assert_string_equal(find(r, ROUTES_TLS, "example.org"), "3 *.org:2 tls=b:1");
	assert_string_equal(find(r, ROUTES_TLS, "org"), "0 *:1 tls=a:1");
	assert_string_equal(find(r, ROUTES_TLS, "www.example.net"), "0 *:1 tls=a:1");
	routes_free(r);
}

static void
a_wildcard_is_not_its_own_suffix_and_matches_whole_labels(void **state)
{
	struct routes *r = load("*.example.org tls=a:1\n");

	(void)state;
	assert_string_equal(find(r, ROUTES_TLS, "example.org"), "none");
	assert_string_equal(find(r, ROUTES_TLS, "badexample.org"), "none");
	assert_string_equal(find(r, ROUTES_TLS, "x.badexample.org"), "none");
	assert_string_equal(find(r, ROUTES_TLS, "x.example.org"), "11 *.example.org:1 tls=a:1");
	routes_free(r);
}

static void
the_deepest_names_find_the_shallowest_wildcards(void **state)
{
	struct routes *r = load("*.x tls=a:1\n*.a.a.a.x tls=b:1\n");
	char name[254];

	(void)state;
	for (size_t i = 0; i < 253; i++)
		name[i] = i % 2 == 0 ? 'a' : '.';
	name[252] = 'x';
	name[253] = '\0';
	assert_string_equal(find(r, ROUTES_TLS, name), "7 *.a.a.a.x:2 tls=b:1");
	name[250] = 'b';
	assert_string_equal(find(r, ROUTES_TLS, name), "1 *.x:1 tls=a:1");
	routes_free(r);
}

static void
wildcards_of_every_depth_are_found(void **state)
{
	char name[254], text[320];

	(void)state;
	for (size_t i = 0; i < 253; i++)
		name[i] = i % 2 == 0 ? 'a' : '.';
	name[253] = '\0';
	for (size_t from = 2; from < 253; from += 2) {
		snprintf(text, sizeof(text), "*.%s tls=a:1\n", name + from);
		struct routes *r = load(text);
		struct route out;

		assert_int_equal(routes_find(r, ROUTES_TLS, slice_str(name), absent, &out),
		    253 - from);
		routes_free(r);
	}
}

static void
without_a_name_only_the_star_fits(void **state)
{
	struct routes *with = load("a.org tls=a:1\n*.org tls=b:1\n* tls=c:1\n");
	struct routes *without = load("a.org tls=a:1\n");

	(void)state;
	assert_string_equal(find(with, ROUTES_TLS, NULL), "0 *:3 tls=c:1");
	assert_string_equal(find(with, ROUTES_TLS, ""), "0 *:3 tls=c:1");
	assert_string_equal(find(without, ROUTES_TLS, NULL), "none");
	routes_free(with);
	routes_free(without);
}

static void
a_rank_and_the_name_tell_the_route(void **state)
{
	static const struct { const char *text, *name, *route; } look_up[] = {
		{ "a.b.ORG. tls=a:1\n*.org tls=b:1\n", "a.b.org", "a.b.org" },
		{ "*.B.org. tls=a:1\n*.org tls=b:1\n", "a.b.org", "*.b.org" },
		{ "*.org tls=b:1\n* tls=c:1\n", "a.b.org", "*.org" },
		{ "*.org tls=b:1\n* tls=c:1\n", "org", "*" },
		{ "*.org tls=b:1\n", "org", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(look_up) / sizeof(look_up[0]); i++) {
		struct slice name = slice_str(look_up[i].name);
		struct routes *r = load(look_up[i].text);
		char room[HOST_PATTERN_MAX];
		struct route out;
		int rank = routes_find(r, ROUTES_TLS, name, absent, &out);

		assert_true(slice_eq(routes_rank_name(rank, name, room),
		    slice_str(look_up[i].route)));
		routes_free(r);
	}
	assert_null(routes_rank_name(ROUTES_UNREADABLE, slice_str("a"), said).p);
}

static void
case_and_one_trailing_dot_do_not_matter(void **state)
{
	struct routes *r = load("WWW.Example.ORG. tls=a:1\n*.Example.Org. tls=b:1\n");

	(void)state;
	assert_string_equal(find(r, ROUTES_TLS, "www.example.org"),
	    "1000 WWW.Example.ORG.:1 tls=a:1");
	assert_string_equal(find(r, ROUTES_TLS, "x.example.org"), "11 *.Example.Org.:2 tls=b:1");
	routes_free(r);
}

static void
listening_addresses_are_found_as_written_and_by_nothing_else(void **state)
{
	struct routes *r = load(":8000 tcp=a:1\n127.0.0.1:11000 tcp=b:1\n[::1]:80 tcp=c:1\n"
	    "unix:/P tcp=d:1\n"
	    "unix:@a tcp=e:1\nlocalhost:80 tcp=f:1 as=x.org\n* tcp=z:1\n");

	(void)state;
	assert_string_equal(find(r, ROUTES_LISTEN, ":8000"), "1000 :8000:1 tcp=a:1");
	assert_string_equal(find(r, ROUTES_LISTEN, "127.0.0.1:11000"),
	    "1000 127.0.0.1:11000:2 tcp=b:1");
	assert_string_equal(find(r, ROUTES_LISTEN, "[::1]:80"), "1000 [::1]:80:3 tcp=c:1");
	assert_string_equal(find(r, ROUTES_LISTEN, "unix:/P"), "1000 unix:/P:4 tcp=d:1");
	assert_string_equal(find(r, ROUTES_LISTEN, "unix:@a"), "1000 unix:@a:5 tcp=e:1");
	assert_string_equal(find(r, ROUTES_LISTEN, "localhost:80"),
	    "1000 localhost:80:6 tcp=f:1 as=x.org");
	assert_string_equal(find(r, ROUTES_LISTEN, "unix:/p"), "none");
	assert_string_equal(find(r, ROUTES_LISTEN, "LOCALHOST:80"), "none");
	assert_string_equal(find(r, ROUTES_LISTEN, ":8001"), "none");
	assert_string_equal(find(r, ROUTES_LISTEN, NULL), "none");
	assert_string_equal(find(r, ROUTES_TCP, ":8000"), "0 *:7 tcp=z:1");
	routes_free(r);
}

static void
listening_addresses_are_iterated_in_file_order(void **state)
{
	static const char *const want[] = { ":2", "unix:/a", "127.0.0.1:1", ":1" };
	struct routes *r = load("a.org tls=a:1\n  :2 tcp=a:1\nunix:/a\ttcp=a:1\n\n# :3 tcp=a:1\n"
	    "127.0.0.1:1 tcp=a:1\n* tcp=a:1\n:1 tcp=a:1");
	size_t cursor = 0;
	struct slice address;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		assert_true(routes_next_listen(r, &cursor, &address));
		assert_true(slice_is(address, want[i]));
	}
	assert_false(routes_next_listen(r, &cursor, &address));
	assert_false(routes_next_listen(r, &cursor, &address));
	routes_free(r);
}

#define NOT_A_NAME ": neither a host name, *.SUFFIX, * nor a listening address"

static void
bad_names_are_refused(void **state)
{
	(void)state;
	expect_refused("10.0.0.1 tls=a:1\n", "\nf:1: bad name \"10.0.0.1\"" NOT_A_NAME);
	expect_refused("*.\t tls=a:1\n*x.org tls=a:1\n*.*.org tls=a:1\n** tls=a:1\n-x tls=a:1\n"
	    "a..b tls=a:1\n"
	    "b\xc3\xbc" "cher.de tls=a:1\n",
	    "\nf:1: bad name \"*.\"" NOT_A_NAME
	    "\nf:2: bad name \"*x.org\"" NOT_A_NAME
	    "\nf:3: bad name \"*.*.org\"" NOT_A_NAME
	    "\nf:4: bad name \"**\"" NOT_A_NAME
	    "\nf:5: bad name \"-x\"" NOT_A_NAME
	    "\nf:6: bad name \"a..b\"" NOT_A_NAME
	    "\nf:7: bad name \"b\\xc3\\xbccher.de\"" NOT_A_NAME);
}

static void
bad_listening_addresses_are_refused(void **state)
{
	char reports[1024];

	(void)state;
	snprintf(reports, sizeof(reports),
	    "\nf:1: bad listening address \":x\": %s\nf:2: bad listening address \"unix:\": %s"
	    "\nf:3: bad listening address \"::1\": %s\nf:4: bad listening address \"pass:/a\": %s",
	    addr_why(ADDR_BAD_PORT, ADDR_LISTEN), addr_why(ADDR_BAD_PATH, 0),
	    addr_why(ADDR_BAD_HOST, 0), addr_why(ADDR_NOT_HERE, ADDR_LISTEN));
	expect_refused(":x tcp=a:1\nunix: tcp=a:1\n::1 tcp=a:1\npass:/a tcp=a:1\n:0 tcp=a:1\n",
	    reports);
}

/* ---- keys ---- */

static void
every_key_is_answered(void **state)
{
	struct routes *r = load("a.org tls=1.2.3.4:1,[::1]:2,b:3,unix:/x,unix:@y,pass:/z "
	    "proxy=v2 balance=source allow=10.0.0.0/8,::1 deny=10.1.0.0/16 max=17\n"
	    "b.org http=c:1 proxy=v1 balance=first max=4294967295\n"
	    "* tcp=d:1 as=x.org balance=least\n");

	(void)state;
	assert_string_equal(find(r, ROUTES_TLS, "a.org"), "1000 a.org:1 "
	    "tls=1.2.3.4:1,[::1]:2,b:3,unix:/x,unix:@y,pass:/z allow=10.0.0.0/8,::1 "
	    "deny=10.1.0.0/16 max=17 proxy=2 balance=2");
	assert_string_equal(find(r, ROUTES_HTTP, "b.org"),
	    "1000 b.org:2 http=c:1 max=4294967295 proxy=1 balance=1");
	assert_string_equal(find(r, ROUTES_TCP, "b.org"), "0 *:3 tcp=d:1 as=x.org");
	routes_free(r);
}

static void
alpn_beats_tls_when_the_hello_offers_the_protocol(void **state)
{
	struct routes *r = load("a.org tls=a:1 alpn:h2=b:1 alpn:acme-tls/1=c:1\n");

	(void)state;
	assert_string_equal(find(r, ROUTES_TLS, "a.org"), "1000 a.org:1 tls=a:1");
	assert_string_equal(find_alpn(r, ROUTES_TLS, "a.org", "\x08http/1.1"),
	    "1000 a.org:1 tls=a:1");
	assert_string_equal(find_alpn(r, ROUTES_TLS, "a.org", "\x02H2"), "1000 a.org:1 tls=a:1");
	assert_string_equal(find_alpn(r, ROUTES_TLS, "a.org", "\x01h\x01" "2"),
	    "1000 a.org:1 tls=a:1");
	assert_string_equal(find_alpn(r, ROUTES_TLS, "a.org", "\x0a" "acme-tls/1"),
	    "1000 a.org:1 alpn:acme-tls/1=c:1 alpn=acme-tls/1");
	routes_free(r);
}

static void
the_clients_order_decides_between_protocols(void **state)
{
	struct routes *r = load("a.org alpn:h2=b:1 alpn:x=c:1\n");

	(void)state;
	assert_string_equal(find_alpn(r, ROUTES_TLS, "a.org", "\x01y\x01x\x02h2"),
	    "1000 a.org:1 alpn:x=c:1 alpn=x");
	assert_string_equal(find_alpn(r, ROUTES_TLS, "a.org", "\x02h2\x01x"),
	    "1000 a.org:1 alpn:h2=b:1 alpn=h2");
	routes_free(r);
}

static void
a_name_without_a_key_for_the_look_up_takes_no_part(void **state)
{
	struct routes *r = load("a.org http=a:1\nb.org alpn:h2=b:1\n*.b.org alpn:h2=c:1\n"
	    "*.org tls=d:1\n* tcp=e:1\n");

	(void)state;
	assert_string_equal(find(r, ROUTES_TLS, "a.org"), "3 *.org:4 tls=d:1");
	assert_string_equal(find(r, ROUTES_TLS, "b.org"), "3 *.org:4 tls=d:1");
	assert_string_equal(find(r, ROUTES_TLS, "x.b.org"), "3 *.org:4 tls=d:1");
	assert_string_equal(find(r, ROUTES_HTTP, "x.b.org"), "3 *.org:4 tls=d:1");
	assert_string_equal(find_alpn(r, ROUTES_TLS, "x.b.org", "\x02h2"),
	    "5 *.b.org:3 alpn:h2=c:1 alpn=h2");
	assert_string_equal(find(r, ROUTES_TLS, "x.net"), "none");
	assert_string_equal(find(r, ROUTES_HTTP, "x.net"), "none");
	assert_string_equal(find(r, ROUTES_TCP, NULL), "0 *:5 tcp=e:1");
	routes_free(r);
}

static void
http_takes_http_before_tls(void **state)
{
	struct routes *r = load("a.org tls=a:1 http=b:1\nb.org tls=c:1\n");

	(void)state;
	assert_string_equal(find(r, ROUTES_HTTP, "a.org"), "1000 a.org:1 http=b:1");
	assert_string_equal(find(r, ROUTES_HTTP, "b.org"), "1000 b.org:2 tls=c:1");
	routes_free(r);
}

static void
several_lines_of_one_name_are_one_route(void **state)
{
	struct routes *r = load("a.org tls=a:1 deny=::1\n#\nb.org tls=x:1\nA.ORG http=b:1 max=3\n"
	    "a.org. alpn:h2=c:1 proxy=v2\n");

	(void)state;
	assert_string_equal(find(r, ROUTES_TLS, "a.org"),
	    "1000 a.org:1 tls=a:1 deny=::1 max=3 proxy=2");
	assert_string_equal(find(r, ROUTES_HTTP, "a.org"),
	    "1000 a.org:4 http=b:1 deny=::1 max=3 proxy=2");
	assert_string_equal(find_alpn(r, ROUTES_TLS, "a.org", "\x02h2"),
	    "1000 a.org:5 alpn:h2=c:1 alpn=h2 deny=::1 max=3 proxy=2");
	assert_int_equal(routes_count(r), 4);
	routes_free(r);
}

static void
pass_targets_are_noticed(void **state)
{
	static const struct {
		const char *text;
		bool pass;
	} cases[] = {
		{ "a.org tls=a:1,pass:/p\n* tls=a:1\n", true },
		{ "* tcp=pass:/p\n", true },
		{ "* alpn:pass:=a:1\n", false },
		{ "a.org alpn:h2=pass:/p\n", true },
		{ "a.org tls=unix:/pass:/p #pass:/x\n", false },
		{ "", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct routes *r = load(cases[i].text);

		assert_int_equal(routes_has_pass(r), cases[i].pass);
		routes_free(r);
	}
}

/* ---- every error ---- */

#define LISTEN_REASON "in the wrong place: a listening address takes tcp="
#define PORT_REASON "in the wrong place: the name has a port, so it is a listening address, " \
    "which takes tcp="
#define TCP_REASON "in the wrong place: it goes with * or a listening address"
#define AS_REASON "in the wrong place: the name is known already"
#define TEN "0123456789"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN

static const struct {
	const char *line, *reason;
} bad_lines[] = {
	{ "a", "no target: none of tls=, http=, tcp=, alpn:PROTO=" },
	{ "a # tls=b:1", "no target: none of tls=, http=, tcp=, alpn:PROTO=" },
	{ "a proxy=v2 max=1", "no target: none of tls=, http=, tcp=, alpn:PROTO=" },
	{ "a tls=b:1 http", "\"http\" is not KEY=VALUE" },
	{ "a tls=b:1 , tls=c:1", "\",\" is not KEY=VALUE" },
	{ "a alpn:h2", "\"alpn:h2\" is not KEY=VALUE" },
	{ "a TLS=b:1", "unknown key \"TLS\"" },
	{ "a tls =b:1", "\"tls\" is not KEY=VALUE" },
	{ "a =b:1", "unknown key \"\"" },
	{ "a alpn=h2", "unknown key \"alpn\"" },
	{ "a t\x01\xff=b:1", "unknown key \"t\\x01\\xff\"" },
	{ "a " HUNDRED "=b:1", "unknown key \"" HUNDRED "\"" },
	{ "a " HUNDRED "0=b:1", "unknown key \"" HUNDRED "...\"" },
	{ "a tls=", "tls= is empty" },
	{ "a alpn:h2=", "alpn:h2= is empty" },
	{ "a tls=b:1 max=", "max= is empty" },
	{ "a tls=b:1 deny=", "deny= is empty" },
	{ "a tls=,b:1", "empty item in tls=" },
	{ "a http=b:1,,b:2", "empty item in http=" },
	{ "a alpn:h2=b:1,", "empty item in alpn:h2=" },
	{ "a http=b:1,pass:/p", "pass: in http= (requests are routed one by one)" },
	{ "a alpn:=b:1", "no protocol in alpn:" },
	{ "a alpn:h\xc3=b:1", "protocol \"h\\xc3\" in alpn: is not printable ASCII" },
	{ "a alpn:h\x7f=b:1", "protocol \"h\\x7f\" in alpn: is not printable ASCII" },
	{ "a alpn:" HUNDRED HUNDRED TEN TEN TEN TEN TEN "012345=b:1",
	    "protocol in alpn: longer than 255 bytes" },
	{ "a tls=b:1 proxy=v3", "bad value \"v3\" in proxy=: not v1 or v2" },
	{ "a tls=b:1 proxy=V2", "bad value \"V2\" in proxy=: not v1 or v2" },
	{ "a tls=b:1 balance=random",
	    "bad value \"random\" in balance=: not least, first or source" },
	{ "a tls=b:1 allow=10.0.0.0/33", "bad network \"10.0.0.0/33\" in allow=" },
	{ "a tls=b:1 deny=10.0.0.0/8,b", "bad network \"b\" in deny=" },
	{ "a tls=b:1 deny=::/0,,::1", "empty item in deny=" },
	{ "a tls=b:1 max=0", "bad number \"0\" in max=: not from 1 to 4294967295" },
	{ "a tls=b:1 max=4294967296",
	    "bad number \"4294967296\" in max=: not from 1 to 4294967295" },
	{ "a tls=b:1 max=-1", "bad number \"-1\" in max=: not from 1 to 4294967295" },
	{ "a tcp=b:1", "tcp= " TCP_REASON },
	{ "*.a tcp=b:1", "tcp= " TCP_REASON },
	{ ":1 tls=b:1", "tls= " LISTEN_REASON },
	{ ":1 tcp=b:1 http=b:1", "http= " LISTEN_REASON },
	{ "unix:/a alpn:h2=b:1", "alpn:h2= " LISTEN_REASON },
	{ "www.example.org:443 tls=b:1", "tls= " PORT_REASON },
	{ "192.0.2.1:443 http=b:1", "http= " PORT_REASON },
	{ ":1 as=x.org", "no target: none of tls=, http=, tcp=, alpn:PROTO=" },
	{ "a tls=b:1 as=x.org", "as= " AS_REASON },
	{ "*.a tls=b:1 as=x.org", "as= " AS_REASON },
	{ "* tls=b:1 as=*.org", "bad host name \"*.org\" in as=" },
	{ ":1 tcp=b:1 as=1.2.3.4", "bad host name \"1.2.3.4\" in as=" },
	{ "a tls=b:1 tls=b:2", "duplicate tls for a (first at line 3)" },
	{ "a alpn:h2=b:1 alpn:h2=b:1", "duplicate alpn:h2 for a (first at line 3)" },
	{ "a\r tls=b:1", "bad name \"a\\x0d\"" NOT_A_NAME },
};

static const struct {
	const char *line, *reason;	/* behind which stands addr_why(because) */
	enum addr_result because;
} bad_addresses[] = {
	{ "a tls=b", "bad address \"b\" in tls=: ", ADDR_NO_PORT },
	{ "a tls=b:1,b:0", "bad address \"b:0\" in tls=: ", ADDR_BAD_PORT },
	{ "a http=b:x", "bad address \"b:x\" in http=: ", ADDR_BAD_PORT },
	{ "a alpn:h2=1.2.3:1", "bad address \"1.2.3:1\" in alpn:h2=: ", ADDR_BAD_HOST },
	{ "a tls=unix:x", "bad address \"unix:x\" in tls=: ", ADDR_BAD_PATH },
	{ "a tls=:80", "bad address \":80\" in tls=: ", ADDR_NOT_HERE },
	{ "a tls=b:1\r\r", "bad address \"b:1\\x0d\" in tls=: ", ADDR_BAD_PORT },
	{ "a\vtls=b:1", "bad listening address \"a\\x0btls=b:1\": ", ADDR_BAD_HOST },
};

static void
expect_bad_line(const char *line, const char *reason, const char *because)
{
	char text[1024], reports[1024];

	snprintf(text, sizeof(text), "\n# two\n%s\nb tls=c:1\n", line);
	snprintf(reports, sizeof(reports), "\nf:3: %s%s", reason, because);
	expect_refused(text, reports);
}

static void
every_error_names_its_line_and_reason(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad_lines) / sizeof(*bad_lines); i++)
		expect_bad_line(bad_lines[i].line, bad_lines[i].reason, "");
	for (size_t i = 0; i < sizeof(bad_addresses) / sizeof(*bad_addresses); i++)
		expect_bad_line(bad_addresses[i].line, bad_addresses[i].reason,
		    addr_why(bad_addresses[i].because, 0));
}

static void
every_bad_line_is_named_in_file_order(void **state)
{
	(void)state;
	expect_refused("a tls=b:1,\nb tls=c:1\nc x=1 y=2\n\nb tls=c:2\nd",
	    "\nf:1: empty item in tls="
	    "\nf:3: unknown key \"x\""
	    "\nf:5: duplicate tls for b (first at line 2)"
	    "\nf:6: no target: none of tls=, http=, tcp=, alpn:PROTO=");
}

static void
a_key_given_twice_for_one_name_is_an_error(void **state)
{
	(void)state;
	expect_refused("a tls=x:1\nA. http=x:1\na tls=x:1\nA http=x:1\n*.a tls=x:1 proxy=v1\n"
	    "*.A http=x:1 proxy=v1\n:1 tcp=x:1\n:01 tcp=x:1\n:1 tcp=x:1\n",
	    "\nf:3: duplicate tls for a (first at line 1)"
	    "\nf:4: duplicate http for a (first at line 2)"
	    "\nf:6: duplicate proxy for *.a (first at line 5)"
	    "\nf:9: duplicate tcp for :1 (first at line 7)");
}

/* 64 keys of the name "a", so many on each line. */
static size_t
write_keys(char *text, unsigned keys_a_line)
{
	size_t n = 0;

	for (unsigned i = 0; i < ROUTES_KEYS_MAX; i++)
		n += (size_t)sprintf(text + n, "%s alpn:%u=x:1",
		    i % keys_a_line == 0 ? "\na" : "", i);
	return n;
}

static void
a_name_has_up_to_64_keys(void **state)
{
	char text[4096];
	size_t n = write_keys(text, 8);

	(void)state;
	routes_free(load(text));
	strcpy(text + n, "\na tls=x:1\nb tls=x:1\n");
	expect_refused(text, "\nf:10: more than 64 keys for one name");

	n = write_keys(text, ROUTES_KEYS_MAX);
	routes_free(load(text));
	strcpy(text + n, " tls=x:1\nb tls=x:1\n");
	expect_refused(text, "\nf:2: more than 64 keys for one name");
}

/* A hash of names says which may be equal: this is what tells them apart. */
static void
a_line_is_of_its_name_however_that_is_spelt(void **state)
{
	static const struct {
		const char *line, *name;
		bool is;
	} cases[] = {
		{ "a.example tls=h:1", "a.example", true }, { "a.example", "a.example", true },
		{ "\t A.Example.\ttls=h:1", "a.exAMPLE", true },
		{ "a.example tls=h:1", "b.example", false },
		{ "a.examples tls=h:1", "a.example", false },
		{ "a.example. tls=h:1", "a.examples", false },
		{ ":80 tcp=h:1", ":80", true }, { "unix:/x tcp=h:1", "unix:/X", false },
		{ "unix:/x. tcp=h:1", "unix:/x", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(routes_line_is_of(slice_str(cases[i].line),
		    slice_str(cases[i].name)), cases[i].is);
}

/* ---- text ---- */

static void
comments_blanks_and_line_ends_do_not_matter(void **state)
{
	struct routes *r = load("\r\n \t \r\n#c\r\n"
	    "\t a \t tls=unix:/a#b   max=2\t#max=3 x\r\n #\r\n"
	    "b tls=c:1 \t\r\nc tls=c:1 #\\\nd tls=d:1\t\t");

	(void)state;
	assert_string_equal(find(r, ROUTES_TLS, "a"), "1000 a:4 tls=unix:/a#b max=2");
	assert_string_equal(find(r, ROUTES_TLS, "b"), "1000 b:6 tls=c:1");
	assert_string_equal(find(r, ROUTES_TLS, "c"), "1000 c:7 tls=c:1");
	assert_string_equal(find(r, ROUTES_TLS, "d"), "1000 d:8 tls=d:1");
	assert_int_equal(routes_count(r), 4);
	routes_free(r);
}

static void
a_file_without_routes_is_an_empty_table(void **state)
{
	static const char *const texts[] = {
		"", "\n", "\r\n", "#", "# x\n\n", " ", "#!routes sorted", "#!routes sorted\n"
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct routes *r = load(texts[i]);
		struct slice address;
		size_t cursor = 0;

		assert_int_equal(routes_count(r), 0);
		assert_string_equal(find(r, ROUTES_TLS, "a"), "none");
		assert_string_equal(find(r, ROUTES_TLS, NULL), "none");
		assert_false(routes_next_listen(r, &cursor, &address));
		routes_free(r);
	}
}

static void
a_nul_byte_makes_its_line_bad(void **state)
{
	static const char text[] = "a tls=b:1\n#\0\nb tls=c:1\0\n\0\n";

	(void)state;
	assert_null(load_bytes(text, sizeof(text) - 1));
	assert_string_equal(said, "\nf:2: NUL byte\nf:3: NUL byte\nf:4: NUL byte");
}

static void
a_line_has_up_to_65536_bytes(void **state)
{
	char *text = malloc(ROUTES_LINE_MAX + 64);

	(void)state;
	memset(text, '#', ROUTES_LINE_MAX + 64);
	memcpy(text, "b tls=b:1\na tls=b:1 ", 20);
	text[10 + ROUTES_LINE_MAX] = '\n';
	struct routes *r = load_bytes(text, 10 + ROUTES_LINE_MAX + 64 - 10);
	assert_non_null(r);
	assert_string_equal(find(r, ROUTES_TLS, "a"), "1000 a:2 tls=b:1");
	routes_free(r);

	text[10 + ROUTES_LINE_MAX] = '#';
	assert_null(load_bytes(text, 10 + ROUTES_LINE_MAX + 1));
	assert_string_equal(said, "\nf:2: line longer than 65536 bytes");
	free(text);
}

static const char sample[] =
    "# NAME              KEY=VALUE ...\n"
    "www.python.org      tls=151.101.240.223:443\n"
    "*.example.org       tls=10.0.0.2:8443,10.0.0.3:8443 balance=source proxy=v2\r\n"
    "myserver.local      http=127.0.0.1:8000\n"
    "*.tun.example.com   tls=pass:/run/tunneld/visitors http=unix:/run/tunneld/visitors proxy=v2\n"
    "internal.corp       tls=10.1.0.5:443 allow=10.0.0.0/8,2001:db8::/32\n"
    "www.example.net     tls=10.0.0.9:443 alpn:acme-tls/1=127.0.0.1:10443\n"
    ":8000               tcp=localhost:1234\n"
    "127.0.0.1:11000     tcp=127.0.0.1:6379\n"
    ":2222               tcp=pass:/run/tunneld/visitors as=db.tun.example.com\n"
    "*                   tls=127.0.0.1:9092 tcp=unix:/run/httpredir.sock\n";

static void
every_prefix_loads_or_is_refused(void **state)
{
	unsigned loaded = 0, refused = 0;

	(void)state;
	for (size_t n = 0; n < sizeof(sample); n++) {
		struct routes *r = load_bytes(sample, n);

		if (r == NULL) {
			refused++;
			continue;
		}
		loaded++;
		find(r, ROUTES_TLS, "www.example.org");
		find(r, ROUTES_HTTP, NULL);
		routes_free(r);
	}
	assert_true(loaded > 100 && refused > 100);
}

/* The mapping hides reads behind the text from the sanitizer; copies of exact size do not. */
static void
no_line_is_read_beyond_its_end(void **state)
{
	struct routes_why why = { .discreet = false };

	(void)state;
	for (const char *line = sample; *line != '\0'; line = strchr(line, '\n') + 1)
		for (size_t n = 0; line[n] != '\n'; n++) {
			struct routes_fields f = { .n = 0 }, again = { .n = 0 };
			char *copy = malloc(n);

			memcpy(copy, line, n);
			bool good = routes_line_check(slice_of(copy, n), &f, &why);
			routes_line_add(slice_of(copy, n), &again);
			assert_true(!good || again.n == f.n);
			free(copy);
		}
}

/* ---- files ---- */

static void
what_cannot_be_read_is_a_failure_with_errno(void **state)
{
	struct routes *r;

	(void)state;
	assert_int_equal(load_path((char[]){ "/nonexistent/routes" }, &r), ROUTES_FAILED);
	assert_int_equal(errno, ENOENT);
	assert_null(r);
	assert_string_equal(said, "\nf: No such file or directory");
	assert_int_equal(load_path((char[]){ "/" }, &r), ROUTES_FAILED);
	assert_int_equal(errno, EISDIR);
	assert_int_equal(routes_load("/", NULL, NULL, &r), ROUTES_FAILED);
}

static void
a_system_without_tables_is_told_from_a_file_that_cannot_be_read(void **state)
{
	char path[PATH_SIZE];
	int fd = file_of("", 0, path);
	struct routes *r;

	(void)state;
	memfd_errno = EPERM;
	assert_int_equal(load_path(path, &r), ROUTES_FAILED);
	assert_int_equal(errno, EPERM);
	assert_string_equal(said, "\nf: no memory for a table: the system refuses memfd_create(2)");
	memfd_errno = EMFILE;
	assert_int_equal(load_path(path, &r), ROUTES_FAILED);
	assert_string_equal(said, "\nf: Too many open files");
	memfd_errno = 0;
	close(fd);
}

static void
a_file_whose_size_is_not_known_before_is_read_to_its_end(void **state)
{
	struct routes *r;

	(void)state;
	assert_int_equal(prctl(PR_SET_NAME, "* tls=proc:1"), 0);
	assert_int_equal(load_path((char[]){ "/proc/thread-self/comm" }, &r), ROUTES_LOADED);
	assert_string_equal(find(r, ROUTES_TLS, NULL), "0 *:1 tls=proc:1");
	routes_free(r);
}

static void *
write_much(void *arg)
{
	char line[64];
	int fd = *(int *)arg;

	for (unsigned i = 0; i < 20000; i++) {
		int n = snprintf(line, sizeof(line), "host%u.example.org tls=a:1\n", i);

		assert_int_equal(write(fd, line, (size_t)n), n);
	}
	close(fd);
	return NULL;
}

static void
a_pipe_is_read_however_much_it_holds(void **state)
{
	char path[PATH_SIZE];
	pthread_t writer;
	struct routes *r;
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fds[0]);
	assert_int_equal(pthread_create(&writer, NULL, write_much, &fds[1]), 0);
	assert_int_equal(load_path(path, &r), ROUTES_LOADED);
	pthread_join(writer, NULL);
	close(fds[0]);
	assert_int_equal(routes_count(r), 20000);
	assert_string_equal(find(r, ROUTES_TLS, "host19999.example.org"),
	    "1000 host19999.example.org:20000 tls=a:1");
	routes_free(r);
}

static void
a_terminal_is_refused_at_once(void **state)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY);
	struct routes *r;

	(void)state;
	if (master == -1 || grantpt(master) == -1 || unlockpt(master) == -1)
		skip();
	alarm(20);
	assert_int_equal(load_path(ptsname(master), &r), ROUTES_FAILED);
	alarm(0);
	assert_string_equal(said, "\nf: neither a plain file nor a pipe");
	close(master);
	assert_int_equal(load_path((char[]){ "/dev/null" }, &r), ROUTES_LOADED);
	assert_int_equal(routes_count(r), 0);
	routes_free(r);
}

static void
a_change_of_the_file_leaves_the_table_alone(void **state)
{
	char path[PATH_SIZE];
	int fd = file_of(sample, sizeof(sample) - 1, path);
	struct routes *r;

	(void)state;
	assert_int_equal(load_path(path, &r), ROUTES_LOADED);
	assert_int_equal(ftruncate(fd, 0), 0);
	close(fd);
	assert_string_equal(find(r, ROUTES_TLS, "www.python.org"),
	    "1000 www.python.org:2 tls=151.101.240.223:443");
	routes_free(r);
}

static void
a_table_answers_behind_a_copy_of_its_descriptor(void **state)
{
	struct routes *r = load(sample), *copy = routes_from_fd(dup(routes_fd(r)), "copy");
	struct slice address;
	struct route out;
	size_t cursor = 0;

	(void)state;
	assert_non_null(copy);
	assert_int_equal(routes_count(copy), routes_count(r));
	assert_int_equal(routes_bytes(copy), routes_bytes(r));
	assert_true(routes_has_pass(copy));
	routes_free(r);
	assert_string_equal(find(copy, ROUTES_TLS, "a.example.org"),
	    "11 *.example.org:3 tls=10.0.0.2:8443,10.0.0.3:8443 proxy=2 balance=2");
	assert_true(routes_next_listen(copy, &cursor, &address));
	assert_true(slice_is(address, ":8000"));
	assert_int_equal(routes_find(copy, ROUTES_TLS, slice_str("x"), absent, &out),
	    ROUTES_DEFAULT);
	assert_string_equal(out.file, "copy");
	routes_free(copy);
}

static void
nobody_can_change_a_table(void **state)
{
	struct routes *r = load(sample);

	(void)state;
	assert_int_equal(write(routes_fd(r), "x", 1), -1);
	assert_int_equal(ftruncate(routes_fd(r), 0), -1);
	routes_free(r);
}

static void
a_descriptor_that_is_no_table_is_refused(void **state)
{
	static const char zeros[4096];
	char path[PATH_SIZE];

	(void)state;
	for (size_t n = 0; n <= sizeof(zeros); n += 64) {
		int fd = file_of(zeros, n, path);

		assert_null(routes_from_fd(fd, "x"));
		assert_int_equal(errno, EINVAL);
		assert_int_equal(close(fd), -1);	/* it was taken over */
	}
	assert_null(routes_from_fd(-1, "x"));
	assert_int_equal(errno, EBADF);
}

static void
freeing_nothing_is_fine(void **state)
{
	(void)state;
	routes_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    exact_beats_the_longest_wildcard_beats_a_shorter_one_beats_the_rest),
		cmocka_unit_test(a_wildcard_is_not_its_own_suffix_and_matches_whole_labels),
		cmocka_unit_test(the_deepest_names_find_the_shallowest_wildcards),
		cmocka_unit_test(wildcards_of_every_depth_are_found),
		cmocka_unit_test(without_a_name_only_the_star_fits),
		cmocka_unit_test(a_rank_and_the_name_tell_the_route),
		cmocka_unit_test(case_and_one_trailing_dot_do_not_matter),
		cmocka_unit_test(listening_addresses_are_found_as_written_and_by_nothing_else),
		cmocka_unit_test(listening_addresses_are_iterated_in_file_order),
		cmocka_unit_test(bad_names_are_refused),
		cmocka_unit_test(bad_listening_addresses_are_refused),
		cmocka_unit_test(every_key_is_answered),
		cmocka_unit_test(alpn_beats_tls_when_the_hello_offers_the_protocol),
		cmocka_unit_test(the_clients_order_decides_between_protocols),
		cmocka_unit_test(a_name_without_a_key_for_the_look_up_takes_no_part),
		cmocka_unit_test(http_takes_http_before_tls),
		cmocka_unit_test(several_lines_of_one_name_are_one_route),
		cmocka_unit_test(pass_targets_are_noticed),
		cmocka_unit_test(every_error_names_its_line_and_reason),
		cmocka_unit_test(every_bad_line_is_named_in_file_order),
		cmocka_unit_test(a_key_given_twice_for_one_name_is_an_error),
		cmocka_unit_test(a_name_has_up_to_64_keys),
		cmocka_unit_test(a_line_is_of_its_name_however_that_is_spelt),
		cmocka_unit_test(comments_blanks_and_line_ends_do_not_matter),
		cmocka_unit_test(a_file_without_routes_is_an_empty_table),
		cmocka_unit_test(a_nul_byte_makes_its_line_bad),
		cmocka_unit_test(a_line_has_up_to_65536_bytes),
		cmocka_unit_test(every_prefix_loads_or_is_refused),
		cmocka_unit_test(no_line_is_read_beyond_its_end),
		cmocka_unit_test(what_cannot_be_read_is_a_failure_with_errno),
		cmocka_unit_test(a_system_without_tables_is_told_from_a_file_that_cannot_be_read),
		cmocka_unit_test(a_file_whose_size_is_not_known_before_is_read_to_its_end),
		cmocka_unit_test(a_pipe_is_read_however_much_it_holds),
		cmocka_unit_test(a_terminal_is_refused_at_once),
		cmocka_unit_test(a_change_of_the_file_leaves_the_table_alone),
		cmocka_unit_test(a_table_answers_behind_a_copy_of_its_descriptor),
		cmocka_unit_test(nobody_can_change_a_table),
		cmocka_unit_test(a_descriptor_that_is_no_table_is_refused),
		cmocka_unit_test(freeing_nothing_is_fine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
