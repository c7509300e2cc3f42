/* SPDX-License-Identifier: ISC */
/* The event loop: one epoll, a heap of deadlines, a queue of deferred work. */
#include "ev.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "log.h"

#define BATCH 256	/* events taken per wait */
#define FULL_MAX 16	/* batches in a row, all full, that timers wait for: see turn() */
#define SIGNALS 65

struct handler {
	ev_signal_cb *cb;
	void *arg;
};

struct ev {
	int epfd;
	bool stop;
	uint64_t now_ms;
	unsigned full;			/* batches in a row that were full */
	struct ev_timer **heap;		/* owned, of borrowed timers, heap[0] is due first by key */
	uint64_t *key;			/* when heap[i] is looked at: no later than its due_ms */
	uint32_t timers, room;
	struct ev_task *tasks, **last_task;
	void *garbage;			/* chain through the first word of each block */
	ev_before_wait_cb *before_wait;
	struct ev_io signals;
	sigset_t mask;
	struct handler handler[SIGNALS];
};

uint64_t
ev_clock_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

uint64_t
ev_refresh(struct ev *ev)
{
	ev->now_ms = ev_clock_ms();
	return ev->now_ms;
}

uint64_t
ev_now_ms(const struct ev *ev)
{
	return ev->now_ms;
}

static bool heap_grow(struct ev *ev);

struct ev *
ev_new(void)
{
	struct ev *ev = calloc(1, sizeof(*ev));

	if (ev == NULL)
		return NULL;
	ev->last_task = &ev->tasks;
	ev->signals.fd = -1;
	ev->epfd = epoll_create1(EPOLL_CLOEXEC);
	if (ev->epfd == -1 || !heap_grow(ev)) {
		int saved = errno;

		ev_free(ev);
		errno = saved;
		return NULL;
	}
	sigemptyset(&ev->mask);
	ev_refresh(ev);
	return ev;
}

static void
collect_garbage(struct ev *ev)
{
	while (ev->garbage != NULL) {
		void *p = ev->garbage;

		ev->garbage = *(void **)p;
		free(p);
	}
}

void
ev_free(struct ev *ev)
{
	if (ev == NULL)
		return;
	collect_garbage(ev);
	if (ev->signals.fd != -1)
		close(ev->signals.fd);
	close(ev->epfd);
	free(ev->heap);
	free(ev->key);
	free(ev);
}

/* ---- descriptors ---- */

static int
control(struct ev *ev, int op, struct ev_io *io, unsigned want)
{
	struct epoll_event e = { .data.ptr = io };

	if (want & EV_READ)
		e.events |= EPOLLIN | EPOLLRDHUP | EPOLLPRI;
	if (want & EV_WRITE)
		e.events |= EPOLLOUT;
	if (want & EV_EDGE)
		e.events |= EPOLLET;
	if (want & EV_SHARED)		/* epoll allows it with IN and OUT only */
		e.events = (e.events & (EPOLLIN | EPOLLOUT | EPOLLET)) | EPOLLEXCLUSIVE;
	return epoll_ctl(ev->epfd, op, io->fd, &e);
}

int
ev_add(struct ev *ev, struct ev_io *io, unsigned want)
{
	return control(ev, EPOLL_CTL_ADD, io, want);
}

int
ev_mod(struct ev *ev, struct ev_io *io, unsigned want)
{
	return control(ev, EPOLL_CTL_MOD, io, want);
}

void
ev_del(struct ev *ev, struct ev_io *io)
{
	control(ev, EPOLL_CTL_DEL, io, 0);
}

static unsigned
seen(uint32_t epoll_events)
{
	unsigned events = 0;

	if (epoll_events & EPOLLIN)
		events |= EV_READ;
	if (epoll_events & EPOLLOUT)
		events |= EV_WRITE;
	if (epoll_events & (EPOLLRDHUP | EPOLLHUP))
		events |= EV_READ | EV_EOF;
	if (epoll_events & EPOLLHUP)
		events |= EV_WRITE;
	if (epoll_events & EPOLLERR)
		events |= EV_READ | EV_WRITE | EV_ERROR;
	if (epoll_events & EPOLLPRI)
		events |= EV_READ | EV_URGENT;
	return events;
}

/* ---- timers: a binary heap by key ---- */

