/* SPDX-License-Identifier: ISC */
/*
 * One visitor: who it is and what it wants, the session it is for, its stream.
 *
 *   HEADER -> KIND --session there--> JOINED --both ends done--> CLOSED
 *      |        '------- away ------> PARKED --session there--> JOINED
 *      |        |                        |                        |
 *      '--------'------------------------'--> REQUEST -> LINGER --'--> CLOSED
 *
 * KIND is passed through when the kind is told. REQUEST and LINGER are for visitors that speak HTTP and get an answer
 * instead of a stream; others are reset. RAW stands for JOINED with an ancestor of the first generation. Every state has
 * a deadline (in JOINED and RAW it is the stream's own) and can end in CLOSED.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "answer.h"
#include "client.h"
#include "host.h"
#include "http1.h"
#include "log.h"
#include "proxyhdr.h"
#include "relay.h"
#include "sock.h"

#define READ_ROOM 16384u	/* bytes read at once: a header, and what came with it */
#define KIND_MS 500u		/* who says nothing for so long waits for the other side */
#define METHOD_MAX 32u		/* bytes of what may be an HTTP method; the longest one registered has 17 */
#define LINGER_MS 2000u
#define LINGER_READS 16
#define PARKED_PART 4		/* so many parts of --max-conns are there: the others stay free of those parked */
#define HEAD_MAX (4 * HTTP1_HEAD_MAX)	/* bytes of a request passed over before it is answered all the same */

enum visitor_state {
	VISITOR_HEADER,
	VISITOR_KIND,
	VISITOR_PARKED,
	VISITOR_JOINED,
	VISITOR_RAW,
	VISITOR_REQUEST,
	VISITOR_LINGER,
	VISITOR_CLOSED
};

static const char *const state_name[] = { "HEADER", "KIND", "PARKED", "JOINED", "RAW", "REQUEST", "LINGER", "CLOSED" };

enum visitor_kind { KIND_UNKNOWN, KIND_TLS, KIND_HTTP, KIND_TCP };

/* What was read of a visitor that has no stream yet: its header, or a part of it, and what came behind. */
struct arrival {
	struct arrival *next, **at;	/* PARKED: among the others */
	struct visitor *visitor;
	size_t len;
	uint8_t bytes[];
};

/* An idle one's memory is a figure we state: what it needs for a while only is allocated for that while. */
struct visitor {
	struct serve_conn base;
	struct mux_stream stream;	/* its descriptor is the visitor's in every state but RAW */
	struct ev_timer deadline;
	union {
		struct arrival *arrival;	/* before JOINED: owned, or NULL */
		struct raw *raw;		/* RAW */
		uint32_t head_len;		/* REQUEST: bytes of the request passed over */
	};
	struct session *session;	/* JOINED, RAW */
	char *text;			/* owned: the name, and once the session is gone the target behind it */
	int passed;			/* HEADER: the descriptor that came, -1: none */
	uint32_t rx, tx;		/* bytes beside the stream's */
	int16_t route_at;		/* the route: "*" and what stands in the name from here on, 0: the name; or ROUTE_NONE */
	uint16_t header_len;		/* bytes of the header the stream begins with */
	uint8_t name_len, target_len;
	unsigned state : 4;		/* enum visitor_state */
	unsigned kind : 2;		/* enum visitor_kind */
	unsigned verdict : 4;		/* enum hello_verdict, of the header */
	unsigned end : 4;		/* enum conn_end, from REQUEST on */
	unsigned leg : 2;		/* enum answer */
	unsigned blank : 2;		/* REQUEST: how much of an empty line was seen */
	bool to_head : 1;		/* REQUEST: a HEAD */
	bool named : 1;			/* it is a valid name, in normal form */
	bool watched : 1;
	bool is_passed : 1;		/* somebody else may hold the socket, too */
	bool readable : 1;		/* as far as is known */
	bool fin : 1;
};

_Static_assert(END_COUNT <= 16 && HELLO_NONE < 16 && ANSWER_LOCAL < 4, "bit fields of struct visitor");

#define ROUTE_NONE (-1)

/* Those PARKED, the newest first. */
static struct arrival *parked;
static uint64_t n_parked;
static struct ev_task look_again;

static void on_visitor(struct ev_io *io, unsigned events);

static void
count(size_t metric, int64_t by)
{
	metrics_add(the->serve->metrics, the->serve->worker, metric, by);
}

