/* SPDX-License-Identifier: ISC */
/* Tests of lib/dial.c: one target after the other, and how long one that failed is held off. */
#include "dial_help.h"
#include "log.h"

/* ---- one after the other ---- */

static void
the_next_target_is_tried_within_the_same_dial(void **state)
{
	struct place p[3];

	(void)state;
	make_places(p, 3);
	leaves(&p[0]);
	leaves(&p[1]);
	assert_true(dial_reaches(list_of(p, 3), p[2].text));
	assert_int_equal(visitors(&p[2]), 1);
	leaves(&p[2]);
	begin(list_of(p, 3));
	assert_true(ends_at(NULL));
	/* not held off, or not for long: p[2] comes first */
	assert_string_equal(target_text(target), p[1].text);
	hang_up();
}

static void
a_target_that_does_not_answer_is_left_at_the_deadline(void **state)
{
	struct place p[2];

	(void)state;
	make_places(p, 2);
	goes_deaf(&p[0]);
	begin(list_of(p, 2));
	for (int i = 0; i < 10; i++)
		run_turn();
	assert_int_equal(dones, 0);
	skip_ms(TIMEOUT_MS - 500);
	run_due();
	assert_int_equal(dones, 0);
	skip_ms(501);
	assert_true(ends_at(p[1].text));
	expect_connected();
	hang_up();
	close_places(p, 2);
}

static bool
reaches_but_rather_not(const char *targets, const struct target *avoided, const char *text)
{
	bool right;

	begin_later("192.0.2.1", targets, BALANCE_FIRST);
	dial_avoid(under_way, avoided);
	right = ends_at(text);
	hang_up();
	return right;
}

static void
a_target_to_be_avoided_comes_after_all_that_are_not_held_off(void **state)
{
	struct target *avoided;
	struct place p[3];

	(void)state;
	make_places(p, 3);
	assert_true(dial_reaches(list_of(p, 1), p[0].text));
	begin(list_of(p, 1));
	assert_true(ends_at(p[0].text));
	avoided = target;
	target_keep(avoided);
	hang_up();
	assert_true(reaches_but_rather_not(list_of(p, 3), avoided, p[1].text));
	assert_true(reaches_but_rather_not(list_of(p, 1), avoided, p[0].text));
	leaves(&p[1]);
	assert_true(reaches_but_rather_not(list_of(p, 3), avoided, p[2].text));
	assert_int_equal(visitors(&p[0]), 3);
	leaves(&p[2]);
	assert_true(reaches_but_rather_not(list_of(p, 3), avoided, p[0].text));
	/* now all others are held off */
	assert_true(reaches_but_rather_not(list_of(p, 3), avoided, p[0].text));
	assert_true(dial_reaches(list_of(p, 3), p[0].text));
	target_forget(avoided);
	close_places(p, 1);
}

/* ---- hold-off ---- */

static void
a_target_that_failed_is_held_off_for_a_second(void **state)
{
	struct place p[2];

	(void)state;
	make_held_off(p);
	comes_back(&p[0]);
	skip_ms(900);
	assert_true(dial_reaches(list_of(p, 2), p[1].text));
	assert_int_equal(visitors(&p[0]), 0);
	skip_ms(101);
	assert_true(dial_reaches(list_of(p, 2), p[0].text));
	close_places(p, 2);
}

/* It has failed, lets nobody in now, and its time is over. */
static void
is_due_but_deaf(struct place *p, const char *targets, const char *other)
{
	leaves(p);
	assert_true(dial_reaches(targets, other));
	comes_back(p);
	goes_deaf(p);
	skip_ms(1001);
	ev_refresh(loop);
}

static void
only_one_dial_waits_for_a_target_whose_time_is_over(void **state)
{
	static const struct dial_ops nothing = { .done = NULL };	/* it is taken back */
	const struct endpoint src = { .family = AF_UNSPEC };
	struct ev_io probing = { -1, NULL };
	struct dial *first;
	struct place p[2];

	(void)state;
	make_places(p, 2);
	is_due_but_deaf(&p[0], list_of(p, 2), p[1].text);
	first = dial_start(dialer, slice_str(list_of(p, 2)), BALANCE_FIRST, &src, false, &probing,
	    &nothing, NULL);
	for (int i = 0; i < 3; i++)
		assert_true(dial_reaches(list_of(p, 2), p[1].text));
	dial_cancel(first);
	begin(list_of(p, 2));	/* nothing was found out: this one tries it */
	for (int i = 0; i < 10; i++)
		run_turn();
	assert_int_equal(dones, 0);
	skip_ms(TIMEOUT_MS + 1);
	assert_true(ends_at(p[1].text));
	hang_up();
	leaves(&p[0]);		/* which is not the last time */
	comes_back(&p[0]);
	skip_ms(2001);
	assert_true(dial_reaches(list_of(p, 2), p[0].text));
	close_places(p, 2);
}

static void
a_held_off_target_is_tried_when_there_is_no_other(void **state)
{
	struct place p[2];

	(void)state;
	make_places(p, 2);
	leaves(&p[0]);
	leaves(&p[1]);
	assert_true(dial_reaches(list_of(p, 2), NULL));
	comes_back(&p[1]);
	assert_true(dial_reaches(list_of(p, 2), p[1].text));
	close_places(p, 2);
}

/* Fail over and over, each time when the hold-off has just run out; returns what was logged. */
static const char *
fail_often(const char *targets, int times)
{
	catch_stderr();
	log_init("test", LOG_LEVEL_INFO, false);
	for (int i = 0; i < times; i++) {
		begin(targets);
		ends();
		hang_up();
		begin(targets);		/* fails too, and makes nothing worse */
		ends();
		hang_up();
		skip_ms(30000);
	}
	log_init("test", LOG_LEVEL_ERROR, false);
	return caught_stderr();
}

