/* SPDX-License-Identifier: ISC */
/* Tests of lib/relay.c: ends and resets, of sockets and of two pipes in place of one. */
#include "relay_help.h"

/* ---- ends ---- */

static void
end_one_way(pair_maker *make, struct party *first, struct party *last, bool (*first_heard)(void),
    bool (*last_heard)(void))
{
	join(make, 8);
	watch_relay();
	says(first, 100000, true);
	run_until(last_heard);
	assert_int_equal(last->received, 100000);
	assert_false(last->reset);
	assert_false(is_over());
	assert_true(relay_half_closed(relay));
	says(last, 1000000, false);
	run_turn();
	assert_false(is_over());
	says(last, 1, true);
	run_until(first_heard);
	assert_false(first->reset);
	assert_int_equal(first->received, 1000001);
	expect_over(END_CLOSED);
	part();
}

static void
each_side_may_end_first_and_still_hears_the_other(void **state)
{
	(void)state;
	end_one_way(tcp_pair, &client, &server, client_heard_the_end, server_heard_the_end);
	end_one_way(tcp_pair, &server, &client, server_heard_the_end, client_heard_the_end);
	end_one_way(unix_pair, &client, &server, client_heard_the_end, server_heard_the_end);
	end_one_way(unix_pair, &server, &client, server_heard_the_end, client_heard_the_end);
}

static void
an_end_without_a_byte_passes(void **state)
{
	(void)state;
	exchange(tcp_pair, 0, 0, 1);
	join(tcp_pair, 0);
	watch_relay();
	says(&client, 0, true);
	run_until(server_heard_the_end);
	says(&server, 0, true);
	run_until(both_ended);
	expect_over(END_CLOSED);
	assert_false(relay_half_closed(relay));
	part();
}

/* ---- resets ---- */

static void
a_reset_of_either_side_arrives_as_a_reset_at_the_other(void **state)
{
	(void)state;
	join(tcp_pair, 8);
	watch_relay();
	says(&client, 1000, false);
	run_turn();
	hangs_up(&client);
	run_until(server_heard_the_end);
	expect_over(END_CLIENT_RESET);
	assert_true(server.reset);
	part();

	join(tcp_pair, 8);
	watch_relay();
	says(&server, 1000, false);
	run_turn();
	hangs_up(&server);
	run_until(client_heard_the_end);
	expect_over(END_TARGET_RESET);
	assert_true(client.reset);
	part();
}

static void
client_hears_a_broken_answer(void)
{
	run_until(client_heard_the_end);
	expect_over(END_TARGET_RESET);
	assert_int_equal(client.received, 1000);
	assert_false(client.eof);
	part();
}

/* Otherwise half an answer would look like a whole one. */
static void
data_and_a_reset_seen_at_once_do_not_look_like_an_orderly_end(void **state)
{
	(void)state;
	join(tcp_pair, 8);
	says(&server, 1000, false);
	run_turn();
	hangs_up(&server);
	watch_relay();
	client_hears_a_broken_answer();
}

static void
nor_do_they_when_the_other_direction_has_ended_already(void **state)
{
	(void)state;
	join(tcp_pair, 8);
	watch_relay();
	says(&client, 500, true);
	run_until(server_heard_the_end);
	ev_del(loop, &relay->end[1]);
	says(&server, 1000, false);
	run_turn();
	hangs_up(&server);
	assert_int_equal(ev_add(loop, &relay->end[1], EV_READ | EV_WRITE | EV_EDGE), 0);
	client_hears_a_broken_answer();
}

/* A whole answer stays one when the target does not read the rest of the request. */
static void
an_end_in_front_of_a_reset_stays_an_end(void **state)
{
	(void)state;
	join(tcp_pair, 8);
	says(&server, 1000, true);
	run_turn();
	hangs_up(&server);
	watch_relay();
	run_until(client_heard_the_end);
	assert_int_equal(client.received, 1000);
	assert_true(client.eof);
	part();
}

/* ---- a close before both have ended: by a deadline, at the end of a drain ---- */

