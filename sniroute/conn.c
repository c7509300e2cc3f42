/* SPDX-License-Identifier: ISC */
/*
 * One client: its hello, the route, the target, the relay.
 *
 *   HELLO --route found--> DIAL --connected--> RELAY --both sides done--> CLOSED
 *     |                      |  '--socket handed over (pass:)--------------^
 *     '--refused-------------'--> LINGER --client's end, or deadline-------^
 *
 * Every state can end in CLOSED: an error, a deadline (in DIAL it is the dial's own), the end of a drain.
 * With a PROXY header to come first, HELLO reads that too; with -t, or on a listening address of the routes file, it reads
 * only that, or nothing.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host.h"
#include "log.h"
#include "proxyhdr.h"
#include "sniroute.h"

#define READ_FIRST 16384u	/* bytes asked for at first: a hello, and early data behind it */
#define LINGER_MS 2000		/* how long a client may take to read its alert and close */
#define LINGER_READS 16		/* of READ_FIRST bytes per event: a flood comes with events enough */
#define INBOX_TOTAL_MAX (64u * 1024u * 1024u)	/* bytes of all unfinished hellos of this process together */
#define RECORDS_FEW 8		/* a hello in more records than this is waited for in larger steps */

enum conn_state { CONN_HELLO, CONN_DIAL, CONN_RELAY, CONN_LINGER, CONN_CLOSED };

/* How far reading has come. */
struct progress {
	struct hello parse;
	struct endpoint local;	/* from a PROXY header: the end the client connected to */
	bool header_done;	/* the PROXY header has been taken off */
};

/* What came of a hello that did not come in one piece. */
struct inbox {
	struct progress progress;
	size_t len, room;	/* of bytes; 0 when peeking */
	uint8_t bytes[];
};

struct conn {
	struct serve_conn base;
	struct relay relay;
	struct ev_timer deadline;
	union {
		struct inbox *inbox;	/* HELLO: owned, or NULL */
		struct dial *dial;	/* DIAL */
		struct target *target;	/* later: held, or NULL */
	};
	char *name;			/* owned: the name asked for, or reported in its place; may hold any byte */
	uint8_t name_len;
	int16_t route_at;		/* the route: "*" and what stands in name from here on, 0: name; or ROUTE_* */
	/* One word: an idle connection's memory is a figure we state. */
	unsigned state : 3;		/* enum conn_state */
	unsigned verdict : 4;		/* enum hello_verdict */
	unsigned end : 4;		/* enum conn_end, once in LINGER */
	unsigned pass_len : 11;		/* bytes of the spill that are for pass: targets only */
	unsigned tls_minor : 2;		/* version for alerts: 0x0300 + this */
	bool peek : 1;			/* bytes of the hello stay in the socket */
	bool proxied : 1;		/* a PROXY header must come first */
	bool plain : 1;			/* no hello: a listening address of the routes file, or -t */
	bool lowat : 1;			/* SO_RCVLOWAT is set */
	bool counted : 1;		/* has a place in its route's max= */
};

_Static_assert(END_COUNT <= 16 && HELLO_NONE < 16 && PROXYHDR_MAX < 1 << 11, "bit fields of struct conn");

#define ROUTE_NONE (-1)
#define ROUTE_ALL (-2)		/* "*" */
#define ROUTE_LISTEN (-3)	/* the listening address */

static const char *const state_name[] = { "HELLO", "DIAL", "RELAY", "LINGER", "CLOSED" };

static struct sniroute *the;	/* this process's; set once by start() */

/* ---- the inbox ---- */

static void
inbox_free(struct inbox *in)
{
	if (in != NULL)
		the->inbox_total -= sizeof(*in) + in->room;
	free(in);
}

/*
 * Room for so many bytes, keeping what is there. NULL, and the old inbox stays, without memory or when all unfinished hellos
 * together would hold too much: those that come in one piece need no inbox and pass all the same.
 */
