/* SPDX-License-Identifier: ISC */
/* The parent of worker processes; follow.c is their side. */
#include "workers.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "follow.h"
#include "job.h"
#include "log.h"
#include "scrape.h"
#include "serve_private.h"

#define RESTART_MS 1000		/* a worker that dies this soon is replaced this much later */
#define ORDER_MS 1000		/* how long the parent, serving no one, waits for it to be taken */
#define REPEAT_MS 1000		/* how soon orders that could not be sent are sent again */
#define LOADING_MS 50		/* how soon the parent looks again: no fork while files are read */
#define LOADING_MAX_MS 10000	/* for how long: a disk may hang */
#define KILL_MS 1000		/* after a second stop signal: whoever is still there hangs */
#define KILL_LATE_MS 6000	/* same after the grace: orders may take that long, see follow.c */

struct worker {
	struct parent *parent;
	pid_t pid;		/* 0: not running */
	struct ev_io io;	/* our end of its socketpair, -1: none; it asks for lost orders */
	uint64_t started_ms;
	bool behind;		/* an order could not be sent: all must be repeated */
};

struct parent {
	struct serve *s;
	struct worker *worker;
	unsigned running;
	struct ev_timer restart, repeat, kill;
	uint64_t loading_ms;	/* since when a fork waits for files being read, 0: none */
	int no_worker;		/* why none could be started: 0, or an errno */
	int code;		/* once this process is a worker, which has ended: to return */
};

/* ---- orders ---- */

/*
 * False: it will be repeated. A worker that takes no orders any more (stopped for long) would
 * serve old routes for ever: it is replaced. Any other shortage, such as too many descriptors
 * in flight, is not its fault.
 */
static bool
order(struct worker *w, const struct order *o, int pass)
{
	struct parent *p = w->parent;
	int r;

	if (w->io.fd == -1)
		return true;
	if (pass == -1)
		r = send(w->io.fd, o, sizeof(*o), MSG_NOSIGNAL) == (ssize_t)sizeof(*o) ? 0 : -1;
	else
		r = sock_send_fd(w->io.fd, o, sizeof(*o), pass);
	if (r == 0 || errno == EPIPE || errno == ECONNRESET)	/* it has ended: see on_child() */
		return true;
	if (errno == EAGAIN || pass == -1) {
		log_error("worker pid=%d takes no orders: %s; killed", (int)w->pid,
		    errno == EAGAIN ? "its queue is full" : strerror(errno));
		kill(w->pid, SIGKILL);
		return true;
	}
	if (!w->behind)
		log_error("worker pid=%d: an order cannot be sent: %s; trying again",
		    (int)w->pid, strerror(errno));
	w->behind = true;
	ev_timer_in(p->s->ev, &p->repeat, REPEAT_MS);
	return false;
}

static void
order_all(struct parent *p, const struct order *o, int pass)
{
	for (unsigned i = 0; i < p->s->conf->workers; i++)
		order(&p->worker[i], o, pass);
}

static bool
order_table(struct worker *w, size_t i)
{
	const struct routes *table = routeset_table(w->parent->s->routes, i);
	struct order o = { .kind = ORDER_TABLE, .index = (uint32_t)i };

	return table == NULL || order(w, &o, routes_fd(table));
}

static bool
order_listener(struct worker *w, const struct listener *l, bool opened)
{
	struct order o = { .kind = opened ? ORDER_LISTEN : ORDER_UNLISTEN };

	memcpy(o.addr, l->addr, strnlen(l->addr, sizeof(o.addr) - 1));
	return order(w, &o, opened ? l->io.fd : -1);
}

static void
on_listener(void *arg, struct listener *l, bool opened)
{
	struct parent *p = ((struct serve *)arg)->parent;

	for (unsigned i = 0; i < p->s->conf->workers; i++)
		order_listener(&p->worker[i], l, opened);
}

static void
on_tables(struct serve *s)
{
	for (size_t i = 0; i < routeset_files(s->routes); i++)
		for (unsigned k = 0; k < s->conf->workers; k++)
			order_table(&s->parent->worker[k], i);
}

/* Send it the current state, whatever was sent before. */
static void
repeat_orders(struct worker *w)
{
	const struct order drain = { .kind = ORDER_DRAIN };
	struct serve *s = w->parent->s;
	bool all = true;

	for (size_t i = 0; i < routeset_files(s->routes); i++)
		all &= order_table(w, i);
	for (const struct listener *l = s->listeners.first; l != NULL; l = l->next)
		if (l->from_routes)
			all &= order_listener(w, l, true);
	if (s->draining)
		all &= order(w, &drain, -1);
	w->behind = !all;
}

