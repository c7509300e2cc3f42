/* SPDX-License-Identifier: ISC */
/*
 * Tests of lib/hello.c: whole hellos are read, whatever else is in them and however they are cut.
 */
#include <time.h>

#include "hello_help.h"

static void
a_hello_gives_name_and_protocols(void **state)
{
	(void)state;
	build_usual();
	assert_int_equal(parse_wire(), HELLO_OK);
	assert_usual_answers();
	assert_int_equal(h.records, 1);
	assert_int_equal(h.end, wire.len);
	assert_true((const uint8_t *)h.name.p > copy &&
	    (const uint8_t *)h.name.p < copy + wire.len);
}

static void
every_proper_prefix_wants_more(void **state)
{
	(void)state;
	build_usual();
	for (size_t n = 0; n < wire.len; n++)
		assert_int_equal(parse(wire.at, n), HELLO_MORE);
	assert_int_equal(parse_slowly(wire.at, wire.len), HELLO_OK);
	assert_usual_answers();
}

static void
a_verdict_is_repeated_when_asked_again(void **state)
{
	(void)state;
	build_usual();
	build_records(50);
	assert_int_equal(parse_wire(), HELLO_OK);
	assert_int_equal(feed(wire.at, wire.len), HELLO_OK);
	assert_usual_answers();
	assert_int_equal(h.end, wire.len);
}

static void
every_split_over_two_records_works(void **state)
{
	(void)state;
	build_usual();
	for (size_t n = 1; n < message.len; n++) {
		wire.len = 0;
		put_record(message.at, n);
		put_record(message.at + n, message.len - n);
		assert_int_equal(parse_wire(), HELLO_OK);
		assert_usual_answers();
		assert_int_equal(h.records, 2);
		assert_int_equal(h.end, wire.len);
		assert_int_equal(parse_slowly(wire.at, wire.len), HELLO_OK);
		assert_usual_answers();
	}
}

static void
every_size_of_records_works_down_to_one_byte(void **state)
{
	(void)state;
	build_usual();
	for (size_t size = 1; size <= message.len; size++) {
		build_records(size);
		assert_int_equal(parse_wire(), HELLO_OK);
		assert_usual_answers();
		for (size_t n = 0; size < 8 && n < wire.len; n++)
			assert_int_equal(parse(wire.at, n), HELLO_MORE);
	}
	build_records(1);
	assert_int_equal(parse_slowly(wire.at, wire.len), HELLO_OK);
	assert_usual_answers();
}

static void
every_split_over_two_reads_gives_the_verdict_of_one(void **state)
{
	(void)state;
	build_usual();
	build_records(60);
	for (size_t n = 0; n < wire.len; n++) {
		start(HELLO_DEFAULT_MAX);
		assert_int_equal(feed(wire.at, n), HELLO_MORE);
		assert_int_equal(feed(wire.at, wire.len), HELLO_OK);
		assert_usual_answers();
	}
}

static void
work_is_linear_in_bytes(void **state)
{
	clock_t begin;

	(void)state;
	build_message((struct shape){ 0x0303, 1, 16340, 1, NULL, 0 });
	assert_int_equal(message.len, 16384);
	build_records(1);
	start(16384);
	begin = clock();
	for (size_t n = 0; n < wire.len; n++)
		assert_int_equal(hello_parse(&h, wire.at, n, scratch), HELLO_MORE);
	assert_int_equal(hello_parse(&h, wire.at, wire.len, scratch), HELLO_NO_SNI);
	/*
	 * 98304 calls take some milliseconds;
	 * going over all records at each of them would take seconds.
	 */
	assert_true(clock() - begin < CLOCKS_PER_SEC / 4);
}

static void
early_data_behind_the_hello_is_left_alone(void **state)
{
	size_t end;

	(void)state;
	build_usual();
	end = wire.len;
	put(&wire, "\x14\x03\x03\0\1\1\x17\x03\x03\0\5hello", 16);
	for (size_t n = end; n <= wire.len; n++) {
		assert_int_equal(parse(wire.at, n), HELLO_OK);
		assert_usual_answers();
		assert_int_equal(h.end, end);
	}
}

static void
bytes_behind_the_message_in_its_record_are_ignored(void **state)
{
	size_t end;

	(void)state;
	build_usual();
	end = message.len;
	put(&message, "\x0b\0\0\0", 4);
	build_one_record();
	for (size_t n = 5 + end; n <= wire.len; n++) {
		assert_int_equal(parse(wire.at, n), HELLO_OK);
		assert_usual_answers();
		assert_int_equal(h.end, wire.len);
	}
	assert_int_equal(parse(wire.at, 5 + end - 1), HELLO_MORE);
	build_records(end - 10);
	assert_int_equal(parse_max(wire.at, wire.len, (uint32_t)end), HELLO_OK);
	assert_usual_answers();
}

