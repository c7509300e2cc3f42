/* SPDX-License-Identifier: ISC */
/* Tests of lib/mux.c: two sessions against each other, every byte both ways; all kinds of ends; slow readers, life. */
#include <linux/tcp.h>
#include <malloc.h>
#include <netinet/in.h>

#include "loop_help.h"
#include "mux.h"

/* ---- how far away the peer seems: this definition stands before libc's ---- */

static uint32_t round_trip_us;	/* 0: as it is */

int
getsockopt(int fd, int level, int name, void *value, socklen_t *len)
{
	int r = (int)syscall(SYS_getsockopt, fd, level, name, value, len);

	if (r == 0 && level == IPPROTO_TCP && name == TCP_INFO && round_trip_us != 0)
		((struct tcp_info *)value)->tcpi_min_rtt = round_trip_us;
	return r;
}

static uint32_t
draw(uint32_t below)
{
	static uint32_t x = 2463534242u;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	return x % below;
}

/* ---- programs that talk through the tunnel ---- */

#define PIECE 65536u
#define PERIOD 65521u

/* Two texts that repeat after a prime number of bytes. */
static uint8_t text[3][PERIOD + PIECE];

static void
write_texts(void)
{
	for (uint32_t t = 1; t <= 2; t++)
		for (uint32_t i = 0; i < sizeof(text[t]); i++)
			text[t][i] = (uint8_t)((i % PERIOD * 0x9e3779b97f4a7c15u + t * 0x1234567u) >> 56);
}

struct party {
	struct ev_io io;
	uint32_t speaks, hears;	/* which text it says, and should hear */
	uint64_t to_send, sent, received;
	uint32_t piece;		/* at most so many bytes at once */
	bool ends;		/* sends its end when all is said */
	bool ended, eof, reset, deaf;
};

static void
party_wants(struct party *p)
{
	if (p->io.fd != -1)
		ev_mod(loop, &p->io, (p->eof || p->reset || p->deaf ? 0u : EV_READ) |
		    (p->sent < p->to_send && !p->reset ? EV_WRITE : 0u));
}

static void
party_writes(struct party *p)
{
	uint32_t n = 1 + draw(p->piece);
	ssize_t w;

	if (n > p->to_send - p->sent)
		n = (uint32_t)(p->to_send - p->sent);
	w = n == 0 ? 0 : send(p->io.fd, text[p->speaks] + p->sent % PERIOD, n, MSG_NOSIGNAL);
	if (w == -1 && errno != EAGAIN)
		p->reset = true;
	p->sent += w > 0 ? (uint64_t)w : 0;
	if (p->sent == p->to_send && p->ends && !p->ended) {
		p->ended = true;
		shutdown(p->io.fd, SHUT_WR);
	}
}

static void
party_reads(struct party *p)
{
	static uint8_t piece[PIECE];
	ssize_t n = read(p->io.fd, piece, 1 + draw(p->piece));

	if (n == 0)
		p->eof = true;
	else if (n == -1 && errno != EAGAIN)
		p->reset = true;
	if (n > 0) {
		assert_memory_equal(piece, text[p->hears] + p->received % PERIOD, n);
		p->received += (uint64_t)n;
	}
}

static void
on_party(struct ev_io *io, unsigned events)
{
	struct party *p = EV_CONTAINER(io, struct party, io);

	if (events & EV_WRITE && p->sent < p->to_send && !p->reset)
		party_writes(p);
	if (events & (EV_READ | EV_EOF | EV_ERROR) && !p->deaf && !p->eof && !p->reset)
		party_reads(p);
	party_wants(p);
}

/* Say n bytes more, and then (or not) the end. */
static void
says(struct party *p, uint64_t n, bool ends)
{
	p->to_send += n;
	p->ends = ends;
	if (p->sent == p->to_send)
		party_writes(p);
	party_wants(p);
}

/* The same for what the kernel has room for, before anybody else has a turn. */
static void
says_at_once(struct party *p, uint64_t n)
{
	uint64_t before;

	says(p, n, false);
	do {
		before = p->sent;
		party_writes(p);
	} while (p->sent != before);
}

static void
hangs_up(struct party *p)
{
	sock_reset(p->io.fd);
	p->io.fd = -1;
}

/* ---- the tunnel: the near side opens streams for visitors, the far side joins them to services ---- */

enum transport { UNIX, TCP, TLS };

#define WIRES_MAX 72

struct leg {
	struct mux_stream s;
	struct wire *wire;
	int ended;		/* times */
	enum mux_end how;
	bool told;		/* the data callback ran */
};

/* One visitor and its service. */
struct wire {
	struct leg near, far;
	struct party visitor, service;
};

struct side {
	struct mux *m;
	struct ev_io io;
	struct tls *tls;
	int ended, goaways, opened;
	enum mux_end how;
	char why[128];
};

static struct mux_pool *pool;
static struct side near, far;
static struct wire wires[WIRES_MAX];
static int wires_made, wires_accepted;
static enum transport transport;
static bool keeps;		/* the far side leaves what comes where it is */
static bool refuses;
static bool local;		/* visitors and services come by unix sockets: what is written is there to be read */
static void (*on_near_end)(struct leg *l);
static void (*on_far_data)(struct leg *l);
static struct identity *identity[2];
static struct tls_context *context[2];

static void
leg_ended(struct mux_stream *s, enum mux_end how)
{
	struct leg *l = EV_CONTAINER(s, struct leg, s);

	assert_null(mux_of(s));
	l->ended++;
	l->how = how;
	if (s->io.fd != -1)
		how == MUX_CLOSED ? (void)close(s->io.fd) : sock_reset(s->io.fd);
	s->io.fd = -1;
	if (on_near_end != NULL && l == &l->wire->near)
		on_near_end(l);
}

static void
join(struct leg *l, struct party *p, uint32_t speaks)
{
	int pair[2];

	local ? unix_pair(pair) : tcp_pair(pair);
	l->s.io.fd = pair[1];
	assert_int_equal(ev_add(loop, &l->s.io, EV_READ | EV_WRITE | EV_EDGE), 0);
	*p = (struct party){ .io = { pair[0], on_party }, .speaks = speaks, .hears = 3 - speaks, .piece = PIECE };
	assert_int_equal(ev_add(loop, &p->io, EV_READ), 0);
	mux_join(&l->s, EV_READ | EV_WRITE);
}

/* The far side's service is there as soon as the stream has said hello. */
static void
far_data(struct mux_stream *s)
{
	struct leg *l = EV_CONTAINER(s, struct leg, s);

	l->told = true;
	if (on_far_data != NULL) {
		on_far_data(l);
		return;
	}
	if (keeps || mux_peek(s).len < 5)
		return;
	assert_memory_equal(mux_peek(s).p, "hello", 5);
	mux_take(s, 5);
	join(l, &l->wire->service, 2);
}

