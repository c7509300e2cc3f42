/* SPDX-License-Identifier: ISC */
/* Where bytes come from: a descriptor, and what was read from it and not used up. */
#ifndef SOURCE_H
#define SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "slice.h"

#define SOURCE_CHUNK 65536u	/* bytes read at once */
#define SOURCE_HELD_MAX (64u * 1024u * 1024u)	/* bytes all sources of this process hold */

struct held;

/*
 * Zero it. Bytes that were read and not used up are held in memory of their own, which is rationed:
 * client is whose it is, see ration_change().
 */
struct source {
	struct held *held;	/* owned, or NULL */
	uint64_t client;
	bool readable : 1;	/* until EAGAIN, or a short read, says otherwise */
	bool fin : 1;		/* its end is known to follow what can be read */
	bool urgent : 1;	/* a short read proves nothing: urgent data, unix socket */
	bool stale : 1;		/* what is held does not suffice: more must come first */
};

enum source_result {
	SOURCE_BYTES,
	SOURCE_NONE,		/* nothing yet */
	SOURCE_END,
	SOURCE_BROKEN,		/* reset */
	SOURCE_FULL		/* no memory, or the client's ration is used up */
};

/* Once per process, for so many clients at once; -1 with errno. */
int source_open(size_t clients);

void source_note(struct source *s, unsigned events);

/*
 * What there is: held bytes, unless stale; else one read of at most max bytes into
 * scratch, or appended to them. *bytes lives until the next call for any source;
 * source_keep() what is not used up.
 */
enum source_result source_get(struct source *s, int fd, uint8_t *scratch, size_t max,
    struct slice *bytes);

/*
 * Hold on to the end of the bytes source_get() gave; stale: they are of no use
 * without more. False: no room, and they are lost; never when they were held before.
 */
bool source_keep(struct source *s, struct slice rest, bool stale);

bool source_has(const struct source *s);
struct slice source_peek(const struct source *s);
void source_drop(struct source *s);

#endif
