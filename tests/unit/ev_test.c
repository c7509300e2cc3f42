/* SPDX-License-Identifier: ISC */
/*
 * Tests of lib/ev.c: the timer heap and the task queue against models,
 * events of descriptors, signals.
 */
#include <signal.h>

#include "draw_help.h"
#include "loop_help.h"

/* ---- timers ---- */

#define TIMERS 200

struct modelled {
	struct ev_timer timer;
	uint64_t due_ms;	/* the model: 0 off */
	bool fires;		/* its callback runs */
};
static struct modelled *model[TIMERS];	/* a heap block each, so that a stale pointer is seen */
static bool busy_callbacks;

static void on_modelled(struct ev_timer *t);

static void
change_one(void)
{
	struct modelled **at = &model[draw(TIMERS)], *m = *at;
	uint64_t now = ev_now_ms(loop), delay = draw(50);

	switch (draw(5)) {
	case 0:
		ev_timer_in(loop, &m->timer, delay);
		m->due_ms = delay == 0 ? 0 : now + delay;
		break;
	case 1:
		ev_timer_at(loop, &m->timer, now + 1 + delay);
		m->due_ms = now + 1 + delay;
		break;
	case 2:
		/* a past moment is as good as now; not from a callback, which would never end */
		if (busy_callbacks)
			break;
		ev_timer_at(loop, &m->timer, now > 20 ? now - draw(20) : 1);
		m->due_ms = 1;
		break;
	case 3:
		ev_timer_at(loop, &m->timer, 0);
		m->due_ms = 0;
		break;
	case 4:		/* off and gone: nothing may look at it again */
		if (m->fires)
			break;
		ev_timer_at(loop, &m->timer, 0);
		free(m);
		*at = calloc(1, sizeof(**at));
		(*at)->timer.cb = on_modelled;
		break;
	}
}

static void
on_modelled(struct ev_timer *t)
{
	struct modelled *m = EV_CONTAINER(t, struct modelled, timer);

	assert_int_not_equal(m->due_ms, 0);
	assert_true(m->due_ms <= ev_now_ms(loop));
	assert_int_equal(t->due_ms, 0);
	m->due_ms = 0;
	m->fires = true;
	busy_callbacks = true;
	for (uint32_t n = draw(3); n > 0; n--)
		change_one();
	busy_callbacks = false;
	m->fires = false;
}

static void
timers_fire_once_and_when_they_are_due_whatever_is_done_to_them(void **state)
{
	(void)state;
	for (int i = 0; i < TIMERS; i++) {
		model[i] = calloc(1, sizeof(*model[i]));
		model[i]->timer.cb = on_modelled;
	}
	for (int round = 0; round < 3000; round++) {
		for (uint32_t n = draw(8); n > 0; n--)
			change_one();
		skip_ms(draw(6));
		run_turn();
		uint64_t now = ev_now_ms(loop);

		run_turn();
		for (int i = 0; i < TIMERS; i++)
			assert_true(model[i]->due_ms == 0 || model[i]->due_ms > now);
	}
	for (int i = 0; i < TIMERS; i++) {
		ev_timer_at(loop, &model[i]->timer, 0);
		free(model[i]);
	}
}

static struct ev_timer one_timer;
static int fired;
static uint64_t fired_at_ms;

static void
count_timer(struct ev_timer *t)
{
	(void)t;
	fired++;
	fired_at_ms = ev_now_ms(loop);
}

static bool
has_fired(void)
{
	return fired > 0;
}

static void
start_timer(uint64_t delay_ms)
{
	fired = 0;
	one_timer = (struct ev_timer){ .cb = count_timer };
	ev_refresh(loop);
	ev_timer_in(loop, &one_timer, delay_ms);
}

static void
the_loop_sleeps_until_a_timer_is_due(void **state)
{
	(void)state;
	start_timer(30);
	uint64_t due = one_timer.due_ms;

	run_until(has_fired);
	assert_in_range(fired_at_ms, due, due + 500);
	run_turn();
	assert_int_equal(fired, 1);
}

static void
a_timer_moved_later_does_not_fire_early(void **state)
{
	(void)state;
	start_timer(10);
	ev_timer_in(loop, &one_timer, 1000);
	skip_ms(900);
	run_due();
	assert_int_equal(fired, 0);
	skip_ms(200);
	run_due();
	assert_int_equal(fired, 1);
}

