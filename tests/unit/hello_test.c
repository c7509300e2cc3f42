/* SPDX-License-Identifier: ISC */
/* Tests of lib/hello.c: hellos built byte by byte, those of real programs, and all that can be wrong. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "hello.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define BYTES_MAX 600000u
#define RECORD 22, 3, 1
#define EXT(type, data) (struct ext){ type, data, sizeof(data) - 1 }
#define SNI "\0\x12\0\0\x0fwww.example.org"
#define ALPN_LIST "\x02h2\x08http/1.1"
#define ALPN "\0\x0c" ALPN_LIST
#define GREASE_EXT EXT(0x7a7a, "")

/* ---- the builder: bytes, and where the length fields among them are ---- */

struct bytes {
	uint8_t at[BYTES_MAX];
	size_t len;
	size_t field[64], field_size[64], fields;
};

struct ext {
	uint16_t type;
	const char *data;
	size_t len;
};

/* What a message is made of; session_id, ciphers and compressions are numbers of bytes. */
struct shape {
	uint16_t version;
	size_t session_id, ciphers, compressions;
	const struct ext *ext;		/* NULL: no extensions block */
	size_t exts;
};

static struct bytes message, wire;

static void
put(struct bytes *b, const void *bytes, size_t len)
{
	assert_true(b->len + len <= BYTES_MAX);
	if (len > 0)
		memcpy(b->at + b->len, bytes, len);
	b->len += len;
}

static void
put_uint(struct bytes *b, size_t value, size_t size)
{
	while (size-- > 0)
		put(b, &(uint8_t){ (uint8_t)(value >> 8 * size) }, 1);
}

static void
put_fill(struct bytes *b, uint8_t value, size_t len)
{
	while (len-- > 0)
		put(b, &value, 1);
}

/* A length field, filled in by close_vec(). */
static size_t
open_vec(struct bytes *b, size_t size)
{
	b->field[b->fields] = b->len;
	b->field_size[b->fields++] = size;
	put_uint(b, 0, size);
	return b->fields - 1;
}

static void
close_vec(struct bytes *b, size_t field)
{
	size_t at = b->field[field], size = b->field_size[field], end = b->len;

	b->len = at;
	put_uint(b, end - at - size, size);
	b->len = end;
}

static void
put_exts(const struct ext *ext, size_t exts)
{
	size_t list = open_vec(&message, 2);

	for (size_t i = 0; i < exts; i++) {
		put_uint(&message, ext[i].type, 2);
		size_t data = open_vec(&message, 2);

		put(&message, ext[i].data, ext[i].len);
		close_vec(&message, data);
	}
	close_vec(&message, list);
}

static void
build_message(struct shape s)
{
	message.len = message.fields = 0;
	put_uint(&message, 1, 1);
	size_t body = open_vec(&message, 3);

	put_uint(&message, s.version, 2);
	put_fill(&message, 0x5a, 32);
	size_t session_id = open_vec(&message, 1);

	put_fill(&message, 0xd1, s.session_id);
	close_vec(&message, session_id);
	size_t ciphers = open_vec(&message, 2);

	put_fill(&message, 0x13, s.ciphers);
	close_vec(&message, ciphers);
	size_t compressions = open_vec(&message, 1);

	put_fill(&message, 0, s.compressions);
	close_vec(&message, compressions);
	if (s.ext != NULL)
		put_exts(s.ext, s.exts);
	close_vec(&message, body);
}

static void
put_record(const void *bytes, size_t len)
{
	put(&wire, (const uint8_t[]){ RECORD }, 3);
	put_uint(&wire, len, 2);
	put(&wire, bytes, len);
}

/* The message in records of at most size bytes. */
static void
build_records(size_t size)
{
	wire.len = wire.fields = 0;
	for (size_t at = 0; at < message.len; at += size)
		put_record(message.at + at, message.len - at < size ? message.len - at : size);
}

/* The message in one record; wire's length fields are the message's and the record's. */
static void
build_one_record(void)
{
	build_records(message.len);
	for (size_t i = 0; i < message.fields; i++) {
		wire.field[i] = message.field[i] + 5;
		wire.field_size[i] = message.field_size[i];
	}
	wire.fields = message.fields;
}

static void
build_with(const struct ext *ext, size_t exts)
{
	build_message((struct shape){ 0x0303, 32, 6, 1, ext, exts });
	build_one_record();
}

