/* SPDX-License-Identifier: ISC */
/*
 * Who is connected: sessions come, are judged by the party they belong to, and go;
 * a new file moves them.
 */
#include <stdlib.h>
#include <sys/random.h>

#include "clients_private.h"

/* ---- parties ---- */

static struct slice
session_key(const struct session *s)
{
	return s->by_secret ? slice_of((const char *)s->secret, SHA256_SIZE) :
	    slice_of(s->id, IDENTITY_ID_LEN);
}

uint64_t
clients_seed(const struct clients *c)
{
	return c->guests.seed;
}

struct party *
clients_party(const struct clients *c, struct slice key)
{
	struct party *p = parties_find(&c->roster->parties, key);

	return p != NULL || !c->open ? p : parties_find(&c->guests, key);
}

/* The party s should belong to: NULL when there is none. */
static struct party *
admit(struct clients *c, const struct session *s)
{
	struct party *p = clients_party(c, session_key(s));

	return p == NULL && c->open && !s->by_secret ? guests_add(c, s->id) : p;
}

/* ---- sessions ---- */

static void
attach(struct clients *c, struct session *s, struct party *p)
{
	if (p->away_at != NULL)
		guests_forget(c, p);
	s->party = p;
	s->sibling = p->sessions;
	s->sibling_at = &p->sessions;
	if (s->sibling != NULL)
		s->sibling->sibling_at = &s->sibling;
	p->sessions = s;
	if (p->grant->expires < c->next_expiry)
		c->next_expiry = p->grant->expires;
}

static void
detach(struct clients *c, struct session *s)
{
	struct party *p = s->party;

	*s->sibling_at = s->sibling;
	if (s->sibling != NULL)
		s->sibling->sibling_at = s->sibling_at;
	s->party = NULL;
	if (p->sessions == NULL && party_is_guest(p))
		guests_left(c, p);
}

static void
enlist(struct clients *c, struct session *s)
{
	s->next = NULL;
	s->at = c->last;
	*c->last = s;
	c->last = &s->next;
	c->n_sessions++;
}

/* Off the list it is on: that of all sessions, or of those a load is about to end. */
static void
unlist(struct clients *c, struct session *s)
{
	*s->at = s->next;
	if (s->next != NULL)
		s->next->at = s->at;
	else if (c->last == &s->next)
		c->last = s->at;
	s->at = NULL;
}

/* From now on the registry does not know it. */
static void
take_out(struct clients *c, struct session *s)
{
	if (c->cursor == s)
		c->cursor = s->next;
	detach(c, s);
	unlist(c, s);
	c->n_sessions--;
}

static size_t
count_sessions(const struct party *p, bool closing)
{
	size_t n = 0;

	for (const struct session *s = p->sessions; s != NULL; s = s->sibling)
		n += s->closing == closing;
	return n;
}

/*
 * Those that only let their visitors finish don't count, within reason: a client says itself that
 * it is one of them. An ancestor of the first generation is one for as long as it has its visitor.
 */
static bool
is_full(const struct party *p)
{
	const struct grant *g = p->grant;

	return count_sessions(p, false) >= g->sessions ||
	    count_sessions(p, true) >=
	    (size_t)g->sessions + (g->by_secret ? g->streams : CLIENTS_LEAVING);
}

static bool
refuse(struct session *s, enum control_code why)
{
	s->why = why;
	return false;
}

/* Whether the line of p (NULL: there is none) lets s in; false: s->why says why not. */
static bool
judge(const struct party *p, struct session *s, int64_t now)
{
	if (p == NULL)
		return refuse(s, CONTROL_UNAUTHORISED);
	if (now >= p->grant->expires)
		return refuse(s, CONTROL_EXPIRED);
	if (p->grant->from.p != NULL && !cidr_list_has(p->grant->from, &s->peer))
		return refuse(s, CONTROL_FROM);
	return true;
}

/* The session that s replaces. One that takes no more visitors is left to finish. */
static struct session *
same_instance(const struct party *p, const struct session *s)
{
	struct session *other = s->by_secret ? NULL : p->sessions;

	while (other != NULL && (other->closing || strcmp(other->instance, s->instance) != 0))
		other = other->sibling;
	return other;
}

bool
clients_join(struct clients *c, struct session *s, int64_t now)
{
	struct party *p = admit(c, s);
	struct session *old;

	s->at = NULL;
	s->party = NULL;
	if (!judge(p, s, now))
		return false;
	old = same_instance(p, s);
	if (old == NULL && is_full(p))
		return refuse(s, CONTROL_LIMIT);
	s->turn = ++c->turn;
	attach(c, s, p);
	enlist(c, s);
	if (old != NULL) {
		take_out(c, old);
		c->ops->end(c->arg, old, CONTROL_REPLACED);
	}
	c->ops->names(c->arg);
	return true;
}

