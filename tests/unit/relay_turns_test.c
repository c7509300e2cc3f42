/* SPDX-License-Identifier: ISC */
/*
 * Tests of lib/relay.c: what is done in a turn, at its end and in the next one;
 * and before it is connected.
 */
#include "relay_help.h"

/* ---- what a turn reads it writes at its end ---- */

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
	assert_int_equal(pump(0, EV_READ), RELAY_MOVED);
	assert_int_equal(relay->bytes[0], 100);
	assert_false(has_bytes(&server));
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
	assert_int_equal(pump(0, EV_READ), RELAY_MOVED);
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

/* How many reads of n bytes a turn holds; all but the last relay leave before it ends. */
static unsigned
held_at_once(size_t n)
{
	unsigned times = 0;

	for (;;) {
		says_at_once(&client, n, false);
		await(relay->end[0].fd, POLLIN);
		assert_int_equal(pump(0, EV_READ), RELAY_MOVED);
		if (has_bytes(&server))
			return times;
		times++;
		relay_release(pool, relay);
	}
}

static void
a_turn_holds_only_so_much(void **state)
{
	(void)state;
	join(unix_pair, 0);
	server.deaf = true;
	party_wants(&server);
	relay_note(relay, 1, EV_WRITE);
	assert_int_equal(held_at_once(1), 256);
	assert_int_equal(read(server.io.fd, (char[1]){ 0 }, 1), 1);
	run_turn();
	assert_int_equal(held_at_once(4096), 64);
	assert_int_equal(read(server.io.fd, (char[4096]){ 0 }, 4096), 4096);
	run_turn();
	assert_int_equal(held_at_once(4096), 64);
	part();
}

/* ---- endless work ---- */

#define TURN_MAX (1024u * 1024u)

static struct relay endless[3];
static int turns_of[3];
static int release_next = -1;

static void
on_more_endless(struct relay *r)
{
	int i = (int)(r - endless);

	turns_of[i]++;
	assert_int_equal(relay_pump(pool, r, 0, 0), RELAY_MOVED);
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
	assert_int_equal(relay_pump(pool, &endless[i], 0, EV_READ), RELAY_MOVED);
	assert_in_range(endless[i].bytes[0], TURN_MAX, TURN_MAX + (1 << 20));
}

static void
one_with_endless_work_lets_the_others_have_their_turns(void **state)
{
	int turns;

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
		turns = turns_of[0] + turns_of[1];
		run_turn();
		assert_int_equal(turns_of[0] + turns_of[1], turns);
		relay_pool_free(pool);
	}
}

/* ---- before it is connected ---- */

static void
preload(const char *bytes, size_t n)
{
	struct spill *spill = NULL;

	assert_true(spill_add(&spill, bytes, n, 0));
	relay_preload(relay, 1, spill);
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		loop_test(what_a_turn_reads_it_writes_at_its_end),
		loop_test(what_is_held_stays_in_front),
		loop_test(a_relay_may_end_with_bytes_held),
		loop_test(a_turn_holds_only_so_much),
		loop_test(one_with_endless_work_lets_the_others_have_their_turns),
		loop_test(a_descriptor_without_a_peer_takes_nothing_and_the_next_one_all),
	};

	return cmocka_run_group_tests(tests, set_up_relay, NULL);
}
