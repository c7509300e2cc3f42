/* SPDX-License-Identifier: ISC */
/*
 * A tunnel session: yamux streams over one TLS (or plain) connection, each joined to a descriptor
 * of ours. The same at both ends.
 *
 * Bytes are read from a stream's descriptor straight into frames when the connection has room for
 * them, streams taking turns, and written straight from what was decrypted; only what a descriptor
 * does not take is kept, within the stream's window. A slow stream holds up only itself: credit
 * follows what its descriptor took.
 */
#ifndef MUX_H
#define MUX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "connlog.h"
#include "ev.h"
#include "slice.h"
#include "sock.h"
#include "spill.h"
#include "tls.h"
#include "yamux.h"

#define MUX_MEMORY_MAX (16u * 1024u * 1024u)	/* bytes a session may keep for slow receivers */
#define MUX_MEMORY_MIN (128u * 1024u)		/* and may keep in any case */
#define MUX_POOL_MEMORY_MAX (512u * 1024u * 1024u)	/* a pool's sessions, beyond that minimum */
#define MUX_WINDOW_MAX (4u * 1024u * 1024u)	/* bytes a stream's window may grow to */

/*
 * What the sessions of one process share: buffers, and the memory for what slow descriptors don't
 * take: MUX_POOL_MEMORY_MAX, or a quarter of the machine's memory where that is less. One session
 * gets at most half of what the others leave. NULL when out of memory.
 */
struct mux_pool;
struct mux_pool *mux_pool_new(struct ev *ev);

/* Bytes of that memory from now on. */
void mux_pool_limit(struct mux_pool *pool, size_t bytes);
void mux_pool_free(struct mux_pool *pool);

enum mux_end {
	MUX_CLOSED,		/* stream: both directions ended in order; session: the peer did */
	MUX_LOCAL_RESET,	/* stream: its descriptor broke */
	MUX_PEER_RESET,		/* stream: the peer reset it */
	MUX_IDLE,		/* stream: idle_ms without a byte */
	MUX_HALF_CLOSE,		/* stream: half_close_ms without a byte after one direction's end */
	MUX_MEMORY,		/* stream: the session was full, this descriptor stuck longest;
				   session: there was no memory to go on with */
	MUX_LOST,		/* session: the connection broke; stream: its session is over */
	MUX_SILENT,		/* session: nothing came for dead_ms */
	MUX_PROTOCOL		/* session: the peer broke the rules, TLS's included */
};

/* "closed", "local-reset", ... for logs. Static. */
const char *mux_end_word(enum mux_end end);

/*
 * A stream's end as that of the connection it carried: a reset from here is local,
 * from beyond the peer remote.
 */
enum conn_end mux_conn_end(enum mux_end end, enum conn_end local, enum conn_end remote);

struct mux;
struct mux_stream;

struct mux_ops {
	/* The peer opened a stream: mux_accept() it or mux_refuse() before returning. */
	void (*opened)(struct mux *m);
	/* The peer takes no more new streams, or has left: mux_has_ended(). */
	void (*goaway)(struct mux *m);
	/*
	 * The session is over and its streams were told so:
	 * mux_free() it (from here is fine), close the descriptor.
	 */
	void (*ended)(struct mux *m, enum mux_end end);
	/* mux_must_wait() was true and no longer is. NULL where that is never asked. */
	void (*room)(struct mux *m);
};

struct mux_stream_ops {
	/*
	 * A stream not joined got bytes, or the peer's end (mux_ended()): look with mux_peek(),
	 * drop with mux_take(). May be NULL.
	 */
	void (*data)(struct mux_stream *s);
	/*
	 * Its end, from the loop, never from inside a call the owner makes on s: it has left the
	 * session. Close its descriptor (in a reset where the end is one), free the owner by
	 * ev_free_later().
	 */
	void (*ended)(struct mux_stream *s, enum mux_end end);
};

struct mux_conf {
	enum yamux_role role;
	bool ancestor;			/* ancestors' yamux: explicit SYN, pings at their pace */
	uint64_t heartbeat_ms, dead_ms;	/* ping after no sending, end after no receiving; 0: off */
	uint64_t idle_ms, half_close_ms;	/* of joined streams, 0: off */
	uint32_t max_streams;		/* the peer may open at once */
};

/*
 * One stream, embedded in its owner: zeroed before mux_open() or mux_accept(), but for io and
 * deadline. Private except for what is stated here.
 */
