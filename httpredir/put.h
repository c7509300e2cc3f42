/* SPDX-License-Identifier: ISC */
/* Where bytes go: a descriptor, and what it has yet to take. */
#ifndef PUT_H
#define PUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "relay.h"
#include "slice.h"

enum put_result {
	PUT_ALL,
	PUT_PART,		/* the rest waits in *left */
	PUT_GONE,		/* the other end is gone: errno says how */
	PUT_NO_MEMORY		/* we are out of memory: what was not written is lost */
};

/* Copy what follows the first from bytes of the n pieces; NULL when out of memory. */
struct relay_spill *spill_pieces(const struct iovec *iov, int n, size_t from);

/*
 * Write the n pieces; what is not taken is copied to *left, which must be NULL. *sent counts.
 * last: an end follows at once, and its FIN should travel in the same segment.
 */
enum put_result put(int fd, struct iovec *iov, int n, bool last, struct relay_spill **left,
    uint64_t *sent);

/* Queue more behind *left, which may be NULL. False when out of memory: *left is as it was. */
bool put_later(struct relay_spill **left, struct slice more);

/* Write what is left; PUT_ALL frees it. */
enum put_result put_left(int fd, struct relay_spill **left, uint64_t *sent);

#endif
