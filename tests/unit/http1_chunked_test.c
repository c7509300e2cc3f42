/* SPDX-License-Identifier: ISC */
/*
 * Tests of lib/http1_chunked.c and of trailers: one answer however the bytes come,
 * and no size but a plain one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "http1.h"

/* What came of a body, fed in pieces of step bytes; each is an exact-size copy. */
struct fed {
	enum http1_chunk_result result;
	enum http1_result trailer;
	size_t used, data;
	char payload[256];
};

static struct fed
feed_to(struct http1_chunked c, const char *text, size_t step)
{
	struct fed out = { .result = HTTP1_CHUNK_MORE, .trailer = HTTP1_MORE };
	size_t len = strlen(text);

	while (out.result == HTTP1_CHUNK_MORE && out.used < len) {
		size_t n = len - out.used < step ? len - out.used : step, used, data;
		char *piece = malloc(n);

		memcpy(piece, text + out.used, n);
		out.result = http1_dechunk(&c, piece, n, &used, &data);
		memcpy(out.payload + out.data, piece, data);
		out.data += data;
		out.used += used;
		free(piece);
	}
	for (size_t n = 0; out.result == HTTP1_CHUNK_TRAILER && out.trailer == HTTP1_MORE &&
	    out.used + n <= len; n++) {
		struct slice fields;
		size_t used;
		char *piece = malloc(n);

		memcpy(piece, text + out.used, n);
		out.trailer = http1_trailer(&c, piece, n, &fields, &used);
		if (out.trailer == HTTP1_OK)
			assert_int_equal(used, n);
		free(piece);
	}
	return out;
}

static struct fed
feed(const char *text, size_t step)
{
	return feed_to((struct http1_chunked){ 0 }, text, step);
}

static void
chunks_in_any_pieces_are_the_same_payload(void **state)
{
	static const char body[] = "5\r\nhello\r\n1;a=b;\tc=\"d e\"\r\n \r\n"
	    "00000000000000A\r\n0123456789\r\n"
	    "0\r\nX: y\r\n\r\n";

	(void)state;
	for (size_t step = 1; step <= sizeof(body); step++) {
		struct fed f = feed(body, step);

		assert_int_equal(f.result, HTTP1_CHUNK_TRAILER);
		assert_int_equal(f.trailer, HTTP1_OK);
		assert_int_equal(f.data, 16);
		assert_memory_equal(f.payload, "hello 0123456789", 16);
	}
}

static void
an_empty_body_has_an_empty_trailer(void **state)
{
	struct fed f = feed("0\r\n\r\n", 100);

	(void)state;
	assert_int_equal(f.trailer, HTTP1_OK);
	assert_int_equal(f.data, 0);
	f = feed("000000\r\n\r\n", 1);
	assert_int_equal(f.trailer, HTTP1_OK);
}

static void
every_proper_prefix_wants_more(void **state)
{
	static const char body[] = "5\r\nhello\r\n0\r\nX: y\r\n\r\n";
	char prefix[sizeof(body)];

	(void)state;
	for (size_t n = 0; n + 1 < sizeof(body); n++) {
		struct fed f;

		memcpy(prefix, body, n);
		prefix[n] = '\0';
		f = feed(prefix, 3);
		assert_true(f.result == HTTP1_CHUNK_MORE || f.trailer == HTTP1_MORE);
		assert_true(f.result != HTTP1_CHUNK_BAD);
	}
}

static void
blanks_come_before_an_extension_and_fill_up_sizes_of_old_servers(void **state)
{
	static const char before[] = "1 \t;a=b\r\n.\r\n0 ;c\r\n\r\n";
	static const char filled[] = "1  \t\r\n.\r\n0 \r\n\r\n", odd[] = "1 1\r\n.\r\n0\r\n\r\n";
	const struct http1_chunked old = { .padded = true };

	(void)state;
	for (size_t step = 1; step < sizeof(before); step++) {
		assert_int_equal(feed(before, step).trailer, HTTP1_OK);
		assert_int_equal(feed_to(old, before, step).trailer, HTTP1_OK);
		assert_int_equal(feed_to(old, filled, step).trailer, HTTP1_OK);
		assert_int_equal(feed(filled, step).result, HTTP1_CHUNK_BAD);
		assert_int_equal(feed_to(old, odd, step).result, HTTP1_CHUNK_BAD);
	}
}

