/* SPDX-License-Identifier: ISC */
/* Tests of tunnelc/program.c: programs that run, that do not, and that are too many. */
#include "../../tunnelc/tunnelc.h"
#include "loop_help.h"

static struct options options;
static struct tunnelc tunnelc = { .opts = &options };
struct tunnelc *the = &tunnelc;

static const struct proxyhdr nobody = { .src.family = AF_UNSPEC, .dst.family = AF_UNSPEC };

static int
start(const char *program, const char *arg, int *fd)
{
	static char *argv[3];

	argv[0] = (char *)(uintptr_t)program;
	argv[1] = (char *)(uintptr_t)arg;
	options.program = argv;
	return program_start(&nobody, fd);
}

/* Whether we have no child, living or dead. */
static bool
is_childless(void)
{
	siginfo_t info;

	return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == -1 && errno == ECHILD;
}

static void
bury(void)
{
	while (!is_childless())
		program_reap();
}

static void
a_program_talks_over_one_socket(void **state)
{
	char got[8];
	int fd, before = open_fds();

	(void)state;
	assert_int_equal(start("cat", NULL, &fd), 0);
	assert_int_equal(fcntl(fd, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(open_fds(), before + 1);
	assert_int_equal(write(fd, "hello", 5), 5);
	await(fd, POLLIN);
	assert_int_equal(read(fd, got, sizeof(got)), 5);
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	await(fd, POLLIN);
	assert_int_equal(read(fd, got, sizeof(got)), 0);
	close(fd);
	bury();
}

static void
what_cannot_be_started_is_told_at_once(void **state)
{
	int fd, before = open_fds();

	(void)state;
	assert_int_equal(start("/nowhere/at/all", NULL, &fd), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(program_failed(1), END_UNREACHABLE);
	assert_int_equal(fd, -1);
	assert_int_equal(start("no-such-program-in-any-path", NULL, &fd), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(start("/dev/null", NULL, &fd), -1);
	assert_int_equal(errno, EACCES);
	assert_int_equal(open_fds(), before);
	assert_true(is_childless());
}

/* They have ended, but are not buried: dead ones count, too. */
static void
there_are_only_so_many_at_once(void **state)
{
	int fd, before = open_fds();

	(void)state;
	for (size_t i = 0; i < PROGRAMS_MAX; i++) {
		assert_int_equal(start("true", NULL, &fd), 0);
		close(fd);
	}
	assert_int_equal(start("true", NULL, &fd), -1);
	assert_int_equal(errno, EUSERS);
	assert_int_equal(program_failed(1), END_LIMIT);
	assert_int_equal(fd, -1);
	bury();
	assert_int_equal(start("true", NULL, &fd), 0);
	close(fd);
	assert_int_equal(open_fds(), before);
	bury();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_program_talks_over_one_socket),
		cmocka_unit_test(what_cannot_be_started_is_told_at_once),
		cmocka_unit_test(there_are_only_so_many_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
