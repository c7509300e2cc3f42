/* SPDX-License-Identifier: ISC */
/*
 * A hash for tables in memory; nothing stored or sent depends on it. But the targets of
 * balance=source do (seed 0): another hash sends clients elsewhere.
 */
#ifndef HASH_H
#define HASH_H

#include "slice.h"

static inline uint64_t
hash_step(uint64_t h, uint64_t word)
{
	h = (h ^ word) * 0xd6e8feb86659fd93u;
	return h ^ h >> 32;
}

/*
 * Eight bytes, A to Z made a to z: a byte from 'A' to 'Z' alone gets its top bit set by the first
 * sum and not by the second.
 */
static inline uint64_t
hash_lower(uint64_t word)
{
	const uint64_t each = 0x0101010101010101u, low = word & each * 0x7f;
	uint64_t upper = (low + each * (0x80 - 'A')) & ~(low + each * (0x7f - 'Z')) &
	    ~word & each * 0x80;

	return word | upper >> 2;
}

/* Up to eight bytes as a number. */
static inline uint64_t
hash_word(const char *p, size_t len)
{
	uint64_t word = 0;

	memcpy(&word, p, len);
	return word;
}

/* For the two functions below. */
static inline uint64_t
hash_any(uint64_t seed, struct slice text, bool nocase)
{
	uint64_t h = seed ^ text.len * 0x9e3779b97f4a7c15u, word, last;

	last = text.len >= 8 ? hash_word(text.p + text.len - 8, 8) :
	    text.len == 0 ? 0 : hash_word(text.p, text.len);
	for (; text.len > 8; text = slice_skip(text, 8)) {
		word = hash_word(text.p, 8);
		h = hash_step(h, nocase ? hash_lower(word) : word);
	}
	word = last;	/* some of its bytes a second time */
	h = hash_step(h, nocase ? hash_lower(word) : word) * 0x9e3779b97f4a7c15u;
	return h ^ h >> 32;
}

/* seed: random where outsiders choose the texts. The upper bits are as good as the lower ones. */
static inline uint64_t
hash_text(uint64_t seed, struct slice text)
{
	return hash_any(seed, text, false);
}

/* The same for texts that differ in the case of ASCII letters only. */
static inline uint64_t
hash_nocase(uint64_t seed, struct slice text)
{
	return hash_any(seed, text, true);
}

/* For the function below. */
static inline uint64_t
hash_mix(uint64_t h)
{
	h ^= h >> 32;
	h *= 0xd6e8feb86659fd93u;
	h ^= h >> 32;
	h *= 0xd6e8feb86659fd93u;
	return h ^ h >> 32;
}

/*
 * A hash that can stand for its text, where texts are not compared any more: hash_text() and
 * hash_nocase() give some texts that differ in a few bits the same hash, whatever the seed.
 */
static inline uint64_t
hash_fingerprint(uint64_t seed, struct slice text)
{
	uint64_t h = hash_mix(seed ^ text.len);

	for (; text.len >= 8; text = slice_skip(text, 8))
		h = hash_mix(h ^ hash_word(text.p, 8)) + seed;
	return text.len == 0 ? h : hash_mix(h ^ hash_word(text.p, text.len)) + seed;
}

#endif
