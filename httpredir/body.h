/* SPDX-License-Identifier: ISC */
/* Message bodies on their way through. */
#ifndef BODY_H
#define BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "http1.h"

#define WIRE_PIECES 4

/*
 * Pieces of a body as they go out, with room for a head in front.
 * They live until the next body_take().
 */
struct wire {
	struct iovec iov[WIRE_PIECES];
	int n;
	char size[20];
};

void wire_add(struct wire *w, const void *p, size_t len);

struct body {
	enum http1_framing in, out;
	uint64_t left;			/* HTTP1_LENGTH: bytes to come */
	struct http1_chunked chunked;
	bool done;
	bool drops_trailers;
};

/*
 * The body of m, to be sent on in the framing out. Trailers are dropped, as they may be,
 * where Connection names fields: it may mean one of them (RFC 9110 6.5.1, 7.6.1).
 */
void body_init(struct body *b, const struct http1_message *m, enum http1_framing out);

enum body_result { BODY_OK, BODY_BAD };

/*
 * Take from bytes (which are changed) what belongs to the body, and append what is to be sent for
 * it to w. *used bytes are done with; others must be there again at the next call, with more after
 * them, unless the body is done.
 */
enum body_result body_take(struct body *b, struct slice bytes, size_t *used, struct wire *w);

/* The source has ended, which ends the body (HTTP1_TO_CLOSE): what is to be sent for that. */
void body_end(struct body *b, struct wire *w);

#endif
