/* SPDX-License-Identifier: ISC */
/*
 * Dialling: pick the best target not tried yet and try each of its addresses in turn,
 * until one connects.
 */
#include "dial.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hash.h"
#include "resolve.h"
#include "sock.h"
#include "target.h"

#define BUSY_FIRST_MS 5u		/* a target whose queue is full is tried again so soon, */
#define BUSY_MAX_MS 100u	/* and then less and less often */

struct dialer {
	struct ev *ev;
	uint64_t timeout_ms;
	struct resolver *resolver;
	struct dial *first, **last;	/* dials to begin at the end of the turn */
	struct ev_task begin;
	struct targets targets;
};

struct choice {
	struct target *target;		/* held */
	bool tried;
};

struct dial {
	struct dialer *dialer;
	struct dial *next;		/* among those to begin */
	struct ev_io *io;
	const struct dial_ops *ops;
	void *arg;
	struct endpoint src;
	enum routes_balance balance;
	bool speaks_first;
	bool queued;			/* to begin, or on_begin()'s second pass is still to come */
	bool connected;			/* by connect(2), at once */
	bool beginning;			/* in on_begin(), which calls done itself */
	bool over;			/* done is called after this call, or in a later turn */
	enum dial_result result;
	struct ev_timer deadline;	/* of the attempt, or its next try */
	uint64_t busy_ms;		/* since when the target's queue is full, 0: it is not */
	struct ev_task finish;
	struct resolve question;
	struct target *current;		/* held through choice[] */
	bool probes;			/* it: the others wait for what comes of that */
	const struct target *avoided;	/* only to be compared */
	struct endpoint *addr;		/* owned copy of the resolver's answer */
	size_t addrs, next_addr;
	unsigned events;
	size_t choices;
	struct choice choice[];
};

/* ---- the dialer ---- */

static void on_begin(struct ev_task *task);

struct dialer *
dialer_new(struct ev *ev, uint64_t timeout_ms)
{
	struct dialer *d = calloc(1, sizeof(*d));

	if (d == NULL)
		return NULL;
	d->ev = d->targets.ev = ev;
	d->timeout_ms = timeout_ms;
	d->last = &d->first;
	d->begin.cb = on_begin;
	return d;
}

void
dialer_free(struct dialer *d)
{
	if (d == NULL)
		return;
	resolver_free(d->resolver);
	ev_undefer(d->ev, &d->begin);
	targets_free(&d->targets);
	free(d);
}

void
dialer_reload(struct dialer *d)
{
	if (d->resolver != NULL)
		resolver_reload(d->resolver);
}

/* ---- choosing ---- */

/*
 * Rendezvous hashing: a source keeps its target as long as that exists,
 * whichever others come and go.
 */
static uint64_t
source_weight(const struct endpoint *src, uint64_t hash)
{
	return hash_text(hash, slice_of((const char *)src->ip, sizeof(src->ip)));
}

/* Whether a should be tried before b, which precedes it in the list. */
static bool
better(enum routes_balance balance, const struct endpoint *src, const struct target *a,
    const struct target *b)
{
	bool a_held = target_held_off(a), b_held = target_held_off(b);

	if (a_held != b_held)
		return b_held;
	switch (balance) {
	case BALANCE_LEAST:
		return a->conns < b->conns;
	case BALANCE_SOURCE:
		return source_weight(src, a->hash) > source_weight(src, b->hash);
	case BALANCE_FIRST:
		break;
	}
	return false;
}

static bool
comes_first(const struct dial *d, const struct target *a, const struct target *b)
{
	if ((a == d->avoided) != (b == d->avoided) && target_held_off(a) == target_held_off(b))
		return b == d->avoided;
	return better(d->balance, &d->src, a, b);
}

static void
end_probe(struct dial *d)
{
	if (d->probes)
		d->current->probed = false;
	d->probes = false;
}

/*
 * Go over to the best target not tried yet; false when all have been tried. An attempt counts:
 * a burst must not pile up on slow targets.
 */
static bool
choose(struct dial *d)
{
	struct choice *best = NULL;

	end_probe(d);
	for (size_t i = 0; i < d->choices; i++) {
		struct choice *c = &d->choice[i];

		if (!c->tried && (best == NULL || comes_first(d, c->target, best->target)))
			best = c;
	}
	if (best == NULL)
		return false;
	best->tried = true;
	if (d->current != NULL)
		d->current->conns--;
	d->current = best->target;
	d->current->conns++;
	d->probes = target_probe(d->current);
	return true;
}