static const struct mux_stream_ops near_leg_ops = { NULL, leg_ended }, far_leg_ops = { far_data, leg_ended };

static void
side_opened(struct mux *m)
{
	struct side *side = mux_arg(m);

	side->opened++;
	if (refuses || wires_accepted == WIRES_MAX) {
		mux_refuse(m);
		return;
	}
	wires[wires_accepted].far = (struct leg){ .wire = &wires[wires_accepted], .s.io.fd = -1 };
	mux_accept(m, &wires[wires_accepted++].far.s, &far_leg_ops);
}

static void
side_goaway(struct mux *m)
{
	struct side *side = mux_arg(m);

	side->goaways++;
}

static void
side_ended(struct mux *m, enum mux_end how)
{
	struct side *side = mux_arg(m);

	assert_int_equal(mux_streams(m), 0);
	assert_int_equal(mux_memory(m), 0);
	side->ended++;
	side->how = how;
	snprintf(side->why, sizeof(side->why), "%s", mux_why(m));
	mux_free(m);
	side->m = NULL;
	close(side->io.fd);
	side->io.fd = -1;
}

static const struct mux_ops side_ops = { side_opened, side_goaway, side_ended };

static void
nothing(struct ev_io *io, unsigned events)
{
	(void)io;
	(void)events;
	fail_msg("the session's events came to its owner");
}

static void
start_side(struct side *side, enum yamux_role role, int fd)
{
	struct mux_conf conf = { .role = role, .max_streams = 1u << 20 };

	*side = (struct side){ .io = { fd, nothing }, .tls = side->tls };
	assert_int_equal(ev_add(loop, &side->io, EV_READ | EV_WRITE | EV_EDGE), 0);
	side->m = mux_new(pool, &conf, &side_ops, &side->io, side->tls, side);
	assert_non_null(side->m);
}

static void
shake_hands(const int pair[2])
{
	enum tls_result a, b;

	near.tls = tls_new(context[0], pair[0], NULL);
	far.tls = tls_new(context[1], pair[1], NULL);
	do {
		b = tls_handshake(far.tls);
		a = tls_handshake(near.tls);
		assert_true((a == TLS_OK || a == TLS_AGAIN) && (b == TLS_OK || b == TLS_AGAIN));
	} while (a != TLS_OK || b != TLS_OK);
}

static void
start(enum transport t)
{
	int pair[2];

	transport = t;
	t == UNIX ? unix_pair(pair) : tcp_pair(pair);
	near.tls = far.tls = NULL;
	if (t == TLS)
		shake_hands(pair);
	memset(wires, 0, sizeof(wires));
	wires_made = wires_accepted = 0;
	keeps = refuses = local = false;
	on_near_end = on_far_data = NULL;
	pool = mux_pool_new(loop);
	assert_non_null(pool);
	start_side(&near, YAMUX_SERVER, pair[0]);
	start_side(&far, YAMUX_CLIENT, pair[1]);
}

static void
stop_side(struct side *side)
{
	mux_free(side->m);
	side->m = NULL;
	if (side->io.fd != -1)
		close(side->io.fd);
}

static void
close_party(struct party *p)
{
	if (p->io.cb != NULL && p->io.fd != -1)
		close(p->io.fd);
}

static void
stop(void)
{
	on_near_end = NULL;
	stop_side(&near);
	stop_side(&far);
	for (int i = 0; i < wires_made; i++) {
		close_party(&wires[i].visitor);
		close_party(&wires[i].service);
	}
	mux_pool_free(pool);
}

/* A stream that says hello, joined to a visitor. */
static struct wire *
visit(void)
{
	struct wire *w = &wires[wires_made++];

	w->near = (struct leg){ .wire = w, .s.io.fd = -1 };
	assert_true(mux_open(near.m, &w->near.s, &near_leg_ops));
	assert_true(mux_send(&w->near.s, slice_str("hello")));
	join(&w->near, &w->visitor, 1);
	return w;
}

/* The same, as soon as the other end has its service. */
static struct wire *awaited;

static bool
service_there(void)
{
	return awaited->far.s.joined;
}

static struct wire *
visit_and_wait(void)
{
	awaited = visit();
	run_until(service_there);
	return awaited;
}

/* ---- conditions ---- */

static bool
all_heard(void)
{
	for (int i = 0; i < wires_made; i++)
		if (wires[i].visitor.received < wires[i].service.to_send ||
		    wires[i].service.received < wires[i].visitor.to_send)
			return false;
	return true;
}

static bool
all_over(void)
{
	for (int i = 0; i < wires_made; i++)
		if (wires[i].near.ended == 0 || wires[i].far.ended == 0)
			return false;
	return true;
}

static bool
one_over(void)
{
	return awaited->near.ended != 0 && awaited->far.ended != 0;
}

static bool
visitor_reset(void)
{
	return one_over() && (awaited->visitor.io.fd == -1 || awaited->visitor.reset);
}

static bool
service_reset(void)
{
	return one_over() && (awaited->service.io.fd == -1 || awaited->service.reset);
}

static bool
both_sides_over(void)
{
	return near.ended != 0 && far.ended != 0;
}

static bool
far_over(void)
{
	return far.ended != 0;
}

static bool
parties_saw_ends(void)
{
	for (int i = 0; i < wires_made; i++)
		if (!wires[i].visitor.eof || !wires[i].service.eof)
			return false;
	return true;
}

/* ---- every byte ---- */

static void
exchange(enum transport t, int n, uint32_t most, uint32_t piece)
{
	uint64_t near_tx = 0, near_rx = 0;

	start(t);
	for (int i = 0; i < n; i++) {
		struct wire *w = visit_and_wait();

		w->visitor.piece = w->service.piece = piece;
		says(&w->visitor, draw(most), true);
		says(&w->service, draw(most), true);
	}
	run_until(all_over);
	run_until(parties_saw_ends);
	for (int i = 0; i < n; i++) {
		assert_int_equal(wires[i].visitor.received, wires[i].service.to_send);
		assert_int_equal(wires[i].service.received, wires[i].visitor.to_send);
		assert_int_equal(wires[i].near.how, MUX_CLOSED);
		assert_int_equal(wires[i].far.how, MUX_CLOSED);
		assert_int_equal(wires[i].near.ended + wires[i].far.ended, 2);
		assert_int_equal(wires[i].near.s.tx, wires[i].visitor.to_send + 5);
		assert_int_equal(wires[i].far.s.tx, wires[i].service.to_send);
		near_tx += wires[i].near.s.tx;
		near_rx += wires[i].near.s.rx;
	}
	assert_int_equal(mux_tx(near.m), near_tx);
	assert_int_equal(mux_rx(near.m), near_rx);
	assert_int_equal(mux_rx(far.m), near_tx);
	assert_int_equal(mux_memory(near.m) + mux_memory(far.m), 0);
	assert_int_equal(mux_streams(near.m) + mux_streams(far.m), 0);
	stop();
}

