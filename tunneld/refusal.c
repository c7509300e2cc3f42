/* SPDX-License-Identifier: ISC */
/* No stream for a visitor: an answer when it speaks HTTP, else a reset. */
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "http1.h"
#include "linger.h"
#include "relay.h"
#include "visitor.h"

#define HEAD_MAX (4 * HTTP1_HEAD_MAX)	/* after so much of a request it is answered all the same */

void
refusal_linger(struct visitor *v)
{
	if (linger(the->serve->ev, &v->stream.io, relay_scratch(the->relays), RELAY_CHUNK_MAX) ==
	    LINGER_OVER)
		visitor_close(v, (enum conn_end)v->end);
}

void
refusal_answer(struct visitor *v)
{
	char text[ANSWER_MAX];
	size_t len = answer_write((enum answer)v->leg, v->method == METHOD_OTHER, time(NULL), text);
	ssize_t n = send(v->stream.io.fd, text, len, MSG_NOSIGNAL);

	v->tx += n > 0 ? (uint32_t)n : 0;
	visitor_enter(v, VISITOR_LINGER);
	(void)shutdown(v->stream.io.fd, SHUT_WR);
	refusal_linger(v);
}

void
refusal_note_method(struct visitor *v, struct slice bytes)
{
	static const char head[] = "HEAD ";

	for (size_t i = 0; i < bytes.len && v->method < sizeof(head) - 1; i++)
		v->method = bytes.p[i] == head[v->method] ? v->method + 1u : METHOD_OTHER;
}

/* Pass over bytes of the request; whether its head has ended. */
static bool
head_passed(struct visitor *v, struct slice bytes)
{
	refusal_note_method(v, bytes);
	for (size_t i = 0; i < bytes.len && v->blank < 2; i++) {
		if (bytes.p[i] == '\n')
			v->blank++;
		else if (bytes.p[i] != '\r')
			v->blank = 0;
	}
	v->head_len += (uint32_t)bytes.len;
	return v->blank == 2 || v->head_len > HEAD_MAX;
}

void
refusal_read(struct visitor *v)
{
	char *at = (char *)relay_scratch(the->relays);
	ssize_t n;

	while (v->state == VISITOR_REQUEST) {
		n = read(v->stream.io.fd, at, READ_ROOM);
		if (n == -1 && sock_would_block())
			return;
		if (n == -1) {
			visitor_close(v, END_CLIENT_RESET);
			return;
		}
		v->rx += (uint32_t)n;
		if (n == 0 || head_passed(v, slice_of(at, (size_t)n)))
			refusal_answer(v);
	}
}

void
refusal_begin(struct visitor *v, enum answer leg, enum conn_end end, struct slice bytes, bool heard)
{
	struct arrival *kept = v->state < VISITOR_JOINED ? v->arrival : NULL;	/* may hold bytes */

	v->rx += (uint32_t)bytes.len;
	if (v->kind != KIND_HTTP) {
		visitor_close(v, end);
		return;
	}
	if (!visitor_watch(v))
		return;
	if (kept != NULL)
		parked_leave(kept);
	v->leg = leg;
	v->end = end;
	v->head_len = 0;
	visitor_enter(v, VISITOR_REQUEST);
	heard = head_passed(v, bytes) || heard;
	free(kept);
	if (heard)
		refusal_answer(v);
	else
		refusal_read(v);
}
