/* SPDX-License-Identifier: ISC */
/*
 * Work the event loop must not wait for: a thread does it, one piece at a time,
 * and the loop learns when it is done.
 */
#ifndef JOB_H
#define JOB_H

#include <stdbool.h>

#include "ev.h"

/* Embedded in its owner, which sets the first three and zeroes the rest. */
struct job {
	void (*work)(struct job *j);	/* in the thread: what it uses is its alone; logs with
					   log_from_thread() */
	void (*done)(struct job *j);	/* in the loop, afterwards */
	bool waits;			/* work() may wait for others: never done in the loop */

	/* ---- job.c's ---- */
	struct ev_io finished;		/* an eventfd */
	bool busy;
};

/* -1 with errno. */
int job_open(struct job *j, struct ev *ev);

/*
 * Begin; not while one is under way (busy). -1 with errno: no thread could be started. Where a
 * sandbox forbids threads the work is done here, while the loop stands still.
 */
int job_start(struct job *j);

/* If one is under way, wait until its work has ended. done() will not be called for it. */
void job_wait(struct job *j);

/* Not while one is under way. Fine if never opened. ev is NULL when the loop is gone. */
void job_close(struct job *j, struct ev *ev);

/*
 * work(arg) in a thread nobody waits for or hears of again;
 * at once, here, when no thread can be started.
 */
void job_aside(void (*work)(void *arg), void *arg);

/*
 * Whether such a thread is at work: a forked child, without that thread,
 * would keep what it uses for ever.
 */
bool job_aside_busy(void);

#endif
