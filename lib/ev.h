/* SPDX-License-Identifier: ISC */
/* The event loop: epoll, timers, deferred work, signals as events. One loop, one thread. */
#ifndef EV_H
#define EV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EV_CONTAINER(ptr, type, member) ((type *)(void *)((char *)(ptr) - offsetof(type, member)))

struct ev;

/* What happened to a descriptor, or what to wait for. */
enum {
	EV_READ = 1,	/* there may be something to read, an end included */
	EV_WRITE = 2,
	EV_EOF = 4,	/* the peer ended its direction; everything it sent can be read now */
	EV_ERROR = 8,	/* reset, or a connect that failed: read or write will say why */
	EV_URGENT = 16,	/* TCP urgent data: a short read does not mean all was read */
	EV_EDGE = 32,	/* wait: report changes only, not levels */
	EV_SHARED = 64	/* wait: a listener shared by processes; wake only one */
};

/*
 * A watched descriptor, embedded in its owner.
 * cb may close fd and free the owner by ev_free_later().
 */
struct ev_io {
	int fd;
	void (*cb)(struct ev_io *io, unsigned events);
};

/*
 * A deadline, embedded in its owner. Zero it before first use. Moving a deadline later is free: the
 * timer is looked at again when the earlier time comes.
 */
struct ev_timer {
	uint64_t due_ms;	/* 0: off */
	uint32_t slot;		/* place in the heap + 1; 0: not in it */
	void (*cb)(struct ev_timer *t);
};

/* Work for later, embedded in its owner: run once, in order, after this turn's events. */
struct ev_task {
	struct ev_task *next;
	void (*cb)(struct ev_task *task);
	bool queued;
};

/* NULL with errno set on failure. */
struct ev *ev_new(void);
void ev_free(struct ev *ev);

/*
 * Start or change watching io->fd; -1 with errno. ev_del() ends it. So does closing the descriptor,
 * but only when no other process or duplicate holds it (epoll(7)): one that was passed on, or
 * opened before a fork, needs ev_del() first.
 */
int ev_add(struct ev *ev, struct ev_io *io, unsigned want);
int ev_mod(struct ev *ev, struct ev_io *io, unsigned want);
void ev_del(struct ev *ev, struct ev_io *io);

/* Milliseconds of the monotonic clock, read once a turn; ev_refresh() reads it again. */
uint64_t ev_now_ms(const struct ev *ev);
uint64_t ev_refresh(struct ev *ev);

/* The same clock where there is no loop. */
uint64_t ev_clock_ms(void);

/* Fire t->cb once when due_ms (as ev_now_ms()) has come; 0 turns it off. */
void ev_timer_at(struct ev *ev, struct ev_timer *t, uint64_t due_ms);

/* The same, delay_ms from now; 0 turns it off. */
void ev_timer_in(struct ev *ev, struct ev_timer *t, uint64_t delay_ms);

/*
 * Make sure there is memory for the timers of one more connection. False: there is none; existing
 * ones go on with a reserve, and the process ends only when that is used up.
 */
bool ev_make_room(struct ev *ev);

/*
 * Queue task to run after this turn's events; one queued while tasks run waits for the next turn.
 * Queueing twice counts once.
 */
void ev_defer(struct ev *ev, struct ev_task *task);
void ev_undefer(struct ev *ev, struct ev_task *task);

/*
 * free(p) after this turn's events: for owners that end inside a callback.
 * p's first bytes are overwritten.
 */
void ev_free_later(struct ev *ev, void *p);

/*
 * Deliver signo as cb(arg, signo) from the loop instead of asynchronously; also when it was ignored
 * at start: HUP ends nothing here, so nohup(1) needs no help, and INT must stop what a script put
 * into the background. -1 with errno.
 */
typedef void ev_signal_cb(void *arg, int signo);
int ev_signal(struct ev *ev, int signo, ev_signal_cb *cb, void *arg);

/* In a forked process that becomes another program: unblock what ev_signal() blocked. */
void ev_signal_reset(void);

/*
 * Before there is a loop: hold back the signals that end or prod a tool
 * until ev_signal() can deliver them.
 */
void ev_signal_hold(void);

/* Whether a signal that is to end us is held back. */
bool ev_stop_held(void);

/*
 * Called at the end of each turn before waiting, and with UINT64_MAX after the last: returns how
 * many milliseconds the wait may take, -1: any number. log_turn() is one.
 */
typedef int ev_before_wait_cb(uint64_t now_ms);
void ev_before_wait(struct ev *ev, ev_before_wait_cb *cb);

/* Until ev_stop(); -1 with errno when waiting fails. */
int ev_run(struct ev *ev);
void ev_stop(struct ev *ev);

#endif
