/* SPDX-License-Identifier: ISC */
/* Bytes in, bytes out, and message bodies on their way through. */
#include "wire.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "ev.h"
#include "ration.h"
#include "sock.h"
#include "text.h"

struct held {
	uint64_t client;		/* whose ration it is taken from */
	uint32_t at, len, room;		/* bytes[at .. at+len) are held */
	char bytes[];
};

#define TAIL_MAX (HTTP1_TRAILER_MAX + 16)

static struct ration ration;		/* of room for all that is held */
static char tail[TAIL_MAX];		/* how a chunked body ends, trailers included */

/* ---- where bytes come from ---- */

int
source_open(size_t clients)
{
	return ration_open(&ration, SOURCE_HELD_MAX, clients);
}

void
source_note(struct source *s, unsigned events)
{
	if (events & EV_READ)
		s->readable = true;
	if (events & (EV_EOF | EV_ERROR))
		s->fin = true;
	if (events & EV_URGENT)
		s->urgent = true;
}

bool
source_has(const struct source *s)
{
	return s->held != NULL;
}

struct slice
source_peek(const struct source *s)
{
	return s->held == NULL ? slice_of(NULL, 0) :
	    slice_of(s->held->bytes + s->held->at, s->held->len);
}

void
source_drop(struct source *s)
{
	if (s->held != NULL)
		ration_change(&ration, s->held->client, s->held->room, 0);
	free(s->held);
	s->held = NULL;
	s->stale = false;
}

/* Room for at least as much again after what is held. */
static bool
held_grow(struct source *s)
{
	struct held *h = s->held, *more;
	uint32_t room = h->len < 512 ? 1024 : h->len * 2;

	memmove(h->bytes, h->bytes + h->at, h->len);
	h->at = 0;
	if (h->room >= room)
		return true;
	if (!ration_change(&ration, h->client, h->room, room))
		return false;
	more = realloc(h, sizeof(*h) + room);
	if (more == NULL) {
		ration_change(&ration, h->client, room, h->room);
		return false;
	}
	more->room = room;
	s->held = more;
	return true;
}

/* A read stops at urgent data, and at a descriptor passed along: is there anything after that? */
static bool
has_more(int fd)
{
	char byte;

	return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) != -1 || !sock_would_block();
}

enum source_result
source_get(struct source *s, int fd, uint8_t *scratch, size_t max, struct slice *bytes)
{
	char *at = (char *)scratch;
	ssize_t n;

	if (s->held != NULL && !s->stale) {
		*bytes = source_peek(s);
		return SOURCE_BYTES;
	}
	if (!s->readable)
		return SOURCE_NONE;
	if (s->held != NULL) {
		if (!held_grow(s))
			return SOURCE_FULL;
		at = s->held->bytes + s->held->len;
		if (max > s->held->room - s->held->len)
			max = s->held->room - s->held->len;
	}
	n = sock_get(fd, at, max);
	if (n == -1) {
		s->readable = !sock_would_block();
		return !s->readable ? SOURCE_NONE : sock_no_memory() ? SOURCE_FULL : SOURCE_BROKEN;
	}
	if (n == 0)
		return SOURCE_END;
	if ((size_t)n < max && !s->fin)
		s->readable = s->urgent && has_more(fd);
	*bytes = slice_of(at, (size_t)n);
	if (s->held != NULL) {
		s->held->len += (uint32_t)n;
		*bytes = source_peek(s);
	}
	return SOURCE_BYTES;
}

/* A copy of rest. */
static bool
hold(struct source *s, struct slice rest)
{
	struct held *h;

	if (!ration_change(&ration, s->client, 0, rest.len))
		return false;
	h = malloc(sizeof(*h) + rest.len);
	if (h == NULL) {
		ration_change(&ration, s->client, rest.len, 0);
		return false;
	}
	*h = (struct held){ .client = s->client, .len = (uint32_t)rest.len,
		.room = (uint32_t)rest.len };
	memcpy(h->bytes, rest.p, rest.len);
	s->held = h;
	return true;
}

