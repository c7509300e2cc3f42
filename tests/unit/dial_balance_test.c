/* SPDX-License-Identifier: ISC */
/* Tests of lib/dial.c: which of several targets comes first. */
#include "dial_help.h"

static struct {
	struct target *target;
	int fd;
} kept[9];

/* What was reached stays open. */
static void
keep(int i)
{
	kept[i].target = target;
	kept[i].fd = io.fd;
	io.fd = -1;
}

static void
let_go(int i)
{
	close(kept[i].fd);
	target_release(kept[i].target);
}

/* ---- least ---- */

static void
the_target_with_the_least_connections_is_taken_ties_in_order(void **state)
{
	struct place p[3];

	(void)state;
	make_places(p, 3);
	for (int i = 0; i < 9; i++) {
		begin_from("192.0.2.1", list_of(p, 3), BALANCE_LEAST);
		assert_true(ends_at(p[i % 3].text));
		keep(i);
	}
	let_go(4);	/* one less at the second */
	begin_from("192.0.2.1", list_of(p, 3), BALANCE_LEAST);
	assert_true(ends_at(p[1].text));
	keep(4);
	begin_from("192.0.2.1", p[2].text, BALANCE_LEAST);	/* another list counts as well */
	assert_true(ends_at(p[2].text));
	hang_up();
	for (int i = 0; i < 9; i++)
		let_go(i);
	close_places(p, 3);
}

static void
nothing_done(void *arg, enum dial_result r, struct target *t, unsigned events)
{
	(void)arg;
	(void)r;
	(void)t;
	(void)events;
}

static void
an_attempt_under_way_counts_for_least(void **state)
{
	static const struct dial_ops nothing = { .done = nothing_done };
	const struct endpoint src = { .family = AF_UNSPEC };
	struct ev_io busy = { -1, NULL };
	struct dial *first;
	struct place p[2];

	(void)state;
	make_places(p, 2);
	first = dial_start(dialer, slice_str(list_of(p, 2)), BALANCE_LEAST, &src, false, &busy,
	    &nothing, NULL);
	begin_from("192.0.2.1", list_of(p, 2), BALANCE_LEAST);
	dial_cancel(first);
	assert_true(ends_at(p[1].text));
	hang_up();
	/* what was given up counts no more */
	begin_from("192.0.2.1", list_of(p, 2), BALANCE_LEAST);
	assert_true(ends_at(p[0].text));
	hang_up();
	close_places(p, 2);
}

static void
an_attempt_that_failed_counts_no_more_for_least(void **state)
{
	struct place p[2];

	(void)state;
	make_places(p, 2);
	leaves(&p[0]);
	begin_from("192.0.2.1", list_of(p, 2), BALANCE_LEAST);
	assert_true(ends_at(p[1].text));
	hang_up();
	comes_back(&p[0]);
	skip_ms(1001);
	begin_from("192.0.2.1", list_of(p, 2), BALANCE_LEAST);
	assert_true(ends_at(p[0].text));
	hang_up();
	close_places(p, 2);
}

/* ---- first ---- */

static void
with_first_the_order_is_that_of_the_line(void **state)
{
	struct place p[2];

	(void)state;
	make_places(p, 2);
	for (int i = 0; i < 3; i++) {
		begin(list_of(p, 2));
		assert_true(ends_at(p[0].text));
		keep(i);
	}
	for (int i = 0; i < 3; i++)
		let_go(i);
	close_places(p, 2);
}

/* ---- source ---- */

static int
place_of_source(int host, const char *targets, const struct place *p, size_t n)
{
	char src[32];

	snprintf(src, sizeof(src), "192.0.2.%d", host);
	begin_from(src, targets, BALANCE_SOURCE);
	ends();
	assert_int_equal(result, DIAL_OK);
	for (size_t i = 0; i < n; i++) {
		if (strcmp(target_text(target), p[i].text) == 0) {
			hang_up();
			visitors(&p[i]);
			return (int)i;
		}
	}
	fail();
	return -1;
}

static void
a_source_keeps_its_target_whatever_comes_and_goes_beside_it(void **state)
{
	enum { SOURCES = 40 };
	struct place p[4];
	int first[SOURCES], share[4] = { 0 }, moved = 0;

	(void)state;
	make_places(p, 4);
	for (int i = 0; i < SOURCES; i++) {
		first[i] = place_of_source(i, list_of(p, 3), p, 3);
		share[first[i]]++;
	}
	for (int i = 0; i < 3; i++)
		assert_in_range(share[i], SOURCES / 10, SOURCES);
	for (int i = 0; i < SOURCES; i++)
		assert_int_equal(place_of_source(i, list_of(p, 3), p, 3), first[i]);
	for (int i = 0; i < SOURCES; i++) {
		int now = place_of_source(i, list_of(p, 4), p, 4);

		assert_true(now == first[i] || now == 3);
		moved += now == 3;
	}
	assert_in_range(moved, 1, SOURCES / 2);
	close_places(p, 4);
}

