/* SPDX-License-Identifier: ISC */
/* Keys of the store in a hash, and in order of the lines they give. */
#include "table.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "hash.h"
#include "host.h"
#include "live.h"

#define SLOTS_MIN 1024u

/* One key and its line; never changed, but replaced by another. */
struct entry {
	uint64_t value;			/* hash of the value, good or not */
	uint32_t round;			/* the last one that met it */
	uint32_t key_len : 30;
	uint32_t rank : 2;
	uint32_t line_len : 28;		/* 0: no good value yet */
	uint32_t malformed : 1;
	uint32_t has_secret : 1;
	uint32_t dead : 1;		/* out of the hash, still in the order */
	uint32_t odd : 1;		/* reported: its options keep it out of the line of its NAME */
	uint32_t name_len;
	char text[];			/* line, key, hash of the secret */
};

/* Of the hash; the key's hash beside the pointer spares most looks at entries far away in memory. */
struct slot {
	struct entry *entry;		/* owned by the order; NULL: empty */
	uint64_t hash;
};

struct table {
	struct record_reader reader;
	table_report *report;
	void *arg;
	const struct lines *fall_back;	/* borrowed, or NULL */
	struct slot *slots;		/* owned; open addressing by the hash of the key */
	size_t nslots, n, malformed, live_gone;
	struct entry **order;		/* owned; all entries, dead ones too */
	size_t order_n, order_room, sorted_n;	/* the first sorted_n are in order */
	uint64_t seed;
	uint32_t round, ended;		/* this one; the last that ended */
	bool changed;
};

/* ---- hashing ---- */

static struct slice
entry_line(const struct entry *e)
{
	return slice_of(e->text, e->line_len);
}

static struct slice
entry_key(const struct entry *e)
{
	return slice_of(e->text + e->line_len, e->key_len);
}

static struct slice
entry_name(const struct entry *e)
{
	return slice_of(e->text, e->name_len);
}

static const uint8_t *
entry_secret(const struct entry *e)
{
	return (const uint8_t *)e->text + e->line_len + e->key_len;
}

/* The slot of a key, or the empty one where it would go. */
static struct slot *
find(const struct table *t, struct slice key)
{
	uint64_t h = hash_text(t->seed, key);
	size_t mask = t->nslots - 1, i = h & mask;

	while (t->slots[i].entry != NULL && (t->slots[i].hash != h || !slice_eq(entry_key(t->slots[i].entry), key)))
		i = (i + 1) & mask;
	t->slots[i].hash = h;
	return &t->slots[i];
}

static bool
grow(struct table *t)
{
	struct slot *old = t->slots, *bigger = calloc(t->nslots * 2, sizeof(*bigger));
	size_t mask = t->nslots * 2 - 1, at;

	if (bigger == NULL)
		return false;
	for (size_t i = 0; i < t->nslots; i++) {
		if (old[i].entry == NULL)
			continue;
		for (at = old[i].hash & mask; bigger[at].entry != NULL;)
			at = (at + 1) & mask;
		bigger[at] = old[i];
	}
	t->slots = bigger;
	t->nslots *= 2;
	free(old);
	return true;
}

/* Close the gap a removed entry leaves: whoever stands behind it only because it was there moves up. */
static void
close_gap(struct table *t, size_t gap)
{
	size_t mask = t->nslots - 1, i = gap;

	while (t->slots[i = (i + 1) & mask].entry != NULL) {
		if (((i - t->slots[i].hash) & mask) < ((i - gap) & mask))
			continue;
		t->slots[gap] = t->slots[i];
		gap = i;
	}
	t->slots[gap].entry = NULL;
}

/* ---- entries ---- */

