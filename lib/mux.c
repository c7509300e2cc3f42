/* SPDX-License-Identifier: ISC */
/* A tunnel session: its life, its turns, and the walk over what the peer sends. */
#include "mux_private.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sock.h"

#define TURN_MAX (256u * 1024u)		/* bytes of one session and direction in one turn */
#define READ_COUNTS (TURN_MAX / 16u)	/* least a read counts as: small records cost no less */
#define WRITE_COUNTS 1024u		/* so does a write to a stream's descriptor */
#define PIECES 64			/* pieces of one stream's data written at once */
#define LINGER_MS 2000u			/* for a peer to take more of the last bytes, then to end */
#define GOODBYE_MAX 1024		/* bytes that are hardly a visitor's */

/* ---- the pool ---- */

struct mux_pool *
mux_pool_new(struct ev *ev)
{
	struct mux_pool *pool = calloc(1, sizeof(*pool));
	size_t quarter = (size_t)sysconf(_SC_PHYS_PAGES) / 4 * (size_t)sysconf(_SC_PAGESIZE);

	if (pool == NULL)
		return NULL;
	pool->ev = ev;
	mux_pool_limit(pool, quarter < MUX_POOL_MEMORY_MAX ? quarter : MUX_POOL_MEMORY_MAX);
	pool->in = aligned_alloc(4096, MUX_IN_SIZE);
	pool->out = aligned_alloc(4096, MUX_OUT_SIZE);
	if (pool->in != NULL && pool->out != NULL)
		return pool;
	mux_pool_free(pool);
	return NULL;
}

void
mux_pool_limit(struct mux_pool *pool, size_t bytes)
{
	pool->kept_max = bytes;
}

void
mux_pool_free(struct mux_pool *pool)
{
	if (pool == NULL)
		return;
	free(pool->in);
	free(pool->out);
	free(pool);
}

const char *
mux_end_word(enum mux_end end)
{
	static const char *const word[] = {
		[MUX_CLOSED] = "closed",
		[MUX_LOCAL_RESET] = "local-reset",
		[MUX_PEER_RESET] = "peer-reset",
		[MUX_IDLE] = "idle",
		[MUX_HALF_CLOSE] = "half-close",
		[MUX_MEMORY] = "memory",
		[MUX_LOST] = "lost",
		[MUX_SILENT] = "silent",
		[MUX_PROTOCOL] = "protocol",
	};

	return word[end];
}

enum conn_end
mux_conn_end(enum mux_end end, enum conn_end local, enum conn_end remote)
{
	switch (end) {
	case MUX_CLOSED:
		return END_CLOSED;
	case MUX_LOCAL_RESET:
		return local;
	case MUX_IDLE:
		return END_IDLE;
	case MUX_HALF_CLOSE:
		return END_HALF_CLOSE;
	case MUX_MEMORY:
		return END_LIMIT;
	case MUX_PEER_RESET:
	case MUX_LOST:
	case MUX_SILENT:
	case MUX_PROTOCOL:
		break;
	}
	return remote;
}

/* ---- its end ---- */

static void send_control(struct mux *m);
static void linger_on(struct mux *m);

/* Streams are told first, then the owner. */
void
mux_end(struct mux *m, enum mux_end how, const char *why)
{
	if (m->over)
		return;
	m->over = true;
	snprintf(m->why, sizeof(m->why), "%s", why);
	if (how == MUX_PROTOCOL)
		send_control(m);
	ev_timer_at(m->pool->ev, &m->life, 0);
	ev_undefer(m->pool->ev, &m->task);
	if (mux_streams_lose(m))
		m->ops->ended(m, how);
}

void
mux_ended_by_peer(struct mux *m)
{
	if (m->closing || !mux_streams_finish(m)) {
		mux_end(m, MUX_CLOSED, "the peer ended it");
		return;
	}
	m->closing = MUX_DELIVERING;
	(void)shutdown(m->io.fd, SHUT_WR);
	ev_timer_at(m->pool->ev, &m->life, 0);
	mux_due(m);
	m->ops->goaway(m);	/* again, if it had said so before */
}

/* Streams end as their last bytes are written; with the last of them, the session does. */
static void
deliver(struct mux *m)
{
	if (mux_streams_tell(m) && m->streams == NULL)
		mux_end(m, MUX_CLOSED, "the peer ended it");
}

