/* SPDX-License-Identifier: ISC */
/*
 * Fuzz lib/yamux.c: arbitrary bytes and arbitrary calls between them. Never more than a window is
 * taken or sent, never more streams than the limit, every frame out is one that may be said at that
 * point, and BAD is for ever.
 */
#include <assert.h>
#include <stdlib.h>

#include "yamux.h"

#define LANES 12u
#define FRAMES_AT_ONCE 3u
#define FLAG_SYN 1u
#define FLAG_FIN 4u
#define FLAG_RST 8u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A stream and what is known of it besides. */
struct lane {
	struct yamux_stream s;
	uint32_t id;			/* 0: free */
	uint64_t may_come, came;	/* bytes the peer was allowed, bytes it sent */
	bool syn_out, fin_out, fin_in;
};

static struct yamux *y;
static struct lane lane[LANES];
static uint32_t max_peer_streams, parity;
static bool is_bad, ancestor;
static struct slice in;			/* what is left of the fuzzer's bytes */
static volatile unsigned sink;

static uint8_t
draw(void)
{
	uint8_t byte = 0;

	if (in.len > 0) {
		byte = (uint8_t)in.p[0];
		in = slice_skip(in, 1);
	}
	return byte;
}

static uint32_t
u32_at(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static struct lane *
lane_of(uint32_t id)
{
	for (unsigned i = 0; i < LANES; i++)
		if (lane[i].id == id)
			return &lane[i];
	return NULL;
}

static void
use(struct lane *l, uint32_t id)
{
	assert(id != 0 && l->s.id == id);
	l->id = id;
	l->may_come = YAMUX_WINDOW_START;
	l->came = 0;
	l->syn_out = l->fin_out = l->fin_in = false;
}

/* Lanes whose stream has left; what they held is overwritten, as it would be by another owner. */
static void
sweep(void)
{
	for (unsigned i = 0; i < LANES; i++)
		if (lane[i].id != 0 && yamux_over(&lane[i].s)) {
			memset(&lane[i], 0xa5, sizeof(lane[i]));
			lane[i].id = 0;
		}
}

static uint32_t
of_the_peer(void)
{
	uint32_t n = 0;

	for (unsigned i = 0; i < LANES; i++)
		n += lane[i].id != 0 && (lane[i].id & 1) != parity;
	return n;
}

/* ---- what the machine says ---- */

static void
check_stream_frame(const uint8_t *h)
{
	uint32_t id = u32_at(h + 4);
	struct lane *l = lane_of(id);

	if (h[3] & FLAG_RST)
		return;
	assert(id != 0 && l != NULL);
	assert(!(h[3] & FLAG_SYN) == (l->syn_out || (id & 1) != parity));
	assert(!(h[3] & FLAG_FIN) || !l->fin_out);
	assert(h[1] == 1 || !l->fin_out);
	l->syn_out |= h[3] & FLAG_SYN;
	l->fin_out |= (h[3] & FLAG_FIN) != 0;
	if (h[1] == 1)
		l->may_come += u32_at(h + 8);
	assert(h[1] == 0 || !l->fin_in || u32_at(h + 8) == 0);
}

static size_t
let_out(size_t room)
{
	uint8_t *out = malloc(room);
	size_t n = yamux_out(y, out, room);

	assert(n <= room && n % YAMUX_HEADER == 0);
	assert(room - n < YAMUX_HEADER || !yamux_has_out(y));
	for (size_t i = 0; i < n; i += YAMUX_HEADER) {
		assert(out[i] == 0 && out[i + 1] >= 1 && out[i + 1] <= 3 && out[i + 2] == 0);
		/* something is said */
		assert(out[i + 1] != 1 || out[i + 3] != 0 || u32_at(out + i + 8) > 0);
		if (out[i + 1] == 1)
			check_stream_frame(out + i);
		else
			assert(u32_at(out + i + 4) == 0);
	}
	free(out);
	sweep();
	return n;
}

static void
send(struct lane *l, uint32_t n, bool fin)
{
	uint8_t *out = malloc(YAMUX_HEADER);
	uint32_t may = yamux_may_send(&l->s);

	assert(!l->fin_out || may == 0);
	if (!l->fin_out) {
		n = n < may ? n : may;
		yamux_data(y, &l->s, n, fin, out);
		assert(out[0] == 0 && out[1] == (ancestor && n == 0) && u32_at(out + 4) == l->id &&
		    u32_at(out + 8) == n);
		check_stream_frame(out);
	}
	free(out);
}

/* ---- what it hears ---- */

static void
on_opened(uint32_t id)
{
	struct lane *l = lane_of(0);

	assert(id != 0 && (id & 1) != parity && lane_of(id) == NULL);
	assert(of_the_peer() < max_peer_streams);
	if (l == NULL || draw() % 8 == 0) {
		yamux_refuse(y);
		return;
	}
	yamux_accept(y, &l->s);
	use(l, id);
}

static void
on_data(struct lane *l, struct slice data)
{
	unsigned sum = 0;

	assert(data.len > 0 && !l->fin_in);
	l->came += data.len;
	assert(l->came <= l->may_come);
	assert(l->s.recv_window == l->may_come - l->came);
	for (size_t i = 0; i < data.len; i++)
		sum += (uint8_t)data.p[i];
	sink = sum;	/* so that every byte is read */
}

static void
on_event(enum yamux_event e, const struct yamux_what *w)
{
	struct lane *l = (struct lane *)(void *)w->stream;

	assert((e == YAMUX_DATA || e == YAMUX_WINDOW || e == YAMUX_FIN || e == YAMUX_RESET) ==
	    (l != NULL));
	assert(l == NULL || (l >= lane && l < lane + LANES && l->id != 0));
	assert((e == YAMUX_BAD) == (yamux_why(y) != NULL));
	if (e == YAMUX_OPENED)
		on_opened(w->value);
	if (e == YAMUX_DATA)
		on_data(l, w->data);
	if (e == YAMUX_WINDOW)
		assert(yamux_may_send(&l->s) > 0);
	if (e == YAMUX_FIN) {
		assert(!l->fin_in && l->fin_out == yamux_over(&l->s));
		l->fin_in = true;
	}
	if (e == YAMUX_RESET)
		assert(yamux_over(&l->s));
	if (e == YAMUX_BAD)
		is_bad = true;
	sweep();
}

/* Bytes come from the peer, in an exact-size copy. */
static void
hear(const uint8_t *bytes, size_t len)
{
	uint8_t *copy = malloc(len);
	enum yamux_event e;
	size_t at = 0, used;

	if (len > 0)
		memcpy(copy, bytes, len);
	do {
		struct yamux_what what;

		e = yamux_next(y, copy + at, len - at, &used, &what);
		assert(used <= len - at && (!is_bad || e == YAMUX_BAD));
		assert(e != YAMUX_MORE || used == len - at);
		assert(e != YAMUX_DATA ||
		    (what.data.p >= (char *)copy &&
		    what.data.p + what.data.len <= (char *)copy + at + used));
		at += used;
		on_event(e, &what);
	} while (e != YAMUX_MORE && e != YAMUX_BAD);
	free(copy);
}

static void
hear_bytes(size_t n)
{
	struct slice bytes = slice_of(in.p, n < in.len ? n : in.len);

	in = slice_skip(in, bytes.len);
	hear((const uint8_t *)bytes.p, bytes.len);
}

/* A frame that is likely to mean something: a few streams, few of the lengths. */
static void
hear_frame(void)
{
	static const uint32_t lengths[] = { 0, 1, 7, 300, YAMUX_WINDOW_START,
		YAMUX_WINDOW_START + 1, 0xfffc0000, 0xffffffff };
	static uint8_t zeros[YAMUX_WINDOW_START];
	uint8_t what = draw(), id = draw() % 64, length = draw();
	uint32_t n = lengths[length % 8];
	uint8_t head[YAMUX_HEADER] = { 0, what >> 4 & 3, 0, what & 15, 0, 0, 0, id,
		(uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n };

	hear(head, length & 64 ? 5 : sizeof(head));
	if (length & 64)
		hear(head + 5, sizeof(head) - 5);
	if (head[1] == 0 && n <= YAMUX_WINDOW_START && !(length & 128))
		hear(zeros, n);
}

/* ---- what its owner does ---- */

static void
open_stream(void)
{
	struct lane *l = lane_of(0);

	if (l != NULL && yamux_open(y, &l->s))
		use(l, l->s.id);
}

static void
act(struct lane *l, uint8_t what)
{
	uint32_t n = (uint32_t)draw() << (what & 3) * 8;

	if (l->id == 0)
		return;
	switch (what >> 2 & 3) {
	case 0:
		send(l, n % (YAMUX_DATA_MAX + 1), draw() % 4 == 0);
		break;
	case 1:
		yamux_grant(y, &l->s, n, draw() & 1);
		break;
	case 2:
		send(l, 0, true);
		break;
	case 3:
		yamux_reset(y, &l->s);
		assert(yamux_over(&l->s));
		break;
	}
	sweep();
}

static void
check_counts(void)
{
	size_t used = 0;

	for (unsigned i = 0; i < LANES; i++)
		used += lane[i].id != 0;
	assert(yamux_streams(y) == used && of_the_peer() <= max_peer_streams);
}

static void
step(uint8_t op)
{
	switch (op & 7) {
	case 0:
		hear_bytes(draw());
		break;
	case 1:
	case 2:
		hear_frame();
		break;
	case 3:
		open_stream();
		break;
	case 4:
	case 5:
		act(&lane[(op >> 3) % LANES], draw());
		break;
	case 6:
		let_out((op >> 3) % (FRAMES_AT_ONCE * YAMUX_HEADER));
		break;
	case 7:
		if (op & 8)
			yamux_ping(y, op);
		else if (op == 7)
			yamux_goaway(y, YAMUX_GOAWAY_NORMAL);
		break;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t conf;

	in = slice_of((const char *)data, size);
	conf = draw();
	parity = conf & 1;
	max_peer_streams = conf >> 2 & 7;
	ancestor = conf & 2;
	y = yamux_new(parity ? YAMUX_CLIENT : YAMUX_SERVER, max_peer_streams, ancestor);
	memset(lane, 0, sizeof(lane));
	is_bad = false;
	while (in.len > 0) {
		step(draw());
		check_counts();
	}
	while (let_out(LANES * YAMUX_HEADER) > 0)
		;
	for (unsigned i = 0; i < LANES; i++)
		if (lane[i].id != 0)
			yamux_reset(y, &lane[i].s);
	sweep();
	check_counts();
	yamux_free(y);
	return 0;
}
