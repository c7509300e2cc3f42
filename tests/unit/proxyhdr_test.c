/* SPDX-License-Identifier: ISC */
/* Tests of lib/proxyhdr.c: PROXY headers, versions 1 and 2, read and written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "proxyhdr.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
/* 192.0.2.1:51221 198.51.100.2:443 */
#define TCP4_ADDRESSES "\xc0\0\x02\x01\xc6\x33\x64\x02\xc8\x15\x01\xbb"
#define V6_SRC "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01"
#define V6_MAPPED "\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\0\x02\x01"
#define V6_DST "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x02"

static struct proxyhdr hdr;
static size_t used;
static uint8_t *copy;		/* what hdr's slices borrow from; freed by the next read_bytes() */

/* An exact-size heap copy, so that the sanitizer sees a read behind the bytes. */
static enum proxyhdr_result
read_bytes(const void *bytes, size_t len)
{
	free(copy);
	copy = malloc(len);
	memcpy(copy, bytes, len);
	return proxyhdr_read(copy, len, &hdr, &used);
}

static enum proxyhdr_result
read_text(const char *text)
{
	return read_bytes(text, strlen(text));
}

/* A version 2 header in buf with the given block; its length. */
static size_t
v2(uint8_t *buf, int command, int family, const void *block, size_t len)
{
	memcpy(buf, SIGNATURE, 12);
	buf[12] = (uint8_t)command;
	buf[13] = (uint8_t)family;
	buf[14] = (uint8_t)(len >> 8);
	buf[15] = (uint8_t)len;
	memcpy(buf + 16, block, len);
	return 16 + len;
}

static enum proxyhdr_result
read_v2(int command, int family, const void *block, size_t len)
{
	uint8_t buf[PROXYHDR_READ_MAX + 64];

	return read_bytes(buf, v2(buf, command, family, block, len));
}

static void
assert_ends(const char *src, const char *dst)
{
	char text[ENDPOINT_TEXT_MAX];

	assert_string_equal(endpoint_text(&hdr.src, text), src);
	assert_string_equal(endpoint_text(&hdr.dst, text), dst);
}

static void
a_version_1_line_gives_both_addresses(void **state)
{
	(void)state;
	assert_int_equal(read_text("PROXY TCP4 192.0.2.1 198.51.100.2 51221 443\r\nGET"),
	    PROXYHDR_OK);
	assert_int_equal(used, 45);
	assert_ends("192.0.2.1:51221", "198.51.100.2:443");
	assert_int_equal(read_text("PROXY TCP6 2001:db8::1 2001:db8::2 0 65535\r\n"), PROXYHDR_OK);
	assert_ends("[2001:db8::1]:0", "[2001:db8::2]:65535");
	assert_int_equal(read_text("PROXY TCP6 ::ffff:192.0.2.1 2001:db8::2 1 2\r\n"), PROXYHDR_OK);
	assert_ends("192.0.2.1:1", "[2001:db8::2]:2");
	assert_null(hdr.authority.p);
	assert_null(hdr.alpn.p);
	assert_null(hdr.kind.p);
}

static void
unknown_ignores_the_rest_of_the_line(void **state)
{
	static const char longest[] = "PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
	    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n";

	(void)state;
	assert_int_equal(strlen(longest), PROXYHDR_V1_MAX);
	assert_int_equal(read_text(longest), PROXYHDR_OK);
	assert_int_equal(used, PROXYHDR_V1_MAX);
	assert_ends("-", "-");
	assert_int_equal(read_text("PROXY UNKNOWN\r\n"), PROXYHDR_OK);
	assert_int_equal(used, 15);
	assert_int_equal(read_text("PROXY UNKNOWN what ever\r\n"), PROXYHDR_OK);
	assert_int_equal(read_text("PROXY UNKNOWN \r\r\n"), PROXYHDR_OK);
	assert_int_equal(used, 17);
	assert_ends("-", "-");
}

