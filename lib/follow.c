/* SPDX-License-Identifier: ISC */
/*
 * A worker's side of -j N: orders from the parent, room for the descriptors they carry,
 * and the bell.
 */
#include "follow.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "accept.h"
#include "log.h"
#include "serve_private.h"

#define ROOM_MS 50		/* how soon to look again for room for an order's descriptor */
#define ROOM_MAX_MS 5000	/* for how long: others may be waiting behind that order */
#define ASK_AGAIN_MS 1000	/* how soon orders that were lost are asked for */

/* One per process. Of the parent's only the bell is used. */
static struct follower {
	struct serve *serve;
	struct ev_io master;		/* where orders come from */
	struct ev_io bell;		/* an eventfd: what a worker rings to make the others
					   look for clients */
	int spare_fd;			/* keeps room for an order's descriptor, -1: nothing does */
	struct ev_timer orders;		/* when to look again at one waiting for that room */
	uint64_t orders_since_ms;	/* since when it waits, 0: there is none */
	struct ev_timer ask_again;	/* when to ask for lost orders */
} the = { .master.fd = -1, .bell.fd = -1, .spare_fd = -1 };

/* Ask the parent for all orders again, but later: now there may be no room for what they carry. */
static void
ask_again(void)
{
	ev_timer_in(the.serve->ev, &the.ask_again, ASK_AGAIN_MS);
}

static void
on_ask_again(struct ev_timer *t)
{
	(void)t;
	follow_keep_room();
	if (the.spare_fd == -1 ||
	    (send(the.master.fd, "?", 1, MSG_NOSIGNAL) == -1 && errno == EAGAIN))
		ask_again();
}

/* ---- orders ---- */

/* A repeated order may name one we already have. */
static void
take_listener(struct serve *s, const char *addr, int fd)
{
	bool here = listeners_from_routes(&s->listeners, slice_str(addr)) != NULL;

	if (fd == -1)
		return;
	if (!here && listeners_adopt(&s->listeners, fd, slice_str(addr)) == 0) {
		accept_watch(s, s->listeners.last);
		accept_fit_limits(s);
		return;
	}
	if (!here) {
		log_error("listen %s: %s", addr, strerror(errno));
		ask_again();
	}
	close(fd);
}

static void
drop_listener(struct serve *s, const char *addr)
{
	struct listener *l = listeners_from_routes(&s->listeners, slice_str(addr));

	if (l == NULL)
		return;
	accept_drop(s, l);
	listeners_close(&s->listeners, l, false);
	accept_fit_limits(s);
}

static void
take_table(struct serve *s, uint32_t i, int fd)
{
	struct routes *r;

	if (fd == -1 || i >= routeset_files(s->routes))
		return;
	r = routes_from_fd(fd, routeset_path(s->routes, i));
	if (r == NULL) {
		log_error("routes: table from parent: %s", strerror(errno));
		ask_again();
		return;
	}
	routes_close_fd(r);
	routeset_replace(s->routes, i, r);
	if (s->ops->routes_changed != NULL)
		s->ops->routes_changed(s);
}

static void
carry_out(struct serve *s, const struct order *o, int fd)
{
	switch (o->kind) {
	case ORDER_TABLE:
		take_table(s, o->index, fd);
		return;
	case ORDER_LISTEN:
		take_listener(s, o->addr, fd);
		return;
	case ORDER_UNLISTEN:
		drop_listener(s, o->addr);
		return;
	case ORDER_HUP:
		if (s->ops->hup != NULL)
			s->ops->hup(s);
		return;
	case ORDER_DRAIN:
		serve_drain(s);
		return;
	case ORDER_QUIT:
		serve_quit(s);
		return;
	}
}

/* ---- room for their descriptors ---- */

void
follow_keep_room(void)
{
	int saved = errno;

	if (the.spare_fd == -1)
		the.spare_fd = fcntl(the.bell.fd, F_DUPFD_CLOEXEC, 0);
	errno = saved;
}

static void
give_room(void)
{
	if (the.spare_fd != -1)
		close(the.spare_fd);
	the.spare_fd = -1;
}

/*
 * Whether the next order has a descriptor there is no room for:
 * the end of a connection will make room.
 */
static bool
lacks_room(void)
{
	uint64_t now = ev_now_ms(the.serve->ev);
	struct order o;

	follow_keep_room();
	if (the.spare_fd != -1 ||
	    recv(the.master.fd, &o, sizeof(o), MSG_PEEK) != (ssize_t)sizeof(o) ||
	    (o.kind != ORDER_TABLE && o.kind != ORDER_LISTEN))
		return false;
	if (the.orders_since_ms == 0)
		the.orders_since_ms = now;
	return now - the.orders_since_ms < ROOM_MAX_MS;
}

/*
 * Take the parent's next order and carry it out. False: there is none, and errno, or 0, says why.
 * When one waited for room and got none, those after it count as having waited as long.
 */
static bool
follow_next(void)
{
	uint64_t since_ms = the.orders_since_ms;
	struct order o;
	ssize_t n;
	int fd;

	give_room();
	the.orders_since_ms = 0;
	n = sock_recv_fd(the.master.fd, &o, sizeof(o), &fd);
	if (n == (ssize_t)sizeof(o)) {
		carry_out(the.serve, &o, fd);
		return true;
	}
	if (n == -1 && errno == EMFILE) {
		log_error("lost a message from the parent: out of file descriptors; "
		    "asking for it again");
		the.orders_since_ms = since_ms;
		ask_again();
		return true;
	}
	if (n != -1)
		errno = 0;
	return false;
}

static void
follow_all(void)
{
	struct serve *s = the.serve;
	bool waits;

	while (!(waits = lacks_room()) && follow_next())
		;
	if (waits) {
		serve_out_of_fds(s);
		ev_timer_in(s->ev, &the.orders, ROOM_MS);
	} else if (errno != EAGAIN && errno != EINTR) {
		ev_del(s->ev, &the.master);
		if (!s->draining)
			log_warn("the parent is gone: stopping");
		serve_drain(s);		/* finish what is open, accept nothing new */
	}
	follow_keep_room();
}

static void
on_orders(struct ev_timer *t)
{
	(void)t;
	follow_all();
}

static void
on_master(struct ev_io *io, unsigned events)
{
	(void)io;
	(void)events;
	follow_all();
}

/* ---- the workers among themselves ---- */

int
follow_make_bell(void)
{
	the.bell.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	return the.bell.fd == -1 ? -1 : 0;
}

void
follow_close_bell(void)
{
	close(the.bell.fd);
	the.bell.fd = -1;
}

void
follow_wake_others(void)
{
	const uint64_t one = 1;

	/* It is never read: each write is an edge for all. */
	if (write(the.bell.fd, &one, sizeof(one)) == -1)
		log_error("waking the other workers: %s", strerror(errno));
}

static void
on_bell(struct ev_io *io, unsigned events)
{
	(void)io;
	for (struct listener *l = the.serve->listeners.first; l != NULL; l = l->next)
		if (l->watched)
			l->io.cb(&l->io, events);
}

int
follow_orders(struct serve *s, int fd)
{
	the.serve = s;
	the.master = (struct ev_io){ fd, on_master };
	the.bell.cb = on_bell;
	the.orders.cb = on_orders;
	the.ask_again.cb = on_ask_again;
	follow_keep_room();
	return ev_add(s->ev, &the.bell, EV_READ | EV_EDGE) == -1 ? -1 :
	    ev_add(s->ev, &the.master, EV_READ | EV_EDGE);
}