struct table *
table_new(const char *prefix, const char *visitors, table_report *report, void *arg)
{
	struct table *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->reader.prefix = prefix;
	t->reader.visitors = visitors;
	t->report = report;
	t->arg = arg;
	t->nslots = SLOTS_MIN;
	t->slots = calloc(t->nslots, sizeof(*t->slots));
	t->changed = true;
	if (t->slots == NULL || getrandom(&t->seed, sizeof(t->seed), 0) == -1) {
		table_free(t);
		return NULL;
	}
	return t;
}

void
table_free(struct table *t)
{
	if (t == NULL)
		return;
	for (size_t i = 0; i < t->order_n; i++)
		free(t->order[i]);
	free(t->order);
	free(t->slots);
	free(t);
}

static struct entry *
entry_new(struct slice key, const struct record *record)
{
	struct slice line = record == NULL ? slice_of(NULL, 0) : record->text.line;
	bool has_secret = record != NULL && record->has_secret;
	struct entry *e = malloc(sizeof(*e) + line.len + key.len + (has_secret ? SHA256_SIZE : 0));

	if (e == NULL)
		return NULL;
	*e = (struct entry){ .line_len = (uint32_t)line.len & 0xfffffff, .key_len = (uint32_t)key.len & 0x3fffffff,
		.name_len = record == NULL ? 0 : (uint32_t)record->text.name.len, .has_secret = has_secret };
	if (line.len > 0)
		memcpy(e->text, line.p, line.len);
	memcpy(e->text + line.len, key.p, key.len);
	if (has_secret)
		memcpy(e->text + line.len + key.len, record->secret, SHA256_SIZE);
	return e;
}

/* Free the dead, keeping the order of the rest. */
static void
bury(struct table *t)
{
	size_t kept = 0, sorted = 0;

	for (size_t i = 0; i < t->order_n; i++) {
		if (i == t->sorted_n)
			sorted = kept;
		if (t->order[i]->dead)
			free(t->order[i]);
		else
			t->order[kept++] = t->order[i];
	}
	t->sorted_n = t->sorted_n >= t->order_n ? kept : sorted;
	t->order_n = kept;
}

static bool
remember_order(struct table *t, struct entry *e)
{
	if (t->order_n > 2 * t->n + SLOTS_MIN)
		bury(t);
	if (t->order_n == t->order_room) {
		size_t room = t->order_room * 2 + SLOTS_MIN;
		struct entry **bigger = reallocarray(t->order, room, sizeof(*bigger));

		if (bigger == NULL)
			return false;
		t->order = bigger;
		t->order_room = room;
	}
	t->order[t->order_n++] = e;
	return true;
}

static void
kill_entry(struct table *t, struct entry *e)
{
	e->dead = true;
	t->malformed -= e->malformed;
	t->changed |= e->line_len > 0;
}

static bool
is_live(const struct entry *e)
{
	return e->rank == RANK_LIVE && e->line_len > 0;
}

static void
remove_at(struct table *t, struct slot *at)
{
	t->live_gone += is_live(at->entry);
	kill_entry(t, at->entry);
	t->n--;
	close_gap(t, (size_t)(at - t->slots));
}

/* In the place of the entry at this slot, if any. */
static bool
set_entry(struct table *t, struct slot *at, struct entry *e)
{
	if (e == NULL || !remember_order(t, e)) {
		free(e);
		return false;
	}
	e->round = t->round;
	t->malformed += e->malformed;
	t->changed |= e->line_len > 0;
	if (at->entry != NULL) {
		kill_entry(t, at->entry);
		at->entry = e;
		return true;
	}
	at->entry = e;
	t->n++;
	return t->n * 4 < t->nslots * 3 || grow(t);
}

/* ---- values ---- */

void
table_fall_back(struct table *t, const struct lines *lines)
{
	t->fall_back = lines;
}

void
table_begin(struct table *t)
{
	t->round++;
}

/* It was kept though a round did not meet it. */
static bool
is_stale(const struct table *t, const struct entry *e)
{
	return e->round < t->ended;
}

