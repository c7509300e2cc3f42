/* SPDX-License-Identifier: ISC */
/*
 * Host names to addresses without blocking:
 * c-ares behind a cache that honours TTLs and keeps stale answers.
 */
#ifndef RESOLVE_H
#define RESOLVE_H

#include <stddef.h>

#include "addr.h"
#include "ev.h"
#include "slice.h"

struct resolver;
struct resolve_name;

/*
 * One look-up, embedded in its owner. cb gets every address known (port 0) or n == 0 when there is
 * none; addrs is borrowed for the call.
 */
struct resolve {
	struct resolve *next;
	struct resolve_name *name;	/* NULL: not asking */
	void (*cb)(struct resolve *q, const struct endpoint *addrs, size_t n);
};

/*
 * No socket is opened and no file is read before the first look-up. patience_ms: who asks gives up
 * after so long (0: never), and is to have a stale answer before. NULL with errno.
 */
struct resolver *resolver_new(struct ev *ev, uint64_t patience_ms);
void resolver_free(struct resolver *r);

/*
 * Ask; q->cb is called once: from inside this call when the answer is at hand (then true is
 * returned), later otherwise. A name whose answer is past its TTL is queried again; the old answer
 * is still used when DNS gives none.
 */
bool resolver_ask(struct resolver *r, struct resolve *q, struct slice host);

/*
 * None of host's addresses was of use: whatever its TTL, the answer serves for a second at most,
 * and then, while DNS gives none, as a stale one.
 */
void resolver_doubt(struct resolver *r, struct slice host);

/* Cancel the look-up: q->cb will not be called. Fine when nothing was asked. */
void resolver_cancel(struct resolve *q);

/*
 * Ask and wait, for an address of our own to listen on: the first one; false when there is none,
 * or none within max_ms (0: as long as it takes).
 */
bool resolve_wait(struct slice host, uint64_t max_ms, struct endpoint *out);

/*
 * Read resolv.conf and hosts anew for what is asked in later turns. What somebody waits for is
 * asked again, other queries under way are dropped; answers known count as stale. Fine from inside
 * a callback.
 */
void resolver_reload(struct resolver *r);

#endif
