/* SPDX-License-Identifier: ISC */
/* Fuzz chunked bodies: the same payload, end and verdict in one piece and in two. */
#include <assert.h>
#include <stdlib.h>

#include "http1.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct out {
	char *payload;
	size_t data, used;
	enum http1_chunk_result result;
};

static void
feed(struct http1_chunked *c, const uint8_t *data, size_t len, struct out *o)
{
	char *copy = malloc(len);
	size_t used, n;

	if (len > 0)
		memcpy(copy, data, len);
	o->result = http1_dechunk(c, copy, len, &used, &n);
	assert(used <= len && n <= used);
	if (o->result != HTTP1_CHUNK_BAD) {
		memcpy(o->payload + o->data, copy, n);
		assert(o->result == HTTP1_CHUNK_TRAILER || used == len);
		o->data += n;
		o->used += used;
	}
	if (o->result == HTTP1_CHUNK_TRAILER) {
		struct slice fields;
		size_t trailer;

		if (http1_trailer(c, copy + used, len - used, &fields, &trailer) == HTTP1_OK)
			assert(trailer <= len - used && fields.len + 2 == trailer);
	}
	free(copy);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct http1_chunked one = { .padded = size % 2 == 0 }, two = one;
	struct out a = { .payload = malloc(size + 1) }, b = { .payload = malloc(size + 1) };
	size_t cut = size < 2 ? 0 : (size_t)(data[size - 1] << 8 | data[size - 2]) % size;

	feed(&one, data, size, &a);
	feed(&two, data, cut, &b);
	if (b.result == HTTP1_CHUNK_MORE)
		feed(&two, data + cut, size - cut, &b);
	assert(a.result == b.result);
	if (a.result != HTTP1_CHUNK_BAD)
		assert(a.data == b.data && a.used == b.used &&
		    memcmp(a.payload, b.payload, a.data) == 0);
	free(a.payload);
	free(b.payload);
	return 0;
}
