/* SPDX-License-Identifier: ISC */
/*
 * A worker's side of -j N: it takes its parent's orders and makes the other workers
 * look for clients.
 */
#ifndef FOLLOW_H
#define FOLLOW_H

#include <stdint.h>

struct serve;

/* What the parent sends, one message each; some carry a descriptor. */
struct order {
	enum {
		ORDER_TABLE,	/* file index: a table's memfd */
		ORDER_LISTEN,	/* addr: a bound socket */
		ORDER_UNLISTEN,	/* addr */
		ORDER_HUP,
		ORDER_DRAIN,
		ORDER_QUIT
	} kind;
	uint32_t index;
	char addr[256];
};

/*
 * In the parent: make the bell its workers will share, before it forks them;
 * and close it. -1 with errno.
 */
int follow_make_bell(void);
void follow_close_bell(void);

/*
 * In a worker: take orders from the parent on fd. Whatever is sent back there means that some were
 * lost and all are to be repeated. -1 with errno.
 */
int follow_orders(struct serve *s, int fd);

/*
 * In a worker without room for a client that waits: have the others look at their listeners, as the
 * kernel woke none of them for it.
 */
void follow_wake_others(void);

/* In a worker: a descriptor may be free now: keep it for orders. errno stays. */
void follow_keep_room(void);

#endif