/* ---- attempts ---- */

static void
enqueue(struct dial *d)
{
	struct dialer *dialer = d->dialer;

	d->queued = true;
	*dialer->last = d;
	dialer->last = &d->next;
	ev_defer(dialer->ev, &dialer->begin);
}

static void
dequeue(struct dial *d)
{
	struct dial **at = &d->dialer->first;

	if (!d->queued)
		return;
	while (*at != d)
		at = &(*at)->next;
	*at = d->next;
	d->queued = false;
	if (d->dialer->last == &d->next)
		d->dialer->last = at;
}

static void
dial_free(struct dial *d)
{
	struct dialer *dialer = d->dialer;

	resolver_cancel(&d->question);
	ev_timer_at(dialer->ev, &d->deadline, 0);
	ev_undefer(dialer->ev, &d->finish);
	dequeue(d);
	for (size_t i = 0; i < d->choices; i++)
		target_forget(d->choice[i].target);
	free(d->addr);
	free(d);
}

static void
on_finish(struct ev_task *task)
{
	struct dial *d = EV_CONTAINER(task, struct dial, finish);

	end_probe(d);
	if (d->result == DIAL_OK) {
		target_works(d->current);
		if (d->addrs > 0)
			d->current->good = d->addr[d->next_addr - 1];
	}
	target_keep(d->current);
	d->ops->done(d->arg, d->result, d->current, d->events);
	dial_free(d);
}

static void
end(struct dial *d, enum dial_result result, unsigned events)
{
	ev_timer_at(d->dialer->ev, &d->deadline, 0);
	d->result = result;
	d->events = events;
	d->over = true;
	if (!d->beginning)
		ev_defer(d->dialer->ev, &d->finish);
}

static void
drop_attempt(struct dial *d)
{
	sock_close(d->io->fd, true);	/* what is cut off must not look whole */
	d->io->fd = -1;
}

enum attempt { ATTEMPT_RUNS, ATTEMPT_FAILED };

/*
 * The socket is connecting, or connected already: write what may be written by now,
 * and wait for the rest.
 */
static enum attempt
go_on(struct dial *d)
{
	int error = d->ops->early == NULL ? EAGAIN : d->ops->early(d->arg, d->current);
	unsigned room = error == 0 ? 0 : EV_WRITE;

	if (error != 0 && error != EAGAIN) {
		drop_attempt(d);
		errno = error;
		return ATTEMPT_FAILED;
	}
	if (error == 0 && target_is_pass(d->current)) {
		/* It has all it is to get, the client too: nothing may fail any more. */
		end(d, DIAL_OK, 0);
		return ATTEMPT_RUNS;
	}
	if (ev_add(d->dialer->ev, d->io, EV_READ | room | EV_EDGE) == -1) {
		drop_attempt(d);
		end(d, DIAL_NO_FDS, 0);
	} else if (d->connected || error == 0) {
		end(d, DIAL_OK, room);
	} else {
		ev_refresh(d->dialer->ev);	/* we may have been stopped in this turn */
		ev_timer_in(d->dialer->ev, &d->deadline, d->dialer->timeout_ms);
	}
	return ATTEMPT_RUNS;
}

/*
 * A full queue is no failure before the deadline: with TCP it would be none either,
 * as the SYN is retransmitted.
 */
static enum attempt
wait_for_room(struct dial *d)
{
	uint64_t now = ev_now_ms(d->dialer->ev), waited;

	if (d->busy_ms == 0)
		d->busy_ms = now;
	waited = now - d->busy_ms;
	if (d->dialer->timeout_ms != 0 && waited >= d->dialer->timeout_ms) {
		d->busy_ms = 0;
		return ATTEMPT_FAILED;
	}
	ev_timer_in(d->dialer->ev, &d->deadline,
	    waited < BUSY_FIRST_MS ? BUSY_FIRST_MS : waited > BUSY_MAX_MS ? BUSY_MAX_MS : waited);
	return ATTEMPT_RUNS;
}

