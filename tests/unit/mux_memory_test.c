/* SPDX-License-Identifier: ISC */
/* Tests of lib/mux.c: what streams cost, and who is cut when they cost too much. */
#include <malloc.h>

#include "draw_help.h"
#include "mux_help.h"

static uint64_t since_ms;

static bool
a_millisecond_later(void)
{
	ev_refresh(loop);
	return ev_now_ms(loop) > since_ms;
}

/* The first one keeps taking a little, of the second one little is kept. */
static void
who_has_taken_nothing_for_the_longest_is_cut_when_the_session_keeps_too_much(void **state)
{
	int cut = 0;

	(void)state;
	start(TCP);
	ticks_begin();
	keeps = true;		/* not joined: all that comes is kept */
	for (int i = 0; i < WIRES_MAX; i++) {
		awaited = visit();
		says(&awaited->visitor, i == 1 ? 10000 : 1u << 20, false);
		run_until(far_leg_told);
		since_ms = ev_now_ms(loop);
		run_until(a_millisecond_later);
		mux_take(&wires[0].far.s, 1);
	}
	run_until(all_quiet);
	assert_in_range(far.m->kept, MUX_MEMORY_MAX / 2, MUX_MEMORY_MAX);
	assert_int_equal(wires[0].far.ended + wires[1].far.ended, 0);
	for (int i = 2; i < WIRES_MAX; i++) {
		cut += wires[i].far.ended;
		if (wires[i].far.ended == 0)
			continue;
		assert_int_equal(cut, i - 1);	/* in the order they came */
		assert_int_equal(wires[i].far.how, MUX_MEMORY);
		assert_int_equal(wires[i].near.how, MUX_PEER_RESET);
	}
	assert_in_range(cut, 1, 10);
	ticks_end();
	finish();
}

static void
a_session_keeps_at_most_half_of_what_the_others_leave(void **state)
{
	(void)state;
	for (size_t others = 0; others <= 3u << 20; others += 3u << 20) {
		size_t half = ((6u << 20) - others) / 2;

		start(TCP);
		ticks_begin();
		keeps = true;
		mux_pool_limit(pool, 6u << 20);
		pool->kept = others;
		for (int i = 0; i < 24; i++) {
			awaited = visit();
			says(&awaited->visitor, 1u << 20, false);
			run_until(far_leg_told);
		}
		run_until(all_quiet);
		assert_in_range(far.m->kept, half * 2 / 3, half);
		ticks_end();
		finish();
	}
}

static void
a_little_may_be_kept_in_any_case(void **state)
{
	(void)state;
	start(TCP);
	ticks_begin();
	keeps = true;
	mux_pool_limit(pool, 0);
	awaited = visit();
	says(&awaited->visitor, 50000, false);
	run_until(all_quiet);
	ticks_end();
	assert_int_equal(awaited->far.ended, 0);
	assert_in_range(far.m->kept, 50000, MUX_MEMORY_MIN);
	finish();
}

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
	assert_true(near.m->streams == NULL && far.m->streams == NULL);
	finish();
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
	new_session(&far, &conf, &idle_ops);
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
	assert_int_equal(far.m->kept, 0);
	assert_true((mallinfo2().uordblks - used) / (2 * IDLE_STREAMS) < 384);
	finish();
	free(idle_legs);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		loop_test(
		    who_has_taken_nothing_for_the_longest_is_cut_when_the_session_keeps_too_much),
		loop_test(a_session_keeps_at_most_half_of_what_the_others_leave),
		loop_test(a_little_may_be_kept_in_any_case),
		loop_test(ten_thousand_streams_leave_nothing_behind),
		loop_test(an_idle_stream_holds_less_than_half_a_kibibyte),
	};

	return cmocka_run_group_tests(tests, set_up_mux, tear_down_mux);
}
