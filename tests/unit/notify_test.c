/* SPDX-License-Identifier: ISC */
/* Tests of lib/notify.c: the readiness line, and what systemd is told. */
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <sys/un.h>

#include "loop_help.h"
#include "notify.h"

/*
 * A datagram socket at path, or (with '@' in front) of that abstract name; NOTIFY_SOCKET names it.
 */
static int
supervisor_at(const char *path)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	memcpy(un.sun_path, path, strlen(path));
	if (path[0] == '@')
		un.sun_path[0] = '\0';
	assert_int_equal(bind(fd, (struct sockaddr *)&un,
	    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path))), 0);
	setenv("NOTIFY_SOCKET", path, 1);
	return fd;
}

static const char *
heard(int fd)
{
	static char text[256];
	ssize_t n = recv(fd, text, sizeof(text) - 1, 0);

	text[n < 0 ? 0 : n] = '\0';
	return n < 0 ? NULL : text;
}

static void
readiness_is_one_line_and_a_closed_descriptor(void **state)
{
	char text[64];
	int pipefd[2];

	(void)state;
	assert_int_equal(pipe(pipefd), 0);
	assert_int_equal(notify_ready_fd(pipefd[1], "127.0.0.1:80 [::]:443"), 0);
	assert_int_equal(fcntl(pipefd[1], F_GETFD), -1);
	assert_int_equal(read(pipefd[0], text, sizeof(text)), 22);
	assert_memory_equal(text, "127.0.0.1:80 [::]:443\n", 22);
	assert_int_equal(read(pipefd[0], text, sizeof(text)), 0);
	close(pipefd[0]);
	assert_int_equal(pipe(pipefd), 0);
	assert_int_equal(notify_ready_fd(pipefd[1], ""), 0);
	assert_int_equal(read(pipefd[0], text, sizeof(text)), 1);
	close(pipefd[0]);
}

static void
tell_standard_descriptors(void)
{
	CHILD_CHECK(notify_ready_fd(STDERR_FILENO, "ready") == 0);
	CHILD_CHECK(notify_ready_fd(STDOUT_FILENO, "ready") == 0);
	CHILD_CHECK(open("/dev/null", O_RDONLY) > STDERR_FILENO);
}

/*
 * Closed, its number would be that of the next client, who would read the log, or what is printed.
 */
static void
standard_descriptors_stay_open(void **state)
{
	struct outcome o = in_child(tell_standard_descriptors);

	(void)state;
	assert_int_equal(o.code, 0);
	assert_string_equal(o.err, "ready\n");
}

static void
readiness_nobody_can_be_told_is_an_error(void **state)
{
	int pipefd[2];

	(void)state;
	assert_int_equal(pipe(pipefd), 0);
	close(pipefd[0]);
	assert_int_equal(notify_ready_fd(pipefd[1], "x"), -1);
	assert_int_equal(errno, EPIPE);
	close(pipefd[1]);
	assert_int_equal(notify_ready_fd(INT_MAX, "x"), -1);
	assert_int_equal(errno, EBADF);
	assert_int_equal(notify_ready_fd(NOTIFY_NO_FD, "x"), 0);
}

static void
systemd_is_told_by_path_and_by_abstract_name(void **state)
{
	char name[64];
	int fd;

	(void)state;
	make_dir();
	fd = supervisor_at(in_dir("notify"));
	notify_systemd("READY=1");
	assert_string_equal(heard(fd), "READY=1");
	notify_systemd("STOPPING=1");
	assert_string_equal(heard(fd), "STOPPING=1");
	close(fd);
	remove_dir();
	snprintf(name, sizeof(name), "@tcproute-notify-%d", (int)getpid());
	fd = supervisor_at(name);
	notify_systemd("READY=1");
	assert_string_equal(heard(fd), "READY=1");
	close(fd);
}

static void
a_reload_carries_the_time(void **state)
{
	struct timespec now;
	long long usec;
	char name[64];
	const char *text;
	int fd;

	(void)state;
	snprintf(name, sizeof(name), "@tcproute-notify-%d", (int)getpid());
	fd = supervisor_at(name);
	notify_systemd_reloading();
	text = heard(fd);
	assert_int_equal(sscanf(text, "RELOADING=1\nMONOTONIC_USEC=%lld", &usec), 1);
	clock_gettime(CLOCK_MONOTONIC, &now);
	assert_in_range((long long)now.tv_sec * 1000000 + now.tv_nsec / 1000 - usec, 0, 1000000);
	close(fd);
}

static void
without_a_supervisor_nothing_happens(void **state)
{
	static const char *const no[] = { "", "/", "@", "relative", "vsock:2:1234",
		"/nowhere/notify" };
	char longer[200];
	int before = open_fds();

	(void)state;
	unsetenv("NOTIFY_SOCKET");
	notify_systemd("READY=1");
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++) {
		setenv("NOTIFY_SOCKET", no[i], 1);
		notify_systemd("READY=1");
	}
	memset(longer, 'x', sizeof(longer) - 1);
	longer[0] = '/';
	longer[sizeof(longer) - 1] = '\0';
	setenv("NOTIFY_SOCKET", longer, 1);
	notify_systemd("READY=1");
	assert_int_equal(open_fds(), before);
}

/* Others filled it; it reads them late, then what comes from us: NULL when nothing does. */
static void *
read_late(void *arg)
{
	struct pollfd p = { .fd = *(int *)arg, .events = POLLIN };
	const char *text = NULL;

	usleep(50000);
	while (poll(&p, 1, 1000) == 1 && (text = heard(p.fd)) != NULL)
		if (strcmp(text, "STATUS=other") != 0)
			return (void *)(uintptr_t)text;
	return NULL;
}

static void
a_full_queue_is_waited_for(void **state)
{
	int fd, other = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	struct sockaddr_un un;
	socklen_t len = sizeof(un);
	pthread_t reader;
	char name[64];
	void *text;

	(void)state;
	snprintf(name, sizeof(name), "@tcproute-notify-%d", (int)getpid());
	fd = supervisor_at(name);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&un, &len), 0);
	while (sendto(other, "STATUS=other", 12, 0, (struct sockaddr *)&un, len) != -1)
		;
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(pthread_create(&reader, NULL, read_late, &fd), 0);
	notify_systemd("READY=1");
	assert_int_equal(pthread_join(reader, &text), 0);
	assert_non_null(text);
	assert_string_equal(text, "READY=1");
	close(other);
	close(fd);
}

static void
a_supervisor_that_does_not_read_never_blocks_us(void **state)
{
	char name[64];
	int fd;

	(void)state;
	snprintf(name, sizeof(name), "@tcproute-notify-%d", (int)getpid());
	fd = supervisor_at(name);
	alarm(PATIENCE_MS / 1000);
	for (int i = 0; i < 2000; i++)
		notify_systemd("READY=1");
	alarm(0);
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(readiness_is_one_line_and_a_closed_descriptor),
		cmocka_unit_test(standard_descriptors_stay_open),
		cmocka_unit_test(readiness_nobody_can_be_told_is_an_error),
		cmocka_unit_test(systemd_is_told_by_path_and_by_abstract_name),
		cmocka_unit_test(a_reload_carries_the_time),
		cmocka_unit_test(without_a_supervisor_nothing_happens),
		cmocka_unit_test(a_full_queue_is_waited_for),
		cmocka_unit_test(a_supervisor_that_does_not_read_never_blocks_us),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