static struct slice
name_of(const struct visitor *v)
{
	return slice_of(v->text, v->name_len);
}

/* ---- states ---- */

static uint64_t
deadline_ms(enum visitor_state state)
{
	switch (state) {
	case VISITOR_HEADER:
	case VISITOR_REQUEST:
		return the->serve->conf->hello_ms;
	case VISITOR_KIND:
		return KIND_MS;
	case VISITOR_PARKED:
		return the->opts->park_ms;
	case VISITOR_LINGER:
		return LINGER_MS;
	case VISITOR_JOINED:
	case VISITOR_RAW:
	case VISITOR_CLOSED:
		break;
	}
	return 0;
}

static void
visitor_enter(struct visitor *v, enum visitor_state next)
{
	assert(next > v->state);	/* only forward; a new arrow goes in the diagram too */
	log_debug("conn=%" PRIu64 " %s -> %s", v->base.id, state_name[v->state], state_name[next]);
	v->state = next;
	ev_timer_in(the->serve->ev, &v->deadline, deadline_ms(next));
}

/* ---- what was read ---- */

static void
unpark(struct arrival *a)
{
	if (a->at == NULL)
		return;
	*a->at = a->next;
	if (a->next != NULL)
		a->next->at = a->at;
	a->at = NULL;
	n_parked--;
	count(M_PARKED, -1);
}

static void
drop_arrival(struct visitor *v)
{
	if (v->state >= VISITOR_JOINED || v->arrival == NULL)
		return;
	unpark(v->arrival);
	free(v->arrival);
	v->arrival = NULL;
}

/* Keep bytes, which may be those kept already. False when out of memory. */
static bool
keep(struct visitor *v, struct slice bytes)
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

/* ---- the end ---- */

/* The session is left; its client's id stays for the log. */
static void
leave_session(struct visitor *v)
{
	struct session *s = v->session;
	struct slice target;
	char *text;

	if (s == NULL)
		return;
	v->session = NULL;
	target = slice_str(s->by_secret ? "secret" : s->id);
	text = realloc(v->text, v->name_len + target.len);
	if (text != NULL) {
		memcpy(text + v->name_len, target.p, target.len);
		v->text = text;
		v->target_len = (uint8_t)target.len;
	}
	client_visitor_gone(s);
}

static struct slice
route_text(const struct visitor *v, char room[static CLIENTS_NAME_MAX])
{
	struct slice name = name_of(v);

	if (v->route_at == ROUTE_NONE)
		return slice_of(NULL, 0);
	if (v->route_at == 0)
		return name;
	room[0] = '*';
	memcpy(room + 1, name.p + v->route_at, name.len - (size_t)v->route_at);
	return slice_of(room, 1 + name.len - (size_t)v->route_at);
}

static void
log_end(struct visitor *v, enum conn_end end)
{
	char room[CLIENTS_NAME_MAX];
	struct connlog line = { .name = name_of(v), .route = route_text(v, room),
		.hello = (enum hello_verdict)v->verdict, .rx = v->rx, .tx = v->tx + v->stream.rx };

	if (v->stream.tx > v->header_len)
		line.rx += v->stream.tx - v->header_len;
	if (v->target_len > 0)
		line.target = slice_of(v->text + v->name_len, v->target_len);
	serve_leave(the->serve, &v->base, end, &line);
}

/* What ended otherwise than in order must not look like the end of an answer. */
static bool
ends_in_reset(const struct visitor *v, enum conn_end end)
{
	switch (end) {
	case END_TARGET_RESET:
	case END_NO_ROUTE:
	case END_UNREACHABLE:
	case END_LIMIT:
		return v->state != VISITOR_LINGER;
	default:
		return false;
	}
}

static void
close_fd(struct visitor *v, bool reset)
{
	if (v->is_passed && v->watched)		/* closing alone does not end the watch while its sender holds it, too */
		ev_del(the->serve->ev, &v->stream.io);
	if (reset)
		sock_reset(v->stream.io.fd);
	else
		close(v->stream.io.fd);
	v->stream.io.fd = -1;
}

static void
visitor_close(struct visitor *v, enum conn_end end)
{
	if (v->state == VISITOR_CLOSED)
		return;
	if (v->state == VISITOR_RAW) {
		legacy_leave(v->raw, end);
		return;
	}
	drop_arrival(v);
	if (v->state == VISITOR_JOINED)
		mux_reset(&v->stream);
	close_fd(v, ends_in_reset(v, end));
	visitor_enter(v, VISITOR_CLOSED);
	if (v->passed != -1)
		close(v->passed);
	leave_session(v);
	log_end(v, end);
	free(v->text);
	ev_free_later(the->serve->ev, v);
}

