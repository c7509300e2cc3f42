/* SPDX-License-Identifier: ISC */
/*
 * Tests of lib/http1_head.c: heads as they should be, every prefix of them,
 * and what must not pass as one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "http1.h"

static char *copy;	/* exact size, so that the sanitizer sees a read behind it */

static const char *
heap(const char *text, size_t len)
{
	free(copy);
	copy = malloc(len);
	memcpy(copy, text, len);
	return copy;
}

static int
free_copy(void **state)
{
	(void)state;
	free(copy);
	copy = NULL;
	return 0;
}

static enum http1_result
request_n(const char *text, size_t len, struct http1_request *req)
{
	struct http1_scan scan = { 0 };

	return http1_request(&scan, heap(text, len), len, req);
}

static enum http1_result
request(const char *text, struct http1_request *req)
{
	return request_n(text, strlen(text), req);
}

static enum http1_result
response(const char *text, bool to_head, struct http1_response *res)
{
	struct http1_scan scan = { 0 };

	return http1_response(&scan, heap(text, strlen(text)), strlen(text), to_head, res);
}

#define assert_slice(s, text) \
	do { \
		assert_int_equal((s).len, strlen(text)); \
		assert_memory_equal((s).p, text, strlen(text)); \
	} while (0)

static void
wants(const char *text, enum http1_result expected)
{
	struct http1_request req;
	enum http1_result r = request(text, &req);

	if (r != expected)
		fail_msg("%d, not %d: %s", r, expected, text);
}

#define WHOLE "POST /a/b?c=%20d HTTP/1.1\r\nHost: www.Example.org:8080\r\nContent-Length: 12\r\n" \
    "X-A: \xe9\r\nx-a: \t2\t \r\n\r\n"

static void
a_whole_request_is_taken_apart(void **state)
{
	struct http1_request req;
	struct http1_field f;
	struct slice fields;

	(void)state;
	assert_int_equal(request(WHOLE "behind", &req), HTTP1_OK);
	assert_int_equal(req.msg.size, strlen(WHOLE));
	assert_slice(req.method, "POST");
	assert_slice(req.target, "/a/b?c=%20d");
	assert_slice(req.path, "/a/b?c=%20d");
	assert_slice(req.authority, "www.Example.org:8080");
	assert_slice(req.host, "www.Example.org");
	assert_int_equal(req.msg.framing, HTTP1_LENGTH);
	assert_int_equal(req.msg.length, 12);
	assert_true(req.msg.keep_alive && !req.is_safe && !req.is_head);
	fields = req.msg.fields;
	assert_true(http1_next_field(&fields, &f));
	assert_int_equal(f.known, HTTP1_N_HOST);
	assert_true(http1_next_field(&fields, &f));
	assert_true(http1_next_field(&fields, &f));
	assert_slice(f.name, "X-A");
	assert_slice(f.value, "\xe9");
	assert_true(http1_next_field(&fields, &f));
	assert_slice(f.name, "x-a");
	assert_slice(f.value, "2");
	assert_false(http1_next_field(&fields, &f));
}

static void
every_proper_prefix_wants_more(void **state)
{
	struct http1_request req;

	(void)state;
	for (size_t n = 0; n < strlen(WHOLE); n++)
		assert_int_equal(request_n(WHOLE, n, &req), HTTP1_MORE);
}

static void
a_head_byte_by_byte_is_the_same_head(void **state)
{
	struct http1_scan scan = { 0 };
	struct http1_request req;
	size_t n = 0;

	(void)state;
	while (http1_request(&scan, heap(WHOLE, n), n, &req) == HTTP1_MORE)
		n++;
	assert_int_equal(n, strlen(WHOLE));
	assert_int_equal(req.msg.size, n);
	assert_slice(req.host, "www.Example.org");
}

static void
the_search_for_the_end_never_looks_back(void **state)
{
	struct http1_scan scan = { 0 };
	struct http1_request req;

	(void)state;
	assert_int_equal(http1_request(&scan, heap(WHOLE, 40), 40, &req), HTTP1_MORE);
	assert_int_equal(scan.at, 40);
	assert_int_equal(scan.line, 27);
}

