/* SPDX-License-Identifier: ISC */
/* Tests of lib/connlog.c: the fields of the line every connection ends in. */
#include "connlog.h"
#include "log.h"
#include "loop_help.h"

static const char *
written(const struct connlog *line)
{
	catch_stderr();
	log_init("tool", LOG_LEVEL_INFO, false);
	connlog_write(line);
	log_flush();
	return caught_stderr();
}

static struct endpoint
endpoint(const char *ip, uint16_t port)
{
	struct endpoint e;

	assert_true(endpoint_parse_ip(slice_str(ip), &e));
	e.port = port;
	return e;
}

static void
a_line_has_all_fields_in_their_order(void **state)
{
	struct connlog line = { .id = 17, .peer = endpoint("192.0.2.1", 51234),
		.name = slice_str("www.example.org"), .route = slice_str("*.example.org"),
		.target = slice_str("10.0.0.2:443"), .hello = HELLO_OK, .rx = 517, .tx = 4242,
		.ms = 183, .end = END_CLOSED };

	(void)state;
	assert_string_equal(written(&line),
	    "tool: info: conn=17 peer=192.0.2.1:51234 name=www.example.org "
	    "route=*.example.org target=10.0.0.2:443 hello=ok rx=517 tx=4242 ms=183 end=closed\n");
}

static void
what_is_not_known_is_a_dash(void **state)
{
	struct connlog line = { .id = 1, .peer.family = AF_UNSPEC, .hello = HELLO_NONE,
		.end = END_DRAIN };

	(void)state;
	assert_string_equal(written(&line),
	    "tool: info: conn=1 peer=- name=- route=- target=- hello=- rx=0 tx=0 ms=0 end=drain\n");
}

static void
a_name_from_the_network_cannot_forge_a_field(void **state)
{
	struct connlog line = { .peer = endpoint("2001:db8::1", 1),
		.name = slice_str("a end=closed\n\x1b[31m\""),
		.hello = HELLO_NO_SNI, .end = END_NO_ROUTE };

	(void)state;
	assert_string_equal(written(&line), "tool: info: conn=0 peer=[2001:db8::1]:1 "
	    "name=\"a end=closed\\u000a\\u001b[31m\\\"\" route=- target=- hello=no-sni rx=0 "
	    "tx=0 ms=0 end=no-route\n");
}

static void
every_end_has_its_word(void **state)
{
	static const char *const word[] = { "closed", "passed", "client-reset", "target-reset",
		"idle", "half-close", "hello", "no-route", "denied", "limit", "unreachable",
		"drain" };

	(void)state;
	assert_int_equal(sizeof(word) / sizeof(word[0]), END_COUNT);
	for (int i = 0; i < END_COUNT; i++) {
		struct connlog line = { .hello = HELLO_NONE, .end = (enum conn_end)i };
		char end[32];

		snprintf(end, sizeof(end), " end=%s\n", word[i]);
		assert_non_null(strstr(written(&line), end));
	}
}

/*
 * The name may hold anything,
 * a route's NAME and a target are a host name's or a path's length at most.
 */
static void
the_longest_line_is_not_cut(void **state)
{
	char name[300], route[256], target[113];
	struct connlog line = { .id = UINT64_MAX,
		.peer = endpoint("2001:db8:1111:2222:3333:4444:5555:6666", 65535),
		.name = slice_of(name, sizeof(name)), .route = slice_of(route, sizeof(route)),
		.target = slice_of(target, sizeof(target)), .hello = HELLO_TOO_BIG,
		.rx = UINT64_MAX, .tx = UINT64_MAX, .ms = UINT64_MAX, .end = END_CLIENT_RESET };
	const char *got;

	(void)state;
	memset(name, 0xff, sizeof(name));
	memset(route, 'r', sizeof(route));
	memset(target, 0x01, sizeof(target));
	got = written(&line);
	assert_non_null(strstr(got, " ms=18446744073709551615 end=client-reset\n"));
}

static void
nothing_is_written_when_info_is_not_wanted(void **state)
{
	struct connlog line = { .hello = HELLO_NONE };

	(void)state;
	catch_stderr();
	log_init("tool", LOG_LEVEL_WARN, false);
	connlog_write(&line);
	log_flush();
	assert_string_equal(caught_stderr(), "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_has_all_fields_in_their_order),
		cmocka_unit_test(what_is_not_known_is_a_dash),
		cmocka_unit_test(a_name_from_the_network_cannot_forge_a_field),
		cmocka_unit_test(every_end_has_its_word),
		cmocka_unit_test(the_longest_line_is_not_cut),
		cmocka_unit_test(nothing_is_written_when_info_is_not_wanted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
