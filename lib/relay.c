/* SPDX-License-Identifier: ISC */
/*
 * The relay: two flows, each a small state machine over "readable",
 * "writable" and "what is left to write".
 */
#include "relay.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "launch_std.h"

#define CHUNK_FIRST 16	/* log2: 64 KiB; grows while reads fill it and writes keep up */
#define CHUNK_MIN 14
#define CHUNK_LAST 19	/* RELAY_CHUNK_MAX */
#define TURN_MAX (1024u * 1024u)	/* bytes per flow and call, then others get their turn */
#define PIPE_SIZE (1024 * 1024)
#define LARGE_READ (32u * 1024u)	/* a read that counts as bulk */
#define HELD_MAX 257u			/* reads to hold until the end of a turn, and one */
#define HELD_BYTES (256u * 1024u)
#define HOLD_LARGEST 4096		/* bytes of a read to hold, by a copy */
#define SPLICE_MIN (16u * 1024u)	/* a turn that splices less goes back to copying */

/* What a turn has read and not yet written. */
struct held {
	struct relay *r;		/* NULL: it was dropped, or written early */
	uint32_t at, len;		/* in the pool's held_bytes */
	int flow;
};

struct relay_pipe {
	struct relay_pipe *next;	/* in the pool */
	int fd[2];
	size_t len;			/* bytes inside */
};

struct relay_pool {
	struct ev *ev;
	struct relay_pipe *idle;
	unsigned pipes, max_pipes;
	uint8_t *scratch;
	struct relay *queue, **last;	/* relays with work left */
	struct ev_task task;
	void (*more)(struct relay *r);
	struct ev_task write_held;
	uint8_t *held_bytes;		/* HELD_BYTES */
	size_t held_len, n_held;
	struct held held[HELD_MAX];	/* entry 0 is not used */
};

/* ---- work left for a later turn ---- */

static void
enqueue(struct relay_pool *pool, struct relay *r)
{
	if (r->queued)
		return;
	r->queued = true;
	r->next = NULL;
	*pool->last = r;
	pool->last = &r->next;
	ev_defer(pool->ev, &pool->task);
}

static void
dequeue(struct relay_pool *pool, struct relay *r)
{
	struct relay **at = &pool->queue;

	if (!r->queued)
		return;
	while (*at != r)
		at = &(*at)->next;
	*at = r->next;
	if (pool->last == &r->next)
		pool->last = at;
	r->queued = false;
}

/* One round: a relay with more to do goes to the end and waits for the next turn. */
static void
on_task(struct ev_task *task)
{
	struct relay_pool *pool = EV_CONTAINER(task, struct relay_pool, task);
	size_t n = 0;

	for (struct relay *r = pool->queue; r != NULL; r = r->next)
		n++;
	while (n-- > 0 && pool->queue != NULL) {
		struct relay *r = pool->queue;

		dequeue(pool, r);
		pool->more(r);
	}
}

static void write_held(struct ev_task *task);

struct relay_pool *
relay_pool_new(struct ev *ev, unsigned max_pipes, void (*more)(struct relay *r))
{
	struct relay_pool *pool = calloc(1, sizeof(*pool));

	if (pool == NULL)
		return NULL;
	pool->ev = ev;
	pool->max_pipes = max_pipes;
	pool->more = more;
	pool->last = &pool->queue;
	pool->task.cb = on_task;
	pool->write_held.cb = write_held;
	pool->n_held = 1;
	pool->scratch = aligned_alloc(4096, RELAY_CHUNK_MAX);
	pool->held_bytes = aligned_alloc(4096, HELD_BYTES);
	if (pool->scratch != NULL && pool->held_bytes != NULL)
		return pool;
	relay_pool_free(pool);
	return NULL;
}

static void
pipe_destroy(struct relay_pool *pool, struct relay_pipe *p)
{
	close(p->fd[0]);
	close(p->fd[1]);
	free(p);
	pool->pipes--;
}

