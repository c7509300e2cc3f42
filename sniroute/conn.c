/* SPDX-License-Identifier: ISC */
/*
 * One client: its hello, the route, the target, the relay.
 *
 *   HELLO --route found--> DIAL --connected--> RELAY --both sides done--> CLOSED
 *     |                      |  '--socket handed over (pass:)--------------^
 *     '--refused-------------'--> LINGER --client's end, or deadline-------^
 *
 * Every state can end in CLOSED: an error, a deadline (in DIAL it is the dial's own), the end of a
 * drain. When a PROXY header must come first, HELLO reads that too; with -t, or on a listening
 * address of the routes file, it reads only that, or nothing.
 */
#include "conn.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "linger.h"
#include "sock.h"
#include "log.h"

static const char *const state_name[] = { "HELLO", "DIAL", "RELAY", "LINGER", "CLOSED" };

struct sniroute *the;

/* ---- states ---- */

/* While relaying the deadline moves with every byte. */
static struct relay_silence
silence(const struct conn *c)
{
	const struct serve_conf *conf = the->serve->conf;

	return relay_silence(relay_half_closed(&c->relay), conf->half_close_ms, conf->idle_ms);
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
		return silence(c).ms;
	case CONN_LINGER:
		return LINGER_MS;
	case CONN_CLOSED:
		break;
	}
	return 0;
}

void
conn_enter(struct conn *c, enum conn_state next)
{
	assert(next > c->state);	/* only forward; a new arrow goes in the diagram too */
	log_debug("conn=%" PRIu64 " %s -> %s", c->base.id, state_name[c->state], state_name[next]);
	c->state = next;
	ev_timer_in(the->serve->ev, &c->deadline, deadline_ms(c));
}

static void
log_end(struct conn *c, enum conn_end end, const struct target *target)
{
	struct serve *s = the->serve;
	char room[HOST_PATTERN_MAX];
	struct connlog line = { .name = slice_of(c->name, c->name_len),
		.route = route_text(c, room), .hello = c->verdict, .rx = c->relay.bytes[0],
		.tx = c->relay.bytes[1] };

	if (target != NULL)
		line.target = slice_str(target_text(target));
	if (c->verdict != HELLO_NONE)
		serve_count(s, (size_t)(M_HELLO + c->verdict - HELLO_OK), 1);
	serve_leave(s, &c->base, end, &line);
}

