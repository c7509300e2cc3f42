/* SPDX-License-Identifier: ISC */
/* Tests of lib/spill.c: what is added, and how much room that takes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "spill.h"

static void
expect(const struct spill *s, const char *text, size_t size)
{
	assert_non_null(s);
	assert_int_equal(s->len, strlen(text));
	assert_memory_equal(s->bytes + s->at, text, s->len);
	assert_int_equal(s->size, size);
}

static void
what_is_added_follows_what_is_left_and_the_last_byte_frees_it(void **state)
{
	struct spill *s = NULL;

	(void)state;
	assert_true(spill_add(&s, "abc", 3, 0));
	expect(s, "abc", 3);
	spill_drop(&s, 2);
	expect(s, "c", 3);
	assert_true(spill_add(&s, "de", 2, 0));
	expect(s, "cde", 3);
	spill_drop(&s, 3);
	assert_null(s);
}

static void
pieces_are_added_but_for_the_first_bytes(void **state)
{
	char a[] = "ab", b[] = "cde", c[] = "f";
	struct iovec iov[] = { { a, 2 }, { b, 3 }, { NULL, 0 }, { c, 1 } };
	const char *all = "abcdef";

	(void)state;
	for (size_t skip = 0; skip < 6; skip++) {
		struct spill *s = NULL;

		assert_true(spill_add_pieces(&s, iov, 4, skip, 0));
		expect(s, all + skip, 6 - skip);
		spill_drop(&s, 6 - skip);
		assert_null(s);
	}
}

static void
it_grows_ahead_of_need_only_as_far_as_allowed(void **state)
{
	struct spill *s = NULL;

	(void)state;
	assert_true(spill_add(&s, "abcd", 4, 10));
	assert_true(spill_add(&s, "e", 1, 10));
	expect(s, "abcde", 8);
	assert_true(spill_add(&s, "fghi", 4, 10));
	expect(s, "abcdefghi", 10);
	assert_true(spill_add(&s, "jkl", 3, 10));	/* needed all the same */
	expect(s, "abcdefghijkl", 12);
	spill_drop(&s, 1);
	assert_true(spill_add(&s, "m", 1, 10));		/* instead of growing any more */
	expect(s, "bcdefghijklm", 12);
	assert_true(spill_add(&s, "n", 1, 0));
	expect(s, "bcdefghijklmn", 13);
	spill_drop(&s, 13);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_added_follows_what_is_left_and_the_last_byte_frees_it),
		cmocka_unit_test(pieces_are_added_but_for_the_first_bytes),
		cmocka_unit_test(it_grows_ahead_of_need_only_as_far_as_allowed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