/* The hello most tests begin with: GREASE, a name, ALPN, an extension of no interest. */
static void
build_usual(void)
{
	const struct ext ext[] = { GREASE_EXT, EXT(0, SNI), EXT(16, ALPN), EXT(43, "\x02\x03\x04") };

	build_with(ext, COUNT(ext));
}

/* ---- feeding ---- */

static struct hello h;
static uint8_t *copy, *scratch;		/* what h's answers borrow from */

static void
start(uint32_t max)
{
	h = (struct hello){ .max = max };
	free(scratch);
	scratch = malloc(max);
}

/* Another call, with the first len bytes in a place of just that size, so that overreads are seen. */
static enum hello_verdict
feed(const uint8_t *bytes, size_t len)
{
	free(copy);
	copy = malloc(len);
	if (len > 0)
		memcpy(copy, bytes, len);
	return hello_parse(&h, copy, len, scratch);
}

static enum hello_verdict
parse_max(const uint8_t *bytes, size_t len, uint32_t max)
{
	start(max);
	return feed(bytes, len);
}

static enum hello_verdict
parse(const uint8_t *bytes, size_t len)
{
	return parse_max(bytes, len, HELLO_DEFAULT_MAX);
}

static enum hello_verdict
parse_wire(void)
{
	return parse(wire.at, wire.len);
}

static enum hello_verdict
parse_ext(uint16_t type, const char *data, size_t len)
{
	build_with(&(struct ext){ type, data, len }, 1);
	return parse_wire();
}

/* As bytes arrive one by one. */
static enum hello_verdict
parse_slowly(const uint8_t *bytes, size_t len)
{
	enum hello_verdict v = HELLO_MORE;

	start(HELLO_DEFAULT_MAX);
	for (size_t n = 0; n <= len && v == HELLO_MORE; n++)
		v = feed(bytes, n);
	return v;
}

static void
assert_usual_answers(void)
{
	assert_true(slice_is(h.name, "www.example.org"));
	assert_true(slice_eq(h.alpn, slice_str(ALPN_LIST)));
	assert_int_equal(h.version, 0x0303);
}

/* ---- whole hellos ---- */