static void
every_bad_version_1_line_is_refused(void **state)
{
	static const char *const line[] = {
		"PROXY \r\n", "PROXY TCP4\r\n", "PROXY TCP4 \r\n",
		"PROXY tcp4 1.1.1.1 2.2.2.2 1 2\r\n", "PROXY TCP5 1.1.1.1 2.2.2.2 1 2\r\n",
		"PROXY UDP4 1.1.1.1 2.2.2.2 1 2\r\n", "PROXY UNKNOWNS\r\n", "PROXY unknown\r\n",
		"PROXY  TCP4 1.1.1.1 2.2.2.2 1 2\r\n", "PROXY TCP4  1.1.1.1 2.2.2.2 1 2\r\n",
		"PROXY TCP4 1.1.1.1  2.2.2.2 1 2\r\n", "PROXY TCP4 1.1.1.1 2.2.2.2  1 2\r\n",
		"PROXY TCP4 1.1.1.1 2.2.2.2 1  2\r\n", "PROXY TCP4 1.1.1.1 2.2.2.2 1 2 \r\n",
		"PROXY TCP4 1.1.1.1 2.2.2.2 1\r\n", "PROXY TCP4 1.1.1.1 2.2.2.2 1 \r\n",
		"PROXY TCP4 1.1.1.1 2.2.2.2 1 2 3\r\n", "PROXY TCP4 1.1.1.1\t2.2.2.2 1 2\r\n",
		"PROXY TCP4 1.1.1.1 2.2.2.2 01 2\r\n", "PROXY TCP4 1.1.1.1 2.2.2.2 1 00\r\n",
		"PROXY TCP4 1.1.1.1 2.2.2.2 65536 2\r\n", "PROXY TCP4 1.1.1.1 2.2.2.2 1 -2\r\n",
		"PROXY TCP4 1.1.1.1 2.2.2.2 +1 2\r\n", "PROXY TCP4 1.1.1.1 2.2.2.2 1 x\r\n",
		"PROXY TCP4 1.1.1 2.2.2.2 1 2\r\n", "PROXY TCP4 1.1.1.1 2.2.2.256 1 2\r\n",
		"PROXY TCP4 01.1.1.1 2.2.2.2 1 2\r\n", "PROXY TCP4 ::1 ::2 1 2\r\n",
		"PROXY TCP4 1.1.1.1 ::2 1 2\r\n", "PROXY TCP4 ::ffff:1.1.1.1 2.2.2.2 1 2\r\n",
		"PROXY TCP6 1.1.1.1 2.2.2.2 1 2\r\n", "PROXY TCP6 ::1 2.2.2.2 1 2\r\n",
		"PROXY TCP6 [::1] [::2] 1 2\r\n", "PROXY TCP6 ::1 :: : 1 2\r\n",
		"PROXY TCP6 fe80::1%lo ::2 1 2\r\n",
		"PROXY TCP4 1.1.1.1 2.2.2.2 1 2\r\r\n", "PROXY TCP4 1.1.1.1 2.2.2.2 1 2\n\r\n",
		"PROXY TCP4 a.example 2.2.2.2 1 2\r\n",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(line); i++)
		if (read_text(line[i]) != PROXYHDR_BAD)
			fail_msg("not refused: %s", line[i]);
	assert_int_equal(read_bytes("PROXY TCP4 1.1.1.1\0 2.2.2.2 1 2\r\n", 33), PROXYHDR_BAD);
}

static void
a_version_1_line_has_107_bytes_at_most(void **state)
{
	char line[PROXYHDR_V1_MAX + 2];

	(void)state;
	memset(line, 'x', sizeof(line));
	memcpy(line, "PROXY UNKNOWN ", 14);
	assert_int_equal(read_bytes(line, PROXYHDR_V1_MAX - 1), PROXYHDR_MORE);
	assert_int_equal(read_bytes(line, PROXYHDR_V1_MAX), PROXYHDR_BAD);
	memcpy(line + PROXYHDR_V1_MAX - 1, "\r\n", 2);
	assert_int_equal(read_bytes(line, PROXYHDR_V1_MAX), PROXYHDR_BAD);
	assert_int_equal(read_bytes(line, PROXYHDR_V1_MAX + 1), PROXYHDR_BAD);
	memcpy(line + PROXYHDR_V1_MAX - 2, "\r\n", 2);
	assert_int_equal(read_bytes(line, PROXYHDR_V1_MAX), PROXYHDR_OK);
	assert_int_equal(used, PROXYHDR_V1_MAX);
}

