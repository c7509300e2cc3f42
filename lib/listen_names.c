/* SPDX-License-Identifier: ISC */
/* Looks up names in listening addresses: waits for them, at start, or has a thread do it. */
#include "listen_names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "job.h"
#include "resolve.h"

/* the start's wait for names of routes files in all; then a thread looks them up */
#define START_WAIT_MS 3000u

/*
 * The job, while it is busy, reads addr and host_len and writes ip and state.
 * The rest is the loop's.
 */
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
	struct listen_name **rest;	/* behind those asked for in this sync, which come first,
					   in the order they were asked for */
	bool answered;			/* in this sync: what is still to be looked up
					   waits for the next */
	uint64_t waited_ms;		/* at start */
};

/*
 * What a name leads to. bind(2) has an errno of its own for an address that is not ours,
 * so here it is another.
 */
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
listen_name_wait(struct addr *a)
{
	struct endpoint ip = { 0 };
	bool found = resolve_wait(a->host, 0, &ip);

	return set_ip(a, found, ip);
}

/* ---- their end ---- */

static void
free_list(struct listen_name **first)
{
	while (*first != NULL) {
		struct listen_name *n = *first;

		*first = n->next;
		free(n);
	}
}

static void
free_names(struct listen_names *names)
{
	job_close(&names->job, names->ev);
	free_list(&names->first);
	free(names);
}

void
listen_names_forget(struct listeners *ls)
{
	struct listen_names *names = ls->names;

	ls->names = NULL;
	if (names != NULL && names->job.busy)
		names->of = NULL;	/* the thread still uses them */
	else if (names != NULL)
		free_names(names);
}

void
listen_names_forked(struct listeners *ls)
{
	if (ls->names == NULL)
		return;
	ls->names->job.busy = false;
	ls->names->ev = NULL;
	listen_names_forget(ls);
}

/* ---- looking up ---- */

static void
look_up(struct listen_name *n, uint64_t max_ms)
{
	bool found = resolve_wait(slice_of(n->addr, n->host_len), max_ms, &n->ip);

	n->state = found ? NAME_FOUND : NAME_MISSING;
}

static void
look_up_wanted(struct job *j)
{
	struct listen_names *names = EV_CONTAINER(j, struct listen_names, job);

	for (struct listen_name *n = names->first; n != NULL; n = n->next)
		if (n->state == NAME_WANTED)
			look_up(n, 0);
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

/* We are ready once everything is bound, so the start waits; but a dead DNS must not hold it up. */
static void
look_up_at_start(struct listen_names *names, struct listen_name *n)
{
	uint64_t begin_ms = ev_clock_ms();

	if (names->waited_ms >= START_WAIT_MS)
		return;
	look_up(n, START_WAIT_MS - names->waited_ms);
	names->waited_ms += ev_clock_ms() - begin_ms;
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
	(void)job_start(&names->job);	/* without a thread, the next sync asks for them again */
}

/* ---- a sync ---- */

void
listen_names_begin(struct listeners *ls, bool first_try)
{
	if (ls->names == NULL)
		return;
	ls->names->answered = false;
	ls->names->rest = &ls->names->first;
	for (struct listen_name *n = ls->names->first; n != NULL; n = n->next)
		n->log |= first_try;
}

static struct listen_names *
names_of(struct listeners *ls)
{
	if (ls->names == NULL) {
		ls->names = calloc(1, sizeof(*ls->names));
		if (ls->names == NULL)
			return NULL;
		ls->names->of = ls;
		ls->names->rest = &ls->names->first;
		ls->names->job.work = look_up_wanted;
		ls->names->job.done = on_looked_up;
		ls->names->job.waits = true;
	}
	return ls->names;
}

static struct listen_name *
new_name(struct slice text, size_t host_len)
{
	struct listen_name *n = calloc(1, sizeof(*n) + text.len + 1);

	if (n == NULL)
		return NULL;
	memcpy(n->addr, text.p, text.len);
	n->host_len = host_len;
	n->log = true;
	return n;
}

/*
 * The entry of this address, from now on behind those asked for before; NULL: no memory. When they
 * are asked for in the order of the last sync, it is the first one looked at.
 */
static struct listen_name *
name_of(struct listen_names *names, struct slice text, size_t host_len)
{
	struct listen_name **at = names->rest, *n;

	while (*at != NULL && !slice_is(text, (*at)->addr))
		at = &(*at)->next;
	n = *at;
	if (n != NULL)
		*at = n->next;
	else if ((n = new_name(text, host_len)) == NULL)
		return NULL;
	n->next = *names->rest;
	*names->rest = n;
	names->rest = &n->next;
	return n;
}

int
listen_name_take(struct listeners *ls, struct slice text, struct addr *a, struct listen_name **out)
{
	struct listen_names *names = names_of(ls);
	struct listen_name *n = names == NULL || names->job.busy ? NULL :
	    name_of(names, text, a->host.len);
	bool found;

	*out = n;
	errno = EAGAIN;
	if (n == NULL)
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

bool
listen_name_is_news(struct listen_name *n)
{
	bool news = n->log;

	n->log = false;
	return news;
}

void
listen_names_end(struct listeners *ls)
{
	if (ls->names == NULL)
		return;
	if (!ls->names->job.busy)
		free_list(ls->names->rest);	/* bound, or in no line any more */
	look_up_aside(ls);
}