static struct inbox *
inbox_resize(struct inbox *old, size_t room)
{
	size_t had = old == NULL ? 0 : sizeof(*old) + old->room;
	struct inbox *in;

	if (the->inbox_total - had + sizeof(*in) + room > INBOX_TOTAL_MAX)
		return NULL;
	in = realloc(old, sizeof(*in) + room);
	if (in == NULL)
		return NULL;
	in->room = room;
	the->inbox_total += sizeof(*in) + room - had;
	return in;
}

/* ---- states ---- */

/* While relaying the deadline moves with every byte: how long silence may last now. */
static uint64_t
silence_ms(const struct conn *c)
{
	const struct serve_conf *conf = the->serve->conf;

	if (relay_half_closed(&c->relay) && conf->half_close_ms != 0)
		return conf->half_close_ms;
	return conf->idle_ms;
}

static uint64_t
deadline_ms(const struct conn *c)
{
	switch ((enum conn_state)c->state) {
	case CONN_HELLO:
		return c->plain && !c->proxied ? 0 : the->serve->conf->hello_ms;
	case CONN_DIAL:
		break;		/* the dial has its own, per attempt */
	case CONN_RELAY:
		return silence_ms(c);
	case CONN_LINGER:
		return LINGER_MS;
	case CONN_CLOSED:
		break;
	}
	return 0;
}

static void
conn_enter(struct conn *c, enum conn_state next)
{
	assert(next > c->state);	/* only forward; a new arrow goes in the diagram too */
	log_debug("conn=%llu %s -> %s", (unsigned long long)c->base.id, state_name[c->state], state_name[next]);
	c->state = next;
	ev_timer_in(the->serve->ev, &c->deadline, deadline_ms(c));
}

static int
exit_code(const struct conn *c, enum conn_end end)
{
	switch (end) {
	case END_CLOSED:
	case END_PASSED:
	case END_DRAIN:
		return 0;
	case END_HELLO:
		return c->verdict == HELLO_TIMEOUT || c->verdict == HELLO_EOF ? EXIT_TEMP : EXIT_USAGE;
	case END_NO_ROUTE:
	case END_DENIED:
		return EXIT_USAGE;
	case END_CLIENT_RESET:
	case END_TARGET_RESET:
	case END_IDLE:
	case END_HALF_CLOSE:
	case END_LIMIT:
	case END_UNREACHABLE:
	case END_COUNT:
		break;
	}
	return EXIT_TEMP;
}

#define ROUTE_TEXT_MAX (HOST_MAX + 3)	/* "*." and a suffix fit; addresses are borrowed */

/* The NAME of the route, the same for every spelling of it: for the log, and the key of its max=. */
static struct slice
route_text(const struct conn *c, char room[static ROUTE_TEXT_MAX])
{
	struct slice name = slice_of(c->name, c->name_len);

	switch (c->route_at) {
	case ROUTE_NONE:
		return slice_of(NULL, 0);
	case ROUTE_ALL:
		return slice_str("*");
	case ROUTE_LISTEN:
		return slice_str(c->base.via->addr);
	case 0:
		return name;
	default:		/* ".example.org" stands for "*.example.org" */
		name = slice_skip(name, (size_t)c->route_at);
		room[0] = '*';
		memcpy(room + 1, name.p, name.len);
		return slice_of(room, name.len + 1);
	}
}

static uint64_t
max_key(const struct conn *c)
{
	char room[ROUTE_TEXT_MAX];
	struct slice route = route_text(c, room);

	return quota_key_text(the->serve->quota, route.p, route.len);
}

static void
log_end(struct conn *c, enum conn_end end, const struct target *target)
{
	struct serve *s = the->serve;
	char room[ROUTE_TEXT_MAX];
	struct connlog line = { .name = slice_of(c->name, c->name_len), .route = route_text(c, room),
		.hello = c->verdict, .rx = c->relay.bytes[0], .tx = c->relay.bytes[1] };

	if (target != NULL)
		line.target = slice_str(target_text(target));
	if (s->one)
		s->one_exit = exit_code(c, end);
	if (c->verdict != HELLO_NONE && c->verdict != HELLO_MORE)
		metrics_add(s->metrics, s->worker, (size_t)(M_HELLO + c->verdict - HELLO_OK), 1);
	serve_leave(s, &c->base, end, &line);
}

