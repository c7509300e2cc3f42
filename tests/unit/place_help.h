/* SPDX-License-Identifier: ISC */
/*
 * Places on loopback that connections are made to: somebody listens there, has left,
 * or lets nobody in.
 */
#ifndef PLACE_HELP_H
#define PLACE_HELP_H

#include "loop_help.h"

struct place {
	int lfd;		/* -1: nobody listens */
	int filler[2];		/* what makes it deaf, -1: it is not */
	unsigned port;
	char text[64];		/* IP:PORT */
};

/* Somebody listens there. port 0: one that is free. */
struct place place_at(const char *ip, unsigned port);

/* The place as HOST:PORT, in one of a few buffers used in turn. */
const char *named(const struct place *p, const char *host);

/* Its port stays ours as long as nobody else wants it. */
void leaves(struct place *p);
void comes_back(struct place *p);

/* How many have connected since the last call; they are let go. */
int visitors(const struct place *p);

/* It lets nobody in any more: its backlog is full, so SYNs are dropped. */
void goes_deaf(struct place *p);

/* Several on 127.0.0.1; as a list with commas, in one buffer that the next call uses again. */
void make_places(struct place *p, size_t n);
void close_places(struct place *p, size_t n);
const char *list_of(const struct place *p, size_t n);

#endif
