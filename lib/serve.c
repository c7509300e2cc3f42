/* SPDX-License-Identifier: ISC */
/* One serving process: accept within limits, keep the list of connections, follow signals, drain. */
#include "serve.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "follow.h"
#include "log.h"
#include "notify.h"
#include "scrape.h"

#define ACCEPT_BATCH 64		/* per listener and turn, then the others get theirs */
#define ACCEPT_BATCH_SHARED 8	/* so that other workers get theirs too */
#define RESUME_MS 100		/* how soon to try again when out of descriptors */
#define QUIET_MS 10000		/* at least, between two log lines about trouble with accepting */
#define RETRY_BIND_MS 1000

/* ---- connections ---- */

bool
serve_wants_proxyhdr(const struct serve_conf *conf, const struct endpoint *peer)
{
	return conf->accept_proxy != NULL &&
	    (conf->accept_proxy[0] == '\0' || cidr_list_has(slice_str(conf->accept_proxy), peer));
}

void
serve_enter(struct serve *s, struct serve_conn *c, const struct serve_client *client)
{
	c->via = client->via;
	c->source = client->source;
	c->peer = client->peer;
	c->id = metrics_next_id(s->metrics);
	c->started_ms = ev_now_ms(s->ev);
	c->next = s->conns;
	c->at = &s->conns;
	if (c->next != NULL)
		c->next->at = &c->next;
	s->conns = c;
	s->open_conns++;
	metrics_add(s->metrics, s->worker, M_CONNS, 1);
	if (c->via != NULL)
		listener_ref(c->via);
}

void
serve_turn_away(struct serve *s, const struct serve_client *client)
{
	struct connlog line = { .id = metrics_next_id(s->metrics), .peer = client->peer, .hello = HELLO_NONE, .end = END_LIMIT };

	connlog_write(&line);
	metrics_add(s->metrics, s->worker, M_END + END_LIMIT, 1);
	serve_closing(s);
	close(client->in_fd);
	if (client->source != 0)
		quota_drop(s->quota, s->worker, client->source);
	if (s->one)
		s->one_exit = EXIT_TEMP;
}

void
serve_closing(const struct serve *s)
{
	if (s->one != NULL)
		launch_one_restore(s->one);
}

static void resume(struct serve *s);

void
serve_leave(struct serve *s, struct serve_conn *c, enum conn_end end, struct connlog *line)
{
	line->id = c->id;
	line->peer = c->peer;
	line->ms = ev_now_ms(s->ev) - c->started_ms;
	line->end = end;
	s->one_exit = conn_end_exit(end, line->hello);
	connlog_write(line);
	metrics_add(s->metrics, s->worker, M_CONNS, -1);
	metrics_add(s->metrics, s->worker, M_END + end, 1);
	metrics_add(s->metrics, s->worker, M_RX, (int64_t)line->rx);
	metrics_add(s->metrics, s->worker, M_TX, (int64_t)line->tx);
	if (c->source != 0)
		quota_drop(s->quota, s->worker, c->source);
	if (c->via != NULL)
		listener_unref(c->via);
	*c->at = c->next;
	if (c->next != NULL)
		c->next->at = c->at;
	s->open_conns--;
	if (s->follows)
		follow_keep_room();
	if (s->paused && !s->starved && s->open_conns < s->max_conns)
		resume(s);
	if ((s->draining || s->one) && s->open_conns == 0)
		ev_stop(s->ev);
}

/* ---- accepting ---- */

static void on_listener(struct ev_io *io, unsigned events);

/* Trouble soon after other such trouble is not logged again. */
static bool
is_news(struct serve *s)
{
	uint64_t now = ev_now_ms(s->ev);

	if (s->trouble_logged_ms != 0 && now - s->trouble_logged_ms < QUIET_MS)
		return false;
	s->trouble_logged_ms = now;
	return true;
}

/* An address that cannot be served now is looked at again. */
static void
look_again(struct serve *s, const struct listener *l, const char *what)
{
	int saved = errno;

	if (is_news(s))
		log_error("listen %s: %s: %s; trying again", l->name, what, strerror(saved));
	ev_timer_in(s->ev, &s->resume, RESUME_MS);
}

static void
watch(struct serve *s, struct listener *l)
{
	unsigned shared = s->conf->workers > 1 ? EV_SHARED : 0;

	l->owner = s;
	l->io.cb = on_listener;
	l->watched = ev_add(s->ev, &l->io, EV_READ | shared) == 0;
	if (!l->watched)
		look_again(s, l, "cannot be watched");
}

