/* SPDX-License-Identifier: ISC */
/* Names in listening addresses. Private to listeners.c. */
#ifndef LISTEN_NAMES_H
#define LISTEN_NAMES_H

#include "addr.h"
#include "listeners.h"
#include "slice.h"

struct listen_name;

/*
 * Turn an ADDR_HOST into an ADDR_IP, and wait for that.
 * -1 with errno: ENXIO for a name without an address.
 */
int listen_name_wait(struct addr *a);

/*
 * Names of the routes files. Each listeners_sync() is between a begin and an end: what was
 * not asked for there is forgotten, and what has no answer yet is looked up by a thread,
 * which fires ls->retry.
 */
void listen_names_begin(struct listeners *ls, bool first_try);
void listen_names_end(struct listeners *ls);

/*
 * The same as listen_name_wait() for text (a is what addr_parse() made of it), once its name was
 * looked up. -1 with errno, EAGAIN: not yet. *n is the name (valid until the end), NULL when there
 * is no room to look it up now.
 */
int listen_name_take(struct listeners *ls, struct slice text, struct addr *a,
    struct listen_name **n);

/* Whether a failure with that name is to be logged: once per first try. errno stays. */
bool listen_name_is_news(struct listen_name *n);

/*
 * Forget all: the listeners are closed;
 * or (no loop, no thread) this process was forked from theirs.
 */
void listen_names_forget(struct listeners *ls);
void listen_names_forked(struct listeners *ls);

#endif
