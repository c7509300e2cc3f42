/* SPDX-License-Identifier: ISC */
/*
 * One line of a routes file: text -> checked fields -> the answer to a look-up.
 * Only for lib/routes*.c.
 */
#ifndef ROUTES_LINE_H
#define ROUTES_LINE_H

#include "routes.h"

#define ROUTES_ALPN_PREFIX "alpn:"

enum routes_key {
	KEY_TLS,		/* keys with targets come first */
	KEY_HTTP,
	KEY_TCP,
	KEY_ALPN,
	KEY_LAST_TARGET = KEY_ALPN,
	KEY_PROXY,
	KEY_BALANCE,
	KEY_ALLOW,
	KEY_DENY,
	KEY_MAX,
	KEY_AS,
	KEY_UNKNOWN
};

struct routes_field {
	enum routes_key key;
	struct slice word;	/* the key as written: "tls", "alpn:h2" */
	struct slice value;
};

/*
 * The fields of all lines of one NAME, in file order.
 * Slices are borrowed from the text of the lines.
 */
struct routes_fields {
	struct slice name;	/* as written on the first line; absent while there is none */
	size_t n;
	struct routes_field field[ROUTES_KEYS_MAX];
};

enum routes_name {
	NAME_HOST,		/* a host name */
	NAME_WILDCARD,		/* *.SUFFIX */
	NAME_ALL,		/* * */
	NAME_LISTEN,		/* a listening address */
	NAME_BAD
};

/* Whether this is the first line of a file in sort order. */
bool routes_line_is_sorted_mark(struct slice line);

/* The NAME a line begins with, unchecked; absent when the line is blank or a comment. */
struct slice routes_line_name(struct slice line);

/* Whether that is name, or another spelling of it. */
bool routes_line_is_of(struct slice line, struct slice name);

/* What form of NAME this is, checked. */
enum routes_name routes_name_kind(struct slice name);

/*
 * Check one line, without its newline, and add its NAME and fields to *f, which is empty
 * before. False: the reason is in why, and *f holds an unknown part of the line. A blank
 * line or comment adds nothing.
 */
bool routes_line_check(struct slice line, struct routes_fields *f, struct routes_why *why);

/* Add the fields of a line that was checked before. */
void routes_line_add(struct slice line, struct routes_fields *f);

/* No fields. */
void routes_fields_clear(struct routes_fields *f);

/* Add the fields of one more line of the same NAME; false with the reason: too many. */
bool routes_fields_join(struct routes_fields *f, const struct routes_fields *line,
    struct routes_why *why);

/* The first field whose key is repeated by one of the fields from the given one on, or NULL. */
const struct routes_field *routes_fields_repeated(const struct routes_fields *f, size_t from);

/* The reason for the line that repeats the key of first, which is on the given line. */
void routes_why_repeated(const struct routes_fields *f, const struct routes_field *first,
    unsigned line, struct routes_why *why);

/*
 * Why this NAME, after the one before (absent: none), breaks the rules of a sorted file;
 * false: it does not.
 */
bool routes_why_unsorted(struct slice name, struct slice before, struct routes_why *why);

/* Whether there is a pass: target. */
bool routes_fields_pass(const struct routes_fields *f);

/* Fill *out except file, if one of the fields answers this kind of look-up. */
bool routes_fields_answer(const struct routes_fields *f, enum routes_kind kind, struct slice alpn,
    struct route *out);

/* The values of proxy= and balance=; false: none. */
bool routes_parse_proxy(struct slice value, enum proxyhdr_version *out);
bool routes_parse_balance(struct slice value, enum routes_balance *out);

/* Report "PATH:LINE: why", or "PATH: why" for line 0. */
void routes_tell(routes_report *report, void *arg, const char *path,
    unsigned line, const char *why);

#endif
