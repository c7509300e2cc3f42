/* SPDX-License-Identifier: ISC */
/* Accepting: in batches, within limits, paused while there is no room. */
#include "accept.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "follow.h"
#include "log.h"
#include "serve.h"

#define ACCEPT_BATCH 64		/* per listener and turn, then the others get theirs */
#define ACCEPT_BATCH_SHARED 8	/* so that other workers get theirs too */
#define ACCEPT_REST_MAX 4096u	/* of clients that wait when accepting ends: what a backlog holds */
#define RESUME_MS 100		/* to the next try after a failure: mostly a lack of descriptors */
#define QUIET_MS 10000		/* at least, between two log lines about trouble with accepting */

#define FDS_LEAST 13u		/* standard, loop's, table's, a file's: fewer fail */
#define FDS_RESERVED 32u	/* epoll, signals, metrics, DNS, files read */
#define PIPES_MAX 64u		/* relay pipes: an unprivileged user gets 64 of 1 MiB (pipe(7)) */
#define CONNS_MAX 1000000u	/* the default of --max-conns goes no higher */

/* ---- how many ---- */

static uint64_t
left_by_listeners(const struct serve *s)
{
	uint64_t n = s->listeners.count;

	return s->max_fds > n ? s->max_fds - n : 0;
}

/*
 * How many connections the descriptors suffice for: two for each, of those that listeners, pipes
 * and a reserve leave; the reserve is smaller where there are few. Clients beyond that are not
 * refused, they wait in the backlog.
 */
static uint64_t
carried(const struct serve *s)
{
	uint64_t fds = left_by_listeners(s), reserved = FDS_RESERVED, pipes = 2 * s->max_pipes;

	if (reserved > fds / 4)
		reserved = fds / 4 > FDS_LEAST ? fds / 4 : FDS_LEAST;
	if (reserved > fds / 2)
		reserved = fds / 2;
	return fds < reserved + pipes + 2 ? 1 : (fds - reserved - pipes) / 2;
}

void
accept_fit_limits(struct serve *s)
{
	const struct serve_conf *conf = s->conf;
	uint64_t conns = carried(s);

	conns = conns > s->most_conns ? s->most_conns : conns;
	s->max_conns = conf->max_conns == SERVE_UNSET ? conns : conf->max_conns;
	s->max_per_source = conf->max_per_source;
	if (s->max_per_source == SERVE_UNSET)
		s->max_per_source = s->max_conns * conf->workers < 4 ? 1 :
		    s->max_conns * conf->workers / 4;
	accept_room_made(s);
}

void
accept_set_limits(struct serve *s)
{
	uint64_t pipes = left_by_listeners(s) / 16, conns;

	s->max_pipes = (unsigned)(pipes > PIPES_MAX ? PIPES_MAX : pipes);
	s->most_conns = CONNS_MAX;
	accept_fit_limits(s);
	s->most_conns = s->max_conns;
	conns = carried(s);
	if (s->max_conns > conns)
		log_warn("--max-conns: the descriptor limit of %" PRIu64 " allows about %" PRIu64
		    " connections, not %" PRIu64, s->max_fds, conns, s->max_conns);
}

/* ---- listeners ---- */

static void on_listener(struct ev_io *io, unsigned events);

/* Trouble soon after other such trouble is the same one: not logged again. */
static bool
is_news(struct serve *s, uint64_t *last_ms)
{
	uint64_t now = ev_now_ms(s->ev), before = *last_ms;

	*last_ms = now;
	return before == 0 || now - before > QUIET_MS;
}

/* An address that cannot be served now is looked at again. */
static void
look_again(struct serve *s, const struct listener *l, const char *what)
{
	int saved = errno;

	if (is_news(s, &s->broken_ms))
		log_error("listen %s: %s: %s; trying again", l->name, what, strerror(saved));
	ev_timer_in(s->ev, &s->resume, RESUME_MS);
}

static void
watch(struct serve *s, struct listener *l)
{
	unsigned shared = s->conf->workers > 1 ? EV_SHARED : 0;

	l->io.cb = on_listener;
	l->watched = ev_add(s->ev, &l->io, EV_READ | shared) == 0;
	if (!l->watched)
		look_again(s, l, "cannot be watched");
}

void
accept_watch(struct serve *s, struct listener *l)
{
	if (!s->paused && !s->draining)
		watch(s, l);
}

void
accept_drop(struct serve *s, struct listener *l)
{
	if (l->watched)
		ev_del(s->ev, &l->io);
	l->watched = false;
}

static void
resume(struct serve *s)
{
	if (s->draining)
		return;
	s->paused = s->timed_pause = false;
	ev_timer_at(s->ev, &s->resume, 0);
	for (struct listener *l = s->listeners.first; l != NULL; l = l->next)
		if (!l->watched)
			watch(s, l);
}

static void
on_resume(struct ev_timer *t)
{
	resume(EV_CONTAINER(t, struct serve, resume));
}

void
accept_begin(struct serve *s)
{
	s->resume.cb = on_resume;
	resume(s);
}

void
accept_room_made(struct serve *s)
{
	if (s->paused && !s->timed_pause && s->open_conns < s->max_conns)
		resume(s);
}

