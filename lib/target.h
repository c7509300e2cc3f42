/* SPDX-License-Identifier: ISC */
/* What lib/dial.c knows of targets. Only for dial.c: what its users may know is in dial.h. */
#ifndef TARGET_H
#define TARGET_H

#include "dial.h"

struct target {
	struct targets *table;		/* the one it is in */
	struct target *next;		/* in its bucket */
	struct addr addr;		/* slices into text */
	uint64_t hash;			/* of text */
	unsigned refs;			/* connections and dials that use it */
	uint64_t unused_ms;		/* since when unused */
	unsigned conns;			/* connections and attempts: what BALANCE_LEAST compares */
	uint32_t hold_ms;		/* current hold-off, 0: reachable as far as we know */
	uint64_t held_until_ms;
	uint64_t why, logged_ms;	/* the failure logged last: its reason's hash, and when */
	bool probed;			/* a dial finds out whether it can be reached again */
	struct endpoint good;		/* the address that worked last; AF_UNSPEC: none yet */
	void *slot;			/* target_slot()'s */
	char text[];
};

/* All that are in use, and unused ones of which something worth keeping is known. */
struct targets {
	struct ev *ev;
	struct target **bucket;		/* owned; room is a power of two, or 0 */
	size_t room, count;
};

void targets_free(struct targets *ts);

/* NULL when nothing is known of it. */
struct target *target_find(const struct targets *ts, struct slice text);

/*
 * The same, created if there is none; held until target_forget().
 * NULL: out of memory, or text is not a target.
 */
struct target *target_hold(struct targets *ts, struct slice text);

/*
 * It could not be reached: log that and hold it off, for longer than the last time; while it
 * is held off, only log another reason. Or it could be reached.
 */
void target_failed(struct target *t, const char *reason);
void target_works(struct target *t);
bool target_held_off(const struct target *t);

/*
 * Called with the target that was chosen: whether its hold-off is over and nobody has tried it
 * since. It is then held off for all others, until the caller resets probed.
 */
bool target_probe(struct target *t);

#endif
