/* SPDX-License-Identifier: ISC */
/* Tests of lib/yamux.c: what is said and heard, byte for byte. */
#include "yamux_help.h"

static void
the_ancestors_client_says_what_it_always_said(void **state)
{
	(void)state;
	begin(YAMUX_CLIENT, 100, true);
	assert_int_equal(open_stream(), 1);
	assert_string_equal(say(), "00 01 0001 00000001 00000000");
	assert_string_equal(say_data(1, 10, false), "00 00 0000 00000001 0000000a");
	assert_string_equal(say_data(1, 0, true), "00 01 0004 00000001 00000000");
	assert_string_equal(hear("00 01 0002 00000001 00000000  00 01 0004 00000001 00000000"),
	    "fin1");
	assert_true(yamux_over(stream(1)));

	/* a visitor */
	assert_string_equal(hear("00 01 0001 00000002 00000000  00 00 0000 00000002 00000002 'hi'"),
	    "open2 data2:hi");
	assert_string_equal(say(), "00 01 0002 00000002 00000000");
	assert_string_equal(say_data(2, 5, false), "00 00 0000 00000002 00000005");
	assert_string_equal(say_data(2, 0, true), "00 01 0004 00000002 00000000");
	assert_string_equal(hear("00 01 0004 00000002 00000000"), "fin2");
	assert_true(yamux_over(stream(2)));
}

static void
the_ancestors_server_says_what_it_always_said(void **state)
{
	(void)state;
	begin(YAMUX_SERVER, 100, true);
	assert_string_equal(hear("00 01 0001 00000001 00000000"), "open1");
	assert_string_equal(say(), "00 01 0002 00000001 00000000");
	/* a NUL */
	assert_string_equal(hear("00 00 0000 00000001 0000000a 1111 0006 's3cret'"),
	    "data1:\x11\x11");
	assert_string_equal(hear("00 01 0004 00000001 00000000"), "fin1");
	assert_string_equal(say_data(1, 0, true), "00 01 0004 00000001 00000000");
	assert_true(yamux_over(stream(1)));

	/* visitors */
	assert_int_equal(open_stream(), 2);
	assert_string_equal(say(), "00 01 0001 00000002 00000000");
	assert_string_equal(say_data(2, 2, false), "00 00 0000 00000002 00000002");
	assert_string_equal(hear("00 01 0002 00000002 00000000  "
	    "00 00 0000 00000002 00000005 'hello'"), "data2:hello");
	assert_int_equal(open_stream(), 4);
	assert_int_equal(open_stream(), 6);
	assert_string_equal(say(), "00 01 0001 00000004 00000000, 00 01 0001 00000006 00000000");
}

static void
the_handshake_may_come_in_the_frame_that_opens(void **state)
{
	(void)state;
	begin_server();
	assert_string_equal(hear("00 00 0001 00000001 00000003 'abc'"), "open1 data1:abc");
	begin_server();
	assert_string_equal(hear("00 00 0005 00000001 00000003 'abc'"), "open1 data1:abc fin1");
	assert_string_equal(say_data(1, 0, true),
	    "00 00 0006 00000001 00000000");	/* one frame for both */
	assert_string_equal(say(), "");
	assert_true(yamux_over(stream(1)));
}

static void
the_first_data_frame_opens_or_acknowledges(void **state)
{
	(void)state;
	begin_server();
	assert_int_equal(open_stream(), 2);
	assert_string_equal(say(), "");
	assert_string_equal(say_data(2, 0x1234, false), "00 00 0001 00000002 00001234");
	assert_string_equal(say_data(2, 1, false), "00 00 0000 00000002 00000001");
	assert_string_equal(hear("00 01 0001 00000001 00000000"), "open1");
	assert_true(yamux_has_out(y));
	assert_string_equal(say_data(1, YAMUX_DATA_MAX, true), "00 00 0006 00000001 00003ff4");
	assert_string_equal(say(), "");
	assert_string_equal(hear("00 01 0001 00000003 00000000"), "open3");
	assert_string_equal(say_data(3, 0, true), "00 00 0006 00000003 00000000");
	assert_string_equal(say(), "");
}

static void
a_stream_without_data_is_opened_by_its_end(void **state)
{
	(void)state;
	begin_server();
	open_stream();
	assert_string_equal(say_data(2, 0, true), "00 00 0005 00000002 00000000");
	assert_string_equal(say(), "");
}

static void
the_ancestors_way_an_end_without_data_is_a_window_frame(void **state)
{
	(void)state;
	begin(YAMUX_SERVER, 100, true);
	assert_string_equal(hear("00 01 0001 00000001 00000000"), "open1");
	assert_string_equal(say_data(1, 0, true), "00 01 0006 00000001 00000000");
	assert_string_equal(say(), "");
	begin_server();
	assert_string_equal(hear("00 01 0001 00000001 00000000"), "open1");
	assert_string_equal(say_data(1, 0, true), "00 00 0006 00000001 00000000");
}

static void
streams_are_opened_in_the_order_of_their_ids(void **state)
{
	(void)state;
	begin_server();
	for (int i = 0; i < 3; i++)
		open_stream();
	yamux_grant(y, stream(6), 1, true);
	assert_string_equal(say(),
	    "00 01 0001 00000002 00000000, 00 01 0001 00000004 00000000, "
	    "00 01 0001 00000006 00000001");
	open_stream();
	assert_string_equal(say_data(8, 1, false), "00 00 0001 00000008 00000001");
	open_stream();
	assert_string_equal(say(), "");
	yamux_reset(y, stream(10));
	assert_int_equal(open_stream(), 12);
	assert_string_equal(say(), "");
}