static void
every_byte_arrives_over_a_unix_socket(void **state)
{
	(void)state;
	exchange(UNIX, 20, 1u << 20, PIECE);
	exchange(UNIX, 8, 20000, 300);
}

static void
every_byte_arrives_over_tcp(void **state)
{
	(void)state;
	exchange(TCP, 1, 8u << 20, PIECE);
	exchange(TCP, 20, 1u << 20, PIECE);
	exchange(TCP, 8, 20000, 300);
}

static void
every_byte_arrives_over_tls(void **state)
{
	(void)state;
	exchange(TLS, 1, 8u << 20, PIECE);
	exchange(TLS, 20, 1u << 20, PIECE);
	exchange(TLS, 8, 20000, 300);
}

/* ---- ends ---- */

static bool
service_saw_end(void)
{
	return awaited->service.eof;
}

static void
the_end_of_one_direction_leaves_the_other_open(void **state)
{
	(void)state;
	for (enum transport t = UNIX; t <= TLS; t++) {
		start(t);
		visit_and_wait();
		says(&awaited->visitor, 100, true);
		run_until(service_saw_end);
		assert_int_equal(awaited->service.received, 100);
		assert_int_equal(awaited->near.ended + awaited->far.ended, 0);
		says(&awaited->service, 3000000, true);
		run_until(one_over);
		assert_int_equal(awaited->near.how, MUX_CLOSED);
		run_until(parties_saw_ends);
		assert_int_equal(awaited->visitor.received, 3000000);
		stop();
	}
}

static void
a_visitor_that_hangs_up_is_a_reset_for_the_service(void **state)
{
	(void)state;
	start(TCP);
	visit_and_wait();
	hangs_up(&awaited->visitor);
	run_until(service_reset);
	assert_int_equal(awaited->near.how, MUX_LOCAL_RESET);
	assert_int_equal(awaited->far.how, MUX_PEER_RESET);
	stop();
}

static void
a_service_that_hangs_up_is_a_reset_for_the_visitor(void **state)
{
	(void)state;
	start(TCP);
	visit_and_wait();
	hangs_up(&awaited->service);
	run_until(visitor_reset);
	assert_int_equal(awaited->near.how, MUX_PEER_RESET);
	assert_int_equal(awaited->far.how, MUX_LOCAL_RESET);
	stop();
}

static void
an_owner_that_resets_is_a_reset_for_the_other_end(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct leg *l;

		start(TCP);
		visit_and_wait();
		l = i == 0 ? &awaited->near : &awaited->far;
		mux_reset(&l->s);
		assert_null(mux_of(&l->s));
		mux_reset(&l->s);
		leg_ended(&l->s, MUX_LOCAL_RESET);
		i == 0 ? run_until(service_reset) : run_until(visitor_reset);
		assert_int_equal(l->ended, 1);
		assert_int_equal((i == 0 ? &awaited->far : &awaited->near)->how, MUX_PEER_RESET);
		assert_int_equal(mux_streams(near.m) + mux_streams(far.m), 0);
		stop();
	}
}

static bool
received_1000(void)
{
	return awaited->far.s.rx == 5 + 1000;
}

/* More comes for it in the turn in which its end is noticed: what cannot be written does not hide what can be read. */
static void
what_a_service_said_before_it_hung_up_arrives(void **state)
{
	(void)state;
	start(TCP);
	visit_and_wait();
	awaited->service.deaf = true;
	says(&awaited->visitor, 1000, false);
	run_until(received_1000);
	says_at_once(&awaited->visitor, 1000);
	while (awaited->near.s.tx < 5 + 2000)
		run_turn();
	assert_true(received_1000());
	says_at_once(&awaited->service, 500);
	assert_int_equal(awaited->service.sent, 500);
	close(awaited->service.io.fd);		/* with unread bytes: a reset */
	awaited->service.io.fd = -1;
	run_until(visitor_reset);
	assert_int_equal(awaited->visitor.received, 500);
	assert_int_equal(awaited->far.how, MUX_LOCAL_RESET);
	stop();
}

static bool
far_leg_told(void)
{
	return awaited->far.told;
}

static bool
far_leg_saw_end(void)
{
	return mux_ended(&awaited->far.s);
}

static void
a_stream_that_is_not_joined_is_read_by_hand(void **state)
{
	(void)state;
	start(TCP);
	keeps = true;
	awaited = visit();
	run_until(far_leg_told);
	says(&awaited->visitor, 7, true);
	run_until(far_leg_saw_end);
	assert_int_equal(mux_peek(&awaited->far.s).len, 12);
	assert_memory_equal(mux_peek(&awaited->far.s).p, "hello", 5);
	assert_true(mux_memory(far.m) > 0);
	mux_take(&awaited->far.s, 5);
	assert_memory_equal(mux_peek(&awaited->far.s).p, text[1], 7);
	assert_true(mux_send(&awaited->far.s, slice_str("by")));
	assert_true(mux_send(&awaited->far.s, slice_str("e")));
	mux_fin(&awaited->far.s);
	run_turn();
	assert_int_equal(awaited->far.ended, 0);	/* there is something left to take */
	mux_take(&awaited->far.s, 7);
	assert_int_equal(awaited->far.ended, 0);	/* not from inside a call */
	assert_int_equal(mux_memory(far.m), 0);
	text[0][0] = 'b', text[0][1] = 'y', text[0][2] = 'e';
	awaited->visitor.hears = 0;
	run_until(one_over);
	assert_int_equal(awaited->far.how, MUX_CLOSED);
	assert_int_equal(awaited->near.how, MUX_CLOSED);
	assert_int_equal(awaited->near.s.rx, 3);
	stop();
}

/* What is there, but for a few bytes; the first five say hello. */
static void
take_most(struct leg *l)
{
	struct slice in = mux_peek(&l->s);
	uint64_t at = l->s.rx - in.len;
	size_t n = l->s.rx == 5 + l->wire->visitor.to_send ? in.len : in.len - in.len / 8;

	if (at == 0) {
		assert_memory_equal(in.p, "hello", 5);
		mux_take(&l->s, 5);
		return;
	}
	assert_memory_equal(in.p, text[1] + (at - 5) % PERIOD, in.len < PIECE ? in.len : PIECE);
	mux_take(&l->s, n);
}

static bool
all_taken(void)
{
	return awaited->far.s.rx == 5 + awaited->visitor.to_send && mux_memory(far.m) == 0;
}

static void
what_is_taken_by_hand_may_come_anew(void **state)
{
	(void)state;
	start(TLS);
	on_far_data = take_most;
	awaited = visit();
	says(&awaited->visitor, 4u << 20, false);
	run_until(all_taken);
	stop();
}

