/* SPDX-License-Identifier: ISC */
/*
 * One connection to the store: found (DNS, sentinels), authenticated, and watched for silence.
 * Used only by redis.c.
 */
#ifndef REDIS_LINK_H
#define REDIS_LINK_H

#include <hiredis/async.h>

#include "ev.h"
#include "redis.h"
#include "resolve.h"

#define LINK_ADDRS 8		/* addresses tried for one name */
#define LINK_WORDS_MAX 513u	/* of one command */

enum link_trouble {
	LINK_UNREACHABLE,	/* no answer, or still starting: it may pass */
	LINK_REFUSED		/* it refuses: wrong password, no permission, read-only */
};

struct link {
	struct ev *ev;			/* the owner sets ev, resolver, conf, up, down */
	struct resolver *resolver;
	const struct redis_conf *conf;
	void (*up)(struct link *l);
	/* The connection failed or was lost. Never called by link_close(). */
	void (*down)(struct link *l, enum link_trouble trouble, const char *why);

	redisAsyncContext *ac;		/* once it fails, owned by hiredis; NULL: none */
	struct resolve question;
	struct ev_timer silence;
	struct ev_timer failing;	/* set by link_fail_soon() */
	uint64_t heard_ms;
	unsigned waiting;		/* replies outstanding */
	struct slice servers;		/* still to be tried */
	struct endpoint addrs[LINK_ADDRS];	/* of the one being tried */
	size_t naddrs, next_addr;
	uint16_t port;
	struct endpoint master;		/* named by the sentinels asked so far; none: AF_UNSPEC */
	bool asking;			/* a sentinel, for the master */
	bool is_up;
};

/* Start connecting; down may be called before this returns, up never is. */
void link_open(struct link *l);

/* Whether it is up, or on its way there. */
bool link_is_open(const struct link *l);

/* May be called on a closed one. Callbacks of outstanding commands get no reply. */
void link_close(struct link *l);

/*
 * Send a command of argc words; fn gets the reply and must begin with link_heard(). False: out of
 * memory; arg stays the caller's, and link_fail_soon() has been called.
 */
bool link_send(struct link *l, redisCallbackFn *fn, void *arg, size_t argc,
    const struct slice *argv);

/* The link this reply belongs to; NULL: the connection has ended, and there is no reply. */
struct link *link_heard(redisAsyncContext *ac, const redisReply *reply);

/* End it because of an error reply or anything else the owner finds wrong: down is called. */
void link_fail(struct link *l, enum link_trouble trouble, const char *why);
void link_fail_reply(struct link *l, const redisReply *error);

/*
 * End the connection because memory ran out, in the loop's next turn: the caller may be in the
 * middle of something. Until then nothing more is sent, and "no replies outstanding" does not
 * mean that all is done.
 */
void link_fail_soon(struct link *l);
bool link_is_failing(const struct link *l);

#endif
