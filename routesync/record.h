/* SPDX-License-Identifier: ISC */
/*
 * What a store holds -> lines of a routes file. Pure: no I/O, no clock, no logging; reasons never quote a secret.
 *
 * Keys are {,/,//}PREFIX{service,services}/NAME, and PREFIXlive/NODE/NAME for what a node publishes of itself.
 */
#ifndef RECORD_H
#define RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "routes.h"
#include "sha256.h"
#include "slice.h"

#define RECORD_CATCH_ALL "CATCH_ALL"	/* how a key or a record says "*" */

/* The fields of a route to a tunnel, for printf(3): the path of the visitors' socket, twice. */
#define RECORD_TUNNEL_FORMAT "tls=pass:%s http=unix:%s proxy=v2"

#define RECORD_NAME_MAX 256u	/* bytes of a NAME: a host, or a listening address */

/* How much a key's word counts where several speak of one NAME: the lower the more. */
enum record_rank {
	RANK_SERVICE,	/* PREFIXservice/, as tcprouter reads it */
	RANK_OTHER,	/* the other ways people spell it */
	RANK_LIVE	/* one of several nodes: their targets are put together */
};

/*
 * Take a key apart. prefix is as given, any slashes before it are no part of it. False: it is no key of ours. *name is
 * borrowed from key ("*" for CATCH_ALL), and not checked.
 */
bool record_key(struct slice prefix, struct slice key, enum record_rank *rank, struct slice *name);

/* One route. Borrowed from the reader until it reads the next. */
struct record {
	struct routes_text text;
	bool has_secret;
	uint8_t secret[SHA256_SIZE];	/* the hash of the client's secret */
};

/* Reads one at a time; set prefix and visitors (an absolute path), the rest is its own. */
struct record_reader {
	const char *prefix, *visitors;
	char why[ROUTES_WHY_MAX];	/* the reason after false */
	struct slice about;		/* after false: the NAME the value speaks of; absent: that cannot be told */
	char about_text[RECORD_NAME_MAX];
	char raw[ROUTES_LINE_MAX + 1], line[ROUTES_LINE_MAX + 1];
};

/* The value of a key that speaks of name: a wrapped record, a bare one, or the right-hand side of a routes line. */
bool record_read(struct record_reader *r, struct slice name, struct slice value, struct record *out);

/* What a stream of JSON values holds: a route, or (record NULL) why there is none. key says which, for a message. */
typedef void record_told(void *arg, struct slice key, const struct record *record, const char *why);

/*
 * Read a whole stream of JSON values: records, wrapped records, tcprouter's configuration, porxy's configuration.
 * False when it is no JSON, empty, a value in it is no object, or not one of its records is good: nothing that was told
 * may be used then.
 */
bool record_stream(struct record_reader *r, struct slice text, record_told *told, void *arg);

#endif
