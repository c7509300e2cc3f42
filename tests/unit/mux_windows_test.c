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
		stop();
	}
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
	stop();
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
	stop();
	close(way[0]);
	close(way[1]);
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		loop_test(a_stalled_reader_stops_only_its_own_stream),
		loop_test(the_window_of_a_far_peer_grows),
		loop_test(the_window_grows_although_the_distance_is_behind_a_proxy),
		loop_test(the_window_of_a_near_peer_depends_on_its_company),
		loop_test(windows_grow_within_what_the_session_may_keep),
	};

	return cmocka_run_group_tests(tests, set_up_mux, tear_down_mux);
}