static void
a_timer_moved_earlier_does_not_fire_late(void **state)
{
	(void)state;
	start_timer(60000);
	ev_timer_in(loop, &one_timer, 5);
	skip_ms(5);
	run_due();
	assert_int_equal(fired, 1);
	skip_ms(60000);
	run_due();
	assert_int_equal(fired, 1);
}

static void
a_delay_of_nought_turns_a_timer_off(void **state)
{
	(void)state;
	start_timer(5);
	ev_timer_in(loop, &one_timer, 0);
	ev_timer_in(loop, &one_timer, 0);
	skip_ms(100);
	run_due();
	assert_int_equal(fired, 0);
}

/* ---- tasks ---- */

#define TASKS 20

static struct ev_task task[TASKS];
static int order[1000];
static size_t orders;

static void
note(int i)
{
	assert_true(orders < sizeof(order) / sizeof(order[0]));
	order[orders++] = i;
}

static void
note_task(struct ev_task *t)
{
	note((int)(t - task));
}

static void
set_tasks(void (*cb)(struct ev_task *))
{
	orders = 0;
	for (int i = 0; i < TASKS; i++)
		task[i] = (struct ev_task){ .cb = cb };
}

static void
expect_order(const char *names)
{
	assert_int_equal(orders, strlen(names));
	for (size_t i = 0; i < orders; i++)
		assert_int_equal(order[i], names[i] - 'a');
	orders = 0;
}

static void
tasks_run_once_in_the_order_they_were_queued(void **state)
{
	(void)state;
	set_tasks(note_task);
	ev_defer(loop, &task[2]);
	ev_defer(loop, &task[0]);
	ev_defer(loop, &task[2]);
	ev_defer(loop, &task[1]);
	run_turn();
	expect_order("cab");
	run_turn();
	expect_order("");
}

static void
requeue_itself(struct ev_task *t)
{
	note_task(t);
	ev_defer(loop, t);
}

static void
a_task_queued_while_tasks_run_waits_for_the_next_turn(void **state)
{
	(void)state;
	set_tasks(note_task);
	task[0].cb = requeue_itself;
	ev_defer(loop, &task[0]);
	ev_defer(loop, &task[1]);
	run_turn();
	expect_order("ab");
	run_turn();
	expect_order("a");
	ev_undefer(loop, &task[0]);
	run_turn();
	expect_order("");
}

static void
take_back_c(struct ev_task *t)
{
	note_task(t);
	ev_undefer(loop, &task[2]);
}

static void
a_task_may_take_back_one_that_has_not_run(void **state)
{
	(void)state;
	set_tasks(note_task);
	task[0].cb = take_back_c;
	ev_defer(loop, &task[0]);
	ev_defer(loop, &task[1]);
	ev_defer(loop, &task[2]);
	run_turn();
	expect_order("ab");
	assert_false(task[2].queued);
	ev_defer(loop, &task[2]);
	ev_defer(loop, &task[1]);
	run_turn();
	expect_order("cb");
}

static void
taking_back_the_last_task_leaves_a_queue_that_works(void **state)
{
	(void)state;
	set_tasks(note_task);
	ev_defer(loop, &task[0]);
	ev_defer(loop, &task[1]);
	ev_undefer(loop, &task[1]);
	ev_undefer(loop, &task[1]);
	ev_defer(loop, &task[2]);
	ev_undefer(loop, &task[0]);
	run_turn();
	expect_order("c");
	ev_defer(loop, &task[0]);
	ev_undefer(loop, &task[0]);
	ev_defer(loop, &task[1]);
	run_turn();
	expect_order("b");
}

/* The model of the queue: what is to run this turn and what in the next. */
static int now_queue[TASKS], next_queue[TASKS];
static size_t now_n, next_n;

static void
model_remove(int *queue, size_t *n, int i)
{
	for (size_t k = 0; k < *n; k++) {
		if (queue[k] == i) {
			memmove(queue + k, queue + k + 1, (*n - k - 1) * sizeof(*queue));
			--*n;
			return;
		}
	}
}

static bool
model_has(int i)
{
	for (size_t k = 0; k < now_n; k++)
		if (now_queue[k] == i)
			return true;
	for (size_t k = 0; k < next_n; k++)
		if (next_queue[k] == i)
			return true;
	return false;
}