/* A read stops short at a descriptor that is passed along; behind it no event tells of the rest. */
static void
a_descriptor_that_is_passed_to_us_hides_nothing(void **state)
{
	(void)state;
	start(TCP);
	local = true;
	visit_and_wait();
	assert_int_equal(send(awaited->service.io.fd, text[2], 3, 0), 3);
	assert_int_equal(sock_send_fd(awaited->service.io.fd, text[2] + 3, 4, awaited->service.io.fd), 0);
	assert_int_equal(send(awaited->service.io.fd, text[2] + 7, 3, 0), 3);
	awaited->service.to_send = awaited->service.sent = 10;
	run_until(all_heard);
	stop();
}

static void
a_visitor_that_hangs_up_after_its_end_is_a_reset_as_well(void **state)
{
	(void)state;
	start(TCP);
	visit_and_wait();
	says(&awaited->visitor, 10, true);
	run_until(service_saw_end);
	hangs_up(&awaited->visitor);
	run_until(one_over);
	assert_int_equal(awaited->near.how, MUX_LOCAL_RESET);
	assert_int_equal(awaited->far.how, MUX_PEER_RESET);
	stop();
}

static void
reset_the_second(struct leg *l)
{
	if (l == &wires[0].far && mux_peek(&l->s).len > 5 && mux_of(&wires[1].far.s) != NULL) {
		mux_reset(&wires[1].far.s);
		leg_ended(&wires[1].far.s, MUX_IDLE);
	}
}

static bool
second_over(void)
{
	return wires[1].near.ended != 0;
}

static bool
second_told(void)
{
	return wires[1].far.told;
}

/* What came for it in the same piece is not for it any more. */
static void
a_stream_may_be_reset_while_anothers_data_is_looked_at(void **state)
{
	(void)state;
	start(TCP);
	on_far_data = reset_the_second;
	visit();
	visit();
	run_until(second_told);
	assert_true(mux_send(&wires[0].near.s, slice_str("one")));
	assert_true(mux_send(&wires[1].near.s, slice_str("two")));
	run_until(second_over);
	assert_int_equal(wires[1].far.ended, 1);
	assert_int_equal(wires[1].near.how, MUX_PEER_RESET);
	assert_int_equal(mux_peek(&wires[0].far.s).len, 8);
	stop();
}

/* ---- slow readers ---- */

static bool
others_done(void)
{
	if (mux_memory(far.m) == 0)
		return false;
	for (int i = 1; i < wires_made; i++)
		if (wires[i].service.received < wires[i].visitor.to_send)
			return false;
	return true;
}

static void
a_stalled_reader_stops_only_its_own_stream(void **state)
{
	(void)state;
	for (enum transport t = TCP; t <= TLS; t++) {
		start(t);
		visit_and_wait()->service.deaf = true;
		party_wants(&awaited->service);
		for (int i = 0; i < 8; i++)
			visit_and_wait();
		says(&wires[0].visitor, 64u << 20, true);
		for (int i = 1; i < wires_made; i++)
			says(&wires[i].visitor, 2u << 20, true);
		run_until(others_done);
		assert_true(mux_memory(far.m) <= YAMUX_WINDOW_START + 64);
		wires[0].service.deaf = false;
		party_wants(&wires[0].service);
		run_until(all_heard);
		assert_int_equal(mux_memory(far.m), 0);
		stop();
	}
}

static bool
last_heard(void)
{
	return awaited->service.received == awaited->visitor.to_send;
}

static void
bulk_at_a_distance(uint32_t rtt_us, int n)
{
	start(TCP);
	round_trip_us = rtt_us;
	for (int i = 0; i < n; i++) {
		visit_and_wait();
		says(&awaited->visitor, 24u << 20, false);
	}
	run_until(all_heard);
	round_trip_us = 0;
}

static void
the_window_of_a_far_peer_grows(void **state)
{
	(void)state;
	bulk_at_a_distance(300000, 1);
	assert_int_equal(wires[0].far.s.window, MUX_WINDOW_MAX);
	stop();
}

/* A proxy beside each side, and a long way between the two. */
#define WAY_MS 20

static int way[2];
static struct ev_timer way_timer;

static void
carry(int from, int to)
{
	static uint8_t bytes[1 << 20];
	ssize_t n = recv(from, bytes, sizeof(bytes), MSG_PEEK | MSG_DONTWAIT);
	ssize_t w = n > 0 ? send(to, bytes, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL) : 0;

	if (w > 0)
		assert_int_equal(recv(from, bytes, (size_t)w, 0), w);
}

static void
carry_both(struct ev_timer *t)
{
	carry(way[0], way[1]);
	carry(way[1], way[0]);
	ev_timer_in(loop, t, WAY_MS);
}

static bool
first_has_grown(void);

static void
the_window_grows_although_the_distance_is_behind_a_proxy(void **state)
{
	int pair[2];

	(void)state;
	start(TCP);
	mux_free(near.m);
	mux_free(far.m);
	run_turn();
	close(near.io.fd);
	close(far.io.fd);
	tcp_pair(pair);
	start_side(&near, YAMUX_SERVER, pair[0]);
	way[0] = pair[1];
	tcp_pair(pair);
	start_side(&far, YAMUX_CLIENT, pair[0]);
	way[1] = pair[1];
	way_timer.cb = carry_both;
	ev_timer_in(loop, &way_timer, WAY_MS);
	says(&visit_and_wait()->visitor, 24u << 20, false);
	run_until(first_has_grown);
	ev_timer_at(loop, &way_timer, 0);
	stop();
	close(way[0]);
	close(way[1]);
}

static bool
first_has_grown(void)
{
	return wires[0].far.s.window > YAMUX_WINDOW_START;
}

static bool
first_has_shrunk(void)
{
	return wires[0].far.s.window == YAMUX_WINDOW_START;
}

/* While the last one says a word now and then. */
static bool
first_makes_room_for_words(void)
{
	if (last_heard())
		says(&awaited->visitor, 10, false);
	return wires[0].far.s.window == YAMUX_WINDOW_START / 2;
}

static void
the_window_of_a_near_peer_depends_on_its_company(void **state)
{
	const uint64_t endless = UINT64_C(1) << 40;

	(void)state;
	start(TCP);
	round_trip_us = 50;
	says(&visit_and_wait()->visitor, endless, false);
	run_until(first_has_grown);
	assert_in_range(wires[0].far.s.window, YAMUX_WINDOW_START, MUX_WINDOW_MAX / 2);
	says(&visit_and_wait()->visitor, endless, false);
	run_until(first_has_shrunk);
	hangs_up(&wires[1].visitor);
	run_until(first_has_grown);
	visit_and_wait();
	run_until(first_makes_room_for_words);
	hangs_up(&awaited->visitor);
	run_until(first_has_grown);
	round_trip_us = 0;
	stop();
}