static void
close_end(int fd, bool reset)
{
	if (fd != -1 && reset)
		sock_reset(fd);
	else if (fd != -1)
		close(fd);
}

/* A reset of one side is passed on to the other. */
static void
close_fds(struct relay *r, enum conn_end end)
{
	if (r->out_fd != r->end[0].fd)
		close_end(r->out_fd, false);
	close_end(r->end[0].fd, end == END_TARGET_RESET);
	close_end(r->end[1].fd, end == END_CLIENT_RESET);
	r->end[0].fd = r->end[1].fd = r->out_fd = -1;
}

/* Its end, whatever the state: log, close both sides, give everything back. */
static void
conn_close(struct conn *c, enum conn_end end)
{
	struct serve *s = the->serve;
	struct target *target = NULL;

	switch ((enum conn_state)c->state) {
	case CONN_HELLO:
		if (c->inbox != NULL)
			c->relay.bytes[0] = c->inbox->len;
		inbox_free(c->inbox);
		break;
	case CONN_DIAL:
		dial_cancel(c->dial);
		break;
	case CONN_RELAY:
	case CONN_LINGER:
		target = c->target;
		break;
	case CONN_CLOSED:
		return;
	}
	conn_enter(c, CONN_CLOSED);
	relay_release(the->pool, &c->relay);
	close_fds(&c->relay, end);
	if (c->counted)
		quota_drop(s->quota, s->worker, max_key(c));
	log_end(c, end, target);
	if (target != NULL)
		target_release(the->dialer, target);
	free(c->name);
	ev_free_later(s->ev, c);
}

static void
on_deadline(struct ev_timer *t)
{
	struct conn *c = EV_CONTAINER(t, struct conn, deadline);

	switch ((enum conn_state)c->state) {
	case CONN_HELLO:
		c->verdict = HELLO_TIMEOUT;
		conn_close(c, END_HELLO);
		break;
	case CONN_RELAY:
		conn_close(c, relay_half_closed(&c->relay) ? END_HALF_CLOSE : END_IDLE);
		break;
	case CONN_LINGER:
		conn_close(c, c->end);
		break;
	case CONN_DIAL:
	case CONN_CLOSED:
		break;
	}
}

/* ---- refusing ---- */

static bool
speaks_tls(const struct conn *c)
{
	return c->verdict == HELLO_OK || c->verdict == HELLO_NO_SNI || c->verdict == HELLO_TOO_BIG ||
	    c->verdict == HELLO_MALFORMED;
}

/* Read what the client still sends, so that closing does not turn into a reset that overtakes the alert. */
static void
linger(struct conn *c)
{
	uint8_t *scratch = relay_scratch(the->pool);
	int turns = LINGER_READS;
	ssize_t n;

	do
		n = read(c->relay.end[0].fd, scratch, READ_FIRST);
	while (n > 0 && --turns > 0);
	if (n == 0 || (n == -1 && errno != EAGAIN && errno != EINTR))
		conn_close(c, c->end);
}

/*
 * Say no: a TLS client gets an alert it will really see, others are closed without a byte. Takes over the hold on
 * target, which may be NULL.
 */
static void
refuse(struct conn *c, enum hello_alert alert, enum conn_end end, struct target *target)
{
	uint8_t record[HELLO_ALERT_LEN];
	struct relay *r = &c->relay;
	ssize_t n;

	if (c->state == CONN_HELLO)
		inbox_free(c->inbox);
	c->target = target;
	c->end = end;
	conn_enter(c, CONN_LINGER);
	if (!speaks_tls(c)) {
		conn_close(c, end);
		return;
	}
	hello_alert(alert, (uint16_t)(0x0300 + c->tls_minor), record);
	n = write(r->out_fd, record, sizeof(record));
	r->bytes[1] += n > 0 ? (uint64_t)n : 0;
	if (r->out_fd != r->end[0].fd) {
		close(r->out_fd);
		r->out_fd = -1;
	} else {
		(void)shutdown(r->out_fd, SHUT_WR);
	}
	linger(c);
}

