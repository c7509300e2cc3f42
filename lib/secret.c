/* SPDX-License-Identifier: ISC */
/* The handshake of the ancestors, both ways. */
#include "secret.h"

#include <assert.h>

#include "take.h"

#define MAGIC 0x11u			/* twice */
#define MAGIC_LEN 2u
#define LENGTH_LEN 2u

enum secret_result
secret_read(const uint8_t *buf, size_t len, struct slice *secret, size_t *used)
{
	struct slice in = slice_of((const char *)buf, len), magic;
	uint32_t n;

	for (size_t i = 0; i < len && i < MAGIC_LEN; i++)
		if (buf[i] != MAGIC)
			return SECRET_BAD;
	if (!take_bytes(&in, MAGIC_LEN, &magic) || !take_uint(&in, LENGTH_LEN, &n))
		return SECRET_MORE;
	if (n == 0 || n > SECRET_MAX)
		return SECRET_BAD;
	if (!take_bytes(&in, n, secret))
		return SECRET_MORE;
	*used = len - in.len;
	return SECRET_OK;
}

size_t
secret_write(struct slice secret, uint8_t out[static SECRET_FRAME_MAX])
{
	assert(secret.len > 0 && secret.len <= SECRET_MAX);
	out[0] = out[1] = MAGIC;
	out[2] = (uint8_t)(secret.len >> 8);
	out[3] = (uint8_t)secret.len;
	memcpy(out + MAGIC_LEN + LENGTH_LEN, secret.p, secret.len);
	return MAGIC_LEN + LENGTH_LEN + secret.len;
}
