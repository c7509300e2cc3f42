/* SPDX-License-Identifier: ISC */
/*
 * A visitor of the ancestors' first handshake: the connection to the server is the visitor's from
 * its first byte on.
 *
 *   DIAL --connected--> RELAY --both sides done--> CLOSED
 *     '-- unreachable ----------------------------^
 */
#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "connlog.h"
#include "log.h"
#include "sock.h"
#include "tunnelc.h"

enum raw_state { RAW_DIAL, RAW_RELAY, RAW_CLOSED };

struct raw {
	struct relay relay;
	struct link *link;
	struct ev_timer deadline, look;
	struct ev_task begin;
	struct dial *dial;
	struct target *target;		/* RELAY: held */
	const struct word *word;
	uint64_t id, started_ms;
	uint8_t state;
};

/* ---- states ---- */

static const char *const state_name[] = { "DIAL", "RELAY", "CLOSED" };

static struct relay_silence
silence(const struct raw *r)
{
	const struct options *o = the->opts;

	return relay_silence(relay_half_closed(&r->relay), o->half_close_ms, o->idle_ms);
}

static void
enter(struct raw *r, enum raw_state next)
{
	assert(next > r->state);	/* only forward; a new arrow goes in the diagram too */
	log_debug("conn=%" PRIu64 " %s -> %s", r->id, state_name[r->state], state_name[next]);
	r->state = next;
	ev_timer_in(the->ev, &r->deadline,
	    next == RAW_RELAY ? silence(r).ms : 0);	/* the dialer has its own */
}

/* ---- its end ---- */

static void
log_end(const struct raw *r, enum conn_end how, const struct target *t)
{
	struct connlog line = { .id = r->id, .peer.family = AF_UNSPEC, .hello = HELLO_NONE,
		.rx = r->relay.bytes[0], .tx = r->relay.bytes[1],
		.ms = ev_now_ms(the->ev) - r->started_ms, .end = how };

	if (r->word != NULL)
		line.route = slice_str(kind_word(r->word->kind));
	else if (how != END_NO_ROUTE && the->opts->program != NULL)
		line.route = slice_str("program");
	if (t != NULL)
		line.target = slice_str(target_text(t));
	else if (r->word == NULL && line.route.p != NULL)
		line.target = slice_str(the->opts->program[0]);
	app_visitor_left(&line, r->state == RAW_RELAY);
}

/* tried: the target that could not be reached, borrowed; or NULL. */
static void
finish(struct raw *r, enum conn_end how, const struct target *tried)
{
	struct link *l = r->link;

	if (r->state == RAW_CLOSED)
		return;
	dial_cancel(r->dial);
	ev_undefer(the->ev, &r->begin);
	relay_release(the->relays, &r->relay);
	relay_close(&r->relay, how);
	log_end(r, how, r->target != NULL ? r->target : tried);
	if (r->target != NULL)
		target_release(r->target);
	enter(r, RAW_CLOSED);
	ev_timer_at(the->ev, &r->look, 0);
	ev_free_later(the->ev, r);
	link_visitor(l, -1);
}

void
raw_cut(struct raw *r)
{
	if (r != NULL)
		finish(r, END_DRAIN, NULL);
}

/* What is known of a visitor: nothing. */
static const struct proxyhdr nobody = { .src.family = AF_UNSPEC, .dst.family = AF_UNSPEC };

/* ---- relaying ---- */

static void
pump(struct raw *r, int end, unsigned events)
{
	enum relay_state state = relay_pump(the->relays, &r->relay, end, events);

	if (state == RELAY_MOVED)
		ev_timer_in(the->ev, &r->deadline, silence(r).ms);
	else if (state == RELAY_OVER)
		finish(r, relay_end(&r->relay), NULL);
}

void
raw_more(struct relay *relay)
{
	pump(EV_CONTAINER(relay, struct raw, relay), 0, 0);
}

static void
on_visitor(struct ev_io *io, unsigned events)
{
	struct raw *r = EV_CONTAINER(io, struct raw, relay.end[0]);

	if (r->state == RAW_RELAY)
		pump(r, 0, events);
	else if (r->state == RAW_DIAL)
		relay_note(&r->relay, 0, events);
}