static bool
watch(struct visitor *v)
{
	if (!v->watched && ev_add(the->serve->ev, &v->stream.io, EV_READ | EV_WRITE | EV_EDGE) == -1) {
		visitor_close(v, END_LIMIT);
		return false;
	}
	v->watched = true;
	return true;
}

/* ---- answers ---- */

static void
linger(struct visitor *v)
{
	int turns = LINGER_READS;
	ssize_t n = 1;

	while (n > 0 && turns-- > 0)
		n = read(v->stream.io.fd, relay_scratch(the->relays), READ_ROOM);
	if (n > 0)
		(void)ev_mod(the->serve->ev, &v->stream.io, EV_READ | EV_WRITE | EV_EDGE);	/* a later turn */
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		visitor_close(v, (enum conn_end)v->end);
}

/* Say it, end our direction, and read on, so that closing does not turn into a reset that overtakes the answer. */
static void
answer(struct visitor *v)
{
	char text[ANSWER_MAX];
	size_t len = answer_write((enum answer)v->leg, v->to_head, time(NULL), text);
	ssize_t n = send(v->stream.io.fd, text, len, MSG_NOSIGNAL);

	v->tx += n > 0 ? (uint32_t)n : 0;
	visitor_enter(v, VISITOR_LINGER);
	(void)shutdown(v->stream.io.fd, SHUT_WR);
	linger(v);
}

/* Pass over bytes of the request; whether its head has ended. */
static bool
head_passed(struct visitor *v, struct slice bytes)
{
	if (v->head_len == 0)
		v->to_head = slice_starts(bytes, "HEAD ");
	for (size_t i = 0; i < bytes.len && v->blank < 2; i++) {
		if (bytes.p[i] == '\n')
			v->blank++;
		else if (bytes.p[i] != '\r')
			v->blank = 0;
	}
	v->head_len += (uint32_t)bytes.len;
	return v->blank == 2 || v->head_len > HEAD_MAX;
}

static void
read_request(struct visitor *v)
{
	char *at = (char *)relay_scratch(the->relays);
	ssize_t n;

	while (v->state == VISITOR_REQUEST) {
		n = read(v->stream.io.fd, at, READ_ROOM);
		if (n == -1 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n == -1) {
			visitor_close(v, END_CLIENT_RESET);
			return;
		}
		v->rx += (uint32_t)n;
		if (n == 0 || head_passed(v, slice_of(at, (size_t)n)))
			answer(v);
	}
}

/*
 * No stream for this visitor, or not any more: an answer once the request is here (bytes: what was read of it and not
 * sent; heard: it went to the client), or a reset.
 */
static void
refuse(struct visitor *v, enum answer leg, enum conn_end end, struct slice bytes, bool heard)
{
	struct arrival *kept = v->state < VISITOR_JOINED ? v->arrival : NULL;	/* bytes may lie there */

	v->rx += (uint32_t)bytes.len;
	if (v->kind != KIND_HTTP) {
		visitor_close(v, end);
		return;
	}
	if (!watch(v))
		return;
	if (kept != NULL)
		unpark(kept);
	v->leg = leg;
	v->end = end;
	v->head_len = 0;
	visitor_enter(v, VISITOR_REQUEST);
	heard = head_passed(v, bytes) || heard;
	free(kept);
	if (heard)
		answer(v);
	else
		read_request(v);
}

/* ---- its stream ---- */

static enum conn_end
stream_end(enum mux_end end)
{
	switch (end) {
	case MUX_CLOSED:
		return END_CLOSED;
	case MUX_LOCAL_RESET:
		return END_CLIENT_RESET;
	case MUX_IDLE:
		return END_IDLE;
	case MUX_HALF_CLOSE:
		return END_HALF_CLOSE;
	case MUX_MEMORY:
		return END_LIMIT;
	case MUX_PEER_RESET:
	case MUX_LOST:
	case MUX_SILENT:
	case MUX_PROTOCOL:
		break;
	}
	return END_TARGET_RESET;
}

