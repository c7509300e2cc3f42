/* SPDX-License-Identifier: ISC */
/* TLS to the store, where hiredis brings it (1.0 and later). Only for link.c and main.c. */
#ifndef REDIS_TLS_H
#define REDIS_TLS_H

#include <stdbool.h>

#include "source.h"

struct redisAsyncContext;

/* Whether this program was built with it. */
bool redis_tls_built_in(void);

/* Begin TLS on a connection under way, before anything is sent. The server's certificate must be good for its host. */
bool redis_tls_start(struct redisAsyncContext *ac, const struct source *source);

/* Why a certificate was refused since this was asked last (static), NULL: none was. hiredis does not say. */
const char *redis_tls_why(void);

#endif
