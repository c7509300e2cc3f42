/* SPDX-License-Identifier: ISC */
/*
 * The authorization file: who may serve which names, one line per client. Text -> grants,
 * pure but for memory.
 */
#ifndef AUTHFILE_H
#define AUTHFILE_H

#include <stdbool.h>
#include <stdint.h>

#include "identity.h"
#include "sha256.h"
#include "slice.h"

#define AUTHFILE_SESSIONS 1u		/* sessions= when not given */
#define AUTHFILE_STREAMS 1024u		/* streams= when not given */
#define AUTHFILE_STREAMS_MAX 65536u
#define AUTHFILE_SESSIONS_MAX 65536u
#define AUTHFILE_LINE_MAX 1048576u	/* routesync writes all the names of a secret on one line */
#define AUTHFILE_NAMES_MAX 255u		/* of an id: they travel in one welcome with ID.DOMAIN */
#define AUTHFILE_NAMES_BYTES 49152u	/* such a list fits in one line of control messages */

/*
 * One client: `ID [names=HOST,*.HOST] [sessions=N] [streams=N] [from=CIDR,...]
 * [expires=YYYY-MM-DD]`, or `secret=sha256:HEX names=... [...]`.
 */
struct grant {
	struct grant *next;		/* in file order */
	unsigned line;
	bool by_secret;
	char id[IDENTITY_ID_SIZE];	/* of a key; empty by_secret */
	uint8_t secret[SHA256_SIZE];	/* hash of the secret, by_secret */
	struct slice names;		/* comma-separated, normalised, HOST or *.SUFFIX; absent:
					   none but ID.DOMAIN */
	struct slice from;		/* checked CIDR list; absent: from everywhere */
	uint32_t sessions, streams;
	int64_t expires;		/* Unix time it no longer holds from; INT64_MAX: never */
	/* The texts lie behind the struct: a grant is one allocation and outlives its file. */
};

/* Called for every bad line, with "FILE:LINE: reason". */
typedef void authfile_report(void *arg, const char *text);

/*
 * Parse the whole text. True: *out is the list (NULL: nobody), owned by the caller: grants_free().
 * False: *out is NULL, and errno is 0: at least one line is bad, each was reported (report may be
 * NULL); or it is ENOMEM: no line that was looked at is bad. Bad are: an unknown option or one
 * given twice, an id or hash of the wrong shape, a name that is not a host name or pattern, "*",
 * one shaped like an id or given twice, the same id or secret on two lines, numbers out of range,
 * an invalid date, a secret without names, a control byte. No reason shows what may be a secret.
 * Pure but for memory: fit for a thread.
 */
bool authfile_parse(const char *path, struct slice text, authfile_report *report, void *arg,
    struct grant **out);
void grants_free(struct grant *list);
void grant_free(struct grant *g);

/* The id, or the hash of the secret: they differ in length, so that no one is both. */
struct slice grant_key(const struct grant *g);

/* The next name of a names= list: absent after the last. *rest is advanced. */
struct slice grant_next_name(struct slice *rest);

#endif
