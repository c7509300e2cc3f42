/* SPDX-License-Identifier: ISC */
/* Tests of lib/hello.c: all that can be wrong, in records and inside the message. */
#include "hello_help.h"

/* ---- what is wrong with the records ---- */

static void
not_tls_is_what_does_not_begin_with_16_03(void **state)
{
	(void)state;
	for (int c = 0; c < 256; c++) {
		uint8_t first[2] = { (uint8_t)c, 3 }, second[2] = { 22, (uint8_t)c };

		assert_int_equal(parse(first, 1), c == 22 ? HELLO_MORE : HELLO_NOT_TLS);
		assert_int_equal(parse(first, 2), c == 22 ? HELLO_MORE : HELLO_NOT_TLS);
		assert_int_equal(parse(second, 2), c == 3 ? HELLO_MORE : HELLO_NOT_TLS);
	}
	assert_int_equal(parse((const uint8_t *)"GET / HTTP/1.1\r\n\r\n", 18), HELLO_NOT_TLS);
	assert_int_equal(parse((const uint8_t *)"SSH-2.0-x\r\n", 11), HELLO_NOT_TLS);
	assert_int_equal(parse((const uint8_t *)"\x80\x2e\1\3\1", 5), HELLO_NOT_TLS);
	assert_int_equal(h.version, 0);
}

static void
a_record_over_16384_is_refused_at_its_header(void **state)
{
	(void)state;
	assert_int_equal(parse((const uint8_t *)"\x16\3\1\x40\0", 5), HELLO_MORE);
	assert_int_equal(parse((const uint8_t *)"\x16\3\1\x40\1", 5), HELLO_MALFORMED);
	assert_int_equal(parse((const uint8_t *)"\x16\3\1\xff\xff", 5), HELLO_MALFORMED);
	assert_int_equal(parse((const uint8_t *)"\x16\3\1\xff", 4), HELLO_MORE);
	build_usual();
	wire.len = 0;
	put_record(message.at, 20);
	put(&wire, "\x16\3\3\x40\1", 5);
	assert_int_equal(parse(wire.at, wire.len - 1), HELLO_MORE);
	assert_int_equal(parse_wire(), HELLO_MALFORMED);
}

static void
a_message_over_the_limit_is_too_big_at_its_header(void **state)
{
	uint32_t len;

	(void)state;
	build_usual();
	len = (uint32_t)message.len;
	assert_int_equal(parse_max(wire.at, wire.len, len), HELLO_OK);
	assert_int_equal(parse_max(wire.at, wire.len, len - 1), HELLO_TOO_BIG);
	assert_int_equal(parse_max(wire.at, 5 + 4, len - 1), HELLO_TOO_BIG);
	assert_int_equal(parse_max(wire.at, 5 + 3, len - 1), HELLO_MORE);
	build_records(1);
	assert_int_equal(parse_max(wire.at, 6 * 4, len - 1), HELLO_TOO_BIG);
	assert_int_equal(parse_max(wire.at, 6 * 4 - 1, len - 1), HELLO_MORE);
	assert_int_equal(parse((const uint8_t *)"\x16\3\1\0\4\1\xff\xff\xff", 9), HELLO_TOO_BIG);
	assert_int_equal(parse_max((const uint8_t *)"\x16\3\1\0\4\1\1\0\0", 9,
	    HELLO_ABSOLUTE_MAX), HELLO_TOO_BIG);
}

static void
the_limits_we_name_are_met_to_the_byte(void **state)
{
	static const uint32_t limit[] = { HELLO_DEFAULT_MAX, HELLO_ABSOLUTE_MAX };

	(void)state;
	for (size_t i = 0; i < COUNT(limit); i++) {
		for (uint32_t over = 0; over <= 1; over++) {
			wire.len = 0;
			put(&wire, "\x16\3\1\0\4\1", 6);
			put_uint(&wire, limit[i] - 4 + over, 3);
			enum hello_verdict v = parse_max(wire.at, wire.len, limit[i]);

			assert_int_equal(v, over ? HELLO_TOO_BIG : HELLO_MORE);
		}
	}
}

