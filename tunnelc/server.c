/* SPDX-License-Identifier: ISC */
/* One server, and the links to it, for ever: when to try again, and what to log. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "log.h"
#include "tunnelc.h"

#define HINT_MAX_MS 3600000u	/* the longest wait a server may ask for */
#define STABLE_MS 10000u	/* a session that lived this long resets the growing bounds */
#define QUIET_MS 60000u		/* a repeated failure is logged at most this often */
#define OLD_MAX 8u		/* connections whose visitors finish, at once */

struct server {
	const char *address;		/* its -s, borrowed for ever */
	struct link *now;		/* owned; NULL: waiting for retry */
	struct link *old[OLD_MAX];	/* owned: left, their visitors finish; the oldest first */
	size_t n_old;
	struct ev_timer retry;
	uint64_t since_ms;		/* when it came up; 0: it is not */
	uint64_t after_ms, within_ms;	/* the server's wish for the next time */
	unsigned failures;		/* in a row */
	struct reach_vain vain;		/* its addresses that made no session */
	bool raw;			/* by the ancestors' first handshake */
	uint64_t logged_ms;
	char logged[LINK_WHY_MAX];	/* the last failure in the log; empty after a success */
	char names[LINK_NAMES_MAX];
	char met[IDENTITY_ID_SIZE];	/* the id of the current server, or of the previous one;
					   empty: none yet */
	bool is_met;			/* it is the current one's */
	bool twin;			/* it leads to the same server as another -s */
};

/* ---- when ---- */

/*
 * Evenly from 0 to most, both included: many clients that lost the same server must not
 * come back together.
 */
static uint64_t
random_upto(uint64_t most)
{
	uint64_t n = 0;

	(void)!getrandom(&n, sizeof(n), 0);	/* 8 bytes never fail once the pool is ready */
	return n % (most + 1);
}

/*
 * The server's wish is the first bound; after more failures the usual ones hold,
 * if they are longer.
 */
static uint64_t
bound_ms(const struct server *s)
{
	uint64_t grown = s->failures < 6 ? 1000u << s->failures : RETRY_MAX_MS;

	if (s->within_ms == 0 || (s->failures > 0 && s->within_ms < grown))
		return grown;
	return s->within_ms;
}

/*
 * Milliseconds until the next attempt; uses up the server's wish, and makes the attempt
 * after it come later.
 */
static uint64_t
schedule(struct server *s)
{
	uint64_t wait = s->after_ms + random_upto(bound_ms(s));

	s->after_ms = s->within_ms = 0;
	s->failures++;
	ev_timer_in(the->ev, &s->retry, wait == 0 ? 1 : wait);
	return wait;
}

/* Another -s that leads to the server of s and is connected, or on its way. */
static const struct server *
twin_of(const struct server *s)
{
	for (size_t i = 0; s->twin && i < the->n_servers; i++) {
		const struct server *t = the->servers[i];

		if (t != s && t->twin && t->now != NULL && strcmp(t->met, s->met) == 0)
			return t;
	}
	return NULL;
}

static void
connect_now(struct server *s)
{
	s->is_met = false;
	s->now = link_new(s, s->address, s->raw, &s->vain);
	if (s->now == NULL)
		log_error("server=%s link=down reason=\"out of memory\" retry_ms=%" PRIu64,
		    s->address, schedule(s));
}

/* A new session would only take the place of its twin's: wait until that has ended. */
static void
on_retry(struct ev_timer *t)
{
	struct server *s = EV_CONTAINER(t, struct server, retry);

	if (twin_of(s) == NULL)
		connect_now(s);
}

/* s is no longer in their way: those that waited for it may try again, in a while. */
static void
release_twins(const struct server *s)
{
	for (size_t i = 0; s->twin && i < the->n_servers; i++) {
		struct server *t = the->servers[i];

		if (t == s || !t->twin || t->now != NULL || t->retry.due_ms != 0 ||
		    strcmp(t->met, s->met) != 0)
			continue;
		t->after_ms = t->within_ms = 0;
		schedule(t);
	}
}

/* ---- what its links report ---- */

/* It is no longer up; how long it was decides how patient the next attempts are. */
static void
came_down(struct server *s)
{
	if (s->since_ms == 0)
		return;
	if (ev_now_ms(the->ev) - s->since_ms >= STABLE_MS)
		s->failures = 0;
	s->since_ms = 0;
	app_count(M_UP, -1);
}

void
server_up(struct server *s, struct link *l, const char *names)
{
	char text[LOG_VALUE_MAX];
	bool first = s->since_ms == 0;

	if (l != s->now)
		return;
	s->vain.n = 0;
	if (!first && strcmp(s->names, names) == 0)
		return;
	snprintf(s->names, sizeof(s->names), "%s", names);
	log_info("server=%s link=up names=%s", s->address,
	    log_value(slice_of(*names == '\0' ? NULL : names, strlen(names)), text));
	if (!first)
		return;
	s->since_ms = ev_now_ms(the->ev);
	s->logged[0] = '\0';
	app_count(M_UP, 1);
	app_count(M_SESSIONS_TOTAL, 1);
	app_welcomed();
}

void
server_hint(struct server *s, uint64_t after_ms, uint64_t within_ms)
{
	s->after_ms = after_ms < HINT_MAX_MS ? after_ms : HINT_MAX_MS;
	s->within_ms = within_ms < HINT_MAX_MS ? within_ms : HINT_MAX_MS;
}

/* Its link l leaves in order: another one is to follow. */
static void
plan_next(struct server *s, const struct link *l)
{
	uint64_t wait;

	s->failures = 0;
	wait = schedule(s);
	log_info("server=%s link=draining visitors=%u retry_ms=%" PRIu64, s->address,
	    link_visitors(l), wait);
}

