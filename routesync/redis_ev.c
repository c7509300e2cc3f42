/* SPDX-License-Identifier: ISC */
/* hiredis on our event loop. */
#include "redis_ev.h"

#include <stdlib.h>

struct watch {
	void *spare;			/* first: ev_free_later() overwrites it */
	struct ev_io io;		/* fd -1: hiredis has let go of it */
	struct ev *ev;
	redisAsyncContext *ac;
	uint64_t *heard_ms;
	unsigned want;			/* 0: not in the loop */
};

static void
change(struct watch *w, unsigned want)
{
	unsigned had = w->want;

	if (want == had)
		return;
	w->want = want;
	if (want == 0)
		ev_del(w->ev, &w->io);
	else if (had == 0)
		ev_add(w->ev, &w->io, want);
	else
		ev_mod(w->ev, &w->io, want);
}

static void
add_read(void *arg)
{
	struct watch *w = arg;

	change(w, w->want | EV_READ);
}

static void
del_read(void *arg)
{
	struct watch *w = arg;

	change(w, w->want & ~(unsigned)EV_READ);
}

static void
add_write(void *arg)
{
	struct watch *w = arg;

	change(w, w->want | EV_WRITE);
}

static void
del_write(void *arg)
{
	struct watch *w = arg;

	change(w, w->want & ~(unsigned)EV_WRITE);
}

static void
cleanup(void *arg)
{
	struct watch *w = arg;

	change(w, 0);
	w->io.fd = -1;
	ev_free_later(w->ev, w);
}

/* Either call may free the context; cleanup() then sets fd to -1. */
static void
on_event(struct ev_io *io, unsigned events)
{
	struct watch *w = EV_CONTAINER(io, struct watch, io);

	if (w->io.fd != -1 && (events & EV_READ) != 0 && (w->want & EV_READ) != 0) {
		*w->heard_ms = ev_now_ms(w->ev);
		redisAsyncHandleRead(w->ac);
	}
	if (w->io.fd != -1 && (events & EV_WRITE) != 0 && (w->want & EV_WRITE) != 0)
		redisAsyncHandleWrite(w->ac);
}

int
redis_attach(struct redisAsyncContext *ac, struct ev *ev, uint64_t *heard_ms)
{
	struct watch *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return -1;
	w->io = (struct ev_io){ ac->c.fd, on_event };
	w->ev = ev;
	w->ac = ac;
	w->heard_ms = heard_ms;
	ac->ev.addRead = add_read;
	ac->ev.delRead = del_read;
	ac->ev.addWrite = add_write;
	ac->ev.delWrite = del_write;
	ac->ev.cleanup = cleanup;
	ac->ev.data = w;
	return 0;
}
