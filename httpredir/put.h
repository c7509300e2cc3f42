/* SPDX-License-Identifier: ISC */
/* Where bytes go: a descriptor, and what it has yet to take. */
#ifndef PUT_H
#define PUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "spill.h"

enum put_result {
	PUT_ALL,
	PUT_PART,		/* the rest waits in *left */
	PUT_GONE,		/* the other end is gone: errno says how */
	PUT_NO_MEMORY		/* we are out of memory: what was not written is lost */
};

/*
 * Write the n pieces; what is not taken is copied to *left, which must be NULL. *sent counts.
 * last: an end follows at once, and its FIN should travel in the same segment.
 */
enum put_result put(int fd, struct iovec *iov, int n, bool last, struct spill **left,
    uint64_t *sent);

/* Write what is left; PUT_ALL frees it. */
enum put_result put_left(int fd, struct spill **left, uint64_t *sent);

#endif
