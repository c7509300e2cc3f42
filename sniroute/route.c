/* SPDX-License-Identifier: ISC */
/* Where a connection goes: the route, its rules, what the target is sent first, and the dial. */
#include "conn.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "log.h"

/* ---- the route's name ---- */

struct slice
route_text(const struct conn *c, char room[static HOST_PATTERN_MAX])
{
	if (c->plain && c->rank == ROUTES_EXACT)
		return slice_str(c->base.via->addr);
	return routes_rank_name(c->rank, slice_of(c->name, c->name_len), room);
}

static uint64_t
max_key(const struct conn *c)
{
	char room[HOST_PATTERN_MAX];
	struct slice route = route_text(c, room);

	return quota_key_text(the->serve->quota, route.p, route.len);
}

void
route_leave(struct conn *c)
{
	if (c->counted)
		quota_drop(the->serve->quota, the->serve->worker, max_key(c));
	c->counted = false;
}

/* ---- dialling ---- */

/* Hand the socket to whoever listens there: one message, and it is theirs. 0, or an errno. */
static int
hand_over(struct conn *c)
{
	const struct spill *spill = c->relay.flow[0].spill;

	if (sock_send_fd(c->relay.end[1].fd, spill->bytes, c->pass_len, c->relay.end[0].fd) == -1)
		return errno == EAGAIN ? ENOBUFS : errno;
	ev_del(the->serve->ev, &c->relay.end[0]);	/* epoll keeps watching what others hold */
	c->passed = true;
	c->relay.bytes[0] = 0;	/* still to be read */
	return 0;
}

static void
on_dialled(void *arg, enum dial_result result, struct target *t, unsigned events)
{
	struct conn *c = arg;
	struct spill *spill = c->relay.flow[0].spill;

	if (result != DIAL_OK) {
		if (result == DIAL_NO_FDS)
			serve_out_of_fds(the->serve);
		conn_refuse(c, ALERT_INTERNAL_ERROR,
		    result == DIAL_NO_FDS ? END_LIMIT : END_UNREACHABLE, t);
		return;
	}
	c->target = t;
	conn_enter(c, CONN_RELAY);
	if (c->peek)
		c->relay.bytes[0] = 0;	/* still to be read */
	if (target_is_pass(t)) {
		conn_close(c, END_PASSED);
		return;
	}
	if (spill != NULL) {
		spill->at += c->pass_len;
		spill->len -= c->pass_len;
	}
	if (target_is_unix(t))
		relay_is_unix(&c->relay, 1);
	relay_note(&c->relay, 1, events);
	conn_pump(c, 0, 0);
}

/* The header of a hand-over is meant for no other kind of target. */
static int
on_early(void *arg, const struct target *t)
{
	struct conn *c = arg;

	if (target_is_pass(t))
		return hand_over(c);
	return c->pass_len > 0 ? EAGAIN : relay_early(&c->relay);
}

/* What a PROXY header tells a target about the client. */
static struct proxyhdr
introduction(const struct conn *c, const struct route *route, const struct question *q)
{
	struct proxyhdr h = { .src = c->base.peer, .dst = q->local };
	struct slice list = q->alpn;

	if (h.dst.family == AF_UNSPEC)
		launch_local(c->relay.end[0].fd, &h.src, &h.dst);
	h.authority = q->name;
	h.alpn = route->alpn.len > 0 ? route->alpn : hello_alpn_next(&list);
	h.kind = slice_str(slice_is(route->key, "tcp") ? "tcp" : "tls");
	return h;
}

/*
 * What goes to the target first: the header of a hand-over, or a PROXY header and what was
 * read from the client.
 */
static bool
preload(struct conn *c, const struct route *route, const struct question *q)
{
	bool pass = route_has_pass(route->targets);
	struct spill *spill;
	struct proxyhdr h;

	if (!pass && route->proxy == PROXYHDR_NONE && q->bytes.len == 0)
		return true;
	spill = spill_new((pass ? PROXYHDR_MAX : 0) + (route->proxy ? PROXYHDR_MAX : 0) +
	    q->bytes.len);
	if (spill == NULL)
		return false;
	if (pass || route->proxy != PROXYHDR_NONE)
		h = introduction(c, route, q);
	if (pass)
		spill->len = c->pass_len =
		    (unsigned)proxyhdr_write(&h, PROXYHDR_V2, spill->bytes) & 2047;
	if (route->proxy != PROXYHDR_NONE)
		spill->len += (uint32_t)proxyhdr_write(&h, route->proxy, spill->bytes + spill->len);
	if (q->bytes.len > 0)
		memcpy(spill->bytes + spill->len, q->bytes.p, q->bytes.len);
	spill->len += (uint32_t)q->bytes.len;
	relay_preload(&c->relay, 1, spill);
	return true;
}

static void
dial(struct conn *c, const struct route *route, const struct question *q)
{
	static const struct dial_ops ops = { .done = on_dialled, .early = on_early };
	bool ready = preload(c, route, q);

	inbox_free(c->inbox);	/* q->bytes may have pointed there */
	c->inbox = NULL;
	greeting_lowat(c);
	conn_enter(c, CONN_DIAL);
	c->dial = !ready ? NULL : dial_start(the->dialer, route->targets, route->balance,
	    &c->base.peer, !c->plain || route->proxy != PROXYHDR_NONE, &c->relay.end[1], &ops, c);
	if (c->dial == NULL)
		conn_refuse(c, ALERT_INTERNAL_ERROR, END_LIMIT, NULL);
}