void
serve_watch_listener(struct serve *s, struct listener *l)
{
	if (!s->paused && !s->draining)
		watch(s, l);
}

void
serve_drop_listener(struct serve *s, struct listener *l)
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
	s->paused = s->starved = false;
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

/* Clients wait in the kernel's backlog meanwhile; it costs nothing, and the end of a connection resumes accepting. */
static void
pause_accepting(struct serve *s, const char *why)
{
	for (struct listener *l = s->listeners.first; l != NULL; l = l->next)
		serve_drop_listener(s, l);
	s->paused = true;
	metrics_add(s->metrics, s->worker, M_PAUSES, 1);
	if (is_news(s))
		log_warn("accepting paused with %" PRIu64 " connection%s: %s", s->open_conns, s->open_conns == 1 ? "" : "s", why);
}

static void
over_source_limit(struct serve *s, const struct endpoint *peer)
{
	char text[ENDPOINT_TEXT_MAX], more[80] = "";
	uint64_t n;

	metrics_add(s->metrics, s->worker, M_SOURCE_LIMITED, 1);
	n = quota_log(s->quota, ev_now_ms(s->ev));
	if (n == 0)
		return;
	if (n > 1)
		snprintf(more, sizeof(more), " (%" PRIu64 " more refused since the last such message)", n - 1);
	log_warn("peer=%s closed at accept: its source has %" PRIu64 " connections already%s", endpoint_text(peer, text),
	    s->max_per_source, more);
}

static void
take_client(struct serve *s, struct listener *l, int fd, const struct endpoint *peer)
{
	struct serve_client client = { .in_fd = fd, .out_fd = fd, .peer = *peer, .via = l };

	metrics_add(s->metrics, s->worker, M_ACCEPTED, 1);
	if (s->max_per_source > 0 && !l->unlimited && (peer->family == AF_INET || peer->family == AF_INET6)) {
		client.source = quota_key_source(s->quota, peer);
		if (!quota_take(s->quota, s->worker, client.source, s->max_per_source)) {
			over_source_limit(s, peer);
			close(fd);
			return;
		}
	}
	s->ops->accept(s, &client);
}

/* Stop accepting for lack of what a connection needs, and try again soon. */
static void
starve(struct serve *s, const char *why)
{
	pause_accepting(s, why);
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
		pause_accepting(s, "--max-conns reached");
		return false;
	}
	if (!ev_make_room(s->ev)) {
		starve(s, strerror(ENOMEM));
		return false;
	}
	switch (sock_accept(l->io.fd, &fd, &peer)) {
	case SOCK_ACCEPTED:
		take_client(s, l, fd, &peer);
		if (s->conf->workers > 1 && s->open_conns >= s->max_conns && !s->paused)
			pause_accepting(s, "--max-conns reached");	/* now: the next client is to wake a worker with room */
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
		serve_drop_listener(s, l);
		break;
	}
	return false;
}

