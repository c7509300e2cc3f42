/* SPDX-License-Identifier: ISC */
/* A relay with its owner, and the two programs that talk through it. */
#include "relay_help.h"

#include <signal.h>

struct party client, server;
struct relay_pool *pool;
struct relay *relay;
enum relay_state state_now;
bool spliced[2];
uint64_t kept_most;

static void
note_what_it_holds(void)
{
	for (int i = 0; i < 2; i++) {
		const struct relay_flow *f = &relay->flow[i];

		spliced[i] = spliced[i] || f->large == RELAY_LARGE_READS;
		if (f->spill != NULL && f->spill->len > kept_most)
			kept_most = f->spill->len;
	}
}

void
cut(enum conn_end end)
{
	relay_release(pool, relay);
	relay_release(pool, relay);
	relay_close(relay, end);
}

static void
close_relay(void)
{
	cut(relay_end(relay));
}

enum relay_state
pump(int end, unsigned events)
{
	if (relay->end[0].fd == -1)
		return state_now;
	state_now = relay_pump(pool, relay, end, events);
	note_what_it_holds();
	if (is_over())
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
on_more(struct relay *r)
{
	assert_ptr_equal(r, relay);
	pump(0, 0);
}

void
watch_relay(void)
{
	assert_int_equal(ev_add(loop, &relay->end[0], EV_READ | EV_EDGE), 0);
	assert_int_equal(ev_add(loop, &relay->end[1], EV_READ | EV_EDGE), 0);
}

void
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
	state_now = RELAY_STILL;
	spliced[0] = spliced[1] = false;
	kept_most = 0;
	meet(&client, a[0], 1);
	meet(&server, b[1], 2);
	client.pieces = server.pieces = 8;
}

void
part(void)
{
	if (relay->end[0].fd != -1)
		close_relay();
	free(relay);
	relay_pool_free(pool);
	close_party(&client);
	close_party(&server);
}

bool
is_over(void)
{
	return state_now == RELAY_OVER;
}

void
expect_over(enum conn_end end)
{
	assert_true(is_over());
	assert_int_equal(relay_end(relay), end);
}

bool
both_ended(void)
{
	return is_over() && (client.eof || client.reset) && (server.eof || server.reset);
}

bool
server_heard_the_end(void)
{
	return server.eof || server.reset;
}

bool
server_heard_all(void)
{
	return server.received == client.sent;
}

bool
client_heard_the_end(void)
{
	return client.eof || client.reset;
}

void
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

void
exchange(pair_maker *make, unsigned max_pipes, uint64_t bytes, uint32_t piece)
{
	int before = open_fds();

	join(make, max_pipes);
	client.piece = server.piece = piece;
	watch_relay();
	says(&client, bytes, true);
	says(&server, bytes + 77, true);
	run_until(both_ended);
	expect_over(END_CLOSED);
	assert_false(client.reset || server.reset);
	expect_all_heard();
	/* the two parties' and the pool's */
	assert_in_range(open_fds(), before, before + 2 + 2 * (int)max_pipes);
	part();
	assert_int_equal(open_fds(), before);
}

int
set_up_relay(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN);
	write_texts();
	return 0;
}
