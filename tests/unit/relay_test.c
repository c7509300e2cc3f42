/* SPDX-License-Identifier: ISC */
/* Tests of lib/relay.c: every byte, both ways, by buffer and by pipe; ends, resets, slow readers, turns. */
#include <signal.h>
#include <sys/ioctl.h>

#include "loop_help.h"
#include "relay.h"
#include "sock.h"

static uint32_t
draw(uint32_t below)
{
	static uint32_t x = 2463534242u;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	return x % below;
}

/* ---- the two programs that talk through the relay ---- */

#define PIECE 65536u

struct party {
	struct ev_io io;
	int out;		/* where it writes; usually io.fd */
	uint32_t speaks, hears;	/* which text it says, and should hear */
	uint64_t to_send, sent, received;
	uint32_t piece;		/* at most so many bytes at once */
	bool ends;		/* sends its end when all is said */
	bool ended, eof, reset;
	bool deaf;		/* does not read */
};

static struct party client, server;

/* Two texts that repeat after a prime number of bytes. */
#define PERIOD 65521u

static uint8_t text[3][PERIOD + PIECE];

static void
write_texts(void)
{
	for (uint32_t t = 1; t <= 2; t++)
		for (uint32_t i = 0; i < sizeof(text[t]); i++)
			text[t][i] = (uint8_t)((i % PERIOD * 0x9e3779b97f4a7c15u + t * 0x1234567u) >> 56);
}

/* What stands at a place of text t, at least PIECE bytes of it. */
static const uint8_t *
text_at(uint32_t t, uint64_t place)
{
	return text[t] + place % PERIOD;
}

static void
party_wants(struct party *p)
{
	bool writes = p->sent < p->to_send && p->out == p->io.fd;

	if (p->io.fd != -1)
		ev_mod(loop, &p->io, (p->eof || p->reset || p->deaf ? 0u : EV_READ) | (writes ? EV_WRITE : 0u));
}

static void
party_writes(struct party *p)
{
	uint32_t n = 1 + draw(p->piece);
	ssize_t w;

	if (n > p->to_send - p->sent)
		n = (uint32_t)(p->to_send - p->sent);
	w = n == 0 ? 0 : write(p->out, text_at(p->speaks, p->sent), n);
	if (w == -1 && errno != EAGAIN)
		p->reset = true;
	p->sent += w > 0 ? (uint64_t)w : 0;
	if (p->sent == p->to_send && p->ends && !p->ended) {
		p->ended = true;
		if (p->out == p->io.fd)
			shutdown(p->out, SHUT_WR);
		else
			close(p->out);
	}
}

static void
party_reads(struct party *p)
{
	static uint8_t piece[PIECE];
	ssize_t n = read(p->io.fd, piece, 1 + draw(p->piece));

	if (n == 0)
		p->eof = true;
	else if (n == -1 && errno != EAGAIN)
		p->reset = true;
	if (n > 0) {
		assert_memory_equal(piece, text_at(p->hears, p->received), n);
		p->received += (uint64_t)n;
	}
}

static void
on_party(struct ev_io *io, unsigned events)
{
	struct party *p = EV_CONTAINER(io, struct party, io);

	for (int i = 0; i < 8 && events & EV_WRITE && p->sent < p->to_send && p->out == io->fd; i++)
		party_writes(p);
	if (events & (EV_READ | EV_EOF | EV_ERROR) && !p->deaf && !p->eof && !p->reset)
		party_reads(p);
	party_wants(p);
}

/* Say n bytes more, and then (or not) the end. */
static void
says(struct party *p, uint64_t n, bool ends)
{
	p->to_send += n;
	p->ends = ends;
	if (p->sent == p->to_send || p->out != p->io.fd)
		party_writes(p);
	party_wants(p);
}

/* The same for what the kernel has room for, before anybody else has a turn. */
static void
says_at_once(struct party *p, uint64_t n, bool ends)
{
	p->to_send += n;
	p->ends = ends;
	while (p->sent < p->to_send)
		party_writes(p);
}

static void
hangs_up(struct party *p)
{
	sock_reset(p->io.fd);
	p->io.fd = p->out = -1;
}

/* ---- the relay's owner ---- */

static struct relay_pool *pool;
static struct relay *relay;
static struct ev_io out_io;		/* with a pipe of its own to write to */
static enum relay_state state_now;
static bool spliced[2];
static uint64_t kept_most;
static int mores;

