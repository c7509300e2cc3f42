/* SPDX-License-Identifier: ISC */
/* Tests of lib/privs.c: who is meant, and that there is no way back. */
#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>

#include "loop_help.h"
#include "privs.h"

static void
users_and_groups_are_names_or_numbers(void **state)
{
	struct privs p = { 0 };

	(void)state;
	assert_null(privs_parse("root", &p));
	assert_int_equal(p.uid, 0);
	assert_int_equal(p.gid, 0);
	assert_string_equal(p.name, "root");
	assert_null(privs_parse("0", &p));
	assert_string_equal(p.name, "root");
	assert_null(privs_parse("0:4711", &p));
	assert_int_equal(p.uid, 0);
	assert_int_equal(p.gid, 4711);
	assert_null(privs_parse("4242:root", &p));
	assert_int_equal(p.uid, 4242);
	assert_int_equal(p.gid, 0);
	assert_string_equal(p.name, "");
}

static void
what_names_nobody_is_refused_with_a_reason(void **state)
{
	static const char *const text[] = { "", ":root", "no-such-user-here",
		"no-such-user-here:root", "root:", "root:no-such-group-here", "root:root:root",
		"-1:-1", "4294967295:0", "0:4294967295",
		"a-name-that-is-longer-than-any-name-of-a-user-has-ever-been-on-this-earth" };
	struct privs p;

	(void)state;
	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++)
		assert_non_null(privs_parse(text[i], &p));
}

static void
a_number_without_an_entry_needs_a_group(void **state)
{
	struct privs p;

	(void)state;
	assert_null(getpwuid(987654));
	assert_non_null(privs_parse("987654", &p));
	assert_null(privs_parse("987654:987654", &p));
}

static const char *who;

static void
drop_and_try_to_return(void)
{
	gid_t groups[64];
	struct privs p;
	int n;

	groups[0] = 0;
	groups[1] = 4711;
	CHILD_CHECK(setgroups(2, groups) == 0);
	CHILD_CHECK(privs_parse(who, &p) == NULL);
	CHILD_CHECK(privs_drop(&p) == 0);
	CHILD_CHECK(getuid() == p.uid && geteuid() == p.uid && getgid() == p.gid &&
	    getegid() == p.gid);
	n = getgroups(64, groups);
	CHILD_CHECK(n >= 0);
	for (int i = 0; i < n; i++)
		CHILD_CHECK(groups[i] != 0 && groups[i] != 4711);
	CHILD_CHECK(setuid(0) == -1 && seteuid(0) == -1 && setgid(0) == -1);
	CHILD_CHECK(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
}

static void
root_is_given_up_for_good(void **state)
{
	static const char *const text[] = { "nobody", "4242:4242", "nobody:4242" };

	(void)state;
	if (getuid() != 0 || getpwnam("nobody") == NULL)
		skip();
	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++) {
		who = text[i];
		expect_well(drop_and_try_to_return);
	}
}

static void
drop_twice(void)
{
	struct privs first = { .uid = 4242, .gid = 4242 }, second = { .uid = 4243, .gid = 4243 };

	CHILD_CHECK(privs_drop(&first) == 0);
	CHILD_CHECK(privs_drop(&second) == -1 && errno == EPERM);
}

static void
somebody_else_cannot_be_become_without_the_right_to(void **state)
{
	(void)state;
	if (getuid() != 0)
		skip();
	expect_well(drop_twice);
}

static void
drop_again(void)
{
	struct privs p = { .uid = 4242, .gid = 4242 }, group = { .uid = 4242, .gid = 4243 };

	CHILD_CHECK(setgroups(0, NULL) == 0 && setgid(4242) == 0 && setuid(4242) == 0);
	CHILD_CHECK(privs_drop(&group) == -1 && errno == EPERM);
	CHILD_CHECK(privs_drop(&p) == 0);
	CHILD_CHECK(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
}

static void
whoever_is_that_user_already_needs_no_right_to(void **state)
{
	(void)state;
	if (getuid() != 0)
		skip();
	expect_well(drop_again);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(users_and_groups_are_names_or_numbers),
		cmocka_unit_test(what_names_nobody_is_refused_with_a_reason),
		cmocka_unit_test(a_number_without_an_entry_needs_a_group),
		cmocka_unit_test(root_is_given_up_for_good),
		cmocka_unit_test(somebody_else_cannot_be_become_without_the_right_to),
		cmocka_unit_test(whoever_is_that_user_already_needs_no_right_to),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
