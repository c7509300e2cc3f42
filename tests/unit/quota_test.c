/* SPDX-License-Identifier: ISC */
/*
 * Tests of lib/quota.c: counting against a model, keys,
 * and several processes of which some are killed.
 */
#include <pthread.h>
#include <signal.h>

#include "draw_help.h"
#include "loop_help.h"
#include "quota.h"

/* How many there are over all workers: the smallest limit that has room for one more tells. */
static uint64_t
count_of(struct quota *q, uint64_t key)
{
	uint64_t n = 0;

	while (!quota_take(q, 0, key, n + 1))
		n++;
	quota_drop(q, 0, key);
	return n;
}

/* ---- one process ---- */

static void
a_table_beyond_the_address_space_is_refused(void **state)
{
	(void)state;
	errno = 0;
	assert_null(quota_new(1u << 31, (size_t)1 << 28));	/* whose bytes are 0 modulo 2^64 */
	assert_int_equal(errno, ENOMEM);
}

#define WORKERS 3u
#define KEYS 30u		/* the smallest table has 64 places */

/* Keys that crowd round a few places, round the end of the table too. */
static uint64_t
crowded_key(uint32_t i)
{
	static const uint64_t home[] = { 62, 63, 0, 1, 30 };

	return home[i % 5] + 64 * (uint64_t)(1 + i / 5) + ((uint64_t)i << 40);
}

static void
counts_follow_the_model_whatever_is_taken_and_dropped(void **state)
{
	struct quota *q = quota_new(WORKERS, KEYS);
	uint64_t model[WORKERS][KEYS] = { 0 };

	(void)state;
	assert_non_null(q);
	for (int round = 0; round < 20000; round++) {
		uint32_t w = draw(WORKERS), k = draw(KEYS);
		uint64_t all = model[0][k] + model[1][k] + model[2][k], limit = draw(6);

		if (draw(500) == 0) {
			quota_forget(q, w);
			memset(model[w], 0, sizeof(model[w]));
		} else if (draw(2) == 0) {
			assert_int_equal(quota_take(q, w, crowded_key(k), limit),
			    limit == 0 || all < limit);
			model[w][k] += limit == 0 || all < limit;
		} else if (model[w][k] > 0) {
			quota_drop(q, w, crowded_key(k));
			model[w][k]--;
		}
		for (uint32_t i = 0; i < KEYS; i++)
			assert_int_equal(count_of(q, crowded_key(i)),
			    model[0][i] + model[1][i] + model[2][i]);
	}
}

static void
giving_back_what_was_not_counted_changes_nothing(void **state)
{
	struct quota *q = quota_new(1, 10);
	uint64_t key = crowded_key(2);	/* where key 0 would be looked for */

	(void)state;
	assert_non_null(q);
	quota_drop(q, 0, 0);
	assert_true(quota_take(q, 0, key, 1));
	assert_false(quota_take(q, 0, key, 1));
}

static void
a_limit_is_for_all_workers_together(void **state)
{
	struct quota *q = quota_new(2, 10);

	(void)state;
	assert_true(quota_take(q, 0, 7, 2));
	assert_true(quota_take(q, 1, 7, 2));
	assert_false(quota_take(q, 0, 7, 2));
	assert_false(quota_take(q, 1, 7, 2));
	assert_true(quota_take(q, 1, 7, 3));
	quota_drop(q, 0, 7);
	assert_false(quota_take(q, 0, 7, 2));
	quota_drop(q, 1, 7);
	assert_true(quota_take(q, 0, 7, 2));
	assert_int_equal(count_of(q, 7), 2);
}

static void
dropping_what_nobody_holds_changes_nothing(void **state)
{
	struct quota *q = quota_new(1, 10);

	(void)state;
	assert_true(quota_take(q, 0, 64, 0));
	quota_drop(q, 0, 128);		/* the same place */
	quota_drop(q, 0, 5);
	assert_int_equal(count_of(q, 64), 1);
	assert_int_equal(count_of(q, 128), 0);
	assert_true(quota_take(q, 0, 5, 1));
	assert_false(quota_take(q, 0, 5, 1));
}

/* Of many pages, neither of whose ends is one's. */
static void
a_big_table_is_forgotten_from_end_to_end_and_no_other(void **state)
{
	enum { ROOM = 16384 };
	struct quota *q = quota_new(3, ROOM / 2);

	(void)state;
	for (unsigned w = 0; w < 3; w++)
		for (uint64_t k = ROOM + 1; k < 2 * ROOM; k += 2)
			assert_true(quota_take(q, w, k, 0));
	quota_forget(q, 1);
	for (uint64_t k = ROOM + 1; k < 2 * ROOM; k += 2)
		assert_int_equal(count_of(q, k), 2);
}