static void
meet(struct table *t, struct entry *e)
{
	t->changed |= is_stale(t, e);
	e->round = t->round;
}

static bool
is_missing(const struct table *t, const struct entry *e)
{
	return !e->dead && e->round != t->round;
}

size_t
table_missing_live(const struct table *t)
{
	size_t n = 0;

	for (size_t i = 0; i < t->order_n; i++)
		n += is_missing(t, t->order[i]) && is_live(t->order[i]);
	return n;
}

size_t
table_end(struct table *t, bool keep_live)
{
	size_t before = t->n;

	for (size_t i = 0; i < t->order_n; i++) {
		struct entry *e = t->order[i];

		if (!is_missing(t, e))
			continue;
		if (keep_live && is_live(e))
			t->changed |= !is_stale(t, e);
		else
			remove_at(t, find(t, entry_key(e)));
	}
	t->ended = t->round;
	return before - t->n;
}

/* The line this NAME had in the file at start, for want of a better one. */
static bool
find_fall_back(struct table *t, struct slice name, struct record *out)
{
	char canonical[ROUTES_LINE_MAX + 1], why[ROUTES_WHY_MAX];
	struct slice line;
	size_t len = 0;

	if (t->fall_back == NULL || name.len > HOST_MAX)
		return false;
	for (; len < name.len; len++)
		canonical[len] = name.p[len] >= 'A' && name.p[len] <= 'Z' ? (char)(name.p[len] + 32) : name.p[len];
	line = lines_find(t->fall_back, slice_of(canonical, len));
	if (line.p == NULL || line.len > ROUTES_LINE_MAX)
		return false;
	memcpy(t->reader.raw, line.p, line.len);
	*out = (struct record){ 0 };
	return routes_line_canonical(slice_of(t->reader.raw, line.len), t->reader.line, &out->text, why);
}

/* The value is malformed: the entry keeps its line, or gets that of the file at start, or none. */
static bool
put_malformed(struct table *t, struct slot *at, struct slice key, enum record_rank rank, struct slice name,
    uint64_t value)
{
	struct record record;
	struct entry *e;

	t->report(t->arg, key, t->reader.why);
	if (at->entry != NULL) {
		e = at->entry;
		t->malformed += !e->malformed;
		e->malformed = true;
		e->value = value;
		meet(t, e);
		return true;
	}
	e = find_fall_back(t, name, &record) ? entry_new(key, &record) : entry_new(key, NULL);
	if (e == NULL)
		return false;
	e->malformed = true;
	e->rank = (uint32_t)rank & 3;
	e->value = value;
	return set_entry(t, at, e);
}

/* A good value again gives the same line: nothing to write, but for a secret it may have. */
static bool
is_same(const struct entry *e, const struct record *record)
{
	return slice_eq(entry_line(e), record->text.line) && e->has_secret == record->has_secret &&
	    (!record->has_secret || memcmp(entry_secret(e), record->secret, SHA256_SIZE) == 0);
}

static bool
put_good(struct table *t, struct slot *at, struct slice key, enum record_rank rank, const struct record *record,
    uint64_t value)
{
	struct entry *e = at->entry;

	if (e != NULL && e->malformed)
		t->report(t->arg, key, NULL);
	if (e != NULL && is_same(e, record)) {
		t->malformed -= e->malformed;
		e->malformed = false;
		e->value = value;
		meet(t, e);
		return true;
	}
	e = entry_new(key, record);
	if (e == NULL)
		return false;
	e->value = value;
	e->rank = (uint32_t)rank & 3;
	return set_entry(t, at, e);
}

bool
table_put(struct table *t, struct slice key, struct slice value)
{
	uint64_t h = hash_text(t->seed, value);
	struct slot *at = find(t, key);
	enum record_rank rank;
	struct record record;
	struct slice name;

	if (at->entry != NULL && at->entry->value == h) {
		meet(t, at->entry);
		return true;
	}
	if (!record_key(slice_str(t->reader.prefix), key, &rank, &name))
		return true;
	if (record_read(&t->reader, name, value, &record))
		return put_good(t, at, key, rank, &record, h);
	return put_malformed(t, at, key, rank, name, h);
}

