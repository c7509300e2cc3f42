/* SPDX-License-Identifier: ISC */
/* What is known of targets: a table by text, how many use each, and which are held off. */
#include "target.h"

#include <stdlib.h>
#include <string.h>

#include "hash.h"
#include "log.h"

#define HOLD_FIRST_MS 1000u
#define HOLD_MAX_MS 30000u
#define RELOG_MS 1000u		/* another reason is logged no sooner after the last */
#define UNUSED_MS 600000u	/* what is known of a target unused this long may be forgotten */

bool
target_held_off(const struct target *t)
{
	return t->probed || ev_now_ms(t->table->ev) < t->held_until_ms;
}

bool
target_probe(struct target *t)
{
	if (t->hold_ms == 0 || target_held_off(t))
		return false;
	t->probed = true;
	return true;
}

/* Targets come and go with the routes, and some that went had a kept name or were held off. */
static void
forget_unused(struct targets *ts)
{
	uint64_t now = ev_now_ms(ts->ev);

	for (size_t i = 0; i < ts->room; i++) {
		for (struct target **at = &ts->bucket[i], *t; (t = *at) != NULL; ) {
			if (t->refs == 0 && now - t->unused_ms >= UNUSED_MS &&
			    !target_held_off(t)) {
				*at = t->next;
				ts->count--;
				free(t);
			} else {
				at = &t->next;
			}
		}
	}
}

static void
grow(struct targets *ts)
{
	size_t room = ts->room == 0 ? 64 : ts->room * 2;
	struct target **bucket = calloc(room, sizeof(struct target *));

	if (bucket == NULL)
		return;		/* make do with longer chains */
	for (size_t i = 0; i < ts->room; i++) {
		while (ts->bucket[i] != NULL) {
			struct target *t = ts->bucket[i];

			ts->bucket[i] = t->next;
			t->next = bucket[t->hash & (room - 1)];
			bucket[t->hash & (room - 1)] = t;
		}
	}
	free(ts->bucket);
	ts->bucket = bucket;
	ts->room = room;
}

/* Keep half of the room free: that many new ones can come before this is due again. */
static void
make_room(struct targets *ts)
{
	forget_unused(ts);
	if (ts->count >= ts->room / 2)
		grow(ts);
}

struct target *
target_find(const struct targets *ts, struct slice text)
{
	uint64_t h = hash_text(0, text);
	struct target *t;

	if (ts->room == 0)
		return NULL;
	for (t = ts->bucket[h & (ts->room - 1)]; t != NULL; t = t->next)
		if (t->hash == h && slice_is(text, t->text))
			break;
	return t;
}

struct target *
target_hold(struct targets *ts, struct slice text)
{
	uint64_t h = hash_text(0, text);
	struct target *t = target_find(ts, text);

	if (t != NULL) {
		t->refs++;
		return t;
	}
	if (ts->count >= ts->room)
		make_room(ts);
	if (ts->room == 0)
		return NULL;
	t = calloc(1, sizeof(*t) + text.len + 1);
	if (t == NULL)
		return NULL;
	memcpy(t->text, text.p, text.len);
	if (addr_parse(slice_of(t->text, text.len), ADDR_ALLOW_PASS, &t->addr) != ADDR_OK) {
		free(t);	/* routes_load() checks, so does main for -t */
		return NULL;
	}
	t->table = ts;
	t->hash = h;
	t->refs = 1;
	t->good.family = AF_UNSPEC;
	t->next = ts->bucket[h & (ts->room - 1)];
	ts->bucket[h & (ts->room - 1)] = t;
	ts->count++;
	return t;
}

/* An unused target is kept only for what is known of it, and only for a while. */
void
target_forget(struct target *t)
{
	struct targets *ts;
	struct target **at;

	if (t == NULL || --t->refs > 0)
		return;
	ts = t->table;
	t->unused_ms = ev_now_ms(ts->ev);
	if (t->hold_ms > 0 || t->addr.kind == ADDR_HOST)
		return;
	for (at = &ts->bucket[t->hash & (ts->room - 1)]; *at != t; at = &(*at)->next)
		;
	*at = t->next;
	ts->count--;
	free(t);
}

void
target_release(struct target *t)
{
	t->conns--;
	target_forget(t);
}

void
target_rest(struct target *t)
{
	t->conns--;
}

void
target_resume(struct target *t)
{
	t->conns++;
}

void **
target_slot(struct target *t)
{
	return &t->slot;
}

void
target_keep(struct target *t)
{
	t->refs++;
}

const char *
target_text(const struct target *t)
{
	return t->text;
}

bool
target_is_pass(const struct target *t)
{
	return t->addr.kind == ADDR_PASS;
}

bool
target_is_unix(const struct target *t)
{
	return t->addr.kind == ADDR_UNIX || t->addr.kind == ADDR_ABSTRACT;
}

void
target_failed(struct target *t, const char *reason)
{
	uint64_t now = ev_now_ms(t->table->ev), why = hash_text(0, slice_str(reason));
	char text[LOG_VALUE_MAX];

	if (now >= t->held_until_ms) {
		t->hold_ms = t->hold_ms == 0 ? HOLD_FIRST_MS :
		    t->hold_ms * 2 > HOLD_MAX_MS ? HOLD_MAX_MS : t->hold_ms * 2;
		t->held_until_ms = now + t->hold_ms;
	} else if (why == t->why || now - t->logged_ms < RELOG_MS) {
		return;		/* tried all the same, or failed twice at once: already held off */
	}
	t->why = why;
	t->logged_ms = now;
	log_warn("target=%s is unreachable: %s; held off for %u s",
	    log_value(slice_str(t->text), text), reason,
	    (unsigned)(t->held_until_ms - now + 999) / 1000);
}

void
target_works(struct target *t)
{
	char text[LOG_VALUE_MAX];

	if (t->hold_ms > 0)
		log_info("target=%s is reachable again", log_value(slice_str(t->text), text));
	t->hold_ms = 0;
	t->held_until_ms = 0;
	t->probed = false;
}

void
targets_free(struct targets *ts)
{
	for (size_t i = 0; i < ts->room; i++) {
		while (ts->bucket[i] != NULL) {
			struct target *t = ts->bucket[i];

			ts->bucket[i] = t->next;
			free(t);
		}
	}
	free(ts->bucket);
}