static void
a_hello_gives_name_and_protocols(void **state)
{
	(void)state;
	build_usual();
	assert_int_equal(parse_wire(), HELLO_OK);
	assert_usual_answers();
	assert_int_equal(h.records, 1);
	assert_int_equal(h.end, wire.len);
	assert_true((const uint8_t *)h.name.p > copy && (const uint8_t *)h.name.p < copy + wire.len);
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
	/* 98304 calls take some milliseconds; going over all records at each of them would take seconds. */
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
		EXT(0x2a2a, ""), EXT(51, share), EXT(0, SNI), EXT(16, ALPN), EXT(0xfe0d, "\0\0\1\0\1"),
		EXT(35, ticket),
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
	const struct ext ext[] = { EXT(0xfe0d, "\0\0\x10" "\0\0\0\x0a\0\x08\0\0\x05inner"), EXT(0, SNI) };

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
		GREASE_EXT, EXT(0xabcd, "x"), EXT(0, SNI), EXT(0xabcd, "x"), GREASE_EXT, EXT(10, ""),
		EXT(10, ""),
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
		assert_int_equal(parse_max(wire.at, wire.len, HELLO_ABSOLUTE_MAX - 1), HELLO_TOO_BIG);
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

				if (f == 0)	/* the message's own: may want more, or be too big */
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

/* ---- version, wants, ALPN, words, alerts ---- */

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
	assert_int_equal(version_after(0x0301, 0x0002, SIZE_MAX), 0x0300);
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
	assert_int_equal(wants_after(60), 60 + 50 + 1);
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

/* ---- hellos of real programs ---- */

struct capture {
	const char *file, *name;
	const char *alpn;	/* the first protocols offered, separated by commas */
	int protocols;		/* and how many there are */
};

static const struct capture captures[] = {
	{ "chromium.bin", "www.example.org", "h2,http/1.1", 2 },
	{ "curl.bin", "www.example.org", "h2,http/1.1", 2 },
	{ "gnutls.bin", "www.example.org", "h2,http/1.1", 2 },
	{ "node.bin", "www.example.org", "h2,http/1.1", 2 },
	{ "nss.bin", "www.example.org", "", 0 },
	{ "openssl.bin", "www.example.org", "h2,http/1.1", 2 },
	{ "openssl-early-data.bin", "www.example.org", "http/1.1", 1 },
	{ "openssl-no-sni.bin", NULL, "", 0 },
	{ "openssl-records.bin", "www.example.org", "protocol-0,protocol-1", 60 },
	{ "openssl-tls12.bin", "www.example.org", "", 0 },
	{ "python.bin", "www.example.org", "", 0 },
};

static void
assert_capture_answers(const struct capture *c)
{
	struct slice list = h.alpn, wanted = slice_str(c->alpn), protocol;
	int protocols = 0;

	while ((protocol = hello_alpn_next(&list)).p != NULL) {
		assert_true(wanted.len == 0 || slice_eq(slice_cut(&wanted, ','), protocol));
		protocols++;
	}
	assert_int_equal(wanted.len, 0);
	assert_int_equal(protocols, c->protocols);
	assert_true(slice_is(h.name, c->name));
	assert_int_equal(h.version, 0x0303);
}

/* The file into wire, its message into message (as the reader finds it, checked by the answers). */
static void
load_capture(const struct capture *c)
{
	const char *dir = getenv("TESTDATA");
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/hello/%s", dir == NULL ? "tests/data" : dir, c->file);
	if ((f = fopen(path, "rb")) == NULL)
		fail_msg("%s cannot be opened", path);
	wire.len = fread(wire.at, 1, BYTES_MAX, f);
	fclose(f);
	message.len = 0;
	for (size_t at = 0; at + 5 < wire.len && wire.at[at] == 22; ) {
		size_t len = (size_t)wire.at[at + 3] << 8 | wire.at[at + 4];

		put(&message, wire.at + at + 5, len);
		at += 5 + len;
	}
}

static void
check_every_prefix(const struct capture *c, enum hello_verdict verdict)
{
	assert_int_equal(parse_wire(), verdict);
	assert_capture_answers(c);
	size_t end = h.end;

	for (size_t n = 0; n < end; n++)
		assert_int_equal(parse(wire.at, n), HELLO_MORE);
	for (size_t n = end; n <= wire.len; n++)
		assert_int_equal(parse(wire.at, n), verdict);
	assert_int_equal(parse_slowly(wire.at, wire.len), verdict);
	assert_capture_answers(c);
}

static void
check_every_record_split(const struct capture *c, enum hello_verdict verdict)
{
	for (size_t n = 1; n < message.len; n++) {
		wire.len = 0;
		put_record(message.at, n);
		put_record(message.at + n, message.len - n);
		assert_int_equal(parse_wire(), verdict);
		assert_capture_answers(c);
	}
	build_records(1);
	assert_int_equal(parse_slowly(wire.at, wire.len), verdict);
	assert_capture_answers(c);
}

static void
hellos_of_real_programs_are_read_however_they_are_cut(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(captures); i++) {
		enum hello_verdict verdict = captures[i].name == NULL ? HELLO_NO_SNI : HELLO_OK;

		load_capture(&captures[i]);
		check_every_prefix(&captures[i], verdict);
		check_every_record_split(&captures[i], verdict);
	}
}

static void
every_capture_is_in_the_table(void **state)
{
	const char *dir = getenv("TESTDATA");
	struct dirent *entry;
	char path[4096];
	size_t files = 0;
	DIR *d;

	(void)state;
	snprintf(path, sizeof(path), "%s/hello", dir == NULL ? "tests/data" : dir);
	d = opendir(path);
	assert_non_null(d);
	while ((entry = readdir(d)) != NULL)
		files += strstr(entry->d_name, ".bin") != NULL;
	closedir(d);
	assert_int_equal(files, COUNT(captures));
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
		cmocka_unit_test(the_version_is_the_hellos_or_before_that_the_records),
		cmocka_unit_test(the_version_is_known_with_refusals_too),
		cmocka_unit_test(what_it_wants_is_never_too_much),
		cmocka_unit_test(what_it_wants_is_the_rest_of_the_message),
		cmocka_unit_test(the_alpn_list_can_be_walked),
		cmocka_unit_test(every_verdict_has_its_word),
		cmocka_unit_test(alerts_are_fatal_and_have_the_clients_version),
		cmocka_unit_test(hellos_of_real_programs_are_read_however_they_are_cut),
		cmocka_unit_test(every_capture_is_in_the_table),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	free(copy);
	free(scratch);
	return failed;
}
