/* SPDX-License-Identifier: ISC */
/*
 * Tests of lib/relay.c: every byte, both ways, by buffer and by pipe; slow readers;
 * what makes short reads.
 */
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include "relay_help.h"

static int refusal;	/* what the next splice fails with, 0: none */

/* In front of libc's. */
ssize_t
splice(int from, loff_t *from_at, int to, loff_t *to_at, size_t len, unsigned flags)
{
	errno = refusal;
	refusal = 0;
	return errno != 0 ? -1 : syscall(SYS_splice, from, from_at, to, to_at, len, flags);
}

static bool share_is_used_up;	/* the user's, of memory for pipes: a setting of the machine */

int
fcntl(int fd, int cmd, ...)
{
	va_list rest;
	long arg;

	va_start(rest, cmd);
	arg = va_arg(rest, long);
	va_end(rest);
	if (cmd != F_SETPIPE_SZ || !share_is_used_up)
		return (int)syscall(SYS_fcntl, fd, cmd, arg);
	syscall(SYS_fcntl, fd, cmd, 8192L);
	errno = EPERM;
	return -1;
}

static void
all_bytes_arrive_both_ways_in_pieces_of_any_size(void **state)
{
	static const uint32_t piece[] = { 1, 7, 1000, PIECE };

	(void)state;
	for (size_t i = 0; i < sizeof(piece) / sizeof(piece[0]); i++) {
		exchange(unix_pair, 0, piece[i] * 300, piece[i]);
		exchange(unix_pair, 8, piece[i] * 300, piece[i]);
		exchange(tcp_pair, 0, piece[i] * 300, piece[i]);
		exchange(tcp_pair, 8, piece[i] * 300, piece[i]);
	}
}

static void
large_transfers_go_through_pipes_where_there_are_some(void **state)
{
	(void)state;
	exchange(tcp_pair, 8, 16 << 20, PIECE);
	assert_true(spliced[0] || spliced[1]);
	exchange(tcp_pair, 1, 4 << 20, PIECE);	/* one of the two has to do without */
	exchange(unix_pair, 8, 8 << 20, PIECE);
	exchange(tcp_pair, 0, 8 << 20, PIECE);
}

/* A seccomp filter says EPERM, some kernels that are not Linux say ENOSYS. */
static void
large_transfers_do_without_splice_where_it_is_refused(void **state)
{
	static const int why[] = { EPERM, ENOSYS, EINVAL };

	(void)state;
	for (size_t i = 0; i < sizeof(why) / sizeof(why[0]); i++) {
		refusal = why[i];
		exchange(tcp_pair, 8, 16 << 20, PIECE);
		assert_int_equal(refusal, 0);
	}
}

static void
large_transfers_do_without_pipes_of_two_pages(void **state)
{
	(void)state;
	share_is_used_up = true;
	refusal = EIO;		/* what would end the transfer */
	exchange(tcp_pair, 8, 16 << 20, PIECE);
	assert_int_equal(refusal, EIO);
	share_is_used_up = false;
	refusal = 0;
}

static void
what_was_read_before_is_written_first_and_not_counted(void **state)
{
	struct spill *spill = spill_new(1000);

	(void)state;
	join(tcp_pair, 8);
	spill->at = 10;
	spill->len = 990;
	memcpy(spill->bytes + 10, text_at(1, 0), 990);
	relay_preload(relay, 1, spill);
	client.sent = client.to_send = 990;
	watch_relay();
	says(&client, 5000, true);
	says(&server, 0, true);
	run_until(both_ended);
	assert_int_equal(server.received, 5990);
	assert_int_equal(relay->bytes[0], 5000);
	part();
}

static void
a_preload_longer_than_the_sink_takes_is_not_lost(void **state)
{
	enum { LEN = 8 << 20 };
	struct spill *spill = spill_new(LEN);

	(void)state;
	join(unix_pair, 0);
	spill->len = LEN;
	for (uint32_t i = 0; i < LEN; i += PIECE)
		memcpy(spill->bytes + i, text_at(1, i), PIECE);
	relay_preload(relay, 1, spill);
	client.sent = client.to_send = LEN;
	watch_relay();
	says(&client, 100, true);
	says(&server, 0, true);
	run_until(both_ended);
	assert_int_equal(server.received, LEN + 100);
	part();
}

static void
events_noted_before_the_start_count(void **state)
{
	(void)state;
	join(unix_pair, 0);
	says(&client, 1000, true);
	run_turn();
	relay_note(relay, 0, EV_READ | EV_WRITE | EV_EOF);
	relay_note(relay, 1, EV_WRITE);
	assert_int_equal(pump(0, 0), RELAY_MOVED);
	assert_true(relay_half_closed(relay));
	run_until(server_heard_the_end);
	assert_int_equal(server.received, 1000);
	part();
}