/* Accept as many as last time; double the batch if it was filled. Looking for one more costs a system call. */
static void
on_listener(struct ev_io *io, unsigned events)
{
	struct listener *l = EV_CONTAINER(io, struct listener, io);
	struct serve *s = l->owner;
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
serve_out_of_fds(struct serve *s)
{
	if (s->paused || s->draining || s->listeners.first == NULL)
		return;
	pause_accepting(s, "no descriptor left for a target");
	s->starved = true;	/* the end of the connection that failed frees too little to begin another */
	ev_timer_in(s->ev, &s->resume, RESUME_MS);
}

/* ---- routes ---- */

void
serve_note_routes(struct serve *s)
{
	unsigned long good, bad;

	routeset_counts(s->routes, &good, &bad);
	metrics_set(s->metrics, s->worker, M_ROUTES, (int64_t)routeset_lines(s->routes));
	metrics_set(s->metrics, s->worker, M_ROUTES_BYTES, (int64_t)routeset_bytes(s->routes));
	metrics_set(s->metrics, s->worker, M_RELOADS_OK, (int64_t)good);
	metrics_set(s->metrics, s->worker, M_RELOADS_FAILED, (int64_t)bad);
}

/* Taken at start, by the process we are replacing: not logged again. Anything else is: without root, a low port is denied. */
static void
note_metrics_error(struct serve *s)
{
	if (errno != EADDRINUSE && errno != s->metrics_errno)
		log_warn("--metrics %s: %s; trying again", s->conf->metrics, strerror(errno));
	s->metrics_errno = errno;
}

/* False: not yet. */
static bool
retry_metrics(struct serve *s)
{
	if (s->conf->metrics == NULL || s->scrape.first != NULL)
		return true;
	if (listeners_bind(&s->scrape, &s->metrics_addr, slice_str(s->conf->metrics), false) == -1) {
		note_metrics_error(s);
		return false;
	}
	if (scrape_start(s->ev, s->metrics, serve_scrape_fd(s)) == -1) {
		note_metrics_error(s);
		listeners_close_all(&s->scrape, true);
		return false;
	}
	log_info("metrics on %s", s->scrape.first->name);
	return true;
}

void
serve_sync_listeners(struct serve *s, bool first_try, listeners_event *event)
{
	size_t failed = 0;

	if (s->draining)
		return;
	s->listeners.ev = s->ev;
	s->listeners.retry = &s->retry_bind;
	if (s->conf->routes_listen)
		failed = listeners_sync(&s->listeners, s->routes, first_try, event, s);
	if (!retry_metrics(s) || failed > 0)
		ev_timer_in(s->ev, &s->retry_bind, RETRY_BIND_MS);
}

static void
listener_event(void *arg, struct listener *l, bool opened)
{
	if (opened)
		serve_watch_listener(arg, l);
	else
		serve_drop_listener(arg, l);
}

static void
on_retry_bind(struct ev_timer *t)
{
	serve_sync_listeners(EV_CONTAINER(t, struct serve, retry_bind), false, listener_event);
}

static void
on_round_over(void *arg, bool changed)
{
	struct serve *s = arg;

	serve_note_routes(s);
	if (changed) {
		serve_sync_listeners(s, true, listener_event);
		if (s->ops->routes_changed != NULL)
			s->ops->routes_changed(s);
	}
	serve_reloaded(s);
}

/* ---- signals and drain ---- */

void
serve_log_status(struct serve *s)
{
	const struct metrics *m = s->metrics;
	int64_t ended = 0;

	for (int i = 0; i < END_COUNT; i++)
		ended += metrics_sum(m, (size_t)(M_END + i));
	log_info("status conns=%" PRId64 " accepted=%" PRId64 " ended=%" PRId64 " source_limited=%" PRId64 " rx=%" PRId64
	    " tx=%" PRId64 " routes=%zu listeners=%zu workers=%" PRId64 " draining=%s", metrics_sum(m, M_CONNS),
	    metrics_sum(m, M_ACCEPTED), ended, metrics_sum(m, M_SOURCE_LIMITED), metrics_sum(m, M_RX),
	    metrics_sum(m, M_TX), routeset_lines(s->routes), listeners_count(&s->listeners), metrics_sum(m, M_WORKERS),
	    s->draining ? "yes" : "no");
}

void
serve_quit(struct serve *s)
{
	while (s->conns != NULL)
		s->ops->cut(s, s->conns);
	ev_stop(s->ev);
}

static void
on_grace_over(struct ev_timer *t)
{
	serve_quit(EV_CONTAINER(t, struct serve, grace));
}

void
serve_stopping(const struct serve *s)
{
	int64_t n = metrics_sum(s->metrics, M_CONNS);

	log_info("stopping: %" PRId64 " connection%s %g s to finish", n, n == 1 ? " has" : "s have", (double)s->conf->grace_ms / 1000);
	notify_systemd("STOPPING=1");
}

void
serve_drain(struct serve *s)
{
	if (s->draining)
		return;
	if (!s->follows)
		serve_stopping(s);
	s->draining = true;
	for (struct listener *l = s->listeners.first; l != NULL; l = l->next)
		serve_drop_listener(s, l);
	listeners_close_all(&s->listeners, !s->follows);
	if (s->ops->drain != NULL)
		s->ops->drain(s);
	s->grace.cb = on_grace_over;
	if (s->open_conns == 0 || s->conf->grace_ms == 0)
		serve_quit(s);
	else
		ev_timer_in(s->ev, &s->grace, s->conf->grace_ms);
}

static void
on_left(struct ev_timer *t)
{
	serve_drain(EV_CONTAINER(t, struct serve, grace));
}

static void
leave(struct serve *s)
{
	log_info("leaving: draining begins in %" PRIu64 " ms", s->conf->leave_ms);
	s->leaving = true;
	s->ops->leaving(s);
	s->grace.cb = on_left;
	ev_timer_in(s->ev, &s->grace, s->conf->leave_ms);
}

static void
on_stop_signal(void *arg, int signo)
{
	struct serve *s = arg;

	(void)signo;
	if (s->draining || s->leaving)
		serve_quit(s);
	else if (s->ops->leaving != NULL && s->conf->leave_ms > 0)
		leave(s);
	else
		serve_drain(s);
}

void
serve_reload(struct serve *s)
{
	notify_systemd_reloading();
	s->reloading = true;
	routeset_reload(s->routes);
	serve_reloaded(s);
}

/* A reload requested during another is still to come. */
void
serve_reloaded(struct serve *s)
{
	if (!s->reloading || routeset_busy(s->routes))
		return;
	s->reloading = false;
	notify_systemd("READY=1");
}

static void
on_hup(void *arg, int signo)
{
	struct serve *s = arg;

	(void)signo;
	if (s->follows)			/* its parent reads the files */
		return;
	if (s->ops->hup != NULL)
		s->ops->hup(s);
	serve_reload(s);
}

static void
on_usr1(void *arg, int signo)
{
	struct serve *s = arg;

	(void)signo;
	serve_log_status(s);
	if (s->ops->status != NULL)
		s->ops->status(s);
}

static int
watch_signals(struct serve *s)
{
	static const struct {
		int signo;
		ev_signal_cb *cb;
	} row[] = { { SIGTERM, on_stop_signal }, { SIGINT, on_stop_signal }, { SIGHUP, on_hup }, { SIGUSR1, on_usr1 } };

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		if (ev_signal(s->ev, row[i].signo, row[i].cb, s) == -1)
			return -1;
	return 0;
}

/* ---- a process ---- */

int
serve_scrape_fd(const struct serve *s)
{
	return s->scrape.first == NULL ? -1 : s->scrape.first->io.fd;
}

int
serve_announce(struct serve *s)
{
	char *text = listeners_text(&s->listeners);

	if (text == NULL || (s->conf->notify_fd != SERVE_UNSET && notify_ready_fd((int)s->conf->notify_fd, text) == -1)) {
		log_error("notify fd %" PRIu64 ": %s", s->conf->notify_fd, strerror(errno));
		free(text);
		return EXIT_TEMP;
	}
	s->announced = true;
	log_info("ready on %s", text);
	free(text);
	notify_systemd("READY=1");
	return 0;
}

static int
start(struct serve *s)
{
	s->ev = ev_new();
	if (s->ev == NULL)
		return -1;
	s->listeners.ev = s->ev;
	ev_before_wait(s->ev, log_turn);
	s->resume.cb = on_resume;
	s->retry_bind.cb = on_retry_bind;
	metrics_set(s->metrics, s->worker, M_WORKERS, 1);
	return watch_signals(s) == -1 || s->ops->start(s) == -1 ? -1 : 0;
}

static int
run(struct serve *s)
{
	if (ev_run(s->ev) == -1) {
		log_error("event loop: %s", strerror(errno));
		return EXIT_TEMP;
	}
	return s->one ? s->one_exit : 0;
}

/* What a parent does for its workers. */
static int
start_alone(struct serve *s)
{
	return scrape_start(s->ev, s->metrics, serve_scrape_fd(s)) == -1 ? -1 :
	    routeset_watch(s->routes, s->ev, on_round_over, s);
}

/* 0, or the exit code. */
static int
announce_alone(struct serve *s)
{
	serve_note_routes(s);
	if (s->bind_failed)
		ev_timer_in(s->ev, &s->retry_bind, RETRY_BIND_MS);
	return serve_announce(s);
}

int
serve_process(struct serve *s, int master_fd)
{
	int r;

	s->follows = master_fd != -1;
	if (s->follows)
		listeners_forked(&s->listeners);
	if (start(s) == -1 || (s->follows ? follow_orders(s, master_fd) : start_alone(s)) == -1) {
		log_error("start: %s", strerror(errno));
		return EXIT_TEMP;
	}
	for (struct listener *l = s->listeners.first; l != NULL; l = l->next)
		watch(s, l);
	r = s->follows ? 0 : announce_alone(s);
	return r != 0 ? r : run(s);
}

int
serve_one(struct serve *s, const struct launch_one *one)
{
	struct serve_client client = { .in_fd = one->in_fd, .out_fd = one->out_fd, .peer = one->peer };
	int code;

	s->max_conns = 1;
	if (start(s) == -1) {
		log_error("start: %s", strerror(errno));
		return EXIT_TEMP;
	}
	s->one = one;
	s->ops->accept(s, &client);
	code = s->open_conns == 0 ? s->one_exit : run(s);
	log_flush();
	return code;
}