static void
change_a_task(void)
{
	int i = (int)draw(TASKS);

	if (draw(3) > 0) {
		if (!model_has(i))
			next_queue[next_n++] = i;
		ev_defer(loop, &task[i]);
	} else {
		model_remove(now_queue, &now_n, i);
		model_remove(next_queue, &next_n, i);
		ev_undefer(loop, &task[i]);
	}
}

static void
on_modelled_task(struct ev_task *t)
{
	assert_true(now_n > 0);
	assert_int_equal(t - task, now_queue[0]);
	assert_false(t->queued);
	model_remove(now_queue, &now_n, now_queue[0]);
	for (uint32_t n = draw(4); n > 0; n--)
		change_a_task();
}

static void
tasks_follow_the_model_whatever_is_done_to_them(void **state)
{
	(void)state;
	set_tasks(on_modelled_task);
	now_n = next_n = 0;
	for (int round = 0; round < 5000; round++) {
		for (uint32_t n = draw(6); n > 0; n--)
			change_a_task();
		memcpy(now_queue, next_queue, sizeof(now_queue));
		now_n = next_n;
		next_n = 0;
		run_turn();
		assert_int_equal(now_n, 0);
		for (int i = 0; i < TASKS; i++)
			assert_int_equal(task[i].queued, model_has(i));
	}
}

/* ---- descriptors ---- */

struct watched {
	void *first_word;	/* ev_free_later() takes it */
	struct ev_io io;
	struct watched *other;
};

static unsigned got;
static int calls;

static void
note_events(struct ev_io *io, unsigned events)
{
	(void)io;
	got = events;
	calls++;
}

static unsigned
next_events(void)
{
	got = 0;
	calls = 0;
	run_turn();
	return got;
}

static void
events_say_what_happened_to_a_tcp_socket(void **state)
{
	struct ev_io io = { .cb = note_events };
	int pair[2];

	(void)state;
	tcp_pair(pair);
	io.fd = pair[0];
	assert_int_equal(ev_add(loop, &io, EV_READ | EV_WRITE | EV_EDGE), 0);
	assert_int_equal(next_events(), EV_WRITE);
	assert_int_equal(next_events(), 0);
	assert_int_equal(write(pair[1], "x", 1), 1);
	assert_int_equal(next_events() & ~EV_WRITE, EV_READ);
	assert_int_equal(next_events(), 0);
	assert_int_equal(send(pair[1], "!", 1, MSG_OOB), 1);
	assert_int_equal(next_events() & ~EV_WRITE, EV_READ | EV_URGENT);
	shutdown(pair[1], SHUT_WR);
	assert_int_equal(next_events() & (EV_READ | EV_EOF | EV_ERROR), EV_READ | EV_EOF);
	sock_close(pair[1], true);
	assert_int_equal(next_events() & (EV_READ | EV_EOF | EV_ERROR),
	    EV_READ | EV_EOF | EV_ERROR);
	assert_int_equal(sock_error(pair[0]), EPIPE);	/* a reset behind a FIN */
	close(pair[0]);
}

static void
a_level_is_reported_again_and_again_an_edge_once(void **state)
{
	struct ev_io io = { .cb = note_events };
	int pair[2];

	(void)state;
	unix_pair(pair);
	io.fd = pair[0];
	assert_int_equal(ev_add(loop, &io, EV_READ), 0);
	assert_int_equal(next_events(), 0);
	assert_int_equal(write(pair[1], "x", 1), 1);
	assert_int_equal(next_events(), EV_READ);
	assert_int_equal(next_events(), EV_READ);
	assert_int_equal(ev_mod(loop, &io, EV_READ | EV_EDGE), 0);
	assert_int_equal(next_events(), EV_READ);
	assert_int_equal(next_events(), 0);
	assert_int_equal(ev_mod(loop, &io, EV_WRITE), 0);
	assert_int_equal(next_events(), EV_WRITE);
	ev_del(loop, &io);
	assert_int_equal(next_events(), 0);
	close(pair[0]);
	close(pair[1]);
}

static int late_fd;

static void
stopped_for_a_second(void)
{
	assert_int_equal(write(late_fd, "x", 1), 1);
	skip_ms(1000);
}

static void
note_bytes_before_timers(struct ev_io *io, unsigned events)
{
	char byte;

	assert_int_equal(fired, 0);
	note_events(io, events);
	assert_int_equal(read(io->fd, &byte, 1), 1);
}