static void
the_hold_off_doubles_to_thirty_seconds_and_ends_with_a_success(void **state)
{
	static const int want[] = { 1, 2, 4, 8, 16, 30, 30 };
	struct place p = place_at("127.0.0.1", 0);
	const char *got;
	int seconds;

	(void)state;
	leaves(&p);
	got = fail_often(p.text, 7);
	for (int i = 0; i < 7; i++) {
		got = strstr(got, "held off for ");
		assert_non_null(got);
		assert_int_equal(sscanf(got, "held off for %d s\n", &seconds), 1);
		assert_int_equal(seconds, want[i]);
		got++;
	}
	assert_null(strstr(got, "held off for "));
	comes_back(&p);
	assert_true(dial_reaches(p.text, p.text));
	leaves(&p);
	got = fail_often(p.text, 1);
	assert_non_null(strstr(got, "held off for 1 s\n"));
}

static void
each_that_failed_within_a_dial_is_held_off(void **state)
{
	char list[256];
	const char *got;

	(void)state;
	snprintf(list, sizeof(list), "unix:%s,unix:%s", in_dir("a"), in_dir("b"));
	catch_stderr();
	log_init("test", LOG_LEVEL_INFO, false);
	assert_true(dial_reaches(list, NULL));
	log_init("test", LOG_LEVEL_ERROR, false);
	got = caught_stderr();
	for (int i = 0; i < 2; i++) {
		got = strstr(got, "held off for 1 s\n");
		assert_non_null(got);
		got++;
	}
}

/* Fail once; returns why, as logged, or "". */
static const char *
why_not(const char *targets)
{
	static char why[128];
	const char *got;

	catch_stderr();
	log_init("test", LOG_LEVEL_INFO, false);
	assert_true(dial_reaches(targets, NULL));
	log_init("test", LOG_LEVEL_ERROR, false);
	got = strstr(caught_stderr(), "is unreachable: ");
	why[0] = '\0';
	if (got != NULL)
		assert_int_equal(sscanf(got, "is unreachable: %127[^\n]", why), 1);
	return why;
}

static void
another_reason_is_logged_once_a_second_while_held_off(void **state)
{
	char text[128];

	(void)state;
	snprintf(text, sizeof(text), "unix:%s", in_dir("app"));
	assert_string_equal(why_not(text), "No such file or directory; held off for 1 s");
	skip_ms(1000);
	assert_string_equal(why_not(text), "No such file or directory; held off for 2 s");
	fclose(fopen(in_dir("app"), "w"));
	assert_string_equal(why_not(text), "");
	skip_ms(1000);
	assert_string_equal(why_not(text), "Connection refused; held off for 1 s");
	unlink(in_dir("app"));
	assert_string_equal(why_not(text), "");
	skip_ms(1000);
	assert_string_equal(why_not(text), "No such file or directory; held off for 4 s");
	skip_ms(3000);
	assert_string_equal(why_not(text), "");
}

static void
its_text_is_a_value_for_readers_of_the_log(void **state)
{
	(void)state;
	catch_stderr();
	log_init("test", LOG_LEVEL_INFO, false);
	assert_true(dial_reaches("unix:@nobody\"=", NULL));
	log_init("test", LOG_LEVEL_ERROR, false);
	assert_non_null(strstr(caught_stderr(), "target=\"unix:@nobody\\\"=\" is unreachable: "));
}

static void
what_is_known_of_many_targets_is_found_again(void **state)
{
	enum { N = 300 };
	char text[32];

	(void)state;
	for (int i = 0; i < N; i++) {
		snprintf(text, sizeof(text), "unix:/nowhere/%d", i);
		assert_true(dial_reaches(text, NULL));
	}
	int lfd;
	char up[128], targets[256];

	snprintf(up, sizeof(up), "unix:%s", in_dir("up"));
	lfd = listen_on(up);
	for (int i = 0; i < N; i++) {
		snprintf(targets, sizeof(targets), "unix:/nowhere/%d,%s", i, up);
		catch_stderr();
		log_init("test", LOG_LEVEL_INFO, false);
		bool right = dial_reaches(targets, up);

		log_init("test", LOG_LEVEL_ERROR, false);
		assert_string_equal(caught_stderr(), "");	/* held off: not even tried */
		assert_true(right);
	}
	close(lfd);
}

/* A routes file whose targets are others every minute, and cannot be reached. */
static void
dial_another_target(int i)
{
	char text[64];

	snprintf(text, sizeof(text), "unix:/nowhere/%d", i);
	assert_true(dial_reaches(text, NULL));
	skip_ms(60000);
}

static void
targets_nobody_uses_any_more_are_forgotten(void **state)
{
	(void)state;
	expect_bounded_memory(dial_another_target, 4000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		dial_test(the_next_target_is_tried_within_the_same_dial),
		dial_test(a_target_that_does_not_answer_is_left_at_the_deadline),
		dial_test(a_target_to_be_avoided_comes_after_all_that_are_not_held_off),
		dial_test(a_target_that_failed_is_held_off_for_a_second),
		dial_test(only_one_dial_waits_for_a_target_whose_time_is_over),
		dial_test(a_held_off_target_is_tried_when_there_is_no_other),
		dial_test(the_hold_off_doubles_to_thirty_seconds_and_ends_with_a_success),
		dial_test(each_that_failed_within_a_dial_is_held_off),
		dial_test(another_reason_is_logged_once_a_second_while_held_off),
		dial_test(its_text_is_a_value_for_readers_of_the_log),
		dial_test(what_is_known_of_many_targets_is_found_again),
		dial_test(targets_nobody_uses_any_more_are_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
