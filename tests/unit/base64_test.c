/* SPDX-License-Identifier: ISC */
/* Tests of lib/base64.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base64.h"

/* On exact-size heap copies; NULL: refused. The result is static. */
static const char *
decode(const char *text)
{
	static char result[256];
	size_t n = strlen(text), len;
	char *in = malloc(n), *out = malloc(BASE64_DECODED_MAX(n));
	bool ok;

	memcpy(in, text, n);
	ok = base64_decode(slice_of(in, n), out, &len);
	if (ok) {
		assert_true(len <= BASE64_DECODED_MAX(n));
		memcpy(result, out, len);
		result[len] = '\0';
	}
	free(in);
	free(out);
	return ok ? result : NULL;
}

/* RFC 4648 10 */
static void
the_vectors_of_the_rfc_decode(void **state)
{
	(void)state;
	assert_string_equal(decode(""), "");
	assert_string_equal(decode("Zg=="), "f");
	assert_string_equal(decode("Zm8="), "fo");
	assert_string_equal(decode("Zm9v"), "foo");
	assert_string_equal(decode("Zm9vYg=="), "foob");
	assert_string_equal(decode("Zm9vYmE="), "fooba");
	assert_string_equal(decode("Zm9vYmFy"), "foobar");
	assert_memory_equal(decode("+/+/"), "\xfb\xff\xbf", 3);
}

static void
line_breaks_are_skipped(void **state)
{
	(void)state;
	assert_string_equal(decode("Zm9v\nYmFy\n"), "foobar");
	assert_string_equal(decode("Zm\r\n9vYg\r\n=\r\n=\r\n"), "foob");
}

static void
what_is_not_base64_is_refused(void **state)
{
	static const char *const text[] = { "Z", "Zg", "Zg=", "Zm9", "====", "=g==", "Z===", "Zg=x",
		"Zm8=Zm8=", "Zg==Zg==", "Zm9vY", "Zm9v YmFy", "Zm9-", "Zm9_", "Zm9v=",
		"Zh==", "Zm9=", "Zm 9v" };

	(void)state;
	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++)
		assert_null(decode(text[i]));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_vectors_of_the_rfc_decode),
		cmocka_unit_test(line_breaks_are_skipped),
		cmocka_unit_test(what_is_not_base64_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
