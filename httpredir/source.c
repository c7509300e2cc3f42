/* SPDX-License-Identifier: ISC */
/* Where bytes come from: a descriptor, and what was read from it and not used up. */
#include "source.h"

#include <stdlib.h>
#include <sys/socket.h>

#include "ev.h"
#include "ration.h"
#include "sock.h"

struct held {
	uint64_t client;		/* whose ration it is taken from */
	uint32_t at, len, room;		/* bytes[at .. at+len) are held */
	char bytes[];
};

static struct ration ration;		/* of room for all that is held */

int
source_open(size_t clients)
{
	return ration_open(&ration, SOURCE_HELD_MAX, clients);
}

void
source_note(struct source *s, unsigned events)
{
	if (events & EV_READ)
		s->readable = true;
	if (events & (EV_EOF | EV_ERROR))
		s->fin = true;
	if (events & EV_URGENT)
		s->urgent = true;
}

bool
source_has(const struct source *s)
{
	return s->held != NULL;
}

struct slice
source_peek(const struct source *s)
{
	return s->held == NULL ? slice_of(NULL, 0) :
	    slice_of(s->held->bytes + s->held->at, s->held->len);
}

void
source_drop(struct source *s)
{
	if (s->held != NULL)
		ration_change(&ration, s->held->client, s->held->room, 0);
	free(s->held);
	s->held = NULL;
	s->stale = false;
}

/* Room for at least as much again after what is held. */
static bool
held_grow(struct source *s)
{
	struct held *h = s->held, *more;
	uint32_t room = h->len < 512 ? 1024 : h->len * 2;

	memmove(h->bytes, h->bytes + h->at, h->len);
	h->at = 0;
	if (h->room >= room)
		return true;
	if (!ration_change(&ration, h->client, h->room, room))
		return false;
	more = realloc(h, sizeof(*h) + room);
	if (more == NULL) {
		ration_change(&ration, h->client, room, h->room);
		return false;
	}
	more->room = room;
	s->held = more;
	return true;
}

/* A read stops at urgent data, and at a descriptor passed along: is there anything after that? */
static bool
has_more(int fd)
{
	char byte;

	return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) != -1 || !sock_would_block();
}

enum source_result
source_get(struct source *s, int fd, uint8_t *scratch, size_t max, struct slice *bytes)
{
	char *at = (char *)scratch;
	ssize_t n;

	if (s->held != NULL && !s->stale) {
		*bytes = source_peek(s);
		return SOURCE_BYTES;
	}
	if (!s->readable)
		return SOURCE_NONE;
	if (s->held != NULL) {
		if (!held_grow(s))
			return SOURCE_FULL;
		at = s->held->bytes + s->held->len;
		if (max > s->held->room - s->held->len)
			max = s->held->room - s->held->len;
	}
	n = sock_get(fd, at, max);
	if (n == -1) {
		s->readable = !sock_would_block();
		return !s->readable ? SOURCE_NONE : sock_no_memory() ? SOURCE_FULL : SOURCE_BROKEN;
	}
	if (n == 0)
		return SOURCE_END;
	if ((size_t)n < max && !s->fin)
		s->readable = s->urgent && has_more(fd);
	*bytes = slice_of(at, (size_t)n);
	if (s->held != NULL) {
		s->held->len += (uint32_t)n;
		*bytes = source_peek(s);
	}
	return SOURCE_BYTES;
}

/* A copy of rest. */
static bool
hold(struct source *s, struct slice rest)
{
	struct held *h;

	if (!ration_change(&ration, s->client, 0, rest.len))
		return false;
	h = malloc(sizeof(*h) + rest.len);
	if (h == NULL) {
		ration_change(&ration, s->client, rest.len, 0);
		return false;
	}
	*h = (struct held){ .client = s->client, .len = (uint32_t)rest.len,
		.room = (uint32_t)rest.len };
	memcpy(h->bytes, rest.p, rest.len);
	s->held = h;
	return true;
}

bool
source_keep(struct source *s, struct slice rest, bool stale)
{
	struct held *h = s->held;

	s->stale = stale && rest.len > 0;
	if (rest.len == 0) {
		source_drop(s);
		return true;
	}
	if (h != NULL) {	/* rest is the end of what is held */
		h->at += h->len - (uint32_t)rest.len;
		h->len = (uint32_t)rest.len;
		return true;
	}
	return hold(s, rest);
}
