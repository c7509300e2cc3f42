/* SPDX-License-Identifier: ISC */
/* One yamux machine, spoken to in hexadecimal digits. */
#include "yamux_help.h"

struct yamux *y;
struct lane lane[LANES];
unsigned lanes;
bool refuse;
char text[TEXT_MAX];
static const struct yamux_stream *talking;	/* the text ends in data of this one */

__attribute__((format(printf, 1, 2)))
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

void
forget(void)
{
	text[0] = '\0';
	talking = NULL;
}

void
note_header(const uint8_t *h)
{
	note("%s%02x %02x %02x%02x %02x%02x%02x%02x %02x%02x%02x%02x", text[0] == '\0' ? "" : ", ",
	    h[0], h[1], h[2], h[3], h[4], h[5], h[6], h[7], h[8], h[9], h[10], h[11]);
}

void
begin(enum yamux_role role, uint32_t max_peer_streams, bool explicit_syn)
{
	yamux_free(y);
	y = yamux_new(role, max_peer_streams, explicit_syn);
	assert_non_null(y);
	memset(lane, 0xa5, sizeof(lane));
	lanes = 0;
	refuse = false;
}

void
begin_server(void)
{
	begin(YAMUX_SERVER, 100, false);
}

void
begin_client(void)
{
	begin(YAMUX_CLIENT, 100, false);
}

int
free_machine(void **state)
{
	(void)state;
	yamux_free(y);
	y = NULL;
	return 0;
}

uint32_t
open_stream(void)
{
	assert_true(lanes < LANES);
	if (!yamux_open(y, &lane[lanes].s))
		return 0;
	lane[lanes].id = lane[lanes].s.id;
	return lane[lanes++].id;
}

struct yamux_stream *
stream(uint32_t id)
{
	for (unsigned i = lanes; i-- > 0; )
		if (lane[i].id == id)
			return &lane[i].s;
	fail_msg("no stream %u", id);
	return NULL;
}

/* ---- what it hears ---- */

static uint32_t
id_of(const struct yamux_stream *s)
{
	return ((const struct lane *)(const void *)s)->id;
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
	assert_true((e == YAMUX_DATA || e == YAMUX_WINDOW || e == YAMUX_FIN || e == YAMUX_RESET) ==
	    (w->stream != NULL));
	assert_true((e == YAMUX_BAD) == (yamux_why(y) != NULL));
}

enum yamux_event
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

size_t
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

const char *
hear(const char *hex)
{
	static uint8_t bytes[TEXT_MAX];

	forget();
	feed(bytes, bytes_of(hex, bytes));
	return text[0] == ' ' ? text + 1 : text;
}

static void
put_number(uint8_t *out, uint32_t number)
{
	for (int i = 0; i < 4; i++)
		out[i] = (uint8_t)(number >> (24 - 8 * i));
}

const char *
hear_frame(uint8_t type, uint16_t flags, uint32_t id, uint32_t length)
{
	uint8_t frame[YAMUX_HEADER] = { 0, type, (uint8_t)(flags >> 8), (uint8_t)flags };

	put_number(frame + 4, id);
	put_number(frame + 8, length);
	forget();
	feed(frame, sizeof(frame));
	return text[0] == ' ' ? text + 1 : text;
}

enum yamux_event
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

/* ---- what it says ---- */

const char *
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

const char *
say_data(uint32_t id, uint32_t n, bool fin)
{
	uint8_t *out = malloc(YAMUX_HEADER);

	yamux_data(y, stream(id), n, fin, out);
	forget();
	note_header(out);
	free(out);
	return text;
}