static void
windows_grow_within_what_the_session_may_keep(void **state)
{
	size_t grown = 0;

	(void)state;
	bulk_at_a_distance(1000000, 6);
	for (int i = 0; i < wires_made; i++)
		grown += wires[i].far.s.window - YAMUX_WINDOW_START;
	assert_in_range(grown, 1u << 20, MUX_MEMORY_MAX / 2);
	for (int i = 0; i < wires_made; i++)
		hangs_up(&wires[i].visitor);
	run_until(all_over);
	round_trip_us = 1000000;
	says(&visit_and_wait()->visitor, 24u << 20, false);
	run_until(last_heard);
	round_trip_us = 0;
	assert_int_equal(awaited->far.s.window, MUX_WINDOW_MAX);
	stop();
}

static struct timespec quiet;
static uint64_t quiet_sum;

/* Nothing moved for a while. */
static bool
all_quiet(void)
{
	uint64_t sum = 0;
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	for (int i = 0; i < wires_made; i++)
		sum += wires[i].visitor.sent + wires[i].near.s.tx;
	if (sum != quiet_sum) {
		quiet_sum = sum;
		quiet = now;
	}
	ev_refresh(loop);
	return (now.tv_sec - quiet.tv_sec) * 1000 + (now.tv_nsec - quiet.tv_nsec) / 1000000 > 50;
}

static uint64_t since_ms;

static bool
a_millisecond_later(void)
{
	ev_refresh(loop);
	return ev_now_ms(loop) > since_ms;
}

static struct ev_timer tick;

static void
on_tick(struct ev_timer *t)
{
	ev_timer_in(loop, t, 10);
}

static void
who_has_taken_nothing_for_the_longest_is_cut_when_the_session_keeps_too_much(void **state)
{
	int cut = 0;

	(void)state;
	start(TCP);
	tick = (struct ev_timer){ .cb = on_tick };
	ev_timer_in(loop, &tick, 10);
	keeps = true;		/* not joined: all that comes is kept */
	for (int i = 0; i < WIRES_MAX; i++) {
		awaited = visit();
		says(&awaited->visitor, 1u << 20, false);
		run_until(far_leg_told);
		since_ms = ev_now_ms(loop);
		run_until(a_millisecond_later);
	}
	run_until(all_quiet);
	assert_in_range(mux_memory(far.m), MUX_MEMORY_MAX / 2, MUX_MEMORY_MAX);
	for (int i = 0; i < WIRES_MAX; i++) {
		cut += wires[i].far.ended;
		if (wires[i].far.ended == 0)
			continue;
		assert_int_equal(cut, i + 1);	/* in the order they came */
		assert_int_equal(wires[i].far.how, MUX_MEMORY);
		assert_int_equal(wires[i].near.how, MUX_PEER_RESET);
	}
	assert_in_range(cut, 1, 10);
	ev_timer_at(loop, &tick, 0);
	stop();
}

/* ---- the session's end ---- */

static void
a_lost_connection_ends_every_stream_and_then_the_session(void **state)
{
	(void)state;
	for (enum transport t = TCP; t <= TLS; t++) {
		start(t);
		visit_and_wait();
		visit_and_wait();
		mux_free(far.m);
		assert_int_equal(wires[0].far.ended + wires[1].far.ended, 2);
		assert_int_equal(wires[0].far.how, MUX_LOST);
		far.m = NULL;
		sock_reset(far.io.fd);
		far.io.fd = -1;
		run_until(all_over);
		assert_int_equal(near.ended, 1);
		assert_int_equal(near.how, MUX_LOST);
		assert_string_equal(near.why, "Connection reset by peer");
		assert_int_equal(wires[0].near.ended + wires[1].near.ended, 2);
		assert_int_equal(wires[1].near.how, MUX_LOST);
		stop();
	}
}

/* Behind the events of a turn, in front of what the near side sends in it: that write is the first to learn of it. */
static void
cut_far(struct ev_task *task)
{
	(void)task;
	mux_free(far.m);
	far.m = NULL;
	sock_reset(far.io.fd);
	far.io.fd = -1;
}

static bool
near_over(void)
{
	return near.ended != 0;
}

static void
a_write_that_finds_the_connection_lost_ends_the_session(void **state)
{
	struct ev_task cut = { .cb = cut_far };

	(void)state;
	for (enum transport t = UNIX; t <= TLS; t++)
		for (int closing = 0; closing < 2; closing++) {
			start(t);
			visit_and_wait();
			run_turn();
			run_turn();
			ev_defer(loop, &cut);
			assert_true(mux_send(&wires[0].near.s, slice_str("word")));
			if (closing)
				mux_close(near.m);
			run_until(near_over);
			assert_int_equal(near.ended, 1);
			assert_int_equal(near.how, MUX_LOST);
			assert_int_equal(wires[0].near.how, MUX_LOST);
			stop();
		}
}

static void
a_tls_session_that_ends_without_a_word_is_lost(void **state)
{
	(void)state;
	start(TLS);
	mux_free(near.m);
	near.m = NULL;
	close(near.io.fd);
	near.io.fd = -1;
	run_until(far_over);
	assert_int_equal(far.how, MUX_LOST);
	stop();
}

static void
a_session_that_is_closed_ends_in_order_at_both_ends(void **state)
{
	(void)state;
	for (enum transport t = UNIX; t <= TLS; t++) {
		start(t);
		visit_and_wait();
		keeps = true;
		visit();
		assert_true(mux_send(&wires[1].near.s, slice_str("the last word")));
		mux_close(near.m);
		assert_int_equal(near.ended, 0);
		assert_false(mux_open(near.m, &wires[2].near.s, &near_leg_ops));
		run_until(both_sides_over);
		assert_int_equal(near.how, MUX_CLOSED);
		assert_int_equal(far.how, MUX_CLOSED);
		assert_int_equal(far.goaways, 1);
		assert_true(wires[1].far.told);
		assert_int_equal(wires[0].near.how, MUX_LOST);
		stop();
	}
}

static bool
far_went_away(void)
{
	return near.goaways == 1;
}

static void
goaway_ends_new_streams_and_no_others(void **state)
{
	struct leg more = { .s.io.fd = -1 };

	(void)state;
	start(TCP);
	visit_and_wait();
	mux_goaway(far.m);
	run_until(far_went_away);
	assert_false(mux_open(near.m, &more.s, &near_leg_ops));
	assert_null(mux_of(&more.s));
	says(&awaited->visitor, 1000000, true);
	says(&awaited->service, 1000000, true);
	run_until(all_over);
	assert_int_equal(awaited->near.how, MUX_CLOSED);
	stop();
}

static void
a_refused_stream_is_reset(void **state)
{
	(void)state;
	start(TCP);
	refuses = true;
	visit();
	wires[0].far.ended = 1;
	awaited = &wires[0];
	run_until(visitor_reset);
	assert_int_equal(wires[0].near.how, MUX_PEER_RESET);
	assert_int_equal(far.opened, 1);
	stop();
}

