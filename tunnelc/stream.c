/* SPDX-License-Identifier: ISC */
/*
 * One visitor: a stream the server opened, and what it is joined to.
 *
 *   HEADER --whose it is, and the first byte if needed--> DIAL --connected--> JOINED --> CLOSED
 *     '-- a program takes it -------------------------------------------------^
 *
 * Every state can end in CLOSED. Nothing is taken off the stream before it is joined:
 * the header is read again then.
 */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "connlog.h"
#include "log.h"
#include "sock.h"
#include "tunnelc.h"

#define GUESS_MS 500u		/* without a byte by then the service is to speak first */
#define ROUTE_MAX (HOST_MAX + 16)

enum stream_state { STREAM_HEADER, STREAM_DIAL, STREAM_JOINED, STREAM_CLOSED };

struct stream {
	struct mux_stream s;
	struct link *link;
	struct stream *next, **at;	/* all of the process */
	uint64_t id, started_ms;
	const struct word *word;	/* NULL: none yet, or the program */
	union {
		struct dial *dial;	/* DIAL */
		struct target *target;	/* JOINED, with a word: held */
	};
	char *name;			/* owned; normalised; NULL: none was given */
	struct endpoint peer;
	uint16_t header;		/* bytes of the PROXY header */
	uint8_t state;
	bool silent;			/* no byte came after it in time */
	bool program;
};

/* What a visitor's first bytes say. */
struct visit {
	struct proxyhdr h;
	enum kind kind;
};

static struct stream *streams;

/* Whether a PROXY header comes first: ancestors send none. */
static bool
has_header(void)
{
	return !by_secret();
}

/* ---- states ---- */

static const char *const state_name[] = { "HEADER", "DIAL", "JOINED", "CLOSED" };

static uint64_t
deadline_ms(enum stream_state state)
{
	switch (state) {
	case STREAM_HEADER:
		return has_header() ? the->opts->hello_ms : GUESS_MS;
	case STREAM_DIAL:		/* the dialer has one for each attempt */
	case STREAM_JOINED:		/* the mux notices silence */
	case STREAM_CLOSED:
		break;
	}
	return 0;
}

static void
enter(struct stream *v, enum stream_state next)
{
	assert(next > v->state);	/* only forward; a new arrow goes in the diagram too */
	log_debug("conn=%" PRIu64 " %s -> %s", v->id, state_name[v->state], state_name[next]);
	v->state = next;
	ev_timer_in(the->ev, &v->s.deadline, deadline_ms(next));
}

/* ---- its end ---- */

static const char *
route_of(const struct stream *v, char out[static ROUTE_MAX])
{
	if (v->word == NULL)
		return v->program ? "program" : NULL;
	snprintf(out, ROUTE_MAX, "%s%s%s", kind_word(v->word->kind),
	    v->word->name[0] == '\0' ? "" : ":", v->word->name);
	return out;
}

static void
log_end(const struct stream *v, enum conn_end how, enum hello_verdict verdict, struct slice target)
{
	char route[ROUTE_MAX];
	struct connlog line = { .id = v->id, .peer = v->peer, .name = slice_str(v->name),
		.target = target, .route = slice_str(route_of(v, route)), .hello = verdict,
		.rx = v->s.rx - v->header, .tx = v->s.tx,
		.ms = ev_now_ms(the->ev) - v->started_ms, .end = how };

	app_visitor_left(&line, v->state == STREAM_JOINED);
}

static void
leave(struct stream *v)
{
	*v->at = v->next;
	if (v->next != NULL)
		v->next->at = v->at;
	enter(v, STREAM_CLOSED);
	link_visitor(v->link, -1);
	free(v->name);
	ev_free_later(the->ev, v);
}

/* tried: the target that could not be reached, borrowed; NULL: it is joined to one, or has none. */
static void
finish(struct stream *v, enum conn_end how, enum hello_verdict verdict, const struct target *tried)
{
	const struct target *target = v->state == STREAM_JOINED && v->word != NULL ?
	    v->target : tried;
	struct slice text = target != NULL ? slice_str(target_text(target)) :
	    v->program ? slice_str(the->opts->program[0]) : slice_of(NULL, 0);

	if (v->state == STREAM_CLOSED)
		return;
	mux_reset(&v->s);		/* does nothing when it has left the session already */
	if (v->state == STREAM_DIAL)
		dial_cancel(v->dial);
	/* What is cut off must not look whole. */
	sock_close(v->s.io.fd, how == END_CLIENT_RESET || (how != END_CLOSED && !v->s.shut));
	v->s.io.fd = -1;
	log_end(v, how, verdict, text);
	if (v->state == STREAM_JOINED && v->word != NULL)
		target_release(v->target);
	leave(v);
}

