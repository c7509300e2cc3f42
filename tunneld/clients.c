/* SPDX-License-Identifier: ISC */
/*
 * Who is allowed, who is connected, and which session a name leads to.
 *
 * A party is one key or one secret: what it may, and its sessions. Those of the file lie in a roster, which a load
 * replaces as a whole, with a table of all their names; ids that came without a line (open) are guests. ID.DOMAIN needs
 * no table.
 */
#include "clients.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "hash.h"

struct party {
	struct party *chain;			/* of its bucket */
	struct grant *grant;			/* owned by the roster's list, a guest's by itself */
	struct session *sessions;
	struct party *next_away, **away_at;	/* a guest without sessions; at: NULL when it is none */
};

struct parties {
	struct party **bucket;			/* owned, with the parties */
	size_t mask;				/* buckets - 1, a power of two */
	size_t n;
	uint64_t seed;
};

/* A name or pattern of a party; of one name there may be several. */
struct place {
	struct party *party;			/* NULL: empty */
	const char *name;			/* in its grant */
	uint32_t len;
	uint32_t tag;				/* bits of the hash: spares most looks at the name */
};

struct roster {
	struct grant *list;			/* owned */
	struct parties parties;
	struct place *places;			/* owned, hashed */
	size_t mask;				/* places - 1, a power of two */
};

struct clients {
	struct slice domain;
	bool open;
	const struct clients_ops *ops;
	void *arg;
	struct roster *roster;
	struct parties guests;
	struct party *away, **last_away;	/* guests, who left first comes first */
	size_t n_away;
	struct session *sessions, **last;
	size_t n_sessions;
	struct session *cursor;			/* a walk that calls back: its next session */
	uint64_t turn;
	int64_t next_expiry;			/* of a session's grant; none is earlier */
};

/* ---- parties by key ---- */

static struct slice
key_of(const struct grant *g)
{
	return g->by_secret ? slice_of((const char *)g->secret, SHA256_SIZE) : slice_of(g->id, IDENTITY_ID_LEN);
}

static struct slice
session_key(const struct session *s)
{
	return s->by_secret ? slice_of((const char *)s->secret, SHA256_SIZE) : slice_of(s->id, IDENTITY_ID_LEN);
}

static struct party **
bucket_of(const struct parties *ps, struct slice key)
{
	return &ps->bucket[hash_text(ps->seed, key) & ps->mask];
}

/* Ids and hashes differ in length: they never meet. */
static struct party *
find_party(const struct parties *ps, struct slice key)
{
	struct party *p = *bucket_of(ps, key);

	while (p != NULL && !slice_eq(key_of(p->grant), key))
		p = p->chain;
	return p;
}

static struct party *
add_party(struct parties *ps, struct grant *g)
{
	struct party *p = calloc(1, sizeof(*p)), **bucket = bucket_of(ps, key_of(g));

	if (p == NULL)
		return NULL;
	p->grant = g;
	p->chain = *bucket;
	*bucket = p;
	ps->n++;
	return p;
}

static void
remove_party(struct parties *ps, struct party *p)
{
	struct party **at = bucket_of(ps, key_of(p->grant));

	while (*at != p)
		at = &(*at)->chain;
	*at = p->chain;
	ps->n--;
	free(p);
}

static size_t
power_above(size_t n)
{
	size_t power = 1;

	while (power <= n)
		power *= 2;
	return power;
}

static bool
make_buckets(struct parties *ps, size_t n, uint64_t seed)
{
	size_t buckets = power_above(n);

	*ps = (struct parties){ .mask = buckets - 1, .seed = seed };
	ps->bucket = calloc(buckets, sizeof(struct party *));
	return ps->bucket != NULL;
}

static void
free_parties(struct parties *ps)
{
	for (size_t i = 0; ps->bucket != NULL && i <= ps->mask; i++)
		for (struct party *p = ps->bucket[i], *next; p != NULL; p = next) {
			next = p->chain;
			free(p);
		}
	free(ps->bucket);
}

/* ---- the roster: what the file says ---- */

