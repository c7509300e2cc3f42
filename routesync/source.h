/* SPDX-License-Identifier: ISC */
/* Where the store is: SOURCE as text -> its parts. Pure. */
#ifndef SOURCE_H
#define SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "addr.h"
#include "slice.h"

enum source_kind {
	SOURCE_STDIN,		/* -: JSON on standard input */
	SOURCE_TCP,		/* redis://[USER@]HOST[:PORT][/DB] */
	SOURCE_TLS,		/* rediss://... */
	SOURCE_UNIX,		/* redis+unix://[USER@]/PATH[?db=DB] */
	SOURCE_SENTINEL		/* redis+sentinel://[USER@]HOST[:PORT],.../MASTER[/DB] */
};

/* Borrowed from the text. */
struct source {
	enum source_kind kind;
	struct slice user;	/* absent: none */
	struct slice servers;	/* HOST[:PORT],... of the server, or of the sentinels */
	struct slice path;	/* of the socket */
	struct slice master;	/* its name, as known to the sentinels */
	uint64_t db;
};

/*
 * False: *why (static) says what is wrong, without quoting the text:
 * there might be a password in it.
 */
bool source_parse(struct slice text, struct source *out, const char **why);

/*
 * Cut the next server off *servers, which source_parse() has checked;
 * its port is the default if none is given.
 */
void source_next(const struct source *s, struct slice *servers, struct addr *out);

#endif