static void
place(struct ev *ev, uint32_t i, struct ev_timer *t, uint64_t key)
{
	ev->heap[i] = t;
	ev->key[i] = key;
	t->slot = i + 1;
}

static void
sift_up(struct ev *ev, uint32_t i)
{
	struct ev_timer *t = ev->heap[i];
	uint64_t key = ev->key[i];

	for (; i > 0 && ev->key[(i - 1) / 2] > key; i = (i - 1) / 2)
		place(ev, i, ev->heap[(i - 1) / 2], ev->key[(i - 1) / 2]);
	place(ev, i, t, key);
}

static void
sift_down(struct ev *ev, uint32_t i)
{
	struct ev_timer *t = ev->heap[i];
	uint64_t key = ev->key[i];

	for (uint32_t child; (child = 2 * i + 1) < ev->timers; i = child) {
		if (child + 1 < ev->timers && ev->key[child + 1] < ev->key[child])
			child++;
		if (ev->key[child] >= key)
			break;
		place(ev, i, ev->heap[child], ev->key[child]);
	}
	place(ev, i, t, key);
}

static void
heap_remove(struct ev *ev, struct ev_timer *t)
{
	uint32_t i = t->slot - 1;
	uint32_t last = --ev->timers;

	t->slot = 0;
	if (i == last)
		return;
	place(ev, i, ev->heap[last], ev->key[last]);
	sift_up(ev, i);
	sift_down(ev, i);
}

/* False: out of memory, and nothing has changed. */
static bool
heap_grow(struct ev *ev)
{
	uint32_t room = ev->room == 0 ? 64 : ev->room * 2;
	void *heap = realloc(ev->heap, room * sizeof(*ev->heap)), *key;

	if (heap == NULL)
		return false;
	ev->heap = heap;
	key = realloc(ev->key, room * sizeof(*ev->key));
	if (key == NULL)
		return false;
	ev->key = key;
	ev->room = room;
	return true;
}

bool
ev_make_room(struct ev *ev)
{
	return ev->timers < ev->room - ev->room / 4 || heap_grow(ev);
}

/*
 * Once the reserve is used up there is no way to fail gracefully:
 * a loop that loses deadlines is worse than none.
 */
static void
heap_insert(struct ev *ev, struct ev_timer *t)
{
	if (!ev_make_room(ev) && ev->timers == ev->room)
		die(EXIT_TEMP, "timers");
	place(ev, ev->timers++, t, t->due_ms);
	sift_up(ev, t->slot - 1);
}

void
ev_timer_at(struct ev *ev, struct ev_timer *t, uint64_t due_ms)
{
	t->due_ms = due_ms;
	if (due_ms == 0) {
		if (t->slot != 0)
			heap_remove(ev, t);
	} else if (t->slot == 0) {
		heap_insert(ev, t);
	} else if (due_ms < ev->key[t->slot - 1]) {
		ev->key[t->slot - 1] = due_ms;
		sift_up(ev, t->slot - 1);
	}
}

void
ev_timer_in(struct ev *ev, struct ev_timer *t, uint64_t delay_ms)
{
	ev_timer_at(ev, t, delay_ms == 0 ? 0 : ev->now_ms + delay_ms);
}

/* Those that were due at until_ms. */
static void
fire_timers(struct ev *ev, uint64_t until_ms)
{
	while (ev->timers > 0 && ev->key[0] <= until_ms) {
		struct ev_timer *t = ev->heap[0];

		if (t->due_ms > until_ms) {	/* meanwhile moved later */
			ev->key[0] = t->due_ms;
			sift_down(ev, 0);
			continue;
		}
		heap_remove(ev, t);
		t->due_ms = 0;
		t->cb(t);
	}
}

/* ---- deferred work ---- */

void
ev_defer(struct ev *ev, struct ev_task *task)
{
	if (task->queued)
		return;
	task->queued = true;
	task->next = NULL;
	*ev->last_task = task;
	ev->last_task = &task->next;
}

void
ev_undefer(struct ev *ev, struct ev_task *task)
{
	struct ev_task **at = &ev->tasks;

	if (!task->queued)
		return;
	while (*at != task)
		at = &(*at)->next;
	*at = task->next;
	if (ev->last_task == &task->next)
		ev->last_task = at;
	task->queued = false;
}