/* It has ended. Where not a byte came back, a visitor that speaks HTTP can still be told why. */
static void
on_stream_ended(struct mux_stream *s, enum mux_end end)
{
	struct visitor *v = EV_CONTAINER(s, struct visitor, stream);
	bool draining = client_of(v->session)->end == END_DRAIN && end == MUX_LOST;

	s->io.cb = on_visitor;
	leave_session(v);
	if (draining)
		visitor_close(v, END_DRAIN);
	else if ((end == MUX_PEER_RESET || end == MUX_LOST) && s->rx == 0)
		refuse(v, end == MUX_LOST ? ANSWER_OFFLINE : ANSWER_LOCAL, END_TARGET_RESET, slice_of(NULL, 0),
		    s->tx > v->header_len);
	else
		visitor_close(v, stream_end(end));
}

static const struct mux_stream_ops stream_ops = { .ended = on_stream_ended };

void
visitor_raw_ended(struct visitor *v, int fd, enum conn_end end, uint64_t rx, uint64_t tx)
{
	v->stream.io.fd = fd;
	v->stream.tx = rx;
	v->stream.rx = tx;
	v->raw = NULL;
	leave_session(v);
	visitor_enter(v, VISITOR_REQUEST);	/* for the moment: the descriptor is its own again */
	if (ev_mod(the->serve->ev, &v->stream.io, EV_READ | EV_WRITE | EV_EDGE) == -1 || v->kind != KIND_HTTP ||
	    tx > 0 || end != END_TARGET_RESET) {
		visitor_close(v, end);
		return;
	}
	v->leg = ANSWER_LOCAL;
	v->end = end;
	answer(v);
}

/* ---- joining ---- */

/* What a visitor's side has said so far. */
struct said {
	struct proxyhdr h;
	struct slice rest;		/* behind the header */
};

/* Whether name is ID.DOMAIN: no other name may begin like that. */
static bool
begins_with_id(struct slice name, const struct session *s)
{
	return !s->by_secret && name.len > IDENTITY_ID_LEN && name.p[IDENTITY_ID_LEN] == '.' &&
	    memcmp(name.p, s->id, IDENTITY_ID_LEN) == 0;
}

/* Which of the session's names led to it, as route_text() wants it. */
static void
note_route(struct visitor *v, const struct session *s)
{
	struct slice name = name_of(v), rest = clients_names(s), one;
	size_t longest = 0, len;

	if (begins_with_id(name, s)) {
		v->route_at = 0;
		return;
	}
	while ((one = grant_next_name(&rest)).p != NULL) {
		if (slice_eq(one, name)) {
			v->route_at = 0;
			return;
		}
		len = one.len - 1;	/* of ".SUFFIX" */
		if (one.p[0] == '*' && len > longest && len < name.len &&
		    memcmp(name.p + name.len - len, one.p + 1, len) == 0) {
			longest = len;
			v->route_at = (int16_t)(name.len - len);
		}
	}
}

/* The header the stream begins with; 0: an ancestor, which wants none. */
static size_t
write_header(const struct visitor *v, const struct session *s, const struct said *said,
    uint8_t out[static PROXYHDR_MAX])
{
	static const char *const word[] = { [KIND_TLS] = "tls", [KIND_HTTP] = "http", [KIND_TCP] = "tcp" };
	struct proxyhdr h = { .src = v->base.peer, .dst = said->h.dst, .authority = name_of(v), .alpn = said->h.alpn,
		.kind = slice_str(word[v->kind]) };

	if (s->by_secret)
		return 0;
	if (said->h.src.family == AF_UNSPEC && v->is_passed)
		sock_local(v->stream.io.fd, &h.dst);
	return proxyhdr_write(&h, PROXYHDR_V2, out);
}

/* What is known of the descriptor. A hello or a request that was announced can be read at once. */
static unsigned
known_events(const struct visitor *v)
{
	return EV_WRITE | (v->readable || (v->is_passed && v->kind != KIND_TCP) ? EV_READ : 0) | (v->fin ? EV_EOF : 0);
}

static bool
send_first(struct visitor *v, const struct session *s, const struct said *said)
{
	uint8_t header[PROXYHDR_MAX];

	v->header_len = (uint16_t)write_header(v, s, said, header);
	return mux_send(&v->stream, slice_of((char *)header, v->header_len)) && mux_send(&v->stream, said->rest);
}

static void
joined(struct visitor *v, struct session *s, enum visitor_state state, struct raw *raw)
{
	struct arrival *kept = v->arrival;

	if (kept != NULL)
		unpark(kept);
	visitor_enter(v, state);
	v->raw = raw;
	v->session = s;
	client_visitor_came(s);
	free(kept);
}

