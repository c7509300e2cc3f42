/* SPDX-License-Identifier: ISC */
/* Listening sockets as a list in the order they were asked for. */
#include "listeners.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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
listeners_open(struct listeners *ls, struct slice addr, bool from_routes, const char **why)
{
	enum addr_result r;
	struct listener *l;
	struct addr a;
	int fd;

	*why = NULL;
	r = addr_parse(addr, ADDR_LISTEN, &a);
	if (r != ADDR_OK) {
		*why = addr_reason(r);
		errno = EINVAL;
		return -1;
	}
	if (sock_listen(&a, &fd) == -1)
		return -1;
	l = append(ls, fd, addr, from_routes);
	if (l == NULL) {
		close(fd);
		errno = ENOMEM;
		return -1;
	}
	l->file = inode(file_path(l));
	return 0;
}

int
listeners_adopt(struct listeners *ls, int fd, struct slice addr, bool from_routes)
{
	if (sock_adopt(fd) == -1)
		return -1;
	return append(ls, fd, addr, from_routes) == NULL ? -1 : 0;
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
		ev_free_later(l->set->ev, l);	/* an event of this turn may still name it */
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
		log_info("listen %s: closed, no line of the routes files names it any more", l->addr);
		event(arg, l, false);
		listeners_close(ls, l, true);
	}
}

static bool
open_one(struct listeners *ls, struct slice addr, bool log_failure, listeners_event *event, void *arg)
{
	const char *why;

	if (listeners_from_routes(ls, addr) != NULL)
		return true;
	if (listeners_open(ls, addr, true, &why) == 0) {
		struct listener *l = listeners_from_routes(ls, addr);

		log_info("listen %s: bound %s", l->addr, l->name);
		event(arg, l, true);
		return true;
	}
	if (log_failure)
		log_error("listen " SLICE_FMT ": %s; trying again", SLICE_ARG(addr), why != NULL ? why : strerror(errno));
	return false;
}

size_t
listeners_sync(struct listeners *ls, const struct routeset *rs, bool first_try, listeners_event *event, void *arg)
{
	size_t failed = 0;

	close_gone(ls, rs, event, arg);
	for (size_t i = 0; i < routeset_files(rs); i++) {
		const struct routes *table = routeset_table(rs, i);
		struct slice addr;
		size_t cursor = 0;

		while (table != NULL && routes_next_listen(table, &cursor, &addr))
			failed += !open_one(ls, addr, first_try, event, arg);
	}
	return failed;
}