void
mux_free(struct mux *m)
{
	if (m == NULL || m->freed)
		return;
	m->over = true;
	if (!mux_streams_lose(m))
		return;		/* one of them did it */
	m->freed = true;
	ev_timer_at(m->pool->ev, &m->life, 0);
	ev_undefer(m->pool->ev, &m->task);
	ev_del(m->pool->ev, &m->io);
	m->io.fd = -1;
	tls_drop(m->tls);
	yamux_free(m->y);
	free(m->pending);
	ev_free_later(m->pool->ev, m);
}

/* ---- what the peer sends ---- */

/* Data of one stream, in pieces, to be written at once. */
struct gather {
	struct mux_stream *s;		/* NULL: none */
	size_t len;
	size_t writes;			/* so far */
	int n;
	struct iovec iov[PIECES];
};

static bool
gather_add(struct gather *g, struct mux_stream *s, struct slice data)
{
	if ((g->s != NULL && g->s != s) || g->n == PIECES)
		return false;
	g->s = s;
	g->iov[g->n++] = (struct iovec){ (void *)(uintptr_t)data.p, data.len };
	g->len += data.len;
	return true;
}

static void
gather_flush(struct gather *g)
{
	struct mux_stream *s = g->s;

	if (s == NULL)
		return;
	g->s = NULL;
	g->writes++;
	mux_stream_input(s, g->iov, g->n, g->len);
	g->n = 0;
	g->len = 0;
}

static struct mux_stream *
stream_of(const struct yamux_what *what)
{
	return EV_CONTAINER(what->stream, struct mux_stream, y);
}

/* One event other than data. */
static void
act(struct mux *m, enum yamux_event e, const struct yamux_what *what)
{
	switch (e) {
	case YAMUX_OPENED:
		if (m->leaving)
			yamux_refuse(m->y);
		else
			m->ops->opened(m);
		break;
	case YAMUX_WINDOW:
		mux_stream_ready(stream_of(what));
		break;
	case YAMUX_FIN:
		mux_stream_fin(stream_of(what));
		break;
	case YAMUX_RESET:
		mux_stream_doom(stream_of(what), MUX_PEER_RESET);
		break;
	case YAMUX_GOAWAY:
		m->ops->goaway(m);
		break;
	case YAMUX_BAD:
		mux_end(m, MUX_PROTOCOL, yamux_why(m->y));
		break;
	case YAMUX_PONG:
		mux_rtt_pong(m, what->value);
		break;
	case YAMUX_MORE:
	case YAMUX_DATA:
		break;
	}
}

/*
 * Walk over what came; returns how many writes that took. Any callback may free the session: its
 * memory lives on until the end of the turn.
 */
static size_t
hear(struct mux *m, const uint8_t *bytes, size_t len)
{
	struct gather g;
	struct yamux_what what;

	g.s = NULL;
	g.len = g.writes = 0;
	g.n = 0;
	while (!m->over) {
		size_t used;
		enum yamux_event e;

		what.stream = NULL;
		e = yamux_next(m->y, bytes, len, &used, &what);
		bytes += used;
		len -= used;
		if (e == YAMUX_DATA && gather_add(&g, stream_of(&what), what.data))
			continue;
		gather_flush(&g);
		if (e == YAMUX_MORE || m->over)
			break;
		if (what.stream != NULL && stream_of(&what)->mux != m)	/* its owner has reset it */
			continue;
		if (e == YAMUX_DATA)
			gather_add(&g, stream_of(&what), what.data);
		else
			act(m, e, &what);
	}
	return g.writes;
}

/* The cost of a read, in bytes of bulk data. */
static size_t
cost(size_t n, size_t writes)
{
	size_t least = writes * WRITE_COUNTS > READ_COUNTS ? writes * WRITE_COUNTS : READ_COUNTS;

	return n > least ? n : least;
}

/*
 * A turn's worth of what the socket has. Slow streams do not stop this:
 * credit bounds what can come.
 */