/* ---- relaying ---- */

static void
pump(struct conn *c, int end, unsigned events)
{
	struct relay *r = &c->relay;
	uint64_t before = r->bytes[0] + r->bytes[1];
	bool half = relay_half_closed(r);

	switch (relay_pump(the->pool, r, end, events)) {
	case RELAY_OPEN:
		break;
	case RELAY_DONE:
		conn_close(c, END_CLOSED);
		return;
	case RELAY_CLIENT_RESET:
		conn_close(c, END_CLIENT_RESET);
		return;
	case RELAY_TARGET_RESET:
		conn_close(c, END_TARGET_RESET);
		return;
	}
	if (r->bytes[0] + r->bytes[1] != before || relay_half_closed(r) != half)
		ev_timer_in(the->serve->ev, &c->deadline, silence_ms(c));
}

static void
on_more(struct relay *r)
{
	pump(EV_CONTAINER(r, struct conn, relay), 0, 0);
}

/* ---- dialling ---- */

/* Hand the socket to whoever listens there: one message, and it is theirs. */
static void
hand_over(struct conn *c)
{
	const struct relay_spill *spill = c->relay.flow[0].spill;

	if (c->relay.bytes[0] > 0 || c->relay.out_fd != c->relay.end[0].fd) {	/* pipes, or a pass: line came after it */
		log_warn("target=%s: this client cannot be handed over, bytes of it were read", target_text(c->target));
		conn_close(c, END_UNREACHABLE);
		return;
	}
	if (sock_send_fd(c->relay.end[1].fd, spill->bytes, c->pass_len, c->relay.end[0].fd) == 0) {
		ev_del(the->serve->ev, &c->relay.end[0]);	/* epoll keeps what is open elsewhere too */
		conn_close(c, END_PASSED);
		return;
	}
	log_warn("target=%s: handing over failed: %s", target_text(c->target), strerror(errno));
	conn_close(c, END_UNREACHABLE);
}

static void
on_dialled(void *arg, enum dial_result result, struct target *t, unsigned events)
{
	struct conn *c = arg;
	struct relay_spill *spill = c->relay.flow[0].spill;

	if (result != DIAL_OK) {
		if (result == DIAL_NO_FDS)
			serve_out_of_fds(the->serve);
		refuse(c, ALERT_INTERNAL_ERROR, result == DIAL_NO_FDS ? END_LIMIT : END_UNREACHABLE, t);
		return;
	}
	c->target = t;
	conn_enter(c, CONN_RELAY);
	if (target_is_pass(t)) {
		hand_over(c);
		return;
	}
	if (spill != NULL) {
		spill->at += c->pass_len;
		spill->len -= c->pass_len;
	}
	relay_note(&c->relay, 1, events);
	pump(c, 0, 0);
}

/* Everything that is known when the route is chosen; borrowed until dial() returns. */
struct question {
	struct slice name;		/* normalised, or absent */
	struct slice alpn;		/* wire list */
	struct slice bytes;		/* read already and to be replayed */
	struct endpoint local;		/* from a PROXY header, else AF_UNSPEC */
};

/* What a target is told of the client in a PROXY header. */
static struct proxyhdr
introduction(const struct conn *c, const struct route *route, const struct question *q)
{
	struct proxyhdr h = { .src = c->base.peer, .dst = q->local };
	struct slice list = q->alpn;

	if (h.dst.family == AF_UNSPEC && (h.src.family == AF_INET || h.src.family == AF_INET6))
		sock_local(c->relay.end[0].fd, &h.dst);
	h.authority = q->name.len > 0 ? q->name : route->as;
	h.alpn = route->alpn.len > 0 ? route->alpn : hello_alpn_next(&list);
	h.kind = slice_str(slice_is(route->key, "tcp") ? "tcp" : "tls");
	return h;
}

static bool
has_pass(struct slice targets)
{
	while (targets.p != NULL)
		if (slice_starts(slice_cut(&targets, ','), "pass:"))
			return true;
	return false;
}

