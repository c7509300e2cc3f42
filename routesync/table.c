/* SPDX-License-Identifier: ISC */
/* The keys of the store and their lines, in a hash table. */
#include "table_private.h"

#include <stdlib.h>
#include <sys/random.h>

#include "hash.h"

#define SLOTS_MIN 1024u

/* ---- hashing ---- */

/* The slot of a key, or the empty one where it would go; the hash is set in it. */
static struct slot *
find(const struct table *t, struct slice key)
{
	uint64_t h = hash_text(t->seed, key);
	size_t mask = t->nslots - 1, i = h & mask;

	while (t->slots[i].entry != NULL &&
	    (t->slots[i].hash != h || !slice_eq(entry_key(t->slots[i].entry), key)))
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

/* For one more key. Slots may move: call find() again. */
static bool
make_room(struct table *t)
{
	return (t->n + 1) * 4 < t->nslots * 3 || grow(t);
}

/*
 * Close the gap a removed entry leaves: entries that were placed after it because it
 * was there move up.
 */
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
	lines_free(&t->old);
	lines_free(&t->old_secrets);
	free(t->order);
	free(t->slots);
	free(t);
}

struct entry *
entry_new(struct slice key, const struct record *record)
{
	struct slice line = record == NULL ? slice_of(NULL, 0) : record->text.line;
	bool has_secret = record != NULL && record->has_secret;
	struct entry *e = malloc(sizeof(*e) + line.len + key.len + (has_secret ? SHA256_SIZE : 0));

	if (e == NULL)
		return NULL;
	*e = (struct entry){ .key_len = (uint32_t)key.len, .line_len = (uint32_t)line.len,
		.name_len = record == NULL ? 0 : (uint16_t)record->text.name.len,
		.has_secret = has_secret };
	memcpy(e->text, key.p, key.len);
	if (line.len > 0)
		memcpy(e->text + key.len, line.p, line.len);
	if (has_secret)
		memcpy(e->text + key.len + line.len, record->secret, SHA256_SIZE);
	return e;
}

bool
table_add(struct table *t, struct entry *e)
{
	if (t->order_n > 2 * (t->n + t->kept) + SLOTS_MIN)
		table_bury(t);
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
	t->nameless -= e->nameless;
	t->changed |= e->line_len > 0 || e->nameless;
}

static void
remove_at(struct table *t, struct slot *at)
{
	kill_entry(t, at->entry);
	t->n--;
	close_gap(t, (size_t)(at - t->slots));
}

/* Put e into this slot, replacing the entry in it, if any. */
static bool
set_entry(struct table *t, struct slot *at, struct entry *e)
{
	if (e == NULL || (at->entry == NULL && !make_room(t)) || !table_add(t, e)) {
		free(e);
		return false;
	}
	at = find(t, entry_key(e));
	e->round = t->round;
	t->malformed += e->malformed;
	t->nameless += e->nameless;
	t->changed |= e->line_len > 0;
	if (at->entry != NULL) {
		kill_entry(t, at->entry);
		at->entry = e;
		return true;
	}
	at->entry = e;
	t->n++;
	return true;
}

/* ---- values ---- */

