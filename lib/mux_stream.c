/* SPDX-License-Identifier: ISC */
/* One stream of a tunnel session: between its frames and its descriptor. */
#include "mux_private.h"

#include <stdlib.h>
#include <sys/socket.h>

#include "relay.h"

#define FRAMES 8		/* read at once from a bulk stream; others get one */
#define BLAME_MIN 65536u	/* kept bytes from which a stream may be to blame, at the limit */

/* ---- queues ---- */

static void
queue_put(struct mux_queue *q, struct mux_stream *s)
{
	s->next_due = NULL;
	*q->last = s;
	q->last = &s->next_due;
}

struct mux_stream *
mux_queue_take(struct mux_queue *q)
{
	struct mux_stream *s = q->first;

	if (s == NULL)
		return NULL;
	q->first = s->next_due;
	if (q->first == NULL)
		q->last = &q->first;
	return s;
}

static void
queue_remove(struct mux_queue *q, struct mux_stream *s)
{
	struct mux_stream **at = &q->first;

	while (*at != s)
		at = &(*at)->next_due;
	*at = s->next_due;
	if (q->last == &s->next_due)
		q->last = at;
}

/*
 * Bytes that may be read now. Bulk data goes in whole frames as long
 * as the window has room for one.
 */
static size_t
may_read(const struct mux_stream *s)
{
	uint32_t may = yamux_may_send(&s->y);

	return s->bulk && may >= YAMUX_DATA_MAX ? may - may % YAMUX_DATA_MAX : may;
}

static bool
has_to_send(const struct mux_stream *s)
{
	if (s->dead || s->y.fin_sent || s->y.id == 0)
		return false;
	if (s->out != NULL)
		return yamux_may_send(&s->y) > 0;
	return s->eof || (s->readable && may_read(s) > 0);
}

void
mux_stream_ready(struct mux_stream *s)
{
	if (s->ready || !has_to_send(s))
		return;
	s->ready = true;
	queue_put(&s->mux->ready, s);
	mux_due(s->mux);
}

/* ---- what is kept for its descriptor ---- */

static size_t
spill_size(const struct spill *p)
{
	return p == NULL ? 0 : sizeof(*p) + p->size;
}

/* The size of s->in has changed. */
static void
account(struct mux_stream *s, size_t before)
{
	size_t more = spill_size(s->in) - before;	/* or less: unsigned arithmetic wraps */

	s->mux->kept += more;
	s->mux->pool->kept += more;
}

static void
drop_in(struct mux_stream *s, size_t n)
{
	size_t before = spill_size(s->in);

	spill_drop(&s->in, n);
	account(s, before);
}

static void
free_in(struct mux_stream *s)
{
	if (s->in != NULL)
		drop_in(s, s->in->len);
}

/*
 * How much one session may keep: at most half of what the others leave. So a few greedy ones
 * get their fill, and many get less each. Every session may keep what control messages and the
 * first bytes of streams need.
 */
static size_t
allowance(const struct mux *m)
{
	size_t others = m->pool->kept - m->kept;
	size_t half = others < m->pool->kept_max ? (m->pool->kept_max - others) / 2 : 0;

	return half > MUX_MEMORY_MAX ? MUX_MEMORY_MAX :
	    half < MUX_MEMORY_MIN ? MUX_MEMORY_MIN : half;
}

/* ---- its end ---- */

static void
let_go(struct mux_stream *s)
{
	struct mux *m = s->mux;

	yamux_reset(m->y, &s->y);
	free_in(s);
	free(s->out);
	s->out = NULL;
	ev_timer_at(m->pool->ev, &s->deadline, 0);
	mux_window_forget(s);
	if (s->ready)
		queue_remove(&m->ready, s);
	s->ready = false;
}

static void
leave(struct mux_stream *s)
{
	*s->at = s->next;
	if (s->next != NULL)
		s->next->at = s->at;
	s->mux = NULL;
}

