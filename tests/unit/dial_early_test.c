/* SPDX-License-Identifier: ISC */
/* Tests of lib/dial.c: what may be written before it is known that the target is connected. */
#include "dial_help.h"

static int says, earlies;
static const char *all_targets;

static int
on_early(void *arg, const struct target *t)
{
	struct sockaddr_storage sa;
	socklen_t len = sizeof(sa);

	assert_ptr_equal(arg, &dones);
	assert_non_null(strstr(all_targets, target_text(t)));
	earlies++;
	if (says == 0)
		/* connected, on this machine */
		assert_int_equal(getpeername(io.fd, (struct sockaddr *)&sa, &len), 0);
	return says;
}

static void
begin_early(const char *targets, int what)
{
	ops.early = on_early;
	all_targets = targets;
	says = what;
	earlies = 0;
	begin(targets);
}

static void
who_could_write_early_is_done_without_an_event(void **state)
{
	struct place p = place_at("127.0.0.1", 0);

	(void)state;
	begin_early(p.text, 0);
	assert_true(ends_at(p.text));
	assert_int_equal(first_events, 0);
	assert_int_equal(earlies, 1);
	watched_events = 0;
	run_turn();
	assert_int_equal(watched_events, 0);	/* not watched for room */
	hang_up();
	leaves(&p);
}

static void
who_could_not_waits_for_the_connection(void **state)
{
	struct place p = place_at("127.0.0.1", 0);

	(void)state;
	begin_early(p.text, EAGAIN);
	assert_true(ends_at(p.text));
	assert_int_equal(earlies, 1);
	assert_true((first_events & EV_WRITE) != 0);
	hang_up();
	leaves(&p);
}

static void
an_early_failure_is_a_failure_of_the_target(void **state)
{
	struct place p[2];

	(void)state;
	make_places(p, 2);
	begin_early(list_of(p, 2), ECONNREFUSED);
	assert_true(ends_at(NULL));
	assert_int_equal(earlies, 2);
	hang_up();
	close_places(p, 2);
}

static void
a_unix_target_is_spoken_to_as_well(void **state)
{
	char text[200];
	int fd;

	(void)state;
	snprintf(text, sizeof(text), "unix:%s", in_dir("sock"));
	fd = listen_on(text);
	begin_early(text, 0);
	assert_true(ends_at(text));
	assert_int_equal(earlies, 1);
	hang_up();
	begin_early(text, EPIPE);
	assert_true(ends_at(NULL));
	hang_up();
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		dial_test(who_could_write_early_is_done_without_an_event),
		dial_test(who_could_not_waits_for_the_connection),
		dial_test(an_early_failure_is_a_failure_of_the_target),
		dial_test(a_unix_target_is_spoken_to_as_well),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
