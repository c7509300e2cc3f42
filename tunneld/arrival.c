/* SPDX-License-Identifier: ISC */
/* A visitor arrives: its header, which says who it is and the name it wants, and its kind. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host.h"
#include "log.h"
#include "relay.h"
#include "sock.h"
#include "visitor.h"

#define METHOD_MAX 32u		/* bytes of what may be an HTTP method and the space after it */

/* ---- what was read ---- */

void
arrival_drop(struct visitor *v)
{
	if (v->state >= VISITOR_JOINED || v->arrival == NULL)
		return;
	parked_leave(v->arrival);
	free(v->arrival);
	v->arrival = NULL;
}

bool
arrival_keep(struct visitor *v, struct slice bytes)
{
	struct arrival *a;

	if (v->arrival != NULL && v->arrival->len == bytes.len)
		return true;
	a = calloc(1, sizeof(*a) + bytes.len);
	if (a == NULL)
		return false;
	a->visitor = v;
	a->len = bytes.len;
	memcpy(a->bytes, bytes.p, bytes.len);
	free(v->arrival);
	v->arrival = a;
	return true;
}

struct said
arrival_said(const struct arrival *a)
{
	struct said said = { .rest = slice_of((char *)a->bytes, a->len) };
	size_t used = 0;

	(void)proxyhdr_read(a->bytes, a->len, &said.h, &used);	/* it was whole before */
	said.rest = slice_skip(said.rest, used);
	return said;
}

/* ---- the kind ---- */

/*
 * By its first bytes: those read, and those still in its socket. last: no more of them are
 * waited for. A broken socket closes the visitor: the error is reported only once.
 */
static enum kind
guess_kind(struct visitor *v, struct slice rest, bool last)
{
	char first[METHOD_MAX];
	size_t len = rest.len < sizeof(first) ? rest.len : sizeof(first);
	enum kind kind = kind_of_bytes(slice_of(rest.p, len));
	ssize_t n;

	if (kind != KIND_UNKNOWN)
		return kind;
	if (len > 0)
		memcpy(first, rest.p, len);
	n = recv(v->stream.io.fd, first + len, sizeof(first) - len, MSG_PEEK);
	if (n == -1 && !sock_would_block()) {
		visitor_close(v, END_CLIENT_RESET);
		return KIND_UNKNOWN;
	}
	v->readable |= n != -1;
	last |= n == 0;
	len += n > 0 ? (size_t)n : 0;
	kind = kind_of_bytes(slice_of(first, len));
	if (kind == KIND_HTTP)
		refusal_note_method(v, slice_of(first, len));
	return kind == KIND_UNKNOWN && last ? KIND_TCP : kind;
}

static void
count_kind(const struct visitor *v)
{
	static const size_t metric[] = { [KIND_TLS] = M_VISITORS_TLS, [KIND_HTTP] = M_VISITORS_HTTP,
		[KIND_TCP] = M_VISITORS_TCP };

	tunneld_count(metric[v->kind], 1);
}

/* The header is known: settle the kind, or wait until it shows. */
static void
settle_kind(struct visitor *v, struct slice bytes, const struct said *said, bool last)
{
	v->kind = kind_of(said->h.kind);
	if (v->kind == KIND_UNKNOWN)
		v->kind = guess_kind(v, said->rest, last);
	if (v->kind != KIND_UNKNOWN) {
		count_kind(v);
		join_by_name(v, bytes, said);
		return;
	}
	if (v->state == VISITOR_KIND || v->state == VISITOR_CLOSED || !visitor_watch(v))
		return;
	if (arrival_keep(v, bytes))
		visitor_enter(v, VISITOR_KIND);
	else
		visitor_close(v, END_LIMIT);
}

void
arrival_again(struct visitor *v, bool last)
{
	struct slice bytes = slice_of((char *)v->arrival->bytes, v->arrival->len);
	struct said said = arrival_said(v->arrival);

	if (v->kind != KIND_UNKNOWN)
		join_by_name(v, bytes, &said);
	else
		settle_kind(v, bytes, &said, last);
}

/* ---- the header ---- */

static void
malformed(struct visitor *v, const char *why)
{
	char peer[ENDPOINT_TEXT_MAX];

	log_info("conn=%" PRIu64 " peer=%s hello=malformed reason=\"header: %s\"", v->base.id,
	    endpoint_text(&v->base.peer, peer), why);
	v->verdict = HELLO_MALFORMED;
	visitor_close(v, END_HELLO);
}

