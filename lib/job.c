/* SPDX-License-Identifier: ISC */
/* Work in a thread. */
#include "job.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#define STACK_BYTES (256u * 1024u)
#define NICENESS 10		/* the loop may share the CPU and must not wait for our slice */

static void
be_nice(void)
{
	(void)setpriority(PRIO_PROCESS, 0, NICENESS);	/* of this thread alone, on Linux */
}

/* Nobody joins it: a nice thread may take its time even to exit. 0 or an errno. */
static int
spawn(void *(*body)(void *), void *arg)
{
	pthread_attr_t attr;
	pthread_t thread;
	int error = pthread_attr_init(&attr);

	if (error != 0)
		return error;
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	error = pthread_create(&thread, &attr, body, arg);
	pthread_attr_destroy(&attr);
	return error;
}

static void
work_and_tell(struct job *j)
{
	uint64_t one = 1;

	j->work(j);
	while (write(j->finished.fd, &one, sizeof(one)) == -1 && errno == EINTR)
		;
}

static void *
run(void *arg)
{
	be_nice();
	work_and_tell(arg);
	return NULL;
}

static void
on_finished(struct ev_io *io, unsigned events)
{
	struct job *j = EV_CONTAINER(io, struct job, finished);

	(void)events;
	if (!j->busy)
		return;
	job_wait(j);
	j->done(j);
}

int
job_open(struct job *j, struct ev *ev)
{
	j->finished.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (j->finished.fd == -1)
		return -1;
	j->finished.cb = on_finished;
	if (ev_add(ev, &j->finished, EV_READ) == 0)
		return 0;
	job_close(j, ev);
	return -1;
}

int
job_start(struct job *j)
{
	errno = spawn(run, j);
	if (errno == EPERM && !j->waits) {	/* from a sandbox, which will never allow it */
		work_and_tell(j);
		errno = 0;
	}
	j->busy = errno == 0;
	return j->busy ? 0 : -1;
}

void
job_wait(struct job *j)
{
	struct pollfd p = { .fd = j->finished.fd, .events = POLLIN };
	uint64_t n;

	if (!j->busy)
		return;
	while (read(j->finished.fd, &n, sizeof(n)) != (ssize_t)sizeof(n))
		(void)poll(&p, 1, -1);
	j->busy = false;
}

void
job_close(struct job *j, struct ev *ev)
{
	int saved = errno;

	if (j->finished.cb == NULL)
		return;
	if (ev != NULL)
		ev_del(ev, &j->finished);
	close(j->finished.fd);
	/* this turn may still have an event for it */
	j->finished = (struct ev_io){ .fd = -1 };
	errno = saved;
}

static atomic_uint asides;	/* under way */

struct aside {
	void (*work)(void *arg);
	void *arg;
};

static void *
run_aside(void *arg)
{
	struct aside a = *(struct aside *)arg;

	free(arg);
	be_nice();
	a.work(a.arg);
	asides--;
	return NULL;
}

void
job_aside(void (*work)(void *arg), void *arg)
{
	struct aside *a = malloc(sizeof(*a));

	if (a != NULL) {
		*a = (struct aside){ work, arg };
		asides++;
		if (spawn(run_aside, a) == 0)
			return;
		asides--;
		free(a);
	}
	work(arg);
}

bool
job_aside_busy(void)
{
	return asides > 0;
}
