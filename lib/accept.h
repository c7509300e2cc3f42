/* SPDX-License-Identifier: ISC */
/* Accepting within limits. Only for lib's serve files; what tools call is in serve.h. */
#ifndef ACCEPT_H
#define ACCEPT_H

struct serve;
struct listener;

/* Begin, on all listeners there are. */
void accept_begin(struct serve *s);

/* The same on a listener that came later; stop on one that goes. */
void accept_watch(struct serve *s, struct listener *l);
void accept_drop(struct serve *s, struct listener *l);

/* A connection has ended: go on, if there is room again. */
void accept_room_made(struct serve *s);

#endif
