/* SPDX-License-Identifier: ISC */
/* Accepting within limits. Only for lib's serve files; what tools call is in serve.h. */
#ifndef ACCEPT_H
#define ACCEPT_H

struct serve;
struct listener;

/*
 * Once all listeners are open: find out how many connections and relay pipes the other descriptors
 * suffice for. A --max-conns beyond that is logged.
 */
void accept_set_limits(struct serve *s);

/*
 * Listeners were opened or closed: from now on as many connections as the other descriptors suffice
 * for, unless --max-conns says how many; but never more than at start, as the quota has room for
 * those alone.
 */
void accept_fit_limits(struct serve *s);

/* Begin, on all listeners there are. */
void accept_begin(struct serve *s);

/* The same on a listener that came later; stop on one that goes. */
void accept_watch(struct serve *s, struct listener *l);
void accept_drop(struct serve *s, struct listener *l);

/* Accepting is to end: take those who wait in its backlog, as they believe they are connected. */
void accept_rest(struct serve *s, struct listener *l);

/* A connection has ended: go on, if there is room again. */
void accept_room_made(struct serve *s);

#endif