static void
note_what_it_holds(void)
{
	for (int i = 0; i < 2; i++) {
		const struct relay_flow *f = &relay->flow[i];

		spliced[i] = spliced[i] || f->splice;
		if (f->spill != NULL && f->spill->len > kept_most)
			kept_most = f->spill->len;
	}
}

/* As a tool does: the reset of one side is passed on to the other. */
static void
close_relay(void)
{
	int fd = relay->end[0].fd;

	relay_release(pool, relay);
	relay_release(pool, relay);
	if (relay->out_fd != fd && relay->out_fd != -1)
		close(relay->out_fd);
	state_now == RELAY_TARGET_RESET ? sock_reset(fd) : (void)close(fd);
	state_now == RELAY_CLIENT_RESET ? sock_reset(relay->end[1].fd) : (void)close(relay->end[1].fd);
	relay->end[0].fd = relay->end[1].fd = relay->out_fd = -1;
}

static enum relay_state
pump(int end, unsigned events)
{
	if (relay->end[0].fd == -1)
		return state_now;
	state_now = relay_pump(pool, relay, end, events);
	note_what_it_holds();
	if (state_now != RELAY_OPEN)
		close_relay();
	return state_now;
}

static void
on_client_end(struct ev_io *io, unsigned events)
{
	(void)io;
	pump(0, events);
}

static void
on_target_end(struct ev_io *io, unsigned events)
{
	(void)io;
	pump(1, events);
}

static void
on_out(struct ev_io *io, unsigned events)
{
	(void)io;
	pump(0, events & (EV_WRITE | EV_ERROR));
}

static void
on_more(struct relay *r)
{
	assert_ptr_equal(r, relay);
	mores++;
	pump(0, 0);
}

static void
watch_relay(void)
{
	assert_int_equal(ev_add(loop, &relay->end[0], EV_READ | EV_EDGE), 0);
	assert_int_equal(ev_add(loop, &relay->end[1], EV_READ | EV_EDGE), 0);
}

static void
meet(struct party *p, int fd, uint32_t speaks, uint32_t hears)
{
	*p = (struct party){ .io = { fd, on_party }, .out = fd, .speaks = speaks, .hears = hears, .piece = PIECE };
	assert_int_equal(ev_add(loop, &p->io, EV_READ), 0);
}

typedef void pair_maker(int pair[2]);

/* client <-> end[0], end[1] <-> server; the relay's ends are not watched yet. */
static void
join(pair_maker *make, unsigned max_pipes)
{
	int a[2], b[2];

	make(a);
	make(b);
	pool = relay_pool_new(loop, max_pipes, on_more);
	assert_non_null(pool);
	relay = malloc(sizeof(*relay));
	relay_init(relay);
	relay->end[0] = (struct ev_io){ a[1], on_client_end };
	relay->end[1] = (struct ev_io){ b[0], on_target_end };
	relay->out_fd = a[1];
	state_now = RELAY_OPEN;
	spliced[0] = spliced[1] = false;
	kept_most = 0;
	mores = 0;
	meet(&client, a[0], 1, 2);
	meet(&server, b[1], 2, 1);
}

static void
part(void)
{
	if (relay->end[0].fd != -1)
		close_relay();
	free(relay);
	relay_pool_free(pool);
	if (client.io.fd != -1)
		close(client.io.fd);
	if (server.io.fd != -1)
		close(server.io.fd);
}

static bool
is_over(void)
{
	return state_now != RELAY_OPEN;
}

static bool
both_ended(void)
{
	return is_over() && (client.eof || client.reset) && (server.eof || server.reset);
}

static bool
server_heard_the_end(void)
{
	return server.eof || server.reset;
}

static bool
client_heard_the_end(void)
{
	return client.eof || client.reset;
}

static void
expect_all_heard(void)
{
	assert_int_equal(server.received, client.sent);
	assert_int_equal(client.received, server.sent);
	assert_int_equal(client.sent, client.to_send);
	assert_int_equal(server.sent, server.to_send);
	assert_int_equal(relay->bytes[0], client.sent);
	assert_int_equal(relay->bytes[1], server.sent);
	assert_in_range(kept_most, 0, RELAY_CHUNK_MAX);
	assert_null(relay->flow[0].spill);
	assert_null(relay->flow[1].spill);
}

/* ---- bytes ---- */

