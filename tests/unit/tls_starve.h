/* SPDX-License-Identifier: ISC */
/*
 * For tests of what OpenSSL is behind: its memory, which ends when a test says so.
 * Included by one file of a test.
 */
#ifndef TLS_STARVE_H
#define TLS_STARVE_H

#include <stdbool.h>
#include <stdlib.h>

#include <openssl/crypto.h>

static long grants = -1;	/* allocations until one fails, -1: none will */
static bool for_good;		/* it and all behind it */
static bool starved;		/* one has failed */

static bool
is_granted(void)
{
	if (grants == -1 || grants-- > 0)
		return true;
	grants = for_good ? 0 : -1;
	starved = true;
	return false;
}

static void *
scarce_malloc(size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return is_granted() ? malloc(size) : NULL;
}

static void *
scarce_realloc(void *p, size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return is_granted() ? realloc(p, size) : NULL;
}

static void
give_back(void *p, const char *file, int line)
{
	(void)file;
	(void)line;
	free(p);
}

/* First of all in main(): OpenSSL takes no other memory once it has some. */
static bool
make_memory_scarce(void)
{
	return CRYPTO_set_mem_functions(scarce_malloc, scarce_realloc, give_back) == 1;
}

/* After so many more allocations one fails, or each from then on. */
static void
starve(long after, bool ever)
{
	grants = after;
	for_good = ever;
	starved = false;
}

/* The next number to try: each of the first ones, then some, for there are thousands. */
static long
starve_later(long after)
{
	return after + (after < 300 ? 1 : 7);
}

/* Memory is there again. Whether any was refused. */
static bool
feed(void)
{
	grants = -1;
	return starved;
}

#endif
