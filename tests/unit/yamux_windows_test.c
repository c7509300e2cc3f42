/* SPDX-License-Identifier: ISC */
/* Tests of lib/yamux.c: how much may be sent, and how more is granted. */
#include "yamux_help.h"

static void
the_peers_window_limits_what_may_be_sent(void **state)
{
	(void)state;
	begin_server();
	open_stream();
	assert_int_equal(yamux_may_send(stream(2)), YAMUX_WINDOW_START);
	for (unsigned i = 0; i < 16; i++)
		say_data(2, YAMUX_DATA_MAX, false);
	assert_int_equal(yamux_may_send(stream(2)), YAMUX_WINDOW_START - 16 * YAMUX_DATA_MAX);
	say_data(2, yamux_may_send(stream(2)), false);
	assert_int_equal(yamux_may_send(stream(2)), 0);
	assert_string_equal(hear("00 01 0000 00000002 00000005"), "window2");
	assert_int_equal(yamux_may_send(stream(2)), 5);
	assert_string_equal(hear("00 01 0000 00000002 fffffffa"), "window2");
	assert_int_equal(yamux_may_send(stream(2)), UINT32_MAX);
	say_data(2, 0, true);
	assert_string_equal(hear("00 01 0000 00000002 00000000"), "");
	assert_string_equal(hear("00 01 0000 00000002 00000001"), "bad:a window over 2^32-1");
}

static void
a_window_for_a_direction_that_has_ended_is_no_event(void **state)
{
	(void)state;
	begin_server();
	hear_frame(WINDOW, SYN, 1, 0);
	say_data(1, 0, true);
	assert_string_equal(hear("00 01 0000 00000001 00000005  00 02 0002 00000000 00000000"),
	    "pong:0");
}

static void
grants_are_said_once_they_are_half_of_the_window(void **state)
{
	(void)state;
	begin_server();
	hear_frame(DATA, SYN, 1, YAMUX_WINDOW_START / 2);
	hear_bytes(YAMUX_WINDOW_START / 2);
	say();
	yamux_grant(y, stream(1), YAMUX_WINDOW_START / 2 - 1, false);
	assert_string_equal(say(), "");
	yamux_grant(y, stream(1), 1, false);
	assert_string_equal(say(), "00 01 0000 00000001 00020000");
	assert_int_equal(stream(1)->recv_window, YAMUX_WINDOW_START);
	yamux_grant(y, stream(1), 7, false);
	yamux_grant(y, stream(1), 0, true);
	say_data(1, 1, false);		/* data in between takes none of it along */
	assert_string_equal(say(), "00 01 0000 00000001 00000007");
	yamux_grant(y, stream(1), 0, true);
	assert_string_equal(say(), "");
}

static void
a_grant_held_back_is_said_when_the_peer_runs_short(void **state)
{
	(void)state;
	begin_server();
	hear_frame(DATA, SYN, 1, 0);
	say();
	yamux_grant(y, stream(1), 100, false);
	assert_string_equal(hear_frame(DATA, 0, 1, YAMUX_WINDOW_START), "");
	assert_int_equal(hear_bytes(YAMUX_WINDOW_START - 101), YAMUX_MORE);
	assert_string_equal(say(), "");
	assert_int_equal(hear_bytes(1), YAMUX_MORE);
	assert_string_equal(say(), "00 01 0000 00000001 00000064");
}

static void
a_small_grant_rides_along_with_another_frame(void **state)
{
	(void)state;
	begin_server();
	hear_frame(DATA, SYN, 1, 0);
	yamux_grant(y, stream(1), 7, false);
	assert_string_equal(say(), "00 01 0002 00000001 00000007");
	assert_int_equal(stream(1)->recv_window, YAMUX_WINDOW_START + 7);
}

static void
nothing_is_granted_behind_the_peers_end(void **state)
{
	(void)state;
	begin_server();
	hear_frame(DATA, SYN, 1, 0);
	say();
	yamux_grant(y, stream(1), 9, true);
	assert_true(yamux_has_out(y));
	hear_frame(DATA, FIN, 1, 0);
	assert_false(yamux_has_out(y));
	yamux_grant(y, stream(1), YAMUX_WINDOW_START, true);
	assert_string_equal(say(), "");
}

static void
no_window_is_granted_beyond_what_it_can_count(void **state)
{
	(void)state;
	begin_server();
	hear_frame(DATA, SYN, 1, 0);
	yamux_grant(y, stream(1), UINT32_MAX, true);
	yamux_grant(y, stream(1), UINT32_MAX, true);
	assert_string_equal(say(), "00 01 0002 00000001 fffbffff");
	assert_int_equal(stream(1)->recv_window, UINT32_MAX);
	yamux_grant(y, stream(1), 1, true);
	assert_string_equal(say(), "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_peers_window_limits_what_may_be_sent),
		cmocka_unit_test(a_window_for_a_direction_that_has_ended_is_no_event),
		cmocka_unit_test(grants_are_said_once_they_are_half_of_the_window),
		cmocka_unit_test(a_grant_held_back_is_said_when_the_peer_runs_short),
		cmocka_unit_test(a_small_grant_rides_along_with_another_frame),
		cmocka_unit_test(nothing_is_granted_behind_the_peers_end),
		cmocka_unit_test(no_window_is_granted_beyond_what_it_can_count),
	};

	return cmocka_run_group_tests(tests, NULL, free_machine);
}
