/* SPDX-License-Identifier: ISC */
/* Tests of lib/yamux.c: ends and resets of streams, what crosses them on the way, and GOAWAY. */
#include "yamux_help.h"

/* ---- ends, resets, and what crosses them on the way ---- */

static void
a_stream_is_over_when_both_ends_are_said(void **state)
{
	(void)state;
	begin_server();
	hear_frame(WINDOW, SYN, 1, 0);
	assert_string_equal(say_data(1, 3, true), "00 00 0006 00000001 00000003");
	assert_int_equal(yamux_may_send(stream(1)), 0);
	assert_false(yamux_over(stream(1)));
	assert_string_equal(hear_frame(DATA, FIN, 1, 0), "fin1");
	assert_true(yamux_over(stream(1)));
	assert_int_equal(yamux_streams(y), 0);

	hear_frame(WINDOW, SYN, 3, 0);
	assert_string_equal(hear_frame(DATA, FIN, 3, 0), "fin3");
	/* half-closed, good for an answer */
	assert_int_equal(yamux_may_send(stream(3)), YAMUX_WINDOW_START);
	assert_string_equal(say_data(3, 0, true), "00 00 0006 00000003 00000000");
	assert_int_equal(yamux_may_send(stream(3)), 0);
	assert_true(yamux_over(stream(3)));

	hear_frame(WINDOW, SYN | FIN, 5, 0);
	say_data(5, 0, true);
	assert_true(yamux_over(stream(5)));
	assert_string_equal(say(), "");
}

static void
an_end_is_heard_once(void **state)
{
	(void)state;
	begin_server();
	hear_frame(WINDOW, SYN, 1, 0);
	say_data(1, 0, true);
	assert_string_equal(hear("00 01 0004 00000001 00000000"), "fin1");
	assert_string_equal(hear("00 01 0004 00000001 00000000"), "");
	assert_string_equal(hear("00 01 0005 00000003 00000000  00 01 0004 00000003 00000000"),
	    "open3 fin3");
	assert_string_equal(say(), "00 01 0002 00000003 00000000");
	yamux_reset(y, stream(1));
	yamux_grant(y, stream(1), 1, true);
	assert_string_equal(say(), "");
	assert_int_equal(yamux_may_send(stream(1)), 0);
}

static void
what_comes_behind_an_end_is_swallowed_within_the_window(void **state)
{
	(void)state;
	begin_server();
	assert_string_equal(hear("00 00 0005 00000001 00000002 'ab'  "
	    "00 00 0000 00000001 00000002 'cd'"), "open1 data1:ab fin1");
	assert_string_equal(hear("00 00 000c 00000001 00000001 'e'"), "");
	assert_string_equal(hear_frame(DATA, 0, 1, YAMUX_WINDOW_START - 5), "");
	assert_int_equal(hear_bytes(YAMUX_WINDOW_START - 5), YAMUX_MORE);
	/* our direction goes on */
	assert_string_equal(hear("00 01 0000 00000001 00000002"), "window1");
	yamux_reset(y, stream(1));	/* which allows the peer no second window */
	assert_string_equal(hear_frame(DATA, 0, 1, 1), "bad:data beyond the window");
}

static void
a_reset_ends_both_directions_at_once(void **state)
{
	(void)state;
	begin_server();
	say_data(open_stream(), 1, false);
	hear_frame(WINDOW, SYN, 1, 0);
	yamux_grant(y, stream(2), 1, true);
	yamux_reset(y, stream(1));
	yamux_reset(y, stream(2));
	assert_true(yamux_has_out(y));
	assert_int_equal(yamux_streams(y), 0);
	assert_true(yamux_over(stream(1)) && yamux_over(stream(2)));
	assert_string_equal(say(), "00 01 0008 00000001 00000000, 00 01 0008 00000002 00000000");
	assert_string_equal(say(), "");
}

static void
a_stream_the_peer_never_heard_of_is_dropped_in_silence(void **state)
{
	(void)state;
	begin(YAMUX_SERVER, 1, true);
	open_stream();
	yamux_reset(y, stream(2));
	assert_string_equal(say(), "");
	assert_int_equal(open_stream(), 4);
	assert_string_equal(say(), "00 01 0001 00000004 00000000");
}

static void
resets_that_cross_on_the_way_are_no_fault(void **state)
{
	(void)state;
	begin_server();
	hear_frame(WINDOW, SYN, 1, 0);
	say_data(open_stream(), 1, false);
	yamux_reset(y, stream(1));
	yamux_reset(y, stream(2));
	assert_string_equal(hear("00 00 0000 00000001 00000004 'late'  "
	    "00 01 0000 00000001 00000007"), "");
	assert_string_equal(hear("00 00 0002 00000002 00000004 'late'  "
	    "00 01 0004 00000002 00000000"), "");
	assert_string_equal(hear("00 01 0008 00000001 00000000  00 01 0008 00000002 00000000"), "");
	/* what both windows allowed */
	assert_string_equal(hear_frame(DATA, 0, 1, 2 * YAMUX_WINDOW_START - 8), "");
	assert_int_equal(hear_bytes(2 * YAMUX_WINDOW_START - 8), YAMUX_MORE);
	assert_string_equal(hear_frame(DATA, 0, 1, 1), "bad:data beyond the window");
}

