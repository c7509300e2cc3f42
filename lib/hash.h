/* SPDX-License-Identifier: ISC */
/* A hash for tables in memory; nothing stored or sent depends on it. */
#ifndef HASH_H
#define HASH_H

#include "slice.h"

/* seed: random where outsiders choose the texts. The upper bits are as good as the lower ones. */
static inline uint64_t
hash_text(uint64_t seed, struct slice text)
{
	uint64_t h = seed ^ text.len * 0x9e3779b97f4a7c15u, w;

	for (; text.len >= 8; text = slice_skip(text, 8)) {
		memcpy(&w, text.p, 8);
		h = (h ^ w) * 0xd6e8feb86659fd93u;
		h ^= h >> 32;
	}
	w = 0;
	if (text.len > 0)
		memcpy(&w, text.p, text.len);
	h = (h ^ w) * 0xd6e8feb86659fd93u;
	h = (h ^ h >> 32) * 0x9e3779b97f4a7c15u;
	return h ^ h >> 32;
}

#endif
