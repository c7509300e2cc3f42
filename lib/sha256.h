/* SPDX-License-Identifier: ISC */
/* SHA-256 (FIPS 180-4), by OpenSSL. */
#ifndef SHA256_H
#define SHA256_H

#include <stdbool.h>
#include <stdint.h>

#include "slice.h"

#define SHA256_SIZE 32u			/* bytes of a hash */
#define SHA256_HEX_SIZE 65u		/* of its text, NUL included */

/*
 * The hash of data. False when out of memory, or where OpenSSL is configured without SHA-256: out
 * is then all zeros and must not be used. Pure except for allocation.
 */
bool sha256(struct slice data, uint8_t out[static SHA256_SIZE]);

/* As lower-case hexadecimal digits; returns out. */
const char *sha256_hex(const uint8_t hash[static SHA256_SIZE], char out[static SHA256_HEX_SIZE]);

/* The hash of such a text, in either case. False: it is none. Pure. */
bool sha256_from_hex(struct slice hex, uint8_t out[static SHA256_SIZE]);

#endif