static void
the_biggest_message_allowed_is_read(void **state)
{
	static char padding[HELLO_ABSOLUTE_MAX];
	struct ext ext[] = { EXT(0, SNI), { 21, padding, 0 } };

	(void)state;
	build_with(ext, 2);
	ext[1].len = HELLO_ABSOLUTE_MAX - message.len;
	build_with(ext, 2);
	assert_int_equal(message.len, HELLO_ABSOLUTE_MAX);
	for (size_t size = 16384; size > 0; size /= 128) {
		build_records(size);
		assert_int_equal(parse_max(wire.at, wire.len, HELLO_ABSOLUTE_MAX), HELLO_OK);
		assert_true(slice_is(h.name, "www.example.org"));
		assert_int_equal(parse_max(wire.at, wire.len, HELLO_ABSOLUTE_MAX - 1),
		    HELLO_TOO_BIG);
	}
}

static void
three_empty_records_are_taken_and_a_fourth_is_not(void **state)
{
	(void)state;
	build_usual();
	for (size_t split = 0; split < message.len; split += 7) {
		for (int empty = 0; empty <= 4; empty++) {
			bool fine = empty <= 3;
			enum hello_verdict want = fine ? HELLO_OK : HELLO_MALFORMED;

			wire.len = 0;
			if (split > 0)
				put_record(message.at, split);
			for (int i = 0; i < empty; i++)
				put_record(NULL, 0);
			size_t last = wire.len;

			put_record(message.at + split, message.len - split);
			assert_int_equal(parse_slowly(wire.at, wire.len), want);
			assert_int_equal(parse_wire(), want);
			if (fine)
				assert_usual_answers();
			assert_int_equal(parse(wire.at, last), fine ? HELLO_MORE : HELLO_MALFORMED);
		}
	}
}

static void
empty_records_count_wherever_they_are(void **state)
{
	(void)state;
	build_usual();
	wire.len = 0;
	for (size_t i = 0; i < 4; i++) {
		put_record(message.at + 10 * i, 10);
		put_record(NULL, 0);
	}
	put_record(message.at + 40, message.len - 40);
	assert_int_equal(parse_wire(), HELLO_MALFORMED);
	assert_int_equal(parse_slowly(wire.at, wire.len), HELLO_MALFORMED);
}

static void
another_kind_of_record_inside_is_refused_at_its_first_bytes(void **state)
{
	(void)state;
	build_usual();
	for (int c = 0; c < 256; c++) {
		wire.len = 0;
		put_record(message.at, 30);
		put_uint(&wire, (size_t)c, 1);
		assert_int_equal(parse_wire(), c == 22 ? HELLO_MORE : HELLO_MALFORMED);
		wire.at[wire.len - 1] = 22;
		put_uint(&wire, (size_t)c, 1);
		assert_int_equal(parse_wire(), c == 3 ? HELLO_MORE : HELLO_MALFORMED);
	}
}

static void
another_handshake_message_is_refused_at_its_first_byte(void **state)
{
	(void)state;
	build_usual();
	for (int c = 0; c < 256; c++) {
		wire.at[5] = (uint8_t)c;
		assert_int_equal(parse(wire.at, 6), c == 1 ? HELLO_MORE : HELLO_MALFORMED);
		assert_int_equal(parse_wire(), c == 1 ? HELLO_OK : HELLO_MALFORMED);
	}
}

/* ---- what is wrong inside: judged when all is there ---- */

/* The length fields inside an extension's data, which the builder takes as it comes. */
static void
note_field(const char *data, size_t data_len, size_t at, size_t size)
{
	const uint8_t *found = memmem(wire.at, wire.len, data, data_len);

	assert_non_null(found);
	wire.field[wire.fields] = (size_t)(found - wire.at) + at;
	wire.field_size[wire.fields++] = size;
}

static void
every_length_field_wrong_by_one_is_never_ok_with_another_name(void **state)
{
	(void)state;
	build_usual();
	note_field(SNI, sizeof(SNI) - 1, 0, 2);		/* the list, the name */
	note_field(SNI, sizeof(SNI) - 1, 3, 2);
	note_field(ALPN, sizeof(ALPN) - 1, 0, 2);	/* the list, both protocols */
	note_field(ALPN, sizeof(ALPN) - 1, 2, 1);
	note_field(ALPN, sizeof(ALPN) - 1, 5, 1);
	assert_int_equal(wire.fields, 1 + 3 + 1 + 4 + 5);	/* and the builder's */
	for (size_t f = 0; f < wire.fields; f++) {
		for (size_t i = 0; i < wire.field_size[f]; i++) {
			for (int by = -1; by <= 1; by += 2) {
				wire.at[wire.field[f] + i] += (uint8_t)by;
				enum hello_verdict v = parse_wire();

				if (f == 0)	/* the message's own: may be MORE or TOO_BIG */
					assert_int_not_equal(v, HELLO_OK);
				else
					assert_int_equal(v, HELLO_MALFORMED);
				assert_int_not_equal(parse(wire.at, wire.len - 1), HELLO_OK);
				wire.at[wire.field[f] + i] -= (uint8_t)by;
			}
		}
	}
	assert_int_equal(parse_wire(), HELLO_OK);
}

