/* SPDX-License-Identifier: ISC */
/* Accepting within limits. Only for lib's serve files; what tools call is in serve.h. */
#ifndef ACCEPT_H
#define ACCEPT_H

struct serve;
struct listener;

/*
 * How many connections and relay pipes the descriptors carry beside the listeners, once all of
 * these are there. A --max-conns beyond that is logged.
 */
void accept_set_limits(struct serve *s);

/*
 * Listeners were opened or closed: as many connections as the other descriptors carry, unless
 * --max-conns says how many. Never more than at start, what counts them has no room for those.
 */
void accept_fit_limits(struct serve *s);

/* Begin, on all listeners there are. */
void accept_begin(struct serve *s);

/* The same on a listener that came later; stop on one that goes. */
void accept_watch(struct serve *s, struct listener *l);
void accept_drop(struct serve *s, struct listener *l);

/* Before all stop: those who wait in its backlog are connected as far as they know. */
void accept_rest(struct serve *s, struct listener *l);

/* A connection has ended: go on, if there is room again. */
void accept_room_made(struct serve *s);

#endif
