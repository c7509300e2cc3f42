/* SPDX-License-Identifier: ISC */
/*
 * For the tests of lib/hello.c: hellos built byte by byte,
 * and fed to the parser in buffers of exactly their size.
 */
#ifndef HELLO_HELP_H
#define HELLO_HELP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "hello.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define BYTES_MAX 600000u
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

extern struct bytes message, wire;

/* Append to b. */
void put(struct bytes *b, const void *bytes, size_t len);
void put_uint(struct bytes *b, size_t value, size_t size);
void put_fill(struct bytes *b, uint8_t value, size_t len);

/* message, from its beginning. */
void build_message(struct shape s);

/* Append one record to wire. */
void put_record(const void *bytes, size_t len);

/* The message in records of at most size bytes. */
void build_records(size_t size);

/* The message in one record; wire's length fields are the message's and the record's. */
void build_one_record(void);

/* The usual message in one record, with these extensions. */
void build_with(const struct ext *ext, size_t exts);

/* The hello most tests begin with: GREASE, a name, ALPN, an extension of no interest. */
void build_usual(void);

/* ---- feeding ---- */

extern struct hello h;
extern uint8_t *copy, *scratch;		/* what h's answers borrow from */

void start(uint32_t max);

/*
 * Another call, with the first len bytes in a buffer of exactly that size,
 * so that overreads are seen.
 */
enum hello_verdict feed(const uint8_t *bytes, size_t len);

/* start() and feed(); at most max bytes, or HELLO_DEFAULT_MAX. */
enum hello_verdict parse_max(const uint8_t *bytes, size_t len, uint32_t max);
enum hello_verdict parse(const uint8_t *bytes, size_t len);

/* The same for wire; for a hello with this extension alone. */
enum hello_verdict parse_wire(void);
enum hello_verdict parse_ext(uint16_t type, const char *data, size_t len);

/* As if the bytes arrived one by one. */
enum hello_verdict parse_slowly(const uint8_t *bytes, size_t len);

/* Those to build_usual(). */
void assert_usual_answers(void);

/* After all tests. */
int free_copies(void **state);

#endif
