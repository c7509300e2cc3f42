/* SPDX-License-Identifier: ISC */
/* For tests that need an event loop, a clock to turn, a child process, a directory, or what was logged. */
#ifndef LOOP_HELP_H
#define LOOP_HELP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "addr.h"
#include "ev.h"
#include "sock.h"

#define UNUSED __attribute__((unused))

/* ---- the clock: this definition stands before libc's, so that a test need not wait ---- */

static int64_t skipped_ms, skipped_wall_ms;	/* of the monotonic clock and of the time of day */

int
clock_gettime(clockid_t clock, struct timespec *ts)
{
	int64_t ms = clock == CLOCK_REALTIME ? skipped_wall_ms : skipped_ms;
	int r = (int)syscall(SYS_clock_gettime, clock, ts);

	ts->tv_sec += (time_t)(ms / 1000);
	ts->tv_nsec += (long)(ms % 1000) * 1000000;
	if (ts->tv_nsec >= 1000000000) {
		ts->tv_nsec -= 1000000000;
		ts->tv_sec++;
	}
	return r;
}

UNUSED static void
skip_ms(int64_t ms)
{
	skipped_ms += ms;
	skipped_wall_ms += ms;
}

/* ---- the loop ---- */

#define PATIENCE_MS 5000

static struct ev *loop;
static struct ev_task loop_end;
static struct ev_timer loop_overdue;
static bool (*loop_awaits)(void);
static bool loop_failed;

static void
end_loop(struct ev_task *task)
{
	(void)task;
	ev_stop(loop);
}

static void
fail_loop(struct ev_timer *t)
{
	(void)t;
	loop_failed = true;
	ev_stop(loop);
}

static int
look_whether_done(uint64_t now_ms)
{
	(void)now_ms;
	if (loop_awaits())
		ev_defer(loop, &loop_end);
	return -1;
}

/* Run until condition() holds, looked at between turns. */
UNUSED static void
run_until(bool (*condition)(void))
{
	loop_awaits = condition;
	loop_failed = false;
	loop_end.cb = end_loop;
	loop_overdue.cb = fail_loop;
	ev_refresh(loop);
	ev_timer_in(loop, &loop_overdue, PATIENCE_MS);
	ev_before_wait(loop, look_whether_done);
	assert_int_equal(ev_run(loop), 0);
	ev_before_wait(loop, NULL);
	ev_undefer(loop, &loop_end);
	ev_timer_at(loop, &loop_overdue, 0);
	assert_false(loop_failed);
}

/* One turn that does not wait. */
UNUSED static void
run_turn(void)
{
	loop_end.cb = end_loop;
	ev_defer(loop, &loop_end);
	assert_int_equal(ev_run(loop), 0);
}

UNUSED static int
make_loop(void **state)
{
	(void)state;
	loop = ev_new();
	return loop == NULL ? -1 : 0;
}

UNUSED static int
free_loop(void **state)
{
	(void)state;
	ev_free(loop);
	loop = NULL;
	return 0;
}

#define loop_test(f) cmocka_unit_test_setup_teardown(f, make_loop, free_loop)

/* ---- descriptors ---- */

UNUSED static int
open_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	assert_non_null(dir);
	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n;
}

UNUSED static void
await(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };

	assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
}

UNUSED static struct addr
address(const char *text, unsigned allow)
{
	struct addr a;

	assert_int_equal(addr_parse(slice_str(text), allow, &a), ADDR_OK);
	return a;
}

UNUSED static int
listen_on(const char *text)
{
	struct addr a = address(text, ADDR_LISTEN);
	int fd = -1;

	assert_int_equal(sock_listen(&a, &fd), 0);
	return fd;
}