static void
as_many_keys_as_there_is_room_for_are_counted(void **state)
{
	enum { N = 5000 };
	struct quota *q = quota_new(1, N);

	(void)state;
	for (uint64_t k = 1; k <= N; k++)
		assert_true(quota_take(q, 0, quota_key_text(q, &k, sizeof(k)), 1));
	for (uint64_t k = 1; k <= N; k++)
		assert_false(quota_take(q, 0, quota_key_text(q, &k, sizeof(k)), 1));
	for (uint64_t k = 1; k <= N; k++)
		quota_drop(q, 0, quota_key_text(q, &k, sizeof(k)));
	for (uint64_t k = 1; k <= N; k++)
		assert_int_equal(count_of(q, quota_key_text(q, &k, sizeof(k))), 0);
}

/* ---- keys ---- */

static uint64_t
source(const struct quota *q, const char *ip, uint16_t port)
{
	struct endpoint e;

	assert_true(endpoint_parse_ip(slice_str(ip), &e));
	e.port = port;
	return quota_key_source(q, &e);
}

static void
a_source_is_an_ipv4_address_or_an_ipv6_64(void **state)
{
	struct quota *q = quota_new(1, 1), *other = quota_new(1, 1);

	(void)state;
	assert_true(source(q, "192.0.2.1", 1) == source(q, "192.0.2.1", 2));
	assert_false(source(q, "192.0.2.1", 1) == source(q, "192.0.2.2", 1));
	assert_true(source(q, "2001:db8::1", 1) == source(q, "2001:db8::ffff:0:0:2", 9));
	assert_false(source(q, "2001:db8::1", 1) == source(q, "2001:db8:0:1::1", 1));
	assert_false(source(q, "192.0.2.1", 1) == source(other, "192.0.2.1", 1));	/* keyed */
	/* same bytes */
	assert_false(source(q, "2a2e:666f:6f2e:696f::1", 1) == quota_key_text(q, "*.foo.io", 8));
}

static uint64_t
key_of_copy(const struct quota *q, const char *text, size_t len)
{
	char *copy = malloc(len);
	uint64_t key;

	memcpy(copy, text, len);
	key = quota_key_text(q, copy, len);
	free(copy);
	return key;
}

static void
texts_that_differ_have_keys_that_differ(void **state)
{
	static const char zeros[24];
	struct quota *q = quota_new(1, 1);
	uint64_t key[25];

	(void)state;
	for (size_t n = 0; n <= 24; n++) {
		key[n] = key_of_copy(q, zeros, n);
		assert_true(key[n] != 0);
		for (size_t i = 0; i < n; i++)
			assert_true(key[i] != key[n]);
	}
	assert_true(key_of_copy(q, "*.example.org", 13) == key_of_copy(q, "*.example.org", 13));
	assert_true(key_of_copy(q, "*.example.org", 13) != key_of_copy(q, "*.example.com", 13));
	assert_true(key_of_copy(q, "abcdefghijklmnop", 16) !=
	    key_of_copy(q, "ijklmnopabcdefgh", 16));
}

/* ---- processes ---- */

static pid_t
spawn(void (*body)(unsigned worker), unsigned worker)
{
	pid_t pid = fork();

	assert_true(pid != -1);
	if (pid == 0) {
		alarm(PATIENCE_MS / 1000);
		body(worker);
		_exit(0);
	}
	return pid;
}

static void
expect_exit(pid_t pid, int status_wanted)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, status_wanted);
}

static struct quota *shared;
static _Atomic int *holders;

static void
hold_one_of_two(unsigned worker)
{
	for (int i = 0; i < 3000; i++) {
		if (!quota_take(shared, worker, 99, 2))
			continue;
		if (++*holders > 2)
			_exit(1);
		if (i % 16 == 0)
			sched_yield();
		--*holders;
		quota_drop(shared, worker, 99);
	}
}

static void
processes_never_hold_more_than_the_limit(void **state)
{
	pid_t pid[4];

	(void)state;
	holders = mmap(NULL, sizeof(*holders), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
	    -1, 0);
	shared = quota_new(4, 10);
	for (unsigned w = 0; w < 4; w++)
		pid[w] = spawn(hold_one_of_two, w);
	for (unsigned w = 0; w < 4; w++)
		expect_exit(pid[w], 0);
	assert_int_equal(count_of(shared, 99), 0);
}