static void
what_comes_behind_the_peers_own_reset_is_swallowed_too(void **state)
{
	(void)state;
	begin_server();
	assert_string_equal(hear("00 00 0009 00000001 00000001 'x'  "
	    "00 00 0000 00000001 00000001 'y'"), "open1 data1:x reset1");
	assert_string_equal(hear_frame(DATA, 0, 1, YAMUX_WINDOW_START - 1),
	    "bad:data beyond the window");
}

static void
a_reset_amid_a_data_frame_swallows_the_rest(void **state)
{
	(void)state;
	begin_server();
	assert_string_equal(hear("00 00 0005 00000001 00000006 'abc'"), "open1 data1:abc");
	yamux_reset(y, stream(1));
	memset(stream(1), 0xa5, sizeof(struct yamux_stream));	/* its memory may be gone */
	assert_string_equal(hear("'def' 00 01 0001 00000003 00000000"), "open3");
	assert_string_equal(say(), "00 01 0008 00000001 00000000, 00 01 0002 00000003 00000000");
}

static void
a_reset_by_the_peer_takes_the_stream_out_of_the_queue(void **state)
{
	(void)state;
	begin_server();
	for (uint32_t id = 1; id <= 9; id += 2)
		hear_frame(WINDOW, SYN, id, 0);
	for (uint32_t id = 1; id <= 9; id += 4) {	/* first, middle, last */
		hear_frame(WINDOW, RST, id, 0);
		memset(stream(id), 0xa5, sizeof(struct yamux_stream));
	}
	assert_string_equal(say(), "00 01 0002 00000003 00000000, 00 01 0002 00000007 00000000");
	yamux_grant(y, stream(7), 1, true);
	hear_frame(WINDOW, RST, 7, 0);
	assert_false(yamux_has_out(y));
	yamux_grant(y, stream(3), 1, true);
	assert_string_equal(say(), "00 01 0000 00000003 00000001");
}

/* ---- GOAWAY ---- */

static void
after_the_peers_goaway_nothing_can_be_opened(void **state)
{
	(void)state;
	begin_server();
	say_data(open_stream(), 1, false);
	assert_string_equal(hear("00 03 0000 00000000 00000000"), "goaway:0");
	assert_int_equal(open_stream(), 0);
	/* what is open goes on */
	assert_string_equal(hear("00 00 0002 00000002 00000001 'x'"), "data2:x");
	assert_string_equal(hear("00 03 0000 00000000 00000002"), "goaway:2");
}

static void
after_our_goaway_the_peer_opens_nothing_any_more(void **state)
{
	(void)state;
	begin_server();
	hear_frame(WINDOW, SYN, 1, 0);
	yamux_goaway(y, YAMUX_GOAWAY_NORMAL);
	yamux_grant(y, stream(1), 1, true);
	assert_int_equal(open_stream(), 0);
	assert_string_equal(hear("00 00 0001 00000003 00000001 'x'  "
	    "00 00 0000 00000001 00000001 'y'"), "data1:y");
	assert_string_equal(say(),
	    "00 01 0008 00000003 00000000, 00 01 0002 00000001 00000001, "
	    "00 03 0000 00000000 00000000");
	yamux_goaway(y, YAMUX_GOAWAY_INTERNAL);
	assert_string_equal(say(), "00 03 0000 00000000 00000002");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stream_is_over_when_both_ends_are_said),
		cmocka_unit_test(an_end_is_heard_once),
		cmocka_unit_test(what_comes_behind_an_end_is_swallowed_within_the_window),
		cmocka_unit_test(a_reset_ends_both_directions_at_once),
		cmocka_unit_test(a_stream_the_peer_never_heard_of_is_dropped_in_silence),
		cmocka_unit_test(resets_that_cross_on_the_way_are_no_fault),
		cmocka_unit_test(what_comes_behind_the_peers_own_reset_is_swallowed_too),
		cmocka_unit_test(a_reset_amid_a_data_frame_swallows_the_rest),
		cmocka_unit_test(a_reset_by_the_peer_takes_the_stream_out_of_the_queue),
		cmocka_unit_test(after_the_peers_goaway_nothing_can_be_opened),
		cmocka_unit_test(after_our_goaway_the_peer_opens_nothing_any_more),
	};

	return cmocka_run_group_tests(tests, NULL, free_machine);
}