static void
add_place(struct roster *r, struct party *p, struct slice name)
{
	uint64_t hash = hash_text(r->parties.seed, name);
	size_t i = hash & r->mask;

	while (r->places[i].party != NULL)
		i = (i + 1) & r->mask;
	r->places[i] = (struct place){ p, name.p, (uint32_t)name.len, (uint32_t)(hash >> 32) };
}

/* Go through the places of a name: NULL behind the last. *i is the cursor, which starts as the hash. */
static struct party *
next_place(const struct roster *r, struct slice name, uint64_t hash, size_t *i)
{
	for (*i &= r->mask; r->places[*i].party != NULL; *i = (*i + 1) & r->mask) {
		const struct place *at = &r->places[*i];

		if (at->tag != (uint32_t)(hash >> 32) || !slice_eq(slice_of(at->name, at->len), name))
			continue;
		++*i;
		return at->party;
	}
	return NULL;
}

static size_t
count_names(const struct grant *g)
{
	struct slice rest = g->names;
	size_t n = 0;

	while (grant_next_name(&rest).p != NULL)
		n++;
	return n;
}

static bool
add_grant(struct roster *r, struct grant *g)
{
	struct slice rest = g->names, name;
	struct party *p = add_party(&r->parties, g);

	if (p == NULL)
		return false;
	while ((name = grant_next_name(&rest)).p != NULL)
		add_place(r, p, name);
	return true;
}

void
roster_free(struct roster *r)
{
	if (r == NULL)
		return;
	free_parties(&r->parties);
	free(r->places);
	grants_free(r->list);
	free(r);
}

static bool
fill_roster(struct roster *r, uint64_t seed)
{
	size_t grants = 0, names = 0;
	bool ok;

	for (const struct grant *g = r->list; g != NULL; g = g->next) {
		grants++;
		names += count_names(g);
	}
	r->mask = power_above(names + names / 2) - 1;
	r->places = calloc(r->mask + 1, sizeof(*r->places));
	ok = make_buckets(&r->parties, grants, seed) && r->places != NULL;
	for (struct grant *g = r->list; ok && g != NULL; g = g->next)
		ok = add_grant(r, g);
	return ok;
}

struct roster *
roster_new(uint64_t seed, struct grant *list)
{
	struct roster *r = calloc(1, sizeof(*r));

	if (r == NULL) {
		grants_free(list);
		return NULL;
	}
	r->list = list;
	if (fill_roster(r, seed))
		return r;
	roster_free(r);
	return NULL;
}

/* ---- guests: ids without a line ---- */

static void
forget(struct clients *c, struct party *guest)
{
	*guest->away_at = guest->next_away;
	if (guest->next_away != NULL)
		guest->next_away->away_at = guest->away_at;
	else
		c->last_away = guest->away_at;
	guest->away_at = NULL;
	c->n_away--;
}

static void
drop_guest(struct clients *c, struct party *guest)
{
	struct grant *g = guest->grant;

	if (guest->away_at != NULL)
		forget(c, guest);
	remove_party(&c->guests, guest);
	grant_free(g);
}

/* A guest's last session has ended: it is known from now on, as long as there is room. */
static void
note_away(struct clients *c, struct party *guest)
{
	guest->next_away = NULL;
	guest->away_at = c->last_away;
	*c->last_away = guest;
	c->last_away = &guest->next_away;
	if (++c->n_away > CLIENTS_REMEMBERED)
		drop_guest(c, c->away);
}

/* Keep chains short; without memory they grow longer. */
static void
widen(struct clients *c)
{
	struct parties wide, *old = &c->guests;

	if (old->n <= old->mask || !make_buckets(&wide, old->n * 2, old->seed))
		return;
	for (size_t i = 0; i <= old->mask; i++)
		for (struct party *p = old->bucket[i], *next; p != NULL; p = next) {
			struct party **bucket = bucket_of(&wide, key_of(p->grant));

			next = p->chain;
			p->chain = *bucket;
			*bucket = p;
		}
	wide.n = old->n;
	free(old->bucket);
	*old = wide;
}

