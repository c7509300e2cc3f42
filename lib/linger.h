/* SPDX-License-Identifier: ISC */
/* After our last word on a connection. */
#ifndef LINGER_H
#define LINGER_H

#include <stddef.h>

#include "ev.h"

#define LINGER_MS 2000u		/* for the other side to read our last word, and to end */

enum linger_result {
	LINGER_OVER,	/* the other side has ended: close it */
	LINGER_MORE,	/* bytes came: it has not read our last word, or does not care */
	LINGER_QUIET
};

/*
 * Read and drop what still comes: left unread it turns closing into a reset, which overtakes what
 * was said. Unless it is over, call again on the next event of io, watched edge-triggered for
 * read, and close it all the same after LINGER_MS. scratch is overwritten.
 */
enum linger_result linger(struct ev *ev, struct ev_io *io, void *scratch, size_t size);

#endif
