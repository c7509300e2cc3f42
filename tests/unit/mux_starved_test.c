/* SPDX-License-Identifier: ISC */
/*
 * Tests of lib/mux_stream.c: a kernel without memory for a stream's bytes,
 * which says nothing of its descriptor.
 */
#include "mux_help.h"

static int fails;		/* what sending to the awaited service does */

static bool
is_to_fail(int fd)
{
	if (fails == 0 || awaited == NULL || fd != awaited->far.s.io.fd)
		return false;
	errno = fails;
	return true;
}

/* In front of libc's. */
ssize_t
send(int fd, const void *bytes, size_t len, int flags)
{
	return is_to_fail(fd) ? -1 : (ssize_t)syscall(SYS_sendto, fd, bytes, len, flags, NULL, 0);
}

ssize_t
sendmsg(int fd, const struct msghdr *msg, int flags)
{
	return is_to_fail(fd) ? -1 : (ssize_t)syscall(SYS_sendmsg, fd, msg, flags);
}

static void
assert_it_ended_for_memory(void)
{
	run_until(one_over);
	fails = 0;
	assert_int_equal(awaited->far.how, MUX_MEMORY);
	assert_int_equal(awaited->near.how, MUX_PEER_RESET);
	assert_int_equal(near.ended, 0);
	assert_int_equal(far.ended, 0);
	visit_and_wait();		/* the next one is served */
	says(&awaited->visitor, 1000, true);
	says(&awaited->service, 1000, true);
	run_until(one_over);
	assert_int_equal(awaited->far.how, MUX_CLOSED);
}

static void
bytes_just_come(int error)
{
	start(TCP);
	visit_and_wait();
	fails = error;
	says(&awaited->visitor, 1000, false);
	assert_it_ended_for_memory();
	finish();
}

static void
a_stream_whose_bytes_find_no_memory_ends_at_once(void **state)
{
	(void)state;
	bytes_just_come(ENOBUFS);
	bytes_just_come(ENOMEM);
}

static void
so_does_one_whose_bytes_were_kept(void **state)
{
	(void)state;
	start(TCP);
	ticks_begin();
	visit_and_wait();
	awaited->service.deaf = true;
	party_wants(&awaited->service);
	says(&awaited->visitor, 16u << 20, false);
	run_until(all_quiet);
	ticks_end();
	assert_true(far.m->kept > 0);
	fails = ENOBUFS;
	awaited->service.deaf = false;
	party_wants(&awaited->service);
	assert_it_ended_for_memory();
	finish();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		loop_test(a_stream_whose_bytes_find_no_memory_ends_at_once),
		loop_test(so_does_one_whose_bytes_were_kept),
	};

	return cmocka_run_group_tests(tests, set_up_mux, tear_down_mux);
}
