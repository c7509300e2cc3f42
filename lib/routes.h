/* SPDX-License-Identifier: ISC */
/*
 * The routes file, routes(5): one file's text, checked, and the answers it gives.
 *
 * A loaded table is one anonymous mapping: the file's text as read and a flat hash of line offsets.
 * Nothing in it is a pointer, so it can be handed to another process as a descriptor. A look-up
 * reparses the lines it finds.
 */
#ifndef ROUTES_H
#define ROUTES_H

#include <stdbool.h>
#include <stdint.h>

#include "addr.h"
#include "host.h"
#include "proxyhdr.h"
#include "slice.h"

#define ROUTES_LINE_MAX 65536u	/* bytes of one line, without its newline */
#define ROUTES_KEYS_MAX 64u	/* keys of one NAME, over all its lines */
#define ROUTES_WHY_MAX 1024	/* bytes of a reason, NUL included */
#define ROUTES_SORTED_MARK "#!routes sorted"	/* the first line of a file in sort order */

enum routes_kind {
	ROUTES_TLS,	/* keys alpn:* and tls */
	ROUTES_HTTP,	/* keys http and tls */
	ROUTES_TCP,	/* key tcp on "*": what came to a TLS port and is not TLS */
	ROUTES_LISTEN	/* key tcp on a listening address, looked up by the address as written */
};

enum routes_balance { BALANCE_LEAST, BALANCE_FIRST, BALANCE_SOURCE };

/* The answer to a look-up. Slices and file are borrowed from the table until it is freed. */
struct route {
	const char *file;		/* path as given */
	struct slice name;		/* NAME as on its first line: the same for all its lines */
	struct slice key;		/* the key that matched: "tls", "http", "tcp", "alpn:h2" */
	struct slice targets;		/* its value, a comma-separated list of checked targets */
	struct slice alpn;		/* the protocol that chose an alpn: key, else absent */
	struct slice allow, deny;	/* CIDR lists, absent when not given */
	struct slice as;		/* name to report, absent when not given */
	uint64_t max;			/* connections at once, 0: no limit */
	enum proxyhdr_version proxy;
	enum routes_balance balance;
};

/*
 * How well a name matched; a higher rank beats a lower one. Below ROUTES_DEFAULT there is no
 * answer; the two lowest, only from files that are searched, mean that there might be one, so no
 * other file may answer instead.
 */
#define ROUTES_BAD_LINE (-3)	/* a line of a NAME that was tried is bad */
#define ROUTES_UNREADABLE (-2)	/* the file could not be read, or there was no memory */
#define ROUTES_NO_MATCH (-1)
#define ROUTES_DEFAULT 0	/* "*"; wildcards rank by the length of their suffix */
#define ROUTES_EXACT 1000

struct routes;

/* Called with every error as "FILE:LINE: reason" (no newline), in the thread that loads. */
typedef void routes_report(void *arg, const char *text);

enum routes_result {
	ROUTES_LOADED,
	ROUTES_REFUSED,		/* bad lines, each reported */
	ROUTES_FAILED		/* not read: errno says why; reported as "FILE: reason" too */
};

/*
 * Read and check the file; an empty one is a table without routes. On ROUTES_LOADED *out is owned
 * by the caller (routes_free()), otherwise it is NULL. Safe to call in a thread: touches no
 * shared state. report may be NULL.
 */
enum routes_result routes_load(const char *path, routes_report *report, void *arg,
    struct routes **out);

/*
 * Open a file to be searched in place: for one look-up, without reading all of it. Works
 * only for a plain file whose first line is "#!routes sorted"; ROUTES_REFUSED
 * (unreported): it is not one, load it.
 *
 * Only the lines of the NAMEs a look-up tries are checked, and reported as by routes_load() (report
 * and arg must live as long as the table). They are copied, so that a change of the file does no
 * harm. Such a table has no descriptor (-1), no lines or bytes to count and no listening addresses.
 * It must not be used by two threads at once.
 */
