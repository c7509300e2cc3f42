/* SPDX-License-Identifier: ISC */
/*
 * The store: keep a connection to it, read, watch and write. Its changes of state are logged here,
 * one line each; a lost connection is retried with jittered backoff, for ever.
 */
#ifndef REDIS_H
#define REDIS_H

#include <stdbool.h>
#include <stdint.h>

#include "ev.h"
#include "slice.h"
#include "source.h"

enum redis_value {
	REDIS_TEXT,
	REDIS_NO_TEXT,		/* the key holds a list, a hash, ... */
	REDIS_NO_KEY,
	REDIS_EXPIRED		/* no key: it was not renewed */
};

struct redis_conf {
	const struct source *source;
	const char *name;		/* the source as text, for the log */
	const char *password_file;	/* NULL: none */
	const char *prefix;
};

/* Callbacks to the owner. */
struct redis_ops {
	/* Connected. It counts as good only after answering a command. */
	void (*up)(void *arg);
	/* The connection was lost, or could not be made. Outstanding commands get no answer. */
	void (*down)(void *arg);
	/* The value of a key, during redis_scan() or because it changed. */
	void (*value)(void *arg, struct slice key, enum redis_value what, struct slice value);
	/* A scan begins; a scan is complete: keys without a value() since it began are gone. */
	void (*scan_begins)(void *arg);
	void (*scanned)(void *arg);
	/* Every write has been acknowledged. */
	void (*written)(void *arg);
	/* A key that was to be renewed is no longer there; written() comes later. */
	void (*lost)(void *arg);
};

struct redis;

/* conf and ops are borrowed for ever; ops that are never needed may be NULL. NULL with errno. */
struct redis *redis_new(struct ev *ev, const struct redis_conf *conf, const struct redis_ops *ops,
    void *arg);

/* Connect now instead of at the next retry; only when not connected. */
void redis_open(struct redis *r);

/* Close and free; there are no more callbacks. */
void redis_free(struct redis *r);

/*
 * The owner has done with the store what it had to: the store is good, which is logged if it is
 * news, and backoff starts afresh.
 */
void redis_good(struct redis *r);

/* Whether it is connected, so that commands can be sent. */
bool redis_is_up(const struct redis *r);

/* Whether the server notifies us of changes. */
bool redis_is_watched(const struct redis *r);

/*
 * How many keys are being read because they changed, or a scan could not tell their value.
 * UINT_MAX: notifications were missed, so that only the scan that follows, or is running, shows
 * what changed.
 */
unsigned redis_unread(const struct redis *r);

/* Whether a scan is running. */
bool redis_is_scanning(const struct redis *r);

/*
 * The owner has no memory for a value: act as if the connection had been lost. There are no more
 * values before down() is called; everything is read again later. May be called from the callbacks.
 */
void redis_out_of_memory(struct redis *r);

/*
 * Read all our keys; if a scan is running, another one follows it.
 * Watching begins if the server supports it.
 */
void redis_scan(struct redis *r);

/* Write or remove a key; ttl_ms 0: it stays. Only when connected. */
void redis_set(struct redis *r, struct slice key, struct slice value, uint64_t ttl_ms);
void redis_delete(struct redis *r, struct slice key);

/* The key, which should be there, expires in ttl_ms from now. */
void redis_renew(struct redis *r, struct slice key, uint64_t ttl_ms);

#endif