void
mux_stream_doom(struct mux_stream *s, enum mux_end end)
{
	if (s->dead)
		return;
	s->dead = true;
	s->end = (uint8_t)end;
	let_go(s);
	queue_put(&s->mux->doomed, s);
	mux_due(s->mux);
}

bool
mux_streams_tell(struct mux *m)
{
	struct mux_stream *s;

	while (!m->freed && (s = mux_queue_take(&m->doomed)) != NULL) {
		leave(s);
		s->ops->ended(s, (enum mux_end)s->end);
	}
	return !m->freed;
}

bool
mux_streams_lose(struct mux *m)
{
	for (struct mux_stream *s; (s = mux_queue_take(&m->ready)) != NULL; )
		s->ready = false;
	for (struct mux_stream *s = m->streams; s != NULL; s = s->next)
		mux_stream_doom(s, MUX_LOST);
	return mux_streams_tell(m);
}

bool
mux_streams_finish(struct mux *m)
{
	bool left = false;

	for (struct mux_stream *s = m->streams; s != NULL; s = s->next) {
		if (s->joined && s->in != NULL && s->y.fin_received && yamux_over(&s->y))
			left = true;
		else
			mux_stream_doom(s, MUX_LOST);
	}
	return left;
}

void
mux_reset(struct mux_stream *s)
{
	struct mux *m = s->mux;

	if (m == NULL)
		return;
	if (s->dead)
		queue_remove(&m->doomed, s);
	else
		let_go(s);
	leave(s);
	mux_due(m);
}

/* ---- its beginning ---- */

static void
enter(struct mux *m, struct mux_stream *s, const struct mux_stream_ops *ops)
{
	s->mux = m;
	s->ops = ops;
	s->window = YAMUX_WINDOW_START;
	s->next = m->streams;
	s->at = &m->streams;
	if (s->next != NULL)
		s->next->at = &s->next;
	m->streams = s;
	if (yamux_has_out(m->y))
		mux_due(m);
}

bool
mux_open(struct mux *m, struct mux_stream *s, const struct mux_stream_ops *ops)
{
	if (m->over || m->closing || !yamux_open(m->y, &s->y))
		return false;
	enter(m, s, ops);
	return true;
}

void
mux_accept(struct mux *m, struct mux_stream *s, const struct mux_stream_ops *ops)
{
	yamux_accept(m->y, &s->y);
	enter(m, s, ops);
}

struct mux *
mux_of(const struct mux_stream *s)
{
	return s->mux;
}

/* ---- its timers ---- */

static struct relay_silence
silence(const struct mux_stream *s)
{
	return relay_silence(s->eof != s->y.fin_received, s->mux->conf.half_close_ms,
	    s->mux->conf.idle_ms);
}

/* Something moved, or ended. */
static void
touch(struct mux_stream *s)
{
	if (s->joined)
		ev_timer_in(s->mux->pool->ev, &s->deadline, silence(s).ms);
}

static void
on_deadline(struct ev_timer *t)
{
	struct mux_stream *s = EV_CONTAINER(t, struct mux_stream, deadline);
	uint64_t rest_ms = sock_rest_ms(s->io.fd, silence(s).ms);

	if (rest_ms > 0)	/* the kernel is still sending what was written */
		ev_timer_in(s->mux->pool->ev, t, rest_ms);
	else
		mux_stream_doom(s, silence(s).end == END_HALF_CLOSE ? MUX_HALF_CLOSE : MUX_IDLE);
}

/* ---- from the peer to the descriptor ---- */

/* Everything is written: pass on the peer's end, or end the stream. */
static void
settle(struct mux_stream *s)
{
	if (s->dead || s->in != NULL || !s->y.fin_received)
		return;
	if (yamux_over(&s->y)) {
		mux_stream_doom(s, s->broken ? MUX_LOCAL_RESET : MUX_CLOSED);
	} else if (s->joined && !s->shut && !s->broken) {
		s->shut = true;
		(void)shutdown(s->io.fd, SHUT_WR);
	}
}

