/* SPDX-License-Identifier: ISC */
/* Tests of lib/yamux.c: two machines in one session, and all that may happen between them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "draw_help.h"
#include "yamux.h"

#define LANES 40u
#define STREAMS_MAX 200000u		/* ids below are used */
#define STREAMS_LIMIT 25u		/* the peer may open at once: less than it has lanes */
#define ROUNDS 100000u

struct lane {
	struct yamux_stream s;
	uint32_t id;			/* 0: free */
	uint32_t held;			/* bytes received and not granted */
	bool fin;			/* we have ended it */
};

struct side {
	struct yamux *y;
	struct lane lane[LANES];
	uint8_t *wire;			/* to the other side */
	size_t wire_len, wire_room;
	uint32_t pings, pongs, opened;
};

/* What is true of a stream, by id: [0] sent by the client, [1] by the server. */
static struct {
	uint64_t sent[2], got[2];
	bool fin[2], got_fin[2], reset;
} *truth;

static struct side side[2];

static uint8_t
byte_at(uint32_t id, unsigned from, uint64_t offset)
{
	return (uint8_t)(id * 31 + from * 17 + offset * 7 + (offset >> 8) * 3);
}

static void
put_wire(struct side *p, const void *bytes, size_t len)
{
	if (p->wire_len + len > p->wire_room) {
		p->wire_room = 2 * (p->wire_len + len);
		p->wire = realloc(p->wire, p->wire_room);
		assert_non_null(p->wire);
	}
	if (len > 0)
		memcpy(p->wire + p->wire_len, bytes, len);
	p->wire_len += len;
}

/* The owner's cleaning up: lanes of streams that are over. */
static void
sweep(struct side *p)
{
	for (unsigned i = 0; i < LANES; i++)
		if (p->lane[i].id != 0 && yamux_over(&p->lane[i].s)) {
			memset(&p->lane[i], 0xa5, sizeof(p->lane[i]));
			p->lane[i].id = 0;
		}
}

static void
control(struct side *p)
{
	uint8_t out[YAMUX_HEADER * 64];
	size_t n = yamux_out(p->y, out, YAMUX_HEADER * (1 + draw(64)));

	put_wire(p, out, n);
	sweep(p);
}

static struct lane *
free_lane(struct side *p)
{
	for (unsigned i = 0; i < LANES; i++)
		if (p->lane[i].id == 0)
			return &p->lane[i];
	return NULL;
}

static void
open_stream(struct side *p)
{
	struct lane *l = free_lane(p);

	if (l == NULL)
		return;
	assert_true(yamux_open(p->y, &l->s));
	l->id = l->s.id;
	l->held = 0;
	l->fin = false;
	assert_true(l->id < STREAMS_MAX);
	p->opened++;
}

static void
send_data(struct side *p, struct lane *l, uint32_t n, bool fin)
{
	static uint8_t frame[YAMUX_FRAME_MAX];
	unsigned from = (unsigned)(p - side);
	uint32_t may = yamux_may_send(&l->s), id = l->id;

	n = n > may ? may : n;
	for (uint32_t i = 0; i < n; i++)
		frame[YAMUX_HEADER + i] = byte_at(id, from, truth[id].sent[from]++);
	yamux_data(p->y, &l->s, n, fin, frame);
	put_wire(p, frame, YAMUX_HEADER + n);
	if (fin)
		truth[id].fin[from] = l->fin = true;
}

static void
on_event(struct side *p, enum yamux_event e, const struct yamux_what *w)
{
	struct lane *l = (struct lane *)(void *)w->stream;
	unsigned from = (unsigned)(1 - (p - side));

	switch (e) {
	case YAMUX_OPENED:
		if ((l = free_lane(p)) == NULL || draw(20) == 0) {
			truth[w->value].reset = true;
			yamux_refuse(p->y);
			break;
		}
		yamux_accept(p->y, &l->s);
		l->id = w->value;
		l->held = 0;
		l->fin = false;
		break;
	case YAMUX_DATA:
		for (size_t i = 0; i < w->data.len; i++)
			assert_int_equal((uint8_t)w->data.p[i],
			    byte_at(l->id, from, truth[l->id].got[from]++));
		assert_true(truth[l->id].got[from] <= truth[l->id].sent[from]);
		l->held += (uint32_t)w->data.len;
		break;
	case YAMUX_FIN:
		assert_true(truth[l->id].fin[from] && !truth[l->id].got_fin[from]);
		assert_true(truth[l->id].got[from] == truth[l->id].sent[from]);
		truth[l->id].got_fin[from] = true;
		break;
	case YAMUX_RESET:
		truth[l->id].reset = true;
		break;
	case YAMUX_PONG:
		assert_int_equal(w->value, p->pings);
		p->pongs++;
		break;
	default:
		assert_true(e == YAMUX_MORE || e == YAMUX_WINDOW);
		break;
	}
	sweep(p);
}

