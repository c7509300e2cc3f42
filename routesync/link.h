/* SPDX-License-Identifier: ISC */
/* One connection to the store: found (DNS, sentinels), authenticated, and watched for silence. Only for redis.c. */
#ifndef LINK_H
#define LINK_H

#include <hiredis/async.h>

#include "ev.h"
#include "redis.h"
#include "resolve.h"

#define LINK_ADDRS 8		/* addresses of one name that are tried */

struct link {
	struct ev *ev;			/* to be set: ev, resolver, conf, up, down */
	struct resolver *resolver;
	const struct redis_conf *conf;
	void (*up)(struct link *l);
	/* It could not be made, or is lost. Never called by link_close(). */
	void (*down)(struct link *l, enum redis_trouble trouble, const char *why);

	redisAsyncContext *ac;		/* owned by hiredis as soon as it fails; NULL: none */
	struct resolve question;
	struct ev_timer silence;
	uint64_t heard_ms;
	unsigned waiting;		/* replies to come */
	struct slice servers;		/* still to be tried */
	struct endpoint addrs[LINK_ADDRS];	/* of the one being tried */
	size_t naddrs, next_addr;
	uint16_t port;
	bool asking;			/* a sentinel, for the master */
	bool is_up;
};

/* Begin; down may be called from inside, up never is. */
void link_open(struct link *l);

/* Fine when it is closed. Callbacks of commands under way get no more replies. */
void link_close(struct link *l);

/* Send a command; fn gets the reply, and must begin with link_heard(). */
void link_send(struct link *l, redisCallbackFn *fn, void *arg, size_t argc, const struct slice *argv);

/* Whose reply this is; NULL: the connection has ended, there is none. */
struct link *link_heard(redisAsyncContext *ac, const redisReply *reply);

/* End it because of an error reply or anything else the owner finds wrong: down is called. */
void link_fail(struct link *l, enum redis_trouble trouble, const char *why);
void link_fail_reply(struct link *l, const redisReply *error);

#endif
