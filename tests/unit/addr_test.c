/* SPDX-License-Identifier: ISC */
/* Tests of lib/addr.c: addresses from text and back, socket addresses, CIDR lists. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <cmocka.h>

#include "addr.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define P50 "12345678901234567890123456789012345678901234567890"
#define PATH107 "/" P50 P50 "123456"

static char *text_copy;		/* what the last parse() borrowed from; freed by the next one */

/* An exact-size heap copy without a NUL, so that the sanitizer sees a read behind the text. */
static struct slice
copy_of(const char *text, size_t len)
{
	free(text_copy);
	text_copy = malloc(len);
	memcpy(text_copy, text, len);
	return slice_of(text_copy, len);
}

static enum addr_result
parse(const char *text, unsigned allow, struct addr *out)
{
	return addr_parse(copy_of(text, strlen(text)), allow, out);
}

static struct endpoint
endpoint(const char *ip, uint16_t port)
{
	struct endpoint e;

	assert_true(endpoint_parse_ip(copy_of(ip, strlen(ip)), &e));
	e.port = port;
	return e;
}

static void
targets_of_every_kind_are_taken(void **state)
{
	static const struct {
		const char *text;
		enum addr_kind kind;
		const char *host;
		uint16_t port;
		const char *ip;
	} good[] = {
		{ "192.0.2.1:80", ADDR_IP, NULL, 80, "192.0.2.1:80" },
		{ "0.0.0.0:1", ADDR_IP, NULL, 1, "0.0.0.0:1" },
		{ "[2001:db8::1]:443", ADDR_IP, NULL, 443, "[2001:db8::1]:443" },
		{ "[::]:65535", ADDR_IP, NULL, 65535, "[::]:65535" },
		{ "[::ffff:192.0.2.1]:80", ADDR_IP, NULL, 80, "192.0.2.1:80" },
		{ "localhost:1234", ADDR_HOST, "localhost", 1234, NULL },
		{ "WWW.example.org.:443", ADDR_HOST, "WWW.example.org.", 443, NULL },
		{ "unix:/run/a.sock", ADDR_UNIX, "/run/a.sock", 0, NULL },
		{ "unix:/", ADDR_UNIX, "/", 0, NULL },
		{ "unix:/a:b", ADDR_UNIX, "/a:b", 0, NULL },
		{ "unix:@abstract/x", ADDR_ABSTRACT, "abstract/x", 0, NULL },
		{ "pass:/run/visitors", ADDR_PASS, "/run/visitors", 0, NULL },
		{ "unix:" PATH107, ADDR_UNIX, PATH107, 0, NULL },
		{ "pass:" PATH107, ADDR_PASS, PATH107, 0, NULL },
		{ "unix:@" PATH107, ADDR_ABSTRACT, PATH107, 0, NULL },
	};
	char ip[ENDPOINT_TEXT_MAX];
	struct addr a;

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		assert_int_equal(parse(good[i].text, ADDR_ALLOW_PASS, &a), ADDR_OK);
		assert_int_equal(a.kind, good[i].kind);
		assert_int_equal(a.ip.port, good[i].port);
		assert_true(slice_is(a.host, good[i].host));
		if (good[i].ip != NULL)
			assert_string_equal(endpoint_text(&a.ip, ip), good[i].ip);
	}
}

static void
a_listening_address_may_leave_out_the_host_and_have_port_0(void **state)
{
	struct addr a;

	(void)state;
	assert_int_equal(parse(":80", ADDR_LISTEN, &a), ADDR_OK);
	assert_int_equal(a.kind, ADDR_ANY);
	assert_int_equal(a.ip.port, 80);
	assert_int_equal(parse(":0", ADDR_LISTEN, &a), ADDR_OK);
	assert_int_equal(parse("127.0.0.1:0", ADDR_LISTEN, &a), ADDR_OK);
	assert_int_equal(parse("[::1]:0", ADDR_LISTEN, &a), ADDR_OK);
	assert_int_equal(parse("pass:/x", ADDR_LISTEN, &a), ADDR_NOT_HERE);
	assert_int_equal(parse("unix:/x", ADDR_LISTEN, &a), ADDR_OK);
}