static void
the_four_forms_of_a_target(void **state)
{
	struct http1_request req;

	(void)state;
	assert_int_equal(request("GET http://A.test:81/x?y HTTP/1.1\r\nHost: b.test\r\n\r\n", &req),
	    HTTP1_OK);
	assert_slice(req.host, "A.test");
	assert_slice(req.authority, "A.test:81");
	assert_slice(req.path, "/x?y");
	assert_int_equal(request("GET HTTPS://a.test HTTP/1.1\r\nHost: b.test\r\n\r\n", &req),
	    HTTP1_OK);
	assert_slice(req.path, "");
	assert_int_equal(request("GET http://a.test?q HTTP/1.1\r\nHost: b.test\r\n\r\n", &req),
	    HTTP1_OK);
	assert_slice(req.path, "?q");
	assert_int_equal(request("OPTIONS * HTTP/1.1\r\nHost: b.test\r\n\r\n", &req), HTTP1_OK);
	assert_slice(req.path, "*");
	wants("GET * HTTP/1.1\r\nHost: b.test\r\n\r\n", HTTP1_BAD);
	wants("CONNECT b.test:443 HTTP/1.1\r\nHost: b.test\r\n\r\n", HTTP1_CONNECT);
	wants("GET b.test:443 HTTP/1.1\r\nHost: b.test\r\n\r\n", HTTP1_BAD);
	wants("GET ftp://b.test/ HTTP/1.1\r\nHost: b.test\r\n\r\n", HTTP1_BAD);
	wants("GET http:///x HTTP/1.1\r\nHost: b.test\r\n\r\n", HTTP1_BAD);
	wants("GET http://u@b.test/x HTTP/1.1\r\nHost: b.test\r\n\r\n", HTTP1_BAD);
	wants("GET http://b.test/x HTTP/1.1\r\n\r\n", HTTP1_BAD);
	wants("GET http://b.test/x HTTP/1.1\r\nHost: bad host\r\n\r\n", HTTP1_BAD);
}

static void
one_valid_host_is_required(void **state)
{
	static const char *const good[] = { "a", "a.test", "a.test.", "a.test:80",
		"a.test:65535", "a.test:", "192.0.2.1", "192.0.2.1:8", "[2001:db8::1]", "[::1]:80",
		"[::ffff:1.2.3.4]", "[::FFFF:102:304]:80", "[64:ff9b::1.2.3.4]", "[::]",
		"[0000:0000:0000:0000:0000:ffff:255.255.255.255]", "under_score.test",
		"A--b.test" };
	static const char *const bad[] = { "", " ", "a b", "a,b", "a.test:x", "a.test:65536",
		"a.test:000080", "a.test:-1", "a.test:1:2", "[::1", "::1", "[::1]x", "[::1].a",
		"[::1]]", "[[::1]]", "[]", "[1.2.3.4]", "[fe80::1%1]", "[fe80::1%251]", "a/b",
		"a?b", "u@a.test", "a..b", "-a.test", "a.test, a.test", "\xc3\xa4",
		"a%2e", "1.2.3.4.5", "a.test#" };
	struct http1_request req;
	char text[200];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		snprintf(text, sizeof(text), "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", good[i]);
		wants(text, HTTP1_OK);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(text, sizeof(text), "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", bad[i]);
		wants(text, HTTP1_BAD);
	}
	wants("GET / HTTP/1.1\r\n\r\n", HTTP1_BAD);
	wants("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", HTTP1_BAD);
	wants("GET / HTTP/1.1\r\nHost: a\r\nhOST: b\r\n\r\n", HTTP1_BAD);
	wants("GET / HTTP/1.1\r\nHost: a\r\nHose: b\r\n\r\n", HTTP1_OK);
	assert_int_equal(request("GET / HTTP/1.0\r\n\r\n", &req), HTTP1_OK);
	assert_null(req.authority.p);
	assert_false(req.msg.keep_alive);
}

