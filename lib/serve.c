/* SPDX-License-Identifier: ISC */
/* One serving process: the list of its connections, routes and listeners, signals, drain. */
#include "serve_private.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "accept.h"
#include "follow.h"
#include "log.h"

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
	c->started_ms = ev_refresh(s->ev);	/* we may have been stopped in this turn */
	c->next = s->conns;
	c->at = &s->conns;
	if (c->next != NULL)
		c->next->at = &c->next;
	s->conns = c;
	s->open_conns++;
	serve_count(s, M_CONNS, 1);
	if (c->via != NULL)
		listener_ref(c->via);
}

static void
on_out(struct ev_io *io, unsigned events)
{
	struct serve *s = EV_CONTAINER(io, struct serve, out);

	if (s->conns != NULL)		/* there is one at most */
		s->ops->out(s->conns, events);
}

int
serve_watch(struct serve *s, struct ev_io *in, unsigned want, int out_fd)
{
	if (out_fd != -1 && out_fd != in->fd) {
		s->out = (struct ev_io){ out_fd, on_out };
		if (ev_add(s->ev, &s->out, EV_WRITE | EV_EDGE) == -1)
			return -1;
	}
	return ev_add(s->ev, in, want | EV_EDGE);
}

void
serve_turn_away(struct serve *s, const struct serve_client *client)
{
	struct connlog line = { .id = metrics_next_id(s->metrics), .peer = client->peer,
		.hello = HELLO_NONE, .end = END_LIMIT };

	connlog_write(&line);
	serve_count(s, M_END + END_LIMIT, 1);
	launch_close(client->in_fd, client->out_fd, false);
	quota_drop(s->quota, s->worker, client->source);
	s->one_exit = EXIT_TEMP;
}

void
serve_leave(struct serve *s, struct serve_conn *c, enum conn_end end, struct connlog *line)
{
	line->id = c->id;
	line->peer = c->peer;
	line->ms = ev_now_ms(s->ev) - c->started_ms;
	line->end = end;
	s->one_exit = conn_end_exit(end, line->hello);
	connlog_write(line);
	serve_count(s, M_CONNS, -1);
	serve_count(s, M_END + end, 1);
	serve_count(s, M_RX, (int64_t)line->rx);
	serve_count(s, M_TX, (int64_t)line->tx);
	quota_drop(s->quota, s->worker, c->source);
	if (c->via != NULL)
		listener_unref(c->via);
	*c->at = c->next;
	if (c->next != NULL)
		c->next->at = c->at;
	s->open_conns--;
	if (s->follows)
		follow_keep_room();
	accept_room_made(s);
	if ((s->draining || s->one) && s->open_conns == 0)
		ev_stop(s->ev);
}

/* ---- routes files, and the addresses in them ---- */

static void
note_routes(struct serve *s)
{
	unsigned long good, bad;

	routeset_counts(s->routes, &good, &bad);
	serve_set_metric(s, M_ROUTES, (int64_t)routeset_lines(s->routes));
	serve_set_metric(s, M_ROUTES_BYTES, (int64_t)routeset_bytes(s->routes));
	serve_set_metric(s, M_RELOADS_OK, (int64_t)good);
	serve_set_metric(s, M_RELOADS_FAILED, (int64_t)bad);
}

static void
sync_listeners(struct serve *s, bool first_try)
{
	size_t failed = 0;

	if (s->draining)
		return;
	if (s->conf->routes_listen)
		failed = listeners_sync(&s->listeners, s->routes, first_try, s->on_listener, s);
	accept_fit_limits(s);
	if (failed > 0)
		ev_timer_in(s->ev, &s->retry_bind, RETRY_BIND_MS);
}

static void
on_retry_bind(struct ev_timer *t)
{
	sync_listeners(EV_CONTAINER(t, struct serve, retry_bind), false);
}

/* All files are read again, unless another reload was asked for meanwhile. */
static void
note_reloaded(struct serve *s)
{
	if (!s->reloading || routeset_busy(s->routes))
		return;
	s->reloading = false;
	notify_systemd("READY=1");
}

/* Tables before listeners: a client of a new address needs its route. */
static void
on_round_over(void *arg, bool changed)
{
	struct serve *s = arg;

	note_routes(s);
	if (changed) {
		s->on_tables(s);
		sync_listeners(s, true);
	}
	note_reloaded(s);
}

void
serve_reload(struct serve *s)
{
	notify_systemd_reloading();
	s->reloading = true;
	routeset_reload(s->routes);
	note_reloaded(s);
}

int
serve_keep_files(struct serve *s, void (*on_tables)(struct serve *s), listeners_event *on_listener)
{
	s->on_tables = on_tables;
	s->on_listener = on_listener;
	s->listeners.retry = &s->retry_bind;
	s->retry_bind.cb = on_retry_bind;
	note_routes(s);
	if (s->bind_failed)
		ev_timer_in(s->ev, &s->retry_bind, RETRY_BIND_MS);
	scrape_door_serve(&s->metrics_door, s->ev, s->metrics);
	return routeset_watch(s->routes, s->ev, on_round_over, s);
}

/* ---- signals and drain ---- */