static enum attempt
connect_to(struct dial *d, const struct sockaddr_storage *sa, socklen_t len)
{
	enum sock_connect r = sock_connect(sa, len, d->speaks_first, &d->io->fd);

	if (r == SOCK_BUSY)
		return wait_for_room(d);
	d->busy_ms = 0;
	if (r == SOCK_REFUSED)
		return ATTEMPT_FAILED;
	if (r == SOCK_NO_FDS) {
		end(d, DIAL_NO_FDS, 0);
		return ATTEMPT_RUNS;
	}
	d->connected = r == SOCK_CONNECTED;
	return d->queued ? ATTEMPT_RUNS : go_on(d);
}

/* The addresses of the current target still to be tried, the one that last worked first. */
static enum attempt
next_address(struct dial *d)
{
	struct sockaddr_storage sa;

	while (d->next_addr < d->addrs) {
		socklen_t len = endpoint_sockaddr(&d->addr[d->next_addr++], &sa);

		if (connect_to(d, &sa, len) == ATTEMPT_RUNS)
			return ATTEMPT_RUNS;
	}
	return ATTEMPT_FAILED;
}

static void
put_good_first(struct dial *d)
{
	for (size_t i = 1; i < d->addrs; i++) {
		if (endpoint_same_ip(&d->addr[i], &d->current->good)) {
			struct endpoint good = d->addr[i];

			memmove(d->addr + 1, d->addr, i * sizeof(*d->addr));
			d->addr[0] = good;
		}
	}
}

/* The resolver's answer, copied: a refresh may replace it while we go through it. */
static enum attempt
take_addresses(struct dial *d, const struct endpoint *addr, size_t n)
{
	free(d->addr);
	d->addr = n == 0 ? NULL : malloc(n * sizeof(*addr));
	d->addrs = d->addr == NULL ? 0 : n;
	d->next_addr = 0;
	for (size_t i = 0; i < d->addrs; i++) {
		d->addr[i] = addr[i];
		d->addr[i].port = d->current->addr.ip.port;
	}
	put_good_first(d);
	return next_address(d);
}

static void try_next_target(struct dial *d);

static void
attempt_failed(struct dial *d, const char *reason)
{
	drop_attempt(d);
	if (next_address(d) == ATTEMPT_RUNS)
		return;
	if (d->addrs > 0)
		resolver_doubt(d->dialer->resolver, d->current->addr.host);
	target_failed(d->current, reason);
	try_next_target(d);
}

static void
on_addresses(struct resolve *q, const struct endpoint *addr, size_t n)
{
	struct dial *d = EV_CONTAINER(q, struct dial, question);

	if (take_addresses(d, addr, n) == ATTEMPT_FAILED)
		attempt_failed(d, n == 0 ? "no address found for the name" : strerror(errno));
}

static enum attempt
try_host(struct dial *d)
{
	struct dialer *dialer = d->dialer;

	if (dialer->resolver == NULL)
		dialer->resolver = resolver_new(dialer->ev, dialer->timeout_ms);
	if (dialer->resolver == NULL)
		return ATTEMPT_FAILED;
	d->question.cb = on_addresses;
	if (!resolver_ask(dialer->resolver, &d->question, d->current->addr.host))
		ev_timer_in(dialer->ev, &d->deadline, dialer->timeout_ms);
	return ATTEMPT_RUNS;
}

static enum attempt
try_target(struct dial *d)
{
	const struct addr *a = &d->current->addr;
	struct sockaddr_storage sa;
	socklen_t len;

	d->addrs = d->next_addr = 0;
	if (a->kind == ADDR_HOST)
		return try_host(d);
	len = addr_sockaddr(a, &sa);
	return connect_to(d, &sa, len);
}

static void
try_next_target(struct dial *d)
{
	while (choose(d)) {
		if (try_target(d) == ATTEMPT_RUNS)
			return;
		target_failed(d->current, strerror(errno));
	}
	end(d, DIAL_UNREACHABLE, 0);
}

void
dial_on_io(struct dial *d, unsigned events)
{
	if (d->over) {		/* connected already, or failed for good */
		d->events |= events;
	} else if (events & EV_ERROR) {
		int error = sock_error(d->io->fd);

		attempt_failed(d, strerror(error));
	} else if (events & EV_WRITE) {
		end(d, DIAL_OK, events);
	}
}

/*
 * At the end of a turn, so that what has come on all connections is read before anybody is woken.
 * For the same reason all connect before any of them sends. Callbacks may start dials, which begin
 * in the next turn, and cancel any.
 */
