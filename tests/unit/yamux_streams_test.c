/* SPDX-License-Identifier: ISC */
/*
 * Tests of lib/yamux.c: how it keeps its streams, by their ids, to the last one, and at what cost.
 */
#include <malloc.h>
#include <stdlib.h>

/* ---- the machine's memory is counted, and may run out: it is compiled into this file ---- */

static size_t memory;			/* bytes it has */
static int allocations_left = -1;	/* -1: any number */

static void *
counted_calloc(size_t n, size_t size)
{
	void *p;

	if (allocations_left == 0)
		return NULL;
	allocations_left -= allocations_left > 0;
	if ((p = calloc(n, size)) != NULL)
		memory += malloc_usable_size(p);
	return p;
}

static void
counted_free(void *p)
{
	memory -= p == NULL ? 0 : malloc_usable_size(p);
	free(p);
}

#define calloc counted_calloc
#define free counted_free
#include "yamux.c"
#include "yamux_table.c"
#undef calloc
#undef free

#include "yamux_help.h"

/* ---- ids ---- */

static void
streams_may_come_a_little_out_of_order_but_once(void **state)
{
	(void)state;
	begin_server();
	assert_string_equal(hear_frame(WINDOW, SYN, 5, 0), "open5");
	assert_string_equal(hear_frame(WINDOW, SYN, 1, 0), "open1");
	assert_string_equal(hear_frame(WINDOW, SYN, 2 * YAMUX_DISORDER + 1, 0), "open2049");
	assert_string_equal(hear_frame(WINDOW, SYN, 3, 0), "open3");
	assert_string_equal(hear_frame(WINDOW, SYN, 127, 0), "open127");
	assert_string_equal(hear_frame(WINDOW, SYN, 5, 0), "bad:a stream opened twice");

	begin_server();
	hear_frame(WINDOW, SYN, 3, 0);
	assert_string_equal(hear_frame(WINDOW, SYN, 2 * YAMUX_DISORDER + 3, 0), "open2051");
	assert_string_equal(hear_frame(WINDOW, SYN, 5, 0), "open5");
	assert_string_equal(hear_frame(WINDOW, SYN, 3, 0), "bad:a stream opened twice");
}

static void
a_stream_may_come_1024_streams_late_and_no_later(void **state)
{
	(void)state;
	for (uint32_t first = 1; first < 9; first += 2) {
		begin_server();
		hear_frame(WINDOW, SYN, first + 2 * YAMUX_DISORDER, 0);
		assert_memory_equal(hear_frame(WINDOW, SYN, first, 0), "open", 4);
		assert_string_equal(hear_frame(WINDOW, SYN, first, 0), "bad:a stream opened twice");

		begin_server();
		hear_frame(WINDOW, SYN, first + 2 * YAMUX_DISORDER + 2, 0);
		assert_string_equal(hear_frame(WINDOW, SYN, first, 0),
		    "bad:a stream opened too late");
	}
}

/* ---- streams of ours the peer has not taken yet ---- */

static void
an_ancestor_is_not_brought_more_than_it_has_room_for(void **state)
{
	(void)state;
	begin(YAMUX_SERVER, 1, true);
	for (unsigned i = 0; i < YAMUX_BACKLOG; i++)
		assert_int_equal(open_stream(), 2 * i + 2);
	say();
	assert_true(yamux_must_wait(y));
	assert_int_equal(open_stream(), 0);
	assert_int_equal(yamux_streams(y), YAMUX_BACKLOG);
	hear_frame(WINDOW, 0, 4, 1);				/* is no ACK */
	assert_true(yamux_must_wait(y));
	hear_frame(WINDOW, ACK, 4, 0);
	hear_frame(DATA, ACK, 4, 0);				/* is one, said twice */
	assert_int_equal(open_stream(), 2 * YAMUX_BACKLOG + 2);
	assert_int_equal(open_stream(), 0);
	assert_string_equal(hear_frame(WINDOW, RST, 6, 0), "reset6");
	assert_int_equal(open_stream(), 2 * YAMUX_BACKLOG + 4);
	assert_true(yamux_must_wait(y));
	yamux_reset(y, stream(2));
	assert_false(yamux_must_wait(y));
	yamux_reset(y, stream(4));				/* it was taken before */
	open_stream();
	assert_int_equal(open_stream(), 0);

	begin_server();						/* others need no such patience */
	for (unsigned i = 0; i < YAMUX_BACKLOG + 1; i++)
		assert_int_not_equal(open_stream(), 0);
}