static void
log_status(const struct serve *s)
{
	const struct metrics *m = s->metrics;
	int64_t ended = 0;

	for (int i = 0; i < END_COUNT; i++)
		ended += metrics_sum(m, (size_t)(M_END + i));
	log_info("status conns=%" PRId64 " accepted=%" PRId64 " ended=%" PRId64
	    " source_limited=%" PRId64 " rx=%" PRId64 " tx=%" PRId64
	    " routes=%zu listeners=%zu workers=%" PRId64 " draining=%s",
	    metrics_sum(m, M_CONNS), metrics_sum(m, M_ACCEPTED), ended,
	    metrics_sum(m, M_SOURCE_LIMITED), metrics_sum(m, M_RX), metrics_sum(m, M_TX),
	    routeset_lines(s->routes), s->listeners.count,
	    metrics_sum(m, M_WORKERS), s->draining ? "yes" : "no");
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
serve_stopping(struct serve *s)
{
	int64_t n = metrics_sum(s->metrics, M_CONNS);

	scrape_door_give_up(&s->metrics_door);
	log_info("stopping: %" PRId64 " connection%s %g s to finish", n, n == 1 ? " has" : "s have",
	    (double)s->conf->grace_ms / 1000);
	notify_systemd("STOPPING=1");
}

void
serve_drain(struct serve *s)
{
	if (s->draining)
		return;
	for (struct listener *l = s->listeners.first; l != NULL; l = l->next)
		if (s->conf->listen.n > 0 || l->from_routes)	/* inherited ones stay open */
			accept_rest(s, l);
	if (!s->follows)
		serve_stopping(s);
	s->draining = true;
	for (struct listener *l = s->listeners.first; l != NULL; l = l->next)
		accept_drop(s, l);
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
	log_status(s);
	if (s->parent == NULL && s->ops->status != NULL)
		s->ops->status(s);
}

int
serve_make_loop(struct serve *s, ev_signal_cb *on_stop, ev_signal_cb *on_hangup)
{
	s->ev = ev_new();
	if (s->ev == NULL)
		return -1;
	s->listeners.ev = s->ev;
	ev_before_wait(s->ev, log_turn);
	return ev_signal(s->ev, SIGTERM, on_stop, s) == -1 ||
	    ev_signal(s->ev, SIGINT, on_stop, s) == -1 ||
	    ev_signal(s->ev, SIGHUP, on_hangup, s) == -1 ||
	    ev_signal(s->ev, SIGUSR1, on_usr1, s) == -1 ? -1 : 0;
}

/* ---- a process ---- */

int
serve_announce(struct serve *s)
{
	char *text = listeners_text(&s->listeners);
	int told;

	if (text == NULL)
		return log_wrong(EXIT_TEMP, "ready: %s", strerror(errno));
	log_info("ready on %s", text[0] == '\0' ? "no address yet" : text);
	log_flush();		/* who waits for that line may look at the log next */
	told = notify_ready_fd(s->conf->notify_fd, text);
	free(text);
	if (told == -1)
		return EXIT_TEMP;
	s->announced = true;
	notify_systemd("READY=1");
	return 0;
}

static int
start(struct serve *s)
{
	if (serve_make_loop(s, on_stop_signal, on_hup) == -1)
		return -1;
	serve_set_metric(s, M_WORKERS, 1);
	return s->ops->start(s);
}

int
serve_run(struct serve *s)
{
	if (ev_run(s->ev) == 0)
		return 0;
	log_error("event loop: %s", strerror(errno));
	return EXIT_TEMP;
}

static void
on_tables(struct serve *s)
{
	if (s->ops->routes_changed != NULL)
		s->ops->routes_changed(s);
}

static void
on_listener(void *arg, struct listener *l, bool opened)
{
	if (opened)
		accept_watch(arg, l);
	else
		accept_drop(arg, l);
}

static int
start_alone(struct serve *s)
{
	return start(s) == -1 ? -1 : serve_keep_files(s, on_tables, on_listener);
}

static int
start_worker(struct serve *s, int master_fd)
{
	s->follows = true;
	listeners_forked(&s->listeners);
	return start(s) == -1 ? -1 : follow_orders(s, master_fd);
}

/* A connection takes two descriptors: better to say so than to be ready and to serve nobody. */
static int
try_two_descriptors(void)
{
	int client = dup(STDIN_FILENO), target = dup(STDIN_FILENO), saved = errno;

	if (client != -1)
		close(client);
	if (target != -1)
		close(target);
	errno = saved;
	return target == -1 ? -1 : 0;
}

int
serve_process(struct serve *s, int master_fd)
{
	int r;

	if ((master_fd == -1 ? start_alone(s) : start_worker(s, master_fd)) == -1 ||
	    try_two_descriptors() == -1) {
		if (errno != 0)
			log_error("start: %s", strerror(errno));
		return EXIT_TEMP;
	}
	accept_begin(s);
	r = s->follows ? 0 : serve_announce(s);
	return r != 0 ? r : serve_run(s);
}

int
serve_one(struct serve *s, const struct launch_one *one)
{
	struct serve_client client = { .in_fd = one->in_fd, .out_fd = one->out_fd,
		.peer = one->peer };
	int code;

	s->max_conns = s->most_conns = 1;
	/* max_pipes stays 0: splice(2) waits where others made a descriptor blocking again */
	if (start(s) == -1) {
		log_error("start: %s", strerror(errno));
		launch_close(one->in_fd, one->out_fd, false);
		return EXIT_TEMP;
	}
	s->one = true;
	s->ops->accept(s, &client);
	code = s->open_conns == 0 ? 0 : serve_run(s);
	log_flush();
	return code != 0 ? code : s->one_exit;
}