/* Some of what is on its way to p arrives. */
static void
receive(struct side *p, size_t n)
{
	struct side *other = &side[1 - (p - side)];
	uint8_t *copy;
	struct yamux_what what;
	enum yamux_event e;
	size_t at = 0, used;

	n = n < other->wire_len ? n : other->wire_len;
	copy = malloc(n);
	if (n > 0)
		memcpy(copy, other->wire, n);
	other->wire_len -= n;
	if (other->wire_len > 0)
		memmove(other->wire, other->wire + n, other->wire_len);
	do {
		e = yamux_next(p->y, copy + at, n - at, &used, &what);
		at += used;
		on_event(p, e, &what);
	} while (e != YAMUX_MORE);
	assert_int_equal(at, n);
	free(copy);
}

static void
act(struct side *p, struct lane *l)
{
	unsigned what = draw(100);

	if (what < 50) {
		if (!l->fin)
			send_data(p, l, draw(8) == 0 ? YAMUX_DATA_MAX : draw(300),
			    draw(30) == 0);
	} else if (what < 85) {
		uint32_t n = draw(3) == 0 ? l->held : draw(l->held + 1);

		l->held -= n;
		yamux_grant(p->y, &l->s, n, draw(4) == 0);
	} else if (what < 92) {
		if (!l->fin)
			send_data(p, l, 0, true);
	} else if (what < 95) {
		truth[l->id].reset = true;
		yamux_reset(p->y, &l->s);
	}
	sweep(p);
}

static void
step(void)
{
	struct side *p = &side[draw(2)];
	struct lane *l = &p->lane[draw(LANES)];
	unsigned what = draw(10);

	if (what == 0)
		open_stream(p);
	else if (what < 6 && l->id != 0)
		act(p, l);
	else if (what < 8)
		receive(p, draw(3) == 0 ? draw(100000) : draw(40));
	else if (what < 9 || draw(2) == 0)
		control(p);
	else if (p->pings == p->pongs)
		yamux_ping(p->y, ++p->pings);
}

/* Both sides end what they have, grant what they hold, and all that is on its way arrives. */
static void
finish(void)
{
	for (bool busy = true; busy; ) {
		busy = false;
		for (unsigned i = 0; i < 2; i++) {
			struct side *p = &side[i];

			for (unsigned k = 0; k < LANES; k++)
				if (p->lane[k].id != 0 && !p->lane[k].fin)
					send_data(p, &p->lane[k], 0, true);
			control(p);
			busy |= p->wire_len > 0 || yamux_has_out(p->y);
			receive(&side[1 - i], p->wire_len);
		}
	}
}

static void
assert_all_arrived(void)
{
	for (uint32_t id = 1; id < STREAMS_MAX; id++)
		for (unsigned from = 0; from < 2 && !truth[id].reset; from++) {
			assert_true(truth[id].got[from] == truth[id].sent[from]);
			assert_true(truth[id].got_fin[from] == truth[id].fin[from]);
		}
}

static void
session(bool explicit_syn)
{
	memset(side, 0, sizeof(side));
	truth = calloc(STREAMS_MAX, sizeof(*truth));
	side[0].y = yamux_new(YAMUX_CLIENT, STREAMS_LIMIT, explicit_syn);
	side[1].y = yamux_new(YAMUX_SERVER, STREAMS_LIMIT, explicit_syn);
	for (unsigned round = 1; round <= ROUNDS; round++) {
		step();
		if (round % (ROUNDS / 5) == 0)
			finish();
	}
	assert_all_arrived();
	for (unsigned i = 0; i < 2; i++) {
		assert_true(side[i].opened > 500);
		assert_int_equal(side[i].pongs, side[i].pings);
		assert_int_equal(yamux_streams(side[i].y), 0);
		yamux_free(side[i].y);
		free(side[i].wire);
	}
	free(truth);
}

static void
two_machines_agree_whatever_happens_between_them(void **state)
{
	(void)state;
	session(false);
}

static void
two_machines_of_the_ancestors_kind_agree_too(void **state)
{
	(void)state;
	session(true);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_machines_agree_whatever_happens_between_them),
		cmocka_unit_test(two_machines_of_the_ancestors_kind_agree_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
