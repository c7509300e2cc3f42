/* SPDX-License-Identifier: ISC */
/* Tests of lib/yamux.c: frames byte for byte, and all that can be wrong. */
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* ---- the machine's memory is counted, and may run out: it is compiled into this file ---- */

static size_t memory;			/* bytes it has */
static int allocations_left = -1;	/* -1: any number */

static void *
counted_calloc(size_t n, size_t size)
{
	void *p;

	if (allocations_left == 0)
		return NULL;
	allocations_left -= allocations_left > 0;
	if ((p = calloc(n, size)) != NULL)
		memory += malloc_usable_size(p);
	return p;
}

static void
counted_free(void *p)
{
	memory -= p == NULL ? 0 : malloc_usable_size(p);
	free(p);
}

#define calloc counted_calloc
#define free counted_free
#include "yamux.c"
#undef calloc
#undef free

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define TEXT_MAX 65536u
#define LANES 400u

static uint32_t
draw(uint32_t below)
{
	static uint32_t x = 88172645u;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	return x % below;
}

/* ---- one machine, spoken to in hexadecimal digits ---- */

/* A stream and what its id was: it may have left. */
struct lane {
	struct yamux_stream s;
	uint32_t id;
};

static struct yamux *y;
static struct lane lane[LANES];		/* in the order they were opened or accepted */
static unsigned lanes;
static bool refuse;			/* what is offered */
static char text[TEXT_MAX];		/* what came of the last call */
static const struct yamux_stream *talking;	/* the text ends in data of this one */

static void
note(const char *format, ...)
{
	size_t n = strlen(text);
	va_list args;

	va_start(args, format);
	vsnprintf(text + n, sizeof(text) - n, format, args);
	va_end(args);
	assert_true(strlen(text) < sizeof(text) - 1);
}

static void
forget(void)
{
	text[0] = '\0';
	talking = NULL;
}

static void
begin(enum yamux_role role, uint32_t max_peer_streams, bool explicit_syn)
{
	allocations_left = -1;
	yamux_free(y);
	y = yamux_new(role, max_peer_streams, explicit_syn);
	assert_non_null(y);
	memset(lane, 0xa5, sizeof(lane));
	lanes = 0;
	refuse = false;
}

/* The machine of the end that has the tunnel's listeners, or of its client. */
static void
begin_server(void)
{
	begin(YAMUX_SERVER, 100, false);
}

static void
begin_client(void)
{
	begin(YAMUX_CLIENT, 100, false);
}

static struct yamux_stream *
stream(uint32_t id)
{
	for (unsigned i = lanes; i-- > 0; )
		if (lane[i].id == id)
			return &lane[i].s;
	fail_msg("no stream %u", id);
	return NULL;
}

static uint32_t
id_of(const struct yamux_stream *s)
{
	return ((const struct lane *)(const void *)s)->id;
}

static uint32_t
open_stream(void)
{
	assert_true(lanes < LANES);
	if (!yamux_open(y, &lane[lanes].s))
		return 0;
	lane[lanes].id = lane[lanes].s.id;
	return lane[lanes++].id;
}

static void
answer(uint32_t id)
{
	if (refuse) {
		note(" refused");
		yamux_refuse(y);
		return;
	}
	assert_true(lanes < LANES);
	yamux_accept(y, &lane[lanes].s);
	assert_int_equal(lane[lanes].s.id, id);
	lane[lanes++].id = id;
}

static void
note_event(enum yamux_event e, const struct yamux_what *w)
{
	switch (e) {
	case YAMUX_MORE:
		break;
	case YAMUX_OPENED:
		note(" open%u", w->value);
		answer(w->value);
		break;
	case YAMUX_DATA:
		assert_true(w->data.len > 0);
		if (talking != w->stream)
			note(" data%u:", id_of(w->stream));
		note(SLICE_FMT, SLICE_ARG(w->data));
		break;
	case YAMUX_WINDOW:
		note(" window%u", id_of(w->stream));
		break;
	case YAMUX_FIN:
		note(" fin%u", id_of(w->stream));
		break;
	case YAMUX_RESET:
		assert_int_equal(w->stream->id, 0);
		note(" reset%u", id_of(w->stream));
		break;
	case YAMUX_PING:
		note(" ping");
		break;
	case YAMUX_PONG:
		note(" pong:%x", w->value);
		break;
	case YAMUX_GOAWAY:
		note(" goaway:%u", w->value);
		break;
	case YAMUX_BAD:
		note(" bad:%s", yamux_why(y));
		break;
	}
	if (e != YAMUX_MORE)
		talking = w->stream;
	assert_true((e == YAMUX_DATA) == (w->data.p != NULL));
	assert_true((e == YAMUX_DATA || e == YAMUX_WINDOW || e == YAMUX_FIN || e == YAMUX_RESET) == (w->stream != NULL));
	assert_true((e == YAMUX_BAD) == (yamux_why(y) != NULL));
}

/* Feed bytes from an exact-size copy, so that the sanitizer sees a read behind them, until they are used up. */
static enum yamux_event
feed(const uint8_t *bytes, size_t len)
{
	uint8_t *copy = malloc(len);
	enum yamux_event e;
	struct yamux_what what;
	size_t at = 0, used;

	if (len > 0)
		memcpy(copy, bytes, len);
	do {
		e = yamux_next(y, copy + at, len - at, &used, &what);
		assert_true(used <= len - at);
		at += used;
		note_event(e, &what);
	} while (e != YAMUX_MORE && e != YAMUX_BAD);
	assert_true(e == YAMUX_BAD || at == len);
	free(copy);
	return e;
}

/* Hexadecimal digits, blanks between them, 'text' in quotes. */
static size_t
bytes_of(const char *hex, uint8_t *out)
{
	size_t n = 0;

	for (const char *p = hex; *p != '\0'; ) {
		if (*p == '\'') {
			for (p++; *p != '\''; p++)
				out[n++] = (uint8_t)*p;
			p++;
		} else if (*p == ' ') {
			p++;
		} else {
			unsigned byte;

			assert_int_equal(sscanf(p, "%2x", &byte), 1);
			out[n++] = (uint8_t)byte;
			p += 2;
		}
	}
	return n;
}

/* What the machine makes of these bytes, event by event. */
static const char *
hear(const char *hex)
{
	static uint8_t bytes[TEXT_MAX];

	forget();
	feed(bytes, bytes_of(hex, bytes));
	return text[0] == ' ' ? text + 1 : text;
}

/* A frame's header in the notation of the specification's examples. */
static void
note_header(const uint8_t *h)
{
	note("%s%02x %02x %02x%02x %02x%02x%02x%02x %02x%02x%02x%02x", text[0] == '\0' ? "" : ", ", h[0], h[1], h[2], h[3],
	    h[4], h[5], h[6], h[7], h[8], h[9], h[10], h[11]);
}

