/* SPDX-License-Identifier: ISC */
/* -j N: a parent that reads files, binds, and keeps N serving processes alive. */
#ifndef WORKERS_H
#define WORKERS_H

struct serve;

/*
 * Fork the workers and look after them until they have drained. The parent's part of s is
 * reloading, binding, metrics and signals; the workers share the listeners and get new tables
 * and listeners as descriptors. Returns the exit code, in the parent and (by way of
 * serve_process()) in the workers.
 */
int workers_run(struct serve *s);

#endif
