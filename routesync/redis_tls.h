/* SPDX-License-Identifier: ISC */
/*
 * TLS to the store, if hiredis supports it (1.0 and later).
 * Used only by redis_link.c and options.c.
 */
#ifndef REDIS_TLS_H
#define REDIS_TLS_H

#include <stdbool.h>

#include "source.h"

struct redisAsyncContext;

/* Whether this program was built with it. */
bool redis_tls_built_in(void);

/*
 * Start TLS on a connection being made, with nothing sent yet. The server's certificate must be
 * valid for its host.
 */
bool redis_tls_start(struct redisAsyncContext *ac, const struct source *source);

/*
 * What went wrong with TLS since the last call (static); NULL: nothing did. hiredis does not report
 * it. To be called whenever a connection was lost, as the others suffer otherwise.
 */
const char *redis_tls_why(void);

#endif
