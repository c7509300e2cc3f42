/* SPDX-License-Identifier: ISC */
/* Tests of lib/secret.c: the ancestors' handshake, read and written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "secret.h"

#define S3CRET "\x11\x11\0\x06s3cret"

static struct slice secret;
static size_t used;
static uint8_t *copy;		/* what secret borrows from; freed by the next read_bytes() */

/* An exact-size heap copy, so that the sanitizer sees a read behind the bytes. */
static enum secret_result
read_bytes(const void *bytes, size_t len)
{
	free(copy);
	copy = malloc(len);
	if (len > 0)
		memcpy(copy, bytes, len);
	return secret_read(copy, len, &secret, &used);
}

/* A handshake that announces n bytes and has as many, and one more behind it. */
static size_t
handshake(uint8_t *out, size_t n)
{
	out[0] = out[1] = 0x11;
	out[2] = (uint8_t)(n >> 8);
	out[3] = (uint8_t)n;
	memset(out + 4, 's', n + 1);
	return 4 + n;
}

static void
the_secret_is_what_the_length_says(void **state)
{
	(void)state;
	assert_int_equal(read_bytes(S3CRET, 10), SECRET_OK);
	assert_true(slice_is(secret, "s3cret"));
	assert_int_equal(used, 10);
	assert_int_equal(read_bytes(S3CRET "GET / HTTP/1.1", 24), SECRET_OK);
	assert_true(slice_is(secret, "s3cret"));
	assert_int_equal(used, 10);
	assert_int_equal(read_bytes("\x11\x11\0\x03\0\x11\xff", 7), SECRET_OK);
	assert_true(slice_eq(secret, slice_of("\0\x11\xff", 3)));
}

static void
every_prefix_wants_more(void **state)
{
	uint8_t frame[SECRET_FRAME_MAX + 1];

	(void)state;
	for (size_t n = 0; n < 10; n++)
		assert_int_equal(read_bytes(S3CRET, n), SECRET_MORE);
	handshake(frame, SECRET_MAX);
	for (size_t n = 0; n < SECRET_FRAME_MAX; n++)
		assert_int_equal(read_bytes(frame, n), SECRET_MORE);
}

static void
another_magic_is_bad_at_its_first_wrong_byte(void **state)
{
	(void)state;
	for (unsigned byte = 0; byte < 256; byte++) {
		uint8_t first[] = { (uint8_t)byte, 0x11 }, second[] = { 0x11, (uint8_t)byte };

		assert_int_equal(read_bytes(first, 1), byte == 0x11 ? SECRET_MORE : SECRET_BAD);
		assert_int_equal(read_bytes(first, 2), byte == 0x11 ? SECRET_MORE : SECRET_BAD);
		assert_int_equal(read_bytes(second, 2), byte == 0x11 ? SECRET_MORE : SECRET_BAD);
	}
}

static void
every_length_but_1_to_the_limit_is_bad_at_once(void **state)
{
	static uint8_t frame[5 + UINT16_MAX];

	(void)state;
	for (size_t n = 0; n <= UINT16_MAX; n++) {
		bool good = n >= 1 && n <= SECRET_MAX;
		size_t len = handshake(frame, n);

		assert_int_equal(read_bytes(frame, 4), good ? SECRET_MORE : SECRET_BAD);
		if (good || n % 1000 == 0) {
			assert_int_equal(read_bytes(frame, len), good ? SECRET_OK : SECRET_BAD);
			assert_true(!good || (secret.len == n && used == len));
		}
	}
}

static void
what_is_written_is_what_the_ancestors_wrote(void **state)
{
	uint8_t out[SECRET_FRAME_MAX];

	(void)state;
	assert_int_equal(secret_write(slice_str("s3cret"), out), 10);
	assert_memory_equal(out, S3CRET, 10);
}

static void
what_is_written_can_be_read(void **state)
{
	uint8_t text[SECRET_MAX], out[SECRET_FRAME_MAX];

	(void)state;
	for (size_t n = 1; n <= SECRET_MAX; n++) {
		text[n - 1] = (uint8_t)(n * 7);
		assert_int_equal(secret_write(slice_of((char *)text, n), out), n + 4);
		assert_int_equal(read_bytes(out, n + 4), SECRET_OK);
		assert_true(slice_eq(secret, slice_of((char *)text, n)));
	}
}

static int
clean_up(void **state)
{
	(void)state;
	free(copy);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_secret_is_what_the_length_says),
		cmocka_unit_test(every_prefix_wants_more),
		cmocka_unit_test(another_magic_is_bad_at_its_first_wrong_byte),
		cmocka_unit_test(every_length_but_1_to_the_limit_is_bad_at_once),
		cmocka_unit_test(what_is_written_is_what_the_ancestors_wrote),
		cmocka_unit_test(what_is_written_can_be_read),
	};

	return cmocka_run_group_tests(tests, NULL, clean_up);
}
