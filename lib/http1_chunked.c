/* SPDX-License-Identifier: ISC */
/* Chunked bodies: a byte machine for sizes and line ends, memmove for data. */
#include "http1.h"

#include "num.h"

#define SIZE_DIGITS 15u		/* what fits in 60 bits */
#define SIZE_LINE_MAX 256u	/* bytes of a size line with its extensions */

enum state {
	SIZE,			/* before the first digit */
	DIGITS,
	BLANKS,			/* behind the digits */
	EXTENSION,
	SIZE_LF,
	DATA,
	DATA_CR,
	DATA_LF,
	TRAILER
};

/* What may follow the digits of a size. */
static bool
end_size(struct http1_chunked *c, char byte)
{
	switch (byte) {
	case ' ':		/* "bad" whitespace before a ';', to be taken (RFC 9112 7.1.1) */
	case '\t':
		c->state = BLANKS;
		return true;
	case ';':
		c->state = EXTENSION;
		return true;
	case '\r':
		if (c->state == BLANKS && !c->padded)
			return false;
		c->state = SIZE_LF;
		return true;
	}
	return false;
}

/*
 * A byte that is not data; false when it is not allowed here.
 * No sign, no bare LF (RFC 9112 7.1).
 */
static bool
take_byte(struct http1_chunked *c, char byte)
{
	int digit = num_hex(byte);

	if (++c->line > SIZE_LINE_MAX)
		return false;
	switch ((enum state)c->state) {
	case SIZE:
	case DIGITS:
		if (digit >= 0) {
			c->left = c->left << 4 | (uint64_t)digit;
			c->state = DIGITS;
			return c->line <= SIZE_DIGITS;
		}
		return c->state == DIGITS && end_size(c, byte);
	case BLANKS:
		return end_size(c, byte);
	case EXTENSION:
		if (byte == '\r')
			c->state = SIZE_LF;
		return byte == '\r' || byte == '\t' || ((uint8_t)byte >= 0x20 && byte != 0x7f);
	case SIZE_LF:
		c->state = c->left == 0 ? TRAILER : DATA;
		c->line = 0;
		return byte == '\n';
	case DATA_CR:
		c->state = DATA_LF;
		return byte == '\r';
	case DATA_LF:
		c->state = SIZE;
		c->line = 0;
		return byte == '\n';
	case DATA:
	case TRAILER:
		break;
	}
	return false;
}

static void
take_data(struct http1_chunked *c, char *buf, size_t len, size_t *used, size_t *data)
{
	size_t n = len - *used < c->left ? len - *used : (size_t)c->left;

	if (*data != *used)
		memmove(buf + *data, buf + *used, n);
	*data += n;
	*used += n;
	c->left -= n;
	if (c->left == 0)
		c->state = DATA_CR;
}

enum http1_chunk_result
http1_dechunk(struct http1_chunked *c, char *buf, size_t len, size_t *used, size_t *data)
{
	*used = *data = 0;
	while (c->state != TRAILER && *used < len) {
		if (c->state == DATA)
			take_data(c, buf, len, used, data);
		else if (!take_byte(c, buf[(*used)++]))
			return HTTP1_CHUNK_BAD;
	}
	return c->state == TRAILER ? HTTP1_CHUNK_TRAILER : HTTP1_CHUNK_MORE;
}