static struct party *
add_guest(struct clients *c, const char id[static IDENTITY_ID_SIZE])
{
	struct grant *g = malloc(sizeof(*g));
	struct party *guest;

	if (g == NULL)
		return NULL;
	*g = (struct grant){ .sessions = AUTHFILE_SESSIONS, .streams = AUTHFILE_STREAMS, .expires = INT64_MAX };
	memcpy(g->id, id, IDENTITY_ID_LEN);
	widen(c);
	guest = add_party(&c->guests, g);
	if (guest == NULL)
		grant_free(g);
	return guest;
}

uint64_t
clients_seed(const struct clients *c)
{
	return c->guests.seed;
}

static bool
is_guest(const struct party *p)
{
	return p->grant->line == 0;
}

/* The party of a key: a line of the file, else a guest. */
static struct party *
party_of(const struct clients *c, struct slice key)
{
	struct party *p = find_party(&c->roster->parties, key);

	return p != NULL || !c->open ? p : find_party(&c->guests, key);
}

/* The party s is to belong to: NULL when there is none. */
static struct party *
admit(struct clients *c, const struct session *s)
{
	struct party *p = party_of(c, session_key(s));

	return p == NULL && c->open && !s->by_secret ? add_guest(c, s->id) : p;
}

/* ---- sessions ---- */