static void
on_ended(struct mux_stream *s, enum mux_end how)
{
	struct stream *v = EV_CONTAINER(s, struct stream, s);

	finish(v, mux_conn_end(how, END_TARGET_RESET, END_CLIENT_RESET), HELLO_NONE, NULL);
}

/* ---- joining ---- */

bool
stream_greet(int fd, const struct proxyhdr *h)
{
	uint8_t header[PROXYHDR_MAX];
	size_t len;

	if (the->words.proxy == PROXYHDR_NONE)
		return true;
	len = proxyhdr_write(h, the->words.proxy, header);
	return send(fd, header, len, MSG_NOSIGNAL) == (ssize_t)len;	/* a fresh one has room */
}

/* The header, which was whole when it was read before. */
static void
reread(struct stream *v, struct proxyhdr *h)
{
	struct slice bytes = mux_peek(&v->s);
	size_t used;

	*h = (struct proxyhdr){ .src.family = AF_UNSPEC, .dst.family = AF_UNSPEC };
	if (has_header())
		(void)proxyhdr_read((const uint8_t *)bytes.p, bytes.len, h, &used);
}

static void
join(struct stream *v, unsigned events)
{
	enter(v, STREAM_JOINED);
	mux_take(&v->s, v->header);
	mux_join(&v->s, events);
}

static void
on_dialled(void *arg, enum dial_result result, struct target *t, unsigned events)
{
	struct stream *v = arg;
	struct proxyhdr h;

	v->dial = NULL;
	if (result != DIAL_OK) {
		finish(v, result == DIAL_UNREACHABLE ? END_UNREACHABLE : END_LIMIT, HELLO_NONE, t);
		target_release(t);
		return;
	}
	reread(v, &h);
	h.kind = slice_str(kind_word(v->word->kind));
	v->target = t;
	if (stream_greet(v->s.io.fd, &h)) {
		join(v, events);
	} else {
		enter(v, STREAM_JOINED);	/* the target is held */
		finish(v, END_TARGET_RESET, HELLO_NONE, NULL);
	}
}

/* Until it is joined: events of the connection to the target. */
static void
on_io(struct ev_io *io, unsigned events)
{
	struct stream *v = EV_CONTAINER(EV_CONTAINER(io, struct mux_stream, io), struct stream, s);

	if (v->state == STREAM_DIAL && v->dial != NULL)
		dial_on_io(v->dial, events);
}

static void
dial(struct stream *v)
{
	static const struct dial_ops ops = { .done = on_dialled };
	bool speaks_first = the->words.proxy != PROXYHDR_NONE || mux_peek(&v->s).len > v->header;

	v->dial = dial_start(the->dialer, v->word->targets, BALANCE_LEAST, &v->peer, speaks_first,
	    &v->s.io, &ops, v);
	if (v->dial == NULL)
		finish(v, END_LIMIT, HELLO_NONE, NULL);
	else
		enter(v, STREAM_DIAL);
}

static void
run_program(struct stream *v, const struct proxyhdr *h)
{
	v->program = true;
	if (program_start(h, &v->s.io.fd) == -1) {
		finish(v, program_failed(v->id), HELLO_NONE, NULL);
		return;
	}
	if (ev_add(the->ev, &v->s.io, EV_READ | EV_WRITE | EV_EDGE) == -1)
		finish(v, END_LIMIT, HELLO_NONE, NULL);
	else
		join(v, EV_READ | EV_WRITE);
}

/* ---- whose it is ---- */

enum heard { HEARD_ALL, HEARD_LITTLE, HEARD_NONSENSE };

/* The kind by the header, else by what comes after it; an ancestor's by its first byte. */
static enum heard
hear_kind(const struct stream *v, struct slice first, struct visit *visit)
{
	visit->kind = kind_of(visit->h.kind);
	if (visit->kind == KIND_UNKNOWN && has_header())
		visit->kind = kind_of_bytes(first);
	else if (visit->kind == KIND_UNKNOWN && first.len > 0)
		visit->kind = kind_of_byte((unsigned char)first.p[0]);
	if (visit->kind != KIND_UNKNOWN)
		return HEARD_ALL;
	visit->kind = KIND_TCP;
	return v->silent || mux_ended(&v->s) ? HEARD_ALL : HEARD_LITTLE;
}

