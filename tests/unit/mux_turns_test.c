/* SPDX-License-Identifier: ISC */
/* Tests of lib/mux.c: streams take turns, be there a lot to send or a peer that keeps us busy. */
#include "mux_help.h"

/* ---- a lot to send ---- */

static uint8_t raw[1u << 20];
static size_t raw_len, raw_wanted;
static int raw_fd;

static bool
raw_there(void)
{
	ssize_t n = recv(raw_fd, raw + raw_len, sizeof(raw) - raw_len, 0);

	raw_len += n > 0 ? (size_t)n : 0;
	return raw_len >= raw_wanted;
}

/* The lengths of the data frames in raw. */
static int
data_frames(uint32_t lengths[64])
{
	int n = 0;

	for (size_t at = 0; at + 12 <= raw_len; at += 12) {
		if (raw[at + 1] != 0)
			continue;
		lengths[n] = (uint32_t)raw[at + 9] << 16 | (uint32_t)raw[at + 10] << 8 |
		    raw[at + 11];
		at += lengths[n++];
	}
	return n;
}

/* All of the window but 62144 bytes is used up in pieces of any size, then a lot comes at once. */
static void
a_lot_goes_in_whole_frames_and_fills_the_window(void **state)
{
	uint32_t length[64];

	(void)state;
	raw_fd = start_raw(0, 0);
	ticks_begin();
	local = true;
	says(&visit()->visitor, 199995, false);
	raw_len = 0;
	raw_wanted = 200000;
	run_until(all_quiet);
	run_until(raw_there);
	says_at_once(&wires[0].visitor, 64000, false);
	raw_len = 0;
	raw_wanted = 4 * YAMUX_HEADER + 62144;
	run_until(all_quiet);
	run_until(raw_there);
	assert_int_equal(raw_len, raw_wanted);
	assert_int_equal(data_frames(length), 4);
	for (int i = 0; i < 4; i++)
		assert_int_equal(length[i], i == 3 ? 62144 - 3 * YAMUX_DATA_MAX : YAMUX_DATA_MAX);
	assert_int_equal(write(raw_fd, "\0\1\0\2\0\0\0\2\0\0\x30\0", 12), 12);
	raw_wanted += YAMUX_HEADER + 64000 - 62144;
	run_until(raw_there);
	assert_int_equal(raw_len, raw_wanted);
	ticks_end();
	close(raw_fd);
	finish();
}

static void
a_stream_that_moves_little_does_not_wait_for_one_that_moves_a_lot(void **state)
{
	uint32_t length[64];
	int n, at;

	(void)state;
	raw_fd = start_raw(0, 0);
	local = true;
	says_at_once(&visit()->visitor, 1u << 20, false);
	says_at_once(&visit()->visitor, 64, false);
	raw_len = 0;
	raw_wanted = 10 * YAMUX_FRAME_MAX;
	run_until(raw_there);
	n = data_frames(length);
	for (at = 2; at < n && length[at] > 64; at++)
		;
	assert_in_range(at, 2, 4);
	close(raw_fd);
	finish();
}

/* How many bytes stand in raw before the peer is told that we go; all of it: it is not. */
static size_t
bytes_before_goaway(void)
{
	size_t at = 0;

	while (at + YAMUX_HEADER <= raw_len && raw[at + 1] != 3)
		at += YAMUX_HEADER + (raw[at + 1] != 0 ? 0 : (size_t)raw[at + 8] << 24 |
		    (size_t)raw[at + 9] << 16 | (size_t)raw[at + 10] << 8 | raw[at + 11]);
	return at < raw_len ? at : raw_len;
}

static void
goaway_does_not_wait_for_streams_that_fill_what_is_sent_at_once(void **state)
{
	(void)state;
	raw_fd = start_raw(0, 0);
	local = true;
	for (int i = 0; i < 3; i++)
		visit();
	raw_len = 0;
	raw_wanted = 3 * (YAMUX_HEADER + 5);
	run_until(raw_there);
	for (int i = 0; i < 3; i++)
		says_at_once(&wires[i].visitor, YAMUX_WINDOW_START, false);
	mux_goaway(near.m);
	raw_len = 0;
	raw_wanted = 3 * (YAMUX_WINDOW_START - 5);
	run_until(raw_there);
	assert_in_range(bytes_before_goaway(), 0, MUX_OUT_SIZE);
	close(raw_fd);
	finish();
}

/* The most that waits in front of the socket while the peer reads, 16000 bytes in so many ms. */
static size_t
most_kept(size_t bytes, int64_t ms)
{
	size_t most = 0;

	for (size_t got = 0; got < bytes; skip_ms(ms)) {
		ssize_t n = recv(raw_fd, raw, 16000, 0);

		got += n > 0 ? (size_t)n : 0;
		run_due();
		if (near.m->pending != NULL && near.m->pending->len > most)
			most = near.m->pending->len;
	}
	return most;
}