static void
every_smuggling_shape_is_refused(void **state)
{
#define HEAD "POST / HTTP/1.1\r\nHost: a\r\n"
	static const char *const bad[] = {
		HEAD "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
		HEAD "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
		HEAD "Content-Length: 5\r\nContent-Length: 6\r\n\r\n",
		HEAD "Content-Length: 5, 5\r\n\r\n",
		HEAD "Content-Length: 5,6\r\n\r\n",
		HEAD "Content-Length: +5\r\n\r\n",
		HEAD "Content-Length: -5\r\n\r\n",
		HEAD "Content-Length: 0x5\r\n\r\n",
		HEAD "Content-Length: 5 5\r\n\r\n",
		HEAD "Content-Length:\r\n\r\n",
		HEAD "Content-Length: 18446744073709551617\r\n\r\n",
		HEAD "Content-Length: 9223372036854775808\r\n\r\n",
		HEAD "Content-Length: 9999999999999999999\r\n\r\n",
		HEAD "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
		HEAD "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n",
		HEAD "Transfer-Encoding: chunked, chunked\r\n\r\n",
		HEAD "Transfer-Encoding: chunked, identity\r\n\r\n",
		HEAD "Transfer-Encoding: xchunked\r\n\r\n",
		HEAD "Transfer-Encoding: identity\r\n\r\n",
		HEAD "Transfer-Encoding: chunked;a=b\r\n\r\n",
		HEAD "Transfer-Encoding: \"chunked\"\r\n\r\n",
		HEAD "Transfer-Encoding: gz(ip, chunked\r\n\r\n",
		HEAD "Transfer-Encoding: , chunked\r\n\r\n",
		HEAD "Transfer-Encoding:\r\n\r\n",
		HEAD "Transfer-Encoding: chunked,\r\n\r\n",
		HEAD "Transfer-Encoding: \x0b" "chunked\r\n\r\n",
		HEAD "Transfer-Encoding : chunked\r\n\r\n",
		HEAD "Transfer-Encoding\t: chunked\r\n\r\n",
		HEAD " Transfer-Encoding: chunked\r\n\r\n",
		HEAD "Transfer-Encoding:\r\n chunked\r\n\r\n",
		HEAD "X: y\r\n\tfolded: z\r\n\r\n",
		HEAD "X: y\rTransfer-Encoding: chunked\r\n\r\n",
		HEAD "X: y\nTransfer-Encoding: chunked\r\n\r\n",
		HEAD ": no name\r\n\r\n",
		HEAD "no colon\r\n\r\n",
		HEAD "X(: y\r\n\r\n",
		HEAD "X: a\x7f\r\n\r\n",
		HEAD "X: a\r\r\n\r\n",
		"POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
		"GET / HTTP/1.1\nHost: a\n\n",
		"GET / HTTP/1.1\r\nHost: a\n\r\n",
		"GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET / HTTP/1.1 \r\nHost: a\r\n\r\n",
		"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET /\tHTTP/1.1\r\nHost: a\r\n\r\n",
		"GET / \r\nHost: a\r\n\r\n",
		"GET /\r\n\r\n",
		"GET / HTTP/1.1x\r\nHost: a\r\n\r\n",
		"GET / http/1.1\r\nHost: a\r\n\r\n",
		"GET / HTTP/11\r\nHost: a\r\n\r\n",
		"GET / HTTP/1:1\r\nHost: a\r\n\r\n",
		"GET / HTTP/1./\r\nHost: a\r\n\r\n",
		"GET / HTTP/1.:\r\nHost: a\r\n\r\n",
		"GET / HTTP//.1\r\nHost: a\r\n\r\n",
		"GET / HTTP/:.1\r\nHost: a\r\n\r\n",
		" / HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET /\"<>\\^`{|} HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET /#x HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET /\x80 HTTP/1.1\r\nHost: a\r\n\r\n",
		"G(T / HTTP/1.1\r\nHost: a\r\n\r\n",
		"\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
		"\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		wants(bad[i], HTTP1_BAD);
	assert_int_equal(request_n("GET / HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n", 33,
	    &(struct http1_request){ .method = { 0 } }), HTTP1_BAD);
}

static void
what_is_well_formed_but_not_ours_has_a_status_of_its_own(void **state)
{
	(void)state;
	wants(HEAD "Transfer-Encoding: gzip, chunked\r\n\r\n", HTTP1_CODING);
	wants("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", HTTP1_VERSION);
	wants("GET / HTTP/3.0\r\nHost: a\r\n\r\n", HTTP1_VERSION);
	wants("\x16\x03\x01", HTTP1_TLS);
	assert_int_equal(http1_status(HTTP1_BAD), 400);
	assert_int_equal(http1_status(HTTP1_CONNECT), 405);
	assert_int_equal(http1_status(HTTP1_TARGET_LONG), 414);
	assert_int_equal(http1_status(HTTP1_HEAD_LONG), 431);
	assert_int_equal(http1_status(HTTP1_CODING), 501);
	assert_int_equal(http1_status(HTTP1_VERSION), 505);
	assert_int_equal(http1_status(HTTP1_TLS), 0);
}

static void
lengths_and_codings_frame_the_body(void **state)
{
	struct http1_request req;

	(void)state;
	assert_int_equal(request(HEAD "content-length: 007\r\nContent-Length: 7\r\n\r\n", &req),
	    HTTP1_OK);
	assert_int_equal(req.msg.framing, HTTP1_LENGTH);
	assert_int_equal(req.msg.length, 7);
	assert_int_equal(request(HEAD "Content-Length: 0\r\n\r\n", &req), HTTP1_OK);
	assert_int_equal(req.msg.framing, HTTP1_LENGTH);
	assert_int_equal(request(HEAD "Transfer-Encoding: ChunKed\r\n\r\n", &req), HTTP1_OK);
	assert_int_equal(req.msg.framing, HTTP1_CHUNKED);
	assert_int_equal(request(HEAD "\r\n", &req), HTTP1_OK);
	assert_int_equal(req.msg.framing, HTTP1_NO_BODY);
	assert_int_equal(request(HEAD "Content-Length: 999999999999999999\r\n\r\n", &req),
	    HTTP1_OK);
	assert_true(req.msg.length == 999999999999999999u);
	assert_int_equal(request(HEAD "Content-Length: 9223372036854775807\r\n\r\n", &req),
	    HTTP1_OK);
	assert_true(req.msg.length == INT64_MAX);
	assert_int_equal(request(HEAD "Content-Length: 0000000000000000007\r\n\r\n", &req),
	    HTTP1_OK);
	assert_int_equal(req.msg.length, 7);
}

static void
connection_says_what_becomes_of_it(void **state)
{
	struct http1_request req;

	(void)state;
	assert_int_equal(request(HEAD "Connection: Close\r\n\r\n", &req), HTTP1_OK);
	assert_false(req.msg.keep_alive);
	assert_int_equal(request("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", &req),
	    HTTP1_OK);
	assert_true(req.msg.keep_alive);
	assert_int_equal(request("GET / HTTP/1.1\r\nHost: a\r\n"
	    "Connection: keep-alive, , Upgrade\r\nUpgrade: websocket\r\n\r\n", &req), HTTP1_OK);
	assert_true(req.msg.upgrade);
	assert_int_equal(req.msg.named_count, 0);
	assert_int_equal(request(HEAD "Connection: close, TE\r\nTE: trailers\r\n\r\n", &req),
	    HTTP1_OK);
	assert_int_equal(req.msg.named_count, 0);
	assert_int_equal(request(HEAD "Connection: TE, X-Foo\r\n\r\n", &req), HTTP1_OK);
	assert_int_equal(req.msg.named_count, 1);
	assert_int_equal(request(HEAD "Upgrade: websocket\r\nConnection: X-Foo\r\n"
	    "X-Foo: 1\r\n\r\n", &req), HTTP1_OK);
	assert_false(req.msg.upgrade);
	assert_int_equal(req.msg.named_count, 1);
	assert_true(http1_is_named(&req.msg, slice_str("x-FOO")));
	assert_false(http1_is_named(&req.msg, slice_str("x-fo")));
	assert_int_equal(request(HEAD "Connection: Upgrade\r\nUpgrade: a\r\n"
	    "Upgrade: b\r\n\r\n", &req), HTTP1_OK);
	assert_true(req.msg.upgrade);
	assert_int_equal(request("GET / HTTP/1.0\r\nConnection: Upgrade\r\n"
	    "Upgrade: a\r\n\r\n", &req), HTTP1_OK);
	assert_false(req.msg.upgrade);
	assert_int_equal(request(HEAD "Connection: Upgrade\r\n\r\n", &req), HTTP1_OK);
	assert_false(req.msg.upgrade);
	wants(HEAD "Connection: a b\r\n\r\n", HTTP1_BAD);
}

/* A head with close and n names of one length, X-00 and so on, in two lines of Connection. */
static size_t
many_names(char *text, unsigned n)
{
	size_t len = (size_t)sprintf(text, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close");

	for (unsigned i = 0; i < n; i++)
		len += (size_t)sprintf(text + len, "%sX-%02u",
		    i == 20 ? "\r\nConnection:" : ",", i);
	return len + (size_t)sprintf(text + len, "\r\n\r\n");
}

static void
every_field_that_connection_names_is_known_or_the_head_refused(void **state)
{
	char text[1024], name[8];
	struct http1_request req;

	(void)state;
	assert_int_equal(request_n(text, many_names(text, HTTP1_OPTIONS_MAX - 1), &req), HTTP1_OK);
	assert_int_equal(req.msg.named_count, HTTP1_OPTIONS_MAX - 1);
	for (unsigned i = 0; i < HTTP1_OPTIONS_MAX; i++) {
		snprintf(name, sizeof(name), "x-%02u", i);
		assert_int_equal(http1_is_named(&req.msg, slice_str(name)),
		    i < HTTP1_OPTIONS_MAX - 1);
	}
	assert_false(http1_is_named(&req.msg, slice_str("close")));
	assert_int_equal(request_n(text, many_names(text, HTTP1_OPTIONS_MAX), &req),
	    HTTP1_HEAD_LONG);
}

/* "GET /aaa... HTTP/1.1" with a target of n bytes. */
static char *
long_target(size_t n, const char *behind)
{
	char *text = malloc(n + 200);
	size_t at = (size_t)sprintf(text, "GET ");

	memset(text + at, '/', n);
	strcpy(text + at + n, behind);
	return text;
}

static void
long_targets_are_414_and_long_heads_431(void **state)
{
	char *text = long_target(HTTP1_TARGET_MAX, " HTTP/1.1\r\nHost: a\r\n\r\n");
	struct http1_request req;
	size_t len;

	(void)state;
	wants(text, HTTP1_OK);
	free(text);
	text = long_target(HTTP1_TARGET_MAX, " HTTP/1.1\r");
	wants(text, HTTP1_MORE);
	free(text);
	text = long_target(HTTP1_HEAD_MAX, " HTTP/1.1\r\nHost: a\r\n\r\n");
	wants(text, HTTP1_TARGET_LONG);
	free(text);
	text = long_target(HTTP1_TARGET_MAX + 1, " HTTP/1.1\r\nHost: a\r\n\r\n");
	wants(text, HTTP1_TARGET_LONG);
	free(text);
	text = long_target(HTTP1_TARGET_MAX + 100, "");
	wants(text, HTTP1_TARGET_LONG);
	free(text);
	text = malloc(2 * HTTP1_HEAD_MAX);
	len = (size_t)sprintf(text, "GET %0*u HTTP/1.1\r\nX: ", (int)HTTP1_TARGET_MAX + 1, 0);
	memset(text + len, 'x', HTTP1_HEAD_MAX);
	assert_int_equal(request_n(text, HTTP1_HEAD_MAX, &req), HTTP1_TARGET_LONG);

	len = (size_t)sprintf(text, "GET / HTTP/1.1\r\nHost: a\r\nX: ");
	memset(text + len, 'x', HTTP1_HEAD_MAX);
	assert_int_equal(request_n(text, HTTP1_HEAD_MAX - 1, &req), HTTP1_MORE);
	assert_int_equal(request_n(text, HTTP1_HEAD_MAX, &req), HTTP1_HEAD_LONG);
	memcpy(text + HTTP1_HEAD_MAX - 4, "\r\n\r\n", 4);
	assert_int_equal(request_n(text, HTTP1_HEAD_MAX, &req), HTTP1_OK);
	memcpy(text + HTTP1_HEAD_MAX - 4, "xx\r\n\r\n", 6);
	assert_int_equal(request_n(text, HTTP1_HEAD_MAX + 2, &req), HTTP1_HEAD_LONG);
	len = (size_t)sprintf(text, "GET / HTTP/1.1\r\nHost: a\r\n");
	for (unsigned i = 0; i < HTTP1_FIELDS_MAX; i++)
		len += (size_t)sprintf(text + len, "X:\r\n");
	len += (size_t)sprintf(text + len, "\r\n");
	assert_int_equal(request_n(text, len, &req), HTTP1_HEAD_LONG);
	free(text);
#define METHOD "AMETHODASLONGASONEISALLOWEDTOBE."
	assert_int_equal(strlen(METHOD), HTTP1_METHOD_MAX);
	wants(METHOD, HTTP1_MORE);
	wants(METHOD " ", HTTP1_MORE);
	wants(METHOD " / HTTP/1.1\r\nHost: a\r\n\r\n", HTTP1_OK);
	wants(METHOD "X ", HTTP1_BAD);
	wants(METHOD "X / HTTP/1.1\r\nHost: a\r\n\r\n", HTTP1_BAD);
}

static void
a_first_line_is_judged_before_the_rest_is_here(void **state)
{
	struct http1_scan scan = { 0 };
	struct http1_request req;
	char *text = long_target(HTTP1_TARGET_MAX + 1, " HTTP/1.1\r\n");
	size_t n = 0;

	(void)state;
	wants(text, HTTP1_TARGET_LONG);
	free(text);
	wants("SSH-2.0-x\r\n", HTTP1_BAD);
	wants("GET / HTTP/2.0\r\nHost: a", HTTP1_VERSION);
	wants("CONNECT a:1 HTTP/1.1\r\n", HTTP1_CONNECT);
	wants("GET / HTTP/1.1\r\nHost : a\r\n", HTTP1_MORE);
#define LINE "GET /a b HTTP/1.1\r\n"
	while (http1_request(&scan, heap(LINE, n), n, &req) == HTTP1_MORE)
		n++;
	assert_int_equal(n, strlen(LINE));
}

static void
version_1_0_expects_nothing(void **state)
{
	struct http1_request req;

	(void)state;
	assert_int_equal(request(HEAD "expect: 100-continue\r\n\r\n", &req), HTTP1_OK);
	assert_true(req.msg.expects);
	assert_int_equal(request("GET / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n", &req), HTTP1_OK);
	assert_false(req.msg.expects);
	assert_int_equal(request(HEAD "\r\n", &req), HTTP1_OK);
	assert_false(req.msg.expects);
}

static void
only_requests_are_limited_to_one_host(void **state)
{
	struct http1_response res;

	(void)state;
	wants("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", HTTP1_BAD);
	assert_int_equal(response("HTTP/1.1 204 \r\nHost: a\r\nHost: b c\r\n\r\n", false, &res),
	    HTTP1_OK);
}

static void
responses_are_framed_by_what_they_answer(void **state)
{
	struct http1_response res;

	(void)state;
	memset(&res, 1, sizeof(res));
	assert_int_equal(response("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", false, &res),
	    HTTP1_OK);
	assert_int_equal(res.status, 200);
	assert_int_equal(res.msg.named_count, 0);
	assert_true(res.msg.keep_alive);
	assert_slice(res.reason, "OK");
	assert_int_equal(res.msg.framing, HTTP1_LENGTH);
	assert_int_equal(response("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", true, &res),
	    HTTP1_OK);
	assert_int_equal(res.msg.framing, HTTP1_NO_BODY);
	assert_int_equal(res.msg.length, 5);
	assert_int_equal(response("HTTP/1.1 304 \r\nContent-Length: 5\r\n\r\n", false, &res),
	    HTTP1_OK);
	assert_slice(res.reason, "");
	assert_int_equal(res.msg.framing, HTTP1_NO_BODY);
	assert_int_equal(response("HTTP/1.1 204\r\n\r\n", false, &res), HTTP1_OK);
	assert_int_equal(res.msg.framing, HTTP1_NO_BODY);
	assert_int_equal(response("HTTP/1.1 100 Continue\r\n\r\n", false, &res), HTTP1_OK);
	assert_int_equal(res.msg.framing, HTTP1_NO_BODY);
	assert_int_equal(response("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", false,
	    &res), HTTP1_OK);
	assert_int_equal(res.msg.framing, HTTP1_CHUNKED);
	assert_int_equal(response("HTTP/1.1 999 \r\n\r\n", false, &res), HTTP1_OK);
	assert_int_equal(res.status, 999);
	assert_int_equal(res.msg.framing, HTTP1_TO_CLOSE);
	assert_false(res.msg.keep_alive);
	assert_int_equal(response("HTTP/1.1 101 \r\nConnection: upgrade\r\n"
	    "Upgrade: x\r\n\r\n", false, &res), HTTP1_OK);
	assert_true(res.msg.upgrade);
}

static void
lying_responses_are_refused(void **state)
{
	static const char *const bad[] = {
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 5x\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
		"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
		"HTTP/1.1 200 OK\r\nX: y\r\n z\r\n\r\n",
		"HTTP/1.1 200 OK\nX: y\n z\n\n",
		"HTTP/1.1 200 OK\nX: y\rz\n\n",
		"HTTP/1.1 200 OK\r\r\n\r\n",
		"\n",
		"\nHTTP/1.1 200 OK\n\n",
		"HTTP/1.1 200 OK\r\nX : y\r\n\r\n",
		"HTTP/2.0 200 OK\r\n\r\n",
		"HTTP/1.1 20 OK\r\n\r\n",
		"HTTP/1.1 099 OK\r\n\r\n",
		"HTTP/1.1 1000 OK\r\n\r\n",
		"HTTP/1.1 2000\r\n\r\n",
		"HTTP/1.1  200 OK\r\n\r\n",
		"HTTP/1.1\t200 OK\r\n\r\n",
		"HTTP/1.1 200 O\x01K\r\n\r\n",
		"\r\n\r\n",
		"garbage\r\n\r\n",
	};
	struct http1_response res;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (response(bad[i], false, &res) != HTTP1_BAD)
			fail_msg("taken: %s", bad[i]);
	assert_int_equal(response("HTTP/1.1 200 OK\r\nX: y\r\n", false, &res), HTTP1_MORE);
}

static void
lines_of_a_response_may_end_with_lf_alone(void **state)
{
	static const char *const heads[] = {
		"HTTP/1.1 200 OK\nContent-Length: 5\nX: y\n\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 5\nX: y\r\n\n",
		"HTTP/1.1 200 OK\nContent-Length: 5\r\nX: y \n\r\n",
	};
	struct http1_response res;
	struct http1_field f;

	(void)state;
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		assert_int_equal(response(heads[i], false, &res), HTTP1_OK);
		assert_int_equal(res.msg.size, strlen(heads[i]));
		assert_int_equal(res.msg.length, 5);
		assert_slice(res.reason, "OK");
		assert_true(http1_next_field(&res.msg.fields, &f));
		assert_true(http1_next_field(&res.msg.fields, &f));
		assert_slice(f.value, "y");
		assert_false(http1_next_field(&res.msg.fields, &f));
	}
}

static void
every_proper_prefix_of_a_response_wants_more(void **state)
{
	static const char *const wholes[] = {
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX: y\r\n\r\n",
		"HTTP/1.1 200 OK\nContent-Length: 5\nX: y\n\n",
	};
	struct http1_response res;
	char prefix[64];

	(void)state;
	for (size_t i = 0; i < sizeof(wholes) / sizeof(wholes[0]); i++) {
		for (size_t n = 0; n < strlen(wholes[i]); n++) {
			memcpy(prefix, wholes[i], n);
			prefix[n] = '\0';
			assert_int_equal(response(prefix, false, &res), HTTP1_MORE);
		}
		assert_int_equal(response(wholes[i], false, &res), HTTP1_OK);
		assert_int_equal(res.msg.size, strlen(wholes[i]));
	}
}

static void
another_protocol_is_refused_at_its_first_byte(void **state)
{
	static const char *const others[] = { "SSH-2.0-x\r\n", "220 mail ESMTP\r\n", "-ERR x\r\n",
		"\x15\x03\x03", "\x01", "\r", "\n", "h", "Hello", "HTTP/2", "HTTP/10" };
	struct http1_response res;

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (response(others[i], false, &res) != HTTP1_BAD)
			fail_msg("waited for: %s", others[i]);
}

static void
a_response_head_without_an_end_is_refused_at_its_limit(void **state)
{
	struct http1_scan scan = { 0 };
	struct http1_response res;
	char *text = malloc(HTTP1_RESPONSE_MAX + 2);

	(void)state;
	memset(text, 'x', HTTP1_RESPONSE_MAX);
	memcpy(text, "HTTP/1.1 200 OK\r\nX: ", 20);
	assert_int_equal(http1_response(&scan, text, HTTP1_RESPONSE_MAX - 1, false, &res),
	    HTTP1_MORE);
	assert_int_equal(http1_response(&scan, text, HTTP1_RESPONSE_MAX, false, &res), HTTP1_BAD);
	for (size_t over = 0; over <= 2; over += 2) {
		memcpy(text + HTTP1_RESPONSE_MAX + over - 4, "\r\n\r\n", 4);
		scan = (struct http1_scan){ 0 };
		assert_int_equal(http1_response(&scan, text, HTTP1_RESPONSE_MAX + over, false,
		    &res), over == 0 ? HTTP1_OK : HTTP1_BAD);
		memcpy(text + HTTP1_RESPONSE_MAX - 4, "xxxx", 4);
	}
	free(text);
}

static void
lists_are_looked_through_member_by_member(void **state)
{
	(void)state;
	assert_true(http1_list_has(slice_str("a, B ,c"), "b"));
	assert_false(http1_list_has(slice_str("a, bc"), "b"));
	assert_false(http1_list_has(slice_str(""), "b"));
}

static void
a_request_line_alone_decides_safety(void **state)
{
	static const struct { const char *method; bool safe, head; } row[] = {
		{ "GET", true, false }, { "HEAD", true, true }, { "OPTIONS", true, false },
		{ "TRACE", true, false }, { "POST", false, false },
		{ "get", false, false }, { "DELETE", false, false } };
	struct http1_request req;
	char text[100];

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		snprintf(text, sizeof(text), "%s / HTTP/1.1\r\nHost: a\r\n\r\n", row[i].method);
		assert_int_equal(request(text, &req), HTTP1_OK);
		assert_true(req.is_safe == row[i].safe && req.is_head == row[i].head);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_whole_request_is_taken_apart),
		cmocka_unit_test(every_proper_prefix_wants_more),
		cmocka_unit_test(a_head_byte_by_byte_is_the_same_head),
		cmocka_unit_test(the_search_for_the_end_never_looks_back),
		cmocka_unit_test(the_four_forms_of_a_target),
		cmocka_unit_test(one_valid_host_is_required),
		cmocka_unit_test(every_smuggling_shape_is_refused),
		cmocka_unit_test(what_is_well_formed_but_not_ours_has_a_status_of_its_own),
		cmocka_unit_test(lengths_and_codings_frame_the_body),
		cmocka_unit_test(connection_says_what_becomes_of_it),
		cmocka_unit_test(every_field_that_connection_names_is_known_or_the_head_refused),
		cmocka_unit_test(long_targets_are_414_and_long_heads_431),
		cmocka_unit_test(a_first_line_is_judged_before_the_rest_is_here),
		cmocka_unit_test(version_1_0_expects_nothing),
		cmocka_unit_test(only_requests_are_limited_to_one_host),
		cmocka_unit_test(responses_are_framed_by_what_they_answer),
		cmocka_unit_test(lying_responses_are_refused),
		cmocka_unit_test(lines_of_a_response_may_end_with_lf_alone),
		cmocka_unit_test(every_proper_prefix_of_a_response_wants_more),
		cmocka_unit_test(another_protocol_is_refused_at_its_first_byte),
		cmocka_unit_test(a_response_head_without_an_end_is_refused_at_its_limit),
		cmocka_unit_test(lists_are_looked_through_member_by_member),
		cmocka_unit_test(a_request_line_alone_decides_safety),
	};

	return cmocka_run_group_tests(tests, NULL, free_copy);
}
