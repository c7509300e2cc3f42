/* SPDX-License-Identifier: ISC */
/* Work in a thread. */
#include "job.h"

#include <errno.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#define STACK_BYTES (256u * 1024u)
#define NICENESS 10		/* the loop may share the CPU with us, and shall not wait for our time slice to end */

static void *
run(void *arg)
{
	struct job *j = arg;
	uint64_t one = 1;

	(void)setpriority(PRIO_PROCESS, 0, NICENESS);	/* of this thread alone, on Linux */
	j->work(j);
	while (write(j->finished.fd, &one, sizeof(one)) == -1 && errno == EINTR)
		;
	return NULL;
}

/* Once it has written to the eventfd a thread is as good as gone. */
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
	pthread_attr_t attr;
	int error = pthread_attr_init(&attr);

	if (error == 0) {
		pthread_attr_setstacksize(&attr, STACK_BYTES);
		error = pthread_create(&j->thread, &attr, run, j);
		pthread_attr_destroy(&attr);
	}
	j->busy = error == 0;
	errno = error;
	return j->busy ? 0 : -1;
}

void
job_wait(struct job *j)
{
	uint64_t n;

	if (!j->busy)
		return;
	pthread_join(j->thread, NULL);
	j->busy = false;
	if (read(j->finished.fd, &n, sizeof(n)) == -1)
		return;		/* it could not write: nothing to take away */
}

void
job_close(struct job *j, struct ev *ev)
{
	int saved = errno;

	if (j->finished.cb == NULL)
		return;
	ev_del(ev, &j->finished);
	close(j->finished.fd);
	j->finished = (struct ev_io){ .fd = -1 };	/* this turn may have an event for it yet */
	errno = saved;
}
