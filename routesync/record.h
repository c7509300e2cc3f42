/* SPDX-License-Identifier: ISC */
/*
 * The values of a store -> lines of a routes file. Pure: no I/O, no clock, no logging;
 * reasons never quote a secret.
 *
 * Keys are {,/,//}PREFIX{service,services}/NAME, and PREFIXlive/NODE/NAME for the
 * routes a node publishes.
 */
#ifndef RECORD_H
#define RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "record_line.h"
#include "routes.h"
#include "sha256.h"
#include "slice.h"

#define RECORD_CATCH_ALL "CATCH_ALL"	/* "*" in a key or a record */

/*
 * The fields of a route to a tunnel: a printf(3) format for the path of the
 * visitors' socket, twice.
 */
#define RECORD_TUNNEL_FORMAT "tls=pass:%s http=unix:%s proxy=v2"

/* Precedence among several keys for one NAME: the lowest wins. */
enum record_rank {
	RANK_SERVICE,	/* PREFIXservice/, as tcprouter reads it */
	RANK_OTHER,	/* the other ways people spell it */
	RANK_LIVE	/* one of several nodes: their targets are merged */
};

/*
 * Take a key apart. prefix is as given; slashes before it do not count. False: it is not one of
 * our keys. *name is borrowed from key ("*" for CATCH_ALL), and not checked.
 */
bool record_key(struct slice prefix, struct slice key, enum record_rank *rank, struct slice *name);

/* One route. Borrowed from the reader until it reads the next. */
struct record {
	struct routes_text text;
	bool has_secret;
	uint8_t secret[SHA256_SIZE];	/* the hash of the client's secret */
};

/*
 * Reads one record at a time. The caller sets prefix and visitors (an absolute path);
 * the rest is private.
 */
struct record_reader {
	const char *prefix, *visitors;
	char why[RECORD_WHY_MAX];	/* the reason after false */
	bool starved;			/* after false: memory ran out, the value may be good */
	struct slice about;		/* after false: the NAME it is for; absent: unknown */
	char about_text[RECORD_NAME_MAX];
	struct record_line line;
};

/*
 * Read the value of a key for name: a wrapped record, a bare one, or the right-hand
 * side of a routes line.
 */
bool record_read(struct record_reader *r, struct slice name, struct slice value,
    struct record *out);

/*
 * Called for each route in a stream of JSON values; record NULL: it is malformed, and why says how.
 * key names it in messages. False: memory ran out.
 */
typedef bool record_told(void *arg, struct slice key, const struct record *record, const char *why);

/*
 * Read a whole stream of JSON values: records, wrapped records, tcprouter's configuration,
 * porxy's configuration. False if it is not JSON, is empty, has a value that is not an object,
 * or has not a single good record, and if memory runs out (starved): then nothing that was
 * passed to told may be used.
 */
bool record_stream(struct record_reader *r, struct slice text, record_told *told, void *arg);

#endif
