/* SPDX-License-Identifier: ISC */
/*
 * Memory held for what clients have sent and we cannot use yet: limited in all, and per source, so
 * that no source can take it away from the others.
 */
#ifndef RATION_H
#define RATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RATION_SHARE 4u		/* one source may hold this part of it: a quarter */

struct quota;

/* One process's; to be read. Zero it before ration_open(). */
struct ration {
	size_t max, total;	/* bytes */
	struct quota *held;	/* by source */
};

/* max bytes for up to so many sources at once. Untouched room costs no memory. -1 with errno. */
int ration_open(struct ration *r, size_t max, size_t sources);

/*
 * Somebody who held `from` bytes is to hold `to`. source: its key, as quota_key_source() makes it;
 * 0: it is counted for no source, so only the limit in all holds. False: too much, and nothing has
 * changed; never when it is no more than before.
 */
bool ration_change(struct ration *r, uint64_t source, size_t from, size_t to);

#endif