/* The socket that came along is the visitor from now on. */
static bool
take_passed(struct visitor *v, struct slice rest)
{
	int flags = fcntl(v->passed, F_GETFL);

	if (rest.len > 0) {
		malformed(v, "bytes behind that of a handed-over socket");
		return false;
	}
	if (!sock_is_stream(v->passed) || flags == -1 ||
	    (!(flags & O_NONBLOCK) && fcntl(v->passed, F_SETFL, flags | O_NONBLOCK) == -1)) {
		malformed(v, "the descriptor that came with it is not a stream socket");
		return false;
	}
	close(v->stream.io.fd);		/* nobody else has it: its watch ends too */
	v->stream.io.fd = v->passed;
	v->passed = -1;
	v->watched = v->readable = v->fin = v->error = false;
	v->is_passed = true;
	return true;
}

/* Who it is, and the name it wants, as sent if it is not valid. */
static bool
identify(struct visitor *v, const struct proxyhdr *h)
{
	char normal[HOST_MAX + 1];
	struct slice name = h->authority;
	size_t len = host_normalize(name, normal);

	if (h->src.family != AF_UNSPEC)
		v->base.peer = h->src;
	else if (v->is_passed)
		sock_peer(v->stream.io.fd, &v->base.peer);
	v->named = len > 0;
	if (v->named)
		name = slice_of(normal, len);
	if (name.len == 0)
		return true;
	v->text = malloc(name.len);
	if (v->text == NULL) {
		visitor_close(v, END_LIMIT);
		return false;
	}
	memcpy(v->text, name.p, name.len);
	v->name_len = (uint8_t)name.len;	/* a TLV of ours fits; others were refused */
	return true;
}

/* bytes: all that was read so far. */
static void
take_header(struct visitor *v, struct slice bytes)
{
	struct said said;
	size_t used;

	switch (proxyhdr_read((const uint8_t *)bytes.p, bytes.len, &said.h, &used)) {
	case PROXYHDR_MORE:
		if (!arrival_keep(v, bytes))
			visitor_close(v, END_LIMIT);
		return;
	case PROXYHDR_ABSENT:
		malformed(v, "it does not begin with a PROXY header");
		return;
	case PROXYHDR_BAD:
		malformed(v, "its PROXY header is broken or too long");
		return;
	case PROXYHDR_OK:
		break;
	}
	if (bytes.p[0] == 'P') {
		malformed(v, "version 1 has no place for a name");
		return;
	}
	if (said.h.authority.len > UINT8_MAX) {
		malformed(v, "AUTHORITY is longer than 255 bytes");
		return;
	}
	said.rest = slice_skip(bytes, used);
	if ((v->passed != -1 && !take_passed(v, said.rest)) || !identify(v, &said.h))
		return;
	settle_kind(v, bytes, &said, false);
}

/* Take the one descriptor that may come: a second is one too many. */
static bool
take_descriptor(struct visitor *v, int fd)
{
	if (fd == -1)
		return true;
	if (v->passed == -1) {
		v->passed = fd;
		return true;
	}
	close(fd);
	malformed(v, "more than one descriptor came with it");
	return false;
}

/* The end, or why not a byte can be read. */
static void
nothing_came(struct visitor *v, int error)
{
	if (error == EAGAIN)
		return;
	if (error == EMSGSIZE) {
		malformed(v, "too many descriptors came with it");
	} else if (error == EMFILE) {
		serve_out_of_fds(the->serve);
		visitor_close(v, END_LIMIT);
	} else {
		v->verdict = HELLO_EOF;
		visitor_close(v, error == 0 ? END_HELLO : END_CLIENT_RESET);
	}
}

void
arrival_read(struct visitor *v)
{
	uint8_t *at = relay_scratch(the->relays);

	while (v->state == VISITOR_HEADER) {
		size_t had = v->arrival == NULL ? 0 : v->arrival->len;
		int fd;
		ssize_t n;

		if (had > 0)
			memcpy(at, v->arrival->bytes, had);
		n = sock_recv_fd(v->stream.io.fd, at + had, READ_ROOM - had, &fd);
		if (!take_descriptor(v, fd))
			return;
		if (n <= 0) {
			nothing_came(v, n == 0 ? 0 : errno);
			return;
		}
		/* A watch that begins later reports what it finds. */
		v->readable = v->watched &&
		    (had + (size_t)n == READ_ROOM || v->base.peer.family == AF_UNIX);
		take_header(v, slice_of((char *)at, had + (size_t)n));
	}
}
