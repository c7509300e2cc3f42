/* SPDX-License-Identifier: ISC */
/* The listening sockets of a tool: from -l, from a supervisor, from the routes files. */
#ifndef LISTENERS_H
#define LISTENERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "ev.h"
#include "routeset.h"
#include "slice.h"
#include "sock.h"

struct listeners {
	struct listener *first, *last;
	size_t count;
	struct listener **bucket;	/* owned: those of the routes files, by address */
	size_t room, from_routes;	/* buckets, a power of two or 0; how many are in them */
	struct ev *ev;			/* the loop they are watched by, NULL: none yet */
	struct ev_timer *retry;		/* borrowed: calls listeners_sync(); brought forward by
					   answers to look-ups */
	struct listen_names *names;	/* listen_names.c's */
};

struct listener {
	struct listener *next, *prev;
	struct listener *same;		/* in its bucket, if from_routes */
	struct listeners *set;
	struct ev_io io;		/* fd -1: closed, kept for connections that refer to it */
	unsigned burst;			/* clients to accept in one turn */
	unsigned refs;			/* the list, and every connection that came through it */
	uint8_t role;			/* what it is for: its opener's own numbers */
	bool from_routes;
	bool listed;			/* during a sync: still in a table */
	bool unlimited;			/* each peer stands for many clients: no limit per source */
	bool watched;			/* in the event loop */
	uint64_t file;			/* inode of the socket file we made, 0: none */
	char name[SOCK_NAME_MAX];	/* the bound address */
	char addr[];			/* as written: the NAME to look up for one from a
					   routes file */
};

/*
 * Where to listen for ADDR text: *a is no ADDR_HOST then, and borrows from text. A name is waited
 * for, some seconds while DNS is silent. -1 with errno: EINVAL for text that is not an ADDR (*why
 * says what is wrong, else NULL), ENXIO for a name without an address.
 */
int listeners_resolve(struct slice text, struct addr *a, const char **why);

/* Bind that, and remember its text. -1 with errno. */
int listeners_bind(struct listeners *ls, const struct addr *a, struct slice text, bool from_routes);

/* The message for what these two say: why, else what errno means here. */
const char *listeners_reason(const char *why);

/*
 * Take over a listening descriptor: a supervisor's (addr absent), or one that our parent bound for
 * this ADDR of the routes files. -1 with errno.
 */
int listeners_adopt(struct listeners *ls, int fd, struct slice addr);

/* The open listener of this ADDR from the routes files, or NULL. */
struct listener *listeners_from_routes(const struct listeners *ls, struct slice addr);

/*
 * Close and forget one, or all; with remove_file also the socket file,
 * if it is still the one we made.
 */
void listeners_close(struct listeners *ls, struct listener *l, bool remove_file);
void listeners_close_all(struct listeners *ls, bool remove_files);

void listener_ref(struct listener *l);
void listener_unref(struct listener *l);

/* Give the socket files we made to a user and group; those that can't be given are logged. */
void listeners_chown(const struct listeners *ls, uid_t uid, gid_t gid);

/*
 * To be called in a child process first:
 * it has neither its parent's loop nor the thread that looks up names.
 */
void listeners_forked(struct listeners *ls);

/* Bound addresses separated by blanks; owned by the caller. NULL when out of memory. */
char *listeners_text(const struct listeners *ls);

/* Called for each listener opened or closed to match the routes files. */
typedef void listeners_event(void *arg, struct listener *l, bool opened);

/*
 * Make the listeners from routes files match the tables: open new ones, close those that are gone
 * (event is called before the close). A failed bind is logged if first_try; the number of
 * failures is returned.
 *
 * Names in addresses are looked up in a thread. Until that is done they count as failures; then the
 * retry timer fires, and the next call binds them. Without a loop, at start, they are waited for,
 * but for no more than some seconds in all.
 */
size_t listeners_sync(struct listeners *ls, const struct routeset *rs, bool first_try,
    listeners_event *event, void *arg);

#endif
