/* SPDX-License-Identifier: ISC */
/*
 * Tests of lib/mux.c: mux_close(): all that was said arrives, whatever the peer does,
 * and nobody waits for ever.
 */
#include "mux_help.h"

#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>

static bool
both_sides_over(void)
{
	return near.ended != 0 && far.ended != 0;
}

/* As an owner does that drains: it closes with the last visitor. */
static void
close_near(struct leg *l)
{
	(void)l;
	mux_close(near.m);
}

static bool
visitor_saw_end(void)
{
	return awaited->visitor.eof;
}

static void
who_closes_behind_the_last_stream_sends_all_of_it(void **state)
{
	(void)state;
	for (enum transport t = UNIX; t <= TLS; t++) {
		start(t);
		narrow(near.io.fd, 16384);
		narrow(far.io.fd, 16384);
		visit_and_wait();
		says(&awaited->service, 10, true);
		run_until(visitor_saw_end);
		on_near_end = close_near;
		says_at_once(&awaited->visitor, 200000, true);
		run_until(both_sides_over);
		assert_int_equal(near.how, MUX_CLOSED);
		assert_int_equal(far.how, MUX_CLOSED);
		assert_int_equal(awaited->far.how, MUX_CLOSED);
		run_until(service_saw_end);
		assert_int_equal(awaited->service.received, 200000);
		finish();
	}
}

static bool
near_leg_over(void)
{
	return wires[0].near.ended != 0;
}

/* As once its connection is known to be fast: all it sends is the kernel's at once. */
static void
be_fast(struct mux *m)
{
	int unsent = MUX_OUT_SIZE / 2;

	m->room = MUX_OUT_SIZE;
	assert_int_equal(setsockopt(m->io.fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent,
	    sizeof(unsent)), 0);
}

/* The near side alone, closed by its owner behind its one stream, which said n bytes. */
static void
close_behind(int fd, uint64_t n)
{
	narrow(near.io.fd, 1 << 20);
	narrow(fd, 4096);
	be_fast(near.m);
	visit();
	run_turn();
	assert_int_equal(write(fd, "\0\0\0\4\0\0\0\2\0\0\0\0", 12), 12);	/* the peer's end */
	on_near_end = close_near;
	says_at_once(&wires[0].visitor, n, true);
	run_until(near_leg_over);
	for (int i = 0; i < 10; i++)
		run_turn();
	assert_int_equal(wires[0].near.how, MUX_CLOSED);
}

static uint8_t said[65536];
static size_t said_len;

/* Hear some more. */
static void
note_said(int fd)
{
	ssize_t n;

	await(fd, POLLIN);
	n = recv(fd, said + said_len, 4096, 0);
	assert_true(n > 0);
	said_len += (size_t)n;
}

/* Bytes of data in it; all: whether it ends with a GOAWAY. */
static size_t
data_said(bool *all)
{
	size_t sum = 0, at = 0, len;

	*all = false;
	while (said_len - at >= 12 && !*all) {
		len = said[at + 1] == 0 ? (size_t)said[at + 10] << 8 | said[at + 11] : 0;
		*all = said[at + 1] == 3;
		sum += len;
		at += 12 + len;
		if (at > said_len)
			break;
	}
	return sum;
}

/*
 * What a peer still says (here it pings) would turn a closed socket into a reset,
 * and that would overtake the rest.
 */
static void
nothing_overtakes_the_last_words(void **state)
{
	int fd = start_raw(0, 0);
	bool all = false;

	(void)state;
	close_behind(fd, 40000);
	for (said_len = 0; !all; (void)data_said(&all)) {
		assert_int_equal(send(fd, "\0\2\0\1\0\0\0\0\0\0\0\7", 12, MSG_NOSIGNAL), 12);
		run_turn();
		note_said(fd);
		run_turn();
		assert_int_equal(near.ended, 0);
	}
	assert_int_equal(data_said(&all), 5 + 40000);
	await(fd, POLLIN);
	assert_int_equal(recv(fd, heard, sizeof(heard), 0), 0);
	assert_int_equal(near.ended, 0);
	close(fd);
	run_until(near_over);
	assert_int_equal(near.how, MUX_CLOSED);
	finish();
}

/* Bytes the near side sent and its peer's kernel does not have yet. */
static int
under_way(void)
{
	int n = -1;

	assert_int_equal(ioctl(near.io.fd, SIOCOUTQ, &n), 0);
	return n;
}

