/* SPDX-License-Identifier: ISC */
/*
 * From a route's list of targets to a connected socket: balance, failover, hold-off, names.
 *
 * A target that can't be reached is held off for 1 s, doubling to 30 s with each further
 * failure: it is tried after all others, and then by one dial until that has found out how it is.
 * What is known of a target (connections, hold-off, which address worked) is kept per process and
 * survives reloads; after ten minutes without use it may be forgotten.
 */
#ifndef DIAL_H
#define DIAL_H

#include <stdbool.h>
#include <stdint.h>

#include "addr.h"
#include "ev.h"
#include "routes.h"
#include "slice.h"

struct dialer;	/* per process */
struct dial;	/* one connection's search for a target */
struct target;

/* timeout_ms: for each attempt (name look-up, then each address), 0: no limit. NULL with errno. */
struct dialer *dialer_new(struct ev *ev, uint64_t timeout_ms);
void dialer_free(struct dialer *d);

/* Look at resolv.conf and hosts again. */
void dialer_reload(struct dialer *d);

enum dial_result {
	DIAL_OK,
	DIAL_UNREACHABLE,	/* every target and every address was tried */
	DIAL_NO_FDS		/* this process is out of descriptors or memory */
};

/*
 * On DIAL_OK io->fd is connected to t, watched edge-triggered for read and write (see dial_early;
 * not when t is a pass: target, which has had all it is to get), and owned by the callee; events
 * are its first ones. Otherwise io->fd is -1 and t is the last target tried. The callee holds t
 * until target_release(). The dial frees itself when this returns: forget it, don't cancel it.
 */
typedef void dial_done(void *arg, enum dial_result result, struct target *t, unsigned events);

/*
 * connect(2) on io->fd was begun and need not be waited for: a target on this machine is connected
 * by now. Write what t is to get first: 0, or the errno that prevented it; EAGAIN is not a failure.
 * May be called several times, for one target after another. A caller with early gets io watched
 * for read only if it returned 0. It must not cancel the dial that calls it.
 */
typedef int dial_early(void *arg, const struct target *t);

struct dial_ops {
	dial_done *done;
	dial_early *early;		/* NULL: there is nothing to write yet */
};

/*
 * Begin to connect io to one of targets, a list routes_load() has checked. done is called later,
 * never from inside this call. src decides BALANCE_SOURCE; speaks_first as in sock_connect(). io,
 * ops and arg are borrowed until then. NULL when out of memory.
 */
struct dial *dial_start(struct dialer *d, struct slice targets, enum routes_balance balance,
    const struct endpoint *src, bool speaks_first, struct ev_io *io,
    const struct dial_ops *ops, void *arg);

/*
 * Right after dial_start(): try t after all others that are not held off. It lets callers in, but
 * was of no use to this one. t is only compared.
 */
void dial_avoid(struct dial *dial, const struct target *t);

/* The owner of io passes its events on here until done is called. */
void dial_on_io(struct dial *dial, unsigned events);

/* Give up: closes io->fd, in a reset; done is not called. NULL is fine. */
void dial_cancel(struct dial *dial);

/* The target as written. */
const char *target_text(const struct target *t);

/* Whether it is pass:PATH: io is then a connected unix socket to hand the client over through. */
bool target_is_pass(const struct target *t);

/* Whether it is a unix socket. */
bool target_is_unix(const struct target *t);

/* Let go of t: its connection has ended (which counts for BALANCE_LEAST) or its name was logged. */
void target_release(struct target *t);

/*
 * For connections kept open between uses. dial_first(): the target dial_start() would choose now,
 * to try it first; NULL when nothing is known of it yet, so no connection to it rests. Borrowed for
 * the call. A resting connection does not count for BALANCE_LEAST. The slot belongs to its user and
 * is NULL at first.
 */
struct target *dial_first(struct dialer *d, struct slice targets, enum routes_balance balance,
    const struct endpoint *src);
void target_rest(struct target *t);
void target_resume(struct target *t);
void **target_slot(struct target *t);

/* Hold t beyond its connection's end, to keep its name; NULL is fine for target_forget(). */
void target_keep(struct target *t);
void target_forget(struct target *t);

/*
 * For --explain: the n-th of targets to be tried while all are reachable and none has a connection;
 * absent after the last. Pure.
 */
struct slice dial_order(struct slice targets, enum routes_balance balance,
    const struct endpoint *src, size_t n);

#endif