static enum heard
hear(struct stream *v, struct visit *visit)
{
	struct slice bytes = mux_peek(&v->s);
	size_t used = 0;

	*visit = (struct visit){ .h = { .src.family = AF_UNSPEC, .dst.family = AF_UNSPEC } };
	switch (has_header() ?
	    proxyhdr_read((const uint8_t *)bytes.p, bytes.len, &visit->h, &used) : PROXYHDR_OK) {
	case PROXYHDR_MORE:
		return mux_ended(&v->s) ? HEARD_NONSENSE : HEARD_LITTLE;
	case PROXYHDR_ABSENT:
	case PROXYHDR_BAD:
		return HEARD_NONSENSE;
	case PROXYHDR_OK:
		break;
	}
	if (used > 0 && bytes.p[0] == 'P')	/* version 1, which has no place for a name */
		return HEARD_NONSENSE;
	v->header = (uint16_t)used;	/* at most PROXYHDR_READ_MAX */
	return hear_kind(v, slice_skip(bytes, used), visit);
}

/* Who has come, for the log. */
static bool
remember(struct stream *v, const struct proxyhdr *h)
{
	char name[HOST_MAX + 1];

	v->peer = h->src;
	if (host_normalize(h->authority, name) == 0)
		return true;
	v->name = strdup(name);
	return v->name != NULL;
}

static void
route(struct stream *v, const struct visit *visit)
{
	if (!remember(v, &visit->h)) {
		finish(v, END_LIMIT, HELLO_NONE, NULL);
		return;
	}
	v->word = words_find(&the->words, visit->kind, slice_str(v->name));
	if (v->word != NULL)
		dial(v);
	else if (the->opts->program != NULL)
		run_program(v, &visit->h);
	else
		finish(v, END_NO_ROUTE, HELLO_NONE, NULL);
}

static void
look(struct stream *v)
{
	bool came = v->header > 0;
	struct visit visit;

	switch (hear(v, &visit)) {
	case HEARD_ALL:
		route(v, &visit);
		break;
	case HEARD_LITTLE:
		if (!came && v->header > 0)	/* from now on we wait for its kind */
			ev_timer_in(the->ev, &v->s.deadline, GUESS_MS);
		break;
	case HEARD_NONSENSE:
		finish(v, END_HELLO, mux_ended(&v->s) ? HELLO_EOF : HELLO_MALFORMED, NULL);
		break;
	}
}

static void
on_data(struct mux_stream *s)
{
	struct stream *v = EV_CONTAINER(s, struct stream, s);

	if (v->state == STREAM_HEADER)
		look(v);
}

static void
on_deadline(struct ev_timer *t)
{
	struct stream *v = EV_CONTAINER(t, struct stream, s.deadline);

	if (v->state != STREAM_HEADER)
		return;
	if (has_header() && v->header == 0) {
		finish(v, END_HELLO, HELLO_TIMEOUT, NULL);
		return;
	}
	v->silent = true;
	look(v);
}

/* ---- all of them ---- */

static const struct mux_stream_ops stream_ops = { .data = on_data, .ended = on_ended };

void
stream_opened(struct mux *m, struct link *l)
{
	struct stream *v = calloc(1, sizeof(*v));

	if (v == NULL) {
		mux_refuse(m);
		app_turned_away();
		return;
	}
	v->link = l;
	v->s.io = (struct ev_io){ -1, on_io };
	v->s.deadline.cb = on_deadline;
	v->peer.family = AF_UNSPEC;
	v->id = app_visitor_came();
	v->started_ms = ev_now_ms(the->ev);
	v->next = streams;
	v->at = &streams;
	if (v->next != NULL)
		v->next->at = &v->next;
	streams = v;
	link_visitor(l, 1);
	mux_accept(m, &v->s, &stream_ops);
	ev_timer_in(the->ev, &v->s.deadline, deadline_ms(STREAM_HEADER));
}

void
stream_cut_all(void)
{
	while (streams != NULL)
		finish(streams, END_DRAIN, HELLO_NONE, NULL);
}