static void
exchange(pair_maker *make, unsigned max_pipes, uint64_t bytes, uint32_t piece)
{
	int before = open_fds();

	join(make, max_pipes);
	client.piece = server.piece = piece;
	watch_relay();
	says(&client, bytes, true);
	says(&server, bytes + 77, true);
	run_until(both_ended);
	assert_int_equal(state_now, RELAY_DONE);
	assert_false(client.reset || server.reset);
	expect_all_heard();
	assert_in_range(open_fds(), before, before + 2 + 2 * (int)max_pipes);	/* the two parties' and the pool's */
	part();
	assert_int_equal(open_fds(), before);
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

static void
what_was_read_before_is_written_first_and_not_counted(void **state)
{
	struct relay_spill *spill = relay_spill_new(1000);

	(void)state;
	join(tcp_pair, 8);
	spill->at = 10;
	spill->len = 990;
	memcpy(spill->bytes + 10, text_at(1, 0), 990);
	relay_preload(relay, spill);
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
	struct relay_spill *spill = relay_spill_new(LEN);

	(void)state;
	join(unix_pair, 0);
	spill->len = LEN;
	for (uint32_t i = 0; i < LEN; i += PIECE)
		memcpy(spill->bytes + i, text_at(1, i), PIECE);
	relay_preload(relay, spill);
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
	assert_int_equal(pump(0, 0), RELAY_OPEN);
	assert_true(relay_half_closed(relay));
	run_until(server_heard_the_end);
	assert_int_equal(server.received, 1000);
	part();
}

/* n bytes that the relay finds all at once. */
static void
burst(int n)
{
	int waiting = 0;

	ev_del(loop, &relay->end[0]);
	says_at_once(&client, (uint64_t)n, false);
	while (waiting < n)
		assert_int_equal(ioctl(relay->end[0].fd, FIONREAD, &waiting), 0);
	assert_int_equal(ev_add(loop, &relay->end[0], EV_READ | EV_WRITE | EV_EDGE), 0);
}

/* Bursts large enough to be spliced, until they are. */
static void
talk_in_bursts(void)
{
	for (int i = 0; i < 50 && !relay->flow[0].splice; i++) {
		burst(40000);
		while (server.received < client.sent)
			run_turn();
	}
	assert_true(relay->flow[0].splice);
}

/* ---- ends ---- */

static void
end_one_way(pair_maker *make, struct party *first, struct party *last, bool (*first_heard)(void), bool (*last_heard)(void))
{
	join(make, 8);
	watch_relay();
	says(first, 100000, true);
	run_until(last_heard);
	assert_int_equal(last->received, 100000);
	assert_false(last->reset);
	assert_int_equal(state_now, RELAY_OPEN);
	assert_true(relay_half_closed(relay));
	says(last, 1000000, false);
	run_turn();
	assert_int_equal(state_now, RELAY_OPEN);
	says(last, 1, true);
	run_until(first_heard);
	assert_false(first->reset);
	assert_int_equal(first->received, 1000001);
	assert_int_equal(state_now, RELAY_DONE);
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
	assert_int_equal(state_now, RELAY_DONE);
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
	assert_int_equal(state_now, RELAY_CLIENT_RESET);
	assert_true(server.reset);
	part();

	join(tcp_pair, 8);
	watch_relay();
	says(&server, 1000, false);
	run_turn();
	hangs_up(&server);
	run_until(client_heard_the_end);
	assert_int_equal(state_now, RELAY_TARGET_RESET);
	assert_true(client.reset);
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
	run_until(client_heard_the_end);
	assert_int_equal(state_now, RELAY_TARGET_RESET);
	assert_int_equal(client.received, 1000);
	assert_false(client.eof);
	part();
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
	run_until(client_heard_the_end);
	assert_int_equal(state_now, RELAY_TARGET_RESET);
	assert_int_equal(client.received, 1000);
	assert_false(client.eof);
	part();
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

/* Its last words are delivered although the reset was found by writing to it. */
static void
what_a_dead_end_said_last_is_delivered(void **state)
{
	(void)state;
	join(tcp_pair, 0);
	says(&server, 100, false);
	says(&client, 300, false);
	run_turn();
	hangs_up(&client);
	await(relay->end[0].fd, POLLERR);
	relay_note(relay, 1, EV_READ | EV_WRITE);
	(void)pump(0, EV_WRITE);	/* reads, and writes at the turn's end */
	run_until(is_over);
	assert_int_equal(state_now, RELAY_CLIENT_RESET);
	assert_int_equal(relay->bytes[0], 300);
	run_until(server_heard_the_end);
	assert_int_equal(server.received, 300);
	part();
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
		assert_int_equal(state_now, RELAY_CLIENT_RESET);
		part();
	}
}

/* ---- turns ---- */

static bool
has_bytes(const struct party *p)
{
	struct pollfd one = { .fd = p->io.fd, .events = POLLIN };

	return poll(&one, 1, 0) == 1;
}

/* A client's few bytes read, and those who wait for them not yet woken. */
static void
hold_some(void)
{
	join(tcp_pair, 0);
	says_at_once(&client, 100, false);
	await(relay->end[0].fd, POLLIN);
	relay_note(relay, 1, EV_WRITE);
	assert_int_equal(pump(0, EV_READ), RELAY_OPEN);
	assert_int_equal(relay->bytes[0], 100);
	assert_false(has_bytes(&server));
}

static bool
server_heard_all(void)
{
	return server.received == client.sent;
}

static void
what_a_turn_reads_it_writes_at_its_end(void **state)
{
	(void)state;
	hold_some();
	run_turn();
	await(server.io.fd, POLLIN);
	says(&client, 50, true);
	watch_relay();
	run_until(server_heard_the_end);
	assert_int_equal(server.received, 150);
	part();
}

/* More of it comes within the turn. */
static void
what_is_held_stays_in_front(void **state)
{
	(void)state;
	hold_some();
	says_at_once(&client, 70, false);
	assert_int_equal(pump(0, EV_READ), RELAY_OPEN);
	assert_int_equal(relay->bytes[0], 170);
	assert_true(has_bytes(&server));
	run_until(server_heard_all);
	assert_int_equal(server.received, 170);
	part();
}

static void
a_relay_may_end_with_bytes_held(void **state)
{
	int fd;

	(void)state;
	hold_some();
	fd = relay->end[1].fd;
	relay_release(pool, relay);
	close(relay->end[0].fd);
	memset(relay, 0xff, sizeof(*relay));	/* nobody's any more */
	run_turn();
	assert_false(has_bytes(&server));
	close(fd);
	relay->end[0].fd = -1;
	part();
}

/* ---- before it is connected ---- */

static void
preload(const char *bytes, size_t n)
{
	struct relay_spill *spill = relay_spill_new(n);

	memcpy(spill->bytes, bytes, n);
	spill->len = (uint32_t)n;
	relay_preload(relay, spill);
}

static void
a_descriptor_without_a_peer_takes_nothing_and_the_next_one_all(void **state)
{
	int server_end, none = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int pair[2];
	char got[8];

	(void)state;
	join(tcp_pair, 0);
	assert_int_equal(relay_early(relay), EAGAIN);	/* nothing to say */
	preload("first", 5);
	server_end = relay->end[1].fd;
	relay->end[1].fd = none;
	assert_int_equal(relay_early(relay), EPIPE);
	assert_non_null(relay->flow[0].spill);
	close(none);
	tcp_pair(pair);
	relay->end[1].fd = pair[0];
	assert_int_equal(relay_early(relay), 0);
	assert_null(relay->flow[0].spill);
	await(pair[1], POLLIN);
	assert_int_equal(read(pair[1], got, sizeof(got)), 5);
	assert_memory_equal(got, "first", 5);
	relay->end[1].fd = server_end;
	close(pair[0]);
	close(pair[1]);
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
	assert_int_equal(state_now, RELAY_DONE);
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
		assert_in_range(relay->bytes[0], 1, 2 << 20);	/* what unix sockets hold is little */
		assert_in_range(kept_most, 0, RELAY_CHUNK_MAX);
		listen_at_last();
		expect_all_heard();
		part();
		assert_int_equal(open_fds(), before);
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

/* ---- what makes short reads ---- */

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
		assert_int_equal(state_now, RELAY_DONE);
		expect_all_heard();
		part();
	}
}

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