/* Targets without those of the form pass:, in room, which is as long as they are. */
static struct slice
without_pass(struct slice targets, char *room)
{
	size_t len = 0;

	while (targets.p != NULL) {
		struct slice t = slice_cut(&targets, ',');

		if (slice_starts(t, "pass:"))
			continue;
		if (len > 0)
			room[len++] = ',';
		memcpy(room + len, t.p, t.len);
		len += t.len;
	}
	return slice_of(room, len);
}

/*
 * A receiver gets one socket with every byte still in it. A client that is not just that
 * (two descriptors, or bytes already read) can't be handed over: for it, pass: targets
 * count as unreachable.
 */
static void
dial_others(struct conn *c, struct route route, const struct question *q)
{
	struct slice all = route.targets;
	char *room = malloc(all.len);

	if (room == NULL) {
		conn_refuse(c, ALERT_INTERNAL_ERROR, END_LIMIT, NULL);
		return;
	}
	route.targets = without_pass(all, room);
	if (route.targets.len > 0) {
		dial(c, &route, q);
	} else {
		log_warn("targets=" SLICE_FMT ": this client can't be handed over, %s",
		    SLICE_ARG(all), c->relay.out_fd != c->relay.end[0].fd ?
		    "it is not one socket" : "bytes of it were read");
		conn_refuse(c, ALERT_INTERNAL_ERROR, END_UNREACHABLE, NULL);
	}
	free(room);
}

/* ---- routing ---- */

/* False: no memory. */
static bool
set_name(struct conn *c, struct slice name)
{
	if (name.len == 0)
		return true;
	/* Only what is not a host name is that long. */
	name.len = name.len > UINT8_MAX ? UINT8_MAX : name.len;
	c->name = malloc(name.len);
	if (c->name == NULL)
		return false;
	c->name_len = (uint8_t)name.len;
	memcpy(c->name, name.p, name.len);
	return true;
}

/* Take the route if its rules let this client in. */
static void
take_route(struct conn *c, const struct route *route, const struct question *q)
{
	struct serve *s = the->serve;

	if (!route_admits(route, &c->base.peer)) {
		conn_refuse(c, ALERT_ACCESS_DENIED, END_DENIED, NULL);
		return;
	}
	if (route->max != 0) {
		c->counted = quota_take(s->quota, s->worker, max_key(c), route->max);
		if (!c->counted) {
			conn_refuse(c, ALERT_INTERNAL_ERROR, END_LIMIT, NULL);
			return;
		}
	}
	if (route_has_pass(route->targets) &&
	    (q->bytes.len > 0 || c->relay.out_fd != c->relay.end[0].fd))
		dial_others(c, *route, q);
	else
		dial(c, route, q);
}

void
route_tls(struct conn *c, const struct hello *hello, struct question *q)
{
	char name[HOST_MAX + 1];
	struct slice logged = hello->name;
	struct route route;
	size_t len = host_normalize(hello->name, name);
	int rank;

	if (len > 0)
		q->name = logged = slice_of(name, len);
	else
		c->verdict = HELLO_NO_SNI;	/* an invalid name routes nothing */
	q->alpn = hello->alpn;
	rank = routeset_find(the->serve->routes, ROUTES_TLS, q->name, q->alpn, &route);
	if (len == 0 && rank >= ROUTES_DEFAULT && route.as.len > 0)
		q->name = logged = slice_of(name, host_normalize(route.as, name));
	if (!set_name(c, logged)) {
		conn_refuse(c, ALERT_INTERNAL_ERROR, END_LIMIT, NULL);
		return;
	}
	c->rank = (int16_t)rank;
	if (rank >= ROUTES_DEFAULT)
		take_route(c, &route, q);
	else if (rank == ROUTES_UNREADABLE)
		conn_refuse(c, ALERT_INTERNAL_ERROR, END_LIMIT, NULL);
	else
		conn_refuse(c, ALERT_UNRECOGNIZED_NAME, END_NO_ROUTE, NULL);
}

void
route_plain(struct conn *c, struct question *q)
{
	const struct slice none = { NULL, 0 };
	struct route route = { .key = slice_str("tcp"), .targets = slice_str(the->opts->target) };
	char name[HOST_MAX + 1];

	if (the->opts->target == NULL) {
		c->rank = (int16_t)routeset_find(the->serve->routes,
		    c->plain ? ROUTES_LISTEN : ROUTES_TCP,
		    c->plain ? slice_str(c->base.via->addr) : none, none, &route);
		if (c->rank < ROUTES_DEFAULT) {
			conn_close(c, c->rank == ROUTES_UNREADABLE ? END_LIMIT :
			    c->plain ? END_NO_ROUTE : END_HELLO);
			return;
		}
	}
	if (route.as.len > 0)
		q->name = slice_of(name, host_normalize(route.as, name));
	(void)set_name(c, q->name);		/* for the log alone */
	take_route(c, &route, q);
}
