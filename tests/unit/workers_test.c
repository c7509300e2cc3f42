/* SPDX-License-Identifier: ISC */
/*
 * Tests of lib/workers.c, lib/follow.c and of accepting in lib/serve.c: the kernel says no for a
 * while, and what was asked is done later.
 */
#include <sys/epoll.h>

#include "log.h"
#include "loop_help.h"
#include "serve_private.h"

static const struct metric table[M_SERVE_COUNT] = { SERVE_METRICS("test"),
	SERVE_ROUTES_METRICS("test") };

static char address_text[128], routes_path[128];
static char *listen_item[] = { address_text }, *routes_item[] = { routes_path };
static struct serve_conf conf;

/* ---- the kernel: these definitions stand before libc's ---- */

static int watches_refused, passes_refused;	/* how many are to be, yet */
static pid_t passer;				/* who hands descriptors over */

int
epoll_ctl(int epfd, int op, int fd, struct epoll_event *e)
{
	if (op == EPOLL_CTL_ADD && watches_refused > 0 && sock_is_listening(fd)) {
		watches_refused--;
		errno = ENOMEM;
		return -1;
	}
	return (int)syscall(SYS_epoll_ctl, epfd, op, fd, e);
}

ssize_t
sendmsg(int fd, const struct msghdr *msg, int flags)
{
	if (msg->msg_controllen > 0 && getpid() == passer && passes_refused > 0) {
		passes_refused--;
		errno = ETOOMANYREFS;
		return -1;
	}
	return (ssize_t)syscall(SYS_sendmsg, fd, msg, flags);
}

/* ---- what is served ---- */

static int told[2];		/* a pipe: what the serving processes say, a byte each time */

static void
tell(char word)
{
	CHILD_CHECK(write(told[1], &word, 1) == 1);
}

static int
set_up(void **state)
{
	(void)state;
	make_dir();
	snprintf(address_text, sizeof(address_text), "unix:%s", in_dir("socket"));
	snprintf(routes_path, sizeof(routes_path), "%s", in_dir("routes"));
	write_file(routes_path, "a.example tls=127.0.0.1:1\n");
	conf = (struct serve_conf){ SERVE_CONF_DEFAULTS, .listen = { listen_item, 1 },
	    .routes = { routes_item, 1 } };
	log_init("test", LOG_LEVEL_INFO, false);
	return pipe2(told, O_CLOEXEC);
}

static int
tear_down(void **state)
{
	(void)state;
	close(told[0]);
	close(told[1]);
	remove_dir();
	return 0;
}

#define serve_test(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

/* ---- a listener that cannot be watched ---- */

static int
visit_at_once(struct serve *s)
{
	struct addr a = address(address_text, 0);
	struct sockaddr_storage sa;
	socklen_t len = addr_sockaddr(&a, &sa);
	int fd;

	(void)s;
	return sock_connect(&sa, len, false, &fd) == SOCK_CONNECTED ? 0 : -1;
}

static void
take_one(struct serve *s, const struct serve_client *client)
{
	serve_turn_away(s, client);
	serve_quit(s);
}

static void
serve_one_visitor(void)
{
	static const struct serve_ops ops = { .start = visit_at_once, .accept = take_one };

	watches_refused = 3;
	CHILD_CHECK(serve_main(&conf, &ops, NULL, table, M_SERVE_COUNT) == 0);
	CHILD_CHECK(watches_refused == 0);
}

static void
a_listener_that_cannot_be_watched_is_tried_again_and_logged_once(void **state)
{
	struct outcome o = in_child(serve_one_visitor);
	const char *line = strstr(o.err, "cannot be watched: Cannot allocate memory");

	(void)state;
	assert_int_equal(o.code, 0);
	assert_non_null(line);
	assert_null(strstr(line + 1, "cannot be watched"));
}

/* ---- orders that cannot be sent ---- */

static int
tell_start(struct serve *s)
{
	(void)s;
	tell('s');
	return 0;
}

static void
tell_change(struct serve *s)
{
	CHILD_CHECK(routeset_lines(s->routes) == 2);
	tell('c');
}

/* Whether both workers say word within a while. */
static bool
both_say(char word)
{
	struct pollfd p = { .fd = told[0], .events = POLLIN };
	char said;

	for (int i = 0; i < 2; i++)
		if (poll(&p, 1, 3000) != 1 || read(told[0], &said, 1) != 1 || said != word)
			return false;
	return true;
}

/* Changes the file that parent serves, beside it, and ends it. */
static void
change_routes(pid_t parent)
{
	bool good = both_say('s');

	write_file(in_dir("new"), "a.example tls=127.0.0.1:1\nb.example tls=127.0.0.1:1\n");
	good &= rename(in_dir("new"), routes_path) == 0;
	good &= kill(parent, SIGHUP) == 0 && both_say('c');
	dprintf(STDOUT_FILENO, good ? "both know" : "somebody does not know");
	kill(parent, SIGTERM);
	_exit(0);
}

static void
serve_a_change(void)
{
	static const struct serve_ops ops = { .start = tell_start, .accept = take_one,
	    .routes_changed = tell_change };

	conf.workers = 2;
	passer = getpid();
	passes_refused = 3;		/* both the first time, one the second */
	if (fork() == 0)
		change_routes(passer);
	CHILD_CHECK(serve_main(&conf, &ops, NULL, table, M_SERVE_COUNT) == 0);
}

static void
a_table_that_cannot_be_sent_to_a_worker_is_sent_again(void **state)
{
	struct outcome o = in_child(serve_a_change);

	(void)state;
	assert_int_equal(o.code, 0);
	assert_string_equal(o.out, "both know");
	assert_non_null(strstr(o.err, "an order cannot be sent: Too many references"));
	assert_null(strstr(o.err, "ended"));
}

/* ---- a worker that cannot start ---- */

/* The first one fails. */
static int
fail_once(struct serve *s)
{
	int fd = open(in_dir("failed"), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);

	if (fd == -1)
		return tell_start(s);
	close(fd);
	errno = EIO;
	return -1;
}

static void
look_for_the_socket(pid_t parent)
{
	bool good = both_say('s') && access(in_dir("socket"), F_OK) == 0;

	dprintf(STDOUT_FILENO, good ? "it is there" : "it is gone");
	kill(parent, SIGTERM);
	_exit(0);
}

static void
serve_with_one_that_fails(void)
{
	static const struct serve_ops ops = { .start = fail_once, .accept = take_one };
	pid_t parent = getpid();

	conf.workers = 2;
	if (fork() == 0)
		look_for_the_socket(parent);
	/* of the parent, and of each worker */
	_exit(serve_main(&conf, &ops, NULL, table, M_SERVE_COUNT));
}

static void
a_worker_that_cannot_start_leaves_the_socket_file_to_the_others(void **state)
{
	struct outcome o = in_child(serve_with_one_that_fails);

	(void)state;
	assert_int_equal(o.code, 0);
	assert_string_equal(o.out, "it is there");
	assert_non_null(strstr(o.err, "start: Input/output error"));
	assert_non_null(strstr(o.err, "exit 111; replaced"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		serve_test(a_listener_that_cannot_be_watched_is_tried_again_and_logged_once),
		serve_test(a_table_that_cannot_be_sent_to_a_worker_is_sent_again),
		serve_test(a_worker_that_cannot_start_leaves_the_socket_file_to_the_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