/* ---- connections kept between uses ---- */

/* The place whose resting connection is to be used, -1: none, as one to be opened comes first. */
static int
first_of(const char *src, const char *targets, enum routes_balance balance, const struct place *p,
    size_t n)
{
	struct endpoint e;
	struct target *t;

	assert_true(endpoint_parse_ip(slice_str(src), &e));
	t = dial_first(dialer, slice_str(targets), balance, &e);
	for (size_t i = 0; i < n; i++)
		if (t != NULL && strcmp(target_text(t), p[i].text) == 0)
			return (int)i;
	return -1;
}

/* A connection to the place rests, alone. */
static void
rest_at(const struct place *p, int i)
{
	begin(p->text);
	assert_true(ends_at(p->text));
	target_rest(target);
	keep(i);
}

static void
wake_and_let_go(int i)
{
	target_resume(kept[i].target);
	let_go(i);
}

static void
a_spare_of_which_nothing_is_known_hides_no_resting_connection(void **state)
{
	struct place p[2];

	(void)state;
	make_places(p, 2);
	assert_int_equal(first_of("192.0.2.1", list_of(p, 2), BALANCE_FIRST, p, 2), -1);
	rest_at(&p[0], 0);
	assert_int_equal(first_of("192.0.2.1", list_of(p, 2), BALANCE_FIRST, p, 2), 0);
	assert_int_equal(first_of("192.0.2.1", list_of(p, 2), BALANCE_LEAST, p, 2), 0);
	target_resume(kept[0].target);		/* at work: the other has less */
	assert_int_equal(first_of("192.0.2.1", list_of(p, 2), BALANCE_FIRST, p, 2), 0);
	assert_int_equal(first_of("192.0.2.1", list_of(p, 2), BALANCE_LEAST, p, 2), -1);
	let_go(0);
	rest_at(&p[1], 1);			/* that of the spare, while the first is free */
	assert_int_equal(first_of("192.0.2.1", list_of(p, 2), BALANCE_FIRST, p, 2), -1);
	assert_int_equal(first_of("192.0.2.1", list_of(p, 2), BALANCE_LEAST, p, 2), -1);
	wake_and_let_go(1);
	close_places(p, 2);
}

static void
a_source_finds_the_resting_connection_of_its_own_target_alone(void **state)
{
	struct place p[2];
	char src[32];

	(void)state;
	make_places(p, 2);
	for (int i = 0; i < 20; i++) {
		int own = place_of_source(i, list_of(p, 2), p, 2);

		snprintf(src, sizeof(src), "192.0.2.%d", i);
		rest_at(&p[own], 0);
		assert_int_equal(first_of(src, list_of(p, 2), BALANCE_SOURCE, p, 2), own);
		wake_and_let_go(0);
		rest_at(&p[!own], 0);
		assert_int_equal(first_of(src, list_of(p, 2), BALANCE_SOURCE, p, 2), -1);
		wake_and_let_go(0);
		visitors(&p[own]);
		visitors(&p[!own]);
	}
	close_places(p, 2);
}

static void
an_unknown_target_comes_before_one_that_is_held_off(void **state)
{
	struct place p[2];

	(void)state;
	make_held_off(p);
	assert_int_equal(first_of("192.0.2.1", list_of(p, 2), BALANCE_FIRST, p, 2), -1);
	rest_at(&p[1], 0);
	assert_int_equal(first_of("192.0.2.1", list_of(p, 2), BALANCE_FIRST, p, 2), 1);
	wake_and_let_go(0);
	leaves(&p[1]);
}

static void
a_dial_counts_from_its_start(void **state)
{
	struct place p[2];

	(void)state;
	make_places(p, 2);
	rest_at(&p[1], 0);
	begin_later("192.0.2.1", list_of(p, 2), BALANCE_LEAST);
	assert_int_equal(first_of("192.0.2.1", list_of(p, 2), BALANCE_LEAST, p, 2), 1);
	target_resume(kept[0].target);
	assert_int_equal(first_of("192.0.2.1", list_of(p, 2), BALANCE_LEAST, p, 2), 0);
	let_go(0);		/* what is chosen stays so, though the other has less */
	assert_true(ends_at(p[0].text));
	hang_up();
	close_places(p, 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		dial_test(the_target_with_the_least_connections_is_taken_ties_in_order),
		dial_test(an_attempt_under_way_counts_for_least),
		dial_test(an_attempt_that_failed_counts_no_more_for_least),
		dial_test(with_first_the_order_is_that_of_the_line),
		dial_test(a_source_keeps_its_target_whatever_comes_and_goes_beside_it),
		dial_test(a_spare_of_which_nothing_is_known_hides_no_resting_connection),
		dial_test(a_source_finds_the_resting_connection_of_its_own_target_alone),
		dial_test(an_unknown_target_comes_before_one_that_is_held_off),
		dial_test(a_dial_counts_from_its_start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