/* ---- two pipes in place of a socket ---- */

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
	meet(&client, out[0], 1, 2);
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
		assert_int_equal(state_now, RELAY_DONE);
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
	assert_int_equal(state_now, RELAY_OPEN);
	says_at_once(&client, 1000, true);
	run_until(both_ended);
	assert_int_equal(state_now, RELAY_DONE);
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
	assert_int_equal(state_now, RELAY_CLIENT_RESET);
	assert_true(server.reset);
	part();
}

/* ---- turns ---- */

#define TURN_MAX (1024u * 1024u)

static struct relay endless[3];
static int turns_of[3];
static int release_next = -1;

static void
on_more_endless(struct relay *r)
{
	int i = (int)(r - endless);

	turns_of[i]++;
	assert_int_equal(relay_pump(pool, r, 0, 0), RELAY_OPEN);
	if (release_next != -1)
		relay_release(pool, &endless[release_next]);
	release_next = -1;
}

static void
start_endless(int i)
{
	relay_init(&endless[i]);
	endless[i].end[0].fd = endless[i].out_fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	endless[i].end[1].fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	relay_note(&endless[i], 1, EV_WRITE);
	turns_of[i] = 0;
	assert_int_equal(relay_pump(pool, &endless[i], 0, EV_READ), RELAY_OPEN);
	assert_in_range(endless[i].bytes[0], TURN_MAX, TURN_MAX + (1 << 20));
}