void
server_plan_anew(struct server *s, const struct link *l)
{
	if (s->retry.due_ms != 0)	/* else it is on its way already, or waits for a twin */
		plan_next(s, l);
}

void
server_met(struct server *s, const char *id)
{
	if (strcmp(s->met, id) != 0)
		release_twins(s);
	snprintf(s->met, sizeof(s->met), "%s", id);
	s->is_met = true;
}

/* By whom? A server replaces a session only with one of the same process. */
void
server_replaced(struct server *s)
{
	for (size_t i = 0; i < the->n_servers; i++) {
		struct server *t = the->servers[i];

		if (t == s || t->now == NULL || !t->is_met || strcmp(t->met, s->met) != 0)
			continue;
		if (!s->twin || !t->twin)
			log_warn("server=%s leads to the same server as server=%s: "
			    "it is left alone while that one is up", s->address, t->address);
		s->twin = t->twin = true;
	}
}

void
server_other_handshake(struct server *s)
{
	s->raw = !s->raw;
	if (s->raw && s->vain.n > 0)
		s->vain.n--;		/* the address may know that one; else it was in vain */
	log_debug("server=%s hung up on this handshake: the %s one next time", s->address,
	    s->raw ? "raw" : "yamux");
}

static void
drop_old(struct server *s, size_t i)
{
	s->n_old--;
	memmove(&s->old[i], &s->old[i + 1], (s->n_old - i) * sizeof(s->old[0]));
}

/* Keep a link whose visitors finish. Too many: the oldest one goes. */
static void
keep_old(struct server *s, struct link *l)
{
	if (s->n_old == OLD_MAX) {
		struct link *oldest = s->old[0];

		log_warn("server=%s link=cut visitors=%u reason=\"%u later ones have visitors "
		    "to finish, too\"", s->address, link_visitors(oldest), OLD_MAX);
		drop_old(s, 0);
		link_free(oldest);
	}
	s->old[s->n_old++] = l;
}

void
server_leaving(struct server *s, struct link *l)
{
	if (l != s->now)
		return;
	keep_old(s, l);
	s->now = NULL;
	came_down(s);
	if (!the->draining)
		plan_next(s, l);
}

/* A failure is logged when it is news: the first, a different one, or once in a while. */
static void
log_down(struct server *s, const char *why, uint64_t wait)
{
	uint64_t now = ev_now_ms(the->ev);
	char text[LOG_VALUE_MAX];

	if (strcmp(s->logged, why) == 0 && now - s->logged_ms < QUIET_MS) {
		log_debug("server=%s link=down retry_ms=%" PRIu64, s->address, wait);
		return;
	}
	snprintf(s->logged, sizeof(s->logged), "%s", why);
	s->logged_ms = now;
	log_warn("server=%s link=down reason=%s retry_ms=%" PRIu64, s->address,
	    log_value(slice_str(why), text), wait);
}

/* The link has failed, or could not be made. */
static void
try_again(struct server *s, const char *why)
{
	char text[LOG_VALUE_MAX];

	if (twin_of(s) == NULL) {
		log_down(s, why, schedule(s));
		release_twins(s);
	} else {
		log_info("server=%s link=down reason=%s retry_ms=-", s->address,
		    log_value(slice_str(why), text));
	}
}

/* Whether l was an old link, whose visitors finished: then it is forgotten. */
static bool
forget_old(struct server *s, const struct link *l)
{
	for (size_t i = 0; i < s->n_old; i++) {
		if (s->old[i] != l)
			continue;
		drop_old(s, i);
		return true;
	}
	return false;
}

void
server_down(struct server *s, struct link *l, const char *why)
{
	bool was_up = s->since_ms != 0;

	if (forget_old(s, l)) {
		log_debug("server=%s the old link has ended", s->address);
	} else if (why == NULL && !the->draining) {
		connect_now(s);		/* a raw link served its visitor: the server still is up */
	} else {
		s->now = NULL;
		came_down(s);
		if (!was_up)
			app_count(M_DIALS_FAILED, 1);
		if (!the->draining)
			try_again(s, why);
	}
	if (the->draining)
		app_link_ended();
}

/* ---- the whole ---- */

struct server *
server_new(const char *address)
{
	struct server *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->address = address;
	s->retry.cb = on_retry;
	connect_now(s);
	return s;
}

void
server_drain(struct server *s)
{
	ev_timer_at(the->ev, &s->retry, 0);
	if (s->now != NULL)
		link_drain(s->now);
}

void
server_free(struct server *s)
{
	if (s == NULL)
		return;
	ev_timer_at(the->ev, &s->retry, 0);
	link_free(s->now);
	for (size_t i = 0; i < s->n_old; i++)
		link_free(s->old[i]);
	free(s);
}

bool
server_live(const struct server *s)
{
	return s->since_ms != 0;
}

bool
server_over(const struct server *s)
{
	return s->now == NULL && s->n_old == 0;
}

static uint32_t
visitors(const struct server *s)
{
	uint32_t n = s->now == NULL ? 0 : link_visitors(s->now);

	for (size_t i = 0; i < s->n_old; i++)
		n += link_visitors(s->old[i]);
	return n;
}

const char *
server_status(const struct server *s, char *out, size_t size)
{
	uint64_t now = ev_now_ms(the->ev);
	char names[LOG_VALUE_MAX];

	snprintf(out, size, "server=%s link=%s up_ms=%" PRIu64 " visitors=%u failures=%u names=%s",
	    s->address, s->now == NULL ? "waiting" : link_state_word(s->now),
	    s->since_ms == 0 ? 0 : now - s->since_ms, visitors(s), s->failures,
	    log_value(s->names[0] == '\0' ? slice_of(NULL, 0) : slice_str(s->names), names));
	return out;
}
