/* SPDX-License-Identifier: ISC */
/*
 * Take fields off the front of network bytes. A length field opens a cursor of its own:
 * reads from that cannot get past the field. All return false when there are too few bytes;
 * the cursor is then of no use.
 */
#ifndef TAKE_H
#define TAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "slice.h"

static inline bool
take_bytes(struct slice *c, size_t n, struct slice *out)
{
	if (c->len < n)
		return false;
	*out = slice_of(c->p, n);
	*c = slice_skip(*c, n);
	return true;
}

/* A big-endian number of 1 to 4 bytes. */
static inline bool
take_uint(struct slice *c, unsigned bytes, uint32_t *out)
{
	struct slice field;

	if (!take_bytes(c, bytes, &field))
		return false;
	*out = 0;
	for (size_t i = 0; i < bytes; i++)
		*out = *out << 8 | (uint8_t)field.p[i];
	return true;
}

/* A length of len_bytes bytes and as many bytes as it says. */
static inline bool
take_vec(struct slice *c, unsigned len_bytes, struct slice *out)
{
	uint32_t len;

	return take_uint(c, len_bytes, &len) && take_bytes(c, len, out);
}

#endif