static void
input(struct mux *m)
{
	size_t sum = 0, n, writes;

	while (m->readable && !m->over && sum < TURN_MAX) {
		n = mux_link_read(m);
		if (n == 0)
			break;
		m->heard_ms = ev_now_ms(m->pool->ev);
		writes = hear(m, m->pool->in, n);
		m->crumbs = writes * WRITE_COUNTS > n;
		sum += cost(n, writes);
	}
	/* when blocked, room makes it due */
	if (!m->over && (m->readable || (yamux_has_out(m->y) && !m->blocked)))
		mux_due(m);
}

/* ---- what we send ---- */

void
mux_due(struct mux *m)
{
	if (!m->over)
		ev_defer(m->pool->ev, &m->task);
}

/* Whether bytes from mux_send() are waiting only for their turn. */
static bool
has_words(const struct mux *m)
{
	for (const struct mux_stream *s = m->streams; s != NULL; s = s->next)
		if (s->out != NULL && yamux_may_send(&s->y) > 0)
			return true;
	return false;
}

/* The GOAWAY, if due: by then the peer must have been told why. */
static size_t
fill_goaway(struct mux *m, uint8_t *out, size_t room)
{
	if (!m->leaving || m->left || room < YAMUX_HEADER || has_words(m))
		return 0;
	m->left = true;
	yamux_goaway(m->y, YAMUX_GOAWAY_NORMAL);
	return yamux_out(m->y, out, room);
}

/*
 * Fill the pool's buffer: control frames first, then the streams in turn, a piece each.
 * Those with a lot to send leave no room behind them.
 */
static size_t
fill(struct mux *m)
{
	uint8_t *out = m->pool->out;
	size_t at = yamux_out(m->y, out, MUX_OUT_SIZE);
	struct mux_stream *s;

	at += fill_goaway(m, out + at, MUX_OUT_SIZE - at);
	while (at + MUX_ROOM_MIN <= m->room && (s = mux_queue_take(&m->ready)) != NULL) {
		s->ready = false;
		if (m->closing && s->out == NULL && !s->eof)
			continue;
		at += mux_stream_output(s, out + at, m->room - at);
		mux_stream_ready(s);
	}
	return at;
}

/* Send what there is to send while the socket has room, a turn's worth of it. */
static void
output(struct mux *m)
{
	size_t sum = 0, n;

	while (!m->over && mux_link_push(m) && sum < TURN_MAX) {
		n = fill(m);
		if (n == 0)
			return;
		mux_link_write(m, n);
		sum += n;
	}
	if (!m->over && !m->blocked)
		mux_due(m);
}

/* The last frames of a session that is over: whatever the machine has to send. */
static void
send_control(struct mux *m)
{
	size_t n;

	if (!mux_link_push(m))
		return;
	n = yamux_out(m->y, m->pool->out, MUX_OUT_SIZE);
	if (n > 0)
		mux_link_write(m, n);
}

/* ---- its life ---- */

/*
 * When a ping is due. An ancestor pings seldom, and some of them not while they hear something,
 * be it one way only: it is asked when it is silent, whatever it was sent.
 */
static uint64_t
ping_at(const struct mux *m)
{
	uint64_t since = m->said_ms;

	if (m->conf.heartbeat_ms == 0)
		return UINT64_MAX;
	if (m->conf.ancestor && m->heard_ms < since)
		since = m->heard_ms > m->pinged_ms ? m->heard_ms : m->pinged_ms;
	return since + m->conf.heartbeat_ms;
}

static void
watch(struct mux *m)
{
	uint64_t ping = ping_at(m);
	uint64_t death = m->conf.dead_ms == 0 ? UINT64_MAX : m->heard_ms + m->conf.dead_ms;
	uint64_t due = ping < death ? ping : death;

	ev_timer_at(m->pool->ev, &m->life, due == UINT64_MAX ? 0 : due);
}

/* Whether nothing was heard for too long. */
static bool
late(const struct mux *m)
{
	return m->conf.dead_ms != 0 && ev_now_ms(m->pool->ev) >= m->heard_ms + m->conf.dead_ms;
}

/* The same, but we may have been stopped ourselves: so what waits in the socket counts. */
static bool
silent(struct mux *m)
{
	if (!late(m))
		return false;
	if (mux_link_waiting(m))
		m->heard_ms = ev_now_ms(m->pool->ev);
	m->readable = true;
	input(m);
	return !mux_has_ended(m) && late(m);
}