bool
table_put_wrong_type(struct table *t, struct slice key)
{
	struct slot *at = find(t, key);
	enum record_rank rank;
	struct slice name;

	if (at->entry != NULL && at->entry->malformed && at->entry->value == 0) {
		meet(t, at->entry);
		return true;
	}
	if (!record_key(slice_str(t->reader.prefix), key, &rank, &name))
		return true;
	snprintf(t->reader.why, sizeof(t->reader.why), "its type is not string");
	return put_malformed(t, at, key, rank, name, 0);
}

void
table_remove(struct table *t, struct slice key)
{
	struct slot *at = find(t, key);

	if (at->entry != NULL)
		remove_at(t, at);
}

void
table_miss(struct table *t, struct slice key)
{
	struct slot *at = find(t, key);

	if (at->entry == NULL)
		return;
	if (!is_live(at->entry)) {
		remove_at(t, at);
		return;
	}
	t->changed |= !is_stale(t, at->entry);
	at->entry->round = 0;
}

bool
table_put_record(struct table *t, struct slice key, const struct record *record)
{
	enum record_rank rank;
	struct slice name;

	if (!record_key(slice_str(t->reader.prefix), key, &rank, &name))
		rank = RANK_OTHER;
	return put_good(t, find(t, key), key, rank, record, hash_text(t->seed, record->text.line));
}

bool
table_changed(const struct table *t)
{
	return t->changed;
}

struct table_counts
table_counts(const struct table *t)
{
	return (struct table_counts){ .keys = t->n, .malformed = t->malformed, .live_gone = t->live_gone };
}

void
table_settle(struct table *t)
{
	t->live_gone = 0;
}

/* ---- order ---- */

/* By NAME, then by whose word counts most. */
static int
compare(const struct entry *a, const struct entry *b)
{
	int order = routes_name_order(entry_name(a), entry_name(b));

	if (order == 0)
		order = (int)a->rank - (int)b->rank;
	return order != 0 ? order : routes_name_order(entry_key(a), entry_key(b));
}

static int
compare_slots(const void *a, const void *b)
{
	return compare(*(struct entry *const *)a, *(struct entry *const *)b);
}

/* The few new ones at the end are sorted and merged into the rest, from behind. */
static bool
sort(struct table *t)
{
	size_t old = t->sorted_n, fresh, at;
	struct entry **tail;

	bury(t);
	old = t->sorted_n;
	fresh = t->order_n - old;
	if (fresh == 0)
		return true;
	qsort(t->order + old, fresh, sizeof(*t->order), compare_slots);
	tail = malloc(fresh * sizeof(*tail));
	if (tail == NULL)
		return false;
	memcpy(tail, t->order + old, fresh * sizeof(*tail));
	for (at = t->order_n; fresh > 0; at--)
		if (old > 0 && compare(t->order[old - 1], tail[fresh - 1]) > 0)
			t->order[at - 1] = t->order[--old];
		else
			t->order[at - 1] = tail[--fresh];
	free(tail);
	t->sorted_n = t->order_n;
	return true;
}

/* ---- texts ---- */

static char *
put_text(char *at, struct slice text)
{
	memcpy(at, text.p, text.len);
	at[text.len] = '\n';
	return at + text.len + 1;
}

/* The entries of one NAME: from the given one up to the result. */
static size_t
same_name(const struct table *t, size_t from)
{
	size_t to = from + 1;

	while (to < t->order_n && slice_eq(entry_name(t->order[to]), entry_name(t->order[from])))
		to++;
	return to;
}

/* The first of some entries the store still has; else the first. */
static size_t
first_fresh(const struct table *t, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		if (!is_stale(t, t->order[i]))
			return i;
	return from;
}

