/* SPDX-License-Identifier: ISC */
/*
 * What lib/serve.c (a process), startup.c (how it came to be), workers.c (their parent) and
 * follow.c (their side) alone share.
 */
#ifndef SERVE_PRIVATE_H
#define SERVE_PRIVATE_H

#include "serve.h"

/*
 * One serving process until it has drained: the tool itself, or (master_fd != -1) a worker that
 * takes orders from its parent there. Returns the exit code.
 */
int serve_process(struct serve *s, int master_fd);

/* One connection on descriptors 0 and 1, to its end. Returns the exit code. */
int serve_one(struct serve *s, const struct launch_one *one);

/* Say that we are ready: the notify descriptor and NOTIFY_SOCKET. 0, or the exit code. */
int serve_announce(struct serve *s);

/*
 * A loop with the signals of a server, and the log written by it; SIGUSR1 logs the status.
 * -1 with errno.
 */
int serve_make_loop(struct serve *s, ev_signal_cb *on_stop, ev_signal_cb *on_hangup);

/* Run the loop until it is stopped. 0, or the exit code, logged. */
int serve_run(struct serve *s);

/*
 * For the process that reads the files, the tool itself or the parent of workers: keep the tables
 * and the listeners of the routes files as the files say, and answer on --metrics. on_tables is
 * called when tables were replaced, on_listener with s. -1 with errno.
 */
int serve_keep_files(struct serve *s, void (*on_tables)(struct serve *s),
    listeners_event *on_listener);
void serve_reload(struct serve *s);	/* there: HUP came */

/* The end of a process. */
void serve_stopping(struct serve *s);	/* say that draining begins */
void serve_drain(struct serve *s);
void serve_quit(struct serve *s);	/* cut what is left and stop now */

#endif
