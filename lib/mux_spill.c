/* SPDX-License-Identifier: ISC */
/* Bytes of a tunnel session that wait for room: to be sent, or for a descriptor to take them. */
#include "mux_private.h"

#include <stdlib.h>

static struct mux_spill *
grow(struct mux_spill *p, size_t size)
{
	struct mux_spill *grown = realloc(p, sizeof(*p) + size);

	if (grown == NULL)
		return NULL;
	if (p == NULL)
		grown->at = grown->len = 0;
	grown->size = (uint32_t)size;
	return grown;
}

static void
to_front(struct mux_spill *p)
{
	memmove(p->bytes, p->bytes + p->at, p->len);
	p->at = 0;
}

bool
mux_spill_add(struct mux_spill **spill, const void *bytes, size_t len, size_t most)
{
	struct mux_spill *p = *spill;
	size_t sum = (p == NULL ? 0 : p->len) + len, size;

	if (p != NULL && p->at + sum > p->size && (p->at >= p->size / 2 || p->size >= most))
		to_front(p);
	if (p == NULL || p->at + sum > p->size) {
		size = p == NULL ? sum : (size_t)p->size * 2;
		if (size > most)
			size = most;
		if (p != NULL && p->at > 0)
			to_front(p);
		p = grow(p, size < sum ? sum : size);
		if (p == NULL)
			return false;
		*spill = p;
	}
	memcpy(p->bytes + p->at + p->len, bytes, len);
	p->len += (uint32_t)len;
	return true;
}

void
mux_spill_drop(struct mux_spill **spill, size_t n)
{
	struct mux_spill *p = *spill;

	p->at += (uint32_t)n;
	p->len -= (uint32_t)n;
	if (p->len > 0)
		return;
	free(p);
	*spill = NULL;
}