/* Several nodes publish one NAME: their targets in one line; without those the store has lost, when it has others. */
static struct slice
merge(struct table *t, size_t from, size_t to)
{
	size_t first = first_fresh(t, from, to);
	bool only_fresh = !is_stale(t, t->order[first]);
	struct live live;

	live_begin(&live, t->reader.line, entry_line(t->order[first]));
	for (size_t i = first + 1; i < to; i++) {
		struct entry *e = t->order[i];

		if (only_fresh && is_stale(t, e))
			continue;
		if (!live_add(&live, entry_line(e)) && !e->odd) {
			t->report(t->arg, entry_key(e), "its options differ from those of the other nodes");
			e->odd = true;
		}
	}
	return live_line(&live);
}

static bool
put_routes(struct table *t, struct table_text *out)
{
	size_t room = sizeof(ROUTES_SORTED_MARK "\n"), to;
	char *at;

	for (size_t i = 0; i < t->order_n; i++)
		room += t->order[i]->line_len + 1u;
	at = out->routes = malloc(room);
	if (at == NULL)
		return false;
	at = put_text(at, slice_str(ROUTES_SORTED_MARK));
	for (size_t from = 0; from < t->order_n; from = to) {
		const struct entry *e = t->order[from];

		to = same_name(t, from);
		if (e->line_len == 0)
			continue;
		at = put_text(at, e->rank == RANK_LIVE && to > from + 1 ? merge(t, from, to) : entry_line(e));
		out->names++;
	}
	out->routes_len = (size_t)(at - out->routes);
	return true;
}

static int
by_secret(const void *a, const void *b)
{
	const struct entry *x = *(struct entry *const *)a, *y = *(struct entry *const *)b;
	int order = memcmp(entry_secret(x), entry_secret(y), SHA256_SIZE);

	return order != 0 ? order : compare(x, y);
}

/* The entries that count and have a secret; a tunnel needs a name, so "*" has none. */
static size_t
gather_secrets(const struct table *t, struct entry **out)
{
	size_t n = 0, to;

	for (size_t from = 0; from < t->order_n; from = to) {
		struct entry *e = t->order[from];

		to = same_name(t, from);
		if (e->has_secret && !slice_is(entry_name(e), "*"))
			out[n++] = e;
	}
	return n;
}

static char *
put_secret(char *at, const struct entry *e)
{
	char hex[SHA256_HEX_SIZE];

	return at + sprintf(at, "secret=sha256:%s names=", sha256_hex(entry_secret(e), hex));
}

/* One line a secret, whatever number of names it may serve. */
static bool
put_secrets(struct table *t, struct table_text *out)
{
	struct entry **list = malloc((t->order_n + 1) * sizeof(*list));
	size_t n = list == NULL ? 0 : gather_secrets(t, list), room = 1;
	char *at;

	for (size_t i = 0; i < n; i++)
		room += list[i]->name_len + 100;
	at = out->secrets = malloc(room);
	if (list == NULL || at == NULL) {
		free(list);
		return false;
	}
	qsort(list, n, sizeof(*list), by_secret);
	for (size_t i = 0; i < n; i++) {
		bool again = i > 0 && memcmp(entry_secret(list[i]), entry_secret(list[i - 1]), SHA256_SIZE) == 0;

		if (again)
			at[-1] = ',';
		else
			at = put_secret(at, list[i]);
		at = put_text(at, entry_name(list[i]));
	}
	out->secrets_len = (size_t)(at - out->secrets);
	free(list);
	return true;
}

bool
table_text(struct table *t, struct table_text *out)
{
	*out = (struct table_text){ 0 };
	if (!sort(t) || !put_routes(t, out) || !put_secrets(t, out)) {
		free(out->routes);
		free(out->secrets);
		*out = (struct table_text){ 0 };
		return false;
	}
	t->changed = false;
	return true;
}