void
relay_pool_free(struct relay_pool *pool)
{
	if (pool == NULL)
		return;
	while (pool->idle != NULL) {
		struct relay_pipe *p = pool->idle;

		pool->idle = p->next;
		pipe_destroy(pool, p);
	}
	ev_undefer(pool->ev, &pool->task);
	ev_undefer(pool->ev, &pool->write_held);
	free(pool->scratch);
	free(pool->held_bytes);
	free(pool);
}

uint8_t *
relay_scratch(struct relay_pool *pool)
{
	return pool->scratch;
}

/* ---- pipes ---- */

/*
 * NULL is to be expected: no descriptors, or the user's share of pipe memory is used up. Then pipes
 * have two pages (pipe(7)), and copying costs less than as many calls as those take.
 */
static struct relay_pipe *
pipe_new(struct relay_pool *pool)
{
	struct relay_pipe *p;
	int size;

	if (pool->pipes >= pool->max_pipes || (p = malloc(sizeof(*p))) == NULL)
		return NULL;
	if (pipe2(p->fd, O_NONBLOCK | O_CLOEXEC) == -1) {
		free(p);
		return NULL;
	}
	pool->pipes++;
	size = fcntl(p->fd[1], F_SETPIPE_SZ, PIPE_SIZE);
	if (size == -1)
		size = fcntl(p->fd[1], F_GETPIPE_SZ);
	if (size < (int)LARGE_READ) {
		pipe_destroy(pool, p);
		return NULL;
	}
	p->len = 0;
	return p;
}

static struct relay_pipe *
pipe_take(struct relay_pool *pool)
{
	struct relay_pipe *p = pool->idle;

	if (p == NULL)
		return pipe_new(pool);
	pool->idle = p->next;
	return p;
}

static void
pipe_give(struct relay_pool *pool, struct relay_pipe *p)
{
	if (p->len > 0) {	/* somebody's bytes: never for another connection */
		pipe_destroy(pool, p);
		return;
	}
	p->next = pool->idle;
	pool->idle = p;
}

/* ---- a relay ---- */

void
relay_init(struct relay *r)
{
	memset(r, 0, sizeof(*r));
	r->end[0].fd = r->end[1].fd = r->out_fd = r->broken = -1;
	r->flow[0].chunk = r->flow[1].chunk = CHUNK_FIRST;
	r->flow[1].nagle.off = true;	/* inherited from the listening socket */
	r->flow[1].writable = true;
}

void
relay_preload(struct relay *r, int end, struct spill *spill)
{
	r->flow[!end].spill = spill;
}

void
relay_is_unix(struct relay *r, int end)
{
	r->flow[end].urgent = true;
}

void
relay_note(struct relay *r, int end, unsigned events)
{
	struct relay_flow *from = &r->flow[end], *to = &r->flow[!end];

	if (events & EV_READ)
		from->readable = true;
	if (events & EV_EOF)
		from->fin = true;
	if (events & (EV_URGENT | EV_ERROR))
		from->urgent = true;	/* after a reset, only a read tells if an end came first */
	if (events & EV_URGENT)
		from->no_splice = true;	/* tcp_splice_read() does not get past it */
	if (events & EV_WRITE)
		to->writable = true;
}

static void
drop_pending(struct relay_pool *pool, struct relay_flow *f)
{
	pool->held[f->held].r = NULL;
	f->held = 0;
	free(f->spill);
	f->spill = NULL;
	if (f->pipe != NULL)
		pipe_give(pool, f->pipe);
	f->pipe = NULL;
}

void
relay_release(struct relay_pool *pool, struct relay *r)
{
	drop_pending(pool, &r->flow[0]);
	drop_pending(pool, &r->flow[1]);
	dequeue(pool, r);
}