static void
every_bad_target_is_refused_with_its_reason(void **state)
{
	static const struct { const char *text; enum addr_result why; } bad[] = {
		{ "", ADDR_EMPTY },
		{ "192.0.2.1", ADDR_NO_PORT }, { "localhost", ADDR_NO_PORT },
		{ "[::1]", ADDR_NO_PORT }, { "[2001:db8::1]", ADDR_NO_PORT },
		{ "a:", ADDR_BAD_PORT }, { "a:0", ADDR_BAD_PORT }, { "a:65536", ADDR_BAD_PORT },
		{ "a:-1", ADDR_BAD_PORT }, { "a:+1", ADDR_BAD_PORT }, { "a: 1", ADDR_BAD_PORT },
		{ "a:http", ADDR_BAD_PORT }, { "[::1]:", ADDR_BAD_PORT },
		{ "192.0.2.1:99999999999", ADDR_BAD_PORT },
		{ "::1", ADDR_BAD_HOST }, { "::1:80", ADDR_BAD_HOST },
		{ "2001:db8::1:443", ADDR_BAD_HOST }, { "[::1:80", ADDR_BAD_HOST },
		{ "[192.0.2.1]:80", ADDR_BAD_HOST }, { "[]:80", ADDR_BAD_HOST },
		{ "[::1]x:80", ADDR_BAD_HOST }, { "[fe80::1%eth0]:80", ADDR_BAD_HOST },
		{ "[:80", ADDR_BAD_HOST }, { "[a]:80", ADDR_BAD_HOST },
		{ "1.2.3:80", ADDR_BAD_HOST }, { "256.0.0.1:80", ADDR_BAD_HOST },
		{ "01.2.3.4:80", ADDR_BAD_HOST }, { "1.2.3.4.5:80", ADDR_BAD_HOST },
		{ "a b:80", ADDR_BAD_HOST }, { "*:80", ADDR_BAD_HOST }, { "*.a:80", ADDR_BAD_HOST },
		{ "http://a:80", ADDR_BAD_HOST }, { "a..b:80", ADDR_BAD_HOST },
		{ "unix:", ADDR_BAD_PATH }, { "unix:run", ADDR_BAD_PATH },
		{ "unix:@", ADDR_BAD_ABSTRACT }, { "unix:80", ADDR_BAD_PATH },
		{ "unix:/a b", ADDR_BAD_PATH }, { "unix:/a\tb", ADDR_BAD_PATH },
		{ "unix:/a,b", ADDR_BAD_PATH }, { "unix:/a\x01", ADDR_BAD_PATH },
		{ "unix:/a\x7f", ADDR_BAD_PATH }, { "unix:@a b", ADDR_BAD_ABSTRACT },
		{ "unix:/x" PATH107, ADDR_BAD_PATH }, { "unix:@x" PATH107, ADDR_BAD_ABSTRACT },
		{ "pass:/x" PATH107, ADDR_BAD_PATH }, { "pass:", ADDR_BAD_PATH },
		{ "pass:run", ADDR_BAD_PATH }, { "pass:@x", ADDR_BAD_PATH },
		{ ":80", ADDR_NOT_HERE },
	};
	struct addr a;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		if (parse(bad[i].text, ADDR_ALLOW_PASS, &a) != bad[i].why)
			fail_msg("\"%s\" is not refused with \"%s\"", bad[i].text,
			    addr_why(bad[i].why, ADDR_ALLOW_PASS));
	assert_int_equal(parse("pass:/x", 0, &a), ADDR_NOT_HERE);
	assert_int_equal(addr_parse(slice_of(NULL, 0), 0, &a), ADDR_EMPTY);
	assert_int_equal(addr_parse(copy_of("unix:/a\0b", 9), 0, &a), ADDR_BAD_PATH);
	assert_int_equal(addr_parse(copy_of("1.2.3.4\0:80", 11), 0, &a), ADDR_BAD_HOST);
	for (enum addr_result r = ADDR_OK; r <= ADDR_NOT_HERE; r++)
		assert_true(strlen(addr_why(r, 0)) > 0);
}

