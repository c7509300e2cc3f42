/* SPDX-License-Identifier: ISC */
/* Tests of lib/mux.c: slow readers, and how much a stream may have on its way. */
#include <linux/tcp.h>
#include <netinet/in.h>

#include "mux_help.h"

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

/* However busy the machine is: the shortest round trip counts, and none is shorter than this. */
static void
seems_near(struct mux *m)
{
	round_trip_us = 50;
	m->ping_rtt_us = 1;
}

/* ---- slow readers ---- */

static bool
others_done(void)
{
	if (far.m->kept == 0)
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
		seems_near(far.m);
		visit_and_wait()->service.deaf = true;
		party_wants(&awaited->service);
		for (int i = 0; i < 8; i++)
			visit_and_wait();
		says(&wires[0].visitor, 64u << 20, true);
		for (int i = 1; i < wires_made; i++)
			says(&wires[i].visitor, 2u << 20, true);
		run_until(others_done);
		assert_true(far.m->kept <= YAMUX_WINDOW_START + 64);
		wires[0].service.deaf = false;
		party_wants(&wires[0].service);
		run_until(all_heard);
		assert_int_equal(far.m->kept, 0);
		round_trip_us = 0;
		finish();
	}
}

/* ---- the round trip ---- */

static uint32_t
far_rtt(uint32_t now_us)
{
	round_trip_us = now_us;
	return mux_rtt_us(far.m);
}

static void
the_round_trip_is_the_shortest_measured_each_second(void **state)
{
	(void)state;
	start(TCP);
	assert_int_equal(far_rtt(300000), 300000);
	assert_int_equal(far_rtt(200000), 300000);
	far.m->rtt_asked_ms -= 1000;
	assert_int_equal(far_rtt(200000), 200000);
	far.m->rtt_asked_ms -= 1000;
	assert_int_equal(far_rtt(300000), 200000);
	round_trip_us = 0;
	finish();
}

static void
only_the_answer_to_the_ping_that_measures_tells_the_round_trip(void **state)
{
	uint32_t ping;

	(void)state;
	start(TCP);
	far_rtt(50);
	ping = far.m->ping;
	far.m->rtt_asked_ms -= 1000;
	far_rtt(50);
	assert_int_equal(far.m->ping, ping);
	mux_rtt_pong(far.m, ping + 1);
	assert_int_equal(far_rtt(50), 50);
	far.m->ping_us -= 5000000;
	mux_rtt_pong(far.m, ping);
	assert_in_range(far_rtt(50), 5000000, 60000000);
	round_trip_us = 0;
	finish();
}

/* ---- windows ---- */

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
	finish();
}

static bool
first_has_grown(void)
{
	return wires[0].far.s.window > YAMUX_WINDOW_START;
}

/* Then its peer may send so much, and no more. */
static bool
first_window_is(uint32_t window)
{
	const struct mux_stream *s = &wires[0].far.s;

	if (s->window != window)
		return false;
	assert_in_range(s->y.recv_window + s->y.credit, 0, window);
	return true;
}

static bool
first_is_as_at_the_start(void)
{
	return first_window_is(YAMUX_WINDOW_START);
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
	finish();
	close(way[0]);
	close(way[1]);
}

/* While the last one says a word now and then. */
static bool
first_makes_room_for_words(void)
{
	if (last_heard())
		says(&awaited->visitor, 10, false);
	return first_window_is(YAMUX_WINDOW_START / 2);
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
	run_until(first_is_as_at_the_start);
	hangs_up(&wires[1].visitor);
	run_until(first_has_grown);
	visit_and_wait();
	run_until(first_makes_room_for_words);
	says(&awaited->visitor, endless, false);
	run_until(first_is_as_at_the_start);
	hangs_up(&awaited->visitor);
	run_until(first_has_grown);
	round_trip_us = 0;
	finish();
}

/* By the clock: what its window is after n bytes more, us after the last look at it. */
static uint32_t
window_after(struct wire *w, uint32_t n, uint64_t us)
{
	w->far.s.looked_us = mux_now_us() - us;
	mux_window_credit(&w->far.s, n);
	return w->far.s.window;
}

static void
wait_for_company_to_end(void)
{
	skip_ms(50);
	ev_refresh(loop);
}

enum { KIB = 1024, MIB = 1024 * KIB };

#define FAST (64 * MIB), 0	/* however long this thread has to wait just then */