static void
a_version_2_header_gives_both_addresses(void **state)
{
	(void)state;
	assert_int_equal(read_v2(0x21, 0x11, TCP4_ADDRESSES, 12), PROXYHDR_OK);
	assert_int_equal(used, 28);
	assert_ends("192.0.2.1:51221", "198.51.100.2:443");
	assert_int_equal(read_v2(0x21, 0x21, V6_SRC V6_DST "\xc8\x15\x01\xbb", 36), PROXYHDR_OK);
	assert_int_equal(used, 52);
	assert_ends("[2001:db8::1]:51221", "[2001:db8::2]:443");
	assert_int_equal(read_v2(0x21, 0x21, V6_MAPPED V6_DST "\0\1\0\2", 36), PROXYHDR_OK);
	assert_ends("192.0.2.1:1", "[2001:db8::2]:2");
}

static void
local_unspec_and_unix_keep_the_sockets_own_addresses(void **state)
{
	uint8_t paths[216 + 8];

	(void)state;
	memset(paths, 'p', sizeof(paths));
	memcpy(paths + 216, "\x02\0\1a\xE0\0\1b", 8);
	assert_int_equal(read_v2(0x20, 0x00, "", 0), PROXYHDR_OK);
	assert_ends("-", "-");
	assert_int_equal(used, 16);
	assert_int_equal(read_v2(0x20, 0x11, TCP4_ADDRESSES, 12), PROXYHDR_OK);
	assert_ends("-", "-");
	assert_int_equal(read_v2(0x21, 0x00, "\x02\0\1a", 4), PROXYHDR_OK);
	assert_ends("-", "-");
	assert_true(slice_is(hdr.authority, "a"));
	assert_int_equal(read_v2(0x21, 0x31, paths, sizeof(paths)), PROXYHDR_OK);
	assert_ends("-", "-");
	assert_true(slice_is(hdr.authority, "a"));
	assert_true(slice_is(hdr.kind, "b"));
	assert_int_equal(read_v2(0x21, 0x31, paths, 215), PROXYHDR_BAD);
}

static void
local_accepts_whatever_its_block_holds(void **state)
{
	(void)state;
	assert_int_equal(read_v2(0x20, 0x00, "\x02\0\1a\xE0\0\3tcp", 10), PROXYHDR_OK);
	assert_true(slice_is(hdr.authority, "a"));
	assert_true(slice_is(hdr.kind, "tcp"));
	assert_int_equal(read_v2(0x20, 0x00, "\x02\0\1a\xE0\0\4tcp", 10), PROXYHDR_OK);
	assert_null(hdr.authority.p);
	assert_null(hdr.kind.p);
	assert_int_equal(used, 26);
	assert_int_equal(read_v2(0x20, 0x11, "\x02\0\1a", 4), PROXYHDR_OK);
	assert_null(hdr.authority.p);
	assert_int_equal(read_v2(0x20, 0xff, "junk", 4), PROXYHDR_OK);
	assert_int_equal(read_v2(0x20, 0x21, "short", 5), PROXYHDR_OK);
	assert_ends("-", "-");
}

static void
tlvs_are_found_and_unknown_ones_skipped(void **state)
{
	static const char block[] = TCP4_ADDRESSES
	    "\x04\0\2\0\0" "\x03\0\4crc!" "\x01\0\2h2" "\x02\0\7a.local" "\xE0\0\3tls" "\xEE\0\0";

	(void)state;
	assert_int_equal(read_v2(0x21, 0x11, block, sizeof(block) - 1), PROXYHDR_OK);
	assert_true(slice_is(hdr.alpn, "h2"));
	assert_true(slice_is(hdr.authority, "a.local"));
	assert_true(slice_is(hdr.kind, "tls"));
	assert_ptr_equal(hdr.alpn.p, copy + 16 + 12 + 5 + 7 + 3);
}

