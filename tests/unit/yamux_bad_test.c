/* SPDX-License-Identifier: ISC */
/* Tests of lib/yamux.c: all that can be wrong; limits and floods. */
#include "yamux_help.h"

/* ---- what is wrong ---- */

static void
every_wrong_field_ends_the_session(void **state)
{
	static const struct {
		const char *hex, *events;
	} c[] = {
		{ "01 01 0001 00000001 00000000", "bad:not yamux version 0" },
		{ "11", "bad:not yamux version 0" },
		{ "00 04", "bad:a frame of unknown type" },
		{ "00 ff 0001 00000001 00000000", "bad:a frame of unknown type" },
		{ "00 01 0001 00000000 00000000", "bad:a stream with the id 0" },
		{ "00 00 0000 00000000 00000000", "bad:a stream with the id 0" },
		{ "00 01 0001 00000002 00000000", "bad:a stream opened with an id of ours" },
		{ "00 01 0000 00000001 00000000", "bad:a frame of a stream never opened" },
		{ "00 00 0000 00000001 00000001 'x'", "bad:a frame of a stream never opened" },
		{ "00 00 0002 00000002 00000000", "bad:a frame of a stream never opened" },
		{ "00 01 0004 00000001 00000000", "bad:a frame of a stream never opened" },
		{ "00 01 0008 00000001 00000000", "bad:a frame of a stream never opened" },
		{ "00 01 0001 00000003 00000000  00 01 0008 00000001 00000000",
		    "open3 bad:a frame of a stream never opened" },
		{ "00 01 0001 00000001 00000000  00 01 0000 00000003 00000000",
		    "open1 bad:a frame of a stream never opened" },
		{ "00 01 0001 00000001 00000000  00 01 0001 00000001 00000000",
		    "open1 bad:a stream opened twice" },
		{ "00 01 000d 00000001 00000000  00 01 0001 00000001 00000000",
		    "open1 fin1 reset1 bad:a stream opened twice" },
		{ "00 01 0001 00000001 fffc0000", "open1 bad:a window over 2^32-1" },
		{ "00 01 0001 00000001 fffbffff  00 01 0000 00000001 00000001",
		    "open1 window1 bad:a window over 2^32-1" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(c); i++) {
		begin_server();
		assert_string_equal(hear(c[i].hex), c[i].events);
		/* for ever */
		assert_string_equal(hear("00 02 0001 00000000 00000000"),
		    strstr(c[i].events, "bad:"));
		forget();
		assert_non_null(strstr(say(), "00 03 0000 00000000 00000001"));
		assert_false(yamux_has_out(y));
	}
}

static void
a_stream_of_ours_is_known_to_the_peer_once_its_syn_is_out(void **state)
{
	(void)state;
	begin_server();
	open_stream();
	assert_string_equal(hear("00 01 0000 00000002 00000001"),
	    "bad:a frame of a stream never opened");
	begin_server();
	open_stream();
	say_data(2, 1, false);
	assert_string_equal(hear("00 01 0002 00000002 00000001"), "window2");
	begin(YAMUX_SERVER, 1, true);
	open_stream();
	say();
	assert_string_equal(hear("00 01 0002 00000002 00000001"), "window2");
}

static void
every_prefix_of_a_frame_waits_for_more(void **state)
{
	uint8_t bytes[64];
	size_t len = bytes_of("00 00 0005 00000001 00000003 'abc'", bytes);

	(void)state;
	for (size_t n = 0; n < YAMUX_HEADER; n++) {
		begin_server();
		forget();
		assert_int_equal(feed(bytes, n), YAMUX_MORE);
		assert_string_equal(text, "");
	}
	for (size_t n = YAMUX_HEADER; n < len; n++) {
		begin_server();
		forget();
		assert_int_equal(feed(bytes, n), YAMUX_MORE);
		assert_null(strstr(text, "fin"));
	}
}

static void
data_fits_its_window_or_ends_the_session(void **state)
{
	(void)state;
	begin_server();
	hear_frame(DATA, SYN, 1, 0);
	assert_string_equal(hear_frame(DATA, 0, 1, YAMUX_WINDOW_START + 1),
	    "bad:data beyond the window");
	begin_server();
	hear_frame(DATA, SYN, 1, 0);
	assert_string_equal(hear_frame(DATA, 0, 1, YAMUX_WINDOW_START), "");
	assert_int_equal(hear_bytes(YAMUX_WINDOW_START), YAMUX_MORE);
	assert_int_equal(stream(1)->recv_window, 0);
	assert_string_equal(hear_frame(DATA, 0, 1, 1), "bad:data beyond the window");
	begin_server();
	hear_frame(DATA, SYN, 1, 0);
	assert_string_equal(hear_frame(DATA, 0, 1, UINT32_MAX), "bad:data beyond the window");
}

static void
data_with_the_syn_fits_the_first_window_or_opens_nothing(void **state)
{
	(void)state;
	begin_server();
	assert_string_equal(hear_frame(DATA, SYN, 1, YAMUX_WINDOW_START + 1),
	    "bad:data beyond the window");
	assert_int_equal(yamux_streams(y), 0);
	begin_server();
	assert_string_equal(hear_frame(DATA, SYN | FIN, 1, UINT32_MAX),
	    "bad:data beyond the window");
	begin_server();
	assert_string_equal(hear_frame(DATA, SYN | FIN, 1, YAMUX_WINDOW_START), "open1");
	assert_int_equal(hear_bytes(YAMUX_WINDOW_START), YAMUX_MORE);
	assert_string_equal(hear_frame(DATA, 0, 1, 1), "bad:data beyond the window");
}

static void
a_window_that_was_granted_counts_once_it_was_said(void **state)
{
	(void)state;
	begin_server();
	hear_frame(DATA, SYN, 1, YAMUX_WINDOW_START);
	hear_bytes(YAMUX_WINDOW_START);
	say();
	yamux_grant(y, stream(1), 100, true);
	assert_int_equal(stream(1)->recv_window, 0);
	assert_string_equal(say(), "00 01 0000 00000001 00000064");
	assert_string_equal(hear_frame(DATA, 0, 1, 100), "");
	assert_int_equal(hear_bytes(100), YAMUX_MORE);
	yamux_grant(y, stream(1), 100, true);
	assert_string_equal(hear_frame(DATA, 0, 1, 1), "bad:data beyond the window");
}

/* ---- limits and floods ---- */

static void
opens_beyond_the_limit_are_reset_without_an_event(void **state)
{
	(void)state;
	begin(YAMUX_SERVER, 2, false);
	assert_string_equal(hear("00 01 0001 00000001 00000000  00 01 0001 00000003 00000000"),
	    "open1 open3");
	assert_string_equal(hear("00 00 0005 00000005 00000003 'abc'  "
	    "00 00 0000 00000003 00000001 '3'"), "data3:3");
	assert_int_equal(yamux_streams(y), 2);
	assert_string_equal(say(),
	    "00 01 0008 00000005 00000000, 00 01 0002 00000001 00000000, "
	    "00 01 0002 00000003 00000000");
	yamux_reset(y, stream(1));
	/* the peer has not been told yet */
	assert_string_equal(hear_frame(WINDOW, SYN, 7, 0), "");
	assert_string_equal(say(), "00 01 0008 00000001 00000000, 00 01 0008 00000007 00000000");
	assert_string_equal(hear_frame(WINDOW, SYN, 9, 0), "open9");
	assert_string_equal(hear_frame(WINDOW, RST, 9, 0), "reset9");
	assert_string_equal(hear_frame(WINDOW, SYN, 11, 0), "open11");
	assert_int_equal(open_stream(), 2);		/* those of ours are another matter */
}

static void
refused_streams_are_reset_and_what_belongs_to_them_swallowed(void **state)
{
	(void)state;
	begin_server();
	refuse = true;
	assert_string_equal(hear("00 00 0005 00000001 00000003 'abc'  "
	    "00 00 0000 00000001 00000002 'de'"), "open1 refused");
	assert_string_equal(hear("00 01 0000 00000001 00000009  00 01 000c 00000001 00000000"), "");
	assert_string_equal(say(), "00 01 0008 00000001 00000000");
	assert_int_equal(yamux_streams(y), 0);
	assert_string_equal(hear("00 01 0001 00000003 00000000"), "open3 refused");
	/* What the peer thought it might. */
	assert_string_equal(hear_frame(DATA, 0, 3, 2 * YAMUX_WINDOW_START - 5), "");
	assert_int_equal(hear_bytes(2 * YAMUX_WINDOW_START - 5), YAMUX_MORE);
	assert_string_equal(hear_frame(DATA, 0, 3, 1), "bad:data beyond the window");
}

static void
a_flood_of_opens_to_reset_ends_the_session(void **state)
{
	uint32_t id = 1;

	(void)state;
	begin(YAMUX_SERVER, 3, false);
	for (unsigned i = 0; i < 3 * YAMUX_RESETS_MAX; i++, id += 2) {
		hear_frame(WINDOW, SYN, id, 0);
		if (i % 100 == 0)
			say();
	}
	say();
	for (unsigned i = 0; i < 3 + YAMUX_RESETS_MAX; i++, id += 2)
		assert_string_equal(hear_frame(WINDOW, SYN, id, 0), "");
	assert_string_equal(hear_frame(WINDOW, SYN, id, 0), "bad:reset flood");

	/* nor may the owner's own resets be heaped up */
	begin(YAMUX_SERVER, 3, false);
	for (id = 1; id < 2 * (3 + YAMUX_RESETS_MAX); id += 2) {
		hear_frame(WINDOW, SYN, id, 0);
		for (unsigned i = 0; i < lanes; i++)
			yamux_reset(y, &lane[i].s);
		assert_null(yamux_why(y));
	}
	assert_string_equal(hear_frame(WINDOW, SYN, id, 0), "bad:reset flood");
}

/* The id in the next frame, a reset. */
static uint32_t
reset_said(void)
{
	uint8_t out[YAMUX_HEADER];

	assert_int_equal(yamux_out(y, out, sizeof(out)), YAMUX_HEADER);
	assert_int_equal(out[3], RST);
	return (uint32_t)out[4] << 24 | (uint32_t)out[5] << 16 | (uint32_t)out[6] << 8 | out[7];
}

static void
many_streams_of_ours_may_be_reset_at_once(void **state)
{
	uint32_t said = 0;

	(void)state;
	begin_server();
	for (unsigned i = 0; i < LANES; i++)
		say_data(open_stream(), 1, false);
	for (unsigned i = 0; i < LANES; i++)
		yamux_reset(y, &lane[i].s);
	for (unsigned i = 0; i < 3000; i++) {		/* one after the other, too */
		lanes = 0;
		say_data(open_stream(), 1, false);
		yamux_reset(y, &lane[0].s);
		if (i % 8 == 0)
			assert_int_equal(reset_said(), said += 2);
	}
	assert_string_equal(hear("00 01 0001 00000001 00000000"), "open1");
	while (said < 2 * (LANES + 3000))
		assert_int_equal(reset_said(), said += 2);
	assert_string_equal(say(), "00 01 0002 00000001 00000000");
}

static void
pings_are_answered_with_their_value_and_a_flood_ends_the_session(void **state)
{
	(void)state;
	begin_server();
	assert_string_equal(hear("00 02 0001 00000000 00000001  00 02 0001 00000000 deadbeef"),
	    "");
	assert_string_equal(say(), "00 02 0002 00000000 00000001, 00 02 0002 00000000 deadbeef");
	for (unsigned i = 0; i < 5 * YAMUX_PINGS_MAX; i++) {
		assert_string_equal(hear_frame(PING, SYN, 0, i), "");
		if (i % YAMUX_PINGS_MAX == 3)
			say();
	}
	say();
	for (unsigned i = 0; i < YAMUX_PINGS_MAX; i++)
		assert_string_equal(hear_frame(PING, SYN, 0, i), "");
	assert_string_equal(hear_frame(PING, SYN, 0, 0), "bad:ping flood");
}

static void
our_ping_goes_once_and_its_answer_is_told(void **state)
{
	(void)state;
	begin_client();
	yamux_ping(y, 1);
	yamux_ping(y, 0x89abcdef);
	assert_string_equal(say(), "00 02 0001 00000000 89abcdef");
	assert_string_equal(say(), "");
	assert_string_equal(hear("00 02 0002 00000000 89abcdef"), "pong:89abcdef");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_wrong_field_ends_the_session),
		cmocka_unit_test(a_stream_of_ours_is_known_to_the_peer_once_its_syn_is_out),
		cmocka_unit_test(every_prefix_of_a_frame_waits_for_more),
		cmocka_unit_test(data_fits_its_window_or_ends_the_session),
		cmocka_unit_test(data_with_the_syn_fits_the_first_window_or_opens_nothing),
		cmocka_unit_test(a_window_that_was_granted_counts_once_it_was_said),
		cmocka_unit_test(opens_beyond_the_limit_are_reset_without_an_event),
		cmocka_unit_test(refused_streams_are_reset_and_what_belongs_to_them_swallowed),
		cmocka_unit_test(a_flood_of_opens_to_reset_ends_the_session),
		cmocka_unit_test(many_streams_of_ours_may_be_reset_at_once),
		cmocka_unit_test(pings_are_answered_with_their_value_and_a_flood_ends_the_session),
		cmocka_unit_test(our_ping_goes_once_and_its_answer_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, free_machine);
}
