/* SPDX-License-Identifier: ISC */
/*
 * What lib/mux.c (a session), mux_link.c (its connection), mux_stream.c (its streams),
 * mux_window.c (credit) alone share.
 */
#ifndef MUX_PRIVATE_H
#define MUX_PRIVATE_H

#include <sys/uio.h>

#include "mux.h"

#define MUX_IN_SIZE (256u * 1024u)	/* bytes read at once */
#define MUX_OUT_SIZE (256u * 1024u)	/* bytes sent at once, at most */

/*
 * What one session reads into it, or writes from it, is used up before another's turn:
 * an idle one holds nothing.
 */
struct mux_pool {
	struct ev *ev;
	uint8_t *in, *out;
	size_t kept, kept_max;		/* bytes of memory in the .in of all sessions' streams */
};

struct mux_queue {
	struct mux_stream *first, **last;
};

/* The steps of an end in order, from mux_close() on. */
enum mux_closing {
	MUX_OPEN,
	MUX_FINISHING,		/* what remains leaves as the socket has room; owner's deadline */
	MUX_ENDING,		/* so does the end itself */
	MUX_LINGERING,		/* all sent: waits for the peer's end, LINGER_MS without progress */
	MUX_DELIVERING		/* the peer has ended it: what came before waits to be written */
};

struct mux {
	const struct mux_ops *ops;	/* first: ev_free_later() overwrites it */
	struct mux_pool *pool;
	void *arg;
	struct yamux *y;
	struct tls *tls;		/* owned; NULL: plain */
	struct spill *pending;		/* owned: what a plain socket had no room for */
	struct ev_io io;
	struct ev_task task;
	struct ev_timer life;
	struct mux_conf conf;
	struct mux_stream *streams;	/* all of them */
	struct mux_queue ready;		/* those with something to send, served in turn */
	struct mux_queue doomed;	/* those whose end is to be reported */
	size_t kept;			/* bytes of memory in their .in */
	size_t grown;			/* bytes their windows have grown by, together */
	const struct mux_stream *moved;	/* the joined one that last took bytes; only compared */
	uint64_t shared_ms;		/* when that last changed from one to another */
	uint64_t talk_ms;		/* and the new one had little to send */
	uint64_t rx, tx;
	uint64_t heard_ms, said_ms;	/* when bytes last came, and left */
	uint64_t pinged_ms;		/* when the heartbeat's last ping was due */
	uint64_t rtt_asked_ms;
	uint64_t ping_us;		/* when the measuring ping was sent, 0: none is under way */
	uint32_t ping;			/* its value */
	uint32_t pings;			/* the next one's */
	uint32_t tcp_rtt_us, ping_rtt_us; /* the shortest so far, 0: unknown */
	bool readable, blocked;		/* of the socket, until EAGAIN and until it is writable */
	bool crumbs;			/* what was read last was written in small pieces */
	uint8_t closing;		/* enum mux_closing */
	uint32_t room;			/* bytes of streams sent at once: few if it is slow */
	int left_bytes;			/* LINGERING: unacknowledged by the peer at the last look */
	bool leaving, left;		/* GOAWAY is due, after what mux_send() got; it was sent */
	bool waiting;			/* for the peer to take streams, before opening another */
	bool over;			/* it has ended: nothing more of it is looked at */
	bool freed;			/* by its owner; the memory lives until the turn's end */
	char why[TLS_WHY_MAX];
};

/* ---- lib/mux.c ---- */

/* There is something to send or report: do it after this turn's events. */
void mux_due(struct mux *m);

/* The only way for a session to end, in order or not. */
void mux_end(struct mux *m, enum mux_end how, const char *why);

/* The same when the peer has ended it in order, once all it sent is delivered that can be. */
void mux_ended_by_peer(struct mux *m);

/* ---- lib/mux_link.c ---- */

/* Bytes that came, into the pool's .in: how many, 0: none now, or the session has ended. */
size_t mux_link_read(struct mux *m);

/* Whether the socket has bytes for us. */
bool mux_link_waiting(const struct mux *m);

/* Send len bytes of the pool's .out; what the socket has no room for is kept. */
void mux_link_write(struct mux *m, size_t len);

/* Send what was kept. Whether everything has left, so that there may be more. */
bool mux_link_push(struct mux *m);

/*
 * Bytes the peer has not acknowledged, the end of our direction counting as one.
 * Leaves errno alone.
 */
int mux_link_unacknowledged(const struct mux *m);

/* A system call failed: end the session. errno says why; 0: an end of file. */
void mux_link_lost(struct mux *m);

/* Set the socket's options; only those that follow from .conf.dead_ms. */
void mux_link_options(struct mux *m);
void mux_link_limit(const struct mux *m);

/* ---- lib/mux_stream.c ---- */

/* len bytes from the peer, in n pieces, came for s, and with fin its end after them. */
void mux_stream_input(struct mux_stream *s, const struct iovec *iov, int n, size_t len);
void mux_stream_fin(struct mux_stream *s);

/* Queue s if it has something to send, and may. */
void mux_stream_ready(struct mux_stream *s);

/*
 * Frames of s, read straight from its descriptor, into the room bytes at out;
 * returns how many bytes.
 */
#define MUX_ROOM_MIN 1024u	/* least bytes of room that make it worthwhile */
size_t mux_stream_output(struct mux_stream *s, uint8_t *out, size_t room);

/*
 * s is over: let go of what it holds, with a reset for the peer if it knows s.
 * Its owner is told later.
 */
void mux_stream_doom(struct mux_stream *s, enum mux_end end);

/* Tell the owners of doomed streams. False: one of them freed the session. */
bool mux_streams_tell(struct mux *m);

/* The same for all streams, MUX_LOST for those that were not doomed. */
bool mux_streams_lose(struct mux *m);

/*
 * Doom those that need the peer, as MUX_LOST: the others have ended both ways, and what is left of
 * them is to be written. Whether there are any.
 */
bool mux_streams_finish(struct mux *m);

/* The first of a queue, taken off; NULL: empty. */
struct mux_stream *mux_queue_take(struct mux_queue *q);

/* ---- lib/mux_window.c ---- */

/*
 * The shortest round trip to the peer in microseconds, 0: not known yet.
 * Measures it now and then, by a ping.
 */
uint32_t mux_rtt_us(struct mux *m);
void mux_rtt_pong(struct mux *m, uint32_t value);

/* CLOCK_MONOTONIC. */
uint64_t mux_now_us(void);

/*
 * n bytes of s were written: grant the peer as many anew,
 * and more or fewer if its window is to grow or shrink.
 */
void mux_window_credit(struct mux_stream *s, size_t n);

/* s ends: its window no longer counts. */
void mux_window_forget(struct mux_stream *s);

#endif
