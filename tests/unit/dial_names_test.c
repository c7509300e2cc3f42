/* SPDX-License-Identifier: ISC */
/* Tests of lib/dial.c: targets with names, their addresses, and DNS that takes its time. */
#include "dial_help.h"
#include "dns_help.h"

static int
set_up_names(void **state)
{
	queries = 0;
	at_once = NULL;
	return set_up_dial(state);
}

#define names_test(f) cmocka_unit_test_setup_teardown(f, set_up_names, tear_down_dial)

static void
each_address_of_a_name_is_tried(void **state)
{
	struct place p = place_at("127.0.0.3", 0);
	const char *text = named(&p, "www.example");

	(void)state;
	begin(text);
	assert_int_equal(queries, 1);
	run_turn();
	dns_answers(0, "127.0.0.1 127.0.0.2 127.0.0.3", 60);
	assert_true(ends_at(text));
	expect_connected();
	hang_up();
	assert_int_equal(visitors(&p), 1);
	leaves(&p);
}

static void
the_address_that_worked_last_is_tried_first(void **state)
{
	struct place good = place_at("127.0.0.3", 0), other = place_at("127.0.0.2", good.port);
	const char *text = named(&good, "www.example");

	(void)state;
	leaves(&other);
	at_once = "127.0.0.2 127.0.0.3";
	assert_true(dial_reaches(text, text));
	assert_int_equal(visitors(&good), 1);
	comes_back(&other);
	assert_true(dial_reaches(text, text));
	assert_int_equal(visitors(&good), 1);
	leaves(&good);
	assert_true(dial_reaches(text, text));
	assert_int_equal(visitors(&other), 1);
	leaves(&other);
}

static void
a_name_without_an_address_is_a_target_that_fails(void **state)
{
	struct place p = place_at("127.0.0.1", 0);
	char targets[256];

	(void)state;
	snprintf(targets, sizeof(targets), "nowhere.example:1,nowhere.example:2,%s", p.text);
	begin(targets);
	dns_fails(0);
	if (queries > 1 && query[1].waits)
		dns_fails(1);
	assert_true(ends_at(p.text));
	hang_up();
	begin("nowhere.example:1");	/* known to have none, for a second */
	assert_true(ends_at(NULL));
	hang_up();
	leaves(&p);
}

static void
a_name_that_is_answered_at_once_and_refused_fails_over(void **state)
{
	struct place dead = place_at("127.0.0.1", 0), p = place_at("127.0.0.1", 0);
	char targets[256];

	(void)state;
	leaves(&dead);
	at_once = "127.0.0.1";
	snprintf(targets, sizeof(targets), "%s,%s", named(&dead, "a.example"),
	    named(&p, "b.example"));
	assert_true(dial_reaches(targets, named(&p, "b.example")));
	leaves(&p);
	assert_true(dial_reaches(targets, NULL));
}

static void
dns_that_does_not_answer_is_left_at_the_deadline(void **state)
{
	struct place p = place_at("127.0.0.1", 0);
	char targets[256];

	(void)state;
	snprintf(targets, sizeof(targets), "slow.example:1,%s", p.text);
	begin(targets);
	run_turn();
	skip_ms(TIMEOUT_MS + 1);
	assert_true(ends_at(p.text));
	dns_answers(0, "127.0.0.1", 60);	/* too late, and nobody waits any more */
	hang_up();
	leaves(&p);
}

static void
an_answer_that_comes_too_late_disturbs_nothing(void **state)
{
	struct place deaf = place_at("127.0.0.1", 0);
	char targets[256];
	int fd, before;

	(void)state;
	goes_deaf(&deaf);
	snprintf(targets, sizeof(targets), "slow.example:1,%s", deaf.text);
	begin(targets);
	skip_ms(TIMEOUT_MS + 1);
	run_due();
	fd = io.fd;
	assert_int_not_equal(fd, -1);		/* connecting to the second */
	before = open_fds();
	dns_answers(0, "127.0.0.1 127.0.0.2", 60);
	run_turn();
	assert_int_equal(io.fd, fd);
	assert_int_equal(open_fds(), before);
	skip_ms(TIMEOUT_MS + 1);
	assert_true(ends_at(NULL));
	hang_up();
	leaves(&deaf);
}

/* Names that are others every minute, reached and left. */
static struct place of_all_names;

static void
dial_another_name(int i)
{
	char host[32];

	queries = 0;
	at_once = "127.0.0.1";
	snprintf(host, sizeof(host), "host%d.example", i);
	assert_true(dial_reaches(named(&of_all_names, host), named(&of_all_names, host)));
	assert_int_equal(visitors(&of_all_names), 1);
	skip_ms(60000);
}

static void
names_nobody_dials_any_more_are_forgotten(void **state)
{
	(void)state;
	of_all_names = place_at("127.0.0.1", 0);
	expect_bounded_memory(dial_another_name, 3000);
	leaves(&of_all_names);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		names_test(each_address_of_a_name_is_tried),
		names_test(the_address_that_worked_last_is_tried_first),
		names_test(a_name_without_an_address_is_a_target_that_fails),
		names_test(a_name_that_is_answered_at_once_and_refused_fails_over),
		names_test(dns_that_does_not_answer_is_left_at_the_deadline),
		names_test(an_answer_that_comes_too_late_disturbs_nothing),
		names_test(names_nobody_dials_any_more_are_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