/* Of a session with one visitor, who has said more than will be sent. */
static void
start_bulk(int most)
{
	raw_fd = start_raw(0, 0);
	narrow(near.io.fd, 32768);
	if (most > 0)		/* of what the peer's kernel takes */
		narrow(raw_fd, most);
	local = true;
	visit();
	raw_len = 0;
	raw_wanted = YAMUX_HEADER;
	run_until(raw_there);
	assert_int_equal(write(raw_fd, "\0\1\0\2\0\0\0\2\0\x80\0\0", 12), 12);
	wires[0].visitor.pieces = 16;
	says_at_once(&wires[0].visitor, 8u << 20, false);
}

static void
stop_bulk(void)
{
	close(raw_fd);
	finish();
}

static void
what_comes_next_waits_for_little_where_the_connection_is_slow(void **state)
{
	(void)state;
	start_bulk(0);
	(void)most_kept(1u << 20, 20);
	assert_in_range(most_kept(1u << 20, 20), 1, MUX_OUT_SIZE / 2);
	stop_bulk();
}

static void
nor_for_much_until_the_connection_is_known_to_be_fast(void **state)
{
	(void)state;
	start_bulk(4096);
	assert_in_range(most_kept(32768, 20), 1, MUX_OUT_SIZE / 8);
	stop_bulk();
}

static void
where_it_is_fast_a_lot_is_sent_at_once(void **state)
{
	(void)state;
	start_bulk(0);
	assert_in_range(most_kept(1u << 20, 0), MUX_OUT_SIZE / 4, MUX_OUT_SIZE);
	for (int i = 0; i < 20 && near.m->room < MUX_OUT_SIZE; i++)	/* we may be held up */
		(void)most_kept(1u << 16, 0);
	assert_int_equal(near.m->room, MUX_OUT_SIZE);
	stop_bulk();
}

/* ---- a peer that keeps us busy: the others have their turn all the same ---- */

static void
a_lot_of_little_frames_is_dealt_with_little_by_little(void **state)
{
	static const uint8_t frames[26] = { [7] = 2, [11] = 1, 'x', [20] = 4, [24] = 1, 'x' };
	int fd = start_raw(0, 0);

	(void)state;
	local = true;
	for (int i = 0; i < 2; i++) {
		visit();
		wires[i].visitor.deaf = true;
		party_wants(&wires[i].visitor);
	}
	run_turn();
	assert_int_equal(write(fd, frames, sizeof(frames)), sizeof(frames));
	run_turn();
	run_turn();
	for (int i = 0; i < 2000; i++)
		assert_int_equal(write(fd, frames, sizeof(frames)), sizeof(frames));
	run_turn();
	assert_in_range(wires[0].near.s.rx, 2, 1900);
	for (int i = 0; i < 10; i++)
		run_turn();
	assert_int_equal(wires[0].near.s.rx, 2001);
	assert_int_equal(wires[1].near.s.rx, 2001);
	close(fd);
	finish();
}

static void
a_lot_of_little_frames_of_one_stream_arrive_as_sent(void **state)
{
	static const uint8_t header[YAMUX_HEADER] = { [7] = 2, [11] = 1 };
	static uint8_t frames[500][sizeof(header) + 1];
	int fd = start_raw(0, 0);

	(void)state;
	for (size_t i = 0; i < 500; i++) {
		memcpy(frames[i], header, sizeof(header));
		frames[i][sizeof(header)] = *text_at(2, i);
	}
	visit()->service.to_send = 500;
	run_turn();
	assert_int_equal(write(fd, frames, sizeof(frames)), sizeof(frames));
	run_until(all_heard);
	close(fd);
	finish();
}

/* Frames that say the peer goes away, a byte in each record. */
static void
a_lot_of_little_records_is_dealt_with_little_by_little(void **state)
{
	int pair[2];

	(void)state;
	tcp_pair(pair);
	make_tls(pair);
	pool = mux_pool_new(loop);
	start_side(&near, YAMUX_SERVER, pair[0]);
	far = (struct side){ .io.fd = pair[1], .tls = far.tls };
	run_turn();
	run_turn();
	for (int i = 0; i < 500 * 12; i++)
		assert_int_equal(tls_write(far.tls,
		    (const uint8_t *)"\0\3\0\0\0\0\0\0\0\0\0\0" + i % 12, 1), TLS_OK);
	run_turn();
	assert_in_range(near.goaways, 1, 200);
	for (int i = 0; i < 10; i++)
		run_turn();
	assert_int_equal(near.goaways, 500);
	tls_drop(far.tls);
	wires_made = 0;
	finish();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		loop_test(a_lot_goes_in_whole_frames_and_fills_the_window),
		loop_test(a_stream_that_moves_little_does_not_wait_for_one_that_moves_a_lot),
		loop_test(goaway_does_not_wait_for_streams_that_fill_what_is_sent_at_once),
		loop_test(what_comes_next_waits_for_little_where_the_connection_is_slow),
		loop_test(nor_for_much_until_the_connection_is_known_to_be_fast),
		loop_test(where_it_is_fast_a_lot_is_sent_at_once),
		loop_test(a_lot_of_little_frames_is_dealt_with_little_by_little),
		loop_test(a_lot_of_little_frames_of_one_stream_arrive_as_sent),
		loop_test(a_lot_of_little_records_is_dealt_with_little_by_little),
	};

	return cmocka_run_group_tests(tests, set_up_mux, tear_down_mux);
}
