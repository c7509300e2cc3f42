/* SPDX-License-Identifier: ISC */
/* Tests of lib/hello.c: the version, how many bytes it wants, the ALPN list, words and alerts. */
#include "hello_help.h"

static uint16_t
version_after(uint16_t record, uint16_t legacy, size_t len)
{
	const struct ext ext[] = { EXT(0, SNI) };

	build_message((struct shape){ legacy, 0, 2, 1, ext, 1 });
	build_one_record();
	wire.at[1] = (uint8_t)(record >> 8);
	wire.at[2] = (uint8_t)record;
	parse(wire.at, len < wire.len ? len : wire.len);
	return h.version;
}

static void
the_version_is_the_hellos_or_before_that_the_records(void **state)
{
	(void)state;
	assert_int_equal(version_after(0x0301, 0x0303, 4), 0);
	assert_int_equal(version_after(0x0301, 0x0303, 5), 0x0301);
	assert_int_equal(version_after(0x0301, 0x0303, 10), 0x0301);
	assert_int_equal(version_after(0x0301, 0x0303, 11), 0x0303);
	assert_int_equal(version_after(0x0301, 0x0303, SIZE_MAX), 0x0303);
	assert_int_equal(version_after(0x0303, 0x0301, SIZE_MAX), 0x0301);
	assert_int_equal(version_after(0x0300, 0x0300, SIZE_MAX), 0x0300);
	assert_int_equal(version_after(0x0304, 0x0303, 5), 0x0303);
	assert_int_equal(version_after(0x03ff, 0x0303, 5), 0x0303);
	assert_int_equal(version_after(0x0301, 0x0304, SIZE_MAX), 0x0303);
	assert_int_equal(version_after(0x0301, 0xffff, SIZE_MAX), 0x0303);
	assert_int_equal(version_after(0x0301, 0x02ff, SIZE_MAX), 0x0300);
}

static void
the_version_is_known_with_refusals_too(void **state)
{
	(void)state;
	build_usual();
	assert_int_equal(parse_max(wire.at, 11, 20), HELLO_TOO_BIG);
	assert_int_equal(h.version, 0x0303);
	assert_int_equal(parse_max(wire.at, 9, 20), HELLO_TOO_BIG);
	assert_int_equal(h.version, 0x0301);
	build_records(1);
	wire.at[6 + 1] = 4;	/* the second record's version is wrong */
	assert_int_equal(parse_wire(), HELLO_MALFORMED);
	assert_int_equal(h.version, 0x0301);
	build_records(5);
	wire.at[20 + 3] = 0xff;
	assert_int_equal(parse_wire(), HELLO_MALFORMED);
	assert_int_equal(h.version, 0x0303);
}

/* Before wants bytes are there nothing else may be said than MORE, whatever the bytes are. */
static void
assert_wants_holds(void)
{
	for (size_t n = 0; n < wire.len; n++) {
		start(HELLO_DEFAULT_MAX);
		assert_int_equal(feed(wire.at, n), HELLO_MORE);
		size_t wants = hello_wants(&h, copy, n);

		assert_true(wants > n && wants <= wire.len);
		assert_in_range(hello_rest(&h, n), 1, wire.len - n);
		assert_int_equal(parse(wire.at, wants - 1), HELLO_MORE);
	}
}

static void
what_it_wants_is_never_too_much(void **state)
{
	(void)state;
	build_usual();
	assert_wants_holds();
	for (size_t size = 1; size < message.len; size += size < 8 ? 1 : 17) {
		build_records(size);
		assert_wants_holds();
	}
}

static size_t
wants_after(size_t len)
{
	assert_int_equal(parse(wire.at, len), HELLO_MORE);
	return hello_wants(&h, copy, len);
}

static void
what_it_wants_is_the_rest_of_the_message(void **state)
{
	(void)state;
	build_usual();
	assert_int_equal(wants_after(0), 1);
	assert_int_equal(wants_after(1), 2);
	assert_int_equal(wants_after(2), 5);
	assert_int_equal(wants_after(5), 6);
	assert_int_equal(wants_after(6), 9);
	assert_int_equal(wants_after(9), wire.len);
	assert_int_equal(wants_after(wire.len - 1), wire.len);
	build_records(50);	/* up to the next record's type, which may be a wrong one */
	assert_int_equal(wants_after(9), 5 + 50 + 1);
	assert_int_equal(wants_after(55), 56);
	assert_int_equal(wants_after(57), 60);
	assert_int_equal(hello_rest(&h, 57), 3 + message.len - 50);
	assert_int_equal(wants_after(60), 60 + 50 + 1);
	assert_int_equal(hello_rest(&h, 60), message.len - 50);
	assert_int_equal(wants_after(70), 60 + 50 + 1);
	assert_int_equal(hello_rest(&h, 70), message.len - 60);
}

static void
the_alpn_list_can_be_walked(void **state)
{
	struct slice list = slice_str(ALPN_LIST), none = slice_of(NULL, 0);

	(void)state;
	assert_true(slice_is(hello_alpn_next(&list), "h2"));
	assert_true(slice_is(hello_alpn_next(&list), "http/1.1"));
	assert_null(hello_alpn_next(&list).p);
	assert_null(hello_alpn_next(&list).p);
	assert_null(hello_alpn_next(&none).p);
}

static void
every_verdict_has_its_word(void **state)
{
	static const char *const word[] = {
		"more", "ok", "no-sni", "not-tls", "too-big", "malformed", "timeout", "eof", "-"
	};

	(void)state;
	for (enum hello_verdict v = HELLO_MORE; v <= HELLO_NONE; v++)
		assert_string_equal(hello_word(v), word[v]);
}

static void
alerts_are_fatal_and_have_the_clients_version(void **state)
{
	uint8_t out[HELLO_ALERT_LEN];

	(void)state;
	hello_alert(ALERT_UNRECOGNIZED_NAME, 0x0303, out);
	assert_memory_equal(out, "\x15\x03\x03\0\x02\x02\x70", 7);
	hello_alert(ALERT_DECODE_ERROR, 0, out);
	assert_memory_equal(out, "\x15\x03\x01\0\x02\x02\x32", 7);
	hello_alert(ALERT_ACCESS_DENIED, 0x0300, out);
	assert_memory_equal(out, "\x15\x03\x00\0\x02\x02\x31", 7);
	hello_alert(ALERT_INTERNAL_ERROR, 0x0302, out);
	assert_memory_equal(out, "\x15\x03\x02\0\x02\x02\x50", 7);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_version_is_the_hellos_or_before_that_the_records),
		cmocka_unit_test(the_version_is_known_with_refusals_too),
		cmocka_unit_test(what_it_wants_is_never_too_much),
		cmocka_unit_test(what_it_wants_is_the_rest_of_the_message),
		cmocka_unit_test(the_alpn_list_can_be_walked),
		cmocka_unit_test(every_verdict_has_its_word),
		cmocka_unit_test(alerts_are_fatal_and_have_the_clients_version),
	};

	return cmocka_run_group_tests(tests, NULL, free_copies);
}
