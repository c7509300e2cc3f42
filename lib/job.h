/* SPDX-License-Identifier: ISC */
/* Work the event loop shall not wait for: a thread does it, one piece at a time, and the loop hears when it is done. */
#ifndef JOB_H
#define JOB_H

#include <stdbool.h>

#include "ev.h"

/* Embedded in its owner, who sets the first two and zeroes the rest. */
struct job {
	void (*work)(struct job *j);	/* in the thread: what it uses nobody else touches; logs by log_from_thread() */
	void (*done)(struct job *j);	/* in the loop, behind it */

	/* ---- job.c's ---- */
	struct ev_io finished;		/* an eventfd */
	bool busy;
};

/* -1 with errno. */
int job_open(struct job *j, struct ev *ev);

/* Begin; not while one is under way (busy). -1 with errno: there is no thread to be had. */
int job_start(struct job *j);

/* When one is under way: until its work has ended. done() will not be called for it. */
void job_wait(struct job *j);

/* Not while one is under way. Fine when it was never opened. ev is NULL when the loop is gone. */
void job_close(struct job *j, struct ev *ev);

/* work(arg) in a thread nobody waits for or hears of again; at once, here, when there is no thread to be had. */
void job_aside(void (*work)(void *arg), void *arg);

/* Whether such a thread works: what it uses would be a child's for ever, which has no such thread. */
bool job_aside_busy(void);

#endif
