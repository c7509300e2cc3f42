/* SPDX-License-Identifier: ISC */
/* hiredis on our event loop. Used only by redis_link.c. */
#ifndef REDIS_EV_H
#define REDIS_EV_H

#include <hiredis/async.h>

#include "ev.h"

/*
 * Watch ac in ev until hiredis frees it. *heard_ms (borrowed) becomes the time whenever there is
 * something to read.
 */
int redis_attach(struct redisAsyncContext *ac, struct ev *ev, uint64_t *heard_ms);

#endif
