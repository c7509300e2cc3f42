/* SPDX-License-Identifier: ISC */
/* Listening sockets as a list in the order they were asked for. */
#include "listeners.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hash.h"
#include "listen_names.h"
#include "log.h"

#define ROOM_FIRST 16u		/* buckets; a power of two, as are all that follow */

static const char *
file_path(const struct listener *l)
{
	return strncmp(l->name, "unix:/", 6) == 0 ? l->name + 5 : NULL;
}

static uint64_t
inode(const char *path)
{
	struct stat st;

	return path != NULL && lstat(path, &st) == 0 && S_ISSOCK(st.st_mode) ? st.st_ino : 0;
}

/* ---- those of the routes files, by their address as written ---- */

/* Addresses are the operator's choice: no seed is needed. */
static struct listener **
bucket_of(const struct listeners *ls, struct slice addr)
{
	return &ls->bucket[hash_text(0, addr) & (ls->room - 1)];
}

static void
put(struct listeners *ls, struct listener *l)
{
	struct listener **bucket = bucket_of(ls, slice_str(l->addr));

	l->same = *bucket;
	*bucket = l;
}

static void
take_out(struct listeners *ls, struct listener *l)
{
	struct listener **at = bucket_of(ls, slice_str(l->addr));

	while (*at != l)
		at = &(*at)->same;
	*at = l->same;
	ls->from_routes--;
}

/* For one more. -1: no memory. */
static int
make_room(struct listeners *ls)
{
	size_t room = ls->room == 0 ? ROOM_FIRST : ls->room * 2;
	struct listener **bucket;

	if (ls->from_routes < ls->room)
		return 0;
	bucket = calloc(room, sizeof(struct listener *));
	if (bucket == NULL)
		return -1;
	free(ls->bucket);
	ls->bucket = bucket;
	ls->room = room;
	for (struct listener *l = ls->first; l != NULL; l = l->next)
		if (l->from_routes)
			put(ls, l);
	return 0;
}

struct listener *
listeners_from_routes(const struct listeners *ls, struct slice addr)
{
	struct listener *l = ls->room == 0 ? NULL : *bucket_of(ls, addr);

	while (l != NULL && !slice_is(addr, l->addr))
		l = l->same;
	return l;
}

/* ---- opening ---- */

static void
append(struct listeners *ls, struct listener *l)
{
	*(ls->last == NULL ? &ls->first : &ls->last->next) = l;
	l->prev = ls->last;
	ls->last = l;
	ls->count++;
	if (!l->from_routes)
		return;
	put(ls, l);
	ls->from_routes++;
}

static struct listener *
add(struct listeners *ls, int fd, struct slice addr, bool from_routes)
{
	struct listener *l = from_routes && make_room(ls) == -1 ? NULL :
	    calloc(1, sizeof(*l) + addr.len + 1);

	if (l == NULL)
		return NULL;
	l->set = ls;
	l->io.fd = fd;
	l->refs = l->burst = 1;
	l->from_routes = from_routes;
	if (addr.len > 0)
		memcpy(l->addr, addr.p, addr.len);
	sock_name(fd, l->name);
	append(ls, l);
	return l;
}

int
listeners_resolve(struct slice text, struct addr *a, const char **why)
{
	enum addr_result r = addr_parse(text, ADDR_LISTEN, a);

	*why = r == ADDR_OK ? NULL : addr_why(r, ADDR_LISTEN);
	if (r == ADDR_OK)
		return a->kind == ADDR_HOST ? listen_name_wait(a) : 0;
	errno = EINVAL;
	return -1;
}

int
listeners_bind(struct listeners *ls, const struct addr *a, struct slice text, bool from_routes)
{
	struct listener *l;
	int fd;

	if (sock_listen(a, &fd) == -1)
		return -1;
	l = add(ls, fd, text, from_routes);
	if (l == NULL) {
		close(fd);
		errno = ENOMEM;
		return -1;
	}
	l->file = inode(file_path(l));
	return 0;
}

int
listeners_adopt(struct listeners *ls, int fd, struct slice addr)
{
	if (sock_adopt(fd) == -1)
		return -1;
	return add(ls, fd, addr, addr.p != NULL) == NULL ? -1 : 0;
}

const char *
listeners_reason(const char *why)
{
	if (why != NULL)
		return why;
	return errno == ENXIO ? "the name has no address" :
	    errno == ENOTSOCK ? "there is a file that is not a socket" : strerror(errno);
}

void
listener_ref(struct listener *l)
{
	l->refs++;
}

void
listener_unref(struct listener *l)
{
	if (--l->refs > 0)
		return;
	if (l->set->ev != NULL)
		ev_free_later(l->set->ev, l);	/* an event of this turn may still refer to it */
	else
		free(l);
}

void
listeners_close(struct listeners *ls, struct listener *l, bool remove_file)
{
	*(l->prev == NULL ? &ls->first : &l->prev->next) = l->next;
	*(l->next == NULL ? &ls->last : &l->next->prev) = l->prev;
	ls->count--;
	if (l->from_routes)
		take_out(ls, l);
	if (remove_file && l->file != 0 && inode(file_path(l)) == l->file)
		unlink(file_path(l));
	close(l->io.fd);
	l->io.fd = -1;
	listener_unref(l);
}

