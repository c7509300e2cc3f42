/* SPDX-License-Identifier: ISC */
/* Base64, four characters at a time. */
#include "base64.h"

#include <stdint.h>

#define NONE 64u

static unsigned
value_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (unsigned)(c - 'A');
	if (c >= 'a' && c <= 'z')
		return (unsigned)(c - 'a') + 26;
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0') + 52;
	return c == '+' ? 62 : c == '/' ? 63 : NONE;
}

/* The next four characters, line breaks skipped; returns their number. */
static unsigned
take_four(struct slice *text, char out[static 4])
{
	unsigned n = 0;

	for (; text->len > 0 && n < 4; *text = slice_skip(*text, 1))
		if (*text->p != '\n' && *text->p != '\r')
			out[n++] = *text->p;
	return n;
}

/* Four characters give three bytes, less one for each '=' at their end; 0: they are invalid. */
static unsigned
decode_four(const char in[static 4], char out[static 3])
{
	unsigned bytes = in[3] != '=' ? 3 : in[2] != '=' ? 2 : 1;
	uint32_t bits = 0;

	for (unsigned i = 0; i < 4; i++) {
		unsigned v = i <= bytes ? value_of(in[i]) : 0;

		if (v == NONE)
			return 0;
		bits = bits << 6 | v;
	}
	for (unsigned i = 0; i < 3; i++)
		out[i] = (char)(bits >> (16 - 8 * i));
	return (bytes < 3 && out[bytes] != 0) ? 0 : bytes;
}

bool
base64_decode(struct slice text, char *out, size_t *len)
{
	char four[4], three[3];
	unsigned n, bytes = 3;

	*len = 0;
	while ((n = take_four(&text, four)) == 4) {
		if (bytes < 3)		/* something after the padding */
			return false;
		bytes = decode_four(four, three);
		if (bytes == 0)
			return false;
		memcpy(out + *len, three, bytes);
		*len += bytes;
	}
	return n == 0;
}
