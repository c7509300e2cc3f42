/* SPDX-License-Identifier: ISC */
/* SHA-256 by OpenSSL's libcrypto, which only the tools that hash are linked with. */
#include "sha256.h"

#include <openssl/err.h>
#include <openssl/evp.h>

#include "num.h"

bool
sha256(struct slice data, uint8_t out[static SHA256_SIZE])
{
	if (EVP_Digest(data.p, data.len, out, NULL, EVP_sha256(), NULL) == 1)
		return true;
	memset(out, 0, SHA256_SIZE);	/* ignoring the result gives the hash of no known text */
	ERR_clear_error();
	return false;
}

const char *
sha256_hex(const uint8_t hash[static SHA256_SIZE], char out[static SHA256_HEX_SIZE])
{
	static const char digit[] = "0123456789abcdef";

	for (size_t i = 0; i < SHA256_SIZE; i++) {
		out[2 * i] = digit[hash[i] >> 4];
		out[2 * i + 1] = digit[hash[i] & 15];
	}
	out[2 * SHA256_SIZE] = '\0';
	return out;
}

bool
sha256_from_hex(struct slice hex, uint8_t out[static SHA256_SIZE])
{
	if (hex.len != 2 * SHA256_SIZE)
		return false;
	for (size_t i = 0; i < SHA256_SIZE; i++) {
		int high = num_hex(hex.p[2 * i]), low = num_hex(hex.p[2 * i + 1]);

		if (high == -1 || low == -1)
			return false;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}