static void
the_reason_names_what_would_do_in_its_place(void **state)
{
	(void)state;
	assert_string_equal(addr_why(ADDR_NO_PORT, ADDR_LISTEN),
	    "no port (HOST:PORT, :PORT or unix:/PATH)");
	assert_string_equal(addr_why(ADDR_NO_PORT, ADDR_ALLOW_PASS),
	    "no port (HOST:PORT or unix:/PATH)");
	assert_string_equal(addr_why(ADDR_BAD_PORT, ADDR_LISTEN),
	    "port is not a number from 0 to 65535");
	assert_string_equal(addr_why(ADDR_BAD_PORT, 0), "port is not a number from 1 to 65535");
	assert_string_equal(addr_why(ADDR_BAD_ABSTRACT, 0),
	    "abstract socket name is empty, over 107 bytes, or has blanks or commas");
	assert_string_equal(addr_why(ADDR_NOT_HERE, ADDR_LISTEN),
	    "nobody can listen there (HOST:PORT, :PORT or unix:/PATH)");
	assert_string_equal(addr_why(ADDR_NOT_HERE, ADDR_ALLOW_PASS),
	    "this form of address has no meaning here (HOST:PORT or unix:/PATH has)");
	for (enum addr_result r = ADDR_OK; r <= ADDR_NOT_HERE; r++)
		assert_true(strlen(addr_why(r, ADDR_LISTEN)) > 0);
}

static void
every_prefix_of_an_address_is_read_within_its_bounds(void **state)
{
	static const char *const text[] = {
		"[2001:db8::1]:443", "192.0.2.1:80", "unix:@a", "pass:/a", ":80",
	};
	struct addr a;

	(void)state;
	for (size_t i = 0; i < COUNT(text); i++)
		for (size_t n = 0; n < strlen(text[i]); n++)
			(void)addr_parse(copy_of(text[i], n), ADDR_LISTEN | ADDR_ALLOW_PASS, &a);
}

static void
socket_addresses_of_ip_addresses_come_back_as_they_were(void **state)
{
	static const char *const text[] = { "192.0.2.1:80", "[2001:db8::1]:443", "[::]:1",
		"0.0.0.0:65535" };
	struct sockaddr_storage sa;
	struct endpoint e;
	char again[ENDPOINT_TEXT_MAX];
	struct addr a;

	(void)state;
	for (size_t i = 0; i < COUNT(text); i++) {
		socklen_t want = text[i][0] == '[' ? sizeof(struct sockaddr_in6) :
		    sizeof(struct sockaddr_in);

		assert_int_equal(parse(text[i], 0, &a), ADDR_OK);
		assert_int_equal(addr_sockaddr(&a, &sa), want);
		endpoint_of(&sa, &e);
		assert_string_equal(endpoint_text(&e, again), text[i]);
	}
}

static void
no_host_means_the_v6_wildcard(void **state)
{
	struct sockaddr_storage sa;
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&sa;
	struct addr a;

	(void)state;
	assert_int_equal(parse(":8000", ADDR_LISTEN, &a), ADDR_OK);
	assert_int_equal(addr_sockaddr(&a, &sa), sizeof(*in6));
	assert_int_equal(in6->sin6_family, AF_INET6);
	assert_int_equal(ntohs(in6->sin6_port), 8000);
	assert_true(IN6_IS_ADDR_UNSPECIFIED(&in6->sin6_addr));
	assert_int_equal(parse("a:1", 0, &a), ADDR_OK);
	assert_int_equal(addr_sockaddr(&a, &sa), 0);
}

static void
unix_socket_addresses_end_where_unix_7_says(void **state)
{
	struct sockaddr_storage sa;
	const struct sockaddr_un *un = (const struct sockaddr_un *)&sa;
	size_t before = offsetof(struct sockaddr_un, sun_path);
	struct endpoint e;
	struct addr a;

	(void)state;
	assert_int_equal(parse("unix:/run/x", 0, &a), ADDR_OK);
	assert_int_equal(addr_sockaddr(&a, &sa), before + strlen("/run/x") + 1);
	assert_string_equal(un->sun_path, "/run/x");
	assert_int_equal(parse("pass:/run/y", ADDR_ALLOW_PASS, &a), ADDR_OK);
	assert_int_equal(addr_sockaddr(&a, &sa), before + strlen("/run/y") + 1);
	assert_string_equal(un->sun_path, "/run/y");
	assert_int_equal(parse("unix:@xy", 0, &a), ADDR_OK);
	assert_int_equal(addr_sockaddr(&a, &sa), before + 3);
	assert_memory_equal(un->sun_path, "\0xy", 3);
	assert_int_equal(parse("unix:" PATH107, 0, &a), ADDR_OK);
	assert_int_equal(addr_sockaddr(&a, &sa), sizeof(*un));

	endpoint_of(&sa, &e);
	assert_int_equal(e.family, AF_UNIX);
	assert_int_equal(endpoint_sockaddr(&e, &sa), 0);
}