/* What goes to the target first: the header of a hand-over, or a PROXY header and what was read of the client. */
static bool
preload(struct conn *c, const struct route *route, const struct question *q)
{
	bool pass = has_pass(route->targets);
	struct relay_spill *spill;
	struct proxyhdr h;

	if (!pass && route->proxy == PROXYHDR_NONE && q->bytes.len == 0)
		return true;
	spill = relay_spill_new((pass ? PROXYHDR_MAX : 0) + (route->proxy ? PROXYHDR_MAX : 0) + q->bytes.len);
	if (spill == NULL)
		return false;
	if (pass || route->proxy != PROXYHDR_NONE)
		h = introduction(c, route, q);
	if (pass)
		spill->len = c->pass_len = (unsigned)proxyhdr_write(&h, PROXYHDR_V2, spill->bytes) & 2047;
	if (route->proxy != PROXYHDR_NONE)
		spill->len += (uint32_t)proxyhdr_write(&h, route->proxy, spill->bytes + spill->len);
	if (q->bytes.len > 0)
		memcpy(spill->bytes + spill->len, q->bytes.p, q->bytes.len);
	spill->len += (uint32_t)q->bytes.len;
	c->relay.bytes[0] = q->bytes.len;
	relay_preload(&c->relay, spill);
	return true;
}

/* Back to waking for every byte. */
static void
reset_lowat(struct conn *c)
{
	int one = 1;

	if (c->lowat)
		(void)setsockopt(c->relay.end[0].fd, SOL_SOCKET, SO_RCVLOWAT, &one, sizeof(one));
	c->lowat = false;
}

static void
dial(struct conn *c, const struct route *route, const struct question *q)
{
	bool ready = preload(c, route, q);

	inbox_free(c->inbox);	/* q->bytes may have pointed there */
	c->inbox = NULL;
	reset_lowat(c);
	conn_enter(c, CONN_DIAL);
	c->dial = !ready ? NULL : dial_start(the->dialer, route->targets, route->balance, &c->base.peer,
	    !c->plain || route->proxy != PROXYHDR_NONE, &c->relay.end[1], on_dialled, c);
	if (c->dial == NULL)
		refuse(c, ALERT_INTERNAL_ERROR, END_LIMIT, NULL);
}

/* ---- routing ---- */

static void
set_name(struct conn *c, struct slice name)
{
	if (name.len == 0)
		return;
	name.len = name.len > UINT8_MAX ? UINT8_MAX : name.len;		/* only what is no host name is that long */
	c->name = malloc(name.len);
	c->name_len = c->name == NULL ? 0 : (uint8_t)name.len;
	if (c->name != NULL)
		memcpy(c->name, name.p, name.len);
}

/* Take the route if its rules let this client in. */
static void
take_route(struct conn *c, const struct route *route, const struct question *q)
{
	struct serve *s = the->serve;

	if ((route->deny.p != NULL && cidr_list_has(route->deny, &c->base.peer)) ||
	    (route->allow.p != NULL && !cidr_list_has(route->allow, &c->base.peer))) {
		refuse(c, ALERT_ACCESS_DENIED, END_DENIED, NULL);
		return;
	}
	if (route->max != 0) {
		c->counted = quota_take(s->quota, s->worker, max_key(c), route->max);
		if (!c->counted) {
			refuse(c, ALERT_INTERNAL_ERROR, END_LIMIT, NULL);
			return;
		}
	}
	dial(c, route, q);
}

static void
route_tls(struct conn *c, const struct hello *hello, struct question *q)
{
	char name[HOST_MAX + 1];
	struct route route;
	size_t len = host_normalize(hello->name, name);
	int rank;

	if (len > 0)
		q->name = slice_of(name, len);
	else
		c->verdict = HELLO_NO_SNI;	/* a name that is none routes nothing */
	set_name(c, len > 0 ? q->name : hello->name);
	q->alpn = hello->alpn;
	rank = routeset_find(the->serve->routes, ROUTES_TLS, q->name, q->alpn, &route);
	if (rank == ROUTES_NO_MATCH) {
		refuse(c, ALERT_UNRECOGNIZED_NAME, END_NO_ROUTE, NULL);
		return;
	}
	c->route_at = rank == ROUTES_DEFAULT ? ROUTE_ALL : rank == ROUTES_EXACT ? 0 :
	    (int16_t)(len - (size_t)rank - 1);
	if (c->name == NULL)
		set_name(c, route.as);
	take_route(c, &route, q);
}

