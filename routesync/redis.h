/* SPDX-License-Identifier: ISC */
/*
 * The store: kept connected, read, watched, written to. Its changes of state are logged here, one line each; a lost
 * connection is made again with jittered backoff, for ever.
 */
#ifndef REDIS_H
#define REDIS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ev.h"
#include "slice.h"
#include "source.h"

enum redis_trouble {
	REDIS_UNREACHABLE,	/* nobody answers, or is starting: it will pass */
	REDIS_REFUSED		/* it answers, and says no: wrong password, no right to, read-only */
};

enum redis_value {
	REDIS_TEXT,
	REDIS_NO_TEXT,		/* the key holds a list, a hash, ... */
	REDIS_NO_KEY,
	REDIS_EXPIRED		/* no key, for nobody renewed it */
};

struct redis_conf {
	const struct source *source;
	const char *name;		/* the source as text, for the log */
	const char *password_file;	/* NULL: none */
	const char *prefix;
};

/* What its owner is told. */
struct redis_ops {
	/* Connected. It is good only when it has answered something else. */
	void (*up)(void *arg);
	/* Lost, or still not there. What was under way will not be answered. */
	void (*down)(void *arg, enum redis_trouble trouble);
	/* The value of a key, by redis_scan(), redis_get(), or because it changed. */
	void (*value)(void *arg, struct slice key, enum redis_value what, struct slice value);
	/* A scan begins; every key has been told: keys that were not are gone. */
	void (*scan_begins)(void *arg);
	void (*scanned)(void *arg);
	/* Every write has been acknowledged. */
	void (*written)(void *arg);
};

struct redis;

/* conf and ops are borrowed for ever; ops a tool never causes may be NULL. NULL with errno. */
struct redis *redis_new(struct ev *ev, const struct redis_conf *conf, const struct redis_ops *ops, void *arg);

/* Connect now. */
void redis_open(struct redis *r);

/* Close and free; nothing is told any more. */
void redis_free(struct redis *r);

/* What was asked of it is done, if only nothing: it is good (logged, if it was not), and backoff begins anew. */
void redis_good(struct redis *r);

/* Connected: commands can be given. */
bool redis_is_up(const struct redis *r);

/* Whether the server tells us of changes. */
bool redis_is_watched(const struct redis *r);

/* Read every key of ours; behind a scan that runs comes another. Watching begins when the server offers it. */
void redis_scan(struct redis *r);

/* Write or remove a key; ttl_ms 0: it stays. Only when connected. */
void redis_set(struct redis *r, struct slice key, struct slice value, uint64_t ttl_ms);
void redis_delete(struct redis *r, struct slice key);

/* Let a key live for ttl_ms more; redis_has_lost() tells, once, whether one was not there any more. */
void redis_renew(struct redis *r, struct slice key, uint64_t ttl_ms);
bool redis_has_lost(struct redis *r);

#endif