enum conn_end
relay_end(const struct relay *r)
{
	static const enum conn_end of_broken[] = { END_CLIENT_RESET, END_TARGET_RESET,
		[RELAY_BOTH] = END_LIMIT };

	return r->broken == RELAY_NONE ? END_CLOSED : of_broken[r->broken];
}

uint64_t
relay_rest_ms(const struct relay *r, uint64_t limit_ms)
{
	uint64_t client = sock_rest_ms(r->out_fd, limit_ms);
	uint64_t target = sock_rest_ms(r->end[1].fd, limit_ms);

	return client > target ? client : target;
}

bool
relay_was_told(const struct relay *r, int end)
{
	return r->flow[!end].eof && r->flow[!end].over;
}

void
relay_close(struct relay *r, enum conn_end end)
{
	bool cut = end != END_CLOSED && end != END_PASSED;
	bool to_client = end == END_TARGET_RESET || (cut && !relay_was_told(r, 0));
	bool to_target = end == END_CLIENT_RESET || (cut && !relay_was_told(r, 1));

	launch_close(r->end[0].fd, r->out_fd, to_client);
	sock_close(r->end[1].fd, to_target);
	r->end[0].fd = r->end[1].fd = r->out_fd = -1;
}

bool
relay_half_closed(const struct relay *r)
{
	return r->flow[0].eof != r->flow[1].eof;
}

/* ---- one flow ---- */

enum step {
	STEP_MOVED,	/* go on */
	STEP_BLOCKED,	/* until the next event */
	STEP_NO_SOURCE,	/* reading failed: the source is gone */
	STEP_NO_SINK,	/* writing failed: the destination is gone */
	STEP_NO_MEMORY	/* neither is to blame, and bytes are lost */
};

/* A call failed: because that end is gone, or because we are out of memory? */
static enum step
failed(enum step gone)
{
	return sock_no_memory() ? STEP_NO_MEMORY : gone;
}

/* Keep what the destination did not take; the shared buffer belongs to the next connection. */
static enum step
keep(struct relay_flow *f, const uint8_t *left, size_t len)
{
	if (!spill_add(&f->spill, left, len, 0))
		return STEP_NO_MEMORY;
	if (f->chunk > CHUNK_MIN)
		f->chunk--;
	return STEP_BLOCKED;
}

/*
 * Write to the destination. When the source's end is known to follow, its FIN should travel in the
 * same segment: MSG_MORE holds the data back for the shutdown() that comes next.
 */
static ssize_t
put(struct relay_flow *f, int to, const void *bytes, size_t len)
{
	const struct iovec iov = { (void *)(uintptr_t)bytes, len };

	sock_before_put(to, &f->nagle, len);
	return sock_put(to, &iov, 1, f->eof ? MSG_MORE : 0);
}

static enum step
flush_spill(struct relay_flow *f, int to)
{
	struct spill *spill = f->spill;
	ssize_t n = put(f, to, spill->bytes + spill->at, spill->len);

	if (n == -1) {
		f->writable = !sock_would_block();
		return f->writable ? failed(STEP_NO_SINK) : STEP_BLOCKED;
	}
	f->writable = (size_t)n == spill->len;
	spill_drop(&f->spill, (size_t)n);
	return f->writable ? STEP_MOVED : STEP_BLOCKED;
}

int
relay_early(struct relay *r)
{
	struct relay_flow *f = &r->flow[0];

	f->nagle = (struct sock_nagle){ 0 };	/* not of an earlier attempt */
	f->told = false;
	f->writable = true;
	if (f->spill == NULL)
		return EAGAIN;
	if (flush_spill(f, r->end[1].fd) == STEP_MOVED || f->spill->at > 0)
		return 0;
	f->nagle.wrote = false;
	return sock_would_block() || sock_no_memory() ?	/* these say nothing about the target */
	    EAGAIN : errno;
}