/* Also when that happened behind the wait, which knew of something else only. */
static void
what_came_while_the_process_was_stopped_goes_before_timers(void **state)
{
	struct ev_io io[2] = { { .cb = note_bytes_before_timers },
		{ .cb = note_bytes_before_timers } };
	int pair[2][2];

	(void)state;
	for (int i = 0; i < 2; i++) {
		unix_pair(pair[i]);
		io[i].fd = pair[i][0];
		assert_int_equal(ev_add(loop, &io[i], EV_READ), 0);
	}
	assert_int_equal(next_events(), 0);
	start_timer(500);
	assert_int_equal(write(pair[0][1], "x", 1), 1);
	late_fd = pair[1][1];
	before_next_look = stopped_for_a_second;
	assert_int_equal(next_events(), EV_READ);
	assert_int_equal(next_events(), EV_READ);
	assert_int_equal(fired, 1);
	for (int i = 0; i < 2; i++) {
		close(pair[i][0]);
		close(pair[i][1]);
	}
}

static void
close_other(struct ev_io *io, unsigned events)
{
	struct watched *w = EV_CONTAINER(io, struct watched, io), *other = w->other;

	(void)events;
	calls++;
	close(io->fd);
	close(other->io.fd);
	io->fd = other->io.fd = -1;
	ev_free_later(loop, other);
	ev_free_later(loop, w);
}

static void
a_callback_may_end_another_owner_that_has_an_event_in_the_same_batch(void **state)
{
	struct watched *a = calloc(1, sizeof(*a)), *b = calloc(1, sizeof(*b));
	int pa[2], pb[2];

	(void)state;
	unix_pair(pa);
	unix_pair(pb);
	*a = (struct watched){ NULL, { pa[0], close_other }, b };
	*b = (struct watched){ NULL, { pb[0], close_other }, a };
	assert_int_equal(ev_add(loop, &a->io, EV_READ), 0);
	assert_int_equal(ev_add(loop, &b->io, EV_READ), 0);
	assert_int_equal(write(pa[1], "x", 1), 1);
	assert_int_equal(write(pb[1], "x", 1), 1);
	next_events();
	assert_int_equal(calls, 1);
	close(pa[1]);
	close(pb[1]);
}

static void
what_is_freed_later_is_freed_with_the_loop_at_the_latest(void **state)
{
	(void)state;
	ev_free_later(loop, malloc(sizeof(void *)));
	ev_free_later(loop, malloc(100));
}

static void
a_descriptor_somebody_else_holds_too_is_watched_until_ev_del(void **state)
{
	struct ev_io io = { .cb = note_events };
	int pair[2], elsewhere;

	(void)state;
	unix_pair(pair);
	io.fd = pair[0];
	elsewhere = dup(pair[0]);	/* as after sock_send_fd(), or in a forked process */
	assert_int_equal(ev_add(loop, &io, EV_READ), 0);
	ev_del(loop, &io);
	close(pair[0]);
	assert_int_equal(write(pair[1], "x", 1), 1);
	assert_int_equal(next_events(), 0);
	close(elsewhere);
	close(pair[1]);
}

static void
what_cannot_be_watched_is_refused(void **state)
{
	struct ev_io io = { .fd = -1, .cb = note_events };

	(void)state;
	assert_int_equal(ev_add(loop, &io, EV_READ), -1);
	assert_int_equal(errno, EBADF);
	io.fd = memfd_create("plain file", MFD_CLOEXEC);
	assert_int_equal(ev_add(loop, &io, EV_READ), -1);
	assert_int_equal(errno, EPERM);
	close(io.fd);
}

static void
a_shared_listener_wakes_the_loop(void **state)
{
	struct ev_io io = { .fd = listen_on("127.0.0.1:0"), .cb = note_events };
	struct sockaddr_storage sa;
	socklen_t len = sizeof(sa);
	int fd;

	(void)state;
	assert_int_equal(ev_add(loop, &io, EV_READ | EV_SHARED), 0);
	assert_int_equal(next_events(), 0);
	getsockname(io.fd, (struct sockaddr *)&sa, &len);
	sock_connect(&sa, len, false, &fd);
	await(io.fd, POLLIN);
	assert_int_equal(next_events(), EV_READ);
	close(fd);
	close(io.fd);
}

static int hooks, hook_limit_ms;
static uint64_t hook_ms;

static int
count_hook(uint64_t now_ms)
{
	hooks++;
	hook_ms = now_ms;
	return hook_limit_ms;
}

