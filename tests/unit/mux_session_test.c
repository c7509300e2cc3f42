/* SPDX-License-Identifier: ISC */
/*
 * Tests of lib/mux.c: the life of a session and all kinds of its end: in order, lost,
 * silent, broken rules.
 */
#include <netinet/in.h>

#include "mux_help.h"

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
		sock_close(far.io.fd, true);
		far.io.fd = -1;
		run_until(all_over);
		assert_int_equal(near.ended, 1);
		assert_int_equal(near.how, MUX_LOST);
		assert_string_equal(near.why, "Connection reset by peer");
		assert_int_equal(wires[0].near.ended + wires[1].near.ended, 2);
		assert_int_equal(wires[1].near.how, MUX_LOST);
		finish();
	}
}

/*
 * Behind the events of a turn, in front of what the near side sends in it:
 * that write is the first to learn of it.
 */
static void
cut_far(struct ev_task *task)
{
	(void)task;
	mux_free(far.m);
	far.m = NULL;
	sock_close(far.io.fd, true);
	far.io.fd = -1;
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
			finish();
		}
}

static bool
far_over(void)
{
	return far.ended != 0;
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
	finish();
}

static bool
both_sides_over(void)
{
	return near.ended != 0 && far.ended != 0;
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
		finish();
	}
}

static bool
near_leg_over(void)
{
	return awaited->near.ended != 0;
}

static bool
near_over_and_the_other_visit(void)
{
	return near.ended != 0 && wires[0].far.ended != 0;
}