/* The control frames that are due. */
static const char *
say(void)
{
	uint8_t out[YAMUX_HEADER * LANES * 2];
	size_t n = yamux_out(y, out, sizeof(out));

	assert_int_equal(n % YAMUX_HEADER, 0);
	assert_false(yamux_has_out(y));
	forget();
	for (size_t i = 0; i < n; i += YAMUX_HEADER)
		note_header(out + i);
	return text;
}

/* The header of a data frame. */
static const char *
say_data(uint32_t id, uint32_t n, bool fin)
{
	uint8_t *out = malloc(YAMUX_HEADER);

	yamux_data(y, stream(id), n, fin, out);
	forget();
	note_header(out);
	free(out);
	return text;
}

static size_t
header(uint8_t *out, uint8_t type, uint16_t flags, uint32_t id, uint32_t length)
{
	put_header(out, (enum frame_type)type, flags, id, length);
	return YAMUX_HEADER;
}

/* A header alone. */
static const char *
hear_frame(uint8_t type, uint16_t flags, uint32_t id, uint32_t length)
{
	uint8_t out[YAMUX_HEADER];

	forget();
	feed(out, header(out, type, flags, id, length));
	return text[0] == ' ' ? text + 1 : text;
}

/* The bytes of a data frame that were announced, all of them nothing worth. */
static enum yamux_event
hear_bytes(size_t n)
{
	static const uint8_t zeros[4096];
	enum yamux_event e = YAMUX_MORE;

	for (size_t part; n > 0; n -= part) {
		part = n < sizeof(zeros) ? n : sizeof(zeros);
		forget();
		e = feed(zeros, part);
	}
	return e;
}

/* ---- byte for byte ---- */

static void
the_ancestors_client_says_what_it_always_said(void **state)
{
	(void)state;
	begin(YAMUX_CLIENT, 100, true);
	assert_int_equal(open_stream(), 1);
	assert_string_equal(say(), "00 01 0001 00000001 00000000");
	assert_string_equal(say_data(1, 10, false), "00 00 0000 00000001 0000000a");
	yamux_fin(y, stream(1));
	assert_string_equal(say(), "00 01 0004 00000001 00000000");
	assert_string_equal(hear("00 01 0002 00000001 00000000  00 01 0004 00000001 00000000"), "fin1");
	assert_true(yamux_over(stream(1)));

	/* a visitor */
	assert_string_equal(hear("00 01 0001 00000002 00000000  00 00 0000 00000002 00000002 'hi'"), "open2 data2:hi");
	assert_string_equal(say(), "00 01 0002 00000002 00000000");
	assert_string_equal(say_data(2, 5, false), "00 00 0000 00000002 00000005");
	yamux_fin(y, stream(2));
	assert_string_equal(say(), "00 01 0004 00000002 00000000");
	assert_string_equal(hear("00 01 0004 00000002 00000000"), "fin2");
	assert_true(yamux_over(stream(2)));
}

static void
the_ancestors_server_says_what_it_always_said(void **state)
{
	(void)state;
	begin(YAMUX_SERVER, 100, true);
	assert_string_equal(hear("00 01 0001 00000001 00000000"), "open1");
	assert_string_equal(say(), "00 01 0002 00000001 00000000");
	assert_string_equal(hear("00 00 0000 00000001 0000000a 1111 0006 's3cret'"), "data1:\x11\x11");	/* a NUL */
	assert_string_equal(hear("00 01 0004 00000001 00000000"), "fin1");
	yamux_fin(y, stream(1));
	assert_string_equal(say(), "00 01 0004 00000001 00000000");
	assert_true(yamux_over(stream(1)));

	/* visitors */
	assert_int_equal(open_stream(), 2);
	assert_string_equal(say(), "00 01 0001 00000002 00000000");
	assert_string_equal(say_data(2, 2, false), "00 00 0000 00000002 00000002");
	assert_string_equal(hear("00 01 0002 00000002 00000000  00 00 0000 00000002 00000005 'hello'"), "data2:hello");
	assert_int_equal(open_stream(), 4);
	assert_int_equal(open_stream(), 6);
	assert_string_equal(say(), "00 01 0001 00000004 00000000, 00 01 0001 00000006 00000000");
}

static void
the_handshake_may_come_in_the_frame_that_opens(void **state)
{
	(void)state;
	begin_server();
	assert_string_equal(hear("00 00 0001 00000001 00000003 'abc'"), "open1 data1:abc");
	begin_server();
	assert_string_equal(hear("00 00 0005 00000001 00000003 'abc'"), "open1 data1:abc fin1");
	yamux_fin(y, stream(1));
	assert_string_equal(say(), "00 01 0006 00000001 00000000");	/* one frame for both */
	assert_true(yamux_over(stream(1)));
}

static void
the_first_data_frame_opens_or_acknowledges(void **state)
{
	(void)state;
	begin_server();
	assert_int_equal(open_stream(), 2);
	assert_string_equal(say(), "");
	assert_string_equal(say_data(2, 0x1234, false), "00 00 0001 00000002 00001234");
	assert_string_equal(say_data(2, 1, false), "00 00 0000 00000002 00000001");
	assert_string_equal(hear("00 01 0001 00000001 00000000"), "open1");
	assert_true(yamux_has_out(y));
	assert_string_equal(say_data(1, YAMUX_DATA_MAX, true), "00 00 0006 00000001 00003ff4");
	assert_string_equal(say(), "");
	assert_string_equal(hear("00 01 0001 00000003 00000000"), "open3");
	assert_string_equal(say_data(3, 0, true), "00 00 0006 00000003 00000000");
	assert_string_equal(say(), "");
}

static void
a_stream_without_data_is_opened_by_its_end(void **state)
{
	(void)state;
	begin_server();
	open_stream();
	yamux_fin(y, stream(2));
	assert_string_equal(say(), "00 01 0005 00000002 00000000");
	open_stream();
	yamux_fin(y, stream(4));
	assert_string_equal(say_data(4, 0, false), "00 00 0005 00000004 00000000");
	assert_string_equal(say(), "");
}

static void
the_ancestors_way_an_end_without_data_is_a_window_frame(void **state)
{
	(void)state;
	begin(YAMUX_SERVER, 100, true);
	assert_string_equal(hear("00 01 0001 00000001 00000000"), "open1");
	assert_string_equal(say_data(1, 0, true), "00 01 0006 00000001 00000000");
	assert_string_equal(say(), "");
	begin_server();
	assert_string_equal(hear("00 01 0001 00000001 00000000"), "open1");
	assert_string_equal(say_data(1, 0, true), "00 00 0006 00000001 00000000");
}

