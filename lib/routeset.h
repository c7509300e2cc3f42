/* SPDX-License-Identifier: ISC */
/*
 * The routes files of a running tool: look-ups over all of them,
 * and noticing changes without stopping work.
 */
#ifndef ROUTESET_H
#define ROUTESET_H

#include <stdbool.h>
#include <stddef.h>

#include "ev.h"
#include "routes.h"

struct routeset;

/*
 * For n files; paths are borrowed for the life of the process. Nothing is read yet. NULL with
 * errno. To be freed after the loop that watches it; while busy it is not freed at all.
 */
struct routeset *routeset_new(char *const *paths, size_t n);
void routeset_free(struct routeset *rs);

/*
 * Read every file, report every error. ROUTES_FAILED (errno) wins over ROUTES_REFUSED.
 * For start and --check; blocks.
 */
enum routes_result routeset_load(struct routeset *rs, routes_report *report, void *arg);

/* For one look-up: sorted files are opened to be searched in place, others loaded. */
enum routes_result routeset_open(struct routeset *rs, routes_report *report, void *arg);

/*
 * Stat the files by path four times a second, load what changed in a thread, and call
 * round_over(arg, changed) when that is done; changed: a table was replaced. A file that is refused
 * or gone keeps the table it had; its errors are logged. -1 with errno.
 */
typedef void routeset_round(void *arg, bool changed);
int routeset_watch(struct routeset *rs, struct ev *ev, routeset_round *round_over, void *arg);

/* Read all files again now, changed or not (SIGHUP). */
void routeset_reload(struct routeset *rs);

/* How many files were read again since the start, with success and without. */
void routeset_counts(const struct routeset *rs, unsigned long *good, unsigned long *bad);

/* Another number, never 0, once a table was replaced: an earlier answer may not hold any more. */
unsigned routeset_version(const struct routeset *rs);

/* Whether a load is under way. */
bool routeset_busy(const struct routeset *rs);

/* The best route over all files; among equals, the first file's. As routes_find(). */
int routeset_find(const struct routeset *rs, enum routes_kind kind, struct slice name,
    struct slice alpn, struct route *out);

/* The line of route->file that has the key of an answer; 0: unknown. As routes_line_number(). */
unsigned routeset_line_number(const struct routeset *rs, const struct route *answer);

bool routeset_has_pass(const struct routeset *rs);
size_t routeset_lines(const struct routeset *rs);
size_t routeset_bytes(const struct routeset *rs);

/* Number of files; the path and the table (NULL: none yet) of one. */
size_t routeset_files(const struct routeset *rs);
const char *routeset_path(const struct routeset *rs, size_t i);
const struct routes *routeset_table(const struct routeset *rs, size_t i);

/* Put a table in place (a worker, from its parent); takes over r. */
void routeset_replace(struct routeset *rs, size_t i, struct routes *r);

#endif
