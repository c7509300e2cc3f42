/* SPDX-License-Identifier: ISC */
/* Tests of lib/scrape.c: the page over HTTP, and clients that are slow, rude, many, or gone. */
#include <signal.h>
#include <sys/resource.h>

#include "loop_help.h"
#include "scrape.h"
#include "scrape_door.h"

static const struct metric table[] = {
	{ "t_open", NULL, "Open now.", METRIC_GAUGE },
	{ "t_ended_total", "end=\"closed\"", "Ended, by how.", METRIC_COUNTER },
};

static const char page[] =
    "# HELP t_open Open now.\n# TYPE t_open gauge\nt_open 3\n"
    "# HELP t_ended_total Ended, by how.\n# TYPE t_ended_total counter\n"
    "t_ended_total{end=\"closed\"} 0\n";

static struct metrics *metrics;
static int lfd;

static int
setup(void **state)
{
	make_loop(state);
	metrics = metrics_new(table, 2, 1);
	metrics_set(metrics, 0, 0, 3);
	lfd = listen_on("127.0.0.1:0");
	scrape_start(loop, metrics, lfd);
	return 0;
}

static int
teardown(void **state)
{
	skip_ms(6000);		/* the deadline of whoever is left */
	run_turn();
	close(lfd);
	return free_loop(state);
}

#define scrape_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

static int
visit(void)
{
	struct sockaddr_storage sa;
	socklen_t len = sizeof(sa);
	int fd;

	assert_int_equal(getsockname(lfd, (struct sockaddr *)&sa, &len), 0);
	assert_int_not_equal(sock_connect(&sa, len, false, &fd), SOCK_REFUSED);
	await(fd, POLLOUT);
	return fd;
}

static void
say(int fd, const char *text)
{
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

/* Turns until fd has ended, or n of them; what was read of it. */
static char got[8192];

static bool
ends_within(int fd, int turns)
{
	size_t len = 0;
	ssize_t n = -1;

	while (turns-- > 0 && n != 0) {
		run_turn();
		n = read(fd, got + len, sizeof(got) - 1 - len);
		if (n == -1 && errno != EAGAIN)
			break;
		len += n > 0 ? (size_t)n : 0;
	}
	got[len] = '\0';
	return n == 0 || (n == -1 && errno != EAGAIN);
}

static void
expect_page(int fd)
{
	const char *body;
	size_t length;

	assert_true(ends_within(fd, 10000));
	assert_ptr_equal(strstr(got, "HTTP/1.1 200 OK\r\n"), got);
	assert_int_equal(sscanf(strstr(got, "\r\nContent-Length: "), "\r\nContent-Length: %zu\r\n",
	    &length), 1);
	assert_non_null(strstr(got, "\r\nContent-Type: text/plain; version=0.0.4"));
	body = strstr(got, "\r\n\r\n") + 4;
	assert_int_equal(strlen(body), length);
	assert_string_equal(body, page);
}

static void
the_page_is_answered_and_the_connection_closed(void **state)
{
	int fd = visit(), before = open_fds();

	(void)state;
	say(fd, "GET /metrics HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\r\n");
	expect_page(fd);
	close(fd);
	for (int i = 0; i < 1000 && open_fds() >= before; i++)
		run_turn();
	assert_int_equal(open_fds(), before - 1);
}

static void
a_query_bare_newlines_and_an_early_end_are_fine(void **state)
{
	static const char *const request[] = { "GET /metrics?name=x HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET /metrics HTTP/1.0\n\n" };

	(void)state;
	for (int early = 0; early < 2; early++) {
		for (size_t i = 0; i < 2; i++) {
			int fd = visit();

			say(fd, request[i]);
			if (early)
				shutdown(fd, SHUT_WR);
			expect_page(fd);
			close(fd);
		}
	}
}

/* RFC 9112 3.2.2 */
static void
a_request_may_name_the_whole_address(void **state)
{
	static const char *const line[] = { "GET http://x/metrics HTTP/1.1",
		"GET HTTP://[::1]:9100/metrics?a=/b HTTP/1.1" };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		int fd = visit();

		say(fd, line[i]);
		say(fd, "\r\nHost: x\r\n\r\n");
		expect_page(fd);
		close(fd);
	}
}

static void
a_request_may_come_byte_by_byte(void **state)
{
	static const char request[] = "GET /metrics HTTP/1.1\r\n\r\n";
	int fd = visit();

	(void)state;
	for (size_t i = 0; i + 1 < sizeof(request); i++) {
		assert_int_equal(write(fd, request + i, 1), 1);
		run_turn();
	}
	expect_page(fd);
	close(fd);
}