/* ---- owners that end things from inside callbacks ---- */

static void
free_session(struct leg *l)
{
	(void)l;
	mux_free(near.m);
	near.m = NULL;
}

static void
reset_the_others(struct leg *l)
{
	for (int i = 0; i < wires_made; i++)
		if (&wires[i].near != l && mux_of(&wires[i].near.s) != NULL) {
			mux_reset(&wires[i].near.s);
			leg_ended(&wires[i].near.s, MUX_IDLE);
		}
}

static bool
first_over(void)
{
	return wires[0].near.ended != 0;
}

static void
a_session_may_be_freed_from_inside_a_streams_end(void **state)
{
	(void)state;
	start(TCP);
	for (int i = 0; i < 5; i++)
		visit_and_wait();
	on_near_end = free_session;
	for (int i = 0; i < 5; i++)
		hangs_up(&wires[i].service);
	run_until(first_over);
	for (int i = 0; i < 5; i++)
		assert_int_equal(wires[i].near.ended, 1);
	assert_null(near.m);
	stop();
}

static void
streams_may_be_reset_from_inside_anothers_end(void **state)
{
	(void)state;
	start(TCP);
	for (int i = 0; i < 5; i++)
		visit_and_wait();
	for (int i = 0; i < 5; i++)
		says(&wires[i].visitor, 100000, false);
	on_near_end = reset_the_others;
	for (int i = 0; i < 5; i++)
		hangs_up(&wires[i].service);
	run_until(first_over);
	for (int i = 0; i < 5; i++)
		assert_int_equal(wires[i].near.ended, 1);
	assert_int_equal(mux_streams(near.m), 0);
	run_turn();
	stop();
}

/* ---- timers of a stream ---- */

static void
limits(uint64_t idle_ms, uint64_t half_close_ms)
{
	struct mux_conf conf = { YAMUX_SERVER, .max_streams = 10, .idle_ms = idle_ms, .half_close_ms = half_close_ms };
	int fd = near.io.fd;

	mux_free(near.m);
	near.io.cb = nothing;
	assert_int_equal(ev_add(loop, &near.io, EV_READ | EV_WRITE | EV_EDGE), 0);
	near.m = mux_new(pool, &conf, &side_ops, &near.io, NULL, &near);
	assert_true(near.io.fd == fd && near.m != NULL);
}

static void
an_idle_stream_is_reset(void **state)
{
	(void)state;
	start(TCP);
	limits(1000, 0);
	visit_and_wait();
	skip_ms(900);
	run_turn();
	says(&awaited->service, 1, false);
	run_until(all_heard);
	skip_ms(900);
	run_turn();
	assert_int_equal(awaited->near.ended, 0);
	skip_ms(200);
	run_until(service_reset);
	assert_int_equal(awaited->near.how, MUX_IDLE);
	assert_int_equal(awaited->far.how, MUX_PEER_RESET);
	stop();
}

static void
a_half_closed_stream_has_a_timer_of_its_own(void **state)
{
	(void)state;
	start(TCP);
	limits(100000, 1000);
	visit_and_wait();
	skip_ms(2000);
	run_turn();
	says(&awaited->visitor, 1, true);
	run_until(service_saw_end);
	assert_int_equal(awaited->near.ended, 0);
	skip_ms(1100);
	run_until(one_over);
	assert_int_equal(awaited->near.how, MUX_HALF_CLOSE);
	stop();
}

/* ---- the session's life ---- */

static uint8_t heard[4096];
static size_t heard_len;

/* The far side is the test itself, byte by byte. */
static int
start_raw(uint64_t heartbeat_ms, uint64_t dead_ms)
{
	int pair[2];
	struct mux_conf conf = { YAMUX_SERVER, .max_streams = 10, .heartbeat_ms = heartbeat_ms, .dead_ms = dead_ms };

	tcp_pair(pair);
	memset(wires, 0, sizeof(wires));
	wires_made = wires_accepted = 0;
	keeps = refuses = local = false;
	heard_len = 0;
	on_near_end = on_far_data = NULL;
	far = (struct side){ .io.fd = -1 };
	near = (struct side){ .io = { pair[0], nothing } };
	pool = mux_pool_new(loop);
	assert_int_equal(ev_add(loop, &near.io, EV_READ | EV_WRITE | EV_EDGE), 0);
	near.m = mux_new(pool, &conf, &side_ops, &near.io, NULL, &near);
	assert_non_null(near.m);
	run_turn();
	return pair[1];
}

static size_t
hear(int fd)
{
	ssize_t n = recv(fd, heard, sizeof(heard), 0);

	return n < 0 ? 0 : (size_t)n;
}

static void
who_has_said_nothing_for_a_while_pings(void **state)
{
	int fd = start_raw(1000, 0);

	(void)state;
	for (int i = 0; i < 3; i++) {
		skip_ms(990);
		run_turn();
		run_turn();
		assert_int_equal(hear(fd), 0);
		skip_ms(20);
		run_turn();
		run_turn();
		assert_int_equal(hear(fd), 12);
		assert_memory_equal(heard, "\0\2\0\1\0\0\0\0\0\0\0", 11);
		assert_int_equal(heard[11], i);
	}
	mux_heartbeat(near.m, 5000, 0);
	skip_ms(4900);
	run_turn();
	run_turn();
	assert_int_equal(hear(fd), 0);
	skip_ms(200);
	run_turn();
	run_turn();
	assert_int_equal(hear(fd), 12);
	mux_heartbeat(near.m, 100, 0);
	skip_ms(150);
	run_turn();
	run_turn();
	assert_int_equal(hear(fd), 12);
	close(fd);
	stop();
}

static void
who_sends_does_not_ping(void **state)
{
	int fd = start_raw(1000, 0);

	(void)state;
	visit();
	for (int i = 0; i < 10; i++) {
		skip_ms(600);
		says(&wires[0].visitor, 1, false);
		for (int k = 0; k < 6; k++)
			run_turn();
		assert_int_equal(hear(fd), i == 0 ? 12 + 5 + 12 + 1 : 13);
	}
	close(fd);
	stop();
}

static void
silence_ends_the_session_and_any_byte_is_life(void **state)
{
	int fd = start_raw(0, 2000);

	(void)state;
	for (int i = 0; i < 12; i++) {		/* a header, byte by byte */
		skip_ms(1900);
		assert_int_equal(write(fd, &"\0\2\0\1\0\0\0\0\0\0\0\7"[i], 1), 1);
		run_turn();
		run_turn();
		assert_int_equal(near.ended, 0);
	}
	assert_int_equal(hear(fd), 12);
	skip_ms(2100);
	run_until(near_over);
	assert_int_equal(near.how, MUX_SILENT);
	assert_true(strstr(near.why, "nothing came for 2") != NULL);
	close(fd);
	stop();
}

