/* SPDX-License-Identifier: ISC */
/* Fuzz response heads: no overread, and one result however the bytes arrive. */
#include <assert.h>
#include <stdlib.h>

#include "http1.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
copy_exactly(const uint8_t *data, size_t len, char **copy)
{
	free(*copy);
	*copy = malloc(len);
	if (len > 0)
		memcpy(*copy, data, len);
}

static enum http1_result
feed(struct http1_scan *scan, const uint8_t *data, size_t len, bool to_head, char **copy,
    struct http1_response *res)
{
	copy_exactly(data, len, copy);
	return http1_response(scan, *copy, len, to_head, res);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct http1_scan once = { 0 }, twice = { 0 };
	struct http1_response res;
	struct http1_field f;
	char *copy = NULL;
	bool to_head = size > 0 && (data[size - 1] & 1);
	size_t cut = size < 2 ? 0 : (size_t)(data[size - 1] << 8 | data[size - 2]) % size;
	enum http1_result r = feed(&once, data, size, to_head, &copy, &res), part;

	assert(r == HTTP1_OK || r == HTTP1_MORE || r == HTTP1_BAD);
	if (r == HTTP1_OK) {
		struct slice fields = res.msg.fields;

		assert(res.msg.size <= size && res.status >= 100 && res.status <= 999);
		assert(!to_head || res.msg.framing == HTTP1_NO_BODY);
		while (http1_next_field(&fields, &f))
			assert(f.name.len > 0 && f.name.p >= copy &&
			    f.value.p + f.value.len <= copy + size);
		assert(fields.len == 0);
	}
	part = feed(&twice, data, cut, to_head, &copy, &res);
	if (part == HTTP1_MORE)
		part = feed(&twice, data, size, to_head, &copy, &res);
	assert((part == HTTP1_OK) == (r == HTTP1_OK));
	once = (struct http1_scan){ 0 };
	copy_exactly(data, size, &copy);
	part = http1_response_to_connect(&once, copy, size, &res);	/* framing alone differs */
	assert(part == r || (part == HTTP1_OK && r == HTTP1_BAD));
	free(copy);
	return 0;
}