/* Without a hello: what is not TLS on a TLS port, a listening address of the routes file, or -t. */
static void
route_plain(struct conn *c, struct question *q)
{
	const struct listener *via = c->base.via;
	const struct routeset *rs = the->serve->routes;
	const struct slice none = { NULL, 0 };
	struct route route = { .key = slice_str("tcp"), .targets = slice_str(the->opts->target) };
	int rank = ROUTES_EXACT;

	if (!c->plain) {
		rank = routeset_find(rs, ROUTES_TCP, none, none, &route);
		c->route_at = ROUTE_ALL;
	} else if (route.targets.p == NULL) {
		rank = routeset_find(rs, ROUTES_LISTEN, slice_str(via->addr), none, &route);
		c->route_at = ROUTE_LISTEN;
	}
	if (rank == ROUTES_NO_MATCH) {
		c->route_at = ROUTE_NONE;
		conn_close(c, c->plain ? END_NO_ROUTE : END_HELLO);
		return;
	}
	set_name(c, route.as);
	take_route(c, &route, q);
}

/* ---- the hello ---- */

static bool
reset_by_peer(void)
{
	return errno != EAGAIN && errno != EINTR;
}

static bool
inbox_grow(struct conn *c)
{
	struct inbox *in = c->inbox;

	if (in->len < in->room)
		return true;
	in = inbox_resize(in, in->room * 2);
	if (in == NULL)
		return false;
	c->inbox = in;
	return true;
}

enum fill {
	FILL_SOME,	/* *bytes is all there is so far, and nothing more waits */
	FILL_FULL,	/* the same, but more may wait */
	FILL_NONE,
	FILL_CLOSED	/* the connection has ended and is closed */
};

/* Read, or peek, what the client has sent; *bytes lives until the next read of any connection. */
static enum fill
fill(struct conn *c, struct slice *bytes)
{
	uint8_t *at = relay_scratch(the->pool);
	size_t room = c->peek ? RELAY_CHUNK_MAX : READ_FIRST;
	int fd = c->relay.end[0].fd;
	ssize_t n;

	if (!c->peek && c->inbox != NULL) {
		if (!inbox_grow(c)) {
			conn_close(c, END_LIMIT);
			return FILL_CLOSED;
		}
		at = c->inbox->bytes + c->inbox->len;
		room = c->inbox->room - c->inbox->len;
	}
	n = c->peek ? recv(fd, at, room, MSG_PEEK) : read(fd, at, room);
	if (n == -1 && !reset_by_peer())
		return FILL_NONE;
	if (n <= 0) {
		c->verdict = HELLO_EOF;
		conn_close(c, n == 0 ? END_HELLO : END_CLIENT_RESET);
		return FILL_CLOSED;
	}
	*bytes = slice_of((char *)at, (size_t)n);
	if (!c->peek && c->inbox != NULL) {
		c->inbox->len += (size_t)n;
		*bytes = slice_of((char *)c->inbox->bytes, c->inbox->len);
	}
	return (size_t)n == room ? FILL_FULL : FILL_SOME;
}

/* Wait for the rest: keep what was read, or (peeking) ask to be woken when enough is there. */
static void
keep(struct conn *c, const struct progress *p, struct slice bytes)
{
	struct inbox *in = c->inbox;

	if (in == NULL) {
		size_t room = c->peek ? 0 : bytes.len < 256 ? 512 : bytes.len * 2;

		in = c->inbox = inbox_resize(NULL, room);
		if (in == NULL) {
			conn_close(c, END_LIMIT);
			return;
		}
	}
	in->progress = *p;
	in->len = c->peek ? 0 : bytes.len;
	if (!c->peek && bytes.len > 0)
		memmove(in->bytes, bytes.p, bytes.len);	/* a PROXY header may have been taken off its front */
}

