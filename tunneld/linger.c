/* SPDX-License-Identifier: ISC */
/* After our last word: what the other side still sends is read, so that closing does not turn into a reset that overtakes it. */
#include <unistd.h>

#include "relay.h"
#include "sock.h"
#include "tunneld.h"

bool
linger(struct ev_io *io)
{
	ssize_t n = read(io->fd, relay_scratch(the->relays), RELAY_CHUNK_MAX);

	if (n > 0)
		(void)ev_mod(the->serve->ev, io, EV_READ | EV_WRITE | EV_EDGE);	/* there may be more, for a later turn */
	return n == 0 || (n == -1 && !sock_would_block());
}
