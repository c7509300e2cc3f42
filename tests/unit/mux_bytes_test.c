/* SPDX-License-Identifier: ISC */
/*
 * Tests of lib/mux.c: every byte arrives, both ways, over every transport,
 * joined to a descriptor or taken by hand.
 */
#include "draw_help.h"
#include "mux_help.h"

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
	assert_int_equal(near.m->kept + far.m->kept, 0);
	assert_true(near.m->streams == NULL && far.m->streams == NULL);
	finish();
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

/* A read stops short at a descriptor that is passed along; behind it no event tells of the rest. */
static void
a_descriptor_that_is_passed_to_us_hides_nothing(void **state)
{
	(void)state;
	start(TCP);
	local = true;
	visit_and_wait();
	assert_int_equal(send(awaited->service.io.fd, text_at(2, 0), 3, 0), 3);
	assert_int_equal(sock_send_fd(awaited->service.io.fd, text_at(2, 3), 4,
	    awaited->service.io.fd), 0);
	assert_int_equal(send(awaited->service.io.fd, text_at(2, 7), 3, 0), 3);
	awaited->service.to_send = awaited->service.sent = 10;
	run_until(all_heard);
	finish();
}

/* ---- by hand ---- */

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
	assert_true(far.m->kept > 0);
	mux_take(&awaited->far.s, 5);
	assert_memory_equal(mux_peek(&awaited->far.s).p, text_at(1, 0), 7);
	assert_true(mux_send(&awaited->far.s, slice_str("by")));
	assert_true(mux_send(&awaited->far.s, slice_str("e")));
	mux_fin(&awaited->far.s);
	run_turn();
	assert_int_equal(awaited->far.ended, 0);	/* there is something left to take */
	mux_take(&awaited->far.s, 7);
	assert_int_equal(awaited->far.ended, 0);	/* not from inside a call */
	assert_int_equal(far.m->kept, 0);
	write_text_0("bye");
	awaited->visitor.hears = 0;
	run_until(one_over);
	assert_int_equal(awaited->far.how, MUX_CLOSED);
	assert_int_equal(awaited->near.how, MUX_CLOSED);
	assert_int_equal(awaited->near.s.rx, 3);
	finish();
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
	assert_memory_equal(in.p, text_at(1, at - 5), in.len < PIECE ? in.len : PIECE);
	mux_take(&l->s, n);
}

static bool
all_taken(void)
{
	return awaited->far.s.rx == 5 + awaited->visitor.to_send && far.m->kept == 0;
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
	finish();
}

/*
 * What is sent by hand, the opening of the stream, what the descriptor has and its end leave
 * together. The end has a frame of its own: not everybody takes in the data of a frame first.
 */
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
	assert_int_equal(hear(fd), 12 + 5 + 12 + 3 + 12);
	assert_memory_equal(heard, "\0\0\0\1\0\0\0\2\0\0\0\5hello\0\0\0\0\0\0\0\2\0\0\0\3", 29);
	assert_memory_equal(heard + 32, "\0\0\0\4\0\0\0\2\0\0\0\0", 12);
	close(fd);
	finish();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		loop_test(every_byte_arrives_over_a_unix_socket),
		loop_test(every_byte_arrives_over_tcp),
		loop_test(every_byte_arrives_over_tls),
		loop_test(a_descriptor_that_is_passed_to_us_hides_nothing),
		loop_test(a_stream_that_is_not_joined_is_read_by_hand),
		loop_test(what_is_taken_by_hand_may_come_anew),
		loop_test(the_first_bytes_leave_in_one_piece),
	};

	return cmocka_run_group_tests(tests, set_up_mux, tear_down_mux);
}
