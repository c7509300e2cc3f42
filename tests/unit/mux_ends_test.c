/* SPDX-License-Identifier: ISC */
/*
 * Tests of lib/mux.c: all kinds of ends of streams, and what may be ended from inside a callback.
 */
#include "mux_help.h"

/* ---- one end, or the other, or both ---- */

/* How the stream ended at our end and at the peer's: the last word of a test. */
static void
ended_as(enum mux_end near_how, enum mux_end far_how)
{
	assert_int_equal(awaited->near.how, near_how);
	assert_int_equal(awaited->far.how, far_how);
	finish();
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
		finish();
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
	ended_as(MUX_LOCAL_RESET, MUX_PEER_RESET);
}

static void
a_service_that_hangs_up_is_a_reset_for_the_visitor(void **state)
{
	(void)state;
	start(TCP);
	visit_and_wait();
	hangs_up(&awaited->service);
	run_until(visitor_reset);
	ended_as(MUX_PEER_RESET, MUX_LOCAL_RESET);
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
		assert_true(near.m->streams == NULL && far.m->streams == NULL);
		finish();
	}
}

static bool
received_1000(void)
{
	return awaited->far.s.rx == 5 + 1000;
}

/*
 * More comes for it in the turn in which its end is noticed:
 * what cannot be written does not hide what can be read.
 */
static void
what_a_service_said_before_it_hung_up_arrives(void **state)
{
	(void)state;
	start(TCP);
	visit_and_wait();
	awaited->service.deaf = true;
	says(&awaited->visitor, 1000, false);
	run_until(received_1000);
	says_at_once(&awaited->visitor, 1000, false);
	while (awaited->near.s.tx < 5 + 2000)
		run_turn();
	assert_true(received_1000());
	says_at_once(&awaited->service, 500, false);
	assert_int_equal(awaited->service.sent, 500);
	close(awaited->service.io.fd);		/* with unread bytes: a reset */
	awaited->service.io.fd = -1;
	run_until(visitor_reset);
	assert_int_equal(awaited->visitor.received, 500);
	assert_int_equal(awaited->far.how, MUX_LOCAL_RESET);
	finish();
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
	ended_as(MUX_LOCAL_RESET, MUX_PEER_RESET);
}

static void
so_is_one_whose_end_and_reset_are_seen_at_once(void **state)
{
	(void)state;
	start(TCP);
	visit_and_wait();
	says_at_once(&awaited->visitor, 10, true);
	hangs_up(&awaited->visitor);
	run_until(one_over);
	ended_as(MUX_LOCAL_RESET, MUX_PEER_RESET);
}

/* The write that fails takes the error with it, so that nobody else can ask for it. */
static void
so_is_one_that_a_write_finds_out(void **state)
{
	(void)state;
	start(TCP);
	visit_and_wait();
	says(&awaited->visitor, 10, true);
	run_until(service_saw_end);
	says_at_once(&awaited->service, 1000, false);
	while (awaited->far.s.tx < 1000)
		run_turn();
	assert_int_equal(awaited->near.s.rx, 0);
	hangs_up(&awaited->visitor);
	run_until(one_over);
	ended_as(MUX_LOCAL_RESET, MUX_PEER_RESET);
}

static bool
far_knows_the_end(void)
{
	return mux_ended(&awaited->far.s);
}

static void
the_end_may_come_before_the_descriptor(void **state)
{
	(void)state;
	start(TCP);
	keeps = true;
	awaited = visit();
	says(&awaited->visitor, 0, true);
	run_until(far_knows_the_end);
	mux_take(&awaited->far.s, 5);
	join(&awaited->far, &awaited->service, 2);
	run_until(service_saw_end);
	finish();
}

static void
the_end_follows_what_was_kept(void **state)
{
	(void)state;
	start(TCP);
	visit_and_wait()->service.deaf = true;
	party_wants(&awaited->service);
	narrow(awaited->far.s.io.fd, 16384);
	narrow(awaited->service.io.fd, 16384);
	says(&awaited->visitor, 200000, true);
	run_until(far_knows_the_end);
	assert_true(far.m->kept > 50000);
	awaited->service.deaf = false;
	party_wants(&awaited->service);
	run_until(service_saw_end);
	assert_int_equal(awaited->service.received, 200000);
	finish();
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
	finish();
}

/* ---- timers of a stream ---- */

/* The near side's session anew, with these. */
static void
limits(uint64_t idle_ms, uint64_t half_close_ms)
{
	struct mux_conf conf = { YAMUX_SERVER, .max_streams = 10, .idle_ms = idle_ms,
	    .half_close_ms = half_close_ms };
	int fd = near.io.fd;

	mux_free(near.m);
	new_session(&near, &conf, &side_ops);
	assert_true(near.io.fd == fd);
}

static void
an_idle_stream_is_reset(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		start(TCP);
		limits(1000, 0);
		local = i == 1;		/* the kernel does not tell when bytes last moved */
		visit_and_wait();
		skip_ms(900);
		run_due();
		says(&awaited->service, 1, false);
		run_until(all_heard);
		skip_ms(900);
		run_due();
		assert_int_equal(awaited->near.ended, 0);
		skip_ms(200);
		local ? run_until(one_over) : run_until(service_reset);
		assert_int_equal(awaited->near.how, MUX_IDLE);
		assert_int_equal(awaited->far.how, MUX_PEER_RESET);
		finish();
	}
}