static bool
join_raw(struct visitor *v, struct session *s, const struct said *said)
{
	struct raw *raw = legacy_join(client_of(s), v, v->stream.io.fd, said->rest);

	if (raw == NULL) {
		refuse(v, ANSWER_BUSY, END_LIMIT, said->rest, false);
		return true;
	}
	joined(v, s, VISITOR_RAW, raw);
	return true;
}

/* False: the session takes nobody any more. */
static bool
join(struct visitor *v, struct session *s, const struct said *said)
{
	struct client *c = client_of(s);
	unsigned events;

	if (!watch(v))
		return true;
	note_route(v, s);
	if (c->mux == NULL)
		return join_raw(v, s, said);
	if (!mux_open(c->mux, &v->stream, &stream_ops)) {
		client_closing(s);
		return false;
	}
	events = known_events(v);
	if (!send_first(v, s, said)) {
		mux_reset(&v->stream);
		v->stream.tx = 0;
		refuse(v, ANSWER_BUSY, END_LIMIT, said->rest, false);
		return true;
	}
	joined(v, s, VISITOR_JOINED, NULL);
	mux_join(&v->stream, events);
	return true;
}

static void
park(struct visitor *v, struct slice bytes, const struct said *said)
{
	if (v->state == VISITOR_PARKED)
		return;
	if (the->opts->park_ms == 0 || the->serve->draining || n_parked >= the->serve->max_conns / PARKED_PART) {
		refuse(v, ANSWER_OFFLINE, END_UNREACHABLE, said->rest, false);
		return;
	}
	if (!watch(v))
		return;
	if (!keep(v, bytes)) {
		refuse(v, ANSWER_BUSY, END_LIMIT, said->rest, false);
		return;
	}
	visitor_enter(v, VISITOR_PARKED);
	v->arrival->next = parked;
	v->arrival->at = &parked;
	if (parked != NULL)
		parked->at = &v->arrival->next;
	parked = v->arrival;
	n_parked++;
	count(M_PARKED, 1);
}

/* Who it is for decides; bytes: all that was read, the header included. */
static void
route(struct visitor *v, struct slice bytes, const struct said *said)
{
	struct session *s;

	switch (v->named ? clients_find(the->clients, name_of(v), &s) : CLIENTS_UNKNOWN) {
	case CLIENTS_LIVE:
		if (s->visitors >= clients_streams(s)) {
			note_route(v, s);
			refuse(v, ANSWER_BUSY, END_LIMIT, said->rest, false);
		} else if (!join(v, s, said)) {
			park(v, bytes, said);
		}
		break;
	case CLIENTS_AWAY:
		park(v, bytes, said);
		break;
	case CLIENTS_UNKNOWN:
		refuse(v, ANSWER_NAME, END_NO_ROUTE, said->rest, false);
		break;
	}
}

/* ---- the kind ---- */

/* HTTP begins with a method and a blank; "SSH-2.0" does not. Unknown: a method may be under way. */
static enum visitor_kind
kind_of_bytes(struct slice first)
{
	size_t n = 0;

	if (first.len > 0 && first.p[0] == 0x16)
		return KIND_TLS;
	while (n < first.len && ((first.p[n] >= 'A' && first.p[n] <= 'Z') || (n > 0 && first.p[n] == '-')))
		n++;
	if (n == first.len)
		return n < METHOD_MAX ? KIND_UNKNOWN : KIND_TCP;
	return n > 0 && first.p[n] == ' ' ? KIND_HTTP : KIND_TCP;
}

static enum visitor_kind
kind_of_word(struct slice word)
{
	return slice_is(word, "tls") ? KIND_TLS : slice_is(word, "http") ? KIND_HTTP :
	    slice_is(word, "tcp") ? KIND_TCP : KIND_UNKNOWN;
}