static void
a_wrong_record_length_is_never_ok_with_another_name(void **state)
{
	(void)state;
	build_usual();
	for (unsigned len = 0; len < 0x10000; len++) {
		enum hello_verdict v;

		wire.at[3] = (uint8_t)(len >> 8);
		wire.at[4] = (uint8_t)len;
		v = parse_wire();
		assert_int_equal(v == HELLO_OK, len >= message.len && len <= 16384);
		if (v == HELLO_OK)
			assert_usual_answers();
	}
}

static void
a_body_cut_anywhere_is_malformed(void **state)
{
	size_t whole, without_exts = 4 + 2 + 32 + 1 + 32 + 2 + 6 + 1 + 1;

	(void)state;
	build_usual();
	whole = message.len;
	for (size_t n = 4; n < whole; n++) {
		message.len = n;
		message.at[1] = 0;
		message.at[2] = (uint8_t)((n - 4) >> 8);
		message.at[3] = (uint8_t)(n - 4);
		build_one_record();
		assert_int_equal(parse_wire(), n == without_exts ? HELLO_NO_SNI : HELLO_MALFORMED);
		build_records(11);
		assert_int_equal(parse_wire(), n == without_exts ? HELLO_NO_SNI : HELLO_MALFORMED);
		assert_null(h.name.p);
	}
	/* a version and, where the random should be, all that comes after one */
	assert_int_equal(parse((const uint8_t *)"\x16\3\1\0\x0d\1\0\0\x09\3\3\0\0\2\x13\1\1", 18),
	    HELLO_MALFORMED);
}

static enum hello_verdict
parse_shape(size_t session_id, size_t ciphers, size_t compressions)
{
	const struct ext ext[] = { EXT(0, SNI) };

	build_message((struct shape){ 0x0303, session_id, ciphers, compressions, ext, 1 });
	build_one_record();
	return parse_wire();
}

static void
lists_before_the_extensions_have_their_limits(void **state)
{
	(void)state;
	assert_int_equal(parse_shape(0, 2, 1), HELLO_OK);
	assert_int_equal(parse_shape(32, 200, 255), HELLO_OK);
	assert_int_equal(parse_shape(33, 2, 1), HELLO_MALFORMED);
	assert_int_equal(parse_shape(255, 2, 1), HELLO_MALFORMED);
	assert_int_equal(parse_shape(0, 0, 1), HELLO_MALFORMED);
	assert_int_equal(parse_shape(0, 3, 1), HELLO_MALFORMED);
	assert_int_equal(parse_shape(0, 2, 0), HELLO_MALFORMED);
}

static void
bytes_behind_the_extensions_are_malformed(void **state)
{
	(void)state;
	build_usual();
	put_fill(&message, 0, 1);
	message.at[3]++;
	build_one_record();
	assert_int_equal(parse_wire(), HELLO_MALFORMED);
	build_message((struct shape){ 0x0303, 0, 2, 1, NULL, 0 });
	put_fill(&message, 0, 1);
	message.at[3]++;
	build_one_record();
	assert_int_equal(parse_wire(), HELLO_MALFORMED);
}

static void
a_repeated_name_or_alpn_extension_is_malformed(void **state)
{
	const struct ext names[] = { EXT(0, SNI), GREASE_EXT, EXT(0, SNI) };
	const struct ext no_name_first[] = { EXT(0, "\0\3\1\0\0"), EXT(0, SNI) };
	const struct ext alpns[] = { EXT(0, SNI), EXT(16, ALPN), EXT(16, ALPN) };

	(void)state;
	build_with(names, COUNT(names));
	assert_int_equal(parse_wire(), HELLO_MALFORMED);
	build_with(no_name_first, COUNT(no_name_first));
	assert_int_equal(parse_wire(), HELLO_MALFORMED);
	build_with(alpns, COUNT(alpns));
	assert_int_equal(parse_wire(), HELLO_MALFORMED);
}