/* ---- slow readers ---- */

static void
fill_up(void)
{
	uint64_t before;
	int quiet = 0;

	do {
		before = client.sent;
		run_turn();
		quiet = client.sent == before ? quiet + 1 : 0;
	} while (quiet < 100);
}

static void
listen_at_last(void)
{
	server.deaf = false;
	party_wants(&server);
	says(&server, 0, true);
	run_until(both_ended);
	expect_over(END_CLOSED);
}

static void
a_slow_reader_costs_a_bounded_amount_of_memory(void **state)
{
	(void)state;
	for (unsigned max_pipes = 0; max_pipes <= 8; max_pipes += 8) {
		int before = open_fds();

		join(unix_pair, max_pipes);
		server.deaf = true;
		watch_relay();
		says(&client, 4 << 20, true);
		fill_up();
		assert_in_range(client.sent, 1, (4 << 20) - 1);
		/* what unix sockets hold is little */
		assert_in_range(relay->bytes[0], 1, 2 << 20);
		assert_in_range(kept_most, 0, RELAY_CHUNK_MAX);
		listen_at_last();
		expect_all_heard();
		part();
		assert_int_equal(open_fds(), before);
	}
}

static void
what_a_slow_reader_takes_ends_the_silence(void **state)
{
	static char taken[65536];

	(void)state;
	join(unix_pair, 0);
	server.deaf = true;
	watch_relay();
	says(&client, 4 << 20, true);
	fill_up();
	assert_int_equal(pump(0, 0), RELAY_STILL);
	assert_int_equal(recv(server.io.fd, taken, sizeof(taken), MSG_WAITALL), sizeof(taken));
	/* though nothing more may have been read */
	assert_int_equal(pump(1, EV_WRITE), RELAY_MOVED);
	assert_int_equal(pump(0, 0), RELAY_STILL);
	part();
}

/* Its source is silent then, so nothing else calls the relay; or somebody does, for nothing. */
static void
the_rest_of_a_last_read_goes_as_soon_as_there_is_room(void **state)
{
	const int little = 1;

	(void)state;
	for (int calls = 0; calls < 2; calls++) {
		join(unix_pair, 0);
		setsockopt(relay->end[1].fd, SOL_SOCKET, SO_SNDBUF, &little, sizeof(little));
		server.deaf = true;
		party_wants(&server);
		says_at_once(&client, 50000, false);
		relay_note(relay, 1, EV_WRITE);
		watch_relay();
		while (relay->flow[0].spill == NULL)
			run_turn();
		assert_int_equal(relay->bytes[0], 50000);
		for (int i = 0; i < calls; i++)
			assert_int_equal(pump(1, EV_WRITE), RELAY_STILL);
		server.deaf = false;
		party_wants(&server);
		run_until(server_heard_all);
		part();
	}
}

static void
a_slow_reader_gets_every_byte_through_pipes_too(void **state)
{
	(void)state;
	join(tcp_pair, 8);
	watch_relay();
	says(&client, 24 << 20, true);
	run_turn();
	for (int i = 0; i < 3000 && !spliced[0]; i++)
		run_turn();
	server.deaf = true;
	party_wants(&server);
	fill_up();
	listen_at_last();
	assert_true(spliced[0]);
	expect_all_heard();
	part();
}

static void
an_idle_relay_holds_no_buffer_and_no_pipe(void **state)
{
	(void)state;
	join(tcp_pair, 8);
	watch_relay();
	says(&client, 4 << 20, false);
	says(&server, 4 << 20, false);
	while (server.received < 4 << 20 || client.received < 4 << 20)
		run_turn();
	for (int i = 0; i < 2; i++) {
		assert_null(relay->flow[i].spill);
		assert_null(relay->flow[i].pipe);
	}
	part();
}

/* ---- bursts large enough to be spliced ---- */

/* n bytes that the relay finds all at once. */
static void
burst(int n)
{
	int waiting = 0;

	ev_del(loop, &relay->end[0]);
	says_at_once(&client, (uint64_t)n, false);
	assert_int_equal(client.sent, client.to_send);
	while (waiting < n)
		assert_int_equal(ioctl(relay->end[0].fd, FIONREAD, &waiting), 0);
	assert_int_equal(ev_add(loop, &relay->end[0], EV_READ | EV_WRITE | EV_EDGE), 0);
}