/* As after the machine slept: the deadline is long gone, and so it would seem is the peer. */
static void
bytes_that_came_while_we_slept_are_life(void **state)
{
	int fd = start_raw(0, 2000);

	(void)state;
	assert_int_equal(write(fd, "\0\2\0\1\0\0\0\0\0\0\0\7", 12), 12);
	skip_ms(100000);
	run_turn();
	run_turn();
	assert_int_equal(near.ended, 0);
	assert_int_equal(hear(fd), 12);
	close(fd);
	stop();
}

static void
a_peer_that_breaks_the_rules_is_told_and_left(void **state)
{
	int fd = start_raw(0, 0);

	(void)state;
	assert_int_equal(write(fd, "GET / HTTP/1.1\r\n", 16), 16);
	run_until(near_over);
	assert_int_equal(near.how, MUX_PROTOCOL);
	assert_string_equal(near.why, "not yamux version 0");
	assert_int_equal(hear(fd), 12);
	assert_memory_equal(heard, "\0\3\0\0\0\0\0\0\0\0\0\1", 12);
	close(fd);
	stop();
}

static uint8_t raw[1u << 20];
static size_t raw_len, raw_wanted;
static int raw_fd;

static bool
raw_there(void)
{
	ssize_t n = recv(raw_fd, raw + raw_len, sizeof(raw) - raw_len, 0);

	raw_len += n > 0 ? (size_t)n : 0;
	return raw_len >= raw_wanted;
}

/* The lengths of the data frames in raw. */
static int
data_frames(uint32_t lengths[64])
{
	int n = 0;

	for (size_t at = 0; at + 12 <= raw_len; at += 12) {
		if (raw[at + 1] != 0)
			continue;
		lengths[n] = (uint32_t)raw[at + 9] << 16 | (uint32_t)raw[at + 10] << 8 | raw[at + 11];
		at += lengths[n++];
	}
	return n;
}

/* All of the window but 62144 bytes is used up in pieces of any size, then a lot comes at once. */
static void
of_a_lot_whole_frames_are_sent(void **state)
{
	uint32_t length[64];

	(void)state;
	raw_fd = start_raw(0, 0);
	tick = (struct ev_timer){ .cb = on_tick };
	ev_timer_in(loop, &tick, 10);
	local = true;
	says(&visit()->visitor, 199995, false);
	raw_len = 0;
	raw_wanted = 200000;
	run_until(all_quiet);
	run_until(raw_there);
	says_at_once(&wires[0].visitor, 64000);
	raw_len = 0;
	raw_wanted = 3 * YAMUX_FRAME_MAX;
	run_until(all_quiet);
	run_until(raw_there);
	assert_int_equal(raw_len, raw_wanted);
	assert_int_equal(write(raw_fd, "\0\1\0\2\0\0\0\2\0\0\x30\0", 12), 12);
	raw_wanted += 12 + 64000 - 3 * YAMUX_DATA_MAX;
	run_until(raw_there);
	assert_int_equal(data_frames(length), 4);
	for (int i = 0; i < 4; i++)
		assert_int_equal(length[i], i == 3 ? 64000 - 3 * YAMUX_DATA_MAX : YAMUX_DATA_MAX);
	ev_timer_at(loop, &tick, 0);
	close(raw_fd);
	stop();
}

static void
a_stream_that_moves_little_does_not_wait_for_one_that_moves_a_lot(void **state)
{
	uint32_t length[64];
	int n, at;

	(void)state;
	raw_fd = start_raw(0, 0);
	local = true;
	says_at_once(&visit()->visitor, 1u << 20);
	says_at_once(&visit()->visitor, 64);
	raw_len = 0;
	raw_wanted = 10 * YAMUX_FRAME_MAX;
	run_until(raw_there);
	n = data_frames(length);
	for (at = 2; at < n && length[at] > 64; at++)
		;
	assert_in_range(at, 2, 4);
	close(raw_fd);
	stop();
}

/* ---- a peer that keeps us busy: the others have their turn all the same ---- */

static void
a_lot_of_little_frames_is_dealt_with_little_by_little(void **state)
{
	static const uint8_t frames[26] = "\0\0\0\0\0\0\0\2\0\0\0\1x\0\0\0\0\0\0\0\4\0\0\0\1x";
	int fd = start_raw(0, 0);

	(void)state;
	local = true;
	for (int i = 0; i < 2; i++) {
		visit();
		wires[i].visitor.deaf = true;
		party_wants(&wires[i].visitor);
	}
	run_turn();
	assert_int_equal(write(fd, frames, sizeof(frames)), sizeof(frames));
	run_turn();
	run_turn();
	for (int i = 0; i < 2000; i++)
		assert_int_equal(write(fd, frames, sizeof(frames)), sizeof(frames));
	run_turn();
	assert_in_range(wires[0].near.s.rx, 2, 1900);
	for (int i = 0; i < 10; i++)
		run_turn();
	assert_int_equal(wires[0].near.s.rx, 2001);
	assert_int_equal(wires[1].near.s.rx, 2001);
	close(fd);
	stop();
}

/* Frames that say the peer goes away, a byte in each record. */
static void
a_lot_of_little_records_is_dealt_with_little_by_little(void **state)
{
	int pair[2];

	(void)state;
	tcp_pair(pair);
	shake_hands(pair);
	pool = mux_pool_new(loop);
	start_side(&near, YAMUX_SERVER, pair[0]);
	far = (struct side){ .io.fd = pair[1], .tls = far.tls };
	run_turn();
	run_turn();
	for (int i = 0; i < 500 * 12; i++)
		assert_int_equal(tls_write(far.tls, (const uint8_t *)"\0\3\0\0\0\0\0\0\0\0\0\0" + i % 12, 1), TLS_OK);
	run_turn();
	assert_in_range(near.goaways, 1, 200);
	for (int i = 0; i < 10; i++)
		run_turn();
	assert_int_equal(near.goaways, 500);
	tls_free(far.tls);
	wires_made = 0;
	stop();
}

/* What is sent by hand, the opening of the stream and what the descriptor has leave together. */
static void
the_first_bytes_leave_in_one_piece(void **state)
{
	int fd = start_raw(0, 0);

	(void)state;
	visit();
	says(&wires[0].visitor, 3, true);
	party_writes(&wires[0].visitor);
	run_turn();
	run_turn();
	assert_int_equal(hear(fd), 12 + 5 + 12 + 3);
	assert_memory_equal(heard, "\0\0\0\1\0\0\0\2\0\0\0\5hello\0\0\0\4\0\0\0\2\0\0\0\3", 29);
	close(fd);
	stop();
}

/* ---- what it costs ---- */