/* The descriptor takes no more. What it still has to send is delivered first, then the reset. */
static void
sink_broke(struct mux_stream *s)
{
	bool memory = sock_no_memory();

	free_in(s);
	s->broken = true;
	if (s->eof || memory) {
		mux_stream_doom(s, memory ? MUX_MEMORY : MUX_LOCAL_RESET);
		return;
	}
	s->readable = s->urgent = true;
	mux_stream_ready(s);
}

/* The peer's FIN is to travel with the last bytes: where it is there it is known by now. */
static ssize_t
put(struct mux_stream *s, const struct iovec *iov, int n, size_t len)
{
	sock_before_put(s->io.fd, &s->nagle, len);
	return sock_put(s->io.fd, iov, n, s->y.fin_received ? MSG_MORE : 0);
}

/* n bytes, at least one, were written. */
static void
took(struct mux_stream *s, size_t n)
{
	s->stuck_ms = (uint32_t)ev_now_ms(s->mux->pool->ev);
	mux_window_credit(s, n);
}

/* How many of the bytes the descriptor took. */
static size_t
write_through(struct mux_stream *s, const struct iovec *iov, int n, size_t len)
{
	ssize_t w = put(s, iov, n, len);

	s->writable = w == (ssize_t)len;
	if (w == -1 && !sock_would_block())
		sink_broke(s);
	if (w <= 0)
		return 0;
	took(s, (size_t)w);
	return (size_t)w;
}

/* Write what was kept. */
static void
drain(struct mux_stream *s)
{
	struct iovec iov = { s->in->bytes + s->in->at, s->in->len };
	size_t n = write_through(s, &iov, 1, iov.iov_len);

	if (n == 0)
		return;
	touch(s);
	drop_in(s, n);
	settle(s);
}

/*
 * Whether a rather than b is to blame for a session at its limit: the one whose
 * descriptor has taken nothing for longer. One that reads may also keep a lot for a
 * moment, its window having grown.
 */
static bool
to_blame(const struct mux_stream *a, const struct mux_stream *b)
{
	bool much = spill_size(a->in) >= BLAME_MIN;

	if (much != (spill_size(b->in) >= BLAME_MIN))
		return much;
	if (!much || a->stuck_ms == b->stuck_ms)
		return spill_size(a->in) > spill_size(b->in);
	return (int32_t)(a->stuck_ms - b->stuck_ms) < 0;
}

/* It keeps something, so there is one to cut. */
static void
cut_one(struct mux *m)
{
	struct mux_stream *cut = NULL;

	for (struct mux_stream *s = m->streams; s != NULL; s = s->next)
		if (s->in != NULL && (cut == NULL || to_blame(s, cut)))
			cut = s;
	mux_stream_doom(cut, MUX_MEMORY);
}

/* Keep the pieces but for their first skip bytes. */
static void
keep(struct mux_stream *s, const struct iovec *iov, int n, size_t skip)
{
	struct mux *m = s->mux;
	size_t before = spill_size(s->in);

	if (s->in == NULL)
		s->stuck_ms = (uint32_t)ev_now_ms(m->pool->ev);
	if (!spill_add_pieces(&s->in, iov, n, skip, s->window)) {
		mux_stream_doom(s, MUX_MEMORY);
		return;
	}
	account(s, before);
	while (m->kept > allowance(m))
		cut_one(m);
}

void
mux_stream_input(struct mux_stream *s, const struct iovec *iov, int n, size_t len)
{
	size_t done = 0;

	if (s->dead)
		return;
	s->rx += len;
	s->mux->rx += len;
	if (s->broken)
		return;
	touch(s);
	if (s->joined && s->writable && s->in == NULL)
		done = write_through(s, iov, n, len);
	if (done < len && !s->broken)
		keep(s, iov, n, done);
	if (!s->joined && !s->dead && s->ops->data != NULL)
		s->ops->data(s);
}

