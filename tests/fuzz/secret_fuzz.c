/* SPDX-License-Identifier: ISC */
/*
 * Fuzz lib/secret.c: no overread, no verdict taken back by more bytes, what is read can be written.
 */
#include <assert.h>
#include <stdlib.h>

#include "secret.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum secret_result
read_copy(const uint8_t *data, size_t len, struct slice *secret, size_t *used, uint8_t **copy)
{
	*copy = malloc(len);
	if (len > 0)
		memcpy(*copy, data, len);
	return secret_read(*copy, len, secret, used);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy, *part, out[SECRET_FRAME_MAX];
	struct slice secret, secret_part;
	size_t used = 0, used_part = 0, cut = size < 2 ? 0 : data[size - 1] % size;
	enum secret_result r = read_copy(data, size, &secret, &used, &copy);
	enum secret_result r_part = read_copy(data, cut, &secret_part, &used_part, &part);

	assert(r_part == SECRET_MORE || r_part == r);
	assert(r_part != SECRET_OK || (used_part == used && slice_eq(secret_part, secret)));
	if (r == SECRET_OK) {
		assert(used <= size && secret_write(secret, out) == used);
		assert(memcmp(out, data, used) == 0);
	}
	free(copy);
	free(part);
	return 0;
}