/* By its first bytes: those read, and those which stay in its socket. last: no more of them are waited for. */
static enum visitor_kind
guess_kind(struct visitor *v, struct slice rest, bool last)
{
	char first[METHOD_MAX];
	size_t len = rest.len < sizeof(first) ? rest.len : sizeof(first);
	enum visitor_kind kind = kind_of_bytes(slice_of(rest.p, len));
	ssize_t n;

	if (kind != KIND_UNKNOWN)
		return kind;
	if (len > 0)
		memcpy(first, rest.p, len);
	n = recv(v->stream.io.fd, first + len, sizeof(first) - len, MSG_PEEK);
	if (n == -1 && (errno == EAGAIN || errno == EINTR)) {
		n = 0;
	} else {
		v->readable = true;
		last |= n <= 0;
	}
	len += n > 0 ? (size_t)n : 0;
	kind = kind_of_bytes(slice_of(first, len));
	return kind != KIND_UNKNOWN || !last ? kind : len > 0 ? KIND_HTTP : KIND_TCP;
}

static void
count_kind(const struct visitor *v)
{
	static const size_t metric[] = { [KIND_TLS] = M_VISITORS_TLS, [KIND_HTTP] = M_VISITORS_HTTP,
		[KIND_TCP] = M_VISITORS_TCP };

	count(metric[v->kind], 1);
}

/* The header is known: tell the kind, or wait until it shows. */
static void
settle_kind(struct visitor *v, struct slice bytes, const struct said *said, bool last)
{
	v->kind = kind_of_word(said->h.kind);
	if (v->kind == KIND_UNKNOWN)
		v->kind = guess_kind(v, said->rest, last);
	if (v->kind != KIND_UNKNOWN) {
		count_kind(v);
		route(v, bytes, said);
		return;
	}
	if (v->state == VISITOR_KIND || !watch(v))
		return;
	if (keep(v, bytes))
		visitor_enter(v, VISITOR_KIND);
	else
		visitor_close(v, END_LIMIT);
}

/* Look again at one whose header is whole and kept. last: what it has not said by now is not waited for. */
static void
again(struct visitor *v, bool last)
{
	struct slice bytes = slice_of((char *)v->arrival->bytes, v->arrival->len);
	struct said said;
	size_t used;

	if (proxyhdr_read(v->arrival->bytes, bytes.len, &said.h, &used) != PROXYHDR_OK)
		return;		/* it was */
	said.rest = slice_skip(bytes, used);
	if (v->kind != KIND_UNKNOWN)
		route(v, bytes, &said);
	else
		settle_kind(v, bytes, &said, last);
}

/* ---- the header ---- */

static void
malformed(struct visitor *v)
{
	v->verdict = HELLO_MALFORMED;
	visitor_close(v, END_HELLO);
}

/* The socket that came along is the visitor from now on. */
static bool
take_passed(struct visitor *v, struct slice rest)
{
	int flags = fcntl(v->passed, F_GETFL);

	if (rest.len > 0 || !sock_is_stream(v->passed) || flags == -1 ||
	    (!(flags & O_NONBLOCK) && fcntl(v->passed, F_SETFL, flags | O_NONBLOCK) == -1)) {
		malformed(v);
		return false;
	}
	close(v->stream.io.fd);		/* nobody else has it: its watch ends too */
	v->stream.io.fd = v->passed;
	v->passed = -1;
	v->watched = v->readable = v->fin = false;
	v->is_passed = true;
	return true;
}

/* Who it is, and the name it wants, as sent if it is no valid one. */
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
	v->name_len = (uint8_t)name.len;	/* a TLV of ours is at most that long; others are cut */
	return true;
}

/* All that was read so far. */
static void
take_header(struct visitor *v, struct slice bytes)
{
	struct said said;
	size_t used;

	switch (proxyhdr_read((const uint8_t *)bytes.p, bytes.len, &said.h, &used)) {
	case PROXYHDR_MORE:
		if (!keep(v, bytes))
			visitor_close(v, END_LIMIT);
		return;
	case PROXYHDR_ABSENT:
	case PROXYHDR_BAD:
		malformed(v);
		return;
	case PROXYHDR_OK:
		break;
	}
	if (said.h.authority.len > UINT8_MAX || bytes.p[0] == 'P') {	/* version 1 has no place for a name */
		malformed(v);
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
	malformed(v);
	return false;
}

static void
read_header(struct visitor *v)
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
		if (n == -1 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n == -1 && errno == EMFILE) {
			serve_out_of_fds(the->serve);
			visitor_close(v, END_LIMIT);
			return;
		}
		if (n <= 0) {
			v->verdict = HELLO_EOF;
			visitor_close(v, n == 0 ? END_HELLO : END_CLIENT_RESET);
			return;
		}
		/* What a watch that begins later finds, it tells. */
		v->readable = v->watched && (had + (size_t)n == READ_ROOM || v->base.peer.family == AF_UNIX);
		take_header(v, slice_of((char *)at, had + (size_t)n));
	}
}

