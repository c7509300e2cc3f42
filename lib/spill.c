/* SPDX-License-Identifier: ISC */
/* Bytes that wait for room. */
#include "spill.h"

#include <stdlib.h>
#include <string.h>

struct spill *
spill_new(size_t size)
{
	struct spill *p = malloc(sizeof(*p) + size);

	if (p != NULL)
		*p = (struct spill){ .size = (uint32_t)size };
	return p;
}

static void
to_front(struct spill *p)
{
	memmove(p->bytes, p->bytes + p->at, p->len);
	p->at = 0;
}

/* Room for sum bytes, those it has included. */
static bool
grow(struct spill **spill, size_t sum, size_t most)
{
	size_t twice = (size_t)(*spill)->size * 2, size = twice < most ? twice : most;
	struct spill *p;

	if (size < sum)
		size = sum;
	p = realloc(*spill, sizeof(*p) + size);
	if (p == NULL)
		return false;
	p->size = (uint32_t)size;
	*spill = p;
	return true;
}

/* Room for len more bytes. What was dropped is used again if that is much, or all there may be. */
static bool
make_room(struct spill **spill, size_t len, size_t most)
{
	struct spill *p = *spill;
	bool reuse;

	if (p == NULL) {
		*spill = spill_new(len);
		return *spill != NULL;
	}
	if (p->at + p->len + len <= p->size)
		return true;
	reuse = p->at >= p->size / 2 || p->size >= most;
	if (p->at > 0)
		to_front(p);
	return (reuse && p->len + len <= p->size) || grow(spill, p->len + len, most);
}

bool
spill_add_pieces(struct spill **spill, const struct iovec *iov, int n, size_t skip, size_t most)
{
	size_t total = 0;

	for (int i = 0; i < n; i++)
		total += iov[i].iov_len;
	if (!make_room(spill, total - skip, most))
		return false;
	for (int i = 0; i < n; i++) {
		struct spill *p = *spill;
		size_t cut = skip < iov[i].iov_len ? skip : iov[i].iov_len;
		size_t len = iov[i].iov_len - cut;

		if (len > 0)
			memcpy(p->bytes + p->at + p->len, (char *)iov[i].iov_base + cut, len);
		p->len += (uint32_t)len;
		skip -= cut;
	}
	return true;
}

bool
spill_add(struct spill **spill, const void *bytes, size_t len, size_t most)
{
	return spill_add_pieces(spill, &(struct iovec){ (void *)(uintptr_t)bytes, len }, 1, 0,
	    most);
}

void
spill_drop(struct spill **spill, size_t n)
{
	struct spill *p = *spill;

	p->at += (uint32_t)n;
	p->len -= (uint32_t)n;
	if (p->len > 0)
		return;
	free(p);
	*spill = NULL;
}