static void
the_first_tlv_of_a_type_counts(void **state)
{
	(void)state;
	assert_int_equal(read_v2(0x21, 0x11, TCP4_ADDRESSES "\x02\0\1a" "\x02\0\1b", 20),
	    PROXYHDR_OK);
	assert_true(slice_is(hdr.authority, "a"));
	assert_int_equal(read_v2(0x21, 0x11, TCP4_ADDRESSES "\x02\0\0" "\x02\0\1b", 19),
	    PROXYHDR_OK);
	assert_non_null(hdr.authority.p);
	assert_int_equal(hdr.authority.len, 0);
}

static void
a_tlv_past_the_end_is_refused(void **state)
{
	static const char good[] = TCP4_ADDRESSES "\x02\0\7a.local" "\xE0\0\3tls";
	char bad[sizeof(good) - 1];

	(void)state;
	for (size_t n = 12; n < sizeof(bad); n++) {
		bool between_tlvs = n == 12 || n == 22;

		assert_int_equal(read_v2(0x21, 0x11, good, n),
		    between_tlvs ? PROXYHDR_OK : PROXYHDR_BAD);
	}
	memcpy(bad, good, sizeof(bad));
	bad[24]++;
	assert_int_equal(read_v2(0x21, 0x11, bad, sizeof(bad)), PROXYHDR_BAD);
	bad[24] -= 2;
	assert_int_equal(read_v2(0x21, 0x11, bad, sizeof(bad)), PROXYHDR_BAD);
	bad[24]++;
	bad[23] = 1;
	assert_int_equal(read_v2(0x21, 0x11, bad, sizeof(bad)), PROXYHDR_BAD);
}

static void
a_short_address_block_is_refused(void **state)
{
	(void)state;
	for (size_t n = 0; n < 12; n++)
		assert_int_equal(read_v2(0x21, 0x11, TCP4_ADDRESSES, n), PROXYHDR_BAD);
	for (size_t n = 0; n < 36; n++)
		assert_int_equal(read_v2(0x21, 0x21, V6_SRC V6_DST "\0\1\0\2", n), PROXYHDR_BAD);
}

static void
only_the_families_of_tcp_connections_are_taken(void **state)
{
	uint8_t block[216] = { 0 };

	(void)state;
	for (int family = 0; family < 256; family++) {
		enum proxyhdr_result r = read_v2(0x21, family, block, sizeof(block));
		bool good = family == 0x00 || family == 0x11 || family == 0x21 || family == 0x31;

		assert_int_equal(r, good ? PROXYHDR_OK : PROXYHDR_BAD);
	}
}

static void
only_the_commands_local_and_proxy_of_version_2_are_taken(void **state)
{
	uint8_t buf[64];

	(void)state;
	for (int command = 0; command < 256; command++) {
		size_t len = v2(buf, command, 0x11, TCP4_ADDRESSES, 12);
		bool good = command == 0x20 || command == 0x21;

		assert_int_equal(read_bytes(buf, len), good ? PROXYHDR_OK : PROXYHDR_BAD);
		assert_int_equal(read_bytes(buf, 13), good ? PROXYHDR_MORE : PROXYHDR_BAD);
	}
}

static void
a_version_2_header_over_the_limit_is_refused_at_its_length(void **state)
{
	uint8_t buf[PROXYHDR_READ_MAX + 1] = { 0 }, block[PROXYHDR_READ_MAX] = { 0 };

	(void)state;
	assert_int_equal(read_bytes(buf, v2(buf, 0x20, 0, block, PROXYHDR_READ_MAX - 16)),
	    PROXYHDR_OK);
	assert_int_equal(used, PROXYHDR_READ_MAX);
	assert_int_equal(read_bytes(buf, v2(buf, 0x20, 0, block, PROXYHDR_READ_MAX - 15)),
	    PROXYHDR_BAD);
	assert_int_equal(read_bytes(buf, 16), PROXYHDR_BAD);
	assert_int_equal(read_bytes(buf, 15), PROXYHDR_MORE);
	memset(buf + 14, 0xff, 2);
	assert_int_equal(read_bytes(buf, 16), PROXYHDR_BAD);
}