/*
 * Clients wait in the kernel's backlog meanwhile; it costs nothing,
 * and the end of a connection resumes accepting.
 */
static void
pause_accepting(struct serve *s, const char *why, uint64_t *last_ms)
{
	for (struct listener *l = s->listeners.first; l != NULL; l = l->next)
		accept_drop(s, l);
	s->paused = true;
	serve_count(s, M_PAUSES, 1);
	if (is_news(s, last_ms))
		log_warn("accepting paused with %" PRIu64 " connection%s: %s", s->open_conns,
		    s->open_conns == 1 ? "" : "s", why);
}

/* ---- clients ---- */

static void
over_source_limit(struct serve *s, const struct endpoint *peer, const char *when)
{
	char text[ENDPOINT_TEXT_MAX], more[80] = "";
	uint64_t n;

	serve_count(s, M_SOURCE_LIMITED, 1);
	n = quota_log(s->quota, ev_now_ms(s->ev));
	if (n == 0)
		return;
	if (n > 1)
		snprintf(more, sizeof(more),
		    " (%" PRIu64 " more refused since the last such message)", n - 1);
	log_warn("peer=%s closed %s: its source has %" PRIu64 " connections already%s",
	    endpoint_text(peer, text), when, s->max_per_source, more);
}

/* Whether this address may have one more connection; *key is what to give back at its end. */
static bool
count_source(struct serve *s, const struct endpoint *peer, const char *when, uint64_t *key)
{
	if (s->max_per_source == 0 || !endpoint_is_ip(peer))
		return true;
	*key = quota_key_source(s->quota, peer);
	if (quota_take(s->quota, s->worker, *key, s->max_per_source))
		return true;
	*key = 0;
	over_source_limit(s, peer, when);
	return false;
}

bool
serve_count_source(struct serve *s, struct serve_conn *c)
{
	if (c->via == NULL || c->via->unlimited)
		return true;
	quota_drop(s->quota, s->worker, c->source);
	c->source = 0;
	return count_source(s, &c->peer, "after its PROXY header", &c->source);
}

static void
take_client(struct serve *s, struct listener *l, int fd, const struct endpoint *peer)
{
	struct serve_client client = { .in_fd = fd, .out_fd = fd, .peer = *peer, .via = l };

	serve_count(s, M_ACCEPTED, 1);
	if (!l->unlimited && !count_source(s, peer, "at accept", &client.source)) {
		close(fd);
		return;
	}
	s->ops->accept(s, &client);
}

/* Stop accepting for lack of what a connection needs, and try again soon. */
static void
starve(struct serve *s, const char *why)
{
	pause_accepting(s, why, &s->starved_ms);
	ev_timer_in(s->ev, &s->resume, RESUME_MS);
	if (s->follows)
		follow_wake_others();
}

/* Whether another one may be waiting after it. */
static bool
take_next_client(struct serve *s, struct listener *l)
{
	struct endpoint peer;
	int fd;

	if (s->paused)
		return false;
	if (s->open_conns >= s->max_conns) {
		pause_accepting(s, "--max-conns reached", &s->full_ms);
		return false;
	}
	if (!ev_make_room(s->ev)) {
		starve(s, strerror(ENOMEM));
		return false;
	}
	switch (sock_accept(l->io.fd, &fd, &peer)) {
	case SOCK_ACCEPTED:
		take_client(s, l, fd, &peer);
		/* Now: the next client is to wake a worker with room. */
		if (s->conf->workers > 1 && s->open_conns >= s->max_conns && !s->paused)
			pause_accepting(s, "--max-conns reached", &s->full_ms);
		return true;
	case SOCK_GONE:
		return true;
	case SOCK_NONE:
		break;
	case SOCK_FULL:
		starve(s, strerror(errno));
		break;
	case SOCK_BROKEN:
		look_again(s, l, "accept");
		accept_drop(s, l);
		break;
	}
	return false;
}

/*
 * Accept as many as last time; double the batch if it was filled.
 * Looking for one more costs a system call.
 */
static void
on_listener(struct ev_io *io, unsigned events)
{
	struct listener *l = EV_CONTAINER(io, struct listener, io);
	struct serve *s = EV_CONTAINER(l->set, struct serve, listeners);
	unsigned most = s->conf->workers > 1 ? ACCEPT_BATCH_SHARED : ACCEPT_BATCH, n = 0;

	(void)events;
	if (s->paused && s->follows)	/* since an earlier event of this turn */
		follow_wake_others();
	while (n < l->burst && take_next_client(s, l))
		n++;
	if (n < l->burst)
		l->burst = n == 0 ? 1 : n;
	else
		l->burst = n * 2 < most ? n * 2 : most;
}

void
accept_rest(struct serve *s, struct listener *l)
{
	for (unsigned n = 0; n < ACCEPT_REST_MAX && l->watched && take_next_client(s, l); n++)
		;
}

void
serve_out_of_fds(struct serve *s)
{
	if (s->paused || s->draining || s->listeners.first == NULL)
		return;
	pause_accepting(s, "no descriptor left for a target", &s->starved_ms);
	s->timed_pause = true;	/* the end of the one that failed frees too little for another */
	ev_timer_in(s->ev, &s->resume, RESUME_MS);
}
