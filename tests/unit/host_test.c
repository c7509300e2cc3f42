/* SPDX-License-Identifier: ISC */
/* Tests of lib/host.c: what is a host name, and its one written form. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "host.h"

#define L63 "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz0"
#define L61 "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxy"

static char normal[HOST_MAX + 1];

/* On an exact-size heap copy without a NUL; host_valid() and host_normalize() must agree. */
static bool
valid(const char *text, size_t len)
{
	char *copy = malloc(len);

	memcpy(copy, text, len);
	bool ok = host_valid(slice_of(copy, len));
	memset(normal, 'x', sizeof(normal));
	size_t n = host_normalize(slice_of(copy, len), normal);

	assert_int_equal(n > 0, ok);
	assert_int_equal(n, strlen(normal));
	free(copy);
	return ok;
}

static void
host_names_are_taken(void **state)
{
	static const char *const text[] = {
		"a", "localhost", "www.example.org", "xn--bcher-kva.example",
		"1.2.3.4.in-addr.arpa", "3com.com", "_acme-challenge.example.org", "a_b.c", "a--b",
		"1.example", "_", "x.1a", "0x7f", L63,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++) {
		assert_true(valid(text[i], strlen(text[i])));
		assert_string_equal(normal, text[i]);
	}
}

static void
what_is_no_host_name_is_refused(void **state)
{
	static const char *const text[] = {
		"", ".", "..", ".a", "a..", "a..b", "-a", "a-", "a.-b", "a-.b", "*.a", "a b", " a",
		"a ", "a\n",
		"a/b", "a:80", "[::1]", "::1", "a,b", "a#b", "a%b", "a@b",
		"b\xc3\xbc" "cher.example", "a\x7f",
		"192.0.2.1", "192.0.2.1.", "1.2.3", "1", "0", "example.123", "1.2.3.4.5", L63 "x",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++)
		assert_false(valid(text[i], strlen(text[i])));
	assert_false(valid("a\0b", 3));
	assert_false(valid("a\0", 2));
	assert_false(host_valid(slice_of(NULL, 0)));
}

static void
no_byte_but_letters_digits_hyphen_and_underscore_fits_in_a_label(void **state)
{
	(void)state;
	for (int c = 0; c < 256; c++) {
		char text[3] = { 'a', (char)c, 'a' };
		bool fits = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
		    (c >= 'A' && c <= 'Z') || c == '-' || c == '_' || c == '.';

		assert_int_equal(valid(text, 3), fits);
	}
}

static void
the_longest_name_has_253_bytes_and_may_end_with_a_dot(void **state)
{
	static const char longest[] = L63 "." L63 "." L63 "." L61;
	static const char dotted[] = L63 "." L63 "." L63 "." L61 ".";
	static const char longer[] = L63 "." L63 "." L63 "." L61 "x";

	(void)state;
	assert_int_equal(strlen(longest), HOST_MAX);
	assert_true(valid(longest, HOST_MAX));
	assert_string_equal(normal, longest);
	assert_true(valid(dotted, HOST_MAX + 1));
	assert_string_equal(normal, longest);
	assert_false(valid(longer, HOST_MAX + 1));
}

static void
the_normal_form_is_lower_case_without_the_trailing_dot(void **state)
{
	(void)state;
	assert_true(valid("WWW.Example.ORG.", 16));
	assert_string_equal(normal, "www.example.org");
	assert_true(valid("AZ-az_09.x", 10));
	assert_string_equal(normal, "az-az_09.x");
}

static void
a_pattern_is_a_star_and_the_normal_form_behind_it(void **state)
{
	char out[HOST_PATTERN_MAX + 1];

	(void)state;
	assert_int_equal(host_normalize_pattern(slice_str("WWW.Example.ORG."), out), 15);
	assert_string_equal(out, "www.example.org");
	assert_int_equal(host_normalize_pattern(slice_str("*.Example.ORG."), out), 13);
	assert_string_equal(out, "*.example.org");
	assert_int_equal(host_normalize_pattern(slice_str("*." L63 "." L63 "." L63 "." L61), out),
	    HOST_PATTERN_MAX);
	for (const char *const *bad = (const char *const[]){ "", "*", "*.", "*.*.x", "*x.y", "x.*",
	    ".x", "*..", "*.1.2.3.4", NULL }; *bad != NULL; bad++) {
		memset(out, 'x', sizeof(out));
		assert_int_equal(host_normalize_pattern(slice_str(*bad), out), 0);
		assert_string_equal(out, "");
	}
	assert_int_equal(host_normalize_pattern(slice_of(NULL, 0), out), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(host_names_are_taken),
		cmocka_unit_test(what_is_no_host_name_is_refused),
		cmocka_unit_test(no_byte_but_letters_digits_hyphen_and_underscore_fits_in_a_label),
		cmocka_unit_test(the_longest_name_has_253_bytes_and_may_end_with_a_dot),
		cmocka_unit_test(the_normal_form_is_lower_case_without_the_trailing_dot),
		cmocka_unit_test(a_pattern_is_a_star_and_the_normal_form_behind_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