static void
every_proper_prefix_wants_more(void **state)
{
	static const char v1_line[] = "PROXY TCP4 192.0.2.1 198.51.100.2 51221 443\r\n";
	static const char block[] = TCP4_ADDRESSES "\x02\0\7a.local";
	uint8_t buf[64];
	size_t len = v2(buf, 0x21, 0x11, block, sizeof(block) - 1);

	(void)state;
	for (size_t n = 0; n < sizeof(v1_line) - 1; n++)
		assert_int_equal(read_bytes(v1_line, n), PROXYHDR_MORE);
	for (size_t n = 0; n < len; n++)
		assert_int_equal(read_bytes(buf, n), PROXYHDR_MORE);
	assert_int_equal(read_bytes(buf, len), PROXYHDR_OK);
}

static void
other_bytes_are_absent_at_the_first_that_differs(void **state)
{
	static const char *const signature[] = { "PROXY ", SIGNATURE };
	static const size_t signature_len[] = { 6, 12 };
	uint8_t buf[12];

	(void)state;
	for (size_t s = 0; s < COUNT(signature); s++) {
		for (size_t n = 0; n < signature_len[s]; n++) {
			memcpy(buf, signature[s], n);
			buf[n] = 0x16;
			assert_int_equal(read_bytes(buf, n + 1), PROXYHDR_ABSENT);
		}
	}
	assert_int_equal(read_text("PROXY\r\n"), PROXYHDR_ABSENT);
	assert_int_equal(read_text("proxy TCP4"), PROXYHDR_ABSENT);
	assert_int_equal(read_text("GET / HTTP/1.1\r\n"), PROXYHDR_ABSENT);
}

/* ---- writing ---- */

static uint8_t written[PROXYHDR_MAX];

static struct proxyhdr
between(const char *src, uint16_t src_port, const char *dst, uint16_t dst_port)
{
	struct proxyhdr h = { 0 };

	assert_true(endpoint_parse_ip(slice_str(src), &h.src));
	assert_true(endpoint_parse_ip(slice_str(dst), &h.dst));
	h.src.port = src_port;
	h.dst.port = dst_port;
	return h;
}

static void
assert_writes_v1(const struct proxyhdr *h, const char *line)
{
	size_t n = proxyhdr_write(h, PROXYHDR_V1, written);

	assert_int_equal(n, strlen(line));
	assert_memory_equal(written, line, n);
}

static void
version_1_is_written_as_the_specification_shows_it(void **state)
{
	struct proxyhdr v4 = between("192.0.2.1", 51221, "198.51.100.2", 443);
	struct proxyhdr v6 = between("2001:db8::1", 0, "2001:db8::2", 65535);
	struct proxyhdr mixed = between("192.0.2.1", 1, "2001:db8::2", 2);
	struct proxyhdr none = { 0 }, local = { .src.family = AF_UNIX, .dst.family = AF_UNIX };
	struct proxyhdr no_source = { .dst = v6.dst };

	(void)state;
	v4.authority = slice_str("dropped.example");
	assert_writes_v1(&v4, "PROXY TCP4 192.0.2.1 198.51.100.2 51221 443\r\n");
	assert_writes_v1(&v6, "PROXY TCP6 2001:db8::1 2001:db8::2 0 65535\r\n");
	assert_writes_v1(&mixed, "PROXY TCP6 ::ffff:192.0.2.1 2001:db8::2 1 2\r\n");
	assert_writes_v1(&none, "PROXY UNKNOWN\r\n");
	assert_writes_v1(&local, "PROXY UNKNOWN\r\n");
	assert_writes_v1(&no_source, "PROXY UNKNOWN\r\n");
	v4.dst.family = AF_UNSPEC;
	assert_writes_v1(&v4, "PROXY UNKNOWN\r\n");
}

static void
version_2_is_written_byte_for_byte(void **state)
{
	static const char want[] = SIGNATURE "\x21\x11\0\x20" TCP4_ADDRESSES
	    "\x01\0\2h2" "\x02\0\6a.test" "\xE0\0\3tls";
	struct proxyhdr h = between("192.0.2.1", 51221, "198.51.100.2", 443);

	(void)state;
	h.alpn = slice_str("h2");
	h.authority = slice_str("a.test");
	h.kind = slice_str("tls");
	assert_int_equal(proxyhdr_write(&h, PROXYHDR_V2, written), sizeof(want) - 1);
	assert_memory_equal(written, want, sizeof(want) - 1);
	assert_int_equal(proxyhdr_write(&h, PROXYHDR_NONE, written), 0);
}

