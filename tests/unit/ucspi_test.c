/* SPDX-License-Identifier: ISC */
/* Tests of lib/ucspi.c: what a program is told about its connection, and that nothing stale is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <errno.h>

#include "ucspi.h"

static const char *const variable[] = { "PROTO", "TCPREMOTEIP", "TCPREMOTEPORT", "TCPREMOTEHOST",
	"TCPREMOTEINFO", "TCPLOCALIP", "TCPLOCALPORT", "TCPLOCALHOST" };

static int
make_stale(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(variable) / sizeof(*variable); i++)
		if (setenv(variable[i], "stale", 1) == -1)
			return -1;
	return 0;
}

static struct endpoint
at(const char *ip, unsigned port)
{
	struct endpoint e;

	assert_true(endpoint_parse_ip(slice_str(ip), &e));
	e.port = (uint16_t)port;
	return e;
}

static void
is(const char *name, const char *want)
{
	const char *got = getenv(name);

	if (want == NULL)
		assert_null(got);
	else
		assert_string_equal(got == NULL ? "(unset)" : got, want);
}

static void
both_ends_are_told(void **state)
{
	struct endpoint remote = at("192.0.2.7", 65535), local = at("192.0.2.80", 1);

	(void)state;
	assert_int_equal(ucspi_setenv(&remote, &local, "db.example.org"), 0);
	is("PROTO", "TCP");
	is("TCPREMOTEIP", "192.0.2.7");
	is("TCPREMOTEPORT", "65535");
	is("TCPLOCALIP", "192.0.2.80");
	is("TCPLOCALPORT", "1");
	is("TCPLOCALHOST", "db.example.org");
	is("TCPREMOTEHOST", NULL);
	is("TCPREMOTEINFO", NULL);
}

static void
v6_is_told_without_brackets(void **state)
{
	struct endpoint remote = at("2001:db8::7", 9), local = at("::1", 22);

	(void)state;
	assert_int_equal(ucspi_setenv(&remote, &local, NULL), 0);
	is("TCPREMOTEIP", "2001:db8::7");
	is("TCPLOCALIP", "::1");
	is("TCPLOCALHOST", NULL);
}

static void
what_is_not_known_is_unset(void **state)
{
	struct endpoint unknown = { .family = AF_UNSPEC }, local_socket = { .family = AF_UNIX };

	(void)state;
	assert_int_equal(ucspi_setenv(&unknown, &unknown, NULL), 0);
	is("PROTO", "TCP");
	for (size_t i = 1; i < sizeof(variable) / sizeof(*variable); i++)
		is(variable[i], NULL);
	assert_int_equal(ucspi_setenv(&local_socket, &unknown, NULL), 0);
	is("PROTO", "UNIX");
	is("TCPREMOTEIP", NULL);
}

static void
a_variable_is_set_or_unset(void **state)
{
	(void)state;
	assert_int_equal(ucspi_set("PROTO", "x"), 0);
	is("PROTO", "x");
	assert_int_equal(ucspi_set("PROTO", NULL), 0);
	is("PROTO", NULL);
	assert_int_equal(ucspi_set("", "x"), -1);
	assert_int_equal(errno, EINVAL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(both_ends_are_told, make_stale),
		cmocka_unit_test_setup(v6_is_told_without_brackets, make_stale),
		cmocka_unit_test_setup(what_is_not_known_is_unset, make_stale),
		cmocka_unit_test_setup(a_variable_is_set_or_unset, make_stale),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