static void
bad_sizes_and_line_ends_are_refused(void **state)
{
	static const char *const bad[] = { "\r\n", "x\r\n", "-1\r\n", "+1\r\n", "0x1\r\n",
		" 1\r\n", "1 \r\n", "1\t\r\n", "1\n", "1\r", "1\r\r\n", "1 \t;a \r\r\n", ";a\r\n",
		"1;a\x01\r\n", "1;a\x7f\r\n", "1;a\nb\r\n", "1;a\rb\r\n", "1,1\r\n", "1g\r\n",
		"1000000000000000\r\n", "ffffffffffffffffff\r\n", "0000000000000001\r\n",
		"1\r\nab\r\n", "1\r\na\n", "1\r\na\rb", "1\r\na1\r\n" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char text[64];
		struct fed whole, one;

		strcpy(text, bad[i]);
		strcat(text, ".\r\n0\r\n\r\n");	/* fine behind a size of 1 */
		whole = feed(text, 100);
		one = feed(text, 1);
		if (whole.result != HTTP1_CHUNK_BAD || one.result != HTTP1_CHUNK_BAD)
			fail_msg("taken: %s", bad[i]);
	}
}

static void
a_size_line_is_bounded(void **state)
{
	struct http1_chunked c = { 0 };
	char line[400];
	size_t used, data;

	(void)state;
	memset(line, 'x', sizeof(line));
	line[0] = '1';
	line[1] = ';';
	assert_int_equal(http1_dechunk(&c, line, 256, &used, &data), HTTP1_CHUNK_MORE);
	assert_int_equal(http1_dechunk(&c, line, 1, &used, &data), HTTP1_CHUNK_BAD);
}

static void
bad_trailers_are_refused(void **state)
{
	static const char *const bad[] = { "0\r\nX : y\r\n\r\n", "0\r\nX\r\n\r\n",
		"0\r\nX: y\n\r\n", "0\r\n\n", "0\r\nX: y\r\n z\r\n\r\n", "0\r\n: y\r\n\r\n" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (feed(bad[i], 100).trailer != HTTP1_BAD)
			fail_msg("taken: %s", bad[i]);
}

/* What comes of a trailer section with these fields and, at its end, one to fill it up to len. */
static enum http1_result
trailer_of(unsigned fields, size_t len)
{
	struct http1_chunked c = { 0 };
	char *text = malloc(len);
	struct slice out;
	size_t used;

	memset(text, ':', len);
	for (unsigned i = 1; i < fields; i++)
		memcpy(text + 4 * (i - 1), "X:\r\n", 4);
	text[4 * (fields - 1)] = 'X';
	memcpy(text + len - 4, "\r\n\r\n", 4);
	enum http1_result r = http1_trailer(&c, text, len, &out, &used);

	free(text);
	return r;
}

static void
a_trailer_is_bounded(void **state)
{
	struct http1_chunked c = { 0 };
	char text[HTTP1_TRAILER_MAX];
	struct slice out;
	size_t used;

	(void)state;
	assert_int_equal(trailer_of(HTTP1_FIELDS_MAX, HTTP1_TRAILER_MAX), HTTP1_OK);
	assert_int_equal(trailer_of(HTTP1_FIELDS_MAX + 1, HTTP1_TRAILER_MAX), HTTP1_BAD);
	assert_int_equal(trailer_of(1, HTTP1_TRAILER_MAX + 1), HTTP1_BAD);
	memset(text, 'x', sizeof(text));
	assert_int_equal(http1_trailer(&c, text, sizeof(text) - 1, &out, &used), HTTP1_MORE);
	assert_int_equal(http1_trailer(&c, text, sizeof(text), &out, &used), HTTP1_BAD);
}

static void
trailers_that_frame_or_route_are_not_passed_on(void **state)
{
	static const char *const never[] = { "Content-Length", "transfer-encoding", "Host",
		"Connection", "Trailer", "Set-Cookie", "X-Forwarded-For", "Authorization" };
	struct http1_field f;
	char text[64];

	(void)state;
	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++) {
		struct slice fields;

		strcpy(text, never[i]);
		strcat(text, ": 1\r\n");
		fields = slice_str(text);
		assert_true(http1_next_field(&fields, &f));
		assert_false(http1_trailer_allowed(&f));
	}
	assert_true(http1_trailer_allowed(&(struct http1_field){
	    .name = slice_str("Grpc-Status") }));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chunks_in_any_pieces_are_the_same_payload),
		cmocka_unit_test(an_empty_body_has_an_empty_trailer),
		cmocka_unit_test(every_proper_prefix_wants_more),
		cmocka_unit_test(blanks_come_before_an_extension_and_fill_up_sizes_of_old_servers),
		cmocka_unit_test(bad_sizes_and_line_ends_are_refused),
		cmocka_unit_test(a_size_line_is_bounded),
		cmocka_unit_test(bad_trailers_are_refused),
		cmocka_unit_test(a_trailer_is_bounded),
		cmocka_unit_test(trailers_that_frame_or_route_are_not_passed_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
