/* SPDX-License-Identifier: ISC */
/* Tests of lib/kind.c: kinds of visitors and their words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "kind.h"

static void
kinds_have_words(void **state)
{
	(void)state;
	for (enum kind kind = KIND_UNKNOWN; kind <= KIND_TCP; kind++)
		assert_int_equal(kind_of(slice_str(kind_word(kind))), kind);
	assert_string_equal(kind_word(KIND_TLS), "tls");
	assert_string_equal(kind_word(KIND_HTTP), "http");
	assert_string_equal(kind_word(KIND_TCP), "tcp");
}

static void
other_words_are_no_kind(void **state)
{
	(void)state;
	assert_int_equal(kind_of(slice_str("tl")), KIND_UNKNOWN);
	assert_int_equal(kind_of(slice_str("https")), KIND_UNKNOWN);
	assert_int_equal(kind_of(slice_of(NULL, 0)), KIND_UNKNOWN);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kinds_have_words),
		cmocka_unit_test(other_words_are_no_kind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