static void
ids_reach_up_to_the_last(void **state)
{
	(void)state;
	begin_server();
	assert_string_equal(hear_frame(WINDOW, SYN, 1, 0), "open1");
	assert_string_equal(hear_frame(WINDOW, SYN, UINT32_MAX, 0), "open4294967295");
	assert_string_equal(hear_frame(WINDOW, SYN, UINT32_MAX - 2, 0), "open4294967293");
	assert_string_equal(hear_frame(WINDOW, SYN | FIN, 3, 0), "bad:a stream opened too late");

	begin_client();
	y->next_id = UINT32_MAX - 2;
	assert_int_equal(open_stream(), UINT32_MAX - 2);
	assert_false(yamux_is_used_up(y));
	assert_int_equal(open_stream(), UINT32_MAX);
	assert_true(yamux_is_used_up(y));
	assert_int_equal(open_stream(), 0);
	assert_int_equal(yamux_streams(y), 2);
	begin_server();
	y->next_id = UINT32_MAX - 1;
	assert_int_equal(open_stream(), UINT32_MAX - 1);
	assert_true(yamux_is_used_up(y));
	assert_int_equal(open_stream(), 0);
}

static void
ids_that_crowd_are_told_apart(void **state)
{
	(void)state;
	for (uint32_t step = 2; step < UINT32_C(1) << 24; step *= 2) {
		begin_server();
		for (uint32_t i = 0; i < 90; i++)
			hear_frame(WINDOW, SYN, i * step + 1, 0);
		for (uint32_t i = 0; i < 90; i++) {
			char wanted[32];

			snprintf(wanted, sizeof(wanted), "window%u", i * step + 1);
			assert_string_equal(hear_frame(WINDOW, 0, i * step + 1, 1), wanted);
		}
	}
}

/* ---- memory ---- */

static void
an_idle_session_is_small(void **state)
{
	size_t before;

	(void)state;
	yamux_free(y);
	y = NULL;
	before = memory;
	begin_server();
	assert_in_range(memory - before, 1, 512);
	assert_in_range(sizeof(struct yamux_stream), 1, 48);
}

static void
memory_follows_the_streams_there_are(void **state)
{
	size_t idle, crowded;

	(void)state;
	begin_server();
	idle = memory;
	for (unsigned i = 0; i < LANES; i++)
		open_stream();
	crowded = memory - idle;
	assert_in_range(crowded / LANES, 1, 80);
	for (unsigned i = 0; i < LANES; i++)
		yamux_reset(y, &lane[i].s);
	hear("");
	assert_int_equal(memory, idle);
}

static void
memory_is_the_same_after_100000_streams(void **state)
{
	size_t idle;

	(void)state;
	begin_server();
	hear_frame(DATA, SYN, 1, 0);
	idle = memory;
	for (uint32_t i = 1; i <= 100000; i++) {
		struct yamux_stream ours;

		lanes = 1;
		hear_frame(DATA, SYN | FIN, 2 * i + 1, 0);
		assert_true(yamux_open(y, &ours));
		say();
		say_data(2 * i + 1, 0, true);
		assert_true(yamux_over(stream(2 * i + 1)));
		if (i % 2 == 0)
			yamux_data(y, &ours, 0, true, (uint8_t[YAMUX_HEADER]){ 0 });
		else
			yamux_reset(y, &ours);
		say();
		yamux_reset(y, &ours);
		say();
		assert_in_range(memory, 1, 512);
	}
	assert_int_equal(memory, idle);
	assert_int_equal(yamux_streams(y), 1);
}

static void
without_memory_nothing_is_opened(void **state)
{
	(void)state;
	for (int n = 0; n < 2; n++) {
		allocations_left = n;
		assert_null(yamux_new(YAMUX_CLIENT, 1, false));
	}
	allocations_left = -1;
	begin_server();
	allocations_left = 0;
	while (open_stream() != 0)
		;
	assert_in_range(lanes, 4, 8);
	assert_int_equal(yamux_streams(y), lanes);
	assert_string_equal(hear_frame(DATA, SYN, 1, 0), "bad:out of memory");
	assert_non_null(strstr(say(), "00 03 0000 00000000 00000002"));
	allocations_left = -1;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(streams_may_come_a_little_out_of_order_but_once),
		cmocka_unit_test(a_stream_may_come_1024_streams_late_and_no_later),
		cmocka_unit_test(an_ancestor_is_not_brought_more_than_it_has_room_for),
		cmocka_unit_test(ids_reach_up_to_the_last),
		cmocka_unit_test(ids_that_crowd_are_told_apart),
		cmocka_unit_test(an_idle_session_is_small),
		cmocka_unit_test(memory_follows_the_streams_there_are),
		cmocka_unit_test(memory_is_the_same_after_100000_streams),
		cmocka_unit_test(without_memory_nothing_is_opened),
	};

	return cmocka_run_group_tests(tests, NULL, free_machine);
}
