/* SPDX-License-Identifier: ISC */
/* Connections to targets: at work for one request, or resting until the next one. */
#include <stdlib.h>
#include <sys/socket.h>

#include "httpredir.h"
#include "sock.h"

#define PROBE_S 15	/* what forgets silent connections on the way waits longer */
#define PROBE_AGAIN_S 5

static void
unlink_resting(struct backend *b)
{
	struct backend **at = (struct backend **)target_slot(b->target);

	if (b->owner != NULL) {
		b->owner->kept = NULL;
	} else {
		while (*at != b)
			at = &(*at)->next;
		*at = b->next;
	}
	*(b->newer != NULL ? &b->newer->older : &the->resting) = b->older;
	*(b->older != NULL ? &b->older->newer : &the->resting_last) = b->newer;
	b->resting = false;
	b->owner = NULL;
	target_resume(b->target);
	ev_timer_at(the->serve->ev, &b->idle, 0);
}

void
backend_close(struct backend *b, bool reset)
{
	if (b == NULL)
		return;
	if (b->resting)
		unlink_resting(b);
	sock_close(b->io.fd, reset);
	b->io.fd = -1;
	b->proxy = NULL;
	source_drop(&b->src);
	if (b->target != NULL)
		target_release(b->target);
	ev_timer_at(the->serve->ev, &b->idle, 0);
	the->backends--;
	serve_count(the->serve, M_TARGET_CONNS, -1);
	ev_free_later(the->serve->ev, b);
}

/* While it rests, whatever can be read is its end, or an answer nobody asked for. */
static void
on_backend(struct ev_io *io, unsigned events)
{
	struct backend *b = EV_CONTAINER(io, struct backend, io);

	if (b->proxy != NULL)
		proxy_on_backend(b->proxy, events);
	else if (b->resting && (events & (EV_READ | EV_EOF | EV_ERROR)))
		backend_close(b, false);
}

static void
on_idle(struct ev_timer *t)
{
	backend_close(EV_CONTAINER(t, struct backend, idle), false);
}

struct backend *
backend_new(void)
{
	struct backend *b;

	if (the->backends >= the->serve->max_conns)
		backend_close(the->resting_last, false);
	b = calloc(1, sizeof(*b));
	if (b == NULL)
		return NULL;
	b->io = (struct ev_io){ -1, on_backend };
	b->idle.cb = on_idle;
	the->backends++;
	serve_count(the->serve, M_TARGET_CONNS, 1);
	return b;
}

/* Its end, or bytes nobody asked for, may be there while their event still waits for its turn. */
static bool
is_quiet(const struct backend *b)
{
	char byte;

	return recv(b->io.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == -1 && sock_would_block();
}

struct backend *
backend_take(const struct client *c, const struct route *route)
{
	struct backend *b;
	struct target *t;

	while ((t = dial_first(the->dialer, route->targets, route->balance,
	    &c->base.peer)) != NULL) {
		b = route->proxy == PROXYHDR_NONE ? *target_slot(t) :
		    c->kept != NULL && c->kept->target == t ? c->kept : NULL;
		if (b == NULL)
			return NULL;
		if (is_quiet(b)) {
			unlink_resting(b);
			return b;
		}
		backend_close(b, false);
	}
	return NULL;
}

void
backend_rest(struct backend *b, struct client *owner)
{
	struct backend **first = (struct backend **)target_slot(b->target);

	if (!b->probed)
		sock_probe(b->io.fd, PROBE_S, PROBE_AGAIN_S);
	b->probed = true;
	b->proxy = NULL;
	b->resting = true;
	b->owner = owner;
	if (owner != NULL) {
		backend_close(owner->kept, false);	/* it had one: a request went elsewhere */
		owner->kept = b;
	} else {
		b->next = *first;
		*first = b;
	}
	b->newer = NULL;
	b->older = the->resting;
	*(b->older != NULL ? &b->older->newer : &the->resting_last) = b;
	the->resting = b;
	target_rest(b->target);
	ev_timer_in(the->serve->ev, &b->idle, the->serve->conf->idle_ms);
}

void
backend_drop_resting(void)
{
	while (the->resting != NULL)
		backend_close(the->resting, false);
}