/* Runs what is queued now, one by one: a task may cancel another that has not run yet. */
static void
run_tasks(struct ev *ev)
{
	struct ev_task end = { .queued = true };

	if (ev->tasks == NULL)
		return;
	*ev->last_task = &end;
	ev->last_task = &end.next;
	while (ev->tasks != &end) {
		struct ev_task *task = ev->tasks;

		ev->tasks = task->next;
		task->queued = false;
		task->cb(task);
	}
	ev->tasks = end.next;
	if (ev->last_task == &end.next)
		ev->last_task = &ev->tasks;
}

void
ev_free_later(struct ev *ev, void *p)
{
	*(void **)p = ev->garbage;
	ev->garbage = p;
}

/* ---- signals ---- */

static void
on_signals(struct ev_io *io, unsigned events)
{
	struct ev *ev = EV_CONTAINER(io, struct ev, signals);
	struct signalfd_siginfo info;

	(void)events;
	while (read(io->fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		struct handler *h = &ev->handler[info.ssi_signo];

		if (h->cb != NULL)
			h->cb(h->arg, (int)info.ssi_signo);
	}
}

int
ev_signal(struct ev *ev, int signo, ev_signal_cb *cb, void *arg)
{
	bool first = ev->signals.fd == -1;
	int fd;

	ev->handler[signo] = (struct handler){ cb, arg };
	sigaddset(&ev->mask, signo);
	if (sigprocmask(SIG_BLOCK, &ev->mask, NULL) == -1)
		return -1;
	signal(signo, SIG_DFL);	/* of children there is no signal as long as it is ignored */
	fd = signalfd(ev->signals.fd, &ev->mask, SFD_NONBLOCK | SFD_CLOEXEC);
	if (fd == -1)
		return -1;
	ev->signals = (struct ev_io){ fd, on_signals };
	return first ? ev_add(ev, &ev->signals, EV_READ) : 0;
}

void
ev_signal_hold(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

bool
ev_stop_held(void)
{
	sigset_t set;

	return sigpending(&set) == 0 &&
	    (sigismember(&set, SIGTERM) == 1 || sigismember(&set, SIGINT) == 1);
}

void
ev_signal_reset(void)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* ---- the loop ---- */

void
ev_before_wait(struct ev *ev, ev_before_wait_cb *cb)
{
	ev->before_wait = cb;
}

/*
 * How long to wait: not at all with work queued, indefinitely without a timer; but no longer than
 * limit_ms (-1: no limit).
 */
static int
wait_ms(const struct ev *ev, int limit_ms)
{
	uint64_t delta;
	int ms = -1;

	if (ev->tasks != NULL)
		return 0;
	if (ev->timers > 0) {
		delta = ev->key[0] <= ev->now_ms ? 0 : ev->key[0] - ev->now_ms;
		ms = delta > 60000 ? 60000 : (int)delta;
	}
	return ms == -1 || (limit_ms != -1 && limit_ms < ms) ? limit_ms : ms;
}

/*
 * Only timers that were due before the kernel was asked what has come may fire: all that came in
 * time is seen before them, also by a process that was stopped (SIGSTOP, a debugger, a frozen
 * container) and goes on long after.
 */
static int
turn(struct ev *ev)
{
	struct epoll_event e[BATCH];
	int limit_ms = ev->before_wait == NULL ? -1 : ev->before_wait(ev->now_ms);
	uint64_t asked_ms = ev->now_ms;
	int n = epoll_wait(ev->epfd, e, BATCH, wait_ms(ev, limit_ms));

	if (n == -1 && errno != EINTR)
		return -1;
	ev_refresh(ev);
	for (int i = 0; i < n; i++) {
		struct ev_io *io = e[i].data.ptr;

		if (io->fd != -1)	/* closed by an earlier event of this batch */
			io->cb(io, seen(e[i].events));
	}
	ev->full = n == BATCH ? ev->full + 1 : 0;
	if (ev->full % FULL_MAX == 0)
		fire_timers(ev, asked_ms);
	run_tasks(ev);
	collect_garbage(ev);
	return 0;
}

int
ev_run(struct ev *ev)
{
	ev->stop = false;
	while (!ev->stop)
		if (turn(ev) == -1)
			return -1;
	if (ev->before_wait != NULL)
		ev->before_wait(UINT64_MAX);
	return 0;
}

void
ev_stop(struct ev *ev)
{
	ev->stop = true;
}
