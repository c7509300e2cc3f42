/* SPDX-License-Identifier: ISC */
/* Listening sockets as a list in the order they were asked for. */
#include "listeners.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "job.h"
#include "log.h"
#include "resolve.h"

#define START_WAIT_MS 3000u	/* how long the start waits for names of routes files in all; then they are looked up aside */

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

static int
open_addr(struct listeners *ls, const struct addr *a, struct slice addr, bool from_routes)
{
	struct listener *l;
	int fd;

	if (sock_listen(a, &fd) == -1)
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

/* What a name leads to. bind(2) has an errno of its own for an address that is not ours, so here it is another. */
static int
set_ip(struct addr *a, bool found, struct endpoint ip)
{
	errno = ENXIO;
	if (!found)
		return -1;
	ip.port = a->ip.port;
	a->ip = ip;
	a->kind = ADDR_IP;
	return 0;
}

int
listeners_open(struct listeners *ls, struct slice addr, bool from_routes, const char **why)
{
	enum addr_result r;
	struct endpoint ip = { 0 };
	struct addr a;
	bool found;

	*why = NULL;
	r = addr_parse(addr, ADDR_LISTEN, &a);
	if (r != ADDR_OK) {
		*why = addr_why(r, ADDR_LISTEN);
		errno = EINVAL;
		return -1;
	}
	found = a.kind == ADDR_HOST && resolve_wait(a.host, &ip);
	if (a.kind == ADDR_HOST && set_ip(&a, found, ip) == -1)
		return -1;
	return open_addr(ls, &a, addr, from_routes);
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

/* Others may write to the folder: what is given away is what was checked, and no link is followed. */
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

/* ---- names in addresses of the routes files ---- */

/* The job, while it is busy, reads addr and host_len and writes ip and state. The rest is the loop's. */
struct listen_name {
	struct listen_name *next;
	enum { NAME_IDLE, NAME_WANTED, NAME_FOUND, NAME_MISSING } state;
	bool log;			/* log the next failure */
	struct endpoint ip;
	size_t host_len;
	char addr[];			/* as written */
};

struct listen_names {
	struct job job;			/* looks up the wanted ones */
	struct listeners *of;		/* NULL: given up while the job was busy */
	struct ev *ev;			/* the job's */
	struct listen_name *first;
	bool answered;			/* in this try: what is still to be looked up waits for the next */
	uint64_t waited_ms;		/* at start */
};

static void
free_names(struct listen_names *names)
{
	job_close(&names->job, names->ev);
	while (names->first != NULL) {
		struct listen_name *n = names->first;

		names->first = n->next;
		free(n);
	}
	free(names);
}

static void
forget_names(struct listeners *ls)
{
	struct listen_names *names = ls->names;

	ls->names = NULL;
	if (names != NULL && names->job.busy)
		names->of = NULL;	/* the thread still uses them */
	else if (names != NULL)
		free_names(names);
}

void
listeners_forked(struct listeners *ls)
{
	ls->ev = NULL;
	if (ls->names == NULL)
		return;
	ls->names->job.busy = false;
	ls->names->ev = NULL;
	forget_names(ls);
}

void
listeners_close_all(struct listeners *ls, bool remove_files)
{
	while (ls->first != NULL)
		listeners_close(ls, ls->first, remove_files);
	forget_names(ls);
}

static void
look_up(struct listen_name *n)
{
	n->state = resolve_wait(slice_of(n->addr, n->host_len), &n->ip) ? NAME_FOUND : NAME_MISSING;
}

static void
look_up_wanted(struct job *j)
{
	struct listen_names *names = EV_CONTAINER(j, struct listen_names, job);

	for (struct listen_name *n = names->first; n != NULL; n = n->next)
		if (n->state == NAME_WANTED)
			look_up(n);
}

static void
on_looked_up(struct job *j)
{
	struct listen_names *names = EV_CONTAINER(j, struct listen_names, job);

	if (names->of == NULL)
		free_names(names);
	else if (names->of->retry != NULL)
		ev_timer_in(names->ev, names->of->retry, 1);
}

static struct listen_names *
names_of(struct listeners *ls)
{
	if (ls->names == NULL) {
		ls->names = calloc(1, sizeof(*ls->names));
		if (ls->names == NULL)
			return NULL;
		ls->names->of = ls;
		ls->names->job.work = look_up_wanted;
		ls->names->job.done = on_looked_up;
	}
	return ls->names;
}

/* The entry of this address; NULL when it can't be had now. */
static struct listen_name *
name_of(struct listen_names *names, struct slice addr, size_t host_len)
{
	struct listen_name *n;

	for (n = names->first; n != NULL; n = n->next)
		if (slice_is(addr, n->addr))
			return n;
	n = names->job.busy ? NULL : calloc(1, sizeof(*n) + addr.len + 1);
	if (n == NULL)
		return NULL;
	memcpy(n->addr, addr.p, addr.len);
	n->host_len = host_len;
	n->log = true;
	n->next = names->first;
	names->first = n;
	return n;
}

static uint64_t
clock_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* We are ready once everything is bound, so the start waits; but a dead DNS must not hold it up. */
static void
look_up_at_start(struct listen_names *names, struct listen_name *n)
{
	uint64_t begin_ms = clock_ms();

	if (names->waited_ms >= START_WAIT_MS)
		return;
	look_up(n);
	names->waited_ms += clock_ms() - begin_ms;
}

/* Put the address of its name into a, once known. -1 with errno, EAGAIN: not yet. */
static int
take_name(struct listeners *ls, struct slice addr, struct addr *a, struct listen_name **out)
{
	struct listen_names *names = names_of(ls);
	struct listen_name *n = names == NULL ? NULL : name_of(names, addr, a->host.len);
	bool found;

	*out = n;
	errno = EAGAIN;
	if (n == NULL || names->job.busy)
		return -1;
	if (n->state == NAME_IDLE)
		n->state = NAME_WANTED;
	if (n->state == NAME_WANTED && ls->ev == NULL)
		look_up_at_start(names, n);
	if (n->state == NAME_WANTED)
		return -1;
	found = n->state == NAME_FOUND;
	n->state = NAME_IDLE;
	names->answered = true;
	return set_ip(a, found, n->ip);
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
		log_info("listen %s: closed: no longer listed in any routes file", l->addr);
		event(arg, l, false);
		listeners_close(ls, l, true);
	}
}

/* Forget names that no line has any more, while no look-up is under way. */
static void
drop_names(struct listen_names *names, const struct routeset *rs)
{
	struct listen_name **at = &names->first;

	while (!names->job.busy && *at != NULL) {
		struct listen_name *n = *at;

		if (in_tables(rs, n->addr)) {
			at = &n->next;
			continue;
		}
		*at = n->next;
		free(n);
	}
}

static void
look_up_aside(struct listeners *ls)
{
	struct listen_names *names = ls->names;
	bool wanted = false;

	if (ls->ev == NULL || names->job.busy || names->answered)
		return;
	for (const struct listen_name *n = names->first; n != NULL; n = n->next)
		wanted = wanted || n->state == NAME_WANTED;
	if (!wanted || (names->ev == NULL && job_open(&names->job, ls->ev) == -1))
		return;
	names->ev = ls->ev;
	(void)job_start(&names->job);	/* without a thread, the next try asks for them again */
}

static void
log_failed(const struct routes *table, struct slice addr)
{
	const char *why = listeners_reason(NULL);
	struct route r;

	if (routes_find(table, ROUTES_LISTEN, addr, slice_of(NULL, 0), &r) < ROUTES_DEFAULT)
		return;
	log_error("routes: %s:%u: listen " SLICE_FMT ": %s; trying again", r.file, routes_line_number(table, &r),
	    SLICE_ARG(addr), why);
}

static bool
open_one(struct listeners *ls, const struct routes *table, struct slice addr, bool first_try)
{
	struct listen_name *name = NULL;
	struct addr a;

	if (addr_parse(addr, ADDR_LISTEN, &a) != ADDR_OK)
		return false;		/* never: the table was checked */
	if ((a.kind != ADDR_HOST || take_name(ls, addr, &a, &name) == 0) && open_addr(ls, &a, addr, true) == 0)
		return true;
	if (errno != EAGAIN && (name == NULL ? first_try : name->log)) {
		log_failed(table, addr);
		if (name != NULL)
			name->log = false;
	}
	return false;
}

static bool
keep_open(struct listeners *ls, const struct routes *table, struct slice addr, bool first_try, listeners_event *event, void *arg)
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

static void
look_after_names(struct listeners *ls, const struct routeset *rs, bool first_try)
{
	if (ls->names == NULL)
		return;
	ls->names->answered = false;
	drop_names(ls->names, rs);
	for (struct listen_name *n = ls->names->first; first_try && n != NULL; n = n->next)
		n->log = true;
}

size_t
listeners_sync(struct listeners *ls, const struct routeset *rs, bool first_try, listeners_event *event, void *arg)
{
	size_t failed = 0;

	close_gone(ls, rs, event, arg);
	look_after_names(ls, rs, first_try);
	for (size_t i = 0; i < routeset_files(rs); i++) {
		const struct routes *table = routeset_table(rs, i);
		struct slice addr;
		size_t cursor = 0;

		while (table != NULL && routes_next_listen(table, &cursor, &addr))
			failed += !keep_open(ls, table, addr, first_try, event, arg);
	}
	if (ls->names != NULL)
		look_up_aside(ls);
	return failed;
}
