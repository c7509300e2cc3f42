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

#include "listen_names.h"
#include "log.h"

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

static struct listener *
append(struct listeners *ls, int fd, struct slice addr, bool from_routes)
{
	struct listener *l = calloc(1, sizeof(*l) + addr.len + 1), **at = &ls->first;

	if (l == NULL)
		return NULL;
	l->set = ls;
	l->io.fd = fd;
	l->refs = l->burst = 1;
	l->from_routes = from_routes;
	if (addr.len > 0)
		memcpy(l->addr, addr.p, addr.len);
	sock_name(fd, l->name);
	while (*at != NULL)
		at = &(*at)->next;
	*at = l;
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
	l = append(ls, fd, text, from_routes);
	if (l == NULL) {
		close(fd);
		errno = ENOMEM;
		return -1;
	}
	l->file = inode(file_path(l));
	return 0;
}

int
listeners_open(struct listeners *ls, struct slice text, bool from_routes, const char **why)
{
	struct addr a;

	return listeners_resolve(text, &a, why) == -1 ? -1 :
	    listeners_bind(ls, &a, text, from_routes);
}

int
listeners_adopt(struct listeners *ls, int fd, struct slice addr, bool from_routes)
{
	if (sock_adopt(fd) == -1)
		return -1;
	return append(ls, fd, addr, from_routes) == NULL ? -1 : 0;
}

const char *
listeners_reason(const char *why)
{
	return why != NULL ? why : errno == ENXIO ? "the name has no address" : strerror(errno);
}

struct listener *
listeners_last(const struct listeners *ls)
{
	struct listener *l = ls->first;

	while (l != NULL && l->next != NULL)
		l = l->next;
	return l;
}

struct listener *
listeners_from_routes(const struct listeners *ls, struct slice addr)
{
	struct listener *l;

	for (l = ls->first; l != NULL; l = l->next)
		if (l->from_routes && slice_is(addr, l->addr))
			return l;
	return NULL;
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
	struct listener **at = &ls->first;

	while (*at != l)
		at = &(*at)->next;
	*at = l->next;
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

size_t
listeners_count(const struct listeners *ls)
{
	size_t n = 0;

	for (struct listener *l = ls->first; l != NULL; l = l->next)
		n++;
	return n;
}

char *
listeners_text(const struct listeners *ls)
{
	char *text = calloc(listeners_count(ls) + 1, SOCK_NAME_MAX + 1), *at = text;

	for (struct listener *l = ls->first; text != NULL && l != NULL; l = l->next)
		at += sprintf(at, "%s%s", l == ls->first ? "" : " ", l->name);
	return text;
}

/* ---- following the routes files ---- */

static bool
in_tables(const struct routeset *rs, const char *addr)
{
	for (size_t i = 0; i < routeset_files(rs); i++) {
		const struct routes *table = routeset_table(rs, i);
		struct slice s;
		size_t cursor = 0;

		while (table != NULL && routes_next_listen(table, &cursor, &s))
			if (slice_is(s, addr))
				return true;
	}
	return false;
}

static void
close_gone(struct listeners *ls, const struct routeset *rs, listeners_event *event, void *arg)
{
	struct listener *next;

	for (struct listener *l = ls->first; l != NULL; l = next) {
		next = l->next;
		if (!l->from_routes || in_tables(rs, l->addr))
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
	struct listener *l;

	if (listeners_from_routes(ls, addr) != NULL)
		return true;
	if (!open_one(ls, table, addr, first_try))
		return false;
	l = listeners_from_routes(ls, addr);
	log_info("listen %s: bound %s", l->addr, l->name);
	event(arg, l, true);
	return true;
}

size_t
listeners_sync(struct listeners *ls, const struct routeset *rs, bool first_try,
    listeners_event *event, void *arg)
{
	size_t failed = 0;

	close_gone(ls, rs, event, arg);
	listen_names_begin(ls, first_try);
	for (size_t i = 0; i < routeset_files(rs); i++) {
		const struct routes *table = routeset_table(rs, i);
		struct slice addr;
		size_t cursor = 0;

		while (table != NULL && routes_next_listen(table, &cursor, &addr))
			failed += !keep_open(ls, table, addr, first_try, event, arg);
	}
	listen_names_end(ls);
	return failed;
}
