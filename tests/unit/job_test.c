/* SPDX-License-Identifier: ISC */
/* Tests of lib/job.c: work in a thread, and the loop that hears of its end. */
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "job.h"
#include "loop_help.h"

static struct job job;
static sem_t may_end;
static int works, dones;
static pthread_t worker;

static void
work(struct job *j)
{
	assert_ptr_equal(j, &job);
	sem_wait(&may_end);
	worker = pthread_self();
	works++;
}

static void
done(struct job *j)
{
	assert_ptr_equal(j, &job);
	assert_false(j->busy);
	dones++;
}

static bool
is_done(void)
{
	return dones > 0;
}

static int
setup(void **state)
{
	works = dones = 0;
	sem_init(&may_end, 0, 0);
	job = (struct job){ .work = work, .done = done };
	return make_loop(state) == 0 ? job_open(&job, loop) : -1;
}

static int
teardown(void **state)
{
	job_close(&job, loop);
	sem_destroy(&may_end);
	return free_loop(state);
}

static void
the_loop_goes_on_while_it_works_and_hears_the_end(void **state)
{
	(void)state;
	assert_int_equal(job_start(&job), 0);
	assert_true(job.busy);
	run_turn();
	assert_int_equal(dones, 0);
	sem_post(&may_end);
	run_until(is_done);
	assert_int_equal(works, 1);
	assert_false(pthread_equal(worker, pthread_self()));
	run_turn();
	assert_int_equal(dones, 1);
}

static bool
is_done_twice(void)
{
	return dones == 2;
}

static void
one_can_be_started_behind_the_other(void **state)
{
	(void)state;
	sem_post(&may_end);
	assert_int_equal(job_start(&job), 0);
	run_until(is_done);
	sem_post(&may_end);
	assert_int_equal(job_start(&job), 0);
	run_until(is_done_twice);
	assert_int_equal(works, 2);
}

static void
who_waits_for_it_is_not_told(void **state)
{
	(void)state;
	job_wait(&job);		/* there is none */
	assert_int_equal(job_start(&job), 0);
	sem_post(&may_end);
	job_wait(&job);
	assert_int_equal(works, 1);
	assert_false(job.busy);
	run_turn();
	assert_int_equal(dones, 0);
	sem_post(&may_end);
	assert_int_equal(job_start(&job), 0);
	run_until(is_done);
	assert_int_equal(works, 2);
}

static void
it_closes_what_it_opened(void **state)
{
	int before = open_fds();

	(void)state;
	job_close(&job, loop);
	assert_int_equal(open_fds(), before - 1);
	job_close(&job, loop);
	assert_int_equal(open_fds(), before - 1);
}

static void
end_it(struct ev_io *io, unsigned events)
{
	(void)events;
	ev_del(loop, io);
	job_wait(&job);
	job_close(&job, loop);
}

/* As a signal to end may be dealt with in the turn that finds the work done. */
static void
it_may_be_closed_with_its_end_among_the_events_of_the_turn(void **state)
{
	struct ev_io first = { eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC), end_it };

	(void)state;
	assert_int_equal(ev_add(loop, &first, EV_READ), 0);
	sem_post(&may_end);
	assert_int_equal(job_start(&job), 0);
	await(job.finished.fd, POLLIN);
	run_turn();
	assert_int_equal(works, 1);
	assert_int_equal(dones, 0);
	close(first.fd);
}

static atomic_bool went_aside;

static void
aside(void *arg)
{
	assert_ptr_equal(arg, &job);
	sem_wait(&may_end);
	went_aside = true;
}

static void
what_nobody_waits_for_goes_on_beside(void **state)
{
	(void)state;
	went_aside = false;
	assert_false(job_aside_busy());
	job_aside(aside, &job);
	assert_false(went_aside);
	assert_true(job_aside_busy());
	sem_post(&may_end);
	for (int i = 0; i < 500 && job_aside_busy(); i++)
		poll(NULL, 0, 10);
	assert_true(went_aside);
	assert_false(job_aside_busy());
	assert_int_equal(dones, 0);
}

/* In a child whose user may have no more processes; the limit does not hold for root. */
static void
without_a_thread_it_is_done_here(void **state)
{
	static const struct rlimit none = { 0, 0 };
	int status;
	pid_t pid;

	(void)state;
	went_aside = false;
	sem_post(&may_end);
	pid = fork();
	if (pid == 0) {
		if ((geteuid() == 0 && setuid(65534) == -1) || setrlimit(RLIMIT_NPROC, &none) == -1)
			_exit(2);
		job_aside(aside, &job);
		_exit(went_aside ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

#define test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		test(the_loop_goes_on_while_it_works_and_hears_the_end),
		test(one_can_be_started_behind_the_other),
		test(who_waits_for_it_is_not_told),
		test(it_may_be_closed_with_its_end_among_the_events_of_the_turn),
		test(it_closes_what_it_opened),
		test(what_nobody_waits_for_goes_on_beside),
		test(without_a_thread_it_is_done_here),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