static void
streams_are_opened_in_the_order_of_their_ids(void **state)
{
	(void)state;
	begin_server();
	for (int i = 0; i < 3; i++)
		open_stream();
	yamux_grant(y, stream(6), 1, true);
	assert_string_equal(say(),
	    "00 01 0001 00000002 00000000, 00 01 0001 00000004 00000000, 00 01 0001 00000006 00000001");
	open_stream();
	assert_string_equal(say_data(8, 1, false), "00 00 0001 00000008 00000001");
	open_stream();
	assert_string_equal(say(), "");
	yamux_reset(y, stream(10));
	assert_int_equal(open_stream(), 12);
	assert_string_equal(say(), "");
}

static void
the_flags_of_one_frame_make_events_in_order(void **state)
{
	static const struct {
		const char *hex, *events;
	} c[] = {
		{ "00 00 0001 00000001 00000000", "open1" },
		{ "00 00 000f 00000001 00000001 'x'", "open1 data1:x fin1 reset1" },
		{ "00 00 0009 00000001 00000001 'x'", "open1 data1:x reset1" },
		{ "00 00 0005 00000001 00000000", "open1 fin1" },
		{ "00 01 000f 00000001 00000007", "open1 window1 fin1 reset1" },
		{ "00 01 0009 00000001 00000000", "open1 reset1" },
		{ "00 01 0001 00000001 00000001  00 01 0002 00000001 00000000", "open1 window1" },
		{ "00 01 0001 00000001 00000000  00 01 0000 00000001 00000000", "open1" },
		{ "00 01 0001 00000001 00000000  00 00 0000 00000001 00000000", "open1" },
		{ "00 01 fff1 00000001 00000000", "open1" },	/* flags nobody knows of are none */
	};

	(void)state;
	for (size_t i = 0; i < COUNT(c); i++) {
		begin_server();
		assert_string_equal(hear(c[i].hex), c[i].events);
	}
}

/* All there is in one session's input. */
static const char everything[] =
    "00 01 0001 00000001 00000000  00 00 0000 00000001 00000006 'abcdef'  00 02 0001 00000000 cafe0001"
    "00 00 0001 00000003 00000003 'xyz'  00 01 0000 00000001 00000100  00 02 0002 00000000 12345678"
    "00 00 0004 00000001 00000002 'gh'  00 01 000a 00000003 00000000  00 00 0000 00000003 00000004 'late'"
    "00 00 0005 00000007 00000001 '7'  00 03 0000 00000000 00000002  00 00 0000 00000001 00000005 'later'";
static const char everything_seen[] =
    "open1 data1:abcdef ping open3 data3:xyz window1 pong:12345678 data1:gh fin1 reset3 "
    "open7 data7:7 fin7 goaway:2";

static void
every_split_makes_the_same_events(void **state)
{
	uint8_t bytes[512];
	size_t len = bytes_of(everything, bytes);

	(void)state;
	begin_server();
	assert_string_equal(hear(everything), everything_seen);
	for (size_t cut = 0; cut <= len; cut++) {
		begin_server();
		forget();
		assert_int_equal(feed(bytes, cut), YAMUX_MORE);
		assert_int_equal(feed(bytes + cut, len - cut), YAMUX_MORE);
		assert_string_equal(text + 1, everything_seen);
	}
}

static void
bytes_one_by_one_make_the_same_events(void **state)
{
	uint8_t bytes[512];
	size_t len = bytes_of(everything, bytes);

	(void)state;
	begin_server();
	forget();
	for (size_t i = 0; i < len; i++) {
		assert_int_equal(feed(bytes + i, 1), YAMUX_MORE);
		assert_int_equal(feed(bytes, 0), YAMUX_MORE);
	}
	assert_string_equal(text + 1, everything_seen);
}

/* ---- what is wrong ---- */