static void
ten_thousand_streams_leave_nothing_behind(void **state)
{
	size_t used;
	int fds;

	(void)state;
	start(TLS);
	visit_and_wait();
	says(&awaited->visitor, 1, true);
	says(&awaited->service, 1, true);
	run_until(all_over);
	close_party(&wires[0].visitor);
	close_party(&wires[0].service);
	used = mallinfo2().uordblks;
	fds = open_fds();
	for (int i = 0; i < 10000; i++) {
		wires_made = wires_accepted = 0;
		memset(wires, 0, sizeof(wires[0]));
		visit_and_wait();
		says(&awaited->visitor, draw(100), i % 3 != 0);
		says(&awaited->service, draw(100), true);
		if (i % 3 == 0)
			hangs_up(&awaited->visitor);
		run_until(all_over);
		close_party(&wires[0].visitor);
		close_party(&wires[0].service);
	}
	wires_made = 0;
	assert_int_equal(open_fds(), fds);
	assert_true(mallinfo2().uordblks <= used + 4096);
	assert_int_equal(mux_streams(near.m) + mux_streams(far.m), 0);
	stop();
}

#define IDLE_STREAMS 1000
static struct leg *idle_legs;
static int idle_accepted;
static struct mux_ops idle_ops;

static void
ignore_data(struct mux_stream *s)
{
	mux_take(s, mux_peek(s).len);
}

static const struct mux_stream_ops idle_leg_ops = { ignore_data, leg_ended };

static void
idle_opened(struct mux *m)
{
	struct leg *l = &idle_legs[IDLE_STREAMS + idle_accepted++];

	l->wire = &wires[0];
	l->s.io.fd = -1;
	mux_accept(m, &l->s, &idle_leg_ops);
}

static bool
all_idle_there(void)
{
	return idle_accepted == IDLE_STREAMS;
}

static void
an_idle_stream_holds_less_than_half_a_kibibyte(void **state)
{
	struct mux_conf conf = { .role = YAMUX_CLIENT, .max_streams = IDLE_STREAMS };
	size_t used;

	(void)state;
	start(TCP);
	mux_free(far.m);
	idle_ops = side_ops;
	idle_ops.opened = idle_opened;
	far.io.cb = nothing;
	assert_int_equal(ev_add(loop, &far.io, EV_READ | EV_WRITE | EV_EDGE), 0);
	far.m = mux_new(pool, &conf, &idle_ops, &far.io, NULL, &far);
	used = mallinfo2().uordblks;
	idle_accepted = 0;
	idle_legs = calloc(2 * IDLE_STREAMS, sizeof(*idle_legs));
	assert_non_null(idle_legs);
	for (int i = 0; i < IDLE_STREAMS; i++) {
		idle_legs[i] = (struct leg){ .wire = &wires[0], .s.io.fd = -1 };
		assert_true(mux_open(near.m, &idle_legs[i].s, &idle_leg_ops));
		assert_true(mux_send(&idle_legs[i].s, slice_str("hello")));
	}
	run_until(all_idle_there);
	run_turn();
	assert_int_equal(mux_memory(far.m), 0);
	assert_true((mallinfo2().uordblks - used) / (2 * IDLE_STREAMS) < 384);
	stop();
	free(idle_legs);
}

static void
ends_have_words(void **state)
{
	(void)state;
	assert_string_equal(mux_end_word(MUX_CLOSED), "closed");
	assert_string_equal(mux_end_word(MUX_MEMORY), "memory");
	assert_string_equal(mux_end_word(MUX_PROTOCOL), "protocol");
}

static int
set_up(void **state)
{
	char why[256];
	const char *path;

	(void)state;
	write_texts();
	make_dir();
	for (int i = 0; i < 2; i++) {
		path = in_dir(i == 0 ? "near" : "far");
		if (identity_new_file(path) != 0 || (identity[i] = identity_load(path, why)) == NULL)
			return -1;
		context[i] = tls_context_new(i == 0 ? TLS_SERVER : TLS_CLIENT, identity[i], why);
		if (context[i] == NULL)
			return -1;
	}
	remove_dir();
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		tls_context_free(context[i]);
		identity_free(identity[i]);
	}
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		loop_test(every_byte_arrives_over_a_unix_socket),
		loop_test(every_byte_arrives_over_tcp),
		loop_test(every_byte_arrives_over_tls),
		loop_test(the_end_of_one_direction_leaves_the_other_open),
		loop_test(a_visitor_that_hangs_up_is_a_reset_for_the_service),
		loop_test(a_service_that_hangs_up_is_a_reset_for_the_visitor),
		loop_test(an_owner_that_resets_is_a_reset_for_the_other_end),
		loop_test(what_a_service_said_before_it_hung_up_arrives),
		loop_test(a_stream_that_is_not_joined_is_read_by_hand),
		loop_test(what_is_taken_by_hand_may_come_anew),
		loop_test(a_descriptor_that_is_passed_to_us_hides_nothing),
		loop_test(a_visitor_that_hangs_up_after_its_end_is_a_reset_as_well),
		loop_test(a_stream_may_be_reset_while_anothers_data_is_looked_at),
		loop_test(a_stalled_reader_stops_only_its_own_stream),
		loop_test(the_window_of_a_far_peer_grows),
		loop_test(the_window_grows_although_the_distance_is_behind_a_proxy),
		loop_test(the_window_of_a_near_peer_depends_on_its_company),
		loop_test(windows_grow_within_what_the_session_may_keep),
		loop_test(who_has_taken_nothing_for_the_longest_is_cut_when_the_session_keeps_too_much),
		loop_test(a_lost_connection_ends_every_stream_and_then_the_session),
		loop_test(a_write_that_finds_the_connection_lost_ends_the_session),
		loop_test(a_tls_session_that_ends_without_a_word_is_lost),
		loop_test(a_session_that_is_closed_ends_in_order_at_both_ends),
		loop_test(goaway_ends_new_streams_and_no_others),
		loop_test(a_refused_stream_is_reset),
		loop_test(a_session_may_be_freed_from_inside_a_streams_end),
		loop_test(streams_may_be_reset_from_inside_anothers_end),
		loop_test(an_idle_stream_is_reset),
		loop_test(a_half_closed_stream_has_a_timer_of_its_own),
		loop_test(who_has_said_nothing_for_a_while_pings),
		loop_test(who_sends_does_not_ping),
		loop_test(silence_ends_the_session_and_any_byte_is_life),
		loop_test(bytes_that_came_while_we_slept_are_life),
		loop_test(a_peer_that_breaks_the_rules_is_told_and_left),
		loop_test(of_a_lot_whole_frames_are_sent),
		loop_test(a_stream_that_moves_little_does_not_wait_for_one_that_moves_a_lot),
		loop_test(the_first_bytes_leave_in_one_piece),
		loop_test(a_lot_of_little_frames_is_dealt_with_little_by_little),
		loop_test(a_lot_of_little_records_is_dealt_with_little_by_little),
		loop_test(ten_thousand_streams_leave_nothing_behind),
		loop_test(an_idle_stream_holds_less_than_half_a_kibibyte),
		loop_test(ends_have_words),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
