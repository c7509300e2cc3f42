/* SPDX-License-Identifier: ISC */
/* One visitor from accept to its end; its states are drawn in visitor.h. */
#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

#include "linger.h"
#include "log.h"
#include "sock.h"
#include "visitor.h"

#define KIND_MS 500u		/* a visitor silent this long is waiting for the other side */

static const char *const state_name[] = { "HEADER", "KIND", "PARKED", "JOINED", "RAW", "REQUEST",
	"LINGER", "CLOSED" };

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
on_deadline(struct ev_timer *t)
{
	struct visitor *v = EV_CONTAINER(t, struct visitor, stream.deadline);

	switch ((enum visitor_state)v->state) {
	case VISITOR_HEADER:
		v->verdict = HELLO_TIMEOUT;
		visitor_close(v, END_HELLO);
		break;
	case VISITOR_KIND:
		arrival_again(v, true);
		break;
	case VISITOR_PARKED:
		parked_give_up(v);
		break;
	case VISITOR_REQUEST:
		refusal_answer(v);
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

/* A stream has had the callback for itself while it was joined. */
static void
arm(struct visitor *v)
{
	v->stream.deadline.cb = on_deadline;
	ev_timer_in(the->serve->ev, &v->stream.deadline, deadline_ms((enum visitor_state)v->state));
}

void
visitor_enter(struct visitor *v, enum visitor_state next)
{
	assert(next > v->state);	/* only forward; a new arrow goes in the diagram too */
	log_debug("conn=%" PRIu64 " %s -> %s", v->base.id, state_name[v->state], state_name[next]);
	v->state = next;
	arm(v);
}

/* ---- the end ---- */

static void
log_end(struct visitor *v, enum conn_end end)
{
	char room[CLIENTS_NAME_MAX];
	struct connlog line = { .name = visitor_name(v), .route = join_route_text(v, room),
		.hello = (enum hello_verdict)v->verdict, .rx = v->rx, .tx = v->tx + v->stream.rx };

	if (v->stream.tx > v->header_len)
		line.rx += v->stream.tx - v->header_len;
	if (v->target_len > 0)
		line.target = slice_of(v->text + v->name_len, v->target_len);
	serve_leave(the->serve, &v->base, end, &line);
}

/* What did not end in order must not look like the end of an answer. */
static bool
ends_in_reset(const struct visitor *v, enum conn_end end)
{
	switch (end) {
	case END_TARGET_RESET:
	case END_NO_ROUTE:
	case END_UNREACHABLE:
		return v->state != VISITOR_LINGER;
	case END_LIMIT:
	case END_IDLE:
	case END_HALF_CLOSE:
	case END_DRAIN:
		return v->state != VISITOR_LINGER && !v->stream.shut;
	case END_CLOSED:
	case END_PASSED:
	case END_CLIENT_RESET:
	case END_HELLO:
	case END_DENIED:
	case END_COUNT:
		break;
	}
	return false;
}

static void
close_fd(struct visitor *v, bool reset)
{
	/* Closing alone does not end the watch while its sender holds it too. */
	if (v->is_passed && v->watched)
		ev_del(the->serve->ev, &v->stream.io);
	sock_close(v->stream.io.fd, reset);
	v->stream.io.fd = -1;
}

void
visitor_close(struct visitor *v, enum conn_end end)
{
	if (v->state == VISITOR_CLOSED)
		return;
	if (v->state == VISITOR_RAW && v->raw != NULL) {
		raw_leave(v->raw, end);	/* comes back here without it */
		return;
	}
	arrival_drop(v);
	if (v->state == VISITOR_JOINED)
		mux_reset(&v->stream);
	close_fd(v, ends_in_reset(v, end));
	visitor_enter(v, VISITOR_CLOSED);
	if (v->passed != -1)
		sock_close(v->passed, true);
	join_leave(v);
	log_end(v, end);
	free(v->text);
	ev_free_later(the->serve->ev, v);
}

bool
visitor_watch(struct visitor *v)
{
	if (!v->watched &&
	    ev_add(the->serve->ev, &v->stream.io, EV_READ | EV_WRITE | EV_EDGE) == -1) {
		visitor_close(v, END_LIMIT);
		return false;
	}
	v->watched = true;
	return true;
}

/* ---- events ---- */

void
visitor_on_io(struct ev_io *io, unsigned events)
{
	struct visitor *v = EV_CONTAINER(io, struct visitor, stream.io);

	v->readable |= (events & EV_READ) != 0;
	v->fin |= (events & EV_EOF) != 0;
	v->error |= (events & EV_ERROR) != 0;
	switch ((enum visitor_state)v->state) {
	case VISITOR_HEADER:
		if (events & (EV_READ | EV_EOF | EV_ERROR))
			arrival_read(v);
		/* An error is not reported again. */
		if (v->error && (v->state == VISITOR_KIND || v->state == VISITOR_PARKED))
			visitor_close(v, END_CLIENT_RESET);
		break;
	case VISITOR_KIND:
		if (v->error)
			visitor_close(v, END_CLIENT_RESET);
		else if (events & (EV_READ | EV_EOF))
			arrival_again(v, false);
		break;
	case VISITOR_PARKED:		/* not read until it is joined, but a reset ends it */
		if (v->error)
			visitor_close(v, END_CLIENT_RESET);
		break;
	case VISITOR_REQUEST:
		if (events & (EV_READ | EV_EOF | EV_ERROR))
			refusal_read(v);
		break;
	case VISITOR_LINGER:
		refusal_linger(v);
		break;
	case VISITOR_JOINED:		/* these have callbacks of their own */
	case VISITOR_RAW:
	case VISITOR_CLOSED:		/* fired in the batch that closed it */
		break;
	}
}

/* ---- serve's ---- */

/* Whether it may come to a TCP address, where the header is believed about who the visitor is. */
static bool
is_peer(const struct endpoint *peer)
{
	struct slice list = slice_str(the->opts->peers == NULL ? "127.0.0.0/8,::1" :
	    the->opts->peers);

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
	v->stream.io = (struct ev_io){ from->in_fd, visitor_on_io };
	v->passed = -1;
	v->verdict = HELLO_NONE;
	v->route_at = ROUTE_NONE;
	serve_enter(the->serve, &v->base, from);
	arm(v);
	if (!is_peer(&from->peer)) {
		visitor_close(v, END_DENIED);
		return;
	}
	arrival_read(v);
	if (v->state != VISITOR_CLOSED)
		(void)visitor_watch(v);
}

void
visitor_cut(struct serve_conn *base)
{
	visitor_close(EV_CONTAINER(base, struct visitor, base), END_DRAIN);
}
