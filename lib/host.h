/* SPDX-License-Identifier: ISC */
/* Check and lower-case a host name. */
#ifndef HOST_H
#define HOST_H

#include <stdbool.h>

#include "slice.h"

#define HOST_MAX 253	/* bytes of a host name as text, without the trailing dot (RFC 1035 3.1) */

/* Of the letters A to Z, whatever the locale. */
static inline char
host_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* A name with a trailing dot is the same name. */
static inline struct slice
host_without_dot(struct slice name)
{
	if (name.len > 0 && name.p[name.len - 1] == '.')
		name.len--;
	return name;
}

/*
 * Whether text is a host name: labels of 1 to 63 letters, digits, '-' and '_' (which DNS allows,
 * RFC 2181 11, and people use), none beginning or ending with '-', HOST_MAX in all, one trailing
 * dot allowed. An IPv4 address is not one, nor is any text whose last label is all digits. Pure.
 */
bool host_valid(struct slice text);

/*
 * Write the lower-case form of text without its trailing dot, NUL-terminated, to out and return its
 * length, or 0 (and an empty out) when host_valid() says no. Pure.
 */
size_t host_normalize(struct slice text, char out[static HOST_MAX + 1]);

/* The same for a host name or a pattern, "*." and a host name. Pure. */
#define HOST_PATTERN_MAX (HOST_MAX + 2)
size_t host_normalize_pattern(struct slice text, char out[static HOST_PATTERN_MAX + 1]);

#endif