static void
anything_else_is_not_found(void **state)
{
	static const char *const line[] = { "GET / HTTP/1.1", "GET /metricsx HTTP/1.1",
		"GET /metrics", "POST / HTTP/1.1", "GET  /metrics HTTP/1.1",
		"GET http://x HTTP/1.1", "GET http:///x/metrics HTTP/1.1",
		"GET https://x/metrics HTTP/1.1", "GET x/metrics HTTP/1.1", "", "\x16\x03\x01" };

	(void)state;
	for (size_t i = 0; i < sizeof(line) / sizeof(line[0]); i++) {
		int fd = visit();

		say(fd, line[i]);
		say(fd, "\r\n\r\n");
		assert_true(ends_within(fd, 10000));
		assert_ptr_equal(strstr(got, "HTTP/1.1 404 Not Found\r\n"), got);
		assert_int_equal(strlen(strstr(got, "\r\n\r\n") + 4), 24);
		close(fd);
	}
}

static void
head_gets_the_head_alone(void **state)
{
	int fd = visit();

	(void)state;
	say(fd, "HEAD /metrics HTTP/1.1\r\n\r\n");
	assert_true(ends_within(fd, 10000));
	assert_ptr_equal(strstr(got, "HTTP/1.1 200 OK\r\n"), got);
	assert_string_equal(strstr(got, "\r\n\r\n"), "\r\n\r\n");
	close(fd);
}

static void
head_of_another_page_gets_its_head_alone(void **state)
{
	int fd = visit();

	(void)state;
	say(fd, "HEAD / HTTP/1.1\r\n\r\n");
	assert_true(ends_within(fd, 10000));
	assert_ptr_equal(strstr(got, "HTTP/1.1 404 Not Found\r\n"), got);
	assert_non_null(strstr(got, "\r\nContent-Length: 24\r\n"));
	assert_string_equal(strstr(got, "\r\n\r\n"), "\r\n\r\n");
	close(fd);
}

static void
other_methods_are_told_which_there_are(void **state)
{
	static const char *const method[] = { "POST", "OPTIONS", "get" };

	(void)state;
	for (size_t i = 0; i < sizeof(method) / sizeof(method[0]); i++) {
		int fd = visit();

		say(fd, method[i]);
		say(fd, " /metrics HTTP/1.1\r\nContent-Length: 0\r\n\r\n");
		assert_true(ends_within(fd, 10000));
		assert_ptr_equal(strstr(got, "HTTP/1.1 405 Method Not Allowed\r\n"), got);
		assert_non_null(strstr(got, "\r\nAllow: GET, HEAD\r\n"));
		close(fd);
	}
}

static void
a_request_that_is_too_long_is_closed(void **state)
{
	static char junk[5000];
	int fd = visit();

	(void)state;
	memset(junk, 'x', sizeof(junk));
	assert_int_equal(write(fd, junk, sizeof(junk)), sizeof(junk));
	assert_true(ends_within(fd, 10000));
	assert_string_equal(got, "");
	close(fd);
}

static void
a_silent_client_is_closed_at_the_deadline(void **state)
{
	int fd = visit();

	(void)state;
	say(fd, "GET /metr");
	assert_false(ends_within(fd, 20));
	skip_ms(4900);
	assert_false(ends_within(fd, 20));
	skip_ms(200);
	assert_true(ends_within(fd, 20));
	assert_string_equal(got, "");
	close(fd);
}

static void
a_client_that_does_not_close_is_closed_at_the_deadline(void **state)
{
	int fd = visit(), before = open_fds();

	(void)state;
	say(fd, "GET /metrics HTTP/1.1\r\n\r\n");
	expect_page(fd);
	assert_int_equal(open_fds(), before + 1);
	skip_ms(5100);
	run_due();
	assert_int_equal(open_fds(), before);
	close(fd);
}

static void
a_client_that_hangs_up_is_forgotten(void **state)
{
	int before = open_fds(), fd = visit();

	(void)state;
	say(fd, "GET /met");
	for (int i = 0; i < 5; i++)
		run_turn();
	sock_close(fd, true);
	fd = visit();
	for (int i = 0; i < 5; i++)
		run_turn();
	close(fd);
	for (int i = 0; i < 1000 && open_fds() > before; i++)
		run_turn();
	assert_int_equal(open_fds(), before);
}

static void
of_many_clients_a_few_are_served_at_once_and_the_others_in_turn(void **state)
{
	enum { CLIENTS = 40, AT_ONCE = 16 };
	int fd[CLIENTS], before = open_fds();

	(void)state;
	for (int i = 0; i < CLIENTS; i++)
		fd[i] = visit();
	for (int i = 0; i < 100; i++)
		run_turn();
	assert_int_equal(open_fds(), before + CLIENTS + AT_ONCE);
	for (int i = 0; i < CLIENTS; i++) {
		say(fd[i], "GET /metrics HTTP/1.1\r\n\r\n");
		expect_page(fd[i]);
		close(fd[i]);
	}
}