static void
on_repeat(struct ev_timer *t)
{
	struct parent *p = EV_CONTAINER(t, struct parent, repeat);

	for (unsigned i = 0; i < p->s->conf->workers; i++)
		if (p->worker[i].behind)
			repeat_orders(&p->worker[i]);
}

/* Any message means that it has lost some. */
static void
on_worker(struct ev_io *io, unsigned events)
{
	struct worker *w = EV_CONTAINER(io, struct worker, io);
	char word;
	ssize_t n = recv(io->fd, &word, sizeof(word), MSG_DONTWAIT);

	(void)events;
	if (n > 0)
		repeat_orders(w);
	else if (n == 0 || errno != EAGAIN)
		ev_del(w->parent->s->ev, io);	/* it has ended: on_child() will notice */
}

/* ---- workers ---- */

/* The child keeps what it inherits except the parent's loop and the other workers' descriptors. */
static void
become_worker(struct parent *p, unsigned i, int fd)
{
	struct serve *s = p->s;

	log_forked();
	for (unsigned k = 0; k < s->conf->workers; k++)
		if (p->worker[k].io.fd != -1)
			close(p->worker[k].io.fd);
	if (!s->announced && s->conf->notify_fd != NOTIFY_NO_FD)
		notify_close_fd((int)s->conf->notify_fd);	/* its reader awaits the end, too */
	unsetenv("NOTIFY_SOCKET");	/* the service's state is the parent's to report */
	scrape_abandon();
	ev_free(s->ev);
	s->ev = NULL;
	s->worker = i;
	s->parent = NULL;
	listeners_close_all(&s->metrics_door.listeners, false);
	p->code = serve_process(s, fd);
}

/* pair[0] for the parent, which may block a moment; pair[1] for the worker, which must not. */
static int
make_pair(int pair[2])
{
	const struct timeval patience = { .tv_sec = ORDER_MS / 1000,
		.tv_usec = ORDER_MS % 1000 * 1000 };

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == -1)
		return -1;
	(void)setsockopt(pair[0], SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	return fcntl(pair[1], F_SETFL, O_NONBLOCK);
}

/* No more can be had now, which is tried again. Why is logged once. */
static bool
spawn_failed(struct parent *p, const char *call)
{
	if (errno != p->no_worker)
		log_error("worker: %s: %s", call, strerror(errno));
	p->no_worker = errno;
	ev_timer_in(p->s->ev, &p->restart, RESTART_MS);
	return false;
}

static bool
spawn(struct parent *p, unsigned i)
{
	struct worker *w = &p->worker[i];
	int pair[2];

	w->started_ms = ev_now_ms(p->s->ev);
	if (make_pair(pair) == -1)
		return spawn_failed(p, "socketpair");
	log_flush();
	w->pid = fork();
	if (w->pid == 0) {
		close(pair[0]);
		become_worker(p, i, pair[1]);
		return true;
	}
	if (w->pid == -1) {
		spawn_failed(p, "fork");
		close(pair[0]);
		close(pair[1]);
		w->pid = 0;
		return false;
	}
	close(pair[1]);
	p->no_worker = 0;
	w->io = (struct ev_io){ pair[0], on_worker };
	w->behind = false;
	p->running++;
	if (ev_add(p->s->ev, &w->io, EV_READ) == -1)
		log_warn("worker pid=%d: what it asks for goes unheard: %s",
		    (int)w->pid, strerror(errno));
	return true;
}

/*
 * A child would keep what threads are working on:
 * the file one reads, a table half made, the table another frees.
 */
static bool
is_loading(struct parent *p)
{
	uint64_t now = ev_now_ms(p->s->ev);

	if (!routeset_busy(p->s->routes) && !job_aside_busy()) {
		p->loading_ms = 0;
		return false;
	}
	if (p->loading_ms == 0)
		p->loading_ms = now;
	return now - p->loading_ms < LOADING_MAX_MS;
}

static void
spawn_missing(struct parent *p)
{
	if (is_loading(p)) {
		ev_timer_in(p->s->ev, &p->restart, LOADING_MS);
		return;
	}
	for (unsigned i = 0; i < p->s->conf->workers && !p->s->follows; i++)
		if (p->worker[i].pid == 0 && !spawn(p, i))
			return;
}