static void
without_both_addresses_version_2_is_local_and_keeps_its_tlvs(void **state)
{
	static const char want[] = SIGNATURE "\x20\0\0\x0f" "\x02\0\6a.test" "\xE0\0\3tcp";
	struct proxyhdr h = { .src.family = AF_UNIX };

	(void)state;
	h.authority = slice_str("a.test");
	h.kind = slice_str("tcp");
	assert_int_equal(proxyhdr_write(&h, PROXYHDR_V2, written), sizeof(want) - 1);
	assert_memory_equal(written, want, sizeof(want) - 1);
}

static void
what_is_written_is_read_back(void **state)
{
	static const char *const ip[] = { "192.0.2.1", "2001:db8::1", "0.0.0.0", "::" };
	char name[255];

	(void)state;
	memset(name, 'n', sizeof(name));
	for (size_t s = 0; s < COUNT(ip); s++) {
		for (size_t d = 0; d < COUNT(ip); d++) {
			for (enum proxyhdr_version v = PROXYHDR_V1; v <= PROXYHDR_V2; v++) {
				struct proxyhdr h = between(ip[s], 7, ip[d], 65535);

				h.authority = h.alpn = slice_of(name, sizeof(name));
				h.kind = slice_of(name, 16);
				size_t n = proxyhdr_write(&h, v, written);

				assert_int_equal(read_bytes(written, n), PROXYHDR_OK);
				assert_int_equal(used, n);
				assert_memory_equal(&hdr.src, &h.src, sizeof(h.src));
				assert_memory_equal(&hdr.dst, &h.dst, sizeof(h.dst));
				assert_true(v == PROXYHDR_V1 ||
				    slice_eq(hdr.authority, h.authority));
				assert_true(v == PROXYHDR_V1 || slice_eq(hdr.alpn, h.alpn));
				assert_true(v == PROXYHDR_V1 || slice_eq(hdr.kind, h.kind));
			}
		}
	}
}

static void
a_value_over_its_limit_is_left_out_not_cut(void **state)
{
	struct proxyhdr h = between("192.0.2.1", 1, "198.51.100.2", 2);
	char name[PROXYHDR_MAX * 2];

	(void)state;
	memset(name, 'n', sizeof(name));
	h.authority = slice_of(name, sizeof(name));
	h.alpn = slice_of(name, 256);
	h.kind = slice_of(name, 17);
	assert_int_equal(proxyhdr_write(&h, PROXYHDR_V2, written), 28);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_version_1_line_gives_both_addresses),
		cmocka_unit_test(unknown_ignores_the_rest_of_the_line),
		cmocka_unit_test(every_bad_version_1_line_is_refused),
		cmocka_unit_test(a_version_1_line_has_107_bytes_at_most),
		cmocka_unit_test(a_version_2_header_gives_both_addresses),
		cmocka_unit_test(local_unspec_and_unix_keep_the_sockets_own_addresses),
		cmocka_unit_test(local_accepts_whatever_its_block_holds),
		cmocka_unit_test(tlvs_are_found_and_unknown_ones_skipped),
		cmocka_unit_test(the_first_tlv_of_a_type_counts),
		cmocka_unit_test(a_tlv_past_the_end_is_refused),
		cmocka_unit_test(a_short_address_block_is_refused),
		cmocka_unit_test(only_the_families_of_tcp_connections_are_taken),
		cmocka_unit_test(only_the_commands_local_and_proxy_of_version_2_are_taken),
		cmocka_unit_test(a_version_2_header_over_the_limit_is_refused_at_its_length),
		cmocka_unit_test(every_proper_prefix_wants_more),
		cmocka_unit_test(other_bytes_are_absent_at_the_first_that_differs),
		cmocka_unit_test(version_1_is_written_as_the_specification_shows_it),
		cmocka_unit_test(version_2_is_written_byte_for_byte),
		cmocka_unit_test(without_both_addresses_version_2_is_local_and_keeps_its_tlvs),
		cmocka_unit_test(what_is_written_is_read_back),
		cmocka_unit_test(a_value_over_its_limit_is_left_out_not_cut),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	free(copy);
	return failed;
}