/* Bursts large enough to be spliced, until they are. */
static void
talk_in_bursts(void)
{
	for (int i = 0; i < 50 && relay->flow[0].large < RELAY_LARGE_READS; i++) {
		burst(40000);
		while (server.received < client.sent)
			run_turn();
	}
	assert_int_equal(relay->flow[0].large, RELAY_LARGE_READS);
}

/* A splice does not get past an urgent byte, and takes one in front of the end for the end. */
static void
urgent_data_in_a_bulk_transfer_stops_nothing(void **state)
{
	(void)state;
	for (int last = 0; last < 2; last++) {
		join(tcp_pair, 8);
		watch_relay();
		talk_in_bursts();
		ev_del(loop, &relay->end[0]);
		says_at_once(&client, 20000, false);
		assert_int_equal(send(client.io.fd, "!", 1, MSG_OOB), 1);
		says_at_once(&client, 20000, last);
		run_turn();
		assert_int_equal(ev_add(loop, &relay->end[0], EV_READ | EV_WRITE | EV_EDGE), 0);
		for (int i = 0; i < 10000 && server.received < client.sent; i++)
			run_turn();
		assert_int_equal(server.received, client.sent);
		says(&client, 0, true);
		says(&server, 0, true);
		run_until(both_ended);
		expect_over(END_CLOSED);
		expect_all_heard();
		part();
	}
}

static void
bytes_left_in_a_pipe_never_reach_another_connection(void **state)
{
	struct relay_pool *old;

	(void)state;
	join(tcp_pair, 1);
	watch_relay();
	talk_in_bursts();
	server.deaf = true;
	party_wants(&server);
	says(&client, 64 << 20, false);
	for (int i = 0; i < 2000 && relay->flow[0].pipe == NULL; i++)
		run_turn();
	assert_non_null(relay->flow[0].pipe);
	hangs_up(&client);
	run_until(is_over);
	close(server.io.fd);
	free(relay);

	old = pool;
	join(tcp_pair, 0);
	relay_pool_free(pool);
	pool = old;
	watch_relay();
	says(&client, 16 << 20, true);
	says(&server, 0, true);
	run_until(both_ended);
	expect_all_heard();
	part();
}

/* ---- other short reads ---- */

static void
urgent_data_in_front_of_the_end_hides_nothing(void **state)
{
	(void)state;
	join(tcp_pair, 8);
	says(&client, 100, false);
	run_turn();
	assert_int_equal(send(client.io.fd, "!", 1, MSG_OOB), 1);
	says(&client, 100, true);
	run_turn();
	watch_relay();
	run_until(server_heard_the_end);
	assert_int_equal(server.received, 200);
	part();
}

static void
bytes_behind_a_passed_descriptor_are_not_forgotten(void **state)
{
	const uint8_t *bytes = text_at(1, 0);

	(void)state;
	join(unix_pair, 0);
	relay_is_unix(relay, 0);
	watch_relay();
	assert_int_equal(write(client.io.fd, bytes, 1), 1);
	assert_int_equal(sock_send_fd(client.io.fd, bytes + 1, 1, STDERR_FILENO), 0);
	assert_int_equal(write(client.io.fd, bytes + 2, 1), 1);
	shutdown(client.io.fd, SHUT_WR);
	run_until(server_heard_the_end);
	assert_int_equal(server.received, 3);
	part();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		loop_test(all_bytes_arrive_both_ways_in_pieces_of_any_size),
		loop_test(large_transfers_go_through_pipes_where_there_are_some),
		loop_test(large_transfers_do_without_splice_where_it_is_refused),
		loop_test(large_transfers_do_without_pipes_of_two_pages),
		loop_test(what_was_read_before_is_written_first_and_not_counted),
		loop_test(a_preload_longer_than_the_sink_takes_is_not_lost),
		loop_test(events_noted_before_the_start_count),
		loop_test(a_slow_reader_costs_a_bounded_amount_of_memory),
		loop_test(what_a_slow_reader_takes_ends_the_silence),
		loop_test(the_rest_of_a_last_read_goes_as_soon_as_there_is_room),
		loop_test(a_slow_reader_gets_every_byte_through_pipes_too),
		loop_test(an_idle_relay_holds_no_buffer_and_no_pipe),
		loop_test(urgent_data_in_a_bulk_transfer_stops_nothing),
		loop_test(bytes_left_in_a_pipe_never_reach_another_connection),
		loop_test(urgent_data_in_front_of_the_end_hides_nothing),
		loop_test(bytes_behind_a_passed_descriptor_are_not_forgotten),
	};

	return cmocka_run_group_tests(tests, set_up_relay, NULL);
}
