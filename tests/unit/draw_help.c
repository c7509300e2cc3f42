/* SPDX-License-Identifier: ISC */
/* Pseudo-random numbers: Marsaglia's xorshift. */
#include "draw_help.h"

uint32_t
draw(uint32_t below)
{
	static uint32_t x = 2463534242u;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	return x % below;
}
