/* SPDX-License-Identifier: ISC */
/* Bytes in, bytes out, and message bodies on their way through. */
#ifndef WIRE_H
#define WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "http1.h"
#include "relay.h"

/* ---- where bytes come from ---- */

#define SOURCE_CHUNK 65536u	/* bytes read at once */
#define SOURCE_HELD_MAX (64u * 1024u * 1024u)	/* bytes all sources of this process hold */

struct held;

/*
 * Zero it. Bytes that were read and not used up are held in memory of their own, which is rationed:
 * client is whose it is, see ration_change().
 */
struct source {
	struct held *held;	/* owned, or NULL */
	uint64_t client;
	bool readable : 1;	/* until EAGAIN, or a short read, says otherwise */
	bool fin : 1;		/* its end is known to follow what can be read */
	bool urgent : 1;	/* a short read proves nothing: urgent data, unix socket */
	bool stale : 1;		/* what is held does not suffice: more must come first */
};

enum source_result {
	SOURCE_BYTES,
	SOURCE_NONE,		/* nothing yet */
	SOURCE_END,
	SOURCE_BROKEN,		/* reset */
	SOURCE_FULL		/* no memory, or the client's ration is used up */
};

/* Once per process, for so many clients at once; -1 with errno. */
int source_open(size_t clients);

void source_note(struct source *s, unsigned events);

/*
 * What there is: held bytes, unless stale; else one read of at most max bytes into
 * scratch, or appended to them. *bytes lives until the next call for any source;
 * source_keep() what is not used up.
 */
enum source_result source_get(struct source *s, int fd, uint8_t *scratch, size_t max,
    struct slice *bytes);

/*
 * Hold on to the end of the bytes source_get() gave; stale: they are of no use
 * without more. False: no room, and they are lost; never when they were held before.
 */
bool source_keep(struct source *s, struct slice rest, bool stale);

bool source_has(const struct source *s);
struct slice source_peek(const struct source *s);
void source_drop(struct source *s);

/* ---- where bytes go ---- */

enum put_result {
	PUT_ALL,
	PUT_PART,		/* the rest waits in *left */
	PUT_GONE,		/* the other end is gone */
	PUT_NO_MEMORY		/* we are out of memory: what was not written is lost */
};

/* Copy what follows the first from bytes of the n pieces; NULL when out of memory. */
struct relay_spill *spill_pieces(const struct iovec *iov, int n, size_t from);

/*
 * Write the n pieces; what is not taken is copied to *left, which must be NULL. *sent counts.
 * last: an end follows at once, and its FIN should travel in the same segment.
 */
enum put_result put(int fd, struct iovec *iov, int n, bool last, struct relay_spill **left,
    uint64_t *sent);

/* Queue more behind *left, which may be NULL. False when out of memory: *left is as it was. */
bool put_later(struct relay_spill **left, struct slice more);

/* Write what is left; PUT_ALL frees it. */
enum put_result put_left(int fd, struct relay_spill **left, uint64_t *sent);

/* ---- bodies ---- */

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

enum body_result { BODY_OK, BODY_BAD };

/*
 * Take from bytes (which are changed) what belongs to the body, and append what is to be sent for
 * it to w. *used bytes are done with; others must be there again at the next call, with more after
 * them, unless the body is done.
 */
enum body_result body_take(struct body *b, struct slice bytes, size_t *used, struct wire *w);

/* The source has ended, which ends the body (HTTP1_TO_CLOSE): what is to be sent for that. */
void body_end(struct body *b, struct wire *w);

void wire_add(struct wire *w, const void *p, size_t len);

#endif