static void
every_wrong_field_ends_the_session(void **state)
{
	static const struct {
		const char *hex, *events;
	} c[] = {
		{ "01 01 0001 00000001 00000000", "bad:not yamux version 0" },
		{ "11", "bad:not yamux version 0" },
		{ "00 04", "bad:a frame of unknown type" },
		{ "00 ff 0001 00000001 00000000", "bad:a frame of unknown type" },
		{ "00 01 0001 00000000 00000000", "bad:a stream with the id 0" },
		{ "00 00 0000 00000000 00000000", "bad:a stream with the id 0" },
		{ "00 01 0001 00000002 00000000", "bad:a stream opened with an id of ours" },
		{ "00 01 0000 00000001 00000000", "bad:a frame of a stream never opened" },
		{ "00 00 0000 00000001 00000001 'x'", "bad:a frame of a stream never opened" },
		{ "00 00 0002 00000002 00000000", "bad:a frame of a stream never opened" },
		{ "00 01 0004 00000001 00000000", "bad:a frame of a stream never opened" },
		{ "00 01 0008 00000001 00000000", "bad:a frame of a stream never opened" },
		{ "00 01 0001 00000003 00000000  00 01 0008 00000001 00000000", "open3 bad:a frame of a stream never opened" },
		{ "00 01 0001 00000001 00000000  00 01 0000 00000003 00000000", "open1 bad:a frame of a stream never opened" },
		{ "00 01 0001 00000001 00000000  00 01 0001 00000001 00000000", "open1 bad:a stream opened twice" },
		{ "00 01 000d 00000001 00000000  00 01 0001 00000001 00000000", "open1 fin1 reset1 bad:a stream opened twice" },
		{ "00 01 0001 00000001 fffc0000", "open1 bad:a window over 2^32-1" },
		{ "00 01 0001 00000001 fffbffff  00 01 0000 00000001 00000001", "open1 window1 bad:a window over 2^32-1" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(c); i++) {
		begin_server();
		assert_string_equal(hear(c[i].hex), c[i].events);
		assert_string_equal(hear("00 02 0001 00000000 00000000"), strstr(c[i].events, "bad:"));	/* for ever */
		forget();
		assert_non_null(strstr(say(), "00 03 0000 00000000 00000001"));
		assert_false(yamux_has_out(y));
	}
}

static void
a_stream_of_ours_is_known_to_the_peer_once_its_syn_is_out(void **state)
{
	(void)state;
	begin_server();
	open_stream();
	assert_string_equal(hear("00 01 0000 00000002 00000001"), "bad:a frame of a stream never opened");
	begin_server();
	open_stream();
	say_data(2, 1, false);
	assert_string_equal(hear("00 01 0002 00000002 00000001"), "window2");
	begin(YAMUX_SERVER, 1, true);
	open_stream();
	say();
	assert_string_equal(hear("00 01 0002 00000002 00000001"), "window2");
}

static void
every_prefix_of_a_frame_waits_for_more(void **state)
{
	uint8_t bytes[64];
	size_t len = bytes_of("00 00 0005 00000001 00000003 'abc'", bytes);

	(void)state;
	for (size_t n = 0; n < YAMUX_HEADER; n++) {
		begin_server();
		forget();
		assert_int_equal(feed(bytes, n), YAMUX_MORE);
		assert_string_equal(text, "");
	}
	for (size_t n = YAMUX_HEADER; n < len; n++) {
		begin_server();
		forget();
		assert_int_equal(feed(bytes, n), YAMUX_MORE);
		assert_null(strstr(text, "fin"));
	}
}

static void
data_fits_its_window_or_ends_the_session(void **state)
{
	(void)state;
	begin_server();
	hear_frame(0, FLAG_SYN, 1, 0);
	assert_string_equal(hear_frame(0, 0, 1, YAMUX_WINDOW_START + 1), "bad:data beyond the window");
	begin_server();
	hear_frame(0, FLAG_SYN, 1, 0);
	assert_string_equal(hear_frame(0, 0, 1, YAMUX_WINDOW_START), "");
	assert_int_equal(hear_bytes(YAMUX_WINDOW_START), YAMUX_MORE);
	assert_int_equal(stream(1)->recv_window, 0);
	assert_string_equal(hear_frame(0, 0, 1, 1), "bad:data beyond the window");
	begin_server();
	hear_frame(0, FLAG_SYN, 1, 0);
	assert_string_equal(hear_frame(0, 0, 1, UINT32_MAX), "bad:data beyond the window");
}

static void
data_with_the_syn_fits_the_first_window_or_opens_nothing(void **state)
{
	(void)state;
	begin_server();
	assert_string_equal(hear_frame(0, FLAG_SYN, 1, YAMUX_WINDOW_START + 1), "bad:data beyond the window");
	assert_int_equal(yamux_peer_streams(y), 0);
	begin_server();
	assert_string_equal(hear_frame(0, FLAG_SYN | FLAG_FIN, 1, UINT32_MAX), "bad:data beyond the window");
	begin_server();
	assert_string_equal(hear_frame(0, FLAG_SYN | FLAG_FIN, 1, YAMUX_WINDOW_START), "open1");
	assert_int_equal(hear_bytes(YAMUX_WINDOW_START), YAMUX_MORE);
	assert_string_equal(hear_frame(0, 0, 1, 1), "bad:data beyond the window");
}

static void
a_window_that_was_granted_counts_once_it_was_said(void **state)
{
	(void)state;
	begin_server();
	hear_frame(0, FLAG_SYN, 1, YAMUX_WINDOW_START);
	hear_bytes(YAMUX_WINDOW_START);
	say();
	yamux_grant(y, stream(1), 100, true);
	assert_int_equal(stream(1)->recv_window, 0);
	assert_string_equal(say(), "00 01 0000 00000001 00000064");
	assert_string_equal(hear_frame(0, 0, 1, 100), "");
	assert_int_equal(hear_bytes(100), YAMUX_MORE);
	yamux_grant(y, stream(1), 100, true);
	assert_string_equal(hear_frame(0, 0, 1, 1), "bad:data beyond the window");
}

/* ---- ids ---- */

static void
streams_may_come_a_little_out_of_order_but_once(void **state)
{
	(void)state;
	begin_server();
	assert_string_equal(hear_frame(1, FLAG_SYN, 5, 0), "open5");
	assert_string_equal(hear_frame(1, FLAG_SYN, 1, 0), "open1");
	assert_string_equal(hear_frame(1, FLAG_SYN, 2 * YAMUX_DISORDER + 1, 0), "open129");
	assert_string_equal(hear_frame(1, FLAG_SYN, 3, 0), "open3");
	assert_string_equal(hear_frame(1, FLAG_SYN, 127, 0), "open127");
	assert_string_equal(hear_frame(1, FLAG_SYN, 5, 0), "bad:a stream opened twice");

	begin_server();
	hear_frame(1, FLAG_SYN, 2 * YAMUX_DISORDER + 1, 0);
	assert_string_equal(hear_frame(1, FLAG_SYN, 1, 0), "bad:a stream opened twice");	/* or it looks so */
}

static void
ids_reach_up_to_the_last(void **state)
{
	(void)state;
	begin_server();
	assert_string_equal(hear_frame(1, FLAG_SYN, 1, 0), "open1");
	assert_string_equal(hear_frame(1, FLAG_SYN, UINT32_MAX, 0), "open4294967295");
	assert_string_equal(hear_frame(1, FLAG_SYN, UINT32_MAX - 2, 0), "open4294967293");
	assert_string_equal(hear_frame(1, FLAG_SYN | FLAG_FIN, 3, 0), "bad:a stream opened twice");

	begin_client();
	y->next_id = UINT32_MAX - 2;
	assert_int_equal(open_stream(), UINT32_MAX - 2);
	assert_int_equal(open_stream(), UINT32_MAX);
	assert_int_equal(open_stream(), 0);
	assert_int_equal(yamux_own_streams(y), 2);
	begin_server();
	y->next_id = UINT32_MAX - 1;
	assert_int_equal(open_stream(), UINT32_MAX - 1);
	assert_int_equal(open_stream(), 0);
}

static void
ids_that_crowd_are_told_apart(void **state)
{
	(void)state;
	for (uint32_t step = 2; step < UINT32_C(1) << 24; step *= 2) {
		begin_server();
		for (uint32_t i = 0; i < 90; i++)
			hear_frame(1, FLAG_SYN, i * step + 1, 0);
		for (uint32_t i = 0; i < 90; i++) {
			char wanted[32];

			snprintf(wanted, sizeof(wanted), "window%u", i * step + 1);
			assert_string_equal(hear_frame(1, 0, i * step + 1, 1), wanted);
		}
	}
}

/* ---- limits and floods ---- */

static void
opens_beyond_the_limit_are_reset_without_an_event(void **state)
{
	(void)state;
	begin(YAMUX_SERVER, 2, false);
	assert_string_equal(hear("00 01 0001 00000001 00000000  00 01 0001 00000003 00000000"), "open1 open3");
	assert_string_equal(hear("00 00 0005 00000005 00000003 'abc'  00 00 0000 00000003 00000001 '3'"), "data3:3");
	assert_int_equal(yamux_peer_streams(y), 2);
	assert_string_equal(say(),
	    "00 01 0008 00000005 00000000, 00 01 0002 00000001 00000000, 00 01 0002 00000003 00000000");
	yamux_reset(y, stream(1));
	assert_string_equal(hear_frame(1, FLAG_SYN, 7, 0), "");		/* the peer has not been told yet */
	assert_string_equal(say(), "00 01 0008 00000001 00000000, 00 01 0008 00000007 00000000");
	assert_string_equal(hear_frame(1, FLAG_SYN, 9, 0), "open9");
	assert_string_equal(hear_frame(1, FLAG_RST, 9, 0), "reset9");
	assert_string_equal(hear_frame(1, FLAG_SYN, 11, 0), "open11");
	open_stream();
	assert_int_equal(yamux_own_streams(y), 1);	/* those of ours are another matter */
}

static void
refused_streams_are_reset_and_what_belongs_to_them_swallowed(void **state)
{
	(void)state;
	begin_server();
	refuse = true;
	assert_string_equal(hear("00 00 0005 00000001 00000003 'abc'  00 00 0000 00000001 00000002 'de'"), "open1 refused");
	assert_string_equal(hear("00 01 0000 00000001 00000009  00 01 000c 00000001 00000000"), "");
	assert_string_equal(say(), "00 01 0008 00000001 00000000");
	assert_int_equal(yamux_peer_streams(y), 0);
	assert_string_equal(hear("00 01 0001 00000003 00000000"), "open3 refused");
	assert_string_equal(hear_frame(0, 0, 3, 2 * YAMUX_WINDOW_START - 5), "");	/* what the peer thought it might */
	assert_int_equal(hear_bytes(2 * YAMUX_WINDOW_START - 5), YAMUX_MORE);
	assert_string_equal(hear_frame(0, 0, 3, 1), "bad:data beyond the window");
}

static void
a_flood_of_opens_to_reset_ends_the_session(void **state)
{
	uint32_t id = 1;

	(void)state;
	begin(YAMUX_SERVER, 3, false);
	for (unsigned i = 0; i < 3 * YAMUX_RESETS_MAX; i++, id += 2) {
		hear_frame(1, FLAG_SYN, id, 0);
		if (i % 100 == 0)
			say();
	}
	say();
	for (unsigned i = 0; i < 3 + YAMUX_RESETS_MAX; i++, id += 2)
		assert_string_equal(hear_frame(1, FLAG_SYN, id, 0), "");
	assert_string_equal(hear_frame(1, FLAG_SYN, id, 0), "bad:reset flood");

	/* nor may the owner's own resets be heaped up */
	begin(YAMUX_SERVER, 3, false);
	for (id = 1; id < 2 * (3 + YAMUX_RESETS_MAX); id += 2) {
		hear_frame(1, FLAG_SYN, id, 0);
		for (unsigned i = 0; i < lanes; i++)
			yamux_reset(y, &lane[i].s);
		assert_null(yamux_why(y));
	}
	assert_string_equal(hear_frame(1, FLAG_SYN, id, 0), "bad:reset flood");
}

static uint32_t
reset_said(void)
{
	uint8_t out[YAMUX_HEADER];

	assert_int_equal(yamux_out(y, out, sizeof(out)), YAMUX_HEADER);
	assert_int_equal(out[3], FLAG_RST);
	return u32_at(out + 4);
}

static void
many_streams_of_ours_may_be_reset_at_once(void **state)
{
	uint32_t said = 0;

	(void)state;
	begin_server();
	for (unsigned i = 0; i < LANES; i++)
		say_data(open_stream(), 1, false);
	for (unsigned i = 0; i < LANES; i++)
		yamux_reset(y, &lane[i].s);
	for (unsigned i = 0; i < 3000; i++) {		/* one after the other, too */
		lanes = 0;
		say_data(open_stream(), 1, false);
		yamux_reset(y, &lane[0].s);
		if (i % 8 == 0)
			assert_int_equal(reset_said(), said += 2);
	}
	assert_string_equal(hear("00 01 0001 00000001 00000000"), "open1");
	while (said < 2 * (LANES + 3000))
		assert_int_equal(reset_said(), said += 2);
	assert_string_equal(say(), "00 01 0002 00000001 00000000");
}

static void
pings_are_answered_with_their_value_and_a_flood_ends_the_session(void **state)
{
	(void)state;
	begin_server();
	assert_string_equal(hear("00 02 0001 00000000 00000001  00 02 0001 00000000 deadbeef"), "ping ping");
	assert_string_equal(say(), "00 02 0002 00000000 00000001, 00 02 0002 00000000 deadbeef");
	for (unsigned i = 0; i < 5 * YAMUX_PINGS_MAX; i++) {
		assert_string_equal(hear_frame(2, FLAG_SYN, 0, i), "ping");
		if (i % YAMUX_PINGS_MAX == 3)
			say();
	}
	say();
	for (unsigned i = 0; i < YAMUX_PINGS_MAX; i++)
		assert_string_equal(hear_frame(2, FLAG_SYN, 0, i), "ping");
	assert_string_equal(hear_frame(2, FLAG_SYN, 0, 0), "bad:ping flood");
}

static void
our_ping_goes_once_and_its_answer_is_told(void **state)
{
	(void)state;
	begin_client();
	yamux_ping(y, 1);
	yamux_ping(y, 0x89abcdef);
	assert_string_equal(say(), "00 02 0001 00000000 89abcdef");
	assert_string_equal(say(), "");
	assert_string_equal(hear("00 02 0002 00000000 89abcdef"), "pong:89abcdef");
}

/* ---- GOAWAY ---- */

static void
after_the_peers_goaway_nothing_can_be_opened(void **state)
{
	(void)state;
	begin_server();
	say_data(open_stream(), 1, false);
	assert_string_equal(hear("00 03 0000 00000000 00000000"), "goaway:0");
	assert_int_equal(open_stream(), 0);
	assert_string_equal(hear("00 00 0002 00000002 00000001 'x'"), "data2:x");	/* what is open goes on */
	assert_string_equal(hear("00 03 0000 00000000 00000002"), "goaway:2");
}

static void
after_our_goaway_the_peer_opens_nothing_any_more(void **state)
{
	(void)state;
	begin_server();
	hear_frame(1, FLAG_SYN, 1, 0);
	yamux_goaway(y, YAMUX_GOAWAY_NORMAL);
	yamux_fin(y, stream(1));
	assert_int_equal(open_stream(), 0);
	assert_string_equal(hear("00 00 0001 00000003 00000001 'x'  00 00 0000 00000001 00000001 'y'"), "data1:y");
	assert_string_equal(say(),
	    "00 01 0008 00000003 00000000, 00 01 0006 00000001 00000000, 00 03 0000 00000000 00000000");
	yamux_goaway(y, YAMUX_GOAWAY_INTERNAL);
	assert_string_equal(say(), "00 03 0000 00000000 00000002");
}

/* ---- ends, resets, and what crosses them on the way ---- */

static void
a_stream_is_over_when_both_ends_are_said(void **state)
{
	(void)state;
	begin_server();
	hear_frame(1, FLAG_SYN, 1, 0);
	assert_string_equal(say_data(1, 3, true), "00 00 0006 00000001 00000003");
	assert_int_equal(yamux_may_send(stream(1)), 0);
	assert_false(yamux_over(stream(1)));
	assert_string_equal(hear_frame(0, FLAG_FIN, 1, 0), "fin1");
	assert_true(yamux_over(stream(1)));
	assert_int_equal(yamux_peer_streams(y), 0);

	hear_frame(1, FLAG_SYN, 3, 0);
	assert_string_equal(hear_frame(0, FLAG_FIN, 3, 0), "fin3");
	assert_int_equal(yamux_may_send(stream(3)), YAMUX_WINDOW_START);	/* half-closed, and good for an answer */
	yamux_fin(y, stream(3));
	assert_int_equal(yamux_may_send(stream(3)), 0);
	assert_false(yamux_over(stream(3)));		/* it has not been said */
	assert_string_equal(say(), "00 01 0006 00000003 00000000");
	assert_true(yamux_over(stream(3)));

	hear_frame(1, FLAG_SYN | FLAG_FIN, 5, 0);
	say_data(5, 0, true);
	assert_true(yamux_over(stream(5)));
	assert_string_equal(say(), "");
}

static void
an_end_is_said_once(void **state)
{
	(void)state;
	begin_server();
	hear_frame(1, FLAG_SYN, 1, 0);
	yamux_fin(y, stream(1));
	yamux_fin(y, stream(1));
	say();
	yamux_fin(y, stream(1));
	assert_string_equal(say(), "");
	assert_string_equal(hear("00 01 0004 00000001 00000000"), "fin1");
	assert_string_equal(hear("00 01 0004 00000001 00000000"), "");
	assert_string_equal(hear("00 01 0005 00000003 00000000  00 01 0004 00000003 00000000"), "open3 fin3");
	assert_string_equal(say(), "00 01 0002 00000003 00000000");
	yamux_fin(y, stream(1));
	yamux_reset(y, stream(1));
	yamux_grant(y, stream(1), 1, true);
	assert_string_equal(say(), "");
	assert_int_equal(yamux_may_send(stream(1)), 0);
}

static void
what_comes_behind_an_end_is_swallowed_within_the_window(void **state)
{
	(void)state;
	begin_server();
	assert_string_equal(hear("00 00 0005 00000001 00000002 'ab'  00 00 0000 00000001 00000002 'cd'"),
	    "open1 data1:ab fin1");
	assert_string_equal(hear("00 00 000c 00000001 00000001 'e'"), "");
	assert_string_equal(hear_frame(0, 0, 1, YAMUX_WINDOW_START - 5), "");
	assert_int_equal(hear_bytes(YAMUX_WINDOW_START - 5), YAMUX_MORE);
	assert_string_equal(hear("00 01 0000 00000001 00000002"), "window1");	/* our direction goes on */
	assert_string_equal(hear_frame(0, 0, 1, 1), "bad:data beyond the window");
}

static void
a_reset_ends_both_directions_at_once(void **state)
{
	(void)state;
	begin_server();
	say_data(open_stream(), 1, false);
	hear_frame(1, FLAG_SYN, 1, 0);
	yamux_grant(y, stream(2), 1, true);
	yamux_reset(y, stream(1));
	yamux_reset(y, stream(2));
	assert_true(yamux_has_out(y));
	assert_int_equal(yamux_peer_streams(y) + yamux_own_streams(y), 0);
	assert_true(yamux_over(stream(1)) && yamux_over(stream(2)));
	assert_string_equal(say(), "00 01 0008 00000001 00000000, 00 01 0008 00000002 00000000");
	assert_string_equal(say(), "");
}

static void
a_stream_the_peer_never_heard_of_is_dropped_in_silence(void **state)
{
	(void)state;
	begin(YAMUX_SERVER, 1, true);
	open_stream();
	yamux_reset(y, stream(2));
	assert_string_equal(say(), "");
	assert_int_equal(open_stream(), 4);
	assert_string_equal(say(), "00 01 0001 00000004 00000000");
}

static void
resets_that_cross_on_the_way_are_no_fault(void **state)
{
	(void)state;
	begin_server();
	hear_frame(1, FLAG_SYN, 1, 0);
	say_data(open_stream(), 1, false);
	yamux_reset(y, stream(1));
	yamux_reset(y, stream(2));
	assert_string_equal(hear("00 00 0000 00000001 00000004 'late'  00 01 0000 00000001 00000007"), "");
	assert_string_equal(hear("00 00 0002 00000002 00000004 'late'  00 01 0004 00000002 00000000"), "");
	assert_string_equal(hear("00 01 0008 00000001 00000000  00 01 0008 00000002 00000000"), "");
	assert_string_equal(hear_frame(0, 0, 1, 2 * YAMUX_WINDOW_START - 8), "");	/* what both windows allowed */
	assert_int_equal(hear_bytes(2 * YAMUX_WINDOW_START - 8), YAMUX_MORE);
	assert_string_equal(hear_frame(0, 0, 1, 1), "bad:data beyond the window");
}

static void
a_peer_that_has_reset_or_ended_a_stream_has_no_more_to_say_on_it(void **state)
{
	(void)state;
	begin_server();
	assert_string_equal(hear("00 00 0009 00000001 00000001 'x'  00 00 0000 00000001 00000001 'y'"),
	    "open1 data1:x reset1 bad:data beyond the window");
}

static void
a_reset_amid_a_data_frame_swallows_the_rest(void **state)
{
	(void)state;
	begin_server();
	assert_string_equal(hear("00 00 0005 00000001 00000006 'abc'"), "open1 data1:abc");
	yamux_reset(y, stream(1));
	memset(stream(1), 0xa5, sizeof(struct yamux_stream));	/* its memory may be gone */
	assert_string_equal(hear("'def' 00 01 0001 00000003 00000000"), "open3");
	assert_string_equal(say(), "00 01 0008 00000001 00000000, 00 01 0002 00000003 00000000");
}

static void
a_reset_by_the_peer_takes_the_stream_out_of_the_queue(void **state)
{
	(void)state;
	begin_server();
	for (uint32_t id = 1; id <= 9; id += 2)
		hear_frame(1, FLAG_SYN, id, 0);
	for (uint32_t id = 1; id <= 9; id += 4) {	/* first, middle, last */
		hear_frame(1, FLAG_RST, id, 0);
		memset(stream(id), 0xa5, sizeof(struct yamux_stream));
	}
	assert_string_equal(say(), "00 01 0002 00000003 00000000, 00 01 0002 00000007 00000000");
	yamux_fin(y, stream(7));
	hear_frame(1, FLAG_RST, 7, 0);
	assert_false(yamux_has_out(y));
	yamux_fin(y, stream(3));
	assert_string_equal(say(), "00 01 0004 00000003 00000000");
}

/* ---- windows ---- */

static void
the_peers_window_limits_what_may_be_sent(void **state)
{
	(void)state;
	begin_server();
	open_stream();
	assert_int_equal(yamux_may_send(stream(2)), YAMUX_WINDOW_START);
	for (unsigned i = 0; i < 16; i++)
		say_data(2, YAMUX_DATA_MAX, false);
	assert_int_equal(yamux_may_send(stream(2)), YAMUX_WINDOW_START - 16 * YAMUX_DATA_MAX);
	say_data(2, yamux_may_send(stream(2)), false);
	assert_int_equal(yamux_may_send(stream(2)), 0);
	assert_string_equal(hear("00 01 0000 00000002 00000005"), "window2");
	assert_int_equal(yamux_may_send(stream(2)), 5);
	assert_string_equal(hear("00 01 0000 00000002 fffffffa"), "window2");
	assert_int_equal(yamux_may_send(stream(2)), UINT32_MAX);
	yamux_fin(y, stream(2));
	assert_string_equal(hear("00 01 0000 00000002 00000000"), "");
	assert_string_equal(hear("00 01 0000 00000002 00000001"), "bad:a window over 2^32-1");
}

static void
a_window_for_a_direction_that_has_ended_is_no_event(void **state)
{
	(void)state;
	begin_server();
	hear_frame(1, FLAG_SYN, 1, 0);
	yamux_fin(y, stream(1));
	assert_string_equal(hear("00 01 0000 00000001 00000005  00 02 0001 00000000 00000000"), "ping");
	say();
	assert_string_equal(hear("00 01 0000 00000001 00000005  00 02 0001 00000000 00000000"), "ping");
}

static void
grants_are_said_once_they_are_half_of_the_window(void **state)
{
	(void)state;
	begin_server();
	hear_frame(0, FLAG_SYN, 1, YAMUX_WINDOW_START / 2);
	hear_bytes(YAMUX_WINDOW_START / 2);
	say();
	yamux_grant(y, stream(1), YAMUX_WINDOW_START / 2 - 1, false);
	assert_string_equal(say(), "");
	yamux_grant(y, stream(1), 1, false);
	assert_string_equal(say(), "00 01 0000 00000001 00020000");
	assert_int_equal(stream(1)->recv_window, YAMUX_WINDOW_START);
	yamux_grant(y, stream(1), 7, false);
	yamux_grant(y, stream(1), 0, true);
	assert_string_equal(say(), "00 01 0000 00000001 00000007");
	yamux_grant(y, stream(1), 0, true);
	assert_string_equal(say(), "");
}

static void
a_grant_held_back_is_said_when_the_peer_runs_short(void **state)
{
	(void)state;
	begin_server();
	hear_frame(0, FLAG_SYN, 1, 0);
	say();
	yamux_grant(y, stream(1), 100, false);
	assert_string_equal(hear_frame(0, 0, 1, YAMUX_WINDOW_START), "");
	assert_int_equal(hear_bytes(YAMUX_WINDOW_START - 101), YAMUX_MORE);
	assert_string_equal(say(), "");
	assert_int_equal(hear_bytes(1), YAMUX_MORE);
	assert_string_equal(say(), "00 01 0000 00000001 00000064");
}

static void
a_small_grant_rides_along_with_another_frame(void **state)
{
	(void)state;
	begin_server();
	hear_frame(0, FLAG_SYN, 1, 0);
	yamux_grant(y, stream(1), 7, false);
	assert_string_equal(say(), "00 01 0002 00000001 00000007");
	yamux_grant(y, stream(1), 9, false);
	yamux_fin(y, stream(1));
	assert_string_equal(say(), "00 01 0004 00000001 00000009");
	assert_int_equal(stream(1)->recv_window, YAMUX_WINDOW_START + 16);
}

static void
nothing_is_granted_behind_the_peers_end(void **state)
{
	(void)state;
	begin_server();
	hear_frame(0, FLAG_SYN, 1, 0);
	say();
	yamux_grant(y, stream(1), 9, true);
	assert_true(yamux_has_out(y));
	hear_frame(0, FLAG_FIN, 1, 0);
	assert_false(yamux_has_out(y));
	yamux_grant(y, stream(1), YAMUX_WINDOW_START, true);
	assert_string_equal(say(), "");
}

static void
no_window_is_granted_beyond_what_it_can_count(void **state)
{
	(void)state;
	begin_server();
	hear_frame(0, FLAG_SYN, 1, 0);
	yamux_grant(y, stream(1), UINT32_MAX, true);
	yamux_grant(y, stream(1), UINT32_MAX, true);
	assert_string_equal(say(), "00 01 0002 00000001 fffbffff");
	assert_int_equal(stream(1)->recv_window, UINT32_MAX);
	yamux_grant(y, stream(1), 1, true);
	assert_string_equal(say(), "");
}

/* ---- what goes out, and how it fits ---- */

static void
control_frames_go_in_their_order_and_never_in_part(void **state)
{
	static const char *const wanted[] = { "00 02 0002 00000000 00000005", "00 02 0001 00000000 00000006",
		"00 01 0008 00000001 00000000", "00 01 0002 00000003 00000000", "00 01 0005 00000002 00000000",
		"00 03 0000 00000000 00000000" };

	(void)state;
	for (size_t size = YAMUX_HEADER; size < 7 * YAMUX_HEADER; size++) {
		size_t frame = 0, n;
		uint8_t *out;

		begin_server();
		open_stream();
		hear("00 01 0001 00000001 00000000  00 01 0001 00000003 00000000  00 02 0001 00000000 00000005");
		yamux_goaway(y, YAMUX_GOAWAY_NORMAL);
		yamux_fin(y, stream(2));
		yamux_reset(y, stream(1));
		yamux_ping(y, 6);
		out = malloc(size);
		while ((n = yamux_out(y, out, size)) > 0) {
			for (size_t i = 0; i < n; i += YAMUX_HEADER) {
				forget();
				note_header(out + i);
				assert_true(frame < COUNT(wanted));
				assert_string_equal(text, wanted[frame++]);
			}
			assert_true(yamux_has_out(y) == (frame < COUNT(wanted)));
		}
		free(out);
		assert_int_equal(frame, COUNT(wanted));
	}
	yamux_ping(y, 6);
	assert_int_equal(yamux_out(y, (uint8_t[YAMUX_HEADER]){ 0 }, YAMUX_HEADER - 1), 0);
	assert_true(yamux_has_out(y));
}

/* ---- the machine as a whole ---- */

static void
a_walk_finds_every_stream_once_though_streams_are_reset(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 200; round++) {
		unsigned n = 1 + draw(80), reset = 1 + draw(4), found = 0;
		bool seen[LANES] = { false };
		size_t cursor = 0;

		begin_server();
		for (unsigned i = 0; i < n; i++) {
			hear_frame(0, FLAG_SYN, 2 * draw(1000) + 2001 + 2000 * i, 0);
			if (draw(3) == 0)
				open_stream();
		}
		for (struct yamux_stream *s; (s = yamux_each(y, &cursor)) != NULL; found++) {
			unsigned i = (unsigned)((struct lane *)(void *)s - lane);

			assert_true(i < lanes && !seen[i]);
			seen[i] = true;
			if (draw(reset) == 0)
				yamux_reset(y, s);
		}
		assert_int_equal(found, lanes);
	}
}

