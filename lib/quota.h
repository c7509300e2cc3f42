/* SPDX-License-Identifier: ISC */
/*
 * How many of something there are at once, counted over all worker processes:
 * connections per source, per route.
 */
#ifndef QUOTA_H
#define QUOTA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"

struct quota;

/*
 * A table in memory shared by processes forked after this call: per worker, room for entries keys
 * held at once. NULL with errno. Untouched room costs no memory.
 */
struct quota *quota_new(unsigned workers, size_t entries);

/*
 * The key of a source (a client's address, of v6 its /64) and of a text: 64-bit keyed hashes, so
 * that outsiders cannot provoke a collision. Never 0, which stands for "not counted".
 */
uint64_t quota_key_source(const struct quota *q, const struct endpoint *peer);
uint64_t quota_key_text(const struct quota *q, const void *text, size_t len);

/*
 * Count n more, at least 1, for key on behalf of worker, unless all workers together would hold
 * more than limit (0: no limit). True: counted, give them back with quota_drop_many(), which does
 * nothing for key 0.
 */
bool quota_take_many(struct quota *q, unsigned worker, uint64_t key, uint64_t n, uint64_t limit);
void quota_drop_many(struct quota *q, unsigned worker, uint64_t key, uint64_t n);

/* The same for one. */
static inline bool
quota_take(struct quota *q, unsigned worker, uint64_t key, uint64_t limit)
{
	return quota_take_many(q, worker, key, 1, limit);
}

static inline void
quota_drop(struct quota *q, unsigned worker, uint64_t key)
{
	quota_drop_many(q, worker, key, 1);
}

/*
 * One more event of a kind that all workers together log at most once a second. Returns how many
 * there were since the last was logged, 0: don't log now.
 */
uint64_t quota_log(struct quota *q, uint64_t now_ms);

/* Worker died: what it held is free again. */
void quota_forget(struct quota *q, unsigned worker);

#endif