static void
churn_for_ever(unsigned worker)
{
	for (uint32_t i = 0;; i++) {
		uint32_t k = i % 15;

		quota_take(shared, worker, crowded_key(k), 0);
		quota_take(shared, worker, crowded_key(14 - k), 0);
		quota_drop(shared, worker, crowded_key(k));
		quota_drop(shared, worker, crowded_key(14 - k));
	}
}

static void
a_worker_killed_at_any_moment_takes_nothing_with_it(void **state)
{
	(void)state;
	shared = quota_new(2, KEYS);
	alarm(PATIENCE_MS / 1000);
	for (uint32_t k = 0; k < 15; k++)
		assert_true(quota_take(shared, 0, crowded_key(k), 0));
	for (int round = 0; round < 60; round++) {
		pid_t pid = spawn(churn_for_ever, 1);

		/* for a while, using the lock too */
		for (int i = 0; i < 400 + 37 * round; i++)
			count_of(shared, crowded_key((uint32_t)i % 15));
		kill(pid, SIGKILL);
		expect_exit(pid, SIGKILL);
		for (uint32_t k = 0; k < 15; k++)
			assert_in_range(count_of(shared, crowded_key(k)), 1, 3);
		quota_forget(shared, 1);
		for (uint32_t k = 0; k < 15; k++)
			assert_int_equal(count_of(shared, crowded_key(k)), 1);
	}
	alarm(0);
}

/*
 * The lock is the first thing in the table;
 * a kill that hits while it is held is too rare to wait for.
 */
static pthread_mutex_t *
lock_of(struct quota *q)
{
	return (pthread_mutex_t *)(void *)q;
}

static void
die_with_the_lock(unsigned worker)
{
	quota_take(shared, worker, 5, 0);
	pthread_mutex_lock(lock_of(shared));
	kill(getpid(), SIGKILL);
}

static void
a_worker_killed_with_the_lock_held_stops_nobody(void **state)
{
	(void)state;
	shared = quota_new(2, 10);
	assert_true(quota_take(shared, 0, 5, 0));
	alarm(PATIENCE_MS / 1000);
	for (int i = 0; i < 3; i++) {
		expect_exit(spawn(die_with_the_lock, 1), SIGKILL);
		assert_int_equal(count_of(shared, 5), 2);
		/* and it still is a lock */
		assert_int_equal(pthread_mutex_trylock(lock_of(shared)), 0);
		pthread_mutex_unlock(lock_of(shared));
		quota_forget(shared, 1);
		assert_int_equal(count_of(shared, 5), 1);
	}
	quota_drop(shared, 0, 5);
	assert_int_equal(count_of(shared, 5), 0);
	alarm(0);
}

static void
a_line_may_be_logged_once_a_second_whoever_asks(void **state)
{
	struct quota *q = quota_new(2, 10);
	int status;
	pid_t pid;

	(void)state;
	assert_int_equal(quota_log(q, 5000), 1);
	pid = fork();
	if (pid == 0)
		_exit(quota_log(q, 5999) != 0 || quota_log(q, 6000) != 2);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(quota_log(q, 6999), 0);
	assert_int_equal(quota_log(q, 6999), 0);
	assert_int_equal(quota_log(q, 7000), 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_table_beyond_the_address_space_is_refused),
		cmocka_unit_test(counts_follow_the_model_whatever_is_taken_and_dropped),
		cmocka_unit_test(giving_back_what_was_not_counted_changes_nothing),
		cmocka_unit_test(a_limit_is_for_all_workers_together),
		cmocka_unit_test(dropping_what_nobody_holds_changes_nothing),
		cmocka_unit_test(a_big_table_is_forgotten_from_end_to_end_and_no_other),
		cmocka_unit_test(as_many_keys_as_there_is_room_for_are_counted),
		cmocka_unit_test(a_source_is_an_ipv4_address_or_an_ipv6_64),
		cmocka_unit_test(texts_that_differ_have_keys_that_differ),
		cmocka_unit_test(processes_never_hold_more_than_the_limit),
		cmocka_unit_test(a_line_may_be_logged_once_a_second_whoever_asks),
		cmocka_unit_test(a_worker_killed_at_any_moment_takes_nothing_with_it),
		cmocka_unit_test(a_worker_killed_with_the_lock_held_stops_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
