/* SPDX-License-Identifier: ISC */
/*
 * What a client says first: a PROXY header where one must come, and the hello, in whatever pieces.
 *
 * Usually it is read, and replayed to the target later. When a route may hand the socket over it is
 * only peeked at and stays in the socket; a relay then reads it as it reads everything else. A
 * hello too large for the socket is read all the same.
 */
#include "conn.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define READ_FIRST 16384u	/* bytes asked for at first: a hello, and early data after it */
#define PEEK_SURE (32 * 1024)	/* bytes a usual receive buffer has room for, however they come */
#define RECORDS_FEW 8		/* a hello in more records is waited for in larger steps */

/* How far reading has come. */
struct progress {
	struct hello parse;
	struct endpoint local;	/* from a PROXY header: the end the client connected to */
};

/* What has come so far of a hello that comes in pieces. */
struct inbox {
	struct progress progress;
	uint64_t client;	/* whose ration it is taken from */
	size_t len, room;	/* of bytes; 0 when peeking */
	size_t wants;		/* peeking: bytes that must be there for another look */
	uint8_t bytes[];
};

/* ---- the inbox ---- */

void
inbox_free(struct inbox *in)
{
	if (in != NULL)
		ration_change(&the->inboxes, in->client, sizeof(*in) + in->room, 0);
	free(in);
}

/*
 * An inbox for room bytes, keeping what is there. False, and the old inbox stays, when out of
 * memory or when all unfinished hellos together, or those of this source, would hold too much:
 * those in one piece need none and pass all the same.
 */
static bool
inbox_resize(struct conn *c, size_t room)
{
	struct inbox *in = c->inbox;
	size_t had = in == NULL ? 0 : sizeof(*in) + in->room, wants = sizeof(*in) + room;
	uint64_t client = in == NULL ? c->base.source : in->client;

	if (!ration_change(&the->inboxes, client, had, wants))
		return false;
	in = realloc(in, wants);
	if (in == NULL) {
		ration_change(&the->inboxes, client, wants, had);
		return false;
	}
	in->room = room;
	in->client = client;
	c->inbox = in;
	return true;
}

/* ---- reading ---- */

static bool
inbox_grow(struct conn *c)
{
	struct inbox *in = c->inbox;

	if (in->len < in->room)
		return true;
	return inbox_resize(c, in->room == 0 ? READ_FIRST : in->room * 2);
}

void
greeting_lowat(struct conn *c)
{
	int one = 1;

	if (c->lowat)
		(void)setsockopt(c->relay.end[0].fd, SOL_SOCKET, SO_RCVLOWAT, &one, sizeof(one));
	c->lowat = false;
}

/*
 * Woken with less there than was asked for: the kernel is short of room for this socket. It finds
 * some for a hello of the usual size in tiny segments, but a large one may never be complete there.
 */
static bool
peek_is_stuck(const struct conn *c, ssize_t n)
{
	int sure = PEEK_SURE, room;
	socklen_t len = sizeof(room);

	if (!c->peek || !c->lowat || n <= 0 || (size_t)n >= c->inbox->wants)
		return false;
	if (getsockopt(c->relay.end[0].fd, SOL_SOCKET, SO_RCVBUF, &room, &len) == 0 &&
	    room / 4 < sure)
		sure = room / 4;
	return n > sure;
}

/* From now on read the hello, from its first byte; this client can no longer be handed over. */
static void
stop_peeking(struct conn *c)
{
	c->peek = false;
	c->inbox->progress.parse = (struct hello){ .max = c->inbox->progress.parse.max };
	greeting_lowat(c);
}

/*
 * Where the next bytes go; the first ones, and peeked ones, do not stay there.
 * NULL when out of memory.
 */
static uint8_t *
place(struct conn *c, size_t *room)
{
	*room = c->peek ? RELAY_CHUNK_MAX : READ_FIRST;
	if (c->peek || c->inbox == NULL)
		return relay_scratch(the->relays);
	if (!inbox_grow(c))
		return NULL;
	*room = c->inbox->room - c->inbox->len;
	return c->inbox->bytes + c->inbox->len;
}

enum fill {
	FILL_SOME,	/* *bytes is all there is so far, and nothing more waits */
	FILL_FULL,	/* the same, but more may wait */
	FILL_NONE	/* nothing has come, or the connection has ended and is closed */
};

/* Reads, but not peeks, get past what one of them stopped at: urgent data, a descriptor passed. */
static bool
may_stop_short(const struct conn *c)
{
	return !c->peek && c->relay.flow[0].urgent;
}

/* Read, or peek, what the client has sent; *bytes lives until the next read of any connection. */
static enum fill
fill(struct conn *c, struct slice *bytes)
{
	size_t room;
	uint8_t *at = place(c, &room);
	int fd = c->relay.end[0].fd;
	ssize_t n;

	if (at == NULL) {
		conn_close(c, END_LIMIT);
		return FILL_NONE;
	}
	n = c->peek ? recv(fd, at, room, MSG_PEEK | MSG_DONTWAIT) : sock_get(fd, at, room);
	if (peek_is_stuck(c, n)) {
		stop_peeking(c);
		return fill(c, bytes);
	}
	if (n == -1 && sock_would_block())
		return FILL_NONE;
	if (n <= 0) {
		c->verdict = HELLO_EOF;
		conn_close(c, n == 0 ? END_HELLO : END_CLIENT_RESET);
		return FILL_NONE;
	}
	*bytes = slice_of((char *)at, (size_t)n);
	if (!c->peek && c->inbox != NULL) {
		c->inbox->len += (size_t)n;
		*bytes = slice_of((char *)c->inbox->bytes, c->inbox->len);
	}
	return (size_t)n == room || may_stop_short(c) ? FILL_FULL : FILL_SOME;
}