static void
on_target(struct ev_io *io, unsigned events)
{
	struct raw *r = EV_CONTAINER(io, struct raw, relay.end[1]);

	if (r->state == RAW_RELAY)
		pump(r, 1, events);
	else if (r->state == RAW_DIAL && r->dial != NULL)
		dial_on_io(r->dial, events);
}

static void
on_deadline(struct ev_timer *t)
{
	struct raw *r = EV_CONTAINER(t, struct raw, deadline);
	uint64_t rest_ms = relay_rest_ms(&r->relay, silence(r).ms);

	if (rest_ms > 0)
		ev_timer_in(the->ev, t, rest_ms);
	else
		finish(r, silence(r).end, NULL);
}

/* What the service sends counts as moved though nobody takes it. */
static void
look(struct ev_timer *t)
{
	struct raw *r = EV_CONTAINER(t, struct raw, look);

	if (sock_is_lost(r->relay.end[0].fd, DEAD_MS))
		finish(r, END_CLIENT_RESET, NULL);
	else
		ev_timer_in(the->ev, t, DEAD_MS);
}

/* ---- its beginning ---- */

static void
on_dialled(void *arg, enum dial_result result, struct target *t, unsigned events)
{
	struct raw *r = arg;
	struct proxyhdr h = nobody;

	r->dial = NULL;
	if (result != DIAL_OK) {
		finish(r, result == DIAL_UNREACHABLE ? END_UNREACHABLE : END_LIMIT, t);
		target_release(t);
		return;
	}
	r->target = t;
	enter(r, RAW_RELAY);
	h.kind = slice_str(kind_word(r->word->kind));
	if (!stream_greet(r->relay.end[1].fd, &h)) {
		finish(r, END_TARGET_RESET, NULL);
		return;
	}
	if (target_is_unix(t))
		relay_is_unix(&r->relay, 1);
	pump(r, 1, events);
}

static void
run_program(struct raw *r)
{
	if (program_start(&nobody, &r->relay.end[1].fd) == -1) {
		finish(r, program_failed(r->id), NULL);
		return;
	}
	if (ev_add(the->ev, &r->relay.end[1], EV_READ | EV_WRITE | EV_EDGE) == -1) {
		finish(r, END_LIMIT, NULL);
		return;
	}
	enter(r, RAW_RELAY);
	relay_is_unix(&r->relay, 1);
	pump(r, 1, EV_READ | EV_WRITE);
}

static void
begin(struct ev_task *task)
{
	static const struct dial_ops ops = { .done = on_dialled };
	struct raw *r = EV_CONTAINER(task, struct raw, begin);
	unsigned char first = 0;

	(void)recv(r->relay.end[0].fd, &first, 1, MSG_PEEK);
	r->word = words_find(&the->words, kind_of_byte(first), slice_of(NULL, 0));
	if (r->word == NULL && the->opts->program != NULL) {
		run_program(r);
		return;
	}
	if (r->word == NULL) {
		finish(r, END_NO_ROUTE, NULL);
		return;
	}
	r->dial = dial_start(the->dialer, r->word->targets, BALANCE_LEAST, &nobody.src, true,
	    &r->relay.end[1], &ops, r);
	if (r->dial == NULL)
		finish(r, END_LIMIT, NULL);
}

struct raw *
raw_new(struct link *l, int fd)
{
	struct raw *r = calloc(1, sizeof(*r));

	if (r == NULL) {
		app_turned_away();
		return NULL;
	}
	relay_init(&r->relay);
	r->relay.end[0] = (struct ev_io){ fd, on_visitor };
	r->relay.end[1].cb = on_target;
	r->relay.out_fd = fd;
	r->link = l;
	r->deadline.cb = on_deadline;
	r->look.cb = look;
	r->begin.cb = begin;
	if (ev_add(the->ev, &r->relay.end[0], EV_READ | EV_WRITE | EV_EDGE) == -1) {
		free(r);
		app_turned_away();
		return NULL;
	}
	sock_patient(fd);		/* from here on the limits of visitors hold */
	r->id = app_visitor_came();
	r->started_ms = ev_now_ms(the->ev);
	link_visitor(l, 1);
	ev_timer_in(the->ev, &r->look, DEAD_MS);
	ev_defer(the->ev, &r->begin);	/* after the link has noted that it has a visitor */
	return r;
}
