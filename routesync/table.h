/* SPDX-License-Identifier: ISC */
/*
 * What is known of every key of the store, and the routes file that follows from it.
 *
 * A key with a malformed value keeps the line and the secret of its last good one. Values are not kept, only what tells them apart.
 */
#ifndef TABLE_H
#define TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lines.h"
#include "record.h"

struct table;

/* Told of a key whose value became malformed (why says how), or good again (why NULL). */
typedef void table_report(void *arg, struct slice key, const char *why);

struct table_counts {
	size_t keys, malformed;
	size_t live_gone;	/* keys of nodes that went since table_settle() */
};

/* prefix and visitors are borrowed for ever. NULL when out of memory. */
struct table *table_new(const char *prefix, const char *visitors, table_report *report, void *arg);
void table_free(struct table *t);

/*
 * Before the first round: the routes and the secrets (lines_read_secrets()) of the files that were there at start. A key
 * that is malformed and has no good value yet gives the line of its NAME in them, as long as no good key speaks of that
 * NAME. Both are borrowed until table_keep_old().
 */
void table_fall_back(struct table *t, const struct lines *routes, const struct lines *secrets);

/*
 * Behind the first round. Of some malformed keys nobody can tell what they speak of: not by the value, and there was no
 * line of the key's NAME. So every line that no key gives is kept, until a good key speaks of its NAME or none of those
 * keys is malformed any more. *kept is their number. False: no memory.
 */
bool table_keep_old(struct table *t, size_t *kept);

/*
 * A round through all keys begins. Before its end table_missing_live() counts the keys of nodes that were not told during
 * it; behind its end, keys that were not told are gone: their number. With keep_live those of nodes stay, and give the
 * lines of names that no other node publishes, until an end without it.
 */
void table_begin(struct table *t);
size_t table_missing_live(const struct table *t);
size_t table_end(struct table *t, bool keep_live);

/* The value of a key. Keys that are none of ours are ignored. False: no memory. */
bool table_put(struct table *t, struct slice key, struct slice value);

/* The key holds something that is no text. */
bool table_put_wrong_type(struct table *t, struct slice key);

/* There is no such key any more. */
void table_remove(struct table *t, struct slice key);

/* The same for one of a node that may stay, as with keep_live. */
void table_miss(struct table *t, struct slice key);

/* A route from elsewhere than a store, under a key that names its place. */
bool table_put_record(struct table *t, struct slice key, const struct record *record);

/* The same for one that is malformed; about is the NAME it speaks of, absent when that cannot be told. */
bool table_put_malformed(struct table *t, struct slice key, struct slice about, const char *why);

/* Whether the texts may have changed since table_text() was called last. */
bool table_changed(const struct table *t);
struct table_counts table_counts(const struct table *t);
void table_settle(struct table *t);

/* The routes file and the tunnel authorizations; both owned by the caller. */
struct table_text {
	char *routes, *secrets;
	size_t routes_len, secrets_len, names;
};

/* False: no memory. */
bool table_text(struct table *t, struct table_text *out);

#endif