static void
an_idle_session_is_small(void **state)
{
	size_t before;

	(void)state;
	yamux_free(y);
	y = NULL;
	before = memory;
	begin_server();
	assert_in_range(memory - before, 1, 512);
	assert_in_range(sizeof(struct yamux_stream), 1, 48);
}

static void
memory_follows_the_streams_there_are(void **state)
{
	size_t idle, crowded;

	(void)state;
	begin_server();
	idle = memory;
	for (unsigned i = 0; i < LANES; i++)
		open_stream();
	crowded = memory - idle;
	assert_in_range(crowded / LANES, 1, 80);
	for (unsigned i = 0; i < LANES; i++)
		yamux_reset(y, &lane[i].s);
	hear("");
	assert_int_equal(memory, idle);
}

static void
memory_is_the_same_after_100000_streams(void **state)
{
	size_t idle;

	(void)state;
	begin_server();
	hear_frame(0, FLAG_SYN, 1, 0);
	idle = memory;
	for (uint32_t i = 1; i <= 100000; i++) {
		struct yamux_stream ours;

		lanes = 1;
		hear_frame(0, FLAG_SYN | FLAG_FIN, 2 * i + 1, 0);
		assert_true(yamux_open(y, &ours));
		yamux_fin(y, stream(2 * i + 1));
		say();
		assert_true(yamux_over(stream(2 * i + 1)));
		if (i % 2 == 0)
			yamux_fin(y, &ours);
		else
			yamux_reset(y, &ours);
		say();
		yamux_reset(y, &ours);
		say();
		assert_in_range(memory, 1, 512);
	}
	assert_int_equal(memory, idle);
	assert_int_equal(yamux_peer_streams(y), 1);
	assert_int_equal(yamux_own_streams(y), 0);
}