static void
the_hook_runs_before_each_wait_and_after_the_last_turn(void **state)
{
	(void)state;
	hooks = 0;
	hooks = 0;
	hook_limit_ms = -1;
	ev_before_wait(loop, count_hook);
	run_turn();
	assert_int_equal(hooks, 2);
	assert_true(hook_ms == UINT64_MAX);
}

static int
stop_third_turn(uint64_t now_ms)
{
	(void)now_ms;
	if (++hooks == 3)
		ev_stop(loop);
	return hook_limit_ms;
}

/* With nothing else to wait for. */
static void
the_hook_limits_the_wait(void **state)
{
	uint64_t began_ms = ev_refresh(loop), took_ms;

	(void)state;
	hooks = 0;
	hook_limit_ms = 20;
	ev_before_wait(loop, stop_third_turn);
	assert_int_equal(ev_run(loop), 0);
	took_ms = ev_refresh(loop) - began_ms;
	assert_true(took_ms >= 57 && took_ms < 2000);
}

/* ---- signals ---- */

static int signalled, signalled_otherwise;

static void
on_signal(void *arg, int signo)
{
	assert_ptr_equal(arg, &signalled);
	signalled = signalled * 100 + signo;
}

static void
on_other_signal(void *arg, int signo)
{
	(void)arg;
	signalled_otherwise = signo;
}

static void
signals_come_as_callbacks_of_the_loop(void **state)
{
	(void)state;
	signalled = signalled_otherwise = 0;
	assert_int_equal(ev_signal(loop, SIGUSR1, on_signal, &signalled), 0);
	assert_int_equal(ev_signal(loop, SIGUSR2, on_signal, &signalled), 0);
	raise(SIGUSR1);
	assert_int_equal(signalled, 0);
	run_turn();
	assert_int_equal(signalled, SIGUSR1);
	raise(SIGUSR2);
	run_turn();
	assert_int_equal(signalled, SIGUSR1 * 100 + SIGUSR2);
	assert_int_equal(ev_signal(loop, SIGUSR2, on_other_signal, NULL), 0);
	raise(SIGUSR2);
	run_turn();
	assert_int_equal(signalled_otherwise, SIGUSR2);
	ev_signal_reset();
}

static void
be_hit_by_a_signal(void)
{
	ev_signal_reset();
	raise(SIGUSR1);
	dprintf(STDERR_FILENO, "still here");
}

static void
after_a_reset_signals_interrupt_again(void **state)
{
	struct outcome o;

	(void)state;
	assert_int_equal(ev_signal(loop, SIGUSR1, on_signal, &signalled), 0);
	o = in_child(be_hit_by_a_signal);
	assert_int_equal(o.code, 1000 + SIGUSR1);
	ev_signal_reset();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		loop_test(timers_fire_once_and_when_they_are_due_whatever_is_done_to_them),
		loop_test(the_loop_sleeps_until_a_timer_is_due),
		loop_test(a_timer_moved_later_does_not_fire_early),
		loop_test(a_timer_moved_earlier_does_not_fire_late),
		loop_test(a_delay_of_nought_turns_a_timer_off),
		loop_test(tasks_run_once_in_the_order_they_were_queued),
		loop_test(a_task_queued_while_tasks_run_waits_for_the_next_turn),
		loop_test(a_task_may_take_back_one_that_has_not_run),
		loop_test(taking_back_the_last_task_leaves_a_queue_that_works),
		loop_test(tasks_follow_the_model_whatever_is_done_to_them),
		loop_test(events_say_what_happened_to_a_tcp_socket),
		loop_test(a_level_is_reported_again_and_again_an_edge_once),
		loop_test(what_came_while_the_process_was_stopped_goes_before_timers),
		loop_test(a_callback_may_end_another_owner_that_has_an_event_in_the_same_batch),
		loop_test(what_is_freed_later_is_freed_with_the_loop_at_the_latest),
		loop_test(a_descriptor_somebody_else_holds_too_is_watched_until_ev_del),
		loop_test(what_cannot_be_watched_is_refused),
		loop_test(a_shared_listener_wakes_the_loop),
		loop_test(the_hook_runs_before_each_wait_and_after_the_last_turn),
		loop_test(the_hook_limits_the_wait),
		loop_test(signals_come_as_callbacks_of_the_loop),
		loop_test(after_a_reset_signals_interrupt_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