/*
 * A peeked hello is looked at from its first byte each time: wake only when a look can tell something new. In many
 * small records that would be at each of them; then the steps grow with what is there, so that the work stays linear.
 */
static void
wait_for(struct conn *c, const struct progress *p, struct slice bytes)
{
	size_t wants = bytes.len + 1;
	int lowat;

	if (!c->peek)
		return;
	if (p->header_done || !c->proxied)
		wants = hello_wants(&p->parse, (const uint8_t *)bytes.p, bytes.len);
	if (p->parse.records > RECORDS_FEW) {
		size_t rest = hello_rest(&p->parse, bytes.len), step = bytes.len / 8;

		if (wants < bytes.len + (step < rest ? step : rest))
			wants = bytes.len + (step < rest ? step : rest);
	}
	lowat = (int)wants;
	c->lowat = setsockopt(c->relay.end[0].fd, SOL_SOCKET, SO_RCVLOWAT, &lowat, sizeof(lowat)) == 0;
}

/* Take a PROXY header off the front of *bytes: true when it is done with, false when not (yet), or c is closed. */
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
	if (c->peek && recv(c->relay.end[0].fd, sink, used, 0) != (ssize_t)used) {
		conn_close(c, END_CLIENT_RESET);
		return false;
	}
	if (h.src.family != AF_UNSPEC) {
		c->base.peer = h.src;
		p->local = h.dst;
	}
	*bytes = slice_skip(*bytes, used);
	p->header_done = true;
	return true;
}

static void
decide(struct conn *c, struct progress *p, enum hello_verdict verdict, struct slice bytes)
{
	struct question q = { .local = p->local, .bytes = c->peek ? slice_of(NULL, 0) : bytes };

	c->verdict = verdict;
	c->tls_minor = p->parse.version & 3;
	c->relay.bytes[0] = q.bytes.len;
	if (verdict == HELLO_OK || verdict == HELLO_NO_SNI)
		route_tls(c, &p->parse, &q);
	else if (verdict == HELLO_NOT_TLS || verdict == HELLO_NONE)
		route_plain(c, &q);
	else
		refuse(c, ALERT_DECODE_ERROR, END_HELLO, NULL);
}

/* Look at all there is so far. */
static void
judge(struct conn *c, struct progress *p, struct slice bytes)
{
	enum hello_verdict verdict = HELLO_MORE;

	if (!c->proxied || p->header_done || take_header(c, p, &bytes))
		verdict = c->plain ? HELLO_NONE :
		    hello_parse(&p->parse, (const uint8_t *)bytes.p, bytes.len, the->gather);
	if (c->state == CONN_CLOSED)
		return;
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
	return (struct progress){ .parse.max = (uint32_t)the->opts->hello_max, .local.family = AF_UNSPEC };
}

static void
read_hello(struct conn *c)
{
	enum fill got = FILL_FULL;
	struct slice bytes;

	while (c->state == CONN_HELLO && got == FILL_FULL) {
		got = fill(c, &bytes);
		if (got == FILL_NONE || got == FILL_CLOSED)
			return;
		c->relay.flow[0].readable = c->peek || got == FILL_FULL || c->relay.flow[0].fin;
		struct progress p = progress_of(c);

		judge(c, &p, bytes);
	}
	if (c->state == CONN_HELLO && c->relay.flow[0].fin) {	/* all was read, and its end lies behind */
		c->verdict = HELLO_EOF;
		conn_close(c, END_HELLO);
	}
}

/* ---- events ---- */

static void
on_client(struct ev_io *io, unsigned events)
{
	struct conn *c = EV_CONTAINER(io, struct conn, relay.end[0]);

	switch ((enum conn_state)c->state) {
	case CONN_HELLO:
		relay_note(&c->relay, 0, events);
		if (events & EV_READ)
			read_hello(c);
		break;
	case CONN_DIAL:		/* not read until RELAY, but a reset ends it */
		relay_note(&c->relay, 0, events);
		if (events & EV_ERROR)
			conn_close(c, END_CLIENT_RESET);
		break;
	case CONN_RELAY:
		pump(c, 0, events);
		break;
	case CONN_LINGER:
		linger(c);
		break;
	case CONN_CLOSED:	/* fired in the batch that closed it */
		break;
	}
}