static void
without_memory_nothing_is_opened(void **state)
{
	(void)state;
	for (int n = 0; n < 2; n++) {
		allocations_left = n;
		assert_null(yamux_new(YAMUX_CLIENT, 1, false));
	}
	begin_server();
	allocations_left = 0;
	while (open_stream() != 0)
		;
	assert_in_range(lanes, 4, 8);
	assert_int_equal(yamux_own_streams(y), lanes);
	assert_string_equal(hear_frame(0, FLAG_SYN, 1, 0), "bad:out of memory");
	assert_non_null(strstr(say(), "00 03 0000 00000000 00000002"));
}

static int
clean_up(void **state)
{
	(void)state;
	yamux_free(y);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_ancestors_client_says_what_it_always_said),
		cmocka_unit_test(the_ancestors_server_says_what_it_always_said),
		cmocka_unit_test(the_handshake_may_come_in_the_frame_that_opens),
		cmocka_unit_test(the_first_data_frame_opens_or_acknowledges),
		cmocka_unit_test(a_stream_without_data_is_opened_by_its_end),
		cmocka_unit_test(the_ancestors_way_an_end_without_data_is_a_window_frame),
		cmocka_unit_test(streams_are_opened_in_the_order_of_their_ids),
		cmocka_unit_test(the_flags_of_one_frame_make_events_in_order),
		cmocka_unit_test(every_split_makes_the_same_events),
		cmocka_unit_test(bytes_one_by_one_make_the_same_events),
		cmocka_unit_test(every_wrong_field_ends_the_session),
		cmocka_unit_test(a_stream_of_ours_is_known_to_the_peer_once_its_syn_is_out),
		cmocka_unit_test(every_prefix_of_a_frame_waits_for_more),
		cmocka_unit_test(data_fits_its_window_or_ends_the_session),
		cmocka_unit_test(data_with_the_syn_fits_the_first_window_or_opens_nothing),
		cmocka_unit_test(a_window_that_was_granted_counts_once_it_was_said),
		cmocka_unit_test(streams_may_come_a_little_out_of_order_but_once),
		cmocka_unit_test(ids_reach_up_to_the_last),
		cmocka_unit_test(ids_that_crowd_are_told_apart),
		cmocka_unit_test(opens_beyond_the_limit_are_reset_without_an_event),
		cmocka_unit_test(refused_streams_are_reset_and_what_belongs_to_them_swallowed),
		cmocka_unit_test(a_flood_of_opens_to_reset_ends_the_session),
		cmocka_unit_test(many_streams_of_ours_may_be_reset_at_once),
		cmocka_unit_test(pings_are_answered_with_their_value_and_a_flood_ends_the_session),
		cmocka_unit_test(our_ping_goes_once_and_its_answer_is_told),
		cmocka_unit_test(after_the_peers_goaway_nothing_can_be_opened),
		cmocka_unit_test(after_our_goaway_the_peer_opens_nothing_any_more),
		cmocka_unit_test(a_stream_is_over_when_both_ends_are_said),
		cmocka_unit_test(an_end_is_said_once),
		cmocka_unit_test(what_comes_behind_an_end_is_swallowed_within_the_window),
		cmocka_unit_test(a_reset_ends_both_directions_at_once),
		cmocka_unit_test(a_stream_the_peer_never_heard_of_is_dropped_in_silence),
		cmocka_unit_test(resets_that_cross_on_the_way_are_no_fault),
		cmocka_unit_test(a_peer_that_has_reset_or_ended_a_stream_has_no_more_to_say_on_it),
		cmocka_unit_test(a_reset_amid_a_data_frame_swallows_the_rest),
		cmocka_unit_test(a_reset_by_the_peer_takes_the_stream_out_of_the_queue),
		cmocka_unit_test(the_peers_window_limits_what_may_be_sent),
		cmocka_unit_test(a_window_for_a_direction_that_has_ended_is_no_event),
		cmocka_unit_test(grants_are_said_once_they_are_half_of_the_window),
		cmocka_unit_test(a_grant_held_back_is_said_when_the_peer_runs_short),
		cmocka_unit_test(a_small_grant_rides_along_with_another_frame),
		cmocka_unit_test(nothing_is_granted_behind_the_peers_end),
		cmocka_unit_test(no_window_is_granted_beyond_what_it_can_count),
		cmocka_unit_test(control_frames_go_in_their_order_and_never_in_part),
		cmocka_unit_test(a_walk_finds_every_stream_once_though_streams_are_reset),
		cmocka_unit_test(an_idle_session_is_small),
		cmocka_unit_test(memory_follows_the_streams_there_are),
		cmocka_unit_test(memory_is_the_same_after_100000_streams),
		cmocka_unit_test(without_memory_nothing_is_opened),
	};

	return cmocka_run_group_tests(tests, NULL, clean_up);
}
