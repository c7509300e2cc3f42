/* SPDX-License-Identifier: ISC */
/* Tests of lib/num.c: what is a number, what is none, and the ends of every range. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "num.h"

#define UNTOUCHED 4711u

/* On an exact-size heap copy without a NUL, so that the sanitizer sees a read behind the text. */
static bool
parse(const char *text, uint64_t min, uint64_t max, uint64_t *out)
{
	size_t len = strlen(text);
	char *copy = malloc(len);

	memcpy(copy, text, len);
	*out = UNTOUCHED;
	bool ok = num_parse(slice_of(copy, len), min, max, out);
	free(copy);
	return ok;
}

static bool
seconds(const char *text, uint64_t max_ms, uint64_t *out)
{
	size_t len = strlen(text);
	char *copy = malloc(len);

	memcpy(copy, text, len);
	*out = UNTOUCHED;
	bool ok = num_seconds(slice_of(copy, len), max_ms, out);
	free(copy);
	return ok;
}

static void
numbers_inside_the_range_are_taken(void **state)
{
	uint64_t n;

	(void)state;
	assert_true(parse("0", 0, 10, &n));
	assert_int_equal(n, 0);
	assert_true(parse("65535", 1, 65535, &n));
	assert_int_equal(n, 65535);
	assert_true(parse("007", 1, 10, &n));
	assert_int_equal(n, 7);
	assert_true(parse("18446744073709551615", 0, UINT64_MAX, &n));
	assert_true(n == UINT64_MAX);
}

static void
numbers_outside_the_range_are_refused_and_leave_out_alone(void **state)
{
	static const char *const text[] = { "0", "11", "18446744073709551616",
		"99999999999999999999999" };
	uint64_t n;

	(void)state;
	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++) {
		assert_false(parse(text[i], 1, 10, &n));
		assert_int_equal(n, UNTOUCHED);
	}
	assert_false(parse("18446744073709551616", 0, UINT64_MAX, &n));
	assert_false(parse("18446744073709551620", 0, UINT64_MAX, &n));
}

static void
anything_but_digits_is_refused(void **state)
{
	static const char *const text[] = {
		"", "-1", "+1", " 1", "1 ", "1x", "0x1", "1e3", "1.0", "\xb2", "/", ":",
	};
	uint64_t n;

	(void)state;
	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++)
		assert_false(parse(text[i], 0, UINT64_MAX, &n));
	assert_false(num_parse(slice_of("1\0", 2), 0, 10, &n));
	assert_false(num_parse(slice_of(NULL, 0), 0, 10, &n));
}

static void
seconds_become_milliseconds(void **state)
{
	static const struct { const char *text; uint64_t ms; } good[] = {
		{ "0", 0 }, { "5", 5000 }, { "0.25", 250 }, { ".5", 500 }, { "1.5", 1500 },
		{ "0.001", 1 }, { "2.030", 2030 }, { "600", 600000 }, { "0.0", 0 },
	};
	uint64_t ms;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_true(seconds(good[i].text, 600000, &ms));
		assert_int_equal(ms, good[i].ms);
	}
}

static void
what_is_no_number_of_seconds_is_refused(void **state)
{
	static const char *const text[] = {
		"", ".", "5.", "1.2.3", "-1", "+1", "1s", " 1", "0.0001", "1.+5", "1e3",
		"600.001", "601", "18446744073709551615", "18446744073709552",
		"99999999999999999999",
	};
	uint64_t ms;

	(void)state;
	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++) {
		assert_false(seconds(text[i], 600000, &ms));
		assert_int_equal(ms, UNTOUCHED);
	}
	assert_false(seconds("18446744073709551.615", UINT64_MAX, &ms));
	assert_true(seconds("18446744073709549", UINT64_MAX, &ms));
}

static void
digits_of_either_case_are_hexadecimal_and_nothing_else_is(void **state)
{
	static const char digits[] = "0123456789abcdefABCDEF";

	(void)state;
	for (int c = 0; c < 256; c++) {
		const char *at = c == 0 ? NULL : strchr(digits, c);
		int value = at == NULL ? -1 : (int)(at - digits);

		assert_int_equal(num_hex((char)c), value < 16 ? value : value - 6);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_inside_the_range_are_taken),
		cmocka_unit_test(numbers_outside_the_range_are_refused_and_leave_out_alone),
		cmocka_unit_test(anything_but_digits_is_refused),
		cmocka_unit_test(seconds_become_milliseconds),
		cmocka_unit_test(what_is_no_number_of_seconds_is_refused),
		cmocka_unit_test(digits_of_either_case_are_hexadecimal_and_nothing_else_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