/* ---- events ---- */

static void
on_visitor(struct ev_io *io, unsigned events)
{
	struct visitor *v = EV_CONTAINER(io, struct visitor, stream.io);

	v->readable |= (events & EV_READ) != 0;
	v->fin |= (events & EV_EOF) != 0;
	switch ((enum visitor_state)v->state) {
	case VISITOR_HEADER:
		if (events & (EV_READ | EV_EOF | EV_ERROR))
			read_header(v);
		break;
	case VISITOR_KIND:
		if (events & (EV_READ | EV_EOF | EV_ERROR))
			again(v, false);
		break;
	case VISITOR_PARKED:		/* not read until it is joined, but a reset ends it */
		if (events & EV_ERROR)
			visitor_close(v, END_CLIENT_RESET);
		break;
	case VISITOR_REQUEST:
		if (events & (EV_READ | EV_EOF | EV_ERROR))
			read_request(v);
		break;
	case VISITOR_LINGER:
		linger(v);
		break;
	case VISITOR_JOINED:		/* these have callbacks of their own */
	case VISITOR_RAW:
	case VISITOR_CLOSED:		/* fired in the batch that closed it */
		break;
	}
}

/* It was parked long enough. */
static void
give_up(struct visitor *v)
{
	struct said said;
	size_t used;

	if (proxyhdr_read(v->arrival->bytes, v->arrival->len, &said.h, &used) == PROXYHDR_OK)	/* it was */
		refuse(v, ANSWER_OFFLINE, END_UNREACHABLE,
		    slice_of((char *)v->arrival->bytes + used, v->arrival->len - used), false);
}

static void
on_deadline(struct ev_timer *t)
{
	struct visitor *v = EV_CONTAINER(t, struct visitor, deadline);

	switch ((enum visitor_state)v->state) {
	case VISITOR_HEADER:
		v->verdict = HELLO_TIMEOUT;
		visitor_close(v, END_HELLO);
		break;
	case VISITOR_KIND:
		again(v, true);
		break;
	case VISITOR_PARKED:
		give_up(v);
		break;
	case VISITOR_REQUEST:
		answer(v);
		break;
	case VISITOR_LINGER:
		visitor_close(v, (enum conn_end)v->end);
		break;
	case VISITOR_JOINED:
	case VISITOR_RAW:
	case VISITOR_CLOSED:
		break;
	}
}

/* ---- those parked ---- */

/* Each once: who is parked anew meanwhile stands in front of those still to come. */
static void
on_look_again(struct ev_task *task)
{
	(void)task;
	for (struct arrival *next, *a = parked; a != NULL; a = next) {
		next = a->next;
		again(a->visitor, false);
	}
}

void
visitor_names_changed(void)
{
	look_again.cb = on_look_again;
	if (parked != NULL)
		ev_defer(the->serve->ev, &look_again);
}

void
visitor_drain(void)
{
	while (parked != NULL)
		give_up(parked->visitor);
}

/* ---- serve's ---- */

/* Who may come to a TCP address: the header says who the visitor is and is believed. */
static bool
is_peer(const struct endpoint *peer)
{
	struct slice list = slice_str(the->opts->peers == NULL ? "127.0.0.0/8,::1" : the->opts->peers);

	return (peer->family != AF_INET && peer->family != AF_INET6) || cidr_list_has(list, peer);
}

void
visitor_accept(const struct serve_client *from)
{
	struct visitor *v = calloc(1, sizeof(*v));

	if (v == NULL) {
		serve_turn_away(the->serve, from);
		return;
	}
	v->stream.io = (struct ev_io){ from->in_fd, on_visitor };
	v->deadline.cb = on_deadline;
	v->passed = -1;
	v->verdict = HELLO_NONE;
	v->route_at = ROUTE_NONE;
	serve_enter(the->serve, &v->base, from);
	ev_timer_in(the->serve->ev, &v->deadline, deadline_ms(VISITOR_HEADER));
	if (!is_peer(&from->peer)) {
		visitor_close(v, END_DENIED);
		return;
	}
	read_header(v);
	if (v->state != VISITOR_CLOSED)
		(void)watch(v);
}

void
visitor_cut(struct serve_conn *base)
{
	visitor_close(EV_CONTAINER(base, struct visitor, base), END_DRAIN);
}
