/* SPDX-License-Identifier: ISC */
/* What still comes after our last word is read and dropped. */
#include "linger.h"

#include "sock.h"

enum linger_result
linger(struct ev *ev, struct ev_io *io, void *scratch, size_t size)
{
	ssize_t n = sock_get(io->fd, scratch, size);

	if (n > 0) {	/* there may be more, for a later turn */
		(void)ev_mod(ev, io, EV_READ | EV_WRITE | EV_EDGE);
		return LINGER_MORE;
	}
	return n == -1 && sock_would_block() ? LINGER_QUIET : LINGER_OVER;
}