static void
on_target(struct ev_io *io, unsigned events)
{
	struct conn *c = EV_CONTAINER(io, struct conn, relay.end[1]);

	if (c->state == CONN_DIAL)
		dial_on_io(c->dial, events);
	else if (c->state == CONN_RELAY)
		pump(c, 1, events);
}

/* The pipe we write to, of one connection over two pipes. */
static void
on_out(struct ev_io *io, unsigned events)
{
	struct conn *c = EV_CONTAINER(the->serve->conns, struct conn, base);

	(void)io;
	if (the->serve->conns == NULL)
		return;
	if (c->state == CONN_RELAY)
		pump(c, 0, events & (EV_WRITE | EV_ERROR));
	else
		relay_note(&c->relay, 0, events & EV_WRITE);
}

static int
watch(struct conn *c)
{
	struct relay *r = &c->relay;

	if (r->out_fd != -1 && r->out_fd != r->end[0].fd) {
		the->out = (struct ev_io){ r->out_fd, on_out };
		if (ev_add(the->serve->ev, &the->out, EV_WRITE | EV_EDGE) == -1)
			return -1;
	}
	return ev_add(the->serve->ev, &r->end[0], EV_READ | EV_WRITE | EV_EDGE);
}

static bool
must_introduce(const struct serve_conf *conf, const struct endpoint *peer)
{
	return conf->accept_proxy != NULL &&
	    (conf->accept_proxy[0] == '\0' || cidr_list_has(slice_str(conf->accept_proxy), peer));
}

/* ---- serve_ops ---- */

static void
on_accept(struct serve *s, const struct serve_client *client)
{
	struct conn *c = calloc(1, sizeof(*c));

	if (c == NULL) {
		serve_turn_away(s, client);
		return;
	}
	relay_init(&c->relay);
	c->relay.end[0] = (struct ev_io){ client->in_fd, on_client };
	c->relay.end[1].cb = on_target;
	c->relay.out_fd = client->out_fd;
	c->deadline.cb = on_deadline;
	c->verdict = HELLO_NONE;
	c->route_at = ROUTE_NONE;
	c->plain = the->opts->target != NULL || (client->via != NULL && client->via->from_routes);
	c->proxied = must_introduce(s->conf, &client->peer);
	c->peek = client->in_fd == client->out_fd && (the->peek || s->one);
	serve_enter(s, &c->base, client);
	ev_timer_in(s->ev, &c->deadline, deadline_ms(c));
	if (c->plain && !c->proxied)
		route_plain(c, &(struct question){ .local.family = AF_UNSPEC });
	else
		read_hello(c);
	if (c->state != CONN_CLOSED && watch(c) == -1)
		conn_close(c, END_LIMIT);
}

static void
on_routes(struct serve *s)
{
	the->peek = routeset_has_pass(s->routes) || (the->opts->target != NULL && has_pass(slice_str(the->opts->target)));
}

static int
start(struct serve *s)
{
	the = s->arg;
	the->serve = s;
	the->dialer = dialer_new(s->ev, s->conf->connect_ms);
	the->pool = relay_pool_new(s->ev, s->max_pipes, on_more);
	on_routes(s);
	return the->dialer == NULL || the->pool == NULL ? -1 : 0;
}

static void
stop(struct serve *s)
{
	(void)s;
	if (the == NULL)
		return;
	dialer_free(the->dialer);
	relay_pool_free(the->pool);
}

static void
on_hup(struct serve *s)
{
	(void)s;
	dialer_reload(the->dialer);
}

static void
cut(struct serve *s, struct serve_conn *base)
{
	(void)s;
	conn_close(EV_CONTAINER(base, struct conn, base), END_DRAIN);
}

const struct serve_ops conn_ops = {
	.start = start,
	.accept = on_accept,
	.cut = cut,
	.routes_changed = on_routes,
	.hup = on_hup,
	.stop = stop,
};