enum routes_result routes_open_sorted(const char *path, routes_report *report, void *arg,
    struct routes **out);

/*
 * The table behind a descriptor made by routes_fd(), in another process; takes over fd, on failure
 * too. NULL with errno (EINVAL: not a table) on failure. path is copied.
 */
struct routes *routes_from_fd(int fd, const char *path);

/*
 * The descriptor (memfd) of a loaded table; owned by the table. A process that will not pass it on
 * may close it early: the table stays.
 */
int routes_fd(const struct routes *r);
void routes_close_fd(struct routes *r);

/* Unmaps; large tables take milliseconds, so not in an event loop. NULL is fine. */
void routes_free(struct routes *r);

/*
 * The best route for name: exact, then the longest wildcard, then "*". name is in
 * host_normalize()'s form or absent (only "*" fits then); alpn is an ALPN wire list or absent. A
 * NAME without a key for this kind of look-up is ignored. Returns the rank; *out is filled when
 * that is ROUTES_DEFAULT or better.
 */
int routes_find(const struct routes *r, enum routes_kind kind, struct slice name, struct slice alpn,
    struct route *out);

/*
 * The NAME of the route a look-up for name found with this rank, the same for every spelling of it;
 * absent below ROUTES_DEFAULT. Borrowed from name or room. Pure.
 */
struct slice routes_rank_name(int rank, struct slice name, char room[static HOST_PATTERN_MAX]);

/* Whether a list of targets has one to hand the socket over to. */
bool route_has_pass(struct slice targets);

/* Whether allow= and deny= let a client in. One whose address is unknown is in no network. */
bool route_admits(const struct route *route, const struct endpoint *client);

/*
 * The line of the file that has the key of an answer of r's, counted from 1; 0: unknown (searched,
 * not loaded). Too slow for each connection.
 */
unsigned routes_line_number(const struct routes *r, const struct route *answer);

/* Whether any line of the table has a pass: target; true when unknown (searched, not loaded). */
bool routes_has_pass(const struct routes *r);

/* Lines with a key; bytes of the mapping. */
size_t routes_count(const struct routes *r);
size_t routes_bytes(const struct routes *r);

/*
 * The table's listening addresses, in file order: false after the last one.
 * Start with *cursor = 0.
 */
bool routes_next_listen(const struct routes *r, size_t *cursor, struct slice *address);

/* A loaded table's text as read, borrowed until it is freed; empty: searched, not loaded. */
struct slice routes_whole_text(const struct routes *r);

/* ---- for programs that write routes files ---- */

/*
 * A line in its one canonical form: NAME in lower case, no trailing dot,
 * one blank between fields, no comment.
 */
struct routes_text {
	struct slice line;	/* "NAME KEY=VALUE ..."; absent: only blanks and a comment */
	struct slice name;	/* its NAME */
	struct slice fields;	/* what follows the NAME and the blank */
};

/* Why a line is refused. */
struct routes_why {
	bool discreet;		/* the caller's wish: a line that may hold a secret is not quoted */
	unsigned word;		/* the number of the bad KEY=VALUE, 0: the rest, or all, is bad */
	char text[ROUTES_WHY_MAX];
};

/*
 * Check a line by itself, as routes_load() would, and write its canonical form to out, which has
 * room for line.len bytes and which *text borrows. False, with the reason, when it is refused (a
 * line feed inside is a reason too). Pure.
 */
bool routes_line_canonical(struct slice line, char *out, struct routes_text *text,
    struct routes_why *why);

/* Whether a NAME is spelt as in a line's canonical form. */
bool routes_name_is_canonical(struct slice name);

/* Whether that is a key: what may come before '='. */
bool routes_is_key(struct slice word);

/* Less, equal or greater than 0, as LC_ALL=C sort(1) orders a and b. */
int routes_name_order(struct slice a, struct slice b);

#endif