static void
what_is_cut_off_does_not_look_whole(void **state)
{
	(void)state;
	join(tcp_pair, 8);
	watch_relay();
	says(&client, 100, false);
	says(&server, 100, false);
	run_turn();
	cut(END_IDLE);
	run_until(client_heard_the_end);
	run_until(server_heard_the_end);
	assert_true(client.reset && server.reset);
	part();

	join(tcp_pair, 0);		/* nor where the end is known, and not all is written */
	says(&client, 300, true);
	run_turn();
	await(relay->end[0].fd, POLLRDHUP);
	relay_note(relay, 1, EV_WRITE);
	(void)pump(0, EV_READ | EV_EOF);
	cut(END_DRAIN);
	run_until(server_heard_the_end);
	assert_true(server.reset);
	part();
}

/* A reset would take along what is still on its way there. */
static void
who_was_told_of_the_end_is_not_reset(void **state)
{
	struct party *const side[] = { &client, &server };
	bool (*const heard[])(void) = { server_heard_the_end, client_heard_the_end };
	int little = 65536;

	(void)state;
	for (int i = 0; i < 2; i++) {
		join(tcp_pair, 8);
		watch_relay();
		side[!i]->deaf = true;
		assert_int_equal(setsockopt(side[!i]->io.fd, SOL_SOCKET, SO_RCVBUF, &little,
		    sizeof(little)), 0);
		says(side[i], 400000, true);
		while (!relay_was_told(relay, !i))
			run_turn();
		cut(END_IDLE);
		run_turn();
		side[!i]->deaf = false;
		party_wants(side[!i]);
		run_until(heard[i]);
		assert_int_equal(side[!i]->received, 400000);
		assert_false(side[!i]->reset);
		part();
	}
}

/* The client was reset; what it had said, n bytes, arrives, and its end only if there was one. */
static void
expect_last_words(uint64_t n, bool whole)
{
	run_until(is_over);
	expect_over(END_CLIENT_RESET);
	assert_int_equal(relay->bytes[0], n);
	run_until(server_heard_the_end);
	assert_int_equal(server.received, n);
	assert_true(whole ? server.eof : server.reset);
	part();
}

/* Its last words are delivered although the reset was found by writing to it: now, or later. */
static void
what_a_dead_end_said_last_is_delivered(void **state)
{
	(void)state;
	for (uint64_t n = 100; n <= 10000; n *= 100) {
		join(tcp_pair, 0);
		says(&server, n, false);
		says(&client, 300, false);
		run_turn();
		hangs_up(&client);
		await(relay->end[0].fd, POLLERR);
		relay_note(relay, 1, EV_READ | EV_WRITE);
		(void)pump(0, EV_WRITE);	/* reads, and writes few bytes at the turn's end */
		expect_last_words(300, false);
	}
}

/* Read together with the end, written when the reset behind that has been found. */
static void
and_so_is_what_it_said_before_its_end(void **state)
{
	(void)state;
	for (uint64_t n = 100; n <= 10000; n *= 100) {
		join(tcp_pair, 0);
		says(&server, n, false);
		says(&client, 300, true);
		run_turn();
		await(relay->end[0].fd, POLLRDHUP);
		relay_note(relay, 1, EV_WRITE);
		(void)pump(0, EV_READ | EV_EOF);	/* reads; writes at the turn's end */
		hangs_up(&client);
		await(relay->end[0].fd, POLLERR);
		(void)pump(1, EV_READ);
		expect_last_words(300, true);
	}
}

static void
a_reset_is_seen_although_the_other_side_takes_nothing(void **state)
{
	(void)state;
	for (unsigned max_pipes = 0; max_pipes <= 8; max_pipes += 8) {
		join(tcp_pair, max_pipes);
		server.deaf = true;
		watch_relay();
		says(&client, 64 << 20, false);
		for (int i = 0; i < 300; i++)
			run_turn();
		hangs_up(&client);
		run_until(is_over);
		expect_over(END_CLIENT_RESET);
		part();
	}
}

/* ---- two pipes in place of a socket ---- */

static struct ev_io out_io;		/* the pipe the relay writes to */

static void
on_out(struct ev_io *io, unsigned events)
{
	(void)io;
	pump(0, events & (EV_WRITE | EV_ERROR));
}

