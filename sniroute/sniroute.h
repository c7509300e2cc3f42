/* SPDX-License-Identifier: ISC */
/* What the parts of sniroute share. */
#ifndef SNIROUTE_H
#define SNIROUTE_H

#include "dial.h"
#include "hello.h"
#include "ration.h"
#include "relay.h"
#include "serve.h"

/* Our own series, after the common ones. */
enum {
	M_HELLO = M_SERVE_COUNT,	/* one per verdict from HELLO_OK on */
	M_COUNT = M_HELLO + HELLO_NONE - HELLO_OK
};

struct options {
	struct serve_conf serve;
	const char *target;		/* -t */
	const char *explain;		/* -x */
	uint64_t hello_max;		/* bytes of handshake */
};

/* One serving process of sniroute: what its connections share. */
struct sniroute {
	const struct options *opts;
	struct serve *serve;
	struct dialer *dialer;
	struct relay_pool *relays;
	struct ration inboxes;		/* of bytes of unfinished hellos held */
	bool peek;			/* a route may hand the socket over: leave it unread */
	uint8_t gather[HELLO_ABSOLUTE_MAX];	/* hello_parse()'s scratch */
};

/* serve_ops of conn.c. */
extern const struct serve_ops conn_ops;

/* --explain: print what would serve the question, and why. Returns the exit code. */
int explain(const struct options *o, const struct routeset *rs);

#endif
