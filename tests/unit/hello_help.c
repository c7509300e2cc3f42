/* SPDX-License-Identifier: ISC */
/* Hellos built byte by byte, and fed to the parser. */
#include "hello_help.h"

#define RECORD 22, 3, 1

/* ---- the builder ---- */

struct bytes message, wire;

void
put(struct bytes *b, const void *bytes, size_t len)
{
	assert_true(b->len + len <= BYTES_MAX);
	if (len > 0)
		memcpy(b->at + b->len, bytes, len);
	b->len += len;
}

void
put_uint(struct bytes *b, size_t value, size_t size)
{
	while (size-- > 0)
		put(b, &(uint8_t){ (uint8_t)(value >> 8 * size) }, 1);
}

void
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

void
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

void
put_record(const void *bytes, size_t len)
{
	put(&wire, (const uint8_t[]){ RECORD }, 3);
	put_uint(&wire, len, 2);
	put(&wire, bytes, len);
}

void
build_records(size_t size)
{
	wire.len = wire.fields = 0;
	for (size_t at = 0; at < message.len; at += size)
		put_record(message.at + at, message.len - at < size ? message.len - at : size);
}

void
build_one_record(void)
{
	build_records(message.len);
	for (size_t i = 0; i < message.fields; i++) {
		wire.field[i] = message.field[i] + 5;
		wire.field_size[i] = message.field_size[i];
	}
	wire.fields = message.fields;
}

void
build_with(const struct ext *ext, size_t exts)
{
	build_message((struct shape){ 0x0303, 32, 6, 1, ext, exts });
	build_one_record();
}

void
build_usual(void)
{
	const struct ext ext[] = { GREASE_EXT, EXT(0, SNI), EXT(16, ALPN),
		EXT(43, "\x02\x03\x04") };

	build_with(ext, COUNT(ext));
}

/* ---- feeding ---- */

struct hello h;
uint8_t *copy, *scratch;

void
start(uint32_t max)
{
	h = (struct hello){ .max = max };
	free(scratch);
	scratch = malloc(max);
}

enum hello_verdict
feed(const uint8_t *bytes, size_t len)
{
	free(copy);
	copy = malloc(len);
	if (len > 0)
		memcpy(copy, bytes, len);
	return hello_parse(&h, copy, len, scratch);
}

enum hello_verdict
parse_max(const uint8_t *bytes, size_t len, uint32_t max)
{
	start(max);
	return feed(bytes, len);
}

enum hello_verdict
parse(const uint8_t *bytes, size_t len)
{
	return parse_max(bytes, len, HELLO_DEFAULT_MAX);
}

enum hello_verdict
parse_wire(void)
{
	return parse(wire.at, wire.len);
}

enum hello_verdict
parse_ext(uint16_t type, const char *data, size_t len)
{
	build_with(&(struct ext){ type, data, len }, 1);
	return parse_wire();
}

enum hello_verdict
parse_slowly(const uint8_t *bytes, size_t len)
{
	enum hello_verdict v = HELLO_MORE;

	start(HELLO_DEFAULT_MAX);
	for (size_t n = 0; n <= len && v == HELLO_MORE; n++)
		v = feed(bytes, n);
	return v;
}

void
assert_usual_answers(void)
{
	assert_true(slice_is(h.name, "www.example.org"));
	assert_true(slice_eq(h.alpn, slice_str(ALPN_LIST)));
	assert_int_equal(h.version, 0x0303);
}

int
free_copies(void **state)
{
	(void)state;
	free(copy);
	free(scratch);
	return 0;
}
