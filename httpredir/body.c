/* SPDX-License-Identifier: ISC */
/* Message bodies on their way through. */
#include "body.h"

#include <string.h>

#include "text.h"

#define TAIL_MAX (HTTP1_TRAILER_MAX + 16)

static char tail[TAIL_MAX];		/* how a chunked body ends, trailers included */

void
wire_add(struct wire *w, const void *p, size_t len)
{
	if (len > 0)
		w->iov[w->n++] = (struct iovec){ (void *)(uintptr_t)p, len };
}

void
body_init(struct body *b, const struct http1_message *m, enum http1_framing out)
{
	*b = (struct body){ .in = m->framing, .out = out, .left = m->length,
		.drops_trailers = m->named_count > 0 };
	b->done = m->framing == HTTP1_NO_BODY || (m->framing == HTTP1_LENGTH && m->length == 0);
}

static size_t
hex(char *out, size_t n)
{
	char digit[16];
	size_t len = 0;

	do
		digit[len++] = "0123456789abcdef"[n & 15];
	while ((n >>= 4) != 0);
	for (size_t i = 0; i < len; i++)
		out[i] = digit[len - 1 - i];
	return len;
}

/* Payload as one chunk, or as it is; closing a chunk is left to the tail. */
static void
send_data(const struct body *b, struct wire *w, const char *data, size_t len)
{
	size_t n;

	if (len == 0)
		return;
	if (b->out == HTTP1_CHUNKED) {
		n = hex(w->size, len);
		memcpy(w->size + n, "\r\n", 2);
		wire_add(w, w->size, n + 2);
	}
	wire_add(w, data, len);
}

static void
add_trailer(struct text *t, struct slice trailer)
{
	struct http1_field f;

	while (http1_next_field(&trailer, &f)) {
		if (!http1_trailer_allowed(&f))
			continue;
		text_add(t, f.name);
		text_str(t, ":");
		text_add(t, f.value);
		text_str(t, "\r\n");
	}
}

/* The CRLF after a chunk, and with last the end of the body. */
static void
send_tail(const struct body *b, struct wire *w, bool chunk, bool last, struct slice trailer)
{
	struct text t = text_in(tail, sizeof(tail));

	if (b->out != HTTP1_CHUNKED)
		return;
	if (chunk)
		text_str(&t, "\r\n");
	if (last) {
		text_str(&t, "0\r\n");
		if (!b->drops_trailers)
			add_trailer(&t, trailer);
		text_str(&t, "\r\n");
	}
	wire_add(w, tail, (size_t)(t.at - tail));
}

static enum body_result
take_chunked(struct body *b, struct slice bytes, size_t *used, struct wire *w)
{
	char *buf = (char *)(uintptr_t)bytes.p;
	struct slice trailer = { NULL, 0 };
	size_t data, n;

	switch (http1_dechunk(&b->chunked, buf, bytes.len, used, &data)) {
	case HTTP1_CHUNK_BAD:
		return BODY_BAD;
	case HTTP1_CHUNK_MORE:
		break;
	case HTTP1_CHUNK_TRAILER:
		switch (http1_trailer(&b->chunked, buf + *used, bytes.len - *used, &trailer, &n)) {
		case HTTP1_MORE:
			break;
		case HTTP1_OK:
			*used += n;
			b->done = true;
			break;
		default:
			return BODY_BAD;
		}
		break;
	}
	send_data(b, w, buf, data);
	send_tail(b, w, data > 0, b->done, trailer);
	return BODY_OK;
}

enum body_result
body_take(struct body *b, struct slice bytes, size_t *used, struct wire *w)
{
	size_t n = bytes.len;

	*used = 0;
	if (b->done)
		return BODY_OK;
	if (b->in == HTTP1_CHUNKED)
		return take_chunked(b, bytes, used, w);
	if (b->in == HTTP1_LENGTH) {
		n = b->left < n ? (size_t)b->left : n;
		b->left -= n;
		b->done = b->left == 0;
	}
	*used = n;
	send_data(b, w, bytes.p, n);
	send_tail(b, w, n > 0, false, slice_of(NULL, 0));
	return BODY_OK;
}

void
body_end(struct body *b, struct wire *w)
{
	b->done = true;
	send_tail(b, w, false, true, slice_of(NULL, 0));
}
