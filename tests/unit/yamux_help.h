/* SPDX-License-Identifier: ISC */
/*
 * For the tests of lib/yamux.c: one machine, spoken to in hexadecimal digits, with 'text' in
 * quotes. What it makes of them is reported as text too: events as "open1 data1:abc fin1", frames
 * in the notation of the specification's examples.
 */
#ifndef YAMUX_HELP_H
#define YAMUX_HELP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "yamux.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define TEXT_MAX 65536u
#define LANES 400u

enum { DATA, WINDOW, PING, GOAWAY };			/* types of frames */
enum { SYN = 1, ACK = 2, FIN = 4, RST = 8 };		/* their flags */

/* A stream and what its id was: it may have left. */
struct lane {
	struct yamux_stream s;
	uint32_t id;
};

extern struct yamux *y;
extern struct lane lane[LANES];		/* in the order they were opened or accepted */
extern unsigned lanes;
extern bool refuse;			/* what is offered */

/* ---- what came of the last call ---- */

extern char text[TEXT_MAX];

void forget(void);

/* Append a frame's header. */
void note_header(const uint8_t *h);

/* ---- a machine, in place of the previous one ---- */

void begin(enum yamux_role role, uint32_t max_peer_streams, bool explicit_syn);

/* That of the end that has the tunnel's listeners, or of its client. */
void begin_server(void);
void begin_client(void);

/* After all tests. */
int free_machine(void **state);

/* Open one: its id, or 0. */
uint32_t open_stream(void);

/* The stream that has, or had, this id. */
struct yamux_stream *stream(uint32_t id);

/* ---- what it hears: the events, as text ---- */

size_t bytes_of(const char *hex, uint8_t *out);

/*
 * Feed bytes from an exact-size copy, so that the sanitizer sees a read beyond them,
 * until they are used up.
 */
enum yamux_event feed(const uint8_t *bytes, size_t len);

const char *hear(const char *hex);

/* A header alone. */
const char *hear_frame(uint8_t type, uint16_t flags, uint32_t id, uint32_t length);

/*
 * The bytes of a data frame that were announced, all of them filler; text is that of the last ones.
 */
enum yamux_event hear_bytes(size_t n);

/* ---- what it says: headers, as text ---- */

/* The control frames that are due. */
const char *say(void);

/* The header of a data frame. */
const char *say_data(uint32_t id, uint32_t n, bool fin);

#endif