void
table_begin(struct table *t)
{
	t->round++;
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
	return !e->dead && e->rank != RANK_KEPT && e->round != t->round;
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

/* A malformed value. */
struct fault {
	struct slice name;	/* the NAME it is for; the key's NAME unless told is set */
	bool told;
	enum record_rank rank;
	uint64_t value;		/* as in the entry; 0: it is no text */
};

/*
 * A key that is malformed when first met: it takes the line of its NAME in the file at
 * start, if there was one.
 */
static struct entry *
malformed_new(struct table *t, struct slice key, const struct fault *f)
{
	struct record record;
	bool has_old = table_find_old(t, f->name, &record);
	struct entry *e = entry_new(key, has_old ? &record : NULL);

	if (e == NULL)
		return NULL;
	e->malformed = true;
	e->nameless = t->old.line != NULL && !has_old && !f->told;
	e->rank = has_old ? RANK_OLD : (uint8_t)f->rank;
	e->value = f->value;
	return e;
}

/* The value is malformed: the entry keeps its line, or takes that of the file at start, if any. */
static bool
put_malformed(struct table *t, struct slot *at, struct slice key, const struct fault *f)
{
	struct entry *e = at->entry;

	if (e == NULL)
		return set_entry(t, at, malformed_new(t, key, f));
	t->malformed += !e->malformed;
	e->malformed = true;
	e->value = f->value;
	meet(t, e);
	return true;
}

/*
 * Whether a good value gives the same line, and has the same secret, as before:
 * then there is nothing to write.
 */
static bool
is_same(const struct entry *e, enum record_rank rank, const struct record *record)
{
	return e->rank == rank && slice_eq(entry_line(e), record->text.line) &&
	    e->has_secret == record->has_secret &&
	    (!record->has_secret || memcmp(entry_secret(e), record->secret, SHA256_SIZE) == 0);
}

static bool
put_good(struct table *t, struct slot *at, struct slice key, enum record_rank rank,
    const struct record *record, uint64_t value)
{
	struct entry *e = at->entry;

	if (e != NULL && e->malformed)
		t->report(t->arg, key, NULL);
	if (e != NULL && is_same(e, rank, record)) {
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
	e->rank = (uint8_t)rank;
	return set_entry(t, at, e);
}

bool
table_put(struct table *t, struct slice key, struct slice value)
{
	struct fault f = { .value = value.p == NULL ? 0 : hash_fingerprint(t->seed, value) };
	struct slot *at = find(t, key);
	struct record record;

	if (at->entry != NULL && at->entry->value == f.value) {
		meet(t, at->entry);
		return true;
	}
	if (!record_key(slice_str(t->reader.prefix), key, &f.rank, &f.name))
		return true;
	if (value.p == NULL) {
		t->report(t->arg, key, "its type is not string");
		return put_malformed(t, at, key, &f);
	}
	if (record_read(&t->reader, f.name, value, &record))
		return put_good(t, at, key, f.rank, &record, f.value);
	if (t->reader.starved)
		return false;
	f.told = t->reader.about.p != NULL;
	if (f.told)
		f.name = t->reader.about;
	t->report(t->arg, key, t->reader.why);
	return put_malformed(t, at, key, &f);
}

bool
table_remove(struct table *t, struct slice key)
{
	struct slot *at = find(t, key);
	bool guarded;

	if (at->entry == NULL)
		return false;
	guarded = at->entry->line_len > 0 && !is_live(at->entry);
	remove_at(t, at);
	return guarded;
}

bool
table_miss(struct table *t, struct slice key)
{
	struct slot *at = find(t, key);

	if (at->entry == NULL || !is_live(at->entry))
		return false;
	t->changed |= !is_stale(t, at->entry);
	at->entry->round = 0;
	return true;
}

/* ---- values that are not from a store ---- */

/* What is no key of a store is none here either: the NAME a record is for stands in for it. */
static bool
put_record(struct table *t, struct slice key, const struct record *record)
{
	enum record_rank rank;
	struct slice name;

	if (!record_key(slice_str(t->reader.prefix), key, &rank, &name)) {
		rank = RANK_OTHER;
		key = record->text.name;
	}
	return put_good(t, find(t, key), key, rank, record,
	    hash_fingerprint(t->seed, record->text.line));
}

static bool
put_no_record(struct table *t, struct slice key, const char *why)
{
	struct fault f = { .name = key, .told = t->reader.about.p != NULL, .rank = RANK_OTHER };
	enum record_rank rank;
	struct record old;
	struct slice name;

	t->report(t->arg, key, why);
	if (f.told)
		key = f.name = t->reader.about;
	else if (record_key(slice_str(t->reader.prefix), key, &rank, &name))
		f.name = name;
	else if (!table_find_old(t, key, &old))
		key = slice_str("");	/* nameless, whoever else is called so */
	return put_malformed(t, find(t, key), key, &f);
}

static bool
on_told(void *arg, struct slice key, const struct record *record, const char *why)
{
	return record != NULL ? put_record(arg, key, record) : put_no_record(arg, key, why);
}

bool
table_put_stream(struct table *t, struct slice text, const char **why, bool *starved)
{
	bool ok = record_stream(&t->reader, text, on_told, t);

	*why = t->reader.why;
	*starved = t->reader.starved;
	return ok;
}

bool
table_changed(const struct table *t)
{
	return t->changed;
}

struct table_counts
table_counts(const struct table *t)
{
	return (struct table_counts){ .keys = t->n, .malformed = t->malformed };
}
