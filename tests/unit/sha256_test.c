/* SPDX-License-Identifier: ISC */
/* Tests of lib/sha256.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "sha256.h"

/* Of an exact-size heap copy; the result is static. */
static const char *
hash(const char *text, size_t n)
{
	static char hex[SHA256_HEX_SIZE];
	uint8_t out[SHA256_SIZE];
	char *copy = malloc(n);

	if (n > 0)
		memcpy(copy, text, n);
	sha256(slice_of(copy, n), out);
	free(copy);
	return sha256_hex(out, hex);
}

/* FIPS 180-4 and NIST's example values. */
static void
known_texts_have_known_hashes(void **state)
{
	(void)state;
	assert_string_equal(hash("", 0),
	    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	assert_string_equal(hash("abc", 3),
	    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	assert_string_equal(hash("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56),
	    "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

/* sha256sum(1) of so many letters 'a': around the places where the padding needs another block. */
static void
every_length_near_a_block_is_padded_right(void **state)
{
	static const struct {
		size_t n;
		const char *hex;
	} cases[] = {
		{ 55, "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318" },
		{ 56, "b35439a4ac6f0948b6d6f9e3c6af0f5f590ce20f1bde7090ef7970686ec6738a" },
		{ 63, "7d3e74a05d7db15bce4ad9ec0658ea98e3f06eeecf16b4c6fff2da457ddc2f34" },
		{ 64, "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb" },
		{ 119, "31eba51c313a5c08226adf18d4a359cfdfd8d2e816b13f4af952f7ea6584dcfb" },
		{ 120, "2f3d335432c70b580af0e8e1b3674a7c020d683aa5f73aaaedfdc55af904c21c" },
	};
	char text[128];

	(void)state;
	memset(text, 'a', sizeof(text));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(hash(text, cases[i].n), cases[i].hex);
}

/* Of an exact-size heap copy. */
static bool
reads(const char *hex, size_t n, uint8_t out[static SHA256_SIZE])
{
	char *copy = malloc(n);
	bool ok;

	if (n > 0)
		memcpy(copy, hex, n);
	ok = sha256_from_hex(slice_of(copy, n), out);
	free(copy);
	return ok;
}

static void
the_text_of_a_hash_is_read_in_either_case(void **state)
{
	const char lower[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
	const char upper[] = "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD";
	uint8_t out[SHA256_SIZE];
	char hex[SHA256_HEX_SIZE];

	(void)state;
	assert_true(reads(lower, 64, out));
	assert_string_equal(sha256_hex(out, hex), lower);
	memset(out, 0, sizeof(out));
	assert_true(reads(upper, 64, out));
	assert_string_equal(sha256_hex(out, hex), lower);
}

static void
what_is_not_64_digits_is_no_hash(void **state)
{
	char text[65] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
	uint8_t out[SHA256_SIZE];

	(void)state;
	for (size_t n = 0; n < 64; n++)
		assert_false(reads(text, n, out));
	assert_false(reads(text, 65, out));
	for (size_t i = 0; i < 64; i++)
		for (const char *c = "/:@G`g \xc1"; *c != '\0'; c++) {
			char good = text[i];

			text[i] = *c;
			assert_false(reads(text, 64, out));
			text[i] = good;
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_texts_have_known_hashes),
		cmocka_unit_test(every_length_near_a_block_is_padded_right),
		cmocka_unit_test(the_text_of_a_hash_is_read_in_either_case),
		cmocka_unit_test(what_is_not_64_digits_is_no_hash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