static void
a_v4_mapped_peer_is_an_ipv4_peer(void **state)
{
	struct sockaddr_storage sa = { 0 };
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&sa;
	struct endpoint e, v4 = endpoint("192.0.2.1", 80);
	char text[ENDPOINT_TEXT_MAX];

	(void)state;
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(80);
	assert_int_equal(inet_pton(AF_INET6, "::ffff:192.0.2.1", &in6->sin6_addr), 1);
	endpoint_of(&sa, &e);
	assert_memory_equal(&e, &v4, sizeof(e));
	assert_string_equal(endpoint_text(&e, text), "192.0.2.1:80");
	assert_int_equal(endpoint_sockaddr(&e, &sa), sizeof(struct sockaddr_in));
}

static void
every_endpoint_has_a_text(void **state)
{
	struct sockaddr_storage sa = { .ss_family = AF_APPLETALK };
	char text[ENDPOINT_TEXT_MAX];
	struct endpoint e = endpoint("192.0.2.1", 80), unknown = { .family = AF_UNSPEC };

	(void)state;
	memset(text, 'x', sizeof(text));
	assert_string_equal(endpoint_ip_text(&e, text).p, "192.0.2.1");
	endpoint_of(&sa, &e);
	assert_memory_equal(&e, &unknown, sizeof(e));
	assert_null(endpoint_ip_text(&e, text).p);
	assert_string_equal(endpoint_text(&e, text), "-");
	e.family = AF_UNIX;
	assert_string_equal(endpoint_text(&e, text), "unix");
	e = endpoint("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 65535);
	assert_string_equal(endpoint_text(&e, text),
	    "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535");
}

static void
ip_literals_have_no_port_and_no_decoration(void **state)
{
	static const char *const good[] = {
		"192.0.2.1", "::", "2001:db8::1", "[2001:db8::1]", "::ffff:1.2.3.4",
	};
	static const char *const bad[] = {
		"", "[]", "[", "]", "[::1", "1::1]", "[192.0.2.1]", "192.0.2.1:80", "[::1]:80",
		"192.0.2", "192.0.2.1 ", " ::1",
		"localhost", "::1%lo", "0x7f.1.1.1", "1.2.3.04", ":::", "1:2:3:4:5:6:7:8:9",
		"[[::1]]", "1111:2222:3333:4444:5555:6666:7777:8888:9999:0000:1111",
		"1111:2222:3333:4444:5555:6666:7777:8888:123456",	/* 46 bytes: no NUL fits */
	};
	struct endpoint e;

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		assert_true(endpoint_parse_ip(copy_of(good[i], strlen(good[i])), &e));
		assert_int_equal(e.port, 0);
	}
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(endpoint_parse_ip(copy_of(bad[i], strlen(bad[i])), &e));
	assert_false(endpoint_parse_ip(copy_of("1.2.3.4\0", 8), &e));
}

static bool
has(const char *list, const char *ip)
{
	struct endpoint e = endpoint(ip, 1);

	return cidr_list_has(copy_of(list, strlen(list)), &e);
}

static void
a_cidr_list_has_what_lies_in_one_of_its_nets(void **state)
{
	static const char list[] = "10.0.0.0/8,192.0.2.1,198.51.100.128/25,2001:db8::/33,::1";

	(void)state;
	assert_true(has(list, "10.0.0.0"));
	assert_true(has(list, "10.255.255.255"));
	assert_false(has(list, "11.0.0.0"));
	assert_false(has(list, "9.255.255.255"));
	assert_true(has(list, "192.0.2.1"));
	assert_false(has(list, "192.0.2.0"));
	assert_true(has(list, "198.51.100.128"));
	assert_false(has(list, "198.51.100.127"));
	assert_true(has(list, "::ffff:10.1.2.3"));
	assert_true(has(list, "2001:db8:7fff::1"));
	assert_false(has(list, "2001:db8:8000::1"));
	assert_true(has(list, "::1"));
	assert_false(has(list, "::2"));
}