void
clients_leave(struct clients *c, struct session *s)
{
	if (s->at == NULL)
		return;
	if (s->party == NULL) {		/* a load was about to end it */
		unlist(c, s);
		return;
	}
	take_out(c, s);
	c->ops->names(c->arg);
}

/* ---- a new file ---- */

/* Whether s may stay, in p from now on; false: s->why says why not. */
static bool
may_stay(const struct party *p, struct session *s, int64_t now)
{
	if (p == NULL)
		return refuse(s, CONTROL_REVOKED);
	if (!judge(p, s, now))
		return false;
	if (p != s->party && !s->closing && count_sessions(p, false) >= p->grant->sessions)
		return refuse(s, CONTROL_LIMIT);
	return true;
}

/*
 * Move s from its party in the old roster to that in the new one;
 * false when it may not stay: s->why says why.
 */
static bool
move(struct clients *c, struct session *s, int64_t now)
{
	const struct grant *old = s->party->grant;
	struct party *p = admit(c, s);

	if (!may_stay(p, s, now)) {
		detach(c, s);
		return false;
	}
	s->tell = old->streams != p->grant->streams || !slice_eq(old->names, p->grant->names);
	if (p != s->party) {
		detach(c, s);
		attach(c, s, p);
	}
	return true;
}

/*
 * Oldest first: when there is too little room, the newest go.
 * Those to end are put on a list of their own.
 */
static void
move_all(struct clients *c, int64_t now, struct session **ending)
{
	struct session **last = ending;

	for (struct session *s = c->sessions, *next; s != NULL; s = next) {
		next = s->next;
		if (move(c, s, now))
			continue;
		unlist(c, s);
		c->n_sessions--;
		s->next = NULL;
		s->at = last;
		*last = s;
		last = &s->next;
	}
}

static void
tell_changed(struct clients *c)
{
	for (struct session *s = c->sessions; s != NULL; s = c->cursor) {
		bool tell = s->tell;

		c->cursor = s->next;
		s->tell = false;
		if (tell)
			c->ops->changed(c->arg, s);
	}
}

struct roster *
clients_change(struct clients *c, struct roster *r, int64_t now)
{
	struct roster *old = c->roster;
	struct session *ending = NULL, *s;

	c->roster = r;
	c->next_expiry = INT64_MAX;
	move_all(c, now, &ending);
	while ((s = ending) != NULL) {
		unlist(c, s);
		c->ops->end(c->arg, s, s->why);
	}
	tell_changed(c);
	c->ops->names(c->arg);
	return old;
}

bool
clients_load(struct clients *c, struct grant *list, int64_t now)
{
	struct roster *r = roster_new(clients_seed(c), list);

	if (r == NULL)
		return false;
	roster_free(clients_change(c, r, now));
	return true;
}

int64_t
clients_expire(struct clients *c, int64_t now)
{
	bool ended = false;

	if (now < c->next_expiry)
		return c->next_expiry;
	c->next_expiry = INT64_MAX;
	for (struct session *s = c->sessions; s != NULL; s = c->cursor) {
		int64_t expires = s->party->grant->expires;

		c->cursor = s->next;
		if (now < expires) {
			c->next_expiry = expires < c->next_expiry ? expires : c->next_expiry;
			continue;
		}
		ended = true;
		take_out(c, s);
		c->ops->end(c->arg, s, CONTROL_EXPIRED);
	}
	if (ended)
		c->ops->names(c->arg);
	return c->next_expiry;
}

/* ---- about one session, about all ---- */

uint32_t
clients_streams(const struct session *s)
{
	return s->party == NULL ? AUTHFILE_STREAMS : s->party->grant->streams;
}

size_t
clients_sessions(const struct clients *c)
{
	return c->n_sessions;
}

size_t
clients_grants(const struct clients *c)
{
	return c->roster->parties.n;
}

struct session *
clients_next(const struct clients *c, const struct session *after)
{
	return after == NULL ? c->sessions : after->next;
}

/* ---- all of it ---- */

struct clients *
clients_new(const char *domain, bool open, const struct clients_ops *ops, void *arg)
{
	struct clients *c = calloc(1, sizeof(*c));
	uint64_t seed;

	if (c == NULL)
		return NULL;
	c->domain = slice_str(domain);
	c->open = open;
	c->ops = ops;
	c->arg = arg;
	c->last = &c->sessions;
	c->last_away = &c->away;
	c->next_expiry = INT64_MAX;
	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed) ||
	    !parties_make(&c->guests, 0, seed) || (c->roster = roster_new(seed, NULL)) == NULL) {
		clients_free(c);
		return NULL;
	}
	return c;
}

void
clients_free(struct clients *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; c->guests.bucket != NULL && i <= c->guests.mask; i++)
		for (struct party *p = c->guests.bucket[i]; p != NULL; p = p->chain)
			grant_free(p->grant);
	parties_free(&c->guests);
	roster_free(c->roster);
	free(c);
}