static void
on_life(struct ev_timer *t)
{
	struct mux *m = EV_CONTAINER(t, struct mux, life);
	uint64_t now = ev_now_ms(m->pool->ev);
	char why[64];

	if (m->closing == MUX_LINGERING) {
		linger_on(m);
		return;
	}
	if (silent(m)) {
		snprintf(why, sizeof(why), "nothing came for %" PRIu64 " ms", now - m->heard_ms);
		mux_end(m, MUX_SILENT, why);
	}
	if (mux_has_ended(m))
		return;
	if (now >= ping_at(m)) {
		m->said_ms = m->pinged_ms = now;
		m->ping_us = 0;		/* a measuring ping not yet sent is replaced, unanswered */
		yamux_ping(m->y, m->pings++);
		mux_due(m);
	}
	watch(m);
}

void
mux_heartbeat(struct mux *m, uint64_t heartbeat_ms, uint64_t dead_ms)
{
	if (mux_has_ended(m) || m->closing == MUX_LINGERING)
		return;
	m->conf.heartbeat_ms = heartbeat_ms;
	m->conf.dead_ms = dead_ms;
	mux_link_limit(m);
	watch(m);
}

/* ---- its end in order ---- */

/* The last frames, then the end itself. False: the socket has no room for some of it yet. */
static bool
say_the_rest(struct mux *m)
{
	size_t n;

	while (!m->over && m->closing == MUX_FINISHING && mux_link_push(m)) {
		n = fill(m);
		if (n > 0) {
			mux_link_write(m, n);
			continue;
		}
		m->closing = MUX_ENDING;
		if (m->tls != NULL)
			tls_goodbye(m->tls);
	}
	return !m->over && m->closing == MUX_ENDING && mux_link_push(m);
}

/*
 * Doom the joined ones: sending the rest may take a while,
 * and they are not to be served meanwhile.
 */
static void
lose_joined(struct mux *m)
{
	for (struct mux_stream *s = m->streams; s != NULL; s = s->next)
		if (s->joined)
			mux_stream_doom(s, MUX_LOST);
	mux_streams_tell(m);
}

/*
 * Read what still comes and drop it: left unread, or answered by a closed socket, it causes a reset
 * that overtakes what we sent.
 */
static void
linger(struct mux *m)
{
	ssize_t n = recv(m->io.fd, m->pool->in, MUX_IN_SIZE, 0);

	if (n > 0)
		mux_due(m);
	else if (n == -1 && sock_would_block())
		return;
	else if (n == -1 && mux_link_unacknowledged(m) > 0)
		mux_link_lost(m);
	else
		mux_end(m, MUX_CLOSED, "we ended it");
}

/* How long a peer may take nothing: bytes of visitors outlive an outage as a session does. */
static uint64_t
patience_ms(const struct mux *m, int left)
{
	return left > GOODBYE_MAX && m->conf.dead_ms > LINGER_MS ? m->conf.dead_ms : LINGER_MS;
}

/* Its time is up, unless what we sent is still on its way. */
static void
linger_on(struct mux *m)
{
	int left = mux_link_unacknowledged(m);
	uint64_t now = ev_now_ms(m->pool->ev);

	if (left == 0 && m->left_bytes == 0) {
		mux_end(m, MUX_CLOSED, "we ended it");
		return;
	}
	if (left != m->left_bytes)
		m->said_ms = now;
	else if (now >= m->said_ms + patience_ms(m, left)) {
		mux_end(m, MUX_LOST, "the last bytes were not taken");
		return;
	}
	m->left_bytes = left;
	ev_timer_in(m->pool->ev, &m->life, LINGER_MS);
}

/* All was sent: end the TCP direction too. */
static void
begin_linger(struct mux *m)
{
	m->closing = MUX_LINGERING;
	m->said_ms = ev_now_ms(m->pool->ev);
	(void)shutdown(m->io.fd, SHUT_WR);
	m->left_bytes = mux_link_unacknowledged(m);
	ev_timer_in(m->pool->ev, &m->life, LINGER_MS);
	(void)mux_streams_lose(m);
}