static void
one_with_endless_work_lets_the_others_have_their_turns(void **state)
{
	(void)state;
	for (unsigned max_pipes = 0; max_pipes <= 8; max_pipes += 8) {
		pool = relay_pool_new(loop, max_pipes, on_more_endless);
		for (int i = 0; i < 3; i++)
			start_endless(i);
		for (int turn = 1; turn <= 5; turn++) {
			run_turn();
			for (int i = 0; i < 3; i++)
				assert_int_equal(turns_of[i], turn);
		}
		release_next = 2;	/* its turn is the last, so it has work waiting */
		run_turn();
		run_turn();
		assert_true(turns_of[0] > 6 && turns_of[1] > 6);
		assert_int_equal(turns_of[2], 5);
		for (int i = 0; i < 3; i++) {
			relay_release(pool, &endless[i]);
			close(endless[i].end[0].fd);
			close(endless[i].end[1].fd);
		}
		mores = turns_of[0] + turns_of[1];
		run_turn();
		assert_int_equal(turns_of[0] + turns_of[1], mores);
		relay_pool_free(pool);
	}
}

static void
bytes_behind_a_passed_descriptor_are_not_forgotten(void **state)
{
	const uint8_t *bytes = (const uint8_t *)text_at(1, 0);

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

/* ---- pipes are shared ---- */

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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		loop_test(all_bytes_arrive_both_ways_in_pieces_of_any_size),
		loop_test(large_transfers_go_through_pipes_where_there_are_some),
		loop_test(what_was_read_before_is_written_first_and_not_counted),
		loop_test(a_preload_longer_than_the_sink_takes_is_not_lost),
		loop_test(events_noted_before_the_start_count),
		loop_test(each_side_may_end_first_and_still_hears_the_other),
		loop_test(an_end_without_a_byte_passes),
		loop_test(a_reset_of_either_side_arrives_as_a_reset_at_the_other),
		loop_test(data_and_a_reset_seen_at_once_do_not_look_like_an_orderly_end),
		loop_test(nor_do_they_when_the_other_direction_has_ended_already),
		loop_test(an_end_in_front_of_a_reset_stays_an_end),
		loop_test(what_a_dead_end_said_last_is_delivered),
		loop_test(a_reset_is_seen_although_the_other_side_takes_nothing),
		loop_test(what_a_turn_reads_it_writes_at_its_end),
		loop_test(what_is_held_stays_in_front),
		loop_test(a_relay_may_end_with_bytes_held),
		loop_test(a_descriptor_without_a_peer_takes_nothing_and_the_next_one_all),
		loop_test(a_slow_reader_costs_a_bounded_amount_of_memory),
		loop_test(a_slow_reader_gets_every_byte_through_pipes_too),
		loop_test(an_idle_relay_holds_no_buffer_and_no_pipe),
		loop_test(urgent_data_in_a_bulk_transfer_stops_nothing),
		loop_test(urgent_data_in_front_of_the_end_hides_nothing),
		loop_test(two_pipes_are_as_good_as_a_socket),
		loop_test(the_end_of_the_target_closes_the_pipe_we_write_to),
		loop_test(a_pipe_nobody_reads_any_more_is_a_client_that_is_gone),
		loop_test(one_with_endless_work_lets_the_others_have_their_turns),
		loop_test(bytes_behind_a_passed_descriptor_are_not_forgotten),
		loop_test(bytes_left_in_a_pipe_never_reach_another_connection),
	};

	signal(SIGPIPE, SIG_IGN);
	write_texts();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
