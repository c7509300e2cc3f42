/* SPDX-License-Identifier: ISC */
/* A program per stream: started with a socket on descriptors 0 and 1, reaped when it ends. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host.h"
#include "log.h"
#include "tunnelc.h"
#include "ucspi.h"

#define INHERITED_MAX 1024	/* inherited descriptors are below, without close_range(2) */

static pid_t running[PROGRAMS_MAX];
static size_t n_running;

/*
 * What is known of a visitor comes from the server; only a checked name gets into the environment.
 */
static int
set_environment(const struct proxyhdr *h)
{
	static const char *const ours[] = { "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES",
		"NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC" };
	char name[HOST_MAX + 1];

	for (size_t i = 0; i < sizeof(ours) / sizeof(*ours); i++)
		if (ucspi_set(ours[i], NULL) == -1)
			return -1;
	return ucspi_setenv(&h->src, &h->dst, host_normalize(h->authority, name) > 0 ? name : NULL);
}

/*
 * Keep descriptors 0, 1 and 2, and report until exec; close the rest. Those we opened would close
 * by themselves, but not those we inherited.
 */
static int
keep_standard(int fd, int *report)
{
	if (dup2(fd, STDIN_FILENO) == -1 || dup2(fd, STDOUT_FILENO) == -1)
		return -1;
	if (*report != STDERR_FILENO + 1 && dup3(*report, STDERR_FILENO + 1, O_CLOEXEC) == -1)
		return -1;
	*report = STDERR_FILENO + 1;
	/* A kernel or sandbox may not know it. */
	if (syscall(SYS_close_range, STDERR_FILENO + 2, ~0u, 0) == -1)
		for (fd = STDERR_FILENO + 2; fd < INHERITED_MAX; fd++)
			close(fd);
	return 0;
}

/* Undo what a program does not expect: raised limits, ignored and blocked signals. */
static void
reset_process(void)
{
	if (the->descriptors.rlim_max != 0)
		(void)setrlimit(RLIMIT_NOFILE, &the->descriptors);
	for (int signo = 1; signo < NSIG; signo++)
		(void)signal(signo, SIG_DFL);
	ev_signal_reset();
}

/* The child: only a report of what went wrong comes back. */
static _Noreturn void
run(const struct proxyhdr *h, int fd, int report)
{
	char *const *argv = the->opts->program;
	int error;

	if (set_environment(h) == 0 && keep_standard(fd, &report) == 0) {
		reset_process();
		execvp(argv[0], argv);
	}
	error = errno;
	(void)!write(report, &error, sizeof(error));
	_exit(EXIT_TEMP);
}

/* Until the program runs: 0, or why it does not. */
static int
await_exec(int report)
{
	int error = 0;
	ssize_t n;

	do
		n = read(report, &error, sizeof(error));
	while (n == -1 && errno == EINTR);
	return n == (ssize_t)sizeof(error) ? error : 0;
}

/*
 * The report's other end is closed by exec. Waiting for that takes about as long as vfork(2) would.
 */
static int
start(const struct proxyhdr *h, int fd)
{
	int report[2], error;
	pid_t pid;

	if (pipe2(report, O_CLOEXEC) == -1)
		return -1;
	pid = fork();
	if (pid == 0)
		run(h, fd, report[1]);
	error = pid == -1 ? errno : 0;
	close(report[1]);
	if (pid != -1)
		error = await_exec(report[0]);
	close(report[0]);
	if (error == 0)
		running[n_running++] = pid;
	else if (pid != -1)
		waitpid(pid, NULL, 0);
	errno = error;
	return error == 0 ? 0 : -1;
}

int
program_start(const struct proxyhdr *h, int *fd)
{
	int pair[2], saved;

	*fd = -1;
	errno = EUSERS;
	if (n_running == PROGRAMS_MAX)
		return -1;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == -1)
		return -1;
	if (fcntl(pair[0], F_SETFL, O_NONBLOCK) == 0 && start(h, pair[1]) == 0) {
		close(pair[1]);
		*fd = pair[0];
		return 0;
	}
	saved = errno;
	close(pair[0]);
	close(pair[1]);
	errno = saved;
	return -1;
}

enum conn_end
program_failed(uint64_t conn)
{
	int error = errno;

	log_error("conn=%" PRIu64 " program %s: %s", conn, the->opts->program[0], strerror(error));
	switch (error) {
	case EMFILE:
	case ENFILE:
	case ENOMEM:
	case ENOBUFS:
	case EAGAIN:		/* of fork(2): no more processes */
	case EUSERS:
		return END_LIMIT;
	default:
		return END_UNREACHABLE;
	}
}

static void
forget(pid_t pid)
{
	for (size_t i = 0; i < n_running; i++)
		if (running[i] == pid)
			running[i] = running[--n_running];
}

/* Children that are not ours were inherited as PID 1. */
void
program_reap(void)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		forget(pid);
		log_debug("pid=%d %s=%d", (int)pid, WIFSIGNALED(status) ? "signal" : "exit",
		    WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	}
}