static void
attach(struct clients *c, struct session *s, struct party *p)
{
	if (p->away_at != NULL)
		forget(c, p);
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
	if (p->sessions == NULL && is_guest(p))
		note_away(c, p);
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

/* Off the list it is on: all of them, or those a load is about to end. */
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

/* From now on it is nobody here. */
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
 * Those that only let their visitors finish don't count, within reason: a client says itself that it is one of them. An
 * ancestor of the first generation is one for as long as it has its visitor.
 */
static bool
is_full(const struct party *p)
{
	const struct grant *g = p->grant;

	return count_sessions(p, false) >= g->sessions ||
	    count_sessions(p, true) >= (size_t)g->sessions + (g->by_secret ? g->streams : CLIENTS_LEAVING);
}

static enum clients_verdict
judge(const struct party *p, const struct session *s, int64_t now)
{
	if (p == NULL)
		return CLIENTS_UNAUTHORISED;
	if (now >= p->grant->expires)
		return CLIENTS_EXPIRED;
	if (p->grant->from.p != NULL && !cidr_list_has(p->grant->from, &s->peer))
		return CLIENTS_FROM;
	return CLIENTS_WELCOME;
}

/* The session s takes the place of. One that takes no visitors any more is left to finish. */
static struct session *
same_instance(const struct party *p, const struct session *s)
{
	struct session *other = s->by_secret ? NULL : p->sessions;

	while (other != NULL && (other->closing || strcmp(other->instance, s->instance) != 0))
		other = other->sibling;
	return other;
}

enum clients_verdict
clients_join(struct clients *c, struct session *s, int64_t now)
{
	struct party *p = admit(c, s);
	enum clients_verdict verdict = judge(p, s, now);
	struct session *old;

	s->at = NULL;
	s->party = NULL;
	if (verdict != CLIENTS_WELCOME)
		return verdict;
	old = same_instance(p, s);
	if (old == NULL && is_full(p))
		return CLIENTS_LIMIT;
	s->turn = ++c->turn;
	attach(c, s, p);
	enlist(c, s);
	if (old != NULL) {
		take_out(c, old);
		c->ops->end(c->arg, old, CONTROL_REPLACED);
	}
	c->ops->names(c->arg);
	return CLIENTS_WELCOME;
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

static enum control_code
code_of(enum clients_verdict verdict)
{
	switch (verdict) {
	case CLIENTS_WELCOME:
	case CLIENTS_UNAUTHORISED:
		break;
	case CLIENTS_EXPIRED:
		return CONTROL_EXPIRED;
	case CLIENTS_FROM:
		return CONTROL_FROM;
	case CLIENTS_LIMIT:
		return CONTROL_LIMIT;
	}
	return CONTROL_REVOKED;
}

/* Move s from its party of the roster before to the one it has now; false when it may not stay, s->why says why. */
static bool
move(struct clients *c, struct session *s, int64_t now)
{
	const struct grant *old = s->party->grant;
	struct party *p = admit(c, s);
	enum clients_verdict verdict = judge(p, s, now);

	if (verdict == CLIENTS_WELCOME && p != s->party && !s->closing &&
	    count_sessions(p, false) >= p->grant->sessions)
		verdict = CLIENTS_LIMIT;
	if (verdict != CLIENTS_WELCOME) {
		s->why = code_of(verdict);
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

/* Oldest first: it is the newest for whom there is no room any more. Those to end are put on a list of their own. */
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

/* ---- which session a name leads to ---- */

static bool
beats(const struct session *a, const struct session *b)
{
	if (b == NULL || a->visitors != b->visitors)
		return b == NULL || a->visitors < b->visitors;
	return a->turn < b->turn;
}

static void
pick(const struct party *p, struct session **best)
{
	for (struct session *s = p->sessions; s != NULL; s = s->sibling)
		if (!s->closing && beats(s, *best))
			*best = s;
}

/* Whether name is one label and the domain: absent otherwise. */
static struct slice
id_of(const struct clients *c, struct slice name)
{
	struct slice rest = name, id = slice_cut(&rest, '.');

	return slice_eq(rest, c->domain) ? id : slice_of(NULL, 0);
}

static bool
find_id(const struct clients *c, struct slice name, struct session **best)
{
	struct slice id = id_of(c, name);
	struct party *p = id.p == NULL ? NULL : party_of(c, id);

	if (p != NULL)
		pick(p, best);
	return p != NULL;
}

static bool
find_places(const struct clients *c, struct slice name, struct session **best)
{
	uint64_t hash = hash_text(clients_seed(c), name);
	size_t i = hash;
	struct party *p;
	bool known = false;

	while ((p = next_place(c->roster, name, hash, &i)) != NULL) {
		known = true;
		pick(p, best);
	}
	return known;
}

/* Behind the first label, then behind the next: the longest suffix comes first. */
static bool
find_pattern(const struct clients *c, struct slice name, struct session **best)
{
	char text[HOST_MAX + 3] = "*.";

	if (name.len > HOST_MAX)
		return false;
	while (slice_cut(&name, '.').p != NULL && name.p != NULL) {
		memcpy(text + 2, name.p, name.len);
		if (find_places(c, slice_of(text, name.len + 2), best))
			return true;
	}
	return false;
}

static bool
find_any(const struct clients *c, struct slice name, struct session **best)
{
	if (identity_reserved(name))
		return find_id(c, name, best);
	return find_places(c, name, best) || find_pattern(c, name, best);
}

enum clients_answer
clients_find(struct clients *c, struct slice name, struct session **out)
{
	struct session *best = NULL;

	if (!find_any(c, name, &best))
		return CLIENTS_UNKNOWN;
	if (best == NULL)
		return CLIENTS_AWAY;
	best->turn = ++c->turn;
	*out = best;
	return CLIENTS_LIVE;
}

/* ---- about one session, about all ---- */

struct slice
clients_names(const struct session *s)
{
	return s->party == NULL ? slice_of(NULL, 0) : s->party->grant->names;
}

uint32_t
clients_streams(const struct session *s)
{
	return s->party == NULL ? AUTHFILE_STREAMS : s->party->grant->streams;
}

bool
clients_name(const struct clients *c, const struct session *s, size_t n, char out[static CLIENTS_NAME_MAX])
{
	struct slice rest = clients_names(s), name = slice_of(NULL, 0);

	if (!s->by_secret && n-- == 0) {
		snprintf(out, CLIENTS_NAME_MAX, "%s." SLICE_FMT, s->id, SLICE_ARG(c->domain));
		return true;
	}
	do {
		name = grant_next_name(&rest);
	} while (name.p != NULL && n-- > 0);
	if (name.p == NULL)
		return false;
	snprintf(out, CLIENTS_NAME_MAX, SLICE_FMT, SLICE_ARG(name));
	return true;
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
	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed) || !make_buckets(&c->guests, 0, seed) ||
	    (c->roster = roster_new(seed, NULL)) == NULL) {
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
	free_parties(&c->guests);
	roster_free(c->roster);
	free(c);
}