void
mux_stream_fin(struct mux_stream *s)
{
	if (s->dead)
		return;
	touch(s);
	if (!s->joined && s->ops->data != NULL) {
		struct mux *m = s->mux;

		s->ops->data(s);
		if (s->mux != m)	/* reset, or the session was freed */
			return;
	}
	settle(s);
}

/* ---- from the descriptor to the peer ---- */

/*
 * After a read that brought less than was asked for:
 * the queue is empty, and the end may come next.
 */
static void
drained(struct mux_stream *s)
{
	if (s->urgent)
		return;
	s->readable = false;
	s->eof = s->hup;
}

/*
 * Where frames' payloads go in the room at out, at most want bytes together;
 * returns how many pieces, *sum bytes.
 */
static int
lay_out(struct iovec iov[FRAMES], uint8_t *out, size_t room, size_t want, size_t *sum)
{
	int n = 0;

	for (*sum = 0; n < FRAMES && *sum < want && room > YAMUX_HEADER; n++) {
		size_t piece = want - *sum;

		if (piece > YAMUX_DATA_MAX)
			piece = YAMUX_DATA_MAX;
		if (piece > room - YAMUX_HEADER)
			piece = room - YAMUX_HEADER;
		iov[n] = (struct iovec){ out + YAMUX_HEADER, piece };
		out += YAMUX_HEADER + piece;
		room -= YAMUX_HEADER + piece;
		*sum += piece;
	}
	return n;
}

/* Write headers for the frames of the got bytes laid out in iov. */
static size_t
head(struct mux_stream *s, const struct iovec *iov, size_t got)
{
	size_t bytes = 0;

	s->tx += got;
	s->mux->tx += got;
	do {
		size_t piece = got < iov->iov_len ? got : iov->iov_len;

		got -= piece;
		yamux_data(s->mux->y, &s->y, (uint32_t)piece, false,
		    (uint8_t *)iov->iov_base - YAMUX_HEADER);
		bytes += YAMUX_HEADER + piece;
		iov++;
	} while (got > 0);
	touch(s);
	return bytes;
}

static size_t
output_kept(struct mux_stream *s, uint8_t *out, size_t room)
{
	struct iovec iov[FRAMES];
	size_t want = s->out->len, sum, may = yamux_may_send(&s->y);
	const uint8_t *from = s->out->bytes + s->out->at;
	int n = lay_out(iov, out, room, want < may ? want : may, &sum);

	for (int i = 0; i < n; i++) {
		memcpy(iov[i].iov_base, from, iov[i].iov_len);
		from += iov[i].iov_len;
	}
	spill_drop(&s->out, sum);
	return head(s, iov, sum);
}

/* A read that found no bytes: none for now, the end, or a broken descriptor. */
static void
read_nothing(struct mux_stream *s, ssize_t got)
{
	if (got == -1 && sock_would_block()) {
		s->readable = false;
		return;
	}
	if (got == -1 || s->broken || (s->error && sock_error(s->io.fd) != 0)) {
		mux_stream_doom(s, got == -1 && sock_no_memory() ? MUX_MEMORY : MUX_LOCAL_RESET);
		return;
	}
	s->eof = true;
}

static size_t
output_read(struct mux_stream *s, uint8_t *out, size_t room)
{
	struct iovec iov[FRAMES];
	size_t want = s->bulk ? FRAMES * YAMUX_DATA_MAX : YAMUX_DATA_MAX;
	size_t asked, may = may_read(s), bytes;
	int n = lay_out(iov, out, room, want < may ? want : may, &asked);
	ssize_t got = n > 1 ? readv(s->io.fd, iov, n) :
	    sock_get(s->io.fd, iov->iov_base, iov->iov_len);

	if (got <= 0) {
		read_nothing(s, got);
		return 0;
	}
	s->bulk = (size_t)got == asked;
	if (!s->bulk)
		drained(s);
	bytes = head(s, iov, (size_t)got);
	if (s->eof && s->broken)
		mux_stream_doom(s, MUX_LOCAL_RESET);
	return bytes;
}