bool
source_keep(struct source *s, struct slice rest, bool stale)
{
	struct held *h = s->held;

	s->stale = stale && rest.len > 0;
	if (rest.len == 0) {
		source_drop(s);
		return true;
	}
	if (h != NULL) {	/* rest is the end of what is held */
		h->at += h->len - (uint32_t)rest.len;
		h->len = (uint32_t)rest.len;
		return true;
	}
	return hold(s, rest);
}

/* ---- where bytes go ---- */

struct relay_spill *
spill_pieces(const struct iovec *iov, int n, size_t from)
{
	struct relay_spill *spill;
	size_t total = 0;

	for (int i = 0; i < n; i++)
		total += iov[i].iov_len;
	spill = relay_spill_new(total - from);
	if (spill == NULL)
		return NULL;
	for (int i = 0; i < n; i++) {
		size_t skip = from < iov[i].iov_len ? from : iov[i].iov_len;

		memcpy(spill->bytes + spill->len, (char *)iov[i].iov_base + skip,
		    iov[i].iov_len - skip);
		spill->len += (uint32_t)(iov[i].iov_len - skip);
		from -= skip;
	}
	return spill;
}

/* A write failed, and not for lack of room. */
static enum put_result
put_failed(void)
{
	return sock_no_memory() ? PUT_NO_MEMORY : PUT_GONE;
}

enum put_result
put(int fd, struct iovec *iov, int n, bool last, struct relay_spill **left, uint64_t *sent)
{
	size_t total = 0;
	ssize_t w;

	for (int i = 0; i < n; i++)
		total += iov[i].iov_len;
	if (total == 0)
		return PUT_ALL;
	w = sock_put(fd, iov, n, last ? MSG_MORE : 0);
	if (w == -1 && !sock_would_block())
		return put_failed();
	w = w == -1 ? 0 : w;
	*sent += (uint64_t)w;
	if ((size_t)w == total)
		return PUT_ALL;
	*left = spill_pieces(iov, n, (size_t)w);
	return *left == NULL ? PUT_NO_MEMORY : PUT_PART;
}

bool
put_later(struct relay_spill **left, struct slice more)
{
	size_t first = *left == NULL ? 0 : (*left)->len;
	struct relay_spill *spill = relay_spill_new(first + more.len);

	if (spill == NULL)
		return false;
	if (first > 0)
		memcpy(spill->bytes, (*left)->bytes + (*left)->at, first);
	memcpy(spill->bytes + first, more.p, more.len);
	spill->len = (uint32_t)(first + more.len);
	free(*left);
	*left = spill;
	return true;
}

enum put_result
put_left(int fd, struct relay_spill **left, uint64_t *sent)
{
	struct relay_spill *spill = *left;
	struct iovec iov = { spill->bytes + spill->at, spill->len };
	ssize_t w = sock_put(fd, &iov, 1, 0);

	if (w == -1)
		return sock_would_block() ? PUT_PART : put_failed();
	*sent += (uint64_t)w;
	spill->at += (uint32_t)w;
	spill->len -= (uint32_t)w;
	if (spill->len > 0)
		return PUT_PART;
	free(spill);
	*left = NULL;
	return PUT_ALL;
}

/* ---- bodies ---- */

void
body_init(struct body *b, const struct http1_message *m, enum http1_framing out)
{
	*b = (struct body){ .in = m->framing, .out = out, .left = m->length,
		.drops_trailers = m->named_count > 0 };
	b->done = m->framing == HTTP1_NO_BODY || (m->framing == HTTP1_LENGTH && m->length == 0);
}

void
wire_add(struct wire *w, const void *p, size_t len)
{
	if (len > 0)
		w->iov[w->n++] = (struct iovec){ (void *)(uintptr_t)p, len };
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
