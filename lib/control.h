/* SPDX-License-Identifier: ISC */
/*
 * The tunnel's control messages: one JSON object per line on the client's stream 1, see tunnel(7).
 * Text <-> struct; pure except for allocation. Unknown members are ignored, unknown types are
 * CONTROL_OTHER: the protocol may grow.
 */
#ifndef CONTROL_H
#define CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kind.h"
#include "slice.h"

#define CONTROL_VERSION 1u
#define CONTROL_LINE_MAX 65536u		/* bytes of one line, its newline included */
#define CONTROL_INSTANCE_LEN 32u	/* hex digits: 128 random bits, new for each process */
#define CONTROL_SERVICES_MAX 64u
#define CONTROL_NAMES_MAX 256u
#define CONTROL_TEXT_MAX 512u		/* bytes of an error's text */

enum control_type {
	CONTROL_HELLO,		/* client: the first line; who I am besides my key, what I serve */
	CONTROL_WELCOME,	/* server: you are in; sent again when the names change */
	CONTROL_ERROR,		/* server: you are not, or no longer; the session ends after it */
	CONTROL_DRAIN,		/* either side: no new streams, please; open ones may finish */
	CONTROL_OTHER		/* a type we don't know: ignore it */
};

/*
 * Why a server refuses. The word is what the message contains;
 * an unknown one reads as CONTROL_REFUSED.
 */
enum control_code {
	CONTROL_REFUSED,	/* "refused": any other reason, given in the text */
	CONTROL_UNAUTHORISED,	/* "unauthorised": the key (or secret) is not listed */
	CONTROL_EXPIRED,	/* "expired": it was */
	CONTROL_FROM,		/* "from": not from this address */
	CONTROL_LIMIT,		/* "limit": it has as many sessions as it may */
	CONTROL_REPLACED,	/* "replaced": a newer session of the same instance took over */
	CONTROL_REVOKED,	/* "revoked": its line is gone */
	CONTROL_VERSION_BAD,	/* "version": no version in common */
	CONTROL_PROTOCOL	/* "protocol": the peer broke the rules */
};

struct control_service {
	enum kind kind;
	struct slice name;	/* normalised NAME or *.SUFFIX; absent: any name no other
				   service takes */
};

struct control {
	enum control_type type;
	uint32_t version;				/* HELLO: the newest it speaks;
							   WELCOME: the one agreed on */
	char instance[CONTROL_INSTANCE_LEN + 1];	/* HELLO */
	struct control_service *services;		/* HELLO; none: not stated */
	size_t n_services;
	struct slice *names;				/* WELCOME: names visitors reach it by,
							   patterns included */
	size_t n_names;
	uint64_t heartbeat_ms, dead_ms;			/* WELCOME: hold for both sides */
	uint32_t streams;				/* WELCOME: concurrent visitors */
	enum control_code code;				/* ERROR */
	struct slice text;				/* ERROR: for people; printable UTF-8 */
	/*
	 * WELCOME, ERROR, DRAIN: the retry hint. When this session has ended, wait
	 * after_ms and then a random time below within_ms before the first attempt to
	 * reconnect. 0: no preference.
	 */
	uint64_t after_ms, within_ms;
	void *memory;					/* for slices and arrays: control_free() */
};

enum control_line {
	CONTROL_LINE_OK,	/* *line is whole: a part of all, without its newline */
	CONTROL_LINE_MORE,	/* its end has not come yet */
	CONTROL_LINE_LONG	/* it is, or will be, longer than CONTROL_LINE_MAX */
};

/*
 * Find the line that all begins with, the bytes that came and were not taken; after OK the caller
 * takes it and its newline. *scanned is this function's, 0 before the first call: how many of the
 * bytes it looked at in vain.
 */
enum control_line control_line(struct slice all, uint32_t *scanned, struct slice *line);

/*
 * Read one line (without its newline). False: it is not a valid message, *why (static) says what is
 * wrong, and there is nothing to free. On true the slices live until control_free().
 */
bool control_read(struct slice line, struct control *out, const char **why);
void control_free(struct control *c);

/*
 * Write c as one line with its newline; malloc'd, *len bytes. NULL when out of memory, when a
 * name is not UTF-8, or when the line would be longer than CONTROL_LINE_MAX. Slices are
 * borrowed for the call.
 */
char *control_write(const struct control *c, size_t *len);

/* "unauthorised", ... Static. */
const char *control_code_word(enum control_code code);

#endif
