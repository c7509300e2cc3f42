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

static void
first_bytes_tell_a_kind(void **state)
{
	static const struct {
		const char *first;
		enum kind kind;
	} cases[] = {
		{ "\x16", KIND_TLS }, { "\x16\x03", KIND_TLS }, { "GET ", KIND_HTTP },
		{ "VERSION-CONTROL /", KIND_HTTP }, { "", KIND_UNKNOWN }, { "GET", KIND_UNKNOWN },
		{ "P", KIND_UNKNOWN }, { "GETS ", KIND_TCP }, { "get ", KIND_TCP },
		{ "SSH-2.0-x", KIND_TCP }, { "ACL ", KIND_TCP }, { "\x15", KIND_TCP },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_int_equal(kind_of_bytes(slice_str(cases[i].first)), cases[i].kind);
}

static void
one_byte_tells_an_ancestors_kind(void **state)
{
	(void)state;
	for (int c = 0; c < 256; c++)
		assert_int_equal(kind_of_byte((unsigned char)c),
		    c == 0x16 ? KIND_TLS : c >= 'A' && c <= 'Z' ? KIND_HTTP : KIND_TCP);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kinds_have_words),
		cmocka_unit_test(other_words_are_no_kind),
		cmocka_unit_test(first_bytes_tell_a_kind),
		cmocka_unit_test(one_byte_tells_an_ancestors_kind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
