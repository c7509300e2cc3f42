/* SPDX-License-Identifier: ISC */
/*
 * Text put together piece by piece in a buffer of the caller's,
 * for text written too often for printf(3).
 */
#ifndef TEXT_H
#define TEXT_H

#include "slice.h"

#define TEXT_NUMBER_MAX 20u	/* digits of any number */

/* What finds no room before end is left out. Nothing is NUL-terminated. */
struct text {
	char *at;	/* after what is there */
	char *end;	/* of the room; the caller's buffer, borrowed */
};

static inline struct text
text_in(char *room, size_t size)
{
	return (struct text){ room, room + size };
}

static inline void
text_add(struct text *t, struct slice s)
{
	size_t room = (size_t)(t->end - t->at);

	if (s.len <= room && s.len > 0)	/* apart from the rest: a literal's copy is a move or two */
		memcpy(t->at, s.p, s.len);
	else if (s.len > 0)
		memcpy(t->at, s.p, s.len = room);
	t->at += s.len;
}

static inline void
text_str(struct text *t, const char *s)
{
	text_add(t, slice_str(s));
}

/* In decimal. */
static inline void
text_number(struct text *t, uint64_t n)
{
	char digit[TEXT_NUMBER_MAX], *at = digit + sizeof(digit);

	do
		*--at = (char)('0' + n % 10);
	while ((n /= 10) != 0);
	text_add(t, slice_of(at, (size_t)(digit + sizeof(digit) - at)));
}

#endif
