/* SPDX-License-Identifier: ISC */
/* Strict number parsing: digits only, no sign, no blanks, a range, the whole text. */
#ifndef NUM_H
#define NUM_H

#include <stdbool.h>
#include <stdint.h>

#include "slice.h"

/* Decimal digits only (no sign, blank or base prefix); false leaves *out alone. Pure. */
bool num_parse(struct slice text, uint64_t min, uint64_t max, uint64_t *out);

/*
 * Seconds with up to three decimals ("5", "0.25", ".5") as milliseconds, at most
 * max_ms. More decimals are refused: rounding 0.0001 to 0 would turn a deadline off.
 * False leaves *out_ms alone. Pure.
 */
bool num_seconds(struct slice text, uint64_t max_ms, uint64_t *out_ms);

/* The value of a hexadecimal digit of either case, -1 when it is none. Pure. */
static inline int
num_hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

#endif