static void
a_broken_server_name_is_malformed(void **state)
{
	static const struct ext bad[] = {
		{ 0, "", 0 },				/* no list */
		{ 0, "\0", 1 },
		{ 0, "\0\0", 2 },			/* an empty one */
		{ 0, "\0\3\0\0\0", 5 },			/* an empty name */
		{ 0, "\0\4\0\0\1a!", 7 },		/* bytes behind the list */
		{ 0, "\0\5\0\0\1a", 6 },		/* the list past the extension */
		{ 0, "\0\4\0\0\2a", 6 },		/* the name past the list */
		{ 0, "\0\4\0\0\2ab", 7 },		/* ... into what is behind it */
		{ 0, "\0\5\0\0\1ab", 7 },		/* a type without a length */
		{ 0, "\0\1\0", 3 },
		{ 0, "\0\2\0\0", 4 },
		{ 0, "\0\x08\0\0\1a\0\0\1b", 10 },	/* two host names */
		{ 0, "\0\x0b\0\0\1a\1\0\0\0\0\1a", 13 },
		{ 0, "\0\x08\0\0\1a\1\0\2b", 10 },	/* another type past the list */
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		if (parse_ext(0, bad[i].data, bad[i].len) != HELLO_MALFORMED)
			fail_msg("bad server name %zu is not refused", i);
}

static void
a_broken_alpn_list_is_malformed(void **state)
{
	static const struct ext bad[] = {
		{ 16, "", 0 }, { 16, "\0", 1 }, { 16, "\0\0", 2 },
		{ 16, "\0\1\0", 3 },			/* an empty protocol */
		{ 16, "\0\4\2h2\0", 6 },
		{ 16, "\0\3\2h2!", 6 },			/* bytes behind the list */
		{ 16, "\0\4\2h2", 5 },			/* the list past the extension */
		{ 16, "\0\3\3h2", 5 },			/* the protocol past the list */
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		const struct ext ext[] = { EXT(0, SNI), bad[i] };

		build_with(ext, COUNT(ext));
		if (parse_wire() != HELLO_MALFORMED)
			fail_msg("bad ALPN list %zu is not refused", i);
	}
	assert_int_equal(parse_ext(16, "\0\3\2h2", 5), HELLO_NO_SNI);
}

static void
no_change_of_one_byte_is_read_past_its_bounds(void **state)
{
	(void)state;
	build_usual();
	for (size_t n = 0; n < wire.len; n++) {
		uint8_t was = wire.at[n];

		for (int c = 0; c < 256; c++) {
			wire.at[n] = (uint8_t)c;
			assert_in_range(parse_wire(), HELLO_MORE, HELLO_MALFORMED);
		}
		wire.at[n] = was;
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(not_tls_is_what_does_not_begin_with_16_03),
		cmocka_unit_test(a_record_over_16384_is_refused_at_its_header),
		cmocka_unit_test(a_message_over_the_limit_is_too_big_at_its_header),
		cmocka_unit_test(the_limits_we_name_are_met_to_the_byte),
		cmocka_unit_test(the_biggest_message_allowed_is_read),
		cmocka_unit_test(three_empty_records_are_taken_and_a_fourth_is_not),
		cmocka_unit_test(empty_records_count_wherever_they_are),
		cmocka_unit_test(another_kind_of_record_inside_is_refused_at_its_first_bytes),
		cmocka_unit_test(another_handshake_message_is_refused_at_its_first_byte),
		cmocka_unit_test(every_length_field_wrong_by_one_is_never_ok_with_another_name),
		cmocka_unit_test(a_wrong_record_length_is_never_ok_with_another_name),
		cmocka_unit_test(a_body_cut_anywhere_is_malformed),
		cmocka_unit_test(lists_before_the_extensions_have_their_limits),
		cmocka_unit_test(bytes_behind_the_extensions_are_malformed),
		cmocka_unit_test(a_repeated_name_or_alpn_extension_is_malformed),
		cmocka_unit_test(a_broken_server_name_is_malformed),
		cmocka_unit_test(a_broken_alpn_list_is_malformed),
		cmocka_unit_test(no_change_of_one_byte_is_read_past_its_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, free_copies);
}
