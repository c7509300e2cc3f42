/* SPDX-License-Identifier: ISC */
/*
 * An event loop, a clock to advance, a child process, a directory, and what was logged: for tests.
 */
#include "loop_help.h"

#include <malloc.h>

/* ---- the clock: this definition replaces libc's, so that a test need not wait ---- */

#ifdef SYS_clock_gettime64	/* where a long has 32 bits */
#define CLOCK_CALL (sizeof(time_t) == 8 ? SYS_clock_gettime64 : SYS_clock_gettime)
#else
#define CLOCK_CALL SYS_clock_gettime
#endif

int64_t skipped_ms, skipped_wall_ms;
void (*before_next_look)(void);

int
clock_gettime(clockid_t clock, struct timespec *ts)
{
	void (*first)(void) = before_next_look;
	int r = (int)syscall(CLOCK_CALL, clock, ts);
	int64_t ms;

	if (first != NULL) {	/* else not touched: there may be threads */
		before_next_look = NULL;
		first();
	}
	ms = clock == CLOCK_REALTIME ? skipped_wall_ms : skipped_ms;
	ts->tv_sec += (time_t)(ms / 1000);
	ts->tv_nsec += (long)(ms % 1000) * 1000000;
	if (ts->tv_nsec >= 1000000000) {
		ts->tv_nsec -= 1000000000;
		ts->tv_sec++;
	}
	return r;
}

void
skip_ms(int64_t ms)
{
	skipped_ms += ms;
	skipped_wall_ms += ms;
}

/* ---- the loop ---- */

struct ev *loop;
struct ev_timer loop_overdue;
static struct ev_task loop_end;
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

void
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

void
run_turn(void)
{
	loop_end.cb = end_loop;
	ev_defer(loop, &loop_end);
	assert_int_equal(ev_run(loop), 0);
}

void
run_due(void)
{
	run_turn();
	run_turn();
}

int
make_loop(void **state)
{
	(void)state;
	loop_end.queued = false;	/* the previous test may have failed within a turn */
	loop = ev_new();
	return loop == NULL ? -1 : 0;
}

int
free_loop(void **state)
{
	(void)state;
	ev_free(loop);
	loop = NULL;
	return 0;
}

/* ---- descriptors ---- */

int
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

void
await(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };

	assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
}

struct addr
address(const char *text, unsigned allow)
{
	struct addr a;

	assert_int_equal(addr_parse(slice_str(text), allow, &a), ADDR_OK);
	return a;
}

int
listen_on(const char *text)
{
	struct addr a = address(text, ADDR_LISTEN);
	int fd = -1;

	assert_int_equal(sock_listen(&a, &fd), 0);
	return fd;
}

void
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

void
unix_pair(int pair[2])
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
	    pair), 0);
}

/* ---- memory ---- */

void
expect_bounded_memory(void (*happens)(int i), int n)
{
	size_t first;

	if (mallinfo2().uordblks == 0)
		skip();
	for (int i = 0; i < n; i++)
		happens(i);
	first = mallinfo2().uordblks;
	for (int i = n; i < 2 * n; i++)
		happens(i);
	assert_in_range(mallinfo2().uordblks, 0, first + first / 4);
}

/* ---- a directory of our own ---- */

char dir_path[64];

void
make_dir(void)
{
	strcpy(dir_path, "/tmp/tcproute-unit.XXXXXX");
	assert_non_null(mkdtemp(dir_path));
}

void
remove_dir(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", dir_path);
	assert_int_equal(system(command), 0);
}

const char *
in_dir(const char *name)
{
	static char path[8][128];
	static unsigned next;
	char *out = path[next++ % 8];

	snprintf(out, sizeof(path[0]), "%s/%s", dir_path, name);
	return out;
}

void
write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd != -1);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

/* ---- what was written to a descriptor ---- */

static char seen[256 * 1024];

const char *
read_back(int fd)
{
	ssize_t n = pread(fd, seen, sizeof(seen) - 1, 0);

	assert_true(n >= 0);
	seen[n] = '\0';
	return seen;
}

static int stderr_kept = -1;
int stderr_caught = -1;

void
catch_stderr(void)
{
	stderr_kept = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 10);
	stderr_caught = memfd_create("stderr", MFD_CLOEXEC);
	assert_true(stderr_kept != -1 && stderr_caught != -1);
	assert_int_equal(fcntl(stderr_caught, F_SETFL, O_APPEND), 0);	/* for threads */
	assert_true(dup2(stderr_caught, STDERR_FILENO) == STDERR_FILENO);
}

const char *
caught_stderr(void)
{
	assert_true(dup2(stderr_kept, STDERR_FILENO) == STDERR_FILENO);
	close(stderr_kept);
	read_back(stderr_caught);
	close(stderr_caught);
	return seen;
}

/* ---- a child ---- */

static void
read_outcome(int fd, char *text, size_t size)
{
	ssize_t n = pread(fd, text, size - 1, 0);

	text[n < 0 ? 0 : n] = '\0';
	close(fd);
}

struct outcome
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

void
expect_well(void (*body)(void))
{
	struct outcome o = in_child(body);

	assert_string_equal(o.err, "");
	assert_int_equal(o.code, 0);
}