static void
a_half_closed_stream_has_a_timer_of_its_own(void **state)
{
	(void)state;
	for (uint64_t last = 0; last < 2; last++) {
		start(TCP);
		limits(100000, 1000);
		visit_and_wait();
		skip_ms(2000);
		run_due();
		says(&awaited->visitor, last, true);
		run_until(service_saw_end);
		assert_int_equal(awaited->near.ended, 0);
		skip_ms(1100);
		run_until(one_over);
		assert_int_equal(awaited->near.how, MUX_HALF_CLOSE);
		finish();
	}
}

static enum mux_end
end_of_a_half_closed_stream(uint64_t idle_ms, uint64_t half_close_ms, uint64_t after_ms)
{
	enum mux_end how;

	start(TCP);
	limits(idle_ms, half_close_ms);
	visit_and_wait();
	says(&awaited->visitor, 1, true);
	run_until(service_saw_end);
	assert_int_equal(awaited->near.ended, 0);
	skip_ms(after_ms);
	run_until(one_over);
	how = awaited->near.how;
	finish();
	return how;
}

static void
a_half_closed_stream_ends_by_the_timer_that_is_over_first(void **state)
{
	(void)state;
	assert_int_equal(end_of_a_half_closed_stream(1000, 0, 1100), MUX_IDLE);
	assert_int_equal(end_of_a_half_closed_stream(0, 1000, 1100), MUX_HALF_CLOSE);
	assert_int_equal(end_of_a_half_closed_stream(1000, 50000, 1100), MUX_IDLE);
	assert_int_equal(end_of_a_half_closed_stream(1000, 1000, 1100), MUX_HALF_CLOSE);
}

/* ---- owners that end things from inside callbacks ---- */

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
	finish();
}

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

/* Nothing looks at it again, whose memory is gone, when those beside it have their turn. */
static void
a_stream_may_be_reset_with_words_unsaid(void **state)
{
	struct leg *l[3];
	int fd = start_raw(0, 0);

	(void)state;
	for (int i = 0; i < 3; i++) {
		l[i] = calloc(1, sizeof(*l[i]));
		l[i]->wire = &wires[0];
		l[i]->s.io.fd = -1;
		assert_true(mux_open(near.m, &l[i]->s, &near_leg_ops));
		assert_true(mux_send(&l[i]->s, slice_str("hello")));
	}
	mux_reset(&l[1]->s);
	memset(l[1], 0xff, sizeof(*l[1]));
	run_turn();
	assert_int_equal(hear(fd), 17 + 12 + 17);
	for (int i = 0; i < 3; i += 2)
		assert_true(mux_send(&l[i]->s, slice_str("and more")));
	close(fd);
	finish();			/* the session is over before that was said */
	assert_int_equal(l[0]->ended + l[2]->ended, 2);
	for (int i = 0; i < 3; i++)
		free(l[i]);
}

/* It has ended its direction before. */
static void
reset_at_its_end(struct leg *l)
{
	if (!mux_ended(&l->s)) {
		mux_fin(&l->s);
		return;
	}
	mux_reset(&l->s);
	leg_ended(&l->s, MUX_LOCAL_RESET);
}

static bool
visitor_saw_end(void)
{
	return awaited->visitor.eof;
}

static void
a_stream_may_be_reset_from_inside_its_own_end(void **state)
{
	(void)state;
	start(TCP);
	on_far_data = reset_at_its_end;
	awaited = visit();
	run_until(visitor_saw_end);
	says(&awaited->visitor, 0, true);
	run_until(one_over);
	finish();
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
	finish();
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
	assert_null(near.m->streams);
	run_turn();
	finish();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		loop_test(the_end_of_one_direction_leaves_the_other_open),
		loop_test(a_visitor_that_hangs_up_is_a_reset_for_the_service),
		loop_test(a_service_that_hangs_up_is_a_reset_for_the_visitor),
		loop_test(an_owner_that_resets_is_a_reset_for_the_other_end),
		loop_test(what_a_service_said_before_it_hung_up_arrives),
		loop_test(a_visitor_that_hangs_up_after_its_end_is_a_reset_as_well),
		loop_test(so_is_one_whose_end_and_reset_are_seen_at_once),
		loop_test(so_is_one_that_a_write_finds_out),
		loop_test(the_end_may_come_before_the_descriptor),
		loop_test(the_end_follows_what_was_kept),
		loop_test(a_refused_stream_is_reset),
		loop_test(an_idle_stream_is_reset),
		loop_test(a_half_closed_stream_has_a_timer_of_its_own),
		loop_test(a_half_closed_stream_ends_by_the_timer_that_is_over_first),
		loop_test(a_stream_may_be_reset_while_anothers_data_is_looked_at),
		loop_test(a_stream_may_be_reset_with_words_unsaid),
		loop_test(a_stream_may_be_reset_from_inside_its_own_end),
		loop_test(a_session_may_be_freed_from_inside_a_streams_end),
		loop_test(streams_may_be_reset_from_inside_anothers_end),
	};

	return cmocka_run_group_tests(tests, set_up_mux, tear_down_mux);
}
