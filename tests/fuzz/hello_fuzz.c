/* SPDX-License-Identifier: ISC */
/*
 * Fuzz lib/hello.c: no overread, answers inside the bytes given,
 * and one verdict however the bytes arrive.
 */
#include <assert.h>
#include <stdlib.h>

#include "hello.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t scratch[HELLO_DEFAULT_MAX];
static volatile unsigned sink;

/* An exact-size copy: the bytes move between calls, and a read behind them is seen. */
static enum hello_verdict
feed(struct hello *h, const uint8_t *data, size_t len, uint8_t **copy)
{
	free(*copy);
	*copy = malloc(len);
	if (len > 0)
		memcpy(*copy, data, len);
	return hello_parse(h, *copy, len, scratch);
}

static void
check_answers(const struct hello *h, enum hello_verdict v)
{
	struct slice list = h->alpn, protocol;
	unsigned sum = 0;

	assert((v == HELLO_OK) == (h->name.p != NULL));
	for (size_t i = 0; i < h->name.len; i++)
		sum += (uint8_t)h->name.p[i];
	while ((protocol = hello_alpn_next(&list)).p != NULL)
		sum += (uint8_t)protocol.p[protocol.len - 1];
	sink = sum;	/* so that every byte of the answers is read */
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hello once = { .max = HELLO_DEFAULT_MAX }, twice = once;
	uint8_t *copy = NULL;
	size_t cut = size < 2 ? 0 : (size_t)(data[size - 1] << 8 | data[size - 2]) % size;
	enum hello_verdict v = feed(&once, data, size, &copy), part;

	if (v == HELLO_OK || v == HELLO_NO_SNI)
		check_answers(&once, v);
	if (v == HELLO_MORE)
		assert(hello_wants(&once, copy, size) > size);
	if ((part = feed(&twice, data, cut, &copy)) == HELLO_MORE) {
		assert(hello_wants(&twice, copy, cut) <= size || v == HELLO_MORE);
		part = feed(&twice, data, size, &copy);
	}
	assert(part == v);
	free(copy);
	return 0;
}