void
conn_close(struct conn *c, enum conn_end end)
{
	struct serve *s = the->serve;
	struct target *target = NULL;
	bool relayed = c->state == CONN_RELAY;

	switch ((enum conn_state)c->state) {
	case CONN_HELLO:
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
	if (c->passed)
		end = END_PASSED;	/* though all is cut before the dialler says so */
	else if (!relayed)		/* bytes left in a socket would make the close a reset */
		(void)recv(c->relay.end[0].fd, relay_scratch(the->relays), RELAY_CHUNK_MAX,
		    MSG_DONTWAIT);
	conn_enter(c, CONN_CLOSED);
	relay_release(the->relays, &c->relay);
	if (c->passed)
		launch_restore();	/* it is another's connection now, no end of it */
	relay_close(&c->relay, relayed ? end : END_CLOSED);
	route_leave(c);
	log_end(c, end, target);
	if (target != NULL)
		target_release(target);
	free(c->name);
	ev_free_later(s->ev, c);
}

static void
on_deadline(struct ev_timer *t)
{
	struct conn *c = EV_CONTAINER(t, struct conn, deadline);
	uint64_t rest_ms;

	switch ((enum conn_state)c->state) {
	case CONN_HELLO:
		c->verdict = HELLO_TIMEOUT;
		conn_close(c, END_HELLO);
		break;
	case CONN_RELAY:
		rest_ms = relay_rest_ms(&c->relay, silence(c).ms);
		if (rest_ms > 0)
			ev_timer_in(the->serve->ev, t, rest_ms);
		else
			conn_close(c, silence(c).end);
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
	return c->verdict == HELLO_OK || c->verdict == HELLO_NO_SNI ||
	    c->verdict == HELLO_TOO_BIG || c->verdict == HELLO_MALFORMED;
}

static void
linger_on(struct conn *c)
{
	if (linger(the->serve->ev, &c->relay.end[0], relay_scratch(the->relays), RELAY_CHUNK_MAX) ==
	    LINGER_OVER)
		conn_close(c, c->end);
}

void
conn_refuse(struct conn *c, enum hello_alert alert, enum conn_end end, struct target *target)
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
	n = sock_put(r->out_fd, &(struct iovec){ record, sizeof(record) }, 1, MSG_MORE);
	r->bytes[1] += n > 0 ? (uint64_t)n : 0;
	launch_last_word(r->end[0].fd, &r->out_fd);
	linger_on(c);
}

/* ---- relaying ---- */

void
conn_pump(struct conn *c, int end, unsigned events)
{
	enum relay_state state = relay_pump(the->relays, &c->relay, end, events);

	if (state == RELAY_MOVED)
		ev_timer_in(the->serve->ev, &c->deadline, silence(c).ms);
	else if (state == RELAY_OVER)
		conn_close(c, relay_end(&c->relay));
}

static void
on_more(struct relay *r)
{
	conn_pump(EV_CONTAINER(r, struct conn, relay), 0, 0);
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
			greeting_read(c);
		break;
	case CONN_DIAL:		/* not read until RELAY, but a reset ends it while it is ours */
		relay_note(&c->relay, 0, events);
		if ((events & EV_ERROR) && !c->passed)
			conn_close(c, END_CLIENT_RESET);
		break;
	case CONN_RELAY:
		conn_pump(c, 0, events);
		break;
	case CONN_LINGER:
		linger_on(c);
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
		conn_pump(c, 1, events);
}

static void
on_out(struct serve_conn *base, unsigned events)
{
	struct conn *c = EV_CONTAINER(base, struct conn, base);

	if (c->relay.out_fd == -1)
		return;
	if (c->state == CONN_RELAY)
		conn_pump(c, 0, events & (EV_WRITE | EV_ERROR));
	else if ((events & EV_ERROR) && sock_error(c->relay.out_fd) != ENOTSOCK)
		conn_close(c, END_CLIENT_RESET);	/* a pipe: just no answer is wanted */
	else
		relay_note(&c->relay, 0, events & EV_WRITE);
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
	if (client->peer.family == AF_UNIX)
		relay_is_unix(&c->relay, 0);
	c->relay.out_fd = client->out_fd;
	c->deadline.cb = on_deadline;
	c->verdict = HELLO_NONE;
	c->rank = ROUTES_NO_MATCH;
	c->plain = the->opts->target != NULL || (client->via != NULL && client->via->from_routes);
	c->proxied = serve_wants_proxyhdr(s->conf, &client->peer);
	c->peek = client->in_fd == client->out_fd && (the->peek || s->one);
	serve_enter(s, &c->base, client);
	ev_timer_in(s->ev, &c->deadline, deadline_ms(c));
	if (c->plain && !c->proxied)
		route_plain(c, &(struct question){ .local.family = AF_UNSPEC });
	else
		greeting_read(c);
	if (c->state != CONN_CLOSED &&
	    serve_watch(s, &c->relay.end[0], EV_READ, c->relay.out_fd) == -1)
		conn_close(c, END_LIMIT);
}

static void
on_routes(struct serve *s)
{
	the->peek = routeset_has_pass(s->routes) ||
	    route_has_pass(slice_str(the->opts->target));
}

static int
start(struct serve *s)
{
	the = s->arg;
	the->serve = s;
	the->dialer = dialer_new(s->ev, s->conf->connect_ms);
	the->relays = relay_pool_new(s->ev, s->max_pipes, on_more);
	on_routes(s);
	return the->dialer == NULL || the->relays == NULL ? -1 :
	    ration_open(&the->inboxes, INBOX_TOTAL_MAX, s->most_conns);
}

static void
stop(struct serve *s)
{
	(void)s;
	if (the == NULL)
		return;
	dialer_free(the->dialer);
	relay_pool_free(the->relays);
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
	struct conn *c = EV_CONTAINER(base, struct conn, base);

	conn_close(c, c->state == CONN_LINGER ? c->end : END_DRAIN);
}

const struct serve_ops conn_ops = {
	.start = start,
	.accept = on_accept,
	.out = on_out,
	.cut = cut,
	.routes_changed = on_routes,
	.hup = on_hup,
	.stop = stop,
};