static void
the_bits_behind_the_prefix_do_not_count(void **state)
{
	(void)state;
	assert_true(has("10.1.2.3/8", "10.9.9.9"));
	assert_true(has("192.0.2.129/31", "192.0.2.128"));
	assert_false(has("192.0.2.129/32", "192.0.2.128"));
	assert_true(has("2001:db8::1/127", "2001:db8::"));
	assert_false(has("2001:db8::1/128", "2001:db8::"));
}

static void
zero_bits_mean_every_address_of_that_family(void **state)
{
	struct endpoint unix_peer = { .family = AF_UNIX }, unknown = { .family = AF_UNSPEC };
	struct slice all = slice_str("0.0.0.0/0,::/0");

	(void)state;
	assert_true(has("0.0.0.0/0", "203.0.113.9"));
	assert_false(has("0.0.0.0/0", "2001:db8::1"));
	assert_true(has("::/0", "2001:db8::1"));
	assert_false(has("::/0", "203.0.113.9"));
	assert_false(cidr_list_has(all, &unix_peer));
	assert_false(cidr_list_has(all, &unknown));
	assert_false(cidr_list_has(slice_of(NULL, 0), &unknown));
}

static void
a_v4_mapped_net_counts_its_128_bits(void **state)
{
	(void)state;
	assert_true(has("::ffff:10.0.0.0/104", "10.9.9.9"));
	assert_false(has("::ffff:10.0.0.0/104", "11.0.0.0"));
	assert_false(has("::ffff:10.0.0.0", "10.0.0.1"));
}

static void
a_bad_cidr_list_is_refused_and_its_first_bad_item_named(void **state)
{
	static const struct { const char *list, *bad; } wrong[] = {
		{ "", "" }, { ",", "" }, { "10.0.0.0/8,", "" }, { ",10.0.0.0/8", "" },
		{ "::1,,::2", "" }, { "10.0.0.0/33", "10.0.0.0/33" }, { "::/129", "::/129" },
		{ "10.0.0.0/", "10.0.0.0/" }, { "10.0.0.0/-1", "10.0.0.0/-1" },
		{ "10.0.0.0/8/8", "10.0.0.0/8/8" }, { "/8", "/8" },
		{ "10.0.0.0/8, 11.0.0.0/8", " 11.0.0.0/8" }, { "::1,localhost,x", "localhost" },
		{ "10/8", "10/8" }, { "10.0.0.0/255.0.0.0", "10.0.0.0/255.0.0.0" },
	};
	struct slice bad;

	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++) {
		assert_false(cidr_list_valid(copy_of(wrong[i].list, strlen(wrong[i].list)), &bad));
		assert_true(slice_is(bad, wrong[i].bad));
	}
	assert_false(cidr_list_valid(slice_of(NULL, 0), &bad));
	assert_true(cidr_list_valid(slice_str("10.0.0.0/32"), &bad));
	assert_true(cidr_list_valid(slice_str("10.0.0.1/0,::1/0,192.0.2.1,2001:db8::1/128"), &bad));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(targets_of_every_kind_are_taken),
		cmocka_unit_test(a_listening_address_may_leave_out_the_host_and_have_port_0),
		cmocka_unit_test(every_bad_target_is_refused_with_its_reason),
		cmocka_unit_test(the_reason_names_what_would_do_in_its_place),
		cmocka_unit_test(every_prefix_of_an_address_is_read_within_its_bounds),
		cmocka_unit_test(socket_addresses_of_ip_addresses_come_back_as_they_were),
		cmocka_unit_test(no_host_means_the_v6_wildcard),
		cmocka_unit_test(unix_socket_addresses_end_where_unix_7_says),
		cmocka_unit_test(a_v4_mapped_peer_is_an_ipv4_peer),
		cmocka_unit_test(every_endpoint_has_a_text),
		cmocka_unit_test(ip_literals_have_no_port_and_no_decoration),
		cmocka_unit_test(a_cidr_list_has_what_lies_in_one_of_its_nets),
		cmocka_unit_test(the_bits_behind_the_prefix_do_not_count),
		cmocka_unit_test(zero_bits_mean_every_address_of_that_family),
		cmocka_unit_test(a_v4_mapped_net_counts_its_128_bits),
		cmocka_unit_test(a_bad_cidr_list_is_refused_and_its_first_bad_item_named),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	free(text_copy);
	return failed;
}