static void
finish(struct mux *m)
{
	if (m->closing != MUX_LINGERING && say_the_rest(m))
		begin_linger(m);
	if (m->over)
		return;
	if (m->closing == MUX_LINGERING)
		linger(m);
	else
		lose_joined(m);
}

/* ---- its turns ---- */

/* The owner had to wait to open a stream: tell it if that is over. */
static void
tell_room(struct mux *m)
{
	if (!m->waiting || yamux_must_wait(m->y))
		return;
	m->waiting = false;
	m->ops->room(m);
}

static void
on_task(struct ev_task *task)
{
	struct mux *m = EV_CONTAINER(task, struct mux, task);

	if (m->closing == MUX_DELIVERING) {
		deliver(m);
		return;
	}
	if (m->closing)
		finish(m);
	if (m->over || m->closing == MUX_LINGERING)
		return;
	input(m);
	if (!m->over && !m->closing)
		output(m);
	if (!m->over)
		mux_streams_tell(m);
	if (!m->over)
		tell_room(m);
}

static void
on_io(struct ev_io *io, unsigned events)
{
	struct mux *m = EV_CONTAINER(io, struct mux, io);

	if (mux_has_ended(m))
		return;
	if (m->closing == MUX_LINGERING) {
		linger(m);
		return;
	}
	if (events & EV_WRITE) {
		m->blocked = false;
		mux_due(m);
	}
	if (events & EV_READ)
		m->heard_ms = ev_now_ms(m->pool->ev);	/* a TLS record takes long on a slow line */
	if (events & (EV_READ | EV_EOF | EV_ERROR)) {
		m->readable = true;
		input(m);
	}
}

/* The owner's watch is ours now: events still in the batch for it are reported again. */
static void
ignore(struct ev_io *io, unsigned events)
{
	(void)io;
	(void)events;
}

struct mux *
mux_new(struct mux_pool *pool, const struct mux_conf *conf, const struct mux_ops *ops,
    struct ev_io *io, struct tls *tls, void *arg)
{
	struct mux *m = calloc(1, sizeof(*m));

	if (m == NULL)
		return NULL;
	m->pool = pool;
	m->ops = ops;
	m->arg = arg;
	m->conf = *conf;
	m->ready.last = &m->ready.first;
	m->doomed.last = &m->doomed.first;
	m->task.cb = on_task;
	m->life.cb = on_life;
	m->io = (struct ev_io){ io->fd, on_io };
	m->heard_ms = m->said_ms = ev_now_ms(pool->ev);
	m->y = yamux_new(conf->role, conf->max_streams, conf->ancestor);
	if (m->y == NULL || ev_mod(pool->ev, &m->io, EV_READ | EV_WRITE | EV_EDGE) == -1) {
		yamux_free(m->y);
		free(m);
		return NULL;
	}
	io->cb = ignore;
	m->tls = tls;
	m->readable = true;
	mux_link_options(m);
	watch(m);
	mux_due(m);
	return m;
}

/* ---- the owner's ---- */

void *
mux_arg(const struct mux *m)
{
	return m->arg;
}

void
mux_close(struct mux *m)
{
	if (m->over || m->closing)
		return;
	m->closing = MUX_FINISHING;
	m->leaving = true;
	mux_due(m);
}

void
mux_goaway(struct mux *m)
{
	m->leaving = true;
	mux_due(m);
}

bool
mux_must_wait(struct mux *m)
{
	bool gone = late(m) && (!mux_link_waiting(m) || sock_has_ended(m->io.fd));

	m->waiting = gone || yamux_must_wait(m->y);
	return m->waiting;
}

bool
mux_is_used_up(const struct mux *m)
{
	return yamux_is_used_up(m->y);
}

void
mux_refuse(struct mux *m)
{
	yamux_refuse(m->y);
}

bool
mux_has_ended(const struct mux *m)
{
	return m->over || m->closing == MUX_DELIVERING;
}

bool
mux_is_delivered(const struct mux *m)
{
	return m->closing == MUX_LINGERING && mux_link_unacknowledged(m) == 0;
}

const char *
mux_why(const struct mux *m)
{
	return m->why;
}

uint64_t
mux_rx(const struct mux *m)
{
	return m->rx;
}

uint64_t
mux_tx(const struct mux *m)
{
	return m->tx;
}
