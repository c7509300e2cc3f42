/* SPDX-License-Identifier: ISC */
/* Tests of lib/identity.c: without memory a key is not called a bad one. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <openssl/err.h>

#include "identity.h"
#include "tls_starve.h"

static const char ed25519[] =
	"-----BEGIN PRIVATE KEY-----\n"
	"MC4CAQAwBQYDK2VwBCIEIHcYB8t1tWYBUaajJh1ZsT7vrWrrUqxko0EJfCE/Eew5\n"
	"-----END PRIVATE KEY-----\n";

static const char p256[] =
	"-----BEGIN PRIVATE KEY-----\n"
	"MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgilU/E/B5rMIi4Qs/\n"
	"v3q03XOWcnMFHlskwSIjlpoEkryhRANCAAQg3MzFtjSkkEEd+bkxNlTbiv08inuO\n"
	"xW7iLAzYtQL60xj8AQgWfvTk11R3yAuXZ6jbzuRnala9X2zHSU/GDGd5\n"
	"-----END PRIVATE KEY-----\n";

static const char x25519[] =
	"-----BEGIN PRIVATE KEY-----\n"
	"MC4CAQAwBQYDK2VuBCIEIMj1QcXXax5DNW+qZ2R5UlPCQbAJJczuhuBkzZ6HT4Zh\n"
	"-----END PRIVATE KEY-----\n";

static char why[IDENTITY_WHY_MAX];

/* A libcrypto whose first steps failed stays as it is. */
static int
get_ready(void **state)
{
	struct identity *me = identity_parse(slice_str(ed25519), why);
	bool ready = me != NULL;

	(void)state;
	identity_free(me);
	return ready ? 0 : -1;
}

static struct identity *
parse_starving(const char *pem, long after, bool ever)
{
	struct identity *me;
	int error;

	starve(after, ever);
	errno = EPERM;
	me = identity_parse(slice_str(pem), why);
	error = errno;
	feed();
	assert_int_equal(ERR_peek_error(), 0);
	errno = error;
	return me;
}

/* With a little memory more each time, until it is enough. */
static void
starve_a_parser_of(const char *pem)
{
	for (unsigned ever = 0; ever < 2; ever++) {
		bool enough = false;

		for (long after = 0; !enough; after = starve_later(after)) {
			struct identity *me = parse_starving(pem, after, ever);

			enough = !starved;
			if (me == NULL) {
				if (errno != ENOMEM || strcmp(why, "out of memory") != 0)
					fail_msg("allocation %ld%s: errno %d: %s", after,
					    ever ? " on" : "", errno, why);
				assert_false(enough);
			}
			identity_free(me);
		}
	}
}

static void
without_memory_a_key_is_not_called_a_bad_one(void **state)
{
	(void)state;
	starve_a_parser_of(ed25519);
	starve_a_parser_of(p256);
}

/* One that was refused in the end may have met with a failure on the way: either reason is true. */
static void
a_bad_key_is_told_from_a_lack_of_memory(void **state)
{
	(void)state;
	assert_null(parse_starving(x25519, -1, false));
	assert_int_equal(errno, 0);
	assert_string_equal(why, "the key is of kind X25519, not Ed25519 or P-256");
	assert_null(parse_starving("nonsense\n", -1, false));
	assert_int_equal(errno, 0);
	assert_string_equal(why, "no private key in PEM");
	assert_null(parse_starving(ed25519, 0, true));
	assert_int_equal(errno, ENOMEM);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_memory_a_key_is_not_called_a_bad_one),
		cmocka_unit_test(a_bad_key_is_told_from_a_lack_of_memory),
	};

	return make_memory_scarce() ? cmocka_run_group_tests(tests, get_ready, NULL) : 1;
}
