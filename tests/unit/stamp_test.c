/* SPDX-License-Identifier: ISC */
/* Tests of lib/stamp.c: every way a path comes to lead to something else. */
#include "loop_help.h"
#include "stamp.h"

static const char *path;
static struct stamp before;

static int
setup(void **state)
{
	(void)state;
	make_dir();
	path = in_dir("file");
	write_file(path, "one");
	before = stamp_of(path);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	skipped_ms = skipped_wall_ms = 0;
	remove_dir();
	return 0;
}

static bool
is_same(void)
{
	struct stamp now = stamp_of(path);

	return stamp_same(&before, &now);
}

/* Kernel time stamps move on with its tick. */
static void
let_time_pass(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
}

static void
a_file_left_alone_stays_the_same(void **state)
{
	(void)state;
	assert_int_equal(before.error, 0);
	let_time_pass();
	assert_true(is_same());
}

static void
an_edit_in_place_is_seen(void **state)
{
	(void)state;
	let_time_pass();
	write_file(path, "two");	/* as long as before */
	assert_false(is_same());
}

static void
another_file_renamed_over_it_is_seen(void **state)
{
	struct timespec times[2] = { before.mtime, before.mtime };

	(void)state;
	write_file(in_dir("other"), "two");
	assert_int_equal(utimensat(AT_FDCWD, in_dir("other"), times, 0), 0);
	assert_int_equal(rename(in_dir("other"), path), 0);
	assert_false(is_same());
}

static void
a_link_that_leads_elsewhere_is_seen(void **state)
{
	const char *link = in_dir("link");

	(void)state;
	write_file(in_dir("other"), "one");
	assert_int_equal(symlink("file", link), 0);
	path = link;
	assert_true(is_same());
	assert_int_equal(symlink("other", in_dir("new")), 0);
	assert_int_equal(rename(in_dir("new"), link), 0);
	assert_false(is_same());
}

static void
a_change_of_mode_is_seen(void **state)
{
	(void)state;
	let_time_pass();
	assert_int_equal(chmod(path, 0600), 0);
	assert_false(is_same());
}

static void
a_missing_file_differs_and_is_the_same_as_long_as_it_is_missing(void **state)
{
	(void)state;
	assert_int_equal(unlink(path), 0);
	assert_false(is_same());
	before = stamp_of(path);
	assert_int_equal(before.error, ENOENT);
	assert_true(is_same());
	write_file(path, "one");
	assert_false(is_same());
}

/* ---- when to read it ---- */

static struct stamp_watch watch;
static uint64_t now_ms;

/* A look, so long after the one before. */
static bool
is_due(unsigned later_ms)
{
	struct stamp now = stamp_of(path);

	now_ms += later_ms;
	return stamp_due(&watch, &now, now_ms);
}

static void
watched(void)
{
	watch = (struct stamp_watch){ .seen = stamp_of(path) };
	now_ms = 1000;
}

static void
a_changed_file_is_due_after_a_moment_whatever_the_clock_does(void **state)
{
	const int clock_ms[] = { 200, -3600000, 7200000 };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		watched();
		assert_false(is_due(250));
		write_file(path, i % 2 == 0 ? "two" : "three");
		skip_ms(clock_ms[i]);
		assert_false(is_due(0));
		assert_true(is_due(250));
	}
}

/* Ours was set, or the file is on another machine, whose clock is behind or ahead. */
static void
one_being_written_is_not_due_whatever_the_clock_says(void **state)
{
	const int clock_ms[] = { -3600000, 7200000 };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		skip_ms(clock_ms[i]);
		watched();
		for (int n = 0; n < 4; n++) {
			write_file(path, n % 2 == 0 ? "two" : "three");
			assert_false(is_due(250));
		}
		assert_true(is_due(250));
	}
}

static void
a_missing_file_is_due_at_once(void **state)
{
	(void)state;
	watched();
	assert_int_equal(unlink(path), 0);
	assert_true(is_due(0));
	watched();
	assert_false(is_due(250));
}

static void
one_replaced_over_and_over_is_due_at_the_second_look(void **state)
{
	(void)state;
	watched();
	for (int i = 0; i < 2; i++) {
		char other[32];

		snprintf(other, sizeof(other), "new%d", i);	/* the second has another inode */
		write_file(in_dir(other), "two");
		if (i == 1)
			assert_int_equal(link(path, in_dir("kept")), 0);
		assert_int_equal(rename(in_dir(other), path), 0);
		assert_int_equal(is_due(250), i == 1);
	}
}

static void
one_written_to_without_a_pause_is_due_after_some_seconds(void **state)
{
	(void)state;
	watched();
	for (unsigned ms = 0; ms < 3000; ms += 250) {
		write_file(path, ms % 500 == 0 ? "two" : "three");
		assert_false(is_due(250));
	}
	write_file(path, "four");
	assert_true(is_due(250));
	watch.seen = stamp_of(path);
	write_file(path, "five");
	assert_false(is_due(3000));		/* the time begins anew */
}

static void
one_whose_size_changed_without_its_times_is_not_at_rest(void **state)
{
	struct stamp torn;

	(void)state;
	watched();
	torn = watch.seen;
	torn.size = 0;
	assert_false(stamp_due(&watch, &torn, now_ms += 250));
	assert_false(is_due(250));		/* nothing was written after all */
	assert_false(stamp_due(&watch, &torn, now_ms += 3000));
	/* as one written to without a pause */
	assert_true(stamp_due(&watch, &torn, now_ms += 3000));
}

static void
what_is_no_plain_file_says_so(void **state)
{
	(void)state;
	assert_true(stamp_of(path).plain);
	assert_false(stamp_of(dir_path).plain);
	assert_false(stamp_of("/dev/zero").plain);
}

#define test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		test(a_file_left_alone_stays_the_same),
		test(an_edit_in_place_is_seen),
		test(another_file_renamed_over_it_is_seen),
		test(a_link_that_leads_elsewhere_is_seen),
		test(a_change_of_mode_is_seen),
		test(a_missing_file_differs_and_is_the_same_as_long_as_it_is_missing),
		test(a_changed_file_is_due_after_a_moment_whatever_the_clock_does),
		test(one_being_written_is_not_due_whatever_the_clock_says),
		test(a_missing_file_is_due_at_once),
		test(one_replaced_over_and_over_is_due_at_the_second_look),
		test(one_written_to_without_a_pause_is_due_after_some_seconds),
		test(one_whose_size_changed_without_its_times_is_not_at_rest),
		test(what_is_no_plain_file_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