/* ---- turns of the loop while time passes ---- */

static int turns;
static struct ev_timer timer;

static int
count_turn(uint64_t now_ms)
{
	(void)now_ms;
	turns++;
	return -1;
}

static void
stop_loop(struct ev_timer *t)
{
	(void)t;
	ev_stop(loop);
}

static int
turns_in_ms(uint64_t ms)
{
	turns = 0;
	timer = (struct ev_timer){ .cb = stop_loop };
	ev_before_wait(loop, count_turn);
	ev_refresh(loop);
	ev_timer_in(loop, &timer, ms);
	assert_int_equal(ev_run(loop), 0);
	ev_before_wait(loop, NULL);
	return turns;
}

static void
without_descriptors_it_waits_and_does_not_spin(void **state)
{
	struct rlimit old, tight;
	int fd = visit(), hole = dup(fd), n;

	(void)state;
	close(hole);
	say(fd, "GET /metrics HTTP/1.1\r\n\r\n");
	getrlimit(RLIMIT_NOFILE, &old);
	tight = old;
	tight.rlim_cur = (rlim_t)hole;
	setrlimit(RLIMIT_NOFILE, &tight);
	n = turns_in_ms(50);
	setrlimit(RLIMIT_NOFILE, &old);
	assert_in_range(n, 1, 20);
	skip_ms(1000);
	expect_page(fd);
	close(fd);
}

/* As a worker started while somebody scrapes does. */
static void
a_client_whose_descriptor_another_process_holds_is_forgotten_too(void **state)
{
	int fd = visit(), held, pipefd[2];
	pid_t pid;

	(void)state;
	for (int i = 0; i < 5; i++)
		run_turn();
	assert_int_equal(pipe2(pipefd, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid != -1);
	if (pid == 0) {		/* what it holds is our end */
		close(fd);
		close(pipefd[1]);
		_exit(read(pipefd[0], &held, 1) == 0 ? 0 : 1);	/* until the parent lets go */
	}
	close(pipefd[0]);
	say(fd, "GET /metrics HTTP/1.1\r\n\r\n");
	expect_page(fd);
	say(fd, "more");
	close(fd);
	for (int i = 0; i < 20; i++)
		run_turn();
	assert_in_range(turns_in_ms(50), 1, 20);
	fd = visit();
	say(fd, "GET /metrics HTTP/1.1\r\n\r\n");
	expect_page(fd);
	close(fd);
	close(pipefd[1]);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void
without_an_address_there_is_nothing_to_do(void **state)
{
	struct scrape_door door = { 0 };

	(void)state;
	assert_int_equal(scrape_door_bind(&door, NULL), 0);
	scrape_door_serve(&door, loop, metrics);
	assert_null(door.listeners.first);
	assert_int_equal(door.retry.due_ms, 0);
	scrape_door_give_up(&door);
}

static void
an_address_in_use_is_tried_again_until_it_is_given_up(void **state)
{
	struct scrape_door door = { 0 };
	char name[SOCK_NAME_MAX];

	(void)state;
	assert_int_equal(scrape_door_bind(&door, sock_name(lfd, name)), 0);
	scrape_door_serve(&door, loop, metrics);
	assert_true(door.retry.due_ms > ev_now_ms(loop));
	scrape_door_give_up(&door);
	assert_int_equal(door.retry.due_ms, 0);
	assert_null(door.listeners.first);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		scrape_test(the_page_is_answered_and_the_connection_closed),
		scrape_test(a_query_bare_newlines_and_an_early_end_are_fine),
		scrape_test(a_request_may_name_the_whole_address),
		scrape_test(a_request_may_come_byte_by_byte),
		scrape_test(anything_else_is_not_found),
		scrape_test(head_gets_the_head_alone),
		scrape_test(head_of_another_page_gets_its_head_alone),
		scrape_test(other_methods_are_told_which_there_are),
		scrape_test(a_request_that_is_too_long_is_closed),
		scrape_test(a_silent_client_is_closed_at_the_deadline),
		scrape_test(a_client_that_does_not_close_is_closed_at_the_deadline),
		scrape_test(a_client_that_hangs_up_is_forgotten),
		scrape_test(of_many_clients_a_few_are_served_at_once_and_the_others_in_turn),
		scrape_test(without_descriptors_it_waits_and_does_not_spin),
		scrape_test(a_client_whose_descriptor_another_process_holds_is_forgotten_too),
		loop_test(without_an_address_there_is_nothing_to_do),
		scrape_test(an_address_in_use_is_tried_again_until_it_is_given_up),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
