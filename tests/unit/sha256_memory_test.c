/* SPDX-License-Identifier: ISC */
/* Tests of lib/sha256.c: without memory there is no hash, and nothing worse. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <openssl/err.h>

#include "sha256.h"
#include "tls_starve.h"

/* A libcrypto whose first steps failed stays as it is. */
static int
get_ready(void **state)
{
	uint8_t hash[SHA256_SIZE];

	(void)state;
	return sha256(slice_str(""), hash) ? 0 : -1;
}

static bool
hash_starving(long after, bool ever)
{
	uint8_t hash[SHA256_SIZE];
	char hex[SHA256_HEX_SIZE];
	bool ok;

	starve(after, ever);
	ok = sha256(slice_str("abc"), hash);
	feed();
	assert_int_equal(ERR_peek_error(), 0);
	if (ok)
		assert_string_equal(sha256_hex(hash, hex),
		    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	return ok;
}

static void
without_memory_there_is_no_hash_and_with_it_there_is_one_again(void **state)
{
	uint8_t hash[SHA256_SIZE];
	unsigned failed = 0;

	(void)state;
	for (unsigned ever = 0; ever < 2; ever++)
		for (long after = 0; !hash_starving(after, ever) || starved;
		    after = starve_later(after))
			failed++;
	assert_true(failed > 1);
	assert_true(sha256(slice_str("abc"), hash));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_memory_there_is_no_hash_and_with_it_there_is_one_again),
	};

	return make_memory_scarce() ? cmocka_run_group_tests(tests, get_ready, NULL) : 1;
}