static void
the_flags_of_one_frame_make_events_in_order(void **state)
{
	static const struct {
		const char *hex, *events;
	} c[] = {
		{ "00 00 0001 00000001 00000000", "open1" },
		{ "00 00 000f 00000001 00000001 'x'", "open1 data1:x fin1 reset1" },
		{ "00 00 0009 00000001 00000001 'x'", "open1 data1:x reset1" },
		{ "00 00 0005 00000001 00000000", "open1 fin1" },
		{ "00 01 000f 00000001 00000007", "open1 window1 fin1 reset1" },
		{ "00 01 0009 00000001 00000000", "open1 reset1" },
		{ "00 01 0001 00000001 00000001  00 01 0002 00000001 00000000", "open1 window1" },
		{ "00 01 0001 00000001 00000000  00 01 0000 00000001 00000000", "open1" },
		{ "00 01 0001 00000001 00000000  00 00 0000 00000001 00000000", "open1" },
		{ "00 01 fff1 00000001 00000000", "open1" },	/* flags nobody knows of are none */
	};

	(void)state;
	for (size_t i = 0; i < COUNT(c); i++) {
		begin_server();
		assert_string_equal(hear(c[i].hex), c[i].events);
	}
}

/* All there is in one session's input. */
static const char everything[] =
    "00 01 0001 00000001 00000000  00 00 0000 00000001 00000006 'abcdef'  "
    "00 02 0001 00000000 cafe0001"
    "00 00 0001 00000003 00000003 'xyz'  00 01 0000 00000001 00000100  00 02 0002 00000000 12345678"
    "00 00 0004 00000001 00000002 'gh'  00 01 000a 00000003 00000000  "
    "00 00 0000 00000003 00000004 'late'"
    "00 00 0005 00000007 00000001 '7'  00 03 0000 00000000 00000002  "
    "00 00 0000 00000001 00000005 'later'";
static const char everything_seen[] =
    "open1 data1:abcdef open3 data3:xyz window1 pong:12345678 data1:gh fin1 reset3 "
    "open7 data7:7 fin7 goaway:2";

static void
every_split_makes_the_same_events(void **state)
{
	uint8_t bytes[512];
	size_t len = bytes_of(everything, bytes);

	(void)state;
	begin_server();
	assert_string_equal(hear(everything), everything_seen);
	for (size_t cut = 0; cut <= len; cut++) {
		begin_server();
		forget();
		assert_int_equal(feed(bytes, cut), YAMUX_MORE);
		assert_int_equal(feed(bytes + cut, len - cut), YAMUX_MORE);
		assert_string_equal(text + 1, everything_seen);
	}
}

static void
bytes_one_by_one_make_the_same_events(void **state)
{
	uint8_t bytes[512];
	size_t len = bytes_of(everything, bytes);

	(void)state;
	begin_server();
	forget();
	for (size_t i = 0; i < len; i++) {
		assert_int_equal(feed(bytes + i, 1), YAMUX_MORE);
		assert_int_equal(feed(bytes, 0), YAMUX_MORE);
	}
	assert_string_equal(text + 1, everything_seen);
}

/* ---- what goes out, and how it fits ---- */

static void
control_frames_go_in_their_order_and_never_in_part(void **state)
{
	static const char *const wanted[] = { "00 02 0002 00000000 00000005",
		"00 02 0001 00000000 00000006", "00 01 0008 00000001 00000000",
		"00 01 0002 00000003 00000000", "00 01 0001 00000002 00000007",
		"00 03 0000 00000000 00000000" };

	(void)state;
	for (size_t size = YAMUX_HEADER; size < 7 * YAMUX_HEADER; size++) {
		size_t frame = 0, n;
		uint8_t *out;

		begin_server();
		open_stream();
		hear("00 01 0001 00000001 00000000  00 01 0001 00000003 00000000  "
		    "00 02 0001 00000000 00000005");
		yamux_goaway(y, YAMUX_GOAWAY_NORMAL);
		yamux_grant(y, stream(2), 7, true);
		yamux_reset(y, stream(1));
		yamux_ping(y, 6);
		out = malloc(size);
		while ((n = yamux_out(y, out, size)) > 0) {
			for (size_t i = 0; i < n; i += YAMUX_HEADER) {
				forget();
				note_header(out + i);
				assert_true(frame < COUNT(wanted));
				assert_string_equal(text, wanted[frame++]);
			}
			assert_true(yamux_has_out(y) == (frame < COUNT(wanted)));
		}
		free(out);
		assert_int_equal(frame, COUNT(wanted));
	}
	yamux_ping(y, 6);
	assert_int_equal(yamux_out(y, (uint8_t[YAMUX_HEADER]){ 0 }, YAMUX_HEADER - 1), 0);
	assert_true(yamux_has_out(y));
	begin_server();
	hear("00 02 0001 00000000 00000005");
	assert_true(yamux_has_out(y));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_ancestors_client_says_what_it_always_said),
		cmocka_unit_test(the_ancestors_server_says_what_it_always_said),
		cmocka_unit_test(the_handshake_may_come_in_the_frame_that_opens),
		cmocka_unit_test(the_first_data_frame_opens_or_acknowledges),
		cmocka_unit_test(a_stream_without_data_is_opened_by_its_end),
		cmocka_unit_test(the_ancestors_way_an_end_without_data_is_a_window_frame),
		cmocka_unit_test(streams_are_opened_in_the_order_of_their_ids),
		cmocka_unit_test(the_flags_of_one_frame_make_events_in_order),
		cmocka_unit_test(every_split_makes_the_same_events),
		cmocka_unit_test(bytes_one_by_one_make_the_same_events),
		cmocka_unit_test(control_frames_go_in_their_order_and_never_in_part),
	};

	return cmocka_run_group_tests(tests, NULL, free_machine);
}