/*
 * The end has a frame of its own: libraries of yamux look at flags before data, and may tell of it
 * before the last bytes are there.
 */
static size_t
output_end(struct mux_stream *s, uint8_t *out)
{
	yamux_data(s->mux->y, &s->y, 0, true, out);
	touch(s);
	return YAMUX_HEADER;
}

size_t
mux_stream_output(struct mux_stream *s, uint8_t *out, size_t room)
{
	size_t bytes = 0;

	if (!has_to_send(s))
		return 0;
	if (s->out != NULL)
		bytes = output_kept(s, out, room);
	else if (!s->eof)
		bytes = output_read(s, out, room);
	if (s->eof && s->out == NULL && !s->dead && room - bytes >= YAMUX_HEADER)
		bytes += output_end(s, out + bytes);
	if (s->y.fin_sent)
		settle(s);
	return bytes;
}

/* ---- its descriptor ---- */

static void
note(struct mux_stream *s, unsigned events)
{
	if (events & (EV_READ | EV_EOF))
		s->readable = true;
	if (events & EV_EOF)
		s->hup = true;
	if (events & (EV_URGENT | EV_ERROR))
		s->urgent = true;	/* after a reset, only a read tells if an end came first */
	if (events & EV_ERROR)
		s->error = true;
	if (events & EV_WRITE)
		s->writable = true;
}

static void
act(struct mux_stream *s)
{
	if (s->writable && s->in != NULL)
		drain(s);
	else
		settle(s);
	/* No read is left to report it. */
	if (!s->dead && s->error && (s->eof || !has_to_send(s)) && sock_error(s->io.fd) != 0)
		mux_stream_doom(s, MUX_LOCAL_RESET);
	if (!s->dead)
		mux_stream_ready(s);
}

static void
on_io(struct ev_io *io, unsigned events)
{
	struct mux_stream *s = EV_CONTAINER(io, struct mux_stream, io);

	if (s->mux == NULL || s->dead)
		return;
	note(s, events);
	act(s);
}

/*
 * A unix socket's read may stop short at a descriptor passed along in it,
 * with more bytes after that.
 */
static bool
is_tcp(int fd)
{
	int domain = AF_UNSPEC;
	socklen_t len = sizeof(domain);

	return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) == 0 &&
	    (domain == AF_INET || domain == AF_INET6);
}

void
mux_join(struct mux_stream *s, unsigned events)
{
	if (s->mux == NULL || s->dead)
		return;
	s->joined = true;
	s->io.cb = on_io;
	s->looked_us = mux_now_us();
	s->urgent = !is_tcp(s->io.fd);
	s->deadline.cb = on_deadline;
	note(s, events);
	touch(s);
	act(s);
}

/* ---- by hand ---- */

bool
mux_send(struct mux_stream *s, struct slice bytes)
{
	if (s->mux == NULL || s->dead || s->eof || bytes.len == 0)
		return true;
	if (!spill_add(&s->out, bytes.p, bytes.len, UINT32_MAX))
		return false;
	mux_stream_ready(s);
	return true;
}

struct slice
mux_peek(struct mux_stream *s)
{
	return s->in == NULL ? slice_of("", 0) :
	    slice_of((char *)s->in->bytes + s->in->at, s->in->len);
}

void
mux_take(struct mux_stream *s, size_t n)
{
	if (s->in == NULL || n == 0)
		return;
	drop_in(s, n);
	took(s, n);
	settle(s);
}

bool
mux_ended(const struct mux_stream *s)
{
	return s->y.fin_received;
}

void
mux_fin(struct mux_stream *s)
{
	if (s->mux == NULL || s->dead || s->eof)
		return;
	s->eof = true;
	mux_stream_ready(s);
}
