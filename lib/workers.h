/* SPDX-License-Identifier: ISC */
/* -j N: a parent that reads files, binds, and keeps N serving processes alive. */
#ifndef WORKERS_H
#define WORKERS_H

struct serve;

/*
 * Fork the workers and look after them until they have drained. The parent's part of s is reloading, binding,
 * metrics and signals; the workers share the listeners and get new tables and listeners as descriptors. Returns the exit
 * code, in the parent and (by way of serve_process()) in the workers.
 */
int workers_run(struct serve *s);

/* In a worker: take orders from the parent on fd. -1 with errno. */
int workers_follow(struct serve *s, int fd);

/*
 * In a worker: it has no room for a client for which the kernel has woken no other. Make the others look at their
 * listeners. Elsewhere a no-op.
 */
void workers_wake_others(struct serve *s);

/* In a worker: a descriptor may be free now: keep it for orders. Elsewhere a no-op. */
void workers_keep_room(struct serve *s);

#endif