static enum step
flush_pipe(struct relay_pool *pool, struct relay_flow *f, int to)
{
	struct relay_pipe *p = f->pipe;

	while (p->len > 0) {
		ssize_t n = splice(p->fd[0], NULL, to, NULL, p->len,
		    SPLICE_F_MOVE | SPLICE_F_NONBLOCK);

		if (n == -1) {
			f->writable = !sock_would_block();
			return f->writable ? failed(STEP_NO_SINK) : STEP_BLOCKED;
		}
		p->len -= (size_t)n;
	}
	f->pipe = NULL;
	pipe_give(pool, p);
	return STEP_MOVED;
}

/* After a read of n bytes that asked for more: the queue is empty, and the end may come next. */
static void
drained(struct relay_flow *f)
{
	if (f->urgent)
		return;
	f->readable = false;
	f->eof = f->fin;
}

/* A read of 0 bytes: the source has ended, or was reset and a write was told of that already. */
static enum step
ended(struct relay_flow *f)
{
	f->eof = !f->cut;
	return f->cut ? STEP_NO_SOURCE : STEP_MOVED;
}

/* Whether a read of n bytes is bulk. So many in a row are worth a pipe. */
static void
rate(struct relay_flow *f, size_t n)
{
	if (n < LARGE_READ)
		f->large = 0;
	else if (f->large < RELAY_LARGE_READS)
		f->large++;
}

/* Write n bytes, and keep what the destination does not take. */
static enum step
write_through(struct relay_flow *f, int to, const uint8_t *bytes, size_t n)
{
	ssize_t w = put(f, to, bytes, n);

	if (w == -1 && !sock_would_block())
		return failed(STEP_NO_SINK);
	if (w == (ssize_t)n)
		return STEP_MOVED;
	f->writable = false;
	w = w == -1 ? 0 : w;
	return keep(f, bytes + w, n - (size_t)w);
}

/*
 * Hold the n bytes just read until the turn's end.
 * False: not of the kind to hold, or there is no room.
 */
static bool
hold(struct relay_pool *pool, struct relay *r, int i, size_t n)
{
	struct relay_flow *f = &r->flow[i];

	if (n > HOLD_LARGEST || f->large > 0 || f->readable ||
	    pool->n_held == HELD_MAX || HELD_BYTES - pool->held_len < n)
		return false;
	memcpy(pool->held_bytes + pool->held_len, pool->scratch, n);
	f->held = (uint16_t)pool->n_held;
	pool->held[pool->n_held++] = (struct held){ r, (uint32_t)pool->held_len, (uint32_t)n, i };
	pool->held_len += n;
	ev_defer(pool->ev, &pool->write_held);
	return true;
}

static enum step
release_held(struct relay_pool *pool, struct relay_flow *f, int to)
{
	struct held *h = &pool->held[f->held];

	h->r = NULL;
	f->held = 0;
	return write_through(f, to, pool->held_bytes + h->at, h->len);
}

static enum step
copy(struct relay_pool *pool, struct relay *r, int i, int from, int to)
{
	struct relay_flow *f = &r->flow[i];
	size_t chunk = (size_t)1 << f->chunk;
	ssize_t n = sock_get(from, pool->scratch, chunk);
	bool filled = n == (ssize_t)chunk;
	enum step step;

	if (n == -1) {
		f->readable = !sock_would_block();
		return f->readable ? failed(STEP_NO_SOURCE) : STEP_BLOCKED;
	}
	if (n == 0)
		return ended(f);
	r->bytes[i] += (uint64_t)n;
	rate(f, (size_t)n);
	if (!filled)
		drained(f);
	if (hold(pool, r, i, (size_t)n))
		return STEP_BLOCKED;
	step = write_through(f, to, pool->scratch, (size_t)n);
	if (step == STEP_MOVED && filled && f->chunk < CHUNK_LAST)
		f->chunk++;
	return step;
}

/* The kernel does not do it for these descriptors, or a sandbox for nobody: bytes can be copied. */
static bool
splice_is_refused(void)
{
	return errno == EINVAL || errno == ENOSYS || errno == EPERM;
}