static void
on_begin(struct ev_task *task)
{
	struct dialer *dialer = EV_CONTAINER(task, struct dialer, begin);
	struct dial *d;

	for (d = dialer->first; d != NULL; d = d->next) {
		d->beginning = true;
		if (try_target(d) == ATTEMPT_FAILED)
			attempt_failed(d, strerror(errno));
	}
	while ((d = dialer->first) != NULL && d->beginning) {
		dequeue(d);
		if (d->io->fd != -1 && go_on(d) == ATTEMPT_FAILED)
			attempt_failed(d, strerror(errno));
		d->beginning = false;
		if (d->over)
			on_finish(&d->finish);
	}
}

static void
on_deadline(struct ev_timer *t)
{
	struct dial *d = EV_CONTAINER(t, struct dial, deadline);

	if (d->busy_ms == 0) {
		resolver_cancel(&d->question);
		attempt_failed(d, "timed out");
	} else if (try_target(d) == ATTEMPT_FAILED) {
		attempt_failed(d, errno == EAGAIN ? "its queue is full" : strerror(errno));
	}
}

/* ---- the life of a dial ---- */

static size_t
count_items(struct slice list)
{
	size_t n = 1;

	for (size_t i = 0; i < list.len; i++)
		n += list.p[i] == ',';
	return n;
}

struct dial *
dial_start(struct dialer *dialer, struct slice targets, enum routes_balance balance,
    const struct endpoint *src, bool speaks_first, struct ev_io *io,
    const struct dial_ops *ops, void *arg)
{
	size_t n = count_items(targets);
	struct dial *d = calloc(1, sizeof(*d) + n * sizeof(d->choice[0]));

	if (d == NULL)
		return NULL;
	d->dialer = dialer;
	d->io = io;
	d->ops = ops;
	d->arg = arg;
	d->src = *src;
	d->balance = balance;
	d->speaks_first = speaks_first;
	d->deadline.cb = on_deadline;
	d->finish.cb = on_finish;
	io->fd = -1;
	while (d->choices < n) {
		struct target *t = target_hold(&dialer->targets, slice_cut(&targets, ','));

		if (t == NULL) {
			dial_free(d);
			return NULL;
		}
		d->choice[d->choices++].target = t;
	}
	(void)choose(d);	/* now, for dial_first() to be right about it, and about the next */
	enqueue(d);
	return d;
}

void
dial_avoid(struct dial *d, const struct target *t)
{
	d->avoided = t;
	for (size_t i = 0; i < d->choices; i++)
		d->choice[i].tried = false;
	(void)choose(d);
}

void
dial_cancel(struct dial *d)
{
	if (d == NULL)
		return;
	drop_attempt(d);
	end_probe(d);
	d->current->conns--;
	dial_free(d);
}

/* How many targets precede item i by weight, ties by place: its rank among all. */
static size_t
rank_by_weight(struct slice targets, const struct endpoint *src, size_t i, uint64_t weight)
{
	size_t rank = 0;

	for (size_t k = 0; targets.p != NULL; k++) {
		uint64_t w = source_weight(src, hash_text(0, slice_cut(&targets, ',')));

		rank += w > weight || (w == weight && k < i);
	}
	return rank;
}

struct slice
dial_order(struct slice targets, enum routes_balance balance, const struct endpoint *src, size_t n)
{
	struct slice rest = targets;

	for (size_t i = 0; rest.p != NULL; i++) {
		struct slice item = slice_cut(&rest, ',');
		size_t rank = balance != BALANCE_SOURCE ? i :
		    rank_by_weight(targets, src, i, source_weight(src, hash_text(0, item)));

		if (rank == n)
			return item;
	}
	return slice_of(NULL, 0);
}

struct target *
dial_first(struct dialer *d, struct slice targets, enum routes_balance balance,
    const struct endpoint *src)
{
	const struct target *best = NULL;
	struct target *first = NULL, unknown;

	while (targets.p != NULL) {
		struct slice text = slice_cut(&targets, ',');
		struct target *t = target_find(&d->targets, text);
		struct target new = { .table = &d->targets,	/* if t is unknown */
			.hash = hash_text(0, text) };

		if (best == NULL || better(balance, src, t != NULL ? t : &new, best)) {
			unknown = new;
			best = t != NULL ? t : &unknown;
			first = t;
		}
	}
	return first;
}