static void
a_post_quantum_hello_of_1700_bytes_is_fine(void **state)
{
	static char share[1220], ticket[400];
	const struct ext ext[] = {
		EXT(0x2a2a, ""), EXT(51, share), EXT(0, SNI), EXT(16, ALPN),
		EXT(0xfe0d, "\0\0\1\0\1"), EXT(35, ticket),
	};

	(void)state;
	build_with(ext, COUNT(ext));
	assert_true(message.len > 1700);
	assert_int_equal(parse_slowly(wire.at, wire.len), HELLO_OK);
	assert_usual_answers();
	build_records(1400);
	assert_int_equal(parse_wire(), HELLO_OK);
	assert_usual_answers();
}

static void
of_an_encrypted_hello_the_outer_name_counts(void **state)
{
	/* The inner hello is sealed; bytes in it that look like a server name are no name. */
	const struct ext ext[] = { EXT(0xfe0d, "\0\0\x10" "\0\0\0\x0a\0\x08\0\0\x05inner"),
		EXT(0, SNI) };

	(void)state;
	build_with(ext, COUNT(ext));
	assert_int_equal(parse_wire(), HELLO_OK);
	assert_true(slice_is(h.name, "www.example.org"));
	assert_null(h.alpn.p);
}

static void
unknown_extensions_may_be_repeated(void **state)
{
	const struct ext ext[] = {
		GREASE_EXT, EXT(0xabcd, "x"), EXT(0, SNI), EXT(0xabcd, "x"),
		GREASE_EXT, EXT(10, ""), EXT(10, ""),
	};

	(void)state;
	build_with(ext, COUNT(ext));
	assert_int_equal(parse_wire(), HELLO_OK);
	assert_true(slice_is(h.name, "www.example.org"));
}

static void
other_name_types_are_skipped(void **state)
{
	(void)state;
	assert_int_equal(parse_ext(0, "\0\x0c\1\0\2xx\0\0\4a.bc", 14), HELLO_OK);
	assert_true(slice_is(h.name, "a.bc"));
	assert_int_equal(parse_ext(0, "\0\x0c\0\0\4a.bc\7\0\2xx", 14), HELLO_OK);
	assert_true(slice_is(h.name, "a.bc"));
	assert_int_equal(parse_ext(0, "\0\x0a\1\0\2xx\1\0\2yy", 12), HELLO_NO_SNI);
	assert_null(h.name.p);
	assert_int_equal(parse_ext(0, "\0\3\1\0\0", 5), HELLO_NO_SNI);
}

static void
a_name_is_given_as_sent(void **state)
{
	char list[2 + 3 + 600] = { 2, 603 & 0xff, 0, 600 >> 8, 600 & 0xff };

	(void)state;
	list[0] = 603 >> 8;
	memset(list + 5, 'n', 600);
	assert_int_equal(parse_ext(0, list, sizeof(list)), HELLO_OK);
	assert_int_equal(h.name.len, 600);
	assert_int_equal(parse_ext(0, "\0\7\0\0\4A\0\n.", 9), HELLO_OK);
	assert_true(slice_eq(h.name, slice_of("A\0\n.", 4)));
}

static void
without_a_name_it_is_no_sni(void **state)
{
	(void)state;
	build_message((struct shape){ 0x0301, 0, 2, 1, NULL, 0 });
	build_one_record();
	assert_int_equal(parse_wire(), HELLO_NO_SNI);
	assert_null(h.name.p);
	assert_null(h.alpn.p);
	build_with((const struct ext[]){ GREASE_EXT }, 0);
	assert_int_equal(parse_wire(), HELLO_NO_SNI);
	assert_int_equal(parse_ext(16, ALPN, sizeof(ALPN) - 1), HELLO_NO_SNI);
	assert_null(h.name.p);
	assert_int_equal(h.alpn.len, 12);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_hello_gives_name_and_protocols),
		cmocka_unit_test(every_proper_prefix_wants_more),
		cmocka_unit_test(a_verdict_is_repeated_when_asked_again),
		cmocka_unit_test(every_split_over_two_records_works),
		cmocka_unit_test(every_size_of_records_works_down_to_one_byte),
		cmocka_unit_test(every_split_over_two_reads_gives_the_verdict_of_one),
		cmocka_unit_test(work_is_linear_in_bytes),
		cmocka_unit_test(early_data_behind_the_hello_is_left_alone),
		cmocka_unit_test(bytes_behind_the_message_in_its_record_are_ignored),
		cmocka_unit_test(a_post_quantum_hello_of_1700_bytes_is_fine),
		cmocka_unit_test(of_an_encrypted_hello_the_outer_name_counts),
		cmocka_unit_test(unknown_extensions_may_be_repeated),
		cmocka_unit_test(other_name_types_are_skipped),
		cmocka_unit_test(a_name_is_given_as_sent),
		cmocka_unit_test(without_a_name_it_is_no_sni),
	};

	return cmocka_run_group_tests(tests, NULL, free_copies);
}
