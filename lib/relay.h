/* SPDX-License-Identifier: ISC */
/*
 * Pump bytes both ways between two descriptors until both directions are done.
 *
 * Small traffic is read and written through one buffer that all connections share: a turn of the
 * loop first reads what has come on all connections, then writes, which makes for fewer and fuller
 * turns everywhere; a direction that keeps moving a lot is spliced through a pooled pipe instead,
 * which it holds only while bytes are in it. What a slow receiver does not take is kept in memory
 * of its own (at most RELAY_CHUNK_MAX bytes per direction) and nothing more is read meanwhile.
 */
#ifndef RELAY_H
#define RELAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "connlog.h"
#include "ev.h"
#include "sock.h"
#include "spill.h"

#define RELAY_CHUNK_MAX (512u * 1024u)	/* bytes read at once, and so kept, at most per direction */

/*
 * What the relays of one process share: the buffer, the pipes,
 * the queue of those with work left.
 */
struct relay_pool;
struct relay;

/*
 * At most max_pipes pipes (two descriptors each) at once. more(r) is called in a later
 * turn for a relay that had more to do than one turn allows: it should call relay_pump()
 * with no events. NULL with errno.
 */
struct relay_pool *relay_pool_new(struct ev *ev, unsigned max_pipes, void (*more)(struct relay *r));
void relay_pool_free(struct relay_pool *pool);

/*
 * The shared buffer of RELAY_CHUNK_MAX bytes,
 * for reads whose bytes are used up before the callback returns.
 */
uint8_t *relay_scratch(struct relay_pool *pool);

struct relay_pipe;

enum { RELAY_NONE = -1, RELAY_BOTH = 2 };

#define RELAY_LARGE_READS 8	/* in a row: worth a pipe */

/* One direction, from end[i] to the other. Private to relay.c once relay_pump() was called. */
struct relay_flow {
	struct spill *spill;		/* owned: bytes read (or given at the start), unwritten */
	struct relay_pipe *pipe;	/* owned while bytes are in it */
	uint8_t chunk;			/* log2 of the bytes to read at once */
	uint8_t large;			/* large reads in a row */
	uint16_t held;			/* where the pool holds this turn's unwritten bytes, or 0 */
	bool readable : 1, writable : 1; /* of the source, of the destination, until EAGAIN */
	bool fin : 1;			/* the source's end is known to follow what is queued */
	bool urgent : 1;		/* a short read proves nothing: urgent data, unix socket */
	bool no_splice : 1;		/* refused, for these descriptors or at all */
	bool eof : 1;			/* the source has ended */
	bool over : 1;			/* and the destination was told, or is gone */
	bool told : 1;			/* epoll was asked to report room at the destination */
	bool cut : 1;			/* a write has reported the source's reset: no end of it */
	struct sock_nagle nagle;	/* of the destination */
};

/*
 * A relay, embedded in its connection. end[0] is the client, end[1] the target; the owner opens
 * and closes their descriptors (TCP_NODELAY set on the client's; on the target's the relay sets it
 * when it begins to matter), registers them edge-triggered for read, and sets their callbacks; the
 * relay asks for write too when one has no room. end[0] may write to another descriptor than it
 * reads from (two pipes): out_fd, usually the same, else registered for write by the owner; the
 * relay closes that one, by launch_last_word(), once all is written to it: the only way to tell its
 * reader. Its size is most of what an idle connection costs.
 */
struct relay {
	struct ev_io end[2];
	struct relay_flow flow[2];
	uint64_t bytes[2];		/* read from end[0], from end[1] */
	struct relay *next;		/* in the pool's queue */
	int out_fd;
	int8_t broken;			/* RELAY_NONE, an end that is gone, RELAY_BOTH: no memory */
	bool queued;
};

enum relay_state {
	RELAY_STILL,		/* open, and nothing has happened */
	RELAY_MOVED,		/* open; bytes moved, or a direction ended: silence starts over */
	RELAY_OVER		/* both directions have ended: relay_end() says how */
};

/* Ready for use, nothing open: end[].fd = out_fd = -1. */
void relay_init(struct relay *r);

/*
 * Bytes to write to end[end] before anything else; takes over spill, NULL: none.
 * Not counted in bytes[].
 */
void relay_preload(struct relay *r, int end, struct spill *spill);

/*
 * end[1].fd is new, and may be connected already: write what was preloaded. 0, or the
 * errno of why none of it could be: EAGAIN as long as it is not connected. To be called
 * for each descriptor that is tried.
 */
int relay_early(struct relay *r);

/*
 * end[end] is a unix socket: a read may stop short at a descriptor passed along in it,
 * with more bytes after that.
 */
void relay_is_unix(struct relay *r, int end);

/* Remember events that came before the relay may act on them. */
void relay_note(struct relay *r, int end, unsigned events);

/*
 * Do what the events of end[end] (0: only go on with what was noted or left) allow, a bounded
 * amount of it. RELAY_OVER is final: call relay_release().
 */
enum relay_state relay_pump(struct relay_pool *pool, struct relay *r, int end, unsigned events);

/*
 * How a connection ends whose relay is over: closed in order; reset by an end that is gone; or by
 * the limit of memory, which made us lose bytes.
 */
enum conn_end relay_end(const struct relay *r);

/* Whether one direction has ended and the other has not. */
bool relay_half_closed(const struct relay *r);

/*
 * Whether end[end] knows that nothing more comes from the other:
 * no reset of ours may overtake what it still reads.
 */
bool relay_was_told(const struct relay *r, int end);

/* How long nothing may happen (0: no limit), and how the connection then ends. */
struct relay_silence {
	uint64_t ms;
	enum conn_end end;
};

/*
 * Of the two limits, 0 being off, the one that passes first;
 * half_close_ms runs only when half_closed.
 */
static inline struct relay_silence
relay_silence(bool half_closed, uint64_t half_close_ms, uint64_t idle_ms)
{
	if (half_closed && half_close_ms != 0 && (idle_ms == 0 || half_close_ms <= idle_ms))
		return (struct relay_silence){ half_close_ms, END_HALF_CLOSE };
	return (struct relay_silence){ idle_ms, END_IDLE };
}

/*
 * How much of limit_ms is left since bytes last moved, for a deadline that passed without a call of
 * relay_pump() that said so: the kernel may still be sending what was written. 0: it is over.
 */
uint64_t relay_rest_ms(const struct relay *r, uint64_t limit_ms);

/*
 * Close the descriptors that are open. A reset of one end is passed on to the other.
 * What we cut off must not look whole: that takes a reset, too, where it is TCP and
 * was not told that all had come.
 */
void relay_close(struct relay *r, enum conn_end end);

/* Give back memory, pipes and queued work; the descriptors stay the owner's. Idempotent. */
void relay_release(struct relay_pool *pool, struct relay *r);

#endif