void
listeners_close_all(struct listeners *ls, bool remove_files)
{
	while (ls->first != NULL)
		listeners_close(ls, ls->first, remove_files);
	free(ls->bucket);
	ls->bucket = NULL;
	ls->room = 0;
	listen_names_forget(ls);
}

void
listeners_forked(struct listeners *ls)
{
	ls->ev = NULL;
	listen_names_forked(ls);
}

/*
 * Others may write to the folder:
 * what is given away is what was checked, and no link is followed.
 */
static int
give_file(const struct listener *l, uid_t uid, gid_t gid)
{
	int fd = open(file_path(l), O_PATH | O_NOFOLLOW | O_CLOEXEC), r = -1;
	struct stat st;

	if (fd == -1)
		return -1;
	errno = ESTALE;
	if (fstat(fd, &st) == 0 && st.st_ino == l->file)
		r = fchownat(fd, "", uid, gid, AT_EMPTY_PATH);
	close(fd);
	return r;
}

void
listeners_chown(const struct listeners *ls, uid_t uid, gid_t gid)
{
	for (struct listener *l = ls->first; l != NULL; l = l->next)
		if (l->file != 0 && give_file(l, uid, gid) == -1)
			log_warn("%s keeps its owner: %s", l->name, strerror(errno));
}

char *
listeners_text(const struct listeners *ls)
{
	char *text = calloc(ls->count + 1, SOCK_NAME_MAX + 1), *at = text;

	for (struct listener *l = ls->first; text != NULL && l != NULL; l = l->next)
		at += sprintf(at, "%s%s", l == ls->first ? "" : " ", l->name);
	return text;
}

/* ---- following the routes files ---- */

/* An iteration over the addresses of all files; file and cursor begin at 0. */
static bool
next_address(const struct routeset *rs, size_t *file, size_t *cursor, struct slice *addr)
{
	for (; *file < routeset_files(rs); ++*file, *cursor = 0) {
		const struct routes *table = routeset_table(rs, *file);

		if (table != NULL && routes_next_listen(table, cursor, addr))
			return true;
	}
	return false;
}

static void
mark_listed(struct listeners *ls, const struct routeset *rs)
{
	size_t file = 0, cursor = 0;
	struct slice addr;

	while (next_address(rs, &file, &cursor, &addr)) {
		struct listener *l = listeners_from_routes(ls, addr);

		if (l != NULL)
			l->listed = true;
	}
}

static void
close_gone(struct listeners *ls, const struct routeset *rs, listeners_event *event, void *arg)
{
	struct listener *next;
	bool gone;

	mark_listed(ls, rs);
	for (struct listener *l = ls->first; l != NULL; l = next) {
		next = l->next;
		gone = l->from_routes && !l->listed;
		l->listed = false;
		if (!gone)
			continue;
		log_info("listen %s: closed: no longer listed in any routes file", l->addr);
		event(arg, l, false);
		listeners_close(ls, l, true);
	}
}

static void
log_failed(const struct routes *table, struct slice addr)
{
	const char *why = listeners_reason(NULL);
	struct route r;

	if (routes_find(table, ROUTES_LISTEN, addr, slice_of(NULL, 0), &r) < ROUTES_DEFAULT)
		return;
	log_error("routes: %s:%u: listen " SLICE_FMT ": %s; trying again", r.file,
	    routes_line_number(table, &r), SLICE_ARG(addr), why);
}

static bool
open_one(struct listeners *ls, const struct routes *table, struct slice addr, bool first_try)
{
	struct listen_name *name = NULL;
	struct addr a;

	if (addr_parse(addr, ADDR_LISTEN, &a) != ADDR_OK)
		return false;		/* never: the table was checked */
	if ((a.kind != ADDR_HOST || listen_name_take(ls, addr, &a, &name) == 0) &&
	    listeners_bind(ls, &a, addr, true) == 0)
		return true;
	if (errno != EAGAIN && (name == NULL ? first_try : listen_name_is_news(name)))
		log_failed(table, addr);
	return false;
}

static bool
keep_open(struct listeners *ls, const struct routes *table, struct slice addr, bool first_try,
    listeners_event *event, void *arg)
{
	if (listeners_from_routes(ls, addr) != NULL)
		return true;
	if (!open_one(ls, table, addr, first_try))
		return false;
	log_info("listen %s: bound %s", ls->last->addr, ls->last->name);
	event(arg, ls->last, true);
	return true;
}

size_t
listeners_sync(struct listeners *ls, const struct routeset *rs, bool first_try,
    listeners_event *event, void *arg)
{
	size_t failed = 0, file = 0, cursor = 0;
	struct slice addr;

	close_gone(ls, rs, event, arg);
	listen_names_begin(ls, first_try);
	while (next_address(rs, &file, &cursor, &addr))
		failed += !keep_open(ls, routeset_table(rs, file), addr, first_try, event, arg);
	listen_names_end(ls);
	return failed;
}