/* Wait for the rest: keep what was read, or (peeking) ask to be woken when enough is there. */
static void
keep(struct conn *c, const struct progress *p, struct slice bytes)
{
	struct inbox *in = c->inbox;

	if (in == NULL) {
		size_t room = c->peek ? 0 : bytes.len < 256 ? 512 : bytes.len * 2;

		if (!inbox_resize(c, room)) {
			conn_close(c, END_LIMIT);
			return;
		}
		in = c->inbox;
	}
	in->progress = *p;
	in->len = c->peek ? 0 : bytes.len;
	if (!c->peek && bytes.len > 0)
		memmove(in->bytes, bytes.p, bytes.len);	/* a PROXY header may have been taken off */
}

/*
 * A peeked hello is looked at from its first byte each time: wake only when a look can find
 * something new. With many small records that would be at each of them; the steps then grow with
 * what is there, so that the work stays linear.
 */
static void
wait_for(struct conn *c, const struct progress *p, struct slice bytes)
{
	size_t wants = bytes.len + 1;
	int lowat;

	if (!c->peek)
		return;
	if (!c->proxied)
		wants = hello_wants(&p->parse, (const uint8_t *)bytes.p, bytes.len);
	if (p->parse.records > RECORDS_FEW) {
		size_t rest = hello_rest(&p->parse, bytes.len), step = bytes.len / 8;

		if (wants < bytes.len + (step < rest ? step : rest))
			wants = bytes.len + (step < rest ? step : rest);
	}
	if (c->lowat && wants == c->inbox->wants)
		return;		/* asking again would wake us again when room is short */
	c->inbox->wants = wants;
	lowat = (int)wants;
	c->lowat = setsockopt(c->relay.end[0].fd, SOL_SOCKET, SO_RCVLOWAT, &lowat,
	    sizeof(lowat)) == 0;
}

/* ---- judging ---- */

/*
 * Take a PROXY header off the front of *bytes: true when it is done with, false when not
 * (yet), or c is closed.
 */
static bool
take_header(struct conn *c, struct progress *p, struct slice *bytes)
{
	uint8_t sink[PROXYHDR_READ_MAX];
	struct proxyhdr h;
	size_t used;

	switch (proxyhdr_read((const uint8_t *)bytes->p, bytes->len, &h, &used)) {
	case PROXYHDR_MORE:
		return false;
	case PROXYHDR_ABSENT:
	case PROXYHDR_BAD:
		c->verdict = HELLO_MALFORMED;
		conn_close(c, END_HELLO);
		return false;
	case PROXYHDR_OK:
		break;
	}
	if (c->peek && recv(c->relay.end[0].fd, sink, used, MSG_DONTWAIT) != (ssize_t)used) {
		conn_close(c, END_CLIENT_RESET);
		return false;
	}
	if (h.src.family != AF_UNSPEC) {
		c->base.peer = h.src;
		p->local = h.dst;
		if (!serve_count_source(the->serve, &c->base)) {
			conn_close(c, END_LIMIT);
			return false;
		}
	}
	*bytes = slice_skip(*bytes, used);
	c->proxied = false;
	return true;
}

static void
decide(struct conn *c, struct progress *p, enum hello_verdict verdict, struct slice bytes)
{
	struct question q = { .local = p->local, .bytes = c->peek ? slice_of(NULL, 0) : bytes };

	c->verdict = verdict;
	c->tls_minor = p->parse.version & 3;
	if (verdict == HELLO_OK || verdict == HELLO_NO_SNI)
		route_tls(c, &p->parse, &q);
	else if (verdict == HELLO_NOT_TLS || verdict == HELLO_NONE)
		route_plain(c, &q);
	else
		conn_refuse(c, ALERT_DECODE_ERROR, END_HELLO, NULL);
}

/* Look at all there is so far. */
static void
judge(struct conn *c, struct progress *p, struct slice bytes)
{
	enum hello_verdict verdict = HELLO_MORE;

	if (!c->proxied || take_header(c, p, &bytes))
		verdict = c->plain ? HELLO_NONE :
		    hello_parse(&p->parse, (const uint8_t *)bytes.p, bytes.len, the->gather);
	if (c->state == CONN_CLOSED)
		return;
	if (!c->proxied)
		c->relay.bytes[0] = bytes.len;
	if (verdict != HELLO_MORE) {
		decide(c, p, verdict, bytes);
		return;
	}
	keep(c, p, bytes);
	if (c->state != CONN_CLOSED)
		wait_for(c, p, bytes);
}

static struct progress
progress_of(const struct conn *c)
{
	if (c->inbox != NULL)
		return c->inbox->progress;
	return (struct progress){ .parse.max = (uint32_t)the->opts->hello_max,
		.local.family = AF_UNSPEC };
}

void
greeting_read(struct conn *c)
{
	enum fill got = FILL_FULL;
	struct slice bytes;

	while (c->state == CONN_HELLO && got == FILL_FULL) {
		got = fill(c, &bytes);
		if (got == FILL_NONE)
			return;
		c->relay.flow[0].readable = c->peek || got == FILL_FULL || c->relay.flow[0].fin;
		struct progress p = progress_of(c);

		judge(c, &p, bytes);
	}
	if (c->state == CONN_HELLO && c->relay.flow[0].fin) {	/* next comes the end, or a reset */
		c->verdict = HELLO_EOF;
		conn_close(c, sock_error(c->relay.end[0].fd) != 0 ? END_CLIENT_RESET : END_HELLO);
	}
}
