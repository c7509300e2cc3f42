/* SPDX-License-Identifier: ISC */
/*
 * Fuzz lib/proxyhdr.c: no overread, no verdict taken back by more bytes,
 * what is read can be written.
 */
#include <assert.h>
#include <stdlib.h>

#include "proxyhdr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum proxyhdr_result
read_copy(const uint8_t *data, size_t len, struct proxyhdr *h, size_t *used, uint8_t **copy)
{
	*copy = malloc(len);
	if (len > 0)
		memcpy(*copy, data, len);
	return proxyhdr_read(*copy, len, h, used);
}

/* The same ends come back from what is written, unless they were not both known. */
static void
check_rewrite(const struct proxyhdr *h, enum proxyhdr_version version)
{
	uint8_t out[PROXYHDR_MAX];
	struct proxyhdr again;
	size_t used, len = proxyhdr_write(h, version, out);

	assert(proxyhdr_read(out, len, &again, &used) == PROXYHDR_OK && used == len);
	assert(memcmp(&again.src, &h->src, sizeof(h->src)) == 0);
	assert(memcmp(&again.dst, &h->dst, sizeof(h->dst)) == 0);
	if (version == PROXYHDR_V2 && h->authority.len <= 255)
		assert(slice_eq(again.authority, h->authority));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy, *part;
	struct proxyhdr h, h_part;
	size_t used = 0, used_part = 0, cut = size < 2 ? 0 : data[size - 1] % size;
	enum proxyhdr_result r = read_copy(data, size, &h, &used, &copy);
	enum proxyhdr_result r_part = read_copy(data, cut, &h_part, &used_part, &part);

	assert(r_part == PROXYHDR_MORE || r_part == r);
	assert(r_part != PROXYHDR_OK || used_part == used);
	if (r == PROXYHDR_OK) {
		assert(used <= size);
		check_rewrite(&h, PROXYHDR_V1);
		check_rewrite(&h, PROXYHDR_V2);
	}
	free(copy);
	free(part);
	return 0;
}