static void
what_both_had_said_is_delivered_after_the_session(void **state)
{
	(void)state;
	for (enum transport t = UNIX; t <= TLS; t++)
		for (int cut = 0; cut < 2; cut++) {
			start(t);
			visit_and_wait();
			visit_and_wait()->service.deaf = true;
			party_wants(&awaited->service);
			narrow(awaited->far.s.io.fd, 16384);
			narrow(awaited->service.io.fd, 16384);
			says_at_once(&awaited->service, 0, true);
			says(&awaited->visitor, 200000, true);
			run_until(near_leg_over);
			mux_close(near.m);
			run_until(near_over_and_the_other_visit);
			assert_int_equal(wires[0].far.how, MUX_LOST);
			assert_int_equal(far.goaways, 2);	/* by GOAWAY, and by the end */
			assert_int_equal(far.ended, 0);
			assert_false(mux_open(far.m, &wires[2].far.s, &near_leg_ops));
			if (cut) {
				mux_reset(&awaited->far.s);
				leg_ended(&awaited->far.s, MUX_CLOSED);
			} else {
				awaited->service.deaf = false;
				party_wants(&awaited->service);
				run_until(service_saw_end);
				assert_int_equal(awaited->service.received, 200000);
			}
			run_until(far_over);
			assert_int_equal(far.how, MUX_CLOSED);
			assert_int_equal(awaited->far.ended, 1);
			assert_int_equal(awaited->far.how, MUX_CLOSED);
			finish();
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
	finish();
}

static void
goaway_goes_behind_what_was_said(void **state)
{
	(void)state;
	for (int closing = 0; closing < 2; closing++) {
		int fd = start_raw(0, 0);

		visit();
		closing ? mux_close(near.m) : mux_goaway(near.m);
		run_turn();
		run_turn();
		assert_int_equal(hear(fd), 17 + 12);
		assert_memory_equal(heard, "\0\0\0\1\0\0\0\2\0\0\0\5", 12);
		assert_memory_equal(heard + 17, "\0\3\0\0\0\0\0\0\0\0\0\0", 12);
		close(fd);
		finish();
	}
}

/* The last word on a stream is its end. */
static void
goaway_goes_behind_an_end_too(void **state)
{
	(void)state;
	for (int closing = 0; closing < 2; closing++) {
		int fd = start_raw(0, 0);

		wires[0].near = (struct leg){ .wire = &wires[0], .s.io.fd = -1 };
		assert_true(mux_open(near.m, &wires[0].near.s, &near_leg_ops));
		assert_true(mux_send(&wires[0].near.s, slice_str("hello")));
		mux_fin(&wires[0].near.s);
		closing ? mux_close(near.m) : mux_goaway(near.m);
		run_turn();
		run_turn();
		assert_int_equal(hear(fd), 17 + 12 + 12);
		assert_memory_equal(heard + 17, "\0\0\0\4\0\0\0\2\0\0\0\0", 12);
		assert_memory_equal(heard + 17 + 12, "\0\3\0\0\0\0\0\0\0\0\0\0", 12);
		close(fd);
		finish();
	}
}

/* Nor does it wait for its turn behind those that have a lot to send. */
static void
an_end_goes_right_behind_the_last_words(void **state)
{
	int fd = start_raw(0, 0);

	(void)state;
	for (int i = 0; i < 2; i++) {
		wires[i].near = (struct leg){ .wire = &wires[i], .s.io.fd = -1 };
		assert_true(mux_open(near.m, &wires[i].near.s, &near_leg_ops));
		assert_true(mux_send(&wires[i].near.s, slice_str("hello")));
		mux_fin(&wires[i].near.s);
	}
	run_turn();
	run_turn();
	assert_int_equal(hear(fd), 12 + 2 * (17 + 12));		/* a SYN comes before all */
	assert_memory_equal(heard + 12 + 12, "hello\0\0\0\4\0\0\0\2\0\0\0\0", 17);
	assert_memory_equal(heard + 41 + 12, "hello\0\0\0\4\0\0\0\4\0\0\0\0", 17);
	close(fd);
	finish();
}

/*
 * More than is sent at once, and in such pieces that the GOAWAY would
 * find room in front of the last one.
 */
static void
goaway_waits_for_all_that_was_said(void **state)
{
	static const size_t words[] = { 130000, 8 * YAMUX_DATA_MAX, 5 };
	static char some[8 * YAMUX_DATA_MAX], said[sizeof(some) * 3];
	size_t all = 130000 + sizeof(some) + 5 + (2 + 17 + 1) * 12, sum = 0, n;
	int fd = start_raw(0, 0);

	(void)state;
	for (int i = 0; i < 3; i++) {
		wires[i].near = (struct leg){ .wire = &wires[i], .s.io.fd = -1 };
		assert_true(mux_open(near.m, &wires[i].near.s, &near_leg_ops));
		assert_true(mux_send(&wires[i].near.s, slice_of(some, words[i])));
	}
	mux_goaway(near.m);
	while (sum < all) {
		run_turn();
		while ((n = hear(fd)) > 0) {
			assert_true(sum + n <= all);
			memcpy(said + sum, heard, n);
			sum += n;
		}
	}
	assert_memory_equal(said + sum - 12, "\0\3\0\0\0\0\0\0\0\0\0\0", 12);
	close(fd);
	finish();
}

static uint8_t said[YAMUX_WINDOW_START + 1024];
static size_t said_len;

/* Adds to said what comes, until nothing more does. */
static void
hear_exactly(int fd, size_t all)
{
	size_t n;

	all += said_len;
	for (int idle = 0; idle < 5; idle = said_len < all ? 0 : idle + 1) {
		run_turn();
		for (; (n = hear(fd)) > 0; said_len += n) {
			assert_in_range(said_len + n, 1, all);
			memcpy(said + said_len, heard, n);
		}
	}
}

/* Takes the headers out of it. */
static size_t
words_said(void)
{
	size_t words = 0, len;

	for (size_t at = 0; at < said_len; at += 12 + len) {
		len = said[at + 1] != 0 ? 0 : (size_t)said[at + 9] << 16 | said[at + 10] << 8 |
		    said[at + 11];
		memmove(said + words, said + at + 12, len);
		words += len;
	}
	return words;
}

/* Words have no more right to the peer's memory than other bytes, and hold up no GOAWAY for it. */
static void
words_wait_for_credit(void **state)
{
	static const uint8_t credit[] = { 0, 1, 0, 0, 0, 0, 0, 2, 0, 0, 0, 7 };
	static char some[YAMUX_WINDOW_START + 10];
	int fd = start_raw(0, 0);

	(void)state;
	for (size_t i = 0; i < sizeof(some); i++)
		some[i] = (char)(i * 2654435761u >> 13);
	wires[0].near = (struct leg){ .wire = &wires[0], .s.io.fd = -1 };
	assert_true(mux_open(near.m, &wires[0].near.s, &near_leg_ops));
	assert_true(mux_send(&wires[0].near.s, slice_of(some, sizeof(some))));
	mux_fin(&wires[0].near.s);
	mux_goaway(near.m);
	/* 16 frames, one of them in two as what is sent at once ends there, and the GOAWAY */
	hear_exactly(fd, YAMUX_WINDOW_START + (16 + 1 + 1) * 12);
	assert_int_equal(write(fd, credit, sizeof(credit)), sizeof(credit));
	hear_exactly(fd, 12 + 7);
	assert_int_equal(write(fd, credit, sizeof(credit)), sizeof(credit));
	hear_exactly(fd, 12 + 3 + 12);
	assert_memory_equal(said + said_len - 12, "\0\0\0\4", 4);	/* FIN */
	assert_int_equal(words_said(), sizeof(some));
	assert_memory_equal(said, some, sizeof(some));
	close(fd);
	finish();
}

/* ---- an ancestor that takes its time ---- */

static int rooms;

static void
count_room(struct mux *m)
{
	(void)m;
	rooms++;
}

static void
an_owner_that_has_to_wait_is_told_when_not(void **state)
{
	static struct leg legs[YAMUX_BACKLOG];
	static const uint8_t ack[] = "\0\1\0\2\0\0\0\2\0\0\0";
	struct mux_conf conf = { YAMUX_SERVER, .ancestor = true, .max_streams = 1 };
	struct mux_ops ops = side_ops;
	int fd = start_raw(0, 0);

	(void)state;
	mux_free(near.m);
	ops.room = count_room;
	new_session(&near, &conf, &ops);
	run_turn();
	assert_false(mux_must_wait(near.m));
	for (size_t i = 0; i < YAMUX_BACKLOG; i++) {
		legs[i] = (struct leg){ .s.io.fd = -1 };
		assert_true(mux_open(near.m, &legs[i].s, &near_leg_ops));
	}
	assert_true(mux_must_wait(near.m));
	for (int i = 0; i < 5; i++)
		run_turn();
	assert_int_equal(rooms, 0);
	assert_int_equal(hear(fd), YAMUX_BACKLOG * 12);	/* opened, with nothing to say yet */
	assert_int_equal(write(fd, ack, 12), 12);
	for (int i = 0; i < 5; i++)
		run_turn();
	assert_int_equal(rooms, 1);
	assert_false(mux_must_wait(near.m));
	for (size_t i = 0; i < YAMUX_BACKLOG; i++)
		mux_reset(&legs[i].s);
	close(fd);
	finish();
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
	finish();
}

static void
ends_have_words(void **state)
{
	(void)state;
	assert_string_equal(mux_end_word(MUX_CLOSED), "closed");
	assert_string_equal(mux_end_word(MUX_MEMORY), "memory");
	assert_string_equal(mux_end_word(MUX_PROTOCOL), "protocol");
}

/* ---- life and silence ---- */

static void
who_has_said_nothing_for_a_while_pings(void **state)
{
	int fd = start_raw(1000, 0);

	(void)state;
	for (int i = 0; i < 3; i++) {
		skip_ms(990);
		run_due();
		run_turn();
		assert_int_equal(hear(fd), 0);
		skip_ms(20);
		run_due();
		run_turn();
		assert_int_equal(hear(fd), 12);
		assert_memory_equal(heard, "\0\2\0\1\0\0\0\0\0\0\0", 11);
		assert_int_equal(heard[11], i);
	}
	mux_heartbeat(near.m, 5000, 0);
	skip_ms(4900);
	run_due();
	run_turn();
	assert_int_equal(hear(fd), 0);
	skip_ms(200);
	run_due();
	run_turn();
	assert_int_equal(hear(fd), 12);
	mux_heartbeat(near.m, 100, 0);
	skip_ms(150);
	run_due();
	run_turn();
	assert_int_equal(hear(fd), 12);
	close(fd);
	finish();
}

/* It may have no ping of its own for as long as it hears something. */
static void
an_ancestor_that_is_silent_is_pinged_whatever_it_is_sent(void **state)
{
	struct mux_conf conf = { YAMUX_SERVER, .ancestor = true, .heartbeat_ms = 1000,
		.dead_ms = 5000, .max_streams = 1 };
	struct leg leg = { .s.io.fd = -1 };
	uint8_t pong[12] = { 0, 2, 0, 2 };
	int fd = start_raw(0, 0), pings = 0;
	size_t n;

	(void)state;
	mux_free(near.m);
	new_session(&near, &conf, &side_ops);
	assert_true(mux_open(near.m, &leg.s, &near_leg_ops));
	for (int i = 0; i < 100; i++) {
		assert_true(mux_send(&leg.s, slice_str("x")));
		skip_ms(300);
		run_due();
		run_turn();
		n = hear(fd);
		if (n >= 12 && memcmp(heard + n - 12, "\0\2\0\1", 4) == 0) {
			assert_int_equal(write(fd, pong, sizeof(pong)), sizeof(pong));
			pings++;
			run_turn();
		}
		assert_int_equal(near.ended, 0);
	}
	assert_in_range(pings, 20, 30);
	mux_reset(&leg.s);
	close(fd);
	finish();
}

static void
answers_ping(int fd, uint8_t value)
{
	uint8_t pong[12] = { 0, 2, 0, 2 };

	pong[11] = value;
	assert_int_equal(write(fd, pong, sizeof(pong)), sizeof(pong));
	run_turn();
	run_turn();
}

static void
a_stream_that_comes_as_we_say_goaway_is_refused(void **state)
{
	int fd = start_raw(0, 0);

	(void)state;
	assert_int_equal(write(fd, "\0\0\0\1\0\0\0\1\0\0\0\5hello", 17), 17);
	mux_goaway(near.m);
	run_turn();
	assert_int_equal(hear(fd), 12 + 12);
	assert_memory_equal(heard, "\0\1\0\x8\0\0\0\1\0\0\0\0", 12);
	assert_int_equal(near.opened, 0);
	close(fd);
	finish();
}

/*
 * One ping waits to be sent at most: the heartbeat's takes the place of one
 * that was to measure the round trip.
 */
static void
the_round_trip_is_measured_though_a_heartbeat_comes_in_between(void **state)
{
	int fd = start_raw(1000, 0);

	(void)state;
	skip_ms(1010);
	ev_refresh(loop);
	assert_in_range(mux_rtt_us(near.m), 0, 6999);
	run_turn();
	assert_int_equal(hear(fd), 12);
	assert_int_equal(heard[11], 1);
	answers_ping(fd, 1);
	mux_heartbeat(near.m, 0, 0);
	skip_ms(1010);
	ev_refresh(loop);
	assert_in_range(mux_rtt_us(near.m), 0, 6999);
	run_turn();
	assert_int_equal(hear(fd), 12);
	skip_ms(7);
	answers_ping(fd, heard[11]);
	assert_in_range(mux_rtt_us(near.m), 7000, 1000000);
	close(fd);
	finish();
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
	finish();
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
	finish();
}

static uint8_t record[64];
static size_t record_len;

/*
 * As start_raw() with TLS: the peer's ping, a record of record_len bytes,
 * is yet to go to the descriptor returned.
 */
static int
start_record(uint64_t dead_ms)
{
	struct mux_conf conf = { YAMUX_SERVER, .max_streams = 10, .dead_ms = dead_ms };
	int fd = start_raw(0, 0), kept = dup(fd), aside[2];
	ssize_t n;

	mux_free(near.m);
	make_tls((int[2]){ near.io.fd, fd });
	new_session(&near, &conf, &side_ops);
	tcp_pair(aside);
	assert_int_equal(dup2(aside[0], fd), fd);
	assert_int_equal(tls_write(far.tls, (const uint8_t *)"\0\2\0\1\0\0\0\0\0\0\0\7", 12),
	    TLS_OK);
	tls_drop(far.tls);
	await(aside[1], POLLIN);
	n = read(aside[1], record, sizeof(record));
	assert_in_range(n, 12, sizeof(record) - 1);
	record_len = (size_t)n;
	close(fd);
	close(aside[0]);
	close(aside[1]);
	return kept;
}

static void
any_byte_of_a_tls_record_is_life(void **state)
{
	int fd = start_record(2000);

	(void)state;
	for (size_t i = 0; i < record_len; i++) {
		skip_ms(1900);
		assert_int_equal(write(fd, &record[i], 1), 1);
		run_turn();
		run_turn();
		assert_int_equal(near.ended, 0);
	}
	assert_true(hear(fd) > 12);
	skip_ms(2100);
	run_until(near_over);
	assert_int_equal(near.how, MUX_SILENT);
	close(fd);
	finish();
}

/* As after the machine slept: the deadline is long gone, and so it would seem is the peer. */
static void
bytes_that_came_while_we_slept_are_life(void **state)
{
	int fd = start_raw(0, 2000);

	(void)state;
	assert_int_equal(write(fd, "\0\2\0\1\0\0\0\0\0\0\0\7", 12), 12);
	skip_ms(100000);
	run_due();
	run_turn();
	assert_int_equal(near.ended, 0);
	assert_int_equal(hear(fd), 12);
	close(fd);
	finish();
}

static void
a_part_of_a_tls_record_that_came_while_we_slept_is_life(void **state)
{
	int fd = start_record(2000);

	(void)state;
	for (size_t at = 0; at < record_len; at += record_len / 2) {
		size_t n = record_len - at < record_len / 2 ? record_len - at : record_len / 2;

		assert_int_equal(write(fd, record + at, n), n);
		skip_ms(100000);
		run_due();
		run_turn();
		assert_int_equal(near.ended, 0);
	}
	assert_true(hear(fd) > 12);
	close(fd);
	finish();
}

/* Of our end of a connection to a peer that counts as dead after this long. */
static unsigned
longest_wait_ms(uint64_t dead_ms)
{
	int fd = start_raw(0, dead_ms);
	unsigned ms = 0;
	socklen_t len = sizeof(ms);

	if (getsockopt(near.io.fd, IPPROTO_TCP, 44, &ms, &len) == -1)	/* TCP_RTO_MAX_MS */
		ms = 0;
	close(fd);
	finish();
	return ms;
}

static void
tcp_tries_again_soon_enough_for_a_session_to_outlive_an_outage(void **state)
{
	(void)state;
	if (longest_wait_ms(20000) == 0)
		skip();		/* before Linux 6.15 */
	assert_int_equal(longest_wait_ms(20000), 4000);
	assert_int_equal(longest_wait_ms(500), 1000);
	assert_int_equal(longest_wait_ms(0), 120000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		loop_test(a_lost_connection_ends_every_stream_and_then_the_session),
		loop_test(a_write_that_finds_the_connection_lost_ends_the_session),
		loop_test(a_tls_session_that_ends_without_a_word_is_lost),
		loop_test(a_session_that_is_closed_ends_in_order_at_both_ends),
		loop_test(what_both_had_said_is_delivered_after_the_session),
		loop_test(goaway_ends_new_streams_and_no_others),
		loop_test(goaway_goes_behind_what_was_said),
		loop_test(goaway_goes_behind_an_end_too),
		loop_test(an_end_goes_right_behind_the_last_words),
		loop_test(goaway_waits_for_all_that_was_said),
		loop_test(words_wait_for_credit),
		loop_test(an_owner_that_has_to_wait_is_told_when_not),
		loop_test(a_peer_that_breaks_the_rules_is_told_and_left),
		loop_test(ends_have_words),
		loop_test(who_has_said_nothing_for_a_while_pings),
		loop_test(a_stream_that_comes_as_we_say_goaway_is_refused),
		loop_test(an_ancestor_that_is_silent_is_pinged_whatever_it_is_sent),
		loop_test(the_round_trip_is_measured_though_a_heartbeat_comes_in_between),
		loop_test(who_sends_does_not_ping),
		loop_test(silence_ends_the_session_and_any_byte_is_life),
		loop_test(any_byte_of_a_tls_record_is_life),
		loop_test(bytes_that_came_while_we_slept_are_life),
		loop_test(a_part_of_a_tls_record_that_came_while_we_slept_is_life),
		loop_test(tcp_tries_again_soon_enough_for_a_session_to_outlive_an_outage),
	};

	return cmocka_run_group_tests(tests, set_up_mux, tear_down_mux);
}