static void
on_restart(struct ev_timer *t)
{
	struct parent *p = EV_CONTAINER(t, struct parent, restart);

	if (!p->s->draining)
		ev_stop(p->s->ev);	/* fork outside of it: a child frees the loop */
}

static void
buried(struct parent *p, unsigned i, int status)
{
	struct worker *w = &p->worker[i];
	struct serve *s = p->s;
	bool young = ev_now_ms(s->ev) - w->started_ms < RESTART_MS;

	ev_del(s->ev, &w->io);
	close(w->io.fd);
	w->io.fd = -1;
	w->behind = false;
	p->running--;
	quota_forget(s->quota, i);
	metrics_forget(s->metrics, i);
	if (!s->draining) {
		log_warn("worker pid=%d ended: %s %d; replaced", (int)w->pid,
		    WIFSIGNALED(status) ? "signal" : "exit",
		    WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
		serve_count(s, M_WORKERS_REPLACED, 1);
		ev_timer_in(s->ev, &p->restart, young ? RESTART_MS : 1);
	}
	w->pid = 0;
}

static void
on_child(void *arg, int signo)
{
	struct parent *p = ((struct serve *)arg)->parent;
	int status;
	pid_t pid;

	(void)signo;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (unsigned i = 0; i < p->s->conf->workers; i++)
			if (p->worker[i].pid == pid)
				buried(p, i, status);
	if (p->s->draining && p->running == 0)
		ev_stop(p->s->ev);
}

/* ---- signals ---- */

static void
on_kill(struct ev_timer *t)
{
	struct parent *p = EV_CONTAINER(t, struct parent, kill);

	for (unsigned i = 0; i < p->s->conf->workers; i++)
		if (p->worker[i].pid != 0) {
			log_warn("worker pid=%d hangs: killed", (int)p->worker[i].pid);
			kill(p->worker[i].pid, SIGKILL);
		}
}

static void
on_stop_signal(void *arg, int signo)
{
	struct serve *s = arg;
	struct parent *p = s->parent;
	struct order o = { .kind = s->draining ? ORDER_QUIT : ORDER_DRAIN };

	(void)signo;
	ev_timer_in(s->ev, &p->kill, s->draining ? KILL_MS : s->conf->grace_ms + KILL_LATE_MS);
	if (!s->draining) {
		serve_stopping(s);
		s->draining = true;
		listeners_close_all(&s->listeners, true);
	}
	order_all(p, &o, -1);
	if (p->running == 0)
		ev_stop(s->ev);
}

static void
on_hup(void *arg, int signo)
{
	struct serve *s = arg;
	struct order o = { .kind = ORDER_HUP };

	(void)signo;
	order_all(s->parent, &o, -1);
	serve_reload(s);
}

static int
start(struct parent *p)
{
	struct serve *s = p->s;

	s->parent = p;
	s->worker = (unsigned)s->conf->workers;	/* our own row of the metrics */
	p->restart.cb = on_restart;
	p->repeat.cb = on_repeat;
	p->kill.cb = on_kill;
	return serve_make_loop(s, on_stop_signal, on_hup) == -1 ||
	    ev_signal(s->ev, SIGCHLD, on_child, s) == -1 ? -1 :
	    serve_keep_files(s, on_tables, on_listener);
}

static int
supervise(struct parent *p)
{
	struct serve *s = p->s;
	int r;

	if (start(p) == -1) {
		log_error("start: %s", strerror(errno));
		return EXIT_TEMP;
	}
	spawn_missing(p);
	if (s->follows)
		return p->code;
	if (p->running == 0 && p->loading_ms == 0) {
		log_error("no worker could be started");
		return EXIT_TEMP;
	}
	r = serve_announce(s);
	while (r == 0 && !s->follows) {
		r = serve_run(s);
		if (r != 0 || s->draining)
			return r;
		spawn_missing(p);
	}
	return s->follows ? p->code : r;
}

int
workers_run(struct serve *s)
{
	struct parent p = { .s = s, .worker = calloc(s->conf->workers, sizeof(*p.worker)) };
	int r;

	if (p.worker == NULL) {
		log_error("workers: %s", strerror(errno));
		return EXIT_TEMP;
	}
	if (follow_make_bell() == -1) {
		log_error("workers: eventfd: %s", strerror(errno));
		free(p.worker);
		return EXIT_TEMP;
	}
	for (unsigned i = 0; i < s->conf->workers; i++)
		p.worker[i] = (struct worker){ .parent = &p, .io = { -1, on_worker } };
	r = supervise(&p);
	follow_close_bell();
	free(p.worker);
	return r;
}