/*
 * The clock of the kernel is not the test's: wait until less is under way, reading if fd is not -1.
 */
static void
wait_until_less(int than, int fd)
{
	for (int i = 0; i < PATIENCE_MS && under_way() >= than; i++) {
		if (fd != -1)
			said_len += hear(fd);
		poll(NULL, 0, 1);
	}
	assert_true(under_way() < than);
}

static void
a_peer_that_does_not_end_is_not_waited_for_long(void **state)
{
	int fd = start_raw(0, 0);

	(void)state;
	close_behind(fd, 100);
	wait_until_less(1, -1);
	skip_ms(1900);
	run_due();
	run_turn();
	assert_int_equal(near.ended, 0);
	for (int i = 0; i < 4 && near.ended == 0; i++) {
		skip_ms(1100);
		run_due();
		run_turn();
	}
	assert_int_equal(near.ended, 1);
	assert_int_equal(near.how, MUX_CLOSED);
	close(fd);
	finish();
}

/* Who takes a little now and then is waited for, who takes no more is not. */
static void
the_last_words_have_time_as_long_as_they_go_on(void **state)
{
	int fd = start_raw(0, 0);

	(void)state;
	close_behind(fd, 100000);
	for (said_len = 0; said_len < 40000; ) {
		wait_until_less(under_way(), fd);
		skip_ms(2100);
		run_due();
		run_turn();
		assert_int_equal(near.ended, 0);
	}
	for (int i = 0; i < 3 && near.ended == 0; i++) {
		skip_ms(2100);
		run_due();
	}
	assert_int_equal(near.ended, 1);
	assert_int_equal(near.how, MUX_LOST);
	assert_string_equal(near.why, "the last bytes were not taken");
	close(fd);
	finish();
}

/* The way to the peer may be cut for a while, which ends no session either. */
static void
last_words_of_visitors_outlive_an_outage(void **state)
{
	int fd = start_raw(0, 20000);

	(void)state;
	close_behind(fd, 100000);
	for (int i = 0; i < 9; i++) {
		skip_ms(2100);
		run_due();
		assert_int_equal(near.ended, 0);
	}
	for (int i = 0; i < 3 && near.ended == 0; i++) {
		skip_ms(2100);
		run_due();
	}
	assert_string_equal(near.why, "the last bytes were not taken");
	close(fd);
	finish();
}

/* With some of them unread it is gone: an end, but not one in order. */
static void
a_peer_that_goes_before_it_heard_all_is_lost(void **state)
{
	int fd = start_raw(0, 0);

	(void)state;
	close_behind(fd, 40000);
	assert_int_equal(near.ended, 0);
	close(fd);
	run_until(near_over);
	assert_int_equal(near.how, MUX_LOST);
	assert_string_equal(near.why, "Connection reset by peer");
	finish();
}

static bool
visitor_blocked(void)
{
	return mux_tx(near.m) > 5 && all_quiet();
}

/*
 * Its owner wants its end: whoever is joined to it is not served until
 * there is room for the last words.
 */
static void
a_session_that_waits_to_be_closed_serves_nobody(void **state)
{
	int fd = start_raw(0, 0);

	(void)state;
	narrow(near.io.fd, 4096);
	narrow(fd, 4096);
	awaited = visit();
	says(&awaited->visitor, 1000000, false);
	ticks_begin();
	run_until(visitor_blocked);
	ticks_end();
	mux_close(near.m);
	for (int i = 0; i < 5; i++)
		run_turn();
	assert_int_equal(awaited->near.ended, 1);
	assert_int_equal(awaited->near.how, MUX_LOST);
	assert_int_equal(near.ended, 0);
	close(fd);
	run_until(near_over);
	assert_int_equal(near.ended, 1);
	finish();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		loop_test(who_closes_behind_the_last_stream_sends_all_of_it),
		loop_test(nothing_overtakes_the_last_words),
		loop_test(a_peer_that_does_not_end_is_not_waited_for_long),
		loop_test(the_last_words_have_time_as_long_as_they_go_on),
		loop_test(last_words_of_visitors_outlive_an_outage),
		loop_test(a_peer_that_goes_before_it_heard_all_is_lost),
		loop_test(a_session_that_waits_to_be_closed_serves_nobody),
	};

	return cmocka_run_group_tests(tests, set_up_mux, tear_down_mux);
}