/* Only into an empty pipe: with bytes inside, EAGAIN would not say which side is to blame. */
static enum step
move(struct relay_pool *pool, struct relay_flow *f, int from, int to, uint64_t *bytes)
{
	struct relay_pipe *p = pipe_take(pool);
	ssize_t n;

	if (p == NULL) {
		f->large = 0;
		return STEP_MOVED;
	}
	n = splice(from, NULL, p->fd[1], NULL, PIPE_SIZE, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
	if (n <= 0) {
		pipe_give(pool, p);
		if (n == 0)
			return ended(f);
		if (splice_is_refused()) {
			f->no_splice = true;
			return STEP_MOVED;
		}
		f->readable = !sock_would_block();
		return f->readable ? failed(STEP_NO_SOURCE) : STEP_BLOCKED;
	}
	*bytes += (uint64_t)n;
	p->len = (size_t)n;
	f->pipe = p;
	return flush_pipe(pool, f, to);
}

/*
 * The source has ended and all is written: tell the destination, unless both are to be closed now
 * anyway. A close that is a reset would take along what MSG_MORE held back.
 */
static enum step
finish(struct relay *r, int i)
{
	r->flow[i].over = true;
	if (i == 1 && r->out_fd != r->end[0].fd)
		launch_last_word(r->end[0].fd, &r->out_fd);
	else if (!r->flow[!i].over || r->broken != RELAY_NONE)
		(void)shutdown(r->end[!i].fd, SHUT_WR);
	return STEP_BLOCKED;
}

static enum step
step(struct relay_pool *pool, struct relay *r, int i)
{
	struct relay_flow *f = &r->flow[i];
	int from = r->end[i].fd, to = i == 0 ? r->end[1].fd : r->out_fd;

	if (f->over)
		return STEP_BLOCKED;
	if (f->held != 0)
		return release_held(pool, f, to);
	if (f->spill != NULL)
		return f->writable ? flush_spill(f, to) : STEP_BLOCKED;
	if (f->pipe != NULL)
		return f->writable ? flush_pipe(pool, f, to) : STEP_BLOCKED;
	if (f->eof)
		return finish(r, i);
	if (!f->readable)
		return STEP_BLOCKED;
	return f->large == RELAY_LARGE_READS && !f->no_splice ?
	    move(pool, f, from, to, &r->bytes[i]) : copy(pool, r, i, from, to);
}

/*
 * The destination of flow i is gone. What it still had to send is delivered first; EPIPE means that
 * its end follows that, as it came before it was gone.
 */
static void
lose_sink(struct relay_pool *pool, struct relay *r, int i)
{
	r->flow[!i].cut = errno != EPIPE;
	r->broken = (int8_t)!i;
	drop_pending(pool, &r->flow[i]);
	r->flow[i].over = true;
	r->flow[!i].readable = r->flow[!i].urgent = true;
}

static void
break_off(struct relay *r, int end)
{
	r->broken = (int8_t)end;
	for (int i = 0; i < 2; i++) {
		if (!r->flow[i].over)
			r->flow[i].eof = false;		/* nobody was told */
		r->flow[i].over = true;
	}
}

/*
 * Most connections never fill a socket: asking about room from the start
 * would cost an event for nothing.
 */
static void
ask_for_room(struct relay_pool *pool, struct relay *r, int i)
{
	if (r->flow[i].told || (i == 1 && r->out_fd != r->end[0].fd))
		return;
	r->flow[i].told = true;
	(void)ev_mod(pool->ev, &r->end[!i], EV_READ | EV_WRITE | EV_EDGE);
}

static void
pump_flow(struct relay_pool *pool, struct relay *r, int i)
{
	struct relay_flow *f = &r->flow[i];
	uint64_t start = r->bytes[i];

	for (;;) {
		switch (step(pool, r, i)) {
		case STEP_MOVED:
			if (r->bytes[i] - start < TURN_MAX)
				continue;
			enqueue(pool, r);
			return;
		case STEP_BLOCKED:
			if (!f->writable)
				ask_for_room(pool, r, i);
			if (f->large == RELAY_LARGE_READS && r->bytes[i] != start &&
			    r->bytes[i] - start < SPLICE_MIN)
				f->large = 0;
			return;
		case STEP_NO_SOURCE:
			break_off(r, i);
			return;
		case STEP_NO_MEMORY:
			break_off(r, RELAY_BOTH);
			return;
		case STEP_NO_SINK:
			lose_sink(pool, r, i);
			return;
		}
	}
}

/*
 * Write what the turn has read. An owner is told only where that may be the end of its relay: one
 * of a direction was passed on, or a destination is gone.
 */
static void
write_held(struct ev_task *task)
{
	struct relay_pool *pool = EV_CONTAINER(task, struct relay_pool, write_held);

	for (size_t n = 1; n < pool->n_held; n++) {
		struct relay *r = pool->held[n].r;
		int i = pool->held[n].flow;

		if (r == NULL)
			continue;
		pump_flow(pool, r, i);
		if (r->flow[i].eof || r->broken != RELAY_NONE)
			pool->more(r);
	}
	pool->n_held = 1;
	pool->held_len = 0;
}

/* Bytes that were read and wait to be written, except those held until the turn's end. */
static size_t
waiting(const struct relay *r)
{
	size_t n = 0;

	for (int i = 0; i < 2; i++)
		n += (r->flow[i].spill != NULL ? r->flow[i].spill->len : 0) +
		    (r->flow[i].pipe != NULL ? r->flow[i].pipe->len : 0);
	return n;
}

/* Both directions, as much as their turns allow. Returns whether anything happened. */
static bool
pump_both(struct relay_pool *pool, struct relay *r, int end)
{
	uint64_t bytes = r->bytes[0] + r->bytes[1];
	size_t wait = waiting(r);
	bool half = relay_half_closed(r);

	pump_flow(pool, r, end);
	pump_flow(pool, r, !end);
	if (r->broken == end)	/* found by the second flow: the first has a last chance */
		pump_flow(pool, r, end);
	return r->bytes[0] + r->bytes[1] != bytes || waiting(r) != wait ||
	    relay_half_closed(r) != half;
}

/*
 * Of a client on two descriptors: a pipe that nobody reads any more is no end of one that has ended
 * its own direction, as long as there is nothing to write.
 */
static bool
client_is_gone(const struct relay *r)
{
	int in = sock_error(r->end[0].fd), out = sock_error(r->out_fd);

	if (out == ENOTSOCK && r->flow[1].spill == NULL && sock_has_ended(r->end[0].fd))
		return in != 0 && in != ENOTSOCK;
	return in != 0 || out != 0;
}

/*
 * Whether it is over though a direction is not: no read or write was due to show an error,
 * or it showed on one of the client's two descriptors, and the other one may stay silent for ever.
 */
static bool
is_gone(const struct relay *r, int end, unsigned events)
{
	bool two = r->out_fd != r->end[0].fd && r->out_fd != -1;

	if (r->broken != RELAY_NONE)
		return r->broken == 0 && two;
	if (!(events & EV_ERROR))
		return false;
	return end == 0 && two ? client_is_gone(r) : sock_error(r->end[end].fd) != 0;
}

static bool
is_over(const struct relay *r)
{
	return r->flow[0].over && r->flow[1].over;
}

enum relay_state
relay_pump(struct relay_pool *pool, struct relay *r, int end, unsigned events)
{
	bool moved;

	relay_note(r, end, events);
	moved = pump_both(pool, r, end);
	if (!is_over(r) && is_gone(r, end, events))
		break_off(r, r->broken == RELAY_NONE ? end : r->broken);
	return is_over(r) ? RELAY_OVER : moved ? RELAY_MOVED : RELAY_STILL;
}
