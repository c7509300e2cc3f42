/* SPDX-License-Identifier: ISC */
/* Bytes that wait for room: what a descriptor did not take, or what it is to get first. */
#ifndef SPILL_H
#define SPILL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

/* malloc'd; where there are none the pointer to it is NULL. */
struct spill {
	uint32_t at, len, size;		/* bytes[at .. at + len) of size are left */
	uint8_t bytes[];
};

/* Room for size bytes, none in it yet; NULL when out of memory. */
struct spill *spill_new(size_t size);

/*
 * Append to *spill, NULL: nothing is in it yet; it grows ahead of need, but then to most bytes at
 * the most (0: only as needed). False when out of memory: what it has is as it was.
 */
bool spill_add(struct spill **spill, const void *bytes, size_t len, size_t most);

/* The same for n pieces but for their first skip bytes. */
bool spill_add_pieces(struct spill **spill, const struct iovec *iov, int n, size_t skip,
    size_t most);

/* Drop the first n bytes, and with the last byte the memory: *spill is then NULL. */
void spill_drop(struct spill **spill, size_t n);

#endif
