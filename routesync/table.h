/* SPDX-License-Identifier: ISC */
/*
 * All that is known about the keys of the store, and the routes file that follows from it.
 *
 * A key whose value becomes malformed keeps the line and the secret of its last good one. Values
 * are not kept, only hashes of them, to tell when one has changed.
 */
#ifndef TABLE_H
#define TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "lines.h"
#include "record.h"

struct table;

/* Called when a key's value becomes malformed (why says how), or good again (why NULL). */
typedef void table_report(void *arg, struct slice key, const char *why);

struct table_counts {
	size_t keys, malformed;
};

/* prefix and visitors are borrowed for ever. NULL when out of memory. */
struct table *table_new(const char *prefix, const char *visitors, table_report *report, void *arg);
void table_free(struct table *t);

/*
 * Call before the first round, with the texts of the routes and secrets files that existed at
 * start, "" for one that did not. routes absent: they go to no file, but those of tunnels follow
 * from the secrets. A key that is malformed, and never had a good value, keeps the line of its NAME
 * in them as long as there is no good key for that NAME. False: out of memory. Both are borrowed
 * until table_keep_old() succeeds.
 */
bool table_fall_back(struct table *t, struct slice routes, struct slice secrets);

/*
 * Call after the first round; later it does nothing. For some malformed keys the NAME is unknown:
 * the value does not show it, and there was no line of the key's NAME. As long as there is such a
 * key, every old line that no key accounts for is kept, until there is a good key for its NAME.
 * *kept is the number of lines that are kept from now on. False: out of memory; it may be called
 * again.
 */
bool table_keep_old(struct table *t, size_t *kept);

/*
 * A round through all keys begins and ends. Before its end, table_missing_live() counts the
 * published keys it has not met so far. At its end all keys it has not met are removed; table_end()
 * returns their number. With keep_live the published ones stay, for names that no other node
 * publishes, until a round ends without it.
 */
void table_begin(struct table *t);
size_t table_missing_live(const struct table *t);
size_t table_end(struct table *t, bool keep_live);

/*
 * The value of a key, absent if it holds something other than text; keys that are not ours are
 * ignored. False: out of memory, and the key keeps its last value.
 */
bool table_put(struct table *t, struct slice key, struct slice value);

/* The key no longer exists. True: with it went a line, other than a published one. */
bool table_remove(struct table *t, struct slice key);

/* A key expired: a published one stays as with keep_live. False: it is none; nothing changed. */
bool table_miss(struct table *t, struct slice key);

/*
 * All of a stream of JSON values, see record_stream(), instead of a round. False, with the reason:
 * the table may not be used. *starved then says whether it is only that memory ran out.
 */
bool table_put_stream(struct table *t, struct slice text, const char **why, bool *starved);

/* Whether the texts may have changed since the last table_text(). */
bool table_changed(const struct table *t);
struct table_counts table_counts(const struct table *t);

/* The routes file and the tunnel authorizations. */
struct table_text {
	char *routes, *secrets;		/* owned, as is published */
	size_t routes_len, secrets_len, names;
	struct lines published;		/* the NAMEs in routes that only published keys have, in
					   order, without fields */
	size_t barred;		/* keys whose secrets authorize nobody, but for those told before */
	struct slice barred_key;	/* one of them, */
	const char *barred_why;	/* and the reason */
};

/* False: out of memory. Free with table_text_free(), which takes a member that is NULL. */
bool table_text(struct table *t, struct table_text *out);
void table_text_free(struct table_text *text);

#endif