static void
alone_at_a_near_peer_a_window_grows_as_long_as_it_is_taken_fast(void **state)
{
	struct wire *w;

	(void)state;
	start(TCP);
	w = visit_and_wait();
	round_trip_us = 50;
	assert_int_equal(window_after(w, 100 * KIB, 0), 256 * KIB);
	assert_int_equal(window_after(w, FAST), 512 * KIB);
	assert_int_equal(window_after(w, 256 * KIB, 3000), 512 * KIB);
	assert_int_equal(window_after(w, 32 * MIB, 100000), 1 * MIB);
	assert_int_equal(window_after(w, FAST), 2 * MIB);
	assert_int_equal(window_after(w, FAST), 2 * MIB);
	round_trip_us = 0;
	finish();
}

static void
in_company_at_a_near_peer_it_shrinks_and_more_so_beside_one_that_talks(void **state)
{
	struct wire *w, *other;

	(void)state;
	start(TCP);
	w = visit_and_wait();
	other = visit_and_wait();
	round_trip_us = 50;
	assert_int_equal(window_after(w, FAST), 512 * KIB);
	window_after(other, 10, 0);
	assert_int_equal(window_after(w, 100 * KIB, 0), 412 * KIB);
	assert_int_equal(window_after(w, 512 * KIB, 0), 256 * KIB);
	assert_int_equal(window_after(w, 256 * KIB, 0), 256 * KIB);
	window_after(other, 10, 200000);
	assert_int_equal(window_after(w, 256 * KIB, 0), 128 * KIB);
	assert_int_equal(window_after(w, 128 * KIB, 0), 128 * KIB);
	wait_for_company_to_end();
	window_after(other, 10, 0);
	assert_int_equal(window_after(w, 128 * KIB, 0), 256 * KIB);
	wait_for_company_to_end();
	assert_int_equal(window_after(w, FAST), 512 * KIB);
	assert_int_equal(window_after(w, 10, 0), 512 * KIB);
	round_trip_us = 0;
	finish();
}

static void
at_a_far_peer_each_grows_while_half_of_it_is_taken_within_a_round_trip(void **state)
{
	struct wire *w[3];

	(void)state;
	start(TCP);
	for (int i = 0; i < 3; i++)
		w[i] = visit_and_wait();
	round_trip_us = 300000;
	window_after(w[2], 10, 0);
	assert_int_equal(window_after(w[0], 128 * KIB, 200000), 512 * KIB);
	assert_int_equal(window_after(w[0], 256 * KIB, 310000), 512 * KIB);
	for (int i = 0; i < 2; i++) {
		for (int n = 0; n < 5; n++)
			window_after(w[i], 4 * MIB, 0);
		assert_int_equal(w[i]->far.s.window, 4 * MIB);
	}
	assert_int_equal(window_after(w[2], 128 * KIB, 0), 512 * KIB);	/* 7.75 MiB more in all */
	assert_int_equal(window_after(w[2], 256 * KIB, 0), 512 * KIB);
	round_trip_us = 0;
	finish();
}

static bool
first_is_over(void)
{
	return wires[0].far.ended != 0;
}

static void
what_says_nothing_or_has_ended_is_no_company(void **state)
{
	(void)state;
	start(TCP);
	says(&visit_and_wait()->visitor, 1000, false);
	run_until(last_heard);
	visit_and_wait();
	assert_ptr_equal(far.m->moved, &wires[0].far.s);
	hangs_up(&wires[0].visitor);
	run_until(first_is_over);
	says(&awaited->visitor, 1000, false);
	run_until(last_heard);
	assert_ptr_equal(far.m->moved, &wires[1].far.s);
	assert_int_equal(far.m->shared_ms, 0);
	finish();
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
	finish();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		loop_test(a_stalled_reader_stops_only_its_own_stream),
		loop_test(the_round_trip_is_the_shortest_measured_each_second),
		loop_test(only_the_answer_to_the_ping_that_measures_tells_the_round_trip),
		loop_test(the_window_of_a_far_peer_grows),
		loop_test(the_window_grows_although_the_distance_is_behind_a_proxy),
		loop_test(the_window_of_a_near_peer_depends_on_its_company),
		loop_test(alone_at_a_near_peer_a_window_grows_as_long_as_it_is_taken_fast),
		loop_test(in_company_at_a_near_peer_it_shrinks_and_more_so_beside_one_that_talks),
		loop_test(at_a_far_peer_each_grows_while_half_of_it_is_taken_within_a_round_trip),
		loop_test(what_says_nothing_or_has_ended_is_no_company),
		loop_test(windows_grow_within_what_the_session_may_keep),
	};

	return cmocka_run_group_tests(tests, set_up_mux, tear_down_mux);
}