/* A connected, non-blocking TCP pair on loopback. */
UNUSED static void
tcp_pair(int pair[2])
{
	int lfd = listen_on("127.0.0.1:0");
	struct sockaddr_storage sa;
	socklen_t len = sizeof(sa);
	struct endpoint peer;

	assert_int_equal(getsockname(lfd, (struct sockaddr *)&sa, &len), 0);
	assert_int_not_equal(sock_connect(&sa, len, false, &pair[0]), SOCK_REFUSED);
	await(lfd, POLLIN);
	assert_int_equal(sock_accept(lfd, &pair[1], &peer), SOCK_ACCEPTED);
	await(pair[0], POLLOUT);
	close(lfd);
}

UNUSED static void
unix_pair(int pair[2])
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
}

/* ---- a directory of our own ---- */

static char dir_path[64];

UNUSED static void
make_dir(void)
{
	strcpy(dir_path, "/tmp/tcproute-unit.XXXXXX");
	assert_non_null(mkdtemp(dir_path));
}

/* Its files, one level of subdirectories, and itself. */
UNUSED static void
remove_dir(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", dir_path);
	assert_int_equal(system(command), 0);
}

/* The path of name in it, in one of a few buffers used in turn. */
UNUSED static const char *
in_dir(const char *name)
{
	static char path[8][128];
	static unsigned next;
	char *out = path[next++ % 8];

	snprintf(out, sizeof(path[0]), "%s/%s", dir_path, name);
	return out;
}

UNUSED static void
write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd != -1);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

/* ---- what was written to a descriptor ---- */

static char seen[256 * 1024];

UNUSED static const char *
read_back(int fd)
{
	ssize_t n = pread(fd, seen, sizeof(seen) - 1, 0);

	assert_true(n >= 0);
	seen[n] = '\0';
	return seen;
}

/* Standard error goes to a file in memory from catch_stderr() to caught_stderr(), which returns the text. */
static int stderr_kept = -1, stderr_caught = -1;

UNUSED static void
catch_stderr(void)
{
	stderr_kept = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 10);
	stderr_caught = memfd_create("stderr", MFD_CLOEXEC);
	assert_true(stderr_kept != -1 && stderr_caught != -1);
	assert_int_equal(fcntl(stderr_caught, F_SETFL, O_APPEND), 0);	/* for threads */
	assert_true(dup2(stderr_caught, STDERR_FILENO) == STDERR_FILENO);
}

UNUSED static const char *
caught_stderr(void)
{
	assert_true(dup2(stderr_kept, STDERR_FILENO) == STDERR_FILENO);
	close(stderr_kept);
	read_back(stderr_caught);
	close(stderr_caught);
	return seen;
}

/* ---- a child ---- */

struct outcome {
	int code;		/* exit code, or 1000 + the signal that ended it */
	char out[8192], err[8192];
};

UNUSED static void
read_outcome(int fd, char *text, size_t size)
{
	ssize_t n = pread(fd, text, size - 1, 0);

	text[n < 0 ? 0 : n] = '\0';
	close(fd);
}

/* Run body in a child of its own, with standard output and error caught. It is given up on after some seconds. */
UNUSED static struct outcome
in_child(void (*body)(void))
{
	int out = memfd_create("out", MFD_CLOEXEC), err = memfd_create("err", MFD_CLOEXEC), status;
	struct outcome o;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	assert_true(pid != -1);
	if (pid == 0) {
		dup2(out, STDOUT_FILENO);
		dup2(err, STDERR_FILENO);
		alarm(PATIENCE_MS / 1000);
		body();
		fflush(NULL);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	o.code = WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
	read_outcome(out, o.out, sizeof(o.out));
	read_outcome(err, o.err, sizeof(o.err));
	return o;
}

/* cmocka's assertions are for the parent: this is one for children. */
#define CHILD_CHECK(condition)                                                                                         \
	do {                                                                                                           \
		if (!(condition)) {                                                                                    \
			dprintf(STDERR_FILENO, "%s:%d: %s (errno %d)\n", __FILE__, __LINE__, #condition, errno);       \
			_exit(99);                                                                                     \
		}                                                                                                      \
	} while (0)

#endif
