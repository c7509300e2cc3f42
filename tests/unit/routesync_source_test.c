/* SPDX-License-Identifier: ISC */
/* Tests of routesync/source.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../routesync/source.h"

/* "KIND user servers path master db" of an exact-size heap copy, or why not; static. */
static const char *
parse(const char *text)
{
	static char out[512];
	size_t n = strlen(text);
	char *copy = malloc(n);
	struct source s;
	const char *why;

	memcpy(copy, text, n);
	if (source_parse(slice_of(copy, n), &s, &why))
		snprintf(out, sizeof(out),
		    "%d " SLICE_FMT " " SLICE_FMT " " SLICE_FMT " " SLICE_FMT " %d", s.kind,
		    SLICE_ARG(s.user), SLICE_ARG(s.servers), SLICE_ARG(s.path), SLICE_ARG(s.master),
		    (int)s.db);
	else
		snprintf(out, sizeof(out), "%s", why);
	free(copy);
	return out;
}

static void
every_form_is_taken_apart(void **state)
{
	(void)state;
	assert_string_equal(parse("-"), "0     0");
	assert_string_equal(parse("redis://h"), "1  h   0");
	assert_string_equal(parse("redis://h/"), "1  h   0");
	assert_string_equal(parse("redis://u@h.example:6380/3"), "1 u h.example:6380   3");
	assert_string_equal(parse("redis://[::1]:6379/0"), "1  [::1]:6379   0");
	assert_string_equal(parse("rediss://10.0.0.1"), "2  10.0.0.1   0");
	assert_string_equal(parse("redis+unix:///run/redis.sock"), "3   /run/redis.sock  0");
	assert_string_equal(parse("redis+unix://u@/run/redis.sock?db=2"),
	    "3 u  /run/redis.sock  2");
	assert_string_equal(parse("redis+sentinel://a:1,b,[::1]:2/mymaster"),
	    "4  a:1,b,[::1]:2  mymaster 0");
	assert_string_equal(parse("redis+sentinel://a/m/4"), "4  a  m 4");
}

static void
what_is_no_source_is_refused(void **state)
{
	static const char *const text[] = { "", "redis", "redis:/h", "http://h",
		"redis://", "redis:///1", "redis://h:0", "redis://h:x", "redis://h/x",
		"redis://h/1/2", "redis://h/-1", "redis://a,b", "redis://@h", "redis://a b",
		"redis+unix://run/x", "redis+unix://", "redis+unix:///x?y=1",
		"redis+unix:///x?db=x", "redis+sentinel://a", "redis+sentinel://a/",
		"redis+sentinel://a,/m", "--" };

	(void)state;
	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++)
		assert_false(parse(text[i])[0] >= '0' && parse(text[i])[0] <= '9');
}

static void
a_password_is_refused_and_not_repeated(void **state)
{
	static const char *const text[] = { "redis://u:hunter2@h", "redis://:hunter2@h/1",
		"redis://u:hun/t@er2@h", "redis+unix://u:hunter2@/x",
		"redis+sentinel://u:hunter2@a,b/m", "rediss://u:hunter2@h" };

	(void)state;
	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++)
		assert_non_null(strstr(parse(text[i]), "--password-file"));
}

static void
servers_have_the_port_of_their_kind(void **state)
{
	struct source s;
	struct slice rest;
	struct addr a;
	const char *why;

	(void)state;
	assert_true(source_parse(slice_str("redis+sentinel://a:1,b,10.0.0.1/m"), &s, &why));
	rest = s.servers;
	source_next(&s, &rest, &a);
	assert_true(a.kind == ADDR_HOST && slice_is(a.host, "a") && a.ip.port == 1);
	source_next(&s, &rest, &a);
	assert_true(a.kind == ADDR_HOST && slice_is(a.host, "b") && a.ip.port == 26379);
	source_next(&s, &rest, &a);
	assert_true(a.kind == ADDR_IP && a.ip.port == 26379 && rest.p == NULL);
	assert_true(source_parse(slice_str("redis://::1"), &s, &why));
	rest = s.servers;
	source_next(&s, &rest, &a);
	assert_true(a.kind == ADDR_IP && a.ip.port == 6379);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_form_is_taken_apart),
		cmocka_unit_test(what_is_no_source_is_refused),
		cmocka_unit_test(a_password_is_refused_and_not_repeated),
		cmocka_unit_test(servers_have_the_port_of_their_kind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