static void
join_pipes(unsigned max_pipes)
{
	int in[2], out[2];

	join(tcp_pair, max_pipes);
	close(client.io.fd);
	close(relay->end[0].fd);
	assert_int_equal(pipe2(in, O_NONBLOCK | O_CLOEXEC), 0);
	assert_int_equal(pipe2(out, O_NONBLOCK | O_CLOEXEC), 0);
	relay->end[0].fd = in[0];
	relay->out_fd = out[1];
	out_io = (struct ev_io){ out[1], on_out };
	meet(&client, out[0], 1);
	client.pieces = 8;
	client.out = in[1];
	watch_relay();
	assert_int_equal(ev_add(loop, &out_io, EV_WRITE | EV_EDGE), 0);
}

static bool
client_has_said_all(void)
{
	if (client.sent < client.to_send)	/* its pipe is not in the loop */
		party_writes(&client);
	ev_timer_in(loop, &loop_overdue, PATIENCE_MS);
	return both_ended() || (client.sent < client.to_send);
}

static void
two_pipes_are_as_good_as_a_socket(void **state)
{
	(void)state;
	for (unsigned max_pipes = 0; max_pipes <= 8; max_pipes += 8) {
		int before = open_fds();

		join_pipes(max_pipes);
		says(&client, 3 << 20, true);
		says(&server, 3 << 20, true);
		while (!both_ended())
			run_until(client_has_said_all);
		expect_over(END_CLOSED);
		assert_false(client.reset || server.reset);
		expect_all_heard();
		part();
		assert_int_equal(open_fds(), before);
	}
}

static void
the_end_of_the_target_closes_the_pipe_we_write_to(void **state)
{
	(void)state;
	join_pipes(0);
	says(&server, 1000, true);
	run_until(client_heard_the_end);
	assert_true(client.eof);
	assert_int_equal(client.received, 1000);
	assert_int_equal(relay->out_fd, -1);
	assert_false(is_over());
	says_at_once(&client, 1000, true);
	run_until(both_ended);
	expect_over(END_CLOSED);
	part();
}

static void
a_pipe_nobody_reads_any_more_is_a_client_that_is_gone(void **state)
{
	(void)state;
	join_pipes(0);
	run_turn();
	close(client.io.fd);
	client.io.fd = -1;
	says(&server, 1000, false);
	run_turn();
	close(client.out);
	run_until(server_heard_the_end);
	expect_over(END_CLIENT_RESET);
	assert_true(server.reset);
	part();
}

static void
expect_silence(bool half_closed, uint64_t half_close_ms, uint64_t idle_ms, uint64_t ms,
    enum conn_end end)
{
	struct relay_silence s = relay_silence(half_closed, half_close_ms, idle_ms);

	assert_int_equal(s.ms, ms);
	assert_int_equal(s.end, end);
}

static void
of_the_two_limits_on_silence_the_first_that_is_over_rules(void **state)
{
	(void)state;
	expect_silence(true, 60, 600, 60, END_HALF_CLOSE);
	expect_silence(true, 60, 60, 60, END_HALF_CLOSE);
	expect_silence(true, 60, 0, 60, END_HALF_CLOSE);
	expect_silence(true, 60, 59, 59, END_IDLE);
	expect_silence(true, 0, 600, 600, END_IDLE);
	expect_silence(true, 0, 0, 0, END_IDLE);
	expect_silence(false, 60, 600, 600, END_IDLE);
	expect_silence(false, 60, 0, 0, END_IDLE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		loop_test(each_side_may_end_first_and_still_hears_the_other),
		loop_test(an_end_without_a_byte_passes),
		loop_test(a_reset_of_either_side_arrives_as_a_reset_at_the_other),
		loop_test(data_and_a_reset_seen_at_once_do_not_look_like_an_orderly_end),
		loop_test(nor_do_they_when_the_other_direction_has_ended_already),
		loop_test(an_end_in_front_of_a_reset_stays_an_end),
		loop_test(what_is_cut_off_does_not_look_whole),
		loop_test(who_was_told_of_the_end_is_not_reset),
		loop_test(what_a_dead_end_said_last_is_delivered),
		loop_test(and_so_is_what_it_said_before_its_end),
		loop_test(a_reset_is_seen_although_the_other_side_takes_nothing),
		loop_test(two_pipes_are_as_good_as_a_socket),
		loop_test(the_end_of_the_target_closes_the_pipe_we_write_to),
		loop_test(a_pipe_nobody_reads_any_more_is_a_client_that_is_gone),
		cmocka_unit_test(of_the_two_limits_on_silence_the_first_that_is_over_rules),
	};

	return cmocka_run_group_tests(tests, set_up_relay, NULL);
}