struct mux_stream {
	struct yamux_stream y;
	struct mux *mux;		/* NULL: not in a session */
	const struct mux_stream_ops *ops;
	struct ev_io io;		/* -1: none; the owner's, used by the session once joined */
	struct ev_timer deadline;	/* likewise, its callback replaced; off once it has left */
	struct mux_stream *next, **at;	/* among all of the session */
	struct mux_stream *next_due;	/* among those with something to send or an end to report */
	struct spill *in, *out;	/* owned: not yet written; to be sent before what io has */
	uint64_t rx, tx;		/* bytes from, and to the peer (mux_send()'s included) */
	uint64_t looked_us;		/* when half a window was last taken, or it was joined */
	uint32_t window;		/* intended size of the peer's window */
	uint32_t taken;			/* bytes taken since then */
	uint32_t stuck_ms;		/* since when io took none of the kept bytes (low bits) */
	uint8_t end;			/* enum mux_end, once dead */
	struct sock_nagle nagle;	/* of the descriptor */
	bool joined : 1;
	bool readable : 1, writable : 1; /* of the descriptor, until EAGAIN says otherwise */
	bool hup : 1;			/* of the descriptor: its end follows what can be read */
	bool urgent : 1;		/* a short read from it proves nothing */
	bool error : 1;			/* it has, or had, one to report */
	bool broken : 1;		/* it takes no more bytes */
	bool bulk : 1;			/* the last read brought all that was asked for */
	bool eof : 1;			/* our direction has ended: a FIN is due or sent */
	bool shut : 1;			/* the descriptor was told of the peer's */
	bool ready : 1;			/* in the queue of those with something to send */
	bool dead : 1;			/* ended, which is yet to be reported */
};

/*
 * Begin a session over io->fd, connected, non-blocking, already watched edge-triggered for read and
 * write; tls: with its handshake done (taken over), or NULL: plain. io's descriptor stays the
 * owner's, its callback becomes the session's. arg is the owner's (mux_arg()). Anything that came
 * meanwhile is looked for in a later turn. NULL when out of memory (tls is still the owner's then).
 */
struct mux *mux_new(struct mux_pool *pool, const struct mux_conf *conf, const struct mux_ops *ops,
    struct ev_io *io, struct tls *tls, void *arg);
void *mux_arg(const struct mux *m);

/*
 * Frees; its streams get MUX_LOST first. To be called before its descriptor is closed. NULL is
 * fine. ops->ended is not called.
 */
void mux_free(struct mux *m);

/*
 * End in order: all that is under way, what mux_send() was given, GOAWAY and close_notify leave as
 * the socket has room; then the peer's end is waited for, so that no reset overtakes them, but not
 * for long once it takes no more (for dead_ms if bytes of visitors are left); ended(MUX_CLOSED)
 * follows in a later turn. Joined streams are not served meanwhile. A peer that leaves no room can
 * hold this up: a deadline, with mux_free() when it passes, is up to the owner.
 */
void mux_close(struct mux *m);

/*
 * Tell the peer that no new streams are wanted, after what mux_send() was given so far.
 * Existing ones go on.
 */
void mux_goaway(struct mux *m);

/* The welcome's values, in force from now on. */
void mux_heartbeat(struct mux *m, uint64_t heartbeat_ms, uint64_t dead_ms);

/*
 * Whether nothing is read or sent any more. Before ops->ended() it is so if the peer has left, and
 * bytes it sent wait to be written.
 */
bool mux_has_ended(const struct mux *m);

/* After mux_close(): whether all that was to be sent, the end too, has been acknowledged. */
bool mux_is_delivered(const struct mux *m);

/* Why the session ended, for the log; never secret. Lives until mux_free(). */
const char *mux_why(const struct mux *m);

/* Bytes of payload received and sent so far. */
uint64_t mux_rx(const struct mux *m);
uint64_t mux_tx(const struct mux *m);

/* Open a stream. False: the peer takes no more. s->io.fd may be -1 until mux_join(). */
bool mux_open(struct mux *m, struct mux_stream *s, const struct mux_stream_ops *ops);

/*
 * Whether opening a stream has to wait: an ancestor has yet to take YAMUX_BACKLOG of them, or the
 * peer left while we were stopped, which is only about to be noticed. ops->room() reports the end
 * of that, unless ops->ended() does.
 */
bool mux_must_wait(struct mux *m);

/*
 * Whether mux_open() fails from now on, because every id a stream can have was used:
 * another session is needed.
 */
bool mux_is_used_up(const struct mux *m);

void mux_accept(struct mux *m, struct mux_stream *s, const struct mux_stream_ops *ops);
void mux_refuse(struct mux *m);

/* The session s is in. NULL once it has ended. */
struct mux *mux_of(const struct mux_stream *s);

/*
 * Send a copy of bytes, before whatever is read from the descriptor later; nothing where our
 * direction has ended, or the stream is in no session. False when out of memory.
 */
bool mux_send(struct mux_stream *s, struct slice bytes);

/*
 * For a stream not joined: what came and was not taken yet, in one piece; drop its first n bytes;
 * whether the end came after it.
 */
struct slice mux_peek(struct mux_stream *s);
void mux_take(struct mux_stream *s, size_t n);
bool mux_ended(const struct mux_stream *s);

/* End our direction of a stream not joined, after what was sent, unless that is done already. */
void mux_fin(struct mux_stream *s);

/*
 * From now on relay between the stream and s->io.fd, which is watched edge-triggered for read and
 * write already; events are those that came meanwhile and were not acted on (EV_READ | EV_WRITE is
 * always safe). Bytes that came for it go there first.
 */
void mux_join(struct mux_stream *s, unsigned events);

/*
 * Leave the session at once, with a reset for the peer, without ended().
 * A stream not in a session is left alone.
 */
void mux_reset(struct mux_stream *s);

#endif
